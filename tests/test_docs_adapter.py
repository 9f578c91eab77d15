"""The code in docs/writing-an-adapter.md runs."""

import re
import shlex
import tomllib
from inspect import isfunction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.adapter import Adapter
from connector.cli import main
from connector.config import reading
from connector.model import Feature

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "writing-an-adapter.md").read_text(encoding="utf-8")


def blocks(label: str) -> list[str]:
    """Fenced blocks whose opening line says exactly that, padded so that errors name the page's lines."""
    found = re.finditer(rf"^```{re.escape(label)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return ["\n" * PAGE.count("\n", 0, match.start(1)) + match[1] for match in found]


def test_python_runs_from_top_to_bottom() -> None:
    namespace: dict[str, Any] = {"__name__": "page"}
    for block in blocks("python"):
        exec(compile(block, "docs/writing-an-adapter.md", "exec"), namespace)  # noqa: S102
    assert len(blocks("python")) == 9


def test_contract_passes_as_shown(pytester: pytest.Pytester) -> None:
    for name in ("test_contract.py", "conftest.py"):
        (text,) = blocks(f"python {name}")
        (pytester.path / name).write_text(text, encoding="utf-8")
    outcome = pytester.runpytest_inprocess("-p", "no:hypothesispytest").parseoutcomes()
    assert outcome["passed"] > 100
    assert not {"failed", "errors", "skipped"} & set(outcome)


@pytest.mark.parametrize("feature", Feature)
def test_every_feature_is_explained(feature: Feature) -> None:
    assert re.search(rf"^\| .*`{feature.name}`.* \|", PAGE, re.MULTILINE)


def test_entry_points_are_in_the_groups_that_are_looked_up() -> None:
    (shown,) = blocks("toml pyproject")
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = tomllib.loads(shown)["project"]["entry-points"]
    assert set(groups) == {"stammkunde.adapters", "stammkunde.sandboxes"}
    assert set(groups) <= set(ours["project"]["entry-points"])


def test_config_is_understood() -> None:
    (shown,) = blocks("toml config")
    config, problems = reading.parse(shown)
    assert problems == []
    assert config.shops["tutorial"].settings == {"name": "tutorial", "page_size": 20}


def test_the_command_makes_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (shown,) = blocks("sh")
    program, *words = shlex.split(shown)
    assert program == "stammkunde"
    assert CliRunner().invoke(main, words).exit_code == 0
    (module,) = (tmp_path / "stammkunde-bread").glob("stammkunde_*/__init__.py")
    assert len(module.read_text(encoding="utf-8").splitlines()) < 200


def test_no_block_is_left_out() -> None:
    labels = set(re.findall(r"^```(.+)$", PAGE, re.MULTILINE))
    assert labels == {
        "sh",
        "python",
        "python test_contract.py",
        "python conftest.py",
        "toml pyproject",
        "toml config",
    }


def test_every_method_is_named() -> None:
    methods = [name for name, value in vars(Adapter).items() if isfunction(value) and name[0] != "_"]
    assert len(methods) == 12
    assert [name for name in methods if f"`{name}" not in PAGE] == []
