"""Bad input and faults: what each gets. Always a sentence, never a traceback, and nothing lost."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.shopify.sandbox.bulk import Switches
from connector.model import Kind
from connector.sample.faults import Trouble
from tests.shopfloor import CAMPAIGN, GROUPS, KEY, TOKEN, Floor, Ran, customer, order, people, put, shopfloor

AGAIN = "Nothing was removed; the next run tries again.\n"


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.write_config(rules=GROUPS + CAMPAIGN)
        yield opened


def mirrored(floor: Floor) -> list[tuple[object, ...]]:
    return floor.rows(
        "SELECT 'customer', id, gone_at, tags FROM customers UNION ALL SELECT 'order', id, gone_at, total"
        " FROM orders UNION ALL SELECT 'member', grp, person, '' FROM members"
        " UNION ALL SELECT 'watermark', kind, watermark, full_at FROM watermarks ORDER BY 1, 2, 3"
    )


def assert_sentence(ran: Ran) -> None:
    """It failed in words, and with nothing that looks like a program."""
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "defect" not in ran.err
    assert len(ran.err.splitlines()) <= 3, ran.err


# -- credentials


def test_a_wrong_token_names_the_shop_and_the_setting_and_others_go_on(floor: Floor) -> None:
    put(floor.open_shop("teahouse"), people())
    floor.write_private("roastery.token", "shpat_wrong")
    for command in (["pull"], ["sync", "--dry-run"], ["check"]):
        ran = floor.run(*command)
        assert ran.code == 1
        told = next(line for line in ran.err.splitlines() if "roastery" in line)
        assert told.startswith("roastery: 127.0.0.1 does not accept `token`: it was revoked or belongs to")
        assert "shpat" not in ran.err
        assert ran.out
    assert floor.rows("SELECT count(*) FROM customers") == [(10,)]


def test_a_missing_secret_names_shop_and_setting(floor: Floor) -> None:
    (floor.folder / "roastery.token").unlink()
    ran = floor.run("pull")
    assert (ran.code, ran.out) == (2, "")
    assert "shops.roastery.token" in ran.err
    assert "its file cannot be read" in ran.err


def test_a_token_revoked_in_the_middle(floor: Floor) -> None:
    floor.done("pull")
    before = mirrored(floor)
    floor.later(days=1)
    floor.shop.faults.plan("unauthorized", times=100, contains="OrderPage")
    ran = floor.run("sync")
    assert_sentence(ran)
    assert "roastery: 127.0.0.1 does not accept `token`: it was revoked" in ran.err
    assert [row for row in mirrored(floor) if row[0] != "watermark"] == [
        row for row in before if row[0] != "watermark"
    ]


# -- the shop is down, slow, or speaks nonsense


@pytest.mark.parametrize("trouble", ["error", "drop", "hang", "truncate", "throttle"])
def test_a_shop_in_trouble_is_tried_again_within_bounds(floor: Floor, trouble: Trouble) -> None:
    floor.first_push()
    before, tags = mirrored(floor), floor.tags("1001", "1002")
    floor.later(days=60)
    floor.set(timeout="1.0")
    floor.shop.faults.forget_requests()
    floor.shop.faults.plan(trouble, times=1000, seconds=30, retry_after=0.1)
    began = time.monotonic()
    ran = floor.run("sync", "--full", "--force")
    assert time.monotonic() - began < 15
    assert_sentence(ran)
    assert ran.err.startswith("roastery: ")
    assert ran.err.endswith(AGAIN)
    assert (mirrored(floor), floor.tags("1001", "1002")) == (before, tags)
    floor.set(timeout="20.0")
    if trouble != "hang":
        assert 1 < len(floor.shop.faults.requests()) < 10
    floor.shop.faults.clear()
    floor.done("sync", "--full", "--force")


def test_a_shop_that_is_not_there(floor: Floor) -> None:
    floor.done("pull")
    before = mirrored(floor)
    floor.set(timeout="0.5")
    floor.shop.stop()
    ran = floor.run("sync")
    floor.sandboxes.clear()
    assert_sentence(ran)
    assert ran.err == f"roastery: There is no connection to 127.0.0.1. {AGAIN}"
    assert mirrored(floor) == before


def test_a_short_trouble_is_not_worth_a_word(floor: Floor) -> None:
    floor.shop.faults.plan("error", times=1, contains="customersCount")
    floor.shop.faults.plan("drop", times=1, contains="customers {")
    ran = floor.done("pull")
    assert ran.err.startswith("roastery: 1 product, 10 customers, 25 orders, 0 coupons\n")


def test_an_answer_that_is_not_json_has_its_request_id_told(floor: Floor) -> None:
    floor.first_push()
    before = mirrored(floor)
    floor.later(days=1)
    floor.shop.faults.plan("garbage")
    ran = floor.run("sync")
    assert_sentence(ran)
    assert ran.err == (
        "roastery: 127.0.0.1 did not answer in JSON (status 200, text/html). (request id garbage-1)\n"
    )
    assert mirrored(floor) == before


def test_half_a_bulk_file_keeps_its_rows_and_does_not_move_the_watermark(floor: Floor) -> None:
    floor.shop.bulk.switches = Switches(fail_after=6)
    ran = floor.run("pull")
    assert ran.code == 1
    assert "roastery: Shopify could not finish the bulk operation gid://shopify/BulkOperation/" in ran.err
    assert ran.err.endswith(AGAIN)
    assert floor.rows("SELECT count(*) FROM customers") == [(5,)]  # the sixth may lack something
    assert floor.rows("SELECT kind FROM watermarks") == [("products",)]
    floor.shop.bulk.switches = Switches()
    floor.done("pull")
    assert floor.rows("SELECT count(*) FROM customers") == [(10,)]
    assert ("customers",) in floor.rows("SELECT kind FROM watermarks")


def test_a_later_full_pull_cut_in_half_removes_nothing(floor: Floor) -> None:
    floor.first_push()
    before = [row for row in mirrored(floor) if row[0] == "watermark"]
    floor.later(days=1)
    floor.shop.bulk.switches = Switches(fail_after=6)
    assert floor.run("sync", "--full").code == 1
    assert floor.rows("SELECT count(*) FROM customers WHERE gone_at IS NULL") == [(10,)]
    assert [row for row in mirrored(floor) if row[0] == "watermark" and row[1] != "products"] == [
        row for row in before if row[1] != "products"
    ]
    assert floor.tags("1001") == {"1001": ["VIP", "sk:over-500", "sk:stammkunde"]}


def test_a_sweep_that_sees_almost_nobody_is_not_believed(floor: Floor) -> None:
    put(floor.shop, (customer(2000 + n, f"x{n}@example.com") for n in range(30)))
    floor.done("pull")
    floor.later(days=1)
    for number in range(25):
        floor.shop.delete(Kind.CUSTOMERS, str(2000 + number))
    ran = floor.done("pull", "--full")
    assert "25 of 40 customers are missing in the list of the shop. So many at once are taken" in ran.err
    assert floor.rows("SELECT count(*) FROM customers WHERE gone_at IS NULL") == [(40,)]


def test_trouble_in_the_middle_of_a_push_is_settled_by_the_next(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.faults.plan("garbage", contains="discountCodeBasicCreate")
    ran = floor.run("push")
    assert ran.code == 1
    assert "did not answer in JSON" in ran.err
    assert "2 changes were not settled; the next push settles them first." in floor.done("status").err
    floor.done("push")
    assert floor.rows("SELECT outcome, counts FROM runs WHERE kind = 'push'") == [
        ("done", '{"done":5,"refused":0}')  # all of the run, whoever settled it
    ]
    assert floor.shop.codes() == {"SKGDCSAMBXCT8", "SKM747QSQ2A22"}
    assert floor.tags("1002") == {"1002": ["sk:new"]}
    assert floor.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"


def test_an_answer_lost_behind_a_done_change_makes_no_second_code(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.faults.plan("drop", times=1, contains="discountCodeBasicCreate")
    ran = floor.run("push")
    assert ran.code in (0, 1)
    floor.run("push")
    assert floor.shop.codes() == {"SKGDCSAMBXCT8", "SKM747QSQ2A22"}


def test_a_customer_deleted_between_plan_and_push_is_refused_and_the_rest_done(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.delete(Kind.CUSTOMERS, "1002")
    ran = floor.run("push")
    assert (ran.code, ran.out) == (1, "\nroastery: 4 changes made, 1 refused.\n")
    assert "  refused: tags of customer 1002: Shopify refused it: Customer does not exist.\n" in ran.err
    assert floor.tags("1001")["1001"] == ["VIP", "sk:over-500", "sk:stammkunde"]
    assert len(floor.shop.codes()) == 2
    (pushed,) = floor.rows("SELECT outcome FROM runs WHERE kind = 'push'")
    assert pushed == ("1 refused",)


def test_what_a_later_push_settles_and_the_shop_refuses_is_told_too(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.faults.plan("garbage", contains="tagsAdd")
    assert floor.run("push").code == 1
    floor.shop.delete(Kind.CUSTOMERS, "1002")
    ran = floor.run("push")
    assert ran.code == 1
    assert "  refused: tags of customer 1002: Shopify refused it: Customer does not exist.\n" in ran.err
    assert floor.tags("1001")["1001"] == ["VIP", "sk:over-500", "sk:stammkunde"]


# -- two at once, and Ctrl-C


def ended(process: "subprocess.Popen[str]") -> Ran:
    out, err = process.communicate(timeout=30)
    return Ran(process.returncode, out, err)


def test_two_runs_at_once(floor: Floor) -> None:
    floor.shop.faults.plan("hang", seconds=6, contains="customersCount")
    first = floor.start("pull")
    floor.wait_for_request("shop {")
    for command in (["pull"], ["plan"], ["push"], ["sync"], ["adopt"]):
        ran = floor.run(*command)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("roastery is in use by `stammkunde pull` since ")
        assert ran.err.endswith("Wait for it to end, or give --wait SECONDS.\n")
    assert floor.run("status").code == 0  # looking takes no lock
    waited = floor.done("plan", "--wait", "20")
    assert "roastery: 5 changes" in waited.out
    assert ended(first).code == 0


def test_a_killed_run_leaves_no_lock(floor: Floor) -> None:
    floor.shop.faults.plan("hang", seconds=30, contains="orders {")
    first = floor.start("pull")
    floor.wait_for_request("customers {")
    time.sleep(0.1)
    first.kill()
    assert ended(first).code == -signal.SIGKILL
    floor.shop.faults.clear()
    floor.done("pull")
    assert floor.done("plan").out.startswith("\nroastery: 5 changes\n")


def test_ctrl_c_stops_after_the_page_and_the_next_pull_goes_on_there(floor: Floor) -> None:
    floor.done("pull")
    floor.later(days=1)
    changed = [customer(1000 + n, f"new{n}@example.com", updated_at=floor.now) for n in range(1, 31)]
    put(floor.shop, changed)
    floor.set(page_size="3", timeout="10.0")
    floor.shop.faults.latency = 0.1
    floor.shop.faults.forget_requests()
    running = floor.start("pull")
    floor.wait_for_request("CustomerPage", count=3)
    running.send_signal(signal.SIGINT)
    ran = ended(running)
    assert (ran.code, ran.out) == (130, "")
    assert "Stopping after the current page … (Ctrl-C again: at once)\n" in ran.err
    assert ran.err.endswith("Stopped. Nothing was lost; run the same command to go on.\n")
    assert "Traceback" not in ran.err
    first = len(floor.shop.faults.requests("CustomerPage"))
    assert first < 6
    assert "A read was interrupted (customers); the next pull goes on there." in floor.done("status").err
    floor.shop.faults.clear()
    floor.shop.faults.forget_requests()
    floor.done("pull")
    pages = floor.shop.faults.requests("CustomerPage")
    assert '"after":null' not in pages[0].body
    assert first + len(pages) == 10
    assert floor.rows("SELECT count(*) FROM customers WHERE email LIKE 'new%'") == [(30,)]


def test_a_second_ctrl_c_stops_at_once_and_the_first_load_goes_on_with_its_operation(floor: Floor) -> None:
    floor.shop.bulk.switches = Switches(hold_seconds=1.5)
    running = floor.start("pull")
    floor.wait_for_request("BulkOperation/", count=2)
    running.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    ran = ended(running)
    assert ran.code == 130
    assert ran.err.endswith("Stopped. Nothing was lost; run the same command to go on.\n")
    assert "Traceback" not in ran.err
    floor.shop.bulk.switches = Switches()
    floor.done("pull")
    assert floor.rows("SELECT count(*) FROM customers") == [(10,)]


def test_ctrl_c_in_a_push_stops_behind_a_settled_change(floor: Floor) -> None:
    floor.set(timeout="10.0")
    put(floor.shop, (customer(2000 + n, f"x{n}@example.com") for n in range(60)))
    put(floor.shop, (order(5000 + n, 2000 + n, 5) for n in range(60)))
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.shop.faults.latency = 0.2
    running = floor.start("push")
    floor.wait_for_request("tagsAdd")
    running.send_signal(signal.SIGINT)
    ran = ended(running)
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.endswith("Stopped. Nothing was lost; run the same command to go on.\n")
    floor.shop.faults.clear()
    floor.done("push")
    assert floor.tags("2000", "2059") == {"2000": ["sk:new"], "2059": ["sk:new"]}
    assert floor.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"


# -- the disk


@pytest.fixture
def mounts() -> None:
    """Mounting needs a namespace of one's own."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("this system lets nobody mount")


