"""What a terminal is given: text, and nothing that steers it."""

import re

# All control characters but tabs and line ends, and what turns the direction of writing.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def tame(text: str) -> str:
    """The text without characters that steer a terminal: a customer may bear any name."""
    return _STEERING.sub(" ", text)
