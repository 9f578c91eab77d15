"""Lists by page number, read so that a row that is deleted meanwhile hides no other.

Page numbers shift when a row before them goes away. Each answer says how long the list is: where it has
become shorter, as many pages are read again as rows are missing. Rows that come twice do no harm.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from adapters.jtl.wawi.client import Wawi
from connector.errors import ResponseError

T = TypeVar("T")


class Part(msgspec.Struct, Generic[T], rename="pascal"):
    """One page as the API sends it."""

    total_items: int
    page_number: int
    page_size: int
    items: tuple[T, ...]
    has_next_page: bool = False


class Place(msgspec.Struct, frozen=True):
    """Where a read stands: behind this page of a list that then had so many rows."""

    page: int
    total: int

    def text(self) -> str:
        """As a checkpoint."""
        return f"{self.page}:{self.total}"

    @staticmethod
    def find(checkpoint: str | None) -> "Place | None":
        """The place in a checkpoint, or None where it is none of ours."""
        page, _, total = (checkpoint or "").partition(":")
        return Place(int(page), int(total)) if page.isdecimal() and total.isdecimal() else None


def parts(
    wawi: Wawi, path: str, row: type[T], *, size: int, after: Place | None = None, **params: Any
) -> Iterator[tuple[tuple[T, ...], Place]]:
    """The rows of a list, page by page, each with the place behind it.

    Args:
        after: where an earlier read stopped; its last page comes again.

    Raises:
        ResponseError: the pages do not fit together, so nothing says that this is all.
    """
    number, total = (max(after.page, 1), after.total) if after else (1, 0)
    seen = (number - 1) * size  # rows that come twice are counted twice, which does no harm
    while True:
        part: Part[T] = wawi.get(path, _of(row), pageNumber=number, pageSize=size, **params)
        lost, total = total - part.total_items, part.total_items
        if lost > 0 and number > 1:
            number = max(number - 1 - lost // max(part.page_size, 1), 1)
            continue
        if part.page_number != number or (part.has_next_page and not part.items):
            raise ResponseError(
                f"JTL-Wawi gave page {part.page_number} of {path} with {len(part.items)} rows where page "
                f"{number} was asked for, so nothing says that this is all of it."
            )
        if part.items:
            yield part.items, Place(number, total)
        seen += len(part.items)
        if not part.has_next_page:
            if seen < total:
                raise ResponseError(
                    f"JTL-Wawi counts {total:,} rows of {path} and gives only {seen:,}, so nothing says that"
                    " this is all of it."
                )
            return
        number += 1


def _of(row: Any) -> Any:
    """A page of these rows; mypy knows no types that are values."""
    return Part[row]
