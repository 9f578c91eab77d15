"""Serving the pages: the Flask app, and waitress around it in a thread of its own."""

import threading
from collections.abc import Callable

from flask import Flask
from waitress.server import MultiSocketServer, create_server

from connector.errors import StammkundeError
from connector.web.health import health_pages
from connector.web.hooks import hook_pages
from connector.web.site import Site


def make_app(site: Site, soon: Callable[[str], None]) -> Flask:
    """Everything that is served. `soon` is told of shops that sent a webhook."""
    app = Flask(__name__)
    app.register_blueprint(health_pages(site))
    app.register_blueprint(hook_pages(site, soon))
    return app


class Server:
    """Listens in the background until it is stopped.

    Raises:
        StammkundeError: the address is taken or not ours.
    """

    def __init__(self, app: Flask, listen: str) -> None:
        try:
            self._server = create_server(app, listen=listen, threads=4, ident="Stammkunde")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise StammkundeError(
                f"Cannot listen on {listen}: {reason}. Choose another address under [daemon] listen."
            ) from error
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens, also if port 0 was asked for."""
        if isinstance(self._server, MultiSocketServer):  # a name with several addresses, such as localhost
            return int(self._server.effective_listen[0][1])
        assert self._server.socket is not None  # noqa: S101  it listens since it was created
        return int(self._server.socket.getsockname()[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.close()
        self._thread.join(timeout=5)
