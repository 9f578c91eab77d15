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
from connector.metrics import Churn, Numbers, Windowed, numbers, scope_of
from connector.metrics.counted import counted
from connector.metrics.lifecycle import churn
from connector.metrics.report import YEAR
from connector.metrics.windows import window
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


class _Bases(msgspec.Struct, frozen=True, kw_only=True):
    """What each kind of figures rests on; where it is the same as before, they are not worked out again."""

    numbers: str  #: data, day, config, version
    groups: str  #: that, and how the groups stand
    plan: str  #: that, and every run


# Facts count whenever there is something new (`moved`). What was read and not yet brought into them shows in
# the other columns; until then every run may have changed something.
_DATA = """
    SELECT moved, CASE
        WHEN rebuild OR EXISTS (SELECT 1 FROM touched WHERE shop = :shop)
            OR EXISTS (SELECT 1 FROM dirty WHERE shop = :shop)
        THEN (SELECT max(ended_at) || ' ' || count(outcome) FROM runs WHERE shop = :shop)
    END AS run
    FROM shops WHERE shop = :shop
"""
_STANDINGS = "SELECT name, rule, stale, accepted, size FROM groups WHERE shop = :shop ORDER BY name"
_RUNS = """
    SELECT (SELECT max(ended_at) || ' ' || count(outcome) FROM runs WHERE shop = :shop) AS run,
        (SELECT max(evaluated_at) FROM groups WHERE shop = :shop) AS groups,
        (SELECT coalesce(hold, '') FROM shops WHERE shop = :shop) AS hold,
        (SELECT approved_at FROM approvals WHERE shop = :shop) AS approved
"""


def _bases(
    db: Database, shop: int, config: Config, settings: ShopConfig, info: ShopInfo, today: date
) -> _Bases:
    seen = info.orders_visible_from  # of which only the day is told: it may move with every look
    shown = (info.name, info.currency, info.time_zone, info.returns_unknown, seen and seen.date())
    said = config.model_dump_json(include={"lapse_days", "groups", "ladders", "campaigns", "tag_prefix"})
    own = settings.model_dump_json(exclude={"settings"})
    parts: tuple[object, ...] = (today, shown, said, own, Numbers.__struct_fields__)
    marks = []
    for sql in (_DATA, _STANDINGS, _RUNS):
        parts = (*parts, [tuple(row) for row in db.rows(sql, {"shop": shop})])
        marks.append(hashlib.sha256(repr(parts).encode()).hexdigest())
    return _Bases(numbers=marks[0], groups=marks[1], plan=marks[2])


def _is_fresh(db: Database, shop: int, kind: str, basis: str) -> bool:
    row = db.row("SELECT basis FROM figures WHERE shop = ? AND kind = ?", (shop, kind))
    return row is not None and row["basis"] == basis


def keep(db: Database, config: Config, settings: ShopConfig, now: datetime) -> None:
    """Work out what changed of a shop's figures. Takes no lock."""
    shop = mirror.open_shop(db, settings.name)
    info = mirror.shop_info(db, shop)
    if info is None or not db.value(
        "SELECT count(*) FROM watermarks WHERE shop = ? AND kind = 'orders'", (shop,)
    ):
        return
    today = now.astimezone(ZoneInfo(info.time_zone)).date()
    bases = _bases(db, shop, config, settings, info, today)
    if not _is_fresh(db, shop, "groups", bases.groups):
        _keep_groups(db, shop, config, settings, info, now, bases.groups)
    if not _is_fresh(db, shop, "numbers", bases.numbers):
        found = numbers(db, config, settings, now, since_days=MOVES_DAYS)
        _write(db, shop, "numbers", today, now, bases.numbers, found)
        _keep_before(db, shop, config, settings, now, today)
    if not _is_fresh(db, shop, "plan", bases.plan):
        _write(db, shop, "plan", today, now, bases.plan, next_push(db, config, settings, now))


def _keep_before(
    db: Database, shop: int, config: Config, settings: ShopConfig, now: datetime, today: date
) -> None:
    """Once a day: what happened a month ago hardly changes."""
    day = today - timedelta(days=DELTA_DAYS)
    basis = f"{day} {config.lapse_days}"
    if _is_fresh(db, shop, "before", basis):
        return
    scope, _ = scope_of(db, config, settings, now, day)
    with counted(db, scope):
        body = Before(day=day, year=window(db, scope, YEAR), churn=churn(db, scope, YEAR))
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
# By moments first, so that millions of rows are sorted but once. `began` is what `came` at the first moment
# of the hour: SQLite takes it from the row of the minimum. The index goes by person and would be in the way.
_MOVES = f"""
    SELECT name, at / {_HOUR} AS hour, sum(came) AS entered, sum(went) AS gone, min(at) AS first,
        came AS began
    FROM (
        SELECT name, at, sum(entered) AS came, sum(1 - entered) AS went
        FROM membership_history NOT INDEXED WHERE shop = :shop GROUP BY name, at
    ) GROUP BY name, hour ORDER BY name, hour
"""


def _moved(db: Database, shop: int, zone: ZoneInfo, today: date) -> dict[str, dict[date, tuple[int, int]]]:
    """Who entered and left each group on each day of the shop, since the chart begins.

    That a group begins is no change of it: at that moment nobody entered.
    """
    since = milliseconds(datetime.combine(today - timedelta(days=CHART_DAYS), datetime.min.time(), zone))
    found: dict[str, dict[date, tuple[int, int]]] = {}
    for row in db.rows(_MOVES, {"shop": shop}):
        begins = row["name"] not in found
        days = found.setdefault(row["name"], {})
        if row["first"] >= since:
            day = datetime.fromtimestamp(row["hour"] * 3600, UTC).astimezone(zone).date()
            entered, left = days.get(day, (0, 0))
            new = row["entered"] - (row["began"] if begins else 0)
            days[day] = (entered + new, left + row["gone"])
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
