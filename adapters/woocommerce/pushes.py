"""Changes in batches of a hundred, one result each, in order.

Nothing in WooCommerce goes on after its answer, so nothing of a crashed push has to be waited for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from adapters.woocommerce.client import MOST, Rest
from adapters.woocommerce.coupon_changes import CouponChanges
from adapters.woocommerce.customer_changes import CustomerChanges
from adapters.woocommerce.shop import Shop
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

NO_GROUPS = "WooCommerce has no customer groups, and its interface does not change roles."


class Pushes:
    """Sends changes to one shop."""

    def __init__(self, rest: Rest, shop: Shop) -> None:
        self._customers = CustomerChanges(rest)
        self._coupons = CouponChanges(rest, shop, self._customers)

    def push(self, changes: Iterable[Change]) -> Iterator[Result]:
        """Neighbours of one family go in one batch, so the order of changes stays."""
        for send, family in groupby(changes, self._family):
            while some := list(islice(family, MOST)):
                for change, error in zip(some, send(some), strict=True):
                    yield Result(change=change, error=error)

    def _family(self, change: Change) -> Callable[[Any], Sequence[str | None]]:
        """What sends a change and its like."""
        match change:
            case UpdateTags() | SetAttribute():
                return self._customers.apply
            case CreateCoupon():
                return self._coupons.create
            case ExtendCoupon() | DisableCoupon():
                return self._coupons.end
            case MoveGroup():
                return _refuse


def _refuse(moves: Sequence[MoveGroup]) -> Sequence[str | None]:
    return [NO_GROUPS] * len(moves)
