"""Selection sets compiled to functions, for bulk operations: graphql-core's executor is much slower."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_list_type,
)
from graphql.execution.values import get_argument_values
from graphql.type import get_nullable_type

from adapters.shopify.sandbox.fields import CHILDREN, LINKED, PLAIN, REQUIRED_SCOPE
from adapters.shopify.sandbox.view import View

Getter = Callable[[Any], Any]

#: Equal amounts are projected once; bounded so that a very long export stays small.
_REMEMBERED_AMOUNTS = 50_000


class Child(NamedTuple):
    """A connection below a record: its list, and what each member becomes."""

    members: Getter
    shape: "Shape"


class Shape:
    """What one record of a selection becomes: an object, and the lines of the connections inside it."""

    def __init__(self, entries: list[tuple[str, Getter]], children: list[Child], identity: Getter) -> None:
        self._entries = entries
        self.children = children
        self.identity = identity

    def project(self, source: Any) -> dict[str, Any]:
        """The object."""
        return {key: get(source) for key, get in self._entries}

    def descendants(self, source: Any) -> Iterator[dict[str, Any]]:
        """Objects of the connections inside, each with `__parentId`."""
        for members, shape in self.children:
            parent = self.identity(source)
            for member in members(source):
                found = shape.project(member)
                found["__parentId"] = parent
                yield found
                if shape.children:
                    yield from shape.descendants(member)


class AccessDeniedError(Exception):
    """The token lacks the scope that a selected field needs."""


class Compiler:
    """Compiles selections of one document for one view."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode], view: View) -> None:
        self._fragments = fragments
        self._view = view

    def shape(self, parent: GraphQLObjectType, selections: SelectionSetNode) -> Shape:
        """The shape of a selection on that type.

        Raises:
            AccessDeniedError: a field in it needs a scope the token does not have.
        """
        entries: list[tuple[str, Getter]] = []
        children: list[Child] = []
        for node in self._fields(parent, selections):
            key = node.alias.value if node.alias else node.name.value
            if node.name.value == "__typename":
                entries.append((key, _always(parent.name)))
            elif node.name.value in CHILDREN.get(parent.name, {}):
                children.append(self._child(parent, node))
            else:
                entries.append((key, self._entry(parent, node)))
        identity = PLAIN.get(parent.name, {}).get("id", _always(None))
        return Shape(entries, children, identity)

    def _fields(self, parent: GraphQLObjectType, selections: SelectionSetNode) -> Iterator[FieldNode]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or node.type_condition.name.value == parent.name:
                    yield from self._fields(parent, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                yield from self._fields(parent, self._fragments[node.name.value].selection_set)

    def _child(self, parent: GraphQLObjectType, node: FieldNode) -> Child:
        member_type, selections = member_selection(parent, node, self._fragments)
        return Child(self._getter(parent, node), self.shape(member_type, selections))

    def _getter(self, parent: GraphQLObjectType, node: FieldNode) -> Getter:
        name = node.name.value
        self.require(parent, node)
        plain = PLAIN.get(parent.name, {}).get(name)
        if plain is not None:
            return plain
        linked = LINKED.get(parent.name, {}).get(name) or CHILDREN[parent.name][name]
        arguments = get_argument_values(parent.fields[name], node)
        view = self._view
        return lambda source: linked(source, view, arguments)

    def require(self, parent: GraphQLObjectType, node: FieldNode) -> None:
        """Verify that the token may select the field.

        Raises:
            AccessDeniedError: it may not.
        """
        name = node.name.value
        scope = REQUIRED_SCOPE.get((parent.name, name))
        if scope and not self._view.allows(scope):
            raise AccessDeniedError(
                f"Access denied for {name} field. Required access: `{scope}` access scope."
            )

    def _entry(self, parent: GraphQLObjectType, node: FieldNode) -> Getter:
        get = self._getter(parent, node)
        field_type = parent.fields[node.name.value].type
        named = get_named_type(field_type)
        if not is_composite_type(named) or node.selection_set is None:
            return get
        if not isinstance(named, GraphQLObjectType):
            raise AccessDeniedError(f"The sandbox exports no {named.name} in bulk.")
        project = self.shape(named, node.selection_set).project
        if named.name == "MoneyBag":
            return _remembering(get, project)
        if is_list_type(get_nullable_type(field_type)):
            return lambda source: [project(member) for member in get(source)]
        return _optional(get, project)


def _always(value: Any) -> Getter:
    return lambda _: value


def _optional(get: Getter, project: Getter) -> Getter:
    def projected(source: Any) -> Any:
        value = get(source)
        return None if value is None else project(value)

    return projected


def _remembering(get: Getter, project: Getter) -> Getter:
    known: dict[Any, Any] = {}

    def projected(source: Any) -> Any:
        value = get(source)
        found = known.get(value)
        if found is None:
            if len(known) >= _REMEMBERED_AMOUNTS:
                known.clear()
            found = known[value] = project(value)
        return found

    return projected


def member_selection(
    parent: GraphQLObjectType,
    node: FieldNode,
    fragments: dict[str, FragmentDefinitionNode],
) -> tuple[GraphQLObjectType, SelectionSetNode]:
    """Type and selection of a connection's members, be it `nodes` or `edges { node }`."""
    connection = get_named_type(parent.fields[node.name.value].type)
    if not isinstance(connection, GraphQLObjectType) or node.selection_set is None:
        raise TypeError(f"{node.name.value} is no connection")
    for inner in _direct_fields(node.selection_set, fragments):
        if inner.name.value == "nodes" and inner.selection_set:
            return _object(connection, "nodes"), inner.selection_set
        if inner.name.value == "edges" and inner.selection_set:
            edge = _object(connection, "edges")
            for deeper in _direct_fields(inner.selection_set, fragments):
                if deeper.name.value == "node" and deeper.selection_set:
                    return _object(edge, "node"), deeper.selection_set
    raise ValueError(f"{node.name.value} selects neither nodes nor edges")


def _object(parent: GraphQLObjectType, field: str) -> GraphQLObjectType:
    found = get_named_type(parent.fields[field].type)
    if not isinstance(found, GraphQLObjectType):
        raise TypeError(f"{parent.name}.{field} is no object")
    return found


def _direct_fields(
    selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _direct_fields(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            yield from _direct_fields(fragments[node.name.value].selection_set, fragments)
