"""Every problem of a config at once, rules and campaigns included, each with its place and its mend.

`connector.config` has judged single options; here is what spans several of them, what a rule says, and what
lies outside the file: secrets and the key file. No database, no network.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from connector.config import (
    BrokenConfigError,
    CampaignConfig,
    Config,
    OutletConfig,
    Problem,
    Secret,
    ShopConfig,
    nearest,
    open_adapter,
    open_outlet,
    read,
)
from connector.config.listed import read_list
from connector.config.options import Membership, Scoped
from connector.config.problems import Place
from connector.errors import ConfigError
from connector.outlet import BY_HAND, IN_SHOP, outlets
from connector.rules import Rule, RuleError, parse

LONGEST_TAG = 100  #: with its prefix; shops allow more, their admin pages do not show it
SHORTEST_KEY = 32


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
    rules, bad_rules = _rules(config)
    return [
        *bad_rules,
        *_file_problems(config),
        *(each for shop in config.shops.values() for each in _shop_problems(config, shop)),
        *_scope_problems(config),
        *_base_problems(config),
        *_name_problems(config),
        *_reference_problems(config, rules),
        *_loop_problems(config, rules),
        *_tag_problems(config),
        *_list_problems(config),
        *(each for name in config.campaigns for each in _campaign_problems(config, name)),
        *_rival_problems(config),
        *_budget_problems(config),
        *_consent_problems(config),
        *_receiver_problems(config),
        *_outlet_problems(config),
    ]


class _Described(NamedTuple):
    """A group or a ladder's step: where it stands, and what it says."""

    name: str  #: of a group, or "ladder/step"
    place: Place
    scope: Scoped
    members: str
    tag: str | None
    said: Membership | None = None  #: how people are named besides


def _described(config: Config) -> Iterator[_Described]:
    for name, group in config.groups.items():
        yield _Described(name, ("groups", name), group, group.members, group.tag, group)
    for name, ladder in config.ladders.items():
        for position, step in enumerate(ladder.steps):
            place = ("ladders", name, "steps", position)
            yield _Described(f"{name}/{step.name}", place, ladder, step.members, step.tag, step)


# Files and shops


def _file_problems(config: Config) -> Iterator[Problem]:
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
        yield config.problem(place, f"the key file cannot be read ({error.strerror})", backup)
        return
    if len(key) < SHORTEST_KEY:
        yield config.problem(place, "the key file is too short: codes could be guessed", backup)
    if os.name == "posix" and mode & 0o077:
        yield config.problem(place, "others can read the key file", f"Run `chmod 600 {config.key_file}`.")


def _shop_problems(config: Config, shop: ShopConfig) -> Iterator[Problem]:
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
    secrets = [problem for each in shop.settings.items() for problem in _setting_secret(config, place, *each)]
    yield from secrets
    if not secrets and not config.is_spoiled(place):
        try:
            open_adapter(shop).close()
        except ConfigError as error:
            reason = str(error).removeprefix(f"shops.{shop.name}: ").rstrip(".")
            yield config.problem(place, reason, f"`stammkunde adapters {shop.adapter}` shows its settings.")


def _setting_secret(config: Config, place: Place, name: str, value: object) -> Iterator[Problem]:
    if isinstance(value, Secret):
        yield from _secret_problems(config, (*place, name), value)


# Names: shops, groups, loops


def _scope_problems(config: Config) -> Iterator[Problem]:
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


def _name_problems(config: Config) -> Iterator[Problem]:
    for name in config.ladders.keys() & config.groups.keys():
        yield config.problem(("ladders", name), "there is a group of that name too", "Rename one of them.")
    for name, ladder in config.ladders.items():
        names = [step.name for step in ladder.steps]
        for position, step in enumerate(names):
            if step in names[:position]:
                place = ("ladders", name, "steps", position, "name")
                yield config.problem(place, f"there is a step '{step}' before it", "Rename one of them.")


def _base_problems(config: Config) -> Iterator[Problem]:
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


def _rules(config: Config) -> tuple[dict[str, Rule], list[Problem]]:
    """The rules that can be read, by the name of their group or step, and a problem for each other one."""
    rules, bad = {}, []
    for each in _described(config):
        try:
            rules[each.name] = parse(each.members)
        except RuleError as error:
            place = (*each.place, "members")
            bad.append(config.problem(place, error.pretty(), "", below=error.line - 1))
    return rules, bad


