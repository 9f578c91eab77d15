"""A large shop, written into the database by SQL: facts, twenty groups, ABC, RFM and cohorts.

In full, after some orders changed, and on the next day.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from connector import facts, groups, mirror, people
from connector.classes import Window
from connector.database import Database
from connector.groups import Definition
from connector.metrics.cohorts import cohorts
from connector.metrics.counted import Scope, counted
from connector.mirror import Mirror, Terms
from connector.model import LineItem, Order, Payment, Shipment
from connector.rules import RuleContext, parse

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY = NOW.date()
DAYS = 1095  #: of history
PRODUCTS = 500
CHANGED = 1000
TERMS = Terms(currency="EUR", time_zone="Europe/Berlin", prefixes=("sk:",))
RULES = {
    "over-500": "amount_spent > 500",
    "over-2000": "amount_spent > 2000 AND number_of_orders > 5",
    "new": "number_of_orders = 1 AND first_order_date >= -30d",
    "new-last-month": "number_of_orders = 1 AND first_order_date = last_calendar_month",
    "stammkunden": "number_of_orders > 3",
    "dormant": "number_of_orders >= 2 AND last_order_date < -180d",
    "once": "number_of_orders = 1",
    "recent": "last_order_date >= -90d",
    "regular": "lifecycle = 'regular'",
    "a": "abc_class = 'A'",
    "b": "abc_class = 'B'",
    "c": "abc_class = 'C'",
    "champions": "sk_rfm_group = 'CHAMPIONS'",
    "at-risk": "sk_rfm_group = 'AT_RISK'",
    "fresh": "rfm_recency = 5 AND rfm_frequency <= 2",
    "bargains": "discounted_order_share >= 0.8 AND number_of_orders >= 3",
    "well-off": "average_order_value >= 70 AND in_group('stammkunden')",
    "espresso": "products_purchased MATCHES (tag = 'espresso', date >= -1y)",
    "two-grinders": "products_purchased MATCHES (id = 7, count >= 2)",
    "tea-only": "products_purchased(tag: 'tea') = true AND products_purchased(tag: 'espresso') = false",
}

# Whole numbers that look random: i times a large odd one, modulo 2^32.
_HASH = "(({i} * 2654435761 + {salt}) % 4294967296)"
_NUMBERS = "WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < :count - 1) "
_CUSTOMERS = (
    _NUMBERS
    + """INSERT INTO customers (shop, id, guest, email, email_key, country, tags, created_at, attributes,
        digest, read_at)
    SELECT :shop, CAST(1000000 + i AS TEXT), 0, 'buyer' || i || '@example.com',
        'buyer' || i || '@example.com', 'DE', '[]', :made + i, '{}', 0, 0 FROM numbers"""
)
# The first buyers order some fifty times, the last two or three times.
_ORDERS = (
    _NUMBERS
    + f"""INSERT INTO orders (shop, id, number, customer_id, placed_at, day, updated_at, test, currency,
        total, goods, discounts, shipping, tax, refunded, spent, net, payment, shipment, open_return,
        has_code, uncounted, returned, digest, read_at, person)
    SELECT :shop, CAST(10000000 + i AS TEXT), '#' || i, buyer,
        :first_moment + d * 86400000, :first_day + d, 0, 0, 'EUR', total, total, 0, 0, 0, 0,
        total, total, 'paid', 'shipped', 0, w % 6 = 0, iif(w % 33 = 0, 'cancelled', NULL), 0, 0, 0,
        (SELECT c.person FROM customers AS c WHERE c.shop = :shop AND c.id = buyer)
    FROM (
        SELECT i, w, total, d,
            CAST(1000000 + CAST(:buyers * u * (0.92 * u + 0.08) AS INTEGER) AS TEXT) AS buyer
        FROM (SELECT i, {_HASH.format(i="i", salt=17)} / 4294967296.0 AS u,
            {_HASH.format(i="i * 31", salt=977)} / 65536 AS w,
            900 + {_HASH.format(i="i * 7", salt=5)} / 65536 % 11100 AS total,
            i * {DAYS} / :count AS d
        FROM numbers)
    )"""
)
_LINES = f"""
    INSERT INTO line_items (order_key, position, shop, product_id, title, quantity, remaining, total,
        gift_card)
    SELECT o.order_key, n.value, o.shop,
        CAST({_HASH.format(i="o.order_key * 5 + n.value", salt=3)} / 65536 % {PRODUCTS} AS TEXT),
        'Product', 1, 1, o.total / 2, 0
    FROM orders AS o CROSS JOIN json_each('[0, 1, 2]') AS n
    WHERE n.value < 2 + (o.order_key % 5 IN (1, 3))
