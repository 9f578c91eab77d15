"""A real Medusa on loopback, and what its owner and its customers do there, all through its own APIs.

It needs a PostgreSQL beside it, which is started for it: from the system's packages, with a folder of its
own, and never as root, which PostgreSQL refuses.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
from pydantic import SecretStr

FOLDER = Path(__file__).parent / "medusa"
#: Every customer that a test puts into the shop has this password.
PASSWORD = "geheim123"
_OWNER = "owner@example.test"
_READY_WITHIN = 180


class RefusedError(Exception):
    """The shop said no, or did nothing; the message says why."""


def why_not() -> str | None:
    """What is missing to start a shop, if anything is."""
    if not (FOLDER / "node_modules" / ".installed").exists():
        return "`make test-shops` installs Medusa first"
    return None if _postgres_folder() else "there is no PostgreSQL: apt-get install postgresql"


def _postgres_folder() -> Path | None:
    """Where the programs of the newest PostgreSQL are; Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Postgres:
    """A database server that forgets everything at its end."""

    def __init__(self) -> None:
        self.port = _free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="medusa-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://medusa@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Make a database and serve it."""
        programs = _postgres_folder()
        assert programs, why_not()
        somebody = self._somebody()
        data = self._folder / "data"
        make = [
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "medusa",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(
            make, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, user=somebody, extra_groups=[]
        )
        serve = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(self.port), "-F"]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*serve, "-k", str(self._folder)],
                cwd=self._folder,
                stderr=log,
                user=somebody,
                extra_groups=[],
            )
        _wait_for_port(self.port, self._process)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _somebody(self) -> int:
        """Whoever we are, unless that is root: then somebody else, to whom the folder is given."""
        if os.getuid():
            return os.getuid()
        names = {each.pw_name: each.pw_uid for each in pwd.getpwall()}
        number = names.get("postgres", names["nobody"])
        os.chown(self._folder, number, -1)
        return number


