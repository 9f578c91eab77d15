"""Members to coupons: who gets a code, which code, within which budget, and what came of it.

Identity of a coupon is (shop, campaign, person, round). Nothing here talks to a shop.
"""

from connector.campaigns.adopted import adopt_known, appraise, unappraised
from connector.campaigns.budgets import Spent, spent
from connector.campaigns.campaign import IN_SHOP, Budget, Campaign, Policy, Setting
from connector.campaigns.codes import Issuer, key_fingerprint, typed
from connector.campaigns.coupon import face_value
from connector.campaigns.holdout import Assignment, write_down
from connector.campaigns.issuing import Issue, plan
from connector.campaigns.life import (
    carriers,
    clean_up,
    disable_open,
    follow_shop,
    missing,
    revoke,
    set_stopped,
    stopped,
)
from connector.campaigns.refused import Refused, read_refusals
from connector.campaigns.states import OPEN, Code, State, codes, find_code, open_codes
from connector.campaigns.terms import notes, refusals

__all__ = [
    "IN_SHOP",
    "OPEN",
    "Assignment",
    "Budget",
    "Campaign",
    "Code",
    "Issue",
    "Issuer",
    "Policy",
    "Refused",
    "Setting",
    "Spent",
    "State",
    "adopt_known",
    "appraise",
    "carriers",
    "clean_up",
    "codes",
    "disable_open",
    "face_value",
    "find_code",
    "follow_shop",
    "key_fingerprint",
    "missing",
    "notes",
    "open_codes",
    "plan",
    "read_refusals",
    "refusals",
    "revoke",
    "set_stopped",
    "spent",
    "stopped",
    "typed",
    "unappraised",
    "write_down",
]
