"""The whole life of a code in a Shopify shop: planned, issued, used at its checkout, and what came of it.

Everything goes through commands and HTTP: the buyers' through the sandbox's checkout, the owner's through its
API and its counter.
"""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.model import Consent, Product
from tests.shopfloor import MADE, TOKEN, Floor, customer, order, put

GROUPS = """
[groups.dormant]
members = "number_of_orders >= 2 AND last_order_date < -180d"
"""
COME_BACK = """
[campaigns.come-back]
active = true
group = "dormant"
coupon = { percent = 10, minimum = 30, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 10 }
"""
CONFIRMED = (Consent(channel="email", state="subscribed", level="confirmed"),)


class Town(Floor):
    """A shop with two dormant customers, 1001 and 1002, who bought for 50.00 twice, and one new one, 1003."""

    order_id = ""  #: of the last order that was taken

    def configure(self, *texts: str, top: str = "") -> None:
        self.write_config(top=top, rules="\n".join((GROUPS, *texts)))

    def sync(self, **by: float) -> None:
        """So much later, everything is read and pushed."""
        self.later(**by)
        self.done("sync", "--force")

    def code(self, who: str = "1001") -> str:
        """The newest code of a customer."""
        return self.codes(who)[-1]

    def codes(self, who: str) -> list[str]:
        query = f"SELECT code FROM issued WHERE customer_id = '{who}' AND state <> 'refused' ORDER BY round"
        return [row[0] for row in self.rows(query)]

    def funnel(self, campaign: str = "come-back") -> dict[str, tuple[int, int, int]]:
        """Codes, value and net sales at each step; steps without a code are left out."""
        (seen,) = self.done("campaign", campaign, "--json").json()
        return {
            step["name"]: (step["codes"], step["value"], step["sales"])
            for step in seen["funnel"]
            if step["codes"]
        }

    def states(self, campaign: str = "come-back") -> dict[str, int]:
        return {name: step[0] for name, step in self.funnel(campaign).items()}

    def buy(self, *codes: str, who: str | None = "1001", cents: int = 5000, **other: Any) -> str | None:
        """Somebody orders coffee at the checkout, paid and with shipping for 4.90: why not, or None."""
        lines = [{"price": cents, "product_id": other.pop("product", "3001")}]
        basket = {"lines": lines, "customer_id": who, "codes": codes, "shipping": 490, **other}
        answer = self._post("checkout", basket)
        self.order_id = answer.get("order_id", self.order_id)
        refused: str | None = answer.get("refused")
        return refused

    def act(self, action: str, **body: Any) -> None:
        """The owner does something with the last order."""
        answer = self._post(action, {"order_id": self.order_id, **body})
        assert "refused" not in answer, answer

    def _post(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = requests.post(
            f"{self.shop.url}/sandbox/{action}", json=body, timeout=10
        ).json()
        assert "error" not in answer, answer
        return answer

    def deactivate(self, code: str) -> None:
        """The merchant switches a discount off in the admin."""
        self._ask(f"discountCodeDeactivate(id: {self._node(code)})")

    def prolong(self, code: str, until: str) -> None:
        """The merchant lets a discount end later in the admin."""
        wanted = f'{{ endsAt: "{until}" }}'
        self._ask(f"discountCodeBasicUpdate(id: {self._node(code)}, basicCodeDiscount: {wanted})")

    def _node(self, code: str) -> str:
        found = self.shop.discounts.find(code)
        assert found is not None
        return f'"gid://shopify/DiscountCodeNode/{found.discount}"'

    def _ask(self, mutation: str) -> None:
        text = f"mutation {{ {mutation} {{ userErrors {{ message }} }} }}"
        url = f"{self.shop.url}/admin/api/2026-10/graphql.json"
        headers = {"X-Shopify-Access-Token": TOKEN}
        answer = requests.post(url, json={"query": text}, headers=headers, timeout=10).json()
        ((done),) = answer["data"].values()
        assert done == {"userErrors": []}

    def told(self, *words: str) -> str:
        """What `code` says about a code."""
        return self.done("code", *words).out


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = Town(tmp_path)
    try:
        opened.open_shop()
        opened.set(limits="{ losing = 1, gaining = 1 }")
        put(opened.shop, people())
        opened.configure(COME_BACK)
        yield opened
    finally:
        opened.close()


def people() -> Iterator[Any]:
    yield Product(id="3001", title="Espresso", categories=("Kaffee",), updated_at=MADE)
    yield Product(id="3002", title="Barista", categories=("Bücher",), updated_at=MADE)
    for number in (1001, 1002):
        yield customer(number, f"c{number}@example.com", consents=CONFIRMED)
        yield order(number * 10, number, 250)
        yield order(number * 10 + 1, number, 200)
    yield customer(1003, "c1003@example.com")


# -- at the checkout ----------------------------------------------------------------------------------------


def test_a_code_works_once_for_its_customer_from_its_minimum_on(town: Town) -> None:
    town.sync()
    code = town.code()
    assert town.shop.attribute("1001", "code-come-back") == code
    assert town.buy(code, who="1002") == "The discount is not for this customer."
    assert town.buy(code, who=None, email="c1003@example.com") == "The discount is not for this customer."
    assert town.buy(code, cents=2999) == "The basket is below the minimum of this discount."
    assert town.buy(code.lower(), cents=3000) is None
    assert town.buy(code) == "The code has been used up."
    assert town.buy(code, who="1002") == "The code has been used up."


def test_a_code_works_neither_before_its_day_nor_after_its_end(town: Town) -> None:
    town.sync()
    town.later(seconds=-1)
    assert town.buy(town.code()) == "The discount has not started yet."
    town.later(days=30)
    assert town.buy(town.code()) is None
    town.later(seconds=1)
    assert town.buy(town.code("1002"), who="1002") == "The discount has expired."


def test_a_code_stands_in_no_order_beside_another(town: Town) -> None:
    town.sync()
    town.shop.add_foreign_code("SOMMER")
    assert town.buy(town.code(), "SOMMER") == "The discounts cannot be combined."
    assert town.buy(town.code(), town.code("1002"), who="1001") == "The discount is not for this customer."
    assert town.buy(town.code()) is None


def test_a_code_for_a_category_works_for_nothing_else(town: Town) -> None:
    town.configure(COME_BACK.replace("valid_days", 'categories = ["kaffee"], valid_days'))
    town.sync()
    assert town.buy(town.code(), product="3002") == "Nothing in the basket takes this discount."
    assert town.buy(town.code(), product="3001") is None
    town.sync(days=1)
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}


