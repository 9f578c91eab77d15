"""Batches of WooCommerce, which are answered with an error for each item that was not taken."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from adapters.woocommerce.client import Refusal, Rest
from connector.errors import ResponseError


class Item(msgspec.Struct, kw_only=True):
    """One answer of a batch. Of a coupon, the addresses that WordPress left of ours."""

    id: int = 0
    error: Refusal | None = None
    email_restrictions: list[str] = []


class _Answer(msgspec.Struct):
    create: list[Item] = []
    update: list[Item] = []


def send_batch(
    rest: Rest, path: str, verb: Literal["create", "update"], items: Sequence[Mapping[str, Any]]
) -> list[Item]:
    """An answer for each item, in their order.

    Raises:
        ResponseError: there are more answers, or fewer.
    """
    if not items:
        return []
    answer = rest.post(path, {verb: items}, _Answer)
    answers = answer.create if verb == "create" else answer.update
    if len(answers) != len(items):
        raise ResponseError(
            f"WooCommerce gave {len(answers)} results for {len(items)} changes: none is taken as done."
        )
    return answers


def why(refusal: Refusal) -> str:
    """WooCommerce's words as a sentence."""
    return f"{refusal.message.rstrip('. ') or refusal.code}."
