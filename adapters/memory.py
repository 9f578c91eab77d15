"""A whole shop in RAM: the reference for adapter authors, and their tutorial.

Read it from the top. `MemoryAdapter` is what you write for a platform, in the order that every adapter of
this project keeps: settings, check, reads, push, event, then pure `_to_<record>` translators. `MemoryShop`
at the end takes the place of the platform; with a real one, `connector.http` calls its API there.
docs/writing-an-adapter.md goes through the same file with more words.
"""

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from heapq import nsmallest
from itertools import islice
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias, TypeVar

import msgspec
from pydantic import SecretStr

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

#: A record as the platform's API gives it: JSON, nothing of ours.
Row: TypeAlias = dict[str, Any]
#: Product, value with tax, and whether it is sold below its usual price.
Goods: TypeAlias = tuple[str, int, bool]

SHIPPING = 500  #: what this shop charges

SIGNATURE = "x-memory-signature"


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
    def _shop(self) -> "MemoryShop":
        try:
            return _SHOPS[self._shop_name]
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
        after = tuple(json.loads(checkpoint)) if checkpoint else (_stamp(since) if since else "", "")
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
                self._shop.change("coupons", row["id"], ends_at=_stamp(change.ends_at))
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
        genuine = _signature(self._webhook_secret.get_secret_value(), body)
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
        "starts_at": _stamp(change.starts_at),
        "ends_at": _stamp(change.ends_at),
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


