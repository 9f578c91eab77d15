"""What Vendure sends, and what becomes of it. The answers are shortened recordings of version 3.7.3."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters.vendure.orders import OrderRow, to_order
from adapters.vendure.records import CustomerRow, Ground, PromotionRow, to_coupon, to_customer
from connector.model import Mark, Order, Payment, Shipment

GROUND = Ground(
    currency="EUR",
    language="de",
    languages=frozenset({"de", "en"}),
    prices_include_tax=True,
    precision=2,
)
NET = Ground(currency="EUR", language="de", languages=frozenset(), prices_include_tax=False, precision=2)

#: Order 1: a printer for 199.00 and three toners for 39.90, of which one came back. Shipping is not taxed.
LINES = [
    {
        "id": "1",
        "quantity": 1,
        "orderPlacedQuantity": 1,
        "unitPrice": 16723,
        "unitPriceWithTax": 19900,
        "linePrice": 16723,
        "proratedLinePrice": 16723,
        "proratedLinePriceWithTax": 19900,
        "productVariant": {"id": "1", "sku": "PRN-T1", "name": "Thermal Printer T1", "productId": "1"},
    },
    {
        "id": "2",
        "quantity": 2,
        "orderPlacedQuantity": 3,
        "unitPrice": 3353,
        "unitPriceWithTax": 3990,
        "linePrice": 6706,
        "proratedLinePrice": 6706,
        "proratedLinePriceWithTax": 7980,
        "productVariant": {"id": "2", "sku": "TON-S", "name": "Toner Black", "productId": "2"},
    },
]
REFUND = {
    "id": "1",
    "createdAt": "2026-11-22T04:15:59.000Z",
    "state": "Pending",
    "total": 3990,
    "shipping": 0,
    "lines": [{"orderLineId": "2", "quantity": 1}],
}
RETURNED: dict[str, Any] = {
    "id": "1",
    "code": "PFZ6D9NXQDGTCYU5",
    "state": "PaymentSettled",
    "createdAt": "2026-11-22T04:15:52.000Z",
    "updatedAt": "2026-11-22T04:16:00.000Z",
    "orderPlacedAt": "2026-11-22T04:15:52.782Z",
    "currencyCode": "EUR",
    "couponCodes": [],
    "customer": {"id": "1", "emailAddress": "anna@example.test"},
    "subTotal": 23429,
    "subTotalWithTax": 27880,
    "lines": LINES,
    "shippingLines": [{"discountedPrice": 490, "discountedPriceWithTax": 490, "discounts": []}],
    "shippingAddress": {"countryCode": "DE"},
    "billingAddress": {"countryCode": None},
    "payments": [{"method": "dummy", "amount": 32360, "state": "Settled", "refunds": [REFUND]}],
    "fulfillments": [],
}


def order(**other: Any) -> Order:
    return to_order(msgspec.convert(RETURNED | other, OrderRow), GROUND)


def with_refund(**other: Any) -> list[dict[str, Any]]:
    return [RETURNED["payments"][0] | {"refunds": [REFUND | other]}]


def test_a_cancelled_piece_is_still_in_what_was_charged() -> None:
    found = order()
    assert (found.total, found.goods, found.discounts, found.shipping) == (32360, 26782, 0, 490)
    assert found.goods - found.discounts + found.shipping + found.tax == 32360
    assert (found.refunded(), found.spent()) == (3990, 28370)
    assert [(line.quantity, line.remaining, line.total) for line in found.lines] == [
        (1, 1, 19900),
        (3, 2, 11970),
    ]
    assert (found.payment, found.shipment, found.country) == (Payment.PAID, Shipment.NONE, "DE")


def test_a_refund_holds_the_tax_of_its_goods_and_none_of_untaxed_shipping() -> None:
    (refund,) = order(payments=with_refund(total=4480, shipping=490)).refunds
    assert (refund.amount, refund.tax, refund.shipping) == (4480, 637, 490)


def test_a_failed_refund_is_none() -> None:
    found = order(payments=with_refund(state="Failed"))
    assert found.refunds == ()
    assert found.spent() == 32360


def test_goodwill_brings_nothing_back() -> None:
    """Two pieces are named in the refund, and a tenth of their price was given back."""
    lines = [LINES[0], LINES[1] | {"quantity": 3, "linePrice": 10059, "proratedLinePrice": 10059}]
    lines[1] |= {"proratedLinePriceWithTax": 11970}
    payments = with_refund(total=798, lines=[{"orderLineId": "2", "quantity": 2}])
    found = order(lines=lines, subTotal=26782, subTotalWithTax=31870, payments=payments)
    assert [line.remaining for line in found.lines] == [1, 3]
    assert found.spent() == 31562


def test_a_returned_piece_that_was_not_cancelled_came_back_all_the_same() -> None:
    lines = [LINES[0], LINES[1] | {"quantity": 3, "linePrice": 10059, "proratedLinePrice": 10059}]
    lines[1] |= {"proratedLinePriceWithTax": 11970}
    found = order(lines=lines, subTotal=26782, subTotalWithTax=31870)
    assert [line.remaining for line in found.lines] == [1, 2]


def test_an_order_that_came_back_whole_is_returned() -> None:
    """Vendure forgets the discount of a line that is cancelled whole; the payment remembers it."""
    gone = LINES[0] | {"quantity": 0, "linePrice": 0, "proratedLinePrice": 0, "proratedLinePriceWithTax": 0}
    payments = [{"method": "dummy", "amount": 18400, "state": "Settled", "refunds": []}]
    payments[0]["refunds"] = [
        REFUND | {"total": 18400, "shipping": 490, "lines": [{"orderLineId": "1", "quantity": 1}]}
    ]
    found = order(lines=[gone], subTotal=0, subTotalWithTax=0, payments=payments)
    assert (found.total, found.spent(), found.all_returned()) == (18400, 0, True)
    assert found.discounts == 1672  # of the 19.90 that are missing, without tax
    assert found.goods - found.discounts + found.shipping + found.tax == 18400
    assert found.payment is Payment.NONE


def test_cancelled_shipping_is_charged_and_given_back() -> None:
    cancelled = {"adjustmentSource": "CANCEL_ORDER", "amount": -490, "amountWithTax": -490}
    shipping = [{"discountedPrice": 0, "discountedPriceWithTax": 0, "discounts": [cancelled]}]
    found = order(shippingLines=shipping, payments=with_refund(total=4480, shipping=490))
    assert (found.total, found.shipping, found.spent()) == (32360, 490, 27880)


def test_a_line_added_afterwards_counts_as_ordered() -> None:
    added = LINES[0] | {"orderPlacedQuantity": 0}
    found = order(lines=[added], subTotal=16723, subTotalWithTax=19900)
    assert [(line.quantity, line.remaining, line.total) for line in found.lines] == [(1, 1, 19900)]


def test_a_shop_that_shows_prices_without_tax_shows_lines_like_that() -> None:
    found = to_order(msgspec.convert(RETURNED, OrderRow), NET)
    assert [line.total for line in found.lines] == [16723, 10059]


@pytest.mark.parametrize(
    ("state", "payment", "expected"),
    [
        ("PaymentAuthorized", {"state": "Authorized"}, (Payment.NONE, Shipment.NONE)),
        ("PaymentSettled", {"amount": 10000}, (Payment.PARTLY, Shipment.NONE)),
        ("PartiallyShipped", {}, (Payment.PAID, Shipment.PARTLY)),
        ("Shipped", {"state": "Authorized"}, (Payment.NONE, Shipment.SHIPPED)),
        ("Delivered", {}, (Payment.PAID, Shipment.SHIPPED)),
        ("PaymentSettled", {"refunds": [REFUND | {"total": 32360}]}, (Payment.NONE, Shipment.NONE)),
    ],
)
def test_states_say_how_far_an_order_is(state: str, payment: dict[str, Any], expected: Any) -> None:
    found = order(state=state, payments=[RETURNED["payments"][0] | payment])
    assert (found.payment, found.shipment) == expected


def test_an_order_that_is_changed_after_a_parcel_left_is_partly_shipped() -> None:
    parcels = [
        {"createdAt": "2026-11-23T08:00:00.000Z", "state": "Shipped"},
        {"createdAt": "2026-11-24T08:00:00.000Z", "state": "Pending"},
    ]
    found = order(state="ArrangingAdditionalPayment", fulfillments=parcels)
    assert (found.shipment, found.shipped_at) == (Shipment.PARTLY, datetime(2026, 11, 23, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("parcel", "expected"),
    [("Delivered", Shipment.PARTLY), ("Pending", Shipment.NONE), ("Cancelled", Shipment.NONE)],
)
def test_an_order_cancelled_after_a_parcel_left_was_shipped(parcel: str, expected: Shipment) -> None:
    parcels = [{"createdAt": "2026-11-23T08:00:00.000Z", "state": parcel}]
    assert order(state="Cancelled", fulfillments=parcels).shipment is expected


@pytest.mark.parametrize(
    ("currency", "precision", "expected"),
    [("EUR", 2, 32360), ("EUR", 3, 3236), ("JPY", 2, 324), ("KWD", 2, 323600)],
)
def test_money_is_in_the_decimals_of_its_currency(currency: str, precision: int, expected: int) -> None:
    ground = Ground(
        currency=currency,
        language="de",
        languages=frozenset(),
        prices_include_tax=True,
        precision=precision,
    )
    found = to_order(msgspec.convert(RETURNED | {"currencyCode": currency}, OrderRow), ground)
    assert found.total == expected
    assert found.goods - found.discounts + found.shipping + found.tax == expected


def test_a_record_without_a_login_is_a_guest() -> None:
    row = {
        "id": "4",
        "createdAt": "2026-11-22T04:15:53.000Z",
        "updatedAt": "2026-11-22T04:15:53.000Z",
        "title": "Frau",
        "firstName": "",
        "lastName": "Gruber",
        "emailAddress": "gast@example.test",
        "groups": [{"id": "1", "name": "Presse"}],
        "addresses": [
            {"city": "Wien", "country": {"code": "AT"}, "defaultBillingAddress": False},
            {"city": "Berlin", "country": {"code": "DE"}, "defaultBillingAddress": True},
        ],
        "user": None,
    }
    found = to_customer(msgspec.convert(row, CustomerRow), GROUND)
    assert (found.guest, found.account_status, found.first_name) == (True, None, None)
    assert (found.country, found.city, found.tags, found.gender) == ("DE", "Berlin", ("Presse",), "female")


def test_a_mark_is_found_in_any_language() -> None:
    row = {
        "id": "1",
        "updatedAt": "2026-11-22T04:15:56.000Z",
        "couponCode": "SKTEST23456",
        "enabled": True,
        "translations": [{"description": ""}, {"description": "Stammkunde [sk:come-back:1:2]"}],
    }
    coupon = to_coupon(msgspec.convert(row, PromotionRow))
    assert coupon is not None
    assert coupon.mark == Mark("come-back", "1", 2)
    assert to_coupon(msgspec.convert(row | {"translations": []}, PromotionRow)) is None
