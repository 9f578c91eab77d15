"""What every command works on: the config, the database and the clock of one installation."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from connector.errors import ConfigError

if TYPE_CHECKING:  # loaded when used, so that `--help` stays fast
    from connector.adapter import Adapter
    from connector.config import Config, ShopConfig
    from connector.database import Database

FILE_NAME = "stammkunde.toml"


@dataclass
class Installation:
    """One config file with its database. Nothing is read or opened before it is asked for."""

    given: Path | None = None  #: by --config or $STAMMKUNDE_CONFIG
    fixed: datetime | None = None  #: the clock of tests
    verbose: bool = False
    quiet: bool = False

    @property
    def path(self) -> Path:
        """Where the config is: as given, else here, else in the user's config folder."""
        here, home = Path(FILE_NAME), Path(click.get_app_dir("stammkunde")) / FILE_NAME
        return self.given or (here if is_there(here) or not is_there(home) else home)

    @cached_property
    def config(self) -> "Config":
        """The config, without problems.

        Raises:
            ConfigError: it cannot be read, or it has problems: all of them.
        """
        from connector import validate

        return validate.load(self.path)

    @cached_property
    def database(self) -> "Database":
        """The database, for the thread of the command; closed when the command ends."""
        from connector.database import Database

        database = Database(self.config.database)
        click.get_current_context().find_root().call_on_close(database.close)
        return database

    def now(self) -> datetime:
        """The present moment in UTC; one run should ask once."""
        return self.fixed or datetime.now(UTC)

    def shops(self, names: Sequence[str] = ()) -> "list[ShopConfig]":
        """The shops of these names, or all of them in the order of the config.

        Raises:
            ConfigError: there is no shop of that name.
        """
        from connector.config import nearest

        known = self.config.shops
        for name in names:
            if name not in known:
                raise ConfigError(f"There is no shop '{name}' in {self.path}. {nearest(name, known)}")
        return [known[name] for name in dict.fromkeys(names)] if names else list(known.values())

    @contextmanager
    def adapter(self, shop: "ShopConfig") -> "Iterator[Adapter]":
        """The adapter of a shop, closed at the end.

        Raises:
            ConfigError: a secret is missing, or the adapter refuses its settings.
        """
        from connector.config import open_adapter

        adapter = open_adapter(shop)
        try:
            yield adapter
        finally:
            adapter.close()


def is_there(path: Path) -> bool:
    """As `exists`, which in a folder that may not be looked into raises."""
    try:
        return path.exists()
    except OSError:
        return False


pass_installation = click.make_pass_decorator(Installation)


def _complete_shops(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from connector.config import read

    given = os.environ.get("STAMMKUNDE_CONFIG")
    try:
        config, _ = read(Installation(Path(given) if given else None).path)
    except ConfigError:
        return []  # while the owner is typing is no time to complain
    return [CompletionItem(name) for name in config.shops if name.startswith(begun)]


shops_argument = click.argument("shops", nargs=-1, metavar="[SHOPS]...", shell_complete=_complete_shops)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")


class Moment(click.ParamType[datetime]):
    """An ISO 8601 moment; without an offset it is UTC."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is no moment such as 2026-11-22T06:00:00Z", param, ctx)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
