"""Codes and groups as a file: who may be written to, what they get, and what a spreadsheet makes of it."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.model import Consent
from tests.kiosk import COME_BACK, Kiosk, dormant, kiosk
from tests.shopfloor import Ran, customer, order

BY_HAND = COME_BACK.replace('["metafield"]', '["csv"]')


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        yield opened


def read(ran: Ran) -> list[dict[str, str]]:
    assert ran.code == 0, ran
    return list(csv.DictReader(io.StringIO(ran.out)))


def said(state: str, level: str = "unknown") -> tuple[Consent, ...]:
    return (Consent(channel="email", state=state, level=level),)  # type: ignore[arg-type]


def test_codes_are_handed_over_once_and_are_valid_from_then_on(floor: Kiosk) -> None:
    floor.put(dormant(2))
    floor.configure(BY_HAND)
    floor.sync()
    assert floor.ram.attribute("1001", "code-come-back") is None
    assert floor.states() == {"issued": 2, "open": 2}
    floor.later(days=10)
    rows = read(floor.done("export", "come-back"))
    assert [(each["email"], each["ends"], each["gives"]) for each in rows] == [
        ("c1001@example.com", "2026-07-10", "10 %"),
        ("c1002@example.com", "2026-07-10", "10 %"),
    ]
    assert rows[0]["code"] == floor.codes()["1001"][0] == rows[0]["code_in_groups"].replace(" ", "")
    assert floor.states() == {"issued": 2, "handed over": 2, "open": 2}
    assert read(floor.done("export", "come-back")) == []
    assert len(read(floor.done("export", "come-back", "--again"))) == 2
    floor.later(days=29)
    assert floor.ram.redeem(rows[0]["code"], "1001") is None
    assert floor.plan() == []


def test_each_way_hands_a_code_over_by_itself(floor: Kiosk) -> None:
    """In the shop since the push, and in the file when it is written; its days count from the first."""
    floor.put(dormant(1))
    floor.configure(COME_BACK.replace('["metafield"]', '["metafield", "csv"]'))
    floor.sync()
    floor.later(days=10)
    (row,) = read(floor.done("export", "come-back"))
    assert (row["ends"], row["reminder"]) == ("2026-06-30", "no")
    assert read(floor.done("export", "come-back")) == []


def test_nothing_is_handed_over_where_its_validity_cannot_start(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.configure(BY_HAND)
    floor.sync()
    floor.later(days=10)
    floor.set("kiosk", push="false")
    ran = floor.run("export", "come-back")
    assert (ran.code, ran.out) == (3, "")
    assert floor.states() == {"issued": 1, "open": 1}


def test_codes_that_end_soon_are_handed_over_once_more(floor: Kiosk) -> None:
    floor.put(dormant(2))
    floor.configure(BY_HAND + "remind_days = 7\n")
    floor.sync()
    floor.done("export", "come-back")
    floor.later(days=22)
    assert read(floor.done("export", "come-back")) == []
    floor.later(days=2)
    floor.buy(9001, 1001, floor.codes()["1001"][0])
    floor.sync()
    reminded = read(floor.done("export", "come-back"))
    assert [(each["email"], each["reminder"]) for each in reminded] == [("c1002@example.com", "yes")]
    assert read(floor.done("export", "come-back")) == []


def strangers() -> Iterator[object]:
    """Five who bought twice long ago, and what each said to e-mail."""
    for number, consents in enumerate(
        [
            said("subscribed", "confirmed"),
            said("subscribed", "single"),
            said("unsubscribed"),
            (),
            said("pending"),
        ]
    ):
        yield customer(2001 + number, f"s{number}@example.com", consents=consents)
        yield from (order(200 + 10 * number + nth, 2001 + number, 200 + nth) for nth in range(2))


def test_only_who_confirmed_is_written_to(floor: Kiosk) -> None:
    floor.put(strangers())  # type: ignore[arg-type]
    floor.configure(BY_HAND)
    floor.sync()
    assert set(floor.codes()) == {"2001"}  # a code that reaches nobody is not made
    ran = floor.done("export", "dormant")
    assert [each["email"] for each in read(ran)] == ["s0@example.com"]
    assert ran.err == (
        "kiosk: left out: 3 who have not confirmed that they want e-mail\n"
        "kiosk: left out: 1 who have unsubscribed\n"
        "kiosk: 1 contact written.\n"
    )


def test_existing_customers_are_written_to_where_the_owner_vouches_for_it(floor: Kiosk) -> None:
    floor.put(strangers())  # type: ignore[arg-type]
    floor.put([customer(2009, "never@example.com")])
    four = '["address-from-sale", "own-similar-goods", "no-objection", "told-each-time"]'
    floor.configure(BY_HAND, top=f'consent.basis = "existing-customer"\nconsent.conditions = {four}')
    floor.sync()
    assert set(floor.codes()) == {"2001", "2002", "2004", "2005"}


def test_the_list_of_those_who_are_never_written_to_beats_every_consent(floor: Kiosk) -> None:
    floor.put(dormant(2))
    floor.write_private("never.txt", "# asked us in writing\n C1001@Example.com ; 2026-01-04\n")
    floor.configure(BY_HAND, top='consent.suppress_file = "never.txt"')
    floor.sync()
    assert set(floor.codes()) == {"1002"}
    (floor.folder / "never.txt").unlink()
    ran = floor.run("export", "dormant")
    assert (ran.code, ran.out) == (2, "")
    assert "never.txt cannot be read, so nobody can be written to. Mend its name.\n" in ran.err


def test_no_cell_is_a_formula_for_a_spreadsheet(floor: Kiosk) -> None:
    names = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "Anna-Lena", "\tx"]
    people = [
        customer(
            3001 + place, f"x{place}@example.com", consents=said("subscribed", "confirmed"), language=name
        )
        for place, name in enumerate(names)
    ]
    floor.put([*people, *(order(300 + place, 3001 + place, 3) for place in range(len(names)))])
    floor.done("pull")
    rows = read(floor.done("export", "buyers"))
    assert [each["language"] for each in rows] == [
        "'=HYPERLINK(1)",
        "'+1",
        "'-1",
        "'@SUM(1)",
        "Anna-Lena",
        "'\tx",
    ]


def test_a_file_is_for_its_owner_alone(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.configure(COME_BACK)
    floor.done("pull")
    target = floor.folder / "people.csv"
    target.touch(mode=0o644)
    target.chmod(0o644)
    ran = floor.done("export", "dormant", "--to", str(target))
    assert ran.out == ""
    assert target.read_text().splitlines()[1].startswith("kiosk,1001,c1001@example.com")
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_group_with_people_held_out_is_exported_with_a_warning(floor: Kiosk) -> None:
    floor.put(dormant(20))
    floor.configure(BY_HAND + "holdout = 0.5\n")
    floor.sync()
    assert "this holds people whom campaign come-back holds out." in floor.done("export", "dormant").err
    written = {each["customer_id"] for each in read(floor.done("export", "come-back"))}
    assert written == set(floor.codes())
    assert len(written) < 20


def test_an_unknown_name(floor: Kiosk) -> None:
    floor.configure(COME_BACK)
    ran = floor.run("export", "come-bak")
    assert (ran.code, ran.err) == (2, "There is no campaign or group 'come-bak'. Did you mean 'come-back'?\n")
