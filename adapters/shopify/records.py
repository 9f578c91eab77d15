"""What Shopify sends of each record, and how it becomes ours. No I/O.

The same types decode a page of a query, where lines stand inside their order, and a bulk result, where each
stands on a line of its own and names its order in `__parentId`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Generic, Literal, TypeVar

import msgspec

from connector.errors import ResponseError
from connector.model import (
    Consent,
    Customer,
    LineItem,
    Order,
    Payment,
    Product,
    Refund,
    Shipment,
)
from connector.money import minor_units

_PREFIX = {name: len(f"gid://shopify/{name}/") for name in ("Customer", "Order", "Product", "ProductVariant")}
_CUSTOMER, _ORDER, _PRODUCT, _VARIANT = _PREFIX.values()


class Wire(msgspec.Struct, rename="camel", gc=False):
    """A part of an answer."""


class PageInfo(Wire):
    has_next_page: bool
    end_cursor: str | None = None

    def behind(self, after: str | None) -> tuple[str | None, bool]:
        """The cursor behind this page, which was asked for behind `after`, and whether there is more.

        Raises:
            ResponseError: there is more, but the cursor does not move: it would be read for ever.
        """
        if self.has_next_page and self.end_cursor in (None, after):
            raise ResponseError("Shopify says that a list goes on, and gives no place to go on from.")
        return self.end_cursor or after, self.has_next_page


T = TypeVar("T")

#: From an amount as text to minor units of the order's currency.
Minor = Callable[[str], int]


class Connection(Wire, Generic[T]):
    """Some of the nodes of a connection, and whether there are more."""

    nodes: list[T]
    page_info: PageInfo


class _Money(Wire):
    amount: str
    currency_code: str = ""


class _Bag(Wire):
    shop_money: _Money


class _Reference(Wire):
    id: str


# -- customers ----------------------------------------------------------------------------------------------


class _Email(Wire):
    email_address: str
    marketing_state: str
    marketing_opt_in_level: str | None = None
    marketing_updated_at: datetime | None = None


class _Sms(Wire):
    state: str
    opt_in_level: str | None = None
    updated_at: datetime | None = None


class _Phone(Wire):
    phone_number: str
    sms_marketing_consent: _Sms


class _Address(Wire):
    company: str | None = None
    city: str | None = None
    province_code: str | None = None
    country_code_v2: str | None = msgspec.field(default=None, name="countryCodeV2")


class _Statistics(Wire):
    rfm_group: str | None = None
    predicted_spend_tier: str | None = None


class CustomerRow(Wire, tag_field="__typename", tag="Customer"):
    id: str
    created_at: datetime
    updated_at: datetime
    state: str
    tags: tuple[str, ...]
    number_of_orders: int | str
    amount_spent: _Money
    locale: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    default_email_address: _Email | None = None
    default_phone_number: _Phone | None = None
    default_address: _Address | None = None
    statistics: _Statistics | None = None


_State = Literal["subscribed", "pending", "unsubscribed", "never"]
_Level = Literal["confirmed", "single", "unknown"]
_CONSENT: dict[str, _State] = {
    "SUBSCRIBED": "subscribed",
    "PENDING": "pending",
    "UNSUBSCRIBED": "unsubscribed",
    "REDACTED": "unsubscribed",
}
_LEVEL: dict[str | None, _Level] = {"CONFIRMED_OPT_IN": "confirmed", "SINGLE_OPT_IN": "single"}
_ACCOUNT: dict[str, Literal["enabled", "disabled", "invited", "declined"]] = {
    "ENABLED": "enabled",
    "DISABLED": "disabled",
    "INVITED": "invited",
    "DECLINED": "declined",
}


def to_customer(row: CustomerRow, _children: Sequence[Any] = ()) -> Customer:
    """A customer of ours. Shopify keeps no birthday, gender or customer group."""
    email, phone, address = row.default_email_address, row.default_phone_number, row.default_address
    return Customer(
        id=row.id[_CUSTOMER:],
        email=email.email_address if email else None,
        first_name=row.first_name,
        last_name=row.last_name,
        phone=phone.phone_number if phone else None,
        company=address.company if address else None,
        language=row.locale,
        country=address.country_code_v2 if address else None,
        region=address.province_code if address else None,
        city=address.city if address else None,
        tags=row.tags,
        account_status=_ACCOUNT.get(row.state),
        created_at=row.created_at,
        updated_at=row.updated_at,
        consents=_to_consents(email, phone),
        shop_order_count=int(row.number_of_orders),
        shop_amount_spent=amount_reader(row.amount_spent.currency_code)(row.amount_spent.amount),
        attributes=_to_attributes(row.statistics),
    )


def _to_consents(email: _Email | None, phone: _Phone | None) -> tuple[Consent, ...]:
    consents = []
    if email:
        state, level = _CONSENT.get(email.marketing_state, "never"), email.marketing_opt_in_level
        at = email.marketing_updated_at
        consents.append(
            Consent(channel="email", state=state, level=_LEVEL.get(level, "unknown"), changed_at=at)
        )
    if phone:
        sms = phone.sms_marketing_consent
        state, level = _CONSENT.get(sms.state, "never"), sms.opt_in_level
        at = sms.updated_at
        consents.append(
            Consent(channel="sms", state=state, level=_LEVEL.get(level, "unknown"), changed_at=at)
        )
    return tuple(consents)


def _to_attributes(statistics: _Statistics | None) -> dict[str, str]:
    if statistics is None:
        return {}
    figures = {"rfm_group": statistics.rfm_group, "predicted_spend_tier": statistics.predicted_spend_tier}
    return {name: value for name, value in figures.items() if value}


# -- orders -------------------------------------------------------------------------------------------------


class LineRow(Wire, tag_field="__typename", tag="LineItem"):
    quantity: int
    current_quantity: int
    discounted_total_set: _Bag
    title: str = ""
    sku: str | None = None
    is_gift_card: bool = False
    product: _Reference | None = None
    variant: _Reference | None = None
    parent: str | None = msgspec.field(default=None, name="__parentId")


class _TaxLine(Wire):
    price_set: _Bag


class _ShippingLine(Wire):
    original_price_set: _Bag
    discounted_price_set: _Bag
    tax_lines: list[_TaxLine]


class _RefundRow(Wire):
    id: str
    processed_at: datetime
    total_refunded_set: _Bag


class _FulfillmentRow(Wire):
    created_at: datetime
    status: str


class OrderRow(Wire, tag_field="__typename", tag="Order"):
    id: str
    name: str
    processed_at: datetime
    updated_at: datetime
    test: bool
    edited: bool
    currency_code: str
    taxes_included: bool
    display_fulfillment_status: str
    return_status: str
    discount_codes: tuple[str, ...]
    payment_gateway_names: list[str]
    total_price_set: _Bag
    current_total_price_set: _Bag
    total_refunded_set: _Bag
    current_total_tax_set: _Bag
    total_refunded_shipping_set: _Bag
    refunds: list[_RefundRow]
    fulfillments: list[_FulfillmentRow]
    total_tax_set: _Bag | None = None
    total_discounts_set: _Bag | None = None
    cancelled_at: datetime | None = None
    email: str | None = None
    source_name: str | None = None
    display_financial_status: str | None = None
    customer: _Reference | None = None
    shipping_address: _Address | None = None
    shipping_line: _ShippingLine | None = None
    line_items: Connection[LineRow] | None = None


@cache
def amount_reader(currency: str) -> Callable[[str], int]:
    """A function from "12.5" to 1250 in that currency. Prices repeat, so it remembers them."""

    @lru_cache(maxsize=1 << 16)
    def read(amount: str) -> int:
        try:
            return minor_units(amount, currency)
        except ValueError:
            raise ResponseError(f"Shopify gave {amount!r} as an amount.") from None

    return read


#: How Shopify's payment states count, as DEFINITIONS lists them; docs/platforms/shopify.md has them too.
#: An order whose money all went back counts only if its goods were delivered and kept.
PAYMENT = {
    "PAID": Payment.PAID,
    "PARTIALLY_REFUNDED": Payment.PAID,
    "REFUNDED": Payment.NONE,
    "PARTIALLY_PAID": Payment.PARTLY,
    "PENDING": Payment.NONE,
    "AUTHORIZED": Payment.NONE,
    "EXPIRED": Payment.NONE,
    "VOIDED": Payment.NONE,
}
#: Every other delivery state counts as not delivered, PARTIALLY_FULFILLED too: DEFINITIONS lists it not.
SHIPMENT = {"FULFILLED": Shipment.SHIPPED}
_OPEN_RETURN = {"RETURN_REQUESTED", "IN_PROGRESS", "INSPECTION_COMPLETE"}


def to_order(row: OrderRow, lines: Sequence[LineRow]) -> Order:
    """An order of ours; `lines` are all of its lines, from wherever they came."""
    minor = amount_reader(row.currency_code)
    total, goods, discounts, shipping, tax = _amounts(row, minor)
    shipment = SHIPMENT.get(row.display_fulfillment_status, Shipment.NONE)
    customer, address, gateways = row.customer, row.shipping_address, row.payment_gateway_names
    return Order(
        id=row.id[_ORDER:],
        number=row.name,
        customer_id=customer.id[_CUSTOMER:] if customer else None,
        email=row.email,
        placed_at=row.processed_at,
        updated_at=row.updated_at,
        cancelled_at=row.cancelled_at,
        test=row.test,
        currency=row.currency_code,
        total=total,
        goods=goods,
        discounts=discounts,
        shipping=shipping,
        tax=tax,
        lines=tuple([_to_line(line, minor) for line in lines]),
        refunds=_to_refunds(row, minor, total, shipping) if row.refunds else (),
        codes=row.discount_codes,
        payment=PAYMENT.get(row.display_financial_status or "", Payment.NONE),
        shipment=shipment,
        shipped_at=_shipped_at(row) if shipment is Shipment.SHIPPED else None,
        open_return=row.return_status in _OPEN_RETURN,
        payment_method=gateways[0] if gateways else None,
        channel=row.source_name,
        country=address.country_code_v2 if address else None,
    )


def _to_line(line: LineRow, minor: Minor) -> LineItem:
    product, variant = line.product, line.variant
    return LineItem(
        product_id=product.id[_PRODUCT:] if product else None,
        variant_id=variant.id[_VARIANT:] if variant else None,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        remaining=line.current_quantity,
        total=minor(line.discounted_total_set.shop_money.amount),
        gift_card=line.is_gift_card,
    )


def _amounts(row: OrderRow, minor: Minor) -> tuple[int, int, int, int, int]:
    """Total, goods, discounts, shipping, tax; all but total and tax without tax, so that they add up.

    Where prices include tax, a discount holds as much of it as the goods do. A discount on shipping is taken
    off shipping. What fits nowhere else (tips, duties, rounding) stays in the goods.
    """
    total, tax, _ = _charged(row, minor)
    discounts = minor(row.total_discounts_set.shop_money.amount) if row.total_discounts_set else 0
    shipping = shipping_tax = 0
    if line := row.shipping_line:
        shipping = minor(line.discounted_price_set.shop_money.amount)
        discounts = max(discounts - minor(line.original_price_set.shop_money.amount) + shipping, 0)
        shipping_tax = sum([minor(part.price_set.shop_money.amount) for part in line.tax_lines])
    if row.taxes_included:
        shipping_tax = min(shipping_tax, shipping)
        shown = total - shipping
        net = shown - (tax - shipping_tax)
        shipping -= shipping_tax
        if discounts and shown > 0:
            discounts = round(discounts * net / shown)
    return total, total - tax - shipping + discounts, discounts, shipping, tax


def _charged(row: OrderRow, minor: Minor) -> tuple[int, int, int]:
    """Total after edits and before refunds, its tax, and the tax in the refunds.

    Shopify's totals before returns keep goods that an edit took out again. What the tax fell by is shared
    between the edit and the refunds as the money is.
    """
    total = minor(row.total_price_set.shop_money.amount)
    tax = minor(row.total_tax_set.shop_money.amount) if row.total_tax_set else 0
    if not row.edited and not row.refunds:
        return total, tax, 0
    given_back = minor(row.total_refunded_set.shop_money.amount)
    tax_back = max(tax - minor(row.current_total_tax_set.shop_money.amount), 0)
    if not row.edited:
        return total, tax, tax_back
    charged = min(total, minor(row.current_total_price_set.shop_money.amount) + given_back)
    removed = total - charged
    tax_removed = round(tax_back * removed / (removed + given_back)) if removed else 0
    return charged, tax - tax_removed, tax_back - tax_removed


def _to_refunds(row: OrderRow, minor: Minor, total: int, shipping: int) -> tuple[Refund, ...]:
    """Refunds with tax and shipping spread over them as the money is, never more than the money."""
    amounts = [minor(refund.total_refunded_set.shop_money.amount) for refund in row.refunds]
    _, _, tax = _charged(row, minor)
    shipping_back = minor(row.total_refunded_shipping_set.shop_money.amount)
    if line := row.shipping_line:
        shown = minor(line.discounted_price_set.shop_money.amount)
        shipping_back = round(shipping_back * shipping / shown) if shown else 0
    taxes = _spread(min(tax, total), amounts)
    shippings = _spread(shipping_back, [amount - part for amount, part in zip(amounts, taxes, strict=True)])
    return tuple(
        Refund(
            id=refund.id.rpartition("/")[2],
            refunded_at=refund.processed_at,
            amount=amount,
            tax=tax_part,
            shipping=shipping_part,
        )
        for refund, amount, tax_part, shipping_part in zip(
            row.refunds, amounts, taxes, shippings, strict=True
        )
    )


def _spread(amount: int, over: Sequence[int]) -> list[int]:
    """Parts of an amount in proportion, adding up to it, none above its place."""
    left, weight = min(amount, sum(over)), sum(over)
    parts = []
    for place in over:
        part = round(left * place / weight) if weight else 0
        parts.append(part)
        left, weight = left - part, weight - place
    return parts


def _shipped_at(row: OrderRow) -> datetime | None:
    return max((part.created_at for part in row.fulfillments if part.status == "SUCCESS"), default=None)


# -- products -----------------------------------------------------------------------------------------------


class VariantRow(Wire, tag_field="__typename", tag="ProductVariant"):
    sku: str | None = None
    parent: str | None = msgspec.field(default=None, name="__parentId")


class CollectionRow(Wire, tag_field="__typename", tag="Collection"):
    title: str
    parent: str | None = msgspec.field(default=None, name="__parentId")


class ProductRow(Wire, tag_field="__typename", tag="Product"):
    id: str
    title: str
    updated_at: datetime
    tags: tuple[str, ...]
    vendor: str | None = None
    product_type: str | None = None
    variants: Connection[VariantRow] | None = None
    collections: Connection[CollectionRow] | None = None


def to_product(row: ProductRow, children: Sequence[VariantRow | CollectionRow]) -> Product:
    """A product of ours. Its categories are its collections and its product type."""
    categories = [child.title for child in children if isinstance(child, CollectionRow)]
    if row.product_type and row.product_type not in categories:
        categories.append(row.product_type)
    return Product(
        id=row.id[_PRODUCT:],
        title=row.title,
        vendor=row.vendor or None,
        categories=tuple(categories),
        tags=row.tags,
        skus=tuple([child.sku for child in children if isinstance(child, VariantRow) and child.sku]),
        updated_at=row.updated_at,
    )
