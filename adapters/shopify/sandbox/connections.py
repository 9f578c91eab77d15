"""Pages of records: connections over SQL and over lists."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from graphql import GraphQLError

from adapters.shopify.sandbox.search import Search
from adapters.shopify.sandbox.store import Store

#: Records a page holds at most.
PAGE_LIMIT = 250

SORT_COLUMNS = {
    "ID": "id",
    "UPDATED_AT": "updated",
    "CREATED_AT": "created",
    "PROCESSED_AT": "created",
    "TITLE": "name",
}


class Table(msgspec.Struct, frozen=True):
    """A table that connections page through."""

    name: str
    search: Search
    decode: Callable[[bytes], Any]


def page(
    store: Store,
    table: Table,
    window: tuple[str, list[Any]],
    *,
    first: int | None,
    after: str | None,
    query: str | None,
    sort: str,
    reverse: bool,
) -> tuple[dict[str, Any], list[str]]:
    """One page of a table, and warnings about the query.

    The cursor is the sort value and id of a record, so a record touched between two pages moves behind the
    reader and may be seen again, as in the real shop.
    """
    count = _size(first)
    column = SORT_COLUMNS[sort]
    condition, values, warnings = table.search.condition(query)
    conditions, parameters = [condition, window[0]], [*values, *window[1]]
    if after is not None:
        conditions.append(f"({column}, id) {'<' if reverse else '>'} (?, ?)")
        parameters += _decode_cursor(after)
    direction = "DESC" if reverse else "ASC"
    together = " AND ".join(f"({part})" for part in conditions)
    rows = store.rows(
        f"SELECT {column}, id, record FROM {table.name} WHERE {together}"
        f" ORDER BY {column} {direction}, id {direction} LIMIT {count + 1}",
        parameters,
    )
    found = [(encode_cursor(value, number), table.decode(record)) for value, number, record in rows[:count]]
    return connection(found, more=len(rows) > count, before=after is not None), warnings


def count(
    store: Store, table: Table, window: tuple[str, list[Any]], query: str | None, limit: int | None
) -> dict[str, Any]:
    """A `Count`; without `limit: null` Shopify stops at 10,000."""
    condition, values, _ = table.search.condition(query)
    rows = store.rows(
        f"SELECT count(*) FROM {table.name} WHERE ({condition}) AND ({window[0]})", [*values, *window[1]]
    )
    total = int(rows[0][0])
    if limit is not None and total > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": total, "precision": "EXACT"}


def from_list(
    members: Sequence[Any],
    *,
    first: int | None = None,
    after: str | None = None,
    reverse: bool = False,
    **_: object,
) -> dict[str, Any]:
    """One page of a list."""
    size = _size(first)
    ordered = list(reversed(members)) if reverse else list(members)
    start = _decode_cursor(after)[1] + 1 if after else 0
    part = ordered[start : start + size]
    found = [(encode_cursor(0, start + place), member) for place, member in enumerate(part)]
    return connection(found, more=len(ordered) > start + size, before=start > 0)


def connection(found: Sequence[tuple[str, Any]], *, more: bool, before: bool) -> dict[str, Any]:
    """The connection object of these cursors and nodes."""
    return {
        "nodes": [node for _, node in found],
        "edges": [{"cursor": cursor, "node": node} for cursor, node in found],
        "pageInfo": {
            "hasNextPage": more,
            "hasPreviousPage": before,
            "startCursor": found[0][0] if found else None,
            "endCursor": found[-1][0] if found else None,
        },
    }


def _size(first: int | None) -> int:
    if first is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if not 0 <= first <= PAGE_LIMIT:
        message = f"first exceeds the maximum page size of {PAGE_LIMIT}"
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})
    return first


def encode_cursor(value: object, number: int) -> str:
    """An opaque position."""
    return base64.urlsafe_b64encode(msgspec.json.encode([value, number])).decode()


def _decode_cursor(cursor: str) -> list[Any]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=list[Any])
    except ValueError as error:
        raise GraphQLError("Invalid cursor for current pagination sort.") from error


def seconds(moment: datetime) -> datetime:
    """Shopify keeps whole seconds."""
    return moment.replace(microsecond=0)
