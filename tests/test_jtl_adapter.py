"""The JTL adapter against its sandbox, by its public methods only."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from adapters.jtl import JtlAdapter
from adapters.jtl.sandbox import JtlSandbox
from adapters.jtl.sandbox.shop import Profile
from connector.errors import AuthError, ConfigError, ResponseError, TemporaryError
from connector.model import (
    CouponTerm,
    Customer,
    Feature,
    Kind,
    Mark,
    MoveGroup,
    Order,
    Record,
    UpdateTags,
)
from connector.testing import (
    START,
    AdapterContract,
    fill,
    make_coupon,
    make_customer,
    make_order,
    records,
)

GROUPS = Profile(groups=("Endkunden", "Stammkunden", "Händler"), movable=("Stammkunden", "Händler"))


@pytest.fixture
def shop() -> Iterator[JtlSandbox]:
    with JtlSandbox(profile=GROUPS) as sandbox:
        yield sandbox


@pytest.fixture
def settings(shop: JtlSandbox) -> dict[str, Any]:
    return settings_of(shop.settings())


def settings_of(found: Any, **other: Any) -> dict[str, Any]:
    secrets = {name: SecretStr(found[name]) for name in ("key", "core_key") if name in found}
    return {**found, **secrets, "page_size": 3, **other}


def as_jtl(record: Record) -> Record:
    """What JTL keeps of a record.

    Of a registration the day; of products no tags; of returns nothing, which `check` says.
    """
    replace = msgspec.structs.replace
    if isinstance(record, Customer):
        return replace(record, created_at=record.created_at and midnight(record.created_at))
    if isinstance(record, Order):
        lines = tuple(replace(line, remaining=line.quantity) for line in record.lines)
        return replace(record, refunds=(), lines=lines)
    return replace(record, tags=())


def midnight(moment: datetime) -> datetime:
    """In Berlin in winter."""
    return (moment + timedelta(hours=1)).replace(hour=0, minute=0, second=0) - timedelta(hours=1)


class TestJtlContract(AdapterContract):
    adapter_class = JtlAdapter

    def kept(self, record: Record) -> Record:
        return as_jtl(record)


def as_core(record: Record) -> Record:
    """What the shop's own API shows of that: no tags, no stamps and e-mails of orders, no codes, one SKU."""
    record = as_jtl(record)
    replace = msgspec.structs.replace
    if isinstance(record, Customer):
        return replace(record, tags=())
    if isinstance(record, Order):
        cancelled = record.placed_at if record.cancelled_at else None
        return replace(record, updated_at=None, email=None, codes=(), cancelled_at=cancelled)
    return record


class TestJtlWithoutPluginContract(AdapterContract):
    """Read-only, through the shop's own API."""

    adapter_class = JtlAdapter

    @pytest.fixture
    def shop(self) -> Iterator[JtlSandbox]:
        with JtlSandbox(plugin=False) as sandbox:
            yield sandbox

    @pytest.fixture
    def settings(self, shop: JtlSandbox) -> dict[str, Any]:
        return settings_of(shop.core_settings())

    def kept(self, record: Record) -> Record:
        return as_core(record)


@contextmanager
def connected(shop: JtlSandbox, **other: Any) -> Iterator[JtlAdapter]:
    adapter = JtlAdapter(**settings_of(shop.settings(), **other))
    yield adapter
    adapter.close()


@contextmanager
def connected_to_core(shop: JtlSandbox, **other: Any) -> Iterator[JtlAdapter]:
    adapter = JtlAdapter(**settings_of(shop.core_settings(), **other))
    yield adapter
    adapter.close()


@pytest.fixture
def adapter(settings: dict[str, Any]) -> Iterator[JtlAdapter]:
    adapter = JtlAdapter(**settings)
    yield adapter
    adapter.close()


# -- check --------------------------------------------------------------------------------------------------


def test_check_knows_the_shop_and_says_that_returns_are_unknown(
    shop: JtlSandbox, adapter: JtlAdapter
) -> None:
    fill(shop, Kind.ORDERS, 4)
    info = adapter.check()
    assert (info.name, info.currency, info.time_zone) == ("Rösterei Sandkasten", "EUR", "Europe/Berlin")
    assert (info.customer_count, info.order_count) == (1, 4)
    assert info.oldest_order == datetime(2026, 2, 1, 18, 15, tzinfo=UTC)
    assert (info.tag_length, info.code_length) == (100, 32)
    assert info.customer_groups == ("Endkunden", "Stammkunden", "Händler")
    assert [note.startswith("Returns unknown") for note in info.notes] == [True]
    assert info.returns_unknown
    assert info.coupons_per_order == 1
    assert set(info.code_alphabet or "") == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
    assert info.coupon_terms == {
        CouponTerm.MINIMUM,
        CouponTerm.NOT_COMBINABLE,
        CouponTerm.TITLES,
        CouponTerm.FREE_SHIPPING,
        CouponTerm.PRODUCTS,
        CouponTerm.CATEGORIES,
    }
    assert info.features >= {Feature.TAGS, Feature.COUPONS, Feature.GUEST_RECORDS, Feature.CUSTOMER_GROUPS}


