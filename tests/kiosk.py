"""A shop in RAM with an installation beside it, for campaigns: quick, and its checkout keeps every term."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from adapters.memory import MemoryShop
from connector.model import Consent, Customer, Order, Product
from tests.shopfloor import KEY, NOW, Floor, Ran, customer, order

SHOP = "kiosk"

GROUPS = """
[groups.dormant]
members = "number_of_orders >= 2 AND last_order_date < -180d"

[groups.buyers]
members = "number_of_orders >= 1"
"""

COME_BACK = """
[campaigns.come-back]
active = true
group = "dormant"
coupon = { percent = 10, minimum = 30, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 100 }
"""

CONFIRMED = (Consent(channel="email", state="subscribed", level="confirmed"),)


class Kiosk(Floor):
    """One shop in RAM. Open it with `kiosk`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ram = MemoryShop(f"{SHOP}-{id(self)}", clock=lambda: self.now)
        self.options[SHOP] = {
            "adapter": '"memory"',
            "name": f'"{self.ram.name}"',
            "push": "true",
            "limits": "{ losing = 1, gaining = 1 }",
        }
        self.write_config(rules=GROUPS)

    def put(self, records: Iterable[Customer | Order | Product]) -> None:
        """Make or change these now."""
        for record in records:
            self.ram.put(msgspec.structs.replace(record, updated_at=self.now))

    def configure(self, *texts: str, top: str = "") -> None:
        self.write_config(top=top, rules="\n".join((GROUPS, *texts)))

    def sync(self) -> Ran:
        """Read the shop, and push whatever is to be done."""
        return self.done("sync", "--force")

    def plan(self) -> list[dict[str, Any]]:
        """What the next push would change."""
        changes: list[dict[str, Any]] = self.done("plan", "--json").json()[0]["changes"]
        return changes

    def codes(self, campaign: str = "come-back") -> dict[str, list[str]]:
        """The codes of a campaign by customer, oldest first."""
        found: dict[str, list[str]] = {}
        for who, code in self.rows(
            "SELECT customer_id, code FROM issued"
            f" WHERE campaign = '{campaign}' AND state <> 'refused' ORDER BY round"
        ):
            found.setdefault(who, []).append(code)
        return found

    def states(self, campaign: str = "come-back") -> dict[str, int]:
        """How many codes stand at each step of the funnel; steps without one are left out."""
        (seen,) = self.done("campaign", campaign, "--json").json()
        return {each["name"]: each["codes"] for each in seen["funnel"] if each["codes"]}

    def buy(self, number: int, buyer: int | None, code: str | None = None, **other: Any) -> None:
        """Somebody orders now, for 50.00, and pays."""
        given = {"placed_at": self.now, "updated_at": self.now, "shipped_at": self.now}
        codes = {"codes": (code,)} if code else {}
        self.ram.put(order(number, buyer, 0, **(given | codes | other)))

    def again(self, number: int, buyer: int | None, placed_ago: float, **other: Any) -> None:
        """An order placed so many days ago is changed now."""
        placed = self.now - timedelta(days=placed_ago)
        self.ram.put(order(number, buyer, 0, **({"placed_at": placed, "updated_at": self.now} | other)))


def dormant(count: int, *, first: int = 1001, last_days_ago: float = 200) -> Iterator[Customer | Order]:
    """Customers 1001 and so on who bought twice, the last time so long ago; each a minute before the last."""
    for place in range(count):
        number = first + place
        ago = last_days_ago + place / 1440
        yield customer(number, f"c{number}@example.com", consents=CONFIRMED)
        yield order(number * 10, number, ago + 50)
        yield order(number * 10 + 1, number, ago)


@contextmanager
def kiosk(folder: Path) -> Iterator[Kiosk]:
    opened = Kiosk(folder)
    try:
        yield opened
    finally:
        opened.close()


__all__ = ["COME_BACK", "CONFIRMED", "GROUPS", "KEY", "NOW", "SHOP", "Kiosk", "dormant", "kiosk"]
