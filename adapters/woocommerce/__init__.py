"""WooCommerce. The platform's page for shop owners is docs/platforms/woocommerce.md."""

from adapters.woocommerce.adapter import WooCommerceAdapter

__all__ = ["WooCommerceAdapter"]
