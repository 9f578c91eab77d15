"""What the plugin sends of each record, and how it becomes ours. No I/O."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.positions import Position, amount, sums, to_lines
from connector.model import (
    Consent,
    Coupon,
    Customer,
    Mark,
    Order,
    Payment,
    Product,
    Shipment,
    Tagging,
)

# -- customers ----------------------------------------------------------------------------------------------


class ConsentRow(msgspec.Struct):
    state: Literal["subscribed", "pending", "unsubscribed", "never"]
    level: Literal["confirmed", "single", "unknown"] = "unknown"
    changed: datetime | None = None


class CustomerRow(msgspec.Struct, kw_only=True):
    id: str
    registered: bool
    modified: datetime
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
    group: str | None = None
    locked: bool = False
    active: bool = True
    birthday: date | None = None
    created: date | None = None
    consent: ConsentRow | None = None
    tags: tuple[str, ...] = ()
    order_count: int | None = None


_GENDER: dict[str | None, Literal["female", "male"]] = {"w": "female", "m": "male"}


def to_customer(row: CustomerRow, zone: ZoneInfo) -> Customer:
    """A customer of ours. JTL keeps the day of the registration, not its hour.

    The attributes there are codes that we stored ourselves, and no news to us.
    """
    return Customer(
        id=row.id,
        email=row.email or None,
        guest=not row.registered,
        first_name=row.first_name or None,
        last_name=row.last_name or None,
        phone=row.phone or None,
        company=row.company or None,
        language=row.language or None,
        country=row.country or None,
        region=region(row.region, row.country),
        city=row.city or None,
        group=row.group or None,
        tags=row.tags,
        account_status=account_status(registered=row.registered, usable=row.active and not row.locked),
        birthday=row.birthday,
        gender=_GENDER.get(row.salutation),
        created_at=midnight(row.created, zone),
        updated_at=row.modified,
        consents=(_to_consent(row.consent),) if row.consent else (),
        shop_order_count=row.order_count if row.registered else None,
    )


def region(code: str | None, country: str | None) -> str | None:
    """The code of a region. JTL writes "DE-BE", or "Berlin", or what the customer typed."""
    bare = (code or "").removeprefix(f"{country}-")
    return bare if re.fullmatch("[A-Z0-9]{1,3}", bare) else None


def account_status(*, registered: bool, usable: bool) -> Literal["enabled", "disabled"] | None:
    """A guest has no account; one that is locked or not activated cannot be used."""
    if not registered:
        return None
    return "enabled" if usable else "disabled"


def _to_consent(row: ConsentRow) -> Consent:
    return Consent(channel="email", state=row.state, level=row.level, changed_at=row.changed)


class TaggingRow(msgspec.Struct):
    customer_id: str
    tags: tuple[str, ...]


def to_tagging(row: TaggingRow) -> Tagging:
    """The tags of a customer that begin with our prefix."""
    return Tagging(customer_id=row.customer_id, tags=row.tags)


# -- orders -------------------------------------------------------------------------------------------------


class _PaymentRow(msgspec.Struct):
    amount: Decimal
    currency: str | None = None


class _PaidIn(msgspec.Struct):
    currency: str
    factor: Decimal


class _Returns(msgspec.Struct, frozen=True):
    open: bool = False


class OrderRow(msgspec.Struct, kw_only=True):
    id: str
    number: str
    created: datetime
    modified: datetime
    state: int
    total: Decimal
    currency: str
    lines: tuple[Position, ...]
    customer_id: str | None = None
    email: str | None = None
    cancelled: datetime | None = None
    paid: date | None = None
    shipped: date | None = None
    credit_used: Decimal = Decimal(0)
    payment_method: str | None = None
    country: str | None = None
    paid_in: _PaidIn | None = None
    payments: tuple[_PaymentRow, ...] = ()
    codes: tuple[str, ...] = ()
    returns: _Returns = _Returns()


#: `cStatus` of an order, as DEFINITIONS lists them; docs/platforms/jtl.md has them too. 1 is open, 2 is being
#: worked on: neither counts by itself.
CANCELLED, PAID = -1, 3
SHIPMENT = {4: Shipment.SHIPPED, 5: Shipment.PARTLY}


def to_order(row: OrderRow, zone: ZoneInfo) -> Order:
    """An order of ours. The shop knows no refunds: they are in Wawi."""
    found = sums(row.lines, row.total + row.credit_used, row.currency)
    shipment = SHIPMENT.get(row.state, Shipment.NONE)
    return Order(
        id=row.id,
        number=row.number,
        customer_id=row.customer_id,
        email=row.email or None,
        placed_at=row.created,
        updated_at=row.modified,
        cancelled_at=(row.cancelled or row.created) if row.state == CANCELLED else None,
        currency=row.currency,
        total=found.total,
        goods=found.goods,
        discounts=found.discounts,
        shipping=found.shipping,
        tax=found.tax,
        lines=to_lines(row.lines, row.currency),
        codes=row.codes,
        payment=payment(row.state, row.paid, _received(row), found.total),
        shipment=shipment,
        shipped_at=midnight(row.shipped, zone) if shipment is not Shipment.NONE else None,
        open_return=row.returns.open,
        payment_method=row.payment_method or None,
        channel="web",
        country=row.country or None,
    )


def payment(state: int, paid: date | None, received: int, total: int) -> Payment:
    """By the day of payment or the state; else by the money that came in."""
    if paid is not None or state == PAID or (received and received >= total):
        return Payment.PAID
    return Payment.PARTLY if received > 0 else Payment.NONE


def _received(row: OrderRow) -> int:
    """Money that came in, in the shop's currency; factor is what one unit of that buys of the customer's."""
    other = row.paid_in if row.paid_in and row.paid_in.currency != row.currency else None
    came = Decimal(0)
    for each in row.payments:
        foreign = other is not None and each.currency == other.currency and other.factor > 0
        came += each.amount / other.factor if other and foreign else each.amount
    return amount(came, row.currency)


# -- products -----------------------------------------------------------------------------------------------


class ProductRow(msgspec.Struct, kw_only=True):
    id: str
    modified: datetime
    name: str = ""
    manufacturer: str | None = None
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()


def to_product(row: ProductRow, _zone: ZoneInfo) -> Product:
    """A product of ours. JTL has no tags of products."""
    return Product(
        id=row.id,
        title=row.name,
        vendor=row.manufacturer or None,
        categories=row.categories,
        skus=tuple(sku for sku in row.skus if sku),
        updated_at=row.modified,
    )


# -- coupons ------------------------------------------------------------------------------------------------


class CouponRow(msgspec.Struct, kw_only=True):
    id: str
    code: str
    mark: str
    modified: datetime
    customer_id: str | None = None
    bound: str = "anyone"
    starts: datetime | None = None
    ends: datetime | None = None
    active: bool = True
    deleted: bool = False
    used: int = 0


def to_coupon(row: CouponRow) -> Coupon | None:
    """A coupon of ours, or None where its mark is not one of ours any more."""
    mark = Mark.find(row.mark)
    if mark is None:
        return None
    return Coupon(
        id=row.id,
        code=row.code,
        mark=mark,
        customer_id=row.customer_id if row.bound == "customer" else None,
        starts_at=row.starts,
        ends_at=row.ends,
        active=row.active and not row.deleted,
        used=row.used,
        updated_at=row.modified,
    )


# -- times --------------------------------------------------------------------------------------------------


def midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    """The beginning of a day in the shop."""
    return None if day is None else datetime.combine(day, time(), zone).astimezone(UTC)
