"""The sandbox as a whole: a shop, its two APIs and its backend, on loopback."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

from adapters.jtl.sandbox.checkout import Basket, Checkout, Piece, RefusedError
from adapters.jtl.sandbox.controls import controls
from adapters.jtl.sandbox.core_api import CoreApi
from adapters.jtl.sandbox.pages import pages
from adapters.jtl.sandbox.plugin_api import PluginApi
from adapters.jtl.sandbox.records import (
    GUESTS_FROM,
    SHIPPING,
    Stored,
    StoredCoupon,
    StoredCustomer,
    StoredOrder,
    from_customer,
    from_order,
    from_product,
    guest_of,
    number_of,
)
from adapters.jtl.sandbox.shop import Profile, Shop
from adapters.jtl.sandbox.webhooks import Webhooks
from connector import __version__
from connector.model import Customer, Kind, Order, Product, Record
from connector.sample import currency_of, first_records
from connector.sample.server import LoopbackServer, application_of

#: The basket of `redeem`, in the shop's currency.
BASKET = 100.0
#: Cents for shipping in `check_out`.
SHIPPING_PRICE = 500

EVERY_SCOPE = ("read", "tags", "coupons", "groups")
WEBHOOK_SECRET = "whsec_c2FuZGJveCBvZiBKVEwtU2hvcA=="  # noqa: S105  of a sandbox


class JtlSandbox(LoopbackServer):
    """A JTL-Shop in a box, with our plugin in it.

    Args:
        customers: size of the sample shop; 0 leaves it empty.
        seed: another seed is another shop.
        from_csv: a file of customers and orders instead of the sample shop.
        today: the day on which the sample shop's history ends; by default the clock's.
        port: 0 picks a free one.
        key: of the plugin.
        core_key: of the shop's own REST API.
        rest_api: whether the shop's own REST API is switched on.
        plugin: whether the plugin is switched on.
        now: the shop's clock.
        scopes: what the key of the plugin may do.
        webhook_secret: signs webhooks; they are off until `webhooks.address` is set.
    """

    name: ClassVar[str] = "jtl"

    def __init__(
        self,
        *,
        customers: int = 0,
        seed: int = 1,
        from_csv: Path | None = None,
        today: date | None = None,
        port: int = 0,
        key: str = "skj_sandbox",
        core_key: str = "core-sandbox",
        rest_api: bool = True,
        plugin: bool = True,
        now: Callable[[], datetime] | None = None,
        profile: Profile | None = None,
        scopes: Iterable[str] = EVERY_SCOPE,
        webhook_secret: str = WEBHOOK_SECRET,
    ) -> None:
        clock = now or (lambda: datetime.now(UTC))
        currency = currency_of(from_csv) if from_csv else "EUR"
        self.shop = Shop(profile or Profile(currency=currency), clock)
        self.checkout = Checkout(self.shop)
        self.webhooks = Webhooks(secret=webhook_secret, now=self.shop.now)
        self.shop.changed.append(self.webhooks.note)
        self.plugin = PluginApi(
            self.shop, key=key, scopes=scopes, version=__version__, webhooks=self.webhooks
        )
        self.core = CoreApi(self.shop, key=core_key, enabled=rest_api)
        self._key, self._core_key = key, core_key
        routes = (self.core.blueprint(), controls(self.shop, self.checkout), pages(self.shop))
        own = (self.plugin.blueprint(),) if plugin else ()
        super().__init__(application_of(*own, *routes), port=port)
        day = today or clock().date()
        self._load(first_records(customers=customers, seed=seed, from_csv=from_csv, today=day))

    def _load(self, sample: Iterable[Record]) -> None:
        """Fill the shop. JTL keeps a customer record for each order of a guest."""
        for record in map(self._stored, sample):
            if isinstance(record, StoredOrder) and record.customer is None:
                self.shop.save(guest_of(record))
                record.customer = GUESTS_FROM + record.id
            self.shop.save(record)

    def _stored(self, record: Record) -> Stored:
        zone, now = self.shop.profile.zone(), self.shop.now()
        if isinstance(record, Customer):
            return from_customer(record, zone=zone, now=now)
        if isinstance(record, Order):
            return from_order(record, zone=zone, now=now)
        return from_product(record, now=now)

    # connector.adapter.Sandbox

    @property
    def admin_url(self) -> str:
        """The backend."""
        return f"{self.url}/admin/customers"

    def settings(self) -> Mapping[str, Any]:
        """Settings of the JTL adapter that connect to this sandbox."""
        return {"url": self.url, "key": self._key}

    def core_settings(self) -> Mapping[str, Any]:
        """Settings that read this sandbox without its plugin."""
        return {"url": self.url, "core_key": self._core_key, "time_zone": self.shop.profile.time_zone}

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
        """Create or replace a record with exactly this content, `updated_at` included."""
        self.shop.save(self._stored(record))

    def delete(self, kind: Kind, record_id: str) -> None:
        """Delete a record as the owner would."""
        self.shop.remove(kind.value, number_of(record_id))

    def tags_of(self, customer_id: str) -> frozenset[str]:
        """The tags the customer has now."""
        return frozenset(self._customer(customer_id).tags)

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        """The merchant edits a customer's tags."""
        customer = self._customer(customer_id)
        customer.tags = list(tags)
        self.shop.touch(customer)

    def codes(self) -> frozenset[str]:
        """Every code that could be redeemed now or later, foreign ones included."""
        coupons = self.shop.coupons.values()
        return frozenset(each.code for each in coupons if each.active and not each.deleted)

    def add_foreign_code(self, code: str) -> None:
        """The merchant makes a coupon by hand."""
        number, now = self.shop.next_id(self.shop.coupons), self.shop.now()
        coupon = StoredCoupon(id=number, modified=now, code=code, title=f"Aktion {code}", percent=5.0)
        self.shop.save_coupon(coupon)

    def attribute(self, customer_id: str, name: str) -> str | None:
        """What is stored on the customer under that name."""
        return self._customer(customer_id).attributes.get(name)

    def redeem(self, code: str, customer_id: str) -> str | None:
        """Order a basket of 100.00 with the code; why it was refused, or None."""
        try:
            self.checkout.place(Basket(customer_id=int(customer_id), price=BASKET, code=code))
        except RefusedError as refused:
            return str(refused)
        return None

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,
        email: str | None,
        goods: Sequence[tuple[str, int, bool]],
    ) -> tuple[str | None, int, int]:
        """Order goods (product, cents, whether reduced) with codes: why not, cents off, shipping paid.

        JTL-Shop takes one coupon per order. A guest gets a customer record with the order.
        """
        if len(codes) > 1:
            return "Es kann nur ein Coupon pro Bestellung eingelöst werden.", 0, SHIPPING_PRICE
        buyer = int(customer_id) if customer_id else self._guest(email)
        basket = Basket(
            customer_id=buyer,
            code=codes[0] if codes else None,
            pieces=tuple(
                Piece(price=value / 100, product=int(product) if product else None)
                for product, value, _ in goods
            ),
            shipping=SHIPPING_PRICE / 100,
        )
        try:
            order = self.checkout.place(basket)
        except RefusedError as refused:
            return str(refused), 0, SHIPPING_PRICE
        shipping = sum(line.gross() for line in order.lines if line.type == SHIPPING)
        off = basket.value() + shipping - order.total
        return None, round(off * 100), round(shipping * 100)

    def title_of(self, code: str, language: str) -> str:
        """What a customer reads at the checkout; without a text of that language the usual one."""
        coupon = self.shop.coupon(code)
        if coupon is None:
            raise LookupError(f"There is no coupon {code}.")
        return coupon.titles.get(language, coupon.title)

    def _guest(self, email: str | None) -> int:
        number = max(self.shop.next_id(self.shop.customers), GUESTS_FROM)
        self.put(Customer(id=str(number), email=email, guest=True))
        return number

    def _customer(self, customer_id: str) -> StoredCustomer:
        return self.shop.customers[number_of(customer_id)]
