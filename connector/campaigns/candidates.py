"""Who could get a code of a campaign now, in which order, and who is left out and why."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import msgspec

from connector.campaigns.campaign import Campaign, Setting
from connector.campaigns.codes import Issuer
from connector.campaigns.consent import NO_ADDRESS, Consents
from connector.campaigns.refused import Refusal, Refused
from connector.campaigns.states import Code, State
from connector.campaigns.terms import binding
from connector.database import Database
from connector.model import ShopInfo
from connector.people import mark_of

# Why somebody is left out, as the owner reads it behind a number.
NO_RECORD = "have no customer record in the shop"
HELD_OUT = "are held out, so that the effect can be measured"
HAS_ONE = "hold an open code of it"
HAD_ONE = "had their code"
COOLING = "had a code not long ago (cooldown_days)"
HAS_OTHER = "hold an open code of another campaign, or get one now"
SUPPRESSED = "ordered not long ago (suppress_days)"
TROUBLED = "had trouble with their last order"
NET_PRICES = "see prices without tax"
UNSETTLED = "have an order that may still come back (settled_only)"
REFUSED = "were refused a code by the shop, and are tried again later"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may get a code, by the guards of the campaign."""

    person: int
    key: str  #: as in the mark
    keys: frozenset[str]  #: every key this person was ever known by
    customer_id: str
    email: str | None
    round: int
    goods: int  #: average of an order, minor units
    shipping: int  #: average charged, where any was; else what is usual in the shop
    after: Code | None = None  #: the code in whose place it comes
    earned_by: str | None = None  #: id of the friend's order


class Considered(msgspec.Struct, kw_only=True):
    """A group looked at for a campaign."""

    refused: Refused
    members: int = 0
    people: list[Candidate] = []
    left_out: Counter[str] = msgspec.field(default_factory=Counter)


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Every code of a shop, and where to find those of a person."""

    codes: Sequence[Code]
    by_key: Mapping[str, Sequence[Code]]
    refusals: Sequence[Refusal] = ()

    def of(self, keys: Iterable[str]) -> list[Code]:
        """The codes of a person, each once."""
        found = {each.code: each for key in keys for each in self.by_key.get(key, ())}
        return sorted(found.values(), key=lambda each: each.round)


def history(codes: Sequence[Code], refusals: Sequence[Refusal] = ()) -> History:
    """Codes by the key in their mark, and by the account they were made for."""
    by_key: dict[str, list[Code]] = defaultdict(list)
    for each in codes:
        for key in {each.person_key, f"c{each.customer_id}"}:
            by_key[key].append(each)
    return History(codes=codes, by_key=by_key, refusals=refusals)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person as campaigns see one."""

    person: int
    key: str
    keys: frozenset[str]
    customer_id: str | None  #: of the record in the shop, if there is one
    customer_group: str | None
    email: str | None
    goods: int
    shipping: int
    orders: int
    spent: int
    first_day: int
    last_day: int
    tie: str
    last_order_day: int  #: of any order that was not called off, whether it counts or not; 0: none
    trouble: bool
    unsettled: bool  #: an order that counts may still come back


# Amounts in another currency have no `net`, and are no measure of anything here.
_PEOPLE = """
    WITH chosen AS (SELECT value AS person FROM json_each(:people)),
    bought AS (
        SELECT o.person,
            avg(o.total - o.shipping) FILTER (WHERE o.uncounted IS NULL AND o.net IS NOT NULL) AS goods,
            avg(o.shipping + iif(o.goods + o.shipping > 0,
                o.tax * o.shipping / (o.goods - o.discounts + o.shipping + 0.0), 0))
                FILTER (WHERE o.uncounted IS NULL AND o.net IS NOT NULL AND o.shipping > 0) AS shipping,
            max(o.day) FILTER (WHERE o.cancelled_at IS NULL) AS last_order_day,
            max(o.open_return OR o.shipment <> 'shipped' OR coalesce(o.shipped_at, o.placed_at) >= :settled)
                FILTER (WHERE o.uncounted IS NULL) AS unsettled
        FROM orders AS o WHERE o.person IN (SELECT person FROM chosen) AND o.gone_at IS NULL AND NOT o.test
        GROUP BY o.person
    ),
    usual AS (
        SELECT avg(shipping + iif(goods + shipping > 0,
            tax * shipping / (goods - discounts + shipping + 0.0), 0)) AS shipping
        FROM orders WHERE shop = :shop AND uncounted IS NULL AND gone_at IS NULL AND shipping > 0
            AND net IS NOT NULL
    ),
    last AS (
        SELECT person, cancelled_at, returned, open_return, payment, shipment, placed_at, row_number() OVER (
            PARTITION BY person ORDER BY placed_at DESC, order_key DESC
        ) AS place
        FROM orders WHERE person IN (SELECT person FROM chosen) AND gone_at IS NULL AND NOT test
    )
    SELECT p.person, p.identity, p.email_key, c.id AS customer_id, c.gone_at, c.customer_group,
        coalesce(f.orders, 0) AS orders, coalesce(f.spent, 0) AS spent, coalesce(f.first_day, 0) AS first_day,
        coalesce(f.last_day, 0) AS last_day, coalesce(f.tie, '') AS tie, b.goods,
        coalesce(b.shipping, usual.shipping) AS shipping, b.unsettled,
        coalesce(b.last_order_day, 0) AS last_order_day,
        l.cancelled_at IS NOT NULL OR coalesce(l.returned, 0) OR coalesce(l.open_return, 0)
            OR (l.payment <> 'none' AND l.shipment = 'none' AND l.placed_at < :late) AS trouble
    FROM chosen JOIN people AS p USING (person) JOIN usual
    LEFT JOIN facts AS f ON f.person = p.person
    LEFT JOIN customers AS c ON c.customer = p.customer
    LEFT JOIN bought AS b ON b.person = p.person
    LEFT JOIN last AS l ON l.person = p.person AND l.place = 1
    WHERE p.shop = :shop AND p.excluded IS NULL AND p.cluster <> ''
"""


