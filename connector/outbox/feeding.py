"""From what happened to messages: who entered and left a group, what became of codes, what went wrong."""

import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from connector.campaigns import Code, State, codes
from connector.config import Config
from connector.database import Database, milliseconds
from connector.outbox.messages import ALERT, ENTERED, EXPIRING, ISSUED, LEFT, MAIL, REDEEMED, identity_of

# A code is said to end soon so long before it does.
SOON = timedelta(days=7)
# The same trouble of the same shop is told once in so long a time.
QUIET = timedelta(hours=24)


def subscribers(config: Config, shop: str) -> Mapping[str, frozenset[str]]:
    """Who wants to be told what of a shop: kinds by receiver."""
    found: dict[str, frozenset[str]] = {
        name: frozenset(receiver.events)
        for name, receiver in config.receivers.items()
        if receiver.applies_to(shop)
    }
    if config.alerts.mail is not None:
        found[MAIL] = frozenset((ALERT,))
    return found


def feed(db: Database, shop: int, name: str, config: Config, now: datetime) -> int:
    """Make messages of what happened since the last time. Returns how many.

    A receiver is told of what happens from now on: what is new to it is not news. Nor is the first filling of
    a group, or a rule somebody tries would write to half the shop's customers.
    """
    wanted = subscribers(config, name)
    return _feed_membership(db, shop, wanted) + _feed_codes(db, shop, wanted, now)


def _wanting(wanted: Mapping[str, frozenset[str]], kind: str) -> list[str]:
    return [receiver for receiver, kinds in wanted.items() if kind in kinds]


def _position(db: Database, shop: int, source: str) -> int | None:
    row = db.row("SELECT position FROM outbox_fed WHERE shop = ? AND source = ?", (shop, source))
    return None if row is None else row["position"]


def _feed_membership(db: Database, shop: int, wanted: Mapping[str, frozenset[str]]) -> int:
    newest = db.value("SELECT max(event) FROM membership_history WHERE shop = ?", (shop,))
    before = _position(db, shop, "membership")
    if before == newest:
        return 0
    rows = []
    if before is not None and (_wanting(wanted, ENTERED) or _wanting(wanted, LEFT)):
        rows = db.rows(_MOVES, {"shop": shop, "after": before, "upto": newest})
    told = [(ENTERED if row["entered"] else LEFT, row["name"], row["identity"], row["at"]) for row in rows]
    return _write(db, shop, "membership", newest, told, wanted)


_MOVES = """
    SELECT h.name, h.identity, h.at, h.entered FROM membership_history AS h
    WHERE h.shop = :shop AND h.event > :after AND h.event <= :upto
        AND h.at > (SELECT f.at FROM membership_history AS f
            WHERE f.shop = :shop AND f.name = h.name ORDER BY f.event LIMIT 1)
    ORDER BY h.event
"""


def _feed_codes(db: Database, shop: int, wanted: Mapping[str, frozenset[str]], now: datetime) -> int:
    if not any(_wanting(wanted, kind) for kind in (ISSUED, EXPIRING, REDEEMED)):
        with db.write() as connection:  # whoever comes later is told of what happens from then on
            connection.execute("DELETE FROM outbox_fed WHERE shop = ? AND source = 'codes'", (shop,))
        return 0
    known = {
        (row["code"].upper(), row["kind"])
        for row in db.rows("SELECT code, kind FROM told_codes WHERE shop = ?", (shop,))
    }
    news = [
        (kind, code)
        for code in codes(db, shop, now)
        for kind in _kinds_of(code, now)
        if (code.code.upper(), kind) not in known
    ]
    is_first = _position(db, shop, "codes") is None
    told = [] if is_first else _about_codes(db, shop, news, now)
    said = [(shop, code.code, kind) for kind, code in news]
    return _write(db, shop, "codes", 0, told, wanted, said)


def _kinds_of(code: Code, now: datetime) -> Iterable[str]:
    if code.state in (State.ISSUED, State.HANDED_OVER):
        yield ISSUED
        is_usable = code.active and code.in_order is None  # an order that may still be paid has it
        if is_usable and code.ends_at - now <= SOON:
            yield EXPIRING
    elif code.state is State.REDEEMED:
        yield REDEEMED


def _about_codes(
    db: Database, shop: int, news: Iterable[tuple[str, Code]], now: datetime
) -> list[tuple[str, str, str, int]]:
    found = []
    for kind, code in news:
        identity = identity_of(db, shop, code.customer_id, code.person_key)
        if identity is not None:
            found.append((kind, code.code, identity, milliseconds(now)))
    return found


def _write(
    db: Database,
    shop: int,
    source: str,
    position: int,
    told: Iterable[tuple[str, str, str, int]],
    wanted: Mapping[str, frozenset[str]],
    said: Collection[tuple[int, str, str]] = (),
) -> int:
    """Messages and how far they reach, in one transaction: none is lost, none comes twice."""
    written = 0
    with db.write() as connection:
        for kind, subject, identity, at in told:
            receivers = _wanting(wanted, kind)
            if receivers:
                _store(connection, (shop, kind, subject, identity, at, None), receivers)
                written += 1
        connection.executemany("INSERT OR IGNORE INTO told_codes VALUES (?, ?, ?)", said)
        connection.execute("INSERT OR REPLACE INTO outbox_fed VALUES (?, ?, ?)", (shop, source, position))
    return written


def _store(connection: sqlite3.Connection, message: tuple[object, ...], receivers: Iterable[str]) -> None:
    cursor = connection.execute(
        "INSERT INTO outbox (shop, kind, subject, identity, at, text) VALUES (?, ?, ?, ?, ?, ?)", message
    )
    connection.executemany(
        "INSERT INTO deliveries (message, receiver) VALUES (?, ?)",
        [(cursor.lastrowid, receiver) for receiver in receivers],
    )


def alert(db: Database, shop: int, name: str, config: Config, kind: str, text: str, now: datetime) -> bool:
    """Tell the owner that something is wrong, unless that was said within a day.

    The same sentence with other figures is the same trouble: they grow with every pull.

    Args:
        kind: of trouble, one word: "failing", "credentials", "push-refused", "budget", "group-moved",
            "codes-refused".

    Returns:
        Whether there is somebody to tell, and something new.
    """
    receivers = _wanting(subscribers(config, name), ALERT)
    said = db.rows(
        "SELECT text FROM outbox WHERE shop = ? AND kind = ? AND subject = ? AND at > ?",
        (shop, ALERT, kind, milliseconds(now - QUIET)),
    )
    if not receivers or _shape(text) in {_shape(row["text"]) for row in said}:
        return False
    with db.write() as connection:
        _store(connection, (shop, ALERT, kind, None, milliseconds(now), text), receivers)
    return True


def _shape(text: str) -> str:
    """A sentence without its figures. Digits within a name stay: vip-2 is another group than vip-3."""
    return re.sub(r"(?<![\w.-])\d[\d.,]*(?![\w-])", "#", text)
