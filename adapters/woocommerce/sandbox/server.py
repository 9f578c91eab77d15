"""The sandbox as a whole: a shop, its API and its admin pages, on loopback."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

from adapters.woocommerce.records import ATTRIBUTE_PREFIX, TAGS_KEY
from adapters.woocommerce.sandbox.access import Access
from adapters.woocommerce.sandbox.answers import Answers
from adapters.woocommerce.sandbox.api import Api
from adapters.woocommerce.sandbox.checkout import Basket, Checkout, Goods, NotAcceptedError
from adapters.woocommerce.sandbox.controls import controls
from adapters.woocommerce.sandbox.pages import pages
from adapters.woocommerce.sandbox.records import (
    Stored,
    StoredCoupon,
    StoredCustomer,
    from_customer,
    from_order,
    from_product,
    number_of,
)
from adapters.woocommerce.sandbox.shop import Profile, Shop
from adapters.woocommerce.sandbox.webhooks import Webhooks
from connector.model import Customer, Kind, Order, Product, Record
from connector.money import decimals
from connector.sample import currency_of, first_records
from connector.sample.server import LoopbackServer, application_of

#: The goods of `redeem`, minor units.
BASKET = 10_000


class WooCommerceSandbox(LoopbackServer):
    """A WooCommerce shop in a box.

    Args:
        customers: size of the sample shop; 0 leaves it empty.
        seed: another seed is another shop.
        from_csv: a file of customers and orders instead of the sample shop.
        today: the day on which the sample shop's history ends; by default the clock's.
        port: 0 picks a free one.
        key: consumer key.
        secret: consumer secret.
        webhook_secret: signs the webhooks.
        permission: what the key may do, "read" or "read_write".
        now: the shop's clock.
        profile: what kind of shop it is.
    """

    name: ClassVar[str] = "woocommerce"

    def __init__(
        self,
        *,
        customers: int = 0,
        seed: int = 1,
        from_csv: Path | None = None,
        today: date | None = None,
        port: int = 0,
        key: str = "ck_sandbox",
        secret: str = "cs_sandbox",  # noqa: S107  of a sandbox
        webhook_secret: str = "whs_sandbox",  # noqa: S107
        permission: str = "read_write",
        now: Callable[[], datetime] | None = None,
        profile: Profile | None = None,
    ) -> None:
        clock = now or (lambda: datetime.now(UTC))
        currency = currency_of(from_csv) if from_csv else "EUR"
        self.shop = Shop(profile or Profile(currency=currency), clock)
        self.checkout = Checkout(self.shop)
        self.access = Access(key=key, secret=secret, permission=permission)
        self.webhooks = Webhooks(Answers(self.shop), secret=webhook_secret)
        self.shop.changed.append(self.webhooks.tell)
        self._keys = {"key": key, "secret": secret, "webhook_secret": webhook_secret}
        api = Api(self.shop, self.access).blueprint()
        routes = (api, controls(self.shop, self.checkout), pages(self.shop))
        super().__init__(application_of(*routes), port=port, exempt=("/sandbox/", "/wp-admin"))
        day = today or clock().date()
        for record in first_records(customers=customers, seed=seed, from_csv=from_csv, today=day):
            self.put(record)

    def _stored(self, record: Record) -> Stored:
        now = self.shop.now()
        if isinstance(record, Customer):
            return from_customer(record, now=now, tags_key=TAGS_KEY)
        if isinstance(record, Order):
            return from_order(record, now=now)
        return from_product(record, now=now)

    # connector.adapter.Sandbox

    @property
    def admin_url(self) -> str:
        """The users list, as our companion plugin makes it."""
        return f"{self.url}/wp-admin/users"

    def settings(self) -> Mapping[str, Any]:
        """Settings of the WooCommerce adapter that connect to this sandbox."""
        return {"url": self.url, **self._keys}

    def start(self) -> None:
        """Listen in background threads."""
        super().start()
        self.webhooks.start()

    def stop(self) -> None:
        """Stop listening."""
        self.webhooks.stop()
        super().stop()

    # connector.testing.ShopUnderTest

    def put(self, record: Customer | Order | Product) -> None:
        """Create or replace a record with exactly this content, `updated_at` included.

        A guest has no record among WooCommerce's customers.
        """
        if isinstance(record, Customer) and record.guest:
            return
        stored = self._stored(record)
        if isinstance(record, Product):
            for kind, names in (("category", record.categories), ("tag", record.tags)):
                for name in names:
                    self.shop.term(kind, name)
        self.shop.save(stored)

    def delete(self, kind: Kind, record_id: str) -> None:
        """Delete a record as the owner would."""
        self.shop.remove(kind.value, number_of(record_id))

    def tags_of(self, customer_id: str) -> frozenset[str]:
        """The tags the customer has now."""
        return frozenset(self._customer(customer_id).meta.get(TAGS_KEY, ()))

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        """The merchant edits a customer's tags."""
        customer = self._customer(customer_id)
        customer.meta[TAGS_KEY] = list(tags)
        self.shop.touch(customer)

    def codes(self) -> frozenset[str]:
        """Every code that could be redeemed now or later, foreign ones included."""
        now = self.shop.now()
        return frozenset(
            each.code for each in self.shop.coupons.values() if each.expires is None or each.expires > now
        )

    def add_foreign_code(self, code: str) -> None:
        """The merchant makes a coupon by hand."""
        number, now = self.shop.next_id("coupons"), self.shop.now()
        self.shop.coupons[number] = StoredCoupon(
            id=number, created=now, modified=now, code=code, discount_type="percent", amount="5.00"
        )

    def attribute(self, customer_id: str, name: str) -> str | None:
        """What is stored on the customer under that name."""
        key = name if name.startswith(ATTRIBUTE_PREFIX) else f"{ATTRIBUTE_PREFIX}{name}"
        value: str | None = self._customer(customer_id).meta.get(key)
        return value

    def redeem(self, code: str, customer_id: str) -> str | None:
        """Order a basket of 100.00 with the code; why it was refused, or None."""
        return self.check_out([code], customer_id, None, [("0", BASKET, False)])[0]

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,
        email: str | None,
        goods: Sequence[tuple[str, int, bool]],
    ) -> tuple[str | None, int, int]:
        """Buy with all of these codes or not at all: why not, what is taken off, and the shipping."""
        scale = 10 ** decimals(self.shop.profile.currency)
        wanted = [
            Goods(product=number_of(id_), price=value / scale, on_sale=sale) for id_, value, sale in goods
        ]
        number = number_of(customer_id) if customer_id else 0
        try:
            basket = Basket(customer_id=number, goods=wanted, codes=list(codes), email=email)
            order = self.checkout.place(basket)
        except NotAcceptedError as refused:
            return str(refused), 0, 5 * scale
        shipping = 0 if order.shipping == 0 else 5 * scale
        return None, sum(value for _, value, _ in goods) + shipping - order.total, shipping

    def title_of(self, code: str, language: str) -> str:  # noqa: ARG002  the buyer sees the code, no title
        """What the buyer reads at the checkout."""
        coupon = self.shop.coupon(code)
        return coupon.code if coupon else ""

    def _customer(self, customer_id: str) -> StoredCustomer:
        return self.shop.customers[number_of(customer_id)]
