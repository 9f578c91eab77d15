"""Why somebody is in a group or not: the rule's own compiled conditions, asked of one person."""

from datetime import date

import msgspec

from connector.database import Database, moment
from connector.groups import Definition, is_named
from connector.money import money_text
from connector.rules import ATTRIBUTES, Condition, Operator, RuleContext, Type, explain

# What would have to change, for comparisons that people can add up in their head.
_WANTS_MORE = {Operator.MORE, Operator.AT_LEAST, Operator.EQUAL, Operator.BETWEEN}


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
        return money_text(round(value), context.currency)
    if type_ is Type.DAY and isinstance(value, int):
        return date.fromordinal(value).isoformat()
    if type_ is Type.MOMENT and isinstance(value, int):
        return moment(value).date().isoformat()
    if type_ is Type.TRUTH:
        return "true" if value else "false"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _missing(
    db: Database, person: int, value: object, condition: Condition, context: RuleContext
) -> str | None:
    """How much is missing to a lower bound, in the unit that people use."""
    if condition.turned or condition.operator not in _WANTS_MORE or not condition.thresholds:
        return None
    if condition.value == ATTRIBUTES["abc_class"].sql:
        return _missing_to_class(db, person, str(condition.thresholds[0]), context)
    threshold = condition.thresholds[0]
    if not isinstance(threshold, int) or condition.type not in {Type.NUMBER, Type.MONEY}:
        return None
    have = value if isinstance(value, int) else 0
    needed = threshold - have + (condition.operator is Operator.MORE)
    if needed <= 0:
        return None
    if condition.type is Type.MONEY:
        return f"{money_text(needed, context.currency)} more"
    return f"{needed} more"


def _missing_to_class(db: Database, person: int, wanted: str, context: RuleContext) -> str | None:
    """What to spend so as to pass the last one of the class; the limit moves with what others spend."""
    row = db.row(
        "SELECT q.value - f.window_value + (f.tie > q.tie) AS needed FROM abc_cuts AS q, facts AS f"
        " WHERE q.shop = f.shop AND q.name = ? AND f.person = ? AND q.reached > 0",
        (wanted.lower(), person),
    )
    return f"{money_text(row['needed'], context.currency)} more" if row and row["needed"] > 0 else None


def _instead(db: Database, person: int, definition: Definition, context: RuleContext) -> str | None:
    row = db.row(
        "SELECT p.excluded, f.unknown FROM people AS p JOIN facts AS f USING (person) WHERE person = ?",
        (person,),
    )
    if row is not None and row["excluded"]:
        return f"left out by your config ({row['excluded']})"
    earlier = _earlier(db, person, definition, context.shop)
    if earlier is not None:
        return earlier
    named = _by_name(db, person, definition, context.shop)
    if named is not None:
        return named
    if row is not None and row["unknown"] and definition.needs.lifetime:
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
