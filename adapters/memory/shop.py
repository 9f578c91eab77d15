"""A shop in RAM: what its owner and its customers do. There is nothing here to copy."""

import json
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from adapters.memory.api import SIGNATURE, MemoryApi, Row, sign, stamp
from connector.model import Customer, Kind, Order, Product, Record

#: Product, value with tax, and whether it is sold below its usual price.
Goods: TypeAlias = tuple[str, int, bool]

SHIPPING = 500  #: what this shop charges


class MemoryShop(MemoryApi):
    """The shop as a whole, which is also a `connector.testing.ShopUnderTest`."""

    def put(self, record: Record) -> None:
        """Create or replace a record; one without `updated_at` gets the shop's own time."""
        table = {Customer: Kind.CUSTOMERS, Order: Kind.ORDERS, Product: Kind.PRODUCTS}[type(record)]
        row: Row = msgspec.json.decode(msgspec.json.encode(record))
        self._tables[table][record.id] = row | {"updated_at": stamp(record.updated_at or self._clock())}

    def delete(self, kind: Kind, record_id: str) -> None:
        del self._tables[kind][record_id]

    def tags_of(self, customer_id: str) -> frozenset[str]:
        return frozenset(self.customer(customer_id)["tags"])

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        self.change(Kind.CUSTOMERS, customer_id, tags=list(tags))

    def codes(self) -> frozenset[str]:
        return frozenset(row["code"] for row in self._tables["coupons"].values() if row["enabled"])

    def add_foreign_code(self, code: str) -> None:
        self.create_coupon({"code": code, "title": "Sommeraktion", "percent": 5, "combinable": True})

    def attribute(self, customer_id: str, name: str) -> str | None:
        value: str | None = self.customer(customer_id)["attributes"].get(name)
        return value

    def redeem(self, code: str, customer_id: str) -> str | None:
        """Check out with goods of 100.00: None if the code is accepted, else why not."""
        return self.check_out((code,), customer_id, None, [("", 10000, False)])[0]

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,
        email: str | None,
        goods: Sequence[Goods],
    ) -> tuple[str | None, int, int]:
        """Buy with all of these codes or not at all: why not, what is taken off, and the shipping."""
        account = self.get(Kind.CUSTOMERS, customer_id or "") or {}
        address = (email or account.get("email") or "").casefold() or None
        rows = []
        for code in codes:
            row = self.coupon(code)
            if row is None or not row["enabled"]:
                return "There is no such code.", 0, SHIPPING
            if reason := self._why_not(row, customer_id, address, goods):
                return reason, 0, SHIPPING
            rows.append(row)
        if len(rows) > 1 and not all(row["combinable"] for row in rows):
            return "The codes cannot be combined.", 0, SHIPPING
        for row in rows:
            self.change("coupons", row["id"], used=row["used"] + 1)
        off = sum(_taken_off(row, self._fitting(row, goods)) for row in rows)
        shipping = 0 if any(row["free_shipping"] for row in rows) else SHIPPING
        return None, min(off, sum(total for _, total, _ in goods)), shipping

    def title_of(self, code: str, language: str) -> str:
        row = self.coupon(code) or {"titles": {}, "title": ""}
        title: str = row["titles"].get(language, row["title"])
        return title

    def _why_not(
        self, row: Row, customer_id: str | None, email: str | None, goods: Sequence[Goods]
    ) -> str | None:
        """Why the checkout does not take a code, or None."""
        now = stamp(self._clock())
        refusals = {
            "The code is not valid yet.": row["starts_at"] and now < row["starts_at"],
            "The code has expired.": row["ends_at"] and now >= row["ends_at"],
            "The code is for somebody else.": row["customer_id"] not in (None, customer_id)
            or row["email"] not in (None, email),
            "The code is used up.": row["uses"] is not None and row["used"] >= row["uses"],
            "The basket is too small.": row["minimum"] > sum(total for _, total, _ in goods),
            "Nothing in the basket takes this code.": not self._fitting(row, goods),
            "The code is for new customers.": row["new_customers_only"]
            and self._has_ordered(customer_id, email),
        }
        return next((reason for reason, refused in refusals.items() if refused), None)

    def _has_ordered(self, customer_id: str | None, email: str | None) -> bool:
        return any(
            (customer_id and row["customer_id"] == customer_id)
            or (email and (row["email"] or "").casefold() == email)
            for row in self._tables[Kind.ORDERS].values()
        )

    def _fitting(self, row: Row, goods: Sequence[Goods]) -> list[int]:
        """The value of the goods that a code is good for."""
        return [total for product, total, reduced in goods if self._fits(row, product, reduced=reduced)]

    def _fits(self, row: Row, product_id: str, *, reduced: bool) -> bool:
        product = self.get(Kind.PRODUCTS, product_id) or {"categories": []}
        categories = set(product["categories"])
        return (
            (not row["products"] or product_id in row["products"])
            and (not row["categories"] or bool(categories & set(row["categories"])))
            and not categories & set(row["exclude_categories"])
            and (row["sale_items"] or not reduced)
        )

    @staticmethod
    def delivery(secret: str, topic: str, record_id: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of a webhook, such as ("customers/update", "1001")."""
        event = {"id": f"{topic}/{record_id}", "topic": topic, "record_id": record_id, "occurred_at": None}
        body = json.dumps(event).encode()
        return {SIGNATURE: sign(secret, body)}, body


def _taken_off(row: Row, values: Sequence[int]) -> int:
    if row["free_shipping"]:
        return 0
    if row["amount"] is not None:
        return min(int(row["amount"]), sum(values))
    return sum(values) * int(row["percent"]) // 100
