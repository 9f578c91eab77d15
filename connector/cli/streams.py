"""Where data goes: a terminal, a file or another program."""

import io
import sys


def prepare_stdout() -> None:
    """Data is UTF-8 wherever it goes, and a terminal that cannot show a letter shows another one.

    Where the system has another encoding (Windows has), a minus sign or a name would else end the command.
    """
    stdout = sys.stdout
    if isinstance(stdout, io.TextIOWrapper) and stdout.encoding.lower().replace("_", "-") != "utf-8":
        if stdout.isatty():
            stdout.reconfigure(errors="replace")
        else:
            stdout.reconfigure(encoding="utf-8")
