"""Rows of orders, one for each order or one for each of its lines, and how they become ours. No I/O."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

import msgspec

from adapters.csv_files.people import country, email_key
from adapters.csv_files.presets import Prices
from adapters.csv_files.words import States, unknown_states
from connector.errors import ConfigError
from connector.model import LineItem, Order, Payment, Refund, Shipment
from connector.money import minor_units
from connector.tables import Row, Table

T = TypeVar("T")

#: Any of these tells whether an order counts.
_STATE_FIELDS = frozenset({"status", "payment_status", "shipment_status", "paid_at", "shipped_at"})
_STATE_WORDS = ("status", "payment_status", "shipment_status")
_LINE = ("line_title", "line_sku", "line_product_id", "line_quantity", "line_total", "line_price")
_SHIPPING = re.compile("versand|shipping|porto|fracht|zahlung|payment")
_DISCOUNT = re.compile("gutschein|coupon|rabatt|discount|voucher")
_CODE = re.compile(r"code:\s*([^|;]+)")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every order of a folder.

    Attributes:
        prices: whether amounts hold tax; None: told from each order's own sums.
        tax_percent: the tax in every amount, where no column names it.
        assume_paid: take orders for paid where no column tells.
        accounts: ids of accounts by e-mail address, for exports that name no customer.
    """

    currency: str
    prices: Prices | None
    tax_percent: Decimal | None
    assume_paid: bool
    states: States
    accounts: Mapping[str, str]


def to_orders(table: Table, terms: Terms) -> Iterator[Order]:
    """Every order of a file; rows that carry the same number are one order, wherever they stand.

    Raises:
        ConfigError: no column tells whether orders are paid, or a state is not known.
        ResponseError: a cell is nonsense.
    """
    if not terms.assume_paid and not table.fields & _STATE_FIELDS:
        raise ConfigError(
            f"{table.path.name} has no column that tells whether an order is paid or shipped. Name one in"
            " columns.orders (status, payment_status, paid_at, shipment_status or shipped_at), or say"
            " assume_paid = true."
        )
    _refuse_unknown_states(table, terms.states)
    groups: dict[str, list[Row]] = {}
    latest: dict[str, str] = {}  # Shopify writes the id in an order's first row only, its number in each
    for row in table.rows():
        number, own = row.text("number"), row.text("id")
        key = own or latest.get(number or "", number)
        if key is None:
            raise row.error("number", "has neither an order number nor an id")
        if number:
            latest[number] = key
        groups.setdefault(key, []).append(row)
    linked = "customer_id" not in table.fields
    return (_Rows(rows, table.fields, terms).order(linked=linked) for rows in groups.values())


def _refuse_unknown_states(table: Table, states: States) -> None:
    fields = [field for field in _STATE_WORDS if field in table.fields]
    words = ((field, row.text(field)) for row in table.rows() for field in fields)
    unknown = {word for field, word in words if word and not states.known(field, word)}
    if unknown:
        raise unknown_states(table.path.name, unknown)


