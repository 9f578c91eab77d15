"""Where customers stand, and how many of them were lost (DEFINITIONS, *Lifecycle* and *Churn*)."""

import msgspec

from connector.database import Database
from connector.metrics.counted import Known, Scope, ratio

STAGES = ("beginner", "new", "active", "regular", "potential", "dormant")


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage. `spent` and `net_sales` over all history up to the date, in minor units."""

    name: str
    customers: int
    share: float | None  #: of all customers, those without an order included
    spent: int
    net_sales: int


class Churn(msgspec.Struct, frozen=True, kw_only=True):
    """Who was active at the start of the days before the date, and lapsed at their end."""

    days: int
    lapse_days: int
    active_at_start: int
    lost: int
    rate: float | None
    lapsed_now: int  #: whoever ever ordered, but not in the last `lapse_days`


_STAGES = """
    SELECT stage, count(*) AS customers, sum(spent) AS spent, sum(net) AS net
    FROM temp.standings GROUP BY stage
"""
_CHURN = """
    SELECT count(*) AS active, sum(:day - b.last_day > :lapse) AS lost
    FROM (SELECT person, max(day) AS last_day FROM temp.counted WHERE day <= :start GROUP BY person) AS then_
    JOIN temp.buyers AS b USING (person)
    WHERE :start - then_.last_day <= :lapse
"""


def stages(db: Database, known: Known) -> list[Stage]:
    """Every customer in exactly one stage, within `counted`."""
    rows = {row["stage"]: row for row in db.rows(_STAGES)}
    return [
        Stage(
            name=name,
            customers=(count := rows[name]["customers"] if name in rows else 0),
            share=ratio(count, known.customers + known.prospects),
            spent=rows[name]["spent"] if name in rows else 0,
            net_sales=rows[name]["net"] if name in rows else 0,
        )
        for name in STAGES
    ]


def churn(db: Database, scope: Scope, days: int) -> Churn:
    """Churn in the days up to the date, within `counted`."""
    values = {"day": scope.day, "start": scope.day - days, "lapse": scope.lapse_days}
    row = db.row(_CHURN, values)
    assert row is not None  # noqa: S101  an aggregate always has a row
    return Churn(
        days=days,
        lapse_days=scope.lapse_days,
        active_at_start=row["active"],
        lost=row["lost"] or 0,
        rate=ratio(row["lost"] or 0, row["active"]),
        lapsed_now=db.value("SELECT count(*) FROM temp.buyers WHERE :day - last_day > :lapse", values),
    )
