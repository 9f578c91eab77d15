"""Access tokens: a static one, and those that client credentials buy for a day."""

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec

#: Versions a request may ask for; an older one is answered with the oldest of these.
VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10", "unstable")
CURRENT = "2026-10"


class Grant(msgspec.Struct, frozen=True):
    """What a token may do, and until when."""

    scopes: frozenset[str]
    expires: datetime | None


class Tokens:
    """The tokens of the one app that is installed.

    Args:
        lifetime: of a token bought with client credentials.
    """

    def __init__(
        self,
        *,
        static: str | None,
        client_id: str,
        client_secret: str,
        scopes: Iterable[str],
        lifetime: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.scopes = frozenset(scopes)
        self.lifetime = lifetime
        self._static = static
        self._now = now
        self._issued: dict[str, datetime] = {}

    def issue(self, client_id: str, client_secret: str) -> str | None:
        """A new token, or None for wrong credentials."""
        right = secrets.compare_digest(client_id, self.client_id)
        if not right or not secrets.compare_digest(client_secret, self.client_secret):
            return None
        token = f"shpat_{secrets.token_hex(16)}"
        self._issued[token] = self._now() + self.lifetime
        return token

    def grant(self, token: str) -> Grant | None:
        """What the token allows now, or None if it is wrong or expired."""
        if self._static is not None and token == self._static:
            return Grant(self.scopes, None)
        expires = self._issued.get(token)
        if expires is None or expires <= self._now():
            return None
        return Grant(self.scopes, expires)

    def revoke(self, *, static: bool = False) -> None:
        """Make issued tokens worthless, and the static one too if asked."""
        self._issued.clear()
        if static:
            self._static = None


def served_version(asked: str) -> str | None:
    """The version that answers a request, or None if there never was such a version."""
    if asked in VERSIONS:
        return asked
    year, dash, month = asked.partition("-")
    if not (dash and year.isdecimal() and month in ("01", "04", "07", "10")):
        return None
    return VERSIONS[0] if asked < VERSIONS[0] else None
