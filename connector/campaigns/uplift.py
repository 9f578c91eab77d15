"""What a campaign has changed: those it treated against those it held out. DEFINITIONS, *Holdout and uplift*.

Intention to treat: whoever was assigned counts, with a code redeemed or without. Each person is looked at for
the same number of days, from the day of the assignment on.
"""

import math
from collections.abc import Sequence
from datetime import timedelta
from statistics import NormalDist
from typing import Literal

import msgspec

from connector.campaigns.campaign import Campaign, Setting
from connector.database import Database, moment
from connector.people import mark_of

Z = 1.96  #: of a 95 % interval
POWER = NormalDist().inv_cdf(0.8)  #: a needed sample would tell an effect four times out of five
#: Below this many people in either arm the normal approximation says nothing.
SMALLEST_ARM = 30
#: A sample ratio as unlikely as this is no chance: something loses people of one arm.
RATIO_ALARM = 0.01

Verdict = Literal["more", "less", "too small to tell"]


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one arm."""

    people: int
    mean: float
    variance: float  #: of the sample


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """The difference between both arms, with its 95 % interval."""

    treated: Arm
    holdout: Arm
    uplift: float
    low: float
    high: float
    incremental: float  #: uplift times the people treated
    verdict: Verdict
    needed: int | None  #: people in all, to tell an effect as large as the one seen; None: it is told, or 0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The effect of a campaign. Money in minor units, without tax."""

    campaign: str
    days: int
    running: int  #: people whose days are not over
    conversion: Effect  #: share of people with an order that counts
    sales: Effect  #: net sales a person
    discounts: int  #: given to the treated, in these days
    profit: float | None  #: None: no margin is configured
    profit_low: float | None
    profit_high: float | None
    ratio_p: float  #: how likely a sample ratio at least as odd is by chance
    ratio_odd: bool
    expected_holdout: float


def arm(values: Sequence[float]) -> Arm:
    """Mean and sample variance; with fewer than two people there is no variance."""
    count = len(values)
    mean = math.fsum(values) / count if count else 0.0
    spread = math.fsum((value - mean) ** 2 for value in values)
    return Arm(people=count, mean=mean, variance=spread / (count - 1) if count > 1 else 0.0)


def effect(treated: Arm, holdout: Arm) -> Effect:
    """mean_T − mean_C ± 1.96 · √(s²_T/n_T + s²_C/n_C)."""
    uplift = treated.mean - holdout.mean
    error = math.sqrt(treated.variance / max(treated.people, 1) + holdout.variance / max(holdout.people, 1))
    low, high = uplift - Z * error, uplift + Z * error
    small = min(treated.people, holdout.people) < SMALLEST_ARM
    verdict: Verdict = "too small to tell"
    if not small and low > 0:
        verdict = "more"
    elif not small and high < 0:
        verdict = "less"
    told = verdict != "too small to tell"
    return Effect(
        treated=treated,
        holdout=holdout,
        uplift=uplift,
        low=low,
        high=high,
        incremental=uplift * treated.people,
        verdict=verdict,
        needed=None if told else needed(treated, holdout, uplift),
    )


def needed(treated: Arm, holdout: Arm, uplift: float) -> int | None:
    """People in all, split as now, to tell that uplift with a power of 80 %; None where that is never."""
    people = treated.people + holdout.people
    if not uplift or not treated.people or not holdout.people:
        return None
    shares = treated.people / people, holdout.people / people
    spread = treated.variance / shares[0] + holdout.variance / shares[1]
    count = (Z + POWER) ** 2 * spread / uplift**2
    return max(math.ceil(count), math.ceil(SMALLEST_ARM / min(shares)), people + 1)


def sample_ratio(treated: int, holdout: int, expected_holdout: float) -> float:
    """How likely it is by chance that so many were held out: χ² with one degree of freedom."""
    people = treated + holdout
    expected = people - expected_holdout, expected_holdout
    if min(expected) <= 0:
        return 1.0
    chi = (treated - expected[0]) ** 2 / expected[0] + (holdout - expected[1]) ** 2 / expected[1]
    return math.erfc(math.sqrt(chi / 2))


def measure(db: Database, setting: Setting, campaign: Campaign, margin: float | None) -> Measured | None:
    """The effect of a campaign so far, or None where nobody was ever held out."""
    seen = _seen(db, setting, campaign)
    arms = {"treated": [each for each in seen if not each.held_out],
            "holdout": [each for each in seen if each.held_out]}  # fmt: skip
    if not arms["treated"] or not arms["holdout"]:
        return None
    sales = effect(*(arm([each.sales for each in people]) for people in arms.values()))
    conversion = effect(*(arm([float(each.bought) for each in people]) for people in arms.values()))
    expected = math.fsum(each.share / 1000 for each in seen)
    odd = sample_ratio(len(arms["treated"]), len(arms["holdout"]), expected)
    discounts = sum(each.discounts for each in arms["treated"])
    shipping = sum(each.shipping for each in arms["treated"]) if campaign.free_shipping else 0
    profits = [_profit(margin, value, discounts, shipping, len(arms["treated"]))
               for value in (sales.uplift, sales.low, sales.high)]  # fmt: skip
    return Measured(
        campaign=campaign.name,
        days=campaign.measure_days,
        running=sum(each.is_running for each in seen),
        conversion=conversion,
        sales=sales,
        discounts=discounts + shipping,
        profit=profits[0],
        profit_low=profits[1],
        profit_high=profits[2],
        ratio_p=odd,
        ratio_odd=odd < RATIO_ALARM,
        expected_holdout=expected,
    )


