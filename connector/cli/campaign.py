"""Campaigns: what they would do, what has become of their codes, what they changed, and an end to them."""

from collections.abc import Iterator, Mapping, Sequence

import click
import msgspec

from connector import campaigns, mirror, support
from connector.campaigns import Campaign, Code, Issuer, Spent, State
from connector.campaigns.budgets import warnings
from connector.campaigns.funnel import Step, funnel
from connector.campaigns.preview import Preview, preview
from connector.campaigns.uplift import Effect, Measured, measure
from connector.cli.context import Installation, json_option, pass_installation
from connector.cli.output import money, number, say, show, show_json, show_table, warn
from connector.cli.shops import each_shop, leave, opened, wait_option
from connector.config import ShopConfig, nearest
from connector.errors import ConfigError
from connector.groups import standings
from connector.proposal import known_codes, refused_in, why_silent
from connector.push import Pushed
from connector.quantity import counted, people
from connector.shop import Shop

ORDERS = ("stop", "start")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign in the list. Money in minor units."""

    shop: str
    currency: str
    campaign: str
    active: bool
    stopped: bool
    group: str
    members: int | None
    issued: int
    open: int
    redeemed: int
    liability: int
    cost: int
    sales: int
    warnings: list[str]


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign in one shop. Money in minor units."""

    shop: str
    currency: str
    campaign: str
    state: str
    terms: list[str]
    funnel: list[Step]
    budget: dict[str, float]
    held_out: int
    warnings: list[str]


@click.command()
@click.argument("words", nargs=-1, metavar="[[stop|start] NAME]")
@click.option("--preview", "what_if", is_flag=True, help="What it would do: people, cost, who is left out.")
@click.option("--effect", "effects", is_flag=True, help="What it has changed, against those held out.")
@click.option("--shop", help="In this shop only.")
@wait_option
@json_option
@pass_installation
def campaign(
    installation: Installation,
    words: tuple[str, ...],
    what_if: bool,
    effects: bool,
    shop: str | None,
    wait: float,
    as_json: bool,
) -> None:
    """Show campaigns: without NAME all of them, with NAME how far its codes have come.

    `campaign stop NAME` disables every unredeemed code of it in the shop and issues no more, until
    `campaign start NAME`. Everything else only looks, at what was pulled last.
    """
    order, name = _understood(words)
    shops = installation.shops((shop,) if shop else ())
    if name is None:
        _list(installation, shops, as_json=as_json)
        return
    known = installation.config.campaigns
    if name not in known and not _was_once(installation, name):
        raise ConfigError(f"There is no campaign '{name}' in {installation.path}. {nearest(name, known)}")
    chosen = [each for each in shops if name not in known or known[name].applies_to(each.name)]
    if order is not None:
        _order(installation, order, name, [each.name for each in chosen], wait, as_json=as_json)
        return
    found: list[object] = []
    for settings in chosen:
        with opened(installation, settings) as there:
            found.append(_look(there, name, what_if=what_if, effects=effects, as_json=as_json))
    if as_json:
        show_json(found)


def _understood(words: Sequence[str]) -> tuple[str | None, str | None]:
    if len(words) == 2 and words[0] in ORDERS:
        return words[0], words[1]
    if len(words) > 1:
        raise click.UsageError(f"Name one campaign, or say {' or '.join(ORDERS)} before its name.")
    return None, words[0] if words else None


def _was_once(installation: Installation, name: str) -> bool:
    found = "SELECT EXISTS (SELECT 1 FROM issued WHERE campaign = ?)"
    return bool(installation.database.value(found, (name,)))


# All of them


def _list(installation: Installation, shops: Sequence[ShopConfig], *, as_json: bool) -> None:
    lines: list[Line] = []
    for settings in shops:
        with opened(installation, settings) as shop:
            lines += _lines(shop)
    if as_json:
        show_json(lines)
        return
    show_table(
        ["Shop", "Campaign", "State", "Group", "Members", "Issued", "Open", "Redeemed", "Cost", "Net sales"],
        [
            (
                each.shop,
                each.campaign,
                _state(each.active, each.stopped),
                each.group,
                each.members,
                each.issued,
                each.open,
                each.redeemed,
                money(each.cost, each.currency),
                money(each.sales, each.currency),
            )
            for each in lines
        ],
        right={"Cost", "Net sales"},
        empty="There is no campaign in the config.",
    )
    for each in lines:
        for text in each.warnings:
            warn(f"{each.shop}: {text}")


