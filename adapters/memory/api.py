"""What the shop in RAM offers to programs: the place of a platform's API. There is nothing here to copy."""

import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any, TypeAlias

from connector.errors import RejectedError
from connector.model import Kind

#: A record as the platform's API gives it: JSON, nothing of ours.
Row: TypeAlias = dict[str, Any]

#: The shops of this process by their names.
SHOPS: dict[str, "MemoryApi"] = {}

#: The header of a webhook that says who sent it.
SIGNATURE = "x-memory-signature"

#: A coupon of which nothing else is said: good for anybody, for everything, alone and as often as they like.
_COUPON: Row = {
    "titles": {},
    "customer_id": None,
    "email": None,
    "percent": None,
    "amount": None,
    "free_shipping": False,
    "minimum": 0,
    "products": [],
    "categories": [],
    "exclude_categories": [],
    "sale_items": True,
    "combinable": False,
    "new_customers_only": False,
    "starts_at": None,
    "ends_at": None,
    "uses": None,
}


def sign(secret: str, body: bytes) -> str:
    """What stands in that header."""
    return hmac.new(secret.encode(), body, "sha256").hexdigest()


def stamp(moment: datetime) -> str:
    """A time of the shop: of one width and in one zone, so that the texts stand in the order of the times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class MemoryApi:
    """Tables of rows, with what can be asked of them and changed in them.

    It is found by its name, so that a config can say `adapter = "memory"`, `name = "roastery"`; a new shop
    takes the place of an older one of the same name.

    Args:
        clock: what the shop takes for now when it stamps a change and when a code is redeemed.
    """

    def __init__(
        self,
        name: str = "memory",
        *,
        currency: str = "EUR",
        time_zone: str = "Europe/Berlin",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name, self.currency, self.time_zone = name, currency, time_zone
        self._clock = clock
        # Rows are replaced, never altered: who holds one, holds it as it was when he asked.
        self._tables: dict[str, dict[str, Row]] = {table: {} for table in (*Kind, "coupons")}
        SHOPS[name] = self

    def count(self, table: str) -> int:
        return len(self._tables[table])

    def values(self, table: str, field: str) -> tuple[str, ...]:
        return tuple(sorted({row[field] for row in self._tables[table].values() if row[field]}))

    def changed(self, table: str, after: tuple[str, ...], limit: int) -> list[Row]:
        """Rows behind the place `after` = (updated_at, id), by that order."""
        rows = ((row["updated_at"], row["id"], row) for row in self._tables[table].values())
        return [row for *_, row in nsmallest(limit, (found for found in rows if found[:2] > after))]

    def behind(self, table: str, after: str, limit: int) -> list[Row]:
        """Rows whose id is greater than `after`, by id."""
        rows = self._tables[table]
        return [rows[row_id] for row_id in nsmallest(limit, (found for found in rows if found > after))]

    def get(self, table: str, row_id: str) -> Row | None:
        return self._tables[table].get(row_id)

    def customer(self, customer_id: str) -> Row:
        row = self.get(Kind.CUSTOMERS, customer_id)
        if row is None:
            raise RejectedError(f"The shop has no customer {customer_id}.")
        return row

    def orders_of(self, customer_ids: Sequence[str]) -> list[Row]:
        wanted = set(customer_ids)
        return [row for row in self._tables[Kind.ORDERS].values() if row["customer_id"] in wanted]

    def coupon(self, code: str) -> Row | None:
        """Found in capitals or not, as at the checkout."""
        rows = self._tables["coupons"].values()
        return next((row for row in rows if row["code"].casefold() == code.casefold()), None)

    def change(self, table: str, row_id: str, **values: Any) -> None:
        """Set fields of one row; the stamp moves only if that makes a difference."""
        row = self._tables[table][row_id]
        if row | values != row:
            self._tables[table][row_id] = row | values | {"updated_at": stamp(self._clock())}

    def tag(self, customer_id: str, add: Iterable[str], remove: Iterable[str]) -> None:
        unwanted = {tag.casefold() for tag in remove}
        kept = [tag for tag in self.customer(customer_id)["tags"] if tag.casefold() not in unwanted]
        present = {tag.casefold() for tag in kept}
        added = [tag for tag in add if tag.casefold() not in present]
        self.change(Kind.CUSTOMERS, customer_id, tags=kept + added)

    def set_attribute(self, customer_id: str, name: str, value: str | None) -> None:
        others = {key: held for key, held in self.customer(customer_id)["attributes"].items() if key != name}
        self.change(
            Kind.CUSTOMERS, customer_id, attributes=others if value is None else others | {name: value}
        )

    def move_group(self, customer_id: str, old: str, new: str) -> None:
        group = self.customer(customer_id)["group"]
        if group not in (old, new):
            raise RejectedError(f"The customer {customer_id} is in the group {group!r}, not in {old!r}.")
        self.change(Kind.CUSTOMERS, customer_id, group=new)

    def create_coupon(self, row: Row) -> None:
        """A new coupon; what `row` leaves out does not narrow it."""
        new_id = str(9001 + self.count("coupons"))
        new = {"id": new_id, "enabled": True, "used": 0, "updated_at": stamp(self._clock())}
        self._tables["coupons"][new_id] = _COUPON | row | new
