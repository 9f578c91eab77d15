"""`stammkunde daemon` as a process of its own beside a sandbox shop, the way systemd runs it."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
import requests

from connector import validate
from connector.daemon import Step
from connector.schedule import Schedule
from tests.shopfloor import TOKEN, Floor, people, put, shopfloor
from tests.test_outbox import Receiver

OFTEN = '{ pull = "1s", push = "1s", groups = "never", full = "never", jitter = "1s" }'
READ_ONLY = '{ pull = "1s", push = "never", groups = "never", full = "never", jitter = "1s" }'

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


class Daemon:
    """A daemon that runs, with what it has logged so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    def waits_for(self, pattern: str, count: int = 1) -> str:
        """Until so many lines match; returns the last of them."""
        wait(lambda: len(self.matching(pattern)) >= count, lambda: f"{pattern} in {self.lines}")
        return self.matching(pattern)[-1]

    def matching(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]

    @property
    def url(self) -> str:
        found = re.search(r"http://\S+", self.waits_for("pages at"))
        assert found
        return found[0]

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=10)

    def ends(self) -> int:
        """Told to by SIGTERM. Returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.left()

    def left(self) -> int:
        code = self.process.wait(timeout=20)
        self._reader.join(timeout=5)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


def wait(until: Callable[[], bool], what: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline, f"waited in vain for {what()}"
        time.sleep(0.02)


@contextmanager
def running(floor: Floor, *options: str) -> Iterator[Daemon]:
    """A daemon with these options of `stammkunde`, on a port of its own."""
    command = [sys.executable, "-c", "from connector.cli import main; main()", "--config", str(floor.config)]
    arguments = [*command, *options, "daemon", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    daemon = Daemon(process)
    try:
        yield daemon
    finally:
        if process.poll() is None:
            process.kill()
        daemon.left()


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        floor.now = datetime.now(UTC)  # the daemon lives in real time
        put(floor.open_shop(), people())
        yield floor


def test_reads_pushes_what_was_approved_and_ends_when_it_is_told_to(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    floor.set(schedule=OFTEN)
    with running(floor) as daemon:
        daemon.waits_for(r"roastery: push: [1-9][0-9]* changes made, 0 refused")
        daemon.waits_for(r"roastery: push: nothing to push")  # the plan is empty after a push
        daemon.waits_for(r"roastery: pull: ", count=2)
        assert daemon.ends() == 0
    assert daemon.lines[-1].endswith(" stopped")
    assert "sk:stammkunde" in floor.tags("1001")["1001"]


def test_a_first_push_waits_for_its_owner_and_says_so_once(floor: Floor) -> None:
    floor.set(schedule=OFTEN)
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ", count=4)
        assert len(daemon.matching("This would be the first push")) == 1
        assert daemon.ends() == 0
    assert floor.mutations() == []


def test_a_shop_that_fails_is_left_alone_for_a_while_and_blocks_no_other(floor: Floor) -> None:
    put(floor.open_shop("teahouse"), people())
    nobody_listens = '"http://127.0.0.1:9"'
    floor.set("roastery", schedule=READ_ONLY, timeout="0.2", base_url=nobody_listens)
    floor.set("teahouse", schedule=READ_ONLY)
    with running(floor) as daemon:
        daemon.waits_for("teahouse: pull: ", count=3)
        daemon.waits_for("roastery: pull failed")
        daemon.waits_for("teahouse: pull: ", count=5)
        assert len(daemon.matching("roastery: pull failed")) == 1  # it rests for a minute
        ready = daemon.get("/readyz")
        assert ready.status_code == 503
        assert list(ready.json()["shops"]) == ["roastery"]
        assert daemon.get("/healthz").json() == {"alive": True}
        assert daemon.ends() == 0


def test_sighup_takes_a_new_config_over_and_keeps_the_old_one_where_the_new_one_is_wrong(
    floor: Floor,
) -> None:
    floor.set(schedule=READ_ONLY)
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        floor.config.write_text(floor.config.read_text() + "\n[groups.new2]\nmembers = 'amount > 1'\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.waits_for("The config was not taken over, the old one goes on: .*")
        before = len(daemon.matching("roastery: pull: "))
        daemon.waits_for("roastery: pull: ", count=before + 1)
        put(floor.open_shop("teahouse"), people())
        floor.set("teahouse", schedule=READ_ONLY)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.waits_for("config read again: roastery, teahouse")
        daemon.waits_for("teahouse: pull: ")
        before = len(daemon.matching("roastery: pull: "))
        daemon.waits_for("roastery: pull: ", count=before + 1)
        assert daemon.ends() == 0


def test_it_runs_with_the_times_that_the_config_has_by_itself(floor: Floor) -> None:
    floor.options["roastery"].pop("schedule", None)  # cron and jitter among them
    floor.write_config()
    with running(floor) as daemon:
        line = daemon.waits_for("roastery: pull: ")
        assert daemon.ends() == 0
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d roastery: pull: ", line)


def test_a_watchman_is_called_only_while_all_is_well_and_sighup_tries_a_failing_shop_at_once(
    floor: Floor,
) -> None:
    watchman = Receiver()
    try:
        floor.set(schedule=READ_ONLY)
        floor.write_config(top=f'[daemon]\nping = "{watchman.url}"\n')
        floor.write_private("roastery.token", "shpat_another")
        with running(floor) as daemon:
            daemon.waits_for("roastery: pull failed")
            time.sleep(6)  # it is looked at every five seconds
            assert watchman.got == []
            floor.write_private("roastery.token", TOKEN)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.waits_for("roastery: works again after 1 failure")
            wait(lambda: len(watchman.got) == 1, lambda: str(daemon.lines))
            assert daemon.ends() == 0
    finally:
        watchman.stop()


def test_a_watchman_who_does_not_answer_is_told_in_a_line(floor: Floor) -> None:
    floor.set(schedule=READ_ONLY)
    floor.write_config(top='[daemon]\nping = "http://127.0.0.1:9/"\n')
    with running(floor) as daemon:
        daemon.waits_for("daemon.ping was not called: There is no connection to 127.0.0.1")
        assert daemon.ends() == 0
    assert daemon.matching("Traceback") == []


def test_a_shop_whose_first_pull_is_still_to_come_is_not_forgotten_at_sighup(floor: Floor) -> None:
    put(floor.open_shop("teahouse"), people())
    for shop in ("roastery", "teahouse"):
        floor.set(shop, schedule='{ pull = "1h", push = "never", groups = "never", full = "never" }')
    with running(floor) as daemon:
        daemon.waits_for("running with roastery, teahouse")  # the second one is to follow in two seconds
        daemon.process.send_signal(signal.SIGHUP)
        daemon.waits_for("config read again")
        daemon.waits_for("teahouse: pull: ")
        assert daemon.ends() == 0


def test_what_goes_wrong_again_and_again_is_told_once(floor: Floor) -> None:
    floor.set(schedule=READ_ONLY)
    secret = floor.write_private("hook.secret", "whsec_c2VjcmV0")
    floor.write_config(
        rules=f'[receivers.tool]\nurl = "http://127.0.0.1:9/"\nsecret = {{ file = "{secret}" }}\n'
        'events = ["alert"]\n'
    )
    (floor.folder / "stammkunde.sqlite.locks" / "_messages.lock").mkdir(parents=True)  # nobody can send
    with running(floor) as daemon:
        daemon.waits_for("messages wait: ")
        time.sleep(6)  # it is tried every five seconds
        assert len(daemon.matching("messages wait: ")) == 1
        assert daemon.ends() == 0


def test_a_second_signal_ends_it_at_once_although_a_shop_lets_it_wait(floor: Floor) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    address = f'"http://127.0.0.1:{silent.getsockname()[1]}"'
    floor.set(schedule=READ_ONLY, timeout="60.0", base_url=address)
    with silent, running(floor) as daemon:
        asking, _ = silent.accept()
        daemon.process.send_signal(signal.SIGTERM)
        daemon.waits_for("stopping behind the page in hand")
        began = time.monotonic()
        assert daemon.ends() == 128 + signal.SIGTERM
        assert time.monotonic() - began < 10
        asking.close()
    floor.set(base_url=f'"{floor.shop.url}"')
    floor.done("pull")  # no lock is left behind


class OwnClock(datetime):
    """The clock of the scheduler, which somebody sets."""

    ahead = timedelta(hours=1)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "OwnClock":
        return cls.fromtimestamp((datetime.now(UTC) + cls.ahead).timestamp(), tz)


def test_after_the_clock_was_set_back_everything_is_planned_anew(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", OwnClock)
    monkeypatch.setattr("apscheduler.triggers.interval.datetime", OwnClock)
    beats: list[float] = []
    steps: list[Step] = []
    schedule = Schedule(lambda _config, _shop, step: steps.append(step), lambda _: "UTC")
    schedule.start(validate.load(floor.config))
    try:
        schedule.every(timedelta(seconds=1), lambda: beats.append(time.monotonic()))
        wait(lambda: len(beats) > 0 and Step.PULL in steps)
        OwnClock.ahead = timedelta()
        time.sleep(1.5)
        before = len(beats)
        time.sleep(2.5)
        assert len(beats) == before  # it sleeps for an hour
        steps.clear()
        schedule.begin_again()
        wait(lambda: len(beats) > before and Step.PULL in steps)
    finally:
        OwnClock.ahead = timedelta(hours=1)
        schedule.stop()


def test_sigterm_in_the_middle_of_a_read_keeps_its_pages_and_the_next_pull_goes_on(floor: Floor) -> None:
    floor.set(schedule=READ_ONLY)
    floor.shop.faults.latency = 0.3
    with running(floor) as daemon:
        floor.wait_for_request("orders")
        assert daemon.ends() == 0
    assert floor.rows("SELECT outcome FROM runs") == [("stopped",)]
    floor.shop.faults.clear()
    floor.done("pull")
    assert floor.rows("SELECT count(*) FROM orders WHERE gone_at IS NULL") == [(25,)]


def test_a_second_daemon_is_refused(floor: Floor) -> None:
    floor.set(schedule=READ_ONLY)
    with running(floor) as first:
        first.waits_for("running with roastery")
        second = floor.start("daemon", "--no-web")
        _, err = second.communicate(timeout=20)
        assert second.returncode == 1
        assert err == f"Another daemon runs with {floor.database} already. End that one first.\n"
        assert first.ends() == 0


def test_a_run_of_the_owner_goes_before_and_the_daemon_waits_for_its_next_time(floor: Floor) -> None:
    floor.set(schedule=READ_ONLY)
    floor.done("pull")
    floor.shop.faults.latency = 1.5
    floor.shop.faults.forget_requests()
    by_hand = floor.start("pull")
    floor.wait_for_request("query")
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull is left out this time: .*`stammkunde pull`")
        floor.shop.faults.clear()
        daemon.waits_for("roastery: pull: ")
        assert daemon.ends() == 0
    by_hand.communicate(timeout=20)
    assert by_hand.returncode == 0


def test_in_quiet_hours_shops_are_read_and_nothing_is_pushed(floor: Floor) -> None:
    floor.done("pull")
    floor.done("plan", "--approve")
    hour = datetime.now(UTC).hour
    around = f"{(hour - 12) % 24:02}:00-{(hour - 13) % 24:02}:59"  # all but an hour on the other side
    floor.set(schedule=OFTEN.replace("}", f', quiet = "{around}" }}'))
    with running(floor) as daemon:
        daemon.waits_for("roastery: push: quiet hours")
        daemon.waits_for("roastery: pull: ")
        assert daemon.ends() == 0
    assert floor.mutations() == []


def test_figures_for_prometheus(floor: Floor) -> None:
    floor.set(schedule=OFTEN)
    floor.first_push()
    with running(floor) as daemon:
        daemon.waits_for("roastery: pull: ")
        text = daemon.get("/metrics").text
        assert daemon.ends() == 0
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert figures["stammkunde_up"] == "1.0"
    assert figures['stammkunde_records{kind="customers",shop="roastery"}'] == "10.0"
    assert figures['stammkunde_failures{shop="roastery"}'] == "0.0"
    assert figures['stammkunde_changes_total{shop="roastery",state="done"}'] == "3.0"
    assert float(figures['stammkunde_http_calls_total{shop="roastery"}']) > 3
    assert 0 <= float(figures['stammkunde_last_success_age_seconds{shop="roastery",step="pull"}']) < 60


def test_log_lines_for_programs(floor: Floor) -> None:
    floor.set(schedule=READ_ONLY)
    with running(floor, "--log-format", "json") as daemon:
        line = json.loads(daemon.waits_for("roastery: pull: "))
        assert daemon.ends() == 0
    assert {key: line[key] for key in ("level", "shop", "step")} == {
        "level": "INFO",
        "shop": "roastery",
        "step": "pull",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"])


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ('pull = "soon"', "must be a span, five fields of cron, or 'never'"),
        ('full = "30 3 * * 0"', "has a weekday in digits"),
        ('full = "99 3 * * *"', "is not understood"),
        ('quiet = "22-7"', "must be two different times of day"),
        ('jitter = "0s"', "must be a span of time"),
    ],
)
def test_a_rhythm_that_means_nothing_is_a_problem_of_the_config(
    floor: Floor, option: str, sentence: str
) -> None:
    floor.set(schedule=f"{{ {option} }}")
    ran = floor.run("daemon")
    assert ran.code == 2
    assert sentence in ran.err


def test_systemd_is_told_that_it_is_ready_alive_and_stopping(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.set(schedule=READ_ONLY)
    path = str(floor.folder / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind(path)
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        with running(floor) as daemon:
            assert systemd.recv(100) == b"READY=1"
            daemon.waits_for("roastery: pull: ")
            assert daemon.ends() == 0
        said: list[bytes] = []
        while not said or said[-1] != b"STOPPING=1":
            said.append(systemd.recv(100))
    assert set(said) <= {b"WATCHDOG=1", b"STOPPING=1"}
