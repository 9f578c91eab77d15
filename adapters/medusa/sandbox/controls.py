"""`POST /sandbox/...`: what buyers and the owner do, over HTTP."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

from adapters.medusa.sandbox.checkout import Basket, Checkout, NotAcceptedError
from adapters.medusa.sandbox.records import StoredOrder
from adapters.medusa.sandbox.shop import Shop

T = TypeVar("T")


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
    routes = Blueprint("controls", __name__, url_prefix="/sandbox")

    def route(path: str, action: Callable[[], object]) -> None:
        routes.add_url_rule(path, path.strip("/"), lambda: _run(action), methods=["POST"])

    def refund() -> StoredOrder:
        wish = _body(RefundWish)
        return checkout.refund(wish.order_id, wish.amount)

    def take_back() -> StoredOrder:
        wish = _body(ReturnWish)
        return checkout.take_back(wish.order_id, wish.pieces)

    route("/checkout", lambda: checkout.place(_body(Basket)))
    route("/capture", lambda: checkout.capture(_body(OrderWish).order_id))
    route("/ship", lambda: checkout.ship(_body(OrderWish).order_id))
    route("/cancel", lambda: checkout.cancel(_body(OrderWish).order_id))
    route("/refund", refund)
    route("/return", take_back)
    route("/delete-customer", lambda: shop.remove("customers", _body(CustomerWish).customer_id))
    return routes


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
        state = result.payment.status(cancelled=result.status == "canceled")
        return {"order_id": result.id, "number": f"#{result.display_id}", "state": state}
    return {"done": result}


def _answer(content: dict[str, Any], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, mimetype="application/json")
