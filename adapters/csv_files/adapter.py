"""The adapter of a folder with exports: any shop, any till, any newsletter tool."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

import msgspec

from adapters.csv_files.folder import USUAL, Folder
from adapters.csv_files.handover import NO_TAGS, Handover
from adapters.csv_files.presets import PRESETS, PresetName, Prices
from adapters.csv_files.snapshot import Reading, Snapshot, Snapshots
from adapters.csv_files.words import States
from connector.adapter import Page, Tried, zone_named
from connector.errors import AuthError, ConfigError, RejectedError
from connector.model import (
    Change,
    Coupon,
    CreateCoupon,
    Customer,
    DisableCoupon,
    Event,
    ExtendCoupon,
    Feature,
    Kind,
    Order,
    Product,
    Record,
    Result,
    ShopInfo,
    Tagging,
    UpdateTags,
)
from connector.tables import FileForm

#: Changes of one write: results come every few seconds, and files are not written once for each.
AT_ONCE = 500

#: A file that came this shortly before `since` is read again: clocks of file servers differ.
_CLOCKS = timedelta(minutes=10)


class CsvAdapter:
    """A folder with exports of a shop, in any delimited text format.

    Args:
        folder: where the exports lie; put new ones there whenever you like.
        preset: whose exports they are: shopify, woocommerce, jtl-ameise or shopware; without it columns are
            named as in docs/platforms/csv.md.
        customers: pattern of the files of customers, such as "kunden-*.csv"; else by their usual names.
        orders: pattern of the files of orders.
        contacts: pattern of the files of newsletter contacts.
        coupons: pattern of the files of coupons that the shop has; codes in them are never used again.
        columns: names of columns by field, for each of customers, orders, contacts and coupons.
        states: your words for states of orders, sorted under paid, partly-paid, shipped, partly-shipped,
            cancelled, test or open.
        complete: the newest file of each kind holds everything, so what is not in it was deleted.
        out: where the files for import go; a folder inside `folder` unless it begins with / or ~.
        shop_name: what to call the shop; else the folder's name.
        currency: currency of amounts where no column names it.
        time_zone: zone of times that carry none.
        prices: "gross" or "net": whether amounts in the exports hold tax.
        tax_percent: tax in every amount, where no column names it.
        assume_paid: take orders for paid where no column tells.
        encoding: encoding of the files, such as "windows-1252"; else it is guessed.
        delimiter: what stands between cells; else it is guessed.
        decimal: "," or "."; else it is guessed.
        dates: "day-first", "month-first" (American), or a pattern such as "%d.%m.%Y %H:%M".
        settle_seconds: how long a file must have been left alone before it is read.
        page_size: records of one page.
    """

    name: ClassVar[str] = "csv"
    title: ClassVar[str] = "CSV"
    tried: ClassVar[tuple[Tried, str]] = (Tried.SANDBOX, "exports written as the platforms document them")
    #: Empty: a file that changed is read whole.
    reread: Mapping[Kind, timedelta] = MappingProxyType({})

    def __init__(
        self,
        *,
        folder: str,
        preset: PresetName | None = None,
        customers: str | None = None,
        orders: str | None = None,
        contacts: str | None = None,
        coupons: str | None = None,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        states: Mapping[str, list[str]] | None = None,
        complete: bool = False,
        out: str = "out",
        shop_name: str | None = None,
        currency: str = "EUR",
        time_zone: str = "Europe/Berlin",
        prices: Prices | None = None,
        tax_percent: Decimal | None = None,
        assume_paid: bool = False,
        encoding: str | None = None,
        delimiter: str | None = None,
        decimal: Literal[".", ","] | None = None,
        dates: str | None = None,
        settle_seconds: float = 2.0,
        page_size: int = 500,
    ) -> None:
        if page_size < 1:
            raise ConfigError(f"`page_size` is {page_size}, but a page holds at least one record.")
        if preset not in PRESETS:
            raise ConfigError(f"`preset` is {preset!r}; there are {', '.join(filter(None, PRESETS))}.")
        for kind in columns or {}:
            if kind not in USUAL:
                raise ConfigError(f"`columns` has a table {kind!r}; it knows {', '.join(sorted(USUAL))}.")
        self._path = Path(folder).expanduser()
        self._preset = PRESETS[preset]
        self._complete = complete
        self._shop_name = shop_name
        self._currency = currency.upper()
        self._page_size = page_size
        said = FileForm(
            encoding=encoding,
            delimiter="\t" if delimiter == "\\t" else delimiter,
            decimal=decimal,
            dates=dates,
        )
        if wrong := said.problem():
            raise ConfigError(wrong)
        self._reading = Reading(
            preset=self._preset,
            columns=columns or {},
            forms=_forms(said, self._preset.form),
            zone=zone_named(time_zone),
            currency=self._currency,
            prices=prices or self._preset.prices,
            tax_percent=None if tax_percent is None else Decimal(str(tax_percent)),
            assume_paid=assume_paid,
            states=States(states or {}),
        )
        patterns = {"customers": customers, "orders": orders, "contacts": contacts, "coupons": coupons}
        self._folder = Folder(self._path, patterns, complete=complete, settle_seconds=settle_seconds)
        self._snapshots = Snapshots(self._folder, self._reading)
        self._handover = Handover(self._path / Path(out).expanduser(), self._preset)

    def __repr__(self) -> str:
        return f"CsvAdapter(folder={str(self._path)!r})"

    def check(self) -> ShopInfo:
        """Read every file, and say how it was understood."""
        snapshot = self._fresh()
        orders = snapshot.orders.values()
        return ShopInfo(
            name=self._shop_name or self._path.absolute().name,
            currency=self._currency,
            time_zone=self._reading.zone.key,
            features=self._features(snapshot),
            oldest_order=min((order.placed_at for order in orders), default=None),
            tag_length=100,
            code_length=40,
            coupon_terms=self._preset.coupon_terms,
            notes=tuple(self._notes(snapshot)),
            customer_count=len(snapshot.customers),
            order_count=len(orders),
            payment_methods=_distinct(order.payment_method for order in orders),
            customer_groups=_distinct(customer.group for customer in snapshot.customers.values()),
        )

    def products(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Product]]:  # noqa: ARG002
        """None: products come with the lines of orders only."""
        yield from ()

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        """Every customer and contact, if a file of them has changed since then."""
        snapshot = self._fresh()
        self._handover.confirm(snapshot)
        if self._unchanged(snapshot, Kind.CUSTOMERS, since):
            return
        for ids, position in self._pages(snapshot.customers, checkpoint):
            records = tuple(self._customer(snapshot, each) for each in ids)
            yield Page(records=records, checkpoint=position, total=len(snapshot.customers))

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        """Every order, if a file of them has changed since then."""
        snapshot = self._fresh()
        if self._unchanged(snapshot, Kind.ORDERS, since):
            return
        for ids, position in self._pages(snapshot.orders, checkpoint):
            records = tuple(snapshot.orders[each] for each in ids)
            yield Page(records=records, checkpoint=position, total=len(snapshot.orders))

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        """Every id there is. Where exports are parts, every id ever seen: none of these is gone."""
        snapshot = self._fresh()
        found: Iterable[str] = snapshot.records(kind)
        if not self._complete and kind is not Kind.PRODUCTS:
            found = self._handover.remember(kind.value, found)
        for ids, position in self._pages(found, checkpoint):
            yield Page(records=tuple(ids), checkpoint=position)

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        """A few records; only where exports are complete is one that is not there gone."""
        if not ids:
            return
        snapshot = self._fresh()
        records = snapshot.records(kind)
        there = [each for each in dict.fromkeys(ids) if each in records]
        found = (
            self._customer(snapshot, each) if kind is Kind.CUSTOMERS else records[each] for each in there
        )
        absent = [each for each in dict.fromkeys(ids) if each not in records]
        gone = absent if self._complete else []
        yield Page(records=tuple(found), gone=tuple(gone))

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        """The orders of a few customers."""
        wanted = frozenset(customer_ids)
        if not wanted:
            return
        found = [order for order in self._fresh().orders.values() if order.customer_id in wanted]
        for start in range(0, len(found), self._page_size):
            yield Page(records=tuple(found[start : start + self._page_size]))

    def tags(self, prefix: str, checkpoint: str | None) -> Iterator[Page[Tagging]]:  # noqa: ARG002  the protocol
        """No page: `customers` shows every change of tags, those that we handed over included."""
        yield from ()

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:  # noqa: ARG002
        """Coupons that we handed over. What became of them in the shop only its orders tell."""
        self._handover.forget()
        found = {coupon.id: coupon for coupon in self._handover.coupons()}
        for ids, position in self._pages(found, checkpoint):
            yield Page(records=tuple(found[each] for each in ids), checkpoint=position)

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:  # noqa: ARG002  no work goes on behind us
        """Write the files for import. A change is done when it stands in them."""
        waiting = iter(changes)
        while batch := list(islice(waiting, AT_ONCE)):
            snapshot = self._fresh()
            results = [Result(change=change, error=self._refusal(snapshot, change)) for change in batch]
            self._handover.write(snapshot)
            yield from results

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:  # noqa: ARG002  the protocol
        """Nothing: a folder sends no webhooks."""
        raise AuthError("A folder sends no webhooks, so whoever sent this was not the shop.")

    def close(self) -> None:
        """Nothing is held open."""

    # What the reads share.

    def _fresh(self) -> Snapshot:
        self._handover.forget()
        return self._snapshots.fresh()

    def _pages(self, ids: Iterable[str], checkpoint: str | None) -> Iterator[tuple[list[str], str]]:
        """Ids in their own order, which no new export changes; a checkpoint is the last id of a page."""
        rest = sorted(each for each in ids if checkpoint is None or each > checkpoint)
        for start in range(0, len(rest), self._page_size):
            page = rest[start : start + self._page_size]
            yield page, page[-1]

    def _unchanged(self, snapshot: Snapshot, kind: Kind, since: datetime | None) -> bool:
        """Whether a read that began at `since` or later has seen everything.

        Not the records' own times count but when the file came to lie here: an old year may be added late.
        """
        if since is None:
            return False
        moments = [snapshot.changed_at(kind), self._folder.changed_at()]
        if kind is Kind.CUSTOMERS:
            moments.append(self._handover.changed_at())
        latest = max(filter(None, moments))
        return latest + _CLOCKS < since.astimezone(UTC)

    def _customer(self, snapshot: Snapshot, customer_id: str) -> Customer:
        tags = self._handover.tags_of(snapshot, customer_id)
        return msgspec.structs.replace(snapshot.customers[customer_id], tags=tags)

    # What can be done, and what the owner should know.

    def _features(self, snapshot: Snapshot) -> frozenset[Feature]:
        found = {Feature.COUPONS, Feature.COUPON_FOR_GROUP, Feature.GUEST_RECORDS}
        if self._handover.can_tag(snapshot) or snapshot.contacts:
            found.add(Feature.TAGS)
        if self._complete:
            found.add(Feature.DELETIONS)
        if self._preset.coupon_email:
            found.add(Feature.COUPON_FOR_EMAIL)
        return frozenset(found)

    def _notes(self, snapshot: Snapshot) -> Iterator[str]:
        for tables in snapshot.tables.values():
            yield from (f"{table.text()}." for table in tables)
        if unknown := self._folder.unknown():
            yield f"Not read, for their names tell no kind: {', '.join(unknown)}."
        if not snapshot.tables["customers"]:
            yield "There is no export of customers, so nobody can be tagged; groups are of guests by e-mail."
        elif not self._handover.can_tag(snapshot):
            yield NO_TAGS
        untaxed = [table for table in snapshot.tables["orders"] if "tax" not in table.fields]
        if untaxed and self._reading.tax_percent is None:
            yield (
                f"{untaxed[0].path.name} has no column of tax, so net sales are taken without tax off:"
                " say tax_percent."
            )
        waiting, lost = self._handover.waiting(snapshot)
        if lost:
            yield (
                f"Tags of people whom no export here shows cannot be handed over ({lost:,}):"
                " put an export of all customers into the folder."
            )
        if waiting:
            changes = "1 change of tags waits" if waiting == 1 else f"{waiting:,} changes of tags wait"
            yield f"{changes} for import, or for an export that shows them."

    # What pushing does.

    def _refusal(self, snapshot: Snapshot, change: Change) -> str | None:
        try:
            self._apply(snapshot, change)
        except RejectedError as error:
            return str(error)
        return None

    def _apply(self, snapshot: Snapshot, change: Change) -> None:
        match change:
            case UpdateTags():
                self._handover.tag(snapshot, change)
            case CreateCoupon():
                self._refuse_binding(change)
                self._handover.create(snapshot, change)
            case ExtendCoupon():
                self._handover.extend(snapshot, change)
            case DisableCoupon():
                self._handover.disable(snapshot, change)
            case _:
                raise RejectedError("Files for import carry tags and coupons only.")

    def _refuse_binding(self, change: CreateCoupon) -> None:
        if change.bound == "customer":
            raise RejectedError(
                "A file of coupons cannot bind a code to a customer's account: bind it to a group."
            )
        if change.bound == "email" and not self._preset.coupon_email:
            raise RejectedError("This import of coupons cannot bind a code to an e-mail address.")
        if change.attribute:
            raise RejectedError(
                "Files for import store no value on a customer: the codes are in coupons.csv."
            )


def _forms(said: FileForm, usual: FileForm) -> dict[str, FileForm]:
    """By kind: what the owner said, else what the platform's own files are known to be.

    Lists of contacts come from somewhere else, so nothing is known of them.
    """
    fields = ("encoding", "delimiter", "decimal", "dates")
    both = {field: getattr(said, field) or getattr(usual, field) for field in fields}
    platform = FileForm(**both)
    return {"customers": platform, "orders": platform, "coupons": said, "contacts": said}


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))
