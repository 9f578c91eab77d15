"""Discounts and their codes as the API shows them."""

from typing import Any

import msgspec

from adapters.shopify.sandbox.connections import from_list
from adapters.shopify.sandbox.discounts import Code, Discounts, StoredDiscount
from adapters.shopify.sandbox.fields import metafields
from adapters.shopify.sandbox.parts import Amount
from adapters.shopify.sandbox.records import StoredProduct, collection_id, gid
from adapters.shopify.sandbox.search import from_micros
from adapters.shopify.sandbox.shop import Shop


class DiscountView:
    """Makes the documents that queries choose their fields from."""

    def __init__(self, shop: Shop, discounts: Discounts) -> None:
        self._shop = shop
        self._discounts = discounts

    def document(self, kind: str, discount: StoredDiscount) -> dict[str, Any]:
        """A `DiscountNode` or `DiscountCodeNode`."""
        # The API gives the same number to a discount's node and to its code node.
        shown = self._free(discount) if discount.shipping else self._basic(discount)
        return {
            "__typename": kind,
            "id": gid(kind, discount.id),
            "discount": shown,
            "codeDiscount": shown,
            "metafields": lambda _, **arguments: self._metafields(discount.id, **arguments),
        }

    def _metafields(self, discount: int, namespace: str | None = None, **arguments: Any) -> dict[str, Any]:
        found = metafields(self._shop.view(), gid("DiscountCodeNode", discount), namespace)
        return from_list(found, **arguments)

    def _free(self, discount: StoredDiscount) -> dict[str, Any]:
        return {
            **self._common(discount),
            "__typename": "DiscountCodeFreeShipping",
            "appliesOnOneTimePurchase": True,
            "appliesOnSubscription": False,
            "destinationSelection": {"__typename": "DiscountCountryAll", "allCountries": True},
            "maximumShippingPrice": None,
        }

    def _basic(self, discount: StoredDiscount) -> dict[str, Any]:
        return {
            **self._common(discount),
            "__typename": "DiscountCodeBasic",
            "customerGets": {
                "appliesOnOneTimePurchase": True,
                "appliesOnSubscription": False,
                "items": self._items(discount),
                "value": _value(discount, self._shop.profile.currency),
            },
        }

    def _items(self, discount: StoredDiscount) -> dict[str, Any]:
        if discount.products is not None:
            found = [self._shop.store.product(each) for each in discount.products]
            chosen = [product for product in found if product]
            return {
                "__typename": "DiscountProducts",
                "products": lambda _, **arguments: from_list(chosen, **arguments),
            }
        if discount.collections is not None:
            within = set(discount.collections)
            titles = [title for title in self.collections() if collection_id(title) in within]
            return {
                "__typename": "DiscountCollections",
                "collections": lambda _, **arguments: from_list(titles, **arguments),
            }
        return {"__typename": "AllDiscountItems", "allItems": True}

    def collections(self) -> list[str]:
        """Every collection there is: those that products name, in the order of their ids."""
        rows = self._shop.store.rows("SELECT record FROM products")
        products = [msgspec.msgpack.decode(row[0], type=StoredProduct) for row in rows]
        return sorted({title for each in products for title in each.collections}, key=collection_id)

    def _common(self, discount: StoredDiscount) -> dict[str, Any]:
        return {
            "title": discount.title,
            "status": self._discounts.status(discount),
            "startsAt": discount.starts,
            "endsAt": discount.ends,
            "createdAt": discount.created,
            "updatedAt": discount.updated,
            "usageLimit": discount.usage_limit,
            "appliesOncePerCustomer": discount.once,
            "asyncUsageCount": lambda _: sum(code.used for code in self._discounts.codes(discount.id)),
            "codesCount": lambda _: {"count": len(self._discounts.codes(discount.id)), "precision": "EXACT"},
            "codes": lambda _, **arguments: self._code_page(discount.id, **arguments),
            "combinesWith": {
                name: discount.combines.get(name, False)
                for name in ("orderDiscounts", "productDiscounts", "shippingDiscounts")
            },
            "context": self._context(discount),
            "minimumRequirement": _minimum(discount, self._shop.profile.currency),
            "recurringCycleLimit": None,
            "summary": _summary(discount),
            "shortSummary": _summary(discount),
            "tags": discount.tags,
        }

    def _code_page(self, discount: int, query: str | None = None, **arguments: Any) -> Any:
        wanted = (query or "").removeprefix("code:").strip("'\"").casefold()
        found = [
            code for code in self._discounts.codes(discount) if not wanted or code.code.casefold() == wanted
        ]
        return from_list([redeem_code(code) for code in found], **arguments)

    def _context(self, discount: StoredDiscount) -> dict[str, Any]:
        if discount.customers is not None:
            found = [self._shop.store.customer(customer) for customer in discount.customers]
            return {"__typename": "DiscountCustomers", "customers": [one for one in found if one]}
        if discount.segments is not None:
            now = from_micros(0)
            segments = [
                {
                    "__typename": "Segment",
                    "id": gid("Segment", segment),
                    "name": f"Segment {segment}",
                    "query": "",
                    "creationDate": now,
                    "lastEditDate": now,
                }
                for segment in discount.segments
            ]
            return {"__typename": "DiscountCustomerSegments", "segments": segments}
        return {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"}


def redeem_code(code: Code) -> dict[str, Any]:
    """A `DiscountRedeemCode`."""
    return {
        "id": gid("DiscountRedeemCode", code.id),
        "code": code.code,
        "asyncUsageCount": code.used,
    }


def _value(discount: StoredDiscount, currency: str) -> dict[str, Any]:
    if discount.amount is not None:
        amount = Amount(discount.amount, currency)
        return {"__typename": "DiscountAmount", "amount": amount, "appliesOnEachItem": False}
    return {"__typename": "DiscountPercentage", "percentage": discount.percentage or 0.0}


def _minimum(discount: StoredDiscount, currency: str) -> dict[str, Any] | None:
    if discount.minimum is not None:
        subtotal = Amount(discount.minimum, currency)
        return {"__typename": "DiscountMinimumSubtotal", "greaterThanOrEqualToSubtotal": subtotal}
    if discount.minimum_quantity is not None:
        quantity = str(discount.minimum_quantity)
        return {"__typename": "DiscountMinimumQuantity", "greaterThanOrEqualToQuantity": quantity}
    return None


def _summary(discount: StoredDiscount) -> str:
    if discount.shipping:
        return "Free shipping"
    if discount.amount is not None:
        return f"{discount.amount / 100:.2f} off"
    return f"{100 * (discount.percentage or 0):g}% off entire order"
