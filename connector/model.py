"""Frozen records and changes. No I/O, no clock.

Ids are the shop's own, always text. Money is integer minor units of `currency` (ISO 4217 decimals:
1234 is 12.34 EUR, or 1234 JPY). Times are aware UTC datetimes. Nothing in a record is ever changed.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec


class Kind(StrEnum):
    """The kinds of record a shop is read for, in the order in which they are pulled."""

    PRODUCTS = "products"
    CUSTOMERS = "customers"
    ORDERS = "orders"


class Feature(StrEnum):
    """What a shop can do. The core asks for a feature, never for a platform."""

    TAGS = "tags"  #: carries customer tags
    COUPONS = "coupons"  #: can create coupon codes, bound in at least one of these three ways:
    COUPON_FOR_CUSTOMER = "coupon-for-customer"  #: can bind a coupon to one customer
    COUPON_FOR_GROUP = "coupon-for-group"  #: can put many codes on one discount
    COUPON_FOR_EMAIL = "coupon-for-email"  #: can bind a coupon to one e-mail address
    ATTRIBUTES = "attributes"  #: can store named values on a customer
    CUSTOMER_GROUPS = "customer-groups"  #: can move a customer from one customer group to another
    PRODUCTS = "products"  #: gives products with their tags and categories
    DELETIONS = "deletions"  #: `by_id` tells a deleted record from a failed read
    GUEST_RECORDS = "guest-records"  #: keeps a customer record for a guest, so that guests can be tagged
    WEBHOOKS = "webhooks"  #: can call us when something changes


class CouponTerm(StrEnum):
    """A term of a coupon that some shops enforce at their checkout and others cannot."""

    FREE_SHIPPING = "free-shipping"  #: pays the shipping instead of a part of the goods
    MINIMUM = "minimum"  #: needs goods of that value
    PRODUCTS = "products"  #: holds for these products only
    CATEGORIES = "categories"  #: holds for these categories only
    EXCLUDE_CATEGORIES = "exclude-categories"  #: holds for all but these categories
    EXCLUDE_SALE_ITEMS = "exclude-sale-items"  #: leaves reduced goods out
    NOT_COMBINABLE = "not-combinable"  #: works alone only
    COMBINABLE = "combinable"  #: works beside others
    NEW_CUSTOMERS = "new-customers"  #: only for somebody who never ordered
    TITLES = "titles"  #: a name in each of the shop's languages


class Payment(StrEnum):
    """How far an order is paid. Refunds are told apart in `Order.refunds`."""

    NONE = "none"
    PARTLY = "partly"
    PAID = "paid"


class Shipment(StrEnum):
    """How far the goods have left the house."""

    NONE = "none"
    PARTLY = "partly"
    SHIPPED = "shipped"


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer said to being written to on one channel."""

    channel: Literal["email", "sms"]
    state: Literal["subscribed", "pending", "unsubscribed", "never"]
    level: Literal["confirmed", "single", "unknown"] = "unknown"  #: confirmed = double opt-in
    changed_at: datetime | None = None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """An account in the shop, or the record a shop keeps of a guest (`guest=True`)."""

    id: str
    email: str | None = None
    guest: bool = False
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    company: str | None = None
    language: str | None = None  #: BCP 47, such as "de" or "de-AT"
    country: str | None = None  #: ISO 3166-1 alpha-2
    region: str | None = None  #: ISO 3166-2 without the country part
    city: str | None = None
    group: str | None = None  #: name of the shop's customer group
    tags: tuple[str, ...] = ()  #: every tag, foreign ones included
    account_status: Literal["enabled", "disabled", "invited", "declined"] | None = None
    birthday: date | None = None
    gender: Literal["female", "male", "diverse"] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    consents: tuple[Consent, ...] = ()
    shop_order_count: int | None = None  #: lifetime orders by the shop's own count
    shop_amount_spent: int | None = None  #: lifetime turnover by the shop's own count
    attributes: Mapping[str, str] = {}  #: the shop's own figures, such as "rfm_group"


class LineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order.

    `quantity` is what was ordered, later additions included; `remaining` is that less what was removed by an
    edit or came back. `total` is goods of the ordered quantity after all discounts, as the shop shows prices
    (with or without tax).
    """

    product_id: str | None
    variant_id: str | None = None
    sku: str | None = None
    title: str = ""
    quantity: int
    remaining: int
    total: int
    gift_card: bool = False


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money given back. `tax` and `shipping` (without tax) are parts of `amount`."""

    id: str
    refunded_at: datetime
    amount: int
    tax: int = 0
    shipping: int = 0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order.

    `total` is what was charged after edits and before refunds, and always
    `goods - discounts + shipping + tax`: `goods` before discounts, `discounts` and `shipping` all without
    tax, so gross prices are never taxed twice.
    """

    id: str
    number: str  #: as the owner and the customer know it, "#1042"
    customer_id: str | None
    email: str | None = None
    placed_at: datetime
    updated_at: datetime | None = None
    cancelled_at: datetime | None = None
    test: bool = False
    currency: str
    total: int
    goods: int
    discounts: int = 0
    shipping: int = 0
    tax: int = 0
    lines: tuple[LineItem, ...] = ()
    refunds: tuple[Refund, ...] = ()
    codes: tuple[str, ...] = ()  #: discount codes the buyer entered
    payment: Payment
    shipment: Shipment
    shipped_at: datetime | None = None
    open_return: bool = False  #: goods are announced to come back
    payment_method: str | None = None
    channel: str | None = None  #: such as "web" or "pos"
    location: str | None = None  #: the branch of a point-of-sale order
    country: str | None = None

    def refunded(self) -> int:
        """Money given back, tax and shipping included."""
        return sum(refund.amount for refund in self.refunds)

    def spent(self) -> int:
        """What the customer was charged less refunds (DEFINITIONS, *Spent*)."""
        return self.total - self.refunded()

    def net_sales(self) -> int:
        """Goods after discounts and returns, without tax and shipping (DEFINITIONS, *Net sales*)."""
        returned = sum(refund.amount - refund.tax - refund.shipping for refund in self.refunds)
        return self.goods - self.discounts - returned

    def all_returned(self) -> bool:
        """Every piece came back. An order without lines, or a free one without a return, is not returned."""
        return bool(self.refunds and self.lines) and all(line.remaining <= 0 for line in self.lines)


CountWhen = Literal["paid-or-shipped", "paid", "shipped", "placed", "never"]


def why_not_counted(
    *,
    test: bool,
    cancelled: bool,
    returned: bool,
    payment: str,
    shipment: str,
    payment_method: str | None,
    count_when: Mapping[str, CountWhen],
) -> str | None:
    """Why an order is not *eligible* (DEFINITIONS, *What counts*), or None if it counts.

    Args:
        count_when: by payment method (case-folded), when its orders count; others count when paid or shipped.
    """
    if test:
        return "test"
    if cancelled:
        return "cancelled"
    if returned:
        return "returned"
    rule = count_when.get((payment_method or "").casefold(), "paid-or-shipped")
    paid, shipped = payment != Payment.NONE, shipment != Shipment.NONE
    if rule == "placed" or (paid and rule.startswith("paid")) or (shipped and rule.endswith("shipped")):
        return None
    return "open"


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product with what groups may ask for."""

    id: str
    title: str
    vendor: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    updated_at: datetime | None = None


class Mark(msgspec.Struct, frozen=True, order=True):
    """Who a coupon is for: with the shop, its identity. It stands in the coupon, in the shop.

    `person` never holds an e-mail address: the id of the person's oldest account, or a hash.
    """

    campaign: str
    person: str
    round: int

    def text(self) -> str:
        """The one spelling of a mark, such as `sk:come-back:c1001:1`. Parsed by `Mark.find`."""
        return f"sk:{self.campaign}:{self.person}:{self.round}"

    @staticmethod
    def find(text: str) -> "Mark | None":
        """The mark in a coupon's title or description, or None where it holds none (a foreign coupon)."""
        for word in text.replace("[", " ").replace("]", " ").split():
            parts = word.split(":")
            if len(parts) == 4 and parts[0] == "sk" and parts[3].isdecimal():
                return Mark(parts[1], parts[2], int(parts[3]))
        return None


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon of ours as the shop has it."""

    id: str
    code: str
    mark: Mark
    customer_id: str | None = None  #: set where the shop binds it to one customer
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    active: bool = True
    used: int = 0  #: the platform's own counter, which may lag
    updated_at: datetime | None = None


class Tagging(msgspec.Struct, frozen=True, kw_only=True):
    """The tags with our prefix that one customer has in the shop right now."""

    customer_id: str
    tags: tuple[str, ...]


class ShopInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What `Adapter.check` found: the shop, and what can be done with it."""

    name: str
    currency: str
    time_zone: str  #: IANA name
    features: frozenset[Feature]
    admin_url: str | None = None  #: where the owner looks at the shop
    orders_visible_from: datetime | None = None  #: None: all of them
    oldest_order: datetime | None = None  #: when the oldest order we can see was placed, if known
    missing_scopes: tuple[str, ...] = ()  #: permissions we would need and do not have
    scope_help: str | None = None  #: where to grant them, one sentence
    tag_length: int = 255  #: characters of a tag, with its prefix
    code_length: int = 255
    code_alphabet: str | None = None  #: the characters a code may have; None: letters, digits and dashes
    code_case: Literal["kept", "lower", "upper"] = "kept"  #: how the shop stores codes
    coupons_per_order: int | None = None  #: None: no limit that we know of
    coupon_terms: frozenset[CouponTerm] = frozenset()  #: what the checkout enforces by itself
    #: Fields of `CreateCoupon` that it cannot keep in one coupon, such as ("products", "categories").
    coupon_conflicts: tuple[tuple[str, str], ...] = ()
    title_refuses: str = ""  #: characters that a coupon's title may not have
    net_price_groups: tuple[str, ...] = ()  #: customer groups that see prices without tax
    notes: tuple[str, ...] = ()  #: what the owner should know about this shop, a sentence each
    customer_count: int | None = None
    order_count: int | None = None
    payment_methods: tuple[str, ...] = ()
    customer_groups: tuple[str, ...] = ()
    returns_unknown: bool = False  #: nothing tells what came back: every amount is before returns


