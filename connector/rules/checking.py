"""Syntax tree to judged tree: names are looked up, types compared."""

import msgspec

from connector.rules.attributes import ABSENT, ALSO_CALLED, ATTRIBUTES
from connector.rules.checked import Check, Joined, Leaf, Opposite, Tree
from connector.rules.columns import OPERATORS, Column, Type
from connector.rules.dates import Offset
from connector.rules.functions import (
    ABSENT_PARAMETERS,
    ANNIVERSARY,
    CALLS,
    FUNCTIONS,
    IN_GROUP,
    YEARLY,
    Function,
)
from connector.rules.problem import RuleError, clip, nearest
from connector.rules.syntax import Argument, Clause, Form, Junction, Literal, Negation, Node, Operator, Test
from connector.rules.values import value_of

NAMES = (*ATTRIBUTES, *FUNCTIONS, *CALLS)
_MOST_IN_LIST = 500  # as in the original


def judge(node: Node, text: str) -> Tree:
    """The tree with every name looked up and every value of its type.

    Raises:
        RuleError: a name is unknown or absent, or a comparison does not fit its type.
    """
    match node:
        case Junction():
            return Joined(node.every, tuple(judge(part, text) for part in node.parts))
        case Negation():
            return Opposite(judge(node.part, text))
        case Clause():
            return _clause(node, text)


def _clause(clause: Clause, text: str) -> Leaf:
    name = clause.name.lower()
    if name in ATTRIBUTES:
        return _attribute(clause, ATTRIBUTES[name], text)
    if name in FUNCTIONS:
        return _function(clause, FUNCTIONS[name], text)
    if name in CALLS:
        return _call(clause, CALLS[name], text)
    raise _unknown(clause, text)


def _unknown(clause: Clause, text: str) -> RuleError:
    shown, family = clip(clause.name), clause.name.lower().removeprefix("customer.").partition(".")[0]
    if reason := ABSENT.get(family):
        message = f"'{shown}' exists in Shopify's language, but {reason}."
    else:
        also = ALSO_CALLED.get(clause.name.lower())
        mend = f" Did you mean '{also}'?" if also else nearest(clause.name, NAMES)
        message = f"There is no attribute '{shown}'.{mend}"
    return RuleError(message, text, clause.start)


def _leaf(clause: Clause, text: str) -> Leaf:
    return Leaf(text=text[clause.start : clause.end], start=clause.start)


def _attribute(clause: Clause, column: Column, text: str) -> Leaf:
    if clause.arguments is not None:
        message = f"{column.name} has no brackets. Write it like this: {column.example}."
        raise RuleError(message, text, clause.start)
    if clause.test is None:
        message = f"{column.name} is not compared with anything. Write it like this: {column.example}."
        raise RuleError(message, text, clause.start)
    return msgspec.structs.replace(_leaf(clause, text), check=_check(clause.test, column, text, clause.start))


def _check(test: Test, column: Column, text: str, start: int) -> Check:
    operator = test.operator
    if operator not in OPERATORS[column.type]:
        raise RuleError(_wrong_operator(operator, column), text, start)
    if len(test.literals) > 1 and operator not in (Operator.IN, Operator.BETWEEN):
        raise RuleError(f"{operator.value} has one value; several stand behind IN.", text, start)
    if len(test.literals) > _MOST_IN_LIST:
        raise RuleError(f"A list has at most {_MOST_IN_LIST} values.", text, test.literals[0].start)
    values = tuple(value_of(literal, column, text) for literal in test.literals)
    if operator in (Operator.STARTS, Operator.ENDS) and not test.literals[0].text:
        raise RuleError(f"{operator.value} needs at least one letter.", text, test.literals[0].start)
    return Check(column, operator, values, test.negated)


def _wrong_operator(operator: Operator, column: Column) -> str:
    if column.type is Type.LIST:
        return (
            f"{column.name} is a list: compare it with CONTAINS or NOT CONTAINS, not with {operator.value}."
        )
    fitting = sorted(each.value for each in OPERATORS[column.type])
    return (
        f"{column.name} ({column.type.words}) is compared with {', '.join(fitting)},"
        f" not with {operator.value}."
    )


def _function(clause: Clause, function: Function, text: str) -> Leaf:
    arguments, negated = _asked(clause, function, text)
    rows = tuple(_parameter(each, function, text) for each in arguments)
    return msgspec.structs.replace(_leaf(clause, text), function=function, rows=rows, negated=negated)


