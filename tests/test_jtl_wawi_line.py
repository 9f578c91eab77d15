"""The whole line on JTL-Wawi: pull, plan, push into the merchant's field, undo."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapters.jtl.wawi.sandbox import WawiSandbox
from connector.cli import main
from connector.model import Kind, Order, Refund
from connector.testing import make_customer, make_line, make_order, make_product

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
CONFIG = """
[shops.wawi]
adapter = "jtl-wawi"
url = "{url}"
key = {{ file = "{key}" }}
tag_field = "Stammkunde"
push = true
limits = {{ losing = 0.10, gaining = 0.30, coupons = 500 }}

[groups.stammkunden]
members = "number_of_orders > 3"
tag = "stammkunde"
"""


class Office:
    """A Wawi with three customers, and somebody at a terminal."""

    def __init__(self, folder: Path, shop: WawiSandbox) -> None:
        self.shop = shop
        self.config = folder / "stammkunde.toml"
        for name, text in {"wawi.key": "wawi-sandbox", "stammkunde.key": "5a" * 32}.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        url = shop.settings()["url"]
        self.config.write_text(CONFIG.format(url=url, key=folder / "wawi.key"), encoding="utf-8")

    def run(self, *arguments: str) -> Result:
        whole = ["--config", str(self.config), "--now", NOW.isoformat(), *arguments]
        result = CliRunner().invoke(main, whole)
        assert result.exception is None, result.output
        return result


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with WawiSandbox(now=lambda: NOW) as shop:
        shop.put(make_product())
        for number in ("1001", "1002", "1003"):
            shop.put(make_customer(number, group="Endkunden"))
        for place in range(4):
            placed = NOW - timedelta(days=30 * place + 1)
            shop.put(make_order(f"20{place}", customer_id="1001", placed_at=placed, updated_at=None))
            shop.put(returned(f"21{place}", placed) if place == 0 else order_of_1002(f"21{place}", placed))
        shop.write_field("1001", "Ruft gern an")
        yield Office(tmp_path, shop)


def order_of_1002(number: str, placed: datetime) -> Order:
    return make_order(number, customer_id="1002", email="c1002@example.com", placed_at=placed)


def returned(number: str, placed: datetime) -> Order:
    """All of it came back, and the money with it."""
    refund = Refund(id="4001", refunded_at=placed + timedelta(hours=9), amount=11900, tax=1900)
    lines = (make_line(quantity=2, remaining=0, total=11900),)
    return make_order(
        number,
        customer_id="1002",
        email="c1002@example.com",
        placed_at=placed,
        lines=lines,
        refunds=(refund,),
    )


def test_after_a_push_the_plan_is_empty_and_notes_of_the_merchant_stay(office: Office) -> None:
    office.run("pull")
    office.run("plan", "--approve")
    office.run("push")
    # Of 1002's four orders one was returned as a whole, by its credit note.
    assert [office.shop.field(each) for each in ("1001", "1002", "1003")] == [
        "Ruft gern an, sk:stammkunde",
        "",
        "",
    ]
    office.run("pull")
    assert "nothing to change" in office.run("plan").output


def test_an_undo_leaves_the_field_as_it_was(office: Office) -> None:
    office.run("pull")
    office.run("plan", "--approve")
    pushed = office.run("push").output
    run = next(word.strip("`.") for word in pushed.split() if word.startswith("push-"))
    office.run("undo", run)
    assert office.shop.field("1001") == "Ruft gern an"


def test_what_is_deleted_in_wawi_is_found_by_a_full_pull(office: Office) -> None:
    office.run("pull")
    office.shop.delete(Kind.CUSTOMERS, "1003")
    shown = office.run("pull", "--full").output
    assert "2 customers" in shown
