"""APScheduler wiring: when the daemon does what. Nothing else.

One executor of one thread for each shop: its steps follow one another, and no shop waits for another.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connector.config import Config, ShopConfig
from connector.config.times import NEVER, seconds_of
from connector.daemon import SCHEDULED, Step

Run = Callable[[Config, ShopConfig, Step], None]
ZoneOf = Callable[[str], str]

GRACE = timedelta(minutes=10)  #: a step that takes that long is not overdue yet
SOON = timedelta(seconds=1)
STAGGER = timedelta(seconds=2)  #: between the first pulls of shops after the start


def trigger(rhythm: str, zone: str, jitter: int = 0) -> BaseTrigger | None:
    """When a rhythm comes round, in a time zone; None for "never". `jitter` is seconds."""
    if rhythm == NEVER:
        return None
    seconds = seconds_of(rhythm)
    if seconds is not None:
        return IntervalTrigger(seconds=seconds, jitter=min(jitter, seconds // 4) or None, timezone=UTC)
    cron = CronTrigger.from_crontab(rhythm, timezone=ZoneInfo(zone))
    cron.jitter = jitter or None  # `from_crontab` does not take it
    return cron


def is_overdue(rhythm: str, zone: str, last: datetime | None, now: datetime) -> bool:
    """Whether a step should have been done twice since it last was. Never done is overdue too."""
    if rhythm == NEVER:
        return False
    if last is None:
        return True
    seconds = seconds_of(rhythm)
    if seconds is not None:
        return now > last + timedelta(seconds=2 * seconds) + GRACE
    cron = CronTrigger.from_crontab(rhythm, timezone=ZoneInfo(zone))
    first = cron.get_next_fire_time(None, last)
    second = first and cron.get_next_fire_time(first, first + timedelta(microseconds=1))
    return second is not None and now > second + GRACE


class Schedule:
    """The jobs of one config. `replace` changes to another one without interrupting what runs."""

    def __init__(self, run: Run, zone_of: ZoneOf) -> None:
        self._run = run
        self._zone_of = zone_of
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._zones: dict[str, str] = {}
        self._regular: list[tuple[timedelta, Callable[[], None]]] = []
        self._config: Config | None = None

    def start(self, config: Config) -> None:
        """Begin: every shop is pulled at once, and then at its times."""
        self._scheduler.start()
        self.replace(config)

    def replace(self, config: Config, at_once: Collection[str] = ()) -> None:
        """Follow this config from now on. New shops are pulled at once, and those that are named."""
        known = set(self._config.shops) if self._config else set()
        self._config = config
        begun = set(at_once)
        for job in self._scheduler.get_jobs():
            if job.executor in known:
                begun |= {job.executor} & {job.id.removesuffix(f" first {Step.PULL}")}
                job.remove()
        for place, shop in enumerate(config.shops.values()):
            if shop.name not in known:
                self._scheduler.add_executor(ThreadPoolExecutor(1), shop.name)
            if shop.name not in known or shop.name in begun:
                self._once(shop, Step.PULL, STAGGER * place)
                self._once(shop, Step.HOOKS, STAGGER * place)
            self._plan(config, shop)
        for name in known - set(config.shops):
            self._scheduler.remove_executor(name, shutdown=False)

    def refresh(self) -> None:
        """Move the jobs of shops whose time zone has become known or has changed."""
        for shop in self._config.shops.values() if self._config else ():
            if self._config is not None and self._zone_of(shop.name) != self._zones.get(shop.name):
                self._plan(self._config, shop)

    def _plan(self, config: Config, shop: ShopConfig) -> None:
        zone = self._zones[shop.name] = self._zone_of(shop.name)
        jitter = seconds_of(shop.schedule.jitter) or 0
        for step in SCHEDULED:
            when = trigger(getattr(shop.schedule, step.value), zone, jitter)
            if when is not None:
                self._scheduler.add_job(
                    self._run,
                    when,
                    args=(config, shop, step),
                    id=f"{shop.name} {step}",
                    executor=shop.name,
                    # The defaults lose jobs: one second late, and a job is dropped without a word.
                    coalesce=True,
                    max_instances=1,
                    misfire_grace_time=None,
                    replace_existing=True,
                )

    def soon(self, name: str) -> None:
        """Work off the webhooks of a shop, after a moment in which more may come."""
        shop = self._config.shops.get(name) if self._config else None
        if shop is not None:
            self._once(shop, Step.HOOKS, SOON)

    def _once(self, shop: ShopConfig, step: Step, after: timedelta) -> None:
        self._scheduler.add_job(
            self._run,
            "date",
            run_date=datetime.now(UTC) + after,
            args=(self._config, shop, step),
            id=f"{shop.name} first {step}",
            executor=shop.name,
            misfire_grace_time=None,
            replace_existing=True,
        )

    def begin_again(self) -> None:
        """Plan everything anew from now on: where the clock was set back, all that is planned lies ahead."""
        for job in self._scheduler.get_jobs():
            job.remove()
        regular, self._regular = self._regular, []
        for span, work in regular:
            self.every(span, work)
        if self._config is not None:
            self.replace(self._config, at_once=self._config.shops)

    def every(self, span: timedelta, work: Callable[[], None]) -> None:
        """Besides the shops' own steps: do `work` again and again, in a thread of its own."""
        self._regular.append((span, work))
        self._scheduler.add_job(
            work, IntervalTrigger(seconds=span.total_seconds(), timezone=UTC), coalesce=True, max_instances=1
        )

    def is_alive(self) -> bool:
        """Whether the scheduler's thread still runs."""
        thread = self._scheduler._thread  # noqa: SLF001  there is no public way to ask
        return bool(self._scheduler.running and thread is not None and thread.is_alive())

    def stop(self) -> None:
        """Wait for the steps in hand and end."""
        self._scheduler.shutdown(wait=True)
