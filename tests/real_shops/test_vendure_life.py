"""The whole life of a code on the real server: the owner types commands, buyers go through its checkout.

Vendure keeps its own time and our commands can be typed at another: what happened forty days ago is done by
a command of that day.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.model import LineItem, Order, Payment, Product, Shipment
from connector.testing import make_customer
from tests.real_shops.installation import Installation, Ran, write_private
from tests.real_shops.vendure_shop import RealVendure, RefusedError

pytestmark = pytest.mark.shops

GROUPS = """
[groups.dormant]
members = "number_of_orders >= 2 AND last_order_date < -180d"
"""
COME_BACK = """
[campaigns.come-back]
active = true
group = "dormant"
tag = "come-back"
coupon = { percent = 10, minimum = 30, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 10 }
"""
#: Goods of 29.99, just below the minimum.
CHEAP = (("3002", 2999, False),)
USED_UP = "Coupon code cannot be used more than once per customer"


def nothing_of(code: str) -> str:
    """What becomes of a code whose conditions are not met: Vendure takes it and gives nothing."""
    return f"The code {code} is taken but worth nothing."


class Town(Installation):
    """A shop with the dormant 1001 and 1002, who bought twice, and the new 1003."""

    def __init__(self, folder: Path, shop: RealVendure, rules: str) -> None:
        login = shop.login_settings()
        password = write_private(folder, "password", login["password"].get_secret_value())
        options = {
            "adapter": '"vendure"',
            "url": f'"{shop.url}"',
            "username": f'"{login["username"]}"',
            "password": f'{{ file = "{password}" }}',
            "push": "true",
            "limits": "{ losing = 1, gaining = 1 }",
        }
        super().__init__(folder, options, rules)
        self.shop = shop
        self.database = folder / "stammkunde.sqlite"
        self._ahead = timedelta(0)

    def run(self, *arguments: str) -> Ran:
        now = datetime.now(UTC) + self._ahead
        return super().run("--now", now.isoformat(), *arguments)

    def later(self, **by: float) -> None:
        """Our clock goes on; Vendure's does not."""
        self._ahead += timedelta(**by)

    def sync(self) -> Ran:
        """Everything is read and pushed."""
        return self.done("sync", "--force")

    def codes(self, who: str = "1001") -> list[str]:
        """The codes of a customer, the newest last."""
        query = "SELECT code FROM issued WHERE customer_id = ? AND state <> 'refused' ORDER BY round"
        with closing(sqlite3.connect(self.database)) as connection:
            return [row[0] for row in connection.execute(query, (who,))]

    def code(self, who: str = "1001") -> str:
        return self.codes(who)[-1]

    def states(self, campaign: str = "come-back") -> dict[str, int]:
        (seen,) = self.done("campaign", campaign, "--json").json()
        return {step["name"]: step["codes"] for step in seen["funnel"] if step["codes"]}

    def buy(self, *codes: str, who: str = "1001", goods: Sequence[str] = ("3001",)) -> str:
        """Somebody orders coffee for 100.00 and pays. Returns the number of the order."""
        return str(self.shop.order(self.shop.email_of(who), goods, codes)["code"])

    def refusal(self, code: str, who: str = "1001", goods: Sequence[str] = ("3001",)) -> str:
        """Why the checkout does not take a code."""
        with pytest.raises(RefusedError) as refused:
            self.buy(code, who=who, goods=goods)
        return str(refused.value)

    def attribute(self, who: str = "1001") -> str | None:
        return self.shop.attribute(who, "stammkundeCode")

    def promotion(self, code: str) -> str:
        """The id of the promotion of a code."""
        query = "query($c:String!){promotions(options:{filter:{couponCode:{eq:$c}}}){items{id}}}"
        (found,) = self.shop.admin(query, c=code)["promotions"]["items"]
        return str(found["id"])

    def switch_off(self, code: str) -> None:
        """The merchant switches a promotion off."""
        query = "mutation($i:UpdatePromotionInput!){updatePromotion(input:$i){__typename}}"
        self.shop.admin(query, i={"id": self.promotion(code), "enabled": False})

    def take_away(self, code: str) -> None:
        """The merchant deletes a promotion."""
        query = "mutation($i:ID!){deletePromotion(id:$i){result}}"
        self.shop.admin(query, i=self.promotion(code))

    def is_settled(self) -> bool:
        """After a push the plan is empty."""
        return self.done("plan").out == "\nladen: nothing to change. The shop is as it should be.\n"


