"""What a new customer cost, and when that had come back (DEFINITIONS, *CAC*)."""

from datetime import date
from decimal import Decimal

import msgspec

from connector.database import Database
from connector.metrics.cohorts import MONTH_OF
from connector.metrics.counted import Scope, month_index, month_name, ratio


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """One month for which the owner named a spend. Money in minor units.

    A month that is not over has its spend and nothing else. Margin is net sales x the owner's margin, of the
    customers who were new in that month, up to the last month that is over.
    """

    month: str  #: 2026-10
    spend: int
    customers: int | None  #: new ones: with their first eligible order in it
    cac: float | None  #: spend / customers
    margin_per_customer: float | None
    payback: int | None  #: months after it; 0 is the month itself. None: not yet, or there is no margin


_NET = f"""
    SELECT cohort, month - cohort AS k, count(DISTINCT person) AS customers, sum(net) AS net FROM (
        SELECT c.person, c.net, {MONTH_OF.format(day="b.first_day")} AS cohort,
            {MONTH_OF.format(day="c.day")} AS month
        FROM temp.buyers AS b JOIN temp.counted AS c USING (person)
        WHERE b.first_day >= :first
    ) GROUP BY cohort, k ORDER BY cohort, k
"""


class _Cohort(msgspec.Struct):
    """The new customers of a month, and their net sales by months after it, those that are over."""

    customers: int = 0
    net: dict[int, int] = {}


def acquisition(db: Database, scope: Scope) -> list[Month]:
    """Every month with a spend up to the date, the oldest first, within `counted`."""
    spends = {_index(name): spend for name, spend in scope.acquisition.items()}
    months = sorted(month for month in spends if month <= month_index(scope.as_of))
    if not months:
        return []
    cohorts = _cohorts(db, scope, months[0])
    return [_month(scope, month, spends[month], cohorts.get(month, _Cohort())) for month in months]


def _index(name: str) -> int:
    return month_index(date.fromisoformat(f"{name}-01"))


def _cohorts(db: Database, scope: Scope, first: int) -> dict[int, _Cohort]:
    start = date(first // 12, first % 12 + 1, 1).toordinal()
    found: dict[int, _Cohort] = {}
    for row in db.rows(_NET, {"first": start}):
        cohort = found.setdefault(row["cohort"], _Cohort(net={}))
        if row["k"] == 0:
            cohort.customers = row["customers"]
        if row["cohort"] + row["k"] <= scope.last_month_over:
            cohort.net[row["k"]] = row["net"]
    return found


def _month(scope: Scope, month: int, spend: int, cohort: _Cohort) -> Month:
    name, size, margin = month_name(month), cohort.customers, scope.margin
    if month > scope.last_month_over:
        return Month(
            month=name, spend=spend, customers=None, cac=None, margin_per_customer=None, payback=None
        )
    each = None if margin is None else ratio(float(margin * sum(cohort.net.values())), size)
    return Month(
        month=name,
        spend=spend,
        customers=size,
        cac=ratio(spend, size),
        margin_per_customer=each,
        payback=None if margin is None or not size else _payback(cohort.net, margin, spend),
    )


def _payback(net: dict[int, int], margin: Decimal, spend: int) -> int | None:
    """The first month in which the cumulative margin of the cohort reaches its spend.

    The same as margin per customer reaching CAC, without dividing: both are by the same customers.
    """
    reached = Decimal(0)
    for k in sorted(net):
        reached += margin * net[k]
        if reached >= spend:
            return k
    return None
