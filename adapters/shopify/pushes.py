"""Applies changes in order, one result each."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from adapters.shopify.attributes import Attributes
from adapters.shopify.client import Admin
from adapters.shopify.coupons import Coupons
from adapters.shopify.discounts import Discounts
from adapters.shopify.kinds import SOURCES
from adapters.shopify.writes import Outcome, Writes
from connector.adapter import each_once
from connector.model import (
    Change,
    CreateCoupon,
    DisableCoupon,
    ExtendCoupon,
    Kind,
    MoveGroup,
    Result,
    SetAttribute,
    UpdateTags,
)

NO_GROUPS = "Shopify has no customer groups: use a tag."


class Pushes:
    """Sends changes to one shop."""

    def __init__(self, admin: Admin, discounts: Discounts, bulk_above: int) -> None:
        self._writes = Writes(admin, bulk_above)
        self._attributes = Attributes(admin)
        self._coupons = Coupons(admin, discounts, self._writes, self._attributes)

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        """Neighbours of one kind go together; nothing is sent before what is left of a crash has settled."""
        waiting = list(changes)
        if waiting:
            self._writes.settle()
        for kind, alike in groupby(waiting, key=type):
            yield from self._apply(kind, list(alike), run)

    def _apply(self, kind: type, changes: Sequence[Any], run: str) -> Iterator[Result]:
        if kind is UpdateTags:
            yield from self._tags(changes, run)
        elif kind is SetAttribute:
            yield from self._attributes.push(changes)
        elif kind is CreateCoupon:
            yield from self._coupons.create(changes, run)
        elif kind is ExtendCoupon:
            yield from map(self._coupons.extend, changes)
        elif kind is DisableCoupon:
            yield from map(self._coupons.disable, changes)
        elif kind is MoveGroup:
            yield from (Result(change=change, error=NO_GROUPS) for change in changes)

    def _tags(self, changes: Sequence[UpdateTags], run: str) -> Iterator[Result]:
        """Removals first: where a tag only changes its case, adding first would lose it."""
        for chunk in (chunk for part in each_once(changes) for chunk in self._writes.chunks(part)):
            removed = self._some("tags_remove", [(change, change.remove) for change in chunk], run)
            added = self._some("tags_add", [(change, change.add) for change in chunk], run)
            for change, first, second in zip(chunk, removed, added, strict=True):
                yield Result(change=change, error=first.error or second.error)

    def _some(
        self, name: str, wanted: Sequence[tuple[UpdateTags, tuple[str, ...]]], run: str
    ) -> list[Outcome]:
        gid = SOURCES[Kind.CUSTOMERS].gid
        lines = [{"id": gid(change.customer_id), "tags": tags} for change, tags in wanted if tags]
        outcomes = iter(self._writes.send(name, lines, run))
        return [next(outcomes) if tags else Outcome() for _, tags in wanted]
