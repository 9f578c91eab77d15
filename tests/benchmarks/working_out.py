"""People, facts and ten groups on a large shop: in full, and after a hundred changed customers."""

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from connector import facts, groups, mirror, people
from connector.adapter import Page
from connector.classes import Window
from connector.database import Database
from connector.groups import Definition
from connector.mirror import Mirror, Terms
from connector.model import Customer, LineItem, Order, Payment, Shipment
from connector.rules import RuleContext, parse

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TERMS = Terms(currency="EUR", time_zone="Europe/Berlin", prefixes=("sk:",))
RULES = {
    "over-500": "amount_spent > 500",
    "first-time": "number_of_orders = 1 AND first_order_date >= -30d",
    "stammkunden": "number_of_orders > 3",
    "dormant": "number_of_orders >= 2 AND last_order_date < -180d",
    "once": "number_of_orders = 1",
    "recent": "last_order_date >= -90d",
    "a": "abc_class = 'A'",
    "b": "abc_class = 'B'",
    "c": "abc_class = 'C'",
    "vip": "amount_spent > 1000 AND number_of_orders > 5 AND NOT last_order_date < -365d",
}
PAGE = 2000


def customers(count: int) -> Iterator[Customer]:
    for number in range(count):
        yield Customer(
            id=str(1_000_000 + number),
            email=f"buyer{number}@example.com",
            created_at=NOW - timedelta(days=1100, minutes=-number % 500_000),
            updated_at=NOW - timedelta(days=1),
        )


def orders(count: int, buyers: int) -> Iterator[Order]:
    """Orders over three years; some people buy far more often than others."""
    chance = random.Random(7)  # noqa: S311  reproducible, not secret
    weights = [chance.paretovariate(1.3) for _ in range(buyers)]
    for number, buyer in enumerate(chance.choices(range(buyers), weights, k=count)):
        placed = NOW - timedelta(days=1095 * (count - number) / count)
        total = chance.randrange(900, 12_000)
        yield Order(
            id=str(5_000_000 + number),
            number=f"#{number}",
            customer_id=str(1_000_000 + buyer),
            placed_at=placed,
            updated_at=placed,
            currency="EUR",
            total=total,
            goods=total,
            payment=Payment.PAID,
            shipment=Shipment.SHIPPED,
            lines=(LineItem(product_id=str(number % 60), quantity=1, remaining=1, total=total),),
        )


def fill(copy: Mirror, kind: str, records: Iterator[Any]) -> None:
    read = copy.begin(kind, NOW)
    page: list[Any] = []
    for record in records:
        page.append(record)
        if len(page) == PAGE:
            copy.store(read, Page(records=tuple(page), checkpoint="-"))
            page.clear()
    copy.store(read, Page(records=tuple(page), checkpoint="-"))
    copy.finish(read, NOW)


class Bench:
    def __init__(self, folder: Path, buyers: int, order_count: int) -> None:
        self.db = Database(folder / "bench.sqlite")
        self.shop = mirror.open_shop(self.db, "bench")
        self.copy = Mirror(self.db, self.shop, TERMS)
        self.copy.judge_anew()
        self.buyers, self.order_count = buyers, order_count
        fill(self.copy, "customers", customers(buyers))
        fill(self.copy, "orders", orders(order_count, buyers))
        self.db.build_indexes()

    def work_out(self) -> float:
        context = RuleContext(
            shop=self.shop, today=NOW.date(), time_zone="Europe/Berlin", currency="EUR", lapse_days=180
        )
        definitions = [Definition(name=name, rule=parse(rule)) for name, rule in RULES.items()]
        began = time.perf_counter()
        facts.refresh(self.db, self.shop, TERMS, Window(), NOW.date())
        groups.refresh(self.db, self.shop, definitions, context, NOW)
        return time.perf_counter() - began

    def join_people(self) -> float:
        began = time.perf_counter()
        people.refresh(self.db, self.shop, TERMS)
        return time.perf_counter() - began

    def change(self, count: int) -> None:
        """Some orders get dearer, as by a webhook or an increment."""
        chance = random.Random(8)  # noqa: S311
        chosen = set(chance.sample(range(self.order_count), count))
        changed = [
            msgspec.structs.replace(each, total=each.total + 500, goods=each.goods + 500, updated_at=NOW)
            for number, each in enumerate(orders(self.order_count, self.buyers))
            if number in chosen
        ]
        self.copy.store_fresh(changed, {}, NOW + timedelta(seconds=1))


def main(buyers: int, order_count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), buyers, order_count)
        first = bench.join_people()
        bench.work_out()
        with bench.db.write() as connection:
            connection.execute("DELETE FROM members")
            connection.execute("DELETE FROM groups")
            connection.execute("DELETE FROM membership_history")
            connection.execute("DELETE FROM facts")
            connection.execute("UPDATE shops SET rebuild = 1")
        again = bench.join_people()
        full = bench.work_out() - again
        bench.change(100)
        incremental = bench.work_out()
    return {
        "people_count": buyers,
        "orders": order_count,
        "people": first,
        "full": full,
        "incremental": incremental,
    }


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    sys.stdout.write(json.dumps(main(int(given["people"]), int(given["orders"]))))
