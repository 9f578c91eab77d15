"""Log lines for people, on stderr. Data is on stdout, so the two never mix."""

import logging
import os
import sys
import time
from typing import TextIO

from connector.cli.terminal import tame


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what `sys.stderr` is at the time: a progress bar puts itself there meanwhile."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, stream: TextIO) -> None:  # noqa: ARG002
        raise AttributeError("always sys.stderr")


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return tame(super().format(record))


def set_up(*, verbose: bool, quiet: bool, as_json: bool) -> None:
    """Plain lines, or an object a line `as_json`: what we do with `verbose`, warnings only with `quiet`.

    Other libraries stay at warnings even with `verbose`: their debug lines may show headers with secrets.
    """
    handler = _Stderr()
    handler.setFormatter(_json_lines() if as_json else _Lines("%(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if not isinstance(each, _Stderr)] + [handler]
    root.setLevel(logging.WARNING)
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    for ours in ("connector", "adapters"):
        logging.getLogger(ours).setLevel(level)


def add_times() -> None:
    """Begin plain lines with the time, for what runs by itself. systemd's journal writes its own."""
    if _is_journal(sys.stderr):
        return
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Stderr) and isinstance(handler.formatter, _Lines):
            handler.setFormatter(_Lines("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))


def _is_journal(stream: TextIO) -> bool:
    """Whether a stream ends in systemd's journal, which says in a variable how to know itself."""
    try:
        file = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{file.st_dev}:{file.st_ino}"


def _json_lines() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter  # only the daemon of somebody who collects logs needs it

    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    lines = JsonFormatter(form, rename_fields=names, datefmt="%Y-%m-%dT%H:%M:%SZ")
    lines.converter = time.gmtime
    return lines
