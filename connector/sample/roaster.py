"""A coffee roaster that never was: products, customers and three years of orders, the same for each seed.

Most customers buy once, some a few times, a few for years; gaps vary; there is a season before Christmas.
The awkward cases of real shops are all in it: guests, refunds, cancellations, test orders, open invoices,
shared and missing e-mail addresses, dealers and staff.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from connector.model import Consent, Customer, Order, Record
from connector.sample.catalogue import articles
from connector.sample.orders import OrderWriter
from connector.sample.people import Person, person

#: The history the shop looks back on.
HISTORY_DAYS = 3 * 365

FIRST_CUSTOMER_ID = 7_200_000_000_001

#: Guests for every hundred customers.
GUESTS_PER_HUNDRED = 12

#: How likely a buyer comes on a day of that month, relative to the busiest.
_SEASON = (0.55, 0.5, 0.5, 0.5, 0.45, 0.4, 0.35, 0.4, 0.5, 0.6, 0.85, 1.0)

#: Share of customers by their number of orders: up to the share, between these numbers.
_LOYALTY = ((0.51, 1, 1), (0.66, 2, 2), (0.74, 3, 3), (0.86, 4, 9), (0.95, 10, 25), (1.0, 26, 60))

#: Who orders more often than this, orders every three weeks rather than every six.
_OFTEN = 9

_DAY = 86_400


def coffee_roaster(*, customers: int = 5000, seed: int = 1, today: date) -> Iterator[Record]:
    """Products, then each customer followed by their orders, then the orders of guests.

    Args:
        customers: how many accounts; there are four to five times as many orders.
        today: the last day of the history.
    """
    yield from (article.product for article in articles())
    shop = _History(customers, seed, today)
    for place in range(customers):
        yield from shop.account(place)
    for place in range(customers, shop.people):
        yield from shop.guest(place)


class _History:
    """Who bought when: first the moments of all orders, so that their numbers rise with time."""

    def __init__(self, customers: int, seed: int, today: date) -> None:
        self.people = customers + customers * GUESTS_PER_HUNDRED // 100
        self._customers = customers
        self._seed = seed
        self._end = int(datetime.combine(today, time(20), UTC).timestamp())
        moments = array("q")
        for place in range(self.people):
            moments.extend(self._visits(place, self._random(place)))
        self._moments = array("q", sorted(moments))
        self._same: dict[int, int] = {}
        self._writer = OrderWriter(articles(), self._end)

    def _random(self, place: int) -> Random:
        return Random(self._seed * 1_000_003 + place)  # noqa: S311 - a sample needs no secrecy

    def _visits(self, place: int, random: Random) -> list[int]:
        """The seconds at which somebody orders, oldest first."""
        orders = _how_many(random.random()) if place < self._customers else 1
        visits = [self._first_visit(random)]
        gap = random.lognormvariate(3.1 if orders > _OFTEN else 3.7, 0.4)  # a rhythm of one's own, in days
        for _ in range(orders - 1):
            moment = visits[-1] + int(_DAY * random.lognormvariate(0, 0.5) * gap)
            if moment > self._end:
                break
            visits.append(moment)
        return visits

    def _first_visit(self, random: Random) -> int:
        while True:
            # More at the end: the shop grows.
            days = int(HISTORY_DAYS * (1 - random.random() ** 0.8))
            moment = self._end - days * _DAY - random.randrange(13 * 3600)
            if random.random() < _SEASON[datetime.fromtimestamp(moment, UTC).month - 1]:
                return moment

    def _number(self, moment: int) -> int:
        """The place of an order in time, from 1; equal moments follow each other."""
        earlier = bisect_left(self._moments, moment)
        again = self._same.get(moment, 0)
        self._same[moment] = again + 1
        return earlier + again + 1

    def _person(self, place: int, random: Random) -> Person:
        """Somebody; now and then with the address of the account before."""
        somebody = person(place, random)
        if place and somebody.shares_email:
            neighbour = place - 1 if place < self._customers else random.randrange(self._customers)
            source = self._random(neighbour)
            self._visits(neighbour, source)  # a person is drawn after their visits
            return somebody._replace(email=person(neighbour, source).email)
        return somebody

    def account(self, place: int) -> Iterator[Customer | Order]:
        """A customer, then their orders."""
        random = self._random(place)
        visits = self._visits(place, random)
        somebody = self._person(place, random)
        number = str(FIRST_CUSTOMER_ID + place)
        orders = [
            self._writer.order(
                somebody, number, moment, self._number(moment), random, first=moment == visits[0]
            )
            for moment in visits
        ]
        yield _customer(number, somebody, orders, random)
        yield from orders

    def guest(self, place: int) -> Iterator[Order]:
        """The orders of somebody without an account."""
        random = self._random(place)
        visits = self._visits(place, random)
        somebody = self._person(place, random)
        for moment in visits:
            yield self._writer.order(somebody, None, moment, self._number(moment), random, first=True)


def _how_many(chance: float) -> int:
    lower = 0.0
    for upper, fewest, most in _LOYALTY:
        if chance < upper:
            return fewest + int((chance - lower) / (upper - lower) * (most - fewest + 1))
        lower = upper
    return 1


def _customer(number: str, somebody: Person, orders: list[Order], random: Random) -> Customer:
    counted = [order for order in orders if not order.test and order.cancelled_at is None]
    created = orders[0].placed_at - timedelta(minutes=random.randrange(2, 40))
    touched = [order.updated_at for order in orders if order.updated_at]
    tags = somebody.tags
    if len(orders) >= 8 and random.random() < 0.5:
        tags = (*tags, "VIP")
    return Customer(
        id=number,
        email=somebody.email,
        first_name=somebody.first_name,
        last_name=somebody.last_name,
        phone=somebody.phone,
        company=somebody.company,
        language=somebody.language,
        country=somebody.country,
        region=somebody.region,
        city=somebody.city,
        group=somebody.group,
        tags=tags,
        account_status="enabled" if random.random() < 0.6 else "disabled",
        created_at=created,
        updated_at=max(touched),
        consents=_consents(somebody, created, random),
        shop_order_count=len(counted),
        shop_amount_spent=sum(order.spent() for order in counted),
    )


def _consents(somebody: Person, created: datetime, random: Random) -> tuple[Consent, ...]:
    if somebody.email is None:
        return ()
    chance = random.random()
    if chance < 0.32:
        return (Consent(channel="email", state="subscribed", level="confirmed", changed_at=created),)
    if chance < 0.45:
        return (Consent(channel="email", state="subscribed", level="single", changed_at=created),)
    if chance < 0.49:
        return (Consent(channel="email", state="pending", level="confirmed", changed_at=created),)
    if chance < 0.57:
        return (Consent(channel="email", state="unsubscribed", level="confirmed", changed_at=created),)
    return (Consent(channel="email", state="never"),)
