"""The shop behind the API: its data and its clock."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from adapters.vendure.sandbox.records import (
    Stored,
    StoredCustomer,
    StoredGroup,
    StoredOrder,
    StoredProduct,
    StoredPromotion,
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The channel. Prices include tax; money has two decimals."""

    code: str = "roesterei-sandkasten"
    token: str = "sandbox-channel"  # noqa: S105  a name, not a secret
    currency: str = "EUR"
    language: str = "de"
    languages: tuple[str, ...] = ("de", "en")
    fields: tuple[str, ...] = ("stammkundeCode",)  #: custom fields of customers


class Shop:
    """State that all requests share, under one lock.

    Args:
        now: the shop's clock.
    """

    def __init__(self, profile: Profile, now: Callable[[], datetime]) -> None:
        self.profile = profile
        self.lock = threading.RLock()
        self.customers: dict[int, StoredCustomer] = {}
        self.groups: dict[int, StoredGroup] = {}
        self.orders: dict[int, StoredOrder] = {}
        self.products: dict[int, StoredProduct] = {}
        self.promotions: dict[int, StoredPromotion] = {}
        self.departed: dict[int, StoredCustomer] = {}
        self._orders_of: dict[int, set[int]] = {}
        self._now = now

    def now(self) -> datetime:
        """The shop's time, whole seconds."""
        return self._now().replace(microsecond=0)

    def save(self, record: Stored) -> None:
        """Create or replace a record as it is."""
        with self.lock:
            if isinstance(record, StoredCustomer):
                self.customers[record.id] = record
            elif isinstance(record, StoredOrder):
                self.orders[record.id] = record
                self._orders_of.setdefault(record.customer or 0, set()).add(record.id)
            else:
                self.products[record.id] = record

    def remove(self, kind: str, number: int) -> bool:
        """Delete a record. Orders keep their customer, who is in no list any more."""
        tables: dict[str, dict[int, Any]] = {
            "customers": self.customers,
            "orders": self.orders,
            "products": self.products,
        }
        with self.lock:
            record = tables[kind].pop(number, None)
            if kind == "customers" and record is not None:
                self.departed[number] = record
            return record is not None

    def orders_of(self, customer: int) -> list[StoredOrder]:
        """The orders of a customer, oldest first."""
        numbers = sorted(self._orders_of.get(customer, ()))
        found = (self.orders[number] for number in numbers if number in self.orders)
        return [order for order in found if order.customer == customer]

    def group_named(self, name: str) -> StoredGroup:
        """The group of that very name, made if there is none. Names need not be unique."""
        for group in self.groups.values():
            if group.name == name:
                return group
        return self.add_group(name)

    def add_group(self, name: str) -> StoredGroup:
        """A new group."""
        number, now = max(self.groups, default=0) + 1, self.now()
        self.groups[number] = StoredGroup(id=number, name=name, created=now, updated=now)
        return self.groups[number]

    def members(self, group: int) -> list[StoredCustomer]:
        """Customers in a group."""
        return [customer for customer in self.customers.values() if group in customer.groups]

    def set_groups(self, customer: StoredCustomer, names: list[str]) -> None:
        """Put a customer into these groups and no others; `updatedAt` does not move."""
        with self.lock:
            customer.groups = [self.group_named(name).id for name in names]

    def save_promotion(self, promotion: StoredPromotion) -> None:
        """Create or change a promotion, with the present time."""
        with self.lock:
            promotion.updated = self.now()
            self.promotions[promotion.id] = promotion

    def with_code(self, code: str) -> list[StoredPromotion]:
        """Promotions of a code, in any case of letters. Vendure takes a code any number of times."""
        wanted = code.casefold()
        return [each for each in self.promotions.values() if (each.code or "").casefold() == wanted]
