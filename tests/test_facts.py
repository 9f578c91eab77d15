"""Facts: literal figures, and that keeping them incrementally never differs from working them out anew."""

import math
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector import facts, groups
from connector.adapter import Page
from connector.classes import Window
from connector.database import Database
from connector.groups import Definition
from connector.mirror import Mirror, Terms, open_shop
from connector.model import Customer, Kind, LineItem, Order, Payment, Product, Record, Refund, Shipment
from connector.rules import RuleContext, parse
from connector.scores import score

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
TODAY = date(2026, 6, 1)
TERMS = Terms(currency="EUR", time_zone="Europe/Berlin", prefixes=("sk:",))


RULES = [
    Definition(name="often", rule=parse("number_of_orders > 1")),
    Definition(name="spent", rule=parse("amount_spent >= 30 AND NOT last_order_date < -200d")),
    Definition(name="both", rule=parse("in_group('often') AND NOT in_group('spent')")),
    Definition(
        name="vip", rule=parse("customer_tags CONTAINS 'vip' OR customer_email_domain = 'shop.example'")
    ),
    Definition(name="value/A", rule=parse("abc_class = 'A'")),
    Definition(name="value/rest", rule=parse("number_of_orders > 0"), after=("value/A",)),
    Definition(name="best", rule=parse("sk_rfm_group IN ('CHAMPIONS', 'LOYAL') OR rfm_recency = 5")),
    Definition(name="cheap", rule=parse("rfm_monetary <= 2 AND NOT rfm_frequency >= 4")),
    Definition(
        name="chosen",
        rule=parse("amount_spent > 30"),
        include=("A@example.com ", "#3"),
        exclude=("b@example.com", "#4"),
    ),
]


class Shop:
    """A mirror on a temporary file, fed by hand."""

    def __init__(self, path: Path, terms: Terms = TERMS) -> None:
        self.db = Database(path)
        self.key = open_shop(self.db, "roastery")
        self.terms = terms
        self.mirror = Mirror(self.db, self.key, terms)
        self.mirror.judge_anew()
        self.clock = START

    def store(self, *records: Record, gone: dict[Kind, list[str]] | None = None) -> None:
        self.clock += timedelta(seconds=1)
        self.mirror.store_fresh(records, gone or {}, self.clock)

    def refresh(self, today: date = TODAY) -> None:
        facts.refresh(self.db, self.key, self.terms, Window(), today)

    def refresh_groups(self, today: date) -> None:
        context = RuleContext(shop=self.key, today=today, time_zone="Europe/Berlin", currency="EUR")
        groups.refresh(self.db, self.key, RULES, context, self.clock)

    def members(self) -> list[tuple[str, str]]:
        rows = self.db.rows(
            "SELECT g.name, p.identity FROM members JOIN groups AS g USING (grp)"
            " JOIN people AS p USING (person) ORDER BY 1, 2"
        )
        return [(row["name"], row["identity"]) for row in rows]

    def facts(self) -> dict[str, dict[str, Any]]:
        rows = self.db.rows(
            "SELECT p.identity, p.excluded, c.id AS account, f.*"
            " FROM facts AS f JOIN people AS p USING (person)"
            " LEFT JOIN customers AS c ON c.customer = p.customer WHERE p.cluster <> ''"
        )
        return {row["identity"]: {key: row[key] for key in row.keys() if key != "person"} for row in rows}  # noqa: SIM118

    def scores(self) -> dict[str, tuple[int, int, int]]:
        """Recency, frequency and monetary value of everybody who is ranked, as rules see them."""
        columns = ", ".join(score(name) for name in ("recency", "frequency", "monetary"))
        rows = self.db.rows(
            f"SELECT p.identity, {columns} FROM facts AS f JOIN people AS p USING (person) WHERE f.ranked",
            {"rule_shop": self.key},
        )
        return {row[0]: (row[1], row[2], row[3]) for row in rows}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "stammkunde.sqlite")


