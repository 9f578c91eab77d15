"""From a push to a newsletter tool: who gets what, when, what is counted, and what survives trouble."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from adapters.outlets.brevo.sandbox import KEY, LIST, BrevoSandbox
from adapters.outlets.webhook.sandbox import SECRET, WebhookSandbox
from connector import delivery, validate
from connector.daemon import Step, Worker
from connector.delivery import gives, last_day
from connector.outlet import Standing
from connector.testing import make_coupon
from tests.kiosk import COME_BACK, CONFIRMED, SHOP, Kiosk, dormant, kiosk
from tests.shopfloor import customer

TO_BREVO = COME_BACK.replace('["metafield"]', '["brevo"]')
TAGGED = """
[groups.sleepers]
members = "number_of_orders >= 2 AND last_order_date < -190d"
tag = "sleeper"
"""


@contextmanager
def running() -> Iterator[BrevoSandbox]:
    sandbox = BrevoSandbox()
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.stop()


@pytest.fixture
def brevo() -> Iterator[BrevoSandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        yield opened


def table(floor: Kiosk, brevo: BrevoSandbox, **other: str) -> str:
    """The outlet's table in the config."""
    options = {
        "api_key": f'{{ file = "{floor.write_private("brevo.key", KEY)}" }}',
        "contact_list": str(LIST),
        "create_fields": "true",
        "base_url": f'"{brevo.url}/v3"',
        "calls_per_second": "1000000.0",
        "timeout": "0.5",
    } | other
    return "\n".join(["[outlets.brevo]", *(f"{name} = {value}" for name, value in options.items())])


def put(floor: Kiosk, brevo: BrevoSandbox, count: int = 2, *texts: str) -> None:
    """So many dormant customers, all of them contacts, and the campaign."""
    floor.put(dormant(count))
    for number in range(count):
        brevo.put(f"c{1001 + number}@example.com", Standing.GOOD)
    floor.configure(table(floor, brevo), *(texts or (TO_BREVO,)))


def code_of(brevo: BrevoSandbox, number: int) -> Any:
    return brevo.values(f"c{number}@example.com").get("SK_CODE")


def writes(brevo: BrevoSandbox) -> int:
    return len([seen for seen in brevo.faults.requests("/v3/contacts/") if seen.method == "PUT"])


def test_a_code_reaches_the_contact_with_its_last_day(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo)
    ran = floor.sync()
    (code,) = floor.codes()["1001"]
    assert brevo.values("c1001@example.com") == {
        "FIRSTNAME": "Ada",
        "SK_CODE": code,
        "SK_CODE_SHOWN": " ".join(code[place : place + 4] for place in range(0, len(code), 4)),
        "SK_GIVES": "10 %",
        "SK_ENDS": "2026-06-30",  # it ends on 1 July, at nine in the morning
        "SK_CAMPAIGN": "come-back",
        "SK_REMINDER": "no",
    }
    assert "brevo: 2 codes handed over, 2 contacts changed." in ran.err
    assert floor.states() == {"issued": 2, "handed over": 2, "open": 2}


def test_nothing_is_written_twice(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo)
    floor.sync()
    assert writes(brevo) == 2
    brevo.faults.forget_requests()
    floor.sync()
    assert brevo.faults.requests() == []


def test_who_is_no_contact_or_said_no_there_is_left_out_and_counted(
    floor: Kiosk, brevo: BrevoSandbox
) -> None:
    put(floor, brevo, 3)
    brevo.remove("c1002@example.com")
    brevo.put("c1003@example.com", Standing.UNSUBSCRIBED)
    rest = brevo.rest("c1003@example.com")
    ran = floor.sync()
    assert "brevo: left out: 1 who are no contacts of Brevo." in ran.err
    assert "brevo: left out: 1 who have unsubscribed in Brevo." in ran.err
    assert brevo.emails() == {"c1001@example.com", "c1003@example.com"}
    assert (brevo.rest("c1003@example.com"), code_of(brevo, 1003)) == (rest, None)
    assert floor.states() == {"issued": 3, "handed over": 1, "open": 3}
    brevo.faults.forget_requests()
    assert "left out: 1 who are no contacts of Brevo" in floor.sync().err
    assert brevo.faults.requests() == []  # they are not looked up again at once
    brevo.put("c1002@example.com", Standing.GOOD)
    floor.later(days=2)
    floor.sync()
    assert code_of(brevo, 1002) == floor.codes()["1002"][0]