def test_a_code_for_a_product_named_by_its_sku_works_for_nothing_else(town: Town) -> None:
    town.shop.put(Product(id="3003", title="Kanne", skus=("KA-1",), updated_at=MADE))
    town.configure(COME_BACK.replace("valid_days", 'products = ["ka-1"], valid_days'))
    town.sync()
    assert town.buy(town.code()) == "Nothing in the basket takes this discount."
    assert town.buy(town.code(), product="3003") is None


def test_a_campaign_that_shopify_cannot_keep_makes_no_code(town: Town) -> None:
    for term, reason in (
        ('exclude_categories = ["Bücher"]', "leave categories out of a code (exclude_categories)"),
        ("sale_items = false", "leave reduced goods out (sale_items = false)"),
        ("new_customers_only = true", "keep a code to new customers"),
    ):
        town.configure(COME_BACK.replace("valid_days", f"{term}, valid_days"))
        ran = town.run("sync", "--force")
        assert (ran.code, f"campaigns.come-back: the shop cannot {reason}.\n" in ran.err) == (2, True)
    free = COME_BACK.replace("percent = 10", "free_shipping = true")
    for text, term, reason in (
        (COME_BACK, 'products = ["3001"], categories = ["Kaffee"]', "products and categories"),
        (free, 'products = ["3001"]', "free_shipping and products"),
        (free, 'categories = ["Kaffee"]', "free_shipping and categories"),
    ):
        town.configure(text.replace("valid_days", f"{term}, valid_days"))
        ran = town.run("sync", "--force")
        assert (ran.code, f"the shop cannot keep {reason} together in one code.\n" in ran.err) == (2, True)
    assert town.shop.codes() == frozenset()