def customer(number: int, email: str | None = None, **other: Any) -> Customer:
    return Customer(id=str(number), email=email, created_at=START + timedelta(days=number), **other)


def order(number: int, customer_id: int | None, total: int = 5000, **other: Any) -> Order:
    return Order(
        **{
            "id": str(number),
            "number": f"#{number}",
            "customer_id": None if customer_id is None else str(customer_id),
            "placed_at": START + timedelta(days=number),
            "currency": "EUR",
            "total": total,
            "goods": total,
            "payment": Payment.PAID,
            "shipment": Shipment.SHIPPED,
        }
        | other
    )


def test_an_order_counts_once_paid_or_shipped_and_less_its_refunds(shop: Shop) -> None:
    refund = Refund(id="1", refunded_at=START, amount=1000)
    shop.store(
        customer(1, "ada@example.com"),
        order(10, 1),
        order(11, 1, refunds=(refund,)),
        order(12, 1, payment=Payment.NONE, shipment=Shipment.NONE),
        order(13, 1, payment=Payment.NONE),
        order(14, 1, cancelled_at=START),
        order(15, 1, test=True),
    )
    shop.refresh()
    ada = shop.facts()["c:1"]
    assert (ada["orders"], ada["spent"], ada["net"]) == (3, 14000, 14000)
    assert ada["first_day"] == date(2025, 1, 11).toordinal()
    assert ada["last_day"] == date(2025, 1, 14).toordinal()


def test_an_order_whose_goods_all_came_back_is_no_order_but_a_free_one_is(shop: Shop) -> None:
    back = LineItem(product_id="1", quantity=2, remaining=0, total=5000)
    shop.store(
        customer(1),
        order(10, 1, lines=(back,), refunds=(Refund(id="1", refunded_at=START, amount=5000),)),
        order(11, 1, total=0, goods=0),
    )
    shop.refresh()
    assert (shop.facts()["c:1"]["orders"], shop.facts()["c:1"]["spent"]) == (1, 0)


def test_a_guest_joins_the_account_with_the_same_address(shop: Shop) -> None:
    shop.store(
        customer(1, "Ada@Example.com"),
        order(10, None, email=" ada@example.COM "),
        order(11, None, email="guest@example.com"),
        order(12, None, email="guest@example.com"),
        order(13, None),
    )
    shop.refresh()
    assert {who: row["orders"] for who, row in shop.facts().items()} == {"c:1": 1, "g:guest@example.com": 2}
    assert shop.facts()["g:guest@example.com"]["account"] is None


def test_of_two_accounts_with_one_address_the_older_stands_for_both(shop: Shop) -> None:
    shop.store(customer(2, "ada@example.com"), customer(1, "ada@example.com"), order(10, 2), order(11, 1))
    shop.refresh()
    assert {who: row["orders"] for who, row in shop.facts().items()} == {"c:1": 2}


def test_a_changed_address_takes_the_orders_of_the_account_along_and_leaves_those_of_guests(
    shop: Shop,
) -> None:
    shop.store(customer(1, "old@example.com"), order(10, 1), order(11, None, email="old@example.com"))
    shop.refresh()
    shop.store(customer(1, "new@example.com"))
    shop.refresh()
    assert {who: row["orders"] for who, row in shop.facts().items()} == {"c:1": 1, "g:old@example.com": 1}


def test_orders_of_a_deleted_customer_go_by_their_address(shop: Shop) -> None:
    shop.store(customer(1, "ada@example.com"), order(10, 1, email="ada@example.com"), order(11, 1))
    shop.refresh()
    shop.store(gone={Kind.CUSTOMERS: ["1"]})
    shop.refresh()
    assert {who: row["orders"] for who, row in shop.facts().items()} == {"g:ada@example.com": 1}


