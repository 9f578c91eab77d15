"""What the parts of the contract share: connections, features, and skipping by feature."""

import io
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, TypeAlias, cast

import pytest

from connector.adapter import Adapter, Page
from connector.model import Change, Feature, Kind, Record
from connector.testing.records import carried, records

Connect: TypeAlias = Callable[[], Adapter]
Features: TypeAlias = frozenset[Feature]
Delivery: TypeAlias = tuple[Mapping[str, str], bytes]


class Contract:
    """What the parts of the contract share."""

    #: The adapter under test.
    adapter_class: ClassVar[type[Adapter]]
    #: How many records make several pages. Raise it where the page size is not a setting.
    many: ClassVar[int] = 7
    #: A name under which the platform can store a value on a customer.
    attribute_name: ClassVar[str] = "stammkunde_code"

    @pytest.fixture
    def connect(self, settings: Mapping[str, Any]) -> Iterator[Connect]:
        """Makes a new connection to the shop, as a process does that starts again after a crash."""
        made: list[Adapter] = []

        def connect() -> Adapter:
            made.append(self.construct(settings))
            return made[-1]

        yield connect
        for adapter in made:
            adapter.close()

    @pytest.fixture
    def adapter(self, connect: Connect) -> Adapter:
        return connect()

    @pytest.fixture
    def features(self, connect: Connect) -> Features:
        return connect().check().features

    def construct(self, settings: Mapping[str, Any]) -> Adapter:
        return cast("Callable[..., Adapter]", self.adapter_class)(**settings)

    def kept(self, record: Record) -> Record:
        """What the platform can keep of a record. Override it where that is less, and say so in its docs."""
        return record

    def carried(self, record: Record) -> dict[str, object]:
        """The fields that are compared between what was put into the shop and what was read."""
        return carried(self.kept(record))

    def needs(self, features: Features, *needed: Feature) -> None:
        """Skip a test about something that the shop cannot do, and says so."""
        if missing := [feature.value for feature in needed if feature not in features]:
            pytest.skip(f"{self.adapter_class.title} does not declare {', '.join(missing)}.")


def read_kind(
    adapter: Adapter, kind: Kind, since: datetime | None = None, checkpoint: str | None = None
) -> Iterator[Page[Any]]:
    reads: dict[Kind, Callable[[datetime | None, str | None], Iterator[Page[Any]]]] = {
        Kind.PRODUCTS: adapter.products,
        Kind.CUSTOMERS: adapter.customers,
        Kind.ORDERS: adapter.orders,
    }
    return reads[kind](since, checkpoint)


def ids(pages: Iterable[Page[Any]]) -> list[str]:
    """The ids of records, or ids themselves."""
    return [record if isinstance(record, str) else record.id for record in records(pages)]


def errors(adapter: Adapter, *changes: Change) -> list[str | None]:
    return [result.error for result in adapter.push(changes, "run-1")]


def bound(features: Features) -> str:
    return "customer" if Feature.COUPON_FOR_CUSTOMER in features else "group"


@contextmanager
def no_io() -> Iterator[None]:
    """Fail at any use of the network or of a file."""

    def refuse(*_: Any, **__: Any) -> Any:
        pytest.fail("this does I/O")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(io, "open", refuse)
        patch.setattr("builtins.open", refuse)
        yield
