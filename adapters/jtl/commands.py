"""`stammkunde jtl`: what only shops on JTL need. Found by the entry-point group `stammkunde.commands`."""

import os
import re
import struct
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from adapters.jtl.matching import unmatched
from adapters.jtl.wawi.client import APP_ID, wawi_url
from adapters.jtl.wawi.registration import Granted, Registration, optional_scopes
from connector import __version__
from connector.errors import ConfigError, StammkundeError

PLUGIN = "StammkundeConnector"

_VERSION = re.compile(r"(?<=<Version>)[^<]*(?=</Version>)")
_MESSAGE = re.compile(r'^msgid "(.*)"\nmsgstr "(.*)"$', re.MULTILINE)
_MO_MAGIC = 0x950412DE
#: One moment for all files, so that the same version always gives the same archive.
_WHEN = (2026, 1, 1, 0, 0, 0)


@click.group()
def jtl() -> None:
    """JTL-Shop and JTL-Wawi: what only they need."""


jtl.add_command(unmatched)


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


@jtl.command()
@click.argument("url")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the key into this new file (mode 0600) instead of showing it.",
)
@click.option("--tags", is_flag=True, help="Also ask for writing tags into a field of customers.")
@click.option("--groups", is_flag=True, help="Also ask for moving customers between customer groups.")
@click.option("--run-as", is_flag=True, help="Also ask for calls in the name of a user (`run_as`).")
@click.option("--app-id", default=APP_ID, show_default=True, help="Name of the app in JTL-Wawi.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=600,
    show_default=True,
    help="Seconds to wait until somebody confirms.",
)
def register(
    url: str, out: Path | None, tags: bool, groups: bool, run_as: bool, app_id: str, timeout: float
) -> None:
    """Register Stammkunde with a JTL-Wawi on your own server, and get the key.

    URL is the address of its API with the database, such as http://server:5883/api/eazybusiness. Before,
    open Admin, App registration, Add in JTL-Wawi and go on until it waits. The key is shown once.
    """
    address = wawi_url(url)
    kept = _reserve(out) if out else None
    try:
        granted = _registered(
            address, app_id, optional_scopes(tags=tags, groups=groups, run_as=run_as), timeout
        )
    except BaseException:
        if kept:
            kept.unlink(missing_ok=True)
        raise
    _hand_over(granted, kept)
    click.echo(_snippet(address, app_id, kept), err=True)


def _registered(url: str, app_id: str, optional: tuple[str, ...], seconds: float) -> Granted:
    registration = Registration(url=url, app_id=app_id)
    try:
        request = registration.ask(optional)
        click.echo("JTL-Wawi has the request. Confirm it there; Ctrl-C stops waiting.", err=True)
        return registration.wait(request, seconds)
    except KeyboardInterrupt:
        click.echo("The request may still stand in JTL-Wawi: refuse it there.", err=True)
        raise
    finally:
        registration.close()


def _hand_over(granted: Granted, kept: Path | None) -> None:
    """Into the file, or to stdout: also where the file cannot be written, because the key comes only once."""
    try:
        if kept:
            kept.write_text(granted.key + "\n", encoding="utf-8")
            click.echo(f"The key stands in {kept}. Permissions: {', '.join(granted.scopes)}.", err=True)
            return
    except OSError as error:
        click.echo(f"{kept} cannot be written: {error.strerror}.", err=True)
    click.echo(granted.key)
    click.echo("This key is never shown again: put it into a file that only you can read.", err=True)


def _reserve(path: Path) -> Path:
    """An empty file for its owner alone, made before a key is asked for that is shown once."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise StammkundeError(f"{path} exists already and is left as it is.") from None
    except OSError as error:
        raise StammkundeError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def _snippet(url: str, app_id: str, kept: Path | None) -> str:
    """What belongs into the config."""
    named = "" if app_id == APP_ID else f'app_id = "{app_id}"\n'
    file = kept.name if kept else "wawi.key"
    return (
        "\nIn stammkunde.toml:\n\n"
        f'[shops.wawi]\nadapter = "jtl-wawi"\nurl = "{url}"\n{named}key = {{ file = "{file}" }}\npush = false'
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
