"""What JTL-Wawi's API (version 1) sends of each record, and how it becomes ours. No I/O.

Only what is needed to know a record is required: the API's description calls every field required, but says
nowhere which of them may be null.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.positions import Position, Sums, amount, sums, to_lines
from connector.errors import ResponseError
from connector.model import Customer, LineItem, Order, Payment, Product, Refund, Shipment


class Wire(msgspec.Struct, kw_only=True, rename="pascal"):
    """A row of a list."""

    id: int


class NamedRow(Wire):
    """A customer group, customer category, payment method, manufacturer or company."""

    name: str | None = None


class GroupRow(NamedRow):
    is_net_price: bool | None = None


class ChannelRow(msgspec.Struct, kw_only=True, rename="pascal"):
    """A sales channel: a shop, a marketplace, the cash desk."""

    id: str
    type: int


class FieldRow(msgspec.Struct, kw_only=True, rename="pascal"):
    """A field of customers that the merchant made."""

    custom_field_id: int
    name: str | None = None
    type: int = 0


class FieldValueRow(msgspec.Struct, kw_only=True, rename="pascal"):
    """What stands in such a field of one customer."""

    custom_field_id: int
    value: object = None


class AddressRow(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    company: str | None = None
    form_of_address: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    city: str | None = None
    country_iso: str | None = None
    phone_number: str | None = None
    mobile_phone_number: str | None = None
    email_address: str | None = None


NOWHERE = AddressRow()


class CustomerRow(Wire):
    number: str | None = None
    customer_group_id: int | None = None
    customer_category_id: int | None = None
    billing_address: AddressRow | None = None
    customer_since: datetime | None = None
    last_change: datetime | None = None  #: since version 1.1 of the API
    language_iso: str | None = None
    birthday: str | None = None
    is_locked: bool | None = None


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    total_gross_amount: Decimal
    currency_iso: str
    payment_method_id: int | None = None
    payment_status: int = 0


class ShippingRow(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    delivery_complete_status: int = 0
    delivered_date: datetime | None = None


class CancellationRow(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    date: datetime | None = None


class OrderRow(Wire):
    """A sales order without its lines."""

    sales_order_date: datetime
    sales_order_payment_details: PaymentRow
    sales_order_shipping_detail: ShippingRow = ShippingRow()
    number: str | None = None
    external_number: str | None = None
    customer_id: int | None = None
    billing_address: AddressRow | None = None
    shipment_address: AddressRow | None = msgspec.field(default=None, name="Shipmentaddress")
    is_cancelled: bool | None = None
    cancellation_details: CancellationRow | None = None
    sales_channel_id: str | None = None


class LineRow(Wire):
    item_id: int | None = None
    name: str | None = None
    sku: str | None = msgspec.field(default=None, name="SKU")
    type: int = 1
    quantity: Decimal = Decimal(1)
    quantity_delivered: Decimal | None = None
    quantity_returned: Decimal | None = None
    sales_price_net: Decimal = Decimal(0)
    discount: Decimal | None = None
    tax_rate: Decimal | None = None


class CreditLineRow(msgspec.Struct, kw_only=True, rename="pascal"):
    type: int = 1
    vat_amount: Decimal | None = None
    total_gross_amount: Decimal | None = None
    total_net_amount: Decimal | None = None


class CreditRow(msgspec.Struct, kw_only=True, rename="pascal"):
    """A credit note or a correction of an invoice, out of the accounting data."""

    document_id: int
    document_date: datetime
    type: int
    sales_order_id: int | None = None
    is_cancelled: bool | None = None
    account_data_line_items: tuple[CreditLineRow, ...] = ()


class _CategoryRow(msgspec.Struct, rename="pascal"):
    name: str | None = None


class ItemRow(Wire):
    sku: str | None = msgspec.field(default=None, name="SKU")
    name: str | None = None
    manufacturer_id: int | None = None
    parent_item_id: int | None = None
    categories: tuple[_CategoryRow, ...] = ()
    changed: datetime | None = None


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What rows name by number only, and the zone of dates that do not name theirs."""

    zone: ZoneInfo
    groups: Mapping[int, str] = {}
    categories: Mapping[int, str] = {}
    payment_methods: Mapping[int, str] = {}
    manufacturers: Mapping[int, str] = {}
    channels: Mapping[str, int] = {}


# -- customers ----------------------------------------------------------------------------------------------

