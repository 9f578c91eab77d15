"""The shop behind both APIs: its data, its clock, and the table of changes that the plugin keeps."""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.sandbox.records import (
    Stored,
    StoredCoupon,
    StoredCustomer,
    StoredOrder,
    StoredProduct,
)

#: A place in a feed: whole seconds and id.
Place = tuple[int, int]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The shop itself. `php_zone` is what its own API writes beside every date, whatever the date is in."""

    name: str = "Rösterei Sandkasten"
    currency: str = "EUR"
    time_zone: str = "Europe/Berlin"
    php_zone: str = "UTC"
    groups: tuple[str, ...] = ("Endkunden", "Händler", "Stammkunden")
    movable: tuple[str, ...] = ()  #: groups between which the plugin may move customers

    def zone(self) -> ZoneInfo:
        """The zone in which the database writes."""
        return ZoneInfo(self.time_zone)


class Feed:
    """When the plugin noticed a change of each record, deletions included."""

    def __init__(self) -> None:
        self._stamps: dict[int, int] = {}
        self._gone: set[int] = set()
        self._sorted: list[Place] | None = None

    def note(self, number: int, at: datetime, *, gone: bool = False) -> None:
        """A record changed, or is no more."""
        self._stamps[number] = int(at.timestamp())
        (self._gone.add if gone else self._gone.discard)(number)
        self._sorted = None

    def is_gone(self, number: int) -> bool:
        return number in self._gone

    def stamp(self, number: int) -> datetime:
        return datetime.fromtimestamp(self._stamps[number], UTC)

    def behind(self, after: Place | None, since: datetime | None, limit: int) -> tuple[list[Place], int]:
        """So many places behind `after`, and how many there are from `since` on."""
        if self._sorted is None:
            self._sorted = sorted((second, number) for number, second in self._stamps.items())
        start = bisect_left(self._sorted, (int(since.timestamp()), -1)) if since else 0
        begin = max(bisect_right(self._sorted, after), start) if after else start
        return self._sorted[begin : begin + limit], len(self._sorted) - start


class Shop:
    """State that all requests share, under one lock.

    Args:
        now: the shop's clock.
    """

    def __init__(self, profile: Profile, now: Callable[[], datetime]) -> None:
        self.profile = profile
        self.lock = threading.RLock()
        self.customers: dict[int, StoredCustomer] = {}
        self.orders: dict[int, StoredOrder] = {}
        self.products: dict[int, StoredProduct] = {}
        self.coupons: dict[int, StoredCoupon] = {}
        self.feeds = {name: Feed() for name in ("customers", "orders", "products", "coupons")}
        self._orders_of: dict[int, set[int]] = {}
        #: Told of each change: kind, number, and created, updated, cancelled or deleted.
        self.changed: list[Callable[[str, int, str], None]] = []
        self._now = now

    def now(self) -> datetime:
        """The shop's time, whole seconds."""
        return self._now().replace(microsecond=0)

    def table(self, name: str) -> dict[int, Any]:
        """The records of a kind."""
        tables: dict[str, dict[int, Any]] = {
            "customers": self.customers,
            "orders": self.orders,
            "products": self.products,
        }
        return tables[name]

    def orders_of(self, customer: int) -> list[StoredOrder]:
        """The orders of a customer."""
        found = (self.orders[number] for number in sorted(self._orders_of.get(customer, ())))
        return [order for order in found if order.customer == customer]

    def save(self, record: Stored) -> None:
        """Create or replace a record as it is."""
        with self.lock:
            what = self._what(record)
            if isinstance(record, StoredCustomer):
                self.customers[record.id] = record
                self.feeds["customers"].note(record.id, record.modified)
            elif isinstance(record, StoredOrder):
                self.orders[record.id] = record
                self._orders_of.setdefault(record.customer or 0, set()).add(record.id)
                self.feeds["orders"].note(record.id, record.modified)
            else:
                self.products[record.id] = record
                self.feeds["products"].note(record.id, record.modified)
            self._tell(_name(record), record.id, what)

    def touch(self, record: Stored) -> None:
        """Save a changed record with the present time."""
        record.modified = self.now()
        self.save(record)

    def save_coupon(self, coupon: StoredCoupon) -> None:
        """Create or change a coupon, with the present time."""
        with self.lock:
            coupon.modified = self.now()
            self.coupons[coupon.id] = coupon
            self.feeds["coupons"].note(coupon.id, coupon.modified)

    def remove(self, name: str, number: int) -> bool:
        """Delete a record. Orders of a deleted customer stay, and their customer is unknown."""
        with self.lock:
            if self.table(name).pop(number, None) is None:
                return False
            if name == "orders":
                for numbers in self._orders_of.values():
                    numbers.discard(number)
            self.feeds[name].note(number, self.now(), gone=True)
            if name == "customers":
                for order in self.orders_of(number):
                    self.touch(order)
            self._tell(name, number, "deleted")
            return True

    def _what(self, record: Stored) -> str:
        known = self.table(_name(record)).get(record.id)
        if known is None:
            return "created"
        return "cancelled" if isinstance(record, StoredOrder) and record.cancelled else "updated"

    def _tell(self, name: str, number: int, what: str) -> None:
        for listener in self.changed:
            listener(name, number, what)

    def coupon(self, code: str) -> StoredCoupon | None:
        """The coupon of that code that is in the shop."""
        found = (each for each in self.coupons.values() if each.code.casefold() == code.casefold())
        return next((each for each in found if not each.deleted), None)

    def next_id(self, table: Iterable[int]) -> int:
        """One more than the largest id in use."""
        return max(table, default=0) + 1


def _name(record: Stored) -> str:
    """The table that a record stands in."""
    if isinstance(record, StoredProduct):
        return "products"
    return "orders" if isinstance(record, StoredOrder) else "customers"
