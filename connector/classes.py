"""ABC classes from two kept cut points (DEFINITIONS, *ABC*).

Customers stand in one order: value in the window descending, ties by id as text. A cut point is the last of
its class in that order, with the sum of all values up to it. After a change only the people between the old
and the new cut point move, so that a recompute of everything (12 s for a million) is never needed.
"""

import sqlite3
from decimal import Decimal

import msgspec

from connector.database import Database

#: Of everybody with an order in the window, by value. Built once facts are there.
INDEX = (
    "CREATE INDEX IF NOT EXISTS {schema}.facts_by_value"
    " ON facts(shop, window_value DESC, tie) WHERE window_orders > 0"
)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What ABC classes come from: days of orders, and the cumulative percentages of A and of A with B."""

    days: int = 365
    a: Decimal = Decimal(80)
    b: Decimal = Decimal(95)


class Cut(msgspec.Struct, kw_only=True):
    """The last one of a class: everybody at or before (value, tie) is in it. `reached` sums their values."""

    name: str
    share: int  #: hundredths of a percent
    value: int = 2**62  #: of nobody: no value reaches it
    tie: str = ""
    reached: int = 0

    def holds(self, reached: int, total: int) -> bool:
        return reached * 10_000 <= self.share * total


class Sums(msgspec.Struct, kw_only=True):
    """Values of some people: all of them, and those at or before each cut."""

    total: int
    reached: list[int]


_RANKED = "facts WHERE shop = :shop AND window_orders > 0 AND window_value > 0"
_UP_TO = "(window_value > :value OR (window_value = :value AND tie <= :tie))"


def classify_all(db: Database, shop: int, window: Window) -> None:
    """Work out both cut points and every class anew. Whoever changes class is dirty afterwards."""
    with db.write() as connection:
        moved = classify(connection, shop, window)
        _make_dirty(connection, shop, moved)


def classify(connection: sqlite3.Connection, shop: int, window: Window) -> list[int]:
    """The same within a transaction. Returns who changed class."""
    total = _total(connection, shop)
    cuts = _cuts(window)
    for cut in cuts:
        _find(connection, shop, cut, total)
    moved = _assign(connection, shop, cuts, "shop = :shop")
    _keep(connection, shop, cuts, total)
    return moved


def _total(connection: sqlite3.Connection, shop: int) -> int:
    row = connection.execute(f"SELECT sum(window_value) FROM {_RANKED}", {"shop": shop}).fetchone()
    return int(row[0] or 0)


def _cuts(window: Window) -> list[Cut]:
    return [Cut(name="a", share=int(window.a * 100)), Cut(name="b", share=int(window.b * 100))]


def _find(connection: sqlite3.Connection, shop: int, cut: Cut, total: int) -> None:
    """The last whose cumulative value is within the share; the first customer is always A."""
    row = connection.execute(
        "SELECT window_value, tie, reached FROM ("
        " SELECT window_value, tie, sum(window_value) OVER in_order AS reached,"
        "  row_number() OVER in_order AS place"
        f" FROM {_RANKED} WINDOW in_order AS (ORDER BY window_value DESC, tie ROWS UNBOUNDED PRECEDING)"
        ") WHERE reached * 10000 <= :share * :total OR (place = 1 AND :first)"
        " ORDER BY window_value, tie DESC LIMIT 1",
        {"shop": shop, "share": cut.share, "total": total, "first": cut.name == "a"},
    ).fetchone()
    if row is not None:
        cut.value, cut.tie, cut.reached = row


def sums_of_dirty(connection: sqlite3.Connection, shop: int) -> Sums:
    """What the dirty people add to each cut as it stands; taken before and after their facts change."""
    cuts = _kept(connection, shop)
    dirty = (  # from the few to the many, which the planner would not choose by itself
        "dirty AS d CROSS JOIN facts AS f ON f.person = d.person"
        " WHERE d.shop = :shop AND f.window_orders > 0 AND f.window_value > 0"
    )
    row = connection.execute(f"SELECT sum(window_value) FROM {dirty}", {"shop": shop}).fetchone()
    reached = [
        connection.execute(
            f"SELECT sum(window_value) FROM {dirty} AND {_UP_TO}",
            {"shop": shop, "value": cut.value, "tie": cut.tie},
        ).fetchone()[0]
        or 0
        for cut in cuts
    ]
    return Sums(total=row[0] or 0, reached=reached)


def reclassify(connection: sqlite3.Connection, shop: int, before: Sums, after: Sums) -> None:
    """Move the cut points by what the dirty people's values changed, and the people between them."""
    old = _kept(connection, shop)
    new = _kept(connection, shop)
    row = connection.execute("SELECT total FROM abc_cuts WHERE shop = ? AND name = 'a'", (shop,)).fetchone()
    total = row[0] - before.total + after.total
    for cut, less, more in zip(new, before.reached, after.reached, strict=True):
        cut.reached += more - less
        _shrink(connection, shop, cut, total)
        _grow(connection, shop, cut, total)
    moved = _assign(connection, shop, new, "person IN (SELECT person FROM dirty WHERE shop = :shop)")
    for was, is_ in zip(old, new, strict=True):
        if (was.value, was.tie) != (is_.value, is_.tie):
            low, high = sorted((was.value, is_.value))
            moved += _assign(
                connection, shop, new, f"{_between(low, high)} AND shop = :shop AND window_orders > 0"
            )
    _make_dirty(connection, shop, moved)
    _keep(connection, shop, new, total)


