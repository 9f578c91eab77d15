"""Coupons as Medusa keeps them: one promotion with a campaign of its own for each code.

The campaign holds the dates, the budget of one use, and in its description the mark.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from adapters.medusa.client import Rest
from adapters.medusa.reads import Lists, Source, stamp
from adapters.medusa.records import CUSTOMER_RULE, PROMOTION_FIELDS, PromotionRow, to_coupon
from connector.adapter import Page, chunks
from connector.model import Coupon, CouponTerm, CreateCoupon
from connector.money import decimals

#: What a promotion with a code can ask for. Every code works beside others, and Medusa cannot prevent it.
TERMS = frozenset(
    {
        CouponTerm.FREE_SHIPPING,
        CouponTerm.MINIMUM,
        CouponTerm.PRODUCTS,
        CouponTerm.CATEGORIES,
        CouponTerm.EXCLUDE_CATEGORIES,
        CouponTerm.COMBINABLE,
    }
)

#: Medusa makes the shipping of a whole order free, whatever goods are in it.
CONFLICTS = tuple(("free_shipping", goods) for goods in ("products", "categories", "exclude_categories"))

_CODES_AT_ONCE = 50

_PROMOTIONS = Source(path="promotions", row=PromotionRow, fields=PROMOTION_FIELDS)


class Promotions:
    """Reads the promotions of one server."""

    def __init__(self, rest: Rest, page_size: int) -> None:
        self._list: Lists[PromotionRow] = Lists(rest, _PROMOTIONS, page_size)

    def coupons(self, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        """Every coupon of ours: neither a redemption nor a new end moves a promotion's change date."""
        for rows, place, _ in self._list.pages(checkpoint):
            coupons = [coupon for coupon in map(to_coupon, rows) if coupon]
            yield Page(records=tuple(coupons), checkpoint=place)

    def by_codes(self, codes: Sequence[str]) -> dict[str, PromotionRow]:
        """The promotions with these codes. Medusa has a code once, and tells capitals apart."""
        found: dict[str, PromotionRow] = {}
        for some in chunks(codes, _CODES_AT_ONCE):
            params = {"code[]": list(some), "limit": len(some)}
            rows, _ = self._list.ask(PROMOTION_FIELDS, PromotionRow, **params)
            found |= {row.code: row for row in rows}
        return found


# -- what we write ------------------------------------------------------------------------------------------


def unsupported(change: CreateCoupon) -> str | None:
    """Why Medusa cannot make such a coupon."""
    if change.bound == "email" and not change.email:
        return f"The code {change.code} is for an e-mail address, but none is known."
    if not change.sale_items or change.new_customers_only:
        return "Medusa can neither leave reduced goods out nor ask for a first order."
    if change.free_shipping and (change.products or change.categories or change.exclude_categories):
        return "Medusa makes the shipping of a whole order free, whatever goods are in it."
    return None


def to_promotion(
    change: CreateCoupon, group_id: str | None, goods: Sequence[dict[str, Any]], typed: str = ""
) -> dict[str, Any]:
    """The promotion that is this coupon.

    Args:
        group_id: whose members may use it; None for everybody.
        goods: rules of what it is for; none for everything.
        typed: the customer's address as it stands in the account.
    """
    return {
        "code": change.code,
        "type": "standard",
        "status": "active",
        "is_automatic": False,
        "is_tax_inclusive": True,
        "application_method": _method(change, goods),
        "rules": _rules(change, group_id, typed),
        "campaign": {
            "name": change.title,
            "campaign_identifier": change.code,
            "description": f"Stammkunde [{change.mark.text()}]",
            "starts_at": stamp(change.starts_at),
            "ends_at": stamp(change.ends_at),
            "budget": {"type": "usage", "limit": 1},
        },
    }


def _rules(change: CreateCoupon, group_id: str | None, typed: str) -> list[dict[str, Any]]:
    rules = []
    if change.bound == "customer":
        rules.append(_rule(CUSTOMER_RULE, "in", change.customer_id))
    if group_id is not None:
        rules.append(_rule("customer.groups.id", "in", group_id))
    if change.bound == "email" and change.email:
        # An address typed at the checkout is kept in small letters, that of an account as it was typed.
        known = typed if typed.casefold() == change.email.casefold() else change.email
        rules.append(_rule("email", "in", *dict.fromkeys((change.email.lower(), change.email, known))))
    if change.minimum:
        # `item_total` is what is left after the discount, so the coupon would take itself away again.
        rules.append(_rule("original_item_total", "gte", str(_decimal(change.minimum, change.currency))))
    return rules


def _rule(attribute: str, operator: str, *values: str) -> dict[str, Any]:
    return {"attribute": attribute, "operator": operator, "values": list(values)}


def _method(change: CreateCoupon, goods: Sequence[dict[str, Any]]) -> dict[str, Any]:
    method: dict[str, Any] = {"allocation": "across", "target_type": "items" if goods else "order"}
    if goods:
        method["target_rules"] = list(goods)
    if change.free_shipping:
        method |= {"type": "percentage", "value": 100, "target_type": "shipping_methods"}
    elif change.percent is not None:
        method |= {"type": "percentage", "value": change.percent}
    else:
        method |= {"type": "fixed", "value": float(_decimal(change.amount or 0, change.currency))}
    if change.percent is None or change.minimum:
        # A percentage holds in every currency; what names an amount only in its own.
        method["currency_code"] = change.currency.lower()
    return method


def _decimal(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-decimals(currency))
