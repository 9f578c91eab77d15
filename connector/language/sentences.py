"""Sentences that come from deeper down, where there is one language only, put into the reader's.

Each is known here by its pattern; what stands in its places is taken over as it is. A sentence that is not
known is shown as it came.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

from markupsafe import Markup, escape

from connector.language import _ as translated
from connector.language import commands, fact, mark, moment

_PATTERNS = (
    # why somebody is in a group or not: connector.explain
    mark("%(count)s more"),
    mark("left out by your config (%(why)s)"),
    mark("tag %(tag)s"),
    mark("customer group %(group)s"),
    mark("e-mail domain %(domain)s"),
    mark("already in %(step)s, which comes first"),
    mark("kept out by name: on the group's exclude list in your config"),
    mark("put in by name: on the group's include list in your config"),
    mark("no customer yet on %(day)s"),
    mark("unknown: the shop counts more orders of this customer than it shows us"),
    # a code, and why it fails: connector.support
    mark("campaign %(name)s, round %(round)s"),
    mark("campaign %(name)s, round %(round)s, in place of %(code)s"),
    mark("campaign %(name)s, round %(round)s, for a friend's order (%(order)s)"),
    mark("only for this customer, logged in"),
    mark("only with the address %(email)s"),
    mark("from goods of %(minimum)s on"),
    mark("only for the products %(names)s"),
    mark("only in %(names)s"),
    mark("not for %(names)s"),
    mark("not for reduced goods"),
    mark("not together with other codes, where the shop can tell"),
    mark("only for new customers"),
    mark("its terms stand in the shop only: it was taken over from there"),
    mark("it was redeemed with order %(order)s"),
    mark("order %(order)s carries it and is neither paid nor shipped yet"),
    mark("it was disabled"),
    mark("order %(order)s used it up and came to nothing: a new code follows"),
    mark("the shop has not answered yet whether it made it"),
    mark("the shop did not have it as active when it was last read"),
    # why a change was planned: connector.plan
    mark("in %(group)s"),
    mark("campaign %(name)s"),
    mark("no longer %(tag)s"),
    mark("undo %(run)s"),
    mark("%(campaign)s: in place of %(code)s"),
    mark("%(campaign)s: extended by hand"),
    mark("campaign stopped"),
    mark("the code %(code)s was not made"),
    # what stands against a push: connector.sync, connector.plan, connector.groups
    mark("%(group)s is not pushed: %(why)s."),
    mark("it could not be worked out (%(why)s)"),
    mark("its tag %(tag)s has %(count)s characters, and the shop keeps at most %(limit)s"),
    mark("it depends on a customer's whole history, and the shop shows orders only since %(day)s"),
    mark("it looks %(days)s days back, and the shop shows orders only since %(day)s"),
    mark("it looks back to %(first)s, and the shop shows orders only since %(day)s"),
    mark("it depends on a customer's whole history, and %(shop)s shows orders only since %(day)s"),
    mark("it looks %(days)s days back, and %(shop)s shows orders only since %(day)s"),
    mark("it looks back to %(first)s, and %(shop)s shows orders only since %(day)s"),
    mark("Campaign %(name)s issues nothing: %(why)s."),
    mark("it was stopped. `stammkunde campaign start %(name)s` lets it go on"),
    mark(
        "Campaign %(name)s: no code for 1 person for now, as the shop refused it (%(error)s)."
        " It is tried again, less and less often."
    ),
    mark(
        "Campaign %(name)s: no code for %(count)s people for now, as the shop refused it (%(error)s)."
        " It is tried again, less and less often."
    ),
    mark(
        "Campaign %(name)s: it has given no code yet, and %(gone)s, which has given %(count)s codes, is not"
        " in the config any more. If it is the same under another name, give it back the old one: else"
        " everybody can get another code."
    ),
    mark(
        "Campaigns that are not in the config: %(names)s. What their codes, taken over from the shop, are"
        " worth is not known, and no budget counts it."
    ),
    mark(
        "%(shop)s: the shop was never read to the end, so there is no plan."
        " Run `stammkunde pull %(name)s` first."
    ),
    mark(
        "1 tag in the shop begins with %(prefix)s and is not from us."
        " `stammkunde adopt %(shop)s` takes it over; or choose another tag_prefix."
    ),
    mark(
        "%(count)s tags in the shop begin with %(prefix)s and are not from us."
        " `stammkunde adopt %(shop)s` takes them over; or choose another tag_prefix."
    ),
    mark("Pushing to %(shop)s is held: %(why)s. `stammkunde resume %(name)s` lets it go on."),
    mark(
        "Pushing to %(shop)s is off. Nothing was pushed. When the plan looks right, set push = true"
        " under [shops.%(name)s] in %(file)s."
    ),
    mark("This would be the first push to %(shop)s."),
    mark("%(shop)s: %(count)s of %(all)s people would gain a tag (limit %(limit)s)."),
    mark("%(shop)s: %(count)s of %(all)s customers who carry our tags would lose a tag (limit %(limit)s)."),
    mark("%(shop)s: 1 new coupon (limit %(limit)s)."),
    mark("%(shop)s: %(count)s new coupons (limit %(limit)s)."),
    mark("%(shop)s: new coupons worth %(value)s (limit %(limit)s)."),
    mark("%(group)s had 1 member, %(entered)s entered and %(left)s left (limit %(limit)s)."),
    mark("%(group)s had 1 member, %(entered)s entered and %(left)s left (limit %(limit)s)"),
    mark("%(group)s had %(before)s members, %(entered)s entered and %(left)s left (limit %(limit)s)."),
    mark("%(group)s had %(before)s members, %(entered)s entered and %(left)s left (limit %(limit)s)"),
    mark("%(run)s was undone"),
    mark("Nothing is known about %(shop)s yet. Run `stammkunde pull %(name)s` first."),
    mark(
        "%(shop)s: campaign %(name)s would be over its budget, or all of them over theirs."
        " Nothing was pushed."
    ),
    mark("The key file %(path)s is missing. Restore it from the backup: another key makes other codes."),
    mark("%(path)s is not the key file this database was used with. Restore that one first."),
    mark("Groups refer to each other in a loop: %(groups)s."),
    mark("%(name)s is in use by %(holder)s. Wait for it to end, or give --wait SECONDS."),
    mark("Something else runs for this shop. Wait for it to end."),
    mark("%(count)s refused"),
    mark("It was stopped. The next push settles what is left."),
    mark("This is a defect in Stammkunde (%(what)s). Please report it."),
    # what an undo leaves: connector.push
    mark("customer %(id)s was deleted in the shop"),
    mark("customer %(id)s: a tag was changed in the shop since"),
    mark("code %(code)s: %(why)s"),
    mark("it was revoked before"),
    # budgets and terms: connector.campaigns
    mark("%(what)s: the budget is used up, nothing more is issued (%(line)s)."),
    mark("%(what)s: %(share)s %% of the budget is used (%(line)s)."),
    mark("Campaign %(name)s"),
    mark("only the customer can use a code"),
    mark("whoever has a code can use it, once"),
    mark("only an order with the customer's e-mail address can use a code"),
    mark("nobody in %(groups)s gets it, as an amount with tax means another sum there"),
    mark("the shop cannot make shipping free by a code"),
    mark("the shop cannot ask for a minimum order"),
    mark("the shop cannot keep a code to some products"),
    mark("the shop cannot keep a code to some categories"),
    mark("the shop cannot leave categories out of a code (exclude_categories)"),
    mark("the shop cannot leave reduced goods out (sale_items = false)"),
    mark("the shop cannot let a code work beside others (combinable)"),
    mark("the shop cannot make a code work alone only (combinable = false)"),
    mark("the shop cannot keep a code to new customers"),
    mark("the shop cannot show a title in several languages (titles)"),
    mark("the shop cannot keep %(one)s and %(other)s together in one code"),
    mark("the shop cannot tie a code to a customer"),
    mark("the shop cannot tie a code to a customer by e-mail"),
    mark("the shop cannot tie a code to a group"),
    mark("the shop allows no %(signs)s in a title (%(option)s)"),
    mark("the shop takes one code per order (combinable)"),
    mark("the shop stores no values with a customer (deliver)"),
    mark("the shop has no product %(names)s"),
    mark("no product of the shop is in a category '%(name)s'"),
    mark("%(used)s of %(limit)s codes"),
    mark("%(used)s of %(limit)s in open codes"),
    mark("%(used)s of %(limit)s redeemed"),
    mark("it works for reduced goods too, as the shop cannot leave them out"),
    mark("it works beside other codes, as the shop cannot refuse that"),
    # what is wrong with a rule: connector.rules
    mark("There is no attribute '%(name)s'."),
    mark("There is no group '%(name)s'."),
    mark("There is no ladder '%(name)s'."),
    mark("'%(name)s' exists in Shopify's language, but %(reason)s."),
    mark("The parameter '%(name)s' exists in Shopify's language, but %(reason)s."),
    mark("%(name)s has no brackets."),
    mark("%(name)s is not compared with anything."),
    mark("%(name)s is a question."),
    mark("%(name)s is written like this: %(example)s."),
    mark("%(name)s has no parameter '%(parameter)s'."),
    mark("A parameter of %(name)s has a name."),
    mark("%(name)s has its parameters twice."),
    mark("%(operator)s has one value; several stand behind IN."),
    mark("%(operator)s needs at least one letter."),
    mark("%(name)s is compared with %(wanted)s; this is a %(form)s."),
    mark("%(name)s is a whole number, without a decimal point."),
    mark("%(name)s is never '%(value)s'."),
    mark("This text has no closing quote."),
    mark("'%(sign)s' has no meaning here."),
    mark("'%(word)s' is not a date: dates are written like 2026-01-31."),
    mark("'%(word)s' is not a date."),
    mark("'%(word)s' is neither a number, such as 499.90, nor a date, such as 2026-01-31 or -90d."),
    mark("The rule ends too early: %(expected)s is missing."),
    mark("'%(word)s' cannot stand here; expected is %(expected)s."),
    mark("The rule is empty. A rule is a condition, such as number_of_orders > 3."),
    mark("A rule has at most %(most)s characters; this one has %(count)s."),
    mark("A rule has at most %(most)s conditions; this has %(count)s."),
    mark("Brackets and NOT go at most %(most)s deep; here they go %(depth)s."),
    mark("This number is too large."),
    mark("'%(word)s' is written %(mend)s."),
    mark("'%(word)s' could be %(one)s or %(other)s. Write one of these."),
    mark("%(name)s goes from 0 to 1: %(word)s %% is written %(mend)s."),
    mark("A date has a day: %(word)s begins with %(mend)s."),
    mark("%(word)s is not a day and time of the calendar."),
    mark("%(word)s is too far away."),
    mark("'%(word)s' is not a date. Write a date like 2026-01-31 or -90d."),
    mark("A number has at most %(most)s decimals."),
    mark("Numbers are written with a decimal point and without separators, such as 1499.90."),
    mark("Amounts are written without a currency; it is the shop's."),
    mark("CONTAINS has one value."),
    mark("Every condition names its attribute."),
    mark("A rule has no comments: leave out what stands behind %(sign)s."),
    mark("In the brackets of a question, conditions are joined with commas, not with AND."),
    mark("In the brackets of a question there is no OR; several values stand behind IN, as in id IN (7, 8)."),
    mark("Text stands in straight single quotes, such as 'espresso'."),
    mark("Text stands in single quotes, such as 'espresso'."),
    mark("Text stands in single quotes: '%(word)s'."),
    mark("A quote inside text is written \\'."),
    mark("Names stand without quotes, text in straight single quotes."),
    mark("Beginnings are compared with STARTS WITH, ends with ENDS WITH."),
    mark("The opposite is written with NOT."),
    mark("This character cannot be part of a rule."),
    mark("There is no step '%(name)s'."),
    mark("A list has at most %(most)s values."),
    mark("%(name)s is a list: compare it with CONTAINS or NOT CONTAINS, not with %(sign)s."),
    mark("%(name)s (%(kind)s) is compared with %(signs)s, not with %(sign)s."),
    mark("%(name)s(…) is either = true or = false."),
    mark("%(name)s has no parameter '%(parameter)s'. It has %(names)s."),
    mark("%(name)s is never '%(value)s'. There are %(names)s."),
    mark(
        "%(name)s is compared with %(wanted)s; this is a %(form)s. Text stands in single quotes: '%(word)s'."
    ),
    mark("anniversary does not know '%(word)s'."),
    mark("anniversary does not know '%(word)s'. It knows %(names)s."),
    mark("An anniversary is compared with =, !=, BETWEEN or IS NULL."),
    mark("An anniversary is a whole day, without a time."),
    mark("This takes too long to count here. `stammkunde rule` has the time."),  # connector.web.rule_pages
    # beside the figures: connector.metrics
    mark(
        "Every order counts as it is known today (%(today)s), with what was refunded or cancelled"
        " after %(day)s."
    ),
    mark("Orders that name no customer, in no figure here: %(count)s (%(money)s spent)."),
    mark("Orders in another currency, counted without their value: %(count)s."),
    mark("There are orders only since %(day)s: whoever came earlier looks new here."),
    mark("Customers with more orders in the shop than can be seen here: %(count)s."),
    mark(
        "Returns unknown: this shop does not tell what came back or was refunded. Every value, and what is"
        " made of values, is before returns."
    ),
)
#: What stands in the places of sentences about rules.
_PHRASES = (
    # what a value is, and what it should be
    mark("a whole number"),
    mark("an amount"),
    mark("a number"),
    mark("a date"),
    mark("text"),
    mark("one of a few texts"),
    mark("true or false"),
    mark("an id"),
    mark("number"),
    mark("date"),
    mark("date with time"),
    mark("date offset"),
    mark("named date"),
    mark("name"),
    # kinds of attributes
    mark("whole number"),
    mark("amount"),
    mark("decimal number"),
    mark("average amount"),
    mark("choice"),
    mark("id"),
    mark("product word"),
    # what may come next
    mark("a comparison such as = or >"),
    mark("a value"),
    mark("a condition such as number_of_orders > 3"),
    mark("AND, OR or the end"),
    mark("a closing bracket"),
    mark("a list in brackets"),
    mark("a colon"),
    mark("BETWEEN, IN, CONTAINS or MATCHES"),
    mark("the end"),
    # why there is something in Shopify's language only
    mark("shops do not say which app created a customer"),
    mark("addresses are mirrored without coordinates"),
    mark("subscriptions are not mirrored"),
    mark("store credit is not mirrored"),
    mark("what happened to an e-mail is known to Shopify alone"),
    mark("visits to the shop are known to Shopify alone"),
    mark("metafields are not mirrored; anniversary('birthday') knows the birthday"),
    mark("shops do not say which app an order came from; compare channel"),
    mark("a branch is mirrored by its name; compare location"),
    mark("the price of single lines is not reckoned; compare sum_quantity"),
)
_STANDSTILL = (
    "Campaign %(name)s: the shop refused %(count)s codes in a row (%(error)s), so it issues nothing."
    " Mend its coupon in the config, or whatever is wrong in the shop. One code is tried again after %(when)s"
)
_STANDSTILL_HERE = mark(
    "Campaign %(name)s: the shop refused %(count)s codes in a row (%(error)s), so it issues nothing."
    " Mend its coupon in the config, or whatever is wrong in the shop. One code is tried again after"
    " %(when)s."
)
#: What the commands tell in UTC, and pages on the clock of the shop.
_TIMED = {
    "it ended on %(when)s UTC": mark("it ended on %(when)s"),
    "it begins on %(when)s UTC": mark("it begins on %(when)s"),
    f"{_STANDSTILL} UTC.": _STANDSTILL_HERE,
}
#: Places whose content is a sentence of ours again.
_INNER = {"why", "what", "line"}
#: Places whose content is one of the phrases.
_PHRASED = {"wanted", "form", "kind", "expected", "reason"}
#: Places that hold what is typed, which is the same in every language.
_TYPED = {"word", "mend", "sign", "signs", "one", "other"}


def say(sentence: object, zone: str = "UTC") -> Markup:
    """A sentence in the reader's language, if it is a known one.

    Args:
        zone: on whose clock a time in it is told.
    """
    text, mend = _without_mend(str(sentence))
    if mend:
        return say(text) + " " + mend
    for parts, between in ((_reasons(text), escape(", ")), (_limits(text), escape(" "))):
        if len(parts) > 1:
            return between.join(say(each, zone) for each in parts)
    for pattern, expression in _known():
        found = expression.fullmatch(text)
        if found:
            values = {name: _place(name, value, zone) for name, value in found.groupdict().items()}
            return translated(_TIMED.get(pattern, pattern), **values)
    return commands(escape(text))


def _place(name: str, value: str, zone: str) -> str:
    """What stands in a place of a sentence, in the reader's form."""
    if name in _INNER:
        return say(value, zone)
    if name in _PHRASED:
        return translated(value) if value in _PHRASES else value
    if name in _TYPED:
        return value
    if name == "when":
        at = datetime.strptime(value, "%d %b %Y %H:%M").replace(tzinfo=UTC)
        return moment(at, zone)
    return fact(value)


