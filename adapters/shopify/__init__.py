"""Shopify. The platform's page for shop owners is docs/platforms/shopify.md."""

from adapters.shopify.adapter import ShopifyAdapter

__all__ = ["ShopifyAdapter"]
