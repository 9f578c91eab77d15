"""Our records as rows of JTL-Wawi's API, in its own words. No I/O."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

from adapters.jtl.sandbox.records import number_of
from connector.model import Customer, Order, Payment, Product, Refund, Shipment
from connector.money import decimals

#: A record as the API gives it.
Row: TypeAlias = dict[str, Any]

ITEM, SHIPPING, COUPON, GIFT_CARD = 1, 2, 3, 18
WEB_SHOP = "1-1-1"

_PAYMENT = {Payment.NONE: 0, Payment.PARTLY: 1, Payment.PAID: 2}


def customer_row(record: Customer, *, groups: tuple[str, ...], now: datetime) -> Row:
    """A customer; tags stand elsewhere."""
    group = record.group or groups[0]
    return {
        "Id": number_of(record.id),
        "Number": f"K{record.id}",
        "CustomerGroupId": groups.index(group) + 1 if group in groups else 0,
        "BillingAddress": _address(record),
        "CustomerSince": stamp(record.created_at or now),
        "LastChange": stamp(record.updated_at or now),
        "LanguageIso": (record.language or "de").upper(),
        "InternalCompanyId": 1,
        "CustomerCategoryId": 0,
        "Birthday": f"{record.birthday or '0001-01-01'}T00:00:00",
        "IsLocked": record.account_status == "disabled",
    }


def _address(record: Customer) -> Row:
    return {
        "Id": number_of(record.id),
        "Company": record.company or "",
        "FormOfAddress": {"female": "Frau", "male": "Herr"}.get(record.gender or "", ""),
        "FirstName": record.first_name or "",
        "LastName": record.last_name or "",
        "City": record.city or "",
        "CountryIso": record.country or "",
        "PhoneNumber": record.phone or "",
        "MobilePhoneNumber": "",
        "EmailAddress": record.email,
    }


def order_row(record: Order, methods: tuple[str, ...]) -> Row:
    """A sales order without its lines."""
    address = {"Id": 1, "EmailAddress": record.email, "CountryIso": record.country or ""}
    return {
        "Id": number_of(record.id),
        "Number": f"A{record.id}",
        "ExternalNumber": record.number.lstrip("#"),
        "CompanyId": 1,
        "CustomerId": number_of(record.customer_id) if record.customer_id else 0,
        "BillingAddress": address,
        "Shipmentaddress": address,
        "SalesOrderDate": stamp(record.placed_at),
        "SalesOrderPaymentDetails": {
            "PaymentMethodId": methods.index(record.payment_method) + 1 if record.payment_method else 0,
            "PaymentStatus": _PAYMENT[record.payment],
            "TotalGrossAmount": record.total / _scale(record.currency),
            "CurrencyIso": record.currency,
            "CurrencyFactor": 1,
        },
        "SalesOrderShippingDetail": {
            "DeliveryCompleteStatus": int(record.shipment is Shipment.SHIPPED),
            "DeliveredDate": stamp(record.shipped_at),
        },
        "IsCancelled": record.cancelled_at is not None,
        "CancellationDetails": {"CancellationReasonId": 1, "Date": stamp(record.cancelled_at)}
        if record.cancelled_at
        else None,
        "SalesChannelId": WEB_SHOP,
    }


def line_rows(record: Order) -> list[Row]:
    """Goods at their full price, then what was taken off, then shipping."""
    scale, shown = _scale(record.currency), sum(line.total for line in record.lines)
    net = record.goods - record.discounts
    tax = round(100 * shown / net - 100, 6) if shown > net > 0 else 0.0
    delivered = {Shipment.SHIPPED: 1.0, Shipment.PARTLY: 0.5, Shipment.NONE: 0.0}[record.shipment]
    rows = [
        {
            "ItemId": number_of(line.product_id) if line.product_id else 0,
            "Name": line.title,
            "SKU": line.sku or "",
            "Type": GIFT_CARD if line.gift_card else ITEM,
            "Quantity": line.quantity,
            "QuantityDelivered": line.quantity * delivered,
            "QuantityReturned": line.quantity - line.remaining,
            "SalesPriceNet": record.goods * (line.total / shown) / (line.quantity or 1) / scale
            if shown
            else 0,
        }
        for line in record.lines
    ]
    extra = [(COUPON, -record.discounts, "Gutschein"), (SHIPPING, record.shipping, "DHL")]
    rows += [
        {"ItemId": 0, "Name": name, "Type": kind, "Quantity": 1, "SalesPriceNet": value / scale}
        for kind, value, name in extra
        if value
    ]
    number = number_of(record.id)
    return [
        {"Id": number * 1000 + place, "SalesOrderId": number, "Discount": 0, "TaxRate": tax} | row
        for place, row in enumerate(rows)
    ]


def credit_row(refund: Refund, order: Order) -> Row:
    """A credit note of an order."""
    scale = _scale(order.currency)
    goods = refund.amount - refund.tax - refund.shipping
    parts = [(ITEM, goods, refund.tax), (SHIPPING, refund.shipping, 0)]
    return {
        "DocumentNumber": f"G{refund.id}",
        "DocumentId": number_of(refund.id),
        "DocumentDate": stamp(refund.refunded_at),
        "SalesOrderId": number_of(order.id),
        "CurrencyIso": order.currency,
        "Type": 1,
        "IsCancelled": False,
        "AccountDataLineItems": [
            {
                "Type": kind,
                "VatAmount": tax / scale,
                "TotalGrossAmount": (net + tax) / scale,
                "TotalNetAmount": net / scale,
            }
            for kind, net, tax in parts
            if net or tax
        ],
    }


def item_row(record: Product, makers: list[str]) -> Row:
    """An item."""
    return {
        "Id": number_of(record.id),
        "SKU": record.skus[0] if record.skus else "",
        "ManufacturerId": makers.index(record.vendor) + 1 if record.vendor else 0,
        "IsActive": True,
        "Categories": [{"CategoryId": number_of(name), "Name": name} for name in record.categories],
        "Name": record.title,
        "ParentItemId": 0,
        "Changed": stamp(record.updated_at),
    }


def stamp(moment: datetime | None) -> str | None:
    """A time as the description's examples write it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0000000+00:00" if moment else None


def _scale(currency: str) -> int:
    places: int = decimals(currency)
    return int(10**places)
