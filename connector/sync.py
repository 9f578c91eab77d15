"""The line: shop → mirror → facts → groups → campaigns → plan → shop."""

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from connector import bases, campaigns, facts, groups, hooks, ledger, privacy
from connector import plan as planning
from connector.campaigns import Campaign, Code, Issue, Issuer
from connector.campaigns.budgets import troubles as budget_troubles
from connector.database import milliseconds
from connector.errors import ConfigError, UnsafePlanError
from connector.groups import Definition, Standing
from connector.ledger import Planned
from connector.model import CreateCoupon, Feature, Kind, ShopInfo, UpdateTags
from connector.plan import Plan
from connector.pull import Pulled, pull
from connector.push import Pushed, push, read_orders_of, settle_unsettled
from connector.shop import Shop


class Outcome(msgspec.Struct, kw_only=True):
    """What one run of the line did."""

    pulled: Pulled
    standings: list[Standing]
    plan: Plan
    pushed: Pushed | None


def sync(shop: Shop, *, full: bool = False, dry_run: bool = False, force: bool = False) -> Outcome:
    """The whole line once. The caller holds the shop's lock."""
    pulled = read(shop, full=full)
    standings = work_out(shop)
    plan = make_plan(shop)
    pushed = None if dry_run else push_plan(shop, plan, force=force)
    return Outcome(pulled=pulled, standings=standings, plan=plan, pushed=pushed)


def read(shop: Shop, *, full: bool) -> Pulled:
    """What changed in the shop, and whatever webhooks named besides; a full read also ends what is over."""
    pulled = pull(shop, full=full)
    hooks.work_off(shop)
    if full:
        privacy.expire(shop)
    return pulled


def work_out(shop: Shop) -> list[Standing]:
    """Facts and groups as of today, from what was pulled last and by what the config says now."""
    shop.mirror().judge_anew()
    bases.join(shop)
    facts.refresh(shop.db, shop.key, shop.terms(), shop.window(), shop.today())
    definitions = shop.definitions()
    standings = groups.refresh(shop.db, shop.key, definitions, shop.rule_context(), shop.now())
    moved = groups.moves(shop.db, shop.key, definitions)
    if not shop.settings.push and not any(each.is_over() for each in moved):
        groups.accept(shop.db, shop.key)  # where nothing is pushed, every look counts from the one before
    return standings


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
    info, notes, issue_notes = shop.info(), list[str](), list[str]()
    known, issue = known_codes(shop), _issue(shop, info, issue_notes)
    staying, new_tags = _campaign_tags(shop, info, issue)
    tags = _tag_changes(shop, info, known, staying, notes)
    notes += issue_notes
    changes = [*tags, *_clean_up(shop, info, known), *issue.changes, *new_tags]
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
        moves=tuple(each for each in groups.moves(shop.db, shop.key, shop.definitions()) if each.is_over()),
        assignments=tuple(issue.assignments),
    )


def _campaign_tags(
    shop: Shop, info: ShopInfo, issue: Issue
) -> tuple[list[tuple[str, str, str]], list[Planned]]:
    """Of those who get a code now: (customer, tag, why) where the tag is there already, and tags to add."""
    if Feature.TAGS not in info.features:
        return [], []
    rows = shop.db.rows("SELECT customer_id, tag_key FROM shop_tags WHERE shop = ?", (shop.key,))
    present = {(row["customer_id"], row["tag_key"]) for row in rows} if issue.tags else set()
    staying, new = [], []
    for each in issue.tags:
        assert isinstance(each.change, UpdateTags)  # noqa: S101
        (tag,) = each.change.add
        if (each.change.customer_id, tag.casefold()) in present:
            staying.append((each.change.customer_id, tag, each.reason))
        else:
            new.append(each)
    return staying, new


def _tag_changes(
    shop: Shop,
    info: ShopInfo,
    known: Sequence[Code],
    staying: Sequence[tuple[str, str, str]],
    notes: list[str],
) -> list[Planned]:
    if Feature.TAGS not in info.features:
        return []
    definitions = [each for each in shop.definitions() if each.tag is not None]
    kept_back = {each.name: why for each in definitions if (why := _why_kept_back(shop, each))}
    notes += [f"{name} is not pushed: {why}." for name, why in kept_back.items()]
    desired = [(each.name, each.tag or "") for each in definitions if each.name not in kept_back]
    frozen = [each.tag or "" for each in definitions if each.name in kept_back]
    carriers = [*campaigns.carriers(known, shop.campaigns(active=False)), *staying]
    return planning.plan_tags(shop.db, shop.key, desired, frozen, carriers)


def _why_kept_back(shop: Shop, definition: Definition) -> str | None:
    """Why a group's tag is left alone, both ways, or None."""
    stale = next((each.stale for each in groups.standings(shop.db, shop.key, [definition.name])), "new")
    if stale is not None:
        return f"it could not be worked out ({stale})"
    return groups.why_history_too_short(
        definition.needs, shop.history_starts(), shop.today()
    ) or bases.why_kept_back(shop, definition)


def known_codes(shop: Shop) -> list[Code]:
    """Every code of ours in the shop, with what has become of it."""
    reissue = [each.name for each in shop.campaigns(active=False) if each.reissue_on_return]
    return campaigns.codes(shop.db, shop.key, shop.now(), reissue)


def _clean_up(shop: Shop, info: ShopInfo, known: Sequence[Code]) -> list[Planned]:
    if Feature.COUPONS not in info.features:
        return []
    by_name = {each.name: each for each in shop.campaigns(active=False)}
    return campaigns.clean_up(known, shop.setting(), by_name)


