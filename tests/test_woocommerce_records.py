"""Translators of the WooCommerce adapter: recorded rows, and the corners that no recording has."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.woocommerce.coupons import CouponRow, from_create, to_coupon
from adapters.woocommerce.records import (
    STATES,
    CustomerRow,
    Meta,
    OrderRow,
    ProductRow,
    RefundRow,
    tags_of,
    to_customer,
    to_order,
    to_product,
)
from connector.errors import RejectedError
from connector.model import LineItem, Mark, Payment, Refund, Shipment
from connector.testing import make_coupon

SAMPLES = Path(__file__).parent / "woocommerce_samples"
DOCS = Path(__file__).parent.parent / "docs" / "platforms" / "woocommerce.md"


def sample(name: str, type_: Any) -> Any:
    return msgspec.json.decode((SAMPLES / f"{name}.json").read_bytes(), type=type_)


def row(**values: Any) -> OrderRow:
    """100.00 and 19 % tax, in one line of two pieces, and shipping for 4.00 and 0.76."""
    plain: dict[str, Any] = {
        "id": 14,
        "number": "14",
        "status": "processing",
        "currency": "EUR",
        "date_created_gmt": "2026-02-01T18:15:00",
        "date_modified_gmt": "2026-02-03T07:00:00",
        "total": "123.76",
        "total_tax": "19.76",
        "shipping_total": "4.00",
        "prices_include_tax": True,
        "line_items": [line()],
    }
    return msgspec.convert(plain | values, OrderRow)


def line(**values: Any) -> dict[str, Any]:
    return {"id": 1, "quantity": 2, "subtotal": "100.00", "total": "100.00", "total_tax": "19.00"} | values


def refund(**values: Any) -> RefundRow:
    plain = {"id": 23, "amount": "59.50", "date_created_gmt": "2026-02-20T09:00:00", "parent_id": 14}
    return msgspec.convert(plain | values, RefundRow)


# -- as recorded --------------------------------------------------------------------------------------------


def test_a_recorded_customer() -> None:
    admin, anna, *_ = map(to_customer, sample("customers", list[CustomerRow]))
    assert (anna.id, anna.email, anna.first_name, anna.last_name) == (
        "2",
        "anna@example.test",
        "Anna",
        "Albrecht",
    )
    assert (anna.country, anna.region, anna.city, anna.group) == ("DE", "BE", "Berlin", "customer")
    assert anna.created_at == datetime(2026, 11, 22, 4, 3, 3, tzinfo=UTC)
    assert anna.updated_at == datetime(2026, 11, 22, 4, 3, 4, tzinfo=UTC)
    assert (admin.group, admin.updated_at, admin.first_name) == ("administrator", None, None)


def test_a_recorded_order_with_its_refund() -> None:
    order = to_order(sample("order", OrderRow), sample("refunds", list[RefundRow]))
    assert (order.id, order.number, order.customer_id, order.email) == ("14", "14", "2", "anna@example.test")
    assert (order.total, order.goods, order.shipping, order.tax) == (32360, 31870, 490, 0)
    assert (order.payment, order.shipment, order.country) == (Payment.PAID, Shipment.NONE, "DE")
    assert [(each.sku, each.quantity, each.remaining, each.total) for each in order.lines] == [
        ("PRN-T1", 1, 1, 19900),
        ("TON-S", 3, 2, 11970),
    ]
    assert [(each.amount, each.tax, each.shipping) for each in order.refunds] == [(3990, 0, 0)]
    assert order.refunds[0].refunded_at == datetime(2026, 11, 22, 4, 3, 12, tzinfo=UTC)
    assert order.channel == "rest-api"


def test_a_recorded_coupon_of_somebody_else_is_none_of_ours() -> None:
    assert list(map(to_coupon, sample("coupons", list[CouponRow]))) == [None]


# -- orders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "payment", "shipment", "cancelled"),
    [
        ("pending", Payment.NONE, Shipment.NONE, False),
        ("on-hold", Payment.NONE, Shipment.NONE, False),
        ("failed", Payment.NONE, Shipment.NONE, False),
        ("processing", Payment.PAID, Shipment.NONE, False),
        ("completed", Payment.PAID, Shipment.SHIPPED, False),
        ("cancelled", Payment.NONE, Shipment.NONE, True),
        ("refunded", Payment.PAID, Shipment.NONE, False),
        ("wc-brought-by-a-plugin", Payment.NONE, Shipment.NONE, False),
    ],
)
def test_what_a_status_says(status: str, payment: Payment, shipment: Shipment, cancelled: bool) -> None:
    order = to_order(row(status=status), ())
    assert (order.payment, order.shipment, order.cancelled_at is not None) == (payment, shipment, cancelled)


def test_an_order_of_a_plugins_status_is_paid_if_the_shop_says_when() -> None:
    order = to_order(row(status="in-transit", date_paid_gmt="2026-02-02T10:00:00"), ())
    assert order.payment is Payment.PAID


def test_the_page_for_owners_has_the_same_states() -> None:
    rows = [line.split("|") for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    written = {cells[1].strip(" `"): cells[2].strip() for cells in rows if len(cells) >= 4}
    for status, fate in STATES.items():
        counts = fate.payment is Payment.PAID and not fate.returned
        assert written[status].startswith("counts" if counts else "does not count"), status


def test_tax_is_not_in_goods_discounts_and_shipping() -> None:
    """The order of `tests`' real shop: 238.00 and 11.90 with tax, five euros off, shipping 4.00."""
    lines = [
        line(quantity=2, subtotal="200.00", total="197.19", total_tax="37.47"),
        line(id=2, quantity=1, subtotal="10.00", total="8.61", total_tax="1.63"),
    ]
    order = to_order(
        row(
            total="249.66",
            total_tax="39.86",
            discount_total="4.20",
            line_items=lines,
            coupon_lines=[{"code": "B1"}],
        ),
        (),
    )
    assert (order.total, order.goods, order.discounts, order.shipping, order.tax) == (
        24966,
        21000,
        420,
        400,
        3986,
    )
    assert [each.total for each in order.lines] == [23466, 1024]
    assert order.codes == ("B1",)


