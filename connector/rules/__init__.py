"""The group language: Shopify's segment query language, for every platform.

`parse` reads a rule, `compile_rule` makes SQL of it for one shop and day, `explain` makes SQL of each of its
conditions. See docs/groups.md for the language.
"""

from connector.rules.attributes import ABSENT, ATTRIBUTES
from connector.rules.columns import Column, Type
from connector.rules.compiling import Compiled, Condition, compile_rule, explain
from connector.rules.dates import EXTENSION_NAMES
from connector.rules.functions import ABSENT_PARAMETERS, CALLS, FUNCTIONS, Function
from connector.rules.problem import RuleError
from connector.rules.rule import Rule, RuleContext, parse
from connector.rules.syntax import Operator

__all__ = [
    "ABSENT",
    "ABSENT_PARAMETERS",
    "ATTRIBUTES",
    "CALLS",
    "EXTENSION_NAMES",
    "FUNCTIONS",
    "Column",
    "Compiled",
    "Condition",
    "Function",
    "Operator",
    "Rule",
    "RuleContext",
    "RuleError",
    "Type",
    "compile_rule",
    "explain",
    "parse",
]
