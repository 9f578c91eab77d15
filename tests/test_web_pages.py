"""The pages of the dashboard, opened without a browser: what they show is what the commands say."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from connector import language
from connector.cli.demo import RULES
from connector.language.sentences import say
from connector.model import UpdateTags
from connector.web import figures
from connector.web.people import described
from tests.dashboard import PAGES, Reader, demo_shop, readable, served, wait_for_figures
from tests.shopfloor import CAMPAIGN, Floor, customer, order, people, put, shopfloor


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Floor, str]]:
    """The demo's shop, read and never pushed to."""
    with shopfloor(tmp_path_factory.mktemp("demo")) as floor:
        demo_shop(floor)
        with served(floor) as address:
            yield floor, address


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    """A shop of ten people who are known by name."""
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        floor.write_config(top='[privacy]\nkeep = ["names"]\n', rules=floor.rules + CAMPAIGN)
        floor.done("pull")
        yield floor


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(demo: tuple[Floor, str], page: str, language: str) -> None:
    html = Reader(demo[1], language).shop(PAGES[page])
    assert f'<html lang="{language}">' in html
    assert "style=" not in html  # the policy would refuse it
    assert not re.search(r"\son\w+=", html)
    assert not re.search(r"[\w.]{3,}@[\w.]+\.\w+", html)  # no address in full


@pytest.mark.parametrize("page", PAGES)
def test_a_german_page_has_no_english_sentence(demo: tuple[Floor, str], page: str) -> None:
    """Sentences from deeper down are known here by their patterns: one that changed there shows up."""
    html = Reader(demo[1], "de").shop(PAGES[page])
    text = readable(re.sub(r"<(code|pre)[^>]*>.*?</(code|pre)>", " ", html, flags=re.DOTALL))
    text = re.sub(r"/\S+", " ", text)  # paths
    assert not re.findall(r"[^.]*\b(?:the|of|is|not|with|only|would|and)\b[^.]*", text)


def test_a_group_is_shown_with_its_size_and_what_its_members_spent(floor: Floor) -> None:
    with served(floor) as address:
        text = readable(Reader(address).shop("groups"))
    assert "stammkunden 3 27.3% €6,500.00 96.3% big 2 18.2% €6,400.00 94.8%" in text


def test_the_six_numbers_are_those_of_the_report(demo: tuple[Floor, str]) -> None:
    floor, address = demo
    (found,) = floor.done("report", "--json").json()
    year, churn = found["report"]["windows"][0], found["report"]["churn"]
    text = readable(Reader(address).shop(""))
    assert "Customers People with at least one order that counts in the last 365 days. " in text
    assert f"{year['customers']} with an order in 365 days" in text
    assert f"{100 * year['repeat_rate']:.1f}% ordered twice or more, 365 days" in text
    assert f"{100 * year['returning_rate']:.1f}% had ordered before, 365 days" in text
    assert f"{year['frequency']:.2f} orders a customer, 365 days" in text
    assert f"€{year['aov_spent'] / 100:.2f} spent, 365 days" in text
    assert (
        f"{100 * churn['rate']:.1f}% {churn['lost']} of {churn['active_at_start']} active a year ago" in text
    )


def test_numbers_days_and_money_are_in_the_form_of_the_language(demo: tuple[Floor, str]) -> None:
    floor, address = demo
    (found,) = floor.done("report", "--json").json()
    aov = f"{found['report']['windows'][0]['aov_spent'] / 100:.2f}"
    german = readable(Reader(address, "de").shop(""))
    assert f"{aov.replace('.', ',')} € Umsatz, 365 Tage" in german
    assert "Berechnet am 1. Juni 2026, 11:00." in german
    assert "Worked out 1 Jun 2026, 11:00." in readable(Reader(address, "en").shop(""))


