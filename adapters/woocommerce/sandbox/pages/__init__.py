"""The shop's admin as its owner would see it: users with tags, as our plugin shows them, and coupons."""

from flask import Blueprint, redirect, render_template

from adapters.woocommerce.records import TAGS_KEY
from adapters.woocommerce.sandbox.records import StoredCoupon, StoredCustomer
from adapters.woocommerce.sandbox.shop import Shop
from connector.sample.admin import Section, admin, is_wanted, listing, ours_first

CUSTOMER_KEY = "stammkunde_customer"


def pages(shop: Shop) -> Blueprint:
    """The routes below `/wp-admin`."""
    own = _Admin(shop)
    sections = {
        "users": Section("Kunden", own.users, search="Name oder E-Mail", narrow="tag"),
        "coupons": Section("Gutscheine", own.coupons),
    }
    routes = admin("/wp-admin", __name__, shop=shop.profile.name, sections=sections)
    routes.add_url_rule("/users.php", "users-php", lambda: redirect("/wp-admin/users"))
    return routes


class _Admin:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def users(self) -> str:
        with self._shop.lock:
            wanted = (each for each in self._shop.customers.values() if _is_wanted(each))
            found = listing(wanted, by=lambda each: each.id)
            people = [
                (each, ours_first(_tags(each)), self._open_codes(each), self._orders(each))
                for each in found.rows
            ]
        return render_template("users.html", listing=found, people=people)

    def coupons(self) -> str:
        with self._shop.lock:
            found = listing(self._shop.coupons.values(), by=lambda each: each.id)
            coupons = [(each, _worth(each)) for each in found.rows]
        return render_template("coupons.html", listing=found, coupons=coupons)

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


def _is_wanted(customer: StoredCustomer) -> bool:
    return is_wanted((customer.first_name, customer.last_name, customer.email), _tags(customer))


def _tags(customer: StoredCustomer) -> list[str]:
    return list(customer.meta.get(TAGS_KEY, ()))


def _worth(coupon: StoredCoupon) -> str:
    worth = f"{coupon.amount} %" if coupon.discount_type == "percent" else f"{coupon.amount} €"
    least = f" ab {coupon.minimum_amount} €" if coupon.minimum_amount != "0.00" else ""
    return f"{worth}{least}".replace(".", ",")
