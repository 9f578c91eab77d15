"""JTL-Shop with the exports of JTL-Ameise as its books: files that a test writes as Ameise would."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from pydantic import SecretStr

from adapters.jtl import JtlAdapter
from adapters.jtl.sandbox import JtlSandbox
from connector.adapter import Page
from connector.errors import ConfigError, ResponseError, TemporaryError
from connector.model import Customer, Kind, Order, Payment, Record, Shipment, UpdateTags
from connector.testing import AdapterContract, make_customer, make_order, records
from connector.testing.records import discounted, half_returned
from connector.testing.shop import ShopUnderTest
from tests.test_jtl_adapter import as_jtl

BERLIN = ZoneInfo("Europe/Berlin")
ORDER_COLUMNS = [
    "Auftragsnummer",
    "Externe Auftragsnummer",
    "Kundennummer",
    "E-Mail",
    "Auftragsdatum",
    "Storniert",
    "Bezahldatum",
    "Versanddatum",
    "Währung",
    "Auftragssumme brutto",
    "Zahlungsart",
    "Plattform",
    "Land ISO",
    "Artikelnummer",
    "Artikelname",
    "Positionstyp",
    "Menge",
    "VK Netto",
    "MwSt.",
]
CREDIT_COLUMNS = [
    "Gutschriftnummer",
    "Auftragsnummer",
    "Gutschriftdatum",
    "Artikelnummer",
    "Menge",
    "VK Netto",
    "MwSt.",
]
CUSTOMER_COLUMNS = ["Kundennummer", "E-Mail", "Vorname", "Nachname", "Land ISO", "Kundengruppe", "Kunde seit"]


class Exports:
    """A shop, and beside it the folder into which Ameise writes what Wawi has."""

    def __init__(self, shop: JtlSandbox, folder: Path) -> None:
        self.shop = shop
        self.folder = folder
        self.orders: dict[str, Order] = {}
        self.customers: dict[str, Customer] = {}
        self.write()

    def write(self) -> None:
        rows = [row for order in self.orders.values() for row in order_rows(order)]
        self.table("auftraege.csv", ORDER_COLUMNS, rows)
        credits_ = [row for order in self.orders.values() for row in credit_rows(order)]
        self.table("gutschriften.csv", CREDIT_COLUMNS, credits_)
        self.table("kunden.csv", CUSTOMER_COLUMNS, [customer_row(each) for each in self.customers.values()])

    def table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        with (self.folder / name).open("w", encoding="cp1252", newline="") as file:
            csv.writer(file, delimiter=";").writerows([header, *rows])

    def put(self, record: Record) -> None:
        self.shop.put(record)
        if isinstance(record, Order):
            self.orders[record.id] = record
            if record.customer_id and record.email:
                self.customers[record.customer_id] = make_customer(record.customer_id, email=record.email)
            self.write()

    def put_in_wawi(self, *found: Record) -> None:
        for record in found:
            if isinstance(record, Order):
                self.orders[record.id] = record
            elif isinstance(record, Customer):
                self.customers[record.id] = record
        self.write()

    def delete(self, kind: Kind, record_id: str) -> None:
        self.shop.delete(kind, record_id)
        if kind is Kind.ORDERS:
            del self.orders[record_id]
            self.write()

    def tags_of(self, customer_id: str) -> frozenset[str]:
        return self.shop.tags_of(customer_id)

    def set_tags(self, customer_id: str, tags: Iterable[str]) -> None:
        self.shop.set_tags(customer_id, tags)

    def codes(self) -> frozenset[str]:
        return self.shop.codes()

    def add_foreign_code(self, code: str) -> None:
        self.shop.add_foreign_code(code)

    def attribute(self, customer_id: str, name: str) -> str | None:
        return self.shop.attribute(customer_id, name)

    def redeem(self, code: str, customer_id: str) -> str | None:
        return self.shop.redeem(code, customer_id)

    def check_out(self, *basket: Any) -> tuple[str | None, int, int]:
        return self.shop.check_out(*basket)

    def title_of(self, code: str, language: str) -> str:
        return self.shop.title_of(code, language)


def when(moment: datetime | None) -> str:
    return f"{moment.astimezone(BERLIN):%d.%m.%Y %H:%M:%S}" if moment else ""


def euros(cents: float) -> str:
    return f"{cents / 100:.4f}".replace(".", ",")


def order_rows(order: Order) -> Iterator[list[str]]:
    shipped = order.shipped_at or order.placed_at
    head = [
        order.id,
        order.number.lstrip("#"),
        order.customer_id or "",
        order.email or "",
        when(order.placed_at),
        "Ja" if order.cancelled_at else "Nein",
        when(order.placed_at) if order.payment is Payment.PAID else "",
        when(shipped) if order.shipment is Shipment.SHIPPED else "",
        order.currency,
        euros(order.total),
        order.payment_method or "",
        order.channel or "",
        order.country or "",
    ]
    pieces = sum(line.quantity for line in order.lines)
    for line in order.lines:
        price = euros(order.goods / pieces)
        yield [*head, line.sku or "", line.title, "Artikel", f"{line.quantity},00", price, "19,00"]
    if order.discounts:
        yield [*head, "", "Gutschein WELCOME10", "Kupon", "1,00", euros(-order.discounts), "19,00"]
    if order.shipping:
        yield [*head, "", "DHL", "Versandposition", "1,00", euros(order.shipping), "19,00"]


def credit_rows(order: Order) -> Iterator[list[str]]:
    back = {line.sku or "": line.quantity - line.remaining for line in order.lines}
    for refund in order.refunds:
        for sku, pieces in back.items():
            price = euros((refund.amount - refund.tax) / max(pieces, 1))
            yield [refund.id, order.id, when(refund.refunded_at), sku, f"{pieces},00", price, "19,00"]


def customer_row(customer: Customer) -> list[str]:
    return [
        customer.id,
        customer.email or "",
        customer.first_name or "",
        customer.last_name or "",
        customer.country or "",
        customer.group or "Endkunden",
        when(customer.created_at),
    ]


def settings_of(shop: Exports, **other: Any) -> dict[str, Any]:
    return {
        "url": shop.shop.url,
        "key": SecretStr(shop.shop.settings()["key"]),
        "orders_from": "ameise",
        "ameise_folder": str(shop.folder),
        "page_size": 3,
        **other,
    }


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Exports]:
    with JtlSandbox() as sandbox:
        yield Exports(sandbox, tmp_path)


@pytest.fixture
def settings(shop: Exports) -> dict[str, Any]:
    return settings_of(shop)


@pytest.fixture
def adapter(settings: dict[str, Any]) -> Iterator[JtlAdapter]:
    adapter = JtlAdapter(**settings)
    yield adapter
    adapter.close()


def plain(record_id: str) -> str:
    return record_id.removeprefix("ameise-")


class WithPlainOrderIds(JtlAdapter):
    __doc__ = JtlAdapter.__doc__

    # As in test_jtl_two_sources.

    def customers(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Customer]]:
        for page in super().customers(since, checkpoint):
            found = [each for each in page.records if not each.id.startswith("ameise-")]
            yield msgspec.structs.replace(page, records=tuple(found))

    def orders(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Order]]:
        return self._plain(super().orders(since, checkpoint))

    def orders_of(self, customer_ids: Sequence[str]) -> Iterator[Page[Order]]:
        return self._plain(super().orders_of(customer_ids))

    def ids(self, kind: Kind, checkpoint: str | None) -> Iterator[Page[str]]:
        for page in super().ids(kind, checkpoint):
            yield msgspec.structs.replace(page, records=tuple(map(plain, page.records)))

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Iterator[Page[Record]]:
        if kind is not Kind.ORDERS:
            return super().by_id(kind, ids)
        pages: Iterator[Page[Any]] = super().by_id(kind, [f"ameise-{each}" for each in ids])
        return self._plain(pages)

    def _plain(self, pages: Iterator[Page[Any]]) -> Iterator[Page[Any]]:
        for page in pages:
            found = [msgspec.structs.replace(each, id=plain(each.id)) for each in page.records]
            gone = tuple([plain(each) for each in page.gone if each.startswith("ameise-")])
            yield msgspec.structs.replace(page, records=tuple(found), gone=gone)


class TestAmeiseContract(AdapterContract):
    adapter_class = WithPlainOrderIds

    def kept(self, record: Record) -> Record:
        """An export tells no time of a change, of a cancellation only that there was one."""
        if isinstance(record, Order):
            cancelled = record.placed_at if record.cancelled_at else None
            return msgspec.structs.replace(record, updated_at=None, cancelled_at=cancelled)
        return as_jtl(record)

    def test_by_id_names_what_is_gone(
        self, shop: ShopUnderTest, adapter: Any, features: Any, kind: Kind
    ) -> None:
        """An export need not hold everything, so an order that is not in it is never called gone."""
        if kind is not Kind.ORDERS:
            super().test_by_id_names_what_is_gone(shop, adapter, features, kind)
            return
        shop.put(make_customer())
        shop.put(make_order())
        pages = list(adapter.by_id(kind, ["2001", "987654321"]))
        assert [order.id for order in records(pages)] == ["2001"]
        assert [gone for page in pages for gone in page.gone] == []


# -- reading ------------------------------------------------------------------------------------------------


def test_check_says_how_old_the_exports_are(shop: Exports, adapter: JtlAdapter) -> None:
    shop.put_in_wawi(make_order(channel="eBay", payment_method="Rechnung"), make_customer(group="Händler"))
    info = adapter.check()
    assert (info.order_count, info.payment_methods) == (1, ("Rechnung",))
    assert "Händler" in info.customer_groups
    assert any(note.startswith("The newest export of orders is of ") for note in info.notes)
    assert not info.returns_unknown


def test_without_credit_notes_returns_are_unknown(shop: Exports, adapter: JtlAdapter) -> None:
    (shop.folder / "gutschriften.csv").unlink()
    info = adapter.check()
    assert info.returns_unknown
    assert any(note.startswith("Returns unknown: there is no export") for note in info.notes)


def test_amounts_discounts_and_returns_come_out_to_the_cent(shop: Exports, adapter: JtlAdapter) -> None:
    shop.put_in_wawi(discounted(), half_returned())
    found = {order.number: order for order in records(adapter.orders(None, None))}
    first, second = found["2002"], found["2003"]
    assert (first.total, first.goods, first.discounts, first.shipping, first.tax) == (
        11186,
        10000,
        1000,
        400,
        1786,
    )
    assert first.placed_at == datetime(2026, 2, 1, 18, 15, tzinfo=UTC)
    assert (second.refunded(), second.refunds[0].tax, second.lines[0].remaining) == (5950, 950, 1)


def test_the_newest_export_has_the_last_word_and_older_ones_stay(shop: Exports, adapter: JtlAdapter) -> None:
    shop.put_in_wawi(make_order("1", number="1"), make_order("2", number="2"))
    cancelled = make_order("2", number="2", cancelled_at=datetime(2026, 3, 1, tzinfo=UTC))
    shop.table("Auftraege-Juni.csv", ORDER_COLUMNS, [*order_rows(cancelled)])
    found = {order.number: order for order in records(adapter.orders(None, None))}
    assert found["1"].cancelled_at is None
    assert found["2"].cancelled_at is not None
    assert len(found) == 2


@pytest.mark.parametrize("missing", ["auftraege.csv", "kunden.csv"])
def test_a_folder_without_exports_is_not_an_empty_shop(
    shop: Exports, adapter: JtlAdapter, missing: str
) -> None:
    (shop.folder / missing).unlink()
    with pytest.raises(TemporaryError, match="There is no export in"):
        list(adapter.orders(None, None))
    with pytest.raises(TemporaryError, match="so that nothing is taken for lost"):
        list(adapter.ids(Kind.ORDERS, None))


def test_a_template_without_a_needed_column_is_named(shop: Exports, adapter: JtlAdapter) -> None:
    shop.table("auftraege.csv", ORDER_COLUMNS[:-1], [])
    with pytest.raises(ConfigError, match=r"auftraege\.csv has no column for 'tax' \(usually 'MwSt\.'\)"):
        list(adapter.orders(None, None))


def test_nonsense_in_a_cell_is_named_with_its_line(shop: Exports, adapter: JtlAdapter) -> None:
    shop.put_in_wawi(make_order())
    path = shop.folder / "auftraege.csv"
    path.write_text(path.read_text("cp1252").replace("119,0000", "viel"), "cp1252")
    with pytest.raises(ResponseError, match=r"auftraege\.csv, line 2, column 'Auftragssumme brutto'"):
        list(adapter.orders(None, None))


def test_orders_in_other_money_are_left_out_and_counted(shop: Exports, adapter: JtlAdapter) -> None:
    shop.put_in_wawi(make_order("1", number="1", currency="CHF"), make_order("2", number="2"))
    assert [order.number for order in records(adapter.orders(None, None))] == ["2"]
    assert "Orders in another currency than EUR are left out: 1." in adapter.check().notes


# -- writing ------------------------------------------------------------------------------------------------


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8-sig").splitlines()


@pytest.fixture
def known(shop: Exports) -> Exports:
    """Anna has an account, and there is a customer by phone."""
    shop.put(make_customer())
    shop.put_in_wawi(
        make_customer("K-55", email="C1001@example.com"),
        make_customer("K-57", email="telefon@example.com"),
    )
    return shop


def test_tags_go_to_the_shop_and_into_the_import_file(known: Exports, adapter: JtlAdapter) -> None:
    changes = [
        UpdateTags(customer_id="1001", add=("sk:stammkunde", "sk:a")),
        UpdateTags(customer_id="ameise-K-57", add=("sk:größe",)),
        UpdateTags(customer_id="ameise-K-99", add=("sk:a",)),
    ]
    errors = [result.error for result in adapter.push(changes, "run-1")]
    assert errors == [None, None, "JTL-Ameise: There is no customer K-99 in the exports."]
    path = known.folder / "stammkunde-tags.csv"
    assert lines_of(path) == ["Kundennummer;Stammkunde", "K-55;sk:stammkunde, sk:a", "K-57;sk:größe"]
    assert known.tags_of("1001") == {"sk:stammkunde", "sk:a"}
    assert path.stat().st_mode & 0o777 == 0o600
    swept = {found.customer_id: set(found.tags) for found in records(adapter.tags("sk:", None))}
    assert swept == {"1001": {"sk:stammkunde", "sk:a"}, "ameise-K-57": {"sk:größe"}}


def test_a_customer_without_tags_stays_in_the_file_so_that_the_import_empties_the_field(
    known: Exports, adapter: JtlAdapter
) -> None:
    add, remove = (
        UpdateTags(customer_id="1001", add=("sk:a",)),
        UpdateTags(customer_id="1001", remove=("SK:A",)),
    )
    assert [result.error for result in adapter.push([add], "run-1")] == [None]
    assert [result.error for result in adapter.push([remove, remove], "run-2")] == [None, None]
    assert lines_of(known.folder / "stammkunde-tags.csv") == ["Kundennummer;Stammkunde", "K-55;"]
    assert known.tags_of("1001") == frozenset()


def test_a_file_that_cannot_be_written_stops_before_the_shop(known: Exports) -> None:
    nowhere = str(known.folder / "none" / "tags.csv")
    adapter = JtlAdapter(**settings_of(known, ameise_tags=nowhere))
    with pytest.raises(TemporaryError, match="cannot be written"):
        list(adapter.push([UpdateTags(customer_id="1001", add=("sk:a",))], "run-1"))
    adapter.close()
    assert known.tags_of("1001") == frozenset()


def test_a_file_of_the_owner_is_not_overwritten(known: Exports, adapter: JtlAdapter) -> None:
    path = known.folder / "stammkunde-tags.csv"
    path.write_text("Artikelnummer;Bestand\nA-1;5\n", "utf-8")
    with pytest.raises(ConfigError, match=r"stammkunde-tags\.csv has no column for 'number'"):
        list(adapter.push([UpdateTags(customer_id="1001", add=("sk:a",))], "run-1"))
    assert path.read_text("utf-8") == "Artikelnummer;Bestand\nA-1;5\n"
