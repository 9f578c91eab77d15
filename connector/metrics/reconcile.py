"""Why our count differs from the shop's own: sums that lead from one to the other and add up exactly."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations

import msgspec

from connector.database import Database
from connector.metrics.counted import Known, Scope, counted
from connector.metrics.migration import Matrix, Move
from connector.metrics.rfm import GROUPS, PROSPECTS, name_of
from connector.model import ShopInfo

#: As orders are judged, see `model.why_not_counted`. What shops are likelier to count stands first.
REASONS = ("open", "returned", "cancelled", "test")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a sum. A `total` is the sum of all that is not one before it.

    `why`: "shop" (where the sum starts), "guest records", "not mirrored", "only mirrored", one of `REASONS`,
    "left out: …", "nobody", "same person", "guests", "never ordered", "nothing counts", "later", "refunded",
    "other currency", "before the history", "differs", and the totals "in the mirror", "people", "ours".
    """

    why: str
    value: int
    total: bool = False


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """A customer record whose own figure in the shop still differs after all that can be explained."""

    customer: str
    shop: int
    explained: int  #: what the shop would say, if it counted as it does for the others


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """From the shop's figure to ours. Money in minor units.

    `counts` are the orders that do not count here but do in the shop's own figure, as found: with these, the
    figures of the fewest customers differ. `before_refunds`: likewise, it is not lowered by refunds.
    """

    of: str  #: customers, orders, orders by customer, turnover by customer
    money: bool
    lines: list[Line]
    counts: list[str] = []
    before_refunds: bool = False
    records: int = 0  #: customer records with such a figure
    differing: list[Differing] = []


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """All sums of a shop as of today, and the shop's own RFM groups beside ours."""

    sums: list[Sum]
    deleted_orders: int  #: gone from the shop, and in neither figure
    rfm: Matrix | None  #: rows are the shop's groups, columns ours; None: the shop has none


def reconcile(db: Database, scope: Scope, info: ShopInfo) -> Reconciliation:
    """Compare with what the shop said of itself at the last pull. Reads only; takes no lock.

    Args:
        scope: of today.
    """
    with counted(db, scope) as known:
        _tell_orders(db, scope)
        limited = info.orders_visible_from is not None
        return Reconciliation(
            sums=[
                _customers(db, scope, info, known),
                _orders(db, info),
                *_by_customer(db, scope, known, limited=limited),
            ],
            deleted_orders=db.value(
                "SELECT count(*) FROM orders WHERE shop = ? AND gone_at IS NOT NULL", (scope.shop,)
            ),
            rfm=_rfm(db),
        )


# Every order that the shop has, with the one reason for which it counts or does not. A person with an empty
# cluster is nobody any more.
_JUDGED = """
    CREATE TEMP TABLE judged AS
    SELECT CASE WHEN o.uncounted IS NOT NULL THEN o.uncounted
            WHEN p.excluded IS NOT NULL THEN 'left out: ' || p.excluded
            WHEN p.person IS NULL OR p.cluster = '' THEN 'nobody'
            WHEN o.day > :day THEN 'later' ELSE 'ours' END AS why,
        c.customer AS record, o.spent IS NULL AS foreign_money, coalesce(o.spent, 0) AS spent,
        CASE WHEN o.spent IS NULL THEN 0 ELSE o.refunded END AS refunded
    FROM orders AS o LEFT JOIN people AS p ON p.person = o.person
    LEFT JOIN customers AS c ON c.shop = o.shop AND c.id = o.customer_id AND c.gone_at IS NULL
    WHERE o.shop = :shop AND o.gone_at IS NULL
"""


def _tell_orders(db: Database, scope: Scope) -> None:
    db.rows(_JUDGED, {"shop": scope.shop, "day": scope.day})


def _total(lines: Sequence[Line], why: str) -> Line:
    return Line(why=why, value=sum(each.value for each in lines if not each.total), total=True)


def _start(said: int | None, mirrored: int, guest_records: int = 0) -> list[Line]:
    """From the shop's own count to what is in the mirror.

    Args:
        guest_records: among the mirrored ones. Some shops keep them and leave them out of their own count.
    """
    if said is None:
        return [Line(why="in the mirror", value=mirrored)]
    lines = [Line(why="shop", value=said)]
    if abs(mirrored - guest_records - said) < abs(mirrored - said):
        lines += [Line(why="guest records", value=guest_records)]
        said += guest_records
    if said != mirrored:
        why = "not mirrored" if said > mirrored else "only mirrored"
        lines += [Line(why=why, value=mirrored - said)]
    return lines if len(lines) == 1 else [*lines, _total(lines, "in the mirror")]


_RECORDS = """
    SELECT CASE WHEN p.excluded IS NOT NULL THEN 'left out: ' || p.excluded
            WHEN p.person IS NULL OR p.cluster = '' THEN 'nobody'
            WHEN p.customer IS NOT c.customer THEN 'same person' END AS why,
        count(*) AS n
    FROM customers AS c LEFT JOIN people AS p ON p.person = c.person
    WHERE c.shop = ? AND c.gone_at IS NULL GROUP BY why ORDER BY why
"""


