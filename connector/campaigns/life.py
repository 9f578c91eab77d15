"""What happens to codes after they were issued: changed in the shop, lost there, cleaned up, stopped."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from connector.campaigns.adopted import NEVER
from connector.campaigns.campaign import Campaign, Setting
from connector.campaigns.issuing import close
from connector.campaigns.states import Code, State, codes
from connector.database import Database, milliseconds
from connector.ledger import Planned
from connector.mirror import is_plausible

log = logging.getLogger(__name__)

# A shop's search may not know yet what it was given a moment ago; so long a new coupon is not called missing.
SETTLING = timedelta(hours=1)
#: After the shop has refused to disable a code it is not asked again for so long.
LEFT_ALONE_DAYS = 30


def missing(db: Database, shop: int, seen_since: int) -> Sequence[str]:
    """Codes the ledger issued that a complete read of the shop's coupons, begun then, no longer shows.

    A suspiciously empty answer gives none: what is called missing is over for good.
    """
    rows = db.rows(
        "SELECT i.code, c.code IS NULL OR c.read_at < ? AS absent"
        " FROM issued AS i LEFT JOIN coupons AS c USING (shop, code)"
        " WHERE i.shop = ? AND i.state = 'issued' AND i.cleaned_at IS NULL AND i.code NOT IN ("
        "  SELECT json_extract(change, '$.code') FROM changes"
        "  WHERE shop = ? AND state = 'done' AND settled_at >= ?"
        "   AND json_extract(change, '$.type') = 'create-coupon')",
        (seen_since, shop, shop, seen_since - SETTLING // timedelta(milliseconds=1)),
    )
    absent = [row["code"] for row in rows if row["absent"]]
    if not is_plausible(len(absent), len(rows)):
        log.warning(
            "%s of %s codes of ours are missing in the shop. So many at once are taken for a fault of the"
            " shop, so none is called deleted.",
            f"{len(absent):,}",
            f"{len(rows):,}",
        )
        return []
    return absent


def follow_shop(db: Database, shop: int, now: datetime) -> int:
    """Take over what became of our coupons in the shop. Returns how many were switched off there.

    One that ends at another time there (by hand, or with the others on its discount) works so long; without
    an end it works for ever. One that is off although nobody used it was switched off by somebody: it is over
    for good. One that the shop refused and made all the same (it may refuse the half of a change) is there.
    """
    at = {
        "shop": shop,
        "soon": milliseconds(now + SETTLING),
        "settled": milliseconds(now - SETTLING),
        "never": milliseconds(NEVER),
    }
    with db.write() as connection:
        connection.execute(_MADE_ALL_THE_SAME, at)
        connection.execute(_PROLONGED, at)
        switched_off = connection.execute(_SWITCHED_OFF, at).rowcount  # some shops end it by that, too
        connection.execute(_SHORTENED, at)
    return switched_off


_MADE_ALL_THE_SAME = """
    UPDATE issued SET state = 'issued' FROM coupons AS c
    WHERE c.shop = issued.shop AND c.code = issued.code AND c.active AND c.campaign = issued.campaign
        AND c.person_key = issued.person_key AND c.round = issued.round
        AND issued.shop = :shop AND issued.state = 'refused'
"""
_PROLONGED = """
    UPDATE issued SET ends_at = coalesce(c.ends_at, :never) FROM coupons AS c
    WHERE c.shop = issued.shop AND c.code = issued.code AND c.active
        AND coalesce(c.ends_at, :never) > issued.ends_at
        AND issued.shop = :shop AND issued.state = 'issued' AND issued.cleaned_at IS NULL
"""
# What was extended a moment ago may be read as it was before: taken for ended, another would follow it.
_SHORTENED = """
    UPDATE issued SET ends_at = c.ends_at FROM coupons AS c
    WHERE c.shop = issued.shop AND c.code = issued.code AND c.ends_at < issued.ends_at
        AND issued.shop = :shop AND issued.state = 'issued' AND issued.cleaned_at IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM changes AS x WHERE x.shop = issued.shop AND x.state = 'done'
                AND x.settled_at > :settled AND json_extract(x.change, '$.type') = 'extend-coupon'
                AND json_extract(x.change, '$.code') = issued.code
        )
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


def clean_up(
    db: Database, known: Iterable[Code], setting: Setting, campaigns: Mapping[str, Campaign]
) -> list[Planned]:
    """Codes that ended long enough ago, to be disabled in the shop and taken off the customer.

    They are not deleted there: the coupon keeps its mark, so that a restored backup still knows the round.
    One that somebody took back in the shop is taken off the customer at once, who would read it for nothing.
    What the shop refuses to disable (the merchant has made a coupon of his own of it) is left alone for long.
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
        and not _was_refused(db, setting, each)
    ]


def _was_refused(db: Database, setting: Setting, code: Code) -> bool:
    """Whether the shop would not disable it, not long ago."""
    return bool(
        db.value(
            "SELECT EXISTS (SELECT 1 FROM changes WHERE shop = ? AND customer_id = ? AND state = 'refused'"
            " AND settled_at > ? AND json_extract(change, '$.type') = 'disable-coupon'"
            " AND json_extract(change, '$.code') = ?)",
            (setting.shop, code.customer_id, setting.ago(LEFT_ALONE_DAYS), code.code),
        )
    )


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
