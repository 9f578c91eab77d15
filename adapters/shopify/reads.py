"""Reads by pages: what changed, every id, a few records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from adapters.shopify.client import Admin, TooExpensiveError
from adapters.shopify.documents import document
from adapters.shopify.kinds import Source
from adapters.shopify.records import Connection, Wire
from connector.adapter import Page, chunks
from connector.errors import ResponseError
from connector.model import Order, Record

T = TypeVar("T")

IDS_PAGE = 250  #: also the most Shopify takes as input
LINES = 20  #: lines read with their order; longer orders are read on
CUSTOMERS_AT_ONCE = 25


class Listing(Wire, Generic[T]):
    """The answer of every document whose connection is called `page`."""

    page: Connection[T] | None = None


class _Node(Wire, Generic[T]):
    node: Listing[T] | None = None


class _Nodes(Wire, Generic[T]):
    nodes: list[T | None]


class _Id(Wire):
    id: str


class _After(msgspec.Struct):
    """The checkpoint of a read by pages."""

    after: str


class Reads:
    """Reads of one kind of record.

    Args:
        page_size: the most records of a page.
    """

    def __init__(self, admin: Admin, source: Source, page_size: int) -> None:
        self._admin = admin
        self._source = source
        self._largest = min(page_size, IDS_PAGE)

    def changed(self, since: datetime, checkpoint: str | None) -> Iterator[Page[Any]]:
        """Records changed at or after `since`, the oldest change first."""
        # Shopify compares customers' changes by whole days, and of which time zone it does not say.
        ask = since - timedelta(days=1) if self._source.plural == "customers" else since
        query = f"updated_at:>='{ask.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
        second = since.replace(microsecond=0)
        for rows, after in self._pages({"query": query}, cursor_of(checkpoint)):
            fresh = [row for row in rows if row.updated_at >= second]
            yield Page(records=self._records(fresh), checkpoint=after)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """All orders of these customers."""
        wanted = set(customer_ids)
        for few in chunks(list(dict.fromkeys(customer_ids)), CUSTOMERS_AT_ONCE):
            query = " OR ".join(f"customer_id:{customer}" for customer in few)
            for rows, _ in self._pages({"query": query}, None):
                orders = [order for order in self._records(rows) if isinstance(order, Order)]
                yield Page(records=tuple(order for order in orders if order.customer_id in wanted))

    def ids(self, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id, ascending."""
        name = f"{self._source.singular}_ids"
        size = Size(self._admin, name, self._largest, self._largest)
        after, more = cursor_of(checkpoint), True
        while more:
            page = self._listing(name, size, {"after": after}, _Id)
            after, more = page.page_info.behind(after)
            found = tuple(node.id.rpartition("/")[2] for node in page.nodes)
            yield Page(records=found, checkpoint=checkpoint_of(after))

    def by_id(self, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """These records as they are now. Those that Shopify no longer knows come back in `gone`."""
        name = f"{self._source.singular}_nodes"
        size = Size(self._admin, name, self._source.page_size, self._largest)
        nodes: type[_Nodes[Any]] = _of(_Nodes, self._source.row)
        left = list(dict.fromkeys(ids))
        while left:

            def ask(count: int, left: list[str] = left) -> _Nodes[Any]:
                asked = [self._source.gid(record_id) for record_id in left[:count]]
                return self._call(name, {"ids": asked}, nodes)

            found = size.ask(ask)
            some, left = left[: len(found.nodes)], left[len(found.nodes) :]
            if not some:
                raise ResponseError("Shopify answered fewer nodes than were asked for.")
            gone = tuple(record_id for record_id, row in zip(some, found.nodes, strict=True) if row is None)
            yield Page(records=self._records([row for row in found.nodes if row is not None]), gone=gone)

    # -- pages ------------------------------------------------------------------------------------------

    def _pages(
        self, variables: Mapping[str, Any], after: str | None
    ) -> Iterator[tuple[list[Any], str | None]]:
        """Rows, page by page, each with the checkpoint behind it."""
        name = f"{self._source.singular}_page"
        size = Size(self._admin, name, self._source.page_size, self._largest)
        more = True
        while more:
            page = self._listing(name, size, {**variables, "after": after}, self._source.row)
            after, more = page.page_info.behind(after)
            yield page.nodes, checkpoint_of(after)

    def _listing(self, name: str, size: "Size", variables: Mapping[str, Any], row: type[T]) -> Connection[T]:
        def ask(count: int) -> Listing[T]:
            return self._call(name, {**variables, "first": count}, _of(Listing, row))

        page = size.ask(ask).page
        if page is None:
            raise ResponseError(f"Shopify left out the answer to {name}.")
        return page

    def _call(self, name: str, variables: Mapping[str, Any], type_: type[T]) -> T:
        lines = {"lines": LINES} if self._source.nested and not name.endswith("_ids") else {}
        return self._admin.call(document(name), {**variables, **lines}, type_)

    # -- whole records ----------------------------------------------------------------------------------

    def _records(self, rows: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self._source.to_record(row, self._children(row)) for row in rows)

    def _children(self, row: Any) -> list[Any]:
        """All lines of a row, the ones included that did not fit into the page."""
        children: list[Any] = []
        for attribute, name, type_ in self._source.nested:
            page: Connection[Any] = getattr(row, attribute)
            children += page.nodes
            after, more = page.page_info.behind(None)
            while more:
                page = self._read_on(name, row.id, after, type_)
                children += page.nodes
                after, more = page.page_info.behind(after)
        return children

    def _read_on(self, name: str, gid: str, after: str | None, type_: type[T]) -> Connection[T]:
        variables = {"id": gid, "first": IDS_PAGE, "after": after}
        found: _Node[T] = self._admin.call(document(name), variables, _of(_Node, type_))
        if found.node is None or found.node.page is None:
            raise ResponseError(f"{gid} vanished from Shopify while it was read.")
        return found.node.page


class Size:
    """How many records to ask for at once: as many as the cost of the last page says, and never more."""

    def __init__(self, admin: Admin, name: str, first: int, largest: int) -> None:
        self._admin = admin
        self._name = name
        self._largest = largest
        self._size = min(first, largest)

    def ask(self, ask: Callable[[int], T]) -> T:
        """Ask, with a smaller page as long as Shopify finds the query too expensive."""
        while True:
            try:
                answer = ask(self._size)
            except TooExpensiveError:
                if self._size == 1:
                    raise
                self._largest = self._size = self._size // 2
                continue
            self._learn()
            return answer

    def _learn(self) -> None:
        if cost := self._admin.cost(self._name):
            fitting = int(self._size * self._admin.budget() / cost)
            self._size = max(1, min(fitting, self._largest))


def _of(shape: Any, row: Any) -> Any:
    """A generic shape filled in; mypy knows no types that are values."""
    return shape[row]


def cursor_of(checkpoint: str | None) -> str | None:
    if checkpoint is None:
        return None
    try:
        return msgspec.json.decode(checkpoint, type=_After).after
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None  # of another kind of read: begin again rather than skip anything


def checkpoint_of(after: str | None) -> str | None:
    return msgspec.json.encode(_After(after)).decode() if after else None
