"""The contract of pushing: tags, attributes, results, and webhooks."""
# ruff: noqa: S101  (a contract is made of asserts)

from itertools import islice
from typing import cast

import pytest

from connector.adapter import Adapter
from connector.errors import AuthError
from connector.model import (
    Change,
    Customer,
    DisableCoupon,
    Feature,
    Kind,
    MoveGroup,
    Result,
    SetAttribute,
    UpdateTags,
)
from connector.testing.basis import Connect, Contract, Delivery, Features, bound, errors, no_io
from connector.testing.records import (
    LATER,
    make_coupon,
    make_customer,
    make_product,
    records,
)
from connector.testing.shop import ShopUnderTest


class TagContract(Contract):
    """Our tags change; the owner's stay."""

    @pytest.fixture
    def tagged(self, shop: ShopUnderTest, features: Features) -> ShopUnderTest:
        """A shop with a customer whose tags are the owner's, and one who has a tag like ours."""
        self.needs(features, Feature.TAGS)
        shop.put(make_customer("1001", tags=("B2B", "stammtisch")))
        shop.put(make_customer("1002", tags=("SK:Stammkunde",)))
        return shop

    def test_a_tag_is_added_beside_the_others(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        assert errors(adapter, UpdateTags(customer_id="1001", add=("sk:stammkunde",))) == [None]
        assert tagged.tags_of("1001") == {"B2B", "stammtisch", "sk:stammkunde"}

    def test_a_tag_is_removed_and_the_others_stay(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        tagged.set_tags("1001", ["B2B", "sk:a", "sk:b", "stammtisch"])
        change = UpdateTags(customer_id="1001", add=("sk:c",), remove=("sk:a",))
        assert errors(adapter, change) == [None]
        assert tagged.tags_of("1001") == {"B2B", "stammtisch", "sk:b", "sk:c"}

    def test_tags_that_the_owner_sets_meanwhile_stay(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        records(adapter.customers(None, None))
        tagged.set_tags("1001", ["Presse"])
        assert errors(adapter, UpdateTags(customer_id="1001", add=("sk:stammkunde",))) == [None]
        assert tagged.tags_of("1001") == {"Presse", "sk:stammkunde"}

    def test_a_change_of_tags_twice_is_once(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        tagged.set_tags("1001", ["B2B", "sk:a"])
        change = UpdateTags(customer_id="1001", add=("sk:b",), remove=("sk:a",))
        assert errors(adapter, change, change) == [None, None]
        assert tagged.tags_of("1001") == {"B2B", "sk:b"}

    def test_a_tag_in_other_capitals_is_the_same_tag(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        assert errors(adapter, UpdateTags(customer_id="1002", add=("sk:stammkunde",))) == [None]
        assert {tag.casefold() for tag in tagged.tags_of("1002")} == {"sk:stammkunde"}
        assert len(tagged.tags_of("1002")) == 1
        assert errors(adapter, UpdateTags(customer_id="1002", remove=("sk:stammkunde",))) == [None]
        assert tagged.tags_of("1002") == frozenset()

    def test_changes_of_one_customer_keep_their_order(self, tagged: ShopUnderTest, adapter: Adapter) -> None:
        add = UpdateTags(customer_id="1001", add=("sk:a",))
        remove = UpdateTags(customer_id="1001", remove=("sk:a",))
        assert errors(adapter, add, remove, add, remove) == [None] * 4
        assert tagged.tags_of("1001") == {"B2B", "stammtisch"}
        assert errors(adapter, remove, add) == [None, None]
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


class PushContract(Contract):
    """One result per change, in order, and nothing twice."""

    def test_an_unknown_customer_is_refused_and_the_rest_is_done(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.TAGS)
        shop.put(make_customer("1001"))
        shop.put(make_customer("1002"))
        customers = ("1001", "987654321", "1002")
        changes = [UpdateTags(customer_id=customer, add=("sk:a",)) for customer in customers]
        first, unknown, last = errors(adapter, *changes)
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
        assert errors(connect(), *changes) == [None] * len(changes)
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
        assert all(errors(adapter, wrong))
        assert self._group_of(adapter, "1001") in ("Stammkunden", None)
        right = MoveGroup(customer_id="1001", from_="Stammkunden", to="Händler")
        first, again = errors(adapter, right, right)
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
            changes += [make_coupon(bound=bound(features))]
        if Feature.ATTRIBUTES in features:
            changes += [SetAttribute(customer_id="1002", name=self.attribute_name, value="SKTEST23456")]
        if Feature.TAGS in features:
            changes += [UpdateTags(customer_id="1002", add=("sk:b",))]
        return changes


class AttributeContract(Contract):
    """Values that a customer carries."""

    def test_an_attribute_is_written_replaced_and_removed(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.ATTRIBUTES)
        shop.put(make_customer("1001"))
        for value in ("first", "second", "second", None, None):
            change = SetAttribute(customer_id="1001", name=self.attribute_name, value=value)
            assert errors(adapter, change) == [None]
            assert shop.attribute("1001", self.attribute_name) == value

    def test_an_attribute_of_an_unknown_customer_is_refused(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.ATTRIBUTES)
        shop.put(make_customer("1001"))
        unknown = SetAttribute(customer_id="987654321", name=self.attribute_name, value="x")
        assert all(errors(adapter, unknown))

    def test_a_coupon_is_delivered_in_an_attribute(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features
    ) -> None:
        self.needs(features, Feature.COUPONS, Feature.ATTRIBUTES)
        shop.put(make_customer("1001"))
        change = make_coupon(bound=bound(features), attribute=self.attribute_name)
        assert errors(adapter, change, change) == [None, None]
        assert shop.attribute("1001", self.attribute_name) == "SKTEST23456"

    @pytest.mark.parametrize(("held", "left"), [("SKTEST23456", None), ("SKNEWER2345", "SKNEWER2345")])
    def test_an_attribute_is_cleared_if_it_still_holds_the_disabled_code(
        self, shop: ShopUnderTest, adapter: Adapter, features: Features, held: str, left: str | None
    ) -> None:
        self.needs(features, Feature.COUPONS, Feature.ATTRIBUTES)
        shop.put(make_customer("1001"))
        create = make_coupon(bound=bound(features), attribute=self.attribute_name)
        meanwhile = SetAttribute(customer_id="1001", name=self.attribute_name, value=held)
        disable = DisableCoupon(
            mark=create.mark, code=create.code, customer_id="1001", attribute=self.attribute_name
        )
        assert errors(adapter, create, meanwhile, disable) == [None] * 3
        assert shop.attribute("1001", self.attribute_name) == left


class EventContract(Contract):
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
        with no_io():
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
