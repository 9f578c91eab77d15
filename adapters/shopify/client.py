"""GraphQL calls to one shop: login, pacing by query cost, and what each failure means.

Rules of the Admin API: THROTTLED and INTERNAL_SERVER_ERROR come with HTTP status 200 and are repeated;
ACCESS_DENIED never; MAX_COST_EXCEEDED only helps a smaller query; `errors` may be a plain string.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from pydantic import SecretStr
from shopify.api_version import ApiVersion

from adapters.shopify.documents import Document
from connector.errors import AuthError, ConfigError, ResponseError, TemporaryError
from connector.http import Client, Limits, NotProcessedError, Response

log = logging.getLogger(__name__)

VERSION = "2026-10"
SCOPE_HELP = (
    "Grant them in the Dev Dashboard (your app, Versions, Access scopes; release the version and accept it "
    "in the shop) or, for an older app, in the shop's admin under Settings, Apps, Develop apps."
)

T = TypeVar("T")


class TooExpensiveError(ResponseError):
    """The query costs more than Shopify allows at once: ask for a smaller page."""


class _Throttle(msgspec.Struct, rename="camel"):
    maximum_available: float
    currently_available: float
    restore_rate: float


class _Cost(msgspec.Struct, rename="camel"):
    requested_query_cost: float = 0
    throttle_status: _Throttle | None = None


class _Extensions(msgspec.Struct):
    cost: _Cost | None = None


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: Any = None
    extensions: _Extensions | None = None
    refused: dict[str, str] = {}


class _Error(msgspec.Struct):
    code: str
    message: str
    field: str  #: the alias it happened in, or ""


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 86_400


class Admin:
    """The Admin API of one shop.

    Args:
        base_url: where the shop answers, without a path.
        token: a static Admin token, or None with client credentials.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: SecretStr | None,
        client_id: str | None,
        client_secret: SecretStr | None,
        limits: Limits,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        secrets = [secret.get_secret_value() for secret in (token, client_secret) if secret]
        self.http = Client(secrets=secrets, limits=limits, sleep=sleep, clock=clock)
        self.sleep = sleep
        self.clock = clock
        self.base_url = base_url.rstrip("/")
        self.served_version: str | None = None
        self._url = ApiVersion.coerce_to_version(VERSION).api_path(self.base_url) + "/graphql.json"
        self._static, self._client_id, self._client_secret = token, client_id, client_secret
        self._token: SecretStr | None = None
        self._token_ends = 0.0
        self._bucket = _Bucket(clock)

    def __repr__(self) -> str:
        return f"Admin({self.base_url!r})"

    def call(
        self, document: Document, variables: Mapping[str, Any], type_: type[T], *, repeatable: bool = True
    ) -> T:
        """The `data` of an answer as one of our types.

        Args:
            repeatable: False for what must not be sent again when its answer is lost.

        Raises:
            TemporaryError: throttled or out of order, even after repeating.
            AuthError: no access, or a scope is missing (named).
            TooExpensiveError: the query must be smaller.
            ResponseError: the shop refused the query as such, or answered nonsense.
        """
        envelope, request_id = self._post(document, variables, repeatable=repeatable)
        if envelope.refused:
            message = next(iter(envelope.refused.values()))
            raise ResponseError(f"Shopify refused {document.name}: {message}", request_id=request_id)
        return self._decode(document, envelope, type_, request_id)

    def call_each(
        self, document: Document, variables: Mapping[str, Any], type_: type[T]
    ) -> tuple[dict[str, T | None], dict[str, str]]:
        """Answers of a repeated mutation by field, and why Shopify refused some of the fields as a whole."""
        envelope, request_id = self._post(document, variables)
        answers = self._decode(document, envelope, dict[str, type_ | None], request_id)  # type: ignore[valid-type]
        return answers, envelope.refused

    def _decode(self, document: Document, envelope: _Envelope, type_: type[T], request_id: str | None) -> T:
        try:
            return msgspec.json.decode(envelope.data, type=type_)
        except msgspec.ValidationError as error:
            message = f"Shopify's answer to {document.name} has an unexpected shape: {error}."
            raise ResponseError(message, request_id=request_id) from None

    def cost(self, name: str) -> float:
        """What Shopify charged for the last call of that document; 0 before the first."""
        return self._bucket.costs.get(name, 0.0)

    def budget(self) -> float:
        """The most a call may cost: the limit of one query, and well within the bucket."""
        return min(900.0, self._bucket.size / 2)

    # -- one call ---------------------------------------------------------------------------------------

    def _post(
        self, document: Document, variables: Mapping[str, Any], *, repeatable: bool = True
    ) -> tuple[_Envelope, str | None]:
        self.http.hold(self._bucket.wait_for(document))
        found: list[_Envelope] = []
        body = {"query": document.text, "variables": variables}

        def judge(answer: Response) -> None:
            if answer.status == 401 and self._static is None and self._token is not None:
                return  # the token may just have ended; a fresh one decides
            _explain_status(answer)
            envelope = answer.decode(_Envelope)
            self._bucket.learn(document, envelope.extensions)
            self._raise_for_errors(document, envelope, answer.request_id)
            found.append(envelope)

        answer = self._send(body, judge, repeatable)
        if answer.status == 401:
            self._token = None
            answer = self._send(body, judge, repeatable)
        if not found:
            raise AuthError(
                "Shopify does not accept a token that it has just issued.", request_id=answer.request_id
            )
        self._note_version(answer)
        return found[0], answer.request_id

    def _send(self, body: Mapping[str, Any], judge: Callable[[Response], None], repeatable: bool) -> Response:
        headers = {"X-Shopify-Access-Token": self._access_token().get_secret_value()}
        return self.http.request(
            "POST",
            self._url,
            json=body,
            headers=headers,
            accept=(401, 402, 403, 404, 423),
            repeatable=repeatable,
            judge=judge,
        )

    def _raise_for_errors(self, document: Document, envelope: _Envelope, request_id: str | None) -> None:
        """GraphQL errors come with status 200."""
        for error in _errors(envelope.errors):
            code, text = error.code, self.http.redact(error.message)
            if code == "THROTTLED":
                wait = self._bucket.wait_for(document) or 1.0
                raise NotProcessedError(
                    "Shopify asks us to slow down.", retry_after=wait, request_id=request_id
                )
            if code == "INTERNAL_SERVER_ERROR":
                raise TemporaryError(f"Shopify is out of order: {text}", request_id=request_id)
            if code == "MAX_COST_EXCEEDED":
                raise TooExpensiveError(
                    f"The query {document.name} is too large: {text}", request_id=request_id
                )
            if code == "ACCESS_DENIED":
                needs = ", ".join(document.scopes()) or "more permissions"
                raise AuthError(f"{text} The app needs {needs}. {SCOPE_HELP}", request_id=request_id)
            if not re.fullmatch(r"_\d+|done", error.field):
                raise ResponseError(f"Shopify refused {document.name}: {text}", request_id=request_id)
            envelope.refused[error.field] = text

    def _note_version(self, answer: Response) -> None:
        served = answer.headers.get("X-Shopify-API-Version")
        if served and served != self.served_version:
            self.served_version = served
            if served != VERSION:
                log.warning("Shopify answers as version %s although %s was asked for.", served, VERSION)

    # -- login ------------------------------------------------------------------------------------------

    def _access_token(self) -> SecretStr:
        if self._static is not None:
            return self._static
        if self._token is None or self.clock() >= self._token_ends:
            self._log_in()
        assert self._token is not None  # noqa: S101  set by _log_in
        return self._token

    def _log_in(self) -> None:
        if not self._client_id or self._client_secret is None:
            raise ConfigError("Shopify needs either `token`, or `client_id` and `client_secret`.")
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret.get_secret_value(),
        }
        url = f"{self.base_url}/admin/oauth/access_token"
        answer = self.http.request("POST", url, data=form, accept=range(400, 424))
        if answer.status >= 400:
            message = (
                f"{answer.host} does not accept `client_id` and `client_secret` (status {answer.status}). "
                "The app must be installed in this shop, and both must belong to the same organisation."
            )
            raise AuthError(message, request_id=answer.request_id)
        token = answer.decode(_Token)
        self.http.hide(token.access_token)
        self._token = SecretStr(token.access_token)
        # early enough that a long call does not outlive its token
        self._token_ends = self.clock() + token.expires_in - min(300.0, token.expires_in / 10)


