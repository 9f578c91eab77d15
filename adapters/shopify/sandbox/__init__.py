"""A local server that speaks the part of Shopify's Admin API which Stammkunde uses."""

from adapters.shopify.sandbox.server import ShopifySandbox

__all__ = ["ShopifySandbox"]
