"""The memory shop keeps the contract, and the contract catches an adapter that does not."""
# ruff: noqa: ARG002  (what breaks a promise seldom needs all it is given)

import hmac
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
import pytest
from pydantic import SecretStr

from adapters.memory import MemoryAdapter, MemoryShop
from adapters.memory.api import SIGNATURE, Row
from connector.adapter import Adapter, Page, adapter_class
from connector.errors import AuthError, ConfigError, RejectedError, ResponseError
from connector.model import (
    Change,
    Consent,
    Coupon,
    CreateCoupon,
    Customer,
    DisableCoupon,
    Event,
    ExtendCoupon,
    Feature,
    Kind,
    Mark,
    MoveGroup,
    Order,
    Product,
    Record,
    Result,
    SetAttribute,
    ShopInfo,
    Tagging,
    UpdateTags,
)
from connector.testing import AdapterContract, ShopUnderTest, make_coupon, make_customer, make_order, records

pytest_plugins = ["pytester"]

SECRET = "a-secret-of-the-memory-shop"


class TestMemoryAdapter(AdapterContract):
    adapter_class = MemoryAdapter

    @pytest.fixture
    def shop(self) -> MemoryShop:
        return MemoryShop("contract")

    @pytest.fixture
    def settings(self, shop: MemoryShop) -> dict[str, Any]:
        return {"name": shop.name, "page_size": 3, "webhook_secret": SecretStr(SECRET)}

    @pytest.fixture
    def delivery(self) -> tuple[dict[str, str], bytes]:
        return MemoryShop.delivery(SECRET, "customers/update", "1001")


# What the memory shop does beyond the contract.


def test_types_fit_the_protocols() -> None:
    shop: ShopUnderTest = MemoryShop("types")
    adapter: Adapter = MemoryAdapter(name="types")
    shop.put(make_customer("1001"))
    assert adapter.check().customer_count == 1


def test_is_installed_under_its_name() -> None:
    assert adapter_class("memory").name == "memory"


def test_a_shop_that_is_not_there_is_an_auth_error() -> None:
    adapter = MemoryAdapter(name="nowhere")
    with pytest.raises(AuthError, match="There is no shop 'nowhere' in this process"):
        adapter.check()


def test_a_page_holds_at_least_one_record() -> None:
    with pytest.raises(ConfigError, match="`page_size` is 0, but a page holds at least one record"):
        MemoryAdapter(page_size=0)


def test_webhooks_are_declared_only_with_a_secret() -> None:
    MemoryShop("hooks")
    assert Feature.WEBHOOKS not in MemoryAdapter(name="hooks").check().features
    assert Feature.WEBHOOKS in MemoryAdapter(name="hooks", webhook_secret=SecretStr(SECRET)).check().features


def test_a_new_shop_takes_the_place_of_an_older_one() -> None:
    MemoryShop("again").put(make_customer("1001"))
    adapter = MemoryAdapter(name="again")
    assert adapter.check().customer_count == 1
    MemoryShop("again")
    assert adapter.check().customer_count == 0


def test_check_names_groups_and_payment_methods() -> None:
    shop = MemoryShop("names", currency="CHF", time_zone="Europe/Zurich")
    shop.put(make_customer("1001", group="Presse"))
    shop.put(make_customer("1002", group="Händler"))
    shop.put(make_order(payment_method="invoice"))
    info = MemoryAdapter(name="names").check()
    assert (info.currency, info.time_zone) == ("CHF", "Europe/Zurich")
    assert info.customer_groups == ("Händler", "Presse")
    assert info.payment_methods == ("invoice",)
    assert (info.customer_count, info.order_count) == (2, 1)


def test_every_field_survives() -> None:
    shop = MemoryShop("fields")
    stamp = datetime(2026, 3, 4, 9, 30, 0, 250000, tzinfo=UTC)
    customer = make_customer(
        "1001",
        phone="+49301234",
        language="de-AT",
        attributes={"rfm_group": "LOYAL"},
        consents=(Consent(channel="email", state="subscribed", level="confirmed", changed_at=stamp),),
        shop_order_count=4,
        shop_amount_spent=47600,
        updated_at=stamp,
    )
    order = make_order(payment_method="invoice", channel="web", country="DE", cancelled_at=stamp)
    shop.put(customer)
    shop.put(order)
    adapter = MemoryAdapter(name="fields")
    assert records(adapter.customers(None, None)) == [customer]
    assert records(adapter.orders(None, None)) == [order]


