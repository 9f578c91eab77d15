"""Version 1 of the API, as its description says: envelopes, permissions, licence, limits of the cloud."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from adapters.jtl.wawi.sandbox.books import COMPANY, FIELDS, GROUPS, Books
from adapters.jtl.wawi.sandbox.entry import Entry, answer, refusal
from adapters.jtl.wawi.sandbox.records import WEB_SHOP, Row

LARGEST_PAGE = 1000

#: Routes of short lists, with what they give.
Names = Callable[[Books], list[Row]]
SHORT: Mapping[str, tuple[str, Names]] = {
    "customerGroups": (
        "customergroup.querycustomergroups",
        lambda _: [row | {"IsNetPrice": row["Name"] == "Händler"} for row in _named(GROUPS)],
    ),
    "customerCategories": ("customercategory.querycustomercategories", lambda _: _named(("Presse",))),
    "paymentMethods": ("paymentmethod.querypaymentmethods", lambda books: _named(books.methods)),
    "manufacturers": ("item.querymanufacturers", lambda books: _named(books.makers)),
    "companies": ("company.querycompanies", lambda _: _named((COMPANY,))),
    "salesChannels": ("saleschannel.getsaleschannels", lambda _: [{"Id": WEB_SHOP, "Type": 1}]),
}


class Api:
    """The routes that the adapter uses, and none beside them.

    Args:
        entry: who is let in, and to what.
    """

    def __init__(self, books: Books, entry: Entry) -> None:
        self._books = books
        self._entry = entry
        self.newest_first = False  #: no order of lists is promised
        self.older = False  #: version 1.0, before `lastChangeFrom` and `LastChange`
        self.stuck = False  #: gives the first page whatever is asked for
        self.careless = False  #: a `PATCH` empties what it does not name

    def blueprint(self, prefix: str) -> Blueprint:
        """The routes below /v1."""
        routes = Blueprint("api", __name__, url_prefix=prefix)

        def add(path: str, scope: str, view: Callable[..., Response], method: str = "GET") -> None:
            endpoint = f"{method} {path}".replace(".", "-")
            routes.add_url_rule(path, endpoint, self._entry.guarded(scope, view), methods=[method])

        for name, (scope, names) in SHORT.items():
            add(f"/{name}", scope, lambda names=names: answer(names(self._books)))
        add("/customers", "customer.querycustomers", self._customers)
        add("/customers/<int:number>", "customer.getcustomer", self._customer)
        add("/customers/<int:number>", "customer.updatecustomer", self._update_customer, "PATCH")
        add("/customers/customfields", "customer.querycustomercustomfields", _fields)
        values = "/customers/<int:number>/customfields"
        add(values, "customer.querycustomercustomfieldvalues", self._values)
        add(f"{values}/<int:field>", "customer.updatecustomercustomfield", self._set_value, "PATCH")
        add(f"{values}/<int:field>", "customer.deletecustomercustomfield", self._clear_value, "DELETE")
        add("/salesOrders", "salesorder.querysalesorders", self._orders)
        add("/salesOrders/<int:number>", "salesorder.getsalesorder", self._order)
        add("/salesOrders/<int:number>/lineitems", "salesorder.querysalesorderlineitems", self._lines)
        add("/accountingData", "accountingdata.queryaccountingdata", self._accounting)
        add("/items", "item.queryitems", self._items)
        add("/items/<int:number>", "item.getitem", self._item)
        return routes

    # -- customers --------------------------------------------------------------------------------------

    def _customers(self) -> Response:
        rows = list(self._books.customers.values())
        if self.older:
            return self._page([{key: row[key] for key in row if key != "LastChange"} for row in rows])
        return self._page(_since(rows, "LastChange", "lastChangeFrom"))

    def _customer(self, number: int) -> Response:
        return _found(self._books.customers.get(number), "customer")

    def _update_customer(self, number: int) -> Response:
        row = self._books.customers.get(number)
        if row is None:
            return refusal(404, "CustomerNotFound", "No customer with the given ID exists.")
        wanted = msgspec.json.decode(request.get_data(), type=dict[str, Any])
        group: int = wanted.get("CustomerGroupId") or row["CustomerGroupId"]
        if not 1 <= group <= len(GROUPS):
            return refusal(400, "InvalidData", "The customer group does not exist.")
        row["CustomerGroupId"] = group
        if self.careless:
            row["BillingAddress"] = dict.fromkeys(row["BillingAddress"], "") | {"Id": number}
        self._books.touch(number)
        return answer(row, 201)

    def _values(self, number: int) -> Response:
        if number not in self._books.customers:
            return refusal(404, "NotFound", "No fields could be found.")
        values = self._books.fields.get(number, {})
        return answer([{"CustomFieldId": field, "Value": value} for field, value in values.items()])

    def _set_value(self, number: int, field: int) -> Response:
        value = msgspec.json.decode(request.get_data(), type=dict[str, Any]).get("Value")
        if number not in self._books.customers or field not in FIELDS:
            return refusal(404, "NotFound", "No customer with the given ID exists.")
        if not isinstance(value, str) or not value:
            return refusal(400, "InvalidData", "The sent data is invalid.")
        self._books.fields.setdefault(number, {})[field] = value
        return Response(status=204)

    def _clear_value(self, number: int, field: int) -> Response:
        if number not in self._books.customers:
            return refusal(404, "NotFound", "No customer with the given ID exists.")
        self._books.fields.get(number, {}).pop(field, None)
        return Response(status=204)

    # -- orders and items -------------------------------------------------------------------------------

    def _orders(self) -> Response:
        rows = _since(self._books.orders.values(), "SalesOrderDate", "createdSince")
        customer = request.args.get("customerId", type=int)
        return self._page([row for row in rows if customer in (None, row["CustomerId"])])

    def _order(self, number: int) -> Response:
        return _found(self._books.orders.get(number), "sales order")

    def _lines(self, number: int) -> Response:
        return _found(self._books.lines.get(number), "sales order")

    def _accounting(self) -> Response:
        kind = request.args.get("type", type=int)
        rows = _since(self._books.credits.values(), "DocumentDate", "from")
        return self._page([row for row in rows if kind in (None, row["Type"])], key="DocumentId")

    def _items(self) -> Response:
        return self._page(_since(self._books.items.values(), "Changed", "changedSince"))

    def _item(self, number: int) -> Response:
        return _found(self._books.items.get(number), "item")

    def _page(self, rows: list[Row], key: str = "Id") -> Response:
        """The envelope of every long list."""
        number = 1 if self.stuck else max(request.args.get("pageNumber", 1, type=int), 1)
        size = min(max(request.args.get("pageSize", 100, type=int), 1), LARGEST_PAGE)
        ordered = sorted(rows, key=lambda row: row[key], reverse=self.newest_first)
        pages = -(-len(rows) // size)
        return answer(
            {
                "TotalItems": len(rows),
                "PageNumber": number,
                "PageSize": size,
                "Items": ordered[(number - 1) * size : number * size],
                "TotalPages": pages,
                "HasPreviousPage": number > 1,
                "HasNextPage": number < pages,
                "NextPageNumber": min(number + 1, pages),
                "PreviousPageNumber": max(number - 1, 1),
            }
        )


def _fields() -> Response:
    rows = [
        {"CustomFieldId": number, "GroupName": "Kunde", "Name": name, "Type": kind, "PossibleValues": []}
        for number, (name, kind) in FIELDS.items()
    ]
    return answer(rows)


def _found(row: Row | list[Row] | None, what: str) -> Response:
    return refusal(404, "NotFound", f"No {what} with the given ID exists.") if row is None else answer(row)


def _since(rows: Iterable[Row], field: str, parameter: str) -> list[Row]:
    """Rows whose time is not before that of the parameter."""
    given = request.args.get(parameter)
    if given is None:
        return list(rows)
    start = _moment(given)
    return [row for row in rows if row[field] and _moment(row[field]) >= start]


def _moment(text: str) -> datetime:
    found = msgspec.convert(text, datetime)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _named(names: Iterable[str]) -> list[Row]:
    return [{"Id": place, "Name": name} for place, name in enumerate(names, 1)]
