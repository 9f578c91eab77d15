"""What the plugin says of itself and the shop, and whether it fits this version of ours."""

from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from adapters.jtl.client import KEY_HELP
from connector import __version__
from connector.errors import ResponseError
from connector.model import CouponTerm, Feature, ShopInfo

#: The version of the plugin's API that this adapter speaks.
API = 1

NEEDED_SCOPES = ("read", "tags", "coupons")
RETURNS_UNKNOWN = (
    "Returns unknown: JTL-Shop keeps no credit notes (they are in JTL-Wawi), so an order counts with all "
    "that was charged, also when goods came back. Every amount is before returns."
)

_FEATURES = {
    "tags": Feature.TAGS,
    "coupons": Feature.COUPONS,
    "coupon-for-customer": Feature.COUPON_FOR_CUSTOMER,
    "coupon-for-anyone": Feature.COUPON_FOR_GROUP,
    "attributes": Feature.ATTRIBUTES,
    "customer-groups": Feature.CUSTOMER_GROUPS,
    "deletions": Feature.DELETIONS,
    "guest-records": Feature.GUEST_RECORDS,
    "webhooks": Feature.WEBHOOKS,
}


#: What every plugin of this API makes and JTL-Shop enforces; a newer plugin names more. One that does not
#: would make a coupon without the term.
_ALWAYS_KEPT = frozenset({CouponTerm.MINIMUM, CouponTerm.NOT_COMBINABLE, CouponTerm.TITLES})


class _PluginRow(msgspec.Struct):
    version: str
    api: int


class _ShopRow(msgspec.Struct):
    name: str
    url: str
    currency: str
    time_zone: str
    backend_url: str | None = None


class _KeyRow(msgspec.Struct):
    scopes: tuple[str, ...]


class _Counts(msgspec.Struct, frozen=True):
    customers: int = 0
    guests: int = 0
    orders: int = 0


class _GroupRow(msgspec.Struct):
    name: str
    movable: bool = False
    net_prices: bool = False


class _Limits(msgspec.Struct, frozen=True):
    tag_length: int = 100
    code_length: int = 32
    changes_per_batch: int = 500


class Ping(msgspec.Struct, kw_only=True):
    """The answer to `GET /ping`."""

    plugin: _PluginRow
    shop: _ShopRow
    key: _KeyRow
    counts: _Counts = _Counts()
    oldest_order: datetime | None = None
    features: tuple[str, ...] = ()
    coupon_terms: tuple[str, ...] = ()
    customer_groups: tuple[_GroupRow, ...] = ()
    payment_methods: tuple[str, ...] = ()
    limits: _Limits = _Limits()
    installation: str | None = None
    notes: tuple[str, ...] = ()


def require_fit(api: int, version: str) -> None:
    """Refuse a plugin whose API is another.

    Raises:
        ResponseError: it is, with what to do.
    """
    if api < API:
        raise ResponseError(
            f"The plugin in the shop ({version}) is too old for Stammkunde {__version__}. Build a new one "
            "with `stammkunde jtl plugin --out stammkunde.zip` and install it in the shop's plug-in manager."
        )
    if api > API:
        raise ResponseError(
            f"The plugin in the shop ({version}) is newer than Stammkunde {__version__} can speak with: "
            "update Stammkunde."
        )


def to_shop_info(ping: Ping) -> ShopInfo:
    """The shop as the plugin describes it. Products are read with the same scope as all the rest."""
    scopes = set(ping.key.scopes)
    return ShopInfo(
        name=ping.shop.name or urlsplit(ping.shop.url).netloc,
        currency=ping.shop.currency,
        time_zone=ping.shop.time_zone,
        features=frozenset(_FEATURES[name] for name in ping.features if name in _FEATURES)
        | {Feature.PRODUCTS},
        admin_url=ping.shop.backend_url,
        oldest_order=ping.oldest_order,
        missing_scopes=tuple(scope for scope in NEEDED_SCOPES if scope not in scopes),
        scope_help=KEY_HELP,
        tag_length=ping.limits.tag_length,
        code_length=ping.limits.code_length,
        code_alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-",
        coupons_per_order=1,
        title_refuses="<>",
        coupon_conflicts=(("amount", "categories"),),  # an amount would go off the other goods too
        coupon_terms=_ALWAYS_KEPT | {term for term in CouponTerm if term in ping.coupon_terms},
        net_price_groups=tuple(group.name for group in ping.customer_groups if group.net_prices),
        notes=(RETURNS_UNKNOWN, *_version_notes(ping), *ping.notes),
        customer_count=ping.counts.customers,
        order_count=ping.counts.orders,
        payment_methods=ping.payment_methods,
        customer_groups=tuple(group.name for group in ping.customer_groups),
        returns_unknown=True,
    )


def _version_notes(ping: Ping) -> tuple[str, ...]:
    if ping.plugin.version == __version__:
        return ()
    both = f"The plugin in the shop is version {ping.plugin.version}, Stammkunde is {__version__}."
    return (f"{both} They work together; update the older one when you have time.",)
