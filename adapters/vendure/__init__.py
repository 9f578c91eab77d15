"""Vendure. The platform's page for shop owners is docs/platforms/vendure.md."""

from adapters.vendure.adapter import VendureAdapter

__all__ = ["VendureAdapter"]
