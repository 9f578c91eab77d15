"""A rule in words, for whoever does not read rules."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import msgspec
from markupsafe import Markup

from connector.language import _, day, language, mark, money, number, percent
from connector.language import numbered as _n
from connector.money import minor_units
from connector.rules import Operator, Rule, Type
from connector.rules.checked import Check, Joined, Leaf, Opposite, Tree, Value
from connector.rules.dates import Named, Offset
from connector.rules.functions import ANNIVERSARY, IN_GROUP, LADDER


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A condition, or several of which all (`every`) or one must hold.

    `text` is the rule's own, where there are no words for it.
    """

    said: Markup | None = None
    text: str | None = None
    every: bool = True
    turned: bool = False  #: none of the parts may hold
    parts: tuple["Words", ...] = ()


_NAMES = {
    "amount_spent": mark("Spent in all"),
    "average_order_value": mark("Average order value"),
    "abc_class": mark("ABC class"),
    "birthday": mark("Birthday"),
    "companies": mark("Company"),
    "customer_account_status": mark("Customer account"),
    "customer_added_date": mark("Known to the shop"),
    "customer_cities": mark("City"),
    "customer_countries": mark("Country"),
    "customer_email_domain": mark("Domain of the e-mail address"),
    "customer_group": mark("Customer group in the shop"),
    "customer_language": mark("Language"),
    "customer_regions": mark("Region"),
    "customer_tags": mark("Tags in the shop"),
    "days_between_orders": mark("Days between orders on average"),
    "discounted_order_share": mark("Share of orders with a code"),
    "email_subscription_status": mark("Consent to e-mails"),
    "first_order_date": mark("First order"),
    "first_order_days_to_ship": mark("Days until the first order was shipped"),
    "gender": mark("Gender"),
    "guest": mark("Orders as a guest only"),
    "has_open_return": mark("A return is on its way"),
    "last_order_cancelled": mark("Last order was cancelled"),
    "last_order_date": mark("Last order"),
    "lifecycle": mark("Lifecycle"),
    "number_of_orders": mark("Number of orders"),
    "refund_rate": mark("Share of money refunded"),
    "rfm_frequency": mark("Frequency score"),
    "rfm_monetary": mark("Money score"),
    "rfm_recency": mark("Recency score"),
    "sk_rfm_group": mark("RFM group"),
    "sms_subscription_status": mark("Consent to text messages"),
}
_SHARES = {"discounted_order_share", "refund_rate"}

_AMOUNTS = {
    Operator.EQUAL: mark("%(what)s: exactly %(value)s"),
    Operator.UNEQUAL: mark("%(what)s: not %(value)s"),
    Operator.LESS: mark("%(what)s: less than %(value)s"),
    Operator.AT_MOST: mark("%(what)s: at most %(value)s"),
    Operator.MORE: mark("%(what)s: more than %(value)s"),
    Operator.AT_LEAST: mark("%(what)s: at least %(value)s"),
    Operator.BETWEEN: mark("%(what)s: from %(value)s to %(last)s"),
    Operator.IN: mark("%(what)s: one of %(value)s"),
}
_DAYS = {
    Operator.EQUAL: mark("%(what)s: %(value)s"),
    Operator.UNEQUAL: mark("%(what)s: not %(value)s"),
    Operator.LESS: mark("%(what)s: before %(value)s"),
    Operator.AT_MOST: mark("%(what)s: up to %(value)s"),
    Operator.MORE: mark("%(what)s: after %(value)s"),
    Operator.AT_LEAST: mark("%(what)s: since %(value)s"),
    Operator.BETWEEN: mark("%(what)s: from %(value)s to %(last)s"),
    Operator.IN: mark("%(what)s: one of %(value)s"),
}
_TEXTS = {
    Operator.EQUAL: mark("%(what)s: %(value)s"),
    Operator.UNEQUAL: mark("%(what)s: not %(value)s"),
    Operator.IN: mark("%(what)s: one of %(value)s"),
    Operator.CONTAINS: mark("%(what)s: with %(value)s"),
    Operator.STARTS: mark("%(what)s: begins with %(value)s"),
    Operator.ENDS: mark("%(what)s: ends with %(value)s"),
}
_NAMED = {
    "today": mark("today"),
    "yesterday": mark("yesterday"),
    "this_calendar_month": mark("this month"),
    "last_calendar_month": mark("last month"),
    "this_calendar_year": mark("this year"),
    "last_calendar_year": mark("last year"),
}
_SPANS: dict[str, Callable[[int], Markup]] = {
    "d": lambda n: _n("%(n)s day", "%(n)s days", n),
    "w": lambda n: _n("%(n)s week", "%(n)s weeks", n),
    "m": lambda n: _n("%(n)s month", "%(n)s months", n),
    "y": lambda n: _n("%(n)s year", "%(n)s years", n),
}
#: Of a day so long ago.
_AGO = {
    Operator.EQUAL: mark("%(what)s: exactly %(span)s ago"),
    Operator.UNEQUAL: mark("%(what)s: not %(span)s ago"),
    Operator.LESS: mark("%(what)s: more than %(span)s ago"),
    Operator.AT_MOST: mark("%(what)s: at least %(span)s ago"),
    Operator.MORE: mark("%(what)s: less than %(span)s ago"),
    Operator.AT_LEAST: mark("%(what)s: at most %(span)s ago"),
}


