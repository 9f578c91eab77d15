"""What comes from a shop never steers the owner's terminal."""

import json
from pathlib import Path

from tests.shopfloor import customer, order, people, put, shopfloor
from tests.test_http import Shop, say

#: Sets the title of a window, clears the screen, rings, and turns the direction of writing.
NAME = "Eve\x1b]0;owned\x07\x1b[2J\u202eevE"
TAME = "Eve ]0;owned  [2J evE"


def test_a_name_is_text_and_no_command(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        put(
            floor.shop,
            [customer(1020, "eve@example.com", first_name=NAME, last_name="E"), order(900, 1020, 1)],
        )
        floor.write_config(top='[privacy]\nkeep = ["names"]\n')
        floor.done("pull")
        shown = [floor.done(*command).out for command in (("customer", "1020"), ("subject", "1020"))]
        assert [TAME in each for each in shown] == [True, True]
        for command in (
            ("customer", "1020"),
            ("why", "1020"),
            ("subject", "1020"),
            ("forget", NAME, "--yes"),
        ):
            ran = floor.run(*command)
            assert [each for each in ("\x1b", "\x07", "\u202e") if each in ran.out + ran.err] == [], command


def test_data_for_programs_is_as_it_is(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        put(floor.shop, [customer(1020, "eve@example.com", first_name=NAME)])
        floor.write_config(top='[privacy]\nkeep = ["names"]\n')
        floor.done("pull")
        (held,) = json.loads(floor.done("subject", "1020", "--json").out)
        assert held["tables"]["Customer records"][0]["first_name"] == NAME


def test_what_a_shop_says_of_an_error_is_text_and_no_command(tmp_path: Path) -> None:
    shop = Shop()
    shop.answers = [say(400, NAME.encode())]
    try:
        with shopfloor(tmp_path) as floor:
            floor.open_shop()
            floor.set(base_url=f'"{shop.url}"')
            ran = floor.run("--verbose", "check")
    finally:
        shop.stop()
    assert ran.code == 1
    assert "Eve ]0;owned" in ran.err
    assert [each for each in ("\x1b", "\x07", "\u202e") if each in ran.err] == []
