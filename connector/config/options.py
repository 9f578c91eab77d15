"""Every option of the config, its type and its default. `config.example.toml` shows them all."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr, StringConstraints, field_validator

from connector.config.problems import Place, Problem, line_of, spell
from connector.config.secret import (
    Day,
    File,
    Flag,
    Money,
    Number,
    Options,
    Origin,
    Share,
    Text,
    Whole,
    refuse,
)
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


PlainName = Annotated[str, StringConstraints(pattern="^[a-z0-9-]+$")]
GroupName = Annotated[str, StringConstraints(pattern=r"^[\w-]+$")]
Domain = Annotated[str, AfterValidator(_domain)]


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
    margin: Share | None = None
    abc: Abc = Abc()
    limits: Limits = Limits()
    #: What the file gives of the adapter's settings; a secret is a `Secret` here.
    settings: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def has_limits(self) -> bool:
        """Whether the owner set limits, rather than living with the defaults."""
        return "limits" in self.model_fields_set


#: What stands in a shop's table beside the settings of its adapter.
SHOP_OPTIONS = tuple(name for name in ShopConfig.model_fields if name not in {"name", "settings"})


class GroupConfig(Scoped):
    """A group: who belongs to it, and the tag its members get in the shop, without prefix."""

    members: Text
    tag: Text | None = None


class StepConfig(Options):
    """One step of a ladder."""

    name: GroupName
    members: Text
    tag: Text | None = None


class LadderConfig(Scoped):
    """Exclusive steps: the first one whose rule matches takes the customer."""

    steps: Annotated[tuple[StepConfig, ...], Field(min_length=1)]


class CouponConfig(Options):
    """What a campaign gives: a percentage or an amount in the shop's currency."""

    percent: Annotated[Whole, Field(ge=1, le=100)] | None = None
    amount: Annotated[Number, Field(gt=0)] | None = None
    minimum: Money = Decimal(0)
    valid_days: Annotated[Whole, Field(ge=1, le=3650)] = 30
    bound: Literal["customer", "group"] = "customer"
    prefix: Annotated[str, StringConstraints(pattern="^[A-Z2-9]{0,5}$")] = "SK"


class BudgetConfig(Options):
    """What a campaign may cost, in each shop."""

    coupons: Annotated[Whole, Field(ge=1)]


class CampaignConfig(Scoped):
    """Coupons for the members of a group or of a ladder's step."""

    active: Flag = False
    group: Text  #: a group, or "ladder/step"
    title: Annotated[str, StringConstraints(max_length=200)] = ""  #: never empty in a `Config`
    coupon: CouponConfig
    deliver: Annotated[tuple[Literal["metafield"], ...], Field(min_length=1)]
    budget: BudgetConfig | None = None


class Config(Options):
    """A whole config file. Relative paths in it are relative to the file."""

    database: Annotated[File, Field(validate_default=True)] = Path("stammkunde.sqlite")
    key_file: Annotated[File, Field(validate_default=True)] = Path("stammkunde.key")
    tag_prefix: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "sk:"
    lapse_days: Annotated[Whole, Field(ge=1)] = 180
    shops: dict[PlainName, ShopConfig] = Field(default_factory=dict)
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
