"""The one interface between Stammkunde and whatever hands a code to a customer, and how it is found.

The ways that need no outlet (`metafield`, `account-page`, `csv`) are named here too, so that a config can be
judged. An outlet is found by the entry-point group `stammkunde.outlets`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Protocol, TypeAlias, cast

import msgspec

from connector.errors import ConfigError, RejectedError

#: The shop itself shows the code: as a value of the customer, or in the account.
IN_SHOP = ("metafield", "account-page")
#: The owner takes the codes along: `stammkunde export CAMPAIGN`.
BY_HAND = ("csv",)


class Standing(StrEnum):
    """Whether a contact of the tool may be written to, by what the tool knows."""

    GOOD = "good"
    UNKNOWN = "unknown"  #: no such contact, and none is made
    UNSUBSCRIBED = "unsubscribed"  #: said no there, which beats what the shop knows
    BLOCKED = "blocked"  #: bounced, complained, or on a list of those who get nothing
    PENDING = "pending"  #: never said yes there


#: Whom each standing leaves out, as in "3 who …".
LEFT_OUT: Mapping[Standing, str] = {
    Standing.UNKNOWN: "are no contacts of {title}",
    Standing.UNSUBSCRIBED: "have unsubscribed in {title}",
    Standing.BLOCKED: "are blocked in {title}",
    Standing.PENDING: "have not confirmed in {title}",
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool knows about one address."""

    email: str  #: as it was asked for
    standing: Standing
    contact: str = ""  #: the tool's id, for handing over


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A code as a contact gets it."""

    code: str
    campaign: str
    gives: str  #: in a few words, "10 %"
    ends_at: datetime
    last_day: date  #: the last whole day it works, in the shop's time zone
    reminder: bool = False  #: the contact has it already, and it ends soon


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """What one existing contact is to have from us. Whoever must not be written to is never in a batch."""

    contact: str  #: from `Found`
    email: str
    shop: str
    given: Given | None = None
    keeps_code: bool = False  #: leave what is there of a code alone; otherwise, without `given`, clear it
    groups: tuple[str, ...] | None = None  #: None: leave them alone


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one of them. `error` is one sentence without the address, None if it has arrived."""

    item: HandOver
    error: str | None = None


