"""What the owner's own tools and mailbox are told: receivers on loopback that check what they get."""

import base64
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.shopfloor import CAMPAIGN, GROUPS, Floor, order, people, put, shopfloor

SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, or so").decode()


class Receiver:
    """A tool that takes messages and answers with `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.takes = 0.0  #: seconds until it answers
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(outer.takes)
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815  the name http.server asks for

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks"

    def messages(self) -> list[tuple[str, Any]]:
        """Kind and data of each message, whose signature is checked as the specification says."""
        return [self._checked(*each) for each in self.got]

    def _checked(self, headers: dict[str, str], body: bytes) -> tuple[str, Any]:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = hmac.digest(b"a key of thirty-two bytes, or so", signed, "sha256")
        assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
        assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
        message = json.loads(body)
        return message["type"], message["data"]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def floor(tmp_path: Path, receiver: Receiver) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        tell(floor, receiver, "group.entered", "group.left", "alert")
        yield floor


def tell(floor: Floor, receiver: Receiver, *events: str) -> None:
    """A receiver of these events in the config."""
    secret = floor.write_private("hook.secret", SECRET)
    floor.write_config(
        rules=f'{GROUPS}{CAMPAIGN}\n[receivers.journeys]\nurl = "{receiver.url}"\n'
        f'secret = {{ file = "{secret}" }}\nevents = {json.dumps(events)}\n'
    )


def test_the_first_filling_of_a_group_is_no_news_and_later_moves_are(
    floor: Floor, receiver: Receiver
) -> None:
    floor.done("pull")
    assert receiver.got == []
    floor.later(days=1)
    put(floor.shop, [order(196, 1002, -1, 600)])
    floor.done("pull")
    assert receiver.messages() == [
        ("group.entered", {"shop": "roastery", "group": "big", "customer": BEN}),
        ("group.left", {"shop": "roastery", "group": "new", "customer": BEN}),
    ]


BEN = {"id": "1002", "email": "ben@example.com", "consent": "never"}


def test_a_message_arrives_once_however_often_the_shop_is_read(floor: Floor, receiver: Receiver) -> None:
    floor.done("pull")
    floor.later(days=1)
    put(floor.shop, [order(196, 1002, -1, 600)])
    for _ in range(3):
        floor.done("pull")
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 2


def test_two_runs_that_send_at_once_send_each_message_once(floor: Floor, receiver: Receiver) -> None:
    floor.done("pull")
    floor.later(days=1)
    put(floor.shop, [order(196, 1002, -1, 600)])
    receiver.takes = 1.5
    first = floor.start("pull")
    deadline = time.monotonic() + 30
    while not receiver.got:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    floor.done("pull")  # meanwhile, as the daemon does beside a command
    first.communicate(timeout=30)
    assert [kind for kind, _ in receiver.messages()] == ["group.entered", "group.left"]


def test_what_is_refused_waits_and_comes_later_in_its_order(floor: Floor, receiver: Receiver) -> None:
    floor.done("pull")
    floor.later(days=1)
    put(floor.shop, [order(196, 1002, -1, 600)])
    receiver.status = 503
    floor.done("pull")
    (waiting,) = floor.done("receivers", "--json").json()
    assert (waiting["waiting"], waiting["failures"]) == (2, 1)
    assert "127.0.0.1" in waiting["error"]
    receiver.status = 204
    floor.done("pull")
    assert len(receiver.got) == 1  # it rests after a failure
    floor.later(minutes=1)
    floor.done("pull")
    assert [kind for kind, _ in receiver.messages()] == ["group.entered", "group.entered", "group.left"]
    (after,) = floor.done("receivers", "--json").json()
    assert (after["waiting"], after["delivered"], after["error"]) == (0, 2, None)


def test_after_three_days_a_message_is_given_up_and_the_next_one_goes(
    floor: Floor, receiver: Receiver
) -> None:
    floor.done("pull")
    floor.later(days=1)
    put(floor.shop, [order(196, 1002, -1, 600)])
    receiver.status = 500
    for _ in range(9):
        floor.done("pull")
        floor.later(days=1)
    receiver.status = 204
    floor.done("pull")
    (after,) = floor.done("receivers", "--json").json()
    assert (after["given_up"], after["delivered"], after["waiting"]) == (1, 1, 0)


def test_a_new_receiver_is_not_told_of_the_past(floor: Floor, receiver: Receiver) -> None:
    tell(floor, receiver, "alert")
    floor.done("pull")
    floor.later(days=1)
    put(floor.shop, [order(196, 1002, -1, 600)])
    floor.done("pull")
    tell(floor, receiver, "group.entered", "group.left")
    floor.done("pull")
    assert receiver.got == []


def test_the_life_of_a_code_is_told(floor: Floor, receiver: Receiver) -> None:
    tell(floor, receiver, "code.issued", "code.expiring", "code.redeemed")
    floor.done("pull")
    floor.first_push()
    (issued,) = [data for kind, data in receiver.messages() if data["customer"]["id"] == "1003"]
    assert {key: issued[key] for key in ("campaign", "percent", "minimum", "currency")} == {
        "campaign": "come-back",
        "percent": 10,
        "minimum": "30.00",
        "currency": "EUR",
    }
    floor.later(days=1)
    floor.shop.redeem(issued["code"], "1003")
    floor.done("pull")
    redeemed = [data for kind, data in receiver.messages() if kind == "code.redeemed"]
    assert [(each["code"], each["customer"]["email"]) for each in redeemed] == [
        (issued["code"], "cem@example.com")
    ]
    floor.later(days=25)
    floor.done("pull")
    expiring = [data["customer"]["id"] for kind, data in receiver.messages() if kind == "code.expiring"]
    assert expiring == ["1004"]  # the other open code; the redeemed one is over


def test_a_test_message_arrives_at_once_or_says_what_is_wrong(floor: Floor, receiver: Receiver) -> None:
    floor.done("receivers", "--test", "journeys")
    assert receiver.messages() == [("test", {"text": "A test by its owner."})]
    receiver.status = 401
    ran = floor.run("receivers", "--test", "journeys")
    assert ran.code == 1
    assert "127.0.0.1" in ran.err
    ran = floor.run("receivers", "--test", "nobody")
    assert (ran.code, ran.err) == (2, f"There is no receiver 'nobody' in {floor.config}.\n")


class Mailbox:
    """What a mail server got."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"