class RealMedusa:
    """One server with an empty shop in it: prices in euros with 19 % tax in them, shipping for 5.00."""

    def __init__(self) -> None:
        self._postgres = Postgres()
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._token = ""
        self._password = secrets.token_hex(8)
        self._places: dict[str, str] = {}
        self.key = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "key": SecretStr(self.key), "page_size": 3}

    def start(self) -> None:
        """Start the server, wait until it answers, and set the shop up."""
        self._postgres.start()
        environment = {
            **os.environ,
            "DATABASE_URL": self._postgres.url,
            "SECRET": secrets.token_hex(16),
            "NODE_ENV": "production",
            "MEDUSA_DISABLE_TELEMETRY": "true",
        }
        program = str(FOLDER / "node_modules" / ".bin" / "medusa")
        commands = (
            ("db:migrate", "--execute-all-links"),
            ("user", "--email", _OWNER, "--password", self._password),
        )
        for command in commands:
            subprocess.run(
                [program, *command], cwd=FOLDER, env=environment, check=True, stdout=subprocess.DEVNULL
            )
        self._process = subprocess.Popen(
            [program, "start", "--host", "127.0.0.1", "--port", str(self._port)],
            cwd=FOLDER,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        _wait_for_port(self._port, self._process)
        self._log_in()
        self._furnish()

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(30)
        self._postgres.stop()

    # -- the owner --------------------------------------------------------------------------------------

    def admin(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        # No session: Node.js closes a connection that is idle for five seconds, just when we use it again.
        known = {"Authorization": f"Bearer {self._token}"}
        url = f"{self.url}/admin{path}"
        answer = requests.request(method, url, json=body, params=params, headers=known, timeout=60)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def _log_in(self) -> None:
        login = {"email": _OWNER, "password": self._password}
        answer = requests.post(f"{self.url}/auth/user/emailpass", json=login, timeout=30)
        self._token = answer.json()["token"]
        made = self.admin("POST", "/api-keys", {"title": "Stammkunde", "type": "secret"})
        self.key = made["api_key"]["token"]

    def _furnish(self) -> None:
        """Everything that a shop needs before it can sell."""
        channel = self.admin("GET", "/sales-channels")["sales_channels"][0]["id"]
        store = self.admin("GET", "/stores")["stores"][0]["id"]
        euro = {"currency_code": "eur", "is_default": True, "is_tax_inclusive": True}
        named = {"name": "Laden", "default_sales_channel_id": channel, "supported_currencies": [euro]}
        self.admin("POST", f"/stores/{store}", named)
        public = self.admin("POST", "/api-keys", {"title": "Storefront", "type": "publishable"})["api_key"]
        self.admin("POST", f"/api-keys/{public['id']}/sales-channels", {"add": [channel]})
        region = self.admin(
            "POST",
            "/regions",
            {
                "name": "Deutschland",
                "currency_code": "eur",
                "countries": ["de"],
                "payment_providers": ["pp_system_default"],
                "automatic_taxes": True,
                "is_tax_inclusive": True,
            },
        )["region"]["id"]
        rate = {"rate": 19, "name": "Umsatzsteuer", "code": "normal"}
        tax = {"country_code": "de", "provider_id": "tp_system", "default_tax_rate": rate}
        self.admin("POST", "/tax-regions", tax)
        location = self.admin("POST", "/stock-locations", {"name": "Lager"})["stock_location"]["id"]
        place = f"/stock-locations/{location}"
        self.admin("POST", f"{place}/fulfillment-providers", {"add": ["manual_manual"]})
        self.admin("POST", f"{place}/sales-channels", {"add": [channel]})
        self.admin("POST", f"{place}/fulfillment-sets", {"name": "Versand", "type": "shipping"})
        found = self.admin("GET", place, fields="*fulfillment_sets")["stock_location"]["fulfillment_sets"][0]
        zone = {"name": "Deutschland", "geo_zones": [{"type": "country", "country_code": "de"}]}
        made = self.admin("POST", f"/fulfillment-sets/{found['id']}/service-zones", zone)
        profile = self.admin("GET", "/shipping-profiles")["shipping_profiles"][0]["id"]
        option = {
            "name": "DHL",
            "service_zone_id": made["fulfillment_set"]["service_zones"][0]["id"],
            "shipping_profile_id": profile,
            "provider_id": "manual_manual",
            "price_type": "flat",
            "type": {"label": "DHL", "description": "Paket", "code": "dhl"},
            "prices": [{"currency_code": "eur", "amount": 5}],
            "rules": [],
        }
        option_id = self.admin("POST", "/shipping-options", option)["shipping_option"]["id"]
        self._places = {
            "channel": channel,
            "region": region,
            "location": location,
            "profile": profile,
            "option": option_id,
            "public": public["token"],
        }

    def category(self, name: str) -> str:
        made = self.admin("POST", "/product-categories", {"name": name, "is_active": True})
        return str(made["product_category"]["id"])

    def product(
        self, title: str, price: float, *, tags: Sequence[str] = (), categories: Sequence[str] = ()
    ) -> str:
        """A product with one variant of that price with tax. The id of the variant."""
        known = [self.admin("POST", "/product-tags", {"value": tag})["product_tag"]["id"] for tag in tags]
        made = self.admin(
            "POST",
            "/products",
            {
                "title": title,
                "status": "published",
                "options": [{"title": "Sorte", "values": ["eine"]}],
                "shipping_profile_id": self._places["profile"],
                "sales_channels": [{"id": self._places["channel"]}],
                "tags": [{"id": each} for each in known],
                "categories": [{"id": each} for each in categories],
                "variants": [
                    {
                        "title": "eine",
                        "sku": f"{title.upper()}-1",
                        "manage_inventory": False,
                        "options": {"Sorte": "eine"},
                        "prices": [{"currency_code": "eur", "amount": price}],
                    }
                ],
            },
        )
        return str(made["product"]["variants"][0]["id"])

    def tags_of(self, customer_id: str) -> set[str]:
        found = self.admin("GET", f"/customers/{customer_id}", fields="groups.name")
        return {group["name"] for group in found["customer"]["groups"]}

    def join(self, customer_id: str, name: str) -> str:
        """The owner puts a customer into a group; the group's id."""
        known = self.admin("GET", "/customer-groups", name=name)["customer_groups"]
        group = (
            known[0] if known else self.admin("POST", "/customer-groups", {"name": name})["customer_group"]
        )
        self.admin("POST", f"/customer-groups/{group['id']}/customers", {"add": [customer_id]})
        return str(group["id"])

    def leave(self, customer_id: str, name: str) -> None:
        group = self.admin("GET", "/customer-groups", name=name)["customer_groups"][0]["id"]
        self.admin("POST", f"/customer-groups/{group}/customers", {"remove": [customer_id]})

    def metadata(self, customer_id: str) -> dict[str, Any]:
        found = self.admin("GET", f"/customers/{customer_id}", fields="metadata")["customer"]["metadata"]
        return dict(found or {})

    def codes(self) -> set[str]:
        found = self.admin("GET", "/promotions", fields="code,status", limit=1000)["promotions"]
        return {each["code"] for each in found if each["status"] == "active"}

    def capture(self, order_id: str) -> None:
        self.admin("POST", f"/payments/{self._payment(order_id)}/capture", {})

    def refund(self, order_id: str, amount: float) -> None:
        self.admin("POST", f"/payments/{self._payment(order_id)}/refund", {"amount": amount})

    def cancel(self, order_id: str) -> None:
        self.admin("POST", f"/orders/{order_id}/cancel", {})

    def ship(self, order_id: str) -> None:
        """All of an order, in one parcel."""
        items = self._items(order_id)
        parcel = {"items": items, "location_id": self._places["location"]}
        self.admin("POST", f"/orders/{order_id}/fulfillments", parcel)
        found = self.admin("GET", f"/orders/{order_id}", fields="fulfillments.id")["order"]["fulfillments"]
        path = f"/orders/{order_id}/fulfillments/{found[0]['id']}/shipments"
        self.admin("POST", path, {"items": items, "labels": []})

    def take_back(self, order_id: str, variant: str) -> None:
        """One piece comes back; the money does not yet."""
        wanted = {"order_id": order_id, "location_id": self._places["location"]}
        number = self.admin("POST", "/returns", wanted)["return"]["id"]
        (line,) = self._items(order_id, variant)
        items = {"items": [{"id": line["id"], "quantity": 1}]}
        self.admin("POST", f"/returns/{number}/request-items", items)
        self.admin("POST", f"/returns/{number}/request", {})
        self.admin("POST", f"/returns/{number}/receive", {})
        self.admin("POST", f"/returns/{number}/receive-items", items)
        self.admin("POST", f"/returns/{number}/receive/confirm", {})

    def _payment(self, order_id: str) -> str:
        found = self.admin("GET", f"/orders/{order_id}", fields="payment_collections.payments.id")
        return str(found["order"]["payment_collections"][0]["payments"][0]["id"])

    def _items(self, order_id: str, variant: str | None = None) -> list[dict[str, Any]]:
        """Lines, all or those of one variant; Medusa gives them in no order."""
        found = self.admin("GET", f"/orders/{order_id}", fields="*items")["order"]["items"]
        wanted = [each for each in found if variant in (None, each["variant_id"])]
        return [{"id": each["id"], "quantity": each["quantity"]} for each in wanted]

    # -- a customer -------------------------------------------------------------------------------------

    def register(self, email: str) -> str:
        """A new account; its id."""
        buyer = self._buyer()
        login = {"email": email, "password": PASSWORD}
        token = buyer.post("/auth/customer/emailpass/register", login)["token"]
        buyer.log_in(token)
        made = buyer.post("/store/customers", {"email": email, "first_name": "Anna", "last_name": "Schmidt"})
        return str(made["customer"]["id"])

    def order(
        self, email: str, variants: Sequence[str], codes: Sequence[str] = (), *, guest: bool = False
    ) -> dict[str, Any]:
        """Log in, fill the cart, choose shipping, enter the codes, pay: all through the Store API.

        Raises:
            RefusedError: a code is not taken, or taken and worth nothing.
        """
        buyer = self._buyer()
        if not guest:
            login = {"email": email, "password": PASSWORD}
            buyer.log_in(buyer.post("/auth/customer/emailpass", login)["token"])
        return buyer.check_out(email, variants, codes)

    def _buyer(self) -> "_Buyer":
        return _Buyer(self.url, self._places)


class _Buyer:
    """One customer at the checkout, through the Store API alone."""

    def __init__(self, url: str, places: dict[str, str]) -> None:
        self._url = url
        self._places = places
        self._headers = {"x-publishable-api-key": places["public"]}

    def log_in(self, token: str) -> None:
        self._headers["Authorization"] = f"Bearer {token}"

    def post(self, path: str, body: Any) -> Any:
        answer = requests.post(f"{self._url}{path}", json=body, headers=self._headers, timeout=60)
        if answer.status_code >= 300:
            raise RefusedError(answer.json()["message"])
        return answer.json()

    def check_out(self, email: str, variants: Sequence[str], codes: Sequence[str]) -> dict[str, Any]:
        cart = (
            f"/store/carts/{self.post('/store/carts', {'region_id': self._places['region']})['cart']['id']}"
        )
        for variant in variants:
            self.post(f"{cart}/line-items", {"variant_id": variant, "quantity": 1})
        address = {
            "first_name": "Anna",
            "last_name": "Schmidt",
            "address_1": "Hauptstr. 1",
            "city": "Berlin",
            "postal_code": "10115",
            "country_code": "de",
        }
        self.post(cart, {"email": email, "shipping_address": address})
        self.post(f"{cart}/shipping-methods", {"option_id": self._places["option"]})
        if codes:
            entered = self.post(f"{cart}/promotions", {"promo_codes": list(codes)})["cart"]["promotions"]
            if {each["code"] for each in entered} != set(codes):
                raise RefusedError("The code is taken but worth nothing.")
        wanted = {"cart_id": cart.rpartition("/")[2]}
        payment = self.post("/store/payment-collections", wanted)["payment_collection"]["id"]
        self.post(
            f"/store/payment-collections/{payment}/payment-sessions", {"provider_id": "pp_system_default"}
        )
        order: dict[str, Any] = self.post(f"{cart}/complete", {})["order"]
        return order


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until:
        assert process.poll() is None, "it ended before it was ready; what it says stands above"
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("it was not ready in time")
