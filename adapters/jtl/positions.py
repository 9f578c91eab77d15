"""The positions of a JTL order and the sums in it. No I/O.

JTL keeps the net price of one piece with all its decimals, and the gross total rounded. A coupon is a
position of its own, so what it takes off is shared out over the goods here.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, Decimal

import msgspec

from connector.errors import ResponseError
from connector.model import LineItem
from connector.money import minor_units

#: `nPosTyp` of goods: a product, and a free gift (11 since 5.0; 12 in older shops).
GOODS = frozenset({1, 11, 12})
#: `nPosTyp` of what lowers an order: coupon, voucher, coupon of new customers. Every other position is
#: shipping or a charge, unless it lowers the order too (a payment method with a discount).
DISCOUNTS = frozenset({3, 4, 7})


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One position: so many pieces at a net price, which is negative where it lowers the order."""

    type: int
    net_price: Decimal
    quantity: Decimal = Decimal(1)
    tax_percent: Decimal | None = None
    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    name: str | None = None

    def is_goods(self) -> bool:
        return self.type in GOODS

    def is_discount(self) -> bool:
        return self.type in DISCOUNTS or (not self.is_goods() and self.net_price < 0)

    def net(self) -> Decimal:
        return self.net_price * self.quantity

    def gross(self) -> Decimal:
        return self.net() * (100 + (self.tax_percent or 0)) / 100


class Sums(msgspec.Struct, frozen=True):
    """`total` is gross, the others are without tax: goods - discounts + shipping + tax = total."""

    total: int
    goods: int
    discounts: int
    shipping: int
    tax: int


def sums(positions: Sequence[Position], total: Decimal, currency: str) -> Sums:
    """What an order adds up to.

    Args:
        total: what was charged, gross, customer credit included.

    The tax is what is left of the total, so a rounding of the shop lands there. Where the positions come to
    more than the total (Wawi changed it, or they are missing), the goods are as much less or more.
    """
    charged = amount(total, currency)
    goods = amount(_net(each for each in positions if each.is_goods()), currency)
    discounts = -amount(_net(each for each in positions if each.is_discount()), currency)
    others = (each for each in positions if not each.is_goods() and not each.is_discount())
    shipping = amount(_net(others), currency)
    tax = charged - goods + discounts - shipping
    if tax < 0 or not positions:
        goods, tax = goods + tax, 0
    return Sums(charged, goods, discounts, shipping, tax)


def _net(positions: Iterable[Position]) -> Decimal:
    return sum((each.net() for each in positions), Decimal(0))


def to_lines(positions: Sequence[Position], currency: str) -> tuple[LineItem, ...]:
    """The goods of an order with tax, less their share of its discounts. The parts add up to the whole."""
    goods = [each for each in positions if each.is_goods()]
    full = sum((each.gross() for each in goods), Decimal(0))
    off = -sum((each.gross() for each in positions if each.is_discount()), Decimal(0))
    kept = max(full - off, Decimal(0)) / full if full > 0 else Decimal(1)
    lines, so_far, given = [], Decimal(0), 0
    for each in goods:
        so_far += each.gross() * kept
        part = amount(so_far, currency) - given
        given += part
        lines.append(_to_line(each, part))
    return tuple(lines)


def _to_line(position: Position, total: int) -> LineItem:
    # What is sold by weight has broken quantities; half a kilo is still one piece of something.
    quantity = int(position.quantity.to_integral_value(ROUND_CEILING))
    return LineItem(
        product_id=position.product_id,
        variant_id=position.variant_id,
        sku=position.sku or None,
        title=position.name or "",
        quantity=quantity,
        remaining=quantity,
        total=total,
    )


def amount(value: Decimal, currency: str) -> int:
    """Minor units.

    Raises:
        ResponseError: it is no amount of money.
    """
    try:
        return minor_units(value, currency)
    except ValueError as error:
        raise ResponseError(f"The shop gave a strange amount: {error}.") from None
