"""Everything that the files of a folder say, read to the end at once.

Rows count only when every file has been read whole, so half a file never looks like deleted customers.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from adapters.csv_files.folder import Export, Folder, refuse_changed
from adapters.csv_files.orders import Terms, to_orders
from adapters.csv_files.people import email_key, joined, to_contact, to_customer
from adapters.csv_files.presets import COUPONS, Preset, Prices
from adapters.csv_files.words import States
from connector.model import Customer, Kind, Order, Record
from connector.tables import Field, FileForm, Row, Table, read_table


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How the files of a folder are to be understood."""

    preset: Preset
    columns: Mapping[str, Mapping[str, str]]
    forms: Mapping[str, FileForm]
    zone: ZoneInfo
    currency: str
    prices: Prices | None
    tax_percent: Decimal | None
    assume_paid: bool
    states: States

    def table(self, kind: str, export: Export) -> Table:
        """One file, whole.

        Raises:
            TemporaryError: it was written to meanwhile.
        """
        fields: dict[str, Sequence[Field]] = {
            "customers": self.preset.customers,
            "orders": self.preset.orders,
            "contacts": self.preset.contacts,
            "coupons": COUPONS,
        }
        columns = self.columns.get(kind, {})
        found = read_table(export.path, fields[kind], columns=columns, form=self.forms[kind], zone=self.zone)
        refuse_changed(export)
        return found


class Snapshot:
    """The records of a folder at one moment.

    Attributes:
        rows: the row of an export that a customer came from, for handing it back with other tags.
        contacts: ids of those who are in a list of contacts only.
        foreign: codes of coupons in the shop, lower case; ours are among them once they were imported.
    """

    def __init__(self, exports: Mapping[str, Sequence[Export]], reading: Reading) -> None:
        self.exports = {kind: tuple(found) for kind, found in exports.items()}
        self.tables = {
            kind: [reading.table(kind, export) for export in found] for kind, found in exports.items()
        }
        self.rows: dict[str, Row] = {}
        self.customers: dict[str, Customer] = {}
        self.contacts: frozenset[str] = frozenset()
        self._read_customers(reading)
        self._read_contacts(reading)
        self.orders = self._read_orders(reading)
        self.foreign = frozenset(
            row.needed("code").casefold() for table in self.tables["coupons"] for row in table.rows()
        )

    def records(self, kind: Kind) -> Mapping[str, Record]:
        """Records of a kind by id. There are no products in exports of customers and orders."""
        if kind is Kind.CUSTOMERS:
            return self.customers
        return self.orders if kind is Kind.ORDERS else {}

    def changed_at(self, kind: Kind) -> datetime | None:
        """When anything was last changed that records of that kind come from."""
        files = ("customers", "contacts") if kind is Kind.CUSTOMERS else ("orders", "customers")
        moments = [export.changed_at() for name in files for export in self.exports[name]]
        return max(moments, default=None)

    @property
    def people_digest(self) -> str:
        """What the exports of customers and contacts hold, in short."""
        return "-".join(
            table.digest[:16] for kind in ("customers", "contacts") for table in self.tables[kind]
        )

    def shows_tags(self) -> bool:
        """Whether every export of customers has a column for tags."""
        tables = self.tables["customers"]
        return bool(tables) and all("tags" in table.fields for table in tables)

    def _read_customers(self, reading: Reading) -> None:
        for table in self.tables["customers"]:
            for row in table.rows():
                customer = to_customer(row, reading.currency, reading.states)
                self.customers[customer.id] = customer
                self.rows[customer.id] = row

    def _read_contacts(self, reading: Reading) -> None:
        """A contact whose address belongs to a customer tells of that customer; others are guests."""
        owners: dict[str, list[str]] = {}
        for customer in self.customers.values():
            if customer.email:
                owners.setdefault(email_key(customer.email), []).append(customer.id)
        alone = set()
        for table in self.tables["contacts"]:
            for row in table.rows():
                contact = to_contact(row, reading.states)
                ids = owners.get(email_key(contact.email or ""), [])
                for each in ids:
                    self.customers[each] = joined(self.customers[each], contact)
                if not ids:
                    self.customers[contact.id] = contact
                    alone.add(contact.id)
        self.contacts = frozenset(alone)

    def _read_orders(self, reading: Reading) -> dict[str, Order]:
        terms = Terms(
            currency=reading.currency,
            prices=reading.prices,
            tax_percent=reading.tax_percent,
            assume_paid=reading.assume_paid,
            states=reading.states,
            accounts={
                email_key(customer.email): customer.id
                for customer in sorted(self.customers.values(), key=lambda each: each.id, reverse=True)
                if customer.email and not customer.guest
            },
        )
        return {order.id: order for table in self.tables["orders"] for order in to_orders(table, terms)}


class Snapshots:
    """The latest snapshot of a folder, read again as soon as a file in it changes."""

    def __init__(self, folder: Folder, reading: Reading) -> None:
        self._folder = folder
        self._reading = reading
        self._latest: Snapshot | None = None

    def fresh(self) -> Snapshot:
        """What the files say now.

        Raises:
            TemporaryError: a file is missing or still being written.
        """
        exports = {kind: tuple(found) for kind, found in self._folder.exports().items()}
        if self._latest is None or self._latest.exports != exports:
            self._latest = Snapshot(exports, self._reading)
        return self._latest