def _reference_problems(config: Config, rules: Mapping[str, Rule]) -> Iterator[Problem]:
    known = _known_names(config)
    for each in _described(config):
        place = (*each.place, "members")
        for name in sorted(rules[each.name].groups if each.name in rules else ()):
            if name not in known:
                if not _is_spoiled_name(config, name):
                    yield config.problem(place, f"there is no group '{name}'", nearest(name, known))
            elif shops := _not_there(config, each.scope, known[name]):
                yield config.problem(place, f"there is no '{name}' in {_listed(shops)}", _widen(name))


def _known_names(config: Config) -> dict[str, Scoped]:
    """What a rule may name: groups, steps, and ladders for all of their steps."""
    return {each.name: each.scope for each in _described(config)} | dict(config.ladders)


def _is_spoiled_name(config: Config, name: str) -> bool:
    ladder = name.partition("/")[0]
    return config.is_spoiled(("groups", name)) or config.is_spoiled(("ladders", ladder))


def _not_there(config: Config, user: Scoped, used: Scoped) -> list[str]:
    return [shop for shop in config.shops if user.applies_to(shop) and not used.applies_to(shop)]


def _listed(shops: Iterable[str]) -> str:
    return ", ".join(f"shops.{shop}" for shop in shops)


def _widen(name: str) -> str:
    return f"Add these shops to '{name}', or name fewer shops here."


def _loop_problems(config: Config, rules: Mapping[str, Rule]) -> Iterator[Problem]:
    places = {each.name: each.place for each in _described(config)}
    graph = {name: _targets(rule, places) for name, rule in rules.items()}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            loop = _from_first([*reversed(error.args[1])][:-1], list(places))
            shown = " → ".join([*loop, loop[0]])
            message = f"groups refer to each other in a loop: {shown}"
            yield config.problem((*places[loop[0]], "members"), message, "Take one of them out of a rule.")
            del graph[loop[0]]
        else:
            return


def _targets(rule: Rule, names: Iterable[str]) -> set[str]:
    """The groups and steps a rule refers to; a ladder stands for all of its steps."""
    return {name for name in names if name in rule.groups or name.partition("/")[0] in rule.groups}


def _from_first(loop: list[str], order: list[str]) -> list[str]:
    """The same loop, told from the group that stands first in the file."""
    start = loop.index(min(loop, key=order.index))
    return loop[start:] + loop[:start]


# People named one by one


def _list_problems(config: Config) -> Iterator[Problem]:
    for each in _described(config):
        for option in ("include_file", "exclude_file"):
            file = getattr(each.said, option, None)
            try:
                if file is not None:
                    read_list(file)
            except ConfigError as error:
                yield config.problem((*each.place, option), str(error), "Mend the file, or name another.")


# Tags


def _tag_problems(config: Config) -> Iterator[Problem]:
    if fault := _fault_of_tag(config.tag_prefix):
        yield config.problem(("tag_prefix",), *fault)
    described = [
        *_described(config),
        *(
            _Described(name, ("campaigns", name), campaign, "", campaign.tag)
            for name, campaign in config.campaigns.items()
        ),
    ]
    tagged = [(each, each.tag) for each in described if each.tag is not None]
    for each, tag in tagged:
        fault = _fault_of_tag(tag) or _fault_with_prefix(tag, config.tag_prefix)
        if fault:
            yield config.problem((*each.place, "tag"), *fault)
    for (one, tag), (other, same) in combinations(tagged, 2):
        if tag.casefold() == same.casefold() and _meet(config, one.scope, other.scope):
            message = f"'{same}' is the tag of '{one.name}' too"
            yield config.problem((*other.place, "tag"), message, "Give each its own: tags ignore case.")


def _fault_of_tag(tag: str) -> tuple[str, str] | None:
    if tag != tag.strip():
        return "begins or ends with a space", "Remove it: shops do."
    if "," in tag:
        return "contains a comma", "Remove it: shops would make two tags of it."
    if not tag.isprintable():
        return "contains a character that cannot be seen", "Write it anew."
    return None


def _fault_with_prefix(tag: str, prefix: str) -> tuple[str, str] | None:
    if tag.casefold().startswith(prefix.casefold()):
        return f"begins with '{prefix}' already", f"Write only '{tag[len(prefix) :]}'."
    if len(prefix + tag) > LONGEST_TAG:
        return f"is longer than {LONGEST_TAG} characters with its prefix", "Shorten it."
    return None


def _meet(config: Config, one: Scoped, other: Scoped) -> bool:
    return any(one.applies_to(shop) and other.applies_to(shop) for shop in config.shops)


# Campaigns


