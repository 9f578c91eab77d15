"""Lists as Vendure's ListQueryBuilder makes them: filter, sort, skip and take."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

#: The most rows of one answer, as Vendure has it by default.
LIMIT = 1000

#: From a row and the API's name of a field to its value.
Look = Callable[[Any, str], Any]
Options = Mapping[str, Any]


def listed(rows: Iterable[Any], options: Options | None, look: Look, show: Callable[[Any], Any]) -> Any:
    """A list with `totalItems`; only the rows of the page are shown."""
    options = options or {}
    take, skip = options.get("take"), options.get("skip") or 0
    if (take or 0) > LIMIT:
        raise refused(f"Cannot take more than {LIMIT} results from a list query")
    found = [row for row in rows if fits(row, options.get("filter") or {}, look)]
    for field, direction in reversed((options.get("sort") or {}).items()):
        found.sort(key=_by(field, look), reverse=direction == "DESC")
    page = found[skip : skip + (take or LIMIT)]
    return {"items": [show(row) for row in page], "totalItems": len(found)}


def refused(message: str, code: str = "USER_INPUT_ERROR") -> GraphQLError:
    """An error with the code that Vendure gives it."""
    return GraphQLError(message, extensions={"code": code})


def fits(row: Any, wanted: Mapping[str, Any], look: Look) -> bool:
    """Whether a row passes a filter."""
    for field, rule in wanted.items():
        if field == "_and":
            passes = all(fits(row, part, look) for part in rule)
        elif field == "_or":
            passes = any(fits(row, part, look) for part in rule)
        else:
            value = look(row, field)
            passes = all(_passes(value, operator, operand) for operator, operand in (rule or {}).items())
        if not passes:
            return False
    return True


def _passes(value: Any, operator: str, operand: Any) -> bool:
    if operator == "isNull":
        return bool((value is None) == operand)
    if value is None:
        return False
    if operator in ("after", "before"):
        moment = moment_of(operand)
        return bool(value > moment if operator == "after" else value < moment)
    if operator == "contains":
        return operand.strip().casefold() in str(value).casefold()
    if operator == "in":
        return str(value) in operand
    return bool((str(value) == operand) == (operator == "eq"))


def _by(field: str, look: Look) -> Callable[[Any], Any]:
    def rank(row: Any) -> Any:
        value = look(row, field)
        return (value is not None, value if value is not None else 0)

    return rank


def moment_of(text: str) -> datetime:
    """A time as the API takes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def stamp(moment: datetime | None) -> str | None:
    """A time as the API gives it."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
