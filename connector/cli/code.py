"""One code, for whoever is asked about it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click

from connector import support
from connector.campaigns import Code
from connector.cli.campaign import describe
from connector.cli.context import Installation, json_option, pass_installation
from connector.cli.output import day, money, show, show_json, warn
from connector.cli.report import grouped
from connector.cli.shops import each_shop, leave, opened, wait_option
from connector.config import ShopConfig
from connector.errors import StammkundeError
from connector.handover import gives
from connector.push import Pushed
from connector.shop import Shop
from connector.support import Answer

ORDERS = ("replace", "extend")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[replace|extend] CODE")
@click.option("--days", type=click.IntRange(1, 3650), help="Of `extend`: so many days longer.")
@click.option("--shop", help="Look in this shop only.")
@wait_option
@json_option
@pass_installation
def code(
    installation: Installation,
    words: tuple[str, ...],
    days: int | None,
    shop: str | None,
    wait: float,
    as_json: bool,
) -> None:
    """Say all about one code: whose, why, its state, its end, its order, and why it would fail now.

    `code replace CODE` disables it and gives a new one; `code extend CODE --days 14` lets it end later.
    Both keep to the budget. The code may be typed with spaces, as customers read it.
    """
    order = words[0] if words[0] in ORDERS and len(words) > 1 else None
    text = " ".join(words[1:] if order else words)
    if (order == "extend") != (days is not None):
        raise click.UsageError("`--days` says how much longer: `code extend CODE --days 14`.")
    settings, found = _find(installation, text, shop)
    if order is None:
        with opened(installation, settings) as there:
            answer = support.explain(there, found, installation.now())
            if as_json:
                show_json([answer])
            else:
                _tell(answer, _zone(there))
        return

    def work(there: Shop) -> Pushed:
        if order == "replace":
            return _replace(there, found, as_json=as_json)
        return _extend(there, found, found.ends_at + timedelta(days=days or 0), as_json=as_json)

    done, exit_code = each_shop(installation, (settings.name,), f"code {order}", wait, work)
    if as_json:
        show_json(done)
    leave(exit_code or int(any(each.refused for each in done)))


def _find(installation: Installation, text: str, shop: str | None) -> tuple[ShopConfig, Code]:
    """The shop and the code. Codes are random: no two shops have the same."""
    error = StammkundeError("There is no shop in the config.")
    for settings in installation.shops((shop,) if shop else ()):
        with opened(installation, settings) as there:
            try:
                return settings, support.find(there, text)
            except StammkundeError as missing:
                error = missing
    raise error


def _replace(shop: Shop, found: Code, *, as_json: bool) -> Pushed:
    pushed, new = support.replace(shop, found)
    shop.watch.close()
    if not as_json and not pushed.refused:
        show(f"{shop.name}: {grouped(found.code)} is disabled, {grouped(new)} takes its place.")
    _warn_refused(pushed)
    return pushed


def _extend(shop: Shop, found: Code, until: datetime, *, as_json: bool) -> Pushed:
    pushed = support.extend(shop, found, until)
    shop.watch.close()
    if not as_json and not pushed.refused:
        show(
            f"{shop.name}: {grouped(found.code)} is valid until {day(until.astimezone(_zone(shop)).date())}."
        )
    _warn_refused(pushed)
    return pushed


def _warn_refused(pushed: Pushed) -> None:
    for _, error in pushed.refused:
        warn(f"  refused: {error}")


def _zone(shop: Shop) -> ZoneInfo:
    return ZoneInfo(shop.info().time_zone)


def _tell(answer: Answer, zone: ZoneInfo) -> None:
    """Days are the shop's."""
    found = answer.code
    first, last = (day(each.astimezone(zone).date()) for each in (found.starts_at, found.ends_at))
    show(f"{answer.shop}: {grouped(found.code)} is {describe(found, answer.currency)}.")
    who = ", ".join(filter(None, (answer.name, answer.email, f"customer {found.customer_id or 'unknown'}")))
    show(f"  Whose: {who}")
    show(f"  Why: {answer.why}")
    given = gives(found.terms) or "what the shop says"
    show(f"  Gives {given}, worth at most {money(found.face_value, answer.currency)}")
    show(f"  Valid {first} to {last}")
    for each in answer.conditions:
        show(f"  Condition: {each}")
    if found.in_order:
        show(f"  In order {found.in_order}")
    for each in answer.fails:
        show(f"  Would fail now: {each}")
    if not answer.fails:
        show("  Would work now, if these conditions are met")