def past_order(number: int, who: str, days_ago: float) -> Order:
    placed = datetime.now(UTC) - timedelta(days=days_ago)
    line = LineItem(product_id="3001", title="Espresso", quantity=1, remaining=1, total=5000)
    return Order(
        id=str(number),
        number=f"#{number}",
        customer_id=who,
        placed_at=placed,
        updated_at=placed,
        currency="EUR",
        total=5000,
        goods=4202,
        tax=798,
        lines=(line,),
        payment=Payment.PAID,
        shipment=Shipment.SHIPPED,
    )


@pytest.fixture
def shop(vendure: RealVendure) -> RealVendure:
    vendure.reset()
    vendure.put(Product(id="3001", title="Espresso", skus=("ESP-1",)))
    vendure.put(Product(id="3002", title="Tasse", skus=("TAS-1",)))
    made = datetime.now(UTC) - timedelta(days=500)
    for who in ("1001", "1002", "1003"):
        vendure.put(make_customer(who, email=f"c{who}@example.com", created_at=made, updated_at=made))
    for place, who in enumerate(("1001", "1002")):
        vendure.put(past_order(9001 + place, who, 450))
        vendure.put(past_order(9011 + place, who, 400))
    return vendure


@pytest.fixture
def town(shop: RealVendure, tmp_path: Path) -> Town:
    return Town(tmp_path, shop, GROUPS + COME_BACK)


@pytest.fixture
def opened(shop: RealVendure, tmp_path: Path) -> Callable[..., Town]:
    """A town whose campaign asks for something else: (words, the words in their place)."""

    def opened(*others: tuple[str, str]) -> Town:
        text = COME_BACK
        for words, instead in others:
            assert words in text
            text = text.replace(words, instead)
        return Town(tmp_path, shop, GROUPS + text)

    return opened


# -- at the checkout ----------------------------------------------------------------------------------------


def test_a_code_is_good_once_for_its_holder_from_its_minimum_on(town: Town) -> None:
    town.sync()
    code = town.code()
    assert town.attribute() == code
    assert town.shop.tags_of("1001") == {"sk:come-back"}
    assert town.shop.tags_of("1003") == frozenset()
    assert town.refusal(code, who="1003") == nothing_of(code)
    assert town.shop.check_out((code,), "1001", None, CHEAP) == (nothing_of(code), 0, 0)
    assert town.states() == {"issued": 2, "handed over": 2, "open": 2}
    number = town.buy(code.lower())
    assert town.refusal(code) == USED_UP
    assert town.refusal(code, who="1002") == USED_UP
    town.sync()
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}
    assert f"In order {number}\n" in town.done("code", code).out
    assert town.shop.tags_of("1001") == frozenset()  # only who holds an open code carries the tag
    assert town.is_settled()


def test_a_code_of_free_shipping_takes_the_shipping_off_and_nothing_else(
    opened: Callable[..., Town],
) -> None:
    town = opened(("percent = 10", "free_shipping = true"))
    town.sync()
    code = town.code()
    assert town.shop.check_out((code,), "1001", None, CHEAP) == (nothing_of(code), 0, 0)
    order = town.shop.order("c1001@example.com", ["3001"], [code])
    assert order["shippingWithTax"] == 0
    assert [line["proratedLinePriceWithTax"] for line in order["lines"]] == [10000]
    town.sync()
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}


def test_a_code_of_an_amount_takes_it_off_once(opened: Callable[..., Town]) -> None:
    town = opened(("percent = 10", "amount = 5"))
    town.sync()
    order = town.shop.order("c1001@example.com", ["3001", "3002"], [town.code()])
    assert [line["proratedLinePriceWithTax"] for line in order["lines"]] == [9750, 9750]
    assert order["shippingWithTax"] == 500
    assert town.refusal(town.code()) == USED_UP


