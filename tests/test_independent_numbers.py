"""Every figure, against DEFINITIONS worked out a second time (`tests.reckoning`), on random shops.

The shops are made to be awkward: days on both sides of every window, midnight, both changes of the clock,
guests with and without a record, accounts of one person, deleted customers, refunds of every kind, foreign
currencies, people left out.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryShop
from connector.model import Customer, Kind, LineItem, Order, Payment, Refund, Shipment
from tests.kiosk import Kiosk, kiosk
from tests.reckoning import Book, Somebody, Terms
from tests.shopfloor import NOW, Floor, customer, order, shopfloor

ZONES = ("Europe/Berlin", "Pacific/Auckland", "America/New_York")
NOWS = (
    datetime(2026, 6, 1, 9, tzinfo=UTC),
    datetime(2026, 3, 31, 10, tzinfo=UTC),
    datetime(2024, 2, 29, 1, tzinfo=UTC),
)
#: Around every boundary: windows, lapse, ABC, churn, months; and the days on which clocks change.
DAYS_AGO = (
    *(0, 1, 2, 15, 16, 29, 30, 31, 32, 60, 61, 89, 90, 91, 179, 180, 181, 182, 209, 218, 219, 220),
    *(364, 365, 366, 367, 545, 546, 547, 548, 583, 584, 730, 731, 732, 900),
)
TIMES = (time(0), time(0, 0, 1), time(1, 30), time(2, 30), time(12), time(22, 30), time(23, 59, 59))
EMAILS = ("a@example.com", " A@Example.com ", "b@example.com", "STRASSE@example.com", "straße@example.com")
MORE_EMAILS = (*EMAILS, "c@example.com", "d@markt.example", " ", "", None)

RULES = {
    "often": "number_of_orders >= 2",
    "big": "amount_spent > 100",
    "new": "number_of_orders = 1 AND first_order_date >= -30d",
    "dormant": "number_of_orders >= 2 AND last_order_date < -180d",
    "usual": "average_order_value >= 33.34",
    "a": "abc_class = 'A'",
    "b": "abc_class = 'B'",
    "c": "abc_class = 'C'",
    "champions": "sk_rfm_group IN ('CHAMPIONS', 'LOYAL')",
    "recent": "rfm_recency >= 4",
    "regular": "lifecycle IN ('regular', 'active')",
    "lost": "lifecycle IN ('potential', 'dormant')",
    "year": "orders_placed MATCHES (date >= -365d, count >= 2, sum_amount >= 60)",
    "sends-back": "refund_rate > 0.25",
}


def asked(book: Book) -> Mapping[str, Any]:
    """The same questions in Python, of one person."""
    abc, scores, day = book.abc(), book.scores(), book.day
    bought = {each.key: len(each.bought) for each in book.people}

    def since(person: Somebody, days: int) -> list[Any]:
        return [each for each in person.bought if (day - each.day).days <= days]

    def sent_back(person: Somebody) -> bool:
        charged = sum(each.charged or 0 for each in person.bought)
        return charged > 0 and (charged - person.spent()) * 4 > charged

    return {
        "often": lambda who: bought[who.key] >= 2,
        "big": lambda who: who.spent() > 10000,
        "new": lambda who: bought[who.key] == 1 and (day - who.days[0]).days <= 30,
        "dormant": lambda who: bought[who.key] >= 2 and book.silent(who) > 180,
        "usual": lambda who: who.bought and who.spent() >= 3334 * bought[who.key],
        "a": lambda who: abc.get(who.key) == "A",
        "b": lambda who: abc.get(who.key) == "B",
        "c": lambda who: abc.get(who.key) == "C",
        "champions": lambda who: book.rfm_name(who) in ("CHAMPIONS", "LOYAL"),
        "recent": lambda who: who.bought and scores[who.key][0] >= 4,
        "regular": lambda who: book.stage(who) in ("regular", "active"),
        "lost": lambda who: book.stage(who) in ("potential", "dormant"),
        "year": lambda who: len(since(who, 365)) >= 2 and sum(b.spent or 0 for b in since(who, 365)) >= 6000,
        "sends-back": sent_back,
    }


class Case(msgspec.Struct):
    """A shop, and what its owner set."""

    now: datetime
    zone: str
    customers: list[Customer]
    orders: list[Order]
    gone_customers: list[str]
    gone_orders: list[str]
    days: list[int]  #: how long ago it is looked at, besides today
    lapse_days: int
    abc_days: int
    by_invoice: str


@st.composite
def cases(draw: st.DrawFn) -> Case:
    now, zone = draw(st.sampled_from(NOWS)), draw(st.sampled_from(ZONES))
    today = now.astimezone(ZoneInfo(zone)).date()

    def moment(number: int) -> datetime:
        """No two orders at the same moment, so that there is a first and a second."""
        on = today - timedelta(days=draw(st.sampled_from(DAYS_AGO)))
        at = datetime.combine(on, draw(st.sampled_from(TIMES)), ZoneInfo(zone)) + timedelta(
            milliseconds=number
        )
        return min(at.astimezone(UTC), now - timedelta(milliseconds=number))

    customers = [
        Customer(
            id=str(number),
            email=draw(st.sampled_from(MORE_EMAILS)),
            guest=draw(st.booleans()) if number % 3 == 0 else False,
            tags=draw(st.sampled_from([(), (), (), ("B2B",), ("sk:no-profiling",)]))
            if number % 4 == 0
            else (),
            group=draw(st.sampled_from([None, None, "Händler"])) if number % 5 == 0 else None,
            created_at=draw(st.sampled_from([None, moment(number), moment(number)])),
        )
        for number in range(8, 8 + draw(st.integers(1, 9)))
    ]
    ids = [each.id for each in customers]
    orders = [
        draw(_orders(number, moment, [*ids, *ids, None, "77"]))
        for number in range(95, 95 + draw(st.integers(0, 40)))
    ]
    return Case(
        now=now,
        zone=zone,
        customers=customers,
        orders=orders,
        gone_customers=draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)),
        gone_orders=[each.id for each in orders[:1] if draw(st.booleans())],
        days=draw(st.lists(st.sampled_from(DAYS_AGO[1:]), max_size=2, unique=True)),
        lapse_days=draw(st.sampled_from([180, 30])),
        abc_days=draw(st.sampled_from([365, 90])),
        by_invoice=draw(st.sampled_from(["paid", "shipped", "placed", "never"])),
    )


@st.composite
def _orders(draw: st.DrawFn, number: int, moment: Any, buyers: list[str | None]) -> Order:
    goods, shipping = (
        draw(st.sampled_from([0, 1000, 1000, 3333, 3334, 10000, 99999])),
        draw(st.sampled_from([0, 490])),
    )
    discounts = draw(st.sampled_from([0, goods // 10]))
    tax = round((goods - discounts + shipping) * 0.07)
    total = goods - discounts + shipping + tax
    remaining = draw(st.sampled_from([2, 2, 1, 0]))
    refunds: tuple[Refund, ...] = ()
    if draw(st.integers(0, 3)) == 0:
        back = draw(st.sampled_from([total, total // 3, total + 500]))
        refunds = (
            Refund(
                id="1",
                refunded_at=moment(number),
                amount=back,
                tax=back // 15,
                shipping=min(shipping, back // 9),
            ),
        )
    line = LineItem(product_id="1", quantity=2, remaining=remaining, total=goods)
    return Order(
        id=str(number),
        number=f"#{number}",
        customer_id=draw(st.sampled_from(buyers)),
        email=draw(st.sampled_from(MORE_EMAILS)),
        placed_at=moment(number),
        cancelled_at=moment(number) if draw(st.integers(0, 9)) == 0 else None,
        test=draw(st.integers(0, 14)) == 0,
        currency=draw(st.sampled_from(["EUR"] * 9 + ["CHF"])),
        total=total,
        goods=goods,
        discounts=discounts,
        shipping=shipping,
        tax=tax,
        lines=draw(st.sampled_from([(line,), (line,), ()])),
        refunds=refunds,
        payment=draw(st.sampled_from([*Payment, Payment.PAID, Payment.PAID])),
        shipment=draw(st.sampled_from([*Shipment])),
        payment_method=draw(st.sampled_from(["Rechnung", "Kreditkarte", None])),
    )


class Told:
    """What the commands say of a case, beside what the definitions say."""

    def __init__(self, floor: Floor, case: Case) -> None:
        self.floor, self.case = floor, case
        floor.now = case.now - timedelta(days=1)
        ram = MemoryShop(f"reckoned-{id(floor)}", time_zone=case.zone, clock=lambda: floor.now)
        floor.options["kiosk"] = {
            "adapter": '"memory"',
            "name": f'"{ram.name}"',
            "exclude": '{ tags = ["b2b"], customer_groups = ["händler"], email_domains = ["markt.example"] }',
            "count_when": f'{{ "Rechnung" = "{case.by_invoice}" }}',
            "abc": f"{{ window_days = {case.abc_days} }}",
            "margin": "0.4",
            "acquisition_spend": "{ 2025-08 = 90, 2026-01 = 100, 2026-03 = 1, 2024-02 = 5, 2027-01 = 5 }",
        }
        groups = "\n".join(f'[groups.{name}]\nmembers = "{rule}"' for name, rule in RULES.items())
        floor.write_config(top=f"lapse_days = {case.lapse_days}", rules=groups)
        for account in case.customers:
            ram.put(account)
        for bought in case.orders:
            ram.put(bought)
        floor.done("pull")
        for number in case.gone_customers:
            ram.delete(Kind.CUSTOMERS, number)
        for number in case.gone_orders:
            ram.delete(Kind.ORDERS, number)
        floor.now = case.now
        self.overview = self.json("pull", "--full")["overview"]

    def book(self, day: date, today: date) -> Book:
        case = self.case
        terms = Terms(
            zone=case.zone,
            tags=("B2B",),
            groups=("Händler",),
            domains=("markt.example",),
            count_when={"rechnung": case.by_invoice},
            lapse_days=case.lapse_days,
            abc_days=case.abc_days,
            margin=Fraction(2, 5),
            spend={"2025-08": 9000, "2026-01": 10000, "2026-03": 100, "2024-02": 500, "2027-01": 500},
        )
        customers = [each for each in case.customers if each.id not in case.gone_customers]
        orders = [each for each in case.orders if each.id not in case.gone_orders]
        return Book(customers, orders, terms, day, today)

    def json(self, *arguments: str) -> Any:
        (found,) = self.floor.done(*arguments, "--json").json()
        return found


def agrees(told: Any, reckoned: Any, where: str = "") -> None:
    """The figure is the one that was reckoned; what only one of them has is passed over."""
    if isinstance(reckoned, Mapping):
        for key, value in reckoned.items():
            assert key in told, f"{where}: no {key}"
            agrees(told[key], value, f"{where}.{key}")
    elif isinstance(reckoned, list):
        assert len(told) == len(reckoned), (where, told, reckoned)
        for place, (one, other) in enumerate(zip(told, reckoned, strict=True)):
            agrees(one, other, f"{where}[{place}]")
    elif isinstance(reckoned, Fraction):
        assert told == pytest.approx(float(reckoned), rel=1e-9, abs=1e-9), (where, told, float(reckoned))
    elif isinstance(reckoned, date):
        assert told == reckoned.isoformat(), (where, told, reckoned)
    else:
        assert told == reckoned, (where, told, reckoned)


# What this test found, by hand


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as kept:
        yield kept


def test_a_guest_whose_only_order_was_deleted_in_the_shop_is_nobody_any_more(opened: Kiosk) -> None:
    opened.put([customer(1, "ada@example.com"), order(1, 1, 5), order(2, None, 5, email="kim@example.com")])
    opened.done("pull")
    assert opened.done("groups", "--json").json()[0]["people"] == 2
    opened.ram.delete(Kind.ORDERS, "2")
    opened.later(days=1)
    opened.done("pull", "--full")
    assert opened.done("groups", "--json").json()[0]["people"] == 1
    (found,) = opened.done("report", "--json").json()
    assert (found["report"]["customers"], found["report"]["prospects"]) == (1, 0)


def test_a_refund_in_another_currency_is_in_no_refund_rate(opened: Kiosk) -> None:
    """100 euros of which 10 came back, and 10,000 yen of which all did: 10 %, not 99 %."""
    tenth = Refund(id="1", refunded_at=NOW, amount=1000)
    whole = Refund(id="2", refunded_at=NOW, amount=1000000)
    abroad = order(2, 1, 5, 10000, currency="JPY", refunds=(whole,))
    opened.put([customer(1, "ada@example.com"), order(1, 1, 5, 100, refunds=(tenth,)), abroad])
    opened.done("pull")
    assert opened.done("rule", "refund_rate = 0.1", "--json").json()[0]["members"] == 1


def test_a_record_of_a_guest_without_an_address_is_no_person_on_the_first_screen_either(
    opened: Kiosk,
) -> None:
    opened.put([customer(1, "ada@example.com"), customer(2, None, guest=True), order(1, 2, 5)])
    (found,) = opened.done("pull", "--json").json()
    assert (found["overview"]["customers"], found["overview"]["orders"]) == (1, 1)
    assert opened.done("groups", "--json").json()[0]["people"] == 1


# The comparison


@given(case=cases())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_figures_are_those_of_the_definitions(
    tmp_path_factory: pytest.TempPathFactory, case: Case
) -> None:
    with shopfloor(tmp_path_factory.mktemp("shop")) as floor:
        told = Told(floor, case)
        today = case.now.astimezone(ZoneInfo(case.zone)).date()
        compare(told, today, today)
        compare_customers(told, told.book(today, today))
        for ago in case.days:
            compare(told, today - timedelta(days=ago), today)
            compare_moves(told, today - timedelta(days=ago), today)


def compare(told: Told, day: date, today: date) -> None:
    """The report, the groups, and a rule."""
    past = () if day == today else ("--as-of", day.isoformat())
    book = told.book(day, today)
    agrees(told.json("report", *past)["report"], book.report())
    groups, asking = told.json("groups", *past), asked(book)
    assert (groups["people"], groups["sales"]) == (len(book.people), spent_by(book.people))
    assert groups["guests"] == sum(each.leader is None for each in book.people)
    for group in groups["groups"]:
        name = group["name"]
        them = [each for each in book.people if asking[name](each)]
        assert (name, group["members"], group["sales"]) == (name, len(them), spent_by(them))
    tried = told.json("rule", RULES["often"], "--list", *past)
    often = {who_is(each): len(each.bought) for each in book.people if asking["often"](each)}
    assert {each["customer"] or each["email"]: each["orders"] for each in tried["sample"]} == often


def compare_customers(told: Told, book: Book) -> None:
    """The first look; and a few people by themselves: what they ordered, and in which groups they are."""
    agrees(told.overview, book.overview())
    abc, asking = book.abc(), asked(book)
    for person in [each for each in book.people if each.leader][:3]:
        found = told.json("customer", who_is(person))
        days = [each.isoformat() for each in person.days]
        assert (found["orders_counted"], found["spent"]) == (len(days), person.spent())
        assert (found["first_order"], found["last_order"]) == ((days[0], days[-1]) if days else (None, None))
        assert (found["abc_class"], found["left_out"]) == (abc.get(person.key), None)
        assert found["groups"] == sorted(name for name in RULES if asking[name](person))
        why = told.json("why", who_is(person))
        assert {each["group"] for each in why["verdicts"] if each["member"]} == set(found["groups"])
        for verdict in why["verdicts"]:
            passes = [each["passes"] for each in verdict["answers"]]
            assert verdict["member"] is all(passes), verdict


def compare_moves(told: Told, then: date, today: date) -> None:
    found = told.json("report", "--since", then.isoformat())["report"]["migration"]
    moves = told.book(today, today).moves(told.book(then, today))
    for matrix in found["matrices"]:
        assert {(each["then"], each["now"]): each["customers"] for each in matrix["moves"]} == moves[
            matrix["of"]
        ]


def who_is(person: Somebody) -> str:
    """As the commands name somebody: by the record that stands for all, else by address."""
    return person.leader.id if person.leader else person.key.removeprefix("e:")


def spent_by(people: list[Somebody]) -> int:
    return sum(map(Somebody.spent, people))
