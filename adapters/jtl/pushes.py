"""Changes in batches to the plugin, one result each, in order."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import quote

import msgspec

from adapters.jtl.client import Plugin
from connector.errors import ResponseError
from connector.model import (
    Change,
    CreateCoupon,
    DisableCoupon,
    ExtendCoupon,
    MoveGroup,
    Result,
    SetAttribute,
    UpdateTags,
)
from connector.money import decimal_text

#: Fewer than the plugin takes: results come, and so are kept, every few seconds.
AT_ONCE = 100

_NO_NAME = re.compile(r"[^A-Za-z0-9._:-]")


class _Reason(msgspec.Struct):
    code: str
    message: str


class _Outcome(msgspec.Struct):
    outcome: str
    error: _Reason | None = None


class _Answer(msgspec.Struct):
    results: tuple[_Outcome, ...]


class _Batch(msgspec.Struct):
    batch: int


class _Run(msgspec.Struct):
    batches: tuple[_Batch, ...] = ()


class Pushes:
    """Sends changes to one shop.

    Args:
        installation: who we are, where only one installation may write.
        largest: the most changes that the plugin takes at once.
    """

    def __init__(self, plugin: Plugin, installation: str | None, largest: int) -> None:
        self._plugin = plugin
        self._installation = installation
        self._at_once = min(AT_ONCE, largest)

    def push(self, changes: Iterable[Change], run: str) -> Iterator[Result]:
        """Batches go behind those that a crashed process sent under the same name.

        The plugin applies one batch at a time, so what that process left running has settled before ours.
        """
        name, batch, rest = run_name(run), 0, iter(changes)
        while some := list(islice(rest, self._at_once)):
            batch = batch or self._first_batch(name)
            yield from self._send(name, batch, some)
            batch += 1

    def _first_batch(self, name: str) -> int:
        sent = self._plugin.get(f"/runs/{quote(name, safe='')}", _Run).batches
        return max((each.batch for each in sent), default=0) + 1

    def _send(self, name: str, batch: int, changes: Sequence[Change]) -> Iterator[Result]:
        wanted = [from_change(each) for each in changes]
        body: dict[str, Any] = {"run": name, "batch": batch, "changes": wanted}
        if self._installation:
            body["installation"] = self._installation
        outcomes = self._plugin.post("/changes", body, _Answer).results
        if len(outcomes) != len(changes):
            raise ResponseError(
                f"The plugin gave {len(outcomes)} results for {len(changes)} changes: none is taken as done."
            )
        for change, outcome in zip(changes, outcomes, strict=True):
            yield Result(change=change, error=_refusal(outcome))


def run_name(run: str) -> str:
    """The name of a push in the letters that the plugin takes."""
    return _NO_NAME.sub("-", run)[:64] or "run"


def _refusal(outcome: _Outcome) -> str | None:
    if outcome.outcome in ("done", "unchanged"):
        return None
    return outcome.error.message if outcome.error else f"The shop answered {outcome.outcome!r}."


def from_change(change: Change) -> dict[str, Any]:
    """A change in the plugin's words."""
    match change:
        case UpdateTags():
            return {
                "type": "update-tags",
                "customer_id": change.customer_id,
                "add": change.add,
                "remove": change.remove,
            }
        case SetAttribute():
            return {
                "type": "set-attribute",
                "customer_id": change.customer_id,
                "name": change.name,
                "value": change.value,
            }
        case MoveGroup():
            return {
                "type": "move-group",
                "customer_id": change.customer_id,
                "from": change.from_,
                "to": change.to,
            }
        case CreateCoupon():
            return _from_create(change)
        case ExtendCoupon():
            return {"type": "extend-coupon", **_named(change), "ends": _stamp(change.ends_at)}
        case DisableCoupon():
            named = {"type": "disable-coupon", **_named(change)}
            if change.attribute and change.customer_id:
                named |= {"customer_id": change.customer_id, "attribute": change.attribute}
            return named


def _named(change: CreateCoupon | ExtendCoupon | DisableCoupon) -> dict[str, Any]:
    return {"mark": change.mark.text(), "code": change.code}


def _from_create(change: CreateCoupon) -> dict[str, Any]:
    wanted = {
        "type": "create-coupon",
        **_named(change),
        "customer_id": change.customer_id or None,
        "title": change.title,
        "currency": change.currency,
        "minimum": _number(change.minimum, change.currency),
        "starts": _stamp(change.starts_at),
        "ends": _stamp(change.ends_at),
        "bound": "customer" if change.bound == "customer" else "anyone",
    }
    if change.percent is not None:
        wanted["percent"] = change.percent
    if change.amount is not None:
        wanted["amount"] = _number(change.amount, change.currency)
    if change.titles:
        wanted["titles"] = dict(change.titles)
    if change.attribute:
        wanted["attribute"] = change.attribute
    if change.free_shipping:
        wanted["free_shipping"] = True
    if change.products:
        wanted["products"] = change.products
    if change.categories:
        wanted["categories"] = change.categories
    return wanted


def _number(amount: int, currency: str) -> float:
    return float(Decimal(decimal_text(amount, currency)))


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
