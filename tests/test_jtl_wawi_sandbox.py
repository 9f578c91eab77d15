"""The sandbox of JTL-Wawi: it behaves as the description of the API says."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests

from adapters.jtl.wawi.sandbox import WawiSandbox
from connector.model import Kind
from connector.testing import fill, make_customer, make_order

ENTRY = {"Authorization": "Wawi wawi-sandbox", "X-AppID": "stammkunde/v1", "X-AppVersion": "1.0"}


@pytest.fixture
def shop() -> Iterator[WawiSandbox]:
    with WawiSandbox() as sandbox:
        yield sandbox


def ask(shop: WawiSandbox, path: str, headers: dict[str, str] = ENTRY, **params: Any) -> requests.Response:
    address = f"{shop.settings()['url']}/v1{path}"
    return requests.get(address, headers=headers, params=params, timeout=10)


def test_a_page_has_the_envelope_of_the_description(shop: WawiSandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 7)
    page = ask(shop, "/customers", pageNumber=2, pageSize=3).json()
    assert [row["Id"] for row in page.pop("Items")] == [1004, 1005, 1006]
    assert page == {
        "TotalItems": 7,
        "PageNumber": 2,
        "PageSize": 3,
        "TotalPages": 3,
        "HasPreviousPage": True,
        "HasNextPage": True,
        "NextPageNumber": 3,
        "PreviousPageNumber": 1,
    }
    assert ask(shop, "/customers", pageNumber=3, pageSize=3).json()["HasNextPage"] is False


def test_an_unknown_record_is_refused_in_the_words_of_the_api(shop: WawiSandbox) -> None:
    for path in ("/customers/1", "/salesOrders/1", "/salesOrders/1/lineitems", "/items/1"):
        answer = ask(shop, path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"ErrorCode", "ValidationErrors", "ErrorMessage", "Stacktrace"}


@pytest.mark.parametrize("missing", ["Authorization", "X-AppID", "X-AppVersion"])
def test_a_call_without_a_name_is_not_let_in(shop: WawiSandbox, missing: str) -> None:
    headers = {name: value for name, value in ENTRY.items() if name != missing}
    assert ask(shop, "/customers", headers).status_code == 401


def test_fields_are_not_read_by_the_permission_to_read_all() -> None:
    with WawiSandbox(scopes=["all.read"]) as shop:
        assert ask(shop, "/customers").status_code == 200
        assert ask(shop, "/customers/customfields").status_code == 403


def test_without_a_licence_nothing_is_given(shop: WawiSandbox) -> None:
    shop.entry.licensed = False
    assert (ask(shop, "/customers").status_code, ask(shop, "/customers").text) == (402, "")


def test_orders_are_filtered_by_customer_and_by_day(shop: WawiSandbox) -> None:
    shop.put(make_order("2001", customer_id="1001"))
    shop.put(make_order("2002", customer_id="1002"))
    mine = ask(shop, "/salesOrders", customerId=1002).json()["Items"]
    assert [row["Id"] for row in mine] == [2002]
    assert ask(shop, "/salesOrders", createdSince="2026-02-02T00:00:00Z").json()["TotalItems"] == 0


def test_the_cloud_counts_calls() -> None:
    with WawiSandbox(mode="cloud") as shop:
        shop.entry.calls_per_interval, shop.entry.interval = 2, 60
        answers = [ask(shop, "/customers", {}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["X-RateLimit-Interval-Length-Seconds"] == "60"


def test_the_administrator_may_decide_over_http(shop: WawiSandbox) -> None:
    address = f"{shop.url}/sandbox/registration"
    assert requests.post(f"{address}/accept", timeout=10).json() == {"done": True}
    assert requests.post(f"{address}/perhaps", timeout=10).status_code == 404


def test_the_page_shows_customers_with_their_field(shop: WawiSandbox) -> None:
    shop.put(make_customer("1001", group="Händler", tags=("sk:stammkunde", "<b>")))
    page = requests.get(shop.admin_url, timeout=10).text
    assert "Anna Schmidt" in page
    assert "Händler" in page
    assert "sk:stammkunde, &lt;b&gt;" in page


def test_a_sample_has_a_customer_for_every_order() -> None:
    with WawiSandbox(customers=60, today=date(2026, 11, 21)) as shop:
        page = ask(shop, "/salesOrders", pageSize=1000).json()
        customers = {row["Id"] for row in ask(shop, "/customers", pageSize=1000).json()["Items"]}
    assert page["TotalItems"] > 100
    assert {row["CustomerId"] for row in page["Items"]} <= customers
