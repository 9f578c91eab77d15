"""The adapter of a shop in RAM: what you write for a platform, from top to bottom.

It keeps the order of every adapter of this project: settings, check, reads, push, event, then pure
`_to_<record>` translators. `MemoryApi` takes the place of the platform; with a real one, `connector.http`
calls its API wherever `self._shop` stands here. docs/writing-an-adapter.md goes through the same file with
more words.
"""

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import ClassVar, TypeVar

from pydantic import SecretStr

from adapters.memory.api import SHOPS, SIGNATURE, MemoryApi, Row, sign, stamp
from connector.adapter import Page, Tried
from connector.errors import AuthError, ConfigError, RejectedError, ResponseError
from connector.model import (
    Change,
    Consent,
    Coupon,
    CouponTerm,
    CreateCoupon,
    Customer,
    DisableCoupon,
    Event,
    ExtendCoupon,
    Feature,
    Kind,
    LineItem,
    Mark,
    MoveGroup,
    Order,
    Payment,
    Product,
    Record,
    Refund,
    Result,
    SetAttribute,
    Shipment,
    ShopInfo,
    Tagging,
    UpdateTags,
)

T = TypeVar("T")


class MemoryAdapter:
    """Connects to the `MemoryShop` of that name in this process.

    Args:
        name: the shop's name, as given to `MemoryShop`.
        page_size: records per page; small pages are interrupted, and so resumed, more often.
        webhook_secret: what the shop signs its webhooks with; without it every webhook is refused.
    """

    name: ClassVar[str] = "memory"
    title: ClassVar[str] = "Memory"
    tried: ClassVar[tuple[Tried, str]] = (Tried.SANDBOX, "a shop in RAM, for tests and tutorials")
    reread: Mapping[Kind, timedelta] = MappingProxyType({})  # here every change moves `updated_at`

    # Settings. Keep them; connect at the first request. A shop that is down must not spoil the config.

    def __init__(
        self, *, name: str = "memory", page_size: int = 50, webhook_secret: SecretStr | None = None
    ) -> None:
        if page_size < 1:
            raise ConfigError(f"`page_size` is {page_size}, but a page holds at least one record.")
        self._shop_name = name
        self._page_size = page_size
        self._webhook_secret = webhook_secret

    @property
    def _shop(self) -> MemoryApi:
        try:
            return SHOPS[self._shop_name]
        except KeyError:
            raise AuthError(f"There is no shop {self._shop_name!r} in this process: mend `name`.") from None

    # Check. Declare only what works: the core never tries a feature that is not named here.

    def check(self) -> ShopInfo:
        shop = self._shop
        unusable = frozenset() if self._webhook_secret else {Feature.WEBHOOKS}
        return ShopInfo(
            name=shop.name,
            currency=shop.currency,
            time_zone=shop.time_zone,
            features=frozenset(Feature) - unusable,
            customer_count=shop.count(Kind.CUSTOMERS),
            order_count=shop.count(Kind.ORDERS),
            coupon_terms=frozenset(CouponTerm),  # what the checkout below enforces by itself
            payment_methods=shop.values(Kind.ORDERS, "payment_method"),
            customer_groups=shop.values(Kind.CUSTOMERS, "group"),
        )

    # Reads. Each is a loop over pages: ask, translate, yield with the place from which to go on.

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:
        for rows, position in self._changed(Kind.PRODUCTS, since, checkpoint):
            yield Page(records=tuple(map(_to_product, rows)), checkpoint=position)

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        for rows, position in self._changed(Kind.CUSTOMERS, since, checkpoint):
            yield Page(records=tuple(map(_to_customer, rows)), checkpoint=position)

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        for rows, position in self._changed(Kind.ORDERS, since, checkpoint):
            yield Page(records=tuple(map(_to_order, rows)), checkpoint=position)

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        # By id, which never changes: a sweep by `updated_at` would miss nothing either, but see some twice.
        after = checkpoint or ""
        while rows := self._shop.behind(kind, after, self._page_size):
            after = rows[-1]["id"]
            yield Page(records=tuple(row["id"] for row in rows), checkpoint=after)

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        for chunk in _chunks(ids, self._page_size):
            rows = {wanted: self._shop.get(kind, wanted) for wanted in chunk}
            yield Page(
                records=tuple(_TRANSLATORS[kind](row) for row in rows.values() if row),
                gone=tuple(wanted for wanted, row in rows.items() if not row),
            )

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        for rows in _chunks(self._shop.orders_of(customer_ids), self._page_size):
            yield Page(records=tuple(map(_to_order, rows)))

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:
        # `customers` shows every change of tags, so this could give no page at all. It is written out
        # because on many platforms a change of tags does not move a customer's `updated_at`.
        after = checkpoint or ""
        while rows := self._shop.behind(Kind.CUSTOMERS, after, self._page_size):
            after = rows[-1]["id"]
            taggings = (_to_tagging(row, prefix) for row in rows)
            yield Page(records=tuple(found for found in taggings if found.tags), checkpoint=after)

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        for rows, position in self._changed("coupons", since, checkpoint):
            yield Page(records=tuple(_to_coupon(row) for row in rows if _mark(row)), checkpoint=position)

    def _changed(
        self, table: str, since: datetime | None, checkpoint: str | None
    ) -> Iterator[tuple[list[Row], str]]:
        """Pages by (updated_at, id), oldest first.

        The checkpoint is the place of the last row, not a page number: when a record that was read already
        changes or goes away, page numbers shift and skip one, while a place does not. A record that changes
        meanwhile moves to the end and is met again there. The id tells records of one second apart.
        """
        after = tuple(json.loads(checkpoint)) if checkpoint else (stamp(since) if since else "", "")
        while rows := self._shop.changed(table, after, self._page_size):
            after = (rows[-1]["updated_at"], rows[-1]["id"])
            yield rows, json.dumps(after)

    # Push. What the shop refuses for good is a result; anything else raises and ends the push.

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:  # noqa: ARG002
        # `run` is of no use here: nothing in this shop goes on working after the call. A platform with jobs
        # in the background looks for one that carries this name, and waits for it, before it sends more.
        for change in changes:
            yield Result(change=change, error=self._refusal(change))

    def _refusal(self, change: Change) -> str | None:
        try:
            self._apply(change)
        except RejectedError as error:
            return str(error)
        return None

    def _apply(self, change: Change) -> None:
        match change:
            case UpdateTags():
                self._shop.tag(change.customer_id, change.add, change.remove)
            case SetAttribute():
                self._shop.set_attribute(change.customer_id, change.name, change.value)
            case MoveGroup():
                self._shop.move_group(change.customer_id, change.from_, change.to)
            case CreateCoupon():
                self._create_coupon(change)
            case ExtendCoupon():
                row = self._own_coupon(change)
                self._shop.change("coupons", row["id"], ends_at=stamp(change.ends_at))
            case DisableCoupon():
                self._disable_coupon(change)

    def _create_coupon(self, change: CreateCoupon) -> None:
        self._shop.customer(change.customer_id)  # refused before anything is made, not halfway
        if self._shop.coupon(change.code) is None:
            self._shop.create_coupon(_from_coupon(change))
        else:
            self._own_coupon(change)  # made by an earlier try: one coupon, not two
        if change.attribute:
            self._shop.set_attribute(change.customer_id, change.attribute, change.code)

    def _disable_coupon(self, change: DisableCoupon) -> None:
        self._shop.change("coupons", self._own_coupon(change)["id"], enabled=False)
        if change.attribute and change.customer_id:
            held = self._shop.customer(change.customer_id)["attributes"].get(change.attribute)
            if held == change.code:  # a newer code of a later round stays
                self._shop.set_attribute(change.customer_id, change.attribute, None)

    def _own_coupon(self, change: CreateCoupon | ExtendCoupon | DisableCoupon) -> Row:
        row = self._shop.coupon(change.code)
        if row is None:
            raise RejectedError(f"The shop has no coupon {change.code}.")
        if _mark(row) != change.mark:  # the code alone proves nothing: the merchant may have made it
            raise RejectedError(f"The coupon {change.code} in the shop is not ours.")
        return row

    # Event. Verify first, parse second, ask nobody.

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        signature = {key.lower(): value for key, value in headers.items()}.get(SIGNATURE, "")
        if self._webhook_secret is None:
            raise AuthError("A webhook came, but `webhook_secret` is not set.")
        genuine = sign(self._webhook_secret.get_secret_value(), body)
        if not hmac.compare_digest(signature.encode(), genuine.encode()):
            raise AuthError("A webhook came whose signature does not fit `webhook_secret`.")
        try:
            return _to_event(json.loads(body))
        except (KeyError, ValueError) as error:
            raise ResponseError("The shop sent a webhook that is not understood.") from error

    def close(self) -> None:
        pass  # a place in RAM holds no connection


