"""The shop as a whole: what it is, what its key may do, and what its owner should know."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from adapters.woocommerce.client import KEY_HELP, Rest
from adapters.woocommerce.records import NO_ORDERS, utc
from connector.errors import AdapterError, AuthError, ConfigError, ResponseError
from connector.model import CouponTerm, Feature, ShopInfo

#: The first version that knows `modified_after`.
OLDEST = (5, 8)
#: The first that keeps the capitals of a code; older shops write it in small letters.
KEEPS_CASE = (9, 9)

#: What our companion plugin registers in the shop's REST API.
COMPANION = "stammkunde/v1"

NO_COMPANION = (
    "The companion plugin is not in the shop, so its admin pages show neither tags nor codes, and a code "
    "that begins later is refused. `stammkunde woocommerce plugin --out FILE.zip` writes it."
)
FULL_SCAN = (
    "WooCommerce does not say which customers changed, so every pull reads all of them, a hundred at a time."
)
NO_DATES = (
    "WooCommerce knows no day of shipping (that of completion is used) and none of cancellation (that of the "
    "last change is)."
)

_FEATURES = frozenset(
    {
        Feature.TAGS,
        Feature.COUPONS,
        Feature.COUPON_FOR_GROUP,
        Feature.COUPON_FOR_EMAIL,
        Feature.ATTRIBUTES,
        Feature.PRODUCTS,
        Feature.DELETIONS,
    }
)
_WRITING = _FEATURES - {Feature.PRODUCTS, Feature.DELETIONS}

_TERMS = frozenset(
    {
        CouponTerm.MINIMUM,
        CouponTerm.PRODUCTS,
        CouponTerm.CATEGORIES,
        CouponTerm.EXCLUDE_CATEGORIES,
        CouponTerm.EXCLUDE_SALE_ITEMS,
        CouponTerm.NOT_COMBINABLE,
        CouponTerm.COMBINABLE,
    }
)

#: WC_Discounts asks a basket for one of each list; then WC_Coupon takes the percentage off what is in either.
_CONFLICTS = (("products", "categories"),)


class Index(msgspec.Struct, kw_only=True):
    """`GET /wp-json/`, which anybody may read."""

    name: str = ""
    home: str = ""
    timezone_string: str = ""
    gmt_offset: Decimal = Decimal(0)
    namespaces: list[str] = []

    def has_companion(self) -> bool:
        return COMPANION in self.namespaces


class _Setting(msgspec.Struct):
    id: str
    value: Any = None


class _Environment(msgspec.Struct, frozen=True):
    version: str = ""


class _Status(msgspec.Struct):
    environment: _Environment = _Environment()


class _Dated(msgspec.Struct):
    status: str
    date_created_gmt: datetime | None = None


class _Gateway(msgspec.Struct):
    id: str
    title: str = ""
    enabled: bool = False


class _Zone(msgspec.Struct):
    id: int


class _Method(msgspec.Struct):
    method_id: str
    enabled: bool = False
    settings: dict[str, Any] | list[Any] = {}

    def is_free_with_coupon(self) -> bool:
        """Free shipping of a coupon works only where a shipping method waits for it."""
        if not (self.enabled and self.method_id == "free_shipping" and isinstance(self.settings, dict)):
            return False
        requires = self.settings.get("requires")
        return isinstance(requires, dict) and requires.get("value") in ("coupon", "either", "both")


class Shop:
    """Asks the shop about itself.

    Args:
        zone: the time zone from the config, for a shop that has none by name.
        hooks: whether we have the secret of its webhooks.
    """

    def __init__(self, rest: Rest, *, zone: str | None, hooks: bool) -> None:
        self._rest = rest
        self._zone = zone
        self._hooks = hooks
        self._index: Index | None = None
        self._currency: str | None = None

    def check(self) -> ShopInfo:
        self._index = index = self._read_index()
        currency, version = self._read_currency(), self._version()
        writable, terms = self._may_write(), self._terms()
        features = _FEATURES if writable else _FEATURES - _WRITING
        if self._hooks:
            features |= {Feature.WEBHOOKS}
        return ShopInfo(
            name=index.name or index.home,
            currency=currency,
            time_zone=time_zone(index, self._zone),
            features=features,
            admin_url=f"{index.home.rstrip('/')}/wp-admin/users.php" if index.home else None,
            oldest_order=self._oldest_order(),
            missing_scopes=() if writable else ("Write",),
            scope_help=KEY_HELP,
            tag_length=255,
            code_length=64,
            code_case="kept" if version is None or version >= KEEPS_CASE else "lower",
            coupon_terms=terms,
            coupon_conflicts=_CONFLICTS,
            notes=tuple(self._notes(index, version)),
            customer_count=self._count("/wc/v3/customers", role="all"),
            order_count=self._count("/wc/v3/orders", status="any"),
            payment_methods=self._payment_methods(),
        )

    def currency(self) -> str:
        """The shop's currency."""
        return self._currency or self._read_currency()

    def has_companion(self) -> bool:
        """Whether our plugin is switched on in the shop."""
        return (self._index or self._read_index()).has_companion()

    def _read_index(self) -> Index:
        self._index = self._rest.get("/", Index, _fields=",".join(Index.__struct_fields__))
        if "wc/v3" not in self._index.namespaces:
            raise ResponseError(
                "There is a WordPress at this address, but no WooCommerce 3.5 or newer in it, or a security "
                "plugin closes its REST API."
            )
        return self._index

    def _read_currency(self) -> str:
        found = self._rest.get("/wc/v3/settings/general/woocommerce_currency", _Setting)
        self._currency = str(found.value)
        return self._currency

    def _version(self) -> tuple[int, ...] | None:
        """None where the key may not see it.

        Raises:
            ResponseError: it is too old.
        """
        try:
            text = self._rest.get("/wc/v3/system_status", _Status, _fields="environment").environment.version
        except AuthError:
            return None
        version = tuple(int(part) for part in text.split("-")[0].split(".")[:2] if part.isdecimal())
        if version and version < OLDEST:
            raise ResponseError(f"The shop has WooCommerce {text}, but 5.8 or newer is needed: update it.")
        return version or None

    def _may_write(self) -> bool:
        """Changes nothing: a batch of no changes is refused to a key that may only read."""
        try:
            self._rest.post("/wc/v3/customers/batch", {}, object)
            self._rest.post("/wc/v3/coupons/batch", {}, object)
        except AuthError:
            return False
        return True

    def _terms(self) -> frozenset[CouponTerm]:
        return _TERMS | {CouponTerm.FREE_SHIPPING} if self._ships_free_with_coupon() else _TERMS

    def _ships_free_with_coupon(self) -> bool:
        zones = [_Zone(0), *self._rest.get("/wc/v3/shipping/zones", list[_Zone])]
        return any(
            method.is_free_with_coupon()
            for zone in {each.id: each for each in zones}.values()
            for method in self._rest.get(f"/wc/v3/shipping/zones/{zone.id}/methods", list[_Method])
        )

    def _count(self, path: str, **params: str) -> int:
        return self._rest.page(path, Any, per_page=1, _fields="id", **params).total

    def _oldest_order(self) -> datetime | None:
        rows = self._rest.page(
            "/wc/v3/orders",
            _Dated,
            per_page=10,
            orderby="date",
            order="asc",
            status="any",
            _fields="status,date_created_gmt",
        ).rows
        return next((utc(row.date_created_gmt) for row in rows if row.status not in NO_ORDERS), None)

    def _payment_methods(self) -> tuple[str, ...]:
        try:
            found = self._rest.get("/wc/v3/payment_gateways", list[_Gateway], _fields="id,title,enabled")
        except AdapterError:
            return ()
        return tuple([gateway.title or gateway.id for gateway in found if gateway.enabled])

    def _notes(self, index: Index, version: tuple[int, ...] | None) -> Iterator[str]:
        yield FULL_SCAN
        yield NO_DATES
        if not index.has_companion():
            yield NO_COMPANION
        if version is None:
            yield "This key may not see the version of WooCommerce; 5.8 or newer is needed."
        if not index.timezone_string:
            yield (
                "The shop's time zone is a fixed offset without summer time: choose a city under Settings, "
                "General."
            )


def time_zone(index: Index, configured: str | None) -> str:
    """The shop's time zone by its IANA name.

    Raises:
        ConfigError: the one in the config is none, or the shop's has no name.
    """
    name = configured or index.timezone_string or _fixed_zone(index.gmt_offset)
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"`time_zone` is {name!r}, but zones are named like Europe/Berlin."
            if configured
            else f"The shop's time zone {name!r} has no name we know: set `time_zone` in the config."
        ) from None


def _fixed_zone(hours: Decimal) -> str:
    """A zone without summer time. Their names count westwards: two hours ahead of GMT is Etc/GMT-2."""
    if hours == 0:
        return "Etc/UTC"
    return f"Etc/GMT{-int(hours):+d}" if hours == int(hours) else f"GMT{hours:+}"
