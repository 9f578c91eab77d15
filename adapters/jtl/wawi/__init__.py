"""JTL-Wawi. The platform's page for shop owners is docs/platforms/jtl-wawi.md."""

from adapters.jtl.wawi.adapter import WawiAdapter

__all__ = ["WawiAdapter"]
