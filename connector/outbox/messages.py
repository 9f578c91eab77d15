"""What receivers are told, and how a message reads. Whom it is about is looked up when it is sent."""

import sqlite3
from typing import Any

import msgspec

from connector.campaigns import find_code
from connector.database import Database, moment
from connector.money import decimal_text
from connector.people import mark_of

ENTERED, LEFT = "group.entered", "group.left"
ISSUED, EXPIRING, REDEEMED = "code.issued", "code.expiring", "code.redeemed"
ALERT = "alert"

#: Every kind of message, as a receiver's `events` name them.
KINDS = (ENTERED, LEFT, ISSUED, EXPIRING, REDEEMED, ALERT)

MAIL = "mail"  #: the name of the receiver that is the owner's mailbox


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it is stored."""

    message: int
    shop: int
    shop_name: str
    kind: str
    subject: str
    identity: str | None
    at: int
    text: str | None


def body_of(db: Database, message: Message) -> dict[str, Any] | None:
    """A message as a receiver gets it; None where there is nobody any more whom it is about."""
    data: dict[str, Any] = {"shop": message.shop_name}
    if message.identity is not None:
        customer = _customer(db, message)
        if customer is None:
            return None
        data["customer"] = customer
    if message.kind in (ENTERED, LEFT):
        data["group"] = message.subject
    elif message.kind == ALERT:
        data |= {"kind": message.subject, "text": message.text}
    else:
        code = _code(db, message)
        if code is None:
            return None
        data |= code
    return {"type": message.kind, "timestamp": moment(message.at).isoformat(), "data": data}


def _customer(db: Database, message: Message) -> dict[str, Any] | None:
    row = db.row(
        "SELECT c.id, coalesce(c.email, p.email_key) AS email, k.state, k.level"
        " FROM people AS p LEFT JOIN customers AS c ON c.customer = p.customer"
        " LEFT JOIN consents AS k ON k.customer = c.customer AND k.channel = 'email'"
        " WHERE p.shop = ? AND p.identity = ? AND p.excluded IS NULL AND p.cluster <> ''",
        (message.shop, message.identity),
    )
    if row is None:
        return None
    return {"id": row["id"], "email": row["email"], "consent": _consent(row)}


def _consent(row: sqlite3.Row) -> str:
    """Whether the shop's newsletter may be sent to this address: "confirmed", "single", or a plain no."""
    if row["state"] != "subscribed":
        return row["state"] or "unknown"
    return "confirmed" if row["level"] == "confirmed" else "single"


def _code(db: Database, message: Message) -> dict[str, Any] | None:
    found = find_code(db, message.shop, message.subject, moment(message.at))
    if found is None:
        return None
    known: dict[str, Any] = {
        "campaign": found.campaign,
        "code": found.code,
        "ends_at": found.ends_at.isoformat(),
        "order": found.in_order,
    }
    if found.terms is not None:
        terms = found.terms
        known |= {
            "percent": terms.percent,
            "amount": None if terms.amount is None else decimal_text(terms.amount, terms.currency),
            "currency": terms.currency,
            "minimum": decimal_text(terms.minimum, terms.currency),
            "free_shipping": terms.free_shipping,
        }
    return known


def identity_of(db: Database, shop: int, customer_id: str, person_key: str) -> str | None:
    """The person a code was made for, by the record that got it."""
    row = db.row(
        "SELECT p.identity FROM customers AS c JOIN people AS p USING (person) WHERE c.shop = ? AND c.id = ?",
        (shop, customer_id),
    )
    return row["identity"] if row is not None and mark_of(row["identity"]) == person_key else None
