"""What a coupon is for: rules of a promotion by products, categories and collections."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.medusa.client import Rest
from adapters.medusa.reads import PRODUCTS, Lists, Source
from adapters.medusa.records import Identified, Named, Titled
from connector.errors import RejectedError

_PRODUCT = "items.product.id"
_CATEGORY = "items.product.categories.id"
_COLLECTION = "items.product.collection_id"

_CATEGORIES = Source(path="product-categories", row=Named, fields=("id", "name"))
_COLLECTIONS = Source(path="collections", row=Titled, fields=("id", "title"))

#: More of them are not looked for.
_MOST = 100_000


class Meant(msgspec.Struct, frozen=True):
    """Ids that a promotion's rule can name."""

    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()

    def rules(self, operator: str) -> list[dict[str, Any]]:
        """A rule for each attribute that is named."""
        named = ((_PRODUCT, self.products), (_CATEGORY, self.categories), (_COLLECTION, self.collections))
        return [
            {"attribute": attribute, "operator": operator, "values": list(ids)}
            for attribute, ids in named
            if ids
        ]


class Goods:
    """Looks goods up, each wish once. Made anew for each push, for products change."""

    def __init__(self, rest: Rest) -> None:
        self._products: Lists[Any] = Lists(rest, PRODUCTS, _MOST)
        self._categories: Lists[Named] = Lists(rest, _CATEGORIES, _MOST)
        self._collections: Lists[Titled] = Lists(rest, _COLLECTIONS, _MOST)
        self._names: tuple[Mapping[str, list[str]], Mapping[str, list[str]]] | None = None
        self._known: dict[tuple[Sequence[str], Sequence[str], Sequence[str]], list[dict[str, Any]]] = {}

    def rules(
        self, products: Sequence[str], categories: Sequence[str], excluded: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Rules that hold for these products, in these categories, and in none of the excluded.

        Raises:
            RejectedError: the shop has no such goods, and a coupon for nothing would be one for everything.
        """
        wish = (products, categories, excluded)
        if wish not in self._known:
            self._known[wish] = [*self._only(products, categories), *self._but(excluded)]
        return self._known[wish]

    def _only(self, products: Sequence[str], categories: Sequence[str]) -> list[dict[str, Any]]:
        # All rules must hold, so goods have to be one of the products and in one of the categories.
        there, meant = Meant(products=self._existing(products)), self._named(categories)
        if products and not there.products:
            raise _no_goods(products)
        if categories and not (meant.categories or meant.collections):
            raise _no_goods(categories)
        if meant.categories and meant.collections:  # what is in either is named product by product
            meant = self._together(meant, categories)
        return [*there.rules("in"), *meant.rules("in")]

    def _but(self, excluded: Sequence[str]) -> list[dict[str, Any]]:
        rules = self._named(excluded).rules("ne")
        if excluded and not rules:
            raise _no_goods(excluded)
        return rules

    def _together(self, meant: Meant, names: Sequence[str]) -> Meant:
        found: list[str] = []
        for name, ids in (("category_id[]", meant.categories), ("collection_id[]", meant.collections)):
            rows, _ = self._products.ask(("id",), Identified, limit=_MOST, **{name: list(ids)})
            found += [row.id for row in rows]
        if not found:
            raise _no_goods(names)
        return Meant(products=tuple(dict.fromkeys(found)))

    def _existing(self, products: Sequence[str]) -> tuple[str, ...]:
        if not products:
            return ()
        rows, _ = self._products.ask(("id",), Identified, limit=len(products), **{"id[]": list(products)})
        return tuple(row.id for row in rows)

    def _named(self, names: Sequence[str]) -> Meant:
        """Categories and collections of these names; a name may belong to several."""
        if not names:
            return Meant()
        categories, collections = self._names_of_all()
        wanted = [name.casefold() for name in names]
        return Meant(
            categories=tuple(each for name in wanted for each in categories.get(name, ())),
            collections=tuple(each for name in wanted for each in collections.get(name, ())),
        )

    def _names_of_all(self) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
        if self._names is None:
            categories: dict[str, list[str]] = {}
            for named in self._categories.ask(("id", "name"), Named, limit=_MOST)[0]:
                categories.setdefault(named.name.casefold(), []).append(named.id)
            collections: dict[str, list[str]] = {}
            for titled in self._collections.ask(("id", "title"), Titled, limit=_MOST)[0]:
                collections.setdefault(titled.title.casefold(), []).append(titled.id)
            self._names = categories, collections
        return self._names


def _no_goods(names: Sequence[str]) -> RejectedError:
    return RejectedError(f"Medusa has no goods under {', '.join(names)}.")
