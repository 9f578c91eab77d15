"""Stored records in the shop's own words, field by field as recorded."""

from datetime import datetime
from typing import Any

from adapters.woocommerce.sandbox.records import (
    StoredCoupon,
    StoredCustomer,
    StoredOrder,
    StoredProduct,
    StoredRefund,
)
from adapters.woocommerce.sandbox.shop import Shop
from connector.money import decimal_text


class Answers:
    """Writes records as JSON."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def of(self, record: Any) -> dict[str, Any]:
        """A record of any kind."""
        if isinstance(record, StoredCustomer):
            return self._customer(record)
        if isinstance(record, StoredOrder):
            return self._order(record)
        if isinstance(record, StoredProduct):
            return self._product(record)
        return self._coupon(record)

    def _dates(self, name: str, moment: datetime | None) -> dict[str, str | None]:
        """A moment in the shop's zone and in GMT, neither with a zone beside it."""
        if moment is None:
            return {name: None, f"{name}_gmt": None}
        local = moment.astimezone(self._shop.profile.zone())
        return {name: f"{local:%Y-%m-%dT%H:%M:%S}", f"{name}_gmt": f"{moment:%Y-%m-%dT%H:%M:%S}"}

    def _customer(self, customer: StoredCustomer) -> dict[str, Any]:
        address = {
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "company": customer.company,
            "address_1": "",
            "address_2": "",
            "city": customer.city,
            "postcode": "",
            "country": customer.country,
            "state": customer.state,
        }
        return {
            "id": customer.id,
            **self._dates("date_created", customer.created),
            **self._dates("date_modified", customer.modified),
            "email": customer.email,
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "role": customer.role,
            "username": customer.email.partition("@")[0],
            "billing": address | {"email": customer.email, "phone": customer.phone},
            "shipping": address | {"phone": ""},
            "meta_data": meta_rows(customer.meta, customer.id),
        }

    def _order(self, order: StoredOrder) -> dict[str, Any]:
        def text(amount: int) -> str:
            return decimal_text(amount, order.currency)

        lines_tax = sum(line.total_tax for line in order.lines)
        billing = {"first_name": "", "last_name": "", "country": order.country, "email": order.email}
        charge = {"total": text(order.shipping), "total_tax": text(order.tax - lines_tax)}
        return {
            "id": order.id,
            "parent_id": 0,
            "status": order.status,
            "currency": order.currency,
            "version": self._shop.profile.version,
            "prices_include_tax": order.prices_include_tax,
            **self._dates("date_created", order.created),
            **self._dates("date_modified", order.modified),
            **self._dates("date_completed", order.completed),
            **self._dates("date_paid", order.paid),
            "discount_total": text(order.discount),
            "shipping_total": text(order.shipping),
            "total": text(order.total),
            "total_tax": text(order.tax),
            "customer_id": order.customer,
            "billing": billing,
            "shipping": {"country": ""},
            "payment_method": "bacs" if order.payment_method else "",
            "payment_method_title": order.payment_method,
            "created_via": order.created_via,
            "number": order.number,
            "meta_data": [],
            "line_items": [
                {
                    "id": line.id,
                    "name": line.name,
                    "product_id": line.product,
                    "variation_id": line.variation,
                    "quantity": line.quantity,
                    "subtotal": text(line.subtotal),
                    "total": text(line.total),
                    "total_tax": text(line.total_tax),
                    "meta_data": [],
                    "sku": line.sku,
                }
                for line in order.lines
            ],
            "tax_lines": [],
            "shipping_lines": [charge] if order.shipping else [],
            "fee_lines": [{"total": text(order.fees), "total_tax": "0.00"}] if order.fees else [],
            "coupon_lines": [
                {"id": place, "code": self.code(code), "discount": text(order.discount)}
                for place, code in enumerate(order.codes, 1)
            ],
            "refunds": [
                {"id": refund.id, "reason": "", "total": f"-{text(refund.amount)}"}
                for refund in order.refunds
            ],
        }

    def refund(self, order: StoredOrder, refund: StoredRefund) -> dict[str, Any]:
        """A refund, whose lines count below zero."""

        def minus(amount: int) -> str:
            return decimal_text(-amount, order.currency)

        lines = {line.id: line for line in order.lines}
        return {
            "id": refund.id,
            "parent_id": order.id,
            **self._dates("date_created", refund.created),
            "amount": decimal_text(refund.amount, order.currency),
            "reason": "",
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [],
            "line_items": [
                {
                    "id": refund.id * 100 + place,
                    "name": lines[row.line].name,
                    "product_id": lines[row.line].product,
                    "variation_id": lines[row.line].variation,
                    "quantity": -row.quantity,
                    "subtotal": minus(row.total),
                    "total": minus(row.total),
                    "total_tax": minus(row.total_tax),
                    "meta_data": [{"id": place + 1, "key": "_refunded_item_id", "value": str(row.line)}],
                    "sku": lines[row.line].sku,
                }
                for place, row in enumerate(refund.lines)
            ],
            "shipping_lines": [{"total": minus(refund.shipping), "total_tax": "0.00"}]
            if refund.shipping
            else [],
            "tax_lines": [],
            "fee_lines": [],
        }

    def _product(self, product: StoredProduct) -> dict[str, Any]:
        return {
            "id": product.id,
            "name": product.name,
            "status": product.status,
            **self._dates("date_modified", product.modified),
            "sku": product.sku,
            "categories": self._terms("category", product.categories),
            "tags": self._terms("tag", product.tags),
            "brands": self._terms("brand", [product.brand] if product.brand else []),
            "variations": [product.id * 100 + place for place, _ in enumerate(product.variations, 1)],
        }

    def variations(self, product: StoredProduct) -> list[dict[str, Any]]:
        """The variations of a product."""
        return [
            {"id": product.id * 100 + place, "sku": sku} for place, sku in enumerate(product.variations, 1)
        ]

    def _terms(self, kind: str, names: list[str]) -> list[dict[str, Any]]:
        return [
            {"id": self._shop.term(kind, name), "name": name.replace("&", "&amp;"), "slug": name.lower()}
            for name in names
        ]

    def _coupon(self, coupon: StoredCoupon) -> dict[str, Any]:
        return {
            "id": coupon.id,
            "code": coupon.code,
            "amount": coupon.amount,
            "status": "publish",
            **self._dates("date_created", coupon.created),
            **self._dates("date_modified", coupon.modified),
            "discount_type": coupon.discount_type,
            "description": coupon.description,
            **self._dates("date_expires", coupon.expires),
            "usage_count": len(coupon.used_by),
            "individual_use": coupon.individual_use,
            "product_ids": coupon.product_ids,
            "excluded_product_ids": [],
            "usage_limit": coupon.usage_limit,
            "free_shipping": coupon.free_shipping,
            "product_categories": coupon.product_categories,
            "excluded_product_categories": coupon.excluded_product_categories,
            "exclude_sale_items": coupon.exclude_sale_items,
            "minimum_amount": coupon.minimum_amount,
            "email_restrictions": coupon.emails,
            "used_by": coupon.used_by,
            "meta_data": meta_rows(coupon.meta, coupon.id),
        }

    def code(self, code: str) -> str:
        """A code as this shop stores it."""
        return code.lower() if self._shop.profile.lower_codes else code


def meta_rows(meta: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """Meta data as a list. Keys with an underscore in front stay inside."""
    shown = [(key, value) for key, value in meta.items() if not key.startswith("_")]
    return [
        {"id": number * 100 + place, "key": key, "value": value}
        for place, (key, value) in enumerate(shown, 1)
    ]
