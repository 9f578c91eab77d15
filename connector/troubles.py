"""What the owner should be told of without asking."""

from collections.abc import Iterator

from connector import campaigns, groups
from connector.campaigns.budgets import troubles as budget_troubles
from connector.proposal import known_codes, refused_in
from connector.pull import Pulled
from connector.quantity import counted
from connector.shop import Shop


def revoked(shop: str, pulled: Pulled) -> str | None:
    """That the owner took codes of ours back in the shop, if a pull has found that."""
    if not pulled.revoked:
        return None
    return f"{counted(pulled.revoked, 'coupon')} of ours deleted or switched off in {shop}: not made again."


def troubles(shop: Shop) -> Iterator[tuple[str, str]]:
    """What the owner should be told of by itself: the kind of trouble, and a sentence."""
    for move in groups.moves(shop.db, shop.key, shop.definitions()):
        if move.is_over():
            yield "group-moved", f"{shop.name}: {move.sentence()}."
    known, setting = known_codes(shop), shop.setting()
    budgets = [("all campaigns together", setting.budget, known)]
    budgets += [
        (f"campaign {each.name}", each.budget, [code for code in known if code.campaign == each.name])
        for each in shop.campaigns()
    ]
    for what, budget, codes in budgets:
        used = campaigns.spent(codes)
        for sentence in budget_troubles(what, used, budget, setting.currency):
            yield "budget", f"{shop.name}: {sentence}"
    for refused in refused_in(shop, shop.campaigns(), known):
        if refusal := refused.trouble():
            yield "codes-refused", f"{shop.name}: {refusal}"
