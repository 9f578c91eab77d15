"""Reads by pages: what changed, every id, a few records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from adapters.vendure.client import Admin, Listing, Paged, Wire
from adapters.vendure.documents import document
from adapters.vendure.orders import CANCELLED, EndingRow, OrderRow, ended_at, to_order
from adapters.vendure.records import CustomerRow, Ground, ProductRow, to_customer, to_product
from connector.adapter import Page, chunks
from connector.errors import ResponseError
from connector.model import Kind, Order, Record

T = TypeVar("T")

#: Vendure takes 1000 unless it is configured otherwise, and one more is asked for than is given.
LARGEST = 900
#: Customers whose orders are read together, and orders of each that come with them.
CUSTOMERS_AT_ONCE, ORDERS_AT_ONCE = 25, 50


class Identified(Wire):
    """Any row of which only the id counts."""

    id: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind is read. Documents are named `<singular>_page` and `<singular>_ids`."""

    singular: str
    row: Any
    filter: Mapping[str, Any] = {}


#: An open cart is an order without a date.
PLACED: Mapping[str, Any] = {"orderPlacedAt": {"isNull": False}}

SOURCES = {
    Kind.CUSTOMERS: Source(singular="customer", row=CustomerRow),
    Kind.ORDERS: Source(singular="order", row=OrderRow, filter=PLACED),
    Kind.PRODUCTS: Source(singular="product", row=ProductRow),
}


class Place(msgspec.Struct, frozen=True):
    """How far a read has come: so many rows, the last of them with that id. It is the checkpoint, too."""

    skip: int = 0
    last: str | None = None

    def text(self) -> str:
        """The checkpoint."""
        return msgspec.json.encode(self).decode()


Ask = Callable[[Mapping[str, Any]], Listing[T]]


class Walk(Generic[T]):
    """Goes through a list in the order of its ids.

    Vendure pages only by number, and whoever deletes a row moves all behind it. So each page is asked for
    from the last row known on; where that is no longer found at its place, the walk goes back until it stands
    in front of it. What appears in front of the place meanwhile was changed after the read began, so the next
    read has it.

    Args:
        ask: gives the rows for `take` and `skip`.
        size: rows of a page.
    """

    def __init__(self, ask: Ask[T], size: int) -> None:
        self._ask = ask
        self._size = size

    def pages(self, checkpoint: str | None = None) -> Iterator[tuple[list[T], Place, int]]:
        """Rows, the place behind them, and how many there are in all.

        Raises:
            ResponseError: Vendure counts more rows than it gives.
        """
        place = place_of(checkpoint)
        while True:
            before = place
            rows, place, total = self._next(place)
            if place == before and place.skip < total:
                raise _kept_back(place.skip, total)
            yield rows, place, total
            if place.skip >= total:
                return

    def _next(self, place: Place) -> tuple[list[T], Place, int]:
        at = max(place.skip - 1, 0)
        while True:
            found = self._ask({"skip": at, "take": self._size + 1, "sort": {"id": "ASC"}})
            if at == 0 or (found.items and not _behind(found.items[0], place.last)):
                break
            at = max(min(at, found.total_items) - self._size, 0)
        rows = [row for row in found.items if _behind(row, place.last)]
        last = _id(rows[-1]) if rows else place.last
        return rows, Place(at + len(found.items), last), found.total_items


def _kept_back(given: int, total: int) -> ResponseError:
    return ResponseError(f"Vendure counts {total:,} rows and gives only {given:,} of them.")


def _behind(row: Any, last: str | None) -> bool:
    return last is None or _order_of(_id(row)) > _order_of(last)


def _id(row: Any) -> str:
    return str(row.id)


def _order_of(record_id: str) -> tuple[int, str]:
    """Ids are numbers that count up or, by configuration, UUIDs; databases sort both like this."""
    return (int(record_id), "") if record_id.isdecimal() else (0, record_id.lower())


def place_of(checkpoint: str | None) -> Place:
    """The place that a checkpoint names; the beginning, if it is of another kind."""
    if checkpoint is None:
        return Place()
    try:
        return msgspec.json.decode(checkpoint, type=Place)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Place()


def changed_since(since: datetime | None) -> Mapping[str, Any]:
    """The filter. `after` excludes the moment itself, and stamps are whole seconds."""
    if since is None:
        return {}
    earlier = since.astimezone(UTC).replace(microsecond=0) - timedelta(seconds=1)
    return {"updatedAt": {"after": f"{earlier:%Y-%m-%dT%H:%M:%S.000Z}"}}


