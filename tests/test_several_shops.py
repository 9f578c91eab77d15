"""Two shops of one owner: groups in each and, by e-mail, across both; codes only where they were issued."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryShop
from connector.model import Customer, Order
from tests.kiosk import CONFIRMED
from tests.shopfloor import Floor, customer, order

BASE = """
[bases.main]
shops = ["roastery", "teahouse"]
"""
RULES = """
[groups.regulars]
members = "number_of_orders_in_all_shops > 3"
tag = "regular"

[groups.here]
members = "number_of_orders > 3"
tag = "here"

[groups.big]
members = "amount_spent_in_all_shops > 200"

[groups.both]
members = "number_of_shops = 2"

[groups.quiet]
members = "number_of_orders > 0 AND last_order_date_in_all_shops < -180d"

[groups.old]
members = "first_order_date_in_all_shops < -300d"

[groups.loud-regulars]
members = "in_group('regulars') = true AND in_group('quiet') = false"
tag = "loud"
"""


class Street(Floor):
    """A roastery and a teahouse in RAM."""

    def __init__(self, folder: Path, **of_teahouse: Any) -> None:
        super().__init__(folder)
        self.ram = {"roastery": self._shop("roastery"), "teahouse": self._shop("teahouse", **of_teahouse)}
        for name, shop in self.ram.items():
            self.options[name] = {
                "adapter": '"memory"',
                "name": f'"{shop.name}"',
                "push": "true",
                "limits": "{ losing = 1, gaining = 1 }",
            }
        self.write_config(rules=BASE + RULES)

    def _shop(self, name: str, **how: Any) -> MemoryShop:
        return MemoryShop(f"{name}-{id(self)}", clock=lambda: self.now, **how)

    def put(self, shop: str, *records: Customer | Order) -> None:
        for record in records:
            self.ram[shop].put(msgspec.structs.replace(record, updated_at=self.now))

    def buyer(self, shop: str, number: int, email: str, *days_ago: float, **more: Any) -> None:
        """A customer of a shop, with an order of 50.00 placed so many days ago each."""
        self.put(shop, customer(number, email, consents=CONFIRMED))
        for place, ago in enumerate(days_ago):
            self.put(shop, order(number * 100 + place, number, ago, email=email, **more))

    def sync(self, *shops: str) -> None:
        for name in shops or ("roastery", "teahouse"):
            self.done("sync", name, "--force")
        self.now += timedelta(minutes=5)

    def forget_facts(self) -> None:
        """As if a process had been killed before everybody was worked out."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("UPDATE shops SET rebuild = 1")

    def members(self, group: str) -> dict[str, list[str]]:
        """E-mail addresses by shop."""
        found: dict[str, list[str]] = {"roastery": [], "teahouse": []}
        for shop, email in self.rows(
            "SELECT s.name, p.email_key FROM members AS m JOIN groups AS g USING (grp)"
            " JOIN shops AS s ON s.shop = g.shop JOIN people AS p ON p.person = m.person"
            f" WHERE g.name = '{group}' ORDER BY p.email_key"
        ):
            found[shop].append(email)
        return found


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    opened = Street(tmp_path)
    yield opened
    opened.close()


def test_a_group_across_shops_counts_the_orders_of_both(street: Street) -> None:
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30)
    street.buyer("teahouse", 7, "Anna@Example.com", 5)
    street.buyer("teahouse", 8, "ben@example.com", 5, 6, 7)
    street.sync()
    street.sync()
    anna = ["anna@example.com"]
    assert street.members("regulars") == {"roastery": anna, "teahouse": anna}
    assert street.members("here") == {"roastery": [], "teahouse": []}
    assert street.members("both") == {"roastery": anna, "teahouse": anna}


def test_its_tag_is_set_in_every_shop_where_the_person_has_a_record(street: Street) -> None:
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30)
    street.buyer("teahouse", 7, "anna@example.com", 5)
    street.sync()
    street.sync()
    assert street.ram["roastery"].tags_of("1") == {"sk:regular", "sk:loud"}
    assert street.ram["teahouse"].tags_of("7") == {"sk:regular", "sk:loud"}
    assert street.done("plan", "--json").json()[0]["changes"] == []


