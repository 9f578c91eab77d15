"""The handle by which the contract changes the shop behind an adapter."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from connector.model import (
    Kind,
    Record,
)


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """Goods in a basket: their value with tax, minor units."""

    product_id: str = "3001"
    total: int = 10000
    reduced: bool = False  #: sold below its usual price


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody brings to the checkout. Shipping costs 5.00 there."""

    codes: tuple[str, ...]
    customer_id: str | None = "1001"  #: None: somebody who is not logged in
    email: str | None = None  #: typed at the checkout; None: the customer's own
    goods: tuple[Goods, ...] = (Goods(),)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `refused` says why a code was not taken; then nothing is bought."""

    refused: str | None = None
    off: int = 0  #: taken off the goods, with tax
    shipping: int = 500


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


class Till(ShopUnderTest, Protocol):
    """What a shop under test has beside, if its adapter declares any `ShopInfo.coupon_terms`."""

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,
        email: str | None,
        goods: Sequence[tuple[str, int, bool]],
        /,
    ) -> tuple[str | None, int, int]:
        """Buy now, with all of these codes or not at all. Plain values, so that sandboxes need no import.

        Args:
            customer_id: None is somebody who is not logged in.
            email: typed at the checkout; None is the customer's own.
            goods: product, value with tax, and whether it is sold below its usual price.

        Returns:
            Why a code was refused (None: none was), what was taken off the goods, and the shipping charged,
            which is 5.00 without a code.
        """
        ...

    def title_of(self, code: str, language: str, /) -> str:
        """What a customer with that language reads at the checkout for a code."""
        ...
