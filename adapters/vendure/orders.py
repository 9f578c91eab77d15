"""What Vendure sends of an order, and how it becomes ours. No I/O.

Vendure's sums are those of what is left after cancellations, ours those of what was charged; the difference
is given back by refunds.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from adapters.vendure.client import Wire
from adapters.vendure.records import Ground
from connector.model import LineItem, Order, Payment, Refund, Shipment


class _Variant(Wire):
    id: str
    sku: str
    name: str
    product_id: str


class LineRow(Wire):
    """One line. `quantity` is what is left after cancellations, and the sums are those of that."""

    id: str
    quantity: int
    order_placed_quantity: int
    unit_price: int
    unit_price_with_tax: int
    line_price: int
    prorated_line_price: int
    prorated_line_price_with_tax: int
    product_variant: _Variant

    def ordered(self) -> int:
        """What was ordered. A line added by an edit says 0 in `orderPlacedQuantity`."""
        return max(self.order_placed_quantity, self.quantity)


class _Discount(Wire):
    adjustment_source: str
    amount: int
    amount_with_tax: int


class _ShippingRow(Wire):
    discounted_price: int
    discounted_price_with_tax: int
    discounts: tuple[_Discount, ...] = ()


class _Place(Wire):
    country_code: str | None = None


class _RefundLine(Wire):
    order_line_id: str
    quantity: int


class RefundRow(Wire):
    id: str
    created_at: datetime
    state: str
    total: int
    shipping: int
    lines: tuple[_RefundLine, ...] = ()


class PaymentRow(Wire):
    method: str
    amount: int
    state: str
    refunds: tuple[RefundRow, ...] = ()


class _FulfillmentRow(Wire):
    created_at: datetime
    state: str


class _Buyer(Wire):
    id: str
    email_address: str = ""


class OrderRow(Wire):
    id: str
    code: str
    state: str
    created_at: datetime
    updated_at: datetime
    currency_code: str
    sub_total: int
    sub_total_with_tax: int
    order_placed_at: datetime | None = None
    coupon_codes: tuple[str, ...] = ()
    customer: _Buyer | None = None
    lines: tuple[LineRow, ...] = ()
    shipping_lines: tuple[_ShippingRow, ...] = ()
    shipping_address: _Place | None = None
    billing_address: _Place | None = None
    payments: tuple[PaymentRow, ...] | None = None
    fulfillments: tuple[_FulfillmentRow, ...] | None = None


class _Entry(Wire):
    created_at: datetime
    data: Any = None


class _Entries(Wire):
    items: tuple[_Entry, ...]


class EndingRow(Wire):
    """When the states of an order changed, the newest first."""

    id: str
    history: _Entries


#: `Order.state`; docs/platforms/vendure.md has the table for owners. PaymentAuthorized is not paid yet.
CANCELLED = "Cancelled"
_PAID = {"PaymentSettled", "PartiallyShipped", "Shipped", "PartiallyDelivered", "Delivered"}
SHIPMENT = {
    "Shipped": Shipment.SHIPPED,
    "Delivered": Shipment.SHIPPED,
    "PartiallyShipped": Shipment.PARTLY,
    "PartiallyDelivered": Shipment.PARTLY,
}
_ON_ITS_WAY = {"Shipped", "Delivered"}


class _Sum(msgspec.Struct, frozen=True):
    """An amount without tax and with it, as the server keeps them."""

    net: int = 0
    gross: int = 0

    def __add__(self, other: "_Sum") -> "_Sum":
        return _Sum(self.net + other.net, self.gross + other.gross)

    def __sub__(self, other: "_Sum") -> "_Sum":
        return _Sum(self.net - other.net, self.gross - other.gross)

    def net_of(self, gross: int) -> int:
        """The part without tax of a part of this."""
        return round(gross * self.net / self.gross) if self.gross else gross


_NOTHING = _Sum()


class _Charged(msgspec.Struct, frozen=True):
    """What was charged for an order, cancelled pieces included."""

    goods: _Sum  #: after discounts
    discounts: int  #: without tax
    shipping: _Sum


def to_order(row: OrderRow, ground: Ground, ended_at: datetime | None = None) -> Order:
    """An order of ours.

    Args:
        ended_at: when it was cancelled, if the history of the order says so.
    """
    charged = _charged(row)
    total = charged.goods + charged.shipping
    paid, method = _settled(row.payments or ())
    refunds = [refund for refund in _refunds(row) if refund.state != "Failed"]
    buyer, shipment = row.customer, _shipment(row)

    def money(amount: int) -> int:
        return ground.to_minor(amount, row.currency_code)

    # Each sum is rounded by itself, so the tax takes what is left and they always add up.
    goods = money(charged.goods.net) + money(charged.discounts)
    return Order(
        id=row.id,
        number=row.code,
        customer_id=buyer.id if buyer else None,
        email=(buyer.email_address or None) if buyer else None,
        placed_at=row.order_placed_at or row.created_at,
        updated_at=row.updated_at,
        cancelled_at=(ended_at or row.updated_at) if row.state == CANCELLED else None,
        currency=row.currency_code,
        total=money(total.gross),
        goods=goods,
        discounts=money(charged.discounts),
        shipping=money(charged.shipping.net),
        tax=money(total.gross) - money(charged.goods.net) - money(charged.shipping.net),
        lines=tuple(_to_line(line, row, ground) for line in row.lines),
        refunds=tuple(_to_refund(refund, charged, row, ground) for refund in refunds),
        codes=row.coupon_codes,
        payment=_payment(row, paid, sum(refund.total for refund in refunds), total.gross),
        shipment=shipment,
        shipped_at=_shipped_at(row) if shipment is not Shipment.NONE else None,
        payment_method=method,
        channel="web",
        country=_country(row),
    )


def _charged(row: OrderRow) -> _Charged:
    """Vendure's sums shrink with each cancelled piece; here they are as they were when it was ordered."""
    goods, discounts = _Sum(row.sub_total, row.sub_total_with_tax), 0
    for line in row.lines:
        full, ordered = _ordered(line)
        goods += ordered - _Sum(line.prorated_line_price, line.prorated_line_price_with_tax)
        discounts += full - ordered.net
    shipping = sum((_to_shipping(line) for line in row.shipping_lines), _NOTHING)
    lost = _lost_discount(row, goods, shipping)
    return _Charged(goods - lost, discounts + lost.net, shipping)


