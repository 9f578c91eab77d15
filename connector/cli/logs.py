"""Log lines for people, on stderr. Data is on stdout, so the two never mix."""

import logging
import sys
from typing import TextIO


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


def set_up(*, verbose: bool, quiet: bool) -> None:
    """Plain lines: what we do with `verbose`, warnings only with `quiet`.

    Other libraries stay at warnings even with `verbose`: their debug lines may show headers with secrets.
    """
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if not isinstance(each, _Stderr)] + [handler]
    root.setLevel(logging.WARNING)
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    for ours in ("connector", "adapters"):
        logging.getLogger(ours).setLevel(level)
