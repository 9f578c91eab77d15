"""Groups: all of them, and one with its members."""

from datetime import date
from typing import NamedTuple

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from connector.language import day as day_text
from connector.shop import definitions_of
from connector.web.desk import Desk, here, page
from connector.web.figures import DELTA_DAYS, Day, GroupLine, GroupLines, GroupPast
from connector.web.number_pages import WAITING
from connector.web.people import members
from connector.web.words import in_words


class Point(NamedTuple):
    """A point of the size chart, in percent of its width and height."""

    x: float
    y: float
    title: str


class Curve(NamedTuple):
    """Size over time: a line of steps, since members come and go at once."""

    path: str
    area: str
    points: list[Point]
    first: date
    last: date
    highest: int


def add_group_pages(pages: Blueprint, desk: Desk) -> None:  # noqa: ARG001  every adder is called alike
    """`groups` and `group`."""

    @pages.get("/shops/<shop>/groups")
    def groups() -> ResponseReturnValue:
        found = here().kept("groups", GroupLines)
        if found is None:
            return page(WAITING)
        return page("groups.html", kept=found[0], groups=found[1], delta_days=DELTA_DAYS)

    @pages.route("/shops/<shop>/groups/<path:name>", methods=["GET", "POST"])
    def group(name: str) -> ResponseReturnValue:
        found = here().kept("groups", GroupLines)
        if found is None:
            return page(WAITING)
        line = next((each for each in found[1].groups if each.name == name), None)
        row = here().db.row("SELECT grp FROM groups WHERE shop = ? AND name = ?", (here().key, name))
        if line is None or row is None:
            abort(404)
        wanted = request.form.get("q", "").strip()
        past = here().kept(f"group:{name}", GroupPast)
        definition = next(each for each in definitions_of(here().config, here().name) if each.name == name)
        return page(
            "group.html",
            kept=found[0],
            everybody=found[1],
            line=line,
            words=in_words(definition.rule, here().currency),
            definition=definition,
            past=past[1] if past else None,
            curve=curve(past[1].days, here().today) if past else None,
            overlap=_overlap(line, past[1] if past else None, found[1]),
            found=members(here(), row["grp"], line.members, request.args.get("after"), wanted),
            wanted=wanted,
            delta_days=DELTA_DAYS,
        )


def _overlap(line: GroupLine, past: GroupPast | None, all_: GroupLines) -> list[tuple[str, int, float]]:
    """Other groups, how many are in both, and the part of this group that is. The largest first."""
    shared = past.overlap if past else {}
    known = [each.name for each in all_.groups if each.name != line.name and shared.get(each.name)]
    rows = [(name, shared[name], shared[name] / line.members if line.members else 0.0) for name in known]
    return sorted(rows, key=lambda row: -row[1])


WIDTH, HEIGHT = 1000.0, 100.0


def curve(days: list[Day], today: date) -> Curve | None:
    """The size of a group from its first known day to today; None where there is one day only."""
    if len(days) < 1 or (today - days[0].day).days < 1:
        return None
    first, highest = days[0].day, max(max(each.members for each in days), 1)
    whole = (today - first).days

    def x(day: date) -> float:
        return round(WIDTH * (day - first).days / whole, 2)

    def y(members: int) -> float:
        return round(HEIGHT - HEIGHT * 0.94 * members / highest, 2)

    steps = [f"M{x(first)} {y(days[0].members)}"]
    steps += [f"H{x(each.day)} V{y(each.members)}" for each in days[1:]]
    steps.append(f"H{WIDTH}")
    path = " ".join(steps)
    points = [Point(x(each.day), y(each.members), f"{day_text(each.day)}: {each.members}") for each in days]
    return Curve(path, f"{path} V{HEIGHT} H0 Z", points, first, today, highest)
