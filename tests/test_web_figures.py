"""Figures of pages are worked out when there is something new, and only then."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from connector import validate
from connector.database import Database
from connector.metrics import Numbers
from connector.web import figures
from tests.shopfloor import CAMPAIGN, Floor, order, people, put, shopfloor


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    """A shop of ten people, read once."""
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        floor.write_config(rules=floor.rules + CAMPAIGN)
        floor.done("pull")
        yield floor


def keep(floor: Floor) -> dict[str, datetime]:
    """Look whether there is something new, a minute later. Returns when each kind was last worked out."""
    floor.later(minutes=1)
    config = validate.load(floor.config)
    with closing(Database(floor.database)) as db:
        figures.keep(db, config, config.shops["roastery"], floor.now)
        kept = {}
        for kind, type_ in (
            ("numbers", Numbers),
            ("groups", figures.GroupLines),
            ("before", figures.Before),
            ("plan", figures.NextPush),
        ):
            found = figures.read(db, 1, kind, type_)
            assert found is not None
            kept[kind] = found[0].worked_out_at
    return kept


def spent(floor: Floor) -> tuple[int, int]:
    """What everybody spent together, and what nobody did."""
    with closing(Database(floor.database)) as db:
        found = figures.read(db, 1, "numbers", Numbers)
    assert found is not None
    return found[1].report.spent, found[1].report.spent_without_customer


def test_a_pull_that_brought_nothing_new_leaves_the_numbers_as_they_are(floor: Floor) -> None:
    first = keep(floor)
    floor.later(minutes=20)
    floor.done("pull")
    second = keep(floor)
    assert {kind: second[kind] == first[kind] for kind in first} == {
        "numbers": True,
        "groups": True,
        "before": True,
        "plan": False,  # a read of the shop's coupons may have changed it
    }
    assert keep(floor) == second


def test_a_new_order_and_one_that_names_nobody_are_counted(floor: Floor) -> None:
    keep(floor)
    before = spent(floor)
    put(floor.shop, [order(800, 1002, 0, 600)])
    floor.later(minutes=5)
    floor.done("pull")
    keep(floor)
    assert spent(floor) == (before[0] + 60_000, before[1])
    put(floor.shop, [order(801, None, 0, 50)])
    floor.later(minutes=5)
    floor.done("pull")
    keep(floor)
    assert spent(floor) == (before[0] + 60_000, before[1] + 5_000)


def test_what_was_read_counts_even_before_facts_are_worked_out(floor: Floor) -> None:
    keep(floor)
    before = spent(floor)
    put(floor.shop, [order(800, 1002, 0, 600)])
    floor.later(minutes=5)
    floor.done("pull")
    with closing(Database(floor.database)) as db, db.write() as connection:
        connection.execute("UPDATE shops SET rebuild = 1")
    first = keep(floor)
    assert spent(floor) == (before[0] + 60_000, before[1])
    floor.done("plan")
    second = keep(floor)
    assert second["numbers"] > first["numbers"]


def test_a_changed_rule_and_another_day_work_them_out_anew(floor: Floor) -> None:
    first = keep(floor)
    floor.write_config(rules='[groups.big]\nmembers = "amount_spent > 1"\n')
    second = keep(floor)
    assert second["groups"] > first["groups"]
    floor.done("plan")  # now the group has other members
    third = keep(floor)
    assert third["groups"] > second["groups"]
    floor.later(days=1)
    last = keep(floor)
    assert all(last[kind] > third[kind] for kind in last)


def test_that_a_group_begins_is_no_change_of_it_but_what_comes_within_the_hour_is(floor: Floor) -> None:
    put(floor.shop, [order(800, 1002, 0, 600)])
    floor.later(minutes=20)
    floor.done("pull")
    keep(floor)
    with closing(Database(floor.database)) as db:
        found = figures.read(db, 1, "groups", figures.GroupLines)
        big = figures.read(db, 1, "group:big", figures.GroupPast)
    assert found is not None
    assert big is not None
    assert {each.name: (each.members, each.entered, each.left) for each in found[1].groups} == {
        "stammkunden": (3, 0, 0),
        "big": (3, 1, 0),
        "new": (1, 0, 1),
        "dormant": (2, 0, 0),
    }
    assert big[1].days == [figures.Day(date(2026, 6, 1), 1, 0, 3)]
