"""The contract of an adapter as tests, and the records and the handle that they need. For adapter authors.

A test module inherits `AdapterContract` and says how to reach a shop that may be changed at will:

    pytest.register_assert_rewrite("connector.testing")  # in conftest.py: failures show their values

    class TestMyAdapter(AdapterContract):
        adapter_class = MyAdapter

        @pytest.fixture
        def shop(self) -> Iterator[MySandbox]:
            with MySandbox() as sandbox:
                yield sandbox

        @pytest.fixture
        def settings(self, shop: MySandbox) -> dict[str, Any]:
            return {**shop.settings(), "page_size": 3}

What a platform cannot do it does not declare in `check().features`; those tests are skipped, and another
one sees to it that the matching changes are refused.
"""
# ruff: noqa: S101  (a contract is made of asserts)

import inspect
import io
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain, islice
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar, cast, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
import pytest
from pydantic import SecretStr, TypeAdapter

from connector.adapter import Adapter, Page
from connector.config.options import SHOP_OPTIONS
from connector.config.settings import argument_texts, parameters_of
from connector.errors import AuthError
from connector.model import (
    Change,
    Consent,
    CreateCoupon,
    Customer,
    DisableCoupon,
    ExtendCoupon,
    Feature,
    Kind,
    LineItem,
    Mark,
    MoveGroup,
    Order,
    Payment,
    Product,
    Record,
    Refund,
    Result,
    SetAttribute,
    Shipment,
    UpdateTags,
)

T = TypeVar("T")

Connect: TypeAlias = Callable[[], Adapter]
Features: TypeAlias = frozenset[Feature]
Delivery: TypeAlias = tuple[Mapping[str, str], bytes]


class ShopUnderTest(Protocol):
    """The handle by which a test acts as the owner and the customers of the shop behind an adapter."""

    def put(self, record: Record, /) -> None:
        """Create or replace a record with exactly these data, `updated_at` included."""
        ...

    def delete(self, kind: Kind, record_id: str, /) -> None:
        """Delete a record as the owner would."""
        ...

    def tags_of(self, customer_id: str, /) -> frozenset[str]:
        """All tags of a customer, foreign ones included."""
        ...

    def set_tags(self, customer_id: str, tags: Iterable[str], /) -> None:
        """The owner edits a customer's tags: afterwards there are these and no others."""
        ...

    def codes(self) -> frozenset[str]:
        """All active codes in the shop, foreign ones included."""
        ...

    def add_foreign_code(self, code: str, /) -> None:
        """The owner creates a code that anybody may redeem at any time."""
        ...

    def attribute(self, customer_id: str, name: str, /) -> str | None:
        """The value of a customer's attribute, by the name that `SetAttribute` uses."""
        ...

    def redeem(self, code: str, customer_id: str, /) -> str | None:
        """Check out with goods of 100.00 now: None if the code is accepted, else why not."""
        ...


# Records every platform can carry: EUR, numeric ids, whole seconds, prices with 19 % tax in them.

#: When the first record of a test was last changed.
START = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
#: Later than every record is put before a read, and earlier than the shop's own clock.
LATER = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


def make_customer(record_id: str = "1001", **values: Any) -> Customer:
    """An account with an address in Germany; `values` replace fields."""
    record = Customer(
        id=record_id,
        email=f"c{record_id}@example.com",
        first_name="Anna",
        last_name="Schmidt",
        country="DE",
        created_at=datetime(2026, 1, 5, 8, 0, tzinfo=UTC),
        updated_at=START,
    )
    return msgspec.structs.replace(record, **values)


def make_order(record_id: str = "2001", **values: Any) -> Order:
    """Two pieces of product 3001 for 119.00 with tax, paid and shipped; `values` replace fields."""
    record = Order(
        id=record_id,
        number=f"#{record_id}",
        customer_id="1001",
        email="c1001@example.com",
        placed_at=datetime(2026, 2, 1, 18, 15, tzinfo=UTC),
        updated_at=START,
        currency="EUR",
        total=11900,
        goods=10000,
        tax=1900,
        lines=(make_line(quantity=2, total=11900),),
        payment=Payment.PAID,
        shipment=Shipment.SHIPPED,
        shipped_at=datetime(2026, 2, 2, 10, 0, tzinfo=UTC),
    )
    return msgspec.structs.replace(record, **values)


def make_line(*, quantity: int, total: int, remaining: int | None = None) -> LineItem:
    """Some pieces of product 3001; all of them remain unless said otherwise."""
    return LineItem(
        product_id="3001",
        sku="ESP-3001",
        title="Espresso",
        quantity=quantity,
        remaining=quantity if remaining is None else remaining,
        total=total,
    )


def make_product(record_id: str = "3001", **values: Any) -> Product:
    """A product with a tag and one SKU; `values` replace fields."""
    record = Product(
        id=record_id, title="Espresso", tags=("espresso",), skus=(f"ESP-{record_id}",), updated_at=START
    )
    return msgspec.structs.replace(record, **values)


def make_coupon(**values: Any) -> CreateCoupon:
    """Ten per cent for customer 1001, valid in this century; `values` replace fields."""
    change = CreateCoupon(
        mark=Mark("come-back", "c1001", 1),
        code="SKTEST23456",
        customer_id="1001",
        title="10 % für Sie",
        percent=10,
        currency="EUR",
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        ends_at=datetime(2099, 12, 31, tzinfo=UTC),
    )
    return msgspec.structs.replace(change, **values)


def make_record(kind: Kind, number: int, **values: Any) -> Record:
    """The record of that kind with the number 0, 1, 2 and so on: customer 1001, 1002, 1003."""
    if kind is Kind.CUSTOMERS:
        return make_customer(str(1001 + number), **values)
    if kind is Kind.PRODUCTS:
        return make_product(str(3001 + number), **values)
    return make_order(str(2001 + number), **values)


