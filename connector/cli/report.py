"""What the commands of the line have to say, in the owner's words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from connector import campaigns, ledger, mirror, troubles
from connector import groups as grouping
from connector import plan as planning
from connector.cli.context import Installation
from connector.cli.output import day, money, number, say, share, show, show_table, warn
from connector.config import Config, ShopConfig
from connector.database import Database, moment
from connector.groups import Standing
from connector.handover import gives
from connector.ledger import Planned, Run
from connector.metrics import Overview
from connector.model import CreateCoupon, DisableCoupon, UpdateTags
from connector.plan import Plan
from connector.pull import Pulled
from connector.push import Pushed
from connector.quantity import counted, of_several
from connector.quantity import people as persons
from connector.shop import Shop, definitions_of

# How many changes and refusals are listed before the rest is only counted.
SHOWN = 12

# A shop that is pulled nightly is stale after this.
STALE = timedelta(hours=26)

WHY = {
    "cancelled": "cancelled",
    "test": "test",
    "returned": "fully returned",
    "open": "neither paid nor shipped",
    "gone": "deleted in the shop",
}


def pulled(shop: Shop, what: Pulled, seen: Overview) -> None:
    """The first look at a shop."""
    since = f" since {day(seen.first_order)}" if seen.first_order else ""
    show(
        f"\n{what.info.name}: {counted(seen.customers, 'customer')}, {counted(seen.orders, 'order')}{since}."
    )
    if seen.left_out:
        reasons = {f"with the {why}": count for why, count in seen.left_out.items()}
        show(f"Left out: {_counted(reasons)}.")
    if seen.not_counted:
        words = {WHY.get(why, why): count for why, count in seen.not_counted.items()}
        show(f"Orders not counted: {_counted(words)}.")
    if seen.other_currency:
        value = _verb(seen.other_currency, "counts without its", "count without their")
        show(f"{counted(seen.other_currency, 'order')} in another currency {value} value.")
    unknown = " (returns unknown)" if what.info.returns_unknown else ""
    show(
        f"Stammkunden (4 orders or more, the last within {seen.lapse_days} days): {number(seen.regulars)},"
        f" {share(seen.regulars_spent, seen.spent)} of sales{unknown}.\n"
        f"Bought once: {share(seen.bought_once, seen.buyers)}."
        f" No order for {seen.lapse_days} days: {number(seen.lapsed)}."
    )
    for kind, count in what.gone.items():
        if count:
            show(f"Deleted in the shop since the last look: {of_several(count, kind)}.")
    revoked(shop, what)


def revoked(shop: Shop, what: Pulled) -> None:
    """That the owner took codes of ours back in the shop, if so."""
    sentence = troubles.revoked(shop.name, what)
    if sentence is not None:
        warn(sentence)


def _verb(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number(count)} {what}" for what, count in counts.items())


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """One group as it was last worked out. `sales` in minor units."""

    name: str
    tag: str | None
    members: int
    sales: int
    stale: str | None
    alert: str | None = None  #: that it changed beyond its limit
    nobodies: list[str] = []  #: names on its lists that the mirror does not know


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """The groups of one shop."""

    shop: str
    as_of: date | None  #: a past day; None: as they are
    currency: str | None
    people: int
    guests: int  #: those the shop keeps no record of, who cannot be tagged
    sales: int
    groups: list[GroupLine]


def groups_of(installation: Installation, settings: ShopConfig, as_of: date | None = None) -> Groups:
    """Read the groups of a shop; works nothing out and takes no lock.

    Args:
        as_of: the past day that the caller looks back to.
    """
    db = installation.database
    shop = mirror.open_shop(db, settings.name)
    info = mirror.shop_info(db, shop)
    definitions = {each.name: each for each in definitions_of(installation.config, settings.name)}
    alerts = {} if as_of else alerts_of(installation, settings)
    totals = db.row(
        "SELECT count(*) AS people, sum(p.customer IS NULL) AS guests, sum(spent) AS sales"
        " FROM facts JOIN people AS p USING (person)"
        " WHERE facts.shop = ? AND p.excluded IS NULL",
        (shop,),
    )
    return Groups(
        shop=settings.name,
        as_of=as_of,
        currency=info.currency if info else None,
        people=totals["people"] if totals else 0,
        guests=(totals["guests"] or 0) if totals else 0,
        sales=(totals["sales"] or 0) if totals else 0,
        groups=[
            GroupLine(
                name=standing.name,
                tag=tag,
                members=standing.size,
                sales=_sales(db, shop, standing),
                stale=standing.stale,
                alert=alerts.get(name),
                nobodies=grouping.nobodies(
                    db, shop, (*definitions[name].include, *definitions[name].exclude)
                ),
            )
            for name, tag in _tags(installation.config, settings.name)
            for standing in grouping.standings(db, shop, [name])
        ],
    )


def alerts_of(installation: Installation, settings: ShopConfig) -> dict[str, str]:
    """Sentences about the groups that changed beyond their own limits, by name."""
    db = installation.database
    shop = mirror.open_shop(db, settings.name)
    moves = grouping.moves(db, shop, definitions_of(installation.config, settings.name))
    return {each.name: f"{each.sentence()}." for each in moves if each.is_over()}


def _tags(config: Config, shop: str) -> Iterator[tuple[str, str | None]]:
    for name, group in config.groups.items():
        if group.applies_to(shop):
            yield name, config.tag_prefix + group.tag if group.tag else None
    for name, ladder in config.ladders.items():
        if ladder.applies_to(shop):
            for step in ladder.steps:
                yield f"{name}/{step.name}", config.tag_prefix + step.tag if step.tag else None


def _sales(db: Database, shop: int, standing: Standing) -> int:
    return db.value(
        "SELECT sum(f.spent) FROM groups AS g JOIN members AS m USING (grp) JOIN facts AS f USING (person)"
        " WHERE g.shop = ? AND g.name = ?",
        (shop, standing.name),
    )


def groups(found: Groups) -> None:
    """Groups as a table."""
    currency = found.currency or "EUR"
    show_table(
        ["Group", "Tag in the shop", "Members", "Of all people", "Spent", "Of sales"],
        [
            (
                each.name,
                each.tag or "(not tagged)",
                each.members,
                share(each.members, found.people),
                money(each.sales, currency),
                share(each.sales, found.sales),
            )
            for each in found.groups
        ],
        right={"Of all people", "Spent", "Of sales"},
        title=f"{found.shop}{f' as of {day(found.as_of)}' if found.as_of else ''}: {persons(found.people)}",
        empty=f"{found.shop}: no group was worked out yet. Run `stammkunde pull {found.shop}` first.",
    )
    if found.guests:
        are = _verb(found.guests, "is a guest", "are guests")
        say(f"{number(found.guests)} of them {are} whom the shop keeps no record of: they get no tag.")
    for each in found.groups:
        if each.stale:
            warn(f"{each.name} is stale and stays as it was: {each.stale}.")
        if each.alert:
            warn(f"{each.alert} Nothing is pushed until you approve it: `stammkunde plan {found.shop}`.")
        if each.nobodies:
            warn(f"On the lists of {each.name}, but not in the mirror: {', '.join(each.nobodies)}.")


def plan(made: Plan, *, everything: bool = False, calm: bool = False) -> None:
    """A plan as tables: tags, coupons, and the first changes.

    Args:
        calm: that there is nothing to do is no news, as in a nightly run.
    """
    if made.is_empty():
        (say if calm else show)(f"\n{made.shop}: nothing to change. The shop is as it should be.")
    else:
        _plan_tags(made)
        _plan_coupons(made, everything=everything)
        _plan_changes(made, everything=everything)
    for note in made.notes:
        warn(note)
    if made.unknown and not made.blocked:
        were, stay = _verb(made.unknown, "was", "were"), _verb(made.unknown, "stays", "stay")
        say(f"{counted(made.unknown, 'tag')} with our prefix {were} put there by somebody else and {stay}.")
    for move in made.moves:
        warn(f"{move.sentence()}. It is pushed only once you approved it, or with --force.")
    for why in made.blocked:
        warn(f"Nothing can be pushed: {why}")


def _plan_tags(made: Plan) -> None:
    show(f"\n{made.shop}: {counted(len(made.changes), 'change')}")
    moved = [each for each in made.tags if each.gaining or each.losing]
    if moved:
        show_table(
            ["Tag", "Now", "Gain it", "Lose it", "Afterwards"],
            [
                (each.tag, each.now, each.gaining, each.losing, each.now + each.gaining - each.losing)
                for each in moved
            ],
        )


def _plan_coupons(made: Plan, *, everything: bool) -> None:
    coupons = made.coupons()
    if not coupons:
        return
    shown = coupons if everything else coupons[:SHOWN]
    show_table(
        ["Code", "Customer", "Campaign", "Gives", "From a value of", "Valid until"],
        [_coupon_row(each) for each in shown],
        right={"Gives", "From a value of"},
        title=(
            f"\n{counted(len(coupons), 'new coupon code')}, worth at most"
            f" {money(made.coupon_value(), made.currency)}"
        ),
    )
    _say_rest(len(coupons) - len(shown))


def _coupon_row(planned: Planned) -> tuple[str, ...]:
    coupon = planned.change
    assert isinstance(coupon, CreateCoupon)  # noqa: S101
    return (
        grouped(coupon.code),
        coupon.customer_id,
        coupon.mark.campaign,
        gives(coupon),
        money(coupon.minimum, coupon.currency) if coupon.minimum else "–",
        day(coupon.ends_at.date()),
    )


def grouped(code: str) -> str:
    """A code in groups of four, as people read it."""
    return " ".join(code[place : place + 4] for place in range(0, len(code), 4))


def _plan_changes(made: Plan, *, everything: bool) -> None:
    changes = [each for each in made.changes if isinstance(each.change, UpdateTags)]
    shown = changes if everything else changes[:SHOWN]
    rows = []
    for each in shown:
        change = each.change
        assert isinstance(change, UpdateTags)  # noqa: S101
        signs = [f"+{tag}" for tag in change.add] + [f"−{tag}" for tag in change.remove]
        rows.append((change.customer_id, " ".join(signs), each.reason))
    if rows:
        first = _verb(len(rows), "The first customer", f"The first {len(rows)} customers")
        show_table(["Customer", "Change", "Why"], rows, title=f"\n{first}")
        _say_rest(len(changes) - len(shown))


def _say_rest(count: int) -> None:
    if count > 0:
        say(f"… and {number(count)} more (--all lists them).")


def pushed(shop: Shop, what: Pushed) -> None:
    """What a push did."""
    if what.unapproved:
        say(
            f"Not pushed, because it came up after the approval: {counted(what.unapproved, 'change')}."
            f" See `stammkunde plan {shop.name}`."
        )
    if not what.run:
        say(f"\n{shop.name}: nothing to push.")
        return
    show(f"\n{shop.name}: {counted(what.done, 'change')} made, {number(len(what.refused))} refused.")
    for change, error in what.refused[:SHOWN]:
        warn(f"  refused: {about(change)}: {error}")
    _say_rest(len(what.refused) - SHOWN)
    if what.done:
        say(f"Take it back with `stammkunde undo {what.run}`.")


def about(change: object) -> str:
    """What a change is about, in a few words."""
    if isinstance(change, UpdateTags):
        return f"tags of customer {change.customer_id}"
    if isinstance(change, CreateCoupon | DisableCoupon):
        return f"code {change.code}"
    return type(change).__name__


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One shop: how fresh it is, and what waits."""

    shop: str
    push: bool
    pulled_at: datetime | None
    full_at: datetime | None
    stale: bool
    reads_in_progress: list[str]
    unsettled: int
    hold: str | None
    approved_changes: int | None
    unknown_tags: int
    open_codes: int
    alerts: list[str]  #: groups that changed beyond their limits
    runs: list[Run]


