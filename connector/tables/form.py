"""How a text file is written: encoding, delimiter, decimal sign, order of day and month."""

import codecs
import csv
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal

import msgspec

from connector.errors import ConfigError, TemporaryError

DateOrder = Literal["day-first", "month-first"]

#: Fewer are no evidence; more do not change the answer.
_ROWS_TO_GUESS_FROM = 200
_DELIMITERS = (";", ",", "\t", "|")
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "utf-16": "UTF-16", "cp1252": "Windows-1252"}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


#: How umlauts and accents look in UTF-8 that is taken for Windows-1252.
_SPOILT = re.compile("Ã[¤¶¼Ÿ„–œ©¨¡³\u00ad]")


class FileForm(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is written. What is None is guessed, or the file gave no reason for a guess.

    `dates` is "day-first", "month-first" (the American way, never guessed) or a pattern of `strptime` such as
    "%d.%m.%Y %H:%M". Dates like 31.12.2025 and 2025-12-31 are read without it.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    dates: str | None = None

    def text(self) -> str:
        """For people: `Windows-1252, ';', decimal comma`."""
        parts = [_NAMES.get(self.encoding or "", self.encoding or "unknown encoding")]
        parts += (
            [] if self.delimiter is None else ["tab" if self.delimiter == "\t" else f"'{self.delimiter}'"]
        )
        parts += [] if self.decimal is None else ["decimal comma" if self.decimal == "," else "decimal point"]
        parts += [] if self.dates is None else [f"dates {self.dates.replace('-', ' ', 1)}"]
        return ", ".join(parts)

    def problem(self) -> str | None:
        """What is wrong with what the owner said, or None."""
        if self.encoding is not None and not _is_encoding(self.encoding):
            return f"`encoding` is {self.encoding!r}, which is none; such as utf-8, windows-1252, cp850."
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            return (
                f"`delimiter` is {self.delimiter!r}, but it is one character, such as ; or , (a tab is \\t)."
            )
        if self.dates not in (None, "day-first", "month-first") and "%" not in str(self.dates):
            return (
                f"`dates` is {self.dates!r}; it is day-first, month-first or a pattern like %d.%m.%Y %H:%M."
            )
        return None


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def decoded(data: bytes, encoding: str | None, file: str) -> tuple[str, str]:
    """The text of a file and its encoding: by its byte order mark, else UTF-8 if it is, else Windows-1252.

    Not guessed by letter statistics: a list of names is too short for these, and a wrong guess spoils names
    without a trace. UTF-8 cannot be hit by accident, and Windows writes the rest.

    Raises:
        ConfigError: it is in none of these.
    """
    guesses = [encoding] if encoding else [*_marked(data), *_unmarked(data)]
    for guess in guesses:
        try:
            text = data.decode(guess)
        except UnicodeDecodeError as error:
            if guess.startswith("utf-8") and "unexpected end" in error.reason:
                raise unfinished(file, "ends in the middle of a letter") from error
            continue
        except UnicodeError:
            continue
        if not encoding and guess == "cp1252" and _SPOILT.search(text):
            raise ConfigError(f"{file} is written in UTF-8 here and in Windows-1252 there: export it anew.")
        return text, guess
    tried = " nor ".join(_NAMES.get(guess, guess) for guess in guesses)
    raise ConfigError(f"{file} is not written in {tried}: say `encoding`, such as cp850 or mac_roman.")


def _marked(data: bytes) -> list[str]:
    return [name for mark, name in _BOMS if data.startswith(mark)][:1]


def _unmarked(data: bytes) -> list[str]:
    if _marked(data):
        return []
    head = data[:2000]
    if head and head.count(0) > len(head) // 5:  # every second byte of Latin text in UTF-16
        return ["utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"]
    return ["utf-8", "cp1252"]


def guess_delimiter(text: str) -> str:
    """The delimiter that cuts most rows into equally many cells, and into more than one."""
    scores = {each: _evenness(text, each) for each in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda each: scores[each])
    return best if scores[best] > (0, 0) else ","


def _evenness(text: str, delimiter: str) -> tuple[float, int]:
    """(share of rows as wide as the first, its width); (0, 0) if that is one cell."""
    lines = islice(text_lines(text), 5 * _ROWS_TO_GUESS_FROM)
    try:
        rows = list(islice(csv.reader(lines, delimiter=delimiter), _ROWS_TO_GUESS_FROM))
    except csv.Error:
        return (0, 0)
    widths = [len(row) for row in rows if row]
    if not widths or widths[0] < 2:
        return (0, 0)
    return (round(widths.count(widths[0]) / len(widths), 1), widths[0])


def text_lines(text: str) -> Iterable[str]:
    """Lines as a file gives them: cut behind line feeds only, so that a cell may hold other breaks.

    Old Macintosh files end lines in a carriage return alone.
    """
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start : end + 1]
        start = end + 1
    if start < len(text):
        yield text[start:]


