"""Facts and rules to members, with the history of who entered and left.

Ladder steps are groups named `ladder/step`; nobody is in two steps of one ladder.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

import msgspec

from connector import people
from connector.database import Database, milliseconds
from connector.errors import ConfigError
from connector.model import Feature, ShopInfo
from connector.quantity import counted
from connector.rules import Rule, RuleContext, compile_rule

# Below this many people a share means nothing: one of three is 33 %.
SMALL = 20


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
    include: tuple[str, ...] = ()  #: members whatever the rule says: addresses, and ids behind a #
    exclude: tuple[str, ...] = ()  #: no members whatever the rule says, even if included
    limit: Decimal | None = (
        None  #: how much may change before a push is refused: a share below 1, else people
    )
    needs: Needs = Needs()

    def depends_on(self) -> frozenset[str]:
        return frozenset(self.rule.groups) | frozenset(self.after)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a group with a limit since the owner last accepted it, by a push or an approval."""

    name: str
    before: int
    entered: int
    left: int
    limit: Decimal

    def is_over(self) -> bool:
        """Whether more changed than the limit allows. Of few people a share means nothing."""
        moved = self.entered + self.left
        if self.limit < 1:
            return moved >= SMALL and moved > self.before * self.limit
        return moved > self.limit

    def sentence(self) -> str:
        """What happened, without a stop."""
        limit = f"{self.limit:.0%}" if self.limit < 1 else f"{self.limit:,}"
        before = counted(self.before, "member")
        return f"{self.name} had {before}, {self.entered:,} entered and {self.left:,} left (limit {limit})"


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
        "SELECT grp FROM groups WHERE shop = ? AND name NOT IN (SELECT value FROM json_each(?))",
        (shop, msgspec.json.encode(names).decode()),
    ).fetchall()
    for (grp,) in gone:
        members = "(SELECT person, 0 AS entered FROM members WHERE grp = :grp)"
        connection.execute(_RECORD.format(moved=members), {"grp": grp, "now": milliseconds(now)})
        connection.execute("DELETE FROM members WHERE grp = ?", (grp,))
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
        size = row["size"] if row else 0
        return Standing(name=definition.name, size=size, entered=0, left=0, stale=str(error))
    entered, left = _move(connection, grp, now, whole=whole)
    if row is None:  # that it begins is no change of it
        connection.execute(f"UPDATE groups SET accepted = ({_LAST_EVENT}) WHERE grp = ?", (grp,))
    size = _size(connection, grp) if whole else row["size"] + entered - left
    connection.execute(
        "UPDATE groups SET rule = ?, day = ?, evaluated_at = ?, stale = NULL, size = ? WHERE grp = ?",
        (fingerprint, context.today.toordinal(), milliseconds(now), size, grp),
    )
    return Standing(name=definition.name, size=size, entered=entered, left=left)


def _fingerprint(definition: Definition, context: RuleContext) -> str:
    """Differs when members must be worked out from everybody, not only from the dirty."""
    parts = (
        definition.rule.text,
        definition.needs.lifetime,
        definition.after,
        definition.include,
        definition.exclude,
        context.currency,
        context.time_zone,
        context.lapse_days,
    )
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
    """The people who belong to the group, in `temp.found`."""
    condition, parameters = membership(definition, context, everybody=whole)
    if not whole:
        condition = f"f.person IN (SELECT person FROM dirty WHERE shop = :shop__) AND {condition}"
    connection.execute("DROP TABLE IF EXISTS temp.found")
    connection.execute("CREATE TEMP TABLE found (person INTEGER PRIMARY KEY)")
    connection.execute(
        "INSERT INTO temp.found SELECT f.person FROM facts AS f JOIN people AS p ON p.person = f.person"
        f" LEFT JOIN customers AS c ON c.customer = p.customer WHERE f.shop = :shop__ AND {condition}",
        parameters,
    )