def _asked(clause: Clause, function: Function, text: str) -> tuple[tuple[Argument, ...], bool]:
    """The parameters, and whether the answer is turned round."""
    test, arguments = clause.test, clause.arguments
    if clause.matches is not None:
        if any(each.plain for each in arguments or ()):
            raise RuleError(f"{function.name} has its parameters twice.", text, clause.start)
        return arguments or (), not clause.matches
    if test is not None and test.operator is Operator.NULL and not arguments:
        return (), not test.negated
    if arguments is None:
        message = f"{function.name} is a question. Write it like this: {function.example}."
        raise RuleError(message, text, clause.start)
    return arguments, not _is_true(test, function.name, text, clause.start)


def _is_true(test: Test | None, name: str, text: str, start: int) -> bool:
    if test is None:
        return True
    same = test.operator in (Operator.EQUAL, Operator.UNEQUAL) and len(test.literals) == 1
    if not same or test.literals[0].form is not Form.BOOLEAN:
        raise RuleError(f"{name}(…) is either = true or = false.", text, start)
    return (test.literals[0].text.lower() == "true") is (test.operator is Operator.EQUAL)


def _parameter(argument: Argument, function: Function, text: str) -> Check:
    if argument.name is None:
        message = f"A parameter of {function.name} has a name. Write it like this: {function.example}."
        raise RuleError(message, text, argument.start)
    column = function.parameter(argument.name)
    if column is None:
        raise _unknown_parameter(argument.name, argument.start, function, text)
    check = _check(argument.test, column, text, argument.start)
    return _since(check) if argument.plain else check


def _unknown_parameter(name: str, start: int, function: Function, text: str) -> RuleError:
    if reason := ABSENT_PARAMETERS.get(name.lower()):
        message = f"The parameter '{name}' exists in Shopify's language, but {reason}."
        return RuleError(message, text, start)
    names = [each.name for each in function.parameters]
    mend = nearest(name, names) or f" It has {', '.join(names)}."
    return RuleError(f"{function.name} has no parameter '{clip(name)}'.{mend}", text, start)


def _since(check: Check) -> Check:
    """In the older spelling, `date: -1y` means since then; other values mean exactly this one."""
    value = check.values[0]
    if check.operator is Operator.EQUAL and isinstance(value, Offset) and value.amount < 0:
        return msgspec.structs.replace(check, operator=Operator.AT_LEAST)
    return check


def _call(clause: Clause, column: Column, text: str) -> Leaf:
    if clause.matches is not None or len(clause.arguments or ()) != 1:
        raise _misused(column, text, clause.start)
    assert clause.arguments is not None  # noqa: S101
    literal = _only(clause.arguments[0], column, text)
    leaf = msgspec.structs.replace(_leaf(clause, text), call=column.name, name=literal.text)
    if column.name == IN_GROUP:
        return msgspec.structs.replace(leaf, negated=not _is_true(clause.test, IN_GROUP, text, clause.start))
    if clause.test is None:
        raise _misused(column, text, clause.start)
    if column.name == ANNIVERSARY:
        _check_yearly(literal, clause.test, text)
    return msgspec.structs.replace(leaf, check=_check(clause.test, column, text, clause.start))


def _misused(column: Column, text: str, start: int) -> RuleError:
    return RuleError(f"{column.name} is written like this: {column.example}.", text, start)


def _only(argument: Argument, column: Column, text: str) -> Literal:
    """The name in the brackets. `anniversary(date: 'x')` is its older spelling."""
    named = argument.name in (None, "date") if column.name == ANNIVERSARY else argument.name is None
    one = len(argument.test.literals) == 1 and argument.plain
    if not named or not one or argument.test.literals[0].form is not Form.TEXT:
        raise _misused(column, text, argument.start)
    return argument.test.literals[0]


_YEARLY_OPERATORS = (Operator.EQUAL, Operator.UNEQUAL, Operator.BETWEEN, Operator.NULL)


def _check_yearly(literal: Literal, test: Test, text: str) -> None:
    if literal.text not in YEARLY:
        mend = nearest(literal.text, YEARLY) or f" It knows {', '.join(YEARLY)}."
        raise RuleError(f"anniversary does not know '{clip(literal.text)}'.{mend}", text, literal.start)
    if test.operator not in _YEARLY_OPERATORS:
        raise RuleError("An anniversary is compared with =, !=, BETWEEN or IS NULL.", text, literal.start)
    if any(each.form is Form.DATETIME for each in test.literals):
        raise RuleError("An anniversary is a whole day, without a time.", text, test.literals[0].start)
