"""The shop behind the API: its data and its clock."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from adapters.medusa.sandbox.records import (
    Stored,
    StoredCampaign,
    StoredCustomer,
    StoredGroup,
    StoredOrder,
    StoredProduct,
    StoredPromotion,
)
from connector.model import Product


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The store. Prices include tax."""

    name: str = "Rösterei Sandkasten"
    currency: str = "EUR"


class Shop:
    """State that all requests share, under one lock.

    Args:
        now: the shop's clock.
    """

    def __init__(self, profile: Profile, now: Callable[[], datetime]) -> None:
        self.profile = profile
        self.lock = threading.RLock()
        self.customers: dict[str, StoredCustomer] = {}
        self.groups: dict[str, StoredGroup] = {}
        self.orders: dict[str, StoredOrder] = {}
        self.products: dict[str, StoredProduct] = {}
        self.promotions: dict[str, StoredPromotion] = {}
        self.campaigns: dict[str, StoredCampaign] = {}
        self.categories: dict[str, str] = {}
        self.collections: dict[str, str] = {}
        self._now = now
        self._made = 0

    def now(self) -> datetime:
        """The shop's time, to the millisecond."""
        moment = self._now()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def new_id(self, prefix: str) -> str:
        """An id behind every one that was made before, as Medusa's are."""
        with self.lock:
            self._made += 1
            return f"{prefix}_{self._made:020d}"

    def save(self, record: Stored) -> None:
        """Create or replace a record as it is."""
        with self.lock:
            if isinstance(record, StoredCustomer):
                self.customers[record.id] = record
            elif isinstance(record, StoredOrder):
                self.orders[record.id] = record
            else:
                self.products[record.id] = record

    def save_product(self, record: Product, now: datetime) -> None:
        """Create or replace a product with its categories."""
        stored = StoredProduct(
            id=record.id,
            title=record.title,
            updated_at=record.updated_at or now,
            categories=[self._category(name) for name in record.categories],
            tags=list(record.tags),
            skus=list(record.skus),
        )
        self.save(stored)

    def _category(self, name: str) -> str:
        known = {title: number for number, title in self.categories.items()}
        if name not in known:
            known[name] = self.new_id("pcat")
            self.categories[known[name]] = name
        return known[name]

    def remove(self, kind: str, record_id: str) -> bool:
        """Delete a record. Orders keep the id of their customer, who is in no list any more."""
        tables: dict[str, dict[str, StoredCustomer] | dict[str, StoredOrder] | dict[str, StoredProduct]] = {
            "customers": self.customers,
            "orders": self.orders,
            "products": self.products,
        }
        with self.lock:
            return tables[kind].pop(record_id, None) is not None

    def group_named(self, name: str) -> StoredGroup | None:
        """The group of that very name."""
        return next((group for group in self.groups.values() if group.name == name), None)

    def add_group(self, name: str) -> StoredGroup:
        """A new group."""
        number, now = self.new_id("cusgroup"), self.now()
        self.groups[number] = StoredGroup(id=number, name=name, created_at=now, updated_at=now)
        return self.groups[number]

    def set_groups(self, customer: StoredCustomer, names: Sequence[str]) -> None:
        """Put a customer into these groups and no others; `updated_at` does not move."""
        with self.lock:
            groups = [self.group_named(name) or self.add_group(name) for name in names]
            customer.groups = [group.id for group in groups]

    def promotion(self, code: str) -> StoredPromotion | None:
        """The promotion of that very code: capitals are told apart."""
        return next((each for each in self.promotions.values() if each.code == code), None)
