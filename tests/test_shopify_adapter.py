"""The Shopify adapter against its sandbox, by its public methods only."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask, Response, request
from pydantic import SecretStr

from adapters.shopify import ShopifyAdapter, fullreads
from adapters.shopify.sandbox import ShopifySandbox
from connector.adapter import Page
from connector.errors import AuthError, ConfigError, ResponseError, TemporaryError
from connector.model import Change, CreateCoupon, DisableCoupon, Kind, Mark, Order, UpdateTags
from connector.sample.server import LoopbackServer
from connector.testing import (
    START,
    AdapterContract,
    fill,
    make_coupon,
    make_customer,
    make_line,
    make_order,
    make_product,
    records,
)


@pytest.fixture
def shop() -> Iterator[ShopifySandbox]:
    with ShopifySandbox(restore_rate=1e6) as sandbox:
        yield sandbox


@pytest.fixture
def settings(shop: ShopifySandbox) -> dict[str, Any]:
    return settings_of(shop)


def settings_of(shop: ShopifySandbox, **other: Any) -> dict[str, Any]:
    found = {**shop.settings(), "webhook_secret": SecretStr("sandbox-secret"), "page_size": 3, **other}
    secrets = {name: SecretStr(found[name]) for name in ("token",) if isinstance(found.get(name), str)}
    return {**found, **secrets}


class TestShopifyContract(AdapterContract):
    adapter_class = ShopifyAdapter

    @pytest.fixture
    def delivery(self) -> tuple[dict[str, str], bytes]:
        """A webhook as Shopify sends it, signed with the secret of the sandbox."""
        headers = {
            "X-Shopify-Topic": "customers/update",
            "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
            "X-Shopify-Triggered-At": "2026-03-04T09:30:00.123456789Z",
            "X-Shopify-Hmac-Sha256": "tx2uq/S/SclszQ9Hxey1InbXSyZ0a37MHike4pimJ8E=",
        }
        return headers, b'{"id":1001,"email":"c1001@example.com"}'


SINCE = START - timedelta(days=1)


@pytest.fixture
def adapter(settings: dict[str, Any]) -> Iterator[ShopifyAdapter]:
    adapter = ShopifyAdapter(**settings)
    yield adapter
    adapter.close()


@contextmanager
def connected(shop: ShopifySandbox, **other: Any) -> Iterator[ShopifyAdapter]:
    adapter = ShopifyAdapter(**settings_of(shop, **other))
    yield adapter
    adapter.close()


def started(shop: ShopifySandbox, name: str) -> int:
    """How many bulk operations of that kind were started."""
    return len(shop.faults.requests(name))


# -- check --------------------------------------------------------------------------------------------------


def test_check_counts_and_knows_the_shop(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    fill(shop, Kind.ORDERS, 4)
    info = adapter.check()
    assert (info.name, info.currency, info.time_zone) == ("Rösterei Sandkasten", "EUR", "Europe/Berlin")
    assert (info.customer_count, info.order_count, info.orders_visible_from) == (1, 4, None)
    assert (info.missing_scopes, info.notes) == ((), ())


def test_check_names_missing_permissions_and_where_to_grant_them() -> None:
    with (
        ShopifySandbox(scopes={"write_customers", "read_orders"}) as shop,
        connected(shop) as adapter,
    ):
        info = adapter.check()
    assert info.missing_scopes == ("read_discounts", "read_products", "write_discounts")
    assert "Dev Dashboard" in (info.scope_help or "")


def test_without_read_all_orders_the_history_is_said_to_be_short() -> None:
    scopes = {"write_customers", "read_orders", "read_products", "write_discounts"}
    with ShopifySandbox(scopes=scopes) as shop, connected(shop) as adapter:
        info = adapter.check()
    assert info.orders_visible_from is not None
    age = datetime.now(UTC) - info.orders_visible_from
    assert timedelta(days=60) <= age < timedelta(days=60, minutes=1)
    assert info.missing_scopes == ()
    assert ["60 days" in note for note in info.notes] == [True]


def test_a_denied_field_names_the_permission() -> None:
    scopes = {"read_customers", "read_orders", "read_all_orders"}
    with ShopifySandbox(scopes=scopes) as poor, connected(poor) as adapter:
        fill(poor, Kind.ORDERS, 1)
        with pytest.raises(AuthError, match=r"The app needs read_customers, read_orders, read_products\."):
            list(adapter.orders(SINCE, None))


@pytest.mark.parametrize("domain", ["roastery.example.com", "", "https://"])
def test_a_domain_that_is_none_of_shopifys_is_refused(domain: str) -> None:
    with pytest.raises(ConfigError, match=r"ends in \.myshopify\.com"):
        ShopifyAdapter(domain=domain, token=SecretStr("t"))


def test_a_shop_without_credentials_is_refused() -> None:
    with pytest.raises(ConfigError, match="either `token`, or `client_id` and `client_secret`"):
        ShopifyAdapter(domain="roastery")


# -- login --------------------------------------------------------------------------------------------------


def credentials(shop: ShopifySandbox, **other: Any) -> dict[str, Any]:
    client = {"client_id": "sandbox-client", "client_secret": SecretStr("sandbox-secret")}
    return settings_of(shop, token=None, **(client | other))


def test_client_credentials_log_in_once(shop: ShopifySandbox) -> None:
    adapter = ShopifyAdapter(**credentials(shop))
    adapter.check()
    adapter.check()
    assert len(shop.faults.requests("/oauth/access_token")) == 1


def test_a_token_that_ended_in_mid_sync_is_renewed_once(shop: ShopifySandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 9)
    adapter = ShopifyAdapter(**credentials(shop))
    reading = adapter.customers(SINCE, None)
    seen = [record.id for record in next(reading).records]
    shop.tokens.revoke()
    seen += [record.id for record in records(reading)]
    assert len(seen) == 9
    assert len(shop.faults.requests("/oauth/access_token")) == 2


def test_a_token_is_renewed_before_it_ends() -> None:
    with ShopifySandbox(token_lifetime=timedelta(seconds=0)) as shop:
        adapter = ShopifyAdapter(**credentials(shop))
        with pytest.raises(AuthError, match="does not accept a token that it has just issued"):
            adapter.check()


def test_wrong_client_credentials_are_explained(shop: ShopifySandbox) -> None:
    adapter = ShopifyAdapter(**credentials(shop, client_secret=SecretStr("wrong-secret")))
    with pytest.raises(AuthError, match="does not accept `client_id` and `client_secret`") as caught:
        adapter.check()
    assert "wrong-secret" not in str(caught.value)


def test_a_wrong_token_is_asked_about_once(shop: ShopifySandbox) -> None:
    with connected(shop, token=SecretStr("shpat_wrong")) as adapter, pytest.raises(AuthError) as caught:
        adapter.check()
    assert len(shop.faults.requests()) == 1
    assert "shpat_wrong" not in str(caught.value)


# -- trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop", "truncate", "error", "throttle"])
def test_trouble_that_passes_is_not_noticed(shop: ShopifySandbox, adapter: ShopifyAdapter, kind: Any) -> None:
    fill(shop, Kind.ORDERS, 7)
    shop.faults.plan(kind, skip=1, times=2, retry_after=0.1)
    assert len(records(adapter.orders(SINCE, None))) == 7
    assert [seen.fault for seen in shop.faults.requests()].count(kind) == 2


@pytest.mark.parametrize("kind", ["drop", "truncate", "error"])
def test_a_push_whose_answer_was_lost_is_done_once(
    shop: ShopifySandbox, adapter: ShopifyAdapter, kind: Any
) -> None:
    shop.put(make_customer())
    shop.faults.plan(kind, contains="DiscountCreate")
    assert [result.error for result in adapter.push([make_coupon()], "run-1")] == [None]
    assert shop.codes() == {"SKTEST23456"}


def test_a_shop_that_hangs_ends_in_time(shop: ShopifySandbox) -> None:
    shop.faults.plan("hang", times=9, seconds=5)
    began = time.monotonic()
    with connected(shop, timeout=0.2) as adapter, pytest.raises(TemporaryError):
        adapter.check()
    assert time.monotonic() - began < 2


def test_an_answer_that_is_no_json_stops_the_shop(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    shop.faults.plan("garbage")
    with pytest.raises(ResponseError, match="did not answer in JSON"):
        adapter.check()


def test_errors_may_be_a_plain_string(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    shop.faults.plan("error", status=200)
    with pytest.raises(ResponseError, match="Shopify refused shop: 200 Error"):
        adapter.check()


def test_a_throttled_shop_is_waited_for() -> None:
    with ShopifySandbox(restore_rate=400, bucket=260) as shop, connected(shop, page_size=50) as adapter:
        fill(shop, Kind.CUSTOMERS, 60)
        changes = [UpdateTags(customer_id=str(1001 + number), add=("sk:a",)) for number in range(60)]
        assert [result.error for result in adapter.push(changes, "run-1")] == [None] * 60
        assert len(records(adapter.customers(SINCE, None))) == 60


class Scripted:
    """A GraphQL endpoint that answers as told, for what the sandbox does not do by itself."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], Any]) -> None:
        self.asked: list[dict[str, Any]] = []
        application = Flask("scripted")

        @application.post("/admin/api/2026-10/graphql.json")
        def graphql() -> Response:
            body = request.get_json()
            self.asked.append(body["variables"])
            headers = {"X-Shopify-API-Version": "2027-01"}
            return Response(json.dumps(answer(body["query"], body["variables"])), headers=headers)

        self.server = LoopbackServer(application)

    def __enter__(self) -> ShopifyAdapter:
        self.server.start()
        return ShopifyAdapter(
            domain="scripted", token=SecretStr("shpat_1"), base_url=self.server.url, timeout=1.0
        )

    def __exit__(self, *_: object) -> None:
        self.server.stop()


