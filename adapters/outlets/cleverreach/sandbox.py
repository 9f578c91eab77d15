"""A local server that answers as the public says CleverReach does. Nobody has compared the two."""

from base64 import b64encode
from itertools import count
from typing import Any
from urllib.parse import unquote

import msgspec
from flask import Flask, Response, request
from pydantic import SecretStr

from connector.outlet import Standing
from connector.sample.server import LoopbackServer

CLIENT, SECRET = "aBcDeF12", "5e5e5e5e5e5eCleverSecret"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.sandbox.token-of-cleverreach"  # noqa: S105  a sandbox has no secrets
GROUP = 1123825


class CleverReachSandbox(LoopbackServer):
    """An account with one recipient list."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {"firstname": "text", "gender": "gender"}
        self.careless = False  #: a PUT empties what it does not name
        self._receivers: dict[str, dict[str, Any]] = {}
        self._ids = count(700)
        self._blacklist: set[str] = set()
        application = Flask("cleverreach")
        group = f"/v3/groups.json/{GROUP}"
        routes: list[tuple[str, str, Any]] = [
            ("POST", "/oauth/token.php", self._token),
            ("GET", group, self._group),
            ("GET", "/v3/attributes.json", self._attributes),
            ("POST", "/v3/attributes.json", self._create),
            ("GET", f"{group}/receivers/<path:identifier>", self._get),
            ("PUT", f"{group}/receivers/<path:identifier>", self._put),
            ("GET", "/v3/blacklist.json/<path:email>", self._blacklisted),
        ]
        for method, path, view in routes:
            application.add_url_rule(path, f"{method} {path}".replace(".", "-"), view, methods=[method])
        application.before_request(_let_in)
        application.register_error_handler(404, lambda _: _error(404, "Not Found"))
        super().__init__(application)

    def settings(self) -> dict[str, Any]:
        """Settings of the outlet that connect to this sandbox."""
        return {
            "client_id": CLIENT,
            "client_secret": SecretStr(SECRET),
            "contact_list": GROUP,
            "base_url": self.url,
            "calls_per_second": 1e6,
        }

    def put(self, email: str, standing: Standing) -> None:
        """Make a recipient that stands like this."""
        since = 1598960975
        if standing is Standing.BLOCKED:
            self._blacklist.add(email.lower())
        self._receivers[email.lower()] = {
            "id": str(next(self._ids)),
            "group_id": str(GROUP),
            "email": email.lower(),
            "registered": since,
            "activated": 0 if standing is Standing.PENDING else since,
            "deactivated": since + 60 if standing is Standing.UNSUBSCRIBED else 0,
            "bounced": 0,
            "active": standing in {Standing.GOOD, Standing.BLOCKED},
            "source": "User Import",
            "tags": ["presse"],
            "attributes": [],
            "global_attributes": {"firstname": "Ada", "gender": ""},
        }

    def bounce(self, email: str) -> None:
        """Mail to this address comes back."""
        self._receivers[email.lower()] |= {"bounced": 1627283954, "active": False}

    def remove(self, email: str) -> None:
        """Delete a recipient."""
        del self._receivers[email.lower()]

    def emails(self) -> set[str]:
        """Every recipient."""
        return set(self._receivers)

    def values(self, email: str) -> dict[str, Any]:
        """The values of a recipient that are not empty."""
        found = self._receivers[email.lower()]["global_attributes"]
        return {name: value for name, value in found.items() if value}

    def rest(self, email: str) -> dict[str, Any]:
        """Everything else of a recipient."""
        found = self._receivers[email.lower()]
        return {name: value for name, value in found.items() if name != "global_attributes"}

    def _token(self) -> Response:
        basic = b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return _json({"error": "invalid_client", "error_description": "client credentials invalid"}, 401)
        if request.form.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type"}, 400)
        return _json({"access_token": TOKEN, "expires_in": 2592000, "token_type": "bearer"})

    def _group(self) -> Response:
        return _json({"id": str(GROUP), "name": "Rösterei Amsel", "locked": False})

    def _attributes(self) -> Response:
        return _json(
            [
                {"id": place, "name": name, "description": name, "type": kind, "preview_value": ""}
                for place, (name, kind) in enumerate(self.types.items(), 1)
            ]
        )

    def _create(self) -> Response:
        attribute = request.get_json()
        if attribute["name"] in self.types:
            return _error(409, "Conflict: duplicate attribute")
        self.types[attribute["name"]] = attribute["type"]
        return _json({"id": len(self.types), **attribute})

    def _get(self, identifier: str) -> Response:
        found = self._find(identifier)
        return _error(404, "Not Found") if found is None else _json(found)

    def _put(self, identifier: str) -> Response:
        found = self._find(identifier)
        if found is None:
            return _error(404, "Not Found")
        given = request.get_json()["global_attributes"]
        if strange := given.keys() - self.types.keys():
            return _error(400, f"Bad Request: unknown attribute {min(strange)}")
        if self.careless and any(name.startswith("sk_") for name in given):
            found["global_attributes"] = {}
        found["global_attributes"] = found["global_attributes"] | given
        return _json(found)

    def _blacklisted(self, email: str) -> Response:
        if unquote(email).lower() not in self._blacklist:
            return _error(404, "Not Found")
        return _json({"email": unquote(email).lower(), "comment": "", "stamp": 1598960975})

    def _find(self, identifier: str) -> dict[str, Any] | None:
        wanted = unquote(identifier).lower()
        for email, each in self._receivers.items():
            if wanted in {email, each["id"]}:
                return each
        return None


def _let_in() -> Response | None:
    if request.path.startswith(("/sandbox/", "/oauth/")):
        return None
    if request.headers.get("Authorization") == f"Bearer {TOKEN}":
        return None
    return _error(401, "Unauthorized: token invalid or expired")


def _error(status: int, message: str) -> Response:
    return _json({"error": {"code": status, "message": message}}, status)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status=status, mimetype="application/json")
