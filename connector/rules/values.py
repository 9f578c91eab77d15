"""Literals to values of the type they are compared with."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from connector.rules.checked import Value
from connector.rules.columns import Column, Type
from connector.rules.dates import EXTENSION_NAMES, NAMES, ago, bounded, named, offset
from connector.rules.meant import word_meant, written_date
from connector.rules.problem import RuleError, clip, nearest
from connector.rules.syntax import Form, Literal

_LARGEST = 2**63 - 1
_TRUTHS = ("true", "false")
# Amounts are multiplied by up to 10,000 and more and must still be whole numbers to SQLite.
_WHOLE_DIGITS, _DECIMALS = 12, 6


def value_of(literal: Literal, column: Column, text: str) -> Value:
    """The value.

    Raises:
        RuleError: the literal is of another type, or not among the choices.
    """
    return _READERS[column.type](literal, column, text)


def _mismatch(literal: Literal, column: Column, text: str) -> RuleError:
    if literal.form is Form.NAME and column.type in _QUOTED:
        mend = f" Text stands in single quotes: '{clip(literal.text)}'."
    else:
        mend = f" Write it like this: {column.example}." if column.example else ""
    wanted = _WANTED[column.type]
    message = f"{column.name} is compared with {wanted}; this is a {literal.form.value}.{mend}"
    return RuleError(message, text, literal.start)


def _written(literal: Literal, mend: str, text: str) -> RuleError:
    return RuleError(f"'{clip(literal.text)}' is written {mend}.", text, literal.start)


_QUOTED = (Type.TEXT, Type.CHOICE, Type.LIST, Type.ID, Type.WORD)
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
    _check_meaning(literal, column, text)
    return Decimal(literal.text)


def _check_meaning(literal: Literal, column: Column, text: str) -> None:
    """1.000 is a thousand to many, and 30 is 30 %: a wrong guess would take in everybody, or nobody."""
    value = Decimal(literal.text)
    if column.type is not Type.RATIO and re.fullmatch(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{2}0", literal.text):
        other = literal.text.replace(".", "")
        message = f"'{literal.text}' could be {other} or {value.normalize():f}. Write one of these."
        raise RuleError(message, text, literal.start)
    if column.share and value > 1:
        share = f"{(value / 100).normalize():f}"
        message = f"{column.name} goes from 0 to 1: {literal.text} % is written {share}."
        raise RuleError(message, text, literal.start)


def _text(literal: Literal, column: Column, text: str) -> Value:
    if literal.form is not Form.TEXT:
        raise _mismatch(literal, column, text)
    return literal.text


def _id(literal: Literal, column: Column, text: str) -> Value:
    if literal.form not in (Form.TEXT, Form.NUMBER):
        raise _mismatch(literal, column, text)
    # What the API of Shopify calls gid://shopify/Product/7 is 7 in its admin.
    return literal.text.rpartition("/")[2] if literal.text.startswith("gid://") else literal.text


def _truth(literal: Literal, column: Column, text: str) -> Value:
    if literal.form is not Form.BOOLEAN:
        meant = word_meant(literal.text)
        raise _written(literal, meant, text) if meant in _TRUTHS else _mismatch(literal, column, text)
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
    if literal.form is Form.TEXT:
        literal = _unquoted(literal, text)
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
            raise _no_date(literal, column, text)
    if found is None:
        raise _no_named_date(literal, text)
    return found


# As the grammar has them.
_IN_QUOTES = {
    Form.DATETIME: r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}",
    Form.DATE: r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    Form.OFFSET: r"[+-][0-9]+[dwmyDWMY]",
    Form.AGO: r"[0-9]+_[A-Za-z]+_ago",
    Form.NAME: r"[A-Za-z]\w*",
}


def _unquoted(literal: Literal, text: str) -> Literal:
    """A date in quotes, as reports of Shopify have it, is one without them."""
    for form, pattern in _IN_QUOTES.items():
        if re.fullmatch(pattern, literal.text):
            return Literal(form, literal.text, literal.start, literal.end)
    if mend := written_date(literal.text):
        raise _written(literal, mend, text)
    return literal


def _no_date(literal: Literal, column: Column, text: str) -> RuleError:
    """A number is meant as days, or as a year."""
    if literal.form is not Form.NUMBER or "." in literal.text:
        return _mismatch(literal, column, text)
    if re.fullmatch(r"(19|20)[0-9]{2}", literal.text):
        message = f"A date has a day: {literal.text} begins with {literal.text}-01-01."
        return RuleError(message, text, literal.start)
    sign = "" if literal.text[0] in "+-" else "-"
    return _written(literal, f"{sign}{literal.text}d", text)


def _no_named_date(literal: Literal, text: str) -> RuleError:
    known = (*NAMES, *EXTENSION_NAMES)
    meant = word_meant(literal.text)
    if meant in known:
        return _written(literal, meant, text)
    mend = nearest(literal.text, known) or " Write a date like 2026-01-31 or -90d."
    return RuleError(f"'{clip(literal.text)}' is not a date.{mend}", text, literal.start)


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
