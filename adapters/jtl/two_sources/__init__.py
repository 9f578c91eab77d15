"""One shop out of two systems: customers, coupons and consent of JTL-Shop, orders of JTL-Wawi.

The second system is called the *books* here: JTL-Wawi by its API, or its exports. Each record comes from one
system only, so that neither change feed has to wait for the other. What joins them:

- an order of the books and one of the shop by the number (`joining`); the order then has the shop's customer,
  and the codes that were entered at the shop's checkout;
- a customer of the books and one of the shop by the e-mail address. That is what `connector.people` does with
  every guest, so customers of the books come as guests, each under an id of its own (`naming`).

docs/platforms/jtl.md says the same to owners.
"""

from adapters.jtl.two_sources.joined import JoinedShop
from adapters.jtl.two_sources.settings import AmeiseSettings, Bookkeeping, WawiSettings
from adapters.jtl.two_sources.unmatched import Unmatched

__all__ = ["AmeiseSettings", "Bookkeeping", "JoinedShop", "Unmatched", "WawiSettings"]
