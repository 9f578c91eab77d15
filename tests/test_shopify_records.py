"""What Shopify says of an order, and what we make of it. All amounts are written out."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.shopify.records import LineRow, OrderRow, to_order
from connector.errors import ResponseError
from connector.model import Order, Payment, Refund, Shipment
from connector.money import decimal_text, minor_units


def bag(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def shipping(charged: str, *, before: str | None = None, tax: str = "0.0") -> dict[str, Any]:
    return {
        "originalPriceSet": bag(before or charged),
        "discountedPriceSet": bag(charged),
        "taxLines": [{"priceSet": bag(tax)}],
    }


def refund(number: int, amount: str) -> dict[str, Any]:
    gid = f"gid://shopify/Refund/{number}"
    return {"id": gid, "processedAt": "2026-03-01T10:00:00Z", "totalRefundedSet": bag(amount)}


def order(
    *,
    total: str,
    tax: str = "0.0",
    current_total: str | None = None,
    current_tax: str | None = None,
    refunded: str = "0.0",
    discounts: str = "0.0",
    refunded_shipping: str = "0.0",
    **fields: Any,
) -> Order:
    """An order of two pieces with prices that include tax, unless said otherwise."""
    row = {
        "__typename": "Order",
        "id": "gid://shopify/Order/9007199254740993",
        "name": "#1042",
        "processedAt": "2026-02-01T18:15:00Z",
        "updatedAt": "2026-03-04T09:30:00Z",
        "test": False,
        "edited": False,
        "currencyCode": "EUR",
        "taxesIncluded": True,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "FULFILLED",
        "returnStatus": "NO_RETURN",
        "discountCodes": [],
        "paymentGatewayNames": ["Rechnung", "gift_card"],
        "totalPriceSet": bag(total),
        "totalTaxSet": bag(tax),
        "currentTotalPriceSet": bag(current_total or total),
        "currentTotalTaxSet": bag(current_tax or tax),
        "totalRefundedSet": bag(refunded),
        "totalDiscountsSet": bag(discounts),
        "totalRefundedShippingSet": bag(refunded_shipping),
        "refunds": [],
        "fulfillments": [],
    }
    line = {
        "__typename": "LineItem",
        "quantity": 2,
        "currentQuantity": 2,
        "product": {"id": "gid://shopify/Product/3001"},
        "discountedTotalSet": bag(total),
    }
    decoded = msgspec.json.decode(msgspec.json.encode({**row, **fields}), type=OrderRow)
    return to_order(decoded, [msgspec.convert(line, LineRow)])


def sums(found: Order) -> tuple[int, int, int, int, int]:
    return found.total, found.goods, found.discounts, found.shipping, found.tax


def test_prices_with_tax_are_not_taxed_twice() -> None:
    found = order(total="123.76", tax="19.76", shippingLine=shipping("4.76", tax="0.76"))
    assert sums(found) == (12376, 10000, 0, 400, 1976)


def test_a_discount_on_prices_with_tax_holds_tax() -> None:
    found = order(total="107.10", tax="17.10", discounts="11.90")
    assert sums(found) == (10710, 10000, 1000, 0, 1710)


def test_a_discount_on_shipping_is_no_discount_on_goods() -> None:
    free = shipping("0.0", before="4.76")
    found = order(total="107.10", tax="17.10", discounts="16.66", shippingLine=free)
    assert sums(found) == (10710, 10000, 1000, 0, 1710)


def test_prices_without_tax_add_up() -> None:
    found = order(
        total="103.10",
        tax="8.10",
        discounts="10.0",
        taxesIncluded=False,
        shippingLine=shipping("5.0", tax="0.45"),
    )
    assert sums(found) == (10310, 10000, 1000, 500, 810)


def test_an_order_that_cost_nothing_adds_up() -> None:
    found = order(total="0.0", discounts="100.0")
    assert sums(found) == (0, 10000, 10000, 0, 0)


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("EUR", "12.5", 1250), ("JPY", "1100.0", 1100), ("KWD", "1.25", 1250), ("ISK", "990", 990)],
)
def test_amounts_are_minor_units_of_the_currency(currency: str, amount: str, minor: int) -> None:
    assert order(total=amount, currencyCode=currency).total == minor
    assert minor_units(decimal_text(minor, currency), currency) == minor


def test_minor_units_become_amounts() -> None:
    written = [decimal_text(5, "EUR"), decimal_text(1100, "JPY"), decimal_text(1, "KWD")]
    assert written == ["0.05", "1100", "0.001"]


def test_an_amount_that_is_none_is_nonsense() -> None:
    with pytest.raises(ResponseError, match="'twelve' as an amount"):
        order(total="twelve")


def test_several_refunds_share_the_tax_as_the_money() -> None:
    found = order(
        total="119.0",
        tax="19.0",
        current_tax="7.6",
        current_total="47.6",
        refunded="71.4",
        refunds=[refund(1, "59.5"), refund(2, "11.9")],
    )
    assert found.total == 11900
    assert [(part.id, part.amount, part.tax, part.shipping) for part in found.refunds] == [
        ("1", 5950, 950, 0),
        ("2", 1190, 190, 0),
    ]
    assert (found.spent(), found.net_sales()) == (4760, 4000)


def test_refunded_shipping_is_given_without_its_tax() -> None:
    found = order(
        total="123.76",
        tax="19.76",
        current_tax="19.0",
        current_total="119.0",
        refunded="4.76",
        refunded_shipping="4.76",
        shippingLine=shipping("4.76", tax="0.76"),
        refunds=[refund(1, "4.76")],
    )
    assert [(part.amount, part.tax, part.shipping) for part in found.refunds] == [(476, 76, 400)]
    assert found.net_sales() == 10000


def test_a_return_without_money_is_a_refund_of_nothing() -> None:
    found = order(total="119.0", tax="19.0", refunds=[refund(1, "0.0")])
    assert found.refunds == (Refund(id="1", refunded_at=datetime(2026, 3, 1, 10, tzinfo=UTC), amount=0),)


def test_goods_that_an_edit_removed_before_paying_were_never_charged() -> None:
    found = order(total="238.0", tax="38.0", edited=True, current_total="119.0", current_tax="19.0")
    assert (found.total, found.tax, found.refunds) == (11900, 1900, ())


def test_goods_that_an_edit_removed_after_paying_are_a_refund() -> None:
    found = order(
        total="238.0",
        tax="38.0",
        edited=True,
        current_total="119.0",
        current_tax="19.0",
        refunded="119.0",
        refunds=[refund(1, "119.0")],
    )
    assert (found.total, found.tax, found.spent()) == (23800, 3800, 11900)
    assert [(part.amount, part.tax) for part in found.refunds] == [(11900, 1900)]


def test_a_refund_beyond_the_returned_goods_does_not_raise_the_total() -> None:
    found = order(total="119.0", tax="19.0", edited=True, refunded="10.0", refunds=[refund(1, "10.0")])
    assert (found.total, found.spent()) == (11900, 10900)


@pytest.mark.parametrize(
    ("status", "payment"),
    [
        ("PAID", Payment.PAID),
        ("PARTIALLY_REFUNDED", Payment.PAID),
        ("REFUNDED", Payment.NONE),
        ("PARTIALLY_PAID", Payment.PARTLY),
        ("PENDING", Payment.NONE),
        ("AUTHORIZED", Payment.NONE),
        ("EXPIRED", Payment.NONE),
        ("VOIDED", Payment.NONE),
        (None, Payment.NONE),
    ],
)
def test_states_of_payment(status: str | None, payment: Payment) -> None:
    assert order(total="1.0", displayFinancialStatus=status).payment is payment


@pytest.mark.parametrize(
    ("status", "shipment"),
    [
        ("FULFILLED", Shipment.SHIPPED),
        ("PARTIALLY_FULFILLED", Shipment.NONE),
        ("UNFULFILLED", Shipment.NONE),
        ("IN_PROGRESS", Shipment.NONE),
        ("FULFILLMENT_NOT_REQUIRED", Shipment.NONE),
        ("RESTOCKED", Shipment.NONE),
    ],
)
def test_states_of_shipment(status: str, shipment: Shipment) -> None:
    assert order(total="1.0", displayFulfillmentStatus=status).shipment is shipment


def test_an_order_is_shipped_when_its_last_parcel_left() -> None:
    parcels = [
        {"createdAt": "2026-02-03T10:00:00Z", "status": "SUCCESS"},
        {"createdAt": "2026-02-05T10:00:00Z", "status": "SUCCESS"},
        {"createdAt": "2026-02-07T10:00:00Z", "status": "CANCELLED"},
    ]
    found = order(total="1.0", fulfillments=parcels)
    assert str(found.shipped_at) == "2026-02-05 10:00:00+00:00"


def test_ids_are_text_and_numbers_of_any_length() -> None:
    found = order(total="1.0", customer={"id": "gid://shopify/Customer/9007199254740995"})
    assert (found.id, found.customer_id) == ("9007199254740993", "9007199254740995")
    assert found.lines[0].product_id == "3001"
    assert found.payment_method == "Rechnung"


amounts = st.integers(min_value=0, max_value=1_000_000).map(lambda cents: f"{cents / 100:.2f}")


@given(
    total=amounts,
    tax=amounts,
    current_total=amounts,
    current_tax=amounts,
    discounts=amounts,
    charged=amounts,
    shipping_tax=amounts,
    refunds=st.lists(amounts, max_size=3),
    edited=st.booleans(),
    included=st.booleans(),
)
def test_an_order_always_adds_up_and_a_refund_is_never_less_than_its_parts(
    total: str,
    tax: str,
    current_total: str,
    current_tax: str,
    discounts: str,
    charged: str,
    shipping_tax: str,
    refunds: list[str],
    edited: bool,
    included: bool,
) -> None:
    found = order(
        total=total,
        tax=tax,
        current_total=current_total,
        current_tax=current_tax,
        discounts=discounts,
        refunded=f"{sum(map(float, refunds)):.2f}",
        refunded_shipping=charged,
        edited=edited,
        taxesIncluded=included,
        shippingLine=shipping(charged, tax=shipping_tax),
        refunds=[refund(number, amount) for number, amount in enumerate(refunds)],
    )
    assert found.total == found.goods - found.discounts + found.shipping + found.tax
    assert all(0 <= part.tax + part.shipping <= part.amount for part in found.refunds)
