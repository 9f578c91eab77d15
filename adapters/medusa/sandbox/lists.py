"""Lists as Medusa gives them: filtered, ordered, from an offset on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

#: By list, the filters that Medusa takes there; `id[$gt]` is unknown to products.
_FILTERS: Mapping[str, frozenset[str]] = {
    "customers": frozenset({"id", "id[]", "id[$gt]", "updated_at[$gte]", "groups"}),
    "orders": frozenset({"id", "id[]", "id[$gt]", "updated_at[$gte]", "customer_id[]"}),
    "products": frozenset({"id", "id[]", "updated_at[$gte]", "category_id[]", "collection_id[]"}),
    "promotions": frozenset({"id", "id[]", "id[$gt]", "updated_at[$gte]", "code[]"}),
    "customer-groups": frozenset({"id", "id[]", "name"}),
    "product-categories": frozenset(),
    "collections": frozenset(),
    "stores": frozenset(),
}
#: Filters by what belongs to a record, and where its ids stand.
_RELATED = {"groups": "groups", "category_id": "categories"}
_NAMES = {"collection_id": "collection"}
_PAGING = frozenset({"fields", "limit", "offset", "order"})


class RefusedError(Exception):
    """What Medusa answers in place of what was asked for.

    Args:
        status: of the answer.
        type: Medusa's own name of the error.
    """

    def __init__(self, status: int, type: str, message: str) -> None:  # noqa: A002  its name on the wire
        super().__init__(message)
        self.status = status
        self.type = type


def cut(
    kind: str, rows: Iterable[Any], given: Mapping[str, Sequence[str]]
) -> tuple[list[Any], int, int, int]:
    """One page of stored records, how many there are behind the filter, the offset and the limit."""
    if unknown := set(given) - _FILTERS[kind] - _PAGING:
        raise RefusedError(400, "invalid_data", f"Invalid request: Unrecognized fields: {sorted(unknown)}")
    keeps = [_filter(name, values) for name, values in given.items() if name not in _PAGING]
    found = [row for row in rows if all(keep(row) for keep in keeps)]
    order = _one(given, "order", "id")
    found.sort(key=lambda row: getattr(row, order.lstrip("-")), reverse=order.startswith("-"))
    offset, limit = int(_one(given, "offset", "0")), int(_one(given, "limit", "50"))
    return found[offset : offset + limit], len(found), offset, limit


def fields(given: Mapping[str, Sequence[str]]) -> list[str]:
    """The fields that were asked for."""
    return [name for name in _one(given, "fields", "id").split(",") if name]


def _one(given: Mapping[str, Sequence[str]], name: str, default: str) -> str:
    values = given.get(name)
    return values[-1] if values else default


def _filter(name: str, values: Sequence[str]) -> Callable[[Any], bool]:
    wanted, field = set(values), name.removesuffix("[]")
    if name == "id[$gt]":
        return lambda row: row.id > values[-1]
    if name == "updated_at[$gte]":
        since = datetime.fromisoformat(values[-1])
        return lambda row: row.updated_at >= since
    if field in _RELATED:
        return lambda row: bool(wanted & set(getattr(row, _RELATED[field])))
    return lambda row: getattr(row, _NAMES.get(field, field)) in wanted
