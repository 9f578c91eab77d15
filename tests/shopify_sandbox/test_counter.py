"""What buyers and the owner do in the Shopify sandbox, and who is told: over HTTP."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from adapters.shopify.sandbox import ShopifySandbox
from connector.model import Kind
from connector.sample.server import LoopbackServer
from tests.shopify_client import (
    ORDER,
    TAGS_ADD,
    Answer,
    Client,
    Clock,
    amount,
    customer,
    gid,
    order,
    product,
)


class TestCheckout:
    @pytest.fixture(autouse=True)
    def somebody(self, shop: ShopifySandbox) -> None:
        shop.put(customer(1001, shop_order_count=1, shop_amount_spent=1000))

    def act(self, shop: ShopifySandbox, action: str, **body: Any) -> Answer:
        found: Answer = requests.post(f"{shop.url}/sandbox/{action}", json=body, timeout=5).json()
        return found

    def place(self, shop: ShopifySandbox, **body: Any) -> str:
        lines = [{"price": 1070, "quantity": 2, "title": "Nero"}, {"price": 535}]
        found = self.act(shop, "checkout", **{"lines": lines, "customer_id": "1001", "shipping": 535, **body})
        return str(found["order_id"])

    def look(self, client: Client, order_id: str) -> Answer:
        text = ORDER.replace(
            "FIELDS",
            """updatedAt edited cancelledAt email customer { id }
            displayFinancialStatus displayFulfillmentStatus
            totalPriceSet { ...money } currentTotalPriceSet { ...money } originalTotalPriceSet { ...money }
            totalRefundedSet { ...money } totalTaxSet { ...money }
            lineItems(first: 9) { nodes { quantity currentQuantity } }""",
        )
        found: Answer = client.one(text, id=gid(order_id, "Order"))
        sums = {name: amount(value) for name, value in found.items() if name.endswith("Set")}
        lines = [(line["quantity"], line["currentQuantity"]) for line in found["lineItems"]["nodes"]]
        return {**found, **sums, "lineItems": lines}

    def test_an_order_of_a_customer(self, shop: ShopifySandbox, client: Client) -> None:
        found = self.look(client, self.place(shop))
        assert found["totalPriceSet"] == "32.10"
        assert found["totalTaxSet"] == "2.10"
        assert found["displayFinancialStatus"] == "PAID"
        assert found["lineItems"] == [(2, 2), (1, 1)]
        text = "query($id: ID!) { customer(id: $id) { numberOfOrders amountSpent { amount } updatedAt } }"
        assert client.one(text, id=gid(1001)) == {
            "numberOfOrders": "2", "amountSpent": {"amount": "42.10"}, "updatedAt": "2026-11-20T10:00:00Z"
        }  # fmt: skip

    def test_a_guest_orders_with_an_address_only(self, shop: ShopifySandbox, client: Client) -> None:
        found = self.look(client, self.place(shop, customer_id=None, email="guest@example.com"))
        assert (found["customer"], found["email"]) == (None, "guest@example.com")

    def test_a_refused_code_is_told(self, shop: ShopifySandbox) -> None:
        answer = requests.post(
            f"{shop.url}/sandbox/checkout", json={"lines": [{"price": 1}], "code": "NOPE"}, timeout=5
        )
        assert (answer.status_code, answer.json()) == (422, {"refused": "The code does not exist."})

    def test_a_refund_of_one_piece(self, shop: ShopifySandbox, client: Client, clock: Clock) -> None:
        placed = self.place(shop)
        clock.forward(days=1)
        self.act(shop, "refund", order_id=placed, lines={"0": 1})
        found = self.look(client, placed)
        assert found["updatedAt"] == "2026-11-21T10:00:00Z"
        assert found["totalPriceSet"] == "32.10"
        assert found["currentTotalPriceSet"] == "21.40"
        assert found["totalRefundedSet"] == "10.70"
        assert found["lineItems"] == [(2, 1), (1, 1)]
        assert found["displayFinancialStatus"] == "PARTIALLY_REFUNDED"

    def test_a_full_refund_in_two_steps(self, shop: ShopifySandbox, client: Client) -> None:
        placed = self.place(shop)
        self.act(shop, "refund", order_id=placed, amount=100)
        self.act(shop, "refund", order_id=placed)
        found = self.look(client, placed)
        assert (found["totalRefundedSet"], found["currentTotalPriceSet"]) == ("32.10", "0.00")
        assert (found["displayFinancialStatus"], found["lineItems"]) == ("REFUNDED", [(2, 0), (1, 0)])
        assert self.act(shop, "refund", order_id=placed, amount=1) == {
            "refused": "There is not so much money to give back."
        }

    def test_cancelling_gives_the_money_back(self, shop: ShopifySandbox, client: Client) -> None:
        placed = self.place(shop)
        self.act(shop, "cancel", order_id=placed)
        found = self.look(client, placed)
        assert found["cancelledAt"] == "2026-11-20T10:00:00Z"
        assert (found["displayFinancialStatus"], found["totalRefundedSet"]) == ("REFUNDED", "32.10")
        assert self.act(shop, "cancel", order_id=placed) == {"refused": "The order is cancelled already."}

    def test_an_open_order_is_voided_or_paid(self, shop: ShopifySandbox, client: Client) -> None:
        first, second = self.place(shop, paid=False), self.place(shop, paid=False)
        assert self.look(client, first)["displayFinancialStatus"] == "PENDING"
        self.act(shop, "cancel", order_id=first)
        self.act(shop, "pay", order_id=second)
        assert self.look(client, first)["displayFinancialStatus"] == "VOIDED"
        assert self.look(client, second)["displayFinancialStatus"] == "PAID"

    def test_shipping(self, shop: ShopifySandbox, client: Client) -> None:
        placed = self.place(shop)
        self.act(shop, "fulfil", order_id=placed)
        assert self.look(client, placed)["displayFulfillmentStatus"] == "FULFILLED"

    def test_an_edit_adds_to_the_total_and_removes_from_the_current_one(
        self, shop: ShopifySandbox, client: Client
    ) -> None:
        placed = self.place(shop)
        self.act(shop, "edit", order_id=placed, add=[{"price": 2140}], remove={"1": 1})
        found = self.look(client, placed)
        assert found["edited"] is True
        assert found["originalTotalPriceSet"] == "32.10"
        assert found["totalPriceSet"] == "53.50"
        assert found["currentTotalPriceSet"] == "48.15"
        assert found["lineItems"] == [(2, 2), (1, 0), (1, 1)]
        assert found["displayFinancialStatus"] == "PARTIALLY_PAID"

    def test_merging_moves_orders_tags_and_figures(self, shop: ShopifySandbox, client: Client) -> None:
        shop.put(customer(1002, tags=("VIP",), shop_order_count=2, shop_amount_spent=500))
        placed = self.place(shop, customer_id="1002")
        self.act(shop, "merge", kept_id="1001", lost_id="1002")
        assert self.look(client, placed)["customer"] == {"id": gid(1001)}
        text = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { tags numberOfOrders } } }"
        assert client.one(text, ids=[gid(1001), gid(1002)]) == [
            {"tags": ["VIP"], "numberOfOrders": "4"},
            None,
        ]

    def test_accounts_change_their_address_and_go(self, shop: ShopifySandbox, client: Client) -> None:
        self.act(shop, "change-email", customer_id="1001", email="new@example.com")
        text = '{ customers(first: 1, query: "email:new@example.com") { nodes { id updatedAt } } }'
        assert client.one(text)["nodes"] == [{"id": gid(1001), "updatedAt": "2026-11-20T10:00:00Z"}]
        assert self.act(shop, "delete-customer", customer_id="1001") == {"deleted": True}
        assert client.one(text)["nodes"] == []


class Receiver:
    """Takes webhooks; answers with the next of `statuses`, then 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.seen: list[tuple[dict[str, str], bytes]] = []
        application = Flask("receiver")
        application.add_url_rule("/hooks", "hooks", self._take, methods=["POST"])
        self.server = LoopbackServer(application)

    def _take(self) -> Response:
        self.seen.append((dict(request.headers), request.get_data()))
        return Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.server.start()
    yield receiver
    receiver.server.stop()


