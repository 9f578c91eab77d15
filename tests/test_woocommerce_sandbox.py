"""The WooCommerce sandbox: it answers as the running shop was recorded to."""

import json
import queue
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from requests_oauthlib import OAuth1

from adapters.woocommerce import WooCommerceAdapter
from adapters.woocommerce.sandbox import WooCommerceSandbox
from adapters.woocommerce.sandbox.shop import Profile
from adapters.woocommerce.sandbox.webhooks import Hook
from adapters.woocommerce.webhooks import sign
from connector.model import Kind
from connector.testing import START, fill, make_customer, make_order, make_product

SAMPLES = Path(__file__).parent / "woocommerce_samples"


@pytest.fixture
def shop() -> Iterator[WooCommerceSandbox]:
    with WooCommerceSandbox() as sandbox:
        yield sandbox


def call(
    shop: WooCommerceSandbox, method: str, path: str, body: Any = None, **params: Any
) -> requests.Response:
    signed = OAuth1("ck_sandbox", "cs_sandbox", signature_method="HMAC-SHA256")
    url = f"{shop.url}/wp-json/wc/v3{path}"
    return requests.request(method, url, auth=signed, json=body, params=params, timeout=10)


def get(shop: WooCommerceSandbox, path: str, **params: Any) -> Any:
    answer = call(shop, "GET", path, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def do(shop: WooCommerceSandbox, path: str, **body: Any) -> Any:
    return requests.post(f"{shop.url}/sandbox{path}", json=body, timeout=10).json()


def recorded(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


# -- as recorded --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "sample"), [("customers", "customers"), ("coupons", "coupons")])
def test_rows_have_fields_that_were_recorded(shop: WooCommerceSandbox, name: str, sample: str) -> None:
    shop.put(make_customer(tags=("sk:a",)))
    shop.add_foreign_code("SOMMER")
    (row,) = get(shop, f"/{name}", role="all") if name == "customers" else get(shop, f"/{name}")
    assert set(row) <= set(recorded(sample)[-1])
    assert {type(row[key]) for key in ("id", "date_created_gmt")} == {int, str}


def test_an_order_and_its_refund_have_fields_that_were_recorded(shop: WooCommerceSandbox) -> None:
    fill(shop, Kind.ORDERS, 1)
    shop.checkout.take_back(2001, 1)
    (order,), (refund,) = get(shop, "/orders", status="any"), get(shop, "/orders/2001/refunds")
    sample = recorded("order")
    assert set(order) <= set(sample)
    assert set(order["line_items"][0]) <= set(sample["line_items"][0])
    assert set(refund) - {"parent_id"} <= set(recorded("refunds")[0])
    assert (refund["line_items"][0]["quantity"], refund["amount"]) == (-1, "59.50")
    assert refund["line_items"][0]["meta_data"][0]["key"] == "_refunded_item_id"
    assert order["total"] == "119.00", "it stays gross after a refund"


def test_a_batch_has_an_error_for_each_item(shop: WooCommerceSandbox) -> None:
    shop.put(make_customer("2"))
    update = [{"id": 2, "meta_data": [{"key": "segments", "value": ["vip"]}]}, {"id": 9999, "meta_data": []}]
    first, unknown = call(shop, "POST", "/customers/batch", {"update": update}).json()["update"]
    assert first["meta_data"][0]["value"] == ["vip"]
    assert unknown == next(each for each in recorded("batch")["update"] if each["id"] == 9999)


def test_more_than_a_hundred_are_refused(shop: WooCommerceSandbox) -> None:
    assert call(shop, "GET", "/customers", per_page=101).status_code == 400
    assert call(shop, "POST", "/customers/batch", {"update": [{"id": 1}] * 101}).status_code == 413


def test_basic_over_http_is_not_looked_at(shop: WooCommerceSandbox) -> None:
    answer = requests.get(
        f"{shop.url}/wp-json/wc/v3/customers", auth=("ck_sandbox", "cs_sandbox"), timeout=10
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "woocommerce_rest_cannot_view")


def test_a_signature_is_taken_once(shop: WooCommerceSandbox) -> None:
    signed = requests.Request("GET", f"{shop.url}/wp-json/wc/v3/customers").prepare()
    signed = OAuth1("ck_sandbox", "cs_sandbox", signature_method="HMAC-SHA256")(signed)
    with requests.Session() as session:
        statuses = [session.send(signed, timeout=10).status_code for _ in range(2)]
    assert statuses == [200, 401]


# -- what it does not say -----------------------------------------------------------------------------------


def test_customers_do_not_know_modified_after(shop: WooCommerceSandbox) -> None:
    fill(shop, Kind.CUSTOMERS, 3)
    assert len(get(shop, "/customers", role="all", modified_after="2099-01-01T00:00:00")) == 3


def test_a_page_drifts_when_an_order_is_touched(shop: WooCommerceSandbox) -> None:
    fill(shop, Kind.ORDERS, 6)
    asked = {"status": "any", "orderby": "modified", "order": "asc", "per_page": 3, "_fields": "id"}
    first = get(shop, "/orders", page=1, **asked)
    do(shop, "/pay", order_id=2001)
    second = get(shop, "/orders", page=2, **asked)
    assert [row["id"] for row in first + second] == [2001, 2002, 2003, 2005, 2006, 2001]


def test_a_time_with_a_zone_is_off_by_the_shops_offset(shop: WooCommerceSandbox) -> None:
    fill(shop, Kind.ORDERS, 3)
    asked = {"status": "any", "dates_are_gmt": "true"}
    naive = f"{START:%Y-%m-%dT%H:%M:%S}"
    assert len(get(shop, "/orders", modified_after=naive, **asked)) == 2
    assert len(get(shop, "/orders", modified_after=f"{naive}Z", **asked)) == 0


def test_the_end_of_a_coupon_is_taken_from_one_field_only(shop: WooCommerceSandbox) -> None:
    made = call(
        shop, "POST", "/coupons/batch", {"create": [{"code": "A", "date_expires_gmt": "2030-01-01T00:00:00"}]}
    )
    assert made.json()["create"][0]["date_expires_gmt"] is None
    changed = call(
        shop, "POST", "/coupons/1", {"date_expires": "2030-07-01T00:00:00", "status": "draft"}
    ).json()
    assert (changed["date_expires_gmt"], changed["status"]) == ("2030-06-30T22:00:00", "publish")


def test_an_address_that_is_none_is_dropped_in_silence(shop: WooCommerceSandbox) -> None:
    create = [
        {"code": "A", "email_restrictions": ["not-an-email"]},
        {"code": "B", "email_restrictions": ["A@b.de"]},
    ]
    rows = call(shop, "POST", "/coupons/batch", {"create": create}).json()["create"]
    assert [row["email_restrictions"] for row in rows] == [[], ["a@b.de"]]


def test_a_code_is_there_in_any_capitals(shop: WooCommerceSandbox) -> None:
    shop.add_foreign_code("VIP10")
    (again,) = call(shop, "POST", "/coupons/batch", {"create": [{"code": "vip10"}]}).json()["create"]
    assert again["error"]["code"] == "woocommerce_rest_coupon_code_already_exists"
    assert [row["code"] for row in get(shop, "/coupons", code="Vip10")] == ["VIP10"]


# -- buyers and the merchant --------------------------------------------------------------------------------


def test_an_order_goes_from_checkout_to_refund(shop: WooCommerceSandbox) -> None:
    shop.put(make_customer())
    shop.put(make_product())
    shop.add_foreign_code("SOMMER")
    basket = {"customer_id": 1001, "goods": [{"product": 3001, "price": 100}], "codes": ["sommer"]}
    placed = do(shop, "/checkout", **basket)
    assert placed == {"order_id": 1, "number": "1", "total": "100.00", "status": "on-hold"}
    assert do(shop, "/pay", order_id=1)["status"] == "processing"
    assert do(shop, "/ship", order_id=1)["status"] == "completed"
    assert do(shop, "/take-back", order_id=1)["status"] == "completed"
    (order,) = get(shop, "/orders", status="any")
    assert [refund["total"] for refund in order["refunds"]] == ["-95.00"]
    assert (order["coupon_lines"][0]["code"], order["shipping_total"]) == ("SOMMER", "4.20")
    assert do(shop, "/refund", order_id=1)["status"] == "refunded"
    assert do(shop, "/trash", order_id=1) == {"done": True}
    assert get(shop, "/orders", status="any") == []
    assert do(shop, "/delete-customer", customer_id=1001) == {"done": True}


def test_the_checkout_says_why_not(shop: WooCommerceSandbox) -> None:
    assert do(shop, "/checkout", codes=["NIX"]) == {"refused": 'Coupon "NIX" does not exist!'}
    assert do(shop, "/checkout", customer_id=7) == {"refused": "There is no such account."}
    assert do(shop, "/cancel", order_id=7) == {"refused": "There is no such order."}


def test_webhooks_are_delivered_signed_and_given_up_after_five_failures(shop: WooCommerceSandbox) -> None:
    received: queue.Queue[tuple[str, str, bytes]] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((self.headers["X-WC-Webhook-Topic"], self.headers["X-WC-Webhook-Signature"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    refusing = Hook(topic="order.created", url="http://127.0.0.1:9/none")
    shop.webhooks.hooks += [
        Hook(topic="order.created", url=f"http://127.0.0.1:{server.server_port}/"),
        refusing,
    ]
    for _ in range(6):
        do(shop, "/checkout", email="gast@example.com", goods=[{"price": 20}])
    topic, signature, body = received.get(timeout=5)
    assert (topic, signature) == ("order.created", sign(body, "whs_sandbox"))
    assert json.loads(body)["billing"]["email"] == "gast@example.com"
    shop.stop()
    server.shutdown()
    server.server_close()
    assert (shop.webhooks.statuses.count(200), refusing.failures) == (6, 5)


def test_a_sample_shop_is_read_by_its_pages() -> None:
    with WooCommerceSandbox(customers=40) as shop:
        users = requests.get(shop.admin_url, timeout=10).text
        coupons = requests.get(f"{shop.url}/wp-admin/coupons", timeout=10).text
        assert requests.get(f"{shop.url}/wp-admin", timeout=10).url.endswith("/wp-admin/users")
    assert "Kunden <small>" in users
    assert "Noch keine Gutscheine." in coupons


def test_the_users_list_shows_tags_and_open_codes(shop: WooCommerceSandbox) -> None:
    shop.put(make_customer("1001", first_name="Anna", tags=("sk:stammkunde", "<b>")))
    shop.put(make_customer("1002", first_name="Gustav"))
    meta = [
        {"key": "stammkunde_mark", "value": "sk:a:c1001:1"},
        {"key": "stammkunde_customer", "value": "1001"},
    ]
    call(shop, "POST", "/coupons/batch", {"create": [{"code": "SKTEST23456", "meta_data": meta}]})
    page = requests.get(shop.admin_url, params={"tag": "sk:stammkunde"}, timeout=10).text
    assert "Anna" in page
    assert "SKTEST23456" in page
    assert "&lt;b&gt;" in page
    assert "Gustav" not in page


# -- the checkout -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goods", "taken_off"),
    [
        ([("3001", 1000, False)], None),
        ([("3002", 2000, False)], None),
        ([("3001", 1000, False), ("3002", 2000, False)], 300),
        ([("3001", 1000, False), ("3002", 2000, False), ("3003", 4000, False)], 300),
        ([("3001", 1000, False), ("3002", 2000, True)], None),
        ([("3001", 1000, True), ("3002", 2000, False)], 200),
    ],
)
def test_a_basket_needs_something_of_both_lists_and_a_percentage_comes_off_either(
    shop: WooCommerceSandbox, goods: list[tuple[str, int, bool]], taken_off: int | None
) -> None:
    shop.put(make_product("3001", categories=()))
    shop.put(make_product("3002", categories=("Tee",)))
    coupon = {
        "code": "BOTH",
        "discount_type": "percent",
        "amount": "10",
        "product_ids": [3001],
        "product_categories": [shop.shop.term("category", "Tee")],
        "exclude_sale_items": True,
    }
    assert call(shop, "POST", "/coupons/batch", {"create": [coupon]}).status_code == 200
    refused, off, _ = shop.check_out(["BOTH"], None, "anna@example.com", goods)
    assert (None if refused else off) == taken_off


@pytest.mark.parametrize(("third", "taken_off"), [(False, 500), (True, None)])
def test_an_amount_comes_off_the_whole_basket_unless_something_is_barred(
    shop: WooCommerceSandbox, third: bool, taken_off: int | None
) -> None:
    shop.put(make_product("3001", categories=("Tee",)))
    coupon = {
        "code": "AMOUNT",
        "discount_type": "fixed_cart",
        "amount": "5.00",
        "product_categories": [shop.shop.term("category", "Tee")],
        "exclude_sale_items": True,
    }
    assert call(shop, "POST", "/coupons/batch", {"create": [coupon]}).status_code == 200
    goods = [("3001", 1000, False), ("3002", 2000, False), ("3003", 4000, third)]
    refused, off, _ = shop.check_out(["AMOUNT"], None, "anna@example.com", goods)
    assert (None if refused else off) == taken_off


# -- https --------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate of this machine, in one file."""
    path = tmp_path / "local.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "-", "-out", "-"],
        capture_output=True, check=True,
    )  # fmt: skip
    path.write_bytes(made.stdout)
    return path


def test_over_https_the_keys_go_as_basic(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(200)
            for name, value in (("X-WP-Total", "0"), ("X-WP-TotalPages", "0"), ("Content-Length", "2")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    url = f"https://127.0.0.1:{server.server_port}/wp-json/wc/v3/"
    adapter = WooCommerceAdapter(url=url, key=SecretStr("ck_x"), secret=SecretStr("cs_x"))
    assert list(adapter.customers(None, None)) == []
    adapter.close()
    server.shutdown()
    server.server_close()
    assert [b64decode(header.removeprefix("Basic ")) for header in seen] == [b"ck_x:cs_x"]


def test_a_shop_of_another_profile_says_so() -> None:
    with WooCommerceSandbox(profile=Profile(name="Teehaus", currency="CHF")) as shop:
        index = requests.get(f"{shop.url}/wp-json/", timeout=10).json()
        assert (index["name"], get(shop, "/settings/general/woocommerce_currency")["value"]) == (
            "Teehaus",
            "CHF",
        )
        shop.put(make_order("2001", currency="CHF"))
        assert get(shop, "/orders", status="any")[0]["currency"] == "CHF"