class Outlet(Protocol):
    """A newsletter tool, or the owner's own.

    The constructor takes keyword-only settings and does no I/O, as an adapter's; its signature is the schema
    of a table [outlets.NAME]. An outlet updates fields of existing contacts: it never creates one, and never
    sends a status, a list or a consent. Every hand-over is safe to repeat.

    Errors are those of an adapter: `TemporaryError` (the next run tries again), `AuthError`, `ResponseError`.
    """

    name: ClassVar[str]
    title: ClassVar[str]  #: the tool as its owner spells it, "Mailchimp"
    #: The names of our fields there, by what they hold (`FIELDS`). Empty: it takes messages and keeps none.
    fields: Mapping[str, str]

    def check(self) -> str:
        """Verify the credentials, and say whose account it is.

        Raises:
            ConfigError: fields that we would fill are missing, and the owner has not asked us to make them.
        """
        ...

    def prepare(self) -> None:
        """See to it that our fields are there, making them only where the owner asked for that.

        Raises:
            ConfigError: fields are missing: which, and where to make them.
        """
        ...

    def find(self, emails: Sequence[str]) -> Iterator[Found]:
        """Look addresses up in order, exactly one answer each. Changes nothing."""
        ...

    def hand_over(self, batch: Iterable[HandOver]) -> Iterator[Handed]:
        """Hand over in order, exactly one answer each, as it goes."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


#: What fields hold. Days are dates without a time; everything else is text.
FIELDS: Mapping[str, str] = {
    "code": "text",
    "shown": "text",
    "gives": "text",
    "ends": "day",
    "campaign": "text",
    "reminder": "text",
    "groups": "text",
}

Value: TypeAlias = str | date | tuple[str, ...] | None


def named_fields(defaults: Mapping[str, str], chosen: Mapping[str, str] | None) -> dict[str, str]:
    """The tool's names of our fields: as the owner says, else its defaults. An empty name leaves one out.

    Raises:
        ConfigError: there is nothing of that name to hand over, or two fields have one name.
    """
    for word in chosen or {}:
        if word not in FIELDS:
            near = get_close_matches(word, FIELDS, n=1)
            mend = f"Did you mean '{near[0]}'?" if near else f"Known here: {', '.join(FIELDS)}."
            raise ConfigError(f"fields: there is no '{word}' to hand over. {mend}")
    fields = {word: name for word, name in {**defaults, **(chosen or {})}.items() if name}
    folded = [name.casefold() for name in fields.values()]
    if twice := next((name for name in fields.values() if folded.count(name.casefold()) > 1), None):
        raise ConfigError(f"fields: two of them are called '{twice}'. Give each its own name.")
    return fields


def values_of(item: HandOver, fields: Mapping[str, str]) -> dict[str, Value]:
    """What stands in which field of the tool afterwards; None is an empty field, and what is absent stays."""
    values: dict[str, Value] = {}
    if not item.keeps_code:
        values |= _code_values(item.given)
    if item.groups is not None:
        values["groups"] = item.groups or None
    return {fields[word]: value for word, value in values.items() if word in fields}


def _code_values(given: Given | None) -> dict[str, Value]:
    if given is None:
        return dict.fromkeys((word for word in FIELDS if word != "groups"), None)
    return {
        "code": given.code,
        "shown": " ".join(given.code[place : place + 4] for place in range(0, len(given.code), 4)),
        "gives": given.gives,
        "ends": given.last_day,
        "campaign": given.campaign,
        "reminder": "yes" if given.reminder else "no",
    }


def text_of(value: Value, day: str = "%Y-%m-%d") -> str:
    """A value where the tool keeps text only; nothing is an empty text.

    Groups stand between bars, so that a search for "|big|" finds no other name.
    """
    if isinstance(value, tuple):
        return f"|{'|'.join(value)}|"
    if isinstance(value, date):
        return value.strftime(day)
    return value or ""


def refused(item: HandOver, error: Exception) -> Handed:
    """One that the tool refused for good, in a sentence without the address."""
    text = str(error)
    for shown in {item.email, item.email.lower(), item.email.casefold()}:
        text = text.replace(shown, "the contact")
    return Handed(item=item, error=text)


def missing_fields(title: str, missing: Mapping[str, str], where: str) -> ConfigError:
    """The sentence about fields the tool does not have: their names, what they hold, where to make them."""
    listed = ", ".join(f"{name} ({'a date' if kind == 'day' else kind})" for name, kind in missing.items())
    return ConfigError(
        f"{title} has no field for {listed}. Make them under {where}, or set create_fields = true;"
        ' a field you do not want is left out with fields = { WORD = "" }.'
    )


def see_to_fields(
    title: str,
    where: str,
    missing: Callable[[], Mapping[str, str]],
    make: Callable[[str, str], None] | None = None,
) -> None:
    """What `prepare` and `check` of a tool with fields of its own have to do.

    Args:
        missing: asks the tool which of our fields it lacks, by `kinds_of`.
        make: makes one; left out, none may be made.

    Raises:
        ConfigError: fields are missing, or the tool refused to make one.
    """
    lacking = missing()
    if lacking and make is None:
        raise missing_fields(title, lacking, where)
    refusal: RejectedError | None = None
    for name, kind in lacking.items():
        assert make is not None  # noqa: S101  said above
        try:
            make(name, kind)
        except RejectedError as error:
            refusal = error  # perhaps it was made before, and the answer got lost
    if refusal is not None and missing():
        raise ConfigError(f"{title} refused to make a field: {refusal}") from refusal


def kinds_of(fields: Mapping[str, str]) -> dict[str, str]:
    """What each field of the tool holds, by its name there."""
    return {name: FIELDS[word] for word, name in fields.items()}


def outlets() -> dict[str, EntryPoint]:
    """Installed outlets by name, ours and those of other packages."""
    return {point.name: point for point in sorted(entry_points(group="stammkunde.outlets"))}


def outlet_class(name: str) -> type[Outlet]:
    """The class of an installed outlet.

    Raises:
        ConfigError: there is none of that name, or it does not load.
    """
    point = outlets().get(name)
    if point is None:
        raise ConfigError(f"There is no outlet '{name}'. Installed: {', '.join(outlets())}.")
    try:
        made: Any = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"The outlet '{name}' does not load: {error}.") from error
    return cast("type[Outlet]", made)