def test_check_says_what_the_checkout_keeps(town: Town) -> None:
    town.done("pull")
    said = town.done("check").out
    assert "only the customer can use a code" in said
    assert "it works for reduced goods too, as the shop cannot leave them out" in said
    assert "beside other codes" not in said


# -- redeemed -----------------------------------------------------------------------------------------------


def test_a_redeemed_code_is_seen_in_the_order_with_what_it_took_off_and_brought(town: Town) -> None:
    town.sync()
    assert town.funnel() == {"issued": (2, 1000, 0), "handed over": (2, 1000, 0), "open": (2, 1000, 0)}
    assert town.buy(town.code(), cents=8000) is None
    town.sync(days=1)
    # 10 % of 80.00 with tax: 7.48 without; the goods are 72.00 with tax, 67.29 without.
    assert town.funnel() == {
        "issued": (2, 1000, 0),
        "handed over": (2, 1000, 0),
        "redeemed": (1, 748, 6729),
        "open": (1, 500, 0),
    }
    assert f"In order #{town.order_id}\n" in town.told(town.code())
    assert town.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"


def test_a_code_of_free_shipping_costs_what_shipping_usually_costs(town: Town) -> None:
    shipped = {"total": 5490, "shipping": 458, "tax": 359, "goods": 4673}
    for number, ago in ((9001, 240), (9002, 230)):
        town.shop.put(order(number, 1001, ago, **shipped))
    town.configure(COME_BACK.replace("percent = 10", "free_shipping = true"))
    town.sync()
    assert town.buy(town.code(), cents=2000) == "The basket is below the minimum of this discount."
    assert town.buy(town.code()) is None
    found = town.shop.shop.store.order(int(town.order_id))
    assert found is not None
    assert (found.total, found.shipping, found.shipping_off) == (5000, 0, 490)
    town.sync(days=1)
    # Whenever 1001 was charged for shipping it was 4.90; orders that went free say nothing about its price.
    assert town.funnel()["redeemed"] == (1, 490, 4673)
    assert town.funnel()["open"] == (1, 490, 0)  # 1002 never paid any: what it costs in this shop


def test_a_code_redeemed_while_we_were_down_is_redeemed_though_it_ended_since(town: Town) -> None:
    town.sync()
    town.later(days=10)
    assert town.buy(town.code()) is None
    town.sync(days=60)
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "expired": 1}
    assert len(town.codes("1001")) == 1


def test_an_order_on_account_leaves_the_code_open_until_it_is_paid(town: Town) -> None:
    town.sync()
    assert town.buy(town.code(), paid=False) is None
    town.sync(days=1)
    assert town.states() == {"issued": 2, "handed over": 2, "open": 2}
    said = town.told(town.code())
    assert f"Would fail now: order #{town.order_id} carries it and is neither paid nor shipped yet\n" in said
    town.act("pay")
    town.sync(days=1)
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}


# -- released -----------------------------------------------------------------------------------------------


def test_an_order_cancelled_before_it_is_shipped_is_followed_by_one_new_code(town: Town) -> None:
    town.sync()
    first = town.code()
    assert town.buy(first) is None
    town.sync(days=1)
    town.act("cancel")
    town.sync(days=1)
    assert town.states() == {"issued": 3, "handed over": 3, "released": 1, "open": 2}
    second = town.code()
    assert second != first
    assert town.shop.attribute("1001", "code-come-back") == second
    assert town.buy(first) == "The discount has expired."  # switched off, not two that work
    for _ in range(3):
        town.sync(days=1)
    assert len(town.codes("1001")) == 2
    assert town.buy(second) is None
    town.sync(days=1)
    assert town.states() == {"issued": 3, "handed over": 3, "redeemed": 1, "released": 1, "open": 1}