def test_an_older_version_never_overwrites_a_newer_one(shop: Shop) -> None:
    newer = order(10, 1, total=9000, updated_at=START + timedelta(days=2))
    older = order(10, 1, total=1000, updated_at=START + timedelta(days=1))
    shop.store(customer(1), newer)
    shop.store(older)
    shop.refresh()
    assert shop.facts()["c:1"]["spent"] == 9000


def test_without_a_stamp_the_read_begun_later_wins(shop: Shop) -> None:
    early = shop.mirror.begin("orders", START)
    shop.store(customer(1), order(10, 1, total=9000))
    shop.mirror.store(early, Page(records=(order(10, 1, total=1000),)))
    shop.refresh()
    assert shop.facts()["c:1"]["spent"] == 9000


def test_an_order_in_another_currency_counts_without_its_value(shop: Shop) -> None:
    shop.store(customer(1), order(10, 1), order(11, 1, currency="CHF", total=7000))
    shop.refresh()
    assert (shop.facts()["c:1"]["orders"], shop.facts()["c:1"]["spent"]) == (2, 5000)


def test_days_are_those_of_the_shop(shop: Shop) -> None:
    late = datetime(2025, 3, 29, 23, 30, tzinfo=UTC)  # 00:30 of the 30th in Berlin, hours before summer time
    later = datetime(2025, 3, 30, 22, 30, tzinfo=UTC)  # 00:30 of the 31st, in summer time
    shop.store(customer(1), order(10, 1, placed_at=late), order(11, 1, placed_at=later))
    shop.refresh()
    days = (shop.facts()["c:1"]["first_day"], shop.facts()["c:1"]["last_day"])
    assert days == (date(2025, 3, 30).toordinal(), date(2025, 3, 31).toordinal())


def test_abc_takes_the_customer_who_reaches_the_share_and_breaks_ties_by_id_as_text(shop: Shop) -> None:
    """Values 40, 30, 10, 10, 5, 5 of 100: cumulative 40, 70, 80 | 90, 95 | 100."""
    values = {1: 4000, 2: 3000, 10: 1000, 9: 1000, 4: 500, 3: 500}
    recent = datetime(2026, 5, 1, tzinfo=UTC)
    for number, value in values.items():
        shop.store(customer(number), order(100 + number, number, total=value, placed_at=recent))
    shop.store(customer(7), order(107, 7, total=0, placed_at=recent), customer(8), customer(6))
    shop.store(order(108, 8, placed_at=datetime(2024, 1, 1, tzinfo=UTC)))
    shop.refresh()
    assert {who: row["abc_class"] for who, row in shop.facts().items()} == {
        "c:1": "A",
        "c:2": "A",
        "c:10": "A",  # "10" comes before "9"
        "c:9": "B",
        "c:3": "B",
        "c:4": "C",
        "c:7": "C",  # nothing spent
        "c:8": None,  # no order in the window
        "c:6": None,
    }


def test_the_first_customer_is_always_a(shop: Shop) -> None:
    recent = datetime(2026, 5, 1, tzinfo=UTC)
    shop.store(customer(1), order(10, 1, total=9000, placed_at=recent))
    shop.refresh()
    assert shop.facts()["c:1"]["abc_class"] == "A"


def test_what_the_config_excludes_is_told_with_its_reason(tmp_path: Path) -> None:
    terms = Terms(
        currency="EUR",
        time_zone="Europe/Berlin",
        prefixes=("sk:",),
        excluded_groups=frozenset({"händler"}),
        excluded_tags=frozenset({"b2b"}),
        excluded_domains=frozenset({"marketplace.example"}),
    )
    shop = Shop(tmp_path / "x.sqlite", terms)
    shop.store(
        customer(1, group="Händler"),
        customer(2, tags=("B2B",)),
        customer(3, "x@marketplace.example"),
        customer(4, "y@example.com"),
        order(10, None, email="guest@Marketplace.example"),
    )
    shop.refresh()
    assert {who: row["excluded"] for who, row in shop.facts().items()} == {
        "c:1": "customer group Händler",
        "c:2": "tag B2B",
        "c:3": "e-mail domain marketplace.example",
        "c:4": None,
        "g:guest@marketplace.example": "e-mail domain marketplace.example",
    }