SUBSCRIBE = """mutation($t: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $t, webhookSubscription: $w) {
    webhookSubscription { id topic uri apiVersion { handle } } userErrors { message } } }"""


class TestWebhooks:
    @pytest.fixture
    def subscribed(self, shop: ShopifySandbox, client: Client, receiver: Receiver) -> Callable[[str], Answer]:
        shop.put(customer(1001))

        def subscribe(topic: str) -> Answer:
            found: Answer = client.one(SUBSCRIBE, t=topic, w={"uri": f"{receiver.server.url}/hooks"})
            return found

        return subscribe

    def test_a_change_is_told_and_signed(
        self, shop: ShopifySandbox, client: Client, receiver: Receiver, subscribed: Callable[[str], Answer]
    ) -> None:
        subscribed("CUSTOMERS_UPDATE")
        client.data(TAGS_ADD, id=gid(1001), tags=["sk:a"])
        assert shop.webhooks.settle()
        ((headers, body),) = receiver.seen
        signature = hmac.new(b"sandbox-secret", body, hashlib.sha256).digest()
        assert headers["X-Shopify-Hmac-Sha256"] == base64.b64encode(signature).decode()
        assert headers["X-Shopify-Topic"] == "customers/update"
        assert headers["X-Shopify-Shop-Domain"] == "sandbox.myshopify.com"
        assert len(headers["X-Shopify-Event-Id"]) == 36
        assert json.loads(body)["admin_graphql_api_id"] == gid(1001)

    @pytest.mark.parametrize(
        ("topic", "header", "action"),
        [
            ("ORDERS_CREATE", "orders/create", lambda shop: shop.put(order())),
            ("CUSTOMERS_DELETE", "customers/delete", lambda shop: shop.delete(Kind.CUSTOMERS, "1001")),
            ("PRODUCTS_CREATE", "products/create", lambda shop: shop.put(product())),
        ],
    )
    def test_topics(
        self,
        shop: ShopifySandbox,
        receiver: Receiver,
        subscribed: Callable[[str], Answer],
        topic: str,
        header: str,
        action: Callable[[ShopifySandbox], None],
    ) -> None:
        subscribed(topic)
        action(shop)
        assert shop.webhooks.settle()
        assert [headers["X-Shopify-Topic"] for headers, _ in receiver.seen] == [header]

    def test_is_tried_again_until_it_is_taken(
        self, shop: ShopifySandbox, receiver: Receiver, subscribed: Callable[[str], Answer]
    ) -> None:
        receiver.statuses = [500, 503]
        subscribed("CUSTOMERS_UPDATE")
        shop.set_tags("1001", ["a"])
        assert shop.webhooks.settle()
        events = [headers["X-Shopify-Event-Id"] for headers, _ in receiver.seen]
        assert len(events) == 3
        assert len(set(events)) == 1
        assert shop.webhooks.deliveries[0].statuses == [500, 503, 200]

    def test_gives_up_after_eight_tries(self, shop: ShopifySandbox, client: Client) -> None:
        shop.put(customer(1001))
        client.data(SUBSCRIBE, t="CUSTOMERS_UPDATE", w={"uri": "http://127.0.0.1:9/nobody"})
        shop.set_tags("1001", ["a"])
        assert shop.webhooks.settle()
        assert shop.webhooks.deliveries[0].statuses == [0] * 8

    def test_an_old_event_is_replayed_with_its_old_payload(
        self, shop: ShopifySandbox, receiver: Receiver, subscribed: Callable[[str], Answer]
    ) -> None:
        subscribed("CUSTOMERS_UPDATE")
        shop.set_tags("1001", ["a"])
        shop.set_tags("1001", ["b"])
        requests.post(f"{shop.url}/sandbox/replay-webhook", json={"place": 0}, timeout=5)
        assert shop.webhooks.settle()
        first, _, again = receiver.seen
        assert again[1] == first[1]
        assert again[0]["X-Shopify-Event-Id"] == first[0]["X-Shopify-Event-Id"]

    def test_subscriptions_are_listed_and_deleted(
        self, client: Client, subscribed: Callable[[str], Answer]
    ) -> None:
        created = subscribed("ORDERS_UPDATED")["webhookSubscription"]
        assert created["apiVersion"] == {"handle": "2026-10"}
        assert subscribed("ORDERS_UPDATED")["userErrors"][0]["message"].startswith("Address for this topic")
        text = "{ webhookSubscriptions(first: 5) { nodes { id topic } } }"
        assert client.one(text)["nodes"] == [{"id": created["id"], "topic": "ORDERS_UPDATED"}]
        delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId } }"
        assert client.one(delete, id=created["id"]) == {"deletedWebhookSubscriptionId": created["id"]}
        assert client.one(text)["nodes"] == []


