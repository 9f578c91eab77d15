"""The dashboard as its owner would see it: customers with their groups, promotions with their codes."""

from collections import Counter
from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from adapters.medusa.sandbox.records import StoredCustomer
from adapters.medusa.sandbox.shop import Shop

PAGE = 50

#: Groups that Stammkunde made are shown apart.
OUR_PREFIX = "sk:"


def pages(shop: Shop) -> Blueprint:
    """The routes below `/app`."""
    routes = Blueprint("pages", __name__, url_prefix="/app", template_folder=".")
    dashboard = _Dashboard(shop)
    routes.add_url_rule("", "home", lambda: redirect("/app/customers"))
    routes.add_url_rule("/customers", "customers", dashboard.customers)
    routes.add_url_rule("/promotions", "promotions", dashboard.promotions)
    routes.add_url_rule("/style.css", "style", _style)
    return routes


class _Dashboard:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def customers(self) -> str:
        text, group = request.args.get("q", "").strip().casefold(), request.args.get("group", "").casefold()
        with self._shop.lock:
            named = [(each, self._groups(each)) for each in self._shop.customers.values()]
            found = [(each, names) for each, names in named if _fits(each, names, text, group)]
            rows, paging = _page(found)
            orders = Counter(order.customer_id for order in self._shop.orders.values())
            people = [(each, _marked(names), orders[each.id]) for each, names in rows]
        return self._show("customers.html", people=people, q=text, group=group, **paging)

    def promotions(self) -> str:
        with self._shop.lock:
            rows, paging = _page([(each, []) for each in self._shop.promotions.values()])
            codes = [(each, each.campaign.name if each.campaign else "") for each, _ in rows]
        return self._show("promotions.html", codes=codes, q="", group="", **paging)

    def _groups(self, customer: StoredCustomer) -> list[str]:
        groups = self._shop.groups
        return [groups[number].name for number in customer.groups if number in groups]

    def _show(self, template: str, **values: Any) -> str:
        return render_template(template, shop=self._shop.profile, path=request.path, **values)


def _fits(customer: StoredCustomer, names: list[str], text: str, group: str) -> bool:
    words = f"{customer.first_name or ''} {customer.last_name or ''} {customer.email or ''}".casefold()
    return text in words and (not group or group in {name.casefold() for name in names})


def _page(found: list[tuple[Any, list[str]]]) -> tuple[list[tuple[Any, list[str]]], dict[str, int]]:
    number = max(request.args.get("page", 1, type=int), 1)
    last = max((len(found) + PAGE - 1) // PAGE, 1)
    newest_first = sorted(found, key=lambda each: each[0].id, reverse=True)
    paging = {"page": number, "last": last, "total": len(found)}
    return newest_first[(number - 1) * PAGE : number * PAGE], paging


def _marked(names: list[str]) -> list[tuple[str, bool]]:
    """Groups, ours first, each with whether it is ours."""
    marked = [(name, name.casefold().startswith(OUR_PREFIX)) for name in names]
    return sorted(marked, key=lambda each: (not each[1], each[0].casefold()))


def _style() -> Response:
    text = files(__package__ or "").joinpath("style.css").read_text("utf-8")
    return Response(text, mimetype="text/css")
