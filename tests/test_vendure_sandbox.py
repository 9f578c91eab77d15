"""The sandbox answers as a real Vendure 3.7.3 did when the same was asked; the answers below are recorded."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from adapters.vendure.sandbox import VendureSandbox
from connector.testing import make_customer

CREATE = (
    "mutation($i:CreatePromotionInput!){createPromotion(input:$i){__typename ... on ErrorResult{message}}}"
)
COUPON = {
    "enabled": True,
    "couponCode": "VIP10",
    "translations": [{"languageCode": "de", "name": "Coupon VIP10", "description": ""}],
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "2099-12-31T23:59:59Z",
    "perCustomerUsageLimit": 1,
    "usageLimit": 500,
    "conditions": [{"code": "customer_group", "arguments": [{"name": "customerGroupId", "value": "1"}]}],
    "actions": [{"code": "order_percentage_discount", "arguments": [{"name": "discount", "value": "10"}]}],
}


@pytest.fixture
def shop() -> Iterator[VendureSandbox]:
    """Three customers, the first of them in the group with the id 1."""
    with VendureSandbox() as sandbox:
        for number in (1, 2, 3):
            sandbox.put(make_customer(str(number)))
        sandbox.set_tags("1", ["seg:VIP"])
        yield sandbox


def ask(shop: VendureSandbox, query: str, key: str = "sandbox-key", **variables: Any) -> Any:
    answer = requests.post(
        f"{shop.url}/admin-api",
        json={"query": query, "variables": variables},
        headers={"vendure-api-key": key},
        timeout=5,
    )
    found = answer.json()
    for error in found.get("errors", ()):
        error.pop("locations", None)
    return found


def act(shop: VendureSandbox, name: str, *customers: str) -> Any:
    query = (
        f"mutation($g:ID!,$c:[ID!]!){{{name}(customerGroupId:$g,customerIds:$c)"
        "{id customers{totalItems}}}"
    )
    return ask(shop, query, g="1", c=list(customers))


def test_unknown_customers_join_a_group_in_silence(shop: VendureSandbox) -> None:
    answer = {"id": "1", "customers": {"totalItems": 1}}
    assert act(shop, "addCustomersToGroup", "99999") == {"data": {"addCustomersToGroup": answer}}


def test_one_who_is_no_member_keeps_everybody_in_the_group(shop: VendureSandbox) -> None:
    assert act(shop, "removeCustomersFromGroup", "1", "3") == {
        "errors": [
            {
                "message": "Customer does not belong to this CustomerGroup",
                "path": ["removeCustomersFromGroup"],
                "extensions": {"code": "USER_INPUT_ERROR"},
            }
        ],
        "data": None,
    }
    assert shop.tags_of("1") == {"seg:VIP"}


def test_a_code_can_be_made_twice(shop: VendureSandbox) -> None:
    for _ in range(2):
        assert ask(shop, CREATE, i=COUPON) == {"data": {"createPromotion": {"__typename": "Promotion"}}}
    query = (
        '{promotions(options:{filter:{couponCode:{eq:"VIP10"}}}){totalItems items{id couponCode enabled}}}'
    )
    items = [{"id": number, "couponCode": "VIP10", "enabled": True} for number in ("1", "2")]
    assert ask(shop, query) == {"data": {"promotions": {"totalItems": 2, "items": items}}}


def test_a_promotion_needs_a_code_or_a_condition(shop: VendureSandbox) -> None:
    refusal = {
        "__typename": "MissingConditionsError",
        "message": "A Promotion must have either at least one condition or a coupon code set",
    }
    wanted = COUPON | {"couponCode": "", "conditions": []}
    assert ask(shop, CREATE, i=wanted) == {"data": {"createPromotion": refusal}}


def test_a_group_in_quotes_becomes_nobody(shop: VendureSandbox) -> None:
    condition = {"code": "customer_group", "arguments": [{"name": "customerGroupId", "value": '"1"'}]}
    ask(shop, CREATE, i=COUPON | {"conditions": [condition]})
    answer = ask(shop, "{promotions{items{conditions{args{value}}}}}")
    assert answer == {"data": {"promotions": {"items": [{"conditions": [{"args": [{"value": "-1"}]}]}]}}}


def test_a_customer_outside_the_group_gets_nothing_off(shop: VendureSandbox) -> None:
    ask(shop, CREATE, i=COUPON)
    assert shop.redeem("VIP10", "2") == "The code VIP10 is taken but worth nothing."
    assert shop.redeem("VIP10", "1") is None
    assert shop.redeem("VIP10", "1") == "Coupon code cannot be used more than once per customer"


def test_whoever_is_not_known_is_forbidden_with_status_200(shop: VendureSandbox) -> None:
    assert ask(shop, "{customers{totalItems}}", key="wrong") == {
        "errors": [
            {
                "message": "You are not currently authorized to perform this action",
                "path": ["customers"],
                "extensions": {"code": "FORBIDDEN"},
            }
        ],
        "data": None,
    }


def test_an_api_key_may_not_ask_who_it_is(shop: VendureSandbox) -> None:
    assert ask(shop, "{me{channels{token}}}")["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


def test_more_than_a_thousand_rows_are_not_given(shop: VendureSandbox) -> None:
    assert ask(shop, "{customers(options:{take:5000}){totalItems}}") == {
        "errors": [
            {
                "message": "Cannot take more than 1000 results from a list query",
                "path": ["customers"],
                "extensions": {"code": "USER_INPUT_ERROR"},
            }
        ],
        "data": None,
    }


def test_after_excludes_its_own_second(shop: VendureSandbox) -> None:
    query = "query($o:CustomerListOptions){customers(options:$o){totalItems}}"
    counts = [
        ask(shop, query, o={"filter": {"updatedAt": {"after": f"2026-03-04T09:{time}.000Z"}}})
        for time in ("29:59", "30:00")
    ]
    assert [found["data"]["customers"]["totalItems"] for found in counts] == [3, 0]


def test_a_checkout_over_http_is_an_order(shop: VendureSandbox) -> None:
    placed = requests.post(
        f"{shop.url}/sandbox/checkout", json={"customer_id": 1, "items": [{"price": 3990}]}, timeout=5
    )
    assert placed.json() == {"order_id": 1, "number": "SANDBOX1", "state": "PaymentSettled"}
    for action in ("ship", "cancel"):
        requests.post(f"{shop.url}/sandbox/{action}", json={"order_id": 1}, timeout=5).raise_for_status()
    found = ask(shop, "{orders{items{state subTotalWithTax lines{quantity orderPlacedQuantity}}}}")
    assert found["data"]["orders"]["items"] == [
        {
            "state": "Cancelled",
            "subTotalWithTax": 0,
            "lines": [{"quantity": 0, "orderPlacedQuantity": 1}],
        }
    ]


def test_the_dashboard_shows_groups_and_codes(shop: VendureSandbox) -> None:
    shop.add_foreign_code("SOMMER")
    shop.set_tags("2", ["sk:stammkunde"])
    customers = requests.get(shop.admin_url, timeout=5).text
    assert "sk:stammkunde" in customers
    assert "c3@example.com" in customers
    filtered = requests.get(f"{shop.admin_url}?group=sk:stammkunde", timeout=5).text
    assert "c2@example.com" in filtered
    assert "c3@example.com" not in filtered
    assert "SOMMER" in requests.get(f"{shop.url}/admin/promotions", timeout=5).text
