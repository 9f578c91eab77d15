"""Webhooks of the plugin: whether one is genuine, and which record it is about. No I/O.

Signed as the Standard Webhooks specification says: https://www.standardwebhooks.com
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from pydantic import SecretStr

from connector.errors import AuthError, ConfigError, ResponseError
from connector.model import Event, Kind

PREFIX = "whsec_"

#: An attempt is signed with its own second, so that what is older was recorded and sent again by a stranger.
TOLERANCE = timedelta(minutes=5)


class Body(msgspec.Struct):
    """What the plugin sends. A test message is about nothing."""

    id: str
    topic: str
    kind: Kind | None = None
    record_id: str | None = None
    occurred_at: datetime | None = None


def parse(headers: Mapping[str, str], body: bytes, key: bytes, now: datetime) -> Event:
    """The event of a delivery.

    Raises:
        AuthError: its signature is missing, wrong or old.
        ResponseError: it is signed and still makes no sense.
    """
    given = {name.casefold(): value for name, value in headers.items()}
    message, second = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    signatures = given.get("webhook-signature", "").encode().split()
    genuine = sign(message, second, body, key).encode()
    if not any(hmac.compare_digest(each, genuine) for each in signatures):
        raise AuthError(
            "The signature of this webhook is wrong: whoever sent it was not the shop, or `webhook_secret` is"
            " not the secret that the plugin showed."
        )
    _require_fresh(second, now)
    try:
        content = msgspec.json.decode(body, type=Body)
    except msgspec.DecodeError as error:
        raise ResponseError(f"The shop sent a webhook that is not understood: {error}.") from None
    return Event(
        id=message,
        topic=content.topic,
        kind=content.kind if content.record_id else None,
        record_id=content.record_id,
        deleted=content.topic.endswith(".deleted"),
        occurred_at=content.occurred_at,
    )


def _require_fresh(second: str, now: datetime) -> None:
    sent = datetime.fromtimestamp(int(second), UTC)  # signed, so the plugin wrote it
    if abs(now - sent) > TOLERANCE:
        raise AuthError(
            f"This webhook was signed at {sent:%Y-%m-%d %H:%M:%S} UTC and came at {now:%H:%M:%S}: somebody"
            " sent an old one again, or the clocks of the two computers differ by more than five minutes."
        )


def signing_key(secret: SecretStr) -> bytes:
    """The key in a secret of the plugin.

    Raises:
        ConfigError: it is none.
    """
    text = secret.get_secret_value()
    try:
        if text.startswith(PREFIX):
            return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        pass
    raise ConfigError(
        f"`webhook_secret` begins with {PREFIX}: the plugin shows it in the shop's backend, in its settings"
        " under Webhooks."
    )


def sign(message: str, second: str, body: bytes, key: bytes) -> str:
    """What the plugin writes into `webhook-signature`."""
    signed = f"{message}.{second}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
