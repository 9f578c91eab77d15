"""What a shop can keep of its active campaigns, for `check`."""

from collections.abc import Iterator

import msgspec

from connector import campaigns
from connector.campaigns import Campaign
from connector.config import Config, ShopConfig
from connector.database import Database
from connector.groups import standings
from connector.model import Feature, ShopInfo
from connector.shop import campaign_of, definitions_of


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One active campaign in one shop, a sentence each without full stop."""

    campaign: str
    refusals: list[str]  #: why it cannot be kept: a plan would be a ConfigError
    notes: list[str]
    warnings: list[str]


def promises(db: Database, key: int, config: Config, shop: ShopConfig, info: ShopInfo) -> list[Promise]:
    """What becomes of the active campaigns of a shop."""
    return [
        _promise(db, key, config, shop, info, campaign_of(name, each, info.currency, config.tag_prefix))
        for name, each in config.campaigns.items()
        if each.active and each.applies_to(shop.name)
    ]


def _promise(
    db: Database, key: int, config: Config, shop: ShopConfig, info: ShopInfo, campaign: Campaign
) -> Promise:
    if Feature.COUPONS not in info.features:
        return Promise(campaign=campaign.name, refusals=["the shop makes no coupons"], notes=[], warnings=[])
    return Promise(
        campaign=campaign.name,
        refusals=campaigns.refusals(db, key, campaign, info),
        notes=campaigns.notes(campaign, info),
        warnings=list(_leaks(db, key, config, shop, campaign)),
    )


def _leaks(db: Database, key: int, config: Config, shop: ShopConfig, campaign: Campaign) -> Iterator[str]:
    """Where those held out could be reached all the same."""
    sizes = [each.size for each in standings(db, key, [campaign.group] if campaign.group else [])]
    if not campaign.share_held_out(max(sizes, default=0)):
        return
    for each in definitions_of(config, shop.name):
        if each.name == campaign.group and each.tag is not None:
            mend = f"write to those with {campaign.tag}" if campaign.tag else "give the campaign a tag"
            yield (
                f"its group {each.name} is tagged {each.tag}, so those held out may get the mail too: {mend}"
            )
