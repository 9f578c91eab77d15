"""What can be connected, and local shops to practise on."""

import inspect
import signal
import threading
from collections.abc import Mapping
from datetime import date, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from types import FrameType, NoneType
from typing import Any, Literal, get_args, get_origin

import click
from pydantic import SecretStr

from connector.adapter import Sandbox, adapter_class, sandboxes
from connector.adapter import adapters as installed
from connector.cli.context import json_option
from connector.cli.output import say, show, show_json, show_table
from connector.cli.scaffold import make_package
from connector.cli.snippet import shop_table, toml
from connector.config import Setting, nearest, settings_of
from connector.config.settings import argument_texts, parameters_of
from connector.errors import ConfigError

# adapters


@click.command()
@click.argument("words", nargs=-1, metavar="[[new] NAME]")
@click.option("--out", type=click.Path(path_type=Path), help="Of `new`: the folder to make it in.")
@json_option
def adapters(words: tuple[str, ...], out: Path | None, as_json: bool) -> None:
    """List the installed adapters, show the settings of one, or begin one of your own.

    The settings stand in the shop's table of the config, beside our own options. `adapters new NAME` makes a
    package with an adapter that works, a sandbox for it, and the tests of its contract.
    """
    match words:
        case ():
            _show_adapters(as_json)
        case ("new", name):
            _make_adapter(name, out or Path())
        case (name,) if name != "new":
            _show_settings(name, as_json)
        case _:
            raise click.UsageError("What can be said is `adapters`, `adapters NAME` and `adapters new NAME`.")


def _show_adapters(as_json: bool) -> None:
    if as_json:
        show_json([_described(point) for point in installed().values()])
    else:
        rows = [list(_described(point).values()) for point in installed().values()]
        columns = ["Adapter", "Platform", "Package", "Sandbox", "Problem"]
        shown = columns if any(row[-1] for row in rows) else columns[:-1]
        show_table(shown, [[_yes_no(cell) for cell in row[: len(shown)]] for row in rows])
        say("\n`stammkunde adapters NAME` shows the settings of one.")


def _make_adapter(name: str, folder: Path) -> None:
    if name in installed():
        raise ConfigError(f"There is an adapter '{name}' already: choose another name.")
    package = make_package(name, folder)
    say(f"Made {package}: an adapter, a sandbox that answers it, and the tests of its contract.")
    say(f"Next: cd {package} && pip install -e '.[test]' && pytest")


def _described(point: EntryPoint) -> dict[str, Any]:
    title, problem = None, None
    try:
        title = adapter_class(point.name).title
    except ConfigError as error:
        problem = str(error)
    package = f"{point.dist.name} {point.dist.version}" if point.dist else None
    return {
        "name": point.name,
        "title": title,
        "package": package,
        "sandbox": point.name in sandboxes(),
        "problem": problem,
    }


def _yes_no(cell: object) -> object:
    return {True: "yes", False: "no"}[cell] if isinstance(cell, bool) else cell


def _show_settings(name: str, as_json: bool) -> None:
    if name not in installed():
        raise ConfigError(f"There is no adapter '{name}'. {nearest(name, installed())}")
    settings = settings_of(name)
    if as_json:
        show_json([_plain(each) for each in settings])
    else:
        rows = [(each.name, each.kind, _default(each), each.text) for each in settings]
        show_table(["Setting", "Type", "Default", "Meaning"], rows)


def _plain(setting: Setting) -> dict[str, object]:
    return {
        "name": setting.name,
        "type": setting.kind,
        "required": setting.required,
        "default": None if setting.required else _default(setting) or None,
        "text": setting.text,
    }


def _default(setting: Setting) -> str:
    if setting.required:
        return "(required)"
    if setting.default is None or setting.default in ((), [], {}):
        return ""
    return setting.default if isinstance(setting.default, str) else toml(setting.default)


# sandbox


