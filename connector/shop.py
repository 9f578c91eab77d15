"""One configured shop, opened: its database rows, its adapter, and its settings in the core's own terms."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from connector import database, mirror
from connector.adapter import Adapter
from connector.campaigns import Budget, Campaign, Policy, Setting, key_fingerprint
from connector.classes import Window
from connector.config import CampaignConfig, Config, ShopConfig, WholeBudgetConfig
from connector.config.listed import read_list
from connector.config.options import Membership
from connector.database import Database
from connector.errors import ConfigError, DatabaseError
from connector.groups import Definition, in_order
from connector.mirror import PERSONAL, Mirror, Terms, normalised
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
        return self.history_of(self.name)

    def history_of(self, name: str) -> date | None:
        """The same of any shop of the config; None too where nothing is known of it."""
        own = name == self.name
        info = self.info() if own else mirror.shop_info(self.db, mirror.open_shop(self.db, name))
        visible = info.orders_visible_from if info else None
        seen = visible.astimezone(ZoneInfo(info.time_zone)).date() if info and visible else None
        said = self.config.shops[name].history_starts if name in self.config.shops else None
        return max((each for each in (seen, said) if each), default=None)

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
            kept=self._kept,
        )

    @cached_property
    def _kept(self) -> frozenset[str]:
        return kept_fields(self.config, self.name)

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
        return window_of(self.settings)

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

    def campaigns(self, *, active: bool = True) -> list[Campaign]:
        """Campaigns of this shop: those that are active, or with `active=False` all of them."""
        currency = self.info().currency
        return [
            campaign_of(name, campaign, currency, self.config.tag_prefix)
            for name, campaign in self.config.campaigns.items()
            if (campaign.active or not active) and campaign.applies_to(self.name)
        ]

    def setting(self) -> Setting:
        """What holds for all campaigns of this shop, now."""
        return setting_of(self.key, self.config, self.settings, self.info(), self.now())

    def code_key(self) -> bytes:
        """The content of the key file that codes are derived with.

        Raises:
            ConfigError: it is missing, or not the one our codes were derived with.
        """
        return read_key(self.db, self.config.key_file)


def kept_fields(config: Config, shop: str) -> frozenset[str]:
    """Personal fields that the owner keeps, that a rule of the shop asks for, or that a file is to hold."""
    rules = [each.rule for each in definitions_of(config, shop)]
    asked = {name for each in rules for name in each.attributes}
    if any("anniversary" in each.attributes and "birth" in each.text for each in rules):
        asked.add("birthday")
    if any(
        each.active and each.applies_to(shop) and "csv" in each.deliver for each in config.campaigns.values()
    ):
        asked.add("names")
    return frozenset(config.privacy.keep) | (asked & PERSONAL.keys())


def campaign_of(name: str, campaign: CampaignConfig, currency: str, tag_prefix: str) -> Campaign:
    """A campaign of the config in a shop's minor units."""
    coupon, budget = campaign.coupon, campaign.budget
    referral = campaign.rewards is not None or coupon.bound == "nobody" or coupon.new_customers_only
    return Campaign(
        name=name,
        group=campaign.group,
        rewards=campaign.rewards,
        title=campaign.title,
        titles=campaign.titles,
        percent=coupon.percent,
        amount=_minor(coupon.amount, currency),
        free_shipping=coupon.free_shipping,
        minimum=minor_units(coupon.minimum, currency),
        valid_days=coupon.valid_days,
        bound=coupon.bound,
        prefix=coupon.prefix,
        products=coupon.products,
        categories=coupon.categories,
        exclude_categories=coupon.exclude_categories,
        sale_items=coupon.sale_items,
        combinable=coupon.combinable,
        new_customers_only=coupon.new_customers_only,
        explicit=frozenset(coupon.model_fields_set),
        deliver=campaign.deliver,
        tag=None if campaign.tag is None else tag_prefix + campaign.tag,
        budget=Budget(
            coupons=budget.coupons if budget else 0,
            liability=_minor(budget.liability if budget else None, currency),
            redeemed=_minor(budget.redeemed if budget else None, currency),
        ),
        per_day=budget.per_day if budget else 0,
        order_by=campaign.order_by,
        priority=campaign.priority,
        holdout=campaign.holdout,
        measure_days=campaign.measure_days or coupon.valid_days,
        cooldown_days=campaign.cooldown_days,
        suppress_days=campaign.suppress_days,
        remind_days=campaign.remind_days,
        beside_others=campaign.beside_others,
        skip_troubled=referral if campaign.skip_troubled is None else campaign.skip_troubled,
        settled_only=campaign.settled_only,
        reissue_on_return=campaign.reissue_on_return,
    )


