"""What WooCommerce sends of each record, and how it becomes ours. No I/O.

Amounts of lines are always without tax, whatever `prices_include_tax` says; `total` of an order is with it
and stays what was charged when money goes back.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from html import unescape
from typing import Any, NamedTuple

import msgspec

from connector.errors import ResponseError
from connector.model import (
    Customer,
    LineItem,
    Order,
    Payment,
    Product,
    Refund,
    Shipment,
)
from connector.money import minor_units

# -- meta data ----------------------------------------------------------------------------------------------

#: The customer's meta key that holds the tags, as a list.
TAGS_KEY = "stammkunde_tags"
#: What the meta keys of attributes begin with.
ATTRIBUTE_PREFIX = "stammkunde_"


class Meta(msgspec.Struct, frozen=True):
    key: str
    value: Any = None


def meta_of(rows: Sequence[Meta]) -> dict[str, Any]:
    """Meta data by key; of a key that is there twice the last."""
    return {row.key: row.value for row in rows}


def tags_of(rows: Sequence[Meta]) -> tuple[str, ...]:
    """The tags in the meta data: a list, or a text with commas where somebody typed them in."""
    value = meta_of(rows).get(TAGS_KEY)
    if isinstance(value, Mapping):  # PHP writes a list with holes in its numbering so
        value = list(value.values())
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(tag for tag in value if isinstance(tag, str) and tag))


# -- customers ----------------------------------------------------------------------------------------------


class Address(msgspec.Struct, frozen=True):
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    city: str = ""
    country: str = ""
    state: str = ""
    email: str = ""
    phone: str = ""


class CustomerRow(msgspec.Struct, kw_only=True):
    id: int
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    role: str = ""
    date_created_gmt: datetime | None = None
    date_modified_gmt: datetime | None = None
    billing: Address = Address()
    meta_data: list[Meta] = []


def to_customer(row: CustomerRow) -> Customer:
    """A customer of ours. The WordPress role is the customer group; there is no other."""
    billing = row.billing
    return Customer(
        id=str(row.id),
        email=row.email or None,
        first_name=row.first_name or billing.first_name or None,
        last_name=row.last_name or billing.last_name or None,
        phone=billing.phone or None,
        company=billing.company or None,
        country=billing.country or None,
        region=region(billing.state, billing.country),
        city=billing.city or None,
        group=row.role or None,
        tags=tags_of(row.meta_data),
        created_at=utc(row.date_created_gmt),
        updated_at=utc(row.date_modified_gmt),
    )


def region(code: str, country: str) -> str | None:
    """The code of a region. WooCommerce writes "DE-BE", "CA" or, where it knows none, what was typed."""
    bare = code.removeprefix(f"{country}-")
    return bare if re.fullmatch("[A-Z0-9]{1,3}", bare) else None


# -- orders -------------------------------------------------------------------------------------------------


class Fate(NamedTuple):
    """What a status of WooCommerce says about an order."""

    payment: Payment
    shipment: Shipment = Shipment.NONE
    cancelled: bool = False
    returned: bool = False


#: The states of an order (DEFINITIONS, *What counts*); docs/platforms/woocommerce.md has them too. A status
#: that a plugin brought along is not in it: such an order is paid if WooCommerce wrote down when.
STATES: Mapping[str, Fate] = {
    "pending": Fate(Payment.NONE),
    "on-hold": Fate(Payment.NONE),
    "failed": Fate(Payment.NONE),
    "processing": Fate(Payment.PAID),
    "completed": Fate(Payment.PAID, Shipment.SHIPPED),
    "cancelled": Fate(Payment.NONE, cancelled=True),
    "refunded": Fate(Payment.PAID, returned=True),
}
#: These are no orders (yet, or any more) and are left out.
NO_ORDERS = frozenset({"checkout-draft", "auto-draft", "draft", "trash"})

#: `created_via` of orders that a buyer placed on the shop's own pages.
_WEB = frozenset({"", "checkout", "store-api"})


class _Line(msgspec.Struct, kw_only=True):
    id: int
    name: str = ""
    product_id: int = 0
    variation_id: int = 0
    quantity: Decimal = Decimal(0)
    subtotal: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    total_tax: Decimal = Decimal(0)
    sku: str | None = None
    meta_data: list[Meta] = []


class _Charge(msgspec.Struct, kw_only=True):
    total: Decimal = Decimal(0)
    total_tax: Decimal = Decimal(0)


class _Code(msgspec.Struct):
    code: str


class _RefundHint(msgspec.Struct):
    id: int


class RefundRow(msgspec.Struct, kw_only=True):
    id: int
    amount: Decimal
    date_created_gmt: datetime
    parent_id: int = 0
    line_items: list[_Line] = []
    shipping_lines: list[_Charge] = []
    fee_lines: list[_Charge] = []

    def tax(self) -> Decimal:
        taxes = [line.total_tax for line in self.line_items]
        taxes += [charge.total_tax for charge in (*self.shipping_lines, *self.fee_lines)]
        return -sum(taxes, Decimal(0))

    def shipping(self) -> Decimal:
        charges = [*self.shipping_lines, *self.fee_lines]
        return -sum((charge.total for charge in charges), Decimal(0))

    def is_itemised(self) -> bool:
        return bool(self.line_items or self.shipping_lines or self.fee_lines)


class OrderRow(msgspec.Struct, kw_only=True):
    id: int
    number: str
    status: str
    currency: str
    date_created_gmt: datetime
    date_modified_gmt: datetime | None = None
    date_modified: datetime | None = None
    date_paid_gmt: datetime | None = None
    date_completed_gmt: datetime | None = None
    customer_id: int = 0
    prices_include_tax: bool = False
    total: Decimal = Decimal(0)
    total_tax: Decimal = Decimal(0)
    discount_total: Decimal = Decimal(0)
    shipping_total: Decimal = Decimal(0)
    billing: Address = Address()
    shipping: Address = Address()
    payment_method: str = ""
    payment_method_title: str = ""
    created_via: str = ""
    line_items: list[_Line] = []
    fee_lines: list[_Charge] = []
    coupon_lines: list[_Code] = []
    refunds: list[_RefundHint] = []


def to_order(row: OrderRow, refunds: Sequence[RefundRow]) -> Order:
    """An order of ours. A guest's has no customer; the e-mail is that of the bill."""
    fate = STATES.get(row.status, Fate(Payment.NONE))
    paid = fate.payment is Payment.PAID or (row.date_paid_gmt is not None and not fate.cancelled)
    sums = _sums(row)
    return Order(
        id=str(row.id),
        number=row.number,
        customer_id=str(row.customer_id) if row.customer_id else None,
        email=row.billing.email or None,
        placed_at=_utc(row.date_created_gmt),
        updated_at=utc(row.date_modified_gmt),
        cancelled_at=(utc(row.date_modified_gmt) or _utc(row.date_created_gmt)) if fate.cancelled else None,
        currency=row.currency,
        total=sums.total,
        goods=sums.goods,
        discounts=sums.discounts,
        shipping=sums.shipping,
        tax=sums.tax,
        lines=_to_lines(row, refunds, all_returned=fate.returned),
        refunds=_to_refunds(row, refunds, sums),
        codes=tuple([unescape(line.code) for line in row.coupon_lines]),
        payment=Payment.PAID if paid else Payment.NONE,
        shipment=fate.shipment,
        shipped_at=utc(row.date_completed_gmt) if fate.shipment is Shipment.SHIPPED else None,
        payment_method=row.payment_method_title or row.payment_method or None,
        channel="web" if row.created_via in _WEB else row.created_via,
        country=row.shipping.country or row.billing.country or None,
    )


