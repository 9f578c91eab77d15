"""What somebody asks about one code, and what can be done about it: look, replace, extend, stop.

Whatever changes the shop goes through the ledger and the budget, as a push does.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from connector import campaigns
from connector.campaigns import OPEN, Campaign, Code, Issuer, State
from connector.campaigns.candidates import history, people
from connector.campaigns.codes import free_code
from connector.campaigns.coupon import make_coupon
from connector.campaigns.issuing import close
from connector.errors import StammkundeError, UnsafePlanError
from connector.gate import raise_if_budget_over, raise_if_off
from connector.ledger import Planned, customer_of
from connector.model import CreateCoupon, DisableCoupon, ExtendCoupon, Mark, UpdateTags
from connector.money import money_text
from connector.proposal import known_codes, raise_if_unkept
from connector.push import Pushed, push, settle_unsettled
from connector.shop import Shop


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to say about a code. Money in minor units."""

    shop: str
    currency: str
    code: Code
    email: str | None
    name: str | None
    why: str  #: it was issued
    conditions: list[str]
    fails: list[str]  #: why it would fail now; none: it works, if the conditions are met


def find(shop: Shop, text: str) -> Code:
    """The code somebody typed.

    Raises:
        StammkundeError: it is none of ours.
    """
    typed = campaigns.typed(text)
    for each in known_codes(shop):
        if each.code.upper() == typed:
            return each
    raise StammkundeError(f"{shop.name} has no code '{text}' of ours. `stammkunde pull` reads what is new.")


def explain(shop: Shop, code: Code, now: datetime) -> Answer:
    """Whose, why, and what would become of it at the checkout."""
    row = shop.db.row(
        "SELECT c.email, c.first_name, c.last_name, (SELECT ch.reason FROM changes AS ch"
        "  WHERE ch.run = i.run AND ch.shop = i.shop AND ch.customer_id = i.customer_id LIMIT 1) AS reason"
        " FROM issued AS i LEFT JOIN customers AS c ON c.shop = i.shop AND c.id = i.customer_id"
        " WHERE i.shop = ? AND i.code = ?",
        (shop.key, code.code),
    )
    assert row is not None  # noqa: S101  the code comes from there
    return Answer(
        shop=shop.name,
        currency=shop.info().currency,
        code=code,
        email=row["email"],
        name=" ".join(filter(None, (row["first_name"], row["last_name"]))) or None,
        why=_why(code),
        conditions=list(_conditions(code)),
        fails=list(_failures(code, now)),
    )


def _why(code: Code) -> str:
    parts = [f"campaign {code.campaign}, round {code.round}"]
    if code.replaces:
        parts.append(f"in place of {code.replaces}")
    if code.earned_by:
        parts.append(f"for a friend's order ({code.earned_by})")
    return ", ".join(parts)


def _conditions(code: Code) -> Iterator[str]:
    terms = code.terms
    if terms is None:
        yield "its terms stand in the shop only: it was taken over from there"
        return
    minimum = money_text(terms.minimum, terms.currency)
    told = {
        "only for this customer, logged in": terms.bound == "customer",
        f"only with the address {terms.email}": terms.email is not None,
        f"from goods of {minimum} on": terms.minimum > 0,
        f"only for the products {', '.join(terms.products)}": terms.products,
        f"only in {', '.join(terms.categories)}": terms.categories,
        f"not for {', '.join(terms.exclude_categories)}": terms.exclude_categories,
        "not for reduced goods": not terms.sale_items,
        "not together with other codes, where the shop can tell": not terms.combinable,
        "only for new customers": terms.new_customers_only,
    }
    yield from (words for words, holds in told.items() if holds)


def _failures(code: Code, now: datetime) -> Iterator[str]:
    if code.state is State.REDEEMED:
        yield f"it was redeemed with order {code.in_order}"
    elif code.in_order and code.state in OPEN:
        yield f"order {code.in_order} carries it and is neither paid nor shipped yet"
    if code.state is State.REVOKED:
        yield "it was disabled"
    if code.state is State.RELEASED:
        yield f"order {code.in_order} used it up and came to nothing: a new code follows"
    if code.state is State.PLANNED:
        yield "the shop has not answered yet whether it made it"
    if code.ends_at <= now:
        yield f"it ended on {code.ends_at:%d %b %Y %H:%M} UTC"
    if code.starts_at > now:
        yield f"it begins on {code.starts_at:%d %b %Y %H:%M} UTC"
    if code.state in {State.ISSUED, State.HANDED_OVER} and not code.active:
        yield "the shop did not have it as active when it was last read"


