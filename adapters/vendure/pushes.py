"""Applies changes in order, one result each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from adapters.vendure.attributes import Attributes
from adapters.vendure.client import Admin
from adapters.vendure.coupons import Coupons
from adapters.vendure.goods import Goods
from adapters.vendure.groups import Groups
from adapters.vendure.promotions import Promotions
from adapters.vendure.records import Ground
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

NO_MOVES = "In Vendure a customer is in any number of customer groups: use a tag, which is a group here."

#: Customers whose groups are changed together.
AT_ONCE = 100


class Pushes:
    """Sends changes to one server."""

    def __init__(
        self,
        admin: Admin,
        ground: Callable[[], Ground],
        promotions: Promotions,
        *,
        page_size: int,
        code_field: str,
    ) -> None:
        self._groups = Groups(admin, page_size)
        self._attributes = Attributes(admin, code_field)
        goods = Goods(admin, page_size)
        self._coupons = Coupons(admin, ground, promotions, self._groups, self._attributes, goods)

    def push(self, changes: Iterable[Change]) -> Iterator[Result]:
        """Neighbours of one kind go together. Vendure runs nothing in the background that could be left."""
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
