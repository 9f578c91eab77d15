"""Reads by pages: what changed, every id, a few records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from adapters.medusa.client import Rest
from adapters.medusa.orders import ORDER_FIELDS, OrderRow, to_order
from adapters.medusa.records import (
    CUSTOMER_FIELDS,
    PRODUCT_FIELDS,
    CustomerRow,
    Identified,
    ProductRow,
    to_customer,
    to_product,
)
from connector.adapter import Page, chunks
from connector.errors import ResponseError
from connector.model import Kind, Order, Record

T = TypeVar("T")

#: Ids that go into one address, which a server in front of Medusa may keep to 8 KiB.
AT_ONCE = 100
#: Ids of products that are listed at once.
IDS_AT_ONCE = 50_000
#: How often they are listed again because somebody deletes meanwhile.
TRIES = 5

NO_FILTER: Mapping[str, Any] = {}


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A list of the Admin API: its path, which is the name of its rows as well.

    `dated` says whether every change that counts moves `updated_at`.
    """

    path: str
    row: Any
    fields: Sequence[str]
    dated: bool = True


class Lists(Generic[T]):
    """One list of the Admin API.

    Args:
        size: rows of a page.
    """

    def __init__(self, rest: Rest, source: Source, size: int) -> None:
        self._rest = rest
        self._source = source
        self._size = size

    def ask(self, fields: Sequence[str], row: Any, **params: Any) -> tuple[list[Any], int]:
        """Rows with these fields, ordered by id, and how many there are."""
        path, name = self._source.path, self._source.path.replace("-", "_")
        wanted = {"fields": ",".join(fields), "order": "id", **params}
        found = self._rest.rows(path, name, row, wanted)
        return found.rows, found.count

    def pages(
        self, checkpoint: str | None = None, where: Mapping[str, Any] = NO_FILTER, *, lean: bool = False
    ) -> Iterator[tuple[list[T], str | None, int]]:
        """Rows, the checkpoint behind them, and how many there are from here on.

        Each page begins behind the last id of the one before. Ids grow with time, so what is new comes last,
        and no deletion moves anything.

        Args:
            where: filters of the list.
            lean: nothing but ids.
        """
        fields, row = (("id",), Identified) if lean else (self._source.fields, self._source.row)
        last, left = checkpoint, None
        while True:
            behind = {} if last is None else {"id[$gt]": last}
            rows, count = self.ask(fields, row, limit=self._size, **behind, **where)
            left = count if left is None else left
            last = rows[-1].id if rows else last
            yield rows, last, left
            if len(rows) >= count:
                return
            if not rows:
                raise self._kept_back(0, count)

    def few(self, ids: Sequence[str]) -> Iterator[tuple[list[T], tuple[str, ...]]]:
        """The rows of these ids, and the ids that were asked for."""
        for some in chunks(list(dict.fromkeys(ids)), min(self._size, AT_ONCE)):
            rows, count = self.ask(
                self._source.fields, self._source.row, limit=len(some), **{"id[]": list(some)}
            )
            if count > len(rows):  # the others must not pass for deleted
                raise self._kept_back(len(rows), count)
            yield rows, tuple(some)

    def _kept_back(self, given: int, count: int) -> ResponseError:
        return ResponseError(f"Medusa counts {count:,} {self._source.path} and gives only {given:,} of them.")


class Unmarked(Lists[T]):
    """A list that cannot be asked for what lies behind an id: its ids are read first, all at once."""

    def pages(
        self, checkpoint: str | None = None, where: Mapping[str, Any] = NO_FILTER, *, lean: bool = False
    ) -> Iterator[tuple[list[T], str | None, int]]:
        """Rows, the checkpoint behind them, and how many there are from here on."""
        wanted = [each for each in self._ids(where) if checkpoint is None or each > checkpoint]
        for some in chunks(wanted, self._size) if wanted else ((),):
            rows: Any = [Identified(id=each) for each in some]
            if some and not lean:
                rows = [row for found, _ in self.few(some) for row in found]
            yield rows, some[-1] if some else checkpoint, len(wanted)

    def _ids(self, where: Mapping[str, Any]) -> list[str]:
        """Every id. If they do not fit into one answer and somebody deletes meanwhile, once more.

        Raises:
            ResponseError: again and again there are fewer of them than Medusa counts.
        """
        found: dict[str, None] = {}
        counts: set[int] = set()
        for _ in range(TRIES):
            found, counts = {}, set()
            while not counts or len(found) < max(counts):
                rows, count = self.ask(("id",), Identified, limit=IDS_AT_ONCE, offset=len(found), **where)
                counts.add(count)
                if not rows:
                    break
                found |= dict.fromkeys(row.id for row in rows)
            if len(counts) == 1 and len(found) == min(counts):
                return sorted(found)
        raise self._kept_back(len(found), max(counts))


CUSTOMERS = Source(path="customers", row=CustomerRow, fields=CUSTOMER_FIELDS)
ORDERS = Source(path="orders", row=OrderRow, fields=ORDER_FIELDS)
#: Neither a tag nor a category that a product gets moves its date.
PRODUCTS = Source(path="products", row=ProductRow, fields=PRODUCT_FIELDS, dated=False)


class Reads:
    """Reads of one kind of record.

    Args:
        page_size: the most records of a page.
    """

    def __init__(self, rest: Rest, kind: Kind, page_size: int) -> None:
        self._to_record: Callable[[Any], Any] = _TRANSLATORS[kind]
        shape = Unmarked if kind is Kind.PRODUCTS else Lists
        self._dated = _SOURCES[kind].dated
        self._list: Lists[Any] = shape(rest, _SOURCES[kind], page_size)

    def changed(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Any]]:
        """Records changed at or after `since`; all of them where dates do not tell."""
        where = changed_since(since) if self._dated else NO_FILTER
        for rows, place, total in self._list.pages(checkpoint, where):
            yield Page(records=self._records(rows), checkpoint=place, total=total)

    def ids(self, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id, ascending."""
        for rows, place, total in self._list.pages(checkpoint, lean=True):
            yield Page(records=tuple(row.id for row in rows), checkpoint=place, total=total)

    def by_id(self, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """These records as they are now. Those that Medusa no longer knows come back in `gone`."""
        for rows, asked in self._list.few(ids):
            known = {row.id for row in rows}
            gone = tuple(record_id for record_id in asked if record_id not in known)
            yield Page(records=self._records(rows), gone=gone)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """All orders of these customers."""
        for some in chunks(list(dict.fromkeys(customer_ids)), AT_ONCE):
            for rows, _, _ in self._list.pages(where={"customer_id[]": list(some)}):
                yield Page(records=self._records(rows))

    def _records(self, rows: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self._to_record(row) for row in rows)


_SOURCES = {Kind.CUSTOMERS: CUSTOMERS, Kind.ORDERS: ORDERS, Kind.PRODUCTS: PRODUCTS}
_TRANSLATORS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.CUSTOMERS: to_customer,
    Kind.ORDERS: to_order,
    Kind.PRODUCTS: to_product,
}


def changed_since(since: datetime | None) -> Mapping[str, str]:
    """The filter; it includes the moment itself, to the millisecond."""
    return {} if since is None else {"updated_at[$gte]": stamp(since)}


def stamp(moment: datetime) -> str:
    """As Medusa writes times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
