"""What has become of every code of ours: worked out from the ledger and the mirrored orders.

The platform's own counter is never asked: it lags. DEFINITIONS, *Coupon states*.
"""

import sqlite3
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

import msgspec

from connector.database import Database, milliseconds, moment
from connector.model import CreateCoupon


class State(StrEnum):
    """Where a code stands in its life."""

    PLANNED = "planned"  #: in the ledger, not yet answered by the shop
    ISSUED = "issued"
    HANDED_OVER = "handed over"
    REDEEMED = "redeemed"
    RELEASED = "released"  #: its order came to nothing: one new code may follow
    EXPIRED = "expired"
    REVOKED = "revoked"


#: The customer could use the code, or may be about to.
OPEN = frozenset({State.PLANNED, State.ISSUED, State.HANDED_OVER})


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A code of ours. Money in minor units; `cost` and `sales` are of the orders that count."""

    code: str
    campaign: str
    person_key: str
    round: int
    customer_id: str
    state: State
    starts_at: datetime
    ends_at: datetime
    handed_at: datetime | None
    cleaned: bool
    face_value: int
    cost: int  #: what it took off the price
    sales: int  #: net sales of the orders it was used in
    active: bool  #: in the shop, as it was last read
    in_order: str | None  #: number of the last order that carries it
    order_state: str | None  #: why that order does not count, if it does not
    earned_by: str | None
    replaces: str | None
    terms: CreateCoupon | None

    def is_open(self) -> bool:
        return self.state in OPEN


_CODES = """
    WITH used AS (
        SELECT k.code,
            max(o.uncounted IS NULL) AS counts,
            max(o.uncounted = 'open') AS pending,
            max(o.uncounted = 'returned') AS returned,
            max(o.uncounted = 'cancelled' AND o.shipment <> 'none') AS came_back,
            max(o.uncounted = 'cancelled' AND o.shipment = 'none') AS called_off,
            sum(iif(o.uncounted IS NULL AND o.net IS NOT NULL, o.discounts, 0)) AS cost,
            sum(iif(o.uncounted IS NULL, o.net, 0)) AS sales,
            max(o.placed_at) AS placed_at, o.number, o.uncounted
        FROM order_codes AS k JOIN orders AS o USING (order_key)
        WHERE k.shop = :shop AND NOT o.test AND o.gone_at IS NULL
            AND k.code IN (SELECT code FROM issued WHERE shop = :shop)
        GROUP BY k.code
    )
    SELECT i.*, u.counts, u.pending, u.returned, u.came_back, u.called_off, u.cost, u.sales, u.number,
        u.uncounted, c.active
    FROM issued AS i LEFT JOIN used AS u ON u.code = i.code
    LEFT JOIN coupons AS c ON c.shop = i.shop AND c.code = i.code
    WHERE i.shop = :shop AND i.state <> 'refused' {chosen}
    ORDER BY i.starts_at, i.code
"""


def codes(
    db: Database, shop: int, now: datetime, reissue: Collection[str] = (), *, campaign: str | None = None
) -> list[Code]:
    """Every code of ours in a shop, or those of one campaign; refused ones never were.

    Args:
        reissue: campaigns in which a returned order releases its code.
    """
    chosen = "" if campaign is None else "AND i.campaign = :campaign"
    rows = db.rows(_CODES.format(chosen=chosen), {"shop": shop, "campaign": campaign})
    return [_code(row, now, reissue) for row in rows]


class OpenCodes(msgspec.Struct, frozen=True, kw_only=True):
    """The open codes of one campaign in one shop."""

    shop: int
    campaign: str
    codes: int
    liability: int  #: their face value


# As `_state` has it, counted by the database: an order that may still be paid keeps a code open, any other
# that carries it has ended it.
_OPEN = """
    WITH marked AS (
        SELECT i.shop, i.campaign, i.face_value, i.state = 'planned' OR i.ends_at > :now AS lasts, (
            SELECT max(iif(o.uncounted IS NULL, 2, o.uncounted = 'open'))
            FROM order_codes AS k JOIN orders AS o USING (order_key)
            WHERE k.shop = i.shop AND k.code = i.code AND NOT o.test AND o.gone_at IS NULL
        ) AS carried
        FROM issued AS i WHERE i.state IN ('planned', 'issued')
    )
    SELECT shop, campaign, count(*) AS codes, sum(face_value) AS liability FROM marked
    WHERE iif(carried IS NULL, lasts, carried = 1) GROUP BY shop, campaign ORDER BY shop, campaign
"""


def open_codes(db: Database, now: datetime) -> list[OpenCodes]:
    """What is open in all shops; quick with any number of codes, for whoever asks often."""
    rows = db.rows(_OPEN, {"now": milliseconds(now)})
    return [OpenCodes(**{name: row[name] for name in OpenCodes.__struct_fields__}) for row in rows]


def find_code(
    db: Database, shop: int, code: str, now: datetime, reissue: Collection[str] = ()
) -> Code | None:
    """One code of ours, however it is capitalised."""
    rows = db.rows(_CODES.format(chosen="AND i.code = :code"), {"shop": shop, "code": code})
    return _code(rows[0], now, reissue) if rows else None


def _code(row: sqlite3.Row, now: datetime, reissue: Collection[str]) -> Code:
    terms = msgspec.json.decode(row["terms"], type=CreateCoupon) if row["terms"] else None
    counts = bool(row["counts"])
    return Code(
        code=row["code"],
        campaign=row["campaign"],
        person_key=row["person_key"],
        round=row["round"],
        customer_id=row["customer_id"],
        state=_state(row, now, row["campaign"] in reissue),
        starts_at=moment(row["starts_at"]),
        ends_at=moment(row["ends_at"]),
        handed_at=moment(row["handed_at"]) if row["handed_at"] else None,
        cleaned=row["cleaned_at"] is not None,
        face_value=row["face_value"],
        cost=_cost(row, is_shipping=terms is not None and terms.free_shipping) if counts else 0,
        sales=(row["sales"] or 0) if counts else 0,
        active=bool(row["active"]),
        in_order=row["number"],
        order_state=row["uncounted"],
        earned_by=row["earned_by"],
        replaces=row["replaces"],
        terms=terms,
    )


def _cost(row: sqlite3.Row, *, is_shipping: bool) -> int:
    """What a redeemed code took off. The face value stands for shipping, which no order has in its discounts
    (what is there came from elsewhere), and for an order in another currency."""
    cost: int = row["face_value"] if is_shipping else row["cost"] or row["face_value"]
    return cost


def _state(row: sqlite3.Row, now: datetime, reissue_on_return: bool) -> State:
    is_back = row["came_back"] or row["returned"]
    if row["counts"] or (is_back and not reissue_on_return):
        return State.REDEEMED
    if row["state"] == "revoked":
        return State.REVOKED
    if row["pending"]:  # the order is placed and may still be paid: the code is spoken for
        return State.HANDED_OVER
    if row["called_off"] or is_back:
        return State.RELEASED
    if row["state"] == "planned":
        return State.PLANNED
    if row["ends_at"] <= milliseconds(now):
        return State.EXPIRED
    return State.HANDED_OVER if row["handed_at"] is not None else State.ISSUED
