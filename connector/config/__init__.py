"""The config file: TOML in the owner's words → frozen, typed options.

Parses only: it reads the file and the files of secrets, never the database or the network. What goes beyond
the type of one option is judged in `connector.validate`.
"""

from connector.config.options import (
    BaseConfig,
    BudgetConfig,
    CampaignConfig,
    Config,
    ConsentConfig,
    CouponConfig,
    GroupConfig,
    LadderConfig,
    Limits,
    MailConfig,
    OutletConfig,
    ReceiverConfig,
    ShopConfig,
    StepConfig,
    WholeBudgetConfig,
)
from connector.config.problems import BrokenConfigError, Problem, nearest
from connector.config.reading import DEFAULT_NAME, load, parse, read
from connector.config.secret import Secret
from connector.config.settings import Setting, open_adapter, open_outlet, read_setting, settings_of

__all__ = [
    "DEFAULT_NAME",
    "BaseConfig",
    "BrokenConfigError",
    "BudgetConfig",
    "CampaignConfig",
    "Config",
    "ConsentConfig",
    "CouponConfig",
    "GroupConfig",
    "LadderConfig",
    "Limits",
    "MailConfig",
    "OutletConfig",
    "Problem",
    "ReceiverConfig",
    "Secret",
    "Setting",
    "ShopConfig",
    "StepConfig",
    "WholeBudgetConfig",
    "load",
    "nearest",
    "open_adapter",
    "open_outlet",
    "parse",
    "read",
    "read_setting",
    "settings_of",
]
