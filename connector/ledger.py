"""Runs, planned changes and their outcomes. Rows are written before the call and settled after it."""

import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from connector.database import Database, milliseconds, moment
from connector.mirror import OBJECTION, Mirror
from connector.model import Change, CreateCoupon, DisableCoupon, ExtendCoupon, Result, UpdateTags

RunKind = Literal["pull", "push", "undo", "adopt"]


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A change with why it is to be made, in the owner's words, and what a coupon may cost at most."""

    change: Change
    reason: str = ""
    face_value: int = 0
    needs: str | UnsetType = UNSET  #: the code without which it is not made
    earned_by: str | UnsetType = UNSET  #: id of the friend's order that a coupon rewards
    replaces: str | UnsetType = UNSET  #: the code in whose place a coupon comes


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A change as the ledger has it."""

    run: str
    position: int
    change: Change
    reason: str
    state: Literal["planned", "done", "refused"]
    error: str | None
    needs: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the line. `outcome` is None while it runs and for ever if it was killed."""

    run: str
    kind: RunKind
    began_at: datetime
    ended_at: datetime | None
    outcome: str | None
    undoes: str | None
    counts: Mapping[str, int]


def begin(db: Database, shop: int, kind: RunKind, now: datetime, undoes: str | None = None) -> str:
    """Open a run. Its name tells kind and time and is typed by people: `undo push-20261122-0546-x7qk`."""
    with db.write() as connection:
        run = _free_name(connection, f"{kind}-{now:%Y%m%d-%H%M}")
        connection.execute(
            "INSERT INTO runs (run, shop, kind, began_at, undoes) VALUES (?, ?, ?, ?, ?)",
            (run, shop, kind, milliseconds(now), undoes),
        )
    return run


def _free_name(connection: sqlite3.Connection, began: str) -> str:
    """Four characters are short enough to type, and so few that two runs of one minute may draw the same."""
    while True:
        name = f"{began}-{secrets.token_hex(2)}"
        if not connection.execute("SELECT 1 FROM runs WHERE run = ?", (name,)).fetchone():
            return name


def end(db: Database, run: str, now: datetime, outcome: str, counts: Mapping[str, int]) -> None:
    """Close a run."""
    with db.write() as connection:
        connection.execute(
            "UPDATE runs SET ended_at = ?, outcome = ?, counts = ? WHERE run = ?",
            (milliseconds(now), outcome, _json(counts), run),
        )


def runs(db: Database, shop: int, limit: int = 20) -> list[Run]:
    """The latest runs, newest first."""
    found = db.rows(
        "SELECT * FROM runs WHERE shop = ? ORDER BY began_at DESC, rowid DESC LIMIT ?", (shop, limit)
    )
    return [_run(row) for row in found]


def find_run(db: Database, run: str) -> tuple[int, Run] | None:
    """The shop and the run of that name, or None."""
    row = db.row("SELECT * FROM runs WHERE run = ?", (run,))
    return None if row is None else (row["shop"], _run(row))


def _run(row: sqlite3.Row) -> Run:
    return Run(
        run=row["run"],
        kind=row["kind"],
        began_at=moment(row["began_at"]),
        ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
        outcome=row["outcome"],
        undoes=row["undoes"],
        counts=msgspec.json.decode(row["counts"]),
    )


