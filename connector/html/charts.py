"""Charts as data: where each bar stands and how strong each colour is. `charts.html` draws them.

Widths are percentages and heights pixels, so that text keeps its size on any screen. Nothing here or there
needs a script or a style attribute, which a strict Content-Security-Policy would refuse.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from connector.language import number

HEIGHT = 160  #: of a column chart, in pixels
STRENGTHS = 10  #: steps of colour besides none


class Slice(NamedTuple):
    """A part of a bar. `kind` names its colour."""

    kind: str
    start: float
    width: float
    title: str


class Column(NamedTuple):
    """A column with its text on hover."""

    start: float
    width: float
    top: float
    height: float
    text: str
    title: str


class Tick(NamedTuple):
    """A text below a column chart, or a line through it."""

    at: float
    text: str


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """A column chart."""

    columns: list[Column]
    ticks: list[Tick]
    mark: Tick | None
    height: int = HEIGHT


class Whisker(NamedTuple):
    """An interval on a scale whose middle is zero, all in percent of its width."""

    low: float
    middle: float
    high: float


def whisker(low: float, middle: float, high: float) -> Whisker:
    """Where an interval stands beside zero, on a scale that reaches as far to both sides."""
    reach = max(abs(low), abs(high)) or 1.0
    return Whisker(*(round(50 + 48 * each / reach, 2) for each in (low, middle, high)))


def bar(part: float | None) -> list[Slice]:
    """A bar of a single colour; `part` of its full width."""
    return [Slice("main", 0.0, round(100 * min(max(part or 0.0, 0.0), 1.0), 2), "")]


def stacked(parts: Mapping[str, int], titles: Mapping[str, str]) -> list[Slice]:
    """A full bar of parts, by kind."""
    whole = sum(parts.values()) or 1
    slices, start = [], 0.0
    for kind, count in parts.items():
        width = 100 * count / whole
        slices.append(Slice(kind, round(start, 2), round(width, 2), titles[kind]))
        start += width
    return slices


def columns(
    values: Sequence[int],
    titles: Sequence[str],
    ticks: Mapping[int, str],
    mark: tuple[float, str] | None = None,
) -> Columns:
    """A column chart.

    Args:
        ticks: texts, by the place of the column at whose left edge they stand.
        mark: a line, in columns from the left.
    """
    each, highest = 100 / max(len(values), 1), max([*values, 1])
    return Columns(
        columns=[
            Column(
                start=round(place * each + each * 0.08, 2),
                width=round(each * 0.84, 2),
                top=round(HEIGHT - HEIGHT * value / highest, 1),
                height=round(HEIGHT * value / highest, 1),
                text=number(value),
                title=titles[place],
            )
            for place, value in enumerate(values)
        ],
        ticks=[Tick(round(place * each, 2), text) for place, text in ticks.items()],
        mark=Tick(round(mark[0] * each, 2), mark[1]) if mark else None,
    )


def strength(value: float | None, strongest: float) -> int:
    """How strong the colour of a cell is, 0 (none) to 10. Only nothing has none."""
    if not value or strongest <= 0:
        return 0
    return max(1, min(STRENGTHS, round(STRENGTHS * value / strongest)))