class _Sums(NamedTuple):
    """Without tax, but for `total`: goods - discounts + shipping + tax = total."""

    total: int
    goods: int
    discounts: int
    shipping: int
    tax: int


def _sums(row: OrderRow) -> _Sums:
    """What an order adds up to. Fees go with shipping, and lower the order where they are negative.

    The goods are what is left of the total: a rounding of the shop lands there, and so does what a plugin
    takes off the total without a line for it (a gift card); then the tax may be more than there is left.
    """
    fees = [fee.total for fee in row.fee_lines]
    charged, tax = _amount(row.total, row), _amount(row.total_tax, row)
    shipping = _amount(row.shipping_total + sum((fee for fee in fees if fee > 0), Decimal(0)), row)
    discounts = _amount(row.discount_total - sum((fee for fee in fees if fee < 0), Decimal(0)), row)
    goods = charged - tax - shipping + discounts
    if goods < discounts:
        goods, tax = goods + tax, 0
    return _Sums(charged, goods, discounts, shipping, tax)


def _to_lines(row: OrderRow, refunds: Sequence[RefundRow], *, all_returned: bool) -> tuple[LineItem, ...]:
    back = _came_back(refunds)
    return tuple(
        LineItem(
            product_id=str(line.product_id) if line.product_id else None,
            variant_id=str(line.variation_id) if line.variation_id else None,
            sku=line.sku or None,
            title=line.name,
            quantity=pieces(line.quantity),
            remaining=0 if all_returned else max(pieces(line.quantity - back.get(line.id, Decimal(0))), 0),
            total=_amount(line.total + (line.total_tax if row.prices_include_tax else 0), row),
        )
        for line in row.line_items
    )


