"""A shop seen through our companion plugin: everything there is, by change, and writing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.client import NoPluginError, Plugin
from adapters.jtl.ping import Ping, require_fit, to_shop_info
from adapters.jtl.pushes import Pushes
from adapters.jtl.records import (
    CouponRow,
    CustomerRow,
    OrderRow,
    ProductRow,
    TaggingRow,
    to_coupon,
    to_customer,
    to_order,
    to_product,
    to_tagging,
)
from connector.adapter import Page, chunks
from connector.errors import RejectedError, ResponseError
from connector.model import Change, Coupon, Customer, Kind, Order, Record, Result, ShopInfo, Tagging

T = TypeVar("T")

#: The most the plugin takes at once.
LARGEST_PAGE, IDS_PAGE, IDS_AT_ONCE, NAMED_AT_ONCE = 500, 1000, 200, 100


NO_PLUGIN = (
    "Is the address right, and the plugin installed and switched on in the shop's plug-in manager? If it was "
    "removed for good, take `key` out of the config: with `core_key` Stammkunde then reads through the "
    "shop's own REST API. Until then nothing is read, so that nothing is taken for lost."
)


class _Source(msgspec.Struct, frozen=True):
    """How one kind of record is read."""

    path: str
    row: Any
    to_record: Callable[[Any, ZoneInfo], Record]


_SOURCES: Mapping[Kind, _Source] = {
    Kind.CUSTOMERS: _Source("/customers", CustomerRow, to_customer),
    Kind.ORDERS: _Source("/orders", OrderRow, to_order),
    Kind.PRODUCTS: _Source("/products", ProductRow, to_product),
}


class _Listing(msgspec.Struct, Generic[T]):
    """A page of a list. `next` is None at the end; an empty page with a `next` is not the end."""

    records: tuple[T, ...]
    gone: tuple[str, ...] = ()
    next: str | None = None
    total: int | None = None


class _Ids(msgspec.Struct):
    ids: tuple[str, ...]
    next: str | None = None
    total: int | None = None


class PluginShop:
    """Reads and writes through the plugin.

    Args:
        page_size: records per page.
        installation: who we are, where only one installation may write.
    """

    def __init__(self, plugin: Plugin, *, page_size: int, installation: str | None) -> None:
        self._plugin = plugin
        self._page_size = min(page_size, LARGEST_PAGE)
        self._ids_page = IDS_PAGE if page_size >= LARGEST_PAGE // 2 else page_size
        self._installation = installation
        self._ping: Ping | None = None

    def ping(self) -> Ping:
        """Ask the plugin who it is; it must be one that we understand."""
        try:
            ping = self._plugin.get("/ping", Ping)
        except NoPluginError as error:
            raise ResponseError(f"{error} {NO_PLUGIN}") from None
        require_fit(ping.plugin.api, ping.plugin.version)
        self._ping = ping
        return ping

    def check(self) -> ShopInfo:
        return to_shop_info(self.ping())

    # -- reads ------------------------------------------------------------------------------------------

    def changed(self, kind: Kind, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Any]]:
        """Records changed at or after `since`, with what is gone."""
        source, zone = _SOURCES[kind], self._zone()
        listing = self._listings(source.path, source.row, checkpoint, modified_since=_stamp(since))
        for page in listing:
            records = tuple([source.to_record(row, zone) for row in page.records])
            yield Page(records=records, gone=page.gone, checkpoint=page.next, total=page.total)

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        after, more = checkpoint, True
        while more:
            page = self._plugin.get(f"{_SOURCES[kind].path}/ids", _Ids, after=after, limit=self._ids_page)
            more, after = _moved(page.next, after)
            yield Page(records=page.ids, checkpoint=page.next, total=page.total)

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        source, zone = _SOURCES[kind], self._zone()
        unique = list(dict.fromkeys(ids))
        if foreign := tuple([each for each in unique if not each.isdecimal()]):
            yield Page(records=(), gone=foreign)  # of books that are no longer read: the shop has numbers
        for few in chunks([each for each in unique if each.isdecimal()], min(self._page_size, IDS_AT_ONCE)):
            listing = self._plugin.get(f"{source.path}/by-ids", _of(source.row), ids=",".join(few))
            records = tuple([source.to_record(row, zone) for row in listing.records])
            yield Page(records=records, gone=listing.gone)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        zone = self._zone()
        for few in chunks(list(dict.fromkeys(customer_ids)), NAMED_AT_ONCE):
            asked = ",".join(few)
            for page in self._listings("/orders/by-customers", OrderRow, None, customer_ids=asked):
                yield Page(records=tuple([to_order(row, zone) for row in page.records]))

    def orders_numbered(self, numbers: Iterable[str]) -> list[Order]:
        """The orders that have these numbers; unknown ones simply have none."""
        zone, few = self._zone(), _nameable(numbers)
        return [to_order(row, zone) for row in self._named("/orders/by-numbers", OrderRow, "numbers", few)]

    def customers_with(self, emails: Iterable[str]) -> list[Customer]:
        """Customers and guests with these addresses."""
        zone, few = self._zone(), _nameable(emails)
        return [
            to_customer(row, zone) for row in self._named("/customers/by-emails", CustomerRow, "emails", few)
        ]

    def _named(self, path: str, row: Any, parameter: str, names: Sequence[str]) -> Iterator[Any]:
        for few in chunks(names, NAMED_AT_ONCE):
            yield from self._plugin.get(path, _of(row), **{parameter: ",".join(few)}).records

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        """All of them each time: a tag is nothing that the shop itself knows of, so it has no stamp there."""
        for page in self._listings("/tags", TaggingRow, checkpoint, prefix=prefix):
            yield Page(records=tuple([to_tagging(row) for row in page.records]), checkpoint=page.next)

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        for page in self._listings("/coupons", CouponRow, checkpoint, modified_since=_stamp(since)):
            found = (to_coupon(row) for row in page.records)
            yield Page(records=tuple([each for each in found if each]), checkpoint=page.next)

    def _listings(
        self, path: str, row: Any, checkpoint: str | None, **params: str | None
    ) -> Iterator[_Listing[Any]]:
        """Page after page. A place that the plugin no longer honours starts over."""
        after, more = checkpoint, True
        while more:
            try:
                page = self._plugin.get(path, _of(row), after=after, limit=self._page_size, **params)
            except RejectedError:
                if after is None or after != checkpoint:
                    raise
                after = checkpoint = None
                continue
            more, after = _moved(page.next, after)
            yield page

    def _zone(self) -> ZoneInfo:
        return ZoneInfo((self._ping or self.ping()).shop.time_zone)

    # -- push -------------------------------------------------------------------------------------------

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        ping = self._ping or self.ping()
        largest = ping.limits.changes_per_batch
        yield from Pushes(self._plugin, self._installation, largest).push(changes, run)

    def close(self) -> None:
        self._plugin.http.close()


def _moved(next_place: str | None, after: str | None) -> tuple[bool, str | None]:
    """Whether there is more, and where. A place that does not move would be read for ever."""
    if next_place is not None and next_place == after:
        raise ResponseError(f"The plugin gives the same page again and again (at {after}).")
    return next_place is not None, next_place


def _nameable(names: Iterable[str]) -> list[str]:
    """Names that can stand in a list with commas; the shop has no others."""
    return [name for name in dict.fromkeys(names) if name and "," not in name]


def _of(row: Any) -> Any:
    """A listing of these rows; mypy knows no types that are values."""
    return _Listing[row]


def _stamp(since: datetime | None) -> str | None:
    """The second in which it lies."""
    return None if since is None else f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
