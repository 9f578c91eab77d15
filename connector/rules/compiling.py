"""A rule to one SQL expression over facts (f), people (p) and customers (c), and the reasons for its answer."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from connector.rules.checked import Check, Joined, Leaf, Opposite, Tree
from connector.rules.columns import Column, Type
from connector.rules.comparing import Comparer, Parameter, quotient
from connector.rules.dates import Day, span, year_days
from connector.rules.functions import ANNIVERSARY, IN_GROUP, YEARLY, Function
from connector.rules.problem import RuleError, clip, nearest
from connector.rules.rule import Rule, RuleContext
from connector.rules.syntax import Operator

# ISO 4217 currencies that do not have two decimals.
_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0
    ),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


class Compiled(msgspec.Struct, frozen=True):
    """A boolean SQL expression, never NULL, and its named parameters, which all begin with `rule_`."""

    sql: str
    parameters: Mapping[str, Parameter]


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a rule, to be asked of one person.

    `value` and `result` are SQL over the same aliases as the rule. `type` says how to show the value: money in
    minor units, a day as an ordinal, a moment in milliseconds. `operator` and `thresholds` are what the value
    is compared with, in the same units; empty where there is no such comparison. `turned` is set under an odd
    number of NOTs: the rule then wants the result to be 0.
    """

    text: str
    value: str
    result: str
    type: Type
    operator: Operator | None = None
    thresholds: tuple[Parameter, ...] = ()
    turned: bool = False
    joined: Literal["AND", "OR"] = "AND"  #: to its neighbours
    parameters: Mapping[str, Parameter] = {}


def compile_rule(rule: Rule, context: RuleContext) -> Compiled:
    """The rule as SQL for one shop and day.

    Raises:
        RuleError: it refers to a group that the context does not have.
    """
    writer = _Writer(rule, context)
    sql = writer.tree(rule.tree).sql
    return Compiled(sql, writer.parameters)


def explain(rule: Rule, context: RuleContext) -> tuple[Condition, ...]:
    """Every condition by itself, in the order of the text, with the same SQL as in the rule.

    Raises:
        RuleError: it refers to a group that the context does not have.
    """
    writer = _Writer(rule, context)
    return tuple(writer.conditions(rule.tree, turned=False, every=True))
