"""The shop's admin as its owner would see it: customers with tags, orders, discounts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, render_template, request

from adapters.shopify.sandbox.discounts import Discounts, StoredDiscount
from adapters.shopify.sandbox.records import StoredCustomer, StoredOrder, decimal_text
from adapters.shopify.sandbox.shop import Shop
from adapters.shopify.sandbox.store import display_name
from connector.sample.admin import OUR_PREFIX, PAGE, Listing, Section, admin, ours_first, page_number

T = TypeVar("T")

#: What is this shop's own in the style, by day and by night.
_COLOURS = {
    "paper": ("#faf8f5", "#1b1715"),
    "card": ("#fff", "#241f1c"),
    "ink": ("#2b2320", "#efe8e2"),
    "soft": ("#766a63", "#a89b92"),
    "line": ("#e6dfd8", "#3a322d"),
    "bar": ("#5b3a29", "#2f221b"),
}

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
    own = _Admin(shop, discounts)
    sections = {
        "customers": Section("Kunden", own.customers, search="Name oder E-Mail", narrow="tag"),
        "orders": Section("Bestellungen", own.orders, search="Nummer oder E-Mail"),
        "discounts": Section("Rabatte", own.discounts),
    }
    routes = admin("/admin", __name__, shop=shop.profile.name, sections=sections, colours=_COLOURS)
    routes.add_app_template_filter(_money_filter(shop), "money")
    routes.add_app_template_filter(_day_filter(shop.profile.zone()), "day")
    routes.add_app_template_filter(lambda status: _STATUS.get(status, status), "german")
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
        found = self._listing("customers", condition, values, StoredCustomer)
        people = [(customer, display_name(customer), ours_first(customer.tags)) for customer in found.rows]
        shown = {"people": people, "tags": self._all_tags(), "tag": tag, "q": text}
        return render_template("customers.html", listing=found, **shown)

    def orders(self) -> str:
        text = request.args.get("q", "").strip()
        condition, values = ("name LIKE ? OR email LIKE ?", [f"%{text}%"] * 2) if text else ("1", [])
        found = self._listing("orders", condition, values, StoredOrder)
        return render_template("orders.html", listing=found)

    def discounts(self) -> str:
        found = self._listing("discounts", "1", [], StoredDiscount)
        discounts = [(discount, *self._discount_facts(discount)) for discount in found.rows]
        return render_template("discounts.html", listing=found, discounts=discounts)

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

    def _listing(self, table: str, condition: str, values: list[Any], kind: type[T]) -> Listing[T]:
        store, page = self._shop.store, page_number()
        total = int(store.rows(f"SELECT count(*) FROM {table} WHERE {condition}", values)[0][0])
        sql = f"SELECT record FROM {table} WHERE {condition} ORDER BY created DESC, id DESC LIMIT ? OFFSET ?"
        decode = msgspec.msgpack.Decoder(kind).decode
        rows = [decode(row[0]) for row in store.rows(sql, [*values, PAGE, (page - 1) * PAGE])]
        return Listing(rows, total, page)

    def _all_tags(self) -> list[tuple[str, int]]:
        rows = self._shop.store.rows(
            "SELECT folded, count(*) FROM tags GROUP BY folded ORDER BY folded LIKE ? DESC, 2 DESC LIMIT 40",
            (f"{OUR_PREFIX}%",),
        )
        return [(str(tag), int(count)) for tag, count in rows]


def _money_filter(shop: Shop) -> Callable[[int], str]:
    currency = shop.profile.currency
    sign = {"EUR": "€", "USD": "$"}.get(currency, currency)

    def money(amount: int) -> str:
        return f"{decimal_text(amount, currency).replace('.', ',')} {sign}"

    return money


def _day_filter(zone: ZoneInfo) -> Callable[[datetime | None], str]:
    return lambda moment: f"{moment.astimezone(zone):%d.%m.%Y}" if moment else "unbegrenzt"