def fill(shop: ShopUnderTest, kind: Kind, count: int, *, apart: timedelta = timedelta(minutes=1)) -> None:
    """Put so many records of a kind into the shop, changed `apart` from each other."""
    if kind is Kind.ORDERS:
        shop.put(make_product())
        shop.put(make_customer())
    for number in range(count):
        shop.put(make_record(kind, number, updated_at=START + number * apart))


def records(pages: Iterable[Page[T]]) -> list[T]:
    """The records of all pages."""
    return [record for page in pages for record in page.records]


class _Contract:
    """What the parts of the contract share."""

    #: The adapter under test.
    adapter_class: ClassVar[type[Adapter]]
    #: How many records make several pages. Raise it where the page size is not a setting.
    many: ClassVar[int] = 7
    #: A name under which the platform can store a value on a customer.
    attribute_name: ClassVar[str] = "stammkunde_code"

    @pytest.fixture
    def connect(self, settings: Mapping[str, Any]) -> Iterator[Connect]:
        """Makes a new connection to the shop, as a process does that starts again after a crash."""
        made: list[Adapter] = []

        def connect() -> Adapter:
            made.append(self.construct(settings))
            return made[-1]

        yield connect
        for adapter in made:
            adapter.close()

    @pytest.fixture
    def adapter(self, connect: Connect) -> Adapter:
        return connect()

    @pytest.fixture
    def features(self, connect: Connect) -> Features:
        return connect().check().features

    def construct(self, settings: Mapping[str, Any]) -> Adapter:
        return cast("Callable[..., Adapter]", self.adapter_class)(**settings)

    def needs(self, features: Features, *needed: Feature) -> None:
        """Skip a test about something that the shop cannot do, and says so."""
        if missing := [feature.value for feature in needed if feature not in features]:
            pytest.skip(f"{self.adapter_class.title} does not declare {', '.join(missing)}.")


class ConstructorContract(_Contract):
    """Settings, secrets, and what `check` says."""

    def test_settings_are_keyword_only(self) -> None:
        kinds = {parameter.kind for parameter in self._parameters().values()}
        assert kinds <= {inspect.Parameter.KEYWORD_ONLY}

    def test_signature_is_a_schema_of_the_config(self) -> None:
        hints = get_type_hints(self.adapter_class.__init__)
        for name, parameter in self._parameters().items():
            assert hints.get(name, Any) is not Any, f"{name} has no type"
            schema = TypeAdapter[Any](hints[name])
            if parameter.default is not inspect.Parameter.empty:
                schema.validate_python(parameter.default)

    def test_settings_fit_the_signature(self, settings: Mapping[str, Any]) -> None:
        required = {
            name
            for name, parameter in self._parameters().items()
            if parameter.default is inspect.Parameter.empty
        }
        assert required <= set(settings) <= set(self._parameters())

    def test_settings_are_explained_to_the_owner(self) -> None:
        texts = argument_texts(self.adapter_class)  # under "Args:" in the docstring of the class
        assert [each.name for each in parameters_of(self.adapter_class) if not texts.get(each.name)] == []

    def test_settings_leave_the_names_of_our_options_alone(self) -> None:
        assert set(self._parameters()) & set(SHOP_OPTIONS) == set()

    def test_secrets_are_declared_as_secrets(self) -> None:
        hints = get_type_hints(self.adapter_class.__init__)
        words = re.compile(r"secret|token|password|(^|_)key$")
        open_secrets = {name for name in self._parameters() if words.search(name)}
        assert {name for name in open_secrets if "SecretStr" not in str(hints[name])} == set()

    def test_secrets_are_never_shown(self, settings: Mapping[str, Any]) -> None:
        adapter = self.construct(settings)
        shown = f"{adapter!r} {adapter} {vars(adapter) if hasattr(adapter, '__dict__') else ''}"
        secrets = [value for value in settings.values() if isinstance(value, SecretStr)]
        assert [secret for secret in secrets if secret.get_secret_value() in shown] == []

    def test_constructor_does_no_io(self, settings: Mapping[str, Any], connect: Connect) -> None:
        connect()  # what it imports late is not meant
        with _no_io():
            self.construct(settings)

    def test_check_says_what_shop_this_is(self, adapter: Adapter) -> None:
        info = adapter.check()
        assert info.name
        assert re.fullmatch("[A-Z]{3}", info.currency)
        assert ZoneInfo(info.time_zone)
        assert info.features <= frozenset(Feature)
        assert info.missing_scopes == ()
        assert min(info.tag_length, info.tags_per_customer, info.code_length) > 0

    def test_reread_names_kinds_and_spans(self, adapter: Adapter) -> None:
        for kind, span in adapter.reread.items():
            assert kind in set(Kind)
            assert span > timedelta(0)

    def test_adapter_has_a_name_and_a_title(self) -> None:
        assert re.fullmatch("[a-z][a-z0-9-]*", self.adapter_class.name)
        assert self.adapter_class.title

    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.adapter_class).parameters