def test_a_change_is_stamped_with_the_clock_of_the_shop() -> None:
    noon = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    shop = MemoryShop("clock", clock=lambda: noon)
    shop.put(make_customer("1001", tags=("B2B",)))
    adapter = MemoryAdapter(name="clock")
    list(adapter.push([UpdateTags(customer_id="1001", remove=("sk:a",))], "run-1"))
    assert records(adapter.customers(noon, None)) == []
    list(adapter.push([UpdateTags(customer_id="1001", add=("sk:a",))], "run-1"))
    (customer,) = records(adapter.customers(noon, None))
    assert (customer.tags, customer.updated_at) == (("B2B", "sk:a"), noon)


def test_a_code_ends_by_the_clock_of_the_shop() -> None:
    now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    shop = MemoryShop("end", clock=lambda: now)
    shop.put(make_customer("1001"))
    ends_at = datetime(2026, 6, 1, 12, 1, tzinfo=UTC)
    list(MemoryAdapter(name="end").push([make_coupon(ends_at=ends_at)], "run-1"))
    now = ends_at
    assert shop.redeem("SKTEST23456", "1001") == "The code has expired."


def test_two_codes_together_take_off_no_more_than_the_goods() -> None:
    shop = MemoryShop("two")
    shop.put(make_customer("1001"))
    codes = ("SKFIRST2345", "SKSECOND345")
    coupons = [
        make_coupon(code=code, mark=Mark("a", "c1001", place), percent=None, amount=6000, combinable=True)
        for place, code in enumerate(codes, 1)
    ]
    assert [each.error for each in MemoryAdapter(name="two").push(coupons, "run-1")] == [None, None]
    assert shop.check_out(codes, "1001", None, [("3001", 10000, False)]) == (None, 10000, 500)


def test_a_webhook_of_a_deletion_says_so() -> None:
    adapter = MemoryAdapter(name="hooks", webhook_secret=SecretStr(SECRET))
    event = adapter.event(*MemoryShop.delivery(SECRET, "orders/delete", "2001"))
    assert event == Event(
        id="orders/delete/2001", topic="orders/delete", kind=Kind.ORDERS, record_id="2001", deleted=True
    )
    assert adapter.event(*MemoryShop.delivery(SECRET, "carts/update", "7")).kind is None


def test_a_signed_webhook_that_makes_no_sense_is_a_response_error() -> None:
    adapter = MemoryAdapter(name="hooks", webhook_secret=SecretStr(SECRET))
    senseless = b"{}"
    headers = {SIGNATURE: hmac.new(SECRET.encode(), senseless, "sha256").hexdigest()}
    with pytest.raises(ResponseError, match="a webhook that is not understood"):
        adapter.event(headers, senseless)


# Adapters that differ from the reference and still keep the contract.


class Plain(MemoryAdapter):  # can do nothing that is optional
    def check(self) -> ShopInfo:
        return msgspec.structs.replace(super().check(), features=frozenset())

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        yield from ()

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        yield from ()

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        yield from ()

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        for page in super().by_id(kind, ids):
            yield Page(records=page.records)

    def _apply(self, change: Change) -> None:
        raise RejectedError("This shop cannot do that.")

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        raise AuthError("This shop sends no webhooks.")


class Snapshot(MemoryAdapter):  # reads all at once, and so cannot resume; writes all at once, too
    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        for page in list(super().customers(since, checkpoint)):
            yield Page(records=page.records)

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        yield from ()  # `customers` shows every change

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        yield from list(super().push(list(changes), run))


class OneByOne(MemoryAdapter):  # gives a page to each record, and some that are empty
    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        for page in super().orders(since, checkpoint):
            yield from (Page(records=(order,)) for order in page.records)
            yield Page(records=(), checkpoint=page.checkpoint)


@pytest.mark.parametrize(("kept", "skipped"), [(Plain, True), (Snapshot, True), (OneByOne, False)])
def test_contract_lets_pass(pytester: pytest.Pytester, kept: type[MemoryAdapter], skipped: bool) -> None:
    outcome = _run(pytester, kept)
    assert outcome["passed"] > 20
    assert set(outcome) <= {"passed", "skipped"}
    assert ("skipped" in outcome) == skipped


