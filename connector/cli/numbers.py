"""The owner's numbers, read from the mirror: takes no lock and writes nothing."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec

from connector import metrics, mirror
from connector.classes import Window
from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.figures import csv_text
from connector.cli.output import day, money, number, say, show, show_json, show_table, warn
from connector.config import ShopConfig
from connector.errors import ConfigError, StammkundeError
from connector.metrics import Report, Scope
from connector.metrics.rfm import NAMES

ORDINALS = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 5: "5th and later"}
FM = [step / 2 for step in range(2, 11)]


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one shop. Money in minor units of `currency`; averages are not rounded."""

    shop: str
    currency: str
    margin: Decimal | None
    notes: list[str]
    report: Report


@click.command()
@shops_argument
@click.option("--csv", "csv_file", metavar="FILE", help="Write all figures as CSV; - is the screen.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="As of the end of that day, as 2026-05-31. [today]",
)
@json_option
@pass_installation
def report(
    installation: Installation,
    shops: tuple[str, ...],
    csv_file: str | None,
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """Show the numbers of the shops, from what was pulled last.

    Nothing is worked out anew or stored, and nothing is written to a shop.
    """
    if csv_file and as_json:
        raise click.UsageError("--csv and --json are two formats. Ask for one of them.")
    day_asked = as_of.date() if as_of else None
    found = [_numbers(installation, settings, day_asked) for settings in installation.shops(shops)]
    if as_json:
        show_json(found)
    elif csv_file:
        _write_csv(found, csv_file)
    else:
        for each in found:
            _show(each)


def _numbers(installation: Installation, settings: ShopConfig, as_of: date | None) -> Numbers:
    db = installation.database
    key = mirror.open_shop(db, settings.name)
    info = mirror.shop_info(db, key)
    if info is None:
        raise ConfigError(f"{settings.name} was never pulled. Run `stammkunde pull {settings.name}` first.")
    today = installation.now().astimezone(ZoneInfo(info.time_zone)).date()
    if as_of and as_of > today:
        raise ConfigError(f"{as_of} lies ahead. The numbers go up to {today}.")
    abc = settings.abc
    scope = Scope(
        shop=key,
        as_of=as_of or today,
        today=today,
        time_zone=info.time_zone,
        lapse_days=installation.config.lapse_days,
        abc=Window(days=abc.window_days, a=Decimal(abc.a), b=Decimal(abc.b)),
        margin=settings.margin,
    )
    found = metrics.report(db, scope)
    seen = info.orders_visible_from
    since = [settings.history_starts, seen.astimezone(ZoneInfo(info.time_zone)).date() if seen else None]
    unknown = db.value("SELECT count(*) FROM facts WHERE shop = ? AND unknown", (key,))
    return Numbers(
        shop=settings.name,
        currency=info.currency,
        margin=settings.margin,
        notes=_notes(found, info.currency, max(filter(None, since), default=None), today, unknown),
        report=found,
    )


def _notes(found: Report, currency: str, since: date | None, today: date, unknown: int) -> list[str]:
    """What has to be known beside the figures."""
    notes = []
    if found.as_of < today:
        notes.append(
            f"Every order counts as it is known today ({day(today)}), with what was refunded or cancelled"
            f" after {day(found.as_of)}."
        )
    if found.orders_without_customer:
        notes.append(
            f"Orders that name no customer, in no figure here: {number(found.orders_without_customer)}"
            f" ({money(found.spent_without_customer, currency)} spent)."
        )
    if found.orders_in_other_currency:
        notes.append(
            "Orders in another currency, counted without their value:"
            f" {number(found.orders_in_other_currency)}."
        )
    if since:
        notes.append(f"There are orders only since {day(since)}: whoever came earlier looks new here.")
    if unknown:
        notes.append(f"Customers with more orders in the shop than can be seen here: {number(unknown)}.")
    return notes


def _write_csv(found: list[Numbers], file: str) -> None:
    text = csv_text([(each.shop, each.currency, each.report) for each in found])
    if file == "-":
        show(text.removesuffix("\n"))
    else:
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as error:
            raise StammkundeError(f"{file} cannot be written: {error.strerror}.") from error
        say(f"All figures are in {file}.")
    for each in found:
        for note in each.notes:
            warn(f"{each.shop}: {note}")


def _show(found: Numbers) -> None:
    report, currency = found.report, found.currency
    show(f"\n{found.shop} as of {day(report.as_of)}: {_totals(report, currency)}.")
    for note in found.notes:
        show(note)
    _show_windows(report, currency)
    _show_order_numbers(report, currency)
    _show_times(report)
    _show_lifetime_value(found)
    _show_lifecycle(report, currency)
    _show_classes(report, currency)
    _show_rfm(report, currency)
    _show_cohorts(report)


def _totals(report: Report, currency: str) -> str:
    if not report.orders:
        return "no orders"
    return (
        f"{number(report.customers)} customers with {number(report.orders)} orders"
        f" since {day(report.first_order)}: {money(report.spent, currency)} spent,"
        f" {money(report.net_sales, currency)} net sales"
    )


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _days(value: float | None) -> str:
    return "–" if value is None else f"{value:,g} days"


def _average(minor: float | None, currency: str) -> str:
    return "–" if minor is None else money(round(minor), currency)


def _show_windows(report: Report, currency: str) -> None:
    windows = report.windows
    rows = {
        "Customers (N)": [number(each.customers) for each in windows],
        "Customers with 2 orders or more": [number(each.repeaters) for each in windows],
        "Orders (O)": [number(each.orders) for each in windows],
        "Value, spent (V)": [money(each.spent, currency) for each in windows],
        "Value, net sales": [money(each.net_sales, currency) for each in windows],
        "Repeat customer rate": [_rate(each.repeat_rate) for each in windows],
        "Returning customer rate": [_rate(each.returning_rate) for each in windows],
        "Purchase frequency (O / N)": [_figure(each.frequency) for each in windows],
        "Average order value, spent": [_average(each.aov_spent, currency) for each in windows],
        "Average order value, net sales": [_average(each.aov_net_sales, currency) for each in windows],
    }
    columns = [f"{each.days} days" for each in windows]
    show_table(
        ["In the last", *columns],
        [(name, *cells) for name, cells in rows.items()],
        right=columns,
        title="\nCustomers and orders",
    )


def _show_order_numbers(report: Report, currency: str) -> None:
    year = report.windows[0]
    show_table(
        ["Order", "Orders", "Average, spent", "Average, net sales"],
        [
            (
                ORDINALS[each.number],
                each.orders,
                _average(each.aov_spent, currency),
                _average(each.aov_net_sales, currency),
            )
            for each in year.by_order_number
        ],
        right={"Average, spent", "Average, net sales"},
        title=f"\nAverage order value by order number, {year.days} days",
        empty=f"\nNo orders in the last {year.days} days.",
    )


def _show_times(report: Report) -> None:
    gaps, churn, hint = report.gaps, report.churn, report.gaps.suggested
    show("\nTime between orders, all history")
    show(
        f"Median to the second order: {_days(gaps.median_to_second)} ({number(gaps.second_orders)} customers)"
    )
    show(f"Median gap between orders: {_days(gaps.median)} ({number(gaps.count)} gaps)")
    show(
        f"Lapsed, no order for {churn.lapse_days} days: {number(churn.lapsed_now)}. Of"
        f" {number(gaps.came_back.lapsed)} who were ever lapsed, {_rate(gaps.came_back.share)} came back."
    )
    show(
        f"Churn in {churn.days} days: {_rate(churn.rate)} ({number(churn.lost)} of"
        f" {number(churn.active_at_start)} who were active at the start are lapsed)"
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
    columns = {"Spent": value.spent, "Net sales": value.net_sales}
    if value.margin is not None and found.margin is not None:
        columns[f"Margin {found.margin:.0%}"] = value.margin
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


def _show_lifecycle(report: Report, currency: str) -> None:
    show_table(
        ["Stage", "Customers", "Share", "Spent", "Net sales"],
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
        right={"Share", "Spent", "Net sales"},
        title="\nLifecycle, all history",
    )


def _show_classes(report: Report, currency: str) -> None:
    right = {"Of customers", "Spent", "Of sales", "Of bought once"}
    show_table(
        [
            "Class",
            "Customers",
            "Of customers",
            "Spent",
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


def _show_rfm(report: Report, currency: str) -> None:
    show_table(
        ["Group", "Customers", "Share", "Spent"],
        [
            (each.name, each.customers, _rate(each.share), money(each.spent, currency))
            for each in report.rfm.groups
        ],
        right={"Share", "Spent"},
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
