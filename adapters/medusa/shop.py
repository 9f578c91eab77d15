"""The shop as a whole: what it is, how much there is, and what its owner should know."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from adapters.medusa.client import KEY_HELP, Rest, Wire
from adapters.medusa.promotions import CONFLICTS, TERMS
from adapters.medusa.reads import CUSTOMERS, ORDERS, Lists, Source
from adapters.medusa.records import Identified
from connector.errors import ResponseError
from connector.model import Feature, ShopInfo

FEATURES = frozenset(
    {
        Feature.TAGS,
        Feature.COUPONS,
        Feature.COUPON_FOR_CUSTOMER,
        Feature.COUPON_FOR_EMAIL,
        Feature.COUPON_FOR_GROUP,
        Feature.ATTRIBUTES,
        Feature.PRODUCTS,
        Feature.DELETIONS,
        Feature.GUEST_RECORDS,
    }
)

NOTES = (
    "A payment moves no date of an order, nor does every refund: those of `reread_days` are read again.",
    "Medusa tells capitals apart in codes: a buyer has to type a code exactly as it is written.",
)

#: Newest orders that are looked at for their payment methods.
_LOOKED_AT = 50


class _Currency(Wire):
    currency_code: str
    is_default: bool = False


class _Store(Wire):
    id: str
    name: str = ""
    supported_currencies: tuple[_Currency, ...] = ()


class _Provider(Wire):
    provider_id: str | None = None


class _Collection(Wire):
    payments: tuple[_Provider, ...] | None = None


class _Glance(Wire):
    """What `check` looks at in an order."""

    id: str
    created_at: datetime
    payment_collections: tuple[_Collection, ...] | None = None


_STORES = Source(
    path="stores",
    row=_Store,
    fields=("id", "name", "supported_currencies.currency_code", "supported_currencies.is_default"),
)
_GLANCE = ("id", "created_at", "payment_collections.payments.provider_id")


class Shop:
    """Asks the shop about itself.

    Args:
        time_zone: in which the shop counts days.
    """

    def __init__(self, rest: Rest, *, time_zone: str) -> None:
        self._rest = rest
        self._time_zone = time_zone
        self._orders: Lists[_Glance] = Lists(rest, ORDERS, 1)

    def info(self) -> ShopInfo:
        """Name, currency, and how much there is."""
        store = self._store()
        oldest, orders = self._glance("created_at", 1)
        newest, _ = self._glance("-created_at", _LOOKED_AT)
        customers: Lists[Identified] = Lists(self._rest, CUSTOMERS, 1)
        _, people = customers.ask(("id",), Identified, limit=1)
        return ShopInfo(
            name=store.name or urlsplit(self._rest.url).netloc,
            currency=_default_currency(store),
            time_zone=self._time_zone,
            features=FEATURES,
            oldest_order=oldest[0].created_at if oldest else None,
            scope_help=KEY_HELP,
            coupon_terms=TERMS,
            coupon_conflicts=CONFLICTS,
            notes=NOTES,
            customer_count=people,
            order_count=orders,
            payment_methods=_methods(newest),
        )

    def _store(self) -> _Store:
        """The one store of this server.

        Raises:
            ResponseError: it has none.
        """
        rows, _ = Lists[_Store](self._rest, _STORES, 1).ask(_STORES.fields, _Store, limit=1)
        if not rows:
            raise ResponseError("This Medusa server has no store yet: finish its setup first.")
        store: _Store = rows[0]
        return store

    def _glance(self, order: str, limit: int) -> tuple[list[_Glance], int]:
        return self._orders.ask(_GLANCE, _Glance, limit=limit, order=order)


def _default_currency(store: _Store) -> str:
    ranked = sorted(store.supported_currencies, key=lambda each: not each.is_default)
    if not ranked:
        raise ResponseError("This Medusa store has no currency yet: choose one under Settings, Store.")
    return ranked[0].currency_code.upper()


def _methods(orders: Sequence[_Glance]) -> tuple[str, ...]:
    """Payment methods of the newest orders, the most used one first."""
    names = [
        payment.provider_id
        for order in orders
        for collection in order.payment_collections or ()
        for payment in collection.payments or ()
        if payment.provider_id
    ]
    return tuple(sorted(set(names), key=lambda name: (-names.count(name), name)))
