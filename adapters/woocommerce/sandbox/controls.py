"""`POST /sandbox/...`: what buyers and the merchant do, over HTTP."""

from typing import Any

import msgspec
from flask import Blueprint

from adapters.woocommerce.sandbox.checkout import Basket, Checkout, NotAcceptedError
from adapters.woocommerce.sandbox.records import StoredOrder
from adapters.woocommerce.sandbox.shop import Shop
from connector.money import decimal_text
from connector.sample.controls import asked, control_routes


class OrderWish(msgspec.Struct):
    """Body of `/sandbox/pay`, `/sandbox/ship`, `/sandbox/cancel`, `/sandbox/refund`, `/sandbox/trash`."""

    order_id: int


class ReturnWish(msgspec.Struct):
    """Body of `/sandbox/take-back`."""

    order_id: int
    pieces: int = 1


class CustomerWish(msgspec.Struct):
    """Body of `/sandbox/delete-customer`."""

    customer_id: int


def controls(shop: Shop, checkout: Checkout) -> Blueprint:
    """The routes."""
    actions = {
        "checkout": asked(Basket, checkout.place),
        "pay": asked(OrderWish, lambda wish: checkout.pay(wish.order_id)),
        "ship": asked(OrderWish, lambda wish: checkout.ship(wish.order_id)),
        "cancel": asked(OrderWish, lambda wish: checkout.cancel(wish.order_id)),
        "refund": asked(OrderWish, lambda wish: checkout.refund(wish.order_id)),
        "take-back": asked(ReturnWish, lambda wish: checkout.take_back(wish.order_id, wish.pieces)),
        "trash": asked(OrderWish, lambda wish: shop.remove("orders", wish.order_id)),
        "delete-customer": asked(CustomerWish, lambda wish: shop.remove("customers", wish.customer_id)),
    }
    return control_routes(actions, refusal=NotAcceptedError, shown=_shown)


def _shown(result: object) -> dict[str, Any]:
    if isinstance(result, StoredOrder):
        total = decimal_text(result.total, result.currency)
        return {"order_id": result.id, "number": result.number, "total": total, "status": result.status}
    return {"done": result}
