"""Ways in which money could be given away by accident: what the shop refuses, what a backup has forgotten,
what the merchant changes by hand, what has happened between a code and the message about it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import requests

from adapters.memory import MemoryShop
from connector.errors import RejectedError
from connector.model import Kind, Order, Payment, Shipment
from tests.dashboard import served
from tests.kiosk import COME_BACK, CONFIRMED, NOW, Kiosk, dormant, kiosk
from tests.shopfloor import customer, order

BERLIN = ZoneInfo("Europe/Berlin")
BY_FILE = COME_BACK.replace('["metafield"]', '["csv"]')
FOR_ANYBODY = COME_BACK.replace("percent = 10,", 'percent = 10, bound = "nobody",')


FRIEND = """
[campaigns.bring-a-friend]
active = true
group = "dormant"
coupon = { percent = 15, valid_days = 90, bound = "nobody", new_customers_only = true }
deliver = ["metafield"]
budget = { coupons = 100 }

[campaigns.thanks]
active = true
rewards = "bring-a-friend"
beside_others = true
coupon = { amount = 10, valid_days = 90 }
deliver = ["metafield"]
budget = { coupons = 100 }
"""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        opened.put(dormant(2))
        opened.configure(COME_BACK)
        yield opened


def code_of(floor: Kiosk, customer: str = "1001") -> str:
    return floor.codes()[customer][-1]


def change_coupon(floor: Kiosk, code: str, **values: Any) -> None:
    """The merchant edits a coupon in the shop's admin."""
    row = floor.ram.coupon(code)
    assert row is not None
    floor.ram.change("coupons", row["id"], **values)


def lose_ledger(floor: Kiosk) -> None:
    """The database is gone, and there is no backup."""
    floor.database.unlink()
    for rest in floor.folder.glob("stammkunde.sqlite-*"):
        rest.unlink()


def exported(floor: Kiosk, *more: str) -> list[str]:
    """Customers in the file that `export` writes."""
    return [line.split(",")[1] for line in floor.done("export", "come-back", *more).out.splitlines()[1:]]


# -- what a backup has forgotten


def budget(floor: Kiosk) -> tuple[int, int, int]:
    """Codes, liability and codes that are open, as the list of campaigns has them."""
    (line,) = floor.done("campaign", "--json").json()
    return line["issued"], line["liability"], line["open"]


@pytest.mark.parametrize(
    ("coupon", "owed"),
    [
        ("percent = 10", 1000),  # of 50.00 on average, twice
        ("percent = 10, minimum = 80", 1600),
        ("amount = 7", 1400),
        ('amount = 7, bound = "nobody"', 1400),
    ],
)
def test_a_code_taken_over_from_the_shop_counts_with_what_it_may_cost(
    floor: Kiosk, coupon: str, owed: int
) -> None:
    floor.configure(COME_BACK.replace("percent = 10, minimum = 30", coupon))
    floor.sync()
    assert budget(floor) == (2, owed, 2)
    lose_ledger(floor)
    floor.done("pull")
    floor.plan()
    assert budget(floor) == (2, owed, 2)
    assert floor.plan() == []


def test_the_budget_of_a_shop_with_a_lost_ledger_is_not_begun_anew(floor: Kiosk) -> None:
    """Four people, 15.00 for open codes: three of 5.00. The fourth gets none, neither after the loss."""
    floor.put(dormant(2, first=3001, last_days_ago=300))
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 100, liability = 15"))
    floor.sync()
    assert len(floor.ram.codes()) == 3
    lose_ledger(floor)
    floor.sync()
    assert len(floor.ram.codes()) == 3


def test_a_code_for_anybody_keeps_its_holder_after_a_lost_ledger(floor: Kiosk) -> None:
    """The shop does not say whose it is, but the mark does: the tag stays, and support finds it."""
    floor.configure(FOR_ANYBODY + 'tag = "come-back"\n')
    floor.sync()
    code = code_of(floor)
    lose_ledger(floor)
    floor.done("pull")
    floor.done("adopt", "--yes")
    assert floor.plan() == []
    assert floor.ram.tags_of("1001") == {"sk:come-back"}
    assert "  Whose: c1001@example.com, customer 1001\n" in floor.done("code", code).out
    floor.done("code", "replace", code)
    assert len(floor.ram.codes()) == 2


