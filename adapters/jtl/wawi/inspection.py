"""`check`: which Wawi this is, what the app may do, and what the owner should know."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec

from adapters.jtl.wawi.assumptions import UNTRIED
from adapters.jtl.wawi.client import SCOPE_HELP, ForbiddenError, MissingError, Wawi
from adapters.jtl.wawi.pages import Part
from adapters.jtl.wawi.records import GroupRow, NamedRow
from adapters.jtl.wawi.tagfield import TagField
from connector.errors import ResponseError
from connector.model import Feature, ShopInfo

#: Permissions by what is read with them. `all.read` stands for all of these.
READ_SCOPES: Mapping[str, str] = {
    "/customers": "customer.querycustomers",
    "/salesOrders": "salesorder.querysalesorders",
    "/items": "item.queryitems",
}
CREDITS_SCOPE = "accountingdata.queryaccountingdata"
#: Permissions that `all.read` does not hold.
FIELD_SCOPES = ("customer.querycustomercustomfields", "customer.querycustomercustomfieldvalues")
WRITE_FIELD_SCOPES = ("customer.updatecustomercustomfield", "customer.deletecustomercustomfield")
GROUP_SCOPE = "customer.updatecustomer"
RUN_AS_SCOPE = "Application.RunAs"

GUESTS = "JTL-Wawi does not tell guests from accounts: every customer counts as an account."
NO_COUPONS = "JTL-Wawi has no coupons and no consent to newsletters, so no campaign can run on it alone."
LOOK_BACK = (
    "JTL-Wawi does not tell which orders changed: every pull reads the orders of the last months anew."
)
RETURNS_OFF = "Returns unknown: `credit_notes` is false, so every value figure counts what came back too."
OPEN_RETURNS = "Announced returns are unknown until the goods are back: the API names no state for them."


class _Status(msgspec.Struct, rename="pascal"):
    version: str
    tenant: str | None = None


class Inspection:
    """Asks what there is.

    Args:
        moves: pairs of customer groups between which customers may be moved.
    """

    def __init__(
        self,
        wawi: Wawi,
        field: TagField | None,
        *,
        moves: Sequence[tuple[str, str]],
        credit_notes: bool,
        currency: str,
        zone: ZoneInfo,
    ) -> None:
        self._wawi = wawi
        self._field = field
        self._moves = moves
        self._credit_notes = credit_notes
        self._currency = currency
        self._zone = zone

    def check(self) -> ShopInfo:
        """What there is.

        Raises:
            AuthError: the key is wrong, or the licence is missing.
            ConfigError: there is no field of the name `tag_field`.
        """
        counts, missing = self._counts()
        groups = self._wawi.get("/customerGroups", tuple[GroupRow, ...])
        return ShopInfo(
            name=self._name(),
            currency=self._currency,
            time_zone=self._zone.key,
            features=self._features(missing),
            missing_scopes=tuple(missing),
            scope_help=SCOPE_HELP if missing else None,
            notes=self._notes(),
            returns_unknown=not self._credit_notes,
            customer_count=counts.get("/customers"),
            order_count=counts.get("/salesOrders"),
            payment_methods=self._names("/paymentMethods"),
            customer_groups=tuple([row.name for row in groups if row.name]),
            net_price_groups=tuple([row.name for row in groups if row.name and row.is_net_price]),
        )

    def _name(self) -> str:
        companies = self._names("/companies")
        if companies:
            return companies[0]
        return self._wawi.get("/info", _Status).tenant or "JTL-Wawi"

    def _names(self, path: str) -> tuple[str, ...]:
        return tuple([row.name for row in self._wawi.get(path, tuple[NamedRow, ...]) if row.name])

    def _counts(self) -> tuple[dict[str, int], list[str]]:
        """How many there are of each kind, and the permissions that are missing."""
        counts: dict[str, int] = {}
        missing = []
        for path, scope in READ_SCOPES.items():
            try:
                counts[path] = self._count(path)
            except ForbiddenError:
                missing.append(scope)
        return counts, missing + self._missing_credits() + self._missing_field()

    def _count(self, path: str) -> int:
        part: Part[object] = self._wawi.get(path, Part[object], pageNumber=1, pageSize=1)
        return part.total_items

    def _missing_credits(self) -> list[str]:
        try:
            if self._credit_notes:
                self._count("/accountingData")
        except ForbiddenError:
            return [CREDITS_SCOPE]
        except MissingError:
            raise ResponseError(
                "This JTL-Wawi has no accounting data in its API, so credit notes cannot be read: update "
                "it, or set `credit_notes = false`."
            ) from None
        return []

    def _missing_field(self) -> list[str]:
        try:
            if self._field is not None:
                self._field.number()
        except ForbiddenError:
            return list(FIELD_SCOPES)
        return []

    def _features(self, missing: Sequence[str]) -> frozenset[Feature]:
        features = {Feature.PRODUCTS, Feature.DELETIONS}
        if READ_SCOPES["/items"] in missing:
            features.discard(Feature.PRODUCTS)
        if self._field is not None and FIELD_SCOPES[0] not in missing:
            features.add(Feature.TAGS)
        if self._moves:
            features.add(Feature.CUSTOMER_GROUPS)
        return frozenset(features)

    def _notes(self) -> tuple[str, ...]:
        returns = OPEN_RETURNS if self._credit_notes else RETURNS_OFF
        return (UNTRIED, LOOK_BACK, returns, GUESTS, NO_COUPONS)
