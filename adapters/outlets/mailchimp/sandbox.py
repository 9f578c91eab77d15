"""A local server that answers as Mailchimp's documentation says, for the members of one audience."""

import hashlib
from base64 import b64decode
from datetime import date
from typing import Any

import msgspec
from flask import Flask, Response, request
from pydantic import SecretStr

from connector.outlet import Standing
from connector.sample.server import LoopbackServer

KEY = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e-us21"
AUDIENCE = "a1b2c3d4e5"
STATUSES = {
    Standing.GOOD: "subscribed",
    Standing.UNSUBSCRIBED: "unsubscribed",
    Standing.BLOCKED: "cleaned",
    Standing.PENDING: "transactional",
    Standing.UNKNOWN: "archived",
}
TYPES = {"text", "number", "date", "phone", "url", "zip"}


class MailchimpSandbox(LoopbackServer):
    """An account with one audience, one of whose fields is required and mostly empty."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {"FNAME": "text", "COMPANY": "text"}
        self.required = {"COMPANY"}
        self._members: dict[str, dict[str, Any]] = {}
        application = Flask("mailchimp")
        base = f"/3.0/lists/{AUDIENCE}"
        routes: list[tuple[str, str, Any]] = [
            ("GET", base, self._audience),
            ("GET", f"{base}/merge-fields", self._fields),
            ("POST", f"{base}/merge-fields", self._create),
            ("GET", f"{base}/members/<member>", self._get),
            ("PATCH", f"{base}/members/<member>", self._patch),
        ]
        for method, path, view in routes:
            application.add_url_rule(path, f"{method} {path}".replace(".", "-"), view, methods=[method])
        application.before_request(_let_in)
        application.register_error_handler(404, lambda _: _missing())
        super().__init__(application)

    def settings(self) -> dict[str, Any]:
        """Settings of the outlet that connect to this sandbox."""
        return {
            "api_key": SecretStr(KEY),
            "audience": AUDIENCE,
            "base_url": f"{self.url}/3.0",
            "calls_per_second": 1e6,
        }

    def put(self, email: str, standing: Standing) -> None:
        """Make a member that stands like this."""
        self._members[_hash(email)] = {
            "id": _hash(email),
            "email_address": email,
            "status": STATUSES[standing],
            "merge_fields": {"FNAME": "Ada", "COMPANY": ""},
            "vip": False,
            "tags": [{"id": 1, "name": "Presse"}],
        }

    def remove(self, email: str) -> None:
        """Delete a member for good."""
        del self._members[_hash(email)]

    def emails(self) -> set[str]:
        """Every member."""
        return {each["email_address"].lower() for each in self._members.values()}

    def values(self, email: str) -> dict[str, Any]:
        """The values of a member that are not empty."""
        return {tag: value for tag, value in self._members[_hash(email)]["merge_fields"].items() if value}

    def rest(self, email: str) -> dict[str, Any]:
        """Everything else of a member."""
        return {name: each for name, each in self._members[_hash(email)].items() if name != "merge_fields"}

    def _audience(self) -> Response:
        return _json({"id": AUDIENCE, "name": "Rösterei Amsel"})

    def _fields(self) -> Response:
        rows = [
            {"merge_id": place, "tag": tag, "name": tag, "type": kind, "required": tag in self.required}
            for place, (tag, kind) in enumerate(self.types.items(), 1)
        ]
        return _json({"merge_fields": rows[: int(request.args.get("count", "10"))], "total_items": len(rows)})

    def _create(self) -> Response:
        field = request.get_json()
        if field["tag"] in self.types or len(field["tag"]) > 10 or field["type"] not in TYPES:
            return _problem(400, "Invalid Resource", f"A Merge Field with the tag {field['tag']} exists.")
        self.types[field["tag"]] = field["type"]
        return _json(field)

    def _get(self, member: str) -> Response:
        found = self._members.get(member)
        return _missing() if found is None else _json(found)

    def _patch(self, member: str) -> Response:
        found = self._members.get(member)
        if found is None:
            return _missing()
        new = found["merge_fields"] | request.get_json()["merge_fields"]
        if strange := new.keys() - self.types.keys():
            return _problem(400, "Invalid Resource", f"There is no merge field {min(strange)}.")
        if request.args.get("skip_merge_validation") != "true" and not all(new[tag] for tag in self.required):
            return _problem(400, "Invalid Resource", "Your merge fields were invalid.")
        for tag, value in new.items():
            if self.types[tag] == "date" and value:
                date.fromisoformat(value)
        found["merge_fields"] = new
        return _json(found)


def _hash(email: str) -> str:
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def _let_in() -> Response | None:
    if request.path.startswith("/sandbox/"):
        return None
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind == "Basic" and b64decode(given).decode().partition(":")[2] == KEY:
        return None
    return _problem(401, "API Key Invalid", "Your API key may be invalid.")


def _missing() -> Response:
    return _problem(404, "Resource Not Found", "The requested resource could not be found.")


def _problem(status: int, title: str, detail: str) -> Response:
    body = {"title": title, "status": status, "detail": detail, "instance": "5e5e-sandbox"}
    return Response(msgspec.json.encode(body), status=status, mimetype="application/problem+json")


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), mimetype="application/json")
