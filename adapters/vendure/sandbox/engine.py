"""Executes documents of the Admin API."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

Resolver = Callable[..., Any]


@cache
def schema() -> GraphQLSchema:
    """The part of Vendure's schema that the sandbox speaks."""
    text = files(__package__ or "").joinpath("schema.graphql").read_text("utf-8")
    return build_schema(text)


@lru_cache(maxsize=200)
def parsed(query: str) -> DocumentNode | tuple[GraphQLError, ...]:
    """The document, or what is wrong with it."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return (error,)
    return tuple(validate(schema(), document)) or document


def run(
    roots: Mapping[str, Resolver], document: DocumentNode, variables: Mapping[str, Any]
) -> ExecutionResult:
    """Execute a valid document; mutations run one after the other."""
    return execute_sync(
        schema(),
        document,
        context_value=roots,
        variable_values=dict(variables),
        field_resolver=_resolve,
        type_resolver=lambda source, *_: str(source["__typename"]),
    )


def _resolve(source: Any, info: GraphQLResolveInfo[Mapping[str, Resolver]], **arguments: Any) -> Any:
    if source is None:
        return info.context[info.field_name](**arguments)
    value = source[info.field_name]
    return value(**arguments) if callable(value) else value


def formatted(errors: list[GraphQLError], code: str | None = None) -> list[dict[str, Any]]:
    """Errors in the shape of an answer."""
    found = [dict(error.formatted) for error in errors]
    for error in found if code else ():
        error.setdefault("extensions", {"code": code})
    return found
