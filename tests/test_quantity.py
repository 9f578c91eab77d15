"""Numbers of things in sentences."""

import pytest

from connector.quantity import counted, listed, of_several, people


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (counted(0, "change"), "0 changes"),
        (counted(1, "change"), "1 change"),
        (counted(31204, "new coupon"), "31,204 new coupons"),
        (people(1), "1 person"),
        (people(1000), "1,000 people"),
        (of_several(1, "customers read again"), "1 customer read again"),
        (of_several(1, "tagged customers"), "1 tagged customer"),
        (of_several(2, "customers read again"), "2 customers read again"),
        (listed({"customers": 1, "orders": 2, "products": 0}, "changed"), "1 customer, 2 orders changed"),
        (listed({"customers": 0}, "gone"), ""),
    ],
)
def test_one_of_a_thing_is_no_several(said: str, words: str) -> None:
    assert said == words
