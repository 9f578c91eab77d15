"""Customers and orders from a text file: the public CDNOW data, or any CSV with a header.

CDNOW_master.txt has whitespace columns: customer, day (YYYYMMDD), number of CDs, dollars. A CSV has the
columns `customer_id` (or `email`), `date` and `total`, and optionally `email`, `order_id`, `currency`,
`quantity`, `country` and `code`. Each row is one order; two rows of one customer on one day are two orders.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from connector.errors import ConfigError
from connector.model import Customer, LineItem, Order, Payment, Record, Shipment
from connector.money import minor_units

T = TypeVar("T")

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
    """The currency of the first order in the file.

    Raises:
        ConfigError: there is no order in it, or the first cannot be understood.
    """
    for row in _rows(path):
        return row.currency
    raise ConfigError(f"{path} holds no orders.")


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
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"Cannot read {path}: it is no text in UTF-8.") from error


def _separator(line: str) -> str:
    return ";" if line.count(";") > line.count(",") else ","


def _from_csv(file: Iterable[str], separator: str, path: Path) -> Iterator[_Row]:
    reader = csv.DictReader(file, delimiter=separator)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    for place, row in enumerate(reader, 1):
        try:
            yield _from_columns(row, place)
        except ValueError as error:
            raise ConfigError(f"{path}, line {reader.line_num}: cannot understand {error}.") from error


def _from_columns(row: dict[str, str | None], place: int) -> _Row:
    cells = {name: (text or "").strip() for name, text in row.items() if isinstance(text, str | None)}
    customer = cells.get("customer_id") or cells.get("email")
    if not customer:
        raise ValueError("a row without customer_id and email")
    currency = cells.get("currency") or CSV_CURRENCY
    return _Row(
        customer=customer,
        email=cells.get("email") or None,
        order=cells.get("order_id") or str(place),
        placed=_cell(cells, "date", _moment),
        total=_cell(cells, "total", lambda text: minor_units(text, currency)),
        currency=currency,
        quantity=_cell(cells, "quantity", int) if cells.get("quantity") else 1,
        country=cells.get("country") or None,
        code=cells.get("code") or None,
    )


def _cell(cells: dict[str, str], name: str, understood: Callable[[str], T]) -> T:
    try:
        return understood(cells[name])
    except ValueError:
        raise ValueError(f"the {name} {cells[name]!r}") from None


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
                total=minor_units(dollars, CDNOW_CURRENCY),
                currency=CDNOW_CURRENCY,
                quantity=int(quantity),
                country="US",
                code=None,
            )
        except ValueError as error:
            raise ConfigError(f"{path}, line {line_number}: cannot understand {line.strip()!r}.") from error


def _moment(text: str) -> datetime:
    text = text.strip()
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    moment = moment.replace(tzinfo=UTC)
    return moment + _NOON if len(text) in (8, 10) else moment


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
