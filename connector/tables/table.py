"""A whole file, read and understood, and its rows."""

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from connector.errors import ConfigError, ResponseError
from connector.money import minor_units
from connector.tables.fields import Field, places_of
from connector.tables.form import (
    FileForm,
    cells_of,
    decoded,
    guess_date_order,
    guess_decimal,
    guess_delimiter,
    text_lines,
    unfinished,
)
from connector.tables.values import to_day, to_flag, to_moment, to_number

T = TypeVar("T")

#: A cell may hold a long description; the module's own limit is 128 KiB.
_LONGEST_CELL = 16 * 1024 * 1024

#: What our own files, and Shopify's, put before a cell that a spreadsheet would take for a formula.
_GUARDED = re.compile(r"^'(?='*[=+\-@\t\r0-9])")


class Table:
    """A file read to its end.

    `form` is how it is written, nothing left to guess that its values could tell. `digest` is the SHA-256 of
    its bytes.
    """

    def __init__(
        self,
        path: Path,
        form: FileForm,
        places: Mapping[str, int],
        header: Sequence[str],
        rows: Sequence[tuple[int, list[str]]],
        digest: str,
        zone: ZoneInfo,
    ) -> None:
        self.path = path
        self.form = form
        self.header = tuple(name.strip() for name in header)
        self.digest = digest
        self.zone = zone
        self.fields = frozenset(places)
        self._places = places
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> Iterator["Row"]:
        """Every row that is not empty, in the order of the file."""
        return (Row(self, line, cells) for line, cells in self._rows)

    def text(self) -> str:
        """For people: `customers.csv: Windows-1252, ';', decimal comma, 1,234 rows`."""
        rows = f"{len(self):,} row{'' if len(self) == 1 else 's'}"
        return f"{self.path.name}: {self.form.text()}, {rows}"

    def place(self, field: str) -> int | None:
        """The number of the column that holds a field, counted from 0."""
        return self._places.get(field)


class Row:
    """One row. Each method gives None where the cell is empty or the table has no column for the field.

    Raises:
        ResponseError: the cell holds something else than was asked for; the error names file, line, column
            and value.
    """

    __slots__ = ("_cells", "_table", "line")

    def __init__(self, table: Table, line: int, cells: Sequence[str]) -> None:
        self.line = line  #: where it begins in the file, counted from 1
        self._table = table
        self._cells = cells

    def text(self, field: str) -> str | None:
        """The cell without blanks around it, and without the mark that guards it against spreadsheets."""
        place = self._table.place(field)
        if place is None or place >= len(self._cells):
            return None
        cell = self._cells[place].strip()
        return (_GUARDED.sub("", cell, count=1) if cell.startswith("'") else cell) or None

    def needed(self, field: str) -> str:
        """The cell, which must not be empty."""
        found = self.text(field)
        if found is None:
            raise self.error(field, "is empty, but it is needed")
        return found

    def words(self, field: str, separator: str = ",") -> tuple[str, ...]:
        """A list in one cell."""
        parts = (self.text(field) or "").split(separator)
        return tuple(part.strip() for part in parts if part.strip())

    def number(self, field: str) -> Decimal | None:
        """A number, with the file's decimal sign."""
        return self._read(field, lambda text: to_number(text, self._table.form.decimal))

    def amount(self, field: str, currency: str) -> int | None:
        """An amount of money in minor units; halves are rounded away from zero."""
        number = self.number(field)
        return None if number is None else minor_units(number, currency)

    def count(self, field: str) -> int | None:
        """A whole number; "2.00" is one."""
        return self._read(field, lambda text: _whole(to_number(text, self._table.form.decimal), text))

    def moment(self, field: str) -> datetime | None:
        """A time, aware and in UTC; without an offset it is in the table's zone."""
        return self._read(field, lambda text: to_moment(text, self._table.zone, self._table.form.dates))

    def day(self, field: str) -> date | None:
        """A day without a time."""
        return self._read(field, lambda text: to_day(text, self._table.form.dates))

    def flag(self, field: str) -> bool | None:
        """Yes or no."""
        return self._read(field, to_flag)

    def cells(self, header: Sequence[str]) -> list[str]:
        """Every cell as it stands in the file, under these names of columns; "" where there is none."""
        if tuple(header) == self._table.header:  # by place, for two columns may have one name
            return [*self._cells[: len(header)], *[""] * (len(header) - len(self._cells))]
        named = dict(zip(self._table.header, self._cells, strict=False))
        return [named.get(name, "") for name in header]

    def error(self, field: str, what: str) -> ResponseError:
        """An error about a cell: file, line, column, value, and what is wrong."""
        place = self._table.place(field)
        column = "" if place is None else f", column {self._table.header[place]!r}"
        return ResponseError(f"{self._table.path.name}, line {self.line}{column}: {what}.")

    def _read(self, field: str, to: Callable[[str], T]) -> T | None:
        text = self.text(field)
        if text is None:
            return None
        try:
            return to(text)
        except ValueError as error:
            raise self.error(field, str(error)) from error


