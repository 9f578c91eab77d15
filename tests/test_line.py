"""The line from shop to shop, as an owner types it, on ten people whose figures can be counted by hand."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.model import Kind
from tests.shopfloor import CAMPAIGN, GROUPS, NOW, Floor, customer, order, people, put, shopfloor

FIRST_SCREEN = """
Rösterei Sandkasten: 9 customers, 15 orders since 27 Apr 2025.
Left out: 1 with the tag B2B.
Orders not counted: 1 cancelled, 1 neither paid nor shipped, 1 fully returned, 1 test.
Stammkunden (4 orders or more, the last within 180 days): 1, 74 % of sales.
Bought once: 50 %.\
 No order for 180 days: 3.
"""

GROUP_TABLE = """\
roastery: 10 people
Group        Tag in the shop  Members  Of all people         Spent  Of sales
stammkunden  sk:stammkunde          2           20 %  1,100.00 EUR      81 %
big          sk:over-500            1           10 %  1,000.00 EUR      74 %
new          sk:new                 2           20 %     90.00 EUR       7 %
dormant      (not tagged)           2           20 %    220.00 EUR      16 %
"""

PLAN_TABLE = """
roastery: 5 changes
Tag            Now  Gain it  Lose it  Afterwards
sk:new           0        1        0           1
sk:over-500      0        1        0           1
sk:stammkunde    0        2        0           2

2 new coupon codes, worth at most 9.00 EUR
Code              Customer  Campaign   Gives  From a value of  Valid until
SKM7 47QS Q2A2 2  1004      come-back   10 %        30.00 EUR  1 Jul 2026
SKGD CSAM BXCT 8  1003      come-back   10 %        30.00 EUR  1 Jul 2026

