"""Mirror to one row of facts per person, kept incrementally. Every figure is defined in DEFINITIONS.

A rebuild and a refresh run the same statements, over ranges of people or over the dirty ones, so that they
always agree.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

import msgspec

from connector import classes, mirror, people, scores
from connector.classes import Window
from connector.database import PERSON_INDEX, Database, milliseconds
from connector.mirror import Terms

# A chunk of a rebuild aims at this, so that other writers get through.
CHUNK_SECONDS = 0.2

# Who is unknown, is told record by record: what came in by another, or as a guest, is no order of this one.
# The plus sign keeps the planner from going through everybody of the shop to find the few who are chosen.
_FACTS = """
    INSERT INTO facts (person, shop, tie, orders, spent, net, first_day, last_day, code_orders, window_orders,
        window_value, unknown, ranked)
    SELECT p.person, p.shop, coalesce(c.id, p.identity), coalesce(a.orders, 0), coalesce(a.spent, 0),
        coalesce(a.net, 0), a.first_day, a.last_day, coalesce(a.code_orders, 0),
        iif(p.excluded IS NULL, coalesce(a.window_orders, 0), 0),
        iif(p.excluded IS NULL, coalesce(a.window_value, 0), 0),
        CASE WHEN :limited THEN EXISTS (
            SELECT 1 FROM customers AS r WHERE r.person = p.person AND r.gone_at IS NULL
                AND r.shop_order_count > (
                    SELECT count(*) FROM orders AS o WHERE o.shop = p.shop AND o.customer_id = r.id
                )
        ) ELSE 0 END,
        p.excluded IS NULL AND coalesce(a.orders, 0) > 0
    FROM people AS p
    LEFT JOIN customers AS c ON c.customer = p.customer
    LEFT JOIN (
        SELECT person,
            sum(counts) AS orders,
            sum(spent) FILTER (WHERE counts) AS spent,
            sum(net) FILTER (WHERE counts) AS net,
            min(day) FILTER (WHERE counts) AS first_day,
            max(day) FILTER (WHERE counts) AS last_day,
            sum(has_code) FILTER (WHERE counts) AS code_orders,
            sum(counts AND day > :window_start AND day <= :today) AS window_orders,
            sum(spent) FILTER (WHERE counts AND day > :window_start AND day <= :today) AS window_value
        FROM (
            SELECT person, day, spent, net, has_code, uncounted IS NULL AND gone_at IS NULL AS counts
            FROM orders WHERE person {chosen}
        )
        GROUP BY person
    ) AS a ON a.person = p.person
    WHERE p.person {chosen} AND p.cluster <> '' AND +p.shop = :shop
    ON CONFLICT (person) DO UPDATE SET ({columns}) = ({new})
    WHERE ({columns}) IS NOT ({new})
"""
# A row that is as it was is not written: it has four indexes. The class is kept, see classes.py.
_FIGURES = ("tie", "orders", "spent", "net", "first_day", "last_day", "code_orders", "window_orders",
            "window_value", "unknown", "ranked")  # fmt: skip
_INDEXES = (classes.INDEX, *scores.INDEXES)


def refresh(db: Database, shop: int, terms: Terms, window: Window, today: date) -> None:
    """Bring people and facts in line with the mirror, as of `today` in the shop's time zone.

    Whoever changed, in facts or in ABC class, is in `dirty` afterwards, for the groups to see.
    """
    db.build_indexes()
    basis = _renew_basis(db, shop, window)
    _count_move(db, shop)
    people.refresh(db, shop, terms)
    with db.write() as connection:
        connection.execute(PERSON_INDEX)
    row = db.row("SELECT rebuild, window_end FROM shops WHERE shop = ?", (shop,))
    assert row is not None  # noqa: S101  the caller opened the shop
    values = {
        "shop": shop,
        "today": today.toordinal(),
        "window_start": today.toordinal() - window.days,
        "limited": basis.limited,
    }
    if row["rebuild"]:
        _rebuild(db, values)
        _build_indexes(db)
        classes.classify_all(db, shop, window)
        _rank_all(db, shop)
    else:
        _build_indexes(db)
        _move_window(db, values, row["window_end"], window)
        _recompute_dirty(db, values, window)
    with db.write() as connection:
        connection.execute(
            "UPDATE shops SET rebuild = 0, window_end = ? WHERE shop = ?", (values["today"], shop)
        )
        people.tell_joined(connection, shop)


class _Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What every row of facts depends on besides the mirror."""

    window_days: int
    limited: bool  #: the shop shows only part of its history


