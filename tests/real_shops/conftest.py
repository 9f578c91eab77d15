"""Tests that start a real shop run only when they are asked for by their marker."""

from collections.abc import Iterator

import pytest

from tests.real_shops.vendure_shop import RealVendure


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make test` stays free of npm: these tests wait for `-m shops` (that is `make test-shops`)."""
    if config.getoption("-m") == "shops":
        return
    ours = [item for item in items if item.get_closest_marker("shops")]
    if ours:
        items[:] = [item for item in items if item not in ours]
        config.hook.pytest_deselected(items=ours)


@pytest.fixture(scope="session")
def vendure() -> Iterator[RealVendure]:
    """One server for all tests; each begins with `reset`."""
    shop = RealVendure()
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()