def _issue(shop: Shop, info: ShopInfo, notes: list[str]) -> Issue:
    """The coupons that campaigns would issue now.

    Raises:
        ConfigError: an active campaign asks for what the shop cannot keep.
    """
    active = shop.campaigns()
    if Feature.COUPONS not in info.features:
        notes += [f"Campaign {each.name} issues nothing: the shop makes no coupons." for each in active]
        return Issue()
    if not active:
        return Issue()
    raise_if_unkept(shop, info, active)
    issuer = Issuer(key=shop.code_key(), shop=shop.name)
    wanted = [each for each in active if _may_issue(shop, each, notes)]
    issue = campaigns.plan(shop.db, shop.setting(), wanted, issuer, info)
    notes += issue.notes
    return issue


def raise_if_unkept(shop: Shop, info: ShopInfo, active: Sequence[Campaign]) -> None:
    """Raises ConfigError naming everything that the shop cannot keep of its campaigns."""
    why = [
        f"campaigns.{each.name}: {reason}."
        for each in active
        for reason in campaigns.refusals(shop.db, shop.key, each, info)
    ]
    if why:
        mend = "Change these in the config, or name other shops there."
        raise ConfigError("\n".join([f"{shop.name} cannot keep what the config asks:", *why, mend]))


def _may_issue(shop: Shop, campaign: Campaign, notes: list[str]) -> bool:
    why = None
    if campaign.name in campaigns.stopped(shop.db, shop.key):
        why = f"it was stopped. `stammkunde campaign start {campaign.name}` lets it go on"
    elif campaign.rewards is None:
        by_name = {each.name: each for each in shop.definitions()}
        group = by_name.get(campaign.group or "")
        kept_back = "no such group" if group is None else _why_kept_back(shop, group)
        why = None if kept_back is None else f"{campaign.group}: {kept_back}"
    if why is not None:
        notes.append(f"Campaign {campaign.name} issues nothing: {why}.")
    return why is None


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
    raise_if_off(shop)
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
    plan = _looked_at_again(shop, plan)
    chosen = plan if limit is None else plan.first(limit)
    pushed = _send(shop, chosen)
    pushed.unapproved = whole - len(plan.changes)
    if len(chosen.changes) == len(plan.changes):  # with a limit, the rest of what was approved still is
        ledger.drop_approval(shop.db, shop.key)
        if not pushed.unapproved and (plan.changes or not plan.moves):
            groups.accept(shop.db, shop.key)
    return pushed


def _looked_at_again(shop: Shop, plan: Plan) -> Plan:
    """The plan without those whom a fresh look at their orders takes out of it.

    Somebody who ordered a minute ago is not to be won back.
    """
    buyers = sorted({each.change.customer_id for each in plan.coupons()
                     if isinstance(each.change, CreateCoupon)})  # fmt: skip
    if not buyers or not read_orders_of(shop, buyers):
        return plan
    work_out(shop)
    return make_plan(shop).within([each.change for each in plan.changes])


def _send(shop: Shop, plan: Plan) -> Pushed:
    """Push what is chosen, and write down with it who is treated and who is held out."""

    def reserve(connection: sqlite3.Connection) -> None:
        campaigns.write_down(connection, shop.key, plan.assignments, milliseconds(shop.now()))
        for name in {each.change.mark.campaign for each in plan.coupons()
                     if isinstance(each.change, CreateCoupon)}:  # fmt: skip
            raise_if_budget_over(shop, name, coupons=0, liability=0)

    if plan.is_empty():
        with shop.db.write() as connection:
            campaigns.write_down(connection, shop.key, plan.assignments, milliseconds(shop.now()))
        return Pushed(run="")
    return push(shop, plan.changes, reserve)


def raise_if_budget_over(shop: Shop, name: str, *, coupons: int, liability: int) -> None:
    """Raises UnsafePlanError where the ledger, with so much more, is over one of its budgets."""
    known, setting = known_codes(shop), shop.setting()
    own = next((each.budget for each in shop.campaigns(active=False) if each.name == name), None)
    budgets = [(setting.budget, campaigns.spent(known))]
    if own is not None:
        budgets.append((own, campaigns.spent(each for each in known if each.campaign == name)))
    for budget, used in budgets:
        used.coupons += coupons
        used.liability += liability
        if used.is_over(budget):
            raise UnsafePlanError(
                f"{shop.name}: campaign {name} would be over its budget, or all of them over theirs."
                " Nothing was pushed."
            )


def raise_if_off(shop: Shop, *, held: bool = False) -> None:
    """Raises UnsafePlanError where nothing may be written to the shop.

    Args:
        held: it may be written to although pushing is held.
    """
    why = ledger.why_held(shop.db, shop.key)
    if why is not None and not held:
        raise UnsafePlanError(
            f"Pushing to {shop.name} is held: {why}. `stammkunde resume {shop.name}` lets it go on."
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


def troubles(shop: Shop) -> Iterator[tuple[str, str]]:
    """What the owner should be told of by itself: the kind of trouble, and a sentence."""
    for move in groups.moves(shop.db, shop.key, shop.definitions()):
        if move.is_over():
            yield "group-moved", f"{shop.name}: {move.sentence()}."
    known, setting = known_codes(shop), shop.setting()
    budgets = [("all campaigns together", setting.budget, known)]
    budgets += [
        (f"campaign {each.name}", each.budget, [code for code in known if code.campaign == each.name])
        for each in shop.campaigns()
    ]
    for what, budget, codes in budgets:
        used = campaigns.spent(codes)
        for sentence in budget_troubles(what, used, budget, setting.currency):
            yield "budget", f"{shop.name}: {sentence}"