def in_own_mounts(script: str, folder: Path) -> str:
    """Run shell lines where mounts are private; what they printed."""
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-ec", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


CHECKED = """\
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check").fetchone()[0])
"""


def test_a_full_disk_leaves_the_database_intact(floor: Floor, mounts: None) -> None:
    put(floor.shop, (customer(2000 + n, f"buyer{n}@example.com") for n in range(3000)))
    disk = floor.folder / "disk"
    disk.mkdir()
    floor.write_config(top=f'database = "{disk / "stammkunde.sqlite"}"')
    command = " ".join(f"'{part}'" for part in floor.command("pull"))
    told = in_own_mounts(
        f"""
        mount -t tmpfs -o size=600k tmpfs {disk}
        {command} 2>&1 && echo unexpected || echo "exit code $?"
        {sys.executable} -c '{CHECKED}' {disk / "stammkunde.sqlite"}
        mount -o remount,size=50m {disk}
        {command} 2>&1
        {sys.executable} -c '{CHECKED}' {disk / "stammkunde.sqlite"}
        """,
        floor.folder,
    )
    first, _, second = told.partition("exit code 1\nok\n")
    assert (
        f"roastery: The disk that holds {disk / 'stammkunde.sqlite'} is full. Nothing was lost;"
        " make room and run the command again.\n"
    ) in first
    assert "Traceback" not in told
    assert "defect" not in told
    assert "3,009 customers" in second
    assert second.endswith("ok\n")


