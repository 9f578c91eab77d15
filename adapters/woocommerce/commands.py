"""`stammkunde woocommerce`: what only shops on WooCommerce need."""

import re
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from connector import __version__
from connector.errors import ConfigError

PLUGIN = "stammkunde"

_VERSION = re.compile(rb"(?<=^ \* Version: ).*$", re.MULTILINE)
#: One moment for all files, so that the same version always gives the same archive.
_WHEN = (2026, 1, 1, 0, 0, 0)


@click.group()
def woocommerce() -> None:
    """WooCommerce: what only it needs."""


@woocommerce.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where to write the archive, such as stammkunde.zip.",
)
def plugin(out: Path) -> None:
    """Write the companion plugin as an archive that WordPress installs.

    In the shop's admin: Plugins, Add new plugin, Upload plugin. It shows tags and codes, and changes nothing.
    """
    try:
        write_plugin(out)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(
        f"{out}: Stammkunde {__version__}. Upload it under Plugins, Add new plugin, Upload plugin.", err=True
    )


def write_plugin(out: Path) -> None:
    """The installable archive, with this project's version in its head."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, file in _walk(files("adapters.woocommerce").joinpath("plugin", PLUGIN), Path(PLUGIN)):
            content = file.read_bytes()
            if path == Path(PLUGIN, f"{PLUGIN}.php"):
                content = _VERSION.sub(__version__.encode(), content, count=1)
            _add(archive, path, content)


def _walk(folder: Traversable, path: Path) -> Iterator[tuple[Path, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _walk(entry, path / entry.name)
        else:
            yield path / entry.name, entry


def _add(archive: zipfile.ZipFile, path: Path, content: bytes) -> None:
    info = zipfile.ZipInfo(path.as_posix(), _WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
