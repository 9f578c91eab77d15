"""Webhooks: the sandbox calls the daemon, as a shop does when something changes there."""

import base64
import hmac
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from connector.database import Database
from connector.mirror import open_shop
from connector.model import Kind
from tests.shopfloor import GROUPS, Floor, customer, order, people, put, shopfloor
from tests.test_daemon import Daemon, running, wait

SECRET = "sandbox-secret"
SELDOM = '{ pull = "1h", push = "never", groups = "never", full = "never", jitter = "1s" }'


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        floor.now = datetime.now(UTC)
        put(floor.open_shop(), people())
        floor.set(
            schedule=SELDOM, webhook_secret=f'{{ file = "{floor.write_private("hook.secret", SECRET)}" }}'
        )
        yield floor


def subscribe(floor: Floor, daemon: Daemon, *topics: str) -> None:
    """As in the shop's admin: send these topics to the daemon."""
    for topic in topics:
        mutation = (
            f"mutation {{ webhookSubscriptionCreate(topic: {topic}, webhookSubscription:"
            f' {{ uri: "{daemon.url}/hooks/roastery" }}) {{ userErrors {{ message }} }} }}'
        )
        answer = requests.post(
            f"{floor.shop.url}/admin/api/2026-10/graphql.json",
            json={"query": mutation},
            headers={"X-Shopify-Access-Token": "shpat_5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"},
            timeout=5,
        ).json()
        assert answer["data"]["webhookSubscriptionCreate"]["userErrors"] == []


def send(
    daemon: Daemon,
    body: bytes,
    *,
    event: str = "e-1",
    key: str = SECRET,
    shop: str = "roastery",
    topic: str = "customers/update",
) -> int:
    """A delivery of ours; it is the shop's if it is signed with the shop's key."""
    signature = base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode()
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Event-Id": event,
        "X-Shopify-Hmac-Sha256": signature,
    }
    return requests.post(f"{daemon.url}/hooks/{shop}", data=body, headers=headers, timeout=10).status_code


def has(floor: Floor, query: str) -> bool:
    with closing(sqlite3.connect(floor.database)) as connection:
        return bool(connection.execute(query).fetchone())


