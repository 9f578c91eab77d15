"""Calls to one JTL-Wawi, on-premise or in JTL's cloud, and what a failure means.

Version 1 of the API, whose paths begin with /v1 in both. 404 without the API's own words means that
something else answers at this address; it never means that a record is gone.
"""

import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from connector import __version__
from connector.errors import AuthError, ConfigError, RejectedError, ResponseError
from connector.http import Client, Limits, NotProcessedError, Response

T = TypeVar("T")

APP_ID = "stammkunde/v1"
CLOUD_URL = "https://api.jtl-cloud.com/erp"
LOGIN_URL = "https://auth.jtl-cloud.com/oauth2/token"

NO_LICENCE = (
    "JTL-Wawi answers 402: the licence for its API is missing, or JTL has not allowed this app. "
    "Without it Wawi's data come by CSV files of JTL-Ameise only."
)
SCOPE_HELP = (
    "Permissions are granted when the app is registered: delete it in JTL-Wawi under Admin, "
    "App registration, and register it anew with `stammkunde jtl register`."
)

#: Statuses whose body we want to read before we say what is wrong. 5xx are the client's affair.
_READ = frozenset({400, 401, 402, 403, 404, 405, 409, 410, 422, 429, 501})
#: A token is renewed that long before it ends, in seconds.
_EARLY = 60.0


class ForbiddenError(AuthError):
    """The app may not do this one thing."""


class MissingError(ResponseError):
    """The API says that there is no such record."""


class _Refusal(msgspec.Struct, rename="pascal"):
    error_code: str | None = None
    error_message: str | None = None


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


class Access(Protocol):
    """How a call says who it comes from."""

    def headers(self, http: Client) -> Mapping[str, str]:
        """Headers that let us in."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """These headers were not taken; whether new ones may help."""
        ...


class KeyAccess:
    """On-premise: the key from the registration of the app."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def headers(self, http: Client) -> Mapping[str, str]:
        secret = self._key.get_secret_value()
        http.hide(secret)
        return {"Authorization": f"Wawi {secret}"}

    def refused(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002  the key is all there is
        return False


class CloudAccess:
    """In the cloud: a token for the app, of OAuth 2.0 client credentials, and the tenant it is for."""

    def __init__(self, *, tenant: str, client_id: str, client_secret: SecretStr, login_url: str) -> None:
        self._tenant = tenant
        self._client_id = client_id
        self._secret = client_secret
        self._login_url = login_url
        self._token: str | None = None
        self._ends = 0.0
        self._lock = threading.Lock()

    def headers(self, http: Client) -> Mapping[str, str]:
        with self._lock:
            if self._token is None or time.monotonic() >= self._ends:
                self._token, self._ends = self._fetch(http)
            return {"Authorization": f"Bearer {self._token}", "X-Tenant-ID": self._tenant}

    def refused(self, headers: Mapping[str, str]) -> bool:
        with self._lock:  # another call may have renewed it already
            if headers["Authorization"] == f"Bearer {self._token}":
                self._token = None
        return True

    def _fetch(self, http: Client) -> tuple[str, float]:
        secret = self._secret.get_secret_value()
        basic = b64encode(f"{self._client_id}:{secret}".encode()).decode()
        for hidden in (secret, basic):
            http.hide(hidden)
        asked = time.monotonic()
        answer = http.request(
            "POST",
            self._login_url,
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {basic}"},
            accept={400, 401, 403},
        )
        if answer.status >= 300:
            raise AuthError("JTL's cloud does not accept `client_id` and `client_secret`.")
        token = answer.decode(_Token)
        http.hide(token.access_token)
        return token.access_token, asked + max(token.expires_in - _EARLY, token.expires_in / 2)


class Wawi:
    """One JTL-Wawi.

    Args:
        url: without /v1, as `wawi_url` gives it.
    """

    def __init__(self, *, url: str, access: Access, app_id: str, run_as: str | None, limits: Limits) -> None:
        given = {"X-AppID": app_id, "X-AppVersion": __version__, "Accept": "application/json"}
        if run_as:
            given["X-RunAs"] = run_as
        self.http = Client(headers=given, limits=limits)
        self._access = access
        self._base = f"{url}/v1"

    def get(self, path: str, type_: type[T], **params: Any) -> T:
        """What the API says; parameters that are None are left out.

        Raises:
            MissingError: the record of this path does not exist.
            ForbiddenError: the app lacks the permission for this.
            AuthError: the key or token is not accepted, or there is no licence.
        """
        given = {name: value for name, value in params.items() if value is not None}
        return self._call("GET", path, params=given).decode(type_)

    def change(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Write something that may be written twice.

        Raises:
            RejectedError: the API does not take it.
        """
        self._call(method, path, json=body)

    def _call(self, method: str, path: str, **how: Any) -> Response:
        headers = self._access.headers(self.http)
        answer = self._once(method, path, headers, **how)
        if answer.status == 401 and self._access.refused(headers):  # a token may end earlier than it said
            answer = self._once(method, path, self._access.headers(self.http), **how)
        if answer.status < 300:
            return answer
        raise _error(answer)

    def _once(self, method: str, path: str, headers: Mapping[str, str], **how: Any) -> Response:
        return self.http.request(
            method, self._base + path, headers=headers, accept=_READ, judge=self._keep_pace, **how
        )

    def _keep_pace(self, answer: Response) -> None:
        """The cloud says in every answer how many calls are left until its interval is over."""
        interval = _number(answer.headers.get("X-RateLimit-Interval-Length-Seconds"))
        if answer.status == 429:
            asked = _number(answer.headers.get("Retry-After"))
            wait = asked if asked is not None else interval
            raise NotProcessedError(f"{answer.host} wants fewer calls (status 429).", retry_after=wait)
        if interval and _number(answer.headers.get("X-RateLimit-Remaining")) == 0:
            self.http.hold(interval)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _error(answer: Response) -> Exception:
    status, request_id = answer.status, answer.request_id
    if status == 402:
        return AuthError(NO_LICENCE, request_id=request_id)
    if status == 401:
        return AuthError("JTL-Wawi does not accept the key or token of the app.", request_id=request_id)
    said = _said(answer)
    if status == 403:
        return ForbiddenError(
            f"The app may not do this in JTL-Wawi{_because(said)}. {SCOPE_HELP}", request_id=request_id
        )
    if said is None:
        return ResponseError(
            f"{answer.host} answers with status {status}, but not in the words of JTL-Wawi's API: check "
            "`url`, with the name of the database in it.",
            request_id=request_id,
        )
    if status in (404, 410):
        return MissingError(f"JTL-Wawi does not have this{_because(said)}.", request_id=request_id)
    if status in (400, 409, 422):
        return RejectedError(f"JTL-Wawi refused this{_because(said)}.", request_id=request_id)
    return ResponseError(
        f"JTL-Wawi does not have what Stammkunde asks for (status {status}){_because(said)}.",
        request_id=request_id,
    )


def _said(answer: Response) -> _Refusal | None:
    """The API's own words; None where something else answered."""
    try:
        refusal = answer.decode(_Refusal)
    except ResponseError:
        return None
    return refusal if refusal.error_code or refusal.error_message else None


def _because(said: _Refusal | None) -> str:
    words = (said.error_message or said.error_code or "") if said else ""
    return f": {words.rstrip('.')}" if words else ""


def wawi_url(url: str) -> str:
    """The address of the API without a slash or a version at its end.

    Raises:
        ConfigError: it is none.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(
            f"{url!r} is no address of JTL-Wawi's API, such as http://server:5883/api/eazybusiness."
        )
    return url.strip().rstrip("/").removesuffix("/v1")
