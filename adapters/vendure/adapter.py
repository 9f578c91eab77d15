"""The adapter of Vendure 3: the Admin API of one channel."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import SecretStr

from adapters.vendure.channel import Channel
from adapters.vendure.client import Admin, admin_url
from adapters.vendure.groups import Groups
from adapters.vendure.promotions import Promotions
from adapters.vendure.pushes import Pushes
from adapters.vendure.reads import Reads
from connector.adapter import Page, Tried, zone_named
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


class VendureAdapter:
    """A Vendure server, one channel of it.

    Args:
        url: address of the server, such as "https://shop.example.com", or of its Admin API.
        key: an API key; without it `username` and `password` are used.
        username: of an administrator.
        password: of the same administrator.
        channel: token of the channel; leave it out where there is only one.
        time_zone: the zone in which the shop counts days; Vendure itself has none.
        code_field: the custom field of customers that receives their newest code.
        reread_days: how far back orders are read again on every pull, because refunds leave no trace.
        page_size: the most records of a page.
        timeout: the longest silence of the server in seconds; four times that for a call with its retries.
    """

    name: ClassVar[str] = "vendure"
    title: ClassVar[str] = "Vendure"
    tried: ClassVar[tuple[Tried, str]] = (Tried.IN_CI, "Vendure 3.7.3")

    def __init__(
        self,
        *,
        url: str,
        key: SecretStr | None = None,
        username: str | None = None,
        password: SecretStr | None = None,
        channel: str | None = None,
        time_zone: str = "Europe/Berlin",
        code_field: str = "stammkundeCode",
        reread_days: int = 60,
        page_size: int = 250,
        timeout: float = 30.0,
    ) -> None:
        if key is None and not (username and password):
            raise ConfigError("Vendure needs either `key`, or `username` and `password`.")
        for name, value in (("page_size", page_size), ("reread_days", reread_days)):
            if value < 1:
                raise ConfigError(f"`{name}` is {value}, but must be at least 1.")
        self._admin = Admin(
            url=admin_url(url),
            key=key,
            username=username,
            password=password,
            channel=channel,
            limits=Limits(connect=min(timeout, 10.0), read=timeout, total=4 * timeout),
        )
        #: Neither a refund nor a parcel moves `updatedAt` of an order.
        self.reread: Mapping[Kind, timedelta] = {Kind.ORDERS: timedelta(days=reread_days)}
        self._channel = Channel(
            self._admin, by_key=key is not None, code_field=code_field, time_zone=zone_named(time_zone).key
        )
        self._page_size = page_size
        self._code_field = code_field
        self._promotions = Promotions(self._admin, page_size)

    def __repr__(self) -> str:
        return f"VendureAdapter(url={self._admin.url!r})"

    def check(self) -> ShopInfo:
        """Channel, permissions, and how much there is."""
        return self._channel.info()

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        """Products changed at or after `since`."""
        return self._reads(Kind.PRODUCTS).changed(since, checkpoint)

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        """Customers changed at or after `since`, guests too, with all their groups as tags."""
        return self._reads(Kind.CUSTOMERS).changed(since, checkpoint)

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        """Placed orders changed at or after `since`, each whole. Open carts are none."""
        return self._reads(Kind.ORDERS).changed(since, checkpoint)

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id there is, ascending."""
        return self._reads(kind).ids(checkpoint)

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """A fresh read of a few."""
        return self._reads(kind).by_id(ids)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """A fresh read of the orders of a few customers."""
        return self._reads(Kind.ORDERS).orders_of(customer_ids)

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:  # noqa: ARG002  no resume
        """The members of our groups: a customer's `updatedAt` does not move when a group changes."""
        return Groups(self._admin, self._page_size).tags(prefix)

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        """Promotions with a code that carry our mark."""
        return self._promotions.coupons(since, checkpoint)

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:  # noqa: ARG002  nothing is left
        """Apply changes in order, one result each."""
        pushes = Pushes(
            self._admin,
            self._channel.ground,
            self._promotions,
            page_size=self._page_size,
            code_field=self._code_field,
        )
        return pushes.push(changes)

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:  # noqa: ARG002  the protocol
        """Nothing: Vendure sends no webhooks by itself."""
        raise AuthError("Vendure sends no webhooks by itself, so whoever sent this was not the shop.")

    def close(self) -> None:
        """Close connections."""
        self._admin.http.close()

    def _reads(self, kind: Kind) -> Reads:
        return Reads(self._admin, self._channel.ground, kind, self._page_size)
