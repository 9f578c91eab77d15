"""`POST /sandbox/...`: what buyers and the merchant do, over HTTP."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

from adapters.woocommerce.sandbox.checkout import Basket, Checkout, NotAcceptedError
from adapters.woocommerce.sandbox.records import StoredOrder
from adapters.woocommerce.sandbox.shop import Shop
from connector.money import decimal_text

T = TypeVar("T")


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
    routes = Blueprint("controls", __name__, url_prefix="/sandbox")

    def route(path: str, action: Callable[[], object]) -> None:
        routes.add_url_rule(path, path.strip("/"), lambda: _run(action), methods=["POST"])

    route("/checkout", lambda: checkout.place(_body(Basket)))
    route("/pay", lambda: checkout.pay(_body(OrderWish).order_id))
    route("/ship", lambda: checkout.ship(_body(OrderWish).order_id))
    route("/cancel", lambda: checkout.cancel(_body(OrderWish).order_id))
    route("/refund", lambda: checkout.refund(_body(OrderWish).order_id))
    route("/take-back", lambda: _take_back(checkout, _body(ReturnWish)))
    route("/trash", lambda: shop.remove("orders", _body(OrderWish).order_id))
    route("/delete-customer", lambda: shop.remove("customers", _body(CustomerWish).customer_id))
    return routes


def _take_back(checkout: Checkout, wish: ReturnWish) -> StoredOrder:
    return checkout.take_back(wish.order_id, wish.pieces)


def _body(kind: type[T]) -> T:
    return msgspec.json.decode(request.get_data() or b"{}", type=kind)


def _run(action: Callable[[], object]) -> Response:
    try:
        return _answer(_shown(action()))
    except NotAcceptedError as refused:
        return _answer({"refused": str(refused)}, status=422)
    except msgspec.DecodeError as error:
        return _answer({"error": str(error)}, status=400)


def _shown(result: object) -> dict[str, Any]:
    if isinstance(result, StoredOrder):
        total = decimal_text(result.total, result.currency)
        return {"order_id": result.id, "number": result.number, "total": total, "status": result.status}
    return {"done": result}


def _answer(content: dict[str, Any], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, mimetype="application/json")
