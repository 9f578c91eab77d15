"""Serving the pages: the Flask app, and waitress around it in a thread of its own."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import MultiSocketServer, create_server
from waitress.trigger import trigger

from connector.errors import StammkundeError
from connector.web.dashboard import dashboard_pages
from connector.web.desk import Desk
from connector.web.doing import Doings
from connector.web.figures import Keeper
from connector.web.health import health_pages
from connector.web.hooks import hook_pages
from connector.web.safety import LARGEST, Guard
from connector.web.site import Site

THREADS = 8


class Pages:
    """Everything that is served.

    Args:
        soon: told of shops that sent a webhook; None where there is nobody to read them.
        listen: where it is served, host:port; it decides whether one has to log in.

    Raises:
        ConfigError: strangers could reach the dashboard, and nobody could log in.
    """

    def __init__(self, site: Site, listen: str, soon: Callable[[str], None] | None = None) -> None:
        self.app = Flask("connector.web", static_folder=None, template_folder=None)
        self.listen = listen
        guard = Guard(self.app, site, listen)
        self._doings, self._keeper = Doings(site), Keeper(site)
        self.app.register_blueprint(health_pages(site))
        if soon is not None:
            self.app.register_blueprint(hook_pages(site, soon))
        self.app.register_blueprint(dashboard_pages(self.app, Desk(site, guard, self._doings)))
        self._keeps = site.config().dashboard.show

    def start(self) -> None:
        """Begin to keep the figures that pages show."""
        if self._keeps:
            self._keeper.start()

    def stop(self) -> None:
        """When what was started from a page is over."""
        self._keeper.stop()
        self._doings.stop()


class Server:
    """Listens in the background until it is stopped.

    Raises:
        StammkundeError: the address is taken or not ours.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(
                pages.app,
                map=self._sockets,
                listen=pages.listen,
                threads=THREADS,
                ident="Stammkunde",
                max_request_body_size=LARGEST,  # by itself it would keep a gigabyte on disk first
                clear_untrusted_proxy_headers=False,  # what they mean is decided by `safety`
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise StammkundeError(
                f"Cannot listen on {pages.listen}: {reason}. Choose another address under [daemon] listen."
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
        self._pages.start()
        self._thread.start()

    def stop(self) -> None:
        self._pages.stop()
        self._server.task_dispatcher.shutdown()
        # The sockets belong to the thread that listens: closed from here, they would fail under its hands.
        waker = next(each for each in self._sockets.values() if isinstance(each, trigger))
        # It wakes its thread before it returns, which may then have closed it: that is what was asked for.
        with suppress(OSError):
            waker.pull_trigger(self._close)
        self._thread.join(timeout=5)

    def _close(self, _none: None = None) -> None:
        wasyncore.close_all(self._sockets)
