"""`make bench`: how fast the line is, as figures and as ratios within one run.

Aims are reported, never gates.
"""

import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connector.cli.output import show, show_json, show_table

HERE = Path(__file__).parent


def measure(script: str, **arguments: object) -> dict[str, Any]:
    """Run one measurement in a process of its own, so that its memory is its own too."""
    given = [f"{name}={value}" for name, value in arguments.items()]
    result = subprocess.run(
        [sys.executable, str(HERE / f"{script}.py"), *given], stdout=subprocess.PIPE, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@click.command()
@click.option("--customers", default=25_000, show_default=True, help="Of the shop that is pulled.")
@click.option("--people", default=200_000, show_default=True, help="Of the shop whose facts are worked out.")
@click.option("--orders", default=1_000_000, show_default=True, help="Of that shop.")
@click.option("--json", "as_json", is_flag=True)
def bench(customers: int, people: int, orders: int, as_json: bool) -> None:
    """Measure pulling, storing, facts and groups."""
    with tempfile.TemporaryDirectory(prefix="stammkunde-bench-") as folder:
        export = Path(folder) / "orders.jsonl"
        bulk = measure("pulling", way="bulk", customers=customers, export=export)
        found = {
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "bulk": bulk,
            "pages": measure("pulling", way="pages", customers=customers),
            "a quarter, bulk": measure("pulling", way="bulk", customers=customers // 4),
            "line": measure("storing", way="line", export=export),
            "plain": measure("storing", way="plain", export=export),
            "facts": measure("working_out", people=people, orders=orders),
        }
    if as_json:
        show_json(found)
    else:
        _show(found)


def _show(found: Mapping[str, Any]) -> None:
    show(found["machine"])
    show_table(
        ["Pull", "Customers", "Orders", "Records/s", "Waiting for the shop", "Peak memory"],
        [
            (
                way,
                found[way]["customers"],
                found[way]["orders"],
                round(found[way]["records"] / found[way]["seconds"]),
                f"{found[way]['waiting']:.0%}",
                f"{found[way]['megabytes']} MB",
            )
            for way in ("bulk", "pages", "a quarter, bulk")
        ],
        right={"Waiting for the shop", "Peak memory"},
        title="\nFrom the sandbox into the mirror",
    )
    show_table(
        ["Orders with their lines, from JSONL into SQLite", "Orders/s of one core"],
        [
            ("Stammkunde: decode, translate, judge, store (aim 30,000)", round(found["line"]["per_second"])),
            ("A plain msgspec loop with prepared inserts", round(found["plain"]["per_second"])),
        ],
        title=f"\nRatio to a plain loop: {found['line']['per_second'] / found['plain']['per_second']:.2f}",
    )
    facts = found["facts"]
    show_table(
        ["Facts and ten groups", "Seconds"],
        [
            ("In full (aim 5 s)", f"{facts['full']:.2f}"),
            ("Joining people, once after a first load", f"{facts['people']:.2f}"),
            ("After 100 changed customers (aim 0.1 s)", f"{facts['incremental']:.3f}"),
        ],
        right={"Seconds"},
        title=f"\n{facts['people_count']:,} people, {facts['orders']:,} orders:"
        f" incremental is {facts['full'] / facts['incremental']:.0f} times as fast",
    )


if __name__ == "__main__":
    bench()
