"""A rule as it was written: what stands where, with nothing looked up yet."""

from enum import StrEnum
from typing import TypeAlias

import msgspec


class Form(StrEnum):
    """How a value was written."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "date with time"
    OFFSET = "date offset"
    AGO = "named date"
    BOOLEAN = "true or false"
    NAME = "name"


class Operator(StrEnum):
    """The comparisons. `NOT IN`, `IS NOT NULL` and the like are these with `Test.negated`."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    BETWEEN = "BETWEEN"
    IN = "IN"
    CONTAINS = "CONTAINS"
    STARTS = "STARTS WITH"
    ENDS = "ENDS WITH"
    NULL = "IS NULL"


class Literal(msgspec.Struct, frozen=True):
    """One value. `text` is without quotes and escapes; `start` and `end` are its place in the rule."""

    form: Form
    text: str
    start: int
    end: int


class Test(msgspec.Struct, frozen=True):
    """An operator and what it compares with."""

    operator: Operator
    end: int
    literals: tuple[Literal, ...] = ()
    negated: bool = False


class Argument(msgspec.Struct, frozen=True):
    """One parameter of a function. `name` is None where only a value was given, as in `in_group('x')`.

    `plain` means the older spelling without an operator, as in `id: 7`.
    """

    name: str | None
    test: Test
    start: int
    plain: bool = False


class Clause(msgspec.Struct, frozen=True):
    """One condition: a name, perhaps parameters, perhaps a comparison. `start` and `end` delimit its text."""

    name: str
    start: int
    end: int
    arguments: tuple[Argument, ...] | None = None
    test: Test | None = None
    matches: bool | None = None  #: False is NOT MATCHES; None: the condition has no MATCHES


class Negation(msgspec.Struct, frozen=True):
    part: "Node"


class Junction(msgspec.Struct, frozen=True):
    """Two or more parts joined by AND (`every`) or by OR."""

    every: bool
    parts: tuple["Node", ...]


Node: TypeAlias = Clause | Negation | Junction
