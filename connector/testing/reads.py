"""The contract of the constructor and of reading."""
# ruff: noqa: S101  (a contract is made of asserts)

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta, timezone
from itertools import chain, islice
from typing import Any, cast, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr, TypeAdapter

from connector.adapter import Adapter, Page
from connector.config.options import SHOP_OPTIONS
from connector.config.settings import argument_texts, parameters_of
from connector.model import (
    Consent,
    Feature,
    Kind,
    Order,
    Record,
)
from connector.testing.basis import Connect, Contract, Features, ids, no_io, read_kind
from connector.testing.records import (
    LATER,
    START,
    cancelled,
    discounted,
    fill,
    guest,
    half_returned,
    make_customer,
    make_line,
    make_order,
    make_product,
    make_record,
    records,
    twice_refunded,
)
from connector.testing.shop import ShopUnderTest


class ConstructorContract(Contract):
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
        with no_io():
            self.construct(settings)

    def test_check_says_what_shop_this_is(self, adapter: Adapter) -> None:
        info = adapter.check()
        assert info.name
        assert re.fullmatch("[A-Z]{3}", info.currency)
        assert ZoneInfo(info.time_zone)
        assert info.features <= frozenset(Feature)
        assert info.missing_scopes == ()
        assert min(info.tag_length, info.code_length) > 0

    def test_reread_names_kinds_and_spans(self, adapter: Adapter) -> None:
        for kind, span in adapter.reread.items():
            assert kind in set(Kind)
            assert span > timedelta(0)

    def test_adapter_has_a_name_and_a_title(self) -> None:
        assert re.fullmatch("[a-z][a-z0-9-]*", self.adapter_class.name)
        assert self.adapter_class.title

    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.adapter_class).parameters


