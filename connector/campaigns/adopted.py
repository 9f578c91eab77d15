"""Coupons of ours that only the shop knew: after a restored backup the ledger takes them in."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from connector.campaigns.campaign import Campaign, Setting
from connector.campaigns.candidates import people
from connector.campaigns.coupon import face_value
from connector.database import Database, milliseconds
from connector.people import mark_of

#: The end of a coupon that has none: no day that a calendar cannot reckon with.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)


def adopt_known(db: Database, shop: int, now: datetime) -> int:
    """Take in coupons of ours that only the shop knows. Returns how many.

    One that is not active and has not ended was disabled by somebody: it is over. One that does not say when
    it began begins for us now, so that a cool-down is rather too long than too short.
    """
    at = {"shop": shop, "now": milliseconds(now), "never": milliseconds(NEVER)}
    with db.write() as connection:
        return connection.execute(_ADOPT, at).rowcount


_ADOPT = """
    INSERT OR IGNORE INTO issued (shop, campaign, person_key, round, code, customer_id, state, run,
        starts_at, ends_at, face_value, handed_at)
    SELECT shop, campaign, person_key, round, code, coalesce(customer_id, ''),
        CASE WHEN active OR ends_at <= :now THEN 'issued' ELSE 'revoked' END, 'adopted',
        coalesce(starts_at, min(:now, coalesce(ends_at, :now))), coalesce(ends_at, :never), 0,
        coalesce(starts_at, :now)
    FROM coupons WHERE shop = :shop
"""


def unappraised(db: Database, shop: int) -> list[sqlite3.Row]:
    """Adopted codes of which it is not known yet whose they are, or what they may cost."""
    return db.rows(
        "SELECT code, campaign, person_key, customer_id FROM issued"
        " WHERE shop = ? AND run = 'adopted' AND terms IS NULL AND (face_value = 0 OR customer_id = '')",
        (shop,),
    )


def appraise(
    db: Database, setting: Setting, campaigns: Sequence[Campaign], rows: Sequence[sqlite3.Row]
) -> None:
    """Say whose these adopted codes are and what they may cost.

    A shop tells neither of a code that anybody may use: the mark tells whose it is, and the campaign what it
    gives (DEFINITIONS, *Face value*). Facts must have been worked out.
    """
    named = {each.name: each for each in campaigns}
    persons = _persons(db, setting.shop, rows)
    found = {each.person: each for each in people(db, setting, sorted(set(persons.values())))}
    with db.write() as connection:
        for row in rows:
            campaign, person = named.get(row["campaign"]), found.get(persons.get(row["person_key"], -1))
            goods, shipping = (person.goods, person.shipping) if person else (0, 0)
            connection.execute(
                "UPDATE issued SET face_value = ?, customer_id = ? WHERE shop = ? AND code = ?",
                (
                    face_value(campaign, goods, shipping) if campaign else 0,
                    row["customer_id"] or (person.customer_id if person else None) or "",
                    setting.shop,
                    row["code"],
                ),
            )


def _persons(db: Database, shop: int, rows: Sequence[sqlite3.Row]) -> dict[str, int]:
    """Who is meant by the keys in these marks, as far as they are known."""
    keys = {row["person_key"] for row in rows}
    accounts = db.rows(
        "SELECT id, person FROM customers WHERE shop = ? AND NOT guest AND person IS NOT NULL"
        " AND id IN (SELECT value FROM json_each(?))",
        (shop, msgspec.json.encode([key[1:] for key in keys if key.startswith("c")]).decode()),
    )
    found = {mark_of(f"c:{row['id']}"): row["person"] for row in accounts}
    if any(key.startswith("g") for key in keys):
        guests = db.rows("SELECT person, identity FROM people WHERE shop = ? AND identity > 'g'", (shop,))
        found |= {mark_of(row["identity"]): row["person"] for row in guests}
    return {key: found[key] for key in keys if key in found}
