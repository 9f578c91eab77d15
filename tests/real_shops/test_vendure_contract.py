"""The contract of an adapter, against the real server."""

from typing import Any

import msgspec
import pytest

from adapters.vendure import VendureAdapter
from connector.model import Order, Record
from connector.testing import AdapterContract
from tests.real_shops.vendure_shop import RealVendure

pytestmark = pytest.mark.shops

#: The customer record of a guest, as controls.js numbers it.
GUESTS_FROM = 900_000


@pytest.fixture
def shop(vendure: RealVendure) -> RealVendure:
    vendure.reset()
    return vendure


@pytest.fixture
def settings(shop: RealVendure) -> dict[str, Any]:
    return {**shop.login_settings(), "page_size": 3, "timeout": 4.0}


def as_vendure(record: Record) -> Record:
    """What Vendure keeps: a record of every guest, and no piece of a cancelled order."""
    if not isinstance(record, Order):
        return record
    customer_id = record.customer_id or str(GUESTS_FROM + int(record.id))
    lines = record.lines
    if record.cancelled_at:
        lines = tuple(msgspec.structs.replace(line, remaining=0) for line in lines)
    return msgspec.structs.replace(record, customer_id=customer_id, lines=lines)


class TestVendureContract(AdapterContract):
    adapter_class = VendureAdapter
    attribute_name = "stammkundeCode"

    def kept(self, record: Record) -> Record:
        return as_vendure(record)
