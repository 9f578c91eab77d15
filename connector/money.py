"""Amounts between what people and platforms write and integer minor units."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

from babel.numbers import format_currency, get_currency_precision


@cache
def decimals(currency: str) -> int:
    """How many decimals a currency has (ISO 4217, by way of CLDR): 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def minor_units(amount: Decimal | str | int, currency: str) -> int:
    """An amount in a currency's own unit as integer minor units; halves are rounded away from zero.

    Raises:
        ValueError: it is not a finite decimal number.
    """
    try:
        scaled = Decimal(amount).scaleb(decimals(currency))
        return int(scaled.to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"{amount!r} is not an amount of money") from error


def major_units(amount: int, currency: str) -> Decimal:
    """Minor units as a decimal number in the currency's own unit."""
    return Decimal(amount).scaleb(-decimals(currency))


def money_text(amount: int, currency: str, locale: str = "en") -> str:
    """An amount for people: `1,234.50 EUR`."""
    return format_currency(major_units(amount, currency), currency, "#,##0.00 ¤¤", locale=locale)