def test_who_may_not_be_written_to_is_not_even_looked_up(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 2, COME_BACK.replace('["metafield"]', '["metafield", "brevo"]'))
    floor.put([customer(1002, "c1002@example.com", consents=())])
    ran = floor.sync()
    assert "brevo: left out: 1 who have not confirmed that they want e-mail." in ran.err
    assert brevo.faults.requests("c1002") == []
    assert floor.codes()["1002"]  # the shop shows it all the same


def test_validity_starts_at_hand_over_and_only_for_those_who_get_the_code(
    floor: Kiosk, brevo: BrevoSandbox
) -> None:
    put(floor, brevo)
    brevo.remove("c1002@example.com")
    brevo.faults.plan("error", times=1000)
    ran = floor.run("sync", "--force")
    assert ran.code == 1
    assert "127.0.0.1 answered with status 503" in ran.err
    assert floor.states() == {"issued": 2, "open": 2}
    brevo.faults.clear()
    floor.later(days=10)
    floor.sync()
    ends = dict(floor.rows("SELECT customer_id, ends_at / 86400000 FROM issued"))
    assert ends["1001"] - ends["1002"] == 10
    assert brevo.values("c1001@example.com")["SK_ENDS"] == "2026-07-10"


def test_a_tool_that_is_down_holds_up_no_shop_and_no_other_tool(floor: Kiosk, brevo: BrevoSandbox) -> None:
    hook = WebhookSandbox()
    hook.start()
    secret = floor.write_private("hook.secret", SECRET)
    own = f'[outlets.mine]\noutlet = "webhook"\nurl = "{hook.url}/codes"\nsecret = {{ file = "{secret}" }}\n'
    put(floor, brevo, 1, own, COME_BACK.replace('["metafield"]', '["brevo", "mine"]'))
    brevo.faults.plan("error", times=1000)
    assert floor.run("sync", "--force").code == 1
    (message,) = hook.messages()
    assert message["data"]["code"] == floor.codes()["1001"][0]
    assert message["data"]["shop"] == SHOP
    brevo.faults.clear()
    floor.sync()
    assert code_of(brevo, 1001) == floor.codes()["1001"][0]
    assert len(hook.messages()) == 1
    hook.stop()


def test_a_code_that_was_used_is_taken_off_the_contact(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo)
    floor.sync()
    floor.buy(9001, 1001, code_of(brevo, 1001))
    floor.sync()
    assert brevo.values("c1001@example.com") == {"FIRSTNAME": "Ada"}
    assert code_of(brevo, 1002)


def test_a_code_that_ends_soon_comes_once_more_as_a_reminder(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 1, TO_BREVO + "remind_days = 7\n")
    floor.sync()
    floor.later(days=24)
    assert "brevo: 1 reminder, 1 contact changed." in floor.sync().err
    assert brevo.values("c1001@example.com")["SK_REMINDER"] == "yes"
    brevo.faults.forget_requests()
    floor.sync()
    assert brevo.faults.requests() == []


def test_a_code_that_support_extends_is_told_with_its_new_day(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 1)
    floor.sync()
    floor.done("code", "extend", code_of(brevo, 1001), "--days", "10")
    floor.sync()
    assert brevo.values("c1001@example.com")["SK_ENDS"] == "2026-07-10"


def test_groups_with_a_tag_are_told_and_taken_back(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 2, TAGGED)
    floor.sync()
    assert brevo.values("c1001@example.com")["SK_GROUPS"] == "|sleepers|"
    floor.buy(9001, 1001)
    floor.sync()
    assert brevo.values("c1001@example.com") == {"FIRSTNAME": "Ada"}
    assert brevo.values("c1002@example.com")["SK_GROUPS"] == "|sleepers|"


