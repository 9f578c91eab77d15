"""The contract of adapters, kept by a folder of exports and an owner who imports what is handed over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.csv_files import CsvAdapter
from adapters.csv_files.sandbox import CsvSandbox
from connector.testing import AdapterContract


class TestCsvAdapter(AdapterContract):
    adapter_class = CsvAdapter

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Iterator[CsvSandbox]:
        with CsvSandbox(folder=tmp_path / "exports") as sandbox:
            yield sandbox

    @pytest.fixture
    def settings(self, shop: CsvSandbox) -> dict[str, Any]:
        return {**shop.settings(), "page_size": 3}
