"""What every page works on: the shop it is about, the database, and who reads it."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from flask import abort, g, render_template

from connector import ledger, mirror
from connector.config import Config, ShopConfig, open_adapter
from connector.database import Database
from connector.model import ShopInfo
from connector.rules import RuleContext
from connector.shop import Shop, rule_context
from connector.web import figures
from connector.web.doing import Doings
from connector.web.figures import Kept, Silent
from connector.web.safety import Guard
from connector.web.site import Site

Body = TypeVar("Body")


class Here:
    """The shop that a page is about."""

    def __init__(self, db: Database, config: Config, settings: ShopConfig, now: datetime) -> None:
        self.db = db
        self.config = config
        self.settings = settings
        self.now = now
        self.name = settings.name
        self.key = mirror.open_shop(db, settings.name)
        self.info: ShopInfo | None = mirror.shop_info(db, self.key)

    @property
    def title(self) -> str:
        """As the shop calls itself."""
        return self.info.name if self.info else self.name

    @property
    def currency(self) -> str:
        return self.info.currency if self.info else "EUR"

    @property
    def zone(self) -> str:
        return self.info.time_zone if self.info else "UTC"

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def admin(self) -> str | None:
        """The address of the shop's own admin pages. It comes from the shop: only a page is linked."""
        address = self.info.admin_url if self.info else None
        return address if address and address.startswith(("https://", "http://")) else None

    @property
    def hold(self) -> str | None:
        """Why pushing is held."""
        return ledger.why_held(self.db, self.key)

    def kept(self, kind: str, type_: type[Body]) -> tuple[Kept, Body] | None:
        """Figures of a kind, as they were last worked out."""
        return figures.read(self.db, self.key, kind, type_)

    def context(self) -> RuleContext:
        """What rules are worked out in; 404 before anything was pulled."""
        if self.info is None:
            abort(404)
        return rule_context(self.db, self.key, self.info, self.config.lapse_days, self.now)

    @contextmanager
    def opened(self) -> Iterator[Shop]:
        """The shop as the line knows it, for looking only: no lock is taken."""
        with closing(open_adapter(self.settings)) as adapter:
            yield Shop(self.db, self.config, self.settings, adapter, lambda: self.now, Silent())


class Desk:
    """What the pages share over all requests."""

    def __init__(self, site: Site, guard: Guard, doings: Doings) -> None:
        self.site = site
        self.guard = guard
        self.doings = doings

    def database(self) -> Database:
        """The connection of this request; it is closed at the end of it."""
        if "db" not in g:
            g.db = Database(self.site.config().database)
        return cast("Database", g.db)

    def open(self, name: str) -> Here:
        """A shop of the config; 404 for any other name."""
        config = self.site.config()
        settings = config.shops.get(name)
        if settings is None:
            abort(404)
        return Here(self.database(), config, settings, self.site.now())


def here() -> Here:
    """The shop of this request."""
    return cast("Here", g.here)


def start_of(text: str | None) -> int:
    """Where a list goes on, as an address says it; its beginning where there is no sense in that."""
    return int(text) if text and re.fullmatch("[0-9]{1,15}", text) else 0


def page(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page from its template."""
    return render_template(template, **values), status
