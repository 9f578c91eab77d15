"""What the sandbox stores of each customer, order and product, and how our records become that.

Stored amounts are minor units in the way the shop shows prices: with tax where `tax_included` is set.
"""

import hashlib
from datetime import UTC, datetime

import msgspec

from connector.model import Consent, Customer, LineItem, Order, Payment, Product, Shipment

GID = "gid://shopify/"

#: What a buyer abroad pays in, and how much of it one unit of the shop's currency buys.
PRESENTMENT = {"CH": ("CHF", 0.95), "GB": ("GBP", 0.85), "US": ("USD", 1.1)}

#: ISO 4217 currencies whose minor unit is not a hundredth (those a shop is likely to have).
DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "BHD": 3, "KWD": 3, "TND": 3, "JOD": 3}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StoredCustomer(msgspec.Struct, array_like=True):
    id: int
    created: datetime
    updated: datetime
    email: str | None
    first_name: str | None
    last_name: str | None
    phone: str | None
    company: str | None
    locale: str
    country: str | None
    region: str | None
    city: str | None
    tags: list[str]
    state: str
    orders: int
    spent: int
    currency: str
    rfm_group: str | None
    email_state: str
    email_level: str | None
    email_changed: datetime | None
    sms_state: str
    sms_level: str | None
    sms_changed: datetime | None
    last_order: int | None = None


class StoredLine(msgspec.Struct, array_like=True):
    id: int
    product: int | None
    variant: int | None
    sku: str | None
    title: str
    quantity: int
    current: int
    unit: int
    total: int
    gift_card: bool


class StoredRefund(msgspec.Struct, array_like=True):
    id: int
    at: datetime
    amount: int
    tax: int
    shipping: int
    lines: list[tuple[int, int]]  #: place of the line in the order, quantity


class StoredOrder(msgspec.Struct, array_like=True):
    id: int
    name: str
    customer: int | None
    email: str | None
    created: datetime
    updated: datetime
    cancelled: datetime | None
    test: bool
    edited: bool
    currency: str
    presentment: str
    rate: float
    tax_included: bool
    original_total: int
    total: int
    current_total: int
    received: int
    subtotal: int
    discounts: int
    shipping: int
    shipping_tax: int
    tax: int
    lines: list[StoredLine]
    refunds: list[StoredRefund]
    codes: list[str]
    financial: str
    fulfillment: str
    fulfilled: datetime | None
    return_status: str
    gateway: str | None
    source: str | None
    location: str | None
    country: str | None
    shipping_off: int = 0  #: what a code took off the shipping; a part of `discounts`

    def refunded(self) -> int:
        """Money given back so far."""
        return sum(refund.amount for refund in self.refunds)


class StoredProduct(msgspec.Struct, array_like=True):
    id: int
    title: str
    vendor: str
    collections: list[str]
    tags: list[str]
    skus: list[str]
    created: datetime
    updated: datetime


Stored = StoredCustomer | StoredOrder | StoredProduct


def collection_id(title: str) -> int:
    """The id of the collection that products name by this title."""
    return int.from_bytes(hashlib.sha256(title.encode()).digest()[:6])


_EMAIL_STATE = {
    "subscribed": "SUBSCRIBED",
    "pending": "PENDING",
    "unsubscribed": "UNSUBSCRIBED",
    "never": "NOT_SUBSCRIBED",
}
_LEVEL = {"confirmed": "CONFIRMED_OPT_IN", "single": "SINGLE_OPT_IN", "unknown": "UNKNOWN"}


def gid(kind: str, number: int | str) -> str:
    """A global id, `gid://shopify/Customer/1001`."""
    return f"{GID}{kind}/{number}"


def number_of(global_id: str, kind: str | None = None) -> int | None:
    """The numeric part of a global id, or None if it is no id (of that kind)."""
    found_kind, _, number = global_id.removeprefix(GID).partition("/")
    if not global_id.startswith(GID) or (kind and found_kind != kind):
        return None
    number = number.partition("?")[0]
    return int(number) if number.isdecimal() else None


def stored_number(text: str) -> int:
    """The number under which a record of that id is stored; ids that are no numbers get one of their own."""
    if text.isdecimal():
        return int(text)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())


def kind_of(global_id: str) -> str:
    """`Customer` of `gid://shopify/Customer/1001`."""
    return global_id.removeprefix(GID).partition("/")[0]


def decimal_text(amount: int, currency: str) -> str:
    """Minor units as Shopify writes a `Decimal`: "12.34"."""
    decimals = DECIMALS.get(currency, 2)
    if decimals == 2 and amount >= 0:  # nearly always, and exports have millions of them
        return f"{amount // 100}.{amount % 100:02d}"
    if decimals == 0:
        return f"{amount}.0"
    sign, digits = ("-", -amount) if amount < 0 else ("", amount)
    whole, rest = divmod(digits, 10**decimals)
    return f"{sign}{whole}.{rest:0{decimals}d}"


def from_customer(record: Customer, *, currency: str, now: datetime) -> StoredCustomer:
    """Our record as the shop stores it. What Shopify has no place for (birthday, gender, group) is lost."""
    email = _consent(record, "email")
    sms = _consent(record, "sms")
    return StoredCustomer(
        id=stored_number(record.id),
        created=record.created_at or record.updated_at or now,
        updated=record.updated_at or now,
        email=record.email,
        first_name=record.first_name,
        last_name=record.last_name,
        phone=record.phone,
        company=record.company,
        locale=record.language or "de",
        country=record.country,
        region=record.region,
        city=record.city,
        tags=list(record.tags),
        state=(record.account_status or "disabled").upper(),
        orders=record.shop_order_count or 0,
        spent=record.shop_amount_spent or 0,
        currency=currency,
        rfm_group=record.attributes.get("rfm_group"),
        email_state=_EMAIL_STATE[email.state],
        email_level=_LEVEL[email.level],
        email_changed=email.changed_at,
        sms_state=_EMAIL_STATE[sms.state],
        sms_level=_LEVEL[sms.level],
        sms_changed=sms.changed_at,
    )


