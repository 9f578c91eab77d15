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
    """
    before = setting.now - timedelta(days=setting.cleanup_days)
    return [
        close(campaigns.get(each.campaign), each, "over")
        for each in known
        if each.state in {State.EXPIRED, State.RELEASED} and not each.cleaned and each.ends_at <= before
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
