"""The Shopify sandbox, over HTTP: access, cost, records and pages are as in the real shop."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import sleep

import pytest
import requests

from adapters.shopify.sandbox import ShopifySandbox
from connector.model import Consent, Kind, LineItem, Payment, Refund, Shipment
from tests.shopify_client import (
    MONEY,
    NOW,
    ORDER,
    START,
    TAGS_ADD,
    Answer,
    Client,
    Clock,
    amount,
    customer,
    gid,
    ids,
    order,
    product,
)


class TestAccess:
    def test_a_wrong_token_is_turned_away(self, shop: ShopifySandbox) -> None:
        answer = Client(shop, token="wrong").post("{ shop { name } }")
        assert answer.status_code == 401
        assert answer.json()["errors"].startswith("[API] Invalid API key or access token")

    def test_each_answer_names_its_version_and_request(self, client: Client) -> None:
        answer = client.post("{ shop { name } }")
        assert answer.headers["X-Shopify-API-Version"] == "2026-10"
        assert len(answer.headers["x-request-id"]) == 36

    def test_an_old_version_falls_forward(self, client: Client) -> None:
        answer = client.post("{ shop { name } }", version="2024-04")
        assert answer.headers["X-Shopify-API-Version"] == "2026-01"
        assert client.post("{ shop { name } }", version="2024-05").status_code == 404

    def test_client_credentials_buy_a_token_for_a_day(self, shop: ShopifySandbox, clock: Clock) -> None:
        token = buy_token(shop, "sandbox-secret")["access_token"]
        client = Client(shop, token)
        assert client.post("{ shop { name } }").status_code == 200
        clock.forward(hours=24)
        assert client.post("{ shop { name } }").status_code == 401

    def test_wrong_credentials_buy_nothing(self, shop: ShopifySandbox) -> None:
        assert buy_token(shop, "guess") == {
            "error": "invalid_client",
            "error_description": "Client authentication failed",
        }

    def test_tokens_can_be_revoked(self, shop: ShopifySandbox) -> None:
        client = Client(shop, buy_token(shop, "sandbox-secret")["access_token"])
        shop.tokens.revoke()
        assert client.post("{ shop { name } }").status_code == 401

    def test_a_missing_scope_is_an_error_with_status_200(self) -> None:
        with ShopifySandbox(scopes=("read_orders",)) as shop:
            answer = Client(shop).post("{ customersCount { count } }")
        assert answer.status_code == 200
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "ACCESS_DENIED"
        assert error["extensions"]["requiredAccess"] == "`read_customers` access scope."
        assert answer.json()["data"] == {"customersCount": None}

    def test_without_read_all_orders_only_sixty_days_are_visible(self, clock: Clock) -> None:
        with ShopifySandbox(now=clock, scopes=("read_orders", "read_customers")) as shop:
            shop.put(order(1, placed_at=NOW - timedelta(days=61), updated_at=NOW))
            shop.put(order(2, placed_at=NOW - timedelta(days=59)))
            client = Client(shop)
            assert ids(client.one("{ orders(first: 5) { nodes { id } } }")) == ["2"]
            assert client.one("{ order(id: $id) { id } }".replace("$id", f'"{gid(1, "Order")}"')) is None
            operation = client.bulk_query("{ orders { edges { node { id } } } }")
            assert operation["objectCount"] == "1"

    def test_scopes_and_shop_are_told(self, client: Client) -> None:
        found = client.data(
            "{ shop { name currencyCode ianaTimezone } currentAppInstallation { accessScopes { handle } } }"
        )
        assert found["shop"] == {
            "name": "Rösterei Sandkasten",
            "currencyCode": "EUR",
            "ianaTimezone": "Europe/Berlin",
        }
        assert {"handle": "read_all_orders"} in found["currentAppInstallation"]["accessScopes"]

    def test_an_unknown_field_is_an_error(self, client: Client) -> None:
        assert "Cannot query field 'colour'" in client.answer("{ shop { colour } }")["errors"][0]["message"]

    def test_a_request_without_query_is_bad(self, client: Client) -> None:
        assert (
            client.session.post(
                f"{client.url}/admin/api/2026-10/graphql.json", json={}, timeout=5
            ).status_code
            == 400
        )


def buy_token(shop: ShopifySandbox, secret: str) -> Answer:
    form = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": secret}
    found: Answer = requests.post(f"{shop.url}/admin/oauth/access_token", data=form, timeout=5).json()
    return found


class TestCost:
    def test_every_answer_carries_its_cost(self, client: Client) -> None:
        cost = client.answer("{ shop { name plan { shopifyPlus } } }")["extensions"]["cost"]
        assert cost == {
            "requestedQueryCost": 2,
            "actualQueryCost": 2,
            "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 1998, "restoreRate": 100},
        }

    def test_a_connection_costs_by_the_logarithm_of_its_size(self, client: Client) -> None:
        text = "{ customers(first: 250) { nodes { amountSpent { amount } } } }"
        assert client.answer(text)["extensions"]["cost"]["requestedQueryCost"] == 24

    def test_a_mutation_costs_ten(self, client: Client) -> None:
        answer = client.answer(TAGS_ADD, id=gid(9), tags=["a"])
        assert answer["extensions"]["cost"]["requestedQueryCost"] == 10

    def test_a_query_of_more_than_a_thousand_points_is_refused(self, client: Client) -> None:
        many = " ".join(
            f'_{n}: tagsAdd(id: "{gid(9)}", tags: ["a"]) {{ userErrors {{ message }} }}' for n in range(101)
        )
        (error,) = client.answer(f"mutation {{ {many} }}")["errors"]
        assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"

    def test_an_empty_bucket_throttles_with_status_200_and_fills_again(self) -> None:
        with ShopifySandbox(restore_rate=25, bucket=10) as shop:
            client = Client(shop)
            client.data(TAGS_ADD, id=gid(9), tags=["a"])
            throttled = client.post(TAGS_ADD, id=gid(9), tags=["a"])
            assert throttled.status_code == 200
            assert throttled.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
            assert throttled.json()["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 10
            sleep(0.5)
            client.data(TAGS_ADD, id=gid(9), tags=["a"])

    def test_the_plan_sets_the_rate(self) -> None:
        with ShopifySandbox(plan="Plus") as shop:
            answer = Client(shop).answer("{ shop { plan { shopifyPlus } } }")
        assert answer["data"]["shop"]["plan"]["shopifyPlus"] is True
        assert answer["extensions"]["cost"]["throttleStatus"]["restoreRate"] == 1000


class TestRecords:
    def test_a_customer(self, shop: ShopifySandbox, client: Client) -> None:
        consent = Consent(channel="email", state="subscribed", level="confirmed", changed_at=START)
        fields: Answer = {
            "first_name": "Änne",
            "phone": "+4915112345",
            "company": "Café",
            "city": "Köln",
            "country": "DE",
            "region": "NW",
            "tags": ("VIP",),
            "account_status": "enabled",
            "shop_order_count": 3,
            "shop_amount_spent": 12345,
            "attributes": {"rfm_group": "LOYAL"},
            "language": "de-AT",
        }
        shop.put(customer(consents=(consent,), **fields))
        found = client.one(
            """query($id: ID!) { customer(id: $id) { id legacyResourceId createdAt updatedAt displayName
            locale state tags numberOfOrders amountSpent { amount currencyCode }
            defaultEmailAddress { emailAddress marketingState marketingOptInLevel marketingUpdatedAt }
            defaultPhoneNumber { phoneNumber smsMarketingConsent { state } }
            defaultAddress { city countryCodeV2 provinceCode company }
            statistics { rfmGroup } } }""",
            id=gid(1001),
        )
        assert found == {
            "id": "gid://shopify/Customer/1001",
            "legacyResourceId": "1001",
            "createdAt": "2026-11-01T12:00:00Z",
            "updatedAt": "2026-11-01T12:00:00Z",
            "displayName": "Änne",
            "locale": "de-AT",
            "state": "ENABLED",
            "tags": ["VIP"],
            "numberOfOrders": "3",
            "amountSpent": {"amount": "123.45", "currencyCode": "EUR"},
            "defaultEmailAddress": {
                "emailAddress": "c1001@example.com",
                "marketingState": "SUBSCRIBED",
                "marketingOptInLevel": "CONFIRMED_OPT_IN",
                "marketingUpdatedAt": "2026-11-01T12:00:00Z",
            },
            "defaultPhoneNumber": {
                "phoneNumber": "+4915112345",
                "smsMarketingConsent": {"state": "NEVER_SUBSCRIBED"},
            },
            "defaultAddress": {
                "city": "Köln",
                "countryCodeV2": "DE",
                "provinceCode": "NW",
                "company": "Café",
            },
            "statistics": {"rfmGroup": "LOYAL"},
        }

    def test_a_customer_without_email_has_no_email_address(
        self, shop: ShopifySandbox, client: Client
    ) -> None:
        shop.put(customer(email=None))
        text = "query($id: ID!) { customer(id: $id) { defaultEmailAddress { emailAddress } } }"
        assert client.one(text, id=gid(1001)) == {"defaultEmailAddress": None}

    def test_amounts_of_an_order_with_tax_in_its_prices(self, shop: ShopifySandbox, client: Client) -> None:
        shop.put(order(country="CH"))
        found = client.one(
            ORDER.replace(
                "FIELDS",
                """taxesIncluded subtotalPriceSet { ...money }
                totalPriceSet { ...money presentmentMoney { amount currencyCode } } totalTaxSet { ...money }
                totalShippingPriceSet { ...money }
                shippingLine { discountedPriceSet { ...money } taxLines { rate priceSet { ...money } } }""",
            ),
            id=gid(5001, "Order"),
        )
        assert found["taxesIncluded"] is True
        assert amount(found["subtotalPriceSet"]) == "21.40"
        assert amount(found["totalPriceSet"]) == "26.75"
        assert found["totalPriceSet"]["presentmentMoney"] == {"amount": "25.41", "currencyCode": "CHF"}
        assert amount(found["totalTaxSet"]) == "1.75"
        assert amount(found["totalShippingPriceSet"]) == "5.35"
        assert amount(found["shippingLine"]["discountedPriceSet"]) == "5.35"
        assert found["shippingLine"]["taxLines"][0]["rate"] == 0.07

    def test_amounts_of_an_order_with_net_prices(self, shop: ShopifySandbox, client: Client) -> None:
        line = LineItem(product_id=None, quantity=1, remaining=1, total=1800)
        shop.put(order(goods=2000, discounts=200, shipping=500, tax=437, total=2737, lines=(line,)))
        found = client.one(
            ORDER.replace(
                "FIELDS", "taxesIncluded subtotalPriceSet { ...money } totalDiscountsSet { ...money }"
            ),
            id=gid(5001, "Order"),
        )
        assert found["taxesIncluded"] is False
        assert amount(found["subtotalPriceSet"]) == "18.00"
        assert amount(found["totalDiscountsSet"]) == "2.00"

    def test_a_refund_lowers_the_current_total_only(self, shop: ShopifySandbox, client: Client) -> None:
        line = LineItem(product_id="77", quantity=2, remaining=1, total=2140)
        refund = Refund(id="31", refunded_at=NOW, amount=1070, tax=70)
        shop.put(order(lines=(line,), refunds=(refund,)))
        found = client.one(
            ORDER.replace(
                "FIELDS",
                """displayFinancialStatus returnStatus
                totalPriceSet { ...money } currentTotalPriceSet { ...money }
                totalRefundedSet { ...money } netPaymentSet { ...money } currentTotalTaxSet { ...money }
                refunds { id createdAt totalRefundedSet { ...money }
                  refundLineItems(first: 5) { nodes { quantity } } }
                lineItems(first: 5) { nodes { quantity currentQuantity } }""",
            ),
            id=gid(5001, "Order"),
        )
        assert found["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
        assert found["returnStatus"] == "RETURNED"
        assert amount(found["totalPriceSet"]) == "26.75"
        assert amount(found["currentTotalPriceSet"]) == "16.05"
        assert amount(found["totalRefundedSet"]) == "10.70"
        assert amount(found["netPaymentSet"]) == "16.05"
        assert amount(found["currentTotalTaxSet"]) == "1.05"
        assert found["refunds"][0]["id"] == "gid://shopify/Refund/31"
        assert found["refunds"][0]["createdAt"] == "2026-11-20T10:00:00Z"
        assert found["refunds"][0]["refundLineItems"]["nodes"] == [{"quantity": 1}]
        assert found["lineItems"]["nodes"] == [{"quantity": 2, "currentQuantity": 1}]

    @pytest.mark.parametrize(
        ("fields", "financial", "fulfillment"),
        [
            ({}, "PAID", "FULFILLED"),
            ({"payment": Payment.NONE}, "PENDING", "FULFILLED"),
            (
                {"payment": Payment.PARTLY, "shipment": Shipment.PARTLY},
                "PARTIALLY_PAID",
                "PARTIALLY_FULFILLED",
            ),
            (
                {"payment": Payment.NONE, "shipment": Shipment.NONE, "cancelled_at": NOW},
                "VOIDED",
                "UNFULFILLED",
            ),
            ({"refunds": (Refund(id="1", refunded_at=NOW, amount=2675),)}, "REFUNDED", "FULFILLED"),
        ],
    )
    def test_states_of_an_order(
        self, shop: ShopifySandbox, client: Client, fields: Answer, financial: str, fulfillment: str
    ) -> None:
        shop.put(order(**fields))
        text = ORDER.replace("FIELDS", "displayFinancialStatus displayFulfillmentStatus test")
        found = client.one(text.replace(MONEY, ""), id=gid(5001, "Order"))
        assert (found["displayFinancialStatus"], found["displayFulfillmentStatus"]) == (
            financial,
            fulfillment,
        )

    def test_lines_lead_to_products_and_variants(self, shop: ShopifySandbox, client: Client) -> None:
        shop.put(product())
        shop.put(order())
        text = """{ orders(first: 1) { nodes { lineItems(first: 1) { nodes {
          vendor product { id tags } variant { sku } } } } } }"""
        (found,) = client.one(text)["nodes"][0]["lineItems"]["nodes"]
        assert found == {
            "vendor": "Rösterei",
            "product": {"id": "gid://shopify/Product/77", "tags": ["bio"]},
            "variant": {"sku": "E2"},
        }
        shop.delete(Kind.PRODUCTS, "77")
        (found,) = client.one(text)["nodes"][0]["lineItems"]["nodes"]
        assert found == {"vendor": None, "product": None, "variant": None}

    def test_a_product(self, shop: ShopifySandbox, client: Client) -> None:
        shop.put(product())
        text = """{ products(first: 5, query: "title:espresso*") { nodes { title vendor tags status
          collections(first: 5) { nodes { title } } variants(first: 5) { nodes { sku } } } } }"""
        assert client.one(text)["nodes"] == [
            {
                "title": "Espresso Nero",
                "vendor": "Rösterei",
                "tags": ["bio"],
                "status": "ACTIVE",
                "collections": {"nodes": [{"title": "Espresso"}]},
                "variants": {"nodes": [{"sku": "E1"}, {"sku": "E2"}]},
            }
        ]

    def test_deleted_records_are_null_and_their_orders_lose_the_customer(
        self, shop: ShopifySandbox, client: Client
    ) -> None:
        shop.put(customer())
        shop.put(order())
        shop.delete(Kind.CUSTOMERS, "1001")
        text = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Order { customer { id } updatedAt } } }"
        assert client.one(text, ids=[gid(1001), gid(5001, "Order")]) == [
            None,
            {"id": "gid://shopify/Order/5001", "customer": None, "updatedAt": "2026-11-20T10:00:00Z"},
        ]

    def test_lists_in_the_input_end_at_250(self, client: Client) -> None:
        text = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
        (error,) = client.answer(text, ids=[gid(n) for n in range(251)])["errors"]
        assert error["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"

    def test_ids_of_64_bits_survive(self, shop: ShopifySandbox, client: Client) -> None:
        shop.put(customer(9007199254740993))
        assert ids(client.one("{ customers(first: 1) { nodes { id } } }")) == ["9007199254740993"]


class TestPages:
    def pages(self, client: Client, text: str) -> list[list[str]]:
        found, after = [], None
        while True:
            page = client.one(text, after=after)
            found.append(ids(page))
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    def test_pages_by_id(self, shop: ShopifySandbox, client: Client) -> None:
        for number in (3, 1, 2):
            shop.put(customer(number))
        text = "query($after: String) { customers(first: 2, after: $after) { nodes { id } " + PAGE_INFO
        assert self.pages(client, text) == [["1", "2"], ["3"]]
        assert self.pages(client, text.replace("first: 2", "first: 2, reverse: true")) == [["3", "2"], ["1"]]

    def test_records_of_one_second_are_not_lost_between_pages(
        self, shop: ShopifySandbox, client: Client
    ) -> None:
        for number in range(1, 6):
            shop.put(order(number))
        text = (
            "query($after: String) { orders(first: 2, sortKey: UPDATED_AT, after: $after) { nodes { id } "
            + PAGE_INFO
        )
        assert self.pages(client, text) == [["1", "2"], ["3", "4"], ["5"]]

    def test_an_order_touched_between_two_pages_comes_again(
        self, shop: ShopifySandbox, client: Client
    ) -> None:
        for number in range(1, 4):
            shop.put(order(number, updated_at=START + timedelta(minutes=number)))
        text = (
            "query($after: String) { orders(first: 2, sortKey: UPDATED_AT, after: $after) { nodes { id } "
            + PAGE_INFO
        )
        first = client.one(text)
        shop.checkout.fulfil("1")
        second = client.one(text, after=first["pageInfo"]["endCursor"])
        assert (ids(first), ids(second)) == (["1", "2"], ["3", "1"])

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("updated_at:>='2026-11-01T12:00:30Z'", ["2", "3"]),
            ("updated_at:>2026-11-01T12:01:00Z", ["3"]),
            ("updated_at:<'2026-11-01T12:01:00Z'", ["1"]),
            ("created_at:2026-11-01", ["1", "2", "3"]),
            ("customer_id:7", ["2"]),
            ("id:>1 AND id:<3", ["2"]),
            ("id:1 OR id:3", ["1", "3"]),
            ("(id:1 OR id:3) -email:c1001@example.com", ["3"]),
            ("NOT id:2", ["1", "3"]),
            ("name:'#2'", ["2"]),
            ("email:GUEST@example.com", ["3"]),
        ],
    )
    def test_searching_orders(
        self, shop: ShopifySandbox, client: Client, query: str, found: Sequence[str]
    ) -> None:
        shop.put(order(1))
        shop.put(order(2, customer_id="7", updated_at=START + timedelta(minutes=1)))
        shop.put(
            order(3, customer_id=None, email="guest@example.com", updated_at=START + timedelta(minutes=2))
        )
        text = "query($q: String) { orders(first: 9, query: $q) { nodes { id } } }"
        assert sorted(ids(client.one(text, q=query))) == found

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("updated_at:>='2026-11-01T20:00:00Z'", ["1", "2"]),
            ("updated_at:>'2026-11-01T12:00:00Z'", ["2"]),
            ("updated_at:<='2026-11-01T00:00:00Z'", ["1"]),
            ("tag:vip", ["2"]),
            ("tag_not:VIP", ["1"]),
            ("email:C1@example.com", ["1"]),
            ("Müller", ["2"]),
        ],
    )
    def test_searching_customers_knows_only_whole_days(
        self, shop: ShopifySandbox, client: Client, query: str, found: Sequence[str]
    ) -> None:
        shop.put(customer(1))
        # Half past eleven in the evening of the first in UTC is the second in Berlin.
        late = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
        shop.put(customer(2, last_name="Müller", tags=("VIP",), updated_at=late))
        text = "query($q: String) { customers(first: 9, query: $q) { nodes { id } } }"
        assert ids(client.one(text, q=query)) == found

    def test_an_unknown_search_field_is_ignored_with_a_warning(
        self, shop: ShopifySandbox, client: Client
    ) -> None:
        shop.put(customer())
        answer = client.answer('{ customers(first: 9, query: "colour:red") { nodes { id } } }')
        assert ids(answer["data"]["customers"]) == ["1001"]
        warning = answer["extensions"]["search"][0]["warnings"][0]["message"]
        assert warning == "Invalid search field for this query: colour"

    def test_counts_stop_at_their_limit(self, shop: ShopifySandbox, client: Client) -> None:
        for number in range(3):
            shop.put(customer(number + 1))
        text = """{ a: customersCount(limit: 2) { count precision }
          b: customersCount(limit: null) { count precision } }"""
        assert client.data(text) == {
            "a": {"count": 2, "precision": "AT_LEAST"},
            "b": {"count": 3, "precision": "EXACT"},
        }

    def test_a_page_needs_a_size_of_at_most_250(self, client: Client) -> None:
        for text in ("{ customers { nodes { id } } }", "{ customers(first: 251) { nodes { id } } }"):
            assert client.answer(text)["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


PAGE_INFO = "pageInfo { hasNextPage endCursor } } }"
