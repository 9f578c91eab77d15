"""The line, as commands: read the shop, show groups and plan, write to the shop."""

import click
import msgspec

from connector import delivery, ledger, metrics
from connector import groups as grouping
from connector import sync as line
from connector.cli import report
from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.output import say, show_json, warn
from connector.cli.shops import each_shop, leave, wait_option
from connector.delivery import Delivered
from connector.metrics import Overview
from connector.plan import Plan
from connector.pull import Pulled
from connector.push import Pushed
from connector.shop import Shop

full_option = click.option("--full", is_flag=True, help="Read everything again, and find what was deleted.")
force_option = click.option("--force", is_flag=True, help="Push this once, over the safety limits.")


# More shops than these are shown in one table.
MANY = 3


class Read(msgspec.Struct, kw_only=True):
    """One shop after a pull."""

    shop: str
    pulled: Pulled
    overview: Overview


class PushedOn(Pushed, kw_only=True):
    """What a push did, in the shop and through outlets."""

    delivered: list[Delivered] = msgspec.field(default_factory=list)


class OutcomeOn(line.Outcome, kw_only=True):
    """What one run of the line did, outlets included."""

    delivered: list[Delivered] = msgspec.field(default_factory=list)


def _deliver(shop: Shop, *, quiet: bool) -> list[Delivered]:
    """What a push brought about goes on to newsletter tools; their trouble undoes nothing."""
    delivered = delivery.deliver(shop)
    shop.watch.close()
    if not quiet:
        for sentence in delivery.sentences(delivered):
            say(sentence)
    for sentence in delivery.troubles(delivered):
        warn(sentence)
    return delivered


def _has_trouble(delivered: list[Delivered]) -> bool:
    return any(each.error or each.refused for each in delivered)


@click.command()
@shops_argument
@full_option
@wait_option
@json_option
@pass_installation
def pull(installation: Installation, shops: tuple[str, ...], full: bool, wait: float, as_json: bool) -> None:
    """Read what changed in the shops, and say what is there.

    Nothing is written to a shop.
    """

    def work(shop: Shop) -> Read:
        pulled = line.read(shop, full=full)
        line.work_out(shop)
        overview = metrics.overview(shop.db, shop.key, shop.today(), installation.config.lapse_days)
        shop.watch.close()
        if not as_json:
            report.pulled(shop, pulled, overview)
        return Read(shop=shop.name, pulled=pulled, overview=overview)

    done, code = each_shop(installation, shops, "pull", wait, work)
    if as_json:
        show_json(done)
    elif done:
        say("\nNothing was written to your shop. Next: `stammkunde groups`, then `stammkunde plan`.")
    leave(code)


@click.command()
@shops_argument
@click.option("--approve", is_flag=True, help="Remember that you looked at it: the next push may do this.")
@click.option("--all", "everything", is_flag=True, help="List every change, not only the first.")
@wait_option
@json_option
@pass_installation
def plan(
    installation: Installation,
    shops: tuple[str, ...],
    approve: bool,
    everything: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Show what a push would change, from what was pulled last.

    Nothing is written to a shop. A shop's first push needs a plan that was approved.
    """

    def work(shop: Shop) -> Plan:
        made = _planned(shop)
        shop.watch.close()
        if not as_json:
            report.plan(made, everything=everything)
        if approve:
            ledger.approve(shop.db, shop.key, [each.change for each in made.changes], shop.now())
            grouping.accept(shop.db, shop.key)
            say(f"\nApproved. `stammkunde push {shop.name}` does this, and nothing that came up later.")
        return made

    done, code = each_shop(installation, shops, "plan", wait, work)
    if as_json:
        show_json(done)
    leave(code)


def _planned(shop: Shop) -> Plan:
    shop.info()  # says what to do where nothing was pulled yet
    line.work_out(shop)
    return line.make_plan(shop)


@click.command()
@shops_argument
@force_option
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N changes.")
@wait_option
@json_option
@pass_installation
def push(
    installation: Installation,
    shops: tuple[str, ...],
    force: bool,
    limit: int | None,
    wait: float,
    as_json: bool,
) -> None:
    """Write tags and coupon codes to the shops, from what was pulled last.

    Only tags and coupons of ours are touched. Refused changes are listed and give exit code 1.
    """

    def work(shop: Shop) -> PushedOn:
        pushed = line.push_plan(shop, _planned(shop), force=force, limit=limit)
        shop.watch.close()
        if not as_json:
            report.pushed(shop, pushed)
        return PushedOn(**msgspec.structs.asdict(pushed), delivered=_deliver(shop, quiet=as_json))

    done, code = each_shop(installation, shops, "push", wait, work)
    if as_json:
        show_json(done)
    leave(code or int(any(each.refused or _has_trouble(each.delivered) for each in done)))


@click.command()
@shops_argument
@full_option
@click.option("--dry-run", is_flag=True, help="Everything but the push.")
@force_option
@wait_option
@json_option
@pass_installation
def sync(
    installation: Installation,
    shops: tuple[str, ...],
    full: bool,
    dry_run: bool,
    force: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Pull, sort into groups, plan and push: the whole line once.

    A shop with push = false is only read.
    """

    def work(shop: Shop) -> OutcomeOn:
        outcome = line.sync(
            shop,
            full=full,
            dry_run=dry_run or not shop.settings.push,
            force=force,
            told=lambda pulled: None if as_json else report.revoked(shop, pulled),
        )
        shop.watch.close()
        if not as_json:
            report.plan(outcome.plan, calm=True)
            _say_pushed(shop, outcome, dry_run=dry_run)
        delivered = [] if outcome.pushed is None else _deliver(shop, quiet=as_json)
        return OutcomeOn(**msgspec.structs.asdict(outcome), delivered=delivered)

    done, code = each_shop(installation, shops, "sync", wait, work)
    if as_json:
        show_json(done)
    refused = any(each.pushed and each.pushed.refused for each in done)
    leave(code or int(refused or any(_has_trouble(each.delivered) for each in done)))


def _say_pushed(shop: Shop, outcome: line.Outcome, *, dry_run: bool) -> None:
    if outcome.pushed is not None:
        if outcome.pushed.run:
            report.pushed(shop, outcome.pushed)
    elif dry_run:
        say("\nNothing was written to your shop (--dry-run).")
    else:
        say(f"\nNothing was written to your shop: push = false in [shops.{shop.name}].")


@click.command()
@shops_argument
@json_option
@pass_installation
def status(installation: Installation, shops: tuple[str, ...], as_json: bool) -> None:
    """Show when each shop was last read and pushed, and what waits for you."""
    found = [report.status_of(installation, settings) for settings in installation.shops(shops)]
    if as_json:
        show_json(found)
    elif len(found) > MANY:
        report.statuses(found)
    else:
        for each in found:
            report.status(each)
