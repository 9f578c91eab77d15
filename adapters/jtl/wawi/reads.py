"""Reading one JTL-Wawi: lists by page, and what each row needs beside it.

Wawi tells changes of customers and items, but not of orders: of these, all that were placed within the last
months are read again each time. An order's lines are a call of their own, and so are the fields of a
customer; several are made at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from adapters.jtl.wawi.client import MissingError, Wawi
from adapters.jtl.wawi.pages import Place, parts
from adapters.jtl.wawi.records import (
    ChannelRow,
    CreditRow,
    CustomerRow,
    ItemRow,
    LineRow,
    NamedRow,
    OrderRow,
    Shelf,
    Wire,
    to_customer,
    to_order,
    to_product,
)
from adapters.jtl.wawi.tagfield import TagField, tags_in
from connector.adapter import Page
from connector.model import Customer, Kind, Order, Product, Record, Tagging

T = TypeVar("T")
R = TypeVar("R")

PATHS = {Kind.CUSTOMERS: "/customers", Kind.ORDERS: "/salesOrders", Kind.PRODUCTS: "/items"}
#: Calls at one time, for what is asked row by row.
AT_ONCE = 4
#: What the API may take our time for, when it ignores the zone that we write.
SLACK = timedelta(days=1)
#: Before every document.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
#: `type` of the accounting data that give money back: credit notes, and corrections of invoices.
CREDITS = (1, 2)


class Reads:
    """Reads of all kinds.

    Args:
        field: the field that carries tags, or None.
        look_back: orders placed so long before `since` are read again.
        credit_notes: whether they are read.
    """

    def __init__(
        self,
        wawi: Wawi,
        *,
        zone: ZoneInfo,
        page_size: int,
        field: TagField | None,
        look_back: timedelta,
        credit_notes: bool,
    ) -> None:
        self._wawi = wawi
        self._zone = zone
        self._size = page_size
        self._field = field
        self._look_back = look_back
        self._credit_notes = credit_notes

    # -- by change --------------------------------------------------------------------------------------

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        shelf = self._customer_shelf()
        params = {"lastChangeFrom": _stamp(since - SLACK) if since else None}
        for rows, place in self._parts("/customers", CustomerRow, checkpoint, **params):
            yield Page(records=self._customers(rows, shelf), checkpoint=place.text(), total=place.total)

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        start = since - self._look_back - SLACK if since else None
        shelf, credits_ = self._order_shelf(), self._credits(start)
        params = {"createdSince": _stamp(start) if start else None}
        for rows, place in self._parts("/salesOrders", OrderRow, checkpoint, **params):
            records = self._orders(rows, credits_, shelf)
            yield Page(records=records, checkpoint=place.text(), total=place.total)

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        translate = self._product_translator()
        params = {"changedSince": _stamp(since - SLACK) if since else None}
        for rows, place in self._parts("/items", ItemRow, checkpoint, **params):
            yield Page(records=translate(rows), checkpoint=place.text(), total=place.total)

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        for rows, place in self._parts(PATHS[kind], Wire, checkpoint):
            yield Page(records=tuple([str(row.id) for row in rows]), checkpoint=place.text())

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        """The field of every customer: nothing says that a change of it shows in the change feed."""
        if self._field is None:
            return
        yield Page(records=(), checkpoint=checkpoint)  # without a page, nobody would be judged
        for rows, place in self._parts("/customers", Wire, checkpoint):
            found = [
                Tagging(customer_id=str(row.id), tags=ours)
                for row, tags in zip(rows, self._tags(rows), strict=True)
                if (ours := tuple([tag for tag in tags if tag.casefold().startswith(prefix.casefold())]))
            ]
            yield Page(records=tuple(found), checkpoint=place.text())

    # -- of a few ---------------------------------------------------------------------------------------

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), self._size):
            chunk = wanted[start : start + self._size]
            found = dict(zip(chunk, self._each(lambda number: self._one(kind, number), chunk), strict=True))
            rows = [row for row in found.values() if row is not None]
            gone = tuple([number for number, row in found.items() if row is None])
            yield Page(records=self._translated(kind, rows), gone=gone)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        wanted = [number for number in dict.fromkeys(customer_ids) if number.isdecimal()]
        rows = [row for found in self._each(self._rows_of, wanted) for row in found]
        for start in range(0, len(rows), self._size):
            yield Page(records=self._translated(Kind.ORDERS, rows[start : start + self._size]))

    def _rows_of(self, customer_id: str) -> list[OrderRow]:
        found = self._parts("/salesOrders", OrderRow, None, customerId=int(customer_id))
        return [row for rows, _ in found for row in rows]

    def _one(self, kind: Kind, number: str) -> Any:
        """The row of a record, or None where there is none."""
        if not number.isdecimal():
            return None
        try:
            return self._wawi.get(f"{PATHS[kind]}/{number}", _ROWS[kind])
        except MissingError:
            return None

    def _translated(self, kind: Kind, rows: Sequence[Any]) -> tuple[Any, ...]:
        if not rows:
            return ()
        if kind is Kind.PRODUCTS:
            return self._product_translator()(rows)
        if kind is Kind.CUSTOMERS:
            return self._customers(rows, self._customer_shelf())
        # A credit note is younger than its order.
        first = min(row.sales_order_date.replace(tzinfo=UTC) for row in rows) - SLACK
        return self._orders(rows, self._credits(first), self._order_shelf())

    # -- whole records ----------------------------------------------------------------------------------

    def _customers(self, rows: Sequence[CustomerRow], shelf: Shelf) -> tuple[Customer, ...]:
        tags = self._tags(rows)
        return tuple([to_customer(row, each, shelf) for row, each in zip(rows, tags, strict=True)])

    def _tags(self, rows: Sequence[Wire]) -> list[tuple[str, ...]]:
        field = self._field
        if field is None:
            return [()] * len(rows)
        field.number()  # asked for before several threads would
        return self._each(lambda row: tags_in(field.text(str(row.id)) or ""), rows)

    def _orders(
        self, rows: Sequence[OrderRow], credits_: dict[int, list[CreditRow]], shelf: Shelf
    ) -> tuple[Order, ...]:
        lines = self._each(self._lines, rows)
        return tuple(
            [
                to_order(row, found, credits_.get(row.id, ()), shelf)
                for row, found in zip(rows, lines, strict=True)
                if found is not None
            ]
        )

    def _lines(self, row: OrderRow) -> tuple[LineRow, ...] | None:
        """The lines of an order; None where it was deleted since it stood in the list."""
        try:
            return self._wawi.get(f"/salesOrders/{row.id}/lineitems", tuple[LineRow, ...])
        except MissingError:
            return () if self._one(Kind.ORDERS, str(row.id)) else None

    def _credits(self, start: datetime | None) -> dict[int, list[CreditRow]]:
        """Documents that give money back since then, by the order they belong to."""
        found: dict[int, list[CreditRow]] = {}
        for kind in CREDITS if self._credit_notes else ():
            params = {"type": kind, "from": _stamp(start or LONG_AGO)}
            numbers: set[int] = set()  # pages may come twice, and money is not given back twice
            for rows, _ in self._parts("/accountingData", CreditRow, None, **params):
                for row in rows:
                    if row.sales_order_id and not row.is_cancelled and row.document_id not in numbers:
                        numbers.add(row.document_id)
                        found.setdefault(row.sales_order_id, []).append(row)
        return found

    def _product_translator(self) -> Callable[[Sequence[ItemRow]], tuple[Product, ...]]:
        shelf = self._shelf(manufacturers=self._names("/manufacturers"))
        parents: dict[int, ItemRow | None] = {}

        def parent(row: ItemRow) -> ItemRow | None:
            number = row.parent_item_id
            if number and number not in parents:
                parents[number] = self._one(Kind.PRODUCTS, str(number))
            return parents[number] if number else None

        return lambda rows: tuple([to_product(row, parent(row), shelf) for row in rows])

    # -- what rows name by number -----------------------------------------------------------------------

    def _names(self, path: str) -> dict[int, str]:
        """A short list of things with a name."""
        return {row.id: row.name for row in self._wawi.get(path, tuple[NamedRow, ...]) if row.name}

    def _customer_shelf(self) -> Shelf:
        return self._shelf(
            groups=self._names("/customerGroups"), categories=self._names("/customerCategories")
        )

    def _order_shelf(self) -> Shelf:
        channels = self._wawi.get("/salesChannels", tuple[ChannelRow, ...])
        return self._shelf(
            payment_methods=self._names("/paymentMethods"), channels={row.id: row.type for row in channels}
        )

    def _shelf(self, **names: Any) -> Shelf:
        return Shelf(zone=self._zone, **names)

    def _parts(
        self, path: str, row: type[T], checkpoint: str | None, **params: Any
    ) -> Iterator[tuple[tuple[T, ...], Place]]:
        return parts(self._wawi, path, row, size=self._size, after=Place.find(checkpoint), **params)

    def _each(self, ask: Callable[[T], R], of: Iterable[T]) -> list[R]:
        """Several calls at once, the results in order."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(ask, of))


_ROWS: dict[Kind, type[Wire]] = {Kind.CUSTOMERS: CustomerRow, Kind.ORDERS: OrderRow, Kind.PRODUCTS: ItemRow}


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
