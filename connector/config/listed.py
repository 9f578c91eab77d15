"""People named one by one: by e-mail address, or by the shop's id behind a #."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from connector.config.secret import refuse
from connector.errors import ConfigError

_HOW = "Write an e-mail address, or the shop's id of a customer behind a #, as in '#1001'."


def _named(value: str) -> str:
    if not is_person(value):
        raise refuse(f"'{value[:40]}' names nobody", _HOW)
    return value.strip()


def is_person(value: str) -> bool:
    """Whether somebody can be named like this."""
    text = value.strip()
    if text.startswith("#"):
        return len(text) > 1
    name, at, domain = text.rpartition("@")
    return bool(at and name and domain) and not any(letter.isspace() for letter in text)


#: `ada@example.com` or `#1001`.
Person = Annotated[str, AfterValidator(_named)]


def read_list(path: Path) -> tuple[str, ...]:
    """The people that a file names, one a line; empty lines are left out.

    Raises:
        ConfigError: it cannot be read, or a line names nobody. The words have no place: the caller knows it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8") from None
    for number, line in enumerate(lines, start=1):
        if line.strip() and not is_person(line):
            raise ConfigError(f"{path}, line {number}, names nobody: {_HOW[0].lower()}{_HOW[1:].rstrip('.')}")
    return tuple(line.strip() for line in lines if line.strip())
