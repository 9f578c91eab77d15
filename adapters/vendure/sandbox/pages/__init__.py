"""The dashboard as its owner would see it: customers with their groups, promotions with their codes."""

from flask import Blueprint, render_template

from adapters.vendure.sandbox.records import StoredCustomer
from adapters.vendure.sandbox.shop import Shop
from connector.sample.admin import Section, admin, is_wanted, listing, ours_first


def pages(shop: Shop) -> Blueprint:
    """The routes below `/admin`."""
    dashboard = _Dashboard(shop)
    sections = {
        "customers": Section("Customers", dashboard.customers, search="Name or e-mail", narrow="group"),
        "promotions": Section("Promotions", dashboard.promotions),
    }
    return admin("/admin", __name__, shop=shop.profile.code, sections=sections, language="en")


class _Dashboard:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def customers(self) -> str:
        with self._shop.lock:
            named = [(each, self._groups(each)) for each in self._shop.customers.values()]
            found = listing(
                ((each, names) for each, names in named if _is_wanted(each, names)), by=lambda row: row[0].id
            )
            people = [
                (each, ours_first(names), len(self._shop.orders_of(each.id))) for each, names in found.rows
            ]
        return render_template("customers.html", listing=found, people=people)

    def promotions(self) -> str:
        with self._shop.lock:
            found = listing(self._shop.promotions.values(), by=lambda each: each.id)
            language = self._shop.profile.language
            codes = [(each, each.names.get(language, "")) for each in found.rows]
        return render_template("promotions.html", listing=found, codes=codes)

    def _groups(self, customer: StoredCustomer) -> list[str]:
        groups = self._shop.groups
        return [groups[number].name for number in customer.groups if number in groups]


def _is_wanted(customer: StoredCustomer, groups: list[str]) -> bool:
    return is_wanted((customer.first_name, customer.last_name, customer.email), groups, narrow="group")
