"""Shopify's search syntax (`updated_at:>='2026-11-01' AND tag:b2b`) as SQL conditions.

A term with a field Shopify does not know for that kind of record is ignored with a warning, as Shopify does:
the answer then holds more than was asked for.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from adapters.shopify.sandbox.records import EPOCH, number_of

Condition: TypeAlias = tuple[str, list[Any]]
#: Turns comparator and value of one field into a condition, or None if the value makes no sense.
Field: TypeAlias = Callable[[str, str], Condition | None]

EVERYTHING: Condition = ("1", [])

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<minus>-)?(?:(?P<field>\w+):)?(?P<comparator>>=|<=|>|<)?
    (?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s()]+))""",
    re.VERBOSE,
)


class Search:
    """Conditions for the queries on one kind of record.

    Args:
        fields: what can be asked for.
        text: what a word without a field is looked up in.
    """

    def __init__(self, fields: Mapping[str, Field], text: Field) -> None:
        self._fields = fields
        self._text = text

    def condition(self, query: str | None) -> tuple[str, list[Any], list[str]]:
        """SQL, its parameters, and the warnings."""
        if not query or not query.strip():
            return (*EVERYTHING, [])
        parser = _Parser(query, self._fields, self._text)
        sql, values = parser.alternatives()
        return sql, values, parser.warnings


class _Parser:
    def __init__(self, query: str, fields: Mapping[str, Field], text: Field) -> None:
        self._tokens = [match for match in _TOKEN.finditer(query) if match.group().strip()]
        self._place = 0
        self._fields = fields
        self._text = text
        self.warnings: list[str] = []

    def alternatives(self) -> Condition:
        found = [self._conjunction()]
        while self._word() == "OR":
            self._place += 1
            found.append(self._conjunction())
        return _joined(" OR ", found)

    def _conjunction(self) -> Condition:
        found: list[Condition] = []
        while self._place < len(self._tokens) and self._word() != "OR" and not self._here()["close"]:
            if self._word() == "AND":
                self._place += 1
                continue
            found.append(self._term())
        return _joined(" AND ", found)

    def _term(self) -> Condition:
        if self._word() == "NOT":
            self._place += 1
            return _negated(self._term())
        token = self._here()
        self._place += 1
        if token["open"]:
            inner = self.alternatives()
            self._place += 1
            return inner
        condition = self._comparison(token)
        return _negated(condition) if token["minus"] else condition

    def _comparison(self, token: re.Match[str]) -> Condition:
        value = token["value"]
        if value[0] in "'\"":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        name = token["field"]
        field = self._fields.get(name) if name else self._text
        condition = field(token["comparator"] or "=", value) if field else None
        if condition is None:
            self.warnings.append(f"Invalid search field for this query: {name or value}")
            return EVERYTHING
        return condition

    def _here(self) -> re.Match[str]:
        return self._tokens[self._place]

    def _word(self) -> str | None:
        if self._place >= len(self._tokens):
            return None
        token = self._here()
        return None if token["field"] or token["comparator"] else token["value"]


def _joined(joint: str, conditions: list[Condition]) -> Condition:
    if not conditions:
        return EVERYTHING
    sql = joint.join(f"({sql})" for sql, _ in conditions)
    return sql, [value for _, values in conditions for value in values]


def _negated(condition: Condition) -> Condition:
    sql, values = condition
    return f"NOT coalesce(({sql}), 0)", values


def instant(column: str, zone: ZoneInfo) -> Field:
    """A point in time, compared exactly; a bare date means the whole day in the shop's time zone."""

    def compare(comparator: str, value: str) -> Condition | None:
        moment = _moment(value, zone)
        if moment is None:
            return None
        if len(value) == 10:
            return _day_condition(column, comparator, moment)
        return f"{column} {comparator} ?", [micros(moment)]

    return compare


def whole_day(column: str, zone: ZoneInfo) -> Field:
    """A point in time of which only the day in the shop's time zone counts, as in Shopify's `customers`."""

    def compare(comparator: str, value: str) -> Condition | None:
        moment = _moment(value, zone)
        if moment is None:
            return None
        midnight = datetime.combine(moment.astimezone(zone).date(), time(), zone)
        return _day_condition(column, comparator, midnight)

    return compare


def _day_condition(column: str, comparator: str, midnight: datetime) -> Condition:
    start, end = micros(midnight), micros(midnight + timedelta(days=1))
    conditions: dict[str, Condition] = {
        ">=": (f"{column} >= ?", [start]),
        ">": (f"{column} >= ?", [end]),
        "<": (f"{column} < ?", [start]),
        "<=": (f"{column} < ?", [end]),
        "=": (f"{column} >= ? AND {column} < ?", [start, end]),
    }
    return conditions[comparator]


def _moment(value: str, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def micros(moment: datetime) -> int:
    """Microseconds since 1970, as the store keeps times."""
    since = moment - EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(value: int) -> datetime:
    """The reverse of `micros`."""
    return EPOCH + timedelta(microseconds=value)


def number(column: str) -> Field:
    """A whole number or a global id."""

    def compare(comparator: str, value: str) -> Condition | None:
        wanted = int(value) if value.isdecimal() else number_of(value)
        return None if wanted is None else (f"{column} {comparator} ?", [wanted])

    return compare


def words(column: str) -> Field:
    """Text: contains the value, or a word that starts with it if it ends in `*`; case does not matter."""

    def compare(comparator: str, value: str) -> Condition | None:
        if comparator != "=":
            return None
        escaped = re.sub(r"([\\%_])", r"\\\1", value.rstrip("*"))
        if value.endswith("*"):
            found = f"{column} LIKE ? ESCAPE '\\' OR {column} LIKE ? ESCAPE '\\'"
            return found, [f"{escaped}%", f"% {escaped}%"]
        return f"{column} LIKE ? ESCAPE '\\'", [f"%{escaped}%"]

    return compare


def equal(column: str) -> Field:
    """Text compared as a whole, without regard to case where the column says so."""

    def compare(comparator: str, value: str) -> Condition | None:
        return (f"{column} = ?", [value]) if comparator == "=" else None

    return compare


def member(sql: str, *, negated: bool = False) -> Field:
    """Whether the case-folded value is among the rows of a subquery with one parameter."""

    def compare(comparator: str, value: str) -> Condition | None:
        return (
            (f"id {'NOT ' if negated else ''}IN ({sql})", [value.casefold()]) if comparator == "=" else None
        )

    return compare


def either(*fields: Field) -> Field:
    """Any of several fields."""

    def compare(comparator: str, value: str) -> Condition | None:
        found = [condition for field in fields if (condition := field(comparator, value))]
        return _joined(" OR ", found) if found else None

    return compare


def status(now: Callable[[], datetime]) -> Field:
    """`status:active|scheduled|expired` of a discount."""

    def compare(comparator: str, value: str) -> Condition | None:
        at = micros(now().astimezone(UTC))
        conditions: dict[str, Condition] = {
            "active": ("starts <= ? AND (ends IS NULL OR ends > ?)", [at, at]),
            "scheduled": ("starts > ?", [at]),
            "expired": ("ends IS NOT NULL AND ends <= ?", [at]),
        }
        return conditions.get(value.lower()) if comparator == "=" else None

    return compare
