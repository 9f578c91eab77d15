"""The pages of the documentation, as something that is run.

How a fenced block is read stands in docs/developing.md. `python -m tests.pages` writes tables of options and
shown output anew, where a page has fallen behind the product.
"""

import os
import re
import shlex
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner

from adapters.shopify.client import Admin
from adapters.shopify.sandbox import ShopifySandbox
from connector import validate
from connector.adapter import adapters
from connector.cli import main
from connector.cli.contents import CONTENTS
from connector.config import BrokenConfigError, Config

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"

#: Has a test of its own, tests/test_docs_adapter.py.
ELSEWHERE = {DOCS / "writing-an-adapter.md"}
#: Platforms of these names can be connected; a page of another one is still being written.
PLATFORMS = {*adapters()}
PAGES = [
    README,
    ROOT / "CHANGELOG.md",
    *sorted(set(DOCS.glob("*.md")) - ELSEWHERE),
    *sorted(page for page in DOCS.glob("platforms/*.md") if page.stem.partition("-")[0] in PLATFORMS),
]

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
ORDERS_UNTIL = date(2026, 11, 21)  #: the sample shop has orders until the end of that day
CUSTOMERS = 400
DOMAIN = "roastery.myshopify.com"
CLIENT_ID = "0123456789abcdef"

#: What the owner has done before any page but the README.
SETTINGS = f"--set domain={DOMAIN} --set client_id={CLIENT_ID} --set client_secret=env:ROASTERY_SECRET"
BEGINNING = f"""
export ROASTERY_SECRET=sandbox-secret
stammkunde init --yes --shop roastery {SETTINGS}
stammkunde pull
stammkunde plan --approve
"""

_FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"#\s*exit code (\d+)")
_RUN = re.compile(r"\b(push|undo|adopt)-\d{8}-\d{4}-[0-9a-f]{4}\b")
_COMPLETION = re.compile(r"_STAMMKUNDE_COMPLETE=(\w+)_source stammkunde")
_TABLE = re.compile(r"^<!-- options: (\w+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
_ELISION = "…"


class Block(NamedTuple):
    """A fenced block. `line` is that of its first line of text."""

    page: Path
    line: int
    label: str
    text: str

    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


class Step(NamedTuple):
    """One command of a page."""

    block: Block
    command: str
    shown: str | None  #: the output on the page; None where the page shows none
    output: str
    code: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, match.start(3)) + 1, match[2].strip(), match[3])
        for match in _FENCE.finditer(text)
    ]