class ReadContract(_Contract):
    """Everything that is in the shop comes, as it is there, whatever happens meanwhile."""

    @pytest.fixture(params=list(Kind))
    def kind(self, request: pytest.FixtureRequest, features: Features) -> Kind:
        if request.param is Kind.PRODUCTS:
            self.needs(features, Feature.PRODUCTS)
        return Kind(request.param)

    # What comes back.

    def test_customers_come_back_as_they_are(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        anna = make_customer("1001", tags=("B2B", "stammtisch"))
        nameless = make_customer("1002", email=None, first_name=None, last_name=None)
        austrian = make_customer("1003", country="AT", updated_at=START + timedelta(seconds=1))
        for record in (anna, nameless, austrian):
            shop.put(record)
        found = {record.id: _carried(record) for record in records(adapter.customers(None, None))}
        assert found == {record.id: _carried(record) for record in (anna, nameless, austrian)}

    def test_guest_records_come_back_as_guests(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.GUEST_RECORDS)
        shop.put(make_customer("1001", guest=True))
        shop.put(make_customer("1002"))
        found = {record.id: record.guest for record in records(adapter.customers(None, None))}
        assert found == {"1001": True, "1002": False}

    def test_nobody_is_subscribed_who_is_not(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        states: tuple[Any, ...] = ("unsubscribed", "never", "pending")
        for number, state in enumerate(states):
            consent = Consent(channel="email", state=state, changed_at=START)
            shop.put(make_customer(str(1001 + number), consents=(consent,)))
        consents = [
            consent for record in records(adapter.customers(None, None)) for consent in record.consents
        ]
        assert [consent for consent in consents if consent.state == "subscribed"] == []

    def test_orders_come_back_as_they_are(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        shop.put(make_product())
        shop.put(make_customer())
        orders = (make_order("2001"), _discounted(), _half_returned(), _guest(), _cancelled())
        for record in orders:
            shop.put(record)
        found = {record.id: _carried(record) for record in records(adapter.orders(None, None))}
        assert found == {record.id: _carried(record) for record in orders}

    def test_order_totals_add_up(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        shop.put(make_product())
        shop.put(make_customer())
        shop.put(_discounted())
        (order,) = records(adapter.orders(None, None))
        assert order.goods - order.discounts + order.shipping + order.tax == 11186
        assert (order.total, order.goods, order.discounts) == (11186, 10000, 1000)

    def test_an_order_comes_whole(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        shop.put(make_product())
        shop.put(make_customer())
        lines = tuple(make_line(quantity=1, total=119) for _ in range(60))
        shop.put(make_order(lines=lines, total=7140, goods=6000, tax=1140))
        (order,) = records(adapter.orders(None, None))
        assert len(order.lines) == 60
        assert sum(line.total for line in order.lines) == 7140

    def test_products_come_back_as_they_are(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.PRODUCTS)
        products = (make_product("3001"), make_product("3002", title="Kanne", tags=()))
        for record in products:
            shop.put(record)
        found = {record.id: _carried(record) for record in records(adapter.products(None, None))}
        assert found == {record.id: _carried(record) for record in products}

    def test_times_are_aware_and_utc(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        shop.put(make_product())
        shop.put(make_customer())
        shop.put(_half_returned())
        (customer,) = records(adapter.customers(None, None))
        (order,) = records(adapter.orders(None, None))
        times = [customer.created_at, customer.updated_at, order.placed_at, order.updated_at]
        times += [refund.refunded_at for refund in order.refunds]
        assert [time for time in times if time and time.utcoffset() != timedelta(0)] == []

    # All of it.

    def test_an_empty_shop_reads_empty(self, adapter: Adapter) -> None:
        for kind in Kind:
            assert records(_read(adapter, kind)) == []
            assert records(adapter.ids(kind, None)) == []

    def test_a_read_gives_everything_in_pages(
        self, shop: ShopUnderTest, adapter: Adapter, kind: Kind
    ) -> None:
        fill(shop, kind, self.many)
        pages = list(_read(adapter, kind))
        assert sorted(_ids(pages)) == self._numbers(kind)
        assert len(pages) > 1, "one page tests nothing: make pages smaller in `settings` or raise `many`"

    def test_records_changed_in_the_same_second_all_come(
        self, shop: ShopUnderTest, adapter: Adapter, kind: Kind
    ) -> None:
        fill(shop, kind, self.many, apart=timedelta(0))
        assert sorted(_ids(_read(adapter, kind))) == self._numbers(kind)

    def test_since_includes_its_own_second(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, 3, apart=timedelta(seconds=1))
        found = _ids(_read(adapter, kind, START + timedelta(seconds=1)))
        assert set(self._numbers(kind, 3)[1:]) <= set(found)

    def test_since_may_stand_in_any_time_zone(
        self, shop: ShopUnderTest, adapter: Adapter, kind: Kind
    ) -> None:
        fill(shop, kind, 3, apart=timedelta(seconds=1))
        since = (START + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-8)))
        assert set(self._numbers(kind, 3)[1:]) <= set(_ids(_read(adapter, kind, since)))

    def test_a_changed_record_comes_again(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, 3)
        list(_read(adapter, kind))
        shop.put(make_record(kind, 0, updated_at=LATER))
        assert self._numbers(kind)[0] in _ids(_read(adapter, kind, LATER))

    # Interrupted.

    def test_a_read_resumes_behind_every_page(
        self, shop: ShopUnderTest, connect: Connect, kind: Kind
    ) -> None:
        self._resumes(lambda adapter, checkpoint: _read(adapter, kind, None, checkpoint), shop, connect, kind)

    def test_changes_during_a_read_come_with_it_or_with_the_next(
        self, shop: ShopUnderTest, adapter: Adapter, connect: Connect, kind: Kind
    ) -> None:
        fill(shop, kind, self.many)
        reading = _read(adapter, kind)
        seen = _ids(islice(reading, 1))
        unseen = [found for found in self._numbers(kind) if found not in seen]
        touched = {seen[0], unseen[0]}
        for record_id in touched:
            shop.put(self._again(kind, record_id))
        assert set(seen) | set(_ids(reading)) == set(self._numbers(kind))
        assert touched <= set(_ids(_read(connect(), kind, LATER)))

    # By id, and what is gone.

    def test_ids_are_complete(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, self.many)
        pages = list(adapter.ids(kind, None))
        assert sorted(records(pages)) == self._numbers(kind)
        assert len(pages) > 1, "one page tests nothing: make pages smaller in `settings` or raise `many`"

    def test_ids_resume_behind_every_page(self, shop: ShopUnderTest, connect: Connect, kind: Kind) -> None:
        self._resumes(lambda adapter, checkpoint: adapter.ids(kind, checkpoint), shop, connect, kind)

    def test_a_deleted_record_is_in_no_read(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, 3)
        deleted = self._delete_last(shop, kind, 3)
        assert deleted not in _ids(_read(adapter, kind))
        assert deleted not in records(adapter.ids(kind, None))

    def test_by_id_gives_what_is_asked(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, self.many)
        wanted = self._numbers(kind)[1:]
        assert sorted(_ids(adapter.by_id(kind, wanted))) == wanted
        assert records(adapter.by_id(kind, [])) == []

    def test_by_id_is_fresh(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, 2)
        first = self._numbers(kind)[0]
        list(adapter.by_id(kind, [first]))
        changed = self._again(kind, first)
        shop.put(changed)
        (found,) = records(adapter.by_id(kind, [first]))
        assert _carried(found) == _carried(changed)

    def test_by_id_names_what_is_gone(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features, kind: Kind
    ) -> None:
        fill(shop, kind, 3)
        deleted = self._delete_last(shop, kind, 3)
        pages = list(adapter.by_id(kind, [*self._numbers(kind, 3), "987654321"]))
        gone = sorted(chain.from_iterable(page.gone for page in pages))
        assert sorted(_ids(pages)) == self._numbers(kind, 2)
        # Where a deleted record cannot be told from a failed read, nothing may be called gone.
        assert gone == (sorted([deleted, "987654321"]) if Feature.DELETIONS in features else [])

    def test_orders_of_gives_all_orders_of_these_and_of_nobody_else(
        self, shop: ShopUnderTest, adapter: Adapter
    ) -> None:
        shop.put(make_product())
        for number in range(3):
            shop.put(make_customer(str(1001 + number)))
        fill(shop, Kind.ORDERS, self.many)
        shop.put(make_order("2501", customer_id="1002", email="c1002@example.com"))
        shop.put(make_order("2502", customer_id="1003", email="c1003@example.com"))
        shop.put(make_order("2503", customer_id=None, email="guest@example.com"))
        found = _ids(adapter.orders_of(["1001", "1003"]))
        assert sorted(found) == [*self._numbers(Kind.ORDERS), "2502"]
        assert records(adapter.orders_of([])) == []

    def _numbers(self, kind: Kind, count: int | None = None) -> list[str]:
        return [make_record(kind, number).id for number in range(self.many if count is None else count)]

    def _again(self, kind: Kind, record_id: str) -> Record:
        return make_record(kind, self._numbers(kind).index(record_id), updated_at=LATER)

    def _delete_last(self, shop: ShopUnderTest, kind: Kind, count: int) -> str:
        record_id = self._numbers(kind, count)[-1]
        shop.delete(kind, record_id)
        return record_id

    def _resumes(
        self,
        read: Callable[[Adapter, str | None], Iterator[Page[Any]]],
        shop: ShopUnderTest,
        connect: Connect,
        kind: Kind,
    ) -> None:
        """Stop behind each page in turn, let the shop change, go on with a new connection."""
        fill(shop, kind, self.many)
        resumed = 0
        for stop in range(1, len(list(read(connect(), None))) + 1):
            fill(shop, kind, self.many)
            pages = list(islice(read(connect(), None), stop))
            if pages[-1].checkpoint is None:
                continue
            still_there = self._disturb(shop, kind, _ids(pages))
            found = _ids([*pages, *read(connect(), pages[-1].checkpoint)])
            assert still_there - set(found) == set(), f"lost after page {stop}"
            shop.delete(kind, make_record(kind, self.many).id)
            resumed += 1
        if not resumed:
            pytest.skip(f"{self.adapter_class.title} gives no checkpoints for {kind}.")

    def _disturb(self, shop: ShopUnderTest, kind: Kind, seen: Sequence[str]) -> set[str]:
        """Delete what was read first, change what was read last and what comes next; add something."""
        unseen = [name for name in self._numbers(kind) if name not in seen]
        shop.delete(kind, seen[0])
        for name in {seen[-1], *unseen[:1]} - {seen[0]}:
            shop.put(self._again(kind, name))
        shop.put(make_record(kind, self.many, updated_at=LATER))
        return set(self._numbers(kind)) - {seen[0]}


class TagContract(_Contract):
    """Our tags change; the owner's stay."""

    @pytest.fixture
    def tagged(self, shop: ShopUnderTest, features: Features) -> ShopUnderTest:
        """A shop with a customer whose tags are the owner's, and one who has a tag like ours."""
        self.needs(features, Feature.TAGS)
        shop.put(make_customer("1001", tags=("B2B", "stammtisch")))
        shop.put(make_customer("1002", tags=("SK:Stammkunde",)))
        return shop

    def test_a_tag_is_added_beside_the_others(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        assert _errors(adapter, UpdateTags(customer_id="1001", add=("sk:stammkunde",))) == [None]
        assert tagged.tags_of("1001") == {"B2B", "stammtisch", "sk:stammkunde"}

    def test_a_tag_is_removed_and_the_others_stay(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        tagged.set_tags("1001", ["B2B", "sk:a", "sk:b", "stammtisch"])
        change = UpdateTags(customer_id="1001", add=("sk:c",), remove=("sk:a",))
        assert _errors(adapter, change) == [None]
        assert tagged.tags_of("1001") == {"B2B", "stammtisch", "sk:b", "sk:c"}

    def test_tags_that_the_owner_sets_meanwhile_stay(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        records(adapter.customers(None, None))
        tagged.set_tags("1001", ["Presse"])
        assert _errors(adapter, UpdateTags(customer_id="1001", add=("sk:stammkunde",))) == [None]
        assert tagged.tags_of("1001") == {"Presse", "sk:stammkunde"}

    def test_a_change_of_tags_twice_is_once(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        tagged.set_tags("1001", ["B2B", "sk:a"])
        change = UpdateTags(customer_id="1001", add=("sk:b",), remove=("sk:a",))
        assert _errors(adapter, change, change) == [None, None]
        assert tagged.tags_of("1001") == {"B2B", "sk:b"}

    def test_a_tag_in_other_capitals_is_the_same_tag(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        assert _errors(adapter, UpdateTags(customer_id="1002", add=("sk:stammkunde",))) == [None]
        assert {tag.casefold() for tag in tagged.tags_of("1002")} == {"sk:stammkunde"}
        assert len(tagged.tags_of("1002")) == 1
        assert _errors(adapter, UpdateTags(customer_id="1002", remove=("sk:stammkunde",))) == [None]
        assert tagged.tags_of("1002") == frozenset()

    def test_changes_of_one_customer_keep_their_order(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        add = UpdateTags(customer_id="1001", add=("sk:a",))
        remove = UpdateTags(customer_id="1001", remove=("sk:a",))
        assert _errors(adapter, add, remove, add, remove) == [None] * 4
        assert tagged.tags_of("1001") == {"B2B", "stammtisch"}
        assert _errors(adapter, remove, add) == [None, None]
        assert tagged.tags_of("1001") == {"B2B", "stammtisch", "sk:a"}

    def test_the_owners_change_of_tags_is_seen(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        """In `customers` or, where a change of tags leaves no trace there, in `tags`."""
        tagged.set_tags("1001", ["B2B", "sk:a"])
        changed = {record.id: frozenset(record.tags) for record in records(adapter.customers(LATER, None))}
        swept = {found.customer_id: frozenset(found.tags) for found in records(adapter.tags("sk:", None))}
        assert frozenset({"B2B", "sk:a"}) == changed.get("1001") or frozenset({"sk:a"}) == swept.get("1001")

    def test_a_sweep_of_tags_is_complete_and_ours_only(self, tagged: ShopUnderTest, connect: Connect) -> None:
        for number in range(self.many):
            tagged.put(make_customer(str(1101 + number), tags=("sk:a", "sk-is-not-ours", "B2B")))
        pages = list(connect().tags("sk:", None))
        if not pages:
            pytest.skip(f"{self.adapter_class.title} shows every change of tags in `customers`.")
        found = {tagging.customer_id: tagging.tags for tagging in records(pages)}
        assert found == {"1002": ("SK:Stammkunde",)} | {str(1101 + n): ("sk:a",) for n in range(self.many)}
        for stop in range(1, len(pages) + 1):
            if checkpoint := pages[stop - 1].checkpoint:
                rest = records(connect().tags("sk:", checkpoint))
                assert len(records(pages[:stop]) + rest) >= self.many + 1, f"lost after page {stop}"


class PushContract(_Contract):
    """One result per change, in order, and nothing twice."""

    def test_an_unknown_customer_is_refused_and_the_rest_is_done(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.TAGS)
        shop.put(make_customer("1001"))
        shop.put(make_customer("1002"))
        customers = ("1001", "987654321", "1002")
        changes = [UpdateTags(customer_id=customer, add=("sk:a",)) for customer in customers]
        first, unknown, last = _errors(adapter, *changes)
        assert (first, last) == (None, None)
        assert unknown
        assert shop.tags_of("1001") == {"sk:a"}
        assert shop.tags_of("1002") == {"sk:a"}

    def test_every_change_has_one_result_in_order(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        shop.put(make_customer("1001"))
        shop.put(make_customer("1002"))
        unknown = UpdateTags(customer_id="987654321", add=("sk:a",))
        changes = [*self._mixed(features), unknown, *self._mixed(features)]
        results = list(adapter.push((change for change in changes), "run-1"))
        assert [result.change for result in results] == changes
        assert [result.change for result in results if result.error] == [unknown]

    def test_many_changes_have_many_results(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.TAGS)
        numbers = range(60)
        for number in numbers:
            shop.put(make_customer(str(1001 + number)))
        changes = [UpdateTags(customer_id=str(1001 + number), add=("sk:a",)) for number in numbers]
        assert list(adapter.push(changes, "run-1")) == [Result(change=change) for change in changes]
        assert {shop.tags_of(change.customer_id) for change in changes} == {frozenset({"sk:a"})}

    def test_no_changes_have_no_results(self, adapter: Adapter) -> None:
        assert list(adapter.push((), "run-1")) == []

    @pytest.mark.parametrize("done", [0, 1, 2, 3])
    def test_a_push_may_be_repeated_after_a_crash(
        self, shop: ShopUnderTest, connect: Connect, features: Features, done: int
    ) -> None:
        shop.put(make_customer("1001", tags=("B2B",)))
        shop.put(make_customer("1002"))
        changes = self._mixed(features)
        crashed = connect().push(iter(changes), "run-1")
        assert [result.error for result in islice(crashed, done)] == [None] * min(done, len(changes))
        del crashed
        assert _errors(connect(), *changes) == [None] * len(changes)
        if Feature.TAGS in features:
            assert shop.tags_of("1001") == {"B2B", "sk:a"}
        if Feature.COUPONS in features:
            assert shop.codes() == {"SKTEST23456"}
            assert len(records(connect().coupons(None, None))) == 1

    def test_what_is_not_declared_is_refused(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        """Otherwise a feature that is forgotten in `check` would pass with all its tests skipped."""
        shop.put(make_customer("1001", tags=("B2B",)))
        tag = UpdateTags(customer_id="1001", add=("sk:a",))
        attribute = SetAttribute(customer_id="1001", name=self.attribute_name, value="SKTEST23456")
        coupons = {"customer": Feature.COUPON_FOR_CUSTOMER, "group": Feature.COUPON_FOR_GROUP}
        refused: list[Change] = [] if Feature.TAGS in features else [tag]
        refused += [] if Feature.ATTRIBUTES in features else [attribute]
        refused += [
            make_coupon(bound=bound)
            for bound, feature in coupons.items()
            if not {Feature.COUPONS, feature} <= features
        ]
        assert [result.change for result in adapter.push(refused, "run-1") if not result.error] == []
        assert shop.tags_of("1001") == {"B2B"}
        assert shop.codes() == frozenset()

    def test_an_undeclared_feature_reads_empty(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        shop.put(make_product())
        shop.put(make_customer(tags=("sk:a",)))
        shop.add_foreign_code("SOMMER")
        assert Feature.PRODUCTS in features or records(adapter.products(None, None)) == []
        assert Feature.TAGS in features or records(adapter.tags("sk:", None)) == []
        assert records(adapter.coupons(None, None)) == []

    def test_a_customer_is_moved_only_out_of_the_named_group(
        self, shop: ShopUnderTest, adapter: Adapter
    ) -> None:
        shop.put(make_customer("1001", group="Stammkunden"))
        wrong = MoveGroup(customer_id="1001", from_="Presse", to="Händler")
        assert all(_errors(adapter, wrong))
        assert self._group_of(adapter, "1001") in ("Stammkunden", None)
        right = MoveGroup(customer_id="1001", from_="Stammkunden", to="Händler")
        first, again = _errors(adapter, right, right)
        assert bool(first) == bool(again)
        moved = self._group_of(adapter, "1001") == "Händler"
        assert moved == (first is None), "says that it moved the customer and did not, or the other way round"

    def _group_of(self, adapter: Adapter, customer_id: str) -> str | None:
        (found,) = records(adapter.by_id(Kind.CUSTOMERS, [customer_id]))
        return cast("Customer", found).group

    def _mixed(self, features: Features) -> list[Change]:
        changes: list[Change] = []
        if Feature.TAGS in features:
            changes += [UpdateTags(customer_id="1001", add=("sk:a",), remove=("sk:b",))]
        if Feature.COUPONS in features:
            changes += [make_coupon(bound=_bound(features))]
        if Feature.ATTRIBUTES in features:
            changes += [SetAttribute(customer_id="1002", name=self.attribute_name, value="SKTEST23456")]
        if Feature.TAGS in features:
            changes += [UpdateTags(customer_id="1002", add=("sk:b",))]
        return changes


class AttributeContract(_Contract):
    """Values that a customer carries."""

    def test_an_attribute_is_written_replaced_and_removed(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.ATTRIBUTES)
        shop.put(make_customer("1001"))
        for value in ("first", "second", "second", None, None):
            change = SetAttribute(customer_id="1001", name=self.attribute_name, value=value)
            assert _errors(adapter, change) == [None]
            assert shop.attribute("1001", self.attribute_name) == value

    def test_an_attribute_of_an_unknown_customer_is_refused(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.ATTRIBUTES)
        shop.put(make_customer("1001"))
        unknown = SetAttribute(customer_id="987654321", name=self.attribute_name, value="x")
        assert all(_errors(adapter, unknown))

    def test_a_coupon_is_delivered_in_an_attribute(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPONS, Feature.ATTRIBUTES)
        shop.put(make_customer("1001"))
        change = make_coupon(bound=_bound(features), attribute=self.attribute_name)
        assert _errors(adapter, change, change) == [None, None]
        assert shop.attribute("1001", self.attribute_name) == "SKTEST23456"

    @pytest.mark.parametrize(("held", "left"), [("SKTEST23456", None), ("SKNEWER2345", "SKNEWER2345")])
    def test_an_attribute_is_cleared_if_it_still_holds_the_disabled_code(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features, held: str, left: str | None
    ) -> None:
        self.needs(features, Feature.COUPONS, Feature.ATTRIBUTES)
        shop.put(make_customer("1001"))
        create = make_coupon(bound=_bound(features), attribute=self.attribute_name)
        meanwhile = SetAttribute(customer_id="1001", name=self.attribute_name, value=held)
        disable = DisableCoupon(
            mark=create.mark, code=create.code, customer_id="1001", attribute=self.attribute_name
        )
        assert _errors(adapter, create, meanwhile, disable) == [None] * 3
        assert shop.attribute("1001", self.attribute_name) == left


class CouponContract(_Contract):
    """Coupons of ours work as ordered; coupons of others are never touched."""

    @pytest.fixture
    def couponed(self, shop: ShopUnderTest, features: Features) -> ShopUnderTest:
        """A shop with two customers that can create coupons."""
        self.needs(features, Feature.COUPONS)
        shop.put(make_customer("1001"))
        shop.put(make_customer("1002"))
        return shop

    @pytest.fixture
    def change(self, couponed: ShopUnderTest, features: Features) -> CreateCoupon:  # noqa: ARG002
        return make_coupon(bound=_bound(features))

    # Creating.

    def test_a_created_coupon_can_be_redeemed_once(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        assert _errors(adapter, change) == [None]
        assert couponed.codes() == {"SKTEST23456"}
        assert couponed.redeem("SKTEST23456", "1001") is None
        assert couponed.redeem("SKTEST23456", "1001")

    def test_a_coupon_created_twice_is_one(
        self, couponed: ShopUnderTest, connect: Connect, change: CreateCoupon
    ) -> None:
        assert _errors(connect(), change, change) == [None, None]
        assert _errors(connect(), change) == [None]
        assert couponed.codes() == {"SKTEST23456"}
        assert len(records(connect().coupons(None, None))) == 1
        assert couponed.redeem("SKTEST23456", "1001") is None
        assert couponed.redeem("SKTEST23456", "1001")

    def test_an_amount_is_as_good_as_a_percentage(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        change = msgspec.structs.replace(change, percent=None, amount=500)
        assert _errors(adapter, change) == [None]
        assert couponed.redeem("SKTEST23456", "1001") is None

    def test_a_coupon_for_a_customer_is_for_nobody_else(
        self, couponed: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPON_FOR_CUSTOMER)
        assert _errors(adapter, make_coupon(bound="customer")) == [None]
        assert couponed.redeem("SKTEST23456", "1002")
        assert couponed.redeem("SKTEST23456", "1001") is None

    def test_a_coupon_for_an_unknown_customer_is_refused(
        self, couponed: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPON_FOR_CUSTOMER)
        assert all(_errors(adapter, make_coupon(bound="customer", customer_id="987654321")))
        assert couponed.codes() == frozenset()

    def test_coupons_of_a_group_are_each_redeemed_once_by_anybody(
        self, couponed: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPON_FOR_GROUP)
        first = make_coupon(bound="group")
        second = make_coupon(
            bound="group", mark=Mark("come-back", "c1002", 1), code="SKOTHER2345", customer_id="1002"
        )
        assert _errors(adapter, first, second, first, second) == [None] * 4
        assert couponed.codes() == {"SKTEST23456", "SKOTHER2345"}
        assert couponed.redeem("SKTEST23456", "1002") is None
        assert couponed.redeem("SKTEST23456", "1001")
        assert couponed.redeem("SKOTHER2345", "1001") is None
        assert {coupon.mark for coupon in records(adapter.coupons(None, None))} == {first.mark, second.mark}

    @pytest.mark.parametrize(("minimum", "accepted"), [(10000, True), (10001, False)])
    def test_a_coupon_asks_for_its_smallest_basket(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        minimum: int,
        accepted: bool,
    ) -> None:
        assert _errors(adapter, msgspec.structs.replace(change, minimum=minimum)) == [None]
        assert (couponed.redeem("SKTEST23456", "1001") is None) == accepted

    def test_a_coupon_is_worth_nothing_after_its_end(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        ended = msgspec.structs.replace(change, ends_at=datetime(2026, 1, 2, tzinfo=UTC))
        list(adapter.push([ended], "run-1"))  # a shop may refuse to make it, or make it worthless
        assert couponed.redeem("SKTEST23456", "1001")

    def test_a_coupon_is_worth_nothing_before_its_start(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        later = msgspec.structs.replace(change, starts_at=datetime(2099, 1, 1, tzinfo=UTC))
        assert _errors(adapter, later) == [None]
        assert couponed.redeem("SKTEST23456", "1001")

    # Reading.

    def test_coupons_come_back_with_their_mark(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon, features: Features
    ) -> None:
        couponed.add_foreign_code("SOMMER")
        assert _errors(adapter, change) == [None]
        (coupon,) = records(adapter.coupons(None, None))
        assert (coupon.mark, coupon.code) == (Mark("come-back", "c1001", 1), "SKTEST23456")
        assert coupon.ends_at == datetime(2099, 12, 31, tzinfo=UTC)
        assert coupon.active
        assert coupon.customer_id == ("1001" if Feature.COUPON_FOR_CUSTOMER in features else None)

    def test_a_new_coupon_is_among_the_changed_ones(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        assert _errors(adapter, change) == [None]
        assert [coupon.code for coupon in records(adapter.coupons(LATER, None))] == ["SKTEST23456"]
        assert couponed.codes() == {"SKTEST23456"}

    def test_coupons_are_complete_and_resume_behind_every_page(
        self, couponed: ShopUnderTest, connect: Connect, change: CreateCoupon
    ) -> None:
        codes = [f"SKTEST2345{letter}" for letter in "ABCDEFGHJKMNPQRSTVWXYZ"[: max(self.many, 7)]]
        for number, code in enumerate(codes):
            if number % 2:
                couponed.add_foreign_code(f"SOMMER{number}")
            mark = Mark("come-back", "c1001", number + 1)
            assert _errors(connect(), msgspec.structs.replace(change, mark=mark, code=code)) == [None]
        pages = list(connect().coupons(None, None))
        assert sorted(coupon.code for coupon in records(pages)) == codes
        for stop in range(1, len(pages) + 1):
            if checkpoint := pages[stop - 1].checkpoint:
                rest = records(connect().coupons(None, checkpoint))
                found = {coupon.code for coupon in records(pages[:stop]) + rest}
                assert sorted(found) == codes, f"lost after page {stop}"

    # Foreign ones.

    def test_a_foreign_code_is_never_reused(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        couponed.add_foreign_code("SKTEST23456")
        assert all(_errors(adapter, change))
        assert records(adapter.coupons(None, None)) == []
        assert couponed.redeem("SKTEST23456", "1002") is None

    def test_a_code_with_another_mark_is_never_reused(self, adapter: Adapter, change: CreateCoupon) -> None:
        other = msgspec.structs.replace(change, mark=Mark("come-back", "c1002", 1), customer_id="1002")
        first, second = _errors(adapter, change, other)
        assert first is None
        assert second
        (coupon,) = records(adapter.coupons(None, None))
        assert coupon.mark == change.mark

    def test_a_foreign_code_is_neither_disabled_nor_extended(
        self, couponed: ShopUnderTest, adapter: Adapter
    ) -> None:
        couponed.add_foreign_code("SOMMER")
        mark = Mark("come-back", "c1001", 1)
        disable = DisableCoupon(mark=mark, code="SOMMER")
        extend = ExtendCoupon(mark=mark, code="SOMMER", ends_at=datetime(2099, 12, 31, tzinfo=UTC))
        assert all(_errors(adapter, disable, extend))
        assert couponed.codes() == {"SOMMER"}
        assert couponed.redeem("SOMMER", "1002") is None

    # Ending.

    @pytest.mark.parametrize("by_id", [False, True])
    def test_a_disabled_coupon_is_worth_nothing(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon, by_id: bool
    ) -> None:
        couponed.add_foreign_code("SOMMER")
        assert _errors(adapter, change) == [None]
        (coupon,) = records(adapter.coupons(None, None))
        disable = DisableCoupon(mark=change.mark, code=change.code, coupon_id=coupon.id if by_id else None)
        assert _errors(adapter, disable, disable) == [None, None]
        assert couponed.redeem("SKTEST23456", "1001")
        assert couponed.codes() == {"SOMMER"}
        assert [found for found in records(adapter.coupons(None, None)) if found.active] == []

    @pytest.mark.parametrize("by_id", [False, True])
    def test_an_extended_coupon_lives_longer(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon, by_id: bool
    ) -> None:
        soon, late = datetime(2090, 1, 1, tzinfo=UTC), datetime(2098, 6, 30, tzinfo=UTC)
        assert _errors(adapter, msgspec.structs.replace(change, ends_at=soon)) == [None]
        (coupon,) = records(adapter.coupons(None, None))
        extend = ExtendCoupon(
            mark=change.mark, code=change.code, coupon_id=coupon.id if by_id else None, ends_at=late
        )
        assert _errors(adapter, extend, extend) == [None, None]
        (found,) = records(adapter.coupons(None, None))
        assert found.ends_at == late
        assert couponed.redeem("SKTEST23456", "1001") is None


class EventContract(_Contract):
    """Nothing is believed that is not signed."""

    @pytest.fixture
    def delivery(self) -> Delivery | None:
        """Headers and body of a genuine webhook about customer 1001. Give one where WEBHOOKS is declared."""
        return None

    def test_an_unsigned_event_is_refused(self, adapter: Adapter) -> None:
        with pytest.raises(AuthError):
            adapter.event({}, b"{}")

    def test_a_genuine_event_is_understood(
        self, adapter: Adapter, features: Features, delivery: Delivery | None
    ) -> None:
        self.needs(features, Feature.WEBHOOKS)
        assert delivery is not None, "give a fixture `delivery`: headers and body of a genuine webhook"
        headers, body = delivery
        with _no_io():
            event = adapter.event(headers, body)
        assert (event.kind, event.record_id) == (Kind.CUSTOMERS, "1001")
        assert event.id
        shouted = adapter.event({name.upper(): value for name, value in headers.items()}, body)
        assert shouted == event, "names of headers are the same in capitals"

    def test_a_forged_event_is_refused(
        self, adapter: Adapter, features: Features, delivery: Delivery | None
    ) -> None:
        self.needs(features, Feature.WEBHOOKS)
        assert delivery is not None, "give a fixture `delivery`: headers and body of a genuine webhook"
        headers, body = delivery
        with pytest.raises(AuthError):
            adapter.event(headers, body.replace(b"1001", b"1002"))
        with pytest.raises(AuthError):
            adapter.event({}, body)


class AdapterContract(
    ConstructorContract,
    ReadContract,
    TagContract,
    AttributeContract,
    CouponContract,
    PushContract,
    EventContract,
):
    """Every sentence of `connector.adapter.Adapter` as a test; inherit it and give two fixtures.

    `shop` is a fresh, empty `ShopUnderTest`. `settings` are keyword arguments that connect `adapter_class` to
    it, with a small page size if that is a setting. Where webhooks are declared, `delivery` is a third.
    """


# Orders with everything in them. 119.00 with tax is 100.00 and 19.00.


def _discounted() -> Order:
    """119.00 less ten per cent, and shipping for 4.76."""
    return make_order(
        "2002",
        goods=10000,
        discounts=1000,
        shipping=400,
        tax=1786,
        total=11186,
        lines=(make_line(quantity=2, total=10710),),
        codes=("WELCOME10",),
    )


def _half_returned() -> Order:
    """One of two pieces came back, and 59.50 with it."""
    refunded_at = datetime(2026, 2, 20, 9, 0, tzinfo=UTC)
    return make_order(
        "2003",
        lines=(make_line(quantity=2, remaining=1, total=11900),),
        refunds=(Refund(id="4001", refunded_at=refunded_at, amount=5950, tax=950),),
    )


def _guest() -> Order:
    """Ordered without an account; neither paid nor shipped."""
    return make_order(
        "2004",
        customer_id=None,
        email="guest@example.com",
        payment=Payment.NONE,
        shipment=Shipment.NONE,
        shipped_at=None,
    )


def _cancelled() -> Order:
    """Called off before it was paid."""
    return make_order(
        "2005",
        cancelled_at=datetime(2026, 2, 3, 7, 0, tzinfo=UTC),
        payment=Payment.NONE,
        shipment=Shipment.NONE,
        shipped_at=None,
    )


def _carried(record: Record) -> dict[str, object]:
    """What every platform can carry of a record, in one spelling."""
    if isinstance(record, Order):
        return _carried_order(record)
    tags = sorted(record.tags)
    if isinstance(record, Product):
        return _fields(record, "id", "title", "updated_at") | {"tags": tags, "skus": sorted(record.skus)}
    names = ("id", "email", "first_name", "last_name", "country", "created_at", "updated_at")
    return _fields(record, *names) | {"tags": tags}


def _carried_order(order: Order) -> dict[str, object]:
    names = ("id", "customer_id", "email", "placed_at", "updated_at", "cancelled_at", "currency")
    sums = ("total", "goods", "discounts", "shipping", "tax", "payment", "shipment")
    return _fields(order, *names, *sums) | {
        "number": order.number.lstrip("#"),
        "codes": sorted(order.codes),
        "lines": [_fields(line, "product_id", "quantity", "remaining", "total") for line in order.lines],
        "refunds": [_fields(refund, "refunded_at", "amount", "tax", "shipping") for refund in order.refunds],
    }


def _fields(record: msgspec.Struct, *names: str) -> dict[str, object]:
    return {name: getattr(record, name) for name in names}


def _read(
    adapter: Adapter, kind: Kind, since: datetime | None = None, checkpoint: str | None = None
) -> Iterator[Page[Any]]:
    reads: dict[Kind, Callable[[datetime | None, str | None], Iterator[Page[Any]]]] = {
        Kind.PRODUCTS: adapter.products,
        Kind.CUSTOMERS: adapter.customers,
        Kind.ORDERS: adapter.orders,
    }
    return reads[kind](since, checkpoint)


def _ids(pages: Iterable[Page[Any]]) -> list[str]:
    """The ids of records, or ids themselves."""
    return [record if isinstance(record, str) else record.id for record in records(pages)]


def _errors(adapter: Adapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


def _bound(features: Features) -> str:
    return "customer" if Feature.COUPON_FOR_CUSTOMER in features else "group"


@contextmanager
def _no_io() -> Iterator[None]:
    """Fail at any use of the network or of a file."""

    def refuse(*_: Any, **__: Any) -> Any:
        pytest.fail("this does I/O")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(io, "open", refuse)
        patch.setattr("builtins.open", refuse)
        yield
