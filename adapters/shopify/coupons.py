"""Creates, extends and disables coupons. Each change is safe to apply twice; foreign codes stay untouched."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from adapters.shopify.attributes import Attributes
from adapters.shopify.bulk import FIRST_POLL, LONGEST_POLL, UserError
from adapters.shopify.categories import collections_of
from adapters.shopify.client import Admin
from adapters.shopify.discounts import DiscountNode, Discounts
from adapters.shopify.documents import document, repeated
from adapters.shopify.kinds import SOURCES
from adapters.shopify.reads import IDS_PAGE
from adapters.shopify.records import Wire
from adapters.shopify.terms import (
    Collections,
    for_anybody,
    for_customer,
    for_group,
    group_marker,
    marks_metafield,
    why_not,
)
from adapters.shopify.writes import Outcome, Writes, sentence
from connector.errors import TemporaryError
from connector.model import CreateCoupon, DisableCoupon, ExtendCoupon, Kind, Mark, Result, SetAttribute

CODES_AT_ONCE = 250


class _Created(Wire):
    id: str


class _Creation(Wire):
    code_discount_node: _Created | None = None
    user_errors: tuple[UserError, ...] = ()


class _Adding(Wire):
    bulk_creation: _Created | None = None
    user_errors: tuple[UserError, ...] = ()


class _Added(Wire):
    code: str
    errors: tuple[UserError, ...] = ()


class _AddedCodes(Wire):
    nodes: tuple[_Added, ...]


class _Progress(Wire):
    done: bool
    codes: _AddedCodes


class _Poll(Wire):
    discount_redeem_code_bulk_creation: _Progress | None = None


class _Done(Wire):
    user_errors: tuple[UserError, ...] = ()


class _Known(Wire):
    nodes: tuple[_Created | None, ...]


_NO_CUSTOMER = Outcome("Shopify does not know this customer.")


class Coupons:
    """Applies changes of coupons."""

    def __init__(self, admin: Admin, discounts: Discounts, writes: Writes, attributes: Attributes) -> None:
        self._admin = admin
        self._discounts = discounts
        self._writes = writes
        self._attributes = attributes

    def create(self, changes: Sequence[CreateCoupon], run: str) -> Iterator[Result]:
        """New coupons, in order."""
        named = frozenset(name for change in changes for name in change.categories)
        collections = collections_of(self._admin, named)
        reasons = [why_not(change, collections) for change in changes]
        judged = zip(changes, reasons, strict=True)
        for (reason, group, _), alike in groupby(judged, key=lambda each: (each[1], *_batch(each[0]))):
            some = [change for change, _ in alike]
            if reason is not None:
                yield from (Result(change=change, error=reason) for change in some)
            elif group:
                yield from self._for_group(some, collections)
            else:
                yield from self._one_each(some, collections, run)

    def extend(self, change: ExtendCoupon) -> Result:
        """A later end. All codes of a group's discount share one end, so all of them get it."""
        node = self._discounts.by_code(change.code)
        if node is None:
            return Result(change=change, error=f"The code {change.code} is no longer in the shop.")
        if self._discounts.mark_of(node, change.code) != change.mark:
            return Result(change=change, error=_foreign(change.code))
        if node.discount.ends_at is None or node.discount.ends_at >= change.ends_at:
            return Result(change=change)
        name = "discount_update_free" if node.discount.is_free_shipping() else "discount_update"
        variables = {"id": node.id, "discount": {"endsAt": change.ends_at.isoformat()}}
        error = self._mutate(name, variables)
        return Result(change=change, error=error)

    def disable(self, change: DisableCoupon) -> Result:
        """Worthless from now on; a code that is gone is worthless already."""
        error = None
        if node := self._discounts.by_code(change.code):
            error = self._switch_off(node, change)
        if error is None and change.attribute and change.customer_id:
            error = self._clear(change.customer_id, change.attribute, change.code)
        return Result(change=change, error=error)

    # -- a discount for each ----------------------------------------------------------------------------

    def _one_each(
        self, changes: Sequence[CreateCoupon], collections: Collections, run: str
    ) -> Iterator[Result]:
        """Coupons of one kind, each for its customer, or for a friend of that customer."""
        for chunk in self._writes.chunks(changes):
            gone = self._gone([change.customer_id for change in chunk])
            inputs = [
                {"discount": _single(change, collections)}
                for change in chunk
                if change.customer_id not in gone
            ]
            sent = iter(self._writes.send(_creation(chunk[0]), inputs, run))
            outcomes = [_NO_CUSTOMER if change.customer_id in gone else next(sent) for change in chunk]
            yield from self._settled(chunk, outcomes)

    def _gone(self, customer_ids: Sequence[str]) -> set[str]:
        """Customers that were deleted meanwhile: a discount for nobody would be a discount too many."""
        gone: set[str] = set()
        for start in range(0, len(customer_ids), IDS_PAGE):
            some = customer_ids[start : start + IDS_PAGE]
            gids = [SOURCES[Kind.CUSTOMERS].gid(customer_id) for customer_id in some]
            nodes = self._admin.call(document("customers_known"), {"ids": gids}, _Known).nodes
            gone |= {customer_id for customer_id, node in zip(some, nodes, strict=True) if node is None}
        return gone

    def _settled(self, changes: Sequence[CreateCoupon], outcomes: Sequence[Outcome]) -> Iterator[Result]:
        """Results, once the codes of those that worked are stored on their customers."""
        errors = [self._error(change, outcome) for change, outcome in zip(changes, outcomes, strict=True)]
        stored = iter(
            self._attributes.push(
                [
                    SetAttribute(customer_id=change.customer_id, name=change.attribute, value=change.code)
                    for change, error in zip(changes, errors, strict=True)
                    if error is None and change.attribute
                ]
            )
        )
        for change, error in zip(changes, errors, strict=True):
            if error is None and change.attribute:
                error = next(stored).error
            yield Result(change=change, error=error)

    def _error(self, change: CreateCoupon, outcome: Outcome) -> str | None:
        """A code that is taken by this very coupon was created by an earlier try."""
        if outcome.code != "TAKEN":
            return outcome.error
        node = self._discounts.by_code(change.code)
        ours = node is not None and self._discounts.mark_of(node, change.code) == change.mark
        return None if ours else _foreign(change.code)

    # -- for a group ------------------------------------------------------------------------------------

    def _for_group(self, changes: Sequence[CreateCoupon], collections: Collections) -> Iterator[Result]:
        campaign, marker = changes[0].mark.campaign, group_marker(changes[0])
        discount_id: str | None = None  # kept, for a search may not find yet what was just made
        for start in range(0, len(changes), CODES_AT_ONCE):
            chunk = changes[start : start + CODES_AT_ONCE]
            gone = self._gone([change.customer_id for change in chunk])
            discount_id = discount_id or self._discounts.group(marker)
            marks = self._discounts.marks(discount_id, campaign) if discount_id else {}
            # The first mark of a code stays: a second one must not overwrite it and then pass for the owner.
            mine = [change for change in chunk if marks.setdefault(change.code, change.mark) == change.mark]
            known = [change for change in mine if change.customer_id not in gone]
            discount_id, outcomes = self._put(discount_id, known, collections)
            yield from self._settled(
                chunk, [_group_outcome(change, marks, gone, outcomes) for change in chunk]
            )

    def _put(
        self, discount_id: str | None, changes: Sequence[CreateCoupon], collections: Collections
    ) -> tuple[str | None, dict[str, Outcome]]:
        """The campaign's discount, made if need be, and the outcomes of its new codes."""
        outcomes: dict[str, Outcome] = {}
        if discount_id is None:
            discount_id, outcomes = self._new_group(changes, collections)
        if discount_id is not None:
            outcomes |= self._add_codes(discount_id, changes, set(outcomes))
        return discount_id, outcomes

    def _new_group(
        self, changes: Sequence[CreateCoupon], collections: Collections
    ) -> tuple[str | None, dict[str, Outcome]]:
        """The campaign's discount, made with the first code that is free."""
        outcomes: dict[str, Outcome] = {}
        for change in changes:
            variables = {"discount_0": for_group(change, collections)}
            answers, refused = self._admin.call_each(repeated(_creation(change), 1), variables, _Creation)
            created = answers.get("_0")
            if created and created.code_discount_node:
                discount_id = created.code_discount_node.id
                if error := self._keep_marks(discount_id, [change]):
                    self._mutate("discount_deactivate", {"id": discount_id})
                    return None, {each.code: Outcome(error) for each in changes}
                return discount_id, outcomes | {change.code: Outcome()}
            outcomes[change.code] = _refusal(created.user_errors if created else (), refused)
        return None, outcomes

    def _add_codes(
        self, discount_id: str, changes: Sequence[CreateCoupon], done: set[str]
    ) -> dict[str, Outcome]:
        """Put codes on a discount; whose they are is stored first, so that no code is ever nobody's."""
        new = [change for change in changes if change.code not in done]
        if not new:
            return {}
        if error := self._keep_marks(discount_id, new):
            return {change.code: Outcome(error) for change in new}
        codes = [{"code": change.code} for change in new]
        answers, refused = self._admin.call_each(
            document("redeem_codes_add"), {"id": discount_id, "codes": codes}, _Adding
        )
        adding = answers.get("done")
        if adding is None or adding.bulk_creation is None:
            outcome = _refusal(adding.user_errors if adding else (), refused)
            return {change.code: outcome for change in new}
        added = self._added(adding.bulk_creation.id)
        # Shopify does not always say TAKEN here, so every refusal is looked up.
        refusals = {code: Outcome(sentence(text), "TAKEN") for code, text in added.items() if text}
        return {change.code: refusals.get(change.code, Outcome()) for change in new}

    def _added(self, creation_id: str) -> dict[str, str | None]:
        """The codes of a finished creation, each with why it was refused, if it was."""
        deadline, pause = self._admin.clock() + self._admin.http.limits.total, FIRST_POLL
        while True:
            answer = self._admin.call(document("redeem_codes_added"), {"id": creation_id}, _Poll)
            progress = answer.discount_redeem_code_bulk_creation
            if progress and progress.done:
                return {node.code: _first(node.errors) for node in progress.codes.nodes}
            if self._admin.clock() + pause > deadline:
                raise TemporaryError("Shopify takes too long to add codes to a discount.")
            self._admin.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL)

    def _keep_marks(self, discount_id: str, changes: list[CreateCoupon]) -> str | None:
        """Store whose codes these are; why not, if Shopify refuses."""
        return self._mutate("metafields_set", {"metafields": [marks_metafield(discount_id, changes)]})

    # -- switching off ----------------------------------------------------------------------------------

    def _switch_off(self, node: DiscountNode, change: DisableCoupon) -> str | None:
        if self._discounts.mark_of(node, change.code) != change.mark:
            return _foreign(change.code)
        if node.discount.mark():
            if node.discount.status == "EXPIRED":
                return None
            return self._mutate("discount_deactivate", {"id": node.id})
        codes = self._discounts.redeem_codes(node.id, f"code:{change.code}")
        ids = [code.id for code in codes if code.code.casefold() == change.code.casefold()]
        return self._mutate("redeem_codes_delete", {"id": node.id, "ids": ids}) if ids else None

    def _clear(self, customer_id: str, attribute: str, code: str) -> str | None:
        """The attribute may hold a newer code by now; that one stays."""
        if self._attributes.value(customer_id, attribute) != code:
            return None
        return self._attributes.set(customer_id, attribute, None).error

    def _mutate(self, name: str, variables: dict[str, Any]) -> str | None:
        answers, refused = self._admin.call_each(document(name), variables, _Done)
        done = answers.get("done")
        if done is None or refused:
            return _refusal((), refused).error
        return sentence(done.user_errors[0].message) if done.user_errors else None