class ReadContract(Contract):
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
        found = {record.id: self.carried(record) for record in records(adapter.customers(None, None))}
        assert found == {record.id: self.carried(record) for record in (anna, nameless, austrian)}

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
        orders = (make_order("2001"), discounted(), half_returned(), guest(), cancelled())
        for record in orders:
            shop.put(record)
        found = {record.id: self.carried(record) for record in records(adapter.orders(None, None))}
        assert found == {record.id: self.carried(record) for record in orders}

    def test_order_totals_add_up(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        shop.put(make_product())
        shop.put(make_customer())
        shop.put(discounted())
        (order,) = records(adapter.orders(None, None))
        assert order.goods - order.discounts + order.shipping + order.tax == 11186
        assert (order.total, order.goods, order.discounts) == (11186, 10000, 1000)

    def test_money_given_back_twice_is_given_back_twice(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        """And is neither counted once only, nor once more in the total."""
        shop.put(make_product())
        shop.put(make_customer())
        shop.put(twice_refunded())
        (order,) = records(adapter.orders(None, None))
        kept = cast("Order", self.kept(twice_refunded()))
        assert (order.total, order.refunded(), order.spent()) == (11900, kept.refunded(), kept.spent())

    def test_an_order_outlives_its_customer(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        fill(shop, Kind.ORDERS, 2)
        shop.delete(Kind.CUSTOMERS, "1001")
        found = {order.id: order.total for order in records(adapter.orders(None, None))}
        assert found == {"2001": 11900, "2002": 11900}
        assert records(adapter.ids(Kind.ORDERS, None)) == ["2001", "2002"]
        assert sorted(ids(adapter.by_id(Kind.ORDERS, ["2001", "2002"]))) == ["2001", "2002"]

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
        found = {record.id: self.carried(record) for record in records(adapter.products(None, None))}
        assert found == {record.id: self.carried(record) for record in products}

    def test_times_are_aware_and_utc(self, shop: ShopUnderTest, adapter: Adapter) -> None:
        shop.put(make_product())
        shop.put(make_customer())
        shop.put(half_returned())
        (customer,) = records(adapter.customers(None, None))
        (order,) = records(adapter.orders(None, None))
        times = [customer.created_at, customer.updated_at, order.placed_at, order.updated_at]
        times += [refund.refunded_at for refund in order.refunds]
        assert [time for time in times if time and time.utcoffset() != timedelta(0)] == []

    # All of it.

    def test_an_empty_shop_reads_empty(self, adapter: Adapter) -> None:
        for kind in Kind:
            assert records(read_kind(adapter, kind)) == []
            assert records(adapter.ids(kind, None)) == []

    def test_a_read_gives_everything_in_pages(
        self, shop: ShopUnderTest, adapter: Adapter, kind: Kind
    ) -> None:
        fill(shop, kind, self.many)
        pages = list(read_kind(adapter, kind))
        assert sorted(ids(pages)) == self._numbers(kind)
        assert len(pages) > 1, "one page tests nothing: make pages smaller in `settings` or raise `many`"

    def test_records_changed_in_the_same_second_all_come(
        self, shop: ShopUnderTest, adapter: Adapter, kind: Kind
    ) -> None:
        fill(shop, kind, self.many, apart=timedelta(0))
        assert sorted(ids(read_kind(adapter, kind))) == self._numbers(kind)

    def test_since_includes_its_own_second(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, 3, apart=timedelta(seconds=1))
        found = ids(read_kind(adapter, kind, START + timedelta(seconds=1)))
        assert set(self._numbers(kind, 3)[1:]) <= set(found)

    def test_since_may_stand_in_any_time_zone(
        self, shop: ShopUnderTest, adapter: Adapter, kind: Kind
    ) -> None:
        fill(shop, kind, 3, apart=timedelta(seconds=1))
        since = (START + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-8)))
        assert set(self._numbers(kind, 3)[1:]) <= set(ids(read_kind(adapter, kind, since)))

    def test_a_changed_record_comes_again(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, 3)
        list(read_kind(adapter, kind))
        shop.put(make_record(kind, 0, updated_at=LATER))
        assert self._numbers(kind)[0] in ids(read_kind(adapter, kind, LATER))

    # Interrupted.

    def test_a_read_resumes_behind_every_page(
        self, shop: ShopUnderTest, connect: Connect, kind: Kind
    ) -> None:
        self._resumes(
            lambda adapter, checkpoint: read_kind(adapter, kind, None, checkpoint), shop, connect, kind
        )

    def test_changes_during_a_read_come_with_it_or_with_the_next(
        self, shop: ShopUnderTest, adapter: Adapter, connect: Connect, kind: Kind
    ) -> None:
        fill(shop, kind, self.many)
        reading = read_kind(adapter, kind)
        seen = ids(islice(reading, 1))
        unseen = [found for found in self._numbers(kind) if found not in seen]
        touched = {seen[0], unseen[0]}
        for record_id in touched:
            shop.put(self._again(kind, record_id))
        assert set(seen) | set(ids(reading)) == set(self._numbers(kind))
        assert touched <= set(ids(read_kind(connect(), kind, LATER)))

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
        assert deleted not in ids(read_kind(adapter, kind))
        assert deleted not in records(adapter.ids(kind, None))

    def test_by_id_gives_what_is_asked(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, self.many)
        wanted = self._numbers(kind)[1:]
        assert sorted(ids(adapter.by_id(kind, wanted))) == wanted
        assert records(adapter.by_id(kind, [])) == []

    def test_by_id_is_fresh(self, shop: ShopUnderTest, adapter: Adapter, kind: Kind) -> None:
        fill(shop, kind, 2)
        first = self._numbers(kind)[0]
        list(adapter.by_id(kind, [first]))
        changed = self._again(kind, first)
        shop.put(changed)
        (found,) = records(adapter.by_id(kind, [first]))
        assert self.carried(found) == self.carried(changed)

    def test_by_id_names_what_is_gone(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features, kind: Kind
    ) -> None:
        fill(shop, kind, 3)
        deleted = self._delete_last(shop, kind, 3)
        pages = list(adapter.by_id(kind, [*self._numbers(kind, 3), "987654321"]))
        gone = sorted(chain.from_iterable(page.gone for page in pages))
        assert sorted(ids(pages)) == self._numbers(kind, 2)
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
        found = ids(adapter.orders_of(["1001", "1003"]))
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
            still_there = self._disturb(shop, kind, ids(pages))
            found = ids([*pages, *read(connect(), pages[-1].checkpoint)])
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
