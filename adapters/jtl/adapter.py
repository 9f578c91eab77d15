"""The adapter of JTL-Shop 5: through the companion plugin, or read-only through the shop's own API.

Its orders may come from JTL-Wawi instead, see `adapters.jtl.two_sources`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from adapters.jtl import webhooks
from adapters.jtl.client import Core, Plugin, shop_url
from adapters.jtl.companion import PluginShop
from adapters.jtl.core import CoreShop
from adapters.jtl.two_sources import AmeiseSettings, Bookkeeping, JoinedShop, Unmatched, WawiSettings
from connector.adapter import Page, Tried, zone_named
from connector.errors import AuthError, ConfigError
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

UNREAD_WEBHOOKS = (
    "The plugin sends webhooks, but `webhook_secret` is not in the config: they are refused, and changes"
    " come with the next pull."
)


class JtlAdapter:
    """A JTL-Shop 5.

    Args:
        url: address of the shop, such as "https://www.example.de".
        key: key of the plugin Stammkunde Connector, made in the shop's backend; it begins with "skj_".
        core_key: key of the shop's own REST API, with which a shop without the plugin can be read.
        webhook_secret: shown once by the plugin where its webhooks are switched on; it begins with "whsec_".
        installation: a name for this installation; the plugin then takes changes from no other.
        time_zone: the zone in which the shop's database, or JTL-Wawi, writes times; the plugin tells its own.
        page_size: records of one page, 500 at most.
        timeout: the longest silence of the shop in seconds; four times that for a call with its retries.
        orders_from: "shop", or where its orders are kept with returns, phone and marketplaces: "wawi" for
            JTL-Wawi's API, "ameise" for a folder of JTL-Wawi's exports.
        wawi_url: address of JTL-Wawi's API, such as "http://server:5883/api/eazybusiness"; not in the cloud.
        wawi_key: key of the app from `stammkunde jtl register`; not in the cloud.
        wawi_run_as: number of the JTL-Wawi user in whose name calls are made.
        wawi_tenant: in the cloud, id of the tenant.
        wawi_client_id: in the cloud, of the app in JTL's partner portal.
        wawi_client_secret: in the cloud, belongs to `wawi_client_id`.
        wawi_login_url: in the cloud, where tokens are got; by default JTL's.
        wawi_tag_field: own field of customers in JTL-Wawi (type text) that carries the tags.
        wawi_move_groups: pairs of customer groups, from which to which customers may be moved in JTL-Wawi.
        wawi_credit_notes: whether credit notes are read; without them returns are unknown.
        wawi_look_back_days: orders placed within so many days are read again on every pull.
        ameise_folder: where JTL-Ameise puts its exports.
        ameise_tags: the file for JTL-Ameise's import of tags; by default stammkunde-tags.csv in that folder.
        books_currency: the currency of JTL-Wawi's books; it must be the shop's.
    """

    name: ClassVar[str] = "jtl"
    title: ClassVar[str] = "JTL-Shop"
    tried: ClassVar[tuple[Tried, str]] = (Tried.BY_HAND, "JTL-Shop 5.4.0 with the plugin")
    #: Empty: the plugin notices every change by itself, and without it everything is read each time.
    reread: Mapping[Kind, timedelta] = {}

    def __init__(
        self,
        *,
        url: str,
        key: SecretStr | None = None,
        core_key: SecretStr | None = None,
        webhook_secret: SecretStr | None = None,
        installation: str | None = None,
        time_zone: str = "Europe/Berlin",
        page_size: int = 250,
        timeout: float = 30.0,
        orders_from: Literal["shop", "wawi", "ameise"] = "shop",
        wawi_url: str | None = None,
        wawi_key: SecretStr | None = None,
        wawi_run_as: str | None = None,
        wawi_tenant: str | None = None,
        wawi_client_id: str | None = None,
        wawi_client_secret: SecretStr | None = None,
        wawi_login_url: str | None = None,
        wawi_tag_field: str = "Stammkunde",
        wawi_move_groups: tuple[tuple[str, str], ...] = (),
        wawi_credit_notes: bool = True,
        wawi_look_back_days: int = 90,
        ameise_folder: str | None = None,
        ameise_tags: str | None = None,
        books_currency: str = "EUR",
    ) -> None:
        if key is None and core_key is None:
            raise ConfigError("JTL-Shop needs `key` (of the plugin) or, for reading only, `core_key`.")
        if page_size < 1:
            raise ConfigError(f"`page_size` is {page_size}, but a page holds at least one record.")
        self._url = shop_url(url)
        self._webhook_key = None if webhook_secret is None else webhooks.signing_key(webhook_secret)
        limits = Limits(connect=min(timeout, 10.0), read=timeout, total=4 * timeout)
        books: WawiSettings | AmeiseSettings | None = None
        if orders_from == "wawi":
            books = WawiSettings(
                url=wawi_url,
                key=wawi_key,
                run_as=wawi_run_as,
                tenant=wawi_tenant,
                client_id=wawi_client_id,
                client_secret=wawi_client_secret,
                login_url=wawi_login_url,
                tag_field=wawi_tag_field,
                move_groups=wawi_move_groups,
                credit_notes=wawi_credit_notes,
                look_back_days=wawi_look_back_days,
            )
        elif orders_from == "ameise":
            books = AmeiseSettings(folder=ameise_folder, tags=ameise_tags)
        if books is not None and key is None:
            raise ConfigError(f'`orders_from = "{orders_from}"` needs the plugin: `key` is missing.')
        zone = zone_named(time_zone)
        self._shop: PluginShop | CoreShop | JoinedShop
        if key is not None:
            plugin = Plugin(url=self._url, key=key, limits=limits)
            shop = PluginShop(plugin, page_size=page_size, installation=installation)
            how = Bookkeeping(currency=books_currency, zone=zone, page_size=page_size, timeout=timeout)
            self._shop = shop if books is None else books.join(shop, how)
        elif core_key is not None:
            core = Core(url=self._url, key=core_key, limits=limits)
            name = urlsplit(self._url).netloc
            self._shop = CoreShop(core, name=name, zone=zone, page_size=page_size)

    def __repr__(self) -> str:
        return f"JtlAdapter(url={self._url!r})"

    def check(self) -> ShopInfo:
        """Shop, permissions, and what is missing without the plugin."""
        info = self._shop.check()
        if self._webhook_key is not None or Feature.WEBHOOKS not in info.features:
            return info
        features = info.features - {Feature.WEBHOOKS}
        return msgspec.structs.replace(info, features=features, notes=(*info.notes, UNREAD_WEBHOOKS))

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

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        """Verify and parse a webhook of the plugin."""
        if self._webhook_key is None:
            raise AuthError("`webhook_secret` is not in the config, so no webhook can be believed.")
        return webhooks.parse(headers, body, self._webhook_key, datetime.now(UTC))

    def unmatched(self) -> Iterator[Unmatched]:
        """Records that only one of the shop and its books knows.

        Raises:
            ConfigError: all records come from the shop.
        """
        if not isinstance(self._shop, JoinedShop):
            raise ConfigError("Nothing is joined here: `orders_from` is not set, so all comes from the shop.")
        return self._shop.unmatched()

    def close(self) -> None:
        """Close connections."""
        self._shop.close()