# Whoever deletes an account and makes another with the same address is who they were.
_ACCOUNTS = """
    SELECT person, id FROM customers WHERE person IN (SELECT value FROM json_each(:people)) AND NOT guest
    UNION
    SELECT p.person, c.id FROM people AS p JOIN customers AS c USING (shop, email_key)
    WHERE p.shop = :shop AND p.person IN (SELECT value FROM json_each(:people))
        AND c.gone_at IS NOT NULL AND NOT c.guest
"""


def people(db: Database, setting: Setting, chosen: Sequence[int]) -> list[Person]:
    """These people, but for those whom the owner's `exclude` leaves out."""
    wanted = msgspec.json.encode(list(chosen)).decode()
    aliases: dict[int, set[str]] = defaultdict(set)
    for row in db.rows(_ACCOUNTS, {"shop": setting.shop, "people": wanted}):
        aliases[row["person"]].add(mark_of(f"c:{row['id']}"))
    days = {"late": setting.ago(setting.late_days), "settled": setting.ago(setting.settle_days)}
    rows = db.rows(_PEOPLE, {"shop": setting.shop, "people": wanted, **days})
    return [_person(row, aliases[row["person"]]) for row in rows]


def _person(row: sqlite3.Row, accounts: set[str]) -> Person:
    guest = {mark_of(f"g:{row['email_key']}")} if row["email_key"] else set()
    key = mark_of(row["identity"])
    return Person(
        person=row["person"],
        key=key,
        keys=frozenset({key, *accounts, *guest}),
        customer_id=row["customer_id"] if row["gone_at"] is None else None,
        customer_group=row["customer_group"],
        email=row["email_key"],
        goods=round(row["goods"] or 0),
        shipping=round(row["shipping"] or 0),
        orders=row["orders"],
        spent=row["spent"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        tie=row["tie"],
        last_order_day=row["last_order_day"],
        trouble=bool(row["trouble"]),
        unsettled=bool(row["unsettled"]),
    )


def members(db: Database, shop: int, group: str) -> list[int]:
    """The people in a group as it was last worked out; a stale one has none."""
    rows = db.rows(
        "SELECT m.person FROM groups AS g JOIN members AS m USING (grp)"
        " WHERE g.shop = ? AND g.name = ? AND g.stale IS NULL",
        (shop, group),
    )
    return [row["person"] for row in rows]


def consider(
    db: Database, setting: Setting, campaign: Campaign, info: ShopInfo, issuer: Issuer, past: History
) -> Considered:
    """Apply every guard but the holdout and the budget, and put the rest in order."""
    friends = _friends(db, setting, campaign) if campaign.rewards else {}
    if campaign.rewards is not None:
        found = people(db, setting, list(friends))
    else:
        found = people(db, setting, members(db, setting.shop, campaign.group or ""))
    guard = _Guard(db, setting, campaign, info, past)
    considered = Considered(members=len(found), refused=guard.refused)
    for person in _in_order(found, campaign, issuer):
        why, candidate = guard.judge(person, friends.get(person.person))
        if candidate is None:
            considered.left_out[why] += 1
        else:
            considered.people.append(candidate)
    return considered


def _in_order(found: list[Person], campaign: Campaign, issuer: Issuer) -> list[Person]:
    """Who comes first. Ties go by the customer's id, so that every run finds the same order."""
    by_id = sorted(found, key=lambda each: each.tie)
    if campaign.order_by == "first-order":
        return sorted(by_id, key=lambda each: each.first_day)
    if campaign.order_by == "spent":
        return sorted(by_id, key=lambda each: -each.spent)
    if campaign.order_by == "orders":
        return sorted(by_id, key=lambda each: -each.orders)
    if campaign.order_by == "random":
        return sorted(by_id, key=lambda each: issuer.draw(campaign.name, each.key, "order"))
    return sorted(by_id, key=lambda each: -each.last_day)


class _Guard:
    """The guards of one campaign, asked about one person after the other."""

    def __init__(
        self, db: Database, setting: Setting, campaign: Campaign, info: ShopInfo, past: History
    ) -> None:
        self.setting = setting
        self.campaign = campaign
        self.past = past
        self.by_email = binding(campaign, info) == "email"
        self.net_groups = {each.casefold() for each in info.net_price_groups}
        self.consents = Consents(db, setting.shop, setting.policy) if campaign.asks_for_consent() else None
        self.refused = Refused(db, setting, campaign, info, past.refusals, past.codes)

    def judge(self, person: Person, earned_by: str | None) -> tuple[str, Candidate | None]:
        """The candidate, or why this person gets nothing."""
        codes = self.past.of(person.keys)
        if person.customer_id is None:
            return NO_RECORD, None
        if why := self._why_not_now(person) or self._why_not_again(codes, earned_by):
            return why, None
        if self.refused.puts_off(person.keys, person.customer_id, person.email):
            return REFUSED, None
        own = [each for each in codes if each.campaign == self.campaign.name]
        rounds = [each.round for each in own] + self.refused.rounds(person.keys, person.customer_id)
        return "", Candidate(
            person=person.person,
            key=person.key,
            keys=person.keys,
            customer_id=person.customer_id,
            email=person.email,
            round=max(rounds, default=0) + 1,
            goods=person.goods,
            shipping=person.shipping,
            after=own[-1] if own and own[-1].state is State.RELEASED else None,
            earned_by=earned_by,
        )

    def _why_not_now(self, person: Person) -> str | None:
        campaign, today = self.campaign, self.setting.today().toordinal()
        if campaign.suppress_days is not None and person.last_order_day > today - campaign.suppress_days:
            return SUPPRESSED
        if campaign.skip_troubled and person.trouble:
            return TROUBLED
        if campaign.settled_only and person.unsettled:
            return UNSETTLED
        if self.by_email and not person.email:
            return NO_ADDRESS
        if campaign.amount is not None and (person.customer_group or "").casefold() in self.net_groups:
            return NET_PRICES
        return self.consents.why_not(person.person, person.email) if self.consents else None

    def _why_not_again(self, codes: Sequence[Code], earned_by: str | None) -> str | None:
        campaign = self.campaign
        own = [each for each in codes if each.campaign == campaign.name]
        if any(each.is_open() for each in own):
            return HAS_ONE
        if not campaign.beside_others and any(each.is_open() for each in codes):
            return HAS_OTHER
        if own and own[-1].state is State.RELEASED:
            return None  # one new code follows, whatever the cool-down
        if own and earned_by is None:
            if campaign.cooldown_days is None:
                return HAD_ONE
            if self._is_within(own, campaign.cooldown_days):
                return COOLING
        return COOLING if self._is_within(codes, self.setting.cooldown_days) else None

    def _is_within(self, codes: Sequence[Code], days: int) -> bool:
        since = self.setting.now - timedelta(days=days)
        return days > 0 and any(each.starts_at > since for each in codes)


def _friends(db: Database, setting: Setting, campaign: Campaign) -> dict[int, str]:
    """Whoever brought a friend, and that friend's settled first order, where it has not been rewarded.

    Nobody is rewarded for being their own friend.
    """
    rows = db.rows(
        "SELECT c.person AS bringer, o.id FROM issued AS i"
        " JOIN order_codes AS k ON k.shop = i.shop AND k.code = i.code"
        " JOIN orders AS o ON o.order_key = k.order_key JOIN facts AS f ON f.person = o.person"
        " JOIN people AS p ON p.person = o.person AND p.excluded IS NULL"
        " JOIN customers AS c ON c.shop = i.shop AND c.id = i.customer_id"
        " WHERE i.shop = :shop AND i.campaign = :brought AND i.state <> 'refused'"
        " AND o.uncounted IS NULL AND o.gone_at IS NULL AND NOT o.open_return AND NOT o.returned"
        " AND o.shipment = 'shipped' AND coalesce(o.shipped_at, o.placed_at) < :settled"
        " AND o.day = f.first_day AND c.person IS NOT NULL AND c.person <> o.person"
        " AND NOT EXISTS (SELECT 1 FROM issued AS r WHERE r.shop = i.shop AND r.campaign = :campaign"
        "  AND r.earned_by = o.id AND r.state <> 'refused')"
        " ORDER BY o.placed_at DESC, o.id DESC",
        {
            "shop": setting.shop,
            "brought": campaign.rewards,
            "campaign": campaign.name,
            "settled": setting.ago(setting.settle_days),
        },
    )
    return {row["bringer"]: row["id"] for row in rows}
