"""Free shipping, products and collections in the Shopify sandbox: as the Admin API takes and shows them."""

from typing import Any

import pytest
import requests

from adapters.shopify.sandbox import ShopifySandbox
from connector.model import Product
from tests.shopify_client import CREATE, NOW, START, Answer, Client, Clock, customer, gid

FREE = """mutation($d: DiscountCodeFreeShippingInput!) {
  discountCodeFreeShippingCreate(freeShippingCodeDiscount: $d) {
    codeDiscountNode { id } userErrors { code field message } } }"""
COLLECTIONS = "{ collections(first: 9) { nodes { id title } } }"


@pytest.fixture(autouse=True)
def goods(shop: ShopifySandbox) -> None:
    shop.put(customer(1001))
    shop.put(Product(id="77", title="Nero", categories=("Espresso", "Angebote"), updated_at=START))
    shop.put(Product(id="78", title="Barista", categories=("Bücher",), updated_at=START))


def collection(client: Client, title: str) -> str:
    (found,) = [str(each["id"]) for each in client.one(COLLECTIONS)["nodes"] if each["title"] == title]
    return found


def basic(code: str = "CODE", **fields: Any) -> Answer:
    known = {
        "title": code,
        "code": code,
        "startsAt": NOW.isoformat(),
        "context": {"all": "ALL"},
        "customerGets": {"items": {"all": True}, "value": {"percentage": 0.1}},
    }
    return {**known, **fields}


def for_items(items: Answer, code: str = "CODE") -> Answer:
    return basic(code, customerGets={"items": items, "value": {"percentage": 0.1}})


def free(code: str = "FREI", **fields: Any) -> Answer:
    known = {"title": code, "code": code, "startsAt": NOW.isoformat(), "context": {"all": "ALL"}}
    return {**known, "destination": {"all": True}, **fields}


def refusal(answer: Answer) -> list[tuple[str, str]]:
    return [(error["code"], error["message"]) for error in answer["userErrors"]]


def buy(shop: ShopifySandbox, *codes: str, **basket: Any) -> Answer:
    lines = [{"price": 2000, "product_id": "77"}, {"price": 1000, "product_id": "78"}]
    body = {"lines": lines, "customer_id": "1001", "shipping": 490, "codes": codes, **basket}
    found: Answer = requests.post(f"{shop.url}/sandbox/checkout", json=body, timeout=5).json()
    return found


def test_collections_are_those_of_the_products(client: Client) -> None:
    found = client.one(COLLECTIONS)["nodes"]
    assert {each["title"] for each in found} == {"Espresso", "Angebote", "Bücher"}
    assert len({each["id"] for each in found}) == 3


def test_free_shipping_is_a_discount_of_its_own_kind(shop: ShopifySandbox, client: Client) -> None:
    made = client.one(FREE, d=free())
    assert made["userErrors"] == []
    text = """query($c: String!) { codeDiscountNodeByCode(code: $c) { codeDiscount { __typename
      ... on DiscountCodeFreeShipping { title summary maximumShippingPrice { amount }
        destinationSelection { ... on DiscountCountryAll { allCountries } }
        combinesWith { orderDiscounts } } } } }"""
    assert client.one(text, c="frei")["codeDiscount"] == {
        "__typename": "DiscountCodeFreeShipping",
        "title": "FREI",
        "summary": "Free shipping",
        "maximumShippingPrice": None,
        "destinationSelection": {"allCountries": True},
        "combinesWith": {"orderDiscounts": False},
    }
    assert buy(shop, "FREI")["total"] == "30.00"
    assert buy(shop)["total"] == "34.90"


def test_free_shipping_never_stands_beside_free_shipping(client: Client) -> None:
    made = client.one(FREE, d=free(combinesWith={"shippingDiscounts": True}))
    assert refusal(made) == [
        (
            "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS",
            "The combinesWith settings are not valid for the discount class.",
        )
    ]


def test_each_kind_has_its_own_change(client: Client, clock: Clock) -> None:
    basic_id = client.one(CREATE, d=basic())["codeDiscountNode"]["id"]
    free_id = client.one(FREE, d=free())["codeDiscountNode"]["id"]
    clock.forward(hours=1)
    change = """mutation($b: ID!, $f: ID!) {
      wrong: discountCodeBasicUpdate(id: $f, basicCodeDiscount: {usageLimit: 1}) { userErrors { code } }
      also: discountCodeFreeShippingUpdate(id: $b, freeShippingCodeDiscount: {usageLimit: 1}) {
        userErrors { code } }
      right: discountCodeFreeShippingUpdate(id: $f, freeShippingCodeDiscount: {usageLimit: 1}) {
        userErrors { code } } }"""
    found = client.data(change, b=basic_id, f=free_id)
    assert found["wrong"]["userErrors"] == [{"code": "INVALID"}]
    assert found["also"]["userErrors"] == [{"code": "INVALID"}]
    assert found["right"]["userErrors"] == []


