"""`why` and `rule`: a rule's own conditions, asked of one person or of everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shopfloor import GROUPS, Floor, people, put, shopfloor

LADDER = """
[ladders.steps]
steps = [
    { name = "gold", members = "amount_spent > 900" },
    { name = "silver", members = "amount_spent > 80" },
]
"""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.write_config(rules=GROUPS + LADDER)
        opened.done("pull")
        yield opened


def test_why_shows_each_condition_with_the_value_and_what_is_missing(floor: Floor) -> None:
    told = floor.done("why", "cem@example.com", "stammkunden").out
    assert told.splitlines() == [
        "",
        "roastery: cem@example.com is not in stammkunden",
        "Condition             This customer  True  Missing",
        "number_of_orders > 3  2              no    2 more",
        "",
        "Orders that count: #120, #121.",
    ]


def test_why_tells_which_orders_do_not_count_and_for_what_reason(floor: Floor) -> None:
    assert floor.done("why", "1008", "stammkunden").out.splitlines()[-1] == (
        "Orders that count: none. Not: #160 (neither paid nor shipped), #161 (test)."
    )
    (found,) = floor.done("why", "1010", "stammkunden", "--json").json()
    assert [(each["number"], each["not_counted"]) for each in found["orders"]] == [("#180", "fully returned")]


def test_why_tells_what_is_missing_to_the_next_class(floor: Floor) -> None:
    """Of 1,310 euros of the last year Ada has 1,000, Cem 120, Dora 100, Kim 60 and Ben 30: A ends with Ada at
    76 %, B with Dora at 93 %."""
    floor.write_config(
        rules="""
[ladders.value]
steps = [{ name = "A", members = "abc_class = 'A'" }, { name = "B", members = "abc_class = 'B'" }]
"""
    )
    floor.done("pull")
    (kim,) = floor.done("why", "kim@example.com", "--json").json()
    missing = {each["group"]: each["answers"][0]["missing"] for each in kim["verdicts"]}
    assert missing == {"value/A": "940.01 EUR more", "value/B": "40.01 EUR more"}
    assert floor.done("why", "1001", "value/A").out.splitlines()[1] == "roastery: 1001 is in value/A"


def test_why_counts_money_in_the_currency_of_the_shop(floor: Floor) -> None:
    (found,) = floor.done("why", "1004", "big", "--json").json()
    assert found["verdicts"] == [
        {
            "group": "big",
            "member": False,
            "answers": [
                {
                    "condition": "amount_spent > 500",
                    "value": "100.00 EUR",
                    "passes": False,
                    "missing": "400.01 EUR more",
                }
            ],
            "instead": None,
        }
    ]


def test_why_without_a_group_goes_through_all_and_tells_earlier_steps(floor: Floor) -> None:
    (found,) = floor.done("why", "ada@example.com", "--json").json()
    assert {each["group"]: (each["member"], each["instead"]) for each in found["verdicts"]} == {
        "stammkunden": (True, None),
        "big": (True, None),
        "new": (False, None),
        "dormant": (False, None),
        "steps/gold": (True, None),
        "steps/silver": (False, "already in steps/gold, which comes first"),
    }


def test_why_says_who_is_left_out(floor: Floor) -> None:
    (found,) = floor.done("why", "1005", "stammkunden", "--json").json()
    (verdict,) = found["verdicts"]
    assert (verdict["member"], verdict["instead"]) == (False, "left out by your config (tag B2B)")


def test_why_of_nobody_and_of_no_group(floor: Floor) -> None:
    nobody = floor.run("why", "nobody@example.com")
    assert (nobody.code, nobody.err.strip()) == (
        1,
        "No customer 'nobody@example.com' in the mirror. `stammkunde pull` reads them.",
    )
    nothing = floor.run("why", "1001", "stamkunden")
    assert (nothing.code, nothing.err.strip()) == (
        2,
        "There is no group 'stamkunden'. Did you mean 'stammkunden'?",
    )


def test_rule_counts_and_lists_without_touching_the_config(floor: Floor) -> None:
    before = floor.config.read_text(encoding="utf-8")
    ran = floor.done("rule", "number_of_orders >= 2", "--list")
    assert ran.out.splitlines() == [
        "roastery: 3 of 10 people (30 %), 1,220.00 EUR spent",
        "Customer  E-mail            Orders         Spent  Last order",
        "1001      ada@example.com        5  1,000.00 EUR  2026-05-23",
        "1003      cem@example.com        2    120.00 EUR  2025-11-13",
        "1004      dora@example.com       5    100.00 EUR  2025-11-23",
    ]
    assert floor.config.read_text(encoding="utf-8") == before
    assert floor.rows("SELECT count(*) FROM groups WHERE name = ''") == [(0,)]


def test_rule_shows_its_sql_without_what_was_typed(floor: Floor) -> None:
    (found,) = floor.done("rule", r"customer_tags CONTAINS 'x\' OR 1=1'", "--sql", "--json").json()
    assert found["members"] == 0
    assert "1=1" not in found["sql"]


def test_a_wrong_rule_is_shown_with_a_caret(floor: Floor) -> None:
    ran = floor.run("rule", "amount_spnt > 3")
    assert (ran.code, ran.err.splitlines()) == (
        2,
        ["There is no attribute 'amount_spnt'. Did you mean 'amount_spent'?", "  amount_spnt > 3", "  ^"],
    )
