"""What the sandbox stores, near to Vendure's own entities, and how our records become that.

A line keeps the price of one piece with tax and what was taken off the whole line, as Vendure does; sums
follow from them.
"""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from connector.model import Customer, Order, Payment, Product, Shipment

#: Above the numbers of all accounts.
GUESTS_FROM = 900_000


class StoredGroup(msgspec.Struct, kw_only=True):
    id: int
    name: str
    created: datetime
    updated: datetime


class StoredCustomer(msgspec.Struct, kw_only=True):
    id: int
    created: datetime
    updated: datetime
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str | None = None
    registered: bool = True
    company: str | None = None
    city: str | None = None
    country: str | None = None
    groups: list[int] = []
    fields: dict[str, str | None] = {}


class StoredLine(msgspec.Struct, kw_only=True):
    id: int
    product: int
    variant: int
    sku: str
    name: str
    price: int  #: of one piece, with tax
    quantity: int
    placed: int
    off: int = 0  #: taken off all `placed` pieces, with tax

    def gross(self, *, full: bool = False) -> float:
        """One piece with tax, before or after what was taken off."""
        return self.price if full or not self.quantity else self.price - self.off / self.placed


class StoredRefund(msgspec.Struct, kw_only=True):
    id: int
    created: datetime
    total: int
    shipping: int = 0
    state: str = "Settled"
    lines: dict[int, int] = {}  #: pieces by line


class StoredPayment(msgspec.Struct, kw_only=True):
    method: str
    amount: int
    state: str
    refunds: list[StoredRefund] = []


class StoredOrder(msgspec.Struct, kw_only=True):
    id: int
    code: str
    state: str
    created: datetime
    updated: datetime
    placed: datetime | None
    customer: int | None
    currency: str
    rate: float  #: of tax, 0.19
    lines: list[StoredLine]
    shipping: int = 0  #: with tax
    shipping_off: int = 0  #: cancelled again, with tax
    codes: list[str] = []
    promotions: list[int] = []
    payments: list[StoredPayment] = []
    shipped: datetime | None = None
    cancelled: datetime | None = None
    country: str | None = None


class StoredProduct(msgspec.Struct, kw_only=True):
    id: int
    created: datetime
    updated: datetime
    name: str
    facets: list[str] = []
    collections: list[str] = []
    skus: list[str] = []

    def variants(self) -> list[tuple[int, str]]:
        """Number and SKU of each variant; a product always has one."""
        return [(self.id * 100 + place, sku) for place, sku in enumerate(self.skus or [""])]


class StoredPromotion(msgspec.Struct, kw_only=True):
    id: int
    created: datetime
    updated: datetime
    enabled: bool
    code: str | None
    starts: datetime | None = None
    ends: datetime | None = None
    usage_limit: int | None = None
    customer_limit: int | None = None
    names: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    conditions: list[dict[str, Any]] = []
    actions: list[dict[str, Any]] = []


Stored = StoredCustomer | StoredOrder | StoredProduct


def number_of(text: str) -> int:
    """The number under which a record of that id is stored; ids that are no numbers get one of their own."""
    if text.isdecimal():
        return int(text)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())


def from_customer(record: Customer, *, now: datetime) -> StoredCustomer:
    """Our record as the shop stores it. There is no consent, birthday or language."""
    return StoredCustomer(
        id=number_of(record.id),
        created=_whole(record.created_at or record.updated_at or now),
        updated=_whole(record.updated_at or now),
        email=record.email or "",
        first_name=record.first_name or "",
        last_name=record.last_name or "",
        phone=record.phone,
        registered=not record.guest,
        company=record.company,
        city=record.city,
        country=record.country,
    )


def guest_of(order: StoredOrder, email: str | None) -> StoredCustomer:
    """The customer record that Vendure makes for an order without an account."""
    moment = order.placed or order.created
    return StoredCustomer(
        id=GUESTS_FROM + order.id,
        created=moment,
        updated=moment,
        email=email or "",
        registered=False,
        country=order.country,
    )


def from_order(record: Order, *, now: datetime) -> StoredOrder:
    """Our record as the shop stores it."""
    net = record.total - record.tax
    rate = record.tax / net if net else 0.0
    number = number_of(record.id)
    lines = _lines(record, number)
    placed = _whole(record.placed_at)
    shipped = record.shipped_at or record.placed_at
    return StoredOrder(
        id=number,
        code=record.number.lstrip("#"),
        state=_state(record),
        created=placed,
        updated=_whole(record.updated_at or now),
        placed=placed,
        customer=number_of(record.customer_id) if record.customer_id else None,
        currency=record.currency,
        rate=rate,
        lines=lines,
        shipping=record.total - sum(line.total for line in record.lines) if record.lines else 0,
        codes=list(record.codes),
        payments=_payments(record, lines),
        shipped=_whole(shipped) if record.shipment is not Shipment.NONE else None,
        cancelled=_whole(record.cancelled_at) if record.cancelled_at else None,
        country=record.country,
    )


def _lines(record: Order, number: int) -> list[StoredLine]:
    shown = record.goods - record.discounts
    lines = []
    for place, line in enumerate(record.lines):
        pieces = line.quantity or 1
        price = round(line.total * record.goods / shown / pieces) if shown else 0
        product = number_of(line.product_id) if line.product_id else 0
        stored = StoredLine(
            id=number * 100 + place,
            product=product,
            variant=number_of(line.variant_id) if line.variant_id else product * 100,
            sku=line.sku or "",
            name=line.title,
            price=price,
            quantity=0 if record.cancelled_at else max(line.remaining, 0),
            placed=pieces,
            off=price * pieces - line.total,
        )
        lines.append(stored)
    return lines


def _payments(record: Order, lines: list[StoredLine]) -> list[StoredPayment]:
    """One payment; an order that is not paid yet was authorised only."""
    half = record.payment is Payment.PARTLY
    payment = StoredPayment(
        method=record.payment_method or "dummy",
        amount=record.total // 2 if half else record.total,
        state="Authorized" if record.payment is Payment.NONE else "Settled",
    )
    gone = {line.id: line.placed - line.quantity for line in lines if line.placed > line.quantity}
    payment.refunds = [
        StoredRefund(
            id=number_of(refund.id),
            created=_whole(refund.refunded_at),
            total=refund.amount,
            shipping=refund.shipping,
            lines=gone,
        )
        for refund in record.refunds
    ]
    return [payment]


def _state(record: Order) -> str:
    if record.cancelled_at:
        return "Cancelled"
    if record.shipment is not Shipment.NONE:
        return "Shipped" if record.shipment is Shipment.SHIPPED else "PartiallyShipped"
    return "PaymentSettled" if record.payment is Payment.PAID else "PaymentAuthorized"


def from_product(record: Product, *, now: datetime) -> StoredProduct:
    """Our record as the shop stores it: tags are facet values, categories collections."""
    moment = _whole(record.updated_at or now)
    return StoredProduct(
        id=number_of(record.id),
        created=moment,
        updated=moment,
        name=record.title,
        facets=list(record.tags),
        collections=list(record.categories),
        skus=list(record.skus),
    )


def _whole(moment: datetime) -> datetime:
    """Vendure keeps whole seconds."""
    return moment.replace(microsecond=0)