class _Rows:
    """The rows of one order. What is said of the whole order stands in the first of them, or in each."""

    def __init__(self, rows: Sequence[Row], fields: frozenset[str], terms: Terms) -> None:
        self._rows = rows
        self._fields = fields
        self._terms = terms
        self._currency = (self._text("currency") or terms.currency).upper()

    def order(self, *, linked: bool) -> Order:
        key = self._text("id") or self._text("number") or ""
        number = self._text("number") or key
        placed = self._moment("placed_at")
        if placed is None:
            raise self._rows[0].error("placed_at", "is empty, but an order has a date")
        meaning = _Meaning({field: self._text(field) for field in _STATE_WORDS}, self._terms)
        updated = self._moment("updated_at")
        cancelled = self._moment("cancelled_at")
        email = self._text("email")
        sums = self._sums()
        refunds = self._refunds(key, sums, updated or placed)
        shipment = meaning.shipment(self._moment("shipped_at"))
        return Order(
            id=key,
            number=number,
            customer_id=self._customer(email, linked=linked),
            email=email,
            placed_at=placed,
            updated_at=updated,
            cancelled_at=cancelled or ((updated or placed) if meaning.cancelled else None),
            test=meaning.test or self._first("test", lambda row: row.flag("test")) or False,
            currency=self._currency,
            total=sums.total,
            goods=sums.total - sums.tax - sums.shipping + sums.discounts,
            discounts=sums.discounts,
            shipping=sums.shipping,
            tax=sums.tax,
            lines=self._lines(sums, all_back=bool(refunds) and refunds[0].amount >= sums.total),
            refunds=refunds,
            codes=self._codes(),
            payment=meaning.payment(self._moment("paid_at")),
            shipment=shipment,
            shipped_at=self._moment("shipped_at") if shipment is not Shipment.NONE else None,
            payment_method=self._text("payment_method"),
            channel=self._text("channel"),
            location=self._text("location"),
            country=country(self._text("country")),
        )

    def _first(self, field: str, read: Callable[[Row], T | None]) -> T | None:
        if field not in self._fields:
            return None
        return next((found for row in self._rows if (found := read(row)) is not None), None)

    def _text(self, field: str) -> str | None:
        return self._first(field, lambda row: row.text(field))

    def _amount(self, field: str) -> int | None:
        return self._first(field, lambda row: row.amount(field, self._currency))

    def _moment(self, field: str) -> datetime | None:
        return self._first(field, lambda row: row.moment(field))

    def _customer(self, email: str | None, *, linked: bool) -> str | None:
        if linked:
            return self._terms.accounts.get(email_key(email)) if email else None
        number = self._text("customer_id")
        return None if number == "0" else number  # WooCommerce writes guests so

    def _codes(self) -> tuple[str, ...]:
        text = self._text("codes") or ""
        found = _CODE.findall(text) or re.split("[,;|]", text)
        return tuple(dict.fromkeys(code.strip() for code in found if code.strip()))

    def _sums(self) -> "_Sums":
        total = self._amount("total")
        if total is None:
            total = self._total_of_lines()
        tax = self._amount("tax")
        if tax is None:
            percent = self._terms.tax_percent or Decimal(0)
            tax = _rounded(total * percent / (100 + percent))
        subtotal, shipping = self._amount("subtotal"), self._shipping()
        discounts = self._discounts()
        gross = self._terms.prices != "net"
        if self._terms.prices is None and subtotal is not None:
            gross = abs(subtotal + shipping - total) <= abs(subtotal + shipping + tax - total)
        if gross and total:
            share = Decimal(total - tax) / total
            shipping, discounts = _rounded(shipping * share), _rounded(discounts * share)
        return _Sums(total, tax, shipping, discounts, subtotal)

    def _total_of_lines(self) -> int:
        """Where no column gives it: the sum of all positions, shipping and discounts too."""
        amounts = [amount for row in self._rows if (amount := self._line_total(row)) is not None]
        if not amounts:
            raise self._rows[0].error("total", "is empty, and no line has an amount")
        return sum(amounts) + (self._amount("shipping") or 0) - abs(self._amount("discounts") or 0)

    def _shipping(self) -> int:
        given = self._amount("shipping")
        return self._of_kind(_SHIPPING) if given is None else given

    def _discounts(self) -> int:
        given = self._amount("discounts")
        return abs(self._of_kind(_DISCOUNT) if given is None else given)

    def _of_kind(self, kind: re.Pattern[str]) -> int:
        return sum(self._line_total(row) or 0 for row in self._rows if kind.search(_kind(row)))

    def _line_total(self, row: Row) -> int | None:
        total = row.amount("line_total", self._currency)
        if total is not None:
            return total
        price = row.number("line_price")
        if price is None:
            return None
        pieces = row.number("line_quantity")
        amount = minor_units(price * (1 if pieces is None else pieces), self._currency)
        return amount - (row.amount("line_discount", self._currency) or 0)

    def _refunds(self, key: str, sums: "_Sums", otherwise: datetime) -> tuple[Refund, ...]:
        """One refund of all that was given back. Its tax is the order's share, where no column names it."""
        amount = abs(self._amount("refunded") or 0)
        if not amount:
            return ()
        tax, shipping = self._amount("refunded_tax"), self._amount("refunded_shipping")
        share = Decimal(sums.tax) / sums.total if sums.total else Decimal(0)
        return (
            Refund(
                id=f"{key}-refund",
                refunded_at=self._moment("refunded_at") or otherwise,
                amount=amount,
                tax=_rounded(amount * share) if tax is None else abs(tax),
                shipping=abs(shipping or 0),
            ),
        )

    def _lines(self, sums: "_Sums", *, all_back: bool) -> tuple[LineItem, ...]:
        rows = [row for row in self._rows if _is_goods(row)]
        lines = [self._line(row, all_back=all_back) for row in rows]
        if not lines and all_back:
            # DEFINITIONS: an order that came back wholly is none. Without lines nothing else could say so.
            return (LineItem(product_id=None, quantity=1, remaining=0, total=sums.total),)
        return tuple(_discounted(lines, sums.subtotal))

    def _line(self, row: Row, *, all_back: bool) -> LineItem:
        ordered = row.number("line_quantity")
        # A till takes goods back as less than none of them.
        quantity = 0 if ordered is not None and ordered < 0 else _pieces(ordered)
        returned = _pieces(row.number("line_returned")) if row.text("line_returned") else 0
        sku = row.text("line_sku")
        return LineItem(
            product_id=row.text("line_product_id") or sku,
            variant_id=row.text("line_variant_id"),
            sku=sku,
            title=row.text("line_title") or "",
            quantity=quantity,
            remaining=0 if all_back else max(0, quantity - returned),
            total=self._line_total(row) or 0,
        )


