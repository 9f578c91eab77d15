"""Bars in a table: blocks on a terminal, plain signs elsewhere."""

import sys
from collections.abc import Sequence

WIDTH = 30
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bars(values: Sequence[int]) -> list[str]:
    """A bar for each value; the longest is that of the highest. What is not nothing shows."""
    most = max([*values, 1])
    drawn = _block if sys.stdout.isatty() else _plain
    return [drawn(value / most) if value > 0 else "" for value in values]


def _block(share: float) -> str:
    eighths = max(1, round(share * WIDTH * 8))
    return _EIGHTHS[8] * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _plain(share: float) -> str:
    return "#" * max(1, round(share * WIDTH))
