"""Dates: whole days in the shop's time zone, over both changes of the clocks, leap day and new year."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connector.rules import compile_rule, parse
from connector.rules.dates import EXTENSION_NAMES, Named, Offset, Span, ago, instants, offset
from tests.rule_shop import CONTEXT, RuleShop, instant


@pytest.mark.parametrize(
    ("today", "written", "expected"),
    [
        ("2026-03-31", "-1m", "2026-02-28"),
        ("2024-03-31", "-1m", "2024-02-29"),
        ("2026-03-31", "+1m", "2026-04-30"),
        ("2024-02-29", "-1y", "2023-02-28"),
        ("2024-02-29", "-4y", "2020-02-29"),
        ("2024-02-29", "+12m", "2025-02-28"),
        ("2026-01-31", "-2m", "2025-11-30"),
        ("2026-01-01", "-1d", "2025-12-31"),
        ("2026-01-01", "-1w", "2025-12-25"),
        ("2026-12-31", "+1d", "2027-01-01"),
        ("2026-03-30", "-1d", "2026-03-29"),
        ("2026-05-15", "-0d", "2026-05-15"),
        ("2026-05-15", "-10Y", "2016-05-15"),
        ("2026-05-15", "-99999999999999d", "0002-01-01"),
        ("2026-05-15", "+99999999999999y", "9998-12-15"),
    ],
)
def test_offsets(today: str, written: str, expected: str) -> None:
    day = date.fromisoformat(expected)
    assert offset(written).span(date.fromisoformat(today)) == Span(day, day)


def test_named_offsets() -> None:
    assert ago("12_months_ago") == Offset(-12, "m")
    assert ago("7_DAYS_AGO") == Offset(-7, "d")
    assert ago("1_year_ago") == Offset(-1, "y")
    assert ago("3_moons_ago") is None


@pytest.mark.parametrize(
    ("name", "today", "first", "last"),
    [
        ("today", "2026-01-01", "2026-01-01", "2026-01-01"),
        ("yesterday", "2026-01-01", "2025-12-31", "2025-12-31"),
        ("last_calendar_month", "2026-01-15", "2025-12-01", "2025-12-31"),
        ("last_calendar_month", "2024-03-31", "2024-02-01", "2024-02-29"),
        ("this_calendar_month", "2026-02-28", "2026-02-01", "2026-02-28"),
        ("last_calendar_year", "2026-01-01", "2025-01-01", "2025-12-31"),
        ("this_calendar_year", "2026-12-31", "2026-01-01", "2026-12-31"),
    ],
)
def test_named_dates(name: str, today: str, first: str, last: str) -> None:
    span = Span(date.fromisoformat(first), date.fromisoformat(last))
    assert Named(name).span(date.fromisoformat(today)) == span


@pytest.mark.parametrize("name", ["today", "yesterday", *EXTENSION_NAMES])
@pytest.mark.parametrize("today", ["2024-03-01", "2024-12-31", "2026-03-31", "2026-01-01"])
def test_a_name_says_how_far_it_reaches_back(name: str, today: str) -> None:
    day = date.fromisoformat(today)
    assert (day - Named(name).span(day).first).days <= Named(name).days_back()


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        # 23 hours, 25 hours, and an ordinary day
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        ("Europe/Berlin", "2026-12-31", "2026-12-30T23:00Z", "2026-12-31T23:00Z"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
        # the clock goes from 24:00 to 01:00, so the day begins at 01:00; and back to 00:00, so it begins once
        ("America/Asuncion", "2023-10-01", "2023-10-01T04:00Z", "2023-10-02T03:00Z"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", "2011-12-30T10:00Z"),
    ],
)
def test_a_day_has_the_hours_the_clock_gives_it(zone: str, day: str, start: str, end: str) -> None:
    found = instants(date.fromisoformat(day), date(2026, 1, 1), ZoneInfo(zone))
    assert [datetime.fromtimestamp(each / 1000, UTC) for each in found] == [
        datetime.fromisoformat(start),
        datetime.fromisoformat(end),
    ]


@pytest.fixture
def shop(tmp_path: Path) -> RuleShop:
    return RuleShop(tmp_path / "stammkunde.sqlite")


def test_whole_days_over_both_changes_of_the_clocks(shop: RuleShop) -> None:
    moments = (
        "2026-03-28T22:59:59.999+00:00",  # the last of the 28th
        "2026-03-28T23:00:00+00:00",  # midnight
        "2026-03-29T21:59:59.999+00:00",  # the last of the short day
        "2026-03-29T22:00:00+00:00",
        "2026-10-24T21:59:59.999+00:00",
        "2026-10-24T22:00:00+00:00",  # midnight of the long day
        "2026-10-25T22:59:59.999+00:00",
        "2026-10-25T23:00:00+00:00",
    )
    for person, moment in enumerate(moments, start=1):
        shop.person(person, customer={"created_at": instant(moment)})
    assert shop.members("customer_added_date = 2026-03-29") == [2, 3]
    assert shop.members("customer_added_date = 2026-10-25") == [6, 7]
    assert shop.members("customer_added_date != 2026-10-25") == [1, 2, 3, 4, 5, 8]
    assert shop.members("customer_added_date < 2026-03-29") == [1]
    assert shop.members("customer_added_date <= 2026-03-29") == [1, 2, 3]
    assert shop.members("customer_added_date > 2026-10-24") == [6, 7, 8]
    assert shop.members("customer_added_date >= 2026-10-26") == [8]
    assert shop.members("customer_added_date BETWEEN 2026-03-29 AND 2026-10-25") == [2, 3, 4, 5, 6, 7]
    assert shop.members("customer_added_date IN (2026-03-29, 2026-10-26)") == [2, 3, 8]
    # today is 2026-03-31
    assert shop.members("customer_added_date = -2d") == [2, 3]
    assert shop.members("customer_added_date BETWEEN -2d AND yesterday") == [2, 3, 4]


def test_a_time_of_day_is_the_clock_of_the_shop(shop: RuleShop) -> None:
    for person, moment in enumerate(("2026-07-01T13:59:59+00:00", "2026-07-01T14:00:00+00:00"), start=1):
        shop.person(person, customer={"created_at": instant(moment)})
    assert shop.members("customer_added_date >= 2026-07-01T16:00:00") == [2]
    assert shop.members("customer_added_date = 2026-07-01T15:59:59") == [1]
    assert shop.members("customer_added_date BETWEEN 2026-07-01 AND 2026-07-01T15:59:59") == [1]
    new_york = msgspec.structs.replace(CONTEXT, time_zone="America/New_York")
    assert shop.members("customer_added_date > 2026-07-01T09:59:59", new_york) == [2]


def test_the_turn_of_the_year_and_leap_day(shop: RuleShop) -> None:
    for person, on in enumerate(
        ("2023-12-31", "2024-01-01", "2024-02-28", "2024-02-29", "2024-03-01"), start=1
    ):
        day = date.fromisoformat(on).toordinal()
        shop.person(person, orders=1, first_day=day, last_day=day)
        shop.order(person, f"{on}T23:30:00")
    on_leap_day = msgspec.structs.replace(CONTEXT, today=date(2024, 2, 29))
    next_year = msgspec.structs.replace(CONTEXT, today=date(2025, 2, 28))
    new_year = msgspec.structs.replace(CONTEXT, today=date(2024, 1, 1))
    assert shop.members("last_order_date = today", on_leap_day) == [4]
    assert shop.members("last_order_date >= -2m", on_leap_day) == [1, 2, 3, 4, 5]
    assert shop.members("last_order_date > -1y", next_year) == [4, 5]
    assert shop.members("last_order_date = yesterday", new_year) == [1]
    assert shop.members("last_order_date = last_calendar_year", new_year) == [1]
    assert shop.members("orders_placed MATCHES (date = 2024-02-29)") == [4]
    assert shop.members("orders_placed MATCHES (date > 2024-02-29T23:29:59, date < 2024-03-01)") == [4]
    assert shop.members("anniversary('first_order_date') = today", next_year) == [3, 4]
    assert shop.members("anniversary('first_order_date') BETWEEN -60d AND today", on_leap_day) == [1, 2, 3, 4]


def test_the_same_rule_on_another_day_is_other_sql_parameters() -> None:
    rule = parse("last_order_date >= -90d AND lifecycle = 'dormant'")
    tomorrow = msgspec.structs.replace(CONTEXT, today=date(2026, 4, 1))
    assert compile_rule(rule, CONTEXT).sql == compile_rule(rule, tomorrow).sql
    assert compile_rule(rule, CONTEXT).parameters != compile_rule(rule, tomorrow).parameters
