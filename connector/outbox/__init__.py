"""Telling others: the owner's own tools by signed webhooks, and the owner by mail when something is wrong.

Messages are stored before they are sent, sent again until they arrive, and arrive once at each receiver.
"""

from connector.outbox.feeding import alert, feed
from connector.outbox.messages import ALERT, KINDS, MAIL
from connector.outbox.sending import Standing, has_receivers, send_waiting, standings, test

__all__ = [
    "ALERT",
    "KINDS",
    "MAIL",
    "Standing",
    "alert",
    "feed",
    "has_receivers",
    "send_waiting",
    "standings",
    "test",
]
