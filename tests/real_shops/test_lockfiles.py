"""The npm projects of the real shops install the same from whatever registry npm is told to use."""

import json
from pathlib import Path

import pytest

PROJECTS = sorted(path.parent for path in Path(__file__).parent.glob("*/package.json"))


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: str(project.name))
def test_a_lockfile_pins_contents_and_names_no_registry(project: Path) -> None:
    packages = json.loads((project / "package-lock.json").read_text("utf-8"))["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert len(installed) > 100
    assert [name for name, package in installed.items() if "resolved" in package] == []
    assert [name for name, package in installed.items() if not package.get("integrity")] == []
