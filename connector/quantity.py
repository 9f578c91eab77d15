"""Numbers of things, as people read them."""

import re
from collections.abc import Mapping


def counted(count: int, what: str, several: str = "") -> str:
    """`1 change`, `31,204 changes`.

    Args:
        several: the plural, where it is not made with an s.
    """
    return f"{count:,} {what if count == 1 else several or f'{what}s'}"


def people(count: int) -> str:
    """`1 person`, `31,204 people`."""
    return counted(count, "person", "people")


def listed(counts: Mapping[str, int], what: str = "") -> str:
    """`1 customer, 31,204 orders changed`, from plurals; what there is none of is left out."""
    shown = ", ".join(of_several(count, kind) for kind, count in counts.items() if count)
    return f"{shown} {what}".rstrip() if shown else ""


def of_several(count: int, several: str) -> str:
    """As `counted`, from words whose first that ends with an s is the plural: `1 customer read again`."""
    return f"{count:,} {_PLURAL.sub('', several, count=1) if count == 1 else several}"


_PLURAL = re.compile(r"(?<=\w)s\b")