The first 3 customers
Customer  Change                       Why
1001      +sk:over-500 +sk:stammkunde  in big, in stammkunden
1002      +sk:new                      in new
1004      +sk:stammkunde               in stammkunden
"""

TAGS_BEFORE = {
    "1001": ["VIP"],
    "1002": [],
    "1003": ["Newsletter", "stammkunde"],
    "1004": ["Sk-Freundin", "VIP"],
    "1005": ["B2B"],
    "1006": [],
    "1007": [],
    "1008": [],
    "1009": [],
    "1010": [],
}
TAGS_AFTER = TAGS_BEFORE | {
    "1001": ["VIP", "sk:over-500", "sk:stammkunde"],
    "1002": ["sk:new"],
    "1004": ["Sk-Freundin", "VIP", "sk:stammkunde"],
}
EVERYBODY = tuple(TAGS_BEFORE)
CEMS_CODE, DORAS_CODE = "SKGDCSAMBXCT8", "SKM747QSQ2A22"


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        opened.shop.add_foreign_code("WELCOME10")
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.write_config(rules=GROUPS + CAMPAIGN)
        yield opened


def test_the_first_screen_after_a_pull(floor: Floor) -> None:
    ran = floor.done("pull")
    assert ran.out == FIRST_SCREEN
    assert ran.err == (
        "roastery: 1 product, 10 customers, 25 orders, 0 coupons\n"
        "\nNothing was written to your shop. Next: `stammkunde groups`, then `stammkunde plan`.\n"
    )
    assert floor.mutations() == []


def test_groups_and_plan_as_tables(floor: Floor) -> None:
    floor.done("pull")
    assert floor.done("groups").out == GROUP_TABLE
    assert floor.done("plan").out == PLAN_TABLE
    assert floor.mutations() == []


def test_a_plan_as_json(floor: Floor) -> None:
    floor.done("pull")
    (plan,) = floor.done("plan", "--json").json()
    assert (plan["shop"], plan["currency"], plan["people"], plan["tagged"]) == ("roastery", "EUR", 9, 0)
    assert plan["changes"][0] == {
        "change": {
            "type": "update-tags",
            "customer_id": "1001",
            "add": ["sk:over-500", "sk:stammkunde"],
            "remove": [],
        },
        "reason": "in big, in stammkunden",
        "face_value": 0,
    }
    # Dora's orders are 20.00 each: a tenth of the minimum. Cem's are 60.00 each.
    assert [(each["change"]["code"], each["face_value"]) for each in plan["changes"][3:]] == [
        (DORAS_CODE, 300),
        (CEMS_CODE, 600),
    ]


def test_what_a_push_leaves_in_the_shop(floor: Floor) -> None:
    pushed = floor.first_push()
    assert pushed.out == "\nroastery: 5 changes made, 0 refused.\n"
    assert "Take it back with `stammkunde undo push-20260601-0900-" in pushed.err
    assert floor.tags(*EVERYBODY) == TAGS_AFTER
    assert floor.shop.codes() == {"WELCOME10", CEMS_CODE, DORAS_CODE}
    assert floor.shop.attribute("1003", "code-come-back") == CEMS_CODE
    assert floor.shop.attribute("1001", "code-come-back") is None


def test_after_a_push_the_plan_is_empty_and_a_second_sync_sends_nothing(floor: Floor) -> None:
    floor.first_push()
    assert floor.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"
    floor.later(hours=1)
    floor.shop.faults.forget_requests()
    synced = floor.done("sync")
    assert synced.out == ""  # that all is well is no news for cron
    assert synced.err.endswith("\nroastery: nothing to change. The shop is as it should be.\n")
    assert floor.mutations() == []
    assert floor.tags(*EVERYBODY) == TAGS_AFTER


def test_our_own_push_is_not_taken_for_news_again_and_again(floor: Floor) -> None:
    floor.first_push()
    floor.later(days=1)
    floor.done("sync")
    floor.later(days=1)
    (second,) = floor.done("sync", "--json").json()
    assert second["pulled"]["changed"] == {"products": 0, "customers": 0, "orders": 0}


def test_an_order_moves_people_and_only_their_tags(floor: Floor) -> None:
    floor.first_push()
    floor.later(hours=2)
    floor.shop.put(order(200, 1002, 0, 600, placed_at=floor.now, updated_at=floor.now))
    (synced,) = floor.done("sync", "--json").json()
    assert [each["change"] for each in synced["plan"]["changes"]] == [
        {"type": "update-tags", "customer_id": "1002", "add": ["sk:over-500"], "remove": ["sk:new"]}
    ]
    assert synced["plan"]["changes"][0]["reason"] == "in big, no longer sk:new"
    assert floor.tags(*EVERYBODY) == TAGS_AFTER | {"1002": ["sk:over-500"]}


def test_time_alone_moves_people(floor: Floor) -> None:
    floor.first_push()
    floor.later(days=40)
    floor.done("sync")
    assert floor.tags("1002", "1001") == {"1002": [], "1001": ["VIP", "sk:over-500", "sk:stammkunde"]}


def test_a_dry_run_writes_nothing(floor: Floor) -> None:
    ran = floor.done("sync", "--dry-run")
    assert ran.out == PLAN_TABLE
    assert "Nothing was written to your shop (--dry-run)." in ran.err
    assert floor.mutations() == []


def test_a_sync_of_a_shop_with_push_off_only_reads(floor: Floor) -> None:
    floor.set(push="false")
    ran = floor.done("sync")
    assert "Nothing was written to your shop: push = false in [shops.roastery]." in ran.err
    assert floor.tags(*EVERYBODY) == TAGS_BEFORE


def test_what_the_merchant_made_survives_everything(floor: Floor) -> None:
    floor.first_push()
    floor.shop.set_tags("1001", ["VIP", "SK:Handarbeit", "sk:over-500", "sk:stammkunde", "STAMMKUNDE"])
    floor.later(hours=1)
    floor.done("sync")
    floor.write_config(top='tag_prefix = "kd:"')
    floor.done("sync")
    floor.write_config(top="", rules='[groups.nobody]\nmembers = "number_of_orders > 999"\n')
    floor.done("sync")
    assert floor.tags(*EVERYBODY) == TAGS_BEFORE | {"1001": ["SK:Handarbeit", "STAMMKUNDE", "VIP"]}
    assert floor.shop.codes() == {"WELCOME10", CEMS_CODE, DORAS_CODE}


def test_a_tag_of_the_merchant_that_equals_ours_in_other_letters_stays_his(floor: Floor) -> None:
    floor.first_push()
    floor.later(hours=1)
    floor.shop.set_tags("1009", ["SK:New"])
    floor.shop.put(order(201, 1009, 0, placed_at=floor.now, updated_at=floor.now))
    assert "1 tag with our prefix was put there by somebody else and stays." in floor.done("sync").err
    floor.later(days=60)
    floor.done("sync")
    assert floor.tags("1009", "1002") == {"1009": ["SK:New"], "1002": []}


def test_a_tag_of_ours_that_the_merchant_respelled_is_still_ours(floor: Floor) -> None:
    floor.first_push()
    floor.later(hours=1)
    floor.shop.set_tags("1002", ["SK:NEW"])
    floor.done("pull")
    assert floor.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"
    floor.later(days=60)
    floor.done("sync")
    assert floor.tags("1002") == {"1002": []}


def test_a_tag_of_ours_that_the_merchant_removed_comes_back(floor: Floor) -> None:
    floor.first_push()
    floor.later(hours=1)
    floor.shop.set_tags("1002", [])
    floor.done("sync")
    assert floor.tags("1002") == {"1002": ["sk:new"]}


def test_the_tag_of_a_group_that_left_the_config_is_removed(floor: Floor) -> None:
    floor.first_push()
    floor.write_config(rules=GROUPS.replace("[groups.big]", "[groups.huge]").replace("> 500", "> 5000"))
    (plan,) = floor.done("plan", "--json").json()
    assert [each["change"]["remove"] for each in plan["changes"]] == [["sk:over-500"]]
    floor.done("push")
    assert floor.tags("1001", "1002") == {"1001": ["VIP", "sk:stammkunde"], "1002": ["sk:new"]}


def test_another_prefix_replaces_our_tags(floor: Floor) -> None:
    floor.first_push()
    floor.later(hours=1)
    floor.write_config(top='tag_prefix = "kunde:"')
    floor.done("sync")
    assert floor.tags(*EVERYBODY) == TAGS_BEFORE | {
        "1001": ["VIP", "kunde:over-500", "kunde:stammkunde"],
        "1002": ["kunde:new"],
        "1004": ["Sk-Freundin", "VIP", "kunde:stammkunde"],
    }
    assert floor.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"


def test_who_is_left_out_from_now_on_loses_our_tags_without_another_pull(floor: Floor) -> None:
    floor.first_push()
    floor.set(exclude='{ tags = ["b2b", "vip"] }')
    floor.done("push")
    assert floor.tags("1001", "1004", "1002") == {
        "1001": ["VIP"],
        "1004": ["Sk-Freundin", "VIP"],
        "1002": ["sk:new"],
    }


def test_a_new_meaning_of_counting_holds_without_another_pull(floor: Floor) -> None:
    floor.first_push()
    floor.set(count_when='{ "Kreditkarte" = "placed" }')
    floor.done("push")
    assert floor.tags("1008") == {"1008": ["sk:new"]}


def test_a_deleted_customer_is_found_by_a_full_pull_and_leaves_every_figure(floor: Floor) -> None:
    floor.first_push()
    floor.later(days=1)
    floor.shop.delete(Kind.CUSTOMERS, "1001")
    assert floor.done("pull", "--full").out.endswith("Deleted in the shop since the last look: 1 customer.\n")
    (plan,) = floor.done("plan", "--json").json()
    assert plan["changes"] == []
    assert [(each["tag"], each["now"]) for each in plan["tags"]] == [("sk:new", 1), ("sk:stammkunde", 1)]
    assert plan["tagged"] == 2
    assert floor.done("groups", "--json").json()[0]["people"] == 10  # Ada is a guest by her address now


def test_a_deleted_order_leaves_every_figure(floor: Floor) -> None:
    floor.first_push()
    floor.later(days=1)
    floor.shop.delete(Kind.ORDERS, "110")
    assert "Deleted in the shop since the last look: 1 order." in floor.done("pull", "--full").out
    floor.done("push")
    assert floor.tags("1002") == {"1002": []}


def test_a_limit_pushes_only_the_first_changes(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    assert floor.done("push", "--limit", "1").out == "\nroastery: 1 change made, 0 refused.\n"
    assert floor.tags("1001", "1002") == {"1001": TAGS_AFTER["1001"], "1002": []}
    floor.done("push")
    assert floor.tags(*EVERYBODY) == TAGS_AFTER
    assert floor.shop.codes() == {"WELCOME10", CEMS_CODE, DORAS_CODE}


def test_ladder_steps_exclude_each_other(floor: Floor) -> None:
    floor.write_config(
        rules="""
        [ladders.value]
        steps = [
            { name = "top", members = "amount_spent > 500", tag = "top" },
            { name = "middle", members = "amount_spent >= 100", tag = "middle" },
        ]
        """
    )
    floor.first_push()
    assert floor.tags("1001", "1003", "1004") == {
        "1001": ["VIP", "sk:top"],
        "1003": ["Newsletter", "sk:middle", "stammkunde"],
        "1004": ["Sk-Freundin", "VIP", "sk:middle"],
    }


def test_dealers_take_no_place_among_the_best(floor: Floor) -> None:
    """Without Eva's 5,400 Ada has 76 % of all sales, Cem and Dora reach 93 %, Kim and Ben come last."""
    floor.done("pull")
    classes = dict(
        floor.rows("SELECT p.identity, f.abc_class FROM facts AS f JOIN people AS p USING (person)")
    )
    assert {who: each for who, each in classes.items() if each and who != "c:1005"} == {
        "c:1001": "A",
        "c:1003": "B",
        "c:1004": "B",
        "g:kim@example.com": "C",
        "c:1002": "C",
    }


