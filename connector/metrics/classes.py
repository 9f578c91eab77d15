"""A, B and C as of a date, with what each class contributes (DEFINITIONS, *ABC*)."""

import msgspec

from connector.database import Database
from connector.metrics.counted import ratio

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
    SELECT abc, count(*) AS customers, sum(window_value) AS spent, sum(orders = 1) AS once
    FROM temp.standings WHERE abc IS NOT NULL GROUP BY abc
"""


def classes(db: Database) -> list[Class]:
    """All three classes, within `counted`. Whoever has no order in the window is in none."""
    rows = {row["abc"]: row for row in db.rows(_CLASSES)}
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
