"""Changes of customers: tags and stored values, in the meta data of their user."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.woocommerce.batches import send_batch, why
from adapters.woocommerce.client import MOST, Rest
from adapters.woocommerce.reads import Reader
from adapters.woocommerce.records import ATTRIBUTE_PREFIX, TAGS_KEY, Meta, meta_of, tags_of
from connector.errors import RejectedError
from connector.model import SetAttribute, UpdateTags

TAGS_PER_CUSTOMER, VALUE_LENGTH = 250, 255


class CustomerMeta(msgspec.Struct, kw_only=True):
    """What we read of a customer before we write."""

    id: int
    meta_data: list[Meta] = []


class CustomerChanges:
    """Writes what customers carry."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._customers = Reader(
            rest, "/wc/v3/customers", CustomerMeta, page_size=MOST, role="all", _fields="id,meta_data"
        )

    def apply(self, changes: Sequence[UpdateTags | SetAttribute]) -> list[str | None]:
        """By delta on a fresh read. The shop has no condition on a write, so the gap between is short."""
        held = self.meta([change.customer_id for change in changes])
        wanted: dict[str, dict[str, Any]] = {}
        errors = [_fold(change, held, wanted) for change in changes]
        refused = self._write(wanted)
        return [
            error or refused.get(change.customer_id) for change, error in zip(changes, errors, strict=True)
        ]

    def meta(self, customers: Sequence[str]) -> dict[str, list[Meta]]:
        """The meta data of these customers now, without those whom the shop does not know."""
        found = (row for rows, _ in self._customers.few(customers) for row in rows)
        return {str(row.id): row.meta_data for row in found}

    def clear(self, codes: Mapping[int, tuple[SetAttribute, str]]) -> dict[int, str | None]:
        """Take codes off the customers on whom they still are.

        Args:
            codes: by the place of their change, what takes the code off, and the code.
        """
        held = self.meta([clear.customer_id for clear, _ in codes.values()])
        due = {
            place: clear
            for place, (clear, code) in codes.items()
            if meta_of(held.get(clear.customer_id, ())).get(_key(clear.name)) == code
        }
        return dict(zip(due, self.apply(list(due.values())), strict=True))

    def _write(self, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """The refusals by customer. A value of None removes the key."""
        updates = [
            {"id": int(number), "meta_data": [{"key": key, "value": value} for key, value in values.items()]}
            for number, values in wanted.items()
        ]
        answers = send_batch(self._rest, "/wc/v3/customers/batch", "update", updates)
        return {number: why(item.error) for number, item in zip(wanted, answers, strict=True) if item.error}


def _fold(
    change: UpdateTags | SetAttribute, held: dict[str, list[Meta]], wanted: dict[str, dict[str, Any]]
) -> str | None:
    """Work a change into what its customer will have; why not, if it cannot be."""
    number = change.customer_id
    if number not in held:
        return f"The shop has no customer {number}."
    try:
        key, value = _tags(change, held[number]) if isinstance(change, UpdateTags) else _attribute(change)
    except RejectedError as error:
        return str(error)
    if meta_of(held[number]).get(key) != value:
        held[number] = [*(row for row in held[number] if row.key != key), Meta(key, value)]
        wanted.setdefault(number, {})[key] = value
    return None


def _tags(change: UpdateTags, held: Sequence[Meta]) -> tuple[str, list[str] | None]:
    """Key and value of the tags after the change; None removes the key."""
    gone = {tag.casefold() for tag in change.remove}
    tags = [tag for tag in tags_of(held) if tag.casefold() not in gone]
    for tag in change.add:
        if tag.casefold() not in {known.casefold() for known in tags}:
            tags.append(tag)
    if len(tags) > TAGS_PER_CUSTOMER:
        raise RejectedError(f"A customer carries at most {TAGS_PER_CUSTOMER} tags.")
    return TAGS_KEY, tags or None


def _attribute(change: SetAttribute) -> tuple[str, str | None]:
    key = _key(change.name)
    if key == TAGS_KEY:
        raise RejectedError(f"{key} holds the tags, so no value can be stored there.")
    if len(change.value or "") > VALUE_LENGTH:
        raise RejectedError(f"A value on a customer has at most {VALUE_LENGTH} characters.")
    return key, change.value


def _key(name: str) -> str:
    """Where WooCommerce keeps a value, in a name of ours, so that no other plugin's data are touched."""
    return name if name.startswith(ATTRIBUTE_PREFIX) else f"{ATTRIBUTE_PREFIX}{name}"
