"""What keeps a push from doing harm: switches, approval, limits, ownership, and one code a person."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.shopify.sandbox.view import ALL_SCOPES
from connector.model import Customer, Kind, Order
from tests.shopfloor import CAMPAIGN, GROUPS, Floor, customer, order, people, put, shopfloor

CODE = re.compile(r"SK[2-9A-HJKMNP-TV-Z]{11}")


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.write_config(rules=GROUPS + CAMPAIGN)
        yield opened


def crowd(size: int, days_ago: int = 5) -> Iterator[Customer | Order]:
    """Customers 2001 and so on, each with one order of 50.00 so many days ago."""
    for number in range(size):
        yield customer(2001 + number, f"buyer{number}@example.com")
        yield order(5000 + number, 2001 + number, days_ago)


# -- switches and approval


def test_push_off_refuses_a_push_by_hand(floor: Floor) -> None:
    floor.set(push="false")
    floor.done("pull")
    floor.done("plan", "--approve")
    ran = floor.run("push", "--force")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.splitlines()[0] == (
        "Pushing to roastery is off. Nothing was pushed. When the plan looks right, set push = true under"
        f" [shops.roastery] in {floor.config}."
    )
    assert floor.mutations() == []


def test_the_first_push_needs_an_approved_plan(floor: Floor) -> None:
    floor.done("pull")
    for command in ("push", "sync"):
        ran = floor.run(command)
        assert ran.code == 3
        assert (
            "This would be the first push to roastery. Look at it with `stammkunde plan roastery` and approve"
            " it with `stammkunde plan roastery --approve`. Nothing was pushed.\n"
        ) in ran.err
    assert floor.mutations() == []


def test_an_objection_is_no_first_push(floor: Floor) -> None:
    floor.done("pull")
    floor.done("objection", "1006")
    assert floor.tags("1006") == {"1006": ["sk:no-profiling"]}
    ran = floor.run("push")
    assert ran.code == 3
    assert "This would be the first push to roastery." in ran.err
    assert floor.tags("1001", "1002") == {"1001": ["VIP"], "1002": []}


def test_an_approved_plan_pushes_only_what_is_still_true(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.later(hours=1)
    floor.shop.put(order(200, 1002, 0, 600, placed_at=floor.now, updated_at=floor.now))  # Ben is not new now
    floor.shop.put(order(201, 1006, 0, placed_at=floor.now, updated_at=floor.now))  # Finn is new
    floor.done("pull")
    assert floor.done("push").out == "\nroastery: 4 changes made, 0 refused.\n"
    assert floor.tags("1001", "1002", "1004", "1006") == {
        "1001": ["VIP", "sk:over-500", "sk:stammkunde"],
        "1002": [],
        "1004": ["Sk-Freundin", "VIP", "sk:stammkunde"],
        "1006": [],
    }
    floor.done("push")  # what came up later follows without approval, within the limits
    assert floor.tags("1002", "1006") == {"1002": ["sk:over-500"], "1006": ["sk:new"]}


def test_status_tells_of_an_approved_plan(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    (status,) = floor.done("status", "--json").json()
    assert (status["approved_changes"], status["push"]) == (5, True)
    floor.done("push")
    assert floor.done("status", "--json").json()[0]["approved_changes"] is None


def test_without_a_completed_pull_there_is_no_plan(floor: Floor) -> None:
    ran = floor.run("plan")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Nothing is known about roastery yet. Run `stammkunde pull roastery` first.")
    floor.set(timeout="0.5")
    floor.shop.faults.plan("error", times=100, contains="orders {")
    assert floor.run("pull").code == 1
    ran = floor.run("plan")
    assert (ran.code, ran.out) == (3, "")
    assert (
        "the shop was never read to the end, so there is no plan. Run `stammkunde pull roastery`" in ran.err
    )


# -- limits


def settled_floor(floor: Floor, *, limits: str = "{}") -> None:
    """A shop with thirty new buyers, tagged, who lose their tag after a month."""
    floor.write_config(rules=GROUPS)
    put(floor.shop, crowd(30))
    floor.first_push()
    floor.set(limits=limits)


def test_too_many_losing_a_tag_stops_the_push(floor: Floor) -> None:
    settled_floor(floor)
    floor.later(days=60)
    before = floor.tags("1002", "2001", "2030")
    for command in (["sync"], ["push"], ["push", "--limit", "50"]):
        ran = floor.run(*command)
        assert ran.code == 3
        assert (
            "roastery: 31 of 33 customers who carry our tags would lose a tag (limit 10%)."
            " Nothing was pushed. Look at it with `stammkunde plan roastery`; if it is right,"
            " approve it there with --approve, or push once with --force.\n"
        ) in ran.err
    assert floor.tags("1002", "2001", "2030") == before
    assert floor.done("push", "--force").out == "\nroastery: 31 changes made, 0 refused.\n"
    assert floor.tags("1002", "2001", "2030") == {"1002": [], "2001": [], "2030": []}


def test_force_is_for_one_push(floor: Floor) -> None:
    settled_floor(floor, limits="{ gaining = 0.5 }")
    floor.later(days=60)
    floor.done("sync", "--force")
    put(floor.shop, (order(7000 + n, 2001 + n, -59, 600, updated_at=floor.now) for n in range(30)))
    assert "30 of 39 people would gain a tag (limit 50%)" in floor.run("sync").err


def test_too_many_gaining_a_tag_stops_the_push(floor: Floor) -> None:
    settled_floor(floor, limits="{ gaining = 0.3 }")
    floor.write_config(rules=GROUPS + '[groups.all]\nmembers = "number_of_orders >= 1"\ntag = "buyer"\n')
    ran = floor.run("sync")
    assert ran.code == 3
    assert "35 of 39 people would gain a tag (limit 30%). Nothing was pushed." in ran.err
    assert floor.tags("2001") == {"2001": ["sk:new"]}
    floor.done("sync", "--force")
    assert floor.tags("2001") == {"2001": ["sk:buyer", "sk:new"]}


def test_shares_of_a_few_people_mean_nothing(floor: Floor) -> None:
    """Nineteen of nineteen are fewer than twenty."""
    floor.write_config(rules=GROUPS)
    put(floor.shop, crowd(16))
    floor.first_push()
    floor.later(days=60)
    floor.done("sync")
    assert floor.tags("2001", "2016") == {"2001": [], "2016": []}


def test_an_approved_plan_may_exceed_the_limits(floor: Floor) -> None:
    settled_floor(floor)
    floor.later(days=60)
    floor.done("pull")
    floor.done("plan", "--approve")
    assert floor.done("push").out == "\nroastery: 31 changes made, 0 refused.\n"


def test_too_many_coupons_stop_the_push(floor: Floor) -> None:
    floor.write_config(rules=GROUPS)
    floor.first_push()
    floor.set(limits="{ coupons = 1 }")
    floor.write_config(rules=GROUPS + CAMPAIGN)
    ran = floor.run("sync")
    assert ran.code == 3
    assert "roastery: 2 new coupons (limit 1). Nothing was pushed." in ran.err
    assert floor.shop.codes() == set()
    floor.done("push", "--force")
    assert len(floor.shop.codes()) == 2


def test_coupons_worth_too_much_stop_the_push(floor: Floor) -> None:
    floor.write_config(rules=GROUPS)
    floor.first_push()
    floor.set(limits="{ coupon_value = 8.99 }")
    floor.write_config(rules=GROUPS + CAMPAIGN)
    ran = floor.run("sync")
    assert ran.code == 3
    assert "new coupons worth 9.00 EUR (limit 8.99 EUR)" in ran.err
    assert floor.shop.codes() == set()
    floor.set(limits="{ coupon_value = 9 }")
    floor.done("sync")
    assert len(floor.shop.codes()) == 2


# -- whose tags


def test_unknown_tags_with_our_prefix_stop_the_first_push_until_they_are_adopted(floor: Floor) -> None:
    floor.shop.set_tags("1009", ["sk:stammkunde", "Freund"])
    floor.shop.set_tags("1002", ["SK:new"])
    floor.done("pull")
    floor.done("plan", "--approve")
    ran = floor.run("push", "--force")
    assert ran.code == 3
    assert (
        "roastery: 2 tags in the shop begin with sk: and are not from us. `stammkunde adopt roastery` takes"
        " them over; or choose another tag_prefix. Nothing was pushed.\n"
    ) in ran.err
    assert floor.mutations() == []
    adopted = floor.done("adopt", "--yes")
    assert adopted.out == "roastery: 2 tags adopted. Next: `stammkunde plan roastery`.\n"
    assert floor.done("adopt", "--yes").out == "roastery: there is nothing to adopt.\n"
    floor.done("plan", "--approve")
    floor.done("push")
    assert floor.tags("1009", "1002") == {"1009": ["Freund"], "1002": ["SK:new"]}
    assert floor.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"


def test_one_unknown_tag_is_spoken_of_as_one(floor: Floor) -> None:
    floor.shop.set_tags("1009", ["sk:stammkunde"])
    floor.done("pull")
    ran = floor.run("push", "--force")
    assert (
        "roastery: 1 tag in the shop begins with sk: and is not from us. `stammkunde adopt roastery` takes"
        " it over; or choose another tag_prefix. Nothing was pushed.\n"
    ) in ran.err


def test_a_tag_that_the_shop_cannot_keep_is_told_before_a_push_and_left_out_of_it(floor: Floor) -> None:
    floor.done("pull")
    tags = {line["tag"] for line in floor.done("plan", "--json").json()[0]["tags"]}
    assert {"sk:stammkunde", "sk:over-500"} <= tags
    with closing(sqlite3.connect(floor.folder / "stammkunde.sqlite")) as database, database:
        database.execute("UPDATE shops SET info = json_set(info, '$.tag_length', 11)")
    planned = floor.done("plan", "--json").json()[0]
    assert {line["tag"] for line in planned["tags"]} == tags - {"sk:stammkunde"}
    assert (
        "stammkunden is not pushed: its tag sk:stammkunde has 13 characters, and the shop keeps at most 11."
    ) in planned["notes"]


def test_adopt_asks_first(floor: Floor) -> None:
    floor.shop.set_tags("1009", ["sk:stammkunde"])
    floor.done("pull")
    ran = floor.run("adopt", stdin="n\n")
    assert (ran.code, ran.out) == (0, "")
    assert floor.rows("SELECT count(*) FROM own_tags") == [(0,)]
    assert "roastery: 1 tag adopted." in floor.run("adopt", stdin="y\n").out


def test_adopt_with_nobody_to_answer_is_no_defect(floor: Floor) -> None:
    floor.shop.set_tags("1009", ["sk:stammkunde"])
    floor.done("pull")
    ran = floor.run("adopt", stdin="")
    assert ran.code == 1
    assert ran.err.endswith("Nobody is there to answer, so nothing was done. --yes asks nothing.\n")
    assert "defect" not in ran.err


# -- a short history


def limited(floor: Floor) -> None:
    """A shop that shows only 60 days of orders; its adapter goes by the real clock."""
    floor.sandboxes.pop("roastery").stop()
    floor.now = datetime.now(UTC).replace(microsecond=0)
    shop = floor.open_shop(scopes=ALL_SCOPES - {"read_all_orders"})
    day = timedelta(days=1)
    shop.put(customer(1, "ada@example.com", shop_order_count=9, shop_amount_spent=90000))
    shop.put(order(1, 1, 0, placed_at=floor.now - 5 * day))
    shop.put(order(2, 1, 0, placed_at=floor.now - 400 * day))
    shop.put(customer(2, "ben@example.com", shop_order_count=1, shop_amount_spent=5000))
    shop.put(order(3, 2, 0, placed_at=floor.now - 5 * day))


def test_with_a_short_history_lifetime_rules_are_not_pushed(floor: Floor) -> None:
    limited(floor)
    recent = '[groups.recent]\nmembers = "last_order_date >= -30d"\ntag = "recent"\n'
    floor.write_config(rules=GROUPS + recent + CAMPAIGN)
    floor.done("pull")
    since = f"{floor.now - timedelta(days=60):%d %b %Y}"
    ran = floor.done("plan", "--approve")
    assert ran.err.startswith(
        "stammkunden is not pushed: it depends on a customer's whole history, and the shop shows orders only"
        f" since {since}.\n"
    )
    assert "Campaign come-back issues nothing: dormant: it depends on a customer's whole history" in ran.err
    floor.done("push")
    assert floor.tags("1", "2") == {"1": ["sk:recent"], "2": ["sk:recent"]}
    assert floor.shop.codes() == set()


def test_a_history_that_starts_late_by_the_config_holds_back_too(floor: Floor) -> None:
    recent = '[groups.recent]\nmembers = "last_order_date >= -30d"\ntag = "recent"\n'
    floor.set(history_starts="2026-04-01")
    floor.write_config(rules=GROUPS + recent)
    floor.done("pull")
    ran = floor.done("plan", "--approve")
    assert "stammkunden is not pushed: it depends on a customer's whole history" in ran.err
    assert "only since 01 Apr 2026.\n" in ran.err
    floor.done("push")
    assert floor.tags("1001", "1002") == {"1001": ["VIP", "sk:recent"], "1002": ["sk:recent"]}


def test_tags_are_left_alone_while_the_history_is_too_short(floor: Floor) -> None:
    floor.first_push()
    before = floor.tags("1001", "1004")
    floor.later(days=1)
    floor.set(history_starts="2026-05-31")
    floor.done("sync")
    assert floor.tags("1001", "1004") == before


# -- coupons


def test_the_budget_holds_over_many_runs(floor: Floor) -> None:
    put(floor.shop, crowd(6, days_ago=300))
    put(floor.shop, (order(6000 + n, 2001 + n, 310) for n in range(6)))
    floor.write_config(rules=GROUPS + CAMPAIGN.replace("coupons = 10", "coupons = 3"))
    floor.first_push()
    first = floor.shop.codes()
    assert len(first) == 3
    for _ in range(3):
        floor.later(days=1)
        floor.done("sync", "--force")
    assert floor.shop.codes() == first
    floor.write_config(rules=GROUPS + CAMPAIGN.replace("coupons = 10", "coupons = 5"))
    floor.done("sync", "--force")
    assert len(floor.shop.codes()) == 5
    assert first < floor.shop.codes()


def test_nobody_gets_a_second_code(floor: Floor) -> None:
    floor.first_push()
    codes = floor.shop.codes()
    assert len(codes) == 2
    assert all(CODE.fullmatch(code) for code in codes)
    for days in (1, 29, 60):  # the codes have ended, and both are still in the group
        floor.later(days=days)
        floor.done("sync")
    assert floor.shop.codes() == set()
    assert floor.rows("SELECT count(*), count(DISTINCT person_key) FROM issued") == [(2, 2)]


def test_a_missing_key_file_stops_coupons(floor: Floor) -> None:
    floor.done("pull")
    (floor.folder / "stammkunde.key").unlink()
    for command in ("plan", "push", "sync"):
        ran = floor.run(command)
        assert (ran.code, ran.out) == (2, "")
        assert (
            f"key_file: there is no key file at {floor.folder / 'stammkunde.key'}."
            " Restore it from the backup."
        ) in ran.err
    assert floor.shop.codes() == set()


def test_another_key_file_stops_coupons(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.write_private("stammkunde.key", "6b" * 32)
    ran = floor.run("push")
    assert ran.code == 2
    assert (
        "stammkunde.key is not the key file this database was used with. Restore that one first." in ran.err
    )
    assert floor.shop.codes() == set()


def test_an_empty_key_file_stops_coupons(floor: Floor) -> None:
    """With it everybody could work out the codes."""
    floor.write_private("stammkunde.key", "\n")
    ran = floor.run("pull")
    assert (ran.code, ran.out) == (2, "")
    assert (
        "key_file: the key file is too short: codes could be guessed. Restore it from the backup." in ran.err
    )


def test_a_code_that_somebody_else_has_is_refused_and_another_one_follows(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.add_foreign_code("SKGDCSAMBXCT8")
    ran = floor.run("push")
    assert (ran.code, ran.out) == (1, "\nroastery: 4 changes made, 1 refused.\n")
    assert (
        "  refused: code SKGDCSAMBXCT8: The code SKGDCSAMBXCT8 exists already in the shop and is not ours.\n"
    ) in ran.err
    assert floor.shop.attribute("1003", "code-come-back") is None
    assert floor.tags("1002") == {"1002": ["sk:new"]}
    floor.done("push")
    codes = floor.shop.codes()
    assert len(codes) == 3
    assert {"SKGDCSAMBXCT8", "SKM747QSQ2A22"} < codes
    assert floor.shop.attribute("1003", "code-come-back") in codes - {"SKGDCSAMBXCT8"}
    assert floor.shop.redeem("SKGDCSAMBXCT8", "1009") is None  # whoever made it can still use it
    assert floor.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"


def test_a_code_that_stands_in_an_order_is_not_given_out(floor: Floor) -> None:
    floor.shop.put(order(300, 1009, 100, codes=("skgdcsambxct8",)))
    floor.first_push()
    assert "SKGDCSAMBXCT8" not in floor.shop.codes()
    assert len(floor.shop.codes()) == 2


def test_a_coupon_made_a_moment_ago_is_not_called_missing(floor: Floor) -> None:
    """The shop's search may not know it yet; called missing, it would be over for good."""
    floor.first_push()
    floor.delete_discount("SKGDCSAMBXCT8")
    floor.later(minutes=5)
    assert "of ours deleted" not in floor.done("pull", "--full").err
    assert floor.rows("SELECT state FROM issued WHERE code = 'SKGDCSAMBXCT8'") == [("issued",)]