# Adapters that each break one promise, and the test that says so.

A = TypeVar("A", bound=type[MemoryAdapter])
BROKEN: list[tuple[type[MemoryAdapter], str]] = []


def caught_by(*tests: str) -> Callable[[A], A]:
    def register(broken: A) -> A:
        BROKEN.extend((broken, test) for test in tests)
        return broken

    return register


@caught_by("test_settings_are_keyword_only")
class TakesPositions(MemoryAdapter):
    def __init__(
        self, name: str = "memory", page_size: int = 50, webhook_secret: SecretStr | None = None
    ) -> None:
        super().__init__(name=name, page_size=page_size, webhook_secret=webhook_secret)


@caught_by("test_signature_is_a_schema_of_the_config")
class TakesAnything(MemoryAdapter):
    def __init__(self, *, name: Any, page_size: int = 50, webhook_secret: SecretStr | None = None) -> None:
        super().__init__(name=name, page_size=page_size, webhook_secret=webhook_secret)


@caught_by("test_signature_is_a_schema_of_the_config")
class HasAWrongDefault(MemoryAdapter):
    def __init__(
        self,
        *,
        name: str = "memory",
        page_size: int = "many",  # type: ignore[assignment]
        webhook_secret: SecretStr | None = None,
    ) -> None:
        super().__init__(name=name, page_size=page_size, webhook_secret=webhook_secret)


@caught_by("test_settings_are_explained_to_the_owner")
class ExplainsNothing(MemoryAdapter):
    """A shop in RAM."""


@caught_by("test_settings_leave_the_names_of_our_options_alone")
class TakesANameOfOurs(MemoryAdapter):
    def __init__(
        self,
        *,
        name: str = "memory",
        page_size: int = 50,
        webhook_secret: SecretStr | None = None,
        push: bool = False,
    ) -> None:
        super().__init__(name=name, page_size=page_size, webhook_secret=webhook_secret)


@caught_by("test_adapter_has_a_name_and_a_title")
class ShoutsItsName(MemoryAdapter):
    name = "MEMORY"


@caught_by("test_reread_names_kinds_and_spans")
class ReadsTheFutureAgain(MemoryAdapter):
    reread: Mapping[Kind, timedelta] = {Kind.ORDERS: timedelta(days=-60)}


@caught_by("test_settings_fit_the_signature")
class NeedsMoreThanItIsGiven(MemoryAdapter):
    def __init__(
        self, *, region: str, name: str = "", page_size: int = 50, webhook_secret: SecretStr | None = None
    ) -> None:
        super().__init__(name=name, page_size=page_size, webhook_secret=webhook_secret)


@caught_by("test_secrets_are_declared_as_secrets")
class TakesAnOpenSecret(MemoryAdapter):
    def __init__(
        self,
        *,
        name: str = "memory",
        page_size: int = 50,
        webhook_secret: SecretStr | None = None,
        api_token: str = "",
    ) -> None:
        super().__init__(name=name, page_size=page_size, webhook_secret=webhook_secret)


@caught_by("test_secrets_are_never_shown")
class ShowsItsSecret(MemoryAdapter):
    def __repr__(self) -> str:
        return f"ShowsItsSecret({self._webhook_secret and self._webhook_secret.get_secret_value()})"


@caught_by("test_constructor_does_no_io")
class ConnectsTooSoon(MemoryAdapter):
    def __init__(
        self, *, name: str = "memory", page_size: int = 50, webhook_secret: SecretStr | None = None
    ) -> None:
        super().__init__(name=name, page_size=page_size, webhook_secret=webhook_secret)
        socket.getaddrinfo("localhost", 80)


@caught_by("test_check_says_what_shop_this_is")
class NamesNoCurrency(MemoryAdapter):
    def check(self) -> ShopInfo:
        return msgspec.structs.replace(super().check(), currency="€")


@caught_by("test_what_is_not_declared_is_refused")
class ForgetsToDeclareTags(MemoryAdapter):
    def check(self) -> ShopInfo:
        return msgspec.structs.replace(super().check(), features=frozenset(Feature) - {Feature.TAGS})


@caught_by("test_what_is_not_declared_is_refused")
class BindsWithoutDeclaringIt(MemoryAdapter):
    def check(self) -> ShopInfo:
        features = frozenset(Feature) - {Feature.COUPON_FOR_CUSTOMER}
        return msgspec.structs.replace(super().check(), features=features)


