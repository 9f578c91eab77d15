"""The Vendure adapter against its sandbox, by its public methods only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from adapters.vendure import VendureAdapter
from adapters.vendure.sandbox import VendureSandbox
from adapters.vendure.sandbox.api import EVERY_PERMISSION
from adapters.vendure.sandbox.records import GUESTS_FROM
from adapters.vendure.sandbox.shop import Profile
from connector.errors import AuthError, ConfigError, ResponseError
from connector.model import (
    Change,
    DisableCoupon,
    ExtendCoupon,
    Feature,
    Kind,
    Order,
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
    records,
)

#: The shop's own language is one for which no test gives a title, so that the title without one is seen.
LANGUAGES = Profile(language="fr", languages=("fr", "de", "en"))


@pytest.fixture
def shop() -> Iterator[VendureSandbox]:
    with VendureSandbox(profile=LANGUAGES) as sandbox:
        yield sandbox


@pytest.fixture
def settings(shop: VendureSandbox) -> dict[str, Any]:
    return settings_of(shop.settings())


def settings_of(found: Any, **other: Any) -> dict[str, Any]:
    secrets = {name: SecretStr(found[name]) for name in ("key", "password") if name in found}
    return {**found, **secrets, "page_size": 3, **other}


def as_vendure(record: Record) -> Record:
    """What Vendure keeps: a record of every guest, and no piece of a cancelled order."""
    if not isinstance(record, Order):
        return record
    customer_id = record.customer_id or str(GUESTS_FROM + int(record.id))
    lines = record.lines
    if record.cancelled_at:
        lines = tuple(msgspec.structs.replace(line, remaining=0) for line in lines)
    return msgspec.structs.replace(record, customer_id=customer_id, lines=lines)


class TestVendureContract(AdapterContract):
    adapter_class = VendureAdapter
    attribute_name = "stammkundeCode"

    def kept(self, record: Record) -> Record:
        return as_vendure(record)


@contextmanager
def connected(shop: VendureSandbox, **other: Any) -> Iterator[VendureAdapter]:
    adapter = VendureAdapter(**settings_of(shop.settings(), **other))
    yield adapter
    adapter.close()


@contextmanager
def logged_in(shop: VendureSandbox, **other: Any) -> Iterator[VendureAdapter]:
    adapter = VendureAdapter(**settings_of(shop.login_settings(), **other))
    yield adapter
    adapter.close()


@pytest.fixture
def adapter(settings: dict[str, Any]) -> Iterator[VendureAdapter]:
    adapter = VendureAdapter(**settings)
    yield adapter
    adapter.close()


def errors(adapter: VendureAdapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


# -- check and login ----------------------------------------------------------------------------------------


def test_check_knows_the_channel(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    fill(shop, Kind.ORDERS, 4)
    info = adapter.check()
    assert (info.name, info.currency) == ("roesterei-sandkasten", "EUR")
    assert (info.customer_count, info.order_count) == (1, 4)
    assert info.oldest_order == datetime(2026, 2, 1, 18, 15, tzinfo=UTC)
    assert info.payment_methods == ("dummy",)
    assert Feature.COUPON_FOR_CUSTOMER not in info.features
    assert adapter.reread == {Kind.ORDERS: timedelta(days=60)}


def test_check_names_what_a_key_may_not_read() -> None:
    granted = EVERY_PERMISSION - {"ReadPromotion", "ReadOrder"}
    with VendureSandbox(permissions=granted) as shop, connected(shop) as adapter:
        info = adapter.check()
    assert info.missing_scopes == ("ReadOrder", "ReadPromotion")
    assert "Settings, Roles" in (info.scope_help or "")
    assert info.order_count is None


def test_what_a_key_may_not_write_is_named_when_it_is_tried(shop: VendureSandbox) -> None:
    with VendureSandbox(permissions=EVERY_PERMISSION - {"UpdateCustomerGroup"}) as poor:
        poor.put(make_customer())
        with connected(poor) as adapter, pytest.raises(AuthError, match="needs UpdateCustomerGroup"):
            errors(adapter, UpdateTags(customer_id="1001", add=("sk:a",)))
        assert poor.tags_of("1001") == frozenset()


def test_a_server_without_custom_fields_stores_no_codes() -> None:
    with VendureSandbox(profile=Profile(fields=())) as shop, connected(shop) as adapter:
        info = adapter.check()
    assert Feature.ATTRIBUTES not in info.features
    assert any("no custom field stammkundeCode" in note for note in info.notes)


def test_a_field_that_is_not_configured_is_named(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    shop.put(make_customer())
    changes = [SetAttribute(customer_id="1001", name=name, value="x") for name in ("other", "sk-code")]
    assert errors(adapter, *changes) == [
        "Vendure has no custom field 'other' for customers: its configuration declares them.",
        "Vendure can have no custom field 'sk-code': letters, digits and underscores only.",
    ]


def test_a_wrong_key_is_asked_about_once_and_not_shown(shop: VendureSandbox) -> None:
    with (
        connected(shop, key=SecretStr("wrong-key-1")) as adapter,
        pytest.raises(AuthError, match="'api-key'") as caught,
    ):
        list(adapter.customers(None, None))
    assert "wrong-key-1" not in str(caught.value)
    assert len(shop.faults.requests()) == 1


def test_a_wrong_password_is_told_so(shop: VendureSandbox) -> None:
    with (
        logged_in(shop, password=SecretStr("wrong")) as adapter,
        pytest.raises(AuthError, match="does not accept `username` and `password`"),
    ):
        adapter.check()


def test_a_session_that_ended_is_begun_again(shop: VendureSandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 7)
    with logged_in(shop) as adapter:
        pages = adapter.customers(None, None)
        first = next(pages)
        shop.api.end_sessions()
        assert len(first.records) + len(records(pages)) == 7


def test_an_unknown_channel_is_told_so(shop: VendureSandbox) -> None:
    with connected(shop, channel="outlet") as adapter, pytest.raises(AuthError, match="check `channel`"):
        adapter.check()


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"key": None}, "either `key`, or `username` and `password`"),
        ({"url": "shop.example"}, "no address of a Vendure server"),
        ({"page_size": 0}, "`page_size` is 0"),
        ({"reread_days": 0}, "`reread_days` is 0"),
        ({"time_zone": "Berlin"}, "named like Europe/Berlin"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        VendureAdapter(**{"url": "https://shop.example", "key": SecretStr("k"), **wrong})


def test_the_address_of_the_admin_api_is_as_good_as_that_of_the_server(shop: VendureSandbox) -> None:
    with connected(shop, url=f"{shop.url}/admin-api/") as adapter:
        assert adapter.check().name == "roesterei-sandkasten"


def test_codes_of_every_campaign_go_into_one_field(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    shop.put(make_customer())
    create = make_coupon(bound="group", attribute="code-come-back")
    assert errors(adapter, create) == [None]
    assert shop.attribute("1001", "stammkundeCode") == "SKTEST23456"


# -- trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["throttle", "error", "drop", "truncate"])
def test_a_read_survives_trouble(shop: VendureSandbox, trouble: Any) -> None:
    fill(shop, Kind.ORDERS, 7)
    shop.faults.plan(trouble, skip=2, retry_after=0.01)
    with connected(shop) as adapter:
        assert len(records(adapter.orders(None, None))) == 7


def test_nonsense_is_never_taken_for_an_empty_shop(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 2)
    shop.faults.plan("garbage")
    with pytest.raises(ResponseError, match="did not answer in JSON"):
        list(adapter.customers(None, None))


def test_a_coupon_whose_answer_was_lost_is_made_once(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    """Vendure takes a code any number of times, so that a repeated request would make twins."""
    shop.put(make_customer())
    shop.faults.plan("drop", contains="createPromotion")
    assert errors(adapter, make_coupon(bound="group")) == [None]
    assert len(shop.shop.promotions) == 1


# -- reading ------------------------------------------------------------------------------------------------


def test_rows_deleted_in_front_of_the_place_hide_nothing_behind_it(shop: VendureSandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 30)
    with connected(shop) as adapter:
        pages = adapter.customers(None, None)
        seen = [record.id for page in islice(pages, 5) for record in page.records]
        for record_id in seen[:12]:
            shop.delete(Kind.CUSTOMERS, record_id)
        seen += [record.id for record in records(pages)]
    assert seen == [str(1001 + number) for number in range(30)]


def test_an_open_cart_is_no_order(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    fill(shop, Kind.ORDERS, 2)
    shop.shop.orders[2002].placed = None
    assert [order.id for order in records(adapter.orders(None, None))] == ["2001"]
    assert [order.id for order in records(adapter.orders_of(["1001"]))] == ["2001"]
    assert records(adapter.ids(Kind.ORDERS, None)) == ["2001"]


def test_an_order_keeps_its_deleted_customer(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    fill(shop, Kind.ORDERS, 1)
    shop.delete(Kind.CUSTOMERS, "1001")
    (order,) = records(adapter.orders(None, None))
    assert (order.customer_id, order.email) == ("1001", "c1001@example.com")
    assert records(adapter.customers(None, None)) == []


def test_a_refund_leaves_no_trace_in_the_change_feed(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    """That is why recent orders are read again."""
    fill(shop, Kind.ORDERS, 1)
    shop.checkout.refund(2001, 5950)
    assert records(adapter.orders(LATER, None)) == []
    (order,) = records(adapter.by_id(Kind.ORDERS, ["2001"]))
    assert isinstance(order, Order)
    assert [(refund.amount, refund.tax) for refund in order.refunds] == [(5950, 950)]
    assert order.spent() == 5950


def test_many_orders_of_one_customer_all_come(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    fill(shop, Kind.ORDERS, 120)
    assert len(records(adapter.orders_of(["1001"]))) == 120


# -- groups -------------------------------------------------------------------------------------------------


def test_a_group_is_made_only_when_somebody_joins_it(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    shop.put(make_customer())
    unknown = UpdateTags(customer_id="987654321", add=("sk:a",))
    gone = UpdateTags(customer_id="1001", remove=("sk:b",))
    assert errors(adapter, unknown, gone) == ["Vendure does not know this customer.", None]
    assert shop.shop.groups == {}
    assert errors(adapter, UpdateTags(customer_id="1001", add=("sk:a",))) == [None]
    assert [group.name for group in shop.shop.groups.values()] == ["sk:a"]


def test_one_who_left_the_group_meanwhile_does_not_keep_the_others_in_it(
    shop: VendureSandbox, adapter: VendureAdapter
) -> None:
    for number in range(3):
        shop.put(make_customer(str(1001 + number), tags=("sk:a", "B2B")))
    shop.faults.plan("error", contains="removeCustomersFromGroup", retry_after=0)
    shop.faults.plan("drop", contains="removeCustomersFromGroup")  # done, and its answer lost
    changes = [UpdateTags(customer_id=str(1001 + number), remove=("sk:a",)) for number in range(3)]
    assert errors(adapter, *changes) == [None] * 3
    assert {shop.tags_of(str(1001 + number)) for number in range(3)} == {frozenset({"B2B"})}


# -- coupons ------------------------------------------------------------------------------------------------


def test_a_code_of_a_tag_is_for_its_members(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    shop.put(make_customer("1001", tags=("sk:dormant",)))
    shop.put(make_customer("1002"))
    assert errors(adapter, make_coupon(bound="group", tag="sk:dormant")) == [None]
    assert shop.redeem("SKTEST23456", "1002") == "The code SKTEST23456 is taken but worth nothing."
    assert shop.redeem("sktest23456", "1001") is None
    assert [group.name for group in shop.shop.groups.values()] == ["sk:dormant"]


def test_what_vendure_cannot_ask_for_is_refused(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    shop.put(make_customer())
    wishes: list[dict[str, Any]] = [
        {"bound": "customer"},
        {"percent": None, "amount": 500, "products": ("3001",)},
        {"exclude_categories": ("Bücher",)},
        {"sale_items": False},
        {"products": ("404",)},
    ]
    refusals = errors(adapter, *(make_coupon(**{"bound": "group", **wish}) for wish in wishes))
    assert refusals == [
        "Vendure binds a code to a customer group, not to one person.",
        "Vendure takes only a percentage off chosen products or categories.",
        "Vendure can neither leave categories or reduced goods out nor ask for a first order.",
        "Vendure can neither leave categories or reduced goods out nor ask for a first order.",
        "Vendure has no goods under 404.",
    ]
    assert shop.shop.promotions == {}


def test_a_disabled_code_is_neither_extended_nor_made_again(
    shop: VendureSandbox, adapter: VendureAdapter
) -> None:
    create = make_coupon(bound="group")
    mark, late = create.mark, datetime(2099, 12, 31, tzinfo=UTC)
    disable = DisableCoupon(mark=mark, code=create.code)
    extend = ExtendCoupon(mark=mark, code=create.code, ends_at=late)
    refusal = "The code SKTEST23456 was disabled in the shop."
    assert errors(adapter, create, disable, extend, create) == [None, None, refusal, refusal]


def test_a_code_that_the_owner_made_too_is_never_ours(shop: VendureSandbox, adapter: VendureAdapter) -> None:
    assert errors(adapter, make_coupon(bound="group")) == [None]
    shop.add_foreign_code("sktest23456")
    assert errors(adapter, make_coupon(bound="group")) == [
        "The code SKTEST23456 exists already in the shop and is not ours."
    ]
