"""What buyers and the merchant do: orders with and without a code, payment, shipping, refunds."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from adapters.woocommerce.sandbox.records import (
    RefundLine,
    StoredCoupon,
    StoredCustomer,
    StoredLine,
    StoredOrder,
    StoredRefund,
    share,
)
from adapters.woocommerce.sandbox.shop import Shop
from connector.money import decimals

VAT = Decimal("1.19")

#: Read by our companion plugin, not by WooCommerce.
STARTS_KEY = "stammkunde_starts"


class NotAcceptedError(Exception):
    """The shop says no; the message says why, in its own words (samples 08)."""


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of that gross price."""

    product: int = 0
    price: float = 100.0
    on_sale: bool = False


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """About to be ordered.

    `customer_id` 0 is a guest; `email` is what is typed into the form, by default the account's.
    """

    customer_id: int = 0
    goods: list[Goods] = []
    codes: list[str] = []
    email: str | None = None

    def price(self) -> Decimal:
        return sum((Decimal(str(each.price)) for each in self.goods), Decimal(0))


class Checkout:
    """The counter of the shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def place(self, basket: Basket) -> StoredOrder:
        """Order a basket.

        Raises:
            NotAcceptedError: there is no such customer or the code may not be used.
        """
        with self._shop.lock:
            customer = self._shop.customers.get(basket.customer_id)
            if customer is None and basket.customer_id:
                raise NotAcceptedError("There is no such account.")
            coupons = [self._accepted(code, basket, customer) for code in basket.codes]
            if len(coupons) > 1 and (alone := next((each for each in coupons if each.individual_use), None)):
                message = "has already been applied and cannot be used in conjunction with other coupons."
                raise NotAcceptedError(f'Sorry, coupon "{alone.code}" {message}')
            order = self._order(basket, customer, coupons)
            self._shop.save(order)
            for coupon in coupons:
                coupon.used_by.append(str(basket.customer_id) if customer else order.email)
        self._shop.tell("order", "created", order)
        return order

    def _accepted(self, code: str, basket: Basket, customer: StoredCustomer | None) -> StoredCoupon:
        """WooCommerce's own checks, in its order; the plugin's look at the first day comes last."""
        coupon = self._shop.coupon(code)
        if coupon is None:
            raise NotAcceptedError(f'Coupon "{code}" does not exist!')
        if coupon.usage_limit and len(coupon.used_by) >= coupon.usage_limit:
            raise NotAcceptedError(f'Usage limit for coupon "{coupon.code}" has been reached.')
        if coupon.expires and self._shop.now() > coupon.expires:
            raise NotAcceptedError(f'Coupon "{coupon.code}" has expired.')
        if basket.price() < Decimal(coupon.minimum_amount):
            least = coupon.minimum_amount
            raise NotAcceptedError(f'The minimum spend for coupon "{coupon.code}" is {least}.')
        if not self._fitting(coupon, basket):
            raise NotAcceptedError(f'Sorry, coupon "{coupon.code}" is not applicable to your cart contents.')
        addresses = {(basket.email or "").lower(), customer.email.lower() if customer else ""}
        if coupon.emails and not addresses & set(coupon.emails):
            raise NotAcceptedError(f'Please enter a valid email to use coupon code "{coupon.code}".')
        if self._shop.profile.companion and not _has_begun(coupon, self._shop.now()):
            raise NotAcceptedError("Coupon is not valid.")
        return coupon

    def _fitting(self, coupon: StoredCoupon, basket: Basket) -> list[Goods]:
        """The goods that a code takes something off; none where it may not be used.

        A basket needs something of each list: WC_Discounts asks for the products and for the categories.
        A percentage then comes off what is in either, WC_Coupon::is_valid_for_product; an amount comes off
        all goods, if nothing stands against it.
        """
        placed = [(goods, self._categories(goods)) for goods in basket.goods]
        if not _has_wanted(coupon, placed):
            return []
        if coupon.discount_type != "percent":
            return [] if any(_is_barred(coupon, *each) for each in placed) else basket.goods
        return [each[0] for each in placed if _is_wanted(coupon, *each) and not _is_barred(coupon, *each)]

    def _categories(self, goods: Goods) -> set[int]:
        product = self._shop.products.get(goods.product)
        return {self._shop.term("category", name) for name in product.categories} if product else set()

    def _order(
        self, basket: Basket, customer: StoredCustomer | None, coupons: list[StoredCoupon]
    ) -> StoredOrder:
        number, now, currency = self._shop.next_id("orders"), self._shop.now(), self._shop.profile.currency
        scale = 10 ** decimals(currency)
        price = round(basket.price() * scale)
        off = min(sum(self._worth(coupon, basket, scale) for coupon in coupons), price)
        free = self._shop.profile.free_shipping and any(coupon.free_shipping for coupon in coupons)
        net, left, shipping = round(price / VAT), round((price - off) / VAT), 0 if free else 5 * scale
        net_shipping = round(shipping / VAT)
        return StoredOrder(
            id=number,
            number=str(number),
            created=now,
            modified=now,
            status="on-hold",
            currency=currency,
            customer=customer.id if customer else 0,
            email=basket.email or (customer.email if customer else ""),
            country=customer.country if customer else "",
            total=price - off + shipping,
            tax=price - off - left + shipping - net_shipping,
            discount=net - left,
            shipping=net_shipping,
            payment_method="Überweisung",
            codes=[coupon.code for coupon in coupons],
            lines=_lines(number, basket, net, left, price - off - left),
        )

    def _worth(self, coupon: StoredCoupon, basket: Basket, scale: int) -> int:
        amount = Decimal(coupon.amount)
        if coupon.discount_type != "percent":
            return round(amount * scale)
        goods = sum((Decimal(str(each.price)) for each in self._fitting(coupon, basket)), Decimal(0))
        return round(goods * scale * amount / 100)

    def pay(self, number: int) -> StoredOrder:
        """The money came in."""
        order = self._known(number)
        order.paid = self._shop.now()
        return self._set_status(order, "processing")

    def ship(self, number: int) -> StoredOrder:
        """Everything left the house."""
        order = self._known(number)
        order.completed = self._shop.now()
        return self._set_status(order, "completed")

    def cancel(self, number: int) -> StoredOrder:
        """The order is off."""
        return self._set_status(self._known(number), "cancelled")

    def refund(self, number: int) -> StoredOrder:
        """Everything came back: the merchant sets the status, and the shop makes a refund without lines."""
        order = self._known(number)
        left = order.total - sum(refund.amount for refund in order.refunds)
        order.refunds.append(StoredRefund(id=self._next_refund(), created=self._shop.now(), amount=left))
        return self._set_status(order, "refunded")

    def take_back(self, number: int, pieces: int) -> StoredOrder:
        """Some pieces of the first line came back, with their money."""
        order = self._known(number)
        line = order.lines[0]
        total, tax = (amount * pieces // line.quantity for amount in (line.total, line.total_tax))
        back = RefundLine(line=line.id, quantity=pieces, total=total, total_tax=tax)
        order.refunds.append(
            StoredRefund(id=self._next_refund(), created=self._shop.now(), amount=total + tax, lines=[back])
        )
        self._shop.touch(order)
        return order

    def _next_refund(self) -> int:
        return 1 + max(
            (refund.id for order in self._shop.orders.values() for refund in order.refunds), default=4000
        )

    def _known(self, number: int) -> StoredOrder:
        if number not in self._shop.orders:
            raise NotAcceptedError("There is no such order.")
        return self._shop.orders[number]

    def _set_status(self, order: StoredOrder, status: str) -> StoredOrder:
        order.status = status
        self._shop.touch(order)
        return order


def _has_wanted(coupon: StoredCoupon, placed: Sequence[tuple[Goods, set[int]]]) -> bool:
    """Whether a basket holds one of the products and something in one of the categories."""
    products = set(coupon.product_ids)
    counted = (each for goods, each in placed if not (coupon.exclude_sale_items and goods.on_sale))
    return (not products or any(goods.product in products for goods, _ in placed)) and (
        not coupon.product_categories or any(each & set(coupon.product_categories) for each in counted)
    )


def _is_wanted(coupon: StoredCoupon, goods: Goods, categories: set[int]) -> bool:
    """Whether goods are in either list."""
    if not coupon.product_ids and not coupon.product_categories:
        return True
    return goods.product in coupon.product_ids or bool(categories & set(coupon.product_categories))


def _is_barred(coupon: StoredCoupon, goods: Goods, categories: set[int]) -> bool:
    excluded = bool(categories & set(coupon.excluded_product_categories))
    return excluded or (coupon.exclude_sale_items and goods.on_sale)


def _lines(number: int, basket: Basket, before: int, after: int, tax: int) -> list[StoredLine]:
    """The goods, each with its part of the sums by its price."""
    weights = [round(each.price * 100) for each in basket.goods]
    parts = [share(amount, weights) for amount in (before, after, tax)]
    return [
        StoredLine(
            id=number * 100 + place,
            product=goods.product,
            name="Hausmischung",
            subtotal=parts[0][place],
            total=parts[1][place],
            total_tax=parts[2][place],
        )
        for place, goods in enumerate(basket.goods)
    ]


def _has_begun(coupon: StoredCoupon, now: datetime) -> bool:
    starts = coupon.meta.get(STARTS_KEY)
    return not starts or datetime.fromisoformat(str(starts)) <= now