def _customers(db: Database, scope: Scope, info: ShopInfo, known: Known) -> Sum:
    rows = db.rows(_RECORDS, (scope.shop,))
    guest_records = db.value(
        "SELECT count(*) FROM customers WHERE shop = ? AND gone_at IS NULL AND guest", (scope.shop,)
    )
    lines = _start(info.customer_count, sum(row["n"] for row in rows), guest_records)
    lines += [Line(why=row["why"], value=-row["n"]) for row in rows if row["why"] is not None]
    people = known.customers + known.prospects
    with_record = sum(row["n"] for row in rows if row["why"] is None)
    lines += _unless_zero("guests", people - with_record)
    lines += [_total(lines, "people")]
    never = db.value(
        "SELECT count(*) FROM temp.standings AS s WHERE s.orders = 0 AND NOT EXISTS"
        " (SELECT 1 FROM orders AS o WHERE o.person = s.person AND o.gone_at IS NULL)"
    )
    lines += _unless_zero("never ordered", -never)
    lines += _unless_zero("nothing counts", never - known.prospects)
    return Sum(of="customers", money=False, lines=[*lines, _total(lines, "ours")])


def _place(why: str) -> tuple[int, str]:
    """Reasons first, in their order."""
    return (REASONS.index(why) if why in REASONS else len(REASONS), why)


def _unless_zero(why: str, value: int) -> list[Line]:
    return [Line(why=why, value=value)] if value else []


def _orders(db: Database, info: ShopInfo) -> Sum:
    found = {
        row["why"]: row["n"] for row in db.rows("SELECT why, count(*) AS n FROM temp.judged GROUP BY why")
    }
    lines = _start(info.order_count, sum(found.values()))
    lines += [Line(why=why, value=-found[why]) for why in sorted(found, key=_place) if why != "ours"]
    return Sum(of="orders", money=False, lines=[*lines, _total(lines, "ours")])


# By customer


class _Kept(msgspec.Struct, frozen=True):
    """What the shop's own figure seems to take in besides the orders that count."""

    reasons: tuple[str, ...]
    before_refunds: bool = False


def _sql_of(kept: _Kept, *, money: bool) -> str:
    """What the shop's figure of a record would then be, over the columns of `temp.own`."""
    terms = []
    for bucket in ("eligible", *kept.reasons):
        terms.append(f"{bucket}_spent" if money else f"{bucket}_orders")
        if money and kept.before_refunds:
            terms.append(f"{bucket}_refunded")
    return " + ".join(terms)


_OWN = """
    CREATE TEMP TABLE own AS
    SELECT c.customer, c.id, c.shop_order_count AS said_orders, c.shop_amount_spent AS said_spent,
        coalesce(sum(j.foreign_money), 0) AS foreign_orders, {sums}
    FROM customers AS c LEFT JOIN temp.judged AS j ON j.record = c.customer
    WHERE c.shop = :shop AND c.gone_at IS NULL
    GROUP BY c.customer
"""


def _by_customer(db: Database, scope: Scope, known: Known, *, limited: bool) -> Iterator[Sum]:
    """What the shop says of each customer, added up. A shop that says nothing has no such sum."""
    tests = {"eligible": f"j.why NOT IN ({', '.join(repr(each) for each in REASONS)})"}
    tests |= {reason: f"j.why = {reason!r}" for reason in REASONS}
    sums = ", ".join(
        f"count(*) FILTER (WHERE {test}) AS {bucket}_orders,"
        f" coalesce(sum(j.spent) FILTER (WHERE {test}), 0) AS {bucket}_spent,"
        f" coalesce(sum(j.refunded) FILTER (WHERE {test}), 0) AS {bucket}_refunded"
        for bucket, test in tests.items()
    )
    db.rows("CREATE INDEX temp.judged_record ON judged(record)")
    db.rows(_OWN.format(sums=sums), {"shop": scope.shop})
    for money, said, ours in ((False, "said_orders", known.orders), (True, "said_spent", known.spent)):
        if db.value(f"SELECT count(*) FROM temp.own WHERE {said} IS NOT NULL"):
            yield _added_up(db, said, ours, money=money, limited=limited)


