"""One shop out of JTL-Shop and JTL-Wawi, both sandboxes on loopback, by the adapter's public methods."""

from collections.abc import Iterable, Iterator, Sequence
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
from adapters.jtl.wawi.sandbox import WawiSandbox
from connector.adapter import Page
from connector.errors import AuthError, ConfigError, ResponseError
from connector.model import (
    Change,
    Customer,
    DisableCoupon,
    Feature,
    Kind,
    Mark,
    MoveGroup,
    Order,
    Product,
    Record,
    SetAttribute,
    UpdateTags,
)
from connector.testing import (
    AdapterContract,
    make_coupon,
    make_customer,
    make_order,
    make_product,
    records,
)
from connector.testing.records import half_returned
from tests.test_jtl_adapter import as_jtl


class BothShops:
    """A web shop whose orders Wawi fetches: the owner and the customers of both."""

    def __init__(self, shop: JtlSandbox, wawi: WawiSandbox) -> None:
        self.shop = shop
        self.wawi = wawi

    def put(self, record: Record) -> None:
        """Whatever happens in the shop; orders arrive in Wawi too."""
        self.shop.put(record)
        if isinstance(record, Order):
            self.wawi.put(record)
            if record.customer_id and record.email:
                self.wawi.put(make_customer(record.customer_id, email=record.email))

    def delete(self, kind: Kind, record_id: str) -> None:
        if kind is Kind.ORDERS:
            self.wawi.delete(kind, record_id)
        self.shop.delete(kind, record_id)

    def tags_of(self, customer_id: str) -> frozenset[str]:
        return self.shop.tags_of(customer_id)

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        self.shop.set_tags(customer_id, tags)

    def codes(self) -> frozenset[str]:
        return self.shop.codes()

    def add_foreign_code(self, code: str) -> None:
        self.shop.add_foreign_code(code)

    def attribute(self, customer_id: str, name: str) -> str | None:
        return self.shop.attribute(customer_id, name)

    def redeem(self, code: str, customer_id: str) -> str | None:
        return self.shop.redeem(code, customer_id)

    def check_out(self, *basket: Any) -> tuple[str | None, int, int]:
        return self.shop.check_out(*basket)

    def title_of(self, code: str, language: str) -> str:
        return self.shop.title_of(code, language)

    # What only these tests do.

    def put_in_wawi(self, *found: Record) -> None:
        """By phone, on a marketplace, or Wawi's own record of a customer."""
        for record in found:
            self.wawi.put(record)


def settings_of(shop: JtlSandbox, wawi: WawiSandbox, **other: Any) -> dict[str, Any]:
    return {
        "url": shop.url,
        "key": SecretStr(shop.settings()["key"]),
        "orders_from": "wawi",
        "wawi_url": wawi.settings()["url"],
        "wawi_key": SecretStr(wawi.settings()["key"]),
        "page_size": 3,
        **other,
    }


MOVES = Profile(groups=("Endkunden", "Stammkunden", "Händler"), movable=("Stammkunden", "Händler"))


@pytest.fixture
def shop() -> Iterator[BothShops]:
    with JtlSandbox(profile=MOVES) as sandbox, WawiSandbox() as wawi:
        yield BothShops(sandbox, wawi)


@pytest.fixture
def settings(shop: BothShops) -> dict[str, Any]:
    return settings_of(shop.shop, shop.wawi)


def plain(record_id: str) -> str:
    return record_id.removeprefix("wawi-")


class WithPlainOrderIds(JtlAdapter):
    __doc__ = JtlAdapter.__doc__

    # The contract knows orders by the ids under which it put them, here by Wawi's without our prefix, and no
    # second record of a customer: these are tested below.

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        for page in super().customers(since, checkpoint):
            found = [each for each in page.records if not each.id.startswith("wawi-")]
            yield msgspec.structs.replace(page, records=tuple(found))

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        return self._plain(super().orders(since, checkpoint))

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        return self._plain(super().orders_of(customer_ids))

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        for page in super().ids(kind, checkpoint):
            yield msgspec.structs.replace(page, records=tuple(map(plain, page.records)))

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        if kind is not Kind.ORDERS:
            return super().by_id(kind, ids)
        pages: Iterator[Page[Any]] = super().by_id(kind, [f"wawi-{each}" for each in ids])
        return self._plain(pages)

    def _plain(self, pages: Iterator[Page[Any]]) -> Iterator[Page[Any]]:
        for page in pages:
            found = [msgspec.structs.replace(each, id=plain(each.id)) for each in page.records]
            gone = tuple([plain(each) for each in page.gone if each.startswith("wawi-")])
            yield msgspec.structs.replace(page, records=tuple(found), gone=gone)


