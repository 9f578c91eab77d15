"""What the tool looks like: data on stdout, everything else on stderr, one style for all commands.

On a terminal tables are drawn and progress moves; elsewhere they are plain aligned text and plain lines.
"""

import os
import signal
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from types import FrameType
from typing import Any, Literal

import click
import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from connector.cli.context import Installation
from connector.cli.terminal import tame
from connector.money import money_text
from connector.quantity import of_several

GAP = 2  #: between columns on a terminal
FOLDED = 14  #: texts are not folded below this width

LINE_EVERY = 10.0  #: seconds between lines of progress where there is no terminal


def show(text: str = "") -> None:
    """A line of data, on stdout."""
    click.echo(tame(text))


def say(text: str = "") -> None:
    """A sentence about what happens, on stderr; not with `--quiet`."""
    if not _is_quiet():
        click.echo(tame(text), err=True)


def warn(text: str) -> None:
    """A sentence that needs attention, on stderr."""
    click.secho(tame(text), err=True, fg=None if os.environ.get("NO_COLOR") else "yellow")


def _is_quiet() -> bool:
    context = click.get_current_context(silent=True)
    installation = context.find_object(Installation) if context else None
    return installation is not None and installation.quiet


def number(count: int) -> str:
    """31,204"""
    return f"{count:,}"


def money(amount: int, currency: str) -> str:
    """1,234.50 EUR, from minor units"""
    return money_text(amount, currency)


def share(part: int, whole: int) -> str:
    """31 %; nothing of nothing is shown as a dash"""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def day(moment: date | None) -> str:
    """4 Mar 2019; unknown is a dash"""
    return f"{moment.day} {moment:%b %Y}" if moment else "–"


def show_json(data: object) -> None:
    """Data for programs, indented, on stdout: records, lists and mappings of plain values."""
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())  # as it is


def show_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Collection[str] = (),
    title: str = "",
    empty: str = "",
) -> None:
    """A table on stdout. Whole numbers get separators and stand to the right.

    Args:
        right: columns of other figures (money, shares), which stand to the right too.
        empty: the sentence said instead of a table without rows.
    """
    if not rows:
        say(empty or "Nothing to show.")
        return
    cells = [[_cell(value) for value in row] for row in rows]
    numeric = [name in right or _is_numeric(row[place] for row in rows) for place, name in enumerate(columns)]
    if sys.stdout.isatty():
        _draw(columns, cells, numeric, title)
    else:
        _align(columns, cells, numeric, title)


def _cell(value: object) -> str:
    """A value as text. What comes from a shop must not steer the terminal."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    return "".join(letter if letter.isprintable() else " " for letter in str(value))


def _is_numeric(values: Iterator[object]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int) and not isinstance(value, bool) for value in known)


def _draw(columns: Sequence[str], cells: list[list[str]], numeric: list[bool], title: str) -> None:
    """A table as wide as the terminal at most: titles and texts are folded, a figure never is."""
    console = Console(file=sys.stdout)
    widths = _widths(columns, cells, numeric, console.width)
    if widths is None:
        _align(columns, cells, numeric, title)  # the terminal breaks its lines, and nothing is cut off
        return
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", title_justify="left")
    table.title = Text(title, style="bold") if title else None
    for name, figures, width in zip(columns, numeric, widths, strict=True):
        side: Literal["left", "right"] = "right" if figures else "left"
        table.add_column(Text(name), justify=side, width=width, overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _widths(
    columns: Sequence[str], cells: list[list[str]], numeric: list[bool], most: int
) -> list[int] | None:
    """The widths of columns that together have at most so much room; None where that is not enough."""
    longest = [max((cell_len(row[place]) for row in cells), default=0) for place in range(len(columns))]
    wanted = [max(cell_len(name), cell) for name, cell in zip(columns, longest, strict=True)]
    words = [max(map(cell_len, name.split()), default=0) for name in columns]
    widths = [
        max(word, cell if figures else min(cell, FOLDED))
        for word, cell, figures in zip(words, longest, numeric, strict=True)
    ]
    left = most - sum(widths) - GAP * (len(widths) - 1)
    if left < 0:
        return None
    for place in sorted(range(len(widths)), key=lambda each: numeric[each]):  # texts first
        more = min(left, wanted[place] - widths[place])
        widths[place] += more
        left -= more
    return widths


def _align(columns: Sequence[str], cells: list[list[str]], numeric: list[bool], title: str) -> None:
    lines = [list(columns), *cells]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(columns))]
    if title:
        show(title)
    for line in lines:
        padded = (_pad(*each) for each in zip(line, widths, numeric, strict=True))
        show("  ".join(padded).rstrip())


def _pad(cell: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


class Onlooker:
    """Shows progress, and asks to stop after the page in hand when Ctrl-C was pressed once.

    A `connector.shop.Watch`.
    """

    def __init__(self, about: str) -> None:
        self.about = about
        self.stopping = False
        self._done: dict[str, int] = {}
        self._said_at = time.monotonic()

    def step(self, what: str, done: int, total: int | None) -> None:
        """`done` of `total` records of `what` are through."""
        self._done[what] = done
        if time.monotonic() - self._said_at >= LINE_EVERY:
            self._said_at = time.monotonic()
            of = f" of {number(total)}" if total else ""
            say(f"{self.about}: {number(done)}{of} {what}")

    def should_stop(self) -> bool:
        """Whether to stop after what is in hand."""
        return self.stopping

    def close(self) -> None:
        """Say what came of it, where there is anything to say."""
        if self._done:
            counts = ", ".join(of_several(done, what) for what, done in self._done.items())
            say(f"{self.about}: {counts}")
            self._done.clear()


class _Bars(Onlooker):
    """The same on a terminal: one bar for each kind of record."""

    def __init__(self, about: str) -> None:
        super().__init__(about)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}
        self._progress.start()

    def step(self, what: str, done: int, total: int | None) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(f"{self.about}: {what}", total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)

    def close(self) -> None:
        for task in self._progress.tasks:
            done = task.completed
            self._progress.update(task.id, total=task.total or done, visible=done > 0, refresh=True)
        self._progress.stop()


@contextmanager
def watching(about: str) -> Iterator[Onlooker]:
    """Look on while something runs. The first Ctrl-C stops at the next safe point, the second at once."""
    onlooker = _Bars(about) if sys.stderr.isatty() and not _is_quiet() else Onlooker(about)

    def stop(number: int, frame: FrameType | None) -> Any:
        if onlooker.stopping:
            signal.default_int_handler(number, frame)
        onlooker.stopping = True
        click.echo("Stopping after the current page … (Ctrl-C again: at once)", err=True)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield onlooker
    finally:
        signal.signal(signal.SIGINT, before)
        onlooker.close()