def guess_decimal(values: Iterable[str], file: str) -> Literal[".", ","] | None:
    """The decimal sign of a column's values: the last separator, unless exactly three digits follow one.

    Raises:
        ConfigError: the values contradict each other, or each could be read both ways.
    """
    seen: dict[str, str] = {}
    unclear: str | None = None
    for value in values:
        sign = _decimal_of(value)
        if sign == "?":
            unclear = unclear or value
        elif sign:
            seen.setdefault(sign, value)
    if len(seen) == 2:
        raise ConfigError(
            f"{file} has amounts with a decimal comma ({seen[',']!r}) and with a point ({seen['.']!r}):"
            " say `decimal`, and export it anew if both are meant."
        )
    if not seen and unclear is not None:
        raise ConfigError(
            f"{file} has amounts like {unclear!r}, which can be read two ways:"
            ' say decimal = "," or decimal = ".".'
        )
    return None if not seen else ("," if "," in seen else ".")


def _decimal_of(value: str) -> str | None:
    """',' or '.', "?" where it could be a thousands separator, None where there is neither."""
    comma, point = value.rfind(","), value.rfind(".")
    if comma < 0 and point < 0:
        return None
    if comma >= 0 and point >= 0:
        return "," if comma > point else "."
    sign = "," if comma >= 0 else "."
    if value.count(sign) > 1:  # 1.234.567 has two thousands separators
        return "." if sign == "," else ","
    whole, _, fraction = value.partition(sign)
    digits = sum(each.isdigit() for each in fraction)
    whole_digits = "".join(each for each in whole if each.isdigit())
    thousands = digits == 3 and 1 <= len(whole_digits) <= 3 and whole_digits.strip("0")
    return "?" if thousands else sign


def guess_date_order(values: Iterable[str], file: str) -> DateOrder | None:
    """Whether 03/04/2025 is in April, by dates that can only be read one way. None: there are no such dates.

    Raises:
        ConfigError: it is the American way, which has to be said, or nothing tells.
    """
    day_first = month_first = unclear = None
    for value in values:
        first, second, rest = [*value.strip().split("/", 2), "", ""][:3]
        if not (first.isdecimal() and second.isdecimal() and rest and len(first) <= 2):
            continue
        if int(first) > 12:
            day_first = value
        elif int(second) > 12:
            month_first = value
        else:
            unclear = value
    if month_first is not None:
        raise ConfigError(f'{file} has dates like {month_first!r}: say dates = "month-first".')
    if day_first is None and unclear is not None:
        raise ConfigError(
            f"{file} has dates like {unclear!r}, which can be read two ways:"
            ' say dates = "day-first" or "month-first".'
        )
    return "day-first" if day_first is not None else None


def unfinished(file: str, why: str) -> TemporaryError:
    """The error of a file that is still being written."""
    return TemporaryError(f"{file} {why}: it is still being written, or was cut off. Nothing of it is used.")


def cells_of(rows: Iterable[Sequence[str]], places: Iterable[int]) -> Iterable[str]:
    """The filled cells in some columns."""
    wanted = list(places)
    return (row[place] for row in rows for place in wanted if place < len(row) and row[place].strip())
