"""The tables of outlets in the config, and what their page says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.outlets.assumptions import ASSUMPTIONS
from connector.config import parse
from connector.config.settings import argument_texts, parameters_of
from connector.outlet import FIELDS, outlet_class, outlets
from tests.kiosk import COME_BACK, Kiosk, kiosk

PAGE = (Path(__file__).parent.parent / "docs" / "outlets.md").read_text(encoding="utf-8")
TO_BREVO = COME_BACK.replace('["metafield"]', '["brevo"]')


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        yield opened


def brevo(floor: Kiosk, *lines: str) -> str:
    key = floor.write_private("brevo.key", "xkeysib-1")
    return "\n".join(["[outlets.brevo]", f'api_key = {{ file = "{key}" }}', *lines])


def problems(floor: Kiosk, *texts: str) -> str:
    floor.configure(*texts)
    ran = floor.run("status")
    return ran.err if ran.code else ""


def test_a_table_may_be_short(floor: Kiosk) -> None:
    assert problems(floor, brevo(floor), TO_BREVO) == ""
    config, found = parse(brevo(floor))
    assert found == []
    assert config.outlets["brevo"].outlet == "brevo"


def test_a_campaign_names_an_outlet_that_is_described(floor: Kiosk) -> None:
    assert "nothing says how to reach 'brevo'. Add [outlets.brevo]." in problems(floor, TO_BREVO)
    misspelled = problems(floor, brevo(floor), TO_BREVO.replace('"brevo"', '"brewo"'))
    assert "there is no way 'brewo' to deliver a code. Did you mean 'brevo'?" in misspelled


def test_a_table_may_have_a_name_of_its_own(floor: Kiosk) -> None:
    table = brevo(floor, 'outlet = "brevo"').replace("[outlets.brevo]", "[outlets.second]")
    assert problems(floor, table, TO_BREVO.replace('"brevo"', '"second"')) == ""
    unknown = problems(floor, table.replace('outlet = "brevo"', 'outlet = "mailjet"'))
    assert "outlets.second.outlet: there is no outlet 'mailjet'" in unknown


def test_settings_are_those_of_the_tool(floor: Kiosk) -> None:
    told = problems(floor, brevo(floor, 'contact_lst = 7\ncontact_list = "seven"'))
    assert "outlets.brevo.contact_lst: unknown option. Did you mean 'contact_list'?" in told
    assert "outlets.brevo.contact_list: must be a whole number" in told
    assert "outlets.mailchimp.audience: is missing" in problems(
        floor, brevo(floor).replace("outlets.brevo", "outlets.mailchimp")
    )


def test_a_secret_does_not_stand_in_the_config(floor: Kiosk) -> None:
    told = problems(floor, '[outlets.brevo]\napi_key = "xkeysib-1"')
    assert "a secret must not stand in the config" in told
    assert "xkeysib-1" not in told
    gone = problems(floor, '[outlets.brevo]\napi_key = { env = "NO_SUCH_KEY" }')
    assert "the environment variable NO_SUCH_KEY is not set" in gone


def test_what_the_tool_refuses_is_a_problem_of_the_file(floor: Kiosk) -> None:
    told = problems(floor, brevo(floor, 'fields = { cod = "SK_CODE" }'))
    assert "outlets.brevo: fields: there is no 'cod' to hand over. Did you mean 'code'?" in told


def test_two_shops_do_not_write_over_each_other(floor: Kiosk) -> None:
    floor.options["second"] = dict(floor.options["kiosk"])
    told = problems(floor, brevo(floor))
    assert "shops.kiosk, shops.second would write over each other's fields" in told
    assert problems(floor, brevo(floor, 'shops = ["kiosk"]')) == ""
    secret = floor.write_private("hook.secret", "s3cret")
    hook = f'[outlets.webhook]\nurl = "https://example.org"\nsecret = {{ file = "{secret}" }}'
    assert problems(floor, hook) == ""  # it keeps no fields: messages say what shop they are of


def test_a_campaign_delivers_only_where_its_outlet_is(floor: Kiosk) -> None:
    floor.options["second"] = dict(floor.options["kiosk"])
    told = problems(floor, brevo(floor, 'shops = ["kiosk"]'), TO_BREVO)
    assert "there is no 'brevo' in shops.second" in told


def test_two_codes_of_one_person_need_two_places(floor: Kiosk) -> None:
    friend = (
        TO_BREVO.replace("come-back", "friend")
        .replace('"dormant"', '"buyers"')
        .replace("budget", "beside_others = true\nbudget")
    )
    told = problems(floor, brevo(floor), TO_BREVO, friend)
    assert "campaigns.friend.deliver: somebody may hold a code of 'come-back' too" in told


@pytest.mark.parametrize("name", sorted(outlets()))
def test_the_page_names_every_setting(name: str) -> None:
    made = outlet_class(name)
    section = PAGE[PAGE.index(f"[outlets.{name}]") :]
    for each in parameters_of(made):
        assert argument_texts(made)[each.name]
        assert re.search(rf"\b{each.name}\b", section), each.name


def test_the_page_says_what_is_taken_for_granted() -> None:
    rows = [f"| {each.tool} | {each.what} | {each.source} |" for each in ASSUMPTIONS]
    assert [row for row in rows if row not in PAGE] == []
    section = PAGE[PAGE.index("## What nobody has tried yet") :]
    assert len(re.findall(r"^\| (?!---|tool)", section, re.MULTILINE)) == len(rows)


def test_the_page_says_what_fields_hold() -> None:
    assert [word for word in FIELDS if f"| `{word}` |" not in PAGE] == []
