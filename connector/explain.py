"""Why somebody is in a group or not: the rule's own compiled conditions, asked of one person."""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

import msgspec

from connector.database import Database, moment
from connector.groups import Definition, is_named
from connector.money import decimals, money_text
from connector.rules import ATTRIBUTES, Condition, Operator, RuleContext, Type, explain


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One condition with this person's value. `missing` says in words what would make it true, if we know."""

    condition: str
    value: str
    passes: bool
    missing: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A group and one person: a member or not, and each condition of its rule.

    `instead` explains a membership that the conditions do not: an earlier ladder step, a list of names, or
    that the whole shop leaves the person out.
    """

    group: str
    member: bool
    answers: list[Answer]
    instead: str | None = None


def explain_membership(db: Database, person: int, definition: Definition, context: RuleContext) -> Verdict:
    """What each condition of a group's rule finds in one person, as of the day in `context`."""
    member = db.value(
        "SELECT count(*) FROM members JOIN groups USING (grp) WHERE shop = ? AND name = ? AND person = ?",
        (context.shop, definition.name, person),
    )
    answers = [_answer(db, person, each, context) for each in explain(definition.rule, context)]
    return Verdict(
        group=definition.name,
        member=bool(member),
        answers=answers,
        instead=_instead(db, person, definition, context),
    )


def _answer(db: Database, person: int, condition: Condition, context: RuleContext) -> Answer:
    row = db.row(
        f"SELECT ({condition.value}) AS value, ({condition.result}) AS result FROM facts AS f"
        " JOIN people AS p ON p.person = f.person LEFT JOIN customers AS c ON c.customer = p.customer"
        " WHERE f.person = :person__",
        dict(condition.parameters) | {"person__": person},
    )
    value, result = (row["value"], bool(row["result"])) if row else (None, False)
    passes = result != condition.turned
    return Answer(
        condition=f"NOT {condition.text}" if condition.turned else condition.text,
        value=_shown(value, condition.type, context),
        passes=passes,
        missing=None if passes else _missing(db, person, value, condition, context),
    )


def _shown(value: object, type_: Type, context: RuleContext) -> str:
    if value is None:
        return "none"
    if type_ is Type.MONEY and isinstance(value, int):
        return money_text(value, context.currency)
    if type_ is Type.MONEY_RATIO and isinstance(value, int | float):
        return _average(value, context.currency)
    if type_ is Type.DAY and isinstance(value, int):
        return date.fromordinal(value).isoformat()
    if type_ is Type.MOMENT and isinstance(value, int):
        return moment(value).astimezone(ZoneInfo(context.time_zone)).date().isoformat()
    if type_ is Type.TRUTH:
        return "true" if value else "false"
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _average(value: float, currency: str) -> str:
    """With parts of a cent, where they decide: 33.335 is less than 33.34."""
    if value == round(value):
        return money_text(round(value), currency)
    places = decimals(currency)
    return f"{value / 10**places:,.{places + 2}f} {currency}"


def _missing(
    db: Database, person: int, value: object, condition: Condition, context: RuleContext
) -> str | None:
    """What would make it true, if one more order or so much more money would: no less does."""
    if condition.turned:
        return None
    if condition.value == ATTRIBUTES["abc_class"].sql and condition.operator is Operator.EQUAL:
        needed = _missing_to_class(db, person, str(condition.thresholds[0]), context.shop)
        return None if needed is None else f"{money_text(needed, context.currency)} more"
    least = _least(condition) if condition.grows else None
    have = value if isinstance(value, int) else 0
    if least is None or least <= have:
        return None
    if condition.type is Type.MONEY:
        return f"{money_text(least - have, context.currency)} more"
    return f"{least - have:,} more"


def _least(condition: Condition) -> int | None:
    """The smallest value of which a comparison is true, if more only helps up to there."""
    bounds = [Decimal(each) for each in condition.thresholds]
    match condition.operator:
        case Operator.MORE:
            return int(bounds[0].to_integral_value(ROUND_FLOOR)) + 1
        case Operator.AT_LEAST:
            return int(bounds[0].to_integral_value(ROUND_CEILING))
        case Operator.EQUAL | Operator.BETWEEN:
            least = int(bounds[0].to_integral_value(ROUND_CEILING))
            return least if least <= bounds[-1] else None
        case _:
            return None


