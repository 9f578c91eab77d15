"""What is wrong with a rule: one clear sentence, its place, and the nearest name."""

from collections.abc import Iterable
from difflib import get_close_matches

from connector.errors import ConfigError

# Long enough for any real name. Finding the nearest one takes time that grows with the square of it.
_LONGEST_NAME = 80


class RuleError(ConfigError):
    """A rule cannot be read, or asks for what there is not.

    Args:
        message: one sentence for the owner.
        text: the whole rule.
        position: index of the character in `text` that the sentence is about.

    `line` and `column` count from 1.
    """

    def __init__(self, message: str, text: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = max(0, min(position, len(text)))
        before = text[: self.position]
        self.line = before.count("\n") + 1
        self.column = self.position - (before.rfind("\n") + 1) + 1

    def pretty(self) -> str:
        """The sentence, the line it is about, and a caret below the place.

        A long line is cut to the part around the place.
        """
        shown = self.text.split("\n")[self.line - 1].replace("\t", " ").replace("\r", " ")
        start = max(0, self.column - 60)
        part = shown[start : start + 100]
        dots = "… " if start else ""
        return f"{self.message}\n  {dots}{part}\n  {' ' * (len(dots) + self.column - 1 - start)}^"


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'number_of_orders'?`, with a space before it, or nothing where no name is near."""
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word[:_LONGEST_NAME].casefold(), folded, n=1)
    return f" Did you mean '{folded[close[0]]}'?" if close else ""


def clip(word: str) -> str:
    """A word of the owner's as it is shown in a sentence: on one line, and not longer than one can read."""
    shown = " ".join(word[:200].split())
    return shown if len(shown) <= 40 else shown[:39] + "…"
