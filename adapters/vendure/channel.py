"""The channel that a key or an administrator sees: what it is, what may be done in it, how much there is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from adapters.vendure.client import PERMISSION_HELP, Admin, Wire
from adapters.vendure.documents import NEEDED_PERMISSIONS, document
from adapters.vendure.promotions import CONFLICTS, TERMS
from adapters.vendure.records import Ground
from connector.errors import AuthError
from connector.model import Feature, ShopInfo

FEATURES = frozenset(
    {
        Feature.TAGS,
        Feature.COUPONS,
        Feature.COUPON_FOR_GROUP,
        Feature.PRODUCTS,
        Feature.DELETIONS,
        Feature.GUEST_RECORDS,
    }
)
_DEFAULT_CHANNEL = "__default_channel__"
_READS = ("customer_ids", "group_page", "order_ids", "product_ids", "promotion_page")

_NOTES = (
    "No refund and no parcel moves the date of an order: those of `reread_days` are read again every time.",
    "Vendure binds codes to a customer group only: give a campaign a `tag`, and its codes are for holders.",
)
_WRITES = "Vendure does not tell an API key what it may write: that shows at the first push."
_NO_FIELD = "Customers have no custom field {} here, so a code cannot be stored on its customer."


class _Channel(Wire):
    code: str
    token: str
    default_language_code: str
    default_currency_code: str
    prices_include_tax: bool
    available_language_codes: tuple[str, ...] | None = None


class _Field(Wire):
    name: str = ""
    type: str = ""
    list: bool = False


class _Entity(Wire):
    entity_name: str
    custom_fields: tuple[_Field, ...]


class _Server(Wire):
    money_strategy_precision: int
    entity_custom_fields: tuple[_Entity, ...]


class _Settings(Wire):
    available_languages: tuple[str, ...]
    server_config: _Server


class _Access(Wire):
    token: str
    permissions: tuple[str, ...]


class _User(Wire):
    channels: tuple[_Access, ...]


class _Me(Wire):
    me: _User | None = None


class _ShopAnswer(Wire):
    active_channel: _Channel
    global_settings: _Settings


class _Paying(Wire):
    method: str


class _Placed(Wire):
    order_placed_at: datetime
    payments: tuple[_Paying, ...] | None = None


class _Total(Wire):
    total_items: int


class _Some(Wire):
    total_items: int
    items: tuple[_Placed, ...]


class _Counts(Wire):
    customers: _Total
    oldest: _Some
    newest: _Some


class Channel:
    """One channel of one server.

    Args:
        by_key: whether we are known by an API key, which may ask less than an administrator.
        code_field: the custom field of customers that receives their code.
        time_zone: in which the shop counts days.
    """

    def __init__(self, admin: Admin, *, by_key: bool, code_field: str, time_zone: str) -> None:
        self._admin = admin
        self._by_key = by_key
        self._code_field = code_field
        self._time_zone = time_zone
        self._known: Ground | None = None

    def info(self) -> ShopInfo:
        """Channel, permissions, and how much there is."""
        answer = self._look()
        channel = answer.active_channel
        missing = self._refused_reads() if self._by_key else self._missing(channel.token)
        counts = self._counts() if not {"ReadCustomer", "ReadOrder"} & set(missing) else None
        custom = _has_field(answer, self._code_field)
        return ShopInfo(
            name=urlsplit(self._admin.url).netloc if channel.code == _DEFAULT_CHANNEL else channel.code,
            currency=channel.default_currency_code,
            time_zone=self._time_zone,
            features=FEATURES | {Feature.ATTRIBUTES} if custom else FEATURES,
            oldest_order=_oldest(counts),
            missing_scopes=missing,
            scope_help=PERMISSION_HELP,
            coupon_terms=TERMS,
            coupon_conflicts=CONFLICTS,
            notes=_notes(self._code_field, by_key=self._by_key, custom=custom),
            customer_count=counts.customers.total_items if counts else None,
            order_count=counts.newest.total_items if counts else None,
            payment_methods=_methods(counts.newest.items) if counts else (),
        )

    def ground(self) -> Ground:
        """What has to be known of the shop to read its amounts, asked once."""
        if self._known is None:
            self._look()
        assert self._known is not None  # noqa: S101  set by _look
        return self._known

    def _look(self) -> _ShopAnswer:
        answer = self._admin.call(document("shop"), {}, _ShopAnswer)
        channel, settings = answer.active_channel, answer.global_settings
        self._known = Ground(
            currency=channel.default_currency_code,
            language=channel.default_language_code,
            languages=frozenset(channel.available_language_codes or settings.available_languages),
            prices_include_tax=channel.prices_include_tax,
            precision=settings.server_config.money_strategy_precision,
        )
        return answer

    def _missing(self, token: str) -> tuple[str, ...]:
        """Permissions that the administrator lacks in this channel."""
        me = self._admin.call(document("permissions"), {}, _Me).me
        channels = me.channels if me else ()
        granted = {each for access in channels if access.token == token for each in access.permissions}
        return tuple(each for each in NEEDED_PERMISSIONS if each not in granted)

    def _refused_reads(self) -> tuple[str, ...]:
        """Permissions to read that the key lacks: it may not ask who it is, so one row of each is read."""
        missing: set[str] = set()
        for name in _READS:
            asked = document(name)
            try:
                self._admin.call(asked, {"options": {"take": 1}}, dict[str, Any])
            except AuthError:
                missing |= set(asked.permissions())
        return tuple(sorted(missing))

    def _counts(self) -> _Counts:
        return self._admin.call(document("counts"), {}, _Counts)


def _oldest(counts: _Counts | None) -> datetime | None:
    return next((each.order_placed_at for each in counts.oldest.items), None) if counts else None


def _notes(code_field: str, *, by_key: bool, custom: bool) -> tuple[str, ...]:
    lacking = () if custom else (_NO_FIELD.format(code_field),)
    return (*_NOTES, *((_WRITES,) if by_key else ()), *lacking)


def _has_field(answer: _ShopAnswer, name: str) -> bool:
    """Whether customers have a custom field of that name that takes a text."""
    entities = answer.global_settings.server_config.entity_custom_fields
    fields = [
        field for entity in entities if entity.entity_name == "Customer" for field in entity.custom_fields
    ]
    return any(field.name == name and field.type in ("string", "text") and not field.list for field in fields)


def _methods(orders: Sequence[_Placed]) -> tuple[str, ...]:
    """Payment methods of the newest orders, the most used one first."""
    names = [payment.method for order in orders for payment in order.payments or ()]
    return tuple(sorted(set(names), key=lambda name: (-names.count(name), name)))
