"""Coupons: ours as WooCommerce stores them, and back. No I/O.

A code is a coupon of its own. Whose it is stands in its meta data, and in the description for the merchant's
eyes. WooCommerce keeps no first day (our plugin looks at it), and its status cannot be written: a coupon is
switched off by an end in the past, with a note in its meta data.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.woocommerce.records import Meta, meta_of, utc
from connector.errors import RejectedError
from connector.model import Coupon, CreateCoupon, Mark
from connector.money import decimal_text

MARK_KEY, CODE_KEY, STARTS_KEY = "stammkunde_mark", "stammkunde_code", "stammkunde_starts"
DISABLED_KEY, CUSTOMER_KEY = "stammkunde_disabled", "stammkunde_customer"

#: What WordPress leaves of an address is what it lets through whole; of another it leaves a part, or nothing,
#: and a coupon without an address is good for anybody. A star would be a wildcard.
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class CouponRow(msgspec.Struct, kw_only=True):
    id: int
    code: str
    description: str = ""
    date_created_gmt: datetime | None = None
    date_modified_gmt: datetime | None = None
    date_expires_gmt: datetime | None = None
    usage_count: int = 0
    status: str = "publish"
    email_restrictions: list[str] = []
    meta_data: list[Meta] = []

    def mark(self) -> Mark | None:
        """Ours, by the meta data; the description alone can be copied by the merchant."""
        return Mark.find(str(meta_of(self.meta_data).get(MARK_KEY, "")))

    def is_disabled(self) -> bool:
        return bool(meta_of(self.meta_data).get(DISABLED_KEY))

    def spelled(self) -> str:
        """The code as we wrote it, also in a shop that stores small letters."""
        written = str(meta_of(self.meta_data).get(CODE_KEY, ""))
        return written if written.casefold() == self.code.casefold() else self.code


def to_coupon(row: CouponRow) -> Coupon | None:
    """A coupon of ours, or None where it is the merchant's."""
    mark = row.mark()
    if mark is None:
        return None
    starts = meta_of(row.meta_data).get(STARTS_KEY)
    return Coupon(
        id=str(row.id),
        code=row.spelled(),
        mark=mark,
        starts_at=_moment(starts) or utc(row.date_created_gmt),
        ends_at=utc(row.date_expires_gmt),
        active=not row.is_disabled() and row.status == "publish",
        used=row.usage_count,
        updated_at=utc(row.date_modified_gmt),
    )


def from_create(
    change: CreateCoupon, shop_currency: str, categories: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """The coupon in WooCommerce's words.

    Args:
        categories: ids of the shop's categories by name; several may have one name.

    Raises:
        RejectedError: WooCommerce cannot keep what is asked for, with why.
    """
    _require_possible(change, shop_currency)
    kind, amount = "percent", str(change.percent or 0)
    if change.amount is not None:
        kind, amount = "fixed_cart", decimal_text(change.amount, change.currency)
    return {
        "code": change.code,
        "discount_type": kind,
        "amount": amount,
        "free_shipping": change.free_shipping,
        "usage_limit": 1,
        "individual_use": not change.combinable,
        "exclude_sale_items": not change.sale_items,
        "minimum_amount": decimal_text(change.minimum, change.currency) if change.minimum else "",
        "product_ids": [int(product) for product in change.products],
        "product_categories": _ids(change.categories, categories),
        "excluded_product_categories": _ids(change.exclude_categories, categories),
        "email_restrictions": [change.email.strip().lower()]
        if change.bound == "email" and change.email
        else [],
        "date_expires": stamp(change.ends_at),
        "description": f"{change.title} [{change.mark.text()}]",
        "meta_data": [
            {"key": MARK_KEY, "value": change.mark.text()},
            {"key": CODE_KEY, "value": change.code},
            {"key": STARTS_KEY, "value": stamp(change.starts_at)},
            {"key": CUSTOMER_KEY, "value": change.customer_id},
        ],
    }


def _require_possible(change: CreateCoupon, shop_currency: str) -> None:
    if change.bound == "customer":
        raise RejectedError("WooCommerce binds a coupon to an e-mail address, not to a customer account.")
    if change.bound == "email" and not _EMAIL.fullmatch((change.email or "").strip()):
        raise RejectedError(
            "WooCommerce cannot bind a coupon to this e-mail address, and without one anybody could use it."
        )
    if change.new_customers_only:
        raise RejectedError("WooCommerce cannot keep a coupon for new customers only.")
    if change.products and change.categories:
        raise RejectedError(
            "WooCommerce takes a coupon for products and categories off what is in either: name one of them."
        )
    if (change.amount is not None or change.minimum) and change.currency != shop_currency:
        raise RejectedError(f"Amounts of coupons are in the shop's currency, {shop_currency}.")
    if not all(product.isdecimal() for product in change.products):
        raise RejectedError(f"WooCommerce numbers its products: {', '.join(change.products)}.")


def _ids(names: Sequence[str], categories: Mapping[str, Sequence[int]]) -> list[int]:
    found: list[int] = []
    for name in names:
        if name not in categories:
            raise RejectedError(f"The shop has no category {name!r}.")
        found += categories[name]
    return found


def stamp(moment: datetime) -> str:
    """With its zone: `date_expires` without one would be local time."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(text: object) -> datetime | None:
    try:
        return msgspec.convert(text, datetime, strict=False).astimezone(UTC) if text else None
    except (msgspec.ValidationError, ValueError):
        return None
