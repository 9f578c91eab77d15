"""What the sandbox stores, in Medusa's own shape, and how our records become that.

Amounts are decimal numbers in the currency's own unit, as on the wire.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from connector.model import Customer, LineItem, Order, Payment, Shipment
from connector.money import decimals

#: In front of the id of the customer record that Medusa makes for an order without an account.
GUEST = "guest-of-"


class StoredGroup(msgspec.Struct, kw_only=True):
    id: str
    name: str
    created_at: datetime
    updated_at: datetime


class StoredAddress(msgspec.Struct, kw_only=True):
    company: str | None = None
    city: str | None = None
    province: str | None = None
    country_code: str | None = None
    is_default_billing: bool = True
    is_default_shipping: bool = True


class StoredCustomer(msgspec.Struct, kw_only=True):
    id: str
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    phone: str | None = None
    has_account: bool = True
    metadata: dict[str, Any] | None = None
    addresses: list[StoredAddress] = []
    groups: list[str] = []  #: their ids


class StoredAdjustment(msgspec.Struct, kw_only=True):
    amount: Decimal
    code: str
    is_tax_inclusive: bool = True


class StoredDetail(msgspec.Struct, kw_only=True):
    fulfilled_quantity: int = 0
    shipped_quantity: int = 0
    return_requested_quantity: int = 0
    return_received_quantity: int = 0
    return_dismissed_quantity: int = 0


class StoredRate(msgspec.Struct, kw_only=True):
    rate: Decimal


class StoredLine(msgspec.Struct, kw_only=True):
    id: str
    title: str
    unit_price: Decimal
    quantity: int
    product_title: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    variant_sku: str | None = None
    is_giftcard: bool = False
    is_tax_inclusive: bool = True
    tax_lines: list[StoredRate] = []
    adjustments: list[StoredAdjustment] = []
    detail: StoredDetail = msgspec.field(default_factory=StoredDetail)

    def taxed(self) -> Decimal:
        """The price with tax is the price without it times this."""
        return 1 + sum((each.rate for each in self.tax_lines), Decimal()) / 100

    def charged(self, quantity: int) -> Decimal:
        """What so many pieces cost with tax, after their share of the discounts."""
        gross = self.unit_price if self.is_tax_inclusive else self.unit_price * self.taxed()
        off = sum((each.amount for each in self.adjustments), Decimal())
        off *= 1 if self.is_tax_inclusive else self.taxed()
        return quantity * (gross - off / (self.quantity or 1))

    def kept(self) -> int:
        """Pieces that did not come back."""
        return self.quantity - self.detail.return_received_quantity - self.detail.return_dismissed_quantity


class StoredRefund(msgspec.Struct, kw_only=True):
    id: str
    amount: Decimal
    created_at: datetime


class StoredPayment(msgspec.Struct, kw_only=True):
    provider_id: str
    amount: Decimal
    captured: Decimal = Decimal()
    refunds: list[StoredRefund] = []

    def refunded(self) -> Decimal:
        """What went back."""
        return sum((each.amount for each in self.refunds), Decimal())

    def status(self, *, cancelled: bool) -> str:
        """As Medusa says it of the whole order."""
        if self.refunds:
            return "refunded" if self.refunded() >= self.captured else "partially_refunded"
        if self.captured:
            return "captured" if self.captured >= self.amount else "partially_captured"
        return "canceled" if cancelled else "authorized"


class StoredFulfillment(msgspec.Struct, kw_only=True):
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    canceled_at: datetime | None = None


class StoredOrder(msgspec.Struct, kw_only=True):
    id: str
    display_id: int
    created_at: datetime
    updated_at: datetime
    currency_code: str
    payment: StoredPayment
    customer_id: str | None = None
    email: str | None = None
    status: str = "pending"
    canceled_at: datetime | None = None
    country_code: str | None = None
    sales_channel: str = "web"
    items: list[StoredLine] = []
    shipping_total: Decimal = Decimal()
    shipping_tax_total: Decimal = Decimal()
    shipping_codes: list[str] = []
    codes: list[str] = []
    fulfillment_status: str = "not_fulfilled"
    fulfillments: list[StoredFulfillment] = []

    def total(self) -> Decimal:
        """What Medusa shows: it shrinks with what comes back."""
        return self.shipping_total + sum((each.charged(each.kept()) for each in self.items), Decimal())

    def charged(self) -> Decimal:
        """What was charged at first."""
        return self.shipping_total + sum((each.charged(each.quantity) for each in self.items), Decimal())


class StoredProduct(msgspec.Struct, kw_only=True):
    id: str
    title: str
    updated_at: datetime
    categories: list[str] = []  #: their ids
    collection: str | None = None  #: its id
    tags: list[str] = []
    skus: list[str] = []


class StoredCampaign(msgspec.Struct, kw_only=True):
    id: str
    name: str
    campaign_identifier: str
    description: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    limit: int | None = None
    used: int = 0


class StoredPromotion(msgspec.Struct, kw_only=True):
    id: str
    code: str
    status: str
    updated_at: datetime
    application_method: dict[str, Any]
    rules: list[dict[str, Any]] = []
    campaign: StoredCampaign | None = None


class StoredName(msgspec.Struct, kw_only=True):
    """A category, a collection or the store."""

    id: str
    name: str = ""
    title: str = ""
    supported_currencies: list[dict[str, Any]] = []


Stored = StoredCustomer | StoredOrder | StoredProduct


# -- from our records ---------------------------------------------------------------------------------------


def from_customer(record: Customer, *, now: datetime) -> StoredCustomer:
    """Our record as the shop stores it. There is no consent, birthday or language."""
    address = StoredAddress(
        city=record.city,
        province=record.region,
        country_code=record.country.lower() if record.country else None,
    )
    return StoredCustomer(
        id=record.id,
        created_at=record.created_at or record.updated_at or now,
        updated_at=record.updated_at or now,
        email=record.email,
        first_name=record.first_name,
        last_name=record.last_name,
        company_name=record.company,
        phone=record.phone,
        has_account=not record.guest,
        addresses=[address],
    )


def guest_of(order: StoredOrder, email: str | None) -> StoredCustomer:
    """The customer record that Medusa makes for an order without an account."""
    return StoredCustomer(
        id=f"{GUEST}{order.id}",
        created_at=order.created_at,
        updated_at=order.created_at,
        email=email,
        has_account=False,
    )


def from_order(record: Order, *, now: datetime) -> StoredOrder:
    """Our record as the shop stores it."""
    shown = sum(line.total for line in record.lines)
    inclusive = shown > record.goods - record.discounts
    shipping = record.total - shown if inclusive else _gross_shipping(record)
    shipped = record.shipment is not Shipment.NONE
    left = record.shipped_at or record.placed_at
    return StoredOrder(
        id=record.id,
        display_id=int("".join(filter(str.isdecimal, record.number)) or "0"),
        created_at=record.placed_at,
        updated_at=record.updated_at or now,
        currency_code=record.currency.lower(),
        payment=_payment(record),
        customer_id=record.customer_id,
        email=record.email,
        status="canceled" if record.cancelled_at else "pending",
        canceled_at=record.cancelled_at,
        country_code=record.country.lower() if record.country else None,
        sales_channel=record.channel or "web",
        items=_lines(record, inclusive=inclusive),
        shipping_total=unit(shipping, record.currency),
        shipping_tax_total=unit(shipping - record.shipping, record.currency),
        codes=list(record.codes),
        fulfillment_status=_FULFILLMENT[record.shipment],
        fulfillments=[StoredFulfillment(shipped_at=left)] if shipped else [],
    )


_FULFILLMENT = {
    Shipment.NONE: "not_fulfilled",
    Shipment.PARTLY: "partially_shipped",
    Shipment.SHIPPED: "shipped",
}


def _gross_shipping(record: Order) -> int:
    net = record.total - record.tax
    return round(record.shipping * record.total / net) if net else record.shipping


def _lines(record: Order, *, inclusive: bool) -> list[StoredLine]:
    """Prices and discounts from the sums of the order; all lines have its one rate."""
    net, shown = record.goods - record.discounts, sum(line.total for line in record.lines)
    rate = Decimal(shown) / net - 1 if inclusive and net else _net_rate(record)
    code = record.codes[0] if record.codes else "AUTOMATIC"
    return [
        _line(record, place, line, rate, code, inclusive=inclusive) for place, line in enumerate(record.lines)
    ]


def _net_rate(record: Order) -> Decimal:
    net = record.total - record.tax
    return Decimal(record.tax) / net if net else Decimal()


def _line(
    record: Order, place: int, line: LineItem, rate: Decimal, code: str, *, inclusive: bool
) -> StoredLine:
    net = record.goods - record.discounts
    before = Decimal(line.total) * record.goods / net if net else Decimal(record.goods) / len(record.lines)
    off, pieces = before - line.total, line.quantity or 1
    adjustment = StoredAdjustment(amount=unit(off, record.currency), code=code, is_tax_inclusive=inclusive)
    return StoredLine(
        id=f"{record.id}-{place}",
        title=line.title,
        product_title=line.title,
        unit_price=unit(before, record.currency) / pieces,
        quantity=pieces,
        product_id=line.product_id,
        variant_id=line.variant_id,
        variant_sku=line.sku,
        is_giftcard=line.gift_card,
        is_tax_inclusive=inclusive,
        tax_lines=[StoredRate(rate=rate * 100)] if rate else [],
        adjustments=[adjustment] if off else [],
        detail=StoredDetail(return_received_quantity=pieces - max(line.remaining, 0)),
    )


def _payment(record: Order) -> StoredPayment:
    """One payment; an order that is not paid yet was authorised only."""
    captured = {Payment.NONE: 0, Payment.PARTLY: record.total // 2, Payment.PAID: record.total}
    return StoredPayment(
        provider_id=record.payment_method or "pp_system_default",
        amount=unit(record.total, record.currency),
        captured=unit(captured[record.payment], record.currency),
        refunds=[
            StoredRefund(
                id=refund.id, amount=unit(refund.amount, record.currency), created_at=refund.refunded_at
            )
            for refund in record.refunds
        ],
    )


def unit(amount: int | Decimal, currency: str) -> Decimal:
    """Minor units in the currency's own unit."""
    return Decimal(amount).scaleb(-decimals(currency.upper()))
