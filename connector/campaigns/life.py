"""What happens to codes after they were issued: found again, lost, cleaned up, stopped."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from connector.campaigns.campaign import Campaign, Setting
from connector.campaigns.issuing import close
from connector.campaigns.states import Code, State, codes
from connector.database import Database, milliseconds
from connector.ledger import Planned

# A shop's search may not know yet what it was given a moment ago; so long a new coupon is not called missing.
SETTLING = timedelta(hours=1)


def adopt_known(db: Database, shop: int, now: datetime) -> int:
    """Take in coupons of ours that only the shop knows (a restored backup). Returns how many.

    One that is not active and has not ended was disabled by somebody: it is over.
    """
    with db.write() as connection:
        return connection.execute(
            "INSERT OR IGNORE INTO issued (shop, campaign, person_key, round, code, customer_id, state, run,"
            " starts_at, ends_at, face_value, handed_at)"
            " SELECT shop, campaign, person_key, round, code, coalesce(customer_id, ''),"
            " CASE WHEN active OR ends_at <= ?2 THEN 'issued' ELSE 'revoked' END, 'adopted',"
            " coalesce(starts_at, 0), coalesce(ends_at, 0), 0, coalesce(starts_at, 0)"
            " FROM coupons WHERE shop = ?1",
            (shop, milliseconds(now)),
        ).rowcount


def missing(db: Database, shop: int, seen_since: int) -> Sequence[str]:
    """Codes the ledger issued that a complete read of the shop's coupons, begun then, no longer shows."""
    rows = db.rows(
        "SELECT i.code FROM issued AS i LEFT JOIN coupons AS c USING (shop, code)"
        " WHERE i.shop = ? AND i.state = 'issued' AND i.starts_at < ? AND i.cleaned_at IS NULL"
        " AND (c.code IS NULL OR c.read_at < ?)",
        (shop, seen_since - SETTLING // timedelta(milliseconds=1), seen_since),
    )
    return [row["code"] for row in rows]


def follow_shop(db: Database, shop: int, now: datetime) -> int:
    """Take over what became of our coupons in the shop. Returns how many were switched off there.

    One that ends later there (prolonged by hand, or with the others on its discount) works longer. One that
    is off although nobody used it was switched off by somebody: it is over for good.
    """
    at = {"shop": shop, "soon": milliseconds(now + SETTLING)}
    with db.write() as connection:
        connection.execute(_PROLONGED, at)
        return connection.execute(_SWITCHED_OFF, at).rowcount


_PROLONGED = """
    UPDATE issued SET ends_at = c.ends_at FROM coupons AS c
    WHERE c.shop = issued.shop AND c.code = issued.code AND c.active AND c.ends_at > issued.ends_at
        AND issued.shop = :shop AND issued.state = 'issued' AND issued.cleaned_at IS NULL
"""
_SWITCHED_OFF = """
    UPDATE issued SET state = 'revoked' FROM coupons AS c
    WHERE c.shop = issued.shop AND c.code = issued.code AND NOT c.active AND c.used = 0
        AND issued.shop = :shop AND issued.state = 'issued' AND issued.cleaned_at IS NULL
        AND issued.ends_at > :soon AND NOT EXISTS (
            SELECT 1 FROM order_codes AS k JOIN orders AS o USING (order_key)
            WHERE k.shop = issued.shop AND k.code = issued.code AND o.gone_at IS NULL AND NOT o.test
        )
"""


def revoke(db: Database, shop: int, lost: Sequence[str]) -> None:
    """Somebody deleted these in the shop: they are over for good and never created again."""
    with db.write() as connection:
        connection.executemany(
            "UPDATE issued SET state = 'revoked' WHERE shop = ? AND code = ?",
            [(shop, each) for each in lost],
        )
        connection.executemany(
            "DELETE FROM coupons WHERE shop = ? AND code = ?", [(shop, each) for each in lost]
        )


def clean_up(known: Iterable[Code], setting: Setting, campaigns: Mapping[str, Campaign]) -> list[Planned]:
    """Codes that ended long enough ago, to be disabled in the shop and taken off the customer.

    They are not deleted there: the coupon keeps its mark, so that a restored backup still knows the round.
    One that somebody took back in the shop is taken off the customer at once, who would read it for nothing.
    """
    before = setting.now - timedelta(days=setting.cleanup_days)
    return [
        close(campaigns.get(each.campaign), each, "over")
        for each in known
        if not each.cleaned
        and (
            (each.state in {State.EXPIRED, State.RELEASED} and each.ends_at <= before)
            or (each.state is State.REVOKED and each.terms is not None and each.terms.attribute is not None)
        )
    ]


def carriers(known: Iterable[Code], campaigns: Iterable[Campaign]) -> list[tuple[str, str, str]]:
    """(customer, tag, why): who carries a campaign's own tag, for holding an open code of it."""
    tags = {each.name: each.tag for each in campaigns if each.tag is not None}
    return [
        (each.customer_id, tag, f"holds {each.code}")
        for each in known
        if each.state in {State.ISSUED, State.HANDED_OVER}
        and each.customer_id
        and (tag := tags.get(each.campaign)) is not None
    ]


def stopped(db: Database, shop: int) -> frozenset[str]:
    """Campaigns that issue nothing until they are started again."""
    rows = db.rows("SELECT campaign FROM stopped_campaigns WHERE shop = ?", (shop,))
    return frozenset(row["campaign"] for row in rows)


def set_stopped(db: Database, shop: int, campaign: str, now: datetime | None) -> None:
    """Stop a campaign from issuing, or with None let it go on."""
    with db.write() as connection:
        if now is None:
            connection.execute(
                "DELETE FROM stopped_campaigns WHERE shop = ? AND campaign = ?", (shop, campaign)
            )
        else:
            connection.execute(
                "INSERT OR REPLACE INTO stopped_campaigns VALUES (?, ?, ?)",
                (shop, campaign, milliseconds(now)),
            )


def disable_open(db: Database, setting: Setting, name: str, campaign: Campaign | None) -> list[Planned]:
    """Every unredeemed code of a campaign that somebody could still use."""
    return [
        close(campaign, each, "campaign stopped")
        for each in codes(db, setting.shop, setting.now, campaign=name)
        if each.state in {State.ISSUED, State.HANDED_OVER, State.RELEASED} and not each.cleaned
    ]
