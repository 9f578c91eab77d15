"""What a customer is worth (DEFINITIONS, *CLV*)."""

from decimal import Decimal

import msgspec

from connector.metrics.counted import Known, ratio
from connector.metrics.lifecycle import Churn
from connector.metrics.windows import Windowed


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """The same for *spent*, *net sales* and *margin*: minor units per customer, unrounded."""

    period: float | None  #: AOV x frequency in the window
    historic: float | None  #: the mean of everything each customer ever gave
    simple: float | None  #: AOV x yearly frequency / yearly churn


class LifetimeValue(msgspec.Struct, frozen=True, kw_only=True):
    """Customer lifetime value. `margin`: of net sales, only where the owner configured one."""

    days: int  #: of the period, and the year of the simple one
    spent: Value
    net_sales: Value
    margin: Value | None


def lifetime_value(year: Windowed, known: Known, churn: Churn, margin: Decimal | None) -> LifetimeValue:
    """Work it out from a window of a year."""
    net = _value(year.net_sales, year, known.net, known, churn)
    return LifetimeValue(
        days=year.days,
        spent=_value(year.spent, year, known.spent, known, churn),
        net_sales=net,
        margin=None if margin is None else _times(net, float(margin)),
    )


def _value(value: int, year: Windowed, total: int, known: Known, churn: Churn) -> Value:
    period = ratio(value, year.customers)  # V / O x O / N, without rounding twice
    return Value(
        period=period,
        historic=ratio(total, known.customers),
        simple=None if period is None or churn.rate is None else ratio(period, churn.rate),
    )


def _times(value: Value, factor: float) -> Value:
    each = (value.period, value.historic, value.simple)
    period, historic, simple = (None if amount is None else amount * factor for amount in each)
    return Value(period=period, historic=historic, simple=simple)
