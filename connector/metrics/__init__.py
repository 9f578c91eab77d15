"""The shop owner's numbers, as DEFINITIONS has them."""

from connector.metrics.acquisition import Month
from connector.metrics.classes import Class
from connector.metrics.cohorts import Cohort
from connector.metrics.counted import Scope
from connector.metrics.curve import Step
from connector.metrics.gaps import Bar, CameBack, Gaps, Suggestion
from connector.metrics.lifecycle import Churn, Stage
from connector.metrics.lifetime import LifetimeValue, Value
from connector.metrics.migration import Matrix, Migration, Move
from connector.metrics.numbers import Numbers, numbers, scope_of
from connector.metrics.overview import Overview, overview
from connector.metrics.reconcile import Differing, Line, Reconciliation, Sum, reconcile
from connector.metrics.report import Report, report
from connector.metrics.rfm import Rfm
from connector.metrics.windows import OrderNumber, Windowed

__all__ = [
    "Bar",
    "CameBack",
    "Churn",
    "Class",
    "Cohort",
    "Differing",
    "Gaps",
    "LifetimeValue",
    "Line",
    "Matrix",
    "Migration",
    "Month",
    "Move",
    "Numbers",
    "OrderNumber",
    "Overview",
    "Reconciliation",
    "Report",
    "Rfm",
    "Scope",
    "Stage",
    "Step",
    "Suggestion",
    "Sum",
    "Value",
    "Windowed",
    "numbers",
    "overview",
    "reconcile",
    "report",
    "scope_of",
]
