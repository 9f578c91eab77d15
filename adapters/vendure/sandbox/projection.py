"""Stored records as the API shows them. What is called with arguments is a function here."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.vendure.sandbox.lists import Options, listed, stamp
from adapters.vendure.sandbox.records import (
    StoredCustomer,
    StoredGroup,
    StoredLine,
    StoredOrder,
    StoredPayment,
    StoredProduct,
    StoredPromotion,
    StoredRefund,
)
from adapters.vendure.sandbox.shop import Shop

Row = dict[str, Any]


def look_at(row: Any, field: str) -> Any:
    """A field by which lists are filtered and sorted."""
    return getattr(row, _FIELDS[field], None) if field in _FIELDS else None


_FIELDS = {
    "id": "id",
    "createdAt": "created",
    "updatedAt": "updated",
    "orderPlacedAt": "placed",
    "couponCode": "code",
    "name": "name",
}


class Views:
    """The rows of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def customer(self, customer: StoredCustomer) -> Row:
        shop = self._shop
        address = {
            "company": customer.company,
            "city": customer.city,
            "province": None,
            "country": {"code": customer.country},
            "defaultBillingAddress": True,
            "defaultShippingAddress": True,
        }
        return {
            "__typename": "Customer",
            "id": str(customer.id),
            "createdAt": stamp(customer.created),
            "updatedAt": stamp(customer.updated),
            "title": None,
            "firstName": customer.first_name,
            "lastName": customer.last_name,
            "emailAddress": customer.email,
            "phoneNumber": customer.phone,
            "groups": lambda: [
                self.group(shop.groups[number]) for number in customer.groups if number in shop.groups
            ],
            "addresses": [address] if customer.country else [],
            "user": {"verified": True} if customer.registered else None,
            "customFields": {name: customer.fields.get(name) for name in shop.profile.fields},
            "orders": lambda options=None: self.listed(shop.orders_of(customer.id), options, self.order),
        }

    def group(self, group: StoredGroup) -> Row:
        return {
            "id": str(group.id),
            "name": group.name,
            "customers": lambda options=None: self.listed(
                self._shop.members(group.id), options, self.customer
            ),
        }

    def listed(self, rows: Any, options: Options | None, show: Callable[[Any], Row]) -> Row:
        """A list of these rows."""
        found: Row = listed(rows, options, look_at, show)
        return found

    def product(self, product: StoredProduct) -> Row:
        return {
            "id": str(product.id),
            "updatedAt": stamp(product.updated),
            "name": product.name,
            "facetValues": [{"name": name} for name in product.facets],
            "collections": [{"name": name} for name in product.collections],
            "variants": [
                variant_row(number, sku, product.name, product.id) for number, sku in product.variants()
            ],
        }

    def promotion(self, promotion: StoredPromotion) -> Row:
        return {
            "__typename": "Promotion",
            "id": str(promotion.id),
            "updatedAt": stamp(promotion.updated),
            "couponCode": promotion.code,
            "enabled": promotion.enabled,
            "startsAt": stamp(promotion.starts),
            "endsAt": stamp(promotion.ends),
            "conditions": promotion.conditions,
            "translations": [{"description": text} for text in promotion.descriptions.values()],
        }

    def order(self, order: StoredOrder) -> Row:
        buyer = order.customer or 0
        # a deleted customer is in no list and still on the order
        customer = self._shop.customers.get(buyer) or self._shop.departed.get(buyer)
        net = 1 / (1 + order.rate)
        lines = [line_row(line, net) for line in order.lines]
        left = order.shipping - order.shipping_off
        cancelled = [
            {
                "adjustmentSource": "CANCEL_ORDER",
                "amount": -round(order.shipping_off * net),
                "amountWithTax": -order.shipping_off,
            }
        ]
        return {
            "id": str(order.id),
            "code": order.code,
            "state": order.state,
            "createdAt": stamp(order.created),
            "updatedAt": stamp(order.updated),
            "orderPlacedAt": stamp(order.placed),
            "currencyCode": order.currency,
            "couponCodes": order.codes,
            "customer": self.customer(customer) if customer else None,
            "subTotal": sum(line["proratedLinePrice"] for line in lines),
            "subTotalWithTax": sum(line["proratedLinePriceWithTax"] for line in lines),
            "lines": lines,
            "shippingLines": [
                {
                    "discountedPrice": round(left * net),
                    "discountedPriceWithTax": left,
                    "discounts": cancelled if order.shipping_off else [],
                }
            ],
            "shippingAddress": {"countryCode": order.country},
            "billingAddress": {"countryCode": None},
            "payments": [payment_row(payment) for payment in order.payments],
            "fulfillments": _fulfillments(order),
            "history": lambda options=None: {"items": _history(order, options or {})},
        }


def variant_row(number: int, sku: str, name: str, product: int) -> Row:
    return {"id": str(number), "sku": sku, "name": name, "productId": str(product)}


def line_row(line: StoredLine, net: float) -> Row:
    """A line: what is left of it, as Vendure sums it up."""
    full, prorated = line.gross(full=True), line.gross()
    return {
        "id": str(line.id),
        "quantity": line.quantity,
        "orderPlacedQuantity": line.placed,
        "unitPrice": round(full * net),
        "unitPriceWithTax": round(full),
        "linePrice": round(full * net * line.quantity),
        "proratedLinePrice": round(prorated * net * line.quantity),
        "proratedLinePriceWithTax": round(prorated * line.quantity),
        "productVariant": variant_row(line.variant, line.sku, line.name, line.product),
    }


def payment_row(payment: StoredPayment) -> Row:
    return {
        "method": payment.method,
        "amount": payment.amount,
        "state": payment.state,
        "refunds": [_refund_row(refund) for refund in payment.refunds],
    }


def _refund_row(refund: StoredRefund) -> Row:
    return {
        "id": str(refund.id),
        "createdAt": stamp(refund.created),
        "state": refund.state,
        "total": refund.total,
        "shipping": refund.shipping,
        "lines": [{"orderLineId": str(line), "quantity": pieces} for line, pieces in refund.lines.items()],
    }


def _fulfillments(order: StoredOrder) -> list[Row]:
    return [{"createdAt": stamp(order.shipped), "state": "Shipped"}] if order.shipped else []


def _history(order: StoredOrder, options: Mapping[str, Any]) -> list[Row]:
    """The changes of its state, the newest first."""
    wanted = ((options.get("filter") or {}).get("type") or {}).get("eq", "ORDER_STATE_TRANSITION")
    if order.cancelled is None or wanted != "ORDER_STATE_TRANSITION":
        return []
    return [{"createdAt": stamp(order.cancelled), "data": {"from": "PaymentSettled", "to": "Cancelled"}}]
