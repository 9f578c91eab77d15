"""The line: shop → mirror → facts → groups → campaigns → plan → shop."""

from collections.abc import Callable

import msgspec

from connector import hooks, privacy
from connector.gate import push_plan
from connector.groups import Standing
from connector.plan import Plan
from connector.proposal import make_plan, work_out
from connector.pull import Pulled, pull
from connector.push import Pushed
from connector.shop import Shop

__all__ = ["Outcome", "make_plan", "push_plan", "read", "sync", "work_out"]


class Outcome(msgspec.Struct, kw_only=True):
    """What one run of the line did."""

    pulled: Pulled
    standings: list[Standing]
    plan: Plan
    pushed: Pushed | None


def sync(
    shop: Shop,
    *,
    full: bool = False,
    dry_run: bool = False,
    force: bool = False,
    told: Callable[[Pulled], None] = lambda _: None,
) -> Outcome:
    """The whole line once. The caller holds the shop's lock.

    Args:
        told: what was read, before anything is made of it: a push that is refused must not hide it.
    """
    pulled = read(shop, full=full)
    told(pulled)
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
