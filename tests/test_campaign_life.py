"""The life of a code: issued, handed over, redeemed, released, followed by another, expired, revoked."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.model import LineItem, Payment, Refund, Shipment
from tests.kiosk import COME_BACK, Kiosk, dormant, kiosk


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        opened.put(dormant(2))
        opened.configure(COME_BACK)
        yield opened


def code_of(floor: Kiosk, customer: str = "1001") -> str:
    return floor.codes()[customer][-1]


def test_a_code_is_redeemed_by_the_order_that_carries_it(floor: Kiosk) -> None:
    floor.sync()
    assert floor.states() == {"issued": 2, "handed over": 2, "open": 2}
    floor.later(days=3)
    floor.buy(9001, 1001, code_of(floor).lower(), discounts=467, goods=5140)
    floor.sync()
    assert floor.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}
    assert "redeemed         1   4.67 EUR  46.73 EUR\n" in floor.done("campaign", "come-back").out
    assert floor.plan() == []


def test_a_code_in_an_order_that_is_not_paid_yet_is_still_open(floor: Kiosk) -> None:
    floor.sync()
    floor.buy(9001, 1001, code_of(floor), payment=Payment.NONE, shipment=Shipment.NONE, shipped_at=None)
    floor.later(days=60)
    floor.sync()
    assert floor.states() == {"issued": 2, "handed over": 2, "expired": 1, "open": 1}
    said = floor.done("code", code_of(floor)).out
    assert "Would fail now: order #9001 carries it and is neither paid nor shipped yet\n" in said


def test_an_order_called_off_releases_the_code_and_one_new_one_follows(floor: Kiosk) -> None:
    floor.sync()
    first = code_of(floor)
    floor.buy(9001, 1001, first)
    floor.later(days=1)
    floor.sync()
    called_off = {"payment": Payment.NONE, "shipment": Shipment.NONE, "shipped_at": None}
    floor.again(9001, 1001, 1, codes=(first,), cancelled_at=floor.now, **called_off)
    floor.sync()
    assert floor.states() == {"issued": 3, "handed over": 3, "released": 1, "open": 2}
    second = code_of(floor)
    assert second != first
    assert floor.ram.attribute("1001", "code-come-back") == second
    assert floor.ram.redeem(first, "1001") == "There is no such code."  # not two that work
    assert floor.plan() == []
    for _ in range(2):
        floor.later(days=1)
        floor.sync()
    assert len(floor.codes()["1001"]) == 2


def came_back(floor: Kiosk, code: str) -> None:
    """The order with the code came back whole."""
    back = Refund(id="1", refunded_at=floor.now, amount=5000, tax=327)
    line = LineItem(product_id="3001", title="Espresso", quantity=1, remaining=0, total=5000)
    floor.again(9001, 1001, 1, codes=(code,), refunds=(back,), lines=(line,))


def test_an_order_that_comes_back_releases_the_code_only_where_the_campaign_says_so(floor: Kiosk) -> None:
    floor.sync()
    first = code_of(floor)
    floor.buy(9001, 1001, first)
    floor.later(days=1)
    came_back(floor, first)
    floor.sync()
    assert floor.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}
    floor.configure(COME_BACK + "reissue_on_return = true\n")
    floor.sync()
    assert floor.states() == {"issued": 3, "handed over": 3, "released": 1, "open": 2}


def test_an_order_cancelled_after_it_was_shipped_has_used_the_code(floor: Kiosk) -> None:
    floor.sync()
    floor.buy(9001, 1001, code_of(floor), cancelled_at=floor.now)
    floor.later(hours=1)
    floor.sync()
    assert floor.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}


def test_after_the_cool_down_another_round_begins_and_not_before(floor: Kiosk) -> None:
    floor.configure(COME_BACK + "cooldown_days = 60\n")
    floor.sync()
    floor.later(days=59)
    floor.sync()
    assert {len(each) for each in floor.codes().values()} == {1}
    floor.later(days=2)
    floor.sync()
    assert {len(each) for each in floor.codes().values()} == {2}
    assert floor.rows("SELECT DISTINCT round FROM issued ORDER BY 1") == [(1,), (2,)]


def test_a_code_is_tidied_away_long_after_its_end(floor: Kiosk) -> None:
    floor.configure(COME_BACK, top="cleanup_days = 20")
    floor.sync()
    assert floor.ram.attribute("1001", "code-come-back") == code_of(floor)
    floor.later(days=49)
    floor.sync()
    assert len(floor.ram.codes()) == 2
    floor.later(days=2)
    floor.sync()
    assert floor.ram.codes() == frozenset()
    assert floor.ram.attribute("1001", "code-come-back") is None
    assert floor.states() == {"issued": 2, "handed over": 2, "expired": 2}
    assert floor.plan() == []


def test_after_a_restored_backup_the_round_goes_on_from_the_highest_seen(floor: Kiosk) -> None:
    floor.configure(COME_BACK + "cooldown_days = 60\n")
    floor.sync()
    shutil.copy(floor.database, floor.folder / "backup")
    floor.later(days=61)
    floor.sync()
    second = floor.codes()
    floor.database.unlink()
    for rest in floor.folder.glob("stammkunde.sqlite-*"):
        rest.unlink()
    (floor.folder / "backup").rename(floor.database)
    floor.sync()
    assert floor.codes() == second
    assert len(floor.ram.codes()) == 4
    floor.later(days=61)
    floor.sync()
    assert {len(each) for each in floor.codes().values()} == {3}
    assert floor.rows("SELECT DISTINCT round FROM issued ORDER BY 1") == [(1,), (2,), (3,)]


def test_a_backup_that_is_pushed_without_a_pull_repeats_no_code(floor: Kiosk) -> None:
    floor.done("pull")
    shutil.copy(floor.database, floor.folder / "backup")
    floor.sync()
    made = floor.ram.codes()
    floor.database.unlink()
    for rest in floor.folder.glob("stammkunde.sqlite-*"):
        rest.unlink()
    (floor.folder / "backup").rename(floor.database)
    floor.done("push", "--force")
    assert floor.ram.codes() == made


# -- its own tag


def test_only_who_holds_an_open_code_carries_the_tag_of_the_campaign(floor: Kiosk) -> None:
    floor.configure(COME_BACK + 'tag = "come-back"\n')
    floor.sync()
    assert [floor.ram.tags_of(each) for each in ("1001", "1002")] == [{"sk:come-back"}] * 2
    assert floor.plan() == []
    floor.buy(9001, 1001, code_of(floor))
    floor.later(hours=1)
    floor.sync()
    assert [floor.ram.tags_of(each) for each in ("1001", "1002")] == [set(), {"sk:come-back"}]
    floor.later(days=31)
    floor.sync()
    assert floor.ram.tags_of("1002") == set()


def test_who_gets_the_next_code_keeps_the_tag_until_that_one_has_ended(floor: Kiosk) -> None:
    """Found by the property test: the claim on the tag was given up with the old code."""
    floor.configure(COME_BACK + 'tag = "come-back"\ncooldown_days = 40\n')
    floor.sync()
    floor.later(days=41)
    floor.done("pull")
    assert [each["change"]["type"] for each in floor.plan()] == ["create-coupon"] * 2
    floor.sync()
    assert [floor.ram.tags_of(each) for each in ("1001", "1002")] == [{"sk:come-back"}] * 2
    floor.configure(COME_BACK + 'tag = "come-back"\n')
    floor.later(days=31)
    floor.sync()
    assert [floor.ram.tags_of(each) for each in ("1001", "1002")] == [set(), set()]


def test_whose_code_was_refused_gets_no_tag(floor: Kiosk) -> None:
    floor.configure(COME_BACK + 'tag = "come-back"\n')
    floor.done("pull")
    taken = floor.plan()[0]["change"]["code"]
    floor.ram.add_foreign_code(taken)
    ran = floor.run("push", "--force")
    assert ran.code == 1
    assert f"refused: code {taken}: The coupon {taken} in the shop is not ours.\n" in ran.err
    tagged = [each for each in ("1001", "1002") if "sk:come-back" in floor.ram.tags_of(each)]
    assert tagged == ["1002"]
    floor.sync()  # another code for the first one
    assert {len(each) for each in floor.codes().values()} == {1}
    assert floor.ram.tags_of("1001") == {"sk:come-back"}


def test_who_is_left_out_from_now_on_loses_the_tag_and_keeps_the_code(floor: Kiosk) -> None:
    floor.configure(COME_BACK + 'tag = "come-back"\n')
    floor.sync()
    floor.set("kiosk", exclude='{ email_domains = ["example.com"] }')
    floor.done("push", "--force")
    assert [floor.ram.tags_of(each) for each in ("1001", "1002")] == [set(), set()]
    assert len(floor.ram.codes()) == 2


# -- support


def test_code_says_everything_about_a_code(floor: Kiosk) -> None:
    floor.sync()
    code = code_of(floor)
    typed = " ".join((code[:4], code[4:8], code[8:])).lower()
    assert floor.done("code", *typed.split()).out == (
        f"kiosk: {code[:4]} {code[4:8]} {code[8:12]} {code[12:]} is handed over.\n"
        "  Whose: c1001@example.com, customer 1001\n"
        "  Why: campaign come-back, round 1\n"
        "  Gives 10 %, worth at most 5.00 EUR\n"
        "  Valid 1 Jun 2026 to 1 Jul 2026\n"
        "  Condition: only for this customer, logged in\n"
        "  Condition: from goods of 30.00 EUR on\n"
        "  Condition: not for reduced goods\n"
        "  Condition: not together with other codes, where the shop can tell\n"
        "  Would work now, if these conditions are met\n"
    )
    floor.buy(9001, 1001, code)
    floor.later(hours=1)
    floor.done("pull")
    said = floor.done("code", code).out
    assert "is redeemed, 5.00 EUR off 46.73 EUR of net sales.\n" in said
    assert "  In order #9001\n  Would fail now: it was redeemed with order #9001\n" in said


def test_a_code_that_is_none_of_ours(floor: Kiosk) -> None:
    floor.sync()
    ran = floor.run("code", "SOMMER")
    assert (ran.code, ran.out) == (1, "")
    assert "kiosk has no code 'SOMMER' of ours." in ran.err


def test_a_replaced_code_is_worth_nothing_and_the_new_one_ends_with_the_old(floor: Kiosk) -> None:
    floor.sync()
    old = code_of(floor)
    floor.later(days=5)
    floor.done("code", "replace", old)
    new = code_of(floor)
    assert floor.ram.redeem(old, "1001") == "There is no such code."
    assert floor.ram.redeem(new, "1001") is None
    assert floor.ram.attribute("1001", "code-come-back") == new
    assert floor.rows(f"SELECT round, replaces, ends_at FROM issued WHERE code = '{new}'") == [
        (2, old, (1780304400 + 30 * 86400) * 1000)
    ]
    assert floor.plan() == []


def test_replace_and_extend_keep_to_the_budget_and_to_one_open_code(floor: Kiosk) -> None:
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 2"))
    floor.sync()
    old = code_of(floor)
    ran = floor.run("code", "replace", old)
    assert (ran.code, "campaign come-back would be over its budget" in ran.err) == (3, True)
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 3"))
    floor.done("code", "replace", old)
    ran = floor.run("code", "extend", old, "--days", "10")
    assert (ran.code, "is disabled: it cannot be extended, only replaced." in ran.err) == (3, True)
    assert len(floor.ram.codes()) == 2


def test_an_extended_code_lives_longer_even_when_it_had_ended(floor: Kiosk) -> None:
    floor.sync()
    code = code_of(floor)
    floor.later(days=31)
    assert floor.ram.redeem(code, "1001") == "The code has expired."
    assert floor.done("code", "extend", code, "--days", "14").out.endswith("is valid until 15 Jul 2026.\n")
    assert floor.ram.redeem(code, "1001") is None
    assert floor.run("code", "extend", code).code == 2


def test_nothing_is_replaced_where_pushing_is_off(floor: Kiosk) -> None:
    floor.sync()
    floor.set("kiosk", push="false")
    assert floor.run("code", "replace", code_of(floor)).code == 3
    assert {len(each) for each in floor.codes().values()} == {1}


# -- stop


def test_a_stopped_campaign_has_no_code_that_works_and_issues_none(floor: Kiosk) -> None:
    floor.configure(COME_BACK + 'tag = "come-back"\n')
    floor.sync()
    floor.buy(9001, 1001, code_of(floor))
    floor.later(hours=1)
    floor.sync()
    floor.put(dormant(1, first=1003))
    assert (
        floor.done("campaign", "stop", "come-back").out == "kiosk: come-back is stopped, 1 code disabled.\n"
    )
    assert floor.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "revoked": 1}
    assert floor.ram.tags_of("1002") == set()
    ran = floor.sync()
    assert "Campaign come-back issues nothing: it was stopped." in ran.err
    assert "1003" not in floor.codes()
    assert floor.done("campaign", "start", "come-back").out == "kiosk: come-back goes on.\n"
    floor.sync()
    assert set(floor.codes()) == {"1001", "1002", "1003"}
    assert len(floor.codes()["1002"]) == 1  # a code that was taken back is over for good


def test_stop_works_while_pushing_is_held(floor: Kiosk) -> None:
    floor.sync()
    run = floor.rows("SELECT run FROM runs WHERE kind = 'push'")[0][0]
    floor.later(hours=1)
    floor.put(dormant(1, first=1003))
    floor.sync()
    floor.done("undo", run)
    assert len(floor.ram.codes()) == 1
    floor.done("campaign", "stop", "come-back")
    assert floor.ram.codes() == frozenset()


def test_the_list_of_campaigns(floor: Kiosk) -> None:
    floor.sync()
    floor.buy(9001, 1001, code_of(floor))
    floor.later(hours=1)
    floor.done("pull")
    assert floor.done("campaign").out == (
        "Shop   Campaign   State   Group    Members  Issued  Open  Redeemed      Cost  Net sales\n"
        "kiosk  come-back  active  dormant        1       2     1         1  5.00 EUR  46.73 EUR\n"
    )
    ran = floor.run("campaign", "come-bak")
    assert (ran.code, ran.err) == (
        2,
        f"There is no campaign 'come-bak' in {floor.config}. Did you mean 'come-back'?\n",
    )
