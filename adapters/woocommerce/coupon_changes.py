"""Changes of coupons: creating, extending and switching off."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.woocommerce.batches import Item, send_batch, why
from adapters.woocommerce.client import MOST, Rest
from adapters.woocommerce.coupons import DISABLED_KEY, CouponRow, from_create, stamp
from adapters.woocommerce.customer_changes import CustomerChanges
from adapters.woocommerce.reads import Reader
from adapters.woocommerce.records import Meta, Term
from adapters.woocommerce.shop import Shop
from connector.errors import RejectedError
from connector.model import CreateCoupon, DisableCoupon, ExtendCoupon, SetAttribute

#: How far ahead a coupon may begin where nobody looks at its first day.
AT_ONCE = timedelta(hours=1)

_TAKEN = "woocommerce_rest_coupon_code_already_exists"
_BATCH = "/wc/v3/coupons/batch"


class CouponChanges:
    """Writes coupons, and stores their codes with the customers."""

    def __init__(self, rest: Rest, shop: Shop, customers: CustomerChanges) -> None:
        self._rest = rest
        self._shop = shop
        self._customers = customers
        self._coupons = Reader(rest, "/wc/v3/coupons", CouponRow, page_size=MOST)
        self._known: dict[str, list[int]] | None = None

    # -- creating ---------------------------------------------------------------------------------------

    def create(self, changes: Sequence[CreateCoupon]) -> list[str | None]:
        """WooCommerce refuses a code that it has; then we look whether it is ours from before."""
        held = self._customers.meta([change.customer_id for change in changes if change.attribute])
        wanted = [self._wanted(change, held) for change in changes]
        bodies = [body for body in wanted if isinstance(body, dict)]
        answers = iter(send_batch(self._rest, _BATCH, "create", bodies))
        errors = [
            body if isinstance(body, str) else self._outcome(change, body, next(answers))
            for change, body in zip(changes, wanted, strict=True)
        ]
        return self._deliver(changes, errors)

    def _wanted(self, change: CreateCoupon, held: Mapping[str, Any]) -> dict[str, Any] | str:
        """The coupon's body, or why there is none."""
        if change.attribute and change.customer_id not in held:
            return f"The shop has no customer {change.customer_id} to store the code with."
        if change.starts_at > datetime.now(UTC) + AT_ONCE and not self._shop.has_companion():
            return "WooCommerce has no first day of a coupon: with our companion plugin in the shop it has."
        named = bool(change.categories or change.exclude_categories)
        try:
            return from_create(change, self._shop.currency(), self._categories() if named else {})
        except RejectedError as error:
            return str(error)

    def _outcome(self, change: CreateCoupon, body: Mapping[str, Any], item: Item) -> str | None:
        if item.error is None:
            return self._bound_as_asked(body, item)
        if item.error.code != _TAKEN:
            return why(item.error)
        known = self._by_code(change.code)
        if known is None or known.mark() != change.mark:
            return f"The code {change.code} belongs to another coupon in the shop."
        if body["email_restrictions"] and not known.email_restrictions:
            return f"The coupon {change.code} has lost its e-mail address in the shop: anybody can use it."
        return None

    def _bound_as_asked(self, body: Mapping[str, Any], item: Item) -> str | None:
        """A new coupon that lost its address is good for anybody: it goes at once."""
        if item.email_restrictions == body["email_restrictions"]:
            return None
        self._rest.delete(f"/wc/v3/coupons/{item.id}")
        return "The shop did not keep the e-mail address of the coupon, so the coupon was taken away again."

    def _deliver(self, changes: Sequence[CreateCoupon], errors: Sequence[str | None]) -> list[str | None]:
        deliveries = {
            place: SetAttribute(customer_id=change.customer_id, name=change.attribute, value=change.code)
            for place, change in enumerate(changes)
            if change.attribute and errors[place] is None
        }
        refused = dict(zip(deliveries, self._customers.apply(list(deliveries.values())), strict=True))
        return [error or refused.get(place) for place, error in enumerate(errors)]

    # -- ending -----------------------------------------------------------------------------------------

    def end(self, changes: Sequence[ExtendCoupon | DisableCoupon]) -> list[str | None]:
        """Extend and switch off, judged by what the shop has now."""
        rows = self._rows(changes)
        wanted: dict[int, dict[str, Any]] = {}
        errors = [_fold(change, row, wanted) for change, row in zip(changes, rows, strict=True)]
        updates = [{"id": number, **body} for number, body in wanted.items()]
        answers = send_batch(self._rest, _BATCH, "update", updates)
        refused = {
            number: why(item.error) for number, item in zip(wanted, answers, strict=True) if item.error
        }
        errors = [
            error or (refused.get(row.id) if row else None) for error, row in zip(errors, rows, strict=True)
        ]
        return self._clear(changes, errors)

    def _rows(self, changes: Sequence[ExtendCoupon | DisableCoupon]) -> list[CouponRow | None]:
        """The shop's coupon of each change, found by id or else by code; one object for one coupon."""
        ids = [change.coupon_id for change in changes if change.coupon_id]
        found = {row.id: row for rows, _ in self._coupons.few(ids) for row in rows}
        known = {str(number): row for number, row in found.items()}
        rows: list[CouponRow | None] = []
        for change in changes:
            row = known.get(change.coupon_id or "") or self._by_code(change.code)
            rows.append(found.setdefault(row.id, row) if row else None)
        return rows

    def _clear(
        self, changes: Sequence[ExtendCoupon | DisableCoupon], errors: Sequence[str | None]
    ) -> list[str | None]:
        due = {
            place: (
                SetAttribute(customer_id=change.customer_id, name=change.attribute, value=None),
                change.code,
            )
            for place, change in enumerate(changes)
            if isinstance(change, DisableCoupon) and change.customer_id and change.attribute
            if errors[place] is None
        }
        refused = self._customers.clear(due)
        return [error or refused.get(place) for place, error in enumerate(errors)]

    # -- both -------------------------------------------------------------------------------------------

    def _by_code(self, code: str) -> CouponRow | None:
        rows = self._rest.get("/wc/v3/coupons", list[CouponRow], code=code)
        return next((row for row in rows if row.code.casefold() == code.casefold()), None)

    def _categories(self) -> dict[str, list[int]]:
        """The ids of the shop's categories by name."""
        if self._known is None:
            terms = Reader(self._rest, "/wc/v3/products/categories", Term, page_size=MOST, _fields="id,name")
            self._known = {}
            for listing, _ in terms.all(None):
                for term in listing.rows:
                    self._known.setdefault(term.text(), []).append(term.id)
        return self._known