_GENDER: Mapping[str, Literal["female", "male"]] = {
    "frau": "female",
    "ms.": "female",
    "mrs.": "female",
    "herr": "male",
    "mr.": "male",
}


def to_customer(row: CustomerRow, tags: tuple[str, ...], shelf: Shelf) -> Customer:
    """A customer of ours. The customer number and the category are attributes of it."""
    address = row.billing_address or NOWHERE
    category = shelf.categories.get(row.customer_category_id or 0)
    own = {"customer_number": row.number, "customer_category": category}
    return Customer(
        id=str(row.id),
        email=address.email_address or None,
        first_name=address.first_name or None,
        last_name=address.last_name or None,
        phone=address.phone_number or address.mobile_phone_number or None,
        company=address.company or None,
        language=row.language_iso.lower() if row.language_iso else None,
        country=address.country_iso or None,
        city=address.city or None,
        group=shelf.groups.get(row.customer_group_id or 0),
        tags=tags,
        account_status="disabled" if row.is_locked else "enabled",
        birthday=_birthday(row.birthday),
        gender=_GENDER.get((address.form_of_address or "").casefold()),
        created_at=moment(row.customer_since, shelf.zone),
        updated_at=moment(row.last_change, shelf.zone),
        attributes={name: value for name, value in own.items() if value},
    )


def _birthday(text: str | None) -> date | None:
    """The day, of what is written "1985-01-01T00:00:00" or, in the description, "1985-01-01T"."""
    try:
        day = date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
    return day if day.year > 1 else None


# -- orders -------------------------------------------------------------------------------------------------

_GIFT_CARDS = frozenset({17, 18, 19, 20})
_SHIPPING, _DISCOUNT = 2, 4
#: `Type` of a line, as the kinds of position that JTL-Shop has: free text, an item, a free gift and a sold
#: gift card are goods; coupons and redeemed gift cards are discounts; all else is shipping or a charge.
_POSITIONS: Mapping[int, int] = {0: 1, 1: 1, 3: 3, 4: 4, 7: 7, 11: 11, 21: _DISCOUNT} | dict.fromkeys(
    _GIFT_CARDS, 1
)
#: `Type` of a line of a credit note that is shipping: shipping, its surcharges, cash on delivery, packing.
_SHIPPING_LINES = frozenset({2, 6, 8, 9, 10, 15, 16})

#: `PaymentStatus`; docs/platforms/jtl-wawi.md has them too. 0 is unpaid.
PAYMENT = {1: Payment.PARTLY, 2: Payment.PAID}
#: `DeliveryCompleteStatus`: delivered, and delivered without a delivery note. 0 is not (wholly) delivered.
DELIVERED = frozenset({1, 2})
#: `Type` of a sales channel.
_CHANNELS = {
    0: "wawi",
    1: "web",
    2: "pos",
    3: "ebay",
    4: "unicorn",
    5: "scx",
    6: "ffn",
    7: "api",
    8: "import",
    9: "amazon",
}


def to_order(row: OrderRow, lines: Sequence[LineRow], credits_: Sequence[CreditRow], shelf: Shelf) -> Order:
    """An order of ours. It has no stamp of its last change and no codes: Wawi tells neither.

    The number is that of the shop or marketplace where there is one, else Wawi's own.
    """
    paid, delivered = row.sales_order_payment_details, row.sales_order_shipping_detail
    placed = _required(moment(row.sales_order_date, shelf.zone), row.id)
    currency = paid.currency_iso
    found, positions = _summed(lines, paid.total_gross_amount, currency)
    shipment = _shipment(delivered, lines)
    billing = row.billing_address or NOWHERE
    return Order(
        id=str(row.id),
        number=row.external_number or row.number or str(row.id),
        customer_id=str(row.customer_id) if row.customer_id else None,
        email=billing.email_address or None,
        placed_at=placed,
        cancelled_at=_cancelled(row, placed, shelf.zone),
        currency=currency,
        total=found.total,
        goods=found.goods,
        discounts=found.discounts,
        shipping=found.shipping,
        tax=found.tax,
        lines=_to_line_items(lines, positions, currency),
        refunds=tuple([to_refund(each, currency, shelf.zone) for each in credits_]),
        payment=PAYMENT.get(paid.payment_status, Payment.NONE),
        shipment=shipment,
        shipped_at=_shipped(delivered, shipment, shelf.zone),
        payment_method=shelf.payment_methods.get(paid.payment_method_id or 0),
        channel=_CHANNELS.get(shelf.channels.get(row.sales_channel_id or "", -1)),
        country=(row.shipment_address or NOWHERE).country_iso or billing.country_iso or None,
    )


