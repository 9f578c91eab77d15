"""One comparison to SQL. What the owner typed becomes a parameter, never a part of the SQL."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from math import ceil, floor, prod
from typing import TypeAlias
from zoneinfo import ZoneInfo

from connector.rules.checked import Check, Value
from connector.rules.columns import Column, Type
from connector.rules.dates import Day, instants, span
from connector.rules.syntax import Operator

Parameter: TypeAlias = str | int
_MOST_SPELLINGS = 64
_PAIR = ("json_extract(v.value, '$[0]')", "json_extract(v.value, '$[1]')")


class Comparer:
    """Writes comparisons for one shop and day, and collects the parameters they use."""

    def __init__(self, today: date, zone: ZoneInfo, exponent: int) -> None:
        self.parameters: dict[str, Parameter] = {}
        self._today = today
        self._zone = zone
        self._exponent = exponent

    def add(self, value: Parameter) -> str:
        """A new parameter, by the name SQL knows it by."""
        name = f"rule_{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def threshold(self, value: Value, column: Column) -> Parameter:
        """What a value is compared with, in the unit of the column; days are ordinals."""
        if isinstance(value, Day):
            return span(value, self._today).first.toordinal()
        if isinstance(value, str | bool):
            return _stored(value)
        scaled = self._scaled(value, column)
        return int(scaled) if scaled == int(scaled) else str(scaled)

    def compare(self, check: Check) -> str:
        """Always 0 or 1: a missing value compares false, and the negation turns that round."""
        if check.operator is Operator.NULL:
            sql = self._null(check.column)
        else:
            sql = f"({self._bare(check)}) IS TRUE"
        return f"NOT ({sql})" if check.negated else sql

    def demand(self, check: Check) -> str:
        """The same for a WHERE, where a missing answer is a no. Indexes do not see through `IS TRUE`."""
        plain = not check.negated and check.operator is not Operator.NULL
        return f"({self._bare(check)})" if plain else self.compare(check)

    def _null(self, column: Column) -> str:
        if column.source:
            return f"NOT EXISTS (SELECT 1 FROM {column.source})"
        return f"({quotient(column)}) IS NULL"

    def _bare(self, check: Check) -> str:
        match check.column.type:
            case Type.NUMBER | Type.MONEY:
                return self._number(check)
            case Type.RATIO | Type.MONEY_RATIO:
                return self._ratio(check)
            case Type.DAY | Type.MOMENT:
                return self._day(check)
            case Type.TEXT | Type.LIST:
                return self._text(check)
            case Type.WORD:
                return self._word(check)
            case _:
                values = [_stored(value) for value in check.values]
                return self._same(check.column.sql, check.operator, values)

    def _same(self, sql: str, operator: Operator, values: Sequence[Parameter]) -> str:
        if len(values) == 1:
            sign = "<>" if operator is Operator.UNEQUAL else "="
            return f"{sql} {sign} {self.add(values[0])}"
        within = f"{sql} IN (SELECT value FROM json_each({self.add(_json(values))}))"
        return f"NOT ({within})" if operator is Operator.UNEQUAL else within

    def _number(self, check: Check) -> str:
        sql = check.column.sql
        exact = [self._scaled(value, check.column) for value in check.values]
        if check.operator is Operator.IN:
            return self._same(sql, Operator.IN, [int(value) for value in exact if value == int(value)])
        if check.operator is Operator.BETWEEN:
            return f"{sql} BETWEEN {self.add(ceil(exact[0]))} AND {self.add(floor(exact[1]))}"
        return self._whole(sql, check.operator, exact[0])

    def _whole(self, sql: str, operator: Operator, value: Decimal) -> str:
        """A whole number in SQL against a value that may lie between two."""
        match operator:
            case Operator.MORE | Operator.AT_MOST:
                return f"{sql} {operator.value} {self.add(floor(value))}"
            case Operator.LESS | Operator.AT_LEAST:
                return f"{sql} {operator.value} {self.add(ceil(value))}"
            case _ if value == int(value):
                return self._same(sql, operator, [int(value)])
            case _:
                return f"{sql} IS NOT NULL" if operator is Operator.UNEQUAL else "0"

    def _scaled(self, value: Value, column: Column) -> Decimal:
        assert isinstance(value, int | Decimal)  # noqa: S101
        in_money = column.type in (Type.MONEY, Type.MONEY_RATIO)
        return Decimal(value).scaleb(self._exponent) if in_money else Decimal(value)

    def _ratio(self, check: Check) -> str:
        """Multiplied out, so that no rounding decides: a / b > 33.335 is 1000 a > 33335 b."""
        exact = [self._scaled(value, check.column).as_integer_ratio() for value in check.values]
        if check.operator is Operator.IN:
            values = f"json_each({self.add(json.dumps(exact))}) AS v"
            return f"EXISTS (SELECT 1 FROM {values} WHERE {_product(check.column, '=', _PAIR)})"
        added = [(self.add(numerator), self.add(denominator)) for numerator, denominator in exact]
        if check.operator is Operator.BETWEEN:
            low, high = _product(check.column, ">=", added[0]), _product(check.column, "<=", added[1])
            return f"{low} AND {high}"
        return _product(check.column, check.operator.value, added[0])

    def _day(self, check: Check) -> str:
        days = [value for value in check.values if isinstance(value, Day)]
        timed = any(isinstance(day, datetime) for day in days)
        if check.column.type is Type.MOMENT or timed:
            sql = check.column.moment or check.column.sql
            return self._spans(sql, check.operator, [instants(day, self._today, self._zone) for day in days])
        return self._spans(check.column.sql, check.operator, [self._ordinals(day) for day in days])

    def _ordinals(self, day: Day) -> tuple[int, int]:
        days = span(day, self._today)
        return days.first.toordinal(), days.last.toordinal() + 1

    def _spans(self, sql: str, operator: Operator, spans: Sequence[tuple[int, int]]) -> str:
        """A point in time against spans, each with its first point and the first after it."""
        first, end = spans[0]
        match operator:
            case Operator.LESS | Operator.AT_LEAST:
                return f"{sql} {operator.value} {self.add(first)}"
            case Operator.AT_MOST:
                return f"{sql} < {self.add(end)}"
            case Operator.MORE:
                return f"{sql} >= {self.add(end)}"
            case Operator.UNEQUAL:
                return f"{sql} NOT BETWEEN {self.add(first)} AND {self.add(end - 1)}"
            case Operator.BETWEEN:
                return f"{sql} BETWEEN {self.add(first)} AND {self.add(spans[1][1] - 1)}"
            case _ if len(spans) == 1:
                return f"{sql} BETWEEN {self.add(first)} AND {self.add(end - 1)}"
            case _:
                values = f"json_each({self.add(json.dumps(spans))}) AS v"
                return f"EXISTS (SELECT 1 FROM {values} WHERE {sql} >= {_PAIR[0]} AND {sql} < {_PAIR[1]})"

    def _text(self, check: Check) -> str:
        column = check.column
        values = _spellings(check.values, despaced=column.despaced)
        items = [_folded(sql, despaced=column.despaced) for sql in (column.sql, *column.others)]
        if check.operator in (Operator.STARTS, Operator.ENDS):
            return self._affix(items[0], check.operator, values)
        if column.type is Type.TEXT:
            return self._same(items[0], check.operator, values)
        found = " OR ".join(self._same(item, Operator.IN, values) for item in items)
        return f"EXISTS (SELECT 1 FROM {column.source} WHERE {found})" if column.source else found

    def _affix(self, sql: str, operator: Operator, values: Sequence[Parameter]) -> str:
        start = "1, length(v.value)" if operator is Operator.STARTS else "-length(v.value)"
        source = f"json_each({self.add(_json(values))}) AS v"
        return f"EXISTS (SELECT 1 FROM {source} WHERE substr({sql}, {start}) = v.value)"

    def _word(self, check: Check) -> str:
        """Of a line: whether its product has the word, or the line itself has it."""
        words = sorted({str(value).strip().casefold() for value in check.values})
        kind, same = self.add(check.column.sql), self._same("w.word", Operator.IN, words)
        # Not correlated with the line, so that SQLite works it out once.
        products = f"product_words AS w WHERE w.shop = :rule_shop AND w.kind = {kind} AND {same}"
        found = f"l.product_id IN (SELECT w.product_id FROM {products})"
        if check.column.also:
            spellings = _spellings(check.values, despaced=False)
            same = self._same(_folded(check.column.also, despaced=False), Operator.IN, spellings)
            found = f"({found} OR ({same}) IS TRUE)"
        if check.operator is Operator.UNEQUAL:
            return f"l.product_id IS NOT NULL AND NOT ({found})"
        return found


def quotient(column: Column) -> str:
    """The value of a column, as one can show it."""
    if not column.divisor:
        return column.sql
    shown = f"CASE WHEN ({column.divisor}) > 0 THEN ({column.sql}) * 1.0 / ({column.divisor}) END"
    return f"(SELECT {shown} FROM {column.over})" if column.over else shown


def _product(column: Column, sign: str, value: tuple[str, str]) -> str:
    """A ratio against numerator / denominator."""
    left, right = f"({column.sql}) * {value[1]}", f"{value[0]} * ({column.divisor})"
    holds = f"(({column.divisor}) > 0 AND {left} {sign} {right})"
    return f"(SELECT {holds} FROM {column.over})" if column.over else holds


def _stored(value: Value) -> Parameter:
    return int(value) if isinstance(value, bool) else str(value)


def _json(values: Sequence[Parameter]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _folded(sql: str, *, despaced: bool) -> str:
    return f"lower(replace({sql}, ' ', ''))" if despaced else f"lower({sql})"


def _spellings(values: Sequence[Value], *, despaced: bool) -> list[Parameter]:
    """Every value as lower() may leave it: SQLite's folds A to Z and no other letter."""
    texts = [str(value).replace(" ", "") if despaced else str(value) for value in values]
    return list(dict.fromkeys(spelling for text in texts for spelling in _spelled(text)))


def _spelled(text: str) -> list[str]:
    """With more than six letters beyond A to Z: as typed, small, capital and as a title only."""
    letters = [
        [each.lower()] if each.isascii() else sorted({each, each.lower(), each.upper()}) for each in text
    ]
    if prod(map(len, letters)) <= _MOST_SPELLINGS:
        return ["".join(each) for each in product(*letters)]
    words = {text, text.lower(), text.upper(), text.title(), text.capitalize()}
    return sorted("".join(each.lower() if each.isascii() else each for each in word) for word in words)
