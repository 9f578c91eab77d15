"""Answers that hold less than they say: a read finishes or raises, and nothing they leave out is called gone.

Proxies, plugins and rights cut lists short while their totals stay; the sandboxes here do the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import flask
import msgspec
import pytest
from pydantic import SecretStr

from adapters.jtl.wawi import WawiAdapter
from adapters.jtl.wawi.sandbox import WawiSandbox
from adapters.medusa import MedusaAdapter
from adapters.medusa.sandbox import MedusaSandbox
from adapters.outlets.klaviyo import KlaviyoOutlet
from adapters.outlets.klaviyo.sandbox import KlaviyoSandbox
from adapters.outlets.rapidmail import RapidmailOutlet
from adapters.outlets.rapidmail.sandbox import RapidmailSandbox
from adapters.shopify import ShopifyAdapter
from adapters.shopify.sandbox import ShopifySandbox
from adapters.vendure import VendureAdapter
from adapters.vendure.sandbox import VendureSandbox
from adapters.woocommerce import WooCommerceAdapter
from adapters.woocommerce.sandbox import WooCommerceSandbox
from connector.adapter import Adapter
from connector.errors import AuthError, ResponseError
from connector.model import Kind, UpdateTags
from connector.outlet import Standing
from connector.sample.server import LoopbackServer
from connector.testing import (
    LATER,
    START,
    fill,
    make_coupon,
    make_customer,
    make_order,
    make_product,
    records,
)
from connector.testing.basis import ids, read_kind
from connector.testing.records import half_returned

#: Changes the content of an answer; None leaves it as it is.
Edit = Callable[[str, Any], Any]
NUMBERS = {kind: [f"{base + number}" for number in range(7)] for kind, base in
           ((Kind.CUSTOMERS, 1001), (Kind.ORDERS, 2001), (Kind.PRODUCTS, 3001))}  # fmt: skip


class Edited(LoopbackServer):
    """A sandbox whose answers somebody on the way changes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.edit: Edit | None = None
        self.largest_page: int | None = None
        self._application.after_request(self._through)

    def _through(self, answer: flask.Response) -> flask.Response:
        if self.edit is not None and answer.is_json:
            content = self.edit(flask.request.path, msgspec.json.decode(answer.get_data()))
            answer.set_data(msgspec.json.encode(content))
        if self.largest_page is not None:
            self._shorten(answer, self.largest_page)
        return answer

    def _shorten(self, answer: flask.Response, size: int) -> None:
        """Only the first rows of a first page, with as many pages as that makes."""
        rows = msgspec.json.decode(answer.get_data())
        if isinstance(rows, list) and "X-WP-TotalPages" in answer.headers:
            answer.headers["X-WP-TotalPages"] = str(-(-len(rows) // size))
            answer.set_data(msgspec.json.encode(rows[:size]))


class Woo(Edited, WooCommerceSandbox):
    pass


class Vendure(Edited, VendureSandbox):
    pass


class Medusa(Edited, MedusaSandbox):
    pass


class Wawi(Edited, WawiSandbox):
    pass


class Shopify(Edited, ShopifySandbox):
    pass


class Klaviyo(Edited, KlaviyoSandbox):
    pass


class Rapidmail(Edited, RapidmailSandbox):
    pass


def rows_of(content: Any) -> list[Any] | None:
    """The rows of a list, wherever the platform puts them."""
    if isinstance(content, list):
        return content
    if "Items" in content:  # JTL-Wawi
        return list_in(content, "Items")
    if "count" in content:  # Medusa
        return next((each for each in content.values() if isinstance(each, list)), None)
    page = (content.get("data") or {}).get("page") or {}
    if isinstance(page.get("customers"), dict):  # the members of a group of Vendure
        page = page["customers"]
    return list_in(page, "items")


def list_in(content: Any, name: str) -> list[Any] | None:
    found = content.get(name)
    return found if isinstance(found, list) else None


def without_the_last(_path: str, content: Any) -> Any:
    if rows := rows_of(content):
        rows.pop()
    return content


def without_any(_path: str, content: Any) -> Any:
    if rows := rows_of(content):
        rows.clear()
    return content


MADE: dict[str, tuple[type[Edited], type[Adapter]]] = {
    "woocommerce": (Woo, WooCommerceAdapter),
    "vendure": (Vendure, VendureAdapter),
    "medusa": (Medusa, MedusaAdapter),
    "jtl-wawi": (Wawi, WawiAdapter),
}
CUTS = [without_the_last, without_any]


@contextmanager
def opened(
    sandbox: type[Edited], adapter_class: type[Adapter], page_size: int = 3
) -> Iterator[tuple[Any, Adapter]]:
    with sandbox() as shop:
        found: dict[str, Any] = shop.settings()  # type: ignore[attr-defined]
        secrets = {
            name: SecretStr(found[name])
            for name in ("key", "secret", "webhook_secret", "token", "password")
            if isinstance(found.get(name), str)
        }
        made: Callable[..., Adapter] = adapter_class
        adapter = made(**{**found, **secrets, "page_size": page_size})
        yield shop, adapter
        adapter.close()


@pytest.fixture(params=list(MADE))
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Adapter]]:
    with opened(*MADE[request.param]) as pair:
        yield pair


