"""Lists as WooCommerce gives them: filtered, ordered, cut into pages of at most a hundred."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.woocommerce.sandbox.access import RefusedError
from adapters.woocommerce.sandbox.shop import Profile

MOST = 100
#: Of these the shop does not read `modified_after`, in silence.
_UNDATED = frozenset({"customers"})


def cut(name: str, rows: list[Any], given: Mapping[str, str], profile: Profile) -> tuple[list[Any], int, int]:
    """One page of the records, how many there are, and in how many pages."""
    keeps = [keep for keep in (_ids(given), _who(name, given), _when(name, given, profile)) if keep]
    found = [row for row in rows if all(keep(row) for keep in keeps)]
    found.sort(key=_key(name, given, profile), reverse=given.get("order", "desc") == "desc")
    size, number = _bounded(given), int(given.get("page", "1"))
    return found[(number - 1) * size : number * size], len(found), -(-len(found) // size)


def _bounded(given: Mapping[str, str]) -> int:
    size = int(given.get("per_page", "10"))
    if not 1 <= size <= MOST:
        raise RefusedError(400, "rest_invalid_param", "Invalid parameter(s): per_page")
    return size


def _ids(given: Mapping[str, str]) -> Callable[[Any], bool] | None:
    if "include" not in given:
        return None
    wanted = {int(number) for number in given["include"].split(",") if number}
    return lambda row: row.id in wanted if wanted else True


def _who(name: str, given: Mapping[str, str]) -> Callable[[Any], bool] | None:
    if name == "orders" and "customer" in given:
        return lambda row: row.customer == int(given["customer"])
    if name == "coupons" and "code" in given:
        return lambda row: row.code.casefold() == given["code"].casefold()
    if name == "customers" and given.get("role", "customer") != "all":
        return lambda row: row.role == given.get("role", "customer")
    return None


def _when(name: str, given: Mapping[str, str], profile: Profile) -> Callable[[Any], bool] | None:
    """Both bounds are excluded, to the second."""
    if name in _UNDATED or not profile.knows_modified:
        return None
    after, before = (_bound(given.get(field), profile) for field in ("modified_after", "modified_before"))
    if after is None and before is None:
        return None
    gmt = given.get("dates_are_gmt") == "true"

    def keep(row: Any) -> bool:
        written = row.modified if gmt else row.modified.astimezone(profile.zone())
        moment = written.replace(tzinfo=None)
        return (after is None or moment > after) and (before is None or moment < before)

    return keep


def _bound(text: str | None, profile: Profile) -> datetime | None:
    """What MySQL compares with. WordPress turns a time with a zone into the shop's, whatever it is for."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(profile.zone()).replace(tzinfo=None)


def _key(name: str, given: Mapping[str, str], profile: Profile) -> Callable[[Any], Any]:
    orderby = given.get("orderby", "name" if name == "customers" else "date")
    if orderby == "modified" and name not in _UNDATED:
        return lambda row: (row.modified.astimezone(profile.zone()).replace(tzinfo=None), _anyhow(row))
    if orderby == "date" and name == "orders":
        return lambda row: (row.created, row.id)
    if orderby in ("id", "date"):
        return lambda row: row.id
    if orderby == "name":
        return lambda row: row.email
    raise RefusedError(400, "rest_invalid_param", "Invalid parameter(s): orderby")


def _anyhow(row: Any) -> bytes:
    """Rows of one second come in no order that anybody could count on."""
    return hashlib.blake2b(str(row.id).encode(), digest_size=4).digest()


def trim(row: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Only the fields that were asked for."""
    if "_fields" not in given:
        return row
    wanted = set(given["_fields"].split(","))
    return {key: value for key, value in row.items() if key in wanted}


def utc(text: str, profile: Profile) -> datetime:
    """A time that the shop is given: without a zone it is local."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=profile.zone())).astimezone(UTC)
