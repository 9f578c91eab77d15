"""RFM scores from kept cut points (DEFINITIONS, *RFM*).

Somebody's score is ceil(5 · r / n), r - 1 of n people having less. So it is above k as soon as ⌊k · n / 5⌋
people have less, that is, more than the one at this place from below: the cut point of k. Scores are not
stored; `score` compares a person with the four cut points. After a change only these move, and only people
between the old and the new one score differently. Days going by change nothing.
"""

import sqlite3
from collections.abc import Iterator

import msgspec

from connector.database import Database

COLUMNS = {"recency": "last_day", "frequency": "orders", "monetary": "spent"}
STEPS = (1, 2, 3, 4)
NOBODY = -(2**62)  #: as a cut point: everybody has more

#: Of everybody who is ranked, by each of the three figures. Built once facts are there.
INDEXES = tuple(
    f"CREATE INDEX IF NOT EXISTS {{schema}}.facts_by_{column} ON facts(shop, {column}) WHERE ranked"
    for column in COLUMNS.values()
)


class Cut(msgspec.Struct, kw_only=True):
    """The value that ends a score, with how many people have less than it, and at most that."""

    name: str
    step: int
    value: int = NOBODY
    below: int = 0
    upto: int = 0

    @property
    def column(self) -> str:
        return COLUMNS[self.name]

    def place(self, people: int) -> int:
        """From below, that of whoever must have the value; 0 is nobody's."""
        return self.step * people // 5


class Counts(msgspec.Struct, kw_only=True):
    """Of some people: how many are ranked, and by cut how many have less, and at most that."""

    people: int
    cuts: list[tuple[int, int]]


def score(name: str) -> str:
    """SQL of a person's score, over `facts AS f` and the shop `:rule_shop`; missing where not ranked."""
    # Not correlated with the person, so that SQLite reads each cut once.
    cut = f"SELECT q.value FROM rfm_cuts AS q WHERE q.shop = :rule_shop AND q.name = '{name}' AND q.step"
    above = " + ".join(f"(f.{COLUMNS[name]} > ({cut} = {step}))" for step in STEPS)
    return f"CASE WHEN f.ranked THEN 1 + {above} END"


def rank_all(connection: sqlite3.Connection, shop: int) -> None:
    """Work out every cut point anew."""
    people = connection.execute("SELECT count(*) FROM facts WHERE shop = ? AND ranked", (shop,)).fetchone()[0]
    cuts = [Cut(name=name, step=step) for name in COLUMNS for step in STEPS]
    for cut in cuts:
        _settle(connection, shop, cut, people)
    _keep(connection, shop, cuts, people)


def counts_of_dirty(connection: sqlite3.Connection, shop: int) -> Counts:
    """Where the dirty people stand to the cuts as they are; taken before and after their facts change."""
    cuts = _kept(connection, shop)
    sums = "".join(
        f", sum(f.{cut.column} < {cut.value:d}), sum(f.{cut.column} <= {cut.value:d})" for cut in cuts
    )
    row = connection.execute(  # from the few to the many, which the planner would not choose by itself
        f"SELECT count(*){sums} FROM dirty AS d CROSS JOIN facts AS f ON f.person = d.person"
        " WHERE d.shop = ? AND f.ranked",
        (shop,),
    ).fetchone()
    numbers = [each or 0 for each in row]
    return Counts(people=numbers[0], cuts=list(zip(numbers[1::2], numbers[2::2], strict=True)))


def rerank(connection: sqlite3.Connection, shop: int, before: Counts, after: Counts) -> None:
    """Move the cut points by what the dirty people's figures changed. Whoever scores otherwise is dirty."""
    cuts = _kept(connection, shop)
    people = _people(connection, shop) - before.people + after.people
    for cut, (less, most), (now_less, now_most) in zip(cuts, before.cuts, after.cuts, strict=True):
        was = cut.value
        cut.below += now_less - less
        cut.upto += now_most - most
        _settle(connection, shop, cut, people)
        if cut.value != was:
            low, high = sorted((was, cut.value))
            connection.execute(
                "INSERT OR IGNORE INTO dirty SELECT person, shop FROM facts"
                f" WHERE shop = ? AND ranked AND {cut.column} > ? AND {cut.column} <= ?",
                (shop, low, high),
            )
    _keep(connection, shop, cuts, people)


def is_kept(db: Database, shop: int) -> bool:
    """Whether there are cut points to be moved."""
    return len(_kept(db.connection, shop)) == len(COLUMNS) * len(STEPS)


def _settle(connection: sqlite3.Connection, shop: int, cut: Cut, people: int) -> None:
    """Go up or down from where the cut is to the value at its place."""
    place = cut.place(people)
    if place == 0:
        cut.value, cut.below, cut.upto = NOBODY, 0, 0
    elif place > cut.upto:
        above = (cut.value, 2**62)
        (value,) = next(_in_order(connection, shop, cut, above, "ASC", place - cut.upto - 1))
        cut.below = cut.upto + _count(connection, shop, cut, cut.value, value - 1)
        cut.value, cut.upto = value, cut.below + _count(connection, shop, cut, value - 1, value)
    elif place <= cut.below:
        under = (NOBODY, cut.value - 1)
        (value,) = next(_in_order(connection, shop, cut, under, "DESC", cut.below - place))
        cut.below -= _count(connection, shop, cut, value - 1, cut.value - 1)
        cut.value, cut.upto = value, cut.below + _count(connection, shop, cut, value - 1, value)


def _in_order(
    connection: sqlite3.Connection, shop: int, cut: Cut, bounds: tuple[int, int], order: str, skip: int
) -> Iterator[tuple[int]]:
    return connection.execute(
        f"SELECT {cut.column} FROM facts WHERE shop = ? AND ranked AND {cut.column} > ? AND {cut.column} <= ?"
        f" ORDER BY {cut.column} {order} LIMIT 1 OFFSET ?",
        (shop, *bounds, skip),
    )


def _count(connection: sqlite3.Connection, shop: int, cut: Cut, above: int, upto: int) -> int:
    row = connection.execute(
        f"SELECT count(*) FROM facts WHERE shop = ? AND ranked AND {cut.column} > ? AND {cut.column} <= ?",
        (shop, above, upto),
    ).fetchone()
    return int(row[0])


def _people(connection: sqlite3.Connection, shop: int) -> int:
    row = connection.execute("SELECT max(people) FROM rfm_cuts WHERE shop = ?", (shop,)).fetchone()
    return int(row[0])


def _keep(connection: sqlite3.Connection, shop: int, cuts: list[Cut], people: int) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO rfm_cuts VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(shop, cut.name, cut.step, cut.value, cut.below, cut.upto, people) for cut in cuts],
    )


def _kept(connection: sqlite3.Connection, shop: int) -> list[Cut]:
    rows = connection.execute(
        "SELECT name, step, value, below, upto FROM rfm_cuts WHERE shop = ? ORDER BY name, step", (shop,)
    ).fetchall()
    return [Cut(**dict(row)) for row in rows]
