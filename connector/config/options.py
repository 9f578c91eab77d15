"""Every option of the config, its type and its default. `config.example.toml` shows them all."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr, StringConstraints, field_validator

from connector.config.listed import Person
from connector.config.problems import Place, Problem, line_of, spell
from connector.config.secret import (
    Day,
    File,
    Flag,
    Money,
    Number,
    Options,
    Origin,
    Secret,
    Share,
    Text,
    Whole,
    refuse,
)
from connector.config.times import Hours, Rhythm, Span
from connector.model import CountWhen


def _domain(value: str) -> str:
    domain = value.strip().removeprefix("@").casefold()
    if not domain or "@" in domain:
        raise refuse("must be the part of an address behind the @", "Write it as in 'example.org'.")
    return domain


def _casefolded(methods: dict[str, CountWhen]) -> dict[str, CountWhen]:
    folded = {method.strip().casefold(): when for method, when in methods.items()}
    if len(folded) < len(methods):
        raise refuse("names one payment method twice", "Keep one of the two.")
    return folded


def _of_months(spend: dict[str, Decimal]) -> dict[str, Decimal]:
    for month in spend:
        if not re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", month):
            raise refuse(f"'{month[:20]}' is no month", "Write it as in 2026-10 = 1200.")
    return spend


def _limit(value: Decimal) -> Decimal:
    if value <= 0 or (value > 1 and value != int(value)):
        raise refuse("must be a share such as 0.2, or a number of people such as 50", "Write one of the two.")
    return value


PlainName = Annotated[str, StringConstraints(pattern="^[a-z0-9-]+$")]
GroupName = Annotated[str, StringConstraints(pattern=r"^[\w-]+$")]
Domain = Annotated[str, AfterValidator(_domain)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Mailbox = Annotated[str, StringConstraints(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]


class Scoped(Options):
    """Something that holds in some shops only."""

    shops: tuple[str, ...] | None = None  #: None: in all of them

    def applies_to(self, shop: str) -> bool:
        """Whether it holds in the shop of that name."""
        return self.shops is None or shop in self.shops


class Exclude(Options):
    """Whom no group, figure or campaign sees."""

    customer_groups: tuple[Text, ...] = ()
    tags: tuple[Text, ...] = ()
    email_domains: tuple[Domain, ...] = ()


class Abc(Options):
    """DEFINITIONS, *ABC*: the window and the cumulative shares, in percent, at which A and B end."""

    window_days: Annotated[Whole, Field(ge=1)] = 365
    a: Annotated[Whole, Field(ge=1, le=99)] = 80
    b: Annotated[Whole, Field(ge=1, le=100)] = 95


class Limits(Options):
    """Above these a plan is not pushed without `--force`."""

    losing: Share = Decimal("0.10")
    gaining: Share = Decimal("0.30")
    coupons: Annotated[Whole, Field(ge=0)] = 500
    coupon_value: Money | None = None


class ScheduleConfig(Options):
    """When the daemon does what for a shop: a span, or five fields of cron in the shop's time zone."""

    pull: Rhythm = "15m"
    groups: Rhythm = "5 0 * * *"  #: without new data: the date alone moves people
    push: Rhythm = "1h"
    full: Rhythm = "30 3 * * *"
    jitter: Span = "1m"
    quiet: Hours | None = None  #: nothing is pushed then


class ReceiverConfig(Scoped):
    """A tool of the owner's that is told what happens, by signed webhooks."""

    url: Address
    secret: Secret
    events: Annotated[
        tuple[
            Literal["group.entered", "group.left", "code.issued", "code.expiring", "code.redeemed", "alert"],
            ...,
        ],
        Field(min_length=1),
    ]


class OutletConfig(Scoped):
    """A newsletter tool, or the owner's own: our options and, apart from them, its settings."""

    name: str  #: from the table's header, as `deliver` says it
    outlet: Text  #: what tool it is; left out, the one of that name
    #: What the file gives of the tool's settings; a secret is a `Secret` here.
    settings: Mapping[str, Any] = Field(default_factory=dict)


#: What stands in an outlet's table beside the settings of the tool.
OUTLET_OPTIONS = tuple(name for name in OutletConfig.model_fields if name not in {"name", "settings"})


