"""Webhooks as the plugin sends them: signed, each record once, and again until they are taken."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec
from pydantic import SecretStr

from adapters.jtl.webhooks import Body, sign, signing_key
from connector.model import Kind
from connector.sample.webhooks import send

TIMEOUT_SECONDS = 2
#: Of one message alone; any other failure makes all of them wait.
REFUSALS = (400, 410, 413, 422)
GIVEN_UP_AFTER = timedelta(days=1)
LONGEST_WAIT = 120  #: times the first one, as in the plugin


class Webhooks:
    """The card in the plugin's settings, and a thread that delivers.

    Args:
        now: the shop's clock.
        wait_seconds: after a first failure; each further one doubles it (the plugin: 30).
    """

    def __init__(self, *, secret: str, now: Callable[[], datetime], wait_seconds: float = 0.05) -> None:
        self.address: str | None = None
        self.statuses: list[int] = []  #: what was answered, 0 for nothing
        self._is_silent = False
        self._key = signing_key(SecretStr(secret))
        self._now = now
        self._wait_seconds = wait_seconds
        self._waiting: dict[tuple[str, int], Body] = {}
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver from now on."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is not delivered is lost."""
        self._stopping.set()
        with self._news:
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def note(self, kind: str, number: int, what: str) -> None:
        """Something happened in the shop; `what` is created, updated, cancelled or deleted."""
        if self.address is None or self._is_silent or kind not in ("customers", "orders"):
            return
        with self._news:
            self._waiting[kind, number] = self.message(kind, number, what)
            self._news.notify_all()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """While our own changes are applied: nobody is told of these. The caller holds the shop's lock."""
        self._is_silent = True
        try:
            yield
        finally:
            self._is_silent = False

    def message(self, kind: str, number: int, what: str) -> Body:
        """A message about a record."""
        return Body(
            id=f"msg_{secrets.token_hex(12)}",
            topic=f"{kind.removesuffix('s')}.{what}",
            kind=Kind(kind),
            record_id=str(number),
            occurred_at=self._now(),
        )

    def delivery(self, message: Body) -> tuple[dict[str, str], bytes]:
        """Headers and body of an attempt now."""
        body = msgspec.json.encode(message)
        second = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": second,
            "webhook-signature": sign(message.id, second, body, self._key),
        }
        return headers, body

    def _work(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            with self._news:
                if not self._waiting:
                    self._news.wait(timeout=1)
                    continue
                place, message = next(iter(self._waiting.items()))
            if self._is_over(message):
                failures = 0
                self._remove(place, message)
            else:
                failures += 1
                self._stopping.wait(self._wait_seconds * min(2 ** (failures - 1), LONGEST_WAIT))

    def _is_over(self, message: Body) -> bool:
        """Try once. Whether it was taken, refused for good, or is too old."""
        if self.address is None:
            return True
        if message.occurred_at and self._now() - message.occurred_at > GIVEN_UP_AFTER:
            return True
        status = send(self.address, *self.delivery(message), seconds=TIMEOUT_SECONDS)
        self.statuses.append(status)
        return 200 <= status < 300 or status in REFUSALS

    def _remove(self, place: tuple[str, int], message: Body) -> None:
        with self._news:
            if self._waiting.get(place) is message:  # not a newer one about the same record
                del self._waiting[place]
