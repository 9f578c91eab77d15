"""Not to be profiled (Art. 21 GDPR): the tag in the shop that takes a person out of every group."""

from connector.errors import StammkundeError
from connector.ledger import Planned
from connector.mirror import OBJECTION
from connector.model import Feature, UpdateTags
from connector.privacy.finding import find
from connector.privacy.forgetting import about
from connector.push import push
from connector.shop import Shop


def object_to_profiling(shop: Shop, wanted: str, *, withdraw: bool) -> int:
    """Give every record of a person the tag that says so, or take it off. Returns how many changed.

    The tag in the shop is the one place where an objection stands; it is never counted as ours.

    Raises:
        StammkundeError: the shop carries no tags, or keeps no record of this guest.
    """
    if Feature.TAGS not in shop.info().features:
        raise StammkundeError(
            f"{shop.name} carries no tags. Leave the person out by `exclude` in [shops.{shop.name}]."
        )
    traces = find(shop.db, shop.key, wanted)
    if not traces.ids and not traces.orders:
        return 0
    if not traces.ids:
        raise StammkundeError(
            f"{wanted} ordered as a guest, and {shop.name} keeps no record that could carry the tag."
            " `stammkunde forget` makes these and all later orders nobody's."
        )
    tags = (f"{shop.config.tag_prefix}{OBJECTION}",)
    changes = [
        Planned(
            change=UpdateTags(customer_id=each, remove=tags)
            if withdraw
            else UpdateTags(customer_id=each, add=tags),
            reason="objection to profiling " + ("withdrawn" if withdraw else "(Art. 21 GDPR)"),
        )
        for each in traces.ids
    ]
    pushed = push(shop, changes)
    for change, error in pushed.refused:
        raise StammkundeError(f"{shop.name} refused {about(change)}: {error}")
    return pushed.done
