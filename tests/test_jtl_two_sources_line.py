"""The whole line over JTL-Shop and JTL-Wawi, as an owner types it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click.testing
import msgspec
import pytest

from adapters.jtl.matching import unmatched
from adapters.jtl.sandbox import JtlSandbox
from adapters.jtl.wawi.sandbox import WawiSandbox
from connector.cli import main
from connector.cli.context import Installation
from connector.model import Customer, Kind, Refund
from connector.testing import make_customer, make_order, make_product

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)

CONFIG = """
[shops.laden]
adapter = "jtl"
url = "{url}"
key = {{ file = "{folder}/jtl.key" }}
orders_from = "wawi"
wawi_url = "{wawi}"
wawi_key = {{ file = "{folder}/wawi.key" }}
push = true
limits = {{ losing = 1, gaining = 1 }}
exclude = {{ customer_groups = ["Händler"] }}

[groups.stammkunden]
members = "number_of_orders > 3"
tag = "stammkunde"

[groups.big]
members = "amount_spent > 450"
tag = "big"

[campaigns.danke]
active = true
group = "stammkunden"
coupon = {{ percent = 10, minimum = 30, valid_days = 30 }}
deliver = ["metafield"]
budget = {{ coupons = 10 }}
"""


class Stage:
    """Both systems, an installation, and an owner who types."""

    def __init__(self, folder: Path, shop: JtlSandbox, wawi: WawiSandbox) -> None:
        self.folder, self.shop, self.wawi = folder, shop, wawi
        self.now = NOW
        self.config = folder / "stammkunde.toml"
        secrets = {"jtl.key": shop.settings()["key"], "wawi.key": wawi.settings()["key"]}
        for name, text in {**secrets, "stammkunde.key": "5a" * 32}.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(str(text), encoding="utf-8")
        text = CONFIG.format(url=shop.url, folder=folder, wawi=wawi.settings()["url"])
        self.config.write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        typed = ["--quiet", "--config", str(self.config), "--now", self.now.isoformat(), *arguments]
        result = click.testing.CliRunner().invoke(main, typed)
        assert result.exit_code == code, result.output
        return result.stdout

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "stammkunde.sqlite")) as database:
            return database.execute(sql).fetchall()

    def facts(self) -> dict[str, tuple[int, int]]:
        """Counted orders and cents spent, by the identity of the person."""
        counted = "SELECT p.identity, count(*), sum(o.spent) FROM orders AS o JOIN people AS p USING (person)"
        where = " WHERE o.uncounted IS NULL AND o.gone_at IS NULL AND p.excluded IS NULL GROUP BY 1"
        return {who: (count, spent) for who, count, spent in self.query(counted + where)}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with JtlSandbox(now=lambda: NOW) as shop, WawiSandbox(now=lambda: NOW) as wawi:
        fill(shop, wawi)
        yield Stage(tmp_path, shop, wawi)


def fill(shop: JtlSandbox, wawi: WawiSandbox) -> None:
    """Anna orders on the web and by phone and sends something back; Otto only phones; Dora is a dealer."""
    made = NOW - timedelta(days=300)
    shop.put(make_product(updated_at=made))
    for number, name in (("1001", "anna"), ("1002", "dora"), ("1003", "new")):
        shop.put(make_customer(number, email=f"{name}@example.com", updated_at=made))
    wawi.put(make_customer("51", email="Anna@example.com", updated_at=made))
    wawi.put(make_customer("52", email="dora@example.com", group="Händler", updated_at=made))
    wawi.put(make_customer("53", email="otto@example.com", updated_at=made))
    wawi.put(make_customer("54", email=None, updated_at=made))
    for nth in range(2):
        on_the_web = make_order(f"{2001 + nth}", placed_at=placed(nth), email="anna@example.com")
        shop.put(on_the_web)
        wawi.put(with_wawi_id(on_the_web, f"{71 + nth}", "51"))
    for nth in range(2):
        phone = make_order(f"{81 + nth}", number=f"A-{nth}", placed_at=placed(nth + 5))
        wawi.put(with_wawi_id(phone, phone.id, "51", email="anna@example.com"))
    back = Refund(id="9", refunded_at=placed(0) + timedelta(days=9), amount=5950, tax=950)
    returned = make_order("83", number="A-3", placed_at=placed(8), refunds=(back,), email="anna@example.com")
    wawi.put(with_wawi_id(returned, "83", "51"))
    for nth in range(4):
        otto = make_order(f"{91 + nth}", number=f"T-{nth}", placed_at=placed(nth), email="otto@example.com")
        wawi.put(with_wawi_id(otto, otto.id, "53"))
        dora = make_order(f"{101 + nth}", number=f"D-{nth}", placed_at=placed(nth), email="dora@example.com")
        wawi.put(with_wawi_id(dora, dora.id, "52"))
    wawi.put(make_order("111", number="N-1", placed_at=placed(1), email=None, customer_id="54"))
    shop.put(make_order("2009", customer_id="1003", placed_at=placed(0), email="new@example.com"))


def placed(days: int) -> datetime:
    return NOW - timedelta(days=20 + days)


def with_wawi_id(order: Any, record_id: str, customer_id: str, **other: Any) -> Any:
    values = {"id": record_id, "customer_id": customer_id, "shipped_at": None, **other}
    return msgspec.structs.replace(order, **values)


def test_one_person_of_both_systems_is_counted_once(stage: Stage) -> None:
    stage.run("pull")
    # Anna: 5 orders of 119.00 less 59.50. Otto: 4. The one without an address: 1. Dora is a dealer in Wawi,
    # and the newest order of the shop has not come to Wawi yet.
    assert stage.facts() == {
        "c:1001": (5, 53550),
        "g:otto@example.com": (4, 47600),
        "c:wawi-54": (1, 11900),
    }


def test_after_a_push_the_plan_is_empty_and_both_have_the_tags(stage: Stage) -> None:
    stage.run("pull")
    stage.run("plan", "--approve")
    stage.run("push")
    assert stage.shop.tags_of("1001") == {"sk:big", "sk:stammkunde"}
    assert stage.wawi.tags_of("51") == {"sk:big", "sk:stammkunde"}
    assert stage.wawi.tags_of("53") == {"sk:big", "sk:stammkunde"}
    assert stage.wawi.tags_of("52") == frozenset()
    assert [stage.shop.attribute("1001", "code-danke")] == [code for (code,) in codes_of(stage, "c1001")]
    stage.run("pull")
    assert "nothing to change. The shop is as it should be." in stage.run("plan")
    # Otto has no account, so nothing can be stored with him in the shop; the code is there all the same.
    (code,) = stage.query("SELECT code FROM issued WHERE person_key <> 'c1001'")[0]
    assert code in stage.shop.codes()
    assert code in stage.run("customer", "otto@example.com").replace(" ", "")


def codes_of(stage: Stage, person: str) -> list[tuple[Any, ...]]:
    return stage.query(f"SELECT code FROM issued WHERE person_key = '{person}' AND state = 'issued'")


def test_whoever_registers_later_takes_his_history_along(stage: Stage) -> None:
    stage.run("pull")
    stage.shop.put(
        Customer(id="1009", email="otto@example.com", created_at=NOW, updated_at=NOW, country="DE")
    )
    stage.run("pull")
    assert stage.facts()["c:1009"] == (4, 47600)


def test_an_order_deleted_in_wawi_is_gone_and_one_deleted_in_the_shop_is_not(stage: Stage) -> None:
    stage.run("pull", "--full")
    stage.wawi.delete(Kind.ORDERS, "81")
    stage.shop.delete(Kind.ORDERS, "2001")
    stage.now = NOW + timedelta(days=1)
    stage.run("pull", "--full")
    assert stage.query("SELECT id FROM orders WHERE gone_at IS NOT NULL") == [("wawi-81",)]
    assert stage.facts()["c:1001"] == (4, 41650)


def test_no_order_counts_twice_when_the_books_change(stage: Stage) -> None:
    """An ordinary pull is enough for what Wawi has; a full one also drops what only the shop had."""
    with_wawi = stage.config.read_text("utf-8")
    alone = with_wawi.replace('orders_from = "wawi"\n', "")
    stage.config.write_text(alone, "utf-8")
    stage.run("pull")
    assert stage.facts() == {"c:1001": (2, 23800), "c:1003": (1, 11900)}
    stage.config.write_text(with_wawi, "utf-8")
    stage.now += timedelta(hours=1)
    stage.run("pull")
    assert stage.facts()["c:1001"] == (5, 53550)
    stage.now += timedelta(hours=1)
    stage.run("pull", "--full")
    assert "c:1003" not in stage.facts()
    stage.config.write_text(alone, "utf-8")
    stage.now += timedelta(hours=1)
    stage.run("pull", "--full")
    stage.now += timedelta(hours=1)
    assert stage.facts() == {"c:1001": (2, 23800), "c:1003": (1, 11900)}


def test_what_has_no_partner_is_listed(stage: Stage) -> None:
    installation = Installation(stage.config)
    runner = click.testing.CliRunner()
    result = runner.invoke(unmatched, ["laden", "--json"], obj=installation, catch_exceptions=False)
    rows = json.loads(result.stdout)
    assert {row["number"]: row["why"] for row in rows if row["system"] == "JTL-Shop"} == {
        "2009": "not in JTL-Wawi (yet), so it does not count"
    }
    orders = {row["number"] for row in rows if row["kind"] == "order" and row["system"] == "JTL-Wawi"}
    assert orders == {"T-0", "T-1", "T-2", "T-3", "N-1"}
    customers = {row["id"]: row["why"] for row in rows if row["kind"] == "customer"}
    assert customers == {
        "wawi-53": "no customer in the shop has this address",
        "wawi-54": "no address to join by",
    }
    told = runner.invoke(unmatched, ["laden"], obj=installation, catch_exceptions=False)
    assert "order  2009  (JTL-Shop)  web  new@example.com  - not in JTL-Wawi" in told.stdout
    assert told.stderr.strip() == (
        "5 orders in JTL-Wawi only, 1 order in JTL-Shop only, 2 customers in JTL-Wawi only."
    )