class Desk:
    """A folder with an installation in it, a sandbox shop that answers as the shop of the pages, and a clock
    that goes on by a minute with every command. Open it with `desk`.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, customers: int) -> None:
        self.folder = folder
        self.config = folder / "stammkunde.toml"
        self.now = NOW
        self.last_run = ""
        self._patch = patch
        self.shop = ShopifySandbox(
            customers=customers,
            today=ORDERS_UNTIL,
            now=lambda: self.now,
            client_id=CLIENT_ID,
            restore_rate=1e6,
            bucket=1e6,
        )

    def begin(self) -> None:
        """Do what every page but the README takes as done."""
        for command in BEGINNING.strip().splitlines():
            self.do(command)
        self.put_in_force("push = true")
        self.do("stammkunde push")

    def play(self, page: Path) -> Iterator[Step]:
        """Do what a page says, from top to bottom."""
        if page != README:
            self.begin()
        for block in blocks(page):
            if block.label == "toml stammkunde.toml":
                self.put_in_force(block.text)
            elif block.label == "sh":
                for command in block.text.splitlines():
                    yield Step(block, command, None, *self.do(command))
            elif block.label == "console":
                for command, shown in _commands(block.text):
                    yield Step(block, command, shown, *self.do(command))

    def do(self, command: str) -> tuple[str, int]:
        """Run a line as typed into a shell. Returns what is seen, and the exit code."""
        completion = _COMPLETION.search(command)
        words = shlex.split(command, comments=True)
        if completion:
            return self._stammkunde([], {"_STAMMKUNDE_COMPLETE": f"{completion[1]}_source"})
        if not words:
            return "", 0
        if words[0] == "stammkunde":
            return self._stammkunde(self._with_last_run(words[1:]))
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self._patch.setenv(name, "sandbox-secret" if value == "…" else value)
            return "", 0
        if words[0] == "make":
            targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
            return "", int(targets is None or words[1] not in targets[1].split())
        return f"the tests cannot run this line; if it is not for them, label the block `text`: {command}", 99

    def _with_last_run(self, words: list[str]) -> list[str]:
        return [self.last_run if _RUN.fullmatch(word) else word for word in words]

    def _stammkunde(self, words: list[str], env: dict[str, str] | None = None) -> tuple[str, int]:
        self.now += timedelta(minutes=1)
        arguments = words if env else ["--now", self.now.isoformat(), *words]
        # Answers take the defaults; what has none is the shop's address.
        result = CliRunner().invoke(main, arguments, input="\n" * 30, env=env, prog_name="stammkunde")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        found = _RUN.search(result.output)
        if found and found[1] == "push":
            self.last_run = found[0]
        return result.output, result.exit_code

    def put_in_force(self, text: str) -> None:
        """Change the config: tables replace those of the same name, options stand in the shop's table."""
        config = self.config.read_text(encoding="utf-8")
        if re.search(r"^\[", text, re.MULTILINE):
            for header in re.findall(r"^\[[^\]]+\]", text, re.MULTILINE):
                table = rf"^{re.escape(header)}\n(?:(?!\[|# ──).*\n)*"
                config = re.sub(table, "", config, flags=re.MULTILINE)
            config += "\n" + text
        else:
            for line in text.splitlines():
                name = re.escape(line.partition("=")[0].rstrip())
                new = line.replace("\\", r"\\")
                config, found = re.subn(rf"^{name} = .*$", new, config, flags=re.MULTILINE)
                if line.strip() and not found:
                    config = re.sub(r"^(\[shops\..*)$", rf"\1\n{line}", config, count=1, flags=re.MULTILINE)
        self.config.write_text(config, encoding="utf-8")


@contextmanager
def desk(customers: int = CUSTOMERS) -> Iterator[Desk]:
    """A desk, with the working folder, the environment, the time zone and chance made steady."""
    with TemporaryDirectory(prefix="pages-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "110")
        patch.setenv("TZ", "Europe/Berlin")
        for name in [each for each in os.environ if each.startswith(("ROASTERY", "STAMMKUNDE"))]:
            patch.delenv(name)
        time.tzset()
        patch.setattr("secrets.token_hex", lambda count: ("7f3a5c21e8b94d06" * 4)[: 2 * count])
        patch.setattr("adapters.shopify.bulk.FIRST_POLL", 0.01)
        opened = Desk(Path(folder), patch, customers)

        def connected(*, base_url: str, **settings: Any) -> Admin:
            known = base_url == f"https://{DOMAIN}"
            return Admin(base_url=opened.shop.url if known else base_url, **settings)

        patch.setattr("adapters.shopify.adapter.Admin", connected)
        opened.shop.start()
        try:
            yield opened
        finally:
            opened.shop.stop()
            patch.undo()
            time.tzset()


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Commands of a console block, each with the output below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def expected_code(command: str) -> int:
    """The exit code that a comment behind the command names, else 0."""
    named = _CODE.search(command)
    return int(named[1]) if named else 0


def agrees(shown: str, output: str) -> bool:
    """Whether a page shows that output. A line "…" stands for any lines; names of runs may differ."""
    parts = re.split(rf"^{_ELISION}\n", _settled(shown), flags=re.MULTILINE)
    pattern = "(?:.*\n)*?".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, _settled(output)) is not None


def _settled(text: str) -> str:
    """Without what may differ: names of runs, and empty lines at either end."""
    return _RUN.sub(r"\1-RUN", text).strip("\n") + "\n"


# Configs


