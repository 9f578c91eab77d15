"""Signed webhooks as the Standard Webhooks specification has them: https://www.standardwebhooks.com"""

import base64
import hmac
import time

from connector.errors import ConfigError


def signed_headers(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """The headers of one attempt to deliver a body of JSON.

    Raises:
        ConfigError: the secret is none.
    """
    at = str(round(time.time()))  # receivers refuse what is older than minutes
    signed = f"{message_id}.{at}.".encode() + body
    signature = base64.b64encode(hmac.digest(signing_key(secret), signed, "sha256")).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{signature}",
    }


def signing_key(secret: str) -> bytes:
    """The key in a secret: base64 behind "whsec_", as the specification has it, else the text itself.

    Raises:
        ConfigError: it begins with "whsec_" and is not base64 behind it.
    """
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ConfigError(
            "The secret of a receiver begins with whsec_ but is not base64 behind it."
        ) from None
