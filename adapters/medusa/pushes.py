"""Applies changes in order, one result each."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from adapters.medusa.attributes import Attributes
from adapters.medusa.client import Rest
from adapters.medusa.coupons import Coupons
from adapters.medusa.goods import Goods
from adapters.medusa.groups import Groups
from adapters.medusa.promotions import Promotions
from connector.adapter import chunks, each_once
from connector.model import (
    Change,
    CreateCoupon,
    DisableCoupon,
    ExtendCoupon,
    MoveGroup,
    Result,
    SetAttribute,
    UpdateTags,
)

NO_MOVES = "In Medusa a customer is in any number of customer groups: use a tag, which is a group here."

#: Customers whose groups are changed together.
AT_ONCE = 100


class Pushes:
    """Sends changes to one server."""

    def __init__(self, rest: Rest, promotions: Promotions, *, page_size: int) -> None:
        self._groups = Groups(rest, page_size)
        self._attributes = Attributes(rest)
        self._coupons = Coupons(rest, promotions, self._groups, self._attributes, Goods(rest))

    def push(self, changes: Iterable[Change]) -> Iterator[Result]:
        """Neighbours of one kind go together. Medusa runs nothing in the background that could be left."""
        for kind, alike in groupby(changes, key=type):
            yield from self._apply(kind, list(alike))

    def _apply(self, kind: type, changes: Sequence[Any]) -> Iterator[Result]:
        if kind is UpdateTags:
            yield from self._tags(changes)
        elif kind is SetAttribute:
            yield from map(self._attribute, changes)
        elif kind is CreateCoupon:
            yield from self._coupons.create(changes)
        elif kind is ExtendCoupon:
            yield from map(self._coupons.extend, changes)
        elif kind is DisableCoupon:
            yield from map(self._coupons.disable, changes)
        elif kind is MoveGroup:
            yield from (Result(change=change, error=NO_MOVES) for change in changes)

    def _tags(self, changes: Sequence[UpdateTags]) -> Iterator[Result]:
        for part in each_once(changes):
            for some in chunks(part, AT_ONCE):
                for change, error in zip(some, self._groups.update(some), strict=True):
                    yield Result(change=change, error=error)

    def _attribute(self, change: SetAttribute) -> Result:
        error = self._attributes.set(change.customer_id, change.name, change.value)
        return Result(change=change, error=error)
