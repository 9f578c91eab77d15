"""Ids of records that come from the books. No I/O."""

from collections.abc import Iterable

import msgspec


class Naming(msgspec.Struct, frozen=True):
    """Ids of the books with a prefix, so that they never meet one of the shop. Those are numbers.

    A prefix has no colon: ids stand in marks of coupons, whose parts are divided by colons.
    """

    prefix: str

    def ours(self, record_id: str) -> str:
        """The id as the core knows it."""
        return self.prefix + record_id

    def of_books(self, record_id: str) -> bool:
        """Whether a record comes from the books."""
        return record_id.startswith(self.prefix)

    def theirs(self, record_id: str) -> str:
        """The id as the books know it."""
        return record_id.removeprefix(self.prefix)

    def parted(self, ids: Iterable[str]) -> tuple[list[str], list[str]]:
        """Ids of the shop, and ids of the books as the books know them."""
        unique = list(dict.fromkeys(ids))
        return (
            [each for each in unique if not self.of_books(each)],
            [self.theirs(each) for each in unique if self.of_books(each)],
        )


def address_key(email: str | None) -> str | None:
    """An e-mail address as it is compared: trimmed and case-folded, nothing cleverer (DEFINITIONS)."""
    return (email or "").strip().casefold() or None
