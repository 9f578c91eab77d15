"""The file that JTL-Ameise imports: a customer number and all its tags of ours in each row.

It is the memory of what the books have: rows stay when a customer has no tag any more, with an empty field,
so that the next import empties it in JTL-Wawi too.
"""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.jtl.ameise.columns import NUMBER_COLUMN, TAGS_COLUMN
from connector.errors import RejectedError
from connector.tables import Field, read_table, write_table

_FIELDS = (
    Field("number", (NUMBER_COLUMN,), needed=True),
    Field("tags", (TAGS_COLUMN,), needed=True),
)


class TagFile:
    """One such file; there is none before the first tag."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, tuple[str, ...]]:
        """Tags by customer number.

        Raises:
            ConfigError: the file is not ours.
            TemporaryError: it cannot be read.
        """
        if not self._path.exists():
            return {}
        table = read_table(self._path, _FIELDS, zone=ZoneInfo("UTC"))
        return {row.needed("number"): row.words("tags") for row in table.rows()}

    def write(self, tags: dict[str, tuple[str, ...]]) -> None:
        """Replace the file at once.

        With the byte order mark that JTL-Ameise knows UTF-8 by.
        """
        rows = [(number, ", ".join(tags[number])) for number in sorted(tags)]
        header = (NUMBER_COLUMN, TAGS_COLUMN)
        write_table(self._path, header, rows, delimiter=";", encoding="utf-8-sig")


def changed(tags: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
    """Tags with some more and some less; they compare case-folded.

    Raises:
        RejectedError: a tag cannot stand in a list with commas.
    """
    for tag in (*add, *remove):
        if not tag.strip() or "," in tag or "\n" in tag:
            raise RejectedError(f"The tag {tag!r} cannot stand in a list with commas.")
    off = {tag.casefold() for tag in remove}
    kept = {tag.casefold(): tag for tag in tags if tag.casefold() not in off}
    for tag in add:
        kept.setdefault(tag.casefold(), tag)
    return tuple(kept.values())