def test_an_order_cancelled_after_it_was_shipped_has_used_its_code(town: Town) -> None:
    town.sync()
    assert town.buy(town.code()) is None
    town.act("fulfil")
    town.sync(days=1)
    town.act("cancel")
    town.sync(days=1)
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}
    assert len(town.codes("1001")) == 1


@pytest.mark.parametrize(
    ("option", "issued", "steps"),
    [
        ("", 1, {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}),
        ("reissue_on_return = true", 2, {"issued": 3, "handed over": 3, "released": 1, "open": 2}),
    ],
)
def test_an_order_that_comes_back_is_followed_by_a_new_code_only_where_the_campaign_says_so(
    town: Town, option: str, issued: int, steps: dict[str, int]
) -> None:
    town.configure(COME_BACK + option)
    town.sync()
    assert town.buy(town.code()) is None
    town.act("fulfil")
    town.sync(days=1)
    town.act("refund")
    town.sync(days=1)
    assert town.states() == steps
    assert len(town.codes("1001")) == issued
    town.sync(days=1)
    assert len(town.codes("1001")) == issued


def test_an_order_called_off_after_it_was_sent_counts_as_one_that_comes_back(town: Town) -> None:
    town.configure(COME_BACK + "reissue_on_return = true")
    town.sync()
    assert town.buy(town.code()) is None
    town.act("fulfil")
    town.sync(days=1)
    town.act("refund")
    town.act("cancel")
    town.sync(days=1)
    assert town.states() == {"issued": 3, "handed over": 3, "released": 1, "open": 2}


def test_a_part_that_comes_back_leaves_the_code_redeemed(town: Town) -> None:
    town.configure(COME_BACK + "reissue_on_return = true")
    town.sync()
    assert town.buy(town.code()) is None
    town.act("fulfil")
    town.act("refund", amount=1000)
    town.sync(days=1)
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}


# -- over ---------------------------------------------------------------------------------------------------


def test_codes_that_ended_long_ago_are_switched_off_and_taken_off_the_customer(town: Town) -> None:
    town.configure(COME_BACK, top="cleanup_days = 20")
    town.sync()
    town.sync(days=31)
    assert town.states() == {"issued": 2, "handed over": 2, "expired": 2}
    assert town.shop.attribute("1001", "code-come-back") == town.code()
    town.sync(days=20)
    assert town.shop.attribute("1001", "code-come-back") is None
    assert town.rows("SELECT count(*) FROM issued WHERE cleaned_at IS NOT NULL") == [(2,)]
    assert town.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"
    assert len(town.codes("1001")) == 1


@pytest.mark.parametrize("how", ["deleted", "switched off"])
def test_a_code_that_the_merchant_took_away_is_never_made_again(town: Town, how: str) -> None:
    town.configure(COME_BACK + "cooldown_days = 90\n")
    town.sync()
    code = town.code()
    town.later(hours=2)
    if how == "deleted":
        town.delete_discount(code)
    else:
        town.deactivate(code)
    town.later(days=1)
    said = town.done("sync", "--force").err
    assert "1 coupon of ours deleted or switched off in roastery: not made again.\n" in said
    assert town.states() == {"issued": 2, "handed over": 2, "revoked": 1, "open": 1}
    assert town.shop.attribute("1001", "code-come-back") is None
    assert town.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"
    for _ in range(2):
        town.sync(days=1)
    assert code not in town.shop.codes()
    assert town.codes("1001") == [code]
    assert "Would fail now: it was disabled\n" in town.told(code)
    town.sync(days=90)  # the next round is another code
    assert len(town.codes("1001")) == 2
    assert code not in town.shop.codes()