def extend(shop: Shop, code: Code, until: datetime) -> Pushed:
    """Let a code end later.

    Raises:
        UnsafePlanError: pushing is off or held, the campaign is stopped, the code is over for good, or a
            budget or another open code stands against it.
    """
    _begin(shop)
    _raise_if_stopped(shop, code)
    if code.cleaned or code.state not in OPEN | {State.EXPIRED}:
        raise UnsafePlanError(f"The code {code.code} is {_gone(code)}: it cannot be extended, only replaced.")
    if until <= code.ends_at:
        raise UnsafePlanError(f"The code {code.code} is valid until {code.ends_at:%d %b %Y} already.")
    if until <= shop.now():
        raise UnsafePlanError(
            f"The code {code.code} ended on {code.ends_at:%d %b %Y}, so it would be over on"
            f" {until:%d %b %Y} again. Name more days."
        )
    if not code.is_open():
        _raise_if_another(shop, code)
        raise_if_budget_over(shop, code.campaign, coupons=0, liability=code.face_value)
    change = ExtendCoupon(mark=_mark(code), code=code.code, ends_at=until)
    return push(shop, [Planned(change=change, reason=f"{code.campaign}: extended by hand")])


def replace(shop: Shop, code: Code) -> tuple[Pushed, str]:
    """Give a new code in the place of one, which is disabled. Returns the new code too.

    The terms stay, and so does the end of a code that is still open.

    Raises:
        UnsafePlanError: pushing is off or held, the campaign is stopped, the code was redeemed, or a budget
            or another open code stands against it.
    """
    _begin(shop)
    _raise_if_stopped(shop, code)
    if code.state is State.REDEEMED:
        raise UnsafePlanError(f"The code {code.code} was redeemed with order {code.in_order}.")
    if code.state is State.HANDED_OVER and code.in_order:
        raise UnsafePlanError(
            f"Order {code.in_order} carries the code {code.code} and may still be paid: cancel it first."
        )
    _raise_if_another(shop, code)
    freed = code.face_value if code.is_open() else 0
    raise_if_budget_over(shop, code.campaign, coupons=1, liability=code.face_value - freed)
    coupon = _renewed(shop, code)
    new = Planned(
        change=coupon,
        reason=f"{code.campaign}: in place of {code.code}",
        face_value=code.face_value,
        replaces=code.code,
        earned_by=code.earned_by or msgspec.UNSET,
    )
    if not code.cleaned:
        closed = push(shop, [close(None, code, "replaced by hand")])
        if closed.refused:  # then it may still work, and would be one of two
            return closed, code.code
    return push(shop, [new]), coupon.code


def stop(shop: Shop, name: str) -> tuple[Pushed, int]:
    """Let a campaign issue nothing more, and disable every unredeemed code of it. Returns their number too.

    Raises:
        UnsafePlanError: `push = false`; the campaign issues nothing more all the same.
    """
    campaigns.set_stopped(shop.db, shop.key, name, shop.now())
    _begin(shop, held=True)
    known = {each.name: each for each in shop.campaigns(active=False)}
    changes = campaigns.disable_open(shop.db, shop.setting(), name, known.get(name))
    disabled = len(changes)
    changes += _untag(shop, known.get(name), changes)
    pushed = push(shop, changes) if changes else Pushed(run="")
    refused = sum(isinstance(change, DisableCoupon) for change, _ in pushed.refused)
    return pushed, disabled - refused


def _untag(shop: Shop, campaign: Campaign | None, disabled: list[Planned]) -> list[Planned]:
    """Who held a code of a stopped campaign loses its tag, where we put it there."""
    if campaign is None or campaign.tag is None:
        return []
    tag, holders = campaign.tag, {customer_of(each.change) for each in disabled}
    rows = shop.db.rows(
        "SELECT customer_id FROM own_tags JOIN shop_tags USING (shop, customer_id, tag_key)"
        " WHERE shop = ? AND tag_key = ? ORDER BY customer_id",
        (shop.key, tag.casefold()),
    )
    return [
        Planned(change=UpdateTags(customer_id=row["customer_id"], remove=(tag,)), reason="campaign stopped")
        for row in rows
        if row["customer_id"] in holders
    ]


