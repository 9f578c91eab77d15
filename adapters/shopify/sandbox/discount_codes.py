"""Root fields of the API about many codes of one discount: added in the background, and deleted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from adapters.shopify.sandbox.connections import from_list
from adapters.shopify.sandbox.discount_errors import error, unknown
from adapters.shopify.sandbox.discount_view import DiscountView, redeem_code
from adapters.shopify.sandbox.discounts import Code, Discounts
from adapters.shopify.sandbox.engine import Call
from adapters.shopify.sandbox.records import gid, number_of
from adapters.shopify.sandbox.shop import Shop

#: How often `discountRedeemCodeBulkCreation` answers `done: false` first.
POLLS = 1


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


class CodeApi:
    """Codes as the API adds and deletes them."""

    def __init__(self, shop: Shop, discounts: Discounts, view: DiscountView) -> None:
        self._shop = shop
        self._discounts = discounts
        self._view = view
        self._creations: dict[int, Creation] = {}

    def roots(self) -> dict[str, Callable[..., Any]]:
        """Root fields of the API."""
        return {
            "discountRedeemCodeBulkCreation": lambda _, global_id: self.creation(number_of(global_id)),
            "discountRedeemCodeBulkAdd": self._add_codes,
            "discountCodeRedeemCodeBulkDelete": self._delete_codes,
        }

    def _add_codes(self, _: Call, discount_id: str, codes: list[dict[str, str]]) -> Any:
        discount = self._discounts.get(number_of(discount_id))
        if discount is None:
            return {"bulkCreation": None, "userErrors": [unknown("discountId")]}
        if not codes:
            blank = error("codes", "BLANK", "Codes can't be blank", root=None)
            return {"bulkCreation": None, "userErrors": [blank]}
        with self._shop.store.write():
            made = [
                (wanted["code"], self._discounts.add_code(discount.id, wanted["code"])) for wanted in codes
            ]
            self._discounts.touch(discount)
        creation = Creation(
            id=max(self._creations, default=0) + 1,
            discount=discount.id,
            created=self._shop.now(),
            polls=POLLS,
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
        taken = error("code", "TAKEN", "Code must be unique. Please try a different code.", root=None)
        members = [
            {
                "code": code,
                "discountRedeemCode": redeem_code(Code(number, creation.discount, code, 0))
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
            "discountCode": lambda _: self._discount(creation.discount),
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
            return {"job": None, "userErrors": [unknown("discountId")]}
        wanted = {number_of(code) for code in ids or ()}
        text = (search or "").casefold()
        with self._shop.store.write():
            for code in self._discounts.codes(discount.id):
                if code.id in wanted or (text and text in code.code.casefold()):
                    self._shop.store.run("DELETE FROM codes WHERE id = ?", (code.id,))
            self._discounts.touch(discount)
        return {"job": {"id": gid("Job", discount.id), "done": True}, "userErrors": []}

    def _discount(self, number: int) -> dict[str, Any] | None:
        discount = self._discounts.get(number)
        return self._view.document("DiscountCodeNode", discount) if discount else None
