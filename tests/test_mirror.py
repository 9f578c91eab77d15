"""What the mirror keeps: reads in progress, which of two versions wins, what is gone, and whose tags stay."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.adapter import Page
from connector.database import Database
from connector.mirror import Mirror, Terms, open_shop
from connector.model import Customer, Kind, Tagging, UpdateTags

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with Database(tmp_path / "stammkunde.sqlite") as db:
        terms = Terms(currency="EUR", time_zone="Europe/Berlin", prefixes=("sk:", "alt:"))
        yield Mirror(db, open_shop(db, "roastery"), terms)


def customer(number: int, city: str = "Kiel", changed: datetime | None = None) -> Customer:
    return Customer(id=str(number), city=city, updated_at=changed)


def read(mirror: Mirror, at: datetime, *customers: Customer) -> None:
    """A whole read that began then."""
    begun = mirror.begin("customers", at, full=True)
    mirror.store(begun, Page(records=customers))
    mirror.finish(begun, at)


def cities(mirror: Mirror) -> dict[str, str]:
    rows = mirror.db.rows("SELECT id, city FROM customers WHERE gone_at IS NULL ORDER BY id")
    return {row["id"]: row["city"] for row in rows}


# -- a read in progress


def test_a_read_that_was_cut_off_goes_on_as_it_began(mirror: Mirror) -> None:
    read(mirror, NOW - 24 * HOUR, customer(1, changed=NOW - 24 * HOUR))
    begun = mirror.begin("customers", NOW)
    mirror.store(begun, Page(records=(customer(2, changed=NOW - HOUR),), checkpoint="page-1"))
    mirror.store(begun, Page(records=(customer(3, changed=NOW - 2 * HOUR),)))  # no place to resume at
    resumed = mirror.begin("customers", NOW + HOUR)
    assert resumed.since_moment() == NOW - 24 * HOUR - timedelta(minutes=10)
    assert (resumed.began_at, resumed.newest) == (begun.began_at, begun.newest)
    assert (resumed.checkpoint, resumed.records) == ("page-1", 2)
    mirror.finish(resumed, NOW + HOUR)
    assert mirror.db.value("SELECT full_at FROM watermarks") == (NOW - 24 * HOUR).timestamp() * 1000
    assert mirror.begin("customers", NOW + HOUR).since_moment() == NOW - HOUR - timedelta(minutes=10)


def test_a_full_read_does_not_go_on_with_a_part(mirror: Mirror) -> None:
    read(mirror, NOW - 24 * HOUR, customer(1, changed=NOW - 24 * HOUR))
    part = mirror.begin("customers", NOW)
    mirror.store(part, Page(records=(customer(2, changed=NOW - HOUR),), checkpoint="page-1"))
    whole = mirror.begin("customers", NOW + HOUR, full=True)
    assert (whole.since, whole.checkpoint, whole.records) == (None, None, 0)
    mirror.store(whole, Page(records=(), checkpoint="page-2"))
    assert (
        mirror.begin("customers", NOW + 2 * HOUR).checkpoint == "page-2"
    )  # any read goes on with a full one


# -- of two versions


def test_an_older_version_never_overwrites_a_newer_one(mirror: Mirror) -> None:
    read(mirror, NOW, customer(1, "Kiel", NOW - HOUR))
    read(mirror, NOW + HOUR, customer(1, "Bonn", NOW - 2 * HOUR))
    assert cities(mirror) == {"1": "Kiel"}
    read(mirror, NOW + HOUR, customer(1, "Bonn", NOW))
    assert cities(mirror) == {"1": "Bonn"}


@pytest.mark.parametrize("stamp", [NOW - HOUR, None])
def test_of_two_with_one_stamp_or_none_the_read_begun_later_wins(
    mirror: Mirror, stamp: datetime | None
) -> None:
    read(mirror, NOW, customer(1, "Kiel", stamp))
    read(mirror, NOW + HOUR, customer(1, "Bonn", stamp))
    assert cities(mirror) == {"1": "Bonn"}
    read(mirror, NOW - HOUR, customer(1, "Jena", stamp))
    assert cities(mirror) == {"1": "Bonn"}


def test_of_two_versions_in_one_page_the_newer_one_stays(mirror: Mirror) -> None:
    read(mirror, NOW, customer(1, "Bonn", NOW), customer(1, "Kiel", NOW - HOUR))
    assert cities(mirror) == {"1": "Bonn"}


# -- gone


def test_who_is_seen_again_lives_again_though_nothing_changed(mirror: Mirror) -> None:
    read(mirror, NOW, customer(1))
    mirror.store_fresh((), {Kind.CUSTOMERS: ("1",)}, NOW + HOUR)
    assert cities(mirror) == {}
    read(mirror, NOW + 2 * HOUR, customer(1))
    assert cities(mirror) == {"1": "Kiel"}


def test_who_was_read_later_is_not_gone_by_an_earlier_read(mirror: Mirror) -> None:
    early = mirror.begin("customers", NOW)
    mirror.store_fresh((customer(1), customer(2)), {}, NOW + HOUR)
    mirror.store(early, Page(records=(), gone=("1",)))
    assert cities(mirror) == {"1": "Kiel", "2": "Kiel"}


def swept(mirror: Mirror, at: datetime, *present: int) -> list[str]:
    """Who is missing from a sweep that saw these."""
    sweep = mirror.begin("ids:customers", at, full=True)
    mirror.store_ids(sweep, Page(records=tuple(map(str, present))))
    absent = mirror.missing(Kind.CUSTOMERS, sweep, at)
    gone = mirror.count_missed(Kind.CUSTOMERS, absent, sweep)
    mirror.finish(sweep, at)
    assert set(gone) <= set(absent)
    return absent


@pytest.mark.parametrize(
    ("held", "seen", "missing"), [(20, 10, 10), (20, 9, 0), (20, 0, 0), (19, 0, 19), (19, 9, 10)]
)
def test_a_sweep_that_lacks_more_than_half_of_twenty_is_not_believed(
    mirror: Mirror, held: int, seen: int, missing: int
) -> None:
    read(mirror, NOW, *map(customer, range(held)))
    assert len(swept(mirror, NOW + HOUR, *range(seen))) == missing


def test_who_was_read_since_a_sweep_began_is_not_missing_from_it(mirror: Mirror) -> None:
    read(mirror, NOW, customer(1), customer(2))
    sweep = mirror.begin("ids:customers", NOW + HOUR, full=True)
    mirror.store_ids(sweep, Page(records=("1",)))
    mirror.store_fresh((customer(2), customer(3)), {}, NOW + HOUR)
    assert mirror.missing(Kind.CUSTOMERS, sweep, NOW + HOUR) == []


def test_without_a_lookup_absence_is_believed_the_second_time(mirror: Mirror) -> None:
    read(mirror, NOW, customer(1), customer(2))
    swept(mirror, NOW + HOUR, 1)
    assert cities(mirror) == {"1": "Kiel", "2": "Kiel"}
    swept(mirror, NOW + 2 * HOUR, 1)
    assert cities(mirror) == {"1": "Kiel"}


def test_who_is_seen_in_between_is_missed_anew(mirror: Mirror) -> None:
    read(mirror, NOW, customer(1), customer(2))
    swept(mirror, NOW + HOUR, 1)
    read(mirror, NOW + 2 * HOUR, customer(2))
    swept(mirror, NOW + 3 * HOUR, 1)
    assert cities(mirror) == {"1": "Kiel", "2": "Kiel"}


# -- tags that a read of their own shows


def tags(mirror: Mirror) -> list[tuple[str, str]]:
    rows = mirror.db.rows("SELECT customer_id, tag FROM shop_tags ORDER BY 1, 2")
    return [(row["customer_id"], row["tag"]) for row in rows]


def tag_read(mirror: Mirror, prefix: str, **carried: tuple[str, ...]) -> None:
    begun = mirror.begin(f"tags:{prefix}", NOW, full=True)
    taggings = tuple(Tagging(customer_id=name.strip("c"), tags=found) for name, found in carried.items())
    mirror.store_taggings(begun, Page(records=taggings), prefix)
    mirror.forget_unseen_tags(begun, prefix)
    mirror.finish(begun, NOW)


def test_a_read_of_one_prefix_says_nothing_of_another(mirror: Mirror) -> None:
    read(mirror, NOW, customer(1), customer(2))
    tag_read(mirror, "sk:", c1=("SK:A", "sk:b", "VIP"), c2=("sk:a",))
    tag_read(mirror, "alt:", c1=("alt:a",), c2=("alt:b",))
    everything = [("1", "SK:A"), ("1", "alt:a"), ("1", "sk:b"), ("2", "alt:b"), ("2", "sk:a")]
    assert tags(mirror) == everything
    tag_read(mirror, "alt:", c1=("alt:c",))
    assert tags(mirror) == [("1", "SK:A"), ("1", "alt:c"), ("1", "sk:b"), ("2", "sk:a")]
    tag_read(mirror, "sk:")
    assert tags(mirror) == [("1", "alt:c")]


def test_who_takes_our_tag_off_at_once_is_seen_to(mirror: Mirror) -> None:
    """The record is then what it was before our push, and still it is news."""
    read(mirror, NOW, customer(1, changed=NOW - HOUR))
    with mirror.db.write() as connection:
        mirror.apply(connection, UpdateTags(customer_id="1", add=("sk:a",)))
    assert tags(mirror) == [("1", "sk:a")]
    read(mirror, NOW + HOUR, customer(1, changed=NOW))
    assert tags(mirror) == []


def test_a_tag_that_was_pushed_behind_an_interrupted_read_is_not_forgotten_by_it(mirror: Mirror) -> None:
    read(mirror, NOW, customer(1), customer(2))
    cut_off = mirror.begin("tags:sk:", NOW, full=True)
    page = Page(records=(Tagging(customer_id="2", tags=("sk:a",)),), checkpoint="behind 2")
    mirror.store_taggings(cut_off, page, "sk:")
    with mirror.db.write() as connection:
        mirror.apply(connection, UpdateTags(customer_id="1", add=("sk:a",)))
    resumed = mirror.begin("tags:sk:", NOW + HOUR, full=True)
    assert resumed.checkpoint == "behind 2"
    mirror.forget_unseen_tags(resumed, "sk:")
    assert tags(mirror) == [("1", "sk:a"), ("2", "sk:a")]