def _came_back(refunds: Sequence[RefundRow]) -> dict[int, Decimal]:
    """Pieces that were refunded, by line of the order. Refunds count them below zero."""
    back: dict[int, Decimal] = {}
    for refund in refunds:
        for line in refund.line_items:
            of = str(meta_of(line.meta_data).get("_refunded_item_id", ""))
            if of.isdecimal():
                back[int(of)] = back.get(int(of), Decimal(0)) - line.quantity
    return back


def pieces(quantity: Decimal) -> int:
    """What is sold by weight has broken quantities; half a kilo is still one piece of something."""
    return int(quantity.to_integral_value(ROUND_CEILING))


def _to_refunds(row: OrderRow, refunds: Sequence[RefundRow], sums: _Sums) -> tuple[Refund, ...]:
    """By time. Of a refund without lines the shop knows only the amount.

    If it gives back all that was left (the status "refunded" does so), it gives back the tax and shipping
    that were left; else it is taken to have the tax share of the whole order.
    """
    found: list[Refund] = []
    for each in sorted(refunds, key=lambda refund: refund.id):
        money, tax, shipping = (_amount(x, row) for x in (each.amount, each.tax(), each.shipping()))
        if not each.is_itemised() and money >= sums.total - sum(one.amount for one in found):
            tax = sums.tax - sum(one.tax for one in found)
            shipping = sums.shipping - sum(one.shipping for one in found)
        elif not each.is_itemised() and sums.total:
            tax = round(Decimal(money * sums.tax) / sums.total)
        at = _utc(each.date_created_gmt)
        found.append(Refund(id=str(each.id), refunded_at=at, amount=money, tax=tax, shipping=shipping))
    return tuple(found)


def _amount(value: Decimal, row: OrderRow) -> int:
    """Minor units of the order's currency.

    Raises:
        ResponseError: it is no amount of money.
    """
    try:
        return minor_units(value, row.currency)
    except ValueError as error:
        raise ResponseError(f"The shop gave a strange amount in order {row.id}: {error}.") from None


# -- products -----------------------------------------------------------------------------------------------


class Term(msgspec.Struct, frozen=True):
    """A category, a tag or a brand."""

    id: int
    name: str

    def text(self) -> str:
        return unescape(self.name)


class ProductRow(msgspec.Struct, kw_only=True):
    id: int
    name: str = ""
    sku: str | None = None
    date_modified_gmt: datetime | None = None
    date_modified: datetime | None = None
    categories: list[Term] = []
    tags: list[Term] = []
    brands: list[Term] = []
    variations: list[int] = []


def to_product(row: ProductRow, skus: Sequence[str]) -> Product:
    """A product of ours.

    Args:
        skus: of its variations.
    """
    return Product(
        id=str(row.id),
        title=unescape(row.name),
        vendor=row.brands[0].text() if row.brands else None,
        categories=tuple([term.text() for term in row.categories]),
        tags=tuple([term.text() for term in row.tags]),
        skus=tuple(dict.fromkeys(sku for sku in (row.sku, *skus) if sku)),
        updated_at=utc(row.date_modified_gmt),
    )


class Sku(msgspec.Struct, frozen=True):
    """A variation, of which only the number on its shelf matters."""

    id: int
    sku: str | None = None


class StatusRow(msgspec.Struct, frozen=True):
    """A record of which only the id matters, and whether it is one yet."""

    id: int
    status: str = ""


# -- times --------------------------------------------------------------------------------------------------


def utc(moment: datetime | None) -> datetime | None:
    """A `*_gmt` field, which is written without a zone."""
    return None if moment is None else _utc(moment)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
