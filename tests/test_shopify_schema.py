"""Every document of the Shopify adapter against the official schema of the Admin API 2026-10.

Shopify publishes it, with the access scopes of every type and field, inside an npm package.
"""

import gzip
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    build_schema,
    get_named_type,
    parse,
    validate,
    visit,
)

from adapters.shopify.adapter import ORDERS_VISIBLE
from adapters.shopify.documents import NEEDED_SCOPES, SCOPES, document, repeated
from adapters.shopify.writes import AT_ONCE

pytestmark = pytest.mark.network

PACKAGE = "@shopify/dev-mcp@1.16.0"
MEMBER = "package/dist/data/admin_2026-10.json.gz"
ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "shopify"
DOCUMENTS = sorted((ROOT / "adapters" / "shopify" / "graphql").glob("*.graphql"))
NAMES = [path.stem for path in DOCUMENTS if not path.stem.endswith("_fields")]

#: What the schema's access table leaves open, because it depends on the record: tags and metafields need
#: write access to their owner (shopify.dev, tagsAdd and metafieldsSet).
BY_OWNER: Mapping[str, tuple[str, ...]] = {
    "tags_add": ("write_customers",),
    "tags_remove": ("write_customers",),
    "metafields_set": ("write_customers", "write_discounts"),
    "metafields_delete": ("write_customers",),
}


