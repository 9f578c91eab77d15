"""Terms of coupons on Shopify: what reaches the shop, what its checkout makes of it, and what is refused."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.shopify import ShopifyAdapter
from adapters.shopify.sandbox import ShopifySandbox
from connector.adapter import Page
from connector.model import Change, Coupon, CouponTerm, CreateCoupon, DisableCoupon, ExtendCoupon, Mark
from connector.testing import make_coupon, make_customer, make_product, records
from tests.shopify_client import Client, gid

CODE = "SKTEST23456"
COFFEE, BOOK = ("3001", 10000, False), ("3002", 4000, False)


@pytest.fixture
def shop() -> Iterator[ShopifySandbox]:
    with ShopifySandbox(restore_rate=1e6) as sandbox:
        for number in ("1001", "1002"):
            sandbox.put(make_customer(number))
        sandbox.put(make_product("3001", categories=("Kaffee", "Angebote")))
        sandbox.put(make_product("3002", title="Barista", categories=("Bücher",)))
        yield sandbox


@pytest.fixture
def adapter(shop: ShopifySandbox) -> Iterator[ShopifyAdapter]:
    adapter = connected(shop)
    yield adapter
    adapter.close()


def connected(shop: ShopifySandbox, **other: Any) -> ShopifyAdapter:
    settings = {**shop.settings(), "token": SecretStr("shpat_sandbox"), **other}
    return ShopifyAdapter(**settings)


def pushed(adapter: ShopifyAdapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


def other(**values: Any) -> CreateCoupon:
    """A second coupon, for the other customer."""
    known = {"mark": Mark("come-back", "c1002", 1), "code": "SKOTHER2345", "customer_id": "1002"}
    return make_coupon(**(known | values))


def coupons(adapter: ShopifyAdapter) -> list[Coupon]:
    pages: Iterator[Page[Coupon]] = adapter.coupons(None, None)
    return records(pages)


def bought(shop: ShopifySandbox, *goods: tuple[str, int, bool], **how: Any) -> tuple[str | None, int, int]:
    who = {"customer_id": "1001", "email": None, "codes": (CODE,)} | how
    return shop.check_out(who["codes"], who["customer_id"], who["email"], goods or (COFFEE,))


def test_check_says_what_the_checkout_keeps(adapter: ShopifyAdapter) -> None:
    info = adapter.check()
    assert info.coupon_terms == {
        CouponTerm.FREE_SHIPPING,
        CouponTerm.MINIMUM,
        CouponTerm.PRODUCTS,
        CouponTerm.CATEGORIES,
        CouponTerm.COMBINABLE,
        CouponTerm.NOT_COMBINABLE,
    }
    assert (info.code_length, info.code_case, info.coupons_per_order) == (255, "kept", 6)


# -- free shipping ------------------------------------------------------------------------------------------

FREE: dict[str, Any] = {"percent": None, "free_shipping": True}


@pytest.mark.parametrize("bound", ["customer", "group", "nobody"])
def test_free_shipping_lives_as_long_as_any_other_coupon(
    shop: ShopifySandbox, adapter: ShopifyAdapter, bound: Any
) -> None:
    soon, late = datetime(2098, 1, 1, tzinfo=UTC), datetime(2099, 6, 30, tzinfo=UTC)
    change = make_coupon(bound=bound, ends_at=soon, **FREE)
    assert pushed(adapter, change, change) == [None, None]
    assert [(each.code, each.mark, each.ends_at) for each in coupons(adapter)] == [(CODE, change.mark, soon)]
    assert pushed(adapter, ExtendCoupon(mark=change.mark, code=CODE, ends_at=late)) == [None]
    assert [each.ends_at for each in coupons(adapter)] == [late]
    assert bought(shop, shipping=True) == (None, 0, 0)
    (used,) = coupons(adapter)
    assert used.used == 1
    assert pushed(adapter, DisableCoupon(mark=change.mark, code=CODE)) == [None]
    assert shop.codes() == frozenset()


def test_free_shipping_and_a_percentage_go_out_in_one_push(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    assert pushed(adapter, make_coupon(**FREE), other()) == [None, None]
    assert bought(shop) == (None, 0, 0)
    assert bought(shop, codes=("SKOTHER2345",), customer_id="1002") == (None, 1000, 500)


def test_free_shipping_in_numbers_goes_as_one_bulk_operation(shop: ShopifySandbox) -> None:
    changes = []
    for number in range(30):
        shop.put(make_customer(str(2001 + number)))
        mark = Mark("come-back", f"c{2001 + number}", 1)
        code = f"SKFREE{number:05d}"
        changes.append(make_coupon(mark=mark, code=code, customer_id=str(2001 + number), **FREE))
    adapter = connected(shop, bulk_above=20)
    assert pushed(adapter, *changes) == [None] * 30
    assert len(shop.codes()) == 30
    assert len(shop.faults.requests("bulkOperationRunMutation")) == 1
    assert bought(shop, codes=("SKFREE00029",), customer_id="2030") == (None, 0, 0)
    adapter.close()


@pytest.mark.parametrize("kind", ["drop", "truncate", "error"])
def test_free_shipping_whose_answer_was_lost_is_made_once(
    shop: ShopifySandbox, adapter: ShopifyAdapter, kind: Any
) -> None:
    shop.faults.plan(kind, contains="DiscountCreateFree")
    assert pushed(adapter, make_coupon(**FREE)) == [None]
    assert shop.codes() == {CODE}


def test_the_order_shows_the_shipping_that_the_code_paid(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    assert pushed(adapter, make_coupon(**FREE)) == [None]
    assert bought(shop) == (None, 0, 0)
    (order,) = records(adapter.orders(None, None))
    assert (order.codes, order.total, order.shipping, order.discounts) == ((CODE,), 10000, 0, 0)
    found = Client(shop).one(
        """query($id: ID!) { order(id: $id) { totalDiscountsSet { shopMoney { amount } } shippingLine {
        originalPriceSet { shopMoney { amount } } discountedPriceSet { shopMoney { amount } } } } }""",
        id=gid(order.id, "Order"),
    )
    assert found["totalDiscountsSet"]["shopMoney"]["amount"] == "5.00"
    assert found["shippingLine"]["originalPriceSet"]["shopMoney"]["amount"] == "5.00"
    assert found["shippingLine"]["discountedPriceSet"]["shopMoney"]["amount"] == "0.00"


def test_free_shipping_for_some_goods_is_refused(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    errors = pushed(
        adapter, make_coupon(products=("3001",), **FREE), make_coupon(categories=("Kaffee",), **FREE)
    )
    assert errors == ["Shopify cannot keep free shipping to some products or collections."] * 2
    assert shop.codes() == frozenset()


# -- products and categories --------------------------------------------------------------------------------


def test_a_category_is_found_however_it_is_written(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    assert pushed(adapter, make_coupon(categories=(" kaffee",))) == [None]
    refused, off, _ = bought(shop, BOOK)
    assert (refused, off) == ("Nothing in the basket takes this discount.", 0)
    assert bought(shop, COFFEE, BOOK) == (None, 1000, 500)


def test_categories_of_a_shop_with_many_collections_are_all_found(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    for number in range(300):
        shop.put(make_product(str(4001 + number), categories=(f"Sorte {number}",)))
    assert pushed(adapter, make_coupon(categories=("Sorte 0", "Sorte 137", "Sorte 299"))) == [None]
    assert len(shop.faults.requests("CollectionPage")) == 2
    assert bought(shop, ("4300", 2000, False), COFFEE) == (None, 200, 500)


def test_collections_are_asked_for_only_where_a_coupon_names_one(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    assert pushed(adapter, make_coupon()) == [None]
    assert shop.faults.requests("CollectionPage") == []


def test_a_category_that_is_no_collection_is_refused_by_name(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    errors = pushed(adapter, make_coupon(categories=("Kaffee", "Tee")), other())
    assert errors == ["Shopify keeps codes to collections only, and none is called Tee.", None]
    assert shop.codes() == {"SKOTHER2345"}


def test_products_and_categories_together_are_refused(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    (error,) = pushed(adapter, make_coupon(products=("3001",), categories=("Bücher",)))
    assert error == "Shopify keeps a code to products or to collections, not to both: name one of them."
    assert shop.codes() == frozenset()


def test_a_product_that_is_gone_is_said_by_the_shop(shop: ShopifySandbox, adapter: ShopifyAdapter) -> None:
    (error,) = pushed(adapter, make_coupon(products=("3001", "3999")))
    assert error == "Shopify refused it: Product with id: 3999 is invalid."
    assert shop.codes() == frozenset()


def test_a_minimum_is_one_of_the_goods_that_the_code_is_for(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    assert pushed(adapter, make_coupon(categories=("Bücher",), minimum=5000)) == [None]
    refused, _, _ = bought(shop, COFFEE, BOOK)
    assert refused == "The basket is below the minimum of this discount."
    assert bought(shop, COFFEE, BOOK, BOOK) == (None, 800, 500)


def test_codes_of_a_group_with_other_goods_stand_on_another_discount(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    first = make_coupon(bound="group", categories=("Kaffee",))
    assert pushed(adapter, first, other(bound="group", categories=("Bücher",)), first) == [None] * 3
    assert len({each.id for each in coupons(adapter)}) == 2
    assert bought(shop, BOOK)[0] == "Nothing in the basket takes this discount."
    assert bought(shop, BOOK, codes=("SKOTHER2345",)) == (None, 400, 500)


# -- who and how many ---------------------------------------------------------------------------------------


def test_a_code_for_a_friend_takes_somebody_who_was_never_here(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    assert pushed(adapter, make_coupon(bound="nobody")) == [None]
    assert bought(shop, customer_id=None, email="new@example.com") == (None, 1000, 500)
    refused, _, _ = bought(shop, customer_id="1002")
    assert refused == "The code has been used up."
    assert [(each.customer_id, each.mark.person) for each in coupons(adapter)] == [(None, "c1001")]


def test_whoever_is_not_logged_in_is_known_by_the_address(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    assert pushed(adapter, make_coupon()) == [None]
    refused, _, _ = bought(shop, customer_id=None, email="c1002@example.com")
    assert refused == "The discount is not for this customer."
    assert bought(shop, customer_id=None, email="C1001@example.com") == (None, 1000, 500)


def test_free_shipping_stands_beside_a_percentage_but_not_beside_another(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    together = {"bound": "nobody", "combinable": True}
    third = make_coupon(mark=Mark("thanks", "c1001", 1), code="SKTHIRD2345", **together, **FREE)
    changes = (make_coupon(**together), other(**together, **FREE), third)
    assert pushed(adapter, *changes) == [None] * 3
    refused, _, _ = bought(shop, codes=("SKOTHER2345", "SKTHIRD2345"))
    assert refused == "An order takes five codes for goods and one for shipping."
    assert bought(shop, codes=(CODE, "SKOTHER2345")) == (None, 1000, 0)


def test_a_code_for_goods_and_one_for_the_order_are_taken_one_after_the_other(
    shop: ShopifySandbox, adapter: ShopifyAdapter
) -> None:
    together = {"bound": "nobody", "combinable": True, "percent": 50}
    changes = make_coupon(categories=("Kaffee",), **together), other(**together)
    assert pushed(adapter, *changes) == [None, None]
    assert bought(shop, COFFEE, BOOK, codes=(CODE, "SKOTHER2345")) == (None, 9500, 500)
