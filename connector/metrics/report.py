"""All figures of a shop as of a day."""

from datetime import date

import msgspec

from connector.database import Database
from connector.metrics.acquisition import Month, acquisition
from connector.metrics.classes import Class, classes
from connector.metrics.cohorts import Cohort, cohorts
from connector.metrics.counted import Scope, counted
from connector.metrics.curve import Step, curve
from connector.metrics.gaps import Gaps, gaps
from connector.metrics.lifecycle import Churn, Stage, churn, stages
from connector.metrics.lifetime import LifetimeValue, lifetime_value
from connector.metrics.migration import Migration, migration
from connector.metrics.rfm import Rfm, rfm
from connector.metrics.windows import Windowed, window

YEAR = 365
HALF_YEAR = 180


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Figures from eligible orders up to and on `as_of`, people left out aside. Money in minor units.

    Every order counts as it is known today, with refunds that came after `as_of`.
    """

    as_of: date
    first_order: date | None
    customers: int  #: with an eligible order, over all history up to the date, as the next three
    orders: int
    spent: int
    net_sales: int
    prospects: int  #: people without an eligible order
    orders_without_customer: int  #: in no figure but this one, and the totals of the shop
    spent_without_customer: int
    orders_in_other_currency: int  #: counted, without value
    windows: list[Windowed]
    next_order: list[Step]
    gaps: Gaps
    churn: Churn
    lifetime_value: LifetimeValue
    acquisition: list[Month]
    lifecycle: list[Stage]
    abc_days: int
    abc: list[Class]
    rfm: Rfm
    cohorts: list[Cohort]
    migration: Migration | None


def report(db: Database, scope: Scope, since: date | None = None) -> Report:
    """Count everything. Reads only; takes no lock.

    Args:
        since: a day before that of the scope, to tell who moved between classes since its end.
    """
    with counted(db, scope) as known:
        windows = [window(db, scope, days) for days in (YEAR, HALF_YEAR)]
        lost = churn(db, scope, YEAR)
        return Report(
            as_of=scope.as_of,
            first_order=date.fromordinal(known.first_day) if known.first_day else None,
            customers=known.customers,
            orders=known.orders,
            spent=known.spent,
            net_sales=known.net,
            prospects=known.prospects,
            orders_without_customer=known.without_customer,
            spent_without_customer=known.without_customer_spent,
            orders_in_other_currency=known.other_currency,
            windows=windows,
            next_order=curve(db, scope),
            gaps=gaps(db, scope, known),
            churn=lost,
            lifetime_value=lifetime_value(windows[0], known, lost, scope.margin),
            acquisition=acquisition(db, scope),
            lifecycle=stages(db, known),
            abc_days=scope.abc.days,
            abc=classes(db),
            rfm=rfm(db, known),
            cohorts=cohorts(db, scope),
            migration=migration(db, scope, since) if since else None,
        )
