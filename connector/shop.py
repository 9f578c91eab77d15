"""One configured shop, opened: its database rows, its adapter, and its settings in the core's own terms."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from connector import database, mirror
from connector.adapter import Adapter
from connector.campaigns import Campaign, key_fingerprint
from connector.classes import Window
from connector.config import CampaignConfig, Config, ShopConfig
from connector.database import Database
from connector.errors import ConfigError, DatabaseError
from connector.groups import Definition, in_order
from connector.mirror import Mirror, Terms
from connector.model import ShopInfo
from connector.money import minor_units
from connector.plan import Limits
from connector.rules import RuleContext, parse

Clock = Callable[[], datetime]


class Watch(Protocol):
    """Somebody who looks on: shows progress, and may ask us to stop at the next safe point."""

    def step(self, what: str, done: int, total: int | None) -> None:
        """`done` of `total` (None: unknown) records of `what` are through."""
        ...

    def should_stop(self) -> bool:
        """Whether to stop after what is in hand."""
        ...

    def close(self) -> None:
        """Leave the screen to what comes next. May be called more than once."""
        ...


class Shop:
    """What every step of the line needs. Holds no lock by itself."""

    def __init__(
        self, db: Database, config: Config, settings: ShopConfig, adapter: Adapter, now: Clock, watch: Watch
    ) -> None:
        self.db = db
        self.config = config
        self.settings = settings
        self.adapter = adapter
        self.now = now
        self.watch = watch
        self.name = settings.name
        self.key = mirror.open_shop(db, settings.name)

    def lock(self, doing: str, wait: float) -> AbstractContextManager[None]:
        """Be the one writer of this shop."""
        began = datetime.now(UTC).astimezone()
        return database.hold(
            self.db.path, self.name, wait=wait, holder=f"`stammkunde {doing}` since {began:%H:%M}"
        )

    def info(self) -> ShopInfo:
        """What the last check found.

        Raises:
            ConfigError: there was none yet.
        """
        info = mirror.shop_info(self.db, self.key)
        if info is None:
            raise ConfigError(
                f"Nothing is known about {self.name} yet. Run `stammkunde pull {self.name}` first."
            )
        return info

    def today(self) -> date:
        """The day it is in the shop."""
        return self.now().astimezone(ZoneInfo(self.info().time_zone)).date()

    def history_starts(self) -> date | None:
        """The first day of orders the mirror can have: by what the shop shows, and by the config."""
        info = self.info()
        visible = info.orders_visible_from
        seen = visible.astimezone(ZoneInfo(info.time_zone)).date() if visible else None
        return max((each for each in (seen, self.settings.history_starts) if each), default=None)

    def mirror(self) -> Mirror:
        return Mirror(self.db, self.key, self.terms())

    def terms(self) -> Terms:
        info, exclude = self.info(), self.settings.exclude
        return Terms(
            currency=info.currency,
            time_zone=info.time_zone,
            prefixes=self._prefixes(),
            count_when=self.settings.count_when,
            excluded_groups=frozenset(each.casefold() for each in exclude.customer_groups),
            excluded_tags=frozenset(each.casefold() for each in exclude.tags),
            excluded_domains=frozenset(each.casefold().lstrip("@") for each in exclude.email_domains),
        )

    def _prefixes(self) -> tuple[str, ...]:
        """The present prefix of our tags first, then the former ones: their tags are still ours to remove."""
        present = self.config.tag_prefix.casefold()
        known = [
            row["prefix"].casefold()
            for row in self.db.rows("SELECT prefix FROM prefixes WHERE shop = ? ORDER BY prefix", (self.key,))
        ]
        if present not in known:
            with self.db.write() as connection:
                connection.execute("INSERT OR IGNORE INTO prefixes VALUES (?, ?)", (self.key, present))
        return (present, *(each for each in known if each != present))

    def window(self) -> Window:
        abc = self.settings.abc
        return Window(days=abc.window_days, a=Decimal(abc.a), b=Decimal(abc.b))

    def limits(self) -> Limits:
        chosen = self.settings.limits
        value = chosen.coupon_value
        return Limits(
            losing=float(chosen.losing),
            gaining=float(chosen.gaining),
            coupons=chosen.coupons,
            coupon_value=None if value is None else minor_units(value, self.info().currency),
        )

    def rule_context(self) -> RuleContext:
        return rule_context(self.db, self.key, self.info(), self.config.lapse_days, self.now())

    def definitions(self) -> list[Definition]:
        """Groups and ladder steps of this shop, each after those it depends on."""
        return definitions_of(self.config, self.name)

    def campaigns(self) -> list[Campaign]:
        """Active campaigns of this shop."""
        return [
            self._campaign(name, campaign)
            for name, campaign in self.config.campaigns.items()
            if campaign.active and campaign.applies_to(self.name)
        ]

    def _campaign(self, name: str, campaign: CampaignConfig) -> Campaign:
        coupon, currency = campaign.coupon, self.info().currency
        return Campaign(
            name=name,
            group=campaign.group,
            title=campaign.title,
            percent=coupon.percent,
            amount=None if coupon.amount is None else minor_units(coupon.amount, currency),
            minimum=minor_units(coupon.minimum, currency),
            valid_days=coupon.valid_days,
            bound=coupon.bound,
            prefix=coupon.prefix,
            attribute=f"code-{name}" if "metafield" in campaign.deliver else None,
            budget=campaign.budget.coupons if campaign.budget else 0,
        )

    def code_key(self) -> bytes:
        """The content of the key file that codes are derived with.

        Raises:
            ConfigError: it is missing, or not the one our codes were derived with.
        """
        return read_key(self.db, self.config.key_file)


def rule_context(db: Database, shop: int, info: ShopInfo, lapse_days: int, now: datetime) -> RuleContext:
    """What rules are worked out in: the shop, its day, and its groups as they are known now."""
    return RuleContext(
        shop=shop,
        today=now.astimezone(ZoneInfo(info.time_zone)).date(),
        time_zone=info.time_zone,
        currency=info.currency,
        groups={
            row["name"]: row["grp"] for row in db.rows("SELECT name, grp FROM groups WHERE shop = ?", (shop,))
        },
        lapse_days=lapse_days,
    )


def definitions_of(config: Config, shop: str) -> list[Definition]:
    """Groups and ladder steps that hold in a shop, each after those it depends on."""
    found = [
        Definition(name=name, rule=parse(group.members), tag=_tag(config, group.tag))
        for name, group in config.groups.items()
        if group.applies_to(shop)
    ]
    for name, ladder in config.ladders.items():
        if ladder.applies_to(shop):
            earlier: tuple[str, ...] = ()
            for step in ladder.steps:
                full = f"{name}/{step.name}"
                rule, tag = parse(step.members), _tag(config, step.tag)
                found.append(Definition(name=full, rule=rule, tag=tag, after=earlier))
                earlier = (*earlier, full)
    return in_order(found)


def _tag(config: Config, tag: str | None) -> str | None:
    return None if tag is None else config.tag_prefix + tag


def read_key(db: Database, path: Path) -> bytes:
    """Read the key file and compare it with the one this database has seen.

    Raises:
        ConfigError: it is missing or another one: codes would come out differently.
    """
    try:
        key = path.read_bytes().strip()
    except FileNotFoundError:
        raise ConfigError(
            f"The key file {path} is missing. Restore it from the backup: another key makes other codes."
        ) from None
    except OSError as error:
        raise DatabaseError(f"The key file {path} cannot be read: {error.strerror}.") from error
    fingerprint = key_fingerprint(key)
    with db.write() as connection:
        connection.execute("INSERT OR IGNORE INTO installation VALUES ('key_fingerprint', ?)", (fingerprint,))
    row = db.row("SELECT value FROM installation WHERE name = 'key_fingerprint'")
    if row is not None and row["value"] != fingerprint:
        raise ConfigError(f"{path} is not the key file this database was used with. Restore that one first.")
    return key
