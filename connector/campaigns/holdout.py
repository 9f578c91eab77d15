"""Who gets nothing, so that the effect of a campaign can be measured.

An assignment is drawn by a keyed hash of campaign and person, written down when the person's turn first
comes, and never changed: another share in the config touches new people only.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from connector.campaigns.codes import Issuer
from connector.database import Database

Arm = Literal["treated", "holdout"]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A person's place in the measurement of a campaign. `share` in thousandths: 0 is no measurement."""

    campaign: str
    person_key: str
    arm: Arm
    share: int


class Arms(msgspec.Struct, frozen=True):
    """Assignments that are written down, by campaign and key."""

    known: Mapping[tuple[str, str], Arm]

    def of(self, campaign: str, keys: Iterable[str]) -> Arm | None:
        """The arm of a person, by any key it was known by. Held out once is held out."""
        found = {self.known.get((campaign, key)) for key in keys}
        return "holdout" if "holdout" in found else "treated" if "treated" in found else None


def read_arms(db: Database, shop: int) -> Arms:
    rows = db.rows("SELECT campaign, person_key, arm FROM assignments WHERE shop = ?", (shop,))
    return Arms({(row["campaign"], row["person_key"]): row["arm"] for row in rows})


def draw(issuer: Issuer, campaign: str, key: str, share: Decimal) -> Assignment:
    """Where chance puts a new person."""
    held_out = issuer.draw(campaign, key, "holdout") < share
    return Assignment(
        campaign=campaign,
        person_key=key,
        arm="holdout" if held_out else "treated",
        share=int(share * 1000),
    )


def write_down(connection: sqlite3.Connection, shop: int, assignments: Sequence[Assignment], at: int) -> None:
    """Record new assignments; one that is known stays."""
    connection.executemany(
        "INSERT OR IGNORE INTO assignments VALUES (?, ?, ?, ?, ?, ?)",
        [(shop, each.campaign, each.person_key, each.arm, each.share, at) for each in assignments],
    )
