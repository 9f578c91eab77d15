"""Figures that the pages show: worked out when something was pulled, and only read when a page is asked for.

A page must not count a million customers while somebody waits for it.
"""

import hashlib
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from connector import groups as grouping
from connector import ledger, mirror
from connector import sync as line
from connector.config import Config, ShopConfig, open_adapter
from connector.database import Database, milliseconds, moment
from connector.errors import StammkundeError
from connector.gate import raise_if_off
from connector.groups import Definition
from connector.metrics import Churn, Numbers, Windowed, numbers
from connector.model import ShopInfo
from connector.plan import Plan, TagLine
from connector.shop import Shop, definitions_of
from connector.web.site import Site

log = logging.getLogger(__name__)

DELTA_DAYS = 30  #: a figure is compared with itself so many days ago
MOVES_DAYS = 180  #: between the two sides of the migration
CHART_DAYS = 365
LOOK_EVERY = 5.0  #: seconds between looks whether something was pulled
#: Figures are not worked out again before so many times as long as it took have gone by.
REST = 20.0


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """The six numbers as of the end of an earlier day."""

    day: date
    year: Windowed
    churn: Churn


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """A group or step. Money in minor units; `entered` and `left` in the last `DELTA_DAYS` days."""

    name: str
    tag: str | None
    rule: str
    members: int
    spent: int
    entered: int
    left: int
    stale: str | None
    alert: str | None


class GroupLines(msgspec.Struct, frozen=True, kw_only=True):
    """All groups of a shop. `spent` by everybody, in or out of groups."""

    people: int
    guests: int
    spent: int
    groups: list[GroupLine]


class Day(msgspec.Struct, frozen=True):
    """A day of a group: who came, who went, and how many there were at its end."""

    day: date
    entered: int
    left: int
    members: int


class GroupPast(msgspec.Struct, frozen=True, kw_only=True):
    """A group's last year, and the members it shares with others, by their names."""

    days: list[Day]
    overlap: dict[str, int]


class NextPush(msgspec.Struct, frozen=True, kw_only=True):
    """What a push would change, counted. Or why that cannot be said."""

    changes: int = 0
    gaining: int = 0
    losing: int = 0
    tags: list[TagLine] = []
    coupons: int = 0
    coupon_value: int = 0
    others: int = 0
    notes: list[str] = []
    warnings: list[str] = []
    error: str | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """When figures were worked out, and of which day they are."""

    worked_out_at: datetime
    day: date


Body = TypeVar("Body")


def read(db: Database, shop: int, kind: str, type_: type[Body]) -> tuple[Kept, Body] | None:
    """What is kept of a kind, or None."""
    row = db.row("SELECT * FROM figures WHERE shop = ? AND kind = ?", (shop, kind))
    if row is None:
        return None
    try:
        body = msgspec.json.decode(row["body"], type=type_)
    except msgspec.ValidationError:
        return None  # written by another version; it is worked out anew
    kept = Kept(worked_out_at=moment(row["worked_out_at"]), day=date.fromordinal(row["day"]))
    return kept, body


def _write(db: Database, shop: int, kind: str, day: date, now: datetime, basis: str, body: object) -> None:
    with db.write() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO figures VALUES (?, ?, ?, ?, ?, ?)",
            (shop, kind, day.toordinal(), milliseconds(now), basis, msgspec.json.encode(body).decode()),
        )


def basis_of(db: Database, shop: int, config: Config, settings: ShopConfig, today: date) -> str:
    """Differs where the figures may have changed: new data, another day, another config, another version."""
    row = db.row(
        "SELECT (SELECT max(ended_at) || ' ' || count(outcome) FROM runs WHERE shop = :shop) AS run,"
        " (SELECT max(evaluated_at) FROM groups WHERE shop = :shop) AS groups,"
        " (SELECT coalesce(hold, '') FROM shops WHERE shop = :shop) AS hold,"
        " (SELECT approved_at FROM approvals WHERE shop = :shop) AS approved",
        {"shop": shop},
    )
    said = config.model_dump_json(include={"lapse_days", "groups", "ladders", "campaigns", "tag_prefix"})
    own = settings.model_dump_json(exclude={"settings"})
    parts = (tuple(row) if row else (), today, said, own, Numbers.__struct_fields__)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def is_fresh(db: Database, shop: int, basis: str) -> bool:
    """Whether everything is kept and rests on that."""
    return db.value("SELECT count(*) FROM figures WHERE shop = ? AND kind IN"
                    " ('numbers', 'groups', 'plan') AND basis = ?", (shop, basis)) == 3  # fmt: skip


