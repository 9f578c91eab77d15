"""Kill -9 anywhere on a JTL-Shop, alone and with the orders of JTL-Wawi.

Pushes go by the plugin's batches and, with Wawi, to both systems; nothing is lost or done twice.

Every moment is a call that leaves Python for SQLite or the network; see `forks`.
"""

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.jtl.sandbox import JtlSandbox
from adapters.jtl.wawi.sandbox import WawiSandbox
from connector.model import Customer, Kind, LineItem, Order, Payment, Product, Shipment
from tests.test_crashes import Runner, write_private

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
PEOPLE = 36
SEED = 20260602
PARTS, POINTS_EACH = 2, 6

CONFIG = """
[shops.laden]
adapter = "jtl"
url = "{url}"
key = {{ file = "{key}" }}
{books}
page_size = 10
push = true
limits = {{ losing = 1, gaining = 1 }}

[groups.stammkunden]
members = "number_of_orders > 3"
tag = "stammkunde"

[groups.recent]
members = "last_order_date >= -30d"
tag = "recent"

[groups.dormant]
members = "last_order_date < -180d"

[campaigns.come-back]
active = true
group = "dormant"
coupon = {{ percent = 10, minimum = 30, valid_days = 30 }}
deliver = ["metafield"]
budget = {{ coupons = 5 }}
"""


BOOKS = """
orders_from = "wawi"
wawi_url = "{url}"
wawi_key = {{ file = "{key}" }}
"""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    started = Runner()
    yield started
    started.close()


