"""Before anything is written to a shop: what must hold, and the last look."""

import sqlite3

from connector import campaigns, groups, ledger
from connector.campaigns import Assignment
from connector.database import milliseconds
from connector.errors import UnsafePlanError
from connector.model import CreateCoupon
from connector.plan import Plan
from connector.proposal import known_codes, make_plan, work_out
from connector.push import Pushed, push, read_orders_of, settle_unsettled
from connector.shop import Shop


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

    assigned = _assigned(plan)

    def reserve(connection: sqlite3.Connection) -> None:
        campaigns.write_down(connection, shop.key, assigned, milliseconds(shop.now()))
        for name in {each.change.mark.campaign for each in plan.coupons()
                     if isinstance(each.change, CreateCoupon)}:  # fmt: skip
            raise_if_budget_over(shop, name, coupons=0, liability=0)

    if plan.is_empty():
        with shop.db.write() as connection:
            campaigns.write_down(connection, shop.key, assigned, milliseconds(shop.now()))
        return Pushed(run="")
    return push(shop, plan.changes, reserve)


def _assigned(plan: Plan) -> list[Assignment]:
    """Those whose turn has come with this push, each campaign's in their order.

    Where a code is left for later (a limit, an approval of others), so is everybody behind it: the days in
    which an effect is looked for begin with the assignment.
    """
    pushed = {(each.change.mark.campaign, each.change.mark.person) for each in plan.coupons()
              if isinstance(each.change, CreateCoupon)}  # fmt: skip
    kept: list[Assignment] = []
    for name in dict.fromkeys(each.campaign for each in plan.assignments):
        own = [each for each in plan.assignments if each.campaign == name]
        reached = [each.arm == "treated" and (name, each.person_key) in pushed for each in own]
        waits = [each.arm == "treated" and not has for each, has in zip(own, reached, strict=True)]
        last = max((place for place, has in enumerate(reached) if has), default=-1)
        end = last + 1 if any(waits) else len(own)
        kept += [each for each, waiting in zip(own[:end], waits, strict=False) if not waiting]
    return kept


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
