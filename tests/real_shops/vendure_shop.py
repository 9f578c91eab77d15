"""A real Vendure on loopback, and what its owner and its customers do there, all through its own APIs."""

import json
import os
import secrets
import select
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import requests
from pydantic import SecretStr

from adapters.vendure.documents import NEEDED_PERMISSIONS
from connector.model import Customer, Kind, Order, Product, Record

FOLDER = Path(__file__).parent / "vendure"
#: Every customer that a test puts into the shop has this password.
PASSWORD = "geheim123"
#: The variant of `redeem`: goods of 100.00.
BASKET = "990001"

_KINDS: dict[type[Record], Kind] = {
    Customer: Kind.CUSTOMERS,
    Order: Kind.ORDERS,
    Product: Kind.PRODUCTS,
}
#: The shop's own language.
LANGUAGE = "fr"
_READY_WITHIN = 120


class RefusedError(Exception):
    """The shop said no; the message says why."""


class RealVendure:
    """One server. It is a `ShopUnderTest`: only `put` and `delete` go past its own APIs."""

    def __init__(self) -> None:
        self._password = secrets.token_hex(8)
        self._port = _free_port()
        self._process: subprocess.Popen[str] | None = None
        self._control = ""
        self._admin = requests.Session()
        self.key = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def settings(self) -> dict[str, Any]:
        """With the API key, as docs/platforms/vendure.md recommends."""
        return {"url": self.url, "key": SecretStr(self.key)}

    def login_settings(self) -> dict[str, Any]:
        """With an administrator: much faster, for Vendure hashes an API key on every call."""
        return {"url": self.url, "username": "superadmin", "password": SecretStr(self._password)}

    def start(self) -> None:
        """Start the server and wait until it takes orders."""
        environment = {
            **os.environ,
            "PORT": str(self._port),
            "PASSWORD": self._password,
            "VENDURE_DISABLE_TELEMETRY": "true",
        }
        self._process = subprocess.Popen(
            ["node", "server.js"], cwd=FOLDER, env=environment, stdout=subprocess.PIPE, text=True
        )
        ready = _line_of(self._process)
        self._control = f"http://127.0.0.1:{ready['control']}"
        self._log_in()
        self._set_up()
        self.key = self.new_key(NEEDED_PERMISSIONS)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(timeout=20)
        if self._process.stdout:
            self._process.stdout.close()
        self._admin.close()

    # -- the owner --------------------------------------------------------------------------------------

    def _log_in(self) -> None:
        query = 'mutation($p:String!){login(username:"superadmin",password:$p){__typename}}'
        answer = self._admin.post(
            f"{self.url}/admin-api", json={"query": query, "variables": {"p": self._password}}, timeout=30
        )
        self._admin.headers["Authorization"] = f"Bearer {answer.headers['vendure-auth-token']}"

    def _set_up(self) -> None:
        """Prices with tax in EUR, and names in three languages."""
        languages = [LANGUAGE, "de", "en"]
        self.admin(
            "mutation($i:UpdateGlobalSettingsInput!){updateGlobalSettings(input:$i){__typename}}",
            i={"availableLanguages": languages},
        )
        self.admin(
            "mutation($i:UpdateChannelInput!){updateChannel(input:$i){__typename}}",
            i={
                "id": "1",
                "pricesIncludeTax": True,
                "availableCurrencyCodes": ["EUR"],
                "defaultCurrencyCode": "EUR",
                "availableLanguageCodes": languages,
            },
        )

    def admin(self, query: str, **variables: Any) -> Any:
        """One request of the owner."""
        return _data(self._admin, f"{self.url}/admin-api", query, variables)

    def new_key(self, permissions: Iterable[str]) -> str:
        """An API key whose role has these permissions and no others."""
        role = self.admin(
            "mutation($i:CreateRoleInput!){createRole(input:$i){id}}",
            i={
                "code": f"stammkunde-{secrets.token_hex(4)}",
                "description": "Stammkunde",
                "permissions": list(permissions),
            },
        )["createRole"]
        made = self.admin(
            "mutation($i:CreateApiKeyInput!){createApiKey(input:$i){apiKey}}",
            i={
                "roleIds": [role["id"]],
                "translations": [{"languageCode": LANGUAGE, "name": "Stammkunde"}],
            },
        )
        return str(made["createApiKey"]["apiKey"])

    def reset(self) -> None:
        """An empty shop."""
        self._act("reset")

    def put(self, record: Record) -> None:
        self._act("put", kind=_KINDS[type(record)].value, record=msgspec.to_builtins(record))

    def delete(self, kind: Kind, record_id: str) -> None:
        self._act("delete", kind=kind.value, id=record_id)

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        self._act("set-tags", id=customer_id, tags=list(tags))

    def tags_of(self, customer_id: str) -> frozenset[str]:
        found = self.admin("query($i:ID!){customer(id:$i){groups{name}}}", i=customer_id)["customer"]
        return frozenset(group["name"] for group in found["groups"])

    def codes(self) -> frozenset[str]:
        found = self.admin("{promotions(options:{take:1000}){items{couponCode enabled}}}")["promotions"]
        return frozenset(each["couponCode"] for each in found["items"] if each["enabled"])

    def add_foreign_code(self, code: str) -> None:
        self.admin(
            "mutation($i:CreatePromotionInput!){createPromotion(input:$i){__typename}}",
            i={
                "enabled": True,
                "couponCode": code,
                "translations": [{"languageCode": LANGUAGE, "name": f"Aktion {code}", "description": ""}],
                "conditions": [],
                "actions": [
                    {
                        "code": "order_percentage_discount",
                        "arguments": [{"name": "discount", "value": "5"}],
                    }
                ],
            },
        )

    def refund(self, number: str, *, pieces: int | None = None, cancel: bool = False) -> None:
        """Give the price of some pieces of the first line back, or of all of it, and perhaps cancel them."""
        order = self._placed(number)
        (line, *_), (payment, *_) = order["lines"], order["payments"]
        quantity = line["quantity"] if pieces is None else pieces
        lines = [{"orderLineId": line["id"], "quantity": quantity}]
        self._did(
            "refundOrder",
            "RefundOrderInput",
            {
                "paymentId": payment["id"],
                "lines": lines,
                "shipping": 0,
                "adjustment": 0,
                "amount": line["proratedUnitPriceWithTax"] * quantity,
            },
        )
        if cancel:
            self._did(
                "cancelOrder",
                "CancelOrderInput",
                {"orderId": order["id"], "lines": lines, "cancelShipping": False},
            )

    def cancel(self, number: str) -> None:
        """Cancel all of an order."""
        order = self._placed(number)
        self._did("cancelOrder", "CancelOrderInput", {"orderId": order["id"], "cancelShipping": True})

    def ship(self, number: str, *, pieces: int) -> None:
        """Make a parcel of the first line, and send it off."""
        (line, *_) = self._placed(number)["lines"]
        made = self._did(
            "addFulfillmentToOrder",
            "FulfillOrderInput",
            {
                "lines": [{"orderLineId": line["id"], "quantity": pieces}],
                "handler": {
                    "code": "manual-fulfillment",
                    "arguments": [{"name": "method", "value": "DHL"}],
                },
            },
        )
        self.admin(
            'mutation($i:ID!){transitionFulfillmentToState(id:$i,state:"Shipped"){__typename}}', i=made["id"]
        )

    def _placed(self, number: str) -> Any:
        query = (
            "query($c:String!){orders(options:{filter:{code:{eq:$c}}}){items{id "
            "lines{id quantity proratedUnitPriceWithTax} payments{id}}}}"
        )
        return self.admin(query, c=number)["orders"]["items"][0]

    def _did(self, name: str, type_: str, given: Mapping[str, Any]) -> Any:
        query = f"mutation($i:{type_}!){{{name}(input:$i){{__typename ... on Node{{id}} {_ERROR}}}}}"
        result = self.admin(query, i=given)[name]
        assert "message" not in result, result
        return result

    def attribute(self, customer_id: str, name: str) -> str | None:
        found = self.admin(f"query($i:ID!){{customer(id:$i){{customFields{{{name}}}}}}}", i=customer_id)
        value = found["customer"]["customFields"][name]
        return None if value is None else str(value)

    # -- a customer -------------------------------------------------------------------------------------

    def redeem(self, code: str, customer_id: str) -> str | None:
        refused, _, _ = self.check_out((code,), customer_id, None, ((BASKET, 10000, False),))
        return refused

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,
        email: str | None,
        goods: Sequence[tuple[str, int, bool]],
    ) -> tuple[str | None, int, int]:
        """Only for accounts: a guest's address is no term that Vendure knows."""
        assert customer_id is not None
        assert email is None
        for product_id, price, _ in goods:
            self._price(product_id, price)
        bought = [product_id for product_id, _, _ in goods]
        try:
            order = self.order(self.email_of(customer_id), bought, codes)
        except RefusedError as refused:
            return str(refused), 0, 0
        lines = order["lines"]
        off = sum(line["linePriceWithTax"] - line["proratedLinePriceWithTax"] for line in lines)
        return None, off, order["shippingWithTax"]

    def title_of(self, code: str, language: str) -> str:
        query = "query($c:String!){promotions(options:{filter:{couponCode:{eq:$c}}}){items{name}}}"
        url = f"{self.url}/admin-api?languageCode={language}"
        (found,) = _data(self._admin, url, query, {"c": code})["promotions"]["items"]
        return str(found["name"])

    def email_of(self, customer_id: str) -> str:
        found = self.admin("query($i:ID!){customer(id:$i){emailAddress}}", i=customer_id)
        return str(found["customer"]["emailAddress"])

    def order(self, email: str, variants: Sequence[str], codes: Sequence[str] = ()) -> Mapping[str, Any]:
        """Log in, fill the basket, choose shipping, enter the codes, pay: all through the Shop API.

        Raises:
            RefusedError: a code is not taken, or taken and worth nothing.
        """
        with requests.Session() as session:
            buyer = _Buyer(session, f"{self.url}/shop-api")
            buyer.log_in(email)
            return buyer.check_out(variants, codes)

    def _price(self, product_id: str, price: int) -> None:
        if product_id == BASKET:
            self.put(Product(id=BASKET, title="Warenkorb"))
        self._act("price", id=product_id, price=price)

    def _act(self, action: str, **body: Any) -> None:
        answer = requests.post(f"{self._control}/{action}", data=json.dumps(body), timeout=30)
        if answer.status_code != 200:
            raise AssertionError(answer.text)


