"""Pages in the reader's language: words from catalogs; numbers, days and money in their usual form.

Who reads is said once, by `speak` or `spoken`; what is shown after that is in that language.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.support import NullTranslations, Translations
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from connector.money import decimals

FOLDER = Path(__file__).with_name("translations")
LANGUAGES = {"en": "English", "de": "Deutsch"}
#: A day before the month and a point in thousands, as readers in Europe expect.
_LOCALES = {"en": "en_GB", "de": "de_DE"}


_reader: ContextVar[str] = ContextVar("reader", default="en")


def language() -> str:
    """The language of the page in hand."""
    return _reader.get()


def speak(name: str) -> Token[str]:
    """From now on pages of this thread are in that language, until `hush`."""
    return _reader.set(name)


def hush(token: Token[str]) -> None:
    """As it was before `speak`."""
    _reader.reset(token)


@contextmanager
def spoken(name: str) -> Iterator[None]:
    """Within, pages are in that language."""
    token = speak(name)
    try:
        yield
    finally:
        hush(token)


def by_reader(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that depends on who reads. Jinja would work it out once, in the first reader's language."""

    @pass_context
    def shown(_context: Context, *values: Any) -> Any:
        return function(*values)

    return shown


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
    return commands(Markup(text)) % shown  # noqa: S704  our own text


_COMMAND = re.compile(r"`([^`]+)`")


def commands(text: Markup) -> Markup:
    """What is to be typed, which stands between backticks, as a page shows it."""
    return Markup(_COMMAND.sub(r"<code>\1</code>", str(text)))  # noqa: S704  it was markup before


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
    return NONE if value is None else _sign(round(value, places)) + number(abs(value), places)


def _sign(value: float) -> str:
    return "+" if value > 0 else "−" if value < 0 else "±"


def percent(value: float | None, places: int = 1) -> str:
    """12,3 %"""
    if value is None:
        return NONE
    pattern = "#,##0" + ("." + "0" * places if places else "") + ("\xa0%" if language() == "de" else "%")
    return numbers.format_percent(
        round(value, places + 2), pattern, locale=_locale(), decimal_quantization=False
    )


def money(minor: float | None, currency: str) -> str:
    """1.234,50 €, from minor units."""
    if minor is None:
        return NONE
    amount = Decimal(round(minor)).scaleb(-decimals(currency))
    return numbers.format_currency(amount, currency, locale=_locale())


def money_change(minor: float | None, currency: str) -> str:
    """+12,00 €"""
    return NONE if minor is None else _sign(round(minor)) + money(abs(minor), currency)


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
_SHARE = re.compile(r"(\d+)%")
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
    if share := _SHARE.fullmatch(value):
        return percent(int(share[1]) / 100, 0)
    amount = _AMOUNT.fullmatch(value)
    return _amount(Decimal(amount[1].replace(",", "")), amount[2]) if amount else value


def _amount(amount: Decimal, currency: str) -> str:
    """With parts of a cent where the sentence has them: 33.3367 is less than 33.34."""
    pattern = _locale().currency_formats["standard"].pattern
    places = max(decimals(currency), -int(amount.as_tuple().exponent))
    fraction = "." + "0" * places if places else ""
    return numbers.format_currency(
        amount, currency, pattern.replace(".00", fraction), locale=_locale(), currency_digits=False
    )


FILTERS: dict[str, Any] = {
    "number": number,
    "signed": signed,
    "percent": percent,
    "money": money,
    "money_change": money_change,
    "days": days,
    "day": day,
    "month": month,
    "moment": moment,
    "ago": ago,
    "fact": fact,
}
