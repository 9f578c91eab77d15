"""What the sandbox stores, near to JTL's own tables, and how our records become that.

JTL keeps the net price of one piece with all its decimals; coupons and shipping are positions of the order.
"""

import hashlib
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connector.model import Consent, Customer, Order, Payment, Product, Shipment
from connector.money import decimals

#: Above the numbers of all accounts of a sample.
GUESTS_FROM = 9_000_000_000_000

#: `nPosTyp`
PRODUCT, SHIPPING, COUPON = 1, 2, 3


class StoredCustomer(msgspec.Struct, kw_only=True):
    id: int
    modified: datetime
    created: date
    registered: bool = True
    email: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    phone: str | None = None
    language: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    group: str = "Endkunden"
    locked: bool = False
    active: bool = True
    birthday: date | None = None
    consent: Consent
    tags: list[str] = []
    attributes: dict[str, str] = {}


class StoredLine(msgspec.Struct, kw_only=True):
    type: int
    net_price: float
    tax_percent: float
    quantity: float = 1.0
    product: int | None = None
    variant: int | None = None
    sku: str = ""
    name: str = ""

    def gross(self) -> float:
        """Of all pieces."""
        return self.net_price * self.quantity * (1 + self.tax_percent / 100)


class StoredOrder(msgspec.Struct, kw_only=True):
    id: int
    number: str
    modified: datetime
    created: datetime
    customer: int | None
    email: str | None
    state: int
    total: float
    credit_used: float = 0.0
    cancelled: datetime | None = None
    paid: date | None = None
    shipped: date | None = None
    payment_method: str | None = None
    country: str | None = None
    received: float = 0.0
    open_return: bool = False
    codes: list[str] = []
    lines: list[StoredLine] = []


class StoredProduct(msgspec.Struct, kw_only=True):
    id: int
    modified: datetime
    name: str
    manufacturer: str | None = None
    categories: list[str] = []
    skus: list[str] = []


class Redemption(msgspec.Struct):
    order: int
    customer: int | None
    value: float
    at: datetime


class StoredCoupon(msgspec.Struct, kw_only=True):
    """A coupon; without a mark it is the merchant's own. `limit` 0 is without end."""

    id: int
    modified: datetime
    code: str
    title: str
    titles: dict[str, str] = {}
    mark: str | None = None
    customer: int | None = None
    bound: str = "anyone"
    percent: float | None = None
    amount: float | None = None
    free_shipping: bool = False
    products: list[int] = []  #: empty: all
    categories: list[str] = []  #: case-folded; empty: all
    minimum: float = 0.0
    starts: datetime | None = None
    ends: datetime | None = None
    active: bool = True
    deleted: bool = False
    limit: int = 0
    redemptions: list[Redemption] = []


Stored = StoredCustomer | StoredOrder | StoredProduct


def number_of(text: str) -> int:
    """The number under which a record of that id is stored; ids that are no numbers get one of their own."""
    if text.isdecimal():
        return int(text)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())


def from_customer(record: Customer, *, zone: ZoneInfo, now: datetime) -> StoredCustomer:
    """Our record as the shop stores it: of its creation it keeps the day."""
    consents = [each for each in record.consents if each.channel == "email"]
    return StoredCustomer(
        id=number_of(record.id),
        modified=_whole(record.updated_at or now),
        created=_day(record.created_at or record.updated_at or now, zone),
        registered=not record.guest,
        email=record.email,
        salutation={"female": "w", "male": "m"}.get(record.gender or ""),
        first_name=record.first_name,
        last_name=record.last_name,
        company=record.company,
        phone=record.phone,
        language=record.language,
        country=record.country,
        region=record.region,
        city=record.city,
        group=record.group or "Endkunden",
        active=record.account_status in (None, "enabled"),
        birthday=record.birthday,
        consent=consents[0] if consents else Consent(channel="email", state="never"),
        tags=list(record.tags),
        attributes=dict(record.attributes),
    )


def from_order(record: Order, *, zone: ZoneInfo, now: datetime) -> StoredOrder:
    """Our record as the shop stores it: refunds are Wawi's affair and are lost."""
    scale = 10 ** decimals(record.currency)
    shipped = record.shipped_at or record.updated_at or now
    return StoredOrder(
        id=number_of(record.id),
        number=record.number.lstrip("#"),
        modified=_whole(record.updated_at or now),
        created=_whole(record.placed_at),
        customer=number_of(record.customer_id) if record.customer_id else None,
        email=record.email,
        state=_state(record),
        total=record.total / scale,
        cancelled=_whole(record.cancelled_at) if record.cancelled_at else None,
        paid=_day(record.placed_at, zone) if record.payment is Payment.PAID else None,
        shipped=_day(shipped, zone) if record.shipment is not Shipment.NONE else None,
        payment_method=record.payment_method,
        country=record.country,
        received=record.total / 2 / scale if record.payment is Payment.PARTLY else 0.0,
        open_return=record.open_return,
        codes=list(record.codes),
        lines=_lines(record, scale),
    )


def guest_of(order: StoredOrder) -> StoredCustomer:
    """The customer record that JTL makes for an order without an account."""
    return StoredCustomer(
        id=GUESTS_FROM + order.id,
        modified=order.created,
        created=order.created.date(),
        registered=False,
        email=order.email,
        country=order.country,
        consent=Consent(channel="email", state="never"),
    )


def _state(record: Order) -> int:
    if record.cancelled_at:
        return -1
    shipped = {Shipment.SHIPPED: 4, Shipment.PARTLY: 5, Shipment.NONE: 0}[record.shipment]
    return shipped or (3 if record.payment is Payment.PAID else 1)


def _lines(record: Order, scale: int) -> list[StoredLine]:
    """Goods at their full price, then what was taken off, then shipping."""
    shown, net = sum(line.total for line in record.lines), record.goods - record.discounts
    tax = round(100 * shown / net - 100, 6) if shown > net > 0 else 0.0
    lines = [
        StoredLine(
            type=PRODUCT,
            net_price=record.goods * (line.total / shown) / (line.quantity or 1) / scale if shown else 0.0,
            tax_percent=tax,
            quantity=float(line.quantity),
            product=number_of(line.product_id) if line.product_id else None,
            variant=number_of(line.variant_id) if line.variant_id else None,
            sku=line.sku or "",
            name=line.title,
        )
        for line in record.lines
    ]
    extra = [(COUPON, -record.discounts, "Kupon"), (SHIPPING, record.shipping, "DHL")]
    lines += [
        StoredLine(type=kind, net_price=value / scale, tax_percent=tax, name=name)
        for kind, value, name in extra
        if value
    ]
    return lines


def from_product(record: Product, *, now: datetime) -> StoredProduct:
    """Our record as the shop stores it: there are no tags of products."""
    return StoredProduct(
        id=number_of(record.id),
        modified=_whole(record.updated_at or now),
        name=record.title,
        manufacturer=record.vendor,
        categories=list(record.categories),
        skus=list(record.skus),
    )


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def stamp(moment: datetime | None) -> Any:
    """As the plugin writes times."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
