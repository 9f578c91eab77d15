"""Calls to the REST API of one WooCommerce shop, and what a failure means.

Over https the keys go as HTTP Basic. Over plain http WooCommerce takes nothing but OAuth 1.0a with one leg
(no token), and a nonce only once: so every attempt is signed anew, the repeated ones too.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256
from pydantic import SecretStr
from requests_oauthlib import OAuth1

from connector.errors import AuthError, ConfigError, RejectedError, ResponseError
from connector.http import Client, Limits, Response

T = TypeVar("T")

#: WooCommerce gives and takes no more at once.
MOST = 100

KEY_HELP = (
    "Keys are made under WooCommerce, Settings, Advanced, REST API: permission Read/Write, for a user who is "
    "administrator or shop manager."
)

#: Statuses whose body we want to read before we say what is wrong. 429 and 5xx are the client's affair.
_READ = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 501})

#: Words in WooCommerce's answers to a signature it does not take.
_CLOCK = ("timestamp", "nonce")


class MissingError(ResponseError):
    """The shop answers, but has no such route or record."""


class Refusal(msgspec.Struct, frozen=True):
    """WooCommerce's own words for an error."""

    code: str
    message: str = ""


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list: its rows, and how many rows and pages there are in all."""

    rows: list[T]
    total: int
    pages: int


def shop_url(url: str) -> str:
    """The address of the shop without a slash at its end; that of its REST API is as good.

    Raises:
        ConfigError: it is none.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} is no address of a shop, such as https://www.example.de.")
    bare = url.strip().rstrip("/")
    return bare.removesuffix("/wc/v3").removesuffix("/wp-json")


class Rest:
    """The shop's REST API.

    Args:
        url: of the shop, as `shop_url` gives it.
    """

    def __init__(self, *, url: str, key: SecretStr, secret: SecretStr, limits: Limits) -> None:
        plain = key.get_secret_value(), secret.get_secret_value()
        basic = b64encode(":".join(plain).encode()).decode()
        headers = {"Accept": "application/json"}
        signed = None
        if url.startswith("https:"):
            headers["Authorization"] = f"Basic {basic}"
        else:
            signed = OAuth1(*plain, signature_method=SIGNATURE_HMAC_SHA256)
        self.http = Client(secrets=[*plain, basic], headers=headers, limits=limits, auth=signed)
        self._base = f"{url}/wp-json"

    def get(self, path: str, type_: type[T], **params: Any) -> T:
        """What the shop says; parameters that are None are left out.

        Raises:
            MissingError: there is no such route or record.
            AuthError: the keys are wrong or may not.
            RejectedError: the shop does not take a parameter.
        """
        return self._content(self._ask(path, params), type_)

    def page(self, path: str, row: type[T], **params: Any) -> Listing[T]:
        """A page of a list, with the totals from its headers."""
        answer = self._ask(path, params)
        rows: list[T] = self._content(answer, list[row])  # type: ignore[valid-type]
        return Listing(rows, _count(answer, "X-WP-Total"), _count(answer, "X-WP-TotalPages"))

    def post(self, path: str, body: Mapping[str, Any], type_: type[T]) -> T:
        """Send changes. Repeated when the answer is lost, so they must be safe to apply twice."""
        answer = self.http.request("POST", f"{self._base}{path}", json=body, accept=_READ)
        return self._content(answer, type_)

    def delete(self, path: str) -> None:
        """Delete for good what we made; what is gone already is as good."""
        answer = self.http.request("DELETE", f"{self._base}{path}", params={"force": "true"}, accept=_READ)
        if answer.status != 404:
            self._content(answer, object)

    def _ask(self, path: str, params: Mapping[str, Any]) -> Response:
        given = {name: value for name, value in params.items() if value is not None}
        return self.http.request("GET", f"{self._base}{path}", params=given, accept=_READ)

    def _content(self, answer: Response, type_: type[T]) -> T:
        if answer.status < 300:
            return answer.decode(type_)
        try:
            refusal = answer.decode(Refusal)
        except ResponseError:
            raise _not_the_shop(answer) from None
        raise _error(answer, refusal, self.http.redact(refusal.message).rstrip(". "))


def _count(answer: Response, header: str) -> int:
    """A total from a header. Without it nobody could say whether a list is complete."""
    text = answer.headers.get(header, "")
    if not text.isdecimal():
        raise ResponseError(
            f"{answer.host} leaves out the header {header}: something between the shop and us removes it."
        )
    return int(text)


def _not_the_shop(answer: Response) -> Exception:
    if answer.status == 404:
        return MissingError(
            f"There is no WordPress REST API at {answer.host}/wp-json. Check `url`; in the shop, Settings, "
            'Permalinks must be anything but "Plain", and no security plugin may close the REST API.'
        )
    message = f"{answer.host} answers with status {answer.status} before WooCommerce is asked"
    if answer.status in (401, 403):
        return AuthError(f"{message}: a password on the whole site or a firewall stands in front of it.")
    return ResponseError(f"{message}.", request_id=answer.request_id)


def _error(answer: Response, refusal: Refusal, said: str) -> Exception:
    request_id = answer.request_id
    if answer.status == 401 and any(word in said.casefold() for word in _CLOCK):
        return AuthError(f"The shop does not take our signature: {said}. Compare both clocks.")
    if answer.status in (401, 403):
        message = f"WooCommerce does not let us in with `key` and `secret`: {said}. {KEY_HELP}"
        if said.startswith("Sorry"):
            # What it says when it found no key at all: the header was taken away on the way.
            message += (
                " If both are right, the web server does not pass the header Authorization on to PHP, or the "
                "shop does not notice that it was called over https."
            )
        return AuthError(message, request_id=request_id)
    if answer.status == 404:
        return MissingError(f"WooCommerce has no such thing: {said}.", request_id=request_id)
    if answer.status == 400:
        return RejectedError(f"{said} ({refusal.code}).", request_id=request_id)
    return ResponseError(f"WooCommerce refused a request: {said}.", request_id=request_id)
