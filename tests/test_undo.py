"""Taking a push back: only what it did, only what is still as it left it. Pushing is held until `resume`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.model import Kind
from tests.shopfloor import CAMPAIGN, GROUPS, Floor, order, people, put, shopfloor

BEFORE = {"1001": ["VIP"], "1002": [], "1004": ["Sk-Freundin", "VIP"]}
AFTER = {
    "1001": ["VIP", "sk:over-500", "sk:stammkunde"],
    "1002": ["sk:new"],
    "1004": ["Sk-Freundin", "VIP", "sk:stammkunde"],
}
CEMS_CODE, DORAS_CODE = "SKGDCSAMBXCT8", "SKM747QSQ2A22"


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        opened.shop.add_foreign_code("WELCOME10")
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.write_config(rules=GROUPS + CAMPAIGN)
        opened.first_push()
        assert opened.tags(*AFTER) == AFTER
        yield opened


def pushes(floor: Floor) -> list[str]:
    """Names of the pushes so far, oldest first."""
    return [row[0] for row in floor.rows("SELECT run FROM runs WHERE kind = 'push' ORDER BY rowid")]


def test_everything_is_taken_back_and_pushing_is_held(floor: Floor) -> None:
    (run,) = pushes(floor)
    ran = floor.done("undo", run)
    assert ran.out == f"roastery: 5 changes of {run} taken back, 0 refused.\n"
    assert "Pushing to roastery is held. `stammkunde resume roastery` lets it go on.\n" in ran.err
    assert floor.tags(*BEFORE) == BEFORE
    assert floor.shop.codes() == {"WELCOME10"}
    assert floor.shop.attribute("1003", "code-come-back") is None
    for command in (["push", "--force"], ["sync"]):
        held = floor.run(*command)
        assert held.code == 3
        assert f"Pushing to roastery is held: {run} was undone. `stammkunde resume roastery`" in held.err
    assert floor.tags(*BEFORE) == BEFORE
    assert f"Pushing is held: {run} was undone." in floor.done("status").err


def test_after_resume_tags_come_back_and_revoked_codes_do_not(floor: Floor) -> None:
    floor.done("undo", *pushes(floor))
    assert floor.done("resume").out == "roastery: pushing goes on.\n"
    assert floor.done("resume").out == "roastery: was not held.\n"
    floor.done("push")
    assert floor.tags(*AFTER) == AFTER
    assert floor.shop.codes() == {"WELCOME10"}
    assert "SKGD CSAM BXCT 8: come-back, revoked" in floor.done("customer", "1003").out


def test_undo_gives_back_what_a_push_took(floor: Floor) -> None:
    floor.later(days=60)
    floor.done("sync")
    assert floor.tags("1002") == {"1002": []}
    floor.done("undo", pushes(floor)[1])
    assert floor.tags(*AFTER) == AFTER
    floor.done("resume")
    floor.done("sync")  # what undo gave back is ours again
    assert floor.tags("1002") == {"1002": []}


def test_undo_twice_does_nothing_more(floor: Floor) -> None:
    (run,) = pushes(floor)
    floor.done("undo", run)
    floor.shop.faults.forget_requests()
    again = floor.done("undo", run)
    assert again.out == f"roastery: 0 changes of {run} taken back, 0 refused.\n"
    assert "left:" not in again.err
    assert floor.mutations() == []
    assert floor.tags(*BEFORE) == BEFORE


def test_foreign_things_and_what_changed_since_stay(floor: Floor) -> None:
    (run,) = pushes(floor)
    floor.later(hours=1)
    floor.shop.set_tags("1001", ["VIP", "Gold", "sk:stammkunde"])  # took one of ours away
    floor.shop.set_tags("1002", ["sk:new", "sk:handmade"])
    ran = floor.done("undo", run)
    assert floor.tags("1001", "1002") == {"1001": ["Gold", "VIP"], "1002": ["sk:handmade"]}
    assert "  left: customer 1001: a tag was changed in the shop since\n" in ran.err
    assert ran.out == f"roastery: 5 changes of {run} taken back, 0 refused.\n"


def test_a_tag_that_a_later_push_put_there_stays(floor: Floor) -> None:
    floor.later(days=60)
    floor.done("sync")
    floor.later(days=1)
    floor.shop.put(order(300, 1006, 0, placed_at=floor.now, updated_at=floor.now))
    floor.done("sync")
    floor.done("undo", pushes(floor)[1])
    assert floor.tags("1002", "1006") == {"1002": ["sk:new"], "1006": ["sk:new"]}


def test_a_tag_that_was_taken_and_given_again_since_stays(floor: Floor) -> None:
    """It is in the shop as the undone push left it, but another push put it there."""
    for is_cancelled in (False, True, False):
        floor.later(days=1)
        now, cancelled_at = floor.now, floor.now if is_cancelled else None
        floor.shop.put(order(200, 1002, 0, 600, placed_at=now, updated_at=now, cancelled_at=cancelled_at))
        floor.done("sync")
    assert floor.tags("1002") == {"1002": ["sk:over-500"]}
    given = pushes(floor)[1]
    ran = floor.done("undo", given)
    assert "sk:over-500" in floor.tags("1002")["1002"]
    assert "  left: customer 1002: a tag was changed in the shop since\n" in ran.err


def test_a_code_whose_order_was_cancelled_is_taken_back(floor: Floor) -> None:
    (run,) = pushes(floor)
    floor.later(hours=1)
    now = floor.now
    called_off = order(310, 1003, 0, codes=(CEMS_CODE,), placed_at=now, updated_at=now, cancelled_at=now)
    floor.shop.put(called_off)
    floor.done("undo", run)
    assert floor.rows("SELECT code FROM order_codes") == [(CEMS_CODE,)]
    assert floor.shop.codes() == {"WELCOME10"}


def test_a_redeemed_code_is_reported_and_stays(floor: Floor) -> None:
    (run,) = pushes(floor)
    floor.later(hours=1)
    assert floor.shop.redeem(CEMS_CODE, "1003") is None
    ran = floor.done("undo", run)
    ((number,),) = floor.rows("SELECT o.number FROM order_codes JOIN orders AS o USING (order_key)")
    assert f"  left: code {CEMS_CODE}: it was redeemed with order {number}\n" in ran.err
    assert ran.out == f"roastery: 4 changes of {run} taken back, 0 refused.\n"
    assert floor.shop.codes() == {"WELCOME10", CEMS_CODE}
    assert floor.shop.attribute("1004", "code-come-back") is None


def test_what_cannot_be_taken_back_is_told(floor: Floor) -> None:
    floor.later(hours=1)
    floor.done("code", "extend", CEMS_CODE, "--days", "14")
    floor.later(hours=1)
    floor.done("campaign", "stop", "come-back")
    _, extended, stopped = pushes(floor)
    ran = floor.done("undo", extended)
    assert ran.out == f"roastery: 0 changes of {extended} taken back, 0 refused.\n"
    assert f"  left: code {CEMS_CODE}: a later end is not taken back\n" in ran.err
    ran = floor.done("undo", stopped)
    assert ran.out == f"roastery: 0 changes of {stopped} taken back, 0 refused.\n"
    assert f"  left: code {DORAS_CODE}: what was switched off is not switched on again\n" in ran.err
    assert floor.shop.codes() == {"WELCOME10"}


def test_a_code_deleted_in_the_shop_is_no_trouble(floor: Floor) -> None:
    (run,) = pushes(floor)
    floor.delete_discount(CEMS_CODE)
    floor.done("undo", run)
    assert floor.shop.codes() == {"WELCOME10"}


def test_a_customer_deleted_since_is_reported(floor: Floor) -> None:
    (run,) = pushes(floor)
    floor.later(hours=1)
    floor.shop.delete(Kind.CUSTOMERS, "1002")
    floor.shop.delete(Kind.CUSTOMERS, "1003")
    ran = floor.done("undo", run)
    assert ran.out == f"roastery: 4 changes of {run} taken back, 0 refused.\n"
    assert "  left: customer 1002 was deleted in the shop\n" in ran.err
    assert floor.tags("1001", "1004") == {"1001": ["VIP"], "1004": ["Sk-Freundin", "VIP"]}
    assert floor.shop.codes() == {"WELCOME10"}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Floor]:
    """A shop whose first plan was looked at and not pushed yet."""
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        opened.shop.add_foreign_code("WELCOME10")
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.write_config(rules=GROUPS + CAMPAIGN)
        opened.done("pull")
        opened.done("plan", "--approve")
        yield opened


@pytest.mark.parametrize("trouble", ["drop", "garbage"])
@pytest.mark.parametrize("where", ["tagsAdd", "discountCodeBasicCreate"])
def test_of_a_push_that_was_cut_off_nothing_more_is_sent(fresh: Floor, trouble: Any, where: str) -> None:
    """Whether the changes arrived (a lost answer) or not (nonsense in the place of one): all is as before."""
    fresh.set(timeout="1.0")
    fresh.shop.faults.plan(trouble, times=100, contains=where)
    assert fresh.run("push").code == 1
    fresh.set(timeout="20.0")
    (run,) = pushes(fresh)
    fresh.shop.faults.clear()
    fresh.shop.faults.forget_requests()
    fresh.done("undo", run)
    assert [body for body in fresh.mutations() if "tagsAdd" in body or "BasicCreate" in body] == []
    assert fresh.tags(*BEFORE) == BEFORE
    assert fresh.shop.codes() == {"WELCOME10"}
    assert fresh.shop.attribute("1003", "code-come-back") is None
    assert fresh.rows("SELECT count(*) FROM changes WHERE state = 'planned'") == [(0,)]
    assert fresh.rows("SELECT count(*) FROM own_tags") == [(0,)]
    assert fresh.rows("SELECT outcome IS NULL FROM runs WHERE kind IN ('push', 'undo')") == [(0,), (0,)]
    assert fresh.rows("SELECT DISTINCT state FROM issued") == [("revoked",)]


def test_an_undo_that_was_cut_off_goes_on(floor: Floor) -> None:
    (run,) = pushes(floor)
    floor.shop.faults.plan("garbage", contains="discountCodeDeactivate")
    cut = floor.run("undo", run)
    assert cut.code == 1
    assert "did not answer in JSON" in cut.err
    assert floor.run("push").code == 3  # held all the same
    floor.done("undo", run)
    assert floor.tags(*BEFORE) == BEFORE
    assert floor.shop.codes() == {"WELCOME10"}
    assert floor.rows("SELECT count(*) FROM changes WHERE state = 'planned'") == [(0,)]


def test_a_run_that_is_not_a_push_or_unknown(floor: Floor) -> None:
    (run,) = pushes(floor)
    wrong = run[:-1] + ("0" if run[-1] != "0" else "1")
    ran = floor.run("undo", wrong)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"There is no run '{wrong}'. Did you mean '{run}'?\n"
    floor.shop.set_tags("1009", ["sk:other"])
    floor.later(hours=1)
    floor.done("pull")
    floor.done("adopt", "--yes")
    for (other,) in floor.rows("SELECT run FROM runs WHERE kind <> 'push'"):
        ran = floor.run("undo", other)
        assert (ran.code, ran.err) == (2, f"{other} is not a push: there is nothing to take back.\n")
    assert floor.tags(*AFTER) == AFTER
