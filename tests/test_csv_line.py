"""The whole line on a folder of exports, by the commands that an owner types."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.csv_files.sandbox import CsvSandbox
from tests.shopfloor import Floor, order, people, shopfloor


@pytest.fixture
def shop(tmp_path: Path) -> CsvSandbox:
    sandbox = CsvSandbox(folder=tmp_path / "exports")
    sandbox.start()
    for record in people():
        sandbox.put(record)
    return sandbox


@pytest.fixture
def floor(tmp_path: Path, shop: CsvSandbox) -> Iterator[Floor]:
    with shopfloor(tmp_path) as found:
        found.options["roastery"] = {
            "adapter": '"csv"',
            "folder": f'"{shop.folder}"',
            "prices": '"net"',
            "complete": "true",
            "settle_seconds": "0.0",
            "push": "true",
            "states": '{ paid = ["beglichen"] }',
            "limits": "{ losing = 0.10, gaining = 0.30 }",
        }
        found.write_config()
        yield found


def test_after_a_push_the_plan_is_empty_before_the_import_and_after_it(
    floor: Floor, shop: CsvSandbox
) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    assert "0 refused" in floor.done("push").out
    assert "nothing to change" in floor.done("sync").err
    assert shop.tags_of("1001") == {"VIP", "sk:stammkunde", "sk:over-500"}  # the owner imports, exports anew
    assert "nothing to change" in floor.done("sync").err
    assert not (shop.folder / "out" / "tags.csv").exists(), "all of it is in the shop"


def test_check_shows_how_the_files_were_read(floor: Floor) -> None:
    told = floor.done("check").out
    assert "customers.csv: UTF-8, ',', 10 rows." in told
    assert "orders.csv: UTF-8, ',', decimal point, 25 rows." in told


def test_half_an_export_changes_nothing(floor: Floor, shop: CsvSandbox) -> None:
    floor.first_push()
    path = shop.folder / "orders.csv"
    path.write_bytes(path.read_bytes()[:-30])
    ran = floor.run("sync")
    assert ran.code == 1
    assert "still being written, or was cut off" in ran.err
    assert shop.tags_of("1001") == {"VIP", "sk:stammkunde", "sk:over-500"}


def test_a_new_export_brings_a_new_regular(floor: Floor, shop: CsvSandbox) -> None:
    floor.first_push()
    for number in range(3):
        shop.put(order(300 + number, 1002, 1 + number))
    floor.done("sync")
    assert "sk:stammkunde" in shop.tags_of("1002")
