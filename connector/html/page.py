"""The report as one file: text, tables and charts, no script, nothing fetched."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from connector import language
from connector.html import charts
from connector.language import _, number
from connector.language.names import called
from connector.language.sentences import say
from connector.metrics import Bar, Numbers, Report
from connector.metrics.gaps import BAR_DAYS, LAST_BAR
from connector.metrics.rfm import NAMES


class GroupSize(msgspec.Struct, frozen=True, kw_only=True):
    """A group, as of the day of the numbers. `spent` is everything its members ever spent, in minor units."""

    name: str
    tag: str | None
    members: int
    share: float | None  #: of all people
    spent: int
    stale: bool


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows of one shop."""

    numbers: Numbers
    groups: list[GroupSize]


def page(sheets: Sequence[Sheet], now: datetime, reader: str = "en") -> str:
    """A whole page about one or more shops, to be opened from a disk.

    Args:
        reader: its language, one of `connector.language.LANGUAGES`.
    """
    style = files("connector.html").joinpath("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    with language.spoken(reader):
        return (
            environment()
            .get_template("report.html")
            .render(
                language=reader,
                sheets=sheets,
                made_at=now,
                style=Markup(style),  # noqa: S704  our own file
                style_digest=digest,
            )
        )


@cache
def environment() -> Environment:
    """Our templates with what they format by. Everything that comes from a shop is escaped."""
    made = Environment(
        loader=PackageLoader("connector", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    spoken = {**language.FILTERS, "say": say, "called": called}
    made.filters |= {name: language.by_reader(each) for name, each in spoken.items()}
    made.globals |= {
        "_": _,
        "_n": language.numbered,
        "charts": charts,
        "fm_columns": FM_COLUMNS,
        "group_grid": group_grid,
        "most_in": most_in,
        "gap_columns": gap_columns,
        "days_of": days_of,
        "strongest_retention": strongest_retention,
        "months_after": months_after,
    }
    return made


#: The columns of the RFM grid, by the FM they take together: the limits between groups fall between them.
FM_COLUMNS = ((1.0, 1.5), (2.0, 2.5), (3.0, 3.5), (4.0, 4.0), (4.5, 5.0))


class GridCell(msgspec.Struct, frozen=True, kw_only=True):
    """Customers with a recency and an FM within a column."""

    group: str
    customers: int


def group_grid(numbers: Numbers) -> list[tuple[int, list[GridCell]]]:
    """The RFM grid, the most recent first."""
    cells = numbers.report.rfm.cells
    return [
        (
            recency,
            [
                GridCell(
                    group=next(name for least, name in NAMES[recency] if low >= least),
                    customers=sum(
                        each.customers for each in cells if each.recency == recency and low <= each.fm <= high
                    ),
                )
                for low, high in FM_COLUMNS
            ],
        )
        for recency in sorted(NAMES, reverse=True)
    ]


def most_in(grid: list[tuple[int, list[GridCell]]]) -> int:
    """The customers of the fullest cell."""
    return max(cell.customers for _, cells in grid for cell in cells)


def gap_columns(report: Report) -> charts.Columns:
    """The histogram of gaps, with a line where customers count as lapsed."""
    bars = report.gaps.histogram
    lapse = report.churn.lapse_days
    return charts.columns(
        [each.gaps for each in bars],
        [f"{days_of(each)}: {number(each.gaps)}" for each in bars],
        {place: str(each.first - 1 if place else 0) for place, each in enumerate(bars) if place % 4 == 0},
        mark=(lapse / BAR_DAYS, str(_("lapsed: %(days)s days", days=lapse))) if lapse < LAST_BAR else None,
    )


def days_of(bar: Bar) -> str:
    """The days that a bar of the histogram takes together."""
    return f"{bar.first}–{bar.last}" if bar.last else f"{bar.first} +"


def months_after(report: Report) -> range:
    """The months after the first one of which any cohort can tell."""
    known = (k for each in report.cohorts for k, share in enumerate(each.retention) if share is not None)
    return range(1, max(known, default=0) + 1)


def strongest_retention(report: Report) -> float:
    """The highest share of a cohort in a later month."""
    return max((share for each in report.cohorts for share in each.retention[1:] if share), default=0.0)
