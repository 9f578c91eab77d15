"""The columns of the export templates. Data, no code.

The names are JTL-Ameise's own; of several the first that a file has is taken. docs/platforms/jtl.md lists
what belongs into each template.
"""

from connector.tables import Field

CUSTOMERS = (
    Field("id", ("Kundennummer",), needed=True),
    Field("email", ("E-Mail", "Email", "EMail")),
    Field("first_name", ("Vorname",)),
    Field("last_name", ("Nachname", "Name")),
    Field("company", ("Firma",)),
    Field("phone", ("Telefon", "Tel", "Mobiltelefon")),
    Field("city", ("Ort",)),
    Field("country", ("Land ISO", "Land (ISO)", "Länderkürzel")),
    Field("group", ("Kundengruppe",), needed=True),
    Field("since", ("Kunde seit", "Erstellt", "Erstelldatum"), "moment"),
)

ORDERS = (
    Field("id", ("Auftragsnummer",), needed=True),
    Field("number", ("Externe Auftragsnummer",), needed=True),
    Field("customer_id", ("Kundennummer",), needed=True),
    Field("email", ("E-Mail", "Rechnungsadresse E-Mail", "Email")),
    Field("placed", ("Auftragsdatum", "Erstelldatum"), "moment", needed=True),
    Field("cancelled", ("Storniert",), "flag", needed=True),
    Field("paid", ("Bezahldatum", "Zahlungsdatum", "Bezahlt am"), "moment", needed=True),
    Field("shipped", ("Versanddatum", "Versendet am"), "moment", needed=True),
    Field("currency", ("Währung", "Währung ISO")),
    Field(
        "total", ("Auftragssumme brutto", "Gesamtbetrag brutto", "Auftragswert brutto"), "amount", needed=True
    ),
    Field("payment_method", ("Zahlungsart",)),
    Field("channel", ("Plattform", "Verkaufskanal")),
    Field("country", ("Lieferadresse Land ISO", "Land ISO", "Land (ISO)")),
    Field("sku", ("Artikelnummer",), needed=True),
    Field("title", ("Artikelname", "Positionsname")),
    Field("kind", ("Positionstyp",)),
    Field("quantity", ("Menge", "Anzahl"), "amount", needed=True),
    Field("price", ("VK Netto", "Netto-VK", "Einzelpreis netto"), "amount", needed=True),
    Field("tax", ("MwSt.", "MwSt", "Steuersatz", "MwSt. in %"), "amount", needed=True),
)

CREDITS = (
    Field("id", ("Gutschriftnummer", "Rechnungskorrekturnummer"), needed=True),
    Field("order", ("Auftragsnummer",), needed=True),
    Field("date", ("Gutschriftdatum", "Erstelldatum", "Datum"), "moment", needed=True),
    Field("sku", ("Artikelnummer",)),
    Field("kind", ("Positionstyp",)),
    Field("quantity", ("Menge", "Anzahl"), "amount", needed=True),
    Field("price", ("VK Netto", "Netto-VK", "Einzelpreis netto"), "amount", needed=True),
    Field("tax", ("MwSt.", "MwSt", "Steuersatz", "MwSt. in %"), "amount", needed=True),
)

#: How files of each kind begin, in any capitals.
NAMES = {
    "customers": ("kunden",),
    "orders": ("auftraege", "aufträge", "auftrag"),
    "credits": ("gutschriften", "rechnungskorrekturen"),
}

#: What the import file's columns are called. The second is the merchant's own field of customers.
NUMBER_COLUMN, TAGS_COLUMN = "Kundennummer", "Stammkunde"

#: `nPosTyp` of a position (see `adapters.jtl.positions`) by a word in its kind; without a word, a position
#: with an item number is goods and every other one shipping, or a discount where it lowers the order.
KINDS = {"versand": 2, "gutschein": 4, "kupon": 3, "coupon": 3, "rabatt": 4, "zahlung": 5, "artikel": 1}
GOODS, SHIPPING, DISCOUNT = 1, 2, 4