def test_changed_terms_judge_stored_rows_anew(shop: Shop) -> None:
    shop.store(
        customer(1, tags=("b2b",)),
        customer(2),
        order(10, 2, payment=Payment.NONE, shipment=Shipment.NONE, payment_method="Rechnung"),
    )
    shop.refresh()
    assert shop.facts()["c:2"]["orders"] == 0
    shop.terms = Terms(
        currency="EUR",
        time_zone="Europe/Berlin",
        prefixes=("sk:",),
        count_when={"rechnung": "placed"},
        excluded_tags=frozenset({"b2b"}),
    )
    shop.mirror = Mirror(shop.db, shop.key, shop.terms)
    assert shop.mirror.judge_anew()
    shop.refresh()
    assert (shop.facts()["c:2"]["orders"], shop.facts()["c:1"]["excluded"]) == (1, "tag b2b")


WITH_DEALERS = msgspec.structs.replace(TERMS, excluded_tags=frozenset({"b2b"}))
EMAILS = st.sampled_from([None, "a@example.com", "b@example.com", "c@shop.example"])
NUMBERS = st.integers(1, 5)


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, Any]:
    kind = draw(
        st.sampled_from(["customer", "order", "order", "delete customer", "delete order", "tomorrow"])
    )
    if kind == "customer":
        tags = draw(st.sampled_from([(), (), ("b2b",), ("vip",)]))
        record: Record = customer(draw(NUMBERS), draw(EMAILS), guest=draw(st.booleans()), tags=tags)
        return "put", record
    if kind == "order":
        return "put", order(
            draw(st.integers(1, 8)),
            draw(st.none() | NUMBERS),
            draw(st.integers(0, 4)) * 1000,
            email=draw(EMAILS),
            placed_at=START + timedelta(days=draw(st.integers(100, 520))),
            cancelled_at=draw(st.sampled_from([None, None, START])),
            codes=draw(st.sampled_from([(), ("CODE",)])),
        )
    if kind == "tomorrow":
        return kind, draw(st.integers(0, 200))
    return kind, draw(st.integers(1, 8))


def ranked(rows: dict[str, dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
    """Scores as DEFINITIONS has them, counted out: ceil(5 r / n), r one more than how many have less."""
    buyers = {who: row for who, row in rows.items() if row["orders"] and row["excluded"] is None}

    def place(row: dict[str, Any], figure: str) -> int:
        rank = 1 + sum(other[figure] < row[figure] for other in buyers.values())
        return math.ceil(Fraction(5 * rank, len(buyers)))

    return {
        who: (place(row, "last_day"), place(row, "orders"), place(row, "spent"))
        for who, row in buyers.items()
    }


def test_equal_customers_score_equally_and_the_worst_fifth_scores_one(shop: Shop) -> None:
    """Ten buyers: one order of 10 euros seven times, two orders, three, and one of 500 euros."""
    for number in range(1, 8):
        shop.store(customer(number), order(100 + number, number, total=1000, placed_at=START))
    shop.store(customer(8), *(order(200 + nth, 8, total=1000, placed_at=START) for nth in range(2)))
    shop.store(customer(9), *(order(300 + nth, 9, total=1000, placed_at=START) for nth in range(3)))
    shop.store(customer(10), order(400, 10, total=50_000, placed_at=START + timedelta(days=1)), customer(11))
    shop.refresh()
    assert shop.scores() == {
        # nine came last on the same day and share rank 1 of 10; eight ordered once
        **{f"c:{number}": (1, 1, 1) for number in range(1, 8)},
        "c:8": (1, 5, 4),  # rank 9 of 10, rank 8 of 10
        "c:9": (1, 5, 5),
        "c:10": (5, 1, 5),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 40), st.integers(1, 60), st.integers(0, 6), st.integers(0, 12)),
            min_size=1,
            max_size=25,
        ),
        min_size=2,
        max_size=6,
    )
)
def test_scores_follow_every_change_by_moving_their_cut_points(
    rounds: list[list[tuple[int, int, int, int]]],
) -> None:
    with TemporaryDirectory() as folder:
        kept = Shop(Path(folder) / "kept.sqlite")
        kept.store(*(customer(number) for number in range(1, 41)))
        for batch in rounds:
            for buyer, number, value, day in batch:
                kept.store(order(number, buyer, total=value * 1000, placed_at=START + timedelta(days=day)))
            kept.refresh()
            assert kept.scores() == ranked(kept.facts())
        kept.db.close()