def test_trouble_comes_by_mail(floor: Floor) -> None:
    mailbox = Mailbox()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        floor.write_config(
            rules=f'{GROUPS}\n[alerts.mail]\nto = ["owner@example.com"]\nsender = "shop@example.com"\n'
            f'host = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        )
        floor.done("receivers", "--test", "mail")
    finally:
        server.stop()
    (envelope,) = mailbox.envelopes
    assert envelope.rcpt_tos == ["owner@example.com"]
    assert isinstance(envelope.content, bytes)
    letter = message_from_bytes(envelope.content, policy=policy.default)
    assert letter["Subject"] == "Stammkunde: a test"
    assert "A test by its owner." in letter.get_content()
    ran = floor.run("receivers", "--test", "mail")  # nobody listens any more
    assert (ran.code, ran.err) == (1, "127.0.0.1 did not take the mail: Connection refused.\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[receivers.a]\nurl = "ftp://x"\nsecret = { env = "A" }\nevents = ["alert"]', "receivers.a.url"),
        (
            '[receivers.a]\nurl = "http://x"\nsecret = "abc"\nevents = ["alert"]',
            "must not stand in the config",
        ),
        (
            '[receivers.a]\nurl = "http://x"\nsecret = { env = "NOT_SET" }\nevents = ["alert"]',
            "NOT_SET is not set",
        ),
        ('[receivers.a]\nurl = "http://x"\nsecret = { env = "HOME" }\nevents = []', "receivers.a.events"),
        ('[alerts.mail]\nto = ["owner"]\nsender = "a@b"\nhost = "h"', "alerts.mail.to"),
        ('[alerts.mail]\nto = ["a@b"]\nsender = "a@b"\nhost = "h"\nuser = "u"', "user and password"),
    ],
)
def test_a_receiver_that_cannot_be_is_a_problem_of_the_config(floor: Floor, text: str, sentence: str) -> None:
    floor.write_config(rules=f"{GROUPS}\n{text}\n")
    ran = floor.run("status")
    assert ran.code == 2
    assert sentence in ran.err
