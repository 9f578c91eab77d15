"""For monitoring: is it alive, is it fresh, and the figures that Prometheus collects."""

import logging
from collections.abc import Iterator

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connector import campaigns, mirror
from connector.database import Database
from connector.errors import DatabaseError
from connector.money import decimals
from connector.web.site import Site, Standing

log = logging.getLogger(__name__)


def health_pages(site: Site) -> Blueprint:
    """`/healthz`, `/readyz` and `/metrics`."""
    pages = Blueprint("health", __name__)
    registry = CollectorRegistry()
    registry.register(_Figures(site))

    @pages.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """200 while the process does its work; else a supervisor should start it anew."""
        alive = site.is_alive()
        return jsonify(alive=alive), 200 if alive else 503

    @pages.get("/readyz")
    def readyz() -> ResponseReturnValue:
        """200 while every shop is fresh; else 503, with what is wrong."""
        try:
            with site.database() as db:
                wrong = {each.shop: _trouble(each) for each in site.standings(db)}
        except DatabaseError as error:
            log.error("not ready: %s", error)  # noqa: TRY400  the sentence says it all
            return jsonify(ready=False, database="cannot be used, the log says why"), 503
        wrong = {shop: trouble for shop, trouble in wrong.items() if trouble}
        ready = site.is_alive() and not wrong
        return jsonify(ready=ready, shops=wrong), 200 if ready else 503

    @pages.get("/metrics")
    def metrics() -> ResponseReturnValue:
        try:
            return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
        except DatabaseError as error:
            log.error("no figures: %s", error)  # noqa: TRY400  the sentence says it all
            return "the database cannot be used, the log says why\n", 503

    return pages


def _trouble(standing: Standing) -> str | None:
    """In our own words: a shop's may name customers, and whoever monitors has not logged in."""
    if standing.error is not None:
        times = "once" if standing.failures == 1 else f"{standing.failures} times running"
        return f"failed {times}, the log says why"
    return "not read in time" if standing.overdue else None


class _Figures(Collector):
    """Worked out anew for each collection, from the database and the daemon's own memory."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def describe(self) -> Iterator[Metric]:
        return iter(())  # or registering would already need the database

    def collect(self) -> Iterator[Metric]:
        yield _gauge("stammkunde_up", "Whether the scheduler runs.", [], [([], float(self._site.is_alive()))])
        with self._site.database() as db:
            yield from self._standing(db)
            yield from self._content(db)
        yield from self._calls()

    def _standing(self, db: Database) -> Iterator[Metric]:
        standings, now = self._site.standings(db), self._site.now().timestamp()
        last, age = "When a step last went well, seconds since 1970.", "Seconds since a step last went well."
        done = [
            ([each.shop, step], at.timestamp())
            for each in standings
            for step, at in (("pull", each.pulled_at), ("push", each.pushed_at))
            if at is not None
        ]
        yield _gauge("stammkunde_last_success_timestamp_seconds", last, ["shop", "step"], done)
        aged = [(labels, now - at) for labels, at in done]
        yield _gauge("stammkunde_last_success_age_seconds", age, ["shop", "step"], aged)
        for name, text, value in (
            ("overdue", "Whether the shop was not read in time.", lambda each: each.overdue),
            ("failures", "Failures in a row.", lambda each: each.failures),
            ("push_refused", "Whether the last push waits for the owner.", lambda each: bool(each.refusal)),
        ):
            yield _gauge(
                f"stammkunde_{name}",
                text,
                ["shop"],
                [([each.shop], float(value(each))) for each in standings],
            )

    def _content(self, db: Database) -> Iterator[Metric]:
        shops = {mirror.open_shop(db, name): name for name in self._site.config().shops}
        for name, text, query in (
            ("records", "Records in the mirror.", _RECORDS),
            ("changes_total", "Changes in the ledger, by state.", _CHANGES),
        ):
            rows = db.rows(query)
            samples = [([shops[row[0]], row[1]], float(row[2])) for row in rows if row[0] in shops]
            made = _counter if name.endswith("_total") else _gauge
            yield made(
                f"stammkunde_{name}", text, ["shop", "kind" if name == "records" else "state"], samples
            )
        codes = [each for each in campaigns.open_codes(db, self._site.now()) if each.shop in shops]
        counts = [([shops[each.shop], each.campaign], float(each.codes)) for each in codes]
        yield _gauge("stammkunde_codes_open", "Codes that can be redeemed.", ["shop", "campaign"], counts)
        currencies = {row["shop"]: row["currency"] for row in db.rows("SELECT shop, currency FROM shops")}
        worth = [
            ([shops[each.shop], each.campaign, currency], each.liability / 10 ** decimals(currency))
            for each in codes
            if (currency := currencies[each.shop])
        ]
        text = "Face value of codes that can be redeemed."
        yield _gauge("stammkunde_liability", text, ["shop", "campaign", "currency"], worth)

    def _calls(self) -> Iterator[Metric]:
        known = list(self._site.health.values())
        for name, text, field in (
            ("http_calls", "Calls to the shop.", "calls"),
            ("http_retries", "Calls to the shop that were made again.", "retries"),
            ("http_wait_seconds", "Seconds spent waiting for the shop's limits.", "waited"),
        ):
            samples = [([each.shop], float(getattr(each.http, field))) for each in known]
            yield _counter(f"stammkunde_{name}_total", text, ["shop"], samples)


_RECORDS = (
    "SELECT shop, 'customers', count(*) FROM customers WHERE gone_at IS NULL GROUP BY shop"
    " UNION ALL SELECT shop, 'orders', count(*) FROM orders WHERE gone_at IS NULL GROUP BY shop"
    " UNION ALL SELECT shop, 'people', count(*) FROM people GROUP BY shop"
)
_CHANGES = "SELECT shop, state, count(*) FROM changes GROUP BY shop, state"

_Samples = list[tuple[list[str], float]]


def _gauge(name: str, text: str, labels: list[str], samples: _Samples) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _counter(name: str, text: str, labels: list[str], samples: _Samples) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
