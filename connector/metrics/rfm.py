"""Recency, frequency and monetary value: scores and the eleven groups (DEFINITIONS, *RFM*)."""

import msgspec

from connector.database import Database
from connector.metrics.counted import Known, ratio
from connector.rfm import GROUPS, NAMES, PROSPECTS, name_of

__all__ = ["GROUPS", "NAMES", "PROSPECTS", "Cell", "Group", "Rfm", "name_of", "rfm"]


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


_CELLS = """
    SELECT r, f, m, count(*) AS customers, sum(spent) AS spent FROM temp.standings
    WHERE r IS NOT NULL GROUP BY r, f, m ORDER BY r DESC, f DESC, m DESC
"""


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
