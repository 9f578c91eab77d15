"""Changes to two systems: first to the books, then to the shop.

The shop is where the core looks what is there. So a change that the books did not take never reaches the
shop: it is not done, is planned again, and may then meet books that have it already, which does no harm.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from adapters.jtl.companion import PluginShop
from adapters.jtl.pushes import AT_ONCE
from adapters.jtl.two_sources.directory import Directory
from adapters.jtl.two_sources.naming import Naming
from connector.adapter import Adapter
from connector.model import (
    Change,
    CreateCoupon,
    Customer,
    DisableCoupon,
    ExtendCoupon,
    Feature,
    Kind,
    MoveGroup,
    Result,
    SetAttribute,
    UpdateTags,
)

ONLY_IN_BOOKS = (
    "{customer} is a customer of {books} only: without an account in the shop no value can be stored there."
)


class Writing:
    """Applies changes to the shop and its books.

    Args:
        copied: the changes that go to the books too.
        shop_moves: whether the shop moves customers between groups; if not, the books do so alone.
    """

    def __init__(
        self,
        shop: PluginShop,
        books: Adapter,
        directory: Directory,
        naming: Naming,
        *,
        copied: tuple[type, ...],
        shop_moves: bool,
    ) -> None:
        self._shop = shop
        self._books = books
        self._directory = directory
        self._naming = naming
        self._copied = copied
        self._shop_moves = shop_moves

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        """A few at a time, one result each, in order."""
        rest = iter(changes)
        while some := list(islice(rest, AT_ONCE)):
            yield from self._push(some, run)

    def _push(self, changes: Sequence[Change], run: str) -> Iterator[Result]:
        refused = self._to_books(changes, run)
        for_shop = {
            place: wanted
            for place, change in enumerate(changes)
            if place not in refused and (wanted := self._for_shop(change))
        }
        results = dict(zip(for_shop, self._shop.push(for_shop.values(), run), strict=True))
        for place, change in enumerate(changes):
            error = results[place].error if place in results else refused.get(place)
            yield Result(change=change, error=error)

    # -- the books --------------------------------------------------------------------------------------

    def _to_books(self, changes: Sequence[Change], run: str) -> dict[int, str]:
        """What the books, or we, refuse: the reason by the place of the change."""
        refused, copies = self._copies(changes)
        results = self._books.push((copy for _, copy in copies), run)
        for (place, _), result in zip(copies, results, strict=True):
            if result.error:
                refused.setdefault(place, f"{self._books.title}: {result.error}")
        return refused

    def _copies(self, changes: Sequence[Change]) -> tuple[dict[int, str], list[tuple[int, Change]]]:
        """What cannot be, and what everybody in the books who is meant is to get."""
        refused: dict[int, str] = {}
        copies: list[tuple[int, Change]] = []
        addresses = self._addresses(changes)
        for place, change in enumerate(changes):
            if error := self._impossible(change):
                refused[place] = error
            elif isinstance(change, UpdateTags | MoveGroup) and isinstance(change, self._copied):
                ids = self._in_books(change.customer_id, addresses)
                if not ids and isinstance(change, MoveGroup) and not self._shop_moves:
                    refused[place] = (
                        f"{self._books.title} has nobody with the address of customer {change.customer_id}."
                    )
                copies += [(place, msgspec.structs.replace(change, customer_id=each)) for each in ids]
        return refused, copies

    def _impossible(self, change: Change) -> str | None:
        """Values are stored with customers of the shop, and there is no other place for them."""
        if not self._naming.of_books(getattr(change, "customer_id", None) or ""):
            return None
        if isinstance(change, SetAttribute):
            return ONLY_IN_BOOKS.format(customer=change.customer_id, books=self._books.title)
        if isinstance(change, UpdateTags | MoveGroup) and not isinstance(change, self._copied):
            return f"{self._books.title} takes no such changes of its customers by our settings."
        return None

    def _in_books(self, customer_id: str, addresses: dict[str, str | None]) -> list[str]:
        if self._naming.of_books(customer_id):
            return [self._naming.theirs(customer_id)]
        return self._directory.ids(addresses.get(customer_id))

    def _addresses(self, changes: Sequence[Change]) -> dict[str, str | None]:
        """The addresses of customers of the shop that have to be found in the books."""
        asked = [each.customer_id for each in changes if isinstance(each, UpdateTags | MoveGroup)]
        ids, _ = self._naming.parted(asked)
        pages = self._shop.by_id(Kind.CUSTOMERS, ids)
        return {each.id: each.email for page in pages for each in page.records if isinstance(each, Customer)}

    # -- the shop ---------------------------------------------------------------------------------------

    def _for_shop(self, change: Change) -> Change | None:
        """What is left to do in the shop, or None."""
        if isinstance(change, MoveGroup) and MoveGroup in self._copied and not self._shop_moves:
            return None
        if isinstance(change, ExtendCoupon) or not self._naming.of_books(change.customer_id or ""):
            return change
        if isinstance(change, CreateCoupon):
            # There is no place in the shop to store it with: it is told on the phone, or sent.
            return msgspec.structs.replace(change, customer_id="", bound="nobody", attribute=None)
        if isinstance(change, DisableCoupon):
            return msgspec.structs.replace(change, customer_id=None, attribute=None)
        return None


def copied(features: frozenset[Feature]) -> tuple[type, ...]:
    """Which changes go to the books too, by what the books can do."""
    kinds = {Feature.TAGS: UpdateTags, Feature.CUSTOMER_GROUPS: MoveGroup}
    return tuple([kind for feature, kind in kinds.items() if feature in features])
