"""Executes documents of the Admin API against a view of the shop."""

import re
from collections.abc import Callable, Mapping, Sequence
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

from adapters.shopify.sandbox.connections import from_list
from adapters.shopify.sandbox.fields import CHILDREN, LINKED, PLAIN, REQUIRED_SCOPE, TYPE_NAMES
from adapters.shopify.sandbox.view import View

#: Members of any list in the input.
INPUT_LIMIT = 250

Resolver = Callable[..., Any]


@cache
def schema() -> GraphQLSchema:
    """The part of Shopify's schema that the sandbox speaks."""
    text = files(__package__ or "").joinpath("schema.graphql").read_text("utf-8")
    return build_schema(text)


@lru_cache(maxsize=500)
def parsed(query: str) -> DocumentNode | tuple[GraphQLError, ...]:
    """The document, or what is wrong with it."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return (error,)
    errors = validate(schema(), document)
    return tuple(errors) or document


class Call:
    """The context of one execution: whose eyes see it, and what the root fields do."""

    def __init__(self, view: View, roots: Mapping[str, Resolver]) -> None:
        self.view = view
        self.roots = roots
        self.warnings: list[str] = []


def run(
    call: Call, document: DocumentNode, variables: Mapping[str, Any], operation: str | None
) -> ExecutionResult:
    """Execute a valid document; mutations run one after the other."""
    return execute_sync(
        schema(),
        document,
        root_value=None,
        context_value=call,
        variable_values=dict(variables),
        operation_name=operation,
        field_resolver=_resolve,
        type_resolver=_type_name,
    )


def _resolve(source: Any, info: GraphQLResolveInfo[Call], **arguments: Any) -> Any:
    call = info.context
    parent, name = info.parent_type.name, info.field_name
    _require_scope(call.view, parent, name)
    if source is None:
        _refuse_long_lists(arguments)
        return call.roots[name](call, **_renamed(arguments))
    if isinstance(source, dict):
        value = source[name]
        return value(call, **_renamed(arguments)) if callable(value) else value
    plain = PLAIN.get(parent, {}).get(name)
    if plain is not None:
        return plain(source)
    children = CHILDREN.get(parent, {}).get(name)
    if children is not None:
        return from_list(children(source, call.view, arguments), **arguments)
    return LINKED[parent][name](source, call.view, arguments)


def _renamed(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {python_name(name): value for name, value in arguments.items()}


@cache
def python_name(name: str) -> str:
    """An argument of the API as the methods here call it: `sort_key`, and `global_id` for `id`."""
    if name in _OTHERWISE:
        return _OTHERWISE[name]
    return re.sub("([A-Z])", lambda letter: f"_{letter[1].lower()}", name)


#: Names that Python has a use for.
_OTHERWISE = {"id": "global_id", "input": "wanted"}


def _refuse_long_lists(arguments: Mapping[str, Any]) -> None:
    for value in arguments.values():
        if isinstance(value, list) and len(value) > INPUT_LIMIT:
            message = (
                f"The input array size of {len(value)} is greater than the maximum allowed of {INPUT_LIMIT}."
            )
            raise GraphQLError(message, extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"})


def _require_scope(view: View, parent: str, name: str) -> None:
    scope = REQUIRED_SCOPE.get((parent, name))
    if scope is None or view.allows(scope):
        return
    raise GraphQLError(
        f"Access denied for {name} field. Required access: `{scope}` access scope.",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": f"`{scope}` access scope.",
        },
    )


def _type_name(source: Any, *_: object) -> str:
    return str(source["__typename"]) if isinstance(source, dict) else TYPE_NAMES[type(source)]


def formatted(errors: Sequence[GraphQLError]) -> list[dict[str, Any]]:
    """Errors in the shape of an answer."""
    return [dict(error.formatted) for error in errors]
