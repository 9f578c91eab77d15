"""Whom an id or an address means, with everything by which that person is known in one shop."""

from collections.abc import Iterable
from typing import Any

import msgspec

from connector.database import Database
from connector.mirror import normalised
from connector.people import mark_of


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """Everything by which a person is known in one shop."""

    ids: tuple[str, ...]  #: of accounts and guest records
    emails: tuple[str, ...]  #: normalised
    people: tuple[int, ...]
    identities: tuple[str, ...]
    marks: tuple[str, ...]  #: as they stand in coupons
    orders: tuple[int, ...]
    codes: tuple[str, ...]  #: ours

    def values(self, shop: int) -> dict[str, object]:
        """As parameters of a query: each a JSON array."""
        return {"shop": shop} | {name: as_json(getattr(self, name)) for name in self.__struct_fields__}


def find(db: Database, shop: int, wanted: str) -> Traces:
    """Whom an id or an e-mail address means, with everything that is the same person."""
    given = normalised(wanted)
    people = column(
        db,
        "SELECT person FROM customers WHERE shop = :shop AND (id = :wanted OR email_key = :email)"
        " UNION SELECT person FROM people WHERE shop = :shop AND email_key = :email"
        " UNION SELECT person FROM orders WHERE shop = :shop AND email_key = :email",
        {"shop": shop, "wanted": wanted, "email": given},
    )
    rows = db.rows(
        "SELECT id, email_key FROM customers WHERE shop = :shop AND (id = :wanted OR email_key = :email"
        " OR person IN (SELECT value FROM json_each(:people)))",
        {"shop": shop, "wanted": wanted, "email": given, "people": as_json(people)},
    )
    emails = {row["email_key"] for row in rows if row["email_key"]} | _addresses(db, people)
    if given and "@" in given:
        emails.add(given)
    return traces_of(db, shop, {row["id"] for row in rows}, emails, set(people))


def _addresses(db: Database, people: Iterable[int]) -> set[str]:
    return set(
        column(
            db,
            "SELECT email_key FROM people WHERE person IN (SELECT value FROM json_each(?))",
            (as_json(people),),
        )
    )


def traces_of(db: Database, shop: int, ids: set[str], emails: set[str], people: set[int]) -> Traces:
    """Everything that hangs on these ids, addresses and people."""
    values = {"shop": shop, "ids": as_json(ids), "emails": as_json(emails), "people": as_json(people)}
    known = set(
        column(
            db, "SELECT identity FROM people WHERE person IN (SELECT value FROM json_each(:people))", values
        )
    )
    identities = known | {f"c:{each}" for each in ids} | {f"g:{each}" for each in emails}
    marks = {mark_of(each) for each in identities}
    codes = column(
        db,
        "SELECT code FROM issued WHERE shop = :shop AND (customer_id IN (SELECT value FROM json_each(:ids))"
        " OR person_key IN (SELECT value FROM json_each(:marks)))",
        values | {"marks": as_json(marks)},
    )
    orders = column(
        db,
        "SELECT order_key FROM orders WHERE shop = :shop AND ("
        " person IN (SELECT value FROM json_each(:people))"
        " OR customer_id IN (SELECT value FROM json_each(:ids))"
        " OR email_key IN (SELECT value FROM json_each(:emails)))",
        values,
    )
    return Traces(
        ids=tuple(sorted(ids)),
        emails=tuple(sorted(emails)),
        people=tuple(sorted(people)),
        identities=tuple(sorted(identities)),
        marks=tuple(sorted(marks)),
        orders=tuple(orders),
        codes=tuple(codes),
    )


def column(db: Database, query: str, values: object) -> list[Any]:
    """The first column of a query, without NULLs."""
    return [row[0] for row in db.rows(query, values) if row[0] is not None]


def as_json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
