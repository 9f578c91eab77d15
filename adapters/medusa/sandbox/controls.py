"""`POST /sandbox/...`: what buyers and the owner do, over HTTP."""

from typing import Any

import msgspec
from flask import Blueprint

from adapters.medusa.sandbox.checkout import Basket, Checkout, NotAcceptedError
from adapters.medusa.sandbox.records import StoredOrder
from adapters.medusa.sandbox.shop import Shop
from connector.sample.controls import asked, control_routes


class OrderWish(msgspec.Struct):
    """Body of `/sandbox/capture`, `/sandbox/ship` and `/sandbox/cancel`."""

    order_id: str


class RefundWish(msgspec.Struct):
    """Body of `/sandbox/refund`; the amount with tax, in minor units."""

    order_id: str
    amount: int


class ReturnWish(msgspec.Struct):
    """Body of `/sandbox/return`: so many pieces of the first line come back."""

    order_id: str
    pieces: int = 1


class CustomerWish(msgspec.Struct):
    """Body of `/sandbox/delete-customer`."""

    customer_id: str


def controls(shop: Shop, checkout: Checkout) -> Blueprint:
    """The routes."""
    actions = {
        "checkout": asked(Basket, checkout.place),
        "capture": asked(OrderWish, lambda wish: checkout.capture(wish.order_id)),
        "ship": asked(OrderWish, lambda wish: checkout.ship(wish.order_id)),
        "cancel": asked(OrderWish, lambda wish: checkout.cancel(wish.order_id)),
        "refund": asked(RefundWish, lambda wish: checkout.refund(wish.order_id, wish.amount)),
        "return": asked(ReturnWish, lambda wish: checkout.take_back(wish.order_id, wish.pieces)),
        "delete-customer": asked(CustomerWish, lambda wish: shop.remove("customers", wish.customer_id)),
    }
    return control_routes(actions, refusal=NotAcceptedError, shown=_shown)


def _shown(result: object) -> dict[str, Any]:
    if isinstance(result, StoredOrder):
        state = result.payment.status(cancelled=result.status == "canceled")
        return {"order_id": result.id, "number": f"#{result.display_id}", "state": state}
    return {"done": result}
