"""People as pages show them: found by what somebody typed, listed, and one of them in full."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
from markupsafe import Markup

from connector import campaigns, support
from connector.campaigns import Code
from connector.database import Database, moment
from connector.errors import ConfigError
from connector.explain import Verdict, explain_membership
from connector.language import _
from connector.language.names import called
from connector.ledger import customer_of
from connector.mirror import normalised
from connector.model import (
    Change,
    CreateCoupon,
    DisableCoupon,
    ExtendCoupon,
    MoveGroup,
    SetAttribute,
    UpdateTags,
)
from connector.shop import definitions_of
from connector.web.desk import Here, start_of

MOST_FOUND = 50
PAGE = 50  #: members on a page
SORTED = 20_000  #: members up to which a group is sorted by what they spent; larger ones as they come
EVENTS = 60
ORDERS = 50


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a list. Money in minor units."""

    person: int
    name: str | None
    email: str | None
    customer_id: str | None
    orders: int
    spent: int
    last_order: date | None


_LINE = (
    "SELECT f.person, c.id, c.first_name, c.last_name, coalesce(c.email, p.email_key) AS email, f.orders,"
    " f.spent, f.last_day"
)
_FROM = (
    " FROM facts AS f JOIN people AS p ON p.person = f.person"
    " LEFT JOIN customers AS c ON c.customer = p.customer"
)


def _line(row: sqlite3.Row) -> Line:
    return Line(
        person=row["person"],
        name=" ".join(filter(None, (row["first_name"], row["last_name"]))) or None,
        email=row["email"],
        customer_id=row["id"],
        orders=row["orders"],
        spent=row["spent"],
        last_order=date.fromordinal(row["last_day"]) if row["last_day"] else None,
    )


# Finding


def find(here: Here, typed: str) -> list[Line]:
    """People whose address or name begins like that, or whose id, order number or code it is."""
    typed = typed.strip()
    if not typed:
        return []
    found: dict[int, None] = {}
    for people in (_by_code, _by_order, _by_id, _by_email, _by_name):
        for person in people(here, typed):
            found.setdefault(person)
            if len(found) >= MOST_FOUND:
                return lines(here.db, [*found])
    return lines(here.db, [*found])


def lines(db: Database, people: Sequence[int]) -> list[Line]:
    """These people, in this order."""
    rows = db.rows(
        f"{_LINE}{_FROM} WHERE f.person IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(list(people)).decode(),),
    )
    by_person = {row["person"]: _line(row) for row in rows}
    return [by_person[each] for each in people if each in by_person]


def _people(here: Here, query: str, **values: object) -> list[int]:
    rows = here.db.rows(f"{query} LIMIT {MOST_FOUND}", {"shop": here.key, **values})
    return [row["person"] for row in rows if row["person"] is not None]


def _by_code(here: Here, typed: str) -> list[int]:
    return _people(
        here,
        "SELECT c.person FROM issued AS i JOIN customers AS c ON c.shop = i.shop AND c.id = i.customer_id"
        " WHERE i.shop = :shop AND i.code = :code",
        code=campaigns.typed(typed),
    )


def _by_order(here: Here, typed: str) -> list[int]:
    bare = typed.lstrip("#")
    return _people(
        here,
        "SELECT person FROM orders WHERE shop = :shop AND number IN (:typed, :bare, '#' || :bare)",
        typed=typed,
        bare=bare,
    )


def _by_id(here: Here, typed: str) -> list[int]:
    return _people(here, "SELECT person FROM customers WHERE shop = :shop AND id = :typed", typed=typed)


def _by_email(here: Here, typed: str) -> list[int]:
    key = normalised(typed)
    if key is None or len(key) < 3:
        return []
    beginning = "email_key >= :key AND email_key < :key || char(1114111)"
    return _people(
        here,
        f"SELECT person FROM customers WHERE shop = :shop AND {beginning} AND email_key IS NOT NULL"
        f" UNION SELECT person FROM orders WHERE shop = :shop AND {beginning} AND email_key IS NOT NULL",
        key=key,
    )


