"""The shop behind the API: its data and its clock."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from adapters.woocommerce.sandbox.records import (
    Stored,
    StoredCoupon,
    StoredCustomer,
    StoredOrder,
    StoredProduct,
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The shop itself.

    `lower_codes`: as shops before 9.9 store codes. `companion`: our plugin is switched on. `many_refunds`:
    `GET /refunds` exists (9.0). `knows_modified`: `modified_after` is read (5.8). `free_shipping`: a shipping
    method waits for a coupon.
    """

    name: str = "Rösterei Sandkasten"
    currency: str = "EUR"
    time_zone: str = "Europe/Berlin"
    gmt_offset: float = 1
    named_zone: bool = True
    version: str = "9.9.5"
    lower_codes: bool = False
    companion: bool = True
    many_refunds: bool = True
    knows_modified: bool = True
    free_shipping: bool = False
    shows_status: bool = True
    pretty_permalinks: bool = True

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


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
        self.terms: dict[str, int] = {}  #: ids of categories, tags and brands by "kind:name"
        self.hides_totals = False  #: something between the shop and us removes its headers
        self.drops_addresses = False  #: a plugin takes the addresses off new coupons
        self.changed: list[Callable[[str, str, Any], None]] = []  #: told of resource, what, record
        self._now = now

    def now(self) -> datetime:
        """The shop's time, whole seconds."""
        return self._now().astimezone(UTC).replace(microsecond=0)

    def table(self, name: str) -> dict[int, Any]:
        """The records of a kind."""
        tables: dict[str, dict[int, Any]] = {
            "customers": self.customers,
            "orders": self.orders,
            "products": self.products,
            "coupons": self.coupons,
        }
        return tables[name]

    def save(self, record: Stored) -> None:
        """Create or replace a record as it is."""
        with self.lock:
            if isinstance(record, StoredCustomer):
                self.customers[record.id] = record
            elif isinstance(record, StoredOrder):
                self.orders[record.id] = record
            else:
                self.products[record.id] = record

    def touch(self, record: StoredCustomer | StoredOrder) -> None:
        """A record changed in the shop, now."""
        with self.lock:
            record.modified = self.now()
            self.save(record)
        self.tell("customer" if isinstance(record, StoredCustomer) else "order", "updated", record)

    def tell(self, resource: str, what: str, record: Any) -> None:
        """Let the webhooks know."""
        for listener in self.changed:
            listener(resource, what, record)

    def remove(self, name: str, number: int) -> bool:
        """Put an order or a product into the bin, delete a customer. Orders keep the customer's number."""
        with self.lock:
            record = self.table(name).pop(number, None)
        if record is None:
            return False
        self.tell(name.removesuffix("s"), "deleted", record)
        return True

    def coupon(self, code: str) -> StoredCoupon | None:
        """The coupon of that code, in whatever capitals: so does MySQL compare."""
        found = (each for each in self.coupons.values() if each.code.casefold() == code.casefold())
        return next(found, None)

    def term(self, kind: str, name: str) -> int:
        """The id of a category, a tag or a brand."""
        with self.lock:
            return self.terms.setdefault(f"{kind}:{name}", len(self.terms) + 16)

    def term_names(self, kind: str) -> dict[int, str]:
        return {
            number: name.removeprefix(f"{kind}:")
            for name, number in self.terms.items()
            if name.startswith(f"{kind}:")
        }

    def next_id(self, name: str) -> int:
        """One more than the largest id in use."""
        return max(self.table(name), default=0) + 1
