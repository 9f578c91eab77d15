"""What buyers and the owner do: orders with and without codes, refunds, shipping, cancellation."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.vendure.sandbox.records import (
    StoredCustomer,
    StoredLine,
    StoredOrder,
    StoredPayment,
    StoredPromotion,
    StoredRefund,
)
from adapters.vendure.sandbox.shop import Shop

TAX = 0.19
SHIPPING = 500


class RefusedError(Exception):
    """The shop says no; the message says why, in its own words."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of that price with tax."""

    price: int = 10_000
    product: int = 0
    quantity: int = 1


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is about to order."""

    customer_id: int
    items: tuple[Item, ...] = (Item(),)
    codes: tuple[str, ...] = ()


class Checkout:
    """The counter of the shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def place(self, basket: Basket) -> StoredOrder:
        """Order a basket, and pay.

        Raises:
            RefusedError: there is no such customer, or a code is not taken or worth nothing.
        """
        with self._shop.lock:
            customer = self._shop.customers.get(basket.customer_id)
            if customer is None:
                raise RefusedError("There is no such customer.")
            order = self._cart(customer, basket)
            for code in basket.codes:
                self._enter(order, customer, code)
            total = sum(line.price * line.placed - line.off for line in order.lines) + order.shipping
            order.payments = [StoredPayment(method="dummy", amount=total, state="Settled")]
            self._shop.save(order)
            return order

    def ship(self, order_id: int) -> StoredOrder:
        """Hand it to the carrier; `updatedAt` does not move."""
        order = self._order(order_id)
        order.state, order.shipped = "Shipped", self._shop.now()
        return order

    def refund(self, order_id: int, amount: int) -> StoredOrder:
        """Give money back; `updatedAt` does not move."""
        order = self._order(order_id)
        if not order.payments:
            raise RefusedError("There is no payment to refund.")
        taken = sum(len(payment.refunds) for each in self._shop.orders.values() for payment in each.payments)
        refund = StoredRefund(id=taken + 1, created=self._shop.now(), total=amount)
        order.payments[0].refunds = [*order.payments[0].refunds, refund]
        return order

    def cancel(self, order_id: int) -> StoredOrder:
        """Cancel all of it: every line shrinks to nothing."""
        order = self._order(order_id)
        order.state, order.cancelled, order.updated = "Cancelled", self._shop.now(), self._shop.now()
        for line in order.lines:
            line.quantity = 0
        return order

    def _order(self, order_id: int) -> StoredOrder:
        order = self._shop.orders.get(order_id)
        if order is None:
            raise RefusedError("There is no such order.")
        return order

    def _cart(self, customer: StoredCustomer, basket: Basket) -> StoredOrder:
        number, now = max(self._shop.orders, default=0) + 1, self._shop.now()
        lines = [self._line(item, number * 100 + place) for place, item in enumerate(basket.items)]
        return StoredOrder(
            id=number,
            code=f"SANDBOX{number}",
            state="PaymentSettled",
            created=now,
            updated=now,
            placed=now,
            customer=customer.id,
            currency=self._shop.profile.currency,
            rate=TAX,
            lines=lines,
            shipping=SHIPPING,
            country=customer.country,
        )

    def _line(self, item: Item, number: int) -> StoredLine:
        product = self._shop.products.get(item.product)
        variant, sku = product.variants()[0] if product else (item.product * 100, "")
        return StoredLine(
            id=number,
            product=item.product,
            variant=variant,
            sku=sku,
            name=product.name if product else "Warenkorb",
            price=item.price,
            quantity=item.quantity,
            placed=item.quantity,
        )

    # -- codes ------------------------------------------------------------------------------------------

    def _enter(self, order: StoredOrder, customer: StoredCustomer, code: str) -> None:
        promotion = self._valid(code, customer)
        if not self._in_force(promotion) or not self._conditions_hold(promotion, order, customer):
            raise RefusedError(f"The code {code} is taken but worth nothing.")
        for action in promotion.actions:
            _apply(action, order)
        order.codes = [*order.codes, promotion.code or code]
        order.promotions = [*order.promotions, promotion.id]

    def _valid(self, code: str, customer: StoredCustomer) -> StoredPromotion:
        found = [each for each in self._shop.with_code(code) if each.enabled]
        if not found:
            raise RefusedError(f'Coupon code "{code}" is not valid')
        promotion = found[0]
        if promotion.ends and promotion.ends < self._shop.now():
            raise RefusedError(f'Coupon code "{code}" has expired')
        used = [
            order
            for order in self._shop.orders.values()
            if promotion.id in order.promotions and order.state != "Cancelled"
        ]
        own = [order for order in used if order.customer == customer.id]
        limits = ((promotion.customer_limit, own), (promotion.usage_limit, used))
        if any(limit is not None and len(orders) >= limit for limit, orders in limits):
            raise RefusedError("Coupon code cannot be used more than once per customer")
        return promotion

    def _in_force(self, promotion: StoredPromotion) -> bool:
        return promotion.starts is None or promotion.starts <= self._shop.now()

    def _conditions_hold(
        self, promotion: StoredPromotion, order: StoredOrder, customer: StoredCustomer
    ) -> bool:
        return all(_holds(condition, order, customer) for condition in promotion.conditions)


def _arguments(operation: Mapping[str, Any]) -> dict[str, str]:
    return {argument["name"]: argument["value"] for argument in operation["args"]}


def _variants(arguments: Mapping[str, str]) -> list[int]:
    return [int(each) for each in msgspec.json.decode(arguments["productVariantIds"], type=list[str])]


def _holds(condition: Mapping[str, Any], order: StoredOrder, customer: StoredCustomer) -> bool:
    given = _arguments(condition)
    if condition["code"] == "customer_group":
        return int(given["customerGroupId"]) in customer.groups
    if condition["code"] == "minimum_order_amount":
        gross = sum(line.price * line.placed - line.off for line in order.lines)
        net = gross / (1 + order.rate)
        return (gross if given["taxInclusive"] == "true" else net) >= int(given["amount"])
    if condition["code"] == "contains_products":
        wanted = _variants(given)
        return sum(line.placed for line in order.lines if line.variant in wanted) >= int(given["minimum"])
    raise RefusedError(f"The sandbox has no condition {condition['code']}.")


def _apply(action: Mapping[str, Any], order: StoredOrder) -> None:
    given, lines = _arguments(action), order.lines
    if action["code"] == "free_shipping":
        order.shipping = 0
    elif action["code"] == "order_percentage_discount":
        _percent_off(lines, float(given["discount"]))
    elif action["code"] == "products_percentage_discount":
        wanted = _variants(given)
        _percent_off([line for line in lines if line.variant in wanted], float(given["discount"]))
    elif action["code"] == "order_fixed_discount":
        _amount_off(lines, int(given["discount"]))
    else:
        raise RefusedError(f"The sandbox has no action {action['code']}.")


def _percent_off(lines: Sequence[StoredLine], percent: float) -> None:
    for line in lines:
        line.off += round((line.price * line.placed - line.off) * percent / 100)


def _amount_off(lines: Sequence[StoredLine], amount: int) -> None:
    """An amount, shared between the lines as their values are."""
    left = [line.price * line.placed - line.off for line in lines]
    amount = min(amount, sum(left))
    for line, value in zip(lines, left, strict=True):
        part = round(amount * value / sum(left)) if sum(left) else 0
        line.off += part
