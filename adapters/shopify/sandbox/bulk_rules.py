"""What Shopify accepts as a bulk query."""

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_list_type,
)
from graphql.type import get_nullable_type

from adapters.shopify.sandbox.engine import schema

CONNECTIONS = 5
NESTING = 2


def why_not_bulk(document: DocumentNode) -> str | None:
    """The rule of bulk queries that a document breaks, or None."""
    operation = operation_of(document)
    if operation.operation is not OperationType.QUERY:
        return "only queries can be run"
    if operation.variable_definitions:
        return "variables are not supported"
    if len(operation.selection_set.selections) != 1:
        return "a single top-level field is allowed"
    counted = _Connections(fragments_of(document))
    try:
        counted.visit(schema().query_type, operation.selection_set, depth=0, in_list=False)
    except ValueError as error:
        return str(error)
    if counted.found == 0:
        return "a bulk query must contain at least one connection"
    return None


class _Connections:
    """Counts the connections of a document and how deep they are nested."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self.found = 0
        self._fragments = fragments

    def visit(self, parent: Any, selections: SelectionSetNode, *, depth: int, in_list: bool) -> None:
        """Walk a selection.

        Raises:
            ValueError: a rule is broken; the message says which.
        """
        for node in selections.selections:
            if isinstance(node, InlineFragmentNode):
                self.visit(parent, node.selection_set, depth=depth, in_list=in_list)
            elif isinstance(node, FragmentSpreadNode):
                inner = self._fragments[node.name.value].selection_set
                self.visit(parent, inner, depth=depth, in_list=in_list)
            elif isinstance(node, FieldNode) and node.selection_set is not None:
                self._field(parent, node, node.selection_set, depth=depth, in_list=in_list)

    def _field(
        self, parent: Any, node: FieldNode, selections: SelectionSetNode, *, depth: int, in_list: bool
    ) -> None:
        name = node.name.value
        field_type = parent.fields[name].type
        named = get_named_type(field_type)
        if named.name.endswith("Connection"):
            self._connection(name, depth=depth, in_list=in_list)
            self.visit(named, selections, depth=depth + 1, in_list=False)
            return
        wrapper = name in ("nodes", "edges") and parent.name.endswith("Connection")
        listed = is_list_type(get_nullable_type(field_type)) and not wrapper
        self.visit(named, selections, depth=depth, in_list=in_list or listed)

    def _connection(self, name: str, *, depth: int, in_list: bool) -> None:
        self.found += 1
        if in_list:
            raise ValueError(
                f"queries that contain a connection field within a list field are not supported: {name}"
            )
        if self.found > CONNECTIONS:
            raise ValueError(f"more than {CONNECTIONS} connections are not supported")
        if depth > NESTING:
            raise ValueError(f"connections nested deeper than {NESTING} levels are not supported: {name}")


def operation_of(document: DocumentNode) -> OperationDefinitionNode:
    """The one operation of a document."""
    return next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The fragments of a document by name."""
    return {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
