"""Facts and rules to members, with the history of who entered and left.

Ladder steps are groups named `ladder/step`; nobody is in two steps of one ladder.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from graphlib import CycleError, TopologicalSorter

import msgspec

from connector import people
from connector.database import Database, milliseconds
from connector.errors import ConfigError
from connector.model import Feature
from connector.rules import Rule, RuleContext, compile_rule


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a shop's history a group must see to be right (DEFINITIONS, *History starts*)."""

    lifetime: bool = False
    history_days: int | None = None
    history_from: date | None = None

    def with_those_of(self, other: "Needs") -> "Needs":
        """What two groups need together."""
        days = [each for each in (self.history_days, other.history_days) if each is not None]
        starts = [each for each in (self.history_from, other.history_from) if each is not None]
        return Needs(
            lifetime=self.lifetime or other.lifetime,
            history_days=max(days, default=None),
            history_from=min(starts, default=None),
        )


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A group or ladder step as configured. `after` names earlier steps, whose members are not ours.

    `needs` includes those of the groups it refers to, once `in_order` has seen it.
    """

    name: str
    rule: Rule
    tag: str | None = None  #: with its prefix, as it appears in the shop
    after: tuple[str, ...] = ()
    needs: Needs = Needs()

    def depends_on(self) -> frozenset[str]:
        return frozenset(self.rule.groups) | frozenset(self.after)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A group as it stands: its size, and why it could not be worked out anew, if so."""

    name: str
    size: int
    entered: int
    left: int
    stale: str | None = None


