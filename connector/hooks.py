"""Webhooks: hints about what to read again. Stored before they are answered, worked off by a read by id.

A flood of them is many hints about few records, and a record is read once for all of them. What is lost on
the way is found by the next pull.
"""

import logging
from datetime import datetime, timedelta

from connector import outbox, privacy
from connector.database import Database, milliseconds
from connector.model import Event, Feature, Kind
from connector.shop import Shop

log = logging.getLogger(__name__)

# So many records one lookup asks for.
LOOKUP = 100
# Platforms repeat a delivery for two days at the most.
REMEMBERED = timedelta(days=7)
# More waiting than this, and the next pull is the quicker way.
MOST = 20_000


def note(db: Database, shop: int, event: Event, now: datetime) -> bool:
    """Note what a verified delivery is about. Returns whether there is something to read."""
    at = milliseconds(now)
    with db.write() as connection:
        if event.id:
            # One deed in the shop has one id in the deliveries of all its topics.
            known = f"{event.id} {event.topic} {event.record_id}"
            seen = connection.execute("INSERT OR IGNORE INTO hooks_seen VALUES (?, ?, ?)", (shop, known, at))
            if not seen.rowcount:
                return False
            forgotten = milliseconds(now - REMEMBERED)
            connection.execute("DELETE FROM hooks_seen WHERE received_at < ?", (forgotten,))
        what = event.wish or event.kind
        if what is None or (event.wish is None and (event.record_id is None or _waiting(db, shop) >= MOST)):
            return False
        connection.execute(
            "INSERT OR REPLACE INTO hooks VALUES (?, ?, ?, ?)", (shop, what, event.record_id or "", at)
        )
    return True


def _waiting(db: Database, shop: int) -> int:
    return db.value("SELECT count(*) FROM (SELECT 1 FROM hooks WHERE shop = ? LIMIT ?)", (shop, MOST))


def work_off(shop: Shop) -> int:
    """Read what was noted. Returns how many records. The caller holds the shop's lock."""
    read = 0
    for kind in Kind:
        if kind is not Kind.PRODUCTS or Feature.PRODUCTS in shop.info().features:
            read += _read(shop, kind)
    return read + _grant_wishes(shop)


def _grant_wishes(shop: Shop) -> int:
    """Erase whom the platform asks to erase; of what only the owner can do, tell the owner."""
    rows = shop.db.rows(
        "SELECT kind, record_id FROM hooks WHERE shop = ? AND kind IN ('erase', 'access', 'erase-shop')",
        (shop.key,),
    )
    for row in rows:
        if row["kind"] == "erase":
            _forget(shop, row["record_id"])
        else:
            sentence = _for_the_owner(shop, row["kind"]).format(shop=shop.name, id=row["record_id"])
            log.warning("%s", sentence)
            outbox.alert(shop.db, shop.key, shop.name, shop.config, "privacy", sentence, shop.now())
        with shop.db.write() as connection:
            connection.execute(
                "DELETE FROM hooks WHERE shop = ? AND kind = ? AND record_id = ?", (shop.key, *row)
            )
    return len(rows)


def _forget(shop: Shop, record_id: str) -> None:
    """What the shop refused to change is told to the owner, who sees no receipt. Nothing of it is kept."""
    receipt = privacy.forget(shop, record_id)
    log.info("%s: the platform asked to forget somebody: done", shop.name)
    for left in receipt.left_in_shop if receipt is not None else ():
        log.warning("Somebody was forgotten as the platform asked; left in %s: %s", shop.name, left)
    if receipt is not None and receipt.left_in_shop:
        sentence = (
            f"Somebody was forgotten as the platform asked; what was left in {shop.name} is in the log."
        )
        outbox.alert(shop.db, shop.key, shop.name, shop.config, "privacy", sentence, shop.now())


_ACCESS = "Customer {id} of {shop} asks what is stored: `stammkunde subject {id} --shop {shop}` shows it."
_ERASE_SHOP = (
    "The platform asks to erase all data of {shop}, as after an app is removed. If that is meant, remove"
    " [shops.{shop}] from the config"
)
_ONLY_SHOP = _ERASE_SHOP + " and delete the database."
# What the ledger knows of the other shops, their tags and codes, would be gone with the database.
_ONE_OF_SEVERAL = (
    _ERASE_SHOP
    + ". Do not delete the database, which has other shops too. No command removes one shop of several:"
    " `stammkunde forget E-MAIL` removes one customer, from every shop."
)


def _for_the_owner(shop: Shop, kind: str) -> str:
    if kind == "access":
        return _ACCESS
    others = shop.db.value("SELECT count(*) FROM shops WHERE shop <> ?", (shop.key,))
    return _ONE_OF_SEVERAL if others else _ONLY_SHOP


def _read(shop: Shop, kind: Kind) -> int:
    rows = shop.db.rows(
        "SELECT record_id, received_at FROM hooks WHERE shop = ? AND kind = ? ORDER BY received_at",
        (shop.key, kind),
    )
    for start in range(0, len(rows), LOOKUP):
        some = rows[start : start + LOOKUP]
        _read_some(shop, kind, [row["record_id"] for row in some])
        with shop.db.write() as connection:  # not those that another hint named again during the read
            connection.executemany(
                "DELETE FROM hooks WHERE shop = ? AND kind = ? AND record_id = ? AND received_at = ?",
                [(shop.key, kind, *row) for row in some],
            )
    return len(rows)


def _read_some(shop: Shop, kind: Kind, ids: list[str]) -> None:
    copy = shop.mirror()
    is_proof = Feature.DELETIONS in shop.info().features
    for page in shop.adapter.by_id(kind, ids):
        copy.store_fresh(page.records, {kind: page.gone} if is_proof else {}, shop.now())
