"""The adapter of Medusa 2: the Admin API."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import SecretStr

from adapters.medusa.client import Rest, server_url
from adapters.medusa.groups import Groups
from adapters.medusa.promotions import Promotions
from adapters.medusa.pushes import Pushes
from adapters.medusa.reads import Reads
from adapters.medusa.shop import Shop
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


class MedusaAdapter:
    """A Medusa server.

    Args:
        url: address of the server, such as "https://api.example.com".
        key: a secret API key; it begins with "sk_".
        time_zone: the zone in which the shop counts days; Medusa itself has none.
        reread_days: how far back orders are read again on every pull, because payments leave no trace.
        page_size: the most records of a page.
        timeout: the longest silence of the server in seconds; four times that for a call with its retries.
    """

    name: ClassVar[str] = "medusa"
    title: ClassVar[str] = "Medusa"
    tried: ClassVar[tuple[Tried, str]] = (Tried.IN_CI, "Medusa 2.21.2")

    def __init__(
        self,
        *,
        url: str,
        key: SecretStr,
        time_zone: str = "Europe/Berlin",
        reread_days: int = 60,
        page_size: int = 100,
        timeout: float = 30.0,
    ) -> None:
        for name, value in (("page_size", page_size), ("reread_days", reread_days)):
            if value < 1:
                raise ConfigError(f"`{name}` is {value}, but must be at least 1.")
        limits = Limits(connect=min(timeout, 10.0), read=timeout, total=4 * timeout)
        self._rest = Rest(url=server_url(url), key=key, limits=limits)
        #: Neither a captured payment nor every refund moves `updated_at` of an order.
        self.reread: Mapping[Kind, timedelta] = {Kind.ORDERS: timedelta(days=reread_days)}
        self._shop = Shop(self._rest, time_zone=zone_named(time_zone).key)
        self._page_size = page_size
        self._promotions = Promotions(self._rest, page_size)

    def __repr__(self) -> str:
        return f"MedusaAdapter(url={self._rest.url!r})"

    def check(self) -> ShopInfo:
        """Shop, key, and how much there is."""
        return self._shop.info()

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        """Every product, whatever `since` is: neither its tags nor its categories move its date."""
        return self._reads(Kind.PRODUCTS).changed(since, checkpoint)

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        """Customers changed at or after `since`, guests too, with all their groups as tags."""
        return self._reads(Kind.CUSTOMERS).changed(since, checkpoint)

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        """Orders changed at or after `since`, each whole. Drafts are none."""
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
        """The members of our groups: a customer's `updated_at` does not move when a group changes."""
        return Groups(self._rest, self._page_size).tags(prefix)

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:  # noqa: ARG002
        """Every promotion that carries our mark, whatever `since` is: a redemption moves no date."""
        return self._promotions.coupons(checkpoint)

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:  # noqa: ARG002  nothing is left
        """Apply changes in order, one result each."""
        return Pushes(self._rest, self._promotions, page_size=self._page_size).push(changes)

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:  # noqa: ARG002  the protocol
        """Nothing: Medusa sends no webhooks by itself."""
        raise AuthError("Medusa sends no webhooks by itself, so whoever sent this was not the shop.")

    def close(self) -> None:
        """Close connections."""
        self._rest.http.close()

    def _reads(self, kind: Kind) -> Reads:
        return Reads(self._rest, kind, self._page_size)