def _summed(lines: Sequence[LineRow], total: Decimal, currency: str) -> tuple[Sums, list[Position]]:
    """The sums of an order, and its positions.

    The description does not say whether `SalesPriceNet` is before or after the line's `Discount` (percent):
    the order's own total decides.
    """
    less, plain = [[_to_position(line, reduced=reduced) for line in lines] for reduced in (True, False)]
    best = min((less, plain), key=lambda found: abs(sum(each.gross() for each in found) - total))
    return sums(best, total, currency), best


def _to_position(row: LineRow, *, reduced: bool) -> Position:
    price = row.sales_price_net
    if reduced and row.discount:
        price = price * (100 - row.discount) / 100
    return Position(
        type=_POSITIONS.get(row.type, _SHIPPING),
        net_price=price,
        quantity=row.quantity,
        tax_percent=row.tax_rate,
        product_id=str(row.item_id) if row.item_id else None,
        sku=row.sku,
        name=row.name,
    )


def _to_line_items(
    lines: Sequence[LineRow], positions: Sequence[Position], currency: str
) -> tuple[LineItem, ...]:
    goods = [line for line, position in zip(lines, positions, strict=True) if position.is_goods()]
    return tuple(
        [
            msgspec.structs.replace(
                item,
                remaining=item.quantity - _pieces(line.quantity_returned),
                gift_card=line.type in _GIFT_CARDS,
            )
            for line, item in zip(goods, to_lines(positions, currency), strict=True)
        ]
    )


def _pieces(quantity: Decimal | None) -> int:
    return int((quantity or Decimal(0)).to_integral_value(ROUND_CEILING))


def _shipment(row: ShippingRow, lines: Sequence[LineRow]) -> Shipment:
    if row.delivery_complete_status in DELIVERED:
        return Shipment.SHIPPED
    return Shipment.PARTLY if any(line.quantity_delivered for line in lines) else Shipment.NONE


def _shipped(row: ShippingRow, shipment: Shipment, zone: ZoneInfo) -> datetime | None:
    return moment(row.delivered_date, zone) if shipment is not Shipment.NONE else None


def _cancelled(row: OrderRow, placed: datetime, zone: ZoneInfo) -> datetime | None:
    if not row.is_cancelled:
        return None
    noted = row.cancellation_details.date if row.cancellation_details else None
    return moment(noted, zone) or placed


def to_refund(row: CreditRow, currency: str, zone: ZoneInfo) -> Refund:
    """A credit note as money given back. Whether it is written with a minus is nowhere said."""
    lines = row.account_data_line_items
    shipping = [line for line in lines if line.type in _SHIPPING_LINES]
    return Refund(
        id=f"{row.type}-{row.document_id}",
        refunded_at=_required(moment(row.document_date, zone), row.document_id),
        amount=_added([line.total_gross_amount for line in lines], currency),
        tax=_added([line.vat_amount for line in lines], currency),
        shipping=_added([line.total_net_amount for line in shipping], currency),
    )


def _added(amounts: Sequence[Decimal | None], currency: str) -> int:
    return abs(amount(sum((each or Decimal(0) for each in amounts), Decimal(0)), currency))


# -- products -----------------------------------------------------------------------------------------------


def to_product(row: ItemRow, parent: ItemRow | None, shelf: Shelf) -> Product:
    """A product of ours. Variations stand beside their parent, each a product of its own with its categories.

    Args:
        parent: of a variation, if there still is one.
    """
    placed = (*row.categories, *(parent.categories if parent else ()))
    return Product(
        id=str(row.id),
        title=row.name or "",
        vendor=shelf.manufacturers.get(row.manufacturer_id or 0),
        categories=tuple(dict.fromkeys([each.name for each in placed if each.name])),
        skus=(row.sku,) if row.sku else (),
        updated_at=moment(row.changed, shelf.zone),
    )


# -- times --------------------------------------------------------------------------------------------------


def moment(when: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A time in UTC; one that names no zone is in that of the Wawi. The year 1 stands for none."""
    if when is None or when.year <= 1:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)


def _required(when: datetime | None, number: int) -> datetime:
    if when is None:
        raise ResponseError(f"JTL-Wawi gave the document {number} without a date.")
    return when