class TestTwoSourcesContract(AdapterContract):
    adapter_class = WithPlainOrderIds

    def kept(self, record: Record) -> Record:
        """Returns come from Wawi, which tells no time of an order's change."""
        if isinstance(record, Order):
            return msgspec.structs.replace(record, updated_at=None)
        return as_jtl(record)


@contextmanager
def connected(shop: BothShops, **other: Any) -> Iterator[JtlAdapter]:
    adapter = JtlAdapter(**settings_of(shop.shop, shop.wawi, **other))
    yield adapter
    adapter.close()


@pytest.fixture
def adapter(settings: dict[str, Any]) -> Iterator[JtlAdapter]:
    adapter = JtlAdapter(**settings)
    yield adapter
    adapter.close()


def orders_of(adapter: JtlAdapter) -> dict[str, Order]:
    return {order.number: order for order in records(adapter.orders(None, None))}


def customers_of(adapter: JtlAdapter) -> dict[str, Customer]:
    return {customer.id: customer for customer in records(adapter.customers(None, None))}


def refusals(adapter: JtlAdapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


# -- check --------------------------------------------------------------------------------------------------


def test_check_says_where_what_comes_from(shop: BothShops, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    shop.put(make_order())
    shop.put_in_wawi(make_order("2002", number="A-7"))
    info = adapter.check()
    assert info.notes[0].startswith("Orders, returns and dealers come from JTL-Wawi")
    assert not any(note.startswith("Returns unknown") for note in info.notes)
    assert not any("no campaign can run" in note for note in info.notes)
    assert not info.returns_unknown
    assert (info.customer_count, info.order_count) == (1, 2)
    assert info.features >= {Feature.TAGS, Feature.COUPONS, Feature.DELETIONS, Feature.CUSTOMER_GROUPS}


def test_the_shop_alone_says_that_returns_are_unknown(shop: BothShops) -> None:
    with connected(shop, orders_from="shop") as alone:
        assert alone.check().returns_unknown
    with connected(shop, wawi_credit_notes=False) as both:
        assert both.check().returns_unknown


def test_books_in_another_currency_are_refused(shop: BothShops) -> None:
    with (
        connected(shop, books_currency="CHF") as adapter,
        pytest.raises(ConfigError, match="currency is EUR, but that of JTL-Wawi is CHF"),
    ):
        adapter.check()


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"key": None, "core_key": SecretStr("k")}, "needs the plugin: `key` is missing"),
        ({"wawi_key": None}, r"needs either `url` and `key`.*begin with `wawi_`"),
        ({"orders_from": "ameise"}, "needs `ameise_folder`"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], what: str) -> None:
    usual = {
        "url": "https://shop.example",
        "key": SecretStr("k"),
        "orders_from": "wawi",
        "wawi_url": "http://wawi.example:5883/api/eazybusiness",
        "wawi_key": SecretStr("k"),
    }
    with pytest.raises(ConfigError, match=what):
        JtlAdapter(**{**usual, **wrong})


# -- orders -------------------------------------------------------------------------------------------------


def test_an_order_of_the_shop_has_its_customer_and_code_and_wawis_returns(
    shop: BothShops, adapter: JtlAdapter
) -> None:
    shop.put(make_product())
    shop.put(make_customer())
    shop.shop.put(msgspec.structs.replace(half_returned(), refunds=(), codes=("WELCOME10",)))
    shop.put_in_wawi(msgspec.structs.replace(half_returned(), id="77", customer_id="55", number="2003"))
    (order,) = records(adapter.orders(None, None))
    assert (order.id, order.customer_id, order.codes) == ("wawi-77", "1001", ("WELCOME10",))
    assert (order.refunded(), order.lines[0].remaining) == (5950, 1)
    assert (order.channel, order.lines[0].product_id) == ("web", "3001")


