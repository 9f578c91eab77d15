"""The daemon: in the foreground, until it is told to stop."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from sdnotify import SystemdNotifier

from connector import database, mirror, outbox, validate
from connector.cli.context import Installation, pass_installation
from connector.config import Config
from connector.daemon import Worker
from connector.errors import AdapterError, ConfigError, StammkundeError
from connector.http import Client
from connector.schedule import Schedule
from connector.web.server import Pages, Server
from connector.web.site import Site

log = logging.getLogger(__name__)

TICK = 5.0  #: seconds between looks at signals, time zones and the watchdog
HEARTBEAT = timedelta(seconds=5)
STUCK = 60.0  #: seconds; without a heartbeat for so long the scheduler does nothing any more
SEND_EVERY = timedelta(seconds=5)
PING_EVERY = timedelta(minutes=5)


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Where the pages are served [from the config].")
@click.option("--no-web", is_flag=True, help="Serve no pages.")
@pass_installation
def daemon(installation: Installation, listen: str | None, no_web: bool) -> None:
    """Run by itself: read the shops, work out groups and push, each at its times.

    It ends on Ctrl-C or SIGTERM behind the page in hand, and reads the config again on SIGHUP.
    """
    with database.hold(installation.config.database, "daemon", holder="another daemon"):
        running = Running(installation, listen or installation.config.daemon.listen, with_web=not no_web)
        with _signals(running):
            running.run()


class Running:
    """The daemon while it runs: config, worker, schedule, pages."""

    def __init__(self, installation: Installation, listen: str, *, with_web: bool) -> None:
        self.config: Config = installation.config
        self.stop = threading.Event()
        self.reload = threading.Event()
        self._wake = threading.Event()
        self._installation = installation
        self._beat = time.monotonic()
        self._worker = Worker(installation.now, self.stop)
        self._schedule = Schedule(self._worker.run, self._zone_of)
        self._site = Site(
            config=lambda: self.config,
            now=installation.now,
            health=self._worker.health,
            is_alive=self._is_alive,
        )
        self._server = Server(Pages(self._site, listen, self._schedule.soon)) if with_web else None
        self._systemd = SystemdNotifier()  # silent where there is no systemd

    def wake(self) -> None:
        """Look at `stop` and `reload` at once."""
        self._wake.set()

    def run(self) -> None:
        """Until `stop` is set."""
        self._learn_zones()
        self._schedule.start(self.config)
        self._schedule.every(HEARTBEAT, self._beat_once)
        self._schedule.every(SEND_EVERY, self._send)
        self._schedule.every(PING_EVERY, self._ping)
        if self._server is not None:
            self._server.start()
            log.info("pages at http://%s:%s", self.config.daemon.listen.rpartition(":")[0], self._server.port)
        log.info("running with %s", ", ".join(self.config.shops))
        self._systemd.notify("READY=1")
        try:
            self._loop()
        finally:
            self._systemd.notify("STOPPING=1")
            log.info("stopping behind the page in hand")
            self._schedule.stop()
            if self._server is not None:
                self._server.stop()
            log.info("stopped")

    def _learn_zones(self) -> None:
        """What is known of the shops from before; later each step brings it up to date."""
        with self._site.database() as db:
            for name in self.config.shops:
                info = mirror.shop_info(db, mirror.open_shop(db, name))
                if info is not None:
                    self._worker.standing(name).time_zone = info.time_zone

    def _loop(self) -> None:
        while not self.stop.is_set():
            self._wake.wait(TICK)
            self._wake.clear()
            if self.reload.is_set():
                self.reload.clear()
                self._read_config_again()
            self._schedule.refresh()
            if self._is_alive():
                self._systemd.notify("WATCHDOG=1")

    def _read_config_again(self) -> None:
        self._systemd.notify("RELOADING=1")
        try:
            config = validate.load(self.config.path)
        except ConfigError as error:
            log.error("The config was not taken over, the old one goes on: %s", error)  # noqa: TRY400
        else:
            if config.database != self.config.database:
                log.error("The config was not taken over: another database needs a restart.")
            else:
                self.config = config
                self._schedule.replace(config)
                log.info("config read again: %s", ", ".join(config.shops))
        self._systemd.notify("READY=1")

    def _zone_of(self, shop: str) -> str:
        return self._worker.standing(shop).time_zone

    def _beat_once(self) -> None:
        self._beat = time.monotonic()

    def _is_alive(self) -> bool:
        return self._schedule.is_alive() and time.monotonic() - self._beat < STUCK

    def _send(self) -> None:
        """Tell receivers what waits for them."""
        try:
            with self._site.database() as db:
                outbox.send_waiting(db, self.config, self._installation.now())
        except StammkundeError as error:
            log.error("messages wait: %s", error)  # noqa: TRY400

    def _ping(self) -> None:
        """Tell a watchman outside that all is well; when nothing comes, he raises the alarm."""
        url = self.config.daemon.ping
        with self._site.database() as db:
            troubled = [each.shop for each in self._site.standings(db) if each.error or each.overdue]
        if url is None or troubled or not self._is_alive():
            return
        client = Client()
        try:
            client.request("GET", url)
        except AdapterError as error:
            log.warning("The ping to daemon.ping did not get through: %s", error)
        finally:
            client.close()


@contextmanager
def _signals(running: Running) -> Iterator[None]:
    """Follow SIGTERM and Ctrl-C by stopping behind the page in hand, and SIGHUP by reading the config."""

    def stop(*_: object) -> None:
        running.stop.set()
        running.wake()

    def reload(*_: object) -> None:
        running.reload.set()
        running.wake()

    wanted = {signal.SIGTERM: stop, signal.SIGINT: stop}
    if hasattr(signal, "SIGHUP"):  # not on Windows
        wanted[signal.SIGHUP] = reload
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
