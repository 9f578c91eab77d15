"""Writing records into the mirror: which version wins, and what a change touches."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from connector.mirror import rows
from connector.mirror.forgotten import Forgotten
from connector.mirror.terms import Terms, normalised
from connector.model import Customer, Kind, Order, Product, Record

TABLES = {Kind.CUSTOMERS: "customers", Kind.ORDERS: "orders", Kind.PRODUCTS: "products"}
KEYS = {Kind.CUSTOMERS: "customer", Kind.ORDERS: "order_key", Kind.PRODUCTS: "product"}

# What decides to whom a row belongs, and whether that person counts. Where it is the same as before, nothing
# but the person's own facts can move.
_BELONGING = {Kind.CUSTOMERS: "guest, email_key, created_at, excluded", Kind.ORDERS: "customer_id, email_key"}

R = TypeVar("R", Customer, Order, Product)


class Entry(msgspec.Struct, Generic[R]):
    """A record to be written, and the key of its row, `fresh` if there is none yet."""

    record: R
    key: int
    fresh: bool


class Writer:
    """Writes records of one shop inside a transaction of the caller's."""

    def __init__(self, connection: sqlite3.Connection, shop: int, terms: Terms, read_at: int) -> None:
        self._connection = connection
        self._shop = shop
        self._terms = terms
        self._zone = ZoneInfo(terms.time_zone)
        self._read_at = read_at
        self._forgotten = Forgotten(connection, shop)
        # A rebuild looks at every row anyway; noting each of a million would only cost time.
        self._rebuild = bool(
            connection.execute("SELECT rebuild FROM shops WHERE shop = ?", (shop,)).fetchone()[0]
        )

    def write(self, records: Sequence[Record]) -> int:
        """Store what is new. Returns how many records were."""
        records = self._forgotten.sift(records)
        customers = self._newer(Kind.CUSTOMERS, [each for each in records if isinstance(each, Customer)])
        orders = self._newer(Kind.ORDERS, [each for each in records if isinstance(each, Order)])
        products = self._newer(Kind.PRODUCTS, [each for each in records if isinstance(each, Product)])
        if customers:
            self._write_customers(customers)
        if orders:
            self._write_orders(orders)
        if products:
            self._write_products(products)
        return len(customers) + len(orders) + len(products)

    def mark_gone(self, kind: Kind, ids: Sequence[str], *, placed_from: int | None = None) -> None:
        """The shop says these no longer exist. A row read later than this read began stays.

        Args:
            placed_from: orders that were placed before stay, too: the shop would not show them anyway.
        """
        inside = "" if placed_from is None else " AND placed_at >= ?4"
        window = () if placed_from is None else (placed_from,)
        keys = [
            row[0]
            for row in self._connection.execute(
                f"UPDATE {TABLES[kind]} SET gone_at = ?1 WHERE shop = ?2 AND gone_at IS NULL"
                f" AND read_at <= ?1 AND id IN (SELECT value FROM json_each(?3)){inside}"
                " RETURNING " + KEYS[kind],
                (self._read_at, self._shop, rows.json_text(list(ids)), *window),
            )
        ]
        if keys:
            self.touch(kind, keys)

    def touch(self, kind: Kind, keys: Iterable[int]) -> None:
        """Note what people and facts must look at again, with the addresses and people it had before."""
        if self._rebuild:
            return
        if kind is Kind.PRODUCTS:  # no person's facts move, but every rule that asks for products may
            self._connection.execute("INSERT OR IGNORE INTO touched VALUES (?, 'products', 0)", (self._shop,))
            return
        table, key = TABLES[kind], KEYS[kind]
        marks = rows.json_text(list(keys))
        for column, name in (("email_key", "email"), ("person", "person")):
            self._connection.execute(
                f"INSERT OR IGNORE INTO touched SELECT ?1, '{name}', {column} FROM {table}"
                f" WHERE {key} IN (SELECT value FROM json_each(?2)) AND {column} IS NOT NULL",
                (self._shop, marks),
            )
        self._connection.execute(
            "INSERT OR IGNORE INTO touched SELECT ?1, ?3, value FROM json_each(?2)",
            (self._shop, marks, kind.value),
        )

    def _touch_moved(
        self, kind: Kind, keys: Iterable[int], stays: Mapping[int, tuple[object, ...]]
    ) -> list[int]:
        """Before known rows are written: those that may change person are touched, the person of the others
        is only dirty. Returns the keys of the former, to be touched again once they are written.

        Args:
            stays: by key, what a row must have now to keep its person: the columns of `_BELONGING`.
        """
        if self._rebuild:
            return []
        found = self._connection.execute(
            f"SELECT {KEYS[kind]} AS key, person, {_BELONGING[kind]} FROM {TABLES[kind]}"
            f" WHERE {KEYS[kind]} IN (SELECT value FROM json_each(?))"
            " AND gone_at IS NULL AND person IS NOT NULL",
            (rows.json_text(list(keys)),),
        )
        people = {row["key"]: row["person"] for row in found if tuple(row)[2:] == stays[row["key"]]}
        self._soil(people.values())
        moved = [key for key in keys if key not in people]
        self.touch(kind, moved)
        return moved

    def _soil(self, people: Iterable[int]) -> None:
        self._connection.executemany(
            "INSERT OR IGNORE INTO dirty (person, shop) VALUES (?, ?)",
            [(each, self._shop) for each in people],
        )

    def _newer(self, kind: Kind, records: Sequence[R]) -> list[Entry[R]]:
        """The records that say something new; of two versions in one page the newer."""
        if not records:
            return []
        known = self._known(kind, [each.id for each in records])
        newest: dict[str, R] = {}
        for record in records:
            before = newest.get(record.id)
            if before is None or not _is_older(record, rows.stamp(before.updated_at)):
                newest[record.id] = record
        key = self._connection.execute(f"SELECT max({KEYS[kind]}) FROM {TABLES[kind]}").fetchone()[0] or 0
        entries: list[Entry[R]] = []
        seen: list[tuple[int | None, int, int]] = []
        for record in newest.values():
            row = known.get(record.id)
            if row is None:
                key += 1
                entries.append(Entry(record, key, fresh=True))
            elif self._is_outdated(record, row):
                continue
            elif row["digest"] == rows.digest(record) and row["gone_at"] is None:
                seen.append((rows.stamp(record.updated_at), self._read_at, row["key"]))
            else:
                entries.append(Entry(record, row["key"], fresh=False))
        self._connection.executemany(
            f"UPDATE {TABLES[kind]} SET updated_at = ?, read_at = ?, missed = 0 WHERE {KEYS[kind]} = ?", seen
        )
        return entries

    def _known(self, kind: Kind, ids: list[str]) -> dict[str, sqlite3.Row]:
        found = self._connection.execute(
            f"SELECT id, {KEYS[kind]} AS key, updated_at, read_at, digest, gone_at FROM {TABLES[kind]}"
            " WHERE shop = ? AND id IN (SELECT value FROM json_each(?))",
            (self._shop, rows.json_text(ids)),
        )
        return {row["id"]: row for row in found}

    def _is_outdated(self, record: Record, row: sqlite3.Row) -> bool:
        """A strictly older version never wins; on a tie, or without a stamp, the read begun later does."""
        new = rows.stamp(record.updated_at)
        if new is not None and row["updated_at"] is not None and new != row["updated_at"]:
            return bool(new < row["updated_at"])
        return bool(self._read_at < row["read_at"])

    def _write_customers(self, entries: list[Entry[Customer]]) -> None:
        known = [each for each in entries if not each.fresh]
        stays = {each.key: self._belonging(each.record) for each in known}
        moved = self._touch_moved(Kind.CUSTOMERS, stays, stays)
        self._many("DELETE FROM consents WHERE customer = ?", [(each.key,) for each in known])
        self._many(
            "DELETE FROM shop_tags WHERE shop = ? AND customer_id = ?",
            [(self._shop, each.record.id) for each in known],
        )
        self._many(
            rows.UPSERT_CUSTOMER,
            [
                rows.customer_row(each.key, self._shop, each.record, self._read_at, self._terms)
                for each in entries
            ],
        )
        self._many(
            "INSERT OR REPLACE INTO consents VALUES (?, ?, ?, ?, ?)",
            [
                (each.key, consent.channel, consent.state, consent.level, rows.stamp(consent.changed_at))
                for each in entries
                for consent in each.record.consents
            ],
        )
        self._many(
            "INSERT OR IGNORE INTO shop_tags VALUES (?, ?, ?, ?)",
            [
                (self._shop, each.record.id, tag.casefold(), tag)
                for each in entries
                for tag in each.record.tags
                if self._terms.is_ours(tag)
            ],
        )
        self.touch(Kind.CUSTOMERS, [*moved, *(each.key for each in entries if each.fresh)])

    def _belonging(self, customer: Customer) -> tuple[object, ...]:
        email_key = normalised(customer.email)
        excluded = self._terms.why_excluded(customer.group, customer.tags, email_key)
        return (int(customer.guest), email_key, rows.stamp(customer.created_at), excluded)

    def _write_orders(self, entries: list[Entry[Order]]) -> None:
        stays = {
            each.key: (each.record.customer_id, normalised(each.record.email))
            for each in entries
            if not each.fresh
        }
        moved = self._touch_moved(Kind.ORDERS, stays, stays)
        known = [(key,) for key in stays]
        for child in ("line_items", "refunds", "order_codes"):
            self._many(f"DELETE FROM {child} WHERE order_key = ?", known)
        self._many(
            rows.UPSERT_ORDER,
            [
                rows.order_row(each.key, self._shop, each.record, self._read_at, self._terms, self._zone)
                for each in entries
            ],
        )
        self._many(
            "INSERT INTO line_items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                rows.line_row(each.key, self._shop, position, line)
                for each in entries
                for position, line in enumerate(each.record.lines)
            ],
        )
        self._many(
            "INSERT OR REPLACE INTO refunds VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    each.key,
                    refund.id,
                    rows.stamp(refund.refunded_at),
                    refund.amount,
                    refund.tax,
                    refund.shipping,
                )
                for each in entries
                for refund in each.record.refunds
            ],
        )
        self._many(
            "INSERT OR IGNORE INTO order_codes VALUES (?, ?, ?)",
            [(each.key, code, self._shop) for each in entries for code in each.record.codes],
        )
        fresh = [each.key for each in entries if each.fresh]
        self.touch(Kind.ORDERS, [*moved, *self._hand_over(fresh)])

    def _hand_over(self, fresh: Sequence[int]) -> list[int]:
        """Give new orders of a known account to its person. Returns those that have none yet."""
        if not fresh:
            return []
        found = self._connection.execute(
            "UPDATE orders SET person = c.person FROM customers AS c"
            " WHERE orders.order_key IN (SELECT value FROM json_each(?)) AND c.shop = orders.shop"
            " AND c.id = orders.customer_id AND NOT c.guest AND c.gone_at IS NULL AND c.person IS NOT NULL"
            " RETURNING orders.order_key, orders.person",
            (rows.json_text(list(fresh)),),
        ).fetchall()
        if self._rebuild:
            return []
        self._soil(row["person"] for row in found)
        handed = {row["order_key"] for row in found}
        return [key for key in fresh if key not in handed]

    def _write_products(self, entries: list[Entry[Product]]) -> None:
        self._many(
            "DELETE FROM product_words WHERE shop = ? AND product_id = ?",
            [(self._shop, each.record.id) for each in entries if not each.fresh],
        )
        self._many(
            rows.UPSERT_PRODUCT,
            [rows.product_row(each.key, self._shop, each.record, self._read_at) for each in entries],
        )
        self._many(
            "INSERT OR IGNORE INTO product_words VALUES (?, ?, ?, ?)",
            [word for each in entries for word in rows.product_words(self._shop, each.record)],
        )
        self.touch(Kind.PRODUCTS, [])

    def _many(self, statement: str, values: Sequence[rows.Row]) -> None:
        if values:
            self._connection.executemany(statement, values)


def _is_older(record: Record, than: int | None) -> bool:
    stamp = rows.stamp(record.updated_at)
    return stamp is not None and than is not None and stamp < than
