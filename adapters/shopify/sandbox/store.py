"""The shop's data in one SQLite file: each record as a blob, with columns to search and sort by."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from adapters.shopify.sandbox.records import Stored, StoredCustomer, StoredOrder, StoredProduct
from adapters.shopify.sandbox.search import micros

Table = Literal["customers", "orders", "products"]
T = TypeVar("T", StoredCustomer, StoredOrder, StoredProduct)

TYPES: dict[str, type[Stored]] = {
    "customers": StoredCustomer,
    "orders": StoredOrder,
    "products": StoredProduct,
}
TABLES: dict[type[Stored], Table] = {
    StoredCustomer: "customers",
    StoredOrder: "orders",
    StoredProduct: "products",
}

encode = msgspec.msgpack.Encoder().encode
DECODE = {table: msgspec.msgpack.Decoder(kind).decode for table, kind in TYPES.items()}

_INSERT = {
    "customers": "INSERT OR REPLACE INTO customers VALUES (?, ?, ?, ?, ?, ?)",
    "orders": "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)",
    "products": "INSERT OR REPLACE INTO products VALUES (?, ?, ?, ?, ?)",
}
_LOAD_CHUNK = 20_000


class Store:
    """Reads and writes under one lock; `write` makes several of them one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'customers'"):
            self._connection.executescript(_script("schema.sql"))
            self._connection.executescript(_script("indexes.sql"))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction; inside another one, a part of it."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def rows(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of a query."""
        with self._lock:
            return self._connection.execute(sql, tuple(values)).fetchall()

    def run(self, sql: str, values: Iterable[Any] = ()) -> int:
        """Execute a statement and give the id of the last inserted row."""
        with self._lock:
            return self._connection.execute(sql, tuple(values)).lastrowid or 0

    def customer(self, number: int) -> StoredCustomer | None:
        """The customer of that id."""
        return self._one("customers", number, StoredCustomer)

    def order(self, number: int) -> StoredOrder | None:
        """The order of that id."""
        return self._one("orders", number, StoredOrder)

    def product(self, number: int) -> StoredProduct | None:
        """The product of that id."""
        return self._one("products", number, StoredProduct)

    def _one(self, table: Table, number: int, kind: type[T]) -> T | None:
        rows = self.rows(f"SELECT record FROM {table} WHERE id = ?", (number,))
        return msgspec.msgpack.decode(rows[0][0], type=kind) if rows else None

    def save(self, record: Stored) -> None:
        """Create or replace a record."""
        table = TABLES[type(record)]
        with self.write():
            self._connection.execute(_INSERT[table], _row(record))
            if isinstance(record, StoredCustomer):
                self._connection.execute("DELETE FROM tags WHERE customer = ?", (record.id,))
                self._save_tags([record])

    def load(self, records: Iterable[Stored]) -> None:
        """Store very many records at once; indexes are built afterwards."""
        with self.write():
            for name, _ in self.rows(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
                " AND tbl_name IN ('customers', 'orders')"
            ):
                self._connection.execute(f"DROP INDEX {name}")
            source = iter(records)
            while chunk := list(islice(source, _LOAD_CHUNK)):
                self._load_chunk(chunk)
        for statement in _script("indexes.sql").split(";"):
            self.run(statement)

    def _load_chunk(self, chunk: list[Stored]) -> None:
        for kind, table in TABLES.items():
            same = [record for record in chunk if type(record) is kind]
            self._connection.executemany(_INSERT[table], map(_row, same))
        self._save_tags([record for record in chunk if isinstance(record, StoredCustomer)])

    def _save_tags(self, customers: list[StoredCustomer]) -> None:
        self._connection.executemany(
            "INSERT OR IGNORE INTO tags VALUES (?, ?)",
            [(tag.casefold(), customer.id) for customer in customers for tag in customer.tags],
        )

    def delete(self, table: Table, number: int) -> bool:
        """Delete a record; False if there was none."""
        with self.write():
            found = bool(self.rows(f"DELETE FROM {table} WHERE id = ? RETURNING id", (number,)))
            if table == "customers":
                self.run("DELETE FROM tags WHERE customer = ?", (number,))
                self.run("DELETE FROM metafields WHERE owner = ?", (f"gid://shopify/Customer/{number}",))
        return found

    def next_id(self, table: Literal["customers", "orders", "products", "discounts", "codes"]) -> int:
        """One more than the largest id in use."""
        return int(self.rows(f"SELECT coalesce(max(id), 1000) + 1 FROM {table}")[0][0])

    def stream(self, table: str, condition: str, values: Iterable[Any], order: str) -> Iterator[bytes]:
        """Encoded records over a connection of its own: a long read sees one state and holds nobody up."""
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            sql = f"SELECT record FROM {table} WHERE {condition} ORDER BY {order}"
            for row in connection.execute(sql, tuple(values)):
                yield row[0]
        finally:
            connection.close()


def _script(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text("utf-8")


def _row(record: Stored) -> tuple[Any, ...]:
    head = (record.id, micros(record.created), micros(record.updated))
    if isinstance(record, StoredOrder):
        return (*head, record.email, record.name, record.customer, encode(record))
    if isinstance(record, StoredCustomer):
        return (*head, record.email, display_name(record), encode(record))
    return (*head, record.title, encode(record))


def display_name(customer: StoredCustomer) -> str:
    """`displayName`: the name, else the e-mail address, else the phone number."""
    name = " ".join(part for part in (customer.first_name, customer.last_name) if part)
    return name or customer.email or customer.phone or ""
