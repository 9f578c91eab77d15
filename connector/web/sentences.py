"""Sentences that come from deeper down, where there is one language only, put into the reader's.

Each is known here by its pattern; what stands in its places is taken over as it is. A sentence that is not
known is shown as it came.
"""

import re
from collections.abc import Iterator
from functools import cache

from markupsafe import Markup, escape

from connector.web.language import _ as translated
from connector.web.language import fact, mark

_PATTERNS = (
    # why somebody is in a group or not: connector.explain
    mark("%(count)s more"),
    mark("left out by your config (%(why)s)"),
    mark("already in %(step)s, which comes first"),
    mark("kept out by name: on the group's exclude list in your config"),
    mark("put in by name: on the group's include list in your config"),
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
    mark("it ended on %(when)s UTC"),
    mark("it begins on %(when)s UTC"),
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
    mark("it depends on a customer's whole history, and the shop shows orders only since %(day)s"),
    mark("it looks %(days)s days back, and the shop shows orders only since %(day)s"),
    mark("it looks back to %(first)s, and the shop shows orders only since %(day)s"),
    mark("Campaign %(name)s issues nothing: %(why)s."),
    mark("it was stopped. `stammkunde campaign start %(name)s` lets it go on"),
    mark(
        "%(shop)s: the shop was never read to the end, so there is no plan."
        " Run `stammkunde pull %(name)s` first."
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
    mark("%(shop)s: %(count)s new coupons (limit %(limit)s)."),
    mark("%(shop)s: new coupons worth %(value)s (limit %(limit)s)."),
    mark("%(group)s had %(before)s members, %(entered)s entered and %(left)s left (limit %(limit)s)."),
    mark("%(group)s had %(before)s members, %(entered)s entered and %(left)s left (limit %(limit)s)"),
    mark("%(run)s was undone"),
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
    # beside the figures: connector.metrics
    mark("Orders that name no customer, in no figure here: %(count)s (%(money)s spent)."),
    mark("Orders in another currency, counted without their value: %(count)s."),
    mark("There are orders only since %(day)s: whoever came earlier looks new here."),
    mark("Customers with more orders in the shop than can be seen here: %(count)s."),
    mark(
        "Returns unknown: this shop does not tell what came back or was refunded. Every value, and what is"
        " made of values, is before returns."
    ),
)
#: Places whose content is a sentence of ours again.
_INNER = {"why", "what", "line"}


def say(sentence: object) -> Markup:
    """A sentence in the reader's language, if it is a known one."""
    text, mend = _without_mend(str(sentence))
    if mend:
        return say(text) + " " + mend
    parts = _parts(text)
    if len(parts) > 1:
        return Markup(", ").join(say(each) for each in parts)
    for pattern, expression in _known():
        found = expression.fullmatch(text)
        if found:
            values = {
                name: say(value) if name in _INNER else fact(value)
                for name, value in found.groupdict().items()
            }
            return translated(pattern, **values)
    return escape(text)


_MEANT = re.compile(r"(.+?) Did you mean '([^']+)'\?", re.DOTALL)
_LIKE = re.compile(r"(.+?) Write it like this: (.+?)\.", re.DOTALL)


def _without_mend(text: str) -> tuple[str, Markup | None]:
    """A sentence, and what stands behind it to mend things."""
    if found := _MEANT.fullmatch(text):
        return found[1], translated("Did you mean '%(name)s'?", name=found[2])
    if found := _LIKE.fullmatch(text):
        return found[1], translated("Write it like this: %(example)s", example=found[2])
    return text, None


def _parts(text: str) -> list[str]:
    """Reasons of a change are joined with commas."""
    parts = text.split(", ")
    return (
        parts
        if all(any(expression.fullmatch(each) for _, expression in _known()) for each in parts)
        else [text]
    )


@cache
def _known() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(_expressions())


def _expressions() -> Iterator[tuple[str, re.Pattern[str]]]:
    # The one that says most by itself comes first: others would take it for what stands in their places.
    for pattern in sorted(_PATTERNS, key=lambda each: -len(re.sub(r"%\(\w+\)s", "", each))):
        pieces = re.split(r"%\((\w+)\)s", pattern)
        quoted = [
            f"(?P<{piece}>.+?)" if place % 2 else re.escape(piece.replace("%%", "%"))
            for place, piece in enumerate(pieces)
        ]
        yield pattern, re.compile("".join(quoted), re.DOTALL)