def test_check_names_missing_permissions_and_where_to_grant_them() -> None:
    with JtlSandbox(scopes=["read", "tags"]) as shop, connected(shop) as adapter:
        info = adapter.check()
        shop.put(make_customer())
        errors = [result.error for result in adapter.push([make_coupon()], "run-1")]
    assert info.missing_scopes == ("coupons",)
    assert "Stammkunde Connector" in (info.scope_help or "")
    assert Feature.TAGS in info.features
    assert Feature.COUPONS not in info.features
    assert errors == ['This key may not do that: the scope "coupons" is missing.']


def test_a_key_that_may_not_read_is_told_so() -> None:
    with JtlSandbox(scopes=["tags"]) as shop, connected(shop) as adapter, pytest.raises(AuthError) as caught:
        adapter.check()
    assert 'the scope "read" is missing' in str(caught.value)


def test_a_wrong_key_is_asked_about_once_and_not_shown(shop: JtlSandbox) -> None:
    with connected(shop, key=SecretStr("skj_wrong")) as adapter, pytest.raises(AuthError) as caught:
        adapter.check()
    assert "does not accept `key`" in str(caught.value)
    assert "skj_wrong" not in str(caught.value)
    assert len(shop.faults.requests()) == 1


@pytest.mark.parametrize(("api", "what"), [(0, "is too old for Stammkunde"), (2, "update Stammkunde")])
def test_a_plugin_that_does_not_fit_is_not_read(shop: JtlSandbox, api: int, what: str) -> None:
    shop.plugin.api, shop.plugin.version = api, "9.9.9"
    with connected(shop) as adapter:
        for use in (adapter.check, lambda: list(adapter.orders(None, None))):
            with pytest.raises(ResponseError, match=what):
                use()


