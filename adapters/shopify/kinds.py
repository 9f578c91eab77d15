"""One table: how each kind of record is read."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import msgspec

from adapters.shopify.records import (
    CollectionRow,
    CustomerRow,
    LineRow,
    OrderRow,
    ProductRow,
    VariantRow,
    to_customer,
    to_order,
    to_product,
)
from connector.model import Kind, Record


class Source(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """How one kind is read. Documents are named `bulk_<plural>`, `<singular>_page` and so on."""

    singular: str
    plural: str
    row: Any  #: type of a row
    child: Any  #: type of a child in a bulk result, None where a row has none
    to_record: Callable[[Any, Any], Record]
    page_size: int  #: first guess; the cost of the first page corrects it
    #: connections inside a row: attribute, document that reads on, type of its nodes
    nested: tuple[tuple[str, str, Any], ...] = ()

    @property
    def type_name(self) -> str:
        """Shopify's name of the type, as in `gid://shopify/Order/1`."""
        return self.singular.capitalize()

    @cached_property
    def rows(self) -> msgspec.json.Decoder[Any]:
        """Decodes any line of a bulk result."""
        return msgspec.json.Decoder(self.row if self.child is None else self.row | self.child)

    @cached_property
    def children(self) -> msgspec.json.Decoder[Any]:
        """Decodes the line of a child."""
        return msgspec.json.Decoder(self.child or self.row)

    def gid(self, record_id: str) -> str:
        """Shopify's global id of one of our ids."""
        return f"gid://shopify/{self.type_name}/{record_id}"


SOURCES = {
    Kind.CUSTOMERS: Source(
        singular="customer",
        plural="customers",
        row=CustomerRow,
        child=None,
        to_record=to_customer,
        page_size=100,
    ),
    Kind.ORDERS: Source(
        singular="order",
        plural="orders",
        row=OrderRow,
        child=LineRow,
        to_record=to_order,
        page_size=10,
        nested=(("line_items", "order_lines", LineRow),),
    ),
    Kind.PRODUCTS: Source(
        singular="product",
        plural="products",
        row=ProductRow,
        child=VariantRow | CollectionRow,
        to_record=to_product,
        page_size=10,
        nested=(
            ("variants", "product_variants", VariantRow),
            ("collections", "product_collections", CollectionRow),
        ),
    ),
}
