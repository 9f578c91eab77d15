"""GraphQL calls to one Vendure server: login, channel, and what each failure means.

Vendure answers almost every failure with status 200 and a code: FORBIDDEN also where a session has ended,
USER_INPUT_ERROR and ENTITY_NOT_FOUND for what it refuses; no code or INTERNAL_SERVER_ERROR when it is out of
order.
"""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from adapters.vendure.documents import Document, document
from connector.errors import AuthError, ConfigError, RejectedError, ResponseError, TemporaryError
from connector.http import Client, Limits, Response

T = TypeVar("T")

ADMIN_PATH = "/admin-api"

PERMISSION_HELP = "Grant them to the role of the API key in Vendure under Settings, Roles."

#: Statuses whose body says more than the number. 429 and 5xx are the client's affair.
_READ = frozenset({400, 401, 403, 404})
_REFUSED = frozenset({"USER_INPUT_ERROR", "ENTITY_NOT_FOUND", "ILLEGAL_OPERATION_ERROR"})


class Wire(msgspec.Struct, rename="camel", gc=False):
    """A part of an answer."""


class Listing(Wire, Generic[T]):
    """Some of the items of a list, and how many there are."""

    items: list[T]
    total_items: int


class Paged(Wire, Generic[T]):
    """The answer of every document whose list is called `page`."""

    page: Listing[T]


class Done(Wire, Generic[T]):
    """The answer of every mutation."""

    done: T


class _Extensions(msgspec.Struct, frozen=True):
    code: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    extensions: _Extensions = _Extensions()


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: tuple[_Error, ...] = ()


class _Login(msgspec.Struct):
    kind: str = msgspec.field(name="__typename")
    message: str = ""


class _ForbiddenError(Exception):
    """FORBIDDEN: a permission is missing, or the session has ended."""


