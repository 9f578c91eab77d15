"""The dashboard of an installation, served on loopback, and a reader who has no browser."""

import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape

import requests

from connector import validate
from connector.cli.demo import RULES
from connector.web.server import Pages, Server
from connector.web.site import Site
from tests.shopfloor import GROUPS, Floor

PATIENCE = 30.0

#: Of a shop, by name. Those with a customer, a code or a run in them are found on other pages.
PAGES = {
    "overview": "",
    "groups": "groups",
    "group": "groups/stammkunden",
    "step": "groups/value/A",
    "search": "search",
    "campaigns": "campaigns",
    "campaign": "campaigns/come-back",
    "cohorts": "cohorts",
    "rfm": "rfm",
    "cell": "rfm/5/4",
    "moves": "moves",
    "plan": "plan",
    "changes": "plan/changes",
    "runs": "runs",
    "rule": "rule?rule=number_of_orders%20%3E%203",
    "wrong rule": "rule?rule=number_of_ordres%20%3E%203",
    "settings": "settings",
}


def demo_shop(floor: Floor, customers: int = 300) -> None:
    """The shop and the rules of `stammkunde demo`, unless the floor has some of its own, read once."""
    if floor.rules == GROUPS:
        floor.rules = RULES
    floor.open_shop(customers=customers, seed=1)
    floor.set(
        exclude='{ tags = ["b2b", "staff"] }', limits="{ losing = 0.10, gaining = 0.30, coupons = 100 }"
    )
    floor.done("pull")


@contextmanager
def served(floor: Floor, listen: str = "127.0.0.1:0", *, figures: bool = True) -> Iterator[str]:
    """The pages of an installation. Yields their address, when the figures of all shops are worked out."""
    site = Site(
        config=lambda: validate.load(floor.config), now=lambda: floor.now, health={}, is_alive=lambda: True
    )
    pages = Pages(site, listen)
    server = Server(pages)
    server.start()
    address = f"http://127.0.0.1:{server.port}"
    try:
        if figures:
            wait_for_figures(floor)
        yield address
    finally:
        server.stop()


def wait_for_figures(floor: Floor) -> None:
    """Until every shop that was read has its figures."""
    until = time.monotonic() + PATIENCE
    wanted = "SELECT count(DISTINCT shop) FROM watermarks WHERE kind = 'orders'"
    kept = "SELECT count(*) FROM figures WHERE kind = 'plan'"
    while not _is_equal(floor, wanted, kept):
        assert time.monotonic() < until, "the figures were not worked out"
        time.sleep(0.02)


def _is_equal(floor: Floor, one: str, other: str) -> bool:
    try:
        return floor.rows(one) == floor.rows(other)
    except sqlite3.OperationalError:  # the tables are just being made
        return False


class Reader:
    """Opens pages, fills in forms, keeps cookies."""

    def __init__(self, address: str, language: str = "en") -> None:
        self.address = address
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = language

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(self.address + path, headers=headers, timeout=20, allow_redirects=False)

    def shop(self, page: str) -> str:
        """A page of the shop that is there, as text."""
        answer = self.get(f"/shops/roastery/{page}")
        assert answer.status_code == 200, (page, answer.status_code, readable(answer.text)[:2000])
        return answer.text

    def post(self, path: str, fields: Mapping[str, str], *, on: str | None = None) -> requests.Response:
        """Send a form of a page, with the token that stands on it."""
        page = self.get(on or path).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, page[:1000]
        return self.session.post(
            self.address + path,
            data={"csrf_token": token[1], **fields},
            headers={"Referer": self.address + path},
            timeout=20,
            allow_redirects=False,
        )


def readable(html: str) -> str:
    """What can be read on a page."""
    text = re.sub(r"<(script|style|title)[^>]*>.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
