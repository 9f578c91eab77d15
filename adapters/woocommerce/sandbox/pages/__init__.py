"""The shop's admin as its owner would see it: users with tags, as our plugin shows them, and coupons."""

from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from adapters.woocommerce.records import TAGS_KEY
from adapters.woocommerce.sandbox.records import StoredCoupon, StoredCustomer
from adapters.woocommerce.sandbox.shop import Shop

PAGE = 50

#: Tags that Stammkunde put there are shown apart.
OUR_PREFIX = "sk:"

MARK_KEY, CUSTOMER_KEY = "stammkunde_mark", "stammkunde_customer"


def pages(shop: Shop) -> Blueprint:
    """The routes below `/wp-admin`."""
    routes = Blueprint("pages", __name__, url_prefix="/wp-admin", template_folder=".")
    admin = _Admin(shop)
    for path in ("", "/users.php"):
        routes.add_url_rule(path, f"home{path}".replace(".", "-"), lambda: redirect("/wp-admin/users"))
    routes.add_url_rule("/users", "users", admin.users)
    routes.add_url_rule("/coupons", "coupons", admin.coupons)
    routes.add_url_rule("/style.css", "style", _style)
    return routes


class _Admin:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def users(self) -> str:
        text, tag = request.args.get("q", "").strip().casefold(), request.args.get("tag", "").casefold()
        with self._shop.lock:
            found = [each for each in self._shop.customers.values() if _fits(each, text, tag)]
            rows, paging = _page(found)
            people = [(each, _labels(each), self._open_codes(each), self._orders(each)) for each in rows]
        return self._show("users.html", people=people, q=text, tag=tag, **paging)

    def coupons(self) -> str:
        with self._shop.lock:
            rows, paging = _page(list(self._shop.coupons.values()))
            coupons = [(each, _worth(each), each.meta.get(MARK_KEY, "")) for each in rows]
        return self._show("coupons.html", coupons=coupons, q="", tag="", **paging)

    def _orders(self, customer: StoredCustomer) -> int:
        return sum(order.customer == customer.id for order in self._shop.orders.values())

    def _open_codes(self, customer: StoredCustomer) -> list[str]:
        now = self._shop.now()
        return [
            each.code
            for each in self._shop.coupons.values()
            if each.meta.get(CUSTOMER_KEY) == str(customer.id)
            and not each.used_by
            and (each.expires is None or each.expires > now)
        ]

    def _show(self, template: str, **values: Any) -> str:
        return render_template(template, shop=self._shop.profile, path=request.path, **values)


def _fits(customer: StoredCustomer, text: str, tag: str) -> bool:
    words = f"{customer.first_name} {customer.last_name} {customer.email}".casefold()
    return text in words and (not tag or tag in {each.casefold() for each in customer.meta.get(TAGS_KEY, ())})


def _page(found: list[Any]) -> tuple[list[Any], dict[str, int]]:
    number = max(request.args.get("page", 1, type=int), 1)
    last = max((len(found) + PAGE - 1) // PAGE, 1)
    newest_first = sorted(found, key=lambda each: -each.id)
    paging = {"page": number, "last": last, "total": len(found)}
    return newest_first[(number - 1) * PAGE : number * PAGE], paging


def _labels(customer: StoredCustomer) -> list[tuple[str, bool]]:
    """Tags, ours first, each with whether it is ours."""
    tags = customer.meta.get(TAGS_KEY, ())
    marked = [(tag, tag.casefold().startswith(OUR_PREFIX)) for tag in tags]
    return sorted(marked, key=lambda each: (not each[1], each[0].casefold()))


def _worth(coupon: StoredCoupon) -> str:
    worth = f"{coupon.amount} %" if coupon.discount_type == "percent" else f"{coupon.amount} €"
    least = f" ab {coupon.minimum_amount} €" if coupon.minimum_amount != "0.00" else ""
    return f"{worth}{least}".replace(".", ",")


def _style() -> Response:
    text = files(__package__ or "").joinpath("style.css").read_text("utf-8")
    return Response(text, mimetype="text/css")
