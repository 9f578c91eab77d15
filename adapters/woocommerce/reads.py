"""Reading lists that change meanwhile, without missing a row.

WooCommerce pages by number. A row that is changed between two pages of a list ordered by change moves to its
end, all behind it move up, and one is skipped (reproduced). So no list is ever read on at an offset over what
may move:

- *What changed* is read with a moving start: always the first page of what changed at or after the newest
  change seen so far. Changes are dated by whole seconds, so rows come twice; more is fine.
- *All of it*, or what one second holds, is read ordered by id and from the last page to the first. Rows that
  vanish then move others only towards pages that are still to come.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from adapters.woocommerce.client import MOST, Listing, Rest
from connector.adapter import Page, chunks
from connector.errors import ResponseError

T = TypeVar("T")

SECOND = timedelta(seconds=1)


class _Place(msgspec.Struct, frozen=True):
    """How far a read by change has come: everything before `at` is in, in that offset from GMT."""

    at: datetime | None
    offset: timedelta | None = None

    def text(self) -> str:
        moved = "" if self.offset is None else f" {int(self.offset.total_seconds())}"
        return f"{self.at:%Y-%m-%dT%H:%M:%S}{moved}"

    @staticmethod
    def parse(text: str) -> "_Place | None":
        """A checkpoint, or None if it is none of ours."""
        at, _, moved = text.partition(" ")
        try:
            offset = timedelta(seconds=int(moved)) if moved else None
            return _Place(datetime.strptime(at, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC), offset)
        except ValueError:
            return None


class Reader(Generic[T]):
    """Reads one list of the shop.

    Args:
        path: of the list.
        row: its rows.
        params: sent with every request, `status` for instance.
    """

    def __init__(self, rest: Rest, path: str, row: type[T], *, page_size: int, **params: Any) -> None:
        self._rest = rest
        self._path = path
        self._row = row
        self._page_size = min(page_size, MOST)
        self._params = params

    # -- all of it --------------------------------------------------------------------------------------

    def all(self, checkpoint: str | None, **params: Any) -> Iterator[tuple[Listing[T], str | None]]:
        """Every row, from the last page to the first, with the checkpoint behind each page.

        The checkpoint is the number of the page, and holds for this page size only.
        """
        number = self._number(checkpoint)
        if not number:
            first = self._by_id(self._row, 1, **params)
            number = first.pages
            if number == 1:
                yield first, None
                return
        while number > 0:
            listing = self._by_id(self._row, number, **params)
            number -= 1
            yield listing, f"{number}/{self._page_size}" if number else None

    def _number(self, checkpoint: str | None) -> int:
        number, _, size = (checkpoint or "").partition("/")
        return int(number) if number.isdecimal() and size == str(self._page_size) else 0

    def _by_id(self, row: Any, number: int, **params: Any) -> Listing[Any]:
        return self._page(row, number, orderby="id", order="asc", **params)

    def _page(self, row: Any, number: int = 1, **params: Any) -> Listing[Any]:
        """One page of the list.

        Raises:
            ResponseError: it holds fewer rows than its own totals say. What the shop keeps back must pass
                neither for the end of the list nor for deleted.
        """
        size, wanted = self._page_size, {**self._params, **params}
        listing: Listing[Any] = self._rest.page(self._path, row, per_page=size, page=number, **wanted)
        left = listing.total - (number - 1) * size
        if listing.pages == -(-listing.total // size) and len(listing.rows) < min(size, left):
            raise _kept_back(self._path, listing)
        return listing

    # -- a few ------------------------------------------------------------------------------------------

    def few(self, ids: Sequence[str]) -> Iterator[tuple[list[T], tuple[str, ...]]]:
        """Fresh rows by id, with the ids that were asked for with them."""
        for some in chunks(list(dict.fromkeys(ids)), self._page_size):
            known = ",".join(each for each in some if each.isdecimal())
            # An empty list would ask for everything.
            yield self._included(known) if known else [], tuple(some)

    def _included(self, known: str) -> list[T]:
        """The rows of these ids.

        Raises:
            ResponseError: they do not fit into one page, though so many were asked for.
        """
        listing = self._page(self._row, include=known)
        if listing.pages > 1:
            raise _kept_back(self._path, listing)
        return listing.rows

    # -- what changed -----------------------------------------------------------------------------------

    def changed(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[T]]:
        """Rows changed at or after `since`, ordered by change, with a checkpoint after each page."""
        start = None if since is None else _Place(since.astimezone(UTC).replace(microsecond=0))
        place = (_Place.parse(checkpoint) if checkpoint else None) or start or _Place(None)
        left: int | None = None
        given: set[tuple[int, Any]] = set()
        while True:
            listing = self._newer(place)
            left = listing.total if left is None else left
            stamps = _stamps(listing.rows, place, self._path)
            fresh = tuple(row for row in listing.rows if _version(row) not in given)
            if listing.pages <= 1:  # how many rows came says nothing: a shop may give fewer than asked for
                yield Page(records=fresh, total=left)
                return
            if len(stamps) < len(listing.rows) or not stamps:
                yield from self._undated(place, listing)
                return
            if _is_ordered(stamps, place):
                place = stamps[-1]
                given = {_version(row) for row in listing.rows if _stamp(row).at == place.at}
                yield Page(records=fresh, checkpoint=place.text(), total=left)
            else:
                place = yield from self._span(place, stamps, given)

    def _undated(self, place: _Place, listing: Listing[T]) -> Iterator[Page[T]]:
        """Where some rows say nothing of when they were changed, no order leads on: then all of it, by id.

        Raises:
            ResponseError: only what changed was asked for.
        """
        if place.at is not None or not listing.rows:
            raise _kept_back(self._path, listing)
        for whole, _ in self.all(None):
            yield Page(records=tuple(whole.rows), total=whole.total)

    def _newer(self, place: _Place) -> Listing[T]:
        """The first page of what changed at that moment or later. `modified_after` excludes its moment."""
        after = None if place.at is None else _naive(place.at - SECOND)
        return self._page(
            self._row, orderby="modified", order="asc", modified_after=after, dates_are_gmt="true"
        )

    def _span(
        self, place: _Place, stamps: Sequence[_Place], given: Collection[tuple[int, Any]]
    ) -> Generator[Page[T], None, _Place]:
        """All that changed between where we are and the newest stamp, by id; returns the place behind it.

        Whoever is interrupted in it begins it again.

        For a page that is all one second, and for the hour that the clocks repeat in autumn: there the shop
        orders by its local time.
        """
        moments = [stamp.at for stamp in stamps if stamp.at]
        newest, first = max(moments), place.at or min(moments)
        until = max(newest - SECOND, first)
        between = {
            "modified_after": _naive(first - SECOND),
            "modified_before": _naive(until + SECOND),
            "dates_are_gmt": "true",
        }
        for rows in self._whole_span(between):
            fresh = tuple(row for row in rows if _version(row) not in given)
            yield Page(records=fresh, checkpoint=None if place.at is None else place.text())
        offset = next(stamp.offset for stamp in stamps if stamp.at == newest)
        return _Place(until + SECOND, offset)

    def _whole_span(self, between: Mapping[str, str]) -> Iterator[list[T]]:
        """Again where rows came to it meanwhile, which is possible in the present second only."""
        seen: set[int] = set()
        before = -1
        while len(seen) > before and self._by_id(Any, 1, _fields="id", **between).total > len(seen):
            before = len(seen)
            for listing, _ in self.all(None, **between):
                rows: list[Any] = listing.rows
                seen |= {row.id for row in rows}
                yield rows


def _kept_back(path: str, listing: Listing[Any]) -> ResponseError:
    return ResponseError(
        f"The shop counts {listing.total:,} {path.rpartition('/')[2]} and gives only {len(listing.rows):,} of"
        " them where all were asked for: the others are damaged, or a plugin or the rights of the key's user"
        " keep them back."
    )


def _stamps(rows: Sequence[Any], place: _Place, path: str) -> list[_Place]:
    """When each row was changed.

    Raises:
        ResponseError: a row is older than what was asked for.
    """
    found = [_stamp(row) for row in rows if row.date_modified_gmt]
    if place.at and any(stamp.at and stamp.at < place.at for stamp in found):
        # Older shops do not know `modified_after` and leave it unread, in silence.
        raise ResponseError(
            f"The shop gives {path.rpartition('/')[2]} that were changed before the time asked for: "
            "WooCommerce 5.8 or newer is needed."
        )
    return found


def _stamp(row: Any) -> _Place:
    local = row.date_modified or row.date_modified_gmt
    return _Place(row.date_modified_gmt.replace(tzinfo=UTC), local - row.date_modified_gmt)


def _is_ordered(stamps: Sequence[_Place], place: _Place) -> bool:
    """Whether everything before the last stamp is known to be in, and the last one leads on."""
    offsets = {stamp.offset for stamp in stamps}
    if place.at is not None:
        offsets.add(place.offset)
    moments = [stamp.at for stamp in stamps if stamp.at]
    moved = moments[-1] > (place.at or moments[0])
    return len(offsets) == 1 and moved and moments == sorted(moments)


def _version(row: Any) -> tuple[int, Any]:
    """A row as it was at one change; with it rows of the second that is read twice are told apart."""
    return row.id, row.date_modified_gmt


def _naive(moment: datetime) -> str:
    """GMT without a zone. One with a zone WooCommerce turns into local time and takes that for GMT."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