def setting_of(shop: int, config: Config, settings: ShopConfig, info: ShopInfo, now: datetime) -> Setting:
    """What holds for all campaigns of a shop.

    Raises:
        ConfigError: the list of those who are never written to cannot be read.
    """
    return Setting(
        shop=shop,
        name=settings.name,
        currency=info.currency,
        time_zone=info.time_zone,
        now=now,
        budget=_whole_budget(config.budget, info.currency),
        cooldown_days=config.cooldown_days,
        settle_days=settings.settle_days,
        late_days=settings.late_days,
        cleanup_days=config.cleanup_days,
        policy=Policy(
            existing_customers=config.consent.basis == "existing-customer",
            suppressed=read_suppressed(config.consent.suppress_file),
        ),
    )


def _whole_budget(budget: WholeBudgetConfig, currency: str) -> Budget:
    return Budget(
        coupons=budget.coupons,
        liability=_minor(budget.liability, currency),
        redeemed=_minor(budget.redeemed, currency),
    )


def _minor(amount: Decimal | None, currency: str) -> int | None:
    return None if amount is None else minor_units(amount, currency)


def read_suppressed(path: Path | None) -> frozenset[str]:
    """Addresses that are never written to: one a line, whatever stands behind a comma or a # is passed over.

    Raises:
        ConfigError: the file cannot be read. Without it somebody might be written to who must not be.
    """
    if path is None:
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"consent.suppress_file {path} cannot be read, so nobody can be written to. Mend its name."
        ) from error
    addresses = (normalised(re.split("[,;#\t]", line)[0].strip(" \"'")) for line in lines)
    return frozenset(each for each in addresses if each)


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


def window_of(settings: ShopConfig) -> Window:
    """What ABC classes of a shop come from."""
    abc = settings.abc
    return Window(days=abc.window_days, a=Decimal(abc.a), b=Decimal(abc.b))


def definitions_of(config: Config, shop: str) -> list[Definition]:
    """Groups and ladder steps that hold in a shop, each after those it depends on."""
    found = [
        _definition(config, name, group) for name, group in config.groups.items() if group.applies_to(shop)
    ]
    for name, ladder in config.ladders.items():
        if ladder.applies_to(shop):
            earlier: tuple[str, ...] = ()
            for step in ladder.steps:
                full = f"{name}/{step.name}"
                found.append(_definition(config, full, step, earlier))
                earlier = (*earlier, full)
    return in_order(found)


def _definition(config: Config, name: str, said: Membership, after: tuple[str, ...] = ()) -> Definition:
    return Definition(
        name=name,
        rule=parse(said.members),
        tag=None if said.tag is None else config.tag_prefix + said.tag,
        after=after,
        include=_people(name, said.include, said.include_file),
        exclude=_people(name, said.exclude, said.exclude_file),
        limit=said.limit,
    )


def _people(group: str, named: tuple[str, ...], file: Path | None) -> tuple[str, ...]:
    if file is None:
        return named
    try:
        return (*named, *read_list(file))
    except ConfigError as error:
        raise ConfigError(f"{group}: {error}.") from None


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
