"""The exports as books: read whole each time, told apart by content in the mirror."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.ameise.exports import Content, State, read, state_of
from adapters.jtl.ameise.tagfile import TagFile, changed
from connector.adapter import Page
from connector.errors import AuthError, RejectedError
from connector.model import (
    Change,
    Coupon,
    Customer,
    Event,
    Feature,
    Kind,
    Order,
    Product,
    Record,
    Result,
    ShopInfo,
    Tagging,
    UpdateTags,
)

T = TypeVar("T")

TAGS_ONLY = "JTL-Ameise's import file carries tags only."
NO_DELETIONS = (
    "An export does not tell what was deleted in JTL-Wawi: cancel orders there instead of deleting them."
)
NO_CREDITS = (
    "Returns unknown: there is no export whose name begins with 'gutschriften', so an order counts with all "
    "that was charged, also when goods came back."
)


class AmeiseBooks:
    """A folder of exports, and a file for the import.

    Args:
        folder: where JTL-Ameise puts its exports.
        tags: the file that it imports.
        currency: of the books.
        zone: in which the exports write times.
        page_size: records of one page.
    """

    name: ClassVar[str] = "jtl-ameise"
    title: ClassVar[str] = "JTL-Ameise"
    #: Empty: everything is read each time.
    reread: Mapping[Kind, timedelta] = {}

    def __init__(
        self, *, folder: Path, tags: Path, currency: str, zone: ZoneInfo, page_size: int = 250
    ) -> None:
        self._folder = folder
        self._tags = TagFile(tags)
        self._tags_path = tags
        self._currency = currency
        self._zone = zone
        self._page_size = page_size
        self._read: tuple[State, Content] | None = None

    @property
    def _content(self) -> Content:
        """What stands in the exports; they are read again when one of them has changed."""
        present = state_of(self._folder)
        if self._read is None or self._read[0] != present:
            self._read = present, read(self._folder, self._currency, self._zone)
        return self._read[1]

    def check(self) -> ShopInfo:
        """What the exports hold, and how old they are."""
        content = self._content
        oldest = min((order.placed_at for order in content.orders.values()), default=None)
        groups = {each.group for each in content.customers.values() if each.group}
        methods = {each.payment_method for each in content.orders.values() if each.payment_method}
        return ShopInfo(
            name=self.title,
            currency=self._currency,
            time_zone=self._zone.key,
            features=frozenset({Feature.TAGS}),
            oldest_order=oldest,
            notes=self._notes(content),
            customer_count=len(content.customers),
            order_count=len(content.orders),
            payment_methods=tuple(sorted(methods)),
            customer_groups=tuple(sorted(groups)),
            returns_unknown=not content.has_credits,
        )

    def _notes(self, content: Content) -> tuple[str, ...]:
        written = f"{content.written.astimezone(self._zone):%Y-%m-%d %H:%M}"
        notes = [
            f"The newest export of orders is of {written}: what happened since is not known.",
            f"Tags are in {self._tags_path} for the import by JTL-Ameise.",
            NO_DELETIONS,
        ]
        if not content.has_credits:
            notes.append(NO_CREDITS)
        if content.other_currency:
            notes.append(
                f"Orders in another currency than {self._currency} are left out: {content.other_currency}."
            )
        return tuple(notes)

    # -- reads ------------------------------------------------------------------------------------------

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:  # noqa: ARG002
        """None: the shop has them."""
        return iter(())

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:  # noqa: ARG002
        """All customers, each time."""
        tags = self._tags.read()
        return self._pages([_tagged(each, tags) for each in self._content.customers.values()])

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:  # noqa: ARG002
        """All orders, each time."""
        return self._pages(self._content.orders.values())

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:  # noqa: ARG002
        """Every number in the exports."""
        return self._pages(self._records(kind))

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """Those that the exports have. Of the others nothing is said: an export need not hold everything."""
        known = self._records(kind)
        found = [known[each] for each in dict.fromkeys(ids) if each in known]
        tags = self._tags.read()
        return self._pages([_tagged(each, tags) if isinstance(each, Customer) else each for each in found])

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """The orders of these customer numbers."""
        wanted = set(customer_ids)
        return self._pages([each for each in self._content.orders.values() if each.customer_id in wanted])

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:  # noqa: ARG002
        """Out of the import file, which is all that we know of JTL-Wawi's field."""
        folded = prefix.casefold()
        found = [
            Tagging(customer_id=number, tags=ours)
            for number, tags in self._tags.read().items()
            if (ours := tuple([tag for tag in tags if tag.casefold().startswith(folded)]))
        ]
        return self._pages(found)

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:  # noqa: ARG002
        """None: the shop has them."""
        return iter(())

    def _records(self, kind: Kind) -> Mapping[str, Any]:
        content = self._content
        known: dict[Kind, Mapping[str, Any]] = {
            Kind.CUSTOMERS: content.customers,
            Kind.ORDERS: content.orders,
        }
        return known.get(kind, {})

    def _pages(self, records: Iterable[T]) -> Iterator[Page[T]]:
        """Without checkpoints: a file may be another one tomorrow, and reading it again takes seconds."""
        rest = iter(records)
        while some := tuple(islice(rest, self._page_size)):
            yield Page(records=some)

    # -- push -------------------------------------------------------------------------------------------

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:  # noqa: ARG002
        """All of them into the file at once; a result is given when the file stands."""
        tags = self._tags.read()
        before = dict(tags)
        results = [Result(change=change, error=self._refusal(change, tags)) for change in changes]
        if tags != before:
            self._tags.write(tags)
        yield from results

    def _refusal(self, change: Change, tags: dict[str, tuple[str, ...]]) -> str | None:
        if not isinstance(change, UpdateTags):
            return TAGS_ONLY
        if change.customer_id not in self._content.customers:
            return f"There is no customer {change.customer_id} in the exports."
        try:
            tags[change.customer_id] = changed(tags.get(change.customer_id, ()), change.add, change.remove)
        except RejectedError as error:
            return str(error)
        return None

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:  # noqa: ARG002  the protocol
        """Nothing: files send no webhooks."""
        raise AuthError("JTL-Ameise sends no webhooks, so whoever sent this was not JTL-Ameise.")

    def close(self) -> None:
        """Nothing is kept open."""


def _tagged(customer: Customer, tags: Mapping[str, tuple[str, ...]]) -> Customer:
    return msgspec.structs.replace(customer, tags=tags.get(customer.id, ()))
