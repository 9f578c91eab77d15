"""A rule to one SQL expression over facts (f), people (p) and customers (c), and what decides it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connector.money import decimals
from connector.rules.checked import Check, Joined, Leaf, Opposite, Tree
from connector.rules.columns import Column, Type
from connector.rules.comparing import Comparer, Parameter, quotient
from connector.rules.dates import Day, span, year_days
from connector.rules.functions import ANNIVERSARY, IN_GROUP, YEARLY, Function
from connector.rules.problem import RuleError, clip, nearest
from connector.rules.rule import Rule, RuleContext
from connector.rules.syntax import Operator


class Compiled(msgspec.Struct, frozen=True):
    """A boolean SQL expression, never NULL, and its named parameters, which all begin with `rule_`."""

    sql: str
    parameters: Mapping[str, Parameter]


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a rule, to be asked of one person.

    `value` and `result` are SQL over the same aliases as the rule. `type` says how to show the value: money
    in minor units, a day as an ordinal, a moment in milliseconds. `operator` and `thresholds` are what the
    value is compared with, days always as ordinals; empty where there is no such comparison. `turned` is set
    under an odd number of NOTs: the rule then wants the result to be 0.
    """

    text: str
    value: str
    result: str
    type: Type
    operator: Operator | None = None
    thresholds: tuple[Parameter, ...] = ()
    turned: bool = False
    grows: bool = False  #: the value grows with every order, or with what is spent
    joined: Literal["AND", "OR"] = "AND"  #: to its neighbours
    parameters: Mapping[str, Parameter] = {}


def compile_rule(rule: Rule, context: RuleContext, *, everybody: bool = False) -> Compiled:
    """The rule as SQL for one shop and day.

    Args:
        everybody: it is to be asked of most people, not of a few: what only few rows can answer is looked up
            once. The answers are the same.

    Raises:
        RuleError: it refers to a group that the context does not have.
    """
    writer = _Writer(rule, context, everybody=everybody)
    piece = writer.tree(rule.tree)
    sql = writer.aside(rule.tree) if piece.height > _LOW else piece.sql
    return Compiled(sql, writer.parameters(sql))


def explain(rule: Rule, context: RuleContext) -> tuple[Condition, ...]:
    """Every condition by itself, in the order of the text, with the same SQL as in the rule.

    Raises:
        RuleError: it refers to a group that the context does not have.
    """
    writer = _Writer(rule, context)
    return tuple(writer.conditions(rule.tree, turned=False, every=True))


class _Piece(NamedTuple):
    """A part of the expression. `height` is how many brackets SQLite's parser has open inside it."""

    sql: str
    height: int = 0
    cost: int = 0


