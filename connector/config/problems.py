"""What is wrong with a config file: at which place, on which line, why, and how to mend it."""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import tree_sitter
import tree_sitter_toml

from connector.errors import ConfigError

Place = tuple[str | int, ...]

_TOML = tree_sitter.Language(tree_sitter_toml.language())


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    `message` has no full stop at its end; lines after its first are shown below, indented. `mend` is a whole
    sentence. Neither ever holds the value of a secret.
    """

    place: str  #: as in "shops.roastery.domain"; empty for the file as a whole
    line: int | None
    message: str
    mend: str

    def text(self, file: str) -> str:
        """The problem as the owner reads it."""
        head = file if self.line is None else f"{file}:{self.line}"
        what, *more = self.message.split("\n")
        named = f"{self.place}: {what}" if self.place else what
        stop = "" if named.endswith((".", "?", "!")) else "."
        return "\n".join([f"{head}  {named}{stop} {self.mend}".rstrip(), *(f"    {line}" for line in more)])


class BrokenConfigError(ConfigError):
    """A config file with all its problems, in the order of their lines."""

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda each: (each.line is not None, each.line or 0))
        super().__init__("\n".join(each.text(path.name) for each in self.problems))


def nearest(word: str, known: Collection[str]) -> str:
    """The mend of a misspelled name: the nearest one, else what there is."""
    folded = {name.casefold(): name for name in known}
    if close := get_close_matches(word.casefold(), folded, n=1):
        return f"Did you mean '{folded[close[0]]}'?"
    return f"Known here: {', '.join(sorted(known))}." if known else "There is none here."


def spell(place: Place) -> str:
    """A place as the owner reads it; the steps of a list count from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def line_of(lines: Mapping[Place, int], place: Place) -> int | None:
    """The line of a place or, where the file does not have it, of the nearest table around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place)


def find_lines(text: str) -> dict[Place, int]:
    """The line of every table, option and item of a TOML text that `tomllib` accepts.

    A text in triple quotes that begins on a new line has the line on which it begins.
    """
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    root = tree_sitter.Parser(_TOML).parse(text.encode()).root_node
    for node in root.named_children:
        if node.type == "pair":
            _note_pair(node, (), lines)
        elif node.type in {"table", "table_array_element"}:
            _note_table(node, lines, counts)
    return lines


def _note_table(node: tree_sitter.Node, lines: dict[Place, int], counts: dict[Place, int]) -> None:
    header, *rest = (child for child in node.named_children if child.type not in {"comment", "ERROR"})
    place: Place = ()
    names = _names(header)
    for depth, name in enumerate(names, start=1):
        place = (*place, name)
        if depth == len(names) and node.type == "table_array_element":
            counts[place] = counts.get(place, -1) + 1
            lines.setdefault(place, header.start_point.row + 1)
        if place in counts:
            place = (*place, counts[place])
    lines[place] = header.start_point.row + 1
    for pair in rest:
        _note_pair(pair, place, lines)


def _note_pair(node: tree_sitter.Node, table: Place, lines: dict[Place, int]) -> None:
    parts = [child for child in node.named_children if child.type not in {"comment", "ERROR"}]
    if len(parts) != 2:
        return  # the two parsers disagree: its problems are shown with the line of the table around it
    key, value = parts
    names = _names(key)
    for depth in range(1, len(names)):
        lines.setdefault((*table, *names[:depth]), key.start_point.row + 1)
    _note_value(value, (*table, *names), lines)


def _note_value(node: tree_sitter.Node, place: Place, lines: dict[Place, int]) -> None:
    begins_below = (node.text or b"").startswith((b'"""\n', b'"""\r\n', b"'''\n", b"'''\r\n"))
    lines[place] = node.start_point.row + 1 + begins_below
    items = [child for child in node.named_children if child.type != "comment"]
    if node.type == "inline_table":
        for pair in items:
            _note_pair(pair, place, lines)
    elif node.type == "array":
        for position, item in enumerate(items):
            _note_value(item, (*place, position), lines)


def _names(key: tree_sitter.Node) -> list[str]:
    """The parts of a key, unquoted by the one who knows how."""
    table = tomllib.loads(f"{(key.text or b'').decode()} = 0")
    names = []
    while isinstance(table, dict):
        [(name, table)] = table.items()
        names.append(name)
    return names
