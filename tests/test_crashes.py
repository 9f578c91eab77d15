"""Kill -9 anywhere: the next run ends in the state of an undisturbed one, and no code is issued twice.

Every moment is a call that leaves Python for SQLite or the network; see `forks`. The moments are drawn from a
seed, spread over the whole run.
"""

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.shopify.sandbox import ShopifySandbox
from connector.model import Customer, Kind, LineItem, Order, Payment, Product, Refund, Shipment

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
PEOPLE = 36
SEED = 20260601
PARTS = 4  #: tests of this many points each, so that they share the cores
POINTS_EACH = 11

CONFIG = """
[shops.roastery]
adapter = "shopify"
domain = "{domain}"
base_url = "{url}"
token = {{ file = "{token}" }}
bulk_above = {bulk_above}
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


class Runner:
    """A process that forks commands; see `forks`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forks.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, kill_at: int | None = None) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "kill_at": kill_at}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    started = Runner()
    yield started
    started.close()


class Stage:
    """A shop at a fixed time, an installation beside it, and what a run of the line leaves of both."""

    def __init__(self, folder: Path, runner: Runner, bulk_above: int, now: datetime = NOW) -> None:
        """Open what stands in `folder`, or a new one."""
        self.folder = folder
        self.runner = runner
        self.bulk_above = bulk_above
        self.now = now
        fresh = not folder.exists()
        folder.mkdir(exist_ok=True)
        self.sandbox = ShopifySandbox(
            path=folder / "shop", now=lambda: self.now, restore_rate=100_000, bucket=100_000
        )
        if fresh:
            fill(self.sandbox)
            write_private(folder / "token", "shpat_sandbox")
            write_private(folder / "stammkunde.key", "5a" * 32)
        self.sandbox.start()
        config = CONFIG.format(
            domain=self.sandbox.settings()["domain"],
            url=self.sandbox.url,
            token=folder / "token",
            bulk_above=bulk_above,
        )
        (folder / "stammkunde.toml").write_text(config, encoding="utf-8")

    def copy(self, folder: Path) -> "Stage":
        """Another one that goes on from here. This one must be closed."""
        shutil.copytree(self.folder, folder)
        return Stage(folder, self.runner, self.bulk_above, self.now)

    def command(self, *arguments: str, kill_at: int | None = None) -> dict[str, Any]:
        config = str(self.folder / "stammkunde.toml")
        at = self.now.isoformat()
        return self.runner.run("--quiet", "--config", config, "--now", at, *arguments, kill_at=kill_at)

    def sync(self, kill_at: int | None = None) -> dict[str, Any]:
        return self.command("sync", "--force", kill_at=kill_at)

    def killed(self, kill_at: int) -> bool:
        """Run and die at that moment. A late one may not come: what TCP delivers in one piece differs."""
        code = self.sync(kill_at)["code"]
        assert code in (-9, 0), kill_at
        return bool(code)

    def tomorrow(self) -> None:
        """The shop goes on: somebody buys a fourth time, somebody returns, somebody is deleted."""
        self.now = LATER
        self.sandbox.put(order(900, 5, LATER - timedelta(hours=2), LATER))
        self.sandbox.put(order(901, 9, LATER - timedelta(hours=2), LATER))
        self.sandbox.set_tags("1004", ["VIP", *self.sandbox.tags_of("1004")])
        self.sandbox.put(order(401, 4, NOW - timedelta(days=400), LATER, returned=True))
        self.sandbox.delete(Kind.CUSTOMERS, "1012")

    def shop_state(self) -> dict[str, Any]:
        """What the shop's admin would see."""
        numbers = [str(1000 + number) for number in range(1, PEOPLE + 1)]
        present = [number for number in numbers if number != "1012" or self.now == NOW]
        return {
            "tags": {number: sorted(self.sandbox.tags_of(number)) for number in present},
            "codes": sorted(self.sandbox.codes()),
            "attributes": {number: self.sandbox.attribute(number, "code-come-back") for number in present},
        }

    def own_state(self) -> dict[str, list[tuple[Any, ...]]]:
        """The mirror, groups and ledger, but for the moments at which things were read."""
        database = sqlite3.connect(self.folder / "stammkunde.sqlite")
        queries = {
            "customers": "SELECT id, email, tags, gone_at IS NULL FROM customers ORDER BY id",
            "orders": "SELECT id, total, refunded, uncounted, day FROM orders ORDER BY id",
            "lines": "SELECT o.id, l.position, l.product_id, l.quantity, l.remaining"
            " FROM line_items AS l JOIN orders AS o USING (order_key) ORDER BY 1, 2",
            "refunds": "SELECT o.id, r.id, r.amount FROM refunds AS r JOIN orders AS o USING (order_key)"
            " ORDER BY 1, 2",
            "members": "SELECT g.name, p.identity FROM members JOIN groups AS g USING (grp)"
            " JOIN people AS p USING (person) ORDER BY 1, 2",
            "own tags": "SELECT customer_id, tag_key FROM own_tags ORDER BY 1, 2",
            "issued": "SELECT campaign, person_key, round, code, state FROM issued ORDER BY 1, 2, 3",
            "unsettled": "SELECT count(*) FROM changes WHERE state = 'planned'",
            "in progress": "SELECT count(*) FROM reads",
        }
        state = {name: database.execute(query).fetchall() for name, query in queries.items()}
        database.close()
        return state

    def close(self) -> None:
        self.sandbox.stop()


