"""Fills an empty store with a sample shop or a file."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from adapters.shopify.sandbox.records import Stored, from_customer, from_order, from_product
from adapters.shopify.sandbox.store import Store
from connector.model import Customer, Order, Record


def fill(store: Store, records: Iterable[Record], *, currency: str, now: datetime) -> None:
    """Store records in bulk."""
    store.load(_stored(records, currency, now))


def _stored(records: Iterable[Record], currency: str, now: datetime) -> Iterator[Stored]:
    for record in records:
        if isinstance(record, Order):
            yield from_order(record, now=now)
        elif isinstance(record, Customer):
            yield from_customer(record, currency=currency, now=now)
        else:
            yield from_product(record, now=now)
