"""From what people and exports write in a cell to values. A ValueError says what is wrong with the text.

Written out rather than left to a parser of "any date" or "any number": those take "10" for a day of this
month and "1,5" for fifteen, and a wrong value is worse than an error.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal
from zoneinfo import ZoneInfo

_BLANKS = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_CURRENCY = re.compile(r"[^\W\d_]{0,4}\.?[€$£¥₣₤₹₺₽]?")  # "EUR", "Fr.", "US$", "zł"
_SIGNS = "-−–"
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DIGITS = re.compile(r"[0-9]+(?:[.,'’ ][0-9]+)*")

_DATE = re.compile(
    r"(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"|(?P<d2>\d{1,2})\.\s?(?P<m2>\d{1,2})\.\s?(?P<y2>\d{4})"
    r"|(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y3>\d{4}))"
)
_TIME = re.compile(
    r"(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?(?:\s*Uhr)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_NO_DATE = re.compile(r"0{1,4}[-./]0{1,2}[-./]0{1,4}([ T]0{1,2}:00(:00)?)?")

_YES = {"1", "true", "yes", "y", "ja", "j", "wahr", "x", "on", "subscribed", "abonniert"}
_NO = {"0", "false", "no", "n", "nein", "falsch", "off", "not_subscribed", "unsubscribed", "abgemeldet"}


def to_number(text: str, decimal: Literal[".", ","] | None) -> Decimal:
    """A number with its currency sign, thousands separators and sign on either side taken off.

    Raises:
        ValueError: it is none, or its separators stand in the wrong places.
    """
    if _PLAIN.fullmatch(text) and (decimal != "," or "." not in text):
        return Decimal(text)  # most of them, and ten times as fast
    bare, negative = _bare(text)
    if not _DIGITS.fullmatch(bare):
        raise ValueError(f"{text!r} is not a number")
    sign = decimal or "."
    whole, _, fraction = bare.partition(sign)
    if fraction and not fraction.isdecimal():
        raise ValueError(f"{text!r} is not a number with a decimal {'comma' if sign == ',' else 'point'}")
    groups = re.split("[.,'’ ]", whole)
    if len(groups) > 1 and (len(groups[0]) > 3 or any(len(group) != 3 for group in groups[1:])):
        raise ValueError(f"{text!r} is not a number with a decimal {'comma' if sign == ',' else 'point'}")
    try:
        number = Decimal(f"{''.join(groups)}.{fraction or 0}")
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a number") from error
    return -number if negative else number


def _bare(text: str) -> tuple[str, bool]:
    """Digits and separators alone, and whether the number is below zero."""
    bare = re.sub(r"[.,][-–—]+(?=\D*$)", "", _BLANKS.sub(" ", text).strip())  # "12,-" has no cents
    negative = False
    if bare.startswith("(") and bare.endswith(")"):  # bookkeeping writes -5 as (5)
        bare, negative = bare[1:-1].strip(), True
    first = re.search("[0-9.,]", bare)
    if first is None:
        return bare, False
    last = max(place for place, each in enumerate(bare) if each.isdigit() or each in ".,")
    before, after = bare[: first.start()], bare[last + 1 :]
    signs = [each for each in before + after if each in _SIGNS or each == "+"]
    negative ^= any(each in _SIGNS for each in signs)
    around = [part.strip(" +" + _SIGNS) for part in (before, after)]
    if len(signs) > 1 or not all(_CURRENCY.fullmatch(part) for part in around):
        return text, False
    inner = bare[first.start() : last + 1]
    return (f"0{inner}" if inner[:1] in (".", ",") else inner), negative


def to_moment(text: str, zone: ZoneInfo, dates: str | None) -> datetime | None:
    """A time, aware and in UTC. One without an offset is in `zone`; a day alone is its beginning.

    A pattern goes first; what does not fit it is read as without one, if that is clear.

    None for what databases write instead of nothing, "0000-00-00 00:00:00".

    Raises:
        ValueError: it is no time, or day and month cannot be told apart.
    """
    text = text.strip()
    if _NO_DATE.fullmatch(text):
        return None
    if dates is not None and "%" in dates:
        try:
            found = datetime.strptime(text, dates)  # noqa: DTZ007  the zone follows
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        except ValueError:  # a birthday beside times, say, if it can be read one way only
            if not _DATE.match(text) or "/" in text[:6]:
                raise
    match = _DATE.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date")
    day = _day(match, text, dates)
    rest = text[match.end() :].lstrip(" T,")
    if not rest:
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    clock = _TIME.fullmatch(rest)
    if clock is None:
        raise ValueError(f"{text!r} is not a date with a time")
    return _at(day, clock, zone)


def _day(match: re.Match[str], text: str, dates: str | None) -> date:
    part = match.groupdict()
    if part["y"]:
        year, month, day = part["y"], part["m"], part["d"]
    elif part["y2"]:
        year, month, day = part["y2"], part["m2"], part["d2"]
    elif dates == "month-first":
        year, month, day = part["y3"], part["a"], part["b"]
    elif dates == "day-first":
        year, month, day = part["y3"], part["b"], part["a"]
    else:
        raise ValueError(f'{text!r} can be read two ways: say dates = "day-first" or "month-first"')
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"{text!r} is not a day of the calendar") from None


def _at(day: date, clock: re.Match[str], zone: ZoneInfo) -> datetime:
    hour = int(clock["h"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"] in "Pp" else 0)
    offset = clock["zone"]
    iso = f"{day.isoformat()}T{hour:02}:{clock['min']}:{clock['s'] or '00'}"
    found = datetime.fromisoformat(iso + _offset(offset))
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _offset(text: str | None) -> str:
    if text is None:
        return ""
    return "+00:00" if text[0] in "ZUG" else f"{text[:3]}:{text[-2:]}"


def to_day(text: str, dates: str | None) -> date | None:
    """A day, such as a birthday; a time of day behind it is dropped."""
    moment = to_moment(text, ZoneInfo("UTC"), dates)
    return None if moment is None else moment.date()


def to_flag(text: str) -> bool:
    """Yes or no, in English or German.

    Raises:
        ValueError: it is neither.
    """
    word = text.strip().casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"{text!r} is neither yes nor no")