def test_codes_that_a_pull_does_not_read_again_are_not_missing(floor: Floor) -> None:
    """Only what changed is read: of codes from last week nothing is heard, and nothing is to be heard."""
    floor.first_push()
    floor.later(days=5)
    floor.shop.put(customer(3001, "lea@example.com", created_at=floor.now - timedelta(days=400)))
    for number in (301, 302):
        placed = floor.now - timedelta(days=number)
        floor.shop.put(order(number, 3001, 0, placed_at=placed, updated_at=floor.now))
    floor.done("sync")
    assert len(floor.shop.codes()) == 3
    for _ in range(2):
        floor.later(days=3)
        assert "of ours deleted" not in floor.done("pull").err
    assert floor.rows("SELECT count(DISTINCT read_at) FROM coupons") == [(2,)]
    assert floor.rows("SELECT state, count(*) FROM issued GROUP BY state") == [("issued", 3)]


def test_a_coupon_that_the_merchant_deleted_is_reported_and_never_made_again(floor: Floor) -> None:
    floor.first_push()
    floor.delete_discount("SKGDCSAMBXCT8")
    floor.later(days=1)
    ran = floor.done("pull", "--full")
    assert "1 coupon of ours deleted or switched off in roastery: not made again.\n" in ran.err
    assert "of ours deleted" not in floor.done("pull", "--full").err
    floor.done("push")
    assert floor.shop.codes() == {"SKM747QSQ2A22"}
    assert "SKGD CSAM BXCT 8: come-back, revoked" in floor.done("customer", "1003").out


