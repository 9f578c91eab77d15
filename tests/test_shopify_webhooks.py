"""Webhooks of Shopify: who signed them, and what they say to read again."""

import base64
import hmac

import pytest
from pydantic import SecretStr

from adapters.shopify import ShopifyAdapter
from connector.errors import AuthError, ResponseError
from connector.model import Kind


@pytest.fixture
def adapter() -> ShopifyAdapter:
    return ShopifyAdapter(domain="roastery", token=SecretStr("t"), webhook_secret=SecretStr("sandbox-secret"))


def signed(topic: str, body: bytes, *, prefix: str = "X-") -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(b"sandbox-secret", body, "sha256")).decode()
    return {
        f"{prefix}Shopify-Topic": topic,
        f"{prefix}Shopify-Event-Id": "e-1",
        f"{prefix}Shopify-Hmac-Sha256": signature,
    }


@pytest.mark.parametrize("prefix", ["X-", "", "x-"])
@pytest.mark.parametrize(
    ("topic", "body", "kind", "record_id", "deleted"),
    [
        ("customers/update", b'{"id":9007199254740993}', Kind.CUSTOMERS, "9007199254740993", False),
        ("customers/delete", b'{"id":7}', Kind.CUSTOMERS, "7", True),
        ("customers/redact", b'{"customer":{"id":7}}', Kind.CUSTOMERS, "7", True),
        ("customers/data_request", b'{"customer":{"id":7}}', Kind.CUSTOMERS, "7", False),
        ("customer.tags_added", b'{"customerId":"gid://shopify/Customer/7"}', Kind.CUSTOMERS, "7", False),
        ("refunds/create", b'{"id":1,"order_id":8}', Kind.ORDERS, "8", False),
        ("orders/edited", b'{"order_edit":{"order_id":8}}', Kind.ORDERS, "8", False),
        ("products/delete", b'{"id":9}', Kind.PRODUCTS, "9", True),
        ("app/uninstalled", b'{"id":1}', None, "1", False),
    ],
)
def test_webhooks_say_what_to_read_again(
    adapter: ShopifyAdapter,
    prefix: str,
    topic: str,
    body: bytes,
    kind: Kind | None,
    record_id: str | None,
    deleted: bool,
) -> None:
    event = adapter.event(signed(topic, body, prefix=prefix), body)
    assert (event.id, event.topic, event.kind, event.record_id, event.deleted) == (
        "e-1",
        topic,
        kind,
        record_id,
        deleted,
    )


def test_a_signed_webhook_that_cannot_be_read_is_nonsense(adapter: ShopifyAdapter) -> None:
    with pytest.raises(ResponseError):
        adapter.event(signed("customers/update", b"{"), b"{")


def test_without_a_secret_no_webhook_is_believed() -> None:
    adapter = ShopifyAdapter(domain="roastery", token=SecretStr("t"))
    with pytest.raises(AuthError, match="set `client_secret` or `webhook_secret`"):
        adapter.event(signed("customers/update", b"{}"), b"{}")


def test_a_signature_of_another_secret_is_refused(adapter: ShopifyAdapter) -> None:
    other = ShopifyAdapter(domain="roastery", client_id="1", client_secret=SecretStr("other"))
    with pytest.raises(AuthError, match="no valid signature"):
        other.event(signed("customers/update", b"{}"), b"{}")
    with pytest.raises(AuthError, match="no valid signature"):
        adapter.event({}, b"{}")
