"""The contract of an adapter as tests, and the records and the handle that they need. For adapter authors.

A test module inherits `AdapterContract` and says how to reach a shop that may be changed at will:

    pytest.register_assert_rewrite("connector.testing")  # in conftest.py: failures show their values

    class TestMyAdapter(AdapterContract):
        adapter_class = MyAdapter

        @pytest.fixture
        def shop(self) -> Iterator[MySandbox]:
            with MySandbox() as sandbox:
                yield sandbox

        @pytest.fixture
        def settings(self, shop: MySandbox) -> dict[str, Any]:
            return {**shop.settings(), "page_size": 3}

What a platform cannot do it does not declare in `check().features`; those tests are skipped, and another
one sees to it that the matching changes are refused.
"""

from connector.testing.changes import AttributeContract, EventContract, PushContract, TagContract
from connector.testing.coupons import CouponContract
from connector.testing.reads import ConstructorContract, ReadContract
from connector.testing.records import (
    LATER,
    START,
    fill,
    make_coupon,
    make_customer,
    make_line,
    make_order,
    make_product,
    make_record,
    records,
)
from connector.testing.shop import Basket, Goods, Receipt, ShopUnderTest, Till


class AdapterContract(
    ConstructorContract,
    ReadContract,
    TagContract,
    AttributeContract,
    CouponContract,
    PushContract,
    EventContract,
):
    """Every sentence of `connector.adapter.Adapter` as a test; inherit it and give two fixtures.

    `shop` is a fresh, empty `ShopUnderTest`. `settings` are keyword arguments that connect `adapter_class` to
    it, with a small page size if that is a setting. Where webhooks are declared, `delivery` is a third.
    """


__all__ = [
    "LATER",
    "START",
    "AdapterContract",
    "Basket",
    "Goods",
    "Receipt",
    "ShopUnderTest",
    "Till",
    "fill",
    "make_coupon",
    "make_customer",
    "make_line",
    "make_order",
    "make_product",
    "make_record",
    "records",
]