class _Writer:
    def __init__(self, rule: Rule, context: RuleContext, *, everybody: bool = False) -> None:
        self._everybody = everybody
        self._rule = rule
        self._context = context
        zone, exponent = ZoneInfo(context.time_zone), decimals(context.currency)
        self._comparer = Comparer(context.today, zone, exponent)
        self._aside: list[str] | None = None

    def parameters(self, *used_in: str) -> dict[str, Parameter]:
        """Those that occur in the SQL, the fixed ones among them."""
        fixed = {
            "rule_shop": self._context.shop,
            "rule_today": self._context.today.toordinal(),
            "rule_lapse_days": self._context.lapse_days,
        }
        known = self._comparer.parameters | fixed
        names = {name for sql in used_in for name in re.findall(r":(rule_\w+)", sql)}
        return {name: known[name] for name in known if name in names}

    def tree(self, tree: Tree, *, turned: bool = False) -> _Piece:
        """NOT is moved down to the conditions, which is exact because none of them is ever NULL."""
        match tree:
            case Leaf():
                return self._piece(self._leaf(tree), turned=turned)
            case Opposite():
                return self.tree(tree.part, turned=not turned)
            case Joined():
                every = tree.every is not turned
                pieces = [self.tree(part, turned=turned) for part in tree.parts]
                return _joined(pieces, "AND" if every else "OR")

    def _piece(self, sql: str, *, turned: bool) -> _Piece:
        cost = sql.count("SELECT")
        if self._aside is not None:
            self._aside.append(sql)
            sql = f"r.r{len(self._aside) - 1}"
        return _Piece(f"NOT ({sql})" if turned else sql, cost=cost)

    def aside(self, tree: Tree) -> str:
        """The same, with every condition worked out beside the brackets and not inside them."""
        self._aside = []
        sql = self.tree(tree).sql
        columns = ", ".join(f"{condition} AS r{place}" for place, condition in enumerate(self._aside))
        return f"(SELECT {sql} FROM (SELECT {columns}) AS r)"

    def conditions(self, tree: Tree, *, turned: bool, every: bool) -> Iterator[Condition]:
        match tree:
            case Leaf():
                yield self._condition(tree, turned=turned, every=every)
            case Opposite():
                yield from self.conditions(tree.part, turned=not turned, every=every)
            case Joined():
                for part in tree.parts:
                    yield from self.conditions(part, turned=turned, every=tree.every)

    def _leaf(self, leaf: Leaf) -> str:
        if leaf.function:
            return self._function(leaf, leaf.function)
        if leaf.call == IN_GROUP:
            return self._in_group(leaf)
        assert leaf.check is not None  # noqa: S101
        if leaf.call == ANNIVERSARY:
            return self._anniversary(leaf.name, leaf.check)
        check = leaf.check
        if leaf.call:
            check = msgspec.structs.replace(check, column=self._step(leaf, check))
        return self._comparer.compare(check)

    def _function(self, leaf: Leaf, function: Function) -> str:
        rows, wholes = _split(leaf.rows)
        if self._everybody and function.lookup and _is_selective(rows) and _needs_rows(wholes):
            return f"{'NOT ' if leaf.negated else ''}{self._looked_up(function, rows, wholes)}"
        source = self._matching(function, rows)
        if wholes:
            answer = " AND ".join(self._comparer.compare(check) for check in wholes)
            sql = f"(SELECT {answer} FROM {source})"
        else:
            sql = f"EXISTS (SELECT 1 FROM {source})"
        return f"NOT {sql}" if leaf.negated else sql

    def _looked_up(self, function: Function, rows: Sequence[Check], wholes: Sequence[Check]) -> str:
        """The same, from the rows to the people: not correlated, so that SQLite works it out once."""
        demands = " AND ".join([function.lookup, *(self._comparer.demand(check) for check in rows)])
        answer = " AND ".join(self._comparer.compare(check) for check in wholes)
        having = f" GROUP BY o.person HAVING {answer}" if wholes else ""
        return f"f.person IN (SELECT o.person FROM {demands}{having})"

    def _matching(self, function: Function, rows: Sequence[Check]) -> str:
        return " AND ".join([function.source, *(self._comparer.demand(check) for check in rows)])

    def _in_group(self, leaf: Leaf) -> str:
        key = self._context.groups.get(leaf.name)
        if key is None:
            raise self._unknown(leaf, "group", leaf.name, self._context.groups)
        member = f"m.grp = {self._comparer.add(key)} AND m.person = f.person"
        return f"{'NOT ' if leaf.negated else ''}EXISTS (SELECT 1 FROM members AS m WHERE {member})"

    def _unknown(self, leaf: Leaf, what: str, name: str, known: Iterable[str]) -> RuleError:
        message = f"There is no {what} '{clip(name)}'.{nearest(name, known)}"
        return RuleError(message, self._rule.text, leaf.start)

    def _step(self, leaf: Leaf, check: Check) -> Column:
        """The column of a ladder: the name of the step a person is on."""
        prefix = f"{leaf.name}/"
        groups = self._context.groups
        steps = {name.removeprefix(prefix): key for name, key in groups.items() if name.startswith(prefix)}
        if not steps:
            ladders = {name.partition("/")[0] for name in groups if "/" in name}
            raise self._unknown(leaf, "ladder", leaf.name, ladders)
        self._check_steps(leaf, check, steps)
        arms = " ".join(f"WHEN {int(key)} THEN {self._comparer.add(step)}" for step, key in steps.items())
        keys = ", ".join(str(int(key)) for key in steps.values())
        source = f"members AS m WHERE m.person = f.person AND m.grp IN ({keys})"
        return msgspec.structs.replace(check.column, sql=f"(SELECT CASE m.grp {arms} END FROM {source})")

    def _check_steps(self, leaf: Leaf, check: Check, steps: Iterable[str]) -> None:
        known = {step.casefold() for step in steps}
        named = check.values if check.operator in _NAMING else ()
        for value in named:
            if str(value).casefold() not in known:
                raise self._unknown(leaf, "step", str(value), steps)

    def _anniversary(self, name: str, check: Check) -> str:
        day = YEARLY[name]
        if check.operator is Operator.NULL:
            sql = f"({day}) IS NULL"
        else:
            days = [span(value, self._context.today) for value in check.values if isinstance(value, Day)]
            sql = f"({self._within_year(day, days[0].first, days[-1].last)}) IS TRUE"
            if check.operator is Operator.UNEQUAL:
                sql = f"(NOT {sql} AND ({day}) IS NOT NULL)"
        return f"NOT ({sql})" if check.negated else sql

    def _within_year(self, day: str, first: date, last: date) -> str:
        if last < first:
            return "0"
        ends = year_days(first, last)
        if ends is None:
            return f"({day}) IS NOT NULL"
        start, end = self._comparer.add(ends[0]), self._comparer.add(ends[1])
        if ends[0] <= ends[1]:
            return f"{day} BETWEEN {start} AND {end}"
        return f"({day} >= {start} OR {day} <= {end})"

    def _condition(self, leaf: Leaf, *, turned: bool, every: bool) -> Condition:
        result = self._leaf(leaf)
        value, kind, check = self._shown(leaf, result)
        return Condition(
            text=leaf.text,
            value=value,
            result=result,
            type=kind,
            operator=check.operator if check else None,
            thresholds=self._thresholds(check) if check else (),
            turned=turned,
            grows=check is not None and check.column.grows and not check.negated and not leaf.negated,
            joined="AND" if every is not turned else "OR",
            parameters=self.parameters(result, value),
        )

    def _shown(self, leaf: Leaf, result: str) -> tuple[str, Type, Check | None]:
        """What a person is shown as the value: for a function, what is asked of all rows that match, else
        how many do."""
        if leaf.function:
            rows, wholes = _split(leaf.rows)
            source = self._matching(leaf.function, rows)
            if len(wholes) == 1:
                column = wholes[0].column
                return f"(SELECT {column.sql} FROM {source})", column.type, wholes[0]
            return f"(SELECT count({leaf.function.counted}) FROM {source})", Type.NUMBER, None
        check = leaf.check
        if check is None:
            return result, Type.TRUTH, None
        if leaf.call == ANNIVERSARY:
            return YEARLY[leaf.name], Type.TEXT, None
        column = self._step(leaf, check) if leaf.call else check.column
        if column.source:
            return f"(SELECT group_concat({column.sql}, ', ') FROM {column.source})", column.type, check
        return quotient(column), column.type, check

    def _thresholds(self, check: Check) -> tuple[Parameter, ...]:
        return tuple(self._comparer.threshold(value, check.column) for value in check.values)


