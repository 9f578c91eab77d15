"""Translators of the JTL adapter: recorded rows of the shop's own API, and rows as the plugin's page says."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from adapters.jtl import core_records as core
from adapters.jtl import records as plugin
from adapters.jtl.client import shop_url
from adapters.jtl.positions import Position, Sums, sums, to_lines
from adapters.jtl.pushes import from_change, run_name
from connector.errors import ConfigError, ResponseError
from connector.model import Consent, DisableCoupon, Mark, Payment, Shipment
from connector.testing import make_coupon

SAMPLES = Path(__file__).parent / "jtl_samples"
BERLIN = ZoneInfo("Europe/Berlin")
SHELF = core.Shelf(
    currency="EUR",
    zone=BERLIN,
    groups={1: "Endkunden", 2: "Händler"},
    categories={
        2: core.CategoryRow(id=2, name="Schals", parent_id=5),
        5: core.CategoryRow(id=5, name="Mode"),
    },
    manufacturers={8: "Glas & Co"},
)


def sample(name: str, row: type[Any]) -> Any:
    """The rows of a recorded answer."""
    data = msgspec.json.decode((SAMPLES / f"{name}.json").read_bytes(), type=dict[str, Any])["data"]
    kind: Any = row
    return msgspec.convert(data, list[kind] if isinstance(data, list) else kind, strict=False)


# -- the shop's own API, as recorded ------------------------------------------------------------------------


def test_a_recorded_customer() -> None:
    anna = core.to_customer(sample("customers", core.CustomerRow)[0], SHELF)
    assert (anna.id, anna.email, anna.first_name, anna.last_name) == (
        "1",
        "anna@example.test",
        "Anna",
        "Müller",
    )
    assert (anna.company, anna.city, anna.country) == ("Firma Müller GmbH", "Berlin", "DE")
    assert (anna.group, anna.guest, anna.account_status) == ("Endkunden", False, "enabled")
    assert (anna.gender, anna.birthday) == ("female", date(1980, 1, 1))
    assert (anna.tags, anna.consents, anna.phone, anna.region) == ((), (), None, None)


def test_the_zone_beside_a_date_is_not_believed() -> None:
    row = sample("customers", core.CustomerRow)[0]
    assert core.to_customer(row, SHELF).updated_at == datetime(2026, 11, 22, 2, 53, 9, tzinfo=UTC)
    utc = msgspec.structs.replace(SHELF, zone=ZoneInfo("UTC"))
    assert core.to_customer(row, utc).updated_at == datetime(2026, 11, 22, 3, 53, 9, tzinfo=UTC)
    assert core.to_customer(row, utc).created_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_dates_come_as_objects_as_text_or_not_at_all() -> None:
    assert core.moment("2026-11-22 03:48:44", BERLIN) == datetime(2026, 11, 22, 2, 48, 44, tzinfo=UTC)
    assert core.moment("2026-11-22", BERLIN) == datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    for nothing in (None, "", "0000-00-00", core.Stamp("-0001-11-30 00:00:00.000000")):
        assert core.moment(nothing, BERLIN) is None
    with pytest.raises(ResponseError, match="gave 'soon' as a date"):
        core.moment("soon", BERLIN)


def test_a_recorded_guest() -> None:
    guest = core.to_customer(sample("guest", core.CustomerRow)[0], SHELF)
    assert (guest.id, guest.guest, guest.account_status, guest.birthday) == ("13", True, None, None)


def test_a_recorded_order() -> None:
    row, cart = sample("orders", core.OrderRow)[0], sample("cart", core.CartRow)
    order = core.to_order(row, cart, SHELF)
    assert (order.id, order.number, order.customer_id) == ("1", "10000", "1")
    assert (order.total, order.goods, order.discounts) == (21013, 17305, 0)
    assert (order.shipping, order.tax) == (353, 3355)
    assert [(line.product_id, line.sku, line.quantity, line.total) for line in order.lines] == [
        ("1", "02480008", 2, 20593)
    ]
    assert (order.payment, order.shipment, order.payment_method) == (
        Payment.NONE,
        Shipment.NONE,
        "Überweisung",
    )
    assert order.placed_at == datetime(2026, 11, 22, 2, 55, 20, tzinfo=UTC)
    assert (order.updated_at, order.cancelled_at, order.codes, order.email) == (None, None, (), None)


def test_the_coupon_of_a_recorded_cart_is_taken_off_the_goods() -> None:
    cart = sample("cart_with_coupon", core.CartRow)
    row = core.OrderRow(id=32, cart_id=32, total=Decimal("102.17"), created="2026-11-22 04:10:35", state="1")
    order = core.to_order(row, cart, SHELF)
    # 102.97 of goods less 5.00, and 4.20 for the parcel
    assert (order.total, order.goods, order.discounts) == (10217, 8653, 420)
    assert (order.shipping, order.tax) == (353, 1631)
    assert [line.total for line in order.lines] == [9797]


def test_an_order_whose_cart_is_missing_keeps_its_total() -> None:
    order = core.to_order(sample("orders", core.OrderRow)[0], None, SHELF)
    assert (order.total, order.goods, order.tax, order.lines) == (21013, 21013, 0, ())


def test_customer_credit_counts_as_charged() -> None:
    cart = sample("cart", core.CartRow)
    row = sample("orders", core.OrderRow)[0]
    part = msgspec.structs.replace(row, total=Decimal("200.13"), balance=Decimal(-10))
    assert core.to_order(part, cart, SHELF).total == 21013


@pytest.mark.parametrize(
    ("state", "paid", "shipped", "payment", "shipment"),
    [
        ("1", None, None, Payment.NONE, Shipment.NONE),
        ("2", None, None, Payment.NONE, Shipment.NONE),
        ("3", None, None, Payment.PAID, Shipment.NONE),
        ("1", "2026-11-23", None, Payment.PAID, Shipment.NONE),
        ("4", None, "2026-11-24", Payment.NONE, Shipment.SHIPPED),
        ("5", "2026-11-23", "2026-11-24", Payment.PAID, Shipment.PARTLY),
    ],
)
def test_states_of_orders(
    state: str, paid: str | None, shipped: str | None, payment: Payment, shipment: Shipment
) -> None:
    row = msgspec.structs.replace(
        sample("orders", core.OrderRow)[0], state=state, payment_date=paid, shipping_date=shipped
    )
    order = core.to_order(row, None, SHELF)
    assert (order.payment, order.shipment, order.cancelled_at) == (payment, shipment, None)
    assert order.shipped_at == (datetime(2026, 11, 23, 23, 0, tzinfo=UTC) if shipped else None)


def test_a_cancelled_order_is_cancelled_although_nobody_knows_when() -> None:
    row = msgspec.structs.replace(sample("orders", core.OrderRow)[0], state="-1")
    order = core.to_order(row, None, SHELF)
    assert order.cancelled_at == order.placed_at


def test_a_recorded_product() -> None:
    product = core.to_product(sample("products", core.ProductRow)[0], None, SHELF)
    assert (product.id, product.title, product.skus) == ("1", "Hervorragender Glas-Schal", ("02480008",))
    assert (product.vendor, product.categories) == ("Glas & Co", ("Schals", "Mode"))
    assert product.updated_at == datetime(2026, 11, 22, 2, 48, 44, tzinfo=UTC)


def test_a_variation_is_in_the_categories_of_its_parent() -> None:
    parent = sample("products", core.ProductRow)[0]
    child = core.ProductRow(id=7, name="Glas-Schal, rot", sku="02480008-R", parent_id=1)
    assert core.to_product(child, parent, SHELF).categories == ("Schals", "Mode")
    assert core.to_product(child, None, SHELF).categories == ()


# -- sums ---------------------------------------------------------------------------------------------------


def position(kind: int, net: str, **values: Any) -> Position:
    return Position(type=kind, net_price=Decimal(net), tax_percent=Decimal(19), **values)


def test_surcharges_go_with_shipping_and_what_lowers_an_order_with_discounts() -> None:
    positions = [
        position(1, "100"),
        position(2, "4"),
        position(5, "2"),
        position(5, "-3"),
        position(99, "1"),
        position(4, "-10"),
    ]
    assert sums(positions, Decimal("111.86"), "EUR") == Sums(11186, 10000, 1300, 700, 1786)


def test_lines_add_up_to_the_goods_less_the_discounts() -> None:
    goods = [
        position(1, "8.40336134453782"),
        position(1, "8.40336134453782"),
        position(1, "8.40336134453782"),
    ]
    lines = to_lines([*goods, position(3, "-8.40336134453782")], "EUR")
    assert [line.total for line in lines] == [667, 666, 667]


def test_goods_by_weight_are_one_piece_of_something() -> None:
    (line,) = to_lines([position(1, "20", quantity=Decimal("0.5"))], "EUR")
    assert (line.quantity, line.remaining, line.total) == (1, 1, 1190)


def test_a_gift_is_worth_nothing_and_more_off_than_there_is_leaves_nothing() -> None:
    lines = to_lines([position(1, "10"), position(11, "0"), position(3, "-20")], "EUR")
    assert [line.total for line in lines] == [0, 0]


def test_a_total_below_its_positions_lowers_the_goods() -> None:
    assert sums([position(1, "100")], Decimal(90), "EUR") == Sums(9000, 9000, 0, 0, 0)


# -- the plugin's rows --------------------------------------------------------------------------------------

CUSTOMER = b"""{"id": "1", "registered": true, "number": "K10001", "email": "anna@example.test",
  "salutation": "w", "first_name": "Anna", "last_name": "M\xc3\xbcller", "company": null, "phone": null,
  "language": "de", "country": "DE", "region": null, "city": "Berlin",
  "group_id": "1", "group": "Endkunden", "net_prices": false,
  "locked": false, "active": true, "birthday": "1980-01-01",
  "created": "2026-10-23", "modified": "2026-11-22T03:53:09Z",
  "consent": {"state": "subscribed", "level": "confirmed", "changed": "2026-11-22T03:52:00Z"},
  "tags": ["sk:stammkunde"], "attributes": {"come-back": "SK7Q2M9XKTBN"}, "order_count": 4}"""

ORDER = b"""{"id": "32", "number": "10031", "customer_id": "7", "registered": true, "email": "g@example.test",
  "created": "2026-11-22T04:10:35Z", "modified": "2026-11-22T04:10:36Z",
  "state": 1, "cancelled": null, "paid": null, "shipped": null,
  "total": 102.17, "credit_used": 0.0, "currency": "EUR", "paid_in": {"currency": "CHF", "factor": 0.95},
  "payment_method": "PayPal", "shipping_method": "DHL", "country": "DE", "language": "de",
  "payments": [{"id": "3", "amount": 97.06, "fee": 0.0, "currency": "CHF", "at": "2026-11-22T04:12:00Z"}],
  "codes": ["WB-7Q2X"], "coupons": [], "returns": {"open": false},
  "lines": [
    {"id": "75", "type": 1, "product_id": "1", "variant_id": null, "sku": "02480008", "name": "Schal",
     "quantity": 1.0, "net_price": 86.526302521008, "tax_percent": 19.0},
    {"id": "76", "type": 3, "product_id": null, "variant_id": null, "sku": "", "name": "Winback 5 EUR",
     "quantity": 1.0, "net_price": -4.2016806722689, "tax_percent": 19.0},
    {"id": "77", "type": 2, "product_id": null, "variant_id": null, "sku": "", "name": "DHL",
     "quantity": 1.0, "net_price": 3.5294117647059, "tax_percent": 19.0}]}"""


def plugin_order(**values: Any) -> Any:
    return msgspec.structs.replace(msgspec.json.decode(ORDER, type=plugin.OrderRow), **values)


def test_a_customer_of_the_plugin() -> None:
    anna = plugin.to_customer(msgspec.json.decode(CUSTOMER, type=plugin.CustomerRow), BERLIN)
    assert anna.created_at == datetime(2026, 10, 22, 22, 0, tzinfo=UTC)
    changed = datetime(2026, 11, 22, 3, 52, tzinfo=UTC)
    assert anna.consents == (
        Consent(channel="email", state="subscribed", level="confirmed", changed_at=changed),
    )
    assert (anna.tags, anna.attributes, anna.shop_order_count) == (("sk:stammkunde",), {}, 4)


@pytest.mark.parametrize(
    ("code", "country", "kept"),
    [
        ("DE-BE", "DE", "BE"),
        ("BE", "DE", "BE"),
        ("Tirol", "AT", None),
        ("", "DE", None),
        (None, None, None),
    ],
)
def test_a_region_is_without_its_country(code: str | None, country: str | None, kept: str | None) -> None:
    assert plugin.region(code, country) == kept


def test_an_order_of_the_plugin() -> None:
    order = plugin.to_order(plugin_order(), BERLIN)
    assert (order.total, order.goods, order.discounts) == (10217, 8653, 420)
    assert (order.shipping, order.tax) == (353, 1631)
    assert [(line.product_id, line.total) for line in order.lines] == [("1", 9797)]
    assert (order.codes, order.email, order.country) == (("WB-7Q2X",), "g@example.test", "DE")


def test_money_that_came_in_another_currency_pays_the_order() -> None:
    assert plugin.to_order(plugin_order(), BERLIN).payment is Payment.PAID
    half = msgspec.structs.replace(plugin_order().payments[0], amount=Decimal(40))
    assert plugin.to_order(plugin_order(payments=(half,)), BERLIN).payment is Payment.PARTLY
    assert plugin.to_order(plugin_order(payments=()), BERLIN).payment is Payment.NONE


def test_credit_used_counts_as_charged() -> None:
    order = plugin.to_order(plugin_order(total=Decimal("92.17"), credit_used=Decimal(10)), BERLIN)
    assert order.total == 10217


def test_a_cancelled_order_of_the_plugin_says_when() -> None:
    noticed = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert plugin.to_order(plugin_order(state=-1, cancelled=noticed), BERLIN).cancelled_at == noticed
    assert plugin.to_order(plugin_order(cancelled=noticed), BERLIN).cancelled_at is None


def test_a_coupon_without_our_mark_is_none_of_ours() -> None:
    row = plugin.CouponRow(id="8", code="X", mark="Sommer", modified=datetime(2026, 1, 1, tzinfo=UTC))
    assert plugin.to_coupon(row) is None


# -- what is sent -------------------------------------------------------------------------------------------


def test_a_coupon_is_sent_in_the_shops_own_unit() -> None:
    change = make_coupon(percent=None, amount=1250, minimum=3000, attribute="come-back")
    assert from_change(change) == {
        "type": "create-coupon",
        "mark": "sk:come-back:c1001:1",
        "code": "SKTEST23456",
        "customer_id": "1001",
        "title": "10 % für Sie",
        "currency": "EUR",
        "minimum": 30.0,
        "starts": "2026-01-01T00:00:00Z",
        "ends": "2099-12-31T00:00:00Z",
        "bound": "customer",
        "amount": 12.5,
        "attribute": "come-back",
    }


def test_an_attribute_is_cleared_only_where_its_customer_is_named() -> None:
    mark = Mark("come-back", "c1001", 1)
    assert from_change(DisableCoupon(mark=mark, code="SK1", attribute="come-back")) == {
        "type": "disable-coupon",
        "mark": "sk:come-back:c1001:1",
        "code": "SK1",
    }


def test_the_name_of_a_run_fits_the_plugin() -> None:
    assert run_name("2026-11-22 04:00/Rösterei") == "2026-11-22-04:00-R-sterei"
    assert run_name("x" * 70) == "x" * 64


@pytest.mark.parametrize(
    "url", ["https://shop.example", " https://shop.example/ ", "https://shop.example/stammkunde/v1"]
)
def test_the_address_of_the_shop_or_of_the_plugin_will_do(url: str) -> None:
    assert shop_url(url) == "https://shop.example"


@pytest.mark.parametrize(
    "url", ["shop.example", "ftp://shop.example", "https://", "https://shop.example/?a=1"]
)
def test_what_is_no_address_of_a_shop_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is no address of a shop"):
        shop_url(url)
