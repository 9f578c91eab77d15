"""A report as one flat list, one figure a line, for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connector.metrics import Numbers, Report, Value
from connector.money import decimal_text

# What a figure is counted in, or which money it is.
COUNT, SHARE, DAYS = "count", "share", "days"
SPENT, NET, MARGIN, SPEND = "spent", "net sales", "margin", "acquisition spend"
RETURNED = {SPENT, NET, MARGIN}  #: money that returns lower
MONEY = {*RETURNED, SPEND}


class Figure(NamedTuple):
    """One figure: of a row of a table. `of` says what it is counted in; money in minor units."""

    table: str
    row: str
    name: str
    of: str
    value: float | None


HEADER = ("shop", "as_of", "table", "row", "figure", "of", "value", "currency")


def csv_text(found: Sequence[Numbers]) -> str:
    """The numbers of shops as CSV. What cannot be said is empty."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    for shop in found:
        for each in figures(shop.report):
            is_money = each.of in MONEY
            of = shop.called(each.of) if each.of in RETURNED else each.of
            value = _value(each, shop.currency if is_money else None)
            row = [shop.shop, shop.report.as_of, *each[:3], of, value, shop.currency if is_money else ""]
            writer.writerow(row)
    return file.getvalue()


def _value(figure: Figure, currency: str | None) -> str:
    if figure.value is None:
        return ""
    if currency:
        return decimal_text(round(figure.value), currency)
    return str(figure.value if isinstance(figure.value, int) else round(figure.value, 6))


def figures(found: Report) -> Iterator[Figure]:
    """Every figure of a report."""
    yield from _totals(found)
    yield from _windows(found)
    yield from _next_orders(found)
    yield from _times(found)
    yield from _lifetime_value(found)
    yield from _acquisition(found)
    yield from _customers(found)
    yield from _migration(found)
    for cohort in found.cohorts:
        yield Figure("cohorts", cohort.month, "customers", COUNT, cohort.customers)
        for k, kept in enumerate(cohort.retention):
            yield Figure("cohorts", cohort.month, f"retention {k}", SHARE, kept)


def _totals(found: Report) -> Iterator[Figure]:
    yield Figure("all history", "", "customers", COUNT, found.customers)
    yield Figure("all history", "", "customers without an order", COUNT, found.prospects)
    yield Figure("all history", "", "orders", COUNT, found.orders)
    yield Figure("all history", "", "value", SPENT, found.spent)
    yield Figure("all history", "", "value", NET, found.net_sales)
    yield Figure("all history", "", "orders without a customer", COUNT, found.orders_without_customer)
    yield Figure("all history", "", "value without a customer", SPENT, found.spent_without_customer)


def _windows(found: Report) -> Iterator[Figure]:
    for each in found.windows:
        row = f"{each.days} days"
        yield Figure("window", row, "customers", COUNT, each.customers)
        yield Figure("window", row, "customers with 2 orders or more", COUNT, each.repeaters)
        yield Figure("window", row, "customers who ordered before", COUNT, each.returning)
        yield Figure("window", row, "orders", COUNT, each.orders)
        yield Figure("window", row, "value", SPENT, each.spent)
        yield Figure("window", row, "value", NET, each.net_sales)
        yield Figure("window", row, "repeat customer rate", SHARE, each.repeat_rate)
        yield Figure("window", row, "returning customer rate", SHARE, each.returning_rate)
        yield Figure("window", row, "purchase frequency", COUNT, each.frequency)
        yield Figure("window", row, "average order value", SPENT, each.aov_spent)
        yield Figure("window", row, "average order value", NET, each.aov_net_sales)
        for number in each.by_order_number:
            nth = f"order {number.number}, {row}"
            yield Figure("order number", nth, "orders", COUNT, number.orders)
            yield Figure("order number", nth, "average order value", SPENT, number.aov_spent)
            yield Figure("order number", nth, "average order value", NET, number.aov_net_sales)


def _next_orders(found: Report) -> Iterator[Figure]:
    for each in found.next_order:
        row = f"order {each.order}"
        yield Figure("next order", row, "customers", COUNT, each.reached)
        yield Figure("next order", row, "ordered again", COUNT, each.again)
        yield Figure("next order", row, "still have time", COUNT, each.waiting)
        yield Figure("next order", row, "lapsed", COUNT, each.lapsed)
        yield Figure("next order", row, "share who ordered again", SHARE, each.share)
        yield Figure("next order", row, "share without those who have time", SHARE, each.share_of_settled)


