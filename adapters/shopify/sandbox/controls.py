"""`POST /sandbox/...`: what buyers and the merchant do, and the switches of the sandbox, over HTTP."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

from adapters.shopify.sandbox.bulk import BulkOperations, Switches
from adapters.shopify.sandbox.checkout import Basket, BasketLine, Checkout, RefusedError
from adapters.shopify.sandbox.records import StoredCustomer, StoredOrder, decimal_text
from adapters.shopify.sandbox.webhooks import Webhooks

T = TypeVar("T")


class RefundWish(msgspec.Struct, kw_only=True):
    """Body of `/sandbox/refund`."""

    order_id: str
    lines: dict[int, int] | None = None
    amount: int | None = None
    shipping: bool = False


class EditWish(msgspec.Struct, kw_only=True):
    """Body of `/sandbox/edit`."""

    order_id: str
    add: tuple[BasketLine, ...] = ()
    remove: dict[int, int] = {}


class OrderWish(msgspec.Struct):
    """Body of `/sandbox/cancel`, `/sandbox/fulfil` and `/sandbox/pay`."""

    order_id: str


class CustomerWish(msgspec.Struct, kw_only=True):
    """Body of `/sandbox/delete-customer` and `/sandbox/change-email`."""

    customer_id: str
    email: str | None = None


class MergeWish(msgspec.Struct):
    """Body of `/sandbox/merge`."""

    kept_id: str
    lost_id: str


class ReplayWish(msgspec.Struct):
    """Body of `/sandbox/replay-webhook`: the place of the delivery, counted from the first."""

    place: int = -1


def controls(
    checkout: Checkout, bulk: BulkOperations, webhooks: Webhooks, revoke: Callable[[], None]
) -> Blueprint:
    """The routes."""
    routes = Blueprint("controls", __name__, url_prefix="/sandbox")

    def route(path: str, action: Callable[[], object]) -> None:
        routes.add_url_rule(path, path.strip("/"), lambda: _run(action), methods=["POST"])

    def refund() -> object:
        wish = _body(RefundWish)
        return checkout.refund(wish.order_id, lines=wish.lines, amount=wish.amount, shipping=wish.shipping)

    def edit() -> object:
        wish = _body(EditWish)
        return checkout.edit(wish.order_id, add=wish.add, remove=wish.remove)

    def change_email() -> object:
        wish = _body(CustomerWish)
        return checkout.change_email(wish.customer_id, wish.email)

    def merge() -> object:
        wish = _body(MergeWish)
        return checkout.merge(wish.kept_id, wish.lost_id)

    def switch_bulk() -> object:
        bulk.switches = _body(Switches)
        return {"switches": bulk.switches}

    route("/checkout", lambda: checkout.place(_body(Basket)))
    route("/refund", refund)
    route("/cancel", lambda: checkout.cancel(_body(OrderWish).order_id))
    route("/fulfil", lambda: checkout.fulfil(_body(OrderWish).order_id))
    route("/pay", lambda: checkout.pay(_body(OrderWish).order_id))
    route("/edit", edit)
    route("/delete-customer", lambda: {"deleted": checkout.delete_customer(_body(CustomerWish).customer_id)})
    route("/change-email", change_email)
    route("/merge", merge)
    route("/bulk", switch_bulk)
    route("/replay-webhook", lambda: webhooks.replay(_body(ReplayWish).place))
    route("/revoke-tokens", revoke)
    return routes


def _body(kind: type[T]) -> T:
    return msgspec.json.decode(request.get_data() or b"{}", type=kind)


def _run(action: Callable[[], object]) -> Response:
    try:
        return _answer(_shown(action()))
    except RefusedError as refused:
        return _answer({"refused": str(refused)}, status=422)
    except (msgspec.DecodeError, ValueError) as error:
        return _answer({"error": str(error)}, status=400)


def _shown(result: object) -> dict[str, Any]:
    if isinstance(result, StoredOrder):
        return {
            "order_id": str(result.id),
            "name": result.name,
            "total": decimal_text(result.total, result.currency),
            "current_total": decimal_text(result.current_total, result.currency),
            "refunded": decimal_text(result.refunded(), result.currency),
            "status": result.financial,
            "updated_at": result.updated,
        }
    if isinstance(result, StoredCustomer):
        return {"customer_id": str(result.id), "email": result.email, "updated_at": result.updated}
    return result if isinstance(result, dict) else {"done": True}


def _answer(content: dict[str, Any], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, mimetype="application/json")
