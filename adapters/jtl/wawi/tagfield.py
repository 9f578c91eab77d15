"""Tags in one of the merchant's own fields of a customer: a list with commas, beside whatever else is in it.

Fields are what JTL-Wawi calls "Eigene Felder".
"""

import re
from collections.abc import Sequence
from typing import Any

from adapters.jtl.wawi.client import MissingError, Wawi
from adapters.jtl.wawi.records import FieldRow, FieldValueRow, Wire
from connector.errors import ConfigError, RejectedError

#: `Type` of a field that holds any text: text and short text.
TEXT_TYPES = frozenset({3, 12})

#: A piece of the text with what ends it.
_PIECE = re.compile(r"[^,;\n]*[,;\n]|[^,;\n]+$")
_ENDS = ",;\n"


class TagField:
    """The field of that name.

    Args:
        name: as in JTL-Wawi under the own fields of customers.
    """

    def __init__(self, wawi: Wawi, name: str) -> None:
        self._wawi = wawi
        self.name = name
        self._number: int | None = None

    def number(self) -> int:
        """The field's id; asked for once.

        Raises:
            ConfigError: there is no such field, or it holds no text.
        """
        if self._number is None:
            self._number = self._find()
        return self._number

    def _find(self) -> int:
        try:
            fields = self._wawi.get("/customers/customfields", tuple[FieldRow, ...])
        except MissingError:  # the description's answer where there are none at all
            fields = ()
        found = [each for each in fields if (each.name or "").casefold() == self.name.casefold()]
        if len(found) != 1:
            known = ", ".join(sorted(each.name for each in fields if each.name)) or "none"
            raise ConfigError(
                f"`tag_field` is {self.name!r}, but JTL-Wawi has {len(found) or 'no'} such fields of "
                f"customers (it has: {known}). Make one of the type text, or mend the name."
            )
        if found[0].type not in TEXT_TYPES:
            raise ConfigError(
                f"`tag_field` is {self.name!r}, but that field holds no text: make another one."
            )
        return found[0].custom_field_id

    def text(self, customer_id: str) -> str | None:
        """What stands in the field of a customer now; None where nothing does.

        The API answers 404 both for an unknown customer and for one without fields.
        """
        number = self.number()
        try:
            rows = self._wawi.get(f"/customers/{customer_id}/customfields", tuple[FieldValueRow, ...])
        except MissingError:
            return None
        values: list[Any] = [row.value for row in rows if row.custom_field_id == number]
        return str(values[0]) if values and values[0] is not None else None

    def update(self, customer_id: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """Add and remove tags, and leave the rest of the text as it is.

        Raises:
            RejectedError: there is no such customer, or a tag cannot stand in a list.
        """
        for tag in (*add, *remove):
            if not tag.strip() or any(end in tag for end in _ENDS):
                raise RejectedError(f"The tag {tag!r} cannot stand in a list with commas.")
        old = self._known_text(customer_id)
        new = changed(old, add, remove)
        if new == old:
            return
        path = f"/customers/{customer_id}/customfields/{self.number()}"
        try:
            self._write(path, new)
        except MissingError:
            raise RejectedError(f"JTL-Wawi has no customer {customer_id}.") from None

    def _write(self, path: str, text: str) -> None:
        if text:
            self._wawi.change("PATCH", path, {"Value": text})
        else:
            self._wawi.change("DELETE", path)

    def _known_text(self, customer_id: str) -> str:
        """What stands in the field; refused where there is no such customer."""
        if customer_id.isdecimal():
            text = self.text(customer_id)
            if text is not None:
                return text
            try:
                self._wawi.get(f"/customers/{customer_id}", Wire)
            except MissingError:
                pass
            else:
                return ""
        raise RejectedError(f"JTL-Wawi has no customer {customer_id}.")


def tags_in(text: str) -> tuple[str, ...]:
    """The entries of the list."""
    return tuple([piece for piece in map(_bare, _PIECE.findall(text)) if piece])


def changed(text: str, add: Sequence[str], remove: Sequence[str]) -> str:
    """The text with tags added at its end and removed wherever they are.

    Tags compare case-folded. Every other entry stays as it is written, in its place.
    """
    off = {tag.casefold() for tag in remove}
    pieces = _PIECE.findall(text)
    kept = [piece for piece in pieces if _bare(piece).casefold() not in off]
    left = "".join(kept)
    if pieces and _bare(pieces[0]).casefold() in off:
        left = left.lstrip(" ")
    if pieces and _bare(pieces[-1]).casefold() in off:  # the comma before it has nothing to part any more
        left = left.rstrip(" ,;")
    known = {entry.casefold() for entry in tags_in(left)}
    for tag in add:
        if tag.casefold() not in known:
            known.add(tag.casefold())
            left = f"{left}{_joint(left)}{tag}"
    return left


def _bare(piece: str) -> str:
    return piece.rstrip(_ENDS).strip()


def _joint(text: str) -> str:
    """What stands between a text and a new entry."""
    if not text.strip() or text.endswith("\n"):
        return ""
    if text.rstrip().endswith((",", ";")):
        return "" if text.endswith(" ") else " "
    return ", "