_READ = "watermarks WHERE shop = ? AND kind IN ('customers', 'orders')"


def pulled_at(db: Database, shop: int) -> datetime | None:
    """When a shop was last read to the end; None if it never was."""
    row = db.row(f"SELECT min(finished_at) AS at, count(*) AS kinds FROM {_READ}", (shop,))
    return moment(row["at"]) if row and row["kinds"] == 2 else None


def status_of(installation: Installation, settings: ShopConfig) -> Status:
    """Read the state of a shop; takes no lock."""
    db = installation.database
    shop = mirror.open_shop(db, settings.name)
    at = pulled_at(db, shop)
    full = db.value(f"SELECT min(full_at) FROM {_READ}", (shop,))
    approved = ledger.approved(db, shop)
    return Status(
        shop=settings.name,
        push=settings.push,
        pulled_at=at,
        full_at=moment(full) if full else None,
        stale=at is None or installation.now() - at > STALE,
        reads_in_progress=[
            each["kind"] for each in db.rows("SELECT kind FROM reads WHERE shop = ? ORDER BY kind", (shop,))
        ],
        unsettled=db.value("SELECT count(*) FROM changes WHERE shop = ? AND state = 'planned'", (shop,)),
        hold=ledger.why_held(db, shop),
        approved_changes=None if approved is None else len(approved),
        unknown_tags=planning.unknown_tags(db, shop),
        open_codes=sum(
            each.codes for each in campaigns.open_codes(db, installation.now()) if each.shop == shop
        ),
        alerts=[*alerts_of(installation, settings).values()],
        runs=ledger.runs(db, shop, 5),
    )


