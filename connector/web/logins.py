"""Who may log in: names, roles and hashed passwords, in a file of mode 0600 beside the config."""

import hashlib
import os
import secrets
import stat
import tempfile
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from connector.errors import ConfigError

Role = Literal["owner", "staff"]

SHORTEST = 10  #: characters of a password
LONGEST = 1000  #: more would only keep the hasher busy


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """One who may log in. Staff may look up customers and codes and nothing else."""

    name: str
    role: Role
    hash: str  #: Argon2id, with its salt and its parameters

    def mark(self) -> str:
        """Differs when the password or the role does: sessions from before end."""
        return hashlib.sha256(f"{self.role}:{self.hash}".encode()).hexdigest()[:20]


class Logins(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file. `key` signs sessions."""

    key: str
    logins: tuple[Login, ...] = ()

    def called(self, name: str) -> Login | None:
        """The login of that name, however it is capitalised."""
        return next((each for each in self.logins if each.name.casefold() == name.strip().casefold()), None)

    def who(self, name: str, password: str) -> Login | None:
        """Who that is, if the password is right. Takes as long for a name that there is not."""
        found = self.called(name)
        is_right = _is_right(found.hash if found else _nobodys(), password[:LONGEST])
        return found if is_right else None


def _is_right(hashed: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return PasswordHasher().hash(secrets.token_hex(16))


def read_logins(path: Path) -> Logins | None:
    """What the file says; None where there is none.

    Raises:
        ConfigError: it cannot be read, or others on this machine can.
    """
    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Mend its owner and mode.") from error
    if os.name != "nt" and stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"{path} can be read by others on this machine. `chmod 600 {path}` mends that.")
    try:
        return msgspec.json.decode(content, type=Logins)
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"{path} is damaged. Remove it and set the passwords anew with `stammkunde web password NAME`."
        ) from error


def set_password(path: Path, name: str, role: Role, password: str) -> None:
    """Write a login down, in the place of the one of that name.

    Raises:
        ConfigError: the password is too short or too long, or the file cannot be used.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ConfigError(f"A password has {SHORTEST} characters or more. Choose a longer one.")
    known = read_logins(path) or Logins(key=secrets.token_hex(32))
    others = tuple(each for each in known.logins if each.name.casefold() != name.casefold())
    new = Login(name=name, role=role, hash=PasswordHasher().hash(password))
    _write(path, msgspec.structs.replace(known, logins=(*others, new)))


def remove_login(path: Path, name: str) -> bool:
    """Take a login out of the file. Returns whether it was there."""
    known = read_logins(path)
    if known is None or known.called(name) is None:
        return False
    others = tuple(each for each in known.logins if each.name.casefold() != name.casefold())
    _write(path, msgspec.structs.replace(known, logins=others))
    return True


def _write(path: Path, logins: Logins) -> None:
    """All of it or nothing, and never readable by others: `mkstemp` makes files of mode 0600."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(logins), indent=2) + b"\n")
        Path(name).replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
