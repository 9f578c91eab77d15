"""Who buys at the sample roaster."""

import unicodedata
from random import Random
from typing import NamedTuple

_FIRST = [
    "Anna",
    "Jürgen",
    "Sabine",
    "Björn",
    "Käthe",
    "Lukas",
    "Zoë",
    "Thomas",
    "Martina",
    "Jörg",
    "Sören",
    "Friederike",
    "Günther",
    "Ayşe",
    "Emre",
    "Marie",
    "Lina",
    "Paul",
    "Jonas",
    "Mia",
    "Ömer",
    "Heike",
    "Uwe",
    "Renate",
    "Dörte",
    "Achim",
    "Clara",
    "Felix",
    "Nils",
    "Pauline",
    "Rüdiger",
    "Svenja",
    "Tobias",
    "Ulrike",
    "Veronika",
    "Wolfgang",
    "Yvonne",
    "Malgorzata",
    "Andrzej",
    "François",
    "Chloë",
    "Jens",
    "Karin",
    "Gül",
    "Maximilian",
]
_LAST = [
    "Müller",
    "Schmidt",
    "Schneider",
    "Fischer",
    "Weber",
    "Meyer",
    "Wagner",
    "Becker",
    "Schulz",
    "Hoffmann",
    "Schäfer",
    "Koch",
    "Bauer",
    "Richter",
    "Klein",
    "Wolf",
    "Schröder",
    "Neumann",
    "Schwarz",
    "Zimmermann",
    "Braun",
    "Krüger",
    "Hofmann",
    "Hartmann",
    "Lange",
    "Schmitt",
    "Werner",
    "Krause",
    "Meier",
    "Lehmann",
    "Köhler",
    "Herrmann",
    "König",
    "Walter",
    "Mayer",
    "Huber",
    "Kaiser",
    "Fuchs",
    "Peters",
    "Lang",
    "Scholz",
    "Möller",
    "Weiß",
    "Jung",
    "Hahn",
    "Vogel",
    "Friedrich",
    "Günther",
    "Keller",
    "Schubert",
    "Berger",
    "Winkler",
    "Roth",
    "Beck",
    "Lorenz",
    "Baumann",
    "Franke",
    "Großmann",
    "Yılmaz",
    "Nowak",
    "Kowalski",
    "Öztürk",
    "Petersen",
    "Jansen",
    "Brückner",
    "Strauß",
]
_CITIES = (
    ("Hamburg", "HH"),
    ("Berlin", "BE"),
    ("München", "BY"),
    ("Köln", "NW"),
    ("Düsseldorf", "NW"),
    ("Leipzig", "SN"),
    ("Nürnberg", "BY"),
    ("Münster", "NW"),
    ("Lübeck", "SH"),
    ("Göttingen", "NI"),
    ("Würzburg", "BY"),
    ("Freiburg", "BW"),
    ("Kiel", "SH"),
    ("Saarbrücken", "SL"),
)
_ABROAD = (
    (0.05, "AT", "Wien", "9", "de-AT"),
    (0.09, "CH", "Zürich", "ZH", "de-CH"),
    (0.1, "NL", "Utrecht", "UT", "nl"),
)
_MAIL = ("example.com", "example.org", "example.net", "mail.example.com", "web.example.org")

DEALER_SHARE = 0.03


class Person(NamedTuple):
    """Somebody who buys, with or without an account."""

    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    company: str | None
    language: str
    country: str
    region: str
    city: str
    group: str | None
    tags: tuple[str, ...]
    dealer: bool
    shares_email: bool


def person(place: int, random: Random) -> Person:
    """The person at that place of the shop; nobody else has the same address, unless they share it."""
    first, last = random.choice(_FIRST), random.choice(_LAST)
    dealer, staff = random.random() < DEALER_SHARE, random.random() < 0.002
    language, country, city, region = _home(random)
    without_email, shares = random.random() < 0.015, random.random() < 0.005
    email = None if without_email else _email(first, last, place, staff=staff, random=random)
    return Person(
        first_name=first,
        last_name=last,
        email=email,
        phone=f"+49151{random.randrange(10**7, 10**8)}" if random.random() < 0.3 else None,
        company=f"Café {last}" if dealer else None,
        language=language,
        country=country,
        region=region,
        city=city,
        group="Händler" if dealer else None,
        tags=_tags(random, dealer=dealer, staff=staff),
        dealer=dealer,
        shares_email=shares,
    )


def _home(random: Random) -> tuple[str, str, str, str]:
    chance = random.random()
    for upper, country, city, region, language in _ABROAD:
        if chance < upper:
            return language, country, city, region
    city, region = random.choice(_CITIES)
    return "de", "DE", city, region


def _email(first: str, last: str, place: int, *, staff: bool, random: Random) -> str:
    domain = "roesterei-sandkasten.example" if staff else random.choice(_MAIL)
    return f"{_ascii(first)}.{_ascii(last)}{place}@{domain}"


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i"})


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().translate(_UMLAUTS))
    return plain.encode("ascii", "ignore").decode()


def _tags(random: Random, *, dealer: bool, staff: bool) -> tuple[str, ...]:
    tags = []
    if dealer:
        tags.append("b2b")
    if staff:
        tags.append("staff")
    if random.random() < 0.2:
        tags.append("Newsletter 2024")
    if random.random() < 0.04:
        tags.append("Messe Hamburg")
    return tuple(tags)
