"""Makes the pictures of the README from what the product shows: `python -m docs.pictures.make`.

The shop, the clock and the key are always the same, so a picture changes only when the product does. The
screenshots need chromium; without it those pictures stay as they are.
"""

import io
import re
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.text import Text

from connector import validate
from connector.cli import main
from connector.cli.demo import RULES
from connector.cli.snippet import shop_table
from connector.config import Secret
from connector.database import Database
from connector.web.server import Pages, Server
from connector.web.site import Site
from tests.browser import chromium, photograph
from tests.pages import CLIENT_ID, DOMAIN, Desk, desk

HERE = Path(__file__).parent
WIDTH = 110  #: as `desk` tells the product
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class Terminal(io.StringIO):
    """Takes colours, as a terminal does."""

    def isatty(self) -> bool:
        return True


class Rest(io.StringIO):
    """What is said beside the data, on the same screen: lines, no moving bars."""

    def __init__(self, screen: io.StringIO) -> None:
        super().__init__()
        self._screen = screen

    def write(self, text: str) -> int:
        return self._screen.write(text)


def first_screen(opened: Desk) -> str:
    """The screen of an owner who reads the shop and looks at the plan, as SVG."""
    screen = Terminal()
    for command in ("pull", "plan --approve"):
        screen.write(f"\x1b[1;32m$ stammkunde {command}\x1b[0m\n")
        with redirect_stdout(screen), redirect_stderr(Rest(screen)):
            arguments = ["--now", opened.now.isoformat(), *command.split()]
            code = main.main(arguments, prog_name="stammkunde", standalone_mode=False)
        if code:
            raise SystemExit(screen.getvalue())
        screen.write("\n")
    text = re.sub(r"\n\n\n+", "\n\n", screen.getvalue().strip()).replace("\x1b[0m\n\n", "\x1b[0m\n")
    paper = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    paper.print(Text.from_ansi(text))
    svg = paper.export_svg(title="stammkunde", unique_id="stammkunde")
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)  # they come from the web
    svg = re.sub(r"Fira Code,\s*monospace|Fira Code|arial", lambda _: FONTS, svg)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE).strip() + "\n"


def photograph_dashboard(opened: Desk) -> bool:
    """The first page of the dashboard, some days on, if there is a chromium."""
    if chromium() is None:
        return False
    site = Site(
        config=lambda: validate.load(opened.config),
        now=lambda: opened.now,
        health={},
        is_alive=lambda: True,
    )
    server = Server(Pages(site, "127.0.0.1:0"))
    server.start()
    try:
        kept = "SELECT count(*) FROM figures WHERE kind = 'plan'"
        with Database(opened.folder / "stammkunde.sqlite") as db:
            while not db.value(kept):
                time.sleep(0.1)
        address = f"http://127.0.0.1:{server.port}/"
        return photograph(address, HERE / "dashboard.png", size=(1240, 900))
    finally:
        server.stop()


def make() -> None:
    with desk(customers=3000) as opened:
        opened.do("export ROASTERY_SECRET=sandbox-secret")
        options = {
            "adapter": "shopify",
            "domain": DOMAIN,
            "client_id": CLIENT_ID,
            "client_secret": Secret(env="ROASTERY_SECRET"),
            "push": True,
            "exclude": {"tags": ["b2b", "staff"]},
            "limits": {"coupons": 100},
        }
        rules = RULES.replace("coupons = 25", "coupons = 4")
        opened.config.write_text(shop_table("roastery", options) + rules, encoding="utf-8")
        key = opened.folder / "stammkunde.key"
        key.touch(mode=0o600)
        key.write_text("5a" * 32, encoding="utf-8")
        (HERE / "first-screen.svg").write_text(first_screen(opened), encoding="utf-8")
        said, code = opened.do("stammkunde push")
        if code:
            raise SystemExit(said)
        seen = photograph(opened.shop.admin_url, HERE / "admin.png", size=(1240, 720))
        if not (seen and photograph_dashboard(opened)):
            print("no chromium: admin.png and dashboard.png stay as they are")  # noqa: T201


if __name__ == "__main__":
    make()