def _profit(margin: float | None, uplift: float, discounts: int, shipping: int, treated: int) -> float | None:
    """margin · (uplift + mean discount per treated) · n_T − discounts given.

    Net sales are already after discounts, so what was given is added to the sales before the margin is taken;
    but shipping is no part of them, so shipping that was given is only taken off.
    """
    if margin is None:
        return None
    return margin * (uplift + discounts / treated) * treated - discounts - shipping


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One person through the days of the measurement."""

    held_out: bool
    share: int
    bought: bool
    sales: int
    discounts: int
    shipping: int  #: that a code paid, if the campaign's codes do: their face value
    is_running: bool


def _seen(db: Database, setting: Setting, campaign: Campaign) -> list[_Seen]:
    """Everybody who was assigned by chance, with the orders of the days that followed."""
    days = timedelta(days=campaign.measure_days) // timedelta(milliseconds=1)
    people = _people_by_key(db, setting.shop, campaign.name)
    done: set[int] = set()
    found = []
    for row in db.rows(
        "SELECT * FROM assignments WHERE shop = ? AND campaign = ? AND share > 0"
        " ORDER BY assigned_at, person_key",
        (setting.shop, campaign.name),
    ):
        person = people.get(row["person_key"])
        if person in done:  # two accounts that are one person now: the first assignment holds
            continue
        if person is not None:
            done.add(person)
        end = row["assigned_at"] + days
        bought = _bought(db, setting.shop, campaign.name, person, row["assigned_at"], end)
        found.append(
            _Seen(
                held_out=row["arm"] == "holdout",
                share=row["share"],
                bought=bought[0] > 0,
                sales=bought[1],
                discounts=bought[2],
                shipping=bought[3],
                is_running=moment(end) > setting.now,
            )
        )
    return found


def _bought(
    db: Database, shop: int, campaign: str, person: int | None, start: int, end: int
) -> tuple[int, int, int, int]:
    """Orders that count, their net sales; and of those with a code of the campaign the discounts and the face
    value of the code. A discount in another currency is left out as its sales are."""
    if person is None:  # gone from the shop: bought nothing that could be seen
        return 0, 0, 0, 0
    row = db.row(
        "SELECT count(*) AS orders, sum(net) AS net, sum(face) AS face,"
        " sum(discounts) FILTER (WHERE face IS NOT NULL AND net IS NOT NULL) AS discounts FROM ("
        "  SELECT o.net, o.discounts, (SELECT sum(i.face_value) FROM order_codes AS k"
        "   JOIN issued AS i ON i.shop = k.shop AND i.code = k.code"
        "   WHERE k.order_key = o.order_key AND i.campaign = :campaign) AS face"
        "  FROM orders AS o"
        "  WHERE o.shop = :shop AND o.person = :person AND o.uncounted IS NULL AND o.gone_at IS NULL"
        "   AND o.placed_at >= :start AND o.placed_at < :end)",
        {"shop": shop, "person": person, "campaign": campaign, "start": start, "end": end},
    )
    assert row is not None  # noqa: S101  an aggregate gives one row
    return row["orders"], row["net"] or 0, row["discounts"] or 0, row["face"] or 0


def _people_by_key(db: Database, shop: int, campaign: str) -> dict[str, int]:
    """The keys of those who were assigned, to the person of today."""
    keys = {
        row["person_key"]: row["person"]
        for row in db.rows(
            "SELECT a.person_key, coalesce(p.person, c.person) AS person FROM assignments AS a"
            " LEFT JOIN people AS p ON p.shop = a.shop AND p.identity = 'c:' || substr(a.person_key, 2)"
            "  AND p.cluster <> ''"
            " LEFT JOIN customers AS c ON c.shop = a.shop AND c.id = substr(a.person_key, 2) AND NOT c.guest"
            " WHERE a.shop = ? AND a.campaign = ? AND substr(a.person_key, 1, 1) = 'c'",
            (shop, campaign),
        )
        if row["person"] is not None
    }
    if _has_guests(db, shop, campaign):
        keys |= _people_by_address(db, shop)
    return keys


def _has_guests(db: Database, shop: int, campaign: str) -> bool:
    return bool(
        db.value(
            "SELECT EXISTS (SELECT 1 FROM assignments"
            " WHERE shop = ? AND campaign = ? AND substr(person_key, 1, 1) = 'g')",
            (shop, campaign),
        )
    )


def _people_by_address(db: Database, shop: int) -> dict[str, int]:
    """Guests stand as a hash there, which cannot be turned back: everybody with an address is hashed."""
    keys = {
        mark_of(row["identity"]): row["person"]
        for row in db.rows(
            "SELECT identity, person FROM people"
            " WHERE shop = ? AND cluster <> '' AND substr(identity, 1, 2) <> 'c:'",
            (shop,),
        )
    }
    for row in db.rows(
        "SELECT email_key, person FROM customers WHERE shop = ? AND person IS NOT NULL AND email_key <> ''",
        (shop,),
    ):
        keys.setdefault(mark_of(f"g:{row['email_key']}"), row["person"])
    return keys
