"""The adapter of JTL-Wawi: through its REST API, on-premise or in JTL's cloud."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import SecretStr

from adapters.jtl.wawi.client import (
    APP_ID,
    CLOUD_URL,
    LOGIN_URL,
    Access,
    CloudAccess,
    KeyAccess,
    Wawi,
    wawi_url,
)
from adapters.jtl.wawi.inspection import Inspection
from adapters.jtl.wawi.pushes import Pushes
from adapters.jtl.wawi.reads import Reads
from adapters.jtl.wawi.tagfield import TagField
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


class WawiAdapter:
    """A JTL-Wawi.

    The number of an order is `ExternalNumber`, the number that the shop or marketplace gave it, and Wawi's
    own `Number` where there is none; so orders can be joined with those of the shop. A customer's number is
    the attribute "customer_number", its category "customer_category".

    Args:
        url: address of the API with the database, such as "http://server:5883/api/eazybusiness"; not needed
            in the cloud.
        key: key of the app from `stammkunde jtl register`, on-premise only.
        app_id: name under which the app was registered.
        run_as: number of the JTL-Wawi user in whose name calls are made; needs a permission of its own.
        tenant: in the cloud, id of the tenant.
        client_id: in the cloud, of the app in JTL's partner portal.
        client_secret: in the cloud, belongs to `client_id`.
        login_url: in the cloud, where tokens are got.
        tag_field: name of an own field of customers (type text) that carries tags; without it none are
            written.
        move_groups: pairs of customer groups, from which to which customers may be moved; by default none.
        credit_notes: whether credit notes are read; without them returns are unknown.
        currency: the currency of your books.
        time_zone: the zone of times that do not name theirs.
        look_back_days: orders placed within so many days are read again on every pull, because Wawi does not
            tell which of them changed.
        page_size: records of one page.
        timeout: the longest silence of Wawi in seconds; four times that for a call with its retries.
    """

    name: ClassVar[str] = "jtl-wawi"
    title: ClassVar[str] = "JTL-Wawi"
    tried: ClassVar[tuple[Tried, str]] = (Tried.SANDBOX, "written to the documentation of the API")
    #: Empty: `orders` looks back by itself, whatever it is asked for.
    reread: Mapping[Kind, timedelta] = {}

    def __init__(
        self,
        *,
        url: str | None = None,
        key: SecretStr | None = None,
        app_id: str = APP_ID,
        run_as: str | None = None,
        tenant: str | None = None,
        client_id: str | None = None,
        client_secret: SecretStr | None = None,
        login_url: str = LOGIN_URL,
        tag_field: str | None = None,
        move_groups: tuple[tuple[str, str], ...] = (),
        credit_notes: bool = True,
        currency: str = "EUR",
        time_zone: str = "Europe/Berlin",
        look_back_days: int = 90,
        page_size: int = 100,
        timeout: float = 30.0,
    ) -> None:
        if page_size < 1 or look_back_days < 1:
            raise ConfigError("`page_size` and `look_back_days` are at least 1.")
        if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            raise ConfigError(f"`currency` is {currency!r}, but currencies are named like EUR.")
        access = _access(key, tenant, client_id, client_secret, login_url)
        if url is None and key is not None:
            raise ConfigError("JTL-Wawi on-premise needs `url`, such as http://server:5883/api/eazybusiness.")
        self._url = wawi_url(url or CLOUD_URL)
        zone = zone_named(time_zone)
        limits = Limits(connect=min(timeout, 10.0), read=timeout, total=4 * timeout)
        self._wawi = Wawi(url=self._url, access=access, app_id=app_id, run_as=run_as, limits=limits)
        field = TagField(self._wawi, tag_field) if tag_field else None
        self._reads = Reads(
            self._wawi,
            zone=zone,
            page_size=page_size,
            field=field,
            look_back=timedelta(days=look_back_days),
            credit_notes=credit_notes,
        )
        self._pushes = Pushes(self._wawi, field, move_groups)
        self._inspection = Inspection(
            self._wawi, field, moves=move_groups, credit_notes=credit_notes, currency=currency, zone=zone
        )

    def __repr__(self) -> str:
        return f"WawiAdapter(url={self._url!r})"

    def check(self) -> ShopInfo:
        """Company, permissions, and what is taken for granted."""
        return self._inspection.check()

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        """Items changed at or after `since`."""
        return self._reads.products(since, checkpoint)

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        """Customers changed at or after `since`, with their tags if a field carries them."""
        return self._reads.customers(since, checkpoint)

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        """Orders placed after `since` less `look_back_days`, each whole, credit notes included."""
        return self._reads.orders(since, checkpoint)

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id there is, in the order of the API."""
        return self._reads.ids(kind, checkpoint)

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """A fresh read of a few."""
        return self._reads.by_id(kind, ids)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """A fresh read of the orders of a few customers."""
        return self._reads.orders_of(customer_ids)

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        """Who has tags with our prefix, out of the field of every customer."""
        return self._reads.tags(prefix, checkpoint)

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:  # noqa: ARG002
        """None: Wawi's API has no coupons."""
        return iter(())

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        """Apply changes in order, one result each."""
        return self._pushes.push(changes, run)

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:  # noqa: ARG002  the protocol
        """Nothing: JTL-Wawi sends no webhooks."""
        raise AuthError("JTL-Wawi sends no webhooks, so whoever sent this was not JTL-Wawi.")

    def close(self) -> None:
        """Close connections."""
        self._wawi.http.close()


def _access(
    key: SecretStr | None,
    tenant: str | None,
    client_id: str | None,
    client_secret: SecretStr | None,
    login_url: str,
) -> Access:
    cloud = (tenant, client_id, client_secret)
    if key is not None and not any(cloud):
        return KeyAccess(key)
    if key is None and tenant and client_id and client_secret:
        return CloudAccess(
            tenant=tenant, client_id=client_id, client_secret=client_secret, login_url=login_url
        )
    raise ConfigError(
        "JTL-Wawi needs either `url` and `key` (on-premise; `stammkunde jtl register` gets the key) or "
        "`tenant`, `client_id` and `client_secret` (cloud)."
    )
