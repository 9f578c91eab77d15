"""The sandbox as a whole: a Wawi, its API and a page that shows its customers, on loopback."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

from flask import Blueprint, render_template

from adapters.jtl.sandbox.records import number_of
from adapters.jtl.wawi.sandbox.api import Api
from adapters.jtl.wawi.sandbox.books import COMPANY, GROUPS, TAG_FIELD, Books
from adapters.jtl.wawi.sandbox.entry import EVERY_SCOPE, Entry
from adapters.jtl.wawi.sandbox.registration import Desk
from adapters.jtl.wawi.tagfield import tags_in
from connector.model import Customer, Kind, Order, Product
from connector.sample import first_records
from connector.sample.admin import Section, admin, is_wanted, listing
from connector.sample.server import LoopbackServer, application_of

PATHS = {"onpremise": "/api/eazybusiness", "cloud": "/erp"}


class WawiSandbox(LoopbackServer):
    """A JTL-Wawi in a box.

    Args:
        customers: size of the sample; 0 leaves it empty.
        seed: another seed is another sample.
        from_csv: a file of customers and orders instead of the sample.
        today: the day on which the sample's history ends; by default the clock's.
        port: 0 picks a free one.
        mode: on-premise, or the cloud with its tokens and limits.
        key: of the app, or in the cloud the client's secret.
        now: the Wawi's clock.
        scopes: what the app may do.
        tag_field: whether `settings` name the field that carries tags.
    """

    name: ClassVar[str] = "jtl-wawi"

    def __init__(
        self,
        *,
        customers: int = 0,
        seed: int = 1,
        from_csv: Path | None = None,
        today: date | None = None,
        port: int = 0,
        mode: Literal["onpremise", "cloud"] = "onpremise",
        key: str = "wawi-sandbox",
        now: Callable[[], datetime] | None = None,
        scopes: Iterable[str] = EVERY_SCOPE,
        tag_field: bool = True,
    ) -> None:
        clock = now or (lambda: datetime.now(UTC))
        self.books = Books(clock)
        self.entry = Entry(mode, key=key, scopes=scopes)
        self.api = Api(self.books, self.entry)
        self.registration = Desk(self.entry)
        self._key, self._tag_field = key, tag_field
        super().__init__(application_of(*self._routes()), port=port)
        day = today or clock().date()
        self.books.load(first_records(customers=customers, seed=seed, from_csv=from_csv, today=day))

    def _routes(self) -> Iterator[Blueprint]:
        prefix = f"{PATHS[self.entry.mode]}/v1"
        yield self.api.blueprint(prefix)
        yield self.registration.blueprint(prefix)
        if self.entry.mode == "cloud":
            yield self.entry.blueprint()
        sections = {"customers": Section("Kunden", self._page, search="Name oder E-Mail")}
        yield admin("/admin", __name__, shop=COMPANY, sections=sections)

    def _page(self) -> str:
        with self.books.lock:
            wanted = (row for row in self.books.customers.values() if _is_wanted(row["BillingAddress"]))
            found = listing(wanted, by=lambda row: row["Id"])
            rows = [(row, GROUPS[row["CustomerGroupId"] - 1], self._text(row["Id"])) for row in found.rows]
            return render_template("customers.html", listing=found, rows=rows)

    def _text(self, number: int) -> str:
        return self.books.fields.get(number, {}).get(TAG_FIELD, "")

    # connector.adapter.Sandbox

    @property
    def admin_url(self) -> str:
        """A page with the customers and their field."""
        return f"{self.url}/admin/customers"

    def settings(self) -> Mapping[str, Any]:
        """Settings of the adapter that connect to this sandbox."""
        address = {"url": self.url + PATHS[self.entry.mode]}
        field = {"tag_field": "Stammkunde"} if self._tag_field else {}
        if self.entry.mode == "onpremise":
            return {**address, **field, "key": self._key}
        return {
            **address,
            **field,
            "tenant": self.entry.tenant,
            "client_id": self.entry.client_id,
            "client_secret": self._key,
            "login_url": f"{self.url}/oauth2/token",
        }

    # connector.testing.ShopUnderTest

    def put(self, record: Customer | Order | Product) -> None:
        """Create or replace a record with exactly this content."""
        self.books.put(record)

    def delete(self, kind: Kind, record_id: str) -> None:
        """Delete a record as the owner would."""
        self.books.remove(kind, number_of(record_id))

    def field(self, customer_id: str) -> str:
        """What stands in the field that carries tags."""
        return self._text(number_of(customer_id))

    def write_field(self, customer_id: str, text: str) -> None:
        """The owner writes into that field. Nothing says that Wawi notes it as a change of the customer."""
        with self.books.lock:
            self.books.fields.setdefault(number_of(customer_id), {})[TAG_FIELD] = text

    def tags_of(self, customer_id: str) -> frozenset[str]:
        """The entries of the field."""
        return frozenset(tags_in(self.field(customer_id)))

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        """The owner writes a list into the field."""
        self.write_field(customer_id, ", ".join(tags))

    def codes(self) -> frozenset[str]:
        """None: there are no coupons."""
        return frozenset()

    def add_foreign_code(self, code: str) -> None:
        """Nothing: there are no coupons."""

    def attribute(self, customer_id: str, name: str) -> str | None:  # noqa: ARG002
        """None: nothing is stored with a customer but tags."""
        return None

    def redeem(self, code: str, customer_id: str) -> str | None:  # noqa: ARG002
        """Refused: there are no coupons."""
        return "JTL-Wawi kennt keine Coupons."


def _is_wanted(address: Mapping[str, str | None]) -> bool:
    return is_wanted((address["FirstName"], address["LastName"], address["EmailAddress"]), ())