@pytest.mark.parametrize(
    ("items", "error"),
    [
        (
            {"all": True, "products": {"productsToAdd": [gid(77, "Product")]}},
            ("CONFLICT", "Cannot specify more than one kind of items"),
        ),
        (
            {"products": {"productsToAdd": [gid(99, "Product")]}},
            ("INVALID", "Product with id: 99 is invalid"),
        ),
        (
            {"collections": {"add": [gid(5, "Collection")]}},
            ("INVALID", "Collection with id: 5 is invalid"),
        ),
    ],
)
def test_items_that_make_no_sense_are_refused(client: Client, items: Answer, error: tuple[str, str]) -> None:
    assert refusal(client.one(CREATE, d=for_items(items))) == [error]


def test_a_discount_for_products_is_shown_and_taken_off_these(shop: ShopifySandbox, client: Client) -> None:
    client.one(CREATE, d=for_items({"products": {"productsToAdd": [gid(78, "Product")]}}))
    text = """query($c: String!) { codeDiscountNodeByCode(code: $c) { codeDiscount {
      ... on DiscountCodeBasic { customerGets { items { __typename
        ... on DiscountProducts { products(first: 9) { nodes { title } } } } } } } } }"""
    shown = client.one(text, c="CODE")["codeDiscount"]["customerGets"]["items"]
    assert shown == {"__typename": "DiscountProducts", "products": {"nodes": [{"title": "Barista"}]}}
    assert buy(shop, "CODE")["total"] == "33.90"
    only_coffee = [{"price": 2000, "product_id": "77"}]
    assert buy(shop, "CODE", lines=only_coffee) == {"refused": "Nothing in the basket takes this discount."}


def test_a_discount_for_collections_is_shown_and_taken_off_these(
    shop: ShopifySandbox, client: Client
) -> None:
    client.one(CREATE, d=for_items({"collections": {"add": [collection(client, "Angebote")]}}))
    text = """query($c: String!) { codeDiscountNodeByCode(code: $c) { codeDiscount {
      ... on DiscountCodeBasic { customerGets { items { __typename
        ... on DiscountCollections { collections(first: 9) { nodes { title } } } } } } } } }"""
    shown = client.one(text, c="CODE")["codeDiscount"]["customerGets"]["items"]
    assert shown == {"__typename": "DiscountCollections", "collections": {"nodes": [{"title": "Angebote"}]}}
    assert buy(shop, "CODE")["total"] == "32.90"


def test_of_two_discounts_for_one_product_the_better_one_counts(shop: ShopifySandbox, client: Client) -> None:
    together = {"combinesWith": {"productDiscounts": True}}
    items = {"products": {"productsToAdd": [gid(77, "Product")]}}
    for code, part in (("ZEHN", 0.1), ("ZWANZIG", 0.2)):
        gets = {"items": items, "value": {"percentage": part}}
        client.one(CREATE, d=basic(code, customerGets=gets, **together))
    assert buy(shop, "ZEHN", "ZWANZIG")["total"] == "30.90"


def test_six_codes_for_goods_are_one_too_many(shop: ShopifySandbox, client: Client) -> None:
    together = {"combinesWith": {"orderDiscounts": True}}
    codes = [f"CODE{number}" for number in range(6)]
    for code in codes:
        client.one(CREATE, d=basic(code, **together))
    assert buy(shop, *codes) == {"refused": "An order takes five codes for goods and one for shipping."}
    assert buy(shop, *codes[:5])["total"] == "19.90"
    assert buy(shop, codes[0], codes[0].lower())["total"] == "31.90"  # the same code twice is one


def test_both_have_to_agree_to_stand_together(shop: ShopifySandbox, client: Client) -> None:
    client.one(CREATE, d=basic("OFFEN", combinesWith={"orderDiscounts": True, "shippingDiscounts": True}))
    client.one(CREATE, d=basic("ALLEIN"))
    client.one(FREE, d=free(combinesWith={"orderDiscounts": True}))
    assert buy(shop, "OFFEN", "ALLEIN") == {"refused": "The discounts cannot be combined."}
    assert buy(shop, "OFFEN", "FREI")["total"] == "27.00"


def test_the_admin_shows_what_a_discount_is_for(shop: ShopifySandbox, client: Client) -> None:
    client.one(FREE, d=free())
    client.one(CREATE, d=for_items({"collections": {"add": [collection(client, "Bücher")]}}))
    page = requests.get(f"{shop.url}/admin/discounts", timeout=5).text
    assert "Versandkostenfrei" in page
    assert "10 % auf 1 Kategorien" in page
