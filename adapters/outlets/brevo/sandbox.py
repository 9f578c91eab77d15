"""A local server that answers as Brevo's documentation says, for contacts and their attributes."""

from datetime import date
from itertools import count
from typing import Any
from urllib.parse import unquote

import msgspec
from flask import Flask, Response, request
from pydantic import SecretStr

from connector.outlet import Standing
from connector.sample.server import LoopbackServer

KEY = "xkeysib-5e5e5e5e5e5e5e5e5e5e5e5e-Brevo"
LIST = 7
TYPES = {"text", "date", "float", "boolean", "category"}


class BrevoSandbox(LoopbackServer):
    """An account with one list, whose attributes are a name and a birthday."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {"FIRSTNAME": "text", "BIRTHDAY": "date"}
        self._contacts: dict[str, dict[str, Any]] = {}
        self._ids = count(100)
        application = Flask("brevo")
        routes: list[tuple[str, str, Any]] = [
            ("GET", "/v3/account", self._account),
            ("GET", "/v3/contacts/attributes", self._attributes),
            ("POST", "/v3/contacts/attributes/normal/<name>", self._create),
            ("GET", "/v3/contacts/<path:identifier>", self._get),
            ("PUT", "/v3/contacts/<path:identifier>", self._put),
        ]
        for method, path, view in routes:
            application.add_url_rule(path, f"{method} {path}", view, methods=[method])
        application.before_request(_let_in)
        super().__init__(application)

    def settings(self) -> dict[str, Any]:
        """Settings of the outlet that connect to this sandbox."""
        return {
            "api_key": SecretStr(KEY),
            "contact_list": LIST,
            "base_url": f"{self.url}/v3",
            "calls_per_second": 1e6,
        }

    def put(self, email: str, standing: Standing) -> None:
        """Make a contact that stands like this."""
        left = standing is Standing.UNSUBSCRIBED
        self._contacts[email.lower()] = {
            "id": next(self._ids),
            "email": email.lower(),
            "emailBlacklisted": left or standing is Standing.BLOCKED,
            "smsBlacklisted": False,
            "createdAt": "2024-05-02T12:40:00.000+02:00",
            "modifiedAt": "2024-05-02T12:40:00.000+02:00",
            "listIds": [] if left else [LIST],
            "listUnsubscribed": [LIST] if left else [],
            "attributes": {"FIRSTNAME": "Ada"},
        }

    def remove(self, email: str) -> None:
        """Delete a contact."""
        del self._contacts[email.lower()]

    def emails(self) -> set[str]:
        """Every contact."""
        return set(self._contacts)

    def values(self, email: str) -> dict[str, Any]:
        """The values of a contact that are not empty."""
        return {name: value for name, value in self._contacts[email.lower()]["attributes"].items() if value}

    def rest(self, email: str) -> dict[str, Any]:
        """Everything else of a contact."""
        return {name: each for name, each in self._contacts[email.lower()].items() if name != "attributes"}

    def _account(self) -> Response:
        return _json({"email": "ada@example.com", "companyName": "Rösterei Amsel", "plan": []})

    def _attributes(self) -> Response:
        rows = [{"name": name, "category": "normal", "type": kind} for name, kind in self.types.items()]
        return _json({"attributes": [*rows, {"name": "CODE_EMPTY", "category": "calculated"}]})

    def _create(self, name: str) -> Response:
        kind = request.get_json()["type"]
        if name in self.types or kind not in TYPES:
            return _refusal(400, "invalid_parameter", "Attribute name must be unique")
        self.types[name] = kind
        return Response(status=201)

    def _get(self, identifier: str) -> Response:
        found = self._find(identifier)
        if isinstance(found, Response):
            return found
        return _json(found | {"statistics": {"messagesSent": []}})

    def _put(self, identifier: str) -> Response:
        found = self._find(identifier)
        if isinstance(found, Response):
            return found
        for name, value in request.get_json()["attributes"].items():
            kind = self.types.get(name)
            if kind == "text" or (kind == "date" and (value == "" or _is_day(value))):
                found["attributes"][name] = value  # what does not match is ignored
        return Response(status=204)

    def _find(self, identifier: str) -> dict[str, Any] | Response:
        wanted, kind = unquote(identifier), request.args.get("identifierType", "email_id")
        if kind == "email_id" and "@" not in wanted:
            return _refusal(400, "invalid_parameter", "email is not valid")
        for each in self._contacts.values():
            if wanted.lower() == each["email"] if kind == "email_id" else wanted == str(each["id"]):
                return each
        return _refusal(404, "document_not_found", "Contact does not exist")


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _let_in() -> Response | None:
    if request.headers.get("api-key") == KEY or request.path.startswith("/sandbox/"):
        return None
    return _refusal(401, "unauthorized", "Key not found")


def _refusal(status: int, code: str, message: str) -> Response:
    return _json({"code": code, "message": message}, status)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status=status, mimetype="application/json")
