"""A rule that can be run, and what it runs in."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from connector.model import Feature
from connector.rules.checked import Check, Joined, Leaf, Opposite, Tree
from connector.rules.checking import judge
from connector.rules.dates import Named, Offset
from connector.rules.functions import ANNIVERSARY, IN_GROUP, LADDER
from connector.rules.reading import read
from connector.rules.syntax import Operator


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose every name and type was checked.

    `groups` are names of groups and ladders it refers to. `lifetime` means that it is right only with the
    whole history (DEFINITIONS, *History starts*); `history_days` and `history_from`, that it is right with
    that much of it. `features` are what the platform must give.
    """

    text: str
    tree: Tree
    groups: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    features: frozenset[Feature] = frozenset()
    uses_today: bool = False
    lifetime: bool = False
    history_days: int | None = None
    history_from: date | None = None


class RuleContext(msgspec.Struct, frozen=True, kw_only=True):
    """The shop and day a rule is worked out for."""

    shop: int
    today: date  #: in the shop's time zone
    time_zone: str  #: IANA name
    currency: str  #: ISO 4217
    groups: Mapping[str, int] = {}  #: keys by name; steps of ladders are "ladder/step"
    lapse_days: int = 180


def parse(text: str) -> Rule:
    """A rule from its text.

    Raises:
        RuleError: whatever is wrong with it. Nothing else is ever raised, for any text.
    """
    tree = judge(read(text), text)
    leaves = tuple(_leaves(tree))
    reaches = [_reach(leaf) for leaf in leaves]
    checks = [check for leaf in leaves for check in _checks(leaf)]
    starts = [reach.start for reach in reaches if reach.start]
    days = [reach.days for reach in reaches if reach.days is not None]
    return Rule(
        text=text,
        tree=tree,
        groups=frozenset(leaf.name for leaf in leaves if leaf.call in (IN_GROUP, LADDER)),
        attributes=frozenset(_name(leaf) for leaf in leaves),
        features=frozenset(check.column.feature for check in checks if check.column.feature),
        uses_today=any(_moves(check) for check in checks),
        lifetime=any(reach.lifetime for reach in reaches),
        history_days=max(days, default=None),
        history_from=min(starts, default=None),
    )


def _leaves(tree: Tree) -> Iterator[Leaf]:
    match tree:
        case Leaf():
            yield tree
        case Opposite():
            yield from _leaves(tree.part)
        case Joined():
            for part in tree.parts:
                yield from _leaves(part)


def _checks(leaf: Leaf) -> tuple[Check, ...]:
    return (*([leaf.check] if leaf.check else []), *leaf.rows)


def _name(leaf: Leaf) -> str:
    if leaf.function:
        return leaf.function.name
    return leaf.call or (leaf.check.column.name if leaf.check else "")


def _moves(check: Check) -> bool:
    """Whether the same data may give another answer tomorrow."""
    return check.column.uses_today or any(isinstance(value, Offset | Named) for value in check.values)


class _Reach(NamedTuple):
    """How much history a condition needs."""

    lifetime: bool = False
    days: int | None = None
    start: date | None = None


_WHOLE = _Reach(lifetime=True)


def _reach(leaf: Leaf) -> _Reach:
    if leaf.function:
        dated = [_since(check) for check in leaf.rows if check.column.ordered]
        bounded = [reach for reach in dated if not reach.lifetime]
        return bounded[0] if bounded else _Reach(lifetime=leaf.function.lifetime)
    if leaf.call == ANNIVERSARY:
        return _Reach(lifetime=leaf.name == "first_order_date")
    if leaf.check is None or not leaf.check.column.ordered:
        return _Reach(lifetime=leaf.check is not None and leaf.check.column.lifetime)
    return _since(leaf.check)


_BOUNDED = (Operator.EQUAL, Operator.AT_LEAST, Operator.MORE, Operator.BETWEEN, Operator.IN)


def _since(check: Check) -> _Reach:
    """From the earliest day it asks for. What asks for all before a day needs the whole history."""
    if check.operator not in _BOUNDED or check.negated:
        return _WHOLE
    values = check.values[:1] if check.operator is Operator.BETWEEN else check.values
    moving = [value.days_back() for value in values if isinstance(value, Offset | Named)]
    fixed = [_date(value) for value in values if isinstance(value, date)]
    return _Reach(days=max(moving, default=None), start=min(fixed, default=None))


def _date(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
