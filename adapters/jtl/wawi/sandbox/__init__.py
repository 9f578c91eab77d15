"""A local server that behaves as the documentation of JTL-Wawi's API says. Nobody has compared the two."""

from adapters.jtl.wawi.sandbox.server import WawiSandbox

__all__ = ["WawiSandbox"]
