"""The Medusa adapter against its sandbox, by its public methods only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from adapters.medusa import MedusaAdapter
from adapters.medusa.sandbox import MedusaSandbox
from adapters.medusa.sandbox.records import GUEST
from connector.errors import AuthError, ConfigError, ResponseError
from connector.model import (
    Change,
    DisableCoupon,
    ExtendCoupon,
    Kind,
    Mark,
    Order,
    Payment,
    Record,
    SetAttribute,
    UpdateTags,
)
from connector.testing import (
    LATER,
    AdapterContract,
    fill,
    make_coupon,
    make_customer,
    make_order,
    make_product,
    records,
)


@pytest.fixture
def shop() -> Iterator[MedusaSandbox]:
    with MedusaSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def settings(shop: MedusaSandbox) -> dict[str, Any]:
    return settings_of(shop)


def settings_of(shop: MedusaSandbox, **other: Any) -> dict[str, Any]:
    found = shop.settings()
    return {**found, "key": SecretStr(found["key"]), "page_size": 3, **other}


def as_medusa(record: Record) -> Record:
    """What Medusa keeps: a customer record of every guest."""
    if isinstance(record, Order) and record.customer_id is None:
        return msgspec.structs.replace(record, customer_id=f"{GUEST}{record.id}")
    return record


class TestMedusaContract(AdapterContract):
    adapter_class = MedusaAdapter

    def kept(self, record: Record) -> Record:
        return as_medusa(record)


@contextmanager
def connected(shop: MedusaSandbox, **other: Any) -> Iterator[MedusaAdapter]:
    adapter = MedusaAdapter(**settings_of(shop, **other))
    yield adapter
    adapter.close()


@pytest.fixture
def adapter(settings: dict[str, Any]) -> Iterator[MedusaAdapter]:
    adapter = MedusaAdapter(**settings)
    yield adapter
    adapter.close()


def errors(adapter: MedusaAdapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


def order_of(adapter: MedusaAdapter, order_id: str) -> Order:
    (order,) = records(adapter.by_id(Kind.ORDERS, [order_id]))
    assert isinstance(order, Order)
    return order


# -- check and key ------------------------------------------------------------------------------------------


def test_check_knows_the_store(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    fill(shop, Kind.ORDERS, 4)
    info = adapter.check()
    assert (info.name, info.currency) == ("Rösterei Sandkasten", "EUR")
    assert (info.customer_count, info.order_count) == (1, 4)
    assert info.oldest_order == datetime(2026, 2, 1, 18, 15, tzinfo=UTC)
    assert info.payment_methods == ("pp_system_default",)
    assert adapter.reread == {Kind.ORDERS: timedelta(days=60)}
    assert info.coupon_conflicts == (
        ("free_shipping", "products"),
        ("free_shipping", "categories"),
        ("free_shipping", "exclude_categories"),
    )


def test_a_wrong_key_is_asked_about_once_and_not_shown(shop: MedusaSandbox) -> None:
    with (
        connected(shop, key=SecretStr("sk_wrong-key-1")) as adapter,
        pytest.raises(AuthError, match="does not accept `key`: Unauthorized") as caught,
    ):
        list(adapter.customers(None, None))
    assert "wrong-key-1" not in str(caught.value)
    assert len(shop.faults.requests()) == 1


def test_an_address_without_medusa_is_told_so(shop: MedusaSandbox) -> None:
    with (
        connected(shop, url=f"{shop.url}/shop") as adapter,
        pytest.raises(AuthError, match="no Medusa Admin API at this address"),
    ):
        adapter.check()


@pytest.mark.parametrize("tail", ["/admin", "/app/", "/"])
def test_addresses_of_its_parts_are_as_good_as_that_of_the_server(shop: MedusaSandbox, tail: str) -> None:
    with connected(shop, url=f"{shop.url}{tail}") as adapter:
        assert adapter.check().name == "Rösterei Sandkasten"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"url": "shop.example"}, "no address of a Medusa server"),
        ({"page_size": 0}, "`page_size` is 0"),
        ({"reread_days": 0}, "`reread_days` is 0"),
        ({"time_zone": "Berlin"}, "named like Europe/Berlin"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        MedusaAdapter(**{"url": "https://shop.example", "key": SecretStr("k"), **wrong})


# -- trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["throttle", "error", "drop", "truncate"])
def test_a_read_survives_trouble(shop: MedusaSandbox, trouble: Any) -> None:
    fill(shop, Kind.ORDERS, 7)
    shop.faults.plan(trouble, skip=2, retry_after=0.01)
    with connected(shop) as adapter:
        assert len(records(adapter.orders(None, None))) == 7


def test_nonsense_is_never_taken_for_an_empty_shop(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 2)
    shop.faults.plan("garbage")
    with pytest.raises(ResponseError, match="did not answer in JSON"):
        list(adapter.customers(None, None))


def test_a_coupon_whose_answer_was_lost_is_made_once_and_is_ours(
    shop: MedusaSandbox, adapter: MedusaAdapter
) -> None:
    """The repeated request hears that the code exists already."""
    shop.put(make_customer())
    shop.faults.plan("drop", contains="POST /admin/promotions")
    assert errors(adapter, make_coupon()) == [None]
    assert len(shop.shop.promotions) == 1


# -- reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_rows_deleted_in_front_of_the_place_hide_nothing_behind_it(shop: MedusaSandbox, kind: Kind) -> None:
    fill(shop, kind, 30)
    with connected(shop) as adapter:
        pages: Iterator[Any] = adapter.ids(kind, None)
        seen = [each for page in islice(pages, 5) for each in page.records]
        for record_id in seen[:12]:
            shop.delete(kind, record_id)
        seen += records(pages)
    assert len(seen) == len(set(seen)) == 30


def test_an_order_keeps_its_deleted_customer(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    fill(shop, Kind.ORDERS, 1)
    shop.delete(Kind.CUSTOMERS, "1001")
    (order,) = records(adapter.orders(None, None))
    assert (order.customer_id, order.email) == ("1001", "c1001@example.com")
    assert records(adapter.customers(None, None)) == []


def test_a_payment_leaves_no_trace_in_the_change_feed(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    """That is why recent orders are read again."""
    shop.put(make_customer())
    shop.put(make_order(payment=Payment.NONE))
    shop.checkout.capture("2001")
    assert records(adapter.orders(LATER, None)) == []
    assert order_of(adapter, "2001").payment is Payment.PAID


def test_what_was_charged_stays_when_goods_and_money_go_back(
    shop: MedusaSandbox, adapter: MedusaAdapter
) -> None:
    fill(shop, Kind.ORDERS, 1)
    shop.checkout.take_back("2001", 1)
    order = order_of(adapter, "2001")
    assert (order.total, order.spent(), [line.remaining for line in order.lines]) == (11900, 11900, [1])
    shop.checkout.refund("2001", 5950)
    order = order_of(adapter, "2001")
    assert (order.total, order.spent(), order.net_sales()) == (11900, 5950, 5000)
    assert order.payment is Payment.PAID


def test_many_orders_of_one_customer_all_come(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    fill(shop, Kind.ORDERS, 120)
    assert len(records(adapter.orders_of(["1001"]))) == 120


# -- groups and attributes ----------------------------------------------------------------------------------


def test_a_group_is_made_only_when_somebody_joins_it(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer())
    unknown = UpdateTags(customer_id="987654321", add=("sk:a",))
    gone = UpdateTags(customer_id="1001", remove=("sk:b",))
    assert errors(adapter, unknown, gone) == ["Medusa does not know this customer.", None]
    assert shop.shop.groups == {}
    assert errors(adapter, UpdateTags(customer_id="1001", add=("sk:a",))) == [None]
    assert [group.name for group in shop.shop.groups.values()] == ["sk:a"]


def test_one_who_is_deleted_meanwhile_keeps_nobody_out_of_the_group() -> None:
    """Medusa refuses a whole list for one it does not know, so the others are sent alone."""
    clock = Interruption()
    with MedusaSandbox(now=clock) as shop, connected(shop) as adapter:
        for number in range(3):
            shop.put(make_customer(str(1001 + number)))
        clock.then = lambda: shop.delete(Kind.CUSTOMERS, "1002")  # at the moment when the group is made
        changes = [UpdateTags(customer_id=str(1001 + number), add=("sk:a",)) for number in range(3)]
        refused = "You tried to set relationship customer_id: 1002, but such entity does not exist"
        assert errors(adapter, *changes) == [None, f"Medusa refused it: {refused}.", None]
        assert {shop.tags_of("1001"), shop.tags_of("1003")} == {frozenset({"sk:a"})}


class Interruption:
    """A clock that does something when somebody looks at it."""

    def __init__(self) -> None:
        self.then: Callable[[], None] = lambda: None

    def __call__(self) -> datetime:
        self.then()
        return datetime(2026, 4, 1, tzinfo=UTC)


def test_other_metadata_stays(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer())
    shop.shop.customers["1001"].metadata = {"erp": "77"}
    changes = [
        SetAttribute(customer_id="1001", name="code-come-back", value=value) for value in ("SKA", None)
    ]
    assert errors(adapter, changes[0]) == [None]
    assert shop.shop.customers["1001"].metadata == {"erp": "77", "code-come-back": "SKA"}
    assert errors(adapter, changes[1]) == [None]
    assert shop.shop.customers["1001"].metadata == {"erp": "77"}


# -- coupons ------------------------------------------------------------------------------------------------


def test_a_code_of_a_tag_is_for_its_members(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer("1001", tags=("sk:dormant",)))
    shop.put(make_customer("1002"))
    assert errors(adapter, make_coupon(bound="group", tag="sk:dormant")) == [None]
    assert shop.redeem("SKTEST23456", "1002") == "The promotion code SKTEST23456 changes nothing."
    assert shop.redeem("sktest23456", "1001") == "The promotion code sktest23456 is invalid"
    assert shop.redeem("SKTEST23456", "1001") is None
    assert [group.name for group in shop.shop.groups.values()] == ["sk:dormant"]


def test_a_guest_may_use_a_code_with_the_same_address(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer("1001", guest=True, email="gast@example.com"))
    assert errors(adapter, make_coupon(customer_id="1001")) == [None]
    other = shop.check_out(("SKTEST23456",), None, "other@example.com", (("3001", 10000, False),))
    assert other[0] == "The promotion code SKTEST23456 changes nothing."
    own = shop.check_out(("SKTEST23456",), None, "Gast@example.com", (("3001", 10000, False),))
    assert own == (None, 1000, 500)


def test_an_address_counts_in_any_spelling_that_the_shop_keeps(
    shop: MedusaSandbox, adapter: MedusaAdapter
) -> None:
    """Medusa compares letter by letter: what is typed at the checkout is small, an account keeps its own."""
    shop.put(make_customer("1001", email="Anna@Example.com"))
    for code, buyer, email in (("SKACCOUNT", "1001", None), ("SKGUEST", None, "ANNA@example.com")):
        change = make_coupon(mark=Mark("c", code, 1), code=code, bound="email", email="anna@example.com")
        assert errors(adapter, change) == [None]
        assert shop.check_out((code,), buyer, email, (("3001", 10000, False),)) == (None, 1000, 500)


def test_a_new_tag_of_a_product_is_seen_though_no_date_moves(
    shop: MedusaSandbox, adapter: MedusaAdapter
) -> None:
    shop.put(make_product())
    shop.shop.products["3001"].tags = ["espresso", "neu"]
    assert [product.tags for product in records(adapter.products(LATER, None))] == [("espresso", "neu")]


def test_a_redemption_is_counted_and_seen_on_the_order(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer())
    assert errors(adapter, make_coupon()) == [None]
    assert shop.redeem("SKTEST23456", "1001") is None
    (coupon,) = records(adapter.coupons(None, None))
    (order,) = records(adapter.orders(None, None))
    assert (coupon.used, order.codes, order.total) == (1, ("SKTEST23456",), 9500)


def test_a_code_for_products_and_a_category_that_is_not_there_is_refused(
    shop: MedusaSandbox, adapter: MedusaAdapter
) -> None:
    shop.put(make_customer())
    shop.put(make_product("3001", categories=("Kaffee",)))
    (error,) = errors(adapter, make_coupon(products=("3001",), categories=("Mate",)))
    assert error == "Medusa has no goods under Mate."


def test_a_name_of_a_category_and_of_a_collection_is_for_either(
    shop: MedusaSandbox, adapter: MedusaAdapter
) -> None:
    shop.put(make_customer())
    shop.put(make_product("3001", categories=("Herbst",)))
    shop.put(make_product("3002"))
    shop.put(make_product("3003"))
    shop.shop.collections["pcol_1"] = "Herbst"
    shop.shop.products["3002"].collection = "pcol_1"
    goods = (("3001", 1000, False), ("3002", 2000, False), ("3003", 4000, False))
    assert errors(adapter, make_coupon(categories=("Herbst",))) == [None]
    assert shop.check_out(("SKTEST23456",), "1001", None, goods) == (None, 300, 500)
    second = make_coupon(
        code="SKOTHER2345",
        mark=msgspec.structs.replace(make_coupon().mark, round=2),
        products=("3002", "3003"),
        categories=("Herbst",),
    )
    assert errors(adapter, second) == [None]
    assert shop.check_out(("SKOTHER2345",), "1001", None, goods) == (None, 200, 500)


def test_a_collection_is_a_category(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer())
    shop.put(make_product("3001", categories=("Kaffee",)))
    shop.put(make_product("3002"))
    shop.shop.collections["pcol_1"] = "Herbst"
    shop.shop.products["3002"].collection = "pcol_1"
    found = {product.id: product.categories for product in records(adapter.products(None, None))}
    assert found == {"3001": ("Kaffee",), "3002": ("Herbst",)}
    assert errors(adapter, make_coupon(exclude_categories=("Herbst",))) == [None]
    goods = (("3001", 1000, False), ("3002", 2000, False))
    assert shop.check_out(("SKTEST23456",), "1001", None, goods) == (None, 100, 500)


def test_an_amount_holds_in_its_own_currency_only(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer())
    wishes: list[dict[str, Any]] = [{}, {"percent": None, "amount": 550}, {"minimum": 1999}]
    changes = [
        make_coupon(mark=Mark("c", "p", number), code=f"SKTEST2345{number}", **wish)
        for number, wish in enumerate(wishes, 2)
    ]
    assert errors(adapter, *changes) == [None] * 3
    methods = [each.application_method for each in shop.shop.promotions.values()]
    assert [method.get("currency_code") for method in methods] == [None, "eur", "eur"]
    assert [method["value"] for method in methods] == [10, 5.5, 10]


def test_what_medusa_cannot_ask_for_is_refused(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer())
    wishes: list[dict[str, Any]] = [
        {"sale_items": False},
        {"new_customers_only": True},
        {"percent": None, "free_shipping": True, "products": ("3001",)},
        {"products": ("404",)},
        {"exclude_categories": ("Bücher",)},
        {"bound": "email"},
    ]
    assert errors(adapter, *(make_coupon(**wish) for wish in wishes)) == [
        "Medusa can neither leave reduced goods out nor ask for a first order.",
        "Medusa can neither leave reduced goods out nor ask for a first order.",
        "Medusa makes the shipping of a whole order free, whatever goods are in it.",
        "Medusa has no goods under 404.",
        "Medusa has no goods under Bücher.",
        "The code SKTEST23456 is for an e-mail address, but none is known.",
    ]
    assert shop.shop.promotions == {}


def test_a_disabled_code_is_neither_extended_nor_made_again(
    shop: MedusaSandbox, adapter: MedusaAdapter
) -> None:
    shop.put(make_customer())
    create = make_coupon()
    mark, late = create.mark, datetime(2099, 12, 31, tzinfo=UTC)
    disable = DisableCoupon(mark=mark, code=create.code)
    extend = ExtendCoupon(mark=mark, code=create.code, ends_at=late)
    refusal = "The code SKTEST23456 was disabled in the shop."
    assert errors(adapter, create, disable, extend, create) == [None, None, refusal, refusal]


def test_a_code_in_other_capitals_is_another_code(shop: MedusaSandbox, adapter: MedusaAdapter) -> None:
    shop.put(make_customer())
    shop.add_foreign_code("sktest23456")
    assert errors(adapter, make_coupon()) == [None]
    assert shop.codes() == {"sktest23456", "SKTEST23456"}