def _campaign_problems(config: Config, name: str) -> Iterator[Problem]:
    campaign, place = config.campaigns[name], ("campaigns", name)
    yield from _group_problems(config, campaign, (*place, "group"))
    yield from _coupon_problems(config, campaign, (*place, "coupon"))
    yield from _delivery_problems(config, campaign, place)
    if campaign.active and campaign.budget is None and not config.is_spoiled((*place, "budget")):
        yield config.problem((*place, "active"), "active with no budget", "Add budget = { coupons = 100 }.")
    yield from _time_problems(config, campaign, place)


def _delivery_problems(config: Config, campaign: CampaignConfig, place: Place) -> Iterator[Problem]:
    known = [*IN_SHOP, *BY_HAND, *config.outlets]
    for position, name in enumerate(campaign.deliver):
        where = (*place, "deliver", position)
        outlet = config.outlets.get(name)
        if outlet is not None and (shops := _not_there(config, campaign, outlet)):
            yield config.problem(where, f"there is no '{name}' in {_listed(shops)}", _widen(name))
        elif name in known or config.is_spoiled(("outlets", name)):
            continue
        elif name in outlets():
            yield config.problem(where, f"nothing says how to reach '{name}'", f"Add [outlets.{name}].")
        else:
            mend = nearest(name, [*known, *outlets()])
            yield config.problem(where, f"there is no way '{name}' to deliver a code", mend)


def _time_problems(config: Config, campaign: CampaignConfig, place: Place) -> Iterator[Problem]:
    valid = campaign.coupon.valid_days
    if campaign.cooldown_days is not None and campaign.cooldown_days < valid:
        message = f"is less than valid_days ({valid}): the code before it would still be open"
        yield config.problem((*place, "cooldown_days"), message, "Make it longer.")
    if campaign.remind_days is not None and campaign.remind_days >= valid:
        message = f"is not less than valid_days ({valid}): every code would be a reminder"
        yield config.problem((*place, "remind_days"), message, "Make it shorter.")


def _group_problems(config: Config, campaign: CampaignConfig, place: Place) -> Iterator[Problem]:
    named = {each.name: each.scope for each in _described(config)}
    group = campaign.group
    if campaign.rewards is not None:
        yield from _reward_problems(config, campaign, campaign.rewards, place[:-1])
        return
    if group is None:
        if not config.is_spoiled(place):
            yield config.problem(place, "is missing", "Add the group that gets the coupons.")
        return
    if group in config.ladders and group not in named:
        steps = [f"{group}/{step.name}" for step in config.ladders[group].steps]
        yield config.problem(place, f"'{group}' is a ladder", f"Name one of its steps: {', '.join(steps)}.")
    elif group not in named:
        if not _is_spoiled_name(config, group):
            yield config.problem(place, f"there is no group '{group}'", nearest(group, named))
    elif shops := _not_there(config, campaign, named[group]):
        yield config.problem(place, f"there is no '{group}' in {_listed(shops)}", _widen(group))


def _reward_problems(
    config: Config, campaign: CampaignConfig, rewarded: str, place: Place
) -> Iterator[Problem]:
    if campaign.group is not None:
        yield config.problem((*place, "group"), "stands beside rewards", "Keep one of the two.")
    brought = config.campaigns.get(rewarded)
    if brought is None:
        if not config.is_spoiled(("campaigns", rewarded)):
            mend = nearest(rewarded, config.campaigns)
            yield config.problem((*place, "rewards"), f"there is no campaign '{rewarded}'", mend)
    elif brought.coupon.bound != "nobody":
        message = f"the codes of '{rewarded}' are for the customers themselves, not for their friends"
        mend = f'Set coupon.bound = "nobody" in [campaigns.{rewarded}].'
        yield config.problem((*place, "rewards"), message, mend)


def _rival_problems(config: Config) -> Iterator[Problem]:
    """Active campaigns that give to the same people, with nothing to say which of them comes first."""
    active = [(name, each) for name, each in config.campaigns.items() if each.active and each.group]
    for (one, first), (other, second) in combinations(active, 2):
        same = first.group == second.group and first.priority == second.priority
        apart = first.beside_others or second.beside_others
        if same and not apart and _meet(config, first, second):
            message = f"'{one}' gives to '{second.group}' too, and nobody gets two open codes"
            mend = "Give one of them a higher priority, or set beside_others = true."
            yield config.problem(("campaigns", other, "group"), message, mend)


def _budget_problems(config: Config) -> Iterator[Problem]:
    """A campaign that may cost more than all of them together."""
    for name, campaign in config.campaigns.items():
        for option in ("coupons", "liability", "redeemed"):
            own = getattr(campaign.budget, option, None)
            whole = getattr(config.budget, option)
            if own is not None and whole is not None and own > whole:
                place = ("campaigns", name, "budget", option)
                message = f"is more than all campaigns together may use ({whole})"
                yield config.problem(place, message, f"Lower it, or raise budget.{option}.")