def _lines(shop: Shop) -> Iterator[Line]:
    if mirror.shop_info(shop.db, shop.key) is None:
        warn(f"{shop.name}: nothing is known yet. Run `stammkunde pull {shop.name}` first.")
        return
    codes, stopped = known_codes(shop), campaigns.stopped(shop.db, shop.key)
    for each in shop.campaigns(active=False):
        own = [code for code in codes if code.campaign == each.name]
        used = campaigns.spent(own)
        sizes = [found.size for found in standings(shop.db, shop.key, [each.group] if each.group else [])]
        yield Line(
            shop=shop.name,
            currency=shop.info().currency,
            campaign=each.name,
            active=shop.config.campaigns[each.name].active,
            stopped=each.name in stopped,
            group=each.group or f"friends of {each.rewards}",
            members=sizes[0] if sizes else None,
            issued=len(own),
            open=sum(code.is_open() for code in own),
            redeemed=sum(code.state is State.REDEEMED for code in own),
            liability=used.liability,
            cost=used.redeemed,
            sales=sum(code.sales for code in own),
            warnings=_warnings(shop, each, used, codes),
        )


def _warnings(shop: Shop, each: Campaign, used: Spent, codes: Sequence[Code]) -> list[str]:
    refused = [note for found in refused_in(shop, [each], codes) if (note := found.note())]
    return [*warnings(f"Campaign {each.name}", used, each.budget, shop.info().currency), *refused]


def _state(active: bool, stopped: bool) -> str:
    return "stopped" if stopped else "active" if active else "off"


# One of them


def _look(shop: Shop, name: str, *, what_if: bool, effects: bool, as_json: bool) -> object:
    found = next((each for each in shop.campaigns(active=False) if each.name == name), None)
    if found is not None and what_if:
        seen = _preview(shop, found)
        if not as_json:
            _tell_preview(shop, found, seen)
        return seen
    if found is not None and effects:
        margin = shop.settings.margin
        measured = measure(shop.db, shop.setting(), found, None if margin is None else float(margin))
        if not as_json:
            _tell_effect(shop, found, measured)
        return measured
    portrait = _portrait(shop, name, found)
    if not as_json:
        _tell(portrait)
    return portrait


def _portrait(shop: Shop, name: str, found: Campaign | None) -> Portrait:
    info, own = shop.info(), [each for each in known_codes(shop) if each.campaign == name]
    used = campaigns.spent(own)
    stopped = name in campaigns.stopped(shop.db, shop.key)
    active = found is not None and shop.config.campaigns[name].active
    return Portrait(
        shop=shop.name,
        currency=info.currency,
        campaign=name,
        state="no longer in the config" if found is None else _state(active, stopped),
        terms=campaigns.notes(found, info) if found else [],
        funnel=funnel(own),
        budget=dict(used.lines(found.budget, info.currency)) if found else {},
        held_out=shop.db.value(
            "SELECT count(*) FROM assignments WHERE shop = ? AND campaign = ? AND arm = 'holdout'",
            (shop.key, name),
        ),
        warnings=_warnings(shop, found, used, own) if found else [],
    )


def _tell(seen: Portrait) -> None:
    show_table(
        ["Step", "Codes", "Value", "Net sales"],
        [
            (
                each.name,
                each.codes,
                money(each.value, seen.currency),
                money(each.sales, seen.currency) if each.sales else "",
            )
            for each in seen.funnel
        ],
        right={"Value", "Net sales"},
        title=f"{seen.shop}: {seen.campaign}, {seen.state}",
    )
    for line, share in seen.budget.items():
        show(f"Budget: {line} ({share:.0%})")
    if seen.held_out:
        show(f"{people(seen.held_out)} held out. `stammkunde campaign {seen.campaign} --effect`")
    for each in seen.warnings:
        warn(each)


# What if


def _preview(shop: Shop, found: Campaign) -> Preview:
    others = [each for each in shop.campaigns(active=False) if each.name != found.name]
    issuer = Issuer(key=shop.code_key(), shop=shop.name)
    return preview(shop.db, shop.setting(), found, others, issuer, shop.info())


def _tell_preview(shop: Shop, found: Campaign, seen: Preview) -> None:
    show(
        f"{shop.name}: {seen.campaign} would give {people(seen.people)} a code,"
        f" of {number(seen.members)} it looks at."
    )
    if seen.within_budget < seen.people:
        show(f"Its budget is enough for {number(seen.within_budget)} of them.")
    if seen.days > 1:
        show(f"At {found.per_day} a day that takes {seen.days} days.")
    show(f"Face value: {money(seen.face_value, seen.currency)}.")
    show_table(
        ["If so many are redeemed", "it costs"],
        [(rate.replace("%", " %"), money(cost, seen.currency)) for rate, cost in seen.cost.items()],
        right={"If so many are redeemed", "it costs"},
    )
    _tell_counts("Left out", seen.left_out, "who ")
    _tell_counts("In the group of another campaign too", seen.overlap)
    if why := why_silent(shop, found):
        warn(f"For now it issues nothing: {why}.")
    for refused in refused_in(shop, [found], known_codes(shop)):
        if note := refused.note():
            warn(note)
    for reason in campaigns.refusals(shop.db, shop.key, found, shop.info()):
        warn(f"It cannot be: {reason}.")
    for each in campaigns.notes(found, shop.info()):
        say(f"In this shop {each}.")