def test_another_version_of_the_plugin_is_noted(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.plugin.version = "0.0.7"
    assert ["version 0.0.7" in note for note in adapter.check().notes] == [False, True]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"key": None}, "needs `key`"),
        ({"url": "shop.example"}, "no address of a shop"),
        ({"page_size": 0}, "at least one record"),
        ({"key": None, "core_key": SecretStr("k"), "time_zone": "Berlin"}, "named like Europe/Berlin"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        JtlAdapter(**{"url": "https://shop.example", "key": SecretStr("k"), **wrong})


# -- without the plugin -------------------------------------------------------------------------------------


def test_without_the_plugin_it_is_said_what_is_missing() -> None:
    with JtlSandbox(plugin=False) as shop, connected_to_core(shop) as adapter:
        info = adapter.check()
    assert info.features == {Feature.PRODUCTS, Feature.DELETIONS, Feature.GUEST_RECORDS}
    assert "nothing can be written" in info.notes[0]
    assert "no tags, no coupons, no codes in orders, no consent" in info.notes[1]
    assert (info.currency, info.time_zone) == ("EUR", "Europe/Berlin")
    assert info.customer_groups == ("Endkunden", "Händler", "Stammkunden")


def test_without_the_plugin_the_oldest_order_is_known() -> None:
    with JtlSandbox(plugin=False) as shop, connected_to_core(shop) as adapter:
        assert adapter.check().oldest_order is None
        fill(shop, Kind.ORDERS, 2)
        assert adapter.check().oldest_order == datetime(2026, 2, 1, 18, 15, tzinfo=UTC)


def test_a_shop_without_a_name_is_called_by_its_address() -> None:
    with JtlSandbox(profile=Profile(name="")) as shop, connected(shop) as adapter:
        assert adapter.check().name == shop.url.removeprefix("http://")


def test_a_plugin_that_is_switched_off_stops_the_shop_instead_of_reading_less() -> None:
    with (
        JtlSandbox(plugin=False) as shop,
        connected(shop, core_key=SecretStr("core-sandbox")) as adapter,
        pytest.raises(ResponseError, match=r"does not answer at 127\.0\.0\.1.*take `key` out of the config"),
    ):
        adapter.check()


def test_what_the_shop_does_not_have_is_asked_for_once() -> None:
    with JtlSandbox(plugin=False, rest_api=False) as shop:
        with connected(shop) as adapter, pytest.raises(ResponseError):
            adapter.check()
        with connected_to_core(shop) as adapter, pytest.raises(ResponseError, match="SHOW_REST_API"):
            adapter.check()
        assert len(shop.faults.requests()) == 2


def test_501_is_not_tried_again(shop: JtlSandbox) -> None:
    shop.faults.plan("error", status=501, times=9)
    with (
        connected_to_core(shop) as adapter,
        pytest.raises(ResponseError, match="does not have what was asked"),
    ):
        adapter.check()
    assert len(shop.faults.requests()) == 1


def test_a_wrong_key_of_the_shops_own_api_is_explained(shop: JtlSandbox) -> None:
    with (
        connected_to_core(shop, core_key=SecretStr("wrong-1")) as adapter,
        pytest.raises(AuthError) as caught,
    ):
        adapter.check()
    assert "`core_key`" in str(caught.value)
    assert "wrong-1" not in str(caught.value)


def test_the_route_that_gives_password_hashes_is_never_asked(shop: JtlSandbox) -> None:
    fill(shop, Kind.ORDERS, 7)
    with connected_to_core(shop) as adapter:
        for kind in Kind:
            records(adapter.ids(kind, None))
            records(adapter.by_id(kind, ["1001", "2001", "3001"]))
        records(adapter.customers(None, None))
        (anna,) = records(adapter.by_id(Kind.CUSTOMERS, ["1001"]))
    asked = {seen.path for seen in shop.faults.requests()}
    assert "/api/v1/customer" in asked
    assert [path for path in asked if path.startswith("/api/v1/customer/")] == []
    assert isinstance(anna, Customer)
    assert anna.last_name == "Schmidt"


def test_positions_of_many_orders_come_in_few_requests(shop: JtlSandbox) -> None:
    fill(shop, Kind.ORDERS, 9)
    with connected_to_core(shop) as adapter:
        orders = records(adapter.orders(None, None))
    assert [len(order.lines) for order in orders] == [1] * 9
    assert len(shop.faults.requests("/api/v1/cart")) == 3


def test_a_list_in_no_order_is_not_taken_for_all_of_it(shop: JtlSandbox) -> None:
    for number in (1001, 1002, 1003):
        shop.put(make_customer(str(number)))
    shop.core.unordered = True
    with connected_to_core(shop) as adapter, pytest.raises(ResponseError, match="in no order"):
        list(adapter.customers(None, None))


# -- trouble ------------------------------------------------------------------------------------------------

SINCE = START - timedelta(days=1)


@pytest.mark.parametrize("kind", ["drop", "truncate", "error", "throttle"])
def test_trouble_that_passes_is_not_noticed(shop: JtlSandbox, adapter: JtlAdapter, kind: Any) -> None:
    fill(shop, Kind.ORDERS, 7)
    shop.faults.plan(kind, skip=1, times=2, retry_after=0.1)
    assert len(records(adapter.orders(SINCE, None))) == 7
    assert [seen.fault for seen in shop.faults.requests()].count(kind) == 2


@pytest.mark.parametrize("kind", ["drop", "truncate", "error"])
def test_a_push_whose_answer_was_lost_is_done_once(shop: JtlSandbox, adapter: JtlAdapter, kind: Any) -> None:
    shop.put(make_customer())
    shop.faults.plan(kind, contains="/changes")
    assert [result.error for result in adapter.push([make_coupon()], "run-1")] == [None]
    assert shop.codes() == {"SKTEST23456"}


def test_a_page_that_fails_for_good_ends_the_read_with_an_error(
    shop: JtlSandbox, adapter: JtlAdapter
) -> None:
    fill(shop, Kind.CUSTOMERS, 9)
    shop.faults.plan("garbage", skip=2)
    seen: list[tuple[Customer, ...]] = []
    with pytest.raises(ResponseError, match="did not answer in JSON"):
        seen.extend(page.records for page in adapter.customers(None, None))
    assert len(seen) == 1


def test_a_shop_that_hangs_ends_in_time(shop: JtlSandbox) -> None:
    shop.faults.plan("hang", times=9, seconds=5)
    began = time.monotonic()
    with connected(shop, timeout=0.2) as adapter, pytest.raises(TemporaryError):
        adapter.check()
    assert time.monotonic() - began < 2


def test_a_password_in_front_of_the_site_is_told_from_a_wrong_key(
    shop: JtlSandbox, adapter: JtlAdapter
) -> None:
    shop.faults.plan("unauthorized")
    with pytest.raises(AuthError, match="before the plugin is asked: a password on the whole site"):
        adapter.check()


# -- reads --------------------------------------------------------------------------------------------------


def test_an_empty_page_is_not_the_end(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 4)
    shop.plugin.comparing = 2
    pages = list(adapter.customers(None, None))
    assert [len(page.records) for page in pages] == [0, 0, 3, 1]
    assert [page.total for page in pages] == [None, None, 4, 4]


def test_records_of_books_that_are_no_longer_read_are_gone(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    pages = list(adapter.by_id(Kind.CUSTOMERS, ["wawi-55", "1001"]))
    assert [customer.id for customer in records(pages)] == ["1001"]
    assert [gone for page in pages for gone in page.gone] == ["wawi-55"]


def test_deletions_come_with_the_changes(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 3)
    shop.delete(Kind.CUSTOMERS, "1002")
    pages = list(adapter.customers(SINCE, None))
    assert [gone for page in pages for gone in page.gone] == ["1002"]
    assert [customer.id for customer in records(pages)] == ["1001", "1003"]


def test_a_place_that_is_no_longer_honoured_starts_over(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 4)
    assert len(records(adapter.customers(None, "of another plugin"))) == 4


def test_an_order_whose_state_alone_changed_comes_again(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    shop.put(make_order())
    before = datetime.now(UTC) - timedelta(seconds=1)
    shop.checkout.cancel(2001)
    (order,) = records(adapter.orders(before, None))
    assert order.cancelled_at is not None


def test_an_order_of_a_deleted_customer_keeps_its_email(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    shop.put(make_order())
    shop.delete(Kind.CUSTOMERS, "1001")
    (order,) = records(adapter.by_id(Kind.ORDERS, ["2001"]))
    assert isinstance(order, Order)
    assert (order.customer_id, order.email) == (None, "c1001@example.com")


def test_a_redeemed_code_stands_in_the_order_and_is_counted(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    assert [result.error for result in adapter.push([make_coupon()], "run-1")] == [None]
    assert shop.redeem("SKTEST23456", "1001") is None
    (order,) = records(adapter.orders(None, None))
    (coupon,) = records(adapter.coupons(None, None))
    assert (order.codes, order.total, order.discounts) == (("SKTEST23456",), 9000, 840)
    assert coupon.used == 1


def test_a_coupon_deleted_by_the_owner_is_no_longer_active(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    assert [result.error for result in adapter.push([make_coupon()], "run-1")] == [None]
    shop.shop.coupons[1].deleted = True
    (coupon,) = records(adapter.coupons(None, None))
    assert not coupon.active
    assert all(result.error for result in adapter.push([make_coupon()], "run-2"))


def test_a_guests_coupon_is_bound_to_nobody(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.put(make_customer(guest=True))
    assert [result.error for result in adapter.push([make_coupon()], "run-1")] == [None]
    (coupon,) = records(adapter.coupons(None, None))
    assert coupon.customer_id is None


# -- push ---------------------------------------------------------------------------------------------------


def tags(count: int) -> list[UpdateTags]:
    return [UpdateTags(customer_id=str(1001 + number), add=("sk:a",)) for number in range(count)]


def test_changes_go_in_batches_whose_results_come_at_once(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 250)
    results = adapter.push(tags(250), "run-1")
    assert [result.error for result in islice(results, 1)] == [None]
    assert len(shop.faults.requests("/changes")) == 1
    assert len(list(results)) == 249
    assert len(shop.faults.requests("/changes")) == 3


def test_a_crashed_push_goes_on_behind_its_batches(shop: JtlSandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 3)
    with connected(shop) as adapter:
        next(iter(adapter.push(tags(2), "run-1")))
    with connected(shop) as adapter:
        assert [result.error for result in adapter.push(tags(3), "run-1")] == [None] * 3
    assert [shop.tags_of(str(1001 + number)) for number in range(3)] == [{"sk:a"}] * 3


def test_another_installation_is_kept_out(shop: JtlSandbox) -> None:
    shop.put(make_customer())
    with connected(shop, installation="nas") as adapter:
        assert [result.error for result in adapter.push(tags(1), "run-1")] == [None]
    with (
        connected(shop, installation="laptop") as adapter,
        pytest.raises(AuthError, match="installation nas"),
    ):
        list(adapter.push(tags(1), "run-2"))


def test_a_group_that_is_not_on_the_list_is_left_alone(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.put(make_customer(group="Endkunden"))
    (result,) = adapter.push([MoveGroup(customer_id="1001", from_="Endkunden", to="Stammkunden")], "run-1")
    assert "only between the groups named in the plugin's settings" in (result.error or "")


def test_a_coupon_worth_nothing_is_refused_alone(shop: JtlSandbox, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    good = make_coupon()
    bad = make_coupon(percent=0, mark=Mark("come-back", "c1001", 2), code="SKOTHER2345")
    errors = [result.error for result in adapter.push([bad, good], "run-1")]
    assert [bool(error) for error in errors] == [True, False]
    assert shop.codes() == {"SKTEST23456"}


def test_no_webhook_is_believed(adapter: JtlAdapter) -> None:
    with pytest.raises(AuthError, match="`webhook_secret` is not in the config"):
        adapter.event({"X-Signature": "x"}, b'{"id": 1001}')
