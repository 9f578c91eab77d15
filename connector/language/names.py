"""Names of fixed things (stages, classes, states, kinds), as the reader calls them."""

import re
from decimal import Decimal

from markupsafe import Markup

from connector.language import _, fact, mark, number

_NAMES = {
    # lifecycle
    "beginner": mark("Beginner"),
    "new": mark("New"),
    "active": mark("Active"),
    "regular": mark("Regular"),
    "potential": mark("Potential"),
    "dormant": mark("Dormant"),
    # RFM
    "CHAMPIONS": mark("Champions"),
    "LOYAL": mark("Loyal"),
    "ACTIVE": mark("Active"),
    "NEW": mark("New"),
    "PROMISING": mark("Promising"),
    "NEEDS_ATTENTION": mark("Needs attention"),
    "ALMOST_LOST": mark("Almost lost"),
    "AT_RISK": mark("At risk"),
    "PREVIOUSLY_LOYAL": mark("Previously loyal"),
    "DORMANT": mark("Dormant"),
    "PROSPECTS": mark("Prospects"),
    # campaigns and codes
    "off": mark("off"),
    "campaign active": mark("active"),
    "stopped": mark("stopped"),
    "planned": mark("planned"),
    "issued": mark("issued"),
    "handed over": mark("handed over"),
    "redeemed": mark("redeemed"),
    "released": mark("released"),
    "expired": mark("expired"),
    "revoked": mark("revoked"),
    "open": mark("open"),
    "coupons": mark("Codes"),
    "liability": mark("Open face value"),
    "cost": mark("Discounts given"),
    "more": mark("more than without it"),
    "less": mark("less than without it"),
    "too small to tell": mark("too small to tell"),
    # orders that do not count
    "cancelled": mark("cancelled"),
    "test": mark("test order"),
    "returned": mark("fully returned"),
    "unpaid": mark("neither paid nor shipped"),
    "gone": mark("deleted in the shop"),
    # runs and changes
    "pull": mark("Read"),
    "push": mark("Push"),
    "undo": mark("Undo"),
    "adopt": mark("Take-over"),
    "approve": mark("Approval"),
    "done": mark("done"),
    "refused": mark("refused"),
    "running": mark("running, or was killed"),
    "entered": mark("Entered group"),
    "left": mark("Left group"),
    "tags": mark("Tags"),
    "code": mark("New code"),
    "disabled": mark("Code disabled"),
    "extended": mark("Code extended"),
    "attribute": mark("Code stored at the customer"),
    "moved": mark("Customer group changed"),
    # consent
    "email": mark("E-mail"),
    "sms": mark("Text messages"),
    "subscribed": mark("agreed"),
    "unsubscribed": mark("withdrawn"),
    "pending": mark("asked, not confirmed"),
    "never": mark("never agreed"),
    "confirmed": mark("confirmed"),
    "single": mark("not confirmed"),
    "unknown": mark("not known how"),
    # people
    "owner": mark("Owner"),
    "staff": mark("Staff"),
    "yes": mark("yes"),
    "no": mark("no"),
    "true": mark("yes"),
    "false": mark("no"),
    "none": mark("none"),
}


def called(name: str) -> Markup:
    """The name of something; one we do not know is shown as it is."""
    return _(_NAMES[name]) if name in _NAMES else Markup.escape(name)


_DECIMAL = re.compile(r"-?\d+\.(\d+)")


def told(value: str) -> str:
    """What a condition finds in a customer, as `connector.explain` writes it, in the reader's form."""
    decimal = _DECIMAL.fullmatch(value)
    return number(Decimal(value), len(decimal[1])) if decimal else called(fact(value))
