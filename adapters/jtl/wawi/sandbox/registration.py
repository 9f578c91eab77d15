"""The registration of apps: a request, somebody who confirms it, a key that is shown once."""

import threading
from typing import Any, Literal, cast, get_args

import msgspec
from flask import Blueprint, Response, request

from adapters.jtl.wawi.sandbox.entry import Entry, answer, refusal

Decision = Literal["accept", "reject", "expire"]

_REQUIRED = (
    "AppId",
    "DisplayName",
    "Description",
    "Version",
    "ProviderName",
    "ProviderWebsite",
    "MandatoryApiScopes",
    "AppIcon",
)
_STATUS = {"pending": 0, "reject": 1, "accept": 2}


class _Request(msgspec.Struct):
    challenge: str
    wish: dict[str, Any]
    state: str = "pending"
    given: bool = False


class Desk:
    """Where JTL-Wawi's administrator sits.

    Args:
        entry: keys that are made here are let in there.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._requests: dict[str, _Request] = {}
        self._decision: tuple[Decision, int] | None = None
        self._lock = threading.Lock()
        self.waiting = True  #: the page "App registration, Add" is open

    def wishes(self) -> list[dict[str, Any]]:
        """What apps asked for."""
        with self._lock:
            return [each.wish for each in self._requests.values()]

    def decide(self, decision: Decision, *, after: int = 0) -> None:
        """Decide every request, now or when the app has looked so many times."""
        with self._lock:
            self._decision = (decision, after)

    def blueprint(self, prefix: str) -> Blueprint:
        """The app's side of it, and the administrator's over HTTP."""
        routes = Blueprint("registration", __name__)
        routes.add_url_rule(f"{prefix}/authentication", "ask", self._ask, methods=["POST"])
        routes.add_url_rule(f"{prefix}/authentication/<number>", "look", self._look)
        routes.add_url_rule("/sandbox/registration/<decision>", "decide", self._decided, methods=["POST"])
        return routes

    def _decided(self, decision: str) -> Response:
        if decision not in get_args(Decision):
            return answer({"error": f"one of {', '.join(get_args(Decision))}"}, 404)
        self.decide(cast("Decision", decision))
        return answer({"done": True})

    def _ask(self) -> Response:
        challenge = request.headers.get("X-ChallengeCode", "")
        if not self._entry.licensed:
            return Response(status=402)
        if not self.waiting:
            return refusal(403, "NoService", "There was no application service available.")
        wish = msgspec.json.decode(request.get_data(), type=dict[str, Any])
        missing = [name for name in _REQUIRED if not wish.get(name)]
        if missing or not 1 <= len(challenge) <= 30:
            return refusal(400, "InvalidData", f"Missing: {', '.join(missing) or 'X-ChallengeCode'}.")
        with self._lock:
            if any(each.wish["AppId"] == wish["AppId"] and each.given for each in self._requests.values()):
                return refusal(409, "AlreadyRegistered", "An application with this id is registered.")
            number = f"request-{len(self._requests) + 1}"
            self._requests[number] = _Request(challenge, wish)
            return answer(_state(number, self._requests[number]), 201)

    def _look(self, number: str) -> Response:
        with self._lock:
            found = self._requests.get(number)
            if found is None or found.challenge != request.headers.get("X-ChallengeCode"):
                return refusal(404, "NotFound", "No registration request was found.")
            self._pass_decision(found)
            if found.state == "expire":
                return refusal(404, "NotFound", "No registration request was found.")
            if found.given:
                return Response(status=410)
            return answer({"RequestStatusInfo": _state(number, found)} | self._granted(number, found))

    def _pass_decision(self, found: _Request) -> None:
        if self._decision is None:
            return
        decision, after = self._decision
        if after > 0:
            self._decision = (decision, after - 1)
        elif found.state == "pending":
            found.state = decision

    def _granted(self, number: str, found: _Request) -> dict[str, Any]:
        if found.state != "accept":
            return {}
        found.given = True
        key = f"key-of-{number}"
        self._entry.keys.add(key)
        scopes = [*found.wish["MandatoryApiScopes"], *found.wish.get("OptionalApiScopes", [])]
        return {"Token": {"ApiKey": key}, "GrantedScopes": scopes}


def _state(number: str, found: _Request) -> dict[str, Any]:
    return {
        "AppId": found.wish["AppId"],
        "RegistrationRequestId": number,
        "Status": _STATUS.get(found.state, 0),
    }