def test_without_a_base_each_shop_is_by_itself(street: Street) -> None:
    street.write_config(rules=RULES)
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30)
    street.buyer("teahouse", 7, "anna@example.com", 5)
    street.sync()
    street.sync()
    assert street.members("regulars") == {"roastery": [], "teahouse": []}
    street.write_config(rules=BASE + RULES)
    street.sync()
    assert street.members("regulars")["roastery"] == ["anna@example.com"]
    street.write_config(rules=RULES)
    street.sync()
    assert street.members("regulars") == {"roastery": [], "teahouse": []}
    assert street.ram["roastery"].tags_of("1") == set()


def test_an_order_in_one_shop_moves_the_person_in_the_other(street: Street) -> None:
    street.buyer("roastery", 1, "anna@example.com", 200, 210, 220)
    street.buyer("teahouse", 7, "anna@example.com")
    street.sync()
    street.sync()
    assert street.members("quiet")["roastery"] == ["anna@example.com"]
    street.put("teahouse", order(900, 7, 1, email="anna@example.com"))
    street.sync("teahouse")
    street.sync("roastery")
    assert street.members("quiet")["roastery"] == []
    assert street.members("regulars")["roastery"] == ["anna@example.com"]


def test_a_changed_address_takes_the_figures_along(street: Street) -> None:
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30)
    street.buyer("roastery", 2, "ben@example.com", 10, 20, 30)
    street.buyer("teahouse", 7, "anna@example.com", 5)
    street.sync()
    street.sync("roastery")
    assert street.members("regulars")["roastery"] == ["anna@example.com"]
    street.put("teahouse", customer(7, "ben@example.com"))
    street.sync("teahouse")
    street.sync("roastery")
    assert street.members("regulars")["roastery"] == ["ben@example.com"]


def test_whom_the_other_shop_leaves_out_brings_nothing_from_there(street: Street) -> None:
    street.set("teahouse", exclude='{ tags = ["b2b"] }')
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30)
    street.buyer("teahouse", 7, "anna@example.com", 5)
    street.put("teahouse", customer(7, "anna@example.com", "b2b"))
    street.sync()
    street.sync()
    assert street.members("regulars") == {"roastery": [], "teahouse": []}


def test_amounts_of_another_currency_need_a_rate(tmp_path: Path) -> None:
    street = Street(tmp_path, currency="CHF", time_zone="Europe/Zurich")
    street.buyer("roastery", 1, "anna@example.com", 10, 20)
    street.buyer("teahouse", 7, "anna@example.com", 5, 6, currency="CHF")
    street.sync()
    told = street.done("plan", "roastery").err
    assert (
        "regulars is not pushed: it asks for all shops, and the rates of [bases] name no rate"
        " for the currency of teahouse.\n" in told
    )
    street.write_config(rules=BASE + "rates = { EUR = 1, CHF = 1.05 }\n" + RULES)
    street.sync()
    assert street.members("big") == {"roastery": ["anna@example.com"], "teahouse": []}
    shown = street.done("why", "anna@example.com", "big", "--shop", "roastery").out
    assert "205.00 EUR" in shown  # 100.00 EUR and 100.00 CHF
    street.close()


def test_nothing_is_pushed_while_the_other_shop_was_never_read(street: Street) -> None:
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30, 40)
    street.sync("roastery")
    assert street.ram["roastery"].tags_of("1") == {"sk:here"}
    told = street.done("plan", "roastery").err
    assert "regulars is not pushed: it asks for all shops, and teahouse was never read to the end." in told
    assert "loud-regulars is not pushed:" in told  # it refers to one that asks
    street.sync()
    street.sync()
    assert street.ram["roastery"].tags_of("1") == {"sk:here", "sk:regular", "sk:loud"}


def test_nothing_is_pushed_before_the_other_shop_is_worked_out(street: Street) -> None:
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30, 40)
    street.sync()
    street.sync()
    street.forget_facts()
    assert (
        "regulars is not pushed: it asks for all shops, and teahouse is yet to be worked out"
        " (`stammkunde plan teahouse`).\n"
    ) in street.done("plan", "roastery").err
    street.done("plan", "teahouse")
    assert street.done("plan", "roastery").err == ""


def test_a_short_history_of_the_other_shop_counts_too(street: Street) -> None:
    street.set("teahouse", history_starts="2026-05-01")
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30, 40)
    street.sync()
    street.sync()
    assert street.ram["roastery"].tags_of("1") == {"sk:here"}
    assert (
        "regulars is not pushed: it depends on a customer's whole history,"
        " and teahouse shows orders only since 01 May 2026.\n"
    ) in street.done("plan", "roastery").err


