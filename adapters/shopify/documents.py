"""The GraphQL documents of this adapter, and which permission each of them needs.

Each document is a file in `graphql/`. A document that spreads `...OrderFields` gets `order_fields.graphql`
appended.
"""

import re
from functools import cache
from importlib.resources import files

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    NameNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

#: Permission by document; tests/test_shopify_schema.py proves it against the official schema. Shopify asks
#: for none where a document is not listed.
SCOPES: dict[str, tuple[str, ...]] = {
    "bulk_customers": ("read_customers",),
    "bulk_orders": ("read_customers", "read_orders", "read_products"),
    "bulk_products": ("read_products",),
    "collection_page": ("read_products",),
    "customer_count": ("read_customers",),
    "customer_ids": ("read_customers",),
    "customer_metafield": ("read_customers",),
    "customer_nodes": ("read_customers",),
    "customer_page": ("read_customers",),
    "customers_known": ("read_customers",),
    "discount_by_code": ("read_discounts",),
    "discount_create": ("read_discounts", "write_discounts"),
    "discount_create_free": ("read_discounts", "write_discounts"),
    "discount_deactivate": ("write_discounts",),
    "discount_marks": ("read_discounts",),
    "discount_page": ("read_customers", "read_discounts"),
    "discount_update": ("write_discounts",),
    "discount_update_free": ("write_discounts",),
    "metafields_delete": ("write_customers",),
    "metafields_set": ("write_customers", "write_discounts"),
    "order_count": ("read_orders",),
    "order_ids": ("read_orders",),
    "order_lines": ("read_orders", "read_products"),
    "order_nodes": ("read_customers", "read_orders", "read_products"),
    "order_page": ("read_customers", "read_orders", "read_products"),
    "product_collections": ("read_products",),
    "product_ids": ("read_products",),
    "product_nodes": ("read_products",),
    "product_page": ("read_products",),
    "product_variants": ("read_products",),
    "redeem_codes": ("read_discounts",),
    "redeem_codes_add": ("read_discounts", "write_discounts"),
    "redeem_codes_added": ("read_discounts",),
    "redeem_codes_delete": ("write_discounts",),
    "tags_add": ("write_customers",),
    "tags_remove": ("write_customers",),
}

NEEDED_SCOPES = tuple(sorted({scope for scopes in SCOPES.values() for scope in scopes}))


class Document(msgspec.Struct, frozen=True):
    """One document ready to be sent."""

    name: str
    text: str
    repeats: int = 1  #: a repeated mutation costs as many times as much

    def scopes(self) -> tuple[str, ...]:
        """The permissions it needs."""
        return SCOPES.get(self.name, ())


@cache
def document(name: str) -> Document:
    """The document of that name with the fragments it spreads."""
    texts = {name: _text(name)}
    while missing := _fragments("".join(texts.values())) - set(texts):
        texts |= {fragment: _text(fragment) for fragment in missing}
    return Document(name, "\n".join(texts.values()))


@cache
def repeated(name: str, count: int) -> Document:
    """A mutation so many times in one request: the fields `_0`, `_1` …, and the variables `id_0`, `id_1` …"""
    single = parse(document(name).text)
    operation = single.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)  # noqa: S101  our own file
    copies = [visit(operation, _Numbering(number)) for number in range(count)]
    operation = OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=tuple(v for copy in copies for v in copy.variable_definitions),
        directives=operation.directives,
        selection_set=operation.selection_set.__class__(
            selections=tuple(field for copy in copies for field in copy.selection_set.selections)
        ),
    )
    return Document(name, print_ast(DocumentNode(definitions=(operation, *single.definitions[1:]))), count)


class _Numbering(Visitor):
    """Numbers the variables of an operation and the alias `done` or `found` of its only field."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def leave_variable(self, node: VariableNode, *_: object) -> VariableNode:
        return VariableNode(name=NameNode(value=f"{node.name.value}_{self._number}"))

    def leave_field(self, node: FieldNode, *_: object) -> FieldNode:
        if not node.alias or node.alias.value not in ("done", "found"):
            return node
        return FieldNode(
            alias=NameNode(value=f"_{self._number}"),
            name=node.name,
            arguments=node.arguments,
            directives=node.directives,
            selection_set=node.selection_set,
        )


def _text(name: str) -> str:
    return (files(__package__) / "graphql" / f"{name}.graphql").read_text(encoding="utf-8")


def _fragments(text: str) -> set[str]:
    """`order_fields` for `...OrderFields`; inline fragments (`... on Order`) are none."""
    return {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name in re.findall(r"\.\.\.(\w+)", text)}