def keep(db: Database, config: Config, settings: ShopConfig, now: datetime) -> bool:
    """Work out what changed of a shop's figures. Takes no lock. Returns whether there was anything to do."""
    shop = mirror.open_shop(db, settings.name)
    info = mirror.shop_info(db, shop)
    if info is None or not db.value(
        "SELECT count(*) FROM watermarks WHERE shop = ? AND kind = 'orders'", (shop,)
    ):
        return False
    today = now.astimezone(ZoneInfo(info.time_zone)).date()
    basis = basis_of(db, shop, config, settings, today)
    if is_fresh(db, shop, basis):
        return False
    _keep_groups(db, shop, config, settings, info, now, basis)
    found = numbers(db, config, settings, now, since_days=MOVES_DAYS)
    _write(db, shop, "numbers", today, now, basis, found)
    _keep_before(db, shop, config, settings, now, today)
    _write(db, shop, "plan", today, now, basis, next_push(db, config, settings, now))
    return True


def _keep_before(
    db: Database, shop: int, config: Config, settings: ShopConfig, now: datetime, today: date
) -> None:
    """Once a day: what happened a month ago hardly changes."""
    day = today - timedelta(days=DELTA_DAYS)
    basis = f"{day} {config.lapse_days}"
    if db.value(
        "SELECT count(*) FROM figures WHERE shop = ? AND kind = 'before' AND basis = ?", (shop, basis)
    ):
        return
    then = numbers(db, config, settings, now, as_of=day).report
    body = Before(day=day, year=then.windows[0], churn=then.churn)
    _write(db, shop, "before", today, now, basis, body)


# Groups


def _keep_groups(
    db: Database, shop: int, config: Config, settings: ShopConfig, info: ShopInfo, now: datetime, basis: str
) -> None:
    definitions = definitions_of(config, settings.name)
    zone = ZoneInfo(info.time_zone)
    today = now.astimezone(zone).date()
    moved, sizes, shared = _moved(db, shop, zone, today), _sizes(db, shop), _shared(db, shop)
    alerts = {each.name: each.sentence() for each in grouping.moves(db, shop, definitions) if each.is_over()}
    named = _in_config_order(config, definitions)
    recent = today - timedelta(days=DELTA_DAYS)
    lines = []
    for each in named:
        size, spent, stale = sizes.get(each.name, (0, 0, None))
        days = moved.get(each.name, {})
        late = [moves for day, moves in days.items() if day > recent]
        lines.append(
            GroupLine(
                name=each.name,
                tag=each.tag,
                rule=each.rule.text,
                members=size,
                spent=spent,
                entered=sum(entered for entered, _ in late),
                left=sum(left for _, left in late),
                stale=stale,
                alert=alerts.get(each.name),
            )
        )
        past = GroupPast(days=_days(days, size), overlap=shared.get(each.name, {}))
        _write(db, shop, f"group:{each.name}", today, now, basis, past)
    _write(db, shop, "groups", today, now, basis, _with_totals(db, shop, lines))
    _forget_groups(db, shop, [each.name for each in named])


def _in_config_order(config: Config, definitions: list[Definition]) -> list[Definition]:
    """Groups as the owner wrote them down, then the steps of ladders."""
    by_name = {each.name: each for each in definitions}
    names = [*config.groups, *(f"{name}/{step.name}" for name, ladder in config.ladders.items()
                               for step in ladder.steps)]  # fmt: skip
    return [by_name[name] for name in names if name in by_name]


def _with_totals(db: Database, shop: int, lines: list[GroupLine]) -> GroupLines:
    row = db.row(
        "SELECT count(*) AS people, sum(p.customer IS NULL) AS guests, sum(spent) AS spent"
        " FROM facts JOIN people AS p USING (person) WHERE facts.shop = ? AND p.excluded IS NULL",
        (shop,),
    )
    assert row is not None  # noqa: S101  an aggregate always has a row
    return GroupLines(people=row["people"], guests=row["guests"] or 0, spent=row["spent"] or 0, groups=lines)


def _sizes(db: Database, shop: int) -> dict[str, tuple[int, int, str | None]]:
    rows = db.rows(
        "SELECT g.name, g.stale, count(f.person) AS members, coalesce(sum(f.spent), 0) AS spent"
        " FROM groups AS g LEFT JOIN members AS m USING (grp) LEFT JOIN facts AS f USING (person)"
        " WHERE g.shop = ? GROUP BY g.grp",
        (shop,),
    )
    return {row["name"]: (row["members"], row["spent"], row["stale"]) for row in rows}


