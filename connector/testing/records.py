"""Records that every platform can carry, for tests."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from connector.adapter import Page
from connector.model import (
    CreateCoupon,
    Customer,
    Kind,
    LineItem,
    Mark,
    Order,
    Payment,
    Product,
    Record,
    Refund,
    Shipment,
)
from connector.testing.shop import ShopUnderTest

T = TypeVar("T")


# Records every platform can carry: EUR, numeric ids, whole seconds, prices with 19 % tax in them.

#: When the first record of a test was last changed.
START = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
#: Later than every record is put before a read, and earlier than the shop's own clock.
LATER = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


def make_customer(record_id: str = "1001", **values: Any) -> Customer:
    """An account with an address in Germany; `values` replace fields."""
    record = Customer(
        id=record_id,
        email=f"c{record_id}@example.com",
        first_name="Anna",
        last_name="Schmidt",
        country="DE",
        created_at=datetime(2026, 1, 5, 8, 0, tzinfo=UTC),
        updated_at=START,
    )
    return msgspec.structs.replace(record, **values)


def make_order(record_id: str = "2001", **values: Any) -> Order:
    """Two pieces of product 3001 for 119.00 with tax, paid and shipped; `values` replace fields."""
    record = Order(
        id=record_id,
        number=f"#{record_id}",
        customer_id="1001",
        email="c1001@example.com",
        placed_at=datetime(2026, 2, 1, 18, 15, tzinfo=UTC),
        updated_at=START,
        currency="EUR",
        total=11900,
        goods=10000,
        tax=1900,
        lines=(make_line(quantity=2, total=11900),),
        payment=Payment.PAID,
        shipment=Shipment.SHIPPED,
        shipped_at=datetime(2026, 2, 2, 10, 0, tzinfo=UTC),
    )
    return msgspec.structs.replace(record, **values)


def make_line(*, quantity: int, total: int, remaining: int | None = None) -> LineItem:
    """Some pieces of product 3001; all of them remain unless said otherwise."""
    return LineItem(
        product_id="3001",
        sku="ESP-3001",
        title="Espresso",
        quantity=quantity,
        remaining=quantity if remaining is None else remaining,
        total=total,
    )


def make_product(record_id: str = "3001", **values: Any) -> Product:
    """A product with a tag and one SKU; `values` replace fields."""
    record = Product(
        id=record_id, title="Espresso", tags=("espresso",), skus=(f"ESP-{record_id}",), updated_at=START
    )
    return msgspec.structs.replace(record, **values)


def make_coupon(**values: Any) -> CreateCoupon:
    """Ten per cent for customer 1001, valid in this century; `values` replace fields."""
    change = CreateCoupon(
        mark=Mark("come-back", "c1001", 1),
        code="SKTEST23456",
        customer_id="1001",
        title="10 % für Sie",
        percent=10,
        currency="EUR",
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        ends_at=datetime(2099, 12, 31, tzinfo=UTC),
    )
    return msgspec.structs.replace(change, **values)


def make_record(kind: Kind, number: int, **values: Any) -> Record:
    """The record of that kind with the number 0, 1, 2 and so on: customer 1001, 1002, 1003."""
    if kind is Kind.CUSTOMERS:
        return make_customer(str(1001 + number), **values)
    if kind is Kind.PRODUCTS:
        return make_product(str(3001 + number), **values)
    return make_order(str(2001 + number), **values)


def fill(shop: ShopUnderTest, kind: Kind, count: int, *, apart: timedelta = timedelta(minutes=1)) -> None:
    """Put so many records of a kind into the shop, changed `apart` from each other."""
    if kind is Kind.ORDERS:
        shop.put(make_product())
        shop.put(make_customer())
    for number in range(count):
        shop.put(make_record(kind, number, updated_at=START + number * apart))


def records(pages: Iterable[Page[T]]) -> list[T]:
    """The records of all pages."""
    return [record for page in pages for record in page.records]


# Orders with everything in them. 119.00 with tax is 100.00 and 19.00.


def discounted() -> Order:
    """119.00 less ten per cent, and shipping for 4.76."""
    return make_order(
        "2002",
        goods=10000,
        discounts=1000,
        shipping=400,
        tax=1786,
        total=11186,
        lines=(make_line(quantity=2, total=10710),),
        codes=("WELCOME10",),
    )


def half_returned() -> Order:
    """One of two pieces came back, and 59.50 with it."""
    refunded_at = datetime(2026, 2, 20, 9, 0, tzinfo=UTC)
    return make_order(
        "2003",
        lines=(make_line(quantity=2, remaining=1, total=11900),),
        refunds=(Refund(id="4001", refunded_at=refunded_at, amount=5950, tax=950),),
    )


def twice_refunded() -> Order:
    """One of two pieces came back, and 59.50 with it; later another 10.00, for goodwill."""
    goodwill = Refund(id="4002", refunded_at=datetime(2026, 2, 25, 9, 0, tzinfo=UTC), amount=1000, tax=160)
    before = half_returned()
    return msgspec.structs.replace(before, id="2006", number="#2006", refunds=(*before.refunds, goodwill))


def guest() -> Order:
    """Ordered without an account; neither paid nor shipped."""
    return make_order(
        "2004",
        customer_id=None,
        email="guest@example.com",
        payment=Payment.NONE,
        shipment=Shipment.NONE,
        shipped_at=None,
    )


def cancelled() -> Order:
    """Called off before it was paid."""
    return make_order(
        "2005",
        cancelled_at=datetime(2026, 2, 3, 7, 0, tzinfo=UTC),
        payment=Payment.NONE,
        shipment=Shipment.NONE,
        shipped_at=None,
    )


def carried(record: Record) -> dict[str, object]:
    """What every platform can carry of a record, in one spelling."""
    if isinstance(record, Order):
        return carried_order(record)
    tags = sorted(record.tags)
    if isinstance(record, Product):
        return fields(record, "id", "title", "updated_at") | {"tags": tags, "skus": sorted(record.skus)}
    names = ("id", "email", "first_name", "last_name", "country", "created_at", "updated_at")
    return fields(record, *names) | {"tags": tags}


def carried_order(order: Order) -> dict[str, object]:
    names = ("id", "customer_id", "email", "placed_at", "updated_at", "cancelled_at", "currency")
    sums = ("total", "goods", "discounts", "shipping", "tax", "payment", "shipment")
    return fields(order, *names, *sums) | {
        "number": order.number.lstrip("#"),
        "codes": sorted(order.codes),
        "lines": [fields(line, "product_id", "quantity", "remaining", "total") for line in order.lines],
        "refunds": [fields(refund, "refunded_at", "amount", "tax", "shipping") for refund in order.refunds],
    }


def fields(record: msgspec.Struct, *names: str) -> dict[str, object]:
    return {name: getattr(record, name) for name in names}
