"""Who is let in: keys and permissions on-premise, tokens and limits in the cloud, and the licence."""

import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Literal

import msgspec
from flask import Blueprint, Response, request

#: Permissions that `all.read` stands for: whatever is read, but the merchant's own fields.
NOT_IN_ALL_READ = frozenset(
    {
        "customer.querycustomercustomfields",
        "customer.querycustomercustomfieldvalues",
        "customer.updatecustomer",
        "customer.updatecustomercustomfield",
        "customer.deletecustomercustomfield",
    }
)
#: For calls in the name of a user.
RUN_AS = "Application.RunAs"
EVERY_SCOPE = ("all.read", *sorted(NOT_IN_ALL_READ))


class Entry:
    """The door.

    Args:
        mode: on-premise or the cloud.
        key: the key of the app, or in the cloud the secret of the client.
        scopes: what the app may do.
    """

    def __init__(self, mode: Literal["onpremise", "cloud"], *, key: str, scopes: Iterable[str]) -> None:
        self.mode = mode
        self.licensed = True
        self.scopes = frozenset(scopes)
        self.keys = {key}
        self.tenant = "11111111-2222-3333-4444-555555555555"
        self.client_id = "stammkunde-client"
        self.token_seconds = 86400.0
        self.calls_per_interval = 10**9
        self.interval = 1.0  #: seconds
        self.end_tokens_at: str | None = None  #: once, before a call whose path ends so
        self._secret = key
        self._tokens: dict[str, float] = {}
        self._window = (0.0, 0)
        self._lock = threading.Lock()

    def blueprint(self) -> Blueprint:
        """Where the cloud hands out tokens."""
        routes = Blueprint("login", __name__)
        routes.add_url_rule("/oauth2/token", "token", self._token, methods=["POST"])
        return routes

    def _token(self) -> Response:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        pair = b64decode(given).decode() if kind == "Basic" else ""
        if pair != f"{self.client_id}:{self._secret}":
            return answer({"error": "invalid_client"}, 401)
        if request.form.get("grant_type") != "client_credentials":
            return answer({"error": "unsupported_grant_type"}, 400)
        with self._lock:
            token = f"token-{len(self._tokens) + 1}"
            self._tokens[token] = time.monotonic() + self.token_seconds
        return answer({"access_token": token, "expires_in": self.token_seconds, "token_type": "bearer"})

    def revoke_tokens(self) -> None:
        """Tokens end before their time."""
        with self._lock:
            self._tokens = dict.fromkeys(self._tokens, 0.0)

    def guarded(self, scope: str, view: Callable[..., Response]) -> Callable[..., Response]:
        """A route behind the door."""

        @wraps(view)
        def enter(**arguments: Any) -> Response:
            if self.end_tokens_at and request.path.endswith(self.end_tokens_at):
                self.end_tokens_at = None
                self.revoke_tokens()
            left = self._take_call() if self.mode == "cloud" else None
            found = self._refused(scope, left) or view(**arguments)
            if left is not None:
                found.headers["X-RateLimit-Limit"] = str(self.calls_per_interval)
                found.headers["X-RateLimit-Remaining"] = str(max(left, 0))
                found.headers["X-RateLimit-Interval-Length-Seconds"] = f"{self.interval:g}"
            return found

        return enter

    def _take_call(self) -> int:
        """How many calls are left after this one; less than 0 if it was one too many."""
        now = time.monotonic()
        with self._lock:
            began, used = self._window
            began, used = (began, used + 1) if now < began + self.interval else (now, 1)
            self._window = (began, used)
        return self.calls_per_interval - used

    def _refused(self, scope: str, left: int | None) -> Response | None:
        if left is not None and left < 0:
            return answer({"message": "Too Many Requests"}, 429)
        if not self._let_in():
            return Response(status=401)
        if not self.licensed:
            return Response(status=402)
        if request.headers.get("X-RunAs") and RUN_AS not in self.scopes:
            return refusal(403, "Forbidden", f"The scope {RUN_AS} is missing.")
        known = scope in self.scopes or ("all.read" in self.scopes and scope not in NOT_IN_ALL_READ)
        return None if known else refusal(403, "Forbidden", f"The scope {scope} is missing.")

    def _let_in(self) -> bool:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if not request.headers.get("X-AppID") or not request.headers.get("X-AppVersion"):
            return False
        if self.mode == "onpremise":
            return kind == "Wawi" and given in self.keys
        with self._lock:
            ends = self._tokens.get(given, 0.0) if kind == "Bearer" else 0.0
        return time.monotonic() < ends and request.headers.get("X-Tenant-ID") == self.tenant


def answer(content: Any, status: int = 200) -> Response:
    """JSON."""
    return Response(msgspec.json.encode(content), status, mimetype="application/json")


def refusal(status: int, code: str, message: str) -> Response:
    """An error in the API's own words."""
    return answer(
        {"ErrorCode": code, "ValidationErrors": {}, "ErrorMessage": message, "Stacktrace": ""}, status
    )
