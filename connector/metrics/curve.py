"""Of whoever ordered, how many did so again (docs/definitions.md, *The next order*)."""

import msgspec

from connector.database import Database
from connector.metrics.counted import Scope, ratio

#: The last order for which it is asked whether another one followed.
LAST = 5


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Customers whose n-th order there is, and what became of them. `again + waiting + lapsed == reached`."""

    order: int  #: n
    reached: int
    again: int  #: with order n + 1
    waiting: int  #: without one, but their order n is not longer ago than `lapse_days`
    lapsed: int  #: without one, and it is
    share: float | None  #: again / reached
    share_of_settled: float | None  #: again / (again + lapsed): without those who still have time


_CURVE = """
    SELECT orders, count(*) AS customers, sum(:day - last_day <= :lapse) AS waiting
    FROM temp.buyers GROUP BY orders
"""


def curve(db: Database, scope: Scope) -> list[Step]:
    """From the first order to the second, and so on, over all history, within `counted`."""
    rows = {row["orders"]: row for row in db.rows(_CURVE, {"day": scope.day, "lapse": scope.lapse_days})}
    steps = []
    for order in range(1, LAST + 1):
        reached = sum(row["customers"] for count, row in rows.items() if count >= order)
        stayed = rows[order]["customers"] if order in rows else 0
        waiting = rows[order]["waiting"] if order in rows else 0
        again = reached - stayed
        steps.append(
            Step(
                order=order,
                reached=reached,
                again=again,
                waiting=waiting,
                lapsed=stayed - waiting,
                share=ratio(again, reached),
                share_of_settled=ratio(again, reached - waiting),
            )
        )
    return steps
