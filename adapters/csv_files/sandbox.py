"""A shop that is known by its exports only: a folder with files, and an owner who imports what we hand over.

There is no server. The shop writes `customers.csv` and `orders.csv` anew whenever something changes in it,
and `coupons-in-shop.csv` with the owner's codes. Whatever looks into the shop (`tags_of`, `codes`, `redeem`)
first imports the files in `out`, as an owner does who keeps at it.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

import msgspec

from adapters.csv_files.presets import CUSTOMER_KINDS, ORDER_KINDS
from connector.model import Customer, Kind, LineItem, Order, Payment, Record, Shipment
from connector.money import decimal_text
from connector.sample import coffee_roaster
from connector.tables import write_table

#: What shipping costs, in cents.
SHIPPING = 500

_CUSTOMER_COLUMNS = [name for names in CUSTOMER_KINDS.values() for name in names.split()]
_ORDER_COLUMNS = [name for names in ORDER_KINDS.values() for name in names.split()]
_PAYMENT = {Payment.PAID: "paid", Payment.PARTLY: "partially_paid", Payment.NONE: "open"}
_SHIPMENT = {Shipment.SHIPPED: "shipped", Shipment.PARTLY: "partial", Shipment.NONE: "open"}


class CsvSandbox(AbstractContextManager["CsvSandbox"]):
    """A folder with the exports of a shop.

    Args:
        customers: size of the sample shop; 0 leaves it empty.
        seed: another seed is another shop.
        today: the day on which the sample shop's history ends; by default the clock's.
        folder: where to put the exports; by default a new one, which `stop` removes.
        now: the shop's clock.
    """

    name: ClassVar[str] = "csv"

    def __init__(
        self,
        *,
        customers: int = 0,
        seed: int = 1,
        today: date | None = None,
        folder: Path | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._size = customers
        self._seed = seed
        self._now = now or (lambda: datetime.now(UTC))
        self._today = today or self._now().date()
        self._folder = folder
        self._temporary: TemporaryDirectory[str] | None = None
        self._customers: dict[str, Customer] = {}
        self._orders: dict[str, Order] = {}
        self._coupons: dict[str, Mapping[str, str]] = {}
        self._foreign: set[str] = set()
        self._used: set[str] = set()

    @property
    def folder(self) -> Path:
        """Where the exports lie.

        Raises:
            RuntimeError: it was never started.
        """
        if self._folder is None:
            raise RuntimeError("The sandbox has no folder before start().")
        return self._folder

    @property
    def url(self) -> str:
        """The folder, as an address that a browser opens."""
        return self.folder.absolute().as_uri()

    @property
    def admin_url(self) -> str:
        """The folder, too: files are all there is to see."""
        return self.url

    def settings(self) -> Mapping[str, Any]:
        """Settings of the adapter for this folder."""
        return {
            "folder": str(self.folder.absolute()),
            "shop_name": "Sandbox",
            "prices": "net",
            "complete": True,
            "settle_seconds": 0.0,
        }

    def start(self) -> None:
        """Write the exports."""
        if self._folder is None:
            self._temporary = TemporaryDirectory(prefix="stammkunde-csv-")
            self._folder = Path(self._temporary.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._size:
            for record in coffee_roaster(customers=self._size, seed=self._seed, today=self._today):
                self._keep(record)
        self._export(Kind.CUSTOMERS, Kind.ORDERS)

    def stop(self) -> None:
        """Remove the files, unless somebody named the folder."""
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What tests and the demo do as the owner and the customers.

    def put(self, record: Record, /) -> None:
        """Create or replace a record, and export anew."""
        kind = self._keep(record)
        if kind is not None:
            self._export(kind)

    def delete(self, kind: Kind, record_id: str, /) -> None:
        """Delete a record, and export anew."""
        records: dict[str, Any] = self._customers if kind is Kind.CUSTOMERS else self._orders
        records.pop(record_id, None)
        self._export(kind)

    def tags_of(self, customer_id: str, /) -> frozenset[str]:
        """The tags of a customer once the owner has imported our files."""
        self.take_in()
        return frozenset(self._customers[customer_id].tags)

    def set_tags(self, customer_id: str, tags: Iterable[str], /) -> None:
        """The owner edits a customer's tags, and exports anew."""
        self._tag(customer_id, tuple(tags))
        self._export(Kind.CUSTOMERS)

    def codes(self) -> frozenset[str]:
        """Codes that somebody could redeem."""
        self.take_in()
        active = {code for code, coupon in self._coupons.items() if coupon["active"] == "yes"}
        return frozenset(active | self._foreign)

    def add_foreign_code(self, code: str, /) -> None:
        """The owner makes a code by hand."""
        self._foreign.add(code)
        self._export_coupons()

    def attribute(self, customer_id: str, name: str, /) -> str | None:  # noqa: ARG002  the protocol
        """None: files carry no such values."""
        return None

    def redeem(self, code: str, customer_id: str, /) -> str | None:
        """Check out with goods of 100.00 now: None if the code is accepted, else why not."""
        refused, _, _ = self.check_out((code,), customer_id, None, (("3001", 10000, False),))
        return refused

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,  # noqa: ARG002  files bind a code to nobody
        email: str | None,  # noqa: ARG002
        goods: Sequence[tuple[str, int, bool]],
        /,
    ) -> tuple[str | None, int, int]:
        """Buy now, with all of these codes or not at all: why not, what is taken off, and the shipping."""
        self.take_in()
        ours = [code for code in codes if code not in self._foreign]
        for code in ours:
            if reason := self._why_not(code, goods):
                return reason, 0, SHIPPING
        coupons = [self._coupons[code] for code in ours]
        if len(codes) > 1 and not all(coupon["combinable"] == "yes" for coupon in coupons):
            return "The codes cannot be combined.", 0, SHIPPING
        self._used.update(ours)
        free = any(coupon["free_shipping"] == "yes" for coupon in coupons)
        return None, sum(_taken_off(coupon, goods) for coupon in coupons), 0 if free else SHIPPING

    def title_of(self, code: str, language: str, /) -> str:  # noqa: ARG002  files carry one title
        """What stands at the checkout for a code."""
        self.take_in()
        return self._coupons[code]["title"]

    def _why_not(self, code: str, goods: Sequence[tuple[str, int, bool]]) -> str | None:
        coupon = self._coupons.get(code)
        if coupon is None or coupon["active"] != "yes" or code in self._used:
            return "There is no such code, or it was used."
        starts, ends = (datetime.fromisoformat(coupon[name]) for name in ("starts_at", "ends_at"))
        if not starts <= self._now() <= ends:
            return "It holds at another time."
        if _cents(coupon["minimum"]) > sum(total for _, total, _ in goods):
            return "The basket is too small."
        return None if _fitting(coupon, goods) else "Nothing in the basket takes this code."

    def take_in(self) -> None:
        """The owner imports what lies in `out`, and exports anew."""
        for row in _rows(self.folder / "out" / "coupons.csv"):
            self._coupons[row["code"]] = row
        tagged = list(_rows(self.folder / "out" / "tags.csv"))
        for row in tagged:
            if row["id"] in self._customers:
                self._tag(row["id"], tuple(tag.strip() for tag in row["tags"].split(",") if tag.strip()))
        if tagged:
            self._export(Kind.CUSTOMERS)

    def _tag(self, customer_id: str, tags: tuple[str, ...]) -> None:
        self._customers[customer_id] = msgspec.structs.replace(self._customers[customer_id], tags=tags)

    def _keep(self, record: Record) -> Kind | None:
        if isinstance(record, Customer):
            self._customers[record.id] = record
            return Kind.CUSTOMERS
        if isinstance(record, Order):
            self._orders[record.id] = record
            return Kind.ORDERS
        return None  # exports of customers and orders hold no products

    # The files.

    def _export(self, *kinds: Kind) -> None:
        if Kind.CUSTOMERS in kinds:
            rows = (_row(_CUSTOMER_COLUMNS, _from_customer(each)) for each in self._customers.values())
            write_table(self.folder / "customers.csv", _CUSTOMER_COLUMNS, rows)
        if Kind.ORDERS in kinds:
            cells = (cells for order in self._orders.values() for cells in _from_order(order))
            rows = (_row(_ORDER_COLUMNS, each) for each in cells)
            write_table(self.folder / "orders.csv", _ORDER_COLUMNS, rows)

    def _export_coupons(self) -> None:
        write_table(self.folder / "coupons-in-shop.csv", ["code"], ([code] for code in sorted(self._foreign)))


