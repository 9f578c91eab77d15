"""Desired against actual: the plan of a push, and the limits that keep it safe. No I/O towards the shop."""

from collections.abc import Container, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from connector.campaigns import Assignment
from connector.database import Database
from connector.errors import UnsafePlanError
from connector.groups import SMALL, Move
from connector.ledger import Planned
from connector.model import Change, CreateCoupon, DisableCoupon, UpdateTags
from connector.money import money_text
from connector.quantity import counted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one push may change. Shares are of the people who carry a tag of ours, and of all people."""

    losing: float = 0.10
    gaining: float = 0.30
    coupons: int = 500
    coupon_value: int | None = None  #: minor units


class TagLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan does with one tag."""

    tag: str
    now: int
    gaining: int
    losing: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a push would change in one shop, and what the owner should know before."""

    shop: str
    currency: str
    changes: tuple[Planned, ...]
    tags: tuple[TagLine, ...]
    people: int  #: people in the shop, left-out ones aside
    tagged: int  #: customers who carry a tag of ours now
    unknown: int = 0  #: tags with our prefix that somebody else put there
    notes: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()  #: why nothing may be pushed at all
    moves: tuple[Move, ...] = ()  #: groups that changed beyond their own limits
    assignments: tuple[Assignment, ...] = ()  #: who is treated and who held out from this push on

    def is_empty(self) -> bool:
        return not self.changes

    def coupons(self) -> list[Planned]:
        return [each for each in self.changes if isinstance(each.change, CreateCoupon)]

    def coupon_value(self) -> int:
        """Face value of all new coupons, minor units."""
        return sum(each.face_value for each in self.coupons())

    def gaining(self) -> int:
        return len({each.change.customer_id for each in self.changes
                    if isinstance(each.change, UpdateTags) and each.change.add})  # fmt: skip

    def losing(self) -> int:
        return len({each.change.customer_id for each in self.changes
                    if isinstance(each.change, UpdateTags) and each.change.remove})  # fmt: skip

    def raise_if_blocked(self) -> None:
        """Raises UnsafePlanError where nothing may be pushed, whatever the limits."""
        if self.blocked:
            raise UnsafePlanError(f"{self.shop}: {' '.join(self.blocked)} Nothing was pushed.")

    def raise_if_unsafe(self, limits: Limits) -> None:
        """Raises UnsafePlanError naming every limit that the plan exceeds."""
        over = list(self._excesses(limits))
        if over:
            raise UnsafePlanError(
                f"{self.shop}: {'; '.join(over)}. Nothing was pushed. Look at it with"
                f" `stammkunde plan {self.shop}`; if it is right, approve it there with --approve,"
                " or push once with --force."
            )

    def _excesses(self, limits: Limits) -> Iterable[str]:
        for word, number, base, share, whole in (
            ("lose", self.losing(), self.tagged, limits.losing, "customers who carry our tags"),
            ("gain", self.gaining(), self.people, limits.gaining, "people"),
        ):
            if number >= SMALL and number > base * share:
                yield f"{number:,} of {base:,} {whole} would {word} a tag (limit {share:.0%})"
        coupons = len(self.coupons())
        if coupons > limits.coupons:
            yield f"{counted(coupons, 'new coupon')} (limit {limits.coupons:,})"
        value = self.coupon_value()
        if limits.coupon_value is not None and value > limits.coupon_value:
            most = money_text(limits.coupon_value, self.currency)
            yield f"new coupons worth {money_text(value, self.currency)} (limit {most})"
        for move in self.moves:
            yield move.sentence()

    def within(self, approved: Sequence[Change]) -> "Plan":
        """The part of this plan that an approved one holds too."""
        tags = {
            (sign, change.customer_id, tag.casefold())
            for change in approved
            if isinstance(change, UpdateTags)
            for sign, names in (("+", change.add), ("-", change.remove))
            for tag in names
        }
        coupons = {_terms(change) for change in approved if isinstance(change, CreateCoupon)}
        others = {change for change in approved if not isinstance(change, UpdateTags | CreateCoupon)}
        kept = []
        for each in self.changes:
            change = each.change
            if isinstance(change, UpdateTags):
                part = _only(change, tags)
                if part.add or part.remove:
                    kept.append(msgspec.structs.replace(each, change=part))
            elif (_terms(change) in coupons) if isinstance(change, CreateCoupon) else (change in others):
                kept.append(each)
        return msgspec.structs.replace(self, changes=tuple(kept))

    def first(self, limit: int) -> "Plan":
        """The first `limit` changes only, for a careful start."""
        return msgspec.structs.replace(self, changes=self.changes[:limit])


def _only(change: UpdateTags, approved: Container[tuple[str, str, str]]) -> UpdateTags:
    who = change.customer_id
    return UpdateTags(
        customer_id=who,
        add=tuple(tag for tag in change.add if ("+", who, tag.casefold()) in approved),
        remove=tuple(tag for tag in change.remove if ("-", who, tag.casefold()) in approved),
    )


def _terms(coupon: CreateCoupon) -> tuple[object, ...]:
    """What an approval of a coupon covers: all but its dates, which start when it is pushed."""
    dateless = msgspec.structs.replace(coupon, starts_at=_EPOCH, ends_at=_EPOCH)
    return (msgspec.json.encode(dateless), coupon.ends_at - coupon.starts_at)


def plan_tags(
    db: Database,
    shop: int,
    desired: Sequence[tuple[str, str]],
    frozen: Sequence[str],
    carriers: Sequence[tuple[str, str, str]] = (),
) -> list[Planned]:
    """Tag changes that make the shop as desired. Scoped to what is ours first, compared second.

    Args:
        desired: (name of a group, tag).
        frozen: tags that must be left alone, both ways.
        carriers: (customer, tag, why), beside the members of groups.
    """
    connection = db.connection
    with db.write():
        for table in ("wanted", "frozen"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        connection.execute(
            "CREATE TEMP TABLE wanted (customer_id TEXT, tag_key TEXT, tag TEXT, reason TEXT,"
            " PRIMARY KEY (customer_id, tag_key)) WITHOUT ROWID"
        )
        connection.execute("CREATE TEMP TABLE frozen (tag_key TEXT PRIMARY KEY)")
        connection.executemany(
            "INSERT OR IGNORE INTO temp.frozen VALUES (?)", [(tag.casefold(),) for tag in frozen]
        )
        connection.executemany(
            "INSERT OR IGNORE INTO temp.wanted SELECT c.id, ?1, ?2, ?3"
            " FROM groups AS g JOIN members AS m USING (grp)"
            " JOIN people AS p USING (person) JOIN customers AS c ON c.customer = p.customer"
            " WHERE g.shop = ?4 AND g.name = ?5 AND c.gone_at IS NULL",
            [(tag.casefold(), tag, f"in {name}", shop, name) for name, tag in desired],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO temp.wanted SELECT c.id, ?1, ?2, ?3"
            " FROM customers AS c LEFT JOIN people AS p USING (person)"
            " WHERE c.shop = ?4 AND c.id = ?5 AND c.gone_at IS NULL AND p.excluded IS NULL",
            [(tag.casefold(), tag, why, shop, who) for who, tag, why in carriers],
        )
    changes: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for row in db.rows(_ADD, {"shop": shop}):
        add, _, reasons = changes.setdefault(row["customer_id"], ([], [], []))
        add.append(row["tag"])
        reasons.append(row["reason"])
    for row in db.rows(_REMOVE, {"shop": shop}):
        _, remove, reasons = changes.setdefault(row["customer_id"], ([], [], []))
        remove.append(row["tag"])
        reasons.append(f"no longer {row['tag']}")
    return [
        Planned(
            change=UpdateTags(customer_id=customer_id, add=tuple(add), remove=tuple(remove)),
            reason=", ".join(reasons),
        )
        for customer_id, (add, remove, reasons) in sorted(changes.items())
    ]


_ADD = """
    SELECT w.customer_id, w.tag, w.reason FROM temp.wanted AS w
    WHERE w.tag_key NOT IN (SELECT tag_key FROM temp.frozen) AND NOT EXISTS (
        SELECT 1 FROM shop_tags AS t
        WHERE t.shop = :shop AND t.customer_id = w.customer_id AND t.tag_key = w.tag_key
    )
    ORDER BY w.customer_id, w.tag
