"""The folder with the exports: which files count, and whether they are finished."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import msgspec

from connector.errors import TemporaryError

#: What files are usually called, where the owner names no pattern; the first kind that fits has a file.
USUAL: Mapping[str, tuple[str, ...]] = {
    "contacts": ("contact*", "kontakt*", "newsletter*", "subscriber*", "abonnent*"),
    "coupons": ("coupon*", "gutschein*", "discount*"),
    "customers": ("customer*", "kunde*", "users*"),
    "orders": ("order*", "bestell*", "auftr*"),
}
_ENDINGS = (".csv", ".txt", ".tsv")


class Export(msgspec.Struct, frozen=True):
    """A file as it lies there. Two of them are equal if nothing happened to the file in between."""

    path: Path
    size: int
    modified: int  #: ns; kept by most ways of copying
    changed: int  #: ns; when this file came to lie here, or was last written
    inode: int

    def changed_at(self) -> datetime:
        """When the file was last written or put here, by this machine's clock."""
        return datetime.fromtimestamp(max(self.modified, self.changed) / 1e9, UTC)


class Folder:
    """A folder that exports are put into.

    Args:
        patterns: by kind, the pattern that the owner named; None for the usual names.
        complete: only the newest file of a kind counts.
        settle_seconds: how long a file must have been left alone.
    """

    def __init__(
        self, path: Path, patterns: Mapping[str, str | None], *, complete: bool, settle_seconds: float
    ) -> None:
        self.path = path
        self._patterns = patterns
        self._complete = complete
        self._settle = settle_seconds

    def exports(self) -> dict[str, list[Export]]:
        """The files of each kind, oldest first; with `complete` the newest alone.

        Raises:
            TemporaryError: the folder or a named file is not there, or one is still being written.
        """
        found: dict[str, list[Export]] = {kind: [] for kind in USUAL}
        for path in self._files():
            if kind := self._kind(path.name):
                found[kind].append(export_at(path))
        self._refuse_missing(found)
        for exports in found.values():
            exports.sort(key=lambda export: (export.modified, export.path.name))
        if self._complete:
            found = {kind: exports[-1:] for kind, exports in found.items()}
        self._wait([export for exports in found.values() for export in exports])
        return found

    def unknown(self) -> list[str]:
        """Names of tables there that belong to no kind."""
        return [path.name for path in self._files() if self._kind(path.name) is None]

    def changed_at(self) -> datetime:
        """When a file was last added or taken away."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def _files(self) -> list[Path]:
        try:
            listed = sorted(self.path.iterdir())
        except OSError as error:
            why = (error.strerror or "").lower()
            raise TemporaryError(
                f"The folder {self.path} cannot be read ({why}): is it there, and is `folder` right?"
            ) from error
        named = [path for path in listed if not path.name.startswith((".", "~"))]
        return [path for path in named if path.suffix.lower() in _ENDINGS and path.is_file()]

    def _kind(self, name: str) -> str | None:
        for kind, pattern in self._patterns.items():
            if pattern is not None and fnmatch(name.casefold(), pattern.casefold()):
                return kind
        for kind, patterns in USUAL.items():
            usual = self._patterns.get(kind) is None
            if usual and any(fnmatch(name.casefold(), pattern) for pattern in patterns):
                return kind
        return None

    def _refuse_missing(self, found: Mapping[str, Sequence[Export]]) -> None:
        for kind, pattern in self._patterns.items():
            if pattern is not None and not found[kind]:
                raise TemporaryError(
                    f"No file in {self.path} is called {pattern}: put the export of {kind} there, or mend"
                    f" `{kind}`. Nothing is taken for deleted."
                )
        if self._complete and not (found["customers"] and found["orders"]):
            kind = "orders" if found["customers"] else "customers"
            raise TemporaryError(
                f"There is no export of {kind} in {self.path}, but complete = true needs both kinds:"
                " put it there, or take complete out. Nothing is taken for deleted."
            )
        if not found["customers"] and not found["orders"] and not found["contacts"]:
            raise TemporaryError(
                f"There is no export in {self.path}. Put files there called customers….csv or orders….csv,"
                " or name them with `customers` and `orders`. Nothing is taken for deleted."
            )

    def _wait(self, exports: Sequence[Export]) -> None:
        """Let files that have just come come to rest."""
        youngest = max((max(each.modified, each.changed) for each in exports), default=0) / 1e9
        rest = self._settle - (time.time() - youngest)
        if 0 < rest <= self._settle:
            time.sleep(rest)
        for export in exports:
            refuse_changed(export)


def export_at(path: Path) -> Export:
    """The file as it is now.

    Raises:
        TemporaryError: it went away.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise TemporaryError(f"{path.name} went away while it was read; the next run tries again.") from error
    return Export(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def refuse_changed(export: Export) -> None:
    """Raise unless the file is what it was.

    Raises:
        TemporaryError: it is being written.
    """
    if export_at(export.path) != export:
        raise TemporaryError(
            f"{export.path.name} is being written right now. Nothing of it is used; the next run tries again."
        )
