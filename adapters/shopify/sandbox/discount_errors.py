"""What the API says against the input of a discount."""

from collections.abc import Iterator
from typing import Any

TITLE_LENGTH = 255


def missing(wanted: dict[str, Any], more: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """What a new discount has to say."""
    for name in ("title", "code", "startsAt", "context", *more):
        if not wanted.get(name):
            code = "BLANK" if name in ("title", "code") else "MISSING_ARGUMENT"
            yield error(name, code, f"{name} can't be blank")


def class_errors(wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Two codes for shipping never stand together."""
    if (wanted.get("combinesWith") or {}).get("shippingDiscounts"):
        message = "The combinesWith settings are not valid for the discount class."
        yield error("combinesWith", "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS", message)


def input_errors(wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Values that can be in no discount."""
    if len(wanted.get("title") or "") > TITLE_LENGTH:
        yield error("title", "TOO_LONG", "Title is too long (maximum is 255 characters)")
    percentage = ((wanted.get("customerGets") or {}).get("value") or {}).get("percentage")
    if percentage is not None and not 0 < percentage <= 1:
        yield error("customerGets", "VALUE_OUTSIDE_RANGE", "Value must be between 0.0 and 1.0")
    if wanted.get("usageLimit") is not None and wanted["usageLimit"] < 1:
        yield error("usageLimit", "VALUE_OUTSIDE_RANGE", "Usage limit must be greater than 0")


def ends_too_early() -> dict[str, Any]:
    """An end before the start."""
    return error("endsAt", "END_DATE_BEFORE_START_DATE", "Ends at needs to be after starts at")


def unknown(field: str = "id") -> dict[str, Any]:
    """The id of no discount."""
    return error(field, "INVALID", "Discount does not exist", root=None)


def error(field: str, code: str, message: str, *, root: str | None = "basicCodeDiscount") -> dict[str, Any]:
    """A `DiscountUserError`; `root` is the argument that the field stands in."""
    path = [root, field] if root else [field]
    return {"field": path, "code": code, "message": message, "extraInfo": None}
