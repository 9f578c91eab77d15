"""The sandbox as a whole: a shop, its API and its admin page, on loopback."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from adapters.shopify.sandbox.access import CURRENT, Tokens
from adapters.shopify.sandbox.api import Api
from adapters.shopify.sandbox.bulk import BulkOperations
from adapters.shopify.sandbox.checkout import Basket, BasketLine, Checkout, RefusedError
from adapters.shopify.sandbox.controls import controls
from adapters.shopify.sandbox.discount_api import DiscountApi
from adapters.shopify.sandbox.discount_codes import CodeApi
from adapters.shopify.sandbox.discount_view import DiscountView
from adapters.shopify.sandbox.discounts import Discounts
from adapters.shopify.sandbox.engine import Call, Resolver
from adapters.shopify.sandbox.limits import BUCKET_SECONDS, PLANS, Bucket
from adapters.shopify.sandbox.loading import fill
from adapters.shopify.sandbox.mutations import CustomerMutations
from adapters.shopify.sandbox.pages import pages
from adapters.shopify.sandbox.queries import Queries
from adapters.shopify.sandbox.records import (
    StoredCustomer,
    from_customer,
    from_order,
    from_product,
    kind_of,
    number_of,
    stored_number,
)
from adapters.shopify.sandbox.shop import Shop
from adapters.shopify.sandbox.store import Store
from adapters.shopify.sandbox.view import ALL_SCOPES, Profile
from adapters.shopify.sandbox.webhooks import Webhooks
from connector.model import Customer, Kind, Order, Product
from connector.sample import currency_of, first_records
from connector.sample.server import LoopbackServer, application_of

#: Metafields of this namespace are our attributes.
NAMESPACE = "stammkunde"

#: The sandbox's own pages: no faults there, and no log.
EXEMPT = ("/sandbox/", "/admin/customers", "/admin/orders", "/admin/discounts", "/admin/style.css")

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

#: The basket of `redeem`, minor units.
BASKET = 10_000
#: What `check_out` charges for shipping.
SHIPPING = 500


class ShopifySandbox(LoopbackServer):
    """A Shopify shop in a box.

    Args:
        customers: size of the sample shop; 0 leaves it empty.
        seed: another seed is another shop.
        from_csv: a file of customers and orders instead of the sample shop.
        today: the day on which the sample shop's history ends; by default yesterday, for today is not over.
        token: the static access token.
        port: 0 picks a free one.
        path: directory that keeps the shop, by default a temporary one; a shop found there is used as it is.
        now: the shop's clock.
        plan: sets the rate limit (Basic, Advanced, Plus, Enterprise).
        restore_rate: points a second, in place of the plan's.
        bucket: the most points there can be, in place of the plan's.
        scopes: what the app was granted.
        token_lifetime: of a token from client credentials.
        webhook_retry_seconds: pause between two tries.
    """

    name: ClassVar[str] = "shopify"

    def __init__(
        self,
        *,
        customers: int = 0,
        seed: int = 1,
        from_csv: Path | None = None,
        today: date | None = None,
        token: str = "shpat_sandbox",  # noqa: S107
        port: int = 0,
        path: Path | None = None,
        now: Callable[[], datetime] | None = None,
        profile: Profile | None = None,
        plan: str = "Basic",
        restore_rate: float | None = None,
        bucket: float | None = None,
        scopes: Iterable[str] = ALL_SCOPES,
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox-secret",  # noqa: S107
        token_lifetime: timedelta = timedelta(hours=24),
        webhook_retry_seconds: float = 0.2,
    ) -> None:
        self._token = token
        self._now = now or (lambda: datetime.now(UTC))
        self.profile = profile or _profile(plan, from_csv)
        self._temporary = path is None
        self._directory = path or Path(tempfile.mkdtemp(prefix="shopify-sandbox-"))
        self._directory.mkdir(parents=True, exist_ok=True)
        self.webhooks = Webhooks(
            secret=client_secret,
            domain=self.profile.domain,
            version=CURRENT,
            now=self._now,
            retry_seconds=webhook_retry_seconds,
        )
        store = Store(self._directory / "shop.sqlite")
        self.shop = Shop(store, self.profile, self._now, self.webhooks)
        self.tokens = Tokens(
            static=token,
            client_id=client_id,
            client_secret=client_secret,
            scopes=scopes,
            lifetime=token_lifetime,
            now=self._now,
        )
        self.discounts = Discounts(self.shop)
        view = DiscountView(self.shop, self.discounts)
        self.discount_api = DiscountApi(self.shop, self.discounts, view)
        self.code_api = CodeApi(self.shop, self.discounts, view)
        self.checkout = Checkout(self.shop, self.discounts)
        queries = Queries(self.profile.zone(), self._node)
        self.bulk = BulkOperations(self.shop, queries, self._directory, lambda: self.url, lambda: self._roots)
        self._roots: dict[str, Resolver] = {
            **queries.roots(),
            **CustomerMutations(self.shop).roots(),
            **self.discount_api.roots(),
            **self.code_api.roots(),
            **self.bulk.roots(),
            **self.webhooks.roots(),
        }
        rate = restore_rate if restore_rate is not None else PLANS[self.profile.plan]
        level = bucket if bucket is not None else rate * BUCKET_SECONDS
        self.api = Api(self.tokens, Bucket(rate, level), self.bulk, lambda: self._roots, self.shop.view)
        revoke = partial(self.tokens.revoke, static=True)
        routes = (
            self.api.blueprint(),
            controls(self.checkout, self.bulk, self.webhooks, revoke),
            pages(self.shop, self.discounts),
        )
        super().__init__(application_of(*routes), port=port, exempt=EXEMPT)
        if (customers or from_csv) and not store.rows("SELECT 1 FROM customers LIMIT 1"):
            day = today or self._now().date() - timedelta(days=1)
            sample = first_records(customers=customers, seed=seed, from_csv=from_csv, today=day)
            fill(store, sample, currency=self.profile.currency, now=self.shop.now())

    def _node(self, _: Call, global_id: str) -> Any:
        finders: dict[str, Callable[[int | None], Any]] = {
            "DiscountNode": lambda number: self.discount_api.node("DiscountNode", number),
            "DiscountCodeNode": lambda number: self.discount_api.node("DiscountCodeNode", number),
            "DiscountRedeemCodeBulkCreation": self.code_api.creation,
            "BulkOperation": self.bulk.look,
        }
        finder = finders.get(kind_of(global_id))
        return finder(number_of(global_id)) if finder else None

    # connector.adapter.Sandbox

    @property
    def admin_url(self) -> str:
        """The admin page."""
        return f"{self.url}/admin/customers"

    def settings(self) -> Mapping[str, Any]:
        """Settings of the Shopify adapter that connect to this sandbox."""
        return {"domain": self.profile.domain, "token": self._token, "base_url": self.url}

    def start(self) -> None:
        """Listen in background threads."""
        try:
            super().start()
        except OSError:
            self.stop()
            raise
        self.webhooks.start()

    def stop(self) -> None:
        """Stop listening, end what runs, and remove a temporary directory."""
        super().stop()
        self.bulk.stop()
        self.webhooks.stop()
        self.shop.store.close()
        if self._temporary:
            shutil.rmtree(self._directory)

    # connector.testing.ShopUnderTest

    def put(self, record: Customer | Order | Product) -> None:
        """Create or replace a record with exactly this content, `updated_at` included."""
        now = self.shop.now()
        if isinstance(record, Customer):
            self.shop.save(from_customer(record, currency=self.profile.currency, now=now))
        elif isinstance(record, Order):
            self.shop.save(from_order(record, now=now))
        else:
            self.shop.save(from_product(record, now=now))

    def delete(self, kind: Kind, record_id: str) -> None:
        """Delete a record as the owner would."""
        self.shop.remove(kind.value, stored_number(record_id))

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
        return self.discounts.active_codes()

    def add_foreign_code(self, code: str) -> None:
        """The merchant makes a discount by hand."""
        self.discounts.add(f"Aktion {code}", code, starts=_LONG_AGO)

    def attribute(self, customer_id: str, name: str) -> str | None:
        """What is stored on the customer under that name."""
        owner = f"gid://shopify/Customer/{customer_id}"
        rows = self.shop.store.rows(
            "SELECT value FROM metafields WHERE owner = ? AND namespace = ? AND key = ?",
            (owner, NAMESPACE, name),
        )
        return str(rows[0][0]) if rows else None

    def redeem(self, code: str, customer_id: str) -> str | None:
        """Order a basket of 100.00 with the code; why it was refused, or None."""
        basket = Basket(lines=(BasketLine(price=BASKET),), customer_id=customer_id, code=code)
        try:
            self.checkout.place(basket)
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
        """Order these goods (product, value, reduced) with all of these codes, or not at all.

        Returns:
            Why not, what was taken off the goods, and the shipping.
        """
        basket = Basket(
            lines=tuple(BasketLine(price=value, product_id=product) for product, value, _ in goods),
            customer_id=customer_id,
            email=email,
            codes=tuple(codes),
            shipping=SHIPPING,
        )
        try:
            order = self.checkout.place(basket)
        except RefusedError as refused:
            return str(refused), 0, SHIPPING
        return None, order.discounts - order.shipping_off, order.shipping

    def _customer(self, customer_id: str) -> StoredCustomer:
        customer = self.shop.store.customer(stored_number(customer_id))
        if customer is None:
            raise KeyError(f"There is no customer {customer_id}.")
        return customer


def _profile(plan: str, from_csv: Path | None) -> Profile:
    if from_csv is None:
        return Profile(plan=plan)
    currency = currency_of(from_csv)
    return Profile(plan=plan, currency=currency, presentment=(currency,))
