"""The sandbox as a whole: a shop, its Admin API and its dashboard, on loopback."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

from adapters.vendure.sandbox.api import EVERY_PERMISSION, Api
from adapters.vendure.sandbox.checkout import Basket, Checkout, Item, RefusedError
from adapters.vendure.sandbox.controls import controls
from adapters.vendure.sandbox.pages import pages
from adapters.vendure.sandbox.records import (
    GUESTS_FROM,
    StoredCustomer,
    StoredPromotion,
    from_customer,
    from_order,
    from_product,
    guest_of,
    number_of,
)
from adapters.vendure.sandbox.shop import Profile, Shop
from connector.model import Customer, Kind, Order, Product
from connector.sample import currency_of, first_records
from connector.sample.server import LoopbackServer, application_of

#: The sandbox's own pages: no faults there, and no log.
EXEMPT = ("/sandbox/", "/admin/")


class VendureSandbox(LoopbackServer):
    """A Vendure in a box.

    Args:
        customers: size of the sample shop; 0 leaves it empty.
        seed: another seed is another shop.
        from_csv: a file of customers and orders instead of the sample shop.
        today: the day on which the sample shop's history ends; by default the clock's.
        port: 0 picks a free one.
        key: an API key.
        username: of an administrator.
        password: of the same.
        now: the shop's clock.
        permissions: of the role of the key.
    """

    name: ClassVar[str] = "vendure"

    def __init__(
        self,
        *,
        customers: int = 0,
        seed: int = 1,
        from_csv: Path | None = None,
        today: date | None = None,
        port: int = 0,
        key: str = "sandbox-key",
        username: str = "superadmin",
        password: str = "superadmin",  # noqa: S107
        now: Callable[[], datetime] | None = None,
        profile: Profile | None = None,
        permissions: Collection[str] = EVERY_PERMISSION,
    ) -> None:
        clock = now or (lambda: datetime.now(UTC))
        currency = currency_of(from_csv) if from_csv else "EUR"
        self.shop = Shop(profile or Profile(currency=currency), clock)
        self.checkout = Checkout(self.shop)
        self.api = Api(self.shop, key=key, permissions=permissions, username=username, password=password)
        self._key, self._username, self._password = key, username, password
        routes = (self.api.blueprint(), controls(self.shop, self.checkout), pages(self.shop))
        super().__init__(application_of(*routes), port=port, exempt=EXEMPT)
        day = today or clock().date()
        for record in first_records(customers=customers, seed=seed, from_csv=from_csv, today=day):
            self.put(record)

    # connector.adapter.Sandbox

    @property
    def admin_url(self) -> str:
        """The dashboard."""
        return f"{self.url}/admin/customers"

    def settings(self) -> Mapping[str, Any]:
        """Settings of the Vendure adapter that connect to this sandbox."""
        return {"url": self.url, "key": self._key}

    def login_settings(self) -> Mapping[str, Any]:
        """The same with an administrator in place of an API key."""
        return {"url": self.url, "username": self._username, "password": self._password}

    # connector.testing.ShopUnderTest

    def put(self, record: Customer | Order | Product) -> None:
        """Create or replace a record with exactly this content, `updated_at` included."""
        now = self.shop.now()
        if isinstance(record, Customer):
            self._put_customer(record, now)
        elif isinstance(record, Order):
            self._put_order(record, now)
        else:
            self.shop.save(from_product(record, now=now))

    def _put_customer(self, record: Customer, now: datetime) -> None:
        stored, before = from_customer(record, now=now), self.shop.customers.get(number_of(record.id))
        stored.fields = before.fields if before else {}
        self.shop.save(stored)
        self.shop.set_groups(stored, list(record.tags))

    def _put_order(self, record: Order, now: datetime) -> None:
        """Every order has a customer record; that of a guest has no login."""
        stored = from_order(record, now=now)
        if stored.customer is None:
            stored.customer = GUESTS_FROM + stored.id
            self.shop.save(guest_of(stored, record.email))
        self.shop.save(stored)

    def delete(self, kind: Kind, record_id: str) -> None:
        """Delete a record as the owner would."""
        self.shop.remove(kind.value, number_of(record_id))

    def tags_of(self, customer_id: str) -> frozenset[str]:
        """The groups the customer is in now."""
        groups = self.shop.groups
        return frozenset(groups[number].name for number in self._customer(customer_id).groups)

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        """The owner edits a customer's groups; `updatedAt` does not move."""
        self.shop.set_groups(self._customer(customer_id), list(tags))

    def codes(self) -> frozenset[str]:
        """Every code that could be redeemed now or later, foreign ones included."""
        return frozenset(each.code for each in self.shop.promotions.values() if each.enabled and each.code)

    def add_foreign_code(self, code: str) -> None:
        """The owner makes a promotion by hand."""
        number, now = max(self.shop.promotions, default=0) + 1, self.shop.now()
        action = {"code": "order_percentage_discount", "args": [{"name": "discount", "value": "5"}]}
        promotion = StoredPromotion(
            id=number, created=now, updated=now, enabled=True, code=code, actions=[action]
        )
        promotion.names[self.shop.profile.language] = f"Aktion {code}"
        self.shop.save_promotion(promotion)

    def attribute(self, customer_id: str, name: str) -> str | None:
        """What is stored in that custom field."""
        return self._customer(customer_id).fields.get(name)

    def redeem(self, code: str, customer_id: str) -> str | None:
        """Order a basket of 100.00 with the code; why it was refused, or None."""
        refused, _, _ = self.check_out((code,), customer_id, None, (("0", 10_000, False),))
        return refused

    # connector.testing.Till

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,
        email: str | None,  # noqa: ARG002  no term of Vendure asks for it
        goods: Sequence[tuple[str, int, bool]],
    ) -> tuple[str | None, int, int]:
        """Order with all of these codes or not at all: the refusal, what was taken off, and the shipping."""
        items = tuple(Item(product=number_of(product), price=price) for product, price, _ in goods)
        basket = Basket(customer_id=number_of(customer_id or ""), items=items, codes=tuple(codes))
        try:
            order = self.checkout.place(basket)
        except RefusedError as refused:
            return str(refused), 0, 0
        return None, sum(line.off for line in order.lines), order.shipping

    def title_of(self, code: str, language: str) -> str:
        """The name of the promotion in that language, else in the channel's own."""
        (promotion,) = self.shop.with_code(code)
        return promotion.names.get(language) or promotion.names[self.shop.profile.language]

    def _customer(self, customer_id: str) -> StoredCustomer:
        return self.shop.customers[number_of(customer_id)]