_MEANT = re.compile(r"(.+?) Did you mean '([^']+)'\?", re.DOTALL)
_LIKE = re.compile(r"(.+?) Write it like this: (.+?)\.", re.DOTALL)


def _without_mend(text: str) -> tuple[str, Markup | None]:
    """A sentence, and what stands behind it to mend things."""
    if found := _MEANT.fullmatch(text):
        return found[1], translated("Did you mean '%(name)s'?", name=found[2])
    if found := _LIKE.fullmatch(text):
        return found[1], translated("Write it like this: %(example)s", example=found[2])
    return text, None


def _reasons(text: str) -> list[str]:
    """Reasons of a change are joined with commas."""
    parts = text.split(", ")
    return parts if all(map(_is_known, parts)) else [text]


def _limits(text: str) -> list[str]:
    """Limits that a plan is over follow the name of the shop: each becomes a sentence of its own."""
    shop, _, limits = text.partition(": ")
    parts = [f"{shop}: {each}." for each in limits.removesuffix(".").split("; ")]
    return parts if all(map(_is_known, parts)) else [text]


def _is_known(text: str) -> bool:
    return any(expression.fullmatch(text) for _, expression in _known())


@cache
def _known() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(_expressions())


def _expressions() -> Iterator[tuple[str, re.Pattern[str]]]:
    # The one that says most by itself comes first: others would take it for what stands in their places.
    for pattern in sorted([*_PATTERNS, *_TIMED], key=lambda each: -len(re.sub(r"%\(\w+\)s", "", each))):
        pieces = re.split(r"%\((\w+)\)s", pattern)
        quoted = [
            f"(?P<{piece}>.+?)" if place % 2 else re.escape(piece.replace("%%", "%"))
            for place, piece in enumerate(pieces)
        ]
        yield pattern, re.compile("".join(quoted), re.DOTALL)
