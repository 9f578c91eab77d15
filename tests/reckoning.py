"""DEFINITIONS once more, word for word and slowly: figures from records with nothing but lists and sums.

Written from the text alone and apart from the code under test. Nothing here is quick or clever, so that each
line can be held against the sentence it comes from.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from connector.model import Customer, Order, Payment, Shipment

STAGES = ("beginner", "new", "active", "regular", "potential", "dormant")
RFM_NAMES = (
    *("CHAMPIONS", "LOYAL", "ACTIVE", "NEW", "PROMISING", "NEEDS_ATTENTION", "ALMOST_LOST", "AT_RISK"),
    *("PREVIOUSLY_LOYAL", "DORMANT", "PROSPECTS"),
)
#: By recency, then FM of 1-1.5, 2-2.5, 3-3.5, 4, 4.5-5 (docs/definitions.md).
RFM_TABLE = {
    5: ("NEW", "ACTIVE", "ACTIVE", "CHAMPIONS", "CHAMPIONS"),
    4: ("PROMISING", "ACTIVE", "ACTIVE", "LOYAL", "LOYAL"),
    3: ("PROMISING", "NEEDS_ATTENTION", "NEEDS_ATTENTION", "LOYAL", "LOYAL"),
    2: ("ALMOST_LOST", "ALMOST_LOST", "AT_RISK", "AT_RISK", "PREVIOUSLY_LOYAL"),
    1: ("DORMANT", "DORMANT", "AT_RISK", "AT_RISK", "PREVIOUSLY_LOYAL"),
}


@dataclass
class Bought:
    """An eligible order. Amounts are None in another currency."""

    order: Order
    day: date
    charged: int | None
    spent: int | None
    net: int | None


@dataclass
class Somebody:
    """A person."""

    key: str
    records: list[Customer] = field(default_factory=list)
    bought: list[Bought] = field(default_factory=list)
    tried: list[date] = field(default_factory=list)  #: days of all orders, counting or not

    @property
    def accounts(self) -> list[Customer]:
        return [each for each in self.records if not each.guest]

    @property
    def leader(self) -> Customer | None:
        """Among accounts with one e-mail the oldest wins; a guest's record carries tags where none is."""
        return min(
            self.accounts or self.records,
            key=lambda each: (each.created_at is None, each.created_at, len(each.id), each.id),
            default=None,
        )

    @property
    def tie(self) -> str:
        """The customer id as text, that ties are settled by; of a guest without one the address."""
        return self.leader.id if self.leader else f"g:{self.key.removeprefix('e:')}"

    @property
    def days(self) -> list[date]:
        return [each.day for each in self.bought]

    def spent(self) -> int:
        return sum(each.spent or 0 for each in self.bought)

    def net(self) -> int:
        return sum(each.net or 0 for each in self.bought)

    def gaps(self) -> list[int]:
        return [(later - sooner).days for sooner, later in zip(self.days, self.days[1:], strict=False)]


@dataclass(kw_only=True)
class Terms:
    """The owner's settings."""

    zone: str = "Europe/Berlin"
    currency: str = "EUR"
    tags: Collection[str] = ()
    groups: Collection[str] = ()
    domains: Collection[str] = ()
    count_when: Mapping[str, str] = field(default_factory=dict)
    lapse_days: int = 180
    abc_days: int = 365
    a: int = 80
    b: int = 95
    margin: Fraction | None = None
    spend: Mapping[str, int] = field(default_factory=dict)


def normalised(email: str | None) -> str | None:
    return (email or "").strip().casefold() or None


