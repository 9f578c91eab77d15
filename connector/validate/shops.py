"""Shops, files and bases: their settings and secrets, and which shops a table is for."""

import os
from collections.abc import Iterator, Mapping

from connector.config import Config, Problem, ShopConfig, nearest, open_adapter
from connector.config.options import Scoped
from connector.errors import ConfigError
from connector.validate.secrets import setting_secret

SHORTEST_KEY = 32


def file_problems(config: Config) -> Iterator[Problem]:
    if not config.shops and not config.is_spoiled(("shops",)):
        yield config.problem((), "has no shop", "Add [shops.NAME], or let `stammkunde init` write a config.")
    if config.database.is_dir():
        yield config.problem(("database",), "is a folder", "Name a file in it.")
    if config.database == config.key_file:
        yield config.problem(("key_file",), "is the database's file too", "Give each its own.")
    elif any(campaign.active for campaign in config.campaigns.values()):
        yield from _key_problems(config)


def _key_problems(config: Config) -> Iterator[Problem]:
    """The key file is needed only where codes are derived with it."""
    place, backup = ("key_file",), "Restore it from the backup."
    try:
        key, mode = config.key_file.read_bytes().strip(), config.key_file.stat().st_mode
    except FileNotFoundError:
        mend = f"{backup} A new installation gets one from `stammkunde init --key`."
        yield config.problem(place, f"there is no key file at {config.key_file}", mend)
        return
    except OSError as error:
        yield config.problem(
            place, f"the key file cannot be read ({error.strerror})", "Check owner and mode."
        )
        return
    if len(key) < SHORTEST_KEY:
        yield config.problem(place, "the key file is too short: codes could be guessed", backup)
    if os.name == "posix" and mode & 0o077:
        yield config.problem(place, "others can read the key file", f"Run `chmod 600 {config.key_file}`.")


def shop_problems(config: Config, shop: ShopConfig) -> Iterator[Problem]:
    place = ("shops", shop.name)
    if shop.push and not shop.has_limits and not config.is_spoiled((*place, "limits")):
        mend = "Add limits = { losing = 0.10, gaining = 0.30, coupons = 500 }."
        yield config.problem((*place, "push"), "push = true with no limits", mend)
    if shop.abc.a >= shop.abc.b:
        yield config.problem((*place, "abc"), "A must end below B", "Write a = 80 and b = 95.")
    for tag in shop.exclude.tags:
        if tag.casefold().startswith(config.tag_prefix.casefold()):
            mend = "Leave out by a tag of your own: ours would come and go with it."
            yield config.problem((*place, "exclude", "tags"), f"'{tag}' is a tag of ours", mend)
    yield from _setting_problems(config, shop)


def _setting_problems(config: Config, shop: ShopConfig) -> Iterator[Problem]:
    place = ("shops", shop.name)
    secrets = [problem for each in shop.settings.items() for problem in setting_secret(config, place, *each)]
    yield from secrets
    if not secrets and not config.is_spoiled(place):
        try:
            open_adapter(shop).close()
        except ConfigError as error:
            reason = str(error).removeprefix(f"shops.{shop.name}: ").rstrip(".")
            yield config.problem(place, reason, f"`stammkunde adapters {shop.adapter}` shows its settings.")


def scope_problems(config: Config) -> Iterator[Problem]:
    for section, tables in _scoped(config).items():
        for name, table in tables.items():
            place = (section, name, "shops")
            if table.shops == ():
                yield config.problem(place, "names no shop", "Remove the line: it then holds in all shops.")
            for shop in table.shops or ():
                if shop not in config.shops and not config.is_spoiled(("shops", shop)):
                    yield config.problem(place, f"there is no shop '{shop}'", nearest(shop, config.shops))


def _scoped(config: Config) -> Mapping[str, Mapping[str, Scoped]]:
    return {
        "groups": config.groups,
        "ladders": config.ladders,
        "campaigns": config.campaigns,
        "receivers": config.receivers,
        "outlets": config.outlets,
    }


def base_problems(config: Config) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, base in config.bases.items():
        place = ("bases", name, "shops")
        for shop in base.shops:
            if shop not in config.shops and not config.is_spoiled(("shops", shop)):
                yield config.problem(place, f"there is no shop '{shop}'", nearest(shop, config.shops))
            if shop in seen:
                message = f"'{shop}' is in '{seen[shop]}' already"
                yield config.problem(place, message, "A shop is in one base, and once.")
            seen[shop] = name
