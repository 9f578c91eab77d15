"""A local server that speaks the part of Medusa's Admin API which Stammkunde uses."""

from adapters.medusa.sandbox.server import MedusaSandbox

__all__ = ["MedusaSandbox"]
