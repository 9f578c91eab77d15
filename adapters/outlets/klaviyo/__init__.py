"""Klaviyo."""

from adapters.outlets.klaviyo.outlet import KlaviyoOutlet

__all__ = ["KlaviyoOutlet"]
