"""The coupon of a campaign as the shop is to make it, and what it may cost."""

from datetime import timedelta

from connector.campaigns.campaign import Campaign, Setting
from connector.campaigns.terms import binding, product_id
from connector.database import Database
from connector.model import CouponTerm, CreateCoupon, Mark, ShopInfo


def make_coupon(
    db: Database,
    setting: Setting,
    campaign: Campaign,
    info: ShopInfo,
    mark: Mark,
    code: str,
    customer_id: str,
    email: str | None,
) -> CreateCoupon:
    """The coupon as the shop is to make it: the campaign's terms, less what it cannot keep of our defaults.

    What the owner wrote down and the shop cannot keep never gets here: `terms.refusals`.
    """
    starts = setting.now.replace(microsecond=0)
    bound = binding(campaign, info)
    return CreateCoupon(
        mark=mark,
        code=code,
        customer_id=customer_id,
        title=campaign.title,
        titles=campaign.titles,
        percent=campaign.percent,
        amount=campaign.amount,
        free_shipping=campaign.free_shipping,
        currency=setting.currency,
        minimum=campaign.minimum,
        starts_at=starts,
        ends_at=starts + timedelta(days=campaign.valid_days),
        bound=bound,
        email=email if bound == "email" else None,
        tag=campaign.tag if bound == "group" else None,
        attribute=campaign.attribute(),
        products=tuple(product_id(db, setting.shop, each) or each for each in campaign.products),
        categories=campaign.categories,
        exclude_categories=campaign.exclude_categories,
        sale_items=campaign.sale_items or CouponTerm.EXCLUDE_SALE_ITEMS not in info.coupon_terms,
        combinable=campaign.combinable,
        new_customers_only=campaign.new_customers_only,
    )


def face_value(campaign: Campaign, goods: int, shipping: int) -> int:
    """What a code may cost, in minor units (DEFINITIONS, *Face value*).

    Args:
        goods: average value of the customer's goods.
        shipping: average shipping the customer was charged.
    """
    if campaign.amount is not None:
        return campaign.amount
    if campaign.free_shipping:
        return shipping
    return max(goods, campaign.minimum) * (campaign.percent or 0) // 100
