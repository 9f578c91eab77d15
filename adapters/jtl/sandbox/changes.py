"""`POST /changes` of the plugin: its rules for each kind of change."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.jtl.sandbox.records import StoredCoupon, StoredCustomer, number_of
from adapters.jtl.sandbox.shop import Shop

TAG_LENGTH, TAGS_PER_CUSTOMER, CODE_LENGTH, ATTRIBUTE_LENGTH = 100, 250, 32, 255

_SCOPES = {
    "update-tags": "tags",
    "create-coupon": "coupons",
    "extend-coupon": "coupons",
    "disable-coupon": "coupons",
    "set-attribute": "coupons",
    "move-group": "groups",
}

Given = Mapping[str, Any]


class RefusedChangeError(Exception):
    """The change is refused, with the plugin's code for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Changes:
    """Applies changes.

    Args:
        scopes: what the key may do.
    """

    def __init__(self, shop: Shop, scopes: frozenset[str]) -> None:
        self._shop = shop
        self._scopes = scopes
        self._kinds: dict[str, Callable[[Given], dict[str, Any]]] = {
            "update-tags": self._update_tags,
            "set-attribute": self._set_attribute,
            "move-group": self._move_group,
            "create-coupon": self._create,
            "extend-coupon": self._extend,
            "disable-coupon": self._disable,
        }

    def apply(self, change: Given) -> dict[str, Any]:
        """The result of one change."""
        try:
            with self._shop.lock:
                return self._kind(change)(change)
        except RefusedChangeError as refused:
            return {"outcome": "refused", "error": {"code": refused.code, "message": str(refused)}}
        except (KeyError, TypeError, ValueError) as error:
            return {"outcome": "refused", "error": {"code": "field-invalid", "message": f"Field {error}."}}

    def _kind(self, change: Given) -> Callable[[Given], dict[str, Any]]:
        kind = str(change.get("type"))
        if kind not in self._kinds:
            raise RefusedChangeError("type-unknown", f'There is no change of the type "{kind}".')
        if _SCOPES[kind] not in self._scopes:
            message = f'This key may not do that: the scope "{_SCOPES[kind]}" is missing.'
            raise RefusedChangeError("scope-missing", message)
        return self._kinds[kind]

    # -- customers --------------------------------------------------------------------------------------

    def _customer(self, change: Given) -> StoredCustomer:
        customer = self._shop.customers.get(number_of(change["customer_id"]))
        if customer is None:
            raise RefusedChangeError("customer-unknown", f"The shop has no customer {change['customer_id']}.")
        return customer

    def _update_tags(self, change: Given) -> dict[str, Any]:
        customer = self._customer(change)
        for tag in (*change["add"], *change["remove"]):
            if not tag or len(tag) > TAG_LENGTH or "," in tag:
                raise RefusedChangeError("tag-invalid", f'"{tag}" cannot be a tag.')
        gone = {tag.casefold() for tag in change["remove"]}
        tags = [tag for tag in customer.tags if tag.casefold() not in gone]
        for tag in change["add"]:
            if tag.casefold() not in {known.casefold() for known in tags}:
                tags.append(tag)
        if len(tags) > TAGS_PER_CUSTOMER:
            raise RefusedChangeError("too-many-tags", "A customer carries at most 250 tags.")
        return self._set(customer, "tags", tags)

    def _set_attribute(self, change: Given) -> dict[str, Any]:
        return self._attribute(self._customer(change), change["name"], change["value"])

    def _attribute(self, customer: StoredCustomer, name: str, value: str | None) -> dict[str, Any]:
        if not re.fullmatch(r"[a-z0-9._-]{1,64}", name) or len(value or "") > ATTRIBUTE_LENGTH:
            raise RefusedChangeError("attribute-invalid", f'"{name}" cannot be stored.')
        others = {key: held for key, held in customer.attributes.items() if key != name}
        return self._set(customer, "attributes", others if value is None else others | {name: value})

    def _move_group(self, change: Given) -> dict[str, Any]:
        customer, old, new = self._customer(change), change["from"], change["to"]
        for group in (old, new):
            if group not in self._shop.profile.groups:
                raise RefusedChangeError("group-unknown", f'The shop has no customer group "{group}".')
            if group not in self._shop.profile.movable:
                message = "Customers are moved only between the groups named in the plugin's settings"
                raise RefusedChangeError("group-not-allowed", f'{message}; "{group}" is not one of them.')
        if customer.group not in (old, new):
            raise RefusedChangeError("group-differs", f'The customer is in the group "{customer.group}".')
        return self._set(customer, "group", new)

    def _set(self, customer: StoredCustomer, field: str, value: object) -> dict[str, Any]:
        if getattr(customer, field) == value:
            return {"outcome": "unchanged"}
        setattr(customer, field, value)
        self._shop.touch(customer)
        return {"outcome": "done"}

    # -- coupons ----------------------------------------------------------------------------------------

    def _create(self, change: Given) -> dict[str, Any]:
        is_open = change["bound"] == "anyone" and change.get("customer_id") is None
        customer = None if is_open else self._customer(change)
        known = self._known(change)
        if known is None:
            known = self._made(change, customer)
            outcome = "done"
        elif known.deleted:
            raise RefusedChangeError("coupon-deleted", "This coupon was deleted in the backend.")
        else:
            outcome = "unchanged"
        if change.get("attribute"):
            self._attribute(customer or self._customer(change), change["attribute"], change["code"])
        return {"outcome": outcome, "coupon_id": str(known.id), "bound": known.bound}

    def _known(self, change: Given) -> StoredCoupon | None:
        """The coupon of this code and this mark, also where it was deleted."""
        for coupon in self._shop.coupons.values():
            same_code = coupon.code.casefold() == str(change["code"]).casefold()
            if same_code and coupon.mark != change["mark"] and not coupon.deleted:
                raise RefusedChangeError("code-taken", f"The code {coupon.code} belongs to another coupon.")
            if coupon.mark == change["mark"] and not same_code:
                raise RefusedChangeError("mark-taken", f"This coupon has the code {coupon.code} already.")
            if same_code and coupon.mark == change["mark"]:
                return coupon
        return None

    def _made(self, change: Given, customer: StoredCustomer | None) -> StoredCoupon:
        starts, ends = _moment(change["starts"]), _moment(change["ends"])
        self._require_valid(change, starts, ends)
        coupon = StoredCoupon(
            id=self._shop.next_id(self._shop.coupons),
            modified=self._shop.now(),
            code=change["code"],
            title=change["title"],
            titles=dict(change.get("titles") or {}),
            mark=change["mark"],
            customer=customer.id if customer else None,
            bound="customer"
            if change["bound"] == "customer" and customer and customer.registered
            else "anyone",
            percent=change.get("percent"),
            amount=change.get("amount"),
            free_shipping=change.get("free_shipping", False),
            products=[number_of(each) for each in change.get("products", ())],
            categories=[each.strip().casefold() for each in change.get("categories", ())],
            minimum=float(change.get("minimum", 0)),
            starts=starts,
            ends=ends,
            limit=1,
        )
        self._shop.save_coupon(coupon)
        return coupon

    def _require_valid(self, change: Given, starts: datetime, ends: datetime) -> None:
        percent, amount = change.get("percent"), change.get("amount")
        if not re.fullmatch(rf"[A-Z0-9-]{{4,{CODE_LENGTH}}}", change["code"]):
            raise RefusedChangeError("code-invalid", f'"{change["code"]}" cannot be a code.')
        given = [each for each in (percent, amount) if each is not None]
        if len(given) + change.get("free_shipping", False) != 1:
            raise RefusedChangeError("value-invalid", "A coupon has either percent, amount or free_shipping.")
        if any(each <= 0 for each in given) or (percent or 0) > 100:
            raise RefusedChangeError("value-invalid", "A coupon is worth more than 0 and at most 100 %.")
        for title in (change["title"], *(change.get("titles") or {}).values()):
            if not re.fullmatch(r"[^\x00-\x1f\x7f-\x9f<>]{1,200}", title) or not title.strip():
                message = "A title has 1 to 200 characters on one line, without < and >."
                raise RefusedChangeError("title-invalid", message)
        self._require_known(change)
        if ends <= starts or ends <= self._shop.now():
            raise RefusedChangeError("dates-invalid", "The coupon would end before it begins, or has ended.")
        if change["currency"] != self._shop.profile.currency and (amount or change.get("minimum")):
            raise RefusedChangeError("currency-differs", "Amounts are in the shop's own currency.")

    def _require_known(self, change: Given) -> None:
        """The products and categories of a coupon exist, and its value can be kept to them."""
        for each in change.get("products", ()):
            if number_of(each) not in self._shop.products:
                message = f"The shop has no product {each} with an article number."
                raise RefusedChangeError("product-unknown", message)
        known = {name.casefold() for product in self._shop.products.values() for name in product.categories}
        for name in change.get("categories", ()):
            if name.strip().casefold() not in known:
                raise RefusedChangeError("category-unknown", f'The shop has no category "{name}".')
        self._require_common(change.get("products", ()), change.get("categories", ()))
        if change.get("categories") and change.get("amount") is not None:
            message = "JTL-Shop keeps a percentage to categories, but not an amount."
            raise RefusedChangeError("value-invalid", message)

    def _require_common(self, products: Sequence[str], categories: Sequence[str]) -> None:
        wanted = {name.strip().casefold() for name in categories}
        found = [self._shop.products[number_of(each)].categories for each in products]
        if found and wanted and not any(wanted & {name.casefold() for name in each} for each in found):
            message = "None of these products is in one of these categories."
            raise RefusedChangeError("goods-disjoint", message)

    def _extend(self, change: Given) -> dict[str, Any]:
        coupon = self._shop.coupon(change["code"])
        if coupon is None or coupon.mark != change["mark"]:
            raise RefusedChangeError("coupon-unknown", f"The shop has no coupon {change['code']} of ours.")
        if not coupon.active:
            raise RefusedChangeError("coupon-disabled", f"The coupon {coupon.code} was disabled.")
        ends = _moment(change["ends"])
        if coupon.ends and ends <= coupon.ends:
            return {"outcome": "unchanged", "coupon_id": str(coupon.id)}
        coupon.ends = ends
        self._shop.save_coupon(coupon)
        return {"outcome": "done", "coupon_id": str(coupon.id)}

    def _disable(self, change: Given) -> dict[str, Any]:
        coupon = self._shop.coupon(change["code"])
        if coupon is not None and coupon.mark != change["mark"]:
            raise RefusedChangeError("code-foreign", f"The coupon {coupon.code} is not ours.")
        outcome = "unchanged"
        if coupon is not None and coupon.active:
            coupon.active, outcome = False, "done"
            self._shop.save_coupon(coupon)
        if change.get("attribute"):
            customer = self._shop.customers.get(number_of(change["customer_id"]))
            if customer and customer.attributes.get(change["attribute"]) == change["code"]:
                self._attribute(customer, change["attribute"], None)
        return {"outcome": outcome}


def _moment(text: str) -> datetime:
    return msgspec.convert(text, datetime).astimezone(UTC)