def _fold(
    change: ExtendCoupon | DisableCoupon, row: CouponRow | None, wanted: dict[int, dict[str, Any]]
) -> str | None:
    """Work a change into what its coupon will be; why not, if it cannot be."""
    if row is None:
        return None if isinstance(change, DisableCoupon) else f"The shop has no coupon {change.code}."
    if row.mark() != change.mark:
        return f"The coupon {row.code} is not ours."
    if isinstance(change, DisableCoupon):
        if not row.is_disabled():
            wanted[row.id] = _switched_off(row)
            row.meta_data = [*row.meta_data, Meta(DISABLED_KEY, "1")]
        return None
    if row.is_disabled():
        return f"The coupon {row.code} was switched off."
    if row.date_expires_gmt is not None and row.date_expires_gmt.replace(tzinfo=UTC) < change.ends_at:
        wanted[row.id] = {"date_expires": stamp(change.ends_at)}
        row.date_expires_gmt = change.ends_at.astimezone(UTC).replace(tzinfo=None)
    return None


def _switched_off(row: CouponRow) -> dict[str, Any]:
    """An end in the past: the day before it was made, which no clock can put in the future."""
    ended = (row.date_created_gmt or datetime(2000, 1, 2, tzinfo=UTC)).replace(tzinfo=UTC) - timedelta(days=1)
    return {"date_expires": stamp(ended), "meta_data": [{"key": DISABLED_KEY, "value": "1"}]}
