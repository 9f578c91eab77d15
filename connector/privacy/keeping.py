"""Not to be kept for ever: deleted in the shop, or without any order for long."""

from collections.abc import Sequence
from datetime import timedelta

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
    if rules.inactive_after_days is not None:
        last = shop.now() - timedelta(days=rules.inactive_after_days)
        ids += column(shop.db, _INACTIVE, {"shop": shop.key, "before": milliseconds(last)})
    wiped = 0
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
            " WHERE c.shop = ? AND c.id IN (SELECT value FROM json_each(?))",
            (shop.key, as_json(ids)),
        )
    )
    return erase(
        shop.db, shop.key, traces_of(shop.db, shop.key, set(ids), emails, people), EXPIRED, shop.now()
    )


_GONE = "SELECT id FROM customers WHERE shop = :shop AND gone_at < :before ORDER BY id"
_INACTIVE = """
    SELECT c.id FROM customers AS c WHERE c.shop = :shop AND c.gone_at IS NULL
        AND coalesce(c.created_at, 0) < :before
        AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.shop = :shop AND o.placed_at >= :before
            AND (o.customer_id = c.id OR o.person = c.person))
        AND NOT EXISTS (SELECT 1 FROM issued AS i WHERE i.shop = :shop AND i.customer_id = c.id
            AND i.ends_at >= :before)
    ORDER BY c.id
"""
