"""Failures: the one place that turns an error into a sentence and an exit code."""

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from connector.cli.terminal import tame
from connector.errors import StammkundeError, TemporaryError

STOPPED = 130  #: as shells report a process that Ctrl-C ended
_CLICKS_OWN = (click.ClickException, click.exceptions.Exit, BrokenPipeError)


def sentence(error: StammkundeError) -> str:
    """What an error says to the owner."""
    text = str(error) or type(error).__name__
    if isinstance(error, TemporaryError):
        return f"{text} Nothing was removed; the next run tries again."
    return text


@contextmanager
def explained(*, verbose: bool) -> Iterator[None]:
    """Leave with a sentence on stderr and the exit code of the error, never with a traceback by itself."""
    try:
        yield
    except _CLICKS_OWN:
        raise  # click prints usage errors with exit code 2; a reader that went away is no failure of ours
    except click.Abort:
        if sys.stdin.isatty():
            raise
        _leave("Nobody is there to answer, so nothing was done. --yes asks nothing.", 1)
    except KeyboardInterrupt:
        _leave("Stopped. Nothing was lost; run the same command to go on.", STOPPED)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            _leave(defect(error, verbose=verbose), 1)
        _leave("There is no room left on the disk for the output.", 1)
    except StammkundeError as error:
        if verbose:
            traceback.print_exc()
        _leave(sentence(error), error.exit_code)
    except Exception as error:  # noqa: BLE001  the last net: a defect is told as one
        _leave(defect(error, verbose=verbose), 1)


def _leave(text: str, code: int) -> None:
    click.echo(tame(text), err=True)
    raise click.exceptions.Exit(code)


def defect(error: Exception, *, verbose: bool) -> str:
    """What an unforeseen error says: that it is one, and what to report."""
    # The message of an unforeseen error may hold anybody's data, so only its kind and place are shown.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
    if verbose:
        traceback.print_exc(file=sys.stderr)
        return f"This is a defect in Stammkunde ({what}). Please report it with the lines above."
    try:
        handle, name = tempfile.mkstemp(prefix="stammkunde-defect-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
    except OSError:  # the disk is full, or nobody may write
        return f"This is a defect in Stammkunde ({what}). Please report it with what -v shows."
    return f"This is a defect in Stammkunde ({what}). Please report it with what is in {name}."
