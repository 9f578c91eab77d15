"""What a campaign would do, before it does anything. Nothing is written down."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from connector.campaigns.budgets import spent
from connector.campaigns.campaign import Campaign, Setting
from connector.campaigns.candidates import (
    HELD_OUT,
    Candidate,
    Considered,
    History,
    consider,
    history,
)
from connector.campaigns.codes import Issuer
from connector.campaigns.coupon import face_value
from connector.campaigns.holdout import draw, read_arms
from connector.campaigns.refused import read_refusals
from connector.campaigns.states import codes
from connector.database import Database
from connector.model import ShopInfo

#: Shares of codes that may be redeemed, for the question what that would cost.
RATES = (Decimal("0.02"), Decimal("0.05"), Decimal("0.10"), Decimal("0.20"), Decimal("0.40"))


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What if. Money in minor units."""

    campaign: str
    currency: str
    members: int
    people: int  #: would get a code sooner or later, if there were no budget
    left_out: Mapping[str, int]
    within_budget: int  #: of these, the first so many
    days: int  #: until the last of them has a code
    face_value: int
    cost: Mapping[str, int]  #: by redemption rate
    overlap: Mapping[str, int]  #: of the people, how many are in another campaign's group too


def preview(
    db: Database,
    setting: Setting,
    campaign: Campaign,
    others: Sequence[Campaign],
    issuer: Issuer,
    info: ShopInfo,
) -> Preview:
    """Ask every guard, the holdout and the budget, as a push would.

    Args:
        others: the other campaigns of the shop, active or not.
    """
    reissue = [each.name for each in (campaign, *others) if each.reissue_on_return]
    past = history(codes(db, setting.shop, setting.now, reissue), read_refusals(db, setting.shop))
    considered = consider(db, setting, campaign, info, issuer, past)
    chosen = _treated(db, setting, campaign, issuer, considered)
    left_out = dict(considered.left_out.most_common())
    if held_out := len(considered.people) - len(chosen):
        left_out[HELD_OUT] = held_out
    faces = _within_budget(setting, campaign, past, chosen)
    return Preview(
        campaign=campaign.name,
        currency=setting.currency,
        members=considered.members,
        people=len(chosen),
        left_out=left_out,
        within_budget=len(faces),
        days=-(-len(faces) // campaign.per_day) if campaign.per_day else 0,
        face_value=sum(faces),
        cost={f"{rate:.0%}": int(sum(faces) * rate) for rate in RATES},
        overlap=_overlap(db, setting.shop, [each.person for each in chosen], others),
    )


def _treated(
    db: Database, setting: Setting, campaign: Campaign, issuer: Issuer, considered: Considered
) -> list[Candidate]:
    """Those who would not be held out; nothing is drawn for good."""
    arms = read_arms(db, setting.shop)
    share = campaign.share_held_out(0 if campaign.rewards else considered.members)
    return [
        each
        for each in considered.people
        if (arms.of(campaign.name, each.keys) or draw(issuer, campaign.name, each.key, share).arm)
        == "treated"
    ]


def _within_budget(
    setting: Setting, campaign: Campaign, past: History, chosen: Sequence[Candidate]
) -> list[int]:
    """Face values of the codes that the budgets have room for."""
    used = spent(each for each in past.codes if each.campaign == campaign.name)
    overall = spent(past.codes)
    faces: list[int] = []
    for each in chosen:
        face = face_value(campaign, each.goods, each.shipping)
        if not used.has_room(campaign.budget, face) or not overall.has_room(setting.budget, face):
            break
        used.add(face)
        overall.add(face)
        faces.append(face)
    return faces


def _overlap(db: Database, shop: int, people: Sequence[int], others: Sequence[Campaign]) -> dict[str, int]:
    wanted = msgspec.json.encode(list(people)).decode()
    found = {
        each.name: db.value(
            "SELECT count(*) FROM groups AS g JOIN members AS m USING (grp) WHERE g.shop = ? AND g.name = ?"
            " AND m.person IN (SELECT value FROM json_each(?))",
            (shop, each.group, wanted),
        )
        for each in others
        if each.group is not None
    }
    return {name: count for name, count in found.items() if count}
