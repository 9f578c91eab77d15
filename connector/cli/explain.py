"""Rules, tried and explained."""

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime

import click
import msgspec

from connector import mirror
from connector.cli.chart import bars
from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.days import as_of_option, day_asked
from connector.cli.look import OrderLine, orders_of, people_called
from connector.cli.output import day, money, number, say, share, show, show_json, show_table, watching
from connector.config import ShopConfig, nearest
from connector.errors import ConfigError, StammkundeError
from connector.explain import Verdict, explain_membership
from connector.groups import Definition, in_order, membership
from connector.past import HOW, look_back, monthly, needed_by
from connector.quantity import people
from connector.rules import Condition, Operator, RuleContext, RuleError, explain, parse
from connector.shop import definitions_of, rule_context, window_of

# Members listed before the rest is only counted.
SHOWN = 20

# What takes longer than so many seconds shows how far it is.
SLOW = 2.0

# Of a history: each is worked out from all orders.
MOST_MONTHS = 120


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Verdicts on one person in one shop."""

    shop: str
    person: str
    as_of: date | None  #: a past day; None: as it is
    verdicts: list[Verdict]
    orders: list[OrderLine]  #: the latest first


@click.command()
@click.argument("customer", metavar="ID|EMAIL")
@click.argument("group", required=False)
@click.option("--shop", help="Look in this shop only.")
@as_of_option
@json_option
@pass_installation
def why(
    installation: Installation,
    customer: str,
    group: str | None,
    shop: str | None,
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """Explain why a customer is in GROUP, or not; without GROUP, in each of them.

    Every condition of the rule is shown with the customer's value, and below which orders count. Groups are
    as of the last pull, or worked out for the day of --as-of; ladder steps are named 'ladder/step'.
    """
    found = [
        each
        for settings in installation.shops((shop,) if shop else ())
        for each in _reasons(installation, settings, customer, _chosen(installation, settings, group), as_of)
    ]
    if not found:
        raise StammkundeError(f"No customer '{customer}' in the mirror. `stammkunde pull` reads them.")
    if as_json:
        show_json(found)
        return
    for each in found:
        _tell(each)
    if as_of:
        say(HOW)


def _reasons(
    installation: Installation,
    settings: ShopConfig,
    customer: str,
    definitions: Sequence[Definition],
    as_of: datetime | None,
) -> list[Why]:
    db, context = installation.database, _context(installation, settings)
    wanted, asked = people_called(db, context.shop, customer), day_asked(as_of, context.today)

    def reason(person: int, then: RuleContext) -> Why:
        return Why(
            shop=settings.name,
            person=customer,
            as_of=then.today if then.today < context.today else None,
            verdicts=[explain_membership(db, person, each, then) for each in definitions],
            orders=orders_of(db, person),
        )

    if asked == context.today or not wanted:
        return [reason(person, context) for person in wanted]
    every = definitions_of(installation.config, settings.name)
    with look_back(db, context, window_of(settings), asked, every) as then:
        return [reason(person, then) for person in wanted]


def _context(installation: Installation, settings: ShopConfig) -> RuleContext:
    db = installation.database
    key = mirror.open_shop(db, settings.name)
    info = mirror.shop_info(db, key)
    if info is None:
        raise ConfigError(f"{settings.name} was never pulled. Run `stammkunde pull {settings.name}` first.")
    return rule_context(db, key, info, installation.config.lapse_days, installation.now())


def _chosen(installation: Installation, settings: ShopConfig, group: str | None) -> list[Definition]:
    definitions = definitions_of(installation.config, settings.name)
    if group is None:
        return definitions
    chosen = [each for each in definitions if each.name == group or each.name.startswith(f"{group}/")]
    if not chosen:
        known = [each.name for each in definitions]
        raise ConfigError(f"There is no group '{group}'. {nearest(group, known)}")
    return chosen


def _tell(found: Why) -> None:
    for verdict in found.verdicts:
        what = "in" if verdict.member else "not in"
        verb = f"on {day(found.as_of)} was" if found.as_of else "is"
        show(f"\n{found.shop}: {found.person} {verb} {what} {verdict.group}")
        if verdict.instead:
            show(f"  {verdict.instead}")
        show_table(
            ["Condition", "This customer", "True", "Missing"],
            [
                (each.condition, each.value, "yes" if each.passes else "no", each.missing)
                for each in verdict.answers
            ],
        )
    show(f"\n{_orders_in_words(found.orders)}")


def _orders_in_words(orders: Sequence[OrderLine]) -> str:
    count = [each.number for each in orders if each.not_counted is None]
    others = [f"{each.number} ({each.not_counted})" for each in orders if each.not_counted is not None]
    said = f"Orders that count: {_listed(count)}."
    return f"{said} Not: {_listed(others)}." if others else said


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {number(more)} more" if more > 0 else "") or "none"


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as of a past day. `entered` and `left` since the point before; `spent` in minor units."""

    day: date
    members: int
    entered: int | None
    left: int | None
    spent: int  #: by the members, in all their orders up to that day


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a rule would take in one shop. `spent` in minor units."""

    shop: str
    currency: str
    as_of: date | None  #: a past day; None: as it is
    members: int
    people: int
    spent: int
    sql: str | None
    sample: list[dict[str, object]]
    history: list[Point]
    notes: list[str]


class Months(click.ParamType[int]):
    """`12m`, or years as in `2y`."""

    name = "months"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([1-9][0-9]{0,2})([my])", str(value))
        months = int(found[1]) * (12 if found[2] == "y" else 1) if found else 0
        if not 0 < months <= MOST_MONTHS:
            self.fail(f"'{value}' is no span such as 12m or 2y, of at most {MOST_MONTHS} months", param, ctx)
        return months


@click.command()
@click.argument("text", metavar="RULE")
@shops_argument
@click.option("--list", "listed", is_flag=True, help="List the members.")
@click.option("--sql", is_flag=True, help="Show what the rule becomes.")
@as_of_option
@click.option("--history", type=Months(), metavar="SPAN", help="Its size month by month, as 12m.")
@json_option
@pass_installation
def rule(
    installation: Installation,
    text: str,
    shops: tuple[str, ...],
    listed: bool,
    sql: bool,
    as_of: datetime | None,
    history: int | None,
    as_json: bool,
) -> None:
    """Check and count a rule against what was pulled, without putting it into the config.

    \b
    stammkunde rule "amount_spent > 500 AND last_order_date >= -1y" --list
    """
    try:
        parse(text)
    except RuleError as error:
        raise ConfigError(error.pretty()) from None
    found = [
        _Trial(installation, settings, text).run(as_of, months=history, listed=listed, sql=sql)
        for settings in installation.shops(shops)
    ]
    if as_json:
        show_json(found)
        return
    for each in found:
        _show(each)


class _Trial:
    """A rule, tried in one shop."""

    def __init__(self, installation: Installation, settings: ShopConfig, text: str) -> None:
        self._db = installation.database
        self._settings = settings
        self._context = _context(installation, settings)
        definitions = in_order(
            [*definitions_of(installation.config, settings.name), Definition(name="", rule=parse(text))]
        )
        self._tried = next(each for each in definitions if each.name == "")
        self._needed = needed_by("", definitions)

    def run(self, as_of: datetime | None, *, months: int | None, listed: bool, sql: bool) -> Tried:
        """Ask everybody, on the day asked for and on those before it."""
        today = self._context.today
        asked = day_asked(as_of, today)
        history = self._history(monthly(asked, months)) if months else []
        if asked == today:
            return self._count(self._context, history, listed=listed, sql=sql)
        with self._look_back(asked) as then:
            return self._count(then, history, listed=listed, sql=sql)

    def _look_back(self, day: date) -> AbstractContextManager[RuleContext]:
        return look_back(self._db, self._context, window_of(self._settings), day, self._needed)

    def _history(self, days: Sequence[date]) -> list[Point]:
        points: list[Point] = []
        before: set[int] | None = None
        began = time.monotonic()
        with watching(self._settings.name) as onlooker:
            for each in days:
                with self._look_back(each) as then:
                    rows = self._rows(then)
                now = {row["person"] for row in rows}
                points.append(_point(each, rows, now, before))
                before = now
                if time.monotonic() - began > SLOW:
                    onlooker.step("days worked out", len(points), len(days))
        return points

    def _count(self, context: RuleContext, history: list[Point], *, listed: bool, sql: bool) -> Tried:
        rows = self._rows(context)
        return Tried(
            shop=self._settings.name,
            currency=context.currency,
            as_of=context.today if context.today < self._context.today else None,
            members=len(rows),
            people=self._db.value(
                "SELECT count(*) FROM facts JOIN people AS p USING (person)"
                " WHERE facts.shop = ? AND p.excluded IS NULL",
                (context.shop,),
            ),
            spent=sum(row["spent"] for row in rows),
            sql=membership(self._tried, context)[0] if sql else None,
            sample=[_member(row) for row in rows] if listed else [],
            history=history,
            notes=[*self._notes(context, has_past=bool(history))],
        )

    def _rows(self, context: RuleContext) -> Sequence[sqlite3.Row]:
        condition, parameters = membership(self._tried, context)
        return self._db.rows(
            "SELECT f.person, c.id, coalesce(c.email, p.email_key) AS email, f.orders, f.spent, f.last_day"
            " FROM facts AS f JOIN people AS p ON p.person = f.person"
            " LEFT JOIN customers AS c ON c.customer = p.customer"
            f" WHERE f.shop = :shop__ AND {condition} ORDER BY f.spent DESC, f.tie",
            parameters,
        )

    def _notes(self, context: RuleContext, *, has_past: bool) -> Iterator[str]:
        if has_past or context.today < self._context.today:
            yield HOW
        for text, condition in {each.text: each for each in explain(self._tried.rule, context)}.items():
            if condition.operator is not Operator.NULL and self._is_unknown_of_all(condition, context):
                yield f"Nobody in {self._settings.name} has a value for this: {text}"

    def _is_unknown_of_all(self, condition: Condition, context: RuleContext) -> bool:
        """A platform may not give something, or nobody may have it; zero people would look like an answer."""
        return not self._db.value(
            "SELECT EXISTS (SELECT 1 FROM facts AS f JOIN people AS p ON p.person = f.person"
            " LEFT JOIN customers AS c ON c.customer = p.customer"
            f" WHERE f.shop = :shop__ AND p.excluded IS NULL AND ({condition.value}) IS NOT NULL)",
            dict(condition.parameters) | {"shop__": context.shop},
        )


def _point(day: date, rows: Sequence[sqlite3.Row], now: set[int], before: set[int] | None) -> Point:
    return Point(
        day=day,
        members=len(now),
        entered=None if before is None else len(now - before),
        left=None if before is None else len(before - now),
        spent=sum(row["spent"] for row in rows),
    )


def _member(row: sqlite3.Row) -> dict[str, object]:
    return {
        "customer": row["id"],
        "email": row["email"],
        "orders": row["orders"],
        "spent": row["spent"],
        "last_order": None if row["last_day"] is None else date.fromordinal(row["last_day"]).isoformat(),
    }


def _show(found: Tried) -> None:
    show(
        f"{found.shop}{f' as of {day(found.as_of)}' if found.as_of else ''}:"
        f" {number(found.members)} of {people(found.people)}"
        f" ({share(found.members, found.people)}), {money(found.spent, found.currency)} spent"
    )
    if found.sql:
        show(found.sql)
    if found.sample:
        _show_members(found)
    if found.history:
        _show_history(found)
    for note in found.notes:
        say(note)


def _show_members(found: Tried) -> None:
    show_table(
        ["Customer", "E-mail", "Orders", "Spent", "Last order"],
        [
            (
                each["customer"] or "(guest)",
                each["email"],
                each["orders"],
                money(int(str(each["spent"])), found.currency),
                each["last_order"] or day(None),
            )
            for each in found.sample[:SHOWN]
        ],
        right={"Spent"},
    )
    if len(found.sample) > SHOWN:
        say(f"… and {number(len(found.sample) - SHOWN)} more (--json lists them).")


def _show_history(found: Tried) -> None:
    drawn = bars([each.members for each in found.history])
    show_table(
        ["On", "Members", "Entered", "Left", "Spent until then", ""],
        [
            (
                each.day.isoformat(),
                each.members,
                each.entered,
                each.left,
                money(each.spent, found.currency),
                bar,
            )
            for each, bar in zip(found.history, drawn, strict=True)
        ],
        right={"Spent until then"},
    )
