"""A, B and C as of a date, with what each class contributes (DEFINITIONS, *ABC*)."""

import msgspec

from connector.database import Database
from connector.metrics.counted import Scope, ratio

CLASSES = ("A", "B", "C")


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """One class. `spent` in the window decided it; shares are of all classes together."""

    name: str
    customers: int
    share_of_customers: float | None
    spent: int
    share_of_spent: float | None
    bought_once: int  #: with one order ever
    share_of_bought_once: float | None


_CLASSES = """
    SELECT class, count(*) AS customers, sum(window_value) AS spent, sum(orders = 1) AS once FROM (
        SELECT orders, window_value, CASE WHEN window_value <= 0 THEN 'C'
            WHEN place = 1 OR reached * 10000 <= :a * total THEN 'A'
            WHEN reached * 10000 <= :b * total THEN 'B' ELSE 'C' END AS class
        FROM (
            SELECT orders, window_value, row_number() OVER in_order AS place,
                sum(max(window_value, 0)) OVER in_order AS reached,
                sum(max(window_value, 0)) OVER () AS total
            FROM temp.buyers WHERE window_orders > 0
            WINDOW in_order AS (ORDER BY window_value DESC, tie ROWS UNBOUNDED PRECEDING)
        )
    ) GROUP BY class
"""


def classes(db: Database, scope: Scope) -> list[Class]:
    """All three classes, within `counted`. Whoever has no order in the window is in none."""
    shares = {"a": int(scope.abc.a * 100), "b": int(scope.abc.b * 100)}
    rows = {row["class"]: row for row in db.rows(_CLASSES, shares)}
    customers, spent, once = (
        sum(row[name] for row in rows.values()) for name in ("customers", "spent", "once")
    )
    return [
        Class(
            name=name,
            customers=(row := rows.get(name, {"customers": 0, "spent": 0, "once": 0}))["customers"],
            share_of_customers=ratio(row["customers"], customers),
            spent=row["spent"],
            share_of_spent=ratio(row["spent"], spent),
            bought_once=row["once"],
            share_of_bought_once=ratio(row["once"], once),
        )
        for name in CLASSES
    ]
