"""Who came in the same month, and how many of them ordered in the months after (DEFINITIONS, *Cohort*)."""

from datetime import date

import msgspec

from connector.database import Database
from connector.metrics.counted import Scope, month_index, month_name

MONTHS = 12


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """Customers whose first eligible order was in that month.

    `ordered[k]` and `retention[k]` are of the k-th month after it; None where that month is not over, or
    where nobody is in the cohort.
    """

    month: str  #: 2026-05
    customers: int
    ordered: list[int | None]
    retention: list[float | None]


# Days are counted from the year 1, as Python does; SQLite counts from noon of a day in 4714 BC. The month of
# each day is worked out once: for each of five million orders it would take a minute.
MONTH_OF = "CAST(strftime('%Y', {day} + 1721424.5) AS INTEGER) * 12 + strftime('%m', {day} + 1721424.5) - 1"
_MONTHS = f"""
    INSERT INTO temp.months
    WITH RECURSIVE days(day) AS (SELECT :start UNION ALL SELECT day + 1 FROM days WHERE day < :last)
    SELECT day, {MONTH_OF.format(day="day")} FROM days
"""
# Of a customer's orders in a month the first one counts: the one before it, if any, was in another month.
_COHORTS = """
    SELECT f.month AS cohort, m.month - f.month AS k, count(*) AS customers
    FROM temp.counted AS c CROSS JOIN temp.buyers AS b USING (person)
    JOIN temp.months AS f ON f.day = b.first_day JOIN temp.months AS m ON m.day = c.day
    LEFT JOIN temp.months AS l ON l.day = c.day - c.gap
    WHERE c.day >= :start AND m.month IS NOT l.month
    GROUP BY cohort, k
"""


def cohorts(db: Database, scope: Scope) -> list[Cohort]:
    """The last twelve months, the oldest first, within `counted`. The month of the date is the last."""
    last = month_index(scope.as_of)
    first = last - MONTHS + 1
    start = date(first // 12, first % 12 + 1, 1).toordinal()
    db.rows("DROP TABLE IF EXISTS temp.months")
    db.rows("CREATE TEMP TABLE months (day INTEGER PRIMARY KEY, month INTEGER)")
    db.rows(_MONTHS, {"start": start, "last": scope.as_of.toordinal()})
    rows = db.rows(_COHORTS, {"start": start})
    found = {(row["cohort"], row["k"]): row["customers"] for row in rows}
    return [_cohort(month, last, scope.last_month_over, found) for month in range(first, last + 1)]


def _cohort(month: int, last: int, over: int, found: dict[tuple[int, int], int]) -> Cohort:
    size = found.get((month, 0), 0)
    ordered = [
        found.get((month, k), 0) if month + k <= over and size else None for k in range(last - month + 1)
    ]
    return Cohort(
        month=month_name(month),
        customers=size,
        ordered=ordered,
        retention=[None if count is None else count / size for count in ordered],
    )
