"""A database filled row by row, and the members of a rule on it: what the tests of rules share."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connector.database import Database, milliseconds
from connector.rules import RuleContext, compile_rule, parse

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 3, 31)
CONTEXT = RuleContext(
    shop=1,
    today=TODAY,
    time_zone="Europe/Berlin",
    currency="EUR",
    groups={"regulars": 1, "dormant": 2, "value/A": 3, "value/B": 4},
    lapse_days=180,
)

_FROM = (
    " FROM facts AS f JOIN people AS p ON p.person = f.person"
    " LEFT JOIN customers AS c ON c.customer = p.customer"
)


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def instant(text: str) -> int:
    """Milliseconds of an ISO time; without a zone it is Berlin's."""
    moment = datetime.fromisoformat(text)
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=BERLIN).astimezone(UTC))


class RuleShop:
    """One shop. Columns that a test does not care about are filled in."""

    def __init__(self, path: Path) -> None:
        self.db = Database(path)
        self._orders = 0

    def insert(self, table: str, **values: Any) -> None:
        columns = self.db.rows(f"PRAGMA table_info({table})")
        for column in columns:
            if column["notnull"] and column["dflt_value"] is None and not column["pk"]:
                values.setdefault(column["name"], "" if column["type"] == "TEXT" else 0)
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self.db.write() as connection:
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))

    def person(self, person: int, *, customer: dict[str, Any] | None = None, **facts: Any) -> None:
        """A person, with an account if `customer` is given."""
        if customer is not None:
            defaults = {"shop": 1, "id": str(person), "tags": "[]", "attributes": "{}"}
            self.insert("customers", customer=person, **(defaults | customer))
        email = (customer or {}).get("email_key", f"p{person}@example.com")
        key = None if customer is None else person
        self.insert("people", person=person, shop=1, identity=f"c:{person}", email_key=email, customer=key)
        self.insert("facts", person=person, shop=1, tie=str(person), **facts)

    def order(self, person: int, on: str, *lines: dict[str, Any], **values: Any) -> int:
        """An order that counts, placed at noon unless a time is given."""
        self._orders += 1
        placed = instant(on if "T" in on else f"{on}T12:00:00")
        known = {
            "order_key": self._orders,
            "shop": 1,
            "id": str(self._orders),
            "person": person,
            "spent": 5000,
        }
        self.insert("orders", placed_at=placed, day=day(on[:10]), **(known | values))
        for position, line in enumerate(lines):
            ordered = {
                "quantity": 1,
                "remaining": 1,
                "order_key": self._orders,
                "position": position,
                "shop": 1,
            }
            self.insert("line_items", **(ordered | line))
        return self._orders

    def members(self, text: str, context: RuleContext = CONTEXT, *, everybody: bool = False) -> list[int]:
        """Who the rule is true of, by the expression as the core runs it."""
        compiled = compile_rule(parse(text), context, everybody=everybody)
        rows = self.db.rows(
            f"SELECT f.person{_FROM} WHERE f.shop = :shop__ AND p.excluded IS NULL AND ({compiled.sql})"
            " ORDER BY f.person",
            {"shop__": context.shop, **compiled.parameters},
        )
        return [row[0] for row in rows]

    def answers(self, text: str, context: RuleContext = CONTEXT) -> list[Any]:
        """The expression itself, of everybody."""
        compiled = compile_rule(parse(text), context)
        return self.each(compiled.sql, dict(compiled.parameters))

    def each(self, sql: str, parameters: dict[str, Any]) -> list[Any]:
        """An expression over the aliases of a rule, of everybody."""
        return [row[0] for row in self.db.rows(f"SELECT {sql}{_FROM} ORDER BY f.person", parameters)]
