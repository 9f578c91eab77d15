"""Rows of JTL-Wawi's API as the description writes them, and what becomes of them."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.jtl.wawi.records import (
    CreditRow,
    CustomerRow,
    LineRow,
    OrderRow,
    Shelf,
    to_customer,
    to_order,
    to_refund,
)
from adapters.jtl.wawi.tagfield import changed, tags_in
from connector.errors import ResponseError
from connector.model import LineItem, Order, Payment, Refund, Shipment

BERLIN = ZoneInfo("Europe/Berlin")
SHELF = Shelf(
    zone=BERLIN,
    groups={2: "Händler"},
    payment_methods={5: "Rechnung"},
    channels={"1-1-1": 1, "3-1-1": 3, "9-1-1": 9, "0-0-0": 0},
)

ORDER: dict[str, Any] = {
    "Id": 17,
    "Number": "A1004465",
    "ExternalNumber": "D456-64894-132",
    "CustomerId": 4,
    "BillingAddress": {"EmailAddress": "john@example.com", "CountryIso": "DE"},
    "Shipmentaddress": {"CountryIso": "AT"},
    "SalesOrderDate": "2023-02-01T12:45:00.0000000+00:00",
    "SalesOrderPaymentDetails": {
        "PaymentMethodId": 5,
        "PaymentStatus": 2,
        "TotalGrossAmount": 119.0,
        "CurrencyIso": "EUR",
        "StillToPay": 0,
    },
    "SalesOrderShippingDetail": {"DeliveryCompleteStatus": 1, "DeliveredDate": "2023-02-03T09:00:00"},
    "IsCancelled": False,
    "CancellationDetails": None,
    "SalesChannelId": "1-1-1",
}
LINE: dict[str, Any] = {
    "Id": 1,
    "ItemId": 33,
    "Name": "Espresso",
    "SKU": "ESP-1",
    "Type": 1,
    "Quantity": 2,
    "QuantityDelivered": 2,
    "QuantityReturned": 0,
    "SalesPriceNet": 50.0,
    "Discount": 0,
    "TaxRate": 19,
}


def order_of(*lines: dict[str, Any], **values: Any) -> Order:
    row = msgspec.convert(ORDER | values, OrderRow, strict=False)
    return to_order(row, msgspec.convert(lines, tuple[LineRow, ...], strict=False), (), SHELF)


def paid(total: float, status: int = 2) -> dict[str, Any]:
    return {**ORDER["SalesOrderPaymentDetails"], "TotalGrossAmount": total, "PaymentStatus": status}


def sums(order: Order) -> tuple[int, int, int, int, int]:
    return order.goods, order.discounts, order.shipping, order.tax, order.total


def test_an_order_as_the_description_writes_it() -> None:
    assert order_of(LINE) == Order(
        id="17",
        number="D456-64894-132",
        customer_id="4",
        email="john@example.com",
        placed_at=datetime(2023, 2, 1, 12, 45, tzinfo=UTC),
        currency="EUR",
        total=11900,
        goods=10000,
        tax=1900,
        lines=(
            LineItem(product_id="33", sku="ESP-1", title="Espresso", quantity=2, remaining=2, total=11900),
        ),
        payment=Payment.PAID,
        shipment=Shipment.SHIPPED,
        shipped_at=datetime(2023, 2, 3, 8, 0, tzinfo=UTC),
        payment_method="Rechnung",
        channel="web",
        country="AT",
    )


@pytest.mark.parametrize("price", [50.0, 45.0])
def test_the_total_tells_whether_prices_are_before_or_after_the_lines_discount(price: float) -> None:
    order = order_of(LINE | {"SalesPriceNet": price, "Discount": 10}, SalesOrderPaymentDetails=paid(107.10))
    assert sums(order) == (9000, 0, 0, 1710, 10710)
    assert [line.total for line in order.lines] == [10710]


def test_coupons_and_redeemed_cards_are_discounts_and_charges_are_shipping() -> None:
    order = order_of(
        LINE,
        {"Id": 2, "Type": 3, "Quantity": 1, "SalesPriceNet": -10, "TaxRate": 19},
        {"Id": 3, "Type": 21, "Quantity": 1, "SalesPriceNet": -5, "TaxRate": 0},
        {"Id": 4, "Type": 2, "Quantity": 1, "SalesPriceNet": 4, "TaxRate": 19},
        {"Id": 5, "Type": 8, "Quantity": 1, "SalesPriceNet": 2, "TaxRate": 19},
        SalesOrderPaymentDetails=paid(109.24),
    )
    assert sums(order) == (10000, 1500, 600, 1824, 10924)
    assert len(order.lines) == 1


def test_a_sold_gift_card_is_marked() -> None:
    order = order_of(LINE, LINE | {"Id": 2, "Type": 18, "SalesPriceNet": 20, "Quantity": 1, "TaxRate": 0})
    assert [line.gift_card for line in order.lines] == [False, True]


def test_free_text_lines_are_goods_without_a_product() -> None:
    order = order_of(LINE | {"Type": 0, "ItemId": 0, "SKU": ""})
    assert [(line.product_id, line.sku, line.total) for line in order.lines] == [(None, None, 11900)]


def test_what_came_back_no_longer_remains() -> None:
    order = order_of(LINE | {"QuantityReturned": 1.0})
    assert [(line.quantity, line.remaining) for line in order.lines] == [(2, 1)]


@pytest.mark.parametrize(
    ("complete", "delivered", "shipment"),
    [
        (0, 0, Shipment.NONE),
        (0, None, Shipment.NONE),
        (0, 1, Shipment.PARTLY),
        (1, 2, Shipment.SHIPPED),
        (2, 0, Shipment.SHIPPED),
    ],
)
def test_states_of_delivery(complete: int, delivered: int | None, shipment: Shipment) -> None:
    detail = {"DeliveryCompleteStatus": complete}
    order = order_of(LINE | {"QuantityDelivered": delivered}, SalesOrderShippingDetail=detail)
    assert (order.shipment, order.shipped_at) == (shipment, None)


@pytest.mark.parametrize(("status", "payment"), [(0, "none"), (1, "partly"), (2, "paid")])
def test_states_of_payment(status: int, payment: str) -> None:
    assert order_of(LINE, SalesOrderPaymentDetails=paid(119.0, status)).payment == payment


def test_a_cancelled_order_has_the_day_of_its_cancellation_or_its_own() -> None:
    noted = order_of(LINE, IsCancelled=True, CancellationDetails={"Date": "2023-02-05T08:00:00Z"})
    plain = order_of(LINE, IsCancelled=True)
    assert noted.cancelled_at == datetime(2023, 2, 5, 8, 0, tzinfo=UTC)
    assert plain.cancelled_at == datetime(2023, 2, 1, 12, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("channel", "name"), [("3-1-1", "ebay"), ("9-1-1", "amazon"), ("0-0-0", "wawi"), ("5-9-9", None)]
)
def test_marketplaces_and_phone_orders_are_told_apart(channel: str, name: str | None) -> None:
    assert order_of(LINE, SalesChannelId=channel).channel == name


def test_an_order_without_lines_keeps_its_total() -> None:
    assert sums(order_of()) == (11900, 0, 0, 0, 11900)


def test_an_order_without_a_date_is_nonsense() -> None:
    with pytest.raises(ResponseError, match="the document 17 without a date"):
        order_of(LINE, SalesOrderDate="0001-01-01T00:00:00")


@pytest.mark.parametrize("sign", [1, -1])
def test_a_credit_note_gives_money_back_whatever_its_sign(sign: int) -> None:
    row = {
        "DocumentId": 9,
        "DocumentDate": "2023-03-01T00:00:00",
        "Type": 1,
        "SalesOrderId": 17,
        "AccountDataLineItems": [
            {
                "Type": 1,
                "TotalGrossAmount": 59.5 * sign,
                "VatAmount": 9.5 * sign,
                "TotalNetAmount": 50 * sign,
            },
            {
                "Type": 2,
                "TotalGrossAmount": 4.76 * sign,
                "VatAmount": 0.76 * sign,
                "TotalNetAmount": 4 * sign,
            },
        ],
    }
    refund = to_refund(msgspec.convert(row, CreditRow, strict=False), "EUR", BERLIN)
    when = datetime(2023, 2, 28, 23, 0, tzinfo=UTC)
    assert refund == Refund(id="1-9", refunded_at=when, amount=6426, tax=1026, shipping=400)


def test_a_customer_as_the_description_writes_it() -> None:
    row = {
        "Id": 4,
        "Number": "C1005486",
        "CustomerGroupId": 2,
        "BillingAddress": {
            "FormOfAddress": "Mr.",
            "FirstName": "John",
            "LastName": "Doe",
            "City": "Example City",
            "CountryIso": "DE",
            "PhoneNumber": "",
            "MobilePhoneNumber": "+49 160 123 4567",
            "EmailAddress": "example@email.com",
        },
        "CustomerSince": "2023-02-01T13:30:00.0000000+00:00",
        "LanguageIso": "DE",
        "CustomerCategoryId": 12,
        "Birthday": "1985-01-01T",
        "IsLocked": True,
    }
    customer = to_customer(msgspec.convert(row, CustomerRow), ("sk:a",), SHELF)
    assert (customer.id, customer.email, customer.group) == ("4", "example@email.com", "Händler")
    assert (customer.language, customer.gender, customer.birthday) == ("de", "male", date(1985, 1, 1))
    assert (customer.phone, customer.account_status) == ("+49 160 123 4567", "disabled")
    assert (customer.created_at, customer.updated_at) == (datetime(2023, 2, 1, 13, 30, tzinfo=UTC), None)
    assert (customer.tags, customer.attributes) == (("sk:a",), {"customer_number": "C1005486"})


def test_a_customer_of_whom_nothing_is_known() -> None:
    row = {"Id": 4, "Birthday": "0001-01-01T00:00:00", "CustomerSince": "0001-01-01T00:00:00"}
    customer = to_customer(msgspec.convert(row, CustomerRow), (), SHELF)
    assert (customer.email, customer.birthday, customer.created_at) == (None, None, None)


# -- the field that carries tags ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "add", "remove", "new"),
    [
        ("", ("sk:a",), (), "sk:a"),
        ("VIP", ("sk:a",), (), "VIP, sk:a"),
        ("VIP,", ("sk:a",), (), "VIP, sk:a"),
        ("VIP, ", ("sk:a",), (), "VIP, sk:a"),
        ("VIP\n", ("sk:a",), (), "VIP\nsk:a"),
        ("VIP, sk:a, Presse", (), ("sk:a",), "VIP, Presse"),
        ("sk:a, VIP", (), ("sk:a",), "VIP"),
        ("VIP, SK:A", (), ("sk:a",), "VIP"),
        ("sk:a", (), ("sk:a",), ""),
        ("VIP, sk:a", ("sk:b",), ("sk:a",), "VIP, sk:b"),
        ("VIP, sk:ab", (), ("sk:a",), "VIP, sk:ab"),
    ],
)
def test_changes_of_the_field(text: str, add: tuple[str, ...], remove: tuple[str, ...], new: str) -> None:
    assert changed(text, add, remove) == new


TAGS = st.lists(st.sampled_from(["sk:a", "sk:b", "sk:stammkunde"]), unique=True).map(tuple)


@given(text=st.text(st.sampled_from("ab ,;\nsk:")), add=TAGS, remove=TAGS)
def test_every_entry_that_is_not_ours_survives_in_its_place(
    text: str, add: tuple[str, ...], remove: tuple[str, ...]
) -> None:
    named = {*add, *remove}
    new = changed(text, add, remove)
    assert [each for each in tags_in(new) if each not in named] == [
        each for each in tags_in(text) if each not in named
    ]
    assert set(add) <= set(tags_in(new))
    assert not (set(remove) - set(add)) & set(tags_in(new))
    assert changed(new, add, ()) == new
