"""The shop's backend as its owner would see it: customers with tags, coupons with codes."""

from flask import Blueprint, render_template

from adapters.jtl.sandbox.records import StoredCoupon, StoredCustomer
from adapters.jtl.sandbox.shop import Shop
from connector.sample.admin import Section, admin, is_wanted, listing, ours_first


def pages(shop: Shop) -> Blueprint:
    """The routes below `/admin`."""
    backend = _Backend(shop)
    sections = {
        "customers": Section("Kunden", backend.customers, search="Name oder E-Mail", narrow="tag"),
        "coupons": Section("Coupons", backend.coupons),
    }
    return admin("/admin", __name__, shop=shop.profile.name, sections=sections)


class _Backend:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def customers(self) -> str:
        with self._shop.lock:
            wanted = (each for each in self._shop.customers.values() if _is_wanted(each))
            found = listing(wanted, by=lambda each: each.id)
            people = [
                (each, ours_first(each.tags), len(self._shop.orders_of(each.id))) for each in found.rows
            ]
        return render_template("customers.html", listing=found, people=people)

    def coupons(self) -> str:
        with self._shop.lock:
            there = (each for each in self._shop.coupons.values() if not each.deleted)
            found = listing(there, by=lambda each: each.id)
            coupons = [(each, _worth(each)) for each in found.rows]
        return render_template("coupons.html", listing=found, coupons=coupons)


def _is_wanted(customer: StoredCustomer) -> bool:
    return is_wanted((customer.first_name, customer.last_name, customer.email), customer.tags)


def _worth(coupon: StoredCoupon) -> str:
    worth = f"{coupon.amount:.2f} €" if coupon.amount is not None else f"{coupon.percent or 0:g} %"
    worth = "versandkostenfrei" if coupon.free_shipping else worth
    least = f" ab {coupon.minimum:.2f} €" if coupon.minimum else ""
    return f"{worth}{least}".replace(".", ",")
