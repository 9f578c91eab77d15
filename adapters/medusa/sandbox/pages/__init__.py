"""The dashboard as its owner would see it: customers with their groups, promotions with their codes."""

from collections import Counter

from flask import Blueprint, render_template

from adapters.medusa.sandbox.records import StoredCustomer
from adapters.medusa.sandbox.shop import Shop
from connector.sample.admin import Section, admin, is_wanted, listing, ours_first

#: What is Medusa's own in the style, by day and by night.
_COLOURS = {
    "bar": ("#18181b", "#0c0c0e"),
    "ours": ("#3b3fb6", "#a9acf5"),
    "ours-paper": ("#e6e7fb", "#26284f"),
}


def pages(shop: Shop) -> Blueprint:
    """The routes below `/app`."""
    dashboard = _Dashboard(shop)
    sections = {
        "customers": Section("Customers", dashboard.customers, search="Name or e-mail", narrow="group"),
        "promotions": Section("Promotions", dashboard.promotions),
    }
    name = shop.profile.name
    return admin("/app", __name__, shop=name, sections=sections, language="en", colours=_COLOURS)


class _Dashboard:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def customers(self) -> str:
        with self._shop.lock:
            named = [(each, self._groups(each)) for each in self._shop.customers.values()]
            found = listing(
                ((each, names) for each, names in named if _is_wanted(each, names)), by=lambda row: row[0].id
            )
            orders = Counter(order.customer_id for order in self._shop.orders.values())
            people = [(each, ours_first(names), orders[each.id]) for each, names in found.rows]
        return render_template("customers.html", listing=found, people=people)

    def promotions(self) -> str:
        with self._shop.lock:
            found = listing(self._shop.promotions.values(), by=lambda each: each.id)
            codes = [(each, each.campaign.name if each.campaign else "") for each in found.rows]
        return render_template("promotions.html", listing=found, codes=codes)

    def _groups(self, customer: StoredCustomer) -> list[str]:
        groups = self._shop.groups
        return [groups[number].name for number in customer.groups if number in groups]


def _is_wanted(customer: StoredCustomer, groups: list[str]) -> bool:
    return is_wanted((customer.first_name, customer.last_name, customer.email), groups, narrow="group")
