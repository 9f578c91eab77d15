"""Every problem of a config at once, rules and campaigns included, each with its place and its mend.

`connector.config` has judged single options; here is what spans several of them, what a rule says, and what
lies outside the file: secrets and the key file. No database, no network.
"""

from pathlib import Path

from connector.config import BrokenConfigError, Config, Problem, read
from connector.validate.campaigns import budget_problems, campaign_problems, consent_problems, rival_problems
from connector.validate.groups import (
    list_problems,
    loop_problems,
    name_problems,
    readable_rules,
    reference_problems,
    tag_problems,
)
from connector.validate.outlets import outlet_problems, receiver_problems
from connector.validate.shops import base_problems, file_problems, scope_problems, shop_problems


def load(path: Path) -> Config:
    """Read a config file and judge all of it.

    Raises:
        ConfigError: it cannot be read, or a `BrokenConfigError` with every problem there is.
    """
    config, found = read(path)
    found += problems(config)
    if found:
        raise BrokenConfigError(path, found)
    return config


def problems(config: Config) -> list[Problem]:
    """What is wrong beyond the types of single options. What follows from a spoiled option is left out."""
    if config.is_spoiled(()) and not config.shops and not config.groups:
        return []  # not even TOML
    rules, bad_rules = readable_rules(config)
    return [
        *bad_rules,
        *file_problems(config),
        *(each for shop in config.shops.values() for each in shop_problems(config, shop)),
        *scope_problems(config),
        *base_problems(config),
        *name_problems(config),
        *reference_problems(config, rules),
        *loop_problems(config, rules),
        *tag_problems(config),
        *list_problems(config),
        *(each for name in config.campaigns for each in campaign_problems(config, name)),
        *rival_problems(config),
        *budget_problems(config),
        *consent_problems(config),
        *receiver_problems(config),
        *outlet_problems(config),
    ]
