"""To be forgotten, to see what is stored, not to be profiled, not to be kept for ever."""

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connector.model import Consent, Kind
from tests.shopfloor import CAMPAIGN, GROUPS, MADE, Floor, customer, order, people, put, shopfloor

ROOT = Path(__file__).parent.parent
NAMES = '[privacy]\nkeep = ["names", "phone", "birthday"]\n'


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        yield floor


def everywhere(floor: Floor) -> bytes:
    """Every byte that this installation has on disk, but for its config and its secrets."""
    files = [each for each in floor.folder.rglob("*") if each.is_file() and "stammkunde.sqlite" in each.name]
    assert any(each.suffix == ".sqlite" for each in files)
    return b"".join(each.read_bytes() for each in files)


def sophie(floor: Floor) -> list[bytes]:
    """A customer with everything there is: names, orders, tags, a code, history. Returns her traces."""
    consent = Consent(channel="email", state="subscribed", level="confirmed")
    put(
        floor.shop,
        [
            customer(
                770077,
                "Sophie.Quitte@example.com",
                first_name="Sophie",
                last_name="Quittenbaum",
                phone="+4915199887766",
                birthday=date(1981, 2, 3),
                consents=(consent,),
                created_at=MADE,
                updated_at=MADE,
            ),
            *(order(880 + nth, 770077, 200 + nth * 30, 150) for nth in range(5)),
            order(890, None, 300, 40, email="sophie.quitte@EXAMPLE.com"),
        ],
    )
    floor.write_config(top=NAMES, rules=GROUPS + CAMPAIGN)
    floor.first_push()
    ((code,),) = floor.rows("SELECT code FROM issued WHERE customer_id = '770077'")
    assert floor.tags("770077") == {"770077": ["sk:over-500", "sk:stammkunde"]}
    return [b"770077", b"ophie", b"Quittenbaum", b"quitte@example.com", b"15199887766", code.encode()]


def test_whoever_is_forgotten_leaves_no_trace_in_any_file_and_does_not_come_back(floor: Floor) -> None:
    traces = sophie(floor)
    assert [each for each in traces if each not in everywhere(floor)] == []
    code = traces[-1].decode()
    ran = floor.done("forget", "sophie.quitte@example.com", "--yes")
    assert ran.out.splitlines() == [
        "roastery: forgotten on 1 Jun 2026 at 09:00.",
        "  Removed here: 1 customer record with history, groups and ledger.",
        "  Made anonymous: 6 orders.",
        "  In the shop: our tags taken off 1 record, 1 code disabled.",
    ]
    assert floor.tags("770077") == {"770077": []}
    refused = floor.shop.redeem(code, "770077")
    assert refused is not None
    for again in (("pull",), ("pull", "--full"), ("plan",), ("push",)):
        log = floor.run("--verbose", "--log-format", "json", *again).err.encode()
        found = [each for each in traces if each.lower() in (everywhere(floor) + log).lower()]
        assert found == [], again
    assert floor.rows("SELECT count(*) FROM orders WHERE id LIKE '88_' AND spent > 0") == [(5,)]
    assert floor.run("customer", "sophie.quitte@example.com").code == 1


def test_everybody_else_is_as_before_and_the_plan_is_empty(floor: Floor) -> None:
    sophie(floor)
    before = floor.rows(
        "SELECT identity, orders, spent, abc_class FROM facts JOIN people USING (person)"
        " WHERE identity <> 'c:770077' ORDER BY identity"
    )
    floor.done("forget", "770077", "--yes")
    floor.done("pull", "--full")
    after = floor.rows(
        "SELECT identity, orders, spent FROM facts JOIN people USING (person) ORDER BY identity"
    )
    assert after == [each[:3] for each in before]
    assert "nothing to push" in floor.done("push").err


def test_a_shop_that_does_not_answer_keeps_everything_until_it_does(floor: Floor) -> None:
    sophie(floor)
    floor.set(timeout="0.3")
    floor.shop.faults.plan("error", times=1000, status=503)
    ran = floor.run("forget", "770077", "--yes")
    assert ran.code == 1
    assert floor.rows("SELECT count(*) FROM customers WHERE id = '770077'") == [(1,)]
    floor.shop.faults.clear()
    floor.set(timeout="2.0")
    floor.done("forget", "770077", "--yes")
    assert floor.tags("770077") == {"770077": []}
    assert floor.rows("SELECT count(*) FROM customers WHERE id = '770077'") == [(0,)]