def test_an_order_by_phone_belongs_to_wawis_customer(shop: BothShops, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    phone = make_order("2002", number="A-7", customer_id="55", email="telefon@example.com", codes=())
    shop.put_in_wawi(make_customer("55", email="telefon@example.com"), phone)
    order = orders_of(adapter)["A-7"]
    assert (order.id, order.customer_id, order.email) == ("wawi-2002", "wawi-55", "telefon@example.com")
    assert order.codes == ()


def test_the_same_number_of_somebody_else_long_ago_joins_nothing(
    shop: BothShops, adapter: JtlAdapter
) -> None:
    shop.put(make_customer())
    shop.shop.put(make_order(codes=("WELCOME10",)))
    other = {"customer_id": "55", "email": "telefon@example.com", "codes": ()}
    placed = datetime(2025, 2, 1, 18, 15, tzinfo=UTC)
    shop.put_in_wawi(make_order("9", number="2001", placed_at=placed, shipped_at=None, **other))
    (order,) = records(adapter.orders(None, None))
    assert (order.customer_id, order.codes) == ("wawi-55", ())


def test_an_order_whose_address_was_mended_in_wawi_is_still_the_shops(
    shop: BothShops, adapter: JtlAdapter
) -> None:
    shop.put(make_customer())
    shop.shop.put(make_order())
    shop.put_in_wawi(make_order("9", number="2001", customer_id="55", email="anna@mended.example"))
    (order,) = records(adapter.orders(None, None))
    assert (order.customer_id, order.email) == ("1001", "c1001@example.com")


def test_a_product_is_found_by_its_number_and_a_foreign_one_meets_none_of_the_shop(
    shop: BothShops, adapter: JtlAdapter
) -> None:
    shop.put(make_product("8", skus=("ESP-3001",)))
    lines = make_order().lines
    unknown = (msgspec.structs.replace(lines[0], sku="OTHER", product_id="8"),)
    shop.put_in_wawi(make_order("1", number="1"), make_order("2", number="2", lines=unknown))
    found = orders_of(adapter)
    assert found["1"].lines[0].product_id == "8"
    assert found["2"].lines[0].product_id == "wawi-8"


def test_an_order_is_gone_only_if_wawi_says_so(shop: BothShops, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    for number in ("2001", "2002", "2003"):
        shop.put(make_order(number))
    shop.wawi.delete(Kind.ORDERS, "2002")
    shop.shop.delete(Kind.ORDERS, "2003")
    assert sorted(records(adapter.ids(Kind.ORDERS, None))) == ["wawi-2001", "wawi-2003"]
    pages = list(adapter.by_id(Kind.ORDERS, ["wawi-2001", "wawi-2002", "wawi-2003", "2009"]))
    assert sorted(order.id for order in records(pages)) == ["wawi-2001", "wawi-2003"]
    # What a mirror still has of the shop's own orders goes with them.
    assert sorted({gone for page in pages for gone in page.gone}) == ["2001", "2009", "wawi-2002"]


def test_a_last_look_finds_orders_by_phone_of_an_account(shop: BothShops, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    shop.put(make_order())
    shop.put_in_wawi(
        make_customer("55", email="C1001@example.com"),
        make_order("7", number="A-7", customer_id="55"),
        make_order("8", number="A-8", customer_id="56"),
        make_order("2001", customer_id="55"),
    )
    found = {order.number: order.customer_id for order in records(adapter.orders_of(["1001"]))}
    assert found == {"2001": "1001", "A-7": "wawi-55"}


# -- customers ----------------------------------------------------------------------------------------------


def test_customers_of_wawi_come_beside_those_of_the_shop(shop: BothShops, adapter: JtlAdapter) -> None:
    shop.put(make_customer())
    shop.put_in_wawi(
        make_customer("1001", email="c1001@example.com", group="Händler"),
        make_customer("55", email=None, group="Endkunden"),
    )
    found = customers_of(adapter)
    assert sorted(found) == ["1001", "wawi-1001", "wawi-55"]
    dealer, phone = found["wawi-1001"], found["wawi-55"]
    # The core joins a guest with the account of its address; without one it stands for itself.
    assert (dealer.guest, dealer.email, dealer.group) == (True, "c1001@example.com", "Händler")
    assert (phone.guest, phone.email) == (False, None)
    assert sorted(records(adapter.ids(Kind.CUSTOMERS, None))) == ["1001", "wawi-1001", "wawi-55"]


def test_a_read_of_customers_resumes_in_either_system(shop: BothShops) -> None:
    for number in range(1001, 1008):
        shop.put(make_customer(str(number)))
        shop.put_in_wawi(make_customer(str(number), email=f"w{number}@example.com"))
    with connected(shop) as adapter:
        everybody = sorted(customers_of(adapter))
        pages = list(adapter.customers(None, None))
    assert len(everybody) == 14
    assert len(pages) == 6
    for stop in range(1, 7):
        with connected(shop) as adapter:
            begun = list(islice(adapter.customers(None, None), stop))
        with connected(shop) as adapter:
            rest = records(adapter.customers(None, begun[-1].checkpoint))
        assert sorted({each.id for each in [*records(begun), *rest]}) == everybody, stop


def test_a_slow_clock_of_one_system_hides_no_change_of_the_other(
    shop: BothShops, adapter: JtlAdapter
) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    shop.put(make_customer(updated_at=now))
    shop.put_in_wawi(make_customer("55", updated_at=now - timedelta(hours=3)))
    found = {each.id for each in records(adapter.customers(now, None))}
    assert found == {"1001", "wawi-55"}


@pytest.mark.parametrize("which", ["shop", "wawi"])
def test_trouble_in_one_system_ends_the_read_with_an_error(
    shop: BothShops, adapter: JtlAdapter, which: str
) -> None:
    shop.put(make_customer())
    shop.put_in_wawi(make_customer("55"))
    contains = "/stammkunde/v1/customers" if which == "shop" else "/v1/customers?"
    faults = shop.shop.faults if which == "shop" else shop.wawi.faults
    faults.plan("garbage", contains=contains if which == "shop" else "/customers")
    with pytest.raises(ResponseError):
        list(adapter.customers(None, None))


# -- tags ---------------------------------------------------------------------------------------------------


@pytest.fixture
def both_know_anna(shop: BothShops) -> BothShops:
    """Anna has an account, and Wawi two records of her; there is also a customer by phone."""
    shop.put(make_customer())
    shop.put_in_wawi(
        make_customer("55", email="c1001@example.com"),
        make_customer("56", email=" C1001@Example.com "),
        make_customer("57", email="telefon@example.com"),
    )
    return shop


def test_tags_go_to_both(both_know_anna: BothShops, adapter: JtlAdapter) -> None:
    add = UpdateTags(customer_id="1001", add=("sk:stammkunde",))
    assert refusals(adapter, add, add) == [None, None]
    assert both_know_anna.shop.tags_of("1001") == {"sk:stammkunde"}
    assert both_know_anna.wawi.tags_of("55") == both_know_anna.wawi.tags_of("56") == {"sk:stammkunde"}
    assert both_know_anna.wawi.tags_of("57") == frozenset()
    assert refusals(adapter, UpdateTags(customer_id="1001", remove=("sk:stammkunde",))) == [None]
    assert both_know_anna.wawi.tags_of("55") == both_know_anna.shop.tags_of("1001") == frozenset()


def test_copies_in_wawi_are_not_taken_for_tags_of_somebody_else(
    both_know_anna: BothShops, adapter: JtlAdapter
) -> None:
    changes = [UpdateTags(customer_id=each, add=("sk:a",)) for each in ("1001", "wawi-57")]
    assert refusals(adapter, *changes) == [None, None]
    swept = {found.customer_id: found.tags for found in records(adapter.tags("sk:", None))}
    assert swept == {"1001": ("sk:a",), "wawi-57": ("sk:a",)}
    read = {each.id: each.tags for each in customers_of(adapter).values()}
    assert read == {"1001": ("sk:a",), "wawi-55": (), "wawi-56": (), "wawi-57": ("sk:a",)}
    (fresh,) = records(adapter.by_id(Kind.CUSTOMERS, ["wawi-57"]))
    assert isinstance(fresh, Customer)
    assert fresh.tags == ("sk:a",)


def test_what_wawi_does_not_take_is_not_done_in_the_shop(
    both_know_anna: BothShops, adapter: JtlAdapter
) -> None:
    good = UpdateTags(customer_id="wawi-57", add=("sk:a",))
    bad = UpdateTags(customer_id="1001", add=("sk:a;b",))
    first, second = refusals(adapter, bad, good)
    assert first is not None
    assert first.startswith("JTL-Wawi: The tag 'sk:a;b' cannot stand in a list")
    assert second is None
    assert both_know_anna.shop.tags_of("1001") == frozenset()


@pytest.mark.parametrize("which", ["shop", "wawi"])
def test_a_push_that_ends_between_the_two_is_done_by_the_next(both_know_anna: BothShops, which: str) -> None:
    changes = [UpdateTags(customer_id=each, add=("sk:a",)) for each in ("1001", "wawi-57")]
    faults = both_know_anna.shop.faults if which == "shop" else both_know_anna.wawi.faults
    faults.plan("unauthorized", contains="/changes" if which == "shop" else "customfields/", times=1)
    with connected(both_know_anna) as adapter, pytest.raises(AuthError):
        refusals(adapter, *changes)
    assert both_know_anna.shop.tags_of("1001") == frozenset()
    with connected(both_know_anna) as adapter:
        assert refusals(adapter, *changes) == [None, None]
    assert both_know_anna.shop.tags_of("1001") == {"sk:a"}
    assert [both_know_anna.wawi.tags_of(each) for each in ("55", "56", "57")] == [{"sk:a"}] * 3


def test_an_incomplete_list_of_customers_writes_nothing(both_know_anna: BothShops) -> None:
    """Half a list would leave copies out and call that done."""
    both_know_anna.wawi.faults.plan("garbage", contains="/customers", skip=1, times=9)
    with connected(both_know_anna, page_size=2) as adapter, pytest.raises(ResponseError):
        refusals(adapter, UpdateTags(customer_id="1001", add=("sk:a",)))
    assert both_know_anna.shop.tags_of("1001") == frozenset()


# -- coupons, values, groups --------------------------------------------------------------------------------


def test_a_code_for_a_customer_by_phone_is_open_in_the_shop(
    both_know_anna: BothShops, adapter: JtlAdapter
) -> None:
    coupon = make_coupon(customer_id="wawi-57", mark=Mark("come-back", "gabc", 1))
    assert refusals(adapter, coupon, coupon) == [None, None]
    (found,) = records(adapter.coupons(None, None))
    assert (found.code, found.customer_id, found.mark) == ("SKTEST23456", None, Mark("come-back", "gabc", 1))
    assert both_know_anna.redeem("SKTEST23456", "1001") is None
    disable = DisableCoupon(
        mark=coupon.mark, code=coupon.code, customer_id="wawi-57", attribute="code-come-back"
    )
    assert refusals(adapter, disable) == [None]


def test_a_value_for_somebody_whom_the_shop_does_not_know_is_refused(
    both_know_anna: BothShops, adapter: JtlAdapter
) -> None:
    coupon = make_coupon(customer_id="wawi-57", attribute="code-come-back")
    value = SetAttribute(customer_id="wawi-57", name="code-come-back", value="x")
    tag = UpdateTags(customer_id="1001", add=("sk:a",))
    errors = refusals(adapter, coupon, tag, value)
    expected = (
        "wawi-57 is a customer of JTL-Wawi only: without an account in the shop no value can be stored there."
    )
    # The code is made all the same: it can be told on the phone.
    assert errors == [None, None, expected]
    assert both_know_anna.codes() == {"SKTEST23456"}


def test_groups_are_moved_in_wawi_and_in_the_shop(both_know_anna: BothShops) -> None:
    """Wawi owns groups, and overwrites the shop's; the shop's lets the move be seen at once."""
    both_know_anna.shop.put(make_customer(group="Stammkunden"))
    both_know_anna.put_in_wawi(make_customer("55", email="c1001@example.com", group="Stammkunden"))
    both_know_anna.wawi.delete(Kind.CUSTOMERS, "56")
    move = MoveGroup(customer_id="1001", from_="Stammkunden", to="Händler")
    with connected(both_know_anna) as adapter:
        (done,) = refusals(adapter, move)
        assert done is None
    with connected(both_know_anna, wawi_move_groups=(("Stammkunden", "Händler"),)) as adapter:
        assert refusals(adapter, move, move) == [None, None]
        groups = {each.id: each.group for each in customers_of(adapter).values()}
    assert groups == {"1001": "Händler", "wawi-55": "Händler", "wawi-57": "Endkunden"}


# -- products -----------------------------------------------------------------------------------------------


def test_products_are_the_shops(shop: BothShops, adapter: JtlAdapter) -> None:
    shop.put(make_product())
    shop.put_in_wawi(make_product("4001"))
    (product,) = records(adapter.products(None, None))
    assert isinstance(product, Product)
    assert product.id == "3001"
    assert records(adapter.ids(Kind.PRODUCTS, None)) == ["3001"]
