"""The tables of platforms in the documentation are what the adapters say."""

from pathlib import Path

import pytest

from connector.adapter import Tried
from connector.model import CouponTerm, Feature
from tests.platform_table import BEGIN, END, FEATURES, PAGE, TERMS, Platform, platforms, tables

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def found() -> list[Platform]:
    return platforms()


def test_the_page_shows_what_the_adapters_say(found: list[Platform]) -> None:
    shown = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == tables(found), "python -m tests.platform_table writes it anew"


def test_every_feature_and_every_term_has_its_row() -> None:
    assert set(FEATURES) == set(Feature)
    assert set(TERMS) == set(CouponTerm)


def test_what_is_tried_in_ci_has_a_test_that_starts_it(found: list[Platform]) -> None:
    started = {path.stem.split("_")[1] for path in (ROOT / "tests/real_shops").glob("test_*_line.py")}
    assert {each.name for each in found if each.tried is Tried.IN_CI} == started


def test_every_platform_has_a_page(found: list[Platform]) -> None:
    without = {each.name for each in found if not PAGE.with_name(f"{each.name}.md").exists()}
    assert without == {"memory"}


def test_known_facts_of_platforms_are_in_the_table(found: list[Platform]) -> None:
    by_name = {each.name: each for each in found}
    assert by_name["vendure"].tried is Tried.IN_CI
    assert by_name["jtl-wawi"].tried is Tried.SANDBOX
    assert Feature.COUPONS not in by_name["jtl-wawi"].info.features
    assert Feature.COUPON_FOR_CUSTOMER in by_name["shopify"].info.features
    assert Feature.WEBHOOKS in by_name["woocommerce"].info.features
    assert Feature.WEBHOOKS not in by_name["csv"].info.features
