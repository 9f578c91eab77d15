"""Records as rows: the pure half of storing. Column order here and in the statements is one."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from connector.database import milliseconds
from connector.mirror.terms import Terms, normalised
from connector.model import Coupon, Customer, LineItem, Order, Product, Record, why_not_counted

Row = tuple[object, ...]


def _upsert(table: str, key: str, columns: str) -> str:
    names = columns.split()
    kept = ", ".join(f"{name} = excluded.{name}" for name in names if name not in (key, "shop", "id"))
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        f" ON CONFLICT ({key}) DO UPDATE SET {kept}, missed = 0, gone_at = NULL"
    )


UPSERT_CUSTOMER = _upsert(
    "customers",
    "customer",
    "customer shop id guest email email_key first_name last_name phone company language country region city"
    " customer_group tags account_status birthday gender created_at updated_at shop_order_count"
    " shop_amount_spent attributes excluded digest read_at",
)
UPSERT_ORDER = _upsert(
    "orders",
    "order_key",
    "order_key shop id number customer_id email_key placed_at day updated_at cancelled_at test currency total"
    " goods discounts shipping tax refunded spent net payment shipment shipped_at open_return payment_method"
    " channel location country has_code uncounted returned digest read_at",
)
UPSERT_PRODUCT = _upsert(
    "products",
    "product",
    "product shop id title vendor categories tags skus updated_at digest read_at",
)


def stamp(moment: datetime | None) -> int | None:
    """A moment as the database stores it, or None."""
    return None if moment is None else milliseconds(moment)


def json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def digest(record: Record) -> int:
    """Tells a change from a mere touch (our own tag push moves `updated_at` too, and must not count)."""
    bare = msgspec.structs.replace(record, updated_at=None)
    return int.from_bytes(hashlib.blake2b(msgspec.json.encode(bare), digest_size=8).digest(), signed=True)


def customer_row(key: int, shop: int, customer: Customer, read_at: int, terms: Terms) -> Row:
    """A row for `UPSERT_CUSTOMER`."""
    email_key = normalised(customer.email)
    kept = terms.kept
    return (
        key,
        shop,
        customer.id,
        customer.guest,
        customer.email,
        email_key,
        customer.first_name if "names" in kept else None,
        customer.last_name if "names" in kept else None,
        customer.phone if "phone" in kept else None,
        customer.company,
        customer.language,
        customer.country,
        customer.region,
        customer.city,
        customer.group,
        json_text(sorted(customer.tags, key=str.casefold)),
        customer.account_status,
        customer.birthday.isoformat() if customer.birthday and "birthday" in kept else None,
        customer.gender if "gender" in kept else None,
        stamp(customer.created_at),
        stamp(customer.updated_at),
        customer.shop_order_count,
        customer.shop_amount_spent,
        json_text(customer.attributes),
        terms.why_excluded(customer.group, customer.tags, email_key),
        digest(customer),
        read_at,
    )


def order_row(key: int, shop: int, order: Order, read_at: int, terms: Terms, zone: ZoneInfo) -> Row:
    """A row for `UPSERT_ORDER`."""
    ours = order.currency == terms.currency
    refunded = order.refunded()
    returned = order.all_returned()
    uncounted = why_not_counted(
        test=order.test,
        cancelled=order.cancelled_at is not None,
        returned=returned,
        payment=order.payment,
        shipment=order.shipment,
        payment_method=order.payment_method,
        count_when=terms.count_when,
    )
    return (
        key,
        shop,
        order.id,
        order.number,
        order.customer_id,
        normalised(order.email),
        milliseconds(order.placed_at),
        order.placed_at.astimezone(zone).toordinal(),
        stamp(order.updated_at),
        stamp(order.cancelled_at),
        order.test,
        order.currency,
        order.total,
        order.goods,
        order.discounts,
        order.shipping,
        order.tax,
        refunded,
        order.total - refunded if ours else None,
        order.net_sales() if ours else None,
        order.payment,
        order.shipment,
        stamp(order.shipped_at),
        order.open_return,
        order.payment_method,
        order.channel,
        order.location,
        order.country,
        bool(order.codes),
        uncounted,
        returned,
        digest(order),
        read_at,
    )


def line_row(key: int, shop: int, position: int, line: LineItem) -> Row:
    return (
        key,
        position,
        shop,
        line.product_id,
        line.variant_id,
        line.sku,
        line.title,
        line.quantity,
        line.remaining,
        line.total,
        line.gift_card,
    )


def product_row(key: int, shop: int, product: Product, read_at: int) -> Row:
    """A row for `UPSERT_PRODUCT`."""
    return (
        key,
        shop,
        product.id,
        product.title,
        product.vendor,
        json_text(product.categories),
        json_text(product.tags),
        json_text(product.skus),
        stamp(product.updated_at),
        digest(product),
        read_at,
    )


def product_words(shop: int, product: Product) -> list[Row]:
    """What a group may find a product by."""
    words = [("title", product.title), ("vendor", product.vendor or "")]
    words += [("tag", each) for each in product.tags]
    words += [("category", each) for each in product.categories]
    words += [("sku", each) for each in product.skus]
    return [(shop, kind, word.strip().casefold(), product.id) for kind, word in words if word.strip()]


def coupon_row(shop: int, coupon: Coupon, read_at: int) -> Row:
    return (
        shop,
        coupon.code,
        coupon.id,
        coupon.mark.campaign,
        coupon.mark.person,
        coupon.mark.round,
        coupon.customer_id,
        stamp(coupon.starts_at),
        stamp(coupon.ends_at),
        coupon.active,
        coupon.used,
        read_at,
    )
