"""Writing: customers' meta data, coupons, and batches of both with an error for each item."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.woocommerce.sandbox.access import RefusedError
from adapters.woocommerce.sandbox.answers import Answers
from adapters.woocommerce.sandbox.lists import MOST, utc
from adapters.woocommerce.sandbox.records import StoredCoupon
from adapters.woocommerce.sandbox.shop import Shop

Given = Mapping[str, Any]

_TYPES = frozenset({"percent", "fixed_cart", "fixed_product"})
#: The rest of what WordPress lets an address have.
_EMAIL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")


class Writes:
    """Applies what the API is sent."""

    def __init__(self, shop: Shop, answers: Answers) -> None:
        self._shop = shop
        self._answers = answers

    def batch(self, name: str, given: Given) -> Any:
        """`POST /<name>/batch`. The items are independent; their answers come in their order."""
        if sum(len(items) for items in given.values()) > MOST:
            code = "woocommerce_rest_request_entity_too_large"
            raise RefusedError(413, code, "Unable to accept more than 100 items for this request.")
        actions: dict[str, Callable[[Given], Any]] = {
            "create": lambda item: self.create(name, item),
            "update": lambda item: self.update(name, int(item["id"]), item),
        }
        done = {verb: [_each(actions[verb], item) for item in items] for verb, items in given.items()}
        return done or []

    def create(self, name: str, given: Given) -> dict[str, Any]:
        """A new coupon."""
        if name != "coupons":
            raise RefusedError(400, "sandbox", "The sandbox makes customers by its own controls.")
        code = str(given.get("code") or "")
        if not code:
            raise RefusedError(400, "woocommerce_rest_empty_coupon_code", "The coupon code cannot be empty.")
        if self._shop.coupon(code):
            code = "woocommerce_rest_coupon_code_already_exists"
            raise RefusedError(400, code, "The coupon code already exists")
        now = self._shop.now()
        coupon = StoredCoupon(
            id=self._shop.next_id("coupons"), created=now, modified=now, code=self._answers.code(code)
        )
        self._fill(coupon, given)
        self._shop.coupons[coupon.id] = coupon
        return self._answers.of(coupon)

    def update(self, name: str, number: int, given: Given) -> dict[str, Any]:
        """A changed customer or coupon."""
        record = self._shop.table(name).get(number)
        if record is None:
            code = (
                "woocommerce_rest_invalid_id"
                if name == "customers"
                else "woocommerce_rest_shop_coupon_invalid_id"
            )
            raise RefusedError(400, code, "Invalid resource ID." if name == "customers" else "Invalid ID.")
        if name == "coupons":
            self._fill(record, given)
        else:
            write_meta(record.meta, given)
            self._shop.touch(record)  # a role that is sent along is not looked at
        return self._answers.of(record)

    def delete(self, name: str, number: int) -> dict[str, Any]:
        """A coupon, for good."""
        if name != "coupons" or number not in self._shop.coupons:
            raise RefusedError(404, "woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.")
        return self._answers.of(self._shop.coupons.pop(number))

    def _fill(self, coupon: StoredCoupon, given: Given) -> None:
        """`date_expires_gmt` and `status` are not looked at; only the description moves the change date."""
        if given.get("discount_type", "percent") not in _TYPES:
            raise RefusedError(400, "coupon_invalid_discount_type", "Invalid discount type")
        for fields, kept in _PLAIN:
            for field in fields & given.keys():
                setattr(coupon, field, kept(given[field]))
        if "date_expires" in given:
            text = given["date_expires"]
            coupon.expires = utc(text, self._shop.profile) if text else None
        if "email_restrictions" in given:
            addresses = [] if self._shop.drops_addresses else given["email_restrictions"]
            coupon.emails = [address for address in map(_sanitized, addresses) if address]
        if "description" in given:
            coupon.description, coupon.modified = str(given["description"]), self._shop.now()
        write_meta(coupon.meta, given)


def _price(text: Any) -> str:
    try:
        return f"{Decimal(str(text) or '0'):.2f}"
    except InvalidOperation:
        return "0.00"


#: Fields that are taken as they come, and what the shop makes of them.
_PLAIN: tuple[tuple[frozenset[str], Callable[[Any], Any]], ...] = (
    (frozenset({"individual_use", "free_shipping", "exclude_sale_items"}), bool),
    (frozenset({"discount_type", "usage_limit"}), lambda value: value),
    (frozenset({"product_ids", "product_categories", "excluded_product_categories"}), list),
    (frozenset({"amount", "minimum_amount"}), _price),
)


def write_meta(meta: dict[str, Any], given: Given) -> None:
    """Keys that are named are written over; a value of null removes one."""
    for row in given.get("meta_data", ()):
        meta[row["key"]] = row["value"]
        if row["value"] is None:
            del meta[row["key"]]


def _each(action: Callable[[Given], Any], item: Given) -> Any:
    try:
        return action(item)
    except RefusedError as refused:
        error = {"code": refused.code, "message": str(refused), "data": {"status": refused.status}}
        return {"id": int(item.get("id", 0)), "error": error}


def _sanitized(address: str) -> str:
    """What WordPress leaves of an address: nothing of one that is none."""
    kept = re.sub(r"[^a-z0-9!#$%&'*+/=?^_`{|}~@.-]", "", address.strip().lower())
    return kept if _EMAIL.fullmatch(kept) else ""