def _fitting(coupon: Mapping[str, str], goods: Sequence[tuple[str, int, bool]]) -> list[int]:
    """The value of the goods that a code is good for."""
    return [total for _, total, reduced in goods if not reduced or coupon["sale_items"] == "yes"]


def _taken_off(coupon: Mapping[str, str], goods: Sequence[tuple[str, int, bool]]) -> int:
    value = sum(_fitting(coupon, goods))
    if coupon["percent"]:
        return round(value * int(coupon["percent"]) / 100)
    return min(value, _cents(coupon["amount"]))


def _cents(text: str) -> int:
    return int(Decimal(text or 0) * 100)


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    """What a platform's own import reads; not read with our own reader, which would hide its mistakes."""
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def _row(columns: Iterable[str], cells: Mapping[str, object]) -> list[str]:
    return ["" if cells.get(name) is None else str(cells[name]) for name in columns]


def _from_customer(customer: Customer) -> dict[str, object]:
    consent = {each.channel: each for each in customer.consents}
    email, sms = consent.get("email"), consent.get("sms")
    names = (
        "id email first_name last_name phone company language country region city group gender birthday"
        " shop_order_count"
    )
    return {
        **{name: getattr(customer, name) for name in names.split()},
        "guest": "yes" if customer.guest else "no",
        "tags": ", ".join(customer.tags),
        "account": customer.account_status,
        "consent": email and email.state,
        "consent_level": email.level if email and email.level != "unknown" else None,
        "consent_at": _stamp(email.changed_at if email else None),
        "sms_consent": sms and sms.state,
        "consent_source": customer.attributes.get("consent_source"),
        "shop_amount_spent": None
        if customer.shop_amount_spent is None
        else decimal_text(customer.shop_amount_spent, "EUR"),
        "created_at": _stamp(customer.created_at),
        "updated_at": _stamp(customer.updated_at),
    }


