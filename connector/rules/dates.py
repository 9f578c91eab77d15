"""Dates as they are written in rules, and the whole days they stand for on a given day."""

import calendar
import re
from datetime import date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

_DAYS = {"d": 1, "w": 7}
_MONTHS = {"m": 1, "y": 12}
_LONGEST = {"d": 1, "w": 7, "m": 31, "y": 366}  #: days
# Far enough for every shop, and far enough from the ends of the calendar to step a day further.
_FIRST, _LAST = date(2, 1, 1), date(9998, 12, 31)


class Span(msgspec.Struct, frozen=True):
    """Whole days, both ends included. Most dates are a span of one day."""

    first: date
    last: date


class Offset(msgspec.Struct, frozen=True):
    """So many days (d), weeks (w), months (m) or years (y) from today; backwards if negative."""

    amount: int
    unit: str

    def span(self, today: date) -> Span:
        day = _shift(today, self.amount, self.unit)
        return Span(day, day)

    def days_back(self) -> int:
        """How many days of history it needs at most."""
        return max(0, -self.amount) * _LONGEST[self.unit]


class Named(msgspec.Struct, frozen=True):
    """A date with a name. Extensions may be longer than a day."""

    name: str

    def span(self, today: date) -> Span:
        match self.name:
            case "today":
                return Span(today, today)
            case "yesterday":
                return Span(today - timedelta(1), today - timedelta(1))
            case "this_calendar_month":
                return _month(today)
            case "last_calendar_month":
                return _month(today.replace(day=1) - timedelta(1))
            case "this_calendar_year":
                return Span(date(today.year, 1, 1), date(today.year, 12, 31))
            case _:
                return Span(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))

    def days_back(self) -> int:
        """How many days of history it needs at most."""
        return {"today": 0, "yesterday": 1, "this_calendar_month": 30, "last_calendar_month": 61}.get(
            self.name, 365 if self.name == "this_calendar_year" else 731
        )


NAMES = ("today", "yesterday", "7_days_ago", "30_days_ago", "90_days_ago", "12_months_ago")
#: Ours; a query with one of these does not run at Shopify.
EXTENSION_NAMES = (
    "this_calendar_month",
    "last_calendar_month",
    "this_calendar_year",
    "last_calendar_year",
)

#: A datetime is without a zone and means the shop's.
Day: TypeAlias = date | datetime | Offset | Named


def offset(text: str) -> Offset:
    """`-90d`, however many days: more than the calendar has are as many as it has."""
    return Offset(_capped(text[:-1]), text[-1].lower())


def ago(text: str) -> Offset | None:
    """`7_days_ago` and the like, or None where the unit is unknown."""
    found = re.fullmatch(r"([0-9]+)_(day|week|month|year)s?_ago", text.lower())
    return Offset(-_capped(found[1]), found[2][0]) if found else None


def _capped(number: str) -> int:
    digits = number.lstrip("+-").lstrip("0")
    amount = int(digits or 0) if len(digits) <= 7 else 10**7
    return -amount if number.startswith("-") else amount


def named(text: str) -> Named | None:
    """`today`, `last_calendar_month` and so on, or None."""
    folded = text.lower()
    return Named(folded) if folded in ("today", "yesterday", *EXTENSION_NAMES) else None


def span(day: Day, today: date) -> Span:
    """The days it stands for when today is `today`."""
    if isinstance(day, Offset | Named):
        return day.span(today)
    only = day.date() if isinstance(day, datetime) else day
    return Span(only, only)


def instants(day: Day, today: date, zone: ZoneInfo) -> tuple[int, int]:
    """Its first millisecond since 1970 (UTC), and the first one after it. A datetime lasts a second.

    A day begins at midnight of the shop's clock, or when the clock is put forward over midnight, then.
    """
    if isinstance(day, datetime):
        start = _milliseconds(day, zone)
        return start, start + 1000
    days = span(day, today)
    return (
        _milliseconds(datetime.combine(days.first, time.min), zone),
        _milliseconds(datetime.combine(days.last + timedelta(1), time.min), zone),
    )


def _milliseconds(local: datetime, zone: ZoneInfo) -> int:
    return round(local.replace(tzinfo=zone).timestamp() * 1000)


def bounded(day: date) -> date:
    """The nearest day we reckon with: the ends of the calendar are left out."""
    return min(max(day, _FIRST), _LAST)


def _shift(today: date, amount: int, unit: str) -> date:
    """Months keep the day of the month where they have it, and end earlier where not: 31 March -1m is the
    last day of February."""
    if unit in _DAYS:
        ordinal = today.toordinal() + amount * _DAYS[unit]
        return date.fromordinal(min(max(ordinal, _FIRST.toordinal()), _LAST.toordinal()))
    months = today.year * 12 + today.month - 1 + amount * _MONTHS[unit]
    months = min(max(months, _FIRST.year * 12), _LAST.year * 12 + 11)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _month(day: date) -> Span:
    return Span(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def year_days(first: date, last: date) -> tuple[str, str] | None:
    """Both days as `MM-DD`, or None where they are a whole year apart. For anniversaries.

    Born on 29 February, one celebrates on the 28th in other years.
    """
    if (last - first).days >= 365:
        return None
    leaps = calendar.isleap(last.year)
    end = "02-29" if (last.month, last.day) == (2, 28) and not leaps else f"{last:%m-%d}"
    return f"{first:%m-%d}", end
