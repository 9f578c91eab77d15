"""Spans, rhythms and hours, as the owner writes them: "15m", "30 3 * * *", "22:00-07:00"."""

import re
from datetime import time
from typing import Annotated

from pydantic import AfterValidator

from connector.config.secret import Text, refuse

NEVER = "never"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_SPAN_MEND = "Write a number and s, m, h or d, such as '15m'."


def seconds_of(text: str) -> int | None:
    """The seconds of a span such as "15m"; None where it is none."""
    found = _SPAN.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def hours_of(text: str) -> tuple[time, time]:
    """Both ends of "22:00-07:00"; the second may lie on the next day."""
    found = _HOURS.fullmatch(text)
    assert found is not None  # noqa: S101  the config was validated
    first, last = found.group(1, 2), found.group(3, 4)
    return time(int(first[0]), int(first[1])), time(int(last[0]), int(last[1]))


def _check_span(text: str) -> str:
    if seconds_of(text) is None:
        raise refuse("must be a span of time", _SPAN_MEND)
    return text


def _check_rhythm(text: str) -> str:
    if text == NEVER or seconds_of(text) is not None:
        return text
    fields = text.split()
    if len(fields) != 5:
        raise refuse(
            "must be a span, five fields of cron, or 'never'",
            "Write it as in '15m', as in '30 3 * * *' (minute, hour, day, month, weekday), or 'never'.",
        )
    if re.search(r"[0-9]", fields[4]):
        # 0 is Sunday to cron and Monday to APScheduler: whichever we took, somebody would mean the other
        raise refuse("has a weekday in digits", "Write weekdays as mon, tue, wed, thu, fri, sat or sun.")
    from apscheduler.triggers.cron import CronTrigger  # takes a while to load, and few configs need it

    try:
        CronTrigger.from_crontab(text, timezone="UTC")
    except ValueError as error:
        raise refuse(f"is not understood: {error}", "Write it as in '30 3 * * *'.") from None
    return text


def _check_hours(text: str) -> str:
    if _HOURS.fullmatch(text) is None or len(set(hours_of(text))) == 1:
        raise refuse("must be two different times of day", "Write it as in '22:00-07:00'.")
    return text


Span = Annotated[Text, AfterValidator(_check_span)]
Rhythm = Annotated[Text, AfterValidator(_check_rhythm)]
Hours = Annotated[Text, AfterValidator(_check_hours)]