def test_codes_of_a_campaign_that_nobody_knows_any_more_are_told(floor: Kiosk) -> None:
    floor.sync()
    lose_ledger(floor)
    floor.configure()
    floor.done("pull")
    assert (
        "Campaigns that are not in the config: come-back. What their codes, taken over from the shop, are"
        " worth is not known, and no budget counts it.\n"
    ) in floor.done("plan").err


def test_a_code_without_an_end_is_open_for_good_after_a_lost_ledger(floor: Kiosk) -> None:
    floor.configure(COME_BACK + "cooldown_days = 30\n")
    floor.sync()
    change_coupon(floor, code_of(floor), ends_at=None)
    lose_ledger(floor)
    for _ in range(2):
        floor.later(days=40)
        floor.sync()
    assert len(floor.codes()["1001"]) == 1
    assert len(floor.codes()["1002"]) == 3


# -- what the merchant changes by hand


def test_an_end_that_the_merchant_moves_earlier_is_the_end_here_too(floor: Kiosk) -> None:
    floor.sync()
    code = code_of(floor)
    floor.later(days=1)
    change_coupon(floor, code, ends_at=(floor.now + timedelta(hours=2)).isoformat())
    floor.done("pull")
    assert "  Valid 1 Jun 2026 to 2 Jun 2026\n" in floor.done("code", code).out
    floor.later(hours=3)
    floor.done("pull")
    assert floor.states() == {"issued": 2, "handed over": 2, "expired": 1, "open": 1}
    assert "Would fail now: it ended on 02 Jun 2026 11:00 UTC\n" in floor.done("code", code).out


def test_a_code_that_ended_early_is_neither_handed_over_nor_reminded_of(floor: Kiosk) -> None:
    floor.configure(BY_FILE + "remind_days = 10\n")
    floor.sync()
    assert exported(floor) == ["1001", "1002"]
    floor.put(dormant(1, first=3001))
    floor.later(days=1)
    floor.sync()
    for who in ("1001", "3001"):
        change_coupon(floor, code_of(floor, who), ends_at=(floor.now + timedelta(hours=2)).isoformat())
    floor.later(days=24)
    floor.done("pull")
    assert exported(floor, "--again") == ["1002"]
    assert exported(floor) == []


def test_a_code_that_the_merchant_let_end_earlier_is_not_extended_by_its_hand_over(floor: Kiosk) -> None:
    floor.configure(BY_FILE)
    floor.sync()
    soon = floor.now + timedelta(days=9)
    change_coupon(floor, code_of(floor), ends_at=soon.isoformat())
    floor.later(days=4)
    floor.done("pull")
    rows = [line.split(",") for line in floor.done("export", "come-back").out.splitlines()[1:]]
    assert [(row[1], row[8]) for row in rows] == [("1001", "2026-06-09"), ("1002", "2026-07-04")]


def test_a_code_that_was_just_extended_is_not_taken_for_ended(floor: Kiosk) -> None:
    """The shop shows the old end a little longer; by that, the next code would be given too soon."""
    floor.configure(COME_BACK + "cooldown_days = 30\n")
    floor.sync()
    code = code_of(floor)
    floor.later(days=29)
    floor.done("code", "extend", code, "--days", "30")
    change_coupon(floor, code, ends_at=(NOW + timedelta(days=30)).isoformat())
    floor.done("pull")
    assert "  Valid 1 Jun 2026 to 31 Jul 2026\n" in floor.done("code", code).out


def test_a_code_that_the_shop_has_switched_off_is_not_handed_over(floor: Kiosk) -> None:
    """The shop has counted a use, so it may stand in an order we have not read yet."""
    floor.configure(BY_FILE)
    floor.sync()
    floor.later(days=1)
    change_coupon(floor, code_of(floor), enabled=False, used=1)
    floor.done("pull")
    assert exported(floor) == ["1002"]


# -- what the shop refuses


class PickyShop(MemoryShop):
    """Refuses coupons, or to store a code with its customer. A coupon in its admin is made all the same."""

    asked = 0
    refuses_coupons = True
    refuses_values = False

    def create_coupon(self, row: dict[str, Any]) -> None:
        self.asked += 1
        if self.refuses_coupons and row["title"].startswith("come-back"):
            raise RejectedError("A title must not say that.")
        super().create_coupon(row)

    def set_attribute(self, customer_id: str, name: str, value: str | None) -> None:
        if self.refuses_values:
            raise RejectedError("The shop stores no such value.")
        super().set_attribute(customer_id, name, value)


