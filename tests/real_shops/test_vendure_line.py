"""The whole line on the real server: customers order through its checkout, and the owner types commands."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema, get_introspection_query, parse, validate
from pydantic import SecretStr

from adapters.vendure import VendureAdapter
from adapters.vendure.documents import PERMISSIONS, document
from adapters.vendure.sandbox.engine import schema as sandbox_schema
from connector.errors import AuthError
from connector.model import Change, Kind, Order, Payment, Product, Record, SetAttribute, Shipment, UpdateTags
from connector.testing import make_coupon, make_customer, records
from tests.real_shops.installation import Installation, write_private
from tests.real_shops.vendure_shop import RealVendure, RefusedError

pytestmark = pytest.mark.shops

RULES = """
[groups.stammkunden]
members = "number_of_orders >= 3"
tag = "stammkunde"

[groups.einmal]
members = "number_of_orders = 1"
tag = "einmal"

[campaigns.danke]
active = true
group = "stammkunden"
tag = "danke"
coupon = { percent = 10, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 10 }
"""


@pytest.fixture
def shop(vendure: RealVendure) -> RealVendure:
    """Anna is a regular, Bernd came once, Cem once and sent it back, Dora cancelled."""
    vendure.reset()
    vendure.put(Product(id="3001", title="Espresso", tags=("espresso",), skus=("ESP-1",)))
    for number, name in enumerate(("anna", "bernd", "cem", "dora")):
        made = datetime.now(UTC) - timedelta(days=400)
        email = f"{name}@example.com"
        vendure.put(make_customer(str(1001 + number), email=email, created_at=made, updated_at=made))
    vendure.set_tags("1001", ["Presse"])
    return vendure


@pytest.fixture
def laden(shop: RealVendure, tmp_path: Path) -> Installation:
    options = {
        "adapter": '"vendure"',
        "url": f'"{shop.url}"',
        "key": f'{{ file = "{write_private(tmp_path, "vendure.key", shop.key)}" }}',
        "push": "true",
        "limits": "{ losing = 0.10, gaining = 0.60, coupons = 500 }",
    }
    return Installation(tmp_path, options, RULES)


@pytest.fixture
def adapter(shop: RealVendure) -> Iterator[VendureAdapter]:
    adapter = VendureAdapter(**shop.login_settings())
    yield adapter
    adapter.close()


def order_of(adapter: VendureAdapter, number: str) -> Order:
    found: list[Record] = [each for each in records(adapter.orders(None, None)) if each.number == number]
    (order,) = found
    assert isinstance(order, Order)
    return order


def test_the_whole_line(shop: RealVendure, laden: Installation) -> None:
    for _ in range(3):
        shop.order("anna@example.com", ["3001", "3001"])
    shop.order("bernd@example.com", ["3001"])
    shop.refund(shop.order("cem@example.com", ["3001"])["code"])
    shop.cancel(shop.order("dora@example.com", ["3001"])["code"])

    assert "127.0.0.1" in laden.done("check").out
    laden.done("pull")
    laden.done("plan", "--approve")
    laden.done("push")
    assert {number: shop.tags_of(number) for number in ("1001", "1002", "1003", "1004")} == {
        "1001": {"Presse", "sk:stammkunde", "sk:danke"},
        "1002": {"sk:einmal"},
        "1003": frozenset(),
        "1004": frozenset(),
    }
    (code,) = shop.codes()
    assert re.fullmatch("SK[A-Z2-9]{11}", code)
    assert shop.attribute("1001", "stammkundeCode") == code
    laden.done("pull")
    assert "nothing to change" in laden.done("plan").out

    with pytest.raises(RefusedError, match="worth nothing"):
        shop.order("bernd@example.com", ["3001"], [code])
    order = shop.order("anna@example.com", ["3001"], [code.lower()])
    assert sum(line["linePriceWithTax"] - line["proratedLinePriceWithTax"] for line in order["lines"]) == 1000
    with pytest.raises(RefusedError, match="cannot be used more than"):
        shop.order("anna@example.com", ["3001"], [code])
    laden.done("pull")
    assert "redeemed" in laden.done("customer", "anna@example.com").out

    # The owner takes Bernd out of the group; that moves no date, and is seen all the same.
    shop.set_tags("1002", [])
    laden.done("pull")
    laden.done("push")
    assert shop.tags_of("1002") == {"sk:einmal"}


def test_an_order_tells_of_its_refund_and_of_what_was_cancelled(
    shop: RealVendure, adapter: VendureAdapter
) -> None:
    number = shop.order("anna@example.com", ["3001", "3001"])["code"]
    order = order_of(adapter, number)
    assert (order.total, order.tax, order.shipping) == (20500, 20500 - 16807 - order.shipping, order.shipping)
    assert (order.payment, order.shipment, order.email) == (
        Payment.PAID,
        Shipment.NONE,
        "anna@example.com",
    )
    shop.refund(number, pieces=1, cancel=True)
    order = order_of(adapter, number)
    assert (order.total, order.refunded(), order.spent()) == (20500, 10000, 10500)
    (line,) = order.lines
    assert (line.quantity, line.remaining, line.total) == (2, 1, 20000)
    shop.ship(number, pieces=1)
    assert order_of(adapter, number).shipment is Shipment.SHIPPED


def test_a_coupon_of_a_tag_is_for_its_members(shop: RealVendure, adapter: VendureAdapter) -> None:
    changes: list[Change] = [
        UpdateTags(customer_id="1001", add=("sk:stammkunde",)),
        make_coupon(bound="group", tag="sk:stammkunde"),
    ]
    assert [result.error for result in adapter.push(changes, "run-1")] == [None, None]
    with pytest.raises(RefusedError, match="worth nothing"):
        shop.order("bernd@example.com", ["3001"], ["SKTEST23456"])
    shop.order("anna@example.com", ["3001"], ["SKTEST23456"])
    assert [order.codes for order in records(adapter.orders(None, None))] == [("SKTEST23456",)]


def test_a_field_that_is_not_configured_is_named(shop: RealVendure, adapter: VendureAdapter) -> None:
    change = SetAttribute(customer_id="1001", name="other", value="x")
    (result,) = adapter.push([change], "run-1")
    assert (
        result.error == "Vendure has no custom field 'other' for customers: its configuration declares them."
    )


def test_the_permissions_that_are_named_are_needed(shop: RealVendure) -> None:
    """That they are enough, the whole line shows: its key has these and no others."""
    key = shop.new_key(["ReadPromotion"])
    adapter = VendureAdapter(**{**shop.settings(), "key": SecretStr(key)})
    try:
        assert adapter.check().missing_scopes == (
            "ReadCatalog",
            "ReadCustomer",
            "ReadCustomerGroup",
            "ReadOrder",
        )
        with pytest.raises(AuthError, match="needs ReadOrder"):
            list(adapter.ids(Kind.ORDERS, None))
    finally:
        adapter.close()


@pytest.fixture
def schema(shop: RealVendure) -> GraphQLSchema:
    return build_client_schema(shop.admin(get_introspection_query()))


def test_every_document_fits_the_real_schema(schema: GraphQLSchema) -> None:
    names = sorted({*PERMISSIONS, "shop", "permissions", "login"} - {"customer_attribute"})
    assert {name: validate(schema, parse(document(name).text)) for name in names} == {
        name: [] for name in names
    }


def test_the_sandbox_speaks_the_real_schema(schema: GraphQLSchema) -> None:
    """All of its fields, with the same types; only long enumerations of names are plain scalars there."""
    strange = {
        f"{name}.{field}"
        for name, kind in sandbox_schema().type_map.items()
        if not name.startswith("__")
        for field, mine in getattr(kind, "fields", {}).items()
        if str(mine.type) != str(getattr(schema.type_map.get(name), "fields", {})[field].type)
    }
    assert strange == set()