class _Bucket:
    """Shopify's points: what is left, how fast they come back, what each document costs."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.size = 2000.0
        self.costs: dict[str, float] = {}
        self._clock = clock
        self._available = self.size
        self._rate = 100.0
        self._seen = clock()

    def learn(self, document: Document, extensions: _Extensions | None) -> None:
        if not extensions or not extensions.cost:
            return
        self.costs[document.name] = extensions.cost.requested_query_cost / document.repeats
        if status := extensions.cost.throttle_status:
            self.size, self._rate = status.maximum_available, max(status.restore_rate, 1.0)
            self._available, self._seen = status.currently_available, self._clock()

    def wait_for(self, document: Document) -> float:
        """Seconds until there are points enough for that document, by what it cost last time."""
        available = self._available + self._rate * (self._clock() - self._seen)
        needed = self.costs.get(document.name, 0.0) * document.repeats
        return max(min(needed, self.size) - available, 0.0) / self._rate


def _errors(errors: Any) -> list[_Error]:
    """The errors of an answer; `errors` may be a plain string."""
    if not errors:
        return []
    if not isinstance(errors, list):
        return [_Error("", errors if isinstance(errors, str) else str(errors), "")]
    found = []
    for error in errors:
        details: dict[str, Any] = error if isinstance(error, dict) else {"message": str(error)}
        code = (details.get("extensions") or {}).get("code") or ""
        path = details.get("path") or [""]
        found.append(_Error(str(code), str(details.get("message", "")), str(path[0])))
    return found


_STATUS = {
    401: "{host} does not accept `token`: it was revoked or belongs to another shop.",
    402: "The shop {host} is frozen until its bill is paid.",
    403: "Shopify does not let this app into {host}: is it still installed?",
    404: "There is no Shopify shop at {host}: check `domain`.",
    423: "The shop {host} is locked by Shopify.",
}


def _explain_status(answer: Response) -> None:
    if answer.status in _STATUS:
        raise AuthError(_STATUS[answer.status].format(host=answer.host), request_id=answer.request_id)
