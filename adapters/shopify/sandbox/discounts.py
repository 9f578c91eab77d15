"""Discounts with their codes, and whether a code may be redeemed."""

from collections.abc import Sequence
from datetime import datetime
from itertools import permutations
from typing import Any, NamedTuple

import msgspec

from adapters.shopify.sandbox.records import collection_id, gid
from adapters.shopify.sandbox.search import micros
from adapters.shopify.sandbox.shop import Shop

#: Codes for products or orders in one order; beside them one for shipping.
GOODS_CODES = 5


class StoredDiscount(msgspec.Struct, kw_only=True):
    """A `DiscountCodeBasic`, or one of free shipping.

    Without `customers` and `segments` it is for everybody, without `products` and `collections` for all of
    the goods.
    """

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
    shipping: bool = False  #: a `DiscountCodeFreeShipping`; it takes nothing off goods
    products: list[int] | None = None
    collections: list[int] | None = None
    customers: list[int] | None = None
    segments: list[int] | None = None
    combines: dict[str, bool] = {}
    tags: list[str] = []

    def discount_class(self) -> str:
        """As `combinesWith` names it."""
        if self.shipping:
            return "shippingDiscounts"
        return "orderDiscounts" if self.products is None and self.collections is None else "productDiscounts"


class Piece(NamedTuple):
    """A line of a basket: its product, its value in minor units with tax, and how many pieces it is."""

    product: int | None
    value: int
    quantity: int


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

    def touch(self, discount: StoredDiscount) -> None:
        """A discount changed in the shop, now."""
        discount.updated = self._shop.now()
        self.save(discount)
        self.announce("DISCOUNTS_UPDATE", discount)

    def announce(self, topic: str, discount: StoredDiscount) -> None:
        """Let the webhooks know."""
        payload = {
            "admin_graphql_api_id": gid("DiscountCodeNode", discount.id),
            "title": discount.title,
            "status": self.status(discount),
            "updated_at": discount.updated,
        }
        self._shop.webhooks.emit(topic, payload)

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
        self, code: Code, *, customer: int | None, email: str | None, goods: Sequence[Piece]
    ) -> str | None:
        """Why this buyer may not redeem the code on this basket, or None."""
        discount = self.get(code.discount)
        if discount is None:
            return "The code does not exist."
        if reason := self._why_not_now(discount, code) or self._why_not_these(discount, goods):
            return reason
        if not self._eligible(discount, customer, email):
            return "The discount is not for this customer."
        if discount.once and self._used_by(discount, customer, email):
            return "The customer has used this discount before."
        return None

    def _why_not_now(self, discount: StoredDiscount, code: Code) -> str | None:
        now = self._shop.now()
        if now < discount.starts:
            return "The discount has not started yet."
        if discount.ends is not None and now >= discount.ends:
            return "The discount has expired."
        if discount.usage_limit is not None and code.used >= discount.usage_limit:
            return "The code has been used up."
        return None

    def _why_not_these(self, discount: StoredDiscount, goods: Sequence[Piece]) -> str | None:
        """As in Shopify a minimum is one of the goods that the discount is for."""
        fitting = [goods[place] for place in self._fitting(discount, goods)]
        if not fitting:
            return "Nothing in the basket takes this discount."
        if discount.minimum is not None and sum(piece.value for piece in fitting) < discount.minimum:
            return "The basket is below the minimum of this discount."
        pieces = sum(piece.quantity for piece in fitting)
        if discount.minimum_quantity is not None and pieces < discount.minimum_quantity:
            return "The basket has too few items for this discount."
        return None

    def _fitting(self, discount: StoredDiscount, goods: Sequence[Piece]) -> list[int]:
        """The places of the goods that a discount is for."""
        return [place for place, piece in enumerate(goods) if self._fits(discount, piece.product)]

    def _fits(self, discount: StoredDiscount, product: int | None) -> bool:
        if discount.products is not None:
            return product in discount.products
        if discount.collections is None:
            return True
        record = self._shop.store.product(product or 0)
        within = {collection_id(title) for title in record.collections} if record else set()
        return bool(within & set(discount.collections))

    def clash(self, codes: Sequence[Code]) -> str | None:
        """Why these codes cannot stand in one order together, or None."""
        chosen = [discount for code in codes if (discount := self.get(code.discount))]
        shipping = sum(discount.shipping for discount in chosen)
        if shipping > 1 or len(chosen) - shipping > GOODS_CODES:
            return "An order takes five codes for goods and one for shipping."
        for first, second in permutations(chosen, 2):
            if not first.combines.get(second.discount_class(), False):
                return "The discounts cannot be combined."
        return None

    def _eligible(self, discount: StoredDiscount, customer: int | None, email: str | None) -> bool:
        """Whoever is not logged in is known by the address that is typed at the checkout."""
        if discount.customers is None and discount.segments is None:
            return True
        if customer is None:
            rows = self._shop.store.rows("SELECT id FROM customers WHERE email = ?", (email,))
            customer = rows[0][0] if rows else None
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

    def taken_off(self, codes: Sequence[Code], goods: Sequence[Piece]) -> tuple[list[int], bool]:
        """What the codes take off each line, and whether the shipping is free.

        Discounts of products come first, the best one on each line; then those of the order, on the rest.
        """
        chosen = [discount for code in codes if (discount := self.get(code.discount))]
        off = [0] * len(goods)
        for discount in chosen:
            if discount.discount_class() == "productDiscounts":
                places = self._fitting(discount, goods)
                values = [goods[place].value for place in places]
                shares = shared(_off(discount, sum(values)), values)
                for place, share in zip(places, shares, strict=True):
                    off[place] = max(off[place], share)
        left = [piece.value - part for piece, part in zip(goods, off, strict=True)]
        whole = sum(
            _off(discount, sum(left)) for discount in chosen if discount.discount_class() == "orderDiscounts"
        )
        shares = shared(min(whole, sum(left)), left)
        free = any(discount.shipping for discount in chosen)
        return [part + share for part, share in zip(off, shares, strict=True)], free


def _off(discount: StoredDiscount, value: int) -> int:
    if discount.amount is not None:
        return min(discount.amount, value)
    return round(value * (discount.percentage or 0))


def shared(amount: int, parts: Sequence[int]) -> list[int]:
    """The amount in proportion to the parts, without losing a cent."""
    shares, rest, left = [], amount, sum(parts)
    for part in parts:
        share = round(rest * part / left) if left else 0
        shares.append(share)
        rest, left = rest - share, left - part
    return shares
