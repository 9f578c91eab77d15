"""Where the next read begins: nothing may be lost to a clock that is off, and nothing drifts back.

And what absence means: nothing outside the window that the shop lets us see.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.adapter import Page
from connector.database import Database
from connector.mirror import Mirror, Terms, open_shop, remember_shop
from connector.model import Customer, Kind, Order, Payment, Shipment, ShopInfo

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


# -- what is gone

DAY = timedelta(days=1)


def check(mirror: Mirror, at: datetime) -> None:
    """The shop shows the orders of the last sixty days."""
    info = ShopInfo(
        name="R",
        currency="EUR",
        time_zone="Europe/Berlin",
        features=frozenset(),
        orders_visible_from=at - 60 * DAY,
    )
    remember_shop(mirror.db, mirror.shop, info, at)


def put_orders(mirror: Mirror, at: datetime, **placed: datetime) -> None:
    begun = mirror.begin("orders", at)
    orders = tuple(
        Order(
            id=number,
            number=number,
            customer_id=None,
            placed_at=moment,
            currency="EUR",
            total=100,
            goods=100,
            payment=Payment.PAID,
            shipment=Shipment.SHIPPED,
        )
        for number, moment in placed.items()
    )
    mirror.store(begun, Page(records=orders))
    mirror.finish(begun, at)


def gone(mirror: Mirror) -> set[str]:
    rows = mirror.db.rows("SELECT id FROM orders WHERE gone_at IS NOT NULL")
    return {row["id"] for row in rows}


def test_an_order_that_left_the_window_while_it_was_read_is_not_missing(mirror: Mirror) -> None:
    """A full pull may take many hours, and the window moves on with each of them."""
    check(mirror, NOW)
    put_orders(mirror, NOW, old=NOW - 70 * DAY, leaving=NOW - 60 * DAY + HOUR, young=NOW - 30 * DAY)
    sweep = mirror.begin("ids:orders", NOW + 2 * HOUR, full=True)
    mirror.store_ids(sweep, Page(records=()))
    assert mirror.missing(Kind.ORDERS, sweep, NOW + 2 * HOUR) == ["young"]


def test_the_window_is_that_of_the_moment_of_the_lookup(mirror: Mirror) -> None:
    check(mirror, NOW)
    put_orders(mirror, NOW, middle=NOW - 50 * DAY, young=NOW - 30 * DAY)
    sweep = mirror.begin("ids:orders", NOW + 10 * DAY, full=True)
    assert mirror.missing(Kind.ORDERS, sweep, NOW + 10 * DAY) == ["young"]


def test_a_lookup_proves_nothing_of_an_order_outside_the_window(mirror: Mirror) -> None:
    """A refund of an old order calls us, and the shop does not show that order any more."""
    check(mirror, NOW)
    put_orders(mirror, NOW, old=NOW - 70 * DAY, leaving=NOW - 60 * DAY + HOUR, young=NOW - 30 * DAY)
    mirror.store_fresh((), {Kind.ORDERS: ("old", "leaving", "young")}, NOW + 2 * HOUR)
    assert gone(mirror) == {"young"}


def test_where_all_orders_are_seen_a_lookup_proves_everything(mirror: Mirror) -> None:
    put_orders(mirror, NOW, old=NOW - 700 * DAY)
    mirror.store_fresh((), {Kind.ORDERS: ("old",)}, NOW + HOUR)
    assert gone(mirror) == {"old"}
