"""Shops of one customer base: a rule may ask for somebody's figures in all of them, joined by e-mail.

Each shop keeps its own people, groups, tags and codes. What is joined is only read, as it was when the other
shops were last worked out; whoever changed there is looked at again here (`people.tell_joined`).
"""

from collections.abc import Iterator
from decimal import Decimal

from connector import mirror
from connector.config import BaseConfig
from connector.database import Database
from connector.groups import Definition, why_history_too_short
from connector.mirror import Mirror
from connector.model import Kind
from connector.money import decimals
from connector.past import needed_by
from connector.rules.attributes import IN_ALL_SHOPS
from connector.shop import Shop


def join(shop: Shop) -> None:
    """Bring what is joined with a shop in line with the config; after a change, look at everybody anew."""
    wanted = {(mirror.open_shop(shop.db, name), rate) for name, rate in _others(shop)}
    known = {
        (row["other"], row["rate"])
        for row in shop.db.rows("SELECT other, rate FROM joined_shops WHERE shop = ?", (shop.key,))
    }
    if wanted == known:
        return
    with shop.db.write() as connection:
        connection.execute("DELETE FROM joined_shops WHERE shop = ?", (shop.key,))
        connection.executemany(
            "INSERT INTO joined_shops VALUES (?, ?, ?)", [(shop.key, other, rate) for other, rate in wanted]
        )
        connection.execute("UPDATE shops SET rebuild = 1 WHERE shop = ?", (shop.key,))


def why_kept_back(shop: Shop, definition: Definition) -> str | None:
    """Why a group that asks for all shops cannot be right, or None. Its tags are then left alone."""
    if not any(shop.name in base.shops for base in shop.config.bases.values()):
        return None
    if not _asks_for_all_shops(definition, shop):
        return None
    return next(_doubts(shop, definition), None)


def _asks_for_all_shops(definition: Definition, shop: Shop) -> bool:
    """Whether its rule does, or that of a group it refers to."""
    if definition.rule.attributes & IN_ALL_SHOPS:
        return True
    if not definition.depends_on():
        return False
    return any(each.rule.attributes & IN_ALL_SHOPS for each in needed_by(definition.name, shop.definitions()))


def _doubts(shop: Shop, definition: Definition) -> Iterator[str]:
    for name, rate in _others(shop):
        key = mirror.open_shop(shop.db, name)
        short = why_history_too_short(definition.needs, shop.history_of(name), shop.today(), name)
        if not Mirror(shop.db, key, shop.terms()).is_complete((Kind.CUSTOMERS, Kind.ORDERS)):
            yield f"it asks for all shops, and {name} was never read to the end"
        elif shop.db.value("SELECT rebuild FROM shops WHERE shop = ?", (key,)):
            yield f"it asks for all shops, and {name} is yet to be worked out (`stammkunde plan {name}`)"
        elif rate is None:
            yield f"it asks for all shops, and the rates of [bases] name no rate for the currency of {name}"
        elif short:
            yield short


def _others(shop: Shop) -> Iterator[tuple[str, float | None]]:
    """The shops beside this one in its base, with what their minor units are worth in ours."""
    for base in shop.config.bases.values():
        if shop.name in base.shops:
            for name in base.shops:
                if name != shop.name:
                    yield name, _rate(base, _currency(shop.db, name), shop.info().currency)


def _currency(db: Database, name: str) -> str | None:
    info = mirror.shop_info(db, mirror.open_shop(db, name))
    return info.currency if info else None


def _rate(base: BaseConfig, theirs: str | None, ours: str) -> float | None:
    """Minor units of ours for one of theirs; None where the config does not say."""
    if theirs == ours:
        return 1.0
    if theirs is None or not {theirs, ours} <= base.rates.keys():
        return None
    scale = Decimal(10) ** (decimals(ours) - decimals(theirs))
    return float(base.rates[theirs] / base.rates[ours] * scale)
