"""What the sample roaster sells."""

from datetime import UTC, datetime
from typing import NamedTuple

from connector.model import Product


class Variant(NamedTuple):
    """One size of a product; `price` in cents with tax."""

    sku: str
    size: str
    price: int


class Article(NamedTuple):
    """A product with its prices and its rate of VAT in percent."""

    product: Product
    variants: tuple[Variant, ...]
    vat: int
    popularity: int


#: Coffee is food; the machines around it are not.
FOOD_VAT = 7
FULL_VAT = 19

FIRST_PRODUCT_ID = 8_100_000_000_001

_VENDOR = "Rösterei Sandkasten"
_LISTED_AT = datetime(2022, 9, 1, 8, tzinfo=UTC)

#: Title, tags beside the category's, price of 250 g in cents, how often it is bought.
_ESPRESSO = [
    ("Espresso Nero", "kräftig", 890, 30),
    ("Espresso Hausmischung", "mild", 790, 40),
    ("Espresso Sizilien", "kräftig", 940, 14),
    ("Espresso Napoli", "robusta", 890, 12),
    ("Espresso Bio Peru", "bio", 1090, 12),
    ("Espresso Fairtrade Honduras", "fairtrade", 1040, 8),
    ("Espresso Entkoffeiniert", "entkoffeiniert", 990, 7),
    ("Espresso Monsooned Malabar", "indien", 1150, 5),
    ("Espresso Brasil Santos", "brasilien", 920, 11),
    ("Espresso Crema Grande", "mild", 850, 16),
    ("Espresso Zartbitter", "schokoladig", 960, 9),
    ("Espresso Jahrgang 1952", "limitiert", 1690, 2),
]
_FILTER = [
    ("Äthiopien Yirgacheffe", "blumig", 1190, 16),
    ("Äthiopien Sidamo natural", "fruchtig", 1240, 9),
    ("Kenia AA Nyeri", "fruchtig", 1390, 7),
    ("Kolumbien Huila", "nussig", 1050, 13),
    ("Guatemala Antigua", "schokoladig", 1090, 12),
    ("Costa Rica Tarrazú", "honig", 1140, 7),
    ("Brasilien Cerrado", "nussig", 890, 18),
    ("Ruanda Kivusee", "fruchtig", 1190, 5),
    ("Panama Geisha", "limitiert", 3490, 1),
    ("Sumatra Mandheling", "würzig", 1060, 6),
    ("Frühstückskaffee", "mild", 790, 28),
    ("Filterkaffee Entkoffeiniert", "entkoffeiniert", 960, 5),
    ("Bio Mexiko Chiapas", "bio", 1090, 8),
    ("Weihnachtsröstung", "saison", 1150, 6),
]
_SAMPLES = [
    ("Probierpaket Espresso", "espresso", 2490, 12),
    ("Probierpaket Filter", "filter", 2690, 10),
    ("Probierpaket Klein", "einstieg", 1490, 12),
    ("Weltreise in sechs Tassen", "geschenk", 3490, 5),
    ("Geschenkbox Adventskaffee", "geschenk", 4990, 3),
    ("Kennenlernset mit Handmühle", "einstieg", 7990, 2),
]
_ACCESSORIES = [
    ("Handfilter Porzellan Größe 4", "filter", 1990, 6),
    ("Filterpapier Größe 4, 100 Stück", "filter", 490, 14),
    ("French Press 1 l", "zubereitung", 3490, 4),
    ("Siebträger-Tamper 58 mm", "espresso", 3990, 3),
    ("Milchkännchen 350 ml", "espresso", 1890, 4),
    ("Kaffeedose 500 g", "aufbewahrung", 1690, 6),
    ("Handmühle Eiche", "mühle", 8990, 2),
    ("Elektrische Mühle Nordlicht", "mühle", 19900, 1),
    ("Espressotassen, 4 Stück", "geschirr", 2990, 4),
    ("Cappuccinotasse Blau", "geschirr", 1290, 5),
    ("Thermobecher Unterwegs", "geschirr", 2490, 4),
    ("Reinigungstabletten", "pflege", 990, 7),
    ("Entkalker 500 ml", "pflege", 1190, 6),
    ("Küchenwaage mit Stoppuhr", "zubereitung", 3990, 2),
    ("Aeropress", "zubereitung", 3790, 3),
    ("Karaffe Chemex 6 Tassen", "zubereitung", 5290, 2),
    ("Wasserkessel Schwanenhals", "zubereitung", 6990, 1),
]
_FOOD = [
    ("Zartbitter-Kaffeebohnen", "schokolade", 490, 8),
    ("Cantuccini 200 g", "gebäck", 590, 7),
    ("Trinkschokolade 72 %", "schokolade", 890, 5),
    ("Rohrzuckerwürfel", "zucker", 390, 6),
    ("Haferkekse Nordsee", "gebäck", 450, 5),
    ("Kaffeelikör 0,5 l", "alkohol", 2290, 2),
    ("Espressosirup Vanille", "sirup", 790, 4),
]
_OTHER = [
    ("Geschenkgutschein 25 €", "gutschein", 2500, 2),
    ("Geschenkgutschein 50 €", "gutschein", 5000, 1),
    ("Barista-Kurs Grundlagen", "kurs", 8900, 1),
    ("Barista-Kurs Latte Art", "kurs", 9900, 1),
]


def articles() -> list[Article]:
    """Everything in the shop, always the same."""
    found: list[Article] = []
    for category, tag, rows, vat in (
        ("Espresso", "espresso", _ESPRESSO, FOOD_VAT),
        ("Filterkaffee", "filter", _FILTER, FOOD_VAT),
        ("Probierpakete", "probierpaket", _SAMPLES, FOOD_VAT),
        ("Zubehör", "zubehör", _ACCESSORIES, FULL_VAT),
        ("Feinkost", "feinkost", _FOOD, FOOD_VAT),
        ("Gutscheine und Kurse", "sonstiges", _OTHER, FULL_VAT),
    ):
        for title, extra, price, popularity in rows:
            sizes = _sizes(price) if category in ("Espresso", "Filterkaffee") else (("", price),)
            found.append(_article(len(found), title, category, (tag, extra), sizes, vat, popularity))
    return found


def _sizes(price: int) -> tuple[tuple[str, int], ...]:
    return (("250 g", price), ("500 g", price * 19 // 10), ("1 kg", price * 35 // 10))


def _article(
    place: int,
    title: str,
    category: str,
    tags: tuple[str, ...],
    sizes: tuple[tuple[str, int], ...],
    vat: int,
    popularity: int,
) -> Article:
    variants = tuple(
        Variant(f"RS-{place + 1:03d}-{number}", size, price) for number, (size, price) in enumerate(sizes, 1)
    )
    product = Product(
        id=str(FIRST_PRODUCT_ID + place),
        title=title,
        vendor=_VENDOR,
        categories=(category,),
        tags=tuple(dict.fromkeys(tags)),
        skus=tuple(variant.sku for variant in variants),
        updated_at=_LISTED_AT,
    )
    return Article(product, variants, vat, popularity)
