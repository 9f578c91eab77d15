"""A local server that speaks the part of Vendure's Admin API which Stammkunde uses."""

from adapters.vendure.sandbox.server import VendureSandbox

__all__ = ["VendureSandbox"]