def start(shop: Shop, name: str) -> bool:
    """Let a stopped campaign go on. Returns whether it was stopped. Disabled codes stay so."""
    was = name in campaigns.stopped(shop.db, shop.key)
    campaigns.set_stopped(shop.db, shop.key, name, None)
    return was


def _begin(shop: Shop, *, held: bool = False) -> None:
    raise_if_off(shop, held=held)
    settle_unsettled(shop)


def _gone(code: Code) -> str:
    return "disabled" if code.cleaned else code.state.value


def _mark(code: Code) -> Mark:
    return Mark(code.campaign, code.person_key, code.round)


def _raise_if_stopped(shop: Shop, code: Code) -> None:
    if code.campaign in campaigns.stopped(shop.db, shop.key):
        raise UnsafePlanError(
            f"Campaign {code.campaign} is stopped, so no code of it is made or extended."
            f" `stammkunde campaign start {code.campaign}` lets it go on."
        )


def _raise_if_another(shop: Shop, code: Code) -> None:
    """Nobody gets a second open code, neither by the hand of support."""
    config = shop.config.campaigns.get(code.campaign)
    keys = {code.person_key, f"c{code.customer_id}", *_keys_of(shop, code)}
    for other in history(known_codes(shop)).of(keys):
        rival = other.campaign == code.campaign or not (config and config.beside_others)
        if other.is_open() and rival and other.code != code.code:
            raise UnsafePlanError(f"The customer holds another open code: {other.code} ({other.campaign}).")


def _keys_of(shop: Shop, code: Code) -> frozenset[str]:
    """Every key by which the holder was ever known: two accounts may have turned out to be one person."""
    person = _person_of(shop, code)
    found = people(shop.db, shop.setting(), [] if person is None else [person])
    return found[0].keys if found else frozenset()


def _person_of(shop: Shop, code: Code) -> int | None:
    row = shop.db.row(
        "SELECT person FROM customers WHERE shop = ? AND id = ? AND gone_at IS NULL",
        (shop.key, code.customer_id),
    )
    return None if row is None else row["person"]


def _renewed(shop: Shop, code: Code) -> CreateCoupon:
    info, setting = shop.info(), shop.setting()
    campaign = next((each for each in shop.campaigns(active=False) if each.name == code.campaign), None)
    last = shop.db.value(  # refused ones among them
        "SELECT max(round) FROM issued WHERE shop = ? AND campaign = ? AND person_key = ?",
        (shop.key, code.campaign, code.person_key),
    )
    mark = Mark(code.campaign, code.person_key, last + 1)
    issuer = Issuer(key=shop.code_key(), shop=shop.name)
    prefix = campaign.prefix if campaign else "SK"
    new = free_code(shop.db, shop.key, issuer, mark, prefix, info.code_case)
    starts = setting.now.replace(microsecond=0)
    days = campaign.valid_days if campaign else (code.ends_at - code.starts_at).days
    ends = code.ends_at if code.is_open() else starts + timedelta(days=days)
    terms = code.terms or _by_config(shop, code, campaign, mark, new)
    return msgspec.structs.replace(terms, mark=mark, code=new, starts_at=starts, ends_at=ends)


def _by_config(shop: Shop, code: Code, campaign: Campaign | None, mark: Mark, new: str) -> CreateCoupon:
    """The terms of a code that was taken over from the shop, as its campaign has them now."""
    person = _person_of(shop, code)
    found = people(shop.db, shop.setting(), [] if person is None else [person])
    if campaign is None or not found:
        raise StammkundeError(
            f"The terms of {code.code} are not known here: its campaign or its customer is gone."
        )
    raise_if_unkept(shop, shop.info(), [campaign])
    email = found[0].email
    return make_coupon(shop.db, shop.setting(), campaign, shop.info(), mark, new, code.customer_id, email)
