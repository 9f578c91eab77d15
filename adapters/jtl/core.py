"""A shop seen through its own REST API: reading only, everything each time.

The API has no filter and no order of changes, so each read is a scan by id. What did not change is told apart
by its content in the mirror. Customers are only read by the list: the route of a single one gives names that
are encrypted and a password hash.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.client import Core
from adapters.jtl.core_records import (
    CartRow,
    CategoryRow,
    CurrencyRow,
    CustomerRow,
    NamedRow,
    OrderRow,
    ProductRow,
    Shelf,
    Wire,
    moment,
    to_customer,
    to_order,
    to_product,
)
from adapters.jtl.ping import RETURNS_UNKNOWN
from connector.adapter import Page
from connector.errors import ResponseError
from connector.model import Change, Coupon, Feature, Kind, Order, Record, Result, ShopInfo, Tagging

W = TypeVar("W", bound=Wire)

READ_ONLY = "The shop is read through its own REST API, without the plugin: nothing can be written to it."
MISSING = (
    "Without the plugin there are no tags, no coupons, no codes in orders, no consent to newsletters, no "
    "e-mail and country of orders: groups are worked out but not pushed, and nobody may be written to."
)
SLOW = "Without the plugin every pull reads the whole shop."

_PATHS = {Kind.CUSTOMERS: "/customer", Kind.ORDERS: "/order", Kind.PRODUCTS: "/product"}
_ROWS: Mapping[Kind, type[Wire]] = {
    Kind.CUSTOMERS: CustomerRow,
    Kind.ORDERS: OrderRow,
    Kind.PRODUCTS: ProductRow,
}


class _List(msgspec.Struct, Generic[W]):
    data: tuple[W, ...]


class CoreShop:
    """Reads through the shop's own API.

    Args:
        name: what to call the shop; the API does not say.
        zone: the time zone in which the shop's database writes.
        page_size: records per page.
    """

    def __init__(self, core: Core, *, name: str, zone: ZoneInfo, page_size: int) -> None:
        self._core = core
        self._name = name
        self._zone = zone
        self._page_size = page_size
        self._currency: str | None = None

    def check(self) -> ShopInfo:
        groups, first = self._names("/customerGroup"), self._list("/order", OrderRow, 0, 1)
        return ShopInfo(
            name=self._name,
            currency=self._shop_currency(),
            time_zone=self._zone.key,
            oldest_order=moment(first[0].created, self._zone) if first else None,
            features=frozenset({Feature.PRODUCTS, Feature.DELETIONS, Feature.GUEST_RECORDS}),
            notes=(READ_ONLY, MISSING, SLOW, RETURNS_UNKNOWN),
            customer_groups=tuple(groups.values()),
            returns_unknown=True,
        )

    # -- reads ------------------------------------------------------------------------------------------

    def changed(self, kind: Kind, _since: datetime | None, checkpoint: str | None) -> Iterator[Page[Any]]:
        """All records, by ascending id."""
        translate = self._translator(kind)
        for rows in self._rows(_PATHS[kind], _ROWS[kind], _place(checkpoint)):
            yield Page(records=translate(rows), checkpoint=str(rows[-1].id))

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        for rows in self._rows(_PATHS[kind], Wire, _place(checkpoint)):
            yield Page(records=tuple(str(row.id) for row in rows), checkpoint=str(rows[-1].id))

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """Each by the list that begins at it: a proper answer without it says that it is gone."""
        translate = self._translator(kind) if ids else _nothing
        for wanted in dict.fromkeys(ids):
            found = self._at(_PATHS[kind], _ROWS[kind], wanted)
            yield Page(records=translate(found), gone=() if found else (wanted,))

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        wanted = set(customer_ids)
        if not wanted:
            return
        shelf = self._shelf()
        for rows in self._rows("/order", OrderRow, 0):
            yield Page(records=self._orders([row for row in rows if str(row.customer_id) in wanted], shelf))

    def tags(self, _prefix: str, _checkpoint: str | None) -> Iterator[Page[Tagging]]:
        return iter(())

    def coupons(self, _since: datetime | None, _checkpoint: str | None) -> Iterator[Page[Coupon]]:
        return iter(())

    def push(self, changes: Iterable[Change], _run: str) -> Iterator[Result]:
        for change in changes:
            yield Result(change=change, error=READ_ONLY)

    def close(self) -> None:
        self._core.http.close()

    # -- lists ------------------------------------------------------------------------------------------

    def _rows(self, path: str, row: type[W], after: int) -> Iterator[tuple[W, ...]]:
        """Lists by ascending id, until one is empty."""
        while rows := self._list(path, row, after, self._page_size):
            yield rows
            after = rows[-1].id

    def _list(self, path: str, row: type[W], after: int, limit: int) -> tuple[W, ...]:
        """The rows behind an id. The shop sorts them by nothing but habit, so that is looked at."""
        place = {"cursor": after} if after else {}
        rows: tuple[W, ...] = self._core.get(path, _of(row), limit=limit, **place).data
        ids = [after, *(each.id for each in rows)]
        if any(second <= first for first, second in pairwise(ids)):
            raise ResponseError(f"The shop gave {path} in no order, so nothing says that this is all of it.")
        return rows

    def _at(self, path: str, row: type[W], wanted: str) -> tuple[W, ...]:
        if not wanted.isdecimal():
            return ()
        found = self._list(path, row, int(wanted) - 1, 1)
        return found if found and found[0].id == int(wanted) else ()

    def _names(self, path: str) -> dict[int, str]:
        return {
            row.id: row.name for rows in self._rows(path, NamedRow, 0) for row in rows if row.name is not None
        }

    # -- whole records ----------------------------------------------------------------------------------

    def _translator(self, kind: Kind) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        if kind is Kind.ORDERS:
            shelf = self._shelf()
            return lambda rows: self._orders(rows, shelf)
        if kind is Kind.CUSTOMERS:
            named = self._shelf(groups=self._names("/customerGroup"))
            return lambda rows: tuple([to_customer(row, named) for row in rows])
        categories = {row.id: row for rows in self._rows("/category", CategoryRow, 0) for row in rows}
        stocked = self._shelf(categories=categories, manufacturers=self._names("/manufacturer"))
        parents: dict[int, ProductRow | None] = {0: None}
        return lambda rows: tuple(
            [to_product(row, self._parent(row.parent_id, parents), stocked) for row in rows]
        )

    def _parent(self, number: int, known: dict[int, ProductRow | None]) -> ProductRow | None:
        """The parent of a variation; asked for once."""
        if number not in known:
            known[number] = next(iter(self._at("/product", ProductRow, str(number))), None)
        return known[number]

    def _orders(self, rows: Sequence[OrderRow], shelf: Shelf) -> tuple[Order, ...]:
        carts = self._carts({row.cart_id for row in rows})
        return tuple([to_order(row, carts.get(row.cart_id), shelf) for row in rows])

    def _carts(self, wanted: set[int]) -> dict[int, CartRow]:
        """The positions of orders. Carts are numbered as orders are, so one list holds many of them."""
        carts: dict[int, CartRow] = {}
        left = sorted(wanted)
        while left:
            rows = self._list("/cart", CartRow, left[0] - 1, min(len(left), self._page_size))
            carts |= {row.id: row for row in rows if row.id in wanted}
            end = rows[-1].id if rows else left[-1]
            left = [number for number in left if number > end]
        return carts

    def _shelf(self, **names: Any) -> Shelf:
        return Shelf(currency=self._shop_currency(), zone=self._zone, **names)

    def _shop_currency(self) -> str:
        if self._currency is None:
            rows = [row for page in self._rows("/currency", CurrencyRow, 0) for row in page]
            found = [row.code for row in rows if row.default == "Y"]
            if len(found) != 1:
                raise ResponseError("The shop does not say which currency is its own.")
            self._currency = found[0]
        return self._currency


def _nothing(_rows: Sequence[Any]) -> tuple[Any, ...]:
    return ()


def _of(row: Any) -> Any:
    """A list of these rows; mypy knows no types that are values."""
    return _List[row]


def _place(checkpoint: str | None) -> int:
    """An id; a checkpoint of the plugin says nothing here, and the read begins again."""
    return int(checkpoint) if checkpoint and checkpoint.isdecimal() else 0
