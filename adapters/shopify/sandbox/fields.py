"""What each field of the schema's types is made of.

`PLAIN` fields need nothing but the stored record, `LINKED` ones look further or have arguments, and
`CHILDREN` are the lists behind connections. Single queries and bulk operations read the same tables.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from adapters.shopify.sandbox.parts import (
    Amount,
    Bag,
    Metafield,
    OrderPart,
    Place,
    RefundedLine,
    ShippingPart,
    Tax,
    Variant,
)
from adapters.shopify.sandbox.records import (
    StoredCustomer,
    StoredLine,
    StoredOrder,
    StoredProduct,
    StoredRefund,
    collection_id,
    decimal_text,
    gid,
)
from adapters.shopify.sandbox.search import from_micros
from adapters.shopify.sandbox.store import display_name
from adapters.shopify.sandbox.view import LinkedCustomer, View

Getter = Callable[[Any], Any]
Linked = Callable[[Any, View, dict[str, Any]], Any]


METAFIELD_COLUMNS = "id, owner, namespace, key, type, value, created, updated"


def _bag(amount: Callable[[StoredOrder], int]) -> Getter:
    return lambda order: Bag(amount(order), order.currency, order.presentment, order.rate)


def _part_bag(amount: Callable[[Any], int]) -> Getter:
    return lambda part: Bag(amount(part), part.order.currency, part.order.presentment, part.order.rate)


def _constant(value: Any) -> Getter:
    return lambda _: value


def _global_id(kind: str) -> Getter:
    start = f"gid://shopify/{kind}/"
    return lambda record: f"{start}{record.id}"


def _number(record: Any) -> str:
    return str(record.id)


def _refunded_shipping(order: StoredOrder) -> int:
    return sum(refund.shipping for refund in order.refunds)


def _current_tax(order: StoredOrder) -> int:
    return order.tax - sum(refund.tax for refund in order.refunds)


def _current_subtotal(order: StoredOrder) -> int:
    tax = 0 if order.tax_included else _current_tax(order)
    return order.current_total - (order.shipping - _refunded_shipping(order)) - tax


def _net_payment(order: StoredOrder) -> int:
    return order.received - order.refunded()


def _outstanding(order: StoredOrder) -> int:
    return max(order.current_total - _net_payment(order), 0)


_ORDER: dict[str, Getter] = {
    "id": _global_id("Order"),
    "legacyResourceId": _number,
    "name": attrgetter("name"),
    "number": attrgetter("id"),
    "createdAt": attrgetter("created"),
    "updatedAt": attrgetter("updated"),
    "processedAt": attrgetter("created"),
    "cancelledAt": attrgetter("cancelled"),
    "cancelReason": lambda order: "CUSTOMER" if order.cancelled else None,
    "closedAt": attrgetter("cancelled"),
    "closed": lambda order: order.cancelled is not None,
    "test": attrgetter("test"),
    "edited": attrgetter("edited"),
    "confirmed": _constant(True),
    "sourceName": attrgetter("source"),
    "email": attrgetter("email"),
    "phone": _constant(None),
    "note": _constant(None),
    "tags": _constant([]),
    "currencyCode": attrgetter("currency"),
    "presentmentCurrencyCode": attrgetter("presentment"),
    "displayFinancialStatus": attrgetter("financial"),
    "displayFulfillmentStatus": attrgetter("fulfillment"),
    "returnStatus": attrgetter("return_status"),
    "discountCode": lambda order: order.codes[0] if order.codes else None,
    "discountCodes": attrgetter("codes"),
    "paymentGatewayNames": lambda order: [order.gateway] if order.gateway else [],
    "taxesIncluded": attrgetter("tax_included"),
    "fullyPaid": lambda order: order.received >= order.total,
    "unpaid": lambda order: order.received == 0 and order.total > 0,
    "subtotalPriceSet": _bag(attrgetter("subtotal")),
    "totalPriceSet": _bag(attrgetter("total")),
    "currentTotalPriceSet": _bag(attrgetter("current_total")),
    "originalTotalPriceSet": _bag(attrgetter("original_total")),
    "totalRefundedSet": _bag(StoredOrder.refunded),
    "totalRefundedShippingSet": _bag(_refunded_shipping),
    "netPaymentSet": _bag(_net_payment),
    "totalTaxSet": _bag(attrgetter("tax")),
    "currentTotalTaxSet": _bag(_current_tax),
    "totalDiscountsSet": _bag(attrgetter("discounts")),
    "totalShippingPriceSet": _bag(attrgetter("shipping")),
    "currentShippingPriceSet": _bag(lambda order: order.shipping - _refunded_shipping(order)),
    "currentSubtotalPriceSet": _bag(_current_subtotal),
    "totalReceivedSet": _bag(attrgetter("received")),
    "totalOutstandingSet": _bag(_outstanding),
    "subtotalLineItemsQuantity": lambda order: sum(line.quantity for line in order.lines),
    "currentSubtotalLineItemsQuantity": lambda order: sum(line.current for line in order.lines),
    "shippingAddress": lambda order: order if order.country else None,
    "shippingLine": lambda order: ShippingPart(order) if order.shipping or order.lines else None,
    "taxLines": lambda order: _tax_lines(order, order.tax, order.total),
    "retailLocation": lambda order: Place(order.location) if order.location else None,
}


def _tax_lines(order: StoredOrder, tax: int, gross: int) -> list[Tax]:
    return [Tax(order, tax, gross - tax)] if tax else []


def _line_tax(part: OrderPart) -> list[Tax]:
    """A line's share of the tax on goods; the rates of the order's lines are not told apart."""
    order = part.order
    goods = sum(line.total for line in order.lines)
    tax = round((order.tax - order.shipping_tax) * part.part.total / goods) if goods else 0
    return _tax_lines(order, tax, part.part.total if order.tax_included else part.part.total + tax)


def _line(name: str) -> Getter:
    return attrgetter(f"part.{name}")


_LINE: dict[str, Getter] = {
    "id": lambda part: f"gid://shopify/LineItem/{part.part.id}",
    "sku": _line("sku"),
    "title": _line("title"),
    "name": _line("title"),
    "quantity": _line("quantity"),
    "currentQuantity": _line("current"),
    "isGiftCard": _line("gift_card"),
    "originalUnitPriceSet": _part_bag(_line("unit")),
    "originalTotalSet": _part_bag(lambda part: part.part.unit * part.part.quantity),
    "taxLines": _line_tax,
}

_CUSTOMER: dict[str, Getter] = {
    "id": _global_id("Customer"),
    "legacyResourceId": _number,
    "createdAt": attrgetter("created"),
    "updatedAt": attrgetter("updated"),
    "firstName": attrgetter("first_name"),
    "lastName": attrgetter("last_name"),
    "displayName": display_name,
    "locale": attrgetter("locale"),
    "state": attrgetter("state"),
    "note": _constant(None),
    "tags": attrgetter("tags"),
    "verifiedEmail": lambda customer: customer.email is not None,
    "taxExempt": _constant(False),
    "canDelete": lambda customer: customer.orders == 0,
    "numberOfOrders": lambda customer: str(customer.orders),
    "amountSpent": lambda customer: Amount(customer.spent, customer.currency),
    "defaultEmailAddress": lambda customer: customer if customer.email else None,
    "defaultPhoneNumber": lambda customer: customer if customer.phone else None,
    "defaultAddress": lambda customer: (
        customer if customer.country or customer.city or customer.company or customer.region else None
    ),
    "statistics": lambda customer: customer,
}


def _never(state: str) -> str:
    return "NEVER_SUBSCRIBED" if state == "NOT_SUBSCRIBED" else state


_SMS: dict[str, Getter] = {
    "state": lambda customer: _never(customer.sms_state),
    "optInLevel": attrgetter("sms_level"),
    "updatedAt": attrgetter("sms_changed"),
}


def _address(name: str) -> Getter:
    return lambda source: getattr(source, name, None)


_VARIANT: dict[str, Getter] = {
    "id": _global_id("ProductVariant"),
    "legacyResourceId": _number,
    "sku": attrgetter("sku"),
    "title": _constant("Default Title"),
    "price": _constant("0.00"),
}

PLAIN: dict[str, dict[str, Getter]] = {
    "Order": _ORDER,
    "LineItem": _LINE,
    "Customer": _CUSTOMER,
    "CustomerEmailAddress": {
        "emailAddress": attrgetter("email"),
        "marketingState": attrgetter("email_state"),
        "marketingOptInLevel": attrgetter("email_level"),
        "marketingUpdatedAt": attrgetter("email_changed"),
        "validFormat": lambda customer: "@" in customer.email,
    },
    "CustomerPhoneNumber": {
        "phoneNumber": attrgetter("phone"),
        "marketingState": attrgetter("sms_state"),
        "marketingOptInLevel": attrgetter("sms_level"),
        "marketingUpdatedAt": attrgetter("sms_changed"),
        "smsMarketingConsent": lambda customer: customer,
    },
    "CustomerSmsMarketingConsent": _SMS,
    "CustomerStatistics": {
        "rfmGroup": attrgetter("rfm_group"),
        "predictedSpendTier": _constant(None),
    },
    "MailingAddress": {
        "id": lambda source: gid("MailingAddress", source.id),
        "address1": _constant(None),
        "address2": _constant(None),
        "zip": _constant(None),
        "phone": _constant(None),
        "city": _address("city"),
        "provinceCode": _address("region"),
        "countryCodeV2": _address("country"),
        "company": _address("company"),
    },
    "MoneyBag": {
        "shopMoney": lambda bag: Amount(bag.minor, bag.currency),
        "presentmentMoney": Bag.presented,
    },
    "MoneyV2": {
        "amount": lambda amount: decimal_text(amount.minor, amount.currency),
        "currencyCode": attrgetter("currency"),
    },
    "Refund": {
        "id": lambda part: gid("Refund", part.part.id),
        "legacyResourceId": lambda part: str(part.part.id),
        "createdAt": lambda part: part.part.at,
        "updatedAt": lambda part: part.part.at,
        "processedAt": lambda part: part.part.at,
        "note": _constant(None),
        "totalRefundedSet": _part_bag(lambda part: part.part.amount),
    },
    "RefundLineItem": {
        "id": lambda part: gid("RefundLineItem", f"{part.refund.id}{part.line.id % 1000:03d}"),
        "lineItem": lambda part: OrderPart(part.order, part.line),
        "quantity": attrgetter("quantity"),
        "priceSet": _part_bag(lambda part: part.line.unit),
        "subtotalSet": _part_bag(lambda part: part.line.unit * part.quantity),
        "totalTaxSet": _part_bag(lambda part: part.refund.tax),
    },
    "ShippingLine": {
        "id": lambda part: gid("ShippingLine", part.order.id),
        "title": _constant("Standardversand"),
        "code": _constant("standard"),
        "isRemoved": _constant(False),
        "discountedPriceSet": _part_bag(lambda part: part.order.shipping),
        "originalPriceSet": _part_bag(lambda part: part.order.shipping + part.order.shipping_off),
        "currentDiscountedPriceSet": _part_bag(
            lambda part: part.order.shipping - _refunded_shipping(part.order)
        ),
        "taxLines": lambda part: _tax_lines(part.order, part.order.shipping_tax, part.order.shipping),
    },
    "TaxLine": {
        "title": _constant("MwSt"),
        "priceSet": _part_bag(lambda part: part.minor),
        "rate": lambda part: round(part.minor / part.base, 4) if part.base else 0.0,
        "ratePercentage": lambda part: round(100 * part.minor / part.base, 2) if part.base else 0.0,
    },
    "Fulfillment": {
        "id": lambda order: gid("Fulfillment", order.id),
        "legacyResourceId": _number,
        "createdAt": attrgetter("fulfilled"),
        "updatedAt": attrgetter("fulfilled"),
        "status": _constant("SUCCESS"),
    },
    "Location": {
        "id": _constant(gid("Location", 1)),
        "legacyResourceId": _constant("1"),
        "name": attrgetter("name"),
    },
    "Product": {
        "id": _global_id("Product"),
        "legacyResourceId": _number,
        "title": attrgetter("title"),
        "handle": lambda product: "-".join(product.title.lower().split()),
        "vendor": attrgetter("vendor"),
        "productType": lambda product: product.collections[0] if product.collections else "",
        "tags": attrgetter("tags"),
        "status": _constant("ACTIVE"),
        "createdAt": attrgetter("created"),
        "updatedAt": attrgetter("updated"),
        "category": _constant(None),
    },
    "ProductVariant": _VARIANT,
    "Collection": {
        "id": lambda title: gid("Collection", collection_id(title)),
        "title": lambda title: title,
        "handle": str.lower,
    },
    "Metafield": {
        "id": _global_id("Metafield"),
        "legacyResourceId": _number,
        "namespace": attrgetter("namespace"),
        "key": attrgetter("key"),
        "type": attrgetter("type"),
        "value": attrgetter("value"),
        "compareDigest": lambda field: f"{field.updated:x}-{len(field.value)}",
        "createdAt": lambda field: from_micros(field.created),
        "updatedAt": lambda field: from_micros(field.updated),
        "ownerType": lambda field: (
            "DISCOUNT" if "Discount" in field.owner else field.owner.split("/")[-2].upper()
        ),
    },
}


def _variants(product: StoredProduct) -> list[Variant]:
    return [Variant(product.id * 100 + place + 1, sku) for place, sku in enumerate(product.skus)]


def _line_product(part: OrderPart, view: View, _: dict[str, Any]) -> StoredProduct | None:
    return view.product(part.part.product)


def _line_variant(part: OrderPart, view: View, _: dict[str, Any]) -> Variant | None:
    line: StoredLine = part.part
    if line.variant is not None:
        return Variant(line.variant, line.sku)
    product = view.product(line.product)
    if product is None or line.sku not in product.skus:
        return None
    return _variants(product)[product.skus.index(line.sku)]


def _line_vendor(part: OrderPart, view: View, _: dict[str, Any]) -> str | None:
    product = view.product(part.part.product)
    return product.vendor if product else None


def _discounted(part: OrderPart, _: View, arguments: dict[str, Any]) -> Bag:
    """Codes are part of `total`; without them, the undiscounted price (line discounts are not kept apart)."""
    line, order = part.part, part.order
    coded = arguments.get("withCodeDiscounts") or not order.codes
    return Bag(
        line.total if coded else line.unit * line.quantity, order.currency, order.presentment, order.rate
    )


def _metafield(source: Any, view: View, arguments: dict[str, Any]) -> Metafield | None:
    found = metafields(view, gid("Customer", source.id), arguments.get("namespace"))
    return next((field for field in found if field.key == arguments["key"]), None)


def metafields(view: View, owner: str, namespace: str | None) -> list[Metafield]:
    """The metafields of an owner, of one namespace or all."""
    rows = view.store.rows(
        f"SELECT {METAFIELD_COLUMNS} FROM metafields"
        " WHERE owner = ? AND (? IS NULL OR namespace = ?) ORDER BY id",
        (owner, namespace, namespace),
    )
    return [Metafield(*row) for row in rows]


def _last_order(customer: Any, view: View, _: dict[str, Any]) -> StoredOrder | None:
    orders = view.orders_of(customer.id)
    return orders[-1] if orders else None


def _refunds(order: StoredOrder, _: View, arguments: dict[str, Any]) -> list[OrderPart]:
    return [OrderPart(order, refund) for refund in order.refunds[: arguments.get("first")]]


def _fulfillments(order: StoredOrder, _: View, arguments: dict[str, Any]) -> list[StoredOrder]:
    return [order][: arguments.get("first")] if order.fulfilled else []


LINKED: dict[str, dict[str, Linked]] = {
    "Order": {
        "customer": lambda order, view, _: view.customer(order.customer),
        "refunds": _refunds,
        "fulfillments": _fulfillments,
    },
    "LineItem": {
        "product": _line_product,
        "variant": _line_variant,
        "vendor": _line_vendor,
        "discountedTotalSet": _discounted,
    },
    "Customer": {"metafield": _metafield, "lastOrder": _last_order},
}


def _lines(order: StoredOrder, _: View, __: dict[str, Any]) -> list[OrderPart]:
    return [OrderPart(order, line) for line in order.lines]


def _shipping_lines(order: StoredOrder, _: View, __: dict[str, Any]) -> list[ShippingPart]:
    return [ShippingPart(order)] if order.shipping or order.lines else []


def _refund_lines(part: OrderPart, _: View, __: dict[str, Any]) -> list[RefundedLine]:
    refund: StoredRefund = part.part
    return [
        RefundedLine(part.order, part.order.lines[place], quantity, refund)
        for place, quantity in refund.lines
    ]


def _customer_metafields(customer: Any, view: View, arguments: dict[str, Any]) -> list[Metafield]:
    found = metafields(view, gid("Customer", customer.id), arguments.get("namespace"))
    keys = arguments.get("keys")
    return [field for field in found if keys is None or field.key in keys]


CHILDREN: dict[str, dict[str, Linked]] = {
    "Order": {"lineItems": _lines, "shippingLines": _shipping_lines},
    "Refund": {"refundLineItems": _refund_lines},
    "Customer": {
        "orders": lambda customer, view, _: view.orders_of(customer.id),
        "metafields": _customer_metafields,
    },
    "Product": {
        "variants": lambda product, _, __: _variants(product),
        "collections": lambda product, _, __: product.collections,
    },
}

#: Access scope by type and field; the fields of a record are open to whoever may read the record.
REQUIRED_SCOPE: dict[tuple[str, str], str] = {
    ("QueryRoot", "customer"): "read_customers",
    ("QueryRoot", "customers"): "read_customers",
    ("QueryRoot", "customersCount"): "read_customers",
    ("QueryRoot", "order"): "read_orders",
    ("QueryRoot", "orders"): "read_orders",
    ("QueryRoot", "ordersCount"): "read_orders",
    ("QueryRoot", "product"): "read_products",
    ("QueryRoot", "products"): "read_products",
    ("QueryRoot", "collections"): "read_products",
    ("QueryRoot", "discountNode"): "read_discounts",
    ("QueryRoot", "discountNodes"): "read_discounts",
    ("QueryRoot", "codeDiscountNodeByCode"): "read_discounts",
    ("QueryRoot", "discountRedeemCodeBulkCreation"): "read_discounts",
    ("Order", "customer"): "read_customers",
    ("Customer", "orders"): "read_orders",
    ("Customer", "lastOrder"): "read_orders",
    ("LineItem", "product"): "read_products",
    ("LineItem", "variant"): "read_products",
    ("Mutation", "tagsAdd"): "write_customers",
    ("Mutation", "tagsRemove"): "write_customers",
    ("Mutation", "metafieldsSet"): "write_customers",
    ("Mutation", "metafieldsDelete"): "write_customers",
    ("Mutation", "customerEmailMarketingConsentUpdate"): "write_customers",
    ("Mutation", "discountCodeBasicCreate"): "write_discounts",
    ("Mutation", "discountCodeBasicUpdate"): "write_discounts",
    ("Mutation", "discountCodeFreeShippingCreate"): "write_discounts",
    ("Mutation", "discountCodeFreeShippingUpdate"): "write_discounts",
    ("Mutation", "discountCodeActivate"): "write_discounts",
    ("Mutation", "discountCodeDeactivate"): "write_discounts",
    ("Mutation", "discountCodeDelete"): "write_discounts",
    ("Mutation", "discountRedeemCodeBulkAdd"): "write_discounts",
    ("Mutation", "discountCodeRedeemCodeBulkDelete"): "write_discounts",
}

TYPE_NAMES: dict[type, str] = {
    StoredCustomer: "Customer",
    LinkedCustomer: "Customer",
    StoredOrder: "Order",
    StoredProduct: "Product",
    Variant: "ProductVariant",
    Metafield: "Metafield",
}
