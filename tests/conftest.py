"""What every test lives by: no network but loopback, and readable failures of the shipped contract."""

import signal
import socket
from typing import Any

import pytest

pytest.register_assert_rewrite("connector.testing")

# A shell that starts us in the background ignores Ctrl-C, for us and for what a test stops by it.
signal.signal(signal.SIGINT, signal.default_int_handler)

_connect = socket.socket.connect


def _to_this_machine(self: socket.socket, address: Any) -> Any:
    host = address[0] if isinstance(address, tuple) else "localhost"
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise AssertionError(f"a test reached for the network: {host}")
    return _connect(self, address)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _to_this_machine)