def _added_up(db: Database, said: str, ours: int, *, money: bool, limited: bool) -> Sum:
    kept = _best(db, said, money=money)
    expected = _sql_of(kept, money=money)
    rows = db.rows(
        f"SELECT id, {said} AS said, {expected} AS expected, foreign_orders FROM temp.own"
        f" WHERE {said} IS NOT NULL AND {said} <> {expected} ORDER BY id"
    )
    rest: dict[str, int] = {}
    differing = []
    for row in rows:
        why = _why(row["said"], row["expected"], foreign=money and row["foreign_orders"] > 0, limited=limited)
        rest[why] = rest.get(why, 0) + row["expected"] - row["said"]
        if why == "differs":
            differing.append(Differing(customer=row["id"], shop=row["said"], explained=row["expected"]))
    lines = [
        Line(why="shop", value=db.value(f"SELECT sum({said}) FROM temp.own")),
        *(line for why, value in rest.items() for line in _unless_zero(why, value)),
        *_not_ours(db, said, kept, money=money),
        *_elsewhere(db, said, money=money),
    ]
    total = _total(lines, "ours")
    assert total.value == ours  # noqa: S101  every order is in exactly one line
    return Sum(
        of="turnover by customer" if money else "orders by customer",
        money=money,
        lines=[*lines, total],
        counts=list(kept.reasons),
        before_refunds=kept.before_refunds,
        records=db.value(f"SELECT count({said}) FROM temp.own"),
        differing=differing,
    )


def _why(said: int, expected: int, *, foreign: bool, limited: bool) -> str:
    """Why the shop's figure of a record is not what is to be expected."""
    if limited and said > expected:
        return "before the history"
    return "other currency" if foreign else "differs"


def _best(db: Database, said: str, *, money: bool) -> _Kept:
    """The way of counting by which the figures of the fewest records differ; of equal ones the simplest."""
    reasons = chain.from_iterable(combinations(REASONS, size) for size in range(len(REASONS) + 1))
    ways = [_Kept(each, refunds) for each in reasons for refunds in ((False, True) if money else (False,))]
    misses = ", ".join(f"sum({said} <> {_sql_of(each, money=money)})" for each in ways)
    row = db.row(f"SELECT {misses} FROM temp.own WHERE {said} IS NOT NULL AND NOT foreign_orders")
    assert row is not None  # noqa: S101  an aggregate always has a row
    return min(zip(row, ways, strict=True), key=lambda each: each[0] or 0)[1]


def _not_ours(db: Database, said: str, kept: _Kept, *, money: bool) -> Iterator[Line]:
    """What the shop's figures take in and ours do not: orders that do not count, refunds, who is left out."""
    what = ("spent + refunded" if kept.before_refunds else "spent") if money else "1"
    found = {
        row["why"]: row
        for row in db.rows(
            f"SELECT why, sum({what}) AS value, sum(spent) AS spent, sum(refunded) AS refunded, count(*) AS n"
            " FROM temp.judged JOIN temp.own ON own.customer = judged.record"
            f" WHERE own.{said} IS NOT NULL GROUP BY why ORDER BY why"
        )
    }
    for reason in kept.reasons:
        if reason in found:
            yield from _unless_zero(reason, -found[reason]["value"])
    eligible = {why: row for why, row in found.items() if why not in REASONS}
    if kept.before_refunds:
        yield from _unless_zero("refunded", -sum(row["refunded"] for row in eligible.values()))
    for why, row in eligible.items():
        if why != "ours":
            yield from _unless_zero(why, -(row["spent"] if money else row["n"]))


def _elsewhere(db: Database, said: str, *, money: bool) -> Iterator[Line]:
    """Our orders that are in no record's figure: of guests, and of accounts that were deleted."""
    value = db.value(
        f"SELECT sum({'spent' if money else '1'}) FROM temp.judged LEFT JOIN temp.own"
        f" ON own.customer = judged.record WHERE why = 'ours' AND own.{said} IS NULL"
    )
    yield from _unless_zero("guests", value)


# RFM


def _rfm(db: Database) -> Matrix | None:
    rows = db.rows(
        "SELECT json_extract(c.attributes, '$.rfm_group') AS theirs, s.r, s.f, s.m, count(*) AS n"
        " FROM temp.standings AS s JOIN people AS p USING (person)"
        " JOIN customers AS c ON c.customer = p.customer AND c.gone_at IS NULL"
        " GROUP BY theirs, s.r, s.f, s.m"
    )
    if not any(row["theirs"] for row in rows):
        return None
    counts: dict[tuple[str | None, str], int] = {}
    for row in rows:
        ours = PROSPECTS if row["r"] is None else name_of(row["r"], row["f"], row["m"])
        counts[row["theirs"], ours] = counts.get((row["theirs"], ours), 0) + row["n"]
    return Matrix(of="rfm", names=list(_names(counts)), moves=list(_moves(counts)))


def _names(counts: Mapping[tuple[str | None, str], int]) -> Iterator[str]:
    """Our names, and after them those that only the shop has."""
    yield from GROUPS
    yield from sorted({theirs for theirs, _ in counts if theirs and theirs not in GROUPS})


def _moves(counts: Mapping[tuple[str | None, str], int]) -> Iterator[Move]:
    for (theirs, ours), count in sorted(counts.items(), key=lambda each: (each[0][0] or "", each[0][1])):
        yield Move(then=theirs, now=ours, customers=count)
