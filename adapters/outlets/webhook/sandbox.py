"""A local receiver of signed messages, which checks them as the specification says."""

import base64
import hmac
import time
from typing import Any

import msgspec
from flask import Flask, Response, request
from pydantic import SecretStr

from connector.outlet import Standing
from connector.sample.server import LoopbackServer

KEY = b"a key of thirty-two bytes, or so"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TOLERANCE = 300  #: seconds that a message may be old


class WebhookSandbox(LoopbackServer):
    """The owner's own tool. A message that comes again is known by its id."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {}
        self.deliveries = 0
        self._messages: dict[str, dict[str, Any]] = {}
        self._refuses: set[str] = set()
        application = Flask("webhook")
        application.add_url_rule("/codes", "codes", self._take, methods=["POST"])
        super().__init__(application)

    def settings(self) -> dict[str, Any]:
        """Settings of the outlet that connect to this sandbox."""
        return {"url": f"{self.url}/codes", "secret": SecretStr(SECRET)}

    def put(self, email: str, standing: Standing) -> None:
        """Nothing: whom it knows is its own affair."""

    def remove(self, email: str) -> None:
        """Take no more messages about somebody."""
        self._refuses.add(email.lower())

    def emails(self) -> set[str]:
        """Nobody: it keeps no contacts that we could see."""
        return set()

    def messages(self) -> list[dict[str, Any]]:
        """Every message once, in order."""
        return list(self._messages.values())

    def values(self, email: str) -> dict[str, Any]:
        """What was last said about an address, without it."""
        about = [each["data"] for each in self.messages() if each["data"]["email"].lower() == email.lower()]
        return {name: value for name, value in about[-1].items() if name != "email"} if about else {}

    def rest(self, email: str) -> dict[str, Any]:
        """Nothing else is known."""
        return {"email": email.lower()}

    def _take(self) -> Response:
        body, headers = request.get_data(), request.headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(KEY, signed, "sha256")).decode()
        if not hmac.compare_digest(headers["webhook-signature"], f"v1,{expected}"):
            return Response("the signature is wrong", status=401)
        if abs(time.time() - int(headers["webhook-timestamp"])) > TOLERANCE:
            return Response("the message is old", status=401)
        message = msgspec.json.decode(body)
        if message["data"]["email"].lower() in self._refuses:
            return Response("nobody of that name", status=422)
        self.deliveries += 1
        self._messages.setdefault(headers["webhook-id"], message)
        return Response(status=204)
