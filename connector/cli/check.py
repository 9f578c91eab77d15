"""Do the credentials work, what shop is it, and is anything in the way of its groups."""

from contextlib import closing
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from connector import bases, mirror
from connector.cli.addresses import in_clear
from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.failure import defect, sentence
from connector.cli.output import day, say, show, show_json, warn
from connector.cli.promises import Promise, promises
from connector.cli.report import pulled_at
from connector.cli.shops import opened
from connector.config import OutletConfig, ShopConfig, open_outlet
from connector.errors import StammkundeError
from connector.groups import why_history_too_short, why_tag_too_long
from connector.model import ShopInfo
from connector.quantity import of_several
from connector.shop import Shop


class OutletFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found out about one newsletter tool."""

    outlet: str
    title: str
    account: str | None = None
    error: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found out about one shop."""

    shop: str
    platform: str
    info: ShopInfo | None = None
    error: str | None = None
    orders_since: date | None = None  #: None: there is no known limit
    not_pushable: dict[str, str] = {}  #: why, by the name of the group
    campaigns: list[Promise] = []  #: the active ones
    outlets: list[OutletFinding] = []
    in_clear: list[str] = []  #: a sentence for each address that keys and data go to without encryption
    read: bool = False  #: whether it was ever pulled to the end

    def is_bad(self) -> bool:
        return self.error is not None or any(each.error for each in self.outlets)


@click.command()
@shops_argument
@json_option
@pass_installation
def check(installation: Installation, shops: tuple[str, ...], as_json: bool) -> None:
    """Try credentials and permissions, and say what shop it is.

    Nothing is read from or written to the shop beyond that.
    """
    findings = []
    for shop in installation.shops(shops):
        finding = _look_into(installation, shop)
        findings.append(finding)
        if not as_json:
            _tell(finding)
    if as_json:
        show_json(findings)
    elif all(finding.info for finding in findings) and not all(finding.read for finding in findings):
        say("Next: `stammkunde pull` reads it.")
    if any(finding.is_bad() for finding in findings):
        raise click.exceptions.Exit(1)


def _look_into(installation: Installation, shop: ShopConfig) -> Finding:
    """Check one shop. Whatever fails there is told with the others; a broken database ends the command."""
    try:
        with installation.adapter(shop) as adapter:
            info = adapter.check()
    except StammkundeError as error:
        return Finding(shop=shop.name, platform=shop.adapter, error=sentence(error))
    except Exception as error:  # noqa: BLE001  a defect met in one shop must not hide the next
        told = defect(error, verbose=installation.verbose)
        return Finding(shop=shop.name, platform=shop.adapter, error=told)
    now = installation.now()
    key = mirror.open_shop(installation.database, shop.name)
    mirror.remember_shop(installation.database, key, info, now)
    since = _orders_since(shop, info)
    with opened(installation, shop) as there:
        not_pushable, too_long = _not_pushable(there, since), _too_long(there, info)
        campaigns = promises(there, not_pushable)
    return Finding(
        shop=shop.name,
        platform=adapter.title,
        info=info,
        read=pulled_at(installation.database, key) is not None,
        orders_since=since,
        not_pushable=too_long | not_pushable,
        in_clear=in_clear(installation.config, shop.name),
        campaigns=campaigns,
        outlets=[
            _look_into_outlet(each)
            for each in installation.config.outlets.values()
            if each.applies_to(shop.name)
        ],
    )


def _look_into_outlet(settings: OutletConfig) -> OutletFinding:
    title = settings.outlet
    try:
        with closing(open_outlet(settings)) as outlet:
            title = outlet.title
            return OutletFinding(outlet=settings.name, title=title, account=outlet.check())
    except StammkundeError as error:
        return OutletFinding(outlet=settings.name, title=title, error=str(error))


def _orders_since(shop: ShopConfig, info: ShopInfo) -> date | None:
    """The first day of the history that the mirror can have, where it is known to be limited."""
    visible = info.orders_visible_from
    seen = visible.astimezone(ZoneInfo(info.time_zone)).date() if visible else None
    known = [each for each in (seen, shop.history_starts) if each is not None]
    return max(known, default=None)


def _too_long(shop: Shop, info: ShopInfo) -> dict[str, str]:
    """Groups whose tag the shop cannot keep; campaigns have them all the same."""
    reasons = {each.name: why_tag_too_long(each.tag, info) for each in shop.definitions()}
    return {name: reason for name, reason in reasons.items() if reason}


def _not_pushable(shop: Shop, since: date | None) -> dict[str, str]:
    """Groups that the history is too short for, or that ask for shops or rates which are not there."""
    reasons = {
        each.name: why_history_too_short(each.needs, since, shop.today()) or bases.why_kept_back(shop, each)
        for each in shop.definitions()
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _tell(finding: Finding) -> None:
    info = finding.info
    if info is None:
        warn(f"{finding.shop}: {finding.error}")
        return
    show(f"{finding.shop}: {info.name} ({finding.platform}), {info.currency}, {info.time_zone}")
    show(f"  {_counts(info)}{_since(finding, info)}")
    for note in info.notes:
        show(f"  {note}")
    if info.missing_scopes:
        warn(f"  Missing permission: {', '.join(info.missing_scopes)}. {info.scope_help or ''}".rstrip())
    for warning in finding.in_clear:
        warn(f"  {warning}")
    for name, reason in finding.not_pushable.items():
        warn(f"  {name} cannot be pushed: {reason}.")
    for each in finding.campaigns:
        _tell_promise(each)
    for found in finding.outlets:
        if found.error is None:
            show(f"  Outlet {found.outlet}: {found.account} ({found.title})")
        else:
            warn(f"  Outlet {found.outlet}: {found.error}")


def _tell_promise(promise: Promise) -> None:
    for note in promise.notes:
        show(f"  Campaign {promise.campaign}: {note}.")
    for reason in promise.refusals:
        warn(f"  Campaign {promise.campaign} cannot be kept: {reason}.")
    for warning in promise.warnings:
        warn(f"  Campaign {promise.campaign}: {warning}.")


def _since(finding: Finding, info: ShopInfo) -> str:
    if finding.orders_since:
        return f"history only since {day(finding.orders_since)}"
    if info.oldest_order:
        return f"the oldest of {day(info.oldest_order.astimezone(ZoneInfo(info.time_zone)).date())}"
    return "whole history"


def _counts(info: ShopInfo) -> str:
    counts: dict[str, Any] = {"customers": info.customer_count, "orders": info.order_count}
    return "".join(f"{of_several(count, what)}, " for what, count in counts.items() if count is not None)