@pytest.fixture
def picky(floor: Kiosk) -> PickyShop:
    """The shop, from now on."""
    floor.ram = PickyShop(floor.ram.name, clock=lambda: floor.now)
    floor.put(dormant(12))
    return floor.ram


def pushed(floor: Kiosk) -> str:
    """What `sync` says on the side."""
    return floor.run("sync", "--force").err


def test_a_campaign_whose_codes_are_all_refused_stands_still_and_says_why(
    floor: Kiosk, picky: PickyShop
) -> None:
    assert "refused: code" in pushed(floor)
    assert picky.asked == 12
    for _ in range(3):
        floor.later(hours=1)
        pushed(floor)
    assert picky.asked == 12
    told = (
        "Campaign come-back: the shop refused 12 codes in a row (A title must not say that), so it issues"
        " nothing. Mend its coupon in the config, or whatever is wrong in the shop. One code is tried again"
        " after 02 Jun 2026 09:00 UTC.\n"
    )
    for command in (["plan"], ["check"], ["campaign"], ["campaign", "come-back"]):
        assert told in floor.done(*command).err
    assert told in floor.done("campaign", "come-back", "--preview").err
    assert floor.codes() == {}
    floor.later(days=1)
    pushed(floor)
    pushed(floor)
    assert picky.asked == 13


def test_other_terms_are_tried_at_once(floor: Kiosk, picky: PickyShop) -> None:
    pushed(floor)
    floor.configure(COME_BACK + 'title = "10 % for you"\n')
    floor.sync()
    assert len(floor.codes()) == 12
    assert budget(floor) == (12, 6000, 12)


def test_a_campaign_goes_on_once_a_code_was_made_again(floor: Kiosk, picky: PickyShop) -> None:
    pushed(floor)
    picky.refuses_coupons = False
    floor.later(days=1)
    floor.sync()
    assert len(floor.codes()) == 1
    floor.sync()
    assert len(floor.codes()) == 12


def test_one_person_whose_code_is_refused_is_tried_less_and_less_often(
    floor: Kiosk, picky: PickyShop
) -> None:
    picky.refuses_coupons = False
    for number in range(1002, 1013):
        picky.delete(Kind.CUSTOMERS, str(number))
    floor.done("pull", "--full")
    picky.refuses_coupons = True
    tried = []
    for half_day in range(70):
        before = picky.asked
        pushed(floor)
        tried += [half_day / 2] * (picky.asked - before)
        floor.later(hours=12)
    assert tried == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert (
        "Campaign come-back: no code for 1 person for now, as the shop refused it (A title must not say"
        " that). It is tried again, less and less often.\n"
    ) in floor.done("plan").err


def test_a_refused_code_takes_nothing_of_the_budget_and_holds_up_nobody(floor: Kiosk) -> None:
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 2, per_day = 1"))
    floor.done("pull")
    for _ in range(2):
        floor.ram.add_foreign_code(floor.plan()[0]["change"]["code"])
        floor.run("push", "--force")
    floor.done("push", "--force")
    assert set(floor.codes()) == {"1002"}
    floor.later(days=2)
    floor.sync()
    assert set(floor.codes()) == {"1001", "1002"}
    assert budget(floor) == (2, 1000, 2)


def test_a_code_that_was_made_although_it_was_refused_is_no_second_one(
    floor: Kiosk, picky: PickyShop
) -> None:
    """The coupon was made, its code was not stored with the customer: the push was told of a refusal."""
    picky.refuses_coupons, picky.refuses_values = False, True
    floor.done("pull")
    for _ in range(3):
        floor.later(days=1)
        floor.run("push", "--force")
        assert len(picky.codes()) == 12
    picky.refuses_values = False
    floor.sync()
    assert len(picky.codes()) == 12
    assert floor.states() == {"issued": 12, "open": 12}
    assert budget(floor) == (12, 6000, 12)
    assert len(exported(floor)) == 12  # they reach the customer by another way


def test_a_code_that_the_shop_will_not_disable_is_not_tried_with_every_push(floor: Kiosk) -> None:
    """The merchant has written another title over it: the coupon is his now."""
    floor.sync()
    code = code_of(floor)
    change_coupon(floor, code, title="Sommer")
    floor.later(days=1)
    floor.done("pull", "--full")
    assert f"refused: code {code}: The coupon {code} in the shop is not ours.\n" in pushed(floor)
    for _ in range(29):
        floor.later(days=1)
        floor.sync()
    assert code in floor.ram.codes()
    floor.later(days=2)
    assert "is not ours.\n" in pushed(floor)


