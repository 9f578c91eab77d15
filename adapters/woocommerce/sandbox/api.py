"""`/wp-json`: the part of WooCommerce's REST API that the adapter uses."""

from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from adapters.woocommerce.sandbox.access import Access, RefusedError
from adapters.woocommerce.sandbox.answers import Answers
from adapters.woocommerce.sandbox.lists import cut, trim
from adapters.woocommerce.sandbox.shop import Shop
from adapters.woocommerce.sandbox.writes import Writes

LISTS = ("customers", "orders", "products", "coupons")
NO_ROUTE = "No route was found matching the URL and request method."


class Api:
    """Answers the adapter."""

    def __init__(self, shop: Shop, access: Access) -> None:
        self._shop = shop
        self._access = access
        self._answers = Answers(shop)
        self._writes = Writes(shop, self._answers)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("api", __name__, url_prefix="/wp-json")
        routes.add_url_rule("/", "index", self._index)

        def route(path: str, answer: Callable[..., Any], method: str = "GET") -> None:
            name = f"{method} {path}".replace(".", "")
            routes.add_url_rule(f"/wc/v3{path}", name, self._guarded(answer), methods=[method])

        route("/<name>", self._list)
        route("/<name>/batch", lambda name: self._writes.batch(_known(name), _sent()), "POST")
        route("/<name>/<int:number>", self._update, "POST")
        route("/coupons/<int:number>", lambda number: self._writes.delete("coupons", number), "DELETE")
        route("/refunds", self._refunds)
        route("/orders/<int:number>/refunds", self._refunds_of)
        route("/products/categories", self._categories)
        route("/products/<int:number>/variations", self._variations)
        route("/settings/general/woocommerce_currency", self._currency)
        route("/system_status", self._status)
        route("/shipping/zones", lambda: [{"id": 0, "name": "Rest of the world"}])
        route("/shipping/zones/<int:number>/methods", self._methods)
        route("/payment_gateways", lambda: [{"id": "bacs", "title": "Überweisung", "enabled": True}])
        routes.add_url_rule("/<path:rest>", "nothing", _nothing)
        return routes

    def _guarded(self, answer: Callable[..., Any]) -> Callable[..., Response]:
        def view(**arguments: Any) -> Response:
            try:
                if not self._shop.profile.pretty_permalinks:
                    return Response("<!DOCTYPE html><html>Not found</html>", 404, mimetype="text/html")
                self._access.require(request)
                with self._shop.lock:
                    found = answer(**arguments)
                return found if isinstance(found, Response) else _json(found)
            except RefusedError as refused:
                return _refusal(refused)

        return view

    def _index(self) -> Response:
        profile = self._shop.profile
        if not profile.pretty_permalinks:
            return Response("<!DOCTYPE html><html>Not found</html>", 404, mimetype="text/html")
        return _json(
            {
                "name": profile.name,
                "home": request.host_url.rstrip("/"),
                "gmt_offset": profile.gmt_offset,
                "timezone_string": profile.time_zone if profile.named_zone else "",
                "namespaces": ["oembed/1.0", "wc/v3", *(["stammkunde/v1"] if profile.companion else [])],
            }
        )

    # -- lists ------------------------------------------------------------------------------------------

    def _list(self, name: str) -> Response:
        rows = list(self._shop.table(_known(name)).values())
        return self._paged(name, rows, self._answers.of)

    def _paged(self, name: str, rows: list[Any], write: Callable[[Any], dict[str, Any]]) -> Response:
        found, total, pages = cut(name, rows, request.args, self._shop.profile)
        answer = _listed([trim(write(row), request.args) for row in found], total, pages)
        if self._shop.hides_totals:
            del answer.headers["X-WP-Total"]
        return answer

    def _refunds(self) -> Response:
        if not self._shop.profile.many_refunds:
            raise RefusedError(404, "rest_no_route", NO_ROUTE)
        of = {refund.id: order for order in self._shop.orders.values() for refund in order.refunds}
        rows = [refund for order in self._shop.orders.values() for refund in order.refunds]
        return self._paged("refunds", rows, lambda refund: self._answers.refund(of[refund.id], refund))

    def _refunds_of(self, number: int) -> Response:
        order = self._shop.orders.get(number)
        if order is None:
            raise RefusedError(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
        write = self._answers.refund
        return self._paged("refunds", list(order.refunds), lambda refund: write(order, refund))

    def _categories(self) -> Response:
        names = self._shop.term_names("category")
        rows = [{"id": number, "name": name.replace("&", "&amp;")} for number, name in sorted(names.items())]
        return _sliced(rows)

    def _variations(self, number: int) -> Response:
        product = self._shop.products.get(number)
        if product is None:
            raise RefusedError(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return _sliced(self._answers.variations(product))

    # -- the shop itself --------------------------------------------------------------------------------

    def _currency(self) -> Any:
        return {"id": "woocommerce_currency", "value": self._shop.profile.currency}

    def _status(self) -> Any:
        if not self._shop.profile.shows_status:
            raise RefusedError(403, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
        return {"environment": {"version": self._shop.profile.version}}

    def _methods(self, number: int) -> Any:  # noqa: ARG002  there is one zone
        methods: list[Any] = [{"method_id": "flat_rate", "enabled": True, "settings": {}}]
        if self._shop.profile.free_shipping:
            requires = {"id": "requires", "value": "coupon"}
            methods.append(
                {"method_id": "free_shipping", "enabled": True, "settings": {"requires": requires}}
            )
        return methods

    def _update(self, name: str, number: int) -> Any:
        return self._writes.update(_known(name), number, _sent())


def _known(name: str) -> str:
    if name not in LISTS:
        raise RefusedError(404, "rest_no_route", NO_ROUTE)
    return name


def _sent() -> Any:
    return msgspec.json.decode(request.get_data() or b"{}")


def _sliced(rows: list[dict[str, Any]]) -> Response:
    size, number = int(request.args.get("per_page", "10")), int(request.args.get("page", "1"))
    return _listed(rows[(number - 1) * size : number * size], len(rows), -(-len(rows) // size))


def _listed(rows: list[dict[str, Any]], total: int, pages: int) -> Response:
    answer = _json(rows)
    answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"] = str(total), str(pages)
    return answer


def _nothing(rest: str) -> Response:  # noqa: ARG001  the route's
    return _refusal(RefusedError(404, "rest_no_route", NO_ROUTE))


def _refusal(refused: RefusedError) -> Response:
    body = {"code": refused.code, "message": str(refused), "data": {"status": refused.status}}
    return _json(body, refused.status)


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, mimetype="application/json")
