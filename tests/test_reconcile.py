"""From the shop's own figures to ours: sums that add up to the cent, on a shop counted by hand.

The ten of `shopfloor.people`. Orders in the shop: Ada 4 and one as a guest, Ben 1, Cem 2, Dora 5, Eva (left
out) 6, Gül 1 (cancelled), Hans 1 (open) and 1 test, Ida 1, Jan 1 (came back whole), Kim 1 as a guest.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.shopify.sandbox.view import ALL_SCOPES
from connector.model import Kind, Order, Payment, Refund, Shipment
from tests.shopfloor import NOW, Floor, customer, order, people, put, returned, shopfloor

#: What the shop says of each: all orders that are not cancelled or tests, with what was charged less refunds.
OWN = {
    1001: (4, 80000),
    1002: (1, 3000),
    1003: (2, 12000),
    1004: (5, 10000),
    1005: (6, 540000),
    1006: (0, 0),
    1007: (0, 0),
    1008: (1, 5000),
    1009: (1, 4000),
    1010: (1, 0),
}


def own(number: int, **figures: Any) -> Any:
    count, spent = OWN.get(number, (0, 0))
    tags = ("B2B",) if number == 1005 else ()
    email = None if number == 1007 else f"{NAMES[number]}@example.com"
    return customer(number, email, *tags, shop_order_count=count, shop_amount_spent=spent, **figures)


NAMES = dict(
    zip(OWN, ("ada", "ben", "cem", "dora", "eva", "finn", "guel", "hans", "ida", "jan"), strict=True)
)


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        put(opened.shop, [own(number) for number in OWN])
        opened.set(exclude='{ tags = ["b2b"] }')
        yield opened


def reconciled(floor: Floor) -> Any:
    floor.done("pull")
    (found,) = floor.done("reconcile", "--json").json()
    return found["found"]


def lines(found: Any, of: str) -> list[tuple[str, int]]:
    (wanted,) = [each for each in found["sums"] if each["of"] == of]
    return [(each["why"], each["value"]) for each in wanted["lines"]]


def adds_up(what: Any) -> bool:
    """Whether each total is the sum of all that stands before it."""
    total = 0
    for line in what["lines"]:
        if line["total"] and line["value"] != total:
            return False
        total += 0 if line["total"] else line["value"]
    return bool(what["lines"][-1]["why"] == "ours" and what["lines"][-1]["total"])


def test_customers_are_led_from_records_to_people_to_buyers(floor: Floor) -> None:
    assert lines(reconciled(floor), "customers") == [
        ("shop", 10),
        ("left out: tag B2B", -1),
        ("guests", 1),  # Kim
        ("people", 10),
        ("never ordered", -1),  # Finn
        ("nothing counts", -3),  # Gül, Hans, Jan
        ("ours", 6),
    ]


def test_orders_are_led_from_all_to_those_that_count(floor: Floor) -> None:
    assert lines(reconciled(floor), "orders") == [
        ("shop", 25),
        ("open", -1),
        ("returned", -1),
        ("cancelled", -1),
        ("test", -1),
        ("left out: tag B2B", -6),
        ("ours", 15),
    ]


def test_what_the_shop_says_of_each_customer_is_led_to_the_cent(floor: Floor) -> None:
    found = reconciled(floor)
    assert lines(found, "orders by customer") == [
        ("shop", 21),
        ("open", -1),
        ("returned", -1),
        ("left out: tag B2B", -6),
        ("guests", 2),  # one of Ada's, and Kim's
        ("ours", 15),
    ]
    assert lines(found, "turnover by customer") == [
        ("shop", 654000),
        ("open", -5000),
        ("left out: tag B2B", -540000),
        ("guests", 26000),
        ("ours", 135000),
    ]
    (orders, turnover) = found["sums"][2:]
    assert (orders["counts"], orders["records"], orders["differing"]) == (["open", "returned"], 10, [])
    assert (turnover["counts"], turnover["before_refunds"], turnover["differing"]) == (["open"], False, [])


def test_ours_is_what_the_report_says(floor: Floor) -> None:
    found = reconciled(floor)
    (told,) = floor.done("report", "--json").json()
    ours = {each["of"]: each["lines"][-1]["value"] for each in found["sums"]}
    assert ours == {
        "customers": told["report"]["customers"],
        "orders": told["report"]["orders"],
        "orders by customer": told["report"]["orders"],
        "turnover by customer": told["report"]["spent"],
    }


def test_customers_whose_figure_still_differs_are_listed(floor: Floor) -> None:
    put(floor.shop, [customer(1002, "ben@example.com", shop_order_count=3, shop_amount_spent=2999)])
    found = reconciled(floor)
    orders, turnover = found["sums"][2:]
    assert orders["differing"] == [{"customer": "1002", "shop": 3, "explained": 1}]
    assert turnover["differing"] == [{"customer": "1002", "shop": 2999, "explained": 3000}]
    assert (("differs", -2) in lines(found, "orders by customer"), adds_up(orders)) == (True, True)
    assert (("differs", 1) in lines(found, "turnover by customer"), adds_up(turnover)) == (True, True)
    told = [" ".join(line.split()) for line in floor.done("reconcile").out.splitlines()]
    assert "1 customer whose figure still differs" in told
    assert "1002 29.99 EUR 30.00 EUR" in told
    assert "= Ours, as in `report` 1,350.00 EUR" in told


def test_orders_older_than_those_the_shop_shows_are_told_apart(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        floor.open_shop(scopes=ALL_SCOPES - {"read_all_orders"})
        put(floor.shop, [customer(1, "a@example.com", shop_order_count=9, shop_amount_spent=50000)])
        put(floor.shop, [order(1, 1, 5, 30), order(2, 1, 300, 30)])
        found = reconciled(floor)
        assert lines(found, "orders by customer") == [("shop", 9), ("before the history", -8), ("ours", 1)]
        assert lines(found, "turnover by customer")[1] == ("before the history", -47000)


def test_a_shop_that_is_not_lowered_by_refunds_is_found_out(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        floor.open_shop()
        for who in range(1, 5):
            back = Refund(id=str(who), refunded_at=NOW - timedelta(days=1), amount=1000, tax=65)
            put(
                floor.shop,
                [
                    customer(who, f"a{who}@example.com", shop_order_count=1, shop_amount_spent=5000),
                    order(who, who, 5, refunds=(back,)),
                ],
            )
        found = reconciled(floor)
        assert found["sums"][3]["before_refunds"] is True
        assert lines(found, "turnover by customer") == [("shop", 20000), ("refunded", -4000), ("ours", 16000)]
        assert "what was refunded later" in floor.done("reconcile").out


def test_what_has_gone_is_in_neither_figure(floor: Floor) -> None:
    reconciled(floor)
    floor.shop.delete(Kind.ORDERS, "110")
    floor.later(days=1)
    floor.done("pull", "--full")
    (found,) = floor.done("reconcile", "--json").json()
    assert found["found"]["deleted_orders"] == 1
    assert lines(found["found"], "orders")[0] == ("shop", 24)
    assert "Deleted in the shop, in neither figure: 1 order." in floor.done("reconcile").out


def test_the_shops_own_rfm_groups_stand_beside_ours(floor: Floor) -> None:
    assert reconciled(floor)["rfm"] is None
    put(
        floor.shop,
        [own(1001, attributes={"rfm_group": "CHAMPIONS"}), own(1006, attributes={"rfm_group": "PROSPECTS"})],
    )
    put(floor.shop, [own(1002, attributes={"rfm_group": "NEW"})])
    floor.later(days=1)
    rfm = reconciled(floor)["rfm"]
    counts = {(each["then"], each["now"]): each["customers"] for each in rfm["moves"] if each["then"]}
    assert counts == {("CHAMPIONS", "CHAMPIONS"): 1, ("NEW", "NEW"): 1, ("PROSPECTS", "PROSPECTS"): 1}
    told = floor.done("reconcile").out
    assert "RFM groups: the shop's own in rows, ours in columns" in told


def test_a_shop_that_was_never_pulled_does_not_stop_the_others(floor: Floor) -> None:
    floor.done("pull")
    floor.open_shop("outlet")
    ran = floor.run("reconcile", "--json")
    assert [each["shop"] for each in ran.json()] == ["roastery"]
    assert (ran.code, ran.err) == (2, "outlet was never pulled. Run `stammkunde pull outlet` first.\n")


def test_records_of_guests_that_the_shop_leaves_out_of_its_count_are_told(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        floor.open_shop()
        put(floor.shop, [customer(each, f"a{each}@example.com") for each in range(1, 6)])
        floor.done("pull")
        with closing(sqlite3.connect(floor.database)) as connection, connection:
            connection.execute("UPDATE customers SET guest = 1 WHERE id IN ('1', '2')")
            connection.execute("UPDATE shops SET info = json_set(info, '$.customer_count', 3)")
        (found,) = floor.done("reconcile", "--json").json()
        assert lines(found["found"], "customers")[:3] == [
            ("shop", 3),
            ("guest records", 2),
            ("in the mirror", 5),
        ]


def test_what_was_not_read_is_told(floor: Floor) -> None:
    floor.done("pull")
    with closing(sqlite3.connect(floor.database)) as connection, connection:
        counts = "json_set(info, '$.customer_count', 12, '$.order_count', 24)"
        connection.execute(f"UPDATE shops SET info = {counts}")
    (found,) = floor.done("reconcile", "--json").json()
    assert lines(found["found"], "customers")[:3] == [
        ("shop", 12),
        ("not mirrored", -2),
        ("in the mirror", 10),
    ]
    assert lines(found["found"], "orders")[:3] == [("shop", 24), ("only mirrored", 1), ("in the mirror", 25)]
    assert [adds_up(each) for each in found["found"]["sums"]] == [True] * 4


def test_an_empty_shop_adds_up(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        floor.open_shop()
        found = reconciled(floor)
        assert lines(found, "orders") == [("shop", 0), ("ours", 0)]
        assert all(adds_up(each) for each in found["sums"])
        assert "This shop says of no customer what was spent." in floor.done("reconcile").out


@st.composite
def shops(draw: st.DrawFn) -> list[Any]:
    """Customers with figures of any kind, and orders of every fate."""
    records: list[Any] = []
    for who in range(1, 7):
        shared = draw(st.sampled_from(["same@example.com", f"a{who}@example.com", None]))
        tags = draw(st.sampled_from([(), ("B2B",)]))
        count, spent = draw(st.integers(0, 4)), draw(st.integers(0, 9)) * 1000
        records.append(customer(who, shared, *tags, shop_order_count=count, shop_amount_spent=spent))
    for number in range(100, 100 + draw(st.integers(0, 14))):
        buyer = draw(st.sampled_from([1, 2, 3, 4, 5, 6, None]))
        records.append(draw(st.sampled_from(FATES))(number, buyer))
    return records


def _of_guest(number: int, who: int | None) -> Order:
    return order(number, None, 5, email=None if who is None else f"a{who}@example.com")


FATES = [
    lambda number, who: order(number, who, 5),
    lambda number, who: order(number, who, 5, cancelled_at=NOW - timedelta(days=1)),
    lambda number, who: order(number, who, 5, test=True),
    lambda number, who: order(number, who, 5, payment=Payment.NONE, shipment=Shipment.NONE),
    lambda number, who: returned(number, who or 1, 5),
    lambda number, who: order(
        number, who, 5, refunds=(Refund(id="1", refunded_at=NOW, amount=700, tax=0, shipping=0),)
    ),
    _of_guest,
]


@given(records=shops())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_sum_adds_up_to_what_the_report_says(
    tmp_path_factory: pytest.TempPathFactory, records: list[Any]
) -> None:
    with shopfloor(tmp_path_factory.mktemp("sums")) as floor:
        put(floor.open_shop(), records)
        floor.set(exclude='{ tags = ["b2b"] }')
        found = reconciled(floor)
        (told,) = floor.done("report", "--json").json()
        report = told["report"]
        assert [adds_up(each) for each in found["sums"]] == [True] * 4
        assert [each["lines"][-1]["value"] for each in found["sums"]] == [
            report["customers"],
            report["orders"],
            report["orders"],
            report["spent"],
        ]
