"""The numbers of a shop on the screen."""

from connector.cli.output import day, money, number, show, show_table
from connector.metrics import Matrix, Month, Numbers, Report
from connector.metrics.rfm import NAMES
from connector.quantity import counted

NTH = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 5: "5th", 6: "6th"}
ORDINALS = NTH | {5: "5th and later"}
FM = [step / 2 for step in range(2, 11)]


def show_numbers(found: Numbers) -> None:
    """Everything, table by table, with what has to be known before the figures."""
    report = found.report
    show(f"\n{found.shop} as of {day(report.as_of)}: {_totals(found)}.")
    for note in found.notes:
        show(note)
    _show_windows(found)
    _show_order_numbers(found)
    _show_next_orders(report)
    _show_times(report)
    _show_lifetime_value(found)
    _show_acquisition(found)
    _show_lifecycle(found)
    _show_classes(found)
    _show_rfm(found)
    _show_cohorts(report)
    _show_migration(report)


def _totals(found: Numbers) -> str:
    report, currency = found.report, found.currency
    if not report.orders:
        return "no orders"
    return (
        f"{counted(report.customers, 'customer')} with {counted(report.orders, 'order')}"
        f" since {day(report.first_order)}: {money(report.spent, currency)} {found.called('spent')},"
        f" {money(report.net_sales, currency)} {found.called('net sales')}"
    )


def _title(found: Numbers, money: str) -> str:
    """A kind of money as the title of a column."""
    return found.called(money[0].upper() + money[1:])


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _days(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,g} day" if value == 1 else f"{value:,g} days"


def _average(minor: float | None, currency: str) -> str:
    return "–" if minor is None else money(round(minor), currency)


def _show_windows(found: Numbers) -> None:
    report, currency = found.report, found.currency
    windows = report.windows
    rows = {
        "Customers (N)": [number(each.customers) for each in windows],
        "Customers with 2 orders or more": [number(each.repeaters) for each in windows],
        "Orders (O)": [number(each.orders) for each in windows],
        f"Value, {found.called('spent')} (V)": [money(each.spent, currency) for each in windows],
        f"Value, {found.called('net sales')}": [money(each.net_sales, currency) for each in windows],
        "Repeat customer rate": [_rate(each.repeat_rate) for each in windows],
        "Returning customer rate": [_rate(each.returning_rate) for each in windows],
        "Purchase frequency (O / N)": [_figure(each.frequency) for each in windows],
        f"Average order value, {found.called('spent')}": [
            _average(each.aov_spent, currency) for each in windows
        ],
        f"Average order value, {found.called('net sales')}": [
            _average(each.aov_net_sales, currency) for each in windows
        ],
    }
    columns = [f"{each.days} days" for each in windows]
    show_table(
        ["In the last", *columns],
        [(name, *cells) for name, cells in rows.items()],
        right=columns,
        title="\nCustomers and orders",
    )


def _show_order_numbers(found: Numbers) -> None:
    report, currency = found.report, found.currency
    year = report.windows[0]
    averages = [f"Average, {found.called(each)}" for each in ("spent", "net sales")]
    show_table(
        ["Order", "Orders", *averages],
        [
            (
                ORDINALS[each.number],
                each.orders,
                _average(each.aov_spent, currency),
                _average(each.aov_net_sales, currency),
            )
            for each in year.by_order_number
        ],
        right=averages,
        title=f"\nAverage order value by order number, {year.days} days",
        empty=f"\nNo orders in the last {year.days} days.",
    )


def _show_next_orders(report: Report) -> None:
    show_table(
        ["From", "Customers", "Ordered again", "Share", "Still have time", "Lapsed"],
        [
            (
                f"{NTH[each.order]} to {NTH[each.order + 1]}",
                each.reached,
                each.again,
                _rate(each.share),
                each.waiting,
                each.lapsed,
            )
            for each in report.next_order
            if each.reached
        ],
        right={"Share"},
        title=f"\nThe next order, all history (lapsed: not within {report.churn.lapse_days} days)",
        empty="\nNobody has ordered yet.",
    )


def _show_times(report: Report) -> None:
    gaps, churn, hint = report.gaps, report.churn, report.gaps.suggested
    show("\nTime between orders, all history")
    show(
        f"Median to the second order: {_days(gaps.median_to_second)}"
        f" ({counted(gaps.second_orders, 'customer')})"
    )
    show(f"Median gap between orders: {_days(gaps.median)} ({counted(gaps.count, 'gap')})")
    show(
        f"Lapsed, no order for {churn.lapse_days} days: {number(churn.lapsed_now)}. Of"
        f" {number(gaps.came_back.lapsed)} who were ever lapsed, {_rate(gaps.came_back.share)} came back."
    )
    show(
        f"Churn in {churn.days} days: {_rate(churn.rate)} ({number(churn.lost)} of"
        f" {number(churn.active_at_start)} who were active at the start lapsed)"
    )
    if hint.came_back:
        show(
            f"Suggested lapse_days: {hint.lapse_days} (9 of 10 gaps are not longer);"
            f" of those lapsed then, {_rate(hint.came_back.share)} came back."
        )
    else:
        show(f"No lapse_days is suggested: {hint.why_not}.")


