"""Our coupons as Shopify's inputs for discounts. No I/O.

Shopify has two kinds for us: one takes something off the goods (all of them, or some products, or some
collections, never products and collections together), the other pays the shipping and knows no goods.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.shopify.attributes import NAMESPACE
from adapters.shopify.kinds import SOURCES
from connector.model import CouponTerm, CreateCoupon, Kind
from connector.money import decimal_text

#: What Shopify's checkout enforces of a coupon. It leaves out no collection and no reduced goods; its
#: segments hold known customers only, so a code for new ones would refuse whoever comes for the first time;
#: and a discount has one title.
KEPT = frozenset(
    {
        CouponTerm.FREE_SHIPPING,
        CouponTerm.MINIMUM,
        CouponTerm.PRODUCTS,
        CouponTerm.CATEGORIES,
        CouponTerm.NOT_COMBINABLE,
        CouponTerm.COMBINABLE,
    }
)
#: A discount is for products or for collections; one of free shipping knows no goods.
CONFLICTS = (("products", "categories"), ("free_shipping", "products"), ("free_shipping", "categories"))
#: help.shopify.com, Combining discounts: five of products or orders, and one of shipping.
CODES_PER_ORDER = 6
CODE_LENGTH = 255
TITLE_LENGTH = 255

#: Global ids of the collections of each category, by its name as `folded`.
Collections = Mapping[str, Sequence[str]]


def folded(category: str) -> str:
    """A category as it is compared."""
    return category.strip().casefold()


def why_not(change: CreateCoupon, collections: Collections) -> str | None:
    """Why Shopify cannot keep this coupon, or None."""
    if change.free_shipping and (change.products or change.categories):
        return "Shopify cannot keep free shipping to some products or collections."
    if change.products and change.categories:
        return "Shopify keeps a code to products or to collections, not to both: name one of them."
    missing = [name for name in change.categories if not collections.get(folded(name))]
    if missing:
        return f"Shopify keeps codes to collections only, and none is called {', '.join(missing)}."
    return None


def for_customer(change: CreateCoupon, collections: Collections) -> Mapping[str, Any]:
    """The discount that only this customer may redeem."""
    gid = SOURCES[Kind.CUSTOMERS].gid(change.customer_id)
    return _single(change, collections, {"customers": {"add": [gid]}})


def for_anybody(change: CreateCoupon, collections: Collections) -> Mapping[str, Any]:
    """The discount that whoever has the code may redeem, once."""
    return _single(change, collections, {"all": "ALL"})


def for_group(change: CreateCoupon, collections: Collections) -> Mapping[str, Any]:
    """A campaign's discount, with its first code. Once per customer would be once for all codes together."""
    title = _title(change.title, group_marker(change))
    bound = {"appliesOncePerCustomer": False, "context": {"all": "ALL"}}
    return {**_terms(change, collections), **bound, "title": title, "code": change.code}


def group_marker(change: CreateCoupon) -> str:
    """What tells a campaign's discount from others: the campaign, and a hash of what its codes share."""
    shared = [_terms(change, {}), *sorted(map(folded, change.categories))]
    digest = hashlib.sha256(msgspec.json.encode(shared)).hexdigest()
    return f"sk:{change.mark.campaign}:{digest[:8]}"


def marks_metafield(discount_id: str, changes: Sequence[CreateCoupon]) -> Mapping[str, str]:
    """The metafield that says whose these codes are."""
    codes = {change.code: f"{change.mark.person}:{change.mark.round}" for change in changes}
    value = msgspec.json.encode(codes, order="sorted")
    key = f"codes_{hashlib.sha256(value).hexdigest()[:16]}"
    named = {"ownerId": discount_id, "namespace": NAMESPACE, "key": key}
    return {**named, "type": "json", "value": value.decode()}


def _single(change: CreateCoupon, collections: Collections, context: Mapping[str, Any]) -> Mapping[str, Any]:
    title = _title(change.title, change.mark.text())
    bound = {"appliesOncePerCustomer": True, "context": context}
    return {**_terms(change, collections), **bound, "title": title, "code": change.code}


def _terms(change: CreateCoupon, collections: Collections) -> dict[str, Any]:
    terms: dict[str, Any] = {
        "startsAt": _stamp(change.starts_at),
        "endsAt": _stamp(change.ends_at),
        "usageLimit": 1,
        "combinesWith": _combinations(change),
    }
    if change.free_shipping:
        terms["destination"] = {"all": True}
    else:
        terms["customerGets"] = {"items": _items(change, collections), "value": _value(change)}
    if change.minimum:
        least = decimal_text(change.minimum, change.currency)
        terms["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": least}}
    return terms


def _combinations(change: CreateCoupon) -> Mapping[str, bool]:
    """Shopify never lets two codes for shipping stand together."""
    goods = change.combinable
    return {
        "orderDiscounts": goods,
        "productDiscounts": goods,
        "shippingDiscounts": goods and not change.free_shipping,
    }


def _items(change: CreateCoupon, collections: Collections) -> Mapping[str, Any]:
    if change.products:
        return {"products": {"productsToAdd": [SOURCES[Kind.PRODUCTS].gid(each) for each in change.products]}}
    if change.categories:
        gids = [gid for name in change.categories for gid in collections.get(folded(name), ())]
        return {"collections": {"add": list(dict.fromkeys(gids))}}
    return {"all": True}


def _value(change: CreateCoupon) -> Mapping[str, Any]:
    if change.percent is not None:
        return {"percentage": change.percent / 100}
    amount = decimal_text(change.amount or 0, change.currency)
    return {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}


def _title(title: str, marker: str) -> str:
    return f"{title[: TITLE_LENGTH - len(marker) - 3]} [{marker}]"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