def test_nothing_is_handed_over_while_pushing_is_off_or_held(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 1, TAGGED)
    floor.set(SHOP, push="false")
    floor.done("sync")
    assert brevo.faults.requests() == []


def test_missing_fields_are_named_and_nothing_is_handed_over(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 1)
    floor.configure(table(floor, brevo, create_fields="false"), TO_BREVO)
    ran = floor.run("sync", "--force")
    assert ran.code == 1
    assert "Brevo has no field for SK_CODE (text)" in ran.err
    assert "SK_ENDS (a date)" in ran.err
    assert floor.states() == {"issued": 1, "open": 1}
    assert writes(brevo) == 0


def test_a_wrong_key_is_said_and_not_shown(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 1)
    wrong = floor.write_private("wrong.key", "xkeysib-not-this-one")
    floor.configure(table(floor, brevo, api_key=f'{{ file = "{wrong}" }}'), TO_BREVO)
    ran = floor.run("sync", "--force")
    assert ran.code == 1
    assert "Brevo does not let us in with `api_key`" in ran.err
    assert "xkeysib-not-this-one" not in ran.err


def test_check_says_whose_account_it_is(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 1)
    ran = floor.done("check")
    assert "  Outlet brevo: Rösterei Amsel (Brevo)\n" in ran.out
    (finding,) = floor.done("check", "--json").json()
    assert finding["outlets"] == [
        {"outlet": "brevo", "title": "Brevo", "account": "Rösterei Amsel", "error": None}
    ]
    brevo.faults.plan("unauthorized", times=2)
    ran = floor.run("check")
    assert ran.code == 1
    assert "Outlet brevo: Brevo does not let us in" in ran.err


def test_a_contact_that_was_made_anew_gets_its_code_within_a_week(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 1)
    floor.sync()
    brevo.remove("c1001@example.com")
    brevo.put("c1001@example.com", Standing.GOOD)
    floor.later(days=7)
    floor.sync()
    assert code_of(brevo, 1001) == floor.codes()["1001"][0]
    assert brevo.values("c1001@example.com")["SK_ENDS"] == "2026-06-30"


def test_a_code_that_has_ended_is_taken_off_however_long_ago_it_was_written(
    floor: Kiosk, brevo: BrevoSandbox
) -> None:
    put(floor, brevo, 1)
    floor.sync()
    floor.later(days=39)
    floor.sync()
    assert brevo.values("c1001@example.com") == {"FIRSTNAME": "Ada"}


class Dead(BaseException):
    """The process was killed."""