def order(number: int, buyer: int, placed: datetime, changed: datetime, *, returned: bool = False) -> Order:
    line = LineItem(
        product_id="3001", title="Espresso", quantity=2, remaining=0 if returned else 2, total=4000
    )
    back = Refund(id=str(number), refunded_at=changed, amount=4000, tax=262)
    return Order(
        id=str(number),
        number=f"#{number}",
        customer_id=str(1000 + buyer),
        email=f"buyer{buyer}@example.com",
        placed_at=placed,
        updated_at=changed,
        currency="EUR",
        total=4000,
        goods=3738,
        tax=262,
        lines=(line,),
        refunds=(back,) if returned else (),
        payment=Payment.PAID,
        shipment=Shipment.SHIPPED,
    )


def fill(sandbox: ShopifySandbox) -> None:
    """Thirty-six people: number n bought n % 6 times, the odd ones lately, the even ones long ago."""
    made = NOW - timedelta(days=500)
    sandbox.put(Product(id="3001", title="Espresso", tags=("espresso",), updated_at=made))
    for number in range(1, PEOPLE + 1):
        sandbox.put(
            Customer(
                id=str(1000 + number),
                email=f"buyer{number}@example.com",
                tags=("VIP", "sk-like") if number % 5 == 0 else (),
                created_at=made + timedelta(minutes=number),
                updated_at=made + timedelta(minutes=number),
            )
        )
        for nth in range(number % 6):
            placed = NOW - timedelta(days=5 + nth if number % 2 else 200 + nth)
            sandbox.put(order(100 * number + nth, number, placed, placed))
    sandbox.add_foreign_code("WELCOME10")


def write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


class Calm:
    """Two days without a crash: how each began, how it ended, and how many moments its run had."""

    def __init__(self, folder: Path, runner: Runner, bulk_above: int) -> None:
        folder.mkdir()
        self.mornings: list[Stage] = []
        self.evenings: list[tuple[Any, Any]] = []
        self.moments: list[int] = []
        stage = Stage(folder / "begin", runner, bulk_above)
        for day in (0, 1):
            if day:
                stage.tomorrow()
            stage.close()
            self.mornings.append(stage)
            stage = stage.copy(folder / f"day-{day}")
            ended = stage.sync()
            assert ended["code"] == 0
            self.moments.append(ended["moments"])
            self.evenings.append((stage.shop_state(), stage.own_state()))
        stage.close()


def test_an_undisturbed_run_does_something(tmp_path: Path, runner: Runner) -> None:
    """What the crashes below are compared with is worth comparing."""
    calm = Calm(tmp_path / "calm", runner, bulk_above=1000)
    shop, own = calm.evenings[1]
    assert shop["tags"]["1005"] == ["VIP", "sk-like", "sk:recent", "sk:stammkunde"]
    assert shop["tags"]["1010"] == ["VIP", "sk-like", "sk:stammkunde"]
    assert calm.evenings[0][0]["tags"]["1004"] == ["sk:stammkunde"]
    assert shop["tags"]["1004"] == ["VIP"]  # an order came back, and the merchant tagged him meanwhile
    assert ("1010", "sk:stammkunde") in own["own tags"]
    assert ("1004", "sk:stammkunde") not in own["own tags"]
    assert len(shop["codes"]) == 6
    assert "WELCOME10" in shop["codes"]
    assert len(own["issued"]) == 5
    assert calm.evenings[0] != calm.evenings[1]
    assert min(calm.moments) > 100


@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_at_any_moment_loses_nothing_and_repeats_nothing(
    tmp_path: Path, runner: Runner, part: int
) -> None:
    bulk_above = 1000 if part % 2 else 5  # by batches of mutations, and by bulk mutation
    calm = Calm(tmp_path / "calm", runner, bulk_above)
    chance = random.Random(SEED + part)  # noqa: S311  a reproducible choice, not a secret
    kills = 0
    for point in range(POINTS_EACH):
        day = point % 2
        kill_at = chance.randrange(1, calm.moments[day])
        where = f"part {part}, point {point}: day {day}, moment {kill_at}"
        stage = calm.mornings[day].copy(tmp_path / str(point))
        try:
            kills += stage.killed(kill_at)
            assert stage.sync()["code"] == 0, where
            assert (stage.shop_state(), stage.own_state()) == calm.evenings[day], where
        finally:
            stage.close()
    assert kills >= POINTS_EACH - 2


def test_a_crash_in_every_run_of_a_row_still_ends_well(tmp_path: Path, runner: Runner) -> None:
    """One crash after the other, each a little later, until the work is done."""
    calm = Calm(tmp_path / "calm", runner, bulk_above=1000)
    stage = calm.mornings[0].copy(tmp_path / "unlucky")
    try:
        crashes = 0
        for kill_at in range(20, calm.moments[0], 40):
            code = stage.sync(kill_at)["code"]
            crashes += code == -9
            if code == 0:
                break
        assert crashes > 5
        assert stage.sync()["code"] == 0
        assert (stage.shop_state(), stage.own_state()) == calm.evenings[0]
    finally:
        stage.close()
