"""The part of the shop's own REST API that the adapter may use, and the traps beside it.

Built from recorded answers: every verb but GET is answered 501 with an empty list, an unknown item 404 as
text, an unknown route 404 as HTML; the single customer has an encrypted name and a password hash.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from adapters.jtl.sandbox.records import StoredCustomer, StoredLine, StoredOrder, StoredProduct
from adapters.jtl.sandbox.shop import Shop

Rows = Mapping[int, dict[str, Any]]


class CoreApi:
    """Answers at /api/v1, if it is switched on.

    Args:
        key: a key with the permission GET.
        enabled: `SHOW_REST_API` of the shop.
    """

    def __init__(self, shop: Shop, *, key: str, enabled: bool) -> None:
        self._shop = shop
        self._key = key
        self.enabled = enabled
        self.unordered = False  #: lists come as the table lies on the disk, which nothing forbids
        self._tables: dict[str, Callable[[], Rows]] = {
            "customer": lambda: {key: self._customer(each) for key, each in shop.customers.items()},
            "order": lambda: {key: self._order(each) for key, each in shop.orders.items()},
            "cart": lambda: {key: _cart(each) for key, each in shop.orders.items()},
            "product": lambda: {key: self._product(each) for key, each in shop.products.items()},
            "customerGroup": lambda: _named(shop.profile.groups),
            "category": lambda: _named(self._categories()),
            "manufacturer": lambda: _named(self._manufacturers()),
            "currency": lambda: {1: {"id": 1, "code": shop.profile.currency, "default": "Y", "factor": 1}},
        }

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("core", __name__, url_prefix="/api/v1")
        verbs = ["GET", "POST", "PUT", "DELETE"]
        routes.add_url_rule("/<table>", "list", self._list, methods=verbs)
        routes.add_url_rule("/<table>/<int:number>", "item", self._item, methods=verbs)
        return routes

    def _refusal(self, table: str) -> Response | None:
        given = request.headers.get("X-API-KEY")
        if not self.enabled or table not in self._tables:
            return Response("<!DOCTYPE html><html>Seite nicht gefunden</html>", 404, mimetype="text/html")
        if given is None:
            return _json("Invalid api key", 403)
        if given != self._key:
            return _json("No permissions for this operation", 403)
        return _json([], 501) if request.method != "GET" else None

    def _list(self, table: str) -> Response:
        if refused := self._refusal(table):
            return refused
        with self._shop.lock:
            limit, cursor = request.args.get("limit", 10, type=int), request.args.get("cursor", 0, type=int)
            rows = self._tables[table]()
            numbers = sorted(number for number in rows if number > cursor)[: max(limit, 1)]
            if self.unordered:
                numbers.reverse()
            after = str(numbers[-1]) if numbers else -1
            meta = {"current": cursor, "prev": 0, "next": after, "count": len(numbers)}
            return _json({"data": [rows[number] for number in numbers], "meta": {"cursor": meta}})

    def _item(self, table: str, number: int) -> Response:
        if refused := self._refusal(table):
            return refused
        with self._shop.lock:
            row = self._tables[table]().get(number)
        if row is None:
            return Response("The requested resource was not found", 404, mimetype="text/plain")
        if table == "customer":
            surname = base64.b64encode(str(row["surname"]).encode()).decode()
            row = row | {"password": "$2y$10$sandbox", "surname": surname}
        return _json({"data": row})

    # -- rows -------------------------------------------------------------------------------------------

    def _customer(self, customer: StoredCustomer) -> dict[str, Any]:
        groups = self._shop.profile.groups
        return {
            "id": customer.id,
            "customerGroupID": groups.index(customer.group) + 1 if customer.group in groups else 0,
            "languageID": 1,
            "customerNO": f"K{customer.id}",
            "password": "",
            "salutation": customer.salutation or "",
            "firstname": customer.first_name or "",
            "surname": customer.last_name or "",
            "company": customer.company or "",
            "city": customer.city or "",
            "state": customer.region or "",
            "country": customer.country or "",
            "tel": customer.phone or "",
            "mobile": "",
            "mail": customer.email or "",
            "locked": "Y" if customer.locked else "N",
            "newsletter": "",
            "birthday": self._stamp(customer.birthday),
            "created": self._stamp(customer.created),
            "modified": self._stamp(customer.modified),
            "active": "Y" if customer.active else "N",
            "registered": int(customer.registered),
        }

    def _order(self, order: StoredOrder) -> dict[str, Any]:
        return {
            "id": order.id,
            "cartID": order.id,
            "customerID": order.customer or 0,
            "currencyID": 1,
            "balance": -order.credit_used,
            "total": order.total,
            "paymentMethodName": order.payment_method or "",
            "orderNO": order.number,
            "shippingDate": self._stamp(order.shipped),
            "paymentDate": self._stamp(order.paid),
            "fetched": "N",
            "state": str(order.state),
            "created": self._stamp(order.created),
            "currencyConversionFactor": 1,
            "attributes": [],
        }

    def _product(self, product: StoredProduct) -> dict[str, Any]:
        categories, makers = self._categories(), self._manufacturers()
        numbers = [categories.index(name) + 1 for name in product.categories]
        written = product.modified.astimezone(self._shop.profile.zone())
        return {
            "id": product.id,
            "manufacturerID": makers.index(product.manufacturer) + 1 if product.manufacturer else 0,
            "parentID": 0,
            "sku": product.skus[0] if product.skus else "",
            "name": product.name,
            "created": f"{written:%Y-%m-%d}",
            "lastModified": f"{written:%Y-%m-%d %H:%M:%S}",
            "categories": [{"id": 1, "productID": product.id, "categoryID": number} for number in numbers],
        }

    def _categories(self) -> tuple[str, ...]:
        return tuple(sorted({name for each in self._shop.products.values() for name in each.categories}))

    def _manufacturers(self) -> tuple[str, ...]:
        products = self._shop.products.values()
        return tuple(sorted({each.manufacturer for each in products if each.manufacturer}))

    def _stamp(self, when: datetime | date | None) -> dict[str, Any] | None:
        """What the database wrote, and beside it the zone of PHP, which has nothing to do with it."""
        if when is None:
            return None
        written = when.astimezone(self._shop.profile.zone()) if isinstance(when, datetime) else when
        if not isinstance(written, datetime):
            written = datetime.combine(written, time())
        zone = self._shop.profile.php_zone
        return {"date": f"{written:%Y-%m-%d %H:%M:%S}.000000", "timezone_type": 3, "timezone": zone}


def _cart(order: StoredOrder) -> dict[str, Any]:
    items = [_item(order.id, line, place) for place, line in enumerate(order.lines, order.id * 1000)]
    return {"id": order.id, "customerID": order.customer or 0, "items": items}


def _item(cart: int, line: StoredLine, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "cartID": cart,
        "productID": line.product or 0,
        "name": line.name,
        "sku": line.sku,
        "netSinglePrice": line.net_price,
        "price": line.net_price,
        "taxPercent": line.tax_percent,
        "qty": line.quantity,
        "posType": line.type,
        "attributes": [],
    }


def _named(names: tuple[str, ...]) -> Rows:
    return {place: {"id": place, "name": name} for place, name in enumerate(names, 1)}


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, mimetype="application/json")
