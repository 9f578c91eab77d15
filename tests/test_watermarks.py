"""Where the next read begins: nothing may be lost to a clock that is off, and nothing drifts back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.adapter import Page
from connector.database import Database
from connector.mirror import Mirror, Terms, open_shop
from connector.model import Customer, Kind

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with Database(tmp_path / "stammkunde.sqlite") as db:
        terms = Terms(currency="EUR", time_zone="Europe/Berlin", prefixes=("sk:",))
        yield Mirror(db, open_shop(db, "roastery"), terms)


def read(
    mirror: Mirror, at: datetime, *changed: datetime | None, back: timedelta = timedelta()
) -> datetime | None:
    """Read customers with these stamps to the end. Returns since when was asked."""
    begun = mirror.begin("customers", at, back=back)
    for number, stamp in enumerate(changed):
        mirror.store(begun, Page(records=(Customer(id=str(number), updated_at=stamp),)))
    mirror.finish(begun, at)
    return begun.since_moment()


def test_the_next_read_begins_before_the_newest_row_seen(mirror: Mirror) -> None:
    assert read(mirror, NOW, NOW - 3 * HOUR, NOW - 2 * HOUR) is None
    assert read(mirror, NOW + HOUR) == NOW - 2 * HOUR - timedelta(minutes=10)


def test_a_shop_whose_clock_is_ahead_does_not_move_the_watermark_past_our_start(mirror: Mirror) -> None:
    read(mirror, NOW, NOW + HOUR)
    assert read(mirror, NOW + HOUR) == NOW - timedelta(minutes=10)


def test_an_empty_shop_is_read_whole_again_whatever_its_clock_says(mirror: Mirror) -> None:
    """With our clock an hour ahead, the first customer would else be stamped before the watermark."""
    read(mirror, NOW)
    assert mirror.is_complete([Kind.CUSTOMERS])
    assert read(mirror, NOW + HOUR, NOW - HOUR / 2) is None
    assert read(mirror, NOW + 2 * HOUR) == NOW - HOUR / 2 - timedelta(minutes=10)


def test_reads_that_see_nothing_leave_the_watermark_where_it_was(mirror: Mirror) -> None:
    read(mirror, NOW, NOW - HOUR)
    asked = [read(mirror, NOW + day * 24 * HOUR, back=timedelta(days=14)) for day in (1, 2, 3)]
    assert asked == [NOW - HOUR - timedelta(days=14)] * 3


def test_rows_without_stamps_move_it_to_the_start_of_the_read(mirror: Mirror) -> None:
    read(mirror, NOW, None)
    assert read(mirror, NOW + HOUR, None) == NOW - timedelta(minutes=10)
    assert read(mirror, NOW + 2 * HOUR) == NOW + HOUR - timedelta(minutes=10)