class MailConfig(Options):
    """Where the owner is written to when something is wrong, and by which mail server."""

    to: Annotated[tuple[Mailbox, ...], Field(min_length=1)]
    sender: Mailbox
    host: Text
    port: Annotated[Whole, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Text | None = None
    password: Secret | None = None


class BaseConfig(Options):
    """Shops of one customer base: rules may ask for figures in all of them, joined by e-mail."""

    shops: Annotated[tuple[PlainName, ...], Field(min_length=1)]
    #: What one unit of each currency is worth, measured in any one of them: { EUR = 1, CHF = 1.05 }.
    rates: dict[Currency, Annotated[Number, Field(gt=0)]] = Field(default_factory=dict)


class AlertsConfig(Options):
    """Who is told of trouble."""

    mail: MailConfig | None = None


class PrivacyConfig(Options):
    """What is kept of people, and how long."""

    keep: tuple[Literal["names", "phone", "birthday", "gender"], ...] = ()  #: beyond what rules use
    gone_after_days: Annotated[Whole, Field(ge=1)] = 30
    inactive_after_days: Annotated[Whole, Field(ge=30)] | None = None


class DaemonConfig(Options):
    """The daemon as a whole."""

    listen: Annotated[str, StringConstraints(pattern=r"^(\[[0-9a-fA-F:]+\]|[\w.-]+):[0-9]{1,5}$")] = (
        "127.0.0.1:8484"
    )
    ping: Address | None = None


class DashboardConfig(Options):
    """The pages that people look at."""

    show: Flag = True
    language: Literal["browser", "de", "en"] = "browser"
    #: Names that browsers reach it by, beside those of this machine; whoever comes by one must log in.
    hosts: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$")], ...] = ()
    behind_proxy: Flag = False  #: one proxy in front says who asks, and whether by https
    logins_file: Annotated[File, Field(validate_default=True)] = Path("stammkunde.logins")


class ShopConfig(Options):
    """A shop: our options and, apart from them, the settings of its adapter."""

    name: str  #: from the table's header
    adapter: Text
    push: Flag = False
    exclude: Exclude = Exclude()
    #: By payment method, case-folded.
    count_when: Annotated[dict[Text, CountWhen], AfterValidator(_casefolded)] = Field(default_factory=dict)
    history_starts: Day | None = None
    settle_days: Annotated[Whole, Field(ge=0)] = 30
    late_days: Annotated[Whole, Field(ge=1)] = 7
    margin: Share | None = None
    #: What winning new customers cost, by month (2026-10), in the shop's currency.
    acquisition_spend: Annotated[dict[str, Money], AfterValidator(_of_months)] = Field(default_factory=dict)
    abc: Abc = Abc()
    limits: Limits = Limits()
    schedule: ScheduleConfig = ScheduleConfig()
    #: What the file gives of the adapter's settings; a secret is a `Secret` here.
    settings: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def has_limits(self) -> bool:
        """Whether the owner set limits, rather than living with the defaults."""
        return "limits" in self.model_fields_set


#: What stands in a shop's table beside the settings of its adapter.
SHOP_OPTIONS = tuple(name for name in ShopConfig.model_fields if name not in {"name", "settings"})


class Membership(Options):
    """Who belongs to a group or a step: by rule, or by name whatever the rule says."""

    members: Text
    tag: Text | None = None  #: of the members in the shop, without prefix
    include: tuple[Person, ...] = ()
    include_file: File | None = None  #: the same, one a line
    exclude: tuple[Person, ...] = ()  #: even who is included
    exclude_file: File | None = None
    limit: Annotated[Number, AfterValidator(_limit)] | None = None  #: a share below 1, else people


class GroupConfig(Scoped, Membership):
    """A group."""


class StepConfig(Membership):
    """One step of a ladder."""

    name: GroupName


class LadderConfig(Scoped):
    """Exclusive steps: the first one whose rule matches takes the customer."""

    steps: Annotated[tuple[StepConfig, ...], Field(min_length=1)]


class CouponConfig(Options):
    """What a campaign gives, one of the first three, and on which terms."""

    percent: Annotated[Whole, Field(ge=1, le=100)] | None = None
    amount: Annotated[Number, Field(gt=0)] | None = None
    free_shipping: Flag = False
    minimum: Money = Decimal(0)
    valid_days: Annotated[Whole, Field(ge=1, le=3650)] = 30
    bound: Literal["best", "customer", "group", "email", "nobody"] = "best"
    prefix: Annotated[str, StringConstraints(pattern="^[A-Z2-9]{0,5}$")] = "SK"
    products: tuple[Text, ...] = ()  #: by id or SKU
    categories: tuple[Text, ...] = ()
    exclude_categories: tuple[Text, ...] = ()
    sale_items: Flag = False
    combinable: Flag = False
    new_customers_only: Flag = False


class BudgetConfig(Options):
    """What a campaign may cost, in each shop."""

    coupons: Annotated[Whole, Field(ge=1)]
    liability: Money | None = None  #: face value of the codes that are open
    redeemed: Money | None = None  #: what the redeemed ones have cost
    per_day: Annotated[Whole, Field(ge=1)] = 50


class WholeBudgetConfig(Options):
    """What all campaigns together may cost, in each shop."""

    coupons: Annotated[Whole, Field(ge=1)] | None = None
    liability: Money | None = None
    redeemed: Money | None = None


class ConsentConfig(Options):
    """Who may be written to."""

    basis: Literal["confirmed-opt-in", "existing-customer"] = "confirmed-opt-in"
    #: What must hold for each of them with `existing-customer`, § 7 (3) UWG.
    conditions: tuple[
        Literal["address-from-sale", "own-similar-goods", "no-objection", "told-each-time"], ...
    ] = ()
    suppress_file: File | None = None  #: addresses that are never written to, one a line


class CampaignConfig(Scoped):
    """Coupons for the members of a group or of a ladder's step."""

    active: Flag = False
    group: Text | None = None  #: a group, or "ladder/step"; needed unless it `rewards`
    rewards: PlainName | None = None  #: the campaign whose friends, once settled, earn a code
    title: Annotated[str, StringConstraints(max_length=200)] = ""  #: never empty in a `Config`
    titles: dict[Text, Annotated[str, StringConstraints(min_length=1, max_length=200)]] = Field(
        default_factory=dict
    )
    tag: Text | None = None  #: of who holds an open code, without the prefix
    coupon: CouponConfig
    deliver: Annotated[tuple[Text, ...], Field(min_length=1)]
    remind_days: Annotated[Whole, Field(ge=1)] | None = None
    budget: BudgetConfig | None = None
    order_by: Literal["last-order", "first-order", "spent", "orders", "random"] = "last-order"
    priority: Whole = 0
    holdout: Annotated[Share, Field(le=Decimal("0.9"))] | None = None
    measure_days: Annotated[Whole, Field(ge=1)] | None = None
    cooldown_days: Annotated[Whole, Field(ge=1)] | None = None
    suppress_days: Annotated[Whole, Field(ge=1)] | None = None
    beside_others: Flag = False
    skip_troubled: Flag | None = None
    settled_only: Flag = False
    reissue_on_return: Flag = False


class Config(Options):
    """A whole config file. Relative paths in it are relative to the file."""

    database: Annotated[File, Field(validate_default=True)] = Path("stammkunde.sqlite")
    key_file: Annotated[File, Field(validate_default=True)] = Path("stammkunde.key")
    tag_prefix: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "sk:"
    lapse_days: Annotated[Whole, Field(ge=1)] = 180
    cooldown_days: Annotated[Whole, Field(ge=0)] = 0
    cleanup_days: Annotated[Whole, Field(ge=0)] = 90
    budget: WholeBudgetConfig = WholeBudgetConfig()
    consent: ConsentConfig = ConsentConfig()
    daemon: DaemonConfig = DaemonConfig()
    dashboard: DashboardConfig = Field(
        default_factory=dict, validate_default=True
    )  #: its file is beside ours
    privacy: PrivacyConfig = PrivacyConfig()
    receivers: dict[PlainName, ReceiverConfig] = Field(default_factory=dict)
    outlets: dict[PlainName, OutletConfig] = Field(default_factory=dict)
    alerts: AlertsConfig = AlertsConfig()
    shops: dict[PlainName, ShopConfig] = Field(default_factory=dict)
    bases: dict[PlainName, BaseConfig] = Field(default_factory=dict)
    groups: dict[GroupName, GroupConfig] = Field(default_factory=dict)
    ladders: dict[GroupName, LadderConfig] = Field(default_factory=dict)
    campaigns: dict[PlainName, CampaignConfig] = Field(default_factory=dict)

    _origin: Origin = PrivateAttr(default_factory=lambda: Origin(Path("stammkunde.toml")))

    def model_post_init(self, context: Any, /) -> None:
        if isinstance(context, Origin):
            self._origin = context

    @field_validator("campaigns")
    @classmethod
    def _titled(cls, campaigns: dict[str, CampaignConfig]) -> dict[str, CampaignConfig]:
        return {
            name: campaign if campaign.title else campaign.model_copy(update={"title": name})
            for name, campaign in campaigns.items()
        }

    @property
    def path(self) -> Path:
        """The file this was read from."""
        return self._origin.path

    def is_spoiled(self, place: Place) -> bool:
        """Whether something at or inside that place could not be understood, and is missing here."""
        return any(spoiled[: len(place)] == place for spoiled in self._origin.spoiled)

    def problem(self, place: Place, message: str, mend: str, *, below: int = 0) -> Problem:
        """A problem at that place, with its line; `below` counts lines inside a longer text."""
        line = line_of(self._origin.lines, place)
        return Problem(spell(place), None if line is None else line + below, message, mend)
