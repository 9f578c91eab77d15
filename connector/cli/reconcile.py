"""Why the shop's own figures are others than ours."""

from collections.abc import Iterator

import click
import msgspec

from connector import metrics
from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.numbers import each_mirrored
from connector.cli.output import money, number, say, show, show_json, show_table
from connector.cli.shops import leave
from connector.config import ShopConfig
from connector.metrics import Line, Matrix, Reconciliation, Sum
from connector.quantity import counted

# Customers whose figure differs, listed before the rest is only counted.
SHOWN = 12

TITLES = {
    "customers": "Customers",
    "orders": "Orders",
    "orders by customer": "Orders, as the shop counts them for each customer",
    "turnover by customer": "Turnover (spent), as the shop counts it for each customer",
}
WORDS = {
    "shop": "The shop's own figure",
    "guest records": "Records of guests, which the shop's own figure leaves out",
    "not mirrored": "Not in the mirror: new since the last pull, or not shown to us",
    "only mirrored": "In the mirror, and not in the shop's own figure",
    "in the mirror": "In the mirror",
    "nobody": "Name no customer: no account and no e-mail",
    "same person": "Further accounts of one person",
    "guests": "Guests without a record in the shop",
    "people": "People, as in `groups`",
    "never ordered": "Never ordered",
    "nothing counts": "Ordered, but no order counts",
    "cancelled": "Cancelled",
    "test": "Tests",
    "open": "Neither paid nor shipped",
    "returned": "Came back whole",
    "refunded": "Refunded",
    "later": "Placed later than today",
    "other currency": "Customers with orders in another currency",
    "before the history": "Orders before those that the shop shows us",
    "differs": "Still differs, see below",
    "ours": "Ours, as in `report`",
}
UNSAID = {"orders by customer": "how many orders there are", "turnover by customer": "what was spent"}
TAKEN_IN = {
    "cancelled": "cancelled orders",
    "test": "tests",
    "open": "orders neither paid nor shipped",
    "returned": "orders that came back whole",
}
BY_CUSTOMER = WORDS | {"guests": "Orders of guests and of deleted accounts, in no customer's figure"}


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """One shop. Money in minor units of `currency`."""

    shop: str
    currency: str
    returns_unknown: bool
    found: Reconciliation


@click.command()
@shops_argument
@json_option
@pass_installation
def reconcile(installation: Installation, shops: tuple[str, ...], as_json: bool) -> None:
    """Explain why the shop's own figures are others than ours.

    Customers, orders and turnover as the shop counted them at the last pull, and step by step what leads
    from there to our figures. Each table adds up. `--json` lists all customers whose figure still differs.
    """

    def work(settings: ShopConfig) -> Reconciled:
        db, now = installation.database, installation.now()
        scope, info = metrics.scope_of(db, installation.config, settings, now)
        return Reconciled(
            shop=settings.name,
            currency=info.currency,
            returns_unknown=info.returns_unknown,
            found=metrics.reconcile(db, scope, info),
        )

    found, code = each_mirrored(installation, shops, work)
    if as_json:
        show_json(found)
    else:
        for each in found:
            _show(each)
    leave(code)


def _show(found: Reconciled) -> None:
    show(f"\n{found.shop}: from the shop's own figures to ours")
    if found.returns_unknown:
        show("Returns unknown: this shop does not tell what came back. Our turnover is before returns.")
    for each in found.found.sums:
        _show_sum(each, found.currency)
    for missing, what in UNSAID.items():
        if missing not in {each.of for each in found.found.sums}:
            show(f"\nThis shop says of no customer {what}.")
    if found.found.deleted_orders:
        show(f"\nDeleted in the shop, in neither figure: {counted(found.found.deleted_orders, 'order')}.")
    if found.found.rfm:
        _show_groups(found.found.rfm)


def _show_sum(what: Sum, currency: str) -> None:
    rows = [(_label(what, line), _value(what, line, currency)) for line in what.lines]
    show_table(
        ["", "Turnover" if what.money else "Number"],
        rows,
        right={"Turnover", "Number"},
        title=f"\n{TITLES[what.of]}",
    )
    for sentence in _remarks(what):
        show(sentence)
    if what.differing:
        shown = what.differing[:SHOWN]
        show_table(
            ["Customer", "The shop says", "Explained"],
            [
                (each.customer, _amount(what, each.shop, currency), _amount(what, each.explained, currency))
                for each in shown
            ],
            right={"The shop says", "Explained"},
            title=f"{counted(len(what.differing), 'customer')} whose figure still differs",
        )
        if len(what.differing) > SHOWN:
            say(f"… and {number(len(what.differing) - SHOWN)} more (--json lists them).")


def _label(what: Sum, line: Line) -> str:
    words = BY_CUSTOMER if what.records else WORDS
    if line.why.startswith("left out: "):
        return f"Left out, with the {line.why.removeprefix('left out: ')}"
    text = words[line.why]
    return f"= {text}" if line.total else text


def _value(what: Sum, line: Line, currency: str) -> str:
    amount = _amount(what, abs(line.value), currency)
    if line.total or line.why in {"shop", "in the mirror"}:
        return amount if line.value >= 0 else f"−{amount}"
    return f"{'−' if line.value < 0 else '+'}{amount}"


def _amount(what: Sum, value: int, currency: str) -> str:
    return money(value, currency) if what.money else number(value)


def _remarks(what: Sum) -> Iterator[str]:
    """How the shop seems to count, which nobody told us."""
    if not what.records:
        return
    kept = [TAKEN_IN[each] for each in what.counts]
    if what.before_refunds:
        kept.append("what was refunded later")
    if kept:
        yield f"As found, the shop's own figure takes in {' and '.join(kept)}."


def _show_groups(matrix: Matrix) -> None:
    """The shop's RFM groups in rows, ours in columns, both in the same order."""
    ours = [name for name in matrix.names if any(each.now == name for each in matrix.moves)]
    theirs: list[str | None] = [name for name in matrix.names if matrix.row(name)]
    if matrix.row(None):
        theirs.append(None)
    show_table(
        ["The shop's", *(str(place) for place, _ in enumerate(ours, start=1)), "All"],
        [
            (name or "(none)", *(matrix.customers(name, now) or None for now in ours), matrix.row(name))
            for name in theirs
        ],
        title="\nRFM groups: the shop's own in rows, ours in columns",
    )
    show("Columns: " + ", ".join(f"{place} {name}" for place, name in enumerate(ours, start=1)) + ".")
