"""One shop's mirror: reads in progress, watermarks, sweeps, and what our own pushes changed."""

import logging
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import msgspec

from connector.adapter import Page
from connector.database import Database, milliseconds, moment
from connector.mirror import rows
from connector.mirror.forgotten import Forgotten
from connector.mirror.records import KEYS, TABLES, Writer
from connector.mirror.terms import OBJECTION, PERSONAL, Terms
from connector.model import (
    Change,
    Coupon,
    CreateCoupon,
    DisableCoupon,
    ExtendCoupon,
    Kind,
    Record,
    ShopInfo,
    Tagging,
    UpdateTags,
    why_not_counted,
)

log = logging.getLogger(__name__)

#: Larger than the clock skew and indexing delay seen; what is read twice is recognised as such.
OVERLAP = timedelta(minutes=10)

# The watermark of a shop in which nothing was seen yet: the next read asks for everything again.
NEVER = 0

# An answer without more than this share of what we hold is taken for a fault of the shop, not for deletions.
PLAUSIBLE_SHARE = 0.5
PLAUSIBLE_FROM = 20

#: How far inside the window that the shop lets us see an order must lie for its absence to mean something.
#: The window moves on while we read, and orders that leave it meanwhile are not deleted.
EDGE = timedelta(days=1)

# Where the shop has no lookup by id, absence must be seen by this many completed sweeps.
SWEEPS_NEEDED = 2


class Read(msgspec.Struct, kw_only=True):
    """A read in progress, as stored. Times are database milliseconds."""

    kind: str
    since: int | None
    began_at: int
    newest: int | None = None
    checkpoint: str | None = None
    records: int = 0

    def since_moment(self) -> datetime | None:
        return None if self.since is None else moment(self.since)


def open_shop(db: Database, name: str) -> int:
    """The key of a shop, new or known."""
    found = db.value("SELECT shop FROM shops WHERE name = ?", (name,))
    if not found:
        with db.write() as connection:
            connection.execute("INSERT OR IGNORE INTO shops (name) VALUES (?)", (name,))
        found = db.value("SELECT shop FROM shops WHERE name = ?", (name,))
    return found


def remember_shop(db: Database, shop: int, info: ShopInfo, now: datetime) -> None:
    """Keep what `check` found."""
    with db.write() as connection:
        connection.execute(
            "UPDATE shops SET info = ?, currency = ?, time_zone = ?, checked_at = ? WHERE shop = ?",
            (rows.json_text(info), info.currency, info.time_zone, milliseconds(now), shop),
        )


def is_plausible(absent: int, held: int) -> bool:
    """Whether so many of so many can have been deleted; else the shop gave a suspiciously empty answer."""
    return held < PLAUSIBLE_FROM or absent <= held * PLAUSIBLE_SHARE


def shop_info(db: Database, shop: int) -> ShopInfo | None:
    """What the last `check` found, or None before the first."""
    row = db.row("SELECT info FROM shops WHERE shop = ?", (shop,))
    return msgspec.json.decode(row["info"], type=ShopInfo) if row and row["info"] else None


