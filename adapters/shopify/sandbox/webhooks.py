"""Webhook subscriptions and deliveries, signed and retried as Shopify's are."""

import base64
import hashlib
import hmac
import queue
import threading
from collections.abc import Callable
from datetime import datetime
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import msgspec

from adapters.shopify.sandbox.connections import from_list
from adapters.shopify.sandbox.records import gid, number_of
from connector.sample.webhooks import send

#: Shopify gives up after eight tries.
TRIES = 8
TIMEOUT_SECONDS = 5


class Subscription(msgspec.Struct, kw_only=True):
    """Where a topic goes."""

    id: int
    topic: str
    uri: str
    created: datetime
    updated: datetime
    format: str = "JSON"
    filter: str | None = None
    name: str | None = None


class Delivery(msgspec.Struct, kw_only=True):
    """One event on its way to one subscription; `statuses` are the answers so far, 0 for none."""

    uri: str
    topic: str
    event_id: str
    webhook_id: str
    body: bytes
    triggered: datetime
    statuses: list[int] = []


class Webhooks:
    """Subscriptions of the app, and a thread that delivers.

    Args:
        secret: signs the deliveries.
        retry_seconds: between two tries (Shopify: growing, over four hours).
    """

    def __init__(
        self, *, secret: str, domain: str, version: str, now: Callable[[], datetime], retry_seconds: float
    ) -> None:
        self.subscriptions: dict[int, Subscription] = {}
        self.deliveries: list[Delivery] = []
        self._secret = secret
        self._domain = domain
        self._version = version
        self._now = now
        self._retry_seconds = retry_seconds
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
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
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def emit(self, topic: str, payload: dict[str, Any]) -> None:
        """Send an event to everybody who subscribed to its topic."""
        body = b""
        event = str(uuid4())
        for subscription in list(self.subscriptions.values()):
            if subscription.topic == topic:
                body = body or msgspec.json.encode(payload)
                self._queue_up(subscription, event, body)

    def _queue_up(self, subscription: Subscription, event: str, body: bytes) -> None:
        delivery = Delivery(
            uri=subscription.uri,
            topic=header_topic(subscription.topic),
            event_id=event,
            webhook_id=str(uuid4()),
            body=body,
            triggered=self._now(),
        )
        self.deliveries.append(delivery)
        self._queue.put(delivery)

    def replay(self, place: int = -1) -> None:
        """Deliver an earlier event again, with its old payload and its event id."""
        self._queue.put(self.deliveries[place])

    def settle(self, timeout: float = 5) -> bool:
        """Wait until everything queued was tried; False if that took too long."""
        deadline = monotonic() + timeout
        while self._queue.unfinished_tasks and monotonic() < deadline:
            sleep(0.005)
        return not self._queue.unfinished_tasks

    def _work(self) -> None:
        while (delivery := self._queue.get()) is not None and not self._stopping.is_set():
            for _ in range(TRIES):
                headers = self._headers(delivery)
                status = send(delivery.uri, headers, delivery.body, seconds=TIMEOUT_SECONDS)
                delivery.statuses.append(status)
                if 200 <= status < 300 or self._stopping.wait(self._retry_seconds):
                    break
            self._queue.task_done()
        self._queue.task_done()

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": delivery.topic,
            "X-Shopify-Hmac-Sha256": signature(self._secret, delivery.body),
            "X-Shopify-Shop-Domain": self._domain,
            "X-Shopify-API-Version": self._version,
            "X-Shopify-Webhook-Id": delivery.webhook_id,
            "X-Shopify-Event-Id": delivery.event_id,
            "X-Shopify-Triggered-At": delivery.triggered.isoformat().replace("+00:00", "Z"),
        }

    def roots(self) -> dict[str, Callable[..., Any]]:
        """Root fields of the API."""
        return {
            "webhookSubscriptions": self._list,
            "webhookSubscription": lambda _, global_id: self._document(number_of(global_id)),
            "webhookSubscriptionCreate": self._create,
            "webhookSubscriptionUpdate": self._update,
            "webhookSubscriptionDelete": self._delete,
        }

    def _list(self, _: object, **arguments: Any) -> Any:
        topics = arguments.get("topics")
        found = [
            self._document(number)
            for number, subscription in sorted(self.subscriptions.items())
            if (not topics or subscription.topic in topics)
            and arguments.get("uri") in (None, subscription.uri)
        ]
        return from_list(found, **arguments)

    def _create(self, _: object, topic: str, webhook_subscription: dict[str, Any]) -> Any:
        uri = webhook_subscription.get("uri") or ""
        if not uri.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            return _refused("webhookSubscription", "Address protocol http:// is not supported")
        if any(known.topic == topic and known.uri == uri for known in self.subscriptions.values()):
            return _refused("webhookSubscription", "Address for this topic has already been taken")
        number = max(self.subscriptions, default=1000) + 1
        subscription = Subscription(
            id=number,
            topic=topic,
            uri=uri,
            created=self._now(),
            updated=self._now(),
            filter=webhook_subscription.get("filter"),
            name=webhook_subscription.get("name"),
        )
        self.subscriptions[number] = subscription
        return {"webhookSubscription": self._document(number), "userErrors": []}

    def _update(self, _: object, global_id: str, webhook_subscription: dict[str, Any]) -> Any:
        subscription = self.subscriptions.get(number_of(global_id) or 0)
        if subscription is None:
            return _refused("id", "Webhook subscription does not exist")
        subscription.uri = webhook_subscription.get("uri") or subscription.uri
        subscription.filter = webhook_subscription.get("filter", subscription.filter)
        subscription.updated = self._now()
        return {"webhookSubscription": self._document(subscription.id), "userErrors": []}

    def _delete(self, _: object, global_id: str) -> Any:
        if self.subscriptions.pop(number_of(global_id) or 0, None) is None:
            return {
                "deletedWebhookSubscriptionId": None,
                "userErrors": [{"field": ["id"], "message": "Webhook subscription does not exist"}],
            }
        return {"deletedWebhookSubscriptionId": global_id, "userErrors": []}

    def _document(self, number: int | None) -> dict[str, Any] | None:
        subscription = self.subscriptions.get(number or 0)
        if subscription is None:
            return None
        return {
            "__typename": "WebhookSubscription",
            "id": gid("WebhookSubscription", subscription.id),
            "legacyResourceId": str(subscription.id),
            "topic": subscription.topic,
            "uri": subscription.uri,
            "format": subscription.format,
            "filter": subscription.filter,
            "name": subscription.name,
            "includeFields": [],
            "metafieldNamespaces": [],
            "createdAt": subscription.created,
            "updatedAt": subscription.updated,
            "apiVersion": {"handle": self._version, "displayName": self._version, "supported": True},
        }


def _refused(field: str, message: str) -> dict[str, Any]:
    return {"webhookSubscription": None, "userErrors": [{"field": [field], "message": message}]}


def signature(secret: str, body: bytes) -> str:
    """`X-Shopify-Hmac-Sha256` of a body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


#: Topics whose resource is more than the first word.
_TWO_WORDS = ("BULK_OPERATIONS", "CUSTOMER_TAGS")


def header_topic(topic: str) -> str:
    """`CUSTOMERS_UPDATE` as the header spells it, `customers/update`."""
    for resource in _TWO_WORDS:
        if topic.startswith(f"{resource}_"):
            return f"{resource}/{topic.removeprefix(resource + '_')}".lower()
    return topic.replace("_", "/", 1).lower()