# -- lists that are shorter than their totals ---------------------------------------------------------------


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("kind", list(Kind))
def test_no_read_ends_early_in_silence(pair: tuple[Any, Adapter], kind: Kind, cut: Edit) -> None:
    shop, adapter = pair
    fill(shop, kind, 7)
    assert sorted(ids(read_kind(adapter, kind))) == NUMBERS[kind]
    shop.edit = cut
    with pytest.raises(ResponseError):
        records(read_kind(adapter, kind))
    with pytest.raises(ResponseError):
        records(adapter.ids(kind, None))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("kind", list(Kind))
def test_who_is_kept_back_is_not_called_gone(pair: tuple[Any, Adapter], kind: Kind, cut: Edit) -> None:
    shop, adapter = pair
    if isinstance(shop, Wawi):
        pytest.skip("JTL-Wawi is asked for each by itself.")
    fill(shop, kind, 7)
    shop.edit = cut
    with pytest.raises(ResponseError):
        list(adapter.by_id(kind, NUMBERS[kind][:3]))


@pytest.mark.parametrize("made", [MADE["vendure"], MADE["medusa"]], ids=["vendure", "medusa"])
def test_a_group_that_is_cut_short_takes_no_tag_from_anybody(made: Any) -> None:
    with opened(*made) as (shop, adapter):
        fill(shop, Kind.CUSTOMERS, 5)
        changes = [UpdateTags(customer_id=number, add=("sk:a",)) for number in NUMBERS[Kind.CUSTOMERS][:5]]
        assert [result.error for result in adapter.push(changes, "run-1")] == [None] * 5
        for cut in CUTS:
            shop.edit = cut
            with pytest.raises(ResponseError):
                list(adapter.tags("sk:", None))


@pytest.mark.parametrize("cut", CUTS)
def test_coupons_that_are_kept_back_are_not_missing(cut: Edit) -> None:
    for made in (MADE["woocommerce"], MADE["vendure"], MADE["medusa"]):
        with opened(*made) as (shop, adapter):
            shop.put(make_customer())
            assert [each.error for each in adapter.push([make_coupon(bound="group")], "run-1")] == [None]
            shop.edit = cut
            with pytest.raises(ResponseError):
                list(adapter.coupons(None, None))


# -- WooCommerce --------------------------------------------------------------------------------------------


@pytest.fixture
def woo() -> Iterator[tuple[Any, Adapter]]:
    with opened(*MADE["woocommerce"]) as pair:
        yield pair


def dateless(*numbers: int) -> Edit:
    """A product that was put into the database by hand has no date of change, and stands in front."""

    def edit(path: str, content: Any) -> Any:
        if isinstance(content, list) and path.endswith("/products"):
            for row in content:
                if row.get("id") in numbers:
                    row |= {"date_modified": None, "date_modified_gmt": None}
        return content

    return edit


@pytest.mark.parametrize("numbers", [(3001,), (3001, 3002, 3003), (3001, 3002, 3003, 3004, 3005, 3006, 3007)])
def test_products_without_a_date_hide_no_others(woo: tuple[Any, Adapter], numbers: tuple[int, ...]) -> None:
    shop, adapter = woo
    fill(shop, Kind.PRODUCTS, 7)
    shop.edit = dateless(*numbers)
    assert sorted({product.id for product in records(adapter.products(None, None))}) == NUMBERS[Kind.PRODUCTS]


def test_a_shop_that_gives_fewer_rows_than_asked_for_is_read_on() -> None:
    """Some shops keep pages small by a plugin, and say so only in their number of pages."""
    with opened(*MADE["woocommerce"], page_size=100) as (shop, adapter):
        fill(shop, Kind.ORDERS, 7)
        shop.largest_page = 2
        assert sorted({order.id for order in records(adapter.orders(None, None))}) == NUMBERS[Kind.ORDERS]
        with pytest.raises(ResponseError, match="counts 7 orders and gives only 2 of them"):
            list(adapter.by_id(Kind.ORDERS, NUMBERS[Kind.ORDERS]))


