"""What one access token may see of the shop."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from adapters.shopify.sandbox.records import StoredCustomer, StoredOrder, StoredProduct
from adapters.shopify.sandbox.search import Condition, micros
from adapters.shopify.sandbox.store import Store

#: How far back orders are visible without the scope read_all_orders.
RECENT = timedelta(days=60)

READ_SCOPES = ("read_customers", "read_orders", "read_all_orders", "read_products", "read_discounts")
ALL_SCOPES = frozenset(
    {*READ_SCOPES, "write_customers", "write_discounts", "read_customer_merge", "write_customer_merge"}
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The shop itself."""

    name: str = "Rösterei Sandkasten"
    domain: str = "sandbox.myshopify.com"
    currency: str = "EUR"
    time_zone: str = "Europe/Berlin"
    plan: str = "Basic"
    presentment: tuple[str, ...] = ("EUR", "CHF")

    def zone(self) -> ZoneInfo:
        """The time zone in which the shop counts days."""
        return ZoneInfo(self.time_zone)


class View:
    """The shop as one token sees it: orders only of the last 60 days without `read_all_orders`."""

    def __init__(
        self, store: Store, profile: Profile, now: Callable[[], datetime], scopes: Iterable[str]
    ) -> None:
        self.store = store
        self.profile = profile
        self.now = now
        self.scopes = frozenset(scopes)
        self._products: dict[int, StoredProduct | None] = {}

    def allows(self, scope: str) -> bool:
        """Whether the token has the scope; write access includes read access."""
        return scope in self.scopes or scope.replace("read_", "write_") in self.scopes

    def order_window(self) -> Condition:
        """The condition that an order is visible."""
        if "read_all_orders" in self.scopes:
            return ("1", [])
        return ("created >= ?", [micros(self.now() - RECENT)])

    def order(self, number: int | None) -> StoredOrder | None:
        """The order, if there is one and it is visible."""
        order = self.store.order(number) if number is not None else None
        if order is None or "read_all_orders" in self.scopes:
            return order
        return order if order.created >= self.now() - RECENT else None

    def orders_of(self, customer: int) -> list[StoredOrder]:
        """The visible orders of a customer, oldest first."""
        window, values = self.order_window()
        sql = f"SELECT record FROM orders WHERE customer = ? AND {window} ORDER BY created, id"
        return [decoded_order(row[0]) for row in self.store.rows(sql, [customer, *values])]

    def product(self, number: int | None) -> StoredProduct | None:
        """The product, remembered for the length of this view."""
        if number is None:
            return None
        if number not in self._products:
            self._products[number] = self.store.product(number)
        return self._products[number]

    def customer(self, number: int | None) -> "LinkedCustomer | None":
        """The customer an order belongs to, read only when more than its id is asked for.

        Orders lose their customer when that is deleted, so there is nothing to verify.
        """
        return None if number is None else LinkedCustomer(number, self.store)


class LinkedCustomer:
    """Stands for a `StoredCustomer` of known id."""

    def __init__(self, number: int, store: Store) -> None:
        self.id = number
        self._store = store
        self._loaded: StoredCustomer | None = None

    def __getattr__(self, name: str) -> Any:
        if self._loaded is None:
            self._loaded = self._store.customer(self.id)
        return getattr(self._loaded, name)


def decoded_order(record: bytes) -> StoredOrder:
    """An order as the store gave it."""
    return msgspec.msgpack.decode(record, type=StoredOrder)
