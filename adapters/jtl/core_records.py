"""What the shop's own REST API sends of each record, and how it becomes ours. No I/O.

Dates come as an object whose `timezone` is PHP's, not that of the value: the value is what the database
wrote, in the zone that the shop's owner has to tell. Products have theirs as plain text. An empty date of
the database (0000-00-00) arrives as the year -1.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.positions import Position, sums, to_lines
from adapters.jtl.records import CANCELLED, SHIPMENT, account_status, midnight, payment, region
from connector.errors import ResponseError
from connector.model import Customer, Order, Product, Shipment


class Stamp(msgspec.Struct):
    """A date as PHP writes it. Its label is wrong and not read."""

    date: str


When: TypeAlias = Stamp | str | None


def _spelled(name: str) -> str:
    """`customer_group_id` is `customerGroupID` there."""
    first, *rest = name.split("_")
    return first + "".join({"id": "ID", "no": "NO"}.get(word, word.capitalize()) for word in rest)


class Wire(msgspec.Struct, kw_only=True, rename=_spelled):
    """A row of a list. Every one has an id, by which lists go on."""

    id: int


class CurrencyRow(Wire):
    code: str
    default: str = "N"


class NamedRow(Wire):
    """A customer group or a manufacturer."""

    name: str | None = None


class CategoryRow(NamedRow):
    parent_id: int = 0


class CustomerRow(Wire):
    registered: int
    mail: str = ""
    customer_group_id: int = 0
    salutation: str | None = None
    firstname: str | None = None
    surname: str | None = None
    company: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    tel: str | None = None
    mobile: str | None = None
    locked: str = "N"
    active: str = "Y"
    birthday: When = None
    created: When = None
    modified: When = None


class OrderRow(Wire):
    cart_id: int
    total: Decimal
    created: When
    state: str | int
    customer_id: int = 0
    order_no: str | None = msgspec.field(default=None, name="orderNO")
    balance: Decimal = Decimal(0)
    payment_method_name: str | None = None
    payment_date: When = None
    shipping_date: When = None


class ItemRow(Wire):
    net_single_price: Decimal
    pos_type: int
    qty: Decimal = Decimal(1)
    tax_percent: Decimal | None = None
    product_id: int = 0
    sku: str | None = None
    name: str | None = None


class CartRow(Wire):
    items: tuple[ItemRow, ...] = ()


class _CategoryOf(msgspec.Struct, rename=_spelled):
    category_id: int


class ProductRow(Wire):
    name: str = ""
    sku: str | None = None
    manufacturer_id: int = 0
    parent_id: int = 0  #: of a variation, 0 elsewhere
    last_modified: When = None
    categories: tuple[_CategoryOf, ...] = ()


class Shelf(msgspec.Struct, kw_only=True):
    """What rows name by number only, and the zone that dates are in."""

    currency: str
    zone: ZoneInfo
    groups: Mapping[int, str] = {}
    categories: Mapping[int, CategoryRow] = {}
    manufacturers: Mapping[int, str] = {}


def to_customer(row: CustomerRow, shelf: Shelf) -> Customer:
    """A customer of ours: without tags and consent, which this API does not show."""
    return Customer(
        id=str(row.id),
        email=row.mail or None,
        guest=not row.registered,
        first_name=row.firstname or None,
        last_name=row.surname or None,
        phone=row.tel or row.mobile or None,
        company=row.company or None,
        country=row.country or None,
        region=region(row.state, row.country),
        city=row.city or None,
        group=shelf.groups.get(row.customer_group_id),
        account_status=account_status(
            registered=bool(row.registered), usable=row.active == "Y" and row.locked != "Y"
        ),
        birthday=_day(row.birthday),
        gender={"w": "female", "m": "male"}.get(row.salutation or ""),  # type: ignore[arg-type]
        created_at=midnight(_day(row.created), shelf.zone),
        updated_at=moment(row.modified, shelf.zone),
    )


def to_order(row: OrderRow, cart: CartRow | None, shelf: Shelf) -> Order:
    """An order of ours: without codes, country and e-mail, and without a stamp of its last change."""
    placed = moment(row.created, shelf.zone)
    if placed is None:
        raise ResponseError(f"The order {row.id} has no date.")
    positions = tuple([_to_position(item) for item in cart.items]) if cart else ()
    # `balance` is what was paid with customer credit, negative; the total is already less by that.
    found = sums(positions, row.total - row.balance, shelf.currency)
    state = int(row.state or 0)
    shipment = SHIPMENT.get(state, Shipment.NONE)
    shipped = midnight(_day(row.shipping_date), shelf.zone) if shipment is not Shipment.NONE else None
    return Order(
        id=str(row.id),
        number=row.order_no or str(row.id),
        customer_id=str(row.customer_id) if row.customer_id else None,
        placed_at=placed,
        cancelled_at=placed if state == CANCELLED else None,
        currency=shelf.currency,
        total=found.total,
        goods=found.goods,
        discounts=found.discounts,
        shipping=found.shipping,
        tax=found.tax,
        lines=to_lines(positions, shelf.currency),
        payment=payment(state, _day(row.payment_date), 0, found.total),
        shipment=shipment,
        shipped_at=shipped,
        payment_method=row.payment_method_name or None,
        channel="web",
    )


def _to_position(row: ItemRow) -> Position:
    return Position(
        type=row.pos_type,
        net_price=row.net_single_price,
        quantity=row.qty,
        tax_percent=row.tax_percent,
        product_id=str(row.product_id) if row.product_id else None,
        sku=row.sku,
        name=row.name,
    )


def to_product(row: ProductRow, parent: ProductRow | None, shelf: Shelf) -> Product:
    """A product of ours. Variations stand beside their parent, each a product of its own with its categories.

    Args:
        parent: of a variation, if there still is one.
    """
    placed = (*row.categories, *(parent.categories if parent else ()))
    return Product(
        id=str(row.id),
        title=row.name,
        vendor=shelf.manufacturers.get(row.manufacturer_id),
        categories=tuple(_category_names([each.category_id for each in placed], shelf)),
        skus=(row.sku,) if row.sku else (),
        updated_at=moment(row.last_modified, shelf.zone),
    )


def _category_names(numbers: Sequence[int], shelf: Shelf) -> Iterator[str]:
    """Each category and those above it, once."""
    seen: set[int] = set()
    waiting = list(numbers)
    while waiting:
        row = shelf.categories.get(waiting.pop(0))
        if row is not None and row.id not in seen:
            seen.add(row.id)
            waiting.append(row.parent_id)
            yield row.name or ""


def moment(when: When, zone: ZoneInfo) -> datetime | None:
    """A time of the database, which wrote it in that zone."""
    text = when.date if isinstance(when, Stamp) else when
    if not text or text.startswith(("-", "0000")):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ResponseError(f"The shop gave {text!r} as a date.") from None
    return found.replace(tzinfo=zone).astimezone(UTC)


def _day(when: When) -> date | None:
    """The day as it is written."""
    found = moment(when, ZoneInfo("UTC"))
    return found.date() if found else None
