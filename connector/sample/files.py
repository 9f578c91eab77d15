"""Customers and orders from a text file: the public CDNOW data, or any CSV with a header.

CDNOW_master.txt has whitespace columns: customer, day (YYYYMMDD), number of CDs, dollars. A CSV has the
columns `customer_id` (or `email`), `date` and `total`, and optionally `email`, `order_id`, `currency`,
`quantity`, `country` and `code`. Each row is one order; two rows of one customer on one day are two orders.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from connector.errors import ConfigError
from connector.model import Customer, LineItem, Order, Payment, Record, Shipment

#: Orders are placed at noon UTC, so that no time zone of a shop moves them to another day.
_NOON = timedelta(hours=12)

CDNOW_CURRENCY = "USD"
CSV_CURRENCY = "EUR"


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    customer: str
    email: str | None
    order: str
    placed: datetime
    total: int
    currency: str
    quantity: int
    country: str | None
    code: str | None


def currency_of(path: Path) -> str:
    """The currency of the first order in the file."""
    return next(_rows(path)).currency


def read_file(path: Path) -> Iterator[Record]:
    """Each customer of the file followed by their orders, in the order of first appearance.

    Raises:
        ConfigError: a line cannot be understood; the message names it.
    """
    by_customer: dict[str, list[_Row]] = {}
    for row in _rows(path):
        by_customer.setdefault(row.customer, []).append(row)
    for number, rows in by_customer.items():
        yield _customer(number, rows)
        yield from map(_order, rows)


def _rows(path: Path) -> Iterator[_Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            columns = {column.strip().strip('"').lower() for column in first.split(_separator(first))}
            if "date" in columns and "total" in columns:
                yield from _from_csv(file, _separator(first), path)
            else:
                yield from _from_cdnow(file, path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read {path}: {error}.") from error


def _separator(line: str) -> str:
    return ";" if line.count(";") > line.count(",") else ","


def _from_csv(file: Iterable[str], separator: str, path: Path) -> Iterator[_Row]:
    reader = csv.DictReader(file, delimiter=separator)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    for place, row in enumerate(reader, 1):
        try:
            yield _from_columns(row, place)
        except (KeyError, ValueError, InvalidOperation) as error:
            raise ConfigError(f"{path}, line {reader.line_num}: cannot understand {error}.") from error


def _from_columns(row: dict[str, str | None], place: int) -> _Row:
    customer = row.get("customer_id") or row.get("email")
    if not customer:
        raise ValueError("a row without customer_id and email")
    return _Row(
        customer=customer.strip(),
        email=(row.get("email") or "").strip() or None,
        order=(row.get("order_id") or "").strip() or str(place),
        placed=_moment(row["date"] or ""),
        total=_minor(row["total"] or ""),
        currency=(row.get("currency") or CSV_CURRENCY).strip(),
        quantity=int(row.get("quantity") or 1),
        country=row.get("country") or None,
        code=row.get("code") or None,
    )


def _from_cdnow(file: Iterable[str], path: Path) -> Iterator[_Row]:
    place = 0
    for line_number, line in enumerate(file, 1):
        words = line.split()
        if not words or (line_number == 1 and not words[0].isdecimal()):
            continue
        place += 1
        try:
            customer, day, quantity, dollars = words
            yield _Row(
                customer=customer,
                email=None,
                order=str(place),
                placed=_moment(day),
                total=_minor(dollars),
                currency=CDNOW_CURRENCY,
                quantity=int(quantity),
                country="US",
                code=None,
            )
        except (ValueError, InvalidOperation) as error:
            raise ConfigError(f"{path}, line {line_number}: cannot understand {line.strip()!r}.") from error


def _moment(text: str) -> datetime:
    text = text.strip()
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    moment = moment.replace(tzinfo=UTC)
    return moment + _NOON if len(text) in (8, 10) else moment


def _minor(text: str) -> int:
    return round(Decimal(text.strip()) * 100)


def _customer(number: str, rows: list[_Row]) -> Customer:
    placed = [row.placed for row in rows]
    return Customer(
        id=_numeric(number),
        email=rows[-1].email,
        country=rows[-1].country,
        tags=(),
        created_at=min(placed),
        updated_at=max(placed),
        shop_order_count=len(rows),
        shop_amount_spent=sum(row.total for row in rows),
    )


def _numeric(number: str) -> str:
    """The id without leading zeros, as shops write numbers; other ids stay."""
    return str(int(number)) if number.isdecimal() else number


def _order(row: _Row) -> Order:
    line = LineItem(
        product_id=None, title="Bestellung", quantity=row.quantity, remaining=row.quantity, total=row.total
    )
    return Order(
        id=_numeric(row.order),
        number=f"#{_numeric(row.order)}",
        customer_id=_numeric(row.customer),
        email=row.email,
        placed_at=row.placed,
        updated_at=row.placed,
        currency=row.currency,
        total=row.total,
        goods=row.total,
        lines=(line,),
        codes=(row.code,) if row.code else (),
        payment=Payment.PAID,
        shipment=Shipment.SHIPPED,
        shipped_at=row.placed,
        channel="web",
        country=row.country,
    )
