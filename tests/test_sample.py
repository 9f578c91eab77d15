"""The sample shop, files of orders, and the loopback server."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import msgspec
import pytest
import requests
from flask import Blueprint, Flask, Response, render_template, request

from connector.errors import ConfigError
from connector.model import Customer, Order, Payment, Product, Record, Shipment
from connector.sample import coffee_roaster, currency_of, read_file
from connector.sample.admin import Section, admin, is_wanted, listing, ours_first
from connector.sample.controls import asked, control_routes
from connector.sample.faults import Trouble
from connector.sample.server import LoopbackServer, application_of
from connector.sample.webhooks import send

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def shop() -> list[Record]:
    return list(coffee_roaster(customers=3000, seed=1, today=TODAY))


@pytest.fixture(scope="module")
def orders(shop: list[Record]) -> list[Order]:
    return [record for record in shop if isinstance(record, Order)]


@pytest.fixture(scope="module")
def customers(shop: list[Record]) -> list[Customer]:
    return [record for record in shop if isinstance(record, Customer)]


class TestRoaster:
    def test_the_same_seed_is_the_same_shop_and_another_seed_another(self) -> None:
        first = list(coffee_roaster(customers=30, seed=7, today=TODAY))
        assert list(coffee_roaster(customers=30, seed=7, today=TODAY)) == first
        assert list(coffee_roaster(customers=30, seed=8, today=TODAY)) != first

    def test_sells_sixty_products_with_categories_tags_and_skus(self, shop: list[Record]) -> None:
        products = [record for record in shop if isinstance(record, Product)]
        assert len(products) == 60
        assert {"espresso", "filter", "zubehör", "probierpaket"} <= {
            tag for each in products for tag in each.tags
        }
        assert all(each.categories and each.skus for each in products)

    def test_every_total_is_the_sum_of_its_parts(self, orders: list[Order]) -> None:
        for order in orders:
            assert order.total == order.goods - order.discounts + order.shipping + order.tax

    def test_lines_carry_prices_with_tax(self, orders: list[Order]) -> None:
        order = next(each for each in orders if each.shipping == 0 and not each.discounts)
        assert sum(line.total for line in order.lines) == order.total

    def test_most_buy_once_and_a_few_very_often(self, orders: list[Order]) -> None:
        counts = Counter(order.customer_id for order in orders if order.customer_id)
        assert 0.45 < sum(count == 1 for count in counts.values()) / len(counts) < 0.6
        assert sum(count >= 10 for count in counts.values()) > 100
        assert max(counts.values()) > 25

    def test_looks_back_on_three_years(self, orders: list[Order]) -> None:
        days = [order.placed_at.date() for order in orders]
        assert date(2023, 11, 1) < min(days) < date(2024, 1, 15)
        assert max(days) == TODAY

    def test_sells_more_before_christmas_than_in_summer(self, orders: list[Order]) -> None:
        months = Counter((order.placed_at.year, order.placed_at.month) for order in orders)
        assert months[2025, 12] > 1.2 * months[2025, 7]

    def test_ids_and_numbers_rise_with_time(self, orders: list[Order]) -> None:
        by_time = sorted(orders, key=lambda order: (order.placed_at, order.id))
        assert [order.id for order in by_time] == sorted(order.id for order in orders)
        assert len({order.number for order in orders}) == len(orders)

    def test_has_everything_that_makes_real_orders_awkward(self, orders: list[Order]) -> None:
        assert {order.payment_method for order in orders} == {"PayPal", "Kreditkarte", "Rechnung", "Vorkasse"}
        assert {order.channel for order in orders} == {"web", "pos"}
        assert any(order.customer_id is None for order in orders)
        assert any(order.test for order in orders)
        assert any(order.cancelled_at for order in orders)
        assert any(order.payment is Payment.NONE and order.shipment is Shipment.NONE for order in orders)
        assert any(order.all_returned() for order in orders)
        assert any(order.refunds and order.refunded() < order.total for order in orders)
        assert any("WILLKOMMEN10" in order.codes and order.discounts for order in orders)
        assert {"DE", "AT", "CH"} <= {order.country for order in orders}

    def test_has_everything_that_makes_real_customers_awkward(self, customers: list[Customer]) -> None:
        emails = Counter(customer.email for customer in customers if customer.email)
        tags = Counter(tag for customer in customers for tag in customer.tags)
        levels = {
            consent.level for each in customers for consent in each.consents if consent.state == "subscribed"
        }
        assert max(emails.values()) == 2
        assert any(customer.email is None for customer in customers)
        assert 0.02 < tags["b2b"] / len(customers) < 0.04
        assert tags["staff"] > 0
        assert tags["VIP"] > 0
        assert tags["Newsletter 2024"] > 0
        assert levels == {"confirmed", "single"}
        assert any("ü" in (customer.last_name or "") for customer in customers)

    def test_the_shops_own_figures_leave_out_cancelled_and_test_orders(self, shop: list[Record]) -> None:
        customer: Customer | None = None
        spent = Counter[str]()
        for record in shop:
            if (
                isinstance(record, Order)
                and record.customer_id
                and not record.test
                and not record.cancelled_at
            ):
                spent[record.customer_id] += record.total - sum(refund.amount for refund in record.refunds)
        for customer in (record for record in shop if isinstance(record, Customer)):
            assert customer.shop_amount_spent == spent[customer.id]

    def test_guests_sometimes_use_the_address_of_an_account(self) -> None:
        shop = list(coffee_roaster(customers=8000, seed=3, today=TODAY))
        known = {record.email for record in shop if isinstance(record, Customer)} - {None}
        guests = [each for each in shop if isinstance(each, Order) and each.customer_id is None]
        assert any(guest.email in known for guest in guests)


CDNOW = """ customer_id  date number_of_cds  dollar_value
 00001 19970101  1   11.77
 00002 19970112  1   12.00
 00002 19970112  5   77.00
