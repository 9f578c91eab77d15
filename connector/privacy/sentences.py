"""Sentences of shops and receivers that were kept, in the ledger and in alerts: they may name anybody."""

import re
import sqlite3
from collections.abc import Iterator

from connector.database import Database
from connector.privacy.finding import Traces

#: Tables and columns. Receivers belong to no shop.
_KEPT = (
    ("changes", "error"),
    ("groups", "stale"),
    ("outbox", "text"),
    ("receivers", "error"),
    ("runs", "outcome"),
    ("shops", "hold"),
)


def sentences_about(db: Database, shop: int, traces: Traces) -> Iterator[str]:
    """Every sentence that names one of these people."""
    _know(db.connection, traces)
    for table, column in _KEPT:
        query = f"SELECT DISTINCT {column} FROM {table} WHERE {_named(table, column)}"
        yield from (row[0] for row in db.rows(query, {"shop": shop}))


def blot_out(connection: sqlite3.Connection, shop: int, traces: Traces) -> None:
    """The sentences stay, without addresses, codes and ids of these people."""
    _know(connection, traces)
    for table, column in _KEPT:
        connection.execute(
            f"UPDATE {table} SET {column} = blotted({column}) WHERE {_named(table, column)}", {"shop": shop}
        )


def _named(table: str, column: str) -> str:
    whose = "" if table == "receivers" else " AND shop = :shop"
    return f"{column} IS NOT NULL AND blotted({column}) <> {column}{whose}"


def _know(connection: sqlite3.Connection, traces: Traces) -> None:
    pattern = _pattern(traces)
    connection.create_function(
        "blotted", 1, lambda text: pattern.sub(lambda found: (found["before"] or "") + "…", text)
    )


def _pattern(traces: Traces) -> re.Pattern[str]:
    """Ids are often short numbers, so they count only where a sentence says that a customer is meant."""
    named = "|".join(map(re.escape, (*traces.emails, *traces.codes))) or "(?!)"
    numbered = "|".join(map(re.escape, traces.ids)) or "(?!)"
    return re.compile(
        rf"(?<![\w.+-])(?:{named})(?![\w-])"
        rf"|(?P<before>\b(?:customers?|customer.?id|subject)[\s/#:=\"']{{1,3}})(?:{numbered})(?!\w)",
        re.IGNORECASE,
    )
