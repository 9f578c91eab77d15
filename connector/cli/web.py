"""The pages without the daemon, and who may log in to them."""

import signal
import sys
import threading
from pathlib import Path

import click

from connector.cli.context import Installation, json_option, pass_installation
from connector.cli.output import say, show, show_json, show_table
from connector.errors import ConfigError

ROLES = ("owner", "staff")


@click.group(invoke_without_command=True)
@click.option("--listen", metavar="HOST:PORT", help="Where the pages are served [from the config].")
@click.pass_context
def web(context: click.Context, listen: str | None) -> None:
    """Serve the pages until Ctrl-C, without the daemon.

    They show what was pulled last. What is approved, pushed or undone there is done under the shop's lock, as
    by the commands. `web password` sets a password, `web logins` lists who has one.
    """
    if context.invoked_subcommand is None:
        _serve(context.ensure_object(Installation), listen)


def _serve(installation: Installation, listen: str | None) -> None:
    from connector.web.server import Pages, Server  # the other commands need no web server
    from connector.web.site import Site

    config = installation.config
    if not config.dashboard.show:
        raise ConfigError(
            f"show = false stands under [dashboard] in {config.path}. Remove it to have the pages."
        )
    site = Site(config=lambda: config, now=installation.now, health={}, is_alive=lambda: True)
    address = listen or config.daemon.listen
    server = Server(Pages(site, address))
    server.start()
    show(f"The pages are at http://{address.rpartition(':')[0]}:{server.port}/   (Ctrl-C ends them)")
    _wait_for_the_end()
    server.stop()


def _wait_for_the_end() -> None:
    ended = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@web.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="owner",
    show_default=True,
    help="Staff may look up customers and codes and nothing else.",
)
@click.option("--remove", is_flag=True, help="Take the login of NAME away instead.")
@pass_installation
def password(installation: Installation, name: str, role: str, remove: bool) -> None:
    """Set the password of NAME, which is asked for, or read from a pipe.

    Only its hash is kept, in a file that nobody else on this machine can read. Sessions with the old one end.
    """
    from connector.web.logins import remove_login, set_password

    path = _path(installation)
    if remove:
        if not remove_login(path, name):
            raise ConfigError(f"There is no login '{name}' in {path}. `stammkunde web logins` lists them.")
        say(f"{name} can no longer log in.")
        return
    if sys.stdin.isatty():
        typed = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        typed = sys.stdin.readline().rstrip("\n")
    set_password(path, name, "staff" if role == "staff" else "owner", typed)
    say(f"{name} can log in as {role}. The hash of the password is in {path}.")


@web.command()
@json_option
@pass_installation
def logins(installation: Installation, as_json: bool) -> None:
    """List who may log in, with their roles."""
    from connector.web.logins import read_logins

    found = read_logins(_path(installation))
    known = [{"name": each.name, "role": each.role} for each in found.logins] if found else []
    if as_json:
        show_json(known)
        return
    show_table(
        ["Name", "Role"],
        [(each["name"], each["role"]) for each in known],
        empty="Nobody has a password, so the pages open on this machine only, to whoever sits at it.",
    )


def _path(installation: Installation) -> Path:
    return installation.config.dashboard.logins_file
