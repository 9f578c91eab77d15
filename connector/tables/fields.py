"""Which column holds which of our fields."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

import msgspec

from connector.errors import ConfigError

FieldKind = Literal["text", "amount", "count", "moment", "flag"]


class Field(msgspec.Struct, frozen=True):
    """A field of ours, and what columns that hold it are called in exports.

    `kind` is what the file's decimal sign ("amount") and order of day and month ("moment") are guessed from.
    A field that is `needed` must have a column.
    """

    name: str
    columns: tuple[str, ...] = ()
    kind: FieldKind = "text"
    needed: bool = False


def places_of(
    fields: Sequence[Field], header: Sequence[str], chosen: Mapping[str, str], file: str
) -> dict[str, int]:
    """Where in a row each field stands. Capitals and blanks around a name do not matter.

    Args:
        chosen: columns by field, as the config names them; an empty name leaves the field out.

    Raises:
        ConfigError: a column that is named or needed is not there, stands there twice, or `chosen` names a
            field that does not exist.
    """
    _refuse_unknown(fields, chosen)
    columns = _Columns(header, file)
    found = {field.name: columns.place(field, chosen) for field in fields}
    return {name: place for name, place in found.items() if place is not None}


def _refuse_unknown(fields: Sequence[Field], chosen: Mapping[str, str]) -> None:
    names = [field.name for field in fields]
    for name in chosen:
        if name not in names:
            raise ConfigError(f"`columns` names the field {name!r}, which is unknown.{_nearest(name, names)}")


class _Columns:
    """The columns of one file, by name."""

    def __init__(self, header: Sequence[str], file: str) -> None:
        self._file = file
        self._header = [name.strip() for name in header]
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(self._header):
            self._places.setdefault(_key(name), []).append(place)

    def place(self, field: Field, chosen: Mapping[str, str]) -> int | None:
        if field.name in chosen:
            return self._chosen(field, chosen[field.name])
        for name in field.columns:
            if places := self._places.get(_key(name)):
                return self._single(name, places)
        if field.needed:
            raise self._missing(field)
        return None

    def _chosen(self, field: Field, column: str) -> int | None:
        if not column:
            if field.needed:
                raise ConfigError(f"`columns` leaves out {field.name!r}, which is needed for {self._file}.")
            return None
        if places := self._places.get(_key(column)):
            return self._single(column, places)
        raise ConfigError(
            f"{self._file} has no column {column!r}, which `columns` names for {field.name!r}."
            f"{_nearest(column, self._header)} It has: {self._listed()}."
        )

    def _single(self, name: str, places: list[int]) -> int:
        if len(places) > 1:
            where = " and ".join(str(place + 1) for place in places)
            raise ConfigError(
                f"{self._file} has the column {name!r} more than once (columns {where}): rename all but one."
            )
        return places[0]

    def _missing(self, field: Field) -> ConfigError:
        usual = f" (usually {field.columns[0]!r})" if field.columns else ""
        return ConfigError(
            f"{self._file} has no column for {field.name!r}{usual}. Name it:"
            f' columns = {{ {field.name} = "..." }}. The file has: {self._listed()}.'
        )

    def _listed(self) -> str:
        shown = [name or "(unnamed)" for name in self._header[:40]]
        return ", ".join(shown) + (", ..." if len(self._header) > len(shown) else "")


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _nearest(name: str, known: Sequence[str]) -> str:
    spelled = {_key(each): each for each in known}
    close = get_close_matches(_key(name), list(spelled), n=1, cutoff=0.6)
    return f" Did you mean {spelled[close[0]]!r}?" if close else ""
