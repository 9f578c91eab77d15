"""What the exports of some platforms look like: which column holds what, and which words mean what.

Data, no code. docs/platforms/csv.md says of each preset where its names come from. The first column of a
field that a file has is taken. With no preset, columns are named as our fields are.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from connector.model import CouponTerm
from connector.tables import Field, FileForm

Prices = Literal["gross", "net"]
CouponLayout = Literal["plain", "woocommerce", "shopware"]
PresetName = Literal["shopify", "woocommerce", "jtl-ameise", "shopware"]


def _fields(kinds: Mapping[str, str], columns: Mapping[str, tuple[str, ...]]) -> tuple[Field, ...]:
    """Every field of a table; each kind lists its fields in one text."""
    return tuple(
        Field(name, columns.get(name, ()), kind)  # type: ignore[arg-type]
        for kind, names in kinds.items()
        for name in names.split()
    )


CUSTOMER_KINDS = {
    "text": "id email first_name last_name phone company language country region city group tags gender"
    " account consent consent_level sms_consent consent_source",
    "flag": "guest",
    "count": "shop_order_count",
    "amount": "shop_amount_spent",
    "moment": "birthday created_at updated_at consent_at confirmed_at",
}
ORDER_KINDS = {
    "text": "id number customer_id email status payment_status shipment_status currency codes payment_method"
    " channel location country line_product_id line_variant_id line_sku line_title line_kind",
    "flag": "test",
    "count": "line_quantity line_returned",
    "amount": "total subtotal tax shipping discounts refunded refunded_tax refunded_shipping"
    " line_price line_discount line_total",
    "moment": "placed_at updated_at cancelled_at paid_at shipped_at refunded_at",
}
CONTACT_KINDS = {
    "text": "email first_name last_name language country tags consent consent_level consent_source",
    "moment": "consent_at confirmed_at created_at",
}
COUPON_KINDS = {"text": "code"}


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """A platform's exports, and what it takes back.

    Attributes:
        prices: whether amounts hold tax; None: told from each order's own sums.
        own_tags: the import file's column for tags where the export has none. It is ours alone.
        coupons: how the file of coupons is laid out.
        coupon_terms: what the file of coupons carries to the checkout.
        coupon_email: whether a code in it can be bound to an e-mail address.
        delimiter: what the platform's imports expect between cells.
    """

    customers: tuple[Field, ...]
    orders: tuple[Field, ...]
    contacts: tuple[Field, ...]
    form: FileForm = FileForm()
    prices: Prices | None = "gross"
    own_tags: str | None = None
    coupons: CouponLayout = "plain"
    coupon_terms: frozenset[CouponTerm] = frozenset({CouponTerm.MINIMUM})
    coupon_email: bool = False
    delimiter: str = ","
    tag_separator: str = ", "


def _named(kinds: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for names in kinds.values() for name in names.split()}


#: Newsletter tools and tills; German and English names are tried one after the other.
_CONTACTS = {
    "email": ("email", "E-Mail", "Email", "Email Address", "E-Mail-Adresse", "Mail"),
    "first_name": ("first_name", "First Name", "Vorname"),
    "last_name": ("last_name", "Last Name", "Nachname", "Name"),
    "language": ("language", "Language", "Sprache"),
    "country": ("country", "Country", "Land"),
    "tags": ("tags", "Tags"),
    "consent": ("consent", "status", "Subscribed", "Newsletter", "Einwilligung"),
    "consent_at": ("consent_at", "OPTIN_TIME", "subscribed_at", "Angemeldet am", "Eintragsdatum"),
    "confirmed_at": ("confirmed_at", "CONFIRM_TIME", "Confirmed At", "Bestätigt am"),
    "consent_level": ("consent_level", "Opt-in type", "Opt-in-Art"),
    "consent_source": ("consent_source", "source", "Source", "Quelle", "Herkunft"),
    "created_at": ("created_at",),
}
CONTACTS = _fields(CONTACT_KINDS, _CONTACTS)

_CODE = ("code", "Code", "coupon_code", "post_title", "Gutscheincode", "Title", "Name")
COUPONS = (Field("code", _CODE, needed=True),)

#: What a file can say of a coupon.
_EVERY_TERM = frozenset(
    {
        CouponTerm.MINIMUM,
        CouponTerm.FREE_SHIPPING,
        CouponTerm.EXCLUDE_SALE_ITEMS,
        CouponTerm.COMBINABLE,
        CouponTerm.NOT_COMBINABLE,
    }
)

PLAIN = Preset(
    customers=_fields(CUSTOMER_KINDS, _named(CUSTOMER_KINDS)),
    orders=_fields(ORDER_KINDS, _named(ORDER_KINDS)),
    contacts=CONTACTS,
    coupon_terms=_EVERY_TERM,
)

SHOPIFY = Preset(
    customers=_fields(
        CUSTOMER_KINDS,
        {
            "id": ("Customer ID",),
            "email": ("Email",),
            "first_name": ("First Name",),
            "last_name": ("Last Name",),
            "phone": ("Phone", "Default Address Phone"),
            "company": ("Default Address Company", "Company"),
            "city": ("Default Address City", "City"),
            "region": ("Default Address Province Code", "Province Code"),
            "country": ("Default Address Country Code", "Country Code"),
            "consent": ("Accepts Email Marketing", "Accepts Marketing"),
            "sms_consent": ("Accepts SMS Marketing",),
            "shop_amount_spent": ("Total Spent",),
            "shop_order_count": ("Total Orders",),
            "tags": ("Tags",),
        },
    ),
    orders=_fields(
        ORDER_KINDS,
        {
            "id": ("Id",),
            "number": ("Name",),
            "email": ("Email",),
            "payment_status": ("Financial Status",),
            "paid_at": ("Paid at",),
            "shipment_status": ("Fulfillment Status",),
            "shipped_at": ("Fulfilled at",),
            "currency": ("Currency",),
            "subtotal": ("Subtotal",),
            "shipping": ("Shipping",),
            "tax": ("Taxes",),
            "total": ("Total",),
            "codes": ("Discount Code",),
            "discounts": ("Discount Amount",),
            "placed_at": ("Created at",),
            "cancelled_at": ("Cancelled at",),
            "payment_method": ("Payment Method",),
            "refunded": ("Refunded Amount",),
            "location": ("Location",),
            "channel": ("Source",),
            "country": ("Shipping Country", "Billing Country"),
            "line_quantity": ("Lineitem quantity",),
            "line_title": ("Lineitem name",),
            "line_sku": ("Lineitem sku",),
            "line_price": ("Lineitem price",),
            "line_discount": ("Lineitem discount",),
        },
    ),
    contacts=CONTACTS,
    form=FileForm(decimal="."),
    prices=None,
)

WOOCOMMERCE = Preset(
    customers=_fields(
        CUSTOMER_KINDS,
        {
            "id": ("customer_id", "ID", "user_id"),
            "email": ("email", "user_email", "billing_email"),
            "first_name": ("first_name", "billing_first_name"),
            "last_name": ("last_name", "billing_last_name"),
            "phone": ("billing_phone",),
            "company": ("billing_company",),
            "city": ("billing_city", "City"),
            "region": ("billing_state", "Region"),
            "country": ("billing_country", "Country / Region"),
            "group": ("role", "roles"),
            "created_at": ("date_registered", "user_registered", "Sign Up"),
            "shop_order_count": ("order_count", "Orders"),
            "shop_amount_spent": ("total_spent", "Total Spend"),
            "tags": ("meta:stammkunde_tags", "stammkunde_tags"),
        },
    ),
    orders=_fields(
        ORDER_KINDS,
        {
            "id": ("order_id",),
            "number": ("order_number_formatted", "order_number"),
            "customer_id": ("customer_id",),
            "email": ("billing_email", "customer_email"),
            "status": ("status",),
            "placed_at": ("order_date", "date"),
            "paid_at": ("paid_date",),
            "currency": ("order_currency",),
            "total": ("order_total",),
            "tax": ("tax_total",),
            "shipping": ("shipping_total",),
            "discounts": ("discount_total",),
            "refunded": ("refunded_total",),
            "payment_method": ("payment_method_title", "payment_method"),
            "country": ("shipping_country", "billing_country"),
            "codes": ("coupons", "coupon_codes", "coupon_items"),
            "line_product_id": ("item_product_id",),
            "line_sku": ("item_sku",),
            "line_title": ("item_name",),
            "line_quantity": ("item_quantity",),
            "line_total": ("item_total",),
            "line_returned": ("item_refunded_qty",),
        },
    ),
    contacts=CONTACTS,
    prices="net",
    own_tags="meta:stammkunde_tags",
    coupon_terms=_EVERY_TERM,
    coupons="woocommerce",
    coupon_email=True,
    tag_separator=",",
)

JTL_AMEISE = Preset(
    customers=_fields(
        CUSTOMER_KINDS,
        {
            "id": ("Kundennummer", "Kunden-Nr.", "Kundennr."),
            "email": ("E-Mail", "EMail", "Email", "E-Mail-Adresse"),
            "first_name": ("Vorname",),
            "last_name": ("Name", "Nachname"),
            "phone": ("Tel", "Telefon", "Telefonnummer"),
            "company": ("Firma",),
            "language": ("Sprache",),
            "country": ("Land ISO", "Land", "Länderkürzel"),
            "region": ("Bundesland",),
            "city": ("Ort",),
            "group": ("Kundengruppe",),
            "birthday": ("Geburtstag", "Geburtsdatum"),
            "gender": ("Anrede",),
            "consent": ("Newsletter", "Newsletterempfänger"),
            "created_at": ("Erstellt", "Erstelldatum", "Kunde seit"),
            "tags": ("Stammkunde-Tags",),
        },
    ),
    orders=_fields(
        ORDER_KINDS,
        {
            "id": ("Auftragsnummer", "Auftragsnr.", "Bestellnummer"),
            "number": ("Externe Auftragsnummer", "Auftragsnummer", "Auftragsnr.", "Bestellnummer"),
            "customer_id": ("Kundennummer", "Kunden-Nr.", "Kundennr."),
            "email": ("E-Mail", "EMail", "Email", "Rechnungsadresse E-Mail"),
            "placed_at": ("Auftragsdatum", "Erstelldatum", "Bestelldatum", "Erstellt"),
            "paid_at": ("Bezahldatum", "Zahlungsdatum", "Bezahlt am"),
            "shipped_at": ("Versanddatum", "Versendet am", "Lieferdatum"),
            "status": ("Auftragsstatus", "Status"),
            "payment_status": ("Zahlungsstatus", "Zahlstatus"),
            "shipment_status": ("Lieferstatus", "Versandstatus"),
            "currency": ("Währung", "Währung ISO"),
            "total": ("Auftragssumme brutto", "Gesamtbetrag brutto", "Bruttobetrag", "Gesamtbetrag", "Summe"),
            "tax": ("MwSt. gesamt", "Steuerbetrag"),
            "refunded": ("Gutschrift brutto", "Gutschriftbetrag"),
            "payment_method": ("Zahlungsart",),
            "channel": ("Plattform", "Verkaufskanal"),
            "country": ("Lieferadresse Land ISO", "Lieferland", "Land ISO", "Land"),
            "codes": ("Gutscheincode",),
            "line_sku": ("Artikelnummer",),
            "line_title": ("Artikelname", "Positionsname", "Bezeichnung"),
            "line_kind": ("Positionstyp",),
            "line_quantity": ("Menge", "Anzahl"),
            "line_price": ("VK Brutto", "Brutto-VK", "Einzelpreis brutto", "Preis brutto"),
            "line_total": ("Positionssumme brutto", "Gesamt brutto"),
        },
    ),
    contacts=CONTACTS,
    own_tags="Stammkunde-Tags",
    delimiter=";",
)

SHOPWARE = Preset(
    customers=_fields(
        CUSTOMER_KINDS,
        {
            "id": ("id",),
            "email": ("email",),
            "first_name": ("first_name",),
            "last_name": ("last_name",),
            "guest": ("guest",),
            "group": ("customer_group",),
            "language": ("language",),
            "company": ("billing_company",),
            "city": ("billing_city",),
            "country": ("billing_country",),
            "phone": ("billing_phone_number",),
            "gender": ("salutation",),
            "account": ("active",),
            "created_at": ("created_at",),
            "updated_at": ("updated_at",),
            "tags": ("stammkunde_tags",),
        },
    ),
    orders=_fields(
        ORDER_KINDS,
        {
            "id": ("id",),
            "number": ("order_number",),
            "customer_id": ("customer_id",),
            "email": ("customer_email",),
            "placed_at": ("order_date_time",),
            "updated_at": ("updated_at",),
            "total": ("amount_total",),
            "tax": ("amount_tax",),
            "shipping": ("shipping_total",),
            "currency": ("currency",),
            "status": ("order_state",),
            "payment_status": ("payment_state",),
            "shipment_status": ("delivery_state",),
            "payment_method": ("payment_method",),
            "country": ("shipping_country",),
            "codes": ("promotion_codes",),
        },
    ),
    contacts=CONTACTS,
    form=FileForm(delimiter=";", decimal="."),
    own_tags="stammkunde_tags",
    coupons="shopware",
    delimiter=";",
)

PRESETS: Mapping[str | None, Preset] = {
    None: PLAIN,
    "shopify": SHOPIFY,
    "woocommerce": WOOCOMMERCE,
    "jtl-ameise": JTL_AMEISE,
    "shopware": SHOPWARE,
}
