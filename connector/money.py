"""Amounts between what people and platforms write and integer minor units."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

from iso4217 import Currency


@cache
def decimals(currency: str) -> int:
    """How many decimals a currency has: 2 for EUR, 0 for JPY, 3 for KWD (ISO 4217, list one).

    A code that is not on the list (a test currency) is taken to have two.
    """
    try:
        return Currency(currency).exponent or 0
    except ValueError:
        return 2


def minor_units(amount: Decimal | str | int, currency: str) -> int:
    """An amount in a currency's own unit as integer minor units; halves are rounded away from zero.

    Raises:
        ValueError: it is not a finite decimal number.
    """
    try:
        return int(Decimal(amount).scaleb(decimals(currency)).to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"{amount!r} is not an amount of money") from error


def decimal_text(amount: int, currency: str) -> str:
    """Minor units as a plain decimal number, for platforms: 1250 EUR is `12.50`."""
    places = decimals(currency)
    return f"{Decimal(amount).scaleb(-places):.{places}f}"


def money_text(amount: int, currency: str) -> str:
    """An amount for people: `1,234.50 EUR`."""
    places = decimals(currency)
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency}"
