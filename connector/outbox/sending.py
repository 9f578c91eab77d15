"""Sending what waits: by HTTP, signed as the Standard Webhooks specification says, and by mail.

A message that could not be delivered is tried again later and later, for about three days; meanwhile those
behind it wait, so that a receiver gets them in order. https://www.standardwebhooks.com
"""

import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import msgspec

from connector.config import Config, MailConfig, ReceiverConfig
from connector.database import Database, hold, milliseconds
from connector.errors import ConfigError, LockedError, StammkundeError
from connector.http import Client, Limits
from connector.outbox.messages import ALERT, MAIL, Message, body_of
from connector.signing import signed_headers

#: How long to wait after each failure; after the last one the message is given up.
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
SENDING = "_messages"  #: the lock of those who send; no shop can be called so
BATCH = 200  #: messages to one receiver before the next one has its turn
LIMITS = Limits(connect=10, read=20, total=30, attempts=1)
MAIL_SECONDS = 30.0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How it goes with one receiver."""

    receiver: str
    waiting: int
    delivered: int
    given_up: int
    failures: int  #: in a row
    error: str | None


def standings(db: Database, config: Config) -> list[Standing]:
    """Every receiver of the config."""
    names = [*config.receivers, *([MAIL] if config.alerts.mail else [])]
    return [_standing(db, name) for name in names]


def _standing(db: Database, name: str) -> Standing:
    row = db.row(
        "SELECT count(*) - count(ended_at) AS waiting,"
        " count(*) FILTER (WHERE outcome = 'delivered') AS delivered,"
        " count(*) FILTER (WHERE outcome = 'given up') AS given_up FROM deliveries WHERE receiver = ?",
        (name,),
    )
    state = db.row("SELECT failures, error FROM receivers WHERE receiver = ?", (name,))
    assert row is not None  # noqa: S101  an aggregate always has a row
    return Standing(
        receiver=name,
        waiting=row["waiting"],
        delivered=row["delivered"],
        given_up=row["given_up"],
        failures=state["failures"] if state else 0,
        error=state["error"] if state else None,
    )


def has_receivers(config: Config) -> bool:
    """Whether there is anybody to tell anything."""
    return bool(config.receivers) or config.alerts.mail is not None


def send_waiting(db: Database, config: Config, now: datetime) -> int:
    """Send what waits to every receiver that does not rest after a failure. Returns how many arrived.

    One process sends at a time, or a command beside the daemon would send the same once more.
    """
    if not has_receivers(config):
        return 0
    try:
        with hold(db.path, SENDING, holder="another run that sends messages"):
            return _send_all(db, config, now)
    except LockedError:
        return 0


def _send_all(db: Database, config: Config, now: datetime) -> int:
    arrived = 0
    for name, receiver in config.receivers.items():
        arrived += _send_to(db, name, _Hook(receiver), now)
    if config.alerts.mail is not None:
        arrived += _send_to(db, MAIL, _Mail(config.alerts.mail), now)
    return arrived


def test(config: Config, name: str, now: datetime) -> None:
    """Send one message that says it is a test, and nothing else, at once.

    Raises:
        ConfigError: there is no such receiver.
        AdapterError: it did not take the message.
    """
    body = {"type": "test", "timestamp": now.isoformat(), "data": {"text": "A test by its owner."}}
    if name == MAIL and config.alerts.mail is not None:
        _Mail(config.alerts.mail).send("test", body)
    elif name in config.receivers:
        _Hook(config.receivers[name]).send(f"test-{milliseconds(now)}", body)
    else:
        raise ConfigError(f"There is no receiver '{name}' in {config.path}.")


def _send_to(db: Database, name: str, way: "_Hook | _Mail", now: datetime) -> int:
    row = db.row("SELECT not_before FROM receivers WHERE receiver = ?", (name,))
    if row is not None and row["not_before"] > milliseconds(now):
        return 0
    arrived = 0
    for message, attempts in _waiting(db, name):
        body = body_of(db, message)
        if body is None:
            _end(db, name, message, "pointless", now)
            continue
        try:
            way.send(f"stammkunde-{message.message}", body)
        except StammkundeError as error:
            _put_off(db, name, message, attempts + 1, str(error), now)
            break
        _end(db, name, message, "delivered", now)
        arrived += 1
    return arrived


def _waiting(db: Database, name: str) -> list[tuple[Message, int]]:
    rows = db.rows(
        "SELECT o.*, s.name AS shop_name, d.attempts FROM deliveries AS d JOIN outbox AS o USING (message)"
        " JOIN shops AS s USING (shop) WHERE d.receiver = ? AND d.ended_at IS NULL"
        " ORDER BY d.message LIMIT ?",
        (name, BATCH),
    )
    return [
        (Message(**{field: row[field] for field in Message.__struct_fields__}), row["attempts"])
        for row in rows
    ]


def _end(db: Database, name: str, message: Message, outcome: str, now: datetime) -> None:
    with db.write() as connection:
        connection.execute(
            "UPDATE deliveries SET ended_at = ?, outcome = ?, attempts = attempts + 1"
            " WHERE message = ? AND receiver = ?",
            (milliseconds(now), outcome, message.message, name),
        )
        if outcome == "delivered":
            connection.execute("DELETE FROM receivers WHERE receiver = ?", (name,))


def _put_off(db: Database, name: str, message: Message, attempts: int, why: str, now: datetime) -> None:
    given_up = attempts >= len(WAITS)
    again = milliseconds(now + WAITS[min(attempts, len(WAITS)) - 1])
    with db.write() as connection:
        connection.execute(
            "UPDATE deliveries SET attempts = ?, ended_at = ?, outcome = ?"
            " WHERE message = ? AND receiver = ?",
            (
                attempts,
                milliseconds(now) if given_up else None,
                "given up" if given_up else None,
                message.message,
                name,
            ),
        )
        connection.execute(
            "INSERT INTO receivers VALUES (?, 1, ?, ?) ON CONFLICT DO UPDATE"
            " SET failures = failures + 1, not_before = excluded.not_before, error = excluded.error",
            (name, again, why),
        )


class _Hook:
    """One receiver by HTTP."""

    def __init__(self, receiver: ReceiverConfig) -> None:
        self._receiver = receiver

    def send(self, message_id: str, body: Mapping[str, Any]) -> None:
        secret = self._receiver.secret.read().get_secret_value()
        client = Client(secrets=[secret], limits=LIMITS)
        data = msgspec.json.encode(body)
        try:
            client.request(
                "POST", self._receiver.url, data=data, headers=signed_headers(secret, message_id, data)
            )
        finally:
            client.close()


class _Mail:
    """The owner's mailbox."""

    def __init__(self, mail: MailConfig) -> None:
        self._mail = mail

    def send(self, message_id: str, body: Mapping[str, Any]) -> None:
        try:
            with self._connected() as server:
                server.send_message(self._letter(message_id, body))
        except (smtplib.SMTPException, OSError) as error:
            raise StammkundeError(f"{self._mail.host} did not take the mail: {_reason(error)}.") from None

    def _connected(self) -> smtplib.SMTP:
        mail, context = self._mail, ssl.create_default_context()
        if mail.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                mail.host, mail.port, timeout=MAIL_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(mail.host, mail.port, timeout=MAIL_SECONDS)
            if mail.security == "starttls":
                server.starttls(context=context)
        if mail.user and mail.password:
            server.login(mail.user, mail.password.read().get_secret_value())
        return server

    def _letter(self, message_id: str, body: Mapping[str, Any]) -> EmailMessage:
        data, letter = body["data"], EmailMessage()
        about = f"{data['shop']}: {data['kind']}" if body["type"] == ALERT else "a test"
        letter["From"], letter["To"] = self._mail.sender, ", ".join(self._mail.to)
        letter["Subject"] = f"Stammkunde: {about}"
        letter["Message-ID"] = f"<{message_id}@{self._mail.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(f"{data['text']}\n\n`stammkunde status` shows how it goes with your shops.\n")
        return letter


def _reason(error: Exception) -> str:
    """What a mail server said, without addresses and passwords: the kind of refusal and its number."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
