"""Whatever the rule language says of a mistake, it says in the reader's language on a page."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from connector import language
from connector.language.sentences import say
from connector.rules import RuleError, compile_rule, parse
from connector.rules.attributes import ABSENT
from connector.rules.functions import ABSENT_PARAMETERS
from tests.rule_shop import CONTEXT
from tests.test_rules_mistakes import TOLD, WRITTEN
from tests.test_rules_text import ERRORS

RULES = Path(__file__).parents[1] / "connector" / "rules"
#: Beside those in the other tests.
MISTAKES = (
    *(f"{name} = 1" for name in ABSENT),
    *(f"orders_placed MATCHES ({name} = 1)" for name in ABSENT_PARAMETERS),
    *(f"{name} IS NULL AND in_group('x')" for name in ("guest", "customer_email_domain")),
    *("amount_spent CONTAINS 1", "refund_rate CONTAINS 1", "abc_class CONTAINS 'A'", "guest > true"),
    *("average_order_value CONTAINS 1", "last_order_date CONTAINS today", "customer_group CONTAINS 'x'"),
    *("products_purchased MATCHES (id > 3)", "products_purchased MATCHES (tag > 'x')"),
    *("guest = 3", "guest = 'x'", "amount_spent > -90d", "amount_spent > 7_days_ago", "amount_spent > true"),
    *("amount_spent > 2026-01-01", "amount_spent > 2026-01-01T10:00:00", "amount_spent > 'x'"),
    *("refund_rate > 'x'", "last_order_date > 5.5", "last_order_date > 'zzzzzz'", "last_order_date > zzzzzz"),
    *("abc_class = 3", "products_purchased MATCHES (id = -90d)", "products_purchased MATCHES (tag = 3)"),
    *("guest", "NOT", "guest = true zzz", "guest = true guest = true", "guest IN true", "guest IN (true"),
    *("products_purchased MATCHES", "products_purchased MATCHES (tag 'x')", "customer_group STARTS 'x'"),
    *("guest IS", "abc_class IN ('A' 'B')", "number_of_orders NOT 3", "number_of_orders BETWEEN 3 4"),
    *("guest = true !", "guest = true `", "guest = ~", "guest = (true", "in_group('no') AND guest = true"),
    *("ladder('no') = 'A'", "ladder('value') = 'Z'", "anniversary('zzzzzz') = today", "abc_class = 'zzzzzz'"),
    *("(" * 51 + "guest = true" + ")" * 51, " OR ".join(["guest=true"] * 501), "guest = true" + " " * 9989),
    f"products_purchased MATCHES (id IN ({','.join(['1'] * 501)}))",
)
#: Words that German has not; what is typed in rules is the same in both.
ENGLISH = re.compile(
    r"(?<![\w'„(])(?:a|an|the|is|are|has|have|this|that|these|there|it|its|of|with|without|not|no|and|or|to|"
    r"too|like|such|as|one|each|every|written|name|named|text|number|offset|value|list|end|bracket|missing|whole|average|choice|mirrored|known)(?!\w)"
)
QUOTED = re.compile(r"„[^“]*“")


@cache
def said() -> dict[str, str]:
    """What is said of each mistake."""
    return {text: message for text in (*WRITTEN, *TOLD, *ERRORS, *MISTAKES) if (message := _of(text))}


def _of(text: str) -> str:
    try:
        compile_rule(parse(text), CONTEXT)
    except RuleError as error:
        return error.message
    return ""


def _sentences() -> Iterator[str]:
    """Every sentence that stands in the source of the language, its places as patterns."""
    for path in RULES.glob("*.py"):
        for pieces in _texts(ast.parse(path.read_text(encoding="utf-8"))):
            pattern = "".join(".+" if piece is None else re.escape(piece) for piece in pieces)
            text = "".join(piece or "" for piece in pieces)
            if re.search(r"\w.* .*\.'?$", text):
                yield re.sub(r"(?<=\\\.)\.\+$", ".*", pattern)


def _texts(node: ast.AST) -> Iterator[list[str | None]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) or (isinstance(child, ast.keyword) and child.arg == "doc"):
            continue  # a docstring; what an attribute means is translated with the pages
        if isinstance(child, ast.JoinedStr):
            yield [str(each.value) if isinstance(each, ast.Constant) else None for each in child.values]
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield [child.value]
        else:
            yield from _texts(child)


def test_each_sentence_of_the_language_is_said_of_one_of_these_mistakes() -> None:
    patterns = sorted(set(_sentences()))
    assert len(patterns) > 60
    never = [each for each in patterns if not any(re.search(each, told) for told in said().values())]
    assert never == []


def test_no_mistake_is_answered_in_english_on_a_german_page() -> None:
    with language.spoken("de"):
        german = {message: say(message).striptags() for message in said().values()}
    assert [
        each for message, each in german.items() if each == message or ENGLISH.search(QUOTED.sub("", each))
    ] == []


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("amount_spent > 500,50", "„500,50“ schreibt man hier 500.50."),
        ("last_order_date > 31.12.2025", "„31.12.2025“ schreibt man hier 2025-12-31."),
        ("amount_spent > 1.000", "„1.000“ könnte 1000 oder 1 heißen. Schreiben Sie eines davon."),
        (
            "refund_rate > 50",
            "refund_rate geht von 0 bis 1: 50 % schreibt man 0.5.",
        ),
        (
            "number_of_orders > drei",
            (
                "number_of_orders wird anders verglichen (eine ganze Zahl); hier steht: Name."
                " Schreiben Sie es so: number_of_orders > 3"
            ),
        ),
        ("guest =", "Die Regel endet zu früh, es fehlt: ein Wert."),
    ],
)
def test_what_is_typed_is_the_same_in_every_language(rule: str, told: str) -> None:
    with language.spoken("de"):
        assert say(_of(rule)).striptags() == told
