"""The orders and the customers that every figure of a report is counted from."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from connector.classes import Window
from connector.database import Database


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is about: one shop, as of the end of a day, and the owner's settings."""

    shop: int
    as_of: date  #: in the shop's time zone
    today: date
    time_zone: str
    lapse_days: int
    abc: Window
    margin: Decimal | None = None

    @property
    def day(self) -> int:
        return self.as_of.toordinal()

    @property
    def ends_at(self) -> int:
        """The first moment after the day, as the mirror writes moments."""
        midnight = datetime.combine(self.as_of + timedelta(days=1), time(), ZoneInfo(self.time_zone))
        return round(midnight.timestamp() * 1000)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to count. Money in minor units."""

    customers: int  #: with an eligible order
    prospects: int  #: without one
    orders: int
    spent: int
    net: int
    first_day: int | None
    without_customer: int  #: eligible orders that name nobody: in the shop's totals only
    without_customer_spent: int
    other_currency: int  #: counted orders without an amount in the shop's currency


# From people to their orders by index: left to itself, the planner takes three times as long.
_ORDERS = """
    CREATE TEMP TABLE counted AS
    SELECT o.person, o.day, coalesce(o.spent, 0) AS spent, coalesce(o.net, 0) AS net,
        o.spent IS NULL AS foreign_money,
        row_number() OVER in_time AS nth, o.day - lag(o.day) OVER in_time AS gap
    FROM people AS p CROSS JOIN orders AS o ON o.person = p.person
    WHERE p.shop = :shop AND o.uncounted IS NULL AND o.gone_at IS NULL AND o.day <= :day
        AND p.excluded IS NULL AND p.cluster <> ''
    WINDOW in_time AS (PARTITION BY o.person ORDER BY o.day, o.placed_at, o.order_key)
"""
_BUYERS = """
    CREATE TEMP TABLE buyers AS
    SELECT a.*, coalesce(c.id, p.identity) AS tie FROM (
        SELECT person, count(*) AS orders, sum(spent) AS spent, sum(net) AS net,
            min(day) AS first_day, max(day) AS last_day,
            sum(day > :window_start) AS window_orders,
            coalesce(sum(spent) FILTER (WHERE day > :window_start), 0) AS window_value
        FROM temp.counted GROUP BY person
    ) AS a JOIN people AS p USING (person) LEFT JOIN customers AS c ON c.customer = p.customer
"""
# Somebody without an eligible order was there on that day if a record or an order of theirs was.
_PROSPECTS = """
    SELECT count(*) FROM people AS p
    WHERE p.shop = :shop AND p.excluded IS NULL AND p.cluster <> ''
        AND p.person NOT IN (SELECT person FROM temp.buyers)
        AND (EXISTS (SELECT 1 FROM customers AS c
                WHERE c.person = p.person AND (c.created_at IS NULL OR c.created_at < :ends_at))
            OR EXISTS (SELECT 1 FROM orders AS o WHERE o.person = p.person AND o.day <= :day))
"""
_NOBODYS = """
    SELECT count(*) AS orders, sum(spent) AS spent FROM orders
    WHERE shop = :shop AND uncounted IS NULL AND gone_at IS NULL AND day <= :day AND person IS NULL
"""


@contextmanager
def counted(db: Database, scope: Scope) -> Iterator[Known]:
    """For a while there are `temp.counted`, one row an eligible order, and `temp.buyers`, one a customer.

    All queries meanwhile see the mirror as it is now, whatever a pull writes; nothing waits for them.
    """
    values = {
        "shop": scope.shop,
        "day": scope.day,
        "window_start": scope.day - scope.abc.days,
        "ends_at": scope.ends_at,
    }
    db.rows("BEGIN")
    try:
        db.rows(_ORDERS, values)
        db.rows(_BUYERS, values)
        yield _known(db, values)
    finally:
        db.rows("ROLLBACK")  # takes the two tables with it


def _known(db: Database, values: dict[str, int]) -> Known:
    row = db.row(
        "SELECT count(*) AS orders, count(DISTINCT person) AS customers, sum(spent) AS spent,"
        " sum(net) AS net, min(day) AS first_day, sum(foreign_money) AS other FROM temp.counted"
    )
    nobodys = db.row(_NOBODYS, values)
    assert row is not None and nobodys is not None  # noqa: S101, PT018  an aggregate always has a row
    return Known(
        customers=row["customers"],
        prospects=db.value(_PROSPECTS, values),
        orders=row["orders"],
        spent=row["spent"] or 0,
        net=row["net"] or 0,
        first_day=row["first_day"],
        without_customer=nobodys["orders"],
        without_customer_spent=nobodys["spent"] or 0,
        other_currency=row["other"] or 0,
    )


def ratio(part: float, whole: float) -> float | None:
    """A part of a whole; of nothing there is none."""
    return part / whole if whole else None