def customer_of(change: Change) -> str | None:
    """Whom a change concerns, if it says so."""
    return None if isinstance(change, ExtendCoupon) else change.customer_id


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def plan(
    db: Database,
    shop: int,
    run: str,
    changes: Sequence[Planned],
    reserve: Callable[[sqlite3.Connection], None] | None = None,
) -> None:
    """Write every change of a run before the first of them is sent.

    Tags are claimed and coupons reserved here: if we die between the call and its outcome, what arrived in
    the shop is known to be ours.

    Args:
        reserve: runs in the same transaction when all is written; what it raises takes everything back.
    """
    with db.write() as connection:
        connection.executemany(
            "INSERT INTO changes (run, position, shop, customer_id, change, reason, state, needs)"
            " VALUES (?, ?, ?, ?, ?, ?, 'planned', ?)",
            [_change_row(shop, run, position, each) for position, each in enumerate(changes)],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO own_tags VALUES (?, ?, ?, ?)",
            [
                (shop, each.change.customer_id, tag.casefold(), run)
                for each in changes
                if isinstance(each.change, UpdateTags)
                for tag in each.change.add
            ],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO issued (shop, campaign, person_key, round, code, customer_id, state, run,"
            " starts_at, ends_at, face_value, terms, earned_by, replaces)"
            " VALUES (?, ?, ?, ?, ?, ?, 'planned', ?, ?, ?, ?, ?, ?, ?)",
            [_issued_row(shop, run, each) for each in changes if isinstance(each.change, CreateCoupon)],
        )
        if reserve is not None:
            reserve(connection)


def _change_row(shop: int, run: str, position: int, planned: Planned) -> tuple[object, ...]:
    change = planned.change
    return (run, position, shop, customer_of(change), _json(change), planned.reason, planned.needs or None)


def _issued_row(shop: int, run: str, planned: Planned) -> tuple[object, ...]:
    coupon = planned.change
    assert isinstance(coupon, CreateCoupon)  # noqa: S101
    return (
        shop,
        coupon.mark.campaign,
        coupon.mark.person,
        coupon.mark.round,
        coupon.code,
        coupon.customer_id,
        run,
        milliseconds(coupon.starts_at),
        milliseconds(coupon.ends_at),
        planned.face_value,
        _json(coupon),
        planned.earned_by or None,
        planned.replaces or None,
    )


def settle(mirror: Mirror, entry: Entry, result: Result, now: datetime) -> None:
    """Write one outcome. A change that was done is applied to the mirror in the same transaction."""
    with mirror.db.write() as connection:
        if result.error:
            give_up(connection, mirror.shop, entry, result.error, now)
        else:
            _close(connection, entry, "done", None, now)
            _keep(connection, mirror.shop, entry, milliseconds(now))
            mirror.apply(connection, entry.change)


def give_up(connection: sqlite3.Connection, shop: int, entry: Entry, why: str, now: datetime) -> None:
    """A change was refused, or is not sent any more, inside a transaction of the caller's."""
    _close(connection, entry, "refused", why, now)
    _give_back(connection, shop, entry)


def _close(
    connection: sqlite3.Connection, entry: Entry, state: str, error: str | None, now: datetime
) -> None:
    connection.execute(
        "UPDATE changes SET state = ?, error = ?, settled_at = ? WHERE run = ? AND position = ?",
        (state, error, milliseconds(now), entry.run, entry.position),
    )


def _give_back(connection: sqlite3.Connection, shop: int, entry: Entry) -> None:
    """A refused change leaves nothing of ours in the shop."""
    change = entry.change
    if isinstance(change, UpdateTags):
        connection.executemany(
            "DELETE FROM own_tags WHERE shop = ? AND customer_id = ? AND tag_key = ? AND run = ?",
            [(shop, change.customer_id, tag.casefold(), entry.run) for tag in change.add],
        )
    elif isinstance(change, CreateCoupon):
        connection.execute(
            "UPDATE issued SET state = 'refused' WHERE shop = ? AND code = ? AND run = ?",
            (shop, change.code, entry.run),
        )


def _keep(connection: sqlite3.Connection, shop: int, entry: Entry, now: int) -> None:
    change = entry.change
    if isinstance(change, UpdateTags):
        connection.executemany(
            "DELETE FROM own_tags WHERE shop = ? AND customer_id = ? AND tag_key = ?",
            [(shop, change.customer_id, tag.casefold()) for tag in change.remove],
        )
        # Claimed when it was planned; a change before it in the same run may have given the claim up.
        connection.executemany(
            "INSERT OR IGNORE INTO own_tags VALUES (?, ?, ?, ?)",
            [(shop, change.customer_id, tag.casefold(), entry.run) for tag in change.add],
        )
    elif isinstance(change, CreateCoupon):
        connection.execute(
            "UPDATE issued SET state = 'issued', handed_at = iif(?, starts_at, NULL)"
            " WHERE shop = ? AND code = ?",
            (change.attribute is not None, shop, change.code),
        )
    elif isinstance(change, DisableCoupon):
        connection.execute(_DISABLED, {"shop": shop, "code": change.code, "now": now})
    elif isinstance(change, ExtendCoupon):
        connection.execute(
            "UPDATE issued SET ends_at = ? WHERE shop = ? AND code = ?",
            (milliseconds(change.ends_at), shop, change.code),
        )


# To disable a code that has ended, or whose order was called off, is tidying up; else it is taken away.
_DISABLED = """
    UPDATE issued SET cleaned_at = :now, state = CASE
        WHEN ends_at <= :now OR EXISTS (
            SELECT 1 FROM order_codes AS k JOIN orders AS o USING (order_key)
            WHERE k.shop = :shop AND k.code = issued.code AND o.gone_at IS NULL AND NOT o.test
        ) THEN state ELSE 'revoked' END
    WHERE shop = :shop AND code = :code
"""


def settled(db: Database, run: str) -> dict[str, int]:
    """How many changes of a run were done and how many refused, by whichever process."""
    counts = {"done": 0, "refused": 0}
    for row in db.rows("SELECT state, count(*) AS n FROM changes WHERE run = ? GROUP BY state", (run,)):
        if row["state"] in counts:
            counts[row["state"]] = row["n"]
    return counts


def entries(db: Database, run: str) -> list[Entry]:
    """All changes of a run, in order."""
    return [_entry(row) for row in db.rows("SELECT * FROM changes WHERE run = ? ORDER BY position", (run,))]


def undone(db: Database, run: str) -> set[Change]:
    """What earlier undos of a run have taken back."""
    rows = db.rows(
        "SELECT c.change FROM changes AS c JOIN runs AS r USING (run)"
        " WHERE r.undoes = ? AND c.state = 'done'",
        (run,),
    )
    return {msgspec.json.decode(row["change"], type=Change) for row in rows}


def unsettled(db: Database, shop: int) -> dict[str, list[Entry]]:
    """What runs before us planned and did not see settled, oldest run first."""
    found: dict[str, list[Entry]] = {}
    rows = db.rows(
        "SELECT c.* FROM changes AS c JOIN runs AS r USING (run)"
        " WHERE c.shop = ? AND c.state = 'planned' ORDER BY r.began_at, c.run, c.position",
        (shop,),
    )
    for row in rows:
        found.setdefault(row["run"], []).append(_entry(row))
    return found


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        run=row["run"],
        position=row["position"],
        change=msgspec.json.decode(row["change"], type=Change),
        reason=row["reason"] or "",
        state=row["state"],
        error=row["error"],
        needs=row["needs"],
    )


