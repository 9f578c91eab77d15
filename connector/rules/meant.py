"""What was meant: habits of other languages, of German, of everyday writing, and how it is written here."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from connector.rules.attributes import ATTRIBUTES
from connector.rules.columns import Type
from connector.rules.dates import EXTENSION_NAMES
from connector.rules.functions import CALLS, FUNCTIONS
from connector.rules.problem import clip


class Meant(NamedTuple):
    """A sentence, and the place it is about."""

    sentence: str
    start: int


_Reader = Callable[["re.Match[str]"], str | None]


def meant(text: str, position: int) -> Meant | None:
    """How it is written what stands around a place, where we understand it.

    Args:
        position: where the parser stumbled; what is meant begins there or before, and reaches there.
    """
    for pattern, read in _HABITS:
        for found in _around(pattern, text, position):
            if sentence := read(found):
                return Meant(sentence, found.start())
    before = re.search(r"[^\W\d_]+(?=\s+$)", text[max(0, position - _FAR) : position])
    sentence = before and _word(before)
    return Meant(sentence, max(0, position - _FAR) + before.start()) if before and sentence else None


_FAR = 200  #: characters; nobody means more at once, and a rule of 10,000 is not searched for each habit


def _around(pattern: "re.Pattern[str]", text: str, position: int) -> Iterator["re.Match[str]"]:
    for found in pattern.finditer(text, max(0, position - _FAR), position + _FAR):
        if found.start() <= position <= max(found.end() - 1, found.start()):
            yield found


def _written(mend: str | None, found: "re.Match[str]") -> str | None:
    shown = clip(found[0])
    return f"'{shown}' is written {mend}." if mend and mend != shown else None


# Words and signs

_SIGNS = {
    "==": "=", "===": "=", "=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "≠": "!=", "<>": "!=",
    "!==": "!=", "=!": "!=", ">=": ">=", "<=": "<=", "!=": "!=",  # with a blank inside
    "&&": "AND", "&": "AND", "||": "OR", "|": "OR", "[": "(", "]": ")", "{": "(", "}": ")",
}  # fmt: skip
_WORDS = {
    "und": "AND", "oder": "OR", "nicht": "NOT", "zwischen": "BETWEEN", "bis": "AND", "to": "AND",
    "enthält": "CONTAINS", "enthaelt": "CONTAINS", "contain": "CONTAINS", "has": "CONTAINS",
    "includes": "CONTAINS", "include": "CONTAINS", "leer": "NULL", "empty": "NULL", "blank": "NULL",
    "gleich": "=", "equals": "=", "equal": "=", "ist": "=", "is": "=",
    "heute": "today", "jetzt": "today", "now": "today", "gestern": "yesterday",
    "ja": "true", "yes": "true", "wahr": "true", "nein": "false", "no": "false", "falsch": "false",
}  # fmt: skip
_PHRASES = {
    r"(?:greater|more|larger|higher|größer|groesser|mehr)(?:\s+(?:than|als))?": ">",
    r"(?:over|above|über)": ">",
    r"(?:less|fewer|smaller|lower|kleiner|weniger)(?:\s+(?:than|als))?": "<",
    r"(?:under|below|unter)": "<",
    r"(?:at\s+least|mindestens)": ">=",
    r"(?:at\s+most|höchstens|hoechstens)": "<=",
    r"(?:before|vor|older\s+than|älter\s+als)": "<",
    r"(?:after|nach|newer\s+than|jünger\s+als)": ">",
    r"(?:since|seit|(?:with)?in(?:\s+the)?\s+last|within)": ">=",
    r"does\s+not\s+(?:contain|include)s?": "NOT CONTAINS",
    r"!=\s*null|<>\s*null|(?<!is\s)not\s+null|is\s+not\s+(?:empty|blank)|ist\s+nicht\s+leer": "IS NOT NULL",
    r"=+\s*null|ist?\s+(?:empty|leer|blank)": "IS NULL",
}


def word_meant(word: str) -> str | None:
    """The word of the language for one of German or of everyday English, or None."""
    return _WORDS.get(word.casefold())


def _word(found: "re.Match[str]") -> str | None:
    return _written(word_meant(found[0]), found)


def _sign(found: "re.Match[str]") -> str | None:
    return _written(_SIGNS.get("".join(found[0].split())), found)


def _of_phrase(mend: str) -> _Reader:
    return lambda found: _written(mend, found)


# Numbers

_NUMBERS = "Numbers are written with a decimal point and without separators, such as 1499.90."
_CURRENCY = "Amounts are written without a currency; it is the shop's."
_MONEY = r"(?:[€$£]|(?:eur|euros?|usd|chf|gbp|dollars?)(?!\w))"


def _number(found: "re.Match[str]") -> str | None:
    """1.000,50 and 1,000.50 are plain; of 1,000 nobody knows which it is."""
    shown = found[0]
    if re.fullmatch(r"[0-9]{1,3},[0-9]{3}", shown):
        return _NUMBERS
    signs = re.sub(r"[0-9]", "", shown)
    if len(signs) > 1 and len(set(signs)) == 1:  # 1.000.000
        return _grouped(found)
    decimal = max(shown.rfind(","), shown.rfind("."))
    whole, after = re.sub(r"[^0-9]", "", shown[:decimal]), shown[decimal + 1 :]
    return _written(f"{whole}.{after}", found)


def _grouped(found: "re.Match[str]") -> str | None:
    return _written(re.sub(r"[^0-9]", "", found[0]), found)


def _open_end(found: "re.Match[str]") -> str | None:
    return _written(found[1].replace(",", "."), found)


def _percent(found: "re.Match[str]") -> str | None:
    share = (Decimal(found[1].replace(",", ".")) / 100).normalize()
    return _written(f"{share:f}", found)


# Dates

_UNITS = {
    **dict.fromkeys(("d", "t", "day", "days", "tag", "tage", "tagen"), "d"),
    **dict.fromkeys(("w", "week", "weeks", "woche", "wochen"), "w"),
    **dict.fromkeys(("m", "month", "months", "monat", "monate", "monaten"), "m"),
    **dict.fromkeys(("y", "j", "year", "years", "jahr", "jahre", "jahren"), "y"),
}
_UNIT = f"({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![^\\W_])"


def _span(found: "re.Match[str]") -> str | None:
    """90 days are -90d for a date, and 90 for a number of days."""
    sign, amount, unit = found[1], found[2], _UNITS[found[3].casefold()]
    column = ATTRIBUTES.get(_compared(found.string[: found.start()]))
    if column and column.type not in (Type.DAY, Type.MOMENT):
        return _written(amount, found)
    return _written(f"{sign or '-'}{amount}{unit}", found)


def _compared(before: str) -> str:
    """The attribute that a value is compared with."""
    names = re.findall(r"[^\W\d]\w*(?=\s*(?:[=<>!]|not\s|between\s|in\s))", before[-_FAR:], re.IGNORECASE)
    return names[-1].lower() if names else ""


def _reckoned(found: "re.Match[str]") -> str | None:
    return _written(f"{found[1]}{found[2]}{_UNITS[found[3].casefold()]}", found)


def written_date(text: str) -> str | None:
    """A date in the one form there is, from those that people write; None where it may be two."""
    parts = re.fullmatch(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})", text.strip())
    if parts is None:
        return None
    first, second, third = parts[1], parts[3], parts[4]
    if len(first) == 4 and len(third) <= 2:
        year, month, day = first, second, third
    elif len(third) != 4 or len(first) > 2:
        return None
    elif parts[2] == "." or (int(first) > 12 >= int(second)):
        year, month, day = third, second, first
    elif int(second) > 12 >= int(first):
        year, month, day = third, first, second
    else:
        return None
    return f"{year}-{int(month):02}-{int(day):02}"


def _date(found: "re.Match[str]") -> str | None:
    mend = written_date(found[0])
    if mend is None:
        return f"'{found[0]}' is not a date: dates are written like 2026-01-31."
    return _written(mend, found)


# Names and brackets

_NAMES = frozenset({*ATTRIBUTES, *FUNCTIONS, *CALLS, *EXTENSION_NAMES})


def _in_pieces(found: "re.Match[str]") -> str | None:
    """`amount spent`, or `last month` for last_calendar_month."""
    joined = "_".join(found[0].casefold().split())
    named = joined.replace("last_", "last_calendar_").replace("this_", "this_calendar_")
    return _written(next((each for each in (joined, named) if each in _NAMES), None), found)


def _quoted_name(found: "re.Match[str]") -> str | None:
    name = found[1].lower()
    return _written(name, found) if name in _NAMES else None


def _question(found: "re.Match[str]") -> str | None:
    name = found[1].lower()
    if name in FUNCTIONS:
        return f"{name} is a question. Write it like this: {FUNCTIONS[name].example}."
    return f"{name} is written like this: {CALLS[name].example}." if name in CALLS else None


def _several(found: "re.Match[str]") -> str | None:
    values = re.findall(r"'[^']*'", found[2])
    mend = " OR ".join(f"{found[1]} CONTAINS {value}" for value in values)
    return f"CONTAINS has one value. Write it like this: {mend}." if len(values) > 1 else None


def _between(found: "re.Match[str]") -> str | None:
    return _written(f"BETWEEN {found[1]} AND {found[2]}", found)


def _denied(found: "re.Match[str]") -> str | None:
    return _written(f"NOT {found[1]} {found[2]}", found) if found[1].lower() in _NAMES else None


def _separator(found: "re.Match[str]") -> str | None:
    inside = _is_in_brackets_of_a_question(found.string, found.start())
    return _written("," if inside else "AND", found)


def _is_in_brackets_of_a_question(text: str, position: int) -> bool:
    before = text[:position]
    opened = before.rfind("(")
    return opened > before.rfind(")") and bool(re.search(r"(\w|matches\s*)$", before[:opened], re.IGNORECASE))


def _colon(found: "re.Match[str]") -> str | None:
    return _written("=" if found[0] == ":" else ":", found)


def _joined_in_brackets(found: "re.Match[str]") -> str | None:
    if not _is_in_brackets_of_a_question(found.string, found.start()):
        return None
    if found[0].lower() == "and":
        return "In the brackets of a question, conditions are joined with commas, not with AND."
    return "In the brackets of a question there is no OR; several values stand behind IN, as in id IN (7, 8)."


def _comment(found: "re.Match[str]") -> str | None:
    return f"A rule has no comments: leave out what stands behind {found[0]}."


def _straight(found: "re.Match[str]") -> str | None:
    straight = "straight single quotes" if found[0] != '"' else "single quotes"
    return f"Text stands in {straight}, such as 'espresso'."


_COMPARED = r"([=<>!]+|contains)"
_VALUE = r"'[^']*'|[0-9][0-9.-]*"
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


def _repeated(found: "re.Match[str]") -> str | None:
    """abc_class = 'A' OR 'B', and amount_spent > 100 AND < 200."""
    name, one, value, word, other, last = found.groups()
    mend = f"{name} {one} {value} {word.upper()} {name} {other or one} {last}"
    return f"Every condition names its attribute. Write it like this: {mend}."


def _turned(found: "re.Match[str]") -> str | None:
    """100 < amount_spent."""
    value, sign, name = found.groups()
    return _written(f"{name} {_FLIPPED[sign]} {value}" if sign in _FLIPPED else None, found)


# Those that read more of the text come before those that read less.
_HABITS: tuple[tuple["re.Pattern[str]", _Reader], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (r"[\"“”„‘’`']([a-z_]+)[\"“”‘’`']", _quoted_name),
        (r"[\"“”„‘’]", _straight),
        (r"(?<=')(?:\w[^']*'|'\w)", lambda _: r"A quote inside text is written \'."),
        (r"--|//|/\*|#", _comment),
        *((rf"(?<!\w)(?:{phrase})(?!\w)", _of_phrase(mend)) for phrase, mend in _PHRASES.items()),
        (r"(\w+)\s+(?:not\s+)?contains\s*\(?((?:\s*'[^']*'\s*[,)]?)+)", _several),
        (rf"(\w+)\s*{_COMPARED}\s*({_VALUE})\s+(and|or)\s+{_COMPARED}?\s*({_VALUE})", _repeated),
        (rf"({_VALUE})\s*([=<>!]+)\s*([^\W\d]\w*)", _turned),
        (r"[\w.+-]+@[\w.-]+", lambda found: f"Text stands in single quotes: '{clip(found[0])}'."),
        (r"between\s*\(?\s*([^\s,()]+)\s*(?:,|-|to|bis|und)\s*([^\s,()]+)\s*\)?", _between),
        (r"(\w+)\s+not\s*([=<>!]+)", _denied),
        (r"(anniversary)\s*\([^)]*\)\s*in\s+\w+", _question),
        (r"[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}(?!\w)", _date),
        (rf"(?:today|now|heute)\s*([+-])\s*([0-9]+)\s*{_UNIT}", _reckoned),
        (rf"(?:([+-])\s*)?(?<![\w.])([0-9]+)[\s_]*{_UNIT}(?:[\s_]*ago)?", _span),
        (r"([0-9]+(?:[.,][0-9]+)?)\s*%", _percent),
        (rf"[0-9][0-9.,]*\s*{_MONEY}|(?<!\w){_MONEY}(?:\s*[0-9])?", lambda _: _CURRENCY),
        (r"(?<!\w)([0-9]+)(?:[.,][-–]+|\.(?![0-9]))", _open_end),
        (r"(?<![\w.,])[0-9]{1,3}(?:[ '’][0-9]{3})+(?![0-9.,])", _grouped),
        (r"(?<![\w.,])[0-9]+(?:[.,][0-9]+)+", _number),
        (r"(?<!\w)(\w+)\s+(?:not\s+)?matches\s*(?:\w+|')", _question),
        (r"(?<!\w)(\w+)\s*(?:'|\(\s*\w+\s*['=<>!])", _question),
        (r"(?<![\w.])[a-z]+(?:[ ]+[a-z]+){1,3}(?!\w)", _in_pieces),
        (r"(?<![\w.])[a-z]+[ ]+[a-z]+(?!\w)", _in_pieces),
        (r"[=<>!≥≤≠&|\[\]{}]+(?:\s+=)?", _sign),
        (r"(?<!\w)(?:and|or)(?!\w)", _joined_in_brackets),
        (r"[;,]", _separator),
        (r"(?<=\w)\s*(:)(?=\s)", _colon),
        (r"(?<!\w)like(?!\w)", lambda _: "Beginnings are compared with STARTS WITH, ends with ENDS WITH."),
        (r"`", lambda _: "Names stand without quotes, text in straight single quotes."),
        (r"!", lambda _: "The opposite is written with NOT."),
        (r"(?<!\w)not(?=\s+\w)", lambda _: "'NOT' is written AND NOT."),
        (r"(?<!\w)[^\W\d_]+(?!\w)", _word),
    )
)