class _Buyer:
    """One customer at the checkout, through the Shop API alone."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session = session
        self._url = url

    def ask(self, query: str, **variables: Any) -> Any:
        return _data(self._session, self._url, query, variables)

    def log_in(self, email: str) -> None:
        query = (
            f'mutation($u:String!){{login(username:$u,password:"{PASSWORD}"){{__typename '
            "... on ErrorResult{message}}}"
        )
        answer = self._session.post(self._url, json={"query": query, "variables": {"u": email}}, timeout=30)
        result = answer.json()["data"]["login"]
        assert result["__typename"] == "CurrentUser", result
        self._session.headers["Authorization"] = f"Bearer {answer.headers['vendure-auth-token']}"

    def check_out(self, variants: Sequence[str], codes: Sequence[str]) -> Mapping[str, Any]:
        for variant in variants:
            self._done("addItemToOrder", "$v:ID!", "productVariantId:$v,quantity:1", v=variant)
        address = '{streetLine1:"Hauptstr. 1",countryCode:"DE"}'
        self._done("setOrderShippingAddress", "", f"input:{address}")
        (method, *_) = self.ask("{eligibleShippingMethods{id}}")["eligibleShippingMethods"]
        self._done("setOrderShippingMethod", "$m:[ID!]!", "shippingMethodId:$m", m=[method["id"]])
        self._enter(codes)
        self._done("transitionOrderToState", "", 'state:"ArrangingPayment"')
        paid = self._done("addPaymentToOrder", "", 'input:{method:"dummy",metadata:{}}')
        assert paid["state"] == "PaymentSettled", paid
        return paid

    def _enter(self, codes: Sequence[str]) -> None:
        """Enter codes. If one is refused or worth nothing, an empty basket is left behind."""
        refusal = ""
        for code in codes:
            try:
                order = self._done("applyCouponCode", "$c:String!", "couponCode:$c", c=code)
            except RefusedError as refused:
                refusal = str(refused)
                continue
            if code.upper() not in [each["couponCode"].upper() for each in order["promotions"]]:
                refusal = f"The code {code} is taken but worth nothing."
        if refusal:
            for code in codes:
                self.ask("mutation($c:String!){removeCouponCode(couponCode:$c){id}}", c=code)
            self.ask("mutation{removeAllOrderLines{__typename}}")
            raise RefusedError(refusal)

    def _done(self, name: str, declared: str, given: str, **variables: Any) -> Mapping[str, Any]:
        head = f"mutation({declared})" if declared else "mutation"
        result: Mapping[str, Any] = self.ask(f"{head}{{{name}({given}){{{_ORDER}}}}}", **variables)[name]
        if "message" in result:
            raise RefusedError(result["message"])
        return result


_ERROR = "... on ErrorResult { message }"
_ORDER = """... on Order { code state shippingWithTax promotions { couponCode }
    lines { linePriceWithTax proratedLinePriceWithTax } }
... on ErrorResult { message }"""


def _data(session: requests.Session, url: str, query: str, variables: Mapping[str, Any]) -> Any:
    answer = session.post(url, json={"query": query, "variables": variables}, timeout=30).json()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _line_of(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The line that the server writes when it is ready."""
    assert process.stdout
    readable, _, _ = select.select([process.stdout], [], [], _READY_WITHIN)
    line = process.stdout.readline() if readable else ""
    assert line, "Vendure did not start; what it says stands above"
    found: dict[str, Any] = json.loads(line)
    return found
