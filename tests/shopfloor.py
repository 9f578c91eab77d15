"""A sandbox shop with a fixed clock, an installation beside it, and an owner who types commands.

The people are few and known by name, so that every expected figure can be counted by hand.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click.testing
import requests

from adapters.shopify.sandbox import ShopifySandbox
from connector.cli import main
from connector.model import Customer, LineItem, Order, Payment, Product, Refund, Shipment

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
MADE = NOW - timedelta(days=500)
TOKEN = "shpat_5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
KEY = "5a" * 32

GROUPS = """
[groups.stammkunden]
members = "number_of_orders > 3"
tag = "stammkunde"

[groups.big]
members = "amount_spent > 500"
tag = "over-500"

[groups.new]
members = "number_of_orders = 1 AND first_order_date >= -30d"
tag = "new"

[groups.dormant]
members = "number_of_orders >= 2 AND last_order_date < -180d"
"""

CAMPAIGN = """
[campaigns.come-back]
active = true
group = "dormant"
coupon = { percent = 10, minimum = 30, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 10 }
"""


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Floor:
    """One installation and its shops. Open it with `shopfloor`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.sandboxes: dict[str, ShopifySandbox] = {}
        self.options: dict[str, dict[str, str]] = {}
        self.top = ""
        self.rules = GROUPS
        self.config = folder / "stammkunde.toml"
        self.database = folder / "stammkunde.sqlite"
        self.write_private("stammkunde.key", KEY)

    def write_private(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    def open_shop(self, name: str = "roastery", **how: Any) -> ShopifySandbox:
        """Start a shop and put it into the config."""
        settings: dict[str, Any] = {
            "token": TOKEN,
            "restore_rate": 1e6,
            "bucket": 1e6,
            "now": lambda: self.now,
        } | how
        sandbox = ShopifySandbox(**settings)
        sandbox.start()
        self.sandboxes[name] = sandbox
        self.options[name] = {
            "adapter": '"shopify"',
            "domain": f'"{name}.myshopify.com"',
            "base_url": f'"{sandbox.url}"',
            "token": f'{{ file = "{self.write_private(f"{name}.token", TOKEN)}" }}',
            "timeout": "20.0",
            "push": "true",
            "limits": "{ losing = 0.10, gaining = 0.30 }",
        }
        self.write_config()
        return sandbox

    @property
    def shop(self) -> ShopifySandbox:
        """The only shop, or the first one."""
        return next(iter(self.sandboxes.values()))

    def set(self, shop: str = "roastery", **options: str) -> None:
        """Change options of a shop, as TOML."""
        self.options[shop] |= options
        self.write_config()

    def write_config(self, *, top: str | None = None, rules: str | None = None) -> None:
        self.top = self.top if top is None else top
        self.rules = self.rules if rules is None else rules
        tables = [
            "\n".join([f"[shops.{name}]", *(f"{key} = {value}" for key, value in options.items())])
            for name, options in self.options.items()
        ]
        self.config.write_text("\n\n".join([self.top, *tables, self.rules]), encoding="utf-8")

    def arguments(self, *arguments: str) -> list[str]:
        return ["--config", str(self.config), "--now", self.now.isoformat(), *arguments]

    def run(self, *arguments: str, stdin: str | None = None) -> Ran:
        """Type a command."""
        result = click.testing.CliRunner().invoke(main, self.arguments(*arguments), input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    def done(self, *arguments: str) -> Ran:
        """Type a command that goes well."""
        ran = self.run(*arguments)
        assert ran.code == 0, ran
        return ran

    def start(self, *arguments: str, **how: Any) -> "subprocess.Popen[str]":
        """Start a command in a process of its own."""
        return subprocess.Popen(
            self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
        )

    def command(self, *arguments: str) -> list[str]:
        """A command as a process is started with it."""
        return [sys.executable, "-c", "from connector.cli import main; main()", *self.arguments(*arguments)]

    def wait_for_request(self, contains: str, count: int = 1) -> None:
        """Until the first shop has got so many requests that contain a text."""
        deadline = time.monotonic() + 20
        while len(self.shop.faults.requests(contains)) < count:
            assert time.monotonic() < deadline, f"no request with {contains}"
            time.sleep(0.01)

    def first_push(self) -> Ran:
        """Read the shop, look at the plan, push it. Returns what the push said."""
        self.done("pull")
        self.done("plan", "--approve")
        return self.done("push")

    def later(self, **by: float) -> None:
        """The clock goes on, for the shop and for us."""
        self.now += timedelta(**by)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the database as any program could."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()

    def tags(self, *numbers: str) -> dict[str, list[str]]:
        """The tags customers have in the shop."""
        return {number: sorted(self.shop.tags_of(number)) for number in numbers}

    def mutations(self) -> list[str]:
        """Requests so far that were to change the shop."""
        return [seen.body for seen in self.shop.faults.requests('"query":"mutation') if writes(seen.body)]

    def delete_discount(self, code: str) -> None:
        """The merchant deletes a discount in the shop's admin."""
        found = self.shop.discounts.find(code)
        assert found is not None
        node = f"gid://shopify/DiscountCodeNode/{found.discount}"
        deletion = f'mutation {{ discountCodeDelete(id: "{node}") {{ deletedCodeDiscountId }} }}'
        requests.post(
            f"{self.shop.url}/admin/api/2026-10/graphql.json",
            json={"query": deletion},
            headers={"X-Shopify-Access-Token": TOKEN},
            timeout=5,
        ).raise_for_status()
        assert self.shop.discounts.find(code) is None

    def close(self) -> None:
        for sandbox in self.sandboxes.values():
            sandbox.stop()


def writes(body: str) -> bool:
    """Whether a mutation changes the shop; starting a bulk read is a mutation too."""
    return "bulkOperationRunQuery" not in body


@contextmanager
def shopfloor(folder: Path) -> Iterator[Floor]:
    floor = Floor(folder)
    try:
        yield floor
    finally:
        floor.close()


def put(sandbox: ShopifySandbox, records: Iterable[Customer | Order | Product]) -> None:
    for record in records:
        sandbox.put(record)


def customer(number: int, email: str | None = None, *tags: str, **other: Any) -> Customer:
    """An account made long ago."""
    made = MADE + timedelta(minutes=number)
    return Customer(
        **({"id": str(number), "email": email, "tags": tags, "created_at": made, "updated_at": made} | other)
    )


def order(number: int, buyer: int | None, days_ago: float, euros: int = 50, **other: Any) -> Order:
    """A paid and shipped order of one bag of coffee, 7 % tax included."""
    placed = NOW - timedelta(days=days_ago)
    total = euros * 100
    tax = total - round(total / 1.07)
    line = LineItem(product_id="3001", title="Espresso", quantity=1, remaining=1, total=total)
    return Order(
        **(
            {
                "id": str(number),
                "number": f"#{number}",
                "customer_id": None if buyer is None else str(buyer),
                "placed_at": placed,
                "updated_at": placed,
                "currency": "EUR",
                "total": total,
                "goods": total - tax,
                "tax": tax,
                "lines": (line,),
                "payment": Payment.PAID,
                "shipment": Shipment.SHIPPED,
                "payment_method": "Kreditkarte",
            }
            | other
        )
    )


def returned(number: int, buyer: int, days_ago: float) -> Order:
    """An order of 50 euros that came back whole."""
    sent = order(number, buyer, days_ago)
    back = Refund(id=str(number), refunded_at=sent.placed_at, amount=5000, tax=327)
    line = LineItem(product_id="3001", title="Espresso", quantity=1, remaining=0, total=5000)
    return order(number, buyer, days_ago, refunds=(back,), lines=(line,))


def people() -> Iterator[Customer | Order | Product]:
    """The ten of them.

    Counted orders (and euros): Ada 4 + 1 as a guest (5 x 200), Ben 1 (30), Cem 2 (120), Dora 5 (100),
    Ida 1 (40), Kim, a guest, 1 (60). Eva is a dealer.
    """
    yield Product(id="3001", title="Espresso", tags=("espresso",), updated_at=MADE)
    yield customer(1001, "ada@example.com", "VIP", first_name="Ada", last_name="Amsel")
    yield from (order(101 + nth, 1001, 10 + 40 * nth, 200) for nth in range(4))
    yield order(105, None, 9, 200, email="Ada@Example.com")
    yield customer(1002, "ben@example.com", first_name="Ben", last_name="Berg")
    yield order(110, 1002, 5, 30)
    yield customer(1003, "cem@example.com", "Newsletter", "stammkunde")
    yield from (order(120 + nth, 1003, 200 + 100 * nth, 60) for nth in range(2))
    yield customer(1004, "dora@example.com", "VIP", "Sk-Freundin")
    yield from (order(130 + nth, 1004, 190 + nth, 20) for nth in range(5))
    yield customer(1005, "eva@handel.example", "B2B")
    yield from (order(140 + nth, 1005, 3 + nth, 900) for nth in range(6))
    yield customer(1006, "finn@example.com")
    yield customer(1007, None, first_name="Gül")
    yield order(150, 1007, 2, cancelled_at=NOW - timedelta(days=1))
    yield customer(1008, "hans@example.com")
    yield order(160, 1008, 4, payment=Payment.NONE, shipment=Shipment.NONE)
    yield order(161, 1008, 4, test=True)
    yield customer(1009, "ida@example.com")
    yield order(170, 1009, 400, 40)
    yield customer(1010, "jan@example.com")
    yield returned(180, 1010, 20)
    yield order(190, None, 15, 60, email="kim@example.com")
