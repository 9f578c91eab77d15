"""The line: shop → mirror → facts → groups → campaigns → plan → shop."""

from collections.abc import Sequence

import msgspec

from connector import campaigns, facts, groups, ledger
from connector import plan as planning
from connector.campaigns import Issuer
from connector.errors import UnsafePlanError
from connector.groups import Definition, Standing
from connector.ledger import Planned
from connector.model import Feature, Kind, ShopInfo
from connector.plan import Plan
from connector.pull import Pulled, pull
from connector.push import Pushed, push, settle_unsettled
from connector.shop import Shop


class Outcome(msgspec.Struct, kw_only=True):
    """What one run of the line did."""

    pulled: Pulled
    standings: list[Standing]
    plan: Plan
    pushed: Pushed | None


def sync(shop: Shop, *, full: bool = False, dry_run: bool = False, force: bool = False) -> Outcome:
    """The whole line once. The caller holds the shop's lock."""
    pulled = pull(shop, full=full)
    standings = work_out(shop)
    plan = make_plan(shop)
    pushed = None if dry_run else push_plan(shop, plan, force=force)
    return Outcome(pulled=pulled, standings=standings, plan=plan, pushed=pushed)


def work_out(shop: Shop) -> list[Standing]:
    """Facts and groups as of today, from what was pulled last and by what the config says now."""
    shop.mirror().judge_anew()
    facts.refresh(shop.db, shop.key, shop.terms(), shop.window(), shop.today())
    return groups.refresh(shop.db, shop.key, shop.definitions(), shop.rule_context(), shop.now())


def make_plan(shop: Shop) -> Plan:
    """What a push would do now. Facts and groups must have been worked out.

    Raises:
        UnsafePlanError: the shop was never read to the end, so absence would mean nothing.
    """
    if not shop.mirror().is_complete((Kind.CUSTOMERS, Kind.ORDERS)):
        raise UnsafePlanError(
            f"{shop.name}: the shop was never read to the end, so there is no plan."
            f" Run `stammkunde pull {shop.name}` first."
        )
    info, notes = shop.info(), list[str]()
    changes = [*_tag_changes(shop, info, notes), *_coupon_changes(shop, info, notes)]
    unknown = planning.unknown_tags(shop.db, shop.key)
    return Plan(
        shop=shop.name,
        currency=info.currency,
        changes=tuple(changes),
        tags=planning.tag_lines(shop.db, shop.key, [each.change for each in changes]),
        people=shop.db.value(
            "SELECT count(*) FROM people WHERE shop = ? AND excluded IS NULL AND customer IS NOT NULL",
            (shop.key,),
        ),
        tagged=planning.tagged(shop.db, shop.key),
        unknown=unknown,
        notes=tuple(notes),
        blocked=tuple(_why_blocked(shop, unknown)),
    )


def _tag_changes(shop: Shop, info: ShopInfo, notes: list[str]) -> list[Planned]:
    if Feature.TAGS not in info.features:
        return []
    definitions = [each for each in shop.definitions() if each.tag is not None]
    kept_back = {each.name: why for each in definitions if (why := _why_kept_back(shop, each))}
    notes += [f"{name} is not pushed: {why}." for name, why in kept_back.items()]
    desired = [(each.name, each.tag or "") for each in definitions if each.name not in kept_back]
    frozen = [each.tag or "" for each in definitions if each.name in kept_back]
    return planning.plan_tags(shop.db, shop.key, desired, frozen)


def _why_kept_back(shop: Shop, definition: Definition) -> str | None:
    """Why a group's tag is left alone, both ways, or None."""
    stale = next((each.stale for each in groups.standings(shop.db, shop.key, [definition.name])), "new")
    if stale is not None:
        return f"it could not be worked out ({stale})"
    return groups.why_history_too_short(definition.needs, shop.history_starts(), shop.today())


def _coupon_changes(shop: Shop, info: ShopInfo, notes: list[str]) -> list[Planned]:
    wanted = shop.campaigns()
    if not wanted or Feature.COUPONS not in info.features:
        return []
    by_name = {each.name: each for each in shop.definitions()}
    issuer = Issuer(key=shop.code_key(), shop=shop.name)
    changes: list[Planned] = []
    for campaign in wanted:
        why = _why_kept_back(shop, by_name[campaign.group]) if campaign.group in by_name else "no such group"
        if why is not None:
            notes.append(f"Campaign {campaign.name} issues nothing: {campaign.group}: {why}.")
            continue
        changes += campaigns.plan(shop.db, shop.key, campaign, issuer, info.currency, shop.now())
    return changes


def _why_blocked(shop: Shop, unknown: int) -> Sequence[str]:
    if not unknown or ledger.has_pushed(shop.db, shop.key):
        return ()
    return [
        (
            f"{unknown:,} tags in the shop begin with {shop.config.tag_prefix} and are not from us."
            f" `stammkunde adopt {shop.name}` takes them over; or choose another tag_prefix."
        )
    ]


def push_plan(shop: Shop, plan: Plan, *, force: bool = False, limit: int | None = None) -> Pushed:
    """Push a plan, if pushing is on, not held, approved where it is the first, and within its limits.

    Raises:
        UnsafePlanError: one of these does not hold; nothing was pushed.
    """
    _raise_if_off(shop)
    if settle_unsettled(shop):
        work_out(shop)
        plan = make_plan(shop)
    plan.raise_if_blocked()
    approved, whole = ledger.approved(shop.db, shop.key), len(plan.changes)
    if approved is not None:
        # The owner has looked at these very changes, so the limits have nothing to add.
        plan = plan.within(approved)
    elif plan.changes and not force:
        _raise_if_first(shop)
        plan.raise_if_unsafe(shop.limits())
    chosen = plan if limit is None else plan.first(limit)
    pushed = Pushed(run="") if chosen.is_empty() else push(shop, chosen.changes)
    pushed.unapproved = whole - len(plan.changes)
    if len(chosen.changes) == len(plan.changes):  # with a limit, the rest of what was approved still is
        ledger.drop_approval(shop.db, shop.key)
    return pushed


def _raise_if_off(shop: Shop) -> None:
    held = ledger.why_held(shop.db, shop.key)
    if held is not None:
        raise UnsafePlanError(
            f"Pushing to {shop.name} is held: {held}. `stammkunde resume {shop.name}` lets it go on."
        )
    if not shop.settings.push:
        raise UnsafePlanError(
            f"Pushing to {shop.name} is off. Nothing was pushed. When the plan looks right, set push = true"
            f" under [shops.{shop.name}] in {shop.config.path}."
        )


def _raise_if_first(shop: Shop) -> None:
    if not ledger.has_pushed(shop.db, shop.key):
        raise UnsafePlanError(
            f"This would be the first push to {shop.name}. Look at it with `stammkunde plan {shop.name}` and"
            f" approve it with `stammkunde plan {shop.name} --approve`. Nothing was pushed."
        )