def status(found: Status) -> None:
    """The state of a shop, with what to do about it."""
    last = f"last pulled {_when(found.pulled_at)}" if found.pulled_at else "never pulled to the end"
    codes = counted(found.open_codes, "code")
    show(f"{found.shop}: {last}, push {'on' if found.push else 'off'}, {codes} open")
    for line in _waiting(found):
        warn(f"  {line}")
    rows = [(run.run, _when(run.began_at), run.outcome or "running, or was killed") for run in found.runs]
    if rows:
        show_table(["Run", "Began", "Outcome"], rows)


def statuses(found: Sequence[Status]) -> None:
    """Many shops: a line each, and below what is to be done about which."""
    show_table(
        ["Shop", "Last pulled", "Push", "Codes open", "Last run"],
        [
            (
                each.shop,
                "never" if each.pulled_at is None else _when(each.pulled_at),
                "on" if each.push else "off",
                each.open_codes,
                _last_run(each),
            )
            for each in found
        ],
    )
    for each in found:
        failed = [run.outcome for run in each.runs[:1] if run.outcome and run.outcome.startswith("failed: ")]
        for line in [*failed, *_waiting(each)]:
            warn(f"{each.shop}: {line}")
    say("`stammkunde status SHOP` shows the last runs of one.")


def _last_run(found: Status) -> str:
    if not found.runs:
        return "–"
    run = found.runs[0]
    return f"{run.kind}: {(run.outcome or 'running, or was killed').partition(':')[0]}"


