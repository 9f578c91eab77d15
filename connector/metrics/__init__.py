"""The shop owner's numbers, as DEFINITIONS has them."""

from connector.metrics.classes import Class
from connector.metrics.cohorts import Cohort
from connector.metrics.counted import Scope
from connector.metrics.gaps import CameBack, Gaps, Suggestion
from connector.metrics.lifecycle import Churn, Stage
from connector.metrics.lifetime import LifetimeValue, Value
from connector.metrics.overview import Overview, overview
from connector.metrics.report import Report, report
from connector.metrics.rfm import Rfm
from connector.metrics.windows import OrderNumber, Windowed

__all__ = [
    "CameBack",
    "Churn",
    "Class",
    "Cohort",
    "Gaps",
    "LifetimeValue",
    "OrderNumber",
    "Overview",
    "Report",
    "Rfm",
    "Scope",
    "Stage",
    "Suggestion",
    "Value",
    "Windowed",
    "overview",
    "report",
]