class Mirror:
    """The rows of one shop. Whoever writes holds the shop's lock."""

    def __init__(self, db: Database, shop: int, terms: Terms) -> None:
        self.db = db
        self.shop = shop
        self.terms = terms

    def begin(self, kind: str, now: datetime, *, full: bool = False, back: timedelta = timedelta()) -> Read:
        """Resume the stored read of this kind, or begin one behind the last watermark.

        Args:
            full: read everything, whatever was read before; a full read in progress is resumed.
            back: how much further back records change without a trace.
        """
        row = self.db.row("SELECT * FROM reads WHERE shop = ? AND kind = ?", (self.shop, kind))
        if row is not None and not (full and row["since"] is not None):
            return Read(**{name: row[name] for name in Read.__struct_fields__})
        read = Read(kind=kind, since=None if full else self._since(kind, back), began_at=milliseconds(now))
        with self.db.write() as connection:
            connection.execute("DELETE FROM sweep WHERE shop = ? AND kind = ?", (self.shop, kind))
            connection.execute(
                "INSERT OR REPLACE INTO reads (shop, kind, since, began_at) VALUES (?, ?, ?, ?)",
                (self.shop, kind, read.since, read.began_at),
            )
        return read

    def _since(self, kind: str, back: timedelta) -> int | None:
        row = self.db.row("SELECT watermark FROM watermarks WHERE shop = ? AND kind = ?", (self.shop, kind))
        if row is None or row["watermark"] == NEVER:
            return None
        return int(row["watermark"]) - max(OVERLAP, back) // timedelta(milliseconds=1)

    def store(self, read: Read, page: Page[Record]) -> int:
        """Commit one page together with its checkpoint. Returns how many records were new or changed."""
        with self.db.write() as connection:
            writer = Writer(connection, self.shop, self.terms, read.began_at)
            changed = writer.write(page.records)
            writer.mark_gone(Kind(read.kind), page.gone)
            stamps = [milliseconds(each.updated_at) for each in page.records if each.updated_at is not None]
            self._advance(connection, read, page, max(stamps, default=None))
        return changed

    def store_ids(self, read: Read, page: Page[str]) -> None:
        """Commit one page of a sweep."""
        with self.db.write() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO sweep (shop, kind, id) VALUES (?, ?, ?)",
                [(self.shop, read.kind, each) for each in page.records],
            )
            self._advance(connection, read, page, None)

    def store_coupons(self, read: Read, page: Page[Coupon]) -> None:
        """Commit one page of our coupons as the shop has them."""
        with self.db.write() as connection:
            kept = Forgotten(connection, self.shop).sift_coupons(page.records)
            connection.executemany(
                "INSERT OR REPLACE INTO coupons VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [rows.coupon_row(self.shop, each, read.began_at) for each in kept],
            )
            stamps = [milliseconds(each.updated_at) for each in page.records if each.updated_at is not None]
            self._advance(connection, read, page, max(stamps, default=None))

    def store_taggings(self, read: Read, page: Page[Tagging], prefix: str) -> None:
        """Commit one page of tags where the change feed of customers does not show them."""
        with self.db.write() as connection:
            kept = Forgotten(connection, self.shop).sift_taggings(page.records)
            connection.executemany(
                "DELETE FROM shop_tags WHERE shop = ?1 AND customer_id = ?2"
                " AND substr(tag_key, 1, length(?3)) = ?3",
                [(self.shop, each.customer_id, prefix) for each in page.records],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO shop_tags VALUES (?, ?, ?, ?)",
                [
                    (self.shop, each.customer_id, tag.casefold(), tag)
                    for each in kept
                    for tag in each.tags
                    if self.terms.is_ours(tag)
                ],
            )
            for each in kept:
                if objections := tuple(tag for tag in each.tags if self.terms.is_objection(tag)):
                    self._apply_tags(connection, UpdateTags(customer_id=each.customer_id, add=objections))
            connection.executemany(
                "INSERT OR IGNORE INTO sweep (shop, kind, id) VALUES (?, ?, ?)",
                [(self.shop, read.kind, each.customer_id) for each in page.records],
            )
            self._advance(connection, read, page, None)

    def store_fresh(
        self, records: Sequence[Record], gone: Mapping[Kind, Sequence[str]], now: datetime
    ) -> int:
        """Keep the answer of a read by id, outside any watermark."""
        inside = {Kind.ORDERS: self._provable_from(now)}
        with self.db.write() as connection:
            writer = Writer(connection, self.shop, self.terms, milliseconds(now))
            changed = writer.write(records)
            for kind, ids in gone.items():
                writer.mark_gone(kind, ids, placed_from=inside.get(kind))
        return changed

    def _advance(
        self, connection: sqlite3.Connection, read: Read, page: Page[object], newest: int | None
    ) -> None:
        read.checkpoint = page.checkpoint or read.checkpoint
        read.records += len(page.records)
        read.newest = max(filter(None, (newest, read.newest)), default=None)
        connection.execute(
            "UPDATE reads SET checkpoint = ?, records = ?, newest = ? WHERE shop = ? AND kind = ?",
            (read.checkpoint, read.records, read.newest, self.shop, read.kind),
        )

    def finish(self, read: Read, now: datetime) -> None:
        """The read ended: move the watermark to the older of its first start and the newest row it saw.

        Simulated: the newest row alone loses rows that are committed late in the shop; this bound with
        `OVERLAP` loses none.
        """
        watermark = self._reached(read)
        full_at = read.began_at if read.since is None else None
        with self.db.write() as connection:
            self._end(connection, read)
            connection.execute(
                "INSERT INTO watermarks (shop, kind, watermark, finished_at, full_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (shop, kind) DO UPDATE SET watermark = excluded.watermark,"
                " finished_at = excluded.finished_at, full_at = coalesce(excluded.full_at, full_at)",
                (self.shop, read.kind, watermark, milliseconds(now), full_at),
            )

    def _reached(self, read: Read) -> int:
        """Where the next read may begin. Who saw nothing has learned nothing about the shop's clock."""
        if read.newest is not None:
            return min(read.began_at, read.newest)
        if read.records:  # they carry no stamps
            return read.began_at
        before = "SELECT watermark FROM watermarks WHERE shop = ? AND kind = ?"
        return NEVER if read.since is None else self.db.value(before, (self.shop, read.kind))

    def _end(self, connection: sqlite3.Connection, read: Read) -> None:
        for table in ("reads", "sweep"):
            connection.execute(f"DELETE FROM {table} WHERE shop = ? AND kind = ?", (self.shop, read.kind))

    def is_complete(self, kinds: Iterable[Kind]) -> bool:
        """Whether each kind was once read to its end, so that absence means something."""
        done = {
            row["kind"] for row in self.db.rows("SELECT kind FROM watermarks WHERE shop = ?", (self.shop,))
        }
        return done.issuperset(kinds)

    def _provable_from(self, now: datetime) -> int | None:
        """Since when an order must have been placed for its absence to prove anything; None: any order."""
        row = self.db.row("SELECT checked_at FROM shops WHERE shop = ?", (self.shop,))
        info = shop_info(self.db, self.shop)
        if row is None or info is None or info.orders_visible_from is None:
            return None
        moved = max(milliseconds(now) - (row["checked_at"] or 0), 0)
        return milliseconds(info.orders_visible_from + EDGE) + moved

    def missing(self, kind: Kind, read: Read, now: datetime) -> list[str]:
        """Ids we hold that a sweep read to its end did not see, inside the window the shop lets us see.

        A suspiciously empty answer gives none, and says so.
        """
        table, provable = TABLES[kind], self._provable_from(now)
        window = "AND placed_at >= ?4" if kind is Kind.ORDERS and provable is not None else "AND ?4 IS ?4"
        where = f"shop = ?1 AND gone_at IS NULL {window}"
        values = (self.shop, read.kind, read.began_at, provable)
        held = self.db.value(f"SELECT count(*) FROM {table} WHERE {where} AND ?2 = ?2 AND ?3 = ?3", values)
        absent = [
            row["id"]
            for row in self.db.rows(
                f"SELECT id FROM {table} WHERE {where} AND read_at < ?3"
                " AND id NOT IN (SELECT id FROM sweep WHERE shop = ?1 AND kind = ?2)",
                values,
            )
        ]
        if not is_plausible(len(absent), held):
            log.warning(
                "%s of %s %s are missing in the list of the shop. So many at once are taken for a fault of"
                " the shop, so none is called deleted.",
                f"{len(absent):,}",
                f"{held:,}",
                kind.value,
            )
            return []
        return absent

    def count_missed(self, kind: Kind, ids: Sequence[str], read: Read) -> list[str]:
        """Note another completed sweep without these. Returns those missed often enough to be gone."""
        with self.db.write() as connection:
            connection.execute(
                f"UPDATE {TABLES[kind]} SET missed = missed + 1"
                " WHERE shop = ? AND id IN (SELECT value FROM json_each(?))",
                (self.shop, rows.json_text(list(ids))),
            )
            gone = [
                row[0]
                for row in connection.execute(
                    f"SELECT id FROM {TABLES[kind]} WHERE shop = ? AND missed >= ?"
                    " AND id IN (SELECT value FROM json_each(?))",
                    (self.shop, SWEEPS_NEEDED, rows.json_text(list(ids))),
                )
            ]
            Writer(connection, self.shop, self.terms, read.began_at).mark_gone(kind, gone)
        return gone

    def forget_unseen_tags(self, read: Read, prefix: str) -> None:
        """A read of `tags` ended: who was not in it has no tag with that prefix any more."""
        with self.db.write() as connection:
            connection.execute(
                "DELETE FROM shop_tags WHERE shop = ?1 AND substr(tag_key, 1, length(?3)) = ?3"
                " AND customer_id NOT IN (SELECT id FROM sweep WHERE shop = ?1 AND kind = ?2)",
                (self.shop, read.kind, prefix),
            )

    def apply(self, connection: sqlite3.Connection, change: Change) -> None:
        """What a push has done, so that the next plan compares with what the shop has."""
        if isinstance(change, UpdateTags):
            self._apply_tags(connection, change)
        elif isinstance(change, CreateCoupon):
            coupon = Coupon(
                id="",
                code=change.code,
                mark=change.mark,
                customer_id=change.customer_id if change.bound == "customer" else None,
                starts_at=change.starts_at,
                ends_at=change.ends_at,
            )
            connection.execute(
                "INSERT OR IGNORE INTO coupons VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows.coupon_row(self.shop, coupon, 0),
            )
        elif isinstance(change, DisableCoupon):
            connection.execute(
                "UPDATE coupons SET active = 0 WHERE shop = ? AND code = ?", (self.shop, change.code)
            )
        elif isinstance(change, ExtendCoupon):
            connection.execute(
                "UPDATE coupons SET ends_at = ? WHERE shop = ? AND code = ?",
                (rows.stamp(change.ends_at), self.shop, change.code),
            )

    def _apply_tags(self, connection: sqlite3.Connection, change: UpdateTags) -> None:
        row = connection.execute(
            "SELECT customer, tags FROM customers WHERE shop = ? AND id = ?", (self.shop, change.customer_id)
        ).fetchone()
        if row is None:
            return
        removed = {tag.casefold() for tag in change.remove}
        tags = {tag.casefold(): tag for tag in change.add}
        tags |= {
            tag.casefold(): tag
            for tag in msgspec.json.decode(row["tags"], type=list[str])
            if tag.casefold() not in removed
        }
        # The digest is of the record without this change; were it kept, the merchant taking the change back
        # would look like nothing new.
        connection.execute(
            "UPDATE customers SET tags = ?, digest = 0 WHERE customer = ?",
            (rows.json_text([tags[each] for each in sorted(tags)]), row["customer"]),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO shop_tags VALUES (?, ?, ?, ?)",
            [
                (self.shop, change.customer_id, tag.casefold(), tag)
                for tag in change.add
                if self.terms.is_ours(tag)
            ],
        )
        connection.executemany(
            "DELETE FROM shop_tags WHERE shop = ? AND customer_id = ? AND tag_key = ?",
            [(self.shop, change.customer_id, tag.casefold()) for tag in change.remove],
        )
        if any(self.terms.is_objection(tag) for tag in (*change.add, *change.remove)):
            self._judge_again(connection, row["customer"])
        # A read of tags that was cut off may be past this customer, and is not to take the tag for gone.
        connection.execute(
            "INSERT OR IGNORE INTO sweep (shop, kind, id)"
            " SELECT shop, kind, ? FROM reads WHERE shop = ? AND kind LIKE 'tags:%'",
            (change.customer_id, self.shop),
        )
        connection.execute(  # a rule may ask for tags; to whom the record belongs stays the same
            "INSERT OR IGNORE INTO dirty SELECT person, shop FROM customers"
            " WHERE customer = ? AND person IS NOT NULL",
            (row["customer"],),
        )

    def _judge_again(self, connection: sqlite3.Connection, customer: int) -> None:
        """Whether one customer is left out, after its tags changed."""
        _register_judgement(connection, self.terms)
        connection.execute(
            f"{_JUDGE_CUSTOMERS} AND customer = :customer", {"shop": self.shop, "customer": customer}
        )
        Writer(connection, self.shop, self.terms, 0).touch(Kind.CUSTOMERS, [customer])

    def judge_anew(self) -> bool:
        """Bring stored rows in line with changed terms. Returns whether there was anything to do."""
        fingerprint = self.terms.fingerprint()
        row = self.db.row("SELECT terms FROM shops WHERE shop = ?", (self.shop,))
        if row is not None and row["terms"] == fingerprint:
            return False
        _register_judgement(self.db.connection, self.terms)
        with self.db.write() as connection:
            self._judge_fields(connection)
            if row is not None and row["terms"] is not None:
                connection.execute(_JUDGE_ORDERS, {"shop": self.shop, "currency": self.terms.currency})
                connection.execute(_JUDGE_CUSTOMERS, {"shop": self.shop})
                self._collect_shop_tags(connection)
            connection.execute(
                "UPDATE shops SET terms = ?, rebuild = 1 WHERE shop = ?", (fingerprint, self.shop)
            )
        return True

    def _judge_fields(self, connection: sqlite3.Connection) -> None:
        """Personal fields that nothing uses any more go; for those that something uses now all is read."""
        row = connection.execute("SELECT kept FROM shops WHERE shop = ?", (self.shop,)).fetchone()
        before, now = set((row["kept"] or "").split()), self.terms.kept
        dropped = [column for field in PERSONAL if field not in now for column in PERSONAL[field]]
        if dropped and row["kept"] != " ".join(sorted(now)):
            empty = ", ".join(f"{column} = NULL" for column in dropped)
            connection.execute(f"UPDATE customers SET {empty} WHERE shop = ?", (self.shop,))
        if row["kept"] is not None and now - before:
            connection.execute("UPDATE customers SET digest = 0 WHERE shop = ?", (self.shop,))
            connection.execute(
                "UPDATE watermarks SET watermark = ? WHERE shop = ? AND kind = ?",
                (NEVER, self.shop, Kind.CUSTOMERS),
            )
        connection.execute("UPDATE shops SET kept = ? WHERE shop = ?", (" ".join(sorted(now)), self.shop))

    def _collect_shop_tags(self, connection: sqlite3.Connection) -> None:
        """The prefix changed: find tags that begin with it among those we hold."""
        for prefix in self.terms.prefixes:
            connection.execute(
                "INSERT OR IGNORE INTO shop_tags SELECT c.shop, c.id, casefold(t.value), t.value"
                " FROM customers AS c, json_each(c.tags) AS t"
                " WHERE c.shop = ?1 AND substr(casefold(t.value), 1, length(?2)) = ?2"
                " AND casefold(t.value) <> ?2 || ?3",
                (self.shop, prefix, OBJECTION),
            )