def _by_name(here: Here, typed: str) -> list[int]:
    """By last name, by first name, or by both in either order."""
    words = typed.replace(",", " ").split()
    if not words or len(words[0]) < 2:
        return []
    begins = "{0} COLLATE NOCASE >= :{1} AND {0} COLLATE NOCASE < :{1} || char(1114111) AND {0} IS NOT NULL"
    query = "SELECT person FROM customers WHERE shop = :shop AND gone_at IS NULL AND "
    if len(words) == 1:
        return [
            person
            for column in ("last_name", "first_name")
            for person in _people(here, query + begins.format(column, "word"), word=words[0])
        ]
    first, last = words[0], " ".join(words[1:])
    both = f"{begins.format('last_name', 'last')} AND {begins.format('+first_name', 'first')}"
    turned = [(first, last), (last.split()[-1], first)]
    return [person for one, two in turned for person in _people(here, query + both, first=one, last=two)]


# Members


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list. `following` is what asks for the next one."""

    lines: list[Line]
    following: str | None


def members(here: Here, group: int, size: int, after: str | None, wanted: str) -> Members:
    """A page of a group's members, by what they spent; in a very large group as they come.

    Args:
        wanted: only those whom `find` finds by this.
    """
    values: dict[str, object] = {"grp": group, "n": PAGE + 1}
    joined = f"{_LINE} FROM members AS m CROSS JOIN facts AS f ON f.person = m.person" + _FROM.removeprefix(
        " FROM facts AS f"
    )
    if wanted:
        found = [each.person for each in find(here, wanted)]
        values["people"] = msgspec.json.encode(found).decode()
        rows = here.db.rows(
            f"{joined} WHERE m.grp = :grp AND m.person IN (SELECT value FROM json_each(:people)) LIMIT :n",
            values,
        )
        return Members(lines=[_line(row) for row in rows], following=None)
    start = start_of(after)
    if size > SORTED:
        rows = here.db.rows(
            f"{joined} WHERE m.grp = :grp AND m.person > :after ORDER BY m.person LIMIT :n",
            values | {"after": start},
        )
        following = str(rows[PAGE - 1]["person"]) if len(rows) > PAGE else None
    else:
        rows = here.db.rows(
            f"{joined} WHERE m.grp = :grp ORDER BY f.spent DESC, f.tie LIMIT :n OFFSET :after",
            values | {"after": start},
        )
        following = str(start + PAGE) if len(rows) > PAGE else None
    return Members(lines=[_line(row) for row in rows[:PAGE]], following=following)


def by_condition(here: Here, condition: str, parameters: Mapping[str, object], start: int) -> Members:
    """A page of the people that a rule takes, by what they spent."""
    rows = here.db.rows(
        f"{_LINE}{_FROM} WHERE f.shop = :shop__ AND {condition} ORDER BY f.spent DESC, f.tie"
        " LIMIT :n__ OFFSET :start__",
        {**parameters, "n__": PAGE + 1, "start__": start},
    )
    following = str(start + PAGE) if len(rows) > PAGE else None
    return Members(lines=[_line(row) for row in rows[:PAGE]], following=following)


# One of them


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """An order. Money in minor units of its own currency; `uncounted` says why it does not count."""

    number: str
    day: date
    total: int
    refunded: int
    currency: str
    codes: list[str]
    uncounted: str | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a person's groups, tags or codes."""

    at: datetime
    kind: Literal["entered", "left", "tags", "code", "disabled", "extended", "attribute", "moved"]
    what: str
    state: str = "done"
    reason: str = ""
    run: str | None = None


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """All that a page shows of one person."""

    line: Line
    records: list[str]
    phone: str | None
    company: str | None
    country: str | None
    language: str | None
    customer_group: str | None
    tags: list[tuple[str, bool]]  #: and whether it is ours
    excluded: str | None
    consents: list[tuple[str, str, str]]
    first_order: date | None
    abc_class: str | None
    groups: list[str]
    verdicts: list[Verdict]
    orders: list[OrderLine]
    order_count: int
    codes: list[support.Answer]
    events: list[Event]


