"""The sandbox answers as a real Medusa 2.21.2 did when the same was asked; the answers below are recorded."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any

import pytest
import requests

from adapters.medusa.sandbox import MedusaSandbox
from connector.model import Payment
from connector.testing import make_customer, make_order, make_product

COUPON: dict[str, Any] = {
    "code": "VIP10",
    "type": "standard",
    "status": "active",
    "is_automatic": False,
    "application_method": {
        "type": "percentage",
        "target_type": "order",
        "value": 10,
        "currency_code": "eur",
        "allocation": "across",
    },
    "campaign": {
        "name": "C VIP10",
        "campaign_identifier": "c-VIP10",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2099-12-31T23:59:59Z",
        "budget": {"type": "usage", "limit": 1},
    },
}


@pytest.fixture
def shop() -> Iterator[MedusaSandbox]:
    """Three customers, the first of them in a group."""
    with MedusaSandbox() as sandbox:
        for number in (1, 2, 3):
            sandbox.put(make_customer(f"cus_{number}"))
        sandbox.set_tags("cus_1", ["seg:VIP"])
        yield sandbox


def ask(shop: MedusaSandbox, path: str, key: str = "sk_sandbox", **params: Any) -> Any:
    answer = requests.get(f"{shop.url}/admin{path}", params=params, auth=(key, ""), timeout=5)
    return answer.status_code, answer.json()


def post(shop: MedusaSandbox, path: str, body: Any) -> Any:
    answer = requests.post(f"{shop.url}/admin{path}", json=body, auth=("sk_sandbox", ""), timeout=5)
    return answer.status_code, answer.json()


def act(shop: MedusaSandbox, path: str, **body: Any) -> Any:
    return requests.post(f"{shop.url}/sandbox{path}", json=body, timeout=5).json()


def group_id(shop: MedusaSandbox) -> str:
    (group,) = shop.shop.groups
    return group


# -- as recorded --------------------------------------------------------------------------------------------


def test_whoever_is_not_known_is_unauthorized(shop: MedusaSandbox) -> None:
    assert ask(shop, "/customers", key="sk_wrong") == (401, {"message": "Unauthorized"})


def test_a_name_of_a_group_is_taken_once(shop: MedusaSandbox) -> None:
    message = "Customer group with name: seg:VIP, already exists."
    assert post(shop, "/customer-groups", {"name": "seg:VIP"}) == (
        400,
        {"type": "invalid_data", "message": message},
    )


def test_an_unknown_customer_keeps_everybody_out_of_a_group(shop: MedusaSandbox) -> None:
    message = "You tried to set relationship customer_id: cus_nope, but such entity does not exist"
    path = f"/customer-groups/{group_id(shop)}/customers"
    assert post(shop, path, {"add": ["cus_2", "cus_nope"]}) == (
        404,
        {"type": "not_found", "message": message},
    )
    assert shop.tags_of("cus_2") == frozenset()
    assert post(shop, path, {"add": ["cus_1", "cus_2"], "remove": ["cus_nope", "cus_3"]})[0] == 200
    assert shop.tags_of("cus_2") == {"seg:VIP"}


def test_members_are_asked_for_by_their_group(shop: MedusaSandbox) -> None:
    assert ask(shop, "/customers", groups=group_id(shop), fields="id,groups.name") == (
        200,
        {
            "customers": [{"id": "cus_1", "groups": [{"id": group_id(shop), "name": "seg:VIP"}]}],
            "count": 1,
            "offset": 0,
            "limit": 50,
        },
    )


def test_metadata_is_merged_and_an_empty_text_takes_a_key_away(shop: MedusaSandbox) -> None:
    for sent, kept in (
        ({"a": "1", "b": "2"}, {"a": "1", "b": "2"}),
        ({"a": None}, {"a": None, "b": "2"}),
        ({"b": ""}, {"a": None}),
    ):
        answer = post(shop, "/customers/cus_1?fields=id,metadata", {"metadata": sent})
        assert answer == (200, {"customer": {"id": "cus_1", "metadata": kept}})
    message = 'Customer with id "cus_x" not found'
    assert post(shop, "/customers/cus_x", {"metadata": {}}) == (
        404,
        {"type": "not_found", "message": message},
    )


def test_a_code_and_a_campaign_are_taken_once(shop: MedusaSandbox) -> None:
    assert post(shop, "/promotions", COUPON)[0] == 200
    other = {**COUPON, "campaign": {**COUPON["campaign"], "campaign_identifier": "other"}}
    answers = [post(shop, "/promotions", wish)[1]["message"] for wish in (COUPON, other)]
    assert answers == [
        "Promotion campaign with campaign_identifier: c-VIP10, already exists.",
        "Promotion with code: VIP10, already exists.",
    ]
    assert post(shop, "/promotions", {**other, "code": "vip10"})[0] == 200


def test_products_are_not_asked_for_behind_an_id(shop: MedusaSandbox) -> None:
    assert ask(shop, "/products", **{"id[$gt]": "x"})[0] == 400
    assert ask(shop, "/customers", **{"id[$gt]": "cus_2", "fields": "id"})[1]["customers"] == [
        {"id": "cus_3"}
    ]


def test_the_total_of_an_order_drops_after_a_refund(shop: MedusaSandbox) -> None:
    shop.put(make_order(customer_id="cus_1"))
    shop.checkout.refund("2001", 5950)
    _, answer = ask(shop, "/orders", fields="total,summary,payment_status")
    (order,) = answer["orders"]
    assert (order["total"], order["summary"]["original_order_total"]) == (59.5, 119)
    assert (order["status"], order["payment_status"]) == ("pending", "partially_refunded")


def test_lines_come_with_every_order(shop: MedusaSandbox) -> None:
    shop.put(make_order(customer_id="cus_1"))
    (order,) = ask(shop, "/orders", fields="id")[1]["orders"]
    assert set(order) == {"id", "status", "payment_status", "fulfillment_status", "items"}
    (line,) = order["items"]
    assert (line["unit_price"], line["quantity"], line["is_tax_inclusive"]) == (59.5, 2, True)
    assert "tax_lines" not in line


def test_a_payment_and_a_refund_of_what_came_back_move_no_date() -> None:
    minutes = count()
    shop = MedusaSandbox(now=lambda: datetime(2026, 4, 1, tzinfo=UTC) + timedelta(minutes=next(minutes)))
    shop.put(make_order(customer_id="cus_1", payment=Payment.NONE))
    order, act = shop.shop.orders["2001"], shop.checkout
    dates = [order.updated_at]
    steps: list[Callable[[], object]] = [
        lambda: act.capture("2001"),
        lambda: act.take_back("2001", 1),
        lambda: act.refund("2001", 5950),
        lambda: act.refund("2001", 100),
    ]
    for step in steps:
        step()
        dates.append(order.updated_at)
    assert [later > earlier for earlier, later in pairwise(dates)] == [False, True, False, True]


# -- at the counter -----------------------------------------------------------------------------------------


def test_a_checkout_over_http_is_an_order(shop: MedusaSandbox) -> None:
    shop.put(make_product("prod_1"))
    placed = act(shop, "/checkout", customer_id="cus_1", items=[{"price": 3990, "product": "prod_1"}])
    assert (placed["number"], placed["state"]) == ("#1", "captured")
    number = placed["order_id"]
    assert act(shop, "/return", order_id=number)["state"] == "captured"
    assert act(shop, "/refund", order_id=number, amount=3990)["state"] == "partially_refunded"
    assert act(shop, "/ship", order_id=number)["order_id"] == number
    assert act(shop, "/cancel", order_id=number)["state"] == "refunded"
    assert act(shop, "/ship", order_id="order_x") == {"refused": "There is no such order."}


def test_a_code_is_used_once_and_not_given_back_by_a_cancellation(shop: MedusaSandbox) -> None:
    post(shop, "/promotions", COUPON)
    order = act(shop, "/checkout", customer_id="cus_1", codes=["VIP10"])
    act(shop, "/cancel", order_id=order["order_id"])
    nothing = {"refused": "The promotion code VIP10 changes nothing."}
    assert act(shop, "/checkout", customer_id="cus_2", codes=["VIP10"]) == nothing


def test_a_guest_has_one_record_for_an_address(shop: MedusaSandbox) -> None:
    for email in ("Gast@example.com", "gast@example.com"):
        act(shop, "/checkout", email=email)
    guests = [each for each in shop.shop.customers.values() if not each.has_account]
    assert [guest.email for guest in guests] == ["gast@example.com"]
    assert act(shop, "/checkout") == {"refused": "A guest needs an e-mail address."}


def test_the_dashboard_shows_groups_and_codes(shop: MedusaSandbox) -> None:
    shop.add_foreign_code("SOMMER")
    post(shop, "/promotions", COUPON)
    shop.set_tags("cus_2", ["sk:stammkunde"])
    customers = requests.get(shop.admin_url, timeout=5).text
    assert "sk:stammkunde" in customers
    assert "ccus_3@example.com" in customers
    filtered = requests.get(f"{shop.admin_url}?group=sk:stammkunde", timeout=5).text
    assert "ccus_2@example.com" in filtered
    assert "ccus_3@example.com" not in filtered
    promotions = requests.get(f"{shop.url}/app/promotions", timeout=5).text
    assert "SOMMER" in promotions
    assert "C VIP10" in promotions


def test_a_sample_shop_is_sold_from(shop: MedusaSandbox) -> None:
    with MedusaSandbox(customers=30, seed=2) as sample:
        _, people = ask(sample, "/customers", fields="id", limit=1)
        _, orders = ask(sample, "/orders", fields="id", limit=1)
    assert people["count"] >= 30
    assert orders["count"] > 30
