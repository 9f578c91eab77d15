"""Medusa 2. The platform's page for shop owners is docs/platforms/medusa.md."""

from adapters.medusa.adapter import MedusaAdapter

__all__ = ["MedusaAdapter"]