def portrait(here: Here, person: int) -> Portrait | None:
    """Everything about one person of the shop, or None where there is none."""
    db = here.db
    about = db.row("SELECT * FROM people WHERE person = ? AND shop = ? AND cluster <> ''", (person, here.key))
    if about is None:
        return None
    records = db.rows(
        "SELECT * FROM customers WHERE person = ? ORDER BY customer <> ?, guest, created_at",
        (person, about["customer"] or 0),
    )
    first, ids = (records[0] if records else None), [row["id"] for row in records]
    facts = db.row("SELECT * FROM facts WHERE person = ?", (person,))
    known = lines(db, [person])
    if facts is None or not known:
        return None
    return Portrait(
        line=known[0],
        records=ids,
        **_record(first),
        tags=_tags(db, here.key, records, ids),
        excluded=about["excluded"],
        consents=_consents(db, person),
        first_order=date.fromordinal(facts["first_day"]) if facts["first_day"] else None,
        abc_class=facts["abc_class"],
        groups=_groups(db, person),
        verdicts=_verdicts(here, person),
        orders=_orders(db, person),
        order_count=db.value("SELECT count(*) FROM orders WHERE person = ?", (person,)),
        codes=_codes(here, ids),
        events=_events(here, about["identity"], ids),
    )


def _record(row: sqlite3.Row | None) -> dict[str, str | None]:
    names = ("phone", "company", "country", "language", "customer_group")
    return {name: row[name] if row else None for name in names}


