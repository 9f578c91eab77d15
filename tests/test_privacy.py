"""To be forgotten, to see what is stored, not to be profiled, not to be kept for ever."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from adapters.csv_files.sandbox import CsvSandbox
from connector.adapter import Page
from connector.database import Database
from connector.mirror import ERASED, Mirror, Terms, open_shop
from connector.model import Consent, Coupon, Customer, Kind, Mark, Order
from connector.people import mark_of, refresh
from connector.privacy.finding import find
from connector.privacy.forgetting import erase
from tests.shopfloor import CAMPAIGN, GROUPS, MADE, NOW, Floor, customer, order, people, put, shopfloor

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


def test_a_tag_whose_push_was_interrupted_is_taken_off_too(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.faults.plan("drop", contains="tagsAdd", times=1000)
    floor.set(timeout="0.3")
    assert floor.run("push").code == 1
    assert "sk:stammkunde" in floor.tags("1001")["1001"]  # the answer was lost, not the tag
    floor.shop.faults.clear()
    floor.set(timeout="20.0")
    floor.done("forget", "1001", "--yes")
    assert floor.tags("1001") == {"1001": ["VIP"]}
    floor.done("push")
    assert floor.tags("1001") == {"1001": ["VIP"]}


def test_of_a_customer_whom_the_shop_has_deleted_nothing_is_said_to_be_left_there(floor: Floor) -> None:
    floor.first_push()
    floor.shop.delete(Kind.CUSTOMERS, "1001")
    floor.later(minutes=1)
    floor.done("pull", "--full")
    ran = floor.done("forget", "1001", "--yes")
    assert "In the shop: our tags taken off 0 records, 0 codes disabled." in ran.out
    assert "Left in the shop" not in ran.err
    assert floor.rows("SELECT count(*) FROM own_tags WHERE customer_id = '1001'") == [(0,)]


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


def test_an_objection_of_a_guest_whom_the_shop_keeps_no_record_of_says_what_to_do(floor: Floor) -> None:
    floor.done("pull")
    ran = floor.run("objection", "kim@example.com")
    assert ran.code == 1
    assert "kim@example.com ordered as a guest, and roastery keeps no record" in ran.err
    floor.done("forget", "kim@example.com", "--yes")
    floor.later(hours=1)
    put(floor.shop, [order(197, None, -0.04, 20, email="kim@example.com", updated_at=floor.now)])
    floor.done("pull")
    assert floor.rows("SELECT person, email_key FROM orders WHERE id = '197'") == [(None, None)]


def test_who_was_deleted_in_the_shop_is_wiped_after_thirty_days(floor: Floor) -> None:
    put(floor.shop, [order(303, None, 100, 25, email="Cem@example.com")])
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
    assert floor.rows("SELECT count(*) FROM orders WHERE id IN ('120', '121', '303')") == [(3,)]


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


def test_guests_are_not_kept_for_ever_either(floor: Floor) -> None:
    put(floor.shop, [order(300, None, 400, 25, email="lea@example.com")])
    floor.write_config(top="[privacy]\ninactive_after_days = 365\n")
    floor.done("pull")
    assert floor.rows("SELECT count(*) FROM people WHERE identity = 'g:lea@example.com'") == [(1,)]
    floor.done("pull", "--full")
    assert b"lea@example.com" not in everywhere(floor)
    assert floor.rows("SELECT identity FROM people WHERE identity LIKE 'g:%'") == [("g:kim@example.com",)]
    assert floor.rows("SELECT email_key, spent FROM orders WHERE id = '300'") == [(None, 2500)]
    floor.later(days=1)
    put(floor.shop, [order(301, None, -1, 25, email="lea@example.com", updated_at=floor.now)])
    floor.done("pull")
    lea = "SELECT orders FROM facts JOIN people USING (person) WHERE identity = 'g:lea@example.com'"
    assert floor.rows(lea) == [(1,)]


def test_an_order_of_an_account_that_stays_is_its_own_under_whatever_address(floor: Floor) -> None:
    """Ben once ordered under the address of somebody who ordered as a guest, long ago."""
    lea = "lea@example.com"
    put(floor.shop, [order(300, None, 500, 25, email=lea), order(301, 1002, 450, 30, email=lea)])
    floor.write_config(top="[privacy]\ninactive_after_days = 365\n")
    ben = "SELECT orders FROM facts JOIN people USING (person) WHERE identity = 'c:1002'"
    floor.done("pull")
    for _ in range(3):
        assert floor.rows(ben) == [(2,)]
        floor.later(hours=1)
        put(floor.shop, [order(301, 1002, 450, 30, email=lea, updated_at=floor.now)])
        floor.done("pull", "--full")
    assert floor.rows("SELECT count(*) FROM people WHERE email_key = 'lea@example.com'") == [(0,)]
    assert floor.rows("SELECT customer_id, email_key FROM orders WHERE id IN ('300', '301')") == [
        (None, None),
        ("1002", None),
    ]


def test_an_account_that_has_just_ordered_as_a_guest_is_not_inactive(floor: Floor) -> None:
    floor.write_config(top="[privacy]\ninactive_after_days = 365\n")
    floor.done("pull")
    floor.later(hours=1)
    put(floor.shop, [order(302, None, 0, 25, email="Ida@example.com", updated_at=floor.now)])
    floor.done("pull", "--full")
    assert floor.rows("SELECT orders FROM facts JOIN people USING (person) WHERE identity = 'c:1009'") == [
        (2,)
    ]


def test_whoever_never_ordered_and_came_nobody_knows_when_is_kept(tmp_path: Path) -> None:
    exports = CsvSandbox(folder=tmp_path / "exports")
    exports.start()
    for record in people():
        exports.put(structs.replace(record, created_at=None) if isinstance(record, Customer) else record)
    with shopfloor(tmp_path) as floor:
        floor.options["roastery"] = {
            "adapter": '"csv"',
            "folder": f'"{exports.folder}"',
            "prices": '"net"',
            "complete": "true",
            "settle_seconds": "0.0",
            "states": '{ paid = ["beglichen"] }',
        }
        floor.write_config(top="[privacy]\ninactive_after_days = 365\n")
        floor.done("pull")
        floor.done("pull", "--full")
        kept = {row[0] for row in floor.rows("SELECT id FROM customers")}
    assert "1006" in kept  # Finn, who may have come yesterday
    assert "1009" not in kept  # Ida, whose only order is 400 days old


def test_a_database_that_others_could_read_is_its_owners_alone_again(floor: Floor) -> None:
    floor.done("pull")
    backup = floor.database.read_bytes()
    floor.database.unlink()
    floor.database.write_bytes(backup)
    floor.database.chmod(0o644)
    assert "stammkunde.sqlite could be read by others" in floor.done("status").err
    assert floor.database.stat().st_mode & 0o777 == 0o600
    assert "could be read" not in floor.done("status").err


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
                "E-Mail, Firma, Sprache",
                "wer durch Zufall keinen bekommt",
                "45 Tage",
            ],
        ),
        (
            "en",
            [
                "Privacy texts for roastery",
                "vouchers: come-back",
                "birthday",
                "Art. 21 GDPR",
                "e-mail, company, language",
                "who by chance gets none",
                "45 days",
            ],
        ),
    ],
)
def test_privacy_texts_say_what_the_config_does(floor: Floor, language: str, sentences: list[str]) -> None:
    birthday = "\n[groups.party]\nmembers = \"anniversary('birthday') = today\"\n"
    floor.write_config(top="[privacy]\ngone_after_days = 45\n", rules=GROUPS + CAMPAIGN + birthday)
    text = floor.done("privacy", "--language", language).out
    assert [each for each in [*sentences, "Shopify", "party"] if each not in text] == []
    assert "{{" not in text


#: Where `subject` shows what a table holds of a person.
SHOWN = {
    "abc_cuts": ["Last of a class"],
    "approvals": ["Changes approved"],
    "assignments": ["Trials"],
    "changes": ["Changes made in the shop", "Sentences"],
    "coupons": ["Codes as the shop has them"],
    "customers": ["Customer records"],
    "facts": ["Figures"],
    "groups": ["Sentences"],
    "handovers": ["Codes handed over"],
    "hooks": ["Messages of the shop"],
    "hooks_seen": ["Messages of the shop, seen"],
    "issued": ["Codes of ours"],
    "membership_history": ["Entered and left"],
    "order_codes": ["Codes used"],
    "orders": ["Orders"],
    "outbox": ["Messages to other tools", "Sentences"],
    "outlet_contacts": ["Newsletter tools"],
    "own_tags": ["Tags of ours"],
    "people": ["Person"],
    "receivers": ["Sentences"],
    "runs": ["Sentences"],
    "shop_tags": ["Tags with our prefix"],
    "sweep": ["Seen by a read in progress"],
    "told_codes": ["Codes told to other tools"],
}


APPROVED = '{"type":"update-tags","customer_id":"770077","add":["sk:big"],"remove":[]}'


def everything(floor: Floor) -> list[str]:
    """Whatever can be stored of a person, in every table that there is. Returns what names her."""
    traces = [each.decode() for each in sophie(floor)]
    code = traces[-1]
    put(floor.shop, [order(895, 770077, 1, 40, codes=(code,), updated_at=floor.now)])
    receiver = 'url = "http://127.0.0.1:9/"\nsecret = { file = "hook" }\nevents = '
    floor.write_private("hook", "a secret of the receiver")
    kinds = '["group.entered", "code.redeemed", "alert"]'
    tables = f"\n[receivers.tool]\n{receiver}{kinds}\n"
    floor.write_config(rules=GROUPS + CAMPAIGN + tables)
    floor.done("pull")
    mark = floor.rows(f"SELECT person_key FROM issued WHERE code = '{code}'")[0][0]
    said = f"the shop says: customer 770077 (Sophie.Quitte@example.com) may not use {code}"
    with sqlite3.connect(floor.database) as connection:
        for statement in (
            "INSERT INTO hooks VALUES (1, 'customers', '770077', 1), (1, 'access', '770077', 1)",
            "INSERT INTO hooks_seen VALUES (1, 'e-1 customers/update 770077', 1)",
            f"INSERT OR REPLACE INTO approvals VALUES (1, 1, '[{APPROVED}]')",
            "INSERT INTO sweep VALUES (1, 'ids:customers', '770077')",
            "INSERT INTO reads VALUES (1, 'customers', NULL, 1, NULL, 'sophie.quitte@example.com', 0)",
            f"INSERT INTO handovers VALUES (1, '{code}', 'csv', 1, NULL)",
            f"INSERT INTO told_codes VALUES (1, '{code}', 'code.issued')",
            "INSERT INTO outbox VALUES (NULL, 1, 'group.entered', 'big', 'c:770077', 1, NULL)",
            "INSERT INTO deliveries VALUES (last_insert_rowid(), 'tool', 0, NULL, NULL)",
            f"INSERT INTO outbox VALUES (NULL, 1, 'alert', 'outlet', NULL, 1, '{said}')",
            f"UPDATE runs SET outcome = 'failed: {said}' WHERE kind = 'pull'",
            f"UPDATE changes SET error = '{said}' WHERE customer_id <> '770077'",
            f"INSERT INTO receivers VALUES ('tool', 1, 0, '{said}')",
            f"UPDATE groups SET stale = '{said}' WHERE name = 'big'",
            "UPDATE abc_cuts SET tie = '770077' WHERE name = 'a'",
            f"INSERT OR IGNORE INTO assignments VALUES (1, 'come-back', '{mark}', 'treated', 0, 1)",
            "INSERT INTO outlet_contacts VALUES (1, 'brevo', 'c:770077', 'x', 1, NULL, NULL, NULL, NULL)",
        ):
            connection.execute(statement)
    connection.close()
    return traces


def naming(floor: Floor, traces: list[str]) -> dict[str, list[tuple[str, str]]]:
    """By table, the columns and values that name somebody."""
    found: dict[str, list[tuple[str, str]]] = {}
    lowered = [each.lower() for each in traces]
    for (table,) in floor.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        names = [name for (name,) in floor.rows(f"SELECT name FROM pragma_table_info('{table}')")]
        for row in floor.rows(f"SELECT * FROM {table}"):
            for name, value in zip(names, row, strict=True):
                if any(each in str(value).lower() for each in lowered):
                    found.setdefault(table, []).append((name, str(value)))
    return found


def test_every_value_that_names_a_person_is_in_the_answer_to_that_person(floor: Floor) -> None:
    traces = everything(floor)
    (held,) = floor.done("subject", "770077", "--json").json()
    named = naming(floor, traces)
    del named["reads"]  # where a read was broken off: nothing that is kept of her
    assert set(named) == set(SHOWN)
    for table, values in named.items():
        rows = [row for title in SHOWN[table] for row in held["tables"][title]]
        shown = [str(value) for row in rows for value in row.values()]
        assert [each for each in values if each[1].strip("[]") not in shown] == [], table


def test_nothing_names_a_person_any_more_who_was_forgotten(floor: Floor) -> None:
    traces = everything(floor)
    floor.done("forget", "770077", "--yes")
    assert naming(floor, traces) == {}
    assert [each for each in traces if each.lower().encode() in everywhere(floor).lower()] == []
    said = "the shop says: customer … (…) may not use …"
    assert floor.rows("SELECT text FROM outbox WHERE kind = 'alert'") == [(said,)]
    assert floor.rows("SELECT DISTINCT outcome FROM runs WHERE outcome LIKE '%shop says%'") == [
        (f"failed: {said}",)
    ]
    floor.done("pull")


def test_whoever_was_forgotten_stays_so_under_another_address(floor: Floor) -> None:
    floor.done("pull")
    floor.done("forget", "ada@example.com", "--yes")
    floor.later(hours=1)
    put(floor.shop, [customer(1001, "ada.new@example.com", updated_at=floor.now)])
    floor.done("pull")
    put(floor.shop, [order(196, None, -0.1, 20, email="Ada.New@example.com", updated_at=floor.now)])
    put(floor.shop, [customer(1013, "ada.new@example.com", updated_at=floor.now, created_at=floor.now)])
    floor.later(hours=1)
    floor.done("pull")
    floor.done("pull", "--full")
    assert floor.rows("SELECT count(*) FROM orders WHERE id = '196'") == [(1,)]
    assert b"ada" not in everywhere(floor).lower()


def test_a_code_of_a_forgotten_guest_that_the_shop_still_has_is_not_taken_over_again(floor: Floor) -> None:
    floor.done("pull")
    floor.done("forget", "kim@example.com", "--yes")
    db = Database(floor.database)
    terms = Terms(currency="EUR", time_zone="UTC", prefixes=("sk:",))
    copy = Mirror(db, 1, terms)
    coupons = tuple(
        Coupon(id=str(nth), code=f"CODE{nth}", mark=Mark("come-back", mark_of(f"g:{email}"), 1))
        for nth, email in enumerate(("kim@example.com", "lea@example.com"))
    )
    copy.store_coupons(copy.begin("coupons", floor.now), Page(records=coupons))
    db.close()
    assert floor.rows("SELECT code FROM coupons") == [("CODE1",)]


def test_a_shop_that_left_the_config_is_not_forgotten_about(floor: Floor) -> None:
    put(floor.open_shop("teahouse"), [customer(2001, "ada@example.com")])
    floor.first_push()
    settings = floor.options.pop("roastery")
    floor.write_config()
    held = floor.done("subject", "ada@example.com", "--json").json()
    assert [each["shop"] for each in held] == ["roastery", "teahouse"]
    ran = floor.run("forget", "ada@example.com", "--yes")
    assert ran.code == 1  # something is left
    assert ran.out.splitlines()[0] == "teahouse: forgotten on 1 Jun 2026 at 09:00."
    assert "  Removed here: 1 customer record with history, groups and ledger." in ran.out
    assert (
        "  Left in the shop: tags of customer 1001: the shop is no longer in the config"
        in ran.err.splitlines()
    )
    assert b"ada@example.com" not in everywhere(floor)
    floor.options["roastery"] = settings
    floor.write_config()
    floor.done("pull")
    assert b"ada@example.com" not in everywhere(floor)


def test_a_page_for_the_subject_is_private_even_where_there_was_a_file(floor: Floor) -> None:
    floor.done("pull")
    page = floor.folder / "subject.html"
    page.write_text("x" * 100_000)
    page.chmod(0o644)
    floor.done("subject", "ada@example.com", "--html", str(page))
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.read_text().endswith("</html>")


def test_files_for_import_name_nobody_whose_code_was_switched_off(tmp_path: Path) -> None:
    exports = CsvSandbox(folder=tmp_path / "exports")
    exports.start()
    consents = (Consent(channel="email", state="subscribed", level="confirmed"),)
    for record in [*people(), customer(1001, "ada@example.com", first_name="Ada", consents=consents)]:
        exports.put(record)
    with shopfloor(tmp_path) as floor:
        folder = {"adapter": '"csv"', "folder": f'"{exports.folder}"', "prices": '"net"', "complete": "true"}
        states = {"settle_seconds": "0.0", "push": "true", "states": '{ paid = ["beglichen"] }'}
        floor.options["roastery"] = folder | states | {"limits": "{ losing = 0.10, gaining = 0.30 }"}
        campaign = CAMPAIGN.replace('"metafield"', '"csv"').replace('"dormant"', '"stammkunden"')
        floor.write_config(rules=GROUPS + campaign)
        floor.done("pull")
        floor.done("plan", "--approve")
        floor.done("push")
        out = exports.folder / "out"
        assert "ada@" in (out / "coupons.csv").read_text()
        assert "ada@" in (out / "stammkunde.json").read_text()
        floor.later(days=40)  # the code is over by now
        floor.done("forget", "ada@example.com", "--yes")
        for name in ("coupons.csv", "stammkunde.json"):
            text = (out / name).read_text()
            assert [each for each in ("ada@", "Ada") if each in text] == [], name
        assert ",no," in (out / "coupons.csv").read_text().splitlines()[1]  # to be switched off in the shop


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


ADDRESSES = ("ada@example.com", "Ada@Example.com ", "ben@example.com", None)


@st.composite
def events(draw: st.DrawFn) -> list[tuple[str, object]]:
    """What happens in a shop with three accounts and three addresses, and who asks to be forgotten when."""
    found: list[tuple[str, object]] = []
    for nth in range(draw(st.integers(1, 12))):
        address, number = draw(st.sampled_from(ADDRESSES)), draw(st.integers(1, 3))
        at = NOW + timedelta(minutes=nth)
        match draw(st.sampled_from(("account", "order", "guest", "forget", "forget by id", "full read"))):
            case "account":
                found.append(("read", customer(number, address, updated_at=at)))
            case "order":
                found.append(("read", order(nth, number, 1, email=address, updated_at=at)))
            case "guest":
                found.append(("read", order(nth, None, 1, email=address, updated_at=at)))
            case "forget":
                found.append(("forget", address or "1"))
            case "forget by id":
                found.append(("forget", str(number)))
            case _:
                found.append(("again", None))
    return found


@cache
def new_database() -> bytes:
    """As it lies on the disk: to copy it is quicker than to make it."""
    with TemporaryDirectory() as folder:
        Database(Path(folder, "stammkunde.sqlite")).close()
        return Path(folder, "stammkunde.sqlite").read_bytes()


@settings(max_examples=60, deadline=None)
@given(events())
def test_whatever_is_read_nothing_brings_back_whoever_was_forgotten(told: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "stammkunde.sqlite")
        path.touch(mode=0o600)
        path.write_bytes(new_database())
        with closing(Database(path)) as db:
            check_that_nobody_comes_back(db, told)


def check_that_nobody_comes_back(db: Database, told: list[tuple[str, object]]) -> None:
    terms = Terms(currency="EUR", time_zone="UTC", prefixes=("sk:",))
    shop = open_shop(db, "roastery")
    copy = Mirror(db, shop, terms)
    known: list[Customer | Order] = []
    ids: set[str] = set()
    addresses: set[str] = set()
    for nth, (kind, what) in enumerate(told):
        now = NOW + timedelta(hours=nth)
        if kind == "read":
            known.append(what)  # type: ignore[arg-type]
            copy.store_fresh([what], {}, now)  # type: ignore[list-item]
        elif kind == "again":
            copy.store_fresh(known, {}, now)
        else:
            traces = find(db, shop, str(what))
            erase(db, shop, traces, ERASED, now)
            ids |= set(traces.ids)
            addresses |= set(traces.emails)
        refresh(db, shop, terms)
        held = {row["id"] for row in db.rows("SELECT id FROM customers")}
        named = {
            row[0] for row in db.rows("SELECT email_key FROM customers UNION SELECT email_key FROM orders")
        }
        buyers = {row[0] for row in db.rows("SELECT customer_id FROM orders")}
        assert (ids & held, ids & buyers, addresses & named) == (set(), set(), set())
