"""Webhooks of WooCommerce: the sandbox calls the daemon, as the owner sets it up in the shop's admin."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from adapters.woocommerce.sandbox import WooCommerceSandbox
from adapters.woocommerce.sandbox.webhooks import Hook
from adapters.woocommerce.webhooks import sign
from connector.model import Customer, Kind, Order
from connector.testing import make_customer, make_order
from tests.shopfloor import Floor, shopfloor
from tests.test_daemon import Daemon, running, wait

SECRET = "whs_sandbox"
SELDOM = '{ pull = "1h", push = "never", groups = "never", full = "never", jitter = "1s" }'
TOPICS = ("order.created", "order.updated", "order.deleted", "customer.updated", "customer.deleted")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture
def shop() -> Iterator[WooCommerceSandbox]:
    with WooCommerceSandbox() as sandbox:
        for record in (buyer(1001, "ada@example.com"), buyer(1002, "ben@example.com"), bought(11, 1001)):
            sandbox.put(record)
        yield sandbox


@pytest.fixture
def floor(tmp_path: Path, shop: WooCommerceSandbox) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        floor.now = datetime.now(UTC)
        floor.options["laden"] = {
            "adapter": '"woocommerce"',
            "url": f'"{shop.url}"',
            "key": f'{{ file = "{floor.write_private("woo.key", "ck_sandbox")}" }}',
            "secret": f'{{ file = "{floor.write_private("woo.secret", "cs_sandbox")}" }}',
            "webhook_secret": f'{{ file = "{floor.write_private("hook.secret", SECRET)}" }}',
            "push": "false",
            "schedule": SELDOM,
        }
        floor.write_config()
        yield floor


def buyer(number: int, email: str) -> Customer:
    return make_customer(str(number), email=email)


def bought(number: int, customer: int) -> Order:
    return make_order(str(number), customer_id=str(customer))


def subscribe(shop: WooCommerceSandbox, daemon: Daemon) -> None:
    """As in the shop's admin, one webhook for each topic."""
    shop.webhooks.hooks = [Hook(topic=topic, url=f"{daemon.url}/hooks/laden") for topic in TOPICS]


def does(shop: WooCommerceSandbox, what: str, **wish: int) -> dict[str, int]:
    """A buyer, or the merchant."""
    answer = requests.post(f"{shop.url}/sandbox/{what}", json=wish, timeout=5)
    assert answer.status_code == 200, answer.text
    done: dict[str, int] = answer.json()
    return done


def send(
    daemon: Daemon, number: int, *, delivery: str, topic: str = "customer.updated", secret: str = SECRET
) -> int:
    body = json.dumps({"id": number}).encode()
    headers = {
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Delivery-ID": delivery,
        "X-WC-Webhook-Signature": sign(body, secret),
    }
    return requests.post(f"{daemon.url}/hooks/laden", data=body, headers=headers, timeout=10).status_code


def has(floor: Floor, query: str) -> bool:
    with closing(sqlite3.connect(floor.database)) as connection:
        return bool(connection.execute(query).fetchone())


def test_what_changes_in_the_shop_is_here_in_a_moment(floor: Floor, shop: WooCommerceSandbox) -> None:
    with running(floor) as daemon:
        daemon.waits_for("laden: pull: ")
        subscribe(shop, daemon)
        number = does(shop, "checkout", customer_id=1001)["order_id"]
        found = f"SELECT 1 FROM orders WHERE id = '{number}' AND cancelled_at IS"
        wait(lambda: has(floor, f"{found} NULL"), lambda: str(daemon.lines))
        does(shop, "cancel", order_id=number)
        wait(lambda: has(floor, f"{found} NOT NULL"), lambda: str(daemon.lines))
        shop.set_tags("1001", ["VIP"])
        tagged = "SELECT 1 FROM customers WHERE id = '1001' AND tags LIKE '%VIP%'"
        wait(lambda: has(floor, tagged), lambda: str(daemon.lines))
        shop.delete(Kind.CUSTOMERS, "1002")
        wait(lambda: has(floor, "SELECT 1 FROM customers WHERE id = '1002' AND gone_at IS NOT NULL"))
        assert len(daemon.matching("laden: pull: ")) == 1
        assert daemon.ends() == 0
    assert set(shop.webhooks.statuses) == {200}


def test_forged_replayed_and_many_do_no_harm(floor: Floor, shop: WooCommerceSandbox) -> None:
    with running(floor) as daemon:
        daemon.waits_for("laden: pull: ")
        shop.faults.forget_requests()
        assert {send(daemon, 1001, delivery=f"d-{nth}") for nth in range(300)} == {200}
        daemon.waits_for("laden: hooks: 1 record read")
        assert len(shop.faults.requests("1001")) < 10
        shop.faults.forget_requests()
        assert send(daemon, 1001, delivery="d-7") == 200  # a replay
        assert send(daemon, 1001, delivery="d-301", secret="not the shop's") == 401
        assert send(daemon, 1001, delivery="d-302", secret="") == 401
        assert daemon.ends() == 0
    assert floor.rows("SELECT count(*) FROM hooks") == [(0,)]
    assert shop.faults.requests("1001") == []
    assert not any(SECRET in line for line in daemon.lines)


def test_the_first_try_of_the_admin_is_turned_away(floor: Floor) -> None:
    # WooCommerce sends webhook_id=… unsigned when a webhook is made.
    with running(floor) as daemon:
        daemon.waits_for("laden: pull: ")
        first = requests.post(f"{daemon.url}/hooks/laden", data={"webhook_id": "1"}, timeout=10)
        assert first.status_code == 401
        daemon.waits_for("laden: a webhook was refused: The signature of this webhook is wrong")
        assert daemon.ends() == 0


def test_a_deletion_that_did_not_happen_is_not_believed(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("laden: pull: ")
        assert send(daemon, 1001, delivery="d-1", topic="customer.deleted") == 200
        daemon.waits_for("laden: hooks: 1 record read")
        assert has(floor, "SELECT 1 FROM customers WHERE id = '1001' AND gone_at IS NULL")
        assert daemon.ends() == 0
