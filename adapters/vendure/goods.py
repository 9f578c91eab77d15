"""Which variants a coupon is for: promotions name variants, our campaigns products and categories."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.vendure.client import Admin, Listing, Paged
from adapters.vendure.documents import document
from adapters.vendure.reads import LARGEST, Walk
from adapters.vendure.records import ProductRow
from connector.adapter import chunks
from connector.errors import RejectedError


class Goods:
    """Looks variants up, each wish once. Made anew for each push, for products change."""

    def __init__(self, admin: Admin, page_size: int) -> None:
        self._admin = admin
        self._size = min(page_size, LARGEST)
        self._known: dict[tuple[Sequence[str], Sequence[str]], list[str]] = {}

    def variants(self, products: Sequence[str], categories: Sequence[str]) -> list[str]:
        """Ids of all variants of these products, of every product in these categories, or of what is both.

        None for none.

        Raises:
            RejectedError: the shop has no such goods, and a coupon for nothing would be one for everything.
        """
        if not products and not categories:
            return []
        wish = (products, categories)
        if wish not in self._known:
            self._known[wish] = self._look(products, categories)
        if not self._known[wish]:
            named = ", ".join((*products, *categories))
            raise RejectedError(f"Vendure has no goods under {named}.")
        return self._known[wish]

    def _look(self, products: Sequence[str], categories: Sequence[str]) -> list[str]:
        wanted = {name.casefold() for name in categories}
        named = (self._by_id(some) for some in chunks(products, self._size)) if products else self._every()
        found = [row for rows in named for row in rows if not wanted or wanted & _names(row)]
        return list(dict.fromkeys(variant.id for row in found for variant in row.variants))

    def _by_id(self, ids: Sequence[str]) -> list[ProductRow]:
        return self._ask({"take": len(ids), "filter": {"id": {"in": list(ids)}}}).items

    def _every(self) -> Iterator[list[ProductRow]]:
        return (rows for rows, _, _ in Walk(self._ask, self._size).pages())

    def _ask(self, options: Mapping[str, Any]) -> Listing[ProductRow]:
        return self._admin.call(document("product_page"), {"options": options}, Paged[ProductRow]).page


def _names(row: ProductRow) -> set[str]:
    """The categories that a product is in, case-folded."""
    return {each.name.casefold() for each in row.collections}