def test_the_browser_chooses_the_language_until_the_reader_does(demo: tuple[Floor, str]) -> None:
    reader = Reader(demo[1], "fr, de;q=0.5")
    assert "Übersicht" in reader.shop("")
    assert reader.post("/language", {"language": "en", "to": "/shops/roastery/groups"},
                       on="/shops/roastery/").headers["Location"] == "/shops/roastery/groups"  # fmt: skip
    assert "Overview" in reader.shop("")


def test_groups_have_the_sizes_that_the_command_tells(demo: tuple[Floor, str]) -> None:
    floor, address = demo
    (found,) = floor.done("groups", "--json").json()
    text = readable(Reader(address).shop("groups"))
    for each in found["groups"]:
        share = f"{100 * each['members'] / found['people']:.1f}%"
        assert re.search(rf"\b{each['name']} {each['members']} [\d.%]* ?{share}", text), each


def test_a_cell_of_the_grid_opens_the_customers_behind_it(demo: tuple[Floor, str]) -> None:
    reader = Reader(demo[1])
    cells = re.findall(r'href="/shops/roastery/(rfm/\d/\d)">(\d+)<small>', reader.shop("rfm"))
    assert len(cells) >= 20
    for path, count in cells:
        listed = len(re.findall(r'href="/shops/roastery/customers/\d+"', reader.shop(f"{path}?list=1")))
        assert listed == min(int(count), 50), path


def test_members_are_listed_page_by_page_and_each_once(demo: tuple[Floor, str]) -> None:
    floor, address = demo
    (found,) = floor.done("groups", "--json").json()
    size = next(each["members"] for each in found["groups"] if each["name"] == "espresso")
    reader, seen, path = Reader(address), list[str](), "groups/espresso"
    while path:
        html = reader.shop(path)
        seen += re.findall(r'<th scope="row"><a href="/shops/roastery/customers/(\d+)"', html)
        following = re.search(r'rel="next" href="/shops/roastery/([^"#]+)', html)
        path = following[1] if following else ""
    assert len(seen) == len(set(seen)) == size > 100


def find(reader: Reader, typed: str) -> str:
    """Where one search leads: the person, or a list."""
    answer = reader.post("/shops/roastery/search", {"q": typed})
    if answer.status_code == 302:
        return readable(reader.get(answer.headers["Location"]).text)
    assert answer.status_code == 200
    return readable(answer.text)


def test_one_box_finds_by_name_address_order_and_code(floor: Floor) -> None:
    floor.first_push()
    (code,) = [row[0] for row in floor.rows("SELECT code FROM issued WHERE customer_id = '1003'")]
    with served(floor) as address:
        reader = Reader(address)
        for typed in (
            "Amsel",
            "ada",
            "ada amsel",
            "Amsel, Ada",
            "ADA@example.com",
            "ada@ex",
            "#101",
            "101",
            "1001",
        ):
            assert "Ada Amsel ad•••@e•••.com" in find(reader, typed), typed
        for typed in (code, code.lower(), f"{code[:4]} {code[4:8]} {code[8:]}"):
            assert "Customer 1003 ce•••@e•••.com" in find(reader, typed), typed
        assert "Nobody begins like that." in find(reader, "Zacharias")
        assert "Nobody begins like that." in find(reader, "%")
        listed = find(reader, "b")  # too short for an address, and nobody is called so
        assert "Nobody begins like that." in listed


def test_a_customer_page_says_why_what_and_when(floor: Floor) -> None:
    floor.first_push()
    with served(floor) as address:
        ada = find(Reader(address), "ada@example.com")
        assert "Orders that count 5 Spent €1,000.00" in ada
        assert "in stammkunden Condition This customer Holds Missing number_of_orders > 3 5 yes" in ada
        assert "not in new" in ada
        assert "VIP" in ada
        assert "sk:stammkunde (from us)" in ada
        assert re.search(r"Entered group stammkunden", ada)
        assert "Records in the shop 1001 ( the shop's admin )" in ada
        cem = find(Reader(address, "de"), "cem@example.com")
        assert "nicht drin stammkunden" in cem
        assert "number_of_orders > 3 2 nein noch 2" in cem
        assert "Er gilt, wenn seine Bedingungen erfüllt sind." in cem


