"""`POST /admin-api`: login, API keys, permissions, and what the documents of the adapter ask for."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from graphql import DocumentNode

from adapters.vendure.sandbox.engine import Resolver, formatted, parsed, run
from adapters.vendure.sandbox.lists import moment_of, refused
from adapters.vendure.sandbox.projection import Row, Views
from adapters.vendure.sandbox.records import StoredCustomer, StoredGroup, StoredPromotion
from adapters.vendure.sandbox.shop import Shop

#: What a role must hold for each field; fields that are not listed need a login only.
PERMISSIONS = {
    "customer": "ReadCustomer",
    "customers": "ReadCustomer",
    "customerGroup": "ReadCustomerGroup",
    "customerGroups": "ReadCustomerGroup",
    "orders": "ReadOrder",
    "products": "ReadCatalog",
    "promotions": "ReadPromotion",
    "createCustomerGroup": "CreateCustomerGroup",
    "addCustomersToGroup": "UpdateCustomerGroup",
    "removeCustomersFromGroup": "UpdateCustomerGroup",
    "updateCustomer": "UpdateCustomer",
    "createPromotion": "CreatePromotion",
    "updatePromotion": "UpdatePromotion",
}
EVERY_PERMISSION = frozenset(PERMISSIONS.values())
#: Fields that need nobody.
_OPEN = {"login", "activeChannel"}

_FORBIDDEN = "You are not currently authorized to perform this action"


class Caller(msgspec.Struct, frozen=True):
    """Who asks. An API key may not ask `me`; a session may."""

    permissions: frozenset[str]
    session: bool = False


class Api:
    """Answers requests.

    Args:
        key: the API key.
        permissions: of the role of the key.
        username, password: of an administrator, who may do everything.
    """

    def __init__(
        self, shop: Shop, *, key: str, permissions: Collection[str], username: str, password: str
    ) -> None:
        self._shop = shop
        self._views = Views(shop)
        self._key, self._permissions = key, frozenset(permissions)
        self._login = (username, password)
        self._sessions: set[str] = set()

    def blueprint(self) -> Blueprint:
        """The route."""
        routes = Blueprint("api", __name__)
        routes.add_url_rule("/admin-api", view_func=self._answer, methods=["POST"])
        return routes

    def end_sessions(self) -> None:
        """Forget every login, as a restart of the server does."""
        self._sessions.clear()

    def _answer(self) -> Response:
        body = msgspec.json.decode(request.get_data(), type=dict[str, Any])
        document = parsed(str(body.get("query")))
        headers: dict[str, str] = {}
        if not isinstance(document, DocumentNode):
            return _json({"errors": formatted(list(document), "GRAPHQL_VALIDATION_FAILED")}, 400, headers)
        channel = request.headers.get("vendure-token")
        if channel not in (None, self._shop.profile.token):
            error = {
                "message": "No Channel with the token found",
                "extensions": {"code": "CHANNEL_NOT_FOUND"},
            }
            return _json({"errors": [error], "data": None}, 200, headers)
        with self._shop.lock:
            result = run(self._roots(self._caller(), headers), document, body.get("variables") or {})
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            # What does not fit the schema has no place in the answer.
            misfit = all(error.path is None for error in result.errors)
            answer["errors"] = formatted(result.errors, "BAD_USER_INPUT" if misfit else None)
        return _json(answer, 200, headers)

    def _caller(self) -> Caller | None:
        if request.headers.get("vendure-api-key") == self._key:
            return Caller(self._permissions)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return Caller(EVERY_PERMISSION, session=True) if token in self._sessions else None

    def _roots(self, caller: Caller | None, headers: dict[str, str]) -> Mapping[str, Resolver]:
        def guarded(name: str, resolver: Resolver) -> Resolver:
            def resolve(**arguments: Any) -> Any:
                if name not in _OPEN and not _may(caller, name):
                    raise refused(_FORBIDDEN, "FORBIDDEN")
                return resolver(**arguments)

            return resolve

        views, shop = self._views, self._shop
        roots: dict[str, Resolver] = {
            "login": lambda **given: self._log_in(headers, **given),
            "me": lambda: {
                "channels": [{"token": shop.profile.token, "permissions": sorted(EVERY_PERMISSION)}]
            },
            "activeChannel": self._channel,
            "globalSettings": self._settings,
            "customer": self._customer,
            "customerGroup": self._group,
            "customers": lambda options=None: views.listed(shop.customers.values(), options, views.customer),
            "customerGroups": lambda options=None: views.listed(shop.groups.values(), options, views.group),
            "orders": lambda options=None: views.listed(shop.orders.values(), options, views.order),
            "products": lambda options=None: views.listed(shop.products.values(), options, views.product),
            "promotions": lambda options=None: views.listed(
                shop.promotions.values(), options, views.promotion
            ),
            **self._mutations(),
        }
        return {name: guarded(name, resolver) for name, resolver in roots.items()}

    # -- queries ----------------------------------------------------------------------------------------

    def _log_in(
        self,
        headers: dict[str, str],
        username: str,
        password: str,
        rememberMe: bool = False,  # noqa: N803, ARG002
    ) -> Row:
        if (username, password) != self._login:
            message = "The provided credentials are invalid"
            return {"__typename": "InvalidCredentialsError", "message": message}
        token = secrets.token_hex(16)
        self._sessions.add(token)
        headers["vendure-auth-token"] = token
        return {"__typename": "CurrentUser"}

    def _channel(self) -> Row:
        profile = self._shop.profile
        return {
            "code": profile.code,
            "token": profile.token,
            "defaultLanguageCode": profile.language,
            "defaultCurrencyCode": profile.currency,
            "availableLanguageCodes": list(profile.languages),
            "pricesIncludeTax": True,
        }

    def _settings(self) -> Row:
        profile = self._shop.profile
        fields = [
            {"__typename": "StringCustomFieldConfig", "name": name, "type": "string", "list": False}
            for name in profile.fields
        ]
        entities = [{"entityName": "Customer", "customFields": fields}]
        return {
            "availableLanguages": list(profile.languages),
            "serverConfig": {"moneyStrategyPrecision": 2, "entityCustomFields": entities if fields else []},
        }

    def _customer(self, id: str) -> Row | None:  # noqa: A002  the API's name
        found = self._shop.customers.get(_number(id))
        return self._views.customer(found) if found else None

    def _group(self, id: str) -> Row | None:  # noqa: A002  the API's name
        found = self._shop.groups.get(_number(id))
        return self._views.group(found) if found else None

    # -- mutations --------------------------------------------------------------------------------------

    def _mutations(self) -> dict[str, Resolver]:
        return {
            "createCustomerGroup": self._create_group,
            "addCustomersToGroup": self._add,
            "removeCustomersFromGroup": self._remove,
            "updateCustomer": self._update_customer,
            "createPromotion": self._create_promotion,
            "updatePromotion": self._update_promotion,
        }

    def _create_group(self, input: Mapping[str, Any]) -> Row:  # noqa: A002  the API's name
        return self._views.group(self._shop.add_group(input["name"]))

    def _add(self, customerGroupId: str, customerIds: list[str]) -> Row:  # noqa: N803  the API's names
        """Ids that nobody has are passed over in silence."""
        group = self._known_group(customerGroupId)
        for customer in self._some(customerIds):
            if group.id not in customer.groups:
                customer.groups = [*customer.groups, group.id]
        return self._views.group(group)

    def _remove(self, customerGroupId: str, customerIds: list[str]) -> Row:  # noqa: N803  the API's names
        """One who is no member is enough to refuse all."""
        group = self._known_group(customerGroupId)
        leaving = self._some(customerIds)
        if len(leaving) < len(customerIds) or any(group.id not in each.groups for each in leaving):
            raise refused("Customer does not belong to this CustomerGroup")
        for customer in leaving:
            customer.groups = [number for number in customer.groups if number != group.id]
        return self._views.group(group)

    def _known_group(self, group_id: str) -> StoredGroup:
        group = self._shop.groups.get(_number(group_id))
        if group is None:
            message = f"No CustomerGroup with the id '{group_id}' could be found"
            raise refused(message, "ENTITY_NOT_FOUND")
        return group

    def _some(self, ids: list[str]) -> list[StoredCustomer]:
        found = (self._shop.customers.get(_number(each)) for each in ids)
        return [customer for customer in found if customer]

    def _update_customer(self, input: Mapping[str, Any]) -> Row:  # noqa: A002  the API's name
        customer = self._shop.customers.get(_number(input["id"]))
        if customer is None:
            message = f"No Customer with the id '{input['id']}' could be found"
            raise refused(message, "ENTITY_NOT_FOUND")
        customer.fields = customer.fields | dict(input.get("customFields") or {})
        customer.updated = self._shop.now()
        return self._views.customer(customer)

    def _create_promotion(self, input: Mapping[str, Any]) -> Row:  # noqa: A002  the API's name
        if not input.get("couponCode") and not input["conditions"]:
            message = "A Promotion must have either at least one condition or a coupon code set"
            return {"__typename": "MissingConditionsError", "message": message}
        number, now = max(self._shop.promotions, default=0) + 1, self._shop.now()
        promotion = StoredPromotion(
            id=number, created=now, updated=now, enabled=input["enabled"], code=input.get("couponCode")
        )
        self._change(promotion, input)
        return self._views.promotion(promotion)

    def _update_promotion(self, input: Mapping[str, Any]) -> Row:  # noqa: A002  the API's name
        promotion = self._shop.promotions.get(_number(input["id"]))
        if promotion is None:
            message = f"No Promotion with the id '{input['id']}' could be found"
            raise refused(message, "ENTITY_NOT_FOUND")
        self._change(promotion, input)
        return self._views.promotion(promotion)

    def _change(self, promotion: StoredPromotion, given: Mapping[str, Any]) -> None:
        plain = {"enabled": "enabled", "usageLimit": "usage_limit", "perCustomerUsageLimit": "customer_limit"}
        for name, attribute in plain.items():
            if name in given:
                setattr(promotion, attribute, given[name])
        for name, attribute in {"startsAt": "starts", "endsAt": "ends"}.items():
            if given.get(name):
                setattr(promotion, attribute, moment_of(given[name]))
        for name, attribute in {"conditions": "conditions", "actions": "actions"}.items():
            if name in given:
                setattr(promotion, attribute, [_operation(each) for each in given[name]])
        for translation in given.get("translations", ()):
            promotion.names[translation["languageCode"]] = translation.get("name") or ""
            promotion.descriptions[translation["languageCode"]] = translation.get("description") or ""
        self._shop.save_promotion(promotion)


def _operation(given: Mapping[str, Any]) -> dict[str, Any]:
    """A condition or action. An id in quotes becomes -1, without a word."""
    arguments = []
    for argument in given["arguments"]:
        value = argument["value"]
        if argument["name"] == "customerGroupId" and not value.isdecimal():
            value = "-1"
        arguments.append({"name": argument["name"], "value": value})
    return {"code": given["code"], "args": arguments}


def _may(caller: Caller | None, name: str) -> bool:
    if caller is None:
        return False
    if name == "me":
        return caller.session
    return name not in PERMISSIONS or PERMISSIONS[name] in caller.permissions


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1


def _json(content: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    response = Response(msgspec.json.encode(content), status, mimetype="application/json")
    response.headers.extend(dict(headers))
    return response