def _stamp(moment: datetime) -> str:
    """Of one width and in one zone, so that the order of the texts is the order of the times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _chunks(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while chunk := tuple(islice(rest, size)):
        yield chunk


def _signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, "sha256").hexdigest()


# The shop. From here on there is nothing to copy: the platform you write for has all this already.

_SHOPS: dict[str, "MemoryShop"] = {}


def _taken_off(row: Row, values: Sequence[int]) -> int:
    if row["free_shipping"]:
        return 0
    if row["amount"] is not None:
        return min(int(row["amount"]), sum(values))
    return sum(values) * int(row["percent"]) // 100


class MemoryShop:
    """A shop in RAM, and a `connector.testing.ShopUnderTest`.

    It is found by its name, so that a config can say `adapter = "memory"`, `name = "roastery"`; a new shop
    takes the place of an older one of the same name.

    Args:
        clock: what the shop takes for now when it stamps a change and when a code is redeemed.
    """

    def __init__(
        self,
        name: str = "memory",
        *,
        currency: str = "EUR",
        time_zone: str = "Europe/Berlin",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name, self.currency, self.time_zone = name, currency, time_zone
        self._clock = clock
        # Rows are replaced, never altered: who holds one, holds it as it was when he asked.
        self._tables: dict[str, dict[str, Row]] = {table: {} for table in (*Kind, "coupons")}
        _SHOPS[name] = self

    # What its API offers.

    def count(self, table: str) -> int:
        return len(self._tables[table])

    def values(self, table: str, field: str) -> tuple[str, ...]:
        return tuple(sorted({row[field] for row in self._tables[table].values() if row[field]}))

    def changed(self, table: str, after: tuple[str, ...], limit: int) -> list[Row]:
        """Rows behind the place `after` = (updated_at, id), by that order."""
        rows = ((row["updated_at"], row["id"], row) for row in self._tables[table].values())
        return [row for *_, row in nsmallest(limit, (found for found in rows if found[:2] > after))]

    def behind(self, table: str, after: str, limit: int) -> list[Row]:
        """Rows whose id is greater than `after`, by id."""
        rows = self._tables[table]
        return [rows[row_id] for row_id in nsmallest(limit, (found for found in rows if found > after))]

    def get(self, table: str, row_id: str) -> Row | None:
        return self._tables[table].get(row_id)

    def customer(self, customer_id: str) -> Row:
        row = self.get(Kind.CUSTOMERS, customer_id)
        if row is None:
            raise RejectedError(f"The shop has no customer {customer_id}.")
        return row

    def orders_of(self, customer_ids: Sequence[str]) -> list[Row]:
        wanted = set(customer_ids)
        return [row for row in self._tables[Kind.ORDERS].values() if row["customer_id"] in wanted]

    def coupon(self, code: str) -> Row | None:
        """Found in capitals or not, as at the checkout."""
        rows = self._tables["coupons"].values()
        return next((row for row in rows if row["code"].casefold() == code.casefold()), None)

    def change(self, table: str, row_id: str, **values: Any) -> None:
        """Set fields of one row; the stamp moves only if that makes a difference."""
        row = self._tables[table][row_id]
        if row | values != row:
            self._tables[table][row_id] = row | values | {"updated_at": _stamp(self._clock())}

    def tag(self, customer_id: str, add: Iterable[str], remove: Iterable[str]) -> None:
        unwanted = {tag.casefold() for tag in remove}
        kept = [tag for tag in self.customer(customer_id)["tags"] if tag.casefold() not in unwanted]
        present = {tag.casefold() for tag in kept}
        added = [tag for tag in add if tag.casefold() not in present]
        self.change(Kind.CUSTOMERS, customer_id, tags=kept + added)

    def set_attribute(self, customer_id: str, name: str, value: str | None) -> None:
        others = {key: held for key, held in self.customer(customer_id)["attributes"].items() if key != name}
        self.change(
            Kind.CUSTOMERS, customer_id, attributes=others if value is None else others | {name: value}
        )

    def move_group(self, customer_id: str, old: str, new: str) -> None:
        group = self.customer(customer_id)["group"]
        if group not in (old, new):
            raise RejectedError(f"The customer {customer_id} is in the group {group!r}, not in {old!r}.")
        self.change(Kind.CUSTOMERS, customer_id, group=new)

    def create_coupon(self, row: Row) -> None:
        new_id, stamp = str(9001 + self.count("coupons")), _stamp(self._clock())
        new = {"id": new_id, "enabled": True, "used": 0, "updated_at": stamp}
        self._tables["coupons"][new_id] = row | new

    # What happens in it by the hands of its owner and its customers.

    def put(self, record: Record) -> None:
        """Create or replace a record; one without `updated_at` gets the shop's own time."""
        table = {Customer: Kind.CUSTOMERS, Order: Kind.ORDERS, Product: Kind.PRODUCTS}[type(record)]
        stamp = _stamp(record.updated_at or self._clock())
        self._tables[table][record.id] = msgspec.json.decode(msgspec.json.encode(record)) | {
            "updated_at": stamp
        }

    def delete(self, kind: Kind, record_id: str) -> None:
        del self._tables[kind][record_id]

    def tags_of(self, customer_id: str) -> frozenset[str]:
        return frozenset(self.customer(customer_id)["tags"])

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        self.change(Kind.CUSTOMERS, customer_id, tags=list(tags))

    def codes(self) -> frozenset[str]:
        return frozenset(row["code"] for row in self._tables["coupons"].values() if row["enabled"])

    def add_foreign_code(self, code: str) -> None:
        nothing = dict.fromkeys(("customer_id", "email", "amount", "starts_at", "ends_at", "uses"))
        plain = {"free_shipping": False, "sale_items": True, "combinable": True, "new_customers_only": False}
        lists: Row = {"titles": {}, "products": [], "categories": [], "exclude_categories": []}
        named = {"code": code, "title": "Sommeraktion", "percent": 5, "minimum": 0}
        self.create_coupon(nothing | plain | lists | named)

    def attribute(self, customer_id: str, name: str) -> str | None:
        value: str | None = self.customer(customer_id)["attributes"].get(name)
        return value

    def redeem(self, code: str, customer_id: str) -> str | None:
        """Check out with goods of 100.00: None if the code is accepted, else why not."""
        return self.check_out((code,), customer_id, None, [("", 10000, False)])[0]

    def check_out(
        self,
        codes: Sequence[str],
        customer_id: str | None,
        email: str | None,
        goods: Sequence[Goods],
    ) -> tuple[str | None, int, int]:
        """Buy with all of these codes or not at all: why not, what is taken off, and the shipping."""
        account = self.get(Kind.CUSTOMERS, customer_id or "") or {}
        address = (email or account.get("email") or "").casefold() or None
        rows = []
        for code in codes:
            row = self.coupon(code)
            if row is None or not row["enabled"]:
                return "There is no such code.", 0, SHIPPING
            if reason := self._why_not(row, customer_id, address, goods):
                return reason, 0, SHIPPING
            rows.append(row)
        if len(rows) > 1 and not all(row["combinable"] for row in rows):
            return "The codes cannot be combined.", 0, SHIPPING
        for row in rows:
            self.change("coupons", row["id"], used=row["used"] + 1)
        off = sum(_taken_off(row, self._fitting(row, goods)) for row in rows)
        return None, off, 0 if any(row["free_shipping"] for row in rows) else SHIPPING

    def title_of(self, code: str, language: str) -> str:
        row = self.coupon(code) or {"titles": {}, "title": ""}
        title: str = row["titles"].get(language, row["title"])
        return title

    def _why_not(
        self, row: Row, customer_id: str | None, email: str | None, goods: Sequence[Goods]
    ) -> str | None:
        """Why the checkout does not take a code, or None."""
        now = _stamp(self._clock())
        refusals = {
            "The code is not valid yet.": row["starts_at"] and now < row["starts_at"],
            "The code has expired.": row["ends_at"] and now >= row["ends_at"],
            "The code is for somebody else.": row["customer_id"] not in (None, customer_id)
            or row["email"] not in (None, email),
            "The code is used up.": row["uses"] is not None and row["used"] >= row["uses"],
            "The basket is too small.": row["minimum"] > sum(total for _, total, _ in goods),
            "Nothing in the basket takes this code.": not self._fitting(row, goods),
            "The code is for new customers.": row["new_customers_only"]
            and self._has_ordered(customer_id, email),
        }
        return next((reason for reason, refused in refusals.items() if refused), None)

    def _has_ordered(self, customer_id: str | None, email: str | None) -> bool:
        return any(
            (customer_id and row["customer_id"] == customer_id)
            or (email and (row["email"] or "").casefold() == email)
            for row in self._tables[Kind.ORDERS].values()
        )

    def _fitting(self, row: Row, goods: Sequence[Goods]) -> list[int]:
        """The value of the goods that a code is good for."""
        return [total for product, total, reduced in goods if self._fits(row, product, reduced=reduced)]

    def _fits(self, row: Row, product_id: str, *, reduced: bool) -> bool:
        product = self.get(Kind.PRODUCTS, product_id) or {"categories": []}
        categories = set(product["categories"])
        return (
            (not row["products"] or product_id in row["products"])
            and (not row["categories"] or bool(categories & set(row["categories"])))
            and not categories & set(row["exclude_categories"])
            and (row["sale_items"] or not reduced)
        )

    @staticmethod
    def delivery(secret: str, topic: str, record_id: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of a webhook, such as ("customers/update", "1001")."""
        event = {"id": f"{topic}/{record_id}", "topic": topic, "record_id": record_id, "occurred_at": None}
        body = json.dumps(event).encode()
        return {SIGNATURE: _signature(secret, body)}, body
