"""Customers, orders and value in the days up to the date of the report (DEFINITIONS, *Figures*)."""

import msgspec

from connector.database import Database
from connector.metrics.counted import Scope, ratio

#: Orders from this number on are taken together.
LAST_NUMBER = 5


class OrderNumber(msgspec.Struct, frozen=True, kw_only=True):
    """Orders in the window that were their customer's first, second, … ever."""

    number: int  #: `LAST_NUMBER`: that one or a later one
    orders: int
    aov_spent: float | None
    aov_net_sales: float | None


class Windowed(msgspec.Struct, frozen=True, kw_only=True):
    """One window. Money in minor units, averages unrounded; None where there is nothing to divide by."""

    days: int
    customers: int  #: N, with an order in the window
    repeaters: int  #: N₂, with two or more in it
    returning: int  #: with one in it and one before it
    orders: int  #: O
    spent: int  #: V
    net_sales: int
    repeat_rate: float | None
    returning_rate: float | None
    frequency: float | None
    aov_spent: float | None
    aov_net_sales: float | None
    by_order_number: list[OrderNumber]


_COUNT = """
    SELECT count(*) AS customers, sum(orders >= 2) AS repeaters, sum(first_day <= :start) AS came_again,
        sum(orders) AS orders, sum(spent) AS spent, sum(net) AS net
    FROM (
        SELECT count(*) AS orders, sum(c.spent) AS spent, sum(c.net) AS net,
            b.first_day
        FROM temp.counted AS c JOIN temp.buyers AS b USING (person)
        WHERE c.day > :start GROUP BY c.person
    )
"""
_BY_NUMBER = """
    SELECT min(nth, :last) AS number, count(*) AS orders, sum(spent) AS spent, sum(net) AS net
    FROM temp.counted WHERE day > :start GROUP BY 1 ORDER BY 1
"""


def window(db: Database, scope: Scope, days: int) -> Windowed:
    """Count one window, within `counted`."""
    start = scope.day - days
    row = db.row(_COUNT, {"start": start})
    assert row is not None  # noqa: S101  an aggregate always has a row
    customers, orders = row["customers"], row["orders"] or 0
    spent, net = row["spent"] or 0, row["net"] or 0
    return Windowed(
        days=days,
        customers=customers,
        repeaters=row["repeaters"] or 0,
        returning=row["came_again"] or 0,
        orders=orders,
        spent=spent,
        net_sales=net,
        repeat_rate=ratio(row["repeaters"] or 0, customers),
        returning_rate=ratio(row["came_again"] or 0, customers),
        frequency=ratio(orders, customers),
        aov_spent=ratio(spent, orders),
        aov_net_sales=ratio(net, orders),
        by_order_number=[
            OrderNumber(
                number=each["number"],
                orders=each["orders"],
                aov_spent=ratio(each["spent"], each["orders"]),
                aov_net_sales=ratio(each["net"], each["orders"]),
            )
            for each in db.rows(_BY_NUMBER, {"start": start, "last": LAST_NUMBER})
        ],
    )