#: Reads in words; the others are called by what they read.
_SWEEPS = {"ids:customers": "deleted customers", "ids:orders": "deleted orders"}


def _waiting(found: Status) -> Iterator[str]:
    name = found.shop
    if found.stale:
        yield f"The data is not fresh. Run `stammkunde pull {name}`."
    if found.reads_in_progress:
        reads = ", ".join(_SWEEPS.get(each, each.partition(":")[0]) for each in found.reads_in_progress)
        yield f"A read was interrupted ({reads}); the next pull goes on there."
    if found.unsettled:
        were, them = _verb(found.unsettled, "was", "were"), _verb(found.unsettled, "it", "them")
        yield f"{counted(found.unsettled, 'change')} {were} not settled; the next push settles {them} first."
    if found.hold:
        yield f"Pushing is held: {found.hold}. `stammkunde resume {name}` lets it go on."
    if found.approved_changes is not None:
        changes = counted(found.approved_changes, "change")
        yield f"An approved plan of {changes} waits: `stammkunde push {name}`."
    for alert in found.alerts:
        yield f"{alert} Look at `stammkunde plan {name}`; --approve there lets it through."
    if found.unknown_tags:
        tags, are = counted(found.unknown_tags, "tag"), _verb(found.unknown_tags, "is", "are")
        yield f"{tags} with our prefix {are} not ours: `stammkunde adopt --help`."


def _when(at: datetime) -> str:
    return f"{at.astimezone():%d %b %Y %H:%M}"