# -- between a code and the message about it


def test_nobody_is_written_to_about_coming_back_who_has_just_come(floor: Kiosk) -> None:
    floor.configure(BY_FILE + "suppress_days = 30\nremind_days = 10\n")
    floor.sync()
    floor.later(days=2)
    floor.buy(9001, 1001)
    floor.sync()
    ran = floor.done("export", "come-back")
    assert [line.split(",")[1] for line in ran.out.splitlines()[1:]] == ["1002"]
    assert "kiosk: left out: 1 who ordered not long ago (suppress_days)\n" in ran.err
    floor.later(days=29)
    floor.buy(9002, 1002, payment=Payment.NONE, shipment=Shipment.NONE)
    floor.sync()
    assert exported(floor) == []  # neither is she reminded, nor is his code still good


def test_a_code_that_an_unpaid_order_carries_is_not_handed_over(floor: Kiosk) -> None:
    floor.configure(BY_FILE)
    floor.sync()
    floor.buy(9001, 1001, code_of(floor), payment=Payment.NONE, shipment=Shipment.NONE, shipped_at=None)
    floor.later(hours=1)
    floor.sync()
    assert exported(floor, "--again") == ["1002"]


def test_nobody_is_told_that_a_code_ends_soon_which_cannot_be_used_any_more(floor: Kiosk) -> None:
    """One stands in an order that is not paid yet, one was switched off, after a use we have not seen."""
    secret = floor.write_private("receiver.secret", "5a" * 32)
    receiver = f'[receivers.crm]\nurl = "http://127.0.0.1:9/"\nsecret = {{ file = "{secret}" }}\n'
    floor.put(dormant(3))
    floor.configure(COME_BACK, receiver + 'events = ["code.expiring"]\n')
    floor.sync()
    floor.later(days=25)
    unpaid: dict[str, Any] = {"payment": Payment.NONE, "shipment": Shipment.NONE, "shipped_at": None}
    floor.buy(9001, 1001, code_of(floor, "1001"), **unpaid)
    change_coupon(floor, code_of(floor, "1002"), enabled=False, used=1)
    floor.sync()
    assert floor.rows("SELECT subject FROM outbox WHERE kind = 'code.expiring'") == [
        (code_of(floor, "1003"),)
    ]


def test_who_takes_the_consent_back_is_not_handed_a_code_that_is_there(floor: Kiosk) -> None:
    floor.configure(BY_FILE)
    floor.sync()
    no = (msgspec.structs.replace(CONFIRMED[0], state="unsubscribed"),)
    floor.later(hours=1)
    floor.put([customer(1001, "c1001@example.com", consents=no)])
    floor.sync()
    ran = floor.done("export", "come-back")
    assert [line.split(",")[1] for line in ran.out.splitlines()[1:]] == ["1002"]
    assert "left out: 1 who have unsubscribed\n" in ran.err


# -- who is who


def test_who_deletes_the_account_and_comes_back_gets_no_second_code(floor: Kiosk) -> None:
    floor.sync()
    floor.later(days=1)
    floor.ram.delete(Kind.CUSTOMERS, "1001")
    floor.put([customer(2001, "C1001@example.com", created_at=floor.now, consents=CONFIRMED)])
    floor.put([order(10010, 2001, 250), order(10011, 2001, 200)])
    floor.done("pull", "--full")
    floor.sync()
    assert set(floor.codes()) == {"1001", "1002"}


def test_two_people_with_a_code_each_who_turn_out_to_be_one_get_no_third(floor: Kiosk) -> None:
    floor.configure(COME_BACK + "cooldown_days = 40\n")
    floor.sync()
    floor.later(days=1)
    floor.put([customer(1002, "c1001@example.com", consents=CONFIRMED)])
    floor.sync()
    floor.later(days=10)
    first, second = code_of(floor, "1001"), code_of(floor, "1002")
    floor.sync()
    assert floor.states() == {"issued": 2, "handed over": 2, "open": 2}
    ran = floor.run("code", "replace", first)
    assert (ran.code, len(floor.ram.codes())) == (3, 2)
    assert f"The customer holds another open code: {second} (come-back).\n" in ran.err
    floor.later(days=60)
    floor.sync()
    assert sorted(len(each) for each in floor.codes().values()) == [1, 2]