def test_a_budget_still_counts_the_code_of_somebody_forgotten(floor: Floor) -> None:
    sophie(floor)
    ((before,),) = floor.rows("SELECT count(*) FROM issued WHERE campaign = 'come-back'")
    floor.done("forget", "770077", "--yes")
    assert floor.rows("SELECT count(*) FROM issued WHERE campaign = 'come-back'") == [(before,)]


def test_it_asks_first_and_says_when_there_is_nobody(floor: Floor) -> None:
    floor.done("pull")
    ran = floor.run("forget", "ada@example.com", stdin="n\n")
    assert ran.code == 1
    assert floor.rows("SELECT count(*) FROM customers WHERE id = '1001'") == [(1,)]
    ran = floor.done("forget", "nobody@example.com", "--yes")
    assert (ran.out, ran.err.splitlines()[-1]) == (
        "",
        "Nobody called nobody@example.com is stored. An address is remembered as a hash all the same.",
    )
    put(floor.shop, [customer(1012, "nobody@example.com")])
    floor.done("pull")
    assert floor.rows("SELECT count(*) FROM customers WHERE id = '1012'") == [(0,)]


def test_what_is_stored_of_a_person_is_shown_as_json_and_as_a_page(floor: Floor) -> None:
    sophie(floor)
    (held,) = floor.done("subject", "sophie.quitte@example.com", "--json").json()
    tables = held["tables"]
    assert tables["Customer records"][0]["last_name"] == "Quittenbaum"
    assert tables["Consents"][0]["level"] == "confirmed"
    assert [each["number"] for each in tables["Orders"]] == ["#884", "#890", "#883", "#882", "#881", "#880"]
    assert tables["Codes of ours"][0]["campaign"] == "come-back"
    assert {each["name"] for each in tables["Groups"]} == {"big", "dormant", "stammkunden"}
    assert "privacy_key" not in json.dumps(held)
    page = floor.folder / "subject.html"
    floor.done("subject", "770077", "--html", str(page))
    assert "Quittenbaum" in page.read_text()
    assert page.stat().st_mode & 0o777 == 0o600
    assert "ada@example.com" not in page.read_text()
    ran = floor.run("subject", "stranger@example.com")
    assert (ran.code, ran.err) == (1, "Nothing is stored of 'stranger@example.com'.\n")


def test_names_phones_and_birthdays_are_stored_only_where_something_uses_them(floor: Floor) -> None:
    sophie_is = "SELECT first_name, last_name, phone, birthday FROM customers WHERE id = '770077'"
    sophie(floor)
    assert floor.rows(sophie_is) == [("Sophie", "Quittenbaum", "+4915199887766", None)]
    floor.write_config(top="")
    floor.done("pull")
    assert floor.rows(sophie_is) == [(None, None, None, None)]
    assert b"Quittenbaum" not in everywhere(floor)
    floor.write_config(top=NAMES)
    floor.done("pull")  # what is wanted now is read, though nothing changed in the shop
    assert floor.rows(sophie_is) == [("Sophie", "Quittenbaum", "+4915199887766", None)]


def test_an_objection_takes_a_person_out_of_every_group_and_figure(floor: Floor) -> None:
    floor.first_push()
    floor.done("objection", "ada@example.com")
    assert floor.tags("1001") == {"1001": ["VIP", "sk:no-profiling", "sk:over-500", "sk:stammkunde"]}
    assert floor.rows("SELECT excluded FROM people WHERE identity = 'c:1001'") == [("objected to profiling",)]
    floor.done("sync", "--force")
    assert floor.tags("1001") == {"1001": ["VIP", "sk:no-profiling"]}
    assert "nothing to push" in floor.done("push").err
    floor.done("adopt")
    floor.done("pull", "--full")
    assert "nothing to push" in floor.done("push").err
    floor.done("objection", "ada@example.com", "--withdraw")
    floor.done("sync", "--force")
    assert floor.tags("1001") == {"1001": ["VIP", "sk:over-500", "sk:stammkunde"]}


