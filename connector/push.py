"""Writing to a shop: every change is in the ledger before it is sent and settled as its answer comes."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence

import msgspec

from connector import ledger
from connector.errors import ResponseError
from connector.ledger import Entry, Planned
from connector.model import (
    Change,
    CreateCoupon,
    DisableCoupon,
    ExtendCoupon,
    Feature,
    Kind,
    Order,
    Result,
    UpdateTags,
)
from connector.plan import inverse
from connector.pull import Stopped
from connector.shop import Shop

# How many customers one fresh read asks for.
FRESH = 100


class Pushed(msgspec.Struct, kw_only=True):
    """What became of a push or an undo."""

    run: str
    done: int = 0
    refused: list[tuple[Change, str]] = []
    left: list[str] = []  #: what an undo could not take back, a sentence each
    unapproved: int = 0  #: changes that came up after the plan was approved, and were not pushed


def push(
    shop: Shop, changes: Sequence[Planned], reserve: Callable[[sqlite3.Connection], None] | None = None
) -> Pushed:
    """Send changes as one run. `reserve` is that of `ledger.plan`."""
    run = ledger.begin(shop.db, shop.key, "push", shop.now())
    pushed = _send_new(shop, run, changes, reserve)
    _look_for(shop, [change for change, _ in pushed.refused])
    return pushed


def _look_for(shop: Shop, refused: Sequence[Change]) -> None:
    """Whoever a change was refused for may have been deleted in the shop: then it need not be tried again."""
    if Feature.DELETIONS in shop.info().features:
        _read_again(shop, sorted({who for each in refused if (who := ledger.customer_of(each))}))


def settle_unsettled(shop: Shop, *, but: str | None = None) -> int:
    """Bring to an end what earlier runs planned and did not see settled. Returns how many changes.

    Every change is safe to apply twice, so they are sent again under their own run's name, by which the
    adapter finds an operation that the shop is still working on.

    Args:
        but: a run that is left as it is.
    """
    settled = 0
    for run, entries in ledger.unsettled(shop.db, shop.key).items():
        if run == but:
            continue
        pushed = Pushed(run=run)
        _send_in_order(shop, entries, pushed)
        _end(shop, run)
        settled += len(entries)
    return settled


def _send_new(
    shop: Shop,
    run: str,
    changes: Sequence[Planned],
    reserve: Callable[[sqlite3.Connection], None] | None = None,
) -> Pushed:
    ledger.plan(shop.db, shop.key, run, changes, reserve)
    pushed = Pushed(run=run)
    _send_in_order(shop, ledger.entries(shop.db, run), pushed)
    _end(shop, run)
    return pushed


def _send_in_order(shop: Shop, entries: Sequence[Entry], pushed: Pushed) -> None:
    """Send what needs nothing, then what needs a code, if the shop has made it."""
    first = [each for each in entries if each.needs is None]
    _send(shop, first, pushed, 0, len(entries))
    waiting = [each for each in entries if each.needs is not None]
    made = _made(shop) if waiting else set()
    for entry in waiting:
        if entry.needs not in made:
            result = Result(change=entry.change, error=f"the code {entry.needs} was not made")
            ledger.settle(shop.mirror(), entry, result, shop.now())
            pushed.refused.append((entry.change, result.error or ""))
    _send(shop, [each for each in waiting if each.needs in made], pushed, len(first), len(entries))


def _made(shop: Shop) -> set[str]:
    rows = shop.db.rows("SELECT code FROM issued WHERE shop = ? AND state = 'issued'", (shop.key,))
    return {row["code"] for row in rows}


def _send(shop: Shop, entries: Sequence[Entry], pushed: Pushed, before: int, total: int) -> None:
    if not entries:
        return
    copy = shop.mirror()
    results = shop.adapter.push((entry.change for entry in entries), pushed.run)
    for number, (entry, result) in enumerate(_in_step(entries, iter(results)), 1):
        ledger.settle(copy, entry, result, shop.now())
        if result.error:
            pushed.refused.append((entry.change, result.error))
        else:
            pushed.done += 1
        shop.watch.step("changes", before + number, total)
        if shop.watch.should_stop() and before + number < total:
            raise Stopped


def _in_step(entries: Sequence[Entry], results: Iterator[Result]) -> Iterator[tuple[Entry, Result]]:
    """Each change with its own result.

    Raises:
        ResponseError: a result is missing, is of another change or is one too many. What is not settled by
            then is sent again by the next push.
    """
    for entry in entries:
        result = next(results, None)
        if result is None or result.change != entry.change:
            raise ResponseError(
                "The adapter does not answer change by change, so what it did is not known."
                " The next push sends the rest again."
            )
        yield entry, result
    if next(results, None) is not None:
        raise ResponseError("The adapter answered for more changes than it was given.")


def _end(shop: Shop, run: str) -> None:
    """Close a run, with what an earlier process did of it."""
    counts = ledger.settled(shop.db, run)
    outcome = f"{counts['refused']} refused" if counts["refused"] else "done"
    ledger.end(shop.db, run, shop.now(), outcome, counts)


def undo(shop: Shop, run: str) -> Pushed:
    """Take back what one push did, as far as it is still as that push left it. Pushing is held before.

    Of a push that was cut off nothing more is sent: what of it is not settled may have arrived, so it is
    taken back like the rest.
    """
    ledger.hold(shop.db, shop.key, f"{run} was undone")
    settle_unsettled(shop, but=run)
    made = [entry for entry in ledger.entries(shop.db, run) if entry.state != "refused"]
    _look_again(shop, made)
    before, left = ledger.undone(shop.db, run), list[str]()
    name = ledger.begin(shop.db, shop.key, "undo", shop.now(), undoes=run)
    changes = [
        Planned(change=change, reason=f"undo {run}")
        for entry in made
        if inverse(entry.change) not in before
        for change in _taken_back(shop, entry, left)
    ]

    def give_up(connection: sqlite3.Connection) -> None:
        for entry in made:
            if entry.state == "planned":
                ledger.give_up(connection, shop.key, entry, "taken back before it was settled", shop.now())

    pushed = _send_new(shop, name, changes, give_up)
    pushed.left = left
    found = ledger.find_run(shop.db, run)
    if found is not None and found[1].ended_at is None:
        _end(shop, run)
    return pushed


def _look_again(shop: Shop, entries: Sequence[Entry]) -> None:
    """Read the customers and orders concerned afresh: the owner may have changed things since."""
    _read_again(shop, sorted({who for entry in entries if (who := ledger.customer_of(entry.change))}))
    buyers = sorted({entry.change.customer_id for entry in entries if isinstance(entry.change, CreateCoupon)})
    read_orders_of(shop, buyers)


def read_orders_of(shop: Shop, customer_ids: Sequence[str]) -> int:
    """A fresh read of the orders of these customers. Returns how many were new or had changed."""
    copy, changed = shop.mirror(), 0
    for start in range(0, len(customer_ids), FRESH):
        for orders in shop.adapter.orders_of(customer_ids[start : start + FRESH]):
            records: tuple[Order, ...] = orders.records
            changed += copy.store_fresh(records, {}, shop.now())
    return changed


def _read_again(shop: Shop, customer_ids: Sequence[str]) -> None:
    copy = shop.mirror()
    for start in range(0, len(customer_ids), FRESH):
        some = customer_ids[start : start + FRESH]
        for page in shop.adapter.by_id(Kind.CUSTOMERS, some):
            copy.store_fresh(page.records, {Kind.CUSTOMERS: page.gone}, shop.now())
        shop.watch.step("customers read again", start + len(some), len(customer_ids))


def _taken_back(shop: Shop, entry: Entry, left: list[str]) -> Iterator[Change]:
    back = inverse(entry.change)
    if isinstance(back, UpdateTags) and _is_gone(shop, back.customer_id):
        left.append(f"customer {back.customer_id} was deleted in the shop")
    elif isinstance(back, UpdateTags):
        kept = _still_ours(shop, entry.run, back)
        if kept.add or kept.remove:
            yield kept
        if len(kept.remove) < len(back.remove):
            left.append(f"customer {back.customer_id}: a tag was changed in the shop since")
    elif isinstance(back, DisableCoupon):
        why = _why_kept(shop, back.code)
        if why is None:
            yield back
        else:
            left.append(f"code {back.code}: {why}")
    elif (why := _why_final(shop, entry.change)) is not None:
        left.append(why)


def _why_final(shop: Shop, change: Change) -> str | None:
    """Why a change of a coupon stays as it is; None where nobody can miss it."""
    if isinstance(change, ExtendCoupon):
        return f"code {change.code}: a later end is not taken back"
    if isinstance(change, DisableCoupon):
        row = shop.db.row("SELECT state FROM issued WHERE shop = ? AND code = ?", (shop.key, change.code))
        if row is not None and row["state"] == "revoked":  # the others had ended anyway
            return f"code {change.code}: what was switched off is not switched on again"
    return None


def _is_gone(shop: Shop, customer_id: str) -> bool:
    found = shop.db.row("SELECT gone_at FROM customers WHERE shop = ? AND id = ?", (shop.key, customer_id))
    return found is not None and found["gone_at"] is not None


def _still_ours(shop: Shop, run: str, back: UpdateTags) -> UpdateTags:
    """Only tags that the shop still has and this run put there; only put back what is missing."""
    whose = (shop.key, back.customer_id)
    has = _keys(shop, "SELECT tag_key FROM shop_tags WHERE shop = ? AND customer_id = ?", whose)
    mine = "SELECT tag_key FROM own_tags WHERE shop = ? AND customer_id = ? AND run = ?"
    owned = _keys(shop, mine, (*whose, run))
    return UpdateTags(
        customer_id=back.customer_id,
        add=tuple(tag for tag in back.add if tag.casefold() not in has),
        remove=tuple(tag for tag in back.remove if tag.casefold() in has & owned),
    )


def _keys(shop: Shop, query: str, values: tuple[object, ...]) -> set[str]:
    return {row["tag_key"] for row in shop.db.rows(query, values)}


def _why_kept(shop: Shop, code: str) -> str | None:
    """Why a coupon is not disabled: it was used, or it is over already."""
    used = shop.db.row(
        "SELECT o.number FROM order_codes AS k JOIN orders AS o USING (order_key)"
        " WHERE k.shop = ? AND k.code = ? AND o.cancelled_at IS NULL AND o.gone_at IS NULL",
        (shop.key, code),
    )
    if used is not None:
        return f"it was redeemed with order {used['number']}"
    row = shop.db.row("SELECT state FROM issued WHERE shop = ? AND code = ?", (shop.key, code))
    return None if row is not None and row["state"] in ("issued", "planned") else "it was revoked before"
