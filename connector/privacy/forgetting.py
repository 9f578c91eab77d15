"""To be forgotten: out of the shop's tags and codes of ours, and out of every table."""

import sqlite3
from datetime import datetime
from pathlib import Path

import msgspec

from connector.campaigns import find_code
from connector.campaigns.issuing import close
from connector.database import Database, milliseconds
from connector.ledger import Planned, customer_of
from connector.mirror import ERASED, Forgotten
from connector.mirror.forgotten import Why
from connector.model import Change, DisableCoupon, UpdateTags
from connector.privacy.finding import Traces, as_json, find
from connector.push import push
from connector.shop import Shop


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What `forget` did in one shop."""

    shop: str
    at: datetime
    records: int  #: customer records removed here
    orders: int  #: orders that now belong to nobody
    tags_removed: int  #: customers of the shop who lost our tags
    codes_disabled: int
    left_in_shop: tuple[str, ...]  #: what the shop refused to change, a sentence each


def forget(shop: Shop, wanted: str) -> Receipt | None:
    """Remove our tags and open codes of a person from the shop, and then everything here.

    The shop comes first: if it cannot be reached, nothing is removed and the same command does it later. An
    address is remembered as a hash even if nobody of that name is known; then there is no receipt.

    Raises:
        AdapterError: the shop cannot be reached.
    """
    traces = find(shop.db, shop.key, wanted)
    changes = _farewell(shop, traces)
    refused = push(shop, changes).refused if changes else []
    records = erase(shop.db, shop.key, traces, ERASED, shop.now())
    shrink(shop.db)
    if not (traces.ids or traces.orders or traces.codes):
        return None
    left = {change for change, _ in refused}
    made = [each.change for each in changes if each.change not in left]
    return Receipt(
        shop=shop.name,
        at=shop.now(),
        records=records,
        orders=len(traces.orders),
        tags_removed=sum(isinstance(each, UpdateTags) for each in made),
        codes_disabled=sum(isinstance(each, DisableCoupon) for each in made),
        left_in_shop=tuple(f"{about(change)}: {error}" for change, error in refused),
    )


def _farewell(shop: Shop, traces: Traces) -> list[Planned]:
    """What of ours the shop has of a person: tags, and codes that could still be used."""
    tags: dict[str, list[str]] = {}
    for row in shop.db.rows(
        "SELECT t.customer_id, t.tag FROM shop_tags AS t JOIN own_tags USING (shop, customer_id, tag_key)"
        " WHERE t.shop = ? AND t.customer_id IN (SELECT value FROM json_each(?))",
        (shop.key, as_json(traces.ids)),
    ):
        tags.setdefault(row["customer_id"], []).append(row["tag"])
    why = "asked to be forgotten"
    planned = [
        Planned(change=UpdateTags(customer_id=each, remove=tuple(found)), reason=why)
        for each, found in tags.items()
    ]
    codes = (find_code(shop.db, shop.key, each, shop.now()) for each in traces.codes)
    return planned + [close(None, each, why) for each in codes if each is not None and each.is_open()]


def about(change: Change) -> str:
    """What a change is about, in a few words."""
    if isinstance(change, UpdateTags):
        return f"tags of customer {change.customer_id}"
    return f"code {change.code}" if isinstance(change, DisableCoupon) else type(change).__name__


def erase(db: Database, shop: int, traces: Traces, why: Why, now: datetime) -> int:
    """Remove people from every table in one transaction, and remember their hashes. Returns how many records.

    Their orders stay as nobody's, so that the shop's turnover stays right.
    """
    script = Path(__file__).with_name("erase.sql").read_text(encoding="utf-8")
    values = traces.values(shop)
    with db.write() as connection:
        Forgotten(connection, shop).add(traces.ids, traces.emails, why, milliseconds(now))
        _erase_approval(connection, shop, traces)
        held = connection.execute(
            "SELECT count(*) FROM customers WHERE shop = :shop AND id IN (SELECT value FROM json_each(:ids))",
            values,
        ).fetchone()[0]
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(statement, values)
    return int(held)


def _erase_approval(connection: sqlite3.Connection, shop: int, traces: Traces) -> None:
    """An approved plan goes on without the person."""
    row = connection.execute("SELECT changes FROM approvals WHERE shop = ?", (shop,)).fetchone()
    if row is None:
        return
    changes = msgspec.json.decode(row["changes"], type=list[Change])
    kept = [each for each in changes if customer_of(each) not in traces.ids]
    connection.execute("UPDATE approvals SET changes = ? WHERE shop = ?", (as_json(kept), shop))


def shrink(db: Database) -> None:
    """Take what was removed out of the log beside the database, too. Deleted pages are overwritten anyway."""
    db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