def _tell_counts(title: str, counts: Mapping[str, int], what: str = "") -> None:
    for words, count in counts.items():
        show(f"{title}: {number(count)} {what}{words}")


# The effect


def _tell_effect(shop: Shop, found: Campaign, seen: Measured | None) -> None:
    if seen is None:
        say(f"{shop.name}: nobody is held out of {found.name}, so its effect cannot be measured.")
        return
    currency = shop.info().currency
    show_table(
        ["In the days after", "Treated", "Held out", "Difference", "95 % interval"],
        [
            (
                "People",
                number(seen.sales.treated.people),
                number(seen.sales.holdout.people),
                "",
                "",
            ),
            ("With an order", *_shares(seen.conversion)),
            ("Net sales a person", *_amounts(seen.sales, currency)),
        ],
        right={"Treated", "Held out", "Difference", "95 % interval"},
        title=f"{shop.name}: {found.name}, {counted(seen.days, 'day')} a person",
    )
    for what, each in (("orders", seen.conversion), ("net sales", seen.sales)):
        show(f"{what.capitalize()}: {_verdict(each)}")
    show(
        f"Incremental net sales: {_around(seen.sales, currency)}, discounts {money(seen.discounts, currency)}"
    )
    _tell_profit(shop, seen, currency)
    if seen.running:
        say(f"For {people(seen.running)} the days are not over yet.")
    if seen.ratio_odd:
        warn(
            f"{people(seen.sales.holdout.people)} held out where about"
            f" {seen.expected_holdout:,.0f} were to be expected (p = {seen.ratio_p:.4f}): people of one arm"
            " are missing, so do not trust these figures."
        )


def _tell_profit(shop: Shop, seen: Measured, currency: str) -> None:
    if seen.profit is None or seen.profit_low is None or seen.profit_high is None:
        say(f"Set margin under [shops.{shop.name}] to see the profit.")
        return
    low, high = (money(round(each), currency) for each in (seen.profit_low, seen.profit_high))
    show(f"Profit: {money(round(seen.profit), currency)} (between {low} and {high})")


def _shares(effect: Effect) -> tuple[str, ...]:
    return (
        f"{effect.treated.mean:.1%}",
        f"{effect.holdout.mean:.1%}",
        f"{effect.uplift * 100:+.1f} points",
        f"{effect.low * 100:+.1f} to {effect.high * 100:+.1f}",
    )


def _amounts(effect: Effect, currency: str) -> tuple[str, ...]:
    shown = [
        money(round(each), currency)
        for each in (effect.treated.mean, effect.holdout.mean, effect.uplift, effect.low, effect.high)
    ]
    return (*shown[:3], f"{shown[3]} to {shown[4]}")


def _around(effect: Effect, currency: str) -> str:
    people = effect.treated.people
    low, high = (money(round(each * people), currency) for each in (effect.low, effect.high))
    return f"{money(round(effect.incremental), currency)} (between {low} and {high})"


def _verdict(effect: Effect) -> str:
    if effect.verdict != "too small to tell":
        return f"{effect.verdict} than without it."
    if effect.needed is None:
        return "too small to tell."
    return f"too small to tell, needs about {number(effect.needed)} people."


# Stop and start


def _order(
    installation: Installation, order: str, name: str, shops: Sequence[str], wait: float, *, as_json: bool
) -> None:
    def stop(shop: Shop) -> Pushed:
        pushed, disabled = support.stop(shop, name)
        shop.watch.close()
        if not as_json:
            show(f"{shop.name}: {name} is stopped, {counted(disabled, 'code')} disabled.")
        for _, error in pushed.refused:
            warn(f"  refused: {error}")
        return pushed

    def start(shop: Shop) -> Pushed:
        was = support.start(shop, name)
        if not as_json:
            show(f"{shop.name}: {name} {'goes on' if was else 'was not stopped'}.")
        return Pushed(run="")

    done, code = each_shop(installation, shops, f"campaign {order}", wait, stop if order == "stop" else start)
    if as_json:
        show_json(done)
    leave(code or int(any(each.refused for each in done)))


def describe(code: Code, currency: str) -> str:
    """A code's state with the money that goes with it."""
    if code.state is State.REDEEMED:
        return f"{code.state}, {money(code.cost, currency)} off {money(code.sales, currency)} of net sales"
    return code.state.value
