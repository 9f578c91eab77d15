"""What the input of a discount asks for, and what is wrong with it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.shopify.sandbox.discount_errors import class_errors, error, input_errors, missing
from adapters.shopify.sandbox.discounts import Discounts, StoredDiscount
from adapters.shopify.sandbox.records import DECIMALS, collection_id, number_of
from adapters.shopify.sandbox.shop import Shop

CODE_LENGTH = 255


class DiscountInput:
    """Judges the input by what the shop has, and writes it into a discount.

    Args:
        collections: titles of every collection there is.
    """

    def __init__(self, shop: Shop, discounts: Discounts, collections: Callable[[], list[str]]) -> None:
        self._shop = shop
        self._discounts = discounts
        self._collections = collections

    def errors(self, wanted: dict[str, Any], *, shipping: bool, new: bool) -> Iterator[dict[str, Any]]:
        """What is wrong with it. Of what is there already an input may leave things out."""
        if new:
            yield from missing(wanted, () if shipping else ("customerGets",))
        yield from input_errors(wanted)
        yield from class_errors(wanted) if shipping else self._item_errors(wanted)

    def code_errors(self, code: str | None) -> list[dict[str, Any]]:
        """Why there can be no new code of that name."""
        if code and len(code) > CODE_LENGTH:
            return [error("code", "TOO_LONG", "Code is too long (maximum is 255 characters)")]
        if code and self._discounts.find(code):
            return [error("code", "TAKEN", "Code must be unique. Please try a different code.")]
        return []

    def _item_errors(self, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
        items = (wanted.get("customerGets") or {}).get("items") or {}
        if len([kind for kind in ("all", "products", "collections") if items.get(kind)]) > 1:
            yield error("customerGets", "CONFLICT", "Cannot specify more than one kind of items")
        for product in (items.get("products") or {}).get("productsToAdd") or ():
            if self._shop.store.product(number_of(product) or 0) is None:
                yield error("customerGets", "INVALID", f"Product with id: {number_of(product)} is invalid")
        known = set(map(collection_id, self._collections())) if items.get("collections") else set()
        for collection in (items.get("collections") or {}).get("add") or ():
            if number_of(collection) not in known:
                message = f"Collection with id: {number_of(collection)} is invalid"
                yield error("customerGets", "INVALID", message)

    def apply(self, discount: StoredDiscount, wanted: dict[str, Any]) -> None:
        """Write what it names into the discount, and leave the rest."""
        discount.title = wanted.get("title", discount.title)
        discount.starts = _time(wanted["startsAt"]) if wanted.get("startsAt") else discount.starts
        if "endsAt" in wanted:
            discount.ends = _time(wanted["endsAt"]) if wanted["endsAt"] else None
        discount.usage_limit = wanted.get("usageLimit", discount.usage_limit)
        discount.once = wanted.get("appliesOncePerCustomer", discount.once)
        discount.tags = wanted.get("tags", discount.tags)
        discount.combines = wanted.get("combinesWith", discount.combines)
        self._apply_value(discount, wanted.get("customerGets", {}).get("value") or {})
        _apply_items(discount, wanted.get("customerGets", {}).get("items") or {})
        if "minimumRequirement" in wanted:
            self._apply_minimum(discount, wanted["minimumRequirement"] or {})
        self._apply_context(discount, wanted.get("context") or {})

    def _apply_value(self, discount: StoredDiscount, value: dict[str, Any]) -> None:
        if value.get("percentage") is not None:
            discount.percentage, discount.amount = value["percentage"], None
        elif value.get("discountAmount"):
            discount.amount = self._minor(value["discountAmount"]["amount"])
            discount.percentage = None

    def _apply_minimum(self, discount: StoredDiscount, wanted: dict[str, Any]) -> None:
        subtotal = (wanted.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
        quantity = (wanted.get("quantity") or {}).get("greaterThanOrEqualToQuantity")
        discount.minimum = self._minor(subtotal) if subtotal is not None else None
        discount.minimum_quantity = int(quantity) if quantity is not None else None

    def _apply_context(self, discount: StoredDiscount, context: dict[str, Any]) -> None:
        if context.get("all"):
            discount.customers = discount.segments = None
        elif context.get("customers"):
            discount.customers, discount.segments = _edited(discount.customers, context["customers"]), None
        elif context.get("customerSegments"):
            discount.segments = _edited(discount.segments, context["customerSegments"])
            discount.customers = None

    def _minor(self, amount: object) -> int:
        decimals = DECIMALS.get(self._shop.profile.currency, 2)
        return round(Decimal(str(amount)).scaleb(decimals))


def _apply_items(discount: StoredDiscount, items: dict[str, Any]) -> None:
    if items.get("all"):
        discount.products = discount.collections = None
    elif items.get("products"):
        chosen = items["products"]
        moves = {"add": chosen.get("productsToAdd") or [], "remove": chosen.get("productsToRemove") or []}
        discount.products, discount.collections = _edited(discount.products, moves), None
    elif items.get("collections"):
        discount.collections = _edited(discount.collections, items["collections"])
        discount.products = None


def _edited(known: list[int] | None, wanted: dict[str, list[str]]) -> list[int]:
    removed = {number_of(one) for one in wanted.get("remove") or ()}
    added = [number_of(one) for one in wanted.get("add") or ()]
    kept = [one for one in known or () if one not in removed]
    return kept + [one for one in added if one is not None and one not in kept]


def _time(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment.replace(microsecond=0)
