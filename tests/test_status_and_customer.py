"""What the owner can look up: the state of a shop, and one customer, explained."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connector.model import Kind
from tests.shopfloor import CAMPAIGN, GROUPS, Floor, customer, order, people, put, shopfloor


@pytest.fixture
def floor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Floor]:
    monkeypatch.setenv("TZ", "UTC")
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.write_config(rules=GROUPS + CAMPAIGN)
        yield opened


def test_the_status_of_a_shop_that_was_never_read(floor: Floor) -> None:
    ran = floor.done("status")
    assert ran.out == "roastery: never pulled to the end, push on, 0 codes open\n"
    assert ran.err == "  The data is not fresh. Run `stammkunde pull roastery`.\n"


def test_the_status_after_a_push(floor: Floor) -> None:
    floor.first_push()
    ((push,),) = floor.rows("SELECT run FROM runs WHERE kind = 'push'")
    ((pull,),) = floor.rows("SELECT run FROM runs WHERE kind = 'pull'")
    ran = floor.done("status")
    assert ran.out == (
        "roastery: last pulled 01 Jun 2026 09:00, push on, 2 codes open\n"
        "Run                      Began              Outcome\n"
        f"{push}  01 Jun 2026 09:00  done\n"
        f"{pull}  01 Jun 2026 09:00  done\n"
    )
    assert ran.err == ""


def test_the_status_tells_what_waits(floor: Floor) -> None:
    floor.first_push()
    floor.shop.set_tags("1009", ["sk:by-hand"])
    floor.later(days=1)
    floor.done("pull")
    floor.later(hours=27)
    floor.set(push="false")
    floor.done("plan", "--approve")
    ran = floor.done("status")
    assert ran.out.startswith("roastery: last pulled 02 Jun 2026 09:00, push off, 2 codes open\n")
    assert ran.err == (
        "  The data is not fresh. Run `stammkunde pull roastery`.\n"
        "  An approved plan of 0 changes waits: `stammkunde push roastery`.\n"
        "  1 tag with our prefix is not ours: `stammkunde adopt --help`.\n"
    )


def test_many_shops_are_a_line_each_and_below_is_what_to_do(floor: Floor) -> None:
    for name in ("bar", "cafe", "deli"):
        put(floor.open_shop(name), people())
    floor.set("cafe", token=f'{{ file = "{floor.write_private("bad.token", "shpat_another")}" }}')
    assert floor.run("pull").code == 1
    ran = floor.done("status")
    assert ran.out == (
        "Shop      Last pulled        Push  Codes open  Last run\n"
        "roastery  01 Jun 2026 09:00  on             0  pull: done\n"
        "bar       01 Jun 2026 09:00  on             0  pull: done\n"
        "cafe      never              on             0  pull: failed\n"
        "deli      01 Jun 2026 09:00  on             0  pull: done\n"
    )
    failed, stale, hint = ran.err.splitlines()
    assert failed.startswith("cafe: failed: 127.0.0.1 does not accept `token`")
    assert stale == "cafe: The data is not fresh. Run `stammkunde pull cafe`."
    assert hint == "`stammkunde status SHOP` shows the last runs of one."


def test_an_interrupted_look_for_what_was_deleted_is_told_in_words(floor: Floor) -> None:
    floor.done("pull")
    with closing(sqlite3.connect(floor.database)) as connection, connection:
        connection.execute("INSERT INTO reads (shop, kind, began_at) SELECT shop, 'ids:orders', 1 FROM shops")
    assert floor.done("status").err == (
        "  A read was interrupted (deleted orders); the next pull goes on there.\n"
    )


def test_after_a_pull_check_says_no_more_that_one_is_next(floor: Floor) -> None:
    assert floor.done("check").err == "Next: `stammkunde pull` reads it.\n"
    floor.done("pull")
    assert floor.done("check").err == ""


def test_nobody_there_to_answer_is_told(floor: Floor) -> None:
    floor.done("pull")
    ran = floor.run("forget", "1002", stdin="")
    assert ran.code == 1
    assert ran.err.endswith("Nobody is there to answer, so nothing was done. --yes asks nothing.\n")
    assert floor.done("customer", "1002").code == 0


def test_a_status_as_json(floor: Floor) -> None:
    floor.first_push()
    (status,) = floor.done("status", "--json").json()
    push, pull = status.pop("runs")
    assert status == {
        "shop": "roastery",
        "push": True,
        "pulled_at": "2026-06-01T09:00:00Z",
        "full_at": "2026-06-01T09:00:00Z",
        "stale": False,
        "reads_in_progress": [],
        "unsettled": 0,
        "hold": None,
        "approved_changes": None,
        "unknown_tags": 0,
        "open_codes": 2,
        "alerts": [],
    }
    assert (push["kind"], push["outcome"], push["counts"]) == ("push", "done", {"done": 5, "refused": 0})
    assert (pull["kind"], pull["outcome"]) == ("pull", "done")
    assert pull["counts"] == {"products": 1, "customers": 10, "orders": 25}


def test_the_status_tells_how_pulls_ended(floor: Floor) -> None:
    floor.done("pull")
    floor.later(days=1)
    floor.shop.faults.plan("garbage")
    floor.run("pull")
    failed, done = floor.done("status", "--json").json()[0]["runs"]
    assert failed["outcome"].startswith("failed: 127.0.0.1 did not answer in JSON")
    assert done["outcome"] == "done"


def test_codes_that_have_ended_are_not_open(floor: Floor) -> None:
    floor.first_push()
    floor.later(days=31)
    assert floor.done("status", "--json").json()[0]["open_codes"] == 0


def test_without_names_a_customer_goes_by_the_address(floor: Floor) -> None:
    floor.first_push()
    assert floor.done("customer", "1002").out.startswith(
        "\nroastery: ben@example.com\n  Customer records: 1002\n"
    )


def test_one_customer_by_id(floor: Floor) -> None:
    floor.write_config(top='[privacy]\nkeep = ["names"]\n')
    floor.first_push()
    assert floor.done("customer", "1002").out == (
        "\nroastery: Ben Berg <ben@example.com>\n"
        "  Customer records: 1002\n"
        "  1 order counts, 30.00 EUR spent, first 27 May 2026, last 27 May 2026, class C\n"
        "  Groups: new\n"
        "  Tags: sk:new (ours)\n"
        "  Consent to email: never (unknown)\n"
        "Order  Placed         Charged  Refunded  Counts  Codes\n"
        "#110   27 May 2026  30.00 EUR            yes\n"
    )
    out = floor.done("customer", "1001").out
    assert "  Tags: VIP, sk:over-500 (ours), sk:stammkunde (ours)\n" in out
    assert out.endswith(
        "Order  Placed          Charged  Refunded  Counts  Codes\n"
        "#105   23 May 2026  200.00 EUR            yes\n"
        "#101   22 May 2026  200.00 EUR            yes\n"
        "#102   12 Apr 2026  200.00 EUR            yes\n"
        "#103   3 Mar 2026   200.00 EUR            yes\n"
        "#104   22 Jan 2026  200.00 EUR            yes\n"
    )


def test_one_customer_by_address_however_it_is_written(floor: Floor) -> None:
    floor.done("pull")
    assert floor.done("customer", " ADA@example.com ").out == floor.done("customer", "1001").out


def test_orders_that_do_not_count_say_why(floor: Floor) -> None:
    floor.done("pull")
    assert "#150   30 May 2026  50.00 EUR            no: cancelled\n" in floor.done("customer", "1007").out
    hans = floor.done("customer", "hans@example.com").out
    assert "#160   28 May 2026  50.00 EUR            no: neither paid nor shipped\n" in hans
    assert "#161   28 May 2026  50.00 EUR            no: test\n" in hans
    jan = floor.done("customer", "jan@example.com").out
    assert "#180   12 May 2026  50.00 EUR  50.00 EUR  no: fully returned\n" in jan
    assert "  0 orders count, 0.00 EUR spent, first –, last –, class –\n" in jan


def test_a_guest(floor: Floor) -> None:
    floor.done("pull")
    assert floor.done("customer", "kim@example.com").out == (
        "\nroastery: kim@example.com\n"
        "  Customer records: none (a guest)\n"
        "  1 order counts, 60.00 EUR spent, first 17 May 2026, last 17 May 2026, class C\n"
        "  Groups: new\n"
        "  Tags: none\n"
        "Order  Placed         Charged  Refunded  Counts  Codes\n"
        "#190   17 May 2026  60.00 EUR            yes\n"
    )


def test_somebody_who_is_left_out(floor: Floor) -> None:
    floor.first_push()
    out = floor.done("customer", "eva@handel.example").out
    assert "  Left out by your config: tag B2B\n" in out
    assert "  Groups: none\n" in out
    assert "  Tags: B2B\n" in out


def test_two_accounts_with_one_address_are_one_person(floor: Floor) -> None:
    floor.shop.put(customer(1020, "Cem@example.com", "Zweitkonto", first_name="Cem"))
    floor.shop.put(order(400, 1020, 220, 60))
    floor.done("pull")
    out = floor.done("customer", "1020").out
    assert "  Customer records: 1003, 1020\n" in out
    assert "  3 orders count, 180.00 EUR spent, first 5 Aug 2025, last 13 Nov 2025, class " in out
    assert "  Tags: Newsletter, Zweitkonto, stammkunde\n" in out
    assert floor.done("customer", "cem@example.com").out == out


def test_accounts_merged_in_the_shop(floor: Floor) -> None:
    floor.first_push()
    floor.later(hours=1)
    floor.shop.checkout.merge("1002", "1004")
    floor.done("sync", "--full")
    out = floor.done("customer", "ben@example.com").out
    assert "  Customer records: 1002\n" in out
    assert "  6 orders count, 130.00 EUR spent" in out
    assert floor.tags("1002") == {"1002": ["Sk-Freundin", "VIP", "sk:stammkunde"]}


def test_a_changed_address_is_found_by_the_new_one(floor: Floor) -> None:
    floor.done("pull")
    floor.later(hours=1)
    floor.shop.checkout.change_email("1002", "benjamin@example.com")
    floor.done("pull")
    assert "  Customer records: 1002\n" in floor.done("customer", "benjamin@example.com").out
    assert floor.run("customer", "ben@example.com").code == 1


def test_a_deleted_customer_is_shown_as_the_guest_they_are_now(floor: Floor) -> None:
    floor.first_push()
    floor.later(days=1)
    floor.shop.delete(Kind.CUSTOMERS, "1001")
    floor.done("pull", "--full")
    out = floor.done("customer", "ada@example.com").out
    assert "  Customer records: none (a guest)\n" in out
    assert "  Tags: none\n" in out


def test_nobody_of_that_name(floor: Floor) -> None:
    floor.done("pull")
    ran = floor.run("customer", "nobody@example.com")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "No customer 'nobody@example.com' in the mirror. Was the shop pulled since?"
        " `stammkunde status` tells.\n"
    )


def test_one_customer_as_json(floor: Floor) -> None:
    floor.first_push()
    (cem,) = floor.done("customer", "1003", "--json").json()
    assert (cem["shop"], cem["currency"], cem["records"], cem["email"]) == (
        "roastery", "EUR", ["1003"], "cem@example.com"
    )  # fmt: skip
    assert (cem["orders_counted"], cem["spent"], cem["groups"]) == (2, 12000, ["dormant"])
    assert cem["codes"] == [
        {"code": "SKGDCSAMBXCT8", "campaign": "come-back", "state": "handed over", "ends": "2026-07-01"}
    ]
    assert cem["orders"][0] == {
        "number": "#120",
        "placed": "2025-11-13",
        "total": 6000,
        "refunded": 0,
        "currency": "EUR",
        "codes": [],
        "not_counted": None,
    }


def test_only_in_one_shop(floor: Floor) -> None:
    put(floor.open_shop("teahouse"), [customer(1, "ada@example.com")])
    floor.done("pull")
    assert [each["shop"] for each in floor.done("customer", "ada@example.com", "--json").json()] == [
        "roastery",
        "teahouse",
    ]
    found = floor.done("customer", "ada@example.com", "--shop", "teahouse", "--json").json()
    assert [each["shop"] for each in found] == ["teahouse"]


def test_a_code_that_an_order_carries_is_shown_as_redeemed(floor: Floor) -> None:
    floor.write_config(rules=GROUPS + CAMPAIGN)
    floor.first_push()
    (before,) = floor.done("customer", "1003", "--json").json()
    (code,) = before["codes"]
    assert code["state"] == "handed over"
    assert floor.shop.redeem(code["code"], "1003") is None
    floor.later(hours=1)
    floor.done("pull")
    (after,) = floor.done("customer", "1003", "--json").json()
    assert [each["state"] for each in after["codes"]] == ["redeemed"]