class Stage:
    """A JTL-Shop at a fixed time, and an installation beside it.

    Args:
        day: 0 is the first pull and push; 1 is the day after, when the shop has gone on.
        with_wawi: whether orders come from a Wawi.
    """

    def __init__(self, folder: Path, runner: Runner, day: int, *, with_wawi: bool = False) -> None:
        folder.mkdir()
        self.folder = folder
        self.runner = runner
        self.now = NOW
        self.sandbox = JtlSandbox(now=lambda: self.now)
        self.wawi = WawiSandbox(now=lambda: self.now) if with_wawi else None
        fill(self.sandbox)
        self.sandbox.start()
        if self.wawi:
            fill_wawi(self.wawi)
            self.wawi.start()
        write_private(folder / "key", str(self.sandbox.settings()["key"]))
        write_private(folder / "stammkunde.key", "5a" * 32)
        books = ""
        if self.wawi:
            write_private(folder / "wawi.key", str(self.wawi.settings()["key"]))
            books = BOOKS.format(url=self.wawi.settings()["url"], key=folder / "wawi.key")
        config = CONFIG.format(url=self.sandbox.url, key=folder / "key", books=books)
        (folder / "stammkunde.toml").write_text(config, encoding="utf-8")
        if day:
            assert self.sync()["code"] == 0
            self.tomorrow()

    def sync(self, kill_at: int | None = None) -> dict[str, Any]:
        config, at = str(self.folder / "stammkunde.toml"), self.now.isoformat()
        arguments = ("--quiet", "--config", config, "--now", at, "sync", "--force")
        return self.runner.run(*arguments, kill_at=kill_at)

    def killed(self, kill_at: int) -> bool:
        """Run and die at that moment. A late one may not come: what TCP delivers in one piece differs."""
        code = self.sync(kill_at)["code"]
        assert code in (-9, 0), kill_at
        return bool(code)

    def tomorrow(self) -> None:
        """Somebody buys a fourth time with his code, an order is cancelled, somebody is deleted."""
        self.now = NOW + timedelta(days=1)
        self.sandbox.put(order(900, 3, self.now - timedelta(hours=2)))
        if self.wawi:
            self.wawi.put(order(900, 3, self.now - timedelta(hours=2)))
            self.wawi.put(order(901, 9, self.now - timedelta(hours=2)))  # by phone
            self.wawi.delete(Kind.ORDERS, "401")
        code = self.sandbox.attribute("1004", "code-come-back")
        assert code is not None
        assert self.sandbox.redeem(code, "1004") is None
        self.sandbox.checkout.pay(max(self.sandbox.shop.orders))
        self.sandbox.checkout.cancel(1000)
        self.sandbox.set_tags("1005", ["VIP"])
        self.sandbox.delete(Kind.CUSTOMERS, "1012")

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the backend would show, and what our database holds, but for the moments of reading."""
        customers = self.sandbox.shop.customers
        shop = {
            "tags": {number: sorted(each.tags) for number, each in customers.items()},
            "attributes": {number: dict(each.attributes) for number, each in customers.items()},
            "coupons": sorted(
                (each.code, each.mark or "", each.active, len(each.redemptions))
                for each in self.sandbox.shop.coupons.values()
            ),
        }
        if self.wawi:
            shop["wawi"] = {number: sorted(self.wawi.tags_of(number)) for number in WAWI_NUMBERS}
        database = sqlite3.connect(self.folder / "stammkunde.sqlite")
        own = {name: database.execute(query).fetchall() for name, query in QUERIES.items()}
        database.close()
        return shop, own

    def close(self) -> None:
        self.sandbox.stop()
        if self.wawi:
            self.wawi.stop()


WAWI_NUMBERS = [str(1000 + number) for number in (*range(1, PEOPLE + 1), 500)]

QUERIES = {
    "customers": "SELECT id, email, tags, gone_at IS NULL FROM customers ORDER BY id",
    "orders": "SELECT id, total, uncounted, day FROM orders ORDER BY id",
    "codes": "SELECT o.id, k.code FROM order_codes AS k JOIN orders AS o USING (order_key) ORDER BY 1, 2",
    "members": "SELECT g.name, p.identity FROM members JOIN groups AS g USING (grp)"
    " JOIN people AS p USING (person) ORDER BY 1, 2",
    "own tags": "SELECT customer_id, tag_key FROM own_tags ORDER BY 1, 2",
    "issued": "SELECT campaign, person_key, round, code, state FROM issued ORDER BY 1, 2, 3",
    "unsettled": "SELECT count(*) FROM changes WHERE state = 'planned'",
    "in progress": "SELECT count(*) FROM reads",
}


def order(number: int, buyer: int, placed: datetime) -> Order:
    line = LineItem(product_id="3001", sku="ESP-3001", title="Espresso", quantity=2, remaining=2, total=4000)
    return Order(
        id=str(number),
        number=str(number),
        customer_id=str(1000 + buyer),
        email=f"buyer{buyer}@example.com",
        placed_at=placed,
        updated_at=placed,
        currency="EUR",
        total=4000,
        goods=3361,
        tax=639,
        lines=(line,),
        payment=Payment.PAID,
        shipment=Shipment.SHIPPED,
    )


def fill(sandbox: JtlSandbox) -> None:
    """Thirty-six people: number n bought n % 6 times, the odd ones lately, the even ones long ago."""
    made = NOW - timedelta(days=500)
    sandbox.put(Product(id="3001", title="Espresso", skus=("ESP-3001",), updated_at=made))
    for number in range(1, PEOPLE + 1):
        stamp = made + timedelta(minutes=number)
        sandbox.put(
            Customer(
                id=str(1000 + number),
                email=f"buyer{number}@example.com",
                tags=("VIP", "sk-like") if number % 5 == 0 else (),
                created_at=stamp,
                updated_at=stamp,
            )
        )
        for nth in range(number % 6):
            placed = NOW - timedelta(days=5 + nth if number % 2 else 200 + nth)
            sandbox.put(order(100 * number + nth, number, placed))
    sandbox.add_foreign_code("WELCOME10")


def fill_wawi(wawi: WawiSandbox) -> None:
    """The same people and orders, and one who only phones."""
    made = NOW - timedelta(days=500)
    for number in WAWI_NUMBERS:
        buyer = f"buyer{int(number) - 1000}@example.com"
        wawi.put(Customer(id=number, email=buyer, group="Endkunden", created_at=made, updated_at=made))
    for buying in range(1, PEOPLE + 1):
        for nth in range(buying % 6):
            placed = NOW - timedelta(days=5 + nth if buying % 2 else 200 + nth)
            wawi.put(order(100 * buying + nth, buying, placed))
    for nth in range(4):
        wawi.put(order(90000 + nth, 500, NOW - timedelta(days=3 + nth)))


class Calm:
    """Two days without a crash: how each ended, and how many moments its run had."""

    def __init__(self, folder: Path, runner: Runner, *, with_wawi: bool = False) -> None:
        folder.mkdir()
        self.evenings: list[tuple[Any, Any]] = []
        self.moments: list[int] = []
        for day in (0, 1):
            stage = Stage(folder / f"day-{day}", runner, day, with_wawi=with_wawi)
            ended = stage.sync()
            assert ended["code"] == 0
            self.moments.append(ended["moments"])
            self.evenings.append(stage.state())
            stage.close()


def test_an_undisturbed_run_does_something(tmp_path: Path, runner: Runner) -> None:
    """What the crashes below are compared with is worth comparing."""
    calm = Calm(tmp_path / "calm", runner)
    first, (shop, own) = calm.evenings[0][0], calm.evenings[1]
    assert first["tags"][1005] == ["VIP", "sk-like", "sk:recent", "sk:stammkunde"]
    assert first["tags"][1010] == ["VIP", "sk-like", "sk:stammkunde"]
    assert len(first["coupons"]) == 6
    assert shop["tags"][1003] == ["sk:recent", "sk:stammkunde"]  # a fourth order
    assert shop["tags"][1010] == ["VIP", "sk-like"]  # one of four was cancelled
    assert own["codes"] == [("3505", own["codes"][0][1])]
    assert [state for *_, state in own["issued"]].count("issued") >= 4
    assert min(calm.moments) > 100


@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_at_any_moment_loses_nothing_and_repeats_nothing(
    tmp_path: Path, runner: Runner, part: int
) -> None:
    calm = Calm(tmp_path / "calm", runner)
    chance = random.Random(SEED + part)  # noqa: S311  a reproducible choice, not a secret
    kills = 0
    for point in range(POINTS_EACH):
        day = point % 2
        kill_at = chance.randrange(1, calm.moments[day])
        where = f"part {part}, point {point}: day {day}, moment {kill_at}"
        stage = Stage(tmp_path / str(point), runner, day)
        try:
            kills += stage.killed(kill_at)
            assert stage.sync()["code"] == 0, where
            assert stage.state() == calm.evenings[day], where
        finally:
            stage.close()
    assert kills >= POINTS_EACH - 2


def test_a_kill_between_two_systems_loses_nothing_and_repeats_nothing(tmp_path: Path, runner: Runner) -> None:
    calm = Calm(tmp_path / "calm", runner, with_wawi=True)
    shop, own = calm.evenings[0]
    assert shop["wawi"]["1005"] == ["sk:recent", "sk:stammkunde"]
    assert shop["wawi"]["1500"] == ["sk:recent", "sk:stammkunde"]
    assert ("wawi-1500", "sk:stammkunde") in own["own tags"]
    chance = random.Random(SEED)  # noqa: S311  a reproducible choice, not a secret
    kills = 0
    for point in range(POINTS_EACH):
        day = point % 2
        kill_at = chance.randrange(1, calm.moments[day])
        stage = Stage(tmp_path / str(point), runner, day, with_wawi=True)
        try:
            kills += stage.killed(kill_at)
            assert stage.sync()["code"] == 0, (day, kill_at)
            assert stage.state() == calm.evenings[day], (day, kill_at)
        finally:
            stage.close()
    assert kills >= POINTS_EACH - 2


def test_a_crash_in_every_run_of_a_row_still_ends_well(tmp_path: Path, runner: Runner) -> None:
    """One crash after the other, each a little later, until the work is done."""
    calm = Calm(tmp_path / "calm", runner)
    stage = Stage(tmp_path / "unlucky", runner, 0)
    try:
        crashes = 0
        for kill_at in range(20, calm.moments[0], 90):
            code = stage.sync(kill_at)["code"]
            crashes += code == -9
            if code == 0:
                break
        assert crashes > 5
        assert stage.sync()["code"] == 0
        assert stage.state() == calm.evenings[0]
    finally:
        stage.close()
