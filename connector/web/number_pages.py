"""The numbers: overview, cohorts, RFM and who moved."""

from typing import Any

import msgspec
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from connector.groups import Definition, in_order, membership
from connector.html.page import FM_COLUMNS, group_grid, months_after, most_in, strongest_retention
from connector.metrics import Numbers
from connector.rules import parse
from connector.shop import definitions_of
from connector.web.desk import Desk, here, page, start_of
from connector.web.figures import DELTA_DAYS, Before, GroupLines, NextPush
from connector.web.people import Members, by_condition

WAITING = "waiting.html"


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One of the six numbers. `change` against a month ago, None where that cannot be said."""

    value: float | None
    change: float | None


def add_number_pages(pages: Blueprint, desk: Desk) -> None:  # noqa: ARG001  every adder is called alike
    """Pages that only show what is kept."""

    @pages.get("/shops/<shop>/")
    def overview() -> ResponseReturnValue:
        found = here().kept("numbers", Numbers)
        if found is None:
            return page(WAITING)
        kept, numbers = found
        before, lines, push = (
            here().kept("before", Before),
            here().kept("groups", GroupLines),
            here().kept("plan", NextPush),
        )
        return page(
            "overview.html",
            kept=kept,
            n=numbers,
            r=numbers.report,
            tiles=_tiles(numbers, before[1] if before else None),
            delta_days=DELTA_DAYS,
            groups=lines[1] if lines else None,
            push=push[1] if push else None,
        )

    @pages.get("/shops/<shop>/cohorts")
    def cohorts() -> ResponseReturnValue:
        return _numbers_page("cohorts.html", strongest=strongest_retention, months_after=months_after)

    @pages.get("/shops/<shop>/rfm")
    def rfm() -> ResponseReturnValue:
        return _numbers_page("rfm.html", grid_of=group_grid, most_in=most_in, fm_columns=FM_COLUMNS)

    @pages.get("/shops/<shop>/rfm/<int:recency>/<int:column>")
    def rfm_cell(recency: int, column: int) -> ResponseReturnValue:
        if not (1 <= recency <= 5 and 0 <= column < len(FM_COLUMNS)):
            abort(404)
        rule, is_part = cell_rule(recency, *FM_COLUMNS[column]), request.args.get("part") == "1"
        is_list = is_part or "list" in request.args or "after" in request.args
        found = _people(rule) if is_list else None  # scores of everybody: the page does not wait for it
        template = "people_part.html" if is_part else "people.html"
        return page(template, found=found, rule=rule, recency=recency, column=column, fm=FM_COLUMNS[column])

    @pages.get("/shops/<shop>/moves")
    def moves() -> ResponseReturnValue:
        return _numbers_page("moves.html")


def _numbers_page(template: str, **values: Any) -> ResponseReturnValue:
    found = here().kept("numbers", Numbers)
    if found is None:
        return page(WAITING)
    kept, numbers = found
    return page(template, kept=kept, n=numbers, r=numbers.report, **values)


def _tiles(numbers: Numbers, before: Before | None) -> dict[str, Tile]:
    now, churn = numbers.report.windows[0], numbers.report.churn
    then = before.year if before else None
    tiles = {
        name: _tile(getattr(now, name), getattr(then, name) if then else None)
        for name in ("customers", "repeat_rate", "returning_rate", "frequency", "aov_spent")
    }
    return tiles | {"churn": _tile(churn.rate, before.churn.rate if before else None)}


def _tile(value: float | None, before: float | None) -> Tile:
    return Tile(value=value, change=None if value is None or before is None else value - before)


def cell_rule(recency: int, low: float, high: float) -> str:
    """The rule that takes whoever is in a cell of the RFM grid: FM is the mean of both scores."""
    pairs = [(f, m) for f in range(1, 6) for m in range(1, 6) if low <= (f + m) / 2 <= high]
    by_frequency = {f: [m for g, m in pairs if g == f] for f, _ in pairs}
    ors = " OR ".join(
        f"rfm_frequency = {f} AND rfm_monetary BETWEEN {min(ms)} AND {max(ms)}"
        for f, ms in by_frequency.items()
    )
    return f"rfm_recency = {recency} AND ({ors})"


def _people(rule: str) -> Members:
    """The people whom a rule takes, page by page."""
    context = here().context()
    definitions = in_order(
        [*definitions_of(here().config, here().name), Definition(name="", rule=parse(rule))]
    )
    tried = next(each for each in definitions if each.name == "")
    condition, parameters = membership(tried, context)
    return by_condition(here(), condition, parameters, start_of(request.args.get("after")))
