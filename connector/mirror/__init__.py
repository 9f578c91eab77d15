"""What the shop told us: storing pages, reads in progress, watermarks, and what is gone."""

from connector.mirror.forgotten import ERASED, EXPIRED, Forgotten
from connector.mirror.mirror import (
    OVERLAP,
    Mirror,
    Read,
    is_plausible,
    open_shop,
    remember_shop,
    shop_info,
)
from connector.mirror.terms import OBJECTION, PERSONAL, Terms, normalised

__all__ = [
    "ERASED",
    "EXPIRED",
    "OBJECTION",
    "OVERLAP",
    "PERSONAL",
    "Forgotten",
    "Mirror",
    "Read",
    "Terms",
    "is_plausible",
    "normalised",
    "open_shop",
    "remember_shop",
    "shop_info",
]
