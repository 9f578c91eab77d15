"""Text to rule: every text is a rule or gets an error that says where and what; limits; round trips; time."""

import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import ConfigError
from connector.rules import RuleError, compile_rule, parse
from tests.rule_shop import CONTEXT

ERRORS = {
    "": "The rule is empty. A rule is a condition, such as number_of_orders > 3.",
    "numbr_of_orders > 3": "There is no attribute 'numbr_of_orders'. Did you mean 'number_of_orders'?",
    "zzz = 1": "There is no attribute 'zzz'.",
    "created_by_app_id = 5": (
        "'created_by_app_id' exists in Shopify's language, but shops do not say which app created a customer."
    ),
    "shopify_email.opened() = true": (
        "'shopify_email.opened' exists in Shopify's language, but what happened to an e-mail is known to"
        " Shopify alone."
    ),
    "customer_within_distance(coordinates: (-33.8, 151.2), distance_km: 50) = true": (
        "'customer_within_distance' exists in Shopify's language, but addresses are mirrored without"
        " coordinates."
    ),
    "customer_within_distance MATCHES (coordinates = (-33.8, 151.2), distance_km = 50)": (
        "'customer_within_distance' exists in Shopify's language, but addresses are mirrored without"
        " coordinates."
    ),
    "number_of_orders = (1, 2)": "= has one value; several stand behind IN.",
    "orders_placed() = (true, false)": "orders_placed(…) is either = true or = false.",
    "orders_placed MATCHES (app_id = 129785)": (
        "The parameter 'app_id' exists in Shopify's language, but shops do not say which app an order came"
        " from; compare channel."
    ),
    "orders_placed MATCHES (cuont = 1)": "orders_placed has no parameter 'cuont'. Did you mean 'count'?",
    "orders_placed MATCHES (zz = 1)": (
        "orders_placed has no parameter 'zz'. It has date, amount, channel, location, payment_method,"
        " country, with_code, count, sum_amount."
    ),
    "orders_placed(5) = true": (
        "A parameter of orders_placed has a name. Write it like this:"
        " orders_placed MATCHES (date >= -1y, count >= 3)."
    ),
    "orders_placed = true": (
        "orders_placed is a question. Write it like this: orders_placed MATCHES (date >= -1y, count >= 3)."
    ),
    "orders_placed() > 3": "orders_placed(…) is either = true or = false.",
    "orders_placed(count: 1) MATCHES (count = 1)": "orders_placed has its parameters twice.",
    "number_of_orders": (
        "number_of_orders is not compared with anything. Write it like this: number_of_orders > 3."
    ),
    "number_of_orders() > 3": "number_of_orders has no brackets. Write it like this: number_of_orders > 3.",
    "number_of_orders MATCHES (count = 1)": (
        "number_of_orders has no brackets. Write it like this: number_of_orders > 3."
    ),
    "number_of_orders > 3.5": "number_of_orders is a whole number, without a decimal point.",
    "number_of_orders > 99999999999999999999": "This number is too large.",
    "number_of_orders > '3'": (
        "number_of_orders is compared with a whole number; this is a text."
        " Write it like this: number_of_orders > 3."
    ),
    "number_of_orders CONTAINS 3": (
        "number_of_orders (whole number) is compared with !=, <, <=, =, >, >=, BETWEEN, IN, IS NULL,"
        " not with CONTAINS."
    ),
    "amount_spent > 1234567890123": "This number is too large.",
    "amount_spent > 0.1234567": "A number has at most 6 decimals.",
    "amount_spent > 1,000": (
        "Numbers are written with a decimal point and without separators, such as 1499.90."
    ),
    "amount_spent > 5oo": (
        "'5oo' is neither a number, such as 499.90, nor a date, such as 2026-01-31 or -90d."
    ),
    "amount_spent > 500€": "Amounts are written without a currency; it is the shop's.",
    "email_subscription_status = SUBSCRIBED": (
        "email_subscription_status is compared with one of a few texts; this is a name."
        " Text stands in single quotes: 'SUBSCRIBED'."
    ),
    "email_subscription_status = 'INVALID'": (
        "email_subscription_status is never 'INVALID'."
        " There are SUBSCRIBED, UNSUBSCRIBED, PENDING, NOT_SUBSCRIBED."
    ),
    "rfm_group = 'CHAMPION'": "rfm_group is never 'CHAMPION'. Did you mean 'CHAMPIONS'?",
    "customer_tags = 'vip'": (
        "customer_tags is a list: compare it with CONTAINS or NOT CONTAINS, not with =."
    ),
    "customer_group STARTS WITH ''": "STARTS WITH needs at least one letter.",
    "last_order_date > 7_dais_ago": "'7_dais_ago' is not a date. Did you mean '7_days_ago'?",
    "last_order_date = 2026-02-29": "2026-02-29 is not a day and time of the calendar.",
    "last_order_date = 2026-01-01T24:00:00": "2026-01-01T24:00:00 is not a day and time of the calendar.",
    "last_order_date = 0001-01-01": "0001-01-01 is too far away.",
    "last_order_date = 2026-1-5": "'2026-1-5' is written 2026-01-05.",
    "last_order_date = 31.01.2026": "'31.01.2026' is written 2026-01-31.",
    "anniversary('brithday') = today": "anniversary does not know 'brithday'. Did you mean 'birthday'?",
    "anniversary('birthday') > today": "An anniversary is compared with =, !=, BETWEEN or IS NULL.",
    "anniversary('birthday') = 2026-01-01T10:00:00": "An anniversary is a whole day, without a time.",
    "anniversary() = today": (
        "anniversary is written like this: anniversary('birthday') BETWEEN today AND +30d."
    ),
    "in_group(x)": "in_group is written like this: in_group('regulars') AND NOT in_group('dormant').",
    "ladder('value')": "ladder is written like this: ladder('value') = 'A'.",
    'customer_group = "x"': "Text stands in single quotes, such as 'espresso'.",
    "customer_group = 'x": "This text has no closing quote.",
    "customer_group = 'it''s'": r"A quote inside text is written \'.",
    "guest == true": "'==' is written =.",
    "guest <> true": "'<>' is written !=.",
    "guest = true && guest = true": "'&&' is written AND.",
    "customer_group LIKE 'x'": "Beginnings are compared with STARTS WITH, ends with ENDS WITH.",
    "guest wie true": "'wie' cannot stand here; expected is a comparison such as = or >.",
    "guest =": "The rule ends too early: a value is missing.",
    "guest = true AND": ("The rule ends too early: a condition such as number_of_orders > 3 is missing."),
    "(guest = true": "The rule ends too early: a closing bracket is missing.",
    "guest = true)": "')' cannot stand here; expected is the end.",
    "abc_class IN ()": "')' cannot stand here; expected is a value.",
    "guest = true\x00": "This character cannot be part of a rule.",
    "guest = \ud800": "This character cannot be part of a rule.",
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors_in_plain_words(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert str(caught.value) == ERRORS[text]
    assert isinstance(caught.value, ConfigError)


def test_an_error_shows_its_place() -> None:
    with pytest.raises(RuleError) as caught:
        parse("number_of_orders > 3\n\tAND rfm_group = 'CHAMPION'\nOR guest = true")
    assert (caught.value.line, caught.value.column) == (2, 18)
    assert caught.value.pretty() == (
        "rfm_group is never 'CHAMPION'. Did you mean 'CHAMPIONS'?\n"
        "   AND rfm_group = 'CHAMPION'\n"
        "                   ^"
    )


def test_a_long_line_is_cut_around_the_place() -> None:
    with pytest.raises(RuleError) as caught:
        parse("guest = true AND " * 100 + "gust = true" + " AND guest = true" * 100)
    sentence, line, caret = caught.value.pretty().split("\n")
    assert sentence == "There is no attribute 'gust'. Did you mean 'guest'?"
    assert len(line) < 110
    assert line[caret.index("^") :].startswith("gust = true")


def test_limits() -> None:
    parse("(" * 50 + "guest = true" + ")" * 50)
    parse("NOT " * 50 + "guest = true")
    parse(" OR ".join(["guest=true"] * 500))
    parse("guest = true" + " " * 9988)
    for text, message in {
        "(" * 51 + "guest = true" + ")" * 51: "Brackets and NOT go at most 50 deep; here they go 51.",
        "NOT " * 2000 + "guest = true": "Brackets and NOT go at most 50 deep; here they go 2000.",
        " OR ".join(["guest=true"] * 501): "A rule has at most 500 conditions; this has 501.",
        f"orders_placed MATCHES ({','.join(['count>1'] * 501)})": (
            "A rule has at most 500 conditions; this has 501."
        ),
        f"products_purchased MATCHES (id IN ({','.join(['1'] * 501)}))": "A list has at most 500 values.",
        "guest = true" + " " * 9989: "A rule has at most 10,000 characters; this one has 10,001.",
    }.items():
        with pytest.raises(RuleError) as caught:
            parse(text)
        assert str(caught.value) == message


PIECES = (
    *("guest", "number_of_orders", "amount_spent", "last_order_date", "customer_tags", "customer_group"),
    *(
        "orders_placed",
        "products_purchased",
        "first_product",
        "sk_rfm_group",
        "rfm_recency",
        "in_group",
        "ladder",
        "anniversary",
        "abc_class",
        "refund_rate",
    ),
    *(
        "tag",
        "count",
        "date",
        "today",
        "last_calendar_month",
        "7_days_ago",
        "99_moons_ago",
        "nonsense",
        "größe",
    ),
    *("=", "!=", "<", "<=", ">", ">=", "(", ")", ",", ":", "'", "''", "'x'", "'A'", "'birthday'", "'value'"),
    *("AND", "or", "Not", "in", "BETWEEN", "contains", "IS", "null", "STARTS WITH", "MATCHES", "not_matches"),
    *(
        "true",
        "FALSE",
        "3",
        "-3",
        "4.5",
        "1e9",
        "2026-01-31",
        "2026-02-30",
        "2026-01-31T10:00:00",
        "-90d",
        "+3m",
    ),
    *(
        "-99999999999y",
        "FROM customers SHOW a WHERE",
        "ORDER BY a",
        "\n",
        "\t",
        "\\",
        '"',
        ";",
        "--",
        "\x00",
        "€",
    ),
)


def _parses_or_complains(text: str) -> bool:
    try:
        rule = parse(text)
    except RuleError as error:
        assert error.pretty().count("\n") == 2  # noqa: PT017
        return False
    try:
        compile_rule(rule, CONTEXT)
        compile_rule(rule, CONTEXT, everybody=True)
    except RuleError as error:
        assert "There is no " in str(error)  # noqa: PT017
    return True


@given(st.text(max_size=200))
def test_any_text_is_a_rule_or_an_error(text: str) -> None:
    _parses_or_complains(text)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))
