"""Webhooks of the JTL plugin: who is believed, and the daemon beside a sandbox shop that sends them."""

import base64
import hmac
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, request
from pydantic import SecretStr

from adapters.jtl.adapter import JtlAdapter
from adapters.jtl.sandbox import JtlSandbox
from connector.errors import AuthError, ConfigError, ResponseError
from connector.model import Customer, Feature, Kind, Order, UpdateTags
from connector.sample.server import LoopbackServer
from connector.testing import make_customer, make_order
from connector.testing.changes import EventContract
from tests.shopfloor import Floor, shopfloor
from tests.test_daemon import Daemon, running, wait

SECRET = "whsec_c2FuZGJveCBvZiBKVEwtU2hvcA=="
SELDOM = '{ pull = "1h", push = "never", groups = "never", full = "never", jitter = "1s" }'
NOBODY = "http://127.0.0.1:9/hooks/laden"


def signed(
    body: bytes, *, message: str = "msg_1", key: bytes = b"sandbox of JTL-Shop", at: datetime | None = None
) -> dict[str, str]:
    """Headers as the plugin writes them; the specification says how."""
    second = str(int((at or datetime.now(UTC)).timestamp()))
    signature = hmac.digest(key, f"{message}.{second}.".encode() + body, "sha256")
    return {
        "webhook-id": message,
        "webhook-timestamp": second,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }


def about(number: int, topic: str = "customer.updated", kind: str = "customers") -> bytes:
    return json.dumps(
        {
            "id": "msg_1",
            "topic": topic,
            "kind": kind,
            "record_id": str(number),
            "occurred_at": "2026-11-22T06:00:00Z",
        }
    ).encode()


# -- the adapter --------------------------------------------------------------------------------------------


class TestJtlEventContract(EventContract):
    """In a shop whose plugin sends webhooks."""

    adapter_class = JtlAdapter

    @pytest.fixture
    def shop(self) -> Iterator[JtlSandbox]:
        with JtlSandbox() as sandbox:
            sandbox.webhooks.address = NOBODY
            yield sandbox

    @pytest.fixture
    def settings(self, shop: JtlSandbox) -> dict[str, Any]:
        found = shop.settings()
        return {
            "url": found["url"],
            "key": SecretStr(found["key"]),
            "webhook_secret": SecretStr(SECRET),
            "page_size": 3,
        }

    @pytest.fixture
    def delivery(self, shop: JtlSandbox) -> tuple[dict[str, str], bytes]:
        return shop.webhooks.delivery(shop.webhooks.message("customers", 1001, "updated"))


@pytest.fixture
def adapter() -> Iterator[JtlAdapter]:
    adapter = JtlAdapter(url="https://shop.example", key=SecretStr("skj_a"), webhook_secret=SecretStr(SECRET))
    yield adapter
    adapter.close()


def test_a_genuine_webhook_says_what_to_read_again(adapter: JtlAdapter) -> None:
    body = about(17, "order.deleted", "orders")
    event = adapter.event(signed(body, message="msg_ab"), body)
    assert (event.id, event.topic, event.kind, event.record_id) == (
        "msg_ab",
        "order.deleted",
        Kind.ORDERS,
        "17",
    )
    assert event.deleted
    assert event.occurred_at == datetime(2026, 11, 22, 6, tzinfo=UTC)


def test_the_signature_is_that_of_the_specification() -> None:
    # The published example of Standard Webhooks: its signature is right, and its time is over.
    adapter = JtlAdapter(
        url="https://shop.example",
        key=SecretStr("skj_a"),
        webhook_secret=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    )
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    with pytest.raises(AuthError, match="signed at 2021-02-25 15:02:10 UTC"):
        adapter.event(headers, b'{"test": 2432232314}')
    adapter.close()


def test_a_test_message_is_about_nothing(adapter: JtlAdapter) -> None:
    body = b'{"id":"msg_1","topic":"test","kind":null,"record_id":null,"occurred_at":"2026-11-22T06:00:00Z"}'
    event = adapter.event(signed(body), body)
    assert (event.topic, event.kind, event.record_id, event.deleted) == ("test", None, None, False)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_signed_header_counts(adapter: JtlAdapter, name: str) -> None:
    body = about(17)
    good = signed(body)
    with pytest.raises(AuthError):
        adapter.event({**good, name: good[name] + "1"}, body)
    with pytest.raises(AuthError):
        adapter.event({key: value for key, value in good.items() if key != name}, body)