def test_a_day_that_passes_moves_no_score_and_looks_at_nobody(shop: Shop) -> None:
    for number in range(1, 8):
        shop.store(customer(number), order(number, number, total=number * 1000))
    shop.refresh()
    before = shop.scores()
    with shop.db.write() as connection:
        connection.execute("DELETE FROM dirty")
    shop.refresh(TODAY + timedelta(days=1))
    assert shop.scores() == before
    assert shop.db.value("SELECT count(*) FROM dirty") == 0


def test_facts_of_a_past_day_are_those_that_were_worked_out_then(tmp_path: Path) -> None:
    early, late = date(2026, 1, 1), date(2026, 6, 1)
    then, now = Shop(tmp_path / "then.sqlite"), Shop(tmp_path / "now.sqlite")
    for number in range(1, 13):
        placed = datetime(2025, number, 10, tzinfo=UTC)
        for shop in (then, now):
            shop.store(customer(number), order(number, number, total=number * 700, placed_at=placed))
        now.store(order(100 + number, number, placed_at=datetime(2026, 1, 1 + number, tzinfo=UTC)))
    now.store(customer(450))  # made in March
    then.refresh(early)
    now.refresh(late)
    now.refresh_groups(late)
    members, facts_now = now.members(), now.facts()
    with facts.as_of(now.db, now.key, early, Window()):
        assert now.facts() == then.facts()
        assert now.scores() == then.scores()
        assert now.members() == []
    assert (now.members(), now.facts()) == (members, facts_now)


def test_products_that_are_as_they_were_touch_no_group(shop: Shop) -> None:
    """Whoever reads them again must not make every rule on products look at everybody."""
    page = Page(records=(Product(id="1", title="Espresso"),))
    for day in range(2):
        shop.mirror.store(shop.mirror.begin("products", START + timedelta(days=day)), page)
        shop.refresh()
        assert shop.db.value("SELECT count(*) FROM touched") == 0
    changed = Page(records=(Product(id="1", title="Espresso Brasil"),))
    shop.mirror.store(shop.mirror.begin("products", START + timedelta(days=2)), changed)
    assert shop.db.value("SELECT count(*) FROM touched WHERE kind = 'products'") == 1


def test_only_what_is_new_counts_as_a_move(shop: Shop) -> None:
    def moved() -> int:
        return shop.db.value("SELECT moved FROM shops")

    shop.store(customer(1), order(10, 1))
    shop.refresh()
    shop.refresh_groups(TODAY)
    before = moved()
    shop.store(customer(1), order(10, 1))  # read again, as it was
    shop.refresh()
    assert moved() == before
    shop.store(order(11, None))  # names nobody, and is in the totals of the shop
    shop.refresh()
    assert moved() == before + 1
    shop.refresh_groups(TODAY)
    shop.store(order(10, 1, total=6000))
    shop.refresh()
    assert moved() == before + 2