def membership(
    definition: Definition, context: RuleContext, *, everybody: bool = True
) -> tuple[str, dict[str, object]]:
    """What makes a person of the shop a member, as SQL over the aliases of rules, with its parameters.

    Whom the shop leaves out is in no group, named or not; a ladder's earlier step comes before a name.

    Args:
        everybody: it is to be asked of most people, not of a few.
    """
    compiled = compile_rule(definition.rule, context, everybody=everybody)
    parameters: dict[str, object] = {**compiled.parameters, "shop__": context.shop}
    rule = f"({compiled.sql})"
    if definition.needs.lifetime:
        rule = f"(NOT f.unknown AND {rule})"
    if definition.include:
        rule = f"({rule} OR {_named('include')})"
    parts = ["p.excluded IS NULL"]
    if definition.after:
        parameters["earlier__"] = _json([context.groups[name] for name in definition.after])
        parts.append(
            "NOT EXISTS (SELECT 1 FROM members AS m WHERE m.person = f.person"
            " AND m.grp IN (SELECT value FROM json_each(:earlier__)))"
        )
    if definition.exclude:
        parts.append(f"NOT {_named('exclude')}")
    for name in ("include", "exclude"):
        parameters.update(_entries(name, getattr(definition, name)))
    return " AND ".join([*parts, rule]), parameters


def _named(which: str) -> str:
    """Whether a person is on a list, by any of its records. SQLite reads the list once."""
    return (
        "f.person IN (SELECT n.person FROM customers AS n WHERE n.shop = :shop__"
        f" AND n.id IN (SELECT value FROM json_each(:{which}_ids__)) AND n.gone_at IS NULL"
        " AND n.person IS NOT NULL UNION SELECT n.person FROM people AS n WHERE n.shop = :shop__"
        f" AND n.email_key IN (SELECT value FROM json_each(:{which}_emails__)))"
    )


def _entries(which: str, people: Sequence[str]) -> dict[str, object]:
    if not people:
        return {}
    ids = [each[1:].strip() for each in people if each.startswith("#")]
    emails = [each.strip().casefold() for each in people if not each.startswith("#")]
    return {f"{which}_ids__": _json(ids), f"{which}_emails__": _json(emails)}


def is_named(db: Database, shop: int, person: int, people: Sequence[str]) -> bool:
    """Whether a list names this person."""
    values = _entries("which", people) | {"shop__": shop, "person": person}
    return bool(people) and bool(
        db.value(f"SELECT count(*) FROM (SELECT :person AS person) AS f WHERE {_named('which')}", values)
    )


def nobodies(db: Database, shop: int, people: Sequence[str]) -> list[str]:
    """The entries of a list that name nobody in the mirror."""
    return [
        each
        for each in people
        if not db.value(
            "SELECT count(*) FROM people AS f WHERE f.cluster <> '' AND " + _named("which"),
            _entries("which", [each]) | {"shop__": shop},
        )
    ]


def _json(values: Sequence[object]) -> str:
    return msgspec.json.encode(values).decode()


def _move(connection: sqlite3.Connection, grp: int, now: datetime, *, whole: bool) -> tuple[int, int]:
    """Bring the members in line with `temp.found`. Whoever moved is dirty for the groups that follow.

    Returns how many entered and how many left.
    """
    looked_at = "" if whole else " AND person IN (SELECT person FROM dirty)"
    values = {"grp": grp, "now": milliseconds(now)}
    connection.execute("DROP TABLE IF EXISTS temp.moved")
    connection.execute("CREATE TEMP TABLE moved (person INTEGER PRIMARY KEY, entered INTEGER)")
    for statement in _MOVES:
        connection.execute(statement.format(looked_at=looked_at), values)
    row = connection.execute("SELECT sum(entered), sum(NOT entered) FROM temp.moved").fetchone()
    return row[0] or 0, row[1] or 0


# Of one group: who moved, as (person, entered).
_RECORD = """
    INSERT INTO membership_history (shop, name, identity, at, entered)
    SELECT g.shop, g.name, p.identity, :now, m.entered
    FROM {moved} AS m CROSS JOIN groups AS g JOIN people AS p ON p.person = m.person
    WHERE g.grp = :grp ORDER BY m.entered DESC, m.person
"""


_MOVES = (
    """INSERT INTO temp.moved SELECT person, 0 FROM members
        WHERE grp = :grp AND person NOT IN (SELECT person FROM temp.found){looked_at}""",
    """INSERT INTO temp.moved SELECT person, 1 FROM temp.found AS f
        WHERE NOT EXISTS (SELECT 1 FROM members AS m WHERE m.grp = :grp AND m.person = f.person)""",
    """DELETE FROM members
        WHERE grp = :grp AND person IN (SELECT person FROM temp.moved WHERE NOT entered)""",
    """INSERT INTO members (grp, person, entered_at)
        SELECT :grp, person, :now FROM temp.moved WHERE entered""",
    """INSERT OR IGNORE INTO dirty
        SELECT person, (SELECT shop FROM groups WHERE grp = :grp) FROM temp.moved""",
    _RECORD.format(moved="temp.moved"),
)


