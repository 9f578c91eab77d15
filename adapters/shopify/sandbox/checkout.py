"""What buyers and the merchant do: orders, refunds, cancellations, edits, changes of accounts.

Everything here moves `updatedAt` and tells webhook subscribers. Prices include 7 % VAT.
"""

from collections.abc import Mapping, Sequence

import msgspec

from adapters.shopify.sandbox.discounts import Code, Discounts, Piece
from adapters.shopify.sandbox.records import (
    PRESENTMENT,
    StoredCustomer,
    StoredLine,
    StoredOrder,
    StoredRefund,
    line_id,
    stored_number,
)
from adapters.shopify.sandbox.search import micros
from adapters.shopify.sandbox.shop import Shop

VAT = 7


class BasketLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of something at a price, in minor units with tax."""

    price: int
    quantity: int = 1
    product_id: str | None = None
    sku: str | None = None
    title: str = "Hausmischung"


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is about to order."""

    lines: tuple[BasketLine, ...]
    customer_id: str | None = None
    email: str | None = None
    code: str | None = None
    codes: tuple[str, ...] = ()  #: more of them
    shipping: int = 0
    paid: bool = True
    payment_method: str = "Kreditkarte"
    channel: str = "web"
    country: str = "DE"
    test: bool = False

    def goods(self) -> list[Piece]:
        """The lines as discounts see them."""
        return [
            Piece(
                product=stored_number(line.product_id) if line.product_id else None,
                value=line.price * line.quantity,
                quantity=line.quantity,
            )
            for line in self.lines
        ]


class RefusedError(Exception):
    """The shop says no; the message says why."""


