"""Groups beyond their rule: people named by hand, limits on how much may change, history, and past days."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.shopfloor import GROUPS, Floor, customer, order, people, put, shopfloor

LISTED = """
[groups.vip]
members = "amount_spent > 500"
tag = "vip"
include = ["Ben@Example.com", "#1003", "nobody@example.com"]
exclude = ["#1001"]

[ladders.steps]
steps = [
    { name = "gold", members = "amount_spent > 900" },
    { name = "silver", members = "amount_spent > 80", include = ["#1001", "#1002"] },
]
"""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        opened.set(exclude='{ tags = ["b2b"] }')
        yield opened


def members(floor: Floor, group: str) -> list[str]:
    rows = floor.rows(
        "SELECT substr(p.identity, 3) FROM members JOIN groups AS g USING (grp)"
        " JOIN people AS p USING (person)"
        f" WHERE g.name = '{group}' ORDER BY 1"
    )
    return [row[0] for row in rows]


def test_named_people_belong_to_a_group_or_not_whatever_its_rule_says(floor: Floor) -> None:
    floor.write_config(rules=LISTED)
    floor.done("pull")
    assert members(floor, "vip") == ["1002", "1003"]
    assert members(floor, "steps/gold") == ["1001"]
    assert members(floor, "steps/silver") == ["1002", "1003", "1004"]


def test_why_says_that_a_name_decided(floor: Floor) -> None:
    floor.write_config(rules=LISTED)
    floor.done("pull")
    for who, group, member, instead in (
        ("1001", "vip", False, "kept out by name: on the group's exclude list in your config"),
        ("1002", "vip", True, "put in by name: on the group's include list in your config"),
        ("1001", "steps/silver", False, "already in steps/gold, which comes first"),
        ("1004", "vip", False, None),
    ):
        (found,) = floor.done("why", who, group, "--json").json()
        (verdict,) = found["verdicts"]
        assert (verdict["member"], verdict["instead"]) == (member, instead), who


def test_names_that_nobody_in_the_mirror_has_are_told(floor: Floor) -> None:
    floor.write_config(rules=LISTED)
    floor.done("pull")
    told = floor.done("groups")
    assert told.err.splitlines() == [
        "1 of them is a guest whom the shop keeps no record of: they get no tag.",
        "On the lists of vip, but not in the mirror: nobody@example.com.",
    ]


def test_whom_the_shop_leaves_out_no_list_takes_in(floor: Floor) -> None:
    floor.write_config(
        rules='[groups.chosen]\nmembers = "amount_spent > 9000"\ninclude = ["#1005", "#1006"]\n'
    )
    floor.done("pull")
    assert members(floor, "chosen") == ["1006"]


def test_a_changed_list_moves_people_at_the_next_look(floor: Floor) -> None:
    floor.write_config(rules=LISTED)
    floor.done("pull")
    floor.write_config(rules=LISTED.replace('exclude = ["#1001"]', ""))
    floor.done("plan")
    assert members(floor, "vip") == ["1001", "1002", "1003"]


def test_somebody_named_by_an_address_belongs_to_it_as_soon_as_there_is_an_account(floor: Floor) -> None:
    floor.write_config(
        rules='[groups.chosen]\nmembers = "amount_spent > 9000"\ninclude = ["Lea@example.com"]\n'
    )
    floor.done("pull")
    assert members(floor, "chosen") == []
    floor.later(hours=1)
    put(floor.shop, [customer(1011, "lea@Example.com", updated_at=floor.now)])
    floor.done("pull")
    assert members(floor, "chosen") == ["1011"]


def test_a_list_may_stand_in_a_file_one_a_line(floor: Floor) -> None:
    (floor.folder / "friends.txt").write_text("ben@example.com\n\n#1003\n", encoding="utf-8")
    floor.write_config(rules='[groups.chosen]\nmembers = "guest = true"\ninclude_file = "friends.txt"\n')
    floor.done("pull")
    assert members(floor, "chosen") == ["1002", "1003", "kim@example.com"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('include = ["ben"]', "groups.chosen.include.1: 'ben' names nobody."),
        ('exclude = ["#"]', "groups.chosen.exclude.1: '#' names nobody."),
        ("limit = 0", "groups.chosen.limit: must be a share such as 0.2, or a number of people such as 50."),
        (
            "limit = 1.5",
            "groups.chosen.limit: must be a share such as 0.2, or a number of people such as 50.",
        ),
        ('include_file = "there.txt"', "there.txt cannot be read (No such file or directory)"),
        ('exclude_file = "bad.txt"', "bad.txt, line 2, names nobody"),
    ],
)
def test_a_list_or_a_limit_that_cannot_be_understood_is_a_problem_of_the_config(
    floor: Floor, options: str, said: str
) -> None:
    (floor.folder / "bad.txt").write_text("ben@example.com\nben\n", encoding="utf-8")
    floor.write_config(rules=f'[groups.chosen]\nmembers = "guest = true"\n{options}\n')
    ran = floor.run("groups")
    assert ran.code == 2
    assert said in ran.err


CROWD = range(2001, 2041)
LIMITED = '[groups.fans]\nmembers = "number_of_orders >= 2"\ntag = "fan"\nlimit = {}\n'


def crowd(floor: Floor) -> None:
    """Forty customers with two orders each, none of whom is lost by an overall limit."""
    for number in CROWD:
        put(
            floor.shop, [customer(number), order(3000 + number, number, 50), order(4000 + number, number, 40)]
        )


def leave_by(floor: Floor, count: int) -> None:
    """So many of the crowd cancel an order, and are fans no longer."""
    floor.later(hours=1)
    for number in CROWD[:count]:
        put(floor.shop, [order(3000 + number, number, 50, cancelled_at=floor.now, updated_at=floor.now)])
    floor.done("pull")


def test_a_group_that_changes_beyond_its_limit_is_not_pushed_until_it_is_approved(floor: Floor) -> None:
    crowd(floor)
    floor.set(limits="{ losing = 1, gaining = 1 }")
    floor.write_config(rules=LIMITED.format("0.4"))
    floor.first_push()
    leave_by(floor, 20)
    said = "fans had 43 members, 0 entered and 20 left (limit 40%)"
    refused = floor.run("push")
    assert refused.code == 3
    assert said in refused.err
    assert f"{said}. It is pushed only once you approved it, or with --force." in floor.done("plan").err
    assert f"{said}." in floor.done("status").err
    assert floor.done("status", "--json").json()[0]["alerts"] == [f"{said}."]
    assert f"{said}. Nothing is pushed until you approve it" in floor.done("groups").err
    floor.done("plan", "--approve")
    assert "20 changes made" in floor.done("push").out
    assert floor.done("status", "--json").json()[0]["alerts"] == []


def test_a_limit_counts_all_that_moved_since_the_last_push_and_force_is_for_one(floor: Floor) -> None:
    crowd(floor)
    floor.set(limits="{ losing = 1, gaining = 1 }")
    floor.write_config(rules=LIMITED.format("0.4"))
    floor.first_push()
    leave_by(floor, 10)
    leave_by(floor, 20)  # ten more, seen by another pull
    assert floor.run("push").code == 3
    floor.done("push", "--force")
    leave_by(floor, 21)
    floor.done("push")


@pytest.mark.parametrize(
    ("limit", "left", "code"), [("0.01", 19, 0), ("0.01", 20, 3), ("5", 5, 0), ("5", 6, 3)]
)
def test_of_few_people_a_share_says_nothing_but_a_number_holds(
    floor: Floor, limit: str, left: int, code: int
) -> None:
    crowd(floor)
    floor.set(limits="{ losing = 1, gaining = 1 }")
    floor.write_config(rules=LIMITED.format(limit))
    floor.first_push()
    leave_by(floor, left)
    assert floor.run("push").code == code


def test_where_nothing_is_pushed_a_change_beyond_the_limit_waits_for_a_look_and_others_do_not(
    floor: Floor,
) -> None:
    crowd(floor)
    floor.set(push="false")
    floor.write_config(rules=LIMITED.format("0.4"))
    floor.done("pull")
    leave_by(floor, 10)
    leave_by(floor, 17)
    assert floor.done("status", "--json").json()[0]["alerts"] == []
    leave_by(floor, 40)
    assert floor.done("status", "--json").json()[0]["alerts"] == [
        "fans had 26 members, 0 entered and 23 left (limit 40%)."
    ]
    floor.done("plan", "--approve")
    assert floor.done("status", "--json").json()[0]["alerts"] == []


def test_history_tells_who_entered_and_left_on_which_day(floor: Floor) -> None:
    floor.write_config(rules=GROUPS)
    floor.done("pull")
    floor.later(days=1)
    put(floor.shop, [order(501, 1002, -1, 600, updated_at=floor.now), order(502, 1009, -1, 470)])
    floor.done("pull")
    floor.later(days=1)
    put(floor.shop, [order(501, 1002, -1, 600, cancelled_at=floor.now, updated_at=floor.now)])
    floor.done("pull")
    (found,) = floor.done("groups", "--history", "big", "--json").json()
    assert [(each["day"], each["entered"], each["left"], each["members"]) for each in found["days"]] == [
        ("2026-06-01", 1, 0, 1),
        ("2026-06-02", 2, 0, 3),
        ("2026-06-03", 0, 1, 2),
    ]
    assert [(each["customer"], each["entered"]) for each in found["moves"]] == [
        ("1001", True),
        ("1002", True),
        ("1009", True),
        ("1002", False),
    ]
    assert floor.done("groups", "--history", "big").out.splitlines()[:5] == [
        "roastery: big, 2 members",
        "On          Entered  Left  Members",
        "2026-06-01        1     0        1  ##########",
        "2026-06-02        2     0        3  ##############################",
        "2026-06-03        0     1        2  ####################",
    ]


def test_groups_of_a_past_day_refer_to_each_other_as_of_that_day(floor: Floor) -> None:
    rules = GROUPS + "[groups.both]\nmembers = \"in_group('stammkunden') AND NOT in_group('big')\"\n"
    floor.write_config(rules=rules)
    floor.done("pull")
    before = floor.done("groups", "--json").out
    (found,) = floor.done("groups", "--as-of", "2026-01-01", "--json").json()
    sizes = {each["name"]: (each["members"], each["sales"]) for each in found["groups"]}
    # Dora had her five orders by November; of Ada's only two of February on were to come
    assert sizes == {
        "stammkunden": (1, 10_000),
        "big": (0, 0),
        "new": (0, 0),
        "dormant": (0, 0),
        "both": (1, 10_000),
    }
    assert floor.done("groups", "--json").out == before


def test_a_rule_can_be_asked_of_a_past_day_and_month_by_month(floor: Floor) -> None:
    floor.write_config(rules=GROUPS)
    floor.done("pull")
    asked = floor.done(
        "rule", "number_of_orders > 3 AND NOT in_group('big')", "--as-of", "2026-05-20", "--list"
    )
    assert asked.out.splitlines() == [
        "roastery as of 20 May 2026: 1 of 10 people (10 %), 100.00 EUR spent",
        "Customer  E-mail            Orders       Spent  Last order",
        "1004      dora@example.com       5  100.00 EUR  2025-11-23",
    ]
    assert "Every order counts as it is known today" in asked.err
    (found,) = floor.done("rule", "last_order_date >= -30d", "--history", "3m", "--json").json()
    assert found["history"] == [
        {"day": "2026-03-01", "members": 0, "entered": None, "left": None, "spent": 0},
        {"day": "2026-04-01", "members": 1, "entered": 1, "left": 0, "spent": 40_000},
        {"day": "2026-05-01", "members": 1, "entered": 0, "left": 0, "spent": 60_000},
        {"day": "2026-06-01", "members": 3, "entered": 2, "left": 0, "spent": 109_000},
    ]


def test_a_rule_of_a_past_day_may_ask_for_a_ladder_and_for_scores_of_that_day(floor: Floor) -> None:
    """By 1 January Cem, Dora and Ida had spent 120, 100 and 40 euros; by June Ada 1,000 and two more some."""
    rest = "{ name = 'rest', members = 'guest = false' }"
    floor.write_config(
        rules=f"[ladders.value]\nsteps = [{{ name = 'A', members = \"abc_class = 'A'\" }}, {rest}]\n"
    )
    floor.done("pull")
    for day, first, best in (("2026-01-01", ["1003"], ["1003"]), ("2026-06-01", ["1001"], ["1001", "1003"])):
        assert asked(floor, "ladder('value') = 'A'", day) == first
        assert asked(floor, "rfm_monetary = 5", day) == best


def asked(floor: Floor, rule: str, day: str) -> list[str]:
    (found,) = floor.done("rule", rule, "--as-of", day, "--list", "--json").json()
    return sorted(each["customer"] for each in found["sample"])


def test_a_day_that_lies_ahead_and_a_span_that_is_none_are_refused(floor: Floor) -> None:
    floor.done("pull")
    ahead = floor.run("rule", "guest = true", "--as-of", "2026-06-02")
    assert (ahead.code, ahead.err.strip()) == (
        2,
        "2026-06-02 lies ahead: nobody knows yet. Today is 2026-06-01 in the shop.",
    )
    span = floor.run("rule", "guest = true", "--history", "year")
    assert span.code == 2
    assert "'year' is no span such as 12m or 2y" in span.err


def test_a_rule_says_which_of_its_conditions_nobody_has_a_value_for(floor: Floor) -> None:
    floor.done("pull")
    asked = floor.done("rule", "rfm_group = 'LOYAL' OR sk_rfm_group = 'LOYAL'")
    assert asked.err.strip() == "Nobody in roastery has a value for this: rfm_group = 'LOYAL'"


def write(floor: Floor, *statements: str) -> None:
    with closing(sqlite3.connect(floor.database)) as connection, connection:
        for each in statements:
            connection.execute(each)


STALE = """
[groups.loyal]
members = "number_of_orders > 3 OR rfm_group = 'LOYAL'"
tag = "loyal"
"""


def test_a_rule_that_fails_on_the_data_leaves_its_group_as_it_was_and_says_so(floor: Floor) -> None:
    floor.write_config(rules=STALE + GROUPS)
    floor.first_push()
    assert members(floor, "loyal") == ["1001", "1004"]
    write(
        floor,  # damage that no shop sends: what stands there is no JSON
        "UPDATE customers SET attributes = '{' WHERE id = '1009'",
        "UPDATE orders SET uncounted = 'cancelled' WHERE person IS NOT NULL",
        "UPDATE shops SET rebuild = 1",
    )
    planned = floor.done("plan")
    assert members(floor, "loyal") == ["1001", "1004"]
    assert members(floor, "stammkunden") == []
    assert "loyal is not pushed: it could not be worked out (malformed JSON)." in planned.err
    assert "sk:loyal" not in planned.out
    assert "sk:stammkunde" in planned.out
    assert "loyal is stale and stays as it was: malformed JSON." in floor.done("groups").err
    write(floor, "UPDATE customers SET attributes = '{}' WHERE id = '1009'")
    floor.done("plan")
    assert members(floor, "loyal") == []
    assert "stale" not in floor.done("groups").err


def test_rules_and_the_report_name_the_same_people_by_recency_frequency_and_value(floor: Floor) -> None:
    floor.done("pull")
    (report,) = floor.done("report", "--json").json()
    told = {each["name"]: each["customers"] for each in report["report"]["rfm"]["groups"]}
    ruled = {
        name: floor.done("rule", f"sk_rfm_group = '{name}'", "--json").json()[0]["members"] for name in told
    }
    assert ruled == told
    assert {name: count for name, count in told.items() if count} == {
        "CHAMPIONS": 1,  # Ada
        "LOYAL": 1,  # Dora
        "ACTIVE": 1,  # Kim
        "NEW": 1,  # Ben
        "PREVIOUSLY_LOYAL": 1,  # Cem
        "DORMANT": 1,  # Ida
        "PROSPECTS": 4,  # Finn, Gül, Hans and Jan
    }
