"""CleverReach."""

from adapters.outlets.cleverreach.outlet import CleverReachOutlet

__all__ = ["CleverReachOutlet"]