def _consent(record: Customer, channel: str) -> Consent:
    for consent in record.consents:
        if consent.channel == channel:
            return consent
    return Consent(channel="email", state="never")


def from_order(record: Order, *, now: datetime) -> StoredOrder:
    """Our record as the shop stores it.

    Prices are taken to include tax if the lines add up to more than the goods without tax; an order without
    lines is stored without tax in its prices.
    """
    net = record.goods - record.discounts
    shown = sum(line.total for line in record.lines)
    included = bool(record.lines) and net < shown <= net + record.tax
    goods_tax = shown - net if included else 0
    shipping_tax = record.tax - goods_tax if included else 0
    presentment, rate = PRESENTMENT.get(record.country or "", (record.currency, 1.0))
    shipping = record.shipping + shipping_tax
    return StoredOrder(
        id=stored_number(record.id),
        name=record.number,
        customer=stored_number(record.customer_id) if record.customer_id else None,
        email=record.email,
        created=record.placed_at,
        updated=record.updated_at or now,
        cancelled=record.cancelled_at,
        test=record.test,
        edited=False,
        currency=record.currency,
        presentment=presentment,
        rate=rate,
        tax_included=included,
        original_total=record.total,
        total=record.total,
        current_total=record.total - record.refunded(),
        received=_received(record),
        subtotal=shown if included else net,
        discounts=_scaled(record.discounts, shown, net) if included else record.discounts,
        shipping=shipping if included else record.shipping,
        shipping_tax=shipping_tax,
        tax=record.tax,
        lines=[_line(line, record, place) for place, line in enumerate(record.lines)],
        refunds=_refunds(record, shipping, included=included),
        codes=list(record.codes),
        financial=financial_status(record.payment, record.total, record.refunded(), record.cancelled_at),
        fulfillment=_FULFILLMENT[record.shipment],
        fulfilled=_shipped_at(record),
        return_status=_return_status(record),
        gateway=record.payment_method,
        source=record.channel,
        location=record.location,
        country=record.country,
    )


_FULFILLMENT = {
    Shipment.NONE: "UNFULFILLED",
    Shipment.PARTLY: "PARTIALLY_FULFILLED",
    Shipment.SHIPPED: "FULFILLED",
}


def _scaled(amount: int, numerator: int, denominator: int) -> int:
    return round(amount * numerator / denominator) if denominator else amount


def _received(record: Order) -> int:
    shares = {Payment.NONE: 0, Payment.PARTLY: record.total // 2, Payment.PAID: record.total}
    return shares[record.payment]


def _shipped_at(record: Order) -> datetime | None:
    if record.shipment is Shipment.NONE:
        return None
    return record.shipped_at or record.updated_at or record.placed_at


def _return_status(record: Order) -> str:
    if record.open_return:
        return "IN_PROGRESS"
    returned = record.refunds and any(line.remaining < line.quantity for line in record.lines)
    return "RETURNED" if returned else "NO_RETURN"


def financial_status(payment: Payment, total: int, refunded: int, cancelled: datetime | None) -> str:
    """`displayFinancialStatus` of an order of that payment and these refunds."""
    if payment is Payment.NONE:
        return "VOIDED" if cancelled and not refunded else "PENDING"
    if refunded:
        return "REFUNDED" if refunded >= total else "PARTIALLY_REFUNDED"
    return "PAID" if payment is Payment.PAID else "PARTIALLY_PAID"


def _line(line: LineItem, order: Order, place: int) -> StoredLine:
    return StoredLine(
        id=line_id(stored_number(order.id), place),
        product=stored_number(line.product_id) if line.product_id else None,
        variant=stored_number(line.variant_id) if line.variant_id else None,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        current=line.remaining,
        unit=round(line.total / line.quantity) if line.quantity else line.total,
        total=line.total,
        gift_card=line.gift_card,
    )


def line_id(order: int, place: int) -> int:
    """The id of an order's line at that place: unique in the shop, and the same at each load."""
    return order * 1000 + place


def _refunds(record: Order, shipping: int, *, included: bool) -> list[StoredRefund]:
    return [
        StoredRefund(
            id=stored_number(refund.id),
            at=refund.refunded_at,
            amount=refund.amount,
            tax=refund.tax,
            shipping=_scaled(refund.shipping, shipping, record.shipping) if included else refund.shipping,
            lines=_returned(record) if place == 0 else [],
        )
        for place, refund in enumerate(record.refunds)
    ]


def _returned(record: Order) -> list[tuple[int, int]]:
    return [
        (place, line.quantity - line.remaining)
        for place, line in enumerate(record.lines)
        if line.remaining < line.quantity
    ]


def from_product(record: Product, *, now: datetime) -> StoredProduct:
    """Our record as the shop stores it."""
    return StoredProduct(
        id=stored_number(record.id),
        title=record.title,
        vendor=record.vendor or "",
        collections=list(record.categories),
        tags=list(record.tags),
        skus=list(record.skus),
        created=record.updated_at or now,
        updated=record.updated_at or now,
    )
