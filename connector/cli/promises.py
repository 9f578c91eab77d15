"""What a shop can keep of its active campaigns, for `check`."""

from collections.abc import Iterator, Mapping

import msgspec

from connector import campaigns
from connector.campaigns import Campaign
from connector.errors import ConfigError
from connector.groups import standings
from connector.model import Feature
from connector.proposal import known_codes, refused_in, why_new
from connector.shop import Shop


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One active campaign in one shop, a sentence each without full stop."""

    campaign: str
    refusals: list[str]  #: why it cannot be kept: a plan would be a ConfigError
    notes: list[str]
    warnings: list[str]


def promises(shop: Shop, not_pushable: Mapping[str, str]) -> list[Promise]:
    """What becomes of the active campaigns of a shop.

    Args:
        not_pushable: why, by the name of the group.
    """
    active = shop.campaigns()
    unreadable = _unreadable(shop) if active else []
    return [_promise(shop, each, not_pushable, unreadable) for each in active]


def _unreadable(shop: Shop) -> list[str]:
    """That the file of those who are never written to cannot be read: then nothing is planned."""
    try:
        shop.setting()
    except ConfigError as error:
        return [str(error).rstrip(".")]
    return []


def _promise(
    shop: Shop, campaign: Campaign, not_pushable: Mapping[str, str], unreadable: list[str]
) -> Promise:
    info = shop.info()
    if Feature.COUPONS not in info.features:
        return Promise(campaign=campaign.name, refusals=["the shop makes no coupons"], notes=[], warnings=[])
    return Promise(
        campaign=campaign.name,
        refusals=[*campaigns.refusals(shop.db, shop.key, campaign, info), *unreadable],
        notes=campaigns.notes(campaign, info),
        warnings=[
            *_silence(shop, campaign, not_pushable, unreadable),
            *([] if (new := why_new(shop, campaign, known_codes(shop))) is None else [new]),
            *_leaks(shop, campaign),
        ],
    )


def _silence(
    shop: Shop, campaign: Campaign, not_pushable: Mapping[str, str], unreadable: list[str]
) -> Iterator[str]:
    """Why nothing is issued although it is active."""
    if campaign.name in campaigns.stopped(shop.db, shop.key):
        yield f"it was stopped and issues nothing. `stammkunde campaign start {campaign.name}` lets it go on"
    if campaign.group in not_pushable:
        yield f"it issues nothing, as its group {campaign.group} cannot be pushed"
    if not unreadable:
        for refused in refused_in(shop, [campaign], known_codes(shop)):
            if note := refused.note():
                yield note.removeprefix(f"Campaign {campaign.name}: ").rstrip(".")


def _leaks(shop: Shop, campaign: Campaign) -> Iterator[str]:
    """Where those held out could be reached all the same."""
    sizes = [each.size for each in standings(shop.db, shop.key, [campaign.group] if campaign.group else [])]
    if not campaign.share_held_out(max(sizes, default=0)):
        return
    for each in shop.definitions():
        if each.name == campaign.group and each.tag is not None:
            mend = f"write to those with {campaign.tag}" if campaign.tag else "give the campaign a tag"
            yield (
                f"its group {each.name} is tagged {each.tag}, so those held out may get the mail too: {mend}"
            )
