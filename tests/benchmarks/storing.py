"""Orders from a bulk operation's JSONL into SQLite: our way, and a plain loop that decodes and inserts."""

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from adapters.shopify.kinds import SOURCES
from adapters.shopify.spool import Spool
from connector import mirror
from connector.adapter import Page
from connector.database import Database
from connector.mirror import Mirror, Terms
from connector.model import Kind

PAGE = 500


def pieces(export: Path) -> Iterator[bytes]:
    with export.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def line(export: Path, folder: Path) -> int:
    """What a first load does behind the network: spool, decode, translate, judge, store."""
    source = SOURCES[Kind.ORDERS]
    db = Database(folder / "line.sqlite")
    terms = Terms(currency="EUR", time_zone="Europe/Berlin", prefixes=("sk:",))
    copy = Mirror(db, mirror.open_shop(db, "bench"), terms)
    read = copy.begin("orders", datetime.now(UTC))
    with Spool() as spool:
        spool.fill(pieces(export))
        records = (source.to_record(*group) for group in spool.groups(source.rows, source.children))
        while page := tuple(islice(records, PAGE)):
            copy.store(read, Page(records=page, checkpoint=str(read.records)))
    db.close()
    return read.records


class Money(msgspec.Struct):
    amount: str


class Bag(msgspec.Struct, rename="camel"):
    shop_money: Money


class Row(msgspec.Struct, rename="camel"):
    id: str
    name: str | None = None
    processed_at: str | None = None
    updated_at: str | None = None
    total_price_set: Bag | None = None
    parent: str | None = msgspec.field(default=None, name="__parentId")
    sku: str | None = None
    title: str | None = None
    quantity: int | None = None


def plain(export: Path, folder: Path) -> int:
    """The least that can be done: decode each line, insert a few columns, commit every few hundred orders."""
    db = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("CREATE TABLE orders (id TEXT PRIMARY KEY, name, placed, updated, total)")
    db.execute("CREATE TABLE lines (id TEXT, parent TEXT, sku, title, quantity)")
    decoder = msgspec.json.Decoder(Row)
    count = 0
    with export.open("rb") as file:
        while batch := list(islice(file, 3 * PAGE)):
            rows = [decoder.decode(each) for each in batch]
            orders = [each for each in rows if each.parent is None]
            db.execute("BEGIN")
            db.executemany(
                "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        each.id,
                        each.name,
                        each.processed_at,
                        each.updated_at,
                        each.total_price_set and round(float(each.total_price_set.shop_money.amount) * 100),
                    )
                    for each in orders
                ],
            )
            db.executemany(
                "INSERT INTO lines VALUES (?, ?, ?, ?, ?)",
                [(each.id, each.parent, each.sku, each.title, each.quantity) for each in rows if each.parent],
            )
            db.execute("COMMIT")
            count += len(orders)
    db.close()
    return count


def main(way: str, export: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        orders = {"line": line, "plain": plain}[way](export, Path(folder))
        seconds = time.process_time() - began
    return {"orders": orders, "per_second": orders / seconds}


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    sys.stdout.write(json.dumps(main(given["way"], Path(given["export"]))))
