"""Campaigns: all of them, and one with its funnel, its cost and its effect."""

from collections.abc import Iterator

import msgspec
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from connector import campaigns
from connector.campaigns import Campaign, Code, State
from connector.campaigns.budgets import warnings
from connector.campaigns.funnel import funnel
from connector.campaigns.uplift import Measured, measure
from connector.groups import standings
from connector.proposal import known_codes
from connector.shop import Shop
from connector.web.desk import Desk, here, page
from connector.web.number_pages import WAITING


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign in the list. Money in minor units."""

    campaign: Campaign
    state: str  #: active, off, stopped
    members: int | None
    issued: int
    open: int
    redeemed: int
    liability: int
    cost: int
    sales: int
    warnings: list[str]


def add_campaign_pages(pages: Blueprint, desk: Desk) -> None:  # noqa: ARG001  every adder is called alike
    """`campaigns` and `campaign`."""

    @pages.get("/shops/<shop>/campaigns", endpoint="campaigns")
    def all_campaigns() -> ResponseReturnValue:
        if here().info is None:
            return page(WAITING)
        with here().opened() as shop:
            codes = known_codes(shop)
            lines = [_line(shop, each, codes) for each in shop.campaigns(active=False)]
        return page("campaigns.html", lines=lines)

    @pages.get("/shops/<shop>/campaigns/<name>")
    def campaign(name: str) -> ResponseReturnValue:
        if here().info is None:
            return page(WAITING)
        with here().opened() as shop:
            found = next((each for each in shop.campaigns(active=False) if each.name == name), None)
            if found is None:
                abort(404)
            if request.args.get("part") == "1":
                return page("effect.html", measured=_measured(shop, found))
            codes = known_codes(shop)
            own = [each for each in codes if each.campaign == name]
            is_measured = "effect" in request.args
            used = campaigns.spent(own)
            return page(
                "campaign.html",
                line=_line(shop, found, codes),
                campaign=found,
                steps=[each for each in funnel(own) if each.codes or each.name in _ALWAYS],
                most=max((each.codes for each in funnel(own)), default=0),
                budget=[*_budget(found, used)],
                is_measured=is_measured,
                measured=_measured(shop, found) if is_measured else None,
                held_out=shop.db.value(
                    "SELECT count(*) FROM assignments WHERE shop = ? AND campaign = ? AND arm = 'holdout'",
                    (shop.key, name),
                ),
                terms=campaigns.notes(found, shop.info()),
                refusals=campaigns.refusals(shop.db, shop.key, found, shop.info()),
            )


def _measured(shop: Shop, found: Campaign) -> Measured | None:
    """The effect, from the orders of everybody who was assigned: too much to let a page wait for it."""
    margin = shop.settings.margin
    return measure(shop.db, shop.setting(), found, None if margin is None else float(margin))


_ALWAYS = {"issued", "handed over", "redeemed"}


def _line(shop: Shop, each: Campaign, codes: list[Code]) -> Line:
    own = [code for code in codes if code.campaign == each.name]
    used = campaigns.spent(own)
    stopped = each.name in campaigns.stopped(shop.db, shop.key)
    active = shop.config.campaigns[each.name].active
    sizes = [found.size for found in standings(shop.db, shop.key, [each.group] if each.group else [])]
    return Line(
        campaign=each,
        state="stopped" if stopped else "active" if active else "off",
        members=sizes[0] if sizes else None,
        issued=len(own),
        open=sum(code.is_open() for code in own),
        redeemed=sum(code.state is State.REDEEMED for code in own),
        liability=used.liability,
        cost=used.redeemed,
        sales=sum(code.sales for code in own),
        warnings=list(warnings(f"Campaign {each.name}", used, each.budget, shop.info().currency)),
    )


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of a campaign and how much of it is used."""

    what: str  #: coupons, liability, redeemed
    used: int
    limit: int
    is_money: bool

    @property
    def share(self) -> float:
        return self.used / self.limit if self.limit else 1.0


def _budget(found: Campaign, used: campaigns.Spent) -> Iterator[Budget]:
    for what, spent, limit in (
        ("coupons", used.coupons, found.budget.coupons),
        ("liability", used.liability, found.budget.liability),
        ("redeemed", used.redeemed, found.budget.redeemed),
    ):
        if limit is not None:
            yield Budget(what=what, used=spent, limit=limit, is_money=what != "coupons")