def test_held_out_once_is_held_out_as_whoever_it_may_be(floor: Kiosk) -> None:
    floor.put(dormant(20))
    floor.configure(COME_BACK + "holdout = 0.9\n")
    floor.sync()
    keys = floor.rows("SELECT person_key FROM assignments WHERE arm = 'holdout' ORDER BY person_key")
    merged, anew = (int(key[1:]) for key, *_ in keys[:2])
    before = floor.codes()
    floor.configure(COME_BACK + "holdout = 0\n")
    floor.later(days=1)
    older = floor.now - timedelta(days=2000)
    floor.put([customer(3001, f"c{merged}@example.com", created_at=older, consents=CONFIRMED)])
    floor.ram.delete(Kind.CUSTOMERS, str(anew))
    floor.put([customer(3002, f"c{anew}@example.com", created_at=floor.now, consents=CONFIRMED)])
    floor.put([order(anew * 10, 3002, 250), order(anew * 10 + 1, 3002, 200)])
    floor.done("pull", "--full")
    floor.sync()
    assert floor.codes() == before


def test_whoever_waits_for_a_later_push_is_measured_from_then_on(floor: Kiosk) -> None:
    floor.put(dormant(20))
    floor.configure(COME_BACK + "holdout = 0.4\n")
    floor.done("pull")
    floor.done("push", "--force", "--limit", "3")
    arms = dict(floor.rows("SELECT person_key, arm FROM assignments"))
    assert sorted(key for key, arm in arms.items() if arm == "treated") == sorted(
        f"c{who}" for who in floor.codes()
    )
    assert len(arms) < 15
    floor.later(days=1)
    floor.sync()
    everybody = dict(floor.rows("SELECT person_key, arm FROM assignments"))
    assert len(everybody) == 20
    assert {key: everybody[key] for key in arms} == arms


def test_who_is_forgotten_and_comes_back_gets_no_code_and_takes_none_of_the_budget(
    floor: Kiosk, picky: PickyShop
) -> None:
    """Refused codes were none, and stay none when their customer is forgotten."""
    pushed(floor)
    floor.done("forget", "c1001@example.com", "--yes")
    assert budget(floor) == (0, 0, 0)
    picky.refuses_coupons = False
    floor.later(days=3)
    floor.put([customer(2001, "c1001@example.com", consents=CONFIRMED)])
    floor.put([order(10010, 2001, 250), order(10011, 2001, 200)])
    for _ in range(3):
        floor.sync()
        floor.later(days=1)
    assert set(floor.codes()) == {str(number) for number in range(1002, 1013)}
    assert budget(floor) == (11, 5500, 11)


def test_two_shops_keep_to_a_budget_each_and_stop_each_by_itself(floor: Kiosk) -> None:
    other = MemoryShop(f"{floor.ram.name}-other", clock=lambda: floor.now)
    for record in dormant(3):
        other.put(msgspec.structs.replace(record, updated_at=floor.now))
    floor.options["other"] = floor.options["kiosk"] | {"name": f'"{other.name}"'}
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 2"))
    floor.sync()
    assert (len(floor.ram.codes()), len(other.codes())) == (2, 2)
    assert not floor.ram.codes() & other.codes()
    floor.done("campaign", "stop", "come-back", "--shop", "other")
    assert (len(floor.ram.codes()), len(other.codes())) == (2, 0)
    floor.later(days=1)
    floor.sync()
    assert (len(floor.ram.codes()), len(other.codes())) == (2, 0)
    floor.done("campaign", "start", "come-back")
    floor.sync()
    assert (len(floor.ram.codes()), len(other.codes())) == (2, 0)  # disabled ones were given, too


# -- the owner's own edits


def test_an_edited_campaign_gives_nobody_a_second_code(floor: Kiosk) -> None:
    floor.sync()
    first = floor.codes()
    for edit in (
        COME_BACK.replace("percent = 10", "percent = 15"),
        COME_BACK.replace("valid_days = 30", "valid_days = 60"),
        COME_BACK.replace('group = "dormant"', 'group = "buyers"'),
        COME_BACK.replace("percent = 10,", 'percent = 10, prefix = "BACK",'),
        COME_BACK + 'tag = "come-back"\nholdout = 0\npriority = 5\n',
        COME_BACK.replace("active = true", "active = false"),
        COME_BACK,
    ):
        floor.configure(edit)
        floor.sync()
        assert floor.codes() == first


