"""Reading a shop into the mirror. Each page is committed with its checkpoint; none spans a network call."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

import msgspec

from connector import campaigns, ledger, mirror, people
from connector.adapter import Page
from connector.errors import DatabaseError, StammkundeError
from connector.mirror import Mirror, Read
from connector.model import Feature, Kind, Record, ShopInfo
from connector.shop import Shop

T = TypeVar("T")

# How many ids one lookup of missing records asks for.
LOOKUP = 200

SWEEP = "ids:{}"


class Stopped(KeyboardInterrupt):
    """Somebody asked us to stop; everything up to here is kept."""


class Pulled(msgspec.Struct, kw_only=True):
    """What a pull brought."""

    info: ShopInfo
    read: dict[str, int] = {}
    changed: dict[str, int] = {}
    gone: dict[str, int] = {}
    revoked: int = 0


def check(shop: Shop) -> ShopInfo:
    """Ask the shop who it is, and keep the answer."""
    info = shop.adapter.check()
    mirror.remember_shop(shop.db, shop.key, info, shop.now())
    return info


def pull(shop: Shop, *, full: bool) -> Pulled:
    """Read everything that changed, or with `full` everything, and then what is gone."""
    run = ledger.begin(shop.db, shop.key, "pull", shop.now())
    try:
        pulled = _pull(shop, full=full)
    except Stopped:
        ledger.end(shop.db, run, shop.now(), "stopped", {})
        raise
    except DatabaseError:  # there is nowhere to note it
        raise
    except StammkundeError as error:
        ledger.end(shop.db, run, shop.now(), f"failed: {error}", {})
        raise
    ledger.end(shop.db, run, shop.now(), "done", pulled.read)
    return pulled


def _pull(shop: Shop, *, full: bool) -> Pulled:
    pulled = Pulled(info=check(shop))
    copy = shop.mirror()
    copy.judge_anew()
    for kind in Kind:
        if kind is Kind.ORDERS:
            _join_first_customers(shop)
        if kind is not Kind.PRODUCTS or Feature.PRODUCTS in pulled.info.features:
            _read_kind(shop, copy, kind, pulled, full=full)
    if Feature.TAGS in pulled.info.features:
        _read_tags(shop, copy)
    if Feature.COUPONS in pulled.info.features:
        _read_coupons(shop, copy, pulled, full=full)
    if full:
        for kind in (Kind.CUSTOMERS, Kind.ORDERS):
            _sweep(shop, copy, kind, pulled)
    return pulled


def _join_first_customers(shop: Shop) -> None:
    """Work out people before the first orders come, so that each order is written with its person.

    Measured with five million orders: to write the person into each of them later takes as long as all else.
    """
    if not shop.db.value("SELECT EXISTS (SELECT 1 FROM orders WHERE shop = ?)", (shop.key,)):
        people.refresh(shop.db, shop.key, shop.terms())


def _read_kind(shop: Shop, copy: Mirror, kind: Kind, pulled: Pulled, *, full: bool) -> None:
    read = copy.begin(kind, shop.now(), full=full, back=shop.adapter.reread.get(kind, timedelta()))
    method: Callable[..., Iterator[Page[Record]]] = getattr(shop.adapter, kind.value)
    changed = 0
    for page in _watched(shop, read, method(read.since_moment(), read.checkpoint)):
        changed += copy.store(read, page)
    copy.finish(read, shop.now())
    pulled.read[kind] = read.records
    pulled.changed[kind] = changed


def _read_coupons(shop: Shop, copy: Mirror, pulled: Pulled, *, full: bool) -> None:
    read = copy.begin("coupons", shop.now(), full=full)
    for page in _watched(shop, read, shop.adapter.coupons(read.since_moment(), read.checkpoint)):
        copy.store_coupons(read, page)
    copy.finish(read, shop.now())
    if read.since is None:
        lost = campaigns.missing(shop.db, shop.key, read.began_at)
        campaigns.revoke(shop.db, shop.key, lost)
        pulled.revoked = len(lost)
    campaigns.adopt_known(shop.db, shop.key, shop.now())
    pulled.revoked += campaigns.follow_shop(shop.db, shop.key, shop.now())


def _read_tags(shop: Shop, copy: Mirror) -> None:
    """Where the change feed of customers shows tags, the adapter gives no page here and nothing is judged."""
    for prefix in copy.terms.prefixes:
        read = copy.begin(f"tags:{prefix}", shop.now(), full=True)
        pages = 0
        for page in _watched(shop, read, shop.adapter.tags(prefix, read.checkpoint)):
            copy.store_taggings(read, page, prefix)
            pages += 1
        if pages or read.records:
            copy.forget_unseen_tags(read, prefix)
        copy.finish(read, shop.now())


def _sweep(shop: Shop, copy: Mirror, kind: Kind, pulled: Pulled) -> None:
    """Find what is gone: absent from every id there is, and confirmed by a lookup where there is one."""
    read = copy.begin(SWEEP.format(kind), shop.now(), full=True)
    for page in _watched(shop, read, shop.adapter.ids(kind, read.checkpoint)):
        copy.store_ids(read, page)
    absent = copy.missing(kind, read, shop.now())
    if Feature.DELETIONS in pulled.info.features:
        pulled.gone[kind] = _look_up(shop, copy, kind, absent)
    else:
        pulled.gone[kind] = len(copy.count_missed(kind, absent, read))
    copy.finish(read, shop.now())


def _look_up(shop: Shop, copy: Mirror, kind: Kind, ids: list[str]) -> int:
    gone = 0
    for start in range(0, len(ids), LOOKUP):
        for page in shop.adapter.by_id(kind, ids[start : start + LOOKUP]):
            copy.store_fresh(page.records, {kind: page.gone}, shop.now())
            gone += len(page.gone)
    return gone


def _watched(shop: Shop, read: Read, pages: Iterator[Page[T]]) -> Iterator[Page[T]]:
    """The pages, shown to whoever looks on; stops behind a committed page if asked to."""
    name = "tagged customers" if read.kind.startswith("tags:") else read.kind.removeprefix("ids:")
    for page in pages:
        yield page
        shop.watch.step(name, read.records, page.total)
        if shop.watch.should_stop():
            raise Stopped
    if read.records:
        shop.watch.step(name, read.records, read.records)