def _from_order(order: Order) -> Iterator[dict[str, object]]:
    """One row for each line; what is said of the whole order stands in the first."""
    head = _from_head(order)
    if not order.lines:
        yield head
    for number, line in enumerate(order.lines):
        whole = head if number == 0 else {"id": order.id, "number": order.number}
        yield {**whole, **_from_line(line, order.currency)}


def _from_head(order: Order) -> dict[str, object]:
    names = "id number customer_id email currency payment_method channel location country"
    amounts = {
        **{name: getattr(order, name) for name in ("total", "tax", "shipping", "discounts")},
        "refunded": order.refunded() or None,
        "refunded_tax": sum(each.tax for each in order.refunds) if order.refunds else None,
        "refunded_shipping": sum(each.shipping for each in order.refunds) if order.refunds else None,
    }
    return {
        **{name: getattr(order, name) for name in names.split()},
        **{
            name: None if amount is None else decimal_text(amount, order.currency)
            for name, amount in amounts.items()
        },
        "codes": ", ".join(order.codes),
        "test": "yes" if order.test else "no",
        "payment_status": _PAYMENT[order.payment],
        "shipment_status": _SHIPMENT[order.shipment],
        "placed_at": _stamp(order.placed_at),
        "updated_at": _stamp(order.updated_at),
        "cancelled_at": _stamp(order.cancelled_at),
        "shipped_at": _stamp(order.shipped_at),
        "refunded_at": _stamp(max((each.refunded_at for each in order.refunds), default=None)),
    }


def _from_line(line: LineItem, currency: str) -> dict[str, object]:
    return {
        "line_product_id": line.product_id,
        "line_variant_id": line.variant_id,
        "line_sku": line.sku,
        "line_title": line.title,
        "line_quantity": line.quantity,
        "line_returned": line.quantity - line.remaining,
        "line_total": decimal_text(line.total, currency),
    }


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