class Book:
    """A shop at the end of a day.

    Args:
        gone: ids of customers that were deleted in the shop.
    """

    def __init__(
        self, customers: Sequence[Customer], orders: Sequence[Order], terms: Terms, day: date, today: date
    ) -> None:
        self.terms, self.day, self.today = terms, day, today
        self.customers = {each.id: each for each in customers}
        everybody: dict[str, Somebody] = {}
        for customer in customers:
            if (key := self._of_customer(customer)) is not None:
                everybody.setdefault(key, Somebody(key)).records.append(customer)
        self.nobodys: list[Bought] = []
        self.refused: list[tuple[str | None, str]] = []  #: by whom, and why it does not count
        for order in sorted(orders, key=lambda each: (each.placed_at, int(each.id))):
            if self.day_of(order.placed_at) > day:
                continue
            owner = self._of_order(order)
            if owner:
                everybody.setdefault(owner, Somebody(owner)).tried.append(self.day_of(order.placed_at))
            if why := self.why_not(order):
                self.refused.append((owner, why))
            else:
                (everybody[owner].bought if owner else self.nobodys).append(self._bought(order))
        self.left_out = {each.key for each in everybody.values() if self._left_out(each)}
        self.people = [
            each for each in everybody.values() if each.key not in self.left_out and self._was_there(each)
        ]
        self.buyers = [each for each in self.people if each.bought]

    # Who

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.terms.zone)).date()

    def _of_customer(self, customer: Customer) -> str | None:
        email = normalised(customer.email)
        if email:
            return f"e:{email}"
        return None if customer.guest else f"c:{customer.id}"

    def _of_order(self, order: Order) -> str | None:
        customer = self.customers.get(order.customer_id or "")
        if customer and not customer.guest:
            return self._of_customer(customer)
        email = normalised(order.email) or (normalised(customer.email) if customer else None)
        return f"e:{email}" if email else None

    def _left_out(self, person: Somebody) -> bool:
        tags = {tag.casefold() for each in person.records for tag in each.tags}
        groups = {(each.group or "").casefold() for each in person.records}
        domain = person.key.rpartition("@")[2] if person.key.startswith("e:") else ""
        return bool(
            tags & {tag.casefold() for tag in self.terms.tags}
            or "sk:no-profiling" in tags
            or groups & {group.casefold() for group in self.terms.groups}
            or domain in self.terms.domains
        )

    def _was_there(self, person: Somebody) -> bool:
        made = [each.created_at for each in person.records]
        return bool(person.tried) or any(each is None or self.day_of(each) <= self.day for each in made)

    # Which orders

    def why_not(self, order: Order) -> str | None:
        """Not cancelled, not test, paid or shipped, or as `count_when` has it; and not all returned."""
        paid, shipped = order.payment is not Payment.NONE, order.shipment is not Shipment.NONE
        when = self.terms.count_when.get((order.payment_method or "").casefold(), "paid-or-shipped")
        counts = {
            "paid-or-shipped": paid or shipped,
            "paid": paid,
            "shipped": shipped,
            "placed": True,
            "never": False,
        }[when]
        if order.test:
            return "test"
        if order.cancelled_at is not None:
            return "cancelled"
        if order.refunds and order.lines and not any(line.remaining > 0 for line in order.lines):
            return "returned"
        return None if counts else "open"

    def _bought(self, order: Order) -> Bought:
        day = self.day_of(order.placed_at)
        if order.currency != self.terms.currency:
            return Bought(order, day, None, None, None)
        back = sum(each.amount for each in order.refunds)
        goods_back = sum(each.amount - each.tax - each.shipping for each in order.refunds)
        return Bought(order, day, order.total, order.total - back, order.goods - order.discounts - goods_back)

    # Figures

    def in_window(self, person: Somebody, days: int) -> list[Bought]:
        """Orders of the last so many days, today being one of them."""
        return [each for each in person.bought if (self.day - each.day).days < days]

    def silent(self, person: Somebody) -> int:
        return (self.day - person.days[-1]).days

    def lapsed(self, person: Somebody) -> bool:
        return bool(person.bought) and self.silent(person) > self.terms.lapse_days

    def stage(self, person: Somebody) -> str:
        count, lapsed = len(person.bought), self.lapsed(person)
        if count == 0:
            return "beginner"
        if lapsed:
            return "potential" if count == 1 else "dormant"
        return "new" if count == 1 else "active" if count <= 3 else "regular"

    def window(self, days: int) -> dict[str, Any]:
        bought = {each.key: self.in_window(each, days) for each in self.buyers}
        active = [each for each in self.buyers if bought[each.key]]
        orders = [order for each in active for order in bought[each.key]]
        spent, net = sum(each.spent or 0 for each in orders), sum(each.net or 0 for each in orders)
        again = [each for each in active if len(bought[each.key]) >= 2]
        before = [each for each in active if len(bought[each.key]) < len(each.bought)]
        return {
            "days": days,
            "customers": len(active),
            "repeaters": len(again),
            "returning": len(before),
            "orders": len(orders),
            "spent": spent,
            "net_sales": net,
            "repeat_rate": share(len(again), len(active)),
            "returning_rate": share(len(before), len(active)),
            "frequency": share(len(orders), len(active)),
            "aov_spent": share(spent, len(orders)),
            "aov_net_sales": share(net, len(orders)),
            "by_order_number": self._by_number(days),
        }

    def _by_number(self, days: int) -> list[dict[str, Any]]:
        """Of the orders in these days, those that were their customer's first, second, … ever."""
        numbered: dict[int, list[Bought]] = {}
        for person in self.buyers:
            for nth, order in enumerate(person.bought, 1):
                if (self.day - order.day).days < days:
                    numbered.setdefault(min(nth, 5), []).append(order)
        return [
            {
                "number": nth,
                "orders": len(orders),
                "aov_spent": share(sum(each.spent or 0 for each in orders), len(orders)),
                "aov_net_sales": share(sum(each.net or 0 for each in orders), len(orders)),
            }
            for nth, orders in sorted(numbered.items())
        ]

    def next_order(self) -> list[dict[str, Any]]:
        found = []
        for nth in range(1, 6):
            reached = [each for each in self.buyers if len(each.bought) >= nth]
            again = [each for each in reached if len(each.bought) > nth]
            lapsed = [each for each in reached if len(each.bought) == nth and self.lapsed(each)]
            found.append(
                {
                    "order": nth,
                    "reached": len(reached),
                    "again": len(again),
                    "waiting": len(reached) - len(again) - len(lapsed),
                    "lapsed": len(lapsed),
                    "share": share(len(again), len(reached)),
                    "share_of_settled": share(len(again), len(again) + len(lapsed)),
                }
            )
        return found

    def churn(self) -> dict[str, Any]:
        then = self.day - timedelta(days=365)
        active = [
            each
            for each in self.buyers
            if any(0 <= (then - day).days <= self.terms.lapse_days for day in each.days)
        ]
        lost = [each for each in active if self.lapsed(each)]
        return {
            "days": 365,
            "lapse_days": self.terms.lapse_days,
            "active_at_start": len(active),
            "lost": len(lost),
            "rate": share(len(lost), len(active)),
            "lapsed_now": sum(map(self.lapsed, self.buyers)),
        }

    def came_back(self, lapse_days: int) -> dict[str, Any]:
        """Of whoever was ever silent for longer than that, those who ordered again."""
        back = [each for each in self.buyers if max(each.gaps(), default=0) > lapse_days]
        silent = [each for each in self.buyers if self.silent(each) > lapse_days]
        ever = {each.key for each in back} | {each.key for each in silent}
        return {
            "lapse_days": lapse_days,
            "lapsed": len(ever),
            "came_back": len(back),
            "share": share(len(back), len(ever)),
        }

    def gaps(self) -> dict[str, Any]:
        gaps = [gap for each in self.buyers for gap in each.gaps()]
        seconds = [each.gaps()[0] for each in self.buyers if each.gaps()]
        return {
            "count": len(gaps),
            "median": median(gaps),
            "second_orders": len(seconds),
            "median_to_second": median(seconds),
            "histogram": self._bars(gaps),
            "came_back": self.came_back(self.terms.lapse_days),
        }

    def _bars(self, gaps: Sequence[int]) -> list[dict[str, Any]]:
        """Of 15 days each, the last one open; a gap of 0 stands in the first one."""
        spans: list[tuple[int, int | None]] = [(0, 15)]
        spans += [(first, first + 14) for first in range(16, 361, 15)] + [(361, None)]
        return [
            {
                "first": first,
                "last": last,
                "gaps": sum(gap >= first and (last is None or gap <= last) for gap in gaps),
            }
            for first, last in spans
        ]

    def lifetime_value(self) -> dict[str, Any]:
        year, churn = self.window(365), self.churn()["rate"]
        found: dict[str, Any] = {"days": 365}
        totals = {
            "spent": sum(map(Somebody.spent, self.buyers)),
            "net_sales": sum(map(Somebody.net, self.buyers)),
        }
        for of, total in totals.items():
            period = share(year[of], year["customers"])
            found[of] = {
                "period": period,
                "historic": share(total, len(self.buyers)),
                "simple": None if period is None or not churn else period / churn,
            }
        margin = self.terms.margin
        found["margin"] = margin and {
            name: None if value is None else value * margin for name, value in found["net_sales"].items()
        }
        return found

    def stages(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "customers": len(them),
                "share": share(len(them), len(self.people)),
                "spent": sum(map(Somebody.spent, them)),
                "net_sales": sum(map(Somebody.net, them)),
            }
            for name in STAGES
            for them in [[each for each in self.people if self.stage(each) == name]]
        ]

    def worth(self, person: Somebody) -> int:
        return sum(each.spent or 0 for each in self.in_window(person, self.terms.abc_days))

    def abc(self) -> dict[str, str]:
        """A while the cumulative share including this customer is 80 % at most; the first is always A."""
        there = [each for each in self.buyers if self.in_window(each, self.terms.abc_days)]
        found = {each.key: "C" for each in there}
        worthy = sorted(
            (each for each in there if self.worth(each) > 0), key=lambda each: (-self.worth(each), each.tie)
        )
        total, reached = sum(map(self.worth, worthy)), 0
        for place, person in enumerate(worthy):
            reached += self.worth(person)
            if place == 0 or 100 * reached <= self.terms.a * total:
                found[person.key] = "A"
            elif 100 * reached <= self.terms.b * total:
                found[person.key] = "B"
        return found

    def classes(self) -> list[dict[str, Any]]:
        abc = self.abc()
        them = {name: [each for each in self.buyers if abc.get(each.key) == name] for name in "ABC"}
        sales = sum(self.worth(each) for some in them.values() for each in some)
        once = sum(len(each.bought) == 1 for some in them.values() for each in some)
        found = []
        for name, some in them.items():
            worth, singles = sum(map(self.worth, some)), sum(len(each.bought) == 1 for each in some)
            found.append(
                {
                    "name": name,
                    "customers": len(some),
                    "share_of_customers": share(len(some), len(abc)),
                    "spent": worth,
                    "share_of_spent": share(worth, sales),
                    "bought_once": singles,
                    "share_of_bought_once": share(singles, once),
                }
            )
        return found

    def scores(self) -> dict[str, tuple[int, int, int]]:
        days = {each.key: each.days[-1].toordinal() for each in self.buyers}
        counts = {each.key: len(each.bought) for each in self.buyers}
        spent = {each.key: each.spent() for each in self.buyers}
        recency, frequency, monetary = map(scored, (days, counts, spent))
        return {key: (recency[key], frequency[key], monetary[key]) for key in days}

    def rfm_name(self, person: Somebody) -> str:
        score = self.scores().get(person.key)
        if score is None:
            return "PROSPECTS"
        twice = score[1] + score[2]  # FM in halves
        return RFM_TABLE[score[0]][(twice > 3) + (twice > 5) + (twice > 7) + (twice > 8)]

    def rfm(self) -> dict[str, Any]:
        cells: dict[tuple[int, int, int], list[Somebody]] = {}
        scores = self.scores()
        for person in self.buyers:
            cells.setdefault(scores[person.key], []).append(person)
        named = {each.key: self.rfm_name(each) for each in self.people}
        return {
            "groups": [
                {
                    "name": name,
                    "customers": len(them),
                    "share": share(len(them), len(self.people)),
                    "spent": sum(map(Somebody.spent, them)),
                }
                for name in RFM_NAMES
                for them in [[each for each in self.people if named[each.key] == name]]
            ],
            "cells": [
                {
                    "recency": r,
                    "frequency": f,
                    "monetary": m,
                    "group": named[them[0].key],
                    "customers": len(them),
                    "spent": sum(map(Somebody.spent, them)),
                }
                for (r, f, m), them in sorted(cells.items(), reverse=True)
            ],
        }

    # Two days

    def moves(self, then: "Book") -> dict[str, dict[tuple[str | None, str | None], int]]:
        """Who was in which class then, and is in which now; None: in none of them."""
        abc, abc_then = self.abc(), then.abc()
        there = {each.key: each for each in then.people}
        counts: dict[str, dict[tuple[str | None, str | None], int]] = {"abc": {}, "lifecycle": {}, "rfm": {}}
        for person in self.people:
            before = there.get(person.key)
            pairs: dict[str, tuple[str | None, str | None]] = {
                "abc": (abc_then.get(person.key), abc.get(person.key)),
                "lifecycle": (then.stage(before) if before else None, self.stage(person)),
                "rfm": (then.rfm_name(before) if before else None, self.rfm_name(person)),
            }
            for of, pair in pairs.items():
                if pair != (None, None):
                    counts[of][pair] = counts[of].get(pair, 0) + 1
        return counts

    # Months

    def is_over(self, month: int) -> bool:
        """Whether a month had ended by the end of the day; a day that goes on ends nothing."""
        end = self.day - timedelta(days=1) if self.day == self.today else self.day
        return month_of(end + timedelta(days=1)) > month

    def cohorts(self) -> list[dict[str, Any]]:
        last = month_of(self.day)
        found = []
        for month in range(last - 11, last + 1):
            them = [each for each in self.buyers if month_of(each.days[0]) == month]
            ordered = [
                sum(any(month_of(day) == later for day in each.days) for each in them)
                if them and self.is_over(later)
                else None
                for later in range(month, last + 1)
            ]
            found.append({"month": month_text(month), "customers": len(them), "ordered": ordered})
        return found

    def acquisition(self) -> list[dict[str, Any]]:
        found = []
        for name, spend in sorted(self.terms.spend.items()):
            month = int(name[:4]) * 12 + int(name[5:]) - 1
            if month > month_of(self.day):
                continue
            row: dict[str, Any] = {"month": name, "spend": spend} | dict.fromkeys(
                ("customers", "cac", "margin_per_customer", "payback")
            )
            if self.is_over(month):
                them = [each for each in self.buyers if month_of(each.days[0]) == month]
                row |= {"customers": len(them), "cac": share(spend, len(them))}
                if them and self.terms.margin is not None:
                    row |= self._payback(them, month, spend)
            found.append(row)
        return found

    def _payback(self, them: list[Somebody], month: int, spend: int) -> dict[str, Any]:
        assert self.terms.margin is not None
        each_one, after, paid = Fraction(0), 0, None
        while self.is_over(month + after):
            net = sum(
                each.net or 0 for one in them for each in one.bought if month_of(each.day) == month + after
            )
            each_one += net * self.terms.margin / len(them)
            if paid is None and each_one >= Fraction(spend, len(them)):
                paid = after
            after += 1
        return {"margin_per_customer": each_one, "payback": paid}

    def overview(self) -> dict[str, Any]:
        """The first look: the totals of the shop, orders that name nobody among them."""
        bought = [order for each in self.buyers for order in each.bought] + self.nobodys
        refused = [why for owner, why in self.refused if owner not in self.left_out]
        regulars = [each for each in self.buyers if self.stage(each) == "regular"]
        return {
            "customers": sum(each.leader is not None for each in self.people),
            "orders": len(bought),
            "spent": sum(each.spent or 0 for each in bought),
            "first_order": min((each.day for each in bought), default=None),
            "not_counted": {why: refused.count(why) for why in sorted(set(refused))},
            "other_currency": sum(each.spent is None for each in bought),
            "buyers": len(self.buyers),
            "bought_once": sum(len(each.bought) == 1 for each in self.buyers),
            "regulars": len(regulars),
            "regulars_spent": sum(map(Somebody.spent, regulars)),
            "lapsed": sum(map(self.lapsed, self.buyers)),
        }

    def report(self) -> dict[str, Any]:
        return {
            "as_of": self.day.isoformat(),
            "first_order": min((each.days[0] for each in self.buyers), default=None),
            "customers": len(self.buyers),
            "orders": sum(len(each.bought) for each in self.buyers),
            "spent": sum(map(Somebody.spent, self.buyers)),
            "net_sales": sum(map(Somebody.net, self.buyers)),
            "prospects": len(self.people) - len(self.buyers),
            "orders_without_customer": len(self.nobodys),
            "spent_without_customer": sum(each.spent or 0 for each in self.nobodys),
            "orders_in_other_currency": sum(
                each.spent is None for person in self.buyers for each in person.bought
            ),
            "windows": [self.window(365), self.window(180)],
            "next_order": self.next_order(),
            "gaps": self.gaps(),
            "churn": self.churn(),
            "lifetime_value": self.lifetime_value(),
            "acquisition": self.acquisition(),
            "lifecycle": self.stages(),
            "abc_days": self.terms.abc_days,
            "abc": self.classes(),
            "rfm": self.rfm(),
            "cohorts": self.cohorts(),
        }


def share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def median(numbers: Sequence[int]) -> Fraction | None:
    if not numbers:
        return None
    row = sorted(numbers)
    return Fraction(row[(len(row) - 1) // 2] + row[len(row) // 2], 2)


def scored(values: Mapping[str, int]) -> dict[str, int]:
    """ceil(5 · r / n), r the lowest rank among equal values, 1 the worst."""
    n = len(values)
    return {
        key: -(-5 * (1 + sum(other < value for other in values.values())) // n)
        for key, value in values.items()
    }


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def month_text(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02}"