def test_a_shop_that_shows_prices_without_tax_has_lines_without_it() -> None:
    assert to_order(row(prices_include_tax=False), ()).lines[0].total == 10000


def test_a_fee_goes_with_shipping_and_a_negative_one_is_a_discount() -> None:
    fees = [{"total": "2.00", "total_tax": "0.38"}, {"total": "-1.00", "total_tax": "-0.19"}]
    order = to_order(row(total="124.95", total_tax="19.95", fee_lines=fees), ())
    assert (order.goods, order.discounts, order.shipping, order.tax) == (10000, 100, 600, 1995)


def test_what_a_plugin_takes_off_the_total_is_taken_off_the_goods() -> None:
    """A gift card that pays everything: no goods are sold below nothing, and no tax is left over."""
    order = to_order(row(total="4.00"), ())
    assert (order.total, order.goods, order.shipping, order.tax) == (400, 0, 400, 0)


def test_a_refund_of_lines_and_shipping() -> None:
    back = {
        "line_items": [
            line(id=6, quantity=-1, total="-50.00", total_tax="-9.50")
            | {"meta_data": [{"key": "_refunded_item_id", "value": "1"}]}
        ],
        "shipping_lines": [{"total": "-2.00", "total_tax": "-0.38"}],
    }
    order = to_order(row(), [refund(amount="61.88", **back)])
    at = datetime(2026, 2, 20, 9, 0, tzinfo=UTC)
    assert order.refunds == (Refund(id="23", refunded_at=at, amount=6188, tax=988, shipping=200),)
    assert (order.lines[0].remaining, order.net_sales(), order.spent()) == (1, 5000, 6188)


def test_the_status_refunded_means_that_everything_came_back() -> None:
    """The shop then makes a refund without lines, for all that was left."""
    order = to_order(row(status="refunded"), [refund(amount="123.76")])
    assert (order.refunds[0].tax, order.refunds[0].shipping) == (1976, 400)
    assert (order.net_sales(), order.spent()) == (0, 0)
    assert order.all_returned()


def test_a_refund_of_an_amount_has_the_tax_share_of_the_order() -> None:
    order = to_order(row(), [refund(amount="12.38")])
    assert (order.refunds[0].amount, order.refunds[0].tax, order.refunds[0].shipping) == (1238, 198, 0)
    assert not order.all_returned()


def test_two_refunds_of_one_line_add_up() -> None:
    meta = [{"key": "_refunded_item_id", "value": 1}]
    some = [
        refund(id=number, line_items=[line(quantity=-1, total="-50.00", total_tax="-9.50", meta_data=meta)])
        for number in (24, 23)
    ]
    order = to_order(row(), some)
    assert [each.id for each in order.refunds] == ["23", "24"]
    assert order.lines[0].remaining == 0


def test_a_guest_has_no_customer() -> None:
    order = to_order(row(customer_id=0, billing={"email": "gast@example.test", "country": "AT"}), ())
    assert (order.customer_id, order.email, order.country) == (None, "gast@example.test", "AT")


def test_goods_by_weight_are_whole_pieces() -> None:
    found = to_order(row(line_items=[line(quantity="0.5")]), ()).lines
    assert found == (LineItem(product_id=None, quantity=1, remaining=1, total=11900),)


def test_a_currency_without_decimals() -> None:
    order = to_order(row(currency="JPY", total="1234", total_tax="0", shipping_total="0", line_items=[]), ())
    assert (order.total, order.goods, order.currency) == (1234, 1234, "JPY")


AMOUNT = st.decimals(0, 10_000, places=2)


