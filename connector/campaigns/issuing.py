"""The coupons that all campaigns of a shop would issue now, within every guard and every budget."""

from collections.abc import Sequence

import msgspec

from connector.campaigns.budgets import Spent, spent, warnings
from connector.campaigns.campaign import Campaign, Setting
from connector.campaigns.candidates import REFUSED, Candidate, Considered, History, consider, history
from connector.campaigns.codes import Issuer, free_code
from connector.campaigns.coupon import face_value, make_coupon
from connector.campaigns.holdout import Arms, Assignment, draw, read_arms
from connector.campaigns.refused import read_refusals
from connector.campaigns.states import Code, codes
from connector.database import Database, milliseconds
from connector.ledger import Planned
from connector.model import DisableCoupon, Mark, ShopInfo, UpdateTags


class Issue(msgspec.Struct, kw_only=True):
    """What campaigns would do in one push."""

    changes: list[Planned] = []
    tags: list[Planned] = []  #: of who gets a code now; each needs that code
    assignments: list[Assignment] = []
    notes: list[str] = []


def plan(db: Database, setting: Setting, wanted: Sequence[Campaign], issuer: Issuer, info: ShopInfo) -> Issue:
    """The coupons these campaigns would issue now; those of higher priority choose first."""
    desk = _Desk(db, setting, wanted, issuer, info)
    for campaign in sorted(wanted, key=lambda each: -each.priority):
        desk.serve(campaign)
    overall = warnings("All campaigns together", desk.overall, setting.budget, setting.currency)
    desk.issue.notes += overall
    return desk.issue


class _Desk:
    """Serves one campaign after the other, and remembers who was served."""

    def __init__(
        self, db: Database, setting: Setting, wanted: Sequence[Campaign], issuer: Issuer, info: ShopInfo
    ) -> None:
        self.db, self.setting, self.issuer, self.info = db, setting, issuer, info
        reissue = [each.name for each in wanted if each.reissue_on_return]
        known = codes(db, setting.shop, setting.now, reissue)
        self.past: History = history(known, read_refusals(db, setting.shop))
        self.arms: Arms = read_arms(db, setting.shop)
        self.overall = spent(self.past.codes)
        self.served: set[int] = set()
        self.issue = Issue()

    def serve(self, campaign: Campaign) -> None:
        own = [each for each in self.past.codes if each.campaign == campaign.name]
        used = spent(own)
        today = [each for each in own if milliseconds(each.starts_at) >= self.setting.midnight()]
        left = campaign.per_day - len(today)
        considered = consider(self.db, self.setting, campaign, self.info, self.issuer, self.past)
        if (most := considered.refused.most()) is not None:
            left = min(left, most)
        for candidate in considered.people:
            if left <= 0 or not self._has_room(campaign, used, self._face(campaign, candidate)):
                break
            if self._is_served_elsewhere(campaign, candidate) or self._is_held_out(
                campaign, candidate, considered
            ):
                continue
            face = self._face(campaign, candidate)
            self._give(campaign, candidate, face)
            used.add(face)
            self.overall.add(face)
            left -= 1
        self.issue.notes += warnings(
            f"Campaign {campaign.name}", used, campaign.budget, self.setting.currency
        )
        if note := considered.refused.note(considered.left_out[REFUSED]):
            self.issue.notes.append(note)

    def _has_room(self, campaign: Campaign, used: Spent, face: int) -> bool:
        return used.has_room(campaign.budget, face) and self.overall.has_room(self.setting.budget, face)

    def _face(self, campaign: Campaign, candidate: Candidate) -> int:
        return face_value(campaign, candidate.goods, candidate.shipping)

    def _is_served_elsewhere(self, campaign: Campaign, candidate: Candidate) -> bool:
        return not campaign.beside_others and candidate.person in self.served

    def _is_held_out(self, campaign: Campaign, candidate: Candidate, considered: Considered) -> bool:
        """The arm of somebody whose turn it is; a new one is drawn and noted."""
        arm = self.arms.of(campaign.name, candidate.keys)
        if arm is None:
            share = campaign.share_held_out(0 if campaign.rewards else considered.members)
            drawn = draw(self.issuer, campaign.name, candidate.key, share)
            self.issue.assignments.append(drawn)
            arm = drawn.arm
        return arm == "holdout"

    def _give(self, campaign: Campaign, candidate: Candidate, face: int) -> None:
        self.served.add(candidate.person)
        mark = Mark(campaign.name, candidate.key, candidate.round)
        code = free_code(self.db, self.setting.shop, self.issuer, mark, campaign.prefix, self.info.code_case)
        coupon = make_coupon(
            self.db, self.setting, campaign, self.info, mark, code, candidate.customer_id, candidate.email
        )
        if candidate.after is not None and not candidate.after.cleaned:
            self.issue.changes.append(close(campaign, candidate.after, "released"))
        self.issue.changes.append(
            Planned(
                change=coupon,
                reason=f"campaign {campaign.name}",
                face_value=face,
                earned_by=candidate.earned_by or msgspec.UNSET,
            )
        )
        if campaign.tag is not None:
            tagged = UpdateTags(customer_id=candidate.customer_id, add=(campaign.tag,))
            self.issue.tags.append(Planned(change=tagged, reason=f"gets {code}", needs=code))


def close(campaign: Campaign | None, code: Code, why: str) -> Planned:
    """Disable a code of ours in the shop, and take it off the customer."""
    mark = Mark(code.campaign, code.person_key, code.round)
    disable = DisableCoupon(
        mark=mark,
        code=code.code,
        customer_id=code.customer_id or None,
        attribute=_attribute(campaign, code),
    )
    return Planned(change=disable, reason=f"{code.campaign}: {why}")


def _attribute(campaign: Campaign | None, code: Code) -> str | None:
    if code.terms is not None:
        return code.terms.attribute
    return campaign.attribute() if campaign is not None and code.customer_id else None
