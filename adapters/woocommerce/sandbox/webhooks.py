"""Webhooks as WooCommerce sends them: signed, in the background, once, and off after five failures."""

import queue
import threading
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.woocommerce.sandbox.answers import Answers
from adapters.woocommerce.webhooks import sign
from connector.sample.webhooks import send

#: After so many failures WooCommerce switches a webhook off.
FAILURES = 5
TIMEOUT_SECONDS = 5


class Hook(msgspec.Struct):
    """One address that is told of one topic, such as "order.updated"."""

    topic: str
    url: str
    failures: int = 0


class Webhooks:
    """Deliveries.

    Args:
        secret: signs them.
    """

    def __init__(self, answers: Answers, *, secret: str) -> None:
        self.hooks: list[Hook] = []
        self.statuses: list[int] = []  #: what was answered, 0 for nothing
        self._answers = answers
        self._secret = secret
        self._count = 0
        self._queue: queue.Queue[tuple[Hook, Mapping[str, str], bytes] | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver from now on."""
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Deliver what waits, then stop."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def tell(self, resource: str, what: str, record: Any) -> None:
        """Something happened in the shop."""
        for hook in self.hooks:
            if hook.topic == f"{resource}.{what}" and hook.failures < FAILURES:
                headers, body = self.delivery(hook.topic, record)
                self._queue.put((hook, headers, body))

    def delivery(self, topic: str, record: Any) -> tuple[dict[str, str], bytes]:
        """Headers and body. Of what is deleted only the id is left."""
        self._count += 1
        resource, _, what = topic.partition(".")
        body = msgspec.json.encode({"id": record.id} if what == "deleted" else self._answers.of(record))
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": what,
            "X-WC-Webhook-Signature": sign(body, self._secret),
            "X-WC-Webhook-ID": "1",
            "X-WC-Webhook-Delivery-ID": f"{self._count:032x}",
        }
        return headers, body

    def _work(self) -> None:
        while (waiting := self._queue.get()) is not None:
            hook, headers, body = waiting
            if hook.failures >= FAILURES:  # switched off since this was put in line
                continue
            status = send(hook.url, headers, body, seconds=TIMEOUT_SECONDS)
            self.statuses.append(status)
            hook.failures = 0 if 200 <= status < 300 else hook.failures + 1
