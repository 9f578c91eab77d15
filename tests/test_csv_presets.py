"""Exports as the platforms write them, read and handed back. Where each comes from: docs/platforms/csv.md."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.csv_files import CsvAdapter
from adapters.csv_files.presets import CONTACT_KINDS, CUSTOMER_KINDS, ORDER_KINDS, PRESETS
from adapters.csv_files.words import MEANINGS
from connector.errors import ConfigError
from connector.model import (
    Consent,
    CouponTerm,
    DisableCoupon,
    Feature,
    LineItem,
    Order,
    Payment,
    Refund,
    Shipment,
    UpdateTags,
)
from connector.testing import make_coupon, records

SHOPIFY_CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
    "Default Address Address1,Default Address City,Default Address Province Code,"
    "Default Address Country Code,Default Address Zip,Default Address Phone,Phone,"
    "Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags\n"
    "'7001,Anna,Jansen,Anna@Example.com,yes,,Dorpsstraat 1,Utrecht,UT,NL,'1234AB,,'+31612345678,no,110.59,2,"
    '"Mag\nEspresso",no,"vip, horeca"\n'
    "'7002,Ben,Berg,ben@example.com,no,,,Berlin,BE,DE,'10115,,,no,0.00,0,,no,\n"
)
SHOPIFY_ORDERS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,"
    "Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Shipping Country,Cancelled at,"
    "Payment Method,Refunded Amount,Id,Source\n"
    "#1042,anna@example.com,partially_refunded,2025-10-07 09:50:26 +0200,fulfilled,2025-10-08 14:21:21 +0200,"
    "yes,EUR,107.10,4.76,17.86,111.86,WELCOME10,11.90,DHL,2025-10-07 09:50:25 +0200,2,Espresso,29.75,"
    "ESP-1,0.00,DE,,Shopify Payments,10.00,7410991464714,web\n"
    "#1042,anna@example.com,,,,,,,,,,,,,,2025-10-07 09:50:25 +0200,1,Kanne,59.50,KAN-1,0.00,,,,,,\n"
    "#1043,guest@example.com,pending,,unfulfilled,,no,EUR,20.00,5.00,2.00,27.00,,0.00,DHL,"
    "2025-10-09 08:00:00 +0200,1,Tasse,20.00,TAS-1,0.00,US,2025-10-10 08:00:00 +0200,Vorkasse,"
    "0.00,7410991464715,web\n"
)


def folder(path: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (path / f"{name}.csv").write_bytes(data)
    return path


def adapter(path: Path, **settings: Any) -> CsvAdapter:
    return CsvAdapter(folder=str(path), settle_seconds=0.0, **settings)


def orders_of(made: CsvAdapter) -> dict[str, Order]:
    return {order.number: order for order in records(made.orders(None, None))}


def errors(made: CsvAdapter, *changes: Any) -> list[str | None]:
    return [result.error for result in made.push(changes, "run-1")]


# Shopify.


def test_shopify_orders_are_put_together_from_their_lines(tmp_path: Path) -> None:
    made = adapter(
        folder(tmp_path, customers_export=SHOPIFY_CUSTOMERS, orders_export_1=SHOPIFY_ORDERS), preset="shopify"
    )
    found = orders_of(made)
    assert found["#1042"] == Order(
        id="7410991464714",
        number="#1042",
        customer_id="7001",
        email="anna@example.com",
        placed_at=datetime(2025, 10, 7, 7, 50, 25, tzinfo=UTC),
        currency="EUR",
        total=11186,
        goods=10000,
        discounts=1000,
        shipping=400,
        tax=1786,
        lines=(
            LineItem(product_id="ESP-1", sku="ESP-1", title="Espresso", quantity=2, remaining=2, total=5355),
            LineItem(product_id="KAN-1", sku="KAN-1", title="Kanne", quantity=1, remaining=1, total=5355),
        ),
        refunds=(
            Refund(
                id="7410991464714-refund",
                refunded_at=datetime(2025, 10, 7, 7, 50, 25, tzinfo=UTC),
                amount=1000,
                tax=160,
            ),
        ),
        codes=("WELCOME10",),
        payment=Payment.PAID,
        shipment=Shipment.SHIPPED,
        shipped_at=datetime(2025, 10, 8, 12, 21, 21, tzinfo=UTC),
        payment_method="Shopify Payments",
        channel="web",
        country="DE",
    )


def test_a_shopify_order_whose_prices_hold_no_tax_is_told_by_its_sums(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, orders_export=SHOPIFY_ORDERS), preset="shopify")
    american = orders_of(made)["#1043"]
    assert (american.total, american.goods, american.shipping, american.tax) == (2700, 2000, 500, 200)
    assert (american.payment, american.shipment) == (Payment.NONE, Shipment.NONE)
    assert american.cancelled_at == datetime(2025, 10, 10, 6, 0, tzinfo=UTC)
    assert american.customer_id is None


def test_shopify_customers_keep_their_consent_and_their_own_tags(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, customers_export=SHOPIFY_CUSTOMERS), preset="shopify")
    anna, ben = records(made.customers(None, None))
    assert (anna.id, anna.email, anna.city, anna.country) == ("7001", "Anna@Example.com", "Utrecht", "NL")
    assert (anna.phone, anna.tags, anna.shop_amount_spent) == ("+31612345678", ("vip", "horeca"), 11059)
    assert anna.consents == (
        Consent(channel="email", state="subscribed"),
        Consent(channel="sms", state="never"),
    )
    assert ben.consents[0].state == "never"


def test_shopify_gets_its_own_rows_back_with_other_tags_and_nothing_else_changed(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, customers_export=SHOPIFY_CUSTOMERS), preset="shopify")
    assert errors(made, UpdateTags(customer_id="7001", add=("sk:stammkunde",))) == [None]
    written = (tmp_path / "out" / "tags.csv").read_text(encoding="utf-8")
    before = "".join(SHOPIFY_CUSTOMERS.splitlines(keepends=True)[:3])
    assert written == before.replace("vip, horeca", "vip, horeca, sk:stammkunde")


def test_shopify_tags_need_an_export_that_shows_them(tmp_path: Path) -> None:
    without = SHOPIFY_CUSTOMERS.replace(",Tags\n", ",Other\n")
    made = adapter(folder(tmp_path, customers_export=without), preset="shopify")
    info = made.check()
    assert Feature.TAGS not in info.features
    assert any("no column of tags" in note for note in info.notes)
    (error,) = errors(made, UpdateTags(customer_id="7001", add=("sk:a",)))
    assert "no column of tags" in str(error)
    assert not (tmp_path / "out").exists()


# WooCommerce.

WOO_CUSTOMERS = (
    "customer_id,first_name,last_name,email,date_registered,billing_country,billing_city,role\n"
    "12,Anna,Schmidt,anna@example.com,2024-03-01 10:00:00,DE,Köln,customer\n"
)
WOO_ORDERS = (
    "order_id,order_number_formatted,order_date,status,shipping_total,shipping_tax_total,tax_total,discount_total,"
    "order_total,refunded_total,order_currency,payment_method,customer_id,billing_email,shipping_country,"
    "item_product_id,item_name,item_sku,item_quantity,item_total,item_total_tax,coupon_items\n"
    "901,W-901,2025-06-01 12:00:00,completed,4.00,0.76,17.86,10.00,111.86,0.00,EUR,PayPal,12,"
    "anna@example.com,DE,55,Espresso,ESP,2,60.00,11.40,code:WELCOME10|amount:10.00\n"
    "901,W-901,2025-06-01 12:00:00,completed,4.00,0.76,17.86,10.00,111.86,0.00,EUR,PayPal,12,"
    "anna@example.com,DE,56,Kanne,KAN,1,30.00,5.70,code:WELCOME10|amount:10.00\n"
    "902,W-902,2025-06-02 12:00:00,on-hold,0.00,0.00,1.60,0.00,10.00,0.00,EUR,Vorkasse,0,gast@example.com,DE,"
    "56,Kanne,KAN,1,8.40,1.60,\n"
    "903,W-903,2025-06-03 12:00:00,refunded,0.00,0.00,1.60,0.00,10.00,10.00,EUR,PayPal,12,"
    "anna@example.com,DE,56,Kanne,KAN,1,8.40,1.60,\n"
)


def test_woocommerce_orders_hold_amounts_without_tax(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, customers=WOO_CUSTOMERS, orders=WOO_ORDERS), preset="woocommerce")
    found = orders_of(made)
    bought, guest, returned = found["W-901"], found["W-902"], found["W-903"]
    assert (bought.total, bought.goods, bought.discounts) == (11186, 10000, 1000)
    assert (bought.shipping, bought.tax, bought.codes) == (400, 1786, ("WELCOME10",))
    assert [line.total for line in bought.lines] == [6000, 3000]
    assert (bought.payment, bought.shipment) == (Payment.PAID, Shipment.SHIPPED)
    assert (guest.customer_id, guest.email, guest.payment) == (None, "gast@example.com", Payment.NONE)
    assert returned.all_returned()
    assert returned.spent() == 0


def test_woocommerce_gets_tags_in_a_field_of_our_own_and_coupons_for_addresses(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, customers=WOO_CUSTOMERS), preset="woocommerce")
    assert Feature.COUPON_FOR_EMAIL in made.check().features
    coupon = make_coupon(bound="email", email="anna@example.com", customer_id="12", minimum=3000)
    assert errors(made, UpdateTags(customer_id="12", add=("sk:a", "sk:b")), coupon) == [None, None]
    assert (tmp_path / "out" / "tags.csv").read_text(encoding="utf-8") == (
        'customer_id,email,meta:stammkunde_tags\n12,anna@example.com,"sk:a,sk:b"\n'
    )
    assert (tmp_path / "out" / "coupons.csv").read_text(encoding="utf-8") == (
        "post_title,post_excerpt,post_status,discount_type,coupon_amount,free_shipping,minimum_amount,"
        "individual_use,exclude_sale_items,usage_limit,expiry_date,customer_email\n"
        "SKTEST23456,10 % für Sie [sk:come-back:c1001:1],publish,percent,10,no,30.00,"
        "yes,no,1,2099-12-31,anna@example.com\n"
    )


def test_the_last_tag_taken_off_stands_in_the_file_as_an_empty_list(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, customers=WOO_CUSTOMERS), preset="woocommerce")
    errors(made, UpdateTags(customer_id="12", add=("sk:a",)))
    assert errors(made, UpdateTags(customer_id="12", remove=("sk:a",))) == [None]
    assert (tmp_path / "out" / "tags.csv").read_text(encoding="utf-8") == (
        "customer_id,email,meta:stammkunde_tags\n12,anna@example.com,\n"
    )


# JTL-Ameise.

AMEISE_CUSTOMERS = (
    "Kundennummer;Anrede;Vorname;Name;Firma;E-Mail;Land;Ort;Kundengruppe;Geburtstag;Newsletter;Erstelldatum\r\n"
    "10023;Frau;Jörg;Müßig;;joerg@example.de;Deutschland;Köln;Endkunden;05.03.1980;Y;01.02.2023\r\n"
)
AMEISE_ORDERS = (
    "Auftragsnummer;Kundennummer;Auftragsdatum;Bezahldatum;Versanddatum;Auftragsstatus;Zahlungsart;"
    "Gesamtbetrag brutto;Währung;Positionstyp;Artikelnummer;Artikelname;Menge;VK Brutto\r\n"
    'AU2025-1;10023;31.12.2025 14:05;02.01.2026;03.01.2026;versendet;PayPal;"1.238,90";EUR;Artikel;M-1;'
    '"Mühle; groß";1,00;"1.190,00"\r\n'
    'AU2025-1;10023;31.12.2025 14:05;02.01.2026;03.01.2026;versendet;PayPal;"1.238,90";EUR;Artikel;E-1;'
    "Espresso;2,00;22,00\r\n"
    'AU2025-1;10023;31.12.2025 14:05;02.01.2026;03.01.2026;versendet;PayPal;"1.238,90";EUR;Versandposition;;'
    "DHL;1,00;4,90\r\n"
    "AU2025-2;10023;02.01.2026 09:00;;;storniert;Rechnung;50,00;EUR;Artikel;E-1;Espresso;1,00;50,00\r\n"
)


def test_ameise_exports_are_read_as_windows_writes_them(tmp_path: Path) -> None:
    made = adapter(
        folder(tmp_path, kunden=AMEISE_CUSTOMERS.encode("cp1252"), auftraege=AMEISE_ORDERS.encode("cp1252")),
        preset="jtl-ameise",
        tax_percent=Decimal(19),
    )
    notes = made.check().notes
    assert notes[0] == "kunden.csv: Windows-1252, ';', 1 row."
    assert notes[1] == "auftraege.csv: Windows-1252, ';', decimal comma, 4 rows."
    (customer,) = records(made.customers(None, None))
    assert (customer.id, customer.last_name, customer.country) == ("10023", "Müßig", "DE")
    assert (customer.group, customer.gender) == ("Endkunden", "female")
    assert str(customer.birthday) == "1980-03-05"
    found = orders_of(made)
    order = found["AU2025-1"]
    assert order.placed_at == datetime(2025, 12, 31, 13, 5, tzinfo=UTC)
    assert (order.total, order.tax, order.shipping, order.goods) == (123890, 19781, 412, 103697)
    assert [(line.title, line.quantity, line.total) for line in order.lines] == [
        ("Mühle; groß", 1, 119000),
        ("Espresso", 2, 4400),
    ]
    assert (order.payment, order.shipment, order.customer_id) == (Payment.PAID, Shipment.SHIPPED, "10023")
    assert found["AU2025-2"].cancelled_at is not None


def test_ameise_gets_a_file_to_import_by_customer_number(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, kunden=AMEISE_CUSTOMERS), preset="jtl-ameise")
    assert errors(made, UpdateTags(customer_id="10023", add=("sk:stammkunde",))) == [None]
    assert (tmp_path / "out" / "tags.csv").read_text(encoding="utf-8") == (
        "Kundennummer;E-Mail;Stammkunde-Tags\n10023;joerg@example.de;sk:stammkunde\n"
    )


# Shopware.

SHOPWARE_CUSTOMERS = (
    "id;salutation;customer_number;first_name;last_name;email;active;guest;customer_group;language;"
    "sales_channel;payment_method;billing_company;billing_city;billing_country\n"
    "0191a;mrs;10001;Anna;Schmidt;anna@example.com;1;0;Standard;de-DE;Storefront;Rechnung;;Köln;DE\n"
    "0191b;mr;10002;Ben;Berg;ben@example.com;1;1;Standard;de-DE;Storefront;PayPal;;Bonn;DE\n"
)
SHOPWARE_ORDERS = (
    "id;order_number;customer_email;amount_total;amount_tax;shipping_total;payment_state;delivery_state;"
    "order_state;order_date_time\n"
    "aa1;10050;anna@example.com;119;19;0;paid;shipped;completed;2025-06-01T10:00:00.000+00:00\n"
    "aa2;10051;ben@example.com;59.5;9.5;0;cancelled;open;in_progress;2025-06-02T10:00:00.000+00:00\n"
)


def test_shopware_exports_are_read(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, customers=SHOPWARE_CUSTOMERS, orders=SHOPWARE_ORDERS), preset="shopware")
    anna, ben = records(made.customers(None, None))
    assert (anna.id, anna.guest, anna.account_status, anna.language) == ("0191a", False, "enabled", "de-DE")
    assert ben.guest
    found = orders_of(made)
    assert (found["10050"].customer_id, found["10050"].goods) == ("0191a", 10000)
    assert (found["10050"].payment, found["10050"].shipment) == (Payment.PAID, Shipment.SHIPPED)
    assert (found["10051"].payment, found["10051"].cancelled_at) == (Payment.NONE, None)
    assert found["10051"].customer_id is None, "a guest's order belongs to no account"


def test_shopwares_own_profile_of_orders_does_not_say_whether_they_are_paid(tmp_path: Path) -> None:
    bare = (
        "id;order_number;customer_email;amount_total;order_date_time\n"
        "aa1;1;a@example.com;119;2025-06-01T10:00:00Z\n"
    )
    with pytest.raises(ConfigError, match="no column that tells whether an order is paid or shipped"):
        adapter(folder(tmp_path, orders=bare), preset="shopware").check()
    assumed = adapter(tmp_path, preset="shopware", assume_paid=True, tax_percent=Decimal(19))
    assert orders_of(assumed)["1"].payment is Payment.PAID
    assert orders_of(assumed)["1"].tax == 1900


def test_shopware_gets_codes_of_a_promotion_that_carries_the_terms(tmp_path: Path) -> None:
    made = adapter(folder(tmp_path, customers=SHOPWARE_CUSTOMERS), preset="shopware")
    assert CouponTerm.FREE_SHIPPING not in made.check().coupon_terms
    coupon = make_coupon(bound="group", minimum=3000)
    assert errors(made, coupon) == [None]
    assert (tmp_path / "out" / "coupons.csv").read_text(encoding="utf-8") == (
        "promotion_name;code\n10 % für Sie (10 %, from 30.00);SKTEST23456\n"
    )
    assert errors(made, DisableCoupon(mark=coupon.mark, code=coupon.code)) == [None]
    assert not (tmp_path / "out" / "coupons.csv").exists()
    assert (tmp_path / "out" / "coupons-off.csv").read_text(encoding="utf-8") == (
        "code;promotion_name\nSKTEST23456;10 % für Sie (10 %, from 30.00)\n"
    )


# The page for owners.


def test_the_page_names_every_field_and_every_setting() -> None:
    page = (Path(__file__).parent.parent / "docs" / "platforms" / "csv.md").read_text(encoding="utf-8")
    kinds = (CUSTOMER_KINDS, ORDER_KINDS, CONTACT_KINDS)
    fields = {name for kind in kinds for names in kind.values() for name in names.split()}
    assert {name for name in fields if f"`{name}`" not in page} == set()
    assert {meaning for meaning in MEANINGS if f"`{meaning}`" not in page} == set()
    assert {preset for preset in PRESETS if preset and f"`{preset}`" not in page} == set()