@pytest.mark.parametrize("minutes", [-6, 6, 600])
def test_what_was_signed_long_ago_or_lies_ahead_is_refused(adapter: JtlAdapter, minutes: int) -> None:
    body = about(17)
    with pytest.raises(AuthError, match="sent an old one again, or the clocks"):
        adapter.event(signed(body, at=datetime.now(UTC) - timedelta(minutes=minutes)), body)


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"id":"1","topic":"x","kind":"invoices"}'])
def test_a_signed_webhook_that_makes_no_sense_is_named(adapter: JtlAdapter, body: bytes) -> None:
    with pytest.raises(ResponseError, match="is not understood"):
        adapter.event(signed(body), body)


@pytest.mark.parametrize("secret", ["", "c2FuZGJveA==", "whsec_not base64!"])
def test_what_is_no_secret_of_the_plugin_is_said_at_once(secret: str) -> None:
    with pytest.raises(ConfigError, match="`webhook_secret` begins with whsec_"):
        JtlAdapter(url="https://shop.example", key=SecretStr("skj_a"), webhook_secret=SecretStr(secret))


def test_without_a_secret_nothing_is_believed_and_check_says_that_it_is_missing() -> None:
    with JtlSandbox() as shop:
        shop.webhooks.address = NOBODY
        adapter = JtlAdapter(url=shop.url, key=SecretStr("skj_sandbox"))
        info = adapter.check()
        assert Feature.WEBHOOKS not in info.features
        assert any("`webhook_secret` is not in the config" in note for note in info.notes)
        with pytest.raises(AuthError, match="`webhook_secret` is not in the config"):
            adapter.event(signed(b"{}"), b"{}")
        adapter.close()


def test_webhooks_are_declared_only_while_the_plugin_sends_them() -> None:
    with JtlSandbox() as shop:
        adapter = JtlAdapter(url=shop.url, key=SecretStr("skj_sandbox"), webhook_secret=SecretStr(SECRET))
        assert Feature.WEBHOOKS not in adapter.check().features
        shop.webhooks.address = NOBODY
        assert Feature.WEBHOOKS in adapter.check().features
        adapter.close()


# -- the sandbox --------------------------------------------------------------------------------------------


def test_a_receiver_that_is_down_gets_it_later_and_each_record_once() -> None:
    with JtlSandbox() as shop, closing(_Receiver()) as receiver:
        shop.webhooks.address = NOBODY
        for _ in range(5):
            shop.put(make_customer("1001"))
        wait(lambda: shop.webhooks.statuses.count(0) >= 2)
        assert receiver.bodies == []
        shop.webhooks.address = receiver.url
        wait(lambda: receiver.bodies != [])
        shop.delete(Kind.CUSTOMERS, "1001")
        wait(lambda: len(receiver.bodies) == 2)
    assert [json.loads(body)["topic"] for body in receiver.bodies] == ["customer.updated", "customer.deleted"]


def test_what_stammkunde_itself_writes_is_not_told() -> None:
    with JtlSandbox() as shop, closing(_Receiver()) as receiver:
        shop.put(make_customer("1001"))
        shop.webhooks.address = receiver.url
        adapter = JtlAdapter(url=shop.url, key=SecretStr("skj_sandbox"))
        (result,) = adapter.push([UpdateTags(customer_id="1001", add=("sk:a",))], "run-1")
        assert result.error is None
        assert shop.tags_of("1001") == {"sk:a"}
        adapter.close()
        shop.set_tags("1001", ["VIP"])
        wait(lambda: receiver.bodies != [])
    assert len(receiver.bodies) == 1