_JUDGE_ORDERS = """
    UPDATE orders SET
        day = local_day(placed_at),
        uncounted = why_uncounted(test, cancelled_at, returned, payment, shipment, payment_method),
        spent = CASE WHEN currency = :currency THEN total - refunded END,
        net = CASE WHEN currency = :currency THEN goods - discounts - (
            SELECT coalesce(sum(r.amount - r.tax - r.shipping), 0)
            FROM refunds AS r WHERE r.order_key = orders.order_key
        ) END
    WHERE shop = :shop
"""
_JUDGE_CUSTOMERS = (
    "UPDATE customers SET excluded = why_excluded(customer_group, tags, email_key) WHERE shop = :shop"
)


def _register_judgement(connection: sqlite3.Connection, terms: Terms) -> None:
    zone = ZoneInfo(terms.time_zone)

    def local_day(placed_at: int) -> int:
        return moment(placed_at).astimezone(zone).toordinal()

    def why_uncounted(
        test: int, cancelled_at: int | None, returned: int, payment: str, shipment: str, method: str | None
    ) -> str | None:
        return why_not_counted(
            test=bool(test),
            cancelled=cancelled_at is not None,
            returned=bool(returned),
            payment=payment,
            shipment=shipment,
            payment_method=method,
            count_when=terms.count_when,
        )

    def why_excluded(group: str | None, tags: str, email_key: str | None) -> str | None:
        return terms.why_excluded(group, cast("list[str]", msgspec.json.decode(tags)), email_key)

    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    connection.create_function("local_day", 1, local_day, deterministic=True)
    connection.create_function("why_uncounted", 6, why_uncounted, deterministic=True)
    connection.create_function("why_excluded", 3, why_excluded, deterministic=True)


__all__ = ["KEYS", "OVERLAP", "Mirror", "Read", "is_plausible", "open_shop", "remember_shop", "shop_info"]
