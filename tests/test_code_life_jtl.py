"""The whole life of a code in a JTL-Shop: planned, issued through the plugin, used at its checkout.

Everything goes through commands and HTTP: the buyers' and the owner's through the sandbox's counter. An order
is paid by bank transfer, so it counts when the money came in.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.jtl.sandbox import JtlSandbox
from connector.model import Product
from tests.shopfloor import MADE, Floor, Ran, customer, order

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
NOTHING = "\njtl: nothing to change. The shop is as it should be.\n"


class Market(Floor):
    """A JTL-Shop with two dormant customers, 1001 and 1002, who bought for 50.00 twice."""

    order_id = 0  #: of the last order that was taken

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.jtl = JtlSandbox(now=lambda: self.now)
        self.jtl.start()
        self.options["jtl"] = {
            "adapter": '"jtl"',
            "url": json.dumps(self.jtl.url),
            "key": f'{{ file = "{self.write_private("jtl.key", "skj_sandbox")}" }}',
            "push": "true",
            "limits": "{ losing = 1, gaining = 1 }",
        }
        for record in people():
            self.jtl.put(record)
        self.configure(COME_BACK)

    def configure(self, *texts: str, top: str = "") -> None:
        self.write_config(top=top, rules="\n".join((GROUPS, *texts)))

    def sync(self, **by: float) -> Ran:
        """So much later, everything is read and pushed."""
        self.later(**by)
        return self.done("sync", "--force")

    def codes(self, who: str) -> list[str]:
        query = f"SELECT code FROM issued WHERE customer_id = '{who}' AND state <> 'refused' ORDER BY round"
        return [row[0] for row in self.rows(query)]

    def code(self, who: str = "1001") -> str:
        """The newest code of a customer."""
        return self.codes(who)[-1]

    def funnel(self) -> dict[str, tuple[int, int, int]]:
        """Codes, value and net sales at each step; steps without a code are left out."""
        (seen,) = self.done("campaign", "come-back", "--json").json()
        return {
            step["name"]: (step["codes"], step["value"], step["sales"])
            for step in seen["funnel"]
            if step["codes"]
        }

    def states(self) -> dict[str, int]:
        return {name: step[0] for name, step in self.funnel().items()}

    def buy(self, code: str, who: int = 1001, **other: Any) -> str | None:
        """Somebody orders coffee for 119.00 at the checkout: why not, or None."""
        pieces = [{"price": other.pop("price", 119.0), "product": other.pop("product", 3001)}]
        answer = self._post("checkout", {"customer_id": who, "code": code, "pieces": pieces, **other})
        self.order_id = answer.get("order_id", self.order_id)
        refused: str | None = answer.get("refused")
        return refused

    def act(self, action: str) -> None:
        """The owner does something with the last order."""
        assert "refused" not in self._post(action, {"order_id": self.order_id})

    def _post(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.jtl.url}/sandbox/{action}"
        answer: dict[str, Any] = requests.post(url, json=body, timeout=10).json()
        assert "error" not in answer, answer
        return answer

    def close(self) -> None:
        self.jtl.stop()
        super().close()


def people() -> Iterator[Any]:
    yield Product(id="3001", title="Espresso", categories=("Kaffee",), skus=("ESP-1",), updated_at=MADE)
    yield Product(id="3002", title="Barista", categories=("Bücher",), skus=("BUCH-1",), updated_at=MADE)
    for number in (1001, 1002):
        yield customer(number, f"c{number}@example.com")
        yield order(number * 10, number, 250)
        yield order(number * 10 + 1, number, 200)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    opened = Market(tmp_path)
    try:
        yield opened
    finally:
        opened.close()


ANOTHER = "Der Coupon gilt nicht für Ihr Kundenkonto."
ENDED = "Fehler: Kupon ist nicht mehr gültig (Datum abgelaufen)."
OFF = "Der eingegebene Coupon-Code ist ungültig."
USED = "Fehler: Maximale Verwendungen erreicht."
WRONG_GOODS = "Fehler: Der Coupon gilt nicht für die Artikel im Warenkorb."


# -- at the checkout ----------------------------------------------------------------------------------------


def test_a_code_works_once_for_its_customer_from_its_minimum_on(market: Market) -> None:
    market.sync()
    code = market.code()
    assert market.jtl.attribute("1001", "code-come-back") == code
    assert market.buy(code, who=1002) == ANOTHER
    assert market.buy(code, price=29.99) == "Fehler: Mindestbestellwert noch nicht erreicht."
    assert market.buy(code, price=30.0) is None
    assert market.buy(code) == USED
    assert market.buy(code, who=1002) == USED


def test_a_code_works_neither_before_its_day_nor_after_its_end(market: Market) -> None:
    market.sync()
    market.later(seconds=-1)
    assert market.buy(market.code()) == "Fehler: Kupon ist nicht mehr gültig."
    market.later(days=30)
    assert market.buy(market.code()) is None
    market.later(seconds=2)
    assert market.buy(market.code("1002"), who=1002) == ENDED


@pytest.mark.parametrize("term", ['categories = ["kaffee"]', 'products = ["esp-1"]'])
def test_a_code_for_some_goods_takes_nothing_off_others(market: Market, term: str) -> None:
    market.configure(COME_BACK.replace("valid_days", f"{term}, valid_days"))
    market.sync()
    assert market.buy(market.code(), product=3002) == WRONG_GOODS
    coffee, book = {"price": 20.0, "product": 3001}, {"price": 40.0, "product": 3002}
    answer = market._post("checkout", {"customer_id": 1001, "code": market.code(), "pieces": [coffee, book]})
    assert answer["total"] == 58.0
    market.order_id = answer["order_id"]
    market.act("pay")
    market.sync(days=1)
    assert market.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}


def test_a_code_of_free_shipping_pays_the_shipping(market: Market) -> None:
    market.configure(COME_BACK.replace("percent = 10", "free_shipping = true"))
    market.sync()
    assert market.buy(market.code(), shipping=4.90) is None
    (placed,) = [each for each in market.jtl.shop.orders.values() if each.id == market.order_id]
    assert placed.total == 119.0
    market.act("pay")
    market.sync(days=1)
    assert market.funnel()["redeemed"] == (1, 0, 10000)  # nobody ever paid shipping here


def test_what_the_shop_or_an_older_plugin_cannot_keep_is_refused_before_a_code_is_made(
    market: Market,
) -> None:
    for term, reason in (
        ("combinable = true", "the shop cannot let a code work beside others (combinable)"),
        ('exclude_categories = ["Bücher"]', "the shop cannot leave categories out of a code"),
        ("sale_items = false", "the shop cannot leave reduced goods out"),
        ('amount = 5, categories = ["Kaffee"]', "the shop cannot keep amount and categories together"),
    ):
        gift = COME_BACK.replace("percent = 10, ", "") if "amount" in term else COME_BACK
        market.configure(gift.replace("valid_days", f"{term}, valid_days"))
        ran = market.run("sync", "--force")
        assert (ran.code, reason in ran.err) == (2, True)
    market.jtl.plugin.coupon_terms = ()
    market.configure(COME_BACK.replace("percent = 10", "free_shipping = true"))
    ran = market.run("sync", "--force")
    assert (ran.code, "the shop cannot make shipping free by a code" in ran.err) == (2, True)
    assert market.jtl.codes() == frozenset()
    market.configure(COME_BACK)
    market.sync()
    assert len(market.jtl.codes()) == 2


def test_check_says_what_the_checkout_keeps(market: Market) -> None:
    market.done("pull")
    said = market.done("check").out
    assert "only the customer can use a code" in said
    assert "it works for reduced goods too, as the shop cannot leave them out" in said
    assert "beside other codes" not in said


# -- redeemed, released -------------------------------------------------------------------------------------


def test_a_code_is_redeemed_when_the_money_for_its_order_came_in(market: Market) -> None:
    market.sync()
    assert market.buy(market.code()) is None
    market.sync(days=1)
    assert market.states() == {"issued": 2, "handed over": 2, "open": 2}
    said = market.done("code", market.code()).out
    assert "carries it and is neither paid nor shipped yet\n" in said
    market.act("pay")
    market.sync(days=1)
    # 10 % of 119.00 with tax: 10.00 without; the goods are 100.00 without tax before it.
    assert market.funnel() == {
        "issued": (2, 1000, 0),
        "handed over": (2, 1000, 0),
        "redeemed": (1, 1000, 9000),
        "open": (1, 500, 0),
    }
    assert market.done("plan").out == NOTHING


def test_an_order_that_is_called_off_is_followed_by_one_new_code(market: Market) -> None:
    market.sync()
    first = market.code()
    assert market.buy(first) is None
    market.act("pay")
    market.sync(days=1)
    market.act("cancel")
    market.sync(days=1)
    assert market.states() == {"issued": 3, "handed over": 3, "released": 1, "open": 2}
    second = market.code()
    assert second != first
    assert market.jtl.attribute("1001", "code-come-back") == second
    assert market.buy(first) == OFF  # not two that work
    for _ in range(3):
        market.sync(days=1)
    assert len(market.codes("1001")) == 2
    assert market.buy(second) is None


def test_a_code_redeemed_while_we_were_down_is_redeemed_though_it_ended_since(market: Market) -> None:
    market.sync()
    market.later(days=10)
    assert market.buy(market.code()) is None
    market.act("pay")
    market.sync(days=60)
    assert market.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "expired": 1}
    assert len(market.codes("1001")) == 1


# -- over ---------------------------------------------------------------------------------------------------


def test_codes_that_ended_long_ago_are_switched_off_and_taken_off_the_customer(market: Market) -> None:
    market.configure(COME_BACK, top="cleanup_days = 20")
    market.sync()
    market.sync(days=31)
    assert market.states() == {"issued": 2, "handed over": 2, "expired": 2}
    assert len(market.jtl.codes()) == 2
    market.sync(days=20)
    assert market.jtl.codes() == frozenset()
    assert market.jtl.attribute("1001", "code-come-back") is None
    assert market.done("plan").out == NOTHING


def test_a_code_that_the_merchant_deleted_is_never_made_again(market: Market) -> None:
    market.configure(COME_BACK + "cooldown_days = 90\n")
    market.sync()
    code = market.code()
    market.later(hours=2)
    coupon = market.jtl.shop.coupon(code)
    assert coupon is not None
    coupon.deleted = True
    market.jtl.shop.save_coupon(coupon)
    for _ in range(3):
        market.sync(days=1)
    assert code not in market.jtl.codes()
    assert market.codes("1001") == [code]
    market.sync(days=90)  # the next round is another code
    assert len(market.codes("1001")) == 2
    assert code not in market.jtl.codes()


def switch_off(market: Market, code: str) -> None:
    """The merchant, or JTL-Shop itself, sets a coupon inactive in the backend."""
    coupon = market.jtl.shop.coupon(code)
    assert coupon is not None
    coupon.active = False
    market.jtl.shop.save_coupon(coupon)


def test_a_code_that_the_merchant_switched_off_is_over_and_said_so(market: Market) -> None:
    market.sync()
    switch_off(market, market.code())
    said = market.sync(days=1).err
    assert "1 coupon of ours deleted or switched off in jtl: not made again.\n" in said
    assert market.states() == {"issued": 2, "handed over": 2, "revoked": 1, "open": 1}
    assert market.jtl.attribute("1001", "code-come-back") is None
    assert "of ours deleted" not in market.sync(days=1).err
    assert len(market.codes("1001")) == 1


def test_a_used_up_code_that_the_shop_switched_off_waits_for_its_order(market: Market) -> None:
    market.sync()
    assert market.buy(market.code()) is None
    switch_off(market, market.code())
    market.sync(days=1)
    assert market.states() == {"issued": 2, "handed over": 2, "open": 2}
    market.act("cancel")
    market.sync(days=1)
    assert market.states() == {"issued": 3, "handed over": 3, "released": 1, "open": 2}


def test_a_stopped_campaign_has_no_code_left_that_works(market: Market) -> None:
    market.sync()
    assert market.buy(market.code()) is None
    market.act("pay")
    market.sync(days=1)
    assert market.done("campaign", "stop", "come-back").out == "jtl: come-back is stopped, 1 code disabled.\n"
    assert market.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "revoked": 1}
    assert market.buy(market.code("1002"), who=1002) == OFF
    assert market.jtl.attribute("1002", "code-come-back") is None
    market.sync(days=1)
    assert len(market.codes("1002")) == 1


# -- support ------------------------------------------------------------------------------------------------


def test_a_replaced_code_is_worth_nothing_and_the_new_one_works(market: Market) -> None:
    market.sync()
    first = market.code()
    market.later(days=5)
    market.done("code", "replace", first)
    second = market.code()
    assert market.buy(first) == OFF
    assert market.jtl.attribute("1001", "code-come-back") == second
    assert market.buy(second) is None


@pytest.mark.parametrize("waited", [5, 35])
def test_an_extended_code_works_to_its_new_end_even_when_it_had_ended(market: Market, waited: int) -> None:
    market.sync()
    market.sync(days=waited)
    said = market.done("code", "extend", market.code(), "--days", "14").out
    assert said.endswith("is valid until 15 Jul 2026.\n")
    market.later(days=44 - waited, seconds=-1)
    assert market.buy(market.code()) is None
