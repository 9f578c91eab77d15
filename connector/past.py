"""A shop as it was at the end of a day: facts, groups and rules, by what is known today."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import msgspec

from connector import facts, groups
from connector.classes import Window
from connector.database import Database
from connector.groups import Definition
from connector.rules import RuleContext
from connector.rules.dates import Offset

#: What has to be said beside every figure of a past day.
HOW = (
    "Every order counts as it is known today, with what was refunded or cancelled since;"
    " tags, addresses and consents are today's."
)


@contextmanager
def look_back(
    db: Database,
    context: RuleContext,
    window: Window,
    day: date,
    definitions: Sequence[Definition],
) -> Iterator[RuleContext]:
    """For a while, facts, groups and members of one shop are those of the end of `day` (see `facts.as_of`).

    Args:
        context: of the shop today.
        definitions: the groups to work out; those they refer to must be among them (`needed_by`).

    Yields: the context of that day, in which rules compile and run.
    """
    then = msgspec.structs.replace(context, today=day, groups={})
    with facts.as_of(db, context.shop, day, window):
        groups.work_out_as_of(db, context.shop, definitions, then)
        keys = {
            row["name"]: row["grp"]
            for row in db.rows("SELECT name, grp FROM groups WHERE shop = ?", (context.shop,))
        }
        yield msgspec.structs.replace(then, groups=keys)


def needed_by(name: str, definitions: Iterable[Definition]) -> list[Definition]:
    """The groups that one refers to, and those that they refer to, each after those it depends on."""
    ordered = groups.in_order(definitions)
    wanted: set[str] = set()
    for each in reversed(ordered):
        if each.name == name or each.name in wanted:
            ladders = {other for other in each.depends_on() if "/" not in other}
            wanted |= each.depends_on()
            wanted |= {other.name for other in ordered if other.name.partition("/")[0] in ladders}
    return [each for each in ordered if each.name in wanted and each.name != name]


def monthly(last: date, months: int) -> list[date]:
    """The same day of so many months before, the oldest first, and the last day itself."""
    return [Offset(-back, "m").span(last).first for back in range(months, -1, -1)]
