"""The shop's backend as its owner would see it: customers with tags, coupons with codes."""

from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from adapters.jtl.sandbox.records import StoredCoupon, StoredCustomer
from adapters.jtl.sandbox.shop import Shop

PAGE = 50

#: Tags that Stammkunde put there are shown apart.
OUR_PREFIX = "sk:"


def pages(shop: Shop) -> Blueprint:
    """The routes below `/admin`."""
    routes = Blueprint("pages", __name__, url_prefix="/admin", template_folder=".")
    backend = _Backend(shop)
    routes.add_url_rule("", "home", lambda: redirect("/admin/customers"))
    routes.add_url_rule("/customers", "customers", backend.customers)
    routes.add_url_rule("/coupons", "coupons", backend.coupons)
    routes.add_url_rule("/style.css", "style", _style)
    return routes


class _Backend:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def customers(self) -> str:
        text, tag = request.args.get("q", "").strip().casefold(), request.args.get("tag", "").casefold()
        with self._shop.lock:
            found = [each for each in self._shop.customers.values() if _fits(each, text, tag)]
            rows, paging = _page(found)
            people = [(each, _labels(each), len(self._shop.orders_of(each.id))) for each in rows]
        return self._show("customers.html", people=people, q=text, tag=tag, **paging)

    def coupons(self) -> str:
        with self._shop.lock:
            rows, paging = _page([each for each in self._shop.coupons.values() if not each.deleted])
            coupons = [(each, _worth(each)) for each in rows]
        return self._show("coupons.html", coupons=coupons, q="", tag="", **paging)

    def _show(self, template: str, **values: Any) -> str:
        return render_template(template, shop=self._shop.profile, path=request.path, **values)


def _fits(customer: StoredCustomer, text: str, tag: str) -> bool:
    words = f"{customer.first_name} {customer.last_name} {customer.email}".casefold()
    return text in words and (not tag or tag in {each.casefold() for each in customer.tags})


def _page(found: list[Any]) -> tuple[list[Any], dict[str, int]]:
    number = max(request.args.get("page", 1, type=int), 1)
    last = max((len(found) + PAGE - 1) // PAGE, 1)
    newest_first = sorted(found, key=lambda each: -each.id)
    paging = {"page": number, "last": last, "total": len(found)}
    return newest_first[(number - 1) * PAGE : number * PAGE], paging


def _labels(customer: StoredCustomer) -> list[tuple[str, bool]]:
    """Tags, ours first, each with whether it is ours."""
    marked = [(tag, tag.casefold().startswith(OUR_PREFIX)) for tag in customer.tags]
    return sorted(marked, key=lambda each: (not each[1], each[0].casefold()))


def _worth(coupon: StoredCoupon) -> str:
    worth = f"{coupon.amount:.2f} €" if coupon.amount is not None else f"{coupon.percent or 0:g} %"
    worth = "versandkostenfrei" if coupon.free_shipping else worth
    least = f" ab {coupon.minimum:.2f} €" if coupon.minimum else ""
    return f"{worth}{least}".replace(".", ",")


def _style() -> Response:
    text = files(__package__ or "").joinpath("style.css").read_text("utf-8")
    return Response(text, mimetype="text/css")
