"""Who belongs to which group: today, as of a past day, and how it came about."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click
import msgspec

from connector import mirror
from connector.cli import report
from connector.cli.chart import bars
from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.days import as_of_option, day_asked
from connector.cli.output import number, say, show, show_json, show_table
from connector.config import ShopConfig, nearest
from connector.database import moment
from connector.errors import ConfigError
from connector.past import HOW, look_back
from connector.quantity import counted
from connector.shop import definitions_of, rule_context, window_of

# Days and moves listed before the rest is only counted.
SHOWN_DAYS = 30
SHOWN_MOVES = 20


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day on which somebody entered or left. `members` at its end."""

    day: date
    entered: int
    left: int
    members: int


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One person entered or left."""

    at: datetime
    customer: str  #: id of the account, or the address of a guest
    entered: bool


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A group or step since it was first worked out, in one shop. The oldest first."""

    shop: str
    group: str
    members: int
    days: list[Day]
    moves: list[Moved]


@click.command()
@shops_argument
@as_of_option
@click.option("--history", metavar="GROUP", help="Who entered and left this group, or ladder/step.")
@json_option
@pass_installation
def groups(
    installation: Installation,
    shops: tuple[str, ...],
    as_of: datetime | None,
    history: str | None,
    as_json: bool,
) -> None:
    """Show who belongs to which group, as it was last worked out.

    With --as-of it is worked out for a past day; nothing of that is stored.
    """
    if as_of and history:
        raise click.UsageError("--as-of and --history are two questions. Ask one of them.")
    settings = installation.shops(shops)
    if history:
        past = [told for each in settings if (told := _history(installation, each, history))]
        if not past:
            raise ConfigError(f"There is no group '{history}'. {_nearest(installation, history)}")
        if as_json:
            show_json(past)
        else:
            _show_histories(past)
        return
    found = [_groups(installation, each, as_of) for each in settings]
    if as_json:
        show_json(found)
        return
    for each in found:
        report.groups(each)
    if as_of:
        say(HOW)


def _groups(installation: Installation, settings: ShopConfig, as_of: datetime | None) -> report.Groups:
    """As last worked out, or worked out for a day that is over."""
    if as_of is None:
        return report.groups_of(installation, settings)
    db = installation.database
    key = mirror.open_shop(db, settings.name)
    info = mirror.shop_info(db, key)
    if info is None:
        raise ConfigError(f"{settings.name} was never pulled. Run `stammkunde pull {settings.name}` first.")
    context = rule_context(db, key, info, installation.config.lapse_days, installation.now())
    day = day_asked(as_of, context.today)
    definitions = definitions_of(installation.config, settings.name)
    with look_back(db, context, window_of(settings), day, definitions):
        return report.groups_of(installation, settings, as_of=day)


def _nearest(installation: Installation, name: str) -> str:
    known = {
        each.name for shop in installation.config.shops for each in definitions_of(installation.config, shop)
    }
    return nearest(name, sorted(known))


def _history(installation: Installation, settings: ShopConfig, name: str) -> History | None:
    """What is written down of a group, also of one that is no longer in the config; None if nothing is."""
    db = installation.database
    key = mirror.open_shop(db, settings.name)
    info = mirror.shop_info(db, key)
    rows = db.rows(
        "SELECT at, identity, entered FROM membership_history WHERE shop = ? AND name = ? ORDER BY event",
        (key, name),
    )
    known = db.row("SELECT grp FROM groups WHERE shop = ? AND name = ?", (key, name))
    if not rows and known is None:
        return None
    moves = [
        Moved(at=moment(row["at"]), customer=row["identity"][2:], entered=bool(row["entered"]))
        for row in rows
    ]
    days = _days(moves, ZoneInfo(info.time_zone if info else "UTC"))
    return History(
        shop=settings.name,
        group=name,
        members=days[-1].members if days else 0,
        days=days,
        moves=moves,
    )


def _days(moves: Sequence[Moved], zone: ZoneInfo) -> list[Day]:
    counts: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for each in moves:
        counts[each.at.astimezone(zone).date()][0 if each.entered else 1] += 1
    days, members = [], 0
    for day, (entered, left) in counts.items():
        members += entered - left
        days.append(Day(day=day, entered=entered, left=left, members=members))
    return days


def _show_histories(found: Sequence[History]) -> None:
    for each in found:
        _show_days(each)
        _show_moves(each)


def _show_days(found: History) -> None:
    shown = found.days[-SHOWN_DAYS:]
    rows = zip(shown, bars([each.members for each in shown]), strict=True)
    show_table(
        ["On", "Entered", "Left", "Members", ""],
        [(each.day.isoformat(), each.entered, each.left, each.members, bar) for each, bar in rows],
        title=f"{found.shop}: {found.group}, {counted(found.members, 'member')}",
        empty=f"{found.shop}: nobody was ever in {found.group}.",
    )
    if len(found.days) > len(shown):
        say(f"… and {counted(len(found.days) - len(shown), 'earlier day')} (--json lists them).")


def _show_moves(found: History) -> None:
    shown = found.moves[-SHOWN_MOVES:][::-1]
    if not shown:
        return
    show()
    show_table(
        ["Last moves", "Customer", ""],
        [
            (f"{each.at.astimezone():%Y-%m-%d %H:%M}", each.customer, "entered" if each.entered else "left")
            for each in shown
        ],
    )
    if len(found.moves) > len(shown):
        say(f"… and {number(len(found.moves) - len(shown))} earlier (--json lists them).")
