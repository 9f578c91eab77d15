"""What Medusa sends, and what becomes of it. The answers are shortened recordings of version 2.21.2."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters.medusa.orders import OrderRow, to_order
from adapters.medusa.records import (
    CustomerRow,
    ProductRow,
    PromotionRow,
    to_coupon,
    to_customer,
    to_product,
)
from connector.model import Mark, Order, Payment, Shipment

DETAIL = {"return_requested_quantity": 0, "return_received_quantity": 0, "return_dismissed_quantity": 0}

#: Two espressos for 100.00 and a book for 40.00, ten per cent off, 19 % tax in the prices, shipping for 5.00.
LINES: list[dict[str, Any]] = [
    {
        "id": "ordli_1",
        "title": "a",
        "product_title": "Espresso",
        "variant_id": "variant_1",
        "product_id": "prod_1",
        "variant_sku": "ESP-1",
        "is_giftcard": False,
        "is_tax_inclusive": True,
        "unit_price": 100,
        "quantity": 2,
        "tax_lines": [{"rate": 19}],
        "adjustments": [{"amount": 20, "code": "TEN", "is_tax_inclusive": True}],
        "detail": DETAIL,
    },
    {
        "id": "ordli_2",
        "title": "a",
        "product_title": "Buch",
        "variant_id": "variant_2",
        "product_id": "prod_2",
        "variant_sku": "BUCH-1",
        "is_giftcard": False,
        "is_tax_inclusive": True,
        "unit_price": 40,
        "quantity": 1,
        "tax_lines": [{"rate": 19}],
        "adjustments": [{"amount": 4, "code": "TEN", "is_tax_inclusive": True}],
        "detail": DETAIL,
    },
]
NEW: dict[str, Any] = {
    "id": "order_1",
    "display_id": 5,
    "custom_display_id": None,
    "status": "pending",
    "version": 1,
    "email": "emil@example.test",
    "currency_code": "eur",
    "created_at": "2026-11-22T09:48:05.602Z",
    "updated_at": "2026-11-22T09:48:05.602Z",
    "canceled_at": None,
    "customer_id": "cus_1",
    "total": 221,
    "summary": {"original_order_total": 221, "refunded_total": 0},
    "shipping_total": 5,
    "shipping_tax_total": 0.7983193277310925,
    "items": LINES,
    "shipping_methods": [{"adjustments": []}],
    "sales_channel": {"id": "sc_1", "name": "Default Sales Channel"},
    "shipping_address": {"country_code": "de"},
    "billing_address": None,
    "promotions": [{"id": "promo_1", "code": "TEN", "is_automatic": False}],
    "payment_collections": [
        {"id": "pay_col_1", "payments": [{"provider_id": "pp_system_default", "refunds": []}]}
    ],
    "fulfillments": [],
    "payment_status": "authorized",
    "fulfillment_status": "not_fulfilled",
}

#: The same after a refund of goodwill (10.00), the return of one espresso, and the refund of it (90.00).
#: Medusa's own `original_order_total` is 211 by now, and its `original_total` 145.
RETURNED = {
    **NEW,
    "updated_at": "2026-11-22T09:48:11.996Z",
    "total": 121,
    "summary": {"original_order_total": 211, "refunded_total": 100},
    "items": [{**LINES[0], "detail": {**DETAIL, "return_received_quantity": 1}}, LINES[1]],
    "payment_collections": [
        {
            "id": "pay_col_1",
            "payments": [
                {
                    "provider_id": "pp_system_default",
                    "refunds": [
                        {"id": "ref_2", "amount": 90, "created_at": "2026-11-22T09:48:13.100Z"},
                        {"id": "ref_1", "amount": 10, "created_at": "2026-11-22T09:48:09.793Z"},
                    ],
                }
            ],
        }
    ],
    "fulfillments": [
        {"shipped_at": "2026-11-22T09:48:08.162Z", "delivered_at": None, "canceled_at": None},
        {
            "shipped_at": "2026-11-22T10:00:00.000Z",
            "delivered_at": None,
            "canceled_at": "2026-11-22T10:01:00.000Z",
        },
    ],
    "payment_status": "partially_refunded",
    "fulfillment_status": "shipped",
}


def order(row: dict[str, Any], **other: Any) -> Order:
    return to_order(msgspec.convert({**row, **other}, OrderRow))


def test_an_order_with_tax_in_its_prices() -> None:
    found = order(NEW)
    assert (found.id, found.number, found.customer_id) == ("order_1", "#5", "cus_1")
    assert (found.total, found.goods, found.discounts, found.shipping, found.tax) == (
        22100,
        20168,
        2017,
        420,
        3529,
    )
    assert [(line.sku, line.quantity, line.remaining, line.total) for line in found.lines] == [
        ("ESP-1", 2, 2, 18000),
        ("BUCH-1", 1, 1, 3600),
    ]
    assert (found.currency, found.country, found.channel) == ("EUR", "DE", "Default Sales Channel")
    assert (found.codes, found.payment_method) == (("TEN",), "pp_system_default")
    assert found.placed_at == datetime(2026, 11, 22, 9, 48, 5, 602000, tzinfo=UTC)
    assert (found.payment, found.shipment, found.cancelled_at) == (Payment.NONE, Shipment.NONE, None)


def test_an_order_with_tax_on_top_of_its_prices() -> None:
    """As the server added it up: 262.99."""
    lines = [{**line, "is_tax_inclusive": False} for line in LINES]
    for line in lines:
        (adjustment,) = line["adjustments"]
        line["adjustments"] = [{**adjustment, "amount": adjustment["amount"], "is_tax_inclusive": False}]
    found = order(NEW, items=lines, shipping_total=5.95, shipping_tax_total=0.95)
    assert (found.total, found.goods, found.discounts, found.shipping, found.tax) == (
        26299,
        24000,
        2400,
        500,
        4199,
    )
    assert [line.total for line in found.lines] == [18000, 3600], "as the shop shows its prices"


def test_what_was_charged_stays_after_refunds_and_returns() -> None:
    found = order(RETURNED)
    assert (found.total, found.refunded(), found.spent()) == (22100, 10000, 12100)
    assert [(line.quantity, line.remaining, line.total) for line in found.lines] == [
        (2, 1, 18000),
        (1, 1, 3600),
    ]
    assert [(refund.id, refund.amount, refund.tax, refund.shipping) for refund in found.refunds] == [
        ("ref_1", 1000, 160, 0),
        ("ref_2", 9000, 1437, 0),
    ]
    assert (found.payment, found.shipment) == (Payment.PAID, Shipment.SHIPPED)
    assert found.shipped_at == datetime(2026, 11, 22, 9, 48, 8, 162000, tzinfo=UTC), "not the cancelled one"


def test_what_is_refunded_beyond_the_goods_is_shipping() -> None:
    refunds = [{"id": "ref_1", "amount": 221, "created_at": "2026-11-22T10:00:00.000Z"}]
    found = order(
        NEW,
        status="canceled",
        canceled_at="2026-11-22T10:00:01.000Z",
        payment_status="refunded",
        payment_collections=[{"payments": [{"provider_id": "pp_stripe_stripe", "refunds": refunds}]}],
    )
    (refund,) = found.refunds
    assert (refund.amount, refund.tax, refund.shipping) == (22100, 3529, 420)
    assert (found.spent(), found.net_sales()) == (0, 0)
    assert found.cancelled_at == datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC)
    assert found.payment is Payment.NONE


def test_pieces_that_cannot_be_sold_again_came_back_too() -> None:
    line = {**LINES[1], "detail": {**DETAIL, "return_dismissed_quantity": 1}}
    refunds = [{"id": "ref_1", "amount": 36, "created_at": "2026-11-22T10:00:00.000Z"}]
    found = order(NEW, items=[line], payment_collections=[{"payments": [{"refunds": refunds}]}])
    assert found.lines[0].remaining == 0
    assert found.all_returned()


def test_an_announced_return_is_open() -> None:
    line = {**LINES[1], "detail": {**DETAIL, "return_requested_quantity": 1}}
    assert order(NEW, items=[line]).open_return
    assert not order(NEW).open_return


def test_a_line_that_an_edit_emptied_is_worth_nothing() -> None:
    assert order(NEW, items=[{**LINES[0], "quantity": 0}, LINES[1]]).total == 4100


@pytest.mark.parametrize(
    ("state", "payment"),
    [
        ("not_paid", Payment.NONE),
        ("awaiting", Payment.NONE),
        ("requires_action", Payment.NONE),
        ("authorized", Payment.NONE),
        ("partially_authorized", Payment.NONE),
        ("canceled", Payment.NONE),
        ("partially_captured", Payment.PARTLY),
        ("captured", Payment.PAID),
        ("partially_refunded", Payment.PAID),
        ("refunded", Payment.NONE),
    ],
)
def test_states_of_payment(state: str, payment: Payment) -> None:
    assert order(NEW, payment_status=state).payment is payment


@pytest.mark.parametrize(
    ("state", "shipment"),
    [
        ("not_fulfilled", Shipment.NONE),
        ("partially_fulfilled", Shipment.NONE),
        ("fulfilled", Shipment.NONE),
        ("canceled", Shipment.NONE),
        ("partially_shipped", Shipment.PARTLY),
        ("partially_delivered", Shipment.PARTLY),
        ("shipped", Shipment.SHIPPED),
        ("delivered", Shipment.SHIPPED),
    ],
)
def test_states_of_fulfilment(state: str, shipment: Shipment) -> None:
    assert order(NEW, fulfillment_status=state).shipment is shipment


def test_an_order_that_costs_nothing_is_paid() -> None:
    found = order(NEW, items=[], shipping_total=0, shipping_tax_total=0, payment_status="not_paid")
    assert (found.total, found.payment) == (0, Payment.PAID)


def test_codes_are_those_that_were_typed() -> None:
    """An automatic promotion is none; one that was deleted stands in the adjustments only."""
    lines = [{**LINES[0], "adjustments": [{"amount": 1, "code": "GONE"}, {"amount": 1, "code": "AUTO"}]}]
    promotions = [{"code": "AUTO", "is_automatic": True}, {"code": "FREE", "is_automatic": False}, None]
    shipping = [{"adjustments": [{"code": "FREE"}]}]
    found = order(NEW, items=lines, promotions=promotions, shipping_methods=shipping)
    assert found.codes == ("FREE", "GONE")


def test_yen_have_no_decimals() -> None:
    lines = [{**LINES[1], "unit_price": 1190, "adjustments": [], "is_tax_inclusive": True}]
    found = order(NEW, items=lines, currency_code="jpy", shipping_total=0, shipping_tax_total=0)
    assert (found.currency, found.total, found.tax) == ("JPY", 1190, 190)


def test_an_account_and_a_guest() -> None:
    row = {
        "id": "cus_1",
        "email": "anna@example.test",
        "first_name": "Anna",
        "last_name": "Albrecht",
        "company_name": None,
        "phone": "",
        "has_account": True,
        "created_at": "2026-11-22T04:03:17.059Z",
        "updated_at": "2026-11-22T04:03:22.965Z",
        "groups": [{"id": "cusgroup_1", "name": "seg:VIP"}],
        "addresses": [
            {"city": "Wien", "country_code": "at", "is_default_billing": False},
            {"city": "Berlin", "country_code": "de", "province": "BE", "is_default_billing": True},
        ],
    }
    found = to_customer(msgspec.convert(row, CustomerRow))
    assert (found.guest, found.account_status, found.tags) == (False, "enabled", ("seg:VIP",))
    assert (found.country, found.city, found.region, found.phone) == ("DE", "Berlin", "BE", None)
    guest = to_customer(msgspec.convert({**row, "has_account": False, "addresses": []}, CustomerRow))
    assert (guest.guest, guest.account_status, guest.country) == (True, None, None)


def test_a_product_with_its_collection_and_its_type() -> None:
    row = {
        "id": "prod_1",
        "title": "Espresso",
        "updated_at": "2026-11-22T09:46:05.876Z",
        "categories": [{"id": "pcat_1", "name": "Kaffee"}],
        "collection": {"id": "pcol_1", "title": "Herbst"},
        "tags": [{"id": "ptag_1", "value": "espresso"}],
        "type": {"id": "ptyp_1", "value": "Bohnen"},
        "variants": [{"id": "variant_1", "sku": "ESP-1"}, {"id": "variant_2", "sku": None}],
    }
    found = to_product(msgspec.convert(row, ProductRow))
    assert (found.categories, found.tags, found.skus) == (
        ("Kaffee", "Herbst"),
        ("espresso", "Bohnen"),
        ("ESP-1",),
    )


PROMOTION: dict[str, Any] = {
    "id": "promo_1",
    "code": "SKABCDEFGHJKM",
    "status": "active",
    "updated_at": "2026-11-22T09:46:06.976Z",
    "campaign_id": "procamp_1",
    "campaign": {
        "id": "procamp_1",
        "description": "Stammkunde [sk:come-back:cus_1:2]",
        "starts_at": "2026-01-01T00:00:00.000Z",
        "ends_at": "2099-12-31T23:59:59.000Z",
        "budget": {"used": 1},
    },
    "rules": [{"attribute": "customer.id", "values": [{"value": "cus_1"}]}],
}


def test_a_coupon_of_ours() -> None:
    coupon = to_coupon(msgspec.convert(PROMOTION, PromotionRow))
    assert coupon is not None
    assert (coupon.mark, coupon.customer_id, coupon.used) == (Mark("come-back", "cus_1", 2), "cus_1", 1)
    assert (coupon.active, coupon.ends_at) == (True, datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    "campaign", [None, {"id": "procamp_1", "description": None, "budget": {"used": 12.5}}]
)
def test_a_promotion_without_our_mark_is_foreign(campaign: Any) -> None:
    assert to_coupon(msgspec.convert({**PROMOTION, "campaign": campaign}, PromotionRow)) is None
