"""What `why` says is missing: exactly that makes somebody a member, and one cent or piece less does not."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.model import LineItem, Order
from tests.kiosk import Kiosk, kiosk
from tests.shopfloor import customer, order

RULES = {
    "orders": "number_of_orders > 2",
    "at-least": "number_of_orders >= 3",
    "exactly": "number_of_orders = 2",
    "few": "number_of_orders BETWEEN 2 AND 3",
    "never": "number_of_orders BETWEEN 3 AND 2",
    "spent": "amount_spent > 100",
    "half-a-cent": "amount_spent > 99.995",
    "to-the-cent": "amount_spent >= 99.991",
    "between": "amount_spent BETWEEN 80 AND 500",
    "year": "orders_placed MATCHES (date >= -1y, count >= 3)",
    "year-value": "orders_placed MATCHES (date >= -1y, sum_amount > 90)",
    "pieces": "products_purchased MATCHES (id = 3001, sum_quantity >= 4)",
    "large": "orders_placed MATCHES (amount >= 30, count > 1)",
    "both": "orders_placed MATCHES (count >= 2, sum_amount >= 90)",
    "top": "abc_class = 'A'",
    "middle": "abc_class = 'B'",
    "score": "rfm_monetary >= 4",
    "shipped": "first_order_days_to_ship > 5",
}
ASKED = "\n".join(f'[groups.{name}]\nmembers = "{rule}"' for name, rule in RULES.items())
ORDERS, PIECES = {"orders", "at-least", "exactly", "few", "year", "large"}, {"pieces"}

histories = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([1, 10, 200, 364, 365, 400]), st.integers(1, 12)),
    min_size=1,
    max_size=14,
)


@given(history=histories, who=st.integers(1, 6), name=st.sampled_from(sorted(RULES)))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_missing_is_enough_and_no_less_is(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[int, int, int]], who: int, name: str
) -> None:
    with kiosk(tmp_path_factory.mktemp("why")) as opened:
        opened.write_config(rules=ASKED)
        opened.put(customer(each, f"a{each}@example.com") for each in range(1, 7))
        opened.put(
            order(100 + nth, buyer, ago, 10 * euros) for nth, (buyer, ago, euros) in enumerate(history)
        )
        opened.done("pull")
        missing = said(opened, who, name)
        if missing is None:
            return
        assert name not in {"never", "both", "score", "shipped"}
        for less in (1, 0):
            give(opened, who, name, missing - less)
            assert is_member(opened, who, name) is (not less), (name, missing, less)


def said(opened: Kiosk, who: int, name: str) -> int | None:
    """What is missing, as a number of orders, pieces or cents."""
    (found,) = opened.done("why", str(who), name, "--json").json()
    (answer,) = found["verdicts"][0]["answers"]
    text = answer["missing"]
    assert text is None or not answer["passes"]
    if text is None:
        return None
    number = re.fullmatch(r"([0-9,]+)(\.([0-9]{2}) EUR)? more", text)
    assert number is not None, text
    return int(number[1].replace(",", "") + (number[3] or ""))


def give(opened: Kiosk, who: int, name: str, amount: int) -> None:
    """So many orders of 30 euros, or one order of so many pieces or cents."""
    opened.later(hours=1)
    if name in ORDERS:
        records = [order(900 + nth, who, 0, 30) for nth in range(amount)]
    elif name in PIECES:
        line = LineItem(product_id="3001", title="Espresso", quantity=amount, remaining=amount, total=5000)
        records = [order(900, who, 0, lines=(line,))] if amount else []
    else:
        records = [paid(who, amount)] if amount else []
    opened.put(records)
    opened.done("pull")


def paid(who: int, cents: int) -> Order:
    return order(900, who, 0, total=cents, goods=cents, tax=0)


def is_member(opened: Kiosk, who: int, name: str) -> bool:
    (found,) = opened.done("why", str(who), name, "--json").json()
    return bool(found["verdicts"][0]["member"])


def shop_of(folder: Path, *worth: int) -> Kiosk:
    """Customers 1, 2, 3 … who spent so many euros this year."""
    opened = Kiosk(folder)
    opened.write_config(rules=ASKED)
    opened.put(customer(nth, f"a{nth}@example.com") for nth in range(1, len(worth) + 1))
    opened.put(order(100 + nth, nth, 20, euros) for nth, euros in enumerate(worth, 1) if euros)
    opened.done("pull")
    return opened


def test_who_overtakes_the_next_one_behind_is_in_the_class_with_less_than_the_last_one_of_it(
    tmp_path: Path,
) -> None:
    """50 of 100 euros are A; with 35.01 of 120.01 the third comes second, and 85.01 are no more than 80 %."""
    opened = shop_of(tmp_path, 50, 35, 15)
    assert said(opened, 3, "top") == 2001


def test_whom_nothing_leads_into_b_is_told_nothing(tmp_path: Path) -> None:
    """Whoever overtakes 30 is at once in A."""
    opened = shop_of(tmp_path, 50, 30, 0)
    assert said(opened, 3, "middle") is None
    assert said(opened, 3, "top") == 3001


def test_the_only_one_who_buys_is_in_a_with_a_cent(tmp_path: Path) -> None:
    assert said(shop_of(tmp_path, 0), 1, "top") == 1


def test_a_sum_that_is_asked_for_is_shown_with_what_is_missing(tmp_path: Path) -> None:
    opened = shop_of(tmp_path, 50)
    (found,) = opened.done("why", "1", "year-value", "--json").json()
    (answer,) = found["verdicts"][0]["answers"]
    assert (answer["value"], answer["missing"]) == ("50.00 EUR", "40.01 EUR more")


def test_an_average_is_not_rounded_to_the_amount_it_misses(tmp_path: Path) -> None:
    """100.01 euros in three orders are 33.34 each, but for a third of a cent."""
    opened = shop_of(tmp_path, 0)
    opened.write_config(rules="[groups.usual]\nmembers = 'average_order_value >= 33.34'")
    opened.put(order(nth, 1, 9, total=cents, goods=cents) for nth, cents in ((1, 3333), (2, 3334), (3, 3334)))
    opened.done("pull")
    (found,) = opened.done("why", "1", "usual", "--json").json()
    assert found["verdicts"][0]["member"] is False
    assert found["verdicts"][0]["answers"][0]["value"] == "33.3367 EUR"


def test_scores_and_days_are_not_said_to_be_missing(tmp_path: Path) -> None:
    """They do not add up: nobody can buy two points of a score."""
    opened = shop_of(tmp_path, 10, 20, 30, 40, 50)
    assert (said(opened, 1, "score"), said(opened, 1, "shipped")) == (None, None)


def test_the_day_of_a_moment_is_that_of_the_shop(tmp_path: Path) -> None:
    """Half past ten in the evening (UTC) of the 31st is the 1st in Berlin."""
    opened = shop_of(tmp_path, 10)
    opened.write_config(rules="[groups.late]\nmembers = 'customer_added_date >= 2026-06-01'")
    made = opened.now.replace(month=5, day=31, hour=22, minute=30)
    opened.later(hours=1)
    opened.put([customer(2, "late@example.com", created_at=made)])
    opened.done("pull")
    (found,) = opened.done("why", "2", "late", "--json").json()
    assert found["verdicts"][0]["member"] is True
    assert found["verdicts"][0]["answers"][0]["value"] == "2026-06-01"
