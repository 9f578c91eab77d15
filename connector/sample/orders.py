"""Orders of the sample roaster, with everything that can become of an order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

import msgspec

from connector.model import LineItem, Order, Payment, Refund, Shipment
from connector.sample.catalogue import Article, Variant
from connector.sample.people import Person

FIRST_ORDER_ID = 5_600_000_000_000
FIRST_ORDER_NUMBER = 1000

#: Goods from which shipping is free, and what it costs below, in cents with tax.
FREE_SHIPPING = 3900
SHIPPING = 490

BRANCH = "Laden Hamburg"

_METHODS = (("PayPal", 0.46), ("Kreditkarte", 0.7), ("Rechnung", 0.9), ("Vorkasse", 1.0))


class OrderWriter:
    """Makes orders out of the articles of a shop.

    Args:
        end: the last second of the history, since 1970; nothing is shipped or refunded later.
    """

    def __init__(self, articles: Sequence[Article], end: int) -> None:
        self._articles = list(articles)
        self._weights = list(accumulate(article.popularity for article in articles))
        self._end = datetime.fromtimestamp(end, UTC)

    def order(
        self, somebody: Person, customer: str | None, moment: int, number: int, random: Random, *, first: bool
    ) -> Order:
        """One order of somebody, whole with its later fate."""
        placed = datetime.fromtimestamp(moment, UTC)
        code, percent = _code(placed, random, first=first)
        lines, goods, discounts, tax, only_food = self._lines(random, percent, dealer=somebody.dealer)
        shop = random.random() < 0.08
        gross = sum(line.total for line in lines)
        shipping = 0 if shop or gross >= FREE_SHIPPING else SHIPPING
        shipping_net = round(shipping * 100 / (107 if only_food else 119))
        draft = Order(
            id=str(FIRST_ORDER_ID + number),
            number=f"#{FIRST_ORDER_NUMBER + number}",
            customer_id=customer,
            email=somebody.email,
            placed_at=placed,
            test=random.random() < 0.002,
            currency="EUR",
            total=gross + shipping,
            goods=goods,
            discounts=discounts,
            shipping=shipping_net,
            tax=tax + shipping - shipping_net,
            lines=lines,
            codes=(code,) if code else (),
            payment=Payment.PAID,
            shipment=Shipment.SHIPPED,
            payment_method="Kreditkarte" if shop else _method(random, dealer=somebody.dealer),
            channel="pos" if shop else "web",
            location=BRANCH if shop else None,
            country=somebody.country,
        )
        return self._with_fate(draft, random)

    def _lines(
        self, random: Random, percent: int, *, dealer: bool
    ) -> tuple[tuple[LineItem, ...], int, int, int, bool]:
        """Lines, goods and discounts without tax, the tax on what is left, and whether it is all food."""
        chosen = random.choices(self._articles, cum_weights=self._weights, k=_how_many_lines(random))
        lines, goods, net, tax, only_food = [], 0, 0, 0, True
        for article in dict.fromkeys(chosen):
            variant = random.choice(article.variants)
            quantity = random.randrange(4, 25) if dealer else random.choice((1, 1, 1, 2, 2, 3))
            full = variant.price * quantity
            total = full - full * percent // 100
            line_net = round(total * 100 / (100 + article.vat))
            goods += round(full * 100 / (100 + article.vat))
            net += line_net
            tax += total - line_net
            only_food = only_food and article.vat == 7
            lines.append(_line(article, variant, quantity, total))
        return tuple(lines), goods, goods - net, tax, only_food

    def _with_fate(self, draft: Order, random: Random) -> Order:
        """Paid, shipped, cancelled, refunded or still open."""
        chance = random.random()
        placed = draft.placed_at
        shipped = min(placed + timedelta(hours=random.randrange(3, 60)), self._end)
        if draft.channel == "pos":
            shipped = placed
        elif chance < 0.015:
            cancelled = min(placed + timedelta(hours=5), self._end)
            return _changed(draft, cancelled_at=cancelled, shipment=Shipment.NONE, payment=Payment.NONE)
        elif draft.payment_method == "Vorkasse" and chance < 0.15:
            return _changed(draft, payment=Payment.NONE, shipment=Shipment.NONE)
        elif placed > self._end - timedelta(days=1):
            return _changed(draft, shipment=Shipment.NONE)
        elif draft.payment_method == "Rechnung" and placed > self._end - timedelta(days=14):
            return _changed(draft, payment=Payment.NONE, shipped_at=shipped)
        order = _changed(draft, shipped_at=shipped)
        back = shipped + timedelta(days=random.randrange(2, 25))
        if chance > 0.963 and back < self._end:
            return _returned(order, back, random, everything=chance > 0.988)
        return order


def _changed(order: Order, **fields: object) -> Order:
    """The order with other fields, and `updated_at` at the latest of its times."""
    changed = msgspec.structs.replace(order, **fields)
    times = (changed.placed_at, changed.shipped_at, changed.cancelled_at)
    refunds = (refund.refunded_at for refund in changed.refunds)
    updated = max(moment for moment in (*times, *refunds) if moment is not None)
    return msgspec.structs.replace(changed, updated_at=updated)


def _returned(order: Order, back: datetime, random: Random, *, everything: bool) -> Order:
    """Everything comes back, or one line, or only a little money is given back."""
    if everything:
        refund = Refund(
            id=f"{order.id}1", refunded_at=back, amount=order.total, tax=order.tax, shipping=order.shipping
        )
        lines = tuple(_line_left(line, 0) for line in order.lines)
        return _changed(order, refunds=(refund,), lines=lines)
    place = random.randrange(len(order.lines))
    line = order.lines[place]
    whole = random.random() < 0.7
    amount = line.total if whole else max(line.total // 10, 1)
    goods_gross = sum(each.total for each in order.lines)
    tax = round((goods_gross - order.goods + order.discounts) * amount / goods_gross)
    refund = Refund(id=f"{order.id}1", refunded_at=back, amount=amount, tax=tax)
    lines = tuple(_line_left(each, 0) if whole and each is line else each for each in order.lines)
    return _changed(order, refunds=(refund,), lines=lines)


def _line_left(line: LineItem, remaining: int) -> LineItem:
    return msgspec.structs.replace(line, remaining=remaining)


def _line(article: Article, variant: Variant, quantity: int, total: int) -> LineItem:
    return LineItem(
        product_id=article.product.id,
        sku=variant.sku,
        title=f"{article.product.title} {variant.size}".strip(),
        quantity=quantity,
        remaining=quantity,
        total=total,
        gift_card="gutschein" in article.product.tags,
    )


def _how_many_lines(random: Random) -> int:
    return random.choice((1, 1, 1, 1, 2, 2, 2, 3, 3, 4))


def _code(placed: datetime, random: Random, *, first: bool) -> tuple[str | None, int]:
    if first and random.random() < 0.12:
        return "WILLKOMMEN10", 10
    if placed.month == 12 and random.random() < 0.06:
        return "ADVENT15", 15
    return None, 0


def _method(random: Random, *, dealer: bool) -> str:
    if dealer:
        return "Rechnung"
    chance = random.random()
    return next(method for method, upper in _METHODS if chance < upper)
