"""Recency, frequency and monetary value: scores and the eleven groups (DEFINITIONS, *RFM*)."""

import msgspec

from connector.database import Database
from connector.metrics.counted import Known, ratio

#: The name of each (R, FM): by R, the FM from which on a name holds, the highest first. Shopify publishes the
#: names, what each means in words, and FM = (F + M) / 2 (help page "RFM customer analysis", enum
#: CustomerRfmGroup); the limits are ours, drawn after those words. docs/definitions.md shows the same table.
NAMES: dict[int, tuple[tuple[float, str], ...]] = {
    5: ((4.0, "CHAMPIONS"), (2.0, "ACTIVE"), (1.0, "NEW")),
    4: ((4.0, "LOYAL"), (2.0, "ACTIVE"), (1.0, "PROMISING")),
    3: ((4.0, "LOYAL"), (2.0, "NEEDS_ATTENTION"), (1.0, "PROMISING")),
    2: ((4.5, "PREVIOUSLY_LOYAL"), (3.0, "AT_RISK"), (1.0, "ALMOST_LOST")),
    1: ((4.5, "PREVIOUSLY_LOYAL"), (3.0, "AT_RISK"), (1.0, "DORMANT")),
}
PROSPECTS = "PROSPECTS"
GROUPS = (
    "CHAMPIONS",
    "LOYAL",
    "ACTIVE",
    "NEW",
    "PROMISING",
    "NEEDS_ATTENTION",
    "ALMOST_LOST",
    "AT_RISK",
    "PREVIOUSLY_LOYAL",
    "DORMANT",
    PROSPECTS,
)


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Customers with the same three scores. `spent` over all history up to the date, in minor units."""

    recency: int
    frequency: int
    monetary: int
    group: str
    customers: int
    spent: int

    @property
    def fm(self) -> float:
        return (self.frequency + self.monetary) / 2


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One of the eleven groups."""

    name: str
    customers: int
    share: float | None  #: of all customers, those without an order included
    spent: int


class Rfm(msgspec.Struct, frozen=True, kw_only=True):
    """All groups, and the scores they come from. Monetary is *spent*."""

    groups: list[Group]
    cells: list[Cell]


# rank() is the lowest rank among equal values, and the worst comes first.
_CELLS = """
    SELECT r, f, m, count(*) AS customers, sum(spent) AS spent FROM (
        SELECT spent,
            (5 * rank() OVER (ORDER BY last_day) + n - 1) / n AS r,
            (5 * rank() OVER (ORDER BY orders) + n - 1) / n AS f,
            (5 * rank() OVER (ORDER BY spent) + n - 1) / n AS m
        FROM temp.buyers, (SELECT count(*) AS n FROM temp.buyers)
    ) GROUP BY r, f, m ORDER BY r DESC, f DESC, m DESC
"""


def name_of(recency: int, frequency: int, monetary: int) -> str:
    """The group of somebody with these scores."""
    fm = (frequency + monetary) / 2
    return next(name for least, name in NAMES[recency] if fm >= least)


def rfm(db: Database, known: Known) -> Rfm:
    """Score everybody who ordered, within `counted`."""
    cells = [
        Cell(
            recency=row["r"],
            frequency=row["f"],
            monetary=row["m"],
            group=name_of(row["r"], row["f"], row["m"]),
            customers=row["customers"],
            spent=row["spent"],
        )
        for row in db.rows(_CELLS)
    ]
    return Rfm(groups=[_group(name, cells, known) for name in GROUPS], cells=cells)


def _group(name: str, cells: list[Cell], known: Known) -> Group:
    own = [each for each in cells if each.group == name]
    customers = known.prospects if name == PROSPECTS else sum(each.customers for each in own)
    return Group(
        name=name,
        customers=customers,
        share=ratio(customers, known.customers + known.prospects),
        spent=sum(each.spent for each in own),
    )
