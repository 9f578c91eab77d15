"""The pages in the reader's language: words from catalogs; numbers, days and money in their usual form."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.support import NullTranslations, Translations
from flask import g, has_request_context, request, session
from markupsafe import Markup, escape

from connector.money import decimals
from connector.web.site import Site

FOLDER = Path(__file__).with_name("translations")
LANGUAGES = {"en": "English", "de": "Deutsch"}
#: A day before the month and a point in thousands, as readers in Europe expect.
_LOCALES = {"en": "en_GB", "de": "de_DE"}


def choose(site: Site) -> str:
    """The reader's language: as chosen on the page, else by the config, else by the browser."""
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    said = site.config().dashboard.language
    return said if said in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES)) or "en"


def language() -> str:
    """The language of the page in hand."""
    return str(g.language) if has_request_context() and "language" in g else "en"


@cache
def catalog(name: str) -> NullTranslations:
    """The words of a language; English ones are the words in the source."""
    return NullTranslations() if name == "en" else Translations.load(str(FOLDER), [name])


def _(text: str, /, **values: object) -> Markup:
    """A text in the reader's language, its places filled. Values are escaped."""
    return _filled(catalog(language()).ugettext(text), values)


def numbered(one: str, many: str, count: int, /, **values: object) -> Markup:
    """The same, in the number that `count` asks for; `%(n)s` is the count as the reader writes it."""
    text = catalog(language()).ungettext(one, many, count)
    return _filled(text, {"n": number(count), **values})


def _filled(text: str, values: dict[str, object]) -> Markup:
    shown = {name: escape(value) for name, value in values.items()}
    return Markup(text) % shown  # noqa: S704  our own text


def mark(text: str) -> str:
    """A text that is translated later, where it is shown."""
    return text


def _locale() -> Locale:
    return _locale_of(language())


@cache
def _locale_of(name: str) -> Locale:
    return Locale.parse(_LOCALES[name])


NONE = "–"
_DAY = {"en": "d MMM y", "de": "d. MMM y"}


def number(value: float | Decimal | None, places: int = 0) -> str:
    """1.234,5"""
    if value is None:
        return NONE
    pattern = "#,##0" + ("." + "0" * places if places else "")
    rounded = Decimal(str(round(value, places)))
    return str(numbers.format_decimal(rounded, pattern, locale=_locale(), decimal_quantization=False))


def signed(value: float | None, places: int = 0) -> str:
    """+12"""
    if value is None:
        return NONE
    shown = number(abs(value), places)
    return f"+{shown}" if value > 0 else f"−{shown}" if value < 0 else "±0"


def percent(value: float | None, places: int = 1) -> str:
    """12,3 %"""
    if value is None:
        return NONE
    pattern = "#,##0" + ("." + "0" * places if places else "") + (" %" if language() == "de" else "%")
    return numbers.format_percent(
        round(value, places + 2), pattern, locale=_locale(), decimal_quantization=False
    )


def money(minor: float | None, currency: str) -> str:
    """1.234,50 €, from minor units."""
    if minor is None:
        return NONE
    amount = Decimal(round(minor)).scaleb(-decimals(currency))
    return numbers.format_currency(amount, currency, locale=_locale())


def days(value: float | None) -> str:
    """61 or 61,5"""
    return NONE if value is None else number(value, 0 if float(value).is_integer() else 1)


def day(value: date | None) -> str:
    """22. Nov. 2026"""
    return NONE if value is None else dates.format_date(value, _DAY[language()], locale=_locale())


def month(value: str) -> str:
    """Nov. 2026, from 2026-11."""
    return dates.format_date(date.fromisoformat(f"{value}-01"), "MMM y", locale=_locale())


def moment(value: datetime | None, zone: str = "UTC") -> str:
    """22. Nov. 2026, 07:46, on the shop's clock."""
    if value is None:
        return NONE
    pattern = f"{_DAY[language()]}, HH:mm"
    return dates.format_datetime(value, pattern, tzinfo=ZoneInfo(zone), locale=_locale())


def ago(value: datetime | None, now: datetime) -> str:
    """vor 3 Stunden"""
    if value is None:
        return NONE
    return dates.format_timedelta(value - now, add_direction=True, locale=_locale())


_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_COUNT = re.compile(r"\d{1,3}(,\d{3})+")
_WRITTEN_DAY = re.compile(r"(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_AMOUNT = re.compile(r"(-?[\d,]+(?:\.\d+)?) ([A-Z]{3})")


def fact(value: str) -> str:
    """A day, a count or an amount of money as sentences of ours have it, in the reader's form."""
    if _ISO_DAY.fullmatch(value):
        return day(date.fromisoformat(value))
    written = _WRITTEN_DAY.fullmatch(value)
    if written and written[2] in _MONTHS:
        return day(date(int(written[3]), _MONTHS.index(written[2]) + 1, int(written[1])))
    if _COUNT.fullmatch(value):
        return number(int(value.replace(",", "")))
    amount = _AMOUNT.fullmatch(value)
    if amount:
        return numbers.format_currency(Decimal(amount[1].replace(",", "")), amount[2], locale=_locale())
    return value


FILTERS: dict[str, Any] = {
    "number": number,
    "signed": signed,
    "percent": percent,
    "money": money,
    "days": days,
    "day": day,
    "month": month,
    "moment": moment,
    "ago": ago,
    "fact": fact,
}
