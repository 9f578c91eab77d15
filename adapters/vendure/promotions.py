"""Coupons as Vendure keeps them: one promotion for each code. The mark stands in its description."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.vendure.client import Admin, Listing, Paged
from adapters.vendure.documents import document
from adapters.vendure.reads import LARGEST, Walk, changed_since
from adapters.vendure.records import Ground, PromotionRow, to_coupon
from connector.adapter import Page, chunks
from connector.model import Coupon, CouponTerm, CreateCoupon

#: What a promotion with a code can ask for. Every code works beside others, and Vendure cannot prevent it.
TERMS = frozenset(
    {
        CouponTerm.FREE_SHIPPING,
        CouponTerm.MINIMUM,
        CouponTerm.PRODUCTS,
        CouponTerm.CATEGORIES,
        CouponTerm.COMBINABLE,
        CouponTerm.TITLES,
    }
)

#: Of chosen goods Vendure takes a percentage only: an amount or the shipping is always of the whole order.
CONFLICTS = (
    ("amount", "products"),
    ("amount", "categories"),
    ("free_shipping", "products"),
    ("free_shipping", "categories"),
)

_CODES_AT_ONCE = 50

_PROMOTION_CODE: Mapping[str, Any] = {"couponCode": {"isNull": False}}


class Promotions:
    """Reads the promotions of one server."""

    def __init__(self, admin: Admin, page_size: int) -> None:
        self._admin = admin
        self._size = min(page_size, LARGEST)

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        """Coupons of ours. Every code is looked at: a search in descriptions sees one language only."""
        wanted = {**_PROMOTION_CODE, **changed_since(since)}
        for rows, place, _ in Walk(lambda part: self._ask(part, wanted), self._size).pages(checkpoint):
            coupons = [coupon for coupon in map(to_coupon, rows) if coupon]
            yield Page(records=tuple(coupons), checkpoint=place.text())

    def by_codes(self, codes: Sequence[str]) -> dict[str, list[PromotionRow]]:
        """Promotions with these codes, by the code in small letters: Vendure takes any, and any number."""
        found: dict[str, list[PromotionRow]] = {code.casefold(): [] for code in codes}
        for some in chunks(codes, _CODES_AT_ONCE):
            wanted = {"_or": [{"couponCode": {"contains": code}} for code in some]}
            for row in self._all(wanted):
                found.get((row.coupon_code or "").casefold(), []).append(row)
        return found

    def _all(self, wanted: Mapping[str, Any]) -> Iterator[PromotionRow]:
        for rows, _, _ in Walk(lambda part: self._ask(part, wanted), self._size).pages():
            yield from rows

    def _ask(self, part: Mapping[str, Any], wanted: Mapping[str, Any]) -> Listing[PromotionRow]:
        options = {**part, "filter": wanted}
        return self._admin.call(document("promotion_page"), {"options": options}, Paged[PromotionRow]).page


# -- what we write ------------------------------------------------------------------------------------------


def unsupported(change: CreateCoupon) -> str | None:
    """Why Vendure cannot make such a coupon."""
    narrow = bool(change.products or change.categories)
    if change.bound in ("customer", "email"):
        return "Vendure binds a code to a customer group, not to one person."
    if narrow and change.percent is None:
        return "Vendure takes only a percentage off chosen products or categories."
    if change.exclude_categories or not change.sale_items or change.new_customers_only:
        return "Vendure can neither leave categories or reduced goods out nor ask for a first order."
    return None


def to_input(
    change: CreateCoupon, ground: Ground, group_id: str | None, variants: Sequence[str]
) -> dict[str, Any]:
    """The promotion that is this coupon.

    Args:
        group_id: whose members may use it; None for everybody.
        variants: what it is for; none for everything.
    """
    return {
        "enabled": True,
        "couponCode": change.code,
        "usageLimit": 1,
        "perCustomerUsageLimit": 1,
        "startsAt": stamp(change.starts_at),
        "endsAt": stamp(change.ends_at),
        "translations": _translations(change, ground),
        "conditions": _conditions(change, ground, group_id, variants),
        "actions": [_action(change, ground, variants)],
    }


def _translations(change: CreateCoupon, ground: Ground) -> list[dict[str, Any]]:
    """The name in every language that is given and that the server knows, and in its own in any case."""
    names = {ground.language: change.title}
    for language, title in change.titles.items():
        code = language.replace("-", "_")
        if code in ground.languages or code == ground.language:
            names[code] = title
    description = f"Stammkunde [{change.mark.text()}]"
    return [
        {"languageCode": language, "name": name, "description": description}
        for language, name in names.items()
    ]


def _conditions(
    change: CreateCoupon, ground: Ground, group_id: str | None, variants: Sequence[str]
) -> list[dict[str, Any]]:
    conditions = []
    if group_id is not None:
        # The bare id: in quotes it would become -1, a promotion for nobody, and Vendure would not complain.
        conditions.append(_operation("customer_group", customerGroupId=group_id))
    if change.minimum:
        amount = ground.from_minor(change.minimum, change.currency)
        with_tax = "true" if ground.prices_include_tax else "false"
        conditions.append(_operation("minimum_order_amount", amount=str(amount), taxInclusive=with_tax))
    if variants:
        # Else a basket without any of them would use the code up for nothing.
        conditions.append(_operation("contains_products", minimum="1", productVariantIds=_list(variants)))
    return conditions


def _action(change: CreateCoupon, ground: Ground, variants: Sequence[str]) -> dict[str, Any]:
    if change.free_shipping:
        return _operation("free_shipping")
    if change.percent is None:
        amount = ground.from_minor(change.amount or 0, change.currency)
        return _operation("order_fixed_discount", discount=str(amount))
    if not variants:
        return _operation("order_percentage_discount", discount=str(change.percent))
    return _operation(
        "products_percentage_discount", discount=str(change.percent), productVariantIds=_list(variants)
    )


def _list(ids: Sequence[str]) -> str:
    return msgspec.json.encode(list(ids)).decode()


def _operation(code: str, **arguments: str) -> dict[str, Any]:
    named = [{"name": name, "value": value} for name, value in arguments.items()]
    return {"code": code, "arguments": named}


def stamp(moment: datetime) -> str:
    """As Vendure writes times."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