def test_a_stopped_campaign_has_no_code_left_that_works(town: Town) -> None:
    town.sync()
    used = town.code()
    assert town.buy(used) is None
    town.sync(days=1)
    ran = town.done("campaign", "stop", "come-back")
    assert ran.out == "roastery: come-back is stopped, 1 code disabled.\n"
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "revoked": 1}
    assert town.buy(town.code("1002"), who="1002") == "The discount has expired."
    assert town.shop.attribute("1002", "code-come-back") is None
    town.sync(days=1)
    assert len(town.codes("1002")) == 1
    town.done("campaign", "start", "come-back")
    town.sync(days=1)
    assert len(town.codes("1002")) == 1  # a code that was taken back is over for good


def test_a_code_that_the_merchant_prolongs_keeps_others_away_as_long_as_it_works(town: Town) -> None:
    town.configure(COME_BACK + "cooldown_days = 31\n")
    town.sync()
    code = town.code()
    town.later(hours=1)
    town.prolong(code, "2026-12-31T00:00:00Z")
    town.sync(days=1)
    assert "  Valid 1 Jun 2026 to 31 Dec 2026\n" in town.told(code)
    town.sync(days=40)
    assert town.codes("1001") == [code]  # and not two that work
    assert len(town.codes("1002")) == 2
    assert town.buy(code) is None
    town.sync(days=1)
    assert town.states()["redeemed"] == 1


def test_a_code_that_is_used_up_and_off_waits_for_its_order(town: Town) -> None:
    town.sync()
    assert town.buy(town.code(), paid=False) is None
    town.deactivate(town.code())
    town.sync(days=1)
    assert town.states() == {"issued": 2, "handed over": 2, "open": 2}
    town.act("cancel")
    town.sync(days=1)
    assert town.states() == {"issued": 3, "handed over": 3, "released": 1, "open": 2}


# -- support ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gift", ["percent = 10", "free_shipping = true"])
def test_a_replaced_code_is_worth_nothing_and_the_new_one_works(town: Town, gift: str) -> None:
    town.configure(COME_BACK.replace("percent = 10", gift))
    town.sync()
    first = town.code()
    town.later(days=5)
    assert "is disabled" in town.done("code", "replace", first).out
    second = town.code()
    assert town.buy(first) == "The discount has expired."
    assert town.shop.attribute("1001", "code-come-back") == second
    assert f"in place of {first}" in town.told(second)
    town.later(days=25, seconds=-1)
    assert town.buy(second) is None
    town.sync(days=1)
    assert town.states() == {"issued": 3, "handed over": 3, "redeemed": 1, "expired": 1, "revoked": 1}


@pytest.mark.parametrize("gift", ["percent = 10", "free_shipping = true"])
@pytest.mark.parametrize("waited", [5, 35])
def test_an_extended_code_works_to_its_new_end_even_when_it_had_ended(
    town: Town, gift: str, waited: int
) -> None:
    town.configure(COME_BACK.replace("percent = 10", gift))
    town.sync()
    town.sync(days=waited)
    said = town.done("code", "extend", town.code(), "--days", "14").out
    assert said.endswith("is valid until 15 Jul 2026.\n")
    town.later(days=44 - waited, seconds=-1)
    assert town.buy(town.code()) is None
    town.sync(days=1)
    assert town.states()["redeemed"] == 1


# -- handed over by somebody else ---------------------------------------------------------------------------


def exported(town: Town) -> list[tuple[str, str, str]]:
    rows = csv.DictReader(io.StringIO(town.done("export", "come-back").out))
    return [(row["email"], row["code"], row["reminder"]) for row in rows]