def test_a_customer_page_leads_into_the_shops_admin_and_nowhere_else(floor: Floor) -> None:
    def page() -> str:
        with served(floor) as address:
            reader = Reader(address)
            found = reader.post("/shops/roastery/search", {"q": "ada@example.com"})
            return reader.get(found.headers["Location"]).text

    assert '<a href="https://sandbox.myshopify.com/admin" rel="noreferrer">' in page()
    with closing(sqlite3.connect(floor.database)) as database, database:
        database.execute("UPDATE shops SET info = json_set(info, '$.admin_url', 'javascript:alert(1)')")
    assert "javascript:alert" not in page()


def test_a_code_says_why_it_fails(floor: Floor) -> None:
    floor.first_push()
    ((code,),) = floor.rows("SELECT code FROM issued WHERE customer_id = '1003'")
    put(floor.shop, [order(500, 1003, 0, 60, codes=(code,))])
    floor.later(hours=1)
    floor.done("pull")
    with served(floor) as address:
        text = readable(Reader(address).shop(f"codes/{code}"))
        assert "redeemed Does it work now? it was redeemed with order #500" in text
        assert "campaign come-back, round 1" in text
        german = readable(Reader(address, "de").shop(f"codes/{code}"))
        assert "eingelöst Gilt er jetzt? er wurde mit Bestellung #500 eingelöst" in german


def test_a_time_is_told_on_the_clock_of_the_shop(floor: Floor) -> None:
    floor.first_push()
    ((code,),) = floor.rows("SELECT code FROM issued WHERE customer_id = '1003'")
    floor.later(days=31)
    with served(floor) as address:
        text = readable(Reader(address).shop(f"codes/{code}"))
        assert "it ended on 1 Jul 2026, 11:00" in text
        assert "Valid 1 Jun 2026, 11:00 – 1 Jul 2026, 11:00" in text
        german = readable(Reader(address, "de").shop(f"codes/{code}"))
        assert "er endete am 1. Juli 2026, 11:00" in german


def test_a_value_that_is_no_whole_number_is_in_the_form_of_the_language(floor: Floor) -> None:
    floor.write_config(rules='[groups.quick]\nmembers = "days_between_orders < 90"\n')
    floor.done("groups")
    with served(floor) as address:
        assert "days_between_orders < 90 30.25 yes" in find(Reader(address), "ada@example.com")
        assert "days_between_orders < 90 30,25 ja" in find(Reader(address, "de"), "ada@example.com")


def test_why_somebody_is_left_out_is_said_in_the_language(floor: Floor) -> None:
    floor.set(exclude='{ tags = ["VIP"] }')
    floor.done("pull")
    with served(floor) as address:
        german = find(Reader(address, "de"), "ada@example.com")
        assert "Durch die Konfiguration von Gruppen, Zahlen und Kampagnen ausgenommen: Tag VIP" in german


def test_a_step_keeps_its_own_name(floor: Floor) -> None:
    """It may be called as a stage of the lifecycle is, which has a translation."""
    floor.write_config(
        rules="""[ladders.value]\nsteps = [{ name = "new", members = "number_of_orders = 1" },
            { name = "dormant", members = "number_of_orders > 1" }]"""
    )
    floor.done("groups")
    with served(floor) as address:
        page = Reader(address, "de").shop("moves")
        assert '<th scope="row">dormant</th>' in page.partition("Stufen value")[2]
        assert '<th scope="row">Schlafend</th>' in page.partition("Stufen value")[0]


