"""Changes one by one: tags in the merchant's field, and customer groups between allowed ones."""

from collections.abc import Iterable, Iterator, Sequence

from adapters.jtl.wawi.client import ForbiddenError, MissingError, Wawi
from adapters.jtl.wawi.records import NOWHERE, CustomerRow, NamedRow
from adapters.jtl.wawi.tagfield import TagField
from connector.errors import RejectedError, ResponseError
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

NO_TAGS = "Tags are written to JTL-Wawi only into a field of customers that `tag_field` names."
NO_COUPONS = "JTL-Wawi's API has no coupons: they are made in the shop."
NO_ATTRIBUTES = "Stammkunde stores no values with customers of JTL-Wawi but tags."


class Pushes:
    """Sends changes to one Wawi.

    Args:
        field: the field that carries tags; None refuses them.
        moves: from which group to which customers may be moved.
    """

    def __init__(self, wawi: Wawi, field: TagField | None, moves: Sequence[tuple[str, str]]) -> None:
        self._wawi = wawi
        self._field = field
        self._moves = frozenset(moves)

    def push(self, changes: Iterable[Change], _run: str) -> Iterator[Result]:
        """Nothing goes on in Wawi after a call, so `run` names nothing there."""
        for change in changes:
            yield Result(change=change, error=self._refusal(change))

    def _refusal(self, change: Change) -> str | None:
        try:
            self._apply(change)
        except (RejectedError, ForbiddenError) as error:
            return str(error)
        return None

    def _apply(self, change: Change) -> None:
        match change:
            case UpdateTags():
                if self._field is None:
                    raise RejectedError(NO_TAGS)
                self._field.update(change.customer_id, change.add, change.remove)
            case MoveGroup():
                self._move(change)
            case SetAttribute():
                raise RejectedError(NO_ATTRIBUTES)
            case CreateCoupon() | ExtendCoupon() | DisableCoupon():
                raise RejectedError(NO_COUPONS)

    def _move(self, change: MoveGroup) -> None:
        if (change.from_, change.to) not in self._moves:
            raise RejectedError(
                f"Customers are not moved from {change.from_!r} to {change.to!r}: `move_groups` does not "
                "name this pair."
            )
        numbers = {row.name: row.id for row in self._wawi.get("/customerGroups", tuple[NamedRow, ...])}
        if missing := [name for name in (change.from_, change.to) if name not in numbers]:
            raise RejectedError(f"JTL-Wawi has no customer group {missing[0]!r}.")
        before = self._customer(change.customer_id)
        if before.customer_group_id == numbers[change.to]:
            return
        if before.customer_group_id != numbers[change.from_]:
            raise RejectedError(
                f"The customer {change.customer_id} is not in the group {change.from_!r} now."
            )
        body = {"CustomerGroupId": numbers[change.to]}
        self._wawi.change("PATCH", f"/customers/{change.customer_id}", body)
        self._require_moved(before, numbers[change.to])

    def _require_moved(self, before: CustomerRow, group: int) -> None:
        """Never tried on a real Wawi: it must have changed the group and nothing else."""
        after = self._customer(str(before.id))
        if after.customer_group_id != group:
            raise RejectedError(f"JTL-Wawi left the customer {before.id} in its group, and does not say why.")
        if (after.billing_address or NOWHERE) != (before.billing_address or NOWHERE):
            raise ResponseError(
                f"JTL-Wawi changed the address of customer {before.id} with the customer group: nothing more "
                "is moved. Look at this customer in JTL-Wawi, and take `move_groups` out of the config."
            )

    def _customer(self, customer_id: str) -> CustomerRow:
        try:
            if customer_id.isdecimal():
                return self._wawi.get(f"/customers/{customer_id}", CustomerRow)
        except MissingError:
            pass
        raise RejectedError(f"JTL-Wawi has no customer {customer_id}.")
