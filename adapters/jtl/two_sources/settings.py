"""What the owner says of the books, and the two opened as one shop."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from pydantic import SecretStr

from adapters.jtl.ameise import AmeiseBooks
from adapters.jtl.companion import PluginShop
from adapters.jtl.two_sources.joined import JoinedShop
from adapters.jtl.two_sources.naming import Naming
from adapters.jtl.wawi import WawiAdapter
from connector.errors import ConfigError

#: The most that JTL-Wawi's API gives of a list at once.
WAWI_PAGE = 100


class Bookkeeping(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for books of every kind."""

    currency: str
    zone: ZoneInfo
    page_size: int
    timeout: float


class WawiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """JTL-Wawi by its API; the fields are those of `WawiAdapter`."""

    url: str | None
    key: SecretStr | None
    run_as: str | None
    tenant: str | None
    client_id: str | None
    client_secret: SecretStr | None
    login_url: str | None
    tag_field: str
    move_groups: tuple[tuple[str, str], ...]
    credit_notes: bool
    look_back_days: int

    def join(self, shop: PluginShop, how: Bookkeeping) -> JoinedShop:
        """The shop with this Wawi.

        Raises:
            ConfigError: Wawi's settings are not complete; they are named as in this adapter.
        """
        books, plain = self._open(how), self._open(how, tag_field=None)
        return JoinedShop(
            shop,
            books,
            # Without the field, which is a call for each customer.
            customers_of_books=lambda: plain.customers(None, None),
            naming=Naming("wawi-"),
        )

    def _open(self, how: Bookkeeping, **other: Any) -> WawiAdapter:
        names = [name for name in self.__struct_fields__ if name != "login_url" or self.login_url]
        settings: dict[str, Any] = {name: getattr(self, name) for name in names} | other
        try:
            return WawiAdapter(
                **settings,
                currency=how.currency,
                time_zone=how.zone.key,
                page_size=min(how.page_size, WAWI_PAGE),
                timeout=how.timeout,
            )
        except ConfigError as error:
            raise ConfigError(
                f"{error} (In this table the names of Wawi's settings begin with `wawi_`.)"
            ) from None


class AmeiseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """JTL-Wawi by files that JTL-Ameise writes and reads."""

    folder: str | None
    tags: str | None

    def join(self, shop: PluginShop, how: Bookkeeping) -> JoinedShop:
        """The shop with these files.

        Raises:
            ConfigError: there is no folder named.
        """
        if not self.folder:
            raise ConfigError(
                '`orders_from = "ameise"` needs `ameise_folder`, where JTL-Ameise puts its exports.'
            )
        folder = Path(self.folder).expanduser()
        tags = Path(self.tags).expanduser() if self.tags else folder / "stammkunde-tags.csv"
        books = AmeiseBooks(
            folder=folder, tags=tags, currency=how.currency, zone=how.zone, page_size=how.page_size
        )
        return JoinedShop(
            shop,
            books,
            customers_of_books=lambda: books.customers(None, None),
            naming=Naming("ameise-"),
        )
