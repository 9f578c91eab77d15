"""To see what is stored: everything of one person, table by table."""

import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from connector.database import Database, moment
from connector.privacy.finding import find
from connector.privacy.sentences import sentences_about


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
    found["Sentences"] = [{"sentence": each} for each in sentences_about(db, shop, traces)]
    tables = {title: rows for title, rows in found.items() if rows}
    return Held(shop=name, tables=tables) if tables else None


_HELD: Mapping[str, str] = {
    "Customer records": f"SELECT * FROM customers WHERE shop = :shop AND id {_among('ids')}",
    "Consents": f"SELECT * FROM consents WHERE customer IN ({_CUSTOMERS})",
    "Person": f"SELECT * FROM people WHERE person {_among('people')}",
    "Figures": f"SELECT * FROM facts WHERE person {_among('people')}",
    "Groups": "SELECT g.name, m.entered_at FROM members AS m JOIN groups AS g USING (grp)"
    f" WHERE m.person {_among('people')}",
    "Entered and left": "SELECT name, identity, at, entered FROM membership_history"
    f" WHERE shop = :shop AND identity {_among('identities')} ORDER BY event",
    "Orders": f"SELECT * FROM orders WHERE order_key {_among('orders')} ORDER BY placed_at",
    "Order lines": "SELECT o.number, l.title, l.sku, l.quantity, l.remaining, l.total FROM line_items AS l"
    f" JOIN orders AS o USING (order_key) WHERE order_key {_among('orders')} ORDER BY o.placed_at",
    "Refunds": "SELECT o.number, r.refunded_at, r.amount FROM refunds AS r JOIN orders AS o USING (order_key)"
    f" WHERE order_key {_among('orders')}",
    "Codes used": "SELECT o.number, k.code FROM order_codes AS k JOIN orders AS o USING (order_key)"
    f" WHERE order_key {_among('orders')}",
    "Tags with our prefix": f"SELECT * FROM shop_tags WHERE shop = :shop AND customer_id {_among('ids')}",
    "Tags of ours": f"SELECT * FROM own_tags WHERE shop = :shop AND customer_id {_among('ids')}",
    "Codes of ours": f"SELECT * FROM issued WHERE shop = :shop AND code {_among('codes')}",
    "Codes as the shop has them": f"SELECT * FROM coupons WHERE shop = :shop AND (code {_among('codes')}"
    f" OR customer_id {_among('ids')} OR person_key {_among('marks')})",
    "Codes handed over": "SELECT code, outlet, handed_at, reminded_at FROM handovers"
    f" WHERE shop = :shop AND code {_among('codes')}",
    "Newsletter tools": "SELECT outlet, identity, looked_at, why, groups FROM outlet_contacts"
    f" WHERE shop = :shop AND identity {_among('identities')}",
    "Trials": "SELECT campaign, person_key, arm, assigned_at FROM assignments"
    f" WHERE shop = :shop AND person_key {_among('marks')}",
    "Changes made in the shop": "SELECT run, customer_id, change, reason, state, error, settled_at"
    f" FROM changes WHERE shop = :shop AND (customer_id {_among('ids')} OR needs {_among('codes')}"
    f" OR json_extract(change, '$.code') {_among('codes')}) ORDER BY run, position",
    "Changes approved": "SELECT a.approved_at, c.value AS change"
    " FROM approvals AS a, json_each(a.changes) AS c"
    f" WHERE a.shop = :shop AND (json_extract(c.value, '$.customer_id') {_among('ids')}"
    f" OR json_extract(c.value, '$.code') {_among('codes')})",
    "Messages to other tools": "SELECT o.kind, o.subject, o.identity, o.at, d.receiver, d.outcome"
    " FROM outbox AS o"
    f" JOIN deliveries AS d USING (message) WHERE o.shop = :shop AND identity {_among('identities')}",
    "Codes told to other tools": "SELECT code, kind FROM told_codes"
    f" WHERE shop = :shop AND code {_among('codes')}",
    "Messages of the shop": "SELECT kind, record_id, received_at FROM hooks WHERE shop = :shop"
    f" AND kind IN ('customers', 'access', 'erase') AND record_id {_among('ids')}",
    "Messages of the shop, seen": "SELECT id, received_at FROM hooks_seen WHERE shop = :shop AND EXISTS ("
    " SELECT 1 FROM json_each(:ids) WHERE instr(hooks_seen.id, 'customer')"
    " AND substr(hooks_seen.id, -length(value) - 1) = ' ' || value)",
    "Last of a class": "SELECT name AS class, value, tie FROM abc_cuts WHERE shop = :shop"
    f" AND (tie {_among('ids')} OR tie {_among('identities')})",
    "Seen by a read in progress": f"SELECT kind, id FROM sweep WHERE shop = :shop AND id {_among('ids')}",
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
    | {"assigned_at", "settled_at", "looked_at", "approved_at", "received_at"}
)
_DAYS = frozenset({"day", "first_day", "last_day"})


def _readable(row: sqlite3.Row) -> dict[str, Any]:
    return {name: _readable_value(name, row[name]) for name in row.keys() if row[name] is not None}  # noqa: SIM118


def _readable_value(name: str, value: Any) -> Any:
    if name in _TIMES:
        return moment(value).isoformat()
    return date.fromordinal(value).isoformat() if name in _DAYS else value
