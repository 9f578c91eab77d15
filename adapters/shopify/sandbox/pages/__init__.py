"""The shop's admin as its owner would see it: customers with tags, orders, discounts."""

from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from adapters.shopify.sandbox.discounts import Discounts, StoredDiscount
from adapters.shopify.sandbox.records import StoredCustomer, StoredOrder, decimal_text
from adapters.shopify.sandbox.shop import Shop
from adapters.shopify.sandbox.store import display_name

PAGE = 50

#: Tags that an app put there are shown apart from the merchant's own.
OUR_PREFIX = "sk:"

_STATUS = {
    "PAID": "bezahlt",
    "PENDING": "offen",
    "PARTIALLY_PAID": "teilweise bezahlt",
    "PARTIALLY_REFUNDED": "teilweise erstattet",
    "REFUNDED": "erstattet",
    "VOIDED": "storniert",
    "FULFILLED": "versandt",
    "PARTIALLY_FULFILLED": "teilweise versandt",
    "UNFULFILLED": "nicht versandt",
    "ACTIVE": "aktiv",
    "SCHEDULED": "geplant",
    "EXPIRED": "beendet",
}


def pages(shop: Shop, discounts: Discounts) -> Blueprint:
    """The routes below `/admin`."""
    routes = Blueprint("pages", __name__, url_prefix="/admin", template_folder=".")
    admin = _Admin(shop, discounts)
    routes.add_app_template_filter(_money_filter(shop), "money")
    routes.add_app_template_filter(_day_filter(shop.profile.zone()), "day")
    routes.add_app_template_filter(lambda status: _STATUS.get(status, status), "german")
    routes.add_url_rule("", "home", lambda: redirect("/admin/customers"))
    routes.add_url_rule("/customers", "customers", admin.customers)
    routes.add_url_rule("/orders", "orders", admin.orders)
    routes.add_url_rule("/discounts", "discounts", admin.discounts)
    routes.add_url_rule("/style.css", "style", _style)
    return routes


class _Admin:
    def __init__(self, shop: Shop, discounts: Discounts) -> None:
        self._shop = shop
        self._discounts = discounts

    def customers(self) -> str:
        tag, text = request.args.get("tag", ""), request.args.get("q", "").strip()
        condition, values = "1", []
        if tag:
            condition, values = "id IN (SELECT customer FROM tags WHERE folded = ?)", [tag.casefold()]
        if text:
            condition += " AND (name LIKE ? OR email LIKE ?)"
            values += [f"%{text}%", f"%{text}%"]
        rows, paging = self._page("customers", condition, values, StoredCustomer)
        people = [(customer, display_name(customer), _tags(customer)) for customer in rows]
        return self._show("customers.html", people=people, tags=self._all_tags(), tag=tag, q=text, **paging)

    def orders(self) -> str:
        text = request.args.get("q", "").strip()
        condition, values = ("name LIKE ? OR email LIKE ?", [f"%{text}%"] * 2) if text else ("1", [])
        rows, paging = self._page("orders", condition, values, StoredOrder)
        return self._show("orders.html", orders=rows, q=text, **paging)

    def discounts(self) -> str:
        rows, paging = self._page("discounts", "1", [], StoredDiscount)
        found = [(discount, *self._discount_facts(discount)) for discount in rows]
        return self._show("discounts.html", discounts=found, q="", **paging)

    def _discount_facts(self, discount: StoredDiscount) -> tuple[list[Any], str, str, int]:
        codes = self._discounts.codes(discount.id)
        return (
            codes,
            self._for_whom(discount),
            self._discounts.status(discount),
            sum(code.used for code in codes),
        )

    def _for_whom(self, discount: StoredDiscount) -> str:
        if discount.customers is None:
            return "Segment" if discount.segments else "alle"
        names = [self._shop.store.customer(number) for number in discount.customers[:3]]
        shown = ", ".join(display_name(customer) for customer in names if customer)
        more = len(discount.customers) - 3
        return f"{shown} und {more} weitere" if more > 0 else shown or "niemand"

    def _page(
        self, table: str, condition: str, values: list[Any], kind: Any
    ) -> tuple[list[Any], dict[str, Any]]:
        number = max(request.args.get("page", 1, type=int), 1)
        store = self._shop.store
        total = int(store.rows(f"SELECT count(*) FROM {table} WHERE {condition}", values)[0][0])
        sql = f"SELECT record FROM {table} WHERE {condition} ORDER BY created DESC, id DESC LIMIT ? OFFSET ?"
        decode = msgspec.msgpack.Decoder(kind).decode
        rows = [decode(row[0]) for row in store.rows(sql, [*values, PAGE, (number - 1) * PAGE])]
        return rows, {"page": number, "last": max((total + PAGE - 1) // PAGE, 1), "total": total}

    def _all_tags(self) -> list[tuple[str, int]]:
        rows = self._shop.store.rows(
            "SELECT folded, count(*) FROM tags GROUP BY folded ORDER BY folded LIKE ? DESC, 2 DESC LIMIT 40",
            (f"{OUR_PREFIX}%",),
        )
        return [(str(tag), int(count)) for tag, count in rows]

    def _show(self, template: str, **values: Any) -> str:
        return render_template(template, shop=self._shop.profile, path=request.path, **values)


def _tags(customer: StoredCustomer) -> list[tuple[str, bool]]:
    """Tags, ours first, each with whether it is ours."""
    marked = [(tag, tag.casefold().startswith(OUR_PREFIX)) for tag in customer.tags]
    return sorted(marked, key=lambda each: (not each[1], each[0].casefold()))


def _money_filter(shop: Shop) -> Callable[[int], str]:
    currency = shop.profile.currency
    sign = {"EUR": "€", "USD": "$"}.get(currency, currency)

    def money(amount: int) -> str:
        return f"{decimal_text(amount, currency).replace('.', ',')} {sign}"

    return money


def _day_filter(zone: ZoneInfo) -> Callable[[datetime | None], str]:
    return lambda moment: f"{moment.astimezone(zone):%d.%m.%Y}" if moment else "unbegrenzt"


def _style() -> AnyResponse:
    return Response(files(__name__).joinpath("style.css").read_text("utf-8"), mimetype="text/css")