def test_a_disk_without_any_room_is_called_full_by_whoever_only_looks(floor: Floor, mounts: None) -> None:
    floor.done("pull")
    disk = floor.folder / "disk"
    disk.mkdir()
    floor.write_config(top=f'database = "{disk / "stammkunde.sqlite"}"')
    command = " ".join(f"'{part}'" for part in floor.command("status"))
    told = in_own_mounts(
        f"""
        mount -t tmpfs -o size=4m tmpfs {disk}
        cp {floor.database} {disk}
        cat /dev/zero > {disk / "filling"} 2>/dev/null || true
        {command} 2>&1 && echo unexpected || echo "exit code $?"
        """,
        floor.folder,
    )
    assert told == (
        f"The disk that holds {disk / 'stammkunde.sqlite'} is full. Nothing was lost;"
        " make room and run the command again.\nexit code 1\n"
    )


def test_another_programs_database_is_called_so(floor: Floor) -> None:
    with closing(sqlite3.connect(floor.write_private("stammkunde.sqlite", ""))) as connection:
        connection.execute("CREATE TABLE shops (name)")
    ran = floor.run("status")
    assert ran.code == 1
    assert ran.err == (
        f"{floor.database} is another program's database. Name another file under `database` in the config.\n"
    )


def test_a_file_that_may_not_grow_is_told_and_stays_intact(floor: Floor) -> None:
    """As under a quota: the kernel refuses the write."""
    floor.done("pull")
    floor.later(days=1)
    put(floor.shop, (customer(2000 + n, f"x{n}@example.com", updated_at=floor.now) for n in range(2000)))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
    program, _, script, *arguments = floor.command("pull")
    done = subprocess.run(
        [program, "-c", limit + script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert_sentence(ran)
    assert f"roastery: {floor.database}" in ran.err
    assert floor.rows("PRAGMA integrity_check") == [("ok",)]
    floor.done("pull")
    assert floor.rows("SELECT count(*) FROM customers") == [(2010,)]


def test_a_read_only_disk(floor: Floor, mounts: None) -> None:
    floor.done("pull")
    (floor.folder / "disk").mkdir()
    for name in ("stammkunde.sqlite", "stammkunde.key", "roastery.token"):
        shutil.copy(floor.folder / name, floor.folder / "disk" / name)
    floor.write_config(top=f'database = "{floor.folder / "disk" / "stammkunde.sqlite"}"')
    command = " ".join(f"'{part}'" for part in floor.command("pull"))
    told = in_own_mounts(
        f"""
        mount --bind disk disk
        mount -o remount,ro,bind disk
        {command} 2>&1 && echo unexpected || echo "exit code $?"
        """,
        floor.folder,
    )
    assert told.endswith("exit code 1\n")
    assert len(told.splitlines()) == 2
    assert told.startswith(
        f"roastery: {floor.folder / 'disk' / 'stammkunde.sqlite'} is read-only for this user."
    )
    assert "defect" not in told
    with closing(sqlite3.connect(floor.folder / "disk" / "stammkunde.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_is_no_database(floor: Floor) -> None:
    floor.write_private("stammkunde.sqlite", "Dear diary, this is not a database. " * 40)
    ran = floor.run("pull")
    assert_sentence(ran)
    assert ran.err == (
        f"roastery: {floor.database} is not a Stammkunde database or is damaged (file is not a database)."
        " Restore its backup.\n"
    )


# -- what is secret


def test_no_secret_is_ever_seen_or_stored(floor: Floor) -> None:
    seen = []
    for command in (["check"], ["pull"], ["plan", "--approve"], ["push"], ["sync"], ["status"]):
        ran = floor.done("--verbose", *command)
        seen.append(ran.out + ran.err)
    floor.set(timeout="0.1")
    troubles: tuple[Trouble, ...] = ("error", "garbage", "drop", "unauthorized")
    for trouble in troubles:
        floor.shop.faults.plan(trouble, times=100)
        for command in (["check"], ["sync", "--full"]):
            ran = floor.run("--verbose", *command)
            assert ran.code == 1
            seen.append(ran.out + ran.err)
        floor.shop.faults.clear()
    floor.set(timeout="1.0")
    with closing(sqlite3.connect(floor.database)) as reader:  # keeps the WAL from being deleted
        reader.execute("SELECT count(*) FROM customers").fetchone()
        floor.later(days=1)
        floor.done("sync", "--full")
        files = [
            path
            for path in floor.folder.rglob("*")
            if path.is_file() and path.suffix not in (".token", ".key")
        ]
        assert floor.folder / "stammkunde.sqlite-wal" in files
        kept = b"".join(path.read_bytes() for path in files)
    for secret in (TOKEN, KEY):
        assert secret not in "".join(seen)
        assert secret.encode() not in kept


def test_client_credentials_and_the_token_they_buy_are_never_seen(floor: Floor) -> None:
    secret = "shpss_0123456789abcdef0123456789abcdef"
    floor.sandboxes.pop("roastery").stop()
    floor.open_shop(client_id="an-app", client_secret=secret)
    path = floor.write_private("roastery.secret", secret)
    del floor.options["roastery"]["token"]
    floor.set(client_id='"an-app"', client_secret=f'{{ file = "{path}" }}', timeout="0.3")
    seen = floor.run("-v", "pull").err
    bought = list(floor.shop.tokens._issued)
    troubles: tuple[Trouble, ...] = ("error", "unauthorized", "garbage")
    for trouble in troubles:
        floor.shop.faults.plan(trouble, times=100)
        seen += floor.run("-v", "pull").err
    assert len(bought) == 1
    for each in (secret, bought[0]):
        assert each not in seen
        assert each.encode() not in floor.database.read_bytes()


def test_the_database_and_what_lies_beside_it_are_for_their_owner_only(floor: Floor) -> None:
    before = os.umask(0)
    try:
        floor.done("pull")
        with closing(sqlite3.connect(floor.database)) as reader:
            reader.execute("SELECT count(*) FROM customers").fetchone()
            floor.done("pull")
            modes = {
                path.name: oct(path.stat().st_mode & 0o777)
                for path in floor.folder.rglob("*")
                if path.name.startswith("stammkunde") and path.suffix != ".toml"
            }
    finally:
        os.umask(before)
    assert modes == {
        "stammkunde.sqlite": "0o600",
        "stammkunde.sqlite-wal": "0o600",
        "stammkunde.sqlite-shm": "0o600",
        "stammkunde.sqlite.locks": "0o700",
        "stammkunde.key": "0o600",
    }