class Checkout:
    """The counter of the shop."""

    def __init__(self, shop: Shop, discounts: Discounts) -> None:
        self._shop = shop
        self._discounts = discounts

    def place(self, basket: Basket) -> StoredOrder:
        """Order a basket.

        Raises:
            RefusedError: the customer does not exist or the code may not be used.
        """
        with self._shop.store.write():
            customer = self._customer(basket.customer_id) if basket.customer_id else None
            codes = self._accepted_codes(basket, customer)
            order = self._order(basket, customer, codes)
            self._shop.save(order)
            for code in codes:
                number = customer.id if customer else None
                self._discounts.redeemed(code, customer=number, email=order.email, order=order.id)
            if customer is not None:
                customer.orders += 1
                customer.spent += order.total
                customer.last_order = order.id
                self._shop.touch(customer)
        return order

    def _customer(self, number: str) -> StoredCustomer:
        customer = self._shop.store.customer(stored_number(number))
        if customer is None:
            raise RefusedError("There is no such customer.")
        return customer

    def _accepted_codes(self, basket: Basket, customer: StoredCustomer | None) -> list[Code]:
        """The codes of the basket, each once.

        Raises:
            RefusedError: one of them may not be used, or not beside the others.
        """
        codes: dict[int, Code] = {}
        for text in ([basket.code] if basket.code is not None else []) + list(basket.codes):
            code = self._discounts.find(text)
            if code is None:
                raise RefusedError("The code does not exist.")
            codes[code.id] = code
        for code in codes.values():
            reason = self._discounts.refusal(
                code,
                customer=customer.id if customer else None,
                email=customer.email if customer else basket.email,
                goods=basket.goods(),
            )
            if reason is not None:
                raise RefusedError(reason)
        if clash := self._discounts.clash(list(codes.values())):
            raise RefusedError(clash)
        return list(codes.values())

    def _order(self, basket: Basket, customer: StoredCustomer | None, codes: Sequence[Code]) -> StoredOrder:
        number = self._shop.store.next_id("orders")
        full = [line.price * line.quantity for line in basket.lines]
        off, free = self._discounts.taken_off(codes, basket.goods())
        lines = _lines(number, basket.lines, off)
        shipping, shipping_off = (0, basket.shipping) if free else (basket.shipping, 0)
        subtotal = sum(full) - sum(off)
        total = subtotal + shipping
        currency = self._shop.profile.currency
        presentment, rate = PRESENTMENT.get(basket.country, (currency, 1.0))
        now = self._shop.now()
        return StoredOrder(
            id=number,
            name=f"#{number}",
            customer=customer.id if customer else None,
            email=customer.email if customer else basket.email,
            created=now,
            updated=now,
            cancelled=None,
            test=basket.test,
            edited=False,
            currency=currency,
            presentment=presentment,
            rate=rate,
            tax_included=True,
            original_total=total,
            total=total,
            current_total=total,
            received=total if basket.paid else 0,
            subtotal=subtotal,
            discounts=sum(off) + shipping_off,
            shipping=shipping,
            shipping_tax=_tax_in(shipping),
            tax=_tax_in(subtotal) + _tax_in(shipping),
            lines=lines,
            refunds=[],
            codes=[code.code for code in codes],
            financial="PAID" if basket.paid else "PENDING",
            fulfillment="UNFULFILLED",
            fulfilled=None,
            return_status="NO_RETURN",
            gateway=basket.payment_method,
            source=basket.channel,
            location=None,
            country=basket.country,
            shipping_off=shipping_off,
        )

    def refund(
        self,
        order_id: str,
        *,
        lines: Mapping[int, int] | None = None,
        amount: int | None = None,
        shipping: bool = False,
    ) -> StoredOrder:
        """Give money back: for pieces of lines (by their place), the shipping, or just an amount.

        Without any of these everything that is left.

        Raises:
            RefusedError: there is no such order, or not so much to give back.
        """
        with self._shop.store.write():
            order = self._known_order(order_id)
            everything = lines is None and amount is None and not shipping
            if everything:
                lines = {place: line.current for place, line in enumerate(order.lines) if line.current}
                amount = order.received - order.refunded()
            refund = self._refund(order, lines or {}, amount, with_shipping=shipping or everything)
            self._apply_refund(order, refund)
            self._shop.touch(order)
            self._shop.tell("REFUNDS_CREATE", order)
            self._spent_less(order, refund.amount)
        return order

    def _refund(
        self, order: StoredOrder, lines: Mapping[int, int], amount: int | None, *, with_shipping: bool
    ) -> StoredRefund:
        goods = 0
        for place, quantity in lines.items():
            line = order.lines[place]
            if quantity > line.current:
                raise RefusedError("There are not so many pieces left to give back.")
            goods += round(line.total * quantity / line.quantity)
        shipping = order.shipping - sum(refund.shipping for refund in order.refunds) if with_shipping else 0
        total = amount if amount is not None else goods + shipping
        if not 0 < total <= order.received - order.refunded():
            raise RefusedError("There is not so much money to give back.")
        return StoredRefund(
            id=order.id * 100 + len(order.refunds) + 1,
            at=self._shop.now(),
            amount=total,
            tax=round(order.tax * total / order.total) if order.total else 0,
            shipping=min(shipping, total),
            lines=list(lines.items()),
        )

    def _apply_refund(self, order: StoredOrder, refund: StoredRefund) -> None:
        order.refunds.append(refund)
        for place, quantity in refund.lines:
            order.lines[place].current -= quantity
        order.current_total -= refund.amount
        everything = order.refunded() >= order.received
        order.financial = "REFUNDED" if everything else "PARTIALLY_REFUNDED"
        if refund.lines and order.fulfilled:
            order.return_status = "RETURNED"

    def _spent_less(self, order: StoredOrder, amount: int) -> None:
        customer = self._shop.store.customer(order.customer) if order.customer else None
        if customer is not None:
            customer.spent -= amount
            self._shop.touch(customer)

    def cancel(self, order_id: str) -> StoredOrder:
        """Cancel an order and give back what was paid.

        Raises:
            RefusedError: there is no such order, or it is cancelled.
        """
        with self._shop.store.write():
            order = self._known_order(order_id)
            if order.cancelled is not None:
                raise RefusedError("The order is cancelled already.")
            if order.received > order.refunded():
                order = self.refund(order_id)
            order.cancelled = self._shop.now()
            for line in order.lines:
                line.current = 0
            order.current_total = 0
            order.financial = "REFUNDED" if order.refunds else "VOIDED"
            self._shop.touch(order)
            self._shop.tell("ORDERS_CANCELLED", order)
        return order

    def pay(self, order_id: str) -> StoredOrder:
        """The money for an order arrives."""
        with self._shop.store.write():
            order = self._known_order(order_id)
            order.received = order.current_total + order.refunded()
            order.financial = "PAID"
            self._shop.touch(order)
            self._shop.tell("ORDERS_PAID", order)
        return order

    def fulfil(self, order_id: str) -> StoredOrder:
        """Ship an order."""
        with self._shop.store.write():
            order = self._known_order(order_id)
            order.fulfillment, order.fulfilled = "FULFILLED", self._shop.now()
            self._shop.touch(order)
            self._shop.tell("ORDERS_FULFILLED", order)
        return order

    def edit(
        self, order_id: str, *, add: Sequence[BasketLine] = (), remove: Mapping[int, int] | None = None
    ) -> StoredOrder:
        """Edit an order: add lines, remove pieces of lines (by their place). Money is settled separately."""
        with self._shop.store.write():
            order = self._known_order(order_id)
            added = _lines(order.id, add, [0] * len(add), start=len(order.lines))
            worth = sum(line.total for line in added)
            order.lines += added
            order.subtotal += worth
            order.total += worth
            order.tax += _tax_in(worth)
            order.current_total += worth
            for place, quantity in (remove or {}).items():
                line = order.lines[place]
                line.current -= quantity
                order.current_total -= round(line.total * quantity / line.quantity)
            order.edited = True
            if order.financial == "PAID" and order.current_total > order.received:
                order.financial = "PARTIALLY_PAID"
            self._shop.touch(order)
            self._shop.tell("ORDERS_EDITED", order)
        return order

    def _known_order(self, order_id: str) -> StoredOrder:
        order = self._shop.store.order(stored_number(order_id))
        if order is None:
            raise RefusedError("There is no such order.")
        return order

    def delete_customer(self, customer_id: str) -> bool:
        """Delete an account; its orders stay as a guest's."""
        return self._shop.remove("customers", stored_number(customer_id))

    def change_email(self, customer_id: str, email: str | None) -> StoredCustomer:
        """Give an account another address.

        Raises:
            RefusedError: there is no such customer.
        """
        with self._shop.store.write():
            customer = self._customer(customer_id)
            customer.email = email
            self._shop.touch(customer)
        return customer

    def merge(self, kept_id: str, lost_id: str) -> StoredCustomer:
        """Merge an account into another: orders, tags and figures move, the lost one is deleted.

        Raises:
            RefusedError: one of them does not exist.
        """
        with self._shop.store.write():
            kept, lost = self._customer(kept_id), self._customer(lost_id)
            for order in self._shop.view().orders_of(lost.id):
                order.customer = kept.id
                self._shop.touch(order)
            kept.orders += lost.orders
            kept.spent += lost.spent
            known = {tag.casefold() for tag in kept.tags}
            kept.tags += [tag for tag in lost.tags if tag.casefold() not in known]
            self._shop.store.run("UPDATE redemptions SET customer = ? WHERE customer = ?", (kept.id, lost.id))
            self._shop.touch(kept)
            self._shop.remove("customers", lost.id)
            payload = {
                "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept.id}",
                "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{lost.id}",
                "occurred_at": micros(self._shop.now()),
                "status": "completed",
            }
            self._shop.webhooks.emit("CUSTOMERS_MERGE", payload)
        return kept


def _tax_in(gross: int) -> int:
    return gross - round(gross * 100 / (100 + VAT))


def _lines(
    order: int, wanted: Sequence[BasketLine], discounts: Sequence[int], *, start: int = 0
) -> list[StoredLine]:
    return [
        StoredLine(
            id=line_id(order, place),
            product=stored_number(line.product_id) if line.product_id else None,
            variant=None,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            current=line.quantity,
            unit=line.price,
            total=line.price * line.quantity - off,
            gift_card=False,
        )
        for place, (line, off) in enumerate(zip(wanted, discounts, strict=True), start)
    ]