def test_a_past_day_looks_back_in_all_shops(street: Street) -> None:
    street.buyer("roastery", 1, "anna@example.com", 10, 200, 210)
    street.buyer("teahouse", 7, "anna@example.com", 5, 220)
    street.sync()
    street.sync()
    (shop, _) = street.done("groups", "--as-of", "2026-05-28", "--json").json()
    then = {each["name"]: each["members"] for each in shop["groups"]}
    assert (then["regulars"], then["both"]) == (1, 1)
    (shop, _) = street.done("groups", "--as-of", "2026-05-01", "--json").json()
    assert {each["name"]: each["members"] for each in shop["groups"]}["regulars"] == 0


def test_whom_one_shop_forgets_counts_less_in_the_other(street: Street) -> None:
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30)
    street.buyer("teahouse", 7, "anna@example.com", 5)
    street.sync()
    street.sync()
    assert street.members("regulars")["roastery"] == ["anna@example.com"]
    street.done("forget", "anna@example.com", "--shop", "teahouse", "--yes")
    street.done("plan", "roastery")
    assert street.members("regulars")["roastery"] == []
    street.done("forget", "anna@example.com", "--yes")
    files = (path for path in street.folder.glob("stammkunde.sqlite*") if path.is_file())
    assert not any(b"anna@example.com" in path.read_bytes() for path in files)


def test_a_code_belongs_to_the_shop_it_was_issued_in(street: Street) -> None:
    street.write_config(
        rules=BASE
        + RULES
        + """
[campaigns.thanks]
active = true
group = "regulars"
coupon = { percent = 10, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 10 }
"""
    )
    street.buyer("roastery", 1, "anna@example.com", 10, 20, 30)
    street.buyer("teahouse", 7, "anna@example.com", 5)
    street.sync()
    street.sync()
    street.sync()
    ((roastery,), (teahouse,)) = (sorted(shop.codes()) for shop in street.ram.values())
    assert roastery != teahouse
    assert street.ram["teahouse"].redeem(roastery, "7") == "There is no such code."
    assert street.ram["roastery"].redeem(roastery, "1") is None


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ('shops = ["roastery", "teahose"]', "there is no shop 'teahose'. Did you mean 'teahouse'?"),
        (
            'shops = ["roastery", "roastery"]',
            "'roastery' is in 'main' already. A shop is in one base, and once.",
        ),
        ("shops = []", "is empty. Name at least one."),
        ('shops = ["roastery", "teahouse"]\nrates = { Franken = 1 }', "is not a currency."),
    ],
)
def test_what_is_wrong_with_a_base_is_told(street: Street, base: str, told: str) -> None:
    street.write_config(rules=f"[bases.main]\n{base}\n" + RULES)
    ran = street.run("plan")
    assert ran.code == 2
    assert told in ran.err


# Whatever happens in which order: the groups are what working everything out anew would make of them.

ADDRESSES = ("anna@example.com", "ben@example.com", None)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("buy"),
            st.sampled_from(["roastery", "teahouse"]),
            st.integers(1, 3),
            st.sampled_from([1.0, 100.0, 250.0, 400.0]),
        ),
        st.tuples(
            st.just("move"),
            st.sampled_from(["roastery", "teahouse"]),
            st.integers(1, 3),
            st.sampled_from(ADDRESSES),
        ),
        st.tuples(st.just("sync"), st.sampled_from(["roastery", "teahouse"]), st.just(0), st.just(None)),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_groups_across_shops_are_as_if_worked_out_anew(steps: list[tuple[str, str, int, Any]]) -> None:
    with TemporaryDirectory() as folder:
        street = Street(Path(folder))
        for shop in street.ram:
            street.put(shop, *(customer(number, ADDRESSES[number - 1]) for number in (1, 2, 3)))
        for place, (what, shop, number, more) in enumerate(steps):
            if what == "buy":
                street.put(shop, order(1000 + place, number, more))
            elif what == "move":
                street.put(shop, customer(number, more))
            else:
                street.sync(shop)
            street.now += timedelta(minutes=5)
        street.sync()
        street.sync("roastery")  # it hears of what the teahouse had
        kept = _all_members(street)
        street.forget_facts()
        street.sync()
        assert kept == _all_members(street)
        street.close()


def _all_members(street: Street) -> dict[str, dict[str, list[str]]]:
    names = ("regulars", "here", "big", "both", "quiet", "old", "loud-regulars")
    return {name: street.members(name) for name in names}
