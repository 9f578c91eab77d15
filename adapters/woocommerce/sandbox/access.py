"""Who may call: WooCommerce's own check of keys, as it is over plain http."""

import time
from typing import Any

from flask import Request
from oauthlib.common import Request as Signed
from oauthlib.oauth1.rfc5849 import signature

#: WooCommerce takes a signature for fifteen minutes to either side.
WINDOW = 15 * 60


class RefusedError(Exception):
    """An answer that is not 200: status, WooCommerce's code and its words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Access:
    """The one key there is.

    Args:
        permission: "read" or "read_write".
    """

    def __init__(self, *, key: str, secret: str, permission: str) -> None:
        self._key = key
        self._secret = secret
        self.permission = permission
        self.strips_header = False  #: as web servers do that keep Authorization from PHP
        self._nonces: set[str] = set()

    def require(self, request: Request) -> None:
        """Let the caller in, or not. HTTP Basic is not looked at over plain http."""
        header = "" if self.strips_header else request.headers.get("Authorization", "")
        if not header.startswith("OAuth "):
            raise RefusedError(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        given = _parameters(header)
        if given.get("oauth_consumer_key") != self._key:
            raise _wrong("Consumer key is invalid.")
        if not self._is_signed(request, header):
            raise _wrong("Invalid signature - provided signature does not match.")
        self._require_fresh(given)
        if request.method not in ("GET", "HEAD") and self.permission == "read":
            raise _wrong("The API key provided does not have write permissions.")

    def _is_signed(self, request: Request, header: str) -> bool:
        uri = request.url.partition("?")[0]
        method: Any = request.method
        signed: Any = Signed(uri, http_method=method)
        parameters = signature.collect_parameters(
            uri_query=request.query_string.decode(), headers={"Authorization": header}
        )
        signed.params = [(name, value) for name, value in parameters if name != "oauth_signature"]
        signed.signature = _parameters(header).get("oauth_signature", "")
        return bool(signature.verify_hmac_sha256(signed, self._secret, ""))

    def _require_fresh(self, given: dict[str, str]) -> None:
        stamp, nonce = int(given.get("oauth_timestamp", "0")), given.get("oauth_nonce", "")
        if abs(time.time() - stamp) > WINDOW:
            raise _wrong("Invalid timestamp.")
        if nonce in self._nonces:
            raise _wrong("Invalid nonce - nonce has already been used.")
        self._nonces.add(nonce)


def _parameters(header: str) -> dict[str, str]:
    found: list[tuple[str, str]] = signature.collect_parameters(
        headers={"Authorization": header}, exclude_oauth_signature=False
    )
    return dict(found)


def _wrong(message: str) -> RefusedError:
    return RefusedError(401, "woocommerce_rest_authentication_error", message)
