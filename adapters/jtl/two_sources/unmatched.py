"""What one system has and the other does not know."""

from collections.abc import Iterable, Iterator

import msgspec

from adapters.jtl.companion import PluginShop
from adapters.jtl.two_sources.joining import by_number, partner
from adapters.jtl.two_sources.naming import Naming, address_key
from connector.adapter import Adapter
from connector.model import Customer, Kind, Order

NOT_IN_BOOKS = "not in {books} (yet), so it does not count"
NO_SUCH_NUMBER = "no order in the shop has this number, and no customer there this address"
NO_ADDRESS = "no address to join by"
UNKNOWN_ADDRESS = "no customer in the shop has this address"


class Unmatched(msgspec.Struct, frozen=True, kw_only=True):
    """A record without a partner in the other system."""

    kind: str  #: "order" or "customer"
    system: str  #: where it is
    id: str  #: as in the mirror; of an order in the shop, the shop's
    number: str | None = None
    email: str | None = None
    channel: str | None = None
    why: str


def unmatched(shop: PluginShop, books: Adapter, naming: Naming) -> Iterator[Unmatched]:
    """Orders of the books, then of the shop, then customers of the books. Reads both whole."""
    joined: set[str] = set()
    for page in books.orders(None, None):
        yield from _orders_of_books(page.records, shop, books, naming, joined)
    for orders in shop.changed(Kind.ORDERS, None, None):
        for order in orders.records:
            if order.id not in joined:
                yield _of(order, "JTL-Shop", order.id, NOT_IN_BOOKS.format(books=books.title))
    for customers in books.customers(None, None):
        yield from _customers(customers.records, shop, books, naming)


def known_addresses(shop: PluginShop, emails: Iterable[str | None]) -> set[str]:
    """Addresses, as they are compared, that a record of the shop has too."""
    asked = {key: email.strip() for email in emails if (key := address_key(email)) and email}
    if not asked:
        return set()
    found = {address_key(each.email) for each in shop.customers_with(asked.values())}
    return {key for key in asked if key in found}


def _orders_of_books(
    orders: Iterable[Order], shop: PluginShop, books: Adapter, naming: Naming, joined: set[str]
) -> Iterator[Unmatched]:
    orders = list(orders)
    of_shop = by_number(shop.orders_numbered(order.number for order in orders))
    alone = []
    for order in orders:
        if found := partner(order, of_shop):
            joined.add(found.id)
        else:
            alone.append(order)
    known = known_addresses(shop, (order.email for order in alone))
    for order in alone:
        if address_key(order.email) not in known:
            yield _of(order, books.title, naming.ours(order.id), NO_SUCH_NUMBER)


def _customers(
    customers: Iterable[Customer], shop: PluginShop, books: Adapter, naming: Naming
) -> Iterator[Unmatched]:
    customers = list(customers)
    known = known_addresses(shop, (each.email for each in customers))
    for each in customers:
        key = address_key(each.email)
        if key not in known:
            yield Unmatched(
                kind="customer",
                system=books.title,
                id=naming.ours(each.id),
                number=each.attributes.get("customer_number"),
                email=each.email,
                why=UNKNOWN_ADDRESS if key else NO_ADDRESS,
            )


def _of(order: Order, system: str, record_id: str, why: str) -> Unmatched:
    return Unmatched(
        kind="order",
        system=system,
        id=record_id,
        number=order.number,
        email=order.email,
        channel=order.channel,
        why=why,
    )
