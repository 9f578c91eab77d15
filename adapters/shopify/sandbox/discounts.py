"""Discounts with their codes, and whether a code may be redeemed."""

from datetime import datetime
from typing import Any

import msgspec

from adapters.shopify.sandbox.search import micros
from adapters.shopify.sandbox.shop import Shop


class StoredDiscount(msgspec.Struct, kw_only=True):
    """A `DiscountCodeBasic`. Without `customers` and `segments` it is for everybody."""

    id: int
    title: str
    created: datetime
    updated: datetime
    starts: datetime
    ends: datetime | None = None
    usage_limit: int | None = None
    once: bool = False
    percentage: float | None = None
    amount: int | None = None
    minimum: int | None = None
    minimum_quantity: int | None = None
    customers: list[int] | None = None
    segments: list[int] | None = None
    combines: dict[str, bool] = {}
    tags: list[str] = []


class Code(msgspec.Struct, frozen=True):
    """A redeem code of a discount."""

    id: int
    discount: int
    code: str
    used: int


class Discounts:
    """The discounts of a shop, and whether their codes may be redeemed."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._decode = msgspec.msgpack.Decoder(StoredDiscount).decode

    def get(self, number: int | None) -> StoredDiscount | None:
        """The discount of that id."""
        rows = self._shop.store.rows("SELECT record FROM discounts WHERE id = ?", (number or 0,))
        return self._decode(rows[0][0]) if rows else None

    def codes(self, discount: int) -> list[Code]:
        """The redeem codes of a discount."""
        sql = "SELECT id, discount, code, used FROM codes WHERE discount = ? ORDER BY id"
        return [Code(*row) for row in self._shop.store.rows(sql, (discount,))]

    def find(self, code: str) -> Code | None:
        """The redeem code, regardless of case."""
        sql = "SELECT id, discount, code, used FROM codes WHERE folded = ?"
        rows = self._shop.store.rows(sql, (code.strip().casefold(),))
        return Code(*rows[0]) if rows else None

    def active_codes(self) -> frozenset[str]:
        """Every code of a discount that has not ended."""
        sql = "SELECT code FROM codes JOIN discounts d ON d.id = discount WHERE ends IS NULL OR ends > ?"
        return frozenset(row[0] for row in self._shop.store.rows(sql, (micros(self._shop.now()),)))

    def save(self, discount: StoredDiscount) -> None:
        """Create or replace a discount as it is."""
        self._shop.store.run(
            "INSERT INTO discounts VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET updated = excluded.updated, starts = excluded.starts,"
            " ends = excluded.ends, name = excluded.name, record = excluded.record",
            (
                discount.id,
                micros(discount.created),
                micros(discount.updated),
                micros(discount.starts),
                micros(discount.ends) if discount.ends else None,
                discount.title,
                msgspec.msgpack.encode(discount),
            ),
        )

    def add_code(self, discount: int, code: str) -> int | None:
        """A new redeem code's id, or None if the shop has that code already."""
        if self.find(code):
            return None
        return self._shop.store.run(
            "INSERT INTO codes (discount, code, folded) VALUES (?, ?, ?)", (discount, code, code.casefold())
        )

    def add(self, title: str, code: str, **terms: Any) -> StoredDiscount:
        """A discount as the merchant makes it by hand; `terms` are fields of `StoredDiscount`."""
        now = self._shop.now()
        discount = StoredDiscount(
            id=self._shop.store.next_id("discounts"),
            title=title,
            created=now,
            updated=now,
            **{"starts": now, "percentage": 0.1, **terms},
        )
        with self._shop.store.write():
            self.save(discount)
            self.add_code(discount.id, code)
        return discount

    def status(self, discount: StoredDiscount) -> str:
        """`status`: ACTIVE, SCHEDULED or EXPIRED."""
        now = self._shop.now()
        if discount.ends is not None and discount.ends <= now:
            return "EXPIRED"
        return "SCHEDULED" if discount.starts > now else "ACTIVE"

    def refusal(
        self, code: Code, *, customer: int | None, email: str | None, subtotal: int, quantity: int
    ) -> str | None:
        """Why this buyer may not redeem the code on this basket, or None."""
        discount = self.get(code.discount)
        if discount is None:
            return "The code does not exist."
        now = self._shop.now()
        if now < discount.starts:
            return "The discount has not started yet."
        if discount.ends is not None and now >= discount.ends:
            return "The discount has expired."
        if discount.usage_limit is not None and code.used >= discount.usage_limit:
            return "The code has been used up."
        if discount.minimum is not None and subtotal < discount.minimum:
            return "The basket is below the minimum of this discount."
        if discount.minimum_quantity is not None and quantity < discount.minimum_quantity:
            return "The basket has too few items for this discount."
        if not self._eligible(discount, customer):
            return "The discount is not for this customer."
        if discount.once and self._used_by(discount, customer, email):
            return "The customer has used this discount before."
        return None

    def _eligible(self, discount: StoredDiscount, customer: int | None) -> bool:
        if discount.customers is None and discount.segments is None:
            return True
        if customer is None:
            return False
        chosen = set(discount.customers or ())
        for segment in discount.segments or ():
            chosen |= self._shop.segments.get(segment, frozenset())
        return customer in chosen

    def _used_by(self, discount: StoredDiscount, customer: int | None, email: str | None) -> bool:
        rows = self._shop.store.rows(
            "SELECT 1 FROM redemptions JOIN codes ON codes.id = redemptions.code"
            " WHERE discount = ? AND (customer = ? OR email = ?) LIMIT 1",
            (discount.id, customer, email),
        )
        return bool(rows)

    def redeemed(self, code: Code, *, customer: int | None, email: str | None, order: int) -> None:
        """Count a redemption."""
        self._shop.store.run("UPDATE codes SET used = used + 1 WHERE id = ?", (code.id,))
        self._shop.store.run("INSERT INTO redemptions VALUES (?, ?, ?, ?)", (code.id, customer, email, order))

    def worth(self, code: Code, subtotal: int) -> int:
        """What the code takes off these goods."""
        discount = self.get(code.discount)
        if discount is None:
            return 0
        if discount.amount is not None:
            return min(discount.amount, subtotal)
        return round(subtotal * (discount.percentage or 0))
