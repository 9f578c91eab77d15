"""The handle by which the contract changes the shop behind an adapter."""

from collections.abc import Iterable
from typing import Protocol

from connector.model import (
    Kind,
    Record,
)


class ShopUnderTest(Protocol):
    """The handle by which a test acts as the owner and the customers of the shop behind an adapter."""

    def put(self, record: Record, /) -> None:
        """Create or replace a record with exactly these data, `updated_at` included."""
        ...

    def delete(self, kind: Kind, record_id: str, /) -> None:
        """Delete a record as the owner would."""
        ...

    def tags_of(self, customer_id: str, /) -> frozenset[str]:
        """All tags of a customer, foreign ones included."""
        ...

    def set_tags(self, customer_id: str, tags: Iterable[str], /) -> None:
        """The owner edits a customer's tags: afterwards there are these and no others."""
        ...

    def codes(self) -> frozenset[str]:
        """All active codes in the shop, foreign ones included."""
        ...

    def add_foreign_code(self, code: str, /) -> None:
        """The owner creates a code that anybody may redeem at any time."""
        ...

    def attribute(self, customer_id: str, name: str, /) -> str | None:
        """The value of a customer's attribute, by the name that `SetAttribute` uses."""
        ...

    def redeem(self, code: str, customer_id: str, /) -> str | None:
        """Check out with goods of 100.00 now: None if the code is accepted, else why not."""
        ...
