"""What rules mean: the SQL against a small evaluator of its own, and within the limits of SQLite's parser."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rule_shop import CONTEXT, TODAY, RuleShop


class Bought(NamedTuple):
    on: date
    spent: int
    channel: str | None
    pieces: tuple[int, ...]  #: of product 7, per line


class Person(NamedTuple):
    orders: int
    spent: int
    last: date | None
    group: str | None
    tags: tuple[str, ...]
    bought: tuple[Bought, ...]


def _random_person(chance: random.Random) -> Person:
    bought = tuple(
        Bought(
            TODAY - timedelta(chance.choice((0, 1, 29, 30, 31, 90, 365, 366))),
            chance.choice((0, 1, 4999, 5000, 10_000)),
            chance.choice((None, "web", "pos")),
            tuple(chance.choices((1, 2, 5), k=chance.randint(0, 2))),
        )
        for _ in range(chance.randint(0, 3))
    )
    return Person(
        len(bought),
        sum(each.spent for each in bought),
        max((each.on for each in bought), default=None),
        chance.choice((None, "", "dealer", "Dealer", "private")),
        tuple(chance.sample(("vip", "VIP", "a,b", "'"), k=chance.randint(0, 2))),
        bought,
    )


PEOPLE = [_random_person(random.Random(seed)) for seed in range(60)]  # noqa: S311  reproducible


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuleShop]:
    shop = RuleShop(tmp_path_factory.mktemp("meaning") / "stammkunde.sqlite")
    for number, person in enumerate(PEOPLE, start=1):
        tags = "[" + ",".join(f'"{tag}"' for tag in person.tags) + "]"
        last = person.last.toordinal() if person.last else None
        customer = {"customer_group": person.group, "tags": tags}
        shop.person(number, customer=customer, orders=person.orders, spent=person.spent, last_day=last)
        for each in person.bought:
            lines = [{"product_id": "7", "quantity": pieces, "remaining": pieces} for pieces in each.pieces]
            shop.order(number, each.on.isoformat(), *lines, spent=each.spent, channel=each.channel)
    yield shop
    shop.db.close()


Meaning: TypeAlias = tuple[str, Callable[[Person], bool]]
COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_signs = st.sampled_from(sorted(COMPARE))


def _count(sign: str, number: int) -> Meaning:
    return f"number_of_orders {sign} {number}", lambda p: COMPARE[sign](Decimal(p.orders), Decimal(number))


def _spent(sign: str, amount: Decimal) -> Meaning:
    return f"amount_spent {sign} {amount}", lambda p: COMPARE[sign](Decimal(p.spent), amount * 100)


def _average(sign: str, amount: Decimal) -> Meaning:
    def holds(person: Person) -> bool:
        return person.orders > 0 and COMPARE[sign](Decimal(person.spent), amount * 100 * person.orders)

    return f"average_order_value {sign} {amount}", holds


def _last(sign: str, back: int) -> Meaning:
    limit = TODAY.toordinal() - back

    def holds(person: Person) -> bool:
        return person.last is not None and COMPARE[sign](Decimal(person.last.toordinal()), Decimal(limit))

    return f"last_order_date {sign} -{back}d", holds


def _group(unequal: bool, name: str) -> Meaning:
    def holds(person: Person) -> bool:
        return person.group is not None and (person.group.lower() == name) is not unequal

    return f"customer_group {'!=' if unequal else '='} '{name}'", holds


def _tag(negated: bool, tag: str) -> Meaning:
    word = "NOT CONTAINS" if negated else "CONTAINS"
    quoted = tag.replace("'", "\\'")
    return (
        f"customer_tags {word} '{quoted}'",
        lambda p: (tag in [each.lower() for each in p.tags]) is not negated,
    )


def _orders(negated: bool, back: int, sign: str, number: int) -> Meaning:
    def holds(person: Person) -> bool:
        recent = [each for each in person.bought if each.on >= TODAY - timedelta(back)]
        return COMPARE[sign](Decimal(len(recent)), Decimal(number)) is not negated

    text = f"orders_placed {'NOT ' if negated else ''}MATCHES (date >= -{back}d, count {sign} {number})"
    return text, holds


def _channel(unequal: bool, amount: int) -> Meaning:
    def holds(person: Person) -> bool:
        return any(
            each.channel is not None and (each.channel == "pos") is not unequal and each.spent > amount * 100
            for each in person.bought
        )

    sign = "!=" if unequal else "="
    return f"orders_placed MATCHES (channel {sign} 'pos', amount > {amount})", holds


def _pieces(sign: str, number: int, back: int) -> Meaning:
    def holds(person: Person) -> bool:
        days = [each for each in person.bought if each.on <= TODAY - timedelta(back)]
        return COMPARE[sign](Decimal(sum(sum(each.pieces) for each in days)), Decimal(number))

    return f"products_purchased MATCHES (id = 7, sum_quantity {sign} {number}, date <= -{back}d)", holds


def _lines(number: int) -> Meaning:
    return f"products_purchased(id: 7, quantity: {number}) = true", lambda p: any(
        number in each.pieces for each in p.bought
    )


_amounts = st.sampled_from([Decimal(text) for text in ("0", "0.01", "49.99", "50", "49.995", "99.9", "150")])
_days = st.sampled_from((0, 1, 29, 30, 31, 90, 365, 366))
_small = st.integers(0, 4)
LEAVES: st.SearchStrategy[Meaning] = st.one_of(
    st.builds(_count, _signs, _small),
    st.builds(_spent, _signs, _amounts),
    st.builds(_average, _signs, _amounts),
    st.builds(_last, _signs, _days),
    st.builds(_group, st.booleans(), st.sampled_from(("dealer", "private", ""))),
    st.builds(_tag, st.booleans(), st.sampled_from(("vip", "a,b", "a", "'"))),
    st.builds(_orders, st.booleans(), _days, _signs, _small),
    st.builds(_channel, st.booleans(), st.sampled_from((0, 49, 50))),
    st.builds(_pieces, _signs, _small, _days),
    st.builds(_lines, st.integers(1, 5)),
)


def _opposite(one: Meaning) -> Meaning:
    return f"NOT ({one[0]})", lambda person: not one[1](person)


def _both(left: Meaning, right: Meaning) -> Meaning:
    return f"({left[0]}) AND ({right[0]})", lambda person: left[1](person) and right[1](person)


def _either(left: Meaning, right: Meaning) -> Meaning:
    return f"({left[0]}) OR ({right[0]})", lambda person: left[1](person) or right[1](person)


def _flat(first: Meaning, second: Meaning, third: Meaning) -> Meaning:
    """Without brackets: AND binds stronger."""
    text = " OR ".join((first[0], f"{second[0]} AND {third[0]}"))
    return text, lambda p: first[1](p) or (second[1](p) and third[1](p))


RULES = st.recursive(
    st.one_of(LEAVES, st.builds(_flat, LEAVES, LEAVES, LEAVES)),
    lambda inner: st.one_of(
        inner.map(_opposite), st.builds(_both, inner, inner), st.builds(_either, inner, inner)
    ),
    max_leaves=12,
)


@given(RULES)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_sql_means_what_the_text_says(shop: RuleShop, rule: Meaning) -> None:
    text, holds = rule
    assert shop.answers(text) == [int(holds(person)) for person in PEOPLE]


@given(st.lists(RULES, min_size=8, max_size=20), st.booleans(), st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_deep_sql_means_the_same(shop: RuleShop, rules: list[Meaning], every: bool, left: bool) -> None:
    text, holds = rules[0]
    for number, each in enumerate(rules[1:]):
        pair = (text, holds), each
        one, two = pair if left else pair[::-1]
        text, holds = (_both if (number % 2 == 0) is every else _either)(one, two)
    assert shop.answers(text) == [int(holds(person)) for person in PEOPLE]


# The longest conditions there are, as deep as they may be.
WIDE = (
    "products_purchased MATCHES"
    " (title IN ('ä', 'b'), tag != 'x', sku NOT IN ('y'), date IN (today, -3d), count > 1)"
)
LONG = (
    WIDE,
    "ladder('value') = 'A'",
    "refund_rate IN (0.1, 1)",
    "customer_cities CONTAINS 'ä b'",
    "guest = true",
)


@pytest.mark.parametrize("leaf", LONG)
@pytest.mark.parametrize("shape", ["{a} {o} ({b})", "({b}) {o} {a}"])
@pytest.mark.parametrize("depth", [4, 5, 6, 7, 8, 30, 50])
def test_fifty_brackets_run(shop: RuleShop, leaf: str, shape: str, depth: int) -> None:
    text = leaf
    for level in range(depth):
        text = shape.format(a="guest = true", o=("AND", "OR")[level % 2], b=text)
    assert set(shop.answers(text)) <= {0, 1}


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_several_deep_arms_run(shop: RuleShop, arms: int) -> None:
    arm = WIDE
    for level in range(48):
        arm = f"guest=true {('AND', 'OR')[level % 2]} ({arm})"
    text = " AND ".join([f"({arm})"] * arms)
    assert set(shop.answers(text)) <= {0, 1}


def test_a_bushy_tree_runs(shop: RuleShop) -> None:
    text = "guest=true"
    for level in range(8):
        text = f"({text}) {('AND', 'OR')[level % 2]} ({text})"
    assert set(shop.answers(text)) <= {0, 1}


@pytest.mark.parametrize("word", ["AND", "OR"])
def test_five_hundred_conditions_run(shop: RuleShop, word: str) -> None:
    text = f" {word} ".join(["guest=true", "guest=false"] * 250)
    assert shop.answers(text) == [int(word == "OR")] * len(PEOPLE)


@pytest.mark.parametrize(
    "values", ["last_order_date IN ({})", "refund_rate IN ({})", "number_of_orders IN ({})"]
)
def test_long_lists_beside_many_conditions_run(shop: RuleShop, values: str) -> None:
    value = "-1d" if "date" in values else "1"
    text = " AND ".join([values.format(",".join([value] * 500)), *["guest=true"] * 480])
    assert set(shop.answers(text[:10_000].rpartition(" AND ")[0])) <= {0, 1}


def test_conditions_and_parameters_have_names_of_their_own(shop: RuleShop) -> None:
    text = " OR ".join(f"amount_spent = {number}" for number in range(300))
    assert shop.members(text, CONTEXT) == [
        number for number, person in enumerate(PEOPLE, 1) if person.spent % 100 == 0 and person.spent < 30_000
    ]
