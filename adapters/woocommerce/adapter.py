"""The adapter of WooCommerce, through the REST API that every shop has."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import msgspec
from pydantic import SecretStr

from adapters.woocommerce import webhooks
from adapters.woocommerce.client import MOST, MissingError, Rest, shop_url
from adapters.woocommerce.coupons import CouponRow, to_coupon
from adapters.woocommerce.pushes import Pushes
from adapters.woocommerce.reads import Reader
from adapters.woocommerce.records import (
    NO_ORDERS,
    CustomerRow,
    OrderRow,
    ProductRow,
    RefundRow,
    Sku,
    StatusRow,
    to_customer,
    to_order,
    to_product,
)
from adapters.woocommerce.shop import Shop
from connector.adapter import Page, Tried, chunks
from connector.errors import AuthError, ConfigError
from connector.http import Limits
from connector.model import (
    Change,
    Coupon,
    Customer,
    Event,
    Kind,
    Order,
    Product,
    Record,
    Result,
    ShopInfo,
    Tagging,
)

T = TypeVar("T")


class WooCommerceAdapter:
    """A WooCommerce shop.

    Args:
        url: address of the shop, such as "https://www.example.de".
        key: consumer key of the REST API; it begins with "ck_".
        secret: consumer secret that was shown with the key; it begins with "cs_".
        webhook_secret: the secret of the shop's webhooks, if it has some that call us.
        time_zone: the shop's zone, such as "Europe/Berlin"; needed only where the shop has none by name.
        page_size: records of one page, 100 at most.
        timeout: the longest silence of the shop in seconds; four times that for a call with its retries.
    """

    name: ClassVar[str] = "woocommerce"
    title: ClassVar[str] = "WooCommerce"
    tried: ClassVar[tuple[Tried, str]] = (Tried.BY_HAND, "WooCommerce 9.9.5 with WordPress 6.9")
    #: Empty: refunds move an order's change date, and customers are all read each time.
    reread: Mapping[Kind, timedelta] = {}

    def __init__(
        self,
        *,
        url: str,
        key: SecretStr,
        secret: SecretStr,
        webhook_secret: SecretStr | None = None,
        time_zone: str | None = None,
        page_size: int = 100,
        timeout: float = 30.0,
    ) -> None:
        if page_size < 1:
            raise ConfigError(f"`page_size` is {page_size}, but a page holds at least one record.")
        self._url = shop_url(url)
        self._webhook_secret = webhook_secret
        limits = Limits(connect=min(timeout, 10.0), read=timeout, total=4 * timeout)
        self._rest = rest = Rest(url=self._url, key=key, secret=secret, limits=limits)
        self._shop = Shop(rest, zone=time_zone, hooks=webhook_secret is not None)
        size = min(page_size, MOST)
        self._page_size = size
        self._customers = Reader(
            rest, "/wc/v3/customers", CustomerRow, page_size=size, role="all", _fields=_names(CustomerRow)
        )
        self._orders = Reader(
            rest, "/wc/v3/orders", OrderRow, page_size=size, status="any", _fields=_names(OrderRow)
        )
        self._products = Reader(
            rest, "/wc/v3/products", ProductRow, page_size=size, _fields=_names(ProductRow)
        )
        self._coupons = Reader(rest, "/wc/v3/coupons", CouponRow, page_size=size, _fields=_names(CouponRow))
        self._many_refunds = True

    def __repr__(self) -> str:
        return f"WooCommerceAdapter(url={self._url!r})"

    def check(self) -> ShopInfo:
        """Shop, permissions, and what WooCommerce cannot do."""
        return self._shop.check()

    # -- reads ------------------------------------------------------------------------------------------

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        """Products changed at or after `since`."""
        for page in self._products.changed(since, checkpoint):
            yield _with(page, tuple(map(self._product, page.records)))

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:  # noqa: ARG002
        """Every customer, whatever `since` is: WooCommerce does not say who changed."""
        for listing, place in self._customers.all(checkpoint):
            found = tuple(map(to_customer, listing.rows))
            yield Page(records=found, checkpoint=place, total=listing.total)

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        """Orders changed at or after `since`, each with its refunds."""
        for page in self._orders.changed(since, checkpoint):
            yield _with(page, self._to_orders(page.records))

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id there is, from the last page to the first."""
        reader = Reader(
            self._rest,
            f"/wc/v3/{kind.value}",
            StatusRow,
            page_size=self._page_size,
            _fields="id,status",
            **_EVERY[kind],
        )
        left_out = NO_ORDERS if kind is Kind.ORDERS else frozenset()
        for listing, place in reader.all(checkpoint):
            found = tuple([str(row.id) for row in listing.rows if row.status not in left_out])
            yield Page(records=found, checkpoint=place, total=listing.total)

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """A fresh read of a few. What is in the bin is gone, as it is for the shop's own lists."""
        for records, asked in self._few(kind, ids):
            there = {record.id for record in records}
            yield Page(records=records, gone=tuple([each for each in asked if each not in there]))

    def _few(self, kind: Kind, ids: Sequence[str]) -> Iterator[tuple[tuple[Record, ...], tuple[str, ...]]]:
        if kind is Kind.CUSTOMERS:
            for customers, asked in self._customers.few(ids):
                yield tuple(map(to_customer, customers)), asked
        elif kind is Kind.ORDERS:
            for orders, asked in self._orders.few(ids):
                yield self._to_orders(orders), asked
        else:
            for products, asked in self._products.few(ids):
                yield tuple(map(self._product, products)), asked

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """A fresh read of the orders of a few customers, for whom WooCommerce is asked one by one."""
        for customer in dict.fromkeys(customer_ids):
            if customer.isdecimal() and int(customer):
                for listing, _ in self._orders.all(None, customer=customer):
                    yield Page(records=self._to_orders(listing.rows))

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:  # noqa: ARG002  the protocol
        """Nothing: `customers` gives every customer with all tags each time."""
        return iter(())

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:  # noqa: ARG002
        """Every coupon of ours: neither a redemption nor a new end moves a coupon's change date."""
        for listing, place in self._coupons.all(checkpoint):
            found = (to_coupon(row) for row in listing.rows)
            yield Page(records=tuple([each for each in found if each]), checkpoint=place)

    def _to_orders(self, rows: Sequence[OrderRow]) -> tuple[Order, ...]:
        rows = [row for row in rows if row.status not in NO_ORDERS]
        refunds = self._refunds([row for row in rows if row.refunds])
        return tuple([to_order(row, refunds.get(row.id, ())) for row in rows])

    def _refunds(self, rows: Sequence[OrderRow]) -> dict[int, list[RefundRow]]:
        """The refunds of orders that have some. Shops before WooCommerce 9.0 are asked order by order."""
        found: dict[int, list[RefundRow]] = {}
        if self._many_refunds:
            try:
                found = self._refunds_at_once(rows)
            except MissingError:
                self._many_refunds = False
        for row in rows:
            if len(found.get(row.id, ())) < len(row.refunds):
                path = f"/wc/v3/orders/{row.id}/refunds"
                found[row.id] = self._rest.get(path, list[RefundRow], per_page=MOST)
        return found

    def _refunds_at_once(self, rows: Sequence[OrderRow]) -> dict[int, list[RefundRow]]:
        found: dict[int, list[RefundRow]] = {row.id: [] for row in rows}
        for some in chunks([str(refund.id) for row in rows for refund in row.refunds], MOST):
            for refund in self._rest.get(
                "/wc/v3/refunds", list[RefundRow], per_page=MOST, include=",".join(some)
            ):
                found.setdefault(refund.parent_id, []).append(refund)
        return found

    def _product(self, row: ProductRow) -> Product:
        """With the SKUs of its variations, which WooCommerce lists apart."""
        skus: list[str] = []
        if row.variations:
            path = f"/wc/v3/products/{row.id}/variations"
            reader = Reader(self._rest, path, Sku, page_size=MOST, _fields="id,sku")
            skus = [each.sku for listing, _ in reader.all(None) for each in listing.rows if each.sku]
        return to_product(row, sorted(skus))

    # -- push -------------------------------------------------------------------------------------------

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:  # noqa: ARG002  nothing goes on in the shop
        """Apply changes in order, one result each."""
        return Pushes(self._rest, self._shop).push(changes)

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        """Verify and parse a webhook."""
        if self._webhook_secret is None:
            raise AuthError("`webhook_secret` is not in the config, so no webhook can be believed.")
        return webhooks.parse(headers, body, self._webhook_secret.get_secret_value())

    def close(self) -> None:
        """Close connections."""
        self._rest.http.close()


#: What makes a list give everything.
_EVERY: Mapping[Kind, Mapping[str, str]] = {
    Kind.CUSTOMERS: {"role": "all"},
    Kind.ORDERS: {"status": "any"},
    Kind.PRODUCTS: {},
}


def _names(row: type[msgspec.Struct]) -> str:
    """The fields that the shop is asked for: those that we read."""
    return ",".join(row.__struct_fields__)


def _with(page: Page[Any], records: tuple[T, ...]) -> Page[T]:
    return Page(records=records, checkpoint=page.checkpoint, total=page.total)
