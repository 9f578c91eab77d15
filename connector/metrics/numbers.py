"""The numbers of one configured shop, with what has to be known beside them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from connector import mirror
from connector.config import Config, ShopConfig
from connector.database import Database
from connector.errors import ConfigError
from connector.metrics.counted import Scope
from connector.metrics.ladders import ladder_migration
from connector.metrics.report import Report, report
from connector.model import ShopInfo
from connector.money import minor_units, money_text
from connector.rules import RuleContext
from connector.shop import definitions_of, rule_context, window_of


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one shop. Money in minor units of `currency`; averages are not rounded."""

    shop: str
    name: str  #: as the shop calls itself
    currency: str
    margin: Decimal | None
    returns_unknown: bool  #: the shop does not tell what came back: every value is before returns
    notes: list[str]
    report: Report

    def called(self, money: str) -> str:
        """A kind of money ("spent", "net sales") as it stands at a figure of this shop."""
        return f"{money}, returns unknown" if self.returns_unknown else money


def numbers(
    db: Database,
    config: Config,
    settings: ShopConfig,
    now: datetime,
    *,
    as_of: date | None = None,
    since: date | None = None,
    since_days: int | None = None,
) -> Numbers:
    """Count everything of a shop. Takes no lock and writes nothing.

    Args:
        as_of: the day at whose end, today if None.
        since: an earlier day, to tell who moved between classes since then.
        since_days: so many days before, where no `since` is given.

    Raises:
        ConfigError: the shop was never pulled, or a day lies ahead.
    """
    scope, info = scope_of(db, config, settings, now, as_of)
    if since and since >= scope.as_of:
        raise ConfigError(f"{since} is not before {scope.as_of}. Give --since an earlier day.")
    if since is None and since_days:
        since = scope.as_of - timedelta(days=since_days)
    found = report(db, scope, since)
    if found.migration:
        found = _with_ladders(
            db, config, settings, found, rule_context(db, scope.shop, info, config.lapse_days, now)
        )
    since_when = _history_starts(info, settings)
    unknown = db.value("SELECT count(*) FROM facts WHERE shop = ? AND unknown", (scope.shop,))
    return Numbers(
        shop=settings.name,
        name=info.name,
        currency=info.currency,
        margin=settings.margin,
        returns_unknown=info.returns_unknown,
        notes=[*_notes(found, info, scope.today, since_when, unknown)],
        report=found,
    )


def _with_ladders(
    db: Database, config: Config, settings: ShopConfig, found: Report, context: RuleContext
) -> Report:
    """The same with a matrix for each ladder of the shop."""
    moved = found.migration
    assert moved is not None  # noqa: S101  the caller asked
    matrices = ladder_migration(
        db, context, window_of(settings), definitions_of(config, settings.name), moved.since, moved.until
    )
    moved = msgspec.structs.replace(moved, matrices=[*moved.matrices, *matrices])
    return msgspec.structs.replace(found, migration=moved)


def scope_of(
    db: Database, config: Config, settings: ShopConfig, now: datetime, as_of: date | None = None
) -> tuple[Scope, ShopInfo]:
    """What the numbers of a shop are about, and what the shop said of itself.

    Raises:
        ConfigError: the shop was never pulled, or the day lies ahead.
    """
    key = mirror.open_shop(db, settings.name)
    info = mirror.shop_info(db, key)
    if info is None:
        raise ConfigError(f"{settings.name} was never pulled. Run `stammkunde pull {settings.name}` first.")
    today = now.astimezone(ZoneInfo(info.time_zone)).date()
    if as_of and as_of > today:
        raise ConfigError(f"{as_of} lies ahead. The numbers go up to {today}.")
    spends = settings.acquisition_spend
    scope = Scope(
        shop=key,
        as_of=as_of or today,
        today=today,
        time_zone=info.time_zone,
        lapse_days=config.lapse_days,
        abc=window_of(settings),
        margin=settings.margin,
        acquisition={month: minor_units(spend, info.currency) for month, spend in spends.items()},
    )
    return scope, info


def _history_starts(info: ShopInfo, settings: ShopConfig) -> date | None:
    seen = info.orders_visible_from
    visible = seen.astimezone(ZoneInfo(info.time_zone)).date() if seen else None
    return max(filter(None, [settings.history_starts, visible]), default=None)


def _notes(found: Report, info: ShopInfo, today: date, since: date | None, unknown: int) -> Iterator[str]:
    """What has to be known beside the figures."""
    if info.returns_unknown:
        yield (
            "Returns unknown: this shop does not tell what came back or was refunded. Every value, and what"
            " is made of values, is before returns."
        )
    if found.as_of < today:
        yield (
            f"Every order counts as it is known today ({_day(today)}), with what was refunded or cancelled"
            f" after {_day(found.as_of)}."
        )
    if found.orders_without_customer:
        spent = money_text(found.spent_without_customer, info.currency)
        count = f"{found.orders_without_customer:,}"
        yield f"Orders that name no customer, in no figure here: {count} ({spent} spent)."
    if found.orders_in_other_currency:
        count = f"{found.orders_in_other_currency:,}"
        yield f"Orders in another currency, counted without their value: {count}."
    if since:
        yield f"There are orders only since {_day(since)}: whoever came earlier looks new here."
    if unknown:
        yield f"Customers with more orders in the shop than can be seen here: {unknown:,}."


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
