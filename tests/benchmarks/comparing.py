"""What `large` works out, by DuckDB over the same file: how far from the possible are we?"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_sqlite_scanner

from tests.benchmarks.large import TODAY

_FACTS = """
    CREATE TEMP TABLE counted AS
    SELECT person, order_key, day, spent, has_code FROM shop.orders
    WHERE uncounted IS NULL AND gone_at IS NULL AND person IS NOT NULL;

    CREATE TEMP TABLE facts AS
    SELECT p.person, c.id AS tie, coalesce(a.orders, 0) AS orders, coalesce(a.spent, 0) AS spent, a.first_day,
        a.last_day, coalesce(a.code_orders, 0) AS code_orders, coalesce(a.window_orders, 0) AS window_orders,
        coalesce(a.window_value, 0) AS window_value
    FROM shop.people AS p JOIN shop.customers AS c ON c.customer = p.customer
    LEFT JOIN (
        SELECT person, count(*) AS orders, sum(spent) AS spent, min(day) AS first_day, max(day) AS last_day,
            sum(has_code) AS code_orders, count(*) FILTER (day > $today - 365) AS window_orders,
            sum(spent) FILTER (day > $today - 365) AS window_value
        FROM counted GROUP BY person
    ) AS a ON a.person = p.person;
"""
_SCORES = """
    CREATE TEMP TABLE scored AS
    SELECT f.*, l.class, r.r, r.f, r.m FROM facts AS f
    LEFT JOIN (
        SELECT person, CASE WHEN window_value <= 0 THEN 'C'
            WHEN place = 1 OR reached * 100 <= 80 * total THEN 'A'
            WHEN reached * 100 <= 95 * total THEN 'B' ELSE 'C' END AS class
        FROM (
            SELECT person, window_value, row_number() OVER w AS place,
                sum(greatest(window_value, 0)) OVER w AS reached,
                sum(greatest(window_value, 0)) OVER () AS total
            FROM facts WHERE window_orders > 0
            WINDOW w AS (ORDER BY window_value DESC, tie ROWS UNBOUNDED PRECEDING)
        )
    ) AS l USING (person)
    LEFT JOIN (
        SELECT person, (5 * rank() OVER (ORDER BY last_day) + n - 1) // n AS r,
            (5 * rank() OVER (ORDER BY orders) + n - 1) // n AS f,
            (5 * rank() OVER (ORDER BY spent) + n - 1) // n AS m
        FROM facts, (SELECT count(*) AS n FROM facts WHERE orders > 0) WHERE orders > 0
    ) AS r USING (person);
"""
_BOUGHT = (
    "person IN (SELECT o.person FROM counted AS o JOIN shop.line_items AS l USING (order_key)"
    " WHERE l.remaining > 0 AND {})"
)
_TAGGED = "l.product_id IN (SELECT product_id FROM shop.product_words WHERE kind = 'tag' AND word = '{}')"
_ESPRESSO, _TEA = _BOUGHT.format(_TAGGED.format("espresso")), _BOUGHT.format(_TAGGED.format("tea"))
_LAST_MONTH = "first_day BETWEEN $today - 31 AND $today - 1"  # 1 June is today
GROUPS = {
    "over-500": "spent > 50000",
    "over-2000": "spent > 200000 AND orders > 5",
    "new": "orders = 1 AND first_day >= $today - 30",
    "new-last-month": f"orders = 1 AND {_LAST_MONTH}",
    "stammkunden": "orders > 3",
    "dormant": "orders >= 2 AND last_day < $today - 180",
    "once": "orders = 1",
    "recent": "last_day >= $today - 90",
    "regular": "orders > 3 AND last_day >= $today - 180",
    "a": "class = 'A'",
    "b": "class = 'B'",
    "c": "class = 'C'",
    "champions": "r = 5 AND f + m >= 8",
    "at-risk": "r <= 2 AND f + m BETWEEN 6 AND 8",
    "fresh": "r = 5 AND f <= 2",
    "bargains": "orders >= 3 AND code_orders * 10 >= orders * 8",
    "well-off": "orders > 3 AND spent >= 7000 * orders",
    "espresso": _BOUGHT.format(f"o.day >= $today - 365 AND {_TAGGED.format('espresso')}"),
    "two-grinders": "person IN (SELECT o.person FROM counted AS o JOIN shop.line_items AS l USING (order_key)"
    " WHERE l.remaining > 0 AND l.product_id = '7' GROUP BY o.person HAVING count(DISTINCT order_key) >= 2)",
    "tea-only": f"{_TEA} AND NOT {_ESPRESSO}",
}
# Days are counted from the year 1; the month of each day is worked out once.
_COHORTS = """
    WITH months AS (
        SELECT day, year(on_) * 12 + month(on_) AS month
        FROM (SELECT DISTINCT day, DATE '0001-01-01' + CAST(day - 1 AS INTEGER) AS on_ FROM counted)
    )
    SELECT f.month AS cohort, o.month - f.month AS k, count(DISTINCT c.person)
    FROM counted AS c JOIN facts USING (person) JOIN months AS f ON f.day = facts.first_day
    JOIN months AS o ON o.day = c.day GROUP BY cohort, k
"""


def main(file: Path) -> dict[str, Any]:
    extension = next(Path(duckdb_extension_sqlite_scanner.__file__).parent.rglob("*.duckdb_extension"))
    db = duckdb.connect(config={"allow_unsigned_extensions": "false"})
    db.execute(f"LOAD '{extension}'")
    db.execute(f"ATTACH '{file}' AS shop (TYPE sqlite, READ_ONLY)")
    today = str(TODAY.toordinal())
    began = time.perf_counter()
    db.execute(_FACTS.replace("$today", today))
    db.execute(_SCORES)
    facts = time.perf_counter() - began
    sizes = {}
    for name, condition in GROUPS.items():
        db.execute(
            f"CREATE TEMP TABLE grp AS SELECT person FROM scored WHERE {condition.replace('$today', today)}"
        )
        row = db.execute("SELECT count(*) FROM grp").fetchone()
        sizes[name] = row[0] if row else 0
        db.execute("DROP TABLE grp")
    groups = time.perf_counter() - began - facts
    db.execute(_COHORTS).fetchall()
    full = time.perf_counter() - began
    db.close()
    return {"full": full, "facts": facts, "groups": groups, "cohorts": full - facts - groups, "sizes": sizes}


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    sys.stdout.write(json.dumps(main(Path(given["file"]))))
