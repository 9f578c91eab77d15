"""Days between orders, and when a silence is long enough to be called lapsed (DEFINITIONS, *Figures*)."""

import statistics
from collections import Counter
from datetime import date

import msgspec

from connector.database import Database
from connector.metrics.counted import Known, Scope, ratio
from connector.quantity import counted

# A suggestion from less than this would be a guess.
MONTHS_NEEDED = 24
GAPS_NEEDED = 300

# Bars of the histogram: so many days each, the last one open.
BAR_DAYS = 15
LAST_BAR = 361


class CameBack(msgspec.Struct, frozen=True, kw_only=True):
    """Customers who were ever silent for more than so many days, and those of them who ordered again."""

    lapse_days: int
    lapsed: int
    came_back: int
    share: float | None


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """`lapse_days` as the gaps suggest it, or why there is none."""

    lapse_days: int | None
    why_not: str | None
    came_back: CameBack | None


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """Gaps of so many days, both ends included. `last` None: and longer."""

    first: int
    last: int | None
    gaps: int


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """Whole days between successive orders of a customer, over all history up to the date."""

    count: int
    median: float | None
    second_orders: int
    median_to_second: float | None
    came_back: CameBack  #: by the owner's `lapse_days`
    suggested: Suggestion
    histogram: list[Bar]  #: from 0 days on, every gap in exactly one


def gaps(db: Database, scope: Scope, known: Known) -> Gaps:
    """Measure all gaps, within `counted`."""
    every = _days(db, "gap IS NOT NULL")
    second = _days(db, "nth = 2")
    return Gaps(
        count=len(every),
        median=statistics.median(every) if every else None,
        second_orders=len(second),
        median_to_second=statistics.median(second) if second else None,
        came_back=_came_back(db, scope, scope.lapse_days),
        suggested=_suggest(db, scope, known, every),
        histogram=_histogram(every),
    )


def _histogram(every: list[int]) -> list[Bar]:
    """A gap of 0 is two orders on one day, and stands with the first bar."""
    counts = Counter(min(max(days - 1, 0), LAST_BAR - 1) // BAR_DAYS for days in every)
    firsts = range(1, LAST_BAR + 1, BAR_DAYS)
    return [
        Bar(
            first=first if place else 0,
            last=None if first == LAST_BAR else first + BAR_DAYS - 1,
            gaps=counts[place],
        )
        for place, first in enumerate(firsts)
    ]


def _days(db: Database, which: str) -> list[int]:
    rows = db.rows(f"SELECT gap, count(*) AS n FROM temp.counted WHERE {which} GROUP BY gap ORDER BY gap")
    return list(Counter({row["gap"]: row["n"] for row in rows}).elements())


def _came_back(db: Database, scope: Scope, lapse_days: int) -> CameBack:
    values = {"lapse": lapse_days, "day": scope.day}
    back = "SELECT DISTINCT person FROM temp.counted WHERE gap > :lapse"
    came_back = db.value(f"SELECT count(*) FROM ({back})", values)
    still = db.value(
        f"SELECT count(*) FROM temp.buyers WHERE :day - last_day > :lapse AND person NOT IN ({back})", values
    )
    return CameBack(
        lapse_days=lapse_days,
        lapsed=came_back + still,
        came_back=came_back,
        share=ratio(came_back, came_back + still),
    )


def _suggest(db: Database, scope: Scope, known: Known, every: list[int]) -> Suggestion:
    months = _months(date.fromordinal(known.first_day), scope.as_of) if known.first_day else 0
    if months < MONTHS_NEEDED or len(every) < GAPS_NEEDED:
        why_not = (
            f"it takes {MONTHS_NEEDED} months and {GAPS_NEEDED} gaps;"
            f" so far {counted(months, 'month')} and {counted(len(every), 'gap')}"
        )
        return Suggestion(lapse_days=None, why_not=why_not, came_back=None)
    # The smallest day that at least 9 of 10 gaps do not go beyond; one in between two gaps would hold fewer.
    days = max(every[(len(every) * 9 + 9) // 10 - 1], 1)
    return Suggestion(lapse_days=days, why_not=None, came_back=_came_back(db, scope, days))


def _months(first: date, last: date) -> int:
    """Whole months from one day to another."""
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