def _shared(db: Database, shop: int) -> dict[str, dict[str, int]]:
    """For each group, how many of its members are in each other one too."""
    rows = db.rows(
        "SELECT a.name, b.name AS other, count(*) AS n FROM groups AS a JOIN members AS m ON m.grp = a.grp"
        " JOIN members AS o ON o.person = m.person JOIN groups AS b ON b.grp = o.grp"
        " WHERE a.shop = ? AND a.grp < b.grp GROUP BY a.grp, b.grp",
        (shop,),
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        found[row["name"]][row["other"]] = row["n"]
        found[row["other"]][row["name"]] = row["n"]
    return found


_HOUR = 3_600_000


def _moved(db: Database, shop: int, zone: ZoneInfo, today: date) -> dict[str, dict[date, tuple[int, int]]]:
    """Who entered and left each group on each day of the shop, since the chart begins.

    That a group begins is no change of it: on that day nobody entered.
    """
    since = milliseconds(datetime.combine(today - timedelta(days=CHART_DAYS), datetime.min.time(), zone))
    rows = db.rows(
        f"SELECT h.name, h.at / {_HOUR} AS hour, sum(h.entered AND h.at > b.began) AS entered,"
        " sum(1 - h.entered) AS gone FROM membership_history AS h JOIN ("
        "  SELECT name, min(at) AS began FROM membership_history WHERE shop = :shop GROUP BY name"
        " ) AS b USING (name) WHERE h.shop = :shop AND h.at >= :since GROUP BY 1, 2",
        {"shop": shop, "since": since},
    )
    found: dict[str, dict[date, tuple[int, int]]] = defaultdict(dict)
    for row in rows:
        day = datetime.fromtimestamp(row["hour"] * 3600, UTC).astimezone(zone).date()
        entered, left = found[row["name"]].get(day, (0, 0))
        found[row["name"]][day] = (entered + row["entered"], left + row["gone"])
    return found


def _days(moved: Mapping[date, tuple[int, int]], members: int) -> list[Day]:
    """Back from today's size, so that the last one is right whatever was forgotten."""
    days = []
    for day in sorted(moved, reverse=True):
        entered, left = moved[day]
        days.append(Day(day, entered, left, members))
        members -= entered - left
    return days[::-1]


def _forget_groups(db: Database, shop: int, names: list[str]) -> None:
    kinds = msgspec.json.encode([f"group:{name}" for name in names]).decode()
    with db.write() as connection:
        connection.execute(
            "DELETE FROM figures WHERE shop = ? AND kind LIKE 'group:%'"
            " AND kind NOT IN (SELECT value FROM json_each(?))",
            (shop, kinds),
        )


# The next push


class Silent:
    """Looks on without a word."""

    def step(self, what: str, done: int, total: int | None) -> None:
        pass

    def should_stop(self) -> bool:
        return False

    def close(self) -> None:
        pass


def next_push(db: Database, config: Config, settings: ShopConfig, now: datetime) -> NextPush:
    """What a push would do, as things stand in the mirror. A sentence where there can be no plan."""
    try:
        with closing(open_adapter(settings)) as adapter:
            shop = Shop(db, config, settings, adapter, lambda: now, Silent())
            plan = line.make_plan(shop)
            warnings = [*_why_not(shop, plan)]
    except StammkundeError as error:
        return NextPush(error=str(error))
    tags = [each for each in plan.tags if each.gaining or each.losing]
    touched = plan.gaining() or plan.losing()
    return NextPush(
        changes=len(plan.changes),
        gaining=plan.gaining() if touched else 0,
        losing=plan.losing() if touched else 0,
        tags=tags,
        coupons=len(plan.coupons()),
        coupon_value=plan.coupon_value(),
        others=len(plan.changes) - len(plan.coupons()) - _tag_changes(plan),
        notes=list(plan.notes),
        warnings=warnings,
    )


def _tag_changes(plan: Plan) -> int:
    return sum(type(each.change).__name__ == "UpdateTags" for each in plan.changes)


def _why_not(shop: Shop, plan: Plan) -> Iterator[str]:
    """What stands against pushing this plan as it is."""
    try:
        raise_if_off(shop)
    except StammkundeError as error:
        yield str(error)
    yield from plan.blocked
    yield from (f"{move.sentence()}." for move in plan.moves)
    if ledger.approved(shop.db, shop.key) is None and plan.changes:
        if not ledger.has_pushed(shop.db, shop.key):
            yield f"This would be the first push to {shop.name}."
        try:
            plan.raise_if_unsafe(shop.limits())
        except StammkundeError as error:
            yield str(error).partition(" Nothing was pushed.")[0]


class Keeper:
    """Keeps the figures of all shops in the background. One thread, and never in anybody's way."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)
        self._not_before: dict[str, float] = {}
        self._failed: dict[str, str] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            for settings in [*self._site.config().shops.values()]:
                if not self._stop.is_set() and time.monotonic() >= self._not_before.get(settings.name, 0.0):
                    self._keep(settings)
            self._stop.wait(LOOK_EVERY)

    def _keep(self, settings: ShopConfig) -> None:
        began = time.monotonic()
        try:
            with self._site.database() as db:
                keep(db, self._site.config(), settings, self._site.now())
        except StammkundeError as error:
            self._tell(settings.name, str(error))
        except Exception as error:  # noqa: BLE001  pages without new figures are better than no pages
            self._tell(settings.name, f"a defect in Stammkunde ({type(error).__name__}). Please report it.")
        else:
            self._failed.pop(settings.name, None)
        took = time.monotonic() - began
        self._not_before[settings.name] = began + took * REST

    def _tell(self, shop: str, why: str) -> None:
        if self._failed.get(shop) != why:
            self._failed[shop] = why
            log.error("%s: the figures of the pages were not worked out: %s", shop, why)