def test_a_coupon_works_at_the_till_for_its_customer_only(floor: Floor) -> None:
    floor.first_push()
    assert floor.shop.redeem(CEMS_CODE, "1001") is not None
    assert floor.shop.redeem(CEMS_CODE, "1003") is None
    floor.later(hours=1)
    floor.done("sync")
    assert "SKGD CSAM BXCT 8: come-back, redeemed, until 2026-07-01" in floor.done("customer", "1003").out


def test_every_listing_as_json(floor: Floor) -> None:
    floor.first_push()
    listings = [["check"], ["groups"], ["plan"], ["status"], ["adapters"], ["adapters", "shopify"],
                ["customer", "1001"], ["pull"], ["sync"], ["push"]]  # fmt: skip
    for listing in listings:
        assert isinstance(floor.done(*listing, "--json").json(), list), listing
    run = floor.rows("SELECT run FROM runs WHERE kind = 'push'")[0][0]
    (undone,) = floor.done("undo", run, "--json").json()
    assert undone["done"] == 5


SECOND = """
[groups.stammkunden]
members = "number_of_orders > 3"
tag = "stammkunde"
"""


def test_of_several_shops_one_that_fails_stops_no_other(floor: Floor) -> None:
    floor.open_shop("kiosk", token="shpat_another")
    put(floor.open_shop("teahouse"), people())
    ran = floor.run("pull")
    assert ran.code == 1
    assert ran.out.count("Stammkunden (4 orders or more") == 2
    told, last = [line for line in ran.err.splitlines() if "kiosk" in line]
    assert told.startswith(
        "kiosk: 127.0.0.1 does not accept `token`: it was revoked or belongs to another shop."
    )
    assert last == "Of 3 shops 1 did not go through: kiosk."
    assert [row["shop"] for row in json.loads(floor.run("pull", "--json").out)] == ["roastery", "teahouse"]


