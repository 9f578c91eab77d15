"""The Shopify adapter: Admin API 2026-10."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import SecretStr
from shopify.utils.shop_url import sanitize_shop_domain

from adapters.shopify import webhooks
from adapters.shopify.client import SCOPE_HELP, VERSION, Admin
from adapters.shopify.discounts import Discounts
from adapters.shopify.documents import NEEDED_SCOPES, document
from adapters.shopify.fullreads import FullReads
from adapters.shopify.kinds import SOURCES
from adapters.shopify.pushes import Pushes
from adapters.shopify.reads import Reads
from adapters.shopify.records import Wire
from adapters.shopify.terms import CODE_LENGTH, CODES_PER_ORDER, CONFLICTS, KEPT
from connector.adapter import Page, Tried
from connector.errors import ConfigError
from connector.http import Limits
from connector.model import (
    Change,
    Coupon,
    Customer,
    Event,
    Feature,
    Kind,
    Order,
    Product,
    Record,
    Result,
    ShopInfo,
    Tagging,
)

FEATURES = frozenset(
    {
        Feature.TAGS,
        Feature.COUPONS,
        Feature.COUPON_FOR_CUSTOMER,
        Feature.COUPON_FOR_GROUP,
        Feature.ATTRIBUTES,
        Feature.PRODUCTS,
        Feature.DELETIONS,
        Feature.WEBHOOKS,
    }
)
#: How far back an app sees orders without the scope read_all_orders.
ORDERS_VISIBLE = timedelta(days=60)


class _Shop(Wire):
    name: str
    currency_code: str
    iana_timezone: str
    myshopify_domain: str


class _Scope(Wire):
    handle: str


class _Installation(Wire):
    access_scopes: tuple[_Scope, ...]


class _ShopAnswer(Wire):
    shop: _Shop
    current_app_installation: _Installation


class _Count(Wire):
    count: int


class _CustomerCount(Wire):
    customers_count: _Count | None = None


class _Gateways(Wire):
    payment_gateway_names: tuple[str, ...]


class _Newest(Wire):
    nodes: tuple[_Gateways, ...]


class _Processed(Wire):
    processed_at: datetime


class _Oldest(Wire):
    nodes: tuple[_Processed, ...]


class _OrderCount(Wire):
    newest: _Newest
    oldest: _Oldest
    orders_count: _Count | None = None


class ShopifyAdapter:
    """A Shopify shop.

    Args:
        domain: such as "roastery.myshopify.com".
        token: a static Admin token; without it `client_id` and `client_secret` are used.
        client_id: of an app from the Dev Dashboard that is installed in this shop.
        client_secret: of the same app; it also checks webhooks.
        webhook_secret: checks webhooks where there is no `client_secret`.
        base_url: where a sandbox answers instead of the domain; leave it out for a real shop.
        bulk_above: from how many changes of one kind on a push uses a bulk operation.
        page_size: the most records of one page.
        timeout: the longest silence of the shop in seconds; four times that for a call with its retries.
    """

    name: ClassVar[str] = "shopify"
    title: ClassVar[str] = "Shopify"
    tried: ClassVar[tuple[Tried, str]] = (Tried.SANDBOX, "requests against the published schema of 2026-10")
    #: Empty: `updatedAt` moves with every refund, edit, cancellation and tag.
    reread: Mapping[Kind, timedelta] = {}

    def __init__(
        self,
        *,
        domain: str,
        token: SecretStr | None = None,
        client_id: str | None = None,
        client_secret: SecretStr | None = None,
        webhook_secret: SecretStr | None = None,
        base_url: str | None = None,
        bulk_above: int = 1000,
        page_size: int = 500,
        timeout: float = 30.0,
    ) -> None:
        known = sanitize_shop_domain(domain)
        if known is None:
            raise ConfigError(f"{domain!r} is no Shopify domain: it ends in .myshopify.com.")
        if token is None and not (client_id and client_secret):
            raise ConfigError("Shopify needs either `token`, or `client_id` and `client_secret`.")
        self._admin = Admin(
            base_url=base_url or f"https://{known}",
            token=token,
            client_id=client_id,
            client_secret=client_secret,
            limits=Limits(connect=min(timeout, 10.0), read=timeout, total=4 * timeout),
        )
        self._domain = known
        self._page_size = page_size
        self._webhook_secrets = [secret for secret in (client_secret, webhook_secret) if secret]
        self._discounts = Discounts(self._admin, page_size)
        self._pushes = Pushes(self._admin, self._discounts, bulk_above)

    def __repr__(self) -> str:
        return f"ShopifyAdapter(domain={self._domain!r})"

    def check(self) -> ShopInfo:
        """Shop, permissions, and how much there is."""
        answer = self._admin.call(document("shop"), {}, _ShopAnswer)
        shop, granted = answer.shop, _granted(answer.current_app_installation)
        recent = "read_all_orders" not in granted
        orders = self._order_count() if "read_orders" in granted else None
        return ShopInfo(
            name=shop.name,
            currency=shop.currency_code,
            time_zone=shop.iana_timezone,
            features=FEATURES,
            admin_url=f"https://{shop.myshopify_domain}/admin",
            orders_visible_from=datetime.now(UTC) - ORDERS_VISIBLE if recent else None,
            oldest_order=next((each.processed_at for each in orders.oldest.nodes), None) if orders else None,
            missing_scopes=tuple(scope for scope in NEEDED_SCOPES if scope not in granted),
            scope_help=SCOPE_HELP,
            code_length=CODE_LENGTH,
            coupons_per_order=CODES_PER_ORDER,
            coupon_terms=KEPT,
            coupon_conflicts=CONFLICTS,
            notes=self._notes(recent=recent),
            customer_count=self._customer_count() if "read_customers" in granted else None,
            order_count=orders.orders_count.count if orders and orders.orders_count else None,
            payment_methods=_methods(orders) if orders else (),
        )

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        """Products changed at or after `since`."""
        return self._changed(Kind.PRODUCTS, since, checkpoint)

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        """Customers changed at or after `since`, with all their tags."""
        return self._changed(Kind.CUSTOMERS, since, checkpoint)

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        """Orders changed at or after `since`, each whole."""
        return self._changed(Kind.ORDERS, since, checkpoint)

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id there is, ascending."""
        return self._reads(kind).ids(checkpoint)

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """A fresh read of a few."""
        return self._reads(kind).by_id(ids)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """A fresh read of the orders of a few customers."""
        return self._reads(Kind.ORDERS).orders_of(customer_ids)

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:  # noqa: ARG002  the protocol
        """Nothing: every change of tags moves a customer's `updatedAt`."""
        return iter(())

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        """Coupons that carry our mark."""
        return self._discounts.coupons(since, checkpoint)

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        """Apply changes in order, one result each."""
        return self._pushes.push(changes, run)

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        """Verify and parse a webhook."""
        secrets = [secret.get_secret_value() for secret in self._webhook_secrets]
        return webhooks.event(headers, body, secrets)

    def close(self) -> None:
        """Close connections. Temporary files are gone when their read ends."""
        self._admin.http.close()

    def _changed(self, kind: Kind, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Any]]:
        if since is None:
            return FullReads(self._admin, SOURCES[kind], self._page_size).read(checkpoint)
        return self._reads(kind).changed(since, checkpoint)

    def _reads(self, kind: Kind) -> Reads:
        return Reads(self._admin, SOURCES[kind], self._page_size)

    def _customer_count(self) -> int | None:
        count = self._admin.call(document("customer_count"), {}, _CustomerCount).customers_count
        return count.count if count else None

    def _order_count(self) -> _OrderCount:
        return self._admin.call(document("order_count"), {}, _OrderCount)

    def _notes(self, *, recent: bool) -> tuple[str, ...]:
        notes = []
        if recent:
            notes.append(
                "Without the permission read_all_orders Shopify shows only the orders of the last 60 days. "
                "Ask for it in the Dev Dashboard, or rules on the whole history cannot be answered."
            )
        if self._admin.served_version not in (None, VERSION):
            notes.append(
                f"Shopify answers as version {self._admin.served_version} instead of {VERSION}: "
                "it is time to update Stammkunde."
            )
        return tuple(notes)


def _granted(installation: _Installation) -> set[str]:
    """Permissions of the app. Writing includes reading."""
    handles = {scope.handle for scope in installation.access_scopes}
    return handles | {scope.replace("write_", "read_", 1) for scope in handles}


def _methods(orders: _OrderCount) -> tuple[str, ...]:
    """Payment methods of the newest orders, the most used one first."""
    names = [name for order in orders.newest.nodes for name in order.payment_gateway_names]
    return tuple(sorted(set(names), key=lambda name: (-names.count(name), name)))
