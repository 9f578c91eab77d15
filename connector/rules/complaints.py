"""What the parser stumbled over, said in the owner's words."""

import re

from lark import UnexpectedToken

from connector.rules.meant import meant
from connector.rules.problem import RuleError, clip

# What may come next, by tokens that are expected there; the first whose tokens all are is named.
_EXPECTED = (
    (("COMPARISON",), "a comparison such as = or >"),
    (("STRING",), "a value"),
    (("NAME",), "a condition such as number_of_orders > 3"),
    (("_AND", "_OR"), "AND, OR or the end"),
    (("_AND",), "AND"),
    (("CLOSE",), "a closing bracket"),
    (("NULL",), "NULL"),
    (("_WITH",), "WITH"),
    (("LPAR",), "a list in brackets"),
    (("COLON",), "a colon"),
    (("_BETWEEN",), "BETWEEN, IN, CONTAINS or MATCHES"),
)


def stray(text: str, position: int) -> RuleError:
    """A character that begins no word of the language."""
    if found := meant(text, position):
        return RuleError(found.sentence, text, found.start)
    if text[position] == "'":
        return RuleError("This text has no closing quote.", text, position)
    word = re.match(r"[\w.:+\-]+", text[position:])
    if word and re.match(r"[+-]?[0-9]", word[0]):
        message = (
            f"'{clip(word[0])}' is neither a number, such as 499.90, nor a date, such as 2026-01-31 or -90d."
        )
        return RuleError(message, text, position)
    return RuleError(f"'{clip(word[0]) if word else text[position]}' has no meaning here.", text, position)


def misplaced(text: str, error: UnexpectedToken) -> RuleError:
    """A word of the language where it cannot stand."""
    names = error.expected
    expected = next((words for tokens, words in _EXPECTED if names.issuperset(tokens)), "the end")
    if error.token.type == "$END":
        return RuleError(f"The rule ends too early: {expected} is missing.", text, len(text.rstrip()))
    position = error.token.start_pos or 0
    if found := meant(text, position):
        return RuleError(found.sentence, text, found.start)
    word = clip(str(error.token).strip("'"))
    return RuleError(f"'{word}' cannot stand here; expected is {expected}.", text, position)
