"""The shop behind the API: its data, its clock, and what happens when something in it changes."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from adapters.shopify.sandbox.records import (
    Stored,
    StoredCustomer,
    StoredOrder,
    StoredProduct,
    gid,
)
from adapters.shopify.sandbox.store import TABLES, Store, Table
from adapters.shopify.sandbox.view import ALL_SCOPES, Profile, View
from adapters.shopify.sandbox.webhooks import Webhooks

TAGS_PER_CUSTOMER = 250
TAG_LENGTH = 255

_TOPIC = {"customers": "CUSTOMERS", "orders": "ORDERS", "products": "PRODUCTS"}
_KIND = {"customers": "Customer", "orders": "Order", "products": "Product"}


class Shop:
    """State that all requests share.

    Args:
        now: the shop's clock; Shopify keeps whole seconds of it.
    """

    def __init__(
        self, store: Store, profile: Profile, now: Callable[[], datetime], webhooks: Webhooks
    ) -> None:
        self.store = store
        self.profile = profile
        self.webhooks = webhooks
        self.segments: dict[int, frozenset[int]] = {}  #: customers by segment, for discounts
        self._now = now

    def now(self) -> datetime:
        """The shop's time, whole seconds."""
        return self._now().replace(microsecond=0)

    def view(self, scopes: Iterable[str] = ALL_SCOPES) -> View:
        """The shop as a token with these scopes sees it."""
        return View(self.store, self.profile, self.now, scopes)

    def touch(self, record: Stored) -> None:
        """Save a changed record with the present time and tell subscribers."""
        record.updated = self.now()
        self.save(record)

    def save(self, record: Stored) -> None:
        """Create or replace a record as it is and tell subscribers."""
        table = TABLES[type(record)]
        known = self.store.rows(f"SELECT 1 FROM {table} WHERE id = ?", (record.id,))
        self.store.save(record)
        verb = ("UPDATED" if table == "orders" else "UPDATE") if known else "CREATE"
        self.tell(f"{_TOPIC[table]}_{verb}", record)

    def tell(self, topic: str, record: Stored) -> None:
        """Send a record to the subscribers of a topic."""
        self.webhooks.emit(topic, _payload(record))

    def remove(self, table: Table, number: int) -> bool:
        """Delete a record. Orders of a deleted customer stay, without customer."""
        with self.store.write():
            if table == "customers":
                for order in self.view().orders_of(number):
                    order.customer = None
                    self.touch(order)
            found = self.store.delete(table, number)
        if found:
            payload = {"id": number, "admin_graphql_api_id": gid(_KIND[table], number)}
            self.webhooks.emit(f"{_TOPIC[table]}_DELETE", payload)
        return found

    def change_tags(self, customer: StoredCustomer, add: Iterable[str], remove: Iterable[str]) -> bool:
        """Add and remove tags regardless of case; True if that changed anything."""
        gone = {tag.casefold() for tag in remove}
        kept = [tag for tag in customer.tags if tag.casefold() not in gone]
        have = {tag.casefold() for tag in kept}
        for tag in add:
            if tag.casefold() not in have:
                have.add(tag.casefold())
                kept.append(tag)
        if kept == customer.tags:
            return False
        customer.tags = kept
        self.touch(customer)
        return True


def _payload(record: Stored) -> dict[str, Any]:
    """The part of Shopify's payload that a reader may rely on here: ids and times, REST style."""
    kind = _KIND[TABLES[type(record)]]
    payload: dict[str, Any] = {
        "id": record.id,
        "admin_graphql_api_id": gid(kind, record.id),
        "created_at": record.created,
        "updated_at": record.updated,
    }
    if isinstance(record, StoredOrder):
        payload |= {"name": record.name, "customer": {"id": record.customer} if record.customer else None}
    elif isinstance(record, StoredProduct):
        payload |= {"title": record.title}
    else:
        payload |= {"email": record.email, "tags": ", ".join(record.tags)}
    return payload
