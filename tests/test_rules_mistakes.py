"""What owners type wrongly: one sentence each, with its place, and what it says works when it is typed."""

import re

import pytest

from connector.rules import RuleError, parse

#: Answered with how it is written; done as told, once or several times, each becomes the rule beside it.
WRITTEN = {
    # numbers and money
    "amount_spent > 500,50": "amount_spent > 500.50",
    "amount_spent > 1.000,50": "amount_spent > 1000.50",
    "amount_spent > 1,000.50": "amount_spent > 1000.50",
    "amount_spent > 1.000.000": "amount_spent > 1000000",
    "amount_spent > 1.250.000,75": "amount_spent > 1250000.75",
    "amount_spent > 1 000": "amount_spent > 1000",
    "amount_spent > 1'000": "amount_spent > 1000",
    "amount_spent > 500.-": "amount_spent > 500",
    "average_order_value > 50,-": "average_order_value > 50",
    "number_of_orders > 3.": "number_of_orders > 3",
    "refund_rate > 30%": "refund_rate > 0.3",
    "refund_rate > 2,5 %": "refund_rate > 0.025",
    "refund_rate > 0,3": "refund_rate > 0.3",
    "days_between_orders < 30d": "days_between_orders < 30",
    "first_order_days_to_ship > 5 days": "first_order_days_to_ship > 5",
    # dates
    "last_order_date > 31.12.2025": "last_order_date > 2025-12-31",
    "last_order_date > '31.12.2025'": "last_order_date > 2025-12-31",
    "last_order_date > 5.1.2025": "last_order_date > 2025-01-05",
    "last_order_date > 31/12/2025": "last_order_date > 2025-12-31",
    "last_order_date > 12/31/2025": "last_order_date > 2025-12-31",
    "last_order_date > 2025/12/31": "last_order_date > 2025-12-31",
    "last_order_date > 2025-1-5": "last_order_date > 2025-01-05",
    "last_order_date > 90": "last_order_date > -90d",
    "last_order_date > -90": "last_order_date > -90d",
    "last_order_date > 90d": "last_order_date > -90d",
    "last_order_date > - 90d": "last_order_date > -90d",
    "last_order_date > -90 days": "last_order_date > -90d",
    "last_order_date > 90 days ago": "last_order_date > -90d",
    "last_order_date > 90_days": "last_order_date > -90d",
    "last_order_date > -3 Monate": "last_order_date > -3m",
    "last_order_date > today - 90d": "last_order_date > -90d",
    "last_order_date > heute": "last_order_date > today",
    "last_order_date > gestern": "last_order_date > yesterday",
    "last_order_date > now": "last_order_date > today",
    "last_order_date = last month": "last_order_date = last_calendar_month",
    # comparisons
    "number_of_orders => 3": "number_of_orders >= 3",
    "number_of_orders =< 3": "number_of_orders <= 3",
    "number_of_orders == 3": "number_of_orders = 3",
    "number_of_orders ≥ 3": "number_of_orders >= 3",
    "number_of_orders ≤ 3": "number_of_orders <= 3",
    "number_of_orders ≠ 3": "number_of_orders != 3",
    "number_of_orders <> 3": "number_of_orders != 3",
    "number_of_orders !== 3": "number_of_orders != 3",
    "number_of_orders > = 3": "number_of_orders >= 3",
    "number_of_orders ! = 3": "number_of_orders != 3",
    "number_of_orders is 3": "number_of_orders = 3",
    "number_of_orders ist 3": "number_of_orders = 3",
    "number_of_orders equals 3": "number_of_orders = 3",
    "number_of_orders greater than 3": "number_of_orders > 3",
    "number_of_orders mehr als 3": "number_of_orders > 3",
    "number_of_orders mindestens 3": "number_of_orders >= 3",
    "number_of_orders NOT > 3": "NOT number_of_orders > 3",
    "number_of_orders BETWEEN 3 - 5": "number_of_orders BETWEEN 3 AND 5",
    "number_of_orders BETWEEN 3, 5": "number_of_orders BETWEEN 3 AND 5",
    "number_of_orders BETWEEN (3, 5)": "number_of_orders BETWEEN 3 AND 5",
    "number_of_orders ZWISCHEN 3 UND 5": "number_of_orders BETWEEN 3 AND 5",
    "last_order_date = NULL": "last_order_date IS NULL",
    "last_order_date != null": "last_order_date IS NOT NULL",
    "last_order_date NOT NULL": "last_order_date IS NOT NULL",
    "last_order_date IS EMPTY": "last_order_date IS NULL",
    "last_order_date IST LEER": "last_order_date IS NULL",
    "customer_tags DOES NOT CONTAIN 'vip'": "customer_tags NOT CONTAINS 'vip'",
    "customer_tags enthält 'vip'": "customer_tags CONTAINS 'vip'",
    "guest = nein": "guest = false",
    "100 < amount_spent": "amount_spent > 100",
    "last_order_date before 2025-01-01": "last_order_date < 2025-01-01",
    "last_order_date since 01.02.2025": "last_order_date >= 2025-02-01",
    "last_order_date in the last 90 days": "last_order_date >= -90d",
    "last_order_date älter als 180 Tage": "last_order_date < -180d",
    # joining
    "number_of_orders > 3 && amount_spent > 5": "number_of_orders > 3 AND amount_spent > 5",
    "number_of_orders > 3 || amount_spent > 5": "number_of_orders > 3 OR amount_spent > 5",
    "number_of_orders > 3 UND amount_spent > 5": "number_of_orders > 3 AND amount_spent > 5",
    "number_of_orders > 3 oder amount_spent > 5": "number_of_orders > 3 OR amount_spent > 5",
    "NICHT number_of_orders > 3": "NOT number_of_orders > 3",
    "number_of_orders > 3, amount_spent > 5": "number_of_orders > 3 AND amount_spent > 5",
    "number_of_orders > 3; amount_spent > 5": "number_of_orders > 3 AND amount_spent > 5",
    "number_of_orders > 3 NOT amount_spent > 5": "number_of_orders > 3 AND NOT amount_spent > 5",
    "[number_of_orders > 3]": "(number_of_orders > 3)",
    # names
    "amount spent > 500": "amount_spent > 500",
    '"number_of_orders" > 3': "number_of_orders > 3",
    "'number_of_orders' > 3": "number_of_orders > 3",
    "`number_of_orders` > 3": "number_of_orders > 3",
    # the brackets of a question
    "products_purchased MATCHES (tag: 'espresso')": "products_purchased MATCHES (tag= 'espresso')",
    "products_purchased MATCHES (tag = 'espresso'; date >= -1y)": (
        "products_purchased MATCHES (tag = 'espresso', date >= -1y)"
    ),
}