"""
_REMOVE = """
    SELECT t.customer_id, t.tag FROM shop_tags AS t
    JOIN own_tags AS o USING (shop, customer_id, tag_key)
    JOIN customers AS c ON c.shop = t.shop AND c.id = t.customer_id
    WHERE t.shop = :shop AND c.gone_at IS NULL AND t.tag_key NOT IN (SELECT tag_key FROM temp.frozen)
        AND NOT EXISTS (
            SELECT 1 FROM temp.wanted AS w WHERE w.customer_id = t.customer_id AND w.tag_key = t.tag_key
        )
    ORDER BY t.customer_id, t.tag
"""


_TAGS_NOW = """
    SELECT t.tag, count(*) AS n FROM shop_tags AS t
    JOIN customers AS c ON c.shop = t.shop AND c.id = t.customer_id
    WHERE t.shop = :shop AND c.gone_at IS NULL GROUP BY t.tag
"""


def tagged(db: Database, shop: int) -> int:
    """Customers who carry a tag of ours."""
    return db.value(
        "SELECT count(DISTINCT o.customer_id) FROM own_tags AS o"
        " JOIN customers AS c ON c.shop = o.shop AND c.id = o.customer_id"
        " WHERE o.shop = ? AND c.gone_at IS NULL",
        (shop,),
    )


def unknown_tags(db: Database, shop: int) -> int:
    """Tags with our prefix in the shop that our ledger did not put there and nobody adopted."""
    return db.value(
        "SELECT count(*) FROM shop_tags AS t JOIN customers AS c ON c.shop = t.shop AND c.id = t.customer_id"
        " WHERE t.shop = ? AND c.gone_at IS NULL AND NOT EXISTS ("
        "  SELECT 1 FROM own_tags AS o"
        "  WHERE o.shop = t.shop AND o.customer_id = t.customer_id AND o.tag_key = t.tag_key)",
        (shop,),
    )


def tag_lines(db: Database, shop: int, changes: Iterable[Change]) -> tuple[TagLine, ...]:
    """Per tag: how many have it now, gain it and lose it."""
    counts: dict[str, list[int]] = {}
    names: dict[str, str] = {}
    for row in db.rows(_TAGS_NOW, {"shop": shop}):
        names.setdefault(row["tag"].casefold(), row["tag"])
        counts.setdefault(row["tag"].casefold(), [0, 0, 0])[0] += row["n"]
    for change in changes:
        if isinstance(change, UpdateTags):
            for place, tags in ((1, change.add), (2, change.remove)):
                for tag in tags:
                    names.setdefault(tag.casefold(), tag)
                    counts.setdefault(tag.casefold(), [0, 0, 0])[place] += 1
    return tuple(
        TagLine(tag=names[key], now=now, gaining=gaining, losing=losing)
        for key, (now, gaining, losing) in sorted(counts.items())
    )


def inverse(change: Change) -> Change | None:
    """What takes a change back, or None where nothing does."""
    if isinstance(change, UpdateTags):
        return UpdateTags(customer_id=change.customer_id, add=change.remove, remove=change.add)
    if isinstance(change, CreateCoupon):
        return DisableCoupon(
            mark=change.mark,
            code=change.code,
            customer_id=change.customer_id,
            attribute=change.attribute,
        )
    return None