def test_codes_that_were_switched_off_are_told_although_the_push_is_refused(floor: Floor) -> None:
    floor.write_config(rules=GROUPS + CAMPAIGN)
    floor.first_push()
    ((code,), *_) = floor.rows("SELECT code FROM issued WHERE state = 'issued'")
    floor.delete_discount(code)
    floor.later(days=1)
    put(floor.shop, [customer(1101, "new@example.com"), order(900, 1101, 300), order(901, 1101, 250)])
    floor.set(limits="{ coupons = 0 }")
    ran = floor.run("sync", "--full")
    assert ran.code == 3
    assert "1 coupon of ours deleted or switched off in roastery: not made again." in ran.err
    assert "1 new coupon (limit 0)" in ran.err


def test_groups_and_tags_stay_in_their_shop(floor: Floor) -> None:
    teahouse = floor.open_shop("teahouse")
    put(teahouse, [customer(1001, "ada@example.com"), order(1, 1001, 3)])
    floor.write_config(rules=GROUPS.replace('tag = "new"', 'tag = "new"\nshops = ["teahouse"]'))
    floor.first_push()
    assert (sorted(teahouse.tags_of("1001")), floor.tags("1001", "1002")) == (
        ["sk:new"],
        {"1001": TAGS_AFTER["1001"], "1002": []},
    )
    assert floor.done("push", "teahouse").err.endswith("\nteahouse: nothing to push.\n")


def test_shops_are_chosen_by_name(floor: Floor) -> None:
    floor.open_shop("teahouse")
    assert floor.done("pull", "teahouse").out.startswith("\nRösterei Sandkasten: 0 customers, 0 orders.")
    ran = floor.run("pull", "teahose")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no shop 'teahose'" in ran.err
    assert "teahouse" in ran.err


def test_a_day_is_the_day_of_the_shop(floor: Floor) -> None:
    """00:30 on 2 June in Berlin: the order of 23:30 on 2 May is 31 days old, the one after midnight 30."""
    floor.now = NOW.replace(day=1, hour=22, minute=30)
    new = {
        "1021": NOW.replace(month=5, day=2, hour=21, minute=30),
        "1022": NOW.replace(month=5, day=2, hour=22, minute=30),
    }
    for place, (number, placed) in enumerate(new.items()):
        floor.shop.put(customer(int(number), f"x{number}@example.com"))
        floor.shop.put(order(300 + place, int(number), 0, placed_at=placed, updated_at=placed))
    floor.first_push()
    assert floor.tags("1021", "1022") == {"1021": [], "1022": ["sk:new"]}


def test_an_order_late_in_the_shop_is_not_lost_to_the_watermark(floor: Floor) -> None:
    floor.first_push()
    floor.later(minutes=1)
    late = floor.now - timedelta(minutes=5)
    floor.shop.put(order(202, 1006, 0, placed_at=late, updated_at=late))
    floor.done("sync")
    assert floor.tags("1006") == {"1006": ["sk:new"]}