class _Orders(Wire):
    id: str
    orders: Listing[OrderRow]


class Reads:
    """Reads of one kind of record.

    Args:
        page_size: the most records of a page.
    """

    def __init__(self, admin: Admin, ground: Callable[[], Ground], kind: Kind, page_size: int) -> None:
        self._admin = admin
        self._ground = ground
        self._source = SOURCES[kind]
        self._size = min(page_size, LARGEST)

    def changed(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Any]]:
        """Records changed at or after `since`."""
        wanted = {**self._source.filter, **changed_since(since)}
        walk = self._walk("page", self._source.row, wanted, self._size)
        for rows, place, total in walk.pages(checkpoint):
            yield Page(records=self._records(rows), checkpoint=place.text(), total=total)

    def ids(self, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id, ascending."""
        walk = self._walk("ids", Identified, self._source.filter, self._size)
        for rows, place, total in walk.pages(checkpoint):
            yield Page(records=tuple(row.id for row in rows), checkpoint=place.text(), total=total)

    def by_id(self, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """These records as they are now. Those that Vendure no longer knows come back in `gone`."""
        for some in chunks(list(dict.fromkeys(ids)), self._size):
            wanted = {**self._source.filter, "id": {"in": list(some)}}
            found = self._ask("page", self._source.row, wanted, {"take": len(some)})
            if found.total_items > len(found.items):  # the others must not pass for deleted
                raise _kept_back(len(found.items), found.total_items)
            known = {row.id for row in found.items}
            gone = tuple(record_id for record_id in some if record_id not in known)
            yield Page(records=self._records(found.items), gone=gone)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """All orders of these customers."""
        for some in chunks(list(dict.fromkeys(customer_ids)), CUSTOMERS_AT_ONCE):
            for customer in self._orders(some, {"skip": 0}).items:
                yield Page(records=self._records(self._all_orders(customer)))

    def _all_orders(self, customer: _Orders) -> list[OrderRow]:
        rows, total = customer.orders.items, customer.orders.total_items
        while len(rows) < total:
            found = self._orders([customer.id], {"skip": len(rows)}).items
            if not found:
                break  # deleted meanwhile
            total = found[0].orders.total_items
            if not found[0].orders.items and len(rows) < total:
                raise _kept_back(len(rows), total)
            rows += found[0].orders.items
        return rows

    def _orders(self, customers: Sequence[str], part: Mapping[str, Any]) -> Listing[_Orders]:
        orders = {**part, "take": ORDERS_AT_ONCE, "filter": PLACED, "sort": {"id": "ASC"}}
        variables = {"ids": list(customers), "take": len(customers), "orders": orders}
        return self._admin.call(document("customer_orders"), variables, Paged[_Orders]).page

    # -- pages ------------------------------------------------------------------------------------------

    def _walk(self, name: str, row: Any, wanted: Mapping[str, Any], size: int) -> Walk[Any]:
        return Walk(lambda part: self._ask(name, row, wanted, part), size)

    def _ask(self, name: str, row: Any, wanted: Mapping[str, Any], part: Mapping[str, Any]) -> Listing[Any]:
        options = {**part, "filter": wanted}
        answer: Paged[Any] = self._admin.call(
            document(f"{self._source.singular}_{name}"), {"options": options}, _of(Paged, row)
        )
        return answer.page

    # -- whole records ----------------------------------------------------------------------------------

    def _records(self, rows: Sequence[Any]) -> tuple[Any, ...]:
        if not rows:
            return ()
        ground = self._ground()
        if self._source.row is OrderRow:
            ends = self._endings([row.id for row in rows if row.state == CANCELLED])
            return tuple(to_order(row, ground, ends.get(row.id)) for row in rows)
        to_record = to_customer if self._source.row is CustomerRow else to_product
        return tuple(to_record(row, ground) for row in rows)

    def _endings(self, ids: Sequence[str]) -> dict[str, datetime | None]:
        """When these orders were cancelled: only their history tells."""
        if not ids:
            return {}
        options = {"take": len(ids), "filter": {"id": {"in": list(ids)}}}
        answer = self._admin.call(document("order_endings"), {"options": options}, Paged[EndingRow])
        return {row.id: ended_at(row) for row in answer.page.items}


def _of(shape: Any, row: Any) -> Any:
    """A generic shape filled in; mypy knows no types that are values."""
    return shape[row]
