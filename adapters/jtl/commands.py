"""`stammkunde jtl`: what only shops on JTL need. Found by the entry-point group `stammkunde.commands`."""

import re
import struct
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from connector import __version__
from connector.errors import ConfigError

PLUGIN = "StammkundeConnector"

_VERSION = re.compile(r"(?<=<Version>)[^<]*(?=</Version>)")
_MESSAGE = re.compile(r'^msgid "(.*)"\nmsgstr "(.*)"$', re.MULTILINE)
_MO_MAGIC = 0x950412DE
#: One moment for all files, so that the same version always gives the same archive.
_WHEN = (2026, 1, 1, 0, 0, 0)


@click.group()
def jtl() -> None:
    """JTL-Shop and JTL-Wawi: what only they need."""


@jtl.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where to write the archive, such as stammkunde-connector.zip.",
)
def plugin(out: Path) -> None:
    """Write the plugin for JTL-Shop 5 as an archive that its plugin manager installs.

    In the shop's backend: Plugins, Plugin manager, Upload. Then create an API key on the plugin's page.
    """
    try:
        write_plugin(out)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(
        f"{out}: Stammkunde Connector {__version__}. Upload it under Plugins, Plugin manager.", err=True
    )


def write_plugin(out: Path) -> None:
    """The installable archive, with this project's version and its translations compiled."""
    root = Path(PLUGIN)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        # The shop takes the first entry of an archive for the plugin's folder.
        archive.writestr(zipfile.ZipInfo(f"{PLUGIN}/", _WHEN), b"")
        for path, file in _walk(files("adapters.jtl").joinpath("plugin", PLUGIN), root):
            content = file.read_bytes()
            if path == root / "info.xml":
                content = _VERSION.sub(plugin_version(__version__), content.decode()).encode()
            _add(archive, path, content)
            if path.suffix == ".po":
                _add(archive, path.with_suffix(".mo"), compile_messages(content.decode()))


def plugin_version(version: str) -> str:
    """The project's version as the shop's plugin manager reads it (SemVer): 1.2.0rc1 becomes 1.2.0-rc1."""
    return re.sub(r"^(\d+\.\d+\.\d+)\.?([a-z].*)$", r"\1-\2", version)


def compile_messages(text: str) -> bytes:
    """A gettext catalogue (.po, one line per text) in the binary form that PHP reads (.mo)."""
    messages = sorted((_plain(key).encode(), _plain(value).encode()) for key, value in _MESSAGE.findall(text))
    keys = b"".join(key + b"\0" for key, _ in messages)
    values = b"".join(value + b"\0" for _, value in messages)
    start = 28 + 16 * len(messages)
    header = struct.pack("<7I", _MO_MAGIC, 0, len(messages), 28, 28 + 8 * len(messages), 0, 0)
    places = _places([key for key, _ in messages], start) + _places(
        [value for _, value in messages], start + len(keys)
    )
    return header + places + keys + values


def _places(texts: list[bytes], start: int) -> bytes:
    """Length and offset of each text."""
    places = b""
    for text in texts:
        places += struct.pack("<2I", len(text), start)
        start += len(text) + 1
    return places


def _plain(text: str) -> str:
    return text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


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