def test_an_objection_given_in_the_shop_counts_as_well_and_stops_no_first_push(floor: Floor) -> None:
    floor.shop.set_tags("1001", ["VIP", "SK:No-Profiling"])
    floor.first_push()
    assert floor.tags("1001") == {"1001": ["SK:No-Profiling", "VIP"]}
    ran = floor.run("objection", "stranger@example.com")
    assert (ran.code, ran.err.splitlines()[-1]) == (1, "Nobody called 'stranger@example.com' is stored.")


def test_who_was_deleted_in_the_shop_is_wiped_after_thirty_days(floor: Floor) -> None:
    floor.done("pull")
    floor.shop.delete(Kind.CUSTOMERS, "1003")
    floor.later(minutes=1)
    floor.done("pull", "--full")
    floor.later(days=29)
    floor.done("pull", "--full")
    assert floor.rows("SELECT count(*) FROM customers WHERE id = '1003'") == [(1,)]
    floor.later(days=2)
    floor.done("pull", "--full")
    assert floor.rows("SELECT count(*) FROM customers WHERE id = '1003'") == [(0,)]
    assert b"cem@example.com" not in everywhere(floor)


def test_who_has_not_ordered_for_long_is_wiped_and_welcome_when_they_come_back(floor: Floor) -> None:
    floor.write_config(top="[privacy]\ninactive_after_days = 365\n")
    floor.done("pull")
    floor.done("pull", "--full")
    kept = {row[0] for row in floor.rows("SELECT id FROM customers")}
    assert {"1001", "1003"} <= kept
    assert "1009" not in kept  # Ida, whose only order is 400 days old
    floor.done("pull", "--full")
    assert floor.rows("SELECT count(*) FROM customers WHERE id = '1009'") == [(0,)]
    floor.later(days=1)
    put(floor.shop, [customer(1009, "ida@example.com", updated_at=floor.now), order(199, 1009, -1, 25)])
    floor.done("pull")
    floor.done("pull")
    assert floor.rows("SELECT orders FROM facts JOIN people USING (person) WHERE identity = 'c:1009'") == [
        (1,)
    ]


def test_nothing_is_left_in_the_log_of_the_database_while_it_is_in_use(floor: Floor) -> None:
    traces = sophie(floor)
    with sqlite3.connect(floor.database) as reader:
        reader.execute("SELECT count(*) FROM customers").fetchone()
    reader.close()
    floor.done("forget", "770077", "--yes")
    assert [each for each in traces if each in everywhere(floor)] == []


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "de",
            [
                "Datenschutztexte für roastery",
                "Gutscheine: come-back",
                "Geburtstag",
                "Art. 21 DSGVO",
                "45 Tage",
            ],
        ),
        ("en", ["Privacy texts for roastery", "vouchers: come-back", "birthday", "Art. 21 GDPR", "45 days"]),
    ],
)
def test_privacy_texts_say_what_the_config_does(floor: Floor, language: str, sentences: list[str]) -> None:
    birthday = "\n[groups.party]\nmembers = \"anniversary('birthday') = today\"\n"
    floor.write_config(top="[privacy]\ngone_after_days = 45\n", rules=GROUPS + CAMPAIGN + birthday)
    text = floor.done("privacy", "--language", language).out
    assert [each for each in [*sentences, "Shopify", "party"] if each not in text] == []
    assert "{{" not in text


#: Tables that hold nothing about a person.
NOBODY = {
    "_sqlite_migrations",
    "abc_cuts",
    "figures",
    "forgotten",
    "groups",
    "installation",
    "joined_shops",
    "line_items",
    "outbox_fed",
    "prefixes",
    "product_words",
    "products",
    "reads",
    "receivers",
    "refunds",
    "rfm_cuts",
    "runs",
    "shops",
    "stopped_campaigns",
    "watermarks",
}


def test_whoever_adds_a_table_says_what_becomes_of_it_when_somebody_is_forgotten(floor: Floor) -> None:
    floor.done("pull")
    tables = {name for (name,) in floor.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    script = (ROOT / "connector/privacy/erase.sql").read_text(encoding="utf-8")
    erased = set(re.findall(r"^(?:DELETE FROM|UPDATE) (\w+)", script, re.MULTILINE)) | {"approvals"}
    assert tables - {"sqlite_sequence", "sqlite_stat1"} - erased == NOBODY - erased
