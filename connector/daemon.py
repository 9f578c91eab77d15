"""What the daemon does with one shop at a time, and what it knows about how that went.

When it does so is `connector.schedule`'s affair.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from connector import delivery, hooks, ledger, mirror, outbox
from connector import sync as line
from connector.config import Config, ShopConfig, open_adapter
from connector.config.times import hours_of
from connector.database import Database
from connector.errors import (
    AuthError,
    ConfigError,
    DatabaseError,
    LockedError,
    StammkundeError,
    TemporaryError,
    UnsafePlanError,
)
from connector.http import COUNTED_ALONG, Counters
from connector.pull import Pulled, Stopped
from connector.quantity import counted, listed
from connector.shop import Clock, Shop
from connector.troubles import revoked, troubles

log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(minutes=1)  #: after one failure; doubles with each further one
LONGEST_WAIT = timedelta(hours=6)
HOPELESS_WAIT = timedelta(hours=1)  #: where somebody has to mend the config or the credentials first
OFTEN = 3  #: failures in a row that are worth waking somebody for


class Step(StrEnum):
    """What the daemon does for a shop at its own times."""

    PULL = "pull"
    GROUPS = "groups"
    PUSH = "push"
    FULL = "full"
    HOOKS = "hooks"


#: Those with a rhythm in the config; the others come up by themselves.
SCHEDULED = (Step.PULL, Step.GROUPS, Step.PUSH, Step.FULL)


class Health(msgspec.Struct, kw_only=True):
    """How it went with one shop since the daemon began. Only the shop's own thread writes it."""

    shop: str
    done_at: dict[str, datetime] = {}  #: by step, when it last went well
    failures: int = 0  #: in a row
    error: str | None = None  #: of the last failure
    not_before: datetime | None = None  #: it rests until then
    refusal: str | None = None  #: why the last push was not made
    running: str | None = None
    time_zone: str = "UTC"  #: of the shop, once it is known
    http: Counters = msgspec.field(default_factory=Counters)

    def is_failing(self) -> bool:
        return self.failures > 0