"""


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class TestFiles:
    def test_cdnow_rows_are_orders_in_dollars(self, tmp_path: Path) -> None:
        path = written(tmp_path / "CDNOW_master.txt", CDNOW.replace("\n", "\r\n"))
        found = list(read_file(path))
        assert [record.id for record in found] == ["1", "1", "2", "2", "3"]
        order = found[4]
        assert isinstance(order, Order)
        assert (order.customer_id, order.total, order.currency) == ("2", 7700, "USD")
        assert order.placed_at == datetime(1997, 1, 12, 12, tzinfo=UTC)
        assert order.lines[0].quantity == 5
        assert currency_of(path) == "USD"

    def test_cdnow_without_a_header_is_read_too(self, tmp_path: Path) -> None:
        path = written(tmp_path / "cdnow.txt", CDNOW.split("\n", 1)[1])
        assert len(list(read_file(path))) == 5

    def test_two_purchases_on_one_day_are_two_orders(self, tmp_path: Path) -> None:
        found = list(read_file(written(tmp_path / "cdnow.txt", CDNOW)))
        second = [record for record in found if isinstance(record, Order) and record.customer_id == "2"]
        assert [order.total for order in second] == [1200, 7700]

    def test_a_csv_with_a_header(self, tmp_path: Path) -> None:
        path = written(
            tmp_path / "orders.csv",
            "order_id,customer_id,email,date,total,country\n"
            "17,9,käthe@example.com,2026-01-31,19.90,AT\n"
            "18,9,käthe@example.com,2026-02-01T10:30:00+01:00,5,AT\n",
        )
        customer, first, second = read_file(path)
        assert isinstance(customer, Customer)
        assert isinstance(first, Order)
        assert isinstance(second, Order)
        assert (customer.email, customer.shop_order_count, customer.shop_amount_spent) == (
            "käthe@example.com",
            2,
            2490,
        )
        assert (first.id, first.total, first.currency, first.country) == ("17", 1990, "EUR", "AT")
        assert second.placed_at == datetime(2026, 2, 1, 9, 30, tzinfo=UTC)

    def test_a_csv_of_a_german_spreadsheet(self, tmp_path: Path) -> None:
        path = written(
            tmp_path / "export.csv", "\ufeffemail;date;total;currency\na@example.com;2026-01-31;7.5;CHF\n"
        )
        customer, order = read_file(path)
        assert customer.id == "a@example.com"
        assert isinstance(order, Order)
        assert (order.total, order.currency) == (750, "CHF")

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("customer_id,date,total\n1,2026-01-31,1.00\n1,yesterday,1.00\n", "line 3"),
            ("00001 19970101 1 11.77\n00001 19970101 1\n", "line 2"),
        ],
    )
    def test_a_line_that_makes_no_sense_is_named(self, tmp_path: Path, text: str, place: str) -> None:
        path = written(tmp_path / "orders.csv", text)
        with pytest.raises(ConfigError, match=place):
            list(read_file(path))

    @pytest.mark.parametrize(
        ("row", "what"),
        [
            ("1;2026-01-31;abc;1", "the total 'abc'"),
            ("1;2026-01-31;1,50;1", "the total '1,50'"),
            ("1;2026-01-31", "the total ''"),
            ("1;31.01.2026;1.50;1", "the date '31.01.2026'"),
            ("1;2026-01-31;1.50;two", "the quantity 'two'"),
            (" ;2026-01-31;1.50;1", "a row without customer_id and email"),
        ],
    )
    def test_what_makes_no_sense_is_said(self, tmp_path: Path, row: str, what: str) -> None:
        path = written(tmp_path / "orders.csv", f"customer_id;date;total;quantity\n{row}\n")
        with pytest.raises(ConfigError) as caught:
            list(read_file(path))
        assert str(caught.value) == f"{path}, line 2: cannot understand {what}."

    def test_amounts_have_the_decimals_of_their_currency(self, tmp_path: Path) -> None:
        rows = "1,2026-01-31,1000,JPY\n2,2026-01-31,1.5,KWD\n3,2026-01-31,1.5,CHF\n"
        path = written(tmp_path / "orders.csv", f"customer_id,date,total,currency\n{rows}")
        orders = [each for each in read_file(path) if isinstance(each, Order)]
        assert [order.total for order in orders] == [1000, 1500, 150]

    @pytest.mark.parametrize("text", ["", "customer_id,date,total\n"])
    def test_a_file_without_orders_is_told(self, tmp_path: Path, text: str) -> None:
        path = written(tmp_path / "orders.csv", text)
        with pytest.raises(ConfigError) as caught:
            currency_of(path)
        assert str(caught.value) == f"{path} holds no orders."

    def test_a_missing_file_is_a_mistake_in_the_config(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        with pytest.raises(ConfigError) as caught:
            list(read_file(path))
        assert str(caught.value) == f"Cannot read {path}: No such file or directory."

    def test_a_file_of_other_signs_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_bytes("customer_id,date,total\nMüller,2026-01-31,1.00\n".encode("latin-1"))
        with pytest.raises(ConfigError) as caught:
            list(read_file(path))
        assert str(caught.value) == f"Cannot read {path}: it is no text in UTF-8."


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    application = Flask("hello")
    application.add_url_rule(
        "/hello", "hello", lambda: Response('{"hello": "world"}', mimetype="application/json")
    )
    application.add_url_rule("/echo", "echo", lambda: Response(request.get_data()), methods=["POST"])
    server = LoopbackServer(application)
    server.start()
    yield server
    server.stop()


class TestServer:
    def test_answers_many_requests_on_one_connection(self, server: LoopbackServer) -> None:
        connection = HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        sockets = set()
        for _ in range(3):
            connection.request("GET", "/hello")
            assert connection.getresponse().read() == b'{"hello": "world"}'
            sockets.add(connection.sock)
        connection.close()
        assert len(sockets) == 1

    def test_reads_chunked_bodies(self, server: LoopbackServer) -> None:
        answer = requests.post(f"{server.url}/echo", data=iter([b"first ", b"second"]), timeout=5)
        assert answer.text == "first second"

    def test_throttles_as_often_as_asked(self, server: LoopbackServer) -> None:
        server.faults.plan("throttle", times=2, retry_after=0.5)
        answers = [requests.get(f"{server.url}/hello", timeout=5) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [429, 429, 200]
        assert answers[0].headers["Retry-After"] == "0.5"

    def test_fails_only_matching_requests_after_some_went_well(self, server: LoopbackServer) -> None:
        server.faults.plan("error", status=502, contains="second", skip=1)
        bodies = ("second", "first", "second", "second")
        answers = [requests.post(f"{server.url}/echo", data=body, timeout=5) for body in bodies]
        assert [answer.status_code for answer in answers] == [200, 200, 502, 200]

    @pytest.mark.parametrize("kind", ["drop", "truncate"])
    def test_an_answer_can_break_off_in_the_middle(self, server: LoopbackServer, kind: Trouble) -> None:
        server.faults.plan(kind)
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            requests.get(f"{server.url}/hello", timeout=5)
        assert requests.get(f"{server.url}/hello", timeout=5).json() == {"hello": "world"}

    def test_garbage_is_an_answer_of_200_that_is_no_json(self, server: LoopbackServer) -> None:
        server.faults.plan("garbage")
        answer = requests.get(f"{server.url}/hello", timeout=5)
        assert (answer.status_code, answer.text) == (200, "<html>We will be back.</html>")

    def test_unauthorized(self, server: LoopbackServer) -> None:
        server.faults.plan("unauthorized")
        assert requests.get(f"{server.url}/hello", timeout=5).status_code == 401

    def test_hanging_ends_without_an_answer(self, server: LoopbackServer) -> None:
        server.faults.plan("hang", seconds=0.1)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{server.url}/hello", timeout=5)

    def test_stopping_lets_hanging_requests_go(self) -> None:
        server = LoopbackServer(Flask("silent"))
        server.start()
        server.faults.plan("hang", seconds=60)
        with pytest.raises(requests.Timeout):
            requests.get(f"{server.url}/", timeout=0.1)
        before = monotonic()
        server.stop()
        assert monotonic() - before < 2

    def test_latency_delays_every_answer(self, server: LoopbackServer) -> None:
        server.faults.latency = 0.05
        before = monotonic()
        requests.get(f"{server.url}/hello", timeout=5)
        assert monotonic() - before >= 0.05

    def test_can_be_switched_and_watched_over_http(self, server: LoopbackServer) -> None:
        switched = requests.post(
            f"{server.url}/sandbox/faults", json={"kind": "error", "times": 5}, timeout=5
        )
        assert switched.json()["planned"][0]["kind"] == "error"
        requests.get(f"{server.url}/hello", timeout=5)
        requests.delete(f"{server.url}/sandbox/faults", timeout=5)
        requests.get(f"{server.url}/hello", timeout=5)
        seen = requests.get(f"{server.url}/sandbox/requests?contains=hello", timeout=5).json()
        assert seen["count"] == 2
        assert [(each["status"], each["fault"]) for each in seen["requests"]] == [(503, "error"), (200, None)]

    def test_has_no_address_before_it_starts(self) -> None:
        with pytest.raises(RuntimeError):
            _ = LoopbackServer(Flask("silent")).url

    def test_starts_again_on_the_same_port(self, server: LoopbackServer) -> None:
        url = server.url
        server.stop()
        server.start()
        assert server.url == url
        assert requests.get(f"{url}/hello", timeout=5).status_code == 200

    def test_a_port_that_is_taken_is_told(self, server: LoopbackServer) -> None:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(OSError, match=f"^port {port}: Address already in use$"):
            LoopbackServer(Flask("second"), port=port).start()

    def test_a_port_that_cannot_be_is_told(self) -> None:
        with pytest.raises(ValueError, match="There is no port 99999"):
            LoopbackServer(Flask("high"), port=99999)

    def test_stands_behind_with(self) -> None:
        routes = Blueprint("hello", __name__)
        routes.add_url_rule("/hello", "hello", lambda: "hello")
        with LoopbackServer(application_of(routes)) as server:
            url = server.url
            assert requests.get(f"{url}/hello", timeout=5).text == "hello"
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/hello", timeout=5)


class Wish(msgspec.Struct):
    """The body of a control."""

    pieces: int = 1


class TestControls:
    @pytest.fixture
    def shop(self) -> Iterator[LoopbackServer]:
        def take(wish: Wish) -> int:
            if wish.pieces > 3:
                raise LookupError("There are only three.")
            return 3 - wish.pieces

        routes = control_routes(
            {"take": asked(Wish, take)}, refusal=LookupError, shown=lambda left: {"left": left}
        )
        with LoopbackServer(application_of(routes)) as server:
            yield server

    @pytest.mark.parametrize(
        ("said", "status", "answer"),
        [
            (b'{"pieces": 2}', 200, {"left": 1}),
            (b"", 200, {"left": 2}),
            (b'{"pieces": 4}', 422, {"refused": "There are only three."}),
            (b'{"pieces": "two"}', 400, {"error": "Expected `int`, got `str` - at `$.pieces`"}),
        ],
    )
    def test_say_what_came_of_it(
        self, shop: LoopbackServer, said: bytes, status: int, answer: dict[str, object]
    ) -> None:
        found = requests.post(f"{shop.url}/sandbox/take", data=said, timeout=5)
        assert (found.status_code, found.json()) == (status, answer)


class TestAdmin:
    """The frame of the owner's pages, around a table of names and tags."""

    @pytest.fixture
    def shop(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
        package = tmp_path / "bread_pages"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "people.html").write_text(
            '{% extends "admin.html" %}{% block table %}{{ listing.rows }} {{ tags }}{% endblock %}'
        )
        monkeypatch.syspath_prepend(tmp_path)
        people = {number: "Bäcker" if number % 2 else "Zoe" for number in range(1, 1201)}

        def show() -> str:
            wanted = (each for each, name in people.items() if is_wanted((name, None), (f"row {each % 10}",)))
            found = listing(wanted, by=lambda each: each)
            return render_template("people.html", listing=found, tags=ours_first(("b", "SK:z", "a")))

        sections = {
            "people": Section("Leute", show, search="Name", narrow="tag"),
            "other": Section("Mehr", show),
        }
        colours = {"bar": ("#111", "#222")}
        routes = admin("/shop", "bread_pages", shop="Brot & Co", sections=sections, colours=colours)
        with LoopbackServer(application_of(routes), exempt=("/shop",)) as server:
            yield server

    def page(self, shop: LoopbackServer, path: str) -> str:
        answer = requests.get(f"{shop.url}/shop{path}", timeout=5)
        assert answer.status_code == 200
        return answer.text

    def test_begins_with_the_first_section_and_shows_the_newest(self, shop: LoopbackServer) -> None:
        text = self.page(shop, "")
        assert "<title>Leute · Brot &amp; Co</title>" in text
        assert '<a href="/shop/people" aria-current="page">Leute</a>' in text
        assert '<a href="/shop/other">Mehr</a>' in text
        assert "<small>1.200</small>" in text
        assert "[1200, 1199," in text
        assert "Seite 1 von 24" in text

    def test_our_tags_come_first(self, shop: LoopbackServer) -> None:
        shown = "[(&#39;SK:z&#39;, True), (&#39;a&#39;, False), (&#39;b&#39;, False)]"
        assert shown in self.page(shop, "/people")

    def test_leafing_and_searching_keep_what_is_asked_for(self, shop: LoopbackServer) -> None:
        text = self.page(shop, "/people?q=b%C3%A4cker&tag=ROW+7&page=2")
        assert "<small>120</small>" in text
        assert "[697, 687," in text
        assert '<a href="?q=b%C3%A4cker&amp;tag=ROW+7&amp;page=3">weiter →</a>' in text
        assert '<input type="hidden" name="tag" value="ROW 7">' in text
        assert 'Tag <span class="tag ours">ROW 7</span>' in text

    def test_a_section_without_search_has_no_field(self, shop: LoopbackServer) -> None:
        assert "<form" in self.page(shop, "/people")
        assert "<form" not in self.page(shop, "/other")

    def test_the_style_has_the_colours_of_the_platform_by_day_and_by_night(
        self, shop: LoopbackServer
    ) -> None:
        text = self.page(shop, "/style.css")
        assert text.endswith(
            ":root { --bar: #111; }\n@media (prefers-color-scheme: dark) { :root { --bar: #222; } }\n"
        )
        assert requests.get(f"{shop.url}/shop/style.css", timeout=5).headers["Content-Type"] == (
            "text/css; charset=utf-8"
        )


class TestWebhooks:
    def test_a_webhook_goes_to_the_whole_address(self) -> None:
        def take() -> Response:
            known = (request.args.get("shop"), request.headers.get("X-Topic"), request.get_data())
            return Response(status=204 if known == ("bread", "orders", b"{}") else 404)

        routes = Blueprint("hooks", __name__)
        routes.add_url_rule("/hook", "hook", take, methods=["POST"])
        with LoopbackServer(application_of(routes)) as server:
            assert send(f"{server.url}/hook?shop=bread", {"X-Topic": "orders"}, b"{}", seconds=5) == 204

    def test_nobody_there_is_no_status(self) -> None:
        assert send("http://127.0.0.1:9/none", {}, b"{}", seconds=5) == 0
