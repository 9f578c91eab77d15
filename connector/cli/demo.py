"""Everything once, over HTTP, against a sandbox shop: the commands an owner would type."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from pydantic import SecretStr

from connector import validate
from connector.adapter import Sandbox, sandboxes
from connector.cli.output import say, show
from connector.cli.snippet import shop_table
from connector.config import settings_of
from connector.errors import ConfigError

PLATFORM = "shopify"

RULES = """
[groups.good-customers]
members = "amount_spent > 500"
tag = "over-500"

[groups.first-time-buyers]
members = "number_of_orders = 1 AND first_order_date >= -30d"
tag = "first-time-buyer"

[groups.stammkunden]
members = "number_of_orders > 3"
tag = "stammkunde"

[groups.espresso]
members = "products_purchased(tag: 'espresso') = true"
tag = "espresso"

[groups.dormant]
members = "number_of_orders >= 2 AND last_order_date < -180d"

[ladders.value]
steps = [
    { name = "A", members = "abc_class = 'A'", tag = "A" },
    { name = "B", members = "abc_class = 'B'", tag = "B" },
    { name = "C", members = "abc_class = 'C'", tag = "C" },
]

[campaigns.come-back]
active = true
group = "dormant"
title = "Schön, dich wiederzusehen"
coupon = { percent = 10, minimum = 30, valid_days = 30 }
deliver = ["metafield"]
budget = { coupons = 25 }
"""


@click.command()
@click.option("--once", is_flag=True, help="End when everything was shown, instead of on Ctrl-C.")
@click.option("--customers", default=3000, show_default=True, help="Size of the sandbox shop.")
@click.option("--seed", default=1, show_default=True, help="Another seed makes another shop.")
def demo(once: bool, customers: int, seed: int) -> None:
    """See everything once, on a sandbox shop on this machine.

    A coffee roaster's shop that speaks Shopify's API is started, and the commands that you would type are run
    against it. Nothing leaves this machine.
    """
    made = sandboxes()[PLATFORM].load()
    with TemporaryDirectory(prefix="stammkunde-demo-") as folder:
        say(f"Setting up a coffee roaster's shop with {customers:,} customers …")
        shop: Sandbox = made(customers=customers, seed=seed)
        shop.start()
        try:
            config = _show_line(shop, Path(folder))
            if not once:
                with _pages(config) as address:
                    show(f"\nThe dashboard: {address}\nThe shop's admin: {shop.admin_url}")
                    show("Both stay open; Ctrl-C ends the demo.")
                    threading.Event().wait()
        except KeyboardInterrupt:
            say("The demo has ended.")
        finally:
            shop.stop()


@contextmanager
def _pages(config: Path) -> Iterator[str]:
    """The dashboard on a free port of this machine. Gives its address."""
    from connector.web.server import Pages, Server
    from connector.web.site import Site

    read = validate.load(config)
    server = Server(
        Pages(
            Site(config=lambda: read, now=lambda: datetime.now(UTC), health={}, is_alive=lambda: True),
            "127.0.0.1:0",
        )
    )
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}/"
    finally:
        server.stop()


def _show_line(shop: Sandbox, folder: Path) -> Path:
    show(f"The shop runs at {shop.url}; its admin page is {shop.admin_url}")
    config = _write_config(shop, folder)
    _run(config, "check", "See whether the credentials work, and what shop it is:")
    _run(config, "pull", "Read customers and orders. Nothing is written to the shop:")
    _run(config, "groups", "Who belongs to which group:")
    _run(config, "plan --approve", "What would be written to the shop. Looked at and approved:")
    _run(config, "push", "Write tags and codes to the shop:")
    _run(config, "sync", "The whole line again, as it would run every night. The plan is empty:")
    show(
        f"\nLook at it in the shop's admin: {shop.admin_url}"
        "\nIt lists the customers with their tags, and the shop's discounts with their codes."
    )
    return config


def _write_config(shop: Sandbox, folder: Path) -> Path:
    options: dict[str, object] = {"adapter": PLATFORM, **_kept(shop.settings(), folder)}
    options |= {"push": True, "exclude": {"tags": ["b2b", "staff"]}, "limits": {"coupons": 100}}
    path = folder / "stammkunde.toml"
    # Names are kept only where somebody wants them; in a demo one wants to see people.
    text = '[privacy]\nkeep = ["names"]\n\n' + shop_table("roastery", options) + RULES
    path.write_text(text, encoding="utf-8")
    _write_private(folder / "stammkunde.key", secrets.token_hex(32))
    return path


def _kept(settings: Mapping[str, Any], folder: Path) -> dict[str, object]:
    """The sandbox's settings as they stand in a config; its secrets in files."""
    secret = {setting.name for setting in settings_of(PLATFORM) if setting.kind == "secret"}
    kept = dict(settings)
    for name in secret & kept.keys():
        value = kept[name]
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        kept[name] = {"file": str(_write_private(folder / f"{name}.secret", text))}
    return kept


def _write_private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


def _run(config: Path, command: str, why: str) -> None:
    from connector.cli import main

    show()
    click.secho(why, fg="green")
    click.secho(f"$ stammkunde {command}", bold=True)
    code = main.main(
        ["--config", str(config), *command.split()], prog_name="stammkunde", standalone_mode=False
    )
    if code:
        raise ConfigError(f"The demo stopped: `stammkunde {command}` ended with exit code {code}.")
