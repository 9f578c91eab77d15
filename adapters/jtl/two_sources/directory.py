"""Who of the books has which address."""

from collections.abc import Callable, Iterator
from functools import cached_property

from adapters.jtl.two_sources.naming import address_key
from connector.adapter import Page
from connector.model import Customer


class Directory:
    """The customers of the books by address, read once when first asked.

    JTL-Wawi's API cannot be asked for an address, so all customers are read.
    """

    def __init__(self, read: Callable[[], Iterator[Page[Customer]]]) -> None:
        self._read = read

    def ids(self, email: str | None) -> list[str]:
        """Ids, as the books know them, of everybody with this address."""
        return self._ids.get(address_key(email) or "", [])

    def email(self, customer_id: str) -> str | None:
        """The address of one customer."""
        return self._emails.get(customer_id)

    @cached_property
    def _emails(self) -> dict[str, str]:
        pages = self._read()
        return {each.id: each.email for page in pages for each in page.records if each.email}

    @cached_property
    def _ids(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for customer_id, email in self._emails.items():
            if key := address_key(email):
                found.setdefault(key, []).append(customer_id)
        return found
