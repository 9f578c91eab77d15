"""A rule that has been looked up and judged: every name known, every value of its type."""

from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

import msgspec

from connector.rules.columns import Column
from connector.rules.dates import Named, Offset
from connector.rules.functions import Function
from connector.rules.syntax import Operator

Value: TypeAlias = str | int | Decimal | bool | date | datetime | Offset | Named


class Check(msgspec.Struct, frozen=True):
    """A column compared with values of its type. `negated` turns the answer round."""

    column: Column
    operator: Operator
    values: tuple[Value, ...] = ()
    negated: bool = False


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One condition as written: a `check` alone, a function with `rows`, or a call with a `name`."""

    text: str
    start: int
    check: Check | None = None
    function: Function | None = None
    rows: tuple[Check, ...] = ()  #: of a function: its parameters
    call: str = ""  #: of in_group, ladder and anniversary: which
    name: str = ""  #: and what stands in its brackets
    negated: bool = False


class Opposite(msgspec.Struct, frozen=True):
    part: "Tree"


class Joined(msgspec.Struct, frozen=True):
    every: bool  #: AND; else OR
    parts: tuple["Tree", ...]


Tree: TypeAlias = Leaf | Opposite | Joined
