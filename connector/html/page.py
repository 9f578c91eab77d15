"""The report as one file: text, tables and charts, no script, nothing fetched."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from connector.html import charts
from connector.metrics import Numbers, Report
from connector.metrics.gaps import BAR_DAYS, LAST_BAR
from connector.metrics.rfm import NAMES
from connector.money import money_text


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


def page(sheets: Sequence[Sheet], now: datetime) -> str:
    """A whole page about one or more shops, to be opened from a disk."""
    style = files("connector.html").joinpath("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        environment()
        .get_template("report.html")
        .render(
            sheets=sheets,
            made_at=now,
            style=Markup(style),  # noqa: S704  our own file
            style_digest=digest,
        )
    )


@cache
def environment() -> Environment:
    """Our templates with what they format by. Everything that comes from a shop is escaped.

    All words go through `_`, whose place a translation can take.
    """
    made = Environment(
        loader=PackageLoader("connector", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["_"] = _unchanged
    made.filters |= {"number": _number, "percent": _percent, "money": _money, "days": _days, "day": _day}
    made.globals |= {
        "charts": charts,
        "fm_columns": FM_COLUMNS,
        "group_grid": group_grid,
        "most_in": most_in,
        "gap_columns": gap_columns,
        "strongest_retention": strongest_retention,
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


def _unchanged(text: str, **values: object) -> Markup:
    """A text in its own language, its places filled. Values are escaped."""
    return Markup(text) % {name: escape(value) for name, value in values.items()}  # noqa: S704  our own text


def gap_columns(report: Report) -> charts.Columns:
    """The histogram of gaps, with a line where customers count as lapsed."""
    bars = report.gaps.histogram
    titles = [
        f"{each.first}–{each.last}: {each.gaps:,}" if each.last else f"{each.first} +: {each.gaps:,}"
        for each in bars
    ]
    ticks = {place: str(each.first - 1 if place else 0) for place, each in enumerate(bars) if place % 4 == 0}
    lapse = report.churn.lapse_days
    mark = (lapse / BAR_DAYS, f"{lapse}") if lapse < LAST_BAR else None
    return charts.columns([each.gaps for each in bars], titles, ticks, mark)


def strongest_retention(report: Report) -> float:
    """The highest share of a cohort in a later month."""
    return max((share for each in report.cohorts for share in each.retention[1:] if share), default=0.0)


def _number(value: float | None, places: int = 0) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def _percent(value: float | None, places: int = 1) -> str:
    return "–" if value is None else f"{100 * value:.{places}f} %"


def _money(minor: float | None, currency: str) -> str:
    return "–" if minor is None else money_text(round(minor), currency)


def _days(value: float | None) -> str:
    return "–" if value is None else f"{float(value):,g}"


def _day(value: date | None) -> str:
    return f"{value.day} {value:%b %Y}" if value else "–"
