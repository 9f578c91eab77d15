"""One read out of two, the first and then the second, that can be resumed in either."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar

from connector.adapter import Page

T = TypeVar("T")
Read: TypeAlias = Callable[[str | None], Iterator[Page[T]]]

_FIRST, _SECOND = "1|", "2|"


def in_turn(first: Read[T], second: Read[T], checkpoint: str | None) -> Iterator[Page[T]]:
    """All pages of both. A checkpoint says in which of the two a page stood; one of neither starts over."""
    place = checkpoint or ""
    if not place.startswith(_SECOND):
        resumed = place.removeprefix(_FIRST) if place.startswith(_FIRST) else None
        yield from _followed(first(resumed))
    resumed = place.removeprefix(_SECOND) if place.startswith(_SECOND) else None
    for page in second(resumed or None):
        yield _placed(page, page.checkpoint and _SECOND + page.checkpoint)


def _followed(pages: Iterator[Page[T]]) -> Iterator[Page[T]]:
    """Behind the last page of the first read begins the second."""
    before = next(pages, None)
    for page in pages:
        if before is not None:
            yield _placed(before, before.checkpoint and _FIRST + before.checkpoint)
        before = page
    if before is not None:
        yield _placed(before, _SECOND)


def _placed(page: Page[T], checkpoint: str | None) -> Page[T]:
    """Without a total: what the whole read will give is known to neither of the two."""
    return Page(records=page.records, gone=page.gone, checkpoint=checkpoint)