class _Receiver:
    """Takes what comes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        application = Flask(__name__)

        @application.post("/")
        def take() -> str:
            self.bodies.append(request.get_data())
            return ""

        self._server = LoopbackServer(application)
        self._server.start()
        self.url = self._server.url + "/"

    def close(self) -> None:
        self._server.stop()


# -- the daemon ---------------------------------------------------------------------------------------------

daemons = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture
def shop() -> Iterator[JtlSandbox]:
    with JtlSandbox() as sandbox:
        for record in (buyer(1001, "ada@example.com"), buyer(1002, "ben@example.com"), bought(11, 1001)):
            sandbox.put(record)
        yield sandbox


@pytest.fixture
def floor(tmp_path: Path, shop: JtlSandbox) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        floor.now = datetime.now(UTC)
        floor.options["laden"] = {
            "adapter": '"jtl"',
            "url": f'"{shop.url}"',
            "key": f'{{ file = "{floor.write_private("jtl.key", "skj_sandbox")}" }}',
            "webhook_secret": f'{{ file = "{floor.write_private("hook.secret", SECRET)}" }}',
            "push": "false",
            "schedule": SELDOM,
        }
        floor.write_config()
        yield floor


def buyer(number: int, email: str) -> Customer:
    return make_customer(str(number), email=email)


def bought(number: int, customer: int, total: int = 5000) -> Order:
    return make_order(str(number), customer_id=str(customer), total=total, goods=total, lines=())


def send(daemon: Daemon, body: bytes, shop: str = "laden", **how: Any) -> int:
    headers = signed(body, **how)
    return requests.post(f"{daemon.url}/hooks/{shop}", data=body, headers=headers, timeout=10).status_code


def has(floor: Floor, query: str) -> bool:
    with closing(sqlite3.connect(floor.database)) as connection:
        return bool(connection.execute(query).fetchone())


@daemons
def test_what_changes_in_the_shop_is_here_in_a_moment(floor: Floor, shop: JtlSandbox) -> None:
    with running(floor) as daemon:
        daemon.waits_for("laden: pull: ")
        shop.webhooks.address = f"{daemon.url}/hooks/laden"
        shop.put(buyer(1003, "lea@example.com"))
        placed = requests.post(f"{shop.url}/sandbox/checkout", json={"customer_id": 1003}, timeout=5).json()
        number = placed["order_id"]
        found = f"SELECT 1 FROM orders WHERE id = '{number}'"
        wait(lambda: has(floor, found), lambda: str(daemon.lines))
        assert has(floor, "SELECT 1 FROM customers WHERE id = '1003'")
        requests.post(f"{shop.url}/sandbox/cancel", json={"order_id": number}, timeout=5).raise_for_status()
        wait(lambda: has(floor, found + " AND cancelled_at IS NOT NULL"), lambda: str(daemon.lines))
        shop.delete(Kind.CUSTOMERS, "1002")
        wait(lambda: has(floor, "SELECT 1 FROM customers WHERE id = '1002' AND gone_at IS NOT NULL"))
        assert len(daemon.matching("laden: pull: ")) == 1
        assert daemon.ends() == 0
    assert set(shop.webhooks.statuses) == {200}


@daemons
def test_a_deletion_that_did_not_happen_is_not_believed(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("laden: pull: ")
        assert send(daemon, about(1001, "customer.deleted")) == 200
        daemon.waits_for("laden: hooks: 1 record read")
        assert has(floor, "SELECT 1 FROM customers WHERE id = '1001' AND gone_at IS NULL")
        assert daemon.ends() == 0


@daemons
def test_forged_replayed_old_and_many_do_no_harm(floor: Floor, shop: JtlSandbox) -> None:
    with running(floor) as daemon:
        daemon.waits_for("laden: pull: ")
        shop.faults.forget_requests()
        assert {send(daemon, about(1001), message=f"msg_{nth}") for nth in range(300)} == {200}
        assert send(daemon, about(1001), message="msg_7") == 200  # a replay within its five minutes
        daemon.waits_for("laden: hooks: 1 record read")
        assert len(shop.faults.requests("by-ids")) < 10
        shop.faults.forget_requests()
        assert send(daemon, about(1001), message="msg_7") == 200
        assert send(daemon, about(1001), message="msg_new", key=b"not the shop's") == 401
        assert send(daemon, about(1001), at=datetime.now(UTC) - timedelta(minutes=10)) == 401
        assert send(daemon, b"no json") == 400
        assert send(daemon, about(1001), shop="elsewhere") == 404
        assert send(daemon, about(1001, "test", "customers").replace(b'"customers"', b"null")) == 200
        daemon.waits_for("the clocks of the two computers differ")
        assert daemon.ends() == 0
    assert floor.rows("SELECT count(*) FROM hooks") == [(0,)]
    assert shop.faults.requests("by-ids") == []
    assert not any(SECRET in line for line in daemon.lines)


@daemons
def test_what_was_sent_while_the_daemon_was_down_comes_when_it_is_back(
    floor: Floor, shop: JtlSandbox
) -> None:
    with running(floor) as daemon:
        daemon.waits_for("laden: pull: ")
        assert daemon.ends() == 0
    shop.webhooks.address = f"{daemon.url}/hooks/laden"
    shop.put(buyer(1003, "lea@example.com"))
    wait(lambda: 0 in shop.webhooks.statuses)
    with running(floor) as daemon:
        shop.webhooks.address = f"{daemon.url}/hooks/laden"
        wait(lambda: 200 in shop.webhooks.statuses)
        wait(lambda: has(floor, "SELECT 1 FROM customers WHERE id = '1003'"), lambda: str(daemon.lines))
        assert daemon.ends() == 0