def config_problems(text: str, folder: Path) -> str:
    """What is wrong with a config as shown on a page; a part of one is completed first."""
    path = folder / "stammkunde.toml"
    with pytest.MonkeyPatch.context() as patch:
        for name in re.findall(r'env = "(\w+)"', text):
            patch.setenv(name, "secret")
        for name in re.findall(r'file = "([^"]+)"', text):
            kept = folder / Path(name).name
            # The one secret with a form of its own, see adapters.jtl.webhooks.
            kept.write_text("whsec_c2VjcmV0" if "webhook" in name else "secret", encoding="utf-8")
            text = text.replace(name, str(kept))
        patch.setenv("ROASTERY_SECRET", "secret")
        path.write_text(completed(text), encoding="utf-8")
        try:
            validate.load(path)
        except BrokenConfigError as error:
            return str(error)
    return ""


def completed(text: str) -> str:
    """A part of a config with the shop that the pages speak of, as far as it is missing."""
    if "[shops." in text:
        return text
    head, bracket, tables = text.partition("\n[") if not text.startswith("[") else ("", "[", text[1:])
    given = set(tomllib.loads(head))
    own = {
        "adapter": '"shopify"',
        "domain": f'"{DOMAIN}"',
        "client_id": f'"{CLIENT_ID}"',
        "client_secret": '{ env = "ROASTERY_SECRET" }',
    }
    shop = "\n".join(["[shops.roastery]", *(f"{name} = {own[name]}" for name in own.keys() - given)])
    if given <= Config.model_fields.keys():
        return f"{head}\n{shop}\n{bracket}{tables}"
    return f"{shop}\n{head}\n{bracket}{tables}"


# Tables of options


def commands() -> dict[str, click.Command]:
    """Every command of ours by its name, and `stammkunde` itself."""
    context = click.Context(main, info_name="stammkunde")
    found = {"stammkunde": main} | {entry.name: main.get_command(context, entry.name) for entry in CONTENTS}
    return {name: command for name, command in found.items() if command is not None}


def options_table(name: str) -> str:
    """Usage and options of a command, as docs/commands.md shows them."""
    command = commands()[name]
    whole = "stammkunde" if name == "stammkunde" else f"stammkunde {name}"
    context = click.Context(command, info_name=whole)
    usage = " ".join([whole, *command.collect_usage_pieces(context)]).replace("[OPTIONS] ", "", 1)
    rows = [
        record
        for parameter in command.params
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context))
    ]
    lines = [f"`{usage.removesuffix(' [OPTIONS]')}`"]
    if rows:
        lines += [
            "",
            "| option | |",
            "| --- | --- |",
            *(f"| `{names}` | {_text(text)} |" for names, text in rows),
        ]
    return "\n".join(lines) + "\n"


def _text(help_text: str) -> str:
    """What an option does, without the bounds that click adds."""
    return re.sub(r"  +", " ", re.sub(r"\s+\[x>=\d+\]", "", help_text)).replace("|", "\\|")


def filled(text: str) -> str:
    """A page with its tables of options written anew."""
    return _TABLE.sub(
        lambda found: f"<!-- options: {found[1]} -->\n{options_table(found[1])}<!-- end -->", text
    )


def tables(text: str) -> list[str]:
    """The commands whose options a page shows."""
    return [found[1] for found in _TABLE.finditer(text)]


def write_anew() -> None:
    """Bring tables and shown output of all pages in line with the product."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        with desk() as opened:
            steps = list(opened.play(page))
        wrong = [step for step in steps if step.code != expected_code(step.command)]
        for step in wrong:
            print(f"{step.block.where()}: `{step.command}` ended with {step.code}:\n{step.output}")  # noqa: T201
        new = text if wrong else _with_output(filled(text), steps)
        if new != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.relative_to(ROOT)} was written anew")  # noqa: T201


def _with_output(text: str, steps: list[Step]) -> str:
    """A page whose blocks show what its commands say now."""
    place = 0
    for step in steps:
        if step.shown is None:
            continue
        old = f"$ {step.command}\n{step.shown}"
        place = text.index(old, place)
        end = place + len(old)
        if not agrees(step.shown, step.output):
            below = "\n" if text[end] == "$" else ""
            text = f"{text[:place]}$ {step.command}\n{step.output.strip(chr(10))}\n{below}{text[end:]}"
        place += 2
    return text


if __name__ == "__main__":
    write_anew()
