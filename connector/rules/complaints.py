"""What the parser stumbled over, said in the owner's words."""

import re

from lark import UnexpectedToken

from connector.rules.problem import RuleError, clip

# What may come next, by a token that is expected there; the first that is among the expected ones is named.
_EXPECTED = (
    ("COMPARISON", "a comparison such as = or >"),
    ("STRING", "a value"),
    ("NAME", "a condition such as number_of_orders > 3"),
    ("_AND", "AND, OR or the end"),
    ("CLOSE", "a closing bracket"),
    ("NULL", "NULL"),
    ("_WITH", "WITH"),
    ("LPAR", "a list in brackets"),
    ("COLON", "a colon"),
)
_HABITS = {
    "==": "Equal is written with one =.",
    "<>": "Unequal is written !=.",
    "&&": "Conditions are joined with AND.",
    "||": "Conditions are joined with OR.",
    "!": "The opposite is written with NOT.",
    "like": "Beginnings are compared with STARTS WITH, ends with ENDS WITH.",
    '"': "Text stands in single quotes, such as 'espresso'.",
    "“": "Text stands in straight single quotes, such as 'espresso'.",
    "„": "Text stands in straight single quotes, such as 'espresso'.",
    "‘": "Text stands in straight single quotes, such as 'espresso'.",
    "’": "Text stands in straight single quotes, such as 'espresso'.",
    "`": "Names stand without quotes, text in straight single quotes.",
    "%": "A percentage is written as a number, such as 10.",
    "€": "Amounts are written without a currency; it is the shop's.",
    "$": "Amounts are written without a currency; it is the shop's.",
}


def stray(text: str, position: int) -> RuleError:
    """A character that begins no word of the language."""
    if text[position] == "'":
        return RuleError("This text has no closing quote.", text, position)
    found = re.match(r"[\w.:+\-]+", text[position:])
    if not found:
        return RuleError(_habit(text, position) or f"'{text[position]}' has no meaning here.", text, position)
    word = clip(found[0])
    if re.match(r"[0-9]+[-.][0-9]+[-.]", word):
        return RuleError(f"'{word}' is not a date: dates are written like 2026-01-31.", text, position)
    if re.match(r"[+-]?[0-9]", word):
        message = f"'{word}' is neither a number, such as 499.90, nor a date, such as 2026-01-31 or -90d."
        return RuleError(message, text, position)
    return RuleError(f"'{word}' has no meaning here.", text, position)


def misplaced(text: str, error: UnexpectedToken) -> RuleError:
    """A word of the language where it cannot stand."""
    expected = next((words for name, words in _EXPECTED if name in error.expected), "the end")
    if error.token.type == "$END":
        return RuleError(f"The rule ends too early: {expected} is missing.", text, len(text.rstrip()))
    position = error.token.start_pos or 0
    habit = _habit(text, position) or _habit(text, position - 1) or _of_numbers(text, position, error)
    if habit:
        return RuleError(habit, text, position)
    return RuleError(f"'{clip(str(error.token))}' cannot stand here; expected is {expected}.", text, position)


def _habit(text: str, position: int) -> str | None:
    """What somebody used to another language meant."""
    rest = text[max(0, position) : position + 4].casefold()
    return next((mend for habit, mend in _HABITS.items() if rest.startswith(habit)), None)


def _of_numbers(text: str, position: int, error: UnexpectedToken) -> str | None:
    if error.token.type == "COMMA" and re.search(r"[0-9]$", text[:position]):
        return "Numbers are written with a decimal point and without separators, such as 1499.90."
    if error.token.type == "STRING" and text[:position].endswith("'"):
        return r"A quote inside text is written \'."
    return None
