"""Terms that a shop keeps one by one but not together: the config is refused before a code is made."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.vendure.sandbox import VendureSandbox
from adapters.woocommerce.sandbox import WooCommerceSandbox
from adapters.woocommerce.sandbox.shop import Profile
from connector.model import Product
from tests.shopfloor import GROUPS, MADE, NOW, Floor, customer, order

GOODS = {"products": '["3001"]', "categories": '["Kaffee"]'}

SHOPS: dict[str, Callable[[], VendureSandbox | WooCommerceSandbox]] = {
    "vendure": lambda: VendureSandbox(now=lambda: NOW),
    "woocommerce": lambda: WooCommerceSandbox(now=lambda: NOW, profile=Profile(free_shipping=True)),
}


@contextmanager
def opened(folder: Path, platform: str) -> Iterator[tuple[Floor, VendureSandbox | WooCommerceSandbox]]:
    """A shop with one dormant customer, and an installation beside it."""
    with SHOPS[platform]() as shop:
        floor = Floor(folder)
        floor.options["laden"] = {
            "adapter": f'"{platform}"',
            "push": "true",
            "limits": "{ losing = 1, gaining = 1 }",
            **options(floor, shop.settings()),
        }
        for record in (
            Product(id="3001", title="Espresso", categories=("Kaffee",), updated_at=MADE),
            customer(1001, "anna@example.com"),
            order(101, 1001, 250),
            order(102, 1001, 200),
        ):
            shop.put(record)
        yield floor, shop


def options(floor: Floor, settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as TOML; a secret stands in a file."""
    return {
        name: f'{{ file = "{floor.write_private(name, value)}" }}'
        if name in {"key", "secret", "webhook_secret"}
        else f'"{value}"'
        for name, value in settings.items()
    }


@pytest.mark.parametrize(
    ("platform", "gift", "terms"),
    [
        ("vendure", "amount = 5", ("amount", "products")),
        ("vendure", "amount = 5", ("amount", "categories")),
        ("vendure", "free_shipping = true", ("free_shipping", "products")),
        ("vendure", "free_shipping = true", ("free_shipping", "categories")),
        ("woocommerce", "percent = 10", ("products", "categories")),
    ],
)
def test_terms_that_do_not_go_together_make_no_code(
    tmp_path: Path, platform: str, gift: str, terms: tuple[str, str]
) -> None:
    asked = ", ".join([gift, *(f"{term} = {GOODS[term]}" for term in terms if term in GOODS)])
    with opened(tmp_path, platform) as (floor, shop):
        floor.write_config(rules=GROUPS + campaign(asked))
        ran = floor.run("sync", "--force")
        assert ran.code == 2
        reason = f"the shop cannot keep {terms[0]} and {terms[1]} together in one code"
        assert f"campaigns.come-back: {reason}.\n" in ran.err
        assert shop.codes() == frozenset()


@pytest.mark.parametrize(
    ("platform", "asked"),
    [
        ("vendure", 'percent = 10, products = ["3001"], categories = ["Kaffee"]'),
        ("vendure", "free_shipping = true"),
        ("woocommerce", 'amount = 5, categories = ["Kaffee"]'),
        ("woocommerce", 'free_shipping = true, products = ["3001"]'),
    ],
)
def test_terms_that_go_together_make_a_code(tmp_path: Path, platform: str, asked: str) -> None:
    with opened(tmp_path, platform) as (floor, shop):
        floor.write_config(rules=GROUPS + campaign(asked))
        floor.done("sync", "--force")
        assert len(shop.codes()) == 1


def campaign(asked: str) -> str:
    return f"""
[campaigns.come-back]
active = true
group = "dormant"
coupon = {{ {asked}, valid_days = 30 }}
deliver = ["metafield"]
budget = {{ coupons = 10 }}
"""
