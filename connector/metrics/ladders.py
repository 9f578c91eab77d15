"""Who stood on which step of a ladder then, and stands on which now (DEFINITIONS, *Migration*)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from connector import groups
from connector.classes import Window
from connector.database import Database
from connector.groups import Definition
from connector.metrics.migration import Matrix, matrix
from connector.past import look_back, needed_by
from connector.rules import RuleContext


def ladder_migration(
    db: Database,
    context: RuleContext,
    window: Window,
    definitions: Sequence[Definition],
    since: date,
    until: date,
) -> list[Matrix]:
    """One matrix a ladder, in the order of the config. The rules are today's on both days.

    Args:
        context: of the shop today.
        definitions: all groups and steps of the shop.
    """
    ladders: dict[str, list[str]] = {}
    for each in definitions:
        ladder, is_step, step = each.name.partition("/")
        if is_step:
            ladders.setdefault(ladder, []).append(step)
    if not ladders:
        return []
    wanted = _with_what_they_need(definitions)
    then = _steps(db, context, window, since, wanted)
    now = _steps(db, context, window, until, wanted)
    return [
        matrix(name, _in_order(steps, definitions, name), _moves(then.get(name, {}), now.get(name, {})))
        for name, steps in ladders.items()
    ]


def _with_what_they_need(definitions: Sequence[Definition]) -> list[Definition]:
    wanted: set[str] = set()
    for each in definitions:
        if "/" in each.name:
            wanted |= {each.name, *(other.name for other in needed_by(each.name, definitions))}
    return [each for each in groups.in_order(definitions) if each.name in wanted]


def _steps(
    db: Database, context: RuleContext, window: Window, day: date, definitions: Sequence[Definition]
) -> dict[str, dict[int, str]]:
    """The step of each person at the end of a day, by ladder."""
    found: dict[str, dict[int, str]] = {}
    with look_back(db, context, window, day, definitions):
        for row in db.rows("SELECT grp, name FROM groups WHERE name LIKE '%/%'"):
            ladder, _, step = row["name"].partition("/")
            members = db.connection.execute("SELECT person FROM members WHERE grp = ?", (row["grp"],))
            found.setdefault(ladder, {}).update((person, step) for (person,) in members)
    return found


def _moves(then: dict[int, str], now: dict[int, str]) -> Counter[tuple[str | None, str | None]]:
    return Counter((then.get(person), now.get(person)) for person in then.keys() | now.keys())


def _in_order(steps: list[str], definitions: Sequence[Definition], ladder: str) -> list[str]:
    """From the first step to the last: each comes after all that it must not take."""
    earlier = {each.name: len(each.after) for each in definitions}
    return sorted(steps, key=lambda step: earlier[f"{ladder}/{step}"])
