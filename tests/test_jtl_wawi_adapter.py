"""The adapter of JTL-Wawi against its sandbox, by its public methods only."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from adapters.jtl.wawi import WawiAdapter
from adapters.jtl.wawi.sandbox import WawiSandbox
from connector.errors import AuthError, ConfigError, ResponseError, TemporaryError
from connector.model import (
    Change,
    Customer,
    Feature,
    Kind,
    MoveGroup,
    Order,
    Product,
    Record,
    SetAttribute,
    UpdateTags,
)
from connector.sample import coffee_roaster
from connector.testing import (
    START,
    AdapterContract,
    fill,
    make_coupon,
    make_customer,
    make_order,
    make_product,
    records,
)
from connector.testing.records import carried, half_returned

MOVES = (("Stammkunden", "Händler"),)


def settings_of(shop: WawiSandbox, **other: Any) -> dict[str, Any]:
    found = shop.settings()
    secrets = {name: SecretStr(found[name]) for name in ("key", "client_secret") if name in found}
    return {**found, **secrets, "page_size": 3, "move_groups": MOVES, **other}


@pytest.fixture
def shop() -> Iterator[WawiSandbox]:
    with WawiSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def settings(shop: WawiSandbox) -> dict[str, Any]:
    return settings_of(shop)


def as_wawi(record: Record) -> Record:
    """What Wawi tells of a record: no stamp and no codes of orders, no tags of products."""
    if isinstance(record, Order):
        return msgspec.structs.replace(record, updated_at=None, codes=())
    return msgspec.structs.replace(record, tags=()) if isinstance(record, Product) else record


class TestWawiContract(AdapterContract):
    adapter_class = WawiAdapter

    def kept(self, record: Record) -> Record:
        return as_wawi(record)


class TestWawiInTheCloudContract(AdapterContract):
    adapter_class = WawiAdapter

    @pytest.fixture
    def shop(self) -> Iterator[WawiSandbox]:
        with WawiSandbox(mode="cloud") as sandbox:
            yield sandbox

    def kept(self, record: Record) -> Record:
        return as_wawi(record)


class TestWawiThatIsOnlyReadContract(AdapterContract):
    adapter_class = WawiAdapter

    @pytest.fixture
    def shop(self) -> Iterator[WawiSandbox]:
        with WawiSandbox(scopes=["all.read"], tag_field=False) as sandbox:
            yield sandbox

    @pytest.fixture
    def settings(self, shop: WawiSandbox) -> dict[str, Any]:
        return settings_of(shop, move_groups=())

    def kept(self, record: Record) -> Record:
        record = as_wawi(record)
        return msgspec.structs.replace(record, tags=()) if isinstance(record, Customer) else record


@contextmanager
def connected(shop: WawiSandbox, **other: Any) -> Iterator[WawiAdapter]:
    adapter = WawiAdapter(**settings_of(shop, **other))
    yield adapter
    adapter.close()


@pytest.fixture
def adapter(shop: WawiSandbox) -> Iterator[WawiAdapter]:
    with connected(shop) as adapter:
        yield adapter


@pytest.fixture
def cloud() -> Iterator[WawiSandbox]:
    with WawiSandbox(mode="cloud") as sandbox:
        yield sandbox


def refusals(adapter: WawiAdapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


def asked(shop: WawiSandbox, contains: str) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in shop.faults.requests(contains)]


# -- check --------------------------------------------------------------------------------------------------


def test_check_knows_the_company_and_says_that_nobody_tried_this(
    shop: WawiSandbox, adapter: WawiAdapter
) -> None:
    fill(shop, Kind.ORDERS, 4)
    shop.put(make_order("2010", payment_method="Rechnung"))
    info = adapter.check()
    assert (info.name, info.currency, info.time_zone) == ("Rösterei Sandkasten", "EUR", "Europe/Berlin")
    assert (info.customer_count, info.order_count) == (1, 5)
    assert info.customer_groups == ("Endkunden", "Händler", "Stammkunden")
    assert info.net_price_groups == ("Händler",)
    assert info.payment_methods == ("Rechnung",)
    assert "never tried on a real Wawi" in info.notes[0]
    assert "docs/platforms/jtl-wawi.md" in info.notes[0]
    assert info.features == {Feature.PRODUCTS, Feature.DELETIONS, Feature.TAGS, Feature.CUSTOMER_GROUPS}


def test_nothing_is_written_unless_the_settings_say_so(shop: WawiSandbox) -> None:
    shop.put(make_customer("1001", group="Stammkunden", tags=("B2B",)))
    with connected(shop, tag_field=None, move_groups=()) as adapter:
        assert adapter.check().features == {Feature.PRODUCTS, Feature.DELETIONS}
        tag = UpdateTags(customer_id="1001", add=("sk:a",))
        move = MoveGroup(customer_id="1001", from_="Stammkunden", to="Händler")
        attribute = SetAttribute(customer_id="1001", name="code", value="SKTEST23456")
        wanted = ("`tag_field`", "`move_groups`", "no coupons", "no values")
        found = refusals(adapter, tag, move, make_coupon(), attribute)
    assert [part in (error or "") for part, error in zip(wanted, found, strict=True)] == [True] * 4
    assert shop.field("1001") == "B2B"
    assert {seen.method for seen in shop.faults.requests()} == {"GET"}


def test_missing_permissions_are_named_with_where_to_grant_them() -> None:
    scopes = ["customer.querycustomers", "customergroup.querycustomergroups"]
    scopes += ["company.querycompanies", "paymentmethod.querypaymentmethods"]
    with WawiSandbox(scopes=scopes) as shop, connected(shop) as adapter:
        info = adapter.check()
    assert info.missing_scopes == (
        "salesorder.querysalesorders",
        "item.queryitems",
        "accountingdata.queryaccountingdata",
        "customer.querycustomercustomfields",
        "customer.querycustomercustomfieldvalues",
    )
    assert "stammkunde jtl register" in (info.scope_help or "")
    assert info.features == {Feature.DELETIONS, Feature.CUSTOMER_GROUPS}


def test_a_change_that_the_app_may_not_make_is_refused_alone() -> None:
    scopes = ["all.read", "customer.querycustomercustomfields", "customer.querycustomercustomfieldvalues"]
    with WawiSandbox(scopes=scopes) as shop, connected(shop) as adapter:
        shop.put(make_customer("1001"))
        (error,) = refusals(adapter, UpdateTags(customer_id="1001", add=("sk:a",)))
    assert "The scope customer.updatecustomercustomfield is missing" in (error or "")


def test_calls_in_the_name_of_a_user_need_a_permission(shop: WawiSandbox) -> None:
    with connected(shop, run_as="7") as adapter:
        with pytest.raises(AuthError, match=r"The scope Application\.RunAs is missing"):
            list(adapter.customers(None, None))
        shop.entry.scopes |= {"Application.RunAs"}
        assert list(adapter.customers(None, None)) == []


def test_a_wrong_key_is_asked_about_once_and_not_shown(shop: WawiSandbox) -> None:
    with connected(shop, key=SecretStr("wrong-key")) as adapter, pytest.raises(AuthError) as caught:
        adapter.check()
    assert "does not accept the key" in str(caught.value)
    assert "wrong-key" not in str(caught.value)
    assert len(shop.faults.requests()) == 1


def test_a_missing_licence_is_told_as_one(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.entry.licensed = False
    with pytest.raises(AuthError, match="the licence for its API is missing"):
        adapter.check()
    with pytest.raises(AuthError, match="JTL-Ameise"):
        list(adapter.orders(None, None))


def test_another_server_at_the_address_deletes_nothing(shop: WawiSandbox) -> None:
    shop.put(make_customer("1001"))
    with connected(shop, url=f"{shop.url}/api/andere") as adapter:
        with pytest.raises(ResponseError, match="not in the words of JTL-Wawi's API: check `url`"):
            list(adapter.by_id(Kind.CUSTOMERS, ["1001"]))
        with pytest.raises(ResponseError, match="check `url`"):
            adapter.check()


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"key": None}, "needs either"),
        ({"tenant": "t"}, "needs either"),
        ({"key": None, "tenant": "t", "client_id": "c"}, "needs either"),
        ({"url": None}, "needs `url`"),
        ({"url": "server:5883"}, "no address of JTL-Wawi's API"),
        ({"page_size": 0}, "at least 1"),
        ({"look_back_days": 0}, "at least 1"),
        ({"currency": "euro"}, "named like EUR"),
        ({"time_zone": "Berlin"}, "named like Europe/Berlin"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        WawiAdapter(**{"url": "http://server:5883/api/eazybusiness", "key": SecretStr("k"), **wrong})


# -- lists by page ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_is_deleted_during_a_read_hides_nothing_else(shop: WawiSandbox, newest_first: bool) -> None:
    shop.api.newest_first = newest_first
    fill(shop, Kind.CUSTOMERS, 12)
    with connected(shop) as adapter:
        reading = adapter.customers(None, None)
        seen = [each.id for each in records(islice(reading, 2))]
        for gone in seen[:4]:
            shop.delete(Kind.CUSTOMERS, gone)
        seen += [each.id for each in records(reading)]
    assert set(seen) == {str(number) for number in range(1001, 1013)}


def test_a_list_that_became_much_shorter_is_resumed_from_where_rows_may_be_missing(shop: WawiSandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 15)
    with connected(shop) as adapter:
        pages = list(islice(adapter.customers(None, None), 4))
    for number in range(1001, 1011):
        shop.delete(Kind.CUSTOMERS, str(number))
    with connected(shop) as adapter:
        rest = records(adapter.customers(None, pages[-1].checkpoint))
    assert {each.id for each in rest} >= {"1011", "1012", "1013", "1014", "1015"}


@pytest.mark.parametrize("kind", list(Kind))
def test_pages_that_do_not_go_on_are_no_complete_read(
    shop: WawiSandbox, adapter: WawiAdapter, kind: Kind
) -> None:
    fill(shop, kind, 7)
    shop.api.stuck = True
    with pytest.raises(ResponseError, match="nothing says that this is all of it"):
        list(adapter.ids(kind, None))


def test_an_api_before_version_1_1_gives_all_customers_without_their_last_change(
    shop: WawiSandbox, adapter: WawiAdapter
) -> None:
    fill(shop, Kind.CUSTOMERS, 2)
    shop.api.older = True
    found = records(adapter.customers(START + timedelta(days=300), None))
    assert [(each.id, each.updated_at) for each in found] == [("1001", None), ("1002", None)]


def test_only_changed_customers_are_asked_for(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(make_customer("1001", updated_at=START))
    shop.put(make_customer("1002", updated_at=START + timedelta(days=10)))
    found = records(adapter.customers(START + timedelta(days=10), None))
    assert [each.id for each in found] == ["1002"]


# -- orders -------------------------------------------------------------------------------------------------


def test_orders_of_the_last_months_come_again_and_older_ones_do_not(shop: WawiSandbox) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    for number, days in (("2001", 10), ("2002", 29), ("2003", 40)):
        shop.put(make_order(number, placed_at=now - timedelta(days=days)))
    with connected(shop, look_back_days=30) as adapter:
        assert [each.id for each in records(adapter.orders(now, None))] == ["2001", "2002"]
        assert len(records(adapter.orders(None, None))) == 3


def test_a_credit_note_is_found_whichever_way_its_order_is_read(
    shop: WawiSandbox, adapter: WawiAdapter
) -> None:
    shop.put(make_customer())
    shop.put(half_returned())
    for pages in (
        adapter.orders(None, None),
        adapter.by_id(Kind.ORDERS, ["2003"]),
        adapter.orders_of(["1001"]),
    ):
        (order,) = records(pages)
        assert isinstance(order, Order)
        assert [(each.amount, each.tax, each.shipping) for each in order.refunds] == [(5950, 950, 0)]
        assert [line.remaining for line in order.lines] == [1]


def test_without_credit_notes_returns_are_said_to_be_unknown(shop: WawiSandbox) -> None:
    shop.put(half_returned())
    with connected(shop, credit_notes=False) as adapter:
        (order,) = records(adapter.orders(None, None))
        assert order.refunds == ()
        assert any(note.startswith("Returns unknown") for note in adapter.check().notes)
    assert asked(shop, "accountingData") == []


def test_a_cancelled_credit_note_gives_nothing_back(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(half_returned())
    shop.books.credits[4001]["IsCancelled"] = True
    (order,) = records(adapter.orders(None, None))
    assert order.refunds == ()


def test_the_number_is_that_of_the_shop_else_of_wawi(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(make_order("2001", number="#B-77"))
    shop.put(make_order("2002"))
    shop.books.orders[2002]["ExternalNumber"] = ""
    assert [each.number for each in records(adapter.orders(None, None))] == ["B-77", "A2002"]


def test_customers_have_their_number_and_category(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(make_customer("1001", group="Händler"))
    shop.books.customers[1001]["CustomerCategoryId"] = 1
    (found,) = records(adapter.customers(None, None))
    assert found.attributes == {"customer_number": "K1001", "customer_category": "Presse"}
    assert found.group == "Händler"


def test_an_order_that_is_deleted_while_it_is_read_is_left_out(
    shop: WawiSandbox, adapter: WawiAdapter
) -> None:
    shop.put(make_order("2001"))
    shop.put(make_order("2002"))
    reading = adapter.orders(None, None)
    shop.faults.plan("error", status=404, contains="/2002/lineitems")
    with pytest.raises(ResponseError):
        list(reading)  # a 404 that is not in the API's words says nothing
    del shop.books.lines[2002]
    assert [len(each.lines) for each in records(adapter.orders(None, None))] == [1, 0]
    shop.delete(Kind.ORDERS, "2002")
    assert [each.id for each in records(adapter.orders(None, None))] == ["2001"]


def test_a_sample_shop_comes_back_as_it_went_in(shop: WawiSandbox) -> None:
    sample = list(coffee_roaster(customers=40, seed=3, today=date(2026, 11, 21)))
    for record in sample:
        shop.put(record)
    wanted = {each.id: carried(as_wawi(each)) for each in sample if isinstance(each, Order)}
    with connected(shop, page_size=200) as adapter:
        found = {each.id: carried(each) for each in records(adapter.orders(None, None))}
    assert len(found) > 50
    assert found == wanted


def test_a_variation_has_the_categories_of_its_parent(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(make_product("3001", categories=("Espresso",), vendor="Alpenröster"))
    shop.put(make_product("3002"))
    shop.books.items[3002]["ParentItemId"] = 3001
    found = {each.id: (each.categories, each.vendor) for each in records(adapter.products(None, None))}
    assert found == {"3001": (("Espresso",), "Alpenröster"), "3002": (("Espresso",), None)}


# -- tags ---------------------------------------------------------------------------------------------------


def test_what_the_merchant_wrote_into_the_field_stays(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(make_customer("1001"))
    shop.write_field("1001", "Ruft gern an;  mag Espresso\nVIP")
    assert refusals(adapter, UpdateTags(customer_id="1001", add=("sk:a", "sk:b"))) == [None]
    assert shop.field("1001") == "Ruft gern an;  mag Espresso\nVIP, sk:a, sk:b"
    assert refusals(adapter, UpdateTags(customer_id="1001", remove=("SK:A", "sk:b"))) == [None]
    assert shop.field("1001") == "Ruft gern an;  mag Espresso\nVIP"


def test_a_field_that_holds_nothing_any_more_is_cleared(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(make_customer("1001", tags=("sk:a",)))
    assert refusals(adapter, UpdateTags(customer_id="1001", remove=("sk:a",))) == [None]
    assert shop.field("1001") == ""
    assert asked(shop, "customfields/7") == ["DELETE /api/eazybusiness/v1/customers/1001/customfields/7"]


def test_a_tag_that_is_there_already_is_not_written_again(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(make_customer("1001", tags=("sk:a",)))
    assert refusals(adapter, UpdateTags(customer_id="1001", add=("sk:a",))) == [None]
    assert asked(shop, "customfields/7") == []


@pytest.mark.parametrize("tag", ["sk:a,b", "sk:a;b", "sk:a\nb", " "])
def test_a_tag_that_would_be_two_is_refused(shop: WawiSandbox, adapter: WawiAdapter, tag: str) -> None:
    shop.put(make_customer("1001"))
    (error,) = refusals(adapter, UpdateTags(customer_id="1001", add=(tag,)))
    assert "cannot stand in a list with commas" in (error or "")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Stammkunden", "has no such fields of customers (it has: Bemerkung, Filiale, Stammkunde)"),
        ("Filiale", "holds no text"),
    ],
)
def test_a_field_that_cannot_carry_tags_is_told_by_check(shop: WawiSandbox, name: str, what: str) -> None:
    with connected(shop, tag_field=name) as adapter, pytest.raises(ConfigError) as caught:
        adapter.check()
    assert what in str(caught.value)


# -- groups -------------------------------------------------------------------------------------------------


def test_customers_are_moved_only_as_the_settings_say(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    shop.put(make_customer("1001", group="Stammkunden"))
    shop.put(make_customer("1002", group="Händler"))
    back = MoveGroup(customer_id="1002", from_="Händler", to="Stammkunden")
    there = MoveGroup(customer_id="1001", from_="Stammkunden", to="Händler")
    refused, moved = refusals(adapter, back, there)
    assert "`move_groups` does not name this pair" in (refused or "")
    assert moved is None
    groups = {each.id: each.group for each in records(adapter.customers(None, None))}
    assert groups == {"1001": "Händler", "1002": "Händler"}


def test_a_group_that_wawi_does_not_have_is_refused(shop: WawiSandbox) -> None:
    shop.put(make_customer("1001", group="Stammkunden"))
    with connected(shop, move_groups=(("Stammkunden", "Gold"),)) as adapter:
        (error,) = refusals(adapter, MoveGroup(customer_id="1001", from_="Stammkunden", to="Gold"))
    assert error == "JTL-Wawi has no customer group 'Gold'."


def test_a_wawi_that_changes_more_than_the_group_stops_the_push(
    shop: WawiSandbox, adapter: WawiAdapter
) -> None:
    shop.put(make_customer("1001", group="Stammkunden"))
    shop.put(make_customer("1002", group="Stammkunden"))
    shop.api.careless = True
    moves = [MoveGroup(customer_id=each, from_="Stammkunden", to="Händler") for each in ("1001", "1002")]
    with pytest.raises(ResponseError, match="changed the address of customer 1001"):
        list(adapter.push(moves, "run-1"))
    assert asked(shop, "/customers/1002") == []


# -- the cloud ----------------------------------------------------------------------------------------------


def test_a_token_is_got_once(cloud: WawiSandbox) -> None:
    fill(cloud, Kind.CUSTOMERS, 7)
    with connected(cloud) as adapter:
        adapter.check()
        assert len(records(adapter.customers(None, None))) == 7
    assert len(cloud.faults.requests("/oauth2/token")) == 1


def test_a_token_is_renewed_before_it_ends(cloud: WawiSandbox) -> None:
    cloud.entry.token_seconds = 1.0
    with connected(cloud) as adapter:
        list(adapter.ids(Kind.ORDERS, None))
        time.sleep(0.6)  # more than half of its time
        list(adapter.ids(Kind.ORDERS, None))
    assert len(cloud.faults.requests("/oauth2/token")) == 2
    assert [seen for seen in cloud.faults.requests() if seen.status == 401] == []


def test_a_token_that_ended_early_is_replaced(cloud: WawiSandbox) -> None:
    cloud.put(make_customer("1001"))
    with connected(cloud) as adapter:
        adapter.check()
        cloud.entry.revoke_tokens()
        assert len(records(adapter.customers(None, None))) == 1
    assert len(cloud.faults.requests("/oauth2/token")) == 2


def test_calls_at_one_time_replace_a_token_once(cloud: WawiSandbox) -> None:
    fill(cloud, Kind.CUSTOMERS, 12)
    with connected(cloud, page_size=12) as adapter:
        list(adapter.ids(Kind.CUSTOMERS, None))
        cloud.entry.end_tokens_at = "/customers/1003/customfields"
        cloud.faults.latency = 0.05
        assert len(records(adapter.customers(None, None))) == 12
    assert len(cloud.faults.requests("/oauth2/token")) == 2
    assert len([seen for seen in cloud.faults.requests() if seen.status == 401]) >= 1


def test_a_wrong_client_secret_is_not_shown(cloud: WawiSandbox) -> None:
    with (
        connected(cloud, client_secret=SecretStr("wrong-secret")) as adapter,
        pytest.raises(AuthError) as caught,
    ):
        adapter.check()
    assert str(caught.value) == "JTL's cloud does not accept `client_id` and `client_secret`."
    assert len(cloud.faults.requests()) == 1


def test_another_tenant_is_refused(cloud: WawiSandbox) -> None:
    with connected(cloud, tenant="somebody-else") as adapter, pytest.raises(AuthError, match="key or token"):
        adapter.check()


def test_the_pace_of_the_cloud_is_kept(cloud: WawiSandbox) -> None:
    cloud.entry.calls_per_interval, cloud.entry.interval = 3, 0.3
    fill(cloud, Kind.CUSTOMERS, 8)
    with connected(cloud, page_size=1) as adapter:
        assert len(records(adapter.ids(Kind.CUSTOMERS, None))) == 8
    assert [seen for seen in cloud.faults.requests() if seen.status == 429] == []


def test_several_calls_at_once_that_are_too_many_lose_nothing(cloud: WawiSandbox) -> None:
    cloud.entry.calls_per_interval, cloud.entry.interval = 10, 0.3
    fill(cloud, Kind.CUSTOMERS, 20)
    with connected(cloud, page_size=20) as adapter:
        assert len(records(adapter.customers(None, None))) == 20


def test_a_cloud_that_wants_fewer_calls_is_asked_again(cloud: WawiSandbox) -> None:
    cloud.put(make_customer("1001"))
    cloud.faults.plan("throttle", retry_after=0.1, contains="/v1/customers")
    with connected(cloud) as adapter:
        assert [each.id for each in records(adapter.customers(None, None))] == ["1001"]


# -- trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["error", "drop", "truncate"])
def test_trouble_that_passes_loses_nothing(shop: WawiSandbox, adapter: WawiAdapter, kind: Any) -> None:
    fill(shop, Kind.ORDERS, 7)
    shop.faults.plan(kind, skip=3)
    shop.faults.plan(kind, contains="lineitems")
    assert len(records(adapter.orders(None, None))) == 7


def test_trouble_that_stays_is_raised_and_nothing_ends_early(shop: WawiSandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 7)
    shop.faults.plan("error", skip=1, times=99, contains="GET /api/eazybusiness/v1/customers")
    with connected(shop, timeout=0.3, tag_field=None) as adapter, pytest.raises(TemporaryError):
        list(adapter.customers(None, None))


def test_html_in_place_of_json_stops_the_read(shop: WawiSandbox, adapter: WawiAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 7)
    shop.faults.plan("garbage", contains="GET /api/eazybusiness/v1/customers")
    with pytest.raises(ResponseError, match="did not answer in JSON"):
        list(adapter.customers(None, None))
