"""The tables of docs/platforms/README.md, made from what each adapter says of its own sandbox.

`python -m tests.platform_table` writes them anew.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from adapters.memory import MemoryShop
from connector.adapter import Adapter, Tried, adapter_class, adapters, sandboxes
from connector.config import settings_of
from connector.model import CouponTerm, Feature, ShopInfo

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "platforms" / "README.md"
OURS = "stammkunde"
#: In the form that standard webhooks have, which every platform takes.
SIGNING_SECRET = "whsec_c2FuZGJveC1zZWNyZXQtc2FuZGJveC1zZWNyZXQ="
BEGIN, END = "<!-- platforms -->\n", "<!-- end -->"

FEATURES = {
    Feature.PRODUCTS: "Products with tags and categories",
    Feature.TAGS: "Tags on customers",
    Feature.GUEST_RECORDS: "Guests have a record, and so a tag",
    Feature.CUSTOMER_GROUPS: "Customers move between customer groups",
    Feature.ATTRIBUTES: "A code is stored on its customer",
    Feature.COUPONS: "Coupons",
    Feature.COUPON_FOR_CUSTOMER: "… for one customer",
    Feature.COUPON_FOR_EMAIL: "… for one e-mail address",
    Feature.COUPON_FOR_GROUP: "… for whoever has the code, once",
    Feature.DELETIONS: "Deleted records are told from failed reads",
    Feature.WEBHOOKS: "Webhooks",
}
TERMS = {
    CouponTerm.MINIMUM: "Smallest basket",
    CouponTerm.FREE_SHIPPING: "Free shipping",
    CouponTerm.PRODUCTS: "Certain products only",
    CouponTerm.CATEGORIES: "Certain categories only",
    CouponTerm.EXCLUDE_CATEGORIES: "All but certain categories",
    CouponTerm.EXCLUDE_SALE_ITEMS: "Reduced goods left out",
    CouponTerm.NOT_COMBINABLE: "Not together with other codes",
    CouponTerm.COMBINABLE: "Together with other codes",
    CouponTerm.NEW_CUSTOMERS: "New customers only",
    CouponTerm.TITLES: "A name in each language",
}


class Platform(NamedTuple):
    """One adapter, and what it says of its sandbox shop."""

    name: str
    title: str
    tried: Tried
    on: str
    info: ShopInfo


def platforms() -> list[Platform]:
    """Ours, in the order of their names; the shop in RAM last."""
    ours = [point.name for point in adapters().values() if point.dist and point.dist.name == OURS]
    return [_platform(name) for name in sorted(ours, key=lambda name: (name == "memory", name))]


def _platform(name: str) -> Platform:
    made: Any = adapter_class(name)
    with _opened(name) as adapter:
        tried, on = made.tried
        return Platform(name, made.title, tried, on, adapter.check())


@contextmanager
def _opened(name: str) -> Iterator[Adapter]:
    """The adapter, connected to a shop of its own platform on this machine, with every secret set."""
    make: Any = adapter_class(name)
    secrets = {setting.name for setting in settings_of(name) if setting.kind == "secret"}
    sandbox = sandboxes()[name].load()() if name in sandboxes() else None
    if sandbox is None:
        settings: dict[str, Any] = {"name": MemoryShop("platforms").name}
    else:
        sandbox.start()
        settings = dict(sandbox.settings())
    if "webhook_secret" in secrets:  # what an adapter can do where the owner has set everything up
        settings.setdefault("webhook_secret", SIGNING_SECRET)
    for secret in secrets & settings.keys():
        if isinstance(settings[secret], str):
            settings[secret] = SecretStr(settings[secret])
    adapter = make(**settings)
    try:
        yield adapter
    finally:
        adapter.close()
        if sandbox is not None:
            sandbox.stop()


def tables(found: Iterable[Platform]) -> str:
    """What stands on the page between its two marks."""
    found = list(found)
    tested = [[_linked(each), f"`{each.name}`", str(each.tried), each.on] for each in found]
    titles = [each.title for each in found]
    features = [
        [text, *(_yes(feature in each.info.features) for each in found)] for feature, text in FEATURES.items()
    ]
    # A term without coupons would say nothing.
    sellers = [each for each in found if Feature.COUPONS in each.info.features]
    terms = [
        [text, *(_yes(term in each.info.coupon_terms) for each in sellers)] for term, text in TERMS.items()
    ]
    return "\n".join(
        [
            _table(["Platform", "`adapter`", "Tried on", "Which"], tested),
            "## What each can do\n",
            _table(["", *titles], features),
            "## What a coupon can be bound to\n",
            _table(["", *(each.title for each in sellers)], terms),
        ]
    )


def _linked(platform: Platform) -> str:
    page = PAGE.with_name(f"{platform.name}.md")
    return f"[{platform.title}]({page.name})" if page.exists() else platform.title


def _yes(can: bool) -> str:
    return "yes" if can else "–"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def filled(text: str) -> str:
    """The page with its tables written anew."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{tables(platforms())}{rest[rest.index(END) :]}"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
