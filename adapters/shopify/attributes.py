"""Customer attributes: metafields of our namespace, and the coupon codes that stand in them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from adapters.shopify.bulk import UserError
from adapters.shopify.client import Admin
from adapters.shopify.documents import document
from adapters.shopify.kinds import SOURCES
from adapters.shopify.records import Wire
from adapters.shopify.writes import AT_ONCE, Outcome, sentence
from connector.model import Kind, Result, SetAttribute

NAMESPACE = "stammkunde"


class _Done(Wire):
    user_errors: tuple[UserError, ...] = ()


class _Metafield(Wire):
    value: str


class _Customer(Wire):
    metafield: _Metafield | None = None


class _Found(Wire):
    node: _Customer | None = None


class Attributes:
    """Stores named values on customers."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def push(self, changes: Sequence[SetAttribute]) -> Iterator[Result]:
        """Apply changes in order, at most 25 in one call as Shopify allows."""
        for _, alike in groupby(changes, key=lambda change: change.value is None):
            some = list(alike)
            for start in range(0, len(some), AT_ONCE):
                yield from self._apply(some[start : start + AT_ONCE])

    def set(self, customer_id: str, name: str, value: str | None) -> Outcome:
        """Store or remove one value."""
        (result,) = self._apply([SetAttribute(customer_id=customer_id, name=name, value=value)])
        return Outcome(result.error)

    def value(self, customer_id: str, name: str) -> str | None:
        """The value that a customer has now."""
        variables = {"id": _gid(customer_id), "key": name}
        node = self._admin.call(document("customer_metafield"), variables, _Found).node
        return node.metafield.value if node and node.metafield else None

    def _apply(self, changes: Sequence[SetAttribute]) -> Iterator[Result]:
        """All or nothing is Shopify's rule for one call, so a refusal is tried again one by one."""
        distinct = len({(change.customer_id, change.name) for change in changes}) == len(changes)
        error = self._call(changes) if distinct or len(changes) == 1 else "twice the same"
        if error is None or len(changes) == 1:
            yield from (Result(change=change, error=error) for change in changes)
            return
        for change in changes:
            yield Result(change=change, error=self._call([change]))

    def _call(self, changes: Sequence[SetAttribute]) -> str | None:
        delete = changes[0].value is None
        name = "metafields_delete" if delete else "metafields_set"
        metafields = [_metafield(change) for change in changes]
        answers, refused = self._admin.call_each(document(name), {"metafields": metafields}, _Done)
        done = answers.get("done")
        if refused or done is None:
            return sentence(next(iter(refused.values()), "no reason given"))
        return sentence(done.user_errors[0].message) if done.user_errors else None


def _metafield(change: SetAttribute) -> Mapping[str, str]:
    field = {"ownerId": _gid(change.customer_id), "namespace": NAMESPACE, "key": change.name}
    if change.value is not None:
        field |= {"type": "single_line_text_field", "value": change.value}
    return field


def _gid(customer_id: str) -> str:
    return SOURCES[Kind.CUSTOMERS].gid(customer_id)