def test_a_campaign_that_may_have_been_renamed_is_told_before_everybody_gets_another_code(
    floor: Kiosk,
) -> None:
    floor.sync()
    renamed = COME_BACK.replace("[campaigns.come-back]", "[campaigns.win-back]")
    floor.configure(renamed)
    told = (
        "Campaign win-back: it has given no code yet, and come-back, which has given 2 codes, is not in the"
        " config any more. If it is the same under another name, give it back the old one: else everybody can"
        " get another code.\n"
    )
    assert told in floor.done("plan").err
    assert told in floor.done("check").err
    floor.configure(COME_BACK, renamed + "priority = 1\n")
    assert "another name" not in floor.done("plan").err + floor.done("check").err


def test_undone_and_resumed_gives_nobody_a_second_code(floor: Kiosk) -> None:
    floor.sync()
    ((run,),) = floor.rows("SELECT run FROM runs WHERE kind = 'push'")
    floor.done("undo", run)
    floor.done("resume")
    for _ in range(2):
        floor.sync()
        floor.later(days=40)
    assert [len(each) for each in floor.codes().values()] == [1, 1]
    assert floor.ram.codes() == frozenset()


def test_a_shop_under_another_name_gives_nobody_a_second_code(floor: Kiosk) -> None:
    """For the ledger it is another shop; the coupons in it say that they are ours."""
    floor.sync()
    floor.options["newsstand"] = floor.options.pop("kiosk")
    floor.write_config()
    floor.sync()
    assert len(floor.ram.codes()) == 2
    assert budget(floor) == (2, 1000, 2)


def test_nobody_revives_a_code_of_a_stopped_campaign_by_hand(floor: Kiosk) -> None:
    floor.sync()
    code = code_of(floor)
    floor.later(days=31)
    floor.done("campaign", "stop", "come-back")
    for order_ in (("replace", code), ("extend", code, "--days", "10")):
        ran = floor.run("code", *order_)
        assert (ran.code, ran.out) == (3, "")
        assert (
            "Campaign come-back is stopped, so no code of it is made or extended. `stammkunde campaign start"
            " come-back` lets it go on.\n"
        ) in ran.err
    assert floor.ram.redeem(code, "1001") is not None


def test_a_code_is_not_extended_to_a_day_that_is_over(floor: Kiosk) -> None:
    floor.sync()
    floor.later(days=50)
    ran = floor.run("code", "extend", code_of(floor), "--days", "14")
    assert (ran.code, ran.out) == (3, "")
    assert "ended on 01 Jul 2026, so it would be over on 15 Jul 2026 again. Name more days.\n" in ran.err
    floor.done("code", "extend", code_of(floor), "--days", "24")
    assert floor.ram.redeem(code_of(floor), "1001") is None


def test_a_code_that_cannot_be_disabled_is_not_replaced(floor: Kiosk) -> None:
    """The merchant has made a coupon of his own of it."""
    floor.sync()
    code = code_of(floor)
    change_coupon(floor, code, title="Sommer")
    ran = floor.run("code", "replace", code)
    assert (ran.code, ran.out) == (1, "")
    assert f"refused: The coupon {code} in the shop is not ours.\n" in ran.err
    assert len(floor.codes()["1001"]) == 1
    assert len(floor.ram.codes()) == 2


# -- what is said of them


def test_a_code_that_was_used_or_has_ended_is_open_nowhere(floor: Kiosk) -> None:
    floor.put(dormant(3))
    floor.sync()
    used, called_off, open_ = (code_of(floor, who) for who in ("1001", "1002", "1003"))
    floor.later(days=1)
    floor.buy(9001, 1001, used)
    nothing: dict[str, Any] = {"payment": Payment.NONE, "shipment": Shipment.NONE, "shipped_at": None}
    floor.buy(9002, 1002, called_off, cancelled_at=floor.now, **nothing)
    floor.buy(9003, 1003, open_, **nothing)
    floor.done("pull")

    def states() -> list[str]:
        found = [floor.done("customer", who, "--json").json() for who in ("1001", "1002", "1003")]
        return [code["state"] for (portrait,) in found for code in portrait["codes"]]

    assert floor.done("status", "--json").json()[0]["open_codes"] == 1
    assert states() == ["redeemed", "released", "handed over"]
    with served(floor, figures=False) as address:
        figures = requests.get(f"{address}/metrics", timeout=5).text
    assert 'stammkunde_codes_open{campaign="come-back",shop="kiosk"} 1.0\n' in figures
    assert 'stammkunde_liability{campaign="come-back",currency="EUR",shop="kiosk"} 5.0\n' in figures
    floor.again(9003, 1003, 0, codes=(), **nothing)
    floor.later(days=40)
    floor.done("pull", "--full")
    assert floor.done("status", "--json").json()[0]["open_codes"] == 0
    assert states() == ["redeemed", "released", "expired"]