def test_where_returns_are_unknown_each_value_says_so(floor: Floor) -> None:
    with closing(sqlite3.connect(floor.database)) as connection, connection:
        connection.execute("UPDATE shops SET info = json_set(info, '$.returns_unknown', json('true'))")
    with served(floor) as address:
        reader = Reader(address)
        assert re.search(r"€[\d.,]+ spent, 365 days, returns unknown", readable(reader.shop("")))
        for page in ("", "rfm"):
            assert "Spent, returns unknown" in readable(reader.shop(page)), page
        for page in ("", "rfm", "cohorts", "moves"):
            assert "this shop does not tell what came back" in readable(reader.shop(page)), page


def test_limits_that_a_plan_is_over_are_told_one_by_one() -> None:
    over = (
        "roastery: 236 of 286 people would gain a tag (limit 30%); 1,600 new coupons (limit 500);"
        " dormant had 20 members, 9 entered and 0 left (limit 30%)."
    )
    with language.spoken("de"):
        assert say(over) == (
            "roastery: 236 von 286 Personen bekämen einen Tag (Grenze 30\xa0%)."
            " roastery: 1.600 neue Gutscheincodes (Grenze 500)."
            " roastery: dormant hatte 20 Mitglieder, 9 kamen und 0 gingen (Grenze 30\xa0%)."
        )


def test_a_sentence_keeps_the_parts_of_a_cent_that_it_has() -> None:
    amounts = ("33.3367 EUR", "1,234.50 EUR", "12 EUR", "-5 JPY")
    assert [language.fact(each) for each in amounts] == ["€33.3367", "€1,234.50", "€12.00", "-JP¥5"]
    with language.spoken("de"):
        assert [language.fact(each) for each in amounts[:2]] == ["33,3367\xa0€", "1.234,50\xa0€"]


def test_a_difference_of_nothing_has_the_places_of_the_others() -> None:
    assert [language.signed(each, 1) for each in (0.0, 0.04, -1.25)] == ["±0.0", "±0.0", "−1.2"]
    assert [language.money_change(each, "EUR") for each in (0, 1250, -3)] == ["±€0.00", "+€12.50", "−€0.03"]


def test_what_a_shop_refused_names_the_customer_and_the_change() -> None:
    refused = UpdateTags(customer_id="1003", add=("sk:A",), remove=())
    assert described(refused) == "Customer 1003: Tags +sk:A"


def test_a_change_of_the_language_leads_back_to_what_was_open(demo: tuple[Floor, str]) -> None:
    reader = Reader(demo[1])
    path = "/shops/roastery/rule?rule=number_of_orders%20%3E%203"
    (back,) = re.findall(r'name="to" value="([^"]*)"', reader.get(path).text)
    assert reader.post("/language", {"language": "de", "to": back}, on=path).headers["Location"] == path
    found = reader.post("/shops/roastery/search", {"q": "e"}, on=path).text
    assert 'name="to" value="/shops/roastery/search"' in found


def test_whoever_is_turned_away_reads_why_in_the_own_language(demo: tuple[Floor, str]) -> None:
    reader = Reader(demo[1], "de")
    answer = reader.session.post(f"{demo[1]}/shops/roastery/search", data={"q": "a"}, timeout=20)
    assert (answer.status_code, "Die Seite war zu lange offen." in answer.text) == (400, True)
    assert '<html lang="de">' in answer.text
    proxied = reader.get("/", **{"X-Forwarded-For": "192.0.2.1"}).text
    assert "Setzen Sie mit stammkunde web password NAME ein Passwort." in proxied


@pytest.mark.parametrize("page", PAGES)
def test_nothing_that_is_loaded_holds_up_the_page(demo: tuple[Floor, str], page: str) -> None:
    html = Reader(demo[1]).shop(PAGES[page])
    assert [each for each in re.findall(r"<script[^>]*>", html) if " defer" not in each] == []
    assert "<img" not in html


def test_a_style_is_sent_once(demo: tuple[Floor, str]) -> None:
    reader = Reader(demo[1])
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', reader.shop(""))
    assert len(styles) == 2
    for each in styles:
        mark = reader.get(each).headers["ETag"]
        again = reader.get(each, **{"If-None-Match": mark})
        assert (again.status_code, again.text) == (304, ""), each


