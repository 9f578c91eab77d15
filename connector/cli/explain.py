"""Rules, tried and explained."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

import click
import msgspec

from connector import mirror
from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.look import people_called
from connector.cli.output import day, money, number, say, share, show, show_json, show_table
from connector.config import ShopConfig, nearest
from connector.database import Database
from connector.errors import ConfigError, StammkundeError
from connector.explain import Verdict, explain_membership
from connector.groups import Definition
from connector.rules import RuleContext, RuleError, compile_rule, parse
from connector.shop import definitions_of, rule_context

# Members listed before the rest is only counted.
SHOWN = 20


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Verdicts on one person in one shop."""

    shop: str
    person: str
    verdicts: list[Verdict]


@click.command()
@click.argument("customer", metavar="ID|EMAIL")
@click.argument("group", required=False)
@click.option("--shop", help="Look in this shop only.")
@json_option
@pass_installation
def why(
    installation: Installation, customer: str, group: str | None, shop: str | None, as_json: bool
) -> None:
    """Explain why a customer is in GROUP, or not; without GROUP, in each of them.

    Every condition of the rule is shown with the customer's value. `stammkunde customer` shows which orders
    count. Groups are as of the last pull, ladder steps are named 'ladder/step'.
    """
    found = []
    for settings in installation.shops((shop,) if shop else ()):
        context = _context(installation, settings)
        definitions = _chosen(installation, settings, group)
        for person in people_called(installation.database, context.shop, customer):
            verdicts = [
                explain_membership(installation.database, person, each, context) for each in definitions
            ]
            found.append(Why(shop=settings.name, person=customer, verdicts=verdicts))
    if not found:
        raise StammkundeError(f"No customer '{customer}' in the mirror. `stammkunde pull` reads them.")
    if as_json:
        show_json(found)
        return
    for each in found:
        _tell(each)


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
        what = "is in" if verdict.member else "is not in"
        show(f"\n{found.shop}: {found.person} {what} {verdict.group}")
        if verdict.instead:
            show(f"  {verdict.instead}")
        show_table(
            ["Condition", "This customer", "True", "Missing"],
            [
                (each.condition, each.value, "yes" if each.passes else "no", each.missing)
                for each in verdict.answers
            ],
        )


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a rule would take in one shop. `spent` in minor units."""

    shop: str
    currency: str
    members: int
    people: int
    spent: int
    sql: str | None
    sample: list[dict[str, object]]


@click.command()
@click.argument("text", metavar="RULE")
@shops_argument
@click.option("--list", "listed", is_flag=True, help="List the members.")
@click.option("--sql", is_flag=True, help="Show what the rule becomes.")
@json_option
@pass_installation
def rule(
    installation: Installation, text: str, shops: tuple[str, ...], listed: bool, sql: bool, as_json: bool
) -> None:
    """Check and count a rule against what was pulled, without putting it into the config.

    \b
    stammkunde rule "amount_spent > 500 AND last_order_date >= -1y" --list
    """
    try:
        parse(text)
    except RuleError as error:
        raise ConfigError(error.pretty()) from None
    found = [_try(installation, settings, text, listed, sql) for settings in installation.shops(shops)]
    if as_json:
        show_json(found)
        return
    for each in found:
        _show(each)


def _try(installation: Installation, settings: ShopConfig, text: str, listed: bool, sql: bool) -> Tried:
    db, context = installation.database, _context(installation, settings)
    definition = Definition(name="", rule=parse(text))
    compiled = compile_rule(definition.rule, context)
    rows = _members(db, context.shop, compiled.sql, dict(compiled.parameters))
    return Tried(
        shop=settings.name,
        currency=context.currency,
        members=len(rows),
        people=db.value(
            "SELECT count(*) FROM facts JOIN people AS p USING (person)"
            " WHERE facts.shop = ? AND p.excluded IS NULL",
            (context.shop,),
        ),
        spent=sum(row["spent"] for row in rows),
        sql=compiled.sql if sql else None,
        sample=[_member(row) for row in rows] if listed else [],
    )


def _members(db: Database, shop: int, condition: str, parameters: dict[str, object]) -> Sequence[sqlite3.Row]:
    return db.rows(
        "SELECT c.id, coalesce(c.email, p.email_key) AS email, f.orders, f.spent, f.last_day"
        " FROM facts AS f JOIN people AS p ON p.person = f.person"
        " LEFT JOIN customers AS c ON c.customer = p.customer"
        f" WHERE f.shop = :shop__ AND p.excluded IS NULL AND ({condition})"
        " ORDER BY f.spent DESC, f.tie",
        parameters | {"shop__": shop},
    )


def _member(row: sqlite3.Row) -> dict[str, object]:
    return {
        "customer": row["id"],
        "email": row["email"],
        "orders": row["orders"],
        "spent": row["spent"],
        "last_order": None
        if row["last_day"] is None
        else datetime.fromordinal(row["last_day"]).date().isoformat(),
    }


def _show(found: Tried) -> None:
    show(
        f"{found.shop}: {number(found.members)} of {number(found.people)} people"
        f" ({share(found.members, found.people)}), {money(found.spent, found.currency)} spent"
    )
    if found.sql:
        show(found.sql)
    if found.sample:
        shown = found.sample[:SHOWN]
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
                for each in shown
            ],
            right={"Spent"},
        )
        if len(found.sample) > SHOWN:
            say(f"… and {number(len(found.sample) - SHOWN)} more (--json lists them).")
