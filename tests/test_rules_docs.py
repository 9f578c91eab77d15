"""docs/groups.md and the tables of the language agree, and everything it shows runs."""

import re
from pathlib import Path

import pytest

from connector.rules import ABSENT, ATTRIBUTES, CALLS, FUNCTIONS, RuleError, explain, parse
from connector.rules.manual import fill
from tests.rule_shop import CONTEXT, RuleShop, day

PAGE = Path(__file__).parents[1] / "docs" / "groups.md"

EXAMPLES = [
    *(column.example for column in ATTRIBUTES.values()),
    *(function.example for function in FUNCTIONS.values()),
    *(column.example for column in CALLS.values()),
    *(
        f"{function.name} MATCHES ({column.example})"
        for function in FUNCTIONS.values()
        for column in function.parameters
    ),
]
ASKED_FOR = re.findall(r"^\| [^|`]+ \| `([^`|]+)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_tables_are_those_of_the_language() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == fill(page), "fill the page anew with connector.rules.manual.fill"


def test_the_rules_asked_for_are_on_the_page() -> None:
    assert len(ASKED_FOR) >= 15
    assert {"amount_spent > 500", "number_of_orders > 3", "abc_class = 'A'"} <= set(ASKED_FOR)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> RuleShop:
    return RuleShop(tmp_path_factory.mktemp("empty") / "stammkunde.sqlite")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> RuleShop:
    shop = RuleShop(tmp_path_factory.mktemp("small") / "stammkunde.sqlite")
    shop.person(1, customer={}, orders=1, spent=5000, first_day=day("2026-03-01"), last_day=day("2026-03-01"))
    shop.order(1, "2026-03-01", {"product_id": "7", "title": "Espresso"})
    shop.person(2)
    return shop


@pytest.mark.parametrize("text", [*EXAMPLES, *ASKED_FOR])
def test_every_example_runs(empty: RuleShop, small: RuleShop, text: str) -> None:
    assert empty.members(text) == []
    assert set(small.answers(text)) <= {0, 1}
    for condition in explain(parse(text), CONTEXT):
        small.each(condition.value, dict(condition.parameters))


def test_every_attribute_says_what_it_is() -> None:
    for column in (*ATTRIBUTES.values(), *CALLS.values()):
        assert column.doc.endswith(".")
        assert column.example.startswith(column.name)


@pytest.mark.parametrize("name", ABSENT)
def test_what_shopify_has_and_we_have_not_is_named(name: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(f"{name} = 1")
    assert str(caught.value) == f"'{name}' exists in Shopify's language, but {ABSENT[name]}."
