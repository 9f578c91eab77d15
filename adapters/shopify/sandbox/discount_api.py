"""Root fields of the API about discounts and their codes."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from adapters.shopify.sandbox.connections import Table, from_list, page
from adapters.shopify.sandbox.discounts import Code, Discounts, StoredDiscount
from adapters.shopify.sandbox.engine import Call
from adapters.shopify.sandbox.fields import metafields
from adapters.shopify.sandbox.parts import Amount
from adapters.shopify.sandbox.records import DECIMALS, StoredProduct, collection_id, gid, number_of
from adapters.shopify.sandbox.search import (
    EVERYTHING,
    Search,
    from_micros,
    instant,
    member,
    number,
    status,
    words,
)
from adapters.shopify.sandbox.shop import Shop

CODE_LENGTH = 255
TITLE_LENGTH = 255


class Creation(msgspec.Struct, kw_only=True):
    """A `DiscountRedeemCodeBulkCreation`; done after it was asked for `polls` times."""

    id: int
    discount: int
    created: datetime
    polls: int
    codes: list[tuple[str, int | None]]  #: with the id of the code, or None if it was refused

    @property
    def imported(self) -> int:
        """How many codes now exist."""
        return sum(number is not None for _, number in self.codes)


class DiscountApi:
    """Discounts as the API shows and changes them.

    Attributes:
        creation_polls: how often `discountRedeemCodeBulkCreation` answers `done: false` first.
    """

    def __init__(self, shop: Shop, discounts: Discounts) -> None:
        self.creation_polls = 1
        self._shop = shop
        self._discounts = discounts
        self._creations: dict[int, Creation] = {}
        zone = shop.profile.zone()
        self._table = Table(
            "discounts",
            Search(
                {
                    "id": number("id"),
                    "title": words("name"),
                    "code": member("SELECT discount FROM codes WHERE folded = ?"),
                    "status": status(shop.now),
                    "updated_at": instant("updated", zone),
                    "created_at": instant("created", zone),
                    "starts_at": instant("starts", zone),
                    "ends_at": instant("ends", zone),
                },
                words("name"),
            ),
            msgspec.msgpack.Decoder(StoredDiscount).decode,
        )

    def roots(self) -> dict[str, Callable[..., Any]]:
        """Root fields of the API."""
        return {
            "collections": lambda _, **arguments: from_list(self._collections(), **arguments),
            "discountNodes": self._list,
            "discountNode": lambda _, global_id: self.node("DiscountNode", number_of(global_id)),
            "codeDiscountNodeByCode": self._by_code,
            "discountRedeemCodeBulkCreation": lambda _, global_id: self.creation(number_of(global_id)),
            "discountCodeBasicCreate": self._create,
            "discountCodeBasicUpdate": self._update,
            "discountCodeFreeShippingCreate": self._create_free,
            "discountCodeFreeShippingUpdate": self._update_free,
            "discountCodeActivate": lambda _, global_id: self._switch(global_id, active=True),
            "discountCodeDeactivate": lambda _, global_id: self._switch(global_id, active=False),
            "discountCodeDelete": self._delete,
            "discountRedeemCodeBulkAdd": self._add_codes,
            "discountCodeRedeemCodeBulkDelete": self._delete_codes,
        }

    def _list(self, call: Call, **arguments: Any) -> Any:
        answer, warnings = page(
            self._shop.store,
            self._table,
            EVERYTHING,
            first=arguments.get("first"),
            after=arguments.get("after"),
            query=arguments.get("query"),
            sort=arguments["sort_key"],
            reverse=arguments["reverse"],
        )
        call.warnings += warnings
        answer["nodes"] = [self._document("DiscountNode", found) for found in answer["nodes"]]
        for edge in answer["edges"]:
            edge["node"] = self._document("DiscountNode", edge["node"])
        return answer

    def _by_code(self, _: Call, code: str) -> Any:
        found = self._discounts.find(code)
        return self.node("DiscountCodeNode", found.discount) if found else None

    def node(self, kind: str, number: int | None) -> dict[str, Any] | None:
        """A `DiscountNode` or `DiscountCodeNode`."""
        discount = self._discounts.get(number)
        return self._document(kind, discount) if discount else None

    def _document(self, kind: str, discount: StoredDiscount) -> dict[str, Any]:
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
            titles = [title for title in self._collections() if collection_id(title) in within]
            return {
                "__typename": "DiscountCollections",
                "collections": lambda _, **arguments: from_list(titles, **arguments),
            }
        return {"__typename": "AllDiscountItems", "allItems": True}

    def _collections(self) -> list[str]:
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
        return from_list([_redeem_code(code) for code in found], **arguments)

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

    def _create(self, _: Call, basic_code_discount: dict[str, Any]) -> Any:
        return self._made(basic_code_discount, shipping=False)

    def _create_free(self, _: Call, free_shipping_code_discount: dict[str, Any]) -> Any:
        return self._made(free_shipping_code_discount, shipping=True)

    def _made(self, wanted: dict[str, Any], *, shipping: bool) -> Any:
        errors = [
            *_missing(wanted, () if shipping else ("customerGets",)),
            *_input_errors(wanted),
            *(_class_errors(wanted) if shipping else self._item_errors(wanted)),
            *self._code_errors(wanted.get("code")),
        ]
        if errors:
            return {"codeDiscountNode": None, "userErrors": errors}
        now = self._shop.now()
        with self._shop.store.write():
            discount = StoredDiscount(
                id=self._shop.store.next_id("discounts"),
                title=wanted["title"],
                created=now,
                updated=now,
                starts=now,
                shipping=shipping,
            )
            self._apply(discount, wanted)
            if discount.ends is not None and discount.ends <= discount.starts:
                return {"codeDiscountNode": None, "userErrors": [_ends_too_early()]}
            self._discounts.save(discount)
            self._discounts.add_code(discount.id, wanted["code"])
        self._told("DISCOUNTS_CREATE", discount)
        return {"codeDiscountNode": self._document("DiscountCodeNode", discount), "userErrors": []}

    def _update(self, _: Call, global_id: str, basic_code_discount: dict[str, Any]) -> Any:
        return self._changed(global_id, basic_code_discount, shipping=False)

    def _update_free(self, _: Call, global_id: str, free_shipping_code_discount: dict[str, Any]) -> Any:
        return self._changed(global_id, free_shipping_code_discount, shipping=True)

    def _changed(self, global_id: str, wanted: dict[str, Any], *, shipping: bool) -> Any:
        discount = self._discounts.get(number_of(global_id))
        if discount is None or discount.shipping != shipping:
            return {"codeDiscountNode": None, "userErrors": [_unknown()]}
        errors = [*_input_errors(wanted), *(_class_errors(wanted) if shipping else self._item_errors(wanted))]
        code = wanted.get("code")
        own = self._discounts.codes(discount.id)
        if code and code.casefold() not in {known.code.casefold() for known in own}:
            errors += self._code_errors(code)
        if errors:
            return {"codeDiscountNode": None, "userErrors": errors}
        self._apply(discount, wanted)
        if discount.ends is not None and discount.ends <= discount.starts:
            return {"codeDiscountNode": None, "userErrors": [_ends_too_early()]}
        with self._shop.store.write():
            if code and own:
                sql = "UPDATE codes SET code = ?, folded = ? WHERE id = ?"
                self._shop.store.run(sql, (code, code.casefold(), own[0].id))
            self._touch(discount)
        return {"codeDiscountNode": self._document("DiscountCodeNode", discount), "userErrors": []}

    def _touch(self, discount: StoredDiscount) -> None:
        discount.updated = self._shop.now()
        self._discounts.save(discount)
        self._told("DISCOUNTS_UPDATE", discount)

    def _told(self, topic: str, discount: StoredDiscount) -> None:
        payload = {
            "admin_graphql_api_id": gid("DiscountCodeNode", discount.id),
            "title": discount.title,
            "status": self._discounts.status(discount),
            "updated_at": discount.updated,
        }
        self._shop.webhooks.emit(topic, payload)

    def _code_errors(self, code: str | None) -> list[dict[str, Any]]:
        if code and len(code) > CODE_LENGTH:
            return [_error("code", "TOO_LONG", "Code is too long (maximum is 255 characters)")]
        if code and self._discounts.find(code):
            return [_error("code", "TAKEN", "Code must be unique. Please try a different code.")]
        return []

    def _item_errors(self, wanted: dict[str, Any]) -> Iterable[dict[str, Any]]:
        items = (wanted.get("customerGets") or {}).get("items") or {}
        if len([kind for kind in ("all", "products", "collections") if items.get(kind)]) > 1:
            yield _error("customerGets", "CONFLICT", "Cannot specify more than one kind of items")
        for product in (items.get("products") or {}).get("productsToAdd") or ():
            if self._shop.store.product(number_of(product) or 0) is None:
                yield _error("customerGets", "INVALID", f"Product with id: {number_of(product)} is invalid")
        known = set(map(collection_id, self._collections())) if items.get("collections") else set()
        for collection in (items.get("collections") or {}).get("add") or ():
            if number_of(collection) not in known:
                message = f"Collection with id: {number_of(collection)} is invalid"
                yield _error("customerGets", "INVALID", message)

    def _apply(self, discount: StoredDiscount, wanted: dict[str, Any]) -> None:
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

    def _switch(self, global_id: str, *, active: bool) -> Any:
        discount = self._discounts.get(number_of(global_id))
        if discount is None:
            return {"codeDiscountNode": None, "userErrors": [_unknown()]}
        now = self._shop.now()
        if active:
            discount.starts = min(discount.starts, now)
            discount.ends = None if self._discounts.status(discount) == "EXPIRED" else discount.ends
        elif discount.ends is None or discount.ends > now:
            discount.starts = min(discount.starts, now)
            discount.ends = now
        self._touch(discount)
        return {"codeDiscountNode": self._document("DiscountCodeNode", discount), "userErrors": []}

    def _delete(self, _: Call, global_id: str) -> Any:
        discount = self._discounts.get(number_of(global_id))
        if discount is None:
            return {"deletedCodeDiscountId": None, "userErrors": [_unknown()]}
        with self._shop.store.write():
            self._shop.store.run("DELETE FROM codes WHERE discount = ?", (discount.id,))
            self._shop.store.run("DELETE FROM discounts WHERE id = ?", (discount.id,))
        self._told("DISCOUNTS_DELETE", discount)
        return {"deletedCodeDiscountId": global_id, "userErrors": []}

    def _add_codes(self, _: Call, discount_id: str, codes: list[dict[str, str]]) -> Any:
        discount = self._discounts.get(number_of(discount_id))
        if discount is None:
            return {"bulkCreation": None, "userErrors": [_unknown("discountId")]}
        if not codes:
            error = _error("codes", "BLANK", "Codes can't be blank", root=None)
            return {"bulkCreation": None, "userErrors": [error]}
        with self._shop.store.write():
            made = [
                (wanted["code"], self._discounts.add_code(discount.id, wanted["code"])) for wanted in codes
            ]
            self._touch(discount)
        creation = Creation(
            id=max(self._creations, default=0) + 1,
            discount=discount.id,
            created=self._shop.now(),
            polls=self.creation_polls,
            codes=made,
        )
        self._creations[creation.id] = creation
        return {"bulkCreation": self._creation_document(creation, done=False), "userErrors": []}

    def creation(self, number: int | None) -> Any:
        """A `DiscountRedeemCodeBulkCreation`; each look brings it nearer to being done."""
        creation = self._creations.get(number or 0)
        if creation is None:
            return None
        creation.polls -= 1
        return self._creation_document(creation, done=creation.polls < 0)

    def _creation_document(self, creation: Creation, *, done: bool) -> dict[str, Any]:
        taken = _error("code", "TAKEN", "Code must be unique. Please try a different code.", root=None)
        members = [
            {
                "code": code,
                "discountRedeemCode": _redeem_code(Code(number, creation.discount, code, 0))
                if number
                else None,
                "errors": [] if number or not done else [taken],
            }
            for code, number in creation.codes
        ]
        return {
            "__typename": "DiscountRedeemCodeBulkCreation",
            "id": gid("DiscountRedeemCodeBulkCreation", creation.id),
            "codes": lambda _, **arguments: from_list(members, **arguments),
            "codesCount": len(creation.codes),
            "createdAt": creation.created,
            "discountCode": lambda _: self.node("DiscountCodeNode", creation.discount),
            "done": done,
            "importedCount": creation.imported if done else 0,
            "failedCount": len(creation.codes) - creation.imported if done else 0,
        }

    def _delete_codes(
        self,
        _: Call,
        discount_id: str,
        ids: list[str] | None = None,
        search: str | None = None,
    ) -> Any:
        discount = self._discounts.get(number_of(discount_id))
        if discount is None:
            return {"job": None, "userErrors": [_unknown("discountId")]}
        wanted = {number_of(code) for code in ids or ()}
        text = (search or "").casefold()
        with self._shop.store.write():
            for code in self._discounts.codes(discount.id):
                if code.id in wanted or (text and text in code.code.casefold()):
                    self._shop.store.run("DELETE FROM codes WHERE id = ?", (code.id,))
            self._touch(discount)
        return {"job": {"id": gid("Job", discount.id), "done": True}, "userErrors": []}


def _redeem_code(code: Code) -> dict[str, Any]:
    return {
        "id": gid("DiscountRedeemCode", code.id),
        "code": code.code,
        "asyncUsageCount": code.used,
    }


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


def _time(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment.replace(microsecond=0)


def _missing(wanted: dict[str, Any], more: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    for name in ("title", "code", "startsAt", "context", *more):
        if not wanted.get(name):
            code = "BLANK" if name in ("title", "code") else "MISSING_ARGUMENT"
            yield _error(name, code, f"{name} can't be blank")


def _class_errors(wanted: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Two codes for shipping never stand together."""
    if (wanted.get("combinesWith") or {}).get("shippingDiscounts"):
        message = "The combinesWith settings are not valid for the discount class."
        yield _error("combinesWith", "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS", message)


def _input_errors(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    errors = []
    if len(wanted.get("title") or "") > TITLE_LENGTH:
        errors.append(_error("title", "TOO_LONG", "Title is too long (maximum is 255 characters)"))
    percentage = ((wanted.get("customerGets") or {}).get("value") or {}).get("percentage")
    if percentage is not None and not 0 < percentage <= 1:
        errors.append(_error("customerGets", "VALUE_OUTSIDE_RANGE", "Value must be between 0.0 and 1.0"))
    if wanted.get("usageLimit") is not None and wanted["usageLimit"] < 1:
        errors.append(_error("usageLimit", "VALUE_OUTSIDE_RANGE", "Usage limit must be greater than 0"))
    return errors


def _ends_too_early() -> dict[str, Any]:
    return _error("endsAt", "END_DATE_BEFORE_START_DATE", "Ends at needs to be after starts at")


def _unknown(field: str = "id") -> dict[str, Any]:
    return _error(field, "INVALID", "Discount does not exist", root=None)


def _error(field: str, code: str, message: str, *, root: str | None = "basicCodeDiscount") -> dict[str, Any]:
    path = [root, field] if root else [field]
    return {"field": path, "code": code, "message": message, "extraInfo": None}