@caught_by("test_an_undeclared_feature_reads_empty")
class ForgetsToDeclareProducts(MemoryAdapter):
    def check(self) -> ShopInfo:
        return msgspec.structs.replace(super().check(), features=frozenset(Feature) - {Feature.PRODUCTS})


@caught_by("test_by_id_names_what_is_gone")
class GuessesWhatIsGone(MemoryAdapter):
    def check(self) -> ShopInfo:
        return msgspec.structs.replace(super().check(), features=frozenset(Feature) - {Feature.DELETIONS})


@caught_by("test_a_read_gives_everything_in_pages", "test_a_read_resumes_behind_every_page")
class DropsAPage(MemoryAdapter):
    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        for number, page in enumerate(super().customers(since, checkpoint)):
            if number != 1:
                yield page


@caught_by("test_a_read_gives_everything_in_pages", "test_an_empty_shop_reads_empty")
class EndsEarly(MemoryAdapter):
    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        yield next(super().orders(since, checkpoint))


@caught_by("test_since_includes_its_own_second", "test_since_may_stand_in_any_time_zone")
class ExcludesTheSameSecond(MemoryAdapter):
    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        yield from super().orders(since and since + timedelta(seconds=1), checkpoint)


@caught_by("test_since_may_stand_in_any_time_zone")
class TakesTheClockFaceForTheTime(MemoryAdapter):
    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        shifted = since and since.replace(tzinfo=UTC) + timedelta(hours=9)
        yield from super().products(shifted, checkpoint)


@caught_by(
    "test_a_read_resumes_behind_every_page", "test_changes_during_a_read_come_with_it_or_with_the_next"
)
class CountsPages(MemoryAdapter):
    def _changed(
        self, table: str, since: datetime | None, checkpoint: str | None
    ) -> Iterator[tuple[list[Row], str]]:
        read = int(checkpoint or 0)
        while rows := self._shop.changed(table, ("", ""), read + self._page_size)[read:]:
            read += len(rows)
            yield rows, str(read)


@caught_by("test_a_changed_record_comes_again")
class GivesEachRecordOnce(MemoryAdapter):
    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        given: set[str] = self.__dict__.setdefault("given", set())
        for page in super().customers(since, checkpoint):
            yield Page(records=tuple(customer for customer in page.records if customer.id not in given))
            given.update(customer.id for customer in page.records)


@caught_by("test_products_come_back_as_they_are")
class LosesTagsOfProducts(MemoryAdapter):
    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        for page in super().products(since, checkpoint):
            bare = tuple(msgspec.structs.replace(product, tags=()) for product in page.records)
            yield Page(records=bare, checkpoint=page.checkpoint)


@caught_by("test_records_changed_in_the_same_second_all_come")
class RemembersOnlyTheTime(MemoryAdapter):
    def _changed(
        self, table: str, since: datetime | None, checkpoint: str | None
    ) -> Iterator[tuple[list[Row], str]]:
        after = checkpoint or ""
        while rows := self._shop.changed(table, (after, "~"), self._page_size):
            after = rows[-1]["updated_at"]
            yield rows, after


@caught_by("test_ids_are_complete", "test_ids_resume_behind_every_page")
class ForgetsTheLastIds(MemoryAdapter):
    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        yield from list(super().ids(kind, checkpoint))[:-1]


@caught_by("test_ids_resume_behind_every_page")
class CountsIds(MemoryAdapter):
    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        pages = list(super().ids(kind, None))
        for number in range(int(checkpoint or 0), len(pages)):
            yield Page(records=pages[number].records, checkpoint=str(number + 1))


@caught_by("test_a_deleted_record_is_in_no_read")
class RemembersTheDead(MemoryAdapter):
    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        yield from super().ids(kind, checkpoint)
        yield Page(records=("1003", "2003", "3003"))


@caught_by("test_by_id_is_fresh")
class ReadsFromACache(MemoryAdapter):
    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        cache: dict[Any, list[Page[Record]]] = self.__dict__.setdefault("cache", {})
        key = (kind, tuple(ids))
        if key not in cache:
            cache[key] = list(super().by_id(kind, ids))
        yield from cache[key]


@caught_by("test_by_id_names_what_is_gone")
class SaysNothingOfTheGone(MemoryAdapter):
    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        for page in super().by_id(kind, ids):
            yield Page(records=page.records)


