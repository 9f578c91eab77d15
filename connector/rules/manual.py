"""The tables of docs/groups.md, from the tables the language itself is read with."""

import re
from collections.abc import Iterable

from connector.rules.attributes import ABSENT, ATTRIBUTES
from connector.rules.columns import OPERATORS, Column, Origin, Type
from connector.rules.functions import ABSENT_PARAMETERS, CALLS, FUNCTIONS

_MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: str) -> str:
    """The page with every marked table as it should be."""
    return _MARK.sub(lambda found: f"{found[1]}{_TABLES[found[2]]()}\n{found[3]}", page)


def _attributes() -> str:
    rows = [
        (_name(each.name, each.origin), each.type.words, each.doc, each.example)
        for each in ATTRIBUTES.values()
    ]
    return _table(("attribute", "kind", "what it is", "example"), rows)


def _functions() -> str:
    rows = [(_name(each.name, each.origin), each.doc, each.example) for each in FUNCTIONS.values()]
    rows += [(_name(each.name, each.origin), each.doc, each.example) for each in CALLS.values()]
    return _table(("question", "what it asks", "example"), rows)


def _parameters() -> str:
    rows = [
        (f"`{function.name}`", _name(each.name, each.origin), _kind(each), each.doc, each.example)
        for function in FUNCTIONS.values()
        for each in function.parameters
    ]
    return _table(("of", "parameter", "kind", "what it is", "example"), rows)


def _absent() -> str:
    rows = [(f"`{name}`", reason) for name, reason in {**ABSENT, **ABSENT_PARAMETERS}.items()]
    return _table(("Shopify's", "why it cannot be answered"), rows)


def _comparisons() -> str:
    rows = [
        (kind.words, ", ".join(f"`{each.value}`" for each in sorted(operators)))
        for kind, operators in OPERATORS.items()
        if kind is not Type.MOMENT
    ]
    return _table(("kind", "comparisons"), rows)


def _kind(column: Column) -> str:
    return f"{column.type.words}, of all that match" if column.aggregate else column.type.words


def _name(name: str, origin: Origin) -> str:
    return f"`{name}` ✚" if origin == "extension" else f"`{name}`"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads)]
    has_example = heads[-1] == "example"
    lines += [(*row[:-1], f"`{row[-1]}`") if has_example else row for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_TABLES = {
    "attributes": _attributes,
    "functions": _functions,
    "parameters": _parameters,
    "absent": _absent,
    "comparisons": _comparisons,
}
