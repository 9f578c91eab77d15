"""An installation beside a real shop, and an owner who types commands."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click.testing

from connector.cli import main

KEY = "5a" * 32


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Installation:
    """A config, a key file and a database in one folder.

    Args:
        shop: options of the only shop, `laden`, as TOML.
        rules: groups and campaigns.
    """

    def __init__(self, folder: Path, shop: Mapping[str, str], rules: str) -> None:
        self._folder = folder
        self._config = folder / "stammkunde.toml"
        self.write_private("stammkunde.key", KEY)
        options = "\n".join(f"{name} = {value}" for name, value in shop.items())
        self._config.write_text(f"[shops.laden]\n{options}\n{rules}", encoding="utf-8")

    def write_private(self, name: str, text: str) -> Path:
        return write_private(self._folder, name, text)

    def run(self, *arguments: str) -> Ran:
        """Type a command."""
        result = click.testing.CliRunner().invoke(main, ["--config", str(self._config), *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    def done(self, *arguments: str) -> Ran:
        """Type a command that goes well."""
        ran = self.run(*arguments)
        assert ran.code == 0, ran
        return ran


def write_private(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path
