"""The daemon as a service of systemd: the unit file, written to its place."""

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from connector.cli.context import Installation, pass_installation
from connector.cli.output import say, show, warn
from connector.config import Config, Secret
from connector.errors import ConfigError, StammkundeError

NAME = "stammkunde.service"
SYSTEM = Path("/etc/systemd/system")

# Hardened as far as the daemon's needs allow: it writes its database's folder and nothing else.
UNIT = """\
[Unit]
Description=Stammkunde: customer groups and coupons for {shown}
Documentation=man:systemd.service(5)
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart={program} --config {config} daemon
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=30
WatchdogSec=120
TimeoutStopSec=180
EnvironmentFile=-{variables}
{user}UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome={home}
ReadWritePaths={folder}
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
{capabilities}
[Install]
WantedBy={target}
"""

where = click.option(
    "--user/--system",
    "as_user",
    default=True,
    help="For you alone, or for the whole machine (needs root).  [--user]",
)


@click.group()
def service() -> None:
    """Install the daemon as a service of systemd."""


@service.command()
@where
@click.option("--run-as", metavar="USER", help="Whom it runs as, with --system.")
@click.option("--print", "only_print", is_flag=True, help="Show the unit and change nothing.")
@pass_installation
def install(installation: Installation, as_user: bool, run_as: str | None, only_print: bool) -> None:
    """Write the unit file, and start the daemon now and with every start of the machine.

    The config is read first, so that no service is installed that could not run.
    """
    if as_user and run_as:
        raise click.UsageError("--run-as goes with --system: a service of your own runs as you.")
    text = unit(installation, as_user=as_user, run_as=run_as or _owner(installation))
    if only_print:
        show(text.rstrip())
        return
    path = _path(as_user=as_user)
    _write(path, text)
    say(f"Written: {path}")
    _say_variables(installation)
    for arguments in (("daemon-reload",), ("enable", "--now", NAME)):
        _systemctl(arguments, as_user=as_user)
    say("It runs. See it with `stammkunde status`; its log with " + _journal(as_user=as_user))
    if as_user:
        say("So that it also runs while you are logged out: `loginctl enable-linger`")


@service.command()
@where
def remove(as_user: bool) -> None:
    """Stop the daemon and remove the unit file. Config and database stay."""
    path = _path(as_user=as_user)
    if not path.exists():
        raise ConfigError(f"There is no {path}, so nothing is installed there.")
    _systemctl(("disable", "--now", NAME), as_user=as_user)
    try:
        path.unlink()
    except OSError as error:
        raise StammkundeError(f"{path} cannot be removed: {error.strerror}.") from error
    _systemctl(("daemon-reload",), as_user=as_user)
    say(f"Removed: {path}")


def _say_variables(installation: Installation) -> None:
    """A service has no variables of a shell: secrets that the config takes from some go into a file."""
    secrets = list(dict.fromkeys(each.env for each in _secrets(installation.config) if each.env))
    file = _variables(installation)
    if secrets and not file.exists():
        warn(
            f"The service does not see your shell's variables. Write NAME=value lines for"
            f" {', '.join(secrets)} into {file}, `chmod 600` it, and start the service again."
        )


def _secrets(config: Config) -> Iterator[Secret]:
    """Every secret that the config points at."""
    shops = (each.settings for each in config.shops.values())
    tools = (each.settings for each in config.outlets.values())
    for settings in (*shops, *tools):
        yield from (value for value in settings.values() if isinstance(value, Secret))
    yield from (each.secret for each in config.receivers.values())
    if config.alerts.mail is not None and config.alerts.mail.password is not None:
        yield config.alerts.mail.password


def _variables(installation: Installation) -> Path:
    return installation.config.path.resolve().with_name("stammkunde.env")


def unit(installation: Installation, *, as_user: bool, run_as: str) -> str:
    """The unit file for an installation."""
    config = installation.config.path.resolve()
    folder = installation.config.database.parent.resolve()
    home = "read-only" if _is_below_home(config) or _is_below_home(folder) else "yes"
    return UNIT.format(
        config=_quoted(config),
        shown=_plain(config),
        program=_quoted(_program()),
        folder=_quoted(folder),
        variables=_plain(_variables(installation)),
        user="" if as_user else f"User={run_as}\n",
        home=home,
        # A service of a user has no capabilities to give up, and its manager may not drop them.
        capabilities="" if as_user else "CapabilityBoundingSet=\nPrivateDevices=yes\n",
        target="default.target" if as_user else "multi-user.target",
    )


def _owner(installation: Installation) -> str:
    """Whoever owns the config: the files of an installation belong to one user."""
    try:
        return installation.config.path.owner()
    except (KeyError, NotImplementedError):
        return getpass.getuser()


def _program() -> Path:
    found = Path(sys.argv[0])
    if found.name == "stammkunde" and found.exists():
        return found.resolve()
    return Path(sys.executable).parent / "stammkunde"


def _is_below_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in ("/home", "/root", "/run/user"))


def _quoted(path: Path) -> str:
    """A path in a list of words, as systemd reads it."""
    text = _plain(path)
    return f'"{text}"' if " " in text else text


def _plain(path: Path) -> str:
    """A path that is all there is: systemd takes quotes there as a part of it."""
    return str(path).replace("%", "%%")


def _path(*, as_user: bool) -> Path:
    if not as_user:
        return SYSTEM / NAME
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd" / "user" / NAME


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StammkundeError(
            f"{path} cannot be written: {error.strerror}. Nothing was installed."
        ) from error


def _systemctl(arguments: tuple[str, ...], *, as_user: bool) -> None:
    program = shutil.which("systemctl")
    if program is None:
        raise StammkundeError("There is no systemctl here: this machine is not run by systemd.")
    whose = ("--user",) if as_user else ()
    done = subprocess.run([program, *whose, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        raise StammkundeError(f"`systemctl {' '.join((*whose, *arguments))}` failed: {reason}")


def _journal(*, as_user: bool) -> str:
    return f"`journalctl {'--user ' if as_user else ''}--unit {NAME}`"
