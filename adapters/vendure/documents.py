"""The GraphQL documents of this adapter, and which permissions each of them needs.

Each document is a file in `graphql/`. A document that spreads `...OrderFields` gets `order_fields.graphql`
appended.
"""

import re
from functools import cache
from importlib.resources import files

import msgspec

#: Permissions by document, as Vendure's own resolvers ask for them; tests/real_shops proves that a role with
#: these and no others is enough. Vendure asks for none where a document is not listed.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "counts": ("ReadCustomer", "ReadOrder"),
    "customer_attribute": ("ReadCustomer",),
    "customer_groups": ("ReadCustomer",),
    "customer_ids": ("ReadCustomer",),
    "customer_orders": ("ReadCustomer", "ReadOrder"),
    "customer_page": ("ReadCustomer",),
    "customer_update": ("UpdateCustomer",),
    "group_add": ("UpdateCustomerGroup",),
    "group_create": ("CreateCustomerGroup",),
    "group_members": ("ReadCustomerGroup",),
    "group_page": ("ReadCustomerGroup",),
    "group_remove": ("UpdateCustomerGroup",),
    "order_endings": ("ReadOrder",),
    "order_ids": ("ReadOrder",),
    "order_page": ("ReadOrder",),
    "product_ids": ("ReadCatalog",),
    "product_page": ("ReadCatalog",),
    "promotion_create": ("CreatePromotion",),
    "promotion_page": ("ReadPromotion",),
    "promotion_update": ("UpdatePromotion",),
}

NEEDED_PERMISSIONS = tuple(sorted({each for permissions in PERMISSIONS.values() for each in permissions}))


class Document(msgspec.Struct, frozen=True):
    """One document ready to be sent."""

    name: str
    text: str

    def permissions(self) -> tuple[str, ...]:
        """The permissions it needs."""
        return PERMISSIONS.get(self.name, ())


@cache
def document(name: str) -> Document:
    """The document of that name with the fragments it spreads."""
    texts = {name: _text(name)}
    while missing := _fragments("".join(texts.values())) - set(texts):
        texts |= {fragment: _text(fragment) for fragment in missing}
    return Document(name, "\n".join(texts.values()))


def attribute_document(field: str) -> Document:
    """Reads one custom field of a customer. Only a name that GraphQL allows may be given."""
    return Document(
        "customer_attribute",
        f"query CustomerAttribute($id: ID!) {{ customer(id: $id) {{ customFields {{ value: {field} }} }} }}",
    )


def _text(name: str) -> str:
    return (files(__package__) / "graphql" / f"{name}.graphql").read_text(encoding="utf-8")


def _fragments(text: str) -> set[str]:
    """`order_fields` for `...OrderFields`; inline fragments (`... on Order`) are none."""
    return {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name in re.findall(r"\.\.\.(\w+)", text)}
