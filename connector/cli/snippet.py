"""Pieces of a config file as text."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from connector.config import Secret


def toml(value: object) -> str:
    """A value as TOML, on one line; a `Secret` as where it is kept."""
    if isinstance(value, Secret):
        return toml({"env": value.env} if value.env is not None else {"file": value.file})
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {toml(each)}' for key, each in value.items())} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(toml(each) for each in value)}]"
    if isinstance(value, str | Path):
        # JSON's escapes are TOML's too, but for DEL, which JSON leaves as it is.
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"{type(value).__name__} has no place in a config")


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if plain else toml(name)


def shop_table(name: str, options: Mapping[str, object], comments: Mapping[str, str] | None = None) -> str:
    """The table of a shop, one option a line, each below its comment if it has one."""
    lines = [f"[shops.{name}]"]
    for key, value in options.items():
        if comments and key in comments:
            lines += ["", f"# {comments[key]}"]
        lines.append(f"{_key(key)} = {toml(value)}")
    return "\n".join(lines) + "\n"
