"""Values on a customer: Medusa keeps them in the customer's metadata, one key each."""

from typing import Any

from adapters.medusa.client import Rest, Wire
from adapters.medusa.reads import CUSTOMERS, Lists
from adapters.medusa.records import Identified
from connector.errors import RejectedError


class _Customer(Wire):
    id: str
    metadata: dict[str, Any] | None = None


class Attributes:
    """Reads and writes metadata of customers. Keys that we do not name stay as they are."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._customers: Lists[Any] = Lists(rest, CUSTOMERS, 1)

    def set(self, customer_id: str, name: str, value: str | None) -> str | None:
        """Store one value, or remove it; why not, if Medusa refused."""
        # Medusa merges keys, and takes one away whose new value is empty; null would stay there as null.
        wanted = {"metadata": {name: value or ""}}
        try:
            self._rest.post(f"customers/{customer_id}", "customer", Identified, wanted, ("id",))
        except RejectedError as refusal:
            return str(refusal)
        return None

    def clear(self, customer_id: str, name: str, code: str) -> str | None:
        """Remove a code. The key may hold a newer one by now; that one stays."""
        rows, _ = self._customers.ask(("id", "metadata"), _Customer, id=customer_id, limit=1)
        if not rows or (rows[0].metadata or {}).get(name) != code:
            return None
        return self.set(customer_id, name, None)
