"""A local server that speaks WooCommerce's REST API, built from recorded answers of WooCommerce 9.9.5."""

from adapters.woocommerce.sandbox.server import WooCommerceSandbox

__all__ = ["WooCommerceSandbox"]
