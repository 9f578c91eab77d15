"""Reading a config file: whatever can be understood, and every problem of the rest at once."""

import re
import tomllib
from collections.abc import Callable, Collection
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.adapter import adapters
from connector.config.options import OUTLET_OPTIONS, SHOP_OPTIONS, Config
from connector.config.problems import BrokenConfigError, Place, Problem, find_lines, line_of, nearest, spell
from connector.config.secret import Origin
from connector.config.settings import outlet_settings_model, settings_model
from connector.config.words import words
from connector.errors import ConfigError
from connector.outlet import outlets

DEFAULT_NAME = "stammkunde.toml"

Model = TypeVar("Model", bound=BaseModel)


def load(path: Path) -> Config:
    """Read a config file. `connector.validate.load` also judges rules and what spans several options.

    Raises:
        ConfigError: it cannot be read, or a `BrokenConfigError` with every problem of its options.
    """
    config, problems = read(path)
    if problems:
        raise BrokenConfigError(path, problems)
    return config


def read(path: Path) -> tuple[Config, list[Problem]]:
    """As much of a config file as can be understood, and the problems of the rest.

    Raises:
        ConfigError: there is no file to read.
    """
    try:
        return parse(path.read_bytes().decode("utf-8-sig"), path)
    except FileNotFoundError:
        raise ConfigError(f"There is no config at {path}. `stammkunde init` writes one.") from None
    except OSError as error:
        raise ConfigError(f"The config {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: save it as UTF-8 in your editor.") from error


def parse(text: str, path: Path = Path(DEFAULT_NAME)) -> tuple[Config, list[Problem]]:
    """As `read`, for a text that stands, or is to stand, at `path`."""
    origin = Origin(path.absolute())
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        origin.spoiled.add(())
        return Config.model_validate({}, context=origin), [_syntax_problem(error)]
    origin.lines = find_lines(text)
    problems = _set_settings_apart(table, origin)
    config, more = _understand(Config, table, (), origin)
    return config, problems + more


def _syntax_problem(error: Exception) -> Problem:
    if isinstance(error, RecursionError):
        return Problem("", None, "is nested too deeply", "Write tables with [headers] instead.")
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
    reason, line = (found[1], found[2]) if found else (str(error), None)
    mend = "Check quotes, brackets and equals signs on this line and the one before."
    return Problem("", int(line) if line else None, f"is not TOML: {reason[:1].lower()}{reason[1:]}", mend)


def _set_settings_apart(table: dict[str, Any], origin: Origin) -> list[Problem]:
    """Move the settings of each adapter and outlet, understood, from beside our options into `settings`."""
    problems: list[Problem] = []
    for kind in _KINDS:
        tables = table.get(kind.section, {})
        for name, each in tables.items() if isinstance(tables, dict) else ():
            if isinstance(each, dict):
                ours = {key: each[key] for key in kind.ours if key in each}
                if kind.named_so:
                    ours.setdefault(kind.option, name)
                theirs = {key: value for key, value in each.items() if key not in kind.ours}
                settings, found = _understand_settings(kind, ours.get(kind.option), theirs, name, origin)
                tables[name] = {**ours, "name": name, "settings": settings}
                problems += found
    return problems


class _Kind(NamedTuple):
    """Tables that hold our options and, beside them, the settings of something installed."""

    section: str
    option: str  #: that says what it is
    ours: tuple[str, ...]
    named_so: bool  #: without the option, the table's name says it
    installed: Callable[[], Collection[str]]
    model_of: Callable[[str], type[BaseModel]]


_KINDS = (
    _Kind("shops", "adapter", SHOP_OPTIONS, False, adapters, settings_model),
    _Kind("outlets", "outlet", OUTLET_OPTIONS, True, outlets, outlet_settings_model),
)


def _understand_settings(
    kind: _Kind, what: object, table: dict[str, Any], name: str, origin: Origin
) -> tuple[dict[str, Any], list[Problem]]:
    if not isinstance(what, str):
        return {}, []  # said where our own options are understood
    base: Place = (kind.section, name)
    try:
        model = kind.model_of(what)
    except ConfigError as error:
        origin.spoiled.add((*base, kind.option))
        return {}, [_problem_of(kind, what, error, (*base, kind.option), origin)]
    settings, problems = _understand(model, table, base, origin, kind.ours)
    return {name: getattr(settings, name) for name in settings.model_fields_set}, problems


def _problem_of(kind: _Kind, what: str, error: ConfigError, place: Place, origin: Origin) -> Problem:
    line = line_of(origin.lines, place)
    if what in (known := kind.installed()):
        return Problem(spell(place), line, str(error).rstrip("."), "Install it again.")
    return Problem(spell(place), line, f"there is no {kind.option} '{what}'", nearest(what, known))


def _understand(
    model: type[Model], table: dict[str, Any], base: Place, origin: Origin, besides: Collection[str] = ()
) -> tuple[Model, list[Problem]]:
    """The model made of what is right in a table, and a problem for each part that had to be left out."""
    problems: list[Problem] = []
    while True:
        try:
            return model.model_validate(table, context=origin), problems
        except ValidationError as error:
            found: dict[Place, ErrorDetails] = {}
            for details in error.errors():
                found.setdefault(_place(details, table), details)
        for place, details in sorted(found.items(), key=lambda each: -len(each[0])):
            if not _is_told(base + place, details, origin):
                problems.append(_problem(details, model, base, place, origin, besides))
            origin.spoiled.add(base + place)
        if not min(_cut(table, place) for place in found):
            return model.model_construct(), problems


def _is_told(place: Place, details: ErrorDetails, origin: Origin) -> bool:
    """Whether a problem already told is the reason: what had to be left out is missing afterwards."""
    if details["type"] in {"missing", "too_short"}:
        return any(spoiled[: len(place)] == place for spoiled in origin.spoiled)
    return place in origin.spoiled


def _place(details: ErrorDetails, table: Any) -> Place:
    """Where in the file an error is: pydantic also names keys and the alternatives of a union."""
    place: Place = ()
    for part in details["loc"]:
        if part not in table if isinstance(table, dict) else not isinstance(table, list):
            return (*place, part) if details["type"] == "missing" else place
        place = (*place, part)
        table = table[part]
    return place


def _cut(table: dict[str, Any], place: Place) -> bool:
    """Leave out the option at a place or, where it is missing or in a list, what is around it.

    False where only the table as a whole is left to leave out.
    """
    while place:
        around = _at(table, place[:-1])
        if around is None:
            return True  # left out already
        if isinstance(around, dict) and place[-1] in around:
            del around[place[-1]]
            return True
        place = place[:-1]
    return False


def _at(table: Any, place: Place) -> Any:
    for part in place:
        if isinstance(table, dict) and part not in table:
            return None
        table = table[part]
    return table


def _problem(
    details: ErrorDetails,
    model: type[BaseModel],
    base: Place,
    place: Place,
    origin: Origin,
    besides: Collection[str],
) -> Problem:
    message, mend = words(details, model, place, besides)
    return Problem(spell(base + place), line_of(origin.lines, base + place), message, mend)
