"""Text to syntax tree, within the limits."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from connector.rules.complaints import misplaced, stray
from connector.rules.problem import RuleError
from connector.rules.syntax import (
    Argument,
    Clause,
    Form,
    Junction,
    Literal,
    Negation,
    Node,
    Operator,
    Test,
)

# SQLite's own parser overflows at about 100 open brackets and 1,000 chained operators (measured).
LONGEST_TEXT = 10_000
DEEPEST = 50
MOST_CONDITIONS = 500


def read(text: str) -> Node:
    """The syntax tree of a rule.

    Raises:
        RuleError: it is not in the language, or beyond a limit.
    """
    _check_text(text)
    try:
        built = cast("Built", _PARSER.parse(text))
    except UnexpectedCharacters as error:
        raise stray(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        raise misplaced(text, error) from None
    _check_limits(text, built)
    return built.node


def _check_text(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise RuleError(
            f"A rule has at most {LONGEST_TEXT:,} characters; this one has {len(text):,}.", text, 0
        )
    for place, letter in enumerate(text):
        if (letter < " " and letter not in "\t\n\r") or "\ud800" <= letter <= "\udfff":
            raise RuleError("This character cannot be part of a rule.", text, place)
    if not text.strip():
        raise RuleError("The rule is empty. A rule is a condition, such as number_of_orders > 3.", text, 0)


class Built(NamedTuple):
    """A part of the tree while it is built, with what the limits are about."""

    node: Node
    depth: int
    conditions: int


def _check_limits(text: str, built: Built) -> None:
    if built.depth > DEEPEST:
        raise RuleError(f"Brackets and NOT go at most {DEEPEST} deep; here they go {built.depth}.", text, 0)
    if built.conditions > MOST_CONDITIONS:
        raise RuleError(
            f"A rule has at most {MOST_CONDITIONS} conditions; this has {built.conditions}.", text, 0
        )


_FORMS = {
    "STRING": Form.TEXT,
    "NUMBER": Form.NUMBER,
    "DATE": Form.DATE,
    "DATETIME": Form.DATETIME,
    "OFFSET": Form.OFFSET,
    "AGO": Form.AGO,
    "TRUE": Form.BOOLEAN,
    "FALSE": Form.BOOLEAN,
    "NAME": Form.NAME,
}


def _worded(operator: Operator, *, negated: bool = False) -> Callable[["_Builder", list[Literal]], Test]:
    def build(_: "_Builder", parts: list[Literal]) -> Test:
        return Test(operator, parts[-1].end, tuple(parts), negated)

    return build


class _Builder(Transformer[Token, Built]):
    """Called by the parser for each rule of the grammar as it is recognised, so without recursion."""

    def start(self, parts: list[Any]) -> Built:
        return next(part for part in parts if isinstance(part, Built))

    def any_of(self, parts: list[Built]) -> Built:
        return _junction(parts, every=False)

    def all_of(self, parts: list[Built]) -> Built:
        return _junction(parts, every=True)

    def negated(self, parts: list[Built]) -> Built:
        return Built(Negation(parts[0].node), parts[0].depth + 1, parts[0].conditions)

    def nested(self, parts: list[Any]) -> Built:
        return Built(parts[0].node, parts[0].depth + 1, parts[0].conditions)

    def condition(self, parts: list[Any]) -> Built:
        name = parts[0]
        arguments: tuple[Argument, ...] | None = None
        test: Test | None = None
        matches: bool | None = None
        end = name.end_pos
        for part in parts[1:]:
            if isinstance(part, Test):
                test, end = part, part.end
            else:
                arguments, end = (*(arguments or ()), *part.arguments), part.end
                matches = part.matches if part.matches is not None else matches
        clause = Clause(str(name), name.start_pos, end, arguments, test, matches)
        return Built(clause, 0, max(1, len(arguments or ())))

    def call(self, parts: list[Any]) -> "_Call":
        return _Call(tuple(parts[:-1]), parts[-1].end_pos)

    def parameters(self, parts: list[Any]) -> "_Call":
        return _Call(tuple(parts[:-1]), parts[-1].end_pos)

    def matches(self, parts: list["_Call"]) -> "_Call":
        return parts[0]._replace(matches=True)

    def matches_not(self, parts: list["_Call"]) -> "_Call":
        return parts[0]._replace(matches=False)

    def parameter(self, parts: list[Any]) -> Argument:
        return Argument(str(parts[0]), parts[1], parts[0].start_pos)

    def named(self, parts: list[Any]) -> Argument:
        name, value = parts
        test = value if isinstance(value, Test) else _plain(value)
        return Argument(str(name), test, name.start_pos, plain=test is not value)

    def bare(self, parts: list[Literal]) -> Argument:
        return Argument(None, _plain(parts[0]), parts[0].start, plain=True)

    def comparison(self, parts: list[Any]) -> Test:
        return Test(Operator(str(parts[0])), parts[1].end, (parts[1],))

    def comparison_of_several(self, parts: list[Any]) -> Test:
        return Test(Operator(str(parts[0])), parts[1].end, parts[1].literals)

    between = _worded(Operator.BETWEEN)
    not_between = _worded(Operator.BETWEEN, negated=True)
    contains = _worded(Operator.CONTAINS)
    contains_not = _worded(Operator.CONTAINS, negated=True)
    starts = _worded(Operator.STARTS)
    starts_not = _worded(Operator.STARTS, negated=True)
    ends = _worded(Operator.ENDS)
    ends_not = _worded(Operator.ENDS, negated=True)

    def literal(self, parts: list[Token]) -> Literal:
        token = parts[0]
        form = _FORMS[token.type]
        text = _unescape(str(token)[1:-1]) if form is Form.TEXT else str(token)
        return Literal(form, text, token.start_pos or 0, token.end_pos or 0)

    def values(self, parts: list[Any]) -> "_List":
        return _List(tuple(parts[:-1]), parts[-1].end_pos)

    def one_of(self, parts: list["_List"]) -> Test:
        return Test(Operator.IN, parts[0].end, parts[0].literals)

    def none_of(self, parts: list["_List"]) -> Test:
        return Test(Operator.IN, parts[0].end, parts[0].literals, negated=True)

    def missing(self, parts: list[Token]) -> Test:
        return Test(Operator.NULL, parts[-1].end_pos or 0)

    def present(self, parts: list[Token]) -> Test:
        return Test(Operator.NULL, parts[-1].end_pos or 0, negated=True)


class _Call(NamedTuple):
    arguments: tuple[Argument, ...]
    end: int
    matches: bool | None = None


class _List(NamedTuple):
    literals: tuple[Literal, ...]
    end: int


def _junction(parts: Sequence[Built], *, every: bool) -> Built:
    node = Junction(every, tuple(part.node for part in parts))
    return Built(node, max(part.depth for part in parts), sum(part.conditions for part in parts))


def _plain(value: Literal | _List) -> Test:
    if isinstance(value, _List):
        return Test(Operator.IN, value.end, value.literals)
    return Test(Operator.EQUAL, value.end, (value,))


def _unescape(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)


_PARSER = Lark(
    Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    lexer="basic",
    transformer=_Builder(),
    maybe_placeholders=False,
)