@caught_by("test_by_id_gives_what_is_asked")
class ReadsOnlyTheFirstFew(MemoryAdapter):
    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        yield from super().by_id(kind, ids[: self._page_size])


@caught_by("test_orders_of_gives_all_orders_of_these_and_of_nobody_else")
class ReadsOneCustomersOrders(MemoryAdapter):
    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        yield from super().orders_of(customer_ids[:1])


@caught_by("test_customers_come_back_as_they_are")
class GivesOnlyItsOwnTags(MemoryAdapter):
    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        for page in super().customers(since, checkpoint):
            bare = tuple(msgspec.structs.replace(customer, tags=()) for customer in page.records)
            yield Page(records=bare, checkpoint=page.checkpoint)


@caught_by("test_guest_records_come_back_as_guests")
class TakesGuestsForCustomers(MemoryAdapter):
    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        for page in super().customers(since, checkpoint):
            known = tuple(msgspec.structs.replace(customer, guest=False) for customer in page.records)
            yield Page(records=known, checkpoint=page.checkpoint)


@caught_by("test_nobody_is_subscribed_who_is_not")
class SubscribesEverybody(MemoryAdapter):
    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        consent = Consent(channel="email", state="subscribed")
        for page in super().customers(since, checkpoint):
            subscribed = (msgspec.structs.replace(customer, consents=(consent,)) for customer in page.records)
            yield Page(records=tuple(subscribed), checkpoint=page.checkpoint)


class ChangesOrders(MemoryAdapter):
    def altered(self, order: Order) -> Order:
        raise NotImplementedError

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        for page in super().orders(since, checkpoint):
            yield Page(records=tuple(map(self.altered, page.records)), checkpoint=page.checkpoint)


@caught_by("test_orders_come_back_as_they_are", "test_order_totals_add_up")
class TaxesTwice(ChangesOrders):
    def altered(self, order: Order) -> Order:
        return msgspec.structs.replace(order, goods=order.goods + order.tax)


@caught_by("test_orders_come_back_as_they_are")
class SubtractsRefunds(ChangesOrders):
    def altered(self, order: Order) -> Order:
        return msgspec.structs.replace(order, total=order.spent())


@caught_by("test_money_given_back_twice_is_given_back_twice")
class KnowsTheLastRefundOnly(ChangesOrders):
    def altered(self, order: Order) -> Order:
        return msgspec.structs.replace(order, refunds=order.refunds[-1:])


@caught_by("test_an_order_outlives_its_customer")
class LeavesOutOrdersOfTheDeleted(MemoryAdapter):
    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        there = {customer.id for customer in records(super().customers(None, None))}
        for page in super().orders(since, checkpoint):
            known = tuple(order for order in page.records if order.customer_id in there)
            yield Page(records=known, checkpoint=page.checkpoint)


@caught_by("test_an_order_comes_whole")
class GivesTheFirstFiftyLines(ChangesOrders):
    def altered(self, order: Order) -> Order:
        return msgspec.structs.replace(order, lines=order.lines[:50])


@caught_by("test_times_are_aware_and_utc")
class TellsLocalTime(ChangesOrders):
    def altered(self, order: Order) -> Order:
        return msgspec.structs.replace(order, placed_at=order.placed_at.replace(tzinfo=None))


def whole(adapter: MemoryAdapter) -> MemoryShop:
    """The shop itself, of which an adapter knows only what it offers to programs."""
    shop = adapter._shop
    assert isinstance(shop, MemoryShop)
    return shop


@caught_by("test_a_tag_is_removed_and_the_others_stay", "test_a_tag_is_added_beside_the_others")
class RemovesAllTags(MemoryAdapter):
    def _apply(self, change: Change) -> None:
        if isinstance(change, UpdateTags):
            self._shop.customer(change.customer_id)
            whole(self).set_tags(change.customer_id, change.add)
        else:
            super()._apply(change)


@caught_by("test_tags_that_the_owner_sets_meanwhile_stay")
class WritesBackTagsItReadBefore(MemoryAdapter):
    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        for page in super().customers(since, checkpoint):
            self.__dict__.setdefault("read", {}).update({one.id: one.tags for one in page.records})
            yield page

    def _apply(self, change: Change) -> None:
        read: dict[str, tuple[str, ...]] = self.__dict__.get("read", {})
        if isinstance(change, UpdateTags) and change.customer_id in read:
            whole(self).set_tags(change.customer_id, (*read[change.customer_id], *change.add))
        else:
            super()._apply(change)