def test_a_code_for_a_product_works_for_nothing_else(opened: Callable[..., Town]) -> None:
    town = opened(("valid_days", 'products = ["esp-1"], valid_days'))
    town.sync()
    code = town.code()
    assert town.refusal(code, goods=["3002"]) == nothing_of(code)
    order = town.shop.order("c1001@example.com", ["3001", "3002"], [code])
    assert [line["proratedLinePriceWithTax"] for line in order["lines"]] == [9000, 10000]
    town.sync()
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}


@pytest.mark.parametrize(
    ("gift", "terms", "reason"),
    [
        ("percent = 10", 'bound = "customer"', "tie a code to a customer"),
        ("percent = 10", "combinable = false", "make a code work alone only (combinable = false)"),
        ("amount = 5", 'products = ["ESP-1"]', "keep amount and products together in one code"),
        (
            "free_shipping = true",
            'products = ["ESP-1"]',
            "keep free_shipping and products together in one code",
        ),
    ],
)
def test_a_campaign_that_vendure_cannot_keep_makes_no_code(
    opened: Callable[..., Town], gift: str, terms: str, reason: str
) -> None:
    town = opened(("percent = 10", gift), ("valid_days", f"{terms}, valid_days"))
    ran = town.run("sync", "--force")
    assert (ran.code, f"campaigns.come-back: the shop cannot {reason}.\n" in ran.err) == (2, True), ran
    assert town.shop.codes() == frozenset()


# -- released -----------------------------------------------------------------------------------------------


def test_an_order_cancelled_before_it_is_shipped_is_followed_by_one_new_code(town: Town) -> None:
    town.sync()
    first = town.code()
    number = town.buy(first)
    town.sync()
    town.shop.cancel(number)
    town.sync()
    assert town.states() == {"issued": 3, "handed over": 3, "released": 1, "open": 2}
    second = town.code()
    assert second != first
    assert town.attribute() == second
    assert town.shop.tags_of("1001") == {"sk:come-back"}
    assert town.refusal(first) == f'Coupon code "{first}" is not valid'  # switched off, not two that work
    assert town.is_settled()
    town.sync()
    assert town.codes() == [first, second]
    town.buy(second)
    town.sync()
    assert town.states() == {"issued": 3, "handed over": 3, "redeemed": 1, "released": 1, "open": 1}


def test_an_order_cancelled_after_it_was_shipped_has_used_its_code(town: Town) -> None:
    town.sync()
    number = town.buy(town.code())
    town.shop.ship(number, pieces=1)
    town.sync()
    town.shop.cancel(number)
    town.sync()
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}
    assert len(town.codes()) == 1


@pytest.mark.parametrize(
    ("option", "steps"),
    [
        ("", {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}),
        ("reissue_on_return = true", {"issued": 3, "handed over": 3, "released": 1, "open": 2}),
    ],
)
def test_goods_that_come_back_are_followed_by_a_new_code_only_where_the_campaign_says_so(
    opened: Callable[..., Town], option: str, steps: dict[str, int]
) -> None:
    town = opened(("budget", f"{option}\nbudget"))
    town.sync()
    number = town.buy(town.code())
    town.shop.ship(number, pieces=1)
    town.sync()
    town.shop.refund(number)
    town.sync()
    assert town.states() == steps
    assert town.is_settled()


# -- over ---------------------------------------------------------------------------------------------------


def test_a_code_that_ended_long_ago_is_switched_off_and_taken_off_its_customer(town: Town) -> None:
    town.later(days=-125)
    town.sync()
    code = town.code()
    assert town.refusal(code) == f'Coupon code "{code}" has expired'
    town.later(days=60)
    town.sync()
    assert town.states() == {"issued": 2, "handed over": 2, "expired": 2}
    assert town.attribute() == code
    assert code in town.shop.codes()
    town.later(days=65)
    town.sync()
    assert town.shop.codes() == frozenset()
    assert town.attribute() is None
    assert town.is_settled()
    assert town.codes() == [code]


