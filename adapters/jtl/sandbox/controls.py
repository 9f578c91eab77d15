"""`POST /sandbox/...`: what buyers and the merchant do, over HTTP."""

from typing import Any

import msgspec
from flask import Blueprint

from adapters.jtl.sandbox.checkout import Basket, Checkout, RefusedError
from adapters.jtl.sandbox.records import StoredOrder
from adapters.jtl.sandbox.shop import Shop
from connector.sample.controls import asked, control_routes


class OrderWish(msgspec.Struct):
    """Body of `/sandbox/pay`, `/sandbox/ship` and `/sandbox/cancel`."""

    order_id: int


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
        "delete-customer": asked(CustomerWish, lambda wish: shop.remove("customers", wish.customer_id)),
    }
    return control_routes(actions, refusal=RefusedError, shown=_shown)


def _shown(result: object) -> dict[str, Any]:
    if isinstance(result, StoredOrder):
        return {"order_id": result.id, "number": result.number, "total": result.total, "state": result.state}
    return {"done": result}
