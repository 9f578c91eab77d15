"""The table of contents: every command with its section. Modules are loaded when their command is used."""

import difflib
import importlib
import textwrap
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

import click

from connector.cli.failure import explained


class Entry(NamedTuple):
    """One command. `target` is "module:attribute" of a click command; `text` its line in `--help`."""

    section: str
    name: str
    target: str
    text: str
    also: bool = False  #: named without a line of its own: a screen has 24


# To add a command, write it in a module of this package and give it a line here. Other packages name
# theirs in the entry-point group `stammkunde.commands`.
CONTENTS = (
    Entry("Set up", "init", "connector.cli.init:init", "Write a config: looks into the shop and asks."),
    Entry("Set up", "check", "connector.cli.check:check", "Try credentials and permissions."),
    Entry(
        "Set up",
        "adapters",
        "connector.cli.platforms:adapters",
        "List what can be connected, and how.",
        also=True,
    ),
    Entry(
        "Set up", "sandbox", "connector.cli.platforms:sandbox", "Run a local shop to practise on.", also=True
    ),
    Entry("Set up", "demo", "connector.cli.demo:demo", "See everything once, on a sandbox shop."),
    Entry("Every day", "sync", "connector.cli.line:sync", "Pull, sort into groups, plan and push."),
    Entry("Every day", "pull", "connector.cli.line:pull", "Read what changed in the shops."),
    Entry("Every day", "groups", "connector.cli.groups:groups", "Show who belongs to which group."),
    Entry("Every day", "plan", "connector.cli.line:plan", "Show what a push would change."),
    Entry("Every day", "push", "connector.cli.line:push", "Write tags and coupon codes to the shops."),
    Entry("Every day", "status", "connector.cli.line:status", "Show the last runs and what waits."),
    Entry("Every day", "daemon", "connector.cli.daemon:daemon", "Do all this by itself, each at its times."),
    Entry("Every day", "web", "connector.cli.web:web", "Serve the pages without the daemon.", also=True),
    Entry(
        "Every day", "service", "connector.cli.service:service", "Install the daemon with systemd.", also=True
    ),
    Entry(
        "Every day",
        "receivers",
        "connector.cli.receivers:receivers",
        "Show who is told what happens.",
        also=True,
    ),
    Entry(
        "Look", "customer", "connector.cli.look:customer", "Explain one customer: orders, groups, coupons."
    ),
    Entry("Look", "why", "connector.cli.explain:why", "Explain why a customer is in a group, or not."),
    Entry("Look", "rule", "connector.cli.explain:rule", "Try a rule: who would be in the group?", also=True),
    Entry("Look", "report", "connector.cli.numbers:report", "Show the numbers: repeat rate, A/B/C, cohorts."),
    Entry(
        "Look", "reconcile", "connector.cli.reconcile:reconcile", "Explain the shop's own figures by ours."
    ),
    Entry(
        "Look", "campaign", "connector.cli.campaign:campaign", "Show a campaign; try it, measure it, stop it."
    ),
    Entry("Look", "code", "connector.cli.code:code", "Explain one coupon code; replace or extend it."),
    Entry(
        "Look",
        "export",
        "connector.cli.export:export",
        "Write a group, or a campaign's codes, as CSV.",
        also=True,
    ),
    Entry("Rights", "forget", "connector.cli.privacy:forget", "Remove a person from here.", also=True),
    Entry("Rights", "subject", "connector.cli.privacy:subject", "Show all that is stored.", also=True),
    Entry("Rights", "privacy", "connector.cli.privacy:texts", "Print drafts of privacy texts.", also=True),
    Entry(
        "Rights", "objection", "connector.cli.privacy:objection", "Take a person out of profiling.", also=True
    ),
    Entry(
        "Mend",
        "adopt",
        "connector.cli.mend:adopt",
        "Take over tags with our prefix that were there.",
        also=True,
    ),
    Entry("Mend", "undo", "connector.cli.mend:undo", "Reverse one push and hold further ones."),
    Entry("Mend", "resume", "connector.cli.mend:resume", "Let a held shop be pushed to again.", also=True),
)


WIDTH = 80
INDENT = " " * 11
OURS = "stammkunde"


class Contents(click.Group):
    """The `stammkunde` command itself: finds commands, prints the table of contents, explains failures."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return [entry.name for entry in CONTENTS] + [point.name for point in _foreign()]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        cmd_name: str,
    ) -> click.Command | None:
        for entry in CONTENTS:
            if entry.name == cmd_name:
                module, _, attribute = entry.target.partition(":")
                return _command(getattr(importlib.import_module(module), attribute))
        for point in _foreign():
            if point.name == cmd_name:
                return _command(point.load())
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and args[0] not in (known := self.list_commands(ctx)):
            close = difflib.get_close_matches(args[0], known, n=1)
            mend = f"Did you mean '{close[0]}'?" if close else "`stammkunde --help` lists them."
            ctx.fail(f"There is no command '{args[0]}'. {mend}")
        return super().resolve_command(ctx, args)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with explained(verbose=False):  # `--help` and `--version` print here, perhaps onto a full disk
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        with explained(verbose=bool(ctx.params.get("verbose"))):
            return super().invoke(ctx)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_usage(ctx, formatter)
        formatter.write("\n")
        _write(formatter, list(_lines()))
        platforms = (point.name for point in _foreign() if _package(point) == OURS)
        also = ", ".join([*(entry.name for entry in CONTENTS if entry.also), *platforms])
        for place, line in enumerate(textwrap.wrap(also, WIDTH - len(INDENT))):
            formatter.write(f"{INDENT if place else 'Also'.ljust(len(INDENT))}{line}\n")
        # A screen has 24 lines: without --help, which who reads this has found, and what every program has.
        known = {"--help", "--version"}
        shown = [param for param in self.get_params(ctx) if known.isdisjoint(param.opts)]
        records = [param.get_help_record(ctx) for param in shown]
        _write(formatter, [("Options", *record) for record in records if record])


def _command(found: object) -> click.Command:
    if not isinstance(found, click.Command):
        raise TypeError(f"{found!r} is no click command")
    return found


def _foreign() -> list[EntryPoint]:
    """Commands of other packages; ours cannot be replaced."""
    ours = {entry.name for entry in CONTENTS}
    return [point for point in sorted(entry_points(group="stammkunde.commands")) if point.name not in ours]


def _lines() -> Iterator[tuple[str, str, str]]:
    for entry in CONTENTS:
        if not entry.also:
            yield entry.section, entry.name, entry.text
    for point in _foreign():
        if (
            package := _package(point)
        ) != OURS:  # what only one of our platforms needs is named without a line
            yield "More", point.name, f"From {package}."


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.module


def _write(formatter: click.HelpFormatter, lines: list[tuple[str, str, str]]) -> None:
    """Three columns: the section where it changes, name, text. Fits a screen of 24 lines."""
    width = max(len(name) for _, name, _ in lines)
    before = ""
    for section, name, text in lines:
        shown = section if section != before else ""
        formatter.write(f"{shown:<11}{name:<{width}}  {text}\n")
        before = section
