"""The WooCommerce adapter against its sandbox, by its public methods only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from adapters.woocommerce import WooCommerceAdapter
from adapters.woocommerce.sandbox import WooCommerceSandbox
from adapters.woocommerce.sandbox.checkout import Basket, Goods
from adapters.woocommerce.sandbox.shop import Profile
from connector.errors import AuthError, ConfigError, ResponseError
from connector.model import (
    Change,
    CouponTerm,
    DisableCoupon,
    ExtendCoupon,
    Feature,
    Kind,
    Mark,
    MoveGroup,
    Order,
    Record,
    SetAttribute,
    UpdateTags,
)
from connector.testing import (
    LATER,
    START,
    AdapterContract,
    fill,
    make_coupon,
    make_customer,
    make_order,
    make_product,
    records,
)


@pytest.fixture
def shop() -> Iterator[WooCommerceSandbox]:
    with WooCommerceSandbox(profile=Profile(free_shipping=True)) as sandbox:
        yield sandbox


@pytest.fixture
def settings(shop: WooCommerceSandbox) -> dict[str, Any]:
    return settings_of(shop)


def settings_of(shop: WooCommerceSandbox, **other: Any) -> dict[str, Any]:
    found = shop.settings()
    secrets = {name: SecretStr(found[name]) for name in ("key", "secret", "webhook_secret")}
    return {**found, **secrets, "page_size": 3, **other}


def as_woocommerce(record: Record) -> Record:
    """What WooCommerce keeps of a record: of a cancellation not its day, but that of the last change."""
    replace = msgspec.structs.replace
    if isinstance(record, Order) and record.cancelled_at:
        return replace(record, cancelled_at=record.updated_at)
    return record


class TestWooCommerceContract(AdapterContract):
    adapter_class = WooCommerceAdapter

    def kept(self, record: Record) -> Record:
        return as_woocommerce(record)

    @pytest.fixture
    def delivery(self, shop: WooCommerceSandbox) -> tuple[dict[str, str], bytes]:
        shop.put(make_customer("1001"))
        return shop.webhooks.delivery("customer.updated", shop.shop.customers[1001])


@contextmanager
def connected(shop: WooCommerceSandbox, **other: Any) -> Iterator[WooCommerceAdapter]:
    adapter = WooCommerceAdapter(**settings_of(shop, **other))
    yield adapter
    adapter.close()


@pytest.fixture
def adapter(settings: dict[str, Any]) -> Iterator[WooCommerceAdapter]:
    adapter = WooCommerceAdapter(**settings)
    yield adapter
    adapter.close()


def errors(adapter: WooCommerceAdapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


def put_orders(shop: WooCommerceSandbox, *moments: datetime) -> list[str]:
    shop.put(make_customer())
    numbers = [str(2001 + place) for place in range(len(moments))]
    for number, moment in zip(numbers, moments, strict=True):
        shop.put(make_order(number, updated_at=moment))
    return numbers


# -- check --------------------------------------------------------------------------------------------------


def test_check_knows_the_shop(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    fill(shop, Kind.ORDERS, 4)
    info = adapter.check()
    assert (info.name, info.currency, info.time_zone) == ("Rösterei Sandkasten", "EUR", "Europe/Berlin")
    assert (info.customer_count, info.order_count) == (1, 4)
    assert info.oldest_order == datetime(2026, 2, 1, 18, 15, tzinfo=UTC)
    assert info.code_case == "kept"
    assert info.payment_methods == ("Überweisung",)
    assert info.admin_url == f"{shop.url}/wp-admin/users.php"
    assert CouponTerm.FREE_SHIPPING in info.coupon_terms
    assert Feature.COUPON_FOR_EMAIL in info.features
    assert Feature.COUPON_FOR_CUSTOMER not in info.features


def test_a_key_that_may_only_read_is_found_out_without_writing() -> None:
    with WooCommerceSandbox(permission="read") as shop, connected(shop) as adapter:
        shop.put(make_customer())
        info = adapter.check()
        assert shop.shop.customers[1001].modified == START
    assert info.missing_scopes == ("Write",)
    assert "WooCommerce, Settings, Advanced, REST API" in (info.scope_help or "")
    assert info.features == {Feature.PRODUCTS, Feature.DELETIONS, Feature.WEBHOOKS}


def test_free_shipping_is_no_term_where_no_method_waits_for_a_code() -> None:
    with WooCommerceSandbox() as shop, connected(shop) as adapter:
        assert CouponTerm.FREE_SHIPPING not in adapter.check().coupon_terms


def test_a_shop_without_the_companion_plugin_is_told_so() -> None:
    with WooCommerceSandbox(profile=Profile(companion=False)) as shop, connected(shop) as adapter:
        assert ["stammkunde woocommerce plugin" in note for note in adapter.check().notes].count(True) == 1


def test_a_shop_with_the_companion_plugin_is_not(adapter: WooCommerceAdapter) -> None:
    assert not any("stammkunde woocommerce plugin" in note for note in adapter.check().notes)


@pytest.mark.parametrize(
    ("hours", "configured", "zone"),
    [
        (2, None, "Etc/GMT-2"),
        (-5, None, "Etc/GMT+5"),
        (0, None, "Etc/UTC"),
        (5.5, "Asia/Kolkata", "Asia/Kolkata"),
    ],
)
def test_a_zone_without_a_name_is_taken_as_an_offset(hours: float, configured: str | None, zone: str) -> None:
    profile = Profile(named_zone=False, gmt_offset=hours)
    with WooCommerceSandbox(profile=profile) as shop, connected(shop, time_zone=configured) as adapter:
        info = adapter.check()
    assert info.time_zone == zone
    assert any("without summer time" in note for note in info.notes)


def test_a_zone_that_has_no_name_at_all_is_asked_for() -> None:
    profile = Profile(named_zone=False, gmt_offset=5.5)
    with (
        WooCommerceSandbox(profile=profile) as shop,
        connected(shop) as adapter,
        pytest.raises(ConfigError, match="set `time_zone` in the config"),
    ):
        adapter.check()


def test_plain_permalinks_are_explained() -> None:
    with (
        WooCommerceSandbox(profile=Profile(pretty_permalinks=False)) as shop,
        connected(shop) as adapter,
        pytest.raises(ResponseError, match='Permalinks must be anything but "Plain"'),
    ):
        adapter.check()


@pytest.mark.parametrize("version", ["5.7.2", "4.9.0"])
def test_a_shop_that_is_too_old_is_refused(version: str) -> None:
    with (
        WooCommerceSandbox(profile=Profile(version=version)) as shop,
        connected(shop) as adapter,
        pytest.raises(ResponseError, match=r"5\.8 or newer is needed"),
    ):
        adapter.check()


def test_a_key_that_may_not_see_the_version_is_enough() -> None:
    with WooCommerceSandbox(profile=Profile(shows_status=False)) as shop, connected(shop) as adapter:
        assert any("may not see the version" in note for note in adapter.check().notes)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [({"url": "shop.example"}, "no address of a shop"), ({"page_size": 0}, "at least one record")],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], what: str) -> None:
    keys = {"key": SecretStr("ck_x"), "secret": SecretStr("cs_x")}
    with pytest.raises(ConfigError, match=what):
        WooCommerceAdapter(**{"url": "https://shop.example", **keys, **wrong})


# -- signing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "what"),
    [
        ("key", "ck_wrong", "Consumer key is invalid"),
        ("secret", "cs_wrong", "provided signature does not match"),
    ],
)
def test_wrong_keys_are_asked_about_once_and_not_shown(
    shop: WooCommerceSandbox, setting: str, value: str, what: str
) -> None:
    with (
        connected(shop, **{setting: SecretStr(value)}) as adapter,
        pytest.raises(AuthError, match=what) as caught,
    ):
        list(adapter.customers(None, None))
    assert value not in str(caught.value)
    assert len(shop.faults.requests()) == 1


def test_every_repeated_request_is_signed_anew(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    """WooCommerce takes a nonce once only, and so does the sandbox."""
    fill(shop, Kind.CUSTOMERS, 4)
    shop.faults.plan("drop", times=2)
    assert len(records(adapter.customers(None, None))) == 4


def test_a_header_that_is_lost_on_the_way_is_explained(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.access.strips_header = True
    with pytest.raises(AuthError, match="does not pass the header Authorization on to PHP"):
        list(adapter.customers(None, None))


def test_letters_that_a_url_must_write_otherwise_are_signed_right(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    mark = Mark("come-back", "c1001", 1)
    (error,) = errors(adapter, ExtendCoupon(mark=mark, code="Ä &+=%/~ b", ends_at=LATER))
    assert error == "The shop has no coupon Ä &+=%/~ b."


# -- orders by change ---------------------------------------------------------------------------------------


def test_an_order_touched_between_two_pages_makes_none_be_skipped(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    numbers = put_orders(shop, *[START + timedelta(minutes=place) for place in range(9)])
    reading = adapter.orders(None, None)
    seen = [order.id for order in next(reading).records]
    shop.put(make_order(seen[0], updated_at=LATER))  # all behind it move up by one place
    seen += [order.id for page in reading for order in page.records]
    assert set(seen) == set(numbers)


@pytest.mark.parametrize("count", [3, 4, 7, 10])
def test_many_orders_of_one_second_are_all_read(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter, count: int
) -> None:
    moments = [START - timedelta(seconds=1), *[START] * count, START + timedelta(seconds=1)]
    numbers = put_orders(shop, *moments)
    assert sorted(order.id for order in records(adapter.orders(None, None))) == numbers
    since = [order.id for order in records(adapter.orders(START, None))]
    assert set(numbers[1:]) <= set(since)


def test_a_second_of_many_orders_is_read_again_when_one_leaves_it(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    numbers = put_orders(shop, *[START] * 9)
    reading = adapter.orders(None, None)
    seen = [order.id for order in next(reading).records]
    for number in numbers[:2]:
        shop.put(make_order(number, updated_at=LATER))
    assert {*seen, *(order.id for page in reading for order in page.records)} == set(numbers)


def test_a_read_inside_one_second_resumes(shop: WooCommerceSandbox) -> None:
    numbers = put_orders(shop, START - timedelta(minutes=1), *[START] * 8)
    with connected(shop) as adapter:
        pages = list(adapter.orders(START - timedelta(minutes=2), None))
    for stop in range(1, len(pages) + 1):
        if checkpoint := pages[stop - 1].checkpoint:
            with connected(shop) as adapter:
                rest = records(adapter.orders(None, checkpoint))
            assert {order.id for order in [*records(pages[:stop]), *rest]} == set(numbers)


@pytest.mark.parametrize("start", range(0, 130, 10))
def test_the_hour_that_the_clocks_repeat_loses_no_order(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter, start: int
) -> None:
    """In it the shop orders by local time, so 02:10 of winter time comes before 02:40 of summer time."""
    night = datetime(2025, 10, 25, 23, 30, tzinfo=UTC)
    numbers = put_orders(shop, *[night + timedelta(minutes=7 * place) for place in range(20)])
    found = [order.id for order in records(adapter.orders(night + timedelta(minutes=start), None))]
    expected = {number for place, number in enumerate(numbers) if 7 * place >= start}
    assert expected <= set(found)
    assert {order.id for order in records(adapter.orders(None, None))} == set(numbers)


def test_a_time_is_sent_without_a_zone(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    """With one, the shop takes its own hours for those of GMT: an hour of orders would be missing."""
    put_orders(shop, START, START + timedelta(minutes=30))
    assert [order.id for order in records(adapter.orders(START + timedelta(minutes=10), None))] == ["2002"]


def test_a_shop_that_does_not_read_modified_after_is_found_out() -> None:
    with WooCommerceSandbox(profile=Profile(knows_modified=False)) as shop, connected(shop) as adapter:
        put_orders(shop, *[START + timedelta(minutes=place) for place in range(5)])
        with pytest.raises(ResponseError, match=r"WooCommerce 5\.8 or newer is needed"):
            list(adapter.orders(START + timedelta(minutes=3), None))


def test_a_list_without_totals_is_not_taken_for_complete(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    fill(shop, Kind.CUSTOMERS, 4)
    shop.shop.hides_totals = True
    with pytest.raises(ResponseError, match="leaves out the header X-WP-Total"):
        list(adapter.customers(None, None))


# -- orders -------------------------------------------------------------------------------------------------


def test_unfinished_checkouts_are_no_orders(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    fill(shop, Kind.ORDERS, 3)
    shop.shop.orders[2002].status = "checkout-draft"
    assert [order.id for order in records(adapter.orders(None, None))] == ["2001", "2003"]
    assert sorted(records(adapter.ids(Kind.ORDERS, None))) == ["2001", "2003"]
    (page,) = adapter.by_id(Kind.ORDERS, ["2001", "2002"])
    assert (page.records[0].id, page.gone) == ("2001", ("2002",))


def test_an_order_in_the_bin_is_gone(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    fill(shop, Kind.ORDERS, 2)
    shop.delete(Kind.ORDERS, "2001")
    (page,) = adapter.by_id(Kind.ORDERS, ["2001", "2002"])
    assert page.gone == ("2001",)


@pytest.mark.parametrize("many_refunds", [True, False])
def test_refunds_come_with_their_order(many_refunds: bool) -> None:
    with WooCommerceSandbox(profile=Profile(many_refunds=many_refunds)) as shop, connected(shop) as adapter:
        fill(shop, Kind.ORDERS, 4)
        for number in (2001, 2003):
            shop.checkout.take_back(number, 1)
        shop.checkout.refund(2004)
        found = {order.id: order for order in records(adapter.orders(None, None))}
        asked = len(shop.faults.requests("refunds"))
    assert [found[number].refunded() for number in ("2001", "2002", "2003", "2004")] == [5950, 0, 5950, 11900]
    assert [found["2001"].lines[0].remaining, found["2001"].refunds[0].tax] == [1, 950]
    assert found["2004"].all_returned()
    assert asked < 4 if many_refunds else asked >= 4


def test_a_refund_moves_the_order(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    fill(shop, Kind.ORDERS, 3)
    shop.checkout.take_back(2002, 1)
    assert [order.id for order in records(adapter.orders(LATER, None))] == ["2002"]


def test_orders_of_guests_belong_to_no_customer(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.checkout.place(Basket(email="gast@example.com", goods=[Goods()]))
    (order,) = records(adapter.orders(None, None))
    assert (order.customer_id, order.email, order.total) == (None, "gast@example.com", 10500)
    assert records(adapter.orders_of(["0", "x"])) == []


# -- customers ----------------------------------------------------------------------------------------------


def test_every_customer_is_read_each_time(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 5)
    assert len(records(adapter.customers(LATER, None))) == 5
    assert list(adapter.tags("sk:", None)) == []


def test_a_customer_deleted_during_a_read_makes_none_be_skipped(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    fill(shop, Kind.CUSTOMERS, 9)
    reading = adapter.customers(None, None)
    seen = {customer.id for customer in next(reading).records}
    shop.delete(Kind.CUSTOMERS, "1001")
    seen |= {customer.id for page in reading for customer in page.records}
    assert seen == {str(1001 + place) for place in range(1, 9)}


def test_the_role_is_the_customer_group(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    shop.put(make_customer("1001", group="wholesale_customer"))
    assert [customer.group for customer in records(adapter.customers(None, None))] == ["wholesale_customer"]
    (error,) = errors(adapter, MoveGroup(customer_id="1001", from_="wholesale_customer", to="customer"))
    assert error == "WooCommerce has no customer groups, and its interface does not change roles."


# -- products -----------------------------------------------------------------------------------------------


def test_a_product_has_the_skus_of_its_variations(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.put(make_product(skus=("ESP-250", "ESP-500"), categories=("Kaffee & Tee",), vendor="Hausmarke"))
    (product,) = records(adapter.products(None, None))
    assert (product.skus, product.categories) == (("ESP-250", "ESP-500"), ("Kaffee & Tee",))
    assert product.vendor == "Hausmarke"


def test_a_product_that_is_a_draft_is_a_product(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    """It may have been sold before, so it is neither left out nor taken for gone."""
    shop.put(make_product())
    shop.shop.products[3001].status = "draft"
    assert [product.id for product in records(adapter.products(None, None))] == ["3001"]
    assert records(adapter.ids(Kind.PRODUCTS, None)) == ["3001"]


# -- push ---------------------------------------------------------------------------------------------------


def test_250_changes_of_tags_are_three_reads_and_three_writes(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    customers = [str(1001 + place) for place in range(250)]
    for number in customers:
        shop.put(make_customer(number))
    shop.faults.forget_requests()
    assert (
        errors(adapter, *[UpdateTags(customer_id=each, add=("sk:a",)) for each in customers]) == [None] * 250
    )
    sent = [request.method for request in shop.faults.requests()]
    assert sent == ["GET", "POST"] * 3


def test_a_customer_whose_tags_are_right_is_not_written(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.put(make_customer(tags=("sk:a",)))
    assert errors(adapter, UpdateTags(customer_id="1001", add=("SK:A",), remove=("sk:b",))) == [None]
    assert shop.faults.requests("batch") == []


def test_the_last_tag_takes_the_key_with_it(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    shop.put(make_customer(tags=("sk:a",)))
    shop.shop.customers[1001].meta["other_plugin"] = "x"
    assert errors(adapter, UpdateTags(customer_id="1001", remove=("sk:a",))) == [None]
    assert shop.shop.customers[1001].meta == {"other_plugin": "x"}


def test_a_value_is_kept_under_a_name_of_ours(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    shop.put(make_customer())
    shop.shop.customers[1001].meta["code-thanks"] = "of another plugin"
    assert errors(adapter, SetAttribute(customer_id="1001", name="code-thanks", value="SKA")) == [None]
    assert shop.shop.customers[1001].meta == {
        "code-thanks": "of another plugin",
        "stammkunde_code-thanks": "SKA",
    }
    (error,) = errors(adapter, SetAttribute(customer_id="1001", name="tags", value="x"))
    assert error == "stammkunde_tags holds the tags, so no value can be stored there."


def test_120_coupons_are_two_batches(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    changes = [
        make_coupon(bound="nobody", code=f"SKTEST{place:05}", mark=Mark("come-back", f"c{place}", 1))
        for place in range(120)
    ]
    assert errors(adapter, *changes) == [None] * 120
    assert [request.method for request in shop.faults.requests("coupons/batch")] == ["POST", "POST"]
    assert len(records(adapter.coupons(None, None))) == 120


def test_a_batch_whose_answer_was_lost_makes_no_coupon_twice(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.faults.plan("drop", contains="coupons/batch")
    assert errors(adapter, make_coupon(bound="nobody")) == [None]
    assert [coupon.code for coupon in records(adapter.coupons(None, None))] == ["SKTEST23456"]


def test_a_coupon_that_lost_its_address_is_taken_away_again(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.shop.drops_addresses = True  # as a plugin may
    (error,) = errors(adapter, make_coupon(bound="email", email="c1001@example.com"))
    assert error is not None
    assert "taken away again" in error
    assert shop.codes() == frozenset()


def test_a_coupon_that_lost_its_address_later_is_reported_and_stays(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    change = make_coupon(bound="email", email="c1001@example.com")
    assert errors(adapter, change) == [None]
    shop.shop.coupons[1].emails = []
    (error,) = errors(adapter, change)
    assert error == "The coupon SKTEST23456 has lost its e-mail address in the shop: anybody can use it."
    assert shop.codes() == {"SKTEST23456"}


def test_the_name_of_our_tags_takes_no_code(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    shop.put(make_customer(tags=("sk:a",)))
    change = make_coupon(bound="nobody")
    disable = DisableCoupon(mark=change.mark, code=change.code, customer_id="1001", attribute="tags")
    assert errors(adapter, change, disable) == [None, None]
    assert shop.tags_of("1001") == {"sk:a"}


def test_a_code_for_an_address_works_for_the_account_whatever_is_typed(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.put(make_customer("1001", email="Anna@example.com"))
    assert errors(adapter, make_coupon(bound="email", email="anna@example.com")) == [None]
    goods = [("3001", 10000, False)]
    assert shop.check_out(["SKTEST23456"], "1001", "buero@example.com", goods) == (None, 1000, 500)


def test_a_shop_that_writes_codes_in_small_letters_is_understood() -> None:
    profile = Profile(lower_codes=True, version="9.8.5")
    with WooCommerceSandbox(profile=profile) as shop, connected(shop) as adapter:
        change = make_coupon(bound="nobody")
        assert errors(adapter, change, change) == [None, None]
        assert shop.codes() == {"sktest23456"}
        assert [coupon.code for coupon in records(adapter.coupons(None, None))] == ["SKTEST23456"]
        assert errors(adapter, DisableCoupon(mark=change.mark, code=change.code)) == [None]
        assert adapter.check().code_case == "lower"


@pytest.mark.parametrize("companion", [True, False])
def test_a_code_that_begins_later_needs_the_companion_plugin(companion: bool) -> None:
    later = make_coupon(bound="nobody", starts_at=datetime(2098, 1, 1, tzinfo=UTC))
    with WooCommerceSandbox(profile=Profile(companion=companion)) as shop, connected(shop) as adapter:
        (error,) = errors(adapter, later)
        assert (error is None) == companion
        assert shop.codes() == ({"SKTEST23456"} if companion else frozenset())


def test_a_disabled_coupon_is_not_extended_and_stays_in_the_shop(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    change = make_coupon(bound="nobody")
    extend = ExtendCoupon(mark=change.mark, code=change.code, ends_at=datetime(2099, 12, 31, 1, tzinfo=UTC))
    disable = DisableCoupon(mark=change.mark, code=change.code)
    assert errors(adapter, change, disable, extend) == [
        None,
        None,
        "The coupon SKTEST23456 was switched off.",
    ]
    (coupon,) = records(adapter.coupons(None, None))
    assert not coupon.active
    assert coupon.ends_at is not None
    assert coupon.ends_at < datetime.now(UTC) - timedelta(hours=23)


def test_a_coupon_that_is_gone_is_disabled_already(adapter: WooCommerceAdapter) -> None:
    assert errors(adapter, DisableCoupon(mark=Mark("x", "c1", 1), code="SKGONE")) == [None]


def test_100_coupons_are_switched_off_at_once(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    changes = [
        make_coupon(bound="nobody", code=f"SKTEST{place:05}", mark=Mark("come-back", f"c{place}", 1))
        for place in range(100)
    ]
    assert errors(adapter, *changes) == [None] * 100
    off = [
        DisableCoupon(mark=coupon.mark, code=coupon.code, coupon_id=coupon.id)
        for coupon in records(adapter.coupons(None, None))
    ]
    shop.faults.forget_requests()
    assert errors(adapter, *off) == [None] * 100
    assert [request.method for request in shop.faults.requests()] == ["GET", "POST"]
    assert shop.codes() == frozenset()


def test_a_category_of_that_name_is_found_behind_its_html(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.put(make_product(categories=("Kaffee & Tee",)))
    change = make_coupon(bound="nobody", categories=("Kaffee & Tee",))
    assert errors(adapter, change) == [None]
    assert shop.check_out(["SKTEST23456"], None, "a@example.com", [("3001", 10000, False)])[0] is None
    (error,) = errors(adapter, msgspec.structs.replace(change, code="SKOTHER2345", categories=("Tee",)))
    assert error == "The shop has no category 'Tee'."


# -- webhooks -----------------------------------------------------------------------------------------------


def test_the_shop_tells_of_orders_as_they_are_placed_and_put_into_the_bin(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    order = shop.checkout.place(Basket(email="gast@example.com", goods=[Goods()]))
    placed = adapter.event(*shop.webhooks.delivery("order.created", order))
    binned = adapter.event(*shop.webhooks.delivery("order.deleted", order))
    assert (placed.kind, placed.record_id, placed.deleted) == (Kind.ORDERS, str(order.id), False)
    assert (binned.kind, binned.record_id, binned.deleted) == (Kind.ORDERS, str(order.id), True)
    assert placed.id != binned.id


def test_a_webhook_about_something_else_is_no_record(
    shop: WooCommerceSandbox, adapter: WooCommerceAdapter
) -> None:
    shop.add_foreign_code("SOMMER")
    event = adapter.event(*shop.webhooks.delivery("coupon.updated", shop.shop.coupons[1]))
    assert (event.topic, event.kind) == ("coupon.updated", None)


def test_without_their_secret_no_webhook_is_believed(shop: WooCommerceSandbox) -> None:
    shop.put(make_customer())
    delivery = shop.webhooks.delivery("customer.updated", shop.shop.customers[1001])
    with connected(shop, webhook_secret=None) as adapter, pytest.raises(AuthError, match="webhook_secret"):
        adapter.event(*delivery)
    with connected(shop, webhook_secret=None) as adapter:
        assert Feature.WEBHOOKS not in adapter.check().features


# -- trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["throttle", "error", "drop", "truncate"])
def test_passing_trouble_is_sat_out(shop: WooCommerceSandbox, adapter: WooCommerceAdapter, kind: str) -> None:
    fill(shop, Kind.CUSTOMERS, 4)
    shop.faults.plan(kind, times=1, skip=1, retry_after=0.01)  # type: ignore[arg-type]
    assert len(records(adapter.customers(None, None))) == 4


def test_nonsense_stops_the_read(shop: WooCommerceSandbox, adapter: WooCommerceAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 4)
    shop.faults.plan("garbage", skip=1)
    with pytest.raises(ResponseError, match="did not answer in JSON"):
        list(adapter.customers(None, None))
