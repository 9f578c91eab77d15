"""Writing a table so that nobody ever sees half of it, and no spreadsheet runs it."""

import csv
import io
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from connector.errors import TemporaryError

_FORMULA = re.compile(r"'*[=+\-@\t\r]|'+[0-9]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")


def write_table(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    guarded: bool = False,
) -> None:
    """Write a table at once: whoever opens the file sees the old one or the whole new one.

    Args:
        guarded: put `'` before cells that a spreadsheet would run as a formula (they begin with `=`, `+`,
            `-`, `@`, a tab or a carriage return, and are no plain number). `Row.text` takes it off again.
            For files that people open: a shop that imports the file would keep it.

    Raises:
        TemporaryError: the folder cannot be written to.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        cells = ("" if cell is None else cell for cell in row)
        writer.writerow([_guard(cell) if guarded else cell for cell in cells])
    write_bytes(path, text.getvalue().encode(encoding))


def _guard(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file at once; only its owner may read it (mode 0600).

    Raises:
        TemporaryError: the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _keep_folder(path.parent)
    except OSError as error:
        raise TemporaryError(f"{path} cannot be written: {(error.strerror or '').lower()}.") from error


def _keep_folder(folder: Path) -> None:
    """Make the new name last through a power cut; Windows cannot and need not."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
