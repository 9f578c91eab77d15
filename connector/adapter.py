"""The one interface between Stammkunde and a shop platform, and how adapters are found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast
from zoneinfo import ZoneInfo

import msgspec

from connector.errors import ConfigError
from connector.model import (
    Change,
    Coupon,
    Customer,
    Event,
    Kind,
    Order,
    Product,
    Record,
    Result,
    ShopInfo,
    Tagging,
    UpdateTags,
)

T = TypeVar("T", covariant=True)
Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One committed step of a read.

    `gone` names records the shop says no longer exist. `checkpoint` handed back to the same method resumes
    behind this page; None means that a read cannot be resumed here. `total` is how many records the whole
    read will give, if the shop said so (for the progress bar).
    """

    records: tuple[T, ...]
    gone: tuple[str, ...] = ()
    checkpoint: str | None = None
    total: int | None = None


class Tried(StrEnum):
    """On what an adapter has been tried. It may say so as `tried`: one of these, and which version it was."""

    IN_CI = "real server in CI"
    BY_HAND = "real server by hand"
    SANDBOX = "sandbox only"


class Adapter(Protocol):
    """A shop. `connector.testing.AdapterContract` tests every sentence below.

    - The constructor takes keyword-only settings and does no I/O. Its signature is the schema of the shop's
      table in the config: names, types and defaults. A parameter of type `pydantic.SecretStr` is a secret.
    - `since` is a hint: giving more is fine, giving less is a defect. None asks for everything.
    - A read finishes or raises an `AdapterError`. It never ends early in silence.
    - A checkpoint handed back resumes where its page ended. One that the shop no longer honours (a result
      that has expired, say) starts over: more is fine.
    - `push` yields exactly one `Result` per change, as it goes; batching is the adapter's own affair. `run`
      names the push, so that an operation which a crashed process left running in the shop is found: nothing
      new is sent before that has settled. A change the shop refuses gives a `Result` with an error; trouble
      with the shop itself raises.
    - Tags change by delta; a tag that is not named in the change is never touched. Tags compare case-folded.
    - Every change is safe to apply twice. To disable a coupon that is gone is done; to extend one that was
      disabled is refused.
    - A coupon code that exists in the shop and is not ours (another mark or none) is refused, never reused.
    """

    name: ClassVar[str]
    title: ClassVar[str]  #: the platform as its owner spells it, "Shopify"
    #: How far back records change without a trace in the change feed; these are read again on every pull.
    reread: Mapping[Kind, timedelta]

    def check(self) -> ShopInfo:
        """Verify credentials and scopes and say what shop this is."""
        ...

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        """Products changed at or after `since`."""
        ...

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        """Customers changed at or after `since`, with all their tags."""
        ...

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        """Orders changed at or after `since`, each whole: with all its lines, refunds and codes."""
        ...

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id there is, by a stable key, so that records missing from it are known to be gone."""
        ...

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """A fresh read of a few. Ids the shop no longer knows come back in `gone`.

        What an answer merely leaves out is not gone: where it holds fewer than it counts, raise.
        """
        ...

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """A fresh read of the orders of a few customers, for the last look before a push."""
        ...

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        """Who has tags with our prefix.

        No page at all where `customers` shows every change of tags; else at least one, if need be an empty
        one: whoever is not in it has none.
        """
        ...

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        """Coupons that carry our mark, disabled ones with `active=False`; foreign ones are never given."""
        ...

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        """Apply changes in order, one result each."""
        ...

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        """Verify and parse a webhook; AuthError if its signature is wrong. No I/O."""
        ...

    def close(self) -> None:
        """Give connections and temporary files back."""
        ...


class Sandbox(Protocol):
    """A local server that speaks a platform's API, for the demo, the tests and adapter authors."""

    name: ClassVar[str]

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:40123`."""
        ...

    @property
    def admin_url(self) -> str:
        """The small page that shows customers with their tags and the shop's discounts."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """Settings of the adapter that connect to this sandbox."""
        ...

    def start(self) -> None:
        """Listen in background threads."""
        ...

    def stop(self) -> None:
        """Stop listening and give files back."""
        ...


def adapters() -> dict[str, EntryPoint]:
    """Installed adapters by name, ours and those of other packages."""
    return {point.name: point for point in sorted(entry_points(group="stammkunde.adapters"))}


def sandboxes() -> dict[str, EntryPoint]:
    """Installed sandboxes by the name of their platform."""
    return {point.name: point for point in sorted(entry_points(group="stammkunde.sandboxes"))}


def adapter_class(name: str) -> type[Adapter]:
    """The adapter of that name, loaded.

    Raises:
        ConfigError: there is none, or it does not import.
    """
    known = adapters()
    if name not in known:
        raise ConfigError(f"There is no adapter {name!r}. Installed: {', '.join(known)}.")
    try:
        return cast("type[Adapter]", known[name].load())
    except ImportError as error:
        raise ConfigError(f"The adapter {name!r} does not load: {error}.") from error


def zone_named(name: str) -> ZoneInfo:
    """The time zone of a setting `time_zone`.

    Raises:
        ConfigError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError(f"`time_zone` is {name!r}, but zones are named like Europe/Berlin.") from None


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in pieces of at most that size."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def each_once(changes: Iterable[UpdateTags]) -> Iterator[Sequence[UpdateTags]]:
    """Parts in which no customer comes twice, so that what is sent together cannot change its order."""
    part: list[UpdateTags] = []
    seen: set[str] = set()
    for change in changes:
        if change.customer_id in seen:
            yield part
            part, seen = [], set()
        part.append(change)
        seen.add(change.customer_id)
    yield part
