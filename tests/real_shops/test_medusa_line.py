"""The whole line on the real server: customers order through its checkout, and the owner types commands."""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.medusa import MedusaAdapter
from connector.adapter import Page
from connector.model import (
    Change,
    Customer,
    DisableCoupon,
    ExtendCoupon,
    Kind,
    Mark,
    Order,
    Payment,
    Record,
    SetAttribute,
    Shipment,
    UpdateTags,
)
from connector.testing import make_coupon, records
from tests.real_shops.installation import Installation, write_private
from tests.real_shops.medusa_shop import RealMedusa, RefusedError, why_not

pytestmark = [
    pytest.mark.shops,
    pytest.mark.skipif(why_not() is not None and "CI" not in os.environ, reason=str(why_not())),
]

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
coupon = { percent = 10, minimum = 50, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 10 }
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[RealMedusa]:
    """One server for all tests; each has customers of its own, and the line comes first."""
    shop = RealMedusa()
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()


@pytest.fixture(scope="module")
def goods(shop: RealMedusa) -> dict[str, str]:
    """Coffee for 100.00 in a category, and a book for 40.00; the variant of each."""
    return {
        "coffee": shop.product("Espresso", 100, tags=["espresso"], categories=[shop.category("Kaffee")]),
        "book": shop.product("Buch", 40),
    }


@pytest.fixture
def adapter(shop: RealMedusa) -> Iterator[MedusaAdapter]:
    adapter = MedusaAdapter(**shop.settings())
    yield adapter
    adapter.close()


