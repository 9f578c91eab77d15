"""From the mirror to a plan: facts, groups, tags and coupons. No I/O towards the shop."""

from collections import Counter
from collections.abc import Sequence

from connector import bases, campaigns, facts, groups, ledger
from connector import plan as planning
from connector.campaigns import Campaign, Code, Issue, Issuer, Refused
from connector.errors import ConfigError, UnsafePlanError
from connector.groups import Definition, Standing
from connector.ledger import Planned
from connector.model import Feature, Kind, ShopInfo, UpdateTags
from connector.plan import Plan
from connector.quantity import counted
from connector.shop import Shop


def work_out(shop: Shop) -> list[Standing]:
    """Facts and groups as of today, from what was pulled last and by what the config says now."""
    shop.mirror().judge_anew()
    bases.join(shop)
    facts.refresh(shop.db, shop.key, shop.terms(), shop.window(), shop.today())
    if adopted := campaigns.unappraised(shop.db, shop.key):
        campaigns.appraise(shop.db, shop.setting(), shop.campaigns(active=False), adopted)
    definitions = shop.definitions()
    standings = groups.refresh(shop.db, shop.key, definitions, shop.rule_context(), shop.now())
    moved = groups.moves(shop.db, shop.key, definitions)
    if not shop.settings.push and not any(each.is_over() for each in moved):
        groups.accept(shop.db, shop.key)  # where nothing is pushed, every look counts from the one before
    return standings


def make_plan(shop: Shop) -> Plan:
    """What a push would do now. Facts and groups must have been worked out.

    Raises:
        UnsafePlanError: the shop was never read to the end, so absence would mean nothing.
    """
    if not shop.mirror().is_complete((Kind.CUSTOMERS, Kind.ORDERS)):
        raise UnsafePlanError(
            f"{shop.name}: the shop was never read to the end, so there is no plan."
            f" Run `stammkunde pull {shop.name}` first."
        )
    info, notes, issue_notes = shop.info(), list[str](), list[str]()
    known, issue = known_codes(shop), _issue(shop, info, issue_notes)
    staying, new_tags = _campaign_tags(shop, info, issue)
    tags = _tag_changes(shop, info, known, staying, notes)
    notes += [*issue_notes, *_unvalued(shop, known)]
    notes += [
        f"Campaign {each.name}: {why}." for each in shop.campaigns() if (why := why_new(shop, each, known))
    ]
    changes = [*tags, *_clean_up(shop, info, known), *issue.changes, *new_tags]
    unknown = planning.unknown_tags(shop.db, shop.key)
    return Plan(
        shop=shop.name,
        currency=info.currency,
        changes=tuple(changes),
        tags=planning.tag_lines(shop.db, shop.key, [each.change for each in changes]),
        people=shop.db.value(
            "SELECT count(*) FROM people WHERE shop = ? AND excluded IS NULL AND customer IS NOT NULL",
            (shop.key,),
        ),
        tagged=planning.tagged(shop.db, shop.key),
        unknown=unknown,
        notes=tuple(notes),
        blocked=tuple(_why_blocked(shop, unknown)),
        moves=tuple(each for each in groups.moves(shop.db, shop.key, shop.definitions()) if each.is_over()),
        assignments=tuple(issue.assignments),
    )


def _campaign_tags(
    shop: Shop, info: ShopInfo, issue: Issue
) -> tuple[list[tuple[str, str, str]], list[Planned]]:
    """Of those who get a code now: (customer, tag, why) where the tag is there already, and tags to add."""
    if Feature.TAGS not in info.features:
        return [], []
    rows = shop.db.rows("SELECT customer_id, tag_key FROM shop_tags WHERE shop = ?", (shop.key,))
    present = {(row["customer_id"], row["tag_key"]) for row in rows} if issue.tags else set()
    staying, new = [], []
    for each in issue.tags:
        assert isinstance(each.change, UpdateTags)  # noqa: S101
        (tag,) = each.change.add
        if (each.change.customer_id, tag.casefold()) in present:
            staying.append((each.change.customer_id, tag, each.reason))
        else:
            new.append(each)
    return staying, new


def _tag_changes(
    shop: Shop,
    info: ShopInfo,
    known: Sequence[Code],
    staying: Sequence[tuple[str, str, str]],
    notes: list[str],
) -> list[Planned]:
    if Feature.TAGS not in info.features:
        return []
    definitions = [each for each in shop.definitions() if each.tag is not None]
    kept_back = {
        each.name: why
        for each in definitions
        if (why := groups.why_tag_too_long(each.tag, info) or _why_kept_back(shop, each))
    }
    notes += [f"{name} is not pushed: {why}." for name, why in kept_back.items()]
    desired = [(each.name, each.tag or "") for each in definitions if each.name not in kept_back]
    frozen = [each.tag or "" for each in definitions if each.name in kept_back]
    carriers = [*campaigns.carriers(known, shop.campaigns(active=False)), *staying]
    return planning.plan_tags(shop.db, shop.key, desired, frozen, carriers)