def _renew_basis(db: Database, shop: int, window: Window) -> _Basis:
    """The present basis; where it is another than that of the rows, they are to be rebuilt."""
    info = mirror.shop_info(db, shop)
    basis = _Basis(window_days=window.days, limited=bool(info and info.orders_visible_from))
    text = msgspec.json.encode(basis).decode()
    with db.write() as connection:
        connection.execute(
            "UPDATE shops SET rebuild = 1, basis = ?1 WHERE shop = ?2 AND basis IS NOT ?1", (text, shop)
        )
    return basis


def _count_move(db: Database, shop: int) -> None:
    """Say that there is something new, if so, before anything of it is forgotten."""
    with db.write() as connection:
        connection.execute(
            "UPDATE shops SET moved = moved + 1 WHERE shop = ?1 AND (rebuild"
            " OR EXISTS (SELECT 1 FROM touched WHERE shop = ?1)"
            " OR EXISTS (SELECT 1 FROM dirty WHERE shop = ?1))",
            (shop,),
        )


def _build_indexes(db: Database) -> None:
    """Those of facts: a first load has them built when its facts are there."""
    for index in _INDEXES:
        with db.write() as connection:
            connection.execute(index.format(schema="main"))


def _recompute_dirty(db: Database, values: dict[str, int], window: Window) -> None:
    shop = values["shop"]
    kept, ranked = classes.is_kept(db, shop, window), scores.is_kept(db, shop)
    with db.write() as connection:
        sums, counts = _stand_of_dirty(connection, shop)
        _recompute(connection, values, "IN (SELECT person FROM dirty WHERE shop = :shop)")
        new_sums, new_counts = _stand_of_dirty(connection, shop)
        if kept:
            classes.reclassify(connection, shop, sums, new_sums)
        if ranked:
            scores.rerank(connection, shop, counts, new_counts)
    if not kept:
        classes.classify_all(db, shop, window)
    if not ranked:
        _rank_all(db, shop)


def _stand_of_dirty(connection: sqlite3.Connection, shop: int) -> tuple[classes.Sums, scores.Counts]:
    return classes.sums_of_dirty(connection, shop), scores.counts_of_dirty(connection, shop)


def _rank_all(db: Database, shop: int) -> None:
    """Scores are nobody's own, so with new cut points everybody is dirty."""
    with db.write() as connection:
        scores.rank_all(connection, shop)
        connection.execute(
            "INSERT OR IGNORE INTO dirty SELECT person, shop FROM facts WHERE shop = ? AND ranked", (shop,)
        )


def _rebuild(db: Database, values: dict[str, int]) -> None:
    with db.write() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO dirty SELECT person, shop FROM people NOT INDEXED WHERE shop = ?",
            (values["shop"],),
        )
        connection.execute(
            "DELETE FROM facts WHERE shop = ? AND NOT EXISTS"
            " (SELECT 1 FROM people AS p WHERE p.person = facts.person AND p.cluster <> '')",
            (values["shop"],),
        )
    last = db.value("SELECT max(person) FROM people WHERE shop = ?", (values["shop"],))
    start = db.value("SELECT min(person) FROM people WHERE shop = ?", (values["shop"],))
    size = 1000
    while start <= last:
        began = time.monotonic()
        with db.write() as connection:
            _recompute(
                connection, values | {"low": start, "high": start + size - 1}, "BETWEEN :low AND :high"
            )
        start += size
        took = max(time.monotonic() - began, 0.001)
        size = max(200, min(int(size * CHUNK_SECONDS / took), size * 2))


