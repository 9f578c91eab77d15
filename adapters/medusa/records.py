"""What Medusa sends of customers, products and promotions, and how it becomes ours. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from adapters.medusa.client import Wire
from connector.model import Coupon, Customer, Mark, Product


class Identified(Wire):
    """Any row of which only the id counts."""

    id: str


class Named(Wire):
    id: str
    name: str


class Titled(Wire):
    id: str
    title: str


# -- customers ----------------------------------------------------------------------------------------------

CUSTOMER_FIELDS = (
    "id",
    "email",
    "first_name",
    "last_name",
    "company_name",
    "phone",
    "has_account",
    "created_at",
    "updated_at",
    "groups.id",
    "groups.name",
    "addresses.company",
    "addresses.city",
    "addresses.province",
    "addresses.country_code",
    "addresses.is_default_billing",
    "addresses.is_default_shipping",
)


class _Address(Wire):
    company: str | None = None
    city: str | None = None
    province: str | None = None
    country_code: str | None = None
    is_default_billing: bool = False
    is_default_shipping: bool = False


class CustomerRow(Wire):
    id: str
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    phone: str | None = None
    has_account: bool = False
    groups: tuple[Named, ...] = ()
    addresses: tuple[_Address, ...] = ()


def to_customer(row: CustomerRow) -> Customer:
    """A customer of ours. One without an account is a guest; Medusa keeps no consent and no birthday."""
    address = _main_address(row.addresses)
    return Customer(
        id=row.id,
        email=row.email or None,
        guest=not row.has_account,
        first_name=row.first_name or None,
        last_name=row.last_name or None,
        phone=row.phone or None,
        company=row.company_name or address.company or None,
        country=country(address.country_code),
        region=address.province or None,
        city=address.city or None,
        tags=tuple(group.name for group in row.groups),
        account_status="enabled" if row.has_account else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _main_address(addresses: Sequence[_Address]) -> _Address:
    ranked = sorted(addresses, key=lambda one: (not one.is_default_billing, not one.is_default_shipping))
    return ranked[0] if ranked else _Address()


def country(code: str | None) -> str | None:
    """Medusa writes countries in small letters."""
    return code.upper() if code else None


# -- products -----------------------------------------------------------------------------------------------

PRODUCT_FIELDS = (
    "id",
    "title",
    "updated_at",
    "categories.id",
    "categories.name",
    "collection.id",
    "collection.title",
    "tags.value",
    "type.value",
    "variants.id",
    "variants.sku",
)


class _Value(Wire):
    value: str


class _Variant(Wire):
    sku: str | None = None


class ProductRow(Wire):
    id: str
    title: str
    updated_at: datetime
    categories: tuple[Named, ...] | None = None
    collection: Titled | None = None
    tags: tuple[_Value, ...] | None = None
    type: _Value | None = None
    variants: tuple[_Variant, ...] | None = None


def to_product(row: ProductRow) -> Product:
    """A product of ours: its collection is one of its categories, its type one of its tags."""
    categories = [each.name for each in row.categories or ()]
    categories += [row.collection.title] if row.collection else []
    tags = [each.value for each in row.tags or ()] + ([row.type.value] if row.type else [])
    return Product(
        id=row.id,
        title=row.title,
        categories=tuple(dict.fromkeys(categories)),
        tags=tuple(dict.fromkeys(tags)),
        skus=tuple(variant.sku for variant in row.variants or () if variant.sku),
        updated_at=row.updated_at,
    )


# -- coupons ------------------------------------------------------------------------------------------------

PROMOTION_FIELDS = (
    "id",
    "code",
    "status",
    "updated_at",
    "campaign_id",
    "campaign.description",
    "campaign.starts_at",
    "campaign.ends_at",
    "campaign.budget.used",
    "rules.attribute",
    "rules.values.value",
)

#: The attribute of a rule that binds a promotion to one customer.
CUSTOMER_RULE = "customer.id"


class _Budget(Wire):
    used: Decimal | None = None  #: of other people's budgets an amount


class _Campaign(Wire):
    id: str
    description: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    budget: _Budget | None = None


class _Rule(Wire):
    attribute: str
    values: tuple[_Value, ...] = ()


class PromotionRow(Wire):
    id: str
    code: str
    status: str
    updated_at: datetime
    campaign: _Campaign | None = None
    rules: tuple[_Rule, ...] | None = None

    def mark(self) -> Mark | None:
        """Whose coupon this is, if it is one of ours. The mark stands in the campaign's description."""
        return Mark.find(self.campaign.description or "") if self.campaign else None

    def active(self) -> bool:
        """Whether it is switched on; its dates are another matter."""
        return self.status == "active"

    def customer_id(self) -> str | None:
        """The customer that it is bound to."""
        values = (
            each.value for rule in self.rules or () if rule.attribute == CUSTOMER_RULE for each in rule.values
        )
        return next(values, None)


def to_coupon(row: PromotionRow) -> Coupon | None:
    """A coupon of ours, or None."""
    mark, campaign = row.mark(), row.campaign
    if mark is None or campaign is None:
        return None
    return Coupon(
        id=row.id,
        code=row.code,
        mark=mark,
        customer_id=row.customer_id(),
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        active=row.active(),
        used=int(campaign.budget.used or 0) if campaign.budget else 0,
        updated_at=row.updated_at,
    )