@cache
def _official() -> dict[str, Any]:
    with gzip.open(_unpacked(), "rt", encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found


def _unpacked() -> Path:
    target = CACHE / "admin_2026-10.json.gz"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        pack = ["npm", "pack", "--silent", PACKAGE]
        with tempfile.TemporaryDirectory(dir=CACHE) as own:  # several test processes may do this at once
            packed = subprocess.run(pack, cwd=own, check=True, capture_output=True, text=True, timeout=120)
            with tarfile.open(Path(own, packed.stdout.split()[-1])) as archive:
                member = archive.extractfile(MEMBER)
                assert member is not None
                Path(own, target.name).write_bytes(member.read())
            Path(own, target.name).replace(target)
    return target


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    try:
        return _official()
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Without a network Shopify's schema cannot be fetched: {type(error).__name__}.")


@pytest.fixture(scope="module")
def schema(official: dict[str, Any]) -> GraphQLSchema:
    return build_client_schema(official["data"], assume_valid=True)


@pytest.fixture(scope="module")
def access(official: dict[str, Any]) -> dict[str, frozenset[str]]:
    """Scopes by "Type" or "Type.field"; any one of them suffices."""
    found = {}
    for item in official["offline_scopes"]["items"]:
        if item["offlineScopes"]:
            field = f".{item['fieldName']}" if item.get("fieldName") else ""
            found[item["typeName"] + field] = frozenset(item["offlineScopes"])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_document_is_valid(schema: GraphQLSchema, name: str) -> None:
    assert validate(schema, parse(document(name).text)) == []


@pytest.mark.parametrize("name", ["tags_add", "tags_remove", "discount_create", "discount_create_free"])
def test_a_repeated_mutation_is_valid(schema: GraphQLSchema, name: str) -> None:
    assert validate(schema, parse(repeated(name, AT_ONCE).text)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_document_asks_for_nothing_deprecated(schema: GraphQLSchema, name: str) -> None:
    old = [f"{parent}.{field}" for parent, field, reason in _fields(schema, name) if reason]
    assert old == []


@pytest.mark.parametrize("name", NAMES)
def test_scopes_of_a_document_are_exactly_those_it_needs(
    schema: GraphQLSchema, access: dict[str, frozenset[str]], name: str
) -> None:
    declared = set(SCOPES.get(name, ()))
    needs = list(_needs(schema, access, name)) + [frozenset({scope}) for scope in BY_OWNER.get(name, ())]
    unmet = [need for need in needs if not need & declared]
    idle = [scope for scope in declared if not any(scope in need for need in needs)]
    assert (unmet, idle) == ([], [])


def test_check_asks_for_the_scopes_of_all_documents_and_no_others() -> None:
    assert NEEDED_SCOPES == (
        "read_customers",
        "read_discounts",
        "read_orders",
        "read_products",
        "write_customers",
        "write_discounts",
    )
    assert set(SCOPES) <= set(NAMES)


def test_orders_are_visible_for_sixty_days() -> None:
    assert ORDERS_VISIBLE.days == 60


@pytest.mark.parametrize("plural", ["customers", "orders", "products"])
def test_a_bulk_query_reads_what_pages_read(plural: str) -> None:
    bulk = _leaves(document(f"bulk_{plural}").text) - {"pageInfo/hasNextPage", "pageInfo/endCursor"}
    page = _leaves(document(f"{plural[:-1]}_page").text) - {"pageInfo/hasNextPage", "pageInfo/endCursor"}
    assert bulk == page


def test_the_sandbox_speaks_a_part_of_the_official_schema(schema: GraphQLSchema) -> None:
    text = (ROOT / "adapters" / "shopify" / "sandbox" / "schema.graphql").read_text(encoding="utf-8")
    sandbox = build_schema(text)
    strange = [
        complaint
        for name, part in sandbox.type_map.items()
        if not name.startswith("__")
        for complaint in _differences(part, schema.type_map.get(name))
    ]
    assert strange == []


# -- what a document touches --------------------------------------------------------------------------------


class _Touched(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.fields: list[tuple[str, str, str | None]] = []
        self.types: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent, field = self.info.get_parent_type(), self.info.get_field_def()
        if parent is None or field is None or node.name.value.startswith("__"):
            return
        self.fields.append((parent.name, node.name.value, field.deprecation_reason))
        self.types |= {parent.name, get_named_type(field.type).name}


def _touched(schema: GraphQLSchema, name: str) -> _Touched:
    info = TypeInfo(schema)
    touched = _Touched(info)
    visit(parse(document(name).text), TypeInfoVisitor(info, touched))
    return touched


def _fields(schema: GraphQLSchema, name: str) -> list[tuple[str, str, str | None]]:
    return _touched(schema, name).fields


def _needs(schema: GraphQLSchema, access: dict[str, frozenset[str]], name: str) -> Iterator[frozenset[str]]:
    touched = _touched(schema, name)
    for parent, field, _ in touched.fields:
        if f"{parent}.{field}" in access:
            yield access[f"{parent}.{field}"]
    for type_name in touched.types & set(access):
        yield access[type_name]


def _leaves(text: str) -> set[str]:
    """Parent and name of every selected field without selections of its own, fragments included."""
    found: set[str] = set()

    class Leaves(Visitor):
        def __init__(self) -> None:
            super().__init__()
            self.path: list[str] = []

        def enter_field(self, node: FieldNode, *_: object) -> None:
            if node.name.value not in ("edges", "node", "nodes"):
                self.path.append(node.name.value)
            if node.selection_set is None:
                found.add("/".join(self.path[-2:]) if self.path[0] != node.name.value else node.name.value)

        def leave_field(self, node: FieldNode, *_: object) -> None:
            if node.name.value not in ("edges", "node", "nodes"):
                self.path.pop()

    visit(parse(text), Leaves())
    return {leaf.rpartition("/")[2] if leaf.split("/")[0] in PLURALS else leaf for leaf in found}


PLURALS = {"customers", "orders", "products", "lineItems", "variants", "collections"}


def _differences(part: GraphQLNamedType, whole: GraphQLNamedType | None) -> Iterator[str]:
    """What the sandbox says otherwise than Shopify."""
    if whole is None or type(part) is not type(whole):
        yield f"{part.name} is not Shopify's"
        return
    if isinstance(part, GraphQLEnumType) and isinstance(whole, GraphQLEnumType):
        yield from (f"{part.name}.{value}" for value in part.values if value not in whole.values)
    elif isinstance(part, GraphQLUnionType) and isinstance(whole, GraphQLUnionType):
        known = {member.name for member in whole.types}
        yield from (f"{part.name}: {member.name}" for member in part.types if member.name not in known)
    elif isinstance(part, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)):
        assert isinstance(whole, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType))
        yield from _field_differences(part.name, part.fields, whole.fields)


def _field_differences(name: str, part: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    for field_name, field in part.items():
        other = whole.get(field_name)
        if other is None or str(field.type) != str(other.type):
            yield f"{name}.{field_name}: {field.type} instead of {other and other.type}"
            continue
        yield from _field_differences(
            f"{name}.{field_name}", getattr(field, "args", {}), getattr(other, "args", {})
        )
