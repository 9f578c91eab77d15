"""For any sequence of pulls, pushes, orders, refunds, crashes, refusals, and edits of the config and of
coupons in the shop: budgets hold, nobody has two open codes, and nobody who is held out ever gets one.

The shop is the one in RAM, whose checkout enforces every term. A crash is an adapter that dies before or
after the shop has made a change, which is what a process leaves behind that was killed there.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from adapters.memory import MemoryAdapter, MemoryShop
from connector import campaigns
from connector.config import Config, parse
from connector.database import Database
from connector.errors import UnsafePlanError
from connector.model import Change, CreateCoupon, LineItem, Payment, Refund, Result, Shipment
from connector.proposal import known_codes
from connector.shop import Shop
from connector.sync import sync
from tests.kiosk import CONFIRMED
from tests.shopfloor import KEY, NOW, customer, order

PEOPLE = 8

CONFIG = """
key_file = "{key}"
cleanup_days = 10
budget.coupons = 20

[shops.kiosk]
adapter = "memory"
name = "promises"
push = true
limits = {{ losing = 1, gaining = 1 }}

[groups.dormant]
members = "number_of_orders >= 1 AND last_order_date < -30d"

[groups.buyers]
members = "number_of_orders >= 1"

[campaigns.come-back]
active = true
group = "dormant"
coupon = {{ percent = 10, minimum = 20, valid_days = 14 }}
deliver = ["metafield"]
tag = "come-back"
priority = {priority}
holdout = {holdout}
cooldown_days = {cooldown}
suppress_days = 5
reissue_on_return = true
budget = {{ coupons = {coupons}, liability = {liability}, per_day = 3 }}

