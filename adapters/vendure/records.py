"""What Vendure sends of customers, products and promotions, and how it becomes ours. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from adapters.vendure.client import Wire
from connector.model import Coupon, Customer, Mark, Product
from connector.money import decimals

# -- the shop -----------------------------------------------------------------------------------------------


class Ground(msgspec.Struct, frozen=True):
    """What has to be known of the shop before its amounts and names can be read."""

    currency: str
    language: str  #: in which names are written first
    languages: frozenset[str]
    prices_include_tax: bool
    precision: int  #: decimals in which the server keeps money, whatever the currency

    def to_minor(self, amount: int, currency: str) -> int:
        """An amount of the server in minor units."""
        return _shift(amount, decimals(currency) - self.precision)

    def from_minor(self, amount: int, currency: str) -> int:
        """Minor units as the server keeps them."""
        return _shift(amount, self.precision - decimals(currency))


def _shift(amount: int, places: int) -> int:
    factor = int(10 ** abs(places))
    return amount * factor if places >= 0 else round(amount / factor)


class Named(Wire):
    name: str


class GroupRow(Wire):
    id: str
    name: str


# -- customers ----------------------------------------------------------------------------------------------


class _Country(Wire):
    code: str


class _Address(Wire):
    company: str | None = None
    city: str | None = None
    province: str | None = None
    country: _Country | None = None
    default_billing_address: bool | None = None
    default_shipping_address: bool | None = None


class _User(Wire):
    verified: bool


class CustomerRow(Wire):
    id: str
    created_at: datetime
    updated_at: datetime
    title: str | None = None
    first_name: str = ""
    last_name: str = ""
    email_address: str = ""
    phone_number: str | None = None
    groups: tuple[GroupRow, ...] = ()
    addresses: tuple[_Address, ...] | None = None
    user: _User | None = None


_GENDER: dict[str, Literal["female", "male"]] = {
    "frau": "female",
    "mrs": "female",
    "ms": "female",
    "miss": "female",
    "herr": "male",
    "mr": "male",
}


def to_customer(row: CustomerRow, _ground: Ground) -> Customer:
    """A customer of ours. A record without a login is a guest; Vendure keeps no consent and no birthday."""
    address = _main_address(row.addresses or ())
    return Customer(
        id=row.id,
        email=row.email_address or None,
        guest=row.user is None,
        first_name=row.first_name or None,
        last_name=row.last_name or None,
        phone=row.phone_number or None,
        company=address.company or None,
        country=address.country.code if address.country else None,
        city=address.city or None,
        tags=tuple(group.name for group in row.groups),
        account_status=_account_status(row.user),
        gender=_GENDER.get((row.title or "").strip(" .").casefold()),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _main_address(addresses: Sequence[_Address]) -> _Address:
    ranked = sorted(
        addresses, key=lambda one: (not one.default_billing_address, not one.default_shipping_address)
    )
    return ranked[0] if ranked else _Address()


def _account_status(user: _User | None) -> Literal["enabled", "invited"] | None:
    if user is None:
        return None
    return "enabled" if user.verified else "invited"


# -- products -----------------------------------------------------------------------------------------------


class VariantRow(Wire):
    id: str
    sku: str = ""


class ProductRow(Wire):
    id: str
    updated_at: datetime
    name: str
    facet_values: tuple[Named, ...] = ()
    collections: tuple[Named, ...] = ()
    variants: tuple[VariantRow, ...] = ()


def to_product(row: ProductRow, _ground: Ground) -> Product:
    """A product of ours: collections are its categories, facet values its tags."""
    return Product(
        id=row.id,
        title=row.name,
        categories=tuple(dict.fromkeys(each.name for each in row.collections)),
        tags=tuple(dict.fromkeys(each.name for each in row.facet_values)),
        skus=tuple(variant.sku for variant in row.variants if variant.sku),
        updated_at=row.updated_at,
    )


# -- coupons ------------------------------------------------------------------------------------------------


class _Argument(Wire):
    name: str
    value: str


class _Operation(Wire):
    code: str
    args: tuple[_Argument, ...] = ()


class _Translation(Wire):
    description: str | None = None


class PromotionRow(Wire):
    id: str
    updated_at: datetime
    enabled: bool
    coupon_code: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    conditions: tuple[_Operation, ...] = ()
    translations: tuple[_Translation, ...] = ()

    def mark(self) -> Mark | None:
        """Whose coupon this is, if it is one of ours. The mark stands in the description."""
        found = (Mark.find(each.description or "") for each in self.translations)
        return next((mark for mark in found if mark), None)

    def group(self) -> str | None:
        """The id of the customer group that it is bound to."""
        for condition in self.conditions:
            if condition.code == "customer_group":
                return next((each.value for each in condition.args if each.name == "customerGroupId"), None)
        return None


def to_coupon(row: PromotionRow) -> Coupon | None:
    """A coupon of ours, or None. Vendure counts no redemptions: they are seen on the orders."""
    mark = row.mark()
    if mark is None or not row.coupon_code:
        return None
    return Coupon(
        id=row.id,
        code=row.coupon_code,
        mark=mark,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        active=row.enabled,
        updated_at=row.updated_at,
    )
