"""A web application on loopback, in background threads, with `Faults` in front of it.

Every platform's sandbox is served by this. Connections are kept alive, as real shops do: an adapter that
reuses its connection is tested for it.
"""

import io
import os
import socket
import struct
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import msgspec
from flask import Blueprint, Flask, Response, request
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

from connector.sample.faults import DroppedError, Fault, Faults, FaultyApplication

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LAST_PORT = 65_535

#: Pages of the sandbox itself: no faults, no log.
EXEMPT = ("/sandbox/", "/admin")


def application_of(*parts: Blueprint) -> Flask:
    """An application of these routes and no others."""
    application = Flask(__name__, static_folder=None)
    for part in parts:
        application.register_blueprint(part)
    return application


class LoopbackServer:
    """Serves a Flask application at `http://127.0.0.1:<port>`; port 0 picks a free one at `start`.

    A sandbox inherits from it. It can stand behind `with`, and makes trouble on demand:
    `sandbox.faults.plan("throttle")`. Paths that begin like one of `exempt` are spared and not logged.

    Adds `POST /sandbox/faults`, `DELETE /sandbox/faults` and `GET /sandbox/requests` to the application.
    """

    def __init__(self, application: Flask, *, port: int = 0, exempt: tuple[str, ...] = EXEMPT) -> None:
        if not 0 <= port <= LAST_PORT:
            raise ValueError(f"There is no port {port}.")
        self.faults = Faults()
        self._application = application
        self._port = port
        self._exempt = exempt
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        _add_switches(application, self.faults)

    @property
    def url(self) -> str:
        """Where it listens.

        Raises:
            RuntimeError: it was never started with a free port of the system's choice.
        """
        if self._port == 0:
            raise RuntimeError("The sandbox has no address before start().")
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen. Starting a running server is an error.

        Raises:
            OSError: the port is taken, or not ours to take.
        """
        if self._server is not None:
            raise RuntimeError("The sandbox already runs.")
        faulty = FaultyApplication(self._application, self.faults, self._exempt)
        with self._listening() as listening:
            self._server = _Server("127.0.0.1", self._port, faulty, handler=_Handler, fd=listening.fileno())
        self.faults.begin()
        self._port = self._server.port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox", daemon=True
        )
        self._thread.start()

    def _listening(self) -> socket.socket:
        """The open port; werkzeug would end the whole program where it cannot be had."""
        try:
            return socket.create_server(("127.0.0.1", self._port), backlog=_Server.request_queue_size)
        except OSError as error:
            raise OSError(f"port {self._port}: {os.strerror(error.errno or 0)}") from error

    def stop(self) -> None:
        """Close the port and every open connection. Stopping a stopped server does nothing."""
        if self._server is None or self._thread is None:
            return
        self.faults.release()
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()
        self._server.server_close()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _add_switches(application: Flask, faults: Faults) -> None:
    def switch() -> Response:
        wanted = msgspec.json.decode(request.get_data(), type=dict[str, Any])
        if "latency" in wanted:
            faults.latency = float(wanted.pop("latency"))
        if wanted:
            faults.add(msgspec.convert(wanted, Fault))
        return _as_json({"latency": faults.latency, "planned": faults.planned()})

    def clear() -> Response:
        faults.clear()
        return _as_json({"latency": 0, "planned": []})

    def seen() -> Response:
        found = faults.requests(request.args.get("contains", ""))
        return _as_json({"count": len(found), "requests": found[-1000:]})

    application.add_url_rule("/sandbox/faults", "sandbox_faults", switch, methods=["POST"])
    application.add_url_rule("/sandbox/faults", "sandbox_faults_clear", clear, methods=["DELETE"])
    application.add_url_rule("/sandbox/requests", "sandbox_requests", seen)


def _as_json(value: object) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json")


class _Server(ThreadedWSGIServer):
    daemon_threads = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(*arguments, **options)

    def opened(self, connection: socket.socket) -> None:
        with self._guard:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._guard:
            self._connections.discard(connection)

    def close_connections(self) -> None:
        """Wake the threads that wait for the next request of a kept connection."""
        with self._guard:
            waiting = list(self._connections)
        for connection in waiting:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # its client was faster
                continue

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the log of a sandbox is `GET /sandbox/requests`."""


class _Handler(WSGIRequestHandler):
    """Werkzeug's own handler closes after each answer; this one reads the whole request and keeps open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        _serving(self).opened(self.connection)

    def finish(self) -> None:
        _serving(self).closed(self.connection)
        super().finish()

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._read_body(environ))
        environ["wsgi.input_terminated"] = True
        try:
            self._respond(environ)
        except DroppedError as dropped:
            self._drop(reset=dropped.reset)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _read_body(self, environ: "WSGIEnvironment") -> bytes:
        stream = environ["wsgi.input"]
        if isinstance(stream, DechunkedInput):
            return stream.read()
        return bytes(stream.read(int(environ.get("CONTENT_LENGTH") or 0)))

    def _respond(self, environ: "WSGIEnvironment") -> None:
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:
            head[:] = status, headers

        pieces: Iterable[bytes] = self.server.app(environ, start)
        try:
            self._send(head, pieces)
        finally:
            getattr(pieces, "close", lambda: None)()

    def _send(self, head: list[Any], pieces: Iterable[bytes]) -> None:
        sent_head = False
        for piece in pieces:
            if not sent_head:
                self._send_head(*head)
                sent_head = True
            if self.command != "HEAD":
                self.wfile.write(piece)
        if not sent_head:
            self._send_head(*head)
        self.wfile.flush()

    def _send_head(self, status: str, headers: list[tuple[str, str]]) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers) and int(code) not in (204, 304):
            self.send_header("Connection", "close")  # the only other way to mark the end of an answer
        self.end_headers()

    def _drop(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_request(self, *_: object) -> None:
        """Nothing: see `_Server.log`."""


def _serving(handler: _Handler) -> _Server:
    server = handler.server
    if not isinstance(server, _Server):
        raise TypeError("the handler belongs to LoopbackServer")
    return server