def test_what_changes_in_the_shop_is_here_in_a_moment_and_groups_with_it(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        subscribe(floor, daemon, "CUSTOMERS_CREATE", "ORDERS_CREATE", "ORDERS_UPDATED")
        put(floor.shop, [customer(1011, "lea@example.com"), order(195, 1011, 0, 700)])
        wait(lambda: has(floor, "SELECT 1 FROM orders WHERE id = '195'"), lambda: str(daemon.lines))
        big = "SELECT 1 FROM members JOIN people USING (person) JOIN groups USING (grp)"
        where = " WHERE groups.name = 'big' AND people.email_key = 'lea@example.com'"
        wait(lambda: has(floor, big + where), lambda: str(daemon.lines))
        assert len(daemon.matching("roastery: pull: ")) == 1
        assert daemon.ends() == 0


def test_a_deletion_in_the_shop_is_looked_up_before_it_is_believed(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        # It says that Finn was deleted, and Finn is there.
        assert send(daemon, b'{"id":1006}', topic="customers/delete") == 200
        daemon.waits_for("roastery: hooks: 1 record read")
        assert has(floor, "SELECT 1 FROM customers WHERE id = '1006' AND gone_at IS NULL")
        subscribe(floor, daemon, "CUSTOMERS_DELETE")
        floor.shop.delete(Kind.CUSTOMERS, "1006")
        wait(lambda: has(floor, "SELECT 1 FROM customers WHERE id = '1006' AND gone_at IS NOT NULL"))
        assert daemon.ends() == 0


def test_a_flood_a_replay_and_a_stranger_do_no_harm(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        floor.shop.faults.forget_requests()
        assert {send(daemon, b'{"id":1001}', event=f"e-{nth}") for nth in range(300)} == {200}
        assert send(daemon, b'{"id":1001}', event="e-7") == 200  # a replay
        daemon.waits_for("roastery: hooks: 1 record read")
        assert len(floor.shop.faults.requests("1001")) < 10
        floor.shop.faults.forget_requests()
        assert send(daemon, b'{"id":1001}', event="e-8") == 200
        assert send(daemon, b'{"id":1001}', key="not the shop's") == 401
        assert send(daemon, b"no json") == 400
        assert send(daemon, b'{"id":"\xff"}') == 400
        assert send(daemon, b"[" * 100_000) == 400
        assert send(daemon, b'{"id":1001}', shop="elsewhere") == 404
        assert send(daemon, b" " * (6 << 20)) == 413
        assert requests.get(f"{daemon.url}/hooks/roastery", timeout=10).status_code == 405
        assert daemon.ends() == 0
    assert floor.rows("SELECT count(*) FROM hooks") == [(0,)]
    assert floor.shop.faults.requests("1001") == []
    assert not any(SECRET in line for line in daemon.lines)


def test_what_came_while_the_shop_was_down_waits_for_it_in_the_file(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        floor.shop.faults.plan("error", times=1000, status=503)
        assert send(daemon, b'{"id":1001}') == 200
        assert daemon.ends() == 0
    assert floor.rows("SELECT kind, record_id FROM hooks") == [("customers", "1001")]
    floor.shop.faults.clear()
    with running(floor) as daemon:
        wait(lambda: not has(floor, "SELECT 1 FROM hooks"))
        assert daemon.ends() == 0


def test_wishes_for_privacy_are_granted_or_told_to_the_owner(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        for number, topic in enumerate(("customers/redact", "customers/data_request", "shop/redact")):
            body = b'{"customer":{"id":%d}}' % (1002 + number)
            assert send(daemon, body, topic=topic, event=f"e-{number}") == 200
        daemon.waits_for("Customer 1003 of roastery asks what is stored: `stammkunde subject 1003")
        told = daemon.waits_for("The platform asks to erase all data of roastery")
        assert told.endswith("remove [shops.roastery] from the config and delete the database.")
        wait(lambda: not has(floor, "SELECT 1 FROM customers WHERE id = '1002'"))
        assert daemon.ends() == 0
    floor.done("pull", "--full")
    assert floor.rows("SELECT count(*) FROM customers WHERE id IN ('1002', '1003')") == [(1,)]


def test_beside_other_shops_nobody_is_told_to_delete_the_database(floor: Floor) -> None:
    floor.done("pull")
    with closing(Database(floor.database)) as database:
        open_shop(database, "tearoom")
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        assert send(daemon, b'{"shop_id":1}', topic="shop/redact") == 200
        told = daemon.waits_for("The platform asks to erase all data of roastery")
        assert "Do not delete the database, which has other shops too. No command removes one shop" in told
        assert daemon.ends() == 0


def test_a_secret_that_cannot_be_read_is_told_and_the_shop_tries_again(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        (floor.folder / "hook.secret").unlink()
        assert send(daemon, b'{"id":1001}') == 503
        line = daemon.waits_for("a webhook could not be taken")
        assert "its file cannot be read" in line
        assert daemon.matching("Traceback") == []
        floor.write_private("hook.secret", SECRET)
        assert send(daemon, b'{"id":1001}') == 200
        assert daemon.ends() == 0


def test_what_a_shop_says_reaches_no_stranger(floor: Floor) -> None:
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        floor.shop.faults.plan("error", times=1000, status=418)
        assert send(daemon, b'{"id":1001}') == 200
        daemon.waits_for("roastery: hooks failed: ")
        ready = daemon.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["shops"] == {"roastery": "failed once, the log says why"}
        assert daemon.ends() == 0


def test_what_the_shop_keeps_of_somebody_it_asks_to_forget_is_told_to_the_owner(floor: Floor) -> None:
    floor.first_push()
    assert "sk:stammkunde" in floor.tags("1001")["1001"]
    floor.write_private("hook", "a secret of the receiver")
    receiver = 'url = "http://127.0.0.1:9/"\nsecret = { file = "hook" }\nevents = ["alert"]\n'
    floor.write_config(rules=f"{GROUPS}\n[receivers.tool]\n{receiver}")
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        floor.shop.delete(Kind.CUSTOMERS, "1001")
        assert send(daemon, b'{"customer":{"id":1001}}', topic="customers/redact") == 200
        daemon.waits_for("forgotten as the platform asked; left in roastery: tags of customer 1001: ")
        daemon.waits_for("roastery: the platform asked to forget somebody: done")
        assert daemon.ends() == 0
    assert floor.rows("SELECT count(*) FROM customers WHERE id = '1001'") == [(0,)]
    ((text,),) = floor.rows("SELECT text FROM outbox")
    assert text == "Somebody was forgotten as the platform asked; what was left in roastery is in the log."