def _missing_to_class(db: Database, person: int, wanted: str, shop: int) -> int | None:
    """The least to spend so as to enter an ABC class, or None where nothing leads into it.

    It is always to overtake somebody, as the share of oneself grows more than what all spent together. Whom,
    stands beside the last one of the class: the next one behind, or that one, or rarely one before.
    """
    own = db.row("SELECT window_value AS value, tie FROM facts WHERE person = ?", (person,))
    cuts = {row["name"].upper(): row for row in db.rows("SELECT * FROM abc_cuts WHERE shop = ?", (shop,))}
    if own is None or wanted not in cuts:
        return None
    rest = cuts["A"]["total"] - max(own["value"], 0)
    if rest == 0:
        return 1 - own["value"] if wanted == "A" else None
    for value in _overtaking(db, shop, own, cuts[wanted]):
        reached = _class_with(db, shop, own["tie"], value, rest, cuts)
        if reached <= wanted:
            return value - own["value"] if reached == wanted else None
    return None


_OTHERS = "facts WHERE shop = :shop AND window_orders > 0 AND window_value > 0"


def _overtaking(db: Database, shop: int, own: sqlite3.Row, cut: sqlite3.Row) -> Iterator[int]:
    """The values by which one overtakes those around a cut point, the least first."""
    values = {"shop": shop, "own": own["tie"], "value": cut["value"], "tie": cut["tie"]}
    behind = db.rows(
        f"SELECT window_value, tie FROM {_OTHERS} AND tie <> :own AND window_value <= :value"
        " AND (window_value < :value OR tie > :tie) ORDER BY window_value DESC, tie LIMIT 1",
        values,
    )
    before = db.rows(
        f"SELECT window_value, tie FROM {_OTHERS} AND tie <> :own AND window_value >= :value"
        " AND (window_value > :value OR tie <= :tie) ORDER BY window_value, tie DESC LIMIT 5",
        values,
    )
    for row in (*behind, *before):
        value = row["window_value"] + (row["tie"] < own["tie"])
        if value > own["value"]:
            yield value


def _class_with(
    db: Database, shop: int, tie: str, value: int, rest: int, cuts: Mapping[str, sqlite3.Row]
) -> str:
    """The class of somebody with this value, when all others spent `rest` together."""
    above = db.value(
        f"SELECT coalesce(sum(window_value), 0) FROM {_OTHERS}"
        " AND window_value >= :value AND (window_value > :value OR tie < :tie)",
        {"shop": shop, "value": value, "tie": tie},
    )
    if above == 0:
        return "A"
    reached, total = above + value, rest + value
    return next((name for name in "AB" if reached * 10_000 <= cuts[name]["share"] * total), "C")


def _instead(db: Database, person: int, definition: Definition, context: RuleContext) -> str | None:
    row = db.row(
        "SELECT p.excluded, f.unknown FROM people AS p JOIN facts AS f USING (person) WHERE person = ?",
        (person,),
    )
    if row is None:
        return f"no customer yet on {context.today}"
    if row["excluded"]:
        return f"left out by your config ({row['excluded']})"
    earlier = _earlier(db, person, definition, context.shop)
    if earlier is not None:
        return earlier
    named = _by_name(db, person, definition, context.shop)
    if named is not None:
        return named
    if row["unknown"] and definition.needs.lifetime:
        return "unknown: the shop counts more orders of this customer than it shows us"
    return None


def _earlier(db: Database, person: int, definition: Definition, shop: int) -> str | None:
    for step in definition.after:
        if db.value(
            "SELECT count(*) FROM members JOIN groups USING (grp) WHERE shop = ? AND name = ? AND person = ?",
            (shop, step, person),
        ):
            return f"already in {step}, which comes first"
    return None


def _by_name(db: Database, person: int, definition: Definition, shop: int) -> str | None:
    """Whether the owner's lists decide, rather than the rule."""
    if is_named(db, shop, person, definition.exclude):
        return "kept out by name: on the group's exclude list in your config"
    if is_named(db, shop, person, definition.include):
        return "put in by name: on the group's include list in your config"
    return None
