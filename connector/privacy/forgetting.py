"""To be forgotten: out of the shop's tags and codes of ours, and out of every table."""

import logging
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from connector.campaigns import State, find_code
from connector.campaigns.issuing import close
from connector.database import Database, milliseconds
from connector.ledger import Planned, customer_of, unsettled
from connector.mirror import ERASED, Forgotten
from connector.mirror.forgotten import Why
from connector.model import Change, DisableCoupon, UpdateTags
from connector.privacy.finding import Traces, as_json, find
from connector.privacy.sentences import blot_out
from connector.push import push
from connector.shop import Shop

log = logging.getLogger(__name__)


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
    """Remove our tags and codes of a person from the shop, and then everything here.

    The shop comes first: if it cannot be reached, nothing is removed and the same command does it later. An
    address is remembered as a hash even if nobody of that name is known; then there is no receipt.

    Raises:
        AdapterError: the shop cannot be reached.
    """
    traces = find(shop.db, shop.key, wanted)
    changes = _farewell(shop.db, shop.key, traces, shop.now())
    refused = push(shop, changes).refused if changes else []
    left = {change for change, _ in refused}
    made = [each.change for each in changes if each.change not in left]
    sentences = [f"{about(change)}: {error}" for change, error in refused]
    return _forget_here(shop.db, shop.key, shop.name, traces, made, sentences, shop.now())


def forget_here(db: Database, shop: int, name: str, wanted: str, now: datetime) -> Receipt | None:
    """The same for a shop that the config no longer names, so that nothing can be taken off there."""
    traces = find(db, shop, wanted)
    why = "the shop is no longer in the config"
    left = [f"{about(each.change)}: {why}" for each in _farewell(db, shop, traces, now)]
    return _forget_here(db, shop, name, traces, [], left, now)


def _forget_here(
    db: Database,
    shop: int,
    name: str,
    traces: Traces,
    made: Sequence[Change],
    left: Sequence[str],
    now: datetime,
) -> Receipt | None:
    records = erase(db, shop, traces, ERASED, now)
    shrink(db)
    if not (traces.ids or traces.orders or traces.codes):
        return None
    return Receipt(
        shop=name,
        at=now,
        records=records,
        orders=len(traces.orders),
        tags_removed=sum(isinstance(each, UpdateTags) for each in made),
        codes_disabled=sum(isinstance(each, DisableCoupon) for each in made),
        left_in_shop=tuple(left),
    )


def _farewell(db: Database, shop: int, traces: Traces, now: datetime) -> list[Planned]:
    """What of ours the shop has of a person: tags, and codes, also those that are over."""
    tags: dict[str, list[str]] = {}
    for row in db.rows(
        "SELECT t.customer_id, t.tag FROM shop_tags AS t JOIN own_tags USING (shop, customer_id, tag_key)"
        " WHERE t.shop = ? AND t.customer_id IN (SELECT value FROM json_each(?)) AND NOT EXISTS ("
        "  SELECT 1 FROM customers AS c"  # with a record that is gone its tags are
        "  WHERE c.shop = t.shop AND c.id = t.customer_id AND c.gone_at IS NOT NULL)",
        (shop, as_json(traces.ids)),
    ):
        tags.setdefault(row["customer_id"], []).append(row["tag"])
    for change in _on_their_way(db, shop, traces):
        tags.setdefault(change.customer_id, []).extend(change.add)
    why = "asked to be forgotten"
    planned = [
        Planned(change=UpdateTags(customer_id=each, remove=tuple(found)), reason=why)
        for each, found in tags.items()
    ]
    codes = (find_code(db, shop, each, now) for each in traces.codes)
    there = [each for each in codes if each is not None and not each.cleaned and each.state != State.REVOKED]
    return planned + [close(None, each, why) for each in there]


def _on_their_way(db: Database, shop: int, traces: Traces) -> list[UpdateTags]:
    """Tags that a push sent before it was interrupted: the shop may have them, although we do not know it."""
    entries = [each for run in unsettled(db, shop).values() for each in run]
    return [
        each.change
        for each in entries
        if isinstance(each.change, UpdateTags) and each.change.customer_id in traces.ids
    ]


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
        # Whoever may come back may get codes again, and those are seen.
        keys = traces.marks if why == ERASED else ()
        Forgotten(connection, shop).add(traces.ids, traces.emails, keys, why, milliseconds(now))
        _erase_approval(connection, shop, traces)
        blot_out(connection, shop, traces)
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
    kept = [
        each
        for each in changes
        if customer_of(each) not in traces.ids and getattr(each, "code", None) not in traces.codes
    ]
    connection.execute("UPDATE approvals SET changes = ? WHERE shop = ?", (as_json(kept), shop))


def shrink(db: Database) -> None:
    """Take what was removed out of the log beside the database, too. Deleted pages are overwritten anyway."""
    is_busy = db.value("PRAGMA wal_checkpoint(TRUNCATE)")  # the first of its three numbers
    if is_busy:
        log.warning(
            "Another program has %s open for long, so what was removed can still be found in that file and in"
            " the one beside it. Close that program; the next run tidies up.",
            db.path,
        )
