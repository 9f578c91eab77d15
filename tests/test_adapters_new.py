"""`stammkunde adapters new` makes a package that installs, is found, and keeps the contract at once."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.cli import main

ROOT = Path(__file__).parents[1]


def new(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["adapters", "new", *arguments])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    result = new("corner-shop", "--out", str(folder))
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    return folder / "stammkunde-corner-shop"


@pytest.fixture(scope="module")
def python(made: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A fresh environment that sees what is installed in this one, and the package installed into it."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    fresh = folder / "bin" / "python"
    site = next(folder.glob("lib/python*/site-packages"))
    # addsitedir also follows the .pth files in it, of which one names this project
    (site / "ours.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run(str(fresh), "-m", "pip", "install", *offline, str(made), folder=made)
    return str(fresh)


def run(*command: str, folder: Path) -> str:
    """What a command says on stdout, run where nothing but its environment leads to us."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PIP_CONFIG_FILE"] = os.devnull
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_adapter_keeps_the_contract_in_a_fresh_environment(made: Path, python: str) -> None:
    where = run(python, "-c", "import stammkunde_corner_shop as it; print(it.__file__)", folder=made.parent)
    assert "site-packages" in where
    said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", folder=made)
    counts = {
        word: int(count) for count, word in (each.split()[:2] for each in said.split("\n")[-2].split(", "))
    }
    assert counts["passed"] >= 99
    assert set(counts) == {"passed", "skipped"}
    assert "Corner Shop does not declare webhooks." in said


def test_a_new_adapter_is_listed_with_its_settings(made: Path, python: str) -> None:
    start = "from connector.cli import main; main()"
    listed = json.loads(run(python, "-c", start, "adapters", "--json", folder=made.parent))
    assert {
        "name": "corner-shop",
        "title": "Corner Shop",
        "package": "stammkunde-corner-shop 0.1.0",
        "sandbox": True,
        "problem": None,
    } in listed
    shown = run(python, "-c", start, "adapters", "corner-shop", folder=made.parent)
    assert shown == (
        "Setting    Type          Default     Meaning\n"
        'url        text          (required)  address of the shop, such as "https://www.example.com".\n'
        "token      secret        (required)  a token of the shop's API.\n"
        "page_size  whole number  100         records of one page.\n"
    )


def test_a_new_adapter_reads_its_sandbox_shop(made: Path, python: str) -> None:
    code = """
from stammkunde_corner_shop import CornerShopAdapter
from stammkunde_corner_shop.sandbox import CornerShopSandbox
from connector.testing import records
import datetime, urllib.request

sandbox = CornerShopSandbox(customers=20, today=datetime.date(2026, 11, 22))
sandbox.start()
adapter = CornerShopAdapter(**sandbox.settings())
customers, orders = records(adapter.customers(None, None)), records(adapter.orders(None, None))
print(len(customers), all(each.goods > 0 for each in orders), len(orders) > 20)
sandbox.faults.plan("throttle", retry_after=0)
print(adapter.check().name, adapter.check().currency)
page = urllib.request.urlopen(sandbox.admin_url).read().decode()
print(all(each.email in page for each in customers if each.email))
sandbox.shop.tag(customers[0].id, ["sk:<new>"], [])
sandbox.shop.add_foreign_code("SOMMER")
page = urllib.request.urlopen(f"{sandbox.admin_url}?tag=sk:<new>").read().decode()
print([each.email in page for each in customers[:2]], "sk:&lt;new&gt;" in page)
print("SOMMER" in urllib.request.urlopen(f"{sandbox.url}/admin/coupons").read().decode())
sandbox.stop()
"""
    said = run(python, "-c", code, folder=made.parent)
    assert said == "20 True True\nCorner Shop sandbox EUR\nTrue\n[True, False] True\nTrue\n"


def test_an_adapter_has_less_than_200_lines(made: Path) -> None:
    lines = (made / "stammkunde_corner_shop" / "__init__.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 200
    assert max(map(len, lines)) <= 110


def test_the_package_is_clean_by_its_own_rules(made: Path) -> None:
    ruff = str(Path(sys.executable).with_name("ruff"))
    run(ruff, "check", "--no-cache", "--select", "A,B,C90,E,F,N,PERF,RET,SIM,UP,W", str(made), folder=made)
    run(ruff, "format", "--no-cache", "--check", str(made), folder=made)


def test_the_package_has_everything_and_no_place_left_to_fill_in(made: Path) -> None:
    texts = {
        str(path.relative_to(made)): path.read_text(encoding="utf-8")
        for path in made.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert set(texts) == {
        "README.md",
        "pyproject.toml",
        "stammkunde_corner_shop/__init__.py",
        "stammkunde_corner_shop/py.typed",
        "stammkunde_corner_shop/sandbox.py",
        "tests/conftest.py",
        "tests/test_contract.py",
    }
    assert [name for name, text in texts.items() if "$" in text] == []
    points = tomllib.loads(texts["pyproject.toml"])["project"]["entry-points"]
    assert points == {
        "stammkunde.adapters": {"corner-shop": "stammkunde_corner_shop:CornerShopAdapter"},
        "stammkunde.sandboxes": {"corner-shop": "stammkunde_corner_shop.sandbox:CornerShopSandbox"},
    }


def test_templates_are_part_of_the_distribution() -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "templates/*" in ours["tool"]["setuptools"]["package-data"]["*"]
    names = {path.name for path in (ROOT / "connector/cli/scaffold/templates").iterdir()}
    assert {"adapter.py.txt", "sandbox.py.txt", "pyproject.toml.txt"} <= names


@pytest.mark.parametrize("name", ["Bread", "my_shop", "7up", "bread-", "a--b", "a" * 41, "../bread", ""])
def test_a_name_that_cannot_be_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    result = new(name, "--out", str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr == (
        f"'{name}' is no name of an adapter: use only a-z, 0-9 and '-' between them, "
        "and at most 40 letters.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_told_in_a_sentence(tmp_path: Path) -> None:
    result = new("shopify", "--out", str(tmp_path))
    assert (result.exit_code, result.stderr) == (
        2,
        "There is an adapter 'shopify' already: choose another name.\n",
    )


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    package = tmp_path / "stammkunde-bread"
    package.mkdir()
    (package / "mine").write_text("kept")
    result = new("bread", "--out", str(tmp_path))
    assert result.exit_code == 1
    assert result.stderr == f"{package} exists already and is left as it is.\n"
    assert [path.name for path in package.iterdir()] == ["mine"]


@pytest.mark.parametrize("words", [["new"], ["new", "a", "b"], ["shopify", "csv"]])
def test_what_cannot_be_said_is_explained(words: list[str]) -> None:
    result = CliRunner().invoke(main, ["adapters", *words])
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "Error: What can be said is `adapters`, `adapters NAME` and `adapters new NAME`.\n"
    )