[campaigns.thanks]
active = {thanks}
group = "buyers"
coupon = {{ amount = 5, valid_days = 20 }}
deliver = ["metafield"]
holdout = {holdout}
cooldown_days = 40
budget = {{ coupons = 4 }}
"""


class Dead(BaseException):
    """The process was killed."""


class MortalAdapter(MemoryAdapter):
    """Dies at the change of that number: before the shop made it, or after, with nobody to tell."""

    dies_at: int | None = None
    too_late: bool = False
    refuses: frozenset[int] = frozenset()  #: changes, by their number: coupons of them are refused
    half: bool = False  #: they are made all the same, and only not stored with their customers

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        for number, change in enumerate(changes):
            if self.dies_at == 0 and not self.too_late:
                raise Dead
            result = self._answer(change, run, refused=number in self.refuses)
            if self.dies_at == 0:
                raise Dead
            self.dies_at = None if self.dies_at is None else self.dies_at - 1
            yield result

    def _answer(self, change: Change, run: str, *, refused: bool) -> Result:
        if not (refused and isinstance(change, CreateCoupon)):
            (result,) = super().push([change], run)
            return result
        if self.half:
            list(super().push([msgspec.structs.replace(change, attribute=None)], run))
        return Result(change=change, error="The shop will not.")


class Nobody:
    """Looks on and says nothing."""

    def step(self, what: str, done: int, total: int | None) -> None:
        pass

    def should_stop(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Promises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name)
        (self.path / "key").write_text(KEY)
        self.now = NOW
        self.ram = MemoryShop("promises", clock=lambda: self.now)
        self.db = Database(self.path / "promises.sqlite")
        self.options = {
            "key": str(self.path / "key"),
            "holdout": "0.3",
            "cooldown": "30",
            "coupons": "9",
            "liability": "40",
            "thanks": "true",
            "priority": "0",
        }
        self.made_before = {"come-back": 0, "thanks": 0}
        self.numbers = iter(range(5000, 9000))
        self.held_out: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        self.db.close()
        self.folder.cleanup()

    @initialize()
    def people(self) -> None:
        for number in range(PEOPLE):
            self.ram.put(customer(1001 + number, f"c{number}@example.com", consents=CONFIRMED))
            self.ram.put(order(100 + number, 1001 + number, 40 + number))

    # What the owner and the machine do.

    def shop(self, adapter: MortalAdapter) -> Shop:
        config, found = parse(CONFIG.format(**self.options), self.path / "stammkunde.toml")
        assert isinstance(config, Config), found
        assert found == []
        shop = config.shops["kiosk"]
        return Shop(self.db, config, shop, adapter, lambda: self.now, Nobody())

    def run_line(self, adapter: MortalAdapter) -> None:
        with suppress(Dead, UnsafePlanError):
            sync(self.shop(adapter), force=True)
            self.the_tag_is_on_those_with_an_open_code_and_on_nobody_else()

    def the_tag_is_on_those_with_an_open_code_and_on_nobody_else(self) -> None:
        shop = self.shop(MortalAdapter(name="promises"))
        holders = {
            each.customer_id for each in known_codes(shop) if each.campaign == "come-back" and each.is_open()
        }
        people = [str(1001 + number) for number in range(PEOPLE)]
        assert {each for each in people if "sk:come-back" in self.ram.tags_of(each)} == holders

    @rule()
    def sync_once(self) -> None:
        self.run_line(MortalAdapter(name="promises"))

    @rule(dies_at=st.integers(0, 6), too_late=st.booleans())
    def sync_and_die(self, dies_at: int, too_late: bool) -> None:
        adapter = MortalAdapter(name="promises")
        adapter.dies_at, adapter.too_late = dies_at, too_late
        self.run_line(adapter)

    @rule(refuses=st.frozensets(st.integers(0, 5), min_size=1), half=st.booleans())
    def sync_and_be_refused(self, refuses: frozenset[int], half: bool) -> None:
        adapter = MortalAdapter(name="promises")
        adapter.refuses, adapter.half = refuses, half
        self.run_line(adapter)

    @rule(choice=st.integers(0, 100), days=st.sampled_from([0, 0.1, 3, 30]))
    def the_merchant_moves_an_end_or_switches_a_code_off(self, choice: int, days: float) -> None:
        rows = [row for row in self.ram.changed("coupons", ("", ""), 1000) if self._works(row)]
        if not rows:
            return
        row, end = rows[choice % len(rows)], self.now + timedelta(days=days)
        change = {"ends_at": end.isoformat()} if days else {"enabled": False}
        self.ram.change("coupons", row["id"], **change)

    @rule(days=st.sampled_from([0.02, 1, 7, 15, 45]))
    def time_goes_on(self, days: float) -> None:
        self.now += timedelta(days=days)

    @rule(
        what=st.sampled_from(["cooldown", "coupons", "liability", "thanks", "priority"]),
        choice=st.integers(0, 2),
    )
    def edit_the_config(self, what: str, choice: int) -> None:
        choices = {
            "cooldown": ["14", "30", "60"],
            "coupons": ["5", "9", "15"],  # a lower one than before cannot take codes back
            "liability": ["20", "25", "40"],
            "thanks": ["true", "false", "true"],
            "priority": ["0", "1", "-1"],
        }
        self.options[what] = choices[what][choice]

    @rule(share=st.sampled_from(["0", "0.8", "0.3"]))
    def change_the_share_held_out(self, share: str) -> None:
        self.options["holdout"] = share

    @rule()
    def sync_for_some_days(self) -> None:
        for _ in range(3):
            self.now += timedelta(days=1)
            self.sync_once()

    # What customers do.

    @rule(who=st.integers(0, PEOPLE - 1), with_code=st.booleans(), paid=st.booleans())
    def order_something(self, who: int, with_code: bool, paid: bool) -> None:
        number, buyer = next(self.numbers), 1001 + who
        held = self.ram.attribute(str(buyer), "code-come-back")
        code = held if with_code and held and self.ram.redeem(held, str(buyer)) is None else None
        state: dict[str, Any] = {} if paid else {"payment": Payment.NONE, "shipment": Shipment.NONE}
        codes = (code,) if code else ()
        placed: dict[str, Any] = {"placed_at": self.now, "updated_at": self.now, "codes": codes}
        self.ram.put(order(number, buyer, 0, **(placed | state)))

    @rule(choice=st.integers(0, 100), how=st.sampled_from(["called off", "came back", "paid"]))
    def something_becomes_of_an_order(self, choice: int, how: str) -> None:
        rows = self.ram.changed("orders", ("", ""), 1000)
        row = rows[choice % len(rows)]
        number, buyer = int(row["id"]), int(row["customer_id"])
        ago = (NOW - _moment(row["placed_at"])) / timedelta(days=1)
        changed: dict[str, Any] = {"updated_at": self.now, "codes": tuple(row["codes"])}
        if how == "called off":
            changed |= {"cancelled_at": self.now, "payment": Payment.NONE, "shipment": Shipment.NONE}
        elif how == "came back":
            line = LineItem(product_id="3001", title="Espresso", quantity=1, remaining=0, total=5000)
            back = Refund(id=row["id"], refunded_at=self.now, amount=5000, tax=327)
            changed |= {"lines": (line,), "refunds": (back,)}
        self.ram.put(order(number, buyer, ago, **changed))

    # What must hold after each of these.

    @invariant()
    def no_budget_is_exceeded(self) -> None:
        for name, most in (("come-back", int(self.options["coupons"])), ("thanks", 4)):
            made = self._made(name)
            assert made <= max(most, self.made_before[name]), name
            self.made_before[name] = made
        assert self.ram.count("coupons") <= 20

    @invariant()
    def nobody_has_two_codes_that_work(self) -> None:
        for who in range(1001, 1001 + PEOPLE):
            working = [
                row["code"]
                for row in self.ram.changed("coupons", ("", ""), 1000)
                if row["customer_id"] == str(who) and self._works(row)
            ]
            assert len(working) <= 1, (who, working)

    def _works(self, row: dict[str, Any]) -> bool:
        """Whether the customer could use it now, by what the shop has and nothing else."""
        return bool(row["enabled"]) and row["used"] == 0 and _moment(str(row["ends_at"])) > self.now

    @invariant()
    def nobody_held_out_has_a_code(self) -> None:
        for row in self.db.rows("SELECT campaign, person_key FROM assignments WHERE arm = 'holdout'"):
            self.held_out.add((row["campaign"], row["person_key"]))
        for coupon in self.ram.changed("coupons", ("", ""), 1000):
            _, campaign, person, _ = coupon["title"].partition("[")[2].rstrip("]").split(":")
            assert (campaign, person) not in self.held_out
        held = {(row["campaign"], row["person_key"]) for row in self.db.rows(
            "SELECT campaign, person_key FROM assignments WHERE arm = 'holdout'")}  # fmt: skip
        assert held == self.held_out  # and it is never changed

    @invariant()
    def liability_stays_in_its_budget(self) -> None:
        if self.db.value("SELECT count(*) FROM shops WHERE info IS NOT NULL") == 0:
            return
        shop = self.shop(MortalAdapter(name="promises"))
        owed = sum(
            each.face_value for each in known_codes(shop) if each.campaign == "come-back" and each.is_open()
        )
        assert owed <= 4000
        counted = {
            each.campaign: (each.codes, each.liability) for each in campaigns.open_codes(self.db, self.now)
        }
        for name in ("come-back", "thanks"):
            faces = [
                each.face_value for each in known_codes(shop) if each.campaign == name and each.is_open()
            ]
            assert counted.get(name, (0, 0)) == (len(faces), sum(faces))

    def _made(self, campaign: str) -> int:
        return sum(f"[sk:{campaign}:" in row["title"] for row in self.ram.changed("coupons", ("", ""), 1000))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


Promises.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
TestPromises = Promises.TestCase