class _Platforms(click.Group):
    """One command for each installed sandbox, with the options that its constructor has."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(sandboxes())

    def get_command(
        self,
        ctx: click.Context,
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in (known := sandboxes()):
            ctx.fail(f"There is no sandbox '{cmd_name}'. {nearest(cmd_name, known)}")
        return _sandbox_command(cmd_name, known[cmd_name].load())


@click.group(cls=_Platforms, subcommand_metavar="PLATFORM [OPTIONS]")
def sandbox() -> None:
    """Run a shop on this machine that speaks a platform's API, until Ctrl-C.

    `stammkunde sandbox PLATFORM --help` shows how to size and fill it.
    """


def _sandbox_command(platform: str, made: type[Any]) -> click.Command:
    texts = argument_texts(made)
    options = [_option(each, texts.get(each.name, "")) for each in parameters_of(made)]
    return click.Command(
        platform,
        params=[option for option in options if option is not None],
        callback=lambda **given: _run(platform, made, given),
        help=f"Run a shop on this machine that speaks as {_title(platform)} does, until Ctrl-C.",
        short_help=_title(platform),
    )


def _title(platform: str) -> str:
    """The platform as people call it; a sandbox may come without an adapter of its name."""
    return adapter_class(platform).title if platform in installed() else platform


_TYPES: Mapping[object, Any] = {
    int: click.INT,
    float: click.FLOAT,
    str: click.STRING,
    date: click.DateTime(["%Y-%m-%d"]),
    Path: click.Path(path_type=Path),
}


def _option(parameter: inspect.Parameter, text: str) -> click.Option | None:
    """A parameter as an option; None where it cannot be said on a command line."""
    kind = parameter.annotation
    alternatives = [each for each in get_args(kind) if each is not NoneType]
    if NoneType in get_args(kind) and len(alternatives) == 1:
        kind = alternatives[0]
    required = parameter.default is parameter.empty
    settings: dict[str, Any] = {"help": text or None, "required": required}
    if not required:
        settings |= {"default": parameter.default, "show_default": parameter.default is not None}
    spelled = f"--{parameter.name.replace('_', '-')}"
    if kind is bool:
        return click.Option([f"{spelled}/--no-{spelled[2:]}"], **settings)
    if get_origin(kind) is Literal:
        return click.Option([spelled], type=click.Choice(get_args(kind)), **settings)
    return click.Option([spelled], type=_TYPES[kind], **settings) if kind in _TYPES else None


def _run(platform: str, made: type[Any], given: Mapping[str, Any]) -> None:
    arguments = {name: each.date() if isinstance(each, datetime) else each for name, each in given.items()}
    try:
        running: Sandbox = made(**arguments)
        signal.signal(signal.SIGTERM, _as_interrupt)
        running.start()
    except (ValueError, OSError) as error:
        raise click.UsageError(f"The sandbox cannot start: {error}") from error
    try:
        _introduce(platform, running)
        threading.Event().wait()
    except KeyboardInterrupt:
        say("The sandbox has stopped.")
    finally:
        running.stop()


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _introduce(platform: str, running: Sandbox) -> None:
    """Print what connects to the sandbox. Its secrets open nothing else, so they may be seen."""
    options: dict[str, object] = {"adapter": platform}
    exports = []
    secrets = {setting.name for setting in settings_of(platform) if setting.kind == "secret"}
    for name, value in running.settings().items():
        options[name] = value
        if name in secrets:
            options[name] = {"env": f"SANDBOX_{name.upper()}"}
            plain = value.get_secret_value() if isinstance(value, SecretStr) else value
            exports.append(f"export SANDBOX_{name.upper()}={plain}")
    show(f"# The shop: {running.url}   its admin page: {running.admin_url}")
    show("# In stammkunde.toml:")
    show(shop_table("sandbox", options))
    if exports:
        show("# In the shell that runs stammkunde:")
        show("\n".join(exports))
    say("\nCtrl-C stops it.")
