"""The orders and the customers that every figure of a report is counted from."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from connector.classes import Window
from connector.database import Database
from connector.metrics import standings


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is about: one shop, as of the end of a day, and the owner's settings."""

    shop: int
    as_of: date  #: in the shop's time zone
    today: date
    time_zone: str
    lapse_days: int
    abc: Window
    margin: Decimal | None = None
    acquisition: Mapping[str, int] = {}  #: what winning customers cost, by month (2026-10), minor units

    @property
    def day(self) -> int:
        return self.as_of.toordinal()

    @property
    def ends_at(self) -> int:
        """The first moment after the day, as the mirror writes moments."""
        midnight = datetime.combine(self.as_of + timedelta(days=1), time(), ZoneInfo(self.time_zone))
        return round(midnight.timestamp() * 1000)

    @property
    def last_month_over(self) -> int:
        """The last month that ended by the date, as `month_index` counts. A day that goes on ends nothing."""
        is_over = self.as_of < self.today and (self.as_of + timedelta(days=1)).day == 1
        return month_index(self.as_of) - (0 if is_over else 1)

    def values(self) -> dict[str, int]:
        """The parameters of the statements that count."""
        return {
            "shop": self.shop,
            "day": self.day,
            "window_start": self.day - self.abc.days,
            "ends_at": self.ends_at,
            "lapse": self.lapse_days,
            "a": int(self.abc.a * 100),
            "b": int(self.abc.b * 100),
        }


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


# In the order of the index, so that only orders of one moment are to be sorted, and people come in order too.
_ORDERS = """
    CREATE TEMP TABLE counted AS
    SELECT o.person, o.day, coalesce(o.spent, 0) AS spent, coalesce(o.net, 0) AS net,
        o.spent IS NULL AS foreign_money,
        row_number() OVER in_time AS nth, o.day - lag(o.day) OVER in_time AS gap
    FROM orders AS o CROSS JOIN people AS p ON p.person = o.person
    WHERE o.person BETWEEN (SELECT min(person) FROM people WHERE shop = :shop)
            AND (SELECT max(person) FROM people WHERE shop = :shop)
        AND o.uncounted IS NULL AND o.gone_at IS NULL AND o.day <= :day
        AND p.shop = :shop AND p.excluded IS NULL AND p.cluster <> ''
    WINDOW in_time AS (PARTITION BY o.person ORDER BY o.day, o.placed_at, o.order_key)
"""
_NOBODYS = """
    SELECT count(*) AS orders, sum(spent) AS spent FROM orders
    WHERE shop = :shop AND uncounted IS NULL AND gone_at IS NULL AND day <= :day AND person IS NULL
"""


@contextmanager
def counted(db: Database, scope: Scope) -> Iterator[Known]:
    """For a while there is `temp.counted`, one row an eligible order, and the tables of `standings.NOW`.

    All queries meanwhile see the mirror as it is now, whatever a pull writes; nothing waits for them.
    """
    db.rows("BEGIN")
    try:
        db.rows(_ORDERS, scope.values())
        standings.tell(db, standings.NOW, scope.values())
        yield _known(db, scope)
    finally:
        db.rows("ROLLBACK")  # takes the tables with it


def _known(db: Database, scope: Scope) -> Known:
    row = db.row(
        "SELECT count(*) AS orders, count(DISTINCT person) AS customers, sum(spent) AS spent,"
        " sum(net) AS net, min(day) AS first_day, sum(foreign_money) AS other FROM temp.counted"
    )
    nobodys = db.row(_NOBODYS, {"shop": scope.shop, "day": scope.day})
    assert row is not None and nobodys is not None  # noqa: S101, PT018  an aggregate always has a row
    return Known(
        customers=row["customers"],
        prospects=db.value("SELECT count(*) FROM temp.standings WHERE orders = 0"),
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


def month_index(day: date) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1


def month_name(index: int) -> str:
    """2026-10, from `month_index`."""
    return f"{index // 12:04}-{index % 12 + 1:02}"
