"""What the pages know: the config as it is now, the database, the clock, and how the daemon is doing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import msgspec

from connector import mirror
from connector.config import Config
from connector.daemon import Health, Step
from connector.database import Database, moment
from connector.schedule import is_overdue
from connector.shop import Clock


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One shop, for monitoring: what is kept in the database and what the daemon saw since it began."""

    shop: str
    pulled_at: datetime | None
    pushed_at: datetime | None
    overdue: bool
    failures: int
    error: str | None
    refusal: str | None
    running: str | None


class Site:
    """Shared by all requests; each opens its own connection, since they run in several threads.

    Args:
        config: the config as it is now; it changes when the daemon reloads it.
        health: by shop, how it went since the daemon began; empty without a daemon.
        is_alive: whether the scheduler still runs.
    """

    def __init__(
        self,
        *,
        config: Callable[[], Config],
        now: Clock,
        health: Mapping[str, Health],
        is_alive: Callable[[], bool],
    ) -> None:
        self.config = config
        self.now = now
        self.health = health
        self.is_alive = is_alive

    @contextmanager
    def database(self) -> Iterator[Database]:
        """A connection for one request."""
        with Database(self.config().database) as db:
            yield db

    def standings(self, db: Database) -> list[Standing]:
        """Every shop of the config."""
        return [self._standing(db, name) for name in self.config().shops]

    def _standing(self, db: Database, name: str) -> Standing:
        shop, settings = mirror.open_shop(db, name), self.config().shops[name]
        health, info = self.health.get(name, Health(shop=name)), mirror.shop_info(db, shop)
        pulled = last_done(db, shop, "pull")
        zone = info.time_zone if info else "UTC"
        return Standing(
            shop=name,
            pulled_at=pulled,
            pushed_at=last_done(db, shop, "push"),
            overdue=is_overdue(settings.schedule.pull, zone, pulled, self.now()),
            failures=health.failures,
            error=health.error,
            refusal=health.refusal,
            running=Step(health.running).value if health.running else None,
        )


def last_done(db: Database, shop: int, kind: str) -> datetime | None:
    """When a run of that kind last went well."""
    ended = db.value(
        "SELECT max(ended_at) FROM runs WHERE shop = ? AND kind = ? AND outcome = 'done'", (shop, kind)
    )
    return moment(ended) if ended else None
