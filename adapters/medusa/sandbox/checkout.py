"""What buyers and the owner do: orders with and without codes, payments, refunds, shipping, cancellation."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from adapters.medusa.sandbox.records import (
    StoredAdjustment,
    StoredCustomer,
    StoredFulfillment,
    StoredLine,
    StoredOrder,
    StoredPayment,
    StoredPromotion,
    StoredRate,
    StoredRefund,
    unit,
)
from adapters.medusa.sandbox.shop import Shop

TAX = Decimal(19)
SHIPPING = 500


class NotAcceptedError(Exception):
    """The shop says no; the message says why."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of that price with tax, minor units."""

    price: int = 10_000
    product: str = "0"
    quantity: int = 1


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is about to order.

    `email` is typed at the checkout; an account's own stands otherwise. `paid` says whether the money is
    captured at once.
    """

    customer_id: str | None = None
    email: str | None = None
    items: tuple[Item, ...] = (Item(),)
    codes: tuple[str, ...] = ()
    paid: bool = True


class Checkout:
    """The counter of the shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def place(self, basket: Basket) -> StoredOrder:
        """Order a basket.

        Raises:
            NotAcceptedError: there is no such customer, or a code is not taken or worth nothing.
        """
        with self._shop.lock:
            customer = self._buyer(basket)
            order = self._cart(customer, basket)
            redeemed = [self._enter(order, customer, code) for code in basket.codes]
            for promotion in redeemed:
                if promotion.campaign:
                    promotion.campaign.used += 1
            total = order.charged()
            order.payment = StoredPayment(
                provider_id="pp_system_default", amount=total, captured=total if basket.paid else Decimal()
            )
            self._shop.save(order)
            return order

    # -- the owner --------------------------------------------------------------------------------------

    def capture(self, order_id: str) -> StoredOrder:
        """Take the money; `updated_at` does not move."""
        order = self._order(order_id)
        order.payment.captured = order.payment.amount
        return order

    def ship(self, order_id: str) -> StoredOrder:
        """Hand it to the carrier."""
        order, now = self._order(order_id), self._shop.now()
        order.fulfillment_status, order.updated_at = "shipped", now
        order.fulfillments = [StoredFulfillment(shipped_at=now)]
        return order

    def take_back(self, order_id: str, pieces: int) -> StoredOrder:
        """Pieces of the first line come back; the money does not yet."""
        order = self._order(order_id)
        order.items[0].detail.return_received_quantity += pieces
        order.updated_at = self._shop.now()
        return order

    def refund(self, order_id: str, amount: int) -> StoredOrder:
        """Give money back. `updated_at` moves only where it is more than came back as goods."""
        order, now = self._order(order_id), self._shop.now()
        if not order.payment.captured:
            raise NotAcceptedError("There is no payment to refund.")
        refund = StoredRefund(
            id=self._shop.new_id("ref"), amount=unit(amount, order.currency_code), created_at=now
        )
        order.payment.refunds = [*order.payment.refunds, refund]
        if order.payment.refunded() > order.charged() - order.total():
            order.updated_at = now
        return order

    def cancel(self, order_id: str) -> StoredOrder:
        """Cancel all of it; what was paid goes back."""
        order, now = self._order(order_id), self._shop.now()
        order.status, order.canceled_at, order.updated_at = "canceled", now, now
        left = order.payment.captured - order.payment.refunded()
        if left > 0:
            refund = StoredRefund(id=self._shop.new_id("ref"), amount=left, created_at=now)
            order.payment.refunds = [*order.payment.refunds, refund]
        return order

    def _order(self, order_id: str) -> StoredOrder:
        order = self._shop.orders.get(order_id)
        if order is None:
            raise NotAcceptedError("There is no such order.")
        return order

    # -- the buyer --------------------------------------------------------------------------------------

    def _buyer(self, basket: Basket) -> StoredCustomer:
        """The account, or the record of a guest with that address, made if there is none."""
        shop = self._shop
        if basket.customer_id is not None:
            if basket.customer_id not in shop.customers:
                raise NotAcceptedError("There is no such customer.")
            return shop.customers[basket.customer_id]
        email = (basket.email or "").lower()
        if not email:
            raise NotAcceptedError("A guest needs an e-mail address.")
        for customer in shop.customers.values():
            if customer.email == email and not customer.has_account:
                return customer
        now = shop.now()
        guest = StoredCustomer(
            id=shop.new_id("cus"), created_at=now, updated_at=now, email=email, has_account=False
        )
        shop.save(guest)
        return guest

    def _cart(self, customer: StoredCustomer, basket: Basket) -> StoredOrder:
        shop, now = self._shop, self._shop.now()
        number = shop.new_id("order")
        country = customer.addresses[0].country_code if customer.addresses else None
        shipping = unit(SHIPPING, shop.profile.currency)
        return StoredOrder(
            id=number,
            display_id=max((order.display_id for order in shop.orders.values()), default=0) + 1,
            created_at=now,
            updated_at=now,
            currency_code=shop.profile.currency.lower(),
            payment=StoredPayment(provider_id="pp_system_default", amount=Decimal()),
            customer_id=customer.id,
            email=(basket.email or "").lower() or customer.email,
            country_code=country,
            items=[self._line(item, f"{number}-{place}") for place, item in enumerate(basket.items)],
            shipping_total=shipping,
            shipping_tax_total=shipping * TAX / (100 + TAX),
        )

    def _line(self, item: Item, number: str) -> StoredLine:
        product = self._shop.products.get(item.product)
        return StoredLine(
            id=number,
            title=product.title if product else "Warenkorb",
            product_title=product.title if product else "Warenkorb",
            unit_price=unit(item.price, self._shop.profile.currency),
            quantity=item.quantity,
            product_id=item.product,
            variant_id=f"{item.product}-0",
            variant_sku=product.skus[0] if product and product.skus else None,
            tax_lines=[StoredRate(rate=TAX)],
        )

    # -- codes ------------------------------------------------------------------------------------------

    def _enter(self, order: StoredOrder, customer: StoredCustomer, code: str) -> StoredPromotion:
        promotion = self._shop.promotion(code)
        if promotion is None or not self._in_force(promotion):
            raise NotAcceptedError(f"The promotion code {code} is invalid")
        context = self._context(order, customer)
        currency = promotion.application_method.get("currency_code")
        fits = all(_holds(rule, context) for rule in promotion.rules)
        if self._spent(promotion) or not fits or currency not in (None, order.currency_code):
            # Medusa answers 200 and leaves the cart as it was.
            raise NotAcceptedError(f"The promotion code {code} changes nothing.")
        if not self._apply(promotion, order):
            raise NotAcceptedError(f"The promotion code {code} changes nothing.")
        order.codes = [*order.codes, code]
        return promotion

    def _in_force(self, promotion: StoredPromotion) -> bool:
        campaign, now = promotion.campaign, self._shop.now()
        if promotion.status != "active":
            return False
        if campaign is None:
            return True
        began = campaign.starts_at is None or campaign.starts_at <= now
        return began and (campaign.ends_at is None or campaign.ends_at > now)

    def _spent(self, promotion: StoredPromotion) -> bool:
        campaign = promotion.campaign
        return bool(campaign and campaign.limit is not None and campaign.used >= campaign.limit)

    def _context(self, order: StoredOrder, customer: StoredCustomer) -> Mapping[str, list[Any]]:
        """What rules of a promotion may look at."""
        goods = sum((line.unit_price * line.quantity for line in order.items), Decimal())
        return {
            "customer.id": [customer.id],
            "customer.groups.id": list(customer.groups),
            "email": [order.email],
            "original_item_total": [goods],
            "item_total": [order.charged() - order.shipping_total],
        }

    def _apply(self, promotion: StoredPromotion, order: StoredOrder) -> bool:
        """Take something off; whether anything was."""
        method = promotion.application_method
        if method["target_type"] == "shipping_methods":
            order.shipping_total = order.shipping_tax_total = Decimal()
            order.shipping_codes = [*order.shipping_codes, promotion.code]
            return True
        rules = method.get("target_rules", [])
        lines = [line for line in order.items if all(_holds(rule, self._item(line)) for rule in rules)]
        left = [line.charged(line.quantity) for line in lines]
        value, whole = Decimal(str(method["value"])), sum(left, Decimal())
        for line, price in zip(lines, left, strict=True):
            share = price * value / 100 if method["type"] == "percentage" else value * price / whole
            line.adjustments = [
                *line.adjustments,
                StoredAdjustment(amount=min(share, price), code=promotion.code),
            ]
        return bool(whole)

    def _item(self, line: StoredLine) -> Mapping[str, list[Any]]:
        product = self._shop.products.get(line.product_id or "")
        return {
            "items.product.id": [line.product_id],
            "items.product.categories.id": list(product.categories) if product else [],
            "items.product.collection_id": [product.collection if product else None],
        }


def _holds(rule: Mapping[str, Any], context: Mapping[str, Sequence[Any]]) -> bool:
    """As Medusa evaluates one rule; an attribute that is not there fits nothing."""
    found = context.get(rule["attribute"], [None])
    wanted = {value["value"] for value in rule["values"]}
    if rule["operator"] == "in":
        return any(str(each) in wanted for each in found)
    if rule["operator"] == "ne":
        return all(str(each) not in wanted for each in found)
    if rule["operator"] == "gte":
        return all(each is not None and each >= min(map(Decimal, wanted)) for each in found)
    raise NotAcceptedError(f"The sandbox has no operator {rule['operator']}.")