@caught_by("test_a_tag_in_other_capitals_is_the_same_tag")
class ComparesTagsLiterally(MemoryAdapter):
    def _apply(self, change: Change) -> None:
        if isinstance(change, UpdateTags):
            tags = set(self._shop.customer(change.customer_id)["tags"]) - set(change.remove)
            whole(self).set_tags(change.customer_id, sorted(tags | set(change.add)))
        else:
            super()._apply(change)


@caught_by("test_a_change_of_tags_twice_is_once")
class RefusesATagThatIsThere(MemoryAdapter):
    def _apply(self, change: Change) -> None:
        if isinstance(change, UpdateTags) and set(change.add) & whole(self).tags_of(change.customer_id):
            raise RejectedError("The customer has that tag.")
        super()._apply(change)


@caught_by("test_a_sweep_of_tags_is_complete_and_ours_only")
class SweepsForeignTags(MemoryAdapter):
    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        yield from super().tags(prefix.rstrip(":"), checkpoint)


@caught_by("test_a_sweep_of_tags_is_complete_and_ours_only")
class SweepsOnePage(MemoryAdapter):
    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        yield next(super().tags(prefix, checkpoint))


@caught_by("test_the_owners_change_of_tags_is_seen")
class MissesTheOwnersTags(MemoryAdapter):
    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        yield from ()

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        if since is None:
            yield from super().customers(since, checkpoint)


@caught_by("test_every_change_has_one_result_in_order")
class ReportsOnlySuccess(MemoryAdapter):
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        yield from (result for result in super().push(changes, run) if result.error is None)


@caught_by(
    "test_every_change_has_one_result_in_order", "test_an_unknown_customer_is_refused_and_the_rest_is_done"
)
class StopsAtTheFirstRefusal(MemoryAdapter):
    def _refusal(self, change: Change) -> str | None:
        self._apply(change)
        return None


@caught_by("test_changes_of_one_customer_keep_their_order")
class AddsBeforeItRemoves(MemoryAdapter):
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        waiting = list(changes)
        results = [
            *super().push([change for change in waiting if getattr(change, "add", ())], run),
            *super().push([change for change in waiting if not getattr(change, "add", ())], run),
        ]
        yield from (next(found for found in results if found.change == change) for change in waiting)


@caught_by("test_every_change_has_one_result_in_order")
class SortsResults(MemoryAdapter):
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        yield from sorted(super().push(changes, run), key=lambda result: bool(result.error))


@caught_by("test_every_change_has_one_result_in_order")
class ReadsChangesTwice(MemoryAdapter):
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        if any(changes):
            yield from super().push(changes, run)


@caught_by("test_many_changes_have_many_results")
class SendsOnlyFiftyChanges(MemoryAdapter):
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        yield from super().push(list(changes)[:50], run)


@caught_by("test_no_changes_have_no_results")
class NeedsAChange(MemoryAdapter):
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        waiting = list(changes)
        yield next(super().push(waiting[:1], run))
        yield from super().push(waiting[1:], run)


@caught_by("test_what_is_not_declared_is_refused")
class SaysItDoesWhatItCannot(Plain):
    def _apply(self, change: Change) -> None:
        """Nothing is done, and nobody is told."""


@caught_by("test_a_customer_is_moved_only_out_of_the_named_group")
class MovesAnybody(MemoryAdapter):
    def _apply(self, change: Change) -> None:
        if isinstance(change, MoveGroup):
            self._shop.change(Kind.CUSTOMERS, change.customer_id, group=change.to)
        else:
            super()._apply(change)


@caught_by("test_an_attribute_is_written_replaced_and_removed")
class RemovesNoAttribute(MemoryAdapter):
    def _apply(self, change: Change) -> None:
        if not isinstance(change, SetAttribute) or change.value is not None:
            super()._apply(change)


@caught_by("test_an_attribute_of_an_unknown_customer_is_refused")
class WritesToNobody(MemoryAdapter):
    def _apply(self, change: Change) -> None:
        known = not isinstance(change, SetAttribute) or self._shop.get(Kind.CUSTOMERS, change.customer_id)
        if known:
            super()._apply(change)


