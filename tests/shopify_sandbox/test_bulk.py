"""Bulk operations of the Shopify sandbox, over HTTP."""

import json
from datetime import timedelta
from time import sleep

import pytest
import requests

from adapters.shopify.sandbox import ShopifySandbox
from connector.model import LineItem, Refund
from tests.shopify_client import (
    NOW,
    POLL,
    RUN_QUERY,
    START,
    TAGS_ADD,
    Answer,
    Client,
    customer,
    gid,
    order,
    product,
)

BULK_ORDERS = "{ orders { edges { node { id name lineItems { edges { node { id quantity } } } } } } }"


class TestBulkQueries:
    def fill(self, shop: ShopifySandbox, orders: int = 4) -> None:
        for number in range(1, orders + 1):
            lines = tuple(LineItem(product_id=None, quantity=n, remaining=n, total=100) for n in (1, 2, 3))
            shop.put(order(number, lines=lines))

    def test_writes_a_line_for_each_object(self, shop: ShopifySandbox, client: Client) -> None:
        self.fill(shop, orders=1)
        operation = client.bulk_query(BULK_ORDERS, group=True)
        assert operation["status"] == "COMPLETED"
        assert (operation["objectCount"], operation["rootObjectCount"]) == ("4", "1")
        assert operation["query"] == BULK_ORDERS
        assert client.lines(operation["url"])[:2] == [
            {"id": "gid://shopify/Order/1", "name": "#1"},
            {"id": "gid://shopify/LineItem/1000", "quantity": 1, "__parentId": "gid://shopify/Order/1"},
        ]

    def test_children_come_before_and_far_behind_their_parents(
        self, shop: ShopifySandbox, client: Client
    ) -> None:
        self.fill(shop)
        lines = client.lines(client.bulk_query(BULK_ORDERS)["url"])
        parents = [place for place, line in enumerate(lines) if "__parentId" not in line]
        children = [place for place, line in enumerate(lines) if "__parentId" in line]
        assert min(children) < min(parents)
        assert max(children) > max(parents)
        assert len(lines) == 16

    def test_shuffling_can_be_switched_for_both_kinds(self, shop: ShopifySandbox, client: Client) -> None:
        self.fill(shop)
        shop.bulk.switches.shuffle_children = False
        assert "__parentId" not in client.lines(client.bulk_query(BULK_ORDERS)["url"])[0]
        shop.bulk.switches.shuffle_grouped = True
        assert "__parentId" in client.lines(client.bulk_query(BULK_ORDERS, group=True)["url"])[0]

    def test_agrees_with_the_single_query(self, shop: ShopifySandbox, client: Client) -> None:
        shop.put(product())
        shop.put(customer(tags=("VIP",), country="DE"))
        shop.put(order(country="CH", refunds=(Refund(id="9", refunded_at=NOW, amount=100),)))
        fields = """id name createdAt customer { id tags } ...sums
          refunds { id totalRefundedSet { shopMoney { amount } } }
          shippingLine { taxLines { rate } } shippingAddress { countryCodeV2 }"""
        sums = """fragment sums on Order { total: totalPriceSet { presentmentMoney { amount currencyCode } }
          totalDiscountsSet { shopMoney { amount } } fulfillments(first: 1) { createdAt } __typename }"""
        single = client.one("{ orders(first: 1) { nodes { FIELDS } } } ".replace("FIELDS", fields) + sums)[
            "nodes"
        ]
        operation = client.bulk_query("{ orders { nodes { FIELDS } } } ".replace("FIELDS", fields) + sums)
        assert client.lines(operation["url"]) == single

    def test_filters_and_sorts(self, shop: ShopifySandbox, client: Client) -> None:
        for number in range(1, 4):
            shop.put(order(number, updated_at=START + timedelta(hours=number)))
        text = """{ orders(query: "updated_at:>='2026-11-01T14:00:00Z'", sortKey: UPDATED_AT, reverse: true)
          { edges { node { name } } } }"""
        assert client.lines(client.bulk_query(text)["url"]) == [{"name": "#3"}, {"name": "#2"}]

    def test_nothing_found_has_no_url(self, client: Client) -> None:
        operation = client.bulk_query(BULK_ORDERS)
        assert (operation["status"], operation["objectCount"], operation["url"]) == ("COMPLETED", "0", None)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (
                "{ orders { nodes { refunds { refundLineItems(first: 1) { nodes { quantity } } } } } }",
                "list field",
            ),
            (
                """{ customers { nodes { orders { nodes { lineItems { nodes { product {
                variants { nodes { id } } } } } } } } } }""",
                "nested deeper",
            ),
            (
                """{ customers { nodes { a: orders { nodes { id } } b: orders { nodes { id } }
                c: orders { nodes { id } } d: orders { nodes { id } } metafields { nodes { id } } } } }""",
                "more than 5",
            ),
            ("{ orders { nodes { id } } customers { nodes { id } } }", "single top-level"),
            ("{ shop { name } }", "at least one connection"),
            ("query($a: String) { orders(query: $a) { nodes { id } } }", "variables"),
            ("{ orders { nodes { colour } } }", "colour"),
        ],
    )
    def test_refuses_what_shopify_refuses(self, client: Client, text: str, reason: str) -> None:
        refused = client.one(RUN_QUERY, query=text, group=False)
        assert refused["bulkOperation"] is None
        assert refused["userErrors"][0]["code"] == "INVALID"
        assert reason in refused["userErrors"][0]["message"]

    def test_five_run_at_once(self, shop: ShopifySandbox, client: Client) -> None:
        shop.bulk.switches.hold_seconds = 60
        started = [client.one(RUN_QUERY, query=BULK_ORDERS, group=False) for _ in range(6)]
        assert [bool(each["bulkOperation"]) for each in started] == [True] * 5 + [False]
        assert started[5]["userErrors"][0]["code"] == "OPERATION_IN_PROGRESS"

    def test_fails_with_partial_data(self, shop: ShopifySandbox, client: Client) -> None:
        self.fill(shop)
        shop.bulk.switches.fail_after = 5
        operation = client.bulk_query(BULK_ORDERS, group=True)
        assert (operation["status"], operation["errorCode"]) == ("FAILED", "INTERNAL_SERVER_ERROR")
        assert (operation["url"], operation["objectCount"]) == (None, "5")
        assert len(client.lines(operation["partialDataUrl"])) == 5

    def test_a_missing_scope_fails_the_operation(self) -> None:
        with ShopifySandbox(scopes=("read_orders",)) as shop:
            shop.put(order())
            operation = Client(shop).bulk_query("{ orders { nodes { customer { id } } } }")
        assert (operation["status"], operation["errorCode"]) == ("FAILED", "ACCESS_DENIED")

    def test_stays_running_for_some_polls(self, shop: ShopifySandbox, client: Client) -> None:
        self.fill(shop)
        requests.post(f"{shop.url}/sandbox/bulk", json={"hold_polls": 3}, timeout=5)
        operation = client.one(RUN_QUERY, query=BULK_ORDERS, group=False)["bulkOperation"]["id"]
        sleep(0.05)
        states = [client.one(POLL, id=operation)["status"] for _ in range(4)]
        assert states == ["RUNNING", "RUNNING", "COMPLETED", "COMPLETED"]

    def test_can_be_found_and_cancelled(self, shop: ShopifySandbox, client: Client) -> None:
        shop.bulk.switches.hold_seconds = 60
        operation = client.one(RUN_QUERY, query=BULK_ORDERS, group=False)["bulkOperation"]["id"]
        text = (
            '{ bulkOperations(first: 9, query: "operation_type:query AND status:running") { nodes { id } } }'
        )
        assert client.one(text)["nodes"] == [{"id": operation}]
        cancel = "mutation($id: ID!) { bulkOperationCancel(id: $id) { userErrors { message } } }"
        assert client.one(cancel, id=operation)["userErrors"] == []
        assert client.finished(operation)["status"] == "CANCELED"
        assert client.one(text)["nodes"] == []