class TestAdmin:
    @pytest.fixture(autouse=True)
    def somebody(self, shop: ShopifySandbox) -> None:
        shop.put(customer(1001, last_name="Köhler", tags=("b2b", "sk:stammkunde")))
        shop.put(customer(1002, last_name="<b>Bold</b>"))
        shop.put(order())

    def page(self, shop: ShopifySandbox, path: str) -> str:
        answer = requests.get(f"{shop.url}/admin{path}", timeout=5)
        assert answer.status_code == 200
        return answer.text

    def test_shows_customers_and_our_tags_apart(self, shop: ShopifySandbox) -> None:
        text = self.page(shop, "")
        assert "Köhler" in text
        assert '<span class="tag ours">sk:stammkunde</span><span class="tag">b2b</span>' in text
        assert "&lt;b&gt;Bold&lt;/b&gt;" in text
        assert shop.admin_url == f"{shop.url}/admin/customers"

    def test_filters_by_tag_and_name(self, shop: ShopifySandbox) -> None:
        assert "Bold" not in self.page(shop, "/customers?tag=sk:stammkunde")
        assert "Köhler" not in self.page(shop, "/customers?q=bold")
        assert "Niemand gefunden." in self.page(shop, "/customers?q=nobody")

    def test_shows_orders_and_discounts(self, shop: ShopifySandbox) -> None:
        shop.discounts.add("Zurück", "SK-1", amount=500, minimum=3000, customers=[1001], usage_limit=1)
        assert "26,75 €" in self.page(shop, "/orders")
        text = self.page(shop, "/discounts")
        assert "5,00 € ab 30,00 €" in text
        assert "Köhler" in text
        assert "<code>SK-1</code>" in text

    def test_pages(self, shop: ShopifySandbox) -> None:
        for number in range(2000, 2060):
            shop.put(customer(number))
        assert "Seite 2 von 2" in self.page(shop, "/customers?page=2")

    def test_needs_nothing_from_elsewhere(self, shop: ShopifySandbox) -> None:
        for path in ("/customers", "/orders", "/discounts", "/style.css"):
            assert "//" not in self.page(shop, path).replace("http://www.w3.org", "")

    def test_is_spared_by_faults(self, shop: ShopifySandbox) -> None:
        shop.faults.plan("error")
        self.page(shop, "/customers")
        assert len(shop.faults.planned()) == 1


