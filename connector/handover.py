"""Codes on their way to the customer: who may be written to, what they get, and that they got it."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from connector.campaigns import Campaign, Code, State
from connector.campaigns.candidates import NO_RECORD, SUPPRESSED, people
from connector.campaigns.consent import Consents
from connector.database import milliseconds
from connector.errors import UnsafePlanError
from connector.gate import raise_if_off
from connector.ledger import Planned
from connector.model import CreateCoupon, ExtendCoupon, Mark
from connector.money import money_text
from connector.proposal import known_codes
from connector.push import push
from connector.quantity import counted
from connector.shop import Shop

CSV = "csv"  #: the outlet that is the owner with a file

# A code that loses less than this by waiting for its hand-over is not extended for it.
WORTH_EXTENDING = timedelta(days=1)


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may be written to."""

    person: int
    customer_id: str
    email: str
    first_name: str | None
    last_name: str | None
    language: str | None
    code: Code | None = None
    reminder: bool = False


class Batch(msgspec.Struct, kw_only=True):
    """Whom to write to, and how many are left out and why."""

    contacts: list[Contact] = []
    left_out: Counter[str] = msgspec.field(default_factory=Counter)


_CONTACTS = """
    SELECT p.person, c.id, coalesce(c.email, p.email_key) AS email, p.email_key, c.first_name, c.last_name,
        c.language
    FROM people AS p LEFT JOIN customers AS c ON c.customer = p.customer
    WHERE p.shop = :shop AND p.excluded IS NULL AND p.cluster <> ''
        AND p.person IN (SELECT value FROM json_each(:people))
    ORDER BY p.person
"""


def group_batch(shop: Shop, people: Sequence[int]) -> Batch:
    """These people, as far as they may be written to."""
    consents = Consents(shop.db, shop.key, shop.setting().policy)
    batch = Batch()
    for row in _contacts(shop, people):
        if why := consents.why_not(row["person"], row["email_key"]):
            batch.left_out[why] += 1
        else:
            batch.contacts.append(_contact(row))
    return batch


def code_batch(shop: Shop, campaign: Campaign, outlet: str = CSV, *, again: bool = False) -> Batch:
    """Open codes of a campaign that this outlet is to hand over now: new ones, and those to remind of.

    Whoever has ordered inside `suppress_days` since the code was made is not written to about it for now.

    Args:
        again: those that it has handed over before, too.
    """
    handed, left_out = _handed(shop, outlet), Counter[str]()
    usable = [(each, _person_of(shop, each)) for each in known_codes(shop)
              if each.campaign == campaign.name and _is_usable(each)]  # fmt: skip
    recent = _recent_buyers(shop, campaign, [person for _, person in usable if person is not None])
    due: dict[int, tuple[Code, bool]] = {}
    for code, person in usable:
        is_new = code.code not in handed
        reminder = handed.get(code.code) is False and _ends_soon(shop, campaign, code)
        if person is None:
            left_out[NO_RECORD] += is_new
        elif person in recent and (is_new or not again):
            left_out[SUPPRESSED] += is_new or reminder
        elif again or is_new or reminder:
            due[person] = (code, reminder and person not in recent)
    batch = group_batch(shop, list(due))
    batch.left_out += left_out
    batch.contacts = [
        msgspec.structs.replace(each, code=due[each.person][0], reminder=due[each.person][1])
        for each in batch.contacts
    ]
    return batch


def _is_usable(code: Code) -> bool:
    """Whether a customer could use it: no order that may still be paid carries it, and it is not off."""
    return code.state in {State.ISSUED, State.HANDED_OVER} and code.in_order is None and code.active


def _recent_buyers(shop: Shop, campaign: Campaign, chosen: Sequence[int]) -> set[int]:
    """Who of these has ordered inside the days in which the campaign leaves people alone."""
    if campaign.suppress_days is None:
        return set()
    since = shop.today().toordinal() - campaign.suppress_days
    found = people(shop.db, shop.setting(), chosen)
    return {each.person for each in found if each.last_order_day > since}