def has_pushed(db: Database, shop: int) -> bool:
    """Whether any push of a plan ever reached this shop. That somebody objected is noted without one."""
    return bool(
        db.value(
            "SELECT EXISTS (SELECT 1 FROM changes JOIN runs USING (run)"
            " WHERE changes.shop = ? AND changes.state = 'done' AND runs.kind = 'push'"
            " AND instr(changes.change, ?) = 0)",
            (shop, f'{OBJECTION}"'),
        )
    )


def adopt_tags(db: Database, shop: int, run: str) -> int:
    """Take over tags with our prefix that were in the shop before us. Returns how many."""
    with db.write() as connection:
        return connection.execute(
            "INSERT OR IGNORE INTO own_tags"
            " SELECT shop, customer_id, tag_key, ? FROM shop_tags WHERE shop = ?",
            (run, shop),
        ).rowcount


def hold(db: Database, shop: int, why: str | None) -> None:
    """Hold pushing to this shop, or with None let it go on."""
    with db.write() as connection:
        connection.execute("UPDATE shops SET hold = ? WHERE shop = ?", (why, shop))


def why_held(db: Database, shop: int) -> str | None:
    """Why pushing is held, or None."""
    row = db.row("SELECT hold FROM shops WHERE shop = ?", (shop,))
    return None if row is None else row["hold"]


def approve(db: Database, shop: int, changes: Sequence[Change], now: datetime) -> None:
    """Keep a plan the owner has looked at. A newer approval replaces an older one."""
    with db.write() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO approvals VALUES (?, ?, ?)",
            (shop, milliseconds(now), _json(list(changes))),
        )


def approved(db: Database, shop: int) -> list[Change] | None:
    """The approved plan that waits to be pushed, or None."""
    row = db.row("SELECT changes FROM approvals WHERE shop = ?", (shop,))
    return None if row is None else msgspec.json.decode(row["changes"], type=list[Change])


def drop_approval(db: Database, shop: int) -> None:
    """An approval serves one push."""
    with db.write() as connection:
        connection.execute("DELETE FROM approvals WHERE shop = ?", (shop,))
