"""Codes that the shop refused: when somebody's turn comes again, and when a campaign is not tried any more.

A refusal stays in the ledger with its round, so nothing here is counted beside it. What the shop refuses may
be the fault of one customer (deleted there), of one code (it is taken), or of the campaign (its title).
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from connector.campaigns.campaign import Campaign, Setting
from connector.campaigns.coupon import make_coupon
from connector.campaigns.states import Code
from connector.database import Database, milliseconds, moment
from connector.model import CreateCoupon, ShopInfo
from connector.quantity import counted, people

#: After a second refusal somebody's turn comes again in so long, then in twice as long each time.
WAIT = timedelta(days=1)
LONGEST_WAIT = timedelta(days=32)
#: So many refusals with no code made since are no accident of single customers.
IN_A_ROW = 10


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A code that the shop would not make."""

    campaign: str
    person_key: str
    customer_id: str
    round: int
    at: datetime
    error: str  #: the shop's own sentence
    terms: CreateCoupon
    gone: bool  #: the customer was deleted in the shop: that was why


_REFUSALS = """
    SELECT i.campaign, i.person_key, i.customer_id, i.round, i.terms, c.settled_at, c.error,
        EXISTS (
            SELECT 1 FROM customers AS p
            WHERE p.shop = i.shop AND p.id = i.customer_id AND p.gone_at IS NOT NULL
        ) AS gone
    FROM issued AS i JOIN changes AS c ON c.shop = i.shop AND c.customer_id = i.customer_id AND c.run = i.run
    WHERE i.shop = ? AND i.state = 'refused' AND c.state = 'refused'
        AND json_extract(c.change, '$.type') = 'create-coupon' AND json_extract(c.change, '$.code') = i.code
    ORDER BY c.settled_at, i.code
"""


def read_refusals(db: Database, shop: int) -> list[Refusal]:
    """Every refusal of a code that the ledger knows, oldest first."""
    return [_refusal(row) for row in db.rows(_REFUSALS, (shop,))]


def _refusal(row: sqlite3.Row) -> Refusal:
    return Refusal(
        campaign=row["campaign"],
        person_key=row["person_key"],
        customer_id=row["customer_id"],
        round=row["round"],
        at=moment(row["settled_at"]),
        error=row["error"],
        terms=msgspec.json.decode(row["terms"], type=CreateCoupon),
        gone=bool(row["gone"]),
    )


class Refused:
    """What the shop refused of one campaign, as its coupon is now: under other terms it may be asked anew."""

    def __init__(
        self,
        db: Database,
        setting: Setting,
        campaign: Campaign,
        info: ShopInfo,
        refusals: Iterable[Refusal],
        codes: Iterable[Code],
    ) -> None:
        self._db, self._setting, self._campaign, self._info = db, setting, campaign, info
        read_at = "SELECT coalesce(max(finished_at), 0) FROM watermarks WHERE shop = ? AND kind = 'coupons'"
        self._looked_at: int = db.value(read_at, (setting.shop,))
        given = [each for each in codes if each.campaign == campaign.name]
        made = max((each.starts_at for each in given), default=None)
        self._rounds = {each.person_key: each.round for each in sorted(given, key=lambda code: code.round)}
        self._ever = [each for each in refusals if each.campaign == campaign.name]
        own = [each for each in self._ever if not each.gone and self._holds(each)]
        self.of_everybody: Sequence[Refusal] = own
        self._in_a_row = [each for each in own if made is None or each.terms.starts_at > made]

    def _holds(self, refusal: Refusal, email: str | None = None) -> bool:
        """Whether the shop would be asked for the same again."""
        was = refusal.terms
        now = make_coupon(
            self._db,
            self._setting,
            self._campaign,
            self._info,
            was.mark,
            was.code,
            was.customer_id,
            email or was.email,
        )
        same = msgspec.structs.replace(now, starts_at=was.starts_at, ends_at=was.ends_at)
        return same == was and now.ends_at - now.starts_at == was.ends_at - was.starts_at

    def rounds(self, keys: frozenset[str], customer_id: str) -> list[int]:
        """Rounds that refusals have used up, whatever the terms were."""
        return [
            each.round for each in self._ever if each.person_key in keys or each.customer_id == customer_id
        ]

    def puts_off(self, keys: frozenset[str], customer_id: str, email: str | None) -> bool:
        """Whether somebody was refused, and the turn has not come again.

        Once more at once, for another code may be free; but first the shop's coupons are read: it may have
        made one and refused the rest.
        """
        own = [
            each
            for each in self.of_everybody
            if (each.person_key in keys or each.customer_id == customer_id) and self._holds(each, email)
        ]
        if not own:
            return False
        last = own[-1].at
        wait = min(WAIT * 2 ** min(len(own) - 2, 9), LONGEST_WAIT) if len(own) > 1 else timedelta()
        return milliseconds(last) > self._looked_at or self._setting.now < last + wait

    def most(self) -> int | None:
        """How many codes may be asked for now; None: as many as the campaign gives."""
        if len(self._in_a_row) < IN_A_ROW:
            return None
        return 0 if self._setting.now < self._again() else 1

    def _again(self) -> datetime:
        return self._in_a_row[-1].at + WAIT

    def trouble(self) -> str | None:
        """That the shop makes no code of this campaign any more, in words that stay the same; or None."""
        if len(self._in_a_row) < IN_A_ROW:
            return None
        return f"Campaign {self._campaign.name}: the shop refuses its codes ({_words(self._in_a_row)})."

    def note(self, put_off: int | None = None) -> str | None:
        """What the owner should know of refusals, or None.

        Args:
            put_off: people whose turn has not come again; None: whoever was refused and has no code since.
        """
        if self.most() == 0:
            return (
                f"Campaign {self._campaign.name}: the shop refused {counted(len(self._in_a_row), 'code')} in"
                f" a row ({_words(self._in_a_row)}), so it issues nothing. Mend its coupon in the config, or"
                " whatever is wrong in the shop. One code is tried again after"
                f" {self._again():%d %b %Y %H:%M} UTC."
            )
        waiting = {each.person_key for each in self.of_everybody
                   if self._rounds.get(each.person_key, 0) < each.round}  # fmt: skip
        number = len(waiting) if put_off is None else put_off
        if not number or not self.of_everybody:
            return None
        return (
            f"Campaign {self._campaign.name}: no code for {people(number)} for now, as the shop refused it"
            f" ({_words(self.of_everybody)}). It is tried again, less and less often."
        )


def _words(refusals: Sequence[Refusal]) -> str:
    """The sentence that the shop says most."""
    ((error, _),) = Counter(each.error for each in refusals).most_common(1)
    return error.rstrip(".")