def _times(found: Report) -> Iterator[Figure]:
    gaps, churn = found.gaps, found.churn
    yield Figure("time", "", "median to the second order", DAYS, gaps.median_to_second)
    yield Figure("time", "", "median gap", DAYS, gaps.median)
    for bar in gaps.histogram:
        days = f"{bar.first} to {bar.last} days" if bar.last else f"{bar.first} days or more"
        yield Figure("gaps", days, "gaps", COUNT, bar.gaps)
    yield Figure("lapse", "", "lapse_days", DAYS, churn.lapse_days)
    yield Figure("lapse", "", "lapsed", COUNT, churn.lapsed_now)
    yield Figure("lapse", "", "ever lapsed", COUNT, gaps.came_back.lapsed)
    yield Figure("lapse", "", "of these came back", SHARE, gaps.came_back.share)
    yield Figure("lapse", "", "suggested lapse_days", DAYS, gaps.suggested.lapse_days)
    came_back = gaps.suggested.came_back
    yield Figure("lapse", "", "suggested, came back", SHARE, came_back.share if came_back else None)
    yield Figure("churn", f"{churn.days} days", "active at the start", COUNT, churn.active_at_start)
    yield Figure("churn", f"{churn.days} days", "lapsed at the end", COUNT, churn.lost)
    yield Figure("churn", f"{churn.days} days", "churn", SHARE, churn.rate)


def _lifetime_value(found: Report) -> Iterator[Figure]:
    values = {
        SPENT: found.lifetime_value.spent,
        NET: found.lifetime_value.net_sales,
        MARGIN: found.lifetime_value.margin,
    }
    for of, value in values.items():
        if value is not None:
            yield from _value_figures(of, value)


def _value_figures(of: str, value: Value) -> Iterator[Figure]:
    yield Figure("lifetime value", "period", "value of a customer", of, value.period)
    yield Figure("lifetime value", "historic", "value of a customer", of, value.historic)
    yield Figure("lifetime value", "simple", "value of a customer", of, value.simple)


def _acquisition(found: Report) -> Iterator[Figure]:
    for each in found.acquisition:
        yield Figure("acquisition", each.month, "spend", SPEND, each.spend)
        yield Figure("acquisition", each.month, "new customers", COUNT, each.customers)
        yield Figure("acquisition", each.month, "CAC", SPEND, each.cac)
        yield Figure("acquisition", each.month, "margin of each so far", MARGIN, each.margin_per_customer)
        yield Figure("acquisition", each.month, "paid back after months", COUNT, each.payback)


def _migration(found: Report) -> Iterator[Figure]:
    if found.migration is None:
        return
    for matrix in found.migration.matrices:
        table = f"{matrix.of} since {found.migration.since}"
        for move in matrix.moves:
            row, name = f"from {move.then or '(new)'}", f"to {move.now or '(gone)'}"
            yield Figure(table, row, name, COUNT, move.customers)


def _customers(found: Report) -> Iterator[Figure]:
    for stage in found.lifecycle:
        yield Figure("lifecycle", stage.name, "customers", COUNT, stage.customers)
        yield Figure("lifecycle", stage.name, "share of customers", SHARE, stage.share)
        yield Figure("lifecycle", stage.name, "value", SPENT, stage.spent)
        yield Figure("lifecycle", stage.name, "value", NET, stage.net_sales)
    for each in found.abc:
        yield Figure("abc", each.name, "customers", COUNT, each.customers)
        yield Figure("abc", each.name, "share of customers", SHARE, each.share_of_customers)
        yield Figure("abc", each.name, "value", SPENT, each.spent)
        yield Figure("abc", each.name, "share of sales", SHARE, each.share_of_spent)
        yield Figure("abc", each.name, "bought once", COUNT, each.bought_once)
        yield Figure("abc", each.name, "share of those who bought once", SHARE, each.share_of_bought_once)
    for group in found.rfm.groups:
        yield Figure("rfm", group.name, "customers", COUNT, group.customers)
        yield Figure("rfm", group.name, "share of customers", SHARE, group.share)
        yield Figure("rfm", group.name, "value", SPENT, group.spent)
    for cell in found.rfm.cells:
        row = f"{cell.recency}-{cell.frequency}-{cell.monetary}"
        yield Figure("rfm scores", row, cell.group, COUNT, cell.customers)
