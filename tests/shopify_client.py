"""A client of the Shopify sandbox, and small records for it."""

import json
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any

import requests

from adapters.shopify.sandbox import ShopifySandbox
from connector.model import Customer, LineItem, Order, Payment, Product, Shipment

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)

Answer = dict[str, Any]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class Client:
    """Sends GraphQL as an app does."""

    def __init__(self, shop: ShopifySandbox, token: str | None = None) -> None:
        self.session = requests.Session()
        self.session.headers["X-Shopify-Access-Token"] = token or "shpat_sandbox"
        self.url = shop.url

    def post(self, text: str, version: str = "2026-10", **variables: Any) -> requests.Response:
        body = {"query": text, "variables": variables}
        return self.session.post(f"{self.url}/admin/api/{version}/graphql.json", json=body, timeout=10)

    def answer(self, text: str, **variables: Any) -> Answer:
        found: Answer = self.post(text, **variables).json()
        return found

    def data(self, text: str, **variables: Any) -> Answer:
        answer = self.answer(text, **variables)
        assert "errors" not in answer, answer["errors"]
        found: Answer = answer["data"]
        return found

    def one(self, text: str, **variables: Any) -> Any:
        """The value of the only root field."""
        (value,) = self.data(text, **variables).values()
        return value

    def bulk_query(self, text: str, *, group: bool = False) -> Answer:
        """Run a bulk query and wait for it."""
        started = self.one(RUN_QUERY, query=text, group=group)
        assert started["userErrors"] == []
        return self.finished(started["bulkOperation"]["id"])

    def finished(self, operation: str) -> Answer:
        deadline = monotonic() + 10
        while monotonic() < deadline:
            found: Answer = self.one(POLL, id=operation)
            if found["status"] not in ("CREATED", "RUNNING", "CANCELING"):
                return found
            sleep(0.005)
        raise AssertionError("the operation did not end")

    def lines(self, url: str) -> list[Answer]:
        return [json.loads(line) for line in requests.get(url, timeout=10).text.splitlines()]


POLL = """query($id: ID!) { bulkOperation(id: $id) {
  id status type errorCode objectCount rootObjectCount fileSize url partialDataUrl query } }"""
RUN_QUERY = """mutation($query: String!, $group: Boolean!) {
  bulkOperationRunQuery(query: $query, groupObjects: $group) {
    bulkOperation { id status } userErrors { code field message } } }"""
TAGS_ADD = """mutation($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) {
  node { id ... on Customer { tags updatedAt } } userErrors { field message } } }"""
TAGS_REMOVE = TAGS_ADD.replace("tagsAdd", "tagsRemove")
CREATE = """mutation($d: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $d) {
  codeDiscountNode { id } userErrors { code field message } } }"""
METAFIELDS = """mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
  metafields { key value } userErrors { code elementIndex message } } }"""


def gid(number: int | str, kind: str = "Customer") -> str:
    return f"gid://shopify/{kind}/{number}"


def customer(number: int = 1001, **fields: Any) -> Customer:
    known = {"email": f"c{number}@example.com", "created_at": START, "updated_at": START}
    return Customer(id=str(number), **{**known, **fields})


def order(number: int = 5001, **fields: Any) -> Order:
    """Two bags for 21.40 with 1.40 tax in it, and shipping for 5.35 with 0.35."""
    known: dict[str, Any] = {
        "number": f"#{number}",
        "customer_id": "1001",
        "email": "c1001@example.com",
        "placed_at": START,
        "updated_at": START,
        "currency": "EUR",
        "total": 2675,
        "goods": 2000,
        "shipping": 500,
        "tax": 175,
        "lines": (LineItem(product_id="77", sku="E2", title="Nero", quantity=2, remaining=2, total=2140),),
        "payment": Payment.PAID,
        "shipment": Shipment.SHIPPED,
    }
    return Order(id=str(number), **{**known, **fields})


def product() -> Product:
    return Product(
        id="77",
        title="Espresso Nero",
        vendor="Rösterei",
        categories=("Espresso",),
        tags=("bio",),
        skus=("E1", "E2"),
    )


def ids(connection: Answer) -> list[str]:
    return [node["id"].rpartition("/")[2] for node in connection["nodes"]]


MONEY = "fragment money on MoneyBag { shopMoney { amount } }"
ORDER = "query($id: ID!) { order(id: $id) { FIELDS } } " + MONEY


def amount(bag: Answer) -> str:
    found: str = bag["shopMoney"]["amount"]
    return found