# Translators: from the platform's words to ours, and nothing else. No I/O, so a test needs only a row.


def _to_customer(row: Row) -> Customer:
    return Customer(
        id=row["id"],
        email=row["email"],
        guest=row["guest"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        phone=row["phone"],
        company=row["company"],
        language=row["language"],
        country=row["country"],
        region=row["region"],
        city=row["city"],
        group=row["group"],
        tags=tuple(row["tags"]),
        account_status=row["account_status"],
        birthday=date.fromisoformat(row["birthday"]) if row["birthday"] else None,
        gender=row["gender"],
        created_at=_time(row["created_at"]),
        updated_at=_time(row["updated_at"]),
        consents=tuple(map(_to_consent, row["consents"])),
        shop_order_count=row["shop_order_count"],
        shop_amount_spent=row["shop_amount_spent"],
        attributes=row["attributes"],
    )


def _to_consent(row: Row) -> Consent:
    return Consent(
        channel=row["channel"],
        state=row["state"],
        level=row["level"],
        changed_at=_time(row["changed_at"]),
    )


def _to_order(row: Row) -> Order:
    # This shop keeps its books as we do. Most do not: amounts come as text ("119.00": by Decimal, never by
    # float) and include tax, and goods, discounts, shipping and tax have to be taken apart here.
    return Order(
        id=row["id"],
        number=row["number"],
        customer_id=row["customer_id"],
        email=row["email"],
        placed_at=_moment(row["placed_at"]),
        updated_at=_time(row["updated_at"]),
        cancelled_at=_time(row["cancelled_at"]),
        test=row["test"],
        currency=row["currency"],
        total=row["total"],
        goods=row["goods"],
        discounts=row["discounts"],
        shipping=row["shipping"],
        tax=row["tax"],
        lines=tuple(map(_to_line, row["lines"])),
        refunds=tuple(map(_to_refund, row["refunds"])),
        codes=tuple(row["codes"]),
        payment=Payment(row["payment"]),
        shipment=Shipment(row["shipment"]),
        shipped_at=_time(row["shipped_at"]),
        open_return=row["open_return"],
        payment_method=row["payment_method"],
        channel=row["channel"],
        location=row["location"],
        country=row["country"],
    )


def _to_line(row: Row) -> LineItem:
    return LineItem(
        product_id=row["product_id"],
        variant_id=row["variant_id"],
        sku=row["sku"],
        title=row["title"],
        quantity=row["quantity"],
        remaining=row["remaining"],
        total=row["total"],
        gift_card=row["gift_card"],
    )


def _to_refund(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        refunded_at=_moment(row["refunded_at"]),
        amount=row["amount"],
        tax=row["tax"],
        shipping=row["shipping"],
    )


def _to_product(row: Row) -> Product:
    return Product(
        id=row["id"],
        title=row["title"],
        vendor=row["vendor"],
        categories=tuple(row["categories"]),
        tags=tuple(row["tags"]),
        skus=tuple(row["skus"]),
        updated_at=_time(row["updated_at"]),
    )


def _to_tagging(row: Row, prefix: str) -> Tagging:
    ours = (tag for tag in row["tags"] if tag.casefold().startswith(prefix.casefold()))
    return Tagging(customer_id=row["id"], tags=tuple(ours))


def _to_coupon(row: Row) -> Coupon:
    mark = _mark(row)
    if mark is None:
        raise ResponseError(f"The coupon {row['code']} carries no mark of ours.")
    return Coupon(
        id=row["id"],
        code=row["code"],
        mark=mark,
        customer_id=row["customer_id"],
        starts_at=_time(row["starts_at"]),
        ends_at=_time(row["ends_at"]),
        active=row["enabled"],
        used=row["used"],
        updated_at=_time(row["updated_at"]),
    )


def _from_coupon(change: CreateCoupon) -> Row:
    return {
        "code": change.code,
        "title": f"{change.title} [{change.mark.text()}]",
        "titles": dict(change.titles),
        "customer_id": change.customer_id if change.bound == "customer" else None,
        "email": change.email.casefold() if change.bound == "email" and change.email else None,
        "percent": change.percent,
        "amount": change.amount,
        "free_shipping": change.free_shipping,
        "minimum": change.minimum,
        "products": list(change.products),
        "categories": list(change.categories),
        "exclude_categories": list(change.exclude_categories),
        "sale_items": change.sale_items,
        "combinable": change.combinable,
        "new_customers_only": change.new_customers_only,
        "starts_at": stamp(change.starts_at),
        "ends_at": stamp(change.ends_at),
        "uses": 1,
    }


def _to_event(row: Row) -> Event:
    topic = row["topic"]
    noun, _, verb = topic.partition("/")
    return Event(
        id=row["id"],
        topic=topic,
        kind=Kind(noun) if noun in set(Kind) else None,
        record_id=row["record_id"],
        deleted=verb == "delete",
        occurred_at=_time(row["occurred_at"]),
    )


_TRANSLATORS: Mapping[Kind, Callable[[Row], Record]] = MappingProxyType(
    {Kind.PRODUCTS: _to_product, Kind.CUSTOMERS: _to_customer, Kind.ORDERS: _to_order}
)


def _mark(row: Row) -> Mark | None:
    return Mark.find(row["title"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _time(text: str | None) -> datetime | None:
    return _moment(text) if text else None


def _chunks(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while chunk := tuple(islice(rest, size)):
        yield chunk
