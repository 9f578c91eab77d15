"""Stored records as the plugin shows them."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.jtl.sandbox.records import (
    Redemption,
    StoredCoupon,
    StoredCustomer,
    StoredLine,
    StoredOrder,
    StoredProduct,
    stamp,
)
from adapters.jtl.sandbox.shop import Shop


def customer_row(shop: Shop, customer: StoredCustomer) -> dict[str, Any]:
    """A record of `GET /customers`."""
    groups = shop.profile.groups
    group_id = groups.index(customer.group) + 1 if customer.group in groups else 0
    orders = [each for each in shop.orders_of(customer.id) if each.state != -1]
    consent = customer.consent
    return {
        "id": str(customer.id),
        "registered": customer.registered,
        "number": f"K{customer.id}",
        "email": customer.email,
        "salutation": customer.salutation,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "company": customer.company,
        "phone": customer.phone,
        "language": customer.language,
        "country": customer.country,
        "region": customer.region,
        "city": customer.city,
        "group_id": str(group_id),
        "group": customer.group,
        "net_prices": False,
        "locked": customer.locked,
        "active": customer.active,
        "birthday": customer.birthday,
        "created": customer.created,
        "modified": stamp(customer.modified),
        "consent": {"state": consent.state, "level": consent.level, "changed": stamp(consent.changed_at)},
        "tags": customer.tags,
        "attributes": customer.attributes,
        "order_count": len(orders),
    }


def order_row(shop: Shop, order: StoredOrder) -> dict[str, Any]:
    """A record of `GET /orders`."""
    customer = shop.customers.get(order.customer or 0)
    currency = shop.profile.currency
    payments = [{"id": "1", "amount": order.received, "fee": 0.0, "currency": currency, "at": None}]
    return {
        "id": str(order.id),
        "number": order.number,
        "customer_id": str(customer.id) if customer else None,
        "registered": customer.registered if customer else False,
        "email": order.email,
        "created": stamp(order.created),
        "modified": stamp(order.modified),
        "state": order.state,
        "cancelled": stamp(order.cancelled),
        "paid": order.paid,
        "shipped": order.shipped,
        "total": order.total,
        "credit_used": order.credit_used,
        "currency": currency,
        "paid_in": {"currency": currency, "factor": 1.0},
        "payment_method": order.payment_method,
        "shipping_method": "DHL",
        "country": order.country,
        "language": "de",
        "payments": payments if order.received else [],
        "codes": order.codes,
        "coupons": [],
        "returns": {"open": order.open_return},
        "lines": [_line_row(line, place) for place, line in enumerate(order.lines, order.id * 1000)],
    }


def _line_row(line: StoredLine, number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "type": line.type,
        "product_id": str(line.product) if line.product else None,
        "variant_id": str(line.variant) if line.variant else None,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "net_price": line.net_price,
        "tax_percent": line.tax_percent,
    }


def product_row(_: Shop, product: StoredProduct) -> dict[str, Any]:
    """A record of `GET /products`."""
    return {
        "id": str(product.id),
        "name": product.name,
        "sku": product.skus[0] if product.skus else "",
        "skus": product.skus,
        "manufacturer": product.manufacturer,
        "categories": product.categories,
        "modified": stamp(product.modified),
    }


def coupon_row(shop: Shop, coupon: StoredCoupon) -> dict[str, Any]:
    """A record of `GET /coupons`."""
    return {
        "id": str(coupon.id),
        "code": coupon.code,
        "mark": coupon.mark,
        "customer_id": str(coupon.customer) if coupon.customer else None,
        "bound": coupon.bound,
        "title": coupon.title,
        "percent": coupon.percent,
        "amount": coupon.amount,
        "free_shipping": coupon.free_shipping,
        "minimum": coupon.minimum,
        "starts": stamp(coupon.starts),
        "ends": stamp(coupon.ends),
        "active": coupon.active,
        "deleted": coupon.deleted,
        "used": len(coupon.redemptions),
        "redemptions": [_redemption_row(shop, each) for each in coupon.redemptions],
        "modified": stamp(coupon.modified),
    }


def _redemption_row(shop: Shop, redemption: Redemption) -> dict[str, Any]:
    order = shop.orders.get(redemption.order)
    return {
        "order_id": str(redemption.order),
        "number": order.number if order else None,
        "customer_id": str(redemption.customer),
        "value": redemption.value,
        "at": stamp(redemption.at),
        "cancelled": order is None or order.state == -1,
    }


#: How a record of each kind is shown.
COLUMNS: Mapping[str, Callable[[Shop, Any], dict[str, Any]]] = {
    "customers": customer_row,
    "orders": order_row,
    "products": product_row,
}
