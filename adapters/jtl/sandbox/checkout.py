"""What buyers and the merchant do: orders with and without a code, payment, shipping, cancellation."""

import msgspec

from adapters.jtl.sandbox.records import (
    COUPON,
    PRODUCT,
    SHIPPING,
    Redemption,
    StoredCoupon,
    StoredCustomer,
    StoredLine,
    StoredOrder,
)
from adapters.jtl.sandbox.shop import Shop

VAT = 19.0


class RefusedError(Exception):
    """The shop says no; the message says why, in its own words."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of that gross price."""

    price: float
    product: int | None = None


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Goods about to be ordered by an account: `pieces`, or one of that gross price."""

    customer_id: int
    price: float = 100.0
    code: str | None = None
    product: int | None = None
    pieces: tuple[Piece, ...] = ()
    shipping: float = 0.0  #: gross

    def goods(self) -> tuple[Piece, ...]:
        """What lies in it."""
        return self.pieces or (Piece(price=self.price, product=self.product),)

    def value(self) -> float:
        """Of the goods, gross."""
        return sum(piece.price for piece in self.goods())


class Checkout:
    """The counter of the shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def place(self, basket: Basket) -> StoredOrder:
        """Order a basket.

        Raises:
            RefusedError: there is no such customer or the code may not be used.
        """
        with self._shop.lock:
            customer = self._shop.customers.get(basket.customer_id)
            if customer is None:
                raise RefusedError("Dieses Kundenkonto gibt es nicht.")
            coupon = self._accepted(basket, customer) if basket.code else None
            order = self._order(basket, customer, coupon)
            self._shop.save(order)
            if coupon is not None:
                # JTL-Shop notes the price of the shipping as what a coupon of free shipping was worth.
                value = basket.shipping if coupon.free_shipping else self._off(coupon, basket)
                coupon.redemptions.append(Redemption(order.id, customer.id, value, order.created))
                self._shop.save_coupon(coupon)
            return order

    def _accepted(self, basket: Basket, customer: StoredCustomer) -> StoredCoupon:
        """JTL's own checks and words (samples 50), and the plugin's look at the customer."""
        coupon = self._shop.coupon(basket.code or "")
        if coupon is None or not coupon.active:
            raise RefusedError("Der eingegebene Coupon-Code ist ungültig.")
        now = self._shop.now()
        if coupon.starts and now < coupon.starts:
            raise RefusedError("Fehler: Kupon ist nicht mehr gültig.")
        if coupon.ends and now > coupon.ends:
            raise RefusedError("Fehler: Kupon ist nicht mehr gültig (Datum abgelaufen).")
        if coupon.limit and len(coupon.redemptions) >= coupon.limit:
            raise RefusedError("Fehler: Maximale Verwendungen erreicht.")
        # An amount for some goods needs its minimum of these; a percentage of the whole basket.
        counted = self._fitting(coupon, basket) if coupon.amount and coupon.products else basket.goods()
        if sum(piece.price for piece in counted) < coupon.minimum:
            raise RefusedError("Fehler: Mindestbestellwert noch nicht erreicht.")
        if not self._fitting(coupon, basket):
            raise RefusedError("Fehler: Der Coupon gilt nicht für die Artikel im Warenkorb.")
        if coupon.bound == "customer" and coupon.customer != customer.id:
            raise RefusedError("Der Coupon gilt nicht für Ihr Kundenkonto.")
        return coupon

    def _fitting(self, coupon: StoredCoupon, basket: Basket) -> list[Piece]:
        """The goods that a coupon is for."""
        return [piece for piece in basket.goods() if self._fits(coupon, piece.product)]

    def _fits(self, coupon: StoredCoupon, number: int | None) -> bool:
        if coupon.products and number not in coupon.products:
            return False
        if not coupon.categories:
            return True
        product = self._shop.products.get(number or 0)
        within = {name.casefold() for name in product.categories} if product else set()
        return bool(within & set(coupon.categories))

    def _off(self, coupon: StoredCoupon, basket: Basket) -> float:
        """What a coupon takes off the goods, gross."""
        value = sum(piece.price for piece in self._fitting(coupon, basket))
        if coupon.amount is not None:
            return min(coupon.amount, value)
        return value * (coupon.percent or 0) / 100

    def _order(self, basket: Basket, customer: StoredCustomer, coupon: StoredCoupon | None) -> StoredOrder:
        number, now = self._shop.next_id(self._shop.orders), self._shop.now()
        net = 1 + VAT / 100
        lines = [
            StoredLine(
                type=PRODUCT,
                net_price=piece.price / net,
                tax_percent=VAT,
                product=piece.product,
                name="Hausmischung",
            )
            for piece in basket.goods()
        ]
        shipping = 0.0 if coupon and coupon.free_shipping else basket.shipping
        if basket.shipping:
            lines.append(
                StoredLine(type=SHIPPING, net_price=shipping / net, tax_percent=VAT, name="Standardversand")
            )
        off = 0.0
        if coupon is not None:
            off = self._off(coupon, basket)
            lines.append(StoredLine(type=COUPON, net_price=-off / net, tax_percent=VAT, name=coupon.title))
        return StoredOrder(
            id=number,
            number=str(10000 + number),
            modified=now,
            created=now,
            customer=customer.id,
            email=customer.email,
            state=1,
            total=round(basket.value() - off + shipping, 2),
            payment_method="Überweisung",
            country=customer.country,
            codes=[coupon.code] if coupon else [],
            lines=lines,
        )

    def pay(self, number: int) -> StoredOrder:
        """The money came in."""
        return self._set_state(number, 3)

    def ship(self, number: int) -> StoredOrder:
        """Everything left the house."""
        return self._set_state(number, 4)

    def cancel(self, number: int) -> StoredOrder:
        """The order is off."""
        return self._set_state(number, -1)

    def _set_state(self, number: int, state: int) -> StoredOrder:
        with self._shop.lock:
            order = self._shop.orders.get(number)
            if order is None:
                raise RefusedError("Diese Bestellung gibt es nicht.")
            now = self._shop.now()
            today = now.astimezone(self._shop.profile.zone()).date()
            order.state = state
            order.cancelled = now if state == -1 else None
            order.paid = today if state == 3 else order.paid
            order.shipped = today if state == 4 else order.shipped
            self._shop.touch(order)
            return order