def test_a_wrong_rule_is_said_to_the_field_without_a_script_too(demo: tuple[Floor, str]) -> None:
    (field,) = re.findall(r"<textarea[^>]*>", Reader(demo[1]).shop(PAGES["wrong rule"]))
    assert 'aria-describedby="tried" aria-invalid="true"' in field
    (field,) = re.findall(r"<textarea[^>]*>", Reader(demo[1]).shop(PAGES["rule"]))
    assert "aria-invalid" not in field


def test_an_address_is_shown_when_it_is_asked_for(floor: Floor) -> None:
    with served(floor) as address:
        reader = Reader(address)
        path = reader.post("/shops/roastery/search", {"q": "ada@example.com"}).headers["Location"]
        assert "ada@example.com" not in reader.get(path).text
        assert "ada@example.com" in reader.post(path, {}).text
        assert "ada@example.com" not in reader.get(path).text


def test_what_a_shop_says_is_never_taken_for_html(floor: Floor) -> None:
    evil = "<script>alert(1)</script>"
    sent = order(600, 1001, 1, 10)
    put(floor.shop, [msgspec.structs.replace(sent, number=evil)])
    floor.later(hours=1)
    floor.done("pull")
    with served(floor) as address:
        reader = Reader(address)
        path = reader.post("/shops/roastery/search", {"q": "ada@example.com"}).headers["Location"]
        html = reader.get(path).text
        assert evil not in html
        assert "&lt;script&gt;alert(1)" in html
        assert evil not in reader.post("/shops/roastery/search", {"q": evil}).text
        assert evil not in reader.get("/shops/roastery/rule?rule=" + evil).text


def test_a_rule_is_counted_and_put_into_words(demo: tuple[Floor, str]) -> None:
    floor, address = demo
    rule = "number_of_orders > 3 AND (last_order_date >= -90d OR amount_spent > 500)"
    (found,) = floor.done("rule", rule, "--json").json()
    answer = (
        Reader(address).post("/shops/roastery/rule/tried", {"rule": rule}, on="/shops/roastery/rule").json()
    )
    text = readable(answer["html"])
    assert f"{found['members']} of {found['people']} people" in text
    assert "Number of orders: more than 3 one of these: Last order: at most 90 days ago" in text
    assert "Spent in all: more than €500.00" in text
    assert answer["position"] is None


def test_a_wrong_rule_says_where_and_what_was_meant(demo: tuple[Floor, str]) -> None:
    reader = Reader(demo[1], "de")
    rule = "amount_spent > 5 AND\nnumber_of_ordres > 3"
    answer = reader.post("/shops/roastery/rule/tried", {"rule": rule}, on="/shops/roastery/rule").json()
    assert answer["position"] == 21
    assert "Es gibt kein Merkmal „number_of_ordres“. Meinten Sie „number_of_orders“?" in readable(
        answer["html"]
    )
    assert "number_of_ordres &gt; 3\n^</code>" in answer["html"]
    assert "Zeile 2, Stelle 1" in answer["html"]


def test_settings_are_shown_without_secrets(floor: Floor) -> None:
    with served(floor) as address:
        html = Reader(address).shop("settings")
        assert "shpat_" not in html
        assert "5a5a" not in html
        assert "roastery.token" in html  # where it is kept


def test_old_figures_say_so_and_new_ones_come_by_themselves(floor: Floor) -> None:
    with served(floor) as address:
        reader = Reader(address)
        assert "These figures are not fresh" not in reader.shop("")
        floor.later(days=3)
        text = readable(reader.shop(""))
        assert "These figures are not fresh: the shop was last read 3 days ago." in text
        put(floor.shop, [order(700, 1009, 0, 40, placed_at=floor.now, updated_at=floor.now)])
        floor.done("pull")
    with served(floor) as address:
        wait_for_figures(floor)
        assert "These figures are not fresh" not in Reader(address).shop("")


