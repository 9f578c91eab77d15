"""`POST /sandbox/...`: what buyers and the owner do, over HTTP."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

from adapters.vendure.sandbox.checkout import Basket, Checkout, RefusedError
from adapters.vendure.sandbox.records import StoredOrder
from adapters.vendure.sandbox.shop import Shop

T = TypeVar("T")


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
    routes = Blueprint("controls", __name__, url_prefix="/sandbox")

    def route(path: str, action: Callable[[], object]) -> None:
        routes.add_url_rule(path, path.strip("/"), lambda: _run(action), methods=["POST"])

    def refund() -> StoredOrder:
        wish = _body(RefundWish)
        return checkout.refund(wish.order_id, wish.amount)

    route("/checkout", lambda: checkout.place(_body(Basket)))
    route("/ship", lambda: checkout.ship(_body(OrderWish).order_id))
    route("/cancel", lambda: checkout.cancel(_body(OrderWish).order_id))
    route("/refund", refund)
    route("/delete-customer", lambda: shop.remove("customers", _body(CustomerWish).customer_id))
    return routes


def _body(kind: type[T]) -> T:
    return msgspec.json.decode(request.get_data() or b"{}", type=kind)


def _run(action: Callable[[], object]) -> Response:
    try:
        return _answer(_shown(action()))
    except RefusedError as refused:
        return _answer({"refused": str(refused)}, status=422)
    except msgspec.DecodeError as error:
        return _answer({"error": str(error)}, status=400)


def _shown(result: object) -> dict[str, Any]:
    if isinstance(result, StoredOrder):
        return {"order_id": result.id, "number": result.code, "state": result.state}
    return {"done": result}


def _answer(content: dict[str, Any], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, mimetype="application/json")
