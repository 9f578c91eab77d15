"""What the sandbox stores, near to WooCommerce's own data, and how our records become that.

Amounts are minor units here; on the wire they are decimal texts. All are without tax but where they say so.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from connector.model import Customer, Order, Payment, Product, Shipment


class StoredCustomer(msgspec.Struct, kw_only=True):
    id: int
    created: datetime
    modified: datetime | None = None
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    phone: str = ""
    city: str = ""
    country: str = ""
    state: str = ""
    role: str = "customer"
    meta: dict[str, Any] = {}


class StoredLine(msgspec.Struct, kw_only=True):
    id: int
    product: int = 0
    variation: int = 0
    name: str = ""
    sku: str | None = None
    quantity: int = 1
    subtotal: int = 0
    total: int = 0
    total_tax: int = 0


class RefundLine(msgspec.Struct, kw_only=True):
    """What of a line came back: pieces and money, as positive numbers."""

    line: int
    quantity: int
    total: int
    total_tax: int


class StoredRefund(msgspec.Struct, kw_only=True):
    id: int
    created: datetime
    amount: int
    shipping: int = 0
    lines: list[RefundLine] = []


class StoredOrder(msgspec.Struct, kw_only=True):
    id: int
    number: str
    created: datetime
    modified: datetime
    status: str
    currency: str
    customer: int = 0
    email: str = ""
    country: str = ""
    prices_include_tax: bool = True
    total: int = 0
    tax: int = 0
    discount: int = 0
    shipping: int = 0
    fees: int = 0
    paid: datetime | None = None
    completed: datetime | None = None
    payment_method: str = ""
    created_via: str = "checkout"
    codes: list[str] = []
    lines: list[StoredLine] = []
    refunds: list[StoredRefund] = []


class StoredProduct(msgspec.Struct, kw_only=True):
    id: int
    modified: datetime
    name: str
    sku: str = ""
    brand: str = ""
    status: str = "publish"
    categories: list[str] = []
    tags: list[str] = []
    variations: list[str] = []  #: their SKUs


class StoredCoupon(msgspec.Struct, kw_only=True):
    """A coupon. Amounts are texts, as the shop keeps them."""

    id: int
    created: datetime
    modified: datetime
    code: str
    description: str = ""
    discount_type: str = "fixed_cart"
    amount: str = "0.00"
    free_shipping: bool = False
    minimum_amount: str = "0.00"
    individual_use: bool = False
    exclude_sale_items: bool = False
    usage_limit: int | None = None
    expires: datetime | None = None
    emails: list[str] = []
    product_ids: list[int] = []
    product_categories: list[int] = []
    excluded_product_categories: list[int] = []
    used_by: list[str] = []
    meta: dict[str, Any] = {}


Stored = StoredCustomer | StoredOrder | StoredProduct


def number_of(text: str) -> int:
    """The number under which a record of that id is stored; ids that are no numbers get one of their own."""
    if text.isdecimal():
        return int(text)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())


def from_customer(record: Customer, *, now: datetime, tags_key: str) -> StoredCustomer:
    """Our record as the shop stores it. There are no guests among its customers."""
    return StoredCustomer(
        id=number_of(record.id),
        created=_whole(record.created_at or record.updated_at or now),
        modified=_whole(record.updated_at) if record.updated_at else None,
        email=record.email or "",
        first_name=record.first_name or "",
        last_name=record.last_name or "",
        company=record.company or "",
        phone=record.phone or "",
        city=record.city or "",
        country=record.country or "",
        state=record.region or "",
        role=record.group or "customer",
        meta={tags_key: list(record.tags)} if record.tags else {},
    )


def from_order(record: Order, *, now: datetime) -> StoredOrder:
    """Our record as the shop stores it."""
    shown = sum(line.total for line in record.lines)
    goods = record.goods - record.discounts
    lines = _lines(record, goods, with_tax=shown > goods)
    modified = _whole(record.updated_at or now)
    status = _status(record)
    return StoredOrder(
        id=number_of(record.id),
        number=record.number.lstrip("#"),
        created=_whole(record.placed_at),
        modified=modified,
        status=status,
        currency=record.currency,
        customer=number_of(record.customer_id) if record.customer_id else 0,
        email=record.email or "",
        country=record.country or "",
        prices_include_tax=shown > goods or record.tax == 0,
        total=record.total,
        tax=record.tax,
        discount=record.discounts,
        shipping=record.shipping,
        paid=_whole(record.placed_at) if record.payment is not Payment.NONE else None,
        completed=_whole(record.shipped_at or modified) if status == "completed" else None,
        payment_method=record.payment_method or "",
        created_via="checkout" if record.channel in (None, "web") else record.channel,
        codes=list(record.codes),
        lines=lines,
        refunds=_refunds(record, lines),
    )


def _status(record: Order) -> str:
    if record.cancelled_at:
        return "cancelled"
    if record.shipment is Shipment.SHIPPED:
        return "completed"
    return "on-hold" if record.payment is Payment.NONE else "processing"


def _lines(record: Order, goods: int, *, with_tax: bool) -> list[StoredLine]:
    """The goods without tax, shared out over the lines by what they cost as shown."""
    weights = [line.total for line in record.lines]
    before, after = share(record.goods, weights), share(goods, weights)
    return [
        StoredLine(
            id=number_of(record.id) * 100 + place,
            product=number_of(line.product_id) if line.product_id else 0,
            variation=number_of(line.variant_id) if line.variant_id else 0,
            name=line.title,
            sku=line.sku,
            quantity=line.quantity,
            subtotal=before[place],
            total=after[place],
            total_tax=line.total - after[place] if with_tax else 0,
        )
        for place, line in enumerate(record.lines)
    ]


def share(amount: int, weights: Sequence[int]) -> list[int]:
    """The amount in parts by weight that add up to it."""
    whole, so_far, given = sum(weights), 0, 0
    parts = []
    for weight in weights:
        so_far += weight
        parts.append((amount * so_far // whole if whole else 0) - given)
        given += parts[-1]
    if parts and not whole:
        parts[-1] = amount
    return parts


def _refunds(record: Order, lines: Sequence[StoredLine]) -> list[StoredRefund]:
    """What came back stands in the first refund; its money on the first line that it concerns."""
    back = {line.id: ours.quantity - ours.remaining for line, ours in zip(lines, record.lines, strict=True)}
    found = []
    for refund in record.refunds:
        pieces = {number: count for number, count in back.items() if count} or dict.fromkeys(
            list(back)[:1], 0
        )
        goods = refund.amount - refund.tax - refund.shipping
        rows = [
            RefundLine(
                line=number,
                quantity=count,
                total=0 if place else goods,
                total_tax=0 if place else refund.tax,
            )
            for place, (number, count) in enumerate(pieces.items())
        ]
        back = dict.fromkeys(back, 0)
        found.append(
            StoredRefund(
                id=number_of(refund.id),
                created=_whole(refund.refunded_at),
                amount=refund.amount,
                shipping=refund.shipping,
                lines=rows,
            )
        )
    return found


def from_product(record: Product, *, now: datetime) -> StoredProduct:
    """Our record as the shop stores it: of several SKUs it makes variations."""
    several = len(record.skus) > 1
    return StoredProduct(
        id=number_of(record.id),
        modified=_whole(record.updated_at or now),
        name=record.title,
        sku="" if several else "".join(record.skus),
        brand=record.vendor or "",
        categories=list(record.categories),
        tags=list(record.tags),
        variations=list(record.skus) if several else [],
    )


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
