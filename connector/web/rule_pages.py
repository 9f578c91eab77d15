"""Trying rules: a count as one types, and where it is wrong. And the settings, shown without secrets."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from connector.config import Secret, ShopConfig
from connector.database import Database
from connector.errors import ConfigError, DatabaseError
from connector.groups import Definition, in_order, membership
from connector.rules import ATTRIBUTES, FUNCTIONS, RuleError, parse
from connector.shop import definitions_of
from connector.web.desk import Desk, Here, here, page
from connector.web.people import Line, by_condition
from connector.web.words import Words, in_words

PATIENCE = 10.0  #: seconds that a count may take
SAMPLE = 10


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a rule: a count, or what is wrong and where. Money in minor units."""

    text: str
    error: str | None = None
    line: int = 0
    column: int = 0
    position: int = 0
    members: int = 0
    people: int = 0
    spent: int = 0
    words: Words | None = None
    sample: list[Line] = []


def add_rule_pages(pages: Blueprint, desk: Desk) -> None:
    """`rule`, which `rule_tried` keeps up to date while one types, and `settings`."""

    @pages.route("/shops/<shop>/rule", methods=["GET", "POST"])
    def rule() -> ResponseReturnValue:
        text = request.form.get("rule", request.args.get("rule", "")).replace("\r\n", "\n")
        tried = try_rule(here(), text) if text.strip() else None
        names = [*_names()]
        groups = [each.name for each in definitions_of(here().config, here().name)]
        return page("rule.html", text=text, tried=tried, names=names, groups=groups)

    @pages.post("/shops/<shop>/rule/tried")
    def rule_tried() -> ResponseReturnValue:
        """The part of the page below the rule, and where it is wrong."""
        tried = try_rule(here(), request.form.get("rule", "").replace("\r\n", "\n"))
        part = render_template("tried.html", tried=tried if tried.text.strip() else None)
        return jsonify(html=part, position=tried.position if tried.error else None)

    @pages.get("/shops/<shop>/settings")
    def settings() -> ResponseReturnValue:
        logins = desk.guard.logins()
        return page(
            "settings.html",
            options=[*shown_options(here().settings)],
            config=here().config,
            groups=definitions_of(here().config, here().name),
            logins=logins.logins if logins else (),
        )


def _names() -> Iterator[tuple[str, str, str]]:
    """What may stand in a rule: name, meaning, example."""
    for column in ATTRIBUTES.values():
        yield column.name, column.doc, column.example
    for function in FUNCTIONS.values():
        yield function.name, function.doc, function.example


def try_rule(where: Here, text: str) -> Tried:
    """Whom a rule would take, as of what was pulled last."""
    context = where.context()
    try:
        definitions = in_order(
            [*definitions_of(where.config, where.name), Definition(name="", rule=parse(text))]
        )
        tried = next(each for each in definitions if each.name == "")
        condition, parameters = membership(tried, context)
        with _patience(where.db):
            row = where.db.row(
                "SELECT count(*) AS n, coalesce(sum(f.spent), 0) AS spent FROM facts AS f"
                " JOIN people AS p ON p.person = f.person LEFT JOIN customers AS c ON c.customer = p.customer"
                f" WHERE f.shop = :shop__ AND {condition}",
                parameters,
            )
            sample = by_condition(where, condition, parameters, 0).lines[:SAMPLE]
    except RuleError as error:
        return Tried(
            text=text, error=error.message, line=error.line, column=error.column, position=error.position
        )
    except ConfigError as error:
        return Tried(text=text, error=str(error))
    except DatabaseError:
        return Tried(text=text, error="This takes too long to count here. `stammkunde rule` has the time.")
    assert row is not None  # noqa: S101  an aggregate always has a row
    people = where.db.value(
        "SELECT count(*) FROM people WHERE shop = ? AND excluded IS NULL AND cluster <> ''", (where.key,)
    )
    words = in_words(tried.rule, where.currency)
    return Tried(text=text, members=row["n"], people=people, spent=row["spent"], words=words, sample=sample)


@contextmanager
def _patience(db: Database) -> Iterator[None]:
    """Queries that take longer end with a DatabaseError."""
    until = time.monotonic() + PATIENCE
    db.connection.set_progress_handler(lambda: int(time.monotonic() > until), 100_000)
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DatabaseError(str(error)) from error
    finally:
        db.connection.set_progress_handler(None, 0)


def shown_options(settings: ShopConfig) -> Iterator[tuple[str, str]]:
    """The options of a shop as they stand in the config; of a secret only where it is kept."""
    values: dict[str, Any] = {
        name: getattr(settings, name) for name in sorted(settings.model_fields_set - {"name", "settings"})
    }
    for name, value in {**values, **settings.settings}.items():
        yield name, _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return f"env = {value.env}" if value.env else f"file = {value.file}"
    if hasattr(value, "model_dump"):
        return ", ".join(
            f"{name} = {_shown(each)}" for name, each in value.model_dump(exclude_unset=True).items()
        )
    if isinstance(value, tuple | list):
        return ", ".join(_shown(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_shown(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