def moments(floor: Kiosk, die_at: int | None) -> int:
    """Push, and die right before that call into SQLite or the network. Returns how many there were."""
    count = 0

    def watch(_frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        if event == "c_call" and argument.__name__ in {"execute", "executemany", "sendall"}:
            count += 1
            if count == die_at:
                raise Dead

    sys.setprofile(watch)
    try:
        with suppress(Dead):
            floor.run("push", "--force")
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("after", range(-30, 150, 15))
def test_a_run_that_dies_anywhere_ends_as_one_that_did_not(
    floor: Kiosk, brevo: BrevoSandbox, after: int
) -> None:
    put(floor, brevo, 3)
    brevo.faults.plan("error", times=1000)
    floor.run("sync", "--force")
    floor.later(days=3)
    until_the_tool = moments(floor, None)
    brevo.faults.clear()
    moments(floor, until_the_tool + after)
    told = {number: brevo.values(f"c{number}@example.com").get("SK_ENDS") for number in (1001, 1002, 1003)}
    floor.later(days=2)
    floor.sync()
    for number, day in told.items():
        assert code_of(brevo, number) == floor.codes()[str(number)][0]
        assert len(floor.codes()[str(number)]) == 1
        # Of a code that may have arrived the day stays; any other one starts now.
        days = {day} if day else {"2026-07-03", "2026-07-05"}
        assert brevo.values(f"c{number}@example.com")["SK_ENDS"] in days
    assert floor.states() == {"issued": 3, "handed over": 3, "open": 3}
    brevo.faults.forget_requests()
    floor.sync()
    assert brevo.faults.requests() == []


def test_whoever_is_left_out_of_everything_loses_what_came_from_us(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 2, TO_BREVO, TAGGED)
    floor.sync()
    assert code_of(brevo, 1001)
    floor.set(SHOP, exclude='{ tags = ["staff"] }')
    floor.put([customer(1001, "c1001@example.com", "staff", consents=CONFIRMED)])
    floor.sync()
    assert brevo.values("c1001@example.com") == {"FIRSTNAME": "Ada"}
    assert code_of(brevo, 1002)


def test_amounts_and_titles_are_in_the_language_of_the_customer(floor: Kiosk, brevo: BrevoSandbox) -> None:
    free = TO_BREVO.replace("percent = 10, minimum = 30", "free_shipping = true").replace(
        "budget", 'titles = { de = "Versandkostenfrei" }\nbudget'
    )
    put(floor, brevo, 1, free)
    floor.sync()
    assert brevo.values("c1001@example.com")["SK_GIVES"] == "Versandkostenfrei"


@pytest.mark.parametrize(
    ("language", "shown"), [(None, "5,50\xa0€"), ("de-AT", "€\xa05,50"), ("en", "€5.50"), ("x!", "5,50\xa0€")]
)
def test_an_amount_reads_as_it_does_there(language: str | None, shown: str) -> None:
    coupon = make_coupon(percent=None, amount=550)
    assert gives(coupon, language) == shown


@pytest.mark.parametrize(
    ("ends", "day"),
    [
        ("2026-07-01T09:00+00:00", "2026-06-30"),
        ("2026-07-01T21:59:59+00:00", "2026-07-01"),  # one second to midnight in Berlin
        ("2026-07-01T22:00+00:00", "2026-07-01"),
    ],
)
def test_the_last_day_is_a_whole_one(ends: str, day: str) -> None:
    assert last_day(datetime.fromisoformat(ends), ZoneInfo("Europe/Berlin")).isoformat() == day


def test_the_daemon_hands_over_and_tells_of_trouble(floor: Kiosk, brevo: BrevoSandbox) -> None:
    put(floor, brevo, 2)
    floor.sync()
    floor.put(dormant(1, first=1009))
    brevo.put("c1009@example.com", Standing.GOOD)
    mail = 'alerts.mail = { to = ["a@example.com"], sender = "b@example.com", host = "127.0.0.1" }'
    floor.configure(table(floor, brevo), TO_BREVO, top=mail)
    brevo.faults.plan("error", times=1000)
    worker = Worker(lambda: floor.now, threading.Event())
    config = validate.load(floor.config)
    worker.run(config, config.shops[SHOP], Step.PUSH)
    assert not worker.standing(SHOP).is_failing()
    ((text,),) = floor.rows("SELECT text FROM outbox WHERE kind = 'alert' AND subject = 'outlet'")
    assert "brevo: 127.0.0.1 answered with status 503" in text
    brevo.faults.clear()
    worker.run(config, config.shops[SHOP], Step.PUSH)
    assert code_of(brevo, 1009) == floor.codes()["1009"][0]


def test_what_the_tool_refuses_is_said_once_a_day_and_the_others_go_on(
    floor: Kiosk, brevo: BrevoSandbox
) -> None:
    put(floor, brevo, 3)
    brevo.faults.plan("error", status=422, contains="PUT /v3/contacts/101")
    ran = floor.run("sync", "--force")
    assert ran.code == 1
    assert "brevo refused 1 contact: 127.0.0.1 answered with status 422" in ran.err
    assert [number for number in (1001, 1002, 1003) if code_of(brevo, number)] == [1001, 1003]
    ran = floor.done("sync")
    assert "brevo: left out: 1 who were refused by Brevo." in ran.err
    floor.later(days=2)
    floor.sync()
    assert code_of(brevo, 1002) == floor.codes()["1002"][0]


def test_more_than_one_run_can_write_waits_and_codes_come_first(
    floor: Kiosk, brevo: BrevoSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST", 3)
    put(floor, brevo, 5, TAGGED, TO_BREVO.replace("budget = { coupons = 100 }", "budget = { coupons = 2 }"))
    assert "brevo: left for the next run: 2 contacts." in floor.sync().err
    codes = {customer_id for customer_id, codes in floor.codes().items() if codes}
    assert {str(number) for number in range(1001, 1006) if code_of(brevo, number)} == codes
    floor.sync()
    assert {brevo.values(email)["SK_GROUPS"] for email in brevo.emails()} == {"|sleepers|"}


def test_what_a_tool_was_told_is_shown_to_its_subject_and_forgotten_with_it(
    floor: Kiosk, brevo: BrevoSandbox
) -> None:
    put(floor, brevo, 1, TO_BREVO, TAGGED)
    floor.sync()
    shown = floor.done("subject", "c1001@example.com", "--json").json()[0]["tables"]
    (row,) = shown["Newsletter tools"]
    assert (row["outlet"], row["groups"]) == ("brevo", '["sleepers"]')
    assert shown["Codes handed over"][0]["outlet"] == "brevo"
    floor.done("forget", "c1001@example.com", "--yes")
    assert floor.rows("SELECT * FROM outlet_contacts") == []


ACTIONS = ("sync", "day", "buy", "leave", "gone", "back", "down", "die", "extend", "month")


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example takes a second: too slow to shrink
)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 3)), min_size=4, max_size=9))
def test_in_the_end_each_contact_has_its_open_code_or_none(steps: list[tuple[str, int]]) -> None:
    """Whatever happened: no contact was made or subscribed again, and none shows a code that is over."""
    with running() as sandbox, TemporaryDirectory() as folder, kiosk(Path(folder)) as opened:
        put(opened, sandbox, 4, TO_BREVO + "cooldown_days = 60\n", TAGGED)
        left: dict[str, object] = {}
        for number, (action, who) in enumerate(steps):
            act(opened, sandbox, action, f"c{1001 + who}@example.com", number, left)
        sandbox.faults.clear()
        opened.later(days=8)
        opened.run("sync", "--force")
        for email in sandbox.emails():
            open_codes = [
                code
                for (code,) in opened.rows(
                    "SELECT code FROM issued AS i JOIN customers AS c ON c.id = i.customer_id"
                    f" WHERE c.email = '{email}' AND i.state = 'issued'"
                    f" AND i.ends_at > {round(opened.now.timestamp() * 1000)}"
                    " AND code NOT IN (SELECT code FROM order_codes)"
                )
            ]
            if email in left:
                assert sandbox.rest(email) == left[email]
            else:
                assert [sandbox.values(email).get("SK_CODE")] == (open_codes or [None])


def act(
    floor: Kiosk, brevo: BrevoSandbox, action: str, email: str, number: int, left: dict[str, object]
) -> None:
    buyer, code = int(email[1:5]), None
    if email in brevo.emails():
        code = brevo.values(email).get("SK_CODE")
    if action == "buy" and code:
        floor.buy(9000 + number, buyer, code)
    elif action in {"leave", "back"} and (action == "leave" or email not in brevo.emails()):
        brevo.put(email, Standing.UNSUBSCRIBED if action == "leave" else Standing.GOOD)
        left.pop(email, None)
        if action == "leave":
            left[email] = brevo.rest(email)
    elif action == "gone" and email in brevo.emails():
        brevo.remove(email)
        left.pop(email, None)
    elif action == "extend" and code:
        floor.run("code", "extend", code, "--days", "5")
    elif action == "down":
        brevo.faults.plan("error", times=30, contains="PUT")
    elif action == "die":
        moments(floor, 150 + 30 * number)
    floor.later(days={"day": 1, "month": 31}.get(action, 0))
    if action in {"sync", "day", "month", "buy", "leave"}:
        floor.run("sync", "--force")
