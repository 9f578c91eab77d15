"""Orders of the books joined to those of the shop by their number. No I/O."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec

from adapters.jtl.two_sources.naming import Naming, address_key
from connector.model import Customer, LineItem, Order

#: Wawi takes orders over with their date; a number range that begins anew is at least this far away.
NEAR = timedelta(days=2)


def by_number(orders: Iterable[Order]) -> dict[str, Order]:
    """Orders of the shop by their number. A number that two orders have names none of them."""
    found: dict[str, list[Order]] = {}
    for order in orders:
        found.setdefault(order.number, []).append(order)
    return {number: same[0] for number, same in found.items() if len(same) == 1}


def partner(order: Order, of_shop: Mapping[str, Order]) -> Order | None:
    """The shop's side of an order of the books, or None where it was not placed in the shop.

    A marketplace or an order by phone may have the number of somebody else's order in the shop. So the
    address has to be the same, or the day.
    """
    found = of_shop.get(order.number)
    if found is None:
        return None
    same_address = address_key(order.email) is not None and address_key(order.email) == address_key(
        found.email
    )
    return found if same_address or abs(order.placed_at - found.placed_at) <= NEAR else None


def join(order: Order, shop_order: Order | None, naming: Naming, products: Mapping[str, str]) -> Order:
    """An order of the books, completed by what only the shop knows of it.

    Money, states, returns and lines are those of the books; the customer is the shop's where the order was
    placed there, and so are the codes.

    Args:
        products: ids of the shop's products by SKU.
    """
    of_books = naming.ours(order.customer_id) if order.customer_id else None
    joined = msgspec.structs.replace(
        order,
        id=naming.ours(order.id),
        customer_id=of_books,
        lines=tuple([_in_shop(line, naming, products) for line in order.lines]),
    )
    if shop_order is None:
        return joined
    return msgspec.structs.replace(
        joined,
        customer_id=shop_order.customer_id or of_books,
        email=shop_order.email or order.email,
        codes=shop_order.codes,
        open_return=order.open_return or shop_order.open_return,
        channel="web",
        country=order.country or shop_order.country,
        payment_method=order.payment_method or shop_order.payment_method,
    )


def _in_shop(line: LineItem, naming: Naming, products: Mapping[str, str]) -> LineItem:
    """A line with the shop's id of its product, found by SKU."""
    known = products.get(line.sku or "")
    other = naming.ours(line.product_id) if line.product_id else None
    return msgspec.structs.replace(line, product_id=known or other, variant_id=None)


def to_guest(customer: Customer, naming: Naming, *, with_tags: bool) -> Customer:
    """A customer of the books as one more record of a person.

    With an address it is a guest, whom the core joins with the account of the same address and with nobody
    where there is none. Without an address it stands for itself.

    Args:
        with_tags: whether its tags are its own. Where a record of the shop has the address, that one carries
            the tags, and those in the books are a copy.
    """
    return msgspec.structs.replace(
        customer,
        id=naming.ours(customer.id),
        guest=address_key(customer.email) is not None,
        account_status=None,
        tags=customer.tags if with_tags else (),
        consents=(),
    )
