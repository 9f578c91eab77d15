"""The whole life of a code through the checkouts of the Shopify and JTL sandboxes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.jtl.sandbox import JtlSandbox
from connector.model import Payment, Shipment
from tests.shopfloor import CAMPAIGN, Floor, customer, order, put, shopfloor

GROUPS = """
[groups.dormant]
members = "number_of_orders >= 2 AND last_order_date < -180d"
"""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        opened.write_config(rules=GROUPS + CAMPAIGN.replace("deliver", 'tag = "come-back"\ndeliver'))
        yield opened


def dormant() -> Iterator[Any]:
    for number in (1001, 1002):
        yield customer(number, f"c{number}@example.com")
        yield from (order(number * 10 + nth, number, 200 + 30 * nth) for nth in range(2))


def codes(floor: Floor, who: str) -> list[str]:
    query = f"SELECT code FROM issued WHERE customer_id = '{who}' AND state <> 'refused' ORDER BY round"
    return [row[0] for row in floor.rows(query)]


def states(floor: Floor) -> dict[str, int]:
    (seen,) = floor.done("campaign", "come-back", "--json").json()
    return {each["name"]: each["codes"] for each in seen["funnel"] if each["codes"]}


def next_day(floor: Floor) -> None:
    floor.later(days=1)
    floor.done("sync", "--force")


def test_on_shopify(floor: Floor) -> None:
    put(floor.open_shop(), dormant())
    floor.first_push()
    assert states(floor) == {"issued": 2, "handed over": 2, "open": 2}
    (code,) = codes(floor, "1001")
    assert floor.shop.attribute("1001", "code-come-back") == code
    assert floor.tags("1001", "1002") == {"1001": ["sk:come-back"], "1002": ["sk:come-back"]}
    assert floor.shop.redeem(code, "1002") is not None
    assert floor.shop.redeem(code, "1001") is None
    next_day(floor)
    assert states(floor) == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}
    assert floor.tags("1001", "1002") == {"1001": [], "1002": ["sk:come-back"]}
    ((number,),) = floor.rows(
        f"SELECT o.id FROM orders AS o JOIN order_codes USING (order_key) WHERE code = '{code}'"
    )
    cancelled: dict[str, Any] = {"cancelled_at": floor.now, "updated_at": floor.now, "codes": (code,)}
    unpaid: dict[str, Any] = {"payment": Payment.NONE, "shipment": Shipment.NONE}
    floor.shop.put(order(int(number), 1001, -1, **cancelled, **unpaid))
    next_day(floor)
    assert states(floor) == {"issued": 3, "handed over": 3, "released": 1, "open": 2}
    first, second = codes(floor, "1001")
    assert floor.shop.redeem(first, "1001") is not None
    assert floor.shop.attribute("1001", "code-come-back") == second
    assert floor.tags("1001") == {"1001": ["sk:come-back"]}
    floor.later(days=31)
    assert floor.shop.redeem(second, "1001") is not None  # it has ended
    floor.done("sync", "--force")
    assert states(floor) == {"issued": 3, "handed over": 3, "released": 1, "expired": 2}
    assert floor.tags("1001", "1002") == {"1001": [], "1002": []}
    assert floor.done("plan").out == "\nroastery: nothing to change. The shop is as it should be.\n"


def test_on_jtl(floor: Floor) -> None:
    with JtlSandbox(now=lambda: floor.now) as shop:
        for record in dormant():
            shop.put(record)
        floor.options["jtl"] = {
            "adapter": '"jtl"',
            "url": json.dumps(shop.url),
            "key": f'{{ file = "{floor.write_private("jtl.key", "skj_sandbox")}" }}',
            "push": "true",
            "limits": "{ losing = 1, gaining = 1 }",
        }
        floor.write_config()
        floor.done("sync", "--force")
        (code,) = codes(floor, "1001")
        assert shop.redeem(code, "1002") is not None
        assert shop.redeem(code, "1001") is None
        next_day(floor)
        assert states(floor) == {"issued": 2, "handed over": 2, "open": 2}  # bank transfer: not paid yet
        placed = max(shop.shop.orders)
        shop.checkout.pay(placed)
        next_day(floor)
        assert states(floor) == {"issued": 2, "handed over": 2, "redeemed": 1, "open": 1}
        shop.checkout.cancel(placed)
        next_day(floor)
        assert states(floor)["released"] == 1
        first, second = codes(floor, "1001")
        assert shop.redeem(first, "1001") is not None
        assert shop.redeem(second, "1001") is None
