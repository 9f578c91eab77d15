"""What a run is called, whose a tag is then, and that no adapter is believed that is out of step."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from adapters.memory import MemoryAdapter, MemoryShop
from connector import ledger
from connector.config import Config, parse
from connector.database import Database
from connector.errors import ResponseError
from connector.mirror import Mirror, Terms, open_shop
from connector.model import Change, Result, UpdateTags
from connector.shop import Shop
from connector.sync import sync
from tests.shopfloor import NOW, customer, order


def test_runs_of_one_minute_have_names_of_their_own(tmp_path: Path) -> None:
    """The random part has four characters: of 2,000 runs in one minute about thirty draw one twice."""
    with Database(tmp_path / "runs.sqlite") as db:
        shop = open_shop(db, "laden")
        names = {ledger.begin(db, shop, "pull", NOW) for _ in range(2000)}
    assert len(names) == 2000


class Nobody:
    """Looks on and says nothing."""

    def step(self, what: str, done: int, total: int | None) -> None:
        pass

    def should_stop(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Forgetful(MemoryAdapter):  # its last answer never comes
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        yield from list(super().push(changes, run))[:-1]


class Backwards(MemoryAdapter):  # the last one first
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        yield from reversed(list(super().push(changes, run)))


class Talkative(MemoryAdapter):  # says the last one twice
    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        results = list(super().push(changes, run))
        yield from [*results, results[-1]]


CONFIG = """
[shops.laden]
adapter = "memory"
name = "steps"
push = true

[groups.buyers]
members = "number_of_orders >= 1"
tag = "buyer"
"""


@pytest.mark.parametrize(
    ("broken", "settled", "sentence"),
    [
        (Forgetful, 2, "does not answer change by change"),
        (Backwards, 0, "does not answer change by change"),
        (Talkative, 3, "answered for more changes than it was given"),
    ],
)
def test_an_adapter_that_is_out_of_step_is_not_believed(
    tmp_path: Path, broken: type[MemoryAdapter], settled: int, sentence: str
) -> None:
    ram = MemoryShop("steps", clock=lambda: NOW)
    for number in (1001, 1002, 1003):
        ram.put(customer(number, f"c{number}@example.com"))
        ram.put(order(number, number, 5))
    config, problems = parse(CONFIG, tmp_path / "stammkunde.toml")
    assert isinstance(config, Config), problems
    with Database(tmp_path / "steps.sqlite") as db:

        def shop(adapter: MemoryAdapter) -> Shop:
            return Shop(db, config, config.shops["laden"], adapter, lambda: NOW, Nobody())

        with pytest.raises(ResponseError, match=sentence):
            sync(shop(broken(name="steps")), force=True)
        assert db.value("SELECT count(*) FROM changes WHERE state = 'done'") == settled
        outcome = sync(shop(MemoryAdapter(name="steps")), force=True)
        assert outcome.plan.changes == ()
        assert db.value("SELECT count(*) FROM changes WHERE state = 'done'") == 3
    assert [ram.tags_of(str(number)) for number in (1001, 1002, 1003)] == [{"sk:buyer"}] * 3


def test_what_is_refused_takes_no_tag_from_an_earlier_run(tmp_path: Path) -> None:
    """The merchant took our tag off; that it cannot be put back does not make it the merchant's."""
    change = UpdateTags(customer_id="1001", add=("sk:a",))
    with Database(tmp_path / "owned.sqlite") as db:
        shop = open_shop(db, "laden")
        copy = Mirror(db, shop, Terms(currency="EUR", time_zone="Europe/Berlin", prefixes=("sk:",)))
        for error in (None, "The shop is closed."):
            run = ledger.begin(db, shop, "push", NOW)
            ledger.plan(db, shop, run, [ledger.Planned(change=change)])
            (entry,) = ledger.entries(db, run)
            ledger.settle(copy, entry, Result(change=change, error=error), NOW)
            assert ledger.settled(db, run) == {"done": int(error is None), "refused": int(error is not None)}
        assert db.value("SELECT count(*) FROM own_tags") == 1
        other = ledger.begin(db, shop, "push", NOW)
        ledger.plan(db, shop, other, [ledger.Planned(change=UpdateTags(customer_id="1002", add=("sk:a",)))])
        (entry,) = ledger.entries(db, other)
        ledger.settle(copy, entry, Result(change=entry.change, error="No such customer."), NOW)
        assert db.value("SELECT count(*) FROM own_tags") == 1
