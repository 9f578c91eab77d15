"""Values that stored records are shown through: money, and parts that know the whole they belong to."""

from typing import Any, NamedTuple

import msgspec

from adapters.shopify.sandbox.records import StoredLine, StoredOrder, StoredRefund


class Amount(NamedTuple):
    """A `MoneyV2`."""

    minor: int
    currency: str


class Bag(NamedTuple):
    """A `MoneyBag`."""

    minor: int
    currency: str
    presentment: str
    rate: float

    def presented(self) -> Amount:
        """What the buyer saw."""
        return Amount(round(self.minor * self.rate), self.presentment)


class OrderPart(NamedTuple):
    """A line, refund, shipping line or address together with its order."""

    order: StoredOrder
    part: Any


class RefundedLine(NamedTuple):
    """So many pieces of one line in a refund."""

    order: StoredOrder
    line: StoredLine
    quantity: int
    refund: StoredRefund


class Tax(NamedTuple):
    """A `TaxLine`."""

    order: StoredOrder
    minor: int
    base: int


class ShippingPart(NamedTuple):
    """The shipping line of an order."""

    order: StoredOrder


class Variant(NamedTuple):
    """A `ProductVariant`."""

    id: int
    sku: str | None


class Place(NamedTuple):
    """A `Location`."""

    name: str


class Metafield(msgspec.Struct, frozen=True):
    """A row of the table of metafields."""

    id: int
    owner: str
    namespace: str
    key: str
    type: str
    value: str
    created: int
    updated: int
