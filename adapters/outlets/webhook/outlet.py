"""A tool of the owner's own: one signed message for each code. https://www.standardwebhooks.com"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from connector.errors import ConfigError, RejectedError
from connector.http import Client, Limits
from connector.outlet import Found, Given, Handed, HandOver, Standing, refused
from connector.signing import signed_headers, signing_key

HANDED_OVER, REMINDER = "code.handed-over", "code.reminder"


class WebhookOutlet:
    """A tool of the owner's own, told of each code by a signed message.

    Args:
        url: where messages go.
        secret: what they are signed with: any text, or a key in base64 behind "whsec_".
        timeout: seconds that one message may take, with its repetitions.
    """

    name: ClassVar[str] = "webhook"
    title: ClassVar[str] = "the webhook"

    def __init__(self, *, url: str, secret: SecretStr, timeout: float = 60.0) -> None:
        self.fields: Mapping[str, str] = {}
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"url must be an address such as 'https://{parts.hostname or 'example.org'}/codes'."
            )
        self._url, self._host = url, parts.hostname
        self._secret = secret
        signing_key(secret.get_secret_value())
        limits = Limits(read=min(20.0, timeout), total=timeout, first_wait=min(0.5, timeout / 60))
        self._http = Client(secrets=[secret.get_secret_value()], limits=limits)

    def check(self) -> str:
        """The host that messages go to; none is sent."""
        return self._host

    def prepare(self) -> None:
        """Nothing: it keeps no fields."""

    def find(self, emails: Sequence[str]) -> Iterator[Found]:
        """All of them: whom it knows is the tool's own affair, as is what it does with a message."""
        for email in emails:
            yield Found(email=email, standing=Standing.GOOD, contact=email)

    def hand_over(self, batch: Iterable[HandOver]) -> Iterator[Handed]:
        for item in batch:
            if item.given is None:
                yield Handed(item=item)
                continue
            body = msgspec.json.encode(to_message(item, item.given))
            secret = self._secret.get_secret_value()
            headers = signed_headers(secret, id_of(item, item.given), body)
            try:
                self._http.request("POST", self._url, data=body, headers=headers)
            except RejectedError as error:
                yield refused(item, error)
            else:
                yield Handed(item=item)

    def close(self) -> None:
        self._http.close()


def to_message(item: HandOver, given: Given) -> dict[str, Any]:
    """A code as the receiver gets it. Nothing in it changes when it is sent again."""
    return {
        "type": REMINDER if given.reminder else HANDED_OVER,
        "data": {
            "shop": item.shop,
            "email": item.email,
            "campaign": given.campaign,
            "code": given.code,
            "gives": given.gives,
            "ends_at": given.ends_at.isoformat(),
            "last_day": given.last_day.isoformat(),
        },
    }


def id_of(item: HandOver, given: Given) -> str:
    """The same for the same message: a receiver that keeps it takes a repeated one once."""
    about = (item.shop, item.email, given.code, given.ends_at.isoformat(), str(given.reminder))
    return f"stammkunde-{hashlib.sha256(chr(10).join(about).encode()).hexdigest()[:32]}"
