"""Tags, metafields and discounts of the Shopify sandbox, over HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.shopify.sandbox import ShopifySandbox
from tests.shopify_client import (
    CREATE,
    METAFIELDS,
    TAGS_ADD,
    TAGS_REMOVE,
    Answer,
    Client,
    Clock,
    customer,
    gid,
)


class TestTags:
    @pytest.fixture(autouse=True)
    def somebody(self, shop: ShopifySandbox) -> None:
        shop.put(customer(tags=("VIP", "Newsletter 2024")))

    def test_adding_leaves_the_others_alone_and_moves_updated_at(self, client: Client) -> None:
        added = client.one(TAGS_ADD, id=gid(1001), tags=["sk:stammkunde"])
        assert added["node"]["tags"] == ["VIP", "Newsletter 2024", "sk:stammkunde"]
        assert added["node"]["updatedAt"] == "2026-11-20T10:00:00Z"

    def test_case_does_not_matter(self, client: Client) -> None:
        added = client.one(TAGS_ADD, id=gid(1001), tags=["vip"])
        assert added["node"] == {
            "id": gid(1001), "tags": ["VIP", "Newsletter 2024"], "updatedAt": "2026-11-01T12:00:00Z"
        }  # fmt: skip
        removed = client.one(TAGS_REMOVE, id=gid(1001), tags=["newsletter 2024", "never there"])
        assert removed["node"]["tags"] == ["VIP"]

    def test_a_comma_separates_tags(self, client: Client) -> None:
        assert client.one(TAGS_ADD, id=gid(1001), tags=["a, b"])["node"]["tags"][2:] == ["a", "b"]

    def test_limits(self, shop: ShopifySandbox, client: Client) -> None:
        longest = client.one(TAGS_ADD, id=gid(1001), tags=["x" * 256])
        assert longest["userErrors"][0]["message"] == "Tag is too long (maximum is 255 characters)"
        most = client.one(TAGS_ADD, id=gid(1001), tags=[f"t{n}" for n in range(249)])
        assert most["userErrors"][0]["field"] == ["tags"]
        assert shop.tags_of("1001") == {"VIP", "Newsletter 2024"}

    def test_an_unknown_customer_is_a_user_error(self, client: Client) -> None:
        assert client.one(TAGS_ADD, id=gid(9), tags=["a"]) == {
            "node": None,
            "userErrors": [{"field": ["id"], "message": "Customer does not exist"}],
        }

    def test_aliases_run_one_after_the_other(self, client: Client) -> None:
        text = """mutation($id: ID!) { first: tagsAdd(id: $id, tags: ["a"]) { userErrors { message } }
          second: tagsRemove(id: $id, tags: ["A"]) { node { ... on Customer { tags } } } }"""
        assert client.data(text, id=gid(1001))["second"]["node"]["tags"] == ["VIP", "Newsletter 2024"]


class TestMetafields:
    @pytest.fixture(autouse=True)
    def somebody(self, shop: ShopifySandbox) -> None:
        shop.put(customer())

    def metafield(self, key: str, value: str, owner: int = 1001) -> Answer:
        return {"ownerId": gid(owner), "namespace": "stammkunde", "key": key, "value": value}

    def test_set_read_and_delete(self, shop: ShopifySandbox, client: Client) -> None:
        client.data(METAFIELDS, m=[self.metafield("code", "SK-1"), self.metafield("code", "SK-2")])
        assert shop.attribute("1001", "code") == "SK-2"
        text = """query($id: ID!) { customer(id: $id) {
          metafield(namespace: "stammkunde", key: "code") { value type } } }"""
        found = client.one(text, id=gid(1001))["metafield"]
        assert found == {"value": "SK-2", "type": "single_line_text_field"}
        delete = """mutation($m: [MetafieldIdentifierInput!]!) { metafieldsDelete(metafields: $m) {
          deletedMetafields { key } userErrors { message } } }"""
        wish = {"ownerId": gid(1001), "namespace": "stammkunde", "key": "code"}
        assert client.one(delete, m=[wish])["deletedMetafields"] == [{"key": "code"}]
        assert client.one(delete, m=[wish])["deletedMetafields"] == [None]
        assert shop.attribute("1001", "code") is None

    def test_all_or_nothing(self, shop: ShopifySandbox, client: Client) -> None:
        answer = client.one(
            METAFIELDS, m=[self.metafield("code", "SK-1"), self.metafield("code", "SK-2", owner=9)]
        )
        assert (answer["metafields"], answer["userErrors"][0]["elementIndex"]) == ([], 1)
        assert shop.attribute("1001", "code") is None

    def test_at_most_25(self, client: Client) -> None:
        answer = client.one(METAFIELDS, m=[self.metafield(f"k{n}", "v") for n in range(26)])
        assert answer["userErrors"][0]["code"] == "LESS_THAN_OR_EQUAL_TO"


def discount(**changes: Any) -> Answer:
    return {
        "title": "Willkommen zurück [sk:come-back:c1001:1]",
        "code": "SK-ABCDEF",
        "startsAt": "2026-11-20T00:00:00Z",
        "endsAt": "2026-12-20T00:00:00Z",
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"customers": {"add": [gid(1001)]}},
        "customerGets": {"value": {"percentage": 0.1}, "items": {"all": True}},
        "minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "30.00"}},
        **changes,
    }


class TestDiscounts:
    @pytest.fixture(autouse=True)
    def somebody(self, shop: ShopifySandbox) -> None:
        shop.put(customer(1001))
        shop.put(customer(1002))

    def create(self, client: Client, **changes: Any) -> str:
        created = client.one(CREATE, d=discount(**changes))
        assert created["userErrors"] == []
        found: str = created["codeDiscountNode"]["id"]
        return found

    def test_is_found_by_its_code_in_any_case(self, client: Client) -> None:
        self.create(client)
        text = """query($c: String!) { codeDiscountNodeByCode(code: $c) { codeDiscount {
          ... on DiscountCodeBasic { title status startsAt endsAt usageLimit
          appliesOncePerCustomer asyncUsageCount codesCount { count }
          context { ... on DiscountCustomers { customers { id } } }
          customerGets { value { ... on DiscountPercentage { percentage } } }
          minimumRequirement { ... on DiscountMinimumSubtotal { greaterThanOrEqualToSubtotal { amount } } }
          combinesWith { orderDiscounts } codes(first: 2) { nodes { code } } } } } }"""
        assert client.one(text, c="sk-abcdef")["codeDiscount"] == {
            "title": "Willkommen zurück [sk:come-back:c1001:1]",
            "status": "ACTIVE",
            "startsAt": "2026-11-20T00:00:00Z",
            "endsAt": "2026-12-20T00:00:00Z",
            "usageLimit": 1,
            "appliesOncePerCustomer": True,
            "asyncUsageCount": 0,
            "codesCount": {"count": 1},
            "context": {"customers": [{"id": gid(1001)}]},
            "customerGets": {"value": {"percentage": 0.1}},
            "minimumRequirement": {"greaterThanOrEqualToSubtotal": {"amount": "30.00"}},
            "combinesWith": {"orderDiscounts": False},
            "codes": {"nodes": [{"code": "SK-ABCDEF"}]},
        }
        assert client.one(text, c="other") is None

    def test_a_code_exists_once_in_a_shop(self, client: Client, shop: ShopifySandbox) -> None:
        shop.add_foreign_code("SK-abcdef")
        (error,) = client.one(CREATE, d=discount())["userErrors"]
        assert (error["code"], error["field"]) == ("TAKEN", ["basicCodeDiscount", "code"])

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"title": ""}, "BLANK"),
            ({"code": "x" * 256}, "TOO_LONG"),
            ({"endsAt": "2026-11-19T00:00:00Z"}, "END_DATE_BEFORE_START_DATE"),
            (
                {"customerGets": {"value": {"percentage": 10.0}, "items": {"all": True}}},
                "VALUE_OUTSIDE_RANGE",
            ),
            ({"usageLimit": 0}, "VALUE_OUTSIDE_RANGE"),
        ],
    )
    def test_refuses_nonsense(self, client: Client, changes: Answer, code: str) -> None:
        answer = client.one(CREATE, d=discount(**changes))
        assert (answer["codeDiscountNode"], answer["userErrors"][0]["code"]) == (None, code)

    def test_a_code_for_one_customer_is_redeemed_by_that_customer_once(
        self, client: Client, shop: ShopifySandbox
    ) -> None:
        self.create(client)
        assert shop.redeem("SK-ABCDEF", "1002") == "The discount is not for this customer."
        assert shop.redeem("sk-abcdef", "1001") is None
        assert shop.redeem("SK-ABCDEF", "1001") == "The code has been used up."
        text = "{ orders(first: 5) { nodes { discountCodes totalPriceSet { shopMoney { amount } } } } }"
        assert client.one(text)["nodes"] == [
            {"discountCodes": ["SK-ABCDEF"], "totalPriceSet": {"shopMoney": {"amount": "90.00"}}}
        ]

    def test_dates_count(self, client: Client, shop: ShopifySandbox, clock: Clock) -> None:
        identity = self.create(client, startsAt="2026-11-25T00:00:00Z")
        assert shop.redeem("SK-ABCDEF", "1001") == "The discount has not started yet."
        clock.now = datetime(2026, 12, 20, tzinfo=UTC)
        assert shop.redeem("SK-ABCDEF", "1001") == "The discount has expired."
        assert shop.codes() == frozenset()
        update = """mutation($id: ID!, $d: DiscountCodeBasicInput!) {
          discountCodeBasicUpdate(id: $id, basicCodeDiscount: $d) { userErrors { code } } }"""
        assert client.one(update, id=identity, d={"endsAt": "2027-01-31T00:00:00Z"})["userErrors"] == []
        assert shop.codes() == {"SK-ABCDEF"}
        assert shop.redeem("SK-ABCDEF", "1001") is None

    def test_the_minimum_counts(self, client: Client, shop: ShopifySandbox) -> None:
        self.create(client, minimumRequirement={"subtotal": {"greaterThanOrEqualToSubtotal": 100.01}})
        assert shop.redeem("SK-ABCDEF", "1001") == "The basket is below the minimum of this discount."

    def test_once_per_customer_holds_for_all_codes_of_a_discount(
        self, client: Client, shop: ShopifySandbox
    ) -> None:
        identity = self.create(client, context={"all": "ALL"}, usageLimit=None)
        add_codes(client, identity, ["SECOND"])
        assert shop.redeem("SK-ABCDEF", "1001") is None
        assert shop.redeem("SECOND", "1001") == "The customer has used this discount before."
        assert shop.redeem("SECOND", "1002") is None

    def test_segments(self, client: Client, shop: ShopifySandbox) -> None:
        shop.shop.segments[7] = frozenset({1002})
        self.create(client, context={"customerSegments": {"add": [gid(7, "Segment")]}})
        assert shop.redeem("SK-ABCDEF", "1001") == "The discount is not for this customer."
        assert shop.redeem("SK-ABCDEF", "1002") is None

    def test_a_fixed_amount(self, client: Client, shop: ShopifySandbox) -> None:
        value = {"discountAmount": {"amount": "5.00", "appliesOnEachItem": False}}
        self.create(client, customerGets={"value": value, "items": {"all": True}})
        assert shop.redeem("SK-ABCDEF", "1001") is None
        assert client.one(
            "{ orders(first: 1) { nodes { totalDiscountsSet { shopMoney { amount } } } } }"
        ) == {"nodes": [{"totalDiscountsSet": {"shopMoney": {"amount": "5.00"}}}]}

    def test_deactivating_ends_it_now_and_activating_reopens_it(
        self, client: Client, shop: ShopifySandbox
    ) -> None:
        identity = self.create(client)
        text = """mutation($id: ID!) { discountCodeDeactivate(id: $id) { userErrors { code }
          codeDiscountNode { codeDiscount { ... on DiscountCodeBasic { status endsAt } } } } }"""
        off = client.one(text, id=identity)["codeDiscountNode"]["codeDiscount"]
        assert off == {"status": "EXPIRED", "endsAt": "2026-11-20T10:00:00Z"}
        assert shop.codes() == frozenset()
        on = client.one(text.replace("Deactivate", "Activate"), id=identity)["codeDiscountNode"][
            "codeDiscount"
        ]
        assert on == {"status": "ACTIVE", "endsAt": None}
        assert client.one(text, id=gid(9, "DiscountCodeNode"))["userErrors"] == [{"code": "INVALID"}]

    def test_codes_are_added_in_the_background(self, client: Client, shop: ShopifySandbox) -> None:
        identity = self.create(client, context={"all": "ALL"})
        creation = add_codes(client, identity, ["A1", "sk-abcdef", "A2"])
        first, second = client.one(CREATION, id=creation), client.one(CREATION, id=creation)
        assert (first["done"], first["importedCount"]) == (False, 0)
        assert (second["done"], second["importedCount"], second["failedCount"]) == (True, 2, 1)
        errors = [
            (node["code"], [error["code"] for error in node["errors"]]) for node in second["codes"]["nodes"]
        ]
        assert errors == [("A1", []), ("sk-abcdef", ["TAKEN"]), ("A2", [])]
        assert shop.codes() == {"SK-ABCDEF", "A1", "A2"}

    def test_codes_of_a_discount_are_limited_each_on_its_own(
        self, client: Client, shop: ShopifySandbox
    ) -> None:
        identity = self.create(client, context={"all": "ALL"}, appliesOncePerCustomer=False)
        add_codes(client, identity, ["A1"])
        assert shop.redeem("SK-ABCDEF", "1001") is None
        assert shop.redeem("A1", "1001") is None
        assert shop.redeem("A1", "1002") == "The code has been used up."

    def test_codes_are_deleted_by_id(self, client: Client, shop: ShopifySandbox) -> None:
        identity = self.create(client)
        by_code = """query($c: String!) { codeDiscountNodeByCode(code: $c) { codeDiscount {
          ... on DiscountCodeBasic { codes(first: 1) { nodes { id } } } } } }"""
        (code,) = client.one(by_code, c="SK-ABCDEF")["codeDiscount"]["codes"]["nodes"]
        text = """mutation($d: ID!, $ids: [ID!]) {
          discountCodeRedeemCodeBulkDelete(discountId: $d, ids: $ids) {
            job { done } userErrors { code } } }"""
        assert client.one(text, d=identity, ids=[code["id"]]) == {"job": {"done": True}, "userErrors": []}
        assert shop.codes() == frozenset()

    @pytest.mark.parametrize(
        ("query", "titles"),
        [
            ("title:sk*", ["sk:come-back:c1:1"]),
            ("title:'come-back'", ["sk:come-back:c1:1"]),
            ("code:SOMMER", ["Aktion SOMMER"]),
            ("status:active", ["Aktion SOMMER"]),
            ("status:scheduled", ["sk:come-back:c1:1"]),
            ("updated_at:>='2026-11-20T10:00:00Z'", ["Aktion SOMMER", "sk:come-back:c1:1"]),
            ("updated_at:>'2026-11-20T10:00:00Z'", []),
        ],
    )
    def test_searching(self, client: Client, shop: ShopifySandbox, query: str, titles: Sequence[str]) -> None:
        shop.add_foreign_code("SOMMER")
        self.create(client, title="sk:come-back:c1:1", startsAt="2026-12-01T00:00:00Z")
        text = """query($q: String) { discountNodes(first: 9, query: $q, sortKey: TITLE) { nodes {
          discount { ... on DiscountCodeBasic { title } } } } }"""
        assert [node["discount"]["title"] for node in client.one(text, q=query)["nodes"]] == titles


CREATION = """query($id: ID!) { discountRedeemCodeBulkCreation(id: $id) { done importedCount failedCount
  codes(first: 250) { nodes { code errors { code } } } } }"""


def add_codes(client: Client, identity: str, codes: Sequence[str]) -> str:
    text = """mutation($d: ID!, $codes: [DiscountRedeemCodeInput!]!) {
      discountRedeemCodeBulkAdd(discountId: $d, codes: $codes) { bulkCreation { id } } }"""
    answer = client.one(text, d=identity, codes=[{"code": code} for code in codes])
    found: str = answer["bulkCreation"]["id"]
    return found