def _ordered(line: LineRow) -> tuple[int, _Sum]:
    """A line as ordered: its price without tax before discounts, and its sum after them."""
    ordered, left = line.ordered(), line.quantity
    if left == 0:
        whole = _Sum(line.unit_price * ordered, line.unit_price_with_tax * ordered)
        return whole.net, whole
    now = _Sum(line.prorated_line_price, line.prorated_line_price_with_tax)
    if left == ordered:
        return line.line_price, now
    scaled = _Sum(round(now.net * ordered / left), round(now.gross * ordered / left))
    return round(line.line_price * ordered / left), scaled


def _lost_discount(row: OrderRow, goods: _Sum, shipping: _Sum) -> _Sum:
    """The discount of lines that were cancelled whole: Vendure no longer shows it, but the payment does."""
    if row.state not in _PAID or all(line.quantity or not line.ordered() for line in row.lines):
        return _NOTHING
    paid, _ = _settled(row.payments or ())
    lost = goods.gross + shipping.gross - paid
    return _Sum(goods.net_of(lost), lost) if paid and lost > 0 else _NOTHING


def _to_shipping(line: _ShippingRow) -> _Sum:
    """Shipping as charged. Cancelled shipping is a discount of a kind of its own, given back by a refund."""
    cancelled = [each for each in line.discounts if each.adjustment_source == "CANCEL_ORDER"]
    return _Sum(
        line.discounted_price - sum(each.amount for each in cancelled),
        line.discounted_price_with_tax - sum(each.amount_with_tax for each in cancelled),
    )


