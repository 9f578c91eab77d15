"""rapidmail."""

from adapters.outlets.rapidmail.outlet import RapidmailOutlet

__all__ = ["RapidmailOutlet"]