def in_order(definitions: Iterable[Definition]) -> list[Definition]:
    """Sorted so that each comes after those it depends on, and with the needs of those.

    Raises:
        ConfigError: they refer to each other in a loop.
    """
    by_name = {each.name: each for each in definitions}
    graph = {name: _known(each.depends_on(), by_name) for name, each in by_name.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ConfigError(f"Groups refer to each other in a loop: {' → '.join(error.args[1])}.") from error
    ordered: dict[str, Definition] = {}
    for name in order:
        each = by_name[name]
        needs = Needs(
            lifetime=each.rule.lifetime,
            history_days=each.rule.history_days,
            history_from=each.rule.history_from,
        )
        for other in graph[name]:
            needs = needs.with_those_of(ordered[other].needs)
        ordered[name] = msgspec.structs.replace(each, needs=needs)
    return list(ordered.values())


def _known(names: Iterable[str], by_name: Mapping[str, Definition]) -> set[str]:
    """A reference to a ladder is one to all its steps."""
    wanted = set(names)
    return {name for name in by_name if name in wanted or name.split("/")[0] in wanted}


def refresh(
    db: Database, shop: int, definitions: Sequence[Definition], context: RuleContext, now: datetime
) -> list[Standing]:
    """Work out every group anew, looking only at people who may have moved. Clears `dirty`.

    Args:
        context: of this shop and day; its group keys are filled in here.
    """
    ordered = in_order(definitions)
    with db.write() as connection:
        _drop_removed(connection, shop, [each.name for each in ordered], now)
        products_moved = bool(_touched_products(connection, shop))
    standings = []
    for definition in ordered:
        with db.write() as connection:
            standings.append(_refresh_one(connection, shop, definition, context, now, products_moved))
    with db.write() as connection:
        connection.execute("DELETE FROM dirty WHERE shop = ?", (shop,))
        connection.execute("DELETE FROM touched WHERE shop = ? AND kind = 'products'", (shop,))
        people.sweep_out(connection, shop)
    by_name = {each.name: each for each in standings}
    return [by_name[each.name] for each in definitions]


def _touched_products(connection: sqlite3.Connection, shop: int) -> int:
    found = connection.execute(
        "SELECT count(*) FROM touched WHERE shop = ? AND kind = 'products'", (shop,)
    ).fetchone()
    return int(found[0])


def _drop_removed(connection: sqlite3.Connection, shop: int, names: list[str], now: datetime) -> None:
    gone = connection.execute(
        "SELECT grp, name FROM groups WHERE shop = ? AND name NOT IN (SELECT value FROM json_each(?))",
        (shop, msgspec.json.encode(names).decode()),
    ).fetchall()
    for grp, name in gone:
        left = [
            row[0] for row in connection.execute("DELETE FROM members WHERE grp = ? RETURNING person", (grp,))
        ]
        _record(connection, shop, name, left, now, entered=False)
        connection.execute("DELETE FROM groups WHERE grp = ?", (grp,))


def _refresh_one(
    connection: sqlite3.Connection,
    shop: int,
    definition: Definition,
    context: RuleContext,
    now: datetime,
    products_moved: bool,
) -> Standing:
    row = connection.execute(
        "SELECT * FROM groups WHERE shop = ? AND name = ?", (shop, definition.name)
    ).fetchone()
    fingerprint = _fingerprint(definition, context)
    whole = (
        row is None
        or row["rule"] != fingerprint
        or row["stale"] is not None
        or (definition.rule.uses_today and row["day"] != context.today.toordinal())
        or (products_moved and Feature.PRODUCTS in definition.rule.features)
    )
    grp = row["grp"] if row else _new_group(connection, shop, definition.name)
    keys = _group_keys(connection, shop)
    try:
        _find(connection, definition, msgspec.structs.replace(context, groups=keys), whole=whole)
    except sqlite3.OperationalError as error:
        connection.execute("UPDATE groups SET stale = ? WHERE grp = ?", (str(error), grp))
        return Standing(
            name=definition.name, size=_size(connection, grp), entered=0, left=0, stale=str(error)
        )
    entered, left = _move(connection, grp, now, whole=whole)
    _record(connection, shop, definition.name, entered, now, entered=True)
    _record(connection, shop, definition.name, left, now, entered=False)
    connection.execute(
        "UPDATE groups SET rule = ?, day = ?, evaluated_at = ?, stale = NULL WHERE grp = ?",
        (fingerprint, context.today.toordinal(), milliseconds(now), grp),
    )
    return Standing(name=definition.name, size=_size(connection, grp), entered=len(entered), left=len(left))


def _fingerprint(definition: Definition, context: RuleContext) -> str:
    """Differs when members must be worked out from everybody, not only from the dirty."""
    parts = (definition.rule.text, definition.after, context.currency, context.time_zone, context.lapse_days)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _new_group(connection: sqlite3.Connection, shop: int, name: str) -> int:
    cursor = connection.execute(
        "INSERT INTO groups (shop, name, rule, day, evaluated_at) VALUES (?, ?, '', 0, 0)", (shop, name)
    )
    assert cursor.lastrowid is not None  # noqa: S101
    return cursor.lastrowid


def _group_keys(connection: sqlite3.Connection, shop: int) -> dict[str, int]:
    return dict(connection.execute("SELECT name, grp FROM groups WHERE shop = ?", (shop,)).fetchall())


def _find(
    connection: sqlite3.Connection, definition: Definition, context: RuleContext, *, whole: bool
) -> None:
    """The people the rule is true of, in `temp.found`."""
    compiled = compile_rule(definition.rule, context)
    earlier = [context.groups[name] for name in definition.after]
    parameters = dict(compiled.parameters) | {
        "shop__": context.shop,
        "earlier__": msgspec.json.encode(earlier).decode(),
    }
    connection.execute("DROP TABLE IF EXISTS temp.found")
    connection.execute("CREATE TEMP TABLE found (person INTEGER PRIMARY KEY)")
    connection.execute(
        "INSERT INTO temp.found SELECT f.person FROM facts AS f JOIN people AS p ON p.person = f.person"
        " LEFT JOIN customers AS c ON c.customer = p.customer"
        " WHERE f.shop = :shop__ AND p.excluded IS NULL"
        + (" AND NOT f.unknown" if definition.needs.lifetime else "")
        + ("" if whole else " AND f.person IN (SELECT person FROM dirty WHERE shop = :shop__)")
        + (
            " AND f.person NOT IN (SELECT m.person FROM members AS m"
            " WHERE m.grp IN (SELECT value FROM json_each(:earlier__)))"
            if earlier
            else " AND :earlier__ = '[]'"
        )
        + f" AND ({compiled.sql})",
        parameters,
    )


def _move(
    connection: sqlite3.Connection, grp: int, now: datetime, *, whole: bool
) -> tuple[list[int], list[int]]:
    """Bring the members in line with `temp.found`. Whoever moved is dirty for the groups that follow."""
    looked_at = "" if whole else " AND person IN (SELECT person FROM dirty)"
    left = [
        row[0]
        for row in connection.execute(
            "DELETE FROM members WHERE grp = ? AND person NOT IN (SELECT person FROM temp.found)"
            f"{looked_at} RETURNING person",
            (grp,),
        ).fetchall()
    ]
    entered = [
        row[0]
        for row in connection.execute(
            "INSERT INTO members (grp, person, entered_at) SELECT ?1, person, ?2 FROM temp.found WHERE true"
            " ON CONFLICT DO NOTHING RETURNING person",
            (grp, milliseconds(now)),
        ).fetchall()
    ]
    connection.executemany(
        "INSERT OR IGNORE INTO dirty SELECT ?1, shop FROM groups WHERE grp = ?2",
        [(person, grp) for person in (*left, *entered)],
    )
    return entered, left


def _record(
    connection: sqlite3.Connection,
    shop: int,
    name: str,
    moved: Sequence[int],
    now: datetime,
    *,
    entered: bool,
) -> None:
    if moved:
        connection.execute(
            "INSERT INTO membership_history (shop, name, identity, at, entered)"
            " SELECT ?1, ?2, p.identity, ?3, ?4"
            " FROM json_each(?5) AS j JOIN people AS p ON p.person = j.value",
            (shop, name, milliseconds(now), entered, msgspec.json.encode(moved).decode()),
        )


def _size(connection: sqlite3.Connection, grp: int) -> int:
    return int(connection.execute("SELECT count(*) FROM members WHERE grp = ?", (grp,)).fetchone()[0])


def standings(db: Database, shop: int, names: Iterable[str]) -> Iterator[Standing]:
    """Groups as they were last worked out, without working anything out."""
    for name in names:
        row = db.row(
            "SELECT stale, (SELECT count(*) FROM members AS m WHERE m.grp = g.grp) AS size"
            " FROM groups AS g WHERE shop = ? AND name = ?",
            (shop, name),
        )
        if row is not None:
            yield Standing(name=name, size=row["size"], entered=0, left=0, stale=row["stale"])


def why_history_too_short(needs: Needs, history_starts: date | None, today: date) -> str | None:
    """Why a group must not be pushed while the shop shows us only orders since `history_starts`.

    Without that every old regular would look like a first-time buyer (DEFINITIONS, *History starts*).
    """
    if history_starts is None:
        return None
    seen = f"the shop shows orders only since {history_starts:%d %b %Y}"
    if needs.lifetime:
        return f"it depends on a customer's whole history, and {seen}"
    if needs.history_days and needs.history_days > (today - history_starts).days:
        return f"it looks {needs.history_days} days back, and {seen}"
    if needs.history_from and needs.history_from < history_starts:
        return f"it looks back to {needs.history_from:%d %b %Y}, and {seen}"
    return None