def _size(connection: sqlite3.Connection, grp: int) -> int:
    return int(connection.execute("SELECT count(*) FROM members WHERE grp = ?", (grp,)).fetchone()[0])


def standings(db: Database, shop: int, names: Iterable[str]) -> Iterator[Standing]:
    """Groups as they were last worked out, without working anything out."""
    for name in names:
        row = db.row("SELECT stale, size FROM groups WHERE shop = ? AND name = ?", (shop, name))
        if row is not None:
            yield Standing(name=name, size=row["size"], entered=0, left=0, stale=row["stale"])


_LAST_EVENT = "SELECT coalesce(max(event), 0) FROM membership_history"
# The plus signs keep the planner from an index over all history: what is new is at its end.
_MOVED = """
    SELECT coalesce(sum(net = 1), 0) AS entered, coalesce(sum(net = -1), 0) AS gone FROM (
        SELECT sum(iif(h.entered, 1, -1)) AS net FROM membership_history AS h
        WHERE h.event > :accepted AND +h.shop = :shop AND +h.name = :name GROUP BY h.identity
    )
"""


def moves(db: Database, shop: int, definitions: Iterable[Definition]) -> list[Move]:
    """What became of the groups that have a limit, since the owner last accepted them."""
    found = []
    for each in definitions:
        row = db.row("SELECT accepted, size FROM groups WHERE shop = ? AND name = ?", (shop, each.name))
        if each.limit is None or row is None:
            continue
        moved = db.row(_MOVED, {"accepted": row["accepted"], "shop": shop, "name": each.name})
        assert moved is not None  # noqa: S101  an aggregate always has a row
        entered, left = moved["entered"], moved["gone"]
        before = row["size"] - entered + left
        found.append(Move(name=each.name, before=before, entered=entered, left=left, limit=each.limit))
    return found


def accept(db: Database, shop: int) -> None:
    """The owner knows the groups as they are: limits count from here on."""
    with db.write() as connection:
        connection.execute(f"UPDATE groups SET accepted = ({_LAST_EVENT}) WHERE shop = ?", (shop,))


def work_out_as_of(
    db: Database, shop: int, definitions: Sequence[Definition], context: RuleContext
) -> list[Standing]:
    """Every group within `facts.as_of`, whose day `context` is of. Its members are in `members` meanwhile."""
    connection, keys = db.connection, dict[str, int]()
    found = {}
    for definition in in_order(definitions):
        known = msgspec.structs.replace(context, groups=keys)
        condition, parameters = membership(definition, known)
        grp = keys[definition.name] = _new_group(connection, shop, definition.name)
        db.rows(
            f"INSERT INTO members SELECT {grp:d}, f.person, 0 FROM facts AS f"
            " JOIN people AS p ON p.person = f.person LEFT JOIN customers AS c ON c.customer = p.customer"
            f" WHERE f.shop = :shop__ AND {condition}",
            parameters,
        )
        size = _size(connection, grp)
        db.rows("UPDATE groups SET size = ? WHERE grp = ?", (size, grp))
        found[definition.name] = Standing(name=definition.name, size=size, entered=0, left=0)
    return [found[each.name] for each in definitions]


def why_tag_too_long(tag: str | None, info: ShopInfo) -> str | None:
    """Why a shop cannot keep a tag, which is here with its prefix."""
    if tag is None or len(tag) <= info.tag_length:
        return None
    return f"its tag {tag} has {len(tag)} characters, and the shop keeps at most {info.tag_length}"


def why_history_too_short(
    needs: Needs, history_starts: date | None, today: date, who: str = "the shop"
) -> str | None:
    """Why a group must not be pushed while the shop shows us only orders since `history_starts`.

    Without that every old regular would look like a first-time buyer (DEFINITIONS, *History starts*).
    """
    if history_starts is None:
        return None
    seen = f"{who} shows orders only since {history_starts:%d %b %Y}"
    if needs.lifetime:
        return f"it depends on a customer's whole history, and {seen}"
    if needs.history_days and needs.history_days > (today - history_starts).days:
        return f"it looks {counted(needs.history_days, 'day')} back, and {seen}"
    if needs.history_from and needs.history_from < history_starts:
        return f"it looks back to {needs.history_from:%d %b %Y}, and {seen}"
    return None
