"""The HTTP client against a server on loopback that behaves, well or badly, as told."""

import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connector import __version__
from connector.errors import (
    AuthError,
    ConfigError,
    RejectedError,
    ResponseError,
    StammkundeError,
    TemporaryError,
)
from connector.http import Client, Limits, Response

Answer = Callable[[BaseHTTPRequestHandler], None]


class Shop:
    """Answers from a list, one per request; the last one repeats. Remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                shop.connections += 1
                super().setup()

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                shop.seen.append((self.command, self.path, dict(self.headers), body))
                answers = shop.answers
                (answers.pop(0) if len(answers) > 1 else answers[0])(self)

            do_POST = do_GET  # noqa: N815  the name http.server asks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def say(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"x" * 100)
    handler.wfile.flush()
    hang_up(handler)


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.0)
    hang_up(handler)


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.stop()


@pytest.fixture
def moment() -> Time:
    return Time()


@pytest.fixture
def client(moment: Time) -> Iterator[Client]:
    client = Client(secrets=["s3cret/+"], sleep=moment.sleep, clock=moment.clock)
    yield client
    client.close()


def test_an_answer_is_complete_and_decoded(shop: Shop, client: Client) -> None:
    shop.answers = [say(200, b'{"a": 1}', X_Request_Id="r-1")]
    answer = client.request("POST", shop.url, json={"ask": "ü"}, headers={"X-Key": "k"})
    assert (answer.status, answer.json(), answer.request_id) == (200, {"a": 1}, "r-1")
    method, path, headers, body = shop.seen[0]
    assert (method, path, body) == ("POST", "/", '{"ask":"ü"}'.encode())
    assert headers["User-Agent"] == f"Stammkunde/{__version__}"
    assert headers["X-Key"] == "k"


def test_connections_are_kept(shop: Shop, client: Client) -> None:
    shop.answers = [say(200)]
    for _ in range(3):
        client.request("GET", shop.url)
    assert shop.connections == 1


@pytest.mark.parametrize("answer", [say(503), say(500), say(502), say(429), say(408), hang_up, cut])
def test_trouble_that_passes_is_repeated(shop: Shop, client: Client, answer: Answer) -> None:
    shop.answers = [answer, answer, say(200, b'"well"')]
    assert client.request("GET", shop.url).json() == "well"
    assert (client.counters.calls, client.counters.retries) == (3, 2)


@pytest.mark.parametrize("status", [401, 402, 403, 423])
def test_refused_credentials_are_never_repeated(shop: Shop, client: Client, status: int) -> None:
    shop.answers = [say(status)]
    with pytest.raises(AuthError):
        client.request("GET", shop.url)
    assert client.counters.calls == 1


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
def test_a_refused_request_is_never_repeated(shop: Shop, client: Client, status: int) -> None:
    shop.answers = [say(status, b"no such thing", X_Request_Id="r-9")]
    with pytest.raises(RejectedError, match=f"{status}: no such thing .request id r-9.") as caught:
        client.request("GET", shop.url)
    assert caught.value.request_id == "r-9"
    assert client.counters.calls == 1


def test_a_status_that_the_caller_expects_is_given_to_him(shop: Shop, client: Client) -> None:
    shop.answers = [say(404, b"null")]
    assert client.request("GET", shop.url, accept=(404,)).status == 404


def test_retry_after_is_honoured(shop: Shop, client: Client, moment: Time) -> None:
    shop.answers = [say(429, Retry_After="17"), say(200)]
    client.request("GET", shop.url)
    assert moment.slept == [17.0]
    assert client.counters.waited == 17.0


def test_retry_after_may_be_a_date(shop: Shop, client: Client, moment: Time) -> None:
    shop.answers = [say(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), say(200)]
    client.request("GET", shop.url)
    assert len(moment.slept) == 1
    assert moment.slept[0] < 5


def test_a_wait_that_is_too_long_is_handed_to_the_next_run(shop: Shop, client: Client, moment: Time) -> None:
    shop.answers = [say(429, Retry_After="3600")]
    with pytest.raises(TemporaryError) as caught:
        client.request("GET", shop.url)
    assert caught.value.retry_after == 3600
    assert moment.slept == []


def test_waits_grow_and_end(shop: Shop, client: Client, moment: Time) -> None:
    shop.answers = [say(500)]
    with pytest.raises(TemporaryError):
        client.request("GET", shop.url)
    assert len(shop.seen) == 6
    assert len(moment.slept) == 5
    assert all(low <= slept <= low + 0.5 for low, slept in zip((0.5, 1, 2, 4, 8), moment.slept, strict=True))


def test_one_call_never_takes_longer_than_its_bound(shop: Shop, moment: Time) -> None:
    client = Client(limits=Limits(total=5.0, attempts=100), sleep=moment.sleep, clock=moment.clock)
    shop.answers = [say(503, Retry_After="2")]
    with pytest.raises(TemporaryError):
        client.request("GET", shop.url)
    assert moment.now < 1005
    client.close()


def test_a_shop_that_hangs_ends_in_time(shop: Shop) -> None:
    client = Client(limits=Limits(read=0.1, total=0.5, first_wait=0.05))
    shop.answers = [hang]
    began = time.monotonic()
    with pytest.raises(TemporaryError, match=r"127.0.0.1 took too long"):
        client.request("GET", shop.url)
    assert time.monotonic() - began < 1.0
    client.close()


def test_a_shop_that_drips_ends_in_time(shop: Shop) -> None:
    client = Client(limits=Limits(read=1.0, total=0.3, attempts=1))
    shop.answers = [drip]
    began = time.monotonic()
    with pytest.raises(TemporaryError):
        client.request("GET", shop.url)
    assert time.monotonic() - began < 2.0
    client.close()


def test_a_shop_that_is_down_ends_in_a_sentence(client: Client) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TemporaryError, match=r"There is no connection to 127.0.0.1"):
        client.request("GET", f"http://127.0.0.1:{port}/")


def test_a_name_that_nobody_knows_is_told_as_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TemporaryError, match=r"^The name shop\.example\.com is unknown\. Check the address"):
        client.request("GET", "https://shop.example.com/")


def test_a_port_without_tls_is_not_taken_for_a_bad_certificate(shop: Shop, client: Client) -> None:
    with pytest.raises(ResponseError, match=r"^127\.0\.0\.1 does not speak https there\."):
        client.request("GET", shop.url.replace("http://", "https://"))


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "nonsense"])
def test_an_address_that_cannot_be_says_how_one_is_written(client: Client, address: str) -> None:
    with pytest.raises(ConfigError, match=r"Write it as in https://shop\.example\.com\.$"):
        client.request("GET", address)


def test_a_write_that_must_not_happen_twice_is_not_repeated(shop: Shop, client: Client) -> None:
    shop.answers = [cut, say(200)]
    with pytest.raises(TemporaryError):
        client.request("POST", shop.url, json={}, repeatable=False)
    assert client.counters.calls == 1


def test_a_write_that_was_not_looked_at_is_repeated(shop: Shop, client: Client) -> None:
    shop.answers = [say(429), say(503), say(200)]
    assert client.request("POST", shop.url, json={}, repeatable=False).status == 200


def test_redirects_are_not_followed_with_a_token(shop: Shop, client: Client) -> None:
    shop.answers = [say(302, Location="http://127.0.0.1:9/elsewhere")]
    with pytest.raises(ResponseError, match="sends us elsewhere"):
        client.request("GET", shop.url, headers={"X-Token": "t"})


@pytest.mark.parametrize("body", [b"<html>Maintenance</html>", b"", b"\xff\xfe"])
def test_an_answer_that_is_not_json_says_so_with_the_request_id(
    shop: Shop, client: Client, body: bytes
) -> None:
    shop.answers = [say(200, body, Content_Type="text/html", X_Request_Id="r-2")]
    with pytest.raises(ResponseError, match=r"did not answer in JSON .status 200, text/html.*r-2"):
        client.request("GET", shop.url).json()


def test_an_answer_of_another_shape_says_where(shop: Shop, client: Client) -> None:
    shop.answers = [say(200, b'["a"]')]
    with pytest.raises(ResponseError, match=r"Expected `int`, got `str`"):
        client.request("GET", shop.url).decode(list[int])


def test_an_endless_answer_is_refused(shop: Shop) -> None:
    client = Client(limits=Limits(largest=1 << 20))
    shop.answers = [say(200, b"x" * (2 << 20))]
    with pytest.raises(ResponseError, match="more than 1 MiB"):
        client.request("GET", shop.url)
    client.close()


def test_a_judge_may_call_an_answer_temporary(shop: Shop, client: Client, moment: Time) -> None:
    def judge(answer: Response) -> None:
        if answer.json() == "busy":
            raise TemporaryError("The shop is busy.", retry_after=3.0)

    shop.answers = [say(200, b'"busy"'), say(200, b'"well"')]
    assert client.request("GET", shop.url, judge=judge).json() == "well"
    assert moment.slept == [3.0]


def test_secrets_are_in_no_error_and_no_repr(
    shop: Shop, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.hide("learned-later")
    shop.answers = [say(400, b"bad key s3cret/+ or s3cret%2F%2B or learned-later")]
    with pytest.raises(RejectedError, match=r"bad key \*\*\* or \*\*\* or \*\*\*") as caught:
        client.request("GET", shop.url, params={"key": "s3cret/+"})
    shown = f"{caught.value!r} {caught.value.__cause__!r} {client!r} {caplog.text}"
    assert "s3cret" not in shown
    assert "learned" not in shown


def test_a_failed_connection_does_not_show_the_address(client: Client) -> None:
    with pytest.raises(TemporaryError) as caught:
        client.request("GET", "http://127.0.0.1:9/?key=s3cret/+")
    assert "s3cret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_impossible_address_is_a_matter_of_the_config(client: Client) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        client.request("GET", "roastery")


def test_holding_delays_the_next_call(shop: Shop, client: Client, moment: Time) -> None:
    shop.answers = [say(200)]
    client.hold(4.0)
    client.request("GET", shop.url)
    client.request("GET", shop.url)
    assert moment.slept == [4.0]


def test_calls_are_spaced_evenly(shop: Shop, moment: Time) -> None:
    client = Client(limits=Limits(per_second=4.0), sleep=moment.sleep, clock=moment.clock)
    shop.answers = [say(200)]
    for _ in range(3):
        client.request("GET", shop.url)
    assert moment.slept == [0.25, 0.25]
    client.close()


def test_several_threads_may_share_a_client(shop: Shop, client: Client) -> None:
    shop.answers = [say(200)]
    threads = [threading.Thread(target=client.request, args=("GET", shop.url)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.counters.calls == 8
    assert len(shop.seen) == 8


def test_a_download_comes_in_pieces(shop: Shop, client: Client) -> None:
    shop.answers = [say(200, b"0123456789" * 20_000)]
    pieces = list(client.download(shop.url))
    assert len(pieces) > 1
    assert b"".join(pieces) == b"0123456789" * 20_000


def test_a_compressed_download_is_measured_as_it_was_sent(shop: Shop, client: Client) -> None:
    shop.answers = [say(200, gzip.compress(b"a" * 100_000), Content_Encoding="gzip")]
    assert b"".join(client.download(shop.url)) == b"a" * 100_000


def test_a_download_cut_off_is_noticed(shop: Shop, client: Client) -> None:
    shop.answers = [cut]
    with pytest.raises(TemporaryError, match="broke off"):
        list(client.download(shop.url))


def test_a_download_is_tried_again_until_it_begins(shop: Shop, client: Client) -> None:
    shop.answers = [say(503), hang_up, say(200, b"data")]
    assert b"".join(client.download(shop.url)) == b"data"


@pytest.mark.parametrize(("status", "error"), [(403, AuthError), (404, RejectedError), (410, RejectedError)])
def test_an_expired_download_is_told_apart(
    shop: Shop, client: Client, status: int, error: type[StammkundeError]
) -> None:
    shop.answers = [say(status)]
    with pytest.raises(error):
        list(client.download(shop.url))


def test_a_closed_client_can_be_used_again(shop: Shop, client: Client) -> None:
    shop.answers = [say(200)]
    client.request("GET", shop.url)
    client.close()
    assert client.request("GET", shop.url).status == 200
    assert shop.connections == 2


def test_half_a_secret_at_the_end_of_an_excerpt_is_not_shown_either(shop: Shop, client: Client) -> None:
    shop.answers = [say(400, b"x" * 297 + b"s3cret/+")]
    with pytest.raises(RejectedError) as caught:
        client.request("GET", shop.url)
    assert str(caught.value).endswith("x***")


def test_secrets_are_known_as_urls_and_json_write_them(shop: Shop, client: Client) -> None:
    shop.answers = [say(400, rb"s3cret%2f%2b s3cret\/+")]
    with pytest.raises(RejectedError, match=r"400: \*\*\* \*\*\*$"):
        client.request("GET", shop.url)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("A profile with ada.amsel+news@example.com exists.", "A profile with *** exists."),
        ('{"email":"ada@example.com","code":7}', '{"email":"***","code":7}'),
        ("no contact at /contacts/ada%40example.com", "no contact at /contacts/***"),
        ("Contact <b>ada&#64;example.com</b> is unknown", "Contact <b>***</b> is unknown"),
        ("500 @ 3 am", "500 @ 3 am"),
    ],
)
def test_an_error_names_no_address_of_a_person(shop: Shop, client: Client, said: str, shown: str) -> None:
    shop.answers = [say(400, said.encode())]
    with pytest.raises(RejectedError) as caught:
        client.request("GET", shop.url)
    assert str(caught.value) == f"127.0.0.1 answered with status 400: {shown}"


@pytest.mark.parametrize("address", ["https://me:s3cret/+@[shop.example/", "https://me:s3cret/+@/orders"])
def test_an_impossible_address_shows_no_password(client: Client, address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        client.request("GET", address)
    assert "s3cret" not in str(caught.value)
    assert "me:" not in str(caught.value)