def refusal(code: str) -> dict[str, Any]:
    return {"errors": [{"message": f"told to say {code}", "extensions": {"code": code}}]}


NOTHING = {"data": {"page": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}}


def test_an_internal_error_with_status_200_is_repeated() -> None:
    answers = [refusal("INTERNAL_SERVER_ERROR"), NOTHING]
    with Scripted(lambda *_: answers.pop(0)) as adapter:
        assert records(adapter.customers(SINCE, None)) == []
    assert answers == []


def test_a_denial_is_never_repeated() -> None:
    script = Scripted(lambda *_: refusal("ACCESS_DENIED"))
    with script as adapter, pytest.raises(AuthError, match="told to say ACCESS_DENIED"):
        list(adapter.customers(SINCE, None))
    assert len(script.asked) == 1


def test_a_query_that_is_too_expensive_gets_smaller() -> None:
    def answer(_: str, variables: dict[str, Any]) -> Any:
        return refusal("MAX_COST_EXCEEDED") if variables["first"] > 20 else NOTHING

    script = Scripted(answer)
    with script as adapter:
        assert records(adapter.customers(SINCE, None)) == []
    assert [asked["first"] for asked in script.asked] == [100, 50, 25, 12]


def test_another_version_of_the_api_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with Scripted(lambda *_: NOTHING) as adapter:
        list(adapter.customers(SINCE, None))
        list(adapter.customers(SINCE, None))
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("adapters")]
    assert logged == ["Shopify answers as version 2027-01 although 2026-10 was asked for."]


