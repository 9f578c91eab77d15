"""A local server that answers as Klaviyo's OpenAPI description says, for profiles."""

import re
from itertools import count
from typing import Any

import msgspec
from flask import Flask, Response, request
from pydantic import SecretStr

from connector.outlet import Standing
from connector.sample.server import LoopbackServer

KEY = "pk_5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
STAMP = "2024-05-02T12:40:00+00:00"


class KlaviyoSandbox(LoopbackServer):
    """An account whose lists of profiles come in pages of two."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {}
        self._profiles: dict[str, dict[str, Any]] = {}
        self._ids = count(0)
        application = Flask("klaviyo")
        routes: list[tuple[str, str, Any]] = [
            ("GET", "/api/accounts", self._accounts),
            ("GET", "/api/profiles", self._list),
            ("PATCH", "/api/profiles/<profile>", self._patch),
        ]
        for method, path, view in routes:
            application.add_url_rule(path, f"{method} {path}", view, methods=[method])
        application.before_request(_let_in)
        super().__init__(application)

    def settings(self) -> dict[str, Any]:
        """Settings of the outlet that connect to this sandbox."""
        return {"api_key": SecretStr(KEY), "base_url": self.url, "calls_per_second": 1e6}

    def put(self, email: str, standing: Standing) -> None:
        """Make a profile that stands like this."""
        reasons = {Standing.UNSUBSCRIBED: "UNSUBSCRIBE", Standing.BLOCKED: "HARD_BOUNCE"}
        reason = reasons.get(standing)
        consents = {Standing.UNSUBSCRIBED: "UNSUBSCRIBED", Standing.GOOD: "SUBSCRIBED"}
        marketing = {
            "can_receive_email_marketing": reason is None,
            "consent": consents.get(standing, "NEVER_SUBSCRIBED"),
            "suppression": [{"reason": reason, "timestamp": STAMP}] if reason else [],
            "list_suppressions": [],
        }
        self._profiles[f"01GDDKASAP8TKDDA2GR{next(self._ids):07}"] = {
            "email": email.lower(),
            "first_name": "Ada",
            "properties": {"favourite": "espresso"},
            "subscriptions": {"email": {"marketing": marketing}},
        }

    def suppress(self, email: str, contact_list: str) -> None:
        """Somebody leaves one list."""
        marketing = self._found(email)["subscriptions"]["email"]["marketing"]
        row = {"list_id": contact_list, "reason": "USER_SUPPRESSED", "timestamp": STAMP}
        marketing["list_suppressions"].append(row)

    def remove(self, email: str) -> None:
        """Delete a profile."""
        profile = next(key for key, each in self._profiles.items() if each["email"] == email.lower())
        del self._profiles[profile]

    def emails(self) -> set[str]:
        """Every profile."""
        return {each["email"] for each in self._profiles.values()}

    def values(self, email: str) -> dict[str, Any]:
        """The properties of a profile."""
        return dict(self._found(email)["properties"])

    def rest(self, email: str) -> dict[str, Any]:
        """Everything else of a profile."""
        return {name: each for name, each in self._found(email).items() if name != "properties"}

    def _found(self, email: str) -> dict[str, Any]:
        return next(each for each in self._profiles.values() if each["email"] == email.lower())

    def _accounts(self) -> Response:
        information = {"organization_name": "Rösterei Amsel", "default_sender_name": "Amsel"}
        account = {"type": "account", "id": "AbC123", "attributes": {"contact_information": information}}
        return _json({"data": [account]})

    def _list(self) -> Response:
        asked = re.fullmatch(r"any\(email,\[(.*)\]\)", request.args["filter"])
        if asked is None:
            return _errors(400, "invalid", "Invalid filter provided")
        wanted = msgspec.json.decode(f"[{asked[1]}]")
        with_subscriptions = request.args.get("additional-fields[profile]") == "subscriptions"
        rows = [
            {
                "type": "profile",
                "id": key,
                "attributes": {
                    "email": each["email"],
                    **({"subscriptions": each["subscriptions"]} if with_subscriptions else {}),
                },
            }
            for key, each in self._profiles.items()
            if each["email"] in wanted
        ]
        start = int(request.args.get("page[cursor]", "0"))
        rest = f"{request.base_url}?page%5Bcursor%5D={start + 2}" if start + 2 < len(rows) else None
        return _json({"data": rows[start : start + 2], "links": {"self": request.url, "next": rest}})

    def _patch(self, profile: str) -> Response:
        found = self._profiles.get(profile)
        if found is None:
            return _errors(404, "not_found", f"A profile with id {profile} does not exist.")
        data = request.get_json(force=True)["data"]
        if data["id"] != profile or request.mimetype != "application/vnd.api+json":
            return _errors(400, "invalid", "The payload provided in the request is invalid.")
        unset = data.get("meta", {}).get("patch_properties", {}).get("unset", [])
        found["properties"] |= data["attributes"]["properties"]
        for name in [unset] if isinstance(unset, str) else unset:
            found["properties"].pop(name, None)
        return _json({"data": {"type": "profile", "id": profile, "attributes": found}})


def _let_in() -> Response | None:
    if request.path.startswith("/sandbox/"):
        return None
    if request.headers.get("Authorization") != f"Klaviyo-API-Key {KEY}":
        return _errors(401, "not_authenticated", "Authentication credentials were not provided.")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", request.headers.get("revision", "")):
        return _errors(400, "invalid", "A revision header is required")
    return None


def _errors(status: int, code: str, detail: str) -> Response:
    row = {"id": "5e5e-sandbox", "status": status, "code": code, "title": code, "detail": detail}
    return _json({"errors": [row]}, status)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status=status, mimetype="application/vnd.api+json")