class _Watch:
    """Says nothing and asks to stop when the daemon is to end."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def step(self, what: str, done: int, total: int | None) -> None:
        log.debug("%s of %s %s", done, total or "?", what)

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def close(self) -> None:
        pass


class Worker:
    """Does the steps of all shops, each under its shop's lock, and never lets one's trouble out.

    Args:
        stop: set to end the step in hand behind its current page.
    """

    def __init__(self, now: Clock, stop: threading.Event) -> None:
        self.health: dict[str, Health] = {}
        self._now = now
        self._stop = stop

    def standing(self, shop: str) -> Health:
        """How it goes with a shop."""
        return self.health.setdefault(shop, Health(shop=shop))

    def forgive(self) -> None:
        """Let every shop that rests after failures be tried again at once: somebody has mended something."""
        for health in self.health.values():
            health.not_before = None

    def failing(self) -> list[str]:
        """The shops whose last step failed."""
        return [name for name, health in self.health.items() if health.is_failing()]

    def run(self, config: Config, settings: ShopConfig, step: Step) -> None:
        """One step of one shop, unless the shop is resting after a failure."""
        health, now = self.standing(settings.name), self._now()
        if self._stop.is_set() or (health.not_before is not None and now < health.not_before):
            return
        health.running = step
        counting = COUNTED_ALONG.set(health.http)
        try:
            self._do(config, settings, step, health)
        except LockedError as error:
            log.info("%s: %s is left out this time: %s", settings.name, step, error)
        except Stopped:
            log.info("%s: stopped behind the current page", settings.name)
        except UnsafePlanError as error:
            self._refused(config, health, str(error))
        except StammkundeError as error:
            self._failed(config, health, step, error, str(error))
        except Exception as error:  # noqa: BLE001  a defect met in one shop must not stop the others
            self._failed(config, health, step, error, defect(error))
        finally:
            COUNTED_ALONG.reset(counting)
            health.running = None

    def _do(self, config: Config, settings: ShopConfig, step: Step, health: Health) -> None:
        began = self._now()
        with Database(config.database) as db, closing(open_adapter(settings)) as adapter:
            shop = Shop(db, config, settings, adapter, self._now, _Watch(self._stop))
            with shop.lock(f"daemon ({step})", 0.0):
                said = STEPS[step](shop)
                outbox.feed(db, shop.key, shop.name, config, self._now())
                for kind, text in troubles(shop) if mirror.shop_info(db, shop.key) else ():
                    outbox.alert(db, shop.key, shop.name, config, kind, text, self._now())
                info = mirror.shop_info(db, shop.key)
                health.time_zone = info.time_zone if info else health.time_zone
        health.done_at[step] = self._now()
        if health.is_failing():
            log.info("%s: works again after %s", settings.name, counted(health.failures, "failure"))
        health.failures, health.error, health.not_before = 0, None, None
        if step is Step.PUSH:
            health.refusal = None
        level = logging.INFO if said else logging.DEBUG
        extra = _extra(settings.name, step, self._now() - began)
        log.log(level, "%s: %s: %s", settings.name, step, said or "nothing to do", extra=extra)

    def _refused(self, config: Config, health: Health, why: str) -> None:
        """A push that the owner has to look at first is no failure, and is told once."""
        if health.refusal != why:
            health.refusal = why
            log.warning("%s", why, extra=_extra(health.shop, Step.PUSH))
            self._tell(config, health.shop, "push-refused", why)

    def _failed(self, config: Config, health: Health, step: Step, error: Exception, why: str) -> None:
        health.failures += 1
        health.error = why
        health.not_before = self._now() + _rest(error, health.failures)
        log.error("%s: %s failed: %s", health.shop, step, why, extra=_extra(health.shop, step))
        if isinstance(error, AuthError) and health.failures == 1:
            self._tell(config, health.shop, "credentials", why)
        elif health.failures == OFTEN:
            self._tell(config, health.shop, "failing", f"{OFTEN} failures in a row, the last: {why}")

    def _tell(self, config: Config, name: str, kind: str, text: str) -> None:
        """Write down what is wrong for those who want to be told."""
        try:
            with Database(config.database) as db:
                outbox.alert(db, mirror.open_shop(db, name), name, config, kind, text, self._now())
        except DatabaseError as error:
            log.error("nobody could be told: %s", error)  # noqa: TRY400  the sentence says it all


def _rest(error: Exception, failures: int) -> timedelta:
    """How long a shop is left alone after so many failures in a row."""
    wait = min(FIRST_WAIT * (1 << min(failures - 1, 12)), LONGEST_WAIT)
    if isinstance(error, AuthError | ConfigError):
        wait = max(wait, HOPELESS_WAIT)
    if isinstance(error, TemporaryError) and error.retry_after is not None:
        wait = max(wait, min(timedelta(seconds=error.retry_after), LONGEST_WAIT))
    return wait


def defect(error: Exception) -> str:
    """What a log says of an unforeseen error: that it is one, and where."""
    # The message of an unforeseen error may hold anybody's data, so only its kind and place are told.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
    return f"a defect in Stammkunde ({place}). Please report it."


def _extra(shop: str, step: Step, took: timedelta | None = None) -> dict[str, object]:
    """What a structured log line holds beside its text."""
    seconds = {} if took is None else {"seconds": round(took.total_seconds(), 3)}
    return {"shop": shop, "step": str(step), **seconds}


def _hooks(shop: Shop) -> str:
    if mirror.shop_info(shop.db, shop.key) is None:
        return ""  # the first pull brings what the webhooks were about
    read = hooks.work_off(shop)
    if not read:
        return ""
    line.work_out(shop)
    return f"{counted(read, 'record')} read that webhooks named"


def _pull(shop: Shop) -> str:
    pulled = line.read(shop, full=False)
    _tell_revoked(shop, pulled)
    line.work_out(shop)
    return listed(pulled.changed, "changed") or "nothing new"


def _full(shop: Shop) -> str:
    pulled = line.read(shop, full=True)
    _tell_revoked(shop, pulled)
    line.work_out(shop)
    read = listed(pulled.read) or "nothing there"
    return f"everything read: {read}; {listed(pulled.gone, 'gone') or 'nothing gone'}"


def _tell_revoked(shop: Shop, pulled: Pulled) -> None:
    sentence = revoked(shop.name, pulled)
    if sentence is not None:
        log.warning("%s", sentence, extra=_extra(shop.name, Step.PULL))


def _groups(shop: Shop) -> str:
    if mirror.shop_info(shop.db, shop.key) is None:
        return "nothing read yet"
    return f"{counted(len(line.work_out(shop)), 'group')} worked out"


def _push(shop: Shop) -> str:
    """The whole line: what is pushed rests on what the shop says now."""
    if not shop.settings.push:
        return "push = false, nothing done"
    if is_quiet(shop):
        return f"quiet hours ({shop.settings.schedule.quiet}), nothing done"
    why = ledger.why_held(shop.db, shop.key)
    if why is not None:
        return f"held: {why}"
    pushed = line.sync(shop, told=lambda pulled: _tell_revoked(shop, pulled)).pushed
    handed = _deliver(shop)
    if pushed is None or not pushed.run:
        return "; ".join(["nothing to push", *handed])
    return "; ".join([f"{counted(pushed.done, 'change')} made, {len(pushed.refused):,} refused", *handed])


def _deliver(shop: Shop) -> list[str]:
    """Hand over through outlets. Their trouble is told, and does not keep the shop from its next step."""
    delivered = delivery.deliver(shop)
    for sentence in delivery.troubles(delivered):
        log.warning("%s: %s", shop.name, sentence, extra=_extra(shop.name, Step.PUSH))
        outbox.alert(shop.db, shop.key, shop.name, shop.config, "outlet", sentence, shop.now())
    return [sentence.rstrip(".") for sentence in delivery.sentences(delivered)]


STEPS: Mapping[Step, Callable[[Shop], str]] = {
    Step.PULL: _pull,
    Step.FULL: _full,
    Step.GROUPS: _groups,
    Step.PUSH: _push,
    Step.HOOKS: _hooks,
}


def is_quiet(shop: Shop) -> bool:
    """Whether the shop's own clock is within its quiet hours."""
    quiet = shop.settings.schedule.quiet
    info = mirror.shop_info(shop.db, shop.key)
    if quiet is None or info is None:
        return False
    (first, last), at = hours_of(quiet), shop.now().astimezone(ZoneInfo(info.time_zone)).time()
    return first <= at < last if first < last else (at >= first or at < last)