# -- first loads --------------------------------------------------------------------------------------------


def lines_of(orders: list[Order]) -> dict[str, list[int]]:
    return {order.id: sorted(line.total for line in order.lines) for order in orders}


def put_orders(shop: ShopifySandbox, count: int) -> dict[str, list[int]]:
    """Orders with one to five lines; what `lines_of` says of them."""
    shop.put(make_product())
    shop.put(make_customer())
    for number in range(count):
        lines = tuple(make_line(quantity=1, total=119 * (place + 1)) for place in range(number % 5 + 1))
        total = sum(line.total for line in lines)
        net = round(total / 1.19)
        shop.put(make_order(str(2001 + number), lines=lines, total=total, goods=net, tax=total - net))
    return {
        str(2001 + number): [119 * (place + 1) for place in range(number % 5 + 1)] for number in range(count)
    }


def test_lines_that_come_before_their_order_or_far_behind_it_find_it(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    expected = put_orders(shop, 40)
    shop.bulk.switches.shuffle_grouped = True
    assert lines_of(records(adapter.orders(None, None))) == expected


def test_a_result_is_resumed_and_not_asked_for_again(shop: ShopifySandbox) -> None:
    expected = put_orders(shop, 10)
    with connected(shop) as adapter:
        pages = list(islice(adapter.orders(None, None), 2))
    with connected(shop) as adapter:
        rest = records(adapter.orders(None, pages[-1].checkpoint))
    assert lines_of(records(pages) + rest) == expected
    assert (len(records(pages)), len(rest)) == (6, 4)
    assert started(shop, "bulkOperationRunQuery") == 1


def test_personal_data_lies_in_no_file_that_outlives_the_process(
    shop: ShopifySandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_orders(shop, 40)
    shop.bulk.switches.shuffle_grouped = True
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with connected(shop) as adapter:
        reading = adapter.orders(None, None)
        next(reading)
        assert list(tmp_path.iterdir()) == []


def test_a_result_cut_off_gives_nothing_and_is_resumed(shop: ShopifySandbox) -> None:
    expected = put_orders(shop, 10)
    with connected(shop) as adapter:
        (first,) = islice(adapter.orders(None, None), 1)
    shop.faults.plan("truncate", contains="/bulk/", skip=1)
    with connected(shop) as adapter, pytest.raises(TemporaryError, match="broke off"):
        list(adapter.orders(None, first.checkpoint))
    with connected(shop) as adapter:
        rest = records(adapter.orders(None, first.checkpoint))
    assert lines_of([*first.records, *rest]) == expected
    assert started(shop, "bulkOperationRunQuery") == 1


def test_an_operation_that_still_runs_is_found_again(
    shop: ShopifySandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fullreads, "PATIENCE", 0.0)
    expected = put_orders(shop, 10)
    shop.bulk.switches.hold_polls = 3
    with connected(shop) as adapter:
        waiting = next(adapter.orders(None, None))
    assert waiting.records == ()
    with connected(shop) as adapter:
        found = records(adapter.orders(None, waiting.checkpoint))
    assert lines_of(found) == expected
    assert started(shop, "bulkOperationRunQuery") == 1


def test_a_failed_operation_gives_what_is_whole_and_then_raises(shop: ShopifySandbox) -> None:
    expected = put_orders(shop, 10)
    shop.bulk.switches.fail_after = 16
    pages: list[Page[Order]] = []
    with connected(shop) as adapter, pytest.raises(TemporaryError, match="INTERNAL_SERVER_ERROR"):
        pages.extend(adapter.orders(None, None))
    assert 0 < len(records(pages)) < 10
    assert lines_of(records(pages)).items() <= expected.items()
    shop.bulk.switches.fail_after = None
    with connected(shop) as adapter:
        assert lines_of(records(adapter.orders(None, pages[-1].checkpoint))) == expected


def test_an_operation_without_access_is_a_matter_of_permissions(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    put_orders(shop, 2)
    shop.bulk.switches.fail_after, shop.bulk.switches.fail_code = 0, "ACCESS_DENIED"
    with pytest.raises(AuthError):
        list(adapter.orders(None, None))


@pytest.mark.parametrize("content", [b"", b'{"__typename":"Order","id":"gid://shopify/Order/1"}'])
def test_a_result_with_less_than_was_counted_is_no_result(
    shop: ShopifySandbox, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(fullreads, "PATIENCE", 0.0)
    put_orders(shop, 5)
    shop.bulk.switches.hold_polls = 2
    with connected(shop) as adapter:
        reading = adapter.orders(None, None)
        next(reading)
        wait_for_file(shop).write_bytes(content)
        with pytest.raises(ResponseError):
            list(reading)


def test_a_result_that_expired_is_asked_for_anew(shop: ShopifySandbox) -> None:
    expected = put_orders(shop, 10)
    with connected(shop) as adapter:
        (first,) = islice(adapter.orders(None, None), 1)
    shop.faults.plan("error", status=404, contains="/bulk/")
    with connected(shop) as adapter:
        assert lines_of(records(adapter.orders(None, first.checkpoint))) == expected
    assert started(shop, "bulkOperationRunQuery") == 2


def wait_for_file(shop: ShopifySandbox) -> Path:
    for _ in range(200):
        operation = shop.bulk.operation()
        if operation.file is not None and operation.status == "COMPLETED":
            return operation.file
        time.sleep(0.01)
    raise AssertionError("the sandbox does not finish")


def test_an_operation_that_fits_no_more_is_waited_for(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    put_orders(shop, 2)
    shop.bulk.switches.hold_seconds = 0.5
    others = [ShopifyAdapter(**settings_of(shop)) for _ in range(5)]
    threads = [threading.Thread(target=list, args=(other.products(None, None),)) for other in others]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    assert len(records(adapter.orders(None, None))) == 2
    for thread in threads:
        thread.join()


# -- increments ---------------------------------------------------------------------------------------------


def test_an_order_with_many_lines_comes_whole_in_an_increment(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    shop.put(make_product())
    shop.put(make_customer())
    lines = tuple(make_line(quantity=1, total=119) for _ in range(300))
    shop.put(make_order(lines=lines, total=35700, goods=30000, tax=5700))
    (order,) = records(adapter.orders(SINCE, None))
    assert (len(order.lines), sum(line.total for line in order.lines)) == (300, 35700)


def test_customers_of_the_same_day_who_changed_before_are_left_out(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    fill(shop, Kind.CUSTOMERS, 5, apart=timedelta(hours=1))
    found = [customer.id for customer in records(adapter.customers(START + timedelta(hours=3), None))]
    assert found == ["1004", "1005"]


# -- pushes in bulk -----------------------------------------------------------------------------------------


def tag_changes(count: int, tag: str = "sk:a") -> list[Change]:
    return [UpdateTags(customer_id=str(1001 + number), add=(tag,)) for number in range(count)]


def test_many_changes_go_in_one_bulk_operation(shop: ShopifySandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 40)
    unknown = UpdateTags(customer_id="987654321", add=("sk:a",))
    changes = [*tag_changes(20), unknown, *tag_changes(40)[20:]]
    with connected(shop, bulk_above=30) as adapter:
        results = list(adapter.push(changes, "run-1"))
    assert [result.change for result in results] == changes
    assert [result.change for result in results if result.error] == [unknown]
    assert {shop.tags_of(str(1001 + number)) for number in range(40)} == {frozenset({"sk:a"})}
    assert started(shop, "bulkOperationRunMutation") == 1


def test_many_coupons_go_in_one_bulk_operation(shop: ShopifySandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 30)
    shop.add_foreign_code("SKTESTCODE7")
    changes = [
        make_coupon(mark=Mark("come-back", f"c{n}", 1), code=f"SKTESTCODE{n}", customer_id=str(1001 + n))
        for n in range(30)
    ]
    with connected(shop, bulk_above=25) as adapter:
        errors = [result.error for result in adapter.push(changes, "run-1")]
        again = [result.error for result in adapter.push(changes, "run-2")]
        coupons = records(adapter.coupons(None, None))
    assert [number for number, error in enumerate(errors) if error] == [7]
    assert again == errors
    assert errors[7] == "The code SKTESTCODE7 exists already in the shop and is not ours."
    assert {coupon.mark for coupon in coupons} == {change.mark for change in changes} - {changes[7].mark}


def test_an_operation_that_a_crash_left_running_is_found_and_not_sent_again(shop: ShopifySandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 40)
    shop.faults.plan("unauthorized", contains="query BulkOperation(")
    with connected(shop, bulk_above=30) as adapter, pytest.raises(AuthError):
        list(adapter.push(tag_changes(40), "run-1"))
    with connected(shop, bulk_above=30) as adapter:
        results = list(adapter.push(tag_changes(40), "run-1"))
    assert [result.error for result in results] == [None] * 40
    assert started(shop, "bulkOperationRunMutation") == 1


@pytest.mark.parametrize("kind", ["drop", "truncate"])
def test_a_bulk_operation_whose_start_was_not_confirmed_is_found(shop: ShopifySandbox, kind: Any) -> None:
    fill(shop, Kind.CUSTOMERS, 40)
    shop.faults.plan(kind, contains="BulkRunMutation")
    with connected(shop, bulk_above=30) as adapter, pytest.raises(TemporaryError):
        list(adapter.push(tag_changes(40), "run-1"))
    with connected(shop, bulk_above=30) as adapter:
        assert [result.error for result in adapter.push(tag_changes(40), "run-1")] == [None] * 40
    assert started(shop, "bulkOperationRunMutation") == 1


def test_nothing_is_sent_before_what_a_crash_left_running_has_settled(shop: ShopifySandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 40)
    shop.bulk.switches.hold_seconds = 0.6
    shop.faults.plan("unauthorized", contains="query BulkOperation(")
    with connected(shop, bulk_above=30) as adapter, pytest.raises(AuthError):
        list(adapter.push(tag_changes(40), "run-1"))
    began = time.monotonic()
    with connected(shop, bulk_above=30) as adapter:
        results = list(adapter.push(tag_changes(1, "sk:b"), "run-2"))
    assert [result.error for result in results] == [None]
    assert time.monotonic() - began > 0.3
    assert shop.tags_of("1001") == {"sk:a", "sk:b"}


def test_a_bulk_push_that_fails_half_way_says_so_and_can_be_repeated(shop: ShopifySandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 40)
    shop.bulk.switches.fail_after = 10
    with connected(shop, bulk_above=30) as adapter, pytest.raises(TemporaryError):
        list(adapter.push(tag_changes(40), "run-1"))
    shop.bulk.switches.fail_after = None
    with connected(shop, bulk_above=30) as adapter:
        assert [result.error for result in adapter.push(tag_changes(40), "run-1")] == [None] * 40
    assert {shop.tags_of(str(1001 + number)) for number in range(40)} == {frozenset({"sk:a"})}


def test_codes_are_stored_on_many_customers_at_once(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    fill(shop, Kind.CUSTOMERS, 24)
    changes = [
        make_coupon(
            mark=Mark("come-back", f"c{n}", 1),
            code=f"SKTESTCODE{n}",
            customer_id=str(1001 + n),
            attribute="stammkunde_code",
        )
        for n in range(25)
    ]
    errors = [result.error for result in adapter.push(changes, "run-1")]
    assert errors == [None] * 24 + ["Shopify does not know this customer."]
    assert [shop.attribute(str(1001 + n), "stammkunde_code") for n in range(24)] == [
        f"SKTESTCODE{n}" for n in range(24)
    ]
    assert len(shop.faults.requests("metafieldsSet")) == 1
    assert "SKTESTCODE24" not in shop.codes()


# -- coupons of a group -------------------------------------------------------------------------------------


def group_coupons(count: int) -> list[CreateCoupon]:
    return [
        make_coupon(bound="group", mark=Mark("sommer", f"c{n}", 2), code=f"SKGROUP{n}", customer_id="1001")
        for n in range(count)
    ]


def test_codes_of_a_group_stand_on_one_discount_and_keep_their_marks(shop: ShopifySandbox) -> None:
    shop.put(make_customer())
    shop.add_foreign_code("SKGROUP3")
    changes = group_coupons(260)
    with connected(shop, page_size=250) as adapter:
        errors = [result.error for result in adapter.push(changes, "run-1")]
        coupons = records(adapter.coupons(None, None))
    assert [number for number, error in enumerate(errors) if error] == [3]
    assert {coupon.mark for coupon in coupons} == {change.mark for change in changes} - {changes[3].mark}
    assert len({coupon.id for coupon in coupons}) == 1


def test_one_code_of_a_group_can_be_disabled_alone(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    shop.put(make_customer())
    first, second = group_coupons(2)
    disable = DisableCoupon(mark=first.mark, code=first.code)
    assert [result.error for result in adapter.push([first, second, disable, disable], "run-1")] == [None] * 4
    assert shop.codes() == {second.code}


def test_a_code_of_a_group_with_another_mark_is_not_ours(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    shop.put(make_customer())
    (first,) = group_coupons(1)
    disable = DisableCoupon(mark=Mark("sommer", "somebody-else", 2), code=first.code)
    created, disabled = adapter.push([first, disable], "run-1")
    assert created.error is None
    assert disabled.error == "The code SKGROUP0 exists already in the shop and is not ours."
    assert shop.codes() == {"SKGROUP0"}


def test_a_code_of_a_group_keeps_its_first_mark(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    shop.put(make_customer())
    (first,) = group_coupons(1)
    other = msgspec.structs.replace(first, mark=Mark("sommer", "somebody-else", 1))
    errors = [
        result.error for push in ([first, other], [other], [first]) for result in adapter.push(push, "r")
    ]
    refused = "The code SKGROUP0 exists already in the shop and is not ours."
    assert errors == [None, refused, refused, None]
    assert [coupon.mark for coupon in records(adapter.coupons(None, None))] == [first.mark]
