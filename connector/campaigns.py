"""Members to coupons: who gets a code, which code, and within which budget.

Identity of a coupon is (shop, campaign, person, round). Nothing here talks to a shop.
"""

import hashlib
import hmac
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from connector.database import Database
from connector.ledger import Planned
from connector.model import CreateCoupon, Mark
from connector.people import mark_of

# Digits and capitals that cannot be taken for one another; 30 of them make 54 bits in eleven characters.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 11

# A shop's search may not know yet what it was given a moment ago; so long a new coupon is not called missing.
SETTLING = timedelta(hours=1)


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign of one shop, with money in the shop's minor units."""

    name: str
    group: str
    title: str
    percent: int | None = None
    amount: int | None = None
    minimum: int = 0
    valid_days: int = 30
    bound: Literal["customer", "group"] = "customer"
    prefix: str = "SK"
    attribute: str | None = None  #: the customer attribute that receives the code
    budget: int = 0  #: codes in all


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """What codes are derived with: the key file's content and the shop's name."""

    key: bytes
    shop: str

    def code(self, mark: Mark, prefix: str, attempt: int) -> str:
        """The code of a mark. `attempt` counts up where a code is taken by somebody else."""
        text = "\n".join((self.shop, mark.campaign, mark.person, str(mark.round), str(attempt)))
        number = int.from_bytes(hmac.digest(self.key, text.encode(), hashlib.sha256))
        letters = []
        for _ in range(CODE_CHARACTERS):
            number, place = divmod(number, len(ALPHABET))
            letters.append(ALPHABET[place])
        return prefix + "".join(letters)


def key_fingerprint(key: bytes) -> str:
    """Tells whether the key file is the one our codes were derived with, and nothing else about it."""
    return hashlib.sha256(b"stammkunde key\n" + key).hexdigest()


def adopt_known(db: Database, shop: int) -> int:
    """Take in coupons of ours that only the shop knows (a restored backup). Returns how many."""
    with db.write() as connection:
        return connection.execute(
            "INSERT OR IGNORE INTO issued (shop, campaign, person_key, round, code, customer_id, state, run,"
            " starts_at, ends_at, face_value)"
            " SELECT shop, campaign, person_key, round, code, coalesce(customer_id, ''),"
            " CASE WHEN active THEN 'issued' ELSE 'revoked' END, 'adopted', coalesce(starts_at, 0),"
            " coalesce(ends_at, 0), 0 FROM coupons WHERE shop = ?",
            (shop,),
        ).rowcount


def plan(
    db: Database, shop: int, campaign: Campaign, issuer: Issuer, currency: str, now: datetime
) -> list[Planned]:
    """The coupons a campaign would issue now: one a person who never had one, most recently active first."""
    left = campaign.budget - _issued(db, shop, campaign.name)
    if left <= 0:
        return []
    planned: list[Planned] = []
    for row in _candidates(db, shop, campaign):
        if len(planned) == left:
            break
        mark = Mark(campaign.name, mark_of(row["identity"]), 1)
        code = _free_code(db, shop, issuer, mark, campaign.prefix)
        planned.append(_coupon(campaign, mark, code, row, currency, now))
    return planned


def _issued(db: Database, shop: int, campaign: str) -> int:
    """Codes that count against the budget: whatever was planned, unless the shop refused it."""
    return db.value(
        "SELECT count(*) FROM issued WHERE shop = ? AND campaign = ? AND state <> 'refused'", (shop, campaign)
    )


def _candidates(db: Database, shop: int, campaign: Campaign) -> Iterator[sqlite3.Row]:
    """Members with a record in the shop, without a code of this campaign, most recently lapsed first."""
    had = {
        row["person_key"]
        for row in db.rows(
            "SELECT person_key FROM issued WHERE shop = ? AND campaign = ? AND state <> 'refused'",
            (shop, campaign.name),
        )
    }
    rows = db.rows(
        "SELECT p.identity, c.id AS customer_id, ("
        "   SELECT avg(o.total - o.shipping) FROM orders AS o"
        "   WHERE o.person = m.person AND o.uncounted IS NULL AND o.gone_at IS NULL"
        " ) AS goods"
        " FROM groups AS g JOIN members AS m USING (grp) JOIN people AS p USING (person)"
        " JOIN facts AS f USING (person) JOIN customers AS c ON c.customer = p.customer"
        " WHERE g.shop = ? AND g.name = ? AND p.excluded IS NULL AND c.gone_at IS NULL AND g.stale IS NULL"
        " ORDER BY f.last_day DESC, f.tie",
        (shop, campaign.group),
    )
    return (row for row in rows if mark_of(row["identity"]) not in had)


def _free_code(db: Database, shop: int, issuer: Issuer, mark: Mark, prefix: str) -> str:
    """A code that no coupon and no order has. One the shop refused is somebody else's there: never again."""
    for attempt in range(100):
        code = issuer.code(mark, prefix, attempt)
        taken = db.value(
            "SELECT EXISTS (SELECT 1 FROM issued WHERE shop = :shop AND code = :code)"
            " OR EXISTS (SELECT 1 FROM coupons WHERE shop = :shop AND code = :code)"
            " OR EXISTS (SELECT 1 FROM order_codes WHERE shop = :shop AND code = :code)",
            {"shop": shop, "code": code},
        )
        if not taken:
            return code
    raise AssertionError("a hundred derived codes in a row were taken")


def _coupon(
    campaign: Campaign, mark: Mark, code: str, row: sqlite3.Row, currency: str, now: datetime
) -> Planned:
    starts = now.replace(microsecond=0)
    coupon = CreateCoupon(
        mark=mark,
        code=code,
        customer_id=row["customer_id"],
        title=campaign.title,
        percent=campaign.percent,
        amount=campaign.amount,
        currency=currency,
        minimum=campaign.minimum,
        starts_at=starts,
        ends_at=starts + timedelta(days=campaign.valid_days),
        bound=campaign.bound,
        attribute=campaign.attribute,
    )
    return Planned(
        change=coupon,
        reason=f"campaign {campaign.name}",
        face_value=face_value(campaign, round(row["goods"] or 0)),
    )


def face_value(campaign: Campaign, average_goods: int) -> int:
    """What a code may cost, in minor units (DEFINITIONS, *Face value*)."""
    if campaign.amount is not None:
        return campaign.amount
    return max(average_goods, campaign.minimum) * (campaign.percent or 0) // 100


def missing(db: Database, shop: int, seen_since: int) -> Sequence[str]:
    """Codes the ledger issued that a complete read of the shop's coupons, begun then, no longer shows."""
    rows = db.rows(
        "SELECT i.code FROM issued AS i LEFT JOIN coupons AS c USING (shop, code)"
        " WHERE i.shop = ? AND i.state = 'issued' AND i.starts_at < ?"
        " AND (c.code IS NULL OR c.read_at < ?)",
        (shop, seen_since - SETTLING // timedelta(milliseconds=1), seen_since),
    )
    return [row["code"] for row in rows]


def revoke(db: Database, shop: int, codes: Sequence[str]) -> None:
    """Somebody deleted these in the shop: they are over for good and never created again."""
    with db.write() as connection:
        connection.executemany(
            "UPDATE issued SET state = 'revoked' WHERE shop = ? AND code = ?",
            [(shop, each) for each in codes],
        )
        connection.executemany(
            "DELETE FROM coupons WHERE shop = ? AND code = ?", [(shop, each) for each in codes]
        )