@caught_by("test_an_attribute_is_cleared_if_it_still_holds_the_disabled_code")
class ClearsANewerCode(MemoryAdapter):
    def _apply(self, change: Change) -> None:
        super()._apply(change)
        if isinstance(change, DisableCoupon) and change.attribute and change.customer_id:
            self._shop.set_attribute(change.customer_id, change.attribute, None)


@caught_by("test_a_coupon_is_delivered_in_an_attribute")
class DeliversNothing(MemoryAdapter):
    def _create_coupon(self, change: CreateCoupon) -> None:
        super()._create_coupon(msgspec.structs.replace(change, attribute=None))


class ChangesCoupons(MemoryAdapter):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        raise NotImplementedError

    def _create_coupon(self, change: CreateCoupon) -> None:
        super()._create_coupon(self.altered(change))


@caught_by("test_a_coupon_for_a_customer_is_for_nobody_else")
class BindsToNobody(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, bound="group")


@caught_by("test_an_amount_is_as_good_as_a_percentage")
class KnowsOnlyPercentages(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        if change.percent is None:
            raise RejectedError("This shop gives percentages only.")
        return change


@caught_by(
    "test_coupons_of_a_group_are_each_redeemed_once_by_anybody",
    "test_a_code_for_a_friend_is_redeemed_once_by_anybody",
)
class BindsEveryCoupon(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, bound="customer")


@caught_by("test_a_coupon_asks_for_its_smallest_basket")
class AsksForNoBasket(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, minimum=0)


@caught_by("test_a_coupon_is_worth_nothing_after_its_end")
class LetsCouponsLiveForEver(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, ends_at=datetime(2099, 12, 31, tzinfo=UTC))


@caught_by("test_a_coupon_is_worth_nothing_before_its_start")
class StartsAtOnce(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, starts_at=datetime(2026, 1, 1, tzinfo=UTC))


@caught_by("test_free_shipping_costs_no_shipping_and_takes_nothing_off")
class TakesShippingOffTheGoods(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        if not change.free_shipping:
            return change
        return msgspec.structs.replace(change, free_shipping=False, amount=500)


@caught_by(
    "test_a_coupon_for_products_takes_off_nothing_else",
    "test_products_and_categories_together_are_what_is_both",
)
class ForgetsTheProducts(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, products=())


@caught_by(
    "test_a_coupon_for_categories_takes_off_nothing_else",
    "test_products_and_categories_together_are_what_is_both",
)
class ForgetsTheCategories(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, categories=())


@caught_by("test_price_bound_goods_are_left_out")
class SellsBooksForLess(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, exclude_categories=())


@caught_by("test_reduced_goods_are_left_out")
class ReducesTwice(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, sale_items=True)


@caught_by("test_reduced_goods_count_where_the_coupon_says_so")
class ReducesNothingTwice(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, sale_items=False)


@caught_by("test_a_coupon_that_works_alone_refuses_another_beside_it")
class CombinesEverything(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, combinable=True)


@caught_by("test_coupons_that_may_stand_together_do")
class CombinesNothing(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, combinable=False)


@caught_by("test_a_code_for_new_customers_refuses_whoever_ordered_before")
class TakesEverybodyForNew(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, new_customers_only=False)


@caught_by("test_titles_are_shown_in_the_language_of_the_customer")
class SpeaksOneLanguage(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, titles={})


@caught_by("test_a_title_may_have_whatever_the_shop_does_not_refuse")
class RefusesASignInSilence(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        if "<" in change.title:
            raise RejectedError("A title cannot have that sign.")
        return change


@caught_by("test_a_coupon_for_an_address_is_for_no_other")
class AsksForNoAddress(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, email=None)


@caught_by("test_coupons_come_back_with_their_mark")
class LosesTheMark(ChangesCoupons):
    def altered(self, change: CreateCoupon) -> CreateCoupon:
        return msgspec.structs.replace(change, mark=Mark(change.mark.campaign, change.mark.person, 9))


@caught_by("test_a_created_coupon_can_be_redeemed_once")
class SetsNoLimitOfUses(MemoryAdapter):
    def _create_coupon(self, change: CreateCoupon) -> None:
        super()._create_coupon(change)
        row = self._shop.coupon(change.code)
        assert row
        self._shop.change("coupons", row["id"], uses=None)


@caught_by("test_a_coupon_created_twice_is_one", "test_a_push_may_be_repeated_after_a_crash")
class RefusesItsOwnCoupon(MemoryAdapter):
    def _create_coupon(self, change: CreateCoupon) -> None:
        if self._shop.coupon(change.code):
            raise RejectedError("The code exists.")
        super()._create_coupon(change)


@caught_by("test_a_coupon_created_twice_is_one", "test_a_push_may_be_repeated_after_a_crash")
class CreatesASecondCoupon(MemoryAdapter):
    def _create_coupon(self, change: CreateCoupon) -> None:
        number = self._shop.count("coupons")
        if self._shop.coupon(change.code):
            change = msgspec.structs.replace(change, code=f"{change.code}{number}")
        super()._create_coupon(change)


@caught_by("test_a_coupon_for_an_unknown_customer_is_refused")
class CreatesCouponsForNobody(MemoryAdapter):
    def _create_coupon(self, change: CreateCoupon) -> None:
        unbound = msgspec.structs.replace(change, customer_id="1001", attribute=None)
        super()._create_coupon(unbound)


class TrustsTheCode(MemoryAdapter):
    def _own_coupon(self, change: CreateCoupon | ExtendCoupon | DisableCoupon) -> Row:
        row = self._shop.coupon(change.code)
        if row is None:
            raise RejectedError("There is none.")
        return row


caught_by("test_a_foreign_code_is_never_reused")(TrustsTheCode)
caught_by("test_a_code_with_another_mark_is_never_reused")(TrustsTheCode)
caught_by("test_a_foreign_code_is_neither_disabled_nor_extended")(TrustsTheCode)


@caught_by("test_a_disabled_coupon_is_worth_nothing")
class DisablesNothing(MemoryAdapter):
    def _disable_coupon(self, change: DisableCoupon) -> None:
        """Says that it is done."""


@caught_by("test_an_extended_coupon_lives_longer")
class ExtendsNothing(MemoryAdapter):
    def _apply(self, change: Change) -> None:
        if not isinstance(change, ExtendCoupon):
            super()._apply(change)


@caught_by("test_a_new_coupon_is_among_the_changed_ones")
class MissesNewCoupons(MemoryAdapter):
    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        if since is None:
            yield from super().coupons(since, checkpoint)


@caught_by("test_coupons_are_complete_and_resume_behind_every_page")
class GivesOnePageOfCoupons(MemoryAdapter):
    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        yield next(super().coupons(since, checkpoint))


@caught_by("test_an_unsigned_event_is_refused", "test_a_forged_event_is_refused")
class BelievesEverything(MemoryAdapter):
    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        return Event(id="1", topic="customers/update", kind=Kind.CUSTOMERS, record_id="1001")


@caught_by("test_a_genuine_event_is_understood")
class BelievesNothing(MemoryAdapter):
    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        raise AuthError("I do not believe you.")


@caught_by("test_a_genuine_event_is_understood")
class AsksTheShopAboutAnEvent(MemoryAdapter):
    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        event = super().event(headers, body)
        socket.getaddrinfo("localhost", 80)
        return event


@pytest.mark.parametrize(("broken", "test"), BROKEN, ids=[f"{one.__name__}-{test}" for one, test in BROKEN])
def test_contract_catches(pytester: pytest.Pytester, broken: type[MemoryAdapter], test: str) -> None:
    outcome = _run(pytester, broken, f"::{test}")
    assert outcome.get("failed", 0) >= 1
    assert "errors" not in outcome


def test_every_test_of_the_contract_has_caught_somebody() -> None:
    tests = {name for name in dir(AdapterContract) if name.startswith("test_")}
    assert {test for _, test in BROKEN} == tests


def _run(pytester: pytest.Pytester, broken: type[MemoryAdapter], test: str = "") -> dict[str, int]:
    pytester.makepyfile(
        test_other=f"""
        import sys
        here = sys.modules[{__name__!r}]
        class TestOther(here.TestMemoryAdapter):
            adapter_class = here.{broken.__name__}
        """
    )
    # Hypothesis is imported anew in each inner run, which takes longer than everything else together.
    options = ("-p", "no:hypothesispytest", "--tb=line")
    return pytester.runpytest_inprocess(*options, f"test_other.py::TestOther{test}").parseoutcomes()
