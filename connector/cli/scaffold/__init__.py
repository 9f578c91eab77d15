"""A package with a new adapter, made from the templates beside this file.

What is made works at once, against a sandbox that comes with it; its author then changes it piece by piece
into an adapter for a real platform.
"""

import re
from pathlib import Path
from string import Template

from connector.errors import ConfigError, StammkundeError

TEMPLATES = Path(__file__).with_name("templates")
LONGEST = 40


def make_package(name: str, folder: Path) -> Path:
    """Write the package `stammkunde-<name>` into a folder. Returns where it is.

    Raises:
        ConfigError: that is no name of an adapter.
        StammkundeError: there is something of that name already, or it cannot be written.
    """
    words = _words(name)
    package = folder / f"stammkunde-{name}"
    module = package / words["module"]
    places = {
        "pyproject.toml": package / "pyproject.toml",
        "README.md": package / "README.md",
        "adapter.py": module / "__init__.py",
        "sandbox.py": module / "sandbox.py",
        "py.typed": module / "py.typed",
        "test_contract.py": package / "tests" / "test_contract.py",
        "conftest.py": package / "tests" / "conftest.py",
    }
    texts = {place: _filled(template, words) for template, place in places.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        package.mkdir()
        for place, text in texts.items():
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise StammkundeError(f"{package} exists already and is left as it is.") from None
    except OSError as error:
        raise StammkundeError(f"{package} cannot be written: {error.strerror}.") from error
    return package


def _words(name: str) -> dict[str, str]:
    """What stands for the platform in the templates."""
    if not re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > LONGEST:
        raise ConfigError(
            f"'{name}' is no name of an adapter: use only a-z, 0-9 and '-' between them, "
            f"and at most {LONGEST} letters."
        )
    parts = [part.capitalize() for part in name.split("-")]
    return {
        "name": name,
        "module": f"stammkunde_{name.replace('-', '_')}",
        "title": " ".join(parts),
        "camel": "".join(parts),
    }


def _filled(template: str, words: dict[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(words)
