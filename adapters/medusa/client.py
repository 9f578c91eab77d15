"""Calls to the Admin API of one Medusa server, and what a failure means."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from connector.errors import AuthError, ConfigError, RejectedError, ResponseError, TemporaryError
from connector.http import Client, Limits, Response

T = TypeVar("T")

KEY_HELP = "Secret keys are made in Medusa's admin under Settings, Secret API Keys; one begins with sk_."

#: Statuses whose body we want to read before we say what is wrong. 429 and 5xx are the client's affair.
_READ = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422})


class Wire(msgspec.Struct):
    """Something as Medusa sends it; fields that we do not ask for are left out."""


class Refusal(Wire):
    """Medusa's own words for an error."""

    message: str
    type: str = ""


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """Rows of a list, and how many there are in all behind the filter."""

    rows: list[T]
    count: int


def server_url(url: str) -> str:
    """The address of the server without a slash at its end; that of its Admin API is as good.

    Raises:
        ConfigError: it is none.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} is no address of a Medusa server, such as https://api.example.com.")
    return url.strip().rstrip("/").removesuffix("/admin").removesuffix("/app")


class Rest:
    """The Admin API.

    Args:
        url: of the server, as `server_url` gives it.
        key: a secret API key; it goes as the user of HTTP Basic, without a password.
    """

    def __init__(self, *, url: str, key: SecretStr, limits: Limits) -> None:
        plain = key.get_secret_value()
        basic = b64encode(f"{plain}:".encode()).decode()
        headers = {"Accept": "application/json", "Authorization": f"Basic {basic}"}
        self.url = url
        self.http = Client(secrets=[plain, basic], headers=headers, limits=limits)

    def rows(self, path: str, name: str, row: type[T], params: Mapping[str, Any]) -> Listing[T]:
        """A list: the rows below `name`.

        Raises:
            AuthError: the key is not accepted.
            ResponseError: Medusa does not understand the question.
        """
        answer = self.http.request("GET", self._at(path), params=params, accept=_READ)
        if answer.status >= 300:
            raise _read_error(answer, self._said(answer))
        whole = answer.decode(dict[str, msgspec.Raw])
        if name not in whole or "count" not in whole:
            raise ResponseError(f"{answer.host} answered without {name}: this is no Medusa 2.")
        rows: list[T] = _decode(answer, whole[name], list[row])  # type: ignore[valid-type]
        return Listing(rows, _decode(answer, whole["count"], int))

    def post(self, path: str, name: str, row: type[T], body: Mapping[str, Any], fields: Sequence[str]) -> T:
        """Send a change. Repeated when the answer is lost, so it must be safe to apply twice.

        Raises:
            RejectedError: Medusa refuses it.
        """
        params = {"fields": ",".join(fields)}
        answer = self.http.request("POST", self._at(path), params=params, json=body, accept=_READ)
        if answer.status >= 300:
            raise _write_error(answer, self._said(answer))
        whole = answer.decode(dict[str, msgspec.Raw])
        if name not in whole:
            raise ResponseError(f"{answer.host} answered without {name}: this is no Medusa 2.")
        return _decode(answer, whole[name], row)

    def _at(self, path: str) -> str:
        return f"{self.url}/admin/{path}"

    def _said(self, answer: Response) -> str | None:
        """Medusa's words, or None if it was not Medusa who answered."""
        try:
            return self.http.redact(answer.decode(Refusal).message).rstrip(". ")
        except ResponseError:
            return None


def _decode(answer: Response, raw: msgspec.Raw, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=type_)
    except msgspec.ValidationError as error:
        raise ResponseError(f"{answer.host} answered JSON of an unexpected shape: {error}.") from None


def _read_error(answer: Response, said: str | None) -> Exception:
    if said is None or answer.status in (401, 403):
        return _refused(answer, said)
    return ResponseError(f"Medusa refused a question: {said}.", request_id=answer.request_id)


def _write_error(answer: Response, said: str | None) -> Exception:
    if said is None or answer.status in (401, 403):
        return _refused(answer, said)
    if answer.status == 409:
        return TemporaryError(f"Medusa is busy with the same thing: {said}.", request_id=answer.request_id)
    return RejectedError(f"Medusa refused it: {said}.", request_id=answer.request_id)


def _refused(answer: Response, said: str | None) -> Exception:
    if said is not None:
        return AuthError(f"Medusa does not accept `key`: {said}. {KEY_HELP}", request_id=answer.request_id)
    if answer.status == 404:
        return AuthError(f"There is no Medusa Admin API at this address of {answer.host}: check `url`.")
    message = f"{answer.host} answers with status {answer.status} before Medusa is asked"
    if answer.status in (401, 403):
        return AuthError(f"{message}: a password on the whole site or a firewall stands in front of it.")
    return ResponseError(f"{message}.", request_id=answer.request_id)