def in_words(rule: Rule, currency: str) -> Words:
    """The whole rule, its conditions joined as in the rule."""
    return _tree(rule.tree, currency)


def _tree(tree: Tree, currency: str) -> Words:
    match tree:
        case Joined():
            return Words(every=tree.every, parts=tuple(_tree(part, currency) for part in tree.parts))
        case Opposite():
            return Words(turned=True, parts=(_tree(tree.part, currency),))
        case Leaf():
            said = _leaf(tree, currency)
            return Words(said=said, text=None if said else tree.text)


def _leaf(leaf: Leaf, currency: str) -> Markup | None:
    if leaf.call in {IN_GROUP, LADDER}:
        if leaf.check is not None:
            return None
        if leaf.negated:
            return _("Not in the group %(name)s", name=leaf.name)
        return _("In the group %(name)s", name=leaf.name)
    if leaf.call == ANNIVERSARY or leaf.function or leaf.check is None or leaf.negated:
        return None
    return _check(leaf.check, currency)


def _check(check: Check, currency: str) -> Markup | None:
    name = _NAMES.get(check.column.name)
    if name is None:
        return None
    what = _(name)
    if check.operator is Operator.NULL:
        return _("%(what)s: known", what=what) if check.negated else _("%(what)s: unknown", what=what)
    if check.negated:
        return None
    if check.column.type is Type.TRUTH:
        is_so = bool(check.values[0]) == (check.operator is Operator.EQUAL)
        return _("%(what)s: yes", what=what) if is_so else _("%(what)s: no", what=what)
    first = check.values[0]
    if isinstance(first, Offset) and first.amount < 0 and check.operator in _AGO:
        return _(_AGO[check.operator], what=what, span=_span(first))
    pattern = _forms(check.column.type).get(check.operator)
    if pattern is None:
        return None
    shown = [_value(each, check, currency) for each in check.values]
    if check.operator is Operator.BETWEEN:
        return _(pattern, what=what, value=shown[0], last=shown[1])
    return _(pattern, what=what, value=", ".join(shown))


def _span(value: Offset) -> Markup:
    return _SPANS[value.unit](abs(value.amount))


def _forms(type_: Type) -> dict[Operator, str]:
    if type_ in {Type.DAY, Type.MOMENT}:
        return _DAYS
    return _TEXTS if type_ in {Type.TEXT, Type.CHOICE, Type.LIST} else _AMOUNTS


def _value(value: Value, check: Check, currency: str) -> str:
    match value:
        case Offset():
            if value.amount == 0:
                return str(_("today"))
            return str(
                _("%(span)s ago", span=_span(value))
                if value.amount < 0
                else _("in %(span)s", span=_span(value))
            )
        case Named():
            return str(_(_NAMED.get(value.name, value.name)))
        case datetime():
            return day(value.date())
        case date():
            return day(value)
        case int() | Decimal():
            return _amount(value, check, currency)
        case _:
            return f"„{value}“" if language() == "de" else f"“{value}”"


def _amount(value: int | Decimal, check: Check, currency: str) -> str:
    if check.column.type in {Type.MONEY, Type.MONEY_RATIO}:
        return money(minor_units(value, currency), currency)
    if check.column.name in _SHARES:
        return percent(float(value), 0)
    return number(value, 0 if value == int(value) else 1)