def _json(values: Sequence[str]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _tags(db: Database, shop: int, records: list[sqlite3.Row], ids: list[str]) -> list[tuple[str, bool]]:
    ours = {
        row["tag_key"]
        for row in db.rows(
            "SELECT tag_key FROM own_tags WHERE shop = ? AND customer_id IN (SELECT value FROM json_each(?))",
            (shop, _json(ids)),
        )
    }
    tags = {tag for row in records for tag in msgspec.json.decode(row["tags"], type=list[str])}
    return [(tag, tag.casefold() in ours) for tag in sorted(tags, key=str.casefold)]


def _consents(db: Database, person: int) -> list[tuple[str, str, str]]:
    rows = db.rows(
        "SELECT DISTINCT channel, state, level FROM consents JOIN customers USING (customer) WHERE person = ?"
        " ORDER BY channel",
        (person,),
    )
    return [(row["channel"], row["state"], row["level"]) for row in rows]


def _groups(db: Database, person: int) -> list[str]:
    query = "SELECT name FROM members JOIN groups USING (grp) WHERE person = ? ORDER BY name"
    return [row["name"] for row in db.rows(query, (person,))]


def _verdicts(here: Here, person: int) -> list[Verdict]:
    context = here.context()
    verdicts = [
        explain_membership(here.db, person, each, context) for each in definitions_of(here.config, here.name)
    ]
    return sorted(verdicts, key=lambda each: not each.member)


def _orders(db: Database, person: int) -> list[OrderLine]:
    rows = db.rows(
        "SELECT o.*, (SELECT json_group_array(code) FROM order_codes AS k"
        " WHERE k.order_key = o.order_key) AS codes FROM orders AS o WHERE person = ?"
        " ORDER BY placed_at DESC LIMIT ?",
        (person, ORDERS),
    )
    return [
        OrderLine(
            number=row["number"],
            day=date.fromordinal(row["day"]),
            total=row["total"],
            refunded=row["refunded"],
            currency=row["currency"],
            codes=msgspec.json.decode(row["codes"]),
            uncounted="gone" if row["gone_at"] is not None else row["uncounted"],
        )
        for row in rows
    ]


def _codes(here: Here, ids: list[str]) -> list[support.Answer]:
    rows = here.db.rows(
        "SELECT code FROM issued WHERE shop = ? AND customer_id IN (SELECT value FROM json_each(?))"
        " AND state <> 'refused' ORDER BY starts_at DESC LIMIT 30",
        (here.key, _json(ids)),
    )
    return [answer for row in rows if (answer := code_answer(here, row["code"])) is not None]


def code_answer(here: Here, text: str) -> support.Answer | None:
    """All there is to say about a code; None where it is none of ours."""
    try:
        with here.opened() as shop:
            reissue = [each.name for each in shop.campaigns(active=False) if each.reissue_on_return]
            code: Code | None = campaigns.find_code(
                here.db, here.key, campaigns.typed(text), here.now, reissue
            )
            return None if code is None else support.explain(shop, code, here.now)
    except ConfigError:
        return None  # the adapter's settings are broken; the page says so at another place


def _events(here: Here, identity: str, ids: list[str]) -> list[Event]:
    moved = here.db.rows(
        "SELECT at, name, entered FROM membership_history WHERE shop = ? AND identity = ?"
        " ORDER BY event DESC LIMIT ?",
        (here.key, identity, EVENTS),
    )
    events = [
        Event(at=moment(row["at"]), kind="entered" if row["entered"] else "left", what=row["name"])
        for row in moved
    ]
    rows = here.db.rows(
        "SELECT c.*, r.began_at FROM changes AS c JOIN runs AS r USING (run)"
        " WHERE c.shop = ? AND c.customer_id IN (SELECT value FROM json_each(?))"
        " ORDER BY r.began_at DESC LIMIT ?",
        (here.key, _json(ids), EVENTS),
    )
    events += [event for row in rows for event in _changed(row)]
    return sorted(events, key=lambda each: each.at, reverse=True)[:EVENTS]


def _changed(row: sqlite3.Row) -> Iterator[Event]:
    change = msgspec.json.decode(row["change"], type=Change)
    kind, what = describe(change)
    yield Event(
        at=moment(row["settled_at"] or row["began_at"]),
        kind=kind,
        what=what,
        state=row["state"],
        reason=row["error"] or row["reason"] or "",
        run=row["run"],
    )


_Kind = Literal["entered", "left", "tags", "code", "disabled", "extended", "attribute", "moved"]


def describe(change: object) -> tuple[_Kind, str]:
    """A change in a few signs: which kind, and what it is about."""
    match change:
        case UpdateTags():
            return "tags", " ".join(
                [*(f"+{tag}" for tag in change.add), *(f"−{tag}" for tag in change.remove)]
            )
        case CreateCoupon():
            return "code", grouped(change.code)
        case DisableCoupon():
            return "disabled", grouped(change.code)
        case ExtendCoupon():
            return "extended", grouped(change.code)
        case MoveGroup():
            return "moved", change.to or ""
        case SetAttribute():
            return "attribute", change.name
        case _:
            return "attribute", type(change).__name__


def described(change: Change) -> Markup:
    """A change in a line: whom it concerns, and what it does."""
    kind, what = describe(change)
    who = customer_of(change)
    text = called(kind) + " " + what
    return text if who is None else _("Customer %(id)s", id=who) + ": " + text


def grouped(code: str) -> str:
    """A code in groups of four, as people read it."""
    return " ".join(code[place : place + 4] for place in range(0, len(code), 4))


def masked(email: str | None) -> str | None:
    """An address that tells its owner apart and nobody else."""
    if not email or "@" not in email:
        return None if not email else "•••"
    name, _, domain = email.rpartition("@")
    host, dot, ending = domain.rpartition(".")
    return f"{name[:2]}•••@{host[:1]}•••{dot}{ending}"
