"""A local server that speaks the API of our JTL plugin, and the part of the shop's own that we read."""

from adapters.jtl.sandbox.server import JtlSandbox

__all__ = ["JtlSandbox"]
