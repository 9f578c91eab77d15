"""The result of a bulk operation on disk, and its rows put together again.

A row with children should be followed by them, but nobody promises it: a child may come before its parent or
far behind it. So the file is first stored and looked through, and children out of place are set aside by
parent. Then the rows are read from the start, each with all of its children. Memory stays constant, and both
files are anonymous (mode 0600, gone even after a kill -9), for they hold personal data.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from connector.errors import ResponseError, TemporaryError

BLOCK = 1 << 20


class _Key(msgspec.Struct, gc=False):
    """What tells where a line belongs."""

    id: str = ""
    parent: str | None = msgspec.field(default=None, name="__parentId")


_KEYS = msgspec.json.Decoder(_Key)


class Spool:
    """One JSONL result. Use as a context manager; `fill` first, then `groups`."""

    def __init__(self) -> None:
        self.roots = 0
        self.rows = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=_directory())  # noqa: SIM115  closed by __exit__
        # An empty name is a private database on disk that SQLite unlinks as it opens it.
        self._strays = sqlite3.connect("", isolation_level=None)
        self._strays.execute("CREATE TABLE stray (parent TEXT, line BLOB)")
        self._stray_count = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._strays.close()

    def fill(self, pieces: Iterable[bytes]) -> None:
        """Store the pieces of a download and find the children out of place.

        Raises:
            ResponseError: a line is not JSON.
            TemporaryError: there is no room for it.
        """
        current = ""
        self._strays.execute("BEGIN")
        for block in _blocks(pieces):
            try:
                self._file.write(block)
                current = self._look_through(block, current)
            except (OSError, sqlite3.OperationalError) as error:
                place = _directory() or tempfile.gettempdir()
                raise TemporaryError(
                    f"A bulk result of Shopify cannot be kept in {place}: {error}."
                ) from error
        self._strays.execute("COMMIT")
        if self._stray_count:
            self._strays.execute("CREATE INDEX stray_parent ON stray (parent)")

    def groups(self, rows: msgspec.json.Decoder[Any], children: msgspec.json.Decoder[Any]) -> Iterator[Any]:
        """Pairs of a row and all of its children, in the order of the file.

        Args:
            rows: decodes a line of either kind; rows have an `id` and no `parent`.
            children: decodes a line of a child.
        """
        root: Any = None
        own: list[Any] = []
        for row in self._decoded(rows):
            parent = getattr(row, "parent", None)
            if parent is None:
                if root is not None:
                    yield root, own + self._set_aside(root.id, children)
                root, own = row, []
            elif root is not None and parent == root.id:
                own.append(row)
        if root is not None:
            yield root, own + self._set_aside(root.id, children)

    def orphans(self) -> int:
        """Children that no row took. To be asked after `groups` is exhausted."""
        return self._stray_count

    def _look_through(self, block: bytes, current: str) -> str:
        try:
            keys = _KEYS.decode_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ResponseError(f"A bulk result of Shopify holds a line that is not JSON: {error}.") from None
        self.rows += len(keys)
        strays = []
        for place, key in enumerate(keys):
            if key.parent is None:
                current = key.id
                self.roots += 1
            elif key.parent != current:
                strays.append((key.parent, place))
        if strays:
            self._put_aside(block, strays)
        return current

    def _put_aside(self, block: bytes, strays: list[tuple[str, int]]) -> None:
        lines = [line for line in block.split(b"\n") if line.strip()]
        found = [(parent, lines[place]) for parent, place in strays]
        self._strays.executemany("INSERT INTO stray VALUES (?, ?)", found)
        self._stray_count += len(found)

    def _set_aside(self, parent: str, children: msgspec.json.Decoder[Any]) -> list[Any]:
        if not self._stray_count:
            return []
        found = self._strays.execute("SELECT line FROM stray WHERE parent = ? ORDER BY rowid", (parent,))
        rows = [children.decode(line) for (line,) in found]
        if rows:
            self._strays.execute("DELETE FROM stray WHERE parent = ?", (parent,))
            self._stray_count -= len(rows)
        return rows

    def _decoded(self, rows: msgspec.json.Decoder[Any]) -> Iterator[Any]:
        self._file.seek(0)
        for block in _blocks(iter(lambda: self._file.read(BLOCK), b"")):
            try:
                yield from rows.decode_lines(block)
            except msgspec.DecodeError as error:
                message = f"A bulk result of Shopify holds a line of an unexpected shape: {error}."
                raise ResponseError(message) from None


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut only at the end of a line."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        held.append(piece[:cut] if cut else piece)
        size += len(held[-1])
        if cut and size >= BLOCK // 4:
            yield b"".join(held)
            held, size = [], 0
        if cut:
            held.append(piece[cut:])
            size += len(held[-1])
    if any(held):
        yield b"".join(held)


def _directory() -> str | None:
    """Where large temporary files belong: /tmp is often in memory. The order is SQLite's own."""
    if os.environ.get("TMPDIR"):
        return None
    large = Path("/var/tmp")  # noqa: S108  anonymous files only
    return str(large) if os.access(large, os.W_OK) else None
