"""Brevo."""

from adapters.outlets.brevo.outlet import BrevoOutlet

__all__ = ["BrevoOutlet"]