def _batch(change: CreateCoupon) -> tuple[str, str]:
    """What goes together: codes that may stand on one discount (its marker), else discounts of one kind."""
    return group_marker(change) if change.bound == "group" else "", _creation(change)


def _creation(change: CreateCoupon) -> str:
    """The document that creates a discount of that kind."""
    return "discount_create_free" if change.free_shipping else "discount_create"


def _single(change: CreateCoupon, collections: Collections) -> Mapping[str, Any]:
    """The input of a discount of its own. Whoever is not named may not have it, but for a friend's code."""
    if change.bound == "nobody":
        return for_anybody(change, collections)
    return for_customer(change, collections)


def _group_outcome(
    change: CreateCoupon, marks: Mapping[str, Mark], gone: Collection[str], outcomes: Mapping[str, Outcome]
) -> Outcome:
    if marks[change.code] != change.mark:
        return Outcome(_foreign(change.code))
    return _NO_CUSTOMER if change.customer_id in gone else outcomes[change.code]


def _foreign(code: str) -> str:
    return f"The code {code} exists already in the shop and is not ours."


def _first(errors: Sequence[UserError]) -> str | None:
    return errors[0].message if errors else None


def _refusal(errors: Sequence[UserError], refused: dict[str, str]) -> Outcome:
    message = _first(errors) or next(iter(refused.values()), "no reason given")
    return Outcome(sentence(message), errors[0].code if errors else None)
