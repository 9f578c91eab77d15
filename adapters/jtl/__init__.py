"""JTL-Shop 5. The platform's page for shop owners is docs/platforms/jtl.md."""

from adapters.jtl.adapter import JtlAdapter

__all__ = ["JtlAdapter"]