def test_a_code_made_a_moment_ago_is_not_missed_however_long_ago_it_was_planned(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.faults.plan("garbage", contains="discountCodeBasicCreate")
    assert floor.run("push").code == 1
    floor.later(hours=5)
    floor.done("push")
    floor.delete_discount("SKGDCSAMBXCT8")  # as a search that does not know it yet
    assert "of ours deleted" not in floor.done("pull", "--full").err
    floor.later(hours=2)
    assert "1 coupon of ours deleted" in floor.done("pull", "--full").err


def test_a_shop_that_suddenly_knows_none_of_our_codes_is_not_believed(floor: Floor) -> None:
    """What is called deleted is over for good, so a fault of the shop must not look like it."""
    put(floor.shop, crowd(20, days_ago=300))
    put(floor.shop, (order(6000 + n, 2001 + n, 310) for n in range(20)))
    many = CAMPAIGN.replace("coupons = 10", "coupons = 100")
    floor.write_config(rules=GROUPS + many.replace("valid_days = 30", 'valid_days = 30, bound = "group"'))
    floor.first_push()
    assert len(floor.shop.codes()) == 22
    floor.delete_discount("SKGDCSAMBXCT8")  # the one on which all of them stand
    floor.later(days=1)
    ran = floor.done("pull", "--full")
    assert "22 of 22 codes of ours are missing in the shop. So many at once are taken for a fault" in ran.err
    assert floor.rows("SELECT state, count(*) FROM issued GROUP BY state") == [("issued", 22)]


def test_after_a_restored_backup_nobody_gets_a_second_code(floor: Floor) -> None:
    floor.done("pull")
    shutil.copy(floor.database, floor.folder / "backup.sqlite")
    floor.done("plan", "--approve")
    floor.done("push")
    codes = floor.shop.codes()
    for file in floor.folder.glob("stammkunde.sqlite*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    shutil.copy(floor.folder / "backup.sqlite", floor.database)
    floor.later(hours=1)
    floor.done("pull")
    (plan,) = floor.done("plan", "--json").json()
    assert [each["change"] for each in plan["changes"]] == []
    assert plan["unknown"] == 4  # tags that this database knows nothing of
    floor.done("adopt", "--yes")
    floor.later(days=60)
    floor.done("sync", "--force")
    assert floor.tags("1002") == {"1002": []}
    assert floor.shop.codes() <= codes
    assert floor.rows("SELECT count(*) FROM issued") == [(2,)]


def test_codes_of_a_group_stand_on_one_discount(floor: Floor) -> None:
    floor.write_config(rules=GROUPS + CAMPAIGN.replace("valid_days = 30", 'valid_days = 30, bound = "group"'))
    floor.first_push()
    assert floor.shop.codes() == {"SKGDCSAMBXCT8", "SKM747QSQ2A22"}
    floor.later(hours=1)
    assert floor.done("sync").err.endswith("roastery: nothing to change. The shop is as it should be.\n")


def test_a_tag_respelled_with_umlauts_is_still_the_same_tag(floor: Floor) -> None:
    """SQLite's NOCASE folds A to Z only."""
    floor.write_config(rules=GROUPS.replace('tag = "stammkunde"', 'tag = "frühaufsteher"'))
    floor.first_push()
    floor.later(hours=1)
    kept = [tag for tag in floor.shop.tags_of("1001") if tag != "sk:frühaufsteher"]
    floor.shop.set_tags("1001", [*kept, "SK:FRÜHAUFSTEHER"])
    floor.done("pull")
    (plan,) = floor.done("plan", "--json").json()
    assert plan["changes"] == []
    floor.write_config(
        rules=GROUPS.replace('members = "number_of_orders > 3"', 'members = "number_of_orders > 9"')
    )
    floor.done("push", "--force")
    assert "SK:FRÜHAUFSTEHER" not in floor.shop.tags_of("1001")


def test_what_was_approved_stays_so_while_it_is_pushed_in_parts(floor: Floor) -> None:
    floor.set(limits="{ coupons = 1 }")  # which two exceed, but for the approval
    floor.done("pull")
    floor.done("plan", "--approve")
    whole = floor.done("plan", "--json").json()[0]["changes"]
    assert "2 changes made" in floor.done("push", "--limit", "2").out
    assert f"{len(whole) - 2} changes made" in floor.done("push").out
    assert floor.rows("SELECT count(*) FROM approvals") == [(0,)]


def test_what_came_up_since_the_approval_is_told(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.put(order(910, 1002, -0.01, 600))
    floor.later(hours=1)
    floor.done("pull")
    pushed = floor.done("push")
    assert "Not pushed, because it came up after the approval: 1 change. See" in pushed.err


def test_a_customer_deleted_meanwhile_is_refused_once_and_not_tried_again(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.delete(Kind.CUSTOMERS, "1004")
    assert floor.run("push").code == 1
    assert floor.done("sync").code == 0