_CONDITIONS = ("address-from-sale", "own-similar-goods", "no-objection", "told-each-time")


def _consent_problems(config: Config) -> Iterator[Problem]:
    consent = config.consent
    missing = [each for each in _CONDITIONS if each not in consent.conditions]
    if missing and consent.basis == "existing-customer":
        quoted = ", ".join(f'"{each}"' for each in missing)
        message = "writing to existing customers is allowed only if four conditions hold, § 7 (3) UWG"
        yield config.problem(("consent", "basis"), message, f"If they do, add to conditions: {quoted}.")


_NUMBERS = {2: "two", 3: "three"}


def _coupon_problems(config: Config, campaign: CampaignConfig, place: Place) -> Iterator[Problem]:
    coupon = campaign.coupon
    given = [name for name in ("percent", "amount") if getattr(coupon, name) is not None]
    given += ["free_shipping"] if coupon.free_shipping else []
    if len(given) > 1:
        named = f"both {given[0]} and {given[1]}" if len(given) == 2 else "percent, amount and free_shipping"
        yield config.problem(place, f"has {named}", f"Keep one of the {_NUMBERS[len(given)]}.")
    elif not given and not any(config.is_spoiled((*place, name)) for name in ("percent", "amount")):
        yield config.problem(place, "gives nothing", "Add percent = 10 or amount = 5.")
    if coupon.categories and coupon.exclude_categories:
        mend = "Keep one of the two."
        yield config.problem((*place, "exclude_categories"), "stands beside categories", mend)
    if coupon.amount is not None and 0 < coupon.minimum < coupon.amount:
        mend = "Raise minimum to at least the amount, or remove it."
        yield config.problem((*place, "minimum"), "is less than the amount: goods would be free", mend)


# Outlets


def _outlet_problems(config: Config) -> Iterator[Problem]:
    for name, outlet in config.outlets.items():
        place = ("outlets", name)
        found = [
            problem for each in outlet.settings.items() for problem in _setting_secret(config, place, *each)
        ]
        yield from found
        if not found and not config.is_spoiled(place):
            yield from _outlet_setting_problems(config, outlet, place)


def _outlet_setting_problems(config: Config, outlet: OutletConfig, place: Place) -> Iterator[Problem]:
    try:
        opened = open_outlet(outlet)
    except ConfigError as error:
        # Several sentences, of which the last says what to do.
        reason, _, mend = str(error).removeprefix(f"outlets.{outlet.name}: ").partition(". ")
        mend = mend or f"docs/outlets.md shows the settings of {outlet.outlet}."
        yield config.problem(place, reason.rstrip("."), mend)
        return
    opened.close()
    if opened.fields:
        yield from _field_rivals(config, outlet, place)


def _field_rivals(config: Config, outlet: OutletConfig, place: Place) -> Iterator[Problem]:
    """A contact has each of our fields once: two shops, or two campaigns, would write over each other."""
    shops = [name for name in config.shops if outlet.applies_to(name)]
    if len(shops) > 1:
        mend = f'Name one: shops = ["{shops[0]}"]. For the others add a table with other names in fields.'
        yield config.problem(place, f"{_listed(shops)} would write over each other's fields", mend)
    mine = [(name, each) for name, each in config.campaigns.items() if outlet.name in each.deliver]
    for (one, first), (other, second) in combinations([each for each in mine if each[1].active], 2):
        if (first.beside_others or second.beside_others) and _meet(config, first, second):
            message = f"somebody may hold a code of '{one}' too, and '{outlet.name}' keeps one"
            mend = f"Add a table such as [outlets.{outlet.name}-2] with other names in fields."
            yield config.problem(("campaigns", other, "deliver"), message, mend)


# Receivers


def _receiver_problems(config: Config) -> Iterator[Problem]:
    for name, receiver in config.receivers.items():
        yield from _secret_problems(config, ("receivers", name, "secret"), receiver.secret)
    mail = config.alerts.mail
    if mail is not None and mail.password is not None:
        yield from _secret_problems(config, ("alerts", "mail", "password"), mail.password)
    if mail is not None and (mail.user is None) != (mail.password is None):
        mend = "Give both, or neither."
        yield config.problem(("alerts", "mail"), "has one of user and password without the other", mend)


def _secret_problems(config: Config, place: Place, secret: Secret) -> Iterator[Problem]:
    try:
        secret.read()
    except ConfigError as error:
        yield config.problem(place, str(error), "Put the secret there.")