def test_a_page_counts_nothing_itself(floor: Floor) -> None:
    """With a million customers it would take too long: everything is worked out before."""
    with served(floor) as address:
        reader = Reader(address)
        pages = ["", "groups", "cohorts", "rfm", "moves", "plan"]
        before = [readable(reader.shop(page)) for page in pages]
        with closing(sqlite3.connect(floor.database)) as connection, connection:
            for table in ("orders", "members", "customers", "shop_tags"):
                connection.execute(f"DELETE FROM {table}")
        assert [readable(reader.shop(page)) for page in pages] == before


def test_figures_follow_a_pull_without_being_asked_for(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(figures, "REST", 0.0)
    with served(floor) as address:
        reader = Reader(address)
        assert re.search(r"\bbig 2 ", readable(reader.shop("groups")))
        put(floor.shop, [order(800, 1002, 0, 600), customer(1002, "ben@example.com")])
        floor.later(minutes=5)
        floor.done("pull")
        until = time.monotonic() + 20
        while not re.search(r"\bbig 3 ", readable(reader.shop("groups"))):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert re.search(r"\bbig 3 [\d.%]* ?[\d.]+% \+1 ", readable(reader.shop("groups")))  # entered


def test_kept_figures_hold_nothing_about_anybody(floor: Floor) -> None:
    floor.first_push()
    with served(floor):
        bodies = " ".join(row[0] for row in floor.rows("SELECT body FROM figures"))
    for trace in ("ada", "Amsel", "1001", "1003", "example.com"):
        assert trace not in bodies, trace


def test_a_shop_that_was_never_read_says_what_to_do(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        floor.open_shop()
        with served(floor) as address:
            reader = Reader(address)
            for page in ("", "groups", "campaigns", "cohorts", "plan"):
                assert "<code>stammkunde pull roastery</code>" in reader.shop(page), page
            assert (
                "Run <code>stammkunde pull roastery</code> first."
                in reader.get("/shops/roastery/plan/changes").text
            )
            german = readable(Reader(address, "de").get("/shops/roastery/plan/changes").text)
            assert "Über roastery ist noch nichts bekannt. Starten Sie zuerst stammkunde pull" in german


def test_every_shop_has_its_own_pages(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        put(floor.open_shop("teahouse"), [])
        floor.done("pull")
        with served(floor) as address:
            reader = Reader(address)
            first = reader.get("/shops/roastery/").text
            assert 'href="/shops/teahouse/"' in first
            second = reader.get("/shops/teahouse/")
            assert second.status_code == 200
            assert "0 customers" in readable(second.text)
            assert reader.get("/shops/nowhere/").status_code == 404
            ada = reader.post("/shops/roastery/search", {"q": "ada@example.com"}).headers["Location"]
            assert reader.get(ada.replace("roastery", "teahouse")).status_code == 404


def approve(reader: Reader, **fields: str) -> str:
    """Look at the changes, approve them, say yes; returns what the last page says."""
    html = reader.shop("plan/changes")
    mark = re.search(r'name="mark" value="(\w+)"', html)
    assert mark, html
    fields = {"mark": mark[1], **fields}
    asked = reader.post("/shops/roastery/plan/approve", fields, on="/shops/roastery/plan/changes")
    assert "Are you sure?" in asked.text
    done = reader.post(
        "/shops/roastery/plan/approve", {**fields, "sure": "1"}, on="/shops/roastery/plan/changes"
    )
    assert done.status_code == 302, readable(done.text)
    return readable(reader.get(done.headers["Location"]).text)


def test_what_was_looked_at_is_pushed_and_the_plan_is_empty_then(floor: Floor) -> None:
    with served(floor) as address:
        reader = Reader(address)
        assert "This would be the first push to roastery." in readable(reader.shop("plan"))
        assert floor.mutations() == []
        assert "changes made." in approve(reader, push="1")
        assert floor.tags("1001") == {"1001": ["VIP", "sk:over-500", "sk:stammkunde"]}
        assert "Nothing to change. The shop is as it should be." in reader.shop("plan")


def test_an_approval_alone_writes_nothing(floor: Floor) -> None:
    with served(floor) as address:
        said = approve(Reader(address))
        assert "Approved. The next push makes these changes and nothing else." in said
        assert floor.mutations() == []
    floor.done("push")
    assert "sk:stammkunde" in floor.tags("1001")["1001"]


def test_a_plan_that_somebody_else_replaced_is_not_approved(floor: Floor) -> None:
    with served(floor) as address:
        answer = Reader(address).post(
            "/shops/roastery/plan/approve",
            {"mark": "0" * 24, "sure": "1", "push": "1"},
            on="/shops/roastery/plan",
        )
        assert answer.status_code == 409
        assert "Look at it again." in answer.text
        assert floor.mutations() == []


def test_pushing_that_is_off_stays_off(floor: Floor) -> None:
    floor.set(push="false")
    with served(floor) as address:
        assert "set push = true" in readable(Reader(address).shop("plan"))
        assert "Pushing to roastery is off." in approve(Reader(address), push="1")
        assert floor.mutations() == []


def test_a_push_is_undone_and_held_until_it_may_go_on(floor: Floor) -> None:
    with served(floor) as address:
        reader = Reader(address)
        approve(reader, push="1")
        run = re.search(r"runs/(push-[\w-]+)", reader.shop("runs"))
        assert run
        path = f"/shops/roastery/runs/{run[1]}"
        assert "Are you sure?" in reader.post(f"{path}/undo", {}, on=path).text
        assert "sk:stammkunde" in floor.tags("1001")["1001"]
        done = reader.post(f"{path}/undo", {"sure": "1"}, on=path)
        assert "changes made." in readable(reader.get(done.headers["Location"]).text)
        assert floor.tags("1001") == {"1001": ["VIP"]}
        assert f"Pushing is held: {run[1]} was undone." in readable(reader.shop(""))
        assert "Are you sure?" in reader.post("/shops/roastery/resume", {}, on="/shops/roastery/plan").text
        reader.post("/shops/roastery/resume", {"sure": "1"}, on="/shops/roastery/plan")
        assert "Pushing is held" not in reader.shop("")


def test_a_shop_in_use_says_by_whom(floor: Floor) -> None:
    from connector import database
    from connector.web import doing

    with served(floor) as address, database.hold(floor.database, "roastery", holder="somebody"):
        before, doing.WAIT = doing.WAIT, 0.1
        try:
            assert "roastery is in use by somebody." in approve(Reader(address), push="1")
        finally:
            doing.WAIT = before
        assert floor.mutations() == []


def test_the_command_serves_the_pages_until_it_is_told_to_end(floor: Floor) -> None:
    process = floor.start("web", "--listen", "127.0.0.1:0")
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        wait_for_figures(floor)
        assert "Overview" in Reader(found[0]).shop("")
        process.terminate()
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_effect_of_a_campaign_is_a_table_with_a_chart(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        floor.rules = RULES.replace("budget = {", "holdout = 0.5\nbudget = {")
        demo_shop(floor)
        floor.first_push()
        floor.later(days=31)
        floor.done("pull")
        with served(floor) as address:
            reader = Reader(address)
            page, part = (reader.shop(f"campaigns/come-back?{each}=1") for each in ("effect", "part"))
            waiting = reader.shop("campaigns/come-back")
    for shown in (page, part):
        assert shown.count('<svg class="whisker"') == 2
        assert "Held out" in readable(shown)
    assert "whisker" not in waiting  # the effect comes behind the page
    assert 'data-part="/shops/roastery/campaigns/come-back?part=1"' in waiting
