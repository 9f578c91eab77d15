"""The owner's numbers, read from the mirror: takes no lock and writes nothing."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click
from babel.core import default_locale
from rich.console import Console

from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.failure import sentence
from connector.cli.figures import csv_text
from connector.cli.output import say, show, show_json, warn
from connector.cli.report import Groups, groups_of
from connector.cli.screen import show_numbers
from connector.cli.shops import leave
from connector.config import ShopConfig
from connector.errors import StammkundeError
from connector.html import GroupSize, Sheet, page
from connector.language import LANGUAGES
from connector.metrics import Numbers, numbers, scope_of
from connector.past import look_back
from connector.shop import definitions_of, rule_context

T = TypeVar("T")

# A page shows who moved in these days, where --since names no other day.
MOVES_DAYS = 180

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@shops_argument
@click.option(
    "--html", "html_file", metavar="FILE", help="Write one page with charts, to open without a network."
)
@click.option(
    "--language",
    type=click.Choice([*LANGUAGES]),
    help="Language of the page. [the dashboard's, else this system's]",
)
@click.option("--csv", "csv_file", metavar="FILE", help="Write all figures as CSV; - is the screen.")
@click.option("--as-of", type=DAY, metavar="DATE", help="As of the end of that day, as 2026-05-31. [today]")
@click.option(
    "--since",
    type=DAY,
    metavar="DATE",
    help="Show too who moved between classes since that day; a page does since 180 days.",
)
@json_option
@pass_installation
def report(
    installation: Installation,
    shops: tuple[str, ...],
    html_file: str | None,
    language: str | None,
    csv_file: str | None,
    as_of: datetime | None,
    since: datetime | None,
    as_json: bool,
) -> None:
    """Show the numbers of the shops, from what was pulled last.

    Nothing is worked out anew or stored, and nothing is written to a shop.
    """
    if sum(map(bool, (html_file, csv_file, as_json))) > 1:
        raise click.UsageError("--html, --csv and --json are different formats. Ask for one of them.")
    if language and not html_file:
        raise click.UsageError("--language is that of the page. Ask for one with --html FILE.")
    day, first_day = as_of.date() if as_of else None, since.date() if since else None

    def work(settings: ShopConfig) -> Numbers:
        db, now = installation.database, installation.now()
        back = MOVES_DAYS if html_file else None
        return numbers(db, installation.config, settings, now, as_of=day, since=first_day, since_days=back)

    found, code = each_mirrored(installation, shops, work)
    if as_json:
        show_json(found)
    elif html_file and found:
        _write_page(installation, found, html_file, language)
    elif csv_file and found:
        _write_csv(found, csv_file)
    else:
        for each in found:
            show_numbers(each)
    leave(code)


def each_mirrored(
    installation: Installation, names: Sequence[str], work: Callable[[ShopConfig], T]
) -> tuple[list[T], int]:
    """Look at each shop's mirror. A shop that cannot be looked at is told and stops no other.

    Returns:
        What came of the others, and the exit code: 0, or the one that all failures share, else 1.
    """
    done: list[T] = []
    codes: set[int] = set()
    for settings in installation.shops(names):
        try:
            with _counting(installation, settings.name):
                done.append(work(settings))
        except StammkundeError as error:
            warn(sentence(error))
            codes.add(error.exit_code)
    return done, max(codes) if len(codes) == 1 else min(len(codes), 1)


@contextmanager
def _counting(installation: Installation, shop: str) -> Iterator[None]:
    """A sign of life on a terminal: a million customers take a minute."""
    if installation.quiet or not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(f"{shop}: counting …"):
        yield


def _write_csv(found: list[Numbers], file: str) -> None:
    text = csv_text(found)
    if file == "-":
        show(text.removesuffix("\n"))
    else:
        _write(file, text)
        say(f"All figures are in {file}.")
    for each in found:
        for note in each.notes:
            warn(f"{each.shop}: {note}")


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StammkundeError(f"{file} cannot be written: {error.strerror}.") from error


def _write_page(installation: Installation, found: list[Numbers], file: str, language: str | None) -> None:
    sheets = [_sheet(installation, each) for each in found]
    reader = language or _reader(installation.config.dashboard.language)
    _write(file, page(sheets, installation.now().astimezone(), reader))
    say(f"The page is in {file}: open it with a browser.")


def _reader(configured: str) -> str:
    """The language of a page that nobody named one for."""
    system = (default_locale("LC_MESSAGES") or "").partition("_")[0]
    return next((each for each in (configured, system) if each in LANGUAGES), "en")


def _sheet(installation: Installation, found: Numbers) -> Sheet:
    (settings,) = installation.shops([found.shop])
    db, config = installation.database, installation.config
    scope, info = scope_of(db, config, settings, installation.now())
    day = found.report.as_of
    if day == scope.today:
        return Sheet(numbers=found, groups=_sizes(groups_of(installation, settings)))
    context = rule_context(db, scope.shop, info, config.lapse_days, installation.now())
    definitions = definitions_of(config, settings.name)
    with look_back(db, context, scope.abc, day, definitions):
        return Sheet(numbers=found, groups=_sizes(groups_of(installation, settings, as_of=day)))


def _sizes(standing: Groups) -> list[GroupSize]:
    return [
        GroupSize(
            name=each.name,
            tag=each.tag,
            members=each.members,
            share=each.members / standing.people if standing.people else None,
            spent=each.sales,
            stale=each.stale is not None,
        )
        for each in standing.groups
    ]
