"""The first look at a shop."""

from collections.abc import Mapping
from datetime import date

import msgspec

from connector.database import Database


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The first look at a shop. Money in minor units; *spent*, all of the mirrored history."""

    customers: int  #: people of whom the shop keeps a record, left-out ones aside
    orders: int  #: eligible orders, left-out people aside
    spent: int
    first_order: date | None
    left_out: Mapping[str, int]  #: people, by why
    not_counted: Mapping[str, int]  #: orders, by why
    other_currency: int  #: eligible orders without an amount in the shop's currency
    buyers: int  #: people with at least one eligible order
    bought_once: int
    regulars: int  #: at least four eligible orders, not lapsed
    regulars_spent: int
    lapsed: int  #: buyers without an order for `lapse_days`
    lapse_days: int

    def share_bought_once(self) -> float:
        return self.bought_once / self.buyers if self.buyers else 0.0

    def share_of_sales(self) -> float:
        """Part of what was spent that regulars spent."""
        return self.regulars_spent / self.spent if self.spent else 0.0


def overview(db: Database, shop: int, today: date, lapse_days: int) -> Overview:
    """Count from the facts as they were last worked out."""
    row = db.row(_PEOPLE, {"shop": shop, "lapsed_before": today.toordinal() - lapse_days})
    assert row is not None  # noqa: S101  an aggregate always has a row
    left_out = db.rows(
        "SELECT excluded, count(*) AS n FROM people WHERE shop = ? AND excluded IS NOT NULL"
        " GROUP BY excluded ORDER BY n DESC, excluded",
        (shop,),
    )
    orders = db.rows(_ORDERS, {"shop": shop})
    counted = next((each for each in orders if each["why"] is None), None)
    return Overview(
        customers=db.value(
            "SELECT count(DISTINCT c.person) FROM customers AS c JOIN people AS p USING (person)"
            " WHERE c.shop = ? AND c.gone_at IS NULL AND p.excluded IS NULL",
            (shop,),
        ),
        orders=counted["n"] if counted else 0,
        spent=(counted["spent"] or 0) if counted else 0,
        first_order=date.fromordinal(counted["first_day"]) if counted else None,
        left_out={each["excluded"]: each["n"] for each in left_out},
        not_counted={each["why"]: each["n"] for each in orders if each["why"] is not None},
        other_currency=counted["other_currency"] if counted else 0,
        buyers=row["buyers"] or 0,
        bought_once=row["once"] or 0,
        regulars=row["regulars"] or 0,
        regulars_spent=row["regulars_spent"] or 0,
        lapsed=row["lapsed"] or 0,
        lapse_days=lapse_days,
    )


_PEOPLE = """
    SELECT sum(orders >= 1) AS buyers, sum(orders = 1) AS once,
        sum(orders >= 4 AND last_day >= :lapsed_before) AS regulars,
        sum(spent) FILTER (WHERE orders >= 4 AND last_day >= :lapsed_before) AS regulars_spent,
        sum(orders >= 1 AND last_day < :lapsed_before) AS lapsed
    FROM facts AS f JOIN people AS p USING (person)
    WHERE f.shop = :shop AND p.excluded IS NULL
"""
_ORDERS = """
    SELECT CASE WHEN o.gone_at IS NOT NULL THEN 'gone' ELSE o.uncounted END AS why, count(*) AS n,
        sum(o.spent) AS spent, min(o.day) AS first_day, sum(o.spent IS NULL) AS other_currency
    FROM orders AS o LEFT JOIN people AS p USING (person)
    WHERE o.shop = :shop AND p.excluded IS NULL
    GROUP BY why
"""
