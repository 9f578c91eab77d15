"""Who moved between classes, what new customers cost, and the next order: on a shop counted by hand.

The ten of `shopfloor.people` and Ida's second order. As of 1 June 2026, customers with their counted orders:
Ada 5, Ben 1, Cem 2, Dora 5, Ida 2, Kim 1; four are beginners, Eva is left out.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shopfloor import NOW, Floor, customer, order, people, put, shopfloor

LADDER = """
[ladders.value]
steps = [
    { name = "A", members = "abc_class = 'A'" },
    { name = "B", members = "abc_class = 'B'" },
    { name = "rest", members = "number_of_orders > 0 AND in_group('buyers') = true" },
]

[groups.buyers]
members = "number_of_orders >= 1"
"""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        put(opened.shop, [order(171, 1009, 3, 10)])
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.done("pull")
        yield opened


def figures(floor: Floor, *arguments: str) -> Any:
    (found,) = floor.done("report", "--json", *arguments).json()
    return found["report"]


def moves(report: Any, of: str) -> dict[tuple[str | None, str | None], int]:
    (found,) = [each for each in report["migration"]["matrices"] if each["of"] == of]
    return {(each["then"], each["now"]): each["customers"] for each in found["moves"]}


def screen(floor: Floor, *arguments: str) -> list[str]:
    return [" ".join(line.split()) for line in floor.done("report", *arguments).out.splitlines()]


# Migration


def test_everybody_moves_from_a_class_then_to_one_now(floor: Floor) -> None:
    report = figures(floor, "--since", "2026-01-01")
    assert (report["migration"]["since"], report["migration"]["until"]) == ("2026-01-01", "2026-06-01")
    assert moves(report, "lifecycle") == {
        ("beginner", "beginner"): 4,
        ("beginner", "new"): 1,  # Ben
        ("beginner", "regular"): 1,  # Ada
        ("active", "dormant"): 1,  # Cem
        ("regular", "dormant"): 1,  # Dora
        ("potential", "active"): 1,  # Ida
        (None, "new"): 1,  # Kim, a guest whom nobody knew then
    }


def test_who_had_no_class_is_new_and_who_has_none_is_gone(floor: Floor) -> None:
    floor.later(days=300)  # the orders of Cem and Dora leave the window of a year
    assert moves(figures(floor, "--since", "2026-06-01"), "abc") == {
        ("A", "A"): 1,  # Ada
        ("B", None): 2,  # Cem and Dora
        ("C", "B"): 1,  # Kim
        ("C", "C"): 2,  # Ben and Ida
    }
    assert moves(figures(floor, "--since", "2025-05-01"), "abc") == {
        (None, "A"): 1,
        (None, "B"): 1,
        (None, "C"): 1,
        ("A", "C"): 1,  # Ida, the only customer then
    }


def test_a_ladder_is_climbed_by_its_rules_as_of_both_days(floor: Floor) -> None:
    floor.write_config(rules=LADDER)
    assert moves(figures(floor, "--since", "2026-01-01"), "value") == {
        ("A", "B"): 1,  # Cem
        ("B", "B"): 1,  # Dora
        ("rest", "rest"): 1,  # Ida
        (None, "A"): 1,  # Ada
        (None, "rest"): 2,  # Ben and Kim
    }


def test_the_screen_names_both_days(floor: Floor) -> None:
    told = screen(floor, "--since", "2026-01-01", "--as-of", "2026-05-31")
    assert (
        "Who moved. On both days every order counts as it is known today, refunds since then included."
        in told
    )
    assert "A, B and C: 1 Jan 2026 (rows) to 31 May 2026 (columns)" in told
    assert "(new) 1 2 3" in told
    assert any(line.startswith("Every order counts as it is known today (1 Jun 2026)") for line in told)


def test_a_day_that_is_not_before_the_other_is_refused(floor: Floor) -> None:
    ran = floor.run("report", "--since", "2026-06-01")
    assert (ran.code, ran.err) == (2, "2026-06-01 is not before 2026-06-01. Give --since an earlier day.\n")


histories = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 700), st.integers(0, 4)), min_size=1, max_size=30
)


@given(history=histories, back=st.integers(1, 800))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_rows_sum_to_the_classes_then_and_columns_to_those_now(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[int, int, int]], back: int
) -> None:
    with shopfloor(tmp_path_factory.mktemp("random")) as floor:
        put(floor.open_shop(), [customer(each, f"a{each}@example.com") for each in range(1, 10)])
        put(floor.shop, [order(100 + n, who, ago, euros) for n, (who, ago, euros) in enumerate(history)])
        floor.write_config(rules=LADDER)
        floor.done("pull")
        since = (NOW.date() - timedelta(days=back)).isoformat()
        now, then = figures(floor, "--since", since), figures(floor, "--as-of", since)
        for of, table in (("abc", "abc"), ("lifecycle", "lifecycle")):
            for place, report in ((0, then), (1, now)):
                counts: Counter[str | None] = Counter()
                for pair, count in moves(now, of).items():
                    counts[pair[place]] += count
                known = {each["name"]: each["customers"] for each in report[table] if each["customers"]}
                assert {name: count for name, count in counts.items() if name} == known
        for year in now["windows"]:
            if year["customers"]:
                assert year["aov_spent"] * year["frequency"] == pytest.approx(
                    year["spent"] / year["customers"]
                )
        for step in now["next_order"]:
            assert step["again"] + step["waiting"] + step["lapsed"] == step["reached"]
        assert sum(each["gaps"] for each in now["gaps"]["histogram"]) == now["gaps"]["count"]


# What new customers cost


def test_new_customers_cost_the_spend_of_their_month_and_pay_it_back(floor: Floor) -> None:
    floor.set(margin="0.5", acquisition_spend="{ 2026-01 = 100, 2025-08 = 90, 2026-05 = 60.50, 2026-07 = 5 }")
    august, january, may = figures(floor)["acquisition"]
    assert august["month"] == "2025-08"  # Cem: 120 euros, 56.07 net each, in August and November
    assert (august["customers"], august["cac"], august["payback"]) == (1, 9000.0, None)
    assert august["margin_per_customer"] == 5607.0
    assert (january["month"], january["customers"], january["cac"]) == ("2026-01", 1, 10000.0)
    # Ada: 200 euros in January, 186.92 net, half of it is 93.46; not a cent in February, 93.46 in March
    assert (january["margin_per_customer"], january["payback"]) == (46730.0, 2)
    assert may["month"] == "2026-05"  # Ben and Kim
    assert (may["customers"], may["cac"], may["margin_per_customer"], may["payback"]) == (
        2,
        3025.0,
        2102.75,
        None,
    )


def test_a_month_that_is_not_over_has_its_spend_and_nothing_else(floor: Floor) -> None:
    floor.set(margin="0.5", acquisition_spend="{ 2026-06 = 1000 }")
    assert figures(floor)["acquisition"] == [
        {
            "month": "2026-06",
            "spend": 100000,
            "customers": None,
            "cac": None,
            "margin_per_customer": None,
            "payback": None,
        }
    ]
    assert "2026-06 1,000.00 EUR" in screen(floor)


def test_without_a_margin_nothing_is_said_of_when_it_was_paid_back(floor: Floor) -> None:
    floor.set(acquisition_spend="{ 2026-01 = 100 }")
    (january,) = figures(floor)["acquisition"]
    assert (january["cac"], january["margin_per_customer"], january["payback"]) == (10000.0, None, None)
    told = screen(floor)
    assert "2026-01 100.00 EUR 1 100.00 EUR – –" in told
    assert "No margin is configured, so nothing is said of when it was paid back." in told


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-01", "Mai", "2026-00"])
def test_a_spend_is_of_a_month(floor: Floor, month: str) -> None:
    floor.set(acquisition_spend=f'{{ "{month}" = 100 }}')
    ran = floor.run("report")
    assert ran.code == 2
    assert f"acquisition_spend: '{month}' is no month. Write it as in 2026-10 = 1200." in ran.err


def test_a_spend_is_no_less_than_nothing(floor: Floor) -> None:
    floor.set(acquisition_spend="{ 2026-01 = -1 }")
    assert floor.run("report").code == 2


# The next order


def test_whoever_did_not_order_again_has_time_or_has_lapsed(floor: Floor) -> None:
    first, second, third, *_ = figures(floor)["next_order"]
    assert first == {
        "order": 1,
        "reached": 6,
        "again": 4,
        "waiting": 2,  # Ben and Kim
        "lapsed": 0,
        "share": pytest.approx(4 / 6),
        "share_of_settled": 1.0,
    }
    assert [second[name] for name in ("reached", "again", "waiting", "lapsed")] == [4, 2, 1, 1]  # Ida, Cem
    assert [third[name] for name in ("reached", "again", "waiting", "lapsed")] == [2, 2, 0, 0]
    assert "2nd to 3rd 4 2 50.0 % 1 1" in screen(floor)


def test_every_gap_stands_in_one_bar(floor: Floor) -> None:
    bars = figures(floor)["gaps"]["histogram"]
    assert bars[0] == {"first": 0, "last": 15, "gaps": 5}  # Ada's last one, and Dora's four
    assert {each["first"]: each["gaps"] for each in bars if each["gaps"]} == {0: 5, 31: 3, 91: 1, 361: 1}


# Several shops


def test_a_shop_that_was_never_pulled_does_not_stop_the_others(floor: Floor) -> None:
    floor.open_shop("outlet")
    ran = floor.run("report", "--json")
    assert [each["shop"] for each in ran.json()] == ["roastery"]
    assert (ran.code, ran.err) == (2, "outlet was never pulled. Run `stammkunde pull outlet` first.\n")


def test_what_csv_has_of_it(floor: Floor) -> None:
    floor.set(acquisition_spend="{ 2026-01 = 100.5 }")
    rows = floor.done("report", "--csv", "-", "--since", "2026-01-01").out.splitlines()
    today = date(2026, 6, 1)
    assert f"roastery,{today},acquisition,2026-01,CAC,acquisition spend,100.50,EUR" in rows
    assert f"roastery,{today},next order,order 2,still have time,count,1," in rows
    assert f"roastery,{today},gaps,31 to 45 days,gaps,count,3," in rows
    assert f"roastery,{today},lifecycle since 2026-01-01,from (new),to new,count,1," in rows
