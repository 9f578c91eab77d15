"""What stands in the exports: every record of all files of a kind, the newest file's word last."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.ameise.columns import (
    CREDITS,
    CUSTOMERS,
    DISCOUNT,
    GOODS,
    KINDS,
    NAMES,
    ORDERS,
    SHIPPING,
)
from adapters.jtl.positions import Position, amount, sums, to_lines
from connector.errors import TemporaryError
from connector.model import Customer, LineItem, Order, Payment, Refund, Shipment
from connector.tables import Field, Row, Table, read_table

_FIELDS: Mapping[str, Sequence[Field]] = {"customers": CUSTOMERS, "orders": ORDERS, "credits": CREDITS}
_ENDINGS = (".csv", ".txt")


#: Name, time and size of every file.
State: TypeAlias = tuple[tuple[str, int, int], ...]


class Content(msgspec.Struct, frozen=True):
    """All that the exports say."""

    customers: Mapping[str, Customer]
    orders: Mapping[str, Order]
    written: datetime  #: when the newest export of orders was written
    has_credits: bool
    other_currency: int = 0  #: orders left out because they are not in the books' currency


class _Credit(msgspec.Struct, frozen=True):
    refund: Refund
    pieces: Mapping[str, int]


def files_of(folder: Path, kind: str) -> list[Path]:
    """The files of a kind, the oldest first.

    Raises:
        TemporaryError: the folder is not there.
    """
    try:
        found = [
            path
            for path in folder.iterdir()
            if path.suffix.casefold() in _ENDINGS and path.name.casefold().startswith(NAMES[kind])
        ]
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise TemporaryError(f"`ameise_folder` {folder} cannot be read: {reason}.") from error


def state_of(folder: Path) -> State:
    """Which exports there are, and when each was last written.

    Raises:
        TemporaryError: the folder cannot be read.
    """
    paths = [path for kind in NAMES for path in files_of(folder, kind)]
    return tuple([(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in paths])


def read(folder: Path, currency: str, zone: ZoneInfo) -> Content:
    """Read all exports.

    Raises:
        TemporaryError: there is no export of orders or customers, or one is still being written.
        ConfigError: a column is missing.
        ResponseError: a value is nonsense; the error names file, line and column.
    """
    tables = {kind: [_table(path, kind, zone) for path in files_of(folder, kind)] for kind in NAMES}
    for kind in ("customers", "orders"):
        if not tables[kind]:
            raise TemporaryError(
                f"There is no export in {folder} whose name begins with {NAMES[kind][0]!r}: run the export "
                "in JTL-Ameise. Until then nothing is read, so that nothing is taken for lost."
            )
    credits_ = _credits(tables["credits"], currency)
    orders, other = _orders(tables["orders"], credits_, currency)
    return Content(
        customers={row.needed("id"): _to_customer(row) for row in _rows(tables["customers"])},
        orders=orders,
        written=max(_written(table.path) for table in tables["orders"]),
        has_credits=bool(tables["credits"]),
        other_currency=other,
    )


def _table(path: Path, kind: str, zone: ZoneInfo) -> Table:
    return read_table(path, _FIELDS[kind], zone=zone)


def _rows(tables: Iterable[Table]) -> Iterator[Row]:
    return (row for table in tables for row in table.rows())


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _to_customer(row: Row) -> Customer:
    return Customer(
        id=row.needed("id"),
        email=row.text("email"),
        first_name=row.text("first_name"),
        last_name=row.text("last_name"),
        phone=row.text("phone"),
        company=row.text("company"),
        country=_country(row),
        city=row.text("city"),
        group=row.text("group"),
        created_at=row.moment("since"),
        attributes={"customer_number": row.needed("id")},
    )


def _country(row: Row) -> str | None:
    code = (row.text("country") or "").upper()
    return code if len(code) == 2 else None


# -- orders -------------------------------------------------------------------------------------------------


def _orders(
    tables: Sequence[Table], credits_: Mapping[str, Sequence[_Credit]], currency: str
) -> tuple[dict[str, Order], int]:
    """Orders by number, and how many are in another currency. A later file replaces an order as a whole."""
    orders: dict[str, Order] = {}
    others: set[str] = set()
    for table in tables:
        for number, rows in _grouped(table, "id").items():
            if (rows[0].text("currency") or currency).upper() == currency:
                orders[number] = _to_order(number, rows, credits_.get(number, ()), currency)
            else:
                others.add(number)
    return orders, len(others)


def _grouped(table: Table, field: str) -> dict[str, list[Row]]:
    """The positions of each document; they need not stand together."""
    found: dict[str, list[Row]] = {}
    for row in table.rows():
        found.setdefault(row.needed(field), []).append(row)
    return found


def _to_order(number: str, rows: Sequence[Row], credits_: Sequence[_Credit], currency: str) -> Order:
    head, positions = rows[0], [_to_position(row) for row in rows]
    total = _needed(head, "total")
    found = sums(positions, total, currency)
    placed = head.moment("placed")
    if placed is None:
        raise head.error("placed", "is empty, but it is needed")
    shipped = head.moment("shipped")
    return Order(
        id=number,
        number=head.text("number") or number,
        customer_id=head.text("customer_id"),
        email=head.text("email"),
        placed_at=placed,
        cancelled_at=placed if head.flag("cancelled") else None,
        currency=currency,
        total=found.total,
        goods=found.goods,
        discounts=found.discounts,
        shipping=found.shipping,
        tax=found.tax,
        lines=_less(to_lines(positions, currency), credits_),
        refunds=tuple([credit.refund for credit in credits_]),
        payment=Payment.PAID if head.moment("paid") else Payment.NONE,
        shipment=Shipment.SHIPPED if shipped else Shipment.NONE,
        shipped_at=shipped,
        payment_method=head.text("payment_method"),
        channel=head.text("channel"),
        country=_country(head),
    )


def _to_position(row: Row) -> Position:
    price = _needed(row, "price")
    return Position(
        type=_type(row, price),
        net_price=price,
        quantity=_needed(row, "quantity"),
        tax_percent=_needed(row, "tax"),
        sku=row.text("sku"),
        name=row.text("title"),
    )


def _type(row: Row, price: Decimal) -> int:
    words = (row.text("kind") or "").casefold()
    named = [kind for word, kind in KINDS.items() if word in words]
    if named:
        return named[0]
    if row.text("sku"):
        return GOODS
    return DISCOUNT if price < 0 else SHIPPING


def _needed(row: Row, field: str) -> Decimal:
    found = row.number(field)
    if found is None:
        raise row.error(field, "is empty, but it is needed")
    return found


def _less(lines: Iterable[LineItem], credits_: Sequence[_Credit]) -> tuple[LineItem, ...]:
    """The lines without the pieces that came back, by item number."""
    back: dict[str, int] = {}
    for credit in credits_:
        for sku, pieces in credit.pieces.items():
            back[sku] = back.get(sku, 0) + pieces
    kept = []
    for line in lines:
        taken = min(back.get(line.sku or "", 0), line.quantity)
        back[line.sku or ""] = back.get(line.sku or "", 0) - taken
        kept.append(msgspec.structs.replace(line, remaining=line.quantity - taken))
    return tuple(kept)


# -- credit notes -------------------------------------------------------------------------------------------


def _credits(tables: Sequence[Table], currency: str) -> dict[str, list[_Credit]]:
    """Credit notes by the number of their order. One that stands in two files is one."""
    notes: dict[str, list[Row]] = {}
    for table in tables:
        notes |= _grouped(table, "id")
    found: dict[str, list[_Credit]] = {}
    for number, rows in notes.items():
        found.setdefault(rows[0].needed("order"), []).append(_to_credit(number, rows, currency))
    return found


def _to_credit(number: str, rows: Sequence[Row], currency: str) -> _Credit:
    """Whether it is written with a minus is the template's affair: money given back is money given back."""
    positions = [_to_position(row) for row in rows]
    gross = abs(sum((each.gross() for each in positions), Decimal(0)))
    net = abs(sum((each.net() for each in positions), Decimal(0)))
    shipping = abs(sum((each.net() for each in positions if not each.is_goods()), Decimal(0)))
    when = rows[0].moment("date")
    if when is None:
        raise rows[0].error("date", "is empty, but it is needed")
    pieces: dict[str, int] = {}
    for each in positions:
        if each.sku and each.is_goods():
            count = int(abs(each.quantity).to_integral_value(ROUND_CEILING))
            pieces[each.sku] = pieces.get(each.sku, 0) + count
    refund = Refund(
        id=number,
        refunded_at=when,
        amount=amount(gross, currency),
        tax=amount(gross, currency) - amount(net, currency),
        shipping=amount(shipping, currency),
    )
    return _Credit(refund, pieces)
