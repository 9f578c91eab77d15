"""Who may know whom (DESIGN, *The layout*), read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Each module of `connector` may import those before it. A new module gets its place here.
ORDER = (
    "errors",
    "model",
    "money",
    "quantity",
    "rfm",
    "tables",
    "adapter",
    "outlet",
    "signing",
    "http",
    "config",
    "database",
    "mirror",
    "ledger",
    "people",
    "classes",
    "scores",
    "facts",
    "rules",
    "groups",
    "campaigns",
    "validate",
    "plan",
    "shop",
    "past",
    "bases",
    "pull",
    "push",
    "outbox",
    "privacy",
    "hooks",
    "proposal",
    "gate",
    "sync",
    "troubles",
    "support",
    "handover",
    "delivery",
    "metrics",
    "language",
    "html",
    "explain",
    "daemon",
    "schedule",
    "web",
    "cli",
)
#: Shipped for adapter authors; nothing of the line knows them.
FOR_AUTHORS = {
    "sample": {"errors", "model", "money", "adapter"},
    "testing": {"errors", "model", "money", "adapter", "outlet", "config"},
}
FOR_ADAPTERS = {"adapter", "model", "errors", "http", "money", "tables"}
FOR_OUTLETS = {"outlet", "model", "errors", "http", "money", "signing"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, ...]]:
    """Every module that a file imports, wherever in it, as parts: ("connector", "model")."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module is not None
            parts = tuple(node.module.split("."))
            # "from connector import groups" names a module, "from connector.model import Kind" does not
            yield from (((*parts, alias.name) if len(parts) == 1 else parts) for alias in node.names)


def known(path: Path, package: str) -> set[str]:
    """The modules of a package that a file imports, by their first part below it."""
    return {parts[1] for parts in imports(path) if parts[0] == package and len(parts) > 1} - {"__version__"}


def layer(path: Path) -> str:
    """`connector/mirror/rows.py` belongs to "mirror", `connector/plan.py` to "plan"."""
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


@pytest.mark.parametrize("path", modules("connector"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_imports_upwards_only_and_knows_no_adapter(path: Path) -> None:
    own = layer(path)
    assert not {parts for parts in imports(path) if parts[0] == "adapters"}
    if own == "__init__":
        assert not known(path, "connector")
        return
    allowed = FOR_AUTHORS[own] if own in FOR_AUTHORS else set(ORDER[: ORDER.index(own)])
    assert known(path, "connector") - {own} <= allowed


@pytest.mark.parametrize("path", modules("adapters"), ids=lambda path: str(path.relative_to(ROOT)))
def test_an_adapter_knows_its_own_platform_and_five_modules_of_the_core(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    own = parts[1].removesuffix(".py")
    if own == "outlets":
        return
    is_sandbox = any(part.removesuffix(".py") == "sandbox" for part in parts[2:])
    assert known(path, "connector") <= FOR_ADAPTERS | ({"sample"} if is_sandbox else set())
    assert known(path, "adapters") <= {own}
    if not is_sandbox:
        assert not {parts for parts in imports(path) if parts[:1] == ("adapters",) and "sandbox" in parts}


@pytest.mark.parametrize("path", modules("adapters/outlets"), ids=lambda path: str(path.relative_to(ROOT)))
def test_an_outlet_knows_no_other_and_six_modules_of_the_core(path: Path) -> None:
    *_, own, name = path.relative_to(ROOT).parts
    is_sandbox = name == "sandbox.py"
    assert known(path, "connector") <= FOR_OUTLETS | ({"sample"} if is_sandbox else set())
    foreign = {parts for parts in imports(path) if parts[0] == "adapters"}
    assert {parts[:3] for parts in foreign} <= {("adapters", "outlets", own)}
    if not is_sandbox:
        assert not {parts for parts in foreign if "sandbox" in parts}


def test_only_the_command_line_prints() -> None:
    printing = [
        str(path.relative_to(ROOT))
        for package in ("connector", "adapters")
        for path in modules(package)
        if layer(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_every_module_of_the_core_has_its_place() -> None:
    present = {layer(path) for path in modules("connector")} - {"__init__"}
    assert present <= {*ORDER, *FOR_AUTHORS}