def _whole(number: Decimal, text: str) -> int:
    if number != number.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


def read_table(
    path: Path,
    fields: Sequence[Field],
    *,
    columns: Mapping[str, str] | None = None,
    form: FileForm | None = None,
    zone: ZoneInfo,
) -> Table:
    """Read a file to its end and find its columns.

    Args:
        columns: the owner's names of columns, by field; they go before those of `fields`.
        form: what is known of how it is written; the rest is guessed.
        zone: where times without an offset are at home.

    Raises:
        ConfigError: a column is missing, or what has to be guessed cannot be.
        TemporaryError: the file is not there, empty, or ends in the middle of a row.
        ResponseError: it is no table.
    """
    form = form or FileForm()
    if wrong := form.problem():
        raise ConfigError(wrong)
    data = _content(path)
    text, encoding = decoded(data, form.encoding, path.name)
    text, told = _told_delimiter(text.removeprefix("\ufeff"))
    delimiter = form.delimiter or told or guess_delimiter(text)
    rows = _rows(text, delimiter, path.name)
    header = rows[0][1]
    places = places_of(fields, header, columns or {}, path.name)
    cells = [each for _, each in rows[1:]]
    kinds = {
        kind: [places[field.name] for field in fields if field.kind == kind and field.name in places]
        for kind in ("amount", "moment")
    }
    found = FileForm(
        encoding=encoding,
        delimiter=delimiter,
        decimal=form.decimal or guess_decimal(cells_of(cells, kinds["amount"]), path.name),
        dates=form.dates or guess_date_order(cells_of(cells, kinds["moment"]), path.name),
    )
    digest = hashlib.sha256(data).hexdigest()
    return Table(path, found, places, header, rows[1:], digest, zone)


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        why = (error.strerror or "").lower()
        raise unfinished(path.name, f"cannot be read ({why})") from error
    if not data.strip():
        raise unfinished(path.name, "is empty")
    return data


def _told_delimiter(text: str) -> tuple[str, str | None]:
    """Excel writes and reads a first line such as `sep=;`."""
    first, _, rest = text.partition("\n")
    match = re.fullmatch(r"\"?sep=(.)\"?", first.rstrip("\r"), re.IGNORECASE)
    return (rest, match[1]) if match else (text, None)


def _rows(text: str, delimiter: str, file: str) -> list[tuple[int, list[str]]]:
    """(line, cells) of the header and of each row that is not empty."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(text_lines(text), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    began = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((began, cells))
            began = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise unfinished(file, f"ends inside a quoted cell that begins in line {began}") from error
        raise ResponseError(f"{file}, line {began}: the quotation marks do not fit ({error}).") from error
    _refuse_ragged(found, file, ended=text.endswith(("\n", "\r")))
    return found


def _refuse_ragged(rows: list[tuple[int, list[str]]], file: str, *, ended: bool) -> None:
    """Cells at the end may be left out (Excel does), but more than the header has are a wrong delimiter."""
    if not rows:
        raise unfinished(file, "is empty")
    width = len(rows[0][1])
    for line, cells in rows:
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            raise ResponseError(
                f"{file}, line {line}: {len(cells)} cells under {width} columns. Is the delimiter right,"
                " and is every cell that holds it in quotation marks?"
            )
    line, last = rows[-1]
    if not ended and len(last) < width:
        raise unfinished(file, f"ends in the middle of line {line}")