def test_a_rebuild_tells_joined_shops_of_an_address_that_nobody_has_any_more(shop: Shop) -> None:
    """The teahouse counts what the roastery knows of the same address, and has to look again."""
    teahouse = Shop(shop.db.path)
    teahouse.key = open_shop(teahouse.db, "teahouse")
    teahouse.mirror = Mirror(teahouse.db, teahouse.key, TERMS)
    teahouse.mirror.judge_anew()
    with shop.db.write() as connection:
        connection.execute("INSERT INTO joined_shops VALUES (?, ?, 1.0)", (teahouse.key, shop.key))
    for each in (shop, teahouse):
        each.store(customer(1, "ben@example.com"))
    for each in (teahouse, shop, teahouse):
        each.refresh()
        each.refresh_groups(TODAY)
    shop.store(customer(1, "benno@example.com"))
    with shop.db.write() as connection:
        connection.execute("UPDATE shops SET rebuild = 1 WHERE shop = ?", (shop.key,))
    shop.refresh()
    told = shop.db.rows("SELECT value FROM touched WHERE shop = ? AND kind = 'elsewhere'", (teahouse.key,))
    assert [row["value"] for row in told] == ["ben@example.com"]
    teahouse.db.close()


ASSIGNMENT = "SELECT o.id, p.identity FROM orders AS o LEFT JOIN people AS p USING (person) ORDER BY o.id"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(steps(), min_size=1, max_size=6), min_size=2, max_size=6))
def test_a_rebuild_after_whatever_changed_agrees_with_keeping_up(
    rounds: list[list[tuple[str, Any]]],
) -> None:
    """While a rebuild is due nothing notes what changed: it has to find by itself who belongs where now."""
    with TemporaryDirectory() as folder:
        kept, anew = (Shop(Path(folder) / f"{name}.sqlite", WITH_DEALERS) for name in ("kept", "anew"))
        for batch in rounds:
            with anew.db.write() as connection:
                connection.execute("UPDATE shops SET rebuild = 1")
            for kind, value in batch:
                which = Kind.CUSTOMERS if kind == "delete customer" else Kind.ORDERS
                for shop in (kept, anew):
                    if kind == "put":
                        shop.store(value)
                    elif kind != "tomorrow":
                        shop.store(gone={which: [str(value)]})
            for shop in (kept, anew):
                shop.refresh()
                shop.refresh_groups(TODAY)
            assert kept.facts() == anew.facts()
            assert kept.members() == anew.members()
            assert [tuple(row) for row in kept.db.rows(ASSIGNMENT)] == [
                tuple(row) for row in anew.db.rows(ASSIGNMENT)
            ]
        kept.db.close()
        anew.db.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(steps(), min_size=1, max_size=4), min_size=1, max_size=8))
def test_incremental_and_full_always_agree(rounds: list[list[tuple[str, Any]]]) -> None:
    with TemporaryDirectory() as folder:
        kept = Shop(Path(folder) / "kept.sqlite", WITH_DEALERS)
        today = date(2026, 1, 1)
        for batch in rounds:
            for kind, value in batch:
                if kind == "put":
                    kept.store(value)
                elif kind == "tomorrow":
                    today += timedelta(days=value)
                else:
                    which = Kind.CUSTOMERS if kind == "delete customer" else Kind.ORDERS
                    kept.store(gone={which: [str(value)]})
            kept.refresh(today)
            kept.refresh_groups(today)
        incremental, scores = kept.facts(), kept.scores()
        members = kept.members()
        people_before = [tuple(row) for row in kept.db.rows(ASSIGNMENT)]
        with kept.db.write() as connection:
            connection.execute("DELETE FROM dirty")
            connection.execute("UPDATE shops SET rebuild = 1")
            connection.execute("DELETE FROM members")
            connection.execute("DELETE FROM groups")
        kept.refresh(today)
        kept.refresh_groups(today)
        assert incremental == kept.facts()
        assert scores == kept.scores() == ranked(kept.facts())
        assert members == kept.members()
        assert people_before == [tuple(row) for row in kept.db.rows(ASSIGNMENT)]
        kept.db.close()