def _why_kept_back(shop: Shop, definition: Definition) -> str | None:
    """Why a group's tag is left alone, both ways, or None."""
    stale = next((each.stale for each in groups.standings(shop.db, shop.key, [definition.name])), "new")
    if stale is not None:
        return f"it could not be worked out ({stale})"
    return groups.why_history_too_short(
        definition.needs, shop.history_starts(), shop.today()
    ) or bases.why_kept_back(shop, definition)


def known_codes(shop: Shop) -> list[Code]:
    """Every code of ours in the shop, with what has become of it."""
    reissue = [each.name for each in shop.campaigns(active=False) if each.reissue_on_return]
    return campaigns.codes(shop.db, shop.key, shop.now(), reissue)


def _unvalued(shop: Shop, known: Sequence[Code]) -> Sequence[str]:
    """Open codes that were taken over from the shop, of campaigns that nobody knows any more."""
    names = {each.campaign for each in known if each.is_open() and each.terms is None}
    gone = sorted(names - {each.name for each in shop.campaigns(active=False)})
    if not gone:
        return []
    sentence = (
        f"Campaigns that are not in the config: {', '.join(gone)}. What their codes, taken over from the"
        " shop, are worth is not known, and no budget counts it."
    )
    return [sentence]


def why_new(shop: Shop, campaign: Campaign, known: Sequence[Code]) -> str | None:
    """That a campaign may be one that was renamed, to which nobody ever had a code; without full stop."""
    if any(each.campaign == campaign.name for each in known):
        return None
    gone = Counter(each.campaign for each in known if each.campaign not in shop.config.campaigns)
    if not gone:
        return None
    ((name, given),) = gone.most_common(1)
    return (
        f"it has given no code yet, and {name}, which has given {counted(given, 'code')}, is not in the"
        " config any more. If it is the same under another name, give it back the old one: else everybody"
        " can get another code"
    )


def _clean_up(shop: Shop, info: ShopInfo, known: Sequence[Code]) -> list[Planned]:
    if Feature.COUPONS not in info.features:
        return []
    by_name = {each.name: each for each in shop.campaigns(active=False)}
    return campaigns.clean_up(shop.db, known, shop.setting(), by_name)


def _issue(shop: Shop, info: ShopInfo, notes: list[str]) -> Issue:
    """The coupons that campaigns would issue now.

    Raises:
        ConfigError: an active campaign asks for what the shop cannot keep.
    """
    active = shop.campaigns()
    if Feature.COUPONS not in info.features:
        notes += [f"Campaign {each.name} issues nothing: the shop makes no coupons." for each in active]
        return Issue()
    if not active:
        return Issue()
    raise_if_unkept(shop, info, active)
    issuer = Issuer(key=shop.code_key(), shop=shop.name)
    wanted = [each for each in active if _may_issue(shop, each, notes)]
    issue = campaigns.plan(shop.db, shop.setting(), wanted, issuer, info)
    notes += issue.notes
    return issue


def raise_if_unkept(shop: Shop, info: ShopInfo, active: Sequence[Campaign]) -> None:
    """Raises ConfigError naming everything that the shop cannot keep of its campaigns."""
    why = [
        f"campaigns.{each.name}: {reason}."
        for each in active
        for reason in campaigns.refusals(shop.db, shop.key, each, info)
    ]
    if why:
        mend = "Change these in the config, or name other shops there."
        raise ConfigError("\n".join([f"{shop.name} cannot keep what the config asks:", *why, mend]))


def _may_issue(shop: Shop, campaign: Campaign, notes: list[str]) -> bool:
    why = why_silent(shop, campaign)
    if why is not None:
        notes.append(f"Campaign {campaign.name} issues nothing: {why}.")
    return why is None


def why_silent(shop: Shop, campaign: Campaign) -> str | None:
    """Why a campaign issues nothing now, whoever is in its group, or None. Without full stop."""
    if campaign.name in campaigns.stopped(shop.db, shop.key):
        return f"it was stopped. `stammkunde campaign start {campaign.name}` lets it go on"
    if campaign.rewards is not None:
        return None
    by_name = {each.name: each for each in shop.definitions()}
    group = by_name.get(campaign.group or "")
    kept_back = "no such group" if group is None else _why_kept_back(shop, group)
    return None if kept_back is None else f"{campaign.group}: {kept_back}"


def refused_in(shop: Shop, chosen: Sequence[Campaign], known: Sequence[Code]) -> list[Refused]:
    """What the shop refused of these campaigns, where it did."""
    refusals = campaigns.read_refusals(shop.db, shop.key)
    if not refusals:
        return []
    info, setting = shop.info(), shop.setting()
    return [
        Refused(shop.db, setting, each, info, refusals, known)
        for each in chosen
        if any(refusal.campaign == each.name for refusal in refusals)
    ]


def _why_blocked(shop: Shop, unknown: int) -> Sequence[str]:
    if not unknown or ledger.has_pushed(shop.db, shop.key):
        return ()
    begin, are, them = ("begins", "is", "it") if unknown == 1 else ("begin", "are", "them")
    return [
        (
            f"{counted(unknown, 'tag')} in the shop {begin} with {shop.config.tag_prefix} and {are} not from"
            f" us. `stammkunde adopt {shop.name}` takes {them} over; or choose another tag_prefix."
        )
    ]
