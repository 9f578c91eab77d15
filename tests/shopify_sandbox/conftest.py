"""A sandbox of its own for every test, with a clock that the test sets."""

from collections.abc import Iterator

import pytest

from adapters.shopify.sandbox import ShopifySandbox
from tests.shopify_client import Client, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(clock: Clock) -> Iterator[ShopifySandbox]:
    with ShopifySandbox(now=clock, webhook_retry_seconds=0.01) as sandbox:
        yield sandbox


@pytest.fixture
def client(shop: ShopifySandbox) -> Client:
    return Client(shop)