_QUOTE = "Text stands in straight single quotes, such as 'espresso'."
_QUESTION = (
    "products_purchased is a question."
    " Write it like this: products_purchased MATCHES (tag = 'espresso', date >= -1y)."
)
_CURRENCY = "Amounts are written without a currency; it is the shop's."
_NO_NUMBER = (
    "number_of_orders is compared with a whole number; this is a name."
    " Write it like this: number_of_orders > 3."
)
_ONE_VALUE = (
    "CONTAINS has one value."
    " Write it like this: customer_tags CONTAINS 'vip' OR customer_tags CONTAINS 'gold'."
)
#: Answered otherwise: the sentence, and where the caret stands.
TOLD = {
    "amount_spent > 500 EUR": (_CURRENCY, "500 EUR"),
    "amount_spent > EUR 500": (_CURRENCY, "EUR 5"),
    "amount_spent > 500 €": (_CURRENCY, "500 €"),
    "amount_spent > $500": (_CURRENCY, "$500"),
    "orders_placed MATCHES (amount > 100 EUR)": (_CURRENCY, "100 EUR"),
    "amount_spent > 1.000": ("'1.000' could be 1000 or 1. Write one of these.", "1.000"),
    "amount_spent > 1.250": ("'1.250' could be 1250 or 1.25. Write one of these.", "1.250"),
    "discounted_order_share >= 50": (
        "discounted_order_share goes from 0 to 1: 50 % is written 0.5.",
        "50",
    ),
    "number_of_orders > drei": (
        _NO_NUMBER,
        "drei",
    ),
    "last_order_date > 2025": ("A date has a day: 2025 begins with 2025-01-01.", "2025"),
    "last_order_date > 05/06/2025": (
        "'05/06/2025' is not a date: dates are written like 2026-01-31.",
        "05/06",
    ),
    "customer_tags CONTAINS „vip“": (_QUOTE, "„vip"),
    "customer_tags CONTAINS ‘vip’": (_QUOTE, "‘vip"),
    'customer_tags CONTAINS "vip"': ("Text stands in single quotes, such as 'espresso'.", '"vip'),
    "customer_tags CONTAINS 'vip": ("This text has no closing quote.", "'vip"),
    "customer_tags CONTAINS vip": (
        "customer_tags is compared with text; this is a name. Text stands in single quotes: 'vip'.",
        "vip",
    ),
    "customer_tags CONTAINS ('vip', 'gold')": (
        _ONE_VALUE,
        "customer_tags",
    ),
    "abc_class = 'A' OR 'B'": (
        "Every condition names its attribute. Write it like this: abc_class = 'A' OR abc_class = 'B'.",
        "abc_class",
    ),
    "amount_spent > 100 and < 200": (
        "Every condition names its attribute. Write it like this: amount_spent > 100 AND amount_spent < 200.",
        "amount_spent",
    ),
    "customer_email_domain = ada@example.com": ("Text stands in single quotes: 'ada@example.com'.", "ada@"),
    "customer_tags CONTAINS 'it's nice'": (r"A quote inside text is written \'.", "s nice"),
    "customer_group = 'it's'": (r"A quote inside text is written \'.", "s'"),
    "products_purchased = 'espresso'": (_QUESTION, "products_purchased"),
    "products_purchased MATCHES 'espresso'": (_QUESTION, "products_purchased"),
    "products_purchased MATCHES tag = 'espresso'": (_QUESTION, "products_purchased"),
    "products_purchased(tag = 'espresso') = true": (_QUESTION, "products_purchased"),
    "products_purchased MATCHES (tag = 'espresso' AND date >= -1y)": (
        "In the brackets of a question, conditions are joined with commas, not with AND.",
        "AND",
    ),
    "products_purchased MATCHES (id = 12 OR id = 13)": (
        "In the brackets of a question there is no OR; several values stand behind IN, as in id IN (7, 8).",
        "OR",
    ),
    "in_group 'regulars'": (
        "in_group is written like this: in_group('regulars') AND NOT in_group('dormant').",
        "in_group",
    ),
    "anniversary('birthday') IN 30 days": (
        "anniversary is written like this: anniversary('birthday') BETWEEN today AND +30d.",
        "anniversary",
    ),
    "number_of_orders BETWEEN 3": ("The rule ends too early: AND is missing.", ""),
    "number_of_order > 3": (
        "There is no attribute 'number_of_order'. Did you mean 'number_of_orders'?",
        "number_of_order",
    ),
    "order_count > 3": (
        "There is no attribute 'order_count'. Did you mean 'number_of_orders'?",
        "order_count",
    ),
    "Umsatz > 500": ("There is no attribute 'Umsatz'. Did you mean 'amount_spent'?", "Umsatz"),
    "guest = true -- no accounts": (
        "A rule has no comments: leave out what stands behind --.",
        "-- no",
    ),
    "customer_tags LIKE '%vip%'": (
        "Beginnings are compared with STARTS WITH, ends with ENDS WITH.",
        "LIKE",
    ),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_told_works_when_it_is_typed(text: str) -> None:
    rule = text
    for _ in range(4):
        try:
            parse(rule)
        except RuleError as error:
            rule = _done_as_told(rule, error)
    assert rule == WRITTEN[text]


def _done_as_told(rule: str, error: RuleError) -> str:
    told = re.fullmatch(r"'(.*)' is written (.*)\.", error.message)
    assert told is not None, error.message
    quoted = f"'{told[1]}'"
    if rule.startswith(quoted, error.position) and not rule.startswith(told[1], error.position):
        told_length = len(quoted)
    else:
        assert rule.startswith(told[1], error.position), error.pretty()
        told_length = len(told[1])
    before, after = rule[: error.position], rule[error.position + told_length :]
    blank = " " if told[2].isalpha() and not before.endswith((" ", "(")) and before else ""
    return before + blank + told[2] + after


@pytest.mark.parametrize("text", TOLD)
def test_a_mistake_gets_one_sentence_and_its_place(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    sentence, place = TOLD[text]
    assert caught.value.message == sentence
    assert text[caught.value.position :].startswith(place)
    assert caught.value.pretty().count("\n") == 2


def test_a_query_that_begins_with_where_is_what_follows() -> None:
    assert parse("WHERE number_of_orders > 3").tree == parse("      number_of_orders > 3").tree


def test_a_product_by_the_id_of_shopifys_api_is_the_one_of_its_admin() -> None:
    (check,) = parse("products_purchased MATCHES (id = 'gid://shopify/Product/7')").tree.rows  # type: ignore[union-attr]
    assert check.values == ("7",)


def test_a_date_may_stand_in_quotes() -> None:
    for quoted, plain in {
        "last_order_date > '2025-01-01'": "last_order_date > 2025-01-01  ",
        "last_order_date BETWEEN '-90d' AND 'today'": "last_order_date BETWEEN -90d   AND today  ",
        "last_order_date = '2025-01-01T10:00:00'": "last_order_date = 2025-01-01T10:00:00  ",
    }.items():
        one, other = parse(quoted).tree, parse(plain).tree
        assert one.check == other.check  # type: ignore[union-attr]