def _to_line(line: LineRow, row: OrderRow, ground: Ground) -> LineItem:
    _, ordered = _ordered(line)
    shown = ordered.gross if ground.prices_include_tax else ordered.net
    variant = line.product_variant
    came_back = max(line.ordered() - line.quantity, _returned(line, row))
    return LineItem(
        product_id=variant.product_id,
        variant_id=variant.id,
        sku=variant.sku or None,
        title=variant.name,
        quantity=line.ordered(),
        remaining=line.ordered() - came_back,
        total=ground.to_minor(shown, row.currency_code),
    )


def _returned(line: LineRow, row: OrderRow) -> int:
    """Pieces whose price was given back. A refund of less than its lines are worth is goodwill."""
    pieces = 0
    for refund in _refunds(row):
        if refund.state != "Failed" and refund.total >= _worth(refund, row):
            pieces += sum(part.quantity for part in refund.lines if part.order_line_id == line.id)
    return min(pieces, line.ordered())


def _worth(refund: RefundRow, row: OrderRow) -> int:
    """What the pieces of a refund cost; rounding of a piece is not goodwill."""
    lines = {line.id: line for line in row.lines}
    worth = 0
    for part in refund.lines:
        line = lines.get(part.order_line_id)
        if line and line.ordered():
            worth += _ordered(line)[1].gross * part.quantity // line.ordered() - part.quantity
    return worth


def _refunds(row: OrderRow) -> list[RefundRow]:
    return [refund for payment in row.payments or () for refund in payment.refunds]


def _to_refund(refund: RefundRow, charged: _Charged, row: OrderRow, ground: Ground) -> Refund:
    """A refund; Vendure says neither its tax nor what of it the goods are."""
    shipping = min(refund.shipping, refund.total)
    goods = refund.total - shipping
    net_goods, net_shipping = charged.goods.net_of(goods), charged.shipping.net_of(shipping)
    amount = ground.to_minor(refund.total, row.currency_code)
    shipping_part = ground.to_minor(net_shipping, row.currency_code)
    return Refund(
        id=refund.id,
        refunded_at=refund.created_at,
        amount=amount,
        tax=amount - ground.to_minor(net_goods, row.currency_code) - shipping_part,
        shipping=shipping_part,
    )


def _settled(payments: Sequence[PaymentRow]) -> tuple[int, str | None]:
    """Money that came in, and by which method the order was or is to be paid."""
    settled = [payment for payment in payments if payment.state == "Settled"]
    methods = [payment.method for payment in (*settled, *payments)]
    return sum(payment.amount for payment in settled), methods[0] if methods else None


def _payment(row: OrderRow, paid: int, refunded: int, total: int) -> Payment:
    """An order whose money all went back counts only if its goods were delivered and kept."""
    if paid and refunded >= paid:
        return Payment.NONE
    if (paid and paid >= total) or (total == 0 and row.state in _PAID):
        return Payment.PAID
    return Payment.PARTLY if paid else Payment.NONE


def _shipment(row: OrderRow) -> Shipment:
    """By the state; of an order that is cancelled or being changed afterwards, by what has left already."""
    left = Shipment.PARTLY if _shipped_at(row) else Shipment.NONE
    return SHIPMENT.get(row.state, left)


def _shipped_at(row: OrderRow) -> datetime | None:
    """When the last parcel was made ready: Vendure keeps no time of its leaving."""
    left = (each.created_at for each in row.fulfillments or () if each.state in _ON_ITS_WAY)
    return max(left, default=None)


def _country(row: OrderRow) -> str | None:
    places = (row.shipping_address, row.billing_address)
    return next((place.country_code for place in places if place and place.country_code), None)


def ended_at(ending: EndingRow) -> datetime | None:
    """When the order was cancelled."""
    entries = ending.history.items
    return next((entry.created_at for entry in entries if _leads_to(entry.data, CANCELLED)), None)


def _leads_to(data: Any, state: str) -> bool:
    return isinstance(data, Mapping) and data.get("to") == state
