"""Creates, extends and disables coupons. Each change is safe to apply twice; foreign codes stay untouched."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.medusa.attributes import Attributes
from adapters.medusa.client import Rest
from adapters.medusa.goods import Goods
from adapters.medusa.groups import NO_CUSTOMER, Groups
from adapters.medusa.promotions import Promotions, to_promotion, unsupported
from adapters.medusa.reads import CUSTOMERS, Lists, stamp
from adapters.medusa.records import PROMOTION_FIELDS, CustomerRow, Identified, PromotionRow
from connector.adapter import chunks
from connector.errors import RejectedError
from connector.model import CreateCoupon, DisableCoupon, ExtendCoupon, Result

#: Codes that are looked up together before the first of them is created.
AT_ONCE = 50


class Coupons:
    """Applies changes of coupons."""

    def __init__(
        self,
        rest: Rest,
        promotions: Promotions,
        groups: Groups,
        attributes: Attributes,
        goods: Goods,
    ) -> None:
        self._rest = rest
        self._promotions = promotions
        self._groups = groups
        self._attributes = attributes
        self._goods = goods
        self._customers: Lists[CustomerRow] = Lists(rest, CUSTOMERS, AT_ONCE)
        self._group_ids: dict[str, str] = {}

    def create(self, changes: Sequence[CreateCoupon]) -> Iterator[Result]:
        """New coupons, in order."""
        for some in chunks(changes, AT_ONCE):
            known = self._promotions.by_codes([change.code for change in some])
            people = self._people(some)
            for change in some:
                try:
                    if change.code not in known:
                        known[change.code] = self._make(change, people.get(change.customer_id))
                    error = _taken(known[change.code], change) or self._deliver(change)
                except RejectedError as refusal:
                    error = str(refusal)
                yield Result(change=change, error=error)

    def extend(self, change: ExtendCoupon) -> Result:
        """A later end."""
        row = self._find(change.code)
        if row is None:
            return Result(change=change, error=f"The code {change.code} is no longer in the shop.")
        if row.mark() != change.mark or row.campaign is None:
            return Result(change=change, error=_foreign(change.code))
        if not row.active():
            return Result(change=change, error=f"The code {change.code} was disabled in the shop.")
        ends_at = row.campaign.ends_at
        if ends_at is None or ends_at >= change.ends_at:
            return Result(change=change)
        wanted = {"ends_at": stamp(change.ends_at)}
        return Result(change=change, error=self._update(f"campaigns/{row.campaign.id}", "campaign", wanted))

    def disable(self, change: DisableCoupon) -> Result:
        """Worthless from now on; a code that is gone is worthless already."""
        row, error = self._find(change.code), None
        if row is not None and row.mark() != change.mark:
            error = _foreign(change.code)
        elif row is not None and row.active():
            error = self._update(f"promotions/{row.id}", "promotion", {"status": "inactive"})
        if error is None and change.attribute and change.customer_id:
            error = self._attributes.clear(change.customer_id, change.attribute, change.code)
        return Result(change=change, error=error)

    # -- one promotion ----------------------------------------------------------------------------------

    def _make(self, change: CreateCoupon, person: CustomerRow | None) -> PromotionRow:
        """A new promotion.

        Raises:
            RejectedError: Medusa cannot or will not make it.
        """
        if sentence := unsupported(change):
            raise RejectedError(sentence)
        if change.bound == "customer" and person is None:
            raise RejectedError(NO_CUSTOMER)  # Medusa would bind a code to nobody all the same
        group_id = self._group_id(change.tag) if change.bound == "group" and change.tag else None
        goods = self._goods.rules(change.products, change.categories, change.exclude_categories)
        wanted = to_promotion(change, group_id, goods, (person.email or "") if person else "")
        try:
            return self._rest.post("promotions", "promotion", PromotionRow, wanted, PROMOTION_FIELDS)
        except RejectedError:
            # Where the answer to the first attempt was lost, the second one hears that the code exists.
            if found := self._find(change.code):
                return found
            raise

    def _group_id(self, tag: str) -> str:
        """The group of a tag, looked up once in a push."""
        if tag not in self._group_ids:
            self._group_ids[tag] = self._groups.ensure(tag)
        return self._group_ids[tag]

    def _people(self, changes: Sequence[CreateCoupon]) -> dict[str, CustomerRow]:
        """Customers whom a code is bound to, as far as Medusa knows them."""
        wanted = [change.customer_id for change in changes if change.bound in ("customer", "email")]
        return {row.id: row for rows, _ in self._customers.few(wanted) for row in rows}

    def _find(self, code: str) -> PromotionRow | None:
        return self._promotions.by_codes([code]).get(code)

    def _update(self, path: str, name: str, wanted: Mapping[str, Any]) -> str | None:
        try:
            self._rest.post(path, name, Identified, wanted, ("id",))
        except RejectedError as refusal:
            return str(refusal)
        return None

    def _deliver(self, change: CreateCoupon) -> str | None:
        if not change.attribute:
            return None
        return self._attributes.set(change.customer_id, change.attribute, change.code)


def _taken(row: PromotionRow, change: CreateCoupon) -> str | None:
    """Why a code that exists is not this coupon."""
    if row.mark() != change.mark:
        return _foreign(change.code)
    if not row.active():
        return f"The code {change.code} was disabled in the shop."
    return None


def _foreign(code: str) -> str:
    return f"The code {code} exists already in the shop and is not ours."
