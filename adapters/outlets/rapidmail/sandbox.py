"""A local server that answers as the public says rapidmail does. Nobody has compared the two."""

from base64 import b64encode
from itertools import count
from typing import Any

import msgspec
from flask import Flask, Response, request
from pydantic import SecretStr

from connector.outlet import Standing
from connector.sample.server import LoopbackServer

USER, PASSWORD = "api-user", "5e5e5e5eRapidPassword"
LIST = 4711
STATUSES = {
    Standing.GOOD: "active",
    Standing.BLOCKED: "bounced",
    Standing.UNSUBSCRIBED: "deleted",
    Standing.PENDING: "new",
}
EXTRAS = tuple(f"extra{number}" for number in range(1, 11))


class RapidmailSandbox(LoopbackServer):
    """An account with one recipient list, whose extra10 holds something of the owner's."""

    def __init__(self) -> None:
        self.types: dict[str, str] = dict.fromkeys(EXTRAS, "text")
        self.careless = False  #: a PATCH empties what it does not name
        self.blacklist: list[str] = ["spam@example.org"]
        self._recipients: dict[int, dict[str, Any]] = {}
        self._ids = count(9000)
        application = Flask("rapidmail")
        routes: list[tuple[str, str, Any]] = [
            ("GET", f"/recipientlists/{LIST}", self._list),
            ("GET", "/recipients", self._query),
            ("GET", "/recipients/<int:recipient>", self._get),
            ("PATCH", "/recipients/<int:recipient>", self._patch),
            ("GET", "/blacklist", self._blacklist),
        ]
        for method, path, view in routes:
            application.add_url_rule(path, f"{method} {path}", view, methods=[method])
        application.before_request(_let_in)
        application.register_error_handler(404, lambda _: _problem(404, "Entity not found."))
        super().__init__(application)

    def settings(self) -> dict[str, Any]:
        """Settings of the outlet that connect to this sandbox."""
        words = ("code", "shown", "gives", "ends", "campaign", "reminder", "groups")
        return {
            "user": USER,
            "password": SecretStr(PASSWORD),
            "contact_list": LIST,
            "fields": dict(zip(words, EXTRAS, strict=False)),
            "base_url": self.url,
            "calls_per_second": 1e6,
        }

    def put(self, email: str, standing: Standing) -> None:
        """Make a recipient that stands like this."""
        number = next(self._ids)
        self._recipients[number] = {
            "id": number,
            "recipientlist_id": LIST,
            "email": email.lower(),
            "firstname": "Ada",
            "status": STATUSES[standing],
            "foreign_id": "k-17",
            "extras": {"extra10": "seit 2019"},
        }

    def remove(self, email: str) -> None:
        """Delete a recipient without a trace."""
        self._recipients = {
            number: each for number, each in self._recipients.items() if each["email"] != email.lower()
        }

    def emails(self) -> set[str]:
        """Every recipient."""
        return {each["email"] for each in self._recipients.values()}

    def values(self, email: str) -> dict[str, Any]:
        """The extra fields of a recipient that are not empty."""
        return {name: value for name, value in self._found(email)["extras"].items() if value}

    def rest(self, email: str) -> dict[str, Any]:
        """Everything else of a recipient."""
        return {name: each for name, each in self._found(email).items() if name != "extras"}

    def _found(self, email: str) -> dict[str, Any]:
        return next(each for each in self._recipients.values() if each["email"] == email.lower())

    def _list(self) -> Response:
        return _json({"id": LIST, "name": "Rösterei Amsel", "unsubscribe_blacklist": "no", "default": "yes"})

    def _query(self) -> Response:
        if request.args.get("recipientlist_id") != str(LIST):
            return _problem(422, "recipientlist_id is required.")
        asked = {value for name, value in request.args.items() if name.startswith("status")} or {"active"}
        rows = [
            _shown(each)
            for each in self._recipients.values()
            if each["status"] in asked and each["email"] == request.args.get("email", "").lower()
        ]
        return _json({"_links": {}, "_embedded": {"recipients": rows}, "total_items": len(rows), "page": 1})

    def _get(self, recipient: int) -> Response:
        found = self._recipients.get(recipient)
        return _problem(404, "Entity not found.") if found is None else _json(_shown(found))

    def _patch(self, recipient: int) -> Response:
        found = self._recipients.get(recipient)
        if found is None:
            return _problem(404, "Entity not found.")
        given = request.get_json()
        if strange := {name for name in given if name not in EXTRAS or len(given[name]) > 255}:
            return _problem(422, f"Failed validation: {min(strange)}")
        if self.careless and "extra1" in given:
            found["extras"] = {}
        found["extras"] = found["extras"] | given
        return _json(_shown(found))

    def _blacklist(self) -> Response:
        page, size = int(request.args.get("page", "1")), int(request.args.get("page_size", "25"))
        size = min(size, 2)  # so that the list has several pages
        rows = [
            {"id": place, "pattern": pattern, "type": "email", "source": "manual"}
            for place, pattern in enumerate(self.blacklist, 1)
        ]
        pages = -(-len(rows) // size)
        chosen = rows[(page - 1) * size : page * size]
        return _json({"_embedded": {"blacklist": chosen}, "page": page, "page_count": pages})


def _shown(recipient: dict[str, Any]) -> dict[str, Any]:
    kept = {name: each for name, each in recipient.items() if name != "extras"}
    return kept | {name: recipient["extras"].get(name, "") for name in EXTRAS}


def _let_in() -> Response | None:
    basic = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if request.headers.get("Authorization") == f"Basic {basic}" or request.path.startswith("/sandbox/"):
        return None
    return _problem(401, "Authentication failed.")


def _problem(status: int, detail: str) -> Response:
    body = {"status": status, "title": "Error", "detail": detail}
    return Response(msgspec.json.encode(body), status=status, mimetype="application/problem+json")


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), mimetype="application/json")
