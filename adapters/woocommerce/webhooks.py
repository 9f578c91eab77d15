"""Webhooks of WooCommerce: whether one is genuine, and which record it is about. No I/O."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping

import msgspec

from connector.errors import AuthError, ResponseError
from connector.model import Event, Kind

_KINDS = {"order": Kind.ORDERS, "customer": Kind.CUSTOMERS, "product": Kind.PRODUCTS}


class _Body(msgspec.Struct):
    id: int | None = None


def parse(headers: Mapping[str, str], body: bytes, secret: str) -> Event:
    """The event of a delivery.

    Raises:
        AuthError: its signature is missing or wrong.
        ResponseError: it is signed and still makes no sense.
    """
    given = {name.casefold(): value for name, value in headers.items()}
    signature = given.get("x-wc-webhook-signature", "")
    if not hmac.compare_digest(signature.encode(), sign(body, secret).encode()):
        raise AuthError("The signature of this webhook is wrong: whoever sent it was not the shop.")
    topic = given.get("x-wc-webhook-topic", "")
    resource, _, what = topic.partition(".")
    try:
        number = msgspec.json.decode(body, type=_Body).id
    except msgspec.DecodeError as error:
        raise ResponseError(f"The shop sent a webhook that is not JSON: {error}.") from None
    return Event(
        id=given.get("x-wc-webhook-delivery-id", ""),
        topic=topic,
        kind=_KINDS.get(resource) if number is not None else None,
        record_id=None if number is None else str(number),
        deleted=what == "deleted",
    )


def sign(body: bytes, secret: str) -> str:
    """What WooCommerce writes into X-WC-Webhook-Signature."""
    return b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
