"""`POST /sandbox/...`: what buyers and the owner do, over HTTP."""

from typing import Any

import msgspec
from flask import Blueprint

from adapters.vendure.sandbox.checkout import Basket, Checkout, RefusedError
from adapters.vendure.sandbox.records import StoredOrder
from adapters.vendure.sandbox.shop import Shop
from connector.sample.controls import asked, control_routes


class OrderWish(msgspec.Struct):
    """Body of `/sandbox/ship` and `/sandbox/cancel`."""

    order_id: int


class RefundWish(msgspec.Struct):
    """Body of `/sandbox/refund`; the amount with tax, in minor units."""

    order_id: int
    amount: int


class CustomerWish(msgspec.Struct):
    """Body of `/sandbox/delete-customer`."""

    customer_id: int


def controls(shop: Shop, checkout: Checkout) -> Blueprint:
    """The routes."""
    actions = {
        "checkout": asked(Basket, checkout.place),
        "ship": asked(OrderWish, lambda wish: checkout.ship(wish.order_id)),
        "cancel": asked(OrderWish, lambda wish: checkout.cancel(wish.order_id)),
        "refund": asked(RefundWish, lambda wish: checkout.refund(wish.order_id, wish.amount)),
        "delete-customer": asked(CustomerWish, lambda wish: shop.remove("customers", wish.customer_id)),
    }
    return control_routes(actions, refusal=RefusedError, shown=_shown)


def _shown(result: object) -> dict[str, Any]:
    if isinstance(result, StoredOrder):
        return {"order_id": result.id, "number": result.code, "state": result.state}
    return {"done": result}