class _Sums(msgspec.Struct, frozen=True):
    """Amounts of an order; shipping and discounts without tax, `subtotal` as the shop shows it."""

    total: int
    tax: int
    shipping: int
    discounts: int
    subtotal: int | None


class _Meaning:
    """What the states of an order say. A state of the money says nothing of the goods."""

    def __init__(self, words: Mapping[str, str | None], terms: Terms) -> None:
        self._words = words
        self._terms = terms
        self._all = terms.states.meaning(words)

    @property
    def cancelled(self) -> bool:
        return "cancelled" in self._of("status")

    @property
    def test(self) -> bool:
        return "test" in self._of("status")

    def payment(self, paid_at: datetime | None) -> Payment:
        said = self._of("payment_status") or self._of("status") & {"paid", "partly-paid"}
        if "paid" in said or (not said and (paid_at is not None or self._terms.assume_paid)):
            return Payment.PAID
        return Payment.PARTLY if "partly-paid" in said else Payment.NONE

    def shipment(self, shipped_at: datetime | None) -> Shipment:
        said = self._of("shipment_status") or self._of("status") & {"shipped", "partly-shipped"}
        if "shipped" in said or (not said and shipped_at is not None):
            return Shipment.SHIPPED
        return Shipment.PARTLY if "partly-shipped" in said else Shipment.NONE

    def _of(self, field: str) -> frozenset[str]:
        return self._terms.states.meaning({field: self._words[field]})


def _kind(row: Row) -> str:
    return (row.text("line_kind") or "").casefold()


def _is_goods(row: Row) -> bool:
    kind = _kind(row)
    return any(row.text(field) for field in _LINE) and not (_SHIPPING.search(kind) or _DISCOUNT.search(kind))


def _pieces(number: Decimal | None) -> int:
    """Whole pieces; goods by weight or length are at least one."""
    if number is None:
        return 1
    return max(_rounded(abs(number)), 1) if number else 0


def _discounted(lines: Iterable[LineItem], subtotal: int | None) -> Iterator[LineItem]:
    """Lines after a discount on the whole order: each bears its share; together they make the subtotal."""
    found = list(lines)
    before = sum(line.total for line in found)
    if subtotal is None or not 0 <= subtotal < before:
        yield from found
        return
    seen = given = 0
    for line in found:
        seen += line.total
        share = _rounded(Decimal(subtotal) * seen / before) - given
        given += share
        yield msgspec.structs.replace(line, total=share)


def _rounded(amount: Decimal | int) -> int:
    return int(Decimal(amount).to_integral_value(ROUND_HALF_UP))