_NAMING = (Operator.EQUAL, Operator.UNEQUAL, Operator.IN)
# SQLite's parser has room for about 100 open brackets and half-read operators (measured); a condition takes
# up to 40. Rules this high leave it enough, whatever their order.
_LOW = 6


def _is_selective(rows: Iterable[Check]) -> bool:
    """Whether few of all rows match, by an index: certain products."""
    return any(
        check.column.type in (Type.ID, Type.WORD)
        and check.operator in (Operator.EQUAL, Operator.IN)
        and not check.negated
        and not check.column.also
        for check in rows
    )


def _needs_rows(wholes: Sequence[Check]) -> bool:
    """Whether the answer about no rows at all, whose count and sum are 0, is no."""
    return not wholes or any(not _holds_of_zero(check) for check in wholes)


def _holds_of_zero(check: Check) -> bool:
    numbers = [value for value in check.values if isinstance(value, int | Decimal)]
    match check.operator:
        case Operator.MORE:
            holds = numbers[0] < 0
        case Operator.AT_LEAST:
            holds = numbers[0] <= 0
        case Operator.EQUAL | Operator.IN:
            holds = 0 in numbers
        case Operator.BETWEEN:
            holds = numbers[0] <= 0 <= numbers[1]
        case _:
            return True  # it may: then there is nothing to gain
    return holds is not check.negated


def _split(rows: Iterable[Check]) -> tuple[list[Check], list[Check]]:
    """Checks of single rows, and those of all that match."""
    single: list[Check] = []
    whole: list[Check] = []
    for check in rows:
        (whole if check.column.aggregate else single).append(check)
    return single, whole


def _joined(pieces: Sequence[_Piece], word: str) -> _Piece:
    """A chain without brackets, which SQLite's parser reads without memory.

    Cheap conditions come first, as SQLite stops at the first that decides; but a high part must come before
    all others, or every one of its levels would keep a half-read operator waiting.
    """
    first = sorted(pieces, key=lambda each: (-each.height if each.height > _LOW else 0, each.cost))
    sql = f" {word} ".join(f"({each.sql})" if each.height else each.sql for each in first)
    return _Piece(sql, max(each.height for each in pieces) + 1, sum(each.cost for each in pieces))