def test_a_code_is_valid_from_its_hand_over_on_and_reminded_of_once(town: Town) -> None:
    town.configure(COME_BACK.replace('["metafield"]', '["csv"]') + "remind_days = 7\n")
    town.sync()
    first, second = town.code(), town.code("1002")
    assert town.shop.attribute("1001", "code-come-back") is None
    assert town.states() == {"issued": 2, "open": 2}
    town.later(days=10)
    handed = [("c1001@example.com", first, "no"), ("c1002@example.com", second, "no")]
    assert exported(town) == handed
    assert town.states() == {"issued": 2, "handed over": 2, "open": 2}
    assert town.buy(second, who="1002") is None
    town.sync(days=22)
    assert exported(town) == []
    town.sync(days=2)
    assert exported(town) == [("c1001@example.com", first, "yes")]
    assert exported(town) == []
    town.later(days=6, seconds=-1)  # thirty days after the hand-over, less a second
    assert town.buy(first) is None
    town.sync(days=1)
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 2}


# -- for a friend -------------------------------------------------------------------------------------------

FRIENDS = """
[groups.regulars]
members = "number_of_orders >= 2"

[campaigns.bring-a-friend]
active = true
group = "regulars"
coupon = { percent = 20, bound = "nobody", valid_days = 60 }
deliver = ["metafield"]
budget = { coupons = 1 }

[campaigns.thanks]
active = true
rewards = "bring-a-friend"
coupon = { amount = 5, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 5 }
"""


def test_whoever_brought_a_friend_is_thanked_once_the_friends_order_is_settled(town: Town) -> None:
    town.configure(FRIENDS)
    town.sync()
    ((bringer, code),) = town.rows("SELECT customer_id, code FROM issued")
    assert town.buy(code, who="1003", cents=10000) is None
    assert town.buy(code, who="1002") == "The code has been used up."
    town.act("fulfil")
    town.sync(days=29)
    assert town.states("bring-a-friend") == {"issued": 1, "handed over": 1, "redeemed": 1}
    assert town.states("thanks") == {}
    town.sync(days=2)
    assert town.states("thanks") == {"issued": 1, "handed over": 1, "open": 1}
    thanks = town.code(bringer)
    assert town.buy(thanks, who="1003") == "The discount is not for this customer."
    assert town.buy(thanks, who=bringer) is None
    for _ in range(2):
        town.sync(days=1)
    assert town.funnel("thanks")["redeemed"] == (1, 467, 4206)
    assert len(town.codes(bringer)) == 2


# -- many codes of one discount -----------------------------------------------------------------------------


def test_codes_of_one_discount_live_and_end_each_by_itself(town: Town) -> None:
    town.configure(COME_BACK.replace("percent = 10", 'percent = 10, bound = "group"'))
    town.sync()
    first, second = town.code(), town.code("1002")
    found = [town.shop.discounts.find(each) for each in (first, second)]
    assert len({each.discount for each in found if each}) == 1
    assert town.buy(first, who="1003") is None
    assert town.buy(first, who="1001") == "The code has been used up."
    town.sync(days=1)
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}
    town.done("code", "replace", second)
    assert town.buy(second, who="1002") == "The code does not exist."
    assert town.buy(town.code("1002"), who="1002") is None
    town.sync(days=1)
    assert town.states() == {"issued": 3, "handed over": 3, "redeemed": 2, "revoked": 1}


def test_to_extend_one_code_of_a_discount_extends_all_and_is_known(town: Town) -> None:
    text = COME_BACK.replace("percent = 10", 'percent = 10, bound = "group"')
    town.configure(text + "cooldown_days = 31\n")
    town.sync()
    town.sync(days=5)
    town.done("code", "extend", town.code(), "--days", "14")
    town.sync(days=30)
    assert town.states() == {"issued": 2, "handed over": 2, "open": 2}
    assert [len(town.codes(each)) for each in ("1001", "1002")] == [1, 1]
    assert town.buy(town.code("1002"), who="1002") is None


def test_the_clock_of_these_tests_is_the_shops(town: Town) -> None:
    town.sync()
    ((starts, ends),) = town.rows("SELECT DISTINCT starts_at, ends_at FROM issued")
    assert ends - starts == timedelta(days=30) // timedelta(milliseconds=1)