def admin_url(url: str) -> str:
    """The address of the Admin API. The address of the server alone is as good.

    Raises:
        ConfigError: it is none.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} is no address of a Vendure server, such as https://shop.example.com.")
    bare = url.strip().rstrip("/")
    return bare if parts.path.rstrip("/") else bare + ADMIN_PATH


class Admin:
    """The Admin API of one channel.

    Args:
        url: as `admin_url` gives it.
        key: an API key, or None with username and password.
        channel: token of the channel; None is the default channel.
    """

    def __init__(
        self,
        *,
        url: str,
        key: SecretStr | None,
        username: str | None,
        password: SecretStr | None,
        channel: str | None,
        limits: Limits,
    ) -> None:
        secrets = [secret.get_secret_value() for secret in (key, password) if secret]
        headers = {"Accept": "application/json"}
        if channel:
            headers["vendure-token"] = channel
        self.http = Client(secrets=secrets, headers=headers, limits=limits)
        self.url = url
        self._key, self._username, self._password = key, username, password
        self._session: SecretStr | None = None

    def __repr__(self) -> str:
        return f"Admin({self.url!r})"

    def call(
        self, document: Document, variables: Mapping[str, Any], type_: type[T], *, repeatable: bool = True
    ) -> T:
        """The `data` of an answer as one of our types.

        Args:
            repeatable: False for what must not be sent again when its answer is lost.

        Raises:
            TemporaryError: the server is out of order, even after repeating.
            AuthError: no access, or a permission is missing (named).
            RejectedError: Vendure refused what the variables say.
            ResponseError: Vendure refused the document as such, or answered nonsense.
        """
        fresh = self._session is None
        try:
            answer, envelope = self._post(document, variables, repeatable=repeatable)
        except _ForbiddenError:
            if self._key is not None or fresh:
                raise _forbidden(document) from None
            answer, envelope = self._post_again(document, variables, repeatable=repeatable)
        return _decoded(document, envelope, type_, answer.request_id)

    def _post_again(
        self, document: Document, variables: Mapping[str, Any], *, repeatable: bool
    ) -> tuple[Response, _Envelope]:
        """With a new session; the old one may have ended, which Vendure also calls FORBIDDEN."""
        self._session = None
        try:
            return self._post(document, variables, repeatable=repeatable)
        except _ForbiddenError:
            raise _forbidden(document) from None

    def _post(
        self, document: Document, variables: Mapping[str, Any], *, repeatable: bool
    ) -> tuple[Response, _Envelope]:
        return self._send(document, variables, self._credentials(), repeatable=repeatable)

    def _send(
        self,
        document: Document,
        variables: Mapping[str, Any],
        headers: Mapping[str, str],
        *,
        repeatable: bool,
    ) -> tuple[Response, _Envelope]:
        found: list[_Envelope] = []

        def judge(answer: Response) -> None:
            _explain_status(answer)
            found.append(answer.decode(_Envelope))
            self._raise_for_errors(document, found[-1], answer.request_id)

        body = {"query": document.text, "variables": variables}
        answer = self.http.request(
            "POST",
            self.url,
            json=body,
            headers=headers,
            accept=_READ,
            repeatable=repeatable,
            judge=judge,
        )
        return answer, found[-1]

    def _raise_for_errors(self, document: Document, envelope: _Envelope, request_id: str | None) -> None:
        for error in envelope.errors:
            code, text = error.extensions.code, self.http.redact(error.message).rstrip(".")
            if code == "FORBIDDEN":
                raise _ForbiddenError
            if code == "CHANNEL_NOT_FOUND":
                raise AuthError("Vendure knows no channel with this token: check `channel`.")
            if code in _REFUSED:
                raise RejectedError(f"Vendure refused it: {text}.", request_id=request_id)
            if code in ("", "INTERNAL_SERVER_ERROR"):  # what its resolvers throw has no code at all
                raise TemporaryError(f"Vendure is out of order: {text}.", request_id=request_id)
            raise ResponseError(f"Vendure refused {document.name}: {text}.", request_id=request_id)

    # -- login ------------------------------------------------------------------------------------------

    def _credentials(self) -> Mapping[str, str]:
        if self._key is not None:
            return {"vendure-api-key": self._key.get_secret_value()}
        if self._session is None:
            self._session = self._log_in()
        return {"Authorization": f"Bearer {self._session.get_secret_value()}"}

    def _log_in(self) -> SecretStr:
        if not self._username or self._password is None:
            raise ConfigError("Vendure needs either `key`, or `username` and `password`.")
        variables = {"username": self._username, "password": self._password.get_secret_value()}
        try:
            answer, envelope = self._send(document("login"), variables, {}, repeatable=True)
        except _ForbiddenError:
            raise _refused_login() from None
        done = _decoded(document("login"), envelope, Done[_Login], answer.request_id).done
        token = answer.headers.get("vendure-auth-token")
        if done.kind != "CurrentUser":
            raise _refused_login()
        if not token:
            raise AuthError(
                "Vendure gives no token at login: its `tokenMethod` must contain 'bearer' (or give `key`)."
            )
        self.http.hide(token)
        return SecretStr(token)


def _decoded(document: Document, envelope: _Envelope, type_: type[T], request_id: str | None) -> T:
    try:
        return msgspec.json.decode(envelope.data, type=type_)
    except msgspec.ValidationError as error:
        message = f"Vendure's answer to {document.name} has an unexpected shape: {error}."
        raise ResponseError(message, request_id=request_id) from None


def _refused_login() -> AuthError:
    return AuthError("Vendure does not accept `username` and `password`.")


def _forbidden(document: Document) -> AuthError:
    needs = ", ".join(document.permissions()) or "to be known to the server"
    return AuthError(
        f"Vendure does not let us ask for {document.name}. Either the key is not accepted (the server's "
        f"`tokenMethod` must contain 'api-key') or its role lacks a permission; this needs {needs}. "
        f"{PERMISSION_HELP}"
    )


def _explain_status(answer: Response) -> None:
    if answer.status == 404:
        raise AuthError(f"There is no Vendure Admin API at this address of {answer.host}: check `url`.")
    if answer.status in (401, 403):
        message = f"{answer.host} answers with status {answer.status} before Vendure is asked"
        raise AuthError(f"{message}: a password on the whole site or a firewall stands in front of it.")