class UpdateTags(msgspec.Struct, frozen=True, kw_only=True, tag="update-tags"):
    """Add and remove tags of one customer, by delta: no other tag is touched."""

    customer_id: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class SetAttribute(msgspec.Struct, frozen=True, kw_only=True, tag="set-attribute"):
    """Store one named value on a customer; None removes it."""

    customer_id: str
    name: str
    value: str | None


class MoveGroup(msgspec.Struct, frozen=True, kw_only=True, tag="move-group"):
    """Move a customer between two customer groups, only if it still is in `from_`."""

    customer_id: str
    from_: str
    to: str


class CreateCoupon(msgspec.Struct, frozen=True, kw_only=True, tag="create-coupon"):
    """Create one single-use coupon code. Applied twice it is one coupon: `mark` and `code` identify it.

    Exactly one of `percent` (1-100), `amount` (gross, minor units) and `free_shipping` is set. `title` is
    what the customer sees at checkout, `titles` the same by language. With `bound = "customer"` only
    `customer_id` may redeem it; with "group" the shop keeps many codes of a campaign on one discount and
    anybody who has the code (and, where the shop can ask for it, the tag `tag`) may redeem it once; with
    "email" only an order of the address `email`; with "nobody" whoever has the code (a code for a friend).
    `attribute` names the customer attribute that also receives the code, if any.

    A term that the shop cannot keep (`ShopInfo.coupon_terms`) never reaches an adapter: the campaign is a
    ConfigError before. Products are named by their ids, categories as `Product.categories` spells them.
    """

    mark: Mark
    code: str
    customer_id: str
    title: str
    percent: int | None = None
    amount: int | None = None
    currency: str
    minimum: int = 0  #: smallest value of goods, minor units; 0 = none
    starts_at: datetime
    ends_at: datetime
    bound: Literal["customer", "group", "email", "nobody"] = "customer"
    attribute: str | None = None
    free_shipping: bool = False
    titles: Mapping[str, str] = {}
    email: str | None = None
    tag: str | None = None
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    exclude_categories: tuple[str, ...] = ()
    sale_items: bool = True
    combinable: bool = False
    new_customers_only: bool = False


class ExtendCoupon(msgspec.Struct, frozen=True, kw_only=True, tag="extend-coupon"):
    """Let a coupon of ours end later."""

    mark: Mark
    code: str
    coupon_id: str | None = None
    ends_at: datetime


class DisableCoupon(msgspec.Struct, frozen=True, kw_only=True, tag="disable-coupon"):
    """Make a coupon of ours worthless. `attribute` of `customer_id` is cleared if it still holds the code."""

    mark: Mark
    code: str
    customer_id: str | None = None
    coupon_id: str | None = None
    attribute: str | None = None


Record: TypeAlias = Customer | Order | Product
Change: TypeAlias = UpdateTags | SetAttribute | MoveGroup | CreateCoupon | ExtendCoupon | DisableCoupon


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one change. `error` is one sentence, None if it was applied (or had been already)."""

    change: Change
    error: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A verified webhook: a hint about what to read again, never data by itself."""

    id: str  #: the platform's own id of the delivery, for deduplication
    topic: str
    kind: Kind | None  #: None: not about a record we mirror
    record_id: str | None = None
    deleted: bool = False
    occurred_at: datetime | None = None
    #: What the platform asks for in a person's name, or for all of the shop, where it passes such wishes on.
    wish: Literal["erase", "access", "erase-shop"] | None = None