def upload(client: Client, lines: str) -> str:
    """Stage a file and give the path for the mutation."""
    text = """mutation($i: [StagedUploadInput!]!) { stagedUploadsCreate(input: $i) {
      stagedTargets { url parameters { name value } } userErrors { message } } }"""
    wish = {
        "resource": "BULK_MUTATION_VARIABLES",
        "filename": "tags.jsonl",
        "mimeType": "text/jsonl",
        "httpMethod": "POST",
    }
    (target,) = client.one(text, i=[wish])["stagedTargets"]
    parameters = {each["name"]: each["value"] for each in target["parameters"]}
    answer = requests.post(target["url"], data=parameters, files={"file": ("tags.jsonl", lines)}, timeout=5)
    assert answer.status_code == 201
    return str(parameters["key"])


RUN_MUTATION = """mutation($m: String!, $path: String!, $ref: String) {
  bulkOperationRunMutation(mutation: $m, stagedUploadPath: $path, clientIdentifier: $ref) {
    bulkOperation { id } userErrors { code field message } } }"""


class TestBulkMutations:
    def test_results_stand_in_the_order_of_the_input(self, shop: ShopifySandbox, client: Client) -> None:
        shop.put(customer(1))
        shop.put(customer(2))
        lines = [{"id": gid(number), "tags": ["sk:a"]} for number in (2, 9, 1)]
        path = upload(client, "\n".join(json.dumps(line) for line in lines))
        text = """mutation($id: ID!, $tags: [String!]!) {
          tagsAdd(id: $id, tags: $tags) { node { id } userErrors { message } } }"""
        started = client.one(RUN_MUTATION, m=text, path=path, ref="stammkunde-run-17")
        operation = client.finished(started["bulkOperation"]["id"])
        assert (operation["status"], operation["objectCount"], operation["type"]) == (
            "COMPLETED",
            "3",
            "MUTATION",
        )
        assert client.lines(operation["url"]) == [
            {"data": {"tagsAdd": {"node": {"id": gid(2)}, "userErrors": []}}, "__lineNumber": 0},
            {
                "data": {"tagsAdd": {"node": None, "userErrors": [{"message": "Customer does not exist"}]}},
                "__lineNumber": 1,
            },
            {"data": {"tagsAdd": {"node": {"id": gid(1)}, "userErrors": []}}, "__lineNumber": 2},
        ]
        assert shop.tags_of("1") == {"sk:a"}
        assert shop.bulk.operation().identifier == "stammkunde-run-17"

    def test_a_line_with_wrong_variables_has_errors(self, client: Client) -> None:
        path = upload(client, '{"id": "x"}\nnonsense')
        operation = client.finished(client.one(RUN_MUTATION, m=TAGS_ADD, path=path)["bulkOperation"]["id"])
        first, second = client.lines(operation["url"])
        assert "$tags" in first["errors"][0]["message"]
        assert (second["__lineNumber"], "Invalid JSON" in second["errors"][0]["message"]) == (1, True)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"path": "tmp/nothing"}, "NO_SUCH_FILE"),
            ({"m": "{ shop { name } }"}, "INVALID_MUTATION"),
            ({"ref": "short"}, "INVALID_MUTATION"),
        ],
    )
    def test_refuses_to_start(self, client: Client, changes: Answer, code: str) -> None:
        wish = {"m": TAGS_ADD, "path": upload(client, "{}"), **changes}
        refused = client.one(RUN_MUTATION, **wish)
        assert (refused["bulkOperation"], refused["userErrors"][0]["code"]) == (None, code)

    def test_an_upload_without_its_parameters_is_refused(self, shop: ShopifySandbox) -> None:
        answer = requests.post(f"{shop.url}/staged", files={"file": ("a", "{}")}, timeout=5)
        assert answer.status_code == 400
