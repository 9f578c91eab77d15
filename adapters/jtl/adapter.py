"""The adapter of JTL-Shop 5: through the companion plugin, or read-only through the shop's own API."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from adapters.jtl.client import Core, Plugin, shop_url
from adapters.jtl.companion import PluginShop
from adapters.jtl.core import CoreShop
from connector.adapter import Page
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


class JtlAdapter:
    """A JTL-Shop 5.

    Args:
        url: address of the shop, such as "https://www.example.de".
        key: key of the plugin Stammkunde Connector, made in the shop's backend; it begins with "skj_".
        core_key: key of the shop's own REST API, with which a shop without the plugin can be read.
        installation: a name for this installation; the plugin then takes changes from no other.
        time_zone: the zone in which the shop's database writes times; used without the plugin only.
        page_size: records of one page, 500 at most.
        timeout: the longest silence of the shop in seconds; four times that for a call with its retries.
    """

    name: ClassVar[str] = "jtl"
    title: ClassVar[str] = "JTL-Shop"
    #: Empty: the plugin notices every change by itself, and without it everything is read each time.
    reread: Mapping[Kind, timedelta] = {}

    def __init__(
        self,
        *,
        url: str,
        key: SecretStr | None = None,
        core_key: SecretStr | None = None,
        installation: str | None = None,
        time_zone: str = "Europe/Berlin",
        page_size: int = 250,
        timeout: float = 30.0,
    ) -> None:
        if key is None and core_key is None:
            raise ConfigError("JTL-Shop needs `key` (of the plugin) or, for reading only, `core_key`.")
        if page_size < 1:
            raise ConfigError(f"`page_size` is {page_size}, but a page holds at least one record.")
        self._url = shop_url(url)
        limits = Limits(connect=min(timeout, 10.0), read=timeout, total=4 * timeout)
        self._shop: PluginShop | CoreShop
        if key is not None:
            plugin = Plugin(url=self._url, key=key, limits=limits)
            self._shop = PluginShop(plugin, page_size=page_size, installation=installation)
        elif core_key is not None:
            core = Core(url=self._url, key=core_key, limits=limits)
            name = urlsplit(self._url).netloc
            self._shop = CoreShop(core, name=name, zone=_zone(time_zone), page_size=page_size)

    def __repr__(self) -> str:
        return f"JtlAdapter(url={self._url!r})"

    def check(self) -> ShopInfo:
        """Shop, permissions, and what is missing without the plugin."""
        return self._shop.check()

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        """Products changed at or after `since`."""
        return self._shop.changed(Kind.PRODUCTS, since, checkpoint)

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        """Customers changed at or after `since`, guests too, with all their tags."""
        return self._shop.changed(Kind.CUSTOMERS, since, checkpoint)

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        """Orders changed at or after `since`, each whole."""
        return self._shop.changed(Kind.ORDERS, since, checkpoint)

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id there is, ascending."""
        return self._shop.ids(kind, checkpoint)

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """A fresh read of a few."""
        return self._shop.by_id(kind, ids)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """A fresh read of the orders of a few customers."""
        return self._shop.orders_of(customer_ids)

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        """Who has tags with our prefix, out of the plugin's own table."""
        return self._shop.tags(prefix, checkpoint)

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        """Coupons that carry our mark."""
        return self._shop.coupons(since, checkpoint)

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        """Apply changes in order, one result each."""
        return self._shop.push(changes, run)

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:  # noqa: ARG002  the protocol
        """Nothing: JTL-Shop sends no webhooks."""
        raise AuthError("JTL-Shop sends no webhooks, so whoever sent this was not the shop.")

    def close(self) -> None:
        """Close connections."""
        self._shop.close()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError(f"`time_zone` is {name!r}, but zones are named like Europe/Berlin.") from None
