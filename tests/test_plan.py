"""A plan as data: how far its limits reach, and what an approval of it covers."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector.errors import UnsafePlanError
from connector.ledger import Planned
from connector.model import Change, DisableCoupon, UpdateTags
from connector.plan import Limits, Plan
from connector.testing import make_coupon


def plan(changes: Iterable[Change], **other: Any) -> Plan:
    planned = tuple(Planned(change=each, face_value=100) for each in changes)
    made = Plan(shop="laden", currency="EUR", changes=planned, tags=(), people=0, tagged=0)
    return msgspec.structs.replace(made, **other)


def gaining(count: int) -> list[Change]:
    return [UpdateTags(customer_id=str(number), add=("sk:a", "sk:b")) for number in range(count)]


def losing(count: int) -> list[Change]:
    return [UpdateTags(customer_id=str(number), remove=("sk:a",)) for number in range(count)]


def why_unsafe(made: Plan, limits: Limits) -> str:
    try:
        made.raise_if_unsafe(limits)
    except UnsafePlanError as error:
        return str(error).partition(" Nothing was pushed.")[0]
    return ""


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (plan(losing(20), tagged=200, people=9999), ""),
        (
            plan(losing(20), tagged=199),
            "laden: 20 of 199 customers who carry our tags would lose a tag (limit 10%).",
        ),
        (plan(losing(19), tagged=19), ""),  # fewer than twenty
        (plan(gaining(60), people=200), ""),
        (plan(gaining(60), people=199), "laden: 60 of 199 people would gain a tag (limit 30%)."),
        (plan(gaining(19), people=19), ""),
    ],
)
def test_shares_may_reach_their_limit_and_not_exceed_it(made: Plan, why: str) -> None:
    assert why_unsafe(made, Limits()) == why


def test_so_many_coupons_and_so_much_money_and_no_more() -> None:
    made = plan(make_coupon(code=f"SK{number}") for number in range(3))
    assert why_unsafe(made, Limits(coupons=3, coupon_value=300)) == ""
    assert why_unsafe(made, Limits(coupons=2)) == "laden: 3 new coupons (limit 2)."
    over = "laden: new coupons worth 3.00 EUR (limit 2.99 EUR)."
    assert why_unsafe(made, Limits(coupon_value=299)) == over


def test_every_limit_that_is_exceeded_is_named() -> None:
    made = plan([*losing(30), *(make_coupon(code=f"SK{number}") for number in range(2))], tagged=40)
    assert why_unsafe(made, Limits(coupons=1)) == (
        "laden: 30 of 40 customers who carry our tags would lose a tag (limit 10%); 2 new coupons (limit 1)."
    )


# -- what an approval covers


def within(now: Iterable[Change], approved: Iterable[Change]) -> list[Change]:
    return [each.change for each in plan(now).within(list(approved)).changes]


def test_a_tag_is_approved_however_it_is_capitalised_for_its_customer_and_its_sign() -> None:
    approved = UpdateTags(customer_id="1", add=("sk:Äpfel", "sk:b"), remove=("sk:c",))
    assert within([UpdateTags(customer_id="1", add=("SK:äpfel",))], [approved]) == [
        UpdateTags(customer_id="1", add=("SK:äpfel",))
    ]
    assert within([UpdateTags(customer_id="2", add=("sk:b",))], [approved]) == []
    assert within([UpdateTags(customer_id="1", add=("sk:c",), remove=("sk:b",))], [approved]) == []
    assert within(
        [UpdateTags(customer_id="1", add=("sk:b", "sk:d"), remove=("sk:C", "sk:e"))], [approved]
    ) == [UpdateTags(customer_id="1", add=("sk:b",), remove=("sk:C",))]


def test_a_coupon_is_approved_with_its_terms_and_not_with_its_day() -> None:
    approved, later = make_coupon(), timedelta(days=3)
    moved = msgspec.structs.replace(
        approved, starts_at=approved.starts_at + later, ends_at=approved.ends_at + later
    )
    assert within([moved], [approved]) == [moved]
    for other in (
        make_coupon(percent=20),
        make_coupon(code="SKOTHER2345"),
        make_coupon(customer_id="1002"),
        make_coupon(ends_at=approved.ends_at + later),  # it would be valid for longer
    ):
        assert within([other], [approved]) == []


def test_anything_else_is_approved_as_it_is() -> None:
    change = make_coupon()
    disable = DisableCoupon(mark=change.mark, code=change.code)
    assert within([disable], [disable, change]) == [disable]
    assert within([disable], [change]) == []