def errors(adapter: MedusaAdapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


def order_of(adapter: MedusaAdapter, order_id: str) -> Order:
    found: list[Record] = records(adapter.by_id(Kind.ORDERS, [order_id]))
    (order,) = found
    assert isinstance(order, Order)
    return order


def customer_of(adapter: MedusaAdapter, customer_id: str) -> Customer:
    (customer,) = records(adapter.by_id(Kind.CUSTOMERS, [customer_id]))
    assert isinstance(customer, Customer)
    return customer


def paid(shop: RealMedusa, email: str, *variants: str) -> str:
    order_id = str(shop.order(email, variants)["id"])
    shop.capture(order_id)
    return order_id


@pytest.fixture
def laden(shop: RealMedusa, tmp_path: Path) -> Installation:
    options = {
        "adapter": '"medusa"',
        "url": f'"{shop.url}"',
        "key": f'{{ file = "{write_private(tmp_path, "medusa.key", shop.key)}" }}',
        "push": "true",
        "limits": "{ losing = 0.10, gaining = 0.60, coupons = 500 }",
    }
    return Installation(tmp_path, options, RULES)


def test_the_whole_line(shop: RealMedusa, goods: dict[str, str], laden: Installation) -> None:
    """Anna is a regular, Bernd came once, Cem once and sent it back, Dora cancelled."""
    names = ("anna", "bernd", "cem", "dora")
    anna, bernd, cem, dora = (shop.register(f"{name}@example.com") for name in names)
    shop.join(anna, "Presse")
    for _ in range(3):
        paid(shop, "anna@example.com", goods["coffee"])
    paid(shop, "bernd@example.com", goods["coffee"])
    back = paid(shop, "cem@example.com", goods["coffee"])
    shop.ship(back)
    shop.take_back(back, goods["coffee"])
    shop.refund(back, 100)
    shop.cancel(str(shop.order("dora@example.com", [goods["coffee"]])["id"]))

    assert "Laden" in laden.done("check").out
    laden.done("pull")
    laden.done("plan", "--approve")
    laden.done("push")
    assert [shop.tags_of(each) for each in (anna, bernd, cem, dora)] == [
        {"Presse", "sk:stammkunde"},
        {"sk:einmal"},
        set(),
        set(),
    ]
    (code,) = shop.codes()
    assert re.fullmatch("SK[A-Z2-9]{11}", code)
    assert shop.metadata(anna) == {"code-danke": code}
    laden.done("pull")
    assert "nothing to change" in laden.done("plan").out

    for email, wanted in (("bernd@example.com", "coffee"), ("anna@example.com", "book")):
        with pytest.raises(RefusedError, match="worth nothing"):
            shop.order(email, [goods[wanted]], [code])
    order = shop.order("anna@example.com", [goods["coffee"]], [code])
    assert order["total"] == 95
    shop.capture(str(order["id"]))
    with pytest.raises(RefusedError, match="worth nothing"):
        shop.order("anna@example.com", [goods["coffee"]], [code])
    laden.done("pull")
    assert "redeemed" in laden.done("customer", "anna@example.com").out

    # The owner takes Bernd out of the group; that moves no date, and is seen all the same.
    shop.leave(bernd, "sk:einmal")
    laden.done("pull")
    laden.done("push")
    assert shop.tags_of(bernd) == {"sk:einmal"}


def test_an_order_tells_of_what_was_charged_refunded_and_returned(
    shop: RealMedusa, goods: dict[str, str], adapter: MedusaAdapter
) -> None:
    """Medusa's own sums are those of the last version; what was charged must stay."""
    shop.register("emil@example.com")
    shop.admin(
        "POST",
        "/promotions",
        {
            "code": "TEN",
            "type": "standard",
            "status": "active",
            "is_tax_inclusive": True,
            "application_method": {
                "type": "percentage",
                "target_type": "order",
                "value": 10,
                "allocation": "across",
            },
        },
    )
    bought = [goods["coffee"], goods["coffee"], goods["book"]]
    order_id = str(shop.order("emil@example.com", bought, ["TEN"])["id"])
    order = order_of(adapter, order_id)
    assert (order.total, order.tax, order.shipping, order.codes) == (22100, 3529, 420, ("TEN",))
    assert (order.payment, order.shipment) == (Payment.NONE, Shipment.NONE)
    shop.capture(order_id)
    again = order_of(adapter, order_id)
    assert (again.payment, again.updated_at) == (Payment.PAID, order.updated_at), "a payment moves no date"
    shop.ship(order_id)
    shop.refund(order_id, 10)
    shop.take_back(order_id, goods["coffee"])
    shop.refund(order_id, 90)
    order = order_of(adapter, order_id)
    assert (order.total, order.refunded(), order.spent()) == (22100, 10000, 12100)
    assert sorted((line.quantity, line.remaining, line.total) for line in order.lines) == [
        (1, 1, 3600),
        (2, 1, 18000),
    ]
    assert (order.payment, order.shipment) == (Payment.PAID, Shipment.SHIPPED)
    assert order.shipped_at is not None


def test_reads_are_complete_in_pages_of_three(
    shop: RealMedusa, goods: dict[str, str], adapter: MedusaAdapter
) -> None:
    for number in range(5):
        shop.order(f"gast{number}@example.com", [goods["book"]], guest=True)
    reads: dict[Kind, Callable[[datetime | None, str | None], Iterator[Page[Any]]]] = {
        Kind.CUSTOMERS: adapter.customers,
        Kind.ORDERS: adapter.orders,
        Kind.PRODUCTS: adapter.products,
    }
    for kind, read in reads.items():
        count = shop.admin("GET", f"/{kind.value}", limit=1)["count"]
        pages = list(read(None, None))
        found = [record.id for page in pages for record in page.records]
        assert len(found) == len(set(found)) == count
        assert sorted(found) == sorted(records(adapter.ids(kind, None)))
        rest = records(read(None, pages[0].checkpoint))
        assert len(rest) == count - len(pages[0].records)
        later = records(read(datetime.now(UTC) + timedelta(hours=1), None))
        assert len(later) == (count if kind is Kind.PRODUCTS else 0), "no date tells of a product's tags"
    (gone,) = adapter.by_id(Kind.ORDERS, ["order_unknown"])
    assert gone.gone == ("order_unknown",)
    guests = [each for each in records(adapter.customers(None, None)) if each.guest]
    assert len(records(adapter.orders_of([each.id for each in guests]))) == 5
    (coffee,) = (each for each in records(adapter.products(None, None)) if each.title == "Espresso")
    assert (coffee.tags, coffee.categories, coffee.skus) == (("espresso",), ("Kaffee",), ("ESPRESSO-1",))


def test_groups_and_metadata_change_by_delta(shop: RealMedusa, adapter: MedusaAdapter) -> None:
    frida = shop.register("frida@example.com")
    shop.join(frida, "B2B")
    unknown = UpdateTags(customer_id="cus_unknown", add=("sk:a",))
    add = UpdateTags(customer_id=frida, add=("sk:a",), remove=("sk:b",))
    assert errors(adapter, unknown, add, add) == ["Medusa does not know this customer.", None, None]
    assert shop.tags_of(frida) == {"B2B", "sk:a"}
    swept = {each.customer_id: each.tags for each in records(adapter.tags("sk:", None))}
    assert swept[frida] == ("sk:a",)
    assert set(customer_of(adapter, frida).tags) == {"B2B", "sk:a"}
    assert errors(adapter, UpdateTags(customer_id=frida, remove=("SK:A",))) == [None]
    assert shop.tags_of(frida) == {"B2B"}
    shop.admin("POST", f"/customers/{frida}", {"metadata": {"erp": "77"}})
    values = [SetAttribute(customer_id=frida, name="code-x", value=value) for value in ("SKA", None)]
    assert errors(adapter, values[0]) == [None]
    assert shop.metadata(frida) == {"erp": "77", "code-x": "SKA"}
    assert errors(adapter, values[1]) == [None]
    assert shop.metadata(frida) == {"erp": "77"}
    (refused,) = errors(adapter, SetAttribute(customer_id="cus_unknown", name="x", value="y"))
    assert refused == 'Medusa refused it: Customer with id "cus_unknown" not found.'


def test_coupons_are_for_whom_and_for_what_they_say(
    shop: RealMedusa, goods: dict[str, str], adapter: MedusaAdapter
) -> None:
    gerd, hans = shop.register("Gerd@example.com"), shop.register("hans@example.com")
    shop.join(gerd, "sk:treu")
    wishes: dict[str, dict[str, Any]] = {
        "SKOWN": {"bound": "customer"},
        "SKGROUP": {"bound": "group", "tag": "sk:treu"},
        "SKMAIL": {"bound": "email", "email": "gerd@example.com"},
        "SKMIN": {"bound": "nobody", "minimum": 10001},
        "SKEUR": {"bound": "nobody", "percent": None, "amount": 500, "minimum": 10000},
        "SKFREE": {"bound": "nobody", "percent": None, "free_shipping": True},
        "SKCAT": {"bound": "nobody", "categories": ("Kaffee",)},
        "SKNOT": {"bound": "nobody", "exclude_categories": ("Kaffee",)},
        "SKBOTH": {"bound": "nobody", "combinable": True},
        "SKLATE": {"bound": "nobody", "starts_at": datetime(2098, 1, 1, tzinfo=UTC)},
    }
    changes = [
        make_coupon(mark=Mark("probe", gerd, number), code=code, customer_id=gerd, **wish)
        for number, (code, wish) in enumerate(wishes.items(), 1)
    ]
    assert errors(adapter, *changes, *changes) == [None] * 20

    def total(email: str, wanted: str, *codes: str) -> float | str:
        try:
            return float(shop.order(email, [goods[each] for each in wanted.split()], codes)["total"])
        except RefusedError as refused:
            return str(refused)

    nothing = "The code is taken but worth nothing."
    for code in ("SKOWN", "SKGROUP", "SKMAIL"):
        assert total("hans@example.com", "coffee", code) == nothing, code
        assert total("Gerd@example.com", "coffee", code) == 95, code
        assert total("Gerd@example.com", "coffee", code) == nothing, code
    assert total("hans@example.com", "coffee", "SKMIN") == nothing
    assert total("hans@example.com", "coffee book", "SKMIN") == 131
    assert total("hans@example.com", "coffee", "SKEUR") == 100
    assert total("hans@example.com", "book", "SKFREE") == 40
    assert total("hans@example.com", "book", "SKCAT") == nothing
    assert total("hans@example.com", "coffee", "SKNOT") == nothing
    assert total("hans@example.com", "coffee book", "SKNOT") == 141
    assert total("hans@example.com", "coffee book", "SKCAT", "SKBOTH") == 122
    assert total("hans@example.com", "coffee", "SKLATE") != 95
    assert hans


def test_coupons_are_extended_and_disabled_and_foreign_ones_left_alone(
    shop: RealMedusa, goods: dict[str, str], adapter: MedusaAdapter
) -> None:
    inge = shop.register("inge@example.com")
    create = make_coupon(mark=Mark("end", inge, 1), code="SKEND", customer_id=inge)
    soon, late = datetime(2090, 1, 1, tzinfo=UTC), datetime(2098, 6, 30, tzinfo=UTC)
    assert errors(adapter, make_coupon(mark=create.mark, code="SKEND", customer_id=inge, ends_at=soon)) == [
        None
    ]
    extend = ExtendCoupon(mark=create.mark, code="SKEND", ends_at=late)
    disable = DisableCoupon(mark=create.mark, code="SKEND")
    assert errors(adapter, extend, extend) == [None, None]
    (coupon,) = (each for each in records(adapter.coupons(None, None)) if each.code == "SKEND")
    assert (coupon.mark, coupon.ends_at, coupon.customer_id, coupon.active) == (create.mark, late, inge, True)
    assert errors(adapter, disable, disable, extend) == [
        None,
        None,
        "The code SKEND was disabled in the shop.",
    ]
    with pytest.raises(RefusedError):
        shop.order("inge@example.com", [goods["coffee"]], ["SKEND"])
    foreign = "The code TEN exists already in the shop and is not ours."
    own = make_coupon(mark=create.mark, code="TEN", customer_id=inge)
    assert errors(adapter, own, DisableCoupon(mark=create.mark, code="TEN")) == [foreign, foreign]
    assert "TEN" not in {each.code for each in records(adapter.coupons(None, None))}
    assert "TEN" in shop.codes()
    strange = make_coupon(mark=Mark("end", "x", 1), code="SKX", customer_id="cus_unknown")
    assert errors(adapter, strange) == ["Medusa does not know this customer."]
