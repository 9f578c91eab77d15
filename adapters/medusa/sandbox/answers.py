"""Records as Medusa writes them, and only the fields that were asked for."""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.medusa.sandbox.records import (
    StoredCampaign,
    StoredCustomer,
    StoredLine,
    StoredOrder,
    StoredProduct,
    StoredPromotion,
)
from adapters.medusa.sandbox.shop import Shop

#: What Medusa adds to every order, whatever was asked for: the lines with all that is theirs alone, too.
_ORDER_FIELDS = ("id", "status", "payment_status", "fulfillment_status")
_LINE_FIELDS = tuple(set(StoredLine.__struct_fields__) - {"tax_lines", "adjustments", "detail"})

#: Money is a number on the wire, and so a double.
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Answers:
    """Writes records."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def customer(self, row: StoredCustomer) -> dict[str, Any]:
        """With the groups."""
        groups = [self._shop.groups[each] for each in row.groups if each in self._shop.groups]
        return _row(row) | {"groups": [_plain(group) for group in groups]}

    def plain(self, row: msgspec.Struct) -> dict[str, Any]:
        """As it is."""
        return _row(row)

    def product(self, row: StoredProduct) -> dict[str, Any]:
        """With the names of its categories."""
        collection = row.collection
        return {
            "id": row.id,
            "title": row.title,
            "updated_at": _plain(row.updated_at),
            "categories": [{"id": each, "name": self._shop.categories[each]} for each in row.categories],
            "collection_id": collection,
            "collection": {"id": collection, "title": self._shop.collections[collection]}
            if collection
            else None,
            "tags": [{"id": f"ptag_{value}", "value": value} for value in row.tags],
            "type": None,
            "variants": [{"id": f"{row.id}-{place}", "sku": sku} for place, sku in enumerate(row.skus)],
        }

    def order(self, row: StoredOrder) -> dict[str, Any]:
        """With sums as Medusa gives them: `total` drops with every refund, and is the original no more."""
        plain = _row(row)
        for name in ("payment", "country_code", "shipping_codes", "codes"):
            del plain[name]
        back = row.payment.refunded()
        place = {"country_code": row.country_code}
        return plain | {
            "custom_display_id": None,
            "total": _plain(max(row.total() - back, 0)),
            "summary": {
                "original_order_total": _plain(row.charged()),
                "current_order_total": _plain(max(row.total() - back, 0)),
                "paid_total": _plain(row.payment.captured),
                "refunded_total": _plain(back),
            },
            "sales_channel": {"id": f"sc_{row.sales_channel}", "name": row.sales_channel},
            "shipping_address": place,
            "billing_address": place,
            "shipping_methods": [{"adjustments": [{"code": code} for code in row.shipping_codes]}],
            "promotions": [self._promotion_of(code) for code in row.codes],
            "payment_status": row.payment.status(cancelled=row.status == "canceled"),
            "payment_collections": [_collection(row)],
        }

    def _promotion_of(self, code: str) -> dict[str, Any]:
        found = self._shop.promotion(code)
        return {"id": found.id if found else f"promo_{code}", "code": code, "is_automatic": False}

    def promotion(self, row: StoredPromotion) -> dict[str, Any]:
        """With its campaign."""
        campaign = self.campaign(row.campaign) if row.campaign else None
        return _row(row) | {
            "campaign_id": campaign["id"] if campaign else None,
            "campaign": campaign,
            "is_automatic": False,
            "type": "standard",
            "limit": None,
            "used": 0,
            "metadata": None,
        }

    def campaign(self, row: StoredCampaign) -> dict[str, Any]:
        """With its budget."""
        plain = _row(row)
        budget = {"type": "usage", "limit": plain.pop("limit"), "used": plain.pop("used")}
        return {**plain, "budget": budget if budget["limit"] is not None else None}


def _collection(row: StoredOrder) -> dict[str, Any]:
    payment = row.payment
    return {
        "id": f"pay_col_{row.id}",
        "amount": _plain(payment.amount),
        "captured_amount": _plain(payment.captured),
        "refunded_amount": _plain(payment.refunded()),
        "payments": [
            {"id": f"pay_{row.id}", "provider_id": payment.provider_id, "refunds": _plain(payment.refunds)}
        ],
    }


def _row(value: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    """As JSON knows it."""
    return msgspec.json.decode(_ENCODER.encode(value))


def trim(kind: str, row: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Only these fields; dots lead into what belongs to a record."""
    wanted = [*fields]
    if kind == "orders":
        wanted += [*_ORDER_FIELDS, *(f"items.{name}" for name in _LINE_FIELDS)]
    found: dict[str, Any] = _cut(row, wanted)
    return found


def _cut(value: Any, fields: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_cut(each, fields) for each in value]
    if not isinstance(value, dict):
        return value
    deeper: dict[str, list[str]] = {}
    for field in fields:
        name, _, rest = field.partition(".")
        deeper.setdefault(name, []).extend([rest] if rest else [])
    # Medusa leaves a name out that it does not know, in silence, and gives the id of whatever belongs.
    return {
        name: _cut(value[name], ["id", *rest]) if rest else value[name]
        for name, rest in deeper.items()
        if name in value
    }