def _between(low: int, high: int) -> str:
    return f"window_value BETWEEN {low:d} AND {high:d}"


def _shrink(connection: sqlite3.Connection, shop: int, cut: Cut, total: int) -> None:
    """Leave out the last of the class until its sum is within the share; A keeps its first."""
    while not cut.holds(cut.reached, total):
        last, one_before = _last_two(connection, shop, cut)
        if one_before is None and cut.name == "a":
            return
        cut.reached -= last["window_value"]
        cut.value, cut.tie = (one_before[0], one_before[1]) if one_before else (2**62, "")


def _last_two(connection: sqlite3.Connection, shop: int, cut: Cut) -> tuple[sqlite3.Row, sqlite3.Row | None]:
    rows = connection.execute(
        f"SELECT window_value, tie FROM {_RANKED} AND window_value >= :value AND {_UP_TO}"
        " ORDER BY window_value, tie DESC LIMIT 2",
        {"shop": shop, "value": cut.value, "tie": cut.tie},
    ).fetchall()
    return rows[0], rows[1] if len(rows) == 2 else None


def _grow(connection: sqlite3.Connection, shop: int, cut: Cut, total: int) -> None:
    """Take in whoever comes next while the sum stays within the share; A takes its first whatever it is."""
    while True:
        row = connection.execute(
            f"SELECT window_value, tie FROM {_RANKED} AND window_value <= :value AND NOT {_UP_TO}"
            " ORDER BY window_value DESC, tie LIMIT 1",
            {"shop": shop, "value": cut.value, "tie": cut.tie},
        ).fetchone()
        first = cut.name == "a" and cut.reached == 0
        if row is None or not (first or cut.holds(cut.reached + row["window_value"], total)):
            return
        cut.reached += row["window_value"]
        cut.value, cut.tie = row["window_value"], row["tie"]


def _assign(connection: sqlite3.Connection, shop: int, cuts: list[Cut], chosen: str) -> list[int]:
    """Give the chosen people the class they are in now. Returns who changed class."""
    a, b = cuts
    values = {"shop": shop, "a": a.value, "a_tie": a.tie, "b": b.value, "b_tie": b.tie}
    moved = connection.execute(
        "UPDATE facts SET abc_class = n.class FROM ("
        " SELECT person AS who, CASE WHEN window_orders = 0 THEN NULL WHEN window_value <= 0 THEN 'C'"
        "  WHEN window_value > :a OR (window_value = :a AND tie <= :a_tie) THEN 'A'"
        "  WHEN window_value > :b OR (window_value = :b AND tie <= :b_tie) THEN 'B' ELSE 'C' END AS class"
        f" FROM facts WHERE {chosen}"
        ") AS n WHERE facts.person = n.who AND facts.abc_class IS NOT n.class RETURNING facts.person",
        values,
    ).fetchall()
    return [person for (person,) in moved]


def _make_dirty(connection: sqlite3.Connection, shop: int, moved: list[int]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO dirty (person, shop) VALUES (?, ?)", [(person, shop) for person in moved]
    )


def _keep(connection: sqlite3.Connection, shop: int, cuts: list[Cut], total: int) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO abc_cuts VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(shop, each.name, each.share, each.value, each.tie, each.reached, total) for each in cuts],
    )


def _kept(connection: sqlite3.Connection, shop: int) -> list[Cut]:
    rows = connection.execute("SELECT * FROM abc_cuts WHERE shop = ? ORDER BY name", (shop,)).fetchall()
    return [
        Cut(name=row["name"], share=row["share"], value=row["value"], tie=row["tie"], reached=row["reached"])
        for row in rows
    ]


def is_kept(db: Database, shop: int, window: Window) -> bool:
    """Whether cut points for these shares are there to be moved."""
    with_shares = [(each.name, each.share) for each in _cuts(window)]
    return [(each.name, each.share) for each in _kept(db.connection, shop)] == with_shares