class TestLoading:
    def test_a_sample_shop(self) -> None:
        with ShopifySandbox(customers=40, seed=3, today=date(2026, 11, 20)) as shop:
            client = Client(shop)
            counts = client.data("{ customersCount { count } ordersCount { count } }")
            newest = client.one(
                """{ orders(first: 1, sortKey: UPDATED_AT, reverse: true) { nodes {
                taxesIncluded totalPriceSet { shopMoney { currencyCode } } } } }"""
            )
            assert counts["customersCount"] == {"count": 40}
            assert counts["ordersCount"]["count"] > 60
            assert newest["nodes"] == [
                {"taxesIncluded": True, "totalPriceSet": {"shopMoney": {"currencyCode": "EUR"}}}
            ]

    def test_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "cdnow.txt"
        path.write_text("00001 19970101 1 11.77\n00002 19970112 1 12.00\n00002 19970112 5 77.00\n")
        with ShopifySandbox(from_csv=path) as shop:
            client = Client(shop)
            assert client.one("{ shop { currencyCode } }") == {"currencyCode": "USD"}
            text = (
                "{ customers(first: 9) { nodes { id numberOfOrders amountSpent { amount currencyCode } } } }"
            )
            assert client.one(text)["nodes"][1] == {
                "id": gid(2),
                "numberOfOrders": "2",
                "amountSpent": {"amount": "89.00", "currencyCode": "USD"},
            }

    def test_a_shop_in_a_directory_survives(self, tmp_path: Path) -> None:
        with ShopifySandbox(path=tmp_path / "shop") as shop:
            shop.put(customer(1001, tags=("a",)))
        with ShopifySandbox(path=tmp_path / "shop", customers=40) as shop:
            assert shop.tags_of("1001") == {"a"}
            assert Client(shop).one("{ customersCount { count } }") == {"count": 1}

    def test_a_temporary_shop_leaves_nothing(self) -> None:
        with ShopifySandbox() as shop:
            directory = shop.shop.store.path.parent
            assert directory.exists()
        assert not directory.exists()

    def test_a_shop_that_cannot_start_leaves_nothing(self, shop: ShopifySandbox) -> None:
        second = ShopifySandbox(port=int(shop.url.rpartition(":")[2]))
        directory = second.shop.store.path.parent
        with pytest.raises(OSError, match="Address already in use"):
            second.start()
        assert not directory.exists()

    def test_ends_all_its_threads(self) -> None:
        with ShopifySandbox() as shop:
            Client(shop).data("{ shop { name } }")
        assert not [each for each in threading.enumerate() if each.name in ("sandbox", "webhooks")]

    def test_settings_connect_to_it(self, shop: ShopifySandbox) -> None:
        assert shop.settings() == {
            "domain": "sandbox.myshopify.com",
            "token": "shpat_sandbox",
            "base_url": shop.url,
        }
