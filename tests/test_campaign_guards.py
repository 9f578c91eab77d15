"""Who gets a code and who does not: suppression, one open code, cool-downs, budgets, trouble, friends."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.model import Order, Payment, Shipment
from tests.kiosk import COME_BACK, CONFIRMED, Kiosk, dormant, kiosk
from tests.shopfloor import customer, order

THANKS = """
[campaigns.thanks]
active = true
group = "buyers"
coupon = { amount = 5, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 100 }
"""

FRIENDS = """
[campaigns.bring-a-friend]
active = true
group = "dormant"
coupon = { percent = 15, valid_days = 90, bound = "nobody", new_customers_only = true }
deliver = ["metafield"]
budget = { coupons = 100 }

[campaigns.friend-thanks]
active = true
rewards = "bring-a-friend"
coupon = { amount = 10, valid_days = 90 }
deliver = ["metafield"]
budget = { coupons = 100 }
"""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        yield opened


def left_out(floor: Kiosk, campaign: str = "come-back") -> dict[str, int]:
    (seen,) = floor.done("campaign", campaign, "--preview", "--json").json()
    found: dict[str, int] = seen["left_out"]
    return found


# -- who ordered not long ago


def test_nobody_who_ordered_inside_the_window_is_won_back(floor: Kiosk) -> None:
    """The order is open: it does not count, and she is in the group; but she has just ordered."""
    floor.put(dormant(2))
    unpaid: dict[str, Any] = {"payment": Payment.NONE, "shipment": Shipment.NONE}
    floor.put([order(9001, 1001, 10, **unpaid)])
    floor.configure(COME_BACK + "suppress_days = 30\n")
    floor.sync()
    assert set(floor.codes()) == {"1002"}
    assert left_out(floor)["ordered not long ago (suppress_days)"] == 1


def test_the_shop_is_asked_once_more_right_before_the_push(floor: Kiosk) -> None:
    """He ordered after the pull: the mirror does not know it yet."""
    floor.put(dormant(3))
    floor.configure(COME_BACK + "suppress_days = 30\n")
    floor.done("pull")
    assert len(floor.plan()) == 3
    floor.later(minutes=1)
    floor.buy(9001, 1002, payment=Payment.NONE, shipment=Shipment.NONE)
    floor.done("push", "--force")
    assert set(floor.codes()) == {"1001", "1003"}


def test_who_ordered_a_minute_ago_has_left_the_group_before_the_push(floor: Kiosk) -> None:
    floor.put(dormant(3))
    floor.configure(COME_BACK)
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.later(minutes=1)
    floor.buy(9001, 1002)
    assert "2 changes made" in floor.done("push").out
    assert set(floor.codes()) == {"1001", "1003"}


# -- one open code, cool-downs, priorities


def test_nobody_holds_two_open_codes(floor: Kiosk) -> None:
    floor.put(dormant(2))
    floor.put([customer(1003, "new@example.com"), order(31, 1003, 3)])
    floor.configure(COME_BACK, THANKS)
    floor.sync()
    assert set(floor.codes("come-back")) == {"1001", "1002"}
    assert set(floor.codes("thanks")) == {"1003"}
    assert left_out(floor, "thanks") == {
        "hold an open code of another campaign, or get one now": 2,
        "hold an open code of it": 1,
    }
    floor.later(days=31)
    floor.sync()
    assert set(floor.codes("thanks")) == {"1001", "1002", "1003"}


def test_a_campaign_may_give_beside_others_where_it_says_so(floor: Kiosk) -> None:
    floor.put(dormant(2))
    floor.configure(COME_BACK, THANKS + "beside_others = true\n")
    floor.sync()
    assert set(floor.codes("thanks")) == {"1001", "1002"}


def test_the_campaign_with_the_higher_priority_gives(floor: Kiosk) -> None:
    floor.put(dormant(2))
    floor.configure(COME_BACK, THANKS + "priority = 1\n")
    floor.sync()
    assert (set(floor.codes("come-back")), set(floor.codes("thanks"))) == (set(), {"1001", "1002"})


def test_a_cool_down_across_campaigns(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.configure(COME_BACK, THANKS, top="cooldown_days = 60")
    floor.sync()
    floor.later(days=59)
    floor.sync()
    assert floor.codes("thanks") == {}
    floor.later(days=2)
    floor.sync()
    assert set(floor.codes("thanks")) == {"1001"}


def test_two_accounts_that_turn_out_to_be_one_person_get_no_second_code(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.put([customer(1002, "other@example.com"), order(21, 1002, 300), order(22, 1002, 250)])
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 1"))
    floor.sync()
    assert set(floor.codes()) == {"1001"}
    floor.later(hours=1)
    floor.put([customer(1002, "C1001@example.com", created_at=floor.now - timedelta(days=2000))])
    floor.configure(COME_BACK + "cooldown_days = 40\n")
    floor.sync()
    assert set(floor.codes()) == {"1001"}
    assert left_out(floor) == {"hold an open code of it": 1}


# -- the budget


def test_the_first_run_is_spread_over_days(floor: Kiosk) -> None:
    floor.put(dormant(5))
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 100, per_day = 2"))
    for codes in (2, 2, 4, 4, 5):
        floor.sync()
        assert len(floor.codes()) == codes
        floor.later(hours=12)


@pytest.mark.parametrize(
    ("order_by", "first"),
    [
        ("last-order", ["1001", "1002"]),
        ("first-order", ["1003", "1002"]),
        ("spent", ["1003", "1001"]),
        ("orders", ["1002", "1001"]),
    ],
)
def test_who_comes_first(floor: Kiosk, order_by: str, first: list[str]) -> None:
    floor.put(order_lines())
    budget = COME_BACK.replace("coupons = 100", "coupons = 2")
    floor.configure(f'{budget}order_by = "{order_by}"\n')
    floor.sync()
    assert sorted(floor.codes()) == sorted(first)


def order_lines() -> Iterator[Order]:
    """Three who bought 2, 4 and 2 times, for 200, 80 and 500 euros, the last 190, 200 and 210 days ago."""
    yield from customers(3)  # type: ignore[misc]
    yield from (order(10 + nth, 1001, 190 + nth, 100) for nth in range(2))
    yield from (order(20 + nth, 1002, 200 + 10 * nth, 20) for nth in range(4))
    yield from (order(30 + nth, 1003, 210 + 100 * nth, 250) for nth in range(2))


def customers(count: int) -> Iterator[object]:
    yield from (customer(1001 + place, f"c{1001 + place}@example.com") for place in range(count))


def test_open_codes_are_worth_no_more_than_the_liability_allows(floor: Kiosk) -> None:
    """Ten per cent of 50.00 each: two fit into 14.00, and a third when one of them has been redeemed."""
    floor.put(dormant(4))
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 100, liability = 14"))
    ran = floor.sync()
    assert len(floor.codes()) == 2
    assert "of the budget" not in ran.err
    floor.later(hours=1)
    floor.buy(9001, 1001, floor.codes()["1001"][0])
    floor.sync()
    assert len(floor.codes()) == 3


def test_a_campaign_that_has_cost_its_budget_stops(floor: Kiosk) -> None:
    floor.put(dormant(4))
    spread = COME_BACK.replace("coupons = 100", "coupons = 100, redeemed = 4, per_day = 1")
    floor.configure(spread)
    floor.sync()
    floor.later(days=1)
    floor.buy(9001, 1001, floor.codes()["1001"][0], discounts=420, goods=5093)
    ran = floor.sync()
    assert set(floor.codes()) == {"1001"}
    assert (
        "Campaign come-back: the budget is used up, nothing more is issued (4.20 EUR of 4.00 EUR redeemed).\n"
        in (ran.err)
    )


def test_at_eighty_per_cent_of_a_budget_the_owner_is_told(floor: Kiosk) -> None:
    floor.put(dormant(4))
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 5"))
    ran = floor.sync()
    assert "Campaign come-back: 80 % of the budget is used (4 of 5 codes).\n" in ran.err


def test_all_campaigns_together_keep_to_one_budget(floor: Kiosk) -> None:
    floor.put(dormant(3))
    floor.put([customer(1009, "new@example.com"), order(91, 1009, 3), customer(1010), order(92, 1010, 4)])
    small = [each.replace("coupons = 100", "coupons = 4") for each in (COME_BACK, THANKS)]
    floor.configure(*small, top="budget.coupons = 4")
    floor.sync()
    assert (len(floor.codes("come-back")), len(floor.codes("thanks"))) == (3, 1)


# -- trouble


@pytest.mark.parametrize(
    ("last", "troubled"),
    [
        ({}, False),
        ({"open_return": True}, True),
        ({"cancelled_at": "now", "payment": Payment.NONE, "shipment": Shipment.NONE}, True),
        ({"shipment": Shipment.NONE, "shipped_at": None}, True),
    ],
    ids=["kept", "coming back", "cancelled", "late"],
)
def test_nobody_is_thanked_for_trouble(floor: Kiosk, last: dict[str, Any], troubled: bool) -> None:
    floor.put(dormant(2))
    if last.get("cancelled_at"):
        last = {**last, "cancelled_at": floor.now}
    floor.put([order(9001, 1001, 8, **last)])
    floor.configure(THANKS + "skip_troubled = true\n")
    floor.sync()
    assert set(floor.codes("thanks")) == ({"1002"} if troubled else {"1001", "1002"})


def test_who_may_still_send_something_back_waits(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.put([customer(1002), order(21, 1002, 31), customer(1003), order(31, 1003, 29)])
    floor.configure(THANKS + "settled_only = true\n")
    floor.sync()
    assert set(floor.codes("thanks")) == {"1001", "1002"}
    floor.later(days=2)
    floor.sync()
    assert set(floor.codes("thanks")) == {"1001", "1002", "1003"}


def test_thirty_days_have_to_be_over_and_not_just_full(floor: Kiosk) -> None:
    floor.put([customer(1001), order(11, 1001, 30)])
    floor.configure(THANKS + "settled_only = true\n")
    floor.sync()
    assert floor.codes("thanks") == {}
    floor.later(seconds=1)
    floor.sync()
    assert set(floor.codes("thanks")) == {"1001"}


# -- friends


def test_a_friend_who_keeps_the_order_earns_the_bringer_a_reward(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.configure(FRIENDS)
    floor.sync()
    (code,) = floor.codes("bring-a-friend")["1001"]
    assert floor.ram.redeem(code, "1001") == "The code is for new customers."
    floor.put([customer(2001, "friend@example.com", consents=CONFIRMED)])
    assert floor.ram.redeem(code, "2001") is None
    floor.later(days=1)
    floor.buy(9001, 2001, code)
    floor.later(days=30)
    floor.sync()
    assert floor.codes("friend-thanks") == {}  # thirty days are full, and not over
    floor.later(seconds=1)
    floor.sync()
    assert {who: len(codes) for who, codes in floor.codes("friend-thanks").items()} == {"1001": 1}
    assert floor.rows("SELECT earned_by FROM issued WHERE campaign = 'friend-thanks'") == [("9001",)]
    for _ in range(2):
        floor.later(days=100)
        floor.sync()
    assert len(floor.codes("friend-thanks")["1001"]) == 1  # one order, one reward


@pytest.mark.parametrize(
    "order_of_the_friend",
    [{"cancelled_at": "now"}, {"open_return": True}, {"shipment": Shipment.NONE, "shipped_at": None}],
    ids=["cancelled", "coming back", "not shipped"],
)
def test_a_friend_whose_order_is_not_settled_earns_nothing(
    floor: Kiosk, order_of_the_friend: dict[str, Any]
) -> None:
    floor.put(dormant(1))
    floor.configure(FRIENDS)
    floor.sync()
    (code,) = floor.codes("bring-a-friend")["1001"]
    if order_of_the_friend.get("cancelled_at"):
        order_of_the_friend = {"cancelled_at": floor.now}
    floor.put([customer(2001, "friend@example.com")])
    floor.buy(9001, 2001, code, **order_of_the_friend)
    floor.later(days=40)
    floor.sync()
    assert floor.codes("friend-thanks") == {}


def test_nobody_is_their_own_friend(floor: Kiosk) -> None:
    """A second account with the same address is the same person; and an old customer is no new one."""
    floor.put(dormant(2))
    floor.configure(FRIENDS)
    floor.sync()
    first, second = (floor.codes("bring-a-friend")[each][0] for each in ("1001", "1002"))
    floor.put([customer(2001, "C1001@example.com")])
    floor.buy(9001, 2001, first)
    floor.buy(9002, 1001, second)
    floor.later(days=40)
    floor.sync()
    assert floor.codes("friend-thanks") == {}
