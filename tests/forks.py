"""Runs `stammkunde` commands in forked children, and kills them at the moment asked for.

A request is a line of JSON on stdin: {"arguments": [...], "kill_at": N or null}. The answer is one line of
JSON on stdout: {"code": exit code or -signal, "moments": how many there were}. A *moment* is a call that
leaves Python for SQLite or the network; the child dies right before moment N, as by `kill -9`.
"""

import importlib
import json
import os
import signal
import sys
from types import FrameType
from typing import Any

from connector.cli import main

# Commands import late; what is imported here, before the fork, every child has at once.
for module in ("connector.cli.line", "connector.validate", "adapters.shopify", "shopify", "rich.progress"):
    importlib.import_module(module)

MOMENTS = {"execute", "executemany", "sendall", "send", "recv_into"}


class Countdown:
    """Counts moments by the interpreter's own profiling hook; nothing of ours is replaced."""

    def __init__(self, kill_at: int | None) -> None:
        self.moments = 0
        self.kill_at = kill_at

    def __call__(self, _frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and argument.__name__ in MOMENTS:
            self.moments += 1
            if self.moments == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def run(arguments: list[str], kill_at: int | None, answer: int) -> None:
    """The child: run one command, tell how many moments there were, and leave."""
    silent = os.open(os.devnull, os.O_RDWR)
    os.dup2(silent, 0)
    os.dup2(silent, 1)
    if os.environ.get("FORKS_SILENT", "1") == "1":
        os.dup2(silent, 2)
    countdown = Countdown(kill_at)
    sys.setprofile(countdown)
    try:
        code = main.main(arguments, prog_name="stammkunde", standalone_mode=False) or 0
    finally:
        sys.setprofile(None)
    os.write(answer, json.dumps(countdown.moments).encode())
    os._exit(code)


def serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                run(request["arguments"], request["kill_at"], write_end)
            finally:
                os._exit(99)
        os.close(write_end)
        told = os.read(read_end, 100)
        os.close(read_end)
        _, status = os.waitpid(child, 0)
        answer = {"code": os.waitstatus_to_exitcode(status), "moments": json.loads(told) if told else None}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
