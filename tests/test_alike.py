"""All adapters are built alike, and what three of them share stands in the core (issue 4, *All alike*)."""

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.adapter import Adapter, adapter_class, adapters

ROOT = Path(__file__).parents[1]
OURS = sorted(point.name for point in adapters().values() if point.dist and point.dist.name == "stammkunde")
ORDER = (
    "__init__",
    "check",
    "products",
    "customers",
    "orders",
    "ids",
    "by_id",
    "orders_of",
    "tags",
    "coupons",
    "push",
    "event",
    "close",
)
#: Shorter functions say the same by chance.
STATEMENTS = 3


def test_the_order_names_every_method() -> None:
    methods = {name for name, value in vars(Adapter).items() if inspect.isfunction(value) and name[0] != "_"}
    assert methods == set(ORDER) - {"__init__"}


@pytest.mark.parametrize("name", OURS)
def test_methods_stand_in_the_same_order(name: str) -> None:
    made = adapter_class(name)
    (tree,) = ast.parse(inspect.getsource(made)).body
    assert isinstance(tree, ast.ClassDef)
    methods = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
    assert tuple(each for each in methods if each in ORDER) == ORDER


@pytest.mark.parametrize("name", OURS)
def test_an_adapter_begins_with_what_it_is(name: str) -> None:
    (tree,) = ast.parse(inspect.getsource(adapter_class(name))).body
    assert isinstance(tree, ast.ClassDef)
    attributes = [
        each.target.id
        for each in tree.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]
    assert attributes[:3] == ["name", "title", "tried"]
    assert "reread" in attributes or any(
        isinstance(each, ast.FunctionDef) and each.name in {"reread", "__init__"} for each in tree.body
    )


def test_translators_know_no_adapter() -> None:
    """`_to_<record>` is a function of a row: it has no `self`, and so does no I/O."""
    methods = [
        f"{path.relative_to(ROOT)}:{each.lineno} {each.name}"
        for path in sources()
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(each, ast.FunctionDef)
        and each.name in {"_to_customer", "_to_order", "_to_product", "to_customer", "to_order", "to_product"}
        and each.args.args
        and each.args.args[0].arg == "self"
    ]
    assert methods == []


def test_what_three_platforms_share_stands_in_the_core() -> None:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sources():
        platform = path.relative_to(ROOT).parts[1].removesuffix(".py")
        for body, place in functions(path):
            found[body].setdefault(platform, place)
    assert [sorted(places.values()) for places in found.values() if len(places) >= 3] == []


def sources() -> Iterator[Path]:
    """The adapters of shops, without their sandboxes."""
    for path in sorted((ROOT / "adapters").rglob("*.py")):
        parts = path.relative_to(ROOT / "adapters").parts
        if parts[0] != "outlets" and not any(part.removesuffix(".py") == "sandbox" for part in parts):
            yield path


def functions(path: Path) -> Iterator[tuple[str, str]]:
    """What each function does, whatever it is called, and where it stands."""
    for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(each, ast.FunctionDef):
            body = each.body[1:] if ast.get_docstring(each) else each.body
            if sum(isinstance(node, ast.stmt) for part in body for node in ast.walk(part)) >= STATEMENTS:
                text = "\n".join(ast.dump(part) for part in body)
                yield text, f"{path.relative_to(ROOT)}:{each.lineno} {each.name}"