def _handed(shop: Shop, outlet: str) -> dict[str, bool]:
    """Codes that an outlet has handed over, and whether it has reminded of them."""
    rows = shop.db.rows(
        "SELECT code, reminded_at FROM handovers WHERE shop = ? AND outlet = ?", (shop.key, outlet)
    )
    return {row["code"]: row["reminded_at"] is not None for row in rows}


def _ends_soon(shop: Shop, campaign: Campaign, code: Code) -> bool:
    return campaign.remind_days is not None and code.ends_at - shop.now() <= timedelta(
        days=campaign.remind_days
    )


def _person_of(shop: Shop, code: Code) -> int | None:
    row = shop.db.row(
        "SELECT person FROM customers WHERE shop = ? AND id = ? AND gone_at IS NULL",
        (shop.key, code.customer_id),
    )
    return None if row is None else row["person"]


def _contacts(shop: Shop, people: Sequence[int]) -> list[sqlite3.Row]:
    wanted = msgspec.json.encode(list(people)).decode()
    return shop.db.rows(_CONTACTS, {"shop": shop.key, "people": wanted})


def _contact(row: sqlite3.Row) -> Contact:
    return Contact(
        person=row["person"],
        customer_id=row["id"] or "",
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        language=row["language"],
    )


def start_validity(shop: Shop, campaign: Campaign, contacts: Iterable[Contact]) -> int:
    """Validity starts at hand-over: codes that waited for it end later. Returns how many were extended.

    Raises:
        UnsafePlanError: pushing is off or held, and some of them have waited.
    """
    ends = shop.now().replace(microsecond=0) + timedelta(days=campaign.valid_days)
    waited = [
        each.code
        for each in contacts
        if each.code is not None
        and each.code.handed_at is None
        and ends - each.code.ends_at >= WORTH_EXTENDING
        and not _was_shortened(each.code)
    ]
    if not waited:
        return 0
    raise_if_off(shop)
    changes = [
        Planned(
            change=ExtendCoupon(
                mark=Mark(each.campaign, each.person_key, each.round), code=each.code, ends_at=ends
            ),
            reason=f"{campaign.name}: handed over now",
        )
        for each in waited
    ]
    pushed = push(shop, changes)
    if pushed.refused:
        raise UnsafePlanError(
            f"{shop.name} refused to extend {counted(len(pushed.refused), 'code')}; nothing was handed over."
        )
    return pushed.done


def _was_shortened(code: Code) -> bool:
    """Whether it ends earlier in the shop than it was made to: the merchant wants it over by then."""
    return code.terms is not None and code.ends_at < code.terms.ends_at


def note_handed(shop: Shop, contacts: Iterable[Contact], outlet: str = CSV) -> None:
    """Write down that an outlet has handed these their code, or reminded them of it."""
    now = milliseconds(shop.now())
    noted = [
        {"shop": shop.key, "code": each.code.code, "outlet": outlet, "now": now, "reminder": each.reminder}
        for each in contacts
        if each.code is not None
    ]
    with shop.db.write() as connection:
        connection.executemany(
            "INSERT INTO handovers (shop, code, outlet, handed_at) VALUES (:shop, :code, :outlet, :now)"
            " ON CONFLICT DO UPDATE SET reminded_at = iif(:reminder, :now, reminded_at)",
            noted,
        )
        connection.executemany(
            "UPDATE issued SET handed_at = coalesce(handed_at, :now) WHERE shop = :shop AND code = :code",
            noted,
        )


def gives(terms: CreateCoupon | None) -> str:
    """What a coupon gives, in a few words."""
    if terms is None:
        return ""
    if terms.free_shipping:
        return "free shipping"
    return f"{terms.percent} %" if terms.percent else money_text(terms.amount or 0, terms.currency)
