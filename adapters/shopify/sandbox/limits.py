"""Shopify's calculated query cost and the leaky bucket it is taken from."""

import math
import threading
from collections.abc import Mapping
from time import monotonic
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

#: Points restored a second; the bucket holds twenty seconds of them.
PLANS = {"Basic": 100, "Advanced": 200, "Plus": 1000, "Enterprise": 2000}
BUCKET_SECONDS = 20
MAXIMUM_QUERY_COST = 1000
MUTATION_COST = 10

#: Fields that only wrap the members of a connection and cost nothing themselves.
_WRAPPERS = {"edges", "pageInfo"}


def query_cost(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], data: object = None
) -> int:
    """Points of a document: object 1, mutation 10, connection by the binary logarithm of its size.

    Shopify documents only that connections are "sized by first"; measured figures there (25 points for
    `product { variants(first: 250) { nodes { inventoryItem { id } } } }`) fit ceil(log2(first)) times
    what one member costs plus one. With `data`, the size is what was really returned.
    """
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    counter = _Counter(fragments, variables)
    total = 0
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            root = schema.get_root_type(node.operation)
            is_mutation = node.operation is OperationType.MUTATION
            total += counter.selections(root, node.selection_set, data, mutation=is_mutation)
    return total


class _Counter:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._variables = variables

    def selections(
        self, parent: Any, selections: SelectionSetNode | None, data: object, *, mutation: bool = False
    ) -> int:
        if selections is None:
            return 0
        total = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total += MUTATION_COST if mutation else self._field(parent, node, data)
            elif isinstance(node, InlineFragmentNode):
                total += self.selections(parent, node.selection_set, data, mutation=mutation)
            elif isinstance(node, FragmentSpreadNode):
                inner = self._fragments[node.name.value].selection_set
                total += self.selections(parent, inner, data, mutation=mutation)
        return total

    def _field(self, parent: Any, node: FieldNode, data: object) -> int:
        field = getattr(parent, "fields", {}).get(node.name.value)
        named = get_named_type(field.type) if field else None
        if field is not None and not is_composite_type(named):
            return 0
        key = node.alias.value if node.alias else node.name.value
        below = data.get(key) if isinstance(data, dict) else None
        children = self.selections(named, node.selection_set, None)
        if named is not None and named.name.endswith("Connection"):
            return self._size(node, below) * (1 + children)
        return children + (0 if node.name.value in _WRAPPERS or node.selection_set is None else 1)

    def _size(self, node: FieldNode, data: object) -> int:
        count = 50
        for argument in node.arguments or ():
            if argument.name.value == "first":
                count = self._value(argument.value)
        if isinstance(data, dict):
            count = len(data.get("nodes") or data.get("edges") or ())
        return max(math.ceil(math.log2(count)), 1) if count > 0 else 0

    def _value(self, node: object) -> int:
        if isinstance(node, IntValueNode):
            return int(node.value)
        if isinstance(node, VariableNode):
            return int(self._variables.get(node.name.value) or 50)
        return 50


class ThrottleStatus(msgspec.Struct, frozen=True, rename="camel"):
    """As in `extensions.cost.throttleStatus`."""

    maximum_available: float
    currently_available: int
    restore_rate: float


class Bucket:
    """Points left, restored as time goes by.

    Args:
        restore_rate: points a second.
        maximum: the most it holds.
    """

    def __init__(self, restore_rate: float, maximum: float) -> None:
        self._rate = restore_rate
        self._maximum = maximum
        self._level = maximum
        self._at = monotonic()
        self._lock = threading.Lock()

    def take(self, points: float) -> bool:
        """Take points if there are enough."""
        with self._lock:
            self._restore()
            if self._level < points:
                return False
            self._level -= points
            return True

    def give_back(self, points: float) -> None:
        """Return what was reserved and not needed."""
        with self._lock:
            self._level = min(self._level + points, self._maximum)

    def status(self) -> ThrottleStatus:
        """What is left."""
        with self._lock:
            self._restore()
            return ThrottleStatus(self._maximum, int(self._level), self._rate)

    def _restore(self) -> None:
        now = monotonic()
        self._level = min(self._level + (now - self._at) * self._rate, self._maximum)
        self._at = now