def _recompute(connection: sqlite3.Connection, values: dict[str, int], chosen: str) -> None:
    if chosen.startswith("IN"):
        connection.execute(
            f"DELETE FROM facts WHERE person {chosen} AND NOT EXISTS"
            " (SELECT 1 FROM people AS p WHERE p.person = facts.person AND p.cluster <> '')",
            values,
        )
    columns, new = ", ".join(_FIGURES), ", ".join(f"excluded.{name}" for name in _FIGURES)
    connection.execute(_FACTS.format(chosen=chosen, columns=columns, new=new), values)


def _move_window(db: Database, values: dict[str, int], window_end: int | None, window: Window) -> None:
    """People with an order that a new day brings into the window or takes out of it are dirty."""
    before = window_end if window_end is not None else values["today"]
    spans = sorted((before, values["today"]))
    with db.write() as connection:
        for shift in (0, window.days):
            connection.execute(
                "INSERT OR IGNORE INTO dirty SELECT DISTINCT person, shop FROM orders"
                " WHERE shop = ? AND day > ? AND day <= ? AND person IS NOT NULL",
                (values["shop"], spans[0] - shift, spans[1] - shift),
            )


# Each means that of another day while its shadow is there: SQLite looks into `temp` first.
_SHADOWED = ("facts", "abc_cuts", "rfm_cuts", "groups", "members")

# A person was there if a record or an order was.
_NOT_YET_THERE = """
    DELETE FROM facts WHERE orders = 0
        AND NOT EXISTS (SELECT 1 FROM customers AS c
            WHERE c.person = facts.person AND (c.created_at IS NULL OR c.created_at < ?))
        AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.person = facts.person)
"""


@contextmanager
def as_of(db: Database, shop: int, day: date, window: Window) -> Iterator[None]:
    """For a while, `facts` of one shop are those of the end of `day`, in every query on this connection.

    Orders placed later are not there, others as they are known today, refunds and cancellations included.
    Who is one person, and what records of customers say (tags, addresses, consents), is as of today.
    `orders`, `abc_cuts` and `rfm_cuts` are of that day too; `groups` and `members` begin empty (see
    `groups.work_out_as_of`). So rules compile and run as ever, with a `RuleContext` of that day.

    All queries meanwhile see the database as it is now. Nothing waits for them, and they must not write.
    Facts must have been worked out once (`refresh`).
    """
    db.rows("BEGIN")
    try:
        _shadow(db.connection, shop, day, window)
        yield
    finally:
        db.rows("ROLLBACK")  # takes the shadows with it


def _shadow(connection: sqlite3.Connection, shop: int, day: date, window: Window) -> None:
    for table in _SHADOWED:
        (sql,) = connection.execute(
            "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        connection.execute(sql.replace("CREATE TABLE", "CREATE TEMP TABLE", 1))
    connection.execute(
        f"CREATE TEMP VIEW orders AS SELECT * FROM main.orders WHERE day <= {day.toordinal():d}"
    )
    joined = connection.execute("SELECT other FROM joined_shops WHERE shop = ?", (shop,)).fetchall()
    for each in (shop, *(other for (other,) in joined)):
        low, high = connection.execute(
            "SELECT min(person), max(person) FROM people WHERE shop = ?", (each,)
        ).fetchone()
        values = {
            "shop": each,
            "today": day.toordinal(),
            "window_start": day.toordinal() - window.days,
            "limited": False,
            "low": low,
            "high": high,
        }
        _recompute(connection, values, "BETWEEN :low AND :high")
    connection.execute(_NOT_YET_THERE, (_end_of(connection, shop, day),))
    connection.execute(
        "UPDATE facts SET unknown = 1 WHERE person IN"
        " (SELECT person FROM main.facts WHERE shop = ? AND unknown)",
        (shop,),
    )
    for index in _INDEXES:
        connection.execute(index.format(schema="temp"))
    classes.classify(connection, shop, window)
    scores.rank_all(connection, shop)


def _end_of(connection: sqlite3.Connection, shop: int, day: date) -> int:
    (zone,) = connection.execute("SELECT time_zone FROM shops WHERE shop = ?", (shop,)).fetchone()
    return milliseconds(datetime.combine(day + timedelta(1), time_of_day(), ZoneInfo(zone or "UTC")))
