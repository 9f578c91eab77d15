"""Creates, extends and disables coupons. Each change is safe to apply twice; foreign codes stay untouched."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from adapters.vendure.attributes import Attributes
from adapters.vendure.client import Admin, Done, Wire
from adapters.vendure.documents import document
from adapters.vendure.goods import Goods
from adapters.vendure.groups import Groups
from adapters.vendure.promotions import Promotions, stamp, to_input, unsupported
from adapters.vendure.records import Ground, PromotionRow
from connector.adapter import chunks
from connector.errors import RejectedError, ResponseError, TemporaryError
from connector.model import CreateCoupon, DisableCoupon, ExtendCoupon, Mark, Result

#: Codes that are looked up together before the first of them is created.
AT_ONCE = 50


class _Refusal(Wire):
    """Why a mutation did nothing; Vendure's union gives this in place of a promotion."""

    message: str


class Coupons:
    """Applies changes of coupons.

    Args:
        ground: what is known of the shop.
    """

    def __init__(
        self,
        admin: Admin,
        ground: Callable[[], Ground],
        promotions: Promotions,
        groups: Groups,
        attributes: Attributes,
        goods: Goods,
    ) -> None:
        self._admin = admin
        self._ground = ground
        self._promotions = promotions
        self._groups = groups
        self._attributes = attributes
        self._goods = goods
        self._group_ids: dict[str, str] = {}

    def create(self, changes: Sequence[CreateCoupon]) -> Iterator[Result]:
        """New coupons, in order. Vendure takes a code any number of times, so it is looked up first."""
        for some in chunks(changes, AT_ONCE):
            known = self._promotions.by_codes([change.code for change in some])
            for change in some:
                twins = known[change.code.casefold()]
                try:
                    if not twins:
                        twins.append(self._make(change))
                    error = _taken(twins, change) or self._deliver(change)
                except RejectedError as refusal:
                    error = str(refusal)
                yield Result(change=change, error=error)

    def extend(self, change: ExtendCoupon) -> Result:
        """A later end."""
        twins = self._promotions.by_codes([change.code])[change.code.casefold()]
        row = _ours(twins, change.mark)
        if row is None:
            error = _foreign(change.code) if twins else f"The code {change.code} is no longer in the shop."
            return Result(change=change, error=error)
        if not row.enabled:
            return Result(change=change, error=f"The code {change.code} was disabled in the shop.")
        if row.ends_at is None or row.ends_at >= change.ends_at:
            return Result(change=change)
        return Result(change=change, error=self._update(row, endsAt=stamp(change.ends_at)))

    def disable(self, change: DisableCoupon) -> Result:
        """Worthless from now on; a code that is gone is worthless already."""
        twins = self._promotions.by_codes([change.code])[change.code.casefold()]
        row, error = _ours(twins, change.mark), None
        if row is None and twins:
            error = _foreign(change.code)
        elif row is not None and row.enabled:
            error = self._update(row, enabled=False)
        if error is None and change.attribute and change.customer_id:
            error = self._attributes.clear(change.customer_id, change.attribute, change.code)
        return Result(change=change, error=error)

    # -- one promotion ----------------------------------------------------------------------------------

    def _make(self, change: CreateCoupon) -> PromotionRow:
        """A new promotion.

        Raises:
            RejectedError: Vendure cannot or will not make it.
        """
        if sentence := unsupported(change):
            raise RejectedError(sentence)
        group_id = self._group_id(change.tag) if change.bound == "group" and change.tag else None
        variants = self._goods.variants(change.products, change.categories)
        wanted = to_input(change, self._ground(), group_id, variants)
        made = self._send_once(change, wanted)
        if isinstance(made, _Refusal):
            raise RejectedError(_sentence(made))
        if made.group() != group_id:
            self._update(made, enabled=False)
            raise RejectedError(f"Vendure bound the code {change.code} to another customer group.")
        return made

    def _group_id(self, tag: str) -> str:
        """The group of a tag, looked up once in a push."""
        if tag not in self._group_ids:
            self._group_ids[tag] = self._groups.ensure(tag)
        return self._group_ids[tag]

    def _send_once(self, change: CreateCoupon, wanted: Mapping[str, Any]) -> PromotionRow | _Refusal:
        """Where the answer is lost the promotion may exist, so it is looked for before it is sent again."""
        try:
            return self._send(wanted)
        except TemporaryError:
            twins = self._promotions.by_codes([change.code])[change.code.casefold()]
            return _ours(twins, change.mark) or self._send(wanted)

    def _send(self, wanted: Mapping[str, Any]) -> PromotionRow | _Refusal:
        answer = self._admin.call(
            document("promotion_create"), {"input": wanted}, Done[dict[str, Any]], repeatable=False
        )
        return _promotion(answer.done)

    def _update(self, row: PromotionRow, **values: Any) -> str | None:
        wanted = {"id": row.id, **values}
        try:
            answer = self._admin.call(document("promotion_update"), {"input": wanted}, Done[dict[str, Any]])
        except RejectedError as refusal:
            return str(refusal)
        done = _promotion(answer.done)
        return _sentence(done) if isinstance(done, _Refusal) else None

    def _deliver(self, change: CreateCoupon) -> str | None:
        if not change.attribute:
            return None
        return self._attributes.set(change.customer_id, change.attribute, change.code)


def _promotion(done: Mapping[str, Any]) -> PromotionRow | _Refusal:
    """What a mutation gives: a promotion, or why not."""
    try:
        if "message" in done:
            return msgspec.convert(done, _Refusal)
        return msgspec.convert(done, PromotionRow)
    except msgspec.ValidationError as error:
        raise ResponseError(f"Vendure answered with a strange promotion: {error}.") from None


def _sentence(refusal: _Refusal) -> str:
    return f"Vendure refused it: {refusal.message.rstrip('.')}."


def _ours(twins: Sequence[PromotionRow], mark: Mark) -> PromotionRow | None:
    """The promotion of this mark among those of one code, one in force before one that is disabled."""
    ours = [row for row in twins if row.mark() == mark]
    return max(ours, key=lambda row: row.enabled, default=None)


def _taken(twins: Sequence[PromotionRow], change: CreateCoupon) -> str | None:
    """Why a code that exists is not this coupon. Of twins Vendure would take either."""
    if any(row.mark() != change.mark for row in twins):
        return _foreign(change.code)
    if not any(row.enabled for row in twins):
        return f"The code {change.code} was disabled in the shop."
    return None


def _foreign(code: str) -> str:
    return f"The code {code} exists already in the shop and is not ours."
