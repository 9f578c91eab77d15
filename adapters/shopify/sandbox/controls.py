"""`POST /sandbox/...`: what buyers and the merchant do, and the switches of the sandbox, over HTTP."""

from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint

from adapters.shopify.sandbox.bulk import BulkOperations, Switches
from adapters.shopify.sandbox.checkout import Basket, BasketLine, Checkout, RefusedError
from adapters.shopify.sandbox.records import StoredCustomer, StoredOrder, decimal_text
from adapters.shopify.sandbox.webhooks import Webhooks
from connector.sample.controls import asked, control_routes


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

    def refund(wish: RefundWish) -> object:
        return checkout.refund(wish.order_id, lines=wish.lines, amount=wish.amount, shipping=wish.shipping)

    def switch_bulk(switches: Switches) -> object:
        bulk.switches = switches
        return {"switches": bulk.switches}

    def delete_customer(wish: CustomerWish) -> object:
        return {"deleted": checkout.delete_customer(wish.customer_id)}

    actions = {
        "checkout": asked(Basket, checkout.place),
        "refund": asked(RefundWish, refund),
        "cancel": asked(OrderWish, lambda wish: checkout.cancel(wish.order_id)),
        "fulfil": asked(OrderWish, lambda wish: checkout.fulfil(wish.order_id)),
        "pay": asked(OrderWish, lambda wish: checkout.pay(wish.order_id)),
        "edit": asked(EditWish, lambda wish: checkout.edit(wish.order_id, add=wish.add, remove=wish.remove)),
        "delete-customer": asked(CustomerWish, delete_customer),
        "change-email": asked(CustomerWish, lambda wish: checkout.change_email(wish.customer_id, wish.email)),
        "merge": asked(MergeWish, lambda wish: checkout.merge(wish.kept_id, wish.lost_id)),
        "bulk": asked(Switches, switch_bulk),
        "replay-webhook": asked(ReplayWish, lambda wish: webhooks.replay(wish.place)),
        "revoke-tokens": revoke,
    }
    return control_routes(actions, refusal=RefusedError, shown=_shown)


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
