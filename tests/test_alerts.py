"""What the owner is told of without asking: the daemon's own steps, with a clock that the test moves."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import outbox, validate
from connector.daemon import Step, Worker
from connector.database import Database
from tests.shopfloor import CAMPAIGN, GROUPS, Floor, customer, order, people, put, shopfloor
from tests.test_outbox import Receiver, tell


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def floor(tmp_path: Path, receiver: Receiver) -> Iterator[Floor]:
    with shopfloor(tmp_path) as floor:
        put(floor.open_shop(), people())
        tell(floor, receiver, "alert")
        floor.set(timeout="1.0")
        yield floor


@pytest.fixture
def worker(floor: Floor) -> Worker:
    return Worker(lambda: floor.now, threading.Event())


def do(floor: Floor, worker: Worker, step: Step) -> None:
    """What the schedule does when it is time."""
    config = validate.load(floor.config)
    worker.run(config, config.shops["roastery"], step)


def told(floor: Floor, receiver: Receiver) -> list[tuple[str, str]]:
    """Alerts that have arrived, once all that waits was sent: their kind and sentence."""
    config = validate.load(floor.config)
    with Database(config.database) as db:
        outbox.send_waiting(db, config, floor.now)
    return [(data["kind"], data["text"]) for _, data in receiver.messages()]


def test_refused_credentials_are_told_at_once_and_once(
    floor: Floor, worker: Worker, receiver: Receiver
) -> None:
    floor.shop.faults.plan("unauthorized", times=1000)
    for _ in range(3):
        do(floor, worker, Step.PULL)
        floor.later(hours=2)
    assert [kind for kind, _ in told(floor, receiver)] == ["credentials", "failing"]


def test_a_shop_that_fails_is_told_after_the_third_time_and_then_rests_longer(
    floor: Floor, worker: Worker, receiver: Receiver
) -> None:
    floor.shop.faults.plan("error", times=100_000, status=503)
    do(floor, worker, Step.PULL)
    seen = len(floor.shop.faults.requests())
    do(floor, worker, Step.PULL)  # it rests
    assert len(floor.shop.faults.requests()) == seen
    for minutes in (1, 2):
        floor.later(minutes=minutes, seconds=1)
        assert told(floor, receiver) == []
        do(floor, worker, Step.PULL)
    ((kind, text),) = told(floor, receiver)
    assert kind == "failing"
    assert text.startswith("3 failures in a row, the last: ")
    floor.shop.faults.clear()
    floor.later(minutes=5)
    do(floor, worker, Step.PULL)
    assert worker.standing("roastery").failures == 0


def test_a_push_that_waits_for_its_owner_is_told(floor: Floor, worker: Worker, receiver: Receiver) -> None:
    do(floor, worker, Step.PUSH)
    do(floor, worker, Step.PUSH)
    ((kind, text),) = told(floor, receiver)
    assert kind == "push-refused"
    assert text.startswith("This would be the first push to roastery.")


def test_a_group_that_moves_too_much_is_told(floor: Floor, worker: Worker, receiver: Receiver) -> None:
    rules = floor.rules.replace('tag = "new"', 'tag = "new"\nlimit = 3')
    floor.write_config(rules=rules)
    do(floor, worker, Step.PULL)
    floor.later(days=1)
    for number in range(1101, 1106):
        put(floor.shop, [customer(number, f"c{number}@example.com"), order(number, number, -1)])
    do(floor, worker, Step.PULL)
    assert told(floor, receiver) == [
        ("group-moved", "roastery: new had 2 members, 5 entered and 0 left (limit 3).")
    ]


def test_a_group_that_goes_on_moving_is_told_once_a_day(
    floor: Floor, worker: Worker, receiver: Receiver
) -> None:
    floor.write_config(rules=floor.rules.replace('tag = "new"', 'tag = "new"\nlimit = 3'))
    do(floor, worker, Step.PULL)
    floor.later(days=1)
    for hour in range(3):
        for number in range(1101 + 5 * hour, 1106 + 5 * hour):
            put(floor.shop, [customer(number, f"c{number}@example.com"), order(number, number, -1)])
        do(floor, worker, Step.PULL)
        floor.later(hours=1)
    assert [kind for kind, _ in told(floor, receiver)] == ["group-moved"]
    floor.later(hours=23)
    do(floor, worker, Step.PULL)
    assert [kind for kind, _ in told(floor, receiver)] == ["group-moved", "group-moved"]


def test_codes_that_were_switched_off_in_the_shop_are_in_the_log(
    floor: Floor, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    floor.first_push()
    ((code,), *_) = floor.rows("SELECT code FROM issued WHERE state = 'issued'")
    floor.later(days=1)
    floor.delete_discount(code)
    with caplog.at_level("WARNING"):
        do(floor, worker, Step.FULL)
    assert [each.getMessage() for each in caplog.records] == [
        "1 coupon of ours deleted or switched off in roastery: not made again."
    ]


def test_a_budget_is_told_when_most_of_it_is_used_and_when_it_is_used_up(
    floor: Floor, worker: Worker, receiver: Receiver
) -> None:
    rules = floor.rules.replace(GROUPS + CAMPAIGN, GROUPS + CAMPAIGN.replace("coupons = 10", "coupons = 2"))
    floor.write_config(rules=rules)
    floor.first_push()
    floor.later(minutes=5)
    do(floor, worker, Step.PULL)
    assert told(floor, receiver) == [
        ("budget", "roastery: campaign come-back: the budget is used up, nothing more is issued.")
    ]
