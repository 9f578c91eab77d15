"""Literals to values of the type they are compared with."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from connector.rules.checked import Value
from connector.rules.columns import Column, Type
from connector.rules.dates import EXTENSION_NAMES, NAMES, ago, bounded, named, offset
from connector.rules.problem import RuleError, clip, nearest
from connector.rules.syntax import Form, Literal

_LARGEST = 2**63 - 1
# Amounts are multiplied by up to 10,000 and more and must still be whole numbers to SQLite.
_WHOLE_DIGITS, _DECIMALS = 12, 6


def value_of(literal: Literal, column: Column, text: str) -> Value:
    """The value.

    Raises:
        RuleError: the literal is of another type, or not among the choices.
    """
    return _READERS[column.type](literal, column, text)


def _mismatch(literal: Literal, column: Column, text: str) -> RuleError:
    if literal.form is Form.NAME and column.type not in _DATES:
        mend = f" Text stands in single quotes: '{clip(literal.text)}'."
    else:
        mend = f" Write it like this: {column.example}." if column.example else ""
    wanted = _WANTED[column.type]
    message = f"{column.name} is compared with {wanted}; this is a {literal.form.value}.{mend}"
    return RuleError(message, text, literal.start)


_DATES = (Type.DAY, Type.MOMENT)
_WANTED = {
    Type.NUMBER: "a whole number",
    Type.MONEY: "an amount",
    Type.RATIO: "a number",
    Type.MONEY_RATIO: "an amount",
    Type.DAY: "a date",
    Type.MOMENT: "a date",
    Type.TEXT: "text",
    Type.CHOICE: "one of a few texts",
    Type.LIST: "text",
    Type.TRUTH: "true or false",
    Type.ID: "an id",
    Type.WORD: "text",
}


def _whole(literal: Literal, column: Column, text: str) -> Value:
    if literal.form is not Form.NUMBER:
        raise _mismatch(literal, column, text)
    if "." in literal.text:
        raise RuleError(f"{column.name} is a whole number, without a decimal point.", text, literal.start)
    if len(literal.text.lstrip("+-0")) > 19 or abs(int(literal.text)) > _LARGEST:
        raise RuleError("This number is too large.", text, literal.start)
    return int(literal.text)


def _decimal(literal: Literal, column: Column, text: str) -> Value:
    if literal.form is not Form.NUMBER:
        raise _mismatch(literal, column, text)
    whole, _, decimals = literal.text.lstrip("+-").partition(".")
    if len(whole.lstrip("0")) > _WHOLE_DIGITS:
        raise RuleError("This number is too large.", text, literal.start)
    if len(decimals.rstrip("0")) > _DECIMALS:
        raise RuleError(f"A number has at most {_DECIMALS} decimals.", text, literal.start)
    return Decimal(literal.text)


def _text(literal: Literal, column: Column, text: str) -> Value:
    if literal.form is not Form.TEXT:
        raise _mismatch(literal, column, text)
    return literal.text


def _id(literal: Literal, column: Column, text: str) -> Value:
    if literal.form not in (Form.TEXT, Form.NUMBER):
        raise _mismatch(literal, column, text)
    return literal.text


def _truth(literal: Literal, column: Column, text: str) -> Value:
    if literal.form is not Form.BOOLEAN:
        raise _mismatch(literal, column, text)
    return literal.text.lower() == "true"


def _choice(literal: Literal, column: Column, text: str) -> Value:
    if literal.form is not Form.TEXT:
        raise _mismatch(literal, column, text)
    chosen = {each.casefold(): each for each in column.choices}.get(literal.text.casefold())
    if chosen is None:
        known = ", ".join(column.choices)
        mend = nearest(literal.text, column.choices) or f" There are {known}."
        message = f"{column.name} is never '{clip(literal.text)}'.{mend}"
        raise RuleError(message, text, literal.start)
    return chosen


def _day(literal: Literal, column: Column, text: str) -> Value:
    found: Value | None = None
    match literal.form:
        case Form.DATE | Form.DATETIME:
            found = _absolute(literal, text)
        case Form.OFFSET:
            found = offset(literal.text)
        case Form.AGO:
            found = ago(literal.text)
        case Form.NAME:
            found = named(literal.text)
        case _:
            raise _mismatch(literal, column, text)
    if found is None:
        mend = nearest(literal.text, (*NAMES, *EXTENSION_NAMES)) or " Write a date like 2026-01-31 or -90d."
        raise RuleError(f"'{clip(literal.text)}' is not a date.{mend}", text, literal.start)
    return found


def _absolute(literal: Literal, text: str) -> date | datetime:
    kind = datetime if literal.form is Form.DATETIME else date
    try:
        found = kind.fromisoformat(literal.text)
    except ValueError:
        message = f"{literal.text} is not a day and time of the calendar."
        raise RuleError(message, text, literal.start) from None
    if bounded(date(found.year, found.month, found.day)) != date(found.year, found.month, found.day):
        raise RuleError(f"{literal.text} is too far away.", text, literal.start)
    return found


_READERS: Mapping[Type, Callable[[Literal, Column, str], Value]] = {
    Type.NUMBER: _whole,
    Type.MONEY: _decimal,
    Type.RATIO: _decimal,
    Type.MONEY_RATIO: _decimal,
    Type.DAY: _day,
    Type.MOMENT: _day,
    Type.TEXT: _text,
    Type.CHOICE: _choice,
    Type.LIST: _text,
    Type.TRUTH: _truth,
    Type.ID: _id,
    Type.WORD: _text,
}
