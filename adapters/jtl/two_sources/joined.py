"""A JTL-Shop whose orders are kept in other books: the reads of both as those of one shop."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from adapters.jtl.companion import PluginShop
from adapters.jtl.ping import RETURNS_UNKNOWN
from adapters.jtl.two_sources.directory import Directory
from adapters.jtl.two_sources.joining import by_number, join, partner, to_guest
from adapters.jtl.two_sources.naming import Naming, address_key
from adapters.jtl.two_sources.turns import in_turn
from adapters.jtl.two_sources.unmatched import Unmatched, known_addresses, unmatched
from adapters.jtl.two_sources.writing import Writing, copied
from adapters.jtl.wawi import inspection
from connector.adapter import Adapter, Page
from connector.errors import ConfigError
from connector.model import (
    Change,
    Coupon,
    Customer,
    Feature,
    Kind,
    Order,
    Product,
    Record,
    Result,
    ShopInfo,
    Tagging,
)

#: How much longer back both are asked for changes of customers: one watermark stands for two clocks.
SLACK = timedelta(days=1)

JOINED = (
    "Orders, returns and dealers come from {books}; customers with an account, consent, products and coupons "
    "from the shop. What has no partner is listed by `stammkunde jtl unmatched`."
)
NOT_STORED = (
    "A code for a customer of {books} without an account in the shop is stored with nobody there: "
    "`stammkunde customer` shows it."
)

#: What one system says that it lacks, and the other has.
MENDED = frozenset({RETURNS_UNKNOWN, inspection.GUESTS, inspection.NO_COUPONS, inspection.OPEN_RETURNS})


class JoinedShop:
    """Reads and writes both.

    Args:
        books: where orders come from.
        customers_of_books: reads all customers of the books, as cheaply as they can be read.
        naming: how ids of the books are told from the shop's.
    """

    def __init__(
        self,
        shop: PluginShop,
        books: Adapter,
        *,
        customers_of_books: Callable[[], Iterator[Page[Customer]]],
        naming: Naming,
    ) -> None:
        self.shop = shop
        self.books = books
        self.naming = naming
        self._directory = Directory(customers_of_books)

    def check(self) -> ShopInfo:
        """Both, as one shop.

        Raises:
            ConfigError: they keep their money in different currencies.
        """
        return _merged(self.shop.check(), self.books.check(), self.books.title)

    # -- reads ------------------------------------------------------------------------------------------

    def changed(self, kind: Kind, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Any]]:
        """Products of the shop, orders of the books, and customers of both in turn."""
        if kind is Kind.PRODUCTS:
            return self.shop.changed(kind, since, checkpoint)
        if kind is Kind.ORDERS:
            return self._orders(self.books.orders(since, checkpoint))
        early = since - SLACK if since else None
        return in_turn(
            lambda place: self.shop.changed(kind, early, place),
            lambda place: self._guests(self.books.customers(early, place)),
            checkpoint,
        )

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id there is, of those systems that records of this kind come from."""
        if kind is Kind.PRODUCTS:
            return self.shop.ids(kind, checkpoint)
        if kind is Kind.ORDERS:
            return self._ids(kind, checkpoint)
        return in_turn(
            lambda place: self.shop.ids(kind, place), lambda place: self._ids(kind, place), checkpoint
        )

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """Each by the system that it comes from. An order of the shop is none of ours here."""
        of_shop, of_books = self.naming.parted(ids)
        if kind is Kind.ORDERS:
            if of_shop:
                yield Page(records=(), gone=tuple(of_shop))
        elif of_shop:
            yield from self.shop.by_id(kind, of_shop)
        if of_books and kind is Kind.PRODUCTS:
            yield Page(records=(), gone=tuple(map(self.naming.ours, of_books)))
        elif of_books:
            pages: Iterator[Page[Any]] = self.books.by_id(kind, of_books)
            yield from self._orders(pages) if kind is Kind.ORDERS else self._guests(pages)

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """Orders of these customers, also those of their records in the books."""
        of_shop, of_books = self.naming.parted(customer_ids)
        for page in self.shop.by_id(Kind.CUSTOMERS, of_shop):
            for customer in page.records:
                of_books += self._directory.ids(customer.email) if isinstance(customer, Customer) else []
        wanted = {*customer_ids, *map(self.naming.ours, of_books)}
        for orders in self._orders(self.books.orders_of(list(dict.fromkeys(of_books)))):
            yield Page(records=tuple([each for each in orders.records if each.customer_id in wanted]))

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        """Tags of the shop, and of those customers of the books whom the shop does not know."""
        return in_turn(
            lambda place: self.shop.tags(prefix, place),
            lambda place: self._own_taggings(self.books.tags(prefix, place)),
            checkpoint,
        )

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        """The shop's."""
        return self.shop.coupons(since, checkpoint)

    def _ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        for page in self.books.ids(kind, checkpoint):
            records = tuple(map(self.naming.ours, page.records))
            yield Page(records=records, checkpoint=page.checkpoint, total=page.total)

    # -- orders -----------------------------------------------------------------------------------------

    def _orders(self, pages: Iterator[Page[Order]]) -> Iterator[Page[Order]]:
        """Orders of the books, joined. The shop's record of the same order is gone, in case that a mirror has
        it from before there were books: it would be counted twice.
        """
        for page in pages:
            of_shop = by_number(self.shop.orders_numbered(order.number for order in page.records))
            partners = [partner(order, of_shop) for order in page.records]
            yield Page(
                records=tuple(
                    [
                        join(order, found, self.naming, self._products)
                        for order, found in zip(page.records, partners, strict=True)
                    ]
                ),
                gone=(*map(self.naming.ours, page.gone), *(found.id for found in partners if found)),
                checkpoint=page.checkpoint,
                total=page.total,
            )

    @cached_property
    def _products(self) -> dict[str, str]:
        """Ids of the shop's products by SKU; read once."""
        pages: Iterator[Page[Product]] = self.shop.changed(Kind.PRODUCTS, None, None)
        return {sku: product.id for page in pages for product in page.records for sku in product.skus}

    # -- customers --------------------------------------------------------------------------------------

    def _guests(self, pages: Iterator[Page[Customer]]) -> Iterator[Page[Customer]]:
        for page in pages:
            in_shop = known_addresses(self.shop, (each.email for each in page.records if each.tags))
            yield Page(
                records=tuple(
                    [
                        to_guest(each, self.naming, with_tags=address_key(each.email) not in in_shop)
                        for each in page.records
                    ]
                ),
                gone=tuple(map(self.naming.ours, page.gone)),
                checkpoint=page.checkpoint,
                total=page.total,
            )

    def _own_taggings(self, pages: Iterator[Page[Tagging]]) -> Iterator[Page[Tagging]]:
        for page in pages:
            emails = {each.customer_id: self._directory.email(each.customer_id) for each in page.records}
            in_shop = known_addresses(self.shop, emails.values())
            own = [
                Tagging(customer_id=self.naming.ours(each.customer_id), tags=each.tags)
                for each in page.records
                if address_key(emails[each.customer_id]) not in in_shop
            ]
            yield Page(records=tuple(own), checkpoint=page.checkpoint)

    def unmatched(self) -> Iterator[Unmatched]:
        """What only one of the two knows."""
        return unmatched(self.shop, self.books, self.naming)

    # -- push -------------------------------------------------------------------------------------------

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        features = self.books.check().features
        moves = Feature.CUSTOMER_GROUPS in self.shop.check().features
        writing = Writing(
            self.shop, self.books, self._directory, self.naming, copied=copied(features), shop_moves=moves
        )
        yield from writing.push(changes, run)

    def close(self) -> None:
        self.shop.close()
        self.books.close()