@settings(max_examples=300)
def test_any_words_are_a_rule_or_an_error(text: str) -> None:
    _parses_or_complains(text)


FUZZED = 100_000


@pytest.mark.slow
def test_a_hundred_thousand_inputs() -> None:
    chance = random.Random(2026)  # noqa: S311  reproducible, not secret
    rules = sum(_parses_or_complains(_mutant(chance)) for _ in range(FUZZED))
    assert rules > FUZZED / 50


SEEDS = (
    "number_of_orders > 3 AND last_order_date >= -90d",
    "products_purchased(tag: 'espresso', date: -1y) = true",
    "NOT (customer_tags CONTAINS 'vip' OR guest = false)",
    "anniversary('birthday') BETWEEN today AND +30d",
    "ladder('value') IN ('A', 'B')",
    "first_product MATCHES (sku = 'E-1', quantity >= 2) OR sk_rfm_group = 'LOYAL'",
)


def _mutant(chance: random.Random) -> str:
    """A few words of the language, or a rule with one piece of it changed."""
    if chance.random() < 0.5:
        return " ".join(chance.choices(PIECES, k=chance.randint(1, 6)))
    seed = chance.choice(SEEDS)
    start = chance.randrange(len(seed) + 1)
    end = min(len(seed), start + chance.choice((0, 0, 1, 2, 5)))
    middle = chance.choice((" ", *PIECES)) if chance.random() < 0.7 else chr(chance.randrange(32, 0x3000))
    return seed[:start] + middle + seed[end:]


def _slow_inputs() -> Iterator[str]:
    yield from (
        piece * (10_000 // len(piece)) for piece in (*PIECES, "a ", "a.", "1", "-", "'\\", "((", "a=1 OR ")
    )
    yield "a" * 10_000
    yield "numbr_of_ordrs_" * 600 + " > 3"
    yield f"guest = '{'x' * 9000}"
    yield f"customer_group = '{'äÖü' * 3000}'"
    yield f"customer_group IN ({','.join(['äöüßéè'.join(chr(39) * 2)] * 500)})"
    yield f"abc_class = '{'A' * 9000}'"
    yield " AND ".join(["products_purchased MATCHES (title='äöüßé')"] * 200)
    yield " AND ".join(["(guest=true OR NOT guest=true)"] * 250)
    yield "\n" * 9000 + "guest"


def test_no_input_takes_more_than_a_second() -> None:
    for text in _slow_inputs():
        began = time.perf_counter()
        _parses_or_complains(text)
        assert time.perf_counter() - began < 1, text[:50]
