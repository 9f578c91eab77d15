"""Rows of customers and of newsletter contacts, and how they become ours. No I/O."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, cast

import msgspec

from adapters.csv_files.words import LEVELS, States
from connector.model import Consent, Customer
from connector.tables import Row

State = Literal["subscribed", "pending", "unsubscribed", "never"]
Level = Literal["confirmed", "single", "unknown"]
AccountStatus = Literal["enabled", "disabled", "invited", "declined"]

_ACCOUNT = ("enabled", "disabled", "invited", "declined")
_GENDER: dict[str, Literal["female", "male", "diverse"]] = {
    **dict.fromkeys(("f", "w", "female", "frau", "mrs", "ms", "weiblich"), "female"),
    **dict.fromkeys(("m", "male", "herr", "mr", "männlich"), "male"),
    **dict.fromkeys(("d", "diverse", "divers"), "diverse"),
}
#: Names that exports write instead of ISO codes; where none fits, the country is left out.
_COUNTRIES = {
    **dict.fromkeys(("deutschland", "germany"), "DE"),
    **dict.fromkeys(("österreich", "austria"), "AT"),
    **dict.fromkeys(("schweiz", "switzerland"), "CH"),
    **dict.fromkeys(("luxemburg", "luxembourg"), "LU"),
    **dict.fromkeys(("niederlande", "netherlands"), "NL"),
    **dict.fromkeys(("frankreich", "france"), "FR"),
    **dict.fromkeys(("italien", "italy"), "IT"),
    **dict.fromkeys(("belgien", "belgium"), "BE"),
    **dict.fromkeys(("dänemark", "denmark"), "DK"),
    **dict.fromkeys(("polen", "poland"), "PL"),
}
#: Without dates: who once said no stays out; else a yes given anywhere holds.
_STRENGTH: tuple[State, ...] = ("unsubscribed", "subscribed", "pending", "never")


def email_key(email: str) -> str:
    """An address as people are told apart by it (DEFINITIONS, *Whose order*)."""
    return email.strip().casefold()


def id_of_email(email: str, kind: str) -> str:
    """The id of somebody who has only an e-mail address: a hash, so that no address stands in an id."""
    return f"{kind}-{hashlib.sha256(email_key(email).encode()).hexdigest()[:16]}"


def to_customer(row: Row, currency: str, states: States) -> Customer:
    """A customer of ours.

    Raises:
        ResponseError: the row has neither an id nor an e-mail address, or a cell is nonsense.
    """
    email = row.text("email")
    number = row.text("id")
    if number is None and email is None:
        raise row.error("id", "has neither an id nor an e-mail address")
    birthday = row.day("birthday")
    return Customer(
        id=number or id_of_email(email or "", "email"),
        email=email,
        guest=row.flag("guest") or False,
        first_name=row.text("first_name"),
        last_name=row.text("last_name"),
        phone=row.text("phone"),
        company=row.text("company"),
        language=row.text("language"),
        country=country(row.text("country")),
        region=row.text("region"),
        city=row.text("city"),
        group=row.text("group"),
        tags=row.words("tags"),
        account_status=_account_status(row),
        birthday=birthday,
        gender=_GENDER.get((row.text("gender") or "").casefold().rstrip(".")),
        created_at=row.moment("created_at"),
        updated_at=row.moment("updated_at"),
        consents=_consents(row, states),
        shop_order_count=row.count("shop_order_count"),
        shop_amount_spent=row.amount("shop_amount_spent", currency),
        attributes=_source(row),
    )


def to_contact(row: Row, states: States) -> Customer:
    """Somebody who only gets the newsletter: a guest, whose consent and its source are known."""
    email = row.needed("email")
    return Customer(
        id=id_of_email(email, "contact"),
        email=email,
        guest=True,
        first_name=row.text("first_name"),
        last_name=row.text("last_name"),
        language=row.text("language"),
        country=country(row.text("country")),
        tags=row.words("tags"),
        created_at=row.moment("created_at") or row.moment("consent_at"),
        consents=_consents(row, states),
        attributes=_source(row),
    )


def country(text: str | None) -> str | None:
    """ISO 3166-1 alpha-2 of a code or of a name we know."""
    if text is None:
        return None
    if len(text) == 2 and text.isalpha():
        return text.upper()
    return _COUNTRIES.get(text.casefold())


def _account_status(row: Row) -> AccountStatus | None:
    word = row.text("account")
    if word is None:
        return None
    if word.casefold() in _ACCOUNT:
        return cast("AccountStatus", word.casefold())
    return "enabled" if row.flag("account") else "disabled"


def _source(row: Row) -> dict[str, str]:
    source = row.text("consent_source")
    return {"consent_source": source} if source else {}


def _consents(row: Row, states: States) -> tuple[Consent, ...]:
    confirmed = row.moment("confirmed_at")
    changed = confirmed or row.moment("consent_at")
    given: list[tuple[Literal["email", "sms"], State | None]] = [
        ("email", _state(row, "consent", states)),
        ("sms", _state(row, "sms_consent", states)),
    ]
    if confirmed and given[0][1] is None:
        given[0] = ("email", "subscribed")
    return tuple(
        Consent(
            channel=channel,
            state=state,
            level=_level(row) if channel == "email" else "unknown",
            changed_at=changed if channel == "email" else None,
        )
        for channel, state in given
        if state is not None
    )


def _level(row: Row) -> Level:
    """Whether somebody confirmed by a link in an e-mail (double opt-in) that they want more of them."""
    if row.moment("confirmed_at"):
        return "confirmed"
    word = row.text("consent_level")
    level = LEVELS.get((word or "").casefold(), "unknown")
    if word is not None and level == "unknown":
        raise row.error("consent_level", f"{word!r} says neither confirmed nor single")
    return cast("Level", level)


def _state(row: Row, field: str, states: States) -> State | None:
    word = row.text(field)
    if word is None:
        return None
    state = states.consent(word)
    if state is None:
        raise row.error(field, f"{word!r} says neither yes nor no to a newsletter: sort it with `states`")
    return cast("State", state)


def joined(account: Customer, contact: Customer) -> Customer:
    """An account with what a newsletter tool knows of the same address."""
    mine = {consent.channel: consent for consent in account.consents}
    for consent in contact.consents:
        mine[consent.channel] = _stronger([consent, *filter(None, [mine.get(consent.channel)])])
    return msgspec.structs.replace(
        account, consents=tuple(mine.values()), attributes={**account.attributes, **contact.attributes}
    )


def _stronger(consents: Iterable[Consent]) -> Consent:
    """The later word, where both have a date; else the one that is on the safe side."""
    found = list(consents)
    spoken = [each for each in found if each.state in ("subscribed", "unsubscribed")]
    if len(spoken) > 1 and all(each.changed_at for each in spoken):
        return max(spoken, key=lambda each: each.changed_at or datetime.min.replace(tzinfo=UTC))
    return min(found, key=lambda each: _STRENGTH.index(each.state))
