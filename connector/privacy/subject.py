"""To see what is stored: everything of one person, table by table."""

import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from connector.database import Database, moment
from connector.privacy.finding import find


def _among(name: str) -> str:
    return f"IN (SELECT value FROM json_each(:{name}))"


_CUSTOMERS = f"SELECT customer FROM customers WHERE shop = :shop AND id {_among('ids')}"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Everything stored of a person in one shop, by table; times are ISO 8601, money is minor units."""

    shop: str
    tables: Mapping[str, list[dict[str, Any]]]


def held(db: Database, shop: int, name: str, wanted: str) -> Held | None:
    """Everything that is stored of a person, or None."""
    traces = find(db, shop, wanted)
    values = traces.values(shop)
    found = {title: [_readable(row) for row in db.rows(query, values)] for title, query in _HELD.items()}
    tables = {title: rows for title, rows in found.items() if rows}
    return Held(shop=name, tables=tables) if tables else None


_HELD: Mapping[str, str] = {
    "Customer records": f"SELECT * FROM customers WHERE shop = :shop AND id {_among('ids')}",
    "Consents": f"SELECT * FROM consents WHERE customer IN ({_CUSTOMERS})",
    "Person": f"SELECT * FROM people WHERE person {_among('people')}",
    "Figures": f"SELECT * FROM facts WHERE person {_among('people')}",
    "Groups": "SELECT g.name, m.entered_at FROM members AS m JOIN groups AS g USING (grp)"
    f" WHERE m.person {_among('people')}",
    "Entered and left": "SELECT name, at, entered FROM membership_history"
    f" WHERE shop = :shop AND identity {_among('identities')} ORDER BY event",
    "Orders": f"SELECT * FROM orders WHERE order_key {_among('orders')} ORDER BY placed_at",
    "Order lines": "SELECT o.number, l.title, l.sku, l.quantity, l.remaining, l.total FROM line_items AS l"
    f" JOIN orders AS o USING (order_key) WHERE order_key {_among('orders')} ORDER BY o.placed_at",
    "Refunds": "SELECT o.number, r.refunded_at, r.amount FROM refunds AS r JOIN orders AS o USING (order_key)"
    f" WHERE order_key {_among('orders')}",
    "Codes used": "SELECT o.number, k.code FROM order_codes AS k JOIN orders AS o USING (order_key)"
    f" WHERE order_key {_among('orders')}",
    "Tags of ours": f"SELECT tag FROM shop_tags WHERE shop = :shop AND customer_id {_among('ids')}",
    "Codes of ours": f"SELECT * FROM issued WHERE shop = :shop AND code {_among('codes')}",
    "Codes handed over": "SELECT code, outlet, handed_at, reminded_at FROM handovers"
    f" WHERE shop = :shop AND code {_among('codes')}",
    "Newsletter tools": "SELECT outlet, looked_at, why, groups FROM outlet_contacts"
    f" WHERE shop = :shop AND identity {_among('identities')}",
    "Trials": "SELECT campaign, arm, assigned_at FROM assignments"
    f" WHERE shop = :shop AND person_key {_among('marks')}",
    "Changes made in the shop": "SELECT run, change, reason, state, settled_at FROM changes"
    f" WHERE shop = :shop AND customer_id {_among('ids')}",
    "Messages to other tools": "SELECT o.kind, o.subject, o.at, d.receiver, d.outcome FROM outbox AS o"
    f" JOIN deliveries AS d USING (message) WHERE o.shop = :shop AND identity {_among('identities')}",
}
_TIMES = frozenset(
    {
        "created_at",
        "updated_at",
        "read_at",
        "gone_at",
        "changed_at",
        "placed_at",
        "cancelled_at",
        "shipped_at",
    }
    | {"refunded_at", "entered_at", "at", "starts_at", "ends_at", "handed_at", "reminded_at", "cleaned_at"}
    | {"assigned_at", "settled_at", "looked_at"}
)
_DAYS = frozenset({"day", "first_day", "last_day"})


def _readable(row: sqlite3.Row) -> dict[str, Any]:
    return {name: _readable_value(name, row[name]) for name in row.keys() if row[name] is not None}  # noqa: SIM118


def _readable_value(name: str, value: Any) -> Any:
    if name in _TIMES:
        return moment(value).isoformat()
    return date.fromordinal(value).isoformat() if name in _DAYS else value
