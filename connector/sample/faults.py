"""Trouble on demand: what a sandbox does to requests so that adapters are tested against it."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from time import sleep
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Trouble = Literal["throttle", "error", "drop", "truncate", "garbage", "unauthorized", "hang"]

LOGGED_REQUESTS = 20_000
LOGGED_BODY = 4_000


class Fault(msgspec.Struct, kw_only=True):
    """One kind of trouble for the next `times` matching requests, after `skip` of them went well.

    `throttle` answers 429 with Retry-After, `error` answers `status`, `drop` resets the connection in the
    middle of the answer, `truncate` announces more bytes than it sends, `garbage` answers 200 with HTML,
    `unauthorized` answers 401, `hang` is silent for `seconds` and then drops.
    """

    kind: Trouble
    times: int = 1
    skip: int = 0
    contains: str = ""  #: only requests whose method and path, or body, contain this
    status: int = 503
    retry_after: float = 1
    seconds: float = 0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request the sandbox answered."""

    method: str
    path: str
    body: str
    status: int
    fault: Trouble | None = None


class DroppedError(Exception):
    """Tells the server to close the connection at once. `reset` sends RST instead of FIN."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("dropped")
        self.reset = reset


class Faults:
    """The switches of one sandbox. Thread-safe."""

    def __init__(self) -> None:
        self.latency = 0.0  #: seconds before every answer
        self._planned: list[Fault] = []
        self._seen: deque[Seen] = deque(maxlen=LOGGED_REQUESTS)
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def plan(self, kind: Trouble, **options: Any) -> None:
        """Make trouble for the next matching requests; `options` are the fields of `Fault`."""
        self.add(msgspec.convert({"kind": kind, **options}, Fault))

    def add(self, fault: Fault) -> None:
        """Queue a fault; the oldest that matches a request is used up first."""
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """No more trouble."""
        with self._lock:
            self._planned.clear()
            self.latency = 0.0

    def planned(self) -> tuple[Fault, ...]:
        """What is still to come."""
        with self._lock:
            return tuple(self._planned)

    def requests(self, contains: str = "") -> list[Seen]:
        """Requests answered so far, oldest first, whose path or body contains the text."""
        with self._lock:
            return [seen for seen in self._seen if contains in seen.path or contains in seen.body]

    def forget_requests(self) -> None:
        """Empty the log."""
        with self._lock:
            self._seen.clear()

    def begin(self) -> None:
        """Be ready to make trouble, because the server starts."""
        self._stopping.clear()

    def release(self) -> None:
        """Let every hanging request go, because the server stops."""
        self._stopping.set()

    def take(self, method: str, path: str, body: str) -> Fault | None:
        """The fault for this request, used up by asking."""
        with self._lock:
            for fault in self._planned:
                if fault.contains not in f"{method} {path}" and fault.contains not in body:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
                return fault
        return None

    def log(self, seen: Seen) -> None:
        """Remember an answered request."""
        with self._lock:
            self._seen.append(seen)

    def wait(self, seconds: float) -> None:
        """Be silent, but not longer than the server runs."""
        self._stopping.wait(seconds)


class FaultyApplication:
    """A WSGI application with the switches in front. `exempt` paths are the sandbox's own pages."""

    def __init__(self, application: "WSGIApplication", faults: Faults, exempt: tuple[str, ...]) -> None:
        self._application = application
        self._faults = faults
        self._exempt = exempt

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if path.startswith(self._exempt):
            return self._application(environ, start)
        if self._faults.latency:
            sleep(self._faults.latency)
        body = environ["wsgi.input"].getvalue().decode("utf-8", "replace")
        fault = self._faults.take(environ["REQUEST_METHOD"], path, body)
        return self._answer(environ, start, fault, body)

    def _answer(
        self, environ: "WSGIEnvironment", start: "StartResponse", fault: Fault | None, body: str
    ) -> Iterable[bytes]:
        def recording(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            seen = Seen(
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"],
                body=body[:LOGGED_BODY],
                status=int(status.split()[0]),
                fault=fault.kind if fault else None,
            )
            self._faults.log(seen)
            return start(status, headers, *rest)

        if fault is None:
            return self._application(environ, recording)
        return self._trouble(environ, recording, fault)

    def _trouble(self, environ: "WSGIEnvironment", start: "StartResponse", fault: Fault) -> Iterable[bytes]:
        if fault.kind == "throttle":
            return _plain(start, "429 Too Many Requests", ("Retry-After", f"{fault.retry_after:g}"))
        if fault.kind == "error":
            return _plain(start, f"{fault.status} Error")
        if fault.kind == "unauthorized":
            return _plain(start, "401 Unauthorized")
        if fault.kind == "garbage":
            start(
                "200 OK",
                [("Content-Type", "text/html"), ("Content-Length", "29"), ("X-Request-Id", "garbage-1")],
            )
            return [b"<html>We will be back.</html>"]
        if fault.kind == "hang":
            self._faults.wait(fault.seconds)
            raise DroppedError(reset=False)
        return self._cut(environ, start, reset=fault.kind == "drop")

    def _cut(self, environ: "WSGIEnvironment", start: "StartResponse", *, reset: bool) -> Iterator[bytes]:
        """The real answer (so its effect happens), of which only the first half arrives."""
        parts = self._application(environ, start)
        answer = b"".join(parts)
        if close := getattr(parts, "close", None):  # a file that is sent stays open otherwise
            close()
        yield answer[: len(answer) // 2]
        raise DroppedError(reset=reset)


def _plain(start: "StartResponse", status: str, *headers: tuple[str, str]) -> list[bytes]:
    body = msgspec.json.encode({"errors": status})
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers])
    return [body]
