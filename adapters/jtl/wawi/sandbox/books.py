"""The data behind the API."""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from adapters.jtl.sandbox.records import GUESTS_FROM, number_of
from adapters.jtl.wawi.sandbox.records import (
    Row,
    credit_row,
    customer_row,
    item_row,
    line_rows,
    order_row,
    stamp,
)
from connector.model import Customer, Kind, Order, Product

COMPANY = "Rösterei Sandkasten"
GROUPS = ("Endkunden", "Händler", "Stammkunden")
#: Number and name of the merchant's own fields of customers: text, and one that holds no text.
TAG_FIELD, NOTE_FIELD, NUMBER_FIELD = 7, 8, 9
FIELDS = {TAG_FIELD: ("Stammkunde", 3), NOTE_FIELD: ("Bemerkung", 12), NUMBER_FIELD: ("Filiale", 1)}


class Books:
    """Customers, orders, items and documents, under one lock.

    Args:
        now: the clock of the Wawi.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.lock = threading.RLock()
        self.customers: dict[int, Row] = {}
        self.orders: dict[int, Row] = {}
        self.items: dict[int, Row] = {}
        self.lines: dict[int, list[Row]] = {}
        self.credits: dict[int, Row] = {}
        self.fields: dict[int, dict[int, str]] = {}  #: by customer and field
        self.methods: list[str] = []
        self.makers: list[str] = []
        self.now = now

    def put(self, record: Customer | Order | Product) -> None:
        """Create or replace a record with exactly this content."""
        with self.lock:
            if isinstance(record, Customer):
                row = customer_row(record, groups=GROUPS, now=self.now())
                self.customers[row["Id"]] = row
                self.fields[row["Id"]] = {TAG_FIELD: ", ".join(record.tags)} if record.tags else {}
            elif isinstance(record, Order):
                self._put_order(record)
            else:
                _note(self.makers, record.vendor)
                row = item_row(record, self.makers)
                self.items[row["Id"]] = row

    def _put_order(self, record: Order) -> None:
        _note(self.methods, record.payment_method)
        row = order_row(record, tuple(self.methods))
        self.orders[row["Id"]] = row
        self.lines[row["Id"]] = line_rows(record)
        for refund in record.refunds:
            credit = credit_row(refund, record)
            self.credits[credit["DocumentId"]] = credit

    def load(self, sample: Iterable[Customer | Order | Product]) -> None:
        """Fill the books. Wawi keeps a customer for each order, so a guest's order brings one."""
        for record in sample:
            self.put(record)
            if isinstance(record, Order) and record.customer_id is None:
                guest = Customer(id=str(GUESTS_FROM + number_of(record.id)), email=record.email)
                self.put(guest)
                self.orders[number_of(record.id)]["CustomerId"] = number_of(guest.id)

    def remove(self, kind: Kind, number: int) -> None:
        """Delete a record as the owner would."""
        with self.lock:
            self.table(kind).pop(number, None)
            if kind is Kind.ORDERS:
                self.lines.pop(number, None)
            if kind is Kind.CUSTOMERS:
                self.fields.pop(number, None)

    def table(self, kind: Kind) -> dict[int, Row]:
        """The rows of a kind."""
        return {Kind.CUSTOMERS: self.customers, Kind.ORDERS: self.orders, Kind.PRODUCTS: self.items}[kind]

    def touch(self, number: int) -> None:
        """A customer changed."""
        self.customers[number]["LastChange"] = stamp(self.now())


def _note(names: list[str], name: str | None) -> None:
    if name and name not in names:
        names.append(name)
