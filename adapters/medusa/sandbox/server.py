"""The sandbox as a whole: a shop, its Admin API and its dashboard, on loopback."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

from adapters.medusa.sandbox.api import Api
from adapters.medusa.sandbox.checkout import SHIPPING, Basket, Checkout, Item, NotAcceptedError
from adapters.medusa.sandbox.controls import controls
from adapters.medusa.sandbox.pages import pages
from adapters.medusa.sandbox.records import (
    StoredCustomer,
    StoredPromotion,
    from_customer,
    from_order,
    guest_of,
)
from adapters.medusa.sandbox.shop import Profile, Shop
from connector.model import Customer, Kind, Order, Product
from connector.money import minor_units
from connector.sample import currency_of, first_records
from connector.sample.server import LoopbackServer, application_of

#: The sandbox's own pages: no faults there, and no log. Medusa's dashboard lives below /app.
EXEMPT = ("/sandbox/", "/app")


class MedusaSandbox(LoopbackServer):
    """A Medusa in a box.

    Args:
        customers: size of the sample shop; 0 leaves it empty.
        seed: another seed is another shop.
        from_csv: a file of customers and orders instead of the sample shop.
        today: the day on which the sample shop's history ends; by default the clock's.
        port: 0 picks a free one.
        key: a secret API key.
        now: the shop's clock.
        profile: what kind of shop it is.
    """

    name: ClassVar[str] = "medusa"

    def __init__(
        self,
        *,
        customers: int = 0,
        seed: int = 1,
        from_csv: Path | None = None,
        today: date | None = None,
        port: int = 0,
        key: str = "sk_sandbox",
        now: Callable[[], datetime] | None = None,
        profile: Profile | None = None,
    ) -> None:
        clock = now or (lambda: datetime.now(UTC))
        currency = currency_of(from_csv) if from_csv else "EUR"
        self.shop = Shop(profile or Profile(currency=currency), clock)
        self.checkout = Checkout(self.shop)
        self.api = Api(self.shop, key=key)
        self._key = key
        routes = (self.api.blueprint(), controls(self.shop, self.checkout), pages(self.shop))
        super().__init__(application_of(*routes), port=port, exempt=EXEMPT)
        day = today or clock().date()
        for record in first_records(customers=customers, seed=seed, from_csv=from_csv, today=day):
            self.put(record)

    # connector.adapter.Sandbox

    @property
    def admin_url(self) -> str:
        """The dashboard."""
        return f"{self.url}/app/customers"

    def settings(self) -> Mapping[str, Any]:
        """Settings of the Medusa adapter that connect to this sandbox."""
        return {"url": self.url, "key": self._key}

    # connector.testing.ShopUnderTest

    def put(self, record: Customer | Order | Product) -> None:
        """Create or replace a record with exactly this content, `updated_at` included."""
        now = self.shop.now()
        if isinstance(record, Customer):
            self._put_customer(record, now)
        elif isinstance(record, Order):
            self._put_order(record, now)
        else:
            self.shop.save_product(record, now)

    def _put_customer(self, record: Customer, now: datetime) -> None:
        stored, before = from_customer(record, now=now), self.shop.customers.get(record.id)
        stored.metadata = before.metadata if before else None
        self.shop.save(stored)
        self.shop.set_groups(stored, record.tags)

    def _put_order(self, record: Order, now: datetime) -> None:
        """Every order has a customer record; that of a guest has no account."""
        stored = from_order(record, now=now)
        if stored.customer_id is None:
            guest = guest_of(stored, record.email)
            stored.customer_id = guest.id
            self.shop.save(guest)
        self.shop.save(stored)

    def delete(self, kind: Kind, record_id: str) -> None:
        """Delete a record as the owner would."""
        self.shop.remove(kind.value, record_id)

    def tags_of(self, customer_id: str) -> frozenset[str]:
        """The groups the customer is in now."""
        return frozenset(self.shop.groups[each].name for each in self._customer(customer_id).groups)

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        """The owner edits a customer's groups; `updated_at` does not move."""
        self.shop.set_groups(self._customer(customer_id), list(tags))

    def codes(self) -> frozenset[str]:
        """Every code that could be redeemed now or later, foreign ones included."""
        return frozenset(each.code for each in self.shop.promotions.values() if each.status == "active")

    def add_foreign_code(self, code: str) -> None:
        """The owner makes a promotion by hand, without a campaign."""
        number = self.shop.new_id("promo")
        method = {"type": "percentage", "target_type": "order", "allocation": "across", "value": 5}
        self.shop.promotions[number] = StoredPromotion(
            id=number, code=code, status="active", updated_at=self.shop.now(), application_method=method
        )

    def attribute(self, customer_id: str, name: str) -> str | None:
        """What is stored in the customer's metadata under that key."""
        value: str | None = (self._customer(customer_id).metadata or {}).get(name)
        return value

    def redeem(self, code: str, customer_id: str) -> str | None:
        """Order a basket of 100.00 with the code; why it was refused, or None."""
        refused, _, _ = self.check_out((code,), customer_id, None, (("0", 10_000, False),))
        return refused

    # connector.testing.Till

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,
        email: str | None,
        goods: Sequence[tuple[str, int, bool]],
    ) -> tuple[str | None, int, int]:
        """Order with all of these codes or not at all: the refusal, what was taken off, and the shipping."""
        items = tuple(Item(product=product, price=price) for product, price, _ in goods)
        basket = Basket(customer_id=customer_id, email=email, items=items, codes=tuple(codes))
        try:
            order = self.checkout.place(basket)
        except NotAcceptedError as refused:
            return str(refused), 0, SHIPPING
        currency = order.currency_code.upper()
        shipping = minor_units(order.shipping_total, currency)
        total = minor_units(order.charged(), currency)
        return None, sum(price for _, price, _ in goods) + shipping - total, shipping

    def title_of(self, code: str, language: str) -> str:  # noqa: ARG002  a promotion has one name
        """The name of the promotion's campaign."""
        promotion = self.shop.promotion(code)
        return promotion.campaign.name if promotion and promotion.campaign else code

    def _customer(self, customer_id: str) -> StoredCustomer:
        return self.shop.customers[customer_id]