@given(total=AMOUNT, tax=AMOUNT, shipping=AMOUNT, discount=AMOUNT, fee=st.decimals(-100, 100, places=2))
def test_the_parts_of_an_order_are_its_total(
    total: object, tax: object, shipping: object, discount: object, fee: object
) -> None:
    order = to_order(
        row(
            total=str(total),
            total_tax=str(tax),
            shipping_total=str(shipping),
            discount_total=str(discount),
            fee_lines=[{"total": str(fee)}],
        ),
        (),
    )
    assert order.total == order.goods - order.discounts + order.shipping + order.tax
    assert order.tax >= 0


# -- customers and products ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (["sk:a", "B2B", "sk:a"], ("sk:a", "B2B")),
        ({"0": "sk:a", "2": "sk:b"}, ("sk:a", "sk:b")),
        ("sk:a, B2B", ("sk:a", "B2B")),
        (["sk:a", 7, None, ""], ("sk:a",)),
        (None, ()),
        (7, ()),
    ],
)
def test_tags_are_understood_however_php_wrote_them(value: object, tags: tuple[str, ...]) -> None:
    assert tags_of([Meta("other", ["x"]), Meta("stammkunde_tags", value)]) == tags


def test_names_of_products_and_categories_are_plain_text() -> None:
    found = to_product(
        msgspec.convert(
            {
                "id": 12,
                "name": "Kaffee &amp; Kuchen",
                "sku": "K-1",
                "categories": [{"id": 16, "name": "Tee &amp; Co"}],
                "brands": [{"id": 3, "name": "Hausmarke"}],
            },
            ProductRow,
        ),
        ["K-1-S", "K-1"],
    )
    assert (found.title, found.categories, found.vendor) == ("Kaffee & Kuchen", ("Tee & Co",), "Hausmarke")
    assert found.skus == ("K-1", "K-1-S")


# -- coupons ------------------------------------------------------------------------------------------------


def test_a_coupon_in_the_shops_words() -> None:
    change = make_coupon(
        bound="email",
        email=" Anna@Example.test ",
        minimum=3000,
        categories=("Tee",),
        exclude_categories=("Bücher",),
        sale_items=False,
    )
    body = from_create(change, "EUR", {"Tee": [17, 40], "Bücher": [18]})
    assert {name: body[name] for name in body if name not in ("meta_data", "description")} == {
        "code": "SKTEST23456",
        "discount_type": "percent",
        "amount": "10",
        "free_shipping": False,
        "usage_limit": 1,
        "individual_use": True,
        "exclude_sale_items": True,
        "minimum_amount": "30.00",
        "product_ids": [],
        "product_categories": [17, 40],
        "excluded_product_categories": [18],
        "email_restrictions": ["anna@example.test"],
        "date_expires": "2099-12-31T00:00:00Z",
    }
    assert body["description"] == "10 % für Sie [sk:come-back:c1001:1]"
    assert {"key": "stammkunde_mark", "value": "sk:come-back:c1001:1"} in body["meta_data"]


def test_a_coupon_for_products_names_their_ids() -> None:
    body = from_create(make_coupon(bound="nobody", products=("12", "40")), "EUR", {})
    assert (body["product_ids"], body["product_categories"]) == ([12, 40], [])


def test_products_and_categories_together_are_refused() -> None:
    change = make_coupon(bound="nobody", products=("12",), categories=("Tee",))
    with pytest.raises(RejectedError) as caught:
        from_create(change, "EUR", {"Tee": [17]})
    assert str(caught.value) == (
        "WooCommerce takes a coupon for products and categories off what is in either: name one of them."
    )


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "anna@example",
        "*@example.test",
        "ann*@example.test",
        "änna@example.test",
        "a b@example.test",
    ],
)
def test_an_address_that_wordpress_would_not_keep_is_refused(email: str) -> None:
    """It would make a coupon for anybody of it, or one for everybody with an address there."""
    with pytest.raises(RejectedError, match="anybody could use it"):
        from_create(make_coupon(bound="email", email=email), "EUR", {})


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"bound": "customer"}, "to an e-mail address, not to a customer account"),
        ({"bound": "nobody", "new_customers_only": True}, "new customers only"),
        ({"bound": "nobody", "percent": None, "amount": 500, "currency": "CHF"}, "shop's currency, EUR"),
        ({"bound": "nobody", "products": ("ESP-1",)}, "numbers its products"),
        ({"bound": "nobody", "categories": ("Nix",)}, "no category 'Nix'"),
    ],
)
def test_what_woocommerce_cannot_keep_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(RejectedError, match=why):
        from_create(make_coupon(**wrong), "EUR", {})


def test_a_code_in_small_letters_comes_back_as_it_was_written() -> None:
    meta = [Meta("stammkunde_mark", "sk:come-back:c1001:1"), Meta("stammkunde_code", "SKTEST23456")]
    found = to_coupon(CouponRow(id=7, code="sktest23456", meta_data=meta))
    assert found is not None
    assert (found.code, found.mark) == ("SKTEST23456", Mark("come-back", "c1001", 1))


def test_a_mark_in_the_description_alone_makes_no_coupon_ours() -> None:
    assert to_coupon(CouponRow(id=7, code="KOPIE", description="Kopie [sk:come-back:c1001:1]")) is None
