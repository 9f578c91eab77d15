"""The contract of coupons."""
# ruff: noqa: S101  (a contract is made of asserts)

from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest

from connector.adapter import Adapter
from connector.model import (
    CouponTerm,
    CreateCoupon,
    DisableCoupon,
    ExtendCoupon,
    Feature,
    Mark,
)
from connector.testing.basis import Connect, Contract, Features, bound, errors
from connector.testing.records import (
    LATER,
    make_coupon,
    make_customer,
    make_order,
    make_product,
    records,
)
from connector.testing.shop import Basket, Goods, Receipt, ShopUnderTest, Till

COFFEE, BOOK = Goods(product_id="3001", total=10000), Goods(product_id="3002", total=4000)


def buy(till: Till, basket: Basket) -> Receipt:
    goods = [(each.product_id, each.total, each.reduced) for each in basket.goods]
    refused, off, shipping = till.check_out(basket.codes, basket.customer_id, basket.email, goods)
    return Receipt(refused=refused, off=off, shipping=shipping)


def replaced(change: CreateCoupon, **values: Any) -> CreateCoupon:
    return msgspec.structs.replace(change, **values)


class CouponContract(Contract):
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
        return make_coupon(bound=bound(features))

    # Creating.

    def test_a_created_coupon_can_be_redeemed_once(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        assert errors(adapter, change) == [None]
        assert couponed.codes() == {"SKTEST23456"}
        assert couponed.redeem("SKTEST23456", "1001") is None
        assert couponed.redeem("SKTEST23456", "1001")

    def test_a_coupon_created_twice_is_one(
        self, couponed: ShopUnderTest, connect: Connect, change: CreateCoupon
    ) -> None:
        assert errors(connect(), change, change) == [None, None]
        assert errors(connect(), change) == [None]
        assert couponed.codes() == {"SKTEST23456"}
        assert len(records(connect().coupons(None, None))) == 1
        assert couponed.redeem("SKTEST23456", "1001") is None
        assert couponed.redeem("SKTEST23456", "1001")

    def test_an_amount_is_as_good_as_a_percentage(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        change = msgspec.structs.replace(change, percent=None, amount=500)
        assert errors(adapter, change) == [None]
        assert couponed.redeem("SKTEST23456", "1001") is None

    def test_a_coupon_for_a_customer_is_for_nobody_else(
        self, couponed: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPON_FOR_CUSTOMER)
        assert errors(adapter, make_coupon(bound="customer")) == [None]
        assert couponed.redeem("SKTEST23456", "1002")
        assert couponed.redeem("SKTEST23456", "1001") is None

    def test_a_coupon_for_an_unknown_customer_is_refused(
        self, couponed: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPON_FOR_CUSTOMER)
        assert all(errors(adapter, make_coupon(bound="customer", customer_id="987654321")))
        assert couponed.codes() == frozenset()

    def test_coupons_of_a_group_are_each_redeemed_once_by_anybody(
        self, couponed: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPON_FOR_GROUP)
        first = make_coupon(bound="group")
        second = make_coupon(
            bound="group", mark=Mark("come-back", "c1002", 1), code="SKOTHER2345", customer_id="1002"
        )
        assert errors(adapter, first, second, first, second) == [None] * 4
        assert couponed.codes() == {"SKTEST23456", "SKOTHER2345"}
        assert couponed.redeem("SKTEST23456", "1002") is None
        assert couponed.redeem("SKTEST23456", "1001")
        assert couponed.redeem("SKOTHER2345", "1001") is None
        assert {coupon.mark for coupon in records(adapter.coupons(None, None))} == {first.mark, second.mark}

    def test_a_code_for_a_friend_is_redeemed_once_by_anybody(
        self, couponed: ShopUnderTest, adapter: Adapter
    ) -> None:
        change = make_coupon(bound="nobody", customer_id="1001")
        assert errors(adapter, change, change) == [None, None]
        assert couponed.redeem("SKTEST23456", "1002") is None
        assert couponed.redeem("SKTEST23456", "1001")
        assert [coupon.mark for coupon in records(adapter.coupons(None, None))] == [change.mark]

    @pytest.mark.parametrize(("minimum", "accepted"), [(10000, True), (10001, False)])
    def test_a_coupon_asks_for_its_smallest_basket(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        minimum: int,
        accepted: bool,
    ) -> None:
        assert errors(adapter, msgspec.structs.replace(change, minimum=minimum)) == [None]
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
        assert errors(adapter, later) == [None]
        assert couponed.redeem("SKTEST23456", "1001")

    # Terms that not every shop keeps. What is declared in `ShopInfo.coupon_terms` is tried here.

    @pytest.fixture
    def terms(self, couponed: ShopUnderTest, connect: Connect) -> frozenset[CouponTerm]:
        """What the shop says it keeps; there are coffee for 100.00 and a book for 40.00."""
        couponed.put(make_product("3001", categories=("Kaffee",)))
        couponed.put(make_product("3002", title="Barista", tags=("buch",), categories=("Bücher",)))
        return connect().check().coupon_terms

    def till(self, shop: ShopUnderTest, terms: frozenset[CouponTerm], term: CouponTerm) -> Till:
        """The checkout of a shop that keeps a term; else the test is skipped."""
        if term not in terms:
            pytest.skip(f"{self.adapter_class.title} does not declare {term}.")
        return cast("Till", shop)

    def test_free_shipping_costs_no_shipping_and_takes_nothing_off(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.FREE_SHIPPING)
        assert errors(adapter, replaced(change, percent=None, free_shipping=True, minimum=5000)) == [None]
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(BOOK,))).refused
        assert buy(till, Basket(codes=("SKTEST23456",))) == Receipt(off=0, shipping=0)
        assert buy(till, Basket(codes=("SKTEST23456",))).refused

    def test_a_coupon_for_products_takes_off_nothing_else(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.PRODUCTS)
        assert errors(adapter, replaced(change, products=("3002",))) == [None]
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(COFFEE,))).refused
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(COFFEE, BOOK))) == Receipt(off=400)

    def test_a_coupon_for_categories_takes_off_nothing_else(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.CATEGORIES)
        assert errors(adapter, replaced(change, categories=("Kaffee",))) == [None]
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(BOOK,))).refused
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(COFFEE, BOOK))) == Receipt(off=1000)

    def test_products_and_categories_together_are_what_is_both(
        self, couponed: ShopUnderTest, connect: Connect, change: CreateCoupon, terms: frozenset[CouponTerm]
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.PRODUCTS)
        self.till(couponed, terms, CouponTerm.CATEGORIES)
        couponed.put(make_product("3003", title="Filter", categories=("Kaffee",)))
        conflicts = {frozenset(pair) for pair in connect().check().coupon_conflicts}
        (error,) = errors(connect(), replaced(change, products=("3001", "3002"), categories=("Kaffee",)))
        if frozenset({"products", "categories"}) in conflicts:
            assert error, "What cannot stand in one coupon is refused."
            assert couponed.codes() == frozenset()
            return
        assert error is None
        filters = Goods(product_id="3003", total=2000)
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(BOOK, filters))).refused
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(COFFEE, BOOK, filters))) == Receipt(off=1000)

    def test_price_bound_goods_are_left_out(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.EXCLUDE_CATEGORIES)
        assert errors(adapter, replaced(change, exclude_categories=("Bücher",))) == [None]
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(BOOK,))).refused
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(COFFEE, BOOK))) == Receipt(off=1000)

    def test_reduced_goods_are_left_out(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.EXCLUDE_SALE_ITEMS)
        assert errors(adapter, replaced(change, sale_items=False)) == [None]
        reduced = Goods(product_id="3002", total=4000, reduced=True)
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(reduced,))).refused
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(COFFEE, reduced))) == Receipt(off=1000)

    def test_reduced_goods_count_where_the_coupon_says_so(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.EXCLUDE_SALE_ITEMS)
        assert errors(adapter, replaced(change, sale_items=True)) == [None]
        reduced = Goods(product_id="3002", total=4000, reduced=True)
        assert buy(till, Basket(codes=("SKTEST23456",), goods=(reduced,))) == Receipt(off=400)

    def test_a_coupon_that_works_alone_refuses_another_beside_it(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.NOT_COMBINABLE)
        second = replaced(change, mark=Mark("thanks", "c1001", 1), code="SKOTHER2345", combinable=True)
        assert errors(adapter, change, second) == [None, None]
        assert buy(till, Basket(codes=("SKTEST23456", "SKOTHER2345"))).refused
        assert buy(till, Basket(codes=("SKTEST23456",))) == Receipt(off=1000)

    def test_coupons_that_may_stand_together_do(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.COMBINABLE)
        first = replaced(change, combinable=True)
        second = replaced(first, mark=Mark("thanks", "c1001", 1), code="SKOTHER2345")
        assert errors(adapter, first, second) == [None, None]
        receipt = buy(till, Basket(codes=("SKTEST23456", "SKOTHER2345")))
        assert receipt.refused is None
        assert 1900 <= receipt.off <= 2000  # ten per cent twice, of the whole or of the rest

    def test_a_code_for_new_customers_refuses_whoever_ordered_before(
        self, couponed: ShopUnderTest, adapter: Adapter, terms: frozenset[CouponTerm]
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.NEW_CUSTOMERS)
        couponed.put(make_order("2001", customer_id="1001"))
        change = make_coupon(bound="nobody", new_customers_only=True)
        assert errors(adapter, change) == [None]
        assert buy(till, Basket(codes=("SKTEST23456",), customer_id="1001")).refused
        assert buy(till, Basket(codes=("SKTEST23456",), customer_id="1002")) == Receipt(off=1000)

    def test_a_title_may_have_whatever_the_shop_does_not_refuse(
        self, couponed: ShopUnderTest, connect: Connect, change: CreateCoupon
    ) -> None:
        refused = connect().check().title_refuses
        title = "".join(
            each
            for each in "10 % für «Sie» & <dich>, \"Süße\"! 5€ = 1/2 [x] #1 'a' `b` \\ ~|^{}"
            if each not in refused
        )
        assert errors(connect(), replaced(change, title=title)) == [None]
        assert couponed.codes() == {"SKTEST23456"}
        (coupon,) = records(connect().coupons(None, None))
        assert coupon.mark == change.mark

    def test_titles_are_shown_in_the_language_of_the_customer(
        self,
        couponed: ShopUnderTest,
        adapter: Adapter,
        change: CreateCoupon,
        terms: frozenset[CouponTerm],
    ) -> None:
        till = self.till(couponed, terms, CouponTerm.TITLES)
        titles = {"de": "Schön, dich zu sehen", "en": "Good to see you"}
        assert errors(adapter, replaced(change, titles=titles)) == [None]
        assert till.title_of("SKTEST23456", "de") == "Schön, dich zu sehen"
        assert till.title_of("SKTEST23456", "en") == "Good to see you"
        assert till.title_of("SKTEST23456", "fr").startswith("10 % für Sie")

    def test_a_coupon_for_an_address_is_for_no_other(
        self, couponed: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPON_FOR_EMAIL)
        assert errors(adapter, make_coupon(bound="email", email="c1001@example.com")) == [None]
        till = cast("Till", couponed)
        other = Basket(codes=("SKTEST23456",), customer_id=None, email="somebody@example.com")
        assert buy(till, other).refused
        guest = Basket(codes=("SKTEST23456",), customer_id=None, email="C1001@example.com")
        assert buy(till, guest) == Receipt(off=1000)

    # Reading.

    def test_coupons_come_back_with_their_mark(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon, features: Features
    ) -> None:
        couponed.add_foreign_code("SOMMER")
        assert errors(adapter, change) == [None]
        (coupon,) = records(adapter.coupons(None, None))
        assert (coupon.mark, coupon.code) == (Mark("come-back", "c1001", 1), "SKTEST23456")
        assert coupon.ends_at == datetime(2099, 12, 31, tzinfo=UTC)
        assert coupon.active
        assert coupon.customer_id == ("1001" if Feature.COUPON_FOR_CUSTOMER in features else None)

    def test_a_new_coupon_is_among_the_changed_ones(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon
    ) -> None:
        assert errors(adapter, change) == [None]
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
            assert errors(connect(), msgspec.structs.replace(change, mark=mark, code=code)) == [None]
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
        assert all(errors(adapter, change))
        assert records(adapter.coupons(None, None)) == []
        assert couponed.redeem("SKTEST23456", "1002") is None

    def test_a_code_with_another_mark_is_never_reused(self, adapter: Adapter, change: CreateCoupon) -> None:
        other = msgspec.structs.replace(change, mark=Mark("come-back", "c1002", 1), customer_id="1002")
        first, second = errors(adapter, change, other)
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
        assert all(errors(adapter, disable, extend))
        assert couponed.codes() == {"SOMMER"}
        assert couponed.redeem("SOMMER", "1002") is None

    # Ending.

    @pytest.mark.parametrize("by_id", [False, True])
    def test_a_disabled_coupon_is_worth_nothing(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon, by_id: bool
    ) -> None:
        couponed.add_foreign_code("SOMMER")
        assert errors(adapter, change) == [None]
        (coupon,) = records(adapter.coupons(None, None))
        disable = DisableCoupon(mark=change.mark, code=change.code, coupon_id=coupon.id if by_id else None)
        assert errors(adapter, disable, disable) == [None, None]
        assert couponed.redeem("SKTEST23456", "1001")
        assert couponed.codes() == {"SOMMER"}
        assert [found for found in records(adapter.coupons(None, None)) if found.active] == []

    @pytest.mark.parametrize("by_id", [False, True])
    def test_an_extended_coupon_lives_longer(
        self, couponed: ShopUnderTest, adapter: Adapter, change: CreateCoupon, by_id: bool
    ) -> None:
        soon, late = datetime(2090, 1, 1, tzinfo=UTC), datetime(2098, 6, 30, tzinfo=UTC)
        assert errors(adapter, msgspec.structs.replace(change, ends_at=soon)) == [None]
        (coupon,) = records(adapter.coupons(None, None))
        extend = ExtendCoupon(
            mark=change.mark, code=change.code, coupon_id=coupon.id if by_id else None, ends_at=late
        )
        assert errors(adapter, extend, extend) == [None, None]
        (found,) = records(adapter.coupons(None, None))
        assert found.ends_at == late
        assert couponed.redeem("SKTEST23456", "1001") is None
