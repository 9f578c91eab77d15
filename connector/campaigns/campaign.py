"""A campaign of one shop, and everything around it that decides who gets a code."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from connector import outlet
from connector.database import milliseconds

OrderBy = Literal["last-order", "first-order", "spent", "orders", "random"]
Bound = Literal["best", "customer", "group", "email", "nobody"]

#: Ways to hand a code over for which the shop itself keeps it: nobody is written to, so nobody is asked.
IN_SHOP = frozenset(outlet.IN_SHOP)
#: Without a word about it nobody is held out of a group smaller than this.
HOLDOUT_FROM = 1000
HOLDOUT_SHARE = Decimal("0.1")


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What may be spent; None is no limit. Money in minor units."""

    coupons: int | None = None
    liability: int | None = None  #: face value of the codes that are open
    redeemed: int | None = None  #: what the redeemed ones have cost


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign of one shop, with money in the shop's minor units."""

    name: str
    group: str | None
    title: str
    titles: Mapping[str, str] = {}
    rewards: str | None = None
    percent: int | None = None
    amount: int | None = None
    free_shipping: bool = False
    minimum: int = 0
    valid_days: int = 30
    bound: Bound = "best"
    prefix: str = "SK"
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    exclude_categories: tuple[str, ...] = ()
    sale_items: bool = False
    combinable: bool = False
    new_customers_only: bool = False
    explicit: frozenset[str] = frozenset()  #: options of the coupon that the owner wrote down
    deliver: tuple[str, ...] = ("metafield",)
    tag: str | None = None  #: with its prefix, as it appears in the shop
    budget: Budget = Budget()
    per_day: int = 50
    order_by: OrderBy = "last-order"
    priority: int = 0
    holdout: Decimal | None = None
    measure_days: int = 30
    cooldown_days: int | None = None
    suppress_days: int | None = None
    remind_days: int | None = None
    beside_others: bool = False
    skip_troubled: bool = False
    settled_only: bool = False
    reissue_on_return: bool = False

    def attribute(self) -> str | None:
        """The customer attribute that receives the code, if any."""
        return f"code-{self.name}" if IN_SHOP & set(self.deliver) else None

    def asks_for_consent(self) -> bool:
        """Whether every way to hand a code over is a message to the customer."""
        return not IN_SHOP & set(self.deliver)

    def share_held_out(self, members: int) -> Decimal:
        """The share of new people who get nothing, by the config and the size of the group."""
        if self.holdout is not None:
            return self.holdout
        return HOLDOUT_SHARE if members >= HOLDOUT_FROM else Decimal(0)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Who may be written to (`consent` in the config)."""

    existing_customers: bool = False  #: § 7 (3) UWG, its conditions confirmed by the owner
    suppressed: frozenset[str] = frozenset()  #: normalised addresses


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """The shop, the moment, and what holds for all of its campaigns."""

    shop: int
    name: str
    currency: str
    time_zone: str
    now: datetime
    budget: Budget = Budget()
    cooldown_days: int = 0
    settle_days: int = 30
    late_days: int = 7
    cleanup_days: int = 90
    policy: Policy = Policy()

    def today(self) -> date:
        """The day it is in the shop."""
        return self.now.astimezone(ZoneInfo(self.time_zone)).date()

    def midnight(self) -> int:
        """When the shop's day began, in database milliseconds."""
        local = self.now.astimezone(ZoneInfo(self.time_zone))
        return milliseconds(local.replace(hour=0, minute=0, second=0, microsecond=0))

    def ago(self, days: int) -> int:
        """So many days ago, in database milliseconds."""
        return milliseconds(self.now - timedelta(days=days))
