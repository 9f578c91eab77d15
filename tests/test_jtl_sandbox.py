"""The JTL sandbox: it speaks as the plugin's page says, and as the shop's own API was recorded."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.jtl.sandbox import JtlSandbox
from connector.testing import make_customer, make_order, make_product

PAGE = Path(__file__).parents[1] / "docs" / "platforms" / "jtl-plugin-api.md"
SAMPLES = Path(__file__).parent / "jtl_samples"
KEY = {"X-Stammkunde-Key": "skj_sandbox"}
CORE_KEY = {"X-API-KEY": "core-sandbox"}


@pytest.fixture
def shop() -> Iterator[JtlSandbox]:
    with JtlSandbox() as sandbox:
        yield sandbox


def ask(shop: JtlSandbox, path: str, headers: dict[str, str] = KEY, **params: Any) -> requests.Response:
    return requests.get(f"{shop.url}{path}", headers=headers, params=params, timeout=10)


def plugin(shop: JtlSandbox, path: str, **params: Any) -> Any:
    answer = ask(shop, f"/stammkunde/v1{path}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(shop: JtlSandbox, *changes: dict[str, Any], run: str = "run-1", batch: int = 1) -> requests.Response:
    body = {"run": run, "batch": batch, "changes": changes}
    return requests.post(f"{shop.url}/stammkunde/v1/changes", headers=KEY, json=body, timeout=10)


def results(answer: requests.Response) -> list[tuple[str, str | None]]:
    return [(each["outcome"], each.get("error", {}).get("code")) for each in answer.json()["results"]]


def coupon(**values: Any) -> dict[str, Any]:
    known = {
        "type": "create-coupon",
        "mark": "sk:come-back:c1001:1",
        "code": "SKTEST23456",
        "customer_id": "1001",
        "title": "10 % für Sie",
        "percent": 10,
        "minimum": 0,
        "currency": "EUR",
        "starts": "2026-01-01T00:00:00Z",
        "ends": "2099-12-31T00:00:00Z",
        "bound": "customer",
    }
    return {**known, **values}


# -- the plugin, as its page has it -------------------------------------------------------------------------


def shown(heading: str) -> Any:
    """The first JSON below a heading of the page."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n### {heading}\n")[2]
    found = re.search(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, heading
    return json.loads(found[1])


def keys(value: Any) -> Any:
    """The names in an answer, all the way down; of a list those of its first element."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


@pytest.fixture
def full(shop: JtlSandbox) -> JtlSandbox:
    shop.put(make_product())
    shop.put(make_customer(tags=("sk:stammkunde",)))
    shop.put(make_order())
    assert results(send(shop, coupon())) == [("done", None)]
    assert shop.redeem("SKTEST23456", "1001") is None
    return shop


@pytest.mark.parametrize("path", ["/customers", "/products", "/orders", "/coupons", "/tags"])
def test_rows_have_the_names_that_the_page_shows(full: JtlSandbox, path: str) -> None:
    if path == "/tags":
        expected: Any = {"records": [{"customer_id": None, "tags": None}], "next": None}
    else:
        expected = keys(shown(f"GET {path}"))
    found = keys(plugin(full, path))
    for row in (expected["records"][0], found["records"][0]):
        for free in ("attributes", "payments", "coupons"):  # names of the owner's, or none in this order
            row.pop(free, None)
    assert found == expected


def test_ping_has_the_names_that_the_page_shows(full: JtlSandbox) -> None:
    assert keys(plugin(full, "/ping")) == keys(shown("GET /ping"))


def test_results_have_the_names_that_the_page_shows(full: JtlSandbox) -> None:
    page = PAGE.read_text(encoding="utf-8").partition("### POST /changes")[2]
    sent, answered = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)[:2])
    full.put(make_customer("1", group="Endkunden"))
    full.put(make_customer("7"))
    sent["changes"][1]["ends"] = sent["changes"][2]["ends"] = "2098-01-01T00:00:00Z"
    answer = requests.post(f"{full.url}/stammkunde/v1/changes", headers=KEY, json=sent, timeout=10).json()
    assert keys(answer) == keys(answered)
    assert [each["outcome"] for each in answer["results"]] == [
        "done",
        "done",
        "unchanged",
        "done",
        "refused",
        "done",
    ]


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/ping", {}, 401, "key-missing"),
        ("/ping", {"X-Stammkunde-Key": "skj_wrong"}, 401, "key-wrong"),
        ("/nothing", KEY, 404, "no-route"),
        ("/orders?limit=501", KEY, 400, "bad-request"),
        ("/orders?after=page2", KEY, 400, "bad-request"),
        ("/orders?modified_since=yesterday", KEY, 400, "bad-request"),
        ("/orders/by-ids?ids=" + ",".join(map(str, range(201))), KEY, 400, "bad-request"),
    ],
)
def test_errors(shop: JtlSandbox, path: str, headers: dict[str, str], status: int, code: str) -> None:
    answer = ask(shop, f"/stammkunde/v1{path}", headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_key_without_a_scope_may_not_do_that() -> None:
    add = {"type": "update-tags", "customer_id": "1001", "add": ["sk:a"], "remove": []}
    with JtlSandbox(scopes=["read", "groups"]) as shop:
        shop.put(make_customer())
        assert results(send(shop, add, coupon())) == [("refused", "scope-missing")] * 2
    with JtlSandbox(scopes=["read"]) as shop:
        answer = send(shop, add)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope-missing")
    with JtlSandbox(scopes=["tags"]) as shop:
        assert ask(shop, "/stammkunde/v1/ping").status_code == 403


def test_a_batch_sent_again_is_answered_and_not_applied_again(shop: JtlSandbox) -> None:
    shop.put(make_customer())
    first, again = send(shop, coupon()).json(), send(shop, coupon()).json()
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert first["results"] == again["results"]
    assert send(shop, coupon(percent=20)).json()["error"]["code"] == "batch-differs"
    assert plugin(shop, "/runs/run-1")["batches"][0]["batch"] == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"customer_id": "2"}, "customer-unknown"),
        ({"percent": 0}, "value-invalid"),
        ({"percent": 150}, "value-invalid"),
        ({"amount": 5.0}, "value-invalid"),
        ({"code": "ab"}, "code-invalid"),
        ({"starts": "2099-12-31T00:00:01Z"}, "dates-invalid"),
        ({"ends": "2026-01-02T00:00:00Z"}, "dates-invalid"),
        ({"currency": "CHF", "minimum": 10}, "currency-differs"),
        ({"type": "invent"}, "type-unknown"),
        ({"title": None, "code": None}, "field-invalid"),
    ],
)
def test_what_no_coupon_can_be_is_refused(shop: JtlSandbox, values: dict[str, Any], code: str) -> None:
    shop.put(make_customer())
    assert results(send(shop, coupon(**values))) == [("refused", code)]
    assert shop.codes() == frozenset()


def test_a_coupon_for_products_in_a_category_needs_one_that_is_both(shop: JtlSandbox) -> None:
    shop.put(make_customer())
    shop.put(make_product("3001", categories=("Kaffee",)))
    shop.put(make_product("3002", categories=("Bücher",)))
    wrong = coupon(products=["3001"], categories=["Bücher"])
    right = coupon(products=["3001", "3002"], categories=["bücher"])
    assert results(send(shop, wrong, right)) == [("refused", "goods-disjoint"), ("done", None)]


def test_tags_have_limits(shop: JtlSandbox) -> None:
    shop.put(make_customer())

    def add(*tags: str) -> dict[str, Any]:
        return {"type": "update-tags", "customer_id": "1001", "add": tags, "remove": []}

    many = [f"sk:{number}" for number in range(251)]
    wrong = [add("a" * 101), add("a,b"), add(""), add(*many), add("a" * 100)]
    codes = [code for _, code in results(send(shop, *wrong))]
    assert codes == ["tag-invalid", "tag-invalid", "tag-invalid", "too-many-tags", None]


# -- the shop's own API, as recorded ------------------------------------------------------------------------


def recorded(name: str) -> dict[str, Any]:
    data = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["data"]
    found: dict[str, Any] = data[0] if isinstance(data, list) else data
    return found


@pytest.mark.parametrize(
    ("path", "sample"),
    [
        ("customer", "customers"),
        ("order", "orders"),
        ("cart", "cart"),
        ("product", "products"),
        ("customerGroup", "customer_groups"),
    ],
)
def test_rows_are_part_of_what_was_recorded(full: JtlSandbox, path: str, sample: str) -> None:
    answer = ask(full, f"/api/v1/{path}", CORE_KEY).json()
    row, expected = answer["data"][0], recorded(sample)
    assert set(row) <= set(expected)
    for name in set(row) & {
        "id",
        "created",
        "lastModified",
        "state",
        "registered",
        "name",
        "mail",
    }:
        assert type(row[name]) is type(expected[name]), name
    assert set(answer["meta"]["cursor"]) == {"current", "prev", "next", "count"}


def test_positions_are_part_of_what_was_recorded(full: JtlSandbox) -> None:
    (item,) = ask(full, "/api/v1/cart/2001", CORE_KEY).json()["data"]["items"]
    assert set(item) <= set(recorded("cart")["items"][0])


def test_lists_go_on_behind_the_last_id(shop: JtlSandbox) -> None:
    for number in range(12):
        shop.put(make_customer(str(1001 + number)))
    first = ask(shop, "/api/v1/customer", CORE_KEY).json()
    assert (len(first["data"]), first["meta"]["cursor"]["next"]) == (10, "1010")
    rest = ask(shop, "/api/v1/customer", CORE_KEY, cursor=1010).json()
    assert [row["id"] for row in rest["data"]] == [1011, 1012]
    end = ask(shop, "/api/v1/customer", CORE_KEY, cursor=1012).json()
    assert end == {"data": [], "meta": {"cursor": {"current": 1012, "prev": 0, "next": -1, "count": 0}}}


def test_refusals_are_those_that_were_recorded(shop: JtlSandbox) -> None:
    shop.put(make_customer())
    answers = [
        ask(shop, "/api/v1/customer", {}),
        ask(shop, "/api/v1/customer", {"X-API-KEY": "nope"}),
        requests.put(f"{shop.url}/api/v1/customer/1001", headers=CORE_KEY, json={}, timeout=10),
        ask(shop, "/api/v1/customer/999", CORE_KEY),
        ask(shop, "/api/v1/coupon", CORE_KEY),
    ]
    assert [(answer.status_code, answer.headers["Content-Type"].partition(";")[0]) for answer in answers] == [
        (403, "application/json"),
        (403, "application/json"),
        (501, "application/json"),
        (404, "text/plain"),
        (404, "text/html"),
    ]
    assert [answer.text for answer in answers[:3]] == [
        '"Invalid api key"',
        '"No permissions for this operation"',
        "[]",
    ]


def test_a_single_customer_comes_with_a_hash_and_without_a_readable_name(shop: JtlSandbox) -> None:
    shop.put(make_customer())
    row = ask(shop, "/api/v1/customer/1001", CORE_KEY).json()["data"]
    assert row["password"].startswith("$2y$")
    assert row["surname"] != "Schmidt"


# -- checkout and backend -----------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_codes_are_refused_in_the_words_of_the_shop() -> None:
    clock = Clock()
    with JtlSandbox(now=clock) as shop:
        shop.put(make_customer("1001"))
        shop.put(make_customer("1002"))
        late = {"starts": "2026-11-22T00:00:00Z", "ends": "2026-11-23T00:00:00Z", "minimum": 100.01}
        assert results(send(shop, coupon(**late))) == [("done", None)]
        said = [shop.redeem("NOPE", "1001"), shop.redeem("SKTEST23456", "1001")]
        clock.now += timedelta(days=2)
        said.append(shop.redeem("SKTEST23456", "1001"))
        shop.shop.coupons[1].minimum = 0
        said += [shop.redeem("SKTEST23456", "1002"), shop.redeem("SKTEST23456", "1001")]
        said.append(shop.redeem("SKTEST23456", "1001"))
        clock.now += timedelta(days=2)
        said.append(shop.redeem("SKTEST23456", "1001"))
    assert said == [
        "Der eingegebene Coupon-Code ist ungültig.",
        "Fehler: Kupon ist nicht mehr gültig.",
        "Fehler: Mindestbestellwert noch nicht erreicht.",
        "Der Coupon gilt nicht für Ihr Kundenkonto.",
        None,
        "Fehler: Maximale Verwendungen erreicht.",
        "Fehler: Kupon ist nicht mehr gültig (Datum abgelaufen).",
    ]


def test_what_buyers_do_can_be_said_over_http(shop: JtlSandbox) -> None:
    shop.put(make_customer())

    def post(path: str, **body: Any) -> requests.Response:
        return requests.post(f"{shop.url}/sandbox/{path}", json=body, timeout=10)

    order = post("checkout", customer_id=1001, price=50.0).json()
    assert order == {"order_id": 1, "number": "10001", "total": 50.0, "state": 1}
    assert [post(path, order_id=1).json()["state"] for path in ("pay", "ship", "cancel")] == [3, 4, -1]
    assert post("pay", order_id=9).json() == {"refused": "Diese Bestellung gibt es nicht."}
    assert post("checkout", customer_id=9).status_code == 422
    assert post("checkout").status_code == 400
    assert post("delete-customer", customer_id=1001).json() == {"done": True}


def test_the_backend_shows_tags_and_codes(full: JtlSandbox) -> None:
    full.put(make_customer("1002", guest=True, first_name="Gustav"))
    customers = ask(full, "/admin/customers", {}).text
    assert "sk:stammkunde" in customers
    assert "Gast" in customers
    assert "Gustav" not in ask(full, "/admin/customers", {}, tag="sk:stammkunde").text
    coupons = ask(full, "/admin/coupons", {}).text
    assert "SKTEST23456" in coupons
    assert "sk:come-back:c1001:1" in coupons
    assert ask(full, "/admin", {}).url.endswith("/admin/customers")
    assert ask(full, "/admin/style.css", {}).headers["Content-Type"].startswith("text/css")


def test_a_sample_shop_has_guests_with_a_record_of_their_own() -> None:
    with JtlSandbox(customers=100, today=datetime(2026, 11, 20, tzinfo=UTC).date()) as shop:
        ping = plugin(shop, "/ping")
        orders = plugin(shop, "/orders", limit=500)
    assert (ping["counts"]["customers"], ping["counts"]["products"]) == (100, 60)
    assert ping["counts"]["guests"] > 0
    assert [row["id"] for row in orders["records"] if row["customer_id"] is None] == []
