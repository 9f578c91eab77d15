"""Not to be kept for ever: deleted in the shop, or without any order for long."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import structs

from connector.database import milliseconds
from connector.mirror import EXPIRED
from connector.privacy.finding import as_json, column, traces_of
from connector.privacy.forgetting import erase, shrink
from connector.shop import Shop

# So many people are wiped in one transaction.
CHUNK = 500


def expire(shop: Shop) -> int:
    """Wipe those whose time is over: deleted in the shop, or without any order for long. Returns how many.

    Somebody who comes back is welcome: a newer order, or a new account, brings them back.
    """
    rules = shop.config.privacy
    before = shop.now() - timedelta(days=rules.gone_after_days)
    ids = column(shop.db, _GONE, {"shop": shop.key, "before": milliseconds(before)})
    guests: list[int] = []
    if rules.inactive_after_days is not None:
        last = shop.now() - timedelta(days=rules.inactive_after_days)
        inactive = {"shop": shop.key, "before": milliseconds(last)}
        ids += column(shop.db, _INACTIVE, inactive)
        guests = column(shop.db, _INACTIVE_GUESTS, inactive)
    wiped = 0
    for start in range(0, len(guests), CHUNK):
        wiped += _expire_guests(shop, guests[start : start + CHUNK])
    for start in range(0, len(ids), CHUNK):
        wiped += _expire_some(shop, ids[start : start + CHUNK])
    if wiped:
        shrink(shop.db)
    return wiped


def _expire_some(shop: Shop, ids: Sequence[str]) -> int:
    """An address that belongs to somebody who stays is not wiped with the account that is gone."""
    rows = shop.db.rows(
        "SELECT email_key FROM customers WHERE shop = :shop"
        " AND id IN (SELECT value FROM json_each(:ids))"
        " AND email_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM customers AS s WHERE s.shop = :shop"
        " AND s.email_key = customers.email_key AND s.id NOT IN (SELECT value FROM json_each(:ids)))",
        {"shop": shop.key, "ids": as_json(ids)},
    )
    emails = {row["email_key"] for row in rows}
    people = set(
        column(
            shop.db,
            "SELECT p.person FROM people AS p JOIN customers AS c ON c.customer = p.customer"
            " WHERE c.shop = :shop AND c.id IN (SELECT value FROM json_each(:ids))"
            " UNION SELECT person FROM people WHERE shop = :shop AND customer IS NULL"
            " AND email_key IN (SELECT value FROM json_each(:emails))",
            {"shop": shop.key, "ids": as_json(ids), "emails": as_json(emails)},
        )
    )
    return _expire(shop, set(ids), emails, people)


def _expire(shop: Shop, ids: set[str], emails: set[str], people: set[int]) -> int:
    """Orders that an account which stays made with such an address remain its own."""
    traces = traces_of(shop.db, shop.key, ids, emails, people)
    own = column(
        shop.db,
        "SELECT order_key FROM orders AS o WHERE order_key IN (SELECT value FROM json_each(:orders))"
        " AND NOT EXISTS (SELECT 1 FROM customers AS c WHERE c.shop = o.shop AND c.id = o.customer_id"
        " AND NOT c.guest AND c.gone_at IS NULL AND c.id NOT IN (SELECT value FROM json_each(:ids)))",
        traces.values(shop.key),
    )
    return erase(shop.db, shop.key, structs.replace(traces, orders=tuple(own)), EXPIRED, shop.now())


def _expire_guests(shop: Shop, people: Sequence[int]) -> int:
    """Guests of whom the shop keeps no record: their orders alone name them."""
    query = "SELECT email_key FROM people WHERE person IN (SELECT value FROM json_each(?))"
    emails = set(column(shop.db, query, (as_json(people),)))
    _expire(shop, set(), emails, set(people))
    return len(people)


_GONE = "SELECT id FROM customers WHERE shop = :shop AND gone_at < :before ORDER BY id"
# Somebody may have ordered again since people were last worked out: that order has only the address yet.
_INACTIVE = """
    SELECT c.id FROM customers AS c WHERE c.shop = :shop AND c.gone_at IS NULL
        AND coalesce(c.created_at, (
            SELECT max(o.placed_at) FROM orders AS o WHERE o.shop = :shop AND o.customer_id = c.id
        )) < :before
        AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.shop = :shop AND o.placed_at >= :before
            AND (o.customer_id = c.id OR o.person = c.person))
        AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.shop = :shop AND o.placed_at >= :before
            AND o.email_key = c.email_key)
        AND NOT EXISTS (SELECT 1 FROM issued AS i WHERE i.shop = :shop AND i.customer_id = c.id
            AND i.ends_at >= :before)
    ORDER BY c.id
"""
_INACTIVE_GUESTS = """
    SELECT p.person FROM people AS p WHERE p.shop = :shop AND p.customer IS NULL AND p.email_key IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM customers AS c WHERE c.shop = :shop AND c.email_key = p.email_key)
        AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.shop = :shop AND o.placed_at >= :before
            AND o.person = p.person)
        AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.shop = :shop AND o.placed_at >= :before
            AND o.email_key = p.email_key)
    ORDER BY p.person
"""
