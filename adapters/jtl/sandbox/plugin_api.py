"""The HTTP side of the plugin, as docs/platforms/jtl-plugin-api.md says."""

import hmac
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from adapters.jtl.sandbox.changes import (
    ATTRIBUTE_LENGTH,
    CODE_LENGTH,
    TAG_LENGTH,
    TAGS_PER_CUSTOMER,
    Changes,
)
from adapters.jtl.sandbox.projection import COLUMNS, coupon_row
from adapters.jtl.sandbox.shop import Place, Shop
from adapters.jtl.sandbox.webhooks import Webhooks

MOST_CHANGES = 500
KINDS = ("customers", "orders", "products")
#: What a coupon may ask for here.
COUPON_TERMS = ("minimum", "not-combinable", "titles", "free-shipping", "products", "categories")


class PluginError(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class PluginApi:
    """Answers the adapter.

    Args:
        key: the one key there is.
        scopes: what it may do.
        version: of the plugin.
        webhooks: told of in the ping while they are on.
    """

    def __init__(
        self, shop: Shop, *, key: str, scopes: Iterable[str], version: str, webhooks: Webhooks
    ) -> None:
        self._shop = shop
        self._webhooks = webhooks
        self._key = key
        self.scopes = frozenset(scopes)
        self.api = 1
        self.coupon_terms: tuple[str, ...] = COUPON_TERMS
        self.version = version
        self.installation: str | None = None
        self.comparing = 0  #: how many empty pages come before the first full one
        self._runs: dict[str, dict[int, tuple[bytes, list[Any]]]] = {}

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("plugin", __name__, url_prefix="/stammkunde/v1")

        def route(
            path: str, answer: Callable[..., Any], method: str = "GET", scope: str | None = "read"
        ) -> None:
            view = self._guarded(answer, scope)
            routes.add_url_rule(path, f"{method} {path}".replace(".", ""), view, methods=[method])

        route("/ping", self._ping)
        for kind in KINDS:
            route(f"/{kind}", _about(self._changed, kind))
            route(f"/{kind}/ids", _about(self._ids, kind))
            route(f"/{kind}/by-ids", _about(self._by_ids, kind))
        route("/orders/by-customers", self._orders_of)
        route("/customers/by-emails", self._with_emails)
        route("/orders/by-numbers", self._numbered)
        route("/tags", self._tags)
        route("/coupons", self._coupons)
        route("/changes", self._changes, "POST", None)
        route("/runs/<run>", self._run)
        routes.add_url_rule(
            "/<path:_>", "none", lambda _: _error(404, "no-route", "There is no such address.")
        )
        return routes

    def _guarded(self, answer: Callable[..., Any], scope: str | None) -> Callable[..., Response]:
        def view(**parts: str) -> Response:
            try:
                self._require(scope)
                with self._shop.lock:
                    return _answer(answer(**parts))
            except PluginError as error:
                return _error(error.status, error.code, str(error))

        return view

    def _require(self, scope: str | None) -> None:
        given = request.headers.get("X-Stammkunde-Key", "")
        if not given:
            raise PluginError(401, "key-missing", "There is no key in the header X-Stammkunde-Key.")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise PluginError(401, "key-wrong", "This key is unknown or was revoked.")
        if scope is not None and scope not in self.scopes:
            message = f'This key may not do that: the scope "{scope}" is missing.'
            raise PluginError(403, "scope-missing", message)

    # -- reading ----------------------------------------------------------------------------------------

    def _ping(self) -> dict[str, Any]:
        shop, profile = self._shop, self._shop.profile
        guests = sum(not each.registered for each in shop.customers.values())
        methods = sorted({each.payment_method for each in shop.orders.values() if each.payment_method})
        oldest = min((each.created for each in shop.orders.values()), default=None)
        return {
            "plugin": {"version": self.version, "api": self.api},
            "shop": {
                "name": profile.name,
                "version": "5.4.0",
                "url": request.host_url.rstrip("/"),
                "currency": profile.currency,
                "time_zone": profile.time_zone,
                "database_time_zone": profile.time_zone,
                "backend_url": f"{request.host_url}admin",
            },
            "key": {"name": "Sandbox", "scopes": sorted(self.scopes)},
            "counts": {
                "customers": len(shop.customers) - guests,
                "guests": guests,
                "orders": len(shop.orders),
                "products": len(shop.products),
                "coupons": len(shop.coupons),
            },
            "oldest_order": oldest,
            "feed_starts": dict.fromkeys(KINDS),
            "features": self._features(),
            "coupon_terms": list(self.coupon_terms),
            "languages": ["de"],
            "customer_groups": [
                {"id": str(place), "name": name, "net_prices": False, "movable": name in profile.movable}
                for place, name in enumerate(profile.groups, 1)
            ],
            "payment_methods": methods,
            "limits": {
                "tag_length": TAG_LENGTH,
                "tags_per_customer": TAGS_PER_CUSTOMER,
                "code_length": CODE_LENGTH,
                "changes_per_batch": MOST_CHANGES,
                "page": 500,
                "attribute_length": ATTRIBUTE_LENGTH,
            },
            "installation": self.installation,
            "notes": [],
        }

    def _features(self) -> list[str]:
        features = ["deletions", "guest-records"]
        features += ["tags"] if "tags" in self.scopes else []
        if "coupons" in self.scopes:
            features += ["coupons", "coupon-for-customer", "coupon-for-anyone", "attributes"]
        if "groups" in self.scopes and len(self._shop.profile.movable) > 1:
            features.append("customer-groups")
        if self._webhooks.address is not None:
            features.append("webhooks")
        return features

    def _changed(self, kind: str) -> dict[str, Any]:
        since = _moment("modified_since")
        after, limit = request.args.get("after"), _limit(250, 500)
        begun = int(after[2:]) if after and after.startswith("c.") else 0
        if begun < self.comparing and (after is None or after.startswith("c.")):
            return {"records": [], "gone": [], "next": f"c.{begun + 1}", "total": None}
        places, total = self._shop.feeds[kind].behind(_place(after), since, limit + 1)
        more, places = len(places) > limit, places[:limit]
        table, feed = self._shop.table(kind), self._shop.feeds[kind]
        gone = [str(number) for _, number in places if feed.is_gone(number)] if since else []
        return {
            "records": [self._row(kind, number) for _, number in places if number in table],
            "gone": gone,
            "next": f"p.{places[-1][0]}.{places[-1][1]}" if more else None,
            "total": total,
        }

    def _row(self, kind: str, number: int) -> dict[str, Any]:
        return COLUMNS[kind](self._shop, self._shop.table(kind)[number])

    def _ids(self, kind: str) -> dict[str, Any]:
        after, limit = request.args.get("after", 0, type=int), _limit(1000, 5000)
        numbers = sorted(number for number in self._shop.table(kind) if number > after)
        ids = [str(number) for number in numbers[:limit]]
        total = len(self._shop.table(kind))
        return {"ids": ids, "next": ids[-1] if len(numbers) > limit else None, "total": total}

    def _by_ids(self, kind: str) -> dict[str, Any]:
        asked = _list("ids", 200)
        table = self._shop.table(kind)
        there = [text for text in asked if text.isdecimal() and int(text) in table]
        return {
            "records": [self._row(kind, int(text)) for text in there],
            "gone": [text for text in asked if text not in there],
            "next": None,
        }

    def _orders_of(self) -> dict[str, Any]:
        asked = {int(text) for text in _list("customer_ids", 100) if text.isdecimal()}
        after, limit = request.args.get("after", 0, type=int), _limit(250, 500)
        orders = [order for customer in asked for order in self._shop.orders_of(customer)]
        numbers = sorted(order.id for order in orders if order.id > after)
        return {
            "records": [self._row("orders", number) for number in numbers[:limit]],
            "gone": [],
            "next": str(numbers[limit - 1]) if len(numbers) > limit else None,
            "total": None,
        }

    def _with_emails(self) -> dict[str, Any]:
        asked = {email.casefold() for email in _list("emails", 100)}
        customers = self._shop.customers.values()
        found = sorted(each.id for each in customers if (each.email or "").casefold() in asked)
        return {"records": [self._row("customers", number) for number in found]}

    def _numbered(self) -> dict[str, Any]:
        asked = set(_list("numbers", 100))
        found = sorted(order.id for order in self._shop.orders.values() if order.number in asked)
        return {"records": [self._row("orders", number) for number in found]}

    def _tags(self) -> dict[str, Any]:
        prefix = request.args.get("prefix", "").casefold()
        after, limit = request.args.get("after", 0, type=int), _limit(1000, 5000)
        found = []
        for number in sorted(number for number in self._shop.customers if number > after):
            tags = [tag for tag in self._shop.customers[number].tags if tag.casefold().startswith(prefix)]
            if tags:
                found.append({"customer_id": str(number), "tags": tags})
        records = found[:limit]
        return {"records": records, "next": records[-1]["customer_id"] if len(found) > limit else None}

    def _coupons(self) -> dict[str, Any]:
        after, limit = _place(request.args.get("after")), _limit(250, 500)
        feed = self._shop.feeds["coupons"]
        places, _ = feed.behind(after, _moment("modified_since"), len(self._shop.coupons))
        ours = [place for place in places if self._shop.coupons[place[1]].mark]
        page = ours[:limit]
        return {
            "records": [coupon_row(self._shop, self._shop.coupons[number]) for _, number in page],
            "gone": [],
            "next": f"p.{page[-1][0]}.{page[-1][1]}" if len(ours) > limit else None,
            "total": len(ours),
        }

    # -- writing ----------------------------------------------------------------------------------------

    def _changes(self) -> dict[str, Any]:
        try:
            body = msgspec.json.decode(request.get_data(), type=dict[str, Any])
            run, batch, changes = str(body["run"]), int(body["batch"]), list(body["changes"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            raise PluginError(400, "bad-request", "The body is no batch of changes.") from None
        if not 1 <= len(changes) <= MOST_CHANGES:
            raise PluginError(400, "bad-request", "A batch holds 1 to 500 changes.")
        if not {*self.scopes} - {"read"}:
            raise PluginError(403, "scope-missing", "This key may change nothing in this shop.")
        self._require_installation(body.get("installation"))
        content = msgspec.json.encode(changes)
        stored = self._runs.setdefault(run, {}).get(batch)
        if stored and stored[0] != content:
            raise PluginError(409, "batch-differs", "This batch was sent before with other content.")
        if stored:
            return {"run": run, "batch": batch, "repeated": True, "results": stored[1]}
        with self._webhooks.silent():
            results = [Changes(self._shop, self.scopes).apply(change) for change in changes]
        self._runs[run][batch] = content, results
        return {"run": run, "batch": batch, "repeated": False, "results": results}

    def _require_installation(self, given: str | None) -> None:
        if self.installation is not None and given != self.installation:
            message = f"This shop takes changes from the installation {self.installation} only."
            raise PluginError(409, "other-installation", message)
        self.installation = given

    def _run(self, run: str) -> dict[str, Any]:
        batches = [
            {"batch": batch, "at": None, "changes": len(results)}
            for batch, (_, results) in self._runs.get(run, {}).items()
        ]
        return {"run": run, "busy": False, "batches": batches}


def _about(answer: Callable[[str], Any], kind: str) -> Callable[[], Any]:
    return lambda: answer(kind)


def _limit(usual: int, most: int) -> int:
    limit = request.args.get("limit", usual, type=int)
    if not 1 <= limit <= most:
        raise PluginError(400, "bad-request", f"`limit` is 1 to {most}.")
    return limit


def _list(name: str, most: int) -> list[str]:
    given = [text for text in request.args.get(name, "").split(",") if text]
    if len(given) > most:
        raise PluginError(400, "bad-request", f"`{name}` names at most {most}.")
    return given


def _moment(name: str) -> datetime | None:
    text = request.args.get(name)
    try:
        return msgspec.convert(text, datetime) if text else None
    except msgspec.ValidationError:
        raise PluginError(400, "bad-request", f"`{name}` is no time.") from None


def _place(after: str | None) -> Place | None:
    if after is None or after.startswith("c."):
        return None
    try:
        _, second, number = after.split(".")
        return int(second), int(number)
    except ValueError:
        raise PluginError(400, "bad-request", "`after` is no place in this list.") from None


def _answer(content: Any) -> Response:
    return Response(msgspec.json.encode(content), mimetype="application/json")


def _error(status: int, code: str, message: str) -> Response:
    body = {"error": {"code": code, "message": message}}
    return Response(msgspec.json.encode(body), status, mimetype="application/json")
