"""What Medusa sends of an order, and how it becomes ours. No I/O.

Medusa's sums are those of the order's last version: they shrink with each return and each refund, and even
`summary.original_order_total` does when something else changes after a refund. What was charged is therefore
worked out from the lines, by Medusa's own formulas: price and quantity, tax rates, adjustments.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from adapters.medusa.client import Wire
from adapters.medusa.records import country
from connector.model import LineItem, Order, Payment, Refund, Shipment
from connector.money import minor_units

ORDER_FIELDS = (
    "id",
    "display_id",
    "custom_display_id",
    "status",
    "email",
    "currency_code",
    "customer_id",
    "created_at",
    "updated_at",
    "canceled_at",
    "shipping_total",
    "shipping_tax_total",
    "sales_channel.name",
    "shipping_address.country_code",
    "billing_address.country_code",
    "items.id",
    "items.detail.return_requested_quantity",
    "items.detail.return_received_quantity",
    "items.detail.return_dismissed_quantity",
    "items.tax_lines.rate",
    "items.adjustments.amount",
    "items.adjustments.code",
    "items.adjustments.is_tax_inclusive",
    "shipping_methods.adjustments.code",
    "promotions.code",
    "promotions.is_automatic",
    "payment_status",
    "payment_collections.payments.provider_id",
    "payment_collections.payments.refunds.id",
    "payment_collections.payments.refunds.amount",
    "payment_collections.payments.refunds.created_at",
    "fulfillment_status",
    "fulfillments.shipped_at",
    "fulfillments.delivered_at",
    "fulfillments.canceled_at",
)

_ONE, _NOTHING = Decimal(1), Decimal(0)


class _Rate(Wire):
    rate: Decimal = _NOTHING


class _Adjustment(Wire):
    amount: Decimal = _NOTHING
    code: str | None = None
    is_tax_inclusive: bool = False


class _Detail(Wire):
    return_requested_quantity: Decimal = _NOTHING
    return_received_quantity: Decimal = _NOTHING
    return_dismissed_quantity: Decimal = _NOTHING  #: came back, but not fit to be sold again


class LineRow(Wire):
    id: str
    quantity: Decimal
    unit_price: Decimal
    title: str = ""
    product_title: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    variant_sku: str | None = None
    is_giftcard: bool = False
    is_tax_inclusive: bool = False
    tax_lines: tuple[_Rate, ...] | None = None
    adjustments: tuple[_Adjustment, ...] | None = None
    detail: _Detail = msgspec.field(default_factory=_Detail)

    def came_back(self) -> Decimal:
        """Pieces that came back."""
        return self.detail.return_received_quantity + self.detail.return_dismissed_quantity


class _Method(Wire):
    adjustments: tuple[_Adjustment, ...] | None = None


class _Promotion(Wire):
    code: str | None = None
    is_automatic: bool = False


class RefundRow(Wire):
    id: str
    amount: Decimal
    created_at: datetime


class _PaymentRow(Wire):
    provider_id: str | None = None
    refunds: tuple[RefundRow, ...] | None = None


class _Collection(Wire):
    payments: tuple[_PaymentRow, ...] | None = None


class _Fulfillment(Wire):
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    canceled_at: datetime | None = None


class _Place(Wire):
    country_code: str | None = None


class _Channel(Wire):
    name: str | None = None


class OrderRow(Wire):
    id: str
    display_id: int
    status: str
    currency_code: str
    created_at: datetime
    updated_at: datetime
    payment_status: str
    fulfillment_status: str
    shipping_total: Decimal
    shipping_tax_total: Decimal
    custom_display_id: str | None = None
    email: str | None = None
    customer_id: str | None = None
    canceled_at: datetime | None = None
    sales_channel: _Channel | None = None
    shipping_address: _Place | None = None
    billing_address: _Place | None = None
    items: tuple[LineRow, ...] = ()
    shipping_methods: tuple[_Method, ...] | None = None
    promotions: tuple[_Promotion | None, ...] | None = None
    payment_collections: tuple[_Collection, ...] | None = None
    fulfillments: tuple[_Fulfillment, ...] | None = None


#: `Order.status`; the others (pending, completed, archived, requires_action) say nothing that counts here.
CANCELLED = "canceled"

#: `Order.payment_status`; docs/platforms/medusa.md has the table for owners. What is not named is not paid:
#: not_paid, awaiting, requires_action, authorized, partially_authorized, canceled, refunded.
PAYMENT = {
    "captured": Payment.PAID,
    "partially_refunded": Payment.PAID,
    "partially_captured": Payment.PARTLY,
}

#: `Order.fulfillment_status`. What is not named has not left: not_fulfilled, partially_fulfilled, fulfilled
#: (packed), canceled.
SHIPMENT = {
    "shipped": Shipment.SHIPPED,
    "delivered": Shipment.SHIPPED,
    "partially_shipped": Shipment.PARTLY,
    "partially_delivered": Shipment.PARTLY,
}


class _Sum(msgspec.Struct, frozen=True):
    """An amount without tax and with it."""

    net: Decimal = _NOTHING
    gross: Decimal = _NOTHING

    def __add__(self, other: "_Sum") -> "_Sum":
        return _Sum(self.net + other.net, self.gross + other.gross)

    def net_of(self, gross: Decimal) -> Decimal:
        """The part without tax of a part of this."""
        return gross * self.net / self.gross if self.gross else gross


class _Charged(msgspec.Struct, frozen=True):
    """What was charged for an order, pieces that came back included."""

    goods: _Sum  #: after discounts
    discounts: Decimal  #: without tax
    shipping: _Sum  #: after discounts


def to_order(row: OrderRow) -> Order:
    """An order of ours."""
    charged, currency = _charged(row), row.currency_code.upper()
    shipment = SHIPMENT.get(row.fulfillment_status, Shipment.NONE)

    def money(amount: Decimal) -> int:
        return minor_units(amount, currency)

    # Each sum is rounded by itself, so the tax takes what is left and they always add up.
    total = money(charged.goods.gross + charged.shipping.gross)
    discounts, shipping = money(charged.discounts), money(charged.shipping.net)
    return Order(
        id=row.id,
        number=row.custom_display_id or f"#{row.display_id}",
        customer_id=row.customer_id,
        email=row.email or None,
        placed_at=row.created_at,
        updated_at=row.updated_at,
        cancelled_at=(row.canceled_at or row.updated_at) if row.status == CANCELLED else None,
        currency=currency,
        total=total,
        goods=money(charged.goods.net) + discounts,
        discounts=discounts,
        shipping=shipping,
        tax=total - money(charged.goods.net) - shipping,
        # Medusa gives them in no order; ours must not look changed when nothing has.
        lines=tuple(_to_line(line, currency) for line in sorted(row.items, key=lambda line: line.id)),
        refunds=_to_refunds(row, charged, currency),
        codes=_codes(row),
        payment=_payment(row, total),
        shipment=shipment,
        shipped_at=_shipped_at(row) if shipment is not Shipment.NONE else None,
        open_return=any(line.detail.return_requested_quantity > 0 for line in row.items),
        payment_method=next((each.provider_id for each in _payments(row) if each.provider_id), None),
        channel=row.sales_channel.name if row.sales_channel else None,
        country=_country(row),
    )


def _charged(row: OrderRow) -> _Charged:
    goods, discounts = _Sum(), _NOTHING
    for line in row.items:
        goods += _line_sum(line)
        discounts += _discount(line)
    shipping = _Sum(row.shipping_total - row.shipping_tax_total, row.shipping_total)
    return _Charged(goods, discounts, shipping)


def _line_sum(line: LineRow) -> _Sum:
    """A line after its discounts, all pieces that were ordered."""
    price, factor = line.unit_price * line.quantity, _factor(line)
    net = (price / factor if line.is_tax_inclusive else price) - _discount(line)
    return _Sum(net, net * factor)


def _discount(line: LineRow) -> Decimal:
    """Taken off a line, without tax. A line that an edit emptied may still carry its adjustments."""
    if not line.quantity:
        return _NOTHING
    factor = _factor(line)
    amounts = (
        each.amount / factor if each.is_tax_inclusive else each.amount for each in line.adjustments or ()
    )
    return sum(amounts, _NOTHING)


def _factor(line: LineRow) -> Decimal:
    """The price with tax is the price without it times this."""
    return _ONE + sum((each.rate for each in line.tax_lines or ()), _NOTHING) / 100


def _to_line(line: LineRow, currency: str) -> LineItem:
    charged = _line_sum(line)
    return LineItem(
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.variant_sku or None,
        title=line.product_title or line.title,
        quantity=int(line.quantity),
        remaining=max(int(line.quantity - line.came_back()), 0),
        total=minor_units(charged.gross if line.is_tax_inclusive else charged.net, currency),
        gift_card=line.is_giftcard,
    )


def _payments(row: OrderRow) -> list[_PaymentRow]:
    return [payment for each in row.payment_collections or () for payment in each.payments or ()]


def _to_refunds(row: OrderRow, charged: _Charged, currency: str) -> tuple[Refund, ...]:
    """Medusa says only how much went back: goods first, and what exceeds them is shipping."""
    rows = sorted(
        (each for payment in _payments(row) for each in payment.refunds or ()),
        key=lambda each: (each.created_at, each.id),
    )
    found, left = [], charged.goods.gross
    for each in rows:
        goods = min(each.amount, left)
        left -= goods
        found.append(_to_refund(each, goods, charged, currency))
    return tuple(found)


def _to_refund(row: RefundRow, goods: Decimal, charged: _Charged, currency: str) -> Refund:
    amount = minor_units(row.amount, currency)
    shipping = minor_units(charged.shipping.net_of(row.amount - goods), currency)
    return Refund(
        id=row.id,
        refunded_at=row.created_at,
        amount=amount,
        tax=amount - minor_units(charged.goods.net_of(goods), currency) - shipping,
        shipping=shipping,
    )


def _codes(row: OrderRow) -> tuple[str, ...]:
    """Codes the buyer entered. A promotion that was deleted since stands in the adjustments only."""
    promotions = [each for each in row.promotions or () if each is not None]
    automatic = {each.code for each in promotions if each.is_automatic}
    parts: list[LineRow | _Method] = [*row.items, *(row.shipping_methods or ())]
    adjusted = [each for part in parts for each in part.adjustments or ()]
    codes = [each.code for each in promotions] + [each.code for each in adjusted]
    return tuple(dict.fromkeys(code for code in codes if code and code not in automatic))


def _payment(row: OrderRow, total: int) -> Payment:
    """By the state; an order that costs nothing has no payment at all."""
    return Payment.PAID if total == 0 else PAYMENT.get(row.payment_status, Payment.NONE)


def _shipped_at(row: OrderRow) -> datetime | None:
    """When the last parcel left."""
    left = (each.shipped_at or each.delivered_at for each in row.fulfillments or () if not each.canceled_at)
    return max((moment for moment in left if moment), default=None)


def _country(row: OrderRow) -> str | None:
    places = (row.shipping_address, row.billing_address)
    return next((country(place.country_code) for place in places if place and place.country_code), None)
