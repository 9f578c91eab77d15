"""Campaigns: coupons, budgets, the ways a code is delivered, and what contradicts what."""

from collections.abc import Iterator
from itertools import combinations

from connector.config import CampaignConfig, Config, Problem, nearest
from connector.config.problems import Place
from connector.outlet import BY_HAND, IN_SHOP, outlets
from connector.validate.described import described, is_spoiled_name, listed, meet, not_there, widen


def campaign_problems(config: Config, name: str) -> Iterator[Problem]:
    campaign, place = config.campaigns[name], ("campaigns", name)
    yield from _group_problems(config, campaign, (*place, "group"))
    yield from _coupon_problems(config, campaign, (*place, "coupon"))
    yield from _delivery_problems(config, campaign, place)
    if campaign.active and campaign.budget is None and not config.is_spoiled((*place, "budget")):
        yield config.problem((*place, "active"), "active with no budget", "Add budget = { coupons = 100 }.")
    yield from _time_problems(config, campaign, place)
    yield from _title_problems(config, campaign, place)


def _title_problems(config: Config, campaign: CampaignConfig, place: Place) -> Iterator[Problem]:
    titles: dict[Place, str] = {
        ("title",): campaign.title,
        **{("titles", key): text for key, text in campaign.titles.items()},
    }
    for option, text in titles.items():
        if not text.isprintable():
            mend = "Write it anew, on one line."
            yield config.problem((*place, *option), "contains a character that cannot be seen", mend)


def _delivery_problems(config: Config, campaign: CampaignConfig, place: Place) -> Iterator[Problem]:
    known = [*IN_SHOP, *BY_HAND, *config.outlets]
    for position, name in enumerate(campaign.deliver):
        where = (*place, "deliver", position)
        outlet = config.outlets.get(name)
        if outlet is not None and (shops := not_there(config, campaign, outlet)):
            yield config.problem(where, f"there is no '{name}' in {listed(shops)}", widen(name))
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
    named = {each.name: each.scope for each in described(config)}
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
        if not is_spoiled_name(config, group):
            yield config.problem(place, f"there is no group '{group}'", nearest(group, named))
    elif shops := not_there(config, campaign, named[group]):
        yield config.problem(place, f"there is no '{group}' in {listed(shops)}", widen(group))


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


def rival_problems(config: Config) -> Iterator[Problem]:
    """Active campaigns that give to the same people, with nothing to say which of them comes first."""
    active = [(name, each) for name, each in config.campaigns.items() if each.active and each.group]
    for (one, first), (other, second) in combinations(active, 2):
        same = first.group == second.group and first.priority == second.priority
        apart = first.beside_others or second.beside_others
        if same and not apart and meet(config, first, second):
            message = f"'{one}' gives to '{second.group}' too, and nobody gets two open codes"
            mend = "Give one of them a higher priority, or set beside_others = true."
            yield config.problem(("campaigns", other, "group"), message, mend)


def budget_problems(config: Config) -> Iterator[Problem]:
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


def consent_problems(config: Config) -> Iterator[Problem]:
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
