"""Verifies and reads what Shopify sends us. A webhook is a hint about what to read again, never data."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from connector.errors import AuthError, ResponseError
from connector.model import Event, Kind

_KINDS = {
    "customers": Kind.CUSTOMERS,
    "customer": Kind.CUSTOMERS,
    "orders": Kind.ORDERS,
    "refunds": Kind.ORDERS,
    "products": Kind.PRODUCTS,
}
#: Where the id of the record stands, by topic; elsewhere it is the `id` of the body.
_ID_FIELDS: dict[str, tuple[str, ...]] = {
    "customer.tags_added": ("customerId",),
    "customer.tags_removed": ("customerId",),
    "customers/merge": ("admin_graphql_api_customer_deleted_id",),
    "customers/redact": ("customer", "id"),
    "customers/data_request": ("customer", "id"),
    "orders/edited": ("order_edit", "order_id"),
    "refunds/create": ("order_id",),
}
_DELETED = {"customers/delete", "customers/merge", "customers/redact", "orders/delete", "products/delete"}
#: The three that every app must answer; their record is the customer.
_WISHES: dict[str, Literal["erase", "access", "erase-shop"]] = {
    "customers/redact": "erase",
    "customers/data_request": "access",
    "shop/redact": "erase-shop",
}


def event(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Event:
    """The delivery as an event.

    Args:
        secrets: any of them may have signed it.

    Raises:
        AuthError: the signature is missing or wrong, or there is no secret to check it with.
        ResponseError: it is signed, but cannot be read.
    """
    if not secrets:
        raise AuthError("Webhooks of Shopify cannot be verified: set `client_secret` or `webhook_secret`.")
    names = {name.lower().removeprefix("x-"): value for name, value in headers.items()}
    if not any(_signed(body, names.get("shopify-hmac-sha256", ""), secret) for secret in secrets):
        raise AuthError("A webhook of Shopify carries no valid signature.")
    topic = names.get("shopify-topic", "")
    return Event(
        id=names.get("shopify-event-id") or names.get("shopify-webhook-id", ""),
        topic=topic,
        kind=_KINDS.get(topic.replace(".", "/").partition("/")[0]),
        record_id=_record_id(topic, _decoded(body)),
        deleted=topic in _DELETED,
        occurred_at=_moment(names.get("shopify-triggered-at", "")),
        wish=_WISHES.get(topic),
    )


def _signed(body: bytes, signature: str, secret: str) -> bool:
    """base64 of HMAC-SHA256 over the raw body."""
    expected = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
    return hmac.compare_digest(expected, signature.strip().encode())


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ResponseError(f"A signed webhook of Shopify cannot be read: {error}.") from None


def _record_id(topic: str, found: Any) -> str | None:
    for name in _ID_FIELDS.get(topic, ("id",)):
        found = found.get(name) if isinstance(found, dict) else None
    return str(found).rpartition("/")[2] if isinstance(found, (int, str)) else None


def _moment(text: str) -> datetime | None:
    try:
        return msgspec.convert(text, datetime) if text else None
    except msgspec.ValidationError:
        return None
