"""A tool of the owner's own."""

from adapters.outlets.webhook.outlet import WebhookOutlet

__all__ = ["WebhookOutlet"]
