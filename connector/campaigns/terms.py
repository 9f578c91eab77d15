"""What a shop can keep of a campaign's terms, by what its adapter declares; asks for no platform."""

from collections.abc import Iterator
from typing import Literal

from connector.campaigns.campaign import Campaign
from connector.campaigns.codes import why_no_code
from connector.database import Database
from connector.groups import why_tag_too_long
from connector.model import CouponTerm, Feature, ShopInfo

Binding = Literal["customer", "group", "email", "nobody"]

_BINDINGS: tuple[tuple[Feature, Binding], ...] = (
    (Feature.COUPON_FOR_CUSTOMER, "customer"),
    (Feature.COUPON_FOR_EMAIL, "email"),
    (Feature.COUPON_FOR_GROUP, "group"),
)
_HELD_BY: dict[Binding, str] = {
    "customer": "only the customer can use a code",
    "group": "whoever has a code can use it, once",
    "email": "only an order with the customer's e-mail address can use a code",
    "nobody": "whoever has a code can use it, once",
}


def binding(campaign: Campaign, info: ShopInfo) -> Binding:
    """To whom the shop ties a code: as the campaign says, else the closest that the shop can."""
    if campaign.bound != "best":
        return campaign.bound
    return next((word for feature, word in _BINDINGS if feature in info.features), "nobody")


def refusals(db: Database, shop: int, campaign: Campaign, info: ShopInfo) -> list[str]:
    """Why this shop cannot keep what the owner wrote down for a campaign; none: it can."""
    return [
        *_wishes(campaign, info),
        *_bindings(campaign, info),
        *([why] if (why := why_no_code(campaign.prefix, info)) else ()),
        *_titles(campaign, info),
        *([why] if (why := why_tag_too_long(campaign.tag, info)) else ()),
        *_deliveries(campaign, info),
        *_unknown(db, shop, campaign, info),
    ]


def _wishes(campaign: Campaign, info: ShopInfo) -> Iterator[str]:
    explicit = campaign.explicit
    wished = (
        (campaign.free_shipping, CouponTerm.FREE_SHIPPING, "make shipping free by a code"),
        (campaign.minimum > 0, CouponTerm.MINIMUM, "ask for a minimum order"),
        (bool(campaign.products), CouponTerm.PRODUCTS, "keep a code to some products"),
        (bool(campaign.categories), CouponTerm.CATEGORIES, "keep a code to some categories"),
        (
            bool(campaign.exclude_categories),
            CouponTerm.EXCLUDE_CATEGORIES,
            "leave categories out of a code (exclude_categories)",
        ),
        (
            "sale_items" in explicit and not campaign.sale_items,
            CouponTerm.EXCLUDE_SALE_ITEMS,
            "leave reduced goods out (sale_items = false)",
        ),
        (campaign.combinable, CouponTerm.COMBINABLE, "let a code work beside others (combinable)"),
        (
            "combinable" in explicit and not campaign.combinable,
            CouponTerm.NOT_COMBINABLE,
            "make a code work alone only (combinable = false)",
        ),
        (campaign.new_customers_only, CouponTerm.NEW_CUSTOMERS, "keep a code to new customers"),
        (bool(campaign.titles), CouponTerm.TITLES, "show a title in several languages (titles)"),
    )
    for asked, term, what in wished:
        if asked and term not in info.coupon_terms:
            yield f"the shop cannot {what}"
    for one, other in info.coupon_conflicts:
        if getattr(campaign, one) and getattr(campaign, other):
            yield f"the shop cannot keep {one} and {other} together in one code"
    if campaign.combinable and info.coupons_per_order == 1:
        yield "the shop takes one code per order (combinable)"


def _bindings(campaign: Campaign, info: ShopInfo) -> Iterator[str]:
    for feature, word in _BINDINGS:
        if campaign.bound == word and feature not in info.features:
            yield f"the shop cannot tie a code to a {'group' if word == 'group' else 'customer'}" + (
                " by e-mail" if word == "email" else ""
            )


def _titles(campaign: Campaign, info: ShopInfo) -> Iterator[str]:
    for option, text in (
        ("title", campaign.title),
        *((f"titles.{key}", each) for key, each in campaign.titles.items()),
    ):
        if strange := sorted(set(text) & set(info.title_refuses)):
            yield f"the shop allows no {', '.join(strange)} in a title ({option})"


def _deliveries(campaign: Campaign, info: ShopInfo) -> Iterator[str]:
    if campaign.attribute() and Feature.ATTRIBUTES not in info.features:
        yield "the shop stores no values with a customer (deliver)"


def _unknown(db: Database, shop: int, campaign: Campaign, info: ShopInfo) -> Iterator[str]:
    """Products and categories that the mirror does not know: a typing mistake would give the code on
    nothing, or on everything."""
    if Feature.PRODUCTS not in info.features or not _were_read(db, shop):
        return
    if missing := [each for each in campaign.products if product_id(db, shop, each) is None]:
        yield f"the shop has no product {', '.join(missing)}"
    for name in (*campaign.categories, *campaign.exclude_categories):
        known = db.value(
            "SELECT count(*) FROM product_words WHERE shop = ? AND kind = 'category' AND word = ?",
            (shop, name.strip().casefold()),
        )
        if not known:
            yield f"no product of the shop is in a category '{name}'"


def _were_read(db: Database, shop: int) -> bool:
    """Before the first pull nothing is known of any product."""
    query = "SELECT EXISTS (SELECT 1 FROM watermarks WHERE shop = ? AND kind = 'products')"
    return bool(db.value(query, (shop,)))


def product_id(db: Database, shop: int, named: str) -> str | None:
    """The id of a product that is named by its id or by a SKU, or None."""
    row = db.row(
        "SELECT id FROM products WHERE shop = ?1 AND gone_at IS NULL AND (id = ?2 OR id IN ("
        " SELECT product_id FROM product_words WHERE shop = ?1 AND kind = 'sku' AND word = ?3"
        ")) LIMIT 1",
        (shop, named, named.strip().casefold()),
    )
    return None if row is None else str(row["id"])


def notes(campaign: Campaign, info: ShopInfo) -> list[str]:
    """What the owner should know: how far codes are tied, and which of our defaults the shop cannot keep."""
    found = [f"{_HELD_BY[binding(campaign, info)]}"]
    if not campaign.sale_items and CouponTerm.EXCLUDE_SALE_ITEMS not in info.coupon_terms:
        found.append("it works for reduced goods too, as the shop cannot leave them out")
    alone = CouponTerm.NOT_COMBINABLE in info.coupon_terms or info.coupons_per_order == 1
    if not campaign.combinable and not alone:
        found.append("it works beside other codes, as the shop cannot refuse that")
    if campaign.amount is not None and info.net_price_groups:
        groups = ", ".join(info.net_price_groups)
        found.append(f"nobody in {groups} gets it, as an amount with tax means another sum there")
    return found