def _show_lifetime_value(found: Numbers) -> None:
    value = found.report.lifetime_value
    columns = {_title(found, "spent"): value.spent, _title(found, "net sales"): value.net_sales}
    if value.margin is not None and found.margin is not None:
        columns[_title(found, f"margin {float(100 * found.margin):g} %")] = value.margin
    rows = {
        f"Period, {value.days} days": [each.period for each in columns.values()],
        "Historic": [each.historic for each in columns.values()],
        "Simple, by yearly churn": [each.simple for each in columns.values()],
    }
    show_table(
        ["Mean of a customer", *columns],
        [(name, *(_average(cell, found.currency) for cell in cells)) for name, cells in rows.items()],
        right=columns,
        title="\nWhat a customer is worth (CLV)",
    )


def _show_acquisition(found: Numbers) -> None:
    months = found.report.acquisition
    if not months:
        return
    margin = _title(found, "margin of each so far")
    right = {"Spend", "New customers", "CAC", margin, "Paid back"}
    show_table(
        ["Month", "Spend", "New customers", "CAC", margin, "Paid back"],
        [
            (
                each.month,
                money(each.spend, found.currency),
                "" if each.customers is None else number(each.customers),
                "" if each.customers is None else _average(each.cac, found.currency),
                "" if each.customers is None else _average(each.margin_per_customer, found.currency),
                _payback(each),
            )
            for each in months
        ],
        right=right,
        title="\nWhat a new customer cost (CAC), and the month in which the margin had paid for it",
    )
    if found.margin is None:
        show("No margin is configured, so nothing is said of when it was paid back.")


def _payback(month: Month) -> str:
    if month.customers is None:
        return ""
    if month.margin_per_customer is None:
        return "–"
    return "not yet" if month.payback is None else f"+{month.payback}"


def _show_lifecycle(found: Numbers) -> None:
    report, currency = found.report, found.currency
    values = [_title(found, each) for each in ("spent", "net sales")]
    show_table(
        ["Stage", "Customers", "Share", *values],
        [
            (
                each.name,
                each.customers,
                _rate(each.share),
                money(each.spent, currency),
                money(each.net_sales, currency),
            )
            for each in report.lifecycle
        ],
        right={"Share", *values},
        title="\nLifecycle, all history",
    )


def _show_classes(found: Numbers) -> None:
    report, currency = found.report, found.currency
    spent = _title(found, "spent")
    right = {"Of customers", spent, "Of sales", "Of bought once"}
    show_table(
        [
            "Class",
            "Customers",
            "Of customers",
            spent,
            "Of sales",
            "Bought once",
            "Of bought once",
        ],
        [
            (
                each.name,
                each.customers,
                _rate(each.share_of_customers),
                money(each.spent, currency),
                _rate(each.share_of_spent),
                each.bought_once,
                _rate(each.share_of_bought_once),
            )
            for each in report.abc
        ],
        right=right,
        title=f"\nA, B and C by what was spent in {report.abc_days} days",
    )


def _show_rfm(found: Numbers) -> None:
    report, currency = found.report, found.currency
    spent = _title(found, "spent")
    show_table(
        ["Group", "Customers", "Share", spent],
        [
            (each.name, each.customers, _rate(each.share), money(each.spent, currency))
            for each in report.rfm.groups
        ],
        right={"Share", spent},
        title="\nRFM, all history",
    )
    counts = dict.fromkeys(((recency, fm) for recency in NAMES for fm in FM), 0)
    for cell in report.rfm.cells:
        counts[cell.recency, cell.fm] += cell.customers
    show_table(
        ["R \\ FM", *(f"{fm:g}" for fm in FM)],
        [(f"R {recency}", *(counts[recency, fm] or None for fm in FM)) for recency in sorted(NAMES)[::-1]],
        title="\nCustomers by score: recency, and the mean of frequency and money (spent)",
    )


def _show_cohorts(report: Report) -> None:
    months = range(1, len(report.cohorts))
    show_table(
        ["Cohort", "Customers", *(f"+{k}" for k in months)],
        [
            (each.month, each.customers, *(_percent(dict(enumerate(each.retention)).get(k)) for k in months))
            for each in report.cohorts
        ],
        right={f"+{k}" for k in months},
        title="\nOf a month's new customers, how many percent ordered in the months after",
    )


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.0f}"


def _show_migration(report: Report) -> None:
    if report.migration is None:
        return
    since, until = day(report.migration.since), day(report.migration.until)
    show("\nWho moved. On both days every order counts as it is known today, refunds since then included.")
    for each in report.migration.matrices:
        _show_matrix(each, f"\n{TITLES.get(each.of, each.of)}: {since} (rows) to {until} (columns)")


TITLES = {"abc": "A, B and C", "lifecycle": "Lifecycle", "rfm": "RFM"}


def _show_matrix(matrix: Matrix, title: str) -> None:
    """Long names are written once, in the rows, and numbered there."""
    rows, columns = matrix.rows(), matrix.columns()
    numbers = {name: f"{place} " for place, name in enumerate(matrix.names, 1)} if matrix.of == "rfm" else {}
    show_table(
        ["Then \\ now", *(numbers.get(name or "", name or "(gone)").strip() for name in columns), "All"],
        [
            (
                numbers.get(name or "", "") + (name or "(new)"),
                *(matrix.customers(name, now) or None for now in columns),
                matrix.row(name),
            )
            for name in rows
        ],
        title=title,
    )
