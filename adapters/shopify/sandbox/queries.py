"""Root fields that read: the shop, customers, orders, products, nodes."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from graphql import GraphQLError

from adapters.shopify.sandbox.connections import Table, count, from_list, page
from adapters.shopify.sandbox.engine import Call
from adapters.shopify.sandbox.limits import PLANS
from adapters.shopify.sandbox.records import (
    StoredCustomer,
    StoredOrder,
    StoredProduct,
    gid,
    kind_of,
    number_of,
)
from adapters.shopify.sandbox.search import (
    EVERYTHING,
    Condition,
    Search,
    either,
    equal,
    instant,
    member,
    number,
    whole_day,
    words,
)
from adapters.shopify.sandbox.view import View

TAGGED = "SELECT customer FROM tags WHERE folded = ?"


def tables(zone: ZoneInfo) -> dict[str, Table]:
    """Customers, orders and products with what their queries may ask for."""
    return {
        "customers": Table(
            "customers",
            Search(
                {
                    "id": number("id"),
                    "updated_at": whole_day("updated", zone),
                    "customer_date": whole_day("created", zone),
                    "email": equal("email"),
                    "tag": member(TAGGED),
                    "tag_not": member(TAGGED, negated=True),
                },
                either(words("name"), words("email")),
            ),
            msgspec.msgpack.Decoder(StoredCustomer).decode,
        ),
        "orders": Table(
            "orders",
            Search(
                {
                    "id": number("id"),
                    "updated_at": instant("updated", zone),
                    "created_at": instant("created", zone),
                    "processed_at": instant("created", zone),
                    "customer_id": number("customer"),
                    "email": equal("email"),
                    "name": equal("name"),
                },
                either(words("name"), words("email")),
            ),
            msgspec.msgpack.Decoder(StoredOrder).decode,
        ),
        "products": Table(
            "products",
            Search(
                {
                    "id": number("id"),
                    "updated_at": instant("updated", zone),
                    "created_at": instant("created", zone),
                    "title": words("name"),
                },
                words("name"),
            ),
            msgspec.msgpack.Decoder(StoredProduct).decode,
        ),
    }


def window(view: View, table: str) -> Condition:
    """The rows of a table that the view may see."""
    return view.order_window() if table == "orders" else EVERYTHING


class Queries:
    """Root fields over the three kinds of record.

    Args:
        nodes: finds what other parts of the shop know by a global id (discounts, operations, ...).
    """

    def __init__(self, zone: ZoneInfo, nodes: Callable[[Call, str], Any]) -> None:
        self.tables = tables(zone)
        self._nodes = nodes

    def roots(self) -> dict[str, Callable[..., Any]]:
        """Root fields of the API."""
        roots: dict[str, Callable[..., Any]] = {
            "shop": _shop,
            "currentAppInstallation": _installation,
            "customer": lambda call, global_id: call.view.store.customer(
                number_of(global_id, "Customer") or 0
            ),
            "order": lambda call, global_id: call.view.order(number_of(global_id, "Order")),
            "product": lambda call, global_id: call.view.product(number_of(global_id, "Product")),
            "node": lambda call, global_id: self._node(call, global_id),
            "nodes": self._many,
            "events": lambda _, **arguments: from_list([], **arguments),
            "job": lambda _, global_id: {"__typename": "Job", "id": global_id, "done": True},
        }
        for name, table in self.tables.items():
            roots[name] = self._connection(table)
        for name in ("customers", "orders"):
            roots[f"{name}Count"] = self._count(self.tables[name])
        return roots

    def _connection(self, table: Table) -> Callable[..., Any]:
        def resolve(call: Call, **arguments: Any) -> Any:
            answer, warnings = page(
                call.view.store,
                table,
                window(call.view, table.name),
                first=arguments.get("first"),
                after=arguments.get("after"),
                query=arguments.get("query"),
                sort=arguments["sort_key"],
                reverse=arguments["reverse"],
            )
            call.warnings += warnings
            return answer

        return resolve

    def _count(self, table: Table) -> Callable[..., Any]:
        def resolve(call: Call, limit: int | None = None, query: str | None = None) -> Any:
            return count(call.view.store, table, window(call.view, table.name), query, limit)

        return resolve

    def _many(self, call: Call, ids: list[str]) -> list[Any]:
        return [self._node(call, global_id) for global_id in ids]

    def _node(self, call: Call, global_id: str) -> Any:
        kind, found = kind_of(global_id), number_of(global_id)
        if found is None:
            raise GraphQLError(
                f"Invalid global id '{global_id}'", extensions={"code": "argumentLiteralsIncompatible"}
            )
        if kind in _READABLE and not call.view.allows(_READABLE[kind]):
            return None
        if kind == "Customer":
            return call.view.store.customer(found)
        if kind == "Order":
            return call.view.order(found)
        if kind == "Product":
            return call.view.product(found)
        return self._nodes(call, global_id)


_READABLE = {"Customer": "read_customers", "Order": "read_orders", "Product": "read_products"}


def _shop(call: Call) -> dict[str, Any]:
    profile = call.view.profile
    return {
        "__typename": "Shop",
        "id": gid("Shop", 1),
        "name": profile.name,
        "myshopifyDomain": profile.domain,
        "currencyCode": profile.currency,
        "ianaTimezone": profile.time_zone,
        "enabledPresentmentCurrencies": list(profile.presentment),
        "plan": {
            "publicDisplayName": profile.plan,
            "shopifyPlus": PLANS[profile.plan] >= PLANS["Plus"],
            "partnerDevelopment": False,
        },
    }


def _installation(call: Call) -> dict[str, Any]:
    return {
        "__typename": "AppInstallation",
        "id": gid("AppInstallation", 1),
        "launchUrl": f"https://{call.view.profile.domain}/admin/apps/stammkunde",
        "accessScopes": [{"handle": scope} for scope in sorted(call.view.scopes)],
    }
