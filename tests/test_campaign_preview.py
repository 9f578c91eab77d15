"""What if: what a campaign would do, before the first push."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.model import Payment, Shipment
from tests.kiosk import COME_BACK, Kiosk, dormant, kiosk
from tests.shopfloor import order

OFF = COME_BACK.replace("active = true", "active = false")
OTHER = """
[campaigns.thanks]
group = "buyers"
coupon = { amount = 5 }
deliver = ["metafield"]
"""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        opened.put(dormant(12))
        yield opened


def test_the_preview_of_a_campaign_that_is_off(floor: Kiosk) -> None:
    floor.put([order(9001, 1003, 3, payment=Payment.NONE, shipment=Shipment.NONE)])
    floor.put(
        [order(9002, None, 400, email="guest@example.com"), order(9003, None, 300, email="guest@example.com")]
    )
    budget = OFF.replace("coupons = 100", "coupons = 8, per_day = 3")
    floor.configure(budget + "suppress_days = 30\n", OTHER)
    floor.done("pull")
    ran = floor.done("campaign", "come-back", "--preview")
    assert ran.out == (
        "kiosk: come-back would give 11 people a code, of 13 it looks at.\n"
        "Its budget is enough for 8 of them.\n"
        "At 3 a day that takes 3 days.\n"
        "Face value: 40.00 EUR.\n"
        "If so many are redeemed   it costs\n"
        "                    2 %   0.80 EUR\n"
        "                    5 %   2.00 EUR\n"
        "                   10 %   4.00 EUR\n"
        "                   20 %   8.00 EUR\n"
        "                   40 %  16.00 EUR\n"
        "Left out: 1 who ordered not long ago (suppress_days)\n"
        "Left out: 1 who have no customer record in the shop\n"
        "In the group of another campaign too: 11 thanks\n"
    )
    assert ran.err == "In this shop only the customer can use a code.\n"
    assert floor.rows("SELECT (SELECT count(*) FROM issued) + (SELECT count(*) FROM assignments)") == [(0,)]


def test_the_preview_is_what_the_push_does(floor: Kiosk) -> None:
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 100, liability = 14") + "holdout = 0.4\n")
    floor.done("pull")
    (seen,) = floor.done("campaign", "come-back", "--preview", "--json").json()
    floor.done("push", "--force")
    assert len(floor.codes()) == seen["within_budget"] == 2
    ((worth,),) = floor.rows("SELECT sum(face_value) FROM issued")
    assert worth == seen["face_value"] == 1000
    assert seen["people"] + sum(seen["left_out"].values()) == 12


def test_the_preview_says_what_the_shop_cannot_keep(floor: Kiosk) -> None:
    floor.configure(OFF.replace("percent = 10", 'percent = 10, products = ["4711"]'))
    floor.done("pull")
    assert (
        "It cannot be: the shop has no product 4711.\n"
        in floor.done("campaign", "come-back", "--preview").err
    )
