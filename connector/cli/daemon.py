"""The daemon: in the foreground, until it is told to stop."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import click
from sdnotify import SystemdNotifier

from connector import database, mirror, outbox, validate
from connector.cli import logs
from connector.cli.context import Installation, pass_installation
from connector.config import Config
from connector.daemon import Worker, defect
from connector.errors import ConfigError, LockedError, StammkundeError
from connector.http import Client, Limits
from connector.schedule import Schedule
from connector.web.server import Pages, Server
from connector.web.site import Site

log = logging.getLogger(__name__)

TICK = 5.0  #: seconds between looks at signals, time zones and the watchdog
HEARTBEAT = timedelta(seconds=5)
STUCK = 60.0  #: seconds; without a heartbeat for so long the scheduler does nothing any more
SEND_EVERY = timedelta(seconds=5)
PING_LIMITS = Limits(total=5.0)  #: seconds a call to the watchman may take, retries and all
PING_EVERY = 300.0  #: seconds between calls to the watchman while all is well


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Where the pages are served [from the config].")
@click.option("--no-web", is_flag=True, help="Serve no pages.")
@pass_installation
def daemon(installation: Installation, listen: str | None, no_web: bool) -> None:
    """Run by itself: read the shops, work out groups and push, each at its times.

    It ends on Ctrl-C or SIGTERM behind the page in hand, and reads the config again on SIGHUP.
    """
    logs.add_times()
    # It warns of each step that is due again while it still runs, which is as it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    with _only_one(installation.config.database):
        running = Running(installation, listen or installation.config.daemon.listen, with_web=not no_web)
        with _signals(running):
            running.run()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Be the only daemon of a database. A shop may be called "daemon", so the lock is not."""
    with ExitStack() as held:
        try:
            held.enter_context(database.hold(path, "_daemon"))
        except LockedError:
            raise LockedError(f"Another daemon runs with {path} already. End that one first.") from None
        yield


class Running:
    """The daemon while it runs: config, worker, schedule, pages."""

    def __init__(self, installation: Installation, listen: str, *, with_web: bool) -> None:
        self.config: Config = installation.config
        self.stop = threading.Event()
        self.reload = threading.Event()
        self._wake = threading.Event()
        self._installation = installation
        self._beat = time.monotonic()
        self._pinged = -PING_EVERY
        self._troubles: dict[str, str] = {}  #: of the work beside the shops', as last told
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
        self._schedule.every(HEARTBEAT, self._ping)
        if self._server is not None:
            self._server.start()
            log.info("pages at http://%s:%s", self.config.daemon.listen.rpartition(":")[0], self._server.port)
        log.info("running with %s", ", ".join(self.config.shops))
        self._systemd.notify("READY=1")
        try:
            self._loop()
        finally:
            self._systemd.notify("STOPPING=1")
            log.info("stopping behind the page in hand; a second signal or Ctrl-C stops at once")
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
            elif self._schedule.is_alive():
                self._begin_again()

    def _begin_again(self) -> None:
        """The scheduler sleeps until a time that lies far ahead: somebody has set the clock back."""
        log.warning("the clock was set back: all times are planned anew")
        self._beat = time.monotonic()
        self._worker.forgive()
        self._schedule.begin_again()

    def _read_config_again(self) -> None:
        self._systemd.notify("RELOADING=1")
        try:
            config = validate.load(self.config.path)
        except ConfigError as error:
            log.error("The config was not taken over, the old one goes on: %s", error)  # noqa: TRY400
        except Exception as error:  # noqa: BLE001  an adapter that cannot bear its settings must not end us
            log.error("The config was not taken over, the old one goes on: %s", defect(error))  # noqa: TRY400
        else:
            if config.database != self.config.database:
                log.error("The config was not taken over: another database needs a restart.")
            else:
                self._take_over(config)
        self._systemd.notify("READY=1")

    def _take_over(self, config: Config) -> None:
        if config.daemon.listen != self.config.daemon.listen:
            log.warning("[daemon] listen has changed: the pages stay where they are until a restart.")
        self.config = config
        self._worker.forgive()
        self._schedule.replace(config, at_once=self._worker.failing())
        log.info("config read again: %s", ", ".join(config.shops))

    def _zone_of(self, shop: str) -> str:
        return self._worker.standing(shop).time_zone

    def _beat_once(self) -> None:
        self._beat = time.monotonic()

    def _is_alive(self) -> bool:
        return self._schedule.is_alive() and time.monotonic() - self._beat < STUCK

    def _send(self) -> None:
        """Tell receivers what waits for them."""
        if not outbox.has_receivers(self.config):
            return
        with self._told("messages wait"), self._site.database() as db:
            outbox.send_waiting(db, self.config, self._installation.now())

    def _ping(self) -> None:
        """Tell a watchman outside that all is well; when nothing comes, he raises the alarm.

        The first time, and after trouble, as soon as it is so.
        """
        url = self.config.daemon.ping
        if url is None or time.monotonic() - self._pinged < PING_EVERY:
            return
        with self._told("daemon.ping was not called"):
            with self._site.database() as db:
                troubled = [each.shop for each in self._site.standings(db) if each.error or each.overdue]
            if not troubled and self._is_alive():
                self._pinged = time.monotonic()
                with closing(Client(limits=PING_LIMITS)) as client:
                    client.request("GET", url)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Work beside the shops' own: its trouble is told in a line, and once while it stays the same."""
        try:
            yield
        except StammkundeError as error:
            self._tell(what, str(error))
        except Exception as error:  # noqa: BLE001  what is not caught here is a traceback of the scheduler
            self._tell(what, defect(error))
        else:
            self._troubles.pop(what, None)

    def _tell(self, what: str, why: str) -> None:
        if self._troubles.get(what) != why:
            self._troubles[what] = why
            log.warning("%s: %s", what, why)


@contextmanager
def _signals(running: Running) -> Iterator[None]:
    """Follow SIGTERM and Ctrl-C by stopping behind the page in hand, and SIGHUP by reading the config.

    The second SIGTERM or Ctrl-C ends the process at once.
    """

    def stop(number: int, _frame: object) -> None:
        if running.stop.is_set():
            os._exit(128 + number)  # a shop may let us wait for minutes; what was read is kept all the same
        running.stop.set()
        running.wake()

    def reload(_number: int, _frame: object) -> None:
        running.reload.set()
        running.wake()

    wanted: dict[signal.Signals, Callable[[int, object], None]] = {signal.SIGTERM: stop, signal.SIGINT: stop}
    if hasattr(signal, "SIGHUP"):  # not on Windows
        wanted[signal.SIGHUP] = reload
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
