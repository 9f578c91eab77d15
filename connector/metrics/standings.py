"""Where each person stands as of a day: ABC, lifecycle and RFM, one row each.

Within `counted`, whose table `temp.counted` holds the orders up to the later of the days asked for.
"""

from collections.abc import Mapping
from typing import NamedTuple

from connector.database import Database
from connector.scores import COLUMNS, NOBODY, STEPS


class Tables(NamedTuple):
    """The names of the two tables of a day: of whoever had an order by then, and of everybody there was."""

    buyers: str
    standings: str


NOW = Tables("buyers", "standings")
THEN = Tables("buyers_then", "standings_then")  #: of the earlier day of a migration

_BUYERS = """
    CREATE TEMP TABLE {buyers} AS
    SELECT a.*, coalesce(c.id, p.identity) AS tie FROM (
        SELECT person, count(*) AS orders, sum(spent) AS spent, sum(net) AS net,
            min(day) AS first_day, max(day) AS last_day,
            sum(day > :window_start) AS window_orders,
            coalesce(sum(spent) FILTER (WHERE day > :window_start), 0) AS window_value
        FROM temp.counted WHERE day <= :day GROUP BY person
    ) AS a JOIN people AS p USING (person) LEFT JOIN customers AS c ON c.customer = p.customer
"""
_EMPTY = """
    CREATE TEMP TABLE {standings} (person INTEGER PRIMARY KEY, orders, spent, net, window_value, abc, stage,
        r, f, m)
"""
# Whoever has more than the one at place k * n / 5 from below scores above k (see scores.py).
_CUTS = """
    SELECT place, figure FROM (
        SELECT {column} AS figure, row_number() OVER (ORDER BY {column}) AS place FROM temp.{buyers}
    ) WHERE place IN ({places})
"""
# Somebody without an order in the window has the value 0 there, which adds nothing to what is reached.
_STANDINGS = """
    INSERT INTO temp.{standings}
    SELECT person, orders, spent, net, window_value,
        CASE WHEN window_orders = 0 THEN NULL WHEN window_value <= 0 THEN 'C'
            WHEN place = 1 OR reached * 10000 <= :a * total THEN 'A'
            WHEN reached * 10000 <= :b * total THEN 'B' ELSE 'C' END,
        CASE WHEN :day - last_day > :lapse THEN iif(orders = 1, 'potential', 'dormant')
            WHEN orders = 1 THEN 'new' WHEN orders <= 3 THEN 'active' ELSE 'regular' END,
        {scores}
    FROM (
        SELECT *, row_number() OVER by_value AS place, sum(max(window_value, 0)) OVER by_value AS reached,
            (SELECT sum(max(window_value, 0)) FROM temp.{buyers}) AS total
        FROM temp.{buyers}
        WINDOW by_value AS (ORDER BY window_value DESC, tie ROWS UNBOUNDED PRECEDING)
    )
"""
# Somebody without an eligible order was there on that day if a record or an order of theirs was.
_PROSPECTS = """
    INSERT INTO temp.{standings}
    SELECT p.person, 0, 0, 0, 0, NULL, 'beginner', NULL, NULL, NULL FROM people AS p
    WHERE p.shop = :shop AND p.excluded IS NULL AND p.cluster <> ''
        AND p.person NOT IN (SELECT person FROM temp.{buyers})
        AND (EXISTS (SELECT 1 FROM customers AS c
                WHERE c.person = p.person AND (c.created_at IS NULL OR c.created_at < :ends_at))
            OR EXISTS (SELECT 1 FROM orders AS o WHERE o.person = p.person AND o.day <= :day))
"""


def tell(db: Database, tables: Tables, values: Mapping[str, int]) -> None:
    """Make both tables of a day. `values` are those of `Scope.values`."""
    names = tables._asdict()
    db.rows(_BUYERS.format(**names), values)
    scores = ", ".join(_score(db, tables, column) for column in COLUMNS.values())
    db.rows(_EMPTY.format(**names))
    db.rows(_STANDINGS.format(**names, scores=scores), values)
    db.rows(_PROSPECTS.format(**names), values)


def _score(db: Database, tables: Tables, column: str) -> str:
    """SQL of the score of each buyer by one figure."""
    buyers = db.value(f"SELECT count(*) FROM temp.{tables.buyers}")
    places = [step * buyers // 5 for step in STEPS]
    listed = ", ".join(str(place) for place in places)
    rows = db.rows(_CUTS.format(column=column, buyers=tables.buyers, places=listed))
    cuts = {row["place"]: row["figure"] for row in rows}
    return "1" + "".join(f" + ({column} > {cuts.get(place, NOBODY):d})" for place in places)
