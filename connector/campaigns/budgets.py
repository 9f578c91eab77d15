"""What campaigns have spent, and how much is left. Money in minor units."""

from collections.abc import Iterable, Iterator

import msgspec

from connector.campaigns.campaign import Budget
from connector.campaigns.states import Code, State
from connector.money import money_text

# From this share of a budget on the owner is told.
WARN_AT = 0.8


class Spent(msgspec.Struct, kw_only=True):
    """What was spent of a budget."""

    coupons: int = 0
    liability: int = 0
    redeemed: int = 0

    def add(self, face_value: int) -> None:
        """A new code."""
        self.coupons += 1
        self.liability += face_value

    def has_room(self, budget: Budget, face_value: int) -> bool:
        """Whether one more code of that value stays within a budget."""
        return (
            (budget.coupons is None or self.coupons < budget.coupons)
            and (budget.liability is None or self.liability + face_value <= budget.liability)
            and (budget.redeemed is None or self.redeemed < budget.redeemed)
        )

    def is_over(self, budget: Budget) -> bool:
        """Whether more was issued than a budget allows. Orders may have redeemed more than planned."""
        return (budget.coupons is not None and self.coupons > budget.coupons) or (
            budget.liability is not None and self.liability > budget.liability
        )

    def lines(self, budget: Budget, currency: str) -> Iterator[tuple[str, float]]:
        """Each limit in words, and the share of it that is used."""
        for what, used, limit in (
            ("coupons", self.coupons, budget.coupons),
            ("liability", self.liability, budget.liability),
            ("redeemed", self.redeemed, budget.redeemed),
        ):
            if limit is None:
                continue
            money = what != "coupons"
            shown = [money_text(each, currency) if money else f"{each:,}" for each in (used, limit)]
            yield f"{shown[0]} of {shown[1]} {_WORDS[what]}", used / limit if limit else 1.0


_WORDS = {"coupons": "codes", "liability": "in open codes", "redeemed": "redeemed"}


def spent(codes: Iterable[Code]) -> Spent:
    """What these codes have taken of a budget."""
    total = Spent()
    for each in codes:
        total.coupons += 1
        total.liability += each.face_value if each.is_open() else 0
        total.redeemed += each.cost if each.state is State.REDEEMED else 0
    return total


def warnings(what: str, total: Spent, budget: Budget, currency: str) -> Iterator[str]:
    """A sentence for each limit that is nearly or wholly used up."""
    for line, share in total.lines(budget, currency):
        if share >= 1:
            yield f"{what}: the budget is used up, nothing more is issued ({line})."
        elif share >= WARN_AT:
            yield f"{what}: {int(share * 100)} % of the budget is used ({line})."


def troubles(what: str, total: Spent, budget: Budget, currency: str) -> Iterator[str]:
    """As `warnings`, in words that stay the same while the figures grow: to be told once."""
    for _, share in total.lines(budget, currency):
        if share >= 1:
            yield f"{what}: the budget is used up, nothing more is issued."
        elif share >= WARN_AT:
            yield f"{what}: {WARN_AT:.0%} of the budget is used."