@pytest.mark.parametrize("take", [Town.switch_off, Town.take_away], ids=["switched off", "deleted"])
def test_a_code_that_the_merchant_took_away_is_never_made_again(
    town: Town, take: Callable[[Town, str], None]
) -> None:
    town.later(hours=-2)
    town.sync()
    code = town.code()
    take(town, code)
    town.later(hours=2)
    said = town.sync().err
    assert "1 coupon of ours deleted or switched off in laden: not made again.\n" in said
    assert town.states() == {"issued": 2, "handed over": 2, "revoked": 1, "open": 1}
    assert town.attribute() is None
    assert town.shop.tags_of("1001") == frozenset()
    assert town.is_settled()
    town.sync()
    assert town.codes() == [code]
    assert town.shop.codes() == {town.code("1002")}
    assert town.refusal(code) == f'Coupon code "{code}" is not valid'


def test_a_stopped_campaign_has_no_code_left_that_works(town: Town) -> None:
    town.sync()
    town.buy(town.code())
    town.sync()
    ran = town.done("campaign", "stop", "come-back")
    assert ran.out == "laden: come-back is stopped, 1 code disabled.\n"
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "revoked": 1}
    code = town.code("1002")
    assert code not in town.shop.codes()
    assert town.refusal(code, who="1002") == f'Coupon code "{code}" is not valid'
    assert town.attribute("1002") is None
    assert town.shop.tags_of("1002") == frozenset()
    town.sync()
    assert town.codes("1002") == [code]


# -- support ------------------------------------------------------------------------------------------------


def test_a_replaced_code_is_worth_nothing_and_the_new_one_works(town: Town) -> None:
    town.sync()
    first = town.code()
    assert "is disabled" in town.done("code", "replace", first).out
    second = town.code()
    assert town.refusal(first) == f'Coupon code "{first}" is not valid'
    assert town.attribute() == second
    assert town.shop.check_out((second,), "1001", None, CHEAP) == (nothing_of(second), 0, 0)
    assert town.refusal(second, who="1003") == nothing_of(second)
    town.buy(second)
    town.sync()
    assert town.states() == {"issued": 3, "handed over": 3, "redeemed": 1, "revoked": 1, "open": 1}


def test_an_extended_code_works_again_after_it_had_ended(town: Town) -> None:
    town.later(days=-40)
    town.sync()
    town.later(days=40)
    town.sync()
    assert town.states() == {"issued": 2, "handed over": 2, "expired": 2}
    code = town.code()
    assert town.refusal(code) == f'Coupon code "{code}" has expired'
    town.done("code", "extend", code, "--days", "14")
    town.sync()
    town.buy(code)
    town.sync()
    assert town.states() == {"issued": 2, "handed over": 2, "redeemed": 1, "expired": 1}


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
tag = "thanks"
coupon = { amount = 5, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 5 }
"""


def test_whoever_brought_a_friend_is_thanked_once_the_friends_order_is_settled(
    shop: RealVendure, tmp_path: Path
) -> None:
    town = Town(tmp_path, shop, FRIENDS)
    town.sync()
    ((bringer, code),) = [(who, town.code(who)) for who in ("1001", "1002") if town.codes(who)]
    number = town.buy(code, who="1003")
    assert town.refusal(code, who=bringer) == USED_UP
    shop.ship(number, pieces=1)
    town.later(days=29)
    town.sync()
    assert town.states("bring-a-friend") == {"issued": 1, "handed over": 1, "redeemed": 1}
    assert town.states("thanks") == {}
    town.later(days=2)
    town.sync()
    assert town.states("thanks") == {"issued": 1, "handed over": 1, "open": 1}
    assert town.attribute(bringer) == town.code(bringer)
    assert shop.tags_of(bringer) == {"sk:thanks"}
    town.sync()
    assert len(town.codes(bringer)) == 2
