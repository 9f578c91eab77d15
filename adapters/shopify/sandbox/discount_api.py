"""Root fields of the API about discounts."""

from collections.abc import Callable
from typing import Any

import msgspec

from adapters.shopify.sandbox.connections import Table, from_list, page
from adapters.shopify.sandbox.discount_errors import ends_too_early, unknown
from adapters.shopify.sandbox.discount_input import DiscountInput
from adapters.shopify.sandbox.discount_view import DiscountView
from adapters.shopify.sandbox.discounts import Discounts, StoredDiscount
from adapters.shopify.sandbox.engine import Call
from adapters.shopify.sandbox.records import number_of
from adapters.shopify.sandbox.search import EVERYTHING, Search, instant, member, number, status, words
from adapters.shopify.sandbox.shop import Shop


class DiscountApi:
    """Discounts as the API lists and changes them."""

    def __init__(self, shop: Shop, discounts: Discounts, view: DiscountView) -> None:
        self._shop = shop
        self._discounts = discounts
        self._view = view
        self._input = DiscountInput(shop, discounts, view.collections)
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
            "collections": lambda _, **arguments: from_list(self._view.collections(), **arguments),
            "discountNodes": self._list,
            "discountNode": lambda _, global_id: self.node("DiscountNode", number_of(global_id)),
            "codeDiscountNodeByCode": self._by_code,
            "discountCodeBasicCreate": self._create,
            "discountCodeBasicUpdate": self._update,
            "discountCodeFreeShippingCreate": self._create_free,
            "discountCodeFreeShippingUpdate": self._update_free,
            "discountCodeActivate": lambda _, global_id: self._switch(global_id, active=True),
            "discountCodeDeactivate": lambda _, global_id: self._switch(global_id, active=False),
            "discountCodeDelete": self._delete,
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
        answer["nodes"] = [self._view.document("DiscountNode", found) for found in answer["nodes"]]
        for edge in answer["edges"]:
            edge["node"] = self._view.document("DiscountNode", edge["node"])
        return answer

    def _by_code(self, _: Call, code: str) -> Any:
        found = self._discounts.find(code)
        return self.node("DiscountCodeNode", found.discount) if found else None

    def node(self, kind: str, number: int | None) -> dict[str, Any] | None:
        """A `DiscountNode` or `DiscountCodeNode`."""
        discount = self._discounts.get(number)
        return self._view.document(kind, discount) if discount else None

    def _create(self, _: Call, basic_code_discount: dict[str, Any]) -> Any:
        return self._made(basic_code_discount, shipping=False)

    def _create_free(self, _: Call, free_shipping_code_discount: dict[str, Any]) -> Any:
        return self._made(free_shipping_code_discount, shipping=True)

    def _made(self, wanted: dict[str, Any], *, shipping: bool) -> Any:
        errors = [
            *self._input.errors(wanted, shipping=shipping, new=True),
            *self._input.code_errors(wanted.get("code")),
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
            self._input.apply(discount, wanted)
            if discount.ends is not None and discount.ends <= discount.starts:
                return {"codeDiscountNode": None, "userErrors": [ends_too_early()]}
            self._discounts.save(discount)
            self._discounts.add_code(discount.id, wanted["code"])
        self._discounts.announce("DISCOUNTS_CREATE", discount)
        return {"codeDiscountNode": self._view.document("DiscountCodeNode", discount), "userErrors": []}

    def _update(self, _: Call, global_id: str, basic_code_discount: dict[str, Any]) -> Any:
        return self._changed(global_id, basic_code_discount, shipping=False)

    def _update_free(self, _: Call, global_id: str, free_shipping_code_discount: dict[str, Any]) -> Any:
        return self._changed(global_id, free_shipping_code_discount, shipping=True)

    def _changed(self, global_id: str, wanted: dict[str, Any], *, shipping: bool) -> Any:
        discount = self._discounts.get(number_of(global_id))
        if discount is None or discount.shipping != shipping:
            return {"codeDiscountNode": None, "userErrors": [unknown()]}
        errors = [*self._input.errors(wanted, shipping=shipping, new=False)]
        code = wanted.get("code")
        own = self._discounts.codes(discount.id)
        if code and code.casefold() not in {known.code.casefold() for known in own}:
            errors += self._input.code_errors(code)
        if errors:
            return {"codeDiscountNode": None, "userErrors": errors}
        self._input.apply(discount, wanted)
        if discount.ends is not None and discount.ends <= discount.starts:
            return {"codeDiscountNode": None, "userErrors": [ends_too_early()]}
        with self._shop.store.write():
            if code and own:
                sql = "UPDATE codes SET code = ?, folded = ? WHERE id = ?"
                self._shop.store.run(sql, (code, code.casefold(), own[0].id))
            self._discounts.touch(discount)
        return {"codeDiscountNode": self._view.document("DiscountCodeNode", discount), "userErrors": []}

    def _switch(self, global_id: str, *, active: bool) -> Any:
        discount = self._discounts.get(number_of(global_id))
        if discount is None:
            return {"codeDiscountNode": None, "userErrors": [unknown()]}
        now = self._shop.now()
        if active:
            discount.starts = min(discount.starts, now)
            discount.ends = None if self._discounts.status(discount) == "EXPIRED" else discount.ends
        elif discount.ends is None or discount.ends > now:
            discount.starts = min(discount.starts, now)
            discount.ends = now
        self._discounts.touch(discount)
        return {"codeDiscountNode": self._view.document("DiscountCodeNode", discount), "userErrors": []}

    def _delete(self, _: Call, global_id: str) -> Any:
        discount = self._discounts.get(number_of(global_id))
        if discount is None:
            return {"deletedCodeDiscountId": None, "userErrors": [unknown()]}
        with self._shop.store.write():
            self._shop.store.run("DELETE FROM codes WHERE discount = ?", (discount.id,))
            self._shop.store.run("DELETE FROM discounts WHERE id = ?", (discount.id,))
        self._discounts.announce("DISCOUNTS_DELETE", discount)
        return {"deletedCodeDiscountId": global_id, "userErrors": []}
