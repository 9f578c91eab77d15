"""Who was in which class then, and is in which now (DEFINITIONS, *Migration*)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from connector.database import Database
from connector.metrics import standings
from connector.metrics.classes import CLASSES
from connector.metrics.counted import Scope
from connector.metrics.lifecycle import STAGES
from connector.metrics.rfm import GROUPS, PROSPECTS, name_of

_Pair = tuple[str | None, str | None]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Customers in one class then and in one now. `then` None: new, in none then; `now` None: gone."""

    then: str | None
    now: str | None
    customers: int


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """All moves of one kind of class: "abc", "lifecycle", "rfm", or a ladder's name."""

    of: str
    names: list[str]  #: in order, the best first where one is better
    moves: list[Move]  #: without those nobody made; whoever is in no class on either day is in none

    def customers(self, then: str | None, now: str | None) -> int:
        """How many went from one to the other."""
        return sum(each.customers for each in self.moves if (each.then, each.now) == (then, now))

    def row(self, then: str | None) -> int:
        """All who were in that class then."""
        return sum(each.customers for each in self.moves if each.then == then)

    def rows(self) -> list[str | None]:
        """All classes, and None (new) where there are such customers."""
        return [*self.names, *([None] if any(each.then is None for each in self.moves) else [])]

    def columns(self) -> list[str | None]:
        """All classes, and None (gone) where there are such customers."""
        return [*self.names, *([None] if any(each.now is None for each in self.moves) else [])]


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """Between the ends of two days. Every order counts on both as it is known today."""

    since: date
    until: date
    matrices: list[Matrix]


_MOVES = """
    SELECT t.abc AS abc_then, n.abc AS abc_now, t.stage AS stage_then, n.stage AS stage_now,
        t.r AS r_then, t.f AS f_then, t.m AS m_then, n.r, n.f, n.m,
        t.person IS NOT NULL AS known_then, count(*) AS customers
    FROM temp.standings AS n LEFT JOIN temp.standings_then AS t USING (person)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""


def migration(db: Database, scope: Scope, since: date) -> Migration:
    """From the end of `since` to the end of the scope's day, within `counted`."""
    then = msgspec.structs.replace(scope, as_of=since)
    standings.tell(db, standings.THEN, then.values())
    abc, stages, rfm = Counter[_Pair](), Counter[_Pair](), Counter[_Pair]()
    for row in db.rows(_MOVES):
        count = row["customers"]
        abc[row["abc_then"], row["abc_now"]] += count
        stages[row["stage_then"], row["stage_now"]] += count
        before = _rfm(row["r_then"], row["f_then"], row["m_then"]) if row["known_then"] else None
        rfm[before, _rfm(row["r"], row["f"], row["m"])] += count
    return Migration(
        since=since,
        until=scope.as_of,
        matrices=[
            matrix("abc", CLASSES, abc),
            matrix("lifecycle", STAGES, stages),
            matrix("rfm", GROUPS, rfm),
        ],
    )


def matrix(of: str, names: Iterable[str], counts: Counter[_Pair]) -> Matrix:
    """The moves in the order of the names, new and gone last."""
    order: Sequence[str | None] = [*names, None]
    return Matrix(
        of=of,
        names=[name for name in order if name is not None],
        moves=[
            Move(then=then, now=now, customers=counts[then, now])
            for then in order
            for now in order
            if counts[then, now] and (then, now) != (None, None)
        ],
    )


def _rfm(recency: int | None, frequency: int, monetary: int) -> str:
    return PROSPECTS if recency is None else name_of(recency, frequency, monetary)
