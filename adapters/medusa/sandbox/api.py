"""`/admin`: the part of Medusa's Admin API that the adapter uses."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from adapters.medusa.sandbox.answers import Answers, trim
from adapters.medusa.sandbox.lists import RefusedError, cut, fields
from adapters.medusa.sandbox.records import StoredName
from adapters.medusa.sandbox.shop import Shop
from adapters.medusa.sandbox.writes import Writes

#: What is in a list, and how each of it is written.
_List = tuple[Callable[[], Iterable[Any]], Callable[[Any], dict[str, Any]]]


class Api:
    """Answers the adapter.

    Args:
        key: the secret API key.
    """

    def __init__(self, shop: Shop, *, key: str) -> None:
        self._shop = shop
        self._basic = f"Basic {b64encode(f'{key}:'.encode()).decode()}"
        self._answers = Answers(shop)
        self._writes = Writes(shop, self._answers)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("api", __name__, url_prefix="/admin")
        for kind, listed in self._lists().items():
            routes.add_url_rule(f"/{kind}", kind, self._guarded(self._lister(kind, listed)))

        def write(path: str, change: Callable[..., tuple[str, dict[str, Any]]]) -> None:
            def answer(**where: str) -> Response:
                name, row = change(*where.values(), msgspec.json.decode(request.get_data()))
                return _json({name: trim(name, row, fields(_given()))})

            routes.add_url_rule(path, f"POST {path}", self._guarded(answer), methods=["POST"])

        write("/customer-groups", self._writes.group)
        write("/customer-groups/<where>/customers", self._writes.members)
        write("/customers/<where>", self._writes.customer)
        write("/promotions", self._writes.promotion)
        write("/promotions/<where>", self._writes.switch)
        write("/campaigns/<where>", self._writes.extend)
        return routes

    def _lists(self) -> Mapping[str, _List]:
        shop, answers = self._shop, self._answers
        return {
            "customers": (shop.customers.values, answers.customer),
            "orders": (shop.orders.values, answers.order),
            "products": (shop.products.values, answers.product),
            "promotions": (shop.promotions.values, answers.promotion),
            "customer-groups": (shop.groups.values, answers.plain),
            "product-categories": (
                lambda: [StoredName(id=each, name=name) for each, name in shop.categories.items()],
                answers.plain,
            ),
            "collections": (
                lambda: [StoredName(id=each, title=name) for each, name in shop.collections.items()],
                answers.plain,
            ),
            "stores": (lambda: [_store(shop)], answers.plain),
        }

    def _lister(self, kind: str, listed: _List) -> Callable[[], Response]:
        rows, write = listed

        def answer() -> Response:
            found, count, offset, limit = cut(kind, rows(), given := _given())
            written = [trim(kind, write(row), fields(given)) for row in found]
            return _json({kind.replace("-", "_"): written, "count": count, "offset": offset, "limit": limit})

        return answer

    def _guarded(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        def view(**where: str) -> Response:
            if request.headers.get("Authorization") != self._basic:
                return _json({"message": "Unauthorized"}, 401)
            try:
                with self._shop.lock:
                    return answer(**where)
            except RefusedError as refused:
                return _json({"type": refused.type, "message": str(refused)}, refused.status)

        return view


def _store(shop: Shop) -> StoredName:
    currency = {"currency_code": shop.profile.currency.lower(), "is_default": True}
    return StoredName(id="store_1", name=shop.profile.name, supported_currencies=[currency])


def _given() -> dict[str, list[str]]:
    return dict(request.args.lists())


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, mimetype="application/json")
