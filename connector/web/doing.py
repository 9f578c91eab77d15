"""What somebody started from a page and what takes longer than a page may: pushing, undoing."""

import logging
import threading
import traceback
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import msgspec

from connector import outbox
from connector.config import ShopConfig, open_adapter
from connector.database import Database
from connector.errors import StammkundeError
from connector.pull import Stopped
from connector.push import Pushed
from connector.shop import Shop
from connector.web import figures
from connector.web.site import Site

log = logging.getLogger(__name__)

WAIT = 30.0  #: seconds for another run of the shop to end
Work = Callable[[Shop], Pushed | None]


class Doing(msgspec.Struct, kw_only=True):
    """Something that runs or has ended. Its own thread writes it."""

    what: str
    began_at: datetime
    done: int = 0
    total: int | None = None
    pushed: Pushed | None = None
    error: str | None = None
    ended: bool = False


class _Watch(figures.Silent):
    def __init__(self, doing: Doing, stop: threading.Event) -> None:
        self._doing = doing
        self._stop = stop

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def step(self, what: str, done: int, total: int | None) -> None:  # noqa: ARG002  the only count shown
        self._doing.done, self._doing.total = done, total


class Doings:
    """The last thing started for each shop. One at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, Doing] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def of(self, shop: str) -> Doing | None:
        """What was started last for a shop."""
        return self._known.get(shop)

    def start(self, settings: ShopConfig, what: str, work: Work, patience: float = 2.0) -> Doing:
        """Begin, and wait a moment for what is over soon.

        Raises:
            StammkundeError: something started from here runs for the shop already.
        """
        with self._lock:
            running = self._known.get(settings.name)
            if running is not None and not running.ended:
                raise StammkundeError("Something else runs for this shop. Wait for it to end.")
            doing = self._known[settings.name] = Doing(what=what, began_at=self._site.now())
        thread = threading.Thread(target=self._run, args=(settings, doing, work), name=what, daemon=True)
        self._threads[settings.name] = thread
        thread.start()
        thread.join(patience)
        return doing

    def stop(self) -> None:
        """End what runs behind the change in hand; the next push settles the rest."""
        self._stop.set()
        for thread in self._threads.values():
            thread.join(60)

    def _run(self, settings: ShopConfig, doing: Doing, work: Work) -> None:
        try:
            with self._site.database() as db, closing(open_adapter(settings)) as adapter:
                config = self._site.config()
                shop = Shop(db, config, settings, adapter, self._site.now, _Watch(doing, self._stop))
                with shop.lock(f"web ({doing.what})", WAIT):
                    doing.pushed = work(shop)
                    outbox.feed(db, shop.key, shop.name, config, self._site.now())
                self._keep(db, settings)
        except Stopped:
            doing.error = "It was stopped. The next push settles what is left."
        except StammkundeError as error:
            doing.error = str(error)
        except Exception as error:  # noqa: BLE001  a defect ends this, not the pages
            # Without its message, which may hold anybody's data.
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s: %s from the pages failed:\n%s", settings.name, doing.what, frames)  # noqa: TRY400
            doing.error = f"This is a defect in Stammkunde ({type(error).__name__}). Please report it."
        finally:
            doing.ended = True

    def _keep(self, db: Database, settings: ShopConfig) -> None:
        """So that the pages agree with what was just done."""
        try:
            figures.keep(db, self._site.config(), settings, self._site.now())
        except StammkundeError as error:
            log.warning("%s: figures were not worked out: %s", settings.name, error)