def test_orders_of_one_second_that_are_kept_back_are_not_asked_for_forever(woo: tuple[Any, Adapter]) -> None:
    shop, adapter = woo
    fill(shop, Kind.ORDERS, 7, apart=timedelta(0))

    def edit(path: str, content: Any) -> Any:
        if isinstance(content, list) and path.endswith("/orders"):
            return [row for row in content if row["id"] != 2003]
        return content

    shop.edit = edit
    with pytest.raises(ResponseError):
        list(adapter.orders(START, None))


def test_refunds_that_are_left_out_are_asked_for_by_their_order(woo: tuple[Any, Adapter]) -> None:
    shop, adapter = woo
    shop.put(make_product())
    shop.put(make_customer())
    shop.put(half_returned())
    shop.edit = lambda path, content: [] if path.endswith("/v3/refunds") else content
    (order,) = records(adapter.orders(None, None))
    assert [refund.amount for refund in order.refunds] == [5950]


# -- JTL-Wawi, Vendure, Shopify -----------------------------------------------------------------------------


def test_a_wawi_that_does_not_say_whether_there_is_more_is_not_believed() -> None:
    def edit(_path: str, content: Any) -> Any:
        if isinstance(content, dict):
            content.pop("HasNextPage", None)
        return content

    with opened(*MADE["jtl-wawi"]) as (shop, adapter):
        fill(shop, Kind.CUSTOMERS, 7)
        shop.edit = edit
        with pytest.raises(ResponseError, match="counts 7 rows of /customers and gives only 3"):
            list(adapter.customers(None, None))


def test_a_login_that_is_answered_with_nothing_is_nonsense() -> None:
    with Vendure() as shop:
        shop.edit = lambda _path, _content: {"data": None}
        found = shop.login_settings()
        adapter = VendureAdapter(**{**found, "password": SecretStr(str(found["password"]))})
        with pytest.raises((ResponseError, AuthError), match="unexpected shape"):
            adapter.check()
        adapter.close()


def test_orders_of_a_customer_that_are_kept_back_are_missed() -> None:
    with opened(*MADE["vendure"]) as (shop, adapter):
        shop.put(make_product())
        shop.put(make_customer())
        for number in range(53):
            shop.put(make_order(str(2001 + number)))

        def edit(_path: str, content: Any) -> Any:
            for customer in content["data"].get("page", {}).get("items", ()):
                if (
                    "orders" in customer
                    and customer["orders"]["totalItems"] > len(customer["orders"]["items"]) < 50
                ):
                    customer["orders"]["items"] = []
            return content

        shop.edit = edit
        with pytest.raises(ResponseError, match="counts 53 rows and gives only 50"):
            list(adapter.orders_of(["1001"]))


def test_a_list_that_goes_on_from_nowhere_is_not_read_for_ever() -> None:
    first: list[Any] = []

    def edit(_path: str, content: Any) -> Any:
        page = ((content.get("data") or {}).get("page") or {}).get("pageInfo")
        if page:
            first.append(page["endCursor"])
            page |= {"hasNextPage": True, "endCursor": first[0]}
        return content

    with opened(Shopify, ShopifyAdapter) as (shop, adapter):
        fill(shop, Kind.CUSTOMERS, 7)
        shop.edit = edit
        for read in (lambda: adapter.customers(START, None), lambda: adapter.ids(Kind.CUSTOMERS, None),
                     lambda: adapter.coupons(LATER, None)):  # fmt: skip
            first.clear()
            with pytest.raises(ResponseError, match="no place to go on from"):
                list(read())


# -- newsletter tools --------------------------------------------------------------------------------------


def test_who_has_unsubscribed_is_not_guessed() -> None:
    def edit(path: str, content: Any) -> Any:
        for each in content["data"] if path.endswith("/profiles") else ():
            del each["attributes"]["subscriptions"]
        return content

    with Klaviyo() as tool:
        tool.put("ada@example.com", Standing.UNSUBSCRIBED)
        outlet = KlaviyoOutlet(**tool.settings())
        tool.edit = edit
        with pytest.raises(ResponseError, match="leaves out who is subscribed"):
            list(outlet.find(["ada@example.com"]))
        outlet.close()


def test_a_blacklist_that_does_not_say_how_long_it_is_is_not_believed() -> None:
    def edit(path: str, content: Any) -> Any:
        if path.endswith("/blacklist"):
            content.pop("page_count", None)
        return content

    with Rapidmail() as tool:
        tool.put("ada@example.com", Standing.GOOD)
        outlet = RapidmailOutlet(**tool.settings())
        tool.edit = edit
        with pytest.raises(ResponseError, match="page_count"):
            list(outlet.find(["ada@example.com"]))
        outlet.close()
