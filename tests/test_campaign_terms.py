"""What a coupon may ask for, what a shop can keep of it, and what becomes of the rest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connector.campaigns import Campaign, notes, refusals
from connector.config import BrokenConfigError
from connector.database import Database
from connector.model import CouponTerm, Feature, Product, ShopInfo
from connector.validate import load
from tests.kiosk import COME_BACK, Kiosk, dormant, kiosk

EVERYTHING = ShopInfo(
    name="Kiosk",
    currency="EUR",
    time_zone="Europe/Berlin",
    features=frozenset(Feature) - {Feature.PRODUCTS},
    coupon_terms=frozenset(CouponTerm),
)
NOTHING = msgspec.structs.replace(
    EVERYTHING,
    features=frozenset({Feature.COUPONS, Feature.COUPON_FOR_GROUP}),
    coupon_terms=frozenset(),
    title_refuses="<>",
    tag_length=40,
)


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        yield opened


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "some.sqlite") as opened:
        yield opened


def campaign(**values: Any) -> Campaign:
    plain = {"name": "come-back", "group": "dormant", "title": "Welcome back", "deliver": ("csv",)}
    return Campaign(**(plain | {"percent": 10} | values))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"free_shipping": True, "percent": None}, "the shop cannot make shipping free by a code"),
        ({"products": ("3001",)}, "the shop cannot keep a code to some products"),
        (
            {"tag": "sk:" + "x" * 40},
            f"its tag sk:{'x' * 40} has 43 characters, and the shop keeps at most 40",
        ),
        ({"categories": ("Kaffee",)}, "the shop cannot keep a code to some categories"),
        (
            {"exclude_categories": ("Bücher",)},
            "the shop cannot leave categories out of a code (exclude_categories)",
        ),
        (
            {"explicit": frozenset({"sale_items"})},
            "the shop cannot leave reduced goods out (sale_items = false)",
        ),
        ({"combinable": True}, "the shop cannot let a code work beside others (combinable)"),
        (
            {"explicit": frozenset({"combinable"})},
            "the shop cannot make a code work alone only (combinable = false)",
        ),
        ({"new_customers_only": True}, "the shop cannot keep a code to new customers"),
        ({"titles": {"de": "Hallo"}}, "the shop cannot show a title in several languages (titles)"),
        ({"title": "5 > 3 & <3"}, "the shop allows no <, > in a title (title)"),
        ({"bound": "customer"}, "the shop cannot tie a code to a customer"),
        ({"bound": "email"}, "the shop cannot tie a code to a customer by e-mail"),
        ({"deliver": ("metafield",)}, "the shop stores no values with a customer (deliver)"),
    ],
)
def test_what_the_owner_wrote_down_and_the_shop_cannot_keep_is_refused(
    db: Database, values: dict[str, Any], why: str
) -> None:
    assert refusals(db, 1, campaign(**values), NOTHING) == [why]
    assert refusals(db, 1, campaign(**values), EVERYTHING) == []


@pytest.mark.parametrize(
    ("info", "why"),
    [
        ({"code_length": 12}, "its codes have 13 characters and the shop keeps 12"),
        (
            {"code_alphabet": "0123456789"},
            "the shop allows no A, B, C, D, E, F, G, H, J, K, M, N, P, Q, R, S,",
        ),
    ],
)
def test_the_limits_of_codes_are_the_shops(db: Database, info: dict[str, Any], why: str) -> None:
    (said,) = refusals(db, 1, campaign(), msgspec.structs.replace(EVERYTHING, **info))
    assert said.startswith(why)


def test_a_code_has_sixteen_characters_at_most(db: Database) -> None:
    assert refusals(db, 1, campaign(prefix="SOMME"), EVERYTHING) == []
    (said,) = refusals(db, 1, campaign(prefix="SOMMER"), EVERYTHING)
    assert said == "its codes have 17 characters and the shop keeps 16"


def test_a_shop_that_writes_codes_small_is_asked_for_small_letters(db: Database) -> None:
    small = msgspec.structs.replace(
        EVERYTHING, code_case="lower", code_alphabet="0123456789abcdefghijklmnopqrstuvwxyz"
    )
    assert refusals(db, 1, campaign(), small) == []


def test_one_code_an_order_is_against_combining(db: Database) -> None:
    one = msgspec.structs.replace(EVERYTHING, coupons_per_order=1)
    assert refusals(db, 1, campaign(combinable=True), one) == [
        "the shop takes one code per order (combinable)"
    ]


def test_what_is_a_default_of_ours_and_the_shop_cannot_keep_is_told() -> None:
    assert notes(campaign(), EVERYTHING) == ["only the customer can use a code"]
    assert notes(campaign(), NOTHING) == [
        "whoever has a code can use it, once",
        "it works for reduced goods too, as the shop cannot leave them out",
        "it works beside other codes, as the shop cannot refuse that",
    ]
    mail = msgspec.structs.replace(NOTHING, features=frozenset({Feature.COUPON_FOR_EMAIL}))
    assert notes(campaign(), mail)[0] == "only an order with the customer's e-mail address can use a code"
    net = msgspec.structs.replace(EVERYTHING, net_price_groups=("Händler",))
    assert notes(campaign(percent=None, amount=500), net)[1] == (
        "nobody in Händler gets it, as an amount with tax means another sum there"
    )


def test_a_plan_names_everything_that_cannot_be_kept(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.configure(
        COME_BACK.replace("percent = 10", 'percent = 10, products = ["4711"], categories = ["Tee"]')
    )
    floor.done("pull")
    for command in ("plan", "push"):
        ran = floor.run(command)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            "kiosk cannot keep what the config asks:\n"
            "campaigns.come-back: the shop has no product 4711.\n"
            "campaigns.come-back: no product of the shop is in a category 'Tee'.\n"
            "Change these in the config, or name other shops there.\n"
        )
    assert "Campaign come-back cannot be kept: the shop has no product 4711.\n" in floor.done("check").err


def test_a_shop_that_makes_no_coupons_is_told_of(floor: Kiosk) -> None:
    """What the shop in RAM says it can do is changed where it was kept."""
    floor.put(dormant(1))
    floor.configure(COME_BACK)
    floor.done("pull")
    with Database(floor.database) as db, db.write() as connection:
        connection.execute("UPDATE shops SET info = json_set(info, '$.features', json('[\"tags\"]'))")
    ran = floor.done("plan")
    assert ran.out == "\nkiosk: nothing to change. The shop is as it should be.\n"
    assert ran.err == "Campaign come-back issues nothing: the shop makes no coupons.\n"


def test_check_says_how_far_codes_are_tied(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.configure(COME_BACK)
    assert "  Campaign come-back: only the customer can use a code.\n" in floor.done("check").out


def test_products_are_named_by_sku_and_everything_reaches_the_shop(floor: Kiosk) -> None:
    floor.put(dormant(1))
    floor.put(
        [
            Product(id="3001", title="Espresso", skus=("ESP-1",), categories=("Kaffee",)),
            Product(id="3002", title="Buch", skus=("B-1",), categories=("Bücher",)),
        ]
    )
    coupon = 'percent = 10, products = ["esp-1"], exclude_categories = ["Bücher"], sale_items = true'
    titles = 'title = "Willkommen"\ntitles = { en = "Welcome" }\n'
    floor.configure(COME_BACK.replace("percent = 10", coupon) + titles)
    floor.sync()
    (code,) = floor.codes()["1001"]
    assert floor.ram.check_out([code], "1001", None, [("3002", 9000, False)])[0] == (
        "Nothing in the basket takes this code."
    )
    basket = [("3001", 4000, True), ("3002", 5000, False)]
    assert floor.ram.check_out([code], "1001", None, basket) == (None, 400, 500)
    assert floor.ram.title_of(code, "en") == "Welcome"
    assert floor.ram.title_of(code, "de").startswith("Willkommen")


def test_free_shipping_is_worth_the_shipping_the_customer_paid(floor: Kiosk) -> None:
    """476 of 4,673 without tax, so 33 of the 327 cents of tax: 5.09 were charged."""
    floor.put(dormant(1))
    floor.configure(COME_BACK.replace("percent = 10, minimum = 30", "free_shipping = true"))
    floor.put([msgspec.structs.replace(each, goods=4197, shipping=476, tax=327) for each in orders()])
    floor.done("pull")
    (planned,) = floor.plan()
    assert (planned["face_value"], planned["change"]["free_shipping"]) == (509, True)
    floor.done("push", "--force")
    (code,) = floor.codes()["1001"]
    assert floor.ram.check_out([code], "1001", None, [("3001", 4000, False)]) == (None, 0, 0)


def orders() -> Iterator[Any]:
    yield from (each for each in dormant(1) if hasattr(each, "shipping"))


def test_nobody_who_sees_net_prices_gets_an_amount(floor: Kiosk) -> None:
    """The shop in RAM shows all prices with tax; what it says is changed where it was kept."""
    floor.put(dormant(2))
    floor.put([msgspec.structs.replace(next(iter(dormant(1))), group="Händler")])
    floor.configure(COME_BACK.replace("percent = 10", "amount = 5"))
    floor.done("pull")
    with Database(floor.database) as db, db.write() as connection:
        connection.execute(
            "UPDATE shops SET info = json_set(info, '$.net_price_groups', json('[\"händler\"]'))"
        )
    assert [each["change"]["customer_id"] for each in floor.plan()] == ["1002"]


# -- the config


BASE = '[shops.kiosk]\nadapter = "memory"\n[groups.dormant]\nmembers = "number_of_orders > 1"\n'
PLAIN = 'deliver = ["csv"]\ngroup = "dormant"\n'
CONDITIONS = '"address-from-sale", "own-similar-goods", "told-each-time"'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            PLAIN + "coupon = { percent = 10, free_shipping = true }",
            "campaigns.x.coupon: has both percent and free_shipping. Keep one of the two.",
        ),
        (
            'coupon = { percent = 10 }\ndeliver = ["brefo"]\ngroup = "dormant"',
            "campaigns.x.deliver.1: there is no way 'brefo' to deliver a code. ",
        ),
        (
            'coupon = { percent = 10 }\ndeliver = ["csv"]',
            "campaigns.x.group: is missing. Add the group that gets the coupons.",
        ),
        (
            'coupon = { percent = 10 }\ndeliver = ["csv"]\nrewards = "y"',
            "campaigns.x.rewards: there is no campaign 'y'. ",
        ),
        (
            'coupon = { percent = 10 }\ndeliver = ["csv"]\nrewards = "x"',
            "campaigns.x.rewards: the codes of 'x' are for the customers themselves, not for their friends.",
        ),
        (
            PLAIN + "coupon = { percent = 10, valid_days = 30 }\ncooldown_days = 20",
            "campaigns.x.cooldown_days: is less than valid_days (30): the code before it would still be ",
        ),
        (
            PLAIN + "coupon = { percent = 10, valid_days = 5 }\nremind_days = 5",
            "campaigns.x.remind_days: is not less than valid_days (5): every code would be a reminder.",
        ),
        (
            PLAIN
            + 'coupon.percent = 10\n[consent]\nbasis = "existing-customer"\nconditions = ["no-objection"]',
            f"hold, § 7 (3) UWG. If they do, add to conditions: {CONDITIONS}.",
        ),
        (
            PLAIN + 'coupon.percent = 10\ntitle = "For\\nyou"',
            "campaigns.x.title: contains a character that cannot be seen. Write it anew, on one line.",
        ),
    ],
)
def test_a_campaign_that_contradicts_itself(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "stammkunde.toml"
    path.write_text(f"{BASE}[campaigns.x]\n{text}\n", encoding="utf-8")
    with pytest.raises(BrokenConfigError) as caught:
        load(path)
    assert problem in str(caught.value)


def test_two_campaigns_for_the_same_people_need_a_priority(floor: Kiosk) -> None:
    rival = COME_BACK.replace("come-back", "rival")
    floor.configure(COME_BACK, rival)
    ran = floor.run("campaign")
    assert (ran.code, ran.out) == (2, "")
    assert (
        "campaigns.rival.group: 'come-back' gives to 'dormant' too, and nobody gets two open codes."
        " Give one of them a higher priority, or set beside_others = true.\n"
    ) in ran.err
    floor.configure(COME_BACK, rival + "priority = 1\n")
    assert floor.run("campaign").code == 0


def test_the_tag_of_a_campaign_is_its_own(floor: Kiosk) -> None:
    tagged = '[groups.gone]\nmembers = "number_of_orders > 1"\ntag = "back"\n'
    floor.configure(tagged, COME_BACK + 'tag = "Back"\n')
    assert "campaigns.come-back.tag: 'Back' is the tag of 'gone' too." in floor.run("campaign").err