"""


def fill(db: Database, shop: int, buyers: int, order_count: int) -> None:
    first = datetime.combine(TODAY - timedelta(DAYS - 1), datetime.min.time(), UTC) + timedelta(hours=12)
    values = {"shop": shop, "made": round((first - timedelta(1)).timestamp() * 1000), "buyers": buyers}
    values |= {"first_moment": round(first.timestamp() * 1000), "first_day": first.toordinal()}
    with db.write() as connection:
        connection.execute(_CUSTOMERS, values | {"count": buyers})
    people.refresh(db, shop, TERMS)  # as a first pull does, so that orders are written with their person
    with db.write() as connection:
        connection.execute(_ORDERS, values | {"count": order_count})
    with db.write() as connection:
        connection.execute(_LINES)
        for product in range(PRODUCTS):
            words = ["espresso"] * (product % 25 == 7) + ["tea"] * (product % 10 == 3)
            connection.executemany(
                "INSERT INTO product_words VALUES (?, 'tag', ?, ?)",
                [(shop, word, str(product)) for word in words],
            )


class Bench:
    def __init__(self, file: Path, buyers: int, order_count: int) -> None:
        self.db = Database(file)
        self.shop = mirror.open_shop(self.db, "bench")
        self.copy = Mirror(self.db, self.shop, TERMS)
        self.copy.judge_anew()
        self.buyers, self.order_count = buyers, order_count

    def facts(self, today: date = TODAY) -> None:
        facts.refresh(self.db, self.shop, TERMS, Window(), today)

    def groups(self, today: date = TODAY) -> dict[str, int]:
        context = RuleContext(shop=self.shop, today=today, time_zone="Europe/Berlin", currency="EUR")
        definitions = [Definition(name=name, rule=parse(rule)) for name, rule in RULES.items()]
        found = groups.refresh(self.db, self.shop, definitions, context, NOW)
        return {each.name: each.size for each in found}

    def cohorts(self) -> int:
        scope = Scope(
            shop=self.shop,
            as_of=TODAY,
            today=TODAY,
            time_zone="Europe/Berlin",
            lapse_days=180,
            abc=Window(days=365, a=Decimal(80), b=Decimal(95)),
        )
        with counted(self.db, scope):
            return sum(each.customers for each in cohorts(self.db, scope))

    def mark(self, *, rebuild: bool) -> None:
        """Everything is to be worked out anew, or nothing is."""
        with self.db.write() as connection:
            connection.execute("UPDATE shops SET rebuild = ?", (rebuild,))
            connection.execute("DELETE FROM dirty")

    def change(self, count: int) -> None:
        """Some orders get dearer, as by a webhook or an increment."""
        step = self.order_count // count
        changed = []
        for number in range(0, step * count, step):
            row = self.db.row(
                "SELECT * FROM orders WHERE shop = ? AND id = ?", (self.shop, str(10_000_000 + number))
            )
            assert row is not None
            total = row["total"] + 500
            line = LineItem(product_id="7", title="Product", quantity=1, remaining=1, total=total)
            changed.append(
                Order(
                    id=row["id"],
                    number=row["number"],
                    customer_id=row["customer_id"],
                    placed_at=datetime.fromtimestamp(row["placed_at"] / 1000, UTC),
                    updated_at=NOW,
                    currency="EUR",
                    total=total,
                    goods=total,
                    payment=Payment.PAID,
                    shipment=Shipment.SHIPPED,
                    lines=(line,),
                )
            )
        self.copy.store_fresh(changed, {}, NOW)


class Times:
    """Seconds by the clock, and those of one core, which do not count what else runs on the machine."""

    def __init__(self) -> None:
        self.clock: dict[str, float] = {}
        self.core: dict[str, float] = {}

    def take(self, name: str, work: Callable[[], object]) -> None:
        clock, core = time.perf_counter(), time.process_time()
        work()
        self.clock[name] = time.perf_counter() - clock
        self.core[name] = time.process_time() - core


def main(file: Path, buyers: int, order_count: int) -> dict[str, Any]:
    bench, times, sizes = Bench(file, buyers, order_count), Times(), dict[str, int]()
    times.take("filling", lambda: fill(bench.db, bench.shop, buyers, order_count))
    lines = bench.db.value("SELECT count(*) FROM line_items")
    times.take("indexes", bench.db.build_indexes)
    times.take("facts", bench.facts)
    times.take("groups", bench.groups)
    times.take("cohorts", bench.cohorts)
    bench.mark(rebuild=True)
    times.take("people", lambda: people.refresh(bench.db, bench.shop, TERMS))  # which are a part of the facts
    bench.mark(rebuild=False)
    bench.change(CHANGED)
    times.take("changed facts", bench.facts)
    times.take("changed groups", lambda: sizes.update(bench.groups()))
    times.take("next day's facts", lambda: bench.facts(TODAY + timedelta(1)))
    times.take("next day's groups", lambda: bench.groups(TODAY + timedelta(1)))
    bench.db.close()
    return {
        "customers": buyers,
        "orders": order_count,
        "lines": lines,
        "clock": times.clock,
        "core": times.core,
        "sizes": sizes,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "file": file.stat().st_size // 2**20,
    }


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    sys.stdout.write(json.dumps(main(Path(given["file"]), int(given["customers"]), int(given["orders"]))))
