"""Mirror to one row of facts per person, kept incrementally. Every figure is defined in DEFINITIONS.

A rebuild and a refresh run the same statements, over ranges of people or over the dirty ones, so that they
always agree.
"""

import sqlite3
import time
from datetime import date

import msgspec

from connector import classes, mirror, people
from connector.classes import Window
from connector.database import PERSON_INDEX, Database
from connector.mirror import Terms

# A chunk of a rebuild aims at this, so that other writers get through.
CHUNK_SECONDS = 0.2


_FACTS = """
    INSERT OR REPLACE INTO facts (person, shop, tie, orders, spent, net, first_day, last_day, code_orders,
        window_orders, window_value, abc_class, unknown)
    SELECT p.person, p.shop, coalesce(c.id, p.identity), coalesce(a.orders, 0), coalesce(a.spent, 0),
        coalesce(a.net, 0), a.first_day, a.last_day, coalesce(a.code_orders, 0),
        iif(p.excluded IS NULL, coalesce(a.window_orders, 0), 0),
        iif(p.excluded IS NULL, coalesce(a.window_value, 0), 0), f.abc_class,
        :limited AND coalesce(c.shop_order_count, 0) > coalesce(a.seen, 0)
    FROM people AS p
    LEFT JOIN customers AS c ON c.customer = p.customer
    LEFT JOIN facts AS f ON f.person = p.person
    LEFT JOIN (
        SELECT person,
            count(*) AS seen,
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
    WHERE p.person {chosen} AND p.cluster <> '' AND p.shop = :shop
"""


def refresh(db: Database, shop: int, terms: Terms, window: Window, today: date) -> None:
    """Bring people and facts in line with the mirror, as of `today` in the shop's time zone.

    Whoever changed, in facts or in ABC class, is in `dirty` afterwards, for the groups to see.
    """
    db.build_indexes()
    basis = _renew_basis(db, shop, window)
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
        classes.classify_all(db, shop, window)
    else:
        _move_window(db, values, row["window_end"], window)
        _recompute_dirty(db, values, window)
    with db.write() as connection:
        connection.execute(
            "UPDATE shops SET rebuild = 0, window_end = ? WHERE shop = ?", (values["today"], shop)
        )


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


def _recompute_dirty(db: Database, values: dict[str, int], window: Window) -> None:
    shop = values["shop"]
    kept = classes.is_kept(db, shop, window)
    with db.write() as connection:
        before = classes.sums_of_dirty(connection, shop)
        _recompute(connection, values, "IN (SELECT person FROM dirty WHERE shop = :shop)")
        if kept:
            classes.reclassify(connection, shop, before, classes.sums_of_dirty(connection, shop))
    if not kept:
        classes.classify_all(db, shop, window)


def _rebuild(db: Database, values: dict[str, int]) -> None:
    with db.write() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO dirty SELECT person, shop FROM people WHERE shop = ?", (values["shop"],)
        )
        connection.execute(
            "DELETE FROM facts WHERE shop = ? AND person NOT IN"
            " (SELECT person FROM people WHERE cluster <> '')",
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
    connection.execute(_FACTS.format(chosen=chosen), values)


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
