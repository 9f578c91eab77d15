"""Root fields that change customers: tags, metafields, consent."""

from collections.abc import Callable
from typing import Any

from adapters.shopify.sandbox.engine import Call
from adapters.shopify.sandbox.fields import METAFIELD_COLUMNS
from adapters.shopify.sandbox.parts import Metafield
from adapters.shopify.sandbox.records import kind_of, number_of
from adapters.shopify.sandbox.search import micros
from adapters.shopify.sandbox.shop import TAG_LENGTH, TAGS_PER_CUSTOMER, Shop

METAFIELDS_PER_CALL = 25


class CustomerMutations:
    """Changes of customers as the API makes them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def roots(self) -> dict[str, Callable[..., Any]]:
        """Root fields of the API."""
        return {
            "tagsAdd": lambda _, global_id, tags: self._tags(global_id, add=_split(tags), remove=[]),
            "tagsRemove": lambda _, global_id, tags: self._tags(global_id, add=[], remove=_split(tags)),
            "metafieldsSet": self._set_metafields,
            "metafieldsDelete": self._delete_metafields,
            "customerEmailMarketingConsentUpdate": self._consent,
        }

    def _tags(self, global_id: str, *, add: list[str], remove: list[str]) -> dict[str, Any]:
        with self._shop.store.write():
            customer = self._shop.store.customer(number_of(global_id, "Customer") or 0)
            if customer is None:
                return _tag_error(["id"], "Customer does not exist")
            if any(len(tag) > TAG_LENGTH for tag in add):
                return _tag_error(["tags"], f"Tag is too long (maximum is {TAG_LENGTH} characters)")
            together = {tag.casefold() for tag in (*customer.tags, *add)}
            if add and len(together) > TAGS_PER_CUSTOMER:
                return _tag_error(["tags"], f"Customer can't have more than {TAGS_PER_CUSTOMER} tags")
            self._shop.change_tags(customer, add, remove)
        return {"node": customer, "userErrors": []}

    def _set_metafields(self, _: Call, metafields: list[dict[str, Any]]) -> dict[str, Any]:
        errors = self._metafield_errors(metafields)
        if errors:
            return {"metafields": [], "userErrors": errors}
        with self._shop.store.write():
            return {"metafields": [self._set_metafield(wanted) for wanted in metafields], "userErrors": []}

    def _metafield_errors(self, metafields: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(metafields) > METAFIELDS_PER_CALL:
            message = f"Exceeded the maximum metafields input limit of {METAFIELDS_PER_CALL}."
            return [_metafield_error(["metafields"], "LESS_THAN_OR_EQUAL_TO", message, None)]
        errors = []
        for place, wanted in enumerate(metafields):
            where = ["metafields", str(place)]
            if not self._has_owner(wanted["ownerId"]):
                errors.append(
                    _metafield_error([*where, "ownerId"], "INVALID", "Owner does not exist.", place)
                )
            elif not wanted["value"]:
                errors.append(_metafield_error([*where, "value"], "BLANK", "Value can't be blank.", place))
        return errors

    def _has_owner(self, global_id: str) -> bool:
        """Customers and discounts carry metafields here."""
        table = {"Customer": "customers", "DiscountCodeNode": "discounts"}.get(kind_of(global_id))
        number = number_of(global_id) or 0
        return bool(table and self._shop.store.rows(f"SELECT 1 FROM {table} WHERE id = ?", (number,)))

    def _set_metafield(self, wanted: dict[str, Any]) -> Metafield:
        at = micros(self._shop.now())
        values = (
            wanted["ownerId"],
            wanted.get("namespace") or "app--1",
            wanted["key"],
            wanted.get("type") or "single_line_text_field",
            wanted["value"],
            at,
            at,
        )
        rows = self._shop.store.rows(
            "INSERT INTO metafields (owner, namespace, key, type, value, created, updated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner, namespace, key)"
            " DO UPDATE SET value = excluded.value, updated = excluded.updated"
            f" RETURNING {METAFIELD_COLUMNS}",
            values,
        )
        self._touch_owner(wanted["ownerId"])
        return Metafield(*rows[0])

    def _touch_owner(self, global_id: str) -> None:
        customer = self._shop.store.customer(number_of(global_id, "Customer") or 0)
        if customer is not None:
            self._shop.touch(customer)

    def _delete_metafields(self, _: Call, metafields: list[dict[str, str]]) -> dict[str, Any]:
        deleted: list[dict[str, str] | None] = []
        with self._shop.store.write():
            for wanted in metafields:
                found = self._shop.store.rows(
                    "DELETE FROM metafields WHERE owner = ? AND namespace = ? AND key = ? RETURNING id",
                    (wanted["ownerId"], wanted["namespace"], wanted["key"]),
                )
                if found:
                    self._touch_owner(wanted["ownerId"])
                deleted.append(wanted if found else None)
        return {"deletedMetafields": deleted, "userErrors": []}

    def _consent(self, _: Call, wanted: dict[str, Any]) -> dict[str, Any]:
        consent = wanted["emailMarketingConsent"]
        customer = self._shop.store.customer(number_of(wanted["customerId"], "Customer") or 0)
        if customer is None or customer.email is None:
            error = {"field": ["input", "customerId"], "message": "Customer not found", "code": "INVALID"}
            return {"customer": None, "userErrors": [error]}
        customer.email_state = consent["marketingState"]
        customer.email_level = consent.get("marketingOptInLevel")
        customer.email_changed = self._shop.now()
        self._shop.touch(customer)
        return {"customer": customer, "userErrors": []}


def _split(tags: list[str]) -> list[str]:
    """Each string may itself be a comma-separated list, as in Shopify."""
    return [tag.strip() for text in tags for tag in text.split(",") if tag.strip()]


def _tag_error(field: list[str], message: str) -> dict[str, Any]:
    return {"node": None, "userErrors": [{"field": field, "message": message}]}


def _metafield_error(field: list[str], code: str, message: str, place: int | None) -> dict[str, Any]:
    return {"field": field, "code": code, "message": message, "elementIndex": place}