def _merged(shop: ShopInfo, books: ShopInfo, title: str) -> ShopInfo:
    """Both as one. Whatever goes to both needs both; whatever the shop alone does, the shop."""
    if shop.currency != books.currency:
        raise ConfigError(
            f"The shop's currency is {shop.currency}, but that of {title} is {books.currency}: orders of the "
            "one cannot be counted as orders of the other."
        )
    features = set(shop.features) | ({Feature.CUSTOMER_GROUPS} & books.features)
    if Feature.TAGS not in books.features:
        features.discard(Feature.TAGS)
    return msgspec.structs.replace(
        shop,
        features=frozenset(features),
        orders_visible_from=books.orders_visible_from,
        oldest_order=books.oldest_order,
        missing_scopes=(*shop.missing_scopes, *books.missing_scopes),
        scope_help=" ".join(filter(None, _help(shop, books))) or None,
        notes=(
            JOINED.format(books=title),
            NOT_STORED.format(books=title),
            *_own_notes(shop),
            *_own_notes(books),
        ),
        order_count=books.order_count,
        payment_methods=tuple(sorted({*shop.payment_methods, *books.payment_methods})),
        customer_groups=tuple(dict.fromkeys((*shop.customer_groups, *books.customer_groups))),
        net_price_groups=tuple(dict.fromkeys((*shop.net_price_groups, *books.net_price_groups))),
        returns_unknown=books.returns_unknown,
    )


def _own_notes(info: ShopInfo) -> list[str]:
    """What still holds where the other system has what this one lacks."""
    return [note for note in info.notes if note not in MENDED]


def _help(*infos: ShopInfo) -> list[str | None]:
    """Where to grant what is missing, of those that lack something."""
    return [info.scope_help for info in infos if info.missing_scopes]