# -- orders that must not be taken for what they are not


def test_an_order_in_another_currency_is_no_measure_of_what_a_code_costs(floor: Kiosk) -> None:
    """20,000 yen is not 200.00 euros: neither when a code is valued, nor when it was used."""
    yen: dict[str, Any] = {"currency": "JPY", "total": 20000, "goods": 20000, "tax": 0, "shipping": 900}
    floor.put([order(9001, 1001, 250, **yen)])
    floor.done("pull")
    assert [each["face_value"] for each in floor.plan()] == [500, 500]
    floor.done("push", "--force")
    floor.later(hours=1)
    bought = yen | {"goods": 22000, "discounts": 2000, "codes": (code_of(floor),)}
    floor.put([order(9002, 1001, 0, **bought)])
    floor.done("pull")
    (line,) = floor.done("campaign", "--json").json()
    assert (line["redeemed"], line["cost"]) == (1, 500)


def test_shipping_that_a_code_paid_is_not_the_discount_of_a_sale(floor: Kiosk) -> None:
    floor.put(msgspec.structs.replace(each, goods=4197, shipping=476, tax=327)
              for each in dormant(2) if isinstance(each, Order))  # fmt: skip
    floor.configure(COME_BACK.replace("percent = 10, minimum = 30", "free_shipping = true"))
    floor.sync()
    floor.later(days=1)
    floor.buy(9001, 1001, code_of(floor), goods=6673, discounts=2000)
    floor.done("pull")
    (line,) = floor.done("campaign", "--json").json()
    assert (line["redeemed"], line["cost"]) == (1, 509)


def test_shipping_that_a_code_paid_is_no_profit(floor: Kiosk) -> None:
    """Half of 46.73 in net sales, less 5.09 of shipping; and a discount of 20,000 yen is not 200.00 euros."""
    charged: dict[str, Any] = {"goods": 4197, "shipping": 476, "tax": 327}
    people = [msgspec.structs.replace(each, **charged) if isinstance(each, Order) else each
              for each in dormant(20)]  # fmt: skip
    floor.put(people)
    floor.set("kiosk", margin="0.5")
    free = COME_BACK.replace("percent = 10, minimum = 30", "free_shipping = true") + "holdout = 0.5\n"
    floor.configure(free)
    floor.sync()
    first, second, *_ = floor.codes()
    floor.later(days=1)
    floor.buy(9001, int(first), code_of(floor, first))
    yen: dict[str, Any] = {"currency": "JPY", "total": 20000, "goods": 40000, "discounts": 20000, "tax": 0}
    floor.buy(9002, int(second), code_of(floor, second), **yen)
    floor.done("pull")
    (seen,) = floor.done("campaign", "come-back", "--effect", "--json").json()
    assert round(seen["sales"]["incremental"]) == 4673
    assert (seen["discounts"], seen["profit"]) == (2 * 509, pytest.approx(4673 / 2 - 2 * 509))


def test_a_friend_who_is_left_out_of_everything_earns_nobody_a_reward(floor: Kiosk) -> None:
    """The code of a customer was used by somebody of the staff."""
    floor.configure(FRIEND)
    floor.set("kiosk", exclude='{ tags = ["staff"] }')
    floor.sync()
    given = floor.codes("bring-a-friend")
    floor.put([customer(5001, "staff@example.com", "staff"), customer(5002, "friend@example.com")])
    floor.buy(9001, 5001, given["1001"][0])
    floor.buy(9002, 5002, given["1002"][0])
    floor.sync()
    floor.later(days=31)
    floor.sync()
    assert set(floor.codes("thanks")) == {"1002"}


# -- clocks


@pytest.mark.parametrize(
    ("start", "codes"),
    [
        ("2026-10-25T00:30+02:00", 2),  # the day has 25 hours in Berlin
        ("2026-03-29T00:30+01:00", 2),  # and 23
    ],
)
def test_a_day_of_another_length_is_one_day_of_the_budget(floor: Kiosk, start: str, codes: int) -> None:
    floor.now = datetime.fromisoformat(start)
    floor.put(dormant(10, last_days_ago=200 + (NOW - floor.now) / timedelta(days=1)))
    floor.configure(COME_BACK.replace("coupons = 100", f"coupons = 100, per_day = {codes}"))
    day = floor.now.date()
    while (local := floor.now.astimezone(BERLIN)).date() == day:
        floor.sync()
        assert len(floor.codes()) == codes, local
        floor.later(hours=5)
    floor.sync()
    assert len(floor.codes()) == 2 * codes


@pytest.mark.parametrize(
    ("handed", "told"),
    [
        ("2026-10-20T00:30+02:00", "2026-10-25"),  # works until the 26th, 23:30 by the clock of winter
        ("2026-03-25T23:30+01:00", "2026-04-01"),  # until the 2nd of April, 0:30 by the clock of summer
    ],
)
def test_the_day_a_customer_is_told_is_one_on_which_the_code_works(
    floor: Kiosk, handed: str, told: str
) -> None:
    floor.now = datetime.fromisoformat(handed)
    floor.put(dormant(2, last_days_ago=200 + (NOW - floor.now) / timedelta(days=1)))
    floor.configure(BY_FILE.replace("valid_days = 30", "valid_days = 7"))
    floor.sync()
    rows = [line.split(",") for line in floor.done("export", "come-back").out.splitlines()[1:]]
    assert {row[8] for row in rows} == {told}
    floor.now = datetime.fromisoformat(f"{told}T23:59").replace(tzinfo=BERLIN)
    assert floor.ram.redeem(code_of(floor), "1001") is None


def test_the_days_of_a_code_are_the_shops(floor: Kiosk) -> None:
    """It is half past midnight in Berlin, and the day before by the clock of the world."""
    floor.now = datetime.fromisoformat("2026-06-02T00:30+02:00")
    floor.sync()
    code = code_of(floor)
    assert "  Valid 2 Jun 2026 to 2 Jul 2026\n" in floor.done("code", code).out
    ((found,),) = (each["codes"] for each in floor.done("customer", "1001", "--json").json())
    assert found["ends"] == "2026-07-02"
    assert "is valid until 5 Jul 2026.\n" in floor.done("code", "extend", code, "--days", "3").out


# -- what the owner must know before a push


def test_check_says_which_campaigns_will_issue_nothing(floor: Kiosk) -> None:
    quiet = "  Campaign come-back: it issues nothing, as its group dormant cannot be pushed.\n"
    floor.sync()
    assert "issues nothing" not in floor.done("check").err
    floor.set("kiosk", history_starts="2026-05-01")
    said = floor.done("check").err
    assert "  dormant cannot be pushed: " in said
    assert quiet in said
    assert "For now it issues nothing: dormant: " in floor.done("campaign", "come-back", "--preview").err
    del floor.options["kiosk"]["history_starts"]
    floor.write_config()
    floor.done("campaign", "stop", "come-back")
    said = floor.done("check").err
    assert quiet not in said
    assert (
        "  Campaign come-back: it was stopped and issues nothing. `stammkunde campaign start come-back` lets"
        " it go on.\n"
    ) in said


def test_check_says_that_the_list_of_those_never_written_to_cannot_be_read(floor: Kiosk) -> None:
    floor.configure(COME_BACK, top='consent.suppress_file = "never.txt"')
    assert (
        f"  Campaign come-back cannot be kept: consent.suppress_file {floor.folder}/never.txt cannot be read,"
        " so nobody can be written to. Mend its name.\n"
    ) in floor.done("check").err


def test_check_says_that_a_rate_is_missing(floor: Kiosk) -> None:
    other = MemoryShop(f"{floor.ram.name}-other", currency="CHF", clock=lambda: floor.now)
    floor.options["other"] = floor.options["kiosk"] | {"name": f'"{other.name}"'}
    rules = """
[bases.main]
shops = ["kiosk", "other"]

[groups.big]
members = "amount_spent_in_all_shops > 50"
"""
    floor.write_config(rules=rules + COME_BACK.replace("dormant", "big"))
    floor.done("pull")
    floor.done("plan")
    said = floor.done("check", "kiosk").err
    assert (
        "  big cannot be pushed: it asks for all shops, and the rates of [bases] name no rate for the"
        " currency of other.\n"
        "  Campaign come-back: it issues nothing, as its group big cannot be pushed.\n"
    ) in said
